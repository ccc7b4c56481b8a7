"""Members who joined in different months: the effect of joining, its course and what came before it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from kesher.loyalty.effect.cohorts import Aggregate, Controls, Effects
from kesher.loyalty.effect.estimates import Estimate, Floats, Integers, estimated


@dataclass(frozen=True)
class StaggeredStudy:
    """The effect of joining per member and month, for members who joined in different months.

    ``simple`` averages over member-months, ``group`` over members, ``dynamic`` over months since joining and
    ``calendar`` over months; the joining month and ``drop_after`` months after it are in none of them.
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
    overall = [simple, found.over_cohorts(cohorts, by_cohort), _mean(after), _mean(by_month)]
    value, covariance = found.covariance([*overall, *before, *by_event, *by_cohort])
    se = np.sqrt(np.diag(covariance))
    sizes = int(cells.size[cohorts].sum()), int(cells.size[cells.controls[used].any(axis=0)].sum())
    means = [estimated(float(value[i]), float(se[i]), confidence, sizes) for i in range(4)]
    ends = np.cumsum([4, len(before), len(by_event), len(by_cohort)])
    pre, of_event, of_cohort = (slice(a, b) for a, b in pairwise(ends))
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
