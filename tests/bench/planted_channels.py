"""Does the whole channel workbook recover the planted truth, over a thousand panels of the sample's population?

    python tests/bench/planted_channels.py [--clients 1000] [--jobs 2]

Every client is a panel of 1,100 with unequal selection, raked; the target is about 320 of them. Prints how often
intervals hold the truth and the tied list the truly best set, and by how much the reach of the chosen set is off as
observed and as corrected; exits 1 when a figure leaves its band (DESIGN.md section 6 rule 7).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
sys.path.insert(0, str(Path(__file__).parents[1]))

from simulated_panels import tally

BLOCK = 10
LEAST, MOST, TIED, OFF = 0.93, 0.97, 0.95, 0.003


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--clients", type=int, default=1000)
    arguments.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    given = arguments.parse_args()
    blocks = [range(start, min(start + BLOCK, given.clients)) for start in range(0, given.clients, BLOCK)]
    with ProcessPoolExecutor(given.jobs) as pool:
        found: Counter[tuple[str, str]] = Counter()
        for part in pool.map(tally, blocks):
            for key, value in part.items():
                found[key] += value
    print(f"\n{given.clients} panels of 1,100, raked\n")
    print("| numbers | held | tied list holds the best | observed − true, pp | corrected − true, pp |")
    print("|---|---|---|---|---|")
    outside = 0
    for kind in dict.fromkeys(kind for kind, _ in found):
        n, sets = found[kind, "all"], kind.startswith("sets")
        held = found[kind, "held"] / n
        outside += held < LEAST or (not sets and held > MOST)
        cells = [f"{held:.1%}", "", "", ""]
        if sets:
            tied, observed, corrected = (found[kind, of] / n for of in ("tied", "observed", "corrected"))
            outside += tied < TIED or abs(corrected) > OFF
            cells[1:] = [f"{tied:.1%}", f"{100 * observed:+.2f}", f"{100 * corrected:+.2f}"]
        print(f"| `{kind}*` | {' | '.join(cells)} |")
    return int(outside > 0)


if __name__ == "__main__":
    sys.exit(main())
