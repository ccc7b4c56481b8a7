"""Planted truth of the incremental effect: how often do the intervals of made-up clients hold it?

    python tests/bench/planted_effect.py [--clients 1000] [--seed 11] [--design staggered]

Every client's members chose to join: they spent more before, so that members' margin exceeds the others' by
about five times what joining does. Levels differ between customers, months have seasons, margins are zero in
months without a purchase and heavy-tailed in the others, the effect differs between members and grows over
their first months. Prints a markdown table; exits with status 1 when the coverage of a 95 % interval is outside
93-97 %, or when more than 7 % of the clients without any effect are said to have one.
"""

from __future__ import annotations

import argparse
import datetime
import sys
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.loyalty.effect import EffectStudy, identify
from kesher.readers.ledger.summaries import Panel

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
MONTHS, FIRST = 24, 2024 * 12
DESIGNS = ("holdout", "holdout, 60 % join", "staggered", "staggered, few controls", "joiners", "joiners, two dates")
EFFECT = 1.5  # money per member and month, once full


@dataclass(frozen=True)
class Client:
    """A panel without any effect, who joined, and what the effect is by customer."""

    panel: Panel
    effect: Floats  # (n,) of a member, once full
    holdout: pd.DataFrame | None


def shopping(rng: np.random.Generator, n: int) -> tuple[Floats, Floats]:
    """Levels (n,) and margins (n, months) without any programme: seasons, months without a purchase, heavy tails."""
    level = rng.lognormal(0, 0.5, n)
    visits = np.clip(0.35 + 0.2 * np.log(level) + rng.normal(0, 0.1, n), 0.1, 0.95)
    season = 1 + 0.3 * np.sin(2 * np.pi * (np.arange(MONTHS) + rng.integers(12)) / 12) + rng.normal(0, 0.08, MONTHS)
    basket = 25 * np.abs(rng.standard_t(4, (n, MONTHS))) * level[:, None]
    return level, (rng.random((n, MONTHS)) < visits[:, None]) * basket * season


def client(rng: np.random.Generator, design: str, effect: float, n: int = 800) -> Client:
    """One client whose data allow ``design``; the effect is ``effect`` on average, of a member, once full."""
    level, margin = shopping(rng, n)
    keen = np.log(level) / 0.5 + rng.normal(0, 0.7, n)  # who spends more wants to join
    joined, holdout = np.full(n, -1), None
    if design.startswith("staggered"):
        member = keen > (np.quantile(keen, 0.45) if "few" not in design else -np.inf)
        joined[member] = FIRST + rng.integers(9, 27, member.sum())
        joined[joined >= FIRST + MONTHS] = -1 if "few" not in design else FIRST + MONTHS - 1
    elif design.startswith("joiners"):
        joined = by_what_the_till_saw(rng, margin, 1 if "dates" not in design else 2)
    else:
        take_up = 0.6 if "join" in design else 1.0
        treated = rng.random(n) < 0.5
        joins = treated & (keen > np.quantile(keen, 1 - take_up)) if take_up < 1 else np.ones(n, bool)
        joined[joins] = FIRST + 12 if take_up < 1 else FIRST + 2
        since = np.repeat(np.datetime64("2025-01-01"), n)
        holdout = pd.DataFrame({"customer": np.arange(n), "treated": treated, "since": since})
    months = FIRST + np.arange(MONTHS)
    panel = Panel(np.arange(n), months, margin, (margin > 0).astype(np.int32), joined, np.full(n, FIRST - 3))
    return Client(panel, effect * rng.gamma(4, 0.25, n), holdout)


def by_what_the_till_saw(rng: np.random.Generator, margin: Floats, dates: int) -> Integers:
    """Joining after months 11 (and 13) with a chance that is logistic in margins, cut at the 99th percentile."""
    joined = np.full(len(margin), -1)
    for date in range(12, 12 + 2 * dates, 2):
        before = margin[:, date - 7 : date - 1]
        x = np.minimum(before, np.quantile(before, 0.99, axis=0)).mean(axis=1)
        x = (x - x.mean()) / x.std()
        chance = 1 / (1 + np.exp(-(0.7 * x - 0.6 - 0.5 * (dates > 1))))
        joined[(joined < 0) & (rng.random(len(margin)) < chance)] = FIRST + date
    return joined


