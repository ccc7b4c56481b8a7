"""BG/NBD by maximum likelihood on up to 2.4 million customers, beside pymc-marketing's MAP and lifetimes.

    python tests/bench/value.py [--customers 2400 24000 2400000] [--peer-python PYTHON]

Made-up customers at the parameters published for CDNOW, times in weeks known to the day. pymc-marketing gets
flat priors, so that its maximum a posteriori is the maximum of the likelihood; each fits a small table before
its clock starts, so that imports and compiling are not counted. A process each; the memory is its peak. The
peers live in an environment of their own, .venv-peers-clv, made at the first call from peers-clv.txt. Exits
with status 1 where pymc-marketing is less than ten times slower at the largest size, or parameters differ.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
PEERS = HERE.parents[1] / ".venv-peers-clv"
TIMES = 10
OURS = """
import json, resource, sys, time
import numpy as np
from kesher.loyalty.value import bgnbd
stored = np.load(sys.argv[1])
parts = [stored[name] for name in ("x", "t_x", "T")]
bgnbd.fit(*(part[:2400] for part in parts))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
began, cpu = time.perf_counter(), time.process_time()
fit = bgnbd.fit(*parts)
wall, cpu = time.perf_counter() - began, time.process_time() - cpu
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
found = [fit.r, fit.alpha, fit.a, fit.b]
print(json.dumps({"wall": wall, "cpu": cpu, "memory": memory, "found": found, "rows": fit.rows}))
"""


def made_up(n: int, seed: int = 3) -> dict[str, np.ndarray]:
    """x, t_x, T (n,) in weeks, observed 27 to 39 weeks as CDNOW's customers were."""
    rng = np.random.default_rng(seed)
    T = rng.integers(27 * 7, 39 * 7 + 1, n)
    rate, leaving = rng.gamma(0.243, 1 / 4.414, n) / 7, rng.beta(0.793, 2.426, n)
    x, last, now = np.zeros(n), np.zeros(n), np.zeros(n)
    alive = np.flatnonzero(rate > 0)
    while alive.size:
        now[alive] += rng.exponential(1 / rate[alive])
        alive = alive[now[alive] <= T[alive]]
        x[alive] += 1
        last[alive] = now[alive]
        alive = alive[rng.random(alive.size) > leaving[alive]]
    return {"x": x, "t_x": np.ceil(last) / 7, "T": T / 7}


def peers() -> Path:
    """The interpreter of an environment with the peers, made at the first call."""
    python = PEERS / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(PEERS)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "-r", str(HERE / "peers-clv.txt")], check=True)
    return python


def timed(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"a fit failed:\n{done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, nargs="+", default=[2_400, 24_000, 2_400_000])
    parser.add_argument("--peer-python", type=Path, help="an interpreter that has pymc-marketing and lifetimes")
    given = parser.parse_args()
    peer = str(given.peer_python or peers())
    print("| customers | by | CPU s | wall s | times ours, CPU | wall | peak MB | r, alpha, a, b |")
    print("|--:|--|--:|--:|--:|--:|--:|--|")
    bad = False
    for n in given.customers:
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "histories.npz")
            np.savez(file, **made_up(n))
            results = {"kesher": timed([sys.executable, "-c", OURS, file])}
            for name in ("pymc", "lifetimes"):
                results[name] = timed([peer, str(HERE / "_clv_by_peers.py"), name, file])
        own = results["kesher"]
        for name, found in results.items():
            ratios = [found[clock] / own[clock] for clock in ("cpu", "wall")]
            values = ", ".join(f"{value:.4f}" for value in found["found"])
            label = {"kesher": f"kesher ({own['rows']:,} histories)", "pymc": "pymc-marketing, MAP"}.get(name, name)
            print(f"| {n:,} | {label} | {found['cpu']:.2f} | {found['wall']:.2f} ", end="")
            print(f"| {ratios[0]:.1f} | {ratios[1]:.1f} | {found['memory']:.0f} | {values} |")
            if name == "pymc":
                apart = np.abs(np.array(found["found"]) / own["found"] - 1).max()
                bad |= bool(apart > 0.005) or (n == max(given.customers) and min(ratios) < TIMES)
    sys.exit(bad)


if __name__ == "__main__":
    main()
