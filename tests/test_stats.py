"""Estimators: published answers, other libraries, and properties that must hold for any sample."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, stdtrit
from scipy.stats import kendalltau, rankdata
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from kesher import stats
from kesher.faults import DataRefused
from kesher.stats import Design
from kesher.survey.weighting import rake

HERE = Path(__file__).parent
API = HERE.parents[1] / "shared" / "real" / "survey"  # microdata that is not ours to keep
needs_api = pytest.mark.skipif(not (API / "api_pop.csv").exists(), reason="the API microdata are not at hand")
DISTRICTS = [61, 135, 178, 197, 255, 406, 413, 437, 448, 510, 568, 637, 716, 778, 815]


def everyone(design: Design) -> np.ndarray:
    return np.ones(len(design), bool)


# --- published answers ---


@pytest.fixture(scope="module")
def clus1() -> pd.DataFrame:
    """R's apiclus1, a cell of schools per row: what its clusters and margins need to know of it."""
    cells = pd.read_csv(HERE / "published" / "apiclus1_cells.csv")
    assert cells.schools.sum() == 183
    cells["type_code"] = cells["type"].map({"E": 0, "H": 1, "M": 2})
    cells["wide_code"] = (cells.sch_wide == "Yes").astype(int)
    cells["joint_code"] = cells.type_code * 2 + cells.wide_code
    cells["imp_code"] = (cells.comp_imp == "Yes").astype(int)
    return cells


TYPES = np.array([4421, 755, 1018])
CALIBRATIONS = {
    "none": ([], [], (644.17, 23.542), (3_404_940, 932_235)),
    "post-stratified": (["type_code"], [TYPES], (642.31, None), (3_680_893, 406_293)),
    "raked": (["type_code", "wide_code"], [TYPES, np.array([1072, 5122])], (641.23, 23.704), (3_647_280, 400_603)),
    "raked, one margin joint": (
        ["joint_code", "imp_code"],
        [np.array([472, 3949, 334, 421, 266, 752]), np.array([1712, 4482])],
        (642.61, 22.731),
        None,
    ),
}


@pytest.mark.parametrize("case", CALIBRATIONS)
def test_clusters_and_raking_as_published(clus1: pd.DataFrame, case: str) -> None:
    margins, totals, mean, total = CALIBRATIONS[case]
    schools = clus1.schools.to_numpy(float)
    codes = [clus1[m].to_numpy() for m in margins]
    start = schools * 6194 / 183
    weights = rake(codes, [t / 6194 for t in totals], start, iterations=1000).weights if codes else start
    design = Design(
        weights,
        clusters=clus1.district.to_numpy(),
        population=np.full(len(clus1), 757.0),
        calibration=tuple(codes),
        start=start,
    )
    got = stats.estimate_mean((clus1.api00_sum / clus1.schools).to_numpy(), everyone(design), design)
    assert round(got.value, 2) == mean[0]
    if mean[1] is not None:
        assert round(got.standard_error, 3) == mean[1]
    else:  # R prints 23.921; from the same rows any direct computation gives 23.92049
        assert got.standard_error == pytest.approx(23.921, abs=6e-4)
    assert got.degrees_of_freedom == 14
    if total is not None:
        sums = stats.estimate_total((clus1.enroll_sum / clus1.schools).to_numpy(), everyone(design), design)
        assert (round(sums.value), round(sums.standard_error)) == total


@needs_api
def test_clusters_and_raking_as_published_from_the_rows() -> None:
    population = pd.read_csv(API / "api_pop.csv")
    rows = population[population.dnum.isin(DISTRICTS)]
    codes = (rows.stype.map({"E": 0, "H": 1, "M": 2}).to_numpy(), (rows["sch.wide"] == "Yes").to_numpy(int))
    start = np.full(183, 6194 / 183)
    weights = rake(codes, [TYPES / 6194, np.array([1072, 5122]) / 6194], start).weights
    fpc = np.full(183, 757.0)
    design = Design(weights, clusters=rows.dnum.to_numpy(), population=fpc, calibration=codes, start=start)
    mean = stats.estimate_mean(rows.api00.to_numpy(float), everyone(design), design)
    assert (round(mean.value, 2), round(mean.standard_error, 3)) == (641.23, 23.704)


