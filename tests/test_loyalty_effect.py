"""Which design the data allow, what it finds on planted truths, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bench import planted_effect as planted

from kesher.loyalty.effect import EffectStudy, cohorts, identify, staggered
from kesher.readers.ledger.summaries import Panel

NUMBERS = ["value", "se", "low", "high"]


def lived(design: str, seed: int = 0, effect: float = 3.0, n: int = 800) -> tuple[Panel, pd.DataFrame | None]:
    made = planted.client(np.random.default_rng([5, seed]), design, effect, n)
    return planted.lived(made), made.holdout


def taken(panel: Panel, rows) -> Panel:
    parts = {name: getattr(panel, name)[rows] for name in ("customers", "value", "orders", "joined", "first_purchase")}
    return replace(panel, **parts)


def small(joined: list[int], months: int = 24, first: int = 0) -> Panel:
    n = len(joined)
    value = np.random.default_rng(0).lognormal(3, 0.5, (n, months))
    when = 24_000 + np.arange(months)
    there = np.where(np.array(joined) < 0, -1, 24_000 + np.array(joined))
    return Panel(np.arange(n), when, value, np.ones((n, months), np.int32), there, np.full(n, 24_000 + first))


def assert_alike(a: EffectStudy, b: EffectStudy, scale: float = 1.0) -> None:
    assert (a.design, a.flags, a.reasons, a.coverage) == (b.design, b.flags, b.reasons, b.coverage)
    assert a.headline is not None
    assert b.headline is not None
    for name in NUMBERS:
        assert scale * getattr(a.headline, name) == pytest.approx(getattr(b.headline, name), rel=1e-6)
    for x, y in ((a.designs, b.designs), (a.sensitivity, b.sensitivity)):
        for name in ("value", "low", "high"):
            assert scale * x[name].to_numpy() == pytest.approx(y[name].to_numpy(), rel=1e-6, nan_ok=True)
    if a.bound is not None and b.bound is not None:
        assert scale * a.bound.rows["low"].to_numpy() == pytest.approx(b.bound.rows["low"].to_numpy(), rel=1e-6)
        assert a.bound.breakdown_m == pytest.approx(b.bound.breakdown_m, rel=1e-6)


class TestPlantedTruth:
    """A short form of tests/bench/planted_effect.py; its results are in tests/bench/RESULTS.md."""

    @pytest.mark.parametrize("design", planted.DESIGNS)
    def test_the_interval_holds_what_was_planted(self, design: str) -> None:
        found = planted.simulated(design, 3.0, 40, 1)
        held = ((found["low"] <= found["truth"]) & (found["truth"] <= found["high"])).mean()
        assert held >= 0.85  # of 40 at 95 %: fewer once in 300 times
        assert abs((found["value"] - found["truth"]).mean()) < 4 * found["se"].mean() / 40**0.5
        if design not in ("holdout", "staggered, few controls"):
            assert found["naive"].mean() > 2 * found["truth"].mean()

    @pytest.mark.parametrize("design", ["holdout", "staggered", "joiners"])
    def test_no_effect_is_rarely_called_one(self, design: str) -> None:
        found = planted.simulated(design, 0.0, 40, 2)
        assert ((found["low"] > 0) | (found["high"] < 0)).mean() <= 0.15


class TestMetamorphic:
    @pytest.mark.parametrize("design", ["holdout, 60 % join", "staggered", "joiners"])
    def test_currency_unit_and_row_order(self, design: str) -> None:
        panel, holdout = lived(design)
        study = identify(panel, holdout=holdout)
        assert_alike(study, identify(replace(panel, value=100 * panel.value), holdout=holdout), 100)
        order = np.random.default_rng(3).permutation(len(panel.customers))
        shuffled = None if holdout is None else holdout.sample(frac=1, random_state=2)
        assert_alike(study, identify(taken(panel, order), holdout=shuffled))

    @pytest.mark.parametrize("covariates", [False, True])
    def test_customers_twice_at_half_weight(self, covariates: bool) -> None:
        panel, _ = lived("staggered", n=400)
        x = panel.value[:, :3] if covariates else None
        half = np.full(800, 0.5)
        twice = taken(panel, np.tile(np.arange(400), 2))
        options = {"controls": "not_yet_and_never", "drop_before": 1}
        once = cohorts.effects(panel, covariates=x, **options)
        same = cohorts.effects(twice, covariates=None if x is None else np.tile(x, (2, 1)), weights=half, **options)
        timing = {"pre_months": 6, "drop_before": 1, "first": 1}
        a, b = (staggered.aggregated(f, "not_yet_and_never", **timing) for f in (once, same))
        for name in ("simple", "group", "dynamic", "calendar"):
            assert [getattr(getattr(a, name), k) for k in NUMBERS] == pytest.approx(
                [getattr(getattr(b, name), k) for k in NUMBERS], rel=1e-7 if covariates else 1e-10
            )
        assert a.pre_statistic == pytest.approx(b.pre_statistic, rel=1e-6)
        # two customers who merely look alike are two: the error shrinks as it must
        others = cohorts.effects(
            replace(twice, customers=np.arange(800)),
            covariates=None if x is None else np.tile(x, (2, 1)),
            weights=half,
            **options,
        )
        c = staggered.aggregated(others, "not_yet_and_never", **timing)
        assert c.simple.value == pytest.approx(a.simple.value, rel=1e-7)
        assert c.simple.se == pytest.approx(a.simple.se / 2**0.5, rel=1e-7)


class TestWhatLeads:
    def test_the_first_possible_design_and_the_others_beside_it(self) -> None:
        panel, _ = lived("staggered")
        study = identify(panel)
        assert study.design == "staggered"
        assert list(study.designs["design"]) == ["holdout", "staggered", "joiners", "rollout", "members_only"]
        assert list(study.designs["possible"]) == [False, True, True, False, True]
        assert study.reasons == {"holdout": "no_holdout", "rollout": "no_rollout"}
        assert study.staggered is not None
        assert study.staggered.controls == "not_yet"
        assert study.headline == study.staggered.simple
        ways = {"winsorised", "not_yet_and_never", "never", "first_months", "uncovered_zero"}
        assert set(study.sensitivity["row"]) == ways
        assert study.naive is not None
        assert study.headline is not None
        assert study.naive.value > 2 * study.headline.value
        months = np.clip(panel.months[-1] - panel.joined[panel.joined >= 0], 0, 24).sum()
        after = study.staggered.cells.query("month > joined")
        assert study.coverage.months_share == pytest.approx(after["members"].sum() / months)
        rows = study.sensitivity.set_index("row")
        for name in ("value", "low", "high"):
            scaled = study.coverage.months_share * getattr(study.headline, name)
            assert rows.loc["uncovered_zero", name] == pytest.approx(scaled)
        soon = after[after["month"] - after["joined"] <= 3]
        assert rows.loc["first_months", "value"] == pytest.approx(np.average(soon["value"], weights=soon["members"]))
        used = study.staggered.profile.loc[study.staggered.profile["used"], "event_month"]
        assert used.min() == 1  # the joining month is left out
        assert study.staggered.pre_degrees_of_freedom == 5  # six months, the last of them the base
        cells = study.staggered.cells[study.staggered.cells["month"] > study.staggered.cells["joined"]]
        since_base = cells["month"] - cells["joined"] + 2
        assert study.staggered.reach == pytest.approx(np.average(since_base, weights=cells["members"]))
        assert study.coverage.members == (panel.joined >= 0).sum()
        rest = study.coverage.before_window + study.coverage.without_history + study.coverage.small_cohort
        assert study.coverage.used + rest == study.coverage.members
        held = pd.DataFrame(
            {"customer": panel.customers, "treated": panel.customers % 2 == 0, "since": pd.Timestamp("2025-06-15")}
        )
        both = identify(panel, holdout=held)
        assert both.design == "holdout"
        assert both.staggered is not None
        assert both.staggered.simple == study.headline
        assert both.holdout is not None
        assert both.holdout.months == 6  # from July on

    def test_a_pre_trend_is_shown_and_changes_no_design(self) -> None:
        panel, _ = lived("staggered")
        event = panel.months - panel.joined[:, None]
        drift = np.where((panel.joined[:, None] >= 0) & (event < 0), 4.0 * np.maximum(event, -8), 0.0)
        study = identify(replace(panel, value=panel.value + drift))
        assert study.design == "staggered"
        assert {"pre_trend", "fragile"} <= set(study.flags)
        assert study.bound is not None
        assert study.trend_bound is not None
        for found in (study.bound, study.trend_bound):
            assert (found.rows["high"] - found.rows["low"]).is_monotonic_increasing
        # less than the 4 a month planted: those who join next drift by then as well
        assert 1 < study.trend_bound.largest_pre < 4
        assert study.trend_bound.rows.loc[1, "high"] < study.bound.rows.loc[1, "high"]

    def test_customers_who_leave_after_joining_look_like_a_falling_effect(self) -> None:
        """Of 100 of tests/bench/planted_programmes.py with 2 % a month leaving for good (truth 6.3): the headline
        1.1, other controls 0.3 and 0.7, first months 3.5, at joining 5.0 on average; flagged in 75, and in all but
        one of the 26 whose interval lay wholly below the break-even of 3.7."""
        panel, _ = lived("staggered", effect=6.0, n=2000)
        stays = np.random.default_rng(8).geometric(0.05, len(panel.joined))
        gone = (panel.joined[:, None] >= 0) & (panel.months >= (panel.joined + stays)[:, None])
        study, left = identify(panel), identify(replace(panel, value=np.where(gone, 0.0, panel.value)))
        assert study.headline is not None
        assert left.headline is not None
        assert left.fading is not None
        assert study.fading == study.staggered.fading  # type: ignore[union-attr]
        assert "drop_out" not in study.flags
        assert "at_joining" not in set(study.sensitivity["row"])
        assert "drop_out" in left.flags
        assert left.fading.value < -1.645 * left.fading.se  # one-sided at 95 %
        rows = left.sensitivity.set_index("row")["value"]
        assert left.headline.value < rows["first_months"] < rows["at_joining"] < 1.5 * study.headline.value

    def test_a_holdout_among_members_counts_them_from_joining_on(self) -> None:
        rng = np.random.default_rng(12)
        found = []
        for _ in range(30):
            _, margin = planted.shopping(rng, 800)
            joined = planted.FIRST + rng.integers(2, 23, 800)
            joined[rng.random(800) < 0.02] = -1
            treated = rng.random(800) < 0.5
            months = planted.FIRST + np.arange(planted.MONTHS)
            works = treated & (joined >= 0)
            on = works[:, None] & (months > joined[:, None]) & (months >= planted.FIRST + 12)
            first = np.full(800, planted.FIRST - 3)
            panel = Panel(np.arange(800), months, margin + 8.0 * on, (margin > 0).astype(np.int32), joined, first)
            since = pd.Timestamp("2025-01-01")
            holdout = pd.DataFrame({"customer": np.arange(800), "treated": treated, "since": since})
            study = identify(panel, holdout=holdout)
            assert study.headline is not None
            assert (study.estimand, study.headline.per) == ("itt", "member")
            found.append((study.headline.value, study.headline.se))
        value, se = np.array(found).T
        assert abs(value.mean() - 8.0) < 3 * se.mean() / 30**0.5
        assert (np.abs(value - 8.0) < 1.96 * se).mean() >= 0.8
        few = np.where(rng.random(800) < np.where(treated, 0.04, 0.0), planted.FIRST + 12, -1)
        offered = identify(replace(panel, joined=few), holdout=holdout).headline
        assert offered is not None
        assert offered.per == "customer_offered"

    def test_the_naive_gap_counts_neither_first_month(self) -> None:
        panel = small([20] * 50 + [-1] * 50, first=18)
        value = np.where(panel.months == 24_018, 500.0, 10.0)
        study = identify(replace(panel, value=np.tile(value, (100, 1))))
        assert study.naive is not None
        assert study.naive.value == pytest.approx(0.0)

    def test_a_jump_before_joining_is_left_out(self) -> None:
        panel, _ = lived("staggered", effect=0.0)
        event = panel.months - panel.joined[:, None]
        jump = np.where((panel.joined[:, None] >= 0) & (event >= -1) & (event <= 0), 60.0, 0.0)
        plain, jumped = (identify(replace(panel, value=panel.value + extra)) for extra in (0.0, jump))
        assert plain.headline is not None
        assert jumped.headline is not None
        assert jumped.headline.value == pytest.approx(plain.headline.value, abs=1e-9)

    def test_take_up_by_some_gives_the_effect_per_member(self) -> None:
        panel, holdout = lived("holdout, 60 % join")
        study = identify(panel, holdout=holdout, planned_share=0.2)
        assert study.estimand == "late"
        assert study.holdout is not None
        assert study.holdout.itt.per == "customer_offered"
        assert study.headline is not None
        assert study.headline.value == pytest.approx(study.holdout.itt.value / study.holdout.take_up)
        assert study.holdout.ratio_p < 1e-6
        assert "sample_ratio" in study.flags
        assert identify(panel, holdout=holdout, members_known=False).naive_reason == "no_members"

    def test_a_placebo_date_is_the_effect_of_joining_earlier(self) -> None:
        panel, _ = lived("joiners, two dates")
        study = identify(panel, pre_months=4, drop_before=1)
        assert study.joiners is not None
        assert study.joiners.placebo_date is not None
        for date in np.unique(panel.joined[panel.joined >= 0]):
            alone = taken(panel, (panel.joined == date) | (panel.joined < 0))
            seen = panel.months < date - 1
            told = replace(alone, months=panel.months[seen], value=alone.value[:, seen], orders=alone.orders[:, seen])
            earlier = identify(replace(told, joined=np.where(told.joined < 0, -1, date - 4)), pre_months=4)
            whole = identify(alone, pre_months=4)
            assert whole.joiners is not None
            assert whole.joiners.placebo_date == earlier.headline
            assert whole.joiners.placebo_date != whole.joiners.placebo
        short = identify(panel).joiners  # joined after 12 months: 2 x 6 and the one left out are not there for all
        assert short is not None
        assert short.placebo is not None
        assert short.placebo_date is not None
        assert short.placebo_date.members < short.effect.members

    def test_joiners_with_a_placebo(self) -> None:
        panel, _ = lived("joiners")
        study = identify(panel)
        assert study.design == "joiners"
        assert study.reasons["staggered"] == "joined_on_one_day"
        assert study.joiners is not None
        assert study.joiners.balanced
        assert study.joiners.balance["before"].abs().max() > 0.3
        assert study.joiners.balance["after"].abs().max() < 1e-6
        assert study.joiners.placebo is not None
        assert study.joiners.placebo_holds
        assert study.designs.set_index("design").loc["joiners", "reason"] == ""
        assert study.joiners.placebo_date is None  # twelve months before joining are one too few
        assert study.bound is not None
        assert study.bound.kind == "placebo"
        # who joined for a level of their own, that six months before show only roughly
        keen, _ = lived("staggered", effect=0.0, n=2000)
        once = replace(keen, joined=np.where(keen.joined >= 0, planted.FIRST + 14, -1))
        doubted = identify(once)
        assert doubted.design == "joiners"
        assert "placebo_fails" in doubted.flags
        row = doubted.designs.set_index("design").loc["joiners"]
        assert row["possible"] and row["value"] == doubted.headline.value
        assert row["reason"] == "placebo_fails"
        assert doubted.bound is not None
        assert doubted.bound.rows.loc[2, "low"] < 0


class TestEdges:
    def test_six_weeks_name_every_refused_design(self) -> None:
        one = small([0] * 150 + [-1] * 150, months=1)
        rollout = pd.DataFrame({"region": [0], "started": [pd.Timestamp("2000-01-10")]})
        regional = pd.DataFrame(np.ones((12, 1)), columns=[24_000])
        holdout = pd.DataFrame({"customer": range(300), "treated": True, "since": pd.Timestamp("2000-02-01")})
        study = identify(one, holdout=holdout, rollout=rollout, regional=regional)
        assert study.reasons == dict.fromkeys(["holdout", "staggered", "joiners", "rollout"], "too_few_months")
        assert (study.design, study.headline, study.estimand) == ("members_only", None, None)
        none = identify(replace(one, months=one.months[:0], value=one.value[:, :0], orders=one.orders[:, :0]))
        assert none.reasons["staggered"] == "too_few_months"
        assert none.naive_reason == "too_few_months"

    @pytest.mark.parametrize(
        ("joined", "code"),
        [
            ([-1] * 300, "no_members"),
            ([12] + [-1] * 300, "too_few_members"),
            ([12] * 150 + [-1] * 150, "joined_on_one_day"),
            ([12] * 80 + [15] * 80 + [-1] * 150, "few_joining_months"),
            ([2, 3, 4] * 60 + [-1] * 150, "no_before"),
            ([23] * 150 + [22] * 2 + [-1] * 150, "too_few_members"),
        ],
    )
    def test_refusals_by_name(self, joined: list[int], code: str) -> None:
        assert identify(small(joined)).reasons["staggered"] == code

    def test_members_who_were_no_customers_before_are_left_out(self) -> None:
        panel = small([10, 12, 14, 16] * 60 + [-1] * 150)
        new = np.where((panel.joined >= 0) & (np.arange(390) % 3 == 0), panel.joined, panel.first_purchase)
        study = identify(replace(panel, first_purchase=new))
        assert study.coverage.without_history == 80
        assert study.coverage.used == 160
        nobody = identify(replace(panel, first_purchase=np.where(panel.joined >= 0, panel.joined, 24_000)))
        assert nobody.reasons["staggered"] == nobody.reasons["joiners"] == "no_history"
        never_bought = np.where(panel.joined == 24_010, -1, panel.first_purchase)
        assert identify(replace(panel, first_purchase=never_bought)).coverage.used == 180

    def test_everybody_a_member(self) -> None:
        study = identify(small([*list(range(8, 22)) * 30]))
        assert study.design == "staggered"
        assert study.reasons["joiners"] == "everybody_a_member"
        assert (study.naive, study.naive_reason) == (None, "members_only")
        together = identify(small([12] * 300))
        assert (together.design, together.headline) == ("members_only", None)
        assert together.reasons["joiners"] == "everybody_a_member"

    def test_nobody_comparable(self) -> None:
        panel = small([12] * 150 + [-1] * 150)
        apart = replace(panel, value=panel.value + 1000.0 * (panel.joined[:, None] >= 0))
        assert identify(apart).reasons["joiners"] == "no_overlap"

    @pytest.mark.parametrize("design", ["holdout", "staggered", "joiners"])
    def test_a_ten_thousandfold_spender_is_seen(self, design: str) -> None:
        panel, holdout = lived(design)
        assert "outliers" not in identify(panel, holdout=holdout).flags
        giant = panel.value.copy()
        who = np.flatnonzero((panel.joined >= 0) & (panel.joined < 24_305))[0]
        giant[who] *= np.where(panel.months >= panel.joined[who], 1e4, 1.0)
        study = identify(replace(panel, value=giant), holdout=holdout)
        assert "outliers" in study.flags
        assert study.headline is not None
        row = study.sensitivity.set_index("row").loc["winsorised"]
        assert row["high"] - row["low"] < (study.headline.high - study.headline.low) / 2
        assert row["low"] < 3 < row["high"]

    def test_negative_margins_are_margins(self) -> None:
        panel, _ = lived("staggered")
        sunk = replace(panel, value=panel.value - 80.0)
        a, b = identify(panel), identify(sunk)
        assert a.headline is not None
        assert b.headline is not None
        assert a.headline.value == pytest.approx(b.headline.value, abs=1e-9)


def test_never_members_stand_in_when_later_joiners_run_out() -> None:
    study = identify(small([8, 9, 10] * 60 + [-1] * 200))
    assert study.staggered is not None
    assert study.staggered.controls == "not_yet_and_never"
    assert study.staggered.simple.controls >= 200


def test_a_roll_out_leaves_its_first_month_out_and_speaks_of_members() -> None:
    rng = np.random.default_rng(4)
    months = 24_000 + np.arange(24)
    value = pd.DataFrame(1000 + rng.normal(0, 3, (14, 24)) + 20 * np.arange(14)[:, None], columns=months)
    value.loc[:2, months[12]] += 500.0  # the opening's own sales
    value.loc[:2, months[13:]] += 60.0
    started = pd.DataFrame({"region": [0, 1, 2, 3], "started": pd.to_datetime(["2001-01-10"] * 3 + [None])})
    started["started"] = pd.to_datetime(started["started"])
    value.columns = pd.Index(2000 * 12 + np.arange(24))
    bases = pd.DataFrame({"customers": 100.0, "members": 40.0}, index=value.index)
    study = identify(small([-1] * 10), rollout=started, regional=value, regional_bases=bases)
    assert (study.design, study.estimand) == ("rollout", "att")
    assert study.headline is not None
    assert study.headline.per == "member"
    assert study.headline.value == pytest.approx(60 / 40, abs=0.2)
    assert study.headline.low < 60 / 40 < study.headline.high
    assert study.sensitivity.empty
