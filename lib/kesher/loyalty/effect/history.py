"""Who can be compared before and after joining: customers with a history, and the months that show it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from kesher.faults import NotIdentified
from kesher.loyalty.effect.cohorts import Controls
from kesher.loyalty.effect.estimates import Booleans, Estimate, Integers, estimated

if TYPE_CHECKING:
    from kesher.readers.ledger.summaries import Panel

JOINING_MONTHS = 3  # fewer are not a staggered joining
SMALLEST_COHORT = 5  # members of a joining month
FEWEST_MEMBERS = 100  # with history, in all
FEWEST_CONTROLS = 30  # customers behind a month's comparison (staggered)
KEPT = 0.9  # of the most members that any start of the window could cover: the rest buys a longer "before"
NAIVE_MONTHS = 12
WINSORISED = 0.999


@dataclass(frozen=True)
class Coverage:
    """Whom a comparison before and after joining speaks of, in members; ``share`` = used / members.

    ``months_share`` is the share of the months since joining (the joining months left out) that it compares.

    ``before_window``: joined before a long enough "before" is in the data; ``without_history``: not yet
    customers that long before joining; ``small_cohort``: too few joined in their month, or nobody is left to
    compare them with, or no month after joining is in the data.
    """

    members: int
    before_window: int
    without_history: int
    small_cohort: int
    used: int
    share: float
    months_share: float


@dataclass(frozen=True)
class Timing:
    """Months before joining that a comparison takes, and those left out before and after the joining month."""

    pre_months: int
    drop_before: int
    drop_after: int

    @property
    def lead(self) -> int:
        """Months that must lie before the joining month."""
        return self.pre_months + self.drop_before


def controls_for(panel: Panel, timing: Timing) -> Controls:
    """Later joiners alone, as long as they leave somebody to compare in half of the member-months after joining.

    Later joiners share the wish to join: a trend that goes with it cancels between them, but not between members
    and customers who never wanted to. Where later joiners run out, never-members stand in.
    """
    cohorts, size = np.unique(panel.joined[panel.joined >= 0], return_counts=True)
    first, last = cohorts + timing.drop_after + 1, int(panel.months[-1])
    later = size[::-1].cumsum()[::-1]  # who joins in this cohort's month or after
    ends = cohorts[later >= FEWEST_CONTROLS]
    end = min(last, int(ends[-1]) - timing.drop_before - 1) if len(ends) else -1
    months, possible = np.maximum(end - first + 1, 0), np.maximum(last - first + 1, 0)
    enough = (months > 0).sum() >= JOINING_MONTHS and size @ months >= 0.5 * (size @ possible)
    never = (panel.joined < 0).sum() >= FEWEST_CONTROLS
    return "not_yet" if enough or not never else "not_yet_and_never"


def _window(panel: Panel, timing: Timing) -> tuple[int, Booleans]:
    """The first month used, and who counts: customers by then, and members with the months before that it takes.

    Everybody compared is a customer from the start, so that nobody's first months as a customer pass for a trend.
    The start covers nearly as many members as any could, and is the earliest that does.
    """
    first, latest = _first(panel), panel.joined - timing.lead
    treated = _treated(panel, timing)
    covered = np.array([(treated & (first <= start) & (start <= latest)).sum() for start in panel.months])
    start = int(panel.months[np.argmax(covered >= KEPT * covered.max())])
    return start, (first <= start) & ((panel.joined < 0) | (start <= latest))


def _first(panel: Panel) -> Integers:
    """Month of the first purchase; who never bought comes after all months."""
    return np.where(panel.first_purchase < 0, np.iinfo(np.int64).max, panel.first_purchase)


def _treated(panel: Panel, timing: Timing) -> Booleans:
    """Members with a month after joining in the data."""
    return np.asarray((panel.joined >= 0) & (panel.joined + timing.drop_after < panel.months[-1]))


def with_history(panel: Panel, timing: Timing) -> Panel:
    """The panel of the customers and months that a comparison before and after joining can use."""
    joined = panel.joined[panel.joined >= 0]
    if not len(joined):
        raise NotIdentified("no_members")
    if len(panel.months) < timing.lead + timing.drop_after + 2:
        raise NotIdentified("too_few_months")
    if (joined - timing.lead < panel.months[0]).all():
        raise NotIdentified("no_before")
    start, use = _window(panel, timing)
    cohorts, size = np.unique(panel.joined[use & (panel.joined >= 0)], return_counts=True)
    if not len(cohorts):
        raise NotIdentified("no_history")
    use &= (panel.joined < 0) | np.isin(panel.joined, cohorts[size >= SMALLEST_COHORT])
    if (use & _treated(panel, timing)).sum() < FEWEST_MEMBERS:
        raise NotIdentified("too_few_members")
    months = panel.months >= start
    return replace(
        panel,
        customers=panel.customers[use],
        months=panel.months[months],
        value=panel.value[np.ix_(use, months)],
        orders=panel.orders[np.ix_(use, months)],
        joined=panel.joined[use],
        first_purchase=panel.first_purchase[use],
    )


def coverage_of(panel: Panel, timing: Timing, used: int, used_months: int) -> Coverage:
    """Whom the ``used`` members, and their ``used_months`` as members, stand for."""
    member = panel.joined >= 0
    members = int(member.sum())
    if not members or not len(panel.months):
        none = 0.0 if members else float("nan")
        return Coverage(members, members, 0, 0, 0, none, none)
    months = int(np.minimum(panel.months[-1] - panel.joined[member], len(panel.months)).clip(min=0).sum())
    start, _ = _window(panel, timing)
    early = member & (panel.joined - timing.lead < start)
    before_window = int(early.sum())
    without_history = int((member & ~early & (_first(panel) > start)).sum())
    small_cohort = members - before_window - without_history - used
    return Coverage(
        members, before_window, without_history, small_cohort, used, used / members, used_months / max(months, 1)
    )


def naive_gap(panel: Panel, confidence: float) -> Estimate:
    """Members' mean margin per month as a member less that of never-members, over the last months of the data.

    Neither the month of joining nor that of a never-member's first purchase counts: both begin with a purchase.
    Raises ``NotIdentified``: "no_members", "members_only", "too_few_months", "too_few_customers".
    """
    member = panel.joined >= 0
    if not member.any():
        raise NotIdentified("no_members")
    if member.all():
        raise NotIdentified("members_only")
    if not len(panel.months):
        raise NotIdentified("too_few_months")
    counted = panel.months[-NAIVE_MONTHS:] > np.where(member, panel.joined, _first(panel))[:, None]
    length, total = counted.sum(axis=1), (panel.value[:, -NAIVE_MONTHS:] * counted).sum(axis=1)
    means, variances, sizes = [], [], []
    for group in (member & (length > 0), ~member & (length > 0)):
        n, months = int(group.sum()), length[group].sum()
        if n < 2:
            raise NotIdentified("too_few_customers")
        means.append(float(total[group].sum() / months))
        rest = total[group] - means[-1] * length[group]
        variances.append(float(rest @ rest) * n / (n - 1) / float(months) ** 2)
        sizes.append(n)
    return estimated(means[0] - means[1], sum(variances) ** 0.5, confidence, (sizes[0], sizes[1]))


def winsorised(panel: Panel) -> Panel:
    """Margins cut at the 99.9th percentile of customer-months, the largest customer's not counted in it.

    (In a small client one customer's months can be more than a thousandth of all.)
    """
    size = np.abs(panel.value)
    others = np.delete(size, np.argmax(size.sum(axis=1)), axis=0)
    cap = float(np.quantile(others, WINSORISED)) if others.size else float("inf")
    return replace(panel, value=np.clip(panel.value, -cap, cap))