@needs_api
def test_lonely_strata_as_published() -> None:
    """R's tests/lonely.psu.Rout.save, survey.lonely.psu = "adjust": districts as strata, one of one."""
    population = pd.read_csv(API / "api_pop.csv")
    rows = population[population.dnum.isin(DISTRICTS)]
    scores, district = rows.api00.to_numpy(float), rows.dnum.to_numpy()
    for fpc, answer in [(None, 5.8281), (np.where(district == 413, 1.0, 1000.0), 5.7344)]:
        design = Design(np.full(183, 33.847), strata=district, population=fpc)
        mean = stats.estimate_mean(scores, everyone(design), design)
        assert (round(mean.value, 2), round(mean.standard_error, 4)) == (644.17, answer)


@pytest.fixture(scope="module")
def strat() -> pd.DataFrame:
    return pd.read_csv(HERE / "published" / "apistrat_strata.csv")


def stratified(strat: pd.DataFrame) -> Design:
    of = np.repeat(np.arange(3), strat.schools)
    return Design(strat.weight.to_numpy()[of], strata=of, population=strat.population.to_numpy(float)[of])


def two_valued(mean: pd.Series, variance: pd.Series, n: pd.Series) -> np.ndarray:
    """Values of these means and variances, half above and half below (n even)."""
    half = np.sqrt(variance * (n - 1) / n)
    return np.concatenate([np.repeat([m - h, m + h], c // 2) for m, h, c in zip(mean, half, n, strict=True)])


def test_strata_as_published(strat: pd.DataFrame) -> None:
    design = stratified(strat)
    api00 = two_valued(strat.api00_mean, strat.api00_variance, strat.schools)
    enroll = two_valued(strat.enroll_mean, strat.enroll_variance, strat.schools)
    mean = stats.estimate_mean(api00, everyone(design), design)
    total = stats.estimate_total(enroll, everyone(design), design)
    assert (round(mean.value, 2), round(mean.standard_error, 4)) == (662.29, 9.4089)
    assert (round(total.value), round(total.standard_error)) == (3_687_178, 114_642)
    assert mean.degrees_of_freedom == 197


def test_shares_of_strata_as_published(strat: pd.DataFrame) -> None:
    design = stratified(strat)
    ticks = np.column_stack(
        [
            np.concatenate([np.arange(n) < yes for n, yes in zip(strat.schools, strat[name], strict=True)])
            for name in ("sch_wide", "comp_imp", "awards")
        ]
    )
    shares = stats.estimate_shares(ticks, everyone(design), design)
    assert shares.share.round(5).tolist() == [0.82795, 0.65565, 0.63894]
    assert np.sqrt(np.diag(shares.covariance)).round(5).tolist() == [0.02434, 0.03373, 0.03441]
    assert shares.counts.tolist() == [152, 116, 113]
    assert round(stats.effective_base(design.weights), 2) == 168.58


def test_finite_population_and_domain_as_published() -> None:
    """R's example(fpc) and tests/domain.Rout.save: eight units in two strata."""
    x = np.array([2.8, 4.1, 6.8, 6.8, 9.2, 3.7, 6.6, 4.2])
    strata = np.array([1, 1, 1, 1, 1, 2, 2, 2])
    weights, population = np.where(strata == 1, 3.0, 4.0), np.where(strata == 1, 15.0, 12.0)
    units = np.array([1, 2, 3, 4, 5, 1, 2, 3])  # the same number in two strata is two units
    for clusters in (None, units):
        with_, without = Design(weights, strata, clusters, population), Design(weights, strata, clusters)
        mean = stats.estimate_mean(x, everyone(without), without)
        assert (round(mean.value, 4), round(mean.standard_error, 4)) == (5.4481, 0.7413)
        assert round(stats.estimate_mean(x, everyone(with_), with_).standard_error, 3) == 0.616
        for part, value, error in [(x > 4, 6.195, 0.7555129), (x <= 4, 3.314286, 0.3117042)]:
            mean = stats.estimate_mean(x, part, without)
            assert (round(mean.value, 6), round(mean.standard_error, 7)) == (value, error)


def test_unequal_probabilities_as_published() -> None:
    """R's tests/deff.Rout.save: ten firms drawn with unequal probability."""
    sales = np.array([15, 143, 21, 51, 337, 50, 274, 145, 15, 86.0])
    design = Design(np.array([20, 200, 11, 25, 550, 30, 250, 100, 10, 55.0]))
    mean = stats.estimate_mean(sales, everyone(design), design)
    total = stats.estimate_total(sales, everyone(design), design)
    assert (round(mean.value, 3), round(mean.standard_error, 3)) == (243.914, 48.752)
    assert round(10 / mean.effective_base, 4) == 1.9741
    assert (round(total.value), round(total.standard_error)) == (305_136, 184_965)
    assert round(10 / total.effective_base, 3) == 18.157
    simple = Design(np.full(10, 100.0))
    mean = stats.estimate_mean(sales, everyone(simple), simple)
    assert (round(mean.value, 1), round(mean.standard_error, 3)) == (113.7, 35.626)
    assert mean.effective_base == pytest.approx(10)


def test_gaps_of_the_cmo_council() -> None:
    """24 % of 132 marketers against 49 % of 1,300 consumers, and three more rows of the published table."""
    marketers, consumers = np.array([0.24, 0.40, 0.33, 0.57]), np.array([0.49, 0.46, 0.46, 0.30])
    low, high = stats.difference_interval(marketers, 132, consumers, 1300)
    assert (round(100 * low[0], 1), round(100 * high[0], 1)) == (-32.0, -16.6)
    assert ((low > 0) | (high < 0)).tolist() == [True, False, True, True]
    p = stats.difference_p_value(marketers, 132, consumers, 1300)
    assert (p < 0.05).tolist() == [True, False, True, True]


def test_ibm_differences_and_rank_correlation() -> None:
    consumers = np.array([61, 55, 53, 53, 52, 51, 49, 37, 34, 33, 30, 22]) / 100
    businesses = np.array([60, 60, 67, 71, 68, 73, 69, 63, 61, 64, 63, 61]) / 100
    n = np.array([331, 334, 333, 336, 333, 333, 334, 331, 332, 331, 332, 329])
    adjusted = stats.benjamini_hochberg(stats.difference_p_value(businesses, n, consumers, 1056))
    assert (adjusted >= 0.05).tolist() == [True, True] + [False] * 10
    assert round(float(stats.kendall_tau_b(consumers, businesses)), 4) == 0.0625
    business_ranks = np.array([12, 11, 5, 2, 4, 1, 3, 7, 10, 6, 8, 9])
    assert round(float(stats.kendall_tau_b(-np.arange(12), -business_ranks)), 4) == 0.0303


def test_exact_target_rank_correlation() -> None:
    likes = [40, 39, 36, 34, 33, 30, 29, 25, 22, 21, 13, 13]
    follows = [31, 23, 28, 32, 38, 30, 26, 25, 14, 25, 14, 20]
    assert round(float(stats.kendall_tau_b(likes, follows)), 4) == 0.5116


def test_kish_takes_the_population_variance() -> None:
    """The n - 1 form gives another fourth digit: 1.3337 for 1.3335 in one well-known file."""
    weights = np.array([0.5, 0.5, 1.0, 2.0])
    assert stats.kish_design_effect(weights) == 1 + weights.var() / weights.mean() ** 2 == 1.375
    assert stats.effective_base(weights) == pytest.approx(4 / 1.375)
    assert stats.effective_base([]) == 0


# --- other libraries ---


def test_wilson_equals_statsmodels() -> None:
    counts, n = np.arange(0, 41), 40
    low, high = stats.share_interval(counts / n, n, 0.9)
    other = proportion_confint(counts, n, alpha=0.1, method="wilson")
    np.testing.assert_allclose((low, high), other, atol=1e-12)
    assert low[0] == 0 and high[-1] == 1


def test_newcombe_equals_statsmodels() -> None:
    low, high = stats.difference_interval(9 / 20, 20, 30 / 51, 51)
    other = confint_proportions_2indep(9, 20, 30, 51, method="newcomb", compare="diff")
    np.testing.assert_allclose((low, high), other, atol=1e-12)


def test_benjamini_hochberg_equals_statsmodels() -> None:
    p = np.random.default_rng(0).random(50) ** 3
    np.testing.assert_allclose(stats.benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1])
    assert stats.benjamini_hochberg([]).size == 0


def test_ranks_and_tau_equal_scipy() -> None:
    x, y = np.random.default_rng(1).integers(0, 8, (2, 50, 12))
    np.testing.assert_array_equal(stats.ranks(x), rankdata(-x, axis=-1))
    np.testing.assert_allclose(
        stats.kendall_tau_b(x, y), [kendalltau(a, b).statistic for a, b in zip(x, y, strict=True)]
    )
    assert np.isnan(stats.kendall_tau_b([1, 1, 1], [1, 2, 3]))


# --- samples, designs, domains ---


def made_up(seed: int = 0, n: int = 300, k: int = 5) -> tuple[np.ndarray, np.ndarray, Design]:
    """Ticks, a mask and a design with everything in it."""
    rng = np.random.default_rng(seed)
    ticks = rng.random((n, k)) < np.linspace(0.1, 0.7, k)
    strata = rng.integers(0, 3, n)
    margins = (rng.integers(0, 2, n), rng.integers(0, 3, n))
    weights = rake(margins, [[0.5, 0.5], [0.2, 0.3, 0.5]], rng.lognormal(0, 0.3, n)).weights
    design = Design(weights, strata, rng.integers(0, 12, n), np.full(n, 200.0), margins)
    return ticks, rng.random(n) < 0.7, design


def test_a_simple_sample_has_the_textbook_variance() -> None:
    ticks, _, _ = made_up()
    shares = stats.estimate_shares(ticks, np.ones(300, bool), Design.simple(300))
    np.testing.assert_allclose(shares.covariance, np.cov(ticks.T.astype(float)) / 300)
    np.testing.assert_allclose(shares.effective_base, 300)
    np.testing.assert_allclose(shares.design_effect, 1)
    assert (shares.base, shares.degrees_of_freedom) == (300, 299)


def test_a_segment_of_a_simple_sample_has_its_own_base() -> None:
    ticks, mask, _ = made_up()
    shares = stats.estimate_shares(ticks, mask, Design.simple(300))
    np.testing.assert_allclose(shares.share, ticks[mask].mean(axis=0))
    np.testing.assert_allclose(shares.effective_base, mask.sum())
    assert shares.base == mask.sum()


def test_the_long_way_round() -> None:
    """Scores written out, summed to clusters and centred in a loop, against the blocks."""
    ticks, mask, full = made_up()
    for design in (
        Design(full.weights),
        Design(full.weights, full.strata),
        Design(full.weights, clusters=full.clusters),
        Design(full.weights, full.strata, full.clusters, full.population),
        Design(full.weights, full.strata, full.clusters, full.population, full.calibration, full.weights),
        Design(full.weights, calibration=full.calibration, start=np.ones(300)),
    ):
        w = design.weights
        share = (w * mask) @ ticks / (w * mask).sum()
        scores = (ticks - share) * mask[:, None] / (w * mask).sum()
        if design.calibration:
            x = np.hstack([np.eye(c.max() + 1)[c] for c in design.calibration])
            root = np.sqrt(design.start)[:, None]
            scores = scores - x @ np.linalg.lstsq(x * root, scores * root, rcond=None)[0]
        strata = np.zeros(300, int) if design.strata is None else design.strata
        clusters = np.arange(300) if design.clusters is None else design.clusters
        expected = np.zeros((5, 5))
        for h in np.unique(strata):
            units = [
                (w[:, None] * scores)[(strata == h) & (clusters == c)].sum(axis=0)
                for c in np.unique(clusters[strata == h])
            ]
            f = 0 if design.population is None else len(units) / 200
            expected += (1 - f) * len(units) * np.cov(np.array(units).T)
        got = stats.estimate_shares(ticks, mask, design)
        np.testing.assert_allclose(got.share, share)
        np.testing.assert_allclose(got.covariance, expected, atol=1e-12)


def test_one_code_in_two_strata_is_two_clusters() -> None:
    ticks, _, _ = made_up(n=8)
    strata, weights = np.repeat([0, 1], 4), np.ones(8)
    shared = Design(weights, strata, np.array([0, 0, 1, 1, 1, 1, 2, 2]))
    apart = Design(weights, strata, np.array([0, 0, 1, 1, 3, 3, 2, 2]))
    a, b = (stats.estimate_shares(ticks, np.ones(8, bool), design) for design in (shared, apart))
    np.testing.assert_allclose(a.covariance, b.covariance)
    assert a.degrees_of_freedom == b.degrees_of_freedom == 2


def test_blocks_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, mask, design = made_up()
    whole = stats.estimate_shares(ticks, mask, design)
    monkeypatch.setattr("kesher.stats.design.BLOCK", 7)
    monkeypatch.setattr("kesher.stats.estimates.BLOCK", 7)
    pieces = stats.estimate_shares(ticks, mask, design)
    np.testing.assert_allclose(pieces.covariance, whole.covariance)
    np.testing.assert_allclose(pieces.share, whole.share)


def test_raked_variance_comes_close_to_leaving_one_out() -> None:
    """Respondents left out in turn and the rest raked again: the jackknife, at a hundred times the cost."""
    rng = np.random.default_rng(4)
    n, targets = 150, [np.array([0.5, 0.5]), np.array([0.2, 0.3, 0.5])]
    codes = [rng.choice(2, n, p=[0.7, 0.3]), rng.choice(3, n, p=[0.5, 0.3, 0.2])]
    ticks = rng.random((n, 4)) < (0.2 + 0.3 * codes[0] + 0.15 * codes[1])[:, None]
    design = Design(rake(codes, targets, np.ones(n)).weights, calibration=tuple(codes))
    got = stats.estimate_shares(ticks, everyone(design), design)
    left_out = []
    for i in range(n):
        rest = np.arange(n) != i
        w = rake([c[rest] for c in codes], targets, np.ones(n - 1)).weights
        left_out.append(w @ ticks[rest] / w.sum())
    jackknife = (n - 1) * np.var(left_out, axis=0)
    np.testing.assert_allclose(np.diag(got.covariance), jackknife, rtol=0.03)


def test_a_census_knows_for_certain() -> None:
    ticks, _, _ = made_up(n=30)
    ticks[:, 0] = False
    shares = stats.estimate_shares(ticks, np.ones(30, bool), Design.simple(30, population=30))
    assert not shares.covariance.any() and np.isinf(shares.effective_base).all()
    low, high = stats.share_interval(shares.share, shares.effective_base, 0.95, shares.degrees_of_freedom)
    np.testing.assert_array_equal(low, shares.share)
    np.testing.assert_array_equal(high, shares.share)
    low, high = stats.rank_intervals(shares.share, shares.covariance)
    assert (low <= stats.ranks(shares.share)).all() and (high >= stats.ranks(shares.share)).all()


def test_nobody_in_the_base() -> None:
    ticks, _, design = made_up()
    shares = stats.estimate_shares(ticks, np.zeros(300, bool), design)
    assert shares.base == 0 and np.isnan(shares.share).all() and not shares.effective_base.any()
    assert stats.estimate_mean(np.ones(300), np.zeros(300, bool), design).base == 0


def test_a_share_of_none_or_all_falls_back_on_kish() -> None:
    ticks = np.zeros((50, 2), bool)
    ticks[:, 1] = True
    weights = np.linspace(0.5, 2, 50)
    shares = stats.estimate_shares(ticks, np.ones(50, bool), Design(weights))
    np.testing.assert_allclose(shares.effective_base, stats.effective_base(weights))
    low, high = stats.share_interval(shares.share, shares.effective_base)
    assert low[0] == 0 < high[0] < 0.1 and 0.9 < low[1] < high[1] == 1


def test_all_ticked_is_all_whatever_the_weights() -> None:
    for seed in range(30):
        weights = np.random.default_rng(seed).lognormal(0, 1, 60)
        shares = stats.estimate_shares(np.ones((60, 1), bool), np.ones(60, bool), Design(weights))
        assert 1 - 1e-12 < shares.share[0] <= 1
        assert shares.effective_base[0] == pytest.approx(stats.effective_base(weights))
        low, high = stats.share_interval(shares.share, shares.effective_base)
        assert 0.5 < low[0] < shares.share[0] <= high[0] <= 1


def test_one_tick_of_a_light_respondent_promises_little() -> None:
    ticks = np.zeros((50, 1), bool)
    ticks[0] = True
    weights = np.r_[0.1, np.ones(49)]
    shares = stats.estimate_shares(ticks, np.ones(50, bool), Design(weights))
    assert shares.effective_base[0] == pytest.approx(stats.effective_base(weights))


def test_one_respondent_is_a_base_of_one() -> None:
    shares = stats.estimate_shares(np.array([[True, False]]), np.ones(1, bool), Design.simple(1))
    assert shares.share.tolist() == [1, 0] and shares.effective_base.tolist() == [1, 1]
    assert stats.estimate_mean(np.array([3.0]), np.ones(1, bool), Design.simple(1)).effective_base == 1


def test_values_outside_the_mask_are_not_looked_at() -> None:
    values, mask = np.array([1.0, 2.0, 3.0, np.nan]), np.array([True, True, True, False])
    assert stats.estimate_mean(values, mask, Design.simple(4)).value == 2
    with pytest.raises(ValueError, match="not a finite number"):
        stats.estimate_mean(values, ~mask, Design.simple(4))


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"weights": [1, 0, 1]}, "bad_weight"),
        ({"weights": [1, np.nan, 1]}, "bad_weight"),
        ({"strata": [0, -1, 0]}, "bad_stratum"),
        ({"clusters": [0, 1, -1]}, "bad_cluster"),
        ({"clusters": [4, 4, 4]}, "bad_cluster"),
        ({"population": [2, 2, 2]}, "bad_population"),
        ({"population": [5, 6, 5]}, "bad_population"),
        ({"calibration": ([0, -1, 1],)}, "bad_margin"),
    ],
)
def test_what_a_design_refuses(wrong: dict[str, Any], kind: str) -> None:
    with pytest.raises(DataRefused) as refusal:
        Design(**{"weights": np.ones(3)} | wrong)
    assert refusal.value.faults[0].kind == kind


