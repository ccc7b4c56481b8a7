"""Do intervals of the active share and of tactics' lifts hold what was planted? 1,000 whole clients of two kinds.

python tests/bench/planted_tactics.py [clients]
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))
from simulated_programmes import members_only, settings

from kesher.loyalty import members, tactics
from kesher.sample import simulate_programme

AS_OF = datetime.date(2026, 10, 31)


def main(clients: int) -> None:
    rows = []
    crossed = []
    shares = []
    for seed in range(clients):
        for kind, of in (("sample", settings(shares=None)), ("members only", members_only())):
            drawn = simulate_programme(of, 10_000 + seed)
            study = members.study(drawn.members, as_of=AS_OF, points=drawn.points)
            shares.append((kind, study.active.low, study.active.high, drawn.truth["members.active_share"]))
            if drawn.offers is None:
                continue
            found = tactics.study(drawn.offers, drawn.monthly(), last_month=drawn.last_month)
            for row in found.decay.itertuples():
                planted = drawn.truth[f"tactics.{row.tactic}.lift_{row.month}"]
                rows.append((f"lift, {row.tactic}", row.low <= planted <= row.high))
            for row in found.table.itertuples():
                planted = sum(drawn.truth[f"tactics.{row.tactic}.lift_{k}"] for k in range(row.months))
                if row.months:
                    rows.append(("lift of all months", row.lift_low <= planted <= row.lift_high))
            crossed.append(found.crossover.month)
    # The chance behind the count is of members like these: the mean over clients, whose own members differ by chance.
    for kind, of in pd.DataFrame(shares, columns=["kind", "low", "high", "true"]).groupby("kind"):
        inside = (of["low"] <= of["true"].mean()) & (of["true"].mean() <= of["high"])
        rows += [(f"active share, {kind}", held) for held in inside]
    table = pd.DataFrame(rows, columns=["number", "held"]).groupby("number")["held"].agg(["mean", "count"])
    for number, row in table.iterrows():
        print(f"| {number} | {100 * row['mean']:.2f}% | {int(row['count'])} |")
    months = pd.Series(crossed)
    print(f"crossover found in {months.notna().mean():.1%}, before the true month in {(months < 1).mean():.2%}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
