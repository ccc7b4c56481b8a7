"""Goals on fixed scales: a set's value depends on the set alone, and the weights that flip a choice are exact."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kesher.channels.goals import DAYS_PER_MONTH, Goal, expected, flips, known, measures, value
from kesher.faults import NotIdentified

GOALS = ("reach", "engagement", "leads", "service")


def goals_table(*rows):
    return pd.DataFrame(rows, columns=["goal", "weight", "zero", "full"])


def masks_of(k, most):
    sets = [of for size in range(1, most + 1) for of in combinations(range(k), size)]
    return np.array([sum(1 << j for j in of) for of in sets], dtype=np.int64), sets


def networks_table(names, **columns):
    return pd.DataFrame({"network": list(names), **columns})


@st.composite
def problems(draw):
    k = draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = tuple(f"n{j}" for j in range(k))
    table = networks_table(
        names,
        engagement=np.where(rng.random(k) < 0.15, np.nan, rng.integers(0, 500, k).astype(float)),
        leads=np.where(rng.random(k) < 0.15, np.nan, rng.integers(0, 40, k).astype(float)),
        mentions=np.where(rng.random(k) < 0.15, np.nan, rng.integers(0, 40, k).astype(float)),
    )
    singles = rng.random(k)
    weights = rng.integers(0, 5, len(GOALS)).astype(float)
    weights[0] += 1
    fulls = [1.0, 400.0, 60.0, 80.0]
    goals = goals_table(*[(g, w, 0.0, full) for g, w, full in zip(GOALS, weights, fulls, strict=True)])
    return names, table, singles, goals


def reach_of_singles(masks, singles):
    """Any reach that depends on the set alone."""
    inside = masks[:, None] >> np.arange(len(singles)) & 1
    return 1 - np.prod(np.where(inside, 1 - singles, 1), axis=1)


def test_value_is_the_weighted_sum_of_clipped_scales_by_hand():
    goals = goals_table(("reach", 3, 0.2, 0.7), ("leads", 1, 0, 40))
    found = value(goals, {"reach": np.array([0.45, 0.1, 0.9]), "leads": np.array([10.0, 80.0, np.nan])})
    assert found[:2] == pytest.approx([0.75 * 0.5 + 0.25 * 0.25, 0.25])
    assert np.isnan(found[2])


def test_no_goals_weigh_reach_alone():
    for nothing in (None, goals_table()):
        assert value(nothing, {"reach": np.array([0.3, 1.0])}).tolist() == [0.3, 1.0]


def test_blank_scales_end_at_one_for_shares_and_leave_counts_out():
    goals = goals_table(("reach", 1, np.nan, np.nan), ("leads", 1, np.nan, np.nan))
    kept, codes = known(goals, {"reach": np.array([0.5]), "leads": np.array([4.0])})
    assert kept == (Goal("reach", 1.0, 0.0, 1.0),)
    assert codes == ("goal_without_scale:leads",)


def test_a_goal_of_which_nothing_is_known_shares_its_weight_among_the_others():
    goals = goals_table(("reach", 2, 0, 1), ("leads", 5, 0, 40), ("service", 1, 0, 1), ("sales", 0, 0, 9))
    of = {"reach": np.array([0.6]), "service": np.array([0.3]), "leads": np.array([np.nan])}
    kept, codes = known(goals, of)
    assert [goal.weight for goal in kept] == pytest.approx([2 / 3, 1 / 3])
    assert codes == ("goal_unknown:leads",)  # sales has no weight to lose
    assert value(goals, of) == pytest.approx([0.5])
    with pytest.raises(NotIdentified, match="no_goal_known"):
        value(goals_table(("leads", 1, 0, 40)), {"reach": np.array([0.6])})


def test_expected_is_typed_else_exported_by_the_month():
    networks = networks_table(["a", "b", "c"], engagement=[90.0, np.nan, np.nan])
    outcomes = pd.DataFrame(
        {"network": ["a", "b"], "days": [99, 99], "interactions_days": [61, 61], "interactions": [500.0, 122.0]}
    )
    assert expected("engagement", ("a", "b", "c"), networks, outcomes) == pytest.approx(
        [90, 2 * DAYS_PER_MONTH, np.nan], nan_ok=True
    )
    assert np.isnan(expected("leads", ("a", "b"), None, None)).all()
    assert np.isnan(expected("leads", ("a", "b"), networks, outcomes.assign(leads=3.0, leads_days=0))).all()


def test_service_counts_mentions_and_where_else_customers_speak_does_not_bear_on_it():
    masks, reach = np.array([1, 2, 3]), np.array([0.1, 0.2, 0.3])
    for elsewhere in (60.0, 6000.0):
        networks = networks_table(["a", "b", "elsewhere"], mentions=[10.0, 30.0, elsewhere])
        found = measures(("a", "b"), masks, reach, networks)
        assert found["service"].tolist() == [10, 30, 40]
        assert set(found) == {"reach", "service"}
    blank = goals_table(("service", 1, 0, np.nan), ("reach", 1, 0, 1))
    assert known(blank, found)[1] == ("goal_without_scale:service",)  # a count has no end of its own


def test_a_set_with_an_unknown_figure_has_no_value_and_never_counts_it_as_zero():
    networks = networks_table(["a", "b"], leads=[10.0, np.nan])
    found = measures(("a", "b"), np.array([1, 2, 3]), np.array([0.5, 0.9, 0.9]), networks)
    assert np.isnan(found["leads"]).tolist() == [False, True, True]
    worth = value(goals_table(("reach", 1, 0, 1), ("leads", 1, 0, 20)), found)
    assert worth[0] == pytest.approx(0.5)
    assert np.isnan(worth[1:]).all()


@settings(max_examples=100, deadline=None)
@given(problems(), st.integers(0, 2**32 - 1))
def test_adding_a_network_never_changes_the_value_of_the_sets_there_were(problem, seed):
    names, table, singles, goals = problem
    masks, _ = masks_of(len(names), 3)
    rng = np.random.default_rng(seed)

    def worth(names, table, singles):
        return value(goals, measures(names, masks, reach_of_singles(masks, singles), table))

    before = worth(names, table, singles)
    new = networks_table(
        ["new"],
        engagement=[rng.choice([np.nan, 0.0, 900.0])],
        leads=[rng.choice([np.nan, 0.0, 90.0])],
        mentions=[rng.choice([np.nan, 0.0, 900.0])],
    )
    after = worth((*names, "new"), pd.concat([table, new]), np.append(singles, rng.random()))
    if all(np.isfinite(table[g]).any() for g in ("engagement", "leads", "mentions")):  # the same goals are known
        np.testing.assert_allclose(after, before, atol=1e-12)


def test_a_network_that_joins_the_table_does_not_change_the_order_by_service_and_reach():
    """a reaches more, b serves more: as a share of all mentions the new network's would have put a first."""
    masks, reach = np.array([1, 2]), np.array([0.5, 0.3])
    goals = goals_table(("reach", 1, 0, 1), ("service", 1, 0, 20))
    for mentions in ([2.0, 8.0], [2.0, 8.0, 100.0], [2.0, 8.0, 0.0]):
        names = tuple("abc"[: len(mentions)])
        worth = value(goals, measures(names, masks, reach, networks_table(names, mentions=mentions)))
        assert worth == pytest.approx([0.5 * 0.5 + 0.5 * 0.1, 0.5 * 0.3 + 0.5 * 0.4])