def test_shapes_that_can_not_be() -> None:
    with pytest.raises(ValueError, match="must all be"):
        Design(np.ones(3), strata=np.zeros(2, int))
    with pytest.raises(ValueError, match="boolean mask"):
        stats.estimate_shares(np.ones((3, 2), bool), np.ones(3), Design.simple(3))
    with pytest.raises(ValueError, match="between 0 and 1"):
        stats.share_interval(0.5, 10, 95)


# --- intervals ---


def test_p_value_agrees_with_the_interval() -> None:
    rng = np.random.default_rng(2)
    p1, p2 = rng.random((2, 200))
    n1, n2 = rng.integers(5, 400, (2, 200))
    freedom = (n1 / 4, np.inf)
    p = stats.difference_p_value(p1, n1, p2, n2, freedom)
    for confidence in (0.8, 0.95, 0.999):
        low, high = stats.difference_interval(p1, n1, p2, n2, confidence, freedom)
        np.testing.assert_array_equal((low > 0) | (high < 0), p < 1 - confidence)
    assert stats.difference_p_value(0.3, 50, 0.3, 80) == 1


def test_few_degrees_of_freedom_widen() -> None:
    """Korn and Graubard: as on a base smaller by the square of the ratio of the t quantiles."""
    low, high = stats.share_interval(0.3, 101.0, 0.95, 14)
    as_if = stats.share_interval(0.3, 101 * (1.98397 / 2.14479) ** 2)
    np.testing.assert_allclose((low, high), as_if, atol=1e-6)
    assert stats.share_interval(0.3, 101.0, 0.95, 100) == stats.share_interval(0.3, 101.0)


