"""Who uses which of some options, as distinct patterns, and the reach of every set of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kesher.stats.design import Floats

Sets = NDArray[np.int64]  # (S,) sets as bits: bit j stands for the j-th name
MOST_OPTIONS = 60  # bits of a set
MOST_AT_ONCE = 22  # options of which every set is held at once: four million
BLOCK = 1 << 22  # pairs of a set and a pattern looked at together
LARGEST_BEYOND = 4  # size of a set where there are more options than that
SAME = 1e-9  # reaches closer than this are equal: rounding must not choose


@dataclass(frozen=True)
class Usage:
    """Who uses what: ``names`` of k options, the distinct patterns ``masks`` (p,) and their ``shares`` (p,).

    Bit j of a mask stands for ``names[j]``; shares are of the base and add to 1.
    """

    names: tuple[str, ...]
    masks: Sets
    shares: Floats

    def mask_of(self, options: Iterable[str]) -> int:
        """The set of these options as bits; ``ValueError`` for one that is not there."""
        return sum(1 << self.names.index(option) for option in set(options))

    def names_of(self, mask: int) -> tuple[str, ...]:
        """The options of a set, in the order of ``names``."""
        return tuple(name for j, name in enumerate(self.names) if mask >> j & 1)

    def only(self, options: Sequence[str]) -> Usage:
        """The same people's use of some of the options, in the order given.

        >>> pair = Usage(("a", "b"), np.array([1, 2, 3]), np.array([0.5, 0.3, 0.2]))
        >>> pair.only(["b"])
        Usage(names=('b',), masks=array([0, 1]), shares=array([0.5, 0.5]))
        """
        at = [self.names.index(option) for option in options]
        code = sum(((self.masks >> j & 1) << i for i, j in enumerate(at)), np.zeros_like(self.masks))
        masks, pattern = np.unique(code, return_inverse=True)
        return Usage(tuple(options), masks, np.bincount(pattern, self.shares, masks.size).astype(float))


def usage_of(ticks: NDArray[np.bool_], weights: Floats, names: Sequence[str]) -> tuple[Usage, NDArray[np.intp]]:
    """The usage that the (n, k) ``ticks`` of rows with positive ``weights`` (n,) show, and each row's pattern (n,).

    >>> usage, pattern = usage_of(np.array([[True, False], [True, True], [True, False]]), np.ones(3), ("a", "b"))
    >>> usage.masks, usage.shares.round(2), pattern
    (array([1, 3]), array([0.67, 0.33]), array([0, 1, 0]))
    """
    n, k = ticks.shape
    code = np.zeros(n, np.int64)
    for j in range(k):
        code |= ticks[:, j].astype(np.int64) << j
    if 1 << k <= 4 * n:  # few enough sets to be counted without sorting
        seen = np.bincount(code, minlength=1 << k) > 0
        masks, pattern = np.flatnonzero(seen).astype(np.int64), (np.cumsum(seen) - 1)[code]
    else:
        masks, pattern = np.unique(code, return_inverse=True)
    return Usage(tuple(names), masks, np.bincount(pattern, weights, masks.size) / weights.sum()), pattern


def reach_of_all(usage: Usage) -> Floats:
    """(2**k,) share who use any option of the set, for every set at once; k up to 22.

    Those whose whole pattern lies outside a set are the others: sums over subsets of the complement, for all
    complements in k passes (the subset-sum or zeta transform, Yates 1937).

    >>> reach_of_all(Usage(("a", "b"), np.array([0, 1, 3]), np.array([0.5, 0.3, 0.2])))
    array([0. , 0.5, 0.2, 0.5])
    """
    k = len(usage.names)
    if k > MOST_AT_ONCE:
        raise ValueError(f"at most {MOST_AT_ONCE} options")
    within = np.zeros(1 << k)
    within[usage.masks] = usage.shares
    for j in range(k):
        halves = within.reshape(-1, 2, 1 << j)
        halves[:, 1] += halves[:, 0]
    return np.asarray(np.clip(within[-1] - within[::-1], 0, 1))  # rounding adds what no share can be


def reach_of(usage: Usage, sets: ArrayLike) -> Floats:
    """(S,) share who use any option of the given sets, of any number of options."""
    return np.asarray(np.clip(reaches_of(usage.masks, usage.shares[None], np.asarray(sets, np.int64))[0], 0, 1))


def reaches_of(masks: Sets, shares: Floats, sets: Sets) -> Floats:
    """(B, S) reach of sets under each row of (B, p) pattern shares."""
    reach = np.empty((len(shares), sets.size))
    step = max(1, BLOCK // max(masks.size, 1))
    for at in range(0, sets.size, step):
        part = slice(at, at + step)
        reach[:, part] = shares @ ((masks[:, None] & sets[part]) != 0).astype(float)
    return reach


class SetSearch:
    """Every set that holds the forced options: its reach, the best of each size, and what greedy choice finds."""

    def __init__(self, usage: Usage, forced: int = 0) -> None:
        self.usage, self.forced, self.least = usage, forced, forced.bit_count()
        self.k = len(usage.names)
        self._all = reach_of_all(usage) if self.k <= MOST_AT_ONCE else None
        self.largest = self.k if self._all is not None else min(self.k, LARGEST_BEYOND)
        self._greedy, self._best = [forced], dict[int, int]()
        if self._all is not None:
            every = np.arange(1 << self.k, dtype=np.uint32)
            self._held = np.flatnonzero(every & np.uint32(forced) == forced)
            self._size = np.bitwise_count(every[self._held])

    def reach(self, sets: Sets) -> Floats:
        """(S,) reach of any sets."""
        return reach_of(self.usage, sets) if self._all is None else self._all[sets]

    def of_size(self, size: int) -> tuple[Sets, Floats]:
        """All sets of a size, and their reach."""
        if self._all is None:
            return _enumerated(self.usage, size, self.forced)
        sets = self._held[self._size == size]
        return sets, self._all[sets]

    def first_of_equals(self, sets: Sets, reach: Floats) -> int:
        """The set of the largest reach; of equals the first in the order of the names."""
        equal = sets[reach >= reach.max() - SAME]
        return int(equal[self.order(equal)[0]])

    def best(self, size: int) -> int:
        """The best set of a size."""
        if size not in self._best:
            self._best[size] = self.first_of_equals(*self.of_size(size))
        return self._best[size]

    def order(self, sets: Sets) -> NDArray[np.intp]:
        """The places of sets of one size, sorted by their names' order."""
        turned = sum(((sets >> j & 1) << (self.k - 1 - j) for j in range(self.k)), np.zeros_like(sets))
        return np.argsort(-turned)

    def greedy(self, size: int) -> int:
        """What adding the most useful option to the forced ones, step by step, finds."""
        while self.least + len(self._greedy) - 1 < size:
            last = self._greedy[-1]
            nexts = np.array([last | 1 << j for j in range(self.k) if not last >> j & 1])
            reach = self.reach(nexts)
            self._greedy.append(int(nexts[np.flatnonzero(reach >= reach.max() - SAME)[0]]))
        return self._greedy[size - self.least]


