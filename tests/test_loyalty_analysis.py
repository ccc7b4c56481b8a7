"""The analysis as a whole: what the account is charged with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
import simulated_programmes as simulated
from ledger_kit import HEADER, ROWS, Till, parameters, till

from kesher.loyalty.analysis import LoyaltyStudy, analyse
from kesher.readers.ledger import LoyaltyTables
from kesher.sample import simulate_programme

__all__ = ["till"]
FILES = {"members_file": "m.csv", "offers_file": "o.csv", "margin_rate": 0.3}
POINTS = {"points_file": "p.csv", "point_cost": 0.05}


def lines(till: Till, **given: Any) -> dict[str, float]:
    """What each cost line came to in the months observed."""
    till.table("m.csv", [["customer", "joined"], ["101", "2026-01-01"], ["102", "2026-01-01"], ["103", "2026-01-01"]])
    till.table("o.csv", [
        ["customer", "offer", "tactic", "group", "sent", "seen", "redeemed", "cost"],
        ["101", "double", "points", "offered", "2026-02-01", "2026-02-01", "2026-02-07", "7"],
        ["102", "voucher", "coupon", "offered", "2026-02-01", "2026-02-02", "2026-02-09", "5"],
        ["103", "voucher", "coupon", "offered", "2026-02-01", "2026-02-02", "", "5"],
    ])  # fmt: skip
    till.table("p.csv", [
        ["customer", "date", "event", "points"],
        ["101", "2026-01-05", "earned", "300"], ["101", "2026-02-07", "redeemed", "140"],
    ])  # fmt: skip
    account = analyse(till.read([HEADER, *ROWS], **FILES, **given), parameters(**FILES, **given)).account
    assert account is not None
    return account.costs.set_index("line")["observed"].round(6).to_dict()


def test_offers_of_points_are_charged_once(till: Till) -> None:
    assert lines(till, **POINTS) == {"rewards": 7.0, "offers": 5.0}  # 140 points at 0.05, and the voucher


@pytest.mark.parametrize("given", [{}, {"points_file": "p.csv"}, {"point_cost": 0.05}])
def test_offers_of_points_count_where_their_points_are_not_priced(till: Till, given: dict[str, Any]) -> None:
    assert lines(till, **given) == {"offers": 12.0}


def drawn(first: str = "2000-01-01", last: str = "2026-10-31") -> tuple[LoyaltyTables, pd.DataFrame]:
    """A client whose till was read from ``first`` to ``last``, and the purchases of these days."""
    found = simulate_programme(simulated.settings(customers=600, offers=None, shares=None), seed=7)
    bought = found.purchases[found.purchases["day"].between(first, last)].reset_index(drop=True)
    return simulated.tables(replace(found, purchases=bought)), bought


def studied(tables: LoyaltyTables, **given: Any) -> LoyaltyStudy:
    return analyse(tables, parameters(active_rule="purchased", **given))


@pytest.mark.parametrize("days", [("2026-09-20", "2026-10-31"), ("2026-08-01", "2026-09-15")])
def test_what_active_members_buy_is_of_the_months_that_the_purchases_cover(days: tuple[str, str]) -> None:
    tables, bought = drawn(*days)
    found = studied(tables)
    assert found.members is not None and found.activity is not None and found.first_month == found.last_month
    members = found.members.members
    active = members.loc[members["active"] & (members["joined_month"] < found.first_month), "customer"]
    month = bought["day"].dt.year * 12 + bought["day"].dt.month - 1
    spent = bought.loc[(month == found.first_month) & bought["customer"].isin(active), "margin"].sum()
    assert found.activity.active_margin == pytest.approx(spent / len(active))


def test_no_whole_month_no_account() -> None:
    found = studied(drawn("2026-10-05", "2026-10-25")[0])
    assert {found.missing[part] for part in ("activity", "account", "trial")} == {"account_no_full_month"}


def test_the_effects_grade_follows_its_design_and_the_plan_of_a_holdout_is_tested() -> None:
    tables, bought = drawn()
    customer = bought["customer"].unique()
    holdout = pd.DataFrame({"customer": customer, "since": pd.Timestamp("2025-06-01")})
    holdout["treated"] = holdout["customer"] % 4 > 0
    for given, grade in ((None, "B"), (holdout, "A")):
        found = studied(replace(tables, holdout=given), holdout_planned=0.5)
        assert found.account is not None and found.effect is not None
        [effect] = [one for one in found.account.inputs if one.name == "effect"]
        assert effect.grade == grade and found.account.effect_basis == "measured"
    assert found.effect.holdout is not None and found.effect.holdout.planned_share == 0.5
    assert "sample_ratio" in found.effect.flags


def test_without_a_member_list_there_is_no_mean_member() -> None:
    tables, _ = drawn()
    found = studied(replace(tables, members=None)).value
    assert found is not None and found.missing["members"] == "no_members"
    assert found.member_mean is None and found.member_purchases is None and found.customer_mean is not None
    assert not found.table["member"].any()