def test_mean_interval_is_students() -> None:
    mean = stats.estimate_mean(np.arange(10.0), np.ones(10, bool), Design.simple(10))
    low, high = stats.mean_interval(mean)
    assert (low, high) == pytest.approx((4.5 - 2.262157 * 0.9574271, 4.5 + 2.262157 * 0.9574271), abs=1e-5)


# --- orders ---


def test_rank_intervals_of_a_clear_and_an_open_order() -> None:
    share = np.array([0.6, 0.4, 0.2])
    low, high = stats.rank_intervals(share, np.diag(np.full(3, 1e-4)))
    assert low.tolist() == high.tolist() == [1, 2, 3]
    low, high = stats.rank_intervals(share, np.diag(np.full(3, 1.0)))
    assert low.tolist() == [1, 1, 1] and high.tolist() == [3, 3, 3]


def test_the_critical_value_is_the_studentised_range() -> None:
    """Independent shares of equal variance: Tukey's q(0.95; 3, infinity) = 3.3145 over the root of 2."""
    errors = 0.1 * np.sqrt(2)
    for gap, sure in [(2.30 * errors, False), (2.39 * errors, True)]:
        low, _ = stats.rank_intervals([0.5 + gap, 0.5, 0.5], 0.01 * np.eye(3), rng=np.random.default_rng(3))
        assert (low.tolist() == [1, 2, 2]) == sure


