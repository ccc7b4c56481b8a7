"""The whole study: from tidy tables to a LikeStudy, with the reason for whatever it lacks."""

from __future__ import annotations

import datetime
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kesher.faults import DataRefused
from kesher.readers.tidy import Guesses, MultiSelect, Option, PublishedTable, Respondents, SourceReport
from kesher.stats import Design
from kesher.survey.analysis import LikeStudy, analyse
from kesher.survey.sample import design_of, raked

SOURCE = SourceReport("made.csv", "0" * 64, "table", "made", "utf-8", 0, 0, ())


def question(name: str, ticks: pd.DataFrame, exclusive: tuple[str, ...] = ("none",)) -> MultiSelect:
    ticks = ticks.astype(bool)
    everybody = np.ones(len(ticks), dtype=bool)
    return MultiSelect(name, ticks, everybody, ticks.any(axis=1).to_numpy(), frozenset(exclusive))


def group(n: int, seed: int = 1, name: str = "customers", k: int = 4) -> Respondents:
    """Respondents with every optional column."""
    rng = np.random.default_rng(seed)

    def ticks() -> pd.DataFrame:
        drawn = pd.DataFrame(rng.random((n, k)) < 0.2 + 0.1 * np.arange(k), columns=[f"o{i}" for i in range(k)])
        return drawn.assign(none=~drawn.any(axis=1))

    enrolled = rng.poisson(4, n)
    people = pd.DataFrame(
        {
            "respondent": np.arange(n),
            "weight": rng.uniform(0.5, 2, n),
            "duration_seconds": rng.uniform(200, 600, n),
            "recommend": rng.integers(0, 11, n).astype(float),
            "loyalty": rng.normal(size=n),
            "programmes_enrolled": enrolled.astype(float),
            "programmes_active": rng.binomial(enrolled, 0.5).astype(float),
            "segment.age": rng.choice(["young", "old"], n),
            "segment.sex": pd.Series(rng.choice(["f", "m", ""], n), dtype=object).replace({"": None}),
            "driver.service": rng.normal(size=n),
            "driver.price": rng.normal(size=n),
        }
    )
    questions = {name: question(name, ticks()) for name in ("reasons", "expectations")}
    return Respondents(name, people, questions, SOURCE)


def blank(ticks: dict[str, Any], **columns: Any) -> Respondents:
    """Respondents with the same ticks for reasons and expectations, everybody having answered."""
    table = pd.DataFrame(ticks).astype(bool)
    n = len(table)
    answered = np.ones(n, dtype=bool)
    questions = {
        name: MultiSelect(name, table, answered, answered, frozenset()) for name in ("reasons", "expectations")
    }
    return Respondents("customers", pd.DataFrame({"respondent": np.arange(n), **columns}), questions, SOURCE)


@pytest.fixture(scope="module")
def full() -> LikeStudy:
    return analyse(
        group(300),
        group(80, seed=2, name="marketers"),
        mode="sample",
        margins={"age": {"young": 0.4, "old": 0.6}},
        driver_groups={"service": ["o0"], "rewards": ["o1", "o2"]},
        resamples=200,
    )


def test_everything_is_answered_where_the_data_allow(full: LikeStudy) -> None:
    assert full.missing == {"guesses": "no_guesses"}
    assert full.gap is not None and full.gap.interval_from == "both"
    assert full.offers is not None and [s.size for s in full.offers.sets] == [1, 2, 3]
    assert set(full.drivers) == set(full.driver_scales) == {"recommend", "loyalty"}
    assert full.drivers["recommend"].groups["group"].tolist() == ["service", "rewards"]
    assert full.driver_scales["loyalty"].table["item"].isin(["service", "price"]).all()
    assert full.paired is not None and full.paired.test == "wald_f"
    assert full.reasons is full.shares["reasons"] and full.expectations is full.shares["expectations"]
    assert (full.rows_in, full.rows_used) == (300, 300)
    assert full.weighting is not None
    np.testing.assert_array_equal(full.design.weights, full.weighting.raked.weights)


def test_the_same_seed_gives_the_same_numbers(full: LikeStudy) -> None:
    again = analyse(
        group(300),
        group(80, seed=2, name="marketers"),
        mode="sample",
        margins={"age": {"young": 0.4, "old": 0.6}},
        driver_groups={"service": ["o0"], "rewards": ["o1", "o2"]},
        resamples=200,
    )
    assert repr(flat(again)) == repr(flat(full))


