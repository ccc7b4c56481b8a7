"""Who counts in the account, and in which months."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
import pytest
import simulated_programmes as simulated
from ledger_kit import parameters

from kesher.loyalty.analysis import LoyaltyStudy, analyse
from kesher.months import month_of
from kesher.readers.ledger import LoyaltyTables
from kesher.sample import simulate_programme

HELD_OUT = pd.Timestamp("2026-01-01")


@cache
def drawn() -> LoyaltyTables:
    return simulated.tables(simulate_programme(simulated.settings(customers=600, offers=None, shares=None), seed=7))


def studied(**changed: Any) -> LoyaltyStudy:
    return analyse(replace(drawn(), **changed), parameters(active_rule="purchased"))


def members() -> pd.DataFrame:
    found = drawn().members
    assert found is not None
    return found


def counted(study: LoyaltyStudy) -> pd.Series:
    assert study.activity is not None
    return study.activity.by_month.set_index("month")["members"]


def test_a_programme_older_than_the_data_is_accounted_for_from_the_data_on() -> None:
    old = members()["customer"] % 3 == 0
    found = studied(members=members().assign(joined=members()["joined"].mask(old, pd.Timestamp("2012-05-05"))))
    assert counted(found).index[0] == found.first_month < counted(studied()).index[0]
    assert found.account is not None and found.account.first == found.first_month


def test_who_is_held_out_of_the_programme_is_not_counted_in_it() -> None:
    codes = members()["customer"]
    everybody = counted(studied())
    found = counted(studied(holdout=pd.DataFrame({"customer": codes, "treated": codes % 4 > 0, "since": HELD_OUT})))
    before = month_of(HELD_OUT) - 1
    assert everybody.loc[:before].equals(found.loc[:before])
    out = (members()["joined"] < pd.Timestamp("2026-10-01")) & (codes % 4 == 0)
    assert everybody.iloc[-1] - found.iloc[-1] == out.sum() > 0


def test_who_left_stays_in_the_mean_that_the_effect_is_of() -> None:
    left = members()["left"].mask(members()["customer"] % 3 == 0, pd.Timestamp("2026-06-01"))
    assert counted(studied(members=members().assign(left=left))).equals(counted(studied()))


@pytest.mark.parametrize("span", [("2026-02", "2026-10"), ("2024-11", "2026-06")])
def test_costs_that_leave_out_months_give_no_verdict(span: tuple[str, str]) -> None:
    costs = drawn().costs
    assert costs is not None
    first, last = (month_of(pd.Timestamp(month)) for month in span)
    whole, found = studied().account, studied(costs=costs[costs["month"].between(first, last)]).account
    assert whole is not None and found is not None and "costs_do_not_cover" not in whole.codes
    assert "costs_do_not_cover" in found.codes and found.verdict == "cannot_tell"
    ahead = [account.costs.set_index("line").loc["staff", "ahead"] for account in (whole, found)]
    assert ahead[0] == pytest.approx(ahead[1], rel=0.02)  # months without a cost are no months of nothing


def test_a_payment_made_once_is_of_the_launch_or_a_year() -> None:
    costs = drawn().costs
    assert costs is not None
    for month, ahead in (("2024-11", 0.0), ("2026-05", 2400.0)):
        fee = pd.DataFrame([{"month": month_of(pd.Timestamp(month)), "line": "fee", "layer": "both", "amount": 2400.0}])
        found = studied(costs=pd.concat([costs, fee], ignore_index=True)).account
        assert found is not None and found.costs.set_index("line").loc["fee", "ahead"] == pytest.approx(ahead, rel=0.03)
