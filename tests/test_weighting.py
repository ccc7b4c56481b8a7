"""Raking: published answers, ipfn's, what it refuses, and what must hold for any table."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kesher import stats
from kesher.faults import DataRefused
from kesher.stats import Design
from kesher.survey.weighting import rake

HERE = Path(__file__).parent


def spread(table: Any) -> tuple[list[np.ndarray], np.ndarray]:
    """A contingency table as one row per cell: its margins' codes, and its counts as starting weights."""
    counts = np.asarray(table, dtype=float)
    return [c.ravel() for c in np.indices(counts.shape)], counts.ravel()


def test_ipfn_readme() -> None:
    """The 4 x 4 example of ipfn's README (from Wikipedia's article on iterative proportional fitting)."""
    codes, counts = spread([[40, 30, 20, 10], [35, 50, 100, 75], [30, 80, 70, 120], [20, 30, 40, 50]])
    rows, columns = np.array([150, 300, 400, 150]), np.array([200, 300, 400, 100])
    raked = rake(codes, [rows / 1000, columns / 1000], counts)
    table = raked.weights.reshape(4, 4) * 1000 / counts.sum()
    assert raked.converged
    assert table[0].round(2).tolist() == [64.56, 46.23, 35.38, 3.82]
    np.testing.assert_allclose(table.sum(axis=1), rows, atol=1e-4)


def test_kalton_table_as_published() -> None:
    """R's tests/kalton.Rout.save, table B: weights of Kalton and Flores-Cervantes' 4 x 3 sample (2003)."""
    sample = np.array([20, 50, 100, 30, 40, 140, 50, 100, 40, 310, 50, 70]).reshape(3, 4)
    population = np.array([80, 60, 170, 55, 40, 150, 60, 165, 55, 340, 200, 125]).reshape(3, 4)
    codes, counts = spread(sample)
    total = population.sum()
    raked = rake(codes, [population.sum(axis=1) / total, population.sum(axis=0) / total], counts)
    ratio = raked.weights / counts * total / counts.sum()
    assert ratio.reshape(3, 4).T.round(2).tolist() == [
        [1.81, 1.45, 2.02],
        [1.08, 0.87, 1.21],
        [2.20, 1.76, 2.45],
        [1.83, 1.47, 2.04],
    ]


def test_balance_mini() -> None:
    """balance's tests/test_rake.py: twelve rows, weights 1.67 and 0.33; then with weighted targets."""
    codes = [np.array([0, 1] * 6), np.repeat([0, 1], 6)]
    assert rake(codes, [[10 / 12, 2 / 12], [0.5, 0.5]], np.ones(12)).weights.round(2).tolist() == [1.67, 0.33] * 6
    third = rake([np.array([0, 1, 2] * 4)], [[20 / 36, 12 / 36, 4 / 36]], np.ones(12))
    assert third.weights.round(2).tolist() == [1.67, 1.0, 0.33] * 4


def test_balance_tutorial_as_published() -> None:
    """Deff 2.103, ESS 475.6, happiness 48.559 before and 55.484 after (missing gender is a category)."""
    cells = pd.read_csv(HERE / "published" / "balance_tutorial.csv")
    codes = [pd.factorize(cells[m], sort=True)[0] for m in ("gender", "age_group")]
    targets = [np.bincount(c, cells.target) / cells.target.sum() for c in codes]
    sample = np.repeat(np.arange(len(cells)), cells["sample"])
    raked = rake([c[sample] for c in codes], targets, np.ones(1000))
    happiness = (cells.happiness_sum / cells["sample"]).to_numpy()[sample]
    assert round(raked.design_effect, 3) == 2.103
    assert round(1 / raked.design_effect, 3) == 0.476
    assert round(stats.effective_base(raked.weights), 1) == 475.6
    assert round(happiness.mean(), 3) == 48.559
    assert round(float(np.average(happiness, weights=raked.weights)), 3) == pytest.approx(55.484, abs=0.0011)
    assert round(cells.target_happiness_sum.sum() / cells.target.sum(), 3) == 56.278


def test_equals_fitting_the_table_one_margin_after_another() -> None:
    rng = np.random.default_rng(0)
    table = rng.random((2, 6, 7, 5)) + 0.1
    targets = [rng.dirichlet(np.full(k, 10)) for k in table.shape]
    codes, start = spread(table)
    ours = rake(codes, targets, start, tolerance=1e-12)
    fitted = table / table.sum()
    for _ in range(200):
        for axis, target in enumerate(targets):
            others = tuple(other for other in range(4) if other != axis)
            shape = [-1 if other == axis else 1 for other in range(4)]
            fitted = fitted * (target / fitted.sum(axis=others)).reshape(shape)
    np.testing.assert_allclose(ours.weights / ours.weights.sum(), fitted.ravel(), rtol=1e-8)


