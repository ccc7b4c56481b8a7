"""Planted truth: made-up clients whose true shares, gaps and orders are known; how often are they covered?

    python tests/bench/planted_truth.py [--clients 1000] [--seed 7]

Prints a table in markdown and exits with status 1 when a coverage is outside its band: 93-97 % for smooth
estimands, at least 93 % for ranks and tau (which are simultaneous and so may only be too careful). Options
are ticked by respondents with a general readiness to tick, so that a client's options depend on one another
as real ones do.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from kesher import stats
from kesher.stats import Design, Shares
from kesher.survey.weighting import rake

Floats = NDArray[np.float64]
READINESS = 0.6  # standard deviation of a person's readiness to tick, beside 1 for the option's own chance
BELOW, ABOVE = 0.93, 0.97
Sample = tuple[Shares, Floats]  # what was estimated, and the truth


def spread_shares(rng: np.random.Generator, k: int) -> Floats:
    """True shares of k options, from 8 % to 65 %, two of them exactly tied."""
    p = rng.uniform(0.08, 0.65, k)
    p[1] = p[0]
    return p


def _ticks(rng: np.random.Generator, threshold: Floats, sd: float) -> NDArray[np.bool_]:
    """(n, k) ticks, each of chance ndtr(threshold) when ``sd`` is that of all that varies beside."""
    n, k = threshold.shape
    readiness = READINESS * rng.standard_normal((n, 1))
    return readiness + rng.standard_normal((n, k)) < threshold * sd


def simple(rng: np.random.Generator, n: int, k: int = 10, population: int | None = None) -> Sample:
    """A simple random sample; with ``population``, from a team of that many, whose shares are the truth."""
    p = spread_shares(rng, k)
    sd = np.hypot(1, READINESS)
    if population is None:
        ticks, truth = _ticks(rng, np.broadcast_to(ndtri(p), (n, k)), sd), p
    else:
        team = _ticks(rng, np.broadcast_to(ndtri(p), (population, k)), sd)
        ticks, truth = team[:n], team.mean(axis=0)
    return stats.estimate_shares(ticks, np.ones(n, bool), Design.simple(n, population)), truth


def raked(rng: np.random.Generator, n: int, k: int = 10, drawn_unequally: bool = False) -> Sample:
    """Young men of one region answer less readily than old women of another and tick otherwise; raked."""
    margins = [np.array([0.5, 0.5]), np.array([0.3, 0.4, 0.3]), np.array([0.4, 0.3, 0.2, 0.1])]
    cells = np.array(np.unravel_index(np.arange(24), (2, 3, 4)))
    chance = margins[0][cells[0]] * margins[1][cells[1]] * margins[2][cells[2]]
    effects = [rng.normal(0, 0.3, (m.size, k)) for m in margins]
    threshold = ndtri(spread_shares(rng, k)) + sum(e[c] for e, c in zip(effects, cells, strict=True))
    truth = chance @ ndtr(threshold)
    answers = np.exp(sum(np.linspace(-0.5, 0.5, m.size)[c] for m, c in zip(margins, cells, strict=True)))
    cell = rng.choice(24, n, p=chance * answers / (chance * answers).sum())
    start = np.ones(n)
    if drawn_unequally:  # keen ones (any cell) were drawn twice as often, and the weights say so
        keen = rng.random(n) < 2 / 3
        start = np.where(keen, 0.75, 1.5)
    ticks = _ticks(rng, threshold[cell], np.hypot(1, READINESS))
    codes = tuple(cells[:, cell])
    weights = rake(codes, margins, start).weights
    return stats.estimate_shares(ticks, np.ones(n, bool), Design(weights, calibration=codes)), truth


def clustered(rng: np.random.Generator, clusters: int, size: int, k: int = 10) -> Sample:
    """Clusters of unequal size and mind in two strata, one drawn twice as often as the other."""
    p, between = spread_shares(rng, k), 0.3
    stratum = np.arange(clusters) % 2
    shift = np.array([-0.2, 0.2])
    sizes = rng.poisson(size, clusters) + 1
    cluster = np.repeat(np.arange(clusters), sizes)
    sd = np.sqrt(1 + READINESS**2 + between**2)
    centre = ndtri(p) + shift[stratum][:, None] + between / sd * rng.standard_normal((clusters, k))
    truth = ndtr(ndtri(p) + shift[0]) / 3 + ndtr(ndtri(p) + shift[1]) * 2 / 3
    design = Design(np.where(stratum[cluster] == 0, 1.0, 2.0), strata=stratum[cluster], clusters=cluster)
    return stats.estimate_shares(_ticks(rng, centre[cluster], sd), np.ones(cluster.size, bool), design), truth


def raked_clusters(rng: np.random.Generator, clusters: int, size: int, k: int = 10) -> Sample:
    """Clusters with a mind of their own, their members raked to two margins that tell of ticks."""
    p, between = spread_shares(rng, k), 0.2
    margins = [np.array([0.5, 0.5]), np.array([0.3, 0.4, 0.3])]
    sd = np.sqrt(1 + READINESS**2 + between**2)
    cluster = np.repeat(np.arange(clusters), rng.poisson(size, clusters) + 1)
    codes = [rng.choice(m.size, cluster.size, p=m[::-1] ** 1.3 / (m**1.3).sum()) for m in margins]
    effects = [rng.normal(0, 0.3, (m.size, k)) for m in margins]
    chances = ndtr(ndtri(p) + effects[0][:, None] + effects[1])  # given the margins, over clusters and people
    truth = np.einsum("a,b,abk->k", *margins, chances)
    threshold = ndtri(p) + effects[0][codes[0]] + effects[1][codes[1]]
    threshold += between / sd * rng.standard_normal((clusters, k))[cluster]
    weights = rake(codes, margins, np.ones(cluster.size)).weights
    design = Design(weights, clusters=cluster, calibration=tuple(codes))
    return stats.estimate_shares(_ticks(rng, threshold, sd), np.ones(cluster.size, bool), design), truth


def domain(rng: np.random.Generator, n: int, k: int = 10) -> Sample:
    """A third of the sample, as a segment."""
    p = spread_shares(rng, k)
    ticks = _ticks(rng, np.broadcast_to(ndtri(p), (n, k)), np.hypot(1, READINESS))
    weights = rng.lognormal(0, 0.4, n)
    return stats.estimate_shares(ticks, rng.random(n) < 1 / 3, Design(weights)), p


DESIGNS: dict[str, Callable[[np.random.Generator], Sample]] = {
    "simple, n = 400": lambda rng: simple(rng, 400),
    "raked, n = 600, non-response undone": lambda rng: raked(rng, 600),
    "raked, n = 300, unequal weights": lambda rng: raked(rng, 300, drawn_unequally=True),
    "clustered, 2 strata, 40 x 15": lambda rng: clustered(rng, 40, 15),
    "clustered, 2 strata, 16 x 20": lambda rng: clustered(rng, 16, 20),
    "raked, n = 120, non-response undone": lambda rng: raked(rng, 120),
    "raked, 25 clusters of 15": lambda rng: raked_clusters(rng, 25, 15),
    "weighted segment of a third, n = 600": lambda rng: domain(rng, 600),
    "team, n = 20": lambda rng: simple(rng, 20),
    "team, n = 40": lambda rng: simple(rng, 40),
    "team, n = 80": lambda rng: simple(rng, 80),
    "team, n = 130": lambda rng: simple(rng, 130),
    "team, 40 of 60": lambda rng: simple(rng, 40, population=60),
    "team, 30 of 30": lambda rng: simple(rng, 30, population=30),
}
PAIRS = [
    ("raked, n = 600, non-response undone", "team, n = 20"),
    ("raked, n = 600, non-response undone", "team, n = 40"),
    ("raked, n = 600, non-response undone", "team, n = 130"),
    ("clustered, 2 strata, 16 x 20", "team, n = 80"),
    ("simple, n = 400", "team, 40 of 60"),
    ("simple, n = 400", "team, 30 of 30"),
]


@dataclass
class Tally:
    """How often an estimand was covered, one figure (a share of its parts) for each client."""

    covered: dict[tuple[str, str], list[float]] = field(default_factory=lambda: defaultdict(list))

    def add(self, estimand: str, design: str, low: Floats, high: Floats, truth: Floats, joint: bool = False) -> None:
        inside = (np.asarray(low) <= truth + 1e-12) & (truth - 1e-12 <= np.asarray(high))
        self.covered[estimand, design].append(float(inside.all() if joint else inside.mean()))

    def rows(self) -> list[tuple[str, str, float, float, int, bool]]:
        """Estimand, design, coverage, Monte Carlo standard error, clients, within the band."""
        out = []
        for (estimand, design), values in self.covered.items():
            mean, error = float(np.mean(values)), float(np.std(values) / np.sqrt(len(values)))
            one_sided = estimand in ("ranks", "tau") or "30 of 30" in design
            out.append((estimand, design, mean, error, len(values), mean >= BELOW and (one_sided or mean <= ABOVE)))
        return out


def share_bounds(s: Shares, confidence: float = 0.95) -> tuple[Floats, Floats]:
    low, high = stats.share_interval(s.share, s.effective_base, confidence, s.degrees_of_freedom)
    return low, high


def try_clients(clients: int, seed: int, orders: bool = True) -> Tally:
    """Every design and every pair of groups, for so many clients; ``orders``: with ranks and tau."""
    tally = Tally()
    for number, (name, draw) in enumerate(DESIGNS.items()):
        rng = np.random.default_rng([seed, number])
        for _ in range(clients):
            shares, truth = draw(rng)
            tally.add("share", name, *share_bounds(shares), truth)
            if orders:
                low, high = stats.rank_intervals(shares.share, shares.covariance, 0.95, rng, shares.degrees_of_freedom)
                tally.add("ranks", name, low, high, stats.ranks(truth), joint=True)
    for number, (one, other) in enumerate(PAIRS):
        rng = np.random.default_rng([seed, 100 + number])
        for _ in range(clients):
            (a, truth_a), (b, truth_b) = DESIGNS[one](rng), DESIGNS[other](rng)
            freedom = (a.degrees_of_freedom, b.degrees_of_freedom)
            bounds = stats.difference_interval(a.share, a.effective_base, b.share, b.effective_base, 0.95, freedom)
            name = f"{one}; {other}"
            tally.add("gap", name, *bounds, truth_a - truth_b)
            if orders:
                low, high = stats.tau_interval((a.share, a.covariance), (b.share, b.covariance), 0.95, rng, freedom)
                tally.add("tau", name, low, high, stats.kendall_tau_b(truth_a, truth_b), joint=True)
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--no-orders", action="store_true", help="leave out ranks and tau")
    given = parser.parse_args()
    rows = try_clients(given.clients, given.seed, not given.no_orders).rows()
    print("| estimand | design | coverage of 95 % intervals | Monte Carlo SE | clients | |")
    print("|--|--|--|--|--|--|")
    for estimand, design, mean, error, clients, good in rows:
        print(f"| {estimand} | {design} | {mean:.2%} | {error:.2%} | {clients} | {'ok' if good else 'OUT'} |")
    return 0 if all(row[-1] for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
