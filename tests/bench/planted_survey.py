"""Planted truth of the like-motivation study: how often are made-up clients' true answers held?

    python tests/bench/planted_survey.py [--clients 1000] [--seed 7]

Every client has fans who differ in how readily they tick, two age groups sampled unequally and raked back to
their true shares, a marketing sample, guesses, and a recommendation that depends on some reasons. Prints a
markdown table; exits with status 1 when a figure is outside its band: 93-97 % for smooth estimands, at least
93 % for ranks, tau, surprise, chosen reaches and relative weights, at least 95 % for lists that must hold the
true best.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from collections import defaultdict
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from kesher.readers.tidy import MultiSelect, Respondents, SourceReport
from kesher.stats import Design, kendall_tau_b, ranks
from kesher.survey import drivers, gap, guesses, offers, paired, programmes, segments, shares
from kesher.survey.sample import design_of, raked

Floats = NDArray[np.float64]
SMOOTH, CAPPED, HOLDS = (0.93, 0.97), (0.93, 1.0), (0.95, 1.0)
BANDS = {
    "gap": SMOOTH,
    "gap, level removed": SMOOTH,
    "mean gap": SMOOTH,
    "difference of two reasons": SMOOTH,
    "segment against the others": SMOOTH,
    "memberships per person": SMOOTH,
    "share of memberships active": SMOOTH,
    "rank gaps, all at once": CAPPED,
    "tau-b": CAPPED,
    "surprise": CAPPED,
    "surprise of a good team": CAPPED,
    "reach of the chosen offers": CAPPED,
    "relative weights": CAPPED,
    "explained variance": CAPPED,
    "reasons that lead hold the best": HOLDS,
    "tied offers hold the best": HOLDS,
}
READY = 0.5  # standard deviation of a person's readiness to tick, beside 1 for the option's own chance
YOUNG = 0.35  # their share of the population; they are sampled at three times the rate of the others
OPTIONS = 8
NODES, NODE_WEIGHTS = np.polynomial.hermite_e.hermegauss(41)
NODE_WEIGHTS = NODE_WEIGHTS / NODE_WEIGHTS.sum()
SOURCE = SourceReport("planted", "0" * 64, "table", "planted", "utf-8", 0, 0, ())
EFFECTS = np.array([1.2, 0.9, 0.6, 0.4, 0.3, 0.2, 0.0, 0.0])  # of the reasons on the recommendation


class World:
    """One client's population: the chance of every option by age group and readiness."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.cut = ndtri(rng.uniform(0.1, 0.6, OPTIONS)) * np.sqrt(1 + READY**2)
        self.young_more = rng.normal(0, 0.25, OPTIONS)

    def chance(self, young: NDArray[np.bool_], ready: Floats) -> Floats:
        """(n, options) chance to tick."""
        return np.asarray(ndtr(self.cut + young[:, None] * self.young_more + READY * ready[:, None]))

    def by_group(self) -> Floats:
        """(2, options) true shares of the older and of the young."""
        at_nodes = [self.chance(np.full(NODES.size, young), NODES) for young in (False, True)]
        return np.array([NODE_WEIGHTS @ chance for chance in at_nodes])

    def shares(self) -> Floats:
        older, young = self.by_group()
        return np.asarray((1 - YOUNG) * older + YOUNG * young)

    def reach(self, sets: NDArray[np.int64]) -> Floats:
        """True share who want any of a set's options."""
        total = np.zeros(len(sets))
        for young, part in ((False, 1 - YOUNG), (True, YOUNG)):
            missed = 1 - self.chance(np.full(NODES.size, young), NODES)
            total += part * (1 - NODE_WEIGHTS @ missed[:, sets].prod(axis=2))
        return total

    def sample(self, n: int, rate: float) -> Respondents:
        """``n`` respondents; the young are ``rate`` times as likely to be in it."""
        young = self.rng.random(n) < rate * YOUNG / (rate * YOUNG + 1 - YOUNG)
        ticks = self.rng.random((n, OPTIONS)) < self.chance(young, self.rng.standard_normal(n))
        enrolled = self.rng.poisson(np.where(young, 3.0, 6.0))
        people = pd.DataFrame(
            {
                "respondent": np.arange(n),
                "segment.age": np.where(young, "young", "older"),
                "programmes_enrolled": enrolled.astype(float),
                "programmes_active": self.rng.binomial(enrolled, np.where(young, 0.6, 0.4)).astype(float),
                "recommend": recommendation(ticks, self.rng),
            }
        )
        names = [f"o{i}" for i in range(OPTIONS)]
        everybody = np.ones(n, dtype=bool)
        questions = {
            name: MultiSelect(name, pd.DataFrame(ticks, columns=names), everybody, everybody, frozenset())
            for name in ("reasons", "expectations")
        }
        return Respondents("planted", people, questions, SOURCE)