# --- design weights and bounds ---


def made_up(seed: int, n: int = 2000) -> tuple[list[np.ndarray], list[np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = (2, 4, 3)
    codes = [rng.choice(k, n, p=rng.dirichlet(np.full(k, 20.0))) for k in sizes]
    return codes, [rng.dirichlet(np.full(k, 20.0)) for k in sizes], rng.lognormal(0, 0.3, n)


def test_design_weights_are_kept_within_cells() -> None:
    codes, targets, start = made_up(1)
    raked = rake(codes, targets, start)
    cell = np.ravel_multi_index(tuple(codes), (2, 4, 3))
    for c in np.unique(cell):
        assert np.ptp((raked.weights / start)[cell == c]) < 1e-12
    assert raked.weights.sum() == pytest.approx(start.sum())
    assert raked.design_effect == pytest.approx(stats.kish_design_effect(raked.weights))
    again = rake(codes, targets, raked.weights)
    np.testing.assert_allclose(again.weights, raked.weights, rtol=1e-6)


def test_bounds_hold_and_so_do_the_margins() -> None:
    codes, targets, start = made_up(2)
    free = rake(codes, targets, start)
    bounded = rake(codes, targets, start, bounds=(0.4, 2.0))
    relative = bounded.weights / start.mean()
    assert free.weights.max() / start.mean() > 2.0 and free.bounded == 0
    assert bounded.converged and bounded.largest_miss < 1e-8
    assert relative.min() >= 0.4 - 1e-12 and relative.max() <= 2.0 + 1e-12
    assert bounded.bounded == ((relative < 0.4 + 1e-9) | (relative > 2.0 - 1e-9)).sum() > 0
    assert bounded.design_effect < free.design_effect


def test_bounds_that_can_not_hold_are_told() -> None:
    codes, targets, start = made_up(3)
    targets[0] = np.array([0.9, 0.1])
    raked = rake(codes, targets, start, bounds=(0.9, 1.1))
    assert not raked.converged and raked.largest_miss > 0.05
    assert raked.weights.max() <= 1.1 * start.mean() * (1 + 1e-12)


def test_margins_that_contradict_each_other_are_told() -> None:
    codes = [np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1])]
    raked = rake(codes, [[0.5, 0.5], [0.3, 0.7]], np.ones(4))
    assert not raked.converged and raked.largest_miss == pytest.approx(0.2)


def test_targets_that_were_rounded_are_scaled_and_told() -> None:
    codes = [np.array([0, 1, 2] * 5), np.arange(15) % 2]
    raked = rake(codes, [[0.333, 0.333, 0.333], [0.4, 0.6]], np.ones(15), names=[("age", "abc"), ("sex", "fm")])
    assert raked.normalised == ("age",) and raked.converged
    assert np.bincount(codes[0], raked.weights).tolist() == pytest.approx([5, 5, 5])


# --- refusals ---

NAMES = [("gender", ["women", "men"]), ("region", ["north", "south", "centre"])]
GOOD: dict[str, Any] = {
    "codes": [np.array([0, 1, 0, 1, 0, 1]), np.array([0, 0, 1, 1, 2, 2])],
    "targets": [[0.5, 0.5], [0.2, 0.3, 0.5]],
    "start": np.ones(6),
    "names": NAMES,
}


@pytest.mark.parametrize(
    ("change", "kind", "column", "named"),
    [
        ({"targets": [[0.5, 0.5], [0.2, 0.3, 0.4]]}, "bad_total", "region", "0.9000"),
        ({"targets": [[1.5, -0.5], [0.2, 0.3, 0.5]]}, "bad_target", "gender", "'men'"),
        ({"targets": [[0.5, 0.5], [0.2, np.nan, 0.5]]}, "bad_target", "region", "'south'"),
        ({"codes": [np.array([0, 0, 0, 0, 0, 0]), GOOD["codes"][1]]}, "empty_category", "gender", "'men'"),
        ({"targets": [[0.5, 0.5], [0.0, 0.5, 0.5]]}, "zero_target", "region", "'north'"),
        ({"codes": [np.array([0, 1, 0, 1, 0, -1]), GOOD["codes"][1]]}, "no_category", "gender", "1 resp"),
        ({"codes": [GOOD["codes"][0], np.array([0, 1, 1, 2, 3, 3])]}, "no_target", "region", "2 resp"),
        ({"start": np.array([1, 1, 1, 1, 1, 0])}, "bad_weight", "weight", "not positive"),
        ({"start": np.array([1, 1, 1, 1, 1, np.inf])}, "bad_weight", "weight", "not positive"),
    ],
)
def test_refused_by_name(change: dict[str, Any], kind: str, column: str, named: str) -> None:
    with pytest.raises(DataRefused) as refusal:
        rake(**GOOD | change)
    [fault] = refusal.value.faults
    assert (fault.kind, fault.column) == (kind, column)
    assert named in fault.what and fault.remedy


