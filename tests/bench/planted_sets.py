"""Planted truth of the best sets: simulated clients whose networks, and so the best set, are known exactly.

    python tests/bench/planted_sets.py [--clients 2400] [--jobs 2] [--resamples 300]

Clients differ in design (plain, weighted, stratified, in small or large clusters), in size and in how many networks
(6 to 11) there are; their networks are nearly as good as each other, or exactly. Reported: how often the interval
covers the true reach of the set that was chosen, how often the list of tied sets holds the true best, and what
observed and corrected reach are off on average. The mean error of the sets that truly are about as good as the best,
zero over many clients, is taken off as a control. Prints a table in markdown; exits with status 1 where a band is
broken by more than chance explains.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from typing import Any

import numpy as np
import pandas as pd

from kesher.readers.tidy import MultiSelect
from kesher.stats import Design, Usage, reach_of_all

DESIGNS = ("plain", "weighted", "stratified", "clusters", "schools")
TIES = ("near", "exact")
PEOPLE = (150, 500, 2000)
SIZES = (2, 3)
POPULATION = np.array([0.5, 0.3, 0.2])  # three groups of people
SAMPLED = np.array([0.3, 0.3, 0.4])  # where the design takes more of some
NOISE = 0.4  # of the logarithm of weights
TOGETHER = 4  # people of a cluster, alike in how much they use
SCHOOL, ALIKE_IN = 10, 0.5  # people of a large cluster, and how many of them use just what the first one does
LEAST = {"covers": 0.93, "holds": 0.95}
MOST_BIAS = 0.1  # points
CHANCE = 3.0  # standard errors
HEAD = (
    "| clients of | number | interval covers | tied hold the best | observed less true, pp "
    "| corrected less true, pp | RMSE observed, pp | RMSE corrected, pp | tied sets | width, pp |"
)
ALIKE = 0.02  # in true reach: the sets whose mean error is the control


class World:
    """Networks whose users overlap: heavy and light users in every group, each using networks independently."""

    def __init__(self, rng: np.random.Generator, ties: str) -> None:
        self.k = int(rng.integers(6, 12))
        level = rng.uniform(0.15, 0.5)
        spread = (
            np.zeros((3, self.k)) if ties == "exact" else rng.normal(0, 0.15, self.k) + rng.normal(0, 0.3, (3, self.k))
        )
        group = np.log(level / (1 - level)) + rng.normal(0, 0.3, 3)
        logit = group[:, None, None] + np.array([-0.7, 0.7])[:, None] + spread[:, None, :]
        self.chance = 1 / (1 + np.exp(-logit))  # (group, light or heavy, network)
        bits = np.arange(1 << self.k)[:, None] >> np.arange(self.k) & 1
        pattern = np.where(bits, self.chance[:, :, None], 1 - self.chance[:, :, None]).prod(axis=-1).mean(axis=1)
        usage = Usage(tuple(f"n{j}" for j in range(self.k)), np.arange(1 << self.k), POPULATION @ pattern)
        self.names, self.reach = usage.names, reach_of_all(usage)

    def sample(self, rng: np.random.Generator, design: str, n: int) -> tuple[np.ndarray, Design]:
        """Ticks (n, k) and how the people came into the sample."""
        if design in ("plain", "clusters", "schools"):
            group = rng.choice(3, n, p=POPULATION)
        elif design == "weighted":
            group = rng.choice(3, n, p=SAMPLED)
        else:
            group = np.repeat(np.arange(3), np.diff(np.round(np.append(0, SAMPLED.cumsum()) * n).astype(int)))
        cluster = np.arange(n) // TOGETHER
        heavy = rng.integers(0, 2, n)
        if design == "clusters":
            heavy = heavy[cluster * TOGETHER]
        ticks = rng.random((n, self.k)) < self.chance[group, heavy]
        if design == "schools":
            school = np.arange(n) // SCHOOL
            alike = rng.random(n) < ALIKE_IN
            ticks[alike] = ticks[school[alike] * SCHOOL]
            return ticks, Design(np.ones(n), clusters=school)
        if design == "plain":
            return ticks, Design.simple(n)
        if design == "clusters":
            return ticks, Design(np.ones(n), clusters=cluster)
        weights = (POPULATION / SAMPLED)[group]
        if design == "weighted":
            return ticks, Design(weights * rng.lognormal(-(NOISE**2) / 2, NOISE, n))
        return ticks, Design(weights, strata=group)


def client(seed: int, design: str, ties: str, n: int, resamples: int) -> list[dict[str, Any]]:
    """What one client's study holds, a row per size of a set."""
    from kesher.channels.sets import from_respondents

    rng = np.random.default_rng(seed)
    world = World(rng, ties)
    ticks, of = world.sample(rng, design, n)
    everybody = np.ones(n, dtype=bool)
    question = MultiSelect(
        "networks", pd.DataFrame(ticks, columns=list(world.names)), everybody, everybody, frozenset()
    )
    study = from_respondents(question, everybody, of, largest=max(SIZES), resamples=resamples, seed=seed)
    uses, rows = ticks @ (1 << np.arange(world.k)), []
    for size in SIZES:
        found = study.of(size)
        assert found is not None
        masks = np.flatnonzero(np.bitwise_count(np.arange(1 << world.k)) == size)
        best = masks[world.reach[masks] >= world.reach[masks].max() - 1e-12]
        true = world.reach[sum(1 << world.names.index(name) for name in found.best)]
        alike = masks[world.reach[masks] >= world.reach[best[0]] - ALIKE]
        fixed = np.column_stack([(uses & mask) != 0 for mask in alike]) - world.reach[alike]
        control = float((of.weights @ fixed).mean() / n)  # weights have mean 1
        named = [tuple(name for j, name in enumerate(world.names) if mask >> j & 1) for mask in best]
        rows.append({
            "design": design, "ties": ties, "n": n, "size": size,
            "covers": found.low <= true <= found.high,
            "holds": np.mean([names in found.tied for names in named]),
            "naive": 100 * (found.reach_observed - true - control),
            "corrected": 100 * (found.reach - true - control),
            "naive_error": 100 * (found.reach_observed - true),
            "corrected_error": 100 * (found.reach - true),
            "tied": len(found.tied), "width": 100 * (found.high - found.low),
        })  # fmt: skip
    return rows