def flat(result: Any) -> Any:
    """A nested result as plain values to compare."""
    if is_dataclass(result):
        return {field.name: flat(getattr(result, field.name)) for field in fields(result)}
    if isinstance(result, (pd.DataFrame, pd.Series)):
        return result.to_dict()
    if isinstance(result, np.ndarray):
        return result.tolist()
    if isinstance(result, dict):
        return {key: flat(value) for key, value in result.items()}
    return [flat(item) for item in result] if isinstance(result, tuple) else result


def test_raking_reaches_the_margins_from_the_weights_given() -> None:
    customers = group(400)
    design, weighting = raked(
        customers.people,
        design_of(customers.people),
        {"age": {"young": 0.4, "old": 0.6}, "sex": {"f": 0.5, "m": 0.5}},
        (0.05, 20.0),
    )
    share = pd.Series(design.weights).groupby(customers.people["segment.age"]).sum() / design.weights.sum()
    assert share["young"] == pytest.approx(0.4)
    assert len(design.calibration) == 2
    assert weighting.unknown == {"age": 0, "sex": int(customers.people["segment.sex"].isna().sum())}


def test_who_does_not_tell_a_margin_keeps_the_weight_of_the_start() -> None:
    people = group(400).people
    start = design_of(people)
    design, _ = raked(people, start, {"sex": {"f": 0.7, "m": 0.3}}, (0.05, 20.0))
    silent = people["segment.sex"].isna().to_numpy()
    before, after = (w[silent].sum() / w.sum() for w in (start.weights, design.weights))
    assert after == pytest.approx(before)
    told = pd.Series(design.weights).groupby(people["segment.sex"]).sum()
    assert told["f"] / told.sum() == pytest.approx(0.7)


def test_margins_that_do_not_fit_are_refused_by_name_and_all_at_once() -> None:
    with pytest.raises(DataRefused) as refused:
        analyse(group(50), None, mode="none", margins={"age": {"young": 1.0}, "region": {"north": 1.0}})
    assert {(f.kind, f.column) for f in refused.value.faults} == {
        ("option_without_target", "age"),
        ("margin_without_column", "region"),
    }


def test_bad_weights_are_refused() -> None:
    customers = group(50)
    customers.people.loc[3, "weight"] = np.nan
    with pytest.raises(DataRefused, match="weight"):
        analyse(customers, None, mode="none")


def test_excluded_respondents_leave_every_number_and_are_counted() -> None:
    customers = group(100)
    customers.people.loc[:9, "duration_seconds"] = 1.0
    kept = analyse(customers, None, mode="none", quality_exclude=["speeder"], resamples=200)
    assert (kept.rows_in, kept.rows_used) == (100, 90)
    assert kept.quality.counts.set_index("flag").loc["speeder", "excluded"] == 10
    assert kept.reasons is not None and kept.reasons.base[0] == 90
    both = analyse(customers, customers, mode="sample", quality_exclude=["speeder"], resamples=200)
    assert both.marketers is not None and both.marketers.base[0] == 90


def test_zero_marketers_leave_the_gap_unanswered() -> None:
    for marketers in (None, group(0, name="marketers")):
        found = analyse(group(60), marketers, mode="sample", resamples=200)
        assert found.gap is None and found.marketers is None
        assert found.missing["gap"] == found.missing["marketers"] == "no_marketers"
        assert found.reasons is not None


def test_a_whole_team_has_no_error_of_its_own() -> None:
    found = analyse(group(60), group(5, seed=4, name="marketers"), mode="whole_team", resamples=200)
    assert found.gap is not None and found.gap.interval_from == "customers"


def test_sealed_guesses_stand_as_a_side_without_error_of_its_own() -> None:
    rows = [(guesser, f"o{i}", 0.3, 1) for guesser in range(3) for i in range(4)]
    table = pd.DataFrame(rows, columns=["guesser", "option", "guess", "wave"])
    sealed = Guesses(table, datetime.date(2026, 1, 1), "0" * 64, True, SOURCE)
    found = analyse(group(60), sealed, mode="sealed_guesses", resamples=200)
    assert found.guesses is not None and found.guesses.guessers == 3
    assert found.marketers is not None and found.marketers.base_kind == "guesses"
    assert found.gap is not None and found.gap.interval_from == "customers"
    np.testing.assert_allclose(found.gap.table["gap_pp"], found.guesses.table["surprise_pp"])
    few = replace(sealed, table=table[table["guesser"] < 2])
    refused = analyse(group(60), few, mode="sealed_guesses", resamples=200).missing
    assert refused["gap"] == refused["marketers"] == refused["guesses"] == "too_few_guessers"


