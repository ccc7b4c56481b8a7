"""The loyalty workbook as a whole: what it says of the sample, of members only, and at the edges, in both languages."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import simulated_programmes as simulated

from kesher.answers import loyalty_roi as workbook
from kesher.answers.loyalty_roi.bounds import crossing
from kesher.loyalty.analysis import LoyaltyStudy
from kesher.loyalty.effect.bound import Bound
from kesher.loyalty.effect.estimates import Estimate
from kesher.loyalty.effect.experiment import HoldoutStudy
from kesher.loyalty.effect.joiners import JoinersStudy
from kesher.loyalty.effect.rollout import RolloutStudy
from kesher.params import LoyaltyRoi, load_client, read_overrides
from kesher.readers.claims import CLAIMS_FILE
from kesher.readers.ledger import LoyaltyTables
from kesher.results import Result, semantic_hash
from kesher.sample import simulate_programme
from kesher.words import bare, entries

ROOT = Path(__file__).parents[1]
CLIENTS = ("sample", "sample_members")
LANGUAGES = ("en", "he")
RELIED_ON = (
    "members.enrolled", "members.active", "members.active_share", "effect.naive", "effect.adjusted",
    "effect.break_even", "programme.incremental_margin", "programme.cost", "programme.roi", "programme.npv",
    "programme.payback_months", "programme.pays_share", "clv.member_mean", "points.issued", "points.redeemed",
    "points.breakage_rate", "points.liability", "rewards.cannibalised_share", "sharing.value_per_share",
    "sharing.multiplier", "holdout.size", "holdout.weeks", "holdout.cost",
)  # fmt: skip
CAUSAL = (
    "effect.naive", "effect.adjusted", "effect.naive_times", "programme.incremental_margin", "programme.roi",
    "programme.npv", "programme.npv_ahead", "programme.payback_months", "programme.cash_low", "programme.pays_share",
    "sharing.multiplier",
)  # fmt: skip


def parameters(client: str, *settings: str) -> LoyaltyRoi:
    overrides = read_overrides([f"loyalty_roi.{setting}" for setting in settings])
    found = load_client(client, ["loyalty_roi"], overrides)["loyalty_roi"]
    assert isinstance(found, LoyaltyRoi)
    return found


@cache
def studied(client: str, *settings: str) -> tuple[LoyaltyTables, LoyaltyStudy, LoyaltyRoi]:
    params = parameters(client, *settings)
    tables = workbook.read(params)
    return tables, workbook.analyse(tables, params), params


@cache
def result(client: str = "sample", *settings: str) -> Result:
    tables, study, params = studied(client, *settings)
    return workbook.answer(tables, study, params)


@cache
def edge(name: str) -> Result:
    """A client at the edge, drawn from the sample's settings, with the sample's parameters."""
    drawn = simulate_programme(simulated.EDGES[name], seed=7)
    tables, params = simulated.tables(drawn), parameters("sample")
    return workbook.answer(tables, workbook.analyse(tables, params), params)


@cache
def truth(client: str) -> dict[str, float]:
    found: dict[str, float] = json.loads((ROOT / "data" / client / "truth.json").read_text(encoding="utf-8"))[
        "loyalty_roi"
    ]
    return found


@cache
def asked_for() -> tuple[str, ...]:
    """The exhibits that the notebook's cells show."""
    cells = json.loads((ROOT / "notebooks/loyalty_roi.ipynb").read_text(encoding="utf-8"))["cells"]
    source = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    calls = re.findall(r"page\.(?:chart|table|details)\(result, ([^)]*)\)", source)
    return tuple(id for call in calls for id in re.findall(r'"(\w+)"', call))


def said(found: Result) -> str:
    """Everything a reader of either language could meet."""
    return bare(json.dumps(found.to_json(), ensure_ascii=False))


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("id", RELIED_ON)
def test_a_number_that_others_rely_on_has_a_value_an_interval_or_a_reason(client: str, id: str) -> None:
    number = result(client).numbers[id]
    assert number.value is not None or (number.status != "ok" and number.reason)
    if number.low is None:
        assert number.reason and number.reason["en"] and number.reason["he"]
    else:
        assert number.confidence == 0.95 and number.interval in ("confidence", "scenario")
    assert "effect_design" in result(client).tables


