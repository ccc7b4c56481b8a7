"""The set that reaches most: exact against brute force, ties, luck taken off, resamples that respect the design."""

from __future__ import annotations

import importlib.util
import sys
from itertools import combinations
from math import comb
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kesher.stats import (
    BestSet,
    Design,
    Resamples,
    Usage,
    best_sets,
    bootstrap_weights,
    reach_of,
    reach_of_all,
    resamples_from,
    resamples_of,
    tied_sets,
    usage_of,
)
from kesher.stats import pattern_resamples as resampling
from kesher.stats import reach as search
from kesher.stats import usage as usages

Ticks = np.ndarray
CLIENTS = 200


def none_drawn(usage: Usage) -> Resamples:
    nothing = np.empty((0, usage.masks.size))
    return Resamples(nothing, nothing, nothing, np.empty(0))


def shown(ticks: Ticks, weights: np.ndarray | None = None) -> tuple[Usage, np.ndarray]:
    ticks = np.asarray(ticks, dtype=bool)
    return usage_of(
        ticks, np.ones(len(ticks)) if weights is None else weights, [f"n{j}" for j in range(ticks.shape[1])]
    )


def studied(
    ticks: Ticks, sizes: range, design: Design | None = None, resamples: int = 200, forced: tuple[str, ...] = ()
) -> dict[int, BestSet]:
    of = design or Design.simple(len(ticks))
    usage, pattern = shown(ticks, of.weights)
    everybody = np.ones(len(ticks), bool)
    drawn = resamples_of(of, everybody, pattern, usage.masks.size, resamples, np.random.default_rng(1))
    return {found.size: found for found in best_sets(usage, drawn, len(ticks), sizes=sizes, forced_in=forced)}


def brute(ticks: Ticks, weights: np.ndarray, members: tuple[int, ...]) -> float:
    return float(weights[ticks[:, list(members)].any(axis=1)].sum() / weights.sum())


@st.composite
def problems(draw: st.DrawFn) -> tuple[Ticks, np.ndarray, frozenset[int]]:
    n, k = draw(st.integers(1, 30)), draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    ticks = rng.random((n, k)) < rng.uniform(0, 1, k) ** 2
    forced = draw(st.frozensets(st.integers(0, k - 1), max_size=min(3, k)))
    return ticks, rng.choice([0.5, 1.0, 2.5], n), forced


