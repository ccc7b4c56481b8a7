"""The planted truth of tests/bench/planted_survey.py in small: intervals and lists hold what was planted."""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from kesher.readers.tidy import MultiSelect
from kesher.stats import Design
from kesher.survey import offers, paired, shares

CLIENTS = 25


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parent / "bench" / "planted_survey.py"
    spec = importlib.util.spec_from_file_location("planted_survey", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["planted_survey"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def held(bench: ModuleType) -> pd.DataFrame:
    found: pd.DataFrame = bench.run(CLIENTS, seed=3, n=500, team=100, population=300_000)
    return found


def test_every_band_is_met_within_chance(held: pd.DataFrame) -> None:
    """Four standard errors, at least those of as many independent hits as clients."""
    least = np.sqrt(0.95 * 0.05 / CLIENTS)
    error = held["error"].clip(lower=least / 3)
    outside = held[(held["mean"] < held["low"] - 4 * error) | (held["mean"] > held["high"] + 4 * error)]
    assert outside.empty, outside


@pytest.mark.parametrize("size", [2, 3])
def test_the_correction_takes_away_what_choosing_adds(held: pd.DataFrame, size: int) -> None:
    observed = held.loc[f"observed reach less the truth, pp/{size}"]
    corrected = held.loc[f"corrected reach less the truth, pp/{size}"]
    assert corrected["mean"] < observed["mean"]
    assert abs(corrected["mean"]) < 3 * corrected["error"]


def rivals(n: int, seed: int) -> MultiSelect:
    """Ten offers of which ten pairs are equally good, the hardest case for a choice."""
    ticks = pd.DataFrame(np.random.default_rng(seed).random((n, 5)) < 0.3, columns=[f"o{i}" for i in range(5)])
    everybody = np.ones(n, dtype=bool)
    return MultiSelect("expectations", ticks, everybody, everybody, frozenset())


def test_among_equals_each_stays_in_the_list_and_the_interval_holds_the_true_reach() -> None:
    pair, stays, covered, single = 1 - 0.7**2, [], [], []
    for seed in range(100):
        question = rivals(250, seed)
        found = offers.study(question, "asked", Design.simple(250), largest=2, resamples=200).of(2)
        assert found is not None
        stays.append(len(found.tied) / 10)
        covered.append(found.low <= pair <= found.high)
        side = shares.sampled(question, "asked", Design.simple(250), group="x")
        single.append(len(paired.leaders(side, seed=seed)) / 5)
    # The chance that a given one of the equals stays: the list's mean length over their number.
    for each in (stays, single):
        assert np.mean(each) > 0.95 - 3 * np.std(each) / np.sqrt(len(each))
    assert np.mean(covered) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(covered))


def test_twelve_offers_take_less_than_a_second() -> None:
    rng = np.random.default_rng(1)
    ticks = pd.DataFrame(rng.random((1300, 12)) < np.linspace(0.1, 0.5, 12), columns=[f"o{i}" for i in range(12)])
    everybody = np.ones(1300, dtype=bool)
    question = MultiSelect("expectations", ticks, everybody, everybody, frozenset())
    started = time.process_time()
    offers.study(question, "asked", Design.simple(1300), resamples=1000)
    assert time.process_time() - started < 1
