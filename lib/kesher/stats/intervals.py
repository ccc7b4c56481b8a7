"""Intervals of shares, means and differences; p-values that agree with them; many comparisons at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from kesher.stats.design import Floats
from kesher.stats.estimates import Mean

Bounds = tuple[Any, Any]  # arrays, or plain floats where all inputs are


def share_interval(
    share: ArrayLike, effective_base: ArrayLike, confidence: float = 0.95, degrees_of_freedom: ArrayLike = np.inf
) -> Bounds:
    """Wilson's score interval on the effective base; ``(low, high)`` of the inputs' common shape.

    Where the variance rests on fewer degrees of freedom than the effective base would give, the base shrinks
    by (t_base-1 / t_df)², as in Korn and Graubard (1998). Sources: Wilson 1927; Franco et al. 2019 for
    complex samples.

    >>> low, high = share_interval(0.24, 132)
    >>> print(f"{low:.3f} {high:.3f}")
    0.175 0.320
    """
    z = _quantile(confidence)
    return _wilson(np.asarray(share, dtype=float), _shrunk(effective_base, degrees_of_freedom, z), z)


def difference_interval(
    p1: ArrayLike,
    n1: ArrayLike,
    p2: ArrayLike,
    n2: ArrayLike,
    confidence: float = 0.95,
    degrees_of_freedom: tuple[ArrayLike, ArrayLike] = (np.inf, np.inf),
) -> Bounds:
    """Newcombe's hybrid score interval of p1 - p2, independent groups on effective bases ``n1`` and ``n2``.

    Newcombe (1998), method 10. What marketers say less of, in the CMO Council's survey:

    >>> low, high = difference_interval(0.24, 132, 0.49, 1300)
    >>> print(f"{100 * low:.1f} {100 * high:.1f}")
    -32.0 -16.6
    """
    below, above = _newcombe_widths(p1, n1, p2, n2, np.asarray(_quantile(confidence)), degrees_of_freedom)
    difference = np.asarray(p1, dtype=float) - np.asarray(p2, dtype=float)
    return difference - below, difference + above


def difference_p_value(
    p1: ArrayLike,
    n1: ArrayLike,
    p2: ArrayLike,
    n2: ArrayLike,
    degrees_of_freedom: tuple[ArrayLike, ArrayLike] = (np.inf, np.inf),
) -> Any:
    """Two-sided p-value of p1 = p2: zero is a bound of ``difference_interval`` at confidence 1 - p."""
    difference = np.asarray(p1, dtype=float) - np.asarray(p2, dtype=float)
    shape = np.broadcast_shapes(difference.shape, np.shape(n1), np.shape(n2))
    low, high = np.zeros(shape), np.full(shape, 37.0)  # beyond 37 a normal tail is no longer a double
    for _ in range(60):
        z = (low + high) / 2
        below, above = _newcombe_widths(p1, n1, p2, n2, z, degrees_of_freedom)
        excludes = np.abs(difference) > np.where(difference > 0, below, above)
        low, high = np.where(excludes, z, low), np.where(excludes, high, z)
    return special.erfc(low / np.sqrt(2))


def mean_interval(mean: Mean, confidence: float = 0.95) -> tuple[float, float]:
    """Student's interval of a mean or total."""
    half = mean.standard_error * float(_student(_quantile(confidence), mean.degrees_of_freedom))
    return mean.value - half, mean.value + half


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """P-values (k,) adjusted to control the false discovery rate (Benjamini and Hochberg 1995).

    >>> benjamini_hochberg([0.01, 0.04, 0.03])
    array([0.03, 0.04, 0.04])
    """
    p = np.asarray(p, dtype=float)
    order = np.argsort(-p)
    raw = p[order] * p.size / np.arange(p.size, 0, -1)
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.minimum.accumulate(raw), 1)
    return adjusted


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError("confidence must lie between 0 and 1")
    return float(special.ndtri((1 + confidence) / 2))


def _student(z: Any, degrees_of_freedom: Any) -> Any:
    """The quantile of Student's t where the normal one is z."""
    df = np.asarray(degrees_of_freedom, dtype=float)
    finite = np.isfinite(df)
    return np.where(finite, -special.stdtrit(np.where(finite, df, 1), special.ndtr(-np.asarray(z))), z)


def _shrunk(base: ArrayLike, degrees_of_freedom: ArrayLike, z: Any) -> Floats:
    """An effective base, smaller where its variance has fewer degrees of freedom than a simple sample's."""
    n, df = np.asarray(base, dtype=float), np.asarray(degrees_of_freedom, dtype=float)
    if not np.isfinite(df).any():
        return n
    usual = _student(z, np.maximum(n - 1, 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(df < n - 1, usual / _student(z, df), 1.0)
    return n * np.square(np.minimum(ratio, 1.0))


def _wilson(p: Floats, n: Floats, z: Any) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore"):
        a = np.square(z) / n  # 0 for a census, infinite for nobody
    with np.errstate(invalid="ignore"):
        middle = (p + a / 2) / (1 + a)
        half = np.sqrt(a * p * (1 - p) + np.square(a) / 4) / (1 + a)
    # Bounds never pass the share itself, which rounding at 0 and 1 would otherwise let them.
    return np.clip(middle - half, 0, p), np.clip(middle + half, p, 1)


def _newcombe_widths(
    p1: ArrayLike, n1: ArrayLike, p2: ArrayLike, n2: ArrayLike, z: Any, degrees_of_freedom: tuple[ArrayLike, ArrayLike]
) -> tuple[Floats, Floats]:
    """How far the interval of p1 - p2 reaches below and above it."""
    p1, p2 = np.asarray(p1, dtype=float), np.asarray(p2, dtype=float)
    low1, high1 = _wilson(p1, _shrunk(n1, degrees_of_freedom[0], z), z)
    low2, high2 = _wilson(p2, _shrunk(n2, degrees_of_freedom[1], z), z)
    return np.hypot(p1 - low1, high2 - p2), np.hypot(high1 - p1, p2 - low2)
