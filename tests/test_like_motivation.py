"""The like-motivation workbook as a whole: what it says of the sample client, in every mode, in both languages."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kesher.answers import like_motivation as workbook
from kesher.answers.claims import confront
from kesher.answers.like_motivation.advice import focus
from kesher.params import LikeMotivation, Overrides, load_client, read_overrides
from kesher.readers.claims import FieldClaim
from kesher.results import Number, Result, semantic_hash
from kesher.survey.quality import kept
from kesher.words import bare, both

ROOT = Path(__file__).parents[1]
TRUTH: dict[str, float] = json.loads((ROOT / "data/sample/truth.json").read_text(encoding="utf-8"))["like_motivation"]
MODES = {
    "sealed_guesses": (),
    "none": ("marketers_mode=none",),
    "published_table": ("marketers_mode=published_table", "published_study=cmo_council_2011"),
}


def parameters(*settings: str) -> LikeMotivation:
    overrides: Overrides = read_overrides([f"like_motivation.{setting}" for setting in settings])
    found = load_client("sample", ["like_motivation"], overrides)["like_motivation"]
    assert isinstance(found, LikeMotivation)
    return found


@cache
def result(*settings: str) -> Result:
    params = parameters(*settings)
    data = workbook.read(params)
    return workbook.answer(data, workbook.analyse(data, params), params)


RELIED_ON = [
    "customers.n", "customers.effective_n", "customers.design_effect", "marketers.n", "customers.share.loyal",
    "marketers.share.loyal", "expectation.service", "gap.loyal", "gap_centred.loyal", "rank_gap.loyal",
    "agreement.kendall_tau_b", "predictions.surprise_pp", "programmes.enrolled_mean", "programmes.active_mean",
    "programmes.active_share", "offers.1.reach", "offers.2.reach", "offers.3.reach",
]  # fmt: skip


@pytest.mark.parametrize("id", RELIED_ON)
def test_a_number_that_others_rely_on_has_a_value_an_interval_or_a_reason_and_a_base(id: str) -> None:
    number = result().numbers[id]
    assert number.value is not None
    if id not in ("customers.n", "customers.effective_n", "customers.design_effect", "marketers.n"):
        assert (number.low is not None and number.confidence == 0.95) or number.reason is not None
        assert (number.base and number.method) or id.startswith(("agreement", "gap", "rank"))


@pytest.mark.parametrize("mode", MODES)
def test_every_number_stands_with_a_value_or_a_reason_in_both_languages(mode: str) -> None:
    for number in result(*MODES[mode]).numbers.values():
        assert (number.value is None) == (number.status != "ok")
        assert number.value is not None or (number.reason and number.reason["en"] and number.reason["he"])
        assert number.label["en"] and number.label["he"]
        if number.low is not None and number.high is not None and number.value is not None:
            assert number.low - 1e-9 <= number.value <= number.high + 1e-9, number.id


def test_the_sample_holds_its_planted_truth() -> None:
    """Each planted value lies in its interval, but for as many as chance allows (binomial bound at one in 1,000)."""
    numbers = result().numbers
    inside = [
        number.low <= TRUTH[id] <= number.high
        for id in TRUTH
        if (number := numbers.get(id)) and number.low is not None and number.high is not None
    ]
    assert len(inside) >= 40
    assert len(inside) - sum(inside) <= 0.05 * len(inside) + 3.1 * np.sqrt(0.05 * 0.95 * len(inside))


def test_the_answer_names_the_planted_gap_with_its_numbers() -> None:
    said = {language: bare(result().answer.headline[language]) for language in ("en", "he")}
    loyal, content = (result().numbers[f"customers.share.{option}"].value or 0 for option in ("loyal", "content"))
    for text in said.values():
        for share in (loyal, content, 0.30, 0.45):
            assert f"{share:.0%}" in text


def test_nothing_is_called_most_below_a_half() -> None:
    text = json.dumps([result(*settings).to_json() for settings in MODES.values()], ensure_ascii=False)
    ours = [bare(chart["title"]["en"]) for chart in result().to_json()["charts"]] + [
        bare(result().answer.headline["en"])
    ]
    assert not any(re.search(r"\bmost\b(?! clearly)", title) for title in ours)
    assert "NaN" not in text


@pytest.mark.parametrize("mode", MODES)
def test_a_gap_is_spoken_of_only_when_it_is_distinct(mode: str) -> None:
    found = result(*MODES[mode])
    if "gaps" not in found.tables:
        assert "gap_not_identified" in {warning.code for warning in found.warnings}
        assert "guessed" not in found.answer.headline["en"]
        return
    for row in found.tables["gaps"].records():
        if row["accent"]:
            assert row["distinct"]


def test_a_published_side_is_marked_as_not_this_team() -> None:
    found = result(*MODES["published_table"])
    assert "published_side" in {warning.code for warning in found.warnings}
    assert "CMO Council" in found.answer.headline["en"] and "CMO Council" in found.charts["gap"].subtitle["en"]
    assert found.numbers["marketers.n"].value == 132


def test_without_marketers_the_gap_is_refused_by_name_and_the_rest_stands() -> None:
    found = result(*MODES["none"])
    assert found.numbers["gap.loyal"].status == "not_identified"
    assert "nine" in (found.numbers["gap.loyal"].reason or {})["en"].lower()
    assert found.numbers["customers.share.loyal"].value is not None
    assert {"rank", "gaps", "guesses"} <= set(found.missing)
    assert found.numbers["predictions.surprise_pp"].status == "not_applicable"


@cache
def asked_for() -> set[str]:
    """The exhibits that the notebook's cells show."""
    cells = json.loads((ROOT / "notebooks/like_motivation.ipynb").read_text(encoding="utf-8"))["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    calls = re.findall(r"page\.(?:chart|table|details)\(result, ([^)]*)\)", source)
    return {id for call in calls for id in re.findall(r'"(\w+)"', call)}


