"""Reasons within one group: the same people ticked them all, so their differences are paired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import bdtr, chdtrc, fdtrc

from kesher.faults import NotIdentified
from kesher.readers.tidy import Base, MultiSelect
from kesher.stats import benjamini_hochberg, difference_interval, difference_p_value
from kesher.survey.gap import distinct
from kesher.survey.shares import SideShares

Floats = NDArray[np.float64]
DRAWS = 10_000


@dataclass(frozen=True)
class McNemar:
    """Tests of equal margins of a two-by-two table of pairs."""

    exact_p: float
    chi_square: float
    p: float
    chi_square_corrected: float
    p_corrected: float


@dataclass(frozen=True)
class Paired:
    """Are the reasons equally common, and which lead?

    ``test`` is "cochran_q" (simple samples) or "wald_f" (weights, strata or clusters), with its ``statistic``
    and ``p`` that all shares are equal; ``degrees_of_freedom`` of the numerator. ``pairs``: option_a,
    option_b (a has the larger share), difference_pp, low_pp, high_pp, p (McNemar exact, or the interval's),
    p_adjusted, distinct. ``leaders``: the options that tie for first place, largest share first; it holds the
    truly largest with the stated confidence.
    """

    test: str
    statistic: float
    degrees_of_freedom: float
    p: float
    pairs: pd.DataFrame
    leaders: tuple[str, ...]
    base: int


def study(question: MultiSelect, base: Base, shares: SideShares, *, weighted: bool, seed: int = 0) -> Paired:
    """Compare the substantive options of one question with one another.

    ``weighted`` takes everything from the covariance of ``shares``; otherwise counts are tested exactly.
    Raises ``NotIdentified`` with "one_option" or, when everybody answered alike on every option,
    "no_variation".
    """
    side = shares.compared()
    if len(side.options) < 2:
        raise NotIdentified("one_option")
    ticks = question.ticks.loc[question.base(base), list(side.options)].to_numpy(dtype=bool)
    if (ticks == ticks[:, :1]).all():
        raise NotIdentified("no_variation")
    if weighted:
        test, (statistic, p, freedom) = "wald_f", equal_shares(side)
    else:
        test, (statistic, p, freedom) = "cochran_q", cochran_q(ticks)
    return Paired(
        test=test,
        statistic=statistic,
        degrees_of_freedom=freedom,
        p=p,
        pairs=_pairs(ticks, side, weighted),
        leaders=leaders(side, seed=seed),
        base=len(ticks),
    )


def cochran_q(ticks: ArrayLike) -> tuple[float, float, int]:
    """Cochran's Q, its p-value and degrees of freedom for ``ticks`` (n, k) 0/1; rows all alike tell nothing.

    >>> q, p, df = cochran_q([[1, 0, 1], [0, 1, 1], [1, 0, 1], [0, 0, 1]])
    >>> print(f"{q:.3f} {p:.3f} {df}")
    3.500 0.174 2
    """
    x = np.asarray(ticks, dtype=float)
    k = x.shape[1]
    columns, rows = x.sum(axis=0), x.sum(axis=1)
    spread = k * rows.sum() - np.square(rows).sum()
    q = (k - 1) * (k * np.square(columns).sum() - columns.sum() ** 2) / spread if spread else 0.0
    return float(q), float(chdtrc(k - 1, q)), k - 1


def mcnemar(table: ArrayLike) -> McNemar:
    """McNemar's test of a two-by-two table [[both, first only], [second only, neither]].

    >>> print(f"{mcnemar([[101, 121], [59, 33]]).chi_square_corrected:.5f}")
    20.67222
    """
    (_, b), (c, _) = np.asarray(table, dtype=float)
    n = b + c
    if n == 0:
        return McNemar(1.0, 0.0, 1.0, 0.0, 1.0)
    plain, corrected = (b - c) ** 2 / n, max(abs(b - c) - 1, 0) ** 2 / n
    return McNemar(
        exact_p=float(_exact_p(b, c)),
        chi_square=float(plain),
        p=float(chdtrc(1, plain)),
        chi_square_corrected=float(corrected),
        p_corrected=float(chdtrc(1, corrected)),
    )


def equal_shares(side: SideShares) -> tuple[float, float, int]:
    """Wald's F that all shares are equal under the design, its p-value and numerator degrees of freedom.

    The chi-square is scaled to an F with the design's degrees of freedom (Korn and Graubard 1990).
    """
    contrast = np.eye(len(side.share))[1:] - np.eye(len(side.share))[:1]
    difference = contrast @ side.share
    covariance = contrast @ side.covariance @ contrast.T
    rank = int(np.linalg.matrix_rank(covariance, hermitian=True))
    wald = float(difference @ np.linalg.pinv(covariance, hermitian=True) @ difference)
    rest = min(side.degrees_of_freedom, 1e9) - rank + 1
    if rank == 0 or rest <= 0:
        return 0.0, 1.0, rank
    f = wald * rest / (min(side.degrees_of_freedom, 1e9) * rank)
    return f, float(fdtrc(rank, rest, f)), rank


def leaders(side: SideShares, *, confidence: float | None = None, seed: int = 0) -> tuple[str, ...]:
    """The options that may be the most common one: those not surely below another, by share.

    An option stays unless the test that it is the largest rejects: its distance to the others is compared
    with the largest such distance to be expected were all equal, given the shares' covariance, so that the
    truly largest stays with the confidence wanted (multiple comparisons with the best: Hsu 1996; inverted as
    in Mogstad et al. 2024).
    """
    level = side.confidence if confidence is None else confidence
    order = np.argsort(-side.share, kind="stable")
    share, covariance = side.share[order], side.covariance[np.ix_(order, order)]
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    rng = np.random.default_rng(seed)
    draws = rng.standard_normal((DRAWS, len(share))) @ root
    if np.isfinite(side.degrees_of_freedom):
        draws /= np.sqrt(rng.chisquare(side.degrees_of_freedom, (DRAWS, 1)) / side.degrees_of_freedom)
    stay = []
    for i, option in enumerate(order):
        variance = np.diag(covariance) + covariance[i, i] - 2 * covariance[i]
        error = np.sqrt(np.where(variance > 1e-14, variance, np.inf))  # what is always ticked together, ties
        behind = (share - share[i]) / error
        sure = np.isinf(error) & (share > share[i] + 1e-12)
        expected = ((draws - draws[:, [i]]) / error).max(axis=1)
        if not sure.any() and behind.max() <= np.quantile(expected, level, method="higher"):
            stay.append(side.options[option])
    return tuple(stay)


def _pairs(ticks: NDArray[np.bool_], side: SideShares, weighted: bool) -> pd.DataFrame:
    """Every pair once, the larger share first; Newcombe's interval on bases that allow for the pairing."""
    order = np.argsort(-side.share, kind="stable")
    first, second = np.triu_indices(len(order), 1)
    a, b = order[first], order[second]
    variance = np.diag(side.covariance)
    apart, together = variance[a] + variance[b], variance[a] + variance[b] - 2 * side.covariance[a, b]
    gain = np.divide(apart, together, out=np.ones_like(apart), where=together > 1e-14)
    bases = (side.share[a], side.effective_base[a] * gain, side.share[b], side.effective_base[b] * gain)
    freedom = (side.degrees_of_freedom, side.degrees_of_freedom)
    low, high = difference_interval(*bases, side.confidence, freedom)
    if weighted:
        p = np.asarray(difference_p_value(*bases, freedom))
    else:
        x = ticks.astype(float)
        only = x.T @ (1 - x)
        p = _exact_p(only[a, b], only[b, a])
    return pd.DataFrame(
        {
            "option_a": np.array(side.options)[a],
            "option_b": np.array(side.options)[b],
            "difference_pp": 100 * (side.share[a] - side.share[b]),
            "low_pp": 100 * low,
            "high_pp": 100 * high,
            "p": p,
            "p_adjusted": benjamini_hochberg(p),
            "distinct": distinct(low, high, p, side.confidence),
        }
    )


def _exact_p(b: ArrayLike, c: ArrayLike) -> Floats:
    """Two-sided binomial p-value that b of b + c is a fair coin's count."""
    b, c = np.asarray(b, dtype=float), np.asarray(c, dtype=float)
    return np.asarray(np.minimum(2 * bdtr(np.minimum(b, c), (b + c).astype(int), 0.5), 1.0))