class TestExact:
    @settings(max_examples=60, deadline=None)
    @given(problems())
    def test_reach_of_every_set_is_that_of_counting(self, problem: tuple[Ticks, np.ndarray, frozenset[int]]) -> None:
        ticks, weights, _ = problem
        usage, pattern = shown(ticks, weights)
        k = ticks.shape[1]
        members = [tuple(j for j in range(k) if mask >> j & 1) for mask in range(1 << k)]
        by_hand = [brute(ticks, weights, set_) for set_ in members]
        assert reach_of_all(usage) == pytest.approx(by_hand, abs=1e-12)
        assert reach_of(usage, np.arange(1 << k)) == pytest.approx(by_hand, abs=1e-12)
        assert (usage.masks[pattern] == ticks @ (1 << np.arange(k))).all()
        assert usage.shares.sum() == pytest.approx(1)

    @pytest.mark.parametrize("at_once", [22, 0], ids=["all at once", "enumerated"])
    @settings(max_examples=60, deadline=None)
    @given(problem=problems())
    def test_the_best_is_that_of_brute_force(
        self, at_once: int, problem: tuple[Ticks, np.ndarray, frozenset[int]]
    ) -> None:
        ticks, weights, forced = problem
        k, names = ticks.shape[1], [f"n{j}" for j in range(ticks.shape[1])]
        usage, _ = shown(ticks, weights)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(usages, "MOST_AT_ONCE", at_once)
            every_set = usages.SetSearch(usage, usage.mask_of(names[j] for j in forced))
            found = best_sets(
                usage, none_drawn(usage), len(ticks), sizes=range(k + 3), forced_in=[names[j] for j in forced]
            )
            every = {size: every_set.of_size(size) for size in range(max(len(forced), 1), every_set.largest + 1)}
        assert [one.size for one in found] == list(every)
        for one in found:
            sets = [c for c in combinations(range(k), one.size) if forced <= {*c}]
            reach = {c: brute(ticks, weights, c) for c in sets}
            first = next(c for c in sets if reach[c] >= max(reach.values()) - 1e-9)
            assert one.best == tuple(names[j] for j in first)
            assert one.reach_observed == pytest.approx(max(reach.values()), abs=1e-12)
            held, values = every[one.size]
            assert dict(zip(held.tolist(), values, strict=True)) == pytest.approx(
                {sum(1 << j for j in c): r for c, r in reach.items()}, abs=1e-12
            )
            assert one.win_rate is None and one.reach == one.reach_observed
            assert {*one.tied} == {tuple(names[j] for j in c) for c in sets if reach[c] >= max(reach.values()) - 1e-9}

    def test_sizes_stop_at_the_number_of_options(self) -> None:
        assert [*studied(np.eye(3), range(1, 9))] == [1, 2, 3]

    def test_only_drops_options_and_keeps_people(self) -> None:
        usage, _ = shown(np.random.default_rng(0).random((40, 5)) < 0.4)
        less = usage.only(["n3", "n1"])
        assert reach_of(less, [1, 2, 3]) == pytest.approx(reach_of(usage, [8, 2, 10]))
        assert less.names_of(1) == ("n3",) and less.mask_of(["n1"]) == 2

    def test_twenty_three_options_are_not_held_at_once(self) -> None:
        usage, _ = shown(np.eye(23))
        with pytest.raises(ValueError, match="22"):
            reach_of_all(usage)
        found = best_sets(usage, none_drawn(usage), 23, sizes=range(1, 9))
        assert [one.size for one in found] == [1, 2, 3, 4]

    def test_forty_options_find_the_planted_four(self) -> None:
        rng = np.random.default_rng(3)
        ticks = rng.random((3000, 40)) < 0.1
        planted = rng.integers(0, 4, 3000)
        for at, j in enumerate((2, 17, 30, 39)):
            ticks[:, j] = (planted == at) & (rng.random(3000) < 0.9)
        found = studied(ticks, range(1, 6))[4]
        assert found.best == ("n2", "n17", "n30", "n39")
        assert found.win_rate == 1 and found.tied == (found.best,)
        assert found.ranked["adds_pp"].iloc[0] == pytest.approx(
            100 * (found.reach_observed - studied(ticks, range(3, 4))[3].reach_observed)
        )


class TestGreedy:
    def test_its_failure_is_found_and_priced(self) -> None:
        left, right = np.repeat([[1, 0]], 30, axis=0), np.repeat([[0, 1]], 30, axis=0)
        apart = np.vstack([left, right])
        big = np.array([0] * 12 + [1] * 36 + [0] * 12)  # 60 %: 18 of either side
        found = studied(np.column_stack([big, apart]), range(1, 4))
        assert found[1].best == found[1].greedy == ("n0",)
        assert (found[2].best, found[2].greedy) == (("n1", "n2"), ("n0", "n1"))
        assert found[2].reach_observed == 1
        assert found[2].greedy_loss_pp == pytest.approx(20)
        assert found[3].greedy_loss_pp == 0

    def test_it_starts_from_what_is_forced_in(self) -> None:
        ticks = np.array([[1, 0, 0, 0]] * 5 + [[0, 1, 0, 0]] * 4 + [[0, 0, 1, 0]] * 2 + [[0, 0, 0, 1]])
        found = studied(ticks, range(1, 4), forced=("n3", "n2"))
        assert [*found] == [2, 3]
        assert found[2].best == found[2].greedy == ("n2", "n3")
        assert found[3].best == found[3].greedy == ("n0", "n2", "n3")
        assert found[2].ranked["adds_pp"].isna().all()  # nothing smaller holds what is forced in
        assert found[3].ranked["adds_pp"].tolist() == pytest.approx([500 / 12, 400 / 12])