def test_the_account_has_ranges_of_scenarios_and_estimates_have_intervals() -> None:
    numbers = result().numbers
    assert {numbers[f"programme.{one}"].interval for one in ("npv", "cost", "roi", "incremental_margin")} == {
        "scenario"
    }
    assert numbers["effect.break_even"].interval == "scenario"
    for id in ("effect.naive", "effect.adjusted", "members.active_share", "points.breakage_rate", "clv.member_mean"):
        assert numbers[id].interval == "confidence"


@pytest.mark.parametrize("client", CLIENTS)
def test_the_samples_hold_their_planted_truth(client: str) -> None:
    """Planted values lie in their ranges, but for as many as chance allows (binomial bound at one in 1,000)."""
    numbers, planted = result(client).numbers, truth(client)
    inside = [
        number.low <= planted[id] <= number.high
        for id in planted
        if (number := numbers.get(id)) and number.low is not None and number.high is not None
    ]
    for tactic in ("points", "coupon", "free_item", "percent_discount", "surprise", "experience"):
        lift = numbers.get(f"tactics.{tactic}.lift")
        if lift is not None and lift.low is not None and lift.high is not None:
            total = sum(planted[f"tactics.{tactic}.lift_{month}"] for month in range(6))
            inside.append(lift.low <= total <= lift.high)
    assert len(inside) >= {"sample": 12, "sample_members": 2}[client]
    assert len(inside) - sum(inside) <= 0.05 * len(inside) + 3.1 * np.sqrt(0.05 * 0.95 * len(inside))
    for id in ("members.enrolled", "points.issued", "points.redeemed"):
        assert numbers[id].value == pytest.approx(planted[id], abs=0.5)


def test_the_naive_figure_is_far_from_the_truth_and_the_adjusted_one_holds_it() -> None:
    numbers, planted = result().numbers, truth("sample")
    naive, adjusted = numbers["effect.naive"], numbers["effect.adjusted"]
    assert (naive.low or 0) > 3 * planted["effect.adjusted"]
    assert (adjusted.low or 0) <= planted["effect.adjusted"] <= (adjusted.high or 0)
    assert "selection" in {warning.code for warning in result().warnings}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_answer_leads_with_a_verdict_and_its_numbers(language: str) -> None:
    found = result()
    headline = bare(found.answer.headline[language])
    leads = {
        "en": ("The programme pays", "The programme does not pay", "Whether the programme pays can not be told yet"),
        "he": ("התוכנית משתלמת", "התוכנית אינה משתלמת", "עדיין לא ניתן לדעת אם התוכנית משתלמת"),
    }
    assert headline.startswith(leads[language])
    npv = found.numbers["programme.npv"]
    for value in (
        found.numbers["programme.incremental_margin"].value,
        found.numbers["programme.cost"].value,
        npv.low,
        npv.high,
    ):
        assert f"{abs(value or 0):,.0f}" in headline
    assert bare(found.answer.decision[language]) and bare(found.answer.worth[language])


@pytest.mark.parametrize("client", CLIENTS)
def test_naive_adjusted_and_break_even_stand_side_by_side(client: str) -> None:
    ids = [card["numbers"] for card in result(client).answer.cards]
    first = ids.index(["effect.naive"])
    assert ids[first : first + 3] == [["effect.naive"], ["effect.adjusted"], ["effect.break_even"]]
    for card in result(client).answer.cards:
        for text in (card["label"], card["value"], card["note"]):
            assert all(bare(text[language]).strip() for language in LANGUAGES)


def test_members_only_has_no_causal_number_anywhere() -> None:
    found = result("sample_members")
    for id in CAUSAL:
        number = found.numbers[id]
        assert number.value is None and number.status == "not_identified" and number.reason
    for exhibit in ("cash", "tornado", "flips", "worth", "designs", "bound", "robustness", "profile"):
        assert exhibit in found.missing and exhibit not in found.tables
    assert "not_identified" in {warning.code for warning in found.warnings}
    design = found.tables["effect_design"].records()
    assert all(not bare(row["value"]["en"]) for row in design)  # type: ignore[index, call-overload]


