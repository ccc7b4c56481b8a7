"""Members as they are: counted by hand, right over many clients, and said plainly at the edges."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from simulated_programmes import EDGES, members_only, settings

from kesher.faults import NotIdentified
from kesher.loyalty import members
from kesher.sample import Programme, simulate_programme

AS_OF = datetime.date(2026, 10, 31)
JAN = 2026 * 12


def register(*rows: tuple[int, str, str, str | None]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer", "joined", "tier", "left"])
    for name in ("joined", "left"):
        table[name] = pd.to_datetime(table[name]).astype("datetime64[s]")
    return table


def ledger(*rows: tuple[int, str, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["customer", "day", "event"]).assign(points=5.0)
    return table.assign(day=pd.to_datetime(table["day"]).astype("datetime64[s]"))


def study_of(drawn: Programme, **how: Any) -> members.MembersStudy:
    last = drawn.purchases.groupby("customer", as_index=False)["day"].max()
    given = {"points": drawn.points, "monthly": drawn.monthly(), "last_purchase": last} | how
    return members.study(drawn.members, as_of=AS_OF, **given)


SMALL = register(
    (0, "2024-01-10", "gold", None),
    (1, "2025-01-20", "basic", None),
    (2, "2026-06-05", "basic", None),
    (3, "2024-03-01", "basic", "2026-05-01"),
    (4, "2026-12-01", "basic", None),
)
USES = ledger(
    (0, "2025-10-31", "earned"),  # one day too old
    (1, "2025-11-01", "redeemed"),
    (2, "2026-06-05", "earned"),
    (3, "2026-04-01", "earned"),
    (0, "2026-02-01", "expired"),  # not a use
)


def test_enrolled_and_active_by_hand() -> None:
    found = members.study(SMALL, as_of=AS_OF, points=USES)
    assert (found.enrolled, found.active.active, found.active.base) == (3, 2, 3)
    assert found.active.low < 2 / 3 < found.active.high
    assert found.established is not None
    assert (found.established.active, found.established.base) == (1, 2)  # who joined in June can not but be active
    assert set(found.notes) == {"joined_after_report", "left_before_report", "records_end_early"}
    assert found.members.set_index("customer")["active"].to_dict() == {0: False, 1: True, 2: True}
    assert members.study(SMALL, as_of=AS_OF, points=USES, active_months=13).active.active == 3


def test_the_curve_by_hand() -> None:
    known = register((0, "2026-01-15", "", None), (1, "2026-03-01", "", None), (2, "2026-01-01", "", "2026-03-10"))
    uses = ledger(
        (0, "2026-01-15", "earned"),
        (1, "2026-04-02", "earned"),
        (2, "2026-02-01", "earned"),
        (9, "2026-05-01", "earned"),
    )
    found = members.study(known, as_of=datetime.date(2026, 5, 20), points=uses, active_months=2).curve
    assert found["since"].tolist() == [0, 1, 2, 3]  # May is not over; member 2 left in the third month
    assert found["base"].tolist() == [3, 3, 1, 1]
    assert found["active"].tolist() == [1, 2, 0, 0]
    assert np.isnan(found["rule_share"].iloc[1])
    assert found["rule_share"].iloc[2:].tolist() == [0, 0]


def test_months_by_hand() -> None:
    found = members.study(SMALL, as_of=AS_OF, points=USES).by_month.set_index("month")
    assert found.loc[JAN + 3, "enrolled"] == 3 and found.loc[JAN + 4, "enrolled"] == 2
    assert found["enrolled"].iloc[-1] == 3 and found.index[-1] == JAN + 9
    assert found["joined"].sum() == 4 and found["left"].sum() == 1


def test_margin_of_a_tier_by_hand() -> None:
    known = register((0, "2026-03-10", "gold", None), (1, "2024-01-01", "gold", None), (2, "2026-10-02", "gold", None))
    monthly = pd.DataFrame(
        [(0, JAN + 2, 900.0), (0, JAN + 3, 70.0), (1, JAN + 3, 100.0), (1, JAN - 12, 800.0), (2, JAN + 9, 50.0)],
        columns=["customer", "month", "value"],
    )
    tier = members.study(known, as_of=AS_OF, points=USES, monthly=monthly).tiers.iloc[0]
    # Seven months after joining for the first, twelve for the second, none for the third.
    assert tier["margin"] == pytest.approx((70 + 100) / (7 + 12))
    assert (tier["enrolled"], tier["base"]) == (3, 2)


def test_without_a_ledger_buying_is_the_rule() -> None:
    last = pd.DataFrame({"customer": [0, 1, 2], "day": pd.to_datetime(["2026-01-01", "2025-01-01", "2026-06-04"])})
    found = members.study(SMALL, as_of=AS_OF, last_purchase=last)
    assert found.rule == "purchased" and "no_ledger" in found.notes
    assert found.active.active == 1  # the third bought the day before joining
    assert found.curve.empty


@pytest.mark.parametrize("given", [{}, {"points": None, "monthly": pd.DataFrame()}])
def test_nothing_to_be_active_by(given: dict[str, Any]) -> None:
    with pytest.raises(NotIdentified, match="no_activity"):
        members.study(SMALL, as_of=AS_OF, **given)


@pytest.mark.parametrize("known", [None, SMALL[:0], SMALL[4:]])
def test_no_members(known: pd.DataFrame | None) -> None:
    with pytest.raises(NotIdentified, match="no_members"):
        members.study(known, as_of=AS_OF, points=USES)


def test_edge_clients_are_counted_and_named() -> None:
    one = study_of(simulate_programme(EDGES["one_member"], 1))
    assert one.enrolled == 1 and "one_member" in one.notes and one.active.high - one.active.low > 0.7
    nobody = study_of(simulate_programme(EDGES["nobody_active"], 1))
    assert nobody.active.active == 0 and nobody.active.high > 0 and "nobody_active" in nobody.notes
    day = study_of(simulate_programme(EDGES["joined_one_day"], 1))
    assert "all_joined_one_day" in day.notes and day.curve["base"].nunique() == 1
    left = study_of(simulate_programme(EDGES["contractual"], 1))
    assert left.by_month["left"].sum() > 0 and left.by_month["enrolled"].iloc[-1] == left.enrolled
    for name in ("everybody_member", "negative_margins", "huge_spender", "six_weeks"):
        assert study_of(simulate_programme(EDGES[name], 1)).enrolled > 0


def test_records_that_end_early_are_named() -> None:
    found = members.study(SMALL, as_of=datetime.date(2026, 8, 1), points=USES)
    assert "records_end_early" in found.notes
    assert "records_end_early" not in members.study(SMALL, as_of=datetime.date(2026, 7, 1), points=USES).notes


def test_rows_in_another_order_change_nothing() -> None:
    drawn = simulate_programme(settings(customers=300), 3)
    shuffled = drawn.members.sample(frac=1, random_state=1), drawn.points.sample(frac=1, random_state=2)
    found = members.study(shuffled[0], as_of=AS_OF, points=shuffled[1], monthly=drawn.monthly())
    same = members.study(drawn.members, as_of=AS_OF, points=drawn.points, monthly=drawn.monthly())
    assert found.active == same.active
    pd.testing.assert_frame_equal(found.curve, same.curve)
    pd.testing.assert_frame_equal(found.tiers, same.tiers)


@pytest.mark.parametrize("of", [settings(customers=400, offers=None, shares=None), members_only()])
def test_the_interval_holds_the_planted_share(of: dict[str, Any]) -> None:
    found = []
    for seed in range(200):
        drawn = simulate_programme(of, seed)
        share = members.study(drawn.members, as_of=AS_OF, points=drawn.points).active
        found.append((share.low, share.high, drawn.truth["members.active_share"]))
    low, high, true = np.array(found).T  # the chance behind the counts is one, each client's own mean is near it
    assert (
        0.92 <= np.mean((low <= true.mean()) & (true.mean() <= high)) <= 0.98
    )  # 1,000: tests/bench/planted_tactics.py
