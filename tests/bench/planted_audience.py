"""Planted truth of the audience: how often do intervals of reach, index and overlap hold what is true?

    python tests/bench/planted_audience.py [--clients 1000] [--seed 7]

Every client is a made-up population of three strata in which the target uses networks more or less than the rest,
sampled simply, with unequal weights, by stratum, or in clusters that resemble each other; 60 to 800 of the target
answer. Prints a markdown table; exits with status 1 when a coverage is outside 93-97 %.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from kesher.channels.audience import of_respondents
from kesher.readers.tidy import MultiSelect
from kesher.stats import Design

Floats = NDArray[np.float64]
DESIGNS = ("simple", "weighted", "stratified", "clustered")
BAND = (0.93, 0.97)
NETWORKS = 8
CLUSTER = 0.35  # standard deviation between clusters of the readiness for a network, beside 1 within
RATES = np.array([1.0, 2.0, 4.0])  # at which the strata are sampled where they are sampled unequally


@dataclass(frozen=True)
class World:
    """One population: shares of strata, of the target in them, and the chance (2, 3, k) of each use."""

    strata: Floats
    target: Floats
    chance: Floats  # rest and target, stratum, network

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> World:
        strata = rng.dirichlet(np.full(3, 8.0))
        target = np.clip(rng.uniform(0.1, 0.5) * rng.uniform(0.6, 1.4, 3), 0.05, 0.7)
        level = ndtri(rng.uniform(0.06, 0.92, NETWORKS))
        more = rng.normal(0, 0.35, (2, 1, NETWORKS)) * rng.integers(0, 2, NETWORKS)  # half have no difference
        more[0] = 0
        return cls(strata, target, ndtr(level + more + rng.normal(0, 0.25, (1, 3, NETWORKS))))

    @property
    def reach(self) -> Floats:
        """(k,) share of the target."""
        mass = self.strata * self.target
        return np.asarray(mass @ self.chance[1] / mass.sum())

    @property
    def index(self) -> Floats:
        """(k,) the target's share over the population's."""
        rest = self.strata * (1 - self.target)
        return np.asarray(self.reach / (self.strata * self.target @ self.chance[1] + rest @ self.chance[0]))

    def overlap(self, i: int) -> Floats:
        """(k,) share of the target's users of network i on the others: independent within a stratum."""
        mass = self.strata * self.target * self.chance[1, :, i]
        return np.asarray(mass @ self.chance[1] / mass.sum())


def sample(world: World, kind: str, rng: np.random.Generator) -> tuple[MultiSelect, NDArray[np.bool_], Design]:
    """Respondents of this design, with 60 to 800 of the target expected among them."""
    rate = RATES if kind in ("weighted", "stratified") else np.ones(3)
    mix = world.strata * rate / (world.strata * rate).sum()
    n = int(np.exp(rng.uniform(np.log(60), np.log(800))) / (mix @ world.target))
    if kind == "stratified":
        stratum = np.repeat(np.arange(3), np.maximum(np.rint(mix * n).astype(int), 2))
    else:
        stratum = rng.choice(3, n, p=mix)
    weights, n = (1 / rate)[stratum], stratum.size
    target_shift, use_shift, clusters = np.zeros(n), np.zeros((n, NETWORKS)), None
    scale = 1.0
    if kind == "clustered":
        clusters = rng.integers(0, rng.integers(50, 120), n)
        target_shift = CLUSTER * rng.normal(size=200)[clusters]
        use_shift = CLUSTER * rng.normal(size=(200, NETWORKS))[clusters]
        scale = np.sqrt(1 + CLUSTER**2)  # so that the shares of all clusters together stay the world's
    target = rng.random(n) < ndtr(scale * ndtri(world.target)[stratum] + target_shift)
    chance = ndtr(scale * ndtri(world.chance[target.astype(int), stratum]) + use_shift)
    ticks = pd.DataFrame(rng.random((n, NETWORKS)) < chance, columns=[f"n{j}" for j in range(NETWORKS)])
    asked = np.ones(n, dtype=bool)
    question = MultiSelect("networks", ticks, asked, ticks.any(axis=1).to_numpy(), frozenset())
    return question, target, Design(weights, stratum if kind == "stratified" else None, clusters)


def coverage(clients: int, seed: int) -> dict[tuple[str, str], list[int]]:
    """By design and estimand: how often the interval held, lay above and lay below the truth."""
    held: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    for at in range(clients):
        for kind in DESIGNS:
            rng = np.random.default_rng([seed, at, DESIGNS.index(kind)])
            world = World.drawn(rng)
            question, target, design = sample(world, kind, rng)
            found = of_respondents(question, target, question.asked, design)
            table = found.table.set_index("network").loc[list(question.ticks)]
            usual = found.overlap.set_index("network").loc["n0"]
            for name, true, low, high in (
                ("reach", world.reach, table["low"], table["high"]),
                ("index", world.index, table["index_low"], table["index_high"]),
                ("overlap", world.overlap(0)[[int(n[1:]) for n in usual["other"]]], usual["low"], usual["high"]),
            ):
                above, below = (low > true).to_numpy(), (high < true).to_numpy()
                for place, some in enumerate((~above & ~below, above, below)):
                    held[kind, name][place] += int(some.sum())
    return held


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    wrong = 0
    print("| design | estimand | intervals | held % | above % | below % |\n|---|---|---|---|---|---|")
    for (kind, name), counts in coverage(given.clients, given.seed).items():
        total = sum(counts)
        shown = " | ".join(f"{100 * count / total:.1f}" for count in counts)
        print(f"| {kind} | {name} | {total:,} | {shown} |")
        wrong += not BAND[0] <= counts[0] / total <= BAND[1]
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
