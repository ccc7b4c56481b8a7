"""A randomised holdout: the difference in margin since randomisation, adjusted for the margin before it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import chdtrc

from kesher.faults import NotIdentified
from kesher.loyalty.effect.estimates import Booleans, Estimate, Floats, Integers, estimated, recency, standardised
from kesher.months import months_of

if TYPE_CHECKING:
    from kesher.readers.ledger.summaries import Panel

SMALLEST_ARM = 30
TAKE_UP = 0.05  # below this difference in membership, the effect per member is not measured
WEAK = 10.0  # nor below this F of the difference: Staiger and Stock (1997)
AMONG_MEMBERS = 0.95  # of both groups: a holdout drawn among members


@dataclass(frozen=True)
class HoldoutStudy:
    """What being offered the programme does (``itt``: per customer offered and month since randomisation).

    Drawn among members (nearly all of both groups are, sooner or later), it is per member and month as a member.
    ``raw`` is the plain difference in means; ``late`` the effect per member and month, where the programme's
    group joined more than the holdout (``take_up``: the difference in the share of months as a member).
    ``ratio_p`` tests the share held out against the plan. ``balance``: variable (margin, recency,
    orders), treated, control, standardised_difference, all before randomisation.
    """

    itt: Estimate
    raw: Estimate
    late: Estimate | None
    take_up: float
    share_held_out: float
    planned_share: float | None
    ratio_p: float
    balance: pd.DataFrame
    months: int

    @property
    def headline(self) -> Estimate:
        """Per member where that can be told, else per customer offered the programme."""
        return self.late or self.itt


@dataclass(frozen=True)
class _Arms:
    """The customers randomised: group, wave, first month counted, end of the before, and their rows of the panel."""

    treated: Booleans
    wave: Integers
    since: Integers
    until: Integers
    value: Floats
    orders: Floats
    joined: Integers

    def fewest_joined(self) -> float:
        """The smaller share of the two groups that ever joined."""
        return min(float((self.joined[self.treated == group] >= 0).mean()) for group in (True, False))

    def as_members(self, last: int) -> _Arms:
        """Counted from the month after joining, where that is later; without those for whom no month is left."""
        since = np.maximum(self.since, self.joined + 1)
        parts = replace(self, since=since, until=np.maximum(self.until, self.joined))
        keep = since <= last
        if min((keep & self.treated).sum(), (keep & ~self.treated).sum()) < SMALLEST_ARM:
            raise NotIdentified("too_few_customers")
        return _Arms(**{field.name: getattr(parts, field.name)[keep] for field in fields(parts)})


def study(
    panel: Panel, holdout: pd.DataFrame | None, *, planned_share: float | None = None, confidence: float = 0.95
) -> HoldoutStudy:
    """Compare the groups as randomised (``holdout``: customer, treated, since), whoever joined or bought.

    Outcome: mean margin per month from the first full month since randomisation, and since joining where the
    holdout was drawn among members; a customer counts by these months, with zero where there is no purchase.
    Adjusted by Lin's (2013) regression on the mean margin before (CUPED: Deng et al. 2013),
    fully interacted, and by waves of randomisation where there are several; HC2 standard errors. Raises
    ``NotIdentified``: "no_holdout", "too_few_months" (no full month since), "too_few_customers" (an arm below 30).
    """
    if holdout is None or holdout.empty:
        raise NotIdentified("no_holdout")
    arms = _arms(panel, holdout)
    known, months = bool((panel.joined >= 0).any()), panel.months[None, :]
    after = months >= arms.since[:, None]
    length, waves = after.sum(axis=1), _waves(arms)
    member = ((arms.joined[:, None] >= 0) & (arms.joined[:, None] <= months) & after).sum(axis=1) / length
    take_up, take_psi = _lin(member, arms.treated, waves, length)
    told = known and take_up > TAKE_UP and take_up**2 > WEAK * (take_psi @ take_psi)
    among_members = known and not told and arms.fewest_joined() >= AMONG_MEMBERS
    if among_members:  # the programme can do nothing before they join
        arms = arms.as_members(int(panel.months[-1]))
        after, waves = months >= arms.since[:, None], _waves(arms)
        length = after.sum(axis=1)
    d, before = arms.treated, months < arms.until[:, None]
    y, length_before = (arms.value * after).sum(axis=1) / length, before.sum(axis=1)
    margin = (arms.value * before).sum(axis=1) / np.maximum(length_before, 1)
    raw, raw_psi = _lin(y, d, waves, length)
    adjusted, psi = _lin(y, d, np.column_stack([waves, margin]) if length_before.all() else waves, length)

    def effect(value: float, influence: Floats, per: str) -> Estimate:
        sizes, freedom = (int(d.sum()), int((~d).sum())), len(d) - 2.0 * (waves.shape[1] + 2)
        return estimated(value, float(np.sqrt(influence @ influence)), confidence, sizes, freedom=freedom, per=per)

    late = effect(adjusted / take_up, (psi - adjusted / take_up * take_psi) / take_up, "member") if told else None
    offered = "member" if among_members else "customer_offered"
    held = float((~d).mean())
    return HoldoutStudy(
        itt=effect(adjusted, psi, offered),
        raw=effect(raw, raw_psi, offered),
        late=late,
        take_up=take_up if known else float("nan"),
        share_held_out=held,
        planned_share=planned_share,
        ratio_p=_ratio(held, planned_share, len(d)),
        balance=_balance(arms, before, margin),
        months=int(length.max()),
    )


def _arms(panel: Panel, holdout: pd.DataFrame) -> _Arms:
    """The customers randomised, in waves that have both groups and a full month since."""
    table = holdout.drop_duplicates("customer").sort_values("customer")
    when = months_of(table["since"]) + (table["since"].dt.day > 1).to_numpy()
    treated = table["treated"].to_numpy(dtype=bool)
    if not len(panel.months) or not (when <= panel.months[-1]).any():
        raise NotIdentified("too_few_months")
    keep = when <= panel.months[-1]
    for wave in np.unique(when):
        if min((treated & (when == wave)).sum(), (~treated & (when == wave)).sum()) < SMALLEST_ARM:
            keep &= when != wave
    if not keep.any():
        raise NotIdentified("too_few_customers")
    customer = table["customer"].to_numpy()[keep]
    order = np.argsort(panel.customers, kind="stable")
    row = order[np.searchsorted(panel.customers, customer, sorter=order).clip(max=len(order) - 1)]
    found = panel.customers[row] == customer
    value, orders = (np.where(found[:, None], part[row], 0.0) for part in (panel.value, panel.orders))
    when, joined = when[keep], np.where(found, panel.joined[row], -1)
    return _Arms(treated[keep], when, when, when, value, orders, joined)


def _waves(arms: _Arms) -> Floats:
    """Indicators of the waves of randomisation but the first."""
    return np.asarray(arms.wave[:, None] == np.unique(arms.wave)[1:], dtype=float)


def _lin(y: Floats, treated: Booleans, x: Floats, weight: Integers) -> tuple[float, Floats]:
    """Effect of ``treated`` on ``y`` given centred, interacted ``x``, and its HC2 influences (se = their norm)."""
    d, root = treated.astype(float), np.sqrt(weight / weight.mean())
    centred = x - np.average(x, axis=0, weights=weight)
    centred = centred / np.where((spread := centred.std(axis=0)) > 0, spread, 1.0)
    design = np.column_stack([np.ones(len(y)), d, centred, centred * d[:, None]]) * root[:, None]
    bread = np.linalg.pinv(design.T @ design, hermitian=True)
    beta = bread @ (design.T @ (root * y))
    lever = ((design @ bread) * design).sum(axis=1)
    rest = (root * y - design @ beta) / np.sqrt(np.maximum(1 - lever, 1e-9))
    return float(beta[1]), (design @ bread[1]) * rest


def _balance(arms: _Arms, before: Booleans, margin: Floats) -> pd.DataFrame:
    """What the two groups were like before; no rows without a month before."""
    since = recency((arms.orders > 0) & before) - (~before).sum(axis=1)
    x = np.column_stack([margin, since, (arms.orders * before).sum(axis=1)])
    a, b = x[arms.treated], x[~arms.treated]
    means = {"treated": a.mean(axis=0), "control": b.mean(axis=0), "standardised_difference": standardised(a, b)}
    return pd.DataFrame({"variable": ["margin", "recency", "orders"], **means}).iloc[: 3 * before.any()]


def _ratio(held: float, planned: float | None, n: int) -> float:
    """Two-sided p-value of the share held out against the plan (Pearson's chi-square)."""
    if planned is None or not 0 < planned < 1:
        return float("nan")
    return float(chdtrc(1, n * (held - planned) ** 2 / (planned * (1 - planned))))
