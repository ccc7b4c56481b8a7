"""What an overlap table tells of larger sets: sure bounds, and the joint distribution that assumes nothing more.

A table of pairs leaves the reach of three networks open. Hunter's and Dawson and Sankoff's bounds hold whatever the
rest is; among all joint distributions with these pairs the one of maximum entropy has no link that the pairs do not
show, and comes close on real audiences.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kesher.channels.marginals import MarginalSets, bounds_of_marginals, from_marginals, independent
from kesher.faults import NotIdentified
from kesher.stats.reach import Usage

__all__ = [
    "Joint", "MarginalSets", "OverlapTable", "Rounded", "bounds_of_marginals", "bracket", "from_marginals",
    "independent", "maximum_entropy", "overlap_table",
]  # fmt: skip

Floats = NDArray[np.float64]
UNITS = (0.01, 0.001)  # of rounding that shows
ROUNDED = 0.02  # how far a pair can pass its bounds where reach and cells are whole percents
MOST_NETWORKS = 16  # of a joint distribution: 65,536 patterns
SWEEPS, ENOUGH, PATIENCE = 1000, 1e-6, 50  # of the fit: at most; the miss that ends it; sweeps without gain that do
MOST_MISSED = 0.02  # of a pair, beyond which the pairs can not all be true
NOBODY = 1e-12  # share of a pattern too small to keep


@dataclass(frozen=True)
class Rounded:
    """What a table's figures can have been before they were rounded: (k, k) least and most of the share on both of
    two networks, and on either; reach on the diagonals."""

    both: tuple[Floats, Floats]
    either: tuple[Floats, Floats]


@dataclass(frozen=True)
class OverlapTable:
    """What an overlap table says of everyone.

    ``reach`` (k,) and ``pairs`` (k, k), the share on both, are 0-1; ``pairs`` is symmetric with ``reach`` on its
    diagonal. ``base``: people asked, NaN where unknown. ``disagreement_pp``: the largest difference between what
    the two cells of a pair say, in points of everyone. ``rounded`` is None where the figures are not visibly so.
    """

    names: tuple[str, ...]
    reach: Floats
    pairs: Floats
    base: float
    disagreement_pp: float
    rounded: Rounded | None = None


@dataclass(frozen=True)
class Joint:
    """The distribution of maximum entropy: its patterns, by how many points it misses the worst pair, sweeps taken."""

    usage: Usage
    largest_miss_pp: float
    iterations: int


def overlap_table(
    names: Sequence[str], reach: Floats, cells: Floats, of: Literal["row_users", "everyone"], base: float
) -> OverlapTable:
    """The pairs behind a published table; ``reach`` (k,) and ``cells`` (k, k) are 0-1, the diagonal is not read.

    ``of`` says what a cell is a share of: the users of the row's network, or everyone. A pair's two cells are
    averaged, for rounding makes them differ; one may be NaN. Figures that are all whole per cents, or all tenths of
    one, are taken as rounded to that. Raises ``NotIdentified``: "pairs_missing" (neither
    cell is there), "pairs_impossible" (a pair lies outside [max(0, p+q-1), min(p, q)] by more than rounding,
    as when rows and columns are mixed up).
    """
    p, given = np.asarray(reach, dtype=float), np.asarray(cells, dtype=float)
    if p.shape != (len(names),) or given.shape != (p.size, p.size):
        raise ValueError("need reach (k,) and cells (k, k) of k names")
    both = given * p[:, None] if of == "row_users" else given.copy()
    np.fill_diagonal(both, p)
    both, other = np.where(np.isnan(both), both.T, both), np.where(np.isnan(both.T), both, both.T)
    if np.isnan(both).any():
        raise NotIdentified("pairs_missing")
    pairs = (both + other) / 2
    least, most = np.maximum(p[:, None] + p - 1, 0), np.minimum(p[:, None], p)
    np.fill_diagonal(least, p)
    if (pairs < least - ROUNDED).any() or (pairs > most + ROUNDED).any():
        raise NotIdentified("pairs_impossible")
    disagreement = float(100 * np.abs(both - other).max(initial=0))
    rounded = _rounded(p, given, of)
    return OverlapTable(tuple(names), p, np.clip(pairs, least, most), float(base), disagreement, rounded)


def _unit(figures: Floats) -> float:
    """What all of the figures are visibly rounded to, 0 where to nothing."""
    return next((one for one in UNITS if np.allclose(figures / one, np.rint(figures / one), rtol=0, atol=1e-6)), 0.0)


def _rounded(p: Floats, cells: Floats, of: Literal["row_users", "everyone"]) -> Rounded | None:
    """The bounds that rounding leaves: of each pair by either of its cells, and by both where they can both be true."""
    apart = ~np.eye(p.size, dtype=bool) & np.isfinite(cells)
    half, own = _unit(p) / 2, _unit(cells[apart]) / 2 if apart.any() else 0.0
    if not half and not own:
        return None
    low, high = np.clip([p - half, p + half], 0, 1)
    least, most = np.clip([cells - own, cells + own], 0, 1)
    if of == "row_users":
        both, either = (low[:, None] * least, high[:, None] * most), (1 - most, 1 - least)
        either = low[:, None] * either[0] + low, high[:, None] * either[1] + high
    else:
        both = least, most
        either = low[:, None] + low - most, high[:, None] + high - least
    frechet = np.maximum(low[:, None] + low - 1, 0), np.minimum(high[:, None], high)
    reached = np.maximum(low[:, None], low), np.minimum(high[:, None] + high, 1)
    found = []
    for (lower, upper), (floor, ceiling) in ((both, frechet), (either, reached)):
        agreed = np.fmax(lower, lower.T), np.fmin(upper, upper.T)
        apart = agreed[0] > agreed[1]  # more than rounding parts the two cells: either may be true
        lower, upper = (
            np.where(apart, np.fmin(lower, lower.T), agreed[0]),
            np.where(apart, np.fmax(upper, upper.T), agreed[1]),
        )
        lower, upper = np.maximum(lower, floor), np.minimum(upper, ceiling)
        np.fill_diagonal(lower, low)
        np.fill_diagonal(upper, high)
        found.append((np.minimum(lower, upper), np.maximum(lower, upper)))
    return Rounded(*found)


def maximum_entropy(table: OverlapTable) -> Joint:
    """The joint distribution with the table's pairs that is closest to independence.

    Iterative proportional fitting of every pair's two-by-two table in turn (Deming and Stephan 1940), from
    independence; deterministic. Raises ``NotIdentified``: "too_many_for_overlap" (more than 16 networks),
    "pairs_inconsistent" (no joint distribution comes within 2 points of every pair).
    """
    k = len(table.names)
    if k > MOST_NETWORKS:
        raise NotIdentified("too_many_for_overlap")
    share = np.ones(1)
    for p in table.reach[::-1]:  # the last name is the first axis, so that the first is the lowest bit
        share = np.multiply.outer(share, np.array([1 - p, p])).ravel()
    bits = (np.arange(1 << k)[:, None] >> np.arange(k) & 1).astype(float)
    best, kept, at, sweeps = np.inf, share, 0, 0
    while sweeps < SWEEPS and best > ENOUGH and sweeps - at <= PATIENCE:
        sweeps += 1
        for i, j in combinations(range(k), 2):
            _fit_pair(share, table, i, j)
        miss = float(np.abs((bits.T * share) @ bits - table.pairs).max(initial=0))
        if miss < 0.99 * best:
            best, kept, at = miss, share.copy(), sweeps
    if best > MOST_MISSED:
        raise NotIdentified("pairs_inconsistent")
    masks = np.flatnonzero(kept > NOBODY)
    return Joint(Usage(table.names, masks.astype(np.int64), kept[masks] / kept[masks].sum()), 100 * best, sweeps)


def _fit_pair(share: Floats, table: OverlapTable, i: int, j: int) -> None:
    """Give two networks, i before j, their two-by-two table; ``share`` (2^k,) is changed in place."""
    cube = share.reshape(-1, 2, 1 << (j - i - 1), 2, 1 << i)
    p, q, both = table.reach[i], table.reach[j], table.pairs[i, j]
    wanted = np.maximum([[1 - p - q + both, p - both], [q - both, both]], 0)  # by j, then by i
    found = cube.sum(axis=(0, 2, 4))
    cube *= np.divide(wanted, found, out=np.zeros((2, 2)), where=found > 0)[:, None, :, None]


def bracket(table: OverlapTable, members: Sequence[int]) -> tuple[float, float]:
    """The shares between which the reach of the set of these indices lies, whatever else is true of the pairs.

    Above: the sum less the largest spanning tree of pairs (Hunter 1976), at most 1. Below: Dawson and Sankoff
    (1967), at least what the best pair in the set reaches. Of a visibly rounded table both hold for whatever the
    figures were before.
    """
    at = list(members)
    if not at:
        return 0.0, 0.0
    of = _as_given(table) if table.rounded is None else table.rounded
    (both_low, both_high), (either_low, either_high) = (
        (low[np.ix_(at, at)], high[np.ix_(at, at)]) for low, high in (of.both, of.either)
    )
    single, twice = float(np.trace(both_low)), float(np.triu(both_high, 1).sum())
    m = np.arange(1, len(at) + 1)  # the bound holds for every m; without rounding the best is 1 + [2 S2 / S1]
    dawson_sankoff = float((2 * single / (m + 1) - 2 * twice / (m * (m + 1))).max())
    low = min(max(dawson_sankoff, float(either_low.max())), 1.0)  # the diagonal holds the largest reach
    # What a pair reaches is known better than its three figures one by one: that is used for one pair of the tree.
    known = both_high.diagonal()[:, None] + both_high.diagonal() - both_low - either_high
    joined, parent, tree, gain = both_low[0].copy(), np.zeros(len(at), dtype=np.intp), 0.0, 0.0
    joined[0] = -1.0
    for _ in at[1:]:  # Prim's algorithm: each network joins by its largest pair with those already in
        new = int(joined.argmax())
        tree, gain = tree + float(joined[new]), max(gain, float(known[new, parent[new]]))
        nearer = (joined >= 0) & (both_low[new] > joined)
        joined, parent = np.where(nearer, both_low[new], joined), np.where(nearer, new, parent)
        joined[new] = -1.0
    return low, max(min(float(np.trace(both_high)) - tree - gain, 1.0), low)


def _as_given(table: OverlapTable) -> Rounded:
    """The table's figures as they stand, without any rounding."""
    either = table.reach[:, None] + table.reach - table.pairs
    np.fill_diagonal(either, table.reach)
    return Rounded((table.pairs, table.pairs), (either, either))
