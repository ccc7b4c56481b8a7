"""``kesher run`` beside papermill alone on the same notebook: five times each, in turns.

papermill does less: it checks no parameter, hashes no input, and writes no report.
The bound is 1.3 (DESIGN.md). Run: python tests/bench/run_overhead.py [repeats]
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARAMETERS = [ROOT / "params" / "sample" / name for name in ("client.yml", "like_motivation.yml")]
NOTEBOOK = ROOT / "notebooks" / "like_motivation.ipynb"
BOUND = 1.3


def seconds(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a command, with all it started."""
    started, before = time.perf_counter(), os.times()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    after = os.times()
    used = after.children_user - before.children_user + after.children_system - before.children_system
    return time.perf_counter() - started, used


def main(repeats: int = 5) -> int:
    kesher = [sys.executable, "-m", "kesher", "run", "sample", "-w", "like_motivation", "--force"]
    papermill = [sys.executable, "-m", "papermill", str(NOTEBOOK), "out.ipynb", "--no-progress-bar"]
    papermill += [part for path in PARAMETERS for part in ("-f", str(path))]
    taken: dict[str, list[tuple[float, float]]] = {"kesher": [], "papermill": []}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        commands = {"kesher": [*kesher, "--out", str(folder / "reports")], "papermill": papermill}
        for command in commands.values():
            seconds(command, folder)  # files read once, so that neither pays for a cold disk
        for turn in range(repeats):
            for name in sorted(commands, reverse=bool(turn % 2)):
                taken[name].append(seconds(commands[name], folder))
    medians = {name: statistics.median(wall for wall, _ in pairs) for name, pairs in taken.items()}
    for name, pairs in taken.items():
        cpu = statistics.median(used for _, used in pairs)
        each = " ".join(f"{wall:.2f}" for wall, _ in pairs)
        print(f"{name:10} median {medians[name]:5.2f} s   CPU {cpu:5.2f} s   each {each}")
    ratio = medians["kesher"] / medians["papermill"]
    print(f"ratio      {ratio:.2f} (bound {BOUND}), load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    return int(ratio > BOUND)


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:2])))
