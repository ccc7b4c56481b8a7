"""Answers that others published, reproduced: the survey room's estimators against printed numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import kendalltau, norm, spearmanr

from kesher.readers.tidy import MultiSelect, PublishedTable
from kesher.stats import Design
from kesher.survey import drivers, gap, multiselect, paired, programmes, shares

HERE = Path(__file__).parent
PUBLISHED = HERE / "published"
STUDIES = HERE.parent / "data" / "published"
REAL = HERE.parent / ".." / "shared" / "real" / "survey"  # downloaded surveys, where there are any


def study(name: str, group: str) -> PublishedTable:
    rows = pd.read_csv(STUDIES / f"{name}.csv")
    return PublishedTable(name, group, rows[rows["group"] == group].rename(columns={"value": "share"}))


def compared(name: str, customers: str, marketers: str, **options: bool) -> gap.Gap:
    sides = [shares.published(study(name, group)) for group in (customers, marketers)]
    return gap.compare(*sides, **options)


@pytest.fixture(scope="module")
def cmo() -> gap.Gap:
    return compared("cmo_council_2011", "consumers", "marketers")


@pytest.fixture(scope="module")
def ibm() -> gap.Gap:
    return compared("ibm_2011", "consumers", "businesses")


def test_cmo_council_gaps(cmo: gap.Gap) -> None:
    table = cmo.table.set_index("option")
    assert table["gap_pp"].round(9).to_dict() == {
        "loyal_customer": -25, "track_news": -6, "incentives_rewards": -13, "savings_events": -16,
        "content_agreeable": 27,
    }  # fmt: skip
    loyal = table.loc["loyal_customer"]
    assert (round(loyal["gap_low_pp"], 1), round(loyal["gap_high_pp"], 1)) == (-32.0, -16.6)
    assert table["distinct"].to_dict() == {
        "loyal_customer": True, "track_news": False, "incentives_rewards": True, "savings_events": True,
        "content_agreeable": True,
    }  # fmt: skip
    assert cmo.comparisons == 5
    assert cmo.agreement_tau_b == pytest.approx(-0.527, abs=5e-4)
    assert cmo.mean_absolute_gap_pp == pytest.approx(17.4)
    assert not cmo.forms_differ


def test_cmo_council_does_not_settle_the_order(cmo: gap.Gap) -> None:
    assert cmo.agreement_low is not None and cmo.agreement_high is not None
    assert -1 <= cmo.agreement_low < cmo.agreement_tau_b < cmo.agreement_high <= 1
    content = cmo.table.set_index("option").loc["content_agreeable"]
    assert (content["customers_rank"], content["marketers_rank"], content["rank_gap"]) == (5, 1, 4)
    assert content["rank_gap_low"] > 0  # marketers surely rank it higher


def test_ibm_gaps_in_points_ranks_and_with_the_level_removed(ibm: gap.Gap) -> None:
    checks = pd.read_csv(PUBLISHED / "ibm_2011_checks.csv").set_index("item")
    table = ibm.table.set_index("option").loc[checks.index]
    np.testing.assert_allclose(table["gap_pp"], checks["gap_pp"], atol=1e-9)
    np.testing.assert_allclose(table["centred_gap_pp"], checks["level_removed_pp"], atol=0.05)
    assert ibm.mean_gap_pp == pytest.approx(20.83, abs=0.005)
    assert ibm.mean_absolute_gap_pp == pytest.approx(21.0)
    assert table["gap_pp"].abs().idxmin() == "discount"  # the smallest gap in points
    assert table["rank_gap"].abs().idxmax() == "discount"  # and the largest in ranks
    assert table.loc["discount", "rank_gap"] == 1 - 11.5  # the businesses' last place is shared


def test_ibm_ranks_agree_with_the_printed_ones_up_to_ties(ibm: gap.Gap) -> None:
    checks = pd.read_csv(PUBLISHED / "ibm_2011_checks.csv").set_index("item")
    table = ibm.table.set_index("option").loc[checks.index]
    for ours, printed in (("customers_rank", "rank_consumers"), ("marketers_rank", "rank_businesses")):
        np.testing.assert_allclose(checks[printed].groupby(table[ours]).transform("mean"), table[ours])
    assert spearmanr(checks["rank_consumers"], checks["rank_businesses"])[0] == pytest.approx(-0.0070, abs=5e-5)
    tau = kendalltau(checks["rank_consumers"], checks["rank_businesses"]).statistic
    assert tau == pytest.approx(0.0303, abs=5e-5)
    assert ibm.agreement_tau_b == pytest.approx(0.0625, abs=5e-5)  # on shares: the printed ranks hide four ties


def test_ibm_ten_of_twelve_reasons_differ(ibm: gap.Gap) -> None:
    checks = pd.read_csv(PUBLISHED / "ibm_2011_checks.csv").set_index("item")
    table = ibm.table.set_index("option").loc[checks.index]
    c, m = table["customers_share"], table["marketers_share"]
    a, b = table["customers_base"], table["marketers_base"]
    pooled = (c * a + m * b) / (a + b)
    z = (m - c) / np.sqrt(pooled * (1 - pooled) * (1 / a + 1 / b))
    np.testing.assert_allclose(z, checks["pooled_z"], atol=0.005)
    np.testing.assert_allclose(norm.isf(table["p"] / 2), z.abs(), rtol=0.04)  # Newcombe's p tells the same
    assert table.index[~table["distinct"]].tolist() == ["discount", "purchase"]


def test_ibm_forms_differ(ibm: gap.Gap) -> None:
    assert ibm.forms_differ  # a list to tick beside a rating, as the table's form column says


def test_exacttarget_orders_agree_half_way() -> None:
    result = compared("exacttarget_2010", "facebook", "twitter")
    assert result.agreement_tau_b == pytest.approx(0.5116, abs=5e-5)
    assert result.interval_from == "none"  # the bases were not read, so no interval is made up
    assert result.table["gap_low_pp"].isna().all()
    assert not result.table["distinct"].any()
    assert result.agreement_low is None


def test_single_choice_tables_have_the_multinomial_covariance() -> None:
    side = shares.published(study("cmo_council_2011_response_time", "consumers"))
    assert side.form == "single"
    np.testing.assert_allclose(side.covariance.sum(axis=0), 0, atol=1e-9)  # the shares add up to one


def test_mcnemar_against_statsmodels_printed_values() -> None:
    found = paired.mcnemar([[101, 121], [59, 33]])
    assert found.exact_p == pytest.approx(0.000004, abs=5e-7)
    assert found.chi_square_corrected == pytest.approx(20.67222, abs=5e-6)
    assert found.p_corrected == pytest.approx(5.450e-06, rel=1e-4)
    assert found.chi_square == pytest.approx(21.35556, abs=5e-6)


@pytest.mark.parametrize(
    ("rows", "q", "df"),
    [
        (["1011", "0111", "1110", "0100", "0100", "1010", "0100", "1111", "0100"], 4.2, 3),
        (["00110", "01010", "01101", "10001", "11000", "10100", "01000", "00110", "00000"], 1.2174, 4),
    ],
)
def test_cochran_q_against_cvst(rows: list[str], q: float, df: int) -> None:
    statistic, _, freedom = paired.cochran_q([[int(tick) for tick in row] for row in rows])
    assert statistic == pytest.approx(q, abs=5e-5)
    assert freedom == df


def patterns(name: str) -> pd.DataFrame:
    counts = pd.read_csv(PUBLISHED / f"{name}_patterns.csv")
    return counts.loc[counts.index.repeat(counts["people"])].drop(columns="people").reset_index(drop=True)


def test_farmer2_simultaneous_pairwise_marginal_independence() -> None:
    farmers = patterns("farmer2").astype(bool)
    found = multiselect.multi_by_multi(farmers[["w1", "w2", "w3"]], farmers[["y1", "y2", "y3", "y4"]], np.ones(279))
    printed = [4.93, 2.93, 14.29, 0.01, 6.56, 2.11, 11.68, 0.13, 13.98, 0.00, 7.08, 0.32]
    np.testing.assert_allclose(found.cells["chi_square"], printed, atol=0.005)
    assert found.statistic == pytest.approx(64.03, abs=0.005)
    assert found.adjusted == pytest.approx(36.17, abs=0.005)
    assert found.adjusted_degrees_of_freedom == pytest.approx(6.78, abs=0.005)
    assert found.p_bonferroni == pytest.approx(0.0019, abs=5e-5)


def test_farmer1_multiple_marginal_independence() -> None:
    farmers = patterns("farmer1")
    ticks = farmers[["y1", "y2", "y3", "y4", "y5"]].astype(bool)
    found = multiselect.group_by_multi(farmers["ed"].astype(str), ticks, np.ones(262))
    np.testing.assert_allclose(found.cells["chi_square"], [5.960, 7.893, 4.616, 1.419, 10.949], atol=5e-4)
    assert set(found.cells["degrees_of_freedom"]) == {4}
    assert found.statistic == pytest.approx(30.84, abs=0.005)
    assert found.p_bonferroni == pytest.approx(0.136, abs=5e-4)


def test_relative_weights_of_mtcars() -> None:
    correlation = pd.read_csv(PUBLISHED / "mtcars_correlations.csv", index_col="variable").to_numpy()
    weights, r_squared = drivers.relative_weights(correlation)
    np.testing.assert_allclose(weights, [0.2284797, 0.2221469, 0.2321744, 0.0963886], atol=5e-8)
    assert r_squared == pytest.approx(0.7791896, abs=5e-8)
    np.testing.assert_allclose(weights / r_squared, [0.2932, 0.2851, 0.2980, 0.1237], atol=5e-5)


def test_colloquy_2011_is_a_ratio_of_sums() -> None:
    household = pd.DataFrame({"programmes_enrolled": [18.4, 18.4], "programmes_active": [8.4, 8.4]})
    found = programmes.study(household, Design.simple(2)).share_active
    assert found is not None and found.value == pytest.approx(0.457, abs=5e-4)


def star_wars(path: Path) -> MultiSelect:
    rows = pd.read_csv(path, encoding="latin-1", skiprows=[1])
    seen_any = rows.columns.get_loc("Have you seen any of the 6 films in the Star Wars franchise?")
    films = rows.iloc[:, seen_any + 2 : seen_any + 8].notna()
    films.columns = pd.Index([f"episode_{i}" for i in range(1, 7)])
    return MultiSelect(
        question="films",
        ticks=films,
        asked=np.ones(len(rows), dtype=bool),
        answered=(rows.iloc[:, seen_any] == "Yes").to_numpy() | films.any(axis=1).to_numpy(),
        exclusive=frozenset(),
    )


@pytest.fixture
def small_star_wars() -> MultiSelect:
    """1,186 asked, 936 said yes, 835 ticked a film, 673 the first: the survey's counts, nobody's rows."""
    ticks = pd.DataFrame({"episode_1": np.arange(1186) < 673, "another": np.arange(1186) < 835})
    return MultiSelect("films", ticks, np.ones(1186, dtype=bool), np.arange(1186) < 936, frozenset())


BASES = {"asked": (1186, 0.567), "answered": (936, 0.719), "ticked": (835, 0.806)}


@pytest.mark.parametrize("base", BASES)
def test_one_film_three_bases(small_star_wars: MultiSelect, base: str) -> None:
    side = shares.sampled(small_star_wars, base, Design.simple(1186), group="viewers")
    assert (side.base[0], round(side.share[0], 3), side.counts[0]) == (*BASES[base], 673)


@pytest.mark.skipif(not (REAL / "StarWars.csv").exists(), reason="the downloaded surveys are not here")
@pytest.mark.parametrize("base", BASES)
def test_one_film_three_bases_in_the_survey_itself(base: str) -> None:
    side = shares.sampled(star_wars(REAL / "StarWars.csv"), base, Design.simple(1186), group="viewers")
    assert (side.base[0], round(side.share[0], 3), side.counts[0]) == (*BASES[base], 673)


@pytest.mark.skipif(not (REAL / "yougov_example_a.csv").exists(), reason="the downloaded surveys are not here")
def test_weighted_shares_of_reasons_to_visit_a_sports_shop() -> None:
    rows = pd.read_csv(REAL / "yougov_example_a.csv", usecols=["q9", "weight_a"], dtype={"q9": str})
    ticks = rows["q9"].str.get_dummies(sep=";").astype(bool)
    everybody = np.ones(len(rows), dtype=bool)
    question = MultiSelect("q9", ticks, everybody, everybody, frozenset({"98", "99"}))
    side = shares.sampled(question, "asked", Design(rows["weight_a"].to_numpy()), group="visitors")
    assert side.base[0] == 8255
    printed = {"1": 36.97, "2": 20.87, "3": 10.86, "4": 27.62, "96": 4.13, "98": 15.80, "99": 33.55}
    found = dict(zip(side.options, 100 * side.share, strict=True))
    assert {option: round(share, 2) for option, share in found.items()} == printed
