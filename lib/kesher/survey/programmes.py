"""How many loyalty programmes customers belong to, and in how many of them they do anything."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.stats import Design, Mean, estimate_mean, mean_interval, share_interval


@dataclass(frozen=True)
class Estimate:
    """A value with its confidence interval and bases; ``low`` and ``high`` are None where the base has one
    row.
    """

    value: float
    low: float | None
    high: float | None
    base: int
    effective_base: float


@dataclass(frozen=True)
class Programmes:
    """Memberships per person (counts) and the share of memberships that are used (0-1).

    ``share_active`` is the sum of active over the sum of enrolled memberships, not the mean of people's
    shares; None when nobody is enrolled or the data have no active memberships. ``active_over_enrolled``
    counts people who claim more active programmes than programmes, ``impossible`` those with a negative
    count: both are left out.
    """

    enrolled: Estimate
    active: Estimate | None
    share_active: Estimate | None
    active_over_enrolled: int
    impossible: int
    confidence: float


def study(people: pd.DataFrame, design: Design, *, confidence: float = 0.95) -> Programmes:
    """Estimate memberships from programmes_enrolled and programmes_active (float columns, NaN unanswered).

    Raises ``NotIdentified`` with "no_programmes", or "one_respondent" when only one person answered.
    """
    if "programmes_enrolled" not in people:
        raise NotIdentified("no_programmes")
    enrolled = people["programmes_enrolled"].to_numpy(dtype=float)
    has_active = "programmes_active" in people
    active = people["programmes_active"].to_numpy(dtype=float) if has_active else np.full(len(people), np.nan)
    over, impossible = active > enrolled, (enrolled < 0) | (active < 0)
    fine = ~over & ~impossible
    counted, both = fine & np.isfinite(enrolled), fine & np.isfinite(enrolled) & np.isfinite(active)
    if counted.sum() < 2:
        raise NotIdentified("one_respondent" if counted.any() else "no_programmes")
    return Programmes(
        enrolled=_mean(estimate_mean(enrolled, counted, design), confidence),
        active=_mean(estimate_mean(active, both, design), confidence) if both.sum() > 1 else None,
        share_active=_ratio(active, enrolled, both, design, confidence),
        active_over_enrolled=int(over.sum()),
        impossible=int(impossible.sum()),
        confidence=confidence,
    )


def _mean(mean: Mean, confidence: float) -> Estimate:
    low, high = mean_interval(mean, confidence)
    return Estimate(mean.value, low, high, mean.base, mean.effective_base)


def _ratio(
    part: NDArray[np.float64], whole: NDArray[np.float64], mask: NDArray[np.bool_], design: Design, confidence: float
) -> Estimate | None:
    """Sum of ``part`` over sum of ``whole``: linearised standard error, Wilson's interval on the base it
    amounts to.
    """
    total = estimate_mean(whole, mask, design).value if mask.sum() > 1 else 0.0
    if not total > 0:
        return None
    ratio = estimate_mean(part, mask, design).value / total
    score = estimate_mean((part - ratio * whole) / total, mask, design)
    variance = score.standard_error**2
    effective = ratio * (1 - ratio) / variance if variance > 0 else float(score.base)
    low, high = share_interval(ratio, effective, confidence, score.degrees_of_freedom)
    return Estimate(ratio, float(low), float(high), score.base, effective)
