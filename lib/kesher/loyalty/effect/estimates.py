"""What every design gives back: an effect in money per month with its interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]


@dataclass(frozen=True)
class Estimate:
    """An effect in the client's money per month, and per ``per``: member, customer_offered, customer or region.

    ``members`` counts the treated (regions for a roll-out), ``controls`` those they are compared with.
    """

    value: float
    se: float
    low: float
    high: float
    p: float
    confidence: float
    members: int
    controls: int
    per: str = "member"

    @property
    def differs(self) -> bool:
        """Whether the interval excludes zero."""
        return not self.low <= 0 <= self.high


def estimated(
    value: float, se: float, confidence: float, sizes: tuple[int, int], *, freedom: float = np.inf, per: str = "member"
) -> Estimate:
    """An estimate with Student's interval and two-sided p-value, given members and controls (``sizes``)."""
    half = se * float(stdtrit(freedom, (1 + confidence) / 2))
    p = 2 * float(stdtr(freedom, -abs(value) / se)) if se > 0 else float(value == 0)
    return Estimate(value, se, value - half, value + half, p, confidence, *sizes, per)


def summed(psi: Floats, customers: Integers) -> Floats:
    """Influence values (n,) or (n, k) summed by customer: rows of one customer are not independent."""
    codes, place = np.unique(customers, return_inverse=True)
    if len(codes) == len(customers):
        return psi
    together = np.zeros((len(codes), *psi.shape[1:]))
    np.add.at(together, place, psi)
    return together


def recency(active: Booleans) -> Integers:
    """Months (n,) from the last active month to the end of ``active`` (n, months); all of them where there is none."""
    months = active.shape[1]
    return np.asarray(months - np.where(active, np.arange(1, months + 1), 0).max(axis=1))


def standardised(a: Floats, b: Floats, weights: Floats | None = None) -> Floats:
    """Differences of means of columns, treated ``a`` less controls ``b``, in standard deviations.

    ``weights`` weigh the controls; the deviations are without them, the two variances averaged. A column
    without any spread gives 0 where the means agree, else infinity.
    """
    spread = np.sqrt((a.var(axis=0, ddof=1) + b.var(axis=0, ddof=1)) / 2)
    gap = a.mean(axis=0) - np.average(b, axis=0, weights=weights)
    zero = np.abs(gap) <= 1e-12 * (np.abs(a).max(axis=0) + 1e-300)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(zero, 0.0, gap / spread))
