"""Sets of networks when only each one's own reach is known: bounds of their reach, and what they leave open.

Who is on two networks is not known, so the reach of a set lies anywhere between its largest member's and the sum of all
(Fréchet). Independence (Sainsbury) is one point in between, and an optimistic one: people on one network are mostly on
others too.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified

Floats = NDArray[np.float64]
MOST_EXACT = 22  # networks up to which sets of every size are looked at, as with respondents
MOST_BEYOND = 4  # largest size with more networks than that
MOST_ROWS = 30  # sets listed of each size
ROUNDING = 1e-9  # sums of the same shares differ by less


@dataclass(frozen=True)
class MarginalSets:
    """What marginals allow each set to reach.

    ``table``: k, rank, names (tuple), low, high, independent (0-1), tied (bool); the first 30 sets of each size
    by ``independent``. A set is tied where its ``high`` reaches the largest ``low`` of its size: nothing says
    that another is better. ``tied_count``: by size, all tied sets, listed or not. ``left_out``: network ->
    "forced_out", "below_presence" or "no_users".
    """

    table: pd.DataFrame
    tied_count: dict[int, int]
    left_out: dict[str, str]
    limited_to: int | None

    def best(self, k: int) -> pd.Series | None:
        """The row of the first set of this size, None where there is none; with others tied, not surely the best."""
        rows = self.table[self.table["k"] == k]
        return rows.iloc[0] if len(rows) else None


def bounds_of_marginals(reach: Floats, members: Sequence[int]) -> tuple[float, float]:
    """Between which shares (0-1) the reach of the set of these indices lies: [max p, min(1, sum p)].

    >>> bounds_of_marginals(np.array([0.9, 0.7]), [0, 1])
    (0.9, 1.0)
    """
    p = np.asarray(reach, dtype=float)[list(members)]
    return float(p.max(initial=0)), float(min(p.sum(), 1))


def independent(reach: Floats, members: Sequence[int]) -> float:
    """The reach of the set were its networks used independently, 1 - prod(1 - p) (Sainsbury): optimistic.

    >>> round(independent(np.array([0.9, 0.7]), [0, 1]), 3)
    0.97
    """
    return float(1 - np.prod(1 - np.asarray(reach, dtype=float)[list(members)]))


def from_marginals(
    names: Sequence[str],
    reach: Floats,
    *,
    largest: int,
    forced_in: Sequence[str] = (),
    forced_out: Sequence[str] = (),
    minimum_presence: float = 0.0,
) -> MarginalSets:
    """Bounds of the sets of up to ``largest`` networks; beyond 22 networks of up to 4.

    Networks forced in are in every set, also below ``minimum_presence`` (0-1). Raises ``NotIdentified``:
    "forced_unknown" (forced in, but not there or used by nobody), "no_users" (nobody uses any),
    "none_left" (all are out).
    """
    p = dict(zip(names, np.asarray(reach, dtype=float).tolist(), strict=True))
    if any(not p.get(name, 0) > 0 for name in forced_in):
        raise NotIdentified("forced_unknown")
    left_out = {
        name: "forced_out" if name in forced_out else "no_users" if not share > 0 else "below_presence"
        for name, share in p.items()
        if name not in forced_in and (name in forced_out or not share > 0 or share < minimum_presence)
    }
    forced = list(dict.fromkeys(forced_in))
    free = sorted((name for name in p if name not in left_out and name not in forced), key=lambda name: -p[name])
    if not forced and not free:
        raise NotIdentified("no_users" if {*left_out.values()} <= {"no_users"} else "none_left")
    many = len(forced) + len(free) > MOST_EXACT and largest > MOST_BEYOND
    last = min(MOST_BEYOND if many else largest, len(forced) + len(free))
    shares = np.array([p[name] for name in free])
    rows, tied_count = [], {}
    for k in range(max(len(forced), 1), last + 1):
        more = k - len(forced)
        least = max(p[name] for name in forced + free[: min(more, 1)])  # of the set with the largest network allowed
        tied_count[k] = _count(shares, more, least - sum(p[name] for name in forced))
        for rank, at in enumerate(_first(shares, more), 1):
            chosen = {*forced, *(free[j] for j in at)}
            members = tuple(name for name in p if name in chosen)
            own = np.array([p[name] for name in members])
            low, high = bounds_of_marginals(own, range(k))
            tied = high >= least - ROUNDING
            rows.append((k, rank, members, low, high, independent(own, range(k)), tied))
    table = pd.DataFrame(rows, columns=["k", "rank", "names", "low", "high", "independent", "tied"])
    return MarginalSets(table, tied_count, left_out, MOST_BEYOND if many else None)


def _first(shares: Floats, k: int) -> list[tuple[int, ...]]:
    """The ``MOST_ROWS`` sets of k with the largest independent reach, of shares that fall; largest first.

    Each set is followed by those that put the next network in the place of one member, so the rest is never made.
    """
    missed = np.log1p(-np.minimum(shares, 1 - 1e-15))

    def entry(at: tuple[int, ...]) -> tuple[float, tuple[int, ...]]:
        return float(missed[list(at)].sum()), at

    start = tuple(range(k))
    queue, seen = [entry(start)], {start}
    found: list[tuple[int, ...]] = []
    while queue and len(found) < MOST_ROWS:
        _, at = heapq.heappop(queue)
        found.append(at)
        for i, j in enumerate(at):
            after = (*at[:i], j + 1, *at[i + 1 :])
            if j + 1 < len(shares) and j + 1 not in at and after not in seen:
                seen.add(after)
                heapq.heappush(queue, entry(after))
    return found


def _count(shares: Floats, k: int, least: float) -> int:
    """How many sets of k have shares that add up to ``least``: the sums of two halves, matched."""

    def sums(half: Floats) -> list[Floats]:
        return [
            np.sort([sum(chosen) for chosen in combinations(half.tolist(), size)]) if size <= half.size else np.empty(0)
            for size in range(k + 1)
        ]

    one, other = sums(shares[::2]), sums(shares[1::2])
    return int(
        sum(
            (other[k - size].size - np.searchsorted(other[k - size], least - ROUNDING - one[size])).sum()
            for size in range(k + 1)
        )
    )
