"""The best sets of networks: who is considered, what is forced, what is refused, rows against a joint distribution."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kesher.channels.sets import SetStudy, from_joint, from_respondents
from kesher.faults import NotIdentified
from kesher.readers.tidy import MultiSelect
from kesher.stats import Design, Usage, usage_of

NAMES = ("facebook", "instagram", "x", "telegram", "tiktok", "reddit")


def ticks_of(n: int = 240, chance: Any = (0.6, 0.45, 0.3, 0.25, 0.2, 0.0), seed: int = 1) -> pd.DataFrame:
    chance = np.asarray(chance)
    names = NAMES[: chance.size] if chance.size <= len(NAMES) else tuple(f"n{j}" for j in range(chance.size))
    return pd.DataFrame(np.random.default_rng(seed).random((n, chance.size)) < chance, columns=list(names))


def studied(ticks: pd.DataFrame, rows: Any = None, design: Design | None = None, **options: Any) -> SetStudy:
    n = len(ticks)
    everybody = np.ones(n, bool)
    question = MultiSelect("networks", ticks, everybody, everybody, options.pop("exclusive", frozenset()))
    options = {"largest": 3, "resamples": 200} | options
    return from_respondents(question, everybody if rows is None else rows, design or Design.simple(n), **options)


def joint(ticks: pd.DataFrame) -> Usage:
    return usage_of(ticks.to_numpy(), np.ones(len(ticks)), list(ticks.columns))[0]


def code_of(call: Callable[[], Any]) -> str:
    with pytest.raises(NotIdentified) as refused:
        call()
    return refused.value.code


class TestConsidered:
    def test_who_is_left_out_and_why(self) -> None:
        ticks = ticks_of().assign(other=True, none=False)
        presence = ticks["tiktok"].mean()
        found = studied(ticks, exclusive=frozenset({"none"}), forced_out=["facebook"], minimum_presence=presence + 1e-6)
        assert found.left_out == {"facebook": "forced_out", "tiktok": "below_presence", "reddit": "no_users"}
        assert found.considered == ("instagram", "x", "telegram") == found.usage.names
        assert studied(ticks, exclusive=frozenset({"none"}), minimum_presence=presence).left_out.get("tiktok") is None

    def test_those_left_out_stay_in_the_base(self) -> None:
        ticks = ticks_of()
        found = studied(ticks, forced_out=["facebook", "instagram"]).of(2)
        pairs = {(a, b): ticks[[a, b]].any(axis=1).mean() for a, b in [("x", "telegram"), ("x", "tiktok")]}
        assert found is not None and found.best == max(pairs, key=lambda pair: pairs[pair])
        assert found.reach_observed == pytest.approx(max(pairs.values()))

    def test_forced_in_are_in_every_set_even_below_presence(self) -> None:
        found = studied(ticks_of(), forced_in=["tiktok", "x"], minimum_presence=0.28)
        assert [one.size for one in found.sets] == [2, 3] and found.of(1) is None
        assert all({"x", "tiktok"} <= {*names} for one in found.sets for names in [one.best, one.greedy, *one.tied])
        assert found.left_out["telegram"] == "below_presence"
        assert found.examined == 1 + 2

    def test_forced_in_beyond_the_largest_is_one_set(self) -> None:
        found = studied(ticks_of(), forced_in=["tiktok", "x"], largest=1)
        assert [one.best for one in found.sets] == [("x", "tiktok")]

    def test_k_beyond_the_number_of_networks(self) -> None:
        found = studied(ticks_of(), largest=22)
        assert [one.size for one in found.sets] == [1, 2, 3, 4, 5]
        assert found.examined == 2**5 - 1 and found.limited_to is None

    def test_forty_networks_go_up_to_four(self) -> None:
        found = studied(ticks_of(150, np.linspace(0.05, 0.3, 40)), largest=6)
        assert [one.size for one in found.sets] == [1, 2, 3, 4] and found.limited_to == 4
        assert found.examined == 40 + 780 + 9880 + 91390
        assert all(0 <= one.low <= one.reach <= one.high <= 1 for one in found.sets)


class TestRespondents:
    def test_only_the_target_counts_and_weights_do(self) -> None:
        ticks = ticks_of()
        weights = np.random.default_rng(2).lognormal(0, 0.5, len(ticks))
        rows = np.arange(len(ticks)) % 3 > 0
        found = studied(ticks, rows, Design(weights))
        pair, own = found.of(2), weights[rows]
        assert pair is not None
        reached = ticks.loc[rows, list(pair.best)].any(axis=1).to_numpy()
        assert pair.reach_observed == pytest.approx(own[reached].sum() / own.sum())
        assert found.base == rows.sum() and found.kind == "respondents"
        assert found.effective_base == pytest.approx(own.sum() ** 2 / (own**2).sum())
        assert found.resamples.drawn.shape == (200, found.usage.masks.size)

    def test_a_cluster_moves_together(self) -> None:
        half = ticks_of(60)
        ticks = pd.concat([half] * 8, ignore_index=True)
        alone, together = (
            studied(ticks).of(1),
            studied(ticks, design=Design(np.ones(480), clusters=np.arange(480) % 60)).of(1),
        )
        assert alone is not None and together is not None
        assert together.high - together.low > 1.8 * (alone.high - alone.low)

    def test_the_same_seed_gives_the_same_study(self) -> None:
        one, same, other = (studied(ticks_of(100, [0.4] * 6), seed=seed).of(2) for seed in (3, 3, 4))
        assert one is not None and same is not None and other is not None
        assert (one.reach, one.low, one.win_rate, one.tied) == (same.reach, same.low, same.win_rate, same.tied)
        assert one.win_rate != other.win_rate and one.best == other.best

    def test_everyone_on_everything(self) -> None:
        one = studied(pd.DataFrame(True, index=range(50), columns=["a", "b", "c"])).of(2)
        assert one is not None and one.best == ("a", "b") and one.reach == 1 and len(one.tied) == 3
        assert one.ranked["adds_pp"].tolist() == [0, 0, 0]


class TestJoint:
    def test_it_says_what_the_rows_say(self) -> None:
        ticks = ticks_of(800)
        rows, found = studied(ticks, resamples=1000), from_joint(joint(ticks), 800.0, largest=3)
        assert found.kind == "joint" and found.base == 800 and found.left_out == {"reddit": "no_users"}
        assert len(found.sets) == len(rows.sets)
        for one, mine in zip(found.sets, rows.sets, strict=True):
            assert one.best == mine.best and one.reach_observed == pytest.approx(mine.reach_observed)
            assert (one.low, one.high) == pytest.approx((mine.low, mine.high), abs=0.01)

    def test_an_unknown_base_gives_no_interval(self) -> None:
        one = from_joint(joint(ticks_of()), np.nan, largest=2).of(2)
        assert one is not None and one.win_rate is None and np.isnan(one.low) and one.reach == one.reach_observed

    def test_what_is_forced_out_is_summed_over(self) -> None:
        ticks = ticks_of(300)
        found = from_joint(joint(ticks), 300, largest=2, forced_out=["facebook"], forced_in=["x"])
        one = found.of(1)
        assert one is not None and one.reach_observed == pytest.approx(ticks["x"].mean())
        assert found.usage.shares.sum() == pytest.approx(1)


def test_refusals() -> None:
    ticks, nobody = ticks_of(), np.zeros(240, bool)
    one = nobody.copy()
    one[5] = True
    many = ticks_of(90, np.full(61, 0.9))
    for code, call in {
        "no_target": lambda: studied(ticks, nobody),
        "one_respondent": lambda: studied(ticks, one),
        "no_users": lambda: studied(ticks & False),
        "forced_unknown": lambda: studied(ticks, forced_in=["myspace"]),
        "none_left": lambda: studied(ticks, minimum_presence=0.99),
        "too_many_networks": lambda: studied(many, largest=1),
    }.items():
        assert code_of(call) == code
    assert code_of(lambda: studied(ticks, forced_in=["reddit"])) == "forced_unknown"
    assert code_of(lambda: studied(ticks, forced_in=["x"], forced_out=["x"])) == "forced_unknown"
    assert code_of(lambda: from_joint(joint(ticks), 1, largest=1)) == "one_respondent"
    assert code_of(lambda: from_joint(joint(ticks), 0, largest=1)) == "no_target"
    assert len(studied(many.iloc[:, :60], largest=1).considered) == 60


class TestClusters:
    """People of a cluster who are all alike tell no more than one of them."""

    def test_who_came_together_counts_once(self) -> None:
        heads = ticks_of(24, np.linspace(0.3, 0.5, 6), seed=4)
        people = pd.concat([heads] * 40, ignore_index=True)
        design = Design(np.ones(len(people)), clusters=np.tile(np.arange(24), 40))
        many, few = studied(people, design=design), studied(heads)
        assert many.base == 960 and few.effective_base == 24
        assert many.effective_base == pytest.approx(23, abs=1)
        for size in (1, 2, 3):
            one, other = many.of(size), few.of(size)
            assert one is not None and other is not None
            assert set(one.tied) == set(other.tied) and len(one.tied) > 1
            assert (one.reach_observed, one.low) == pytest.approx((other.reach_observed, other.low), abs=0.02)

    def test_clusters_that_say_nothing_change_nothing(self) -> None:
        ticks = ticks_of(600)
        design = Design(np.ones(600), clusters=np.arange(600) // 2)
        assert 480 < studied(ticks, design=design).effective_base <= 600


def test_a_table_of_everybody_is_not_resampled() -> None:
    usage = Usage(("a", "b"), np.array([0, 1, 2, 3]), np.array([0.2, 0.3, 0.4, 0.1]))
    found = from_joint(usage, np.inf, largest=1).of(1)
    assert found is not None
    assert (found.best, found.low, found.high, found.win_rate, found.tied) == (("b",), 0.5, 0.5, None, (("b",),))