@pytest.mark.parametrize("mode", MODES)
def test_every_exhibit_of_the_notebook_is_there_or_its_reason_is(mode: str) -> None:
    found = result(*MODES[mode])
    assert asked_for() <= set(found.charts) | set(found.tables) | set(found.missing)


def test_a_file_with_reasons_only_still_gives_every_exhibit_or_its_reason() -> None:
    params = parameters("marketers_mode=none", "margins=null")
    data = workbook.read(params)
    people = data.customers.people[["respondent"]]
    bare = replace(data.customers, people=people, questions={"reasons": data.customers.questions["reasons"]})
    poor = replace(data, customers=bare, margins=None)
    found = workbook.answer(poor, workbook.analyse(poor, params), params)
    assert asked_for() <= set(found.charts) | set(found.tables) | set(found.missing)
    assert found.numbers["customers.share.loyal"].value is not None


def test_who_guessed_what_is_nowhere() -> None:
    text = json.dumps(result().to_json(), ensure_ascii=False)
    assert not re.search(r"\bm[1-9]\b", text)


def test_recommendations_follow_the_four_steps_with_owner_date_measure_and_doubt() -> None:
    steps = result().recommendations
    assert [bare((step.step or {})["en"])[0] for step in steps] == ["1", "2", "3", "4"]
    assert [step.by for step in steps] == sorted(step.by for step in steps)
    for step in steps:
        assert step.because and step.owner["he"] and step.kpi["he"] and step.change_our_mind["he"]
        assert step.baseline["source"]["he"]


def test_claims_of_the_clients_country_come_first_and_households_are_not_people() -> None:
    claims = result().claims
    assert claims[0].country == "IL"
    census = next(claim for claim in claims if claim.says == 18)
    assert census.verdict == "different_base" and census.found is not None
    guessed = [claim for claim in claims if claim.id.startswith("S2-3c")]
    assert guessed[0].verdict == "different_question"  # a guess of customers' shares is not a marketer's own view


def test_every_figure_a_chart_draws_stands_in_a_table() -> None:
    for chart in result().charts.values():
        columns = {column.name for column in result().tables[chart.table].columns}
        assert set(chart.roles.values()) <= columns


def test_the_same_input_gives_the_same_result() -> None:
    again = parameters()
    data = workbook.read(again)
    second = workbook.answer(data, workbook.analyse(data, again), again)
    assert second.to_json() == result().to_json()
    assert semantic_hash(second.to_json()) == semantic_hash(result().to_json())


def test_another_base_is_another_number_and_is_named() -> None:
    ticked = result("base=ticked")
    before, after = (found.numbers["customers.share.loyal"].value or 0 for found in (result(), ticked))
    assert after > before
    assert "ticked" in ticked.charts["gap"].subtitle["en"]


def test_what_could_flip_says_what_the_other_choice_gives() -> None:
    said: dict[str, Any] = {one.id: bare(one.flips["en"]) for one in result().assumptions}
    assert set(said) == {"base", "weights", "quality", "level", "marketers"}
    assert "instead of" in said["weights"] and "%" in said["weights"]


def marketers(folder: Path, mode: str, people: int) -> Result:
    """The sample client with marketers who answered the customers' own form."""
    import shutil

    from kesher.params.places import rooted

    shutil.copytree(ROOT / "data" / "sample", folder / "data")
    lines = (folder / "data" / "customers.csv").read_text(encoding="utf-8-sig").splitlines(keepends=True)
    (folder / "data" / "marketers.csv").write_text("".join(lines[: people + 1]), encoding="utf-8-sig")
    columns = folder / "data" / "columns.csv"
    text = columns.read_text(encoding="utf-8-sig")
    reasons = next(line for line in text.splitlines() if ",choices,reasons," in line)
    columns.write_text(text + reasons.replace("customers,", "marketers,", 1) + "\n", encoding="utf-8")
    params = parameters(f"marketers_mode={mode}", "marketers_file=marketers.csv")
    with rooted(folder / "data"):
        data = workbook.read(params)
    return workbook.answer(data, workbook.analyse(data, params), params)


