"""Which two or three offers together reach most fans, counting nobody twice.

Every set is examined. The best of many sets looks better than it is, because it was chosen on the same
answers that measure it, so its reach is corrected for the choice, and the sets that may be as good stand
beside it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import comb, ndtri

from kesher.faults import NotIdentified
from kesher.readers.tidy import Base, MultiSelect
from kesher.stats import Design, bootstrap_weights, effective_base, share_interval
from kesher.survey.shares import is_substantive

Floats = NDArray[np.float64]
Sets = NDArray[np.int64]  # (sets, size) positions of options
MOST_OPTIONS = 20
SAME = 1e-9  # reaches closer than this are equal: rounding must not choose
TIED_LEVEL = 0.97  # of the test behind the 95 % of the tied list: bootstrap quantiles of a maximum fall short
MUCH_WORK = 3e8  # sets tried x sets x resamples beyond which the tied list is Bonferroni's, a longer one


@dataclass(frozen=True)
class OfferSet:
    """The best set of ``size`` offers.

    ``reach`` (0-1, of the base) is corrected for the set's having been chosen, with ``low`` and ``high``;
    ``reach_observed`` is what the sample shows, ``optimism_pp`` the difference. ``win_rate`` is the share of
    resamples in which the set is best (never a probability that it is). ``tied``: the sets that may be the
    best, largest observed reach first, this one included; at 95 % the true best is among them. ``greedy`` is
    what adding the most useful offer step by step finds, ``greedy_loss_pp`` what that loses. ``adds``:
    option, share (0-1, who wants it at all), only_pp (points of reach lost without it); largest first.
    """

    size: int
    best: tuple[str, ...]
    reach: float
    low: float
    high: float
    reach_observed: float
    optimism_pp: float
    win_rate: float
    tied: tuple[tuple[str, ...], ...]
    tied_reach: tuple[float, ...]
    greedy: tuple[str, ...]
    greedy_loss_pp: float
    adds: pd.DataFrame


@dataclass(frozen=True)
class Offers:
    """The best sets of one, two, ... offers, in ``sets`` by size, from the ``options`` wanted by anyone."""

    sets: tuple[OfferSet, ...]
    options: tuple[str, ...]
    base: int
    effective_base: float
    examined: int
    resamples: int
    confidence: float

    def of(self, size: int) -> OfferSet | None:
        """The best set of this size; None where there are not that many offers."""
        return next((found for found in self.sets if found.size == size), None)


def study(
    question: MultiSelect,
    base: Base,
    design: Design,
    *,
    largest: int = 3,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Offers:
    """The best set of every size up to ``largest``; exclusive options and "other" are no offers.

    Raises ``NotIdentified``: "no_<question>" (empty base), "no_offers" (nobody wants any),
    "too_many_options".
    """
    mask = question.base(base)
    if not mask.any():
        raise NotIdentified(f"no_{question.question}")
    everything = question.ticks.to_numpy(dtype=bool)[mask]
    offered = is_substantive(question) & everything.any(axis=0)
    k = int(offered.sum())
    if k == 0:
        raise NotIdentified("no_offers")
    if k > MOST_OPTIONS:
        raise NotIdentified("too_many_options")
    patterns, row_pattern = np.unique(everything[:, offered], axis=0, return_inverse=True)

    def by_pattern(weights: Floats) -> Floats:
        return np.bincount(row_pattern.ravel(), weights[mask], len(patterns)).astype(float)

    names = np.array(question.ticks.columns, dtype=object)[offered]
    wants = _Wants(names, patterns, by_pattern(design.weights) / design.weights[mask].sum())
    rng = np.random.default_rng(seed)
    drawn = np.array([by_pattern(weights) for weights in bootstrap_weights(design, resamples, rng)])
    drawn = drawn[drawn.any(axis=1)]  # a tiny base can miss a resample
    drawn /= drawn.sum(axis=1, keepdims=True)
    n = effective_base(design.weights[mask])
    found: list[OfferSet] = []
    greedy: list[int] = []
    for size in range(1, min(largest, k) + 1):
        sets = np.array(list(combinations(range(k), size)))
        greedy.append(wants.next_greedy(greedy))
        found.append(_best(wants, sets, drawn @ wants.covered(sets).T, greedy, n, confidence))
    return Offers(
        sets=tuple(found),
        options=tuple(names),
        base=int(mask.sum()),
        effective_base=n,
        examined=sum(int(comb(k, size, exact=True)) for size in range(1, min(largest, k) + 1)),
        resamples=resamples,
        confidence=confidence,
    )


@dataclass(frozen=True)
class _Wants:
    """Who wants what: the (k,) offers' names, the distinct (p, k) answers, and the (p,) share giving each."""

    names: NDArray[np.object_]
    patterns: NDArray[np.bool_]
    shares: Floats

    def covered(self, sets: Sets) -> Floats:
        """(sets, p) 1 where the answer holds any offer of the set."""
        return self.patterns.T[sets].any(axis=1).astype(float)

    def reach(self, sets: Sets) -> Floats:
        """(sets,) share who want any offer of the set."""
        return np.asarray(self.covered(sets) @ self.shares)

    def next_greedy(self, chosen: list[int]) -> int:
        """The offer that adds most reach to those chosen; the first of equals."""
        unreached = ~self.patterns[:, chosen].any(axis=1)
        gains = (self.shares * unreached) @ self.patterns
        gains[chosen] = -1
        return int(np.flatnonzero(gains >= gains.max() - SAME)[0])


