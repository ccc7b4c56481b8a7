"""Orders of options: ranks, rank correlation, and what a sample can say about either."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from kesher.stats.design import Floats

DRAWS = 10_000  # of the largest |t|: its 95 % quantile is then known to about 0.02


def ranks(x: ArrayLike) -> Floats:
    """Ranks along the last axis, 1 for the largest, ties averaged.

    >>> ranks([49, 46, 46, 30])
    array([1. , 2.5, 2.5, 4. ])
    """
    x = np.asarray(x, dtype=float)
    other, own = x[..., None, :], x[..., :, None]
    return np.asarray((other > own).sum(axis=-1) + ((other == own).sum(axis=-1) + 1) / 2)


def kendall_tau_b(x: ArrayLike, y: ArrayLike) -> Any:
    """Kendall's tau-b of two orders along the last axis (ties corrected); NaN where either is all tied.

    >>> round(float(kendall_tau_b([49, 46, 46, 43, 30], [24, 40, 33, 27, 57])), 3)
    -0.527
    """
    a, b = _signs(x), _signs(y)
    with np.errstate(invalid="ignore"):
        return (a * b).sum(axis=(-2, -1)) / np.sqrt(np.square(a).sum(axis=(-2, -1)) * np.square(b).sum(axis=(-2, -1)))


def independent_covariance(share: ArrayLike, base: ArrayLike) -> Floats:
    """(k, k) covariance p(1-p)/n of published shares without respondents, items taken as independent."""
    p = np.asarray(share, dtype=float)
    return np.diag(np.broadcast_to(p * (1 - p) / np.asarray(base, dtype=float), p.shape))


def rank_intervals(
    share: ArrayLike,
    covariance: ArrayLike,
    confidence: float = 0.95,
    rng: np.random.Generator | None = None,
    degrees_of_freedom: float = np.inf,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Best and worst rank (k,) of every option, right for all together with at least the given confidence.

    An option's best rank is one more than the options surely above it, its worst counts those surely below;
    "surely" by simultaneous tests of all pairs (Mogstad, Romano, Shaikh and Wilhelm 2024, Review of Economic
    Studies).
    """
    [above] = _sure_pairs([(share, covariance, degrees_of_freedom)], confidence, rng)
    k = above.shape[0]
    return 1 + above.sum(axis=0), k - above.sum(axis=1)


def tau_interval(
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    confidence: float = 0.95,
    rng: np.random.Generator | None = None,
    degrees_of_freedom: tuple[float, float] = (np.inf, np.inf),
) -> tuple[float, float]:
    """Bounds of tau-b between the orders of two independent groups, each given as ``(share, covariance)``.

    Pairs that simultaneous tests order in both groups count as they stand; every other pair may agree or not.
    The bounds hold for whatever order the rest has, ties included, with at least the given confidence. A
    group without sampling error (the whole team, a published order) has a covariance of zeros.
    """
    above1, above2 = _sure_pairs([(*first, degrees_of_freedom[0]), (*second, degrees_of_freedom[1])], confidence, rng)
    agree = int((above1 & above2).sum())
    differ = int((above1 & above2.T).sum())
    k = above1.shape[0]
    pairs = k * (k - 1) // 2
    return (2 * agree - pairs) / pairs, (pairs - 2 * differ) / pairs


def _signs(x: ArrayLike) -> Floats:
    """(..., k, k) 1 where the row's item is the larger, -1 where the smaller, 0 for a tie."""
    x = np.asarray(x, dtype=float)
    return np.asarray(np.sign(x[..., :, None] - x[..., None, :]))


def _sure_pairs(
    groups: list[tuple[ArrayLike, ArrayLike, float]], confidence: float, rng: np.random.Generator | None
) -> list[NDArray[np.bool_]]:
    """For every group (k, k): row's share above column's, by tests of all pairs of all groups at once.

    The critical value is the quantile of the largest |z| over all pairs, were all shares equal. Where
    variances rest on few degrees of freedom a pair's t, with a variance of its own, is first brought to the
    normal scale.
    """
    generator = np.random.default_rng(0) if rng is None else rng
    statistics, largest = [], np.zeros(DRAWS)
    for share, covariance, df in groups:
        p, cov = np.asarray(share, dtype=float), np.asarray(covariance, dtype=float)
        gap = p[:, None] - p
        with np.errstate(divide="ignore", invalid="ignore"):
            z = _normal(np.where(gap == 0, 0, gap / _pair_errors(cov)), df)
        statistics.append(z)
        np.maximum(largest, _largest_z(cov, df, generator), out=largest)
    critical = np.quantile(largest, confidence, method="higher")
    return [z > critical for z in statistics]


def _pair_errors(covariance: Floats) -> Floats:
    """(k, k) standard errors of all differences; 0, not rounding, where two shares move as one."""
    own = np.diag(covariance)
    variance = own[:, None] + own - 2 * covariance
    error: Floats = np.sqrt(np.where(variance > 1e-12 * own.max(), variance, 0))
    return error


def _normal(t: Floats, df: float) -> Floats:
    """Student's t brought to the normal scale: the z of the same tail."""
    if not np.isfinite(df):
        return t
    return np.asarray(-np.sign(t) * special.ndtri(special.stdtr(df, -np.abs(t))))


def _largest_z(covariance: Floats, df: float, rng: np.random.Generator) -> Floats:
    """(DRAWS,) the largest |z| over all pairs, were all shares equal.

    Correlations of k shares known from few degrees of freedom are largely noise, which would make the shares
    look more alike in their errors than they are: they are shrunk towards none by k/df.
    """
    k = covariance.shape[0]
    kept = 1 - min(1.0, k / df)
    shrunk = np.where(np.eye(k, dtype=bool), covariance, kept * covariance)
    values, vectors = np.linalg.eigh(shrunk)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T  # symmetric: no eigenvector's sign matters
    draws = (rng.standard_normal((DRAWS, k)) @ root).T
    error, largest = _pair_errors(shrunk), np.zeros(DRAWS)
    for i, j in np.argwhere(np.triu(error) > 0):
        np.maximum(largest, np.abs(draws[i] - draws[j]) / error[i, j], out=largest)
    return largest
