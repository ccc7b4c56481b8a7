"""Nothing of fewer than ten people can be seen on the loyalty page, or worked out from what stands beside it."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
import simulated_programmes as simulated

from kesher.answers import loyalty_roi as workbook
from kesher.answers.loyalty_roi import disclosed
from kesher.disclosure import coarse, guarded, periods, withheld
from kesher.loyalty.analysis import LoyaltyStudy
from kesher.params import LoyaltyRoi, load_client
from kesher.readers.ledger import LoyaltyTables
from kesher.results import Number, Result, Table
from kesher.sample import simulate_programme
from kesher.words import both

LIMIT = 10
SOMEBODY = "0501234567"  # somebody's phone number, in a place that names a tier or a network


@cache
def parameters() -> LoyaltyRoi:
    found = load_client("sample", ["loyalty_roi"], {})["loyalty_roi"]
    assert isinstance(found, LoyaltyRoi) and found.withhold_below == LIMIT
    return found


@cache
def sample() -> tuple[LoyaltyTables, LoyaltyStudy]:
    tables = workbook.read(parameters())
    return tables, workbook.analyse(tables, parameters())


def page(**changed: Any) -> Result:
    """The sample's page with some of its tables replaced."""
    tables = replace(sample()[0], **changed)
    return workbook.answer(tables, workbook.analyse(tables, parameters()), parameters())


def of_study(**changed: Any) -> Result:
    """The sample's page with some parts of its study replaced."""
    tables, study = sample()
    return workbook.answer(tables, replace(study, **changed), parameters())


def rows(found: Result, table: str) -> list[dict[str, Any]]:
    one: Table = found.tables[table]
    return [dict(zip([column.name for column in one.columns], row, strict=True)) for row in one.rows]


def said(found: Result) -> str:
    return json.dumps(found.to_json(), ensure_ascii=False)


def withheld_ids(found: Result) -> set[str]:
    return {id for id, number in found.numbers.items() if number.status == "withheld"}


def test_a_hidden_cell_is_never_alone_and_people_in_several_cells_count_once() -> None:
    assert withheld([1, 200, 300], LIMIT).tolist() == [True, True, False]
    assert withheld([6, 7, 200], LIMIT).tolist() == [True, True, False]
    assert withheld([6, 7, 200], LIMIT, overlapping=True).tolist() == [True, True, True]
    absent = np.array([True, False, False, False])
    assert withheld([50, 3, 40, 60], LIMIT, absent=absent).tolist() == [True, True, False, False]
    assert withheld([50, 30, 40, 60], LIMIT, absent=absent).tolist() == [False] * 4


@pytest.mark.parametrize(
    ("people", "labels"),
    [
        ([[12], [30]], [0, 1]),
        ([[12], [3], [4], [15], [2]], [0, 1, 1, 1, 1]),
        ([[12, 0], [30, 3], [30, 11]], [0, 1, 1]),
        ([[0], [12], [3]], [0, 1, 1]),
        ([[30, 0], [30, 3]], None),
        ([[9], [9]], None),
    ],
)
def test_months_of_few_people_are_told_with_others(people: list[list[int]], labels: list[int] | None) -> None:
    found = periods(np.array(people), LIMIT)
    assert labels is None if found is None else found.tolist() == labels


def test_a_withheld_number_keeps_no_base_that_counts_the_few() -> None:
    words = both("a", "b")
    base = {"members": 3, "months": 4}
    one = Number(id="a", label=words, value=5.0, unit="count", digits=0, status="ok", reason=words, low=None, high=None,
                 interval="none", confidence=None, base=base, method="a", method_text=words)  # fmt: skip
    found = guarded(one, LIMIT, ("members",))
    assert (found.value, found.status, found.base) == (None, "withheld", {"months": 4})
    unknown = guarded(one.refused("not_identified", words), LIMIT, ("members",))
    assert (unknown.status, unknown.base) == ("not_identified", {"months": 4})
    assert coarse(44_444.44) == 44_400 and coarse(-1_234_567) == -1_230_000 and coarse(0.0) == 0


def steps(*lines: tuple[str, int, float]) -> pd.DataFrame:
    table = pd.DataFrame(lines, columns=["effect", "customers", "amount"])
    return table.assign(step=table["effect"], rows=table["customers"])


def amounts(table: pd.DataFrame) -> list[float | None]:
    return [row["amount"] for row in disclosed.cleaning(table, LIMIT)]


