"""Every set of networks considered: what it is worth and takes a month, whether that fits, which may be best."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.channels.goals import SAME, Flip, Floats, Goal, Names, column, flips, known, measures, members, value
from kesher.faults import NotIdentified
from kesher.stats.reach import Resamples, Usage, reach_of, tied_sets
from kesher.stats.usage import reaches_of

Places = NDArray[np.intp]  # positions of sets
Flags = NDArray[np.bool_]
Limits = tuple[float | None, float | None]  # hours and money a month
MANY = 2000  # sets beyond which those far behind are not resampled
BEHIND = 6.0  # standard errors that are far
MOST_TRIED, LARGEST = 4000, 20_000_000  # sets that are resampled, and values held at once


@dataclass(frozen=True)
class JudgedSets:
    """Every set considered, as bitmasks (S,), with what it is worth, what it takes a month and whether that fits."""

    usage: Usage
    masks: NDArray[np.int64]
    goals: tuple[Goal, ...]
    measures: dict[str, Floats]
    value: Floats
    hours: Floats
    cost: Floats
    hours_fit: Flags
    money_fits: Flags

    @property
    def fits(self) -> Flags:
        return self.hours_fit & self.money_fits & np.isfinite(self.value)

    @property
    def reach_goal(self) -> Goal:
        return next((goal for goal in self.goals if goal.goal == "reach"), Goal("reach", 0.0, 0.0, 1.0))

    def named(self, place: int) -> Names:
        return self.usage.names_of(int(self.masks[place]))

    def best(self, among: Flags) -> int | None:
        """The first set of the highest value."""
        places = np.flatnonzero(among & np.isfinite(self.value))
        return int(places[self.value[places] >= self.value[places].max() - SAME][0]) if places.size else None

    def flips(self, leader: int) -> tuple[Flip, ...]:
        places = np.flatnonzero(self.fits)
        of = {goal: x[places] for goal, x in self.measures.items()}
        return flips(self.goals, of, self.named(leader), [self.named(int(i)) for i in places])

    def resampled(self, drawn: Floats, places: Places) -> Floats:
        """(B, places) value in each resample: only reach varies."""
        reach = self.reach_goal
        fixed = self.value[places] - reach.weight * reach.scaled(self.measures["reach"][places])
        return reach.weight * reach.scaled(reaches_of(self.usage.masks, drawn, self.masks[places])) + fixed


def every_set(names: Names, forced: Names, publish_most: int) -> NDArray[np.int64]:
    """Every set of 1 to ``publish_most`` networks that holds the forced ones, small sets first."""
    if not names:
        raise NotIdentified("no_users")
    if not set(forced) <= set(names):
        raise NotIdentified("forced_unknown")
    always = sum(1 << names.index(name) for name in set(forced))
    free = [1 << j for j, name in enumerate(names) if name not in forced]
    held = len(names) - len(free)
    if held > publish_most:
        raise NotIdentified("forced_too_many")
    sizes = range(max(1 - held, 0), min(publish_most, len(names)) - held + 1)
    return np.array([always + sum(more) for size in sizes for more in combinations(free, size)], dtype=np.int64)


def judged(
    usage: Usage,
    masks: NDArray[np.int64],
    networks: pd.DataFrame | None,
    goals: pd.DataFrame | None,
    outcomes: pd.DataFrame | None,
    answer: pd.DataFrame,
    limits: Limits,
) -> tuple[JudgedSets, tuple[str, ...]]:
    """The sets with value, hours and cost, and the codes of goals left out."""
    names, inside = usage.names, members(masks, len(usage.names))
    found = measures(names, masks, reach_of(usage, masks), networks, outcomes)
    kept, codes = known(goals, found)
    hours, cost = (np.where(inside, column(networks, name, names), 0.0).sum(axis=1) for name in ("hours_good", "cost"))
    answering = float(answer["hours"].sum())
    hours += answering - inside @ np.nan_to_num(column(answer, "hours", names))
    hours_fit, money_fits = (
        np.ones(masks.size, dtype=bool) if given is None else of <= given + SAME
        for of, given in zip((hours, cost), limits, strict=True)
    )
    if limits[0] is not None and answering > limits[0] + SAME:
        hours_fit[:] = False
    return JudgedSets(usage, masks, kept, found, value(kept, found), hours, cost, hours_fit, money_fits), codes


def ties(
    sets: JudgedSets, resamples: Resamples | None, places: Places, leader: int, effective_base: float
) -> tuple[Places, Floats | None]:
    """The sets that may be the best of ``places``, highest value first, and (S,) the share of resamples each wins."""
    gap = sets.value[leader] - sets.value
    if resamples is None or len(resamples.drawn) < 2:
        return places[gap[places] <= SAME], None
    if places.size > MANY:
        reach, goal = sets.measures["reach"], sets.reach_goal
        both = reach_of(sets.usage, sets.masks[places] | sets.masks[leader])
        apart = np.maximum(2 * both - reach[places] - reach[leader], 0)
        error = goal.weight / abs(goal.full - goal.zero) * np.sqrt(apart / effective_base)
        places = places[gap[places] <= BEHIND * error + SAME]
    places = places[np.lexsort((places, gap[places].round(9)))]
    tried, rest = np.split(places, [min(max(LARGEST // len(resamples.drawn), 1), MOST_TRIED)])
    values = sets.resampled(resamples.drawn, tried)
    tied = tried[tied_sets(sets.value[tried], values, int(np.flatnonzero(tried == leader)[0]))]
    winners = values >= values.max(axis=1, keepdims=True) - SAME
    wins = np.zeros(sets.masks.size)
    wins[tried] = (winners / winners.sum(axis=1, keepdims=True)).mean(axis=0)
    return np.concatenate([tied, rest]), wins  # what was not tried is not ruled out