def test_members_only_gets_break_even_first_then_scenarios_and_a_priced_test() -> None:
    found = result("sample_members")
    lift = found.numbers["effect.break_even_lift"]
    assert found.answer.cards[0]["numbers"] == [lift.id]
    assert f"{100 * (lift.value or 0):.1f}%" in bare(found.answer.headline["en"])
    rows = found.tables["scenarios"].records()
    nets = [row["net"] for row in rows]
    assert nets == sorted(nets, key=float) and min(map(float, nets)) < 0 < max(map(float, nets))  # type: ignore[arg-type]
    assert any(abs(float(net)) < 0.01 for net in nets)  # type: ignore[arg-type]
    plan = found.tables["holdout_plan"].records()
    weeks = [row["weeks"] for row in plan]
    assert found.numbers["holdout.weeks"].value in weeks
    for id in ("holdout.size", "holdout.weeks", "holdout.cost"):
        assert found.numbers[id].value is not None
    reason = found.numbers["effect.adjusted"].reason or {}
    assert f"{found.numbers['holdout.cost'].value:,.0f}" in bare(reason["en"])  # what would tell, and its price
    assert found.charts["effects"].kind == "line"


@pytest.mark.parametrize("client", CLIENTS)
def test_every_exhibit_of_the_notebook_is_there_or_its_reason_is(client: str) -> None:
    found = result(client)
    assert set(asked_for()) <= set(found.charts) | set(found.tables) | set(found.missing)
    assert not set(found.missing) & (set(found.charts) | set(found.tables))
    assert len(asked_for()) == len(set(asked_for()))


def test_the_sample_shows_every_exhibit_but_balance() -> None:
    assert set(result().missing) == {"balance"}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_share_of_scenarios_is_no_probability_and_a_naive_number_not_incremental(client: str) -> None:
    found = result(client)
    text = said(found).lower()
    assert "probab" not in text and "הסתבר" not in text and "nan" not in re.findall(r"\bnan\b", text)
    naive = found.numbers["effect.naive"]
    card = next(card for card in found.answer.cards if card["numbers"] == ["effect.naive"])
    for told in (naive.label, naive.method_text or {}, card["label"], card["note"]):
        assert "incremental" not in told["en"].lower() and "תוספתי" not in told["he"]


def test_the_words_never_call_a_share_of_scenarios_a_probability() -> None:
    for language in LANGUAGES:
        ours = " ".join(text for key, text in entries(language).items() if key.startswith("loyalty.")).lower()
        assert "probab" not in ours and "הסתבר" not in ours


def test_flip_points_are_sentences() -> None:
    readings = [bare(row["reading"]["en"]) for row in result().tables["flips"].records()]  # type: ignore[index, call-overload]
    active = next(text for text in readings if "active share" in text)
    assert re.match(r"From now on it pays as long as the active share stays above \d+%; now \d+%", active)


def test_liability_and_reward_cost_are_never_one_sum() -> None:
    found = result()
    owed, cost = found.numbers["points.liability"], found.numbers["programme.cost"]
    lines = found.tables["costs"].records()
    assert cost.value == pytest.approx(sum(float(row["total"]) for row in lines), rel=0.02)  # type: ignore[arg-type]
    assert all(float(row["total"]) != owed.value for row in lines)  # type: ignore[arg-type]


def test_the_corkscrew_closes_in_every_month() -> None:
    for id in ("corkscrew", "corkscrew_points"):
        rows = result().tables[id].records()
        for row in rows:
            opening, issued, redeemed, expired, adjusted, closing = (
                float(row[name])
                for name in ("opening", "issued", "redeemed", "expired", "adjusted", "closing")  # type: ignore[arg-type]
            )
            assert opening + issued - redeemed - expired + adjusted == pytest.approx(closing, abs=0.01)


