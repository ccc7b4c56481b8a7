"""The incremental effect of 100,000 members by 24 months, beside diff-diff on the same panel.

    python tests/bench/effect.py [--customers 100000]

CPU seconds and peak memory, each in a process of its own, after imports; diff-diff from its long table, ours
from the dense panel that the readers hand over. Exits with status 1 beyond twice diff-diff's time.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd

from kesher.loyalty.effect import cohorts, identify, staggered
from kesher.readers.ledger.summaries import Panel

MONTHS, FIRST = 24, 2024 * 12


def made(customers: int) -> Panel:
    """Half of the customers join in one of twelve months."""
    rng = np.random.default_rng(1)
    joined = np.where(rng.random(customers) < 0.5, FIRST + rng.integers(9, 21, customers), -1)
    months = FIRST + np.arange(MONTHS)
    value = (
        rng.lognormal(3, 0.5, (customers, 1))
        * (rng.random((customers, MONTHS)) < 0.5)
        * rng.lognormal(0, 0.5, (customers, MONTHS))
    )
    value += 2.0 * ((months >= joined[:, None]) & (joined[:, None] >= 0))
    orders = (value > 0).astype(np.int32)
    return Panel(np.arange(customers), months, value, orders, joined, np.full(customers, FIRST - 3))


def run(engine: str, customers: int) -> dict[str, float]:
    """One engine in this process."""
    panel = made(customers)
    if engine == "diff-diff":
        from diff_diff import CallawaySantAnna

        table = pd.DataFrame(
            {
                "unit": np.repeat(panel.customers, MONTHS),
                "month": np.tile(panel.months, customers),
                "joined": np.repeat(np.where(panel.joined < 0, 0, panel.joined), MONTHS),
                "value": panel.value.ravel(),
            }
        )
        warnings.simplefilter("ignore")
        start = time.process_time()
        fit = CallawaySantAnna(control_group="not_yet_treated", base_period="universal").fit(
            table, "value", "unit", "month", "joined", aggregate="all"
        )
        value, se = fit.overall_att, fit.overall_se
    elif engine == "ours":
        start = time.process_time()
        found = cohorts.effects(panel, controls="not_yet_and_never")
        simple = staggered.aggregated(found, "not_yet_and_never", pre_months=6, drop_before=0, first=0).simple
        value, se = simple.value, simple.se
    else:
        start = time.process_time()
        headline = identify(panel).headline
        assert headline is not None
        value, se = headline.value, headline.se
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"seconds": seconds, "gigabytes": peak, "value": float(value), "se": float(se)}


def main() -> int:
    """Print a markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--engine")
    options = parser.parse_args()
    if options.engine:
        print(json.dumps(run(options.engine, options.customers)))
        return 0
    print(f"`tests/bench/effect.py`, {options.customers:,} customers by {MONTHS} months:\n")
    print("| | CPU s | peak GB | effect | standard error |\n|--|--|--|--|--|")
    found = {}
    for engine in ("ours", "diff-diff", "every design (identify)"):
        command = [sys.executable, str(Path(__file__)), "--customers", str(options.customers), "--engine", engine]
        found[engine] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        row = found[engine]
        print(f"| {engine} | {row['seconds']:.2f} | {row['gigabytes']:.2f} | {row['value']:.6f} | {row['se']:.6f} |")
    return int(found["ours"]["seconds"] > 2 * found["diff-diff"]["seconds"])


if __name__ == "__main__":
    sys.exit(main())
