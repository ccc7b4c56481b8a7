"""Planted truth of whole programmes: does the account hold it, and how often is the verdict wrong?

    python tests/bench/planted_programmes.py [--clients 1000] [--seed 40000] [--kind sample]

Clients are drawn with ``simulate_programme`` from the sample's settings and answered by ``analyse`` as a notebook
would, but for customer value and tactics, which have benchmarks of their own. The account's truth is by month: what
the programme is expected to add to members past their joining month less what was paid; ahead, the members of the
last month at the mean effect, and the mean cost of the last twelve. Ranges of the account are scenario ranges: they
promise no coverage, and it is shown all the same. Prints two markdown tables.
"""

from __future__ import annotations

import argparse
import datetime
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parents[1]))
from simulated_programmes import members_only, settings, tables

from kesher.faults import NotIdentified
from kesher.loyalty import analysis, tactics
from kesher.months import months_of
from kesher.params import LoyaltyRoi, load_client
from kesher.sample import programme as drawing
from kesher.sample.population import Settings
from kesher.sample.programme import Programme, simulate_programme

DRAWS = 4000  # of the account's scenarios; the workbook's default is 10,000


class Leaving(drawing._Client):
    """A client whose customers leave without the others making up for it: the trends are no longer parallel."""

    def _people(self) -> None:
        super()._people()
        self.growth = (self.growth > 0).astype(float)
        self._let_go()

    def _offers(self) -> pd.DataFrame | None:
        offers = super()._offers()
        self._let_go()
        return offers

    def _let_go(self) -> None:
        """Nothing is added to the months of who has left."""
        self.extra, self.lifted = self.extra * self.growth, self.lifted * self.growth


def plain(of: Settings, seed: int) -> Programme:
    return simulate_programme(of, seed)


def leaving(of: Settings, seed: int) -> Programme:
    return Leaving(of, np.random.default_rng(seed)).draw()


Draw = Callable[[Settings, int], Programme]
KINDS: dict[str, tuple[str, Settings, Draw]] = {
    "sample": ("sample", settings(), plain),
    "no effect": ("sample", settings(effect=0.0, offers=None), plain),
    "half of break-even": ("sample", settings(effect=0.092, offers=None), plain),
    "break-even": ("sample", settings(effect=0.184, offers=None), plain),
    "members only": ("sample_members", members_only(), plain),
    "leave for good, 0.5 %": ("sample", settings(leaving=0.005), leaving),
    "leave for good, 2 %": ("sample", settings(leaving=0.02), leaving),
}
SHARE = {"sample": 1.0, "no effect": 0.5}  # of the clients asked for; the others a quarter


def account_truth(drawn: Programme, params: LoyaltyRoi) -> dict[str, float]:
    """Incremental margin, cost and net present value, of the months seen and those ahead."""
    time_, truth, ahead = np.arange(drawn.first_month, drawn.last_month + 1), drawn.truth, params.horizon_months
    assert drawn.costs is not None and drawn.members is not None
    paid = [drawn.costs[["month", "amount"]]]
    if drawn.points is not None:
        used = drawn.points[drawn.points["event"] == "redeemed"]
        paid.append(
            pd.DataFrame({"month": months_of(used["day"]), "amount": used["points"] * (params.point_cost or 0.0)})
        )
    if drawn.offers is not None:
        used = drawn.offers[drawn.offers["redeemed"].notna()]
        paid.append(pd.DataFrame({"month": months_of(used["redeemed"]), "amount": used["cost"]}))
    cost = pd.concat(paid).groupby("month")["amount"].sum().reindex(time_, fill_value=0.0).to_numpy()
    members = float((months_of(drawn.members["joined"]) < drawn.last_month + 1).sum())
    margin = np.append(drawn.lifted.sum(axis=0), np.full(ahead, truth["effect.adjusted"] * members))
    cost = np.append(cost, np.full(ahead, cost[-12:].mean()))
    discount = (1 + params.discount_rate) ** (-(np.arange(len(margin)) - (len(time_) - 1)) / 12)
    return {
        "programme.incremental_margin": float(margin.sum()),
        "programme.cost": float(cost.sum()),
        "programme.npv": float(discount @ (margin - cost)),
    }