def test_shares_that_move_together_are_told_apart_sooner() -> None:
    together = 0.02**2 * np.array([[1, 0.95, 0], [0.95, 1, 0], [0, 0, 1]])
    apart = np.diag(np.diag(together))
    assert stats.rank_intervals([0.52, 0.5, 0.1], together)[0].tolist() == [1, 2, 3]
    assert stats.rank_intervals([0.52, 0.5, 0.1], apart)[0].tolist() == [1, 1, 3]


def test_few_degrees_of_freedom_keep_an_order_open() -> None:
    """A t of 2.7 on 4 degrees is a z of 1.9; 4 degrees that say errors move as one are not believed."""
    apart = 0.01 * np.eye(4)
    gap = 2.7 * np.sqrt(2 * 0.01)
    assert stats.rank_intervals([gap, 0, 0, 0], apart)[1].tolist() == [1, 4, 4, 4]
    assert stats.rank_intervals([gap, 0, 0, 0], apart, degrees_of_freedom=4)[1].tolist() == [4, 4, 4, 4]
    as_one = 0.01 * np.ones((4, 4))
    as_one[0] = as_one[:, 0] = [0.01, 0, 0, 0]
    gap = stdtrit(4, ndtr(2.3)) * np.sqrt(2 * 0.01)
    assert stats.rank_intervals([gap, 0, 0, 0], as_one)[1].tolist() == [1, 4, 4, 4]
    assert stats.rank_intervals([gap, 0, 0, 0], as_one, degrees_of_freedom=4)[1].tolist() == [4, 4, 4, 4]


