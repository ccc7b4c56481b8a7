"""The best sets of networks, timed: every size of 20 networks beside scipy's milp, resamples, a million people.

    python tests/bench/sets.py [--million]

Seconds of CPU, the least of some turns, with one BLAS thread; milp (HiGHS) solves the same problem, maximal
coverage over the distinct patterns, in the same process. The million runs in a process of its own, with its peak
of memory. Prints tables in markdown; exits with status 1 where a bound is broken or milp finds another reach.

With --million a million people go through the whole study instead: their file is read, then the study is made with a
table of networks, goals and hours. The bound is the study's; reading stands beside it.
"""

from __future__ import annotations

import os

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import argparse
import datetime
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kesher.channels.analysis import Known, Limits, analyse
from kesher.channels.sets import SetStudy, from_respondents
from kesher.readers import DataRoot, read_options, read_respondents
from kesher.readers.networks import FUNNEL, NETWORKS, OUTCOMES, TRADITIONAL, no_table
from kesher.readers.tidy import MultiSelect
from kesher.stats import Design, Usage, usage_of
from kesher.stats.usage import SetSearch

BOUNDS = {"all sizes": 0.2, "resampled": 2.0, "million": 5.0}  # seconds
TIMES_MILP = 5
LARGEST = 5


def best(work: Callable[[], Any], turns: int) -> tuple[float, Any]:
    times = []
    for _ in range(turns):
        start = time.process_time()
        answer = work()
        times.append(time.process_time() - start)
    return min(times), answer


def made_up(n: int, chance: np.ndarray, seed: int = 1) -> MultiSelect:
    """People who use many or few networks, each by its chance."""
    rng = np.random.default_rng(seed)
    logit = np.log(chance / (1 - chance))
    ticks = np.empty((n, chance.size), bool)
    for start in range(0, n, 50_000):
        part = ticks[start : start + 50_000]
        part[:] = rng.random(part.shape) < 1 / (1 + np.exp(-logit - 0.8 * rng.standard_normal((len(part), 1))))
    everybody = np.ones(n, bool)
    table = pd.DataFrame(ticks, columns=[f"n{j}" for j in range(chance.size)])
    return MultiSelect("networks", table, everybody, everybody, frozenset())


def study(question: MultiSelect, design: Design | None = None) -> SetStudy:
    return from_respondents(question, question.asked, design or Design.simple(len(question.ticks)), largest=LARGEST)


def every_size(question: MultiSelect) -> list[tuple[int, float]]:
    """Rows to the best set of each size, and its reach."""
    ticks = question.ticks.to_numpy()
    search = SetSearch(usage_of(ticks, np.ones(len(ticks)), list(question.ticks.columns))[0])
    found = [search.best(size) for size in range(1, search.k + 1)]
    return list(zip(found, search.reach(np.array(found)), strict=True))