def test_a_published_table_is_matched_through_the_options() -> None:
    items = pd.DataFrame({"item": ["loyal", "else"], "share": [0.24, 0.5], "n": [132.0, 132.0], "form": "multi"})
    options = {
        "reasons": [
            Option("reasons", f"o{i}", {"en": "x", "he": "x"}, (), False, item)
            for i, item in enumerate(["loyal", None, "unpublished"])
        ]
    }
    study = PublishedTable("cmo", "marketers", items)
    found = analyse(group(60), study, mode="published_table", options=options, resamples=200)
    assert found.gap is not None
    assert found.gap.table[["option", "marketers_share", "marketers_base"]].to_numpy().tolist() == [["o0", 0.24, 132]]
    unknown = {"reasons": options["reasons"][2:]}
    missing = analyse(group(60), study, mode="published_table", options=unknown, resamples=200).missing
    assert missing["gap"] == "no_published_items"


def test_missing_columns_are_named() -> None:
    customers = group(60)
    bare = replace(customers, people=customers.people[["respondent"]])
    found = analyse(bare, None, mode="none", resamples=200)
    assert found.missing == {
        "weighting": "no_margins",
        "marketers": "no_marketers",
        "gap": "no_marketers",
        "guesses": "no_guesses",
        "promoters": "no_recommendation_column",
        "segments": "no_segments",
        "drivers.recommend": "no_recommendation_column",
        "drivers.loyalty": "no_loyalty_column",
        "driver_scales.recommend": "no_recommendation_column",
        "driver_scales.loyalty": "no_loyalty_column",
        "programmes": "no_programmes",
    }


rng = np.random.default_rng(5)
ODD = {
    "one respondent": blank({"o0": [1], "o1": [0]}, recommend=[5.0], programmes_enrolled=[3.0], duration_seconds=[9.0]),
    "two respondents": blank({"o0": [1, 0], "o1": [0, 1]}, recommend=[5.0, 6.0], **{"segment.age": ["x", "y"]}),
    "nobody": blank({"o0": [], "o1": []}),
    "one option": blank({"o0": rng.random(50) < 0.5}),
    "all ticked": blank({"o0": np.ones(50), "o1": np.ones(50)}, recommend=np.arange(50.0)),
    "nothing ticked": blank({"o0": np.zeros(50), "o1": np.zeros(50)}, **{"segment.age": ["x", "y"] * 25}),
    "all missing": blank(
        {"o0": rng.random(50) < 0.5, "o1": rng.random(50) < 0.5},
        recommend=np.full(50, np.nan),
        programmes_enrolled=np.full(50, np.nan),
        duration_seconds=np.full(50, np.nan),
        **{"segment.age": pd.Series([None] * 50, dtype=object), "grid.a": np.full(50, np.nan)},
    ),
    "no question": Respondents("customers", pd.DataFrame({"respondent": range(5)}), {}, SOURCE),
}


@pytest.mark.filterwarnings("error", "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("customers", ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("mode", ["none", "sample", "whole_team"])
def test_odd_data_give_reasons_and_neither_crash_nor_nan(customers: Respondents, mode: Any) -> None:
    marketers = None if mode == "none" else group(20, name="marketers", k=2)
    found = analyse(customers, marketers, mode=mode, resamples=200)
    for name in ("gap", "guesses", "paired", "segments", "offers", "reasons_by_expectations", "programmes"):
        assert (getattr(found, name) is None) == (name in found.missing)
    for side in found.shares.values():
        assert np.isfinite(side.share).all() and np.isfinite(side.low).all() and np.isfinite(side.high).all()
    if found.gap is not None and found.gap.comparisons > 1:
        assert found.gap.table.select_dtypes("number").notna().all(axis=None)
    if found.segments is not None:
        shown = found.segments.table.query("status != 'withheld'")
        assert shown.notna().all(axis=None)
    for choice in found.offers.sets if found.offers else ():
        assert 0 <= choice.low <= choice.reach <= choice.high <= 1


def test_strata_and_clusters_reach_the_estimates() -> None:
    customers = group(120)
    people = customers.people.assign(stratum=np.arange(120) % 2, cluster=np.arange(120) // 6)
    clustered = analyse(replace(customers, people=people), None, mode="none", resamples=200)
    assert isinstance(clustered.design, Design) and clustered.design.clusters is not None
    assert clustered.reasons is not None and clustered.reasons.degrees_of_freedom < 60