def test_tau_of_orders_without_sampling_error_is_a_point() -> None:
    a, b = np.array([5, 4, 3, 2, 1.0]), np.array([4, 5, 3, 1, 2.0])
    nothing = np.zeros((5, 5))
    assert stats.tau_interval((a, nothing), (b, nothing)) == pytest.approx((0.6, 0.6))
    assert stats.kendall_tau_b(a, b) == pytest.approx(0.6)
    low, high = stats.tau_interval((a, np.eye(5) * 1e4), (b, nothing))
    assert (low, high) == (-1, 1)


def test_tau_of_published_tables_holds_the_estimate() -> None:
    consumers, marketers = np.array([0.49, 0.46, 0.46, 0.43, 0.30]), np.array([0.24, 0.40, 0.33, 0.27, 0.57])
    low, high = stats.tau_interval(
        (consumers, stats.independent_covariance(consumers, 1300)),
        (marketers, stats.independent_covariance(marketers, 132)),
        rng=np.random.default_rng(0),
    )
    assert -1 <= low <= stats.kendall_tau_b(consumers, marketers) <= high < 1


# --- bootstrap ---


def test_bootstrap_agrees_with_linearisation() -> None:
    ticks, mask, full = made_up()
    design = Design(full.weights, full.strata, full.clusters, np.full(300, 24.0))  # half of the clusters
    expected = stats.estimate_shares(ticks, mask, design)
    drawn = []
    for w in stats.bootstrap_weights(design, 3000, np.random.default_rng(0)):
        assert (w >= 0).all()
        drawn.append((w * mask) @ ticks / (w * mask).sum())
    np.testing.assert_allclose(np.mean(drawn, axis=0), expected.share, atol=0.01)
    np.testing.assert_allclose(np.std(drawn, axis=0), np.sqrt(np.diag(expected.covariance)), rtol=0.08)


