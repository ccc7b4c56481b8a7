"""How wrong may the design be before its answer changes? Rambachan and Roth's (2023) relative magnitudes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kesher.loyalty.effect.estimates import Floats

MAGNITUDES = (0.0, 0.5, 1.0, 1.5, 2.0)
BEYOND = 20.0


@dataclass(frozen=True)
class Bound:
    """Intervals of the effect when unobserved trends differ after joining, ``m`` times as much as before it.

    ``rows``: m, low, high. ``breakdown_m``: the smallest m whose interval holds zero (0: the plain one does;
    infinity beyond 20). ``largest_pre``: the largest departure seen before joining, money per month; ``kind``
    says of what: "monthly_step" or straight "monthly_trend" of the pre-trend, or the "placebo" months' effect.
    """

    rows: pd.DataFrame
    breakdown_m: float
    largest_pre: float
    kind: str


def relative_magnitudes(values: Floats, covariance: Floats, reach: float, kind: str, confidence: float = 0.95) -> Bound:
    """Bound an effect, ``values[0]``, by the departures before joining, ``values[1:]``, given their covariance.

    After joining, members' and controls' untreated margins drift apart by at most m times the largest departure
    before it, in every month, all in one direction; ``reach`` departures add up in the effect. So its bounds are
    the extremes of the linear combinations effect +- m * reach * departure. Each is taken at its own confidence
    limit (never on a smaller standard error than the effect's), so that the interval holds the whole range of
    effects with at least the confidence stated; conservative where several departures are near the largest.
    """
    z = float(ndtri((1 + confidence) / 2))
    departures = np.eye(len(values))[1:]
    directions = np.vstack([np.zeros((1, len(values))), departures, -departures])

    def interval(m: float) -> tuple[float, float]:
        loads = m * reach * directions
        loads[:, 0] = 1
        se = np.sqrt(np.maximum(((loads @ covariance) * loads).sum(axis=1), covariance[0, 0]))
        middle = loads @ values
        return float((middle - z * se).min()), float((middle + z * se).max())

    def holds_zero(m: float) -> bool:
        low, high = interval(m)
        return low <= 0 <= high

    rows = pd.DataFrame([(m, *interval(m)) for m in MAGNITUDES], columns=["m", "low", "high"])
    below, breakdown = 0.0, 0.0 if holds_zero(0.0) else BEYOND if holds_zero(BEYOND) else float("inf")
    for _ in range(50 * np.isfinite(breakdown)):  # bisection: the interval only widens with m
        middle = (below + breakdown) / 2
        below, breakdown = (below, middle) if holds_zero(middle) else (middle, breakdown)
    return Bound(rows, breakdown, float(np.abs(values[1:]).max(initial=0.0)), kind)