def course(event: Integers) -> Floats:
    """Share of the full effect so many months after joining (none before, little in the joining month)."""
    return np.where(event < 0, 0.0, 1 - 0.5 * np.exp(-np.maximum(event, 0) / 4))


def lived(made: Client) -> Panel:
    """The panel as it came out, with the effect."""
    panel = made.panel
    event = panel.months - panel.joined[:, None]
    full = course(event) if made.holdout is None else (event >= 0).astype(float)
    treated = panel.joined >= 0
    if made.holdout is not None:
        treated &= made.holdout["treated"].to_numpy()
        full *= panel.months >= FIRST + 12
    value = panel.value + np.where(treated[:, None], made.effect[:, None] * full, 0.0)
    return replace(panel, value=value)


def truth(made: Client, study: EffectStudy, effect: float) -> float:
    """The mean effect over the member-months that the study speaks of."""
    if study.staggered is not None and study.design == "staggered":
        cells = study.staggered.cells
        event = (cells["month"] - cells["joined"]).to_numpy()
        weight = np.where(event >= 1, cells["members"], 0.0)
        return effect * float(weight @ course(event) / weight.sum())
    if study.joiners is not None and study.design == "joiners":
        dates = study.joiners.dates
        months = [np.arange(1, FIRST + MONTHS - date) for date in dates["joined"]]
        weight = dates["members"].to_numpy() * np.array([len(m) for m in months])
        return effect * float(weight @ [course(m).mean() for m in months] / weight.sum())
    return effect


def simulated(design: str, effect: float, clients: int, seed: int) -> pd.DataFrame:
    """One row per client: truth, value, low, high, naive, and whether its design led."""
    rows = []
    for i in range(clients):
        rng = np.random.default_rng([seed, DESIGNS.index(design), int(effect > 0), i])
        made = client(rng, design, effect)
        study = identify(lived(made), holdout=made.holdout)
        e, naive = study.headline, study.naive
        if e is None:  # no overlap: refused whatever the effect
            rows.append((effect, *[np.nan] * 5))
            continue
        assert study.design == design.split(",")[0], (study.design, study.reasons)
        rows.append((truth(made, study, effect), e.value, e.se, e.low, e.high, naive.value if naive else np.nan))
    return pd.DataFrame(rows, columns=["truth", "value", "se", "low", "high", "naive"])


def main() -> int:
    """Print the table; 1 when a band is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--design", choices=DESIGNS)
    options = parser.parse_args()
    print(f"`tests/bench/planted_effect.py`, {options.clients} clients each, {datetime.date.today()}:\n")
    print("| design | coverage | Monte Carlo SE | bias/SD | SE/SD | naive/truth | called without effect | refused | |")
    print("|--|--|--|--|--|--|--|--|--|")
    missed = 0
    for design in [options.design] if options.design else DESIGNS:
        found = simulated(design, EFFECT * (2 if design.startswith("staggered") else 1), options.clients, options.seed)
        none = simulated(design, 0.0, options.clients, options.seed)
        refused = float(found["value"].isna().mean())
        found, none = found.dropna(subset="value"), none.dropna(subset="value")
        held = float(((found["low"] <= found["truth"]) & (found["truth"] <= found["high"])).mean())
        called = float(((none["low"] > 0) | (none["high"] < 0)).mean())
        error = found["value"] - found["truth"]
        ok = 0.93 <= held <= 0.97 and called <= 0.07
        missed += not ok
        print(
            f"| {design} | {held:.1%} | {(held * (1 - held) / len(found)) ** 0.5:.1%} "
            f"| {error.mean() / error.std():.2f} "
            f"| {found['se'].mean() / error.std():.2f} | {found['naive'].mean() / found['truth'].mean():.1f} "
            f"| {called:.1%} | {refused:.1%} | {'ok' if ok else 'MISSED'} |",
            flush=True,
        )
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
