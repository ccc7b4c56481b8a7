"""The analysis as a whole: what the account is charged with."""

from __future__ import annotations

from typing import Any

import pytest
from ledger_kit import HEADER, ROWS, Till, parameters, till

from kesher.loyalty.analysis import analyse

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
