"""The small files of a programme: read in English and Hebrew, refused by file, row, column and kind."""

from __future__ import annotations

import datetime

import numpy as np
import pandas as pd
import pytest
from ledger_kit import HEADER, ROWS, Till, till
from readers_kit import CANARY, refused

from kesher.readers.ledger import week_start
from kesher.readers.ledger.calendar import holidays_of
from kesher.readers.ledger.days import gaps

__all__ = ["till"]
M = 2026 * 12


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text).as_unit("s")


@pytest.fixture
def shop(till: Till) -> Till:
    till.table("t.csv", [[*HEADER, "shop"], *([*row, "north"] for row in ROWS)])
    return till


def test_members_get_the_codes_of_the_transactions(shop: Till) -> None:
    rows = [["102", "05/01/2026", "gold", ""], ["007", "13/02/2026", "", "14/03/2026"], ["103", "01/11/2026", "", ""]]
    shop.table("m.csv", [["מספר לקוח", "תאריך הצטרפות", "דרגה", "תאריך עזיבה"], *rows, ['סה"כ', "", "", ""]])
    read = shop.read(members_file="m.csv")
    assert read.members is not None
    assert read.members.to_dict("list") == {
        "customer": [2, 0], "joined": [day("2026-01-05"), day("2026-02-13")], "tier": ["gold", ""],
        "left": [pd.NaT, day("2026-03-14")],
    }  # fmt: skip
    assert str(read.members["joined"].dtype) == "datetime64[s]"
    assert (read.purchases.customers, read.purchases.buyers) == (4, 3)  # 007, 101, 102, 103
    counted = {note.code: note.count for note in read.notes}
    assert (counted["joined_after_as_of"], counted["customers_without_purchases"], counted["total_rows"]) == (1, 1, 1)


def test_points_in_hebrew_with_redemptions_below_zero(shop: Till) -> None:
    rows = [
        ["101", "2026-01-05", "צבירה", "10"],
        ["101", "2026-02-01", "מימוש", "-4"],
        ["101", "2026-03-01", "תיקון", "-1.5"],
    ]
    shop.table("p.csv", [["לקוח", "תאריך", "סוג תנועה", "נקודות"], *rows])
    read = shop.read(points_file="p.csv")
    assert read.points is not None
    assert read.points["event"].tolist() == ["earned", "redeemed", "adjusted"]
    assert read.points["points"].tolist() == [10.0, 4.0, -1.5]
    assert {note.code: note.count for note in read.notes}["signed_points"] == 1


def test_offers_shares_holdout_costs_and_rollout(shop: Till) -> None:
    shop.table(
        "o.csv", [["customer", "offer", "tactic", "sent", "redeemed"], ["101", "A", "אחוז הנחה", "2026-01-01", ""]]
    )
    shared = [["101", "2026-01-01", "וואטסאפ", "555", "12"], ["102", "2026-01-02", "Pinterest", "", ""]]
    shop.table("s.csv", [["customer", "date", "network", "friend", "amount"], *shared])
    shop.table(
        "h.csv", [["customer", "group", "since"], ["101", "holdout", "2026-01-01"], ["102", "תוכנית", "2026-01-01"]]
    )
    shop.table("c.csv", [["month", "line", "layer", "amount"], ["2026-03", "staff", "", "1,000"],
                         ["04/2026", "ads", "חברתי", "5"],
                         ["2026-05-17", "ads", "traditional", "7"],
                         ["30/06/2026", "ads", "both", "1"]])  # fmt: skip
    shop.table("r.csv", [["shop", "started"], ["North ", "2026-02-01"]])
    read = shop.read(
        offers_file="o.csv", shares_file="s.csv", holdout_file="h.csv", costs_file="c.csv", rollout_file="r.csv",
        region_column="shop",
    )  # fmt: skip
    assert read.offers is not None and read.shares is not None and read.holdout is not None
    assert read.costs is not None and read.rollout is not None
    offer = read.offers.iloc[0]
    assert (offer.tactic, offer.group, offer.cost, pd.isna(offer.seen)) == ("percent_discount", "offered", 0.0, True)
    assert read.shares["network"].tolist() == ["whatsapp", "other"]
    assert read.shares["friend"].tolist() == [3, -1] and np.isnan(read.shares["amount"].iloc[1])
    assert read.holdout["treated"].tolist() == [False, True]
    assert read.costs["month"].tolist() == [M + 2, M + 3, M + 4, M + 5]
    assert read.costs["layer"].tolist() == ["both", "social", "traditional", "both"]
    assert read.rollout.to_dict("list") == {"region": [0], "started": [day("2026-02-01")]}


