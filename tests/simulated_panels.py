"""Panels of the sample's population with another draw each, through the whole channel study, beside the truth."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from kesher.channels.analysis import ChannelStudy, Known, Limits, analyse
from kesher.readers.networks import FUNNEL, GOALS, NETWORKS, OUTCOMES, TRADITIONAL, no_table
from kesher.readers.tidy import MultiSelect, Respondents, SourceReport
from kesher.sample.channels import Types, plant_panel
from kesher.sample.population import NONE, Settings

FILE = Path(__file__).parents[1] / "data" / "sample" / "channels.yml"


@cache
def settings() -> Settings:
    found: Settings = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def study(seed: int) -> tuple[ChannelStudy, dict[str, float]]:
    """One panel of 1,100, raked, and what is true of its population."""
    panel = plant_panel(settings(), seed)
    drawn = panel.people
    ticks = drawn.filter(like="networks.").rename(columns=lambda name: name.removeprefix("networks."))
    answered = ticks.to_numpy(dtype=bool).any(axis=1)
    question = MultiSelect("networks", ticks, np.ones(len(ticks), dtype=bool), answered, frozenset({NONE}))
    people = pd.DataFrame({"respondent": np.arange(len(drawn)) + 1})
    for name in settings()["segments"]:
        people[f"segment.{name}"] = drawn[name]
    source = SourceReport("planted", "", "planted", "invented", "", len(drawn), drawn.shape[1], ())
    known = Known("respondents", Respondents("audience", people, {"networks": question}, source), margins=panel.margins)
    tables = (no_table(columns) for columns in (NETWORKS, GOALS, OUTCOMES, FUNNEL, TRADITIONAL))
    networks, goals, outcomes, leads, traditional = tables
    target = [f"{name}={'|'.join(levels)}" for name, levels in settings()["target"].items()]
    found = analyse(
        known, networks, goals, outcomes, leads, traditional, target=target, limits=Limits(largest_set=3),
        as_of=datetime.date(2026, 10, 31), resamples=300, seed=seed,
    )  # fmt: skip
    return found, panel.truth


def tally(seeds: Iterable[int]) -> Counter[tuple[str, str]]:
    """How often, by kind of number: the interval held the truth, the ties held the best set; and sums of errors."""
    count: Counter[tuple[str, str]] = Counter()
    for seed in seeds:
        found, truth = study(seed)
        assert found.audience is not None and found.sets is not None
        for row in found.audience.table.to_dict("records"):
            for kind, low, high in (("reach", "low", "high"), ("index", "index_low", "index_high")):
                count[kind, "all"] += 1
                count[kind, "held"] += bool(row[low] <= truth[f"{kind}.{row['network']}"] <= row[high])
        for best in found.sets.sets:
            kind, true = f"sets.{best.size}", truth[f"sets.{best.size}.reach"]
            of_chosen = _true_reach(best.best)
            winner = next(id for id in truth if id.startswith(f"{kind}.best.")).rpartition(".")[2].split("+")
            count[kind, "all"] += 1
            count[kind, "held"] += bool(best.low <= true <= best.high)
            count[kind, "tied"] += {*winner} in [{*one} for one in best.tied]
            count[kind, "corrected"] += best.reach - of_chosen  # type: ignore[assignment]
            count[kind, "observed"] += best.reach_observed - of_chosen  # type: ignore[assignment]
    return count


@cache
def _true_reach(members: tuple[str, ...]) -> float:
    types = Types(settings())
    return types.reach(types.population.share * types.inside(settings()["target"]), members)