@pytest.mark.parametrize("client", CLIENTS)
def test_recommendations_have_owner_date_measure_sourced_baseline_and_doubt(client: str) -> None:
    steps = result(client).recommendations
    assert len(steps) >= 3 and [step.by for step in steps] == sorted(step.by for step in steps)
    for step in steps:
        for text in (step.action, step.owner, step.kpi, step.change_our_mind, step.baseline["source"]):
            assert text["en"] and text["he"]
        assert step.because


def test_claims_stand_beside_with_their_country_first_and_dollars_in_dollars() -> None:
    claims = {claim.id: claim for claim in result().claims}
    assert result().claims[0].country == "IL"
    assert claims["S0-10"].says == 3 and claims["S0-10"].verdict in ("lower", "higher", "agrees", "too_wide")
    assert claims["E-leenheer"].says == 7 and claims["E-leenheer"].found
    ticketmaster = claims["E-ticketmaster"]
    assert ticketmaster.says == 5.3 and ticketmaster.verdict == "different_base"
    rate, gross = parameters("sample").currency_per_dollar, result().numbers["sharing.value_per_share"].value
    assert rate and ticketmaster.found == pytest.approx((gross or 0) / rate)


@pytest.mark.parametrize("client", CLIENTS)
def test_the_result_holds_aggregates_only(client: str) -> None:
    found = result(client)
    assert max(len(table.rows) for table in found.tables.values()) < 400
    assert not re.search(r"\bC\d{4}\b|TEST", json.dumps(found.to_json()))


def test_the_same_study_gives_the_same_result() -> None:
    tables, study, params = studied("sample_members")
    again = workbook.answer(tables, study, params)
    assert semantic_hash(again.to_json()) == semantic_hash(result("sample_members").to_json())


def test_every_refusal_of_the_analysis_has_a_sentence_in_both_languages() -> None:
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "lib/kesher/loyalty").rglob("*.py"))
    codes = set(re.findall(r'NotIdentified\(\s*"(\w+)"', source))
    assert len(codes) > 30
    for language in LANGUAGES:
        known = entries(language)
        assert {code for code in codes if f"loyalty.reason.{code}" not in known} == set()


@pytest.mark.parametrize(
    ("settings", "code", "ids"),
    [
        (("points_file=null",), "no_points", ("points.liability", "points.issued")),
        (("shares_file=null",), "no_shares", ("sharing.value_per_share", "sharing.multiplier")),
        (("offers_file=null",), "no_offers", ("rewards.cannibalised_share",)),
        (("members_file=null",), "no_members", ("members.enrolled", "programme.npv", "effect.adjusted")),
        (("margin_rate=null",), "no_margin", ("effect.adjusted", "programme.cost", "clv.member_mean")),
    ],
)
def test_a_missing_part_is_refused_by_name_and_the_rest_stands(settings: Any, code: str, ids: tuple[str, ...]) -> None:
    found = result("sample", *settings)
    for id in ids:
        number = found.numbers[id]
        assert number.status == "not_identified"
        assert bare((number.reason or {})["en"]).startswith(entries("en")[f"loyalty.reason.{code}"][:20])
    assert set(asked_for()) <= set(found.charts) | set(found.tables) | set(found.missing)
    assert found.answer.headline["he"] and found.answer.decision["he"]


@pytest.mark.parametrize("name", simulated.EDGES)
def test_a_client_at_the_edge_gets_a_page_without_a_crash_or_a_hole(name: str) -> None:
    found = edge(name)
    assert set(asked_for()) <= set(found.charts) | set(found.tables) | set(found.missing)
    assert all(number.value is not None or number.reason for number in found.numbers.values())
    for language in LANGUAGES:
        assert bare(found.answer.headline[language])
    said(found)


def estimate(per: str = "member") -> Estimate:
    return Estimate(value=9.0, se=2.0, low=5.0, high=13.0, p=0.001, confidence=0.95, members=800, controls=400, per=per)


def balance(*columns: str) -> pd.DataFrame:
    names = ["margin", "margin_1", "recency", "active_months"]
    return pd.DataFrame({"variable": names} | {column: [0.01, 0.02, 0.03, 0.2] for column in columns})