@pytest.mark.parametrize(
    ("name", "rows", "faults"),
    [
        ("members", [["customer", "joined"], ["1", "soon"], ["", "2026-01-01"]],
         {("bad_date", 2, "joined"), ("missing_customer", 3, "customer")}),
        ("members", [["customer", "joined"], ["1", "2026-01-01"], ["1.0", "2026-01-02"]],
         {("duplicate", 3, "customer")}),
        ("members", [["customer", "joined"], ["0101", "2026-01-01"], ["0102", "2026-01-01"], ["7", "2026-01-01"]],
         {("lost_zeros", None, "customer")}),
        ("members", [["customer", "joined", "left"], ["1", "2026-02-01", "2026-01-01"]],
         {("left_before_joined", 2, "left")}),
        ("points", [["customer", "date", "event", "points"], ["1", "2026-01-01", "earned", "-5"],
                    ["1", "2026-01-01", "stolen", "x"]],
         {("negative_points", 2, "points"), ("unknown_word", 3, "event"), ("bad_number", 3, "points")}),
        ("offers", [["customer", "offer", "tactic", "sent", "redeemed"],
                    ["1", "", "bribe", "2026-02-01", "2026-01-01"]],
         {("missing_offer", 2, "offer"), ("unknown_word", 2, "tactic"), ("before_sent", 2, "redeemed")}),
        ("holdout", [["customer", "group", "since"], ["1", "holdout", ""], ["1", "programme", "2026-01-01"]],
         {("bad_date", 2, "since"), ("duplicate", 3, "customer")}),
        ("rollout", [["region", "started"], ["west", "2026-01-01"]], {("unknown_region", 2, "region")}),
        ("costs", [["month", "line", "amount"], ["2026-13", "", "much"]],
         {("bad_month", 2, "month"), ("missing_line", 2, "line"), ("bad_number", 2, "amount")}),
        ("costs", [["month", "line", "amount"], ["2026-03", "staff", "-5"]], {("negative_cost", 2, "amount")}),
        ("costs", [["month", "line", "amount"], ["2024-01", "staff", "5"], ["2023-12", "staff", "5"]],
         {("absurd_month", 3, "month")}),
        ("calendar", [["start", "end", "kind"], ["2026-02-01", "2026-01-01", "party"]],
         {("end_before_start", 2, "end"), ("unknown_word", 2, "kind")}),
        ("shares", [["customer", "date"], ["1", "2026-01-01"]], {("missing_column", 1, "network")}),
        ("members", [["customer", "joined"]], {("no_rows", None, None)}),
    ],
)  # fmt: skip
def test_faults_name_file_row_column_and_kind(
    shop: Till, name: str, rows: list[list[str]], faults: set[tuple[str, int | None, str | None]]
) -> None:
    shop.table(f"{name}.csv", rows)
    with refused(next(iter(faults))[0]) as told:
        shop.read(**{f"{name}_file": f"{name}.csv"}, region_column="shop")
    assert {(fault.kind, fault.row, fault.column) for fault in told.faults} == faults
    assert {fault.where for fault in told.faults} == {f"{name}.csv"}


def test_costs_after_as_of_are_counted_and_left_out(shop: Till) -> None:
    rows = [["2026-10", "staff", "5"], ["2026-11", "staff", "6"], ["2099-01", "staff", "7"]]
    shop.table("c.csv", [["month", "line", "amount"], *rows])
    read = shop.read(costs_file="c.csv")
    assert read.costs is not None and read.costs["amount"].tolist() == [5.0]
    assert {note.code: note.count for note in read.notes}["costs_after_as_of"] == 2


