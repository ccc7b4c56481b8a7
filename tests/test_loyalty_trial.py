"""The priced holdout test: textbook sizes, variances and worth; the effect it promises to find is found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from simulated_programmes import members_only

from kesher.faults import NotIdentified
from kesher.loyalty import trial
from kesher.loyalty.account import Choice
from kesher.loyalty.trial import Spread, plan, power_of, spread
from kesher.sample import simulate_programme

SPREAD = Spread(between=22.0, within=44.0, members=1000, months=12)


def test_power_is_statsmodels() -> None:
    from statsmodels.stats.power import TTestIndPower

    for effect, held, rest, confidence in [
        (5.0, 173, 867, 0.95),
        (9.0, 30, 60, 0.9),
        (0.0, 40, 70, 0.95),
        (40.0, 5, 9, 0.99),
    ]:
        textbook = TTestIndPower().power(effect / 20, held, 1 - confidence, ratio=rest / held)
        assert power_of(effect, 20.0, held, rest, confidence) == pytest.approx(textbook, abs=1e-9)


def test_the_size_is_the_smallest_that_statsmodels_accepts() -> None:
    from statsmodels.stats.power import TTestIndPower

    found = plan(SPREAD, members=1000, break_even=6.0, expected=6.0, weeks=(26,))
    effect = 6.0 / SPREAD.residual(26 / trial.WEEKS_PER_MONTH, 6)
    powers = [TTestIndPower().power(effect, n, 0.05, ratio=(1000 - n) / n) for n in (found.size - 1, found.size)]
    assert powers[0] < 0.8 <= powers[1]
    assert found.feasible and found.power == pytest.approx(powers[1])
    assert found.detectable <= 6.0
    assert power_of(found.detectable, found.sd, found.size, 1000 - found.size, 0.95) == pytest.approx(0.8)


def test_variance_components_are_recovered() -> None:
    rng = np.random.default_rng(5)
    own = 50 + 22 * rng.standard_normal(4000)
    rows = pd.DataFrame({"customer": np.repeat(np.arange(4000), 12), "month": np.tile(np.arange(100, 112), 4000)})
    rows["value"] = np.repeat(own, 12) + 44 * rng.standard_normal(len(rows))
    found = spread(rows, np.arange(4000), 100, 111)
    assert found.between == pytest.approx(22, rel=0.05) and found.within == pytest.approx(44, rel=0.02)
    joined = rng.integers(95, 109, 4000)  # months up to joining hold nothing and say nothing
    later = rows[rows["month"] > joined[rows["customer"]]]
    again = spread(later, np.arange(4000), 100, 111, joined=joined)
    assert again.between == pytest.approx(22, rel=0.08) and again.within == pytest.approx(44, rel=0.03)


def test_the_adjusted_spread_is_what_regression_leaves() -> None:
    rng = np.random.default_rng(6)
    own = 22 * rng.standard_normal(200_000)
    before, after = (
        own + 44 / np.sqrt(6) * rng.standard_normal(own.size),
        own + 44 / np.sqrt(3) * rng.standard_normal(own.size),
    )
    assert SPREAD.correlation(3, 6) == pytest.approx(np.corrcoef(before, after)[0, 1], abs=0.01)
    slope = np.cov(before, after)[0, 1] / before.var()
    assert SPREAD.residual(3, 6) == pytest.approx((after - slope * before).std(), rel=0.01)
    assert SPREAD.residual(3, 0) == SPREAD.raw(3)


def test_the_promised_effect_is_found_as_often_as_promised() -> None:
    found = plan(SPREAD, members=900, break_even=7.0, expected=7.0)
    assert found.feasible
    rng = np.random.default_rng(7)
    months = found.weeks / trial.WEEKS_PER_MONTH
    seen = covered = 0
    for _ in range(2000):
        own = SPREAD.between * rng.standard_normal(900)
        before = own + SPREAD.within / np.sqrt(6) * rng.standard_normal(900)
        held = np.arange(900) < found.size
        after = own + SPREAD.within / np.sqrt(months) * rng.standard_normal(900) + found.detectable * ~held
        design = np.column_stack([~held, np.ones(900), before])
        coefficients, rest, *_ = np.linalg.lstsq(design, after, rcond=None)
        error = np.sqrt(rest[0] / 897 * np.linalg.inv(design.T @ design)[0, 0])
        half = stats.t.ppf(0.975, 897) * error
        seen += coefficients[0] > half
        covered += abs(coefficients[0] - found.detectable) < half
    assert 0.775 <= seen / 2000 <= 0.825
    assert 0.935 <= covered / 2000 <= 0.965


def test_the_cheapest_feasible_design_is_chosen() -> None:
    found = plan(SPREAD, members=1000, break_even=6.0, expected=4.0, fixed=500.0)
    possible = found.grid[found.grid["feasible"]]
    assert found.cost == possible["cost"].min() == pytest.approx(found.forgone + 500)
    assert found.forgone == pytest.approx(4.0 * found.size * found.weeks * 7 / (365.25 / 12))
    assert found.stop_below < 6.0 < found.continue_above
    assert found.worth is None and found.net_worth is None
    free = plan(SPREAD, members=1000, break_even=6.0, expected=-4.0)  # nothing to forgo: the shortest that can tell
    assert free.forgone == 0 and free.weeks == free.grid.loc[free.grid["feasible"], "weeks"].min()
    assert plan(SPREAD, members=1000, break_even=60.0, expected=6.0).grid["size"].min() == trial.ENOUGH
    assert (found.grid["share"] <= 0.2).all()


def test_too_small_a_club_gets_the_strongest_design_and_its_detectable_effect() -> None:
    found = plan(SPREAD, members=120, break_even=3.0, expected=3.0)
    assert not found.feasible and found.code == "no_feasible_design"
    assert found.size == 24 and found.power == found.grid["power"].max() < 0.8
    assert found.detectable > 3.0


@pytest.mark.parametrize("ahead", [-3.0, 0.0, 2.0])
def test_worth_is_the_mean_gain_of_deciding_after_the_test(ahead: float) -> None:
    found = plan(SPREAD, members=1000, break_even=6.0, expected=6.0 + ahead, choice=Choice(3.0, 12_000, 6.0))
    rng = np.random.default_rng(8)
    effect = 6.0 + ahead + 3.0 * rng.standard_normal(1_000_000)
    estimate = effect + found.standard_error * rng.standard_normal(effect.size)
    keep = 9 / (9 + found.standard_error**2)
    after = keep * estimate + (1 - keep) * (6.0 + ahead)
    gain = np.where(after > 6.0, effect - 6.0, 0.0).mean() - max(ahead, 0.0)
    assert found.worth == pytest.approx(12_000 * gain, rel=0.03)
    perfect = np.maximum(effect - 6.0, 0.0).mean() - max(ahead, 0.0)
    assert found.worth_perfect == pytest.approx(12_000 * perfect, rel=0.03)
    assert found.worth is not None and found.worth_perfect is not None and found.worth < found.worth_perfect
    assert found.net_worth == pytest.approx(found.worth - found.cost)
    assert (found.code == "not_worth_its_cost") == (found.worth < found.cost)


def test_a_surer_belief_makes_a_test_worth_less() -> None:
    choices = [Choice(sd, 12_000, 6) for sd in (0.0, 0.5, 2.0, 8.0)]
    worth = [plan(SPREAD, members=1000, break_even=5, expected=7, choice=choice).worth for choice in choices]
    assert worth[0] == 0 and worth == sorted(worth)


def test_refusals() -> None:
    for code, given in {
        "no_members": {"members": 0},
        "too_few_members": {"members": 8},
        "no_break_even": {"break_even": 0.0},
        "no_spread": {"spread": Spread(0.0, 0.0, 5, 5)},
    }.items():
        asked = {"spread": SPREAD, "members": 1000, "break_even": 6.0, "expected": 6.0} | given
        with pytest.raises(NotIdentified, match=code):
            plan(asked.pop("spread"), **asked)
    rows = pd.DataFrame({"customer": [0, 1], "month": [100, 100], "value": [1.0, 2.0]})
    with pytest.raises(NotIdentified, match="one_member"):
        spread(rows, [0], 100, 111)
    with pytest.raises(NotIdentified, match="too_few_months"):
        spread(rows, [0, 1], 100, 100)


def test_currency_scales_money_and_nothing_else() -> None:
    found = plan(SPREAD, members=1000, break_even=6.0, expected=5.0, choice=Choice(2.0, 9000, 5.5), fixed=100.0)
    cents = Spread(2200.0, 4400.0, 1000, 12)
    choice = Choice(200.0, 9000, 550.0)
    scaled = plan(cents, members=1000, break_even=600.0, expected=500.0, choice=choice, fixed=10_000.0)
    assert (scaled.size, scaled.weeks) == (found.size, found.weeks)
    assert scaled.cost == pytest.approx(100 * found.cost) and scaled.worth == pytest.approx(100 * found.worth)


def test_the_members_only_sample_can_be_tested() -> None:
    of = members_only()
    drawn = simulate_programme(of, of["seed"])
    joined = drawn.members["joined"].dt.year * 12 + drawn.members["joined"].dt.month - 1
    found = spread(drawn.monthly(), drawn.members["customer"], drawn.last_month - 11, drawn.last_month, joined=joined)
    assert plan(found, members=520, break_even=2.7, expected=2.7).detectable > 0