def test_cleaning_withholds_a_step_of_few_with_what_would_give_it_away() -> None:
    read, used = ("in", 300, 1_234_567.0), ("used", 299, 1_190_122.56)
    assert amounts(steps(read, ("out", 50, 44_444.44), used)) == [1_230_000, 44_400, 1_190_000]
    # The only step between what was read and what was used: what was read goes too.
    assert amounts(steps(read, ("out", 1, 44_444.44), used)) == [None, None, 1_190_000]
    assert amounts(steps(read, ("out", 1, 44_444.44), ("out", 50, 9.0), used)) == [1_230_000, None, None, 1_190_000]
    assert amounts(steps(read, ("out", 1, 44_444.44), ("out", 50, 0.0), used)) == [None, None, None, 1_190_000]
    assert amounts(steps(read, ("kept", 1, 5.0), ("out", 50, 9.0), used)) == [1_230_000, None, 9, 1_190_000]
    # A single customer is used: neither their sum nor the two it is the difference of.
    alone = disclosed.cleaning(steps(("in", 1, 500.0), ("used", 1, 500.0)), LIMIT)
    assert [(row["customers"], row["amount"]) for row in alone] == [(None, None), (None, None)]


def test_a_test_customers_amount_is_not_on_the_page() -> None:
    first = sample()[1].steps
    found = rows(of_study(steps=steps(*first[["effect", "customers", "amount"]].itertuples(index=False))
                          .assign(step=first["step"], rows=first["rows"])), "quality_steps")  # fmt: skip
    small = [row for row, people in zip(found, first["customers"], strict=True) if 0 < people < LIMIT]
    assert small and all(row["customers"] is None and row["amount"] is None for row in small)
    assert all(row["amount"] is None or row["amount"] == coarse(row["amount"]) for row in found)


def test_a_withheld_week_can_not_be_had_from_the_total() -> None:
    study = sample()[1]
    weeks = study.weeks.copy()
    weeks["customers"] = weeks["customers"].clip(lower=40)
    weeks.loc[5, "customers"], weeks.loc[7, ["customers", "margin", "amount"]] = 1, 0
    found = {row["number"]: row["value"] for row in rows(of_study(weeks=weeks), "weeks")}
    first = next(number for number in range(3) if weeks["week"][number] >= pd.Timestamp(study.first_day))
    assert found[5 - first] is None and found[7 - first] is None  # the small week, and the one of nobody
    assert sum(value is None for value in found.values()) >= (2 if first else 3)
    even = of_study(weeks=weeks.assign(customers=weeks["customers"].replace({0: 40, 1: 40})))
    assert all(row["value"] is not None for row in rows(even, "weeks"))


def test_weeks_of_one_customer_show_neither_nothing_nor_zero() -> None:
    customers, whole = np.array([1, 0, 1, 0, 1]), np.ones(5, bool)
    assert disclosed.few_weeks(customers, whole, LIMIT).all()
    study = sample()[1]
    found = of_study(weeks=study.weeks.assign(customers=study.weeks["customers"].clip(upper=1)))
    assert "weeks" not in found.tables and "10" in found.missing["weeks"]["en"]


def test_a_network_of_one_is_pooled_and_its_reason_is_true() -> None:
    tables = sample()[0]
    assert tables.shares is not None
    shares = tables.shares[tables.shares["day"].dt.year == 2026].copy()
    one = shares["customer"] == shares["customer"].iloc[0]
    shares["network"] = shares["network"].astype(object)
    shares.loc[one, "network"] = SOMEBODY
    shares.loc[shares["customer"] == shares.loc[~one, "customer"].iloc[0], "network"] = "tiktok"
    found = page(shares=shares)
    assert SOMEBODY not in said(found)
    table = rows(found, "networks")
    assert len(table) == 3 and table[-1]["shares"] is None and "10" in table[-1]["value"]["en"]
    assert sum(row["shares"] is not None for row in table) == 2  # the smallest of the others goes with them
    number = found.numbers["sharing.dollars_per_share.tiktok"]
    assert (number.status, number.base) == ("withheld", {}) and "10" in (number.reason or {})["en"]
    assert "sharing.dollars_per_share.instagram" in withheld_ids(found)


def test_small_tiers_are_one_row_without_names_and_so_are_those_beyond_twenty() -> None:
    tables = sample()[0]
    assert tables.members is not None
    members = tables.members.copy()
    members["tier"] = members["tier"].astype(object)
    members.loc[members.index[:3], "tier"] = SOMEBODY
    found = page(members=members)
    assert SOMEBODY not in said(found) and len(rows(found, "tiers")) == 2
    names = np.array([f"tier{place % 25:02}" for place in range(len(members))], dtype=object)
    found = page(members=members.assign(tier=names))
    table = rows(found, "tiers")
    assert len(table) == 21 and table[-1]["enrolled"] > max(row["enrolled"] for row in table[:-1])
    assert "tier24" not in said(found)


def test_an_active_share_of_few_is_not_told_by_tier() -> None:
    tiers = pd.DataFrame({"enrolled": [100, 200, 300], "active": [4, 90, 150]})
    pooled, untold = disclosed.tier_groups(tiers, LIMIT, 20)
    assert not pooled.any() and untold[:3].tolist() == [True, True, False]


@cache
def few_members(count: int) -> Result:
    drawn = simulate_programme(simulated.settings(customers=300, member_share=count / 300, offers=None), seed=7)
    tables = simulated.tables(drawn)
    assert tables.members is not None and 0 < len(tables.members) < LIMIT
    return workbook.answer(tables, workbook.analyse(tables, parameters()), parameters())


