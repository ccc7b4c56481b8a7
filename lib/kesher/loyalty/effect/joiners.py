"""Members who joined at few dates, beside customers alike who never joined: doubly robust differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from kesher.faults import NotIdentified
from kesher.loyalty.effect.doubly import SURE, DoublyRobust, calibrated
from kesher.loyalty.effect.estimates import (
    Booleans,
    Estimate,
    Floats,
    Integers,
    estimated,
    recency,
    standardised,
    summed,
)
from kesher.loyalty.effect.history import Timing

if TYPE_CHECKING:
    from kesher.readers.ledger.summaries import Panel

PLACEBO = 3  # months before those that members and others are matched on
BALANCED = 0.1
MOST_TRIMMED = 0.1
FEWEST_EFFECTIVE = 30  # controls left once weighted
ROWS = 200_000  # of controls by dates; more are thinned
Question = Literal["effect", "placebo", "placebo_date"]


@dataclass(frozen=True)
class JoinersStudy:
    """The effect of joining per member and month, against never-members alike before the date.

    ``dates``: joined, members. ``placebo``: the same comparison of the 3 months before those matched on, where
    there can be no effect: its interval should hold zero (``placebo_holds``); it fails where members differ by
    more than the months matched on show. ``placebo_date``: the comparison as if members had joined ``pre_months``
    earlier, matched on months before that and ended before they joined; whoever joins after good months fails it
    even where the effect, matched on those months, is right, so it is shown and decides nothing. Both placebos
    are None where the data begin too late for them. ``balance``: variable (margin_1 the last month before those
    left out, ..., recency, active_months, tenure), before, after: standardised differences. ``trimmed_share``:
    members without anybody comparable, left out; the propensities are of those kept. ``pair``,
    ``pair_covariance``: effect and placebo.
    """

    effect: Estimate
    dates: pd.DataFrame
    placebo: Estimate | None
    placebo_holds: bool | None
    placebo_date: Estimate | None
    balance: pd.DataFrame
    balanced: bool
    trimmed_share: float
    propensity_low: float
    propensity_high: float
    pair: Floats
    pair_covariance: Floats


@dataclass(frozen=True)
class _Stack:
    """Members at their date and never-members at every date, one row each: the change and what came before."""

    row: Integers  # of the panel
    treated: Booleans
    date: Integers
    weight: Floats  # months after: the effect is per member-month
    change: Floats
    x: Floats  # a column for every date, then those named
    names: list[str]

    def fit(self) -> DoublyRobust:
        return calibrated(self.change, self.treated, self.x, self.weight, self.row)

    def where(self, keep: Booleans) -> _Stack:
        row, treated, date, weight = self.row[keep], self.treated[keep], self.date[keep], self.weight[keep]
        return _Stack(row, treated, date, weight, self.change[keep], self.x[keep], self.names)


@dataclass(frozen=True)
class _Comparison:
    """A fit to the rows kept, the share of members left out, and the influence of every row of the panel."""

    stack: _Stack
    fit: DoublyRobust
    trimmed: float
    psi: Floats
    estimate: Estimate


def study(panel: Panel, timing: Timing, confidence: float = 0.95) -> JoinersStudy:
    """Doubly robust difference in differences, dates pooled; the panel holds usable members and never-members.

    The change is from the mean of ``pre_months`` months before ``drop_before`` to the mean of the months after
    ``drop_after``. The chance to join and the never-members' change are told from the margin by month, recency,
    active months and tenure before (``doubly.calibrated``), each cut at its 1st and 99th percentile so that no
    single spender steers them. A never-member serves at every date and counts once in the standard error.
    Raises ``NotIdentified``: "no_overlap", "too_few_months".
    """
    main = _compared(panel, timing, "effect", confidence)
    stack, odds = main.stack, main.fit.odds
    by_customer = np.bincount(stack.row, odds)
    if by_customer.sum() ** 2 / np.square(by_customer).sum() < FEWEST_EFFECTIVE:
        raise NotIdentified("no_overlap")
    before = stack.x[:, -len(stack.names) :]
    members, others = before[stack.treated], before[~stack.treated]
    weighted = standardised(members, others, odds[~stack.treated])
    dates, sizes = np.unique(stack.date[stack.treated], return_counts=True)
    placebo = _if_possible(panel, timing, "placebo", confidence)
    earlier = _if_possible(panel, timing, "placebo_date", confidence)
    both = [main, placebo] if placebo else [main]
    psi = summed(np.column_stack([one.psi for one in both]), panel.customers)
    return JoinersStudy(
        effect=main.estimate,
        dates=pd.DataFrame({"joined": dates, "members": sizes}),
        placebo=placebo.estimate if placebo else None,
        placebo_holds=not placebo.estimate.differs if placebo else None,
        placebo_date=earlier.estimate if earlier else None,
        balance=pd.DataFrame({"variable": stack.names, "before": standardised(members, others), "after": weighted}),
        balanced=bool((np.abs(weighted) < BALANCED).all()),
        trimmed_share=main.trimmed,
        propensity_low=float(main.fit.propensity[stack.treated].min()),
        propensity_high=float(main.fit.propensity[stack.treated].max()),
        pair=np.array([one.estimate.value for one in both]),
        pair_covariance=psi.T @ psi,
    )


def _compared(panel: Panel, timing: Timing, question: Question, confidence: float) -> _Comparison:
    """The comparison without members whose propensity leaves nobody to compare them with."""
    stack = _stack(panel, timing, question)
    fit, trimmed = stack.fit(), 0.0
    keep = fit.propensity < SURE
    if not keep.all():
        trimmed = 1 - float(keep[stack.treated].mean())
        if trimmed > MOST_TRIMMED:
            raise NotIdentified("no_overlap")
        stack = stack.where(keep)
        fit = stack.fit()
    psi: Floats = np.bincount(stack.row, fit.psi, len(panel.joined)).astype(float)
    clustered = summed(psi, panel.customers)
    sizes = int(stack.treated.sum()), len(np.unique(stack.row[~stack.treated]))
    estimate = estimated(fit.value, float(np.sqrt(clustered @ clustered)), confidence, sizes)
    return _Comparison(stack, fit, trimmed, psi, estimate)


def _if_possible(panel: Panel, timing: Timing, question: Question, confidence: float) -> _Comparison | None:
    try:
        return _compared(panel, timing, question, confidence)
    except NotIdentified:
        return None


def _stack(panel: Panel, timing: Timing, question: Question) -> _Stack:
    never = np.flatnonzero(panel.joined < 0)
    never = never[np.argsort(panel.customers[never], kind="stable")]
    dates = np.unique(panel.joined[panel.joined >= 0])
    thin = -(-len(never) * len(dates) // ROWS)
    parts = []
    for k, date in enumerate(dates):
        if date + timing.drop_after >= panel.months[-1]:
            continue
        matched, compared = _months(int(date - panel.months[0]), len(panel.months), timing, question)
        if min(matched.start, compared.start) < 0 or compared.start >= compared.stop:
            continue
        rows = np.concatenate([np.flatnonzero(panel.joined == date), never[(np.arange(len(never)) + k) % thin == 0]])
        before, months = panel.value[rows, matched], panel.value[rows, compared]
        weight = np.full(len(rows), float(months.shape[1]))
        change = months.mean(axis=1) - before.mean(axis=1)
        tenure = panel.months[matched.stop] - panel.first_purchase[rows]
        parts.append((rows, panel.joined[rows] == date, np.full(len(rows), date), weight, change, before, tenure))
    if not parts:
        raise NotIdentified("too_few_months")
    row, treated, when, weight, change, before, tenure = (np.concatenate(part) for part in zip(*parts, strict=True))
    x, names = _covariates(before, tenure)
    by_date = (when[:, None] == np.unique(when)).astype(float)
    return _Stack(row, treated, when, weight, change, np.column_stack([by_date, x]), names)


def _months(joined: int, months: int, timing: Timing, question: Question) -> tuple[slice, slice]:
    """The months matched on, and those compared with them."""
    left_out = joined - timing.drop_before
    if question == "placebo":
        begin = left_out - timing.pre_months
        return slice(begin, left_out), slice(begin - PLACEBO, begin)
    if question == "placebo_date":
        joined, months = joined - timing.pre_months, left_out
    end = joined - timing.drop_before
    return slice(end - timing.pre_months, end), slice(joined + timing.drop_after + 1, months)


def _covariates(before: Floats, tenure: Integers) -> tuple[Floats, list[str]]:
    """Margin by month, recency, active months and tenure (up to two years), cut and standardised."""
    active = before != 0
    x = np.column_stack([before[:, ::-1], recency(active), active.sum(axis=1), np.minimum(tenure, 24)]).astype(float)
    x = np.clip(x, *np.quantile(x, [0.01, 0.99], axis=0))
    spread = x.std(axis=0)
    names = [*(f"margin_{i + 1}" for i in range(before.shape[1])), "recency", "active_months", "tenure"]
    keep = spread > 0
    return (x[:, keep] - x[:, keep].mean(axis=0)) / spread[keep], [n for n, k in zip(names, keep, strict=True) if k]