def of_design(design: str) -> Result:
    """The sample's study as if another design had been possible."""
    tables, study, params = studied("sample")
    assert study.effect is not None
    per = {"holdout": "customer_offered", "rollout": "region"}.get(design, "member")
    one, numbers = estimate(per), np.zeros(2)
    parts: dict[str, Any] = {"staggered": None, "bound": None, "trend_bound": None, "headline": one, "design": design}
    if design == "holdout":
        even = balance("treated", "control", "standardised_difference")
        parts["holdout"] = HoldoutStudy(one, one, None, float("nan"), 0.1, 0.1, 0.5, even, 9)
    elif design == "joiners":
        known = pd.DataFrame({"joined": [24300], "members": [800]})
        found = balance("before", "after")
        parts["joiners"] = JoinersStudy(one, known, one, False, None, found, False, 0.1, 0.2, 0.8, numbers, numbers)
    else:
        parts["rollout"] = RolloutStudy(one, 8.0, pd.DataFrame({"region": [0, 1], "weight": [0.5, 0.5]}))
    return workbook.answer(tables, replace(study, effect=replace(study.effect, **parts)), params)


@pytest.mark.parametrize("design", ["holdout", "joiners", "rollout"])
def test_every_design_has_its_words(design: str) -> None:
    found = of_design(design)
    assert set(asked_for()) <= set(found.charts) | set(found.tables) | set(found.missing)
    assert found.numbers["effect.adjusted"].value == 9.0
    method = " ".join(bare(text["en"]) for text in found.method)
    assert found.numbers["effect.adjusted"].label["he"] and len(method) > 500
    assert ("balance" in found.tables) == (design != "rollout")
    if design == "rollout":  # an effect per region can not be set against a cost per member
        assert found.numbers["programme.npv"].value is None
        assert "by shop only" in bare(found.answer.headline["en"])
    if design == "joiners":
        assert "should be none" in bare((found.tables["balance"].note or {})["en"])
        assert "Margin, the last month before" in said(found)


def test_edges_are_called_by_their_name() -> None:
    assert edge("one_member").numbers["members.active_share"].status == "withheld"
    assert not edge("one_member").recommendations
    assert edge("six_weeks").numbers["effect.adjusted"].value is None
    assert edge("joined_one_day").numbers["effect.adjusted"].value is None
    reason = edge("joined_one_day").numbers["effect.adjusted"].reason or {}
    assert "joined in one month" in bare(reason["en"])
    assert edge("everybody_member").numbers["effect.naive"].value is None
    assert "outliers" in {warning.code for warning in edge("huge_spender").warnings}


def test_a_programme_without_an_effect_is_never_said_to_pay() -> None:
    for name in ("no_effect", "nobody_active", "negative_margins"):
        headline = bare(edge(name).answer.headline["en"])
        assert not headline.startswith("The programme pays") and "not distinguishable from zero" in headline
        assert not bare(edge(name).answer.decision["en"]).startswith("Keep")


def test_a_loss_ahead_asks_to_stop() -> None:
    assert bare(edge("negative_margins").answer.decision["en"]).startswith("Stop the programme")


def test_a_verdict_that_leans_on_the_comparison_says_so_and_both_bounds_are_judged() -> None:
    found = result()
    assert ", if later joiners are a fair comparison:" in bare(found.answer.headline["en"])
    bound = found.tables["bound"]
    assert [column.name for column in bound.columns] == ["m", "trend", "step"]
    steps = [bare(row["step"]["en"]) for row in bound.records()]  # type: ignore[index, call-overload]
    assert "above break-even" in steps[0] and "perhaps no effect" in steps[-1]
    told = bare((bound.note or {})["en"])
    assert told.count("side of break-even") == told.count("apart from zero") == 2 and "leans on" in told
    assert any(told[:60] in bare(warning.text["en"]) for warning in found.warnings)


