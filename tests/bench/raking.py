"""Raking a million respondents to four margins, beside ipfn and balance.

    python tests/bench/raking.py [--respondents 1000000] [--peer-python /path/to/python-with-balance]

Every method starts from the same design weights and is timed from the respondents' table to their weights,
best of three runs. ipfn takes a cell per combination and not a row per respondent, so pandas' grouping before
it and what brings the factors back to respondents are counted with it. balance takes text categories.
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
from ipfn import ipfn

from kesher.survey.weighting import rake

SIZES = {"gender": 2, "age": 6, "region": 7, "education": 5}
PEER = """
import json, logging, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
import balance
from balance.weighting_methods.rake import rake
logging.disable(logging.CRITICAL)
stored = np.load("table.npz")
margins = json.load(open("margins.json"))
table = pd.DataFrame({m: np.array(list(margins[m]), dtype=object)[stored[m]] for m in margins})
weight = pd.Series(stored["weight"])
seconds = []
for _ in range(3):
    began = time.perf_counter()
    out = rake(table, weight, target_df=None, target_weights=None, target_margins=margins,
               target_margins_max_length=10_000, transformations=None)
    seconds.append(time.perf_counter() - began)
np.save("weights.npy", np.asarray(out["weight"], dtype=float))
print(balance.__version__, min(seconds))
"""


def made_up(n: int) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Respondents with design weights, and population margins (in ten-thousandths) some way off theirs."""
    rng = np.random.default_rng(20)
    columns = {m: rng.choice(k, n, p=rng.dirichlet(np.full(k, 20))) for m, k in SIZES.items()}
    table = pd.DataFrame(columns | {"weight": rng.lognormal(0, 0.4, n)})
    return table, {m: rng.multinomial(10_000, rng.dirichlet(np.full(k, 20))) / 1e4 for m, k in SIZES.items()}


def ours(table: pd.DataFrame, targets: dict[str, np.ndarray]) -> np.ndarray:
    codes = [table[m].to_numpy() for m in SIZES]
    return rake(codes, list(targets.values()), table["weight"].to_numpy()).weights


def ipfn_array(table: pd.DataFrame, targets: dict[str, np.ndarray]) -> np.ndarray:
    cells = table.groupby(list(SIZES))["weight"].sum().to_numpy().reshape(tuple(SIZES.values()))
    total = cells.sum()
    fitted = ipfn.ipfn(
        cells.copy(), [t * total for t in targets.values()], [[i] for i in range(4)], convergence_rate=1e-8
    ).iteration()
    factors = fitted / cells
    return np.asarray(table["weight"] * factors[tuple(table[m].to_numpy() for m in SIZES)])


def ipfn_frame(table: pd.DataFrame, targets: dict[str, np.ndarray]) -> np.ndarray:
    cells = table.groupby(list(SIZES), as_index=False)["weight"].sum()
    before = cells["weight"].copy()
    aggregates = [pd.Series(t * before.sum(), index=pd.RangeIndex(t.size, name=m)) for m, t in targets.items()]
    fitted = ipfn.ipfn(cells, aggregates, [[m] for m in SIZES], weight_col="weight", convergence_rate=1e-8).iteration()
    fitted = fitted.set_index(list(SIZES))["weight"].to_numpy() / before.to_numpy()
    merged = table.merge(cells[list(SIZES)].assign(factor=fitted), on=list(SIZES), how="left")
    return np.asarray(merged["weight"] * merged["factor"])


def best_of(run: Callable[[], np.ndarray], times: int = 3) -> tuple[float, np.ndarray]:
    seconds = []
    for _ in range(times):
        began = time.perf_counter()
        weights = run()
        seconds.append(time.perf_counter() - began)
    return min(seconds), weights


def by_peer(python: str, table: pd.DataFrame, targets: dict[str, np.ndarray]) -> tuple[str, float, np.ndarray]:
    """balance's rake in its own interpreter, timed there; categories are text, as it wants them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        np.savez(folder / "table.npz", **{column: table[column].to_numpy() for column in table})
        margins = {m: {f"{m} {i}": round(1e4 * v) for i, v in enumerate(t)} for m, t in targets.items()}
        (folder / "margins.json").write_text(json.dumps(margins))
        (folder / "peer.py").write_text(PEER)
        done = subprocess.run([python, "peer.py"], cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"the peer failed:\n{done.stderr[-2000:]}")
        version, seconds = done.stdout.split()[-2:]
        return f"balance {version}", float(seconds), np.load(folder / "weights.npy")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--respondents", type=int, default=1_000_000)
    parser.add_argument("--peer-python", help="an interpreter that has balance")
    given = parser.parse_args()
    table, targets = made_up(given.respondents)
    rows = [
        ("kesher", *best_of(lambda: ours(table, targets))),
        ("ipfn 1.4.4, array", *best_of(lambda: ipfn_array(table, targets))),
        ("ipfn 1.4.4, data frame", *best_of(lambda: ipfn_frame(table, targets))),
    ]
    if given.peer_python:
        rows.append(by_peer(given.peer_python, table, targets))
    own = rows[0][2] / rows[0][2].sum()
    print(f"| raking {given.respondents:,} respondents, 4 margins | seconds | times ours | weights differ by |")
    print("|--|--|--|--|")
    for name, seconds, weights in rows:
        apart = np.abs(weights / weights.sum() / own - 1).max()
        print(f"| {name} | {seconds:.3f} | {seconds / rows[0][1]:.1f} | {apart:.0e} |")


if __name__ == "__main__":
    main()