@pytest.mark.parametrize("count", [1, 8])
def test_a_programme_of_few_members_shows_nothing_of_them(count: int) -> None:
    found = few_members(count)
    about = ("members.", "points.", "programme.", "effect.", "sharing.", "rewards.", "tactics.", "holdout.")
    for id, number in found.numbers.items():
        if id.startswith(about):
            assert number.value is None and "members" not in number.base, id
    assert {"members.enrolled", "members.customer_share", "points.issued", "programme.cost"} <= withheld_ids(found)
    for table in (
        "members",
        "corkscrew",
        "corkscrew_points",
        "lots",
        "costs",
        "tiers",
        "sharing",
        "networks",
        "inputs",
    ):
        assert table not in found.tables and table in found.missing
    assert "too few members" in found.answer.headline["en"]


def ledger(redeemers: int | None = None, *, month: str | None = None, earners: int = 0) -> pd.DataFrame:
    """The sample's ledger where few redeem, or where few earn in a month."""
    points = sample()[0].points
    assert points is not None
    if redeemers is not None:
        who = points.loc[points["event"] == "redeemed", "customer"].unique()[:redeemers]
        return points[(points["event"] != "redeemed") | points["customer"].isin(who)]
    there = points["day"].dt.to_period("M") == pd.Period(month)
    who = points.loc[there, "customer"].unique()[:earners]
    return points[~there | points["customer"].isin(who)]


def test_points_of_a_month_of_few_are_told_with_the_next() -> None:
    found = page(points=ledger(month="2026-03", earners=1))
    whole = rows(of_study(), "corkscrew_points")
    table = rows(found, "corkscrew_points")
    assert len(table) == len(whole) - 1
    pooled = [row for row in table if " to " in row["month"]["en"]]
    assert len(pooled) == 1 and "March 2026" in pooled[0]["month"]["en"] and "April 2026" in pooled[0]["month"]["en"]
    for row, after in zip(table, [*table[1:], None], strict=True):
        moved = row["issued"] - row["redeemed"] - row["expired"] + row["adjusted"]
        assert row["closing"] == pytest.approx(row["opening"] + moved)
        assert after is None or after["opening"] == pytest.approx(row["closing"])
    for id in ("lots", "corkscrew"):
        assert len(rows(found, id)) == len(rows(of_study(), id)) - 1
    assert found.numbers["points.issued"].value == pytest.approx(sum(row["issued"] for row in table))


def test_what_few_redeemed_is_nowhere() -> None:
    found = page(points=ledger(3))
    assert {"points.redeemed", "points.breakage_rate", "points.liability"} <= withheld_ids(found)
    assert found.numbers["points.issued"].value is not None
    assert not {"corkscrew", "corkscrew_points", "lots"} & set(found.tables)
    lines = {row["line"]["en"] for row in rows(found, "costs")}
    assert "other lines together" in lines and not any("eward" in line for line in lines)


def test_a_single_redeemed_offer_costs_nothing_that_can_be_read() -> None:
    tables = sample()[0]
    assert tables.offers is not None
    offers = tables.offers.copy()
    used = offers["redeemed"].notna()
    only = offers.index[used & (offers["tactic"] == "coupon")][0]
    offers.loc[used & (offers.index != only), "redeemed"] = pd.NaT
    offers.loc[only, "cost"] = 48_173.0
    found = page(offers=offers)
    account, table = workbook.analyse(replace(tables, offers=offers), parameters()).account, rows(found, "costs")
    assert account is not None and "48173" not in said(found).replace(",", "")
    assert len(table) == len(account.costs) - 1 and table[-1]["line"]["en"] == "other lines together"
    assert sum(row["total"] for row in table) == pytest.approx(account.costs["total"].sum())
    assert "tactics.coupon.response" in withheld_ids(found)
    coupon = next(row for row in rows(found, "tactics") if "10" in row["response"]["en"])
    assert coupon["cost"] is None and "10" in coupon["net"]["en"]


def test_three_who_are_no_members_are_not_the_difference_of_two_means() -> None:
    study = sample()[1]
    assert study.value is not None and study.value.member_mean is not None and study.value.customer_mean is not None
    everybody = study.value.customer_mean
    few = replace(study.value, member_mean=replace(study.value.member_mean, base=everybody.base - 3))
    assert "clv.customer_mean" in withheld_ids(of_study(value=few))
    assert "clv.customer_mean" not in withheld_ids(of_study())


@pytest.mark.parametrize("lift", [0.0, -0.1])
def test_a_break_even_at_nothing_is_no_crash(lift: float) -> None:
    study = sample()[1]
    assert study.account is not None and study.account.break_even_lift is not None and study.effect is not None
    account = replace(study.account, break_even_lift=replace(study.account.break_even_lift, value=lift, low=lift))
    found = of_study(account=account, effect=replace(study.effect, headline=None))
    assert "scenarios" in found.missing


def test_the_sample_withholds_nothing_but_what_is_small() -> None:
    assert not withheld_ids(of_study())