class TestTable:
    ticks = np.random.default_rng(5).random((300, 8)) < 0.35

    def test_it_holds_every_tied_set_and_at_least_five(self) -> None:
        found = studied(self.ticks, range(1, 5), resamples=400)
        for one in found.values():
            table = one.ranked
            assert min(5, comb(8, one.size)) <= len(table) <= 30
            assert table["names"].iloc[0] == one.best and one.best in one.tied
            assert int(table["tied"].sum()) + one.more_tied == len(one.tied)
            assert (np.diff(one.tied_reach) < 1e-9).all()
            mine = table.iloc[0]
            assert (mine["reach"], mine["low"], mine["high"]) == (one.reach, one.low, one.high)
            assert mine["win_rate"] == one.win_rate
            assert (table["reach"].iloc[1:].diff().dropna() < 1e-9).all()
            assert (table["low"] <= table["reach"]).all() and (table["reach"] <= table["high"]).all()
        assert found[4].more_tied > 0  # 70 sets alike
        before = found[2].reach_observed
        assert found[3].ranked["adds_pp"].iloc[0] == pytest.approx(100 * (found[3].reach_observed - before))

    def test_what_a_member_adds_is_lost_without_it(self) -> None:
        pair = studied(self.ticks, range(2, 3))[2]
        for row in pair.adds.itertuples():
            other = next(name for name in pair.best if name != row.option)
            alone = self.ticks[:, int(other[1:])].mean()
            assert row.only_pp == pytest.approx(100 * (pair.reach_observed - alone))
            assert row.share == pytest.approx(self.ticks[:, int(row.option[1:])].mean())
        assert pair.adds["only_pp"].is_monotonic_decreasing

    def test_win_rates_of_all_sets_add_up(self) -> None:
        one = studied(self.ticks[:, :4], range(2, 3))[2]
        assert len(one.ranked) == 6 and one.ranked["win_rate"].sum() == pytest.approx(1)

    def test_more_rivals_than_are_held_are_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        whole = studied(self.ticks, range(4, 5))[4]
        monkeypatch.setattr(search, "MOST_RIVALS", 10)
        held = studied(self.ticks, range(4, 5))[4]
        assert len(held.tied) <= 10 and held.best == whole.best
        assert held.more_tied >= (len(whole.tied) - 10) * 0.8


class TestOddCases:
    def test_nobody_uses_anything(self) -> None:
        one = studied(np.zeros((20, 3)), range(1, 3))[2]
        assert one.best == ("n0", "n1") and one.reach == 0 == one.low and one.high < 0.2
        assert len(one.tied) == 3 and one.win_rate == pytest.approx(1 / 3)

    def test_everyone_is_on_everything(self) -> None:
        one = studied(np.ones((20, 3)), range(1, 3))[1]
        assert one.reach == 1 == one.high and 0.8 < one.low < 1
        assert one.best == ("n0",) and len(one.tied) == 3 and one.optimism_pp == 0
        assert one.greedy_loss_pp == 0

    def test_one_respondent(self) -> None:
        one = studied(np.array([[1, 0]]), range(1, 3))[1]
        assert one.best == ("n0",) and one.win_rate is None and one.reach == 1
        assert 0 <= one.low < one.high <= 1

    def test_a_base_that_is_not_known_gives_no_interval(self) -> None:
        usage, _ = shown(np.eye(3))
        [one] = best_sets(usage, resamples_from(usage, np.nan, 200, np.random.default_rng(0)), np.nan, sizes=[2])
        assert np.isnan([one.low, one.high]).all() and one.reach == pytest.approx(2 / 3)
        assert len(one.tied) == 3

    def test_equal_rows_and_seeds_give_equal_answers(self) -> None:
        ticks = np.random.default_rng(2).random((120, 6)) < 0.4
        one, other = (studied(ticks, range(1, 4)) for _ in range(2))
        for size in one:
            assert (one[size].reach, one[size].low, one[size].tied) == (
                other[size].reach, other[size].low, other[size].tied
            )  # fmt: skip
            pd.testing.assert_frame_equal(one[size].ranked, other[size].ranked)

    def test_of_a_whole_population_nothing_is_luck(self) -> None:
        ticks = np.random.default_rng(6).random((60, 8)) < 0.3
        sampled, counted = (studied(ticks, range(2, 3), of)[2] for of in (Design.simple(60), Design.simple(60, 60)))
        assert sampled.optimism_pp > 0 == counted.optimism_pp
        assert counted.win_rate == pytest.approx(
            1 / sum(r >= counted.reach_observed - 1e-9 for r in counted.tied_reach)
        )