def _best(wants: _Wants, sets: Sets, resampled: Floats, greedy: list[int], n: float, confidence: float) -> OfferSet:
    """The first set of the largest reach, and what the (b, sets) resampled reaches say about the choice."""
    reach = wants.reach(sets)
    best = int(np.flatnonzero(reach >= reach.max() - SAME)[0])
    winners = resampled >= resampled.max(axis=1, keepdims=True) - SAME
    error = resampled - reach
    # What the resamples' own winners overstate, averaged over equals: the optimism of choosing.
    optimism = float(((error * winners).sum(axis=1) / winners.sum(axis=1)).mean())
    tied = _tied(reach, error, best)
    tail = (1 - confidence) / 2
    # Below, any of the tied sets might have been the lucky one; above, none can have been. And never is the
    # interval narrower than that of a set nobody chose.
    fixed = share_interval(reach[best], n, confidence)
    low = min(float(reach[best] - np.quantile(error[:, tied].max(axis=1), 1 - tail)), float(fixed[0]))
    high = max(float(reach[best] - np.quantile(error[:, best], tail)), float(fixed[1]))
    value = float(np.clip(reach[best] - optimism, low, high))
    members = sets[best]
    without = np.array([np.delete(members, i) for i in range(len(members))], dtype=np.int64)
    adds = pd.DataFrame(
        {
            "option": wants.names[members],
            "share": wants.reach(members[:, None]),
            "only_pp": 100 * (reach[best] - wants.reach(without)),
        }
    )
    greedy_loss = float(reach[best] - wants.reach(np.array([greedy]))[0])
    return OfferSet(
        size=len(members),
        best=tuple(wants.names[members]),
        reach=value,
        low=max(low, 0.0),
        high=min(high, 1.0),
        reach_observed=float(reach[best]),
        optimism_pp=100 * (float(reach[best]) - value),
        win_rate=float((winners[:, best] / winners.sum(axis=1)).mean()),
        tied=tuple(tuple(wants.names[sets[i]]) for i in tied),
        tied_reach=tuple(float(reach[i]) for i in tied),
        greedy=tuple(wants.names[sorted(greedy)]),
        greedy_loss_pp=100 * greedy_loss if greedy_loss > SAME else 0.0,
        adds=adds.sort_values("only_pp", ascending=False, kind="stable", ignore_index=True),
    )


def _tied(reach: Floats, error: Floats, best: int) -> list[int]:
    """The sets not surely worse than another, by the bootstrap test that each in turn is the best, inverted.

    A set is compared with the largest studentised distance by which others would beat it were all equal (Hsu
    1996, multiple comparisons with the best). Sets beyond any such distance of the best are not tried.
    """
    candidates = []
    apart = error[:, [best]] - error
    spread = apart.std(axis=0)
    near = np.flatnonzero((reach[best] - reach <= 5 * spread) | (reach >= reach[best] - SAME))
    bonferroni = ndtri(1 - (1 - TIED_LEVEL) / max(len(reach) - 1, 1))
    if near.size * error.size > MUCH_WORK:
        return _by_reach(reach, near[(reach[best] - reach[near]) <= bonferroni * spread[near]])
    for i in near:
        difference = error - error[:, [i]]
        spread = difference.std(axis=0)
        varies = spread > SAME
        if (reach[~varies] > reach[i] + SAME).any():
            continue
        if varies.any():
            t = (reach - reach[i])[varies] / spread[varies]
            largest = (difference[:, varies] / spread[varies]).max(axis=1)
            if t.max() > np.quantile(largest, TIED_LEVEL, method="higher"):
                continue
        candidates.append(int(i))
    return _by_reach(reach, candidates)


def _by_reach(reach: Floats, sets: Iterable[int]) -> list[int]:
    return sorted((int(i) for i in sets), key=lambda i: (-round(float(reach[i]), 9), i))
