"""Raking a million respondents to four margins, beside ipfn and balance.

    python tests/bench/raking.py [--respondents 1000000] [--peer-python PYTHON]

Every method starts from the same design weights and is timed from the respondents' table to their weights,
best of three runs. ipfn takes a cell per combination and not a row per respondent, so pandas' grouping before
it and what brings the factors back to respondents are counted with it. balance takes text categories. The peers
live in an environment of their own, .venv-peers, made at the first call from peers.txt.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from kesher.survey.weighting import rake

SIZES = {"gender": 2, "age": 6, "region": 7, "education": 5}
HERE = Path(__file__).parent
PEERS = HERE.parents[1] / ".venv-peers"


def made_up(n: int) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Respondents with design weights, and population margins (in ten-thousandths) some way off theirs."""
    rng = np.random.default_rng(20)
    columns = {m: rng.choice(k, n, p=rng.dirichlet(np.full(k, 20))) for m, k in SIZES.items()}
    table = pd.DataFrame(columns | {"weight": rng.lognormal(0, 0.4, n)})
    return table, {m: rng.multinomial(10_000, rng.dirichlet(np.full(k, 20))) / 1e4 for m, k in SIZES.items()}


def ours(table: pd.DataFrame, targets: dict[str, np.ndarray]) -> np.ndarray:
    codes = [table[m].to_numpy() for m in SIZES]
    return rake(codes, list(targets.values()), table["weight"].to_numpy()).weights


def best_of(run: Callable[[], np.ndarray], times: int = 3) -> tuple[float, np.ndarray]:
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        weights = run()
        seconds.append(time.perf_counter() - began)
    return min(seconds), weights


def peers() -> Path:
    """The interpreter of an environment with the peers, made at the first call."""
    python = PEERS / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(HERE / "peers.txt")], check=True)
    return python


def by_peers(python: Path, table: pd.DataFrame, targets: dict[str, np.ndarray]) -> list[tuple[str, float, np.ndarray]]:
    """What the peers need, in seconds, and their weights; balance takes text categories and counts."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "table.npz", **{column: table[column].to_numpy() for column in table})
        margins = {m: {f"{m} {i}": round(1e4 * v) for i, v in enumerate(t)} for m, t in targets.items()}
        (folder / "margins.json").write_text(json.dumps(margins), encoding="utf-8")
        command = [str(python), str(HERE / "_rake_by_peers.py")]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"a peer failed:\n{done.stderr[-2000:]}")
        lines = [line.split("\t") for line in done.stdout.splitlines() if "\t" in line]
        return [(name, float(sec), np.load(folder / f"weights{at}.npy")) for at, (name, sec) in enumerate(lines)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--respondents", type=int, default=1_000_000)
    parser.add_argument("--peer-python", type=Path, help="an interpreter that has balance and ipfn")
    given = parser.parse_args()
    table, targets = made_up(given.respondents)
    rows = [("kesher", *best_of(lambda: ours(table, targets)))]
    rows += by_peers(given.peer_python or peers(), table, targets)
    own = rows[0][2] / rows[0][2].sum()
    print(f"| raking {given.respondents:,} respondents, 4 margins | seconds | times ours | weights differ by |")
    print("|--|--|--|--|")
    for name, seconds, weights in rows:
        apart = np.abs(weights / weights.sum() / own - 1).max()
        print(f"| {name} | {seconds:.3f} | {seconds / rows[0][1]:.1f} | {apart:.0e} |")


if __name__ == "__main__":
    main()