def test_bootstrap_keeps_clusters_and_strata_together() -> None:
    strata, clusters = np.array([2, 0, 0, 2, 0, 2, 0]), np.array([1, 5, 6, 1, 5, 3, 6])
    design = Design(np.arange(1, 8.0), strata, clusters)
    for w in stats.bootstrap_weights(design, 20, np.random.default_rng(0)):
        factor = w / design.weights
        assert factor[0] == factor[3] and factor[1] == factor[4] and factor[2] == factor[6]
        assert factor[0] + factor[5] == 2 and factor[1] + factor[2] == 2  # one of two drawn, and doubled


def test_bootstrap_is_the_seeds_and_pools_lonely_strata() -> None:
    design = Design(np.ones(6), strata=np.array([0, 0, 0, 1, 2, 2]))
    first, again = (list(stats.bootstrap_weights(design, 50, np.random.default_rng(9))) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.std([w[3] for w in first]) > 0
    alone = list(stats.bootstrap_weights(Design(np.ones(1)), 3, np.random.default_rng(9)))
    assert all(np.isfinite(w).all() for w in alone)


# --- properties ---


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.01, 1000))
def test_order_names_and_scale_change_nothing(seed: int, scale: float) -> None:
    ticks, mask, design = made_up(seed, n=80)
    before = stats.estimate_shares(ticks, mask, design)
    rng = np.random.default_rng(seed)
    rows, options, names = rng.permutation(80), rng.permutation(5), rng.permutation(12)
    assert design.strata is not None and design.clusters is not None and design.population is not None
    moved = Design(
        design.weights[rows] * scale,
        2 - design.strata[rows],
        names[design.clusters[rows]],
        design.population[rows],
        tuple(c[rows] for c in design.calibration),
    )
    after = stats.estimate_shares(ticks[rows][:, options], mask[rows], moved)
    np.testing.assert_allclose(after.share, before.share[options])
    np.testing.assert_allclose(after.covariance, before.covariance[np.ix_(options, options)], atol=1e-12)
    np.testing.assert_allclose(after.effective_base, before.effective_base[options], rtol=1e-6)
    assert after.degrees_of_freedom == before.degrees_of_freedom


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_twice_the_sample_halves_the_variance(seed: int) -> None:
    ticks, mask, design = made_up(seed, n=200)
    once = stats.estimate_shares(ticks, mask, Design(design.weights))
    twice = stats.estimate_shares(np.tile(ticks, (2, 1)), np.tile(mask, 2), Design(np.tile(design.weights, 2)))
    np.testing.assert_allclose(twice.share, once.share)
    np.testing.assert_allclose(twice.covariance * 399 / 400, once.covariance / 2 * 199 / 200)