def _enumerated(usage: Usage, size: int, forced: int) -> tuple[Sets, Floats]:
    """Sets of a size that hold ``forced``, a block per beginning: all ways to end it are one product of matrices."""
    left = (usage.masks & forced) == 0
    shares, k = usage.shares[left], len(usage.names)
    free = np.array([j for j in range(k) if not forced >> j & 1], dtype=np.int64)
    uses = (usage.masks[left, None] >> free & 1).astype(float)
    bits, more = np.int64(1) << free, size - forced.bit_count()
    whole = usage.shares.sum() - shares.sum()
    if more == 0:
        return np.array([forced], np.int64), np.array([whole])
    if more == 1:
        return forced | bits, np.clip(whole + shares @ uses, 0, 1)
    sets, reach = [], []
    for head in combinations(range(free.size - 2), more - 2):
        start, missed = head[-1] + 1 if head else 0, ~uses[:, head].any(axis=1)
        ends, weight = uses[missed, start:], shares[missed]
        alone, both = weight @ ends, (ends * weight[:, None]).T @ ends
        one, two = np.triu_indices(ends.shape[1], 1)
        sets.append(forced | int(bits[list(head)].sum()) | bits[start:][one] | bits[start:][two])
        reach.append(whole + (shares.sum() - weight.sum()) + alone[one] + alone[two] - both[one, two])
    return np.concatenate(sets), np.clip(np.concatenate(reach), 0, 1)