def recommendation(ticks: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    return np.asarray(np.clip(np.round(5 + ticks @ EFFECTS + 2 * rng.standard_normal(len(ticks))), 0, 10))


def within(truth: Floats | float, low: Floats | float, high: Floats | float) -> float:
    return float(np.mean((np.asarray(low) - 1e-9 <= truth) & (truth <= np.asarray(high) + 1e-9)))


def client(rng: np.random.Generator, n: int, team: int) -> dict[str, float]:
    """For one made client the share of intervals, or of lists, that hold the truth."""
    world, marketing = World(rng), World(rng)
    truth, theirs = world.shares(), marketing.shares()
    customers = world.sample(n, rate=3.0)
    margins = {"age": {"young": YOUNG, "older": 1 - YOUNG}}
    design, _ = raked(customers.people, design_of(customers.people), margins, (0.1, 10.0))
    reasons = customers.questions["reasons"]
    ours = shares.sampled(reasons, "asked", design, group="customers")
    marketers = marketing.sample(team, rate=1.0)
    their_side = shares.sampled(marketers.questions["reasons"], "asked", Design.simple(team), group="marketers")
    held: dict[str, float] = {}

    found = gap.compare(ours, their_side, seed=1)
    table, true_gap = found.table, 100 * (theirs - truth)
    held["gap"] = within(true_gap, table["gap_low_pp"], table["gap_high_pp"])
    centred = true_gap - true_gap.mean()
    held["gap, level removed"] = within(centred, table["centred_low_pp"], table["centred_high_pp"])
    held["mean gap"] = within(true_gap.mean(), found.mean_gap_low_pp, found.mean_gap_high_pp)
    true_ranks = ranks(truth) - ranks(theirs)
    held["rank gaps, all at once"] = float(within(true_ranks, table["rank_gap_low"], table["rank_gap_high"]) == 1)
    assert found.agreement_low is not None and found.agreement_high is not None
    held["tau-b"] = within(kendall_tau_b(truth, theirs), found.agreement_low, found.agreement_high)

    pairs = paired.study(reasons, "asked", ours, weighted=True, seed=1)
    at = dict(zip(ours.options, truth, strict=True))
    difference = 100 * (pairs.pairs["option_a"].map(at) - pairs.pairs["option_b"].map(at)).to_numpy()
    held["difference of two reasons"] = within(difference, pairs.pairs["low_pp"], pairs.pairs["high_pp"])
    held["reasons that lead hold the best"] = float(ours.options[int(truth.argmax())] in pairs.leaders)

    for name, spread in (("surprise", 0.15), ("surprise of a good team", 0.01)):
        guess = np.clip(truth + rng.normal(0, spread, OPTIONS), 0, 1)
        _, low, high = guesses.mean_absolute_surprise(guess, ours)
        held[name] = within(float(np.abs(guess - truth).mean()), low, high)

    by_age = segments.study(customers.people, reasons, "asked", design).table.query("level == 'young'")
    older, young = world.by_group()
    held["segment against the others"] = within(100 * (young - older), by_age["low_pp"], by_age["high_pp"])

    clubs = programmes.study(customers.people, design)
    assert clubs.share_active is not None
    enrolled = YOUNG * 3 + (1 - YOUNG) * 6
    active = (YOUNG * 3 * 0.6 + (1 - YOUNG) * 6 * 0.4) / enrolled
    held["memberships per person"] = within(enrolled, clubs.enrolled.low, clubs.enrolled.high)
    held["share of memberships active"] = within(active, clubs.share_active.low, clubs.share_active.high)

    for size in (2, 3):
        sets = np.array(list(combinations(range(OPTIONS), size)))
        best = sets[int(world.reach(sets).argmax())]
        choice = offers.study(customers.questions["expectations"], "asked", design, resamples=300, seed=1).of(size)
        assert choice is not None
        chosen = np.array([[ours.options.index(option) for option in choice.best]])
        reach = float(world.reach(chosen)[0])
        held[f"reach of the chosen offers/{size}"] = within(reach, choice.low, choice.high)
        held[f"tied offers hold the best/{size}"] = float(tuple(ours.options[i] for i in best) in choice.tied)
        held[f"observed reach less the truth, pp/{size}"] = 100 * (choice.reach_observed - reach)
        held[f"corrected reach less the truth, pp/{size}"] = 100 * (choice.reach - reach)
    return held


class Recommending:
    """One population for the relative weights, whose truth is that of a great many people."""

    def __init__(self, rng: np.random.Generator, size: int) -> None:
        self.world = World(rng)
        ticks, outcome = self.people(size)
        data = np.column_stack([ticks.astype(float), outcome])
        self.weights, self.r_squared = drivers.relative_weights(np.corrcoef(data.T))

    def people(self, n: int) -> tuple[NDArray[np.bool_], Floats]:
        rng = self.world.rng
        young = rng.random(n) < YOUNG
        ticks = rng.random((n, OPTIONS)) < self.world.chance(young, rng.standard_normal(n))
        return ticks, recommendation(ticks, rng)

    def client(self, n: int) -> dict[str, float]:
        ticks, outcome = self.people(n)
        items = pd.DataFrame(ticks, columns=range(OPTIONS))
        every = np.ones(n, dtype=bool)
        found = drivers.study(
            items, pd.Series(outcome, name="recommend"), every, Design.simple(n), resamples=300, seed=1
        )
        table = found.table.set_index("item").loc[range(OPTIONS)]
        return {
            "relative weights": within(self.weights, table["low"], table["high"]),
            "explained variance": within(float(self.r_squared), found.r_squared_low, found.r_squared_high),
        }


def run(clients: int, seed: int, n: int = 900, team: int = 132, population: int = 2_000_000) -> pd.DataFrame:
    """One row per estimand: mean over clients (share held, or points), its standard error, clients, band."""
    rng = np.random.default_rng(seed)
    values: dict[str, list[float]] = defaultdict(list)
    recommending = Recommending(rng, population)
    for _ in range(clients):
        for name, value in {**client(rng, n, team), **recommending.client(n)}.items():
            values[name].append(value)
    rows = []
    for name, each in values.items():
        low, high = BANDS.get(name.split("/")[0], (-np.inf, np.inf))
        mean, error = float(np.mean(each)), float(np.std(each) / np.sqrt(len(each)))
        rows.append({"estimand": name, "mean": mean, "error": error, "low": low, "high": high})
    return pd.DataFrame(rows).set_index("estimand")


def main() -> int:
    parser = argparse.ArgumentParser(description="How often the study's intervals hold a planted truth.")
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    started = datetime.datetime.now()
    table = run(given.clients, given.seed)
    fine = (table["low"] <= table["mean"]) & (table["mean"] <= table["high"])
    print(f"{given.clients} clients, seed {given.seed}, {(datetime.datetime.now() - started).seconds} s\n")
    print("| estimand | held | ± | band | |\n|--|--:|--:|--|--|")
    for (name, row), good in zip(table.iterrows(), fine, strict=True):
        if np.isinf(row["low"]):
            print(f"| {name} | {row['mean']:.2f} | {row['error']:.2f} | | |")
        else:
            band = f"{100 * row['low']:.0f}-{100 * row['high']:.0f} %"
            verdict = "" if good else "OUT"
            print(f"| {name} | {100 * row['mean']:.1f} % | {100 * row['error']:.1f} | {band} | {verdict} |")
    return 0 if fine.all() else 1


if __name__ == "__main__":
    sys.exit(main())
