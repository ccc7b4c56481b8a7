"""From a file of a million respondents and thirty reasons to raked shares with intervals: seconds and peak memory.

    python tests/bench/million.py [--people 1000000]

Beside it the plain way: pandas.read_csv, post-stratified weights, weighted means without intervals. Each runs in
a process of its own, with one BLAS thread as ``kesher run`` sets it. Prints a table in markdown; exits 1 beyond
10 seconds or 2 GB.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from reading import write_files

REASONS = 30
MARGINS = {"age": {"a0": 0.3, "a1": 0.38, "a2": 0.32}}
MOST_SECONDS, MOST_MEGABYTES = 10.0, 2000.0


def kesher(folder: str) -> int:
    from kesher.readers import DataRoot, read_options, read_respondents
    from kesher.survey.sample import design_of, raked
    from kesher.survey.shares import sampled

    root = DataRoot(folder)
    options = read_options(root, "options.csv")
    found = read_respondents(root, "split.csv", group="customers", columns_spec="columns_split.csv", options=options)
    design, _ = raked(found.people, design_of(found.people), MARGINS, (0.2, 5.0))
    return len(sampled(found.questions["reasons"], "asked", design, group="customers").share)


def plain(folder: str) -> int:
    import pandas as pd

    names = [f"q1_{at}" for at in range(REASONS)]
    people = pd.read_csv(Path(folder) / "split.csv", usecols=["weight", "age", *names])
    share = people["weight"].groupby(people["age"]).sum() / people["weight"].sum()
    target = pd.Series({"18-34": 0.3, "35-54": 0.38, "55+": 0.32})
    weight = people["weight"] * people["age"].map(target / share)
    return len(people[names].multiply(weight, axis=0).sum() / weight.sum())


def measured(way: str, folder: str) -> tuple[float, float]:
    command = [sys.executable, __file__, "--way", way, "--folder", folder]
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    seconds, megabytes = subprocess.check_output(command, env=environment, text=True).split()
    return float(seconds), float(megabytes)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--people", type=int, default=1_000_000)
    arguments.add_argument("--way", choices=["kesher", "plain"])
    arguments.add_argument("--folder")
    given = arguments.parse_args()
    if given.way:
        started = time.perf_counter()
        assert {"kesher": kesher, "plain": plain}[given.way](given.folder) == REASONS
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(time.perf_counter() - started, peak)
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), given.people, REASONS)
        plain_way, ours = measured("plain", folder), measured("kesher", folder)
    print(f"\n{given.people:,} respondents by {REASONS} reasons, imports included\n")
    print("| | seconds | peak MB | times the plain way |\n|---|---|---|---|")
    ratio = ours[0] / plain_way[0]
    print(f"| kesher: read, rake, shares, covariances, intervals | {ours[0]:.1f} | {ours[1]:.0f} | {ratio:.1f} |")
    print(f"| plain pandas: read, weight, shares | {plain_way[0]:.1f} | {plain_way[1]:.0f} | 1.0 |")
    return int(ours[0] > MOST_SECONDS or ours[1] > MOST_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