class TestTied:
    def plain(self, observed: np.ndarray, resampled: np.ndarray) -> set[int]:
        """The test as it is defined, for every set against every other."""
        error, kept = resampled - observed, set()
        for i in range(observed.size):
            difference = error - error[:, [i]]
            spread = difference.std(axis=0)
            varies = spread > 1e-9
            if (observed[~varies] > observed[i] + 1e-9).any():
                continue
            t = ((observed - observed[i])[varies] / spread[varies]).max(initial=0.0)
            largest = (difference[:, varies] / spread[varies]).max(axis=1, initial=-np.inf)
            if t <= max(np.quantile(largest, 0.97, method="higher"), 1e-9):
                kept.add(i)
        return kept

    @pytest.mark.parametrize("seed", range(12))
    def test_the_short_way_is_the_definition(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        observed = np.sort(rng.normal(0.5, 0.012, 40))[::-1]
        error = rng.normal(0, 0.01, (300, 40)) + rng.normal(0, 0.01, (300, 1))
        error[:, 7] = error[:, 8]
        found = tied_sets(observed, observed + error, 0)
        assert {*found.tolist()} == self.plain(observed, observed + error)
        assert (np.diff(observed[found]) <= 0).all()

    def test_too_much_work_makes_the_list_longer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rng = np.random.default_rng(1)
        observed = np.append(0.55, np.linspace(0.54, 0.45, 60))
        resampled = observed + rng.normal(0, 0.01, (400, 61))
        short = tied_sets(observed, resampled, 0)
        monkeypatch.setattr(search, "MUCH_WORK", 0)
        assert {*short} <= {*tied_sets(observed, resampled, 0)}

    def test_without_resamples_equals_are_tied(self) -> None:
        assert tied_sets(np.array([0.2, 0.4, 0.4 - 1e-12]), np.empty((0, 3)), 1).tolist() == [1, 2]


class TestResamples:
    rng = np.random.default_rng(8)
    n = 400
    ticks = rng.random((n, 4)) < [0.2, 0.3, 0.5, 0.6]
    weights = rng.lognormal(0, 0.5, n)
    strata = rng.integers(0, 3, n)

    def test_rows_are_drawn_as_bootstrap_weights_draw_them(self) -> None:
        design = Design(self.weights, strata=self.strata, clusters=np.arange(self.n) // 5 * 3 + self.strata)
        mask = self.rng.random(self.n) < 0.8
        usage, pattern = shown(self.ticks[mask], self.weights[mask])
        drawn = resamples_of(design, mask, pattern, usage.masks.size, 20, np.random.default_rng(4)).drawn
        for mine, weights in zip(drawn, bootstrap_weights(design, 20, np.random.default_rng(4)), strict=True):
            kept = weights[mask]
            assert mine == pytest.approx(np.bincount(pattern, kept, usage.masks.size) / kept.sum())

    @pytest.mark.parametrize("kind", ["equal", "weighted", "finite"])
    def test_drawing_by_pattern_has_the_variance_of_drawing_rows(
        self, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        strata, times = np.append(self.strata[:-1], 9), 3000  # one stratum of a single person
        population = np.array([200.0, 400.0, 300.0, *[0.0] * 6, 5.0])[strata] if kind == "finite" else None
        design = Design(np.ones(self.n) if kind == "equal" else self.weights, strata, population=population)
        mask = self.rng.random(self.n) < 0.9
        usage, pattern = shown(self.ticks[mask], design.weights[mask])
        found = []
        for rows in (50_000, 100):
            monkeypatch.setattr(resampling, "ROW_BY_ROW", rows)
            drawn = resamples_of(design, mask, pattern, usage.masks.size, times, np.random.default_rng(5)).drawn
            assert drawn.sum(axis=1) == pytest.approx(1) and (drawn >= 0).all()
            uses = (usage.masks[:, None] & np.arange(1, 16)) != 0
            found.append(drawn @ uses)
        by_row, by_pattern = found
        error = by_row.std(axis=0) / np.sqrt(times)
        assert (np.abs(by_row.mean(axis=0) - by_pattern.mean(axis=0)) < 5 * np.sqrt(2) * error).all()
        assert by_pattern.std(axis=0) == pytest.approx(by_row.std(axis=0), rel=5 / np.sqrt(times))

    def test_parts_of_a_split_are_of_other_units_and_add_up(self) -> None:
        clusters = np.arange(self.n) // 4
        design = Design(self.weights, clusters=clusters, strata=clusters % 2)
        # Every cluster a pattern of its own: then a part shows which clusters it is made of.
        split = resamples_of(design, np.ones(self.n, bool), clusters, 100, 5, np.random.default_rng(0))
        assert ((split.train > 1e-12) ^ (split.test > 1e-12)).all()
        whole = np.bincount(clusters, self.weights) / self.weights.sum()
        parts = split.train * (1 - split.tested)[:, None] + split.test * split.tested[:, None]
        np.testing.assert_allclose(parts, np.broadcast_to(whole, parts.shape))
        once = split.tested.reshape(-1, resampling.FOLDS)
        assert once.sum(axis=1) == pytest.approx(1)
        assert (((split.test > 0)[:, ::2]).sum(axis=1) == 5).all()  # of 50 clusters of the stratum, a tenth

    def test_a_joint_distribution_moves_as_a_sample_of_its_size_does(self) -> None:
        usage, _ = shown(self.ticks)
        drawn = resamples_from(usage, 500.4, 6000, np.random.default_rng(1))
        reach = usage.shares @ ((usage.masks & 5) != 0)
        moved = drawn.drawn @ ((usage.masks & 5) != 0)
        assert moved.mean() == pytest.approx(reach, abs=0.002)
        assert moved.std() == pytest.approx(np.sqrt(reach * (1 - reach) / 500), rel=0.05)
        test, train = (part @ ((usage.masks & 5) != 0) for part in (drawn.test, drawn.train))
        sampled, bins = reach * (1 - reach) / 500, resampling.FOLDS
        assert test.var() == pytest.approx(sampled * (bins - 1), rel=0.15)
        assert train.var() == pytest.approx(sampled / (bins - 1), rel=0.15)
        assert np.corrcoef(test, train)[0, 1] == pytest.approx(-1)

    def test_a_joint_distribution_is_corrected_as_its_rows_are(self) -> None:
        found = []
        for seed in range(20):
            ticks = np.random.default_rng(seed).random((400, 7)) < 0.4
            usage, _ = shown(ticks)
            rows = studied(ticks, range(2, 3), resamples=400)[2]
            drawn = resamples_from(usage, 400, 400, np.random.default_rng(seed))
            [joint] = best_sets(usage, drawn, 400, sizes=[2])
            found.append([rows.optimism_pp, joint.optimism_pp, rows.win_rate, joint.win_rate])
        by_rows, by_joint, won, won_jointly = np.mean(found, axis=0)
        assert by_rows > 1.5
        assert by_joint == pytest.approx(by_rows, rel=0.15)
        assert won_jointly == pytest.approx(won, rel=0.1)


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).parent / "bench" / "planted_sets.py"
    spec = importlib.util.spec_from_file_location("planted_sets", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["planted_sets"] = module
    spec.loader.exec_module(module)
    return module


def test_planted_truth_in_small(bench: ModuleType) -> None:
    """Bands within four standard errors; the naive reach is off by clearly more than the corrected one."""
    rows = bench.run(CLIENTS, resamples=200, seed=9)
    bench.CHANCE = 4.0
    found = bench.summary(rows, [])
    assert bench.broken(found).empty, found.T
    [whole] = found.itertuples()
    assert whole.naive > 1 and whole.naive > 5 * whole.naive_se
    assert abs(whole.corrected) < 4 * whole.corrected_se