def run(clients: int, resamples: int = 300, jobs: int = 1, seed: int = 4) -> pd.DataFrame:
    """One row per client and size, the clients shared out over all designs."""
    kinds = list(product(DESIGNS, TIES, PEOPLE))
    given = [(seed * 1_000_000 + i, *kinds[i % len(kinds)], resamples) for i in range(clients)]
    if jobs == 1:
        return pd.DataFrame([row for one in given for row in client(*one)])
    with ProcessPoolExecutor(jobs) as pool:
        return pd.DataFrame([row for rows in pool.map(client, *zip(*given, strict=True), chunksize=8) for row in rows])


def summary(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Means and their standard errors; sizes of one client are not independent, so clients are counted."""
    groups = rows.groupby(by, sort=False) if by else rows.groupby(lambda _: "all")
    found = groups[["covers", "holds", "naive", "corrected", "tied", "width"]].mean()
    count = groups.size() / len(SIZES)
    found.insert(0, "clients", count.astype(int))
    for name in ("covers", "holds", "naive", "corrected"):
        found[f"{name}_se"] = groups[name].std() / np.sqrt(count)
    for name in ("naive_error", "corrected_error"):
        found[name] = groups[name].apply(lambda e: np.sqrt(np.square(e).mean()))
    return found


def broken(found: pd.DataFrame) -> pd.DataFrame:
    """The rows outside a band by more than chance."""
    out = found["corrected"].abs() > MOST_BIAS + CHANCE * found["corrected_se"]
    for name, least in LEAST.items():
        error = np.maximum(found[f"{name}_se"], np.sqrt(least * (1 - least) / found["clients"]))
        out |= found[name] < least - CHANCE * error
    return found[out]


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=2400)
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--resamples", type=int, default=300)
    given = arguments.parse_args()
    rows = run(given.clients, given.resamples, given.jobs)
    tables = [summary(rows, by) for by in ([], ["design"], ["ties"], ["n"], ["size"], ["design", "ties", "n"])]
    print(f"{HEAD}\n|" + "---|" * (HEAD.count("|") - 1))
    for table in tables:
        for name, row in table.iterrows():
            label = ", ".join(map(str, name)) if isinstance(name, tuple) else name
            print(f"| {label} | {row.clients:.0f} | {100 * row.covers:.1f} % ± {100 * row.covers_se:.1f} "
                  f"| {100 * row.holds:.1f} % ± {100 * row.holds_se:.1f} | {row.naive:+.2f} ± {row.naive_se:.2f} "
                  f"| {row.corrected:+.2f} ± {row.corrected_se:.2f} | {row.naive_error:.2f} "
                  f"| {row.corrected_error:.2f} | {row.tied:.0f} | {row.width:.1f} |")  # fmt: skip
    outside = pd.concat([broken(table) for table in tables])
    if len(outside):
        print("\nOutside a band:\n", outside.to_string())
    return int(len(outside) > 0)


if __name__ == "__main__":
    sys.exit(main())