def best_at(units, rest, place, t, tolerance):
    lines = t * units + (1 - t) * rest
    return lines[place] >= lines.max() - tolerance


@settings(max_examples=150, deadline=None)
@given(problems())
def test_flips_are_where_another_set_takes_over(problem):
    names, table, singles, goals = problem
    masks, sets = masks_of(len(names), 2)
    of = measures(names, masks, reach_of_singles(masks, singles), table)
    kept, _ = known(goals, of)
    worth = value(goals, of)
    judged = np.flatnonzero(np.isfinite(worth))
    if not judged.size:
        return
    of = {goal: x[judged] for goal, x in of.items()}
    allowed = [tuple(names[j] for j in sets[i]) for i in judged]
    for place in (int(np.argmax(worth[judged])), 0):
        for flip in flips(goals, of, allowed[place], allowed):
            goal = next(g for g in kept if g.goal == flip.goal)
            others = [g for g in kept if g.goal != flip.goal and g.weight > 0]
            units = goal.scaled(of[goal.goal])
            rest = sum(g.weight * g.scaled(of[g.goal]) for g in others) / sum(g.weight for g in others)
            if worth[judged][place] == np.nanmax(worth):
                assert flip.low - 1e-6 <= flip.weight <= flip.high + 1e-6
            for t in np.linspace(0, 1, 101):
                inside = not np.isnan(flip.low) and flip.low - 1e-9 <= t <= flip.high + 1e-9
                assert best_at(units, rest, place, t, 1e-8 if inside else -1e-12) == inside or (
                    not inside
                    and best_at(units, rest, place, t, 1e-8)  # equal there
                    and min(abs(t - flip.low), abs(t - flip.high)) < 1e-6
                )
            for end, over, step in ((flip.low, flip.below, -1e-4), (flip.high, flip.above, 1e-4)):
                if over is not None and 0 <= end + step <= 1:
                    lines = (end + step) * units + (1 - end - step) * rest
                    assert lines[allowed.index(over)] > lines[place]


def test_flips_by_hand():
    goals = goals_table(("reach", 1, 0, 1), ("leads", 1, 0, 100))
    of = {"reach": np.array([0.8, 0.4, 0.1]), "leads": np.array([20.0, 60.0, 65.0])}
    allowed = [("a",), ("b",), ("c",)]
    reach, leads = flips(goals, of, ("b",), allowed)
    assert (reach.weight, reach.below, reach.above) == (0.5, ("c",), ("a",))
    assert (reach.low, reach.high) == pytest.approx((0.05 / 0.35, 0.5))
    assert (leads.low, leads.high) == pytest.approx((0.5, 0.3 / 0.35))
    assert (leads.below, leads.above) == (("a",), ("c",))
    whole = flips(goals, {"reach": of["reach"], "leads": np.array([90.0, 60, 65])}, ("a",), allowed)
    assert [(f.low, f.high, f.below, f.above) for f in whole] == [(0.0, 1.0, None, None)] * 2
    dominated = flips(goals, {"reach": of["reach"], "leads": np.array([90.0, 60, 65])}, ("c",), allowed)
    assert all(np.isnan(f.low) and f.below is None and f.above is None for f in dominated)


def test_where_several_lines_cross_the_steepest_takes_over():
    goals = goals_table(("reach", 1, 0, 1), ("leads", 1, 0, 100))
    of = {"reach": np.array([0.5, 0.6, 0.9, 0.8]), "leads": np.array([50.0, 40.0, 10.0, 20.0])}
    reach, leads = flips(goals, of, ("a",), [("a",), ("b",), ("c",), ("d",)])
    assert (reach.low, reach.high, reach.below, reach.above) == (0, pytest.approx(0.5), None, ("c",))
    assert (leads.low, leads.high, leads.below, leads.above) == (pytest.approx(0.5), 1, ("c",), None)


def test_a_single_goal_has_no_flips():
    assert flips(None, {"reach": np.array([0.8, 0.4])}, ("a",), [("a",), ("b",)]) == ()
