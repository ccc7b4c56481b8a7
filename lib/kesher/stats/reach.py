"""The set of options that reaches most people, nobody counted twice: exact, with its rivals and its luck taken off.

The best of many sets looks better than it is, because it was chosen on the same answers that measure it: its
reach is corrected for the choice, and the sets that may be as good stand beside it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from kesher.stats.design import Floats
from kesher.stats.intervals import share_interval
from kesher.stats.pattern_resamples import Resamples, resamples_from, resamples_of
from kesher.stats.usage import (
    MOST_AT_ONCE,
    MOST_OPTIONS,
    SAME,
    Sets,
    SetSearch,
    Usage,
    reach_of,
    reach_of_all,
    reaches_of,
    usage_of,
)

__all__ = [
    "MOST_AT_ONCE",
    "MOST_OPTIONS",
    "BestSet",
    "Resamples",
    "SetSearch",
    "Usage",
    "best_sets",
    "reach_of",
    "reach_of_all",
    "resamples_from",
    "resamples_of",
    "tied_sets",
    "usage_of",
]

TIED_LEVEL = 0.97  # of the test behind the 95 % of the tied list: bootstrap quantiles of a maximum fall short
FAR = 6.0  # standard errors below the best beyond which a set is no rival
MOST_RIVALS = 4000  # sets near the best that are resampled
MUCH_WORK = 2e9  # sets tried x sets x resamples beyond which the tied list is Bonferroni's, a longer one
ROWS = 64  # sets whose resamples are compared at a time
FIRST_ROWS, MOST_ROWS = 5, 30  # of the ranked table


@dataclass(frozen=True)
class BestSet:
    """The best set of ``size`` options.

    ``reach`` (0-1, of the base) is corrected for the set's having been chosen, with ``low`` and ``high``;
    ``reach_observed`` is what the sample shows, ``optimism_pp`` the difference. ``win_rate`` is the share of
    resamples in which the set is best (never a probability that it is; None without resamples). ``tied``: the
    sets that may be the best, largest observed reach first, this one included; at 95 % the true best is among
    them. ``greedy`` is what adding the most useful option step by step finds, ``greedy_loss_pp`` what that
    loses. ``adds``: option, share (0-1, who uses it at all), only_pp (points of reach lost without it); largest
    first. ``ranked``: names (tuple), reach, low, high (observed, Wilson; of the best: corrected), win_rate, tied,
    adds_pp (observed, over the best set of one less; NaN where forced options leave none): every tied set, at
    least the first 5 and at most 30 rows, by observed reach. ``more_tied``: tied sets beyond those rows.
    """

    size: int
    best: tuple[str, ...]
    reach: float
    low: float
    high: float
    reach_observed: float
    optimism_pp: float
    win_rate: float | None
    tied: tuple[tuple[str, ...], ...]
    tied_reach: tuple[float, ...]
    greedy: tuple[str, ...]
    greedy_loss_pp: float
    adds: pd.DataFrame
    ranked: pd.DataFrame
    more_tied: int


def tied_sets(observed: Floats, resampled: Floats, best: int) -> NDArray[np.intp]:
    """Which of S sets may be the best: (S,) values of any kind, (B, S) resampled ones, the place of the best.

    Places by observed value, largest first. A set is in the list unless the bootstrap test that it is the best
    rejects: its studentised distance to the others is compared with the largest by which others would beat it
    were all equal (Hsu 1996, multiple comparisons with the best). Sets many standard errors below the best are
    neither tried nor rivals. Without resamples only equals are tied.

    >>> tied_sets(np.array([0.3, 0.5, 0.5]), np.empty((0, 3)), 1)
    array([1, 2])
    """
    equal = observed >= observed[best] - SAME
    if len(resampled) < 2:
        return _by_value(observed, np.flatnonzero(equal))
    error = resampled - observed
    near = np.flatnonzero(equal | (observed[best] - observed <= FAR * (error[:, [best]] - error).std(axis=0)))
    observed, error, place = observed[near], error[:, near], near
    spreads, open_, kept = _spreads(error), [], []
    for i in range(near.size):
        ahead, spread = observed - observed[i], spreads[i]
        varies = spread > SAME
        if (ahead[~varies] > SAME).any():
            continue  # surely worse than one that it never parts from
        t = np.divide(ahead, spread, out=np.zeros_like(ahead), where=varies)
        rival = int(t.argmax())
        # What one rival alone can reach by chance is never more than the largest of all.
        alone = (error[:, rival] - error[:, i]) / max(spread[rival], SAME)
        if t[rival] <= max(np.quantile(alone, TIED_LEVEL, method="higher"), SAME):
            kept.append(i)
        elif t[rival] <= FAR:
            open_.append((i, t[rival]))
    kept += _not_beaten(error, spreads, open_)
    return place[_by_value(observed, np.array(kept, dtype=np.intp))]


def _spreads(error: Floats) -> Floats:
    """(S, S) standard deviation of the difference of any two columns."""
    centred = error - error.mean(axis=0)
    covariance = centred.T @ centred / len(error)
    variance = covariance.diagonal()
    return np.asarray(np.sqrt(np.maximum(variance + variance[:, None] - 2 * covariance, 0)))


def _not_beaten(error: Floats, spreads: Floats, tried: list[tuple[int, float]]) -> list[int]:
    """Of the sets ``tried`` with their largest studentised distance, those that chance among all explains."""
    if len(tried) * error.size > MUCH_WORK:
        bonferroni = ndtri(1 - (1 - TIED_LEVEL) / max(error.shape[1] - 1, 1))
        return [i for i, t in tried if t <= bonferroni]
    columns = np.ascontiguousarray(error.T, dtype=np.float32)
    kept = []
    for i, t in tried:
        scale = np.divide(1, spreads[i], out=np.zeros_like(spreads[i]), where=spreads[i] > SAME).astype(np.float32)
        largest = np.full(len(error), -np.inf, np.float32)
        for at in range(0, len(columns), ROWS):  # few enough to stay near the processor
            part = slice(at, at + ROWS)
            np.maximum(largest, ((columns[part] - columns[i]) * scale[part, None]).max(axis=0), out=largest)
        if t <= np.quantile(largest, TIED_LEVEL, method="higher"):
            kept.append(i)
    return kept


def _by_value(observed: Floats, places: NDArray[np.intp]) -> NDArray[np.intp]:
    return places[np.lexsort((places, -np.round(observed[places], 9)))]


def best_sets(
    usage: Usage,
    resamples: Resamples,
    effective_base: float,
    *,
    sizes: Iterable[int],
    forced_in: Sequence[str] = (),
    confidence: float = 0.95,
) -> tuple[BestSet, ...]:
    """The best set of each size, of those that hold ``forced_in``; sizes that do not exist are passed over.

    Every set is examined; of equals the first in the order of the names is the best. Up to 22 options, beyond
    that sizes up to 4 (larger ones are passed over). An infinite or unknown (NaN) ``effective_base`` gives
    intervals of no width or NaN. Rivals are the up to 4,000 best within six standard errors of the best.

    The correction is by repeated tenfold cross-validation, which is unbiased for the reach of a set chosen on nine
    tenths of the people; nothing is exactly unbiased for one chosen on all of them (Putter and Rubinstein 1968).
    """
    search = SetSearch(usage, usage.mask_of(forced_in))
    wanted = sorted({size for size in sizes if max(search.least, 1) <= size <= search.largest})
    return tuple(_best(search, size, resamples, effective_base, confidence) for size in wanted)


def _best(search: SetSearch, size: int, resamples: Resamples, n: float, confidence: float) -> BestSet:
    """The best set of a size, and what the resamples say about the choice."""
    best, rivals, beyond = _rivals(search, size, n)
    observed, at = search.reach(rivals), int(np.flatnonzero(rivals == best)[0])
    drawn = reaches_of(search.usage.masks, resamples.drawn, rivals)
    tied, won = tied_sets(observed, drawn, at), _win_rates(drawn)
    low, high = _interval(observed, drawn, tied, at, n, confidence)
    reach = float(observed[at]) - _optimism(search.usage, resamples, rivals, best)
    reach = float(np.fmin(np.fmax(reach, low), high))  # bounds are NaN where the base is unknown
    names = search.usage.names_of
    greedy = search.greedy(size)
    loss = float(observed[at] - search.reach(np.array([greedy]))[0])
    ranked = _ranked(search, rivals, observed, tied, won, n, confidence)
    ranked.loc[ranked["names"] == names(best), ["reach", "low", "high"]] = reach, low, high
    return BestSet(
        size=size,
        best=names(best),
        reach=reach,
        low=low,
        high=high,
        reach_observed=float(observed[at]),
        optimism_pp=100 * (float(observed[at]) - reach),
        win_rate=None if won is None else float(won[at]),
        tied=tuple(names(int(rivals[i])) for i in tied),
        tied_reach=tuple(float(observed[i]) for i in tied),
        greedy=names(greedy),
        greedy_loss_pp=100 * loss if loss > SAME else 0.0,
        adds=_adds(search, best, float(observed[at])),
        ranked=ranked,
        more_tied=int(tied.size - ranked["tied"].sum()) + beyond,
    )


def _rivals(search: SetSearch, size: int, n: float) -> tuple[int, Sets, int]:
    """The best set; those near it, itself included, in the order of names; how many more may tie and are not held.

    A difference of two sets has the variance of the people whom one of them reaches and the other does not.
    """
    sets, reach = search.of_size(size)
    best, top = search.first_of_equals(sets, reach), float(reach.max())
    most_apart = np.minimum(reach, 1 - top) + np.minimum(top, 1 - reach)
    maybe = _behind(top - reach, most_apart, n) <= FAR  # spares looking up the other unions
    sets, reach = sets[maybe], reach[maybe]
    errors = _behind(top - reach, 2 * search.reach(sets | best) - reach - top, n)
    near = np.flatnonzero(errors <= FAR)
    near = near[search.order(sets[near])]
    first = np.argsort(-np.round(reach[near], 9), kind="stable")
    bonferroni = ndtri(1 - (1 - TIED_LEVEL) / max(near.size - 1, 1))
    beyond = int((errors[near[first[MOST_RIVALS:]]] <= bonferroni).sum())
    return best, sets[near[np.sort(first[:MOST_RIVALS])]], beyond


def _behind(distance: Floats, apart: Floats, n: float) -> Floats:
    """Standard errors that sets lie below the best; 0 for equals."""
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = distance / np.sqrt(np.maximum(apart - np.square(distance), 0) / n)
    return np.where(distance <= SAME, 0.0, errors)


def _win_rates(drawn: Floats) -> Floats | None:
    """(S,) share of resamples in which each set is best, equals sharing."""
    if not len(drawn):
        return None
    winners = drawn >= drawn.max(axis=1, keepdims=True) - SAME
    return np.asarray((winners / winners.sum(axis=1, keepdims=True)).mean(axis=0))


def _optimism(usage: Usage, resamples: Resamples, rivals: Sets, best: int) -> float:
    """What the best set's reach owes to its having been chosen: by how much it beats, among people who had no say,
    the sets that the others would have chosen. Added up over a split it is the cross-validated reach. Those of a
    finite population who were asked owe it nothing."""
    if not len(resamples.train) or rivals.size == 1:
        return 0.0
    train = reaches_of(usage.masks, resamples.train, rivals)
    chosen = rivals[(train >= train.max(axis=1, keepdims=True) - SAME).argmax(axis=1)]
    lost = np.zeros(len(chosen))
    for other in np.unique(chosen[chosen != best]):
        splits = chosen == other
        more = ((usage.masks & best) != 0).astype(float) - ((usage.masks & other) != 0)
        lost[splits] = resamples.test[splits] @ more
    return resamples.unsampled * float(np.average(lost, weights=resamples.tested))


def _interval(
    observed: Floats, drawn: Floats, tied: NDArray[np.intp], best: int, n: float, confidence: float
) -> tuple[float, float]:
    """Below, any of the tied sets might have been the lucky one; above, none can have been. And never is the
    interval narrower than that of a set nobody chose."""
    reach, tail = float(observed[best]), (1 - confidence) / 2
    low, high = (float(bound) for bound in share_interval(reach, n, confidence))
    if len(drawn):
        error = drawn - observed
        low = min(low, reach - float(np.quantile(error[:, tied].max(axis=1), 1 - tail)))
        high = max(high, reach - float(np.quantile(error[:, best], tail)))
    return max(low, 0.0), min(high, 1.0)


def _ranked(
    search: SetSearch,
    rivals: Sets,
    observed: Floats,
    tied: NDArray[np.intp],
    won: Floats | None,
    n: float,
    confidence: float,
) -> pd.DataFrame:
    """The tied sets and the first of the others as they were observed; see ``BestSet``."""
    rows = np.union1d(tied, _by_value(observed, np.arange(rivals.size))[:FIRST_ROWS])
    rows = _by_value(observed, rows)[:MOST_ROWS]
    low, high = share_interval(observed[rows], n, confidence)
    size = int(rivals[0]).bit_count()
    before = 0.0 if size == 1 else np.nan
    if size > max(search.least, 1):
        before = search.reach(np.array([search.best(size - 1)]))[0]
    return pd.DataFrame(
        {
            "names": [search.usage.names_of(int(rivals[i])) for i in rows],
            "reach": observed[rows],
            "low": low,
            "high": high,
            "win_rate": np.nan if won is None else won[rows],
            "tied": np.isin(rows, tied),
            "adds_pp": 100 * (observed[rows] - before),
        }
    )


def _adds(search: SetSearch, best: int, reach: float) -> pd.DataFrame:
    members = np.array([1 << j for j in range(search.k) if best >> j & 1], np.int64)
    found = pd.DataFrame(
        {
            "option": search.usage.names_of(best),
            "share": search.reach(members),
            "only_pp": 100 * (reach - search.reach(best & ~members)),
        }
    )
    return found.sort_values("only_pp", ascending=False, kind="stable", ignore_index=True)
