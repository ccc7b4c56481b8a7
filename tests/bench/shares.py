"""A million respondents and thirty reasons: raking, all shares with their intervals, peak of memory.

    python tests/bench/shares.py [--respondents 1000000] [--plain]

Beside it, in a process of its own, the plain way: raking row by row, for every reason a weighted mean in
numpy and statsmodels' Wilson interval on Kish's effective base, which knows nothing of what raking does to
the variance, of covariances, clusters or segments. Prints a table in markdown.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time

import numpy as np

SIZES = (2, 6, 7, 5)
Sample = tuple[np.ndarray, list[np.ndarray], list[np.ndarray], np.ndarray]


def made_up(n: int) -> Sample:
    """Ticks of thirty reasons, codes and targets of four margins, design weights."""
    rng = np.random.default_rng(30)
    codes = [rng.choice(k, n, p=rng.dirichlet(np.full(k, 20))) for k in SIZES]
    chance = rng.uniform(0.05, 0.6, 30)
    ticks = np.empty((n, 30), bool)
    for start in range(0, n, 50_000):
        rows = slice(start, start + 50_000)
        ticks[rows] = rng.random(ticks[rows].shape) < chance + 0.02 * codes[1][rows, None]
    targets = [rng.dirichlet(np.full(k, 20)) for k in SIZES]
    return ticks, codes, targets, rng.lognormal(0, 0.4, n)


def ours(ticks: np.ndarray, codes: list[np.ndarray], targets: list[np.ndarray], start: np.ndarray) -> np.ndarray:
    from kesher.stats import Design, estimate_shares, share_interval
    from kesher.survey.weighting import rake

    raked = rake(codes, targets, start)
    design = Design(raked.weights, calibration=tuple(codes))
    shares = estimate_shares(ticks, np.ones(len(start), bool), design)
    low, high = share_interval(shares.share, shares.effective_base, 0.95, shares.degrees_of_freedom)
    return np.array([shares.share, low, high])


def plain(ticks: np.ndarray, codes: list[np.ndarray], targets: list[np.ndarray], start: np.ndarray) -> np.ndarray:
    from statsmodels.stats.proportion import proportion_confint

    weights = start.copy()
    for _ in range(20):
        for code, target in zip(codes, targets, strict=True):
            held = np.bincount(code, weights, minlength=target.size)
            weights *= (target * weights.sum() / held)[code]
    base = weights.sum() ** 2 / (weights**2).sum()
    out = []
    for reason in range(ticks.shape[1]):
        share = np.average(ticks[:, reason], weights=weights)
        out.append([share, *proportion_confint(share * base, base, method="wilson")])
    return np.array(out).T


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--respondents", type=int, default=1_000_000)
    parser.add_argument("--plain", action="store_true", help="only the plain way")
    given = parser.parse_args()
    sample = made_up(given.respondents)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = []
    for _ in range(3):
        began = time.perf_counter()
        found = (plain if given.plain else ours)(*sample)
        seconds.append(time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if not given.plain:
        print(f"| {given.respondents:,} x 30 reasons | first, s | best, s | data, MB | peak, MB | mean width |")
        print("|--|--|--|--|--|--|")
    name = "plain: numpy, statsmodels" if given.plain else "kesher: rake, linearised variances"
    width = 100 * (found[2] - found[1]).mean()
    print(f"| {name} | {seconds[0]:.2f} | {min(seconds):.2f} | {held:.0f} | {peak:.0f} | {width:.3f} pp |", flush=True)
    if not given.plain:
        command = [sys.executable, __file__, "--respondents", str(given.respondents), "--plain"]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