def by_milp(usage: Usage, size: int) -> float:
    """Largest reach of ``size`` networks: a pattern counts where one of its networks is taken."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_matrix, hstack, identity

    k, p = len(usage.names), usage.masks.size
    uses = csr_matrix((usage.masks[:, None] >> np.arange(k) & 1).astype(float))
    taken = csr_matrix(np.append(np.ones(k), np.zeros(p))[None])
    found = milp(
        np.append(np.zeros(k), -usage.shares),
        integrality=np.append(np.ones(k), np.zeros(p)),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(hstack([-uses, identity(p)]).tocsr(), -np.inf, 0),
            LinearConstraint(taken, 0, size),
        ],
    )
    return float(-found.fun)


def beside_milp() -> bool:
    fine = True
    print("\n| 20 networks, 5,000 people | CPU seconds | times ours, all sizes |\n|---|---|---|")
    for title, chance in {"unlike": np.linspace(0.05, 0.6, 20), "alike": np.linspace(0.25, 0.35, 20)}.items():
        question = made_up(5000, chance)
        seconds, found = best(lambda question=question: every_size(question), 5)
        print(f"| kesher, networks {title}, best set of every size 1-20 | {seconds:.3f} | 1.0 |")
        ticks = question.ticks.to_numpy()
        usage = usage_of(ticks, np.ones(len(ticks)), list(question.ticks.columns))[0]
        took, reach = best(lambda usage=usage: by_milp(usage, 5), 1)
        print(f"| scipy milp (HiGHS), networks {title}, size 5 alone | {took:.2f} | {took / seconds:.0f} |")
        fine &= seconds < BOUNDS["all sizes"] and took > TIMES_MILP * seconds and abs(reach - found[4][1]) < 1e-6
    return fine


def resampled() -> bool:
    fine = True
    print("\n| 1,000 resamples, sizes 1-5, ties and correction | CPU seconds | tied sets of size 5 |\n|---|---|---|")
    for title, n, chance in (
        ("11 networks, 5,000 people, unlike", 5000, np.linspace(0.1, 0.7, 11)),
        ("11 networks, 5,000 people, all alike", 5000, np.full(11, 0.4)),
        ("20 networks, 5,000 people, unlike", 5000, np.linspace(0.05, 0.6, 20)),
        ("20 networks, 5,000 people, nearly alike", 5000, np.linspace(0.25, 0.35, 20)),
        ("40 networks, 5,000 people, unlike (sizes to 4)", 5000, np.linspace(0.02, 0.5, 40)),
        ("11 networks, 50,000 people, weighted, clusters of 10", 50_000, np.linspace(0.1, 0.7, 11)),
    ):
        question, design = made_up(n, chance), Design.simple(n)
        if "clusters" in title:
            design = Design(np.random.default_rng(0).lognormal(0, 0.4, n), clusters=np.arange(n) // 10)
        seconds, found = best(lambda question=question, design=design: study(question, design), 1)
        last = found.sets[-1]
        print(f"| {title} | {seconds:.2f} | {int(last.ranked['tied'].sum()) + last.more_tied} |")
        if title.startswith("11 networks, 5,000"):
            fine &= seconds < BOUNDS["resampled"]
    return fine


def million(weighted: bool) -> dict[str, float]:
    n = 1_000_000
    question, rng = made_up(n, np.linspace(0.1, 0.7, 11)), np.random.default_rng(0)
    design = Design(rng.lognormal(0, 0.4, n), strata=rng.integers(0, 4, n)) if weighted else Design.simple(n)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, _ = best(lambda: study(question, design), 1)
    return {"seconds": seconds, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "before": before}


def millions() -> bool:
    fine = True
    print("| 1,000,000 people, 11 networks, 1,000 resamples, sizes 1-5 | CPU seconds | peak MB | of it data |")
    print("|---|---|---|---|")
    for title in ("plain", "weighted, four strata"):
        command = [sys.executable, __file__, "--sets-of", title]
        found = json.loads(subprocess.check_output(command, text=True))
        print(f"| {title} | {found['seconds']:.2f} | {found['memory']:,.0f} | {found['before']:,.0f} |")
        fine &= found["seconds"] < BOUNDS["million"]
    return fine


def written(folder: Path) -> list[str]:
    """A million people's file of 0 and 1, and its two small tables."""
    ticks = made_up(1_000_000, np.linspace(0.1, 0.7, 11)).ticks
    names = list(ticks.columns)
    lines = ticks.astype(np.uint8).assign(respondent=np.arange(len(ticks)), age=np.arange(len(ticks)) % 3)
    lines.to_csv(folder / "people.csv", index=False)
    roles = ["respondent,respondent,,", "age,segment,age,", *(f"{name},choices,networks,{name}" for name in names)]
    head = "group,column,role,question,option"
    (folder / "columns.csv").write_text("\n".join([head, *(f"audience,{role}" for role in roles)]), encoding="utf-8")
    told = [f"age,a{code},a{code},גיל {code},{code}" for code in range(3)]
    told += [f"networks,{name},{name},{name} בעברית," for name in names]
    head = "question,option,label_en,label_he,accepts"
    (folder / "options.csv").write_text("\n".join([head, *told]), encoding="utf-8")
    return names


def end_to_end(folder: Path) -> dict[str, float]:
    names = [f"n{j}" for j in range(11)]
    rng, each = np.random.default_rng(0), len(names)
    hours, mentions = rng.integers(8, 30, each).astype(float), rng.integers(0, 30, each).astype(float)
    given = {"network": names, "hours_good": hours, "hours_answer": 2.0, "cost": 100.0, "mentions": mentions}
    networks = pd.DataFrame(given | {"leads": rng.integers(0, 25, each).astype(float)})
    networks = networks.reindex(columns=list(NETWORKS))
    goals = pd.DataFrame({"goal": ["reach", "leads", "service"], "weight": [5.0, 3.0, 2.0], "zero": 0.0,
                          "full": [1.0, 40.0, mentions.sum()]})  # fmt: skip
    others = [no_table(columns) for columns in (OUTCOMES, FUNNEL, TRADITIONAL)]
    root = DataRoot(folder)

    def read() -> Any:
        options = read_options(root, "options.csv")
        return read_respondents(root, "people.csv", group="audience", columns_spec="columns.csv", options=options,
                                blanks_are_no=True)  # fmt: skip

    reading, people = best(read, 1)
    limits = Limits(publish_most=3, hours_available=60.0)
    seconds, found = best(lambda: analyse(Known("respondents", people), networks, goals, *others, target=["age=a1|a2"],
                                          limits=limits, as_of=datetime.date(2026, 10, 31)), 1)  # fmt: skip
    assert found.choice is not None and found.audience is not None and found.audience.base > 600_000
    return {"reading": reading, "seconds": seconds,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}  # fmt: skip


def whole_million() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        written(Path(folder))
        found = json.loads(subprocess.check_output([sys.executable, __file__, "--folder", folder], text=True))
    print("| 1,000,000 people, 11 networks, target of two thirds | CPU seconds |\n|---|---|")
    print(f"| reading the file | {found['reading']:.2f} |\n| the whole study | {found['seconds']:.2f} |")
    print(f"\nPeak memory {found['memory']:,.0f} MB.")
    return bool(found["seconds"] < BOUNDS["million"])


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--million", action="store_true", help="only a million people, from their file on")
    arguments.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    arguments.add_argument("--sets-of", help=argparse.SUPPRESS)
    given = arguments.parse_args()
    if given.sets_of or given.folder:
        print(json.dumps(end_to_end(given.folder) if given.folder else million(given.sets_of != "plain")))
        return 0
    if given.million:
        return int(not whole_million())
    fine = [millions(), beside_milp(), resampled()]  # a child's peak begins at its parent's size
    return int(not all(fine))


if __name__ == "__main__":
    sys.exit(main())