def test_names_that_may_be_a_persons_are_never_shown(shop: Till) -> None:
    """Networks are known ones and plain words of many; lines, tiers and offers hide numbers and addresses."""
    many = [[str(at), "2026-01-01", "pinterest"] for at in range(10)]
    odd = ["dana@example.org", "0501234567", "Dana Cohen", "dana", "x", "x" * 21]
    shared = [*many, *([str(at), "2026-01-01", name] for at, name in enumerate(odd))]
    shop.table("s.csv", [["customer", "date", "network"], *shared])
    shop.table("m.csv", [["customer", "joined", "tier"], ["101", "2026-01-01", "0501234567"],
                         ["102", "2026-01-01", "gold"], ["103", "2026-01-01", ""]])  # fmt: skip
    shop.table("c.csv", [["month", "line", "amount"], ["2026-03", "ים@example.org", "1"], ["2026-03", "א" * 70, "1"]])
    shop.table("o.csv", [["customer", "offer", "tactic", "sent"], ["101", "for 0501234567", "points", "2026-01-01"]])
    read = shop.read(shares_file="s.csv", members_file="m.csv", costs_file="c.csv", offers_file="o.csv")
    assert read.shares is not None and read.members is not None and read.costs is not None and read.offers is not None
    assert read.shares["network"].value_counts().to_dict() == {"pinterest": 10, "other": 5, "twitter": 1}
    assert read.members["tier"].tolist() == ["other 1", "gold", ""]
    assert read.costs["line"].tolist() == ["other 1", "א" * 57 + "..."]
    assert read.offers["offer"].tolist() == ["other 1"]
    assert sum(note.count for note in read.notes if note.code == "names_hidden") == 3


def test_an_unknown_word_is_told_the_allowed_ones_and_never_quoted(shop: Till) -> None:
    shop.table("p.csv", [["customer", "date", "event", "points"], ["1", "2026-01-01", CANARY, "1"]])
    with refused("unknown_word") as told:
        shop.read(points_file="p.csv")
    assert "earned, redeemed, expired, adjusted" in told.fault.remedy


def test_faults_of_all_files_come_together(shop: Till) -> None:
    shop.table("m.csv", [["customer", "joined"], ["1", "soon"]])
    shop.table("c.csv", [["month", "line", "amount"], ["2026-13", "a", "1"]])
    with refused("missing_column") as told:
        shop.read(members_file="m.csv", costs_file="c.csv", amount_column="sum")
    assert [fault.where for fault in told.faults] == ["t.csv", "m.csv", "c.csv"]


def test_small_files_may_be_parquet_or_sheets(shop: Till) -> None:
    frame = pd.DataFrame({"member_id": [102, 101], "joined": pd.to_datetime(["2026-01-05", "2026-02-01"])})
    shop.parquet("m.parquet", frame)
    shop.sheet("i.xlsx", [["month", "line", "amount"], [datetime.date(2026, 3, 1), "staff", 10.5]])
    read = shop.read(members_file="m.parquet", costs_file="i.xlsx#sheet")
    assert read.members is not None and read.costs is not None
    assert read.members["customer"].tolist() == [1, 0]
    assert read.costs[["month", "amount"]].to_numpy().tolist() == [[M + 2, 10.5]]


# --- the calendar -----------------------------------------------------------------------------------------


def test_moving_feasts_come_in_both_languages() -> None:
    found = holidays_of("IL", datetime.date(2025, 9, 1), datetime.date(2026, 10, 31))
    new_year = found[found.label_en == "Rosh Hashanah"]
    assert new_year.start.tolist() == [day("2025-09-23"), day("2026-09-12")]
    assert new_year.end.tolist() == [day("2025-09-24"), day("2026-09-13")]
    assert set(new_year.label_he) == {"ראש השנה"}
    assert len(holidays_of("ZZ", datetime.date(2025, 1, 1), datetime.date(2025, 12, 31))) == 0


def test_breaks_stand_beside_the_holidays(shop: Till) -> None:
    shop.table("cal.csv", [["start", "end", "kind", "label_he"], ["2026-02-01", "2026-02-14", "מלחמה", "מלחמה"]])
    table = shop.read(calendar_file="cal.csv").calendar
    own = table[~table.builtin]
    assert own[["start", "end", "kind", "label_en", "label_he"]].to_numpy().tolist() == [
        [day("2026-02-01"), day("2026-02-14"), "break", "מלחמה", "מלחמה"]
    ]
    assert (table[table.builtin].kind == "holiday").all()


def test_weeks_start_where_the_country_says() -> None:
    assert [week_start(one) for one in ("IL", "US", "DE", "FR", "ZZ")] == [
        "sunday",
        "sunday",
        "monday",
        "monday",
        "monday",
    ]


def test_gaps_are_spans_unlike_the_others() -> None:
    days = pd.date_range("2026-01-01", periods=100)
    found = gaps(days.delete(range(40, 54)))
    assert found.values.tolist() == [[pd.Timestamp("2026-02-10"), pd.Timestamp("2026-02-23"), 14]]
    assert gaps(days[days.day_of_week != 5]).empty  # closed on Saturdays
    assert gaps(days[::30]).empty  # sales once a month are no gaps
    assert gaps(days[:2]).empty
