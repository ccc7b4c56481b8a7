"""A made-up population whose joint use of networks is known: types of people, and a panel drawn from them.

The model. A person belongs to one level of every segment; levels are independent. What type of person it is depends on
the segments: the types' sizes, each times what the levels make of it, are the weights of a draw. Given the type, each
network is used by itself, so that the reach of any set of networks is a sum over types, in closed form. Who answers
depends on segments that the margins tell of, as a product over them, so that raking undoes it.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from kesher.readers.tidy import Mask
from kesher.sample.population import NONE, Floats, Population, Settings


@dataclass(frozen=True)
class Panel:
    """One drawn survey of networks and the truth behind it.

    ``people``: one row per answer sheet: respondent (str id), answered_at, one column per segment (level id), one bool
    column "networks.<network>" each and "networks.none"; whoever is offline has none of them ticked. ``margins``:
    population share by question and level. ``truth``: value by number id.
    """

    people: pd.DataFrame
    margins: dict[str, dict[str, float]]
    truth: dict[str, float]


class Types:
    """The types of people: their shares among any people, what each uses, and so any set's reach."""

    def __init__(self, settings: Settings) -> None:
        self.population = Population(settings)
        self.networks = list(settings["networks"])
        types = settings["types"].values()
        self.uses: Floats = np.array(
            [[kind.get("uses", {}).get(name, 0.0) for name in self.networks] for kind in types]
        )
        weights = [kind["size"] * self._lean(kind.get("lean", {})) for kind in types]
        self.given_cell: Floats = np.column_stack(weights) / np.sum(weights, axis=0)[:, None]  # (combinations, types)

    def _lean(self, lean: Settings) -> Floats:
        values = [np.ones(len(self.population.share)), *self.population.shifts(lean, 1.0).values()]
        return np.asarray(np.prod(values, axis=0))

    def inside(self, target: dict[str, list[str]]) -> Mask:
        """Which combinations of levels the target is made of."""
        chosen = np.ones(len(self.population.share), dtype=bool)
        for question, levels in target.items():
            places = [self.population.levels[question].index(level) for level in levels]
            chosen &= np.isin(self.population.codes[question], places)
        return chosen

    def reach(self, people: Floats, members: Sequence[str]) -> float:
        """Share on at least one of the networks, 0-1, of people given as weights of the combinations of levels."""
        of, mixed = [self.networks.index(name) for name in members], people @ self.given_cell / people.sum()
        return float(1 - mixed @ (1 - self.uses[:, of]).prod(axis=1))

    def best(self, people: Floats, size: int) -> tuple[float, tuple[str, ...]]:
        """The largest reach of any set of this size, and the set, its networks in the form's order."""
        return max((self.reach(people, members), members) for members in itertools.combinations(self.networks, size))


def network_truth(settings: Settings) -> dict[str, float]:
    """What is true of the population, by number id.

    ``reach.<network>`` is a share of the target, ``index.<network>`` that over the population's share;
    ``sets.<k>.reach`` the largest reach of k networks, and again under the set's own name, "sets.2.best.x+youtube".
    """
    types = Types(settings)
    everyone = types.population.share
    target = everyone * types.inside(settings["target"])
    alone = {name: types.reach(target, [name]) for name in types.networks}
    found = {f"reach.{name}": reach for name, reach in alone.items()}
    found |= {f"index.{name}": reach / types.reach(everyone, [name]) for name, reach in alone.items()}
    for size in range(1, settings["sets_max"] + 1):
        reach, members = types.best(target, size)
        found |= {f"sets.{size}.reach": reach, f"sets.{size}.best.{'+'.join(members)}": reach}
    return {number: round(value, 8) for number, value in found.items()}


def plant_panel(settings: Settings, seed: int) -> Panel:
    """Draw one panel of the population in ``settings``; the same settings and seed give the same panel."""
    rng = np.random.default_rng(seed)
    types, size = Types(settings), settings["respondents"]
    population = types.population
    cell = rng.choice(len(population.share), size=size, p=population.answering)
    kind = (rng.random((size, 1)) > types.given_cell[cell].cumsum(axis=1)[:, :-1]).sum(axis=1)
    ticks = rng.random((size, len(types.networks))) < types.uses[kind]
    online: Mask = np.isin(kind, np.flatnonzero(types.uses.any(axis=1)))
    people = pd.DataFrame({"respondent": [f"N{code}" for code in rng.permutation(90_000)[:size] + 10_000]})
    start, days = datetime.fromisoformat(settings["fieldwork"]["from"]), settings["fieldwork"]["days"]
    seconds = rng.integers(0, days, size) * 86_400 + rng.integers(8 * 3600, 23 * 3600, size)
    people["answered_at"] = pd.to_datetime(start) + pd.to_timedelta(seconds, unit="s")
    for question, levels in population.levels.items():
        people[question] = np.array(levels, dtype=object)[population.codes[question][cell]]
    for place, name in enumerate(types.networks):
        people[f"networks.{name}"] = ticks[:, place]
    people[f"networks.{NONE}"] = online & ~ticks.any(axis=1)
    margins = {
        question: {level: values["share"] for level, values in settings["segments"][question]["levels"].items()}
        for question in settings["margins"]
    }
    people = people.sort_values("answered_at", kind="stable", ignore_index=True)
    return Panel(people, margins, network_truth(settings))