def test_the_multiple_at_which_break_even_is_lost_lies_between_those_drawn() -> None:
    rows = pd.DataFrame({"m": [0.0, 0.5, 1.0], "low": [6.0, 4.0, 1.0], "high": [9.0, 11.0, 14.0]})
    bound = Bound(rows, 1.2, 0.3, "monthly_trend")
    assert crossing(bound, 5.0) == pytest.approx(0.25)
    assert crossing(bound, 7.0) == 0.0 and crossing(bound, 0.5) == np.inf
    assert crossing(bound, 12.5) == pytest.approx(0.75)  # from above


def test_without_cost_lines_only_rewards_are_known_and_nothing_is_judged() -> None:
    found = result("sample", "costs_file=null")
    assert "of its cost only the rewards are known" in bare(found.answer.headline["en"])
    assert found.numbers["programme.incremental_margin"].value and found.numbers["programme.cost"].value
    for id in ("programme.npv", "programme.roi", "programme.pays_share", "effect.break_even", "sharing.multiplier"):
        assert found.numbers[id].status == "not_identified"
        assert "part of the programme’s cost" in bare((found.numbers[id].reason or {})["en"])
    assert {"cash", "tornado", "flips", "worth", "designs", "scenarios"} <= set(found.missing)
    assert bare(found.answer.decision["en"]).startswith("Collect the costs")


def test_without_a_margin_the_three_cards_say_so() -> None:
    cards = {tuple(card["numbers"]): card for card in result("sample", "margin_rate=null").answer.cards}
    for id in ("effect.naive", "effect.adjusted", "effect.break_even"):
        assert "No contribution margin" in bare(cards[(id,)]["note"]["en"])


@pytest.mark.parametrize("client", CLIENTS)
def test_statements_without_a_figure_stand_as_claims_with_a_finding_or_a_reason(client: str) -> None:
    with CLAIMS_FILE.open(encoding="utf-8", newline="") as lines:
        texts = {row["text_en"]: row["id"] for row in csv.DictReader(lines)}
    rows = {texts[row["claim"]["en"]]: row for row in result(client).tables["statements"].records()}  # type: ignore[index, call-overload]
    assert list(rows)[:4] == ["S2-6", "S2-7", "S2-8", "S2-24"]
    assert {"S2-9", "S2-10", "S2-11", "S2-12"} <= set(rows)
    for row in rows.values():
        assert all(bare(row[name][language]) for name in ("claim_source", "finding") for language in LANGUAGES)  # type: ignore[index, call-overload]


def test_two_possible_comparisons_that_disagree_are_named() -> None:
    tables, study, params = studied("sample")
    assert study.effect is not None
    designs = study.effect.designs.copy()
    row = designs["design"] == "joiners"
    designs.loc[row, ["possible", "reason", "per", "value", "low", "high"]] = [True, "", "member", 40.0, 36.0, 44.0]
    other = workbook.answer(tables, replace(study, effect=replace(study.effect, designs=designs)), params)
    assert "designs_disagree" in {warning.code for warning in other.warnings}
    assert "designs_disagree" not in {warning.code for warning in result().warnings}


@pytest.mark.parametrize("client", CLIENTS)
def test_columns_have_names_of_their_own_and_no_code_is_left_without_a_word(client: str) -> None:
    found = result(client)
    for id, table in found.tables.items():
        for language in LANGUAGES:
            names = [column.label[language] for column in table.columns]
            assert len(set(names)) == len(names), (id, names)
        cells = {cell["he"] for row in table.rows for cell in row if isinstance(cell, dict) and cell["he"]}
        assert not {cell for cell in cells if re.fullmatch(r"[a-z]+_[a-z_]+", bare(cell))}, id


def test_a_base_is_whom_the_number_is_of() -> None:
    numbers = result().numbers
    assert numbers["sharing.sharers_share"].base == {"members": numbers["members.active"].value}
    for id in ("sharing.multiplier", "sharing.friends_ratio", "effect.break_even", "programme.npv"):
        assert set(numbers[id].base) == {"members", "months"}
    assert numbers["clv.member_mean"].method.startswith("BG/NBD and Gamma-Gamma")