@settings(max_examples=50, deadline=None)
@given(p=st.floats(0, 1), n=st.floats(1, 1e7), confidence=st.floats(0.5, 0.999), df=st.floats(1, 1e4))
def test_intervals_hold_their_share(p: float, n: float, confidence: float, df: float) -> None:
    low, high = stats.share_interval(p, n, confidence, df)
    assert 0 <= low <= p <= high <= 1
    wider = stats.share_interval(p, n, confidence, df / 2)
    assert wider[0] <= low + 1e-12 and high <= wider[1] + 1e-12
    below, above = stats.difference_interval(p, n, 1 - p, n, confidence)
    assert -1 <= below <= 2 * p - 1 + 1e-12 and 2 * p - 1 - 1e-12 <= above <= 1


# --- planted truth ---


def test_planted_truth_is_recovered() -> None:
    """A small, seeded run of tests/bench/planted_truth.py; bounds allow four Monte Carlo standard errors."""
    spec = importlib.util.spec_from_file_location("planted_truth", HERE / "bench" / "planted_truth.py")
    assert spec is not None and spec.loader is not None
    planted = importlib.util.module_from_spec(spec)
    sys.modules["planted_truth"] = planted
    spec.loader.exec_module(planted)
    for estimand, design, coverage, error, _, _ in planted.try_clients(200, seed=11, orders=False).rows():
        assert coverage >= 0.94 - 4 * error, (estimand, design)
        assert coverage <= 0.96 + 4 * error or "30 of 30" in design, (estimand, design)