def test_a_whole_team_is_counted_and_has_no_sampling_interval(tmp_path: Path) -> None:
    found = marketers(tmp_path, "whole_team", 9)
    team = found.numbers["marketers.share.loyal"]
    assert found.numbers["marketers.n"].value == 9
    assert team.value is not None and team.low is None and "team" in (team.reason or {})["en"]
    gap = found.numbers["gap.loyal"]
    assert gap.low is not None and gap.value is not None and gap.low < gap.value
    assert "9" in bare(found.charts["gap"].subtitle["en"])


def test_a_sample_of_marketers_has_intervals_on_both_sides(tmp_path: Path) -> None:
    found = marketers(tmp_path, "sample", 60)
    assert found.numbers["marketers.share.loyal"].low is not None
    one_side = result().numbers["gap.loyal"]
    both_sides = found.numbers["gap.loyal"]
    width = [(number.high or 0) - (number.low or 0) for number in (one_side, both_sides)]
    assert width[1] > 2 * width[0]


def test_a_sample_of_five_marketers_is_withheld(tmp_path: Path) -> None:
    found = marketers(tmp_path, "sample", 5)
    assert found.numbers["gap.loyal"].value is None
    shares = [number for id, number in found.numbers.items() if id.startswith("marketers.share")]
    assert shares and all(number.value is None and number.status == "withheld" for number in shares)
    assert "gaps" in found.missing


def test_a_file_of_marketers_that_nobody_answered_leaves_the_gap_unidentified(tmp_path: Path) -> None:
    found = marketers(tmp_path, "sample", 0)
    assert found.numbers["gap.loyal"].status == "not_identified"
    assert found.numbers["rank_gap.loyal"].status == found.numbers["marketers.share.loyal"].status == "not_identified"
    assert found.numbers["customers.share.loyal"].value is not None


def test_on_a_published_study_alone_nobody_is_told_to_act() -> None:
    found = result(*MODES["published_table"])
    assert "seal" in found.answer.decision["en"]
    assert "team" not in found.charts["gap"].title["en"]


def test_of_too_few_answers_the_page_says_so_and_asks_for_more() -> None:
    params = parameters("marketers_mode=none", "margins=null")
    data = workbook.read(params)
    few = np.arange(len(data.customers.people)) < 24
    poor = replace(data, customers=kept(data.customers, few), margins=None)
    found = workbook.answer(poor, workbook.analyse(poor, params), params)
    assert "too few" in found.answer.decision["en"]
    assert {"answer", "expectations"} <= {warning.where for warning in found.warnings if warning.code == "small_base"}
    assert all(step.target is None or step.baseline["value"] is None for step in found.recommendations)
    assert "grey" in found.charts["gap"].roles and all(found.tables["gap"].column("grey"))


def test_a_reason_hardly_anyone_names_makes_no_headline_while_a_weightier_one_is_distinct() -> None:
    table = pd.DataFrame(
        {
            "option": ["rare", "large"],
            "customers_share": [0.14, 0.7],
            "marketers_share": [0.02, 0.6],
            "gap_pp": [-12.0, -10.0],
            "distinct": [True, True],
        }
    )
    gap = SimpleNamespace(table=table, forms_differ=False)
    assert focus(SimpleNamespace(gap=gap)) == ("large", None)  # type: ignore[arg-type]
    assert focus(SimpleNamespace(gap=SimpleNamespace(table=table[:1], forms_differ=False))) == ("rare", None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("says", "low", "found", "high", "unit", "verdict"),
    [
        (0.49, 0.45, 0.48, 0.52, "share", "agrees"),
        (0.30, 0.15, 0.18, 0.22, "share", "lower"),
        (0.30, 0.35, 0.40, 0.45, "share", "higher"),
        (-6.0, -10.0, 12.0, 35.0, "pp", "too_wide"),
        (-25.0, -30.0, -22.0, -15.0, "pp", "agrees"),
    ],
)
def test_the_verdict_on_a_claim_is_on_its_figure(
    says: float, low: float, found: float, high: float, unit: Any, verdict: str
) -> None:
    words = both("x", "x")
    ours = Number(id="a", label=words, value=found, unit=unit, low=low, high=high, interval="confidence", method="m")
    claim = FieldClaim("c", words, says, unit, words, 2011, "IL", "s", "B", "a", "yes", words)
    assert confront([claim], {"a": ours})[0].verdict == verdict
