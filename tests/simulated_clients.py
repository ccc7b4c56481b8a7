"""Whole clients drawn from the sample's made-up population: is what the workbook says of each true of all of them?"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from kesher.answers import like_motivation as workbook
from kesher.answers.like_motivation.material import LikeData, Material
from kesher.answers.like_motivation.numbers import numbers
from kesher.params import LikeMotivation, load_client
from kesher.readers import Guesses, Option
from kesher.sample import as_respondents, plant
from kesher.words import same

ROOT = Path(__file__).parents[1]
# Estimands by the band DESIGN.md section 6 rule 7 holds them to: smooth ones 93-97 %, the others at least 93 %.
SMOOTH = ("customers.share.", "expectation.", "ways.", "gap.", "gap_centred.", "segment.", "programmes.")
AT_LEAST = ("rank_gap.", "agreement.", "predictions.", "offers.")


@cache
def settings() -> dict[str, Any]:
    """The sample's population, its respondents without the troubles of a field."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "data/sample/generator.yml").read_text(encoding="utf-8"))
    return found | {"trouble": dict.fromkeys(found["trouble"], 0)}


@cache
def parameters() -> LikeMotivation:
    found = load_client(ROOT / "params" / "sample", ["like_motivation"])["like_motivation"]
    assert isinstance(found, LikeMotivation)
    return found.model_copy(update={"resamples": 200, "quality_exclude": []})


def client(seed: int) -> tuple[Material, dict[str, float]]:
    """One client's study and the truth behind it."""
    planted = plant(settings(), seed)
    customers = as_respondents(planted, settings())
    rows = planted.guesses
    table = pd.DataFrame(
        {
            "guesser": pd.factorize(rows["guesser"])[0],
            "option": rows["option"],
            "guess": rows["guess_percent"] / 100,
            "wave": rows["wave"],
        }
    )
    guesses = Guesses(table, datetime.date(2026, 8, 1), "", True, customers.source)
    options = {
        name: [
            Option(name, option, same(option), (), option in question.exclusive, None)
            for option in question.ticks.columns
        ]
        for name, question in customers.questions.items()
    }
    params = parameters().model_copy(update={"seed": seed})
    data = LikeData(options, customers, guesses, planted.margins, None, None)
    return Material(params, data, workbook.analyse(data, params), pd.DataFrame()), planted.truth


def held(seed: int) -> Iterator[tuple[str, bool]]:
    """Of one client, each number that has a truth and an interval: does the interval hold the truth?"""
    material, truth = client(seed)
    found = numbers(material)
    for id, true in truth.items():
        number = found.get(id)
        if number is not None and number.low is not None and number.high is not None:
            yield id, bool(number.low - 1e-9 <= true <= number.high + 1e-9)
    segments = material.study.segments
    assert segments is not None
    for row in segments.table.to_dict("records"):
        id = f"segment.{row['segment']}.{row['level']}.{row['option']}"
        if id in truth and np.isfinite(row["low_pp"]):
            yield id, bool(row["low_pp"] <= truth[id] <= row["high_pp"])


def coverage(seeds: range) -> pd.DataFrame:
    """Share of clients whose interval holds the truth, by number id: held (0-1), clients."""
    rows = [(id, inside) for seed in seeds for id, inside in held(seed)]
    frame = pd.DataFrame(rows, columns=["id", "held"])
    return frame.groupby("id")["held"].agg(["mean", "count"]).rename(columns={"mean": "held", "count": "clients"})


def families(found: pd.DataFrame) -> pd.DataFrame:
    """Coverage pooled by family of numbers, and the least and the most covered number of each."""
    kinds = (*SMOOTH, *AT_LEAST)
    family = [next((kind for kind in kinds if str(id).startswith(kind)), "?") for id in found.index]
    grouped = found.groupby(pd.Series(family, index=found.index))["held"]
    table = grouped.agg(["mean", "min", "max", "count"])
    return table.loc[[kind for kind in kinds if kind in table.index]]
