"""Do the intervals of the whole like-motivation workbook hold the planted truth, over a thousand made-up clients?

    python tests/bench/planted_clients.py [--clients 1000] [--jobs 2]

Every client is a survey of the sample's population with its non-response, raked, and nine sealed guesses. Prints
coverage by family of numbers; exits 1 when a family leaves its band: 93-97 % for smooth estimands, at least 93 %
for ranks, tau, the surprise and the reach of a chosen set (DESIGN.md section 6 rule 7).
"""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).parents[1]))

import pandas as pd
from simulated_clients import SMOOTH, coverage, families

BLOCK = 20
LEAST, MOST = 0.93, 0.97


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=1000)
    arguments.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = arguments.parse_args()
    blocks = [range(start, min(start + BLOCK, given.clients)) for start in range(0, given.clients, BLOCK)]
    with ProcessPoolExecutor(given.jobs) as pool:
        parts = pd.concat(pool.map(coverage, blocks))
    hits = (parts["held"] * parts["clients"]).groupby(parts.index).sum()
    clients = parts["clients"].groupby(parts.index).sum()
    found = families(pd.DataFrame({"held": hits / clients, "clients": clients}))
    print(f"\n{given.clients} clients, 1,229 raked respondents each\n")
    print("| numbers | how many | held | least | most | band |\n|---|---|---|---|---|---|")
    outside = 0
    for kind, row in found.iterrows():
        smooth = kind in SMOOTH
        outside += bool(row["mean"] < LEAST or (smooth and row["mean"] > MOST))
        band = "93-97 %" if smooth else "at least 93 %"
        print(f"| `{kind}*` | {row['count']:.0f} | {row['mean']:.1%} | {row['min']:.1%} | {row['max']:.1%} | {band} |")
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