def test_every_fault_is_told_at_once() -> None:
    with pytest.raises(DataRefused) as refusal:
        rake([np.zeros(3, int), np.array([0, 1, -1])], [[0.5, 0.5], [0.5, 0.2]], np.zeros(3))
    assert [f.kind for f in refusal.value.faults] == ["bad_weight", "empty_category", "bad_total", "no_category"]
    assert "'category 2'" in refusal.value.faults[1].what and refusal.value.faults[1].column == "margin 1"


def test_a_category_nobody_has_and_nobody_wants_is_fine() -> None:
    raked = rake([np.array([0, 2, 0, 2])], [[0.25, 0.0, 0.75]], np.ones(4))
    assert raked.converged and raked.weights.tolist() == pytest.approx([0.5, 1.5, 0.5, 1.5])


def test_many_margins_take_no_more_than_their_respondents() -> None:
    """Twelve margins of ten categories have 10^12 combinations, of which 400 people have at most 400."""
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, 10, 400) for _ in range(12)]
    raked = rake(codes, [np.full(10, 0.1)] * 12, np.ones(400), iterations=2000)
    assert raked.converged and len(raked.weights) == 400


def test_misuse() -> None:
    with pytest.raises(ValueError, match="one or more margins"):
        rake([], [], np.ones(3))
    with pytest.raises(ValueError, match="either side"):
        rake(**GOOD, bounds=(1.2, 3))


# --- properties ---


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 100))
def test_order_names_and_scale_change_nothing(seed: int, scale: float) -> None:
    codes, targets, start = made_up(seed, n=300)
    before = rake(codes, targets, start, tolerance=1e-12, iterations=2000)
    rng = np.random.default_rng(seed)
    rows, new_name = rng.permutation(300), rng.permutation(4)
    renamed = [codes[2][rows], new_name[codes[1]][rows], codes[0][rows]]
    wanted = [targets[2], targets[1][np.argsort(new_name)], targets[0]]
    after = rake(renamed, wanted, start[rows] * scale, tolerance=1e-12, iterations=2000)
    assert before.converged and after.converged
    np.testing.assert_allclose(after.weights, before.weights[rows] * scale, rtol=1e-6)
    for c, t in zip(codes, targets, strict=True):
        np.testing.assert_allclose(np.bincount(c, before.weights) / start.sum(), t, atol=1e-10)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_twice_the_data_has_the_same_weights(seed: int) -> None:
    codes, targets, start = made_up(seed, n=300)
    once, twice = (rake(codes, targets, start), rake([np.tile(c, 2) for c in codes], targets, np.tile(start, 2)))
    np.testing.assert_allclose(twice.weights, np.tile(once.weights, 2), rtol=1e-9)


def test_raked_margins_are_known_for_certain() -> None:
    """The share of a raked category is its target, with no variance left (but rounding)."""
    codes, targets, start = made_up(5)
    design = Design(rake(codes, targets, start, tolerance=1e-12).weights, calibration=tuple(codes))
    ticks = codes[1][:, None] == np.arange(4)
    shares = stats.estimate_shares(ticks, np.ones(2000, bool), design)
    np.testing.assert_allclose(shares.share, targets[1])
    np.testing.assert_allclose(shares.covariance, 0, atol=1e-15)


def test_a_million_respondents_in_a_fraction_of_a_second() -> None:
    rng = np.random.default_rng(0)
    codes = [rng.integers(0, k, 1_000_000) for k in (2, 6, 7, 5)]
    targets = [rng.dirichlet(np.full(k, 10)) for k in (2, 6, 7, 5)]
    start = rng.lognormal(0, 0.3, 1_000_000)
    began = time.process_time()
    assert rake(codes, targets, start).converged
    assert time.process_time() - began < 1
