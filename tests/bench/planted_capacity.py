"""Do ties within capacity, intervals of costs and stop rules keep their promises on made-up clients?

    python tests/bench/planted_capacity.py [--clients 1000] [--jobs 2]

Clients of 500 weighted respondents, some in clusters, seven networks, sets of one to three within 60 hours, for some
with a network forced in and little money, reach, leads and service weighed 6 : 2 : 1 (networks hardly apart: all take
and bring the same): the tied list has to hold the truly best set in at least
95 %. Counts from known means: intervals of cost per lead, of contact costs' ratio and of lead rates have to hold the
truth in at least 93 %, discrete as they are. Trials of networks that do just what was expected: the rule may stop at
most 10 %. Exits 1 when one does not.
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import pandas as pd
from simulated_capacity import planted, stopped

from kesher.channels.funnel import funnel, per_contact

DRAWS = 20_000


def counted(rng: np.random.Generator, clicks: float, rate: float, draws: int = DRAWS) -> dict[str, float]:
    """How often a lead rate's and a cost per lead's intervals hold the truth."""
    seen = rng.poisson(clicks, draws).astype(float)
    leads = rng.binomial(seen.astype(int), rate).astype(float)
    names = [f"n{i}" for i in range(draws)]
    found = funnel(pd.DataFrame({"network": names, "clicks": seen, "leads": leads, "cost": 1000.0}))
    cost, rates = 1000 / (clicks * rate), found[found["lead_rate_code"] == ""]
    holds_cost = (found["cost_per_lead_low"] <= cost) & (cost <= found["cost_per_lead_high"].fillna(np.inf))
    holds_rate = (rates["lead_rate_low"] <= rate) & (rate <= rates["lead_rate_high"])
    return {"cost per lead": float(holds_cost.mean()), "lead rate": float(holds_rate.mean())}


def compared(rng: np.random.Generator, one: float, other: float, draws: int = 1000) -> tuple[float, float]:
    """How often the interval of the ratio holds the truth, and how often two are called different; the first is
    so much cheaper that it is always the one compared with."""
    held, different = [], []
    for a, b in rng.poisson((one, other), (draws, 2)) + 0.0:
        table = pd.DataFrame({"network": ["a", "b"], "clicks": [a, b], "cost": [100.0, 900.0]})
        row = per_contact(funnel(table)).set_index("channel").loc["b"]
        held.append(row["ratio_low"] <= 9 * one / other <= row["ratio_high"])
        different.append(row["distinct"])
    return float(np.mean(held)), float(np.mean(different))


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=1000)
    arguments.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = arguments.parse_args()
    rng = np.random.default_rng(1)
    with ProcessPoolExecutor(given.jobs) as pool:
        rows = []
        for kind, apart in (("as they come", 0.9), ("hardly apart", 0.03)):
            held = list(pool.map(partial(planted, apart=apart), range(given.clients), chunksize=20))
            rows.append((f"tied list holds the best set, networks {kind}", float(np.mean(held)), 0.95, 1.0))
    for clicks, rate in ((60, 0.05), (400, 0.03), (5000, 0.02)):
        for name, held in counted(rng, clicks, rate).items():
            rows.append((f"{name}, {clicks * rate:.0f} leads expected", held, 0.93, 1))
    for one, other in ((60, 25), (900, 400)):
        rows.append((f"ratio of contact costs, {one} and {other} contacts", compared(rng, one, other)[0], 0.93, 1))
    for mean in (3, 11.5, 60, 900):
        rows.append((f"good networks stopped, {mean} expected", stopped(mean, 100_000, 1), 0, 0.10))
    print("| number | found | band |\n|---|---|---|")
    for name, found, low, high in rows:
        print(f"| {name} | {found:.1%} | {low:.0%}-{high:.0%} |")
    # Shares of so many draws may miss their band by chance: two standard errors.
    return int(any(not low - 0.014 * (low == 0.95) <= found <= high + 0.002 for _, found, low, high in rows))


if __name__ == "__main__":
    sys.exit(main())
