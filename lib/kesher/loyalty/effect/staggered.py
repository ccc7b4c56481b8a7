"""Members who joined in different months: the effect of joining, its course and what came before it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from kesher.loyalty.effect.cohorts import Aggregate, Controls, Effects
from kesher.loyalty.effect.estimates import Estimate, Floats, Integers, estimated

FIRST_MONTHS = 3  # after joining: what drop-out has hardly touched


@dataclass(frozen=True)
class StaggeredStudy:
    """The effect of joining per member and month, for members who joined in different months.

    ``simple`` averages over member-months, ``group`` over members, ``dynamic`` over months since joining and
    ``calendar`` over months; the joining month and ``drop_after`` months after it are in none of them.
    ``first_months`` is ``simple`` over the first 3 months after them alone; ``fading`` the slope of the
    profile after joining, per month, its months weighed by precision (None below 3 of them): customers cannot
    leave before they join, nor can later joiners while they are controls, so that drop-out after joining looks
    like an effect that falls month by month, which no control group and no pre-trend shows. ``at_joining`` is
    that line at the joining month: the effect if all the falling were drop-out.
    ``profile``: event_month, value, se, low, high, members, used (negative months are the pre-trend, against
    the month before those left out); ``by_cohort``: joined, value, se, low, high, members; ``cells``: joined,
    month, value, se, members, controls. The Wald test, that the pre-trend is zero, is shown and chooses
    nothing. ``steps`` holds ``simple`` and then the pre-period's departures from parallel trends from month to
    month, ``steps_covariance`` their covariance; ``reach``: how many such departures would have added up in
    ``simple``, on average.
    """

    controls: Controls
    simple: Estimate
    group: Estimate
    dynamic: Estimate
    calendar: Estimate
    first_months: Estimate
    fading: Estimate | None
    at_joining: Estimate | None
    profile: pd.DataFrame
    by_cohort: pd.DataFrame
    cells: pd.DataFrame
    pre_statistic: float
    pre_degrees_of_freedom: int
    pre_p: float
    drop_before: int
    drop_after: int
    steps: Floats
    steps_covariance: Floats
    reach: float

    @property
    def drop_out(self) -> bool:
        """Whether the profile falls after joining, one-sided at the confidence."""
        fading = self.fading
        return fading is not None and fading.value < -float(ndtri(fading.confidence)) * fading.se


def aggregated(
    found: Effects, controls: Controls, *, pre_months: int, drop_before: int, first: int, confidence: float = 0.95
) -> StaggeredStudy:
    """Aggregate the cells from ``first`` months after the joining month on (0: with the joining month).

    Raises ``NotIdentified("no_controls")`` when no month after joining can be compared. Callaway and Sant'Anna
    (2021), section 3.2.
    """
    cells, used = found.cells, found.cells.event >= first
    simple = found.mean(used)
    events, by_event = found.by(cells.event, np.ones_like(used))
    _, by_month = found.by(cells.month, used)
    cohorts = np.unique(cells.cohort[used])
    by_cohort = [found.plain_mean(used & (cells.cohort == c)) for c in cohorts]
    base = -1 - drop_before
    before = [a for e, a in zip(events, by_event, strict=True) if base - pre_months < e < base]
    after = [a for e, a in zip(events, by_event, strict=True) if e >= first]
    early = found.mean(used & (cells.event < first + FIRST_MONTHS))
    overall = [simple, found.over_cohorts(cohorts, by_cohort), _mean(after), _mean(by_month), early]
    value, covariance = found.covariance([*overall, *before, *by_event, *by_cohort])
    se = np.sqrt(np.diag(covariance))
    sizes = int(cells.size[cohorts].sum()), int(cells.size[cells.controls[used].any(axis=0)].sum())
    means = [estimated(float(value[i]), float(se[i]), confidence, sizes) for i in range(5)]
    ends = np.cumsum([5, len(before), len(by_event), len(by_cohort)])
    pre, of_event, of_cohort = (slice(a, b) for a, b in pairwise(ends))
    line = _line(events, np.where(events >= first, 1 / np.maximum(se[of_event], 1e-300) ** 2, 0.0))
    drawn = line @ value[of_event], np.sqrt(np.diag(line @ covariance[of_event, of_event] @ line.T))
    at_joining, fading = (estimated(float(v), float(s), confidence, sizes) for v, s in zip(*drawn, strict=True))
    enough = len(after) >= FIRST_MONTHS
    statistic, degrees = _wald(value[pre], covariance[pre, pre])
    joint, chain = np.r_[0, pre], _chain(len(before))

    def table(key: str, levels: Integers, part: slice) -> pd.DataFrame:
        half = float(ndtri((1 + confidence) / 2)) * se[part]
        low, high = value[part] - half, value[part] + half
        return pd.DataFrame({key: levels, "value": value[part], "se": se[part], "low": low, "high": high})

    return StaggeredStudy(
        controls=controls,
        simple=means[0],
        group=means[1],
        dynamic=means[2],
        calendar=means[3],
        first_months=means[4],
        fading=fading if enough else None,
        at_joining=at_joining if enough else None,
        profile=table("event_month", events, of_event).assign(
            members=[int(cells.size[cells.cohort[cells.event == e]].sum()) for e in events], used=events >= first
        ),
        by_cohort=table("joined", cells.cohorts[cohorts], of_cohort).assign(members=cells.size[cohorts]),
        cells=found.table(),
        pre_statistic=statistic,
        pre_degrees_of_freedom=degrees,
        pre_p=float(chdtrc(degrees, statistic)) if degrees else float("nan"),
        drop_before=drop_before,
        drop_after=first - 1,
        steps=chain @ value[joint],
        steps_covariance=chain @ covariance[np.ix_(joint, joint)] @ chain.T,
        reach=float(simple.cells @ (cells.event + 1 + drop_before)),
    )


def _mean(parts: list[Aggregate]) -> Aggregate:
    return Aggregate(np.mean([a.cells for a in parts], axis=0), np.mean([a.sizes for a in parts], axis=0))


def _line(x: Integers, weight: Floats) -> Floats:
    """(2, k): what each value counts for in the weighted least squares line's height at 0 and its slope."""
    share = weight / weight.sum()
    run = x - share @ x
    slope = share * run / max(share @ run**2, 1e-300)
    return np.array([share - slope * (share @ x), slope])


def _chain(k: int) -> Floats:
    """(k + 1, k + 1): the effect itself, then the steps from each pre-period month to the next, the base last."""
    chain = np.eye(k + 1)
    chain[1:, 1:] = np.eye(k, k, 1) - np.eye(k)
    return chain


def _wald(value: Floats, covariance: Floats) -> tuple[float, int]:
    """The statistic that all values are zero, and its degrees of freedom."""
    if not len(value):
        return float("nan"), 0
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
    return float(value @ np.linalg.pinv(covariance, hermitian=True) @ value), rank