def answered(kind: str, seed: int) -> Iterator[tuple[str, Any]]:
    """What one client is told, and what is true of it."""
    client, of, draw = KINDS[kind]
    params = load_client(client, ["loyalty_roi"])["loyalty_roi"].model_copy(update={"draws": DRAWS})
    assert isinstance(params, LoyaltyRoi)
    drawn = draw(of, seed)
    given = tables(drawn)
    study = analysis.analyse(given, params)
    given.purchases.engine.close()
    truth, account, effect = drawn.truth | account_truth(drawn, params), study.account, study.effect
    assert account is not None and effect is not None and study.members is not None
    found: dict[str, Any] = {"effect.adjusted": effect.headline, "members.active_share": study.members.active}
    found["programme.incremental_margin"] = account.incremental_margin
    found |= {"programme.cost": account.cost, "programme.npv": account.npv}
    found["points.breakage_rate"] = study.points.breakage.rate if study.points and study.points.breakage else None
    found["sharing.value_per_share"] = study.sharing.value_per_share if study.sharing else None
    found["rewards.cannibalised_share"] = study.cannibalised.share if study.cannibalised else None
    for id, one in found.items():
        if one is not None:
            value = one.share if id == "members.active_share" else one.value
            yield id, (value, one.low, one.high, truth[id])
    yield "verdict", account.verdict if effect.headline is not None else "refused"
    yield "npv", truth["programme.npv"]
    yield "flags", effect.flags
    yield "naive", effect.naive.value if effect.naive is not None else np.nan
    yield "true", truth["effect.adjusted"]


def coverage(rows: list[dict[str, Any]], kind: str) -> None:
    """A line for each number."""
    for id in [one for one in rows[0] if "." in one]:
        some = np.array([row[id] for row in rows if id in row], dtype=float)
        if id == "members.active_share":  # the chance behind the count, not this client's own members
            some[:, 3] = some[:, 3].mean()
        value, low, high, true = some.T
        held = float(((low <= true) & (true <= high)).mean())
        below, above = float((true > high).mean()), float((true < low).mean())
        scale, width = float(abs(true.mean())), float((high - low).mean())
        bias = f"{(value - true).mean() / scale:+.1%}" if scale > 1e-9 else f"{(value - true).mean():+.2f} (money)"
        print(
            f"| {kind} | `{id}` | {len(some)} | {true.mean():,.4g} | {held:.1%} | {below:.1%} / {above:.1%} "
            f"| {bias} | {width / scale if scale > 1e-9 else np.nan:.0%} |",
            flush=True,
        )


def verdicts(rows: list[dict[str, Any]], kind: str) -> str:
    """A line on what was said where the programme pays and where it does not."""
    table = pd.DataFrame(rows)
    parts = []
    for pays in (True, False):
        of = table[(table["npv"] > 0) == pays]
        counts = of["verdict"].value_counts()
        said = " / ".join(str(int(counts.get(v, 0))) for v in ("pays", "does_not_pay", "cannot_tell", "refused"))
        parts.append(f"{said}" if len(of) else "-")
    wrong = ((table["verdict"] == "pays") & (table["npv"] <= 0)) | (
        (table["verdict"] == "does_not_pay") & (table["npv"] > 0)
    )
    true = float(table["true"].mean())
    naive = float(table["naive"].mean())
    ratio = f"{naive / true:.1f}" if true > 1e-9 and np.isfinite(naive) else "-"
    fragile = np.mean(["fragile" in flags for flags in table["flags"]])
    trend = np.mean(["pre_trend" in flags for flags in table["flags"]])
    cells = (kind, len(table), *parts, f"{wrong.mean():.1%}", ratio, f"{fragile:.0%}", f"{trend:.0%}")
    return f"| {' | '.join(map(str, cells))} |"


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=40_000)
    parser.add_argument("--kind", choices=KINDS, nargs="*")
    options = parser.parse_args()

    def left_out(*_: Any, **__: Any) -> Any:
        raise NotIdentified("unknown")

    analysis._value = left_out
    tactics.study = left_out
    started, said = time.process_time(), []
    print(f"`tests/bench/planted_programmes.py`, {options.clients} clients, {datetime.date.today()}:\n")
    print("| clients | number | n | true | held | true above / below the range | mean error | width / true |")
    print("|--|--|--|--|--|--|--|--|")
    for kind in options.kind or KINDS:
        count = options.clients if options.kind else round(options.clients * SHARE.get(kind, 0.25))
        rows = [dict(answered(kind, options.seed + i)) for i in range(count)]
        coverage(rows, kind)
        said.append(verdicts(rows, kind))
    print("\nIn the two middle columns: said pays / does not pay / cannot tell / refused.\n")
    print("| clients | n | it pays | it does not | wrong verdicts | naive / true | fragile | pre_trend |")
    print("|--|--|--|--|--|--|--|--|")
    print("\n".join(said))
    print(f"\n{(time.process_time() - started) / 60:.1f} CPU minutes.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
