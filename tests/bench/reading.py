"""How long a survey of a million people and thirty reasons takes to read, and how much memory, beside pandas.

    python tests/bench/reading.py [--people 1000000] [--reasons 30]

Each measurement runs in a process of its own; memory is that process's peak minus the peak before the read.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

SEED = 20261031


def write_files(folder: Path, people: int, reasons: int) -> None:
    """A split export (a 0/1 column per reason), a joined one (texts, quoted), and the tables beside them."""
    rng = np.random.default_rng(SEED)
    ticks = rng.random((people, reasons)) < np.linspace(0.4, 0.02, reasons)
    weights = np.round(rng.gamma(8, 1 / 8, people) + 0.05, 6)
    age = rng.choice(["18-34", "35-54", "55+"], people)
    texts = np.array([f"Reason {at}, said at some length" for at in range(reasons)])
    names = [f"q1_{at}" for at in range(reasons)]
    with (folder / "split.csv").open("w", encoding="utf-8", newline="") as out:
        out.write(",".join(["id", "weight", "age", *names, "comment"]) + "\n")
        for at in range(people):
            cells = ",".join("1" if tick else "0" for tick in ticks[at])
            out.write(f"R_{at:08d},{weights[at]},{age[at]},{cells},some words nobody reads\n")
    with (folder / "joined.csv").open("w", encoding="utf-8", newline="") as out:
        out.write("id,weight,age,reasons,comment\n")
        for at in range(people):
            cell = ", ".join(texts[ticks[at]])
            out.write(f'R_{at:08d},{weights[at]},{age[at]},"{cell}",some words nobody reads\n')
    option_lines = [f'reasons,r{at},"{texts[at]}",סיבה {at},,' for at in range(reasons)]
    option_lines += [f"age,a{at},{band},{band},," for at, band in enumerate(("18-34", "35-54", "55+"))]
    header = "question,option,label_en,label_he,accepts,exclusive"
    (folder / "options.csv").write_text("\n".join([header, *option_lines]) + "\n", encoding="utf-8")
    common = ["customers,id,respondent,,", "customers,weight,weight,,", "customers,age,segment,age,"]
    split = [f"customers,q1_{at},choices,reasons,r{at}" for at in range(reasons)]
    for name, lines in (("split", split), ("joined", ["customers,reasons,choices,reasons,"])):
        body = "\n".join(["group,column,role,question,option", *common, *lines]) + "\n"
        (folder / f"columns_{name}.csv").write_text(body, encoding="utf-8")


def by_kesher(folder: str, name: str) -> None:
    from kesher.readers import DataRoot, read_options, read_respondents

    root = DataRoot(folder)
    options = read_options(root, "options.csv")
    read_respondents(root, f"{name}.csv", group="customers", columns_spec=f"columns_{name}.csv", options=options)


def by_pandas(folder: str, name: str) -> None:
    pd.read_csv(Path(folder) / f"{name}.csv")


def _peak() -> float:
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale / 2**20


def _measure(read: Callable[[str, str], None], folder: str, name: str, out: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    import kesher.readers  # noqa: F401  import time is not reading time

    before = _peak()
    start = time.perf_counter()
    read(folder, name)
    out.put((time.perf_counter() - start, _peak() - before))


def measured(read: Callable[[str, str], None], folder: str, name: str, times: int = 3) -> tuple[float, float]:
    """The best of some runs in seconds, and the largest memory in MB."""
    context = multiprocessing.get_context("spawn")
    found = []
    for _ in range(times):
        out = context.Queue()
        process = context.Process(target=_measure, args=(read, folder, name, out))
        process.start()
        found.append(out.get())
        process.join()
    return min(one for one, _ in found), max(one for _, one in found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--reasons", type=int, default=30)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), given.people, given.reasons)
        for name in ("split", "joined"):
            size = (Path(folder) / f"{name}.csv").stat().st_size / 2**20
            ours, ours_memory = measured(by_kesher, folder, name)
            theirs, theirs_memory = measured(by_pandas, folder, name)
            print(
                f"{name}: {given.people:,} x {given.reasons}, {size:,.0f} MB; "
                f"read_respondents {ours:.2f} s, {ours_memory:,.0f} MB; "
                f"pandas.read_csv {theirs:.2f} s, {theirs_memory:,.0f} MB; ratio {ours / theirs:.2f}"
            )


if __name__ == "__main__":
    main()
