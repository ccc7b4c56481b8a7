"""Each estimator of the survey room on small made data: what it counts, refuses and leaves unchanged."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from kesher.faults import NotIdentified
from kesher.readers.tidy import Guesses, MultiSelect, Respondents, SourceReport
from kesher.stats import Design, difference_interval
from kesher.survey import drivers, gap, guesses, multiselect, offers, paired, programmes, quality, segments, shares
from kesher.survey.shares import SideShares

SOURCE = SourceReport("made.csv", "0" * 64, "table", "made", "utf-8", 0, 0, ())


def multi(name: str, ticks: pd.DataFrame, exclusive: tuple[str, ...] = ()) -> MultiSelect:
    ticks = ticks.astype(bool)
    return MultiSelect(name, ticks, np.ones(len(ticks), bool), ticks.any(axis=1).to_numpy(), frozenset(exclusive))


def people(*questions: MultiSelect, **columns: Any) -> Respondents:
    n = len(questions[0].ticks) if questions else len(next(iter(columns.values())))
    table = pd.DataFrame({"respondent": np.arange(n), **columns})
    return Respondents("customers", table, {q.question: q for q in questions}, SOURCE)


def random_ticks(n: int, chance: list[float], seed: int = 1) -> pd.DataFrame:
    """Ticks of people who differ in how readily they tick, so that options are correlated."""
    rng = np.random.default_rng(seed)
    readiness = rng.normal(0, 0.15, (n, 1))
    drawn = rng.random((n, len(chance))) < np.clip(np.array(chance) + readiness, 0.01, 0.99)
    return pd.DataFrame(drawn, columns=[f"o{i}" for i in range(len(chance))])


def side(ticks: pd.DataFrame, *, weights: Any = None, group: str = "customers", **options: Any) -> SideShares:
    design = Design.simple(len(ticks)) if weights is None else Design(np.asarray(weights, dtype=float))
    return shares.sampled(multi("reasons", ticks), "asked", design, group=group, **options)


def code_of(refused: Callable[[], object]) -> str:
    with pytest.raises(NotIdentified) as why:
        refused()
    return why.value.code


class TestQuality:
    @pytest.fixture
    def doubtful(self) -> Respondents:
        ticks = pd.DataFrame({"a": [1, 1, 0, 1, 1, 1], "b": [0, 0, 1, 0, 1, 1], "none": [0, 0, 0, 1, 0, 0]})
        grid = {f"grid.{i}": [3.0, 3, 1, 2, 5, np.nan] for i in range(3)}
        return people(
            multi("reasons", ticks, ("none",)),
            **grid,
            **{"grid.last": [3.0, 4, 1, 2, 5, 3], "duration_seconds": [300.0, 310, 290, 305, 60, np.nan]},
        )

    def test_flags_each_kind(self, doubtful: Respondents) -> None:
        doubtful.people.loc[2, "respondent"] = 0
        flags = quality.check(doubtful).flags
        assert flags["duplicate"].tolist() == [False, False, True, False, False, False]
        assert flags["speeder"].tolist() == [False, False, False, False, True, False]
        assert flags["straight_liner"].tolist() == [True, False, True, True, True, False]
        assert flags["contradiction"].tolist() == [False, False, False, True, False, False]

    def test_nobody_is_left_out_unless_it_is_asked_for(self, doubtful: Respondents) -> None:
        found = quality.check(doubtful)
        assert (found.rows_in, found.rows_out) == (6, 0)
        assert quality.kept(doubtful, found.keep) is doubtful

    def test_an_excluded_row_is_counted_once_at_its_first_reason(self, doubtful: Respondents) -> None:
        found = quality.check(doubtful, exclude=["speeder", "straight_liner"])
        counts = found.counts.set_index("flag")
        assert counts["excluded"].to_dict() == {
            "duplicate": 0, "speeder": 1, "straight_liner": 3, "contradiction": 0,
        }  # fmt: skip
        assert found.rows_out == counts["excluded"].sum()
        kept = quality.kept(doubtful, found.keep)
        assert len(kept.people) == len(kept.questions["reasons"].ticks) == 2
        assert kept.people.index.tolist() == [0, 1]

    def test_a_given_limit_replaces_a_third_of_the_median(self, doubtful: Respondents) -> None:
        assert quality.check(doubtful).fast_seconds == 100
        assert quality.check(doubtful, fast_seconds=301).flags["speeder"].sum() == 3

    def test_equal_answers_of_different_people_are_suspicious_only(self) -> None:
        found = quality.check(people(multi("reasons", pd.DataFrame({"a": [1, 1, 0, 0], "b": [0, 0, 1, 0]}))))
        assert found.identical_answers == 2
        assert found.flags["duplicate"].sum() == 0

    def test_says_what_the_data_can_not_test(self) -> None:
        found = quality.check(people(multi("reasons", pd.DataFrame({"a": [1, 0]}))))
        testable = found.counts.set_index("flag")["testable"]
        assert testable.to_dict() == {
            "duplicate": True, "speeder": False, "straight_liner": False, "contradiction": False,
        }  # fmt: skip

    def test_grades_by_share_of_rows(self) -> None:
        durations = np.full(1000, 300.0)
        for rows, grade in ((0, "none"), (10, "info"), (50, "warn"), (150, "severe")):
            found = quality.check(people(duration_seconds=np.where(np.arange(1000) < rows, 1.0, durations)))
            assert found.counts.set_index("flag")["grade"]["speeder"] == grade

    def test_refuses_an_unknown_flag(self) -> None:
        with pytest.raises(ValueError, match="exclude must hold"):
            quality.check(people(respondent=[1]), exclude=["rude"])  # type: ignore[list-item]


class TestShares:
    def test_exclusive_and_other_are_shown_but_not_compared(self) -> None:
        ticks = pd.DataFrame({"a": [1, 0, 0], "other": [0, 1, 0], "none": [0, 0, 1]})
        found = shares.sampled(multi("reasons", ticks, ("none",)), "answered", Design.simple(3), group="x")
        assert found.options == ("a", "other", "none")
        assert found.compared().options == ("a",)

    def test_a_whole_team_has_no_sampling_error(self) -> None:
        found = shares.whole_team(multi("reasons", pd.DataFrame({"a": [1, 0, 1, 1]})), "asked", group="team")
        assert found.share[0] == found.low[0] == found.high[0] == 0.75
        assert found.interval == "none"
        assert np.isinf(found.effective_base[0]) and found.covariance[0, 0] == 0

    def test_doubling_every_weight_changes_nothing(self) -> None:
        ticks = random_ticks(200, [0.2, 0.5])
        weights = np.random.default_rng(3).uniform(0.5, 3, 200)
        once, twice = side(ticks, weights=weights), side(ticks, weights=2 * weights)
        for name in ("share", "low", "high", "covariance", "effective_base"):
            np.testing.assert_allclose(getattr(once, name), getattr(twice, name))

    def test_refuses_an_empty_base_and_a_single_person(self) -> None:
        nobody = MultiSelect("reasons", pd.DataFrame({"a": [True]}), *(np.zeros(1, bool),) * 2, frozenset())
        assert code_of(lambda: shares.sampled(nobody, "asked", Design.simple(1), group="x")) == "no_reasons"
        assert code_of(lambda: side(pd.DataFrame({"a": [True]}))) == "one_respondent"


class TestGap:
    def test_a_whole_team_is_compared_with_the_customers_error_only(self) -> None:
        customers = side(random_ticks(400, [0.3, 0.5, 0.6]))
        team = shares.whole_team(multi("reasons", random_ticks(9, [0.5, 0.5, 0.5])), "asked", group="team")
        found = gap.compare(customers, team)
        assert found.interval_from == "customers"
        row = found.table.iloc[0]
        assert row["gap_low_pp"] == pytest.approx(100 * (team.share[0] - customers.high[0]))
        assert row["gap_high_pp"] == pytest.approx(100 * (team.share[0] - customers.low[0]))

    def test_ranks_that_the_sample_can_not_settle_stay_open(self) -> None:
        person = np.arange(100)
        close = pd.DataFrame({"a": person < 40, "b": (person >= 20) & (person < 70), "c": person < 95})
        team = multi("reasons", pd.DataFrame({"a": [1, 1, 1, 1], "b": [1, 1, 0, 0], "c": [1, 0, 0, 0]}))
        found = gap.compare(side(close), shares.whole_team(team, "asked", group="team"))
        bounds = found.table.set_index("option")[["rank_gap_low", "rank_gap", "rank_gap_high"]]
        assert bounds.T.to_dict("list") == {"a": [1, 2, 2], "b": [0, 0, 1], "c": [-2, -2, -2]}

    def test_the_combination_of_one_minus_another_is_newcombes(self) -> None:
        p, n = np.array([0.24, 0.49]), np.array([132.0, 1300.0])
        low, high = (np.asarray(x) for x in shares.share_interval(p, n))
        found = gap.combined(np.array([[1.0, -1.0]]), p, p - low, high - p, np.diag(p * (1 - p) / n))
        newcombe = difference_interval(p[0], n[0], p[1], n[1])
        np.testing.assert_allclose([found[1][0], found[2][0]], newcombe)

    def test_centred_gaps_add_up_to_zero_and_ignore_a_level(self) -> None:
        customers = side(random_ticks(300, [0.1, 0.3, 0.4]))
        marketers = side(random_ticks(120, [0.4, 0.6, 0.5], seed=2), group="marketers")
        found = gap.compare(customers, marketers).table
        assert found["centred_gap_pp"].sum() == pytest.approx(0)
        lifted = gap.compare(customers, replaced_share(marketers, marketers.share + 0.1)).table
        np.testing.assert_allclose(lifted["centred_gap_pp"], found["centred_gap_pp"])

    def test_five_comparisons_need_no_adjustment_and_six_do(self) -> None:
        low, high = np.full(6, 0.01), np.full(6, 0.2)
        p = np.array([0.03, 0.3, 0.4, 0.5, 0.6, 0.7])
        assert gap.distinct(low[:5], high[:5], p[:5], 0.95)[0]
        assert not gap.distinct(low, high, p, 0.95)[0]

    def test_one_option_has_a_gap_but_no_order(self) -> None:
        found = gap.compare(side(random_ticks(50, [0.4])), side(random_ticks(50, [0.4], seed=5), group="marketers"))
        assert found.agreement_tau_b is None
        assert np.isnan(found.table.loc[0, "centred_gap_pp"])
        assert np.isfinite(found.table.loc[0, "gap_pp"])

    def test_refuses_sides_without_a_common_option(self) -> None:
        ours = side(random_ticks(50, [0.4]))
        theirs = side(random_ticks(50, [0.4]).rename(columns={"o0": "else"}))
        assert code_of(lambda: gap.compare(ours, theirs)) == "no_shared_options"

    @settings(max_examples=20, deadline=None)
    @given(st.permutations(range(5)))
    def test_the_order_of_the_options_does_not_matter(self, order: list[int]) -> None:
        customers = side(random_ticks(150, [0.1, 0.3, 0.4, 0.5, 0.5]))
        marketers = side(random_ticks(60, [0.4, 0.6, 0.5, 0.2, 0.3], seed=2), group="marketers")
        names = [f"o{i}" for i in order]
        straight = gap.compare(customers, marketers).table.set_index("option").loc[names]
        shuffled = gap.compare(customers.select(names), marketers).table.set_index("option")
        exact = [name for name in straight if name not in ("rank_gap_low", "rank_gap_high")]
        pd.testing.assert_frame_equal(straight[exact], shuffled[exact])

    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 10_000))
    def test_changing_sides_changes_signs(self, seed: int) -> None:
        one = side(random_ticks(150, [0.1, 0.3, 0.4], seed))
        two = side(random_ticks(60, [0.4, 0.6, 0.5], seed + 1), group="marketers")
        there, back = gap.compare(one, two).table, gap.compare(two, one).table
        np.testing.assert_allclose(there["gap_low_pp"], -back["gap_high_pp"])
        np.testing.assert_allclose(there["centred_gap_pp"], -back["centred_gap_pp"])
        np.testing.assert_allclose(there["rank_gap"], -back["rank_gap"])


def replaced_share(found: SideShares, share: Any) -> SideShares:
    return SideShares(**{**found.__dict__, "share": share})


class TestGuesses:
    def sealed(self, rows: list[tuple[int, str, float, int]]) -> Guesses:
        table = pd.DataFrame(rows, columns=["guesser", "option", "guess", "wave"])
        return Guesses(table, datetime.date(2026, 10, 1), "0" * 64, True, SOURCE)

    def team(self, *guess: float, wave: int = 1, option: str = "o0") -> list[tuple[int, str, float, int]]:
        return [(guesser, option, value, wave) for guesser, value in enumerate(guess)]

    def test_the_surprise_is_the_medians_distance(self) -> None:
        customers = side(random_ticks(500, [0.3, 0.6]))
        sealed = self.sealed(self.team(0.1, 0.2, 0.9) + self.team(0.7, 0.8, 0.9, option="o1"))
        found = guesses.study(sealed, customers)
        off = 100 * (np.array([0.2, 0.8]) - customers.share)
        np.testing.assert_allclose(found.table["surprise_pp"], off)
        assert found.surprise_pp == pytest.approx(np.abs(off).mean())
        assert found.surprise_low_pp < found.surprise_pp < found.surprise_high_pp
        everyone = np.abs(np.array([0.1, 0.2, 0.9, 0.7, 0.8, 0.9]) - np.repeat(customers.share, 3)).mean()
        assert found.guesser_error_pp == pytest.approx(100 * everyone)
        assert found.table.loc[0, ["lowest_guess", "highest_guess"]].tolist() == [0.1, 0.9]

    def test_one_share_is_as_uncertain_as_its_own_variance(self) -> None:
        customers = side(random_ticks(500, [0.3]))
        found = guesses.mean_absolute_surprise(np.array([0.9]), customers)
        half = 1.959964 * np.sqrt(customers.covariance[0, 0])
        np.testing.assert_allclose(found[1:], [found[0] - half, found[0] + half], rtol=1e-6)

    def test_one_share_guessed_too_high_and_one_too_low_vary_as_their_difference(self) -> None:
        customers = side(random_ticks(500, [0.5, 0.5]))
        found = guesses.mean_absolute_surprise(np.array([0.9, 0.1]), customers)
        contrast = np.array([1, -1]) / 2
        half = 1.959964 * np.sqrt(contrast @ customers.covariance @ contrast)
        assert customers.covariance[0, 1] > 0
        np.testing.assert_allclose(found[1:], [found[0] - half, found[0] + half], rtol=1e-6)

    def test_a_perfect_guess_may_be_no_surprise_at_all(self) -> None:
        customers = side(random_ticks(500, [0.3, 0.5, 0.7]))
        value, low, high = guesses.mean_absolute_surprise(customers.share.copy(), customers)
        assert value == low == 0 < high

    def test_refuses_fewer_than_three_guessers(self) -> None:
        customers = side(random_ticks(500, [0.3]))
        refused = code_of(lambda: guesses.study(self.sealed(self.team(0.1, 0.2)), customers))
        assert refused == "too_few_guessers"
        stranger = self.sealed(self.team(0.1, 0.2, 0.3, option="else"))
        assert code_of(lambda: guesses.study(stranger, customers)) == "no_shared_options"

    def test_options_guessed_by_two_are_left_out(self) -> None:
        customers = side(random_ticks(500, [0.3, 0.6]))
        rows = self.team(0.1, 0.2, 0.3) + self.team(0.5, 0.6, option="o1")
        assert guesses.study(self.sealed(rows), customers).table["option"].tolist() == ["o0"]

    def test_learning_is_the_change_from_the_first_wave_to_the_last(self) -> None:
        customers = side(random_ticks(500, [0.3, 0.6]))
        rows = self.team(0.9, 0.9, 0.9) + self.team(0.4, 0.4, 0.4, wave=2) + self.team(0.1, 0.1, wave=3)
        found = guesses.study(self.sealed(rows), customers)
        assert found.waves["wave"].tolist() == [1, 2]
        assert found.change_pp == pytest.approx(-50)
        assert found.surprise_pp == pytest.approx(found.waves["surprise_pp"].iloc[-1])

    def test_nothing_tells_of_a_single_guesser(self) -> None:
        found = guesses.study(self.sealed(self.team(0.11, 0.23, 0.37, 0.41)), side(random_ticks(99, [0.3])))
        assert "guesser" not in found.table and "guesser" not in found.waves
        assert len(found.table) == len(found.waves) == 1


class TestPaired:
    def test_simple_samples_are_tested_exactly(self) -> None:
        ticks = pd.DataFrame({"a": [1] * 12 + [0] * 8, "b": [1] * 2 + [0] * 18})
        found = paired.study(multi("reasons", ticks), "asked", side(ticks), weighted=False)
        assert found.test == "cochran_q"
        assert found.pairs.loc[0, "p"] == pytest.approx(binomtest(10, 10).pvalue)
        assert found.leaders == ("a",)

    def test_equal_weights_give_cochrans_answer_nearly(self) -> None:
        ticks = random_ticks(600, [0.4, 0.42, 0.44])
        found = side(ticks)
        _, p_wald, _ = paired.equal_shares(found)
        _, p_cochran, _ = paired.cochran_q(ticks.to_numpy())
        assert p_wald == pytest.approx(p_cochran, rel=0.3)

    def test_options_always_ticked_together_tie(self) -> None:
        ticks = pd.DataFrame({"a": [1, 1, 0, 1] * 20, "b": [1, 1, 0, 1] * 20, "c": [0, 0, 0, 1] * 20})
        found = paired.study(multi("reasons", ticks), "asked", side(ticks), weighted=False)
        assert set(found.leaders) == {"a", "b"}
        assert found.pairs.iloc[0][["difference_pp", "p"]].tolist() == [0, 1]

    def test_refuses_one_option_and_no_variation(self) -> None:
        one, same = pd.DataFrame({"a": [1, 0]}), pd.DataFrame({"a": [1, 0], "b": [1, 0]})
        for ticks, code in ((one, "one_option"), (same, "no_variation")):
            refused = code_of(lambda t=ticks: paired.study(multi("reasons", t), "asked", side(t), weighted=True))
            assert refused == code

    def test_the_pairing_narrows_the_interval(self) -> None:
        rng = np.random.default_rng(4)
        a = rng.random(300) < 0.5
        ticks = pd.DataFrame({"a": a, "b": a ^ (rng.random(300) < 0.1)})
        found = paired.study(multi("reasons", ticks), "asked", side(ticks), weighted=False).pairs.iloc[0]
        independent = difference_interval(a.mean(), 300, ticks["b"].mean(), 300)
        assert found["high_pp"] - found["low_pp"] < 60 * (independent[1] - independent[0])


class TestSegments:
    def study(self, levels: list[str | None], *, seed: int = 1, **options: Any) -> segments.Segments:
        ticks = random_ticks(len(levels), [0.3, 0.6], seed)
        world = people(multi("reasons", ticks), **{"segment.age": pd.Series(levels, dtype=object)})
        design = options.pop("design", Design.simple(len(levels)))
        return segments.study(world.people, world.questions["reasons"], "asked", design, **options)

    def test_a_level_stands_against_the_others_and_not_the_total(self) -> None:
        found = self.study(["young"] * 40 + ["old"] * 60 + [None] * 10)
        row = found.table.query("level == 'young' and option == 'o0'").iloc[0]
        ticks = random_ticks(110, [0.3, 0.6])["o0"]
        assert row["share"] == pytest.approx(ticks[:40].mean())
        assert row["complement_share"] == pytest.approx(ticks[40:100].mean())
        assert (row["base"], row["complement_base"], found.unknown["age"]) == (40, 60, 10)
        np.testing.assert_allclose(
            row[["low_pp", "high_pp"]].astype(float),
            100 * np.array(difference_interval(ticks[:40].mean(), 40, ticks[40:100].mean(), 60)),
            atol=1e-9,
        )

    def test_a_small_level_and_the_one_that_gives_it_away_are_withheld(self) -> None:
        found = self.study(["a"] * 60 + ["b"] * 40 + ["c"] * 4).table.groupby("level")["status"].first()
        assert found.to_dict() == {"a": "ok", "b": "withheld", "c": "withheld"}
        hidden = self.study(["a"] * 60 + ["b"] * 4).table
        assert set(hidden["status"]) == {"withheld"}  # with two levels the other one gives it away
        figures = ["share", "low", "high", "complement_share", "difference_pp", "p", "p_adjusted"]
        assert hidden[figures].isna().all(axis=None)
        assert (hidden[["base", "complement_base"]] == -1).all(axis=None)
        assert not hidden["distinct"].any()

    def test_bases_below_thirty_are_grey(self) -> None:
        found = self.study(["a"] * 60 + ["b"] * 25 + ["c"] * 40).table.groupby("level")["status"].first()
        assert found.to_dict() == {"a": "ok", "b": "grey", "c": "ok"}

    def test_clusters_that_hold_a_whole_level_widen_the_interval(self) -> None:
        levels: list[str | None] = [*["a"] * 100, *["b"] * 100]
        plain = self.study(levels).table
        clustered = self.study(levels, design=Design(np.ones(200), clusters=np.arange(200) // 20)).table
        assert plain["difference_pp"].tolist() == clustered["difference_pp"].tolist()
        assert (clustered["high_pp"] - clustered["low_pp"] > plain["high_pp"] - plain["low_pp"]).any()

    def test_clusters_that_both_levels_share_cancel_from_the_difference(self) -> None:
        rng = np.random.default_rng(6)
        cluster = np.arange(400) // 20
        ticks = pd.DataFrame({"o0": rng.random(400) < np.where(rng.random(20) < 0.5, 0.2, 0.8)[cluster]})
        question = multi("reasons", ticks)
        world = people(question, **{"segment.age": ["young", "old"] * 200})
        design = Design(np.ones(400), clusters=cluster)
        row = segments.study(world.people, question, "asked", design).table.iloc[0]
        sides = [shares.estimate_shares(ticks.to_numpy(), np.arange(400) % 2 == side, design) for side in (1, 0)]
        independent = difference_interval(*(x for found in sides for x in (found.share[0], found.effective_base[0])))
        assert row["high_pp"] - row["low_pp"] < 80 * (independent[1] - independent[0])

    def test_levels_may_be_renamed(self) -> None:
        one, two = self.study(["a"] * 50 + ["b"] * 50), self.study(["x"] * 50 + ["y"] * 50)
        pd.testing.assert_frame_equal(one.table.drop(columns="level"), two.table.drop(columns="level"))

    def test_refuses_data_without_segments(self) -> None:
        world = people(multi("reasons", random_ticks(10, [0.5])))
        refused = code_of(lambda: segments.study(world.people, world.questions["reasons"], "asked", Design.simple(10)))
        assert refused == "no_segments"


class TestAssociations:
    def test_weights_all_alike_change_nothing(self) -> None:
        x, y = random_ticks(200, [0.3, 0.5]), random_ticks(200, [0.4, 0.2], seed=9)
        one, seven = (multiselect.multi_by_multi(x, y, np.full(200, w)) for w in (1.0, 7.0))
        assert one.adjusted == pytest.approx(seven.adjusted)
        assert one.p_rao_scott == pytest.approx(seven.p_rao_scott)

    def test_options_everybody_or_nobody_ticked_are_dropped_by_name(self) -> None:
        x = random_ticks(60, [0.5]).assign(all=True, nobody=False)
        found = multiselect.multi_by_multi(x, random_ticks(60, [0.5], seed=2), np.ones(60))
        assert found.dropped == ("all", "nobody")
        assert code_of(lambda: multiselect.multi_by_multi(x[["all"]], x, np.ones(60))) == "no_variation"

    def test_the_level_holds_when_nothing_is_linked(self) -> None:
        """400 worlds of correlated options in two independent questions: 5 % rejected, within chance."""
        weights = np.random.default_rng(2).uniform(0.5, 2, 300)
        rejected = {"spmi": 0, "mmi": 0}
        for seed in range(400):
            x, y = random_ticks(300, [0.3, 0.5, 0.6], seed), random_ticks(300, [0.4, 0.2, 0.5], seed + 1000)
            rejected["spmi"] += multiselect.multi_by_multi(x, y, weights).p_rao_scott < 0.05
            groups = pd.Series(np.random.default_rng(seed).choice(["a", "b", "c"], 300))
            rejected["mmi"] += multiselect.group_by_multi(groups, y, weights).p_rao_scott < 0.05
        for count in rejected.values():
            assert binomtest(count, 400, 0.05).pvalue > 0.001

    def test_a_link_is_found(self) -> None:
        x = random_ticks(300, [0.5])
        y = x.rename(columns={"o0": "same"}) ^ random_ticks(300, [0.2], seed=3).to_numpy()
        assert multiselect.multi_by_multi(x, y, np.ones(300)).p_rao_scott < 1e-10
        groups = x["o0"].map({True: "fan", False: "not"})
        assert multiselect.group_by_multi(groups, y, np.ones(300)).p_rao_scott < 1e-10


class TestDrivers:
    @staticmethod
    def world(n: int = 400, seed: int = 1) -> tuple[pd.DataFrame, pd.Series]:
        x = random_ticks(n, [0.5, 0.4, 0.3], seed)
        noise = np.random.default_rng(seed + 99).normal(0, 1, n)
        return x, pd.Series(5 + 2 * x["o0"] + x["o1"] + noise, name="recommend")

    def study(self, x: pd.DataFrame, y: pd.Series, **options: Any) -> drivers.Drivers:
        every = np.ones(len(x), dtype=bool)
        design = options.pop("design", Design.simple(len(x)))
        return drivers.study(x, y, every, design, resamples=options.pop("resamples", 100), **options)

    def test_weights_add_up_to_the_r_squared_of_the_regression(self) -> None:
        x, y = self.world()
        found = self.study(x, y)
        design = np.column_stack([np.ones(len(x)), x])
        residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        assert found.r_squared == pytest.approx(1 - residual.var() / y.var())
        assert found.table["weight"].sum() == pytest.approx(found.r_squared)
        assert found.table["part_of_r2"].sum() == pytest.approx(1)
        assert found.table["item"].tolist()[:2] == ["o0", "o1"]

    def test_a_weight_counts_like_so_many_rows(self) -> None:
        x, y = self.world(60)
        times = np.tile([1, 2, 3], 20)
        weighted = self.study(x, y, design=Design(times.astype(float))).table
        repeated = self.study(x.loc[x.index.repeat(times)], y.loc[y.index.repeat(times)]).table
        np.testing.assert_allclose(weighted["weight"], repeated["weight"])

    def test_items_without_variation_are_dropped_by_name(self) -> None:
        x, y = self.world()
        assert self.study(x.assign(all=True), y).dropped == ("all",)

    def test_an_item_twice_shares_its_weight(self) -> None:
        x, y = self.world()
        found = self.study(x.assign(again=x["o0"]), y).table.set_index("item")["weight"]
        assert found["again"] == pytest.approx(found["o0"])

    def test_service_stands_beside_rewards(self) -> None:
        x, y = self.world()
        kinds = {"service": ["o0"], "rewards": ["o1", "o2"], "absent": ["o9"]}
        found = self.study(x, y, groups=kinds)
        assert found.groups["group"].tolist() == ["service", "rewards"]
        assert found.groups["weight"].sum() == pytest.approx(found.r_squared)
        service_minus_rewards = found.group_gaps.iloc[0]
        assert service_minus_rewards["low"] > 0
        assert service_minus_rewards["difference"] == pytest.approx(found.groups["weight"].diff().iloc[1] * -1)

    def test_a_small_sample_is_told(self) -> None:
        assert self.study(*self.world(29)).small_sample
        assert not self.study(*self.world(30)).small_sample

    @pytest.mark.parametrize(
        ("change", "code"),
        [
            (lambda x, y: (x, y * np.nan), "no_outcome"),
            (lambda x, y: (x, y * 0), "constant_outcome"),
            (lambda x, y: (x & False, y), "no_variation"),
            (lambda x, y: (x[:4], y[:4]), "too_few_rows"),
        ],
    )
    def test_refusals(self, change: Callable[..., Any], code: str) -> None:
        x, y = change(*self.world())
        assert code_of(lambda: self.study(x, y)) == code

    def test_nothing_linked_is_nothing_explained(self) -> None:
        x, _ = self.world()
        y = pd.Series(np.random.default_rng(8).normal(size=len(x)), name="recommend")
        found = self.study(x, y)
        assert found.r_squared_low == 0
        assert (found.table["low"] == 0).all()


class TestOffers:
    def study(self, ticks: pd.DataFrame, **options: Any) -> offers.Offers:
        question = multi("expectations", ticks, options.pop("exclusive", ()))
        design = options.pop("design", Design.simple(len(ticks)))
        return offers.study(question, options.pop("base", "asked"), design, resamples=200, **options)

    def test_nobody_is_counted_twice(self) -> None:
        ticks = pd.DataFrame({"a": [1, 1, 1, 0, 0, 0], "b": [1, 1, 0, 0, 0, 0], "c": [0, 0, 0, 1, 0, 0]})
        pair = self.study(ticks).of(2)
        assert pair is not None and pair.best == ("a", "c")
        assert pair.reach_observed == pytest.approx(4 / 6)
        assert pair.adds.set_index("option")["only_pp"].round(6).to_dict() == {"a": 50, "c": 16.666667}

    def test_every_set_is_examined_and_the_best_found(self) -> None:
        ticks = random_ticks(80, [0.2, 0.3, 0.3, 0.25, 0.4])
        found = self.study(ticks, largest=4)
        assert found.examined == 5 + 10 + 10 + 5
        by_hand = max(ticks[[a, b]].any(axis=1).mean() for a in ticks for b in ticks if a < b)
        pair = found.of(2)
        assert pair is not None and pair.reach_observed == pytest.approx(by_hand)

    def test_greedy_can_lose(self) -> None:
        ticks = pd.DataFrame({"big": [0, 1, 1, 1, 1, 0], "left": [1, 1, 1, 0, 0, 0], "right": [0, 0, 0, 1, 1, 1]})
        pair = self.study(ticks).of(2)
        assert pair is not None
        assert (pair.best, pair.greedy) == (("left", "right"), ("big", "left"))
        assert pair.greedy_loss_pp == pytest.approx(100 / 6)

    def test_exclusive_options_and_other_are_no_offers_but_stay_in_the_base(self) -> None:
        ticks = pd.DataFrame({"a": [1, 0, 0, 0], "other": [0, 1, 0, 0], "none": [0, 0, 1, 1]})
        found = self.study(ticks, exclusive=("none",), base="answered")
        assert found.options == ("a",)
        one = found.of(1)
        assert one is not None and one.reach_observed == 0.25
        assert found.of(2) is None

    def test_the_tied_sets_hold_equals_and_win_rates_are_shared(self) -> None:
        ticks = pd.DataFrame({"a": [1, 1, 0, 0] * 10, "b": [1, 1, 0, 0] * 10, "c": [0, 0, 0, 1] * 10})
        one = self.study(ticks).of(1)
        assert one is not None and set(one.tied) >= {("a",), ("b",)}
        assert one.win_rate == pytest.approx(0.5, abs=0.05)

    def test_the_reach_is_corrected_downwards_when_many_sets_compete(self) -> None:
        one = self.study(random_ticks(100, [0.3] * 12)).of(2)
        assert one is not None
        assert one.optimism_pp > 1
        assert one.low <= one.reach < one.reach_observed <= one.high

    def test_everybody_reached_is_no_certainty(self) -> None:
        one = self.study(pd.DataFrame({"a": np.ones(20)})).of(1)
        assert one is not None and one.reach == one.high == 1
        assert one.low == pytest.approx(0.839, abs=5e-4)  # Wilson's 20 of 20

    @pytest.mark.filterwarnings("error", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
    def test_a_base_that_a_resample_can_miss(self) -> None:
        ticks = pd.DataFrame({"a": [1, 0, *[0] * 98], "b": [0, 1, *[0] * 98]})
        one = self.study(ticks, base="answered").of(1)
        assert one is not None and np.isfinite([one.reach, one.low, one.high, one.win_rate]).all()

    def test_refusals(self) -> None:
        assert code_of(lambda: self.study(pd.DataFrame({"a": [0, 0]}))) == "no_offers"
        assert code_of(lambda: self.study(pd.DataFrame({"a": [0, 0]}), base="answered")) == "no_expectations"
        assert code_of(lambda: self.study(random_ticks(99, [0.5] * 21))) == "too_many_options"

    @settings(max_examples=15, deadline=None)
    @given(st.permutations(range(6)))
    def test_the_order_of_the_options_does_not_matter(self, order: list[int]) -> None:
        ticks = random_ticks(70, [0.2, 0.3, 0.3, 0.25, 0.4, 0.1])
        straight, shuffled = self.study(ticks).of(2), self.study(ticks.iloc[:, order]).of(2)
        assert straight is not None and shuffled is not None
        assert {frozenset(s) for s in straight.tied} == {frozenset(s) for s in shuffled.tied}
        assert straight.reach_observed == pytest.approx(shuffled.reach_observed)
        assert straight.low == pytest.approx(shuffled.low)


class TestProgrammes:
    def test_the_share_active_is_of_memberships_not_of_people(self) -> None:
        table = pd.DataFrame({"programmes_enrolled": [10.0, 1, 0], "programmes_active": [2.0, 1, 0]})
        found = programmes.study(table, Design.simple(3))
        assert found.share_active is not None
        assert found.share_active.value == pytest.approx(3 / 11)
        assert found.enrolled.value == pytest.approx(11 / 3)

    def test_the_ratios_variance_is_that_of_its_residuals(self) -> None:
        rng = np.random.default_rng(7)
        enrolled = rng.poisson(5, 200).astype(float)
        active = rng.binomial(enrolled.astype(int), 0.4).astype(float)
        table = pd.DataFrame({"programmes_enrolled": enrolled, "programmes_active": active})
        found = programmes.study(table, Design.simple(200)).share_active
        assert found is not None
        ratio = active.sum() / enrolled.sum()
        variance = np.square(active - ratio * enrolled).sum() * 200 / 199 / enrolled.sum() ** 2
        assert found.effective_base == pytest.approx(ratio * (1 - ratio) / variance)

    def test_more_active_than_enrolled_is_counted_and_left_out(self) -> None:
        table = pd.DataFrame({"programmes_enrolled": [4.0, 2, 3, -1], "programmes_active": [2.0, 5, 1, 0]})
        found = programmes.study(table, Design.simple(4))
        assert found.active_over_enrolled == 2  # -1 enrolled, 0 active is one of them
        assert found.impossible == 1
        assert found.enrolled.base == 2

    def test_a_ratio_with_everybody_alike_still_has_an_interval(self) -> None:
        table = pd.DataFrame({"programmes_enrolled": [2.0] * 30, "programmes_active": [2.0] * 30})
        found = programmes.study(table, Design.simple(30)).share_active
        assert found is not None and found.value == 1 == found.high and 0.8 < found.low < 1

    def test_refuses_without_answers_and_tells_when_nobody_is_enrolled(self) -> None:
        assert code_of(lambda: programmes.study(pd.DataFrame({"x": [1]}), Design.simple(1))) == "no_programmes"
        missing = pd.DataFrame({"programmes_enrolled": [np.nan, np.nan]})
        assert code_of(lambda: programmes.study(missing, Design.simple(2))) == "no_programmes"
        nobody = pd.DataFrame({"programmes_enrolled": [0.0, 0], "programmes_active": [0.0, 0]})
        assert programmes.study(nobody, Design.simple(2)).share_active is None
