"""Over a thousand and more made-up ledgers: does the breakage interval hold what came true?

Run with ``python tests/bench/planted_points.py``; prints the table kept in RESULTS.md and exits with 1 if an
interval covers less than it says it does for capped quantities (93 %).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from simulated_points import planted_ledger

from kesher.faults import NotIdentified
from kesher.loyalty.points import fifo
from kesher.loyalty.points.breakage import breakage

SETTINGS: list[tuple[str, int, dict[str, int]]] = [
    ("points live 12 months, 1,500 customers", 1000, {}),
    ("points live 24 months, 1,500 customers", 1000, {"expire": 24}),
    ("points live 12 months, 300 customers", 1000, {"customers": 300}),
    ("points never expire, 600 customers, 36 months", 1000, {"customers": 600, "expire": 0, "months": 36}),
]


def main(only: str = "") -> int:
    print("| ledgers | simulated | refused | covers | Mack's alone | mean error | half width | true rate |")
    print("|---|---|---|---|---|---|---|---|")
    worst = 1.0
    for name, count, setting in SETTINGS:
        if only not in name:
            continue
        held, plain, error, half, truth = [], [], [], [], []
        for seed in range(count):
            planted = planted_ledger(seed, **setting)
            try:
                found = breakage(fifo(planted.ledger, planted.last), points_expire=setting.get("expire", 12))
            except NotIdentified:
                continue
            issued = found.lots["issued"].sum()
            held.append(found.rate.low <= planted.breakage <= found.rate.high)
            error.append(found.rate.value - planted.breakage)
            plain.append(abs(error[-1]) <= 1.96 * found.mack_standard_error / issued)
            half.append((found.rate.high - found.rate.low) / 2)
            truth.append(planted.breakage)
        worst = min(worst, float(np.mean(held)))
        print(
            f"| {name} | {count} | {count - len(held)} | {np.mean(held):.1%} | {np.mean(plain):.1%} "
            f"| {100 * np.mean(error):+.2f} pp | {100 * np.mean(half):.1f} pp | {np.mean(truth):.1%} |",
            flush=True,
        )
    return int(worst < 0.93)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
