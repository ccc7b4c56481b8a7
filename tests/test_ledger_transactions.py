"""Transactions as they are exported, to purchase days: every mess is handled, counted or refused by name."""

from __future__ import annotations

import datetime
import stat
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ledger_kit import HEADER, ROWS, Till, parameters, purchases, steps, till
from readers_kit import CANARY, refused

from kesher.faults import DataRefused
from kesher.readers import DataRoot
from kesher.readers.ledger import pseudonyms, read_ledger
from kesher.review import inputs_of

__all__ = ["till"]
EXPECTED = [(0, "2026-01-05", 150.0), (0, "2026-02-07", 200.0), (1, "2026-01-09", 10.0), (2, "2026-03-01", 20.0)]
FRAME = pd.DataFrame(ROWS, columns=HEADER).assign(
    customer=lambda f: f.customer.astype(int),
    date=lambda f: pd.to_datetime(f.date),
    amount=lambda f: f.amount.astype(float),
)


# --- kinds of files ---------------------------------------------------------------------------------------


def test_csv_merges_baskets_of_a_day_and_takes_vat_out(till: Till) -> None:
    read = till.read([HEADER, *ROWS])
    assert purchases(read) == EXPECTED
    assert steps(read) == {
        "rows_read": (5, 3, 380.0), "same_day_merged": (1, 1, 0.0), "used": (4, 3, 380.0),
    }  # fmt: skip
    found = read.purchases
    assert (found.first, found.last) == (datetime.date(2026, 1, 5), datetime.date(2026, 3, 1))
    assert (found.customers, found.buyers, found.rows, found.has_margin) == (3, 3, 4, False)
    assert purchases(till.read(vat="excluded"))[0] == (0, "2026-01-05", 177.0)


@pytest.mark.parametrize("kind", ["sheet", "parquet", "folder", "parquet_folder", "texts_in_parquet", "utf16"])
def test_every_kind_of_file_gives_the_same_purchases(till: Till, kind: str) -> None:
    spec = {"sheet": "t.xlsx", "parquet": "t.parquet", "folder": "months", "parquet_folder": "months"}.get(
        kind, "t.csv"
    )
    if kind == "sheet":
        till.sheet("t.xlsx", [["Sales 2026", "", ""], [], HEADER, *FRAME.astype(object).values.tolist()])
    elif kind == "parquet":
        till.parquet("t.parquet", FRAME)
    elif kind == "folder":
        till.table("months/1.csv", [HEADER, *ROWS[:3]])
        till.table("months/2.csv", [HEADER[::-1], *(row[::-1] for row in ROWS[3:])])
        till.write("months/.hidden", "x")
    elif kind == "parquet_folder":
        till.parquet("months/1.parquet", FRAME[:2])
        till.parquet("months/2.parquet", FRAME[2:], "CAST(amount AS DECIMAL(9, 2)) AS amount, date, customer")
    elif kind == "texts_in_parquet":
        spec = "t.parquet"
        till.parquet(spec, pd.DataFrame(ROWS, columns=HEADER))
    else:
        till.write("t.csv", "\n".join("\t".join(row) for row in [HEADER, *ROWS]), "utf-16")
    read = till.read(transactions_file=spec)
    assert purchases(read) == EXPECTED
    assert steps(read)["rows_read"] == (5, 3, 380.0)
    assert {len(source.sha256) for source in read.sources} == {64}


def test_an_export_of_a_web_page_named_xls_is_read(till: Till) -> None:
    """Title and total rows, dd/mm dates, trailing minus, Hebrew in visual order: as in any other file."""
    lines = [
        ["חוקל", "ךיראת", "םוכס"], ["101", "05/01/2026", "1,180.00"], ["101", "07/01/2026", "236"],
        ["101", "17/01/2026", "236.00-"], ["102", "29/01/2026", "&#8362;&nbsp;11.80"], ["כ״הס", "", "1,191.80"],
    ]  # fmt: skip
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in line) + "</tr>" for line in lines)
    title = "<tr><td colspan=3>2026 תוריכמ</td></tr>"
    page = f"<html><meta charset=iso-8859-8><table><tr><td><table border=1>{title}{cells}</table></td></tr></table>"
    till.write("t.xls", page.replace("״", '"'), "iso-8859-8")
    named = {"customer_column": "לקוח", "time_column": "תאריך", "amount_column": "סכום"}
    read = till.read(transactions_file="t.xls", **named, vat="excluded")
    assert steps(read)["total_rows"] == (1, 0, 1191.8)
    assert purchases(read) == [(0, "2026-01-05", 1180.0), (1, "2026-01-29", 11.8)]
    assert {"html_table", "visual_hebrew"} <= {note.code for note in read.sources[0].notes}


def test_blanks_between_columns_and_no_header(till: Till) -> None:
    till.write("t.csv", "\n".join("  ".join([" 7", *row]) for row in ROWS) + "\n")
    named = {"customer_column": "column 2", "time_column": "column 3", "amount_column": "column 4"}
    read = till.read(**named)
    assert purchases(read) == EXPECTED
    assert {note.code for note in read.notes} == {"whitespace_separated", "no_header"}


# --- headers, titles, totals ------------------------------------------------------------------------------


def test_titles_above_and_totals_below_are_no_customers(till: Till) -> None:
    rows = [
        ["Report", "", ""],
        ["", "", ""],
        HEADER,
        *ROWS,
        ['סה"כ', "", "380"],
        ["", "", "380"],
        ["Total:", "2026-05-05", "1"],
    ]
    read = till.read(rows)
    assert purchases(read) == EXPECTED
    assert steps(read)["total_rows"] == (3, 0, round(761 / 1.18, 2))


def test_totals_in_parquet(till: Till) -> None:
    frame = pd.DataFrame([*ROWS, ["Grand total", None, "380"], [None, None, "380"]], columns=HEADER)
    till.parquet("t.parquet", frame)
    read = till.read(transactions_file="t.parquet")
    assert purchases(read) == EXPECTED and steps(read)["total_rows"][0] == 2


def test_a_footer_of_another_width_is_left_out(till: Till) -> None:
    till.write("t.csv", "\n".join(",".join(row) for row in [HEADER, *ROWS]) + "\nexported on 2026-10-31\n")
    assert purchases(till.read()) == EXPECTED


def test_hebrew_in_visual_order(till: Till) -> None:
    rows = [["חוקל רפסמ", "ךיראת", "םוכס", "ףינס"], *([*row, "םילשורי"] for row in ROWS)]
    named = {"customer_column": "מספר לקוח", "time_column": "תאריך", "amount_column": "סכום", "region_column": "סניף"}
    read = till.read(rows, **named)
    assert purchases(read) == EXPECTED
    assert read.purchases.regions == ("ירושלים",)
    assert "visual_hebrew" in {note.code for note in read.notes}


def test_missing_columns_are_told_together_with_the_nearest_names(till: Till) -> None:
    with refused("missing_column") as told:
        till.read([["custmer", "datum", "amount"], *ROWS], margin_column="margin", order_column="order")
    assert [fault.column for fault in told.faults] == ["customer", "date", "margin", "order"]
    assert "custmer" in told.faults[0].remedy


# --- days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "given", "expected"),
    [
        (["13/02/2026", "03/04/2026"], {}, ["2026-02-13", "2026-04-03"]),
        (["02/13/2026", "03/04/2026"], {}, ["2026-02-13", "2026-03-04"]),
        (["01/02/26", "03.04.26"], {"day_first": "no"}, ["2026-01-02", "2026-03-04"]),
        (["01/02/26", "03-04-26"], {}, ["2026-02-01", "2026-04-03"]),  # Israel
        (["20260102", "20260403"], {}, ["2026-01-02", "2026-04-03"]),
        (["46024", "46115.75"], {}, ["2026-01-02", "2026-04-03"]),  # a spreadsheet's day numbers
        (["2026-01-02T23:30:00Z", "2026-04-04 01:00:00+05:00"], {}, ["2026-01-03", "2026-04-03"]),  # Jerusalem
        (["2026-01-02T23:30:00Z", "2026-04-03"], {"country": "US"}, ["2026-01-02", "2026-04-03"]),
        (["2 Jan 2026", "3-Apr-26 1:30 PM"], {}, ["2026-01-02", "2026-04-03"]),
    ],
)
def test_days_however_written(till: Till, days: list[str], given: dict[str, str], expected: list[str]) -> None:
    read = till.read([HEADER, *(["7", day, "10"] for day in days)], **given)
    assert [row[1] for row in purchases(read)] == expected


@pytest.mark.parametrize(
    ("days", "kind"), [(["01/02/2026", "03/04/2026"], "ambiguous_dates"), (["13/02/2026", "02/13/2026"], "mixed_dates")]
)
def test_days_that_can_not_be_told_are_refused(till: Till, days: list[str], kind: str) -> None:
    with refused(kind) as told:
        till.read([HEADER, *(["7", day, "10"] for day in days)], country="US")
    assert told.fault.column == "date" and (kind == "mixed_dates" or "day_first" in told.fault.remedy)


def test_zones_in_parquet(till: Till) -> None:
    till.parquet("t.parquet", FRAME.assign(date=pd.Timestamp("2026-01-02T23:30", tz="UTC")))
    assert {row[1] for row in purchases(till.read(transactions_file="t.parquet"))} == {"2026-01-03"}


# --- amounts ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1,234.50", "₪ 12", "NIS 1,000", "$5"], [1234.5, 12.0, 1000.0, 5.0]),
        (["100-", "(1,000.25)", "-7", "\u22128"], [-100.0, -1000.25, -7.0, -8.0]),
        (["1.234,50", "12,5", "1.000"], [1234.5, 12.5, 1000.0]),
        (["1.234", "12.5"], [1.234, 12.5]),
    ],
)
def test_amounts_however_signed(till: Till, cells: list[str], expected: list[float]) -> None:
    rows = [[str(at), "2026-01-05", cell] for at, cell in enumerate(cells)]
    read = till.read([HEADER, ["99", "2026-01-01", "1"], *rows], vat="excluded")
    assert [row[2] for row in purchases(read, "flows")[:-1]] == [round(one, 2) for one in expected]


# --- what is left out -------------------------------------------------------------------------------------


def test_rows_left_out_are_counted_by_reason(till: Till) -> None:
    good = [[str(at), "2026-03-01", "10"] for at in range(300)]
    bad = [
        ["", "2026-01-01", "10"], ["5", "soon", "10"], ["6", "2026-01-01", "much"], ["7", "2026-11-01", "10"],
        ["8", "1900-01-01", "10"], ["HOUSE ", "2026-01-01", "10"], ["9", "2026-03-02", "0"],
    ]  # fmt: skip
    till.table("tests.csv", [["customer"], ["HOUSE"]])
    read = till.read([HEADER, *good, *bad], test_customers_file="tests.csv", vat="excluded")
    assert steps(read) == {
        "rows_read": (307, 301, 3050.0), "unreadable": (2, 2, 10.0), "no_customer": (1, 0, 10.0),
        "after_as_of": (1, 1, 10.0), "absurd_date": (1, 1, 10.0), "test_customers": (1, 1, 10.0),
        "zero_value": (1, 1, 0.0), "used": (301, 300, 3000.0),
    }  # fmt: skip


@pytest.mark.parametrize(
    "header", [["customer", "date", "amount", "Amount "], ["Amount ", "customer", "date", "amount"]]
)
def test_of_headers_that_differ_by_case_the_one_as_named_is_read(till: Till, header: list[str]) -> None:
    at = header.index("Amount ")
    read = till.read([header, *([*row[:at], "1", *row[at:]] for row in ROWS)])
    assert purchases(read) == EXPECTED
    with refused("ambiguous_column") as told:
        till.read(amount_column="AMOUNT")
    assert [(fault.row, fault.column) for fault in told.faults] == [(1, "AMOUNT")]
    till.table("t.csv", [[*HEADER, "amount"], *([*row, "1"] for row in ROWS)])
    with refused("ambiguous_column"):
        till.read()


def test_two_parquet_columns_of_one_name_are_refused(till: Till) -> None:
    till.parquet("t.parquet", FRAME.assign(Amounz=1.0))
    path = till.folder / "t.parquet"
    path.write_bytes(path.read_bytes().replace(b"Amounz", b"Amount"))
    with refused("ambiguous_column"):
        till.read(transactions_file="t.parquet")


def test_keys_that_a_spreadsheet_wrote_in_short_are_refused(till: Till) -> None:
    short = ["9.72501E+11", "2026-01-05", "1"]
    till.table("months/1.csv", [HEADER, *ROWS])
    till.table("months/2.csv", [HEADER, ROWS[0], short])
    with refused("ruined_keys") as told:
        till.read(transactions_file="months")
    assert (told.fault.where, told.fault.row, told.fault.column) == ("2.csv", 3, "customer")
    till.parquet("t.parquet", pd.DataFrame([*ROWS, short], columns=HEADER))
    with refused("ruined_keys"):
        till.read(transactions_file="t.parquet")
    till.table("m.csv", [["customer", "joined"], ["101", "2026-01-05"], [short[0], "2026-01-05"]])
    with refused("ruined_keys") as told:
        till.read([HEADER, *ROWS], members_file="m.csv")
    assert (told.fault.row, told.fault.column) == (3, "customer")


@pytest.mark.parametrize("kind", ["FLOAT", "DOUBLE", "VARCHAR", "HUGEINT"])
def test_amounts_beyond_any_sale_are_unreadable(till: Till, kind: str) -> None:
    many = pd.DataFrame([["1", "2026-01-05", 10.0]] * 60, columns=HEADER)
    many.loc[59, "amount"] = 1e37
    till.parquet("t.parquet", many, f"customer, date, CAST(amount AS {kind}) AS amount")
    read = till.read(transactions_file="t.parquet")
    assert steps(read)["unreadable"][0] == 1 and steps(read)["rows_read"][2] == 500.0
    till.table("t.csv", [HEADER, *ROWS * 12, ["1", "2026-01-05", "1" + "0" * 30]])
    assert steps(till.read())["unreadable"][0] == 1


def test_keys_that_differ_by_case_or_zeros_are_kept_apart_and_counted(till: Till) -> None:
    keys = ["ab1", "AB1", "007", "7", "8"]
    read = till.read([HEADER, *([one, "2026-01-05", "1"] for one in keys)])
    assert read.purchases.customers == 5
    assert {note.code: note.count for note in read.notes}["similar_keys"] == 2


def test_folders_named_as_partitions_add_no_column(till: Till) -> None:
    (till.folder / "customer=9").mkdir()
    till.parquet("customer=9/t.parquet", FRAME)
    assert purchases(till.read(transactions_file="customer=9/t.parquet")) == EXPECTED
    till.parquet("customer=9/t.parquet", FRAME.drop(columns="customer"))
    with refused("missing_column"):
        till.read(transactions_file="customer=9/t.parquet")


def test_region_names_that_may_be_a_persons_are_hidden_and_long_ones_cut(till: Till) -> None:
    shops = ["Dana 0501234567", "x" * 10_000, "north", "north", "north"]
    till.table("r.csv", [["region", "started"], [shops[0], "2026-02-01"], [shops[1], ""]])
    rows = [[*HEADER, "shop"], *([*row, shop] for row, shop in zip(ROWS, shops, strict=True))]
    read = till.read(rows, region_column="shop", rollout_file="r.csv")
    assert read.purchases.regions == ("other 1", "north", "x" * 57 + "...")
    assert read.rollout is not None and read.rollout["region"].tolist() == [0, 2]


def test_too_many_unreadable_rows_are_refused_with_file_row_and_column(till: Till) -> None:
    rows = [HEADER, *ROWS, ["104", "2026-13-45", "1"], ["104", "2026-01-01", CANARY]]
    with refused("unreadable_rows") as told:
        till.read(rows)
    assert [(fault.where, fault.row, fault.column) for fault in told.faults] == [
        ("t.csv", 7, "date"),
        ("t.csv", 8, "amount"),
    ]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "empty"),
        (b"customer,date,amount\n", "no_rows"),
        (b"customer,date,amount\nzz-canary-7731,x,y\n", "unreadable_rows"),
        (b"customer,date,amount\n1,2027-01-01,1\n", "no_rows"),
        (b"customer,date,amount\n1,2026-01-01,-1\n", "no_rows"),
        (b"customer,date,amount\n1,2026-01-01,1\n1,2026-01-01,-1\n", "no_rows"),
        (b"<html><table><tr><td>customer</td></tr></table>", "missing_column"),
        (b"<html><p>customer,date,amount</p></html>", "html_disguised"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"PAR1" + bytes(50), "damaged"),
        (b"PAR1" + bytes(50) + b"PAR1", "damaged"),
    ],
)
def test_files_without_purchases_are_refused_by_name(till: Till, content: bytes, kind: str) -> None:
    till.write("t.csv", content)
    with refused(kind):
        till.read()


def test_one_customer_is_enough(till: Till) -> None:
    assert purchases(till.read([HEADER, ["1", "2026-01-01", "11.8"]])) == [(0, "2026-01-01", 10.0)]


def test_doubles_go_only_where_a_line_says_which_it_is(till: Till) -> None:
    twice = [HEADER, ROWS[0], ROWS[0], *ROWS[2:]]
    read = till.read(twice)
    assert steps(read)["duplicates_kept"] == (1, 1, 100.0) and purchases(read)[0][2] == 200.0
    timed = [[row[0], row[1] + " 10:31", row[2]] for row in twice[1:]]
    read = till.read([HEADER, *timed])
    assert steps(read)["duplicates"] == (1, 1, 100.0) and purchases(read)[0][2] == 100.0
    # the same order and amount, but another product in a column nobody mapped: no double
    lines = [
        ["customer", "date", "amount", "order", "item"],
        ["1", "2026-01-01", "5", "7", "tea"],
        ["1", "2026-01-01", "5", "7", "bun"],
    ]
    read = till.read(lines, order_column="order", vat="excluded")
    assert purchases(read) == [(0, "2026-01-01", 10.0)]


@pytest.mark.parametrize("timed", [False, True])
def test_doubles_in_parquet(till: Till, timed: bool) -> None:
    frame = pd.concat([FRAME, FRAME[:1]]).assign(date=lambda f: f.date + pd.Timedelta(hours=10 * timed))
    till.parquet("t.parquet", frame)
    read = till.read(transactions_file="t.parquet")
    assert steps(read)["duplicates" if timed else "duplicates_kept"] == (1, 1, 100.0)
    assert purchases(read)[0][2] == (150.0 if timed else 250.0)


# --- returns ----------------------------------------------------------------------------------------------


def lines(till: Till, rows: list[str], *, parquet: bool = False, **given: object) -> list[tuple[int, str, float]]:
    """Read lines of customer, moment, amount, product, order; the flows, which returns without a sale are part of."""
    cells = [row.split() for row in rows]
    header = [*HEADER, "product", "order"][: len(cells[0])]
    if parquet:
        frame = pd.DataFrame(cells, columns=header).astype({"customer": int, "amount": float})
        till.parquet("t.parquet", frame.assign(date=pd.to_datetime(frame.date)))
        read = till.read(transactions_file="t.parquet", vat="excluded", **given)
    else:
        read = till.read([header, *cells], vat="excluded", **given)
    steps(read)
    return purchases(read, "flows")


@pytest.mark.parametrize("parquet", [False, True])
class TestReturns:
    def test_a_cancelled_order_vanishes(self, till: Till, parquet: bool) -> None:
        rows = ["7 2026-01-18T10:01 168469.60", "7 2026-01-18T10:17 -168469.60", "7 2026-01-20T09:00 5"]
        assert lines(till, rows, parquet=parquet) == [(0, "2026-01-20", 5.0)]

    def test_the_latest_sale_of_that_amount_is_meant(self, till: Till, parquet: bool) -> None:
        rows = ["7 2026-01-01 50", "7 2026-02-01 50", "7 2026-02-03 -50", "8 2026-02-03 50"]
        assert lines(till, rows, parquet=parquet) == [(0, "2026-01-01", 50.0), (1, "2026-02-03", 50.0)]

    def test_a_return_before_its_sale_on_one_day_is_still_its_return(self, till: Till, parquet: bool) -> None:
        rows = ["7 2026-01-01 -50", "7 2026-01-01 50", "7 2026-01-09 1"]
        assert lines(till, rows, parquet=parquet) == [(0, "2026-01-09", 1.0)]

    def test_too_old_a_sale_stays_and_the_return_lowers_its_own_day(self, till: Till, parquet: bool) -> None:
        rows = ["7 2026-01-01 50", "7 2026-02-03 -50", "7 2026-03-01 20"]
        assert lines(till, rows, parquet=parquet, return_days=30) == [
            (0, "2026-01-01", 50.0), (0, "2026-02-03", -50.0), (0, "2026-03-01", 20.0),
        ]  # fmt: skip
        assert purchases(till.read_tables[-1]) == [(0, "2026-01-01", 50.0), (0, "2026-03-01", 20.0)]
        assert steps(till.read_tables[-1])["returns_unmatched"] == (1, 1, -50.0)

    def test_products_are_not_taken_for_each_other(self, till: Till, parquet: bool) -> None:
        rows = ["7 2026-01-01 50 tea", "7 2026-01-02 50 bun", "7 2026-01-03 -50 tea"]
        assert lines(till, rows, parquet=parquet, product_column="product") == [(0, "2026-01-02", 50.0)]

    def test_part_of_a_sale_brought_back_lowers_it(self, till: Till, parquet: bool) -> None:
        rows = ["7 2026-01-01 40 tea", "7 2026-01-02 50 tea", "7 2026-01-05 -60 tea"]
        assert lines(till, rows, parquet=parquet, product_column="product") == [(0, "2026-01-01", 30.0)]
        found = steps(till.read_tables[-1])
        assert (found["returns_matched"], found["sales_reduced"]) == ((2, 1, 0.0), (1, 1, 0.0))

    def test_a_return_larger_than_all_sales_keeps_its_rest(self, till: Till, parquet: bool) -> None:
        rows = ["7 2026-01-01 40 tea", "7 2026-01-05 -60 tea", "7 2026-01-06 5 bun"]
        expected = [(0, "2026-01-05", -20.0), (0, "2026-01-06", 5.0)]
        assert lines(till, rows, parquet=parquet, product_column="product") == expected

    def test_an_order_with_a_c_cancels_its_own_order(self, till: Till, parquet: bool) -> None:
        rows = ["7 2026-01-01 50 tea 536", "7 2026-01-02 50 tea 540", "7 2026-01-03 -50 tea C536"]
        given = {"product_column": "product", "order_column": "order"}
        assert lines(till, rows, parquet=parquet, **given) == [(0, "2026-01-02", 50.0)]


def test_a_return_told_by_its_quantity_only(till: Till) -> None:
    rows = [["1", "2026-01-01", "5", "1"], ["1", "2026-01-02", "5", "-1"], ["1", "2026-01-03", "7", "1"]]
    read = till.read([[*HEADER, "pieces"], *rows], quantity_column="pieces", vat="excluded")
    assert purchases(read, "flows") == [(0, "2026-01-03", 7.0)]
    assert "unsigned_returns" in {note.code for note in read.notes}


# --- margins and regions ----------------------------------------------------------------------------------


@pytest.mark.parametrize("parquet", [False, True])
def test_margins_are_taken_as_they_are_and_missing_ones_at_the_mean_rate(till: Till, parquet: bool) -> None:
    rows = [["1", "2026-01-01", "118", "40"], ["1", "2026-01-02", "118", "20"], ["2", "2026-01-02", "59", None]]
    header = [*HEADER, "margin"]
    if parquet:
        till.parquet("t.parquet", pd.DataFrame(rows, columns=header).astype({"amount": float, "margin": float}))
    else:
        till.table("t.csv", [header, *rows])
    read = till.read(transactions_file="t.parquet" if parquet else "t.csv", margin_column="margin")
    query = "SELECT round(margin, 6) FROM purchases ORDER BY customer, day"
    assert [row[0] for row in read.purchases.connection.execute(query).fetchall()] == [40.0, 20.0, 15.0]
    assert {note.code: note.count for note in read.notes}["margin_missing"] == 1


def test_a_margin_rate_is_of_net_sales(till: Till) -> None:
    read = till.read([HEADER, *ROWS], margin_rate=0.5)
    query = "SELECT bool_and(abs(margin - amount / 2) < 1e-9) FROM purchases"
    assert read.purchases.connection.execute(query).fetchall() == [(True,)] and read.purchases.has_margin


@pytest.mark.parametrize("parquet", [False, True])
def test_a_days_region_is_that_of_its_largest_basket(till: Till, parquet: bool) -> None:
    rows = [["1", "2026-01-01", 10, " north "], ["1", "2026-01-01", 30, "South"], ["2", "2026-01-01", 1, None]]
    if parquet:
        till.parquet("t.parquet", pd.DataFrame(rows, columns=[*HEADER, "shop"]))
    else:
        till.table("t.csv", [[*HEADER, "shop"], *rows])
    read = till.read(transactions_file="t.parquet" if parquet else "t.csv", region_column="shop")
    assert read.purchases.regions == ("South", "north")
    found = read.purchases.connection.execute("SELECT customer, region FROM purchases ORDER BY 1").fetchall()
    assert found == [(0, 0), (1, None)]


# --- whose they are ---------------------------------------------------------------------------------------


def test_codes_follow_the_keys_whatever_the_order_of_rows_and_kind_of_file(till: Till) -> None:
    rows = [
        ["9", "2026-01-01", "9"],
        ["10", "2026-01-01", "10"],
        ["123.0", "2026-01-01", "123"],
        ["009", "2026-01-01", "1"],
    ]
    expected = [(0, 9.0), (1, 10.0), (2, 1.0), (3, 123.0)]
    for order in (rows, rows[::-1]):
        read = till.read([HEADER, *order], vat="excluded")
        assert [(row[0], row[2]) for row in purchases(read)] == expected
        till.parquet("t.parquet", pd.DataFrame(order, columns=HEADER))
        read = till.read(transactions_file="t.parquet", vat="excluded")
        assert [(row[0], row[2]) for row in purchases(read)] == expected


def test_keys_far_apart_are_coded_alike(till: Till) -> None:
    frame = FRAME.assign(customer=FRAME.customer * 10**9)
    till.parquet("t.parquet", frame)
    assert purchases(till.read(transactions_file="t.parquet")) == EXPECTED


@pytest.mark.parametrize("parquet", [False, True])
def test_no_key_of_a_customer_stays_in_what_leaves_the_reader(till: Till, parquet: bool) -> None:
    keys = [f"{CANARY}-{at}" for at in range(5)]
    rows = [[key, *row[1:]] for key, row in zip(keys, ROWS, strict=True)]
    till.table("members.csv", [["customer", "joined"], [keys[0], "2026-01-01"], [CANARY + "-x", "2026-01-02"]])
    if parquet:
        till.parquet("t.parquet", pd.DataFrame(rows, columns=HEADER))
    else:
        till.table("t.csv", [HEADER, *rows])
    read = till.read(transactions_file="t.parquet" if parquet else "t.csv", members_file="members.csv")
    connection = read.purchases.connection
    held = connection.execute("SELECT table_name, sql FROM duckdb_tables()").fetchall()
    assert [row[0] for row in held] == ["days"]
    views = connection.execute("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal").fetchall()
    assert sorted(row[0] for row in views) == ["flows", "purchases", "returns"]
    shown = [
        repr(read),
        str(held),
        str(views),
        *(str(connection.execute(f"FROM {name}").df()) for name in ("days", "flows")),
    ]
    shown += [frame.to_csv() for frame in (read.members, read.calendar, read.purchases.steps) if frame is not None]
    assert not [text for text in shown if CANARY in text]
    with pytest.raises(TypeError):
        import pickle

        pickle.dumps(read.keys)


def test_pseudonyms_are_keyed_and_the_secret_is_the_owners_alone(till: Till, tmp_path: Path) -> None:
    read = till.read([HEADER, *ROWS])
    path = tmp_path / ".kesher_key"
    assert not path.exists()  # made on first need only
    first = pseudonyms(read)
    assert first.index.tolist() == [0, 1, 2] and first.is_unique and first.str.fullmatch("[0-9a-f]{16}").all()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and not first.attrs["ephemeral"]
    assert pseudonyms(till.read()).equals(first)
    path.unlink()
    again = till.read()
    assert not pseudonyms(again).equals(first) and purchases(again) == purchases(read)


def test_where_no_secret_can_be_kept_it_lasts_as_long_as_the_process(till: Till, tmp_path: Path) -> None:
    read = till.read([HEADER, *ROWS])
    (tmp_path / ".kesher_key").mkdir()
    assert pseudonyms(read).attrs["ephemeral"] and pseudonyms(read).equals(pseudonyms(read))


# --- the database is fenced in ----------------------------------------------------------------------------


def test_the_database_reads_nothing_but_its_file(till: Till, tmp_path: Path) -> None:
    import duckdb

    till.parquet("t.parquet", FRAME)
    till.parquet("other.parquet", FRAME)
    connection = till.read(transactions_file="t.parquet").purchases.connection
    for query in (
        f"FROM read_parquet('{tmp_path}/other.parquet')",
        f"FROM read_parquet('{tmp_path}/*.parquet')",
        "FROM read_text('/etc/hostname')",
        f"COPY (SELECT 1) TO '{tmp_path}/out.csv'",
        f"ATTACH '{tmp_path}/x.db'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET memory_limit = '90GB'",
    ):
        with pytest.raises(duckdb.Error):
            connection.execute(query)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.parquet", "t.parquet"]


@pytest.mark.parametrize("name", ["../secret.parquet", "link.parquet", "linked", "months/link.parquet"])
def test_parquet_outside_the_root_is_refused(till: Till, tmp_path: Path, name: str) -> None:
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    till.parquet("t.parquet", FRAME)
    (tmp_path / "t.parquet").rename(outside / "secret.parquet")
    (tmp_path / "months").mkdir()
    for link in ("link.parquet", "months/link.parquet"):
        (tmp_path / link).symlink_to(outside / "secret.parquet")
    (tmp_path / "linked").symlink_to(outside)
    with refused("outside_root"):
        till.read(transactions_file=name)
    with refused("outside_root"):
        till.read(transactions_file="months")


def test_names_that_are_patterns_are_refused(till: Till) -> None:
    till.parquet("t[1].parquet", FRAME)
    with refused("strange_name"):
        till.read(transactions_file="t[1].parquet")


@pytest.mark.parametrize("name", ["t.parquet", "m.parquet"])
def test_a_parquet_that_changes_after_it_was_hashed_is_refused(
    till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    till.parquet("t.parquet", FRAME)
    till.parquet("m.parquet", FRAME.rename(columns={"date": "joined"})[-2:])
    given = {"transactions_file": "t.parquet", "members_file": "m.parquet"}
    assert till.read(**given).purchases.rows == 4
    hashed = DataRoot.parquet

    def overwritten(root: DataRoot, asked: str) -> tuple[Path, str]:
        found = hashed(root, asked)
        if asked == name:
            till.parquet(
                name, pd.concat([FRAME, FRAME]).rename(columns={"date": "joined" if name[0] == "m" else "date"})
            )
        return found

    monkeypatch.setattr(DataRoot, "parquet", overwritten)
    with refused("changed") as told:
        till.read(**given)
    assert {fault.where for fault in told.faults} == {name}


def test_a_folder_is_of_one_kind_and_not_empty(till: Till, tmp_path: Path) -> None:
    (tmp_path / "months").mkdir()
    with refused("empty_folder"):
        till.read(transactions_file="months")
    till.parquet("months/1.parquet", FRAME)
    till.table("months/2.csv", [HEADER, *ROWS])
    with refused("mixed_kinds"):
        till.read(transactions_file="months")


def test_a_folder_is_hashed_file_by_file_and_its_rows_counted(till: Till, tmp_path: Path) -> None:
    till.parquet("months/1.parquet", FRAME)
    till.parquet("months/2.parquet", FRAME[:2])
    till.write("months/.hidden", "x")
    found = [one for one in inputs_of(parameters(transactions_file="months"), tmp_path) if one.parameter != "published"]
    assert [(one.file, one.to_json()["rows"]) for one in found] == [("months/1.parquet", 5), ("months/2.parquet", 2)]
    assert [one.sha256 for one in found] == [source.sha256 for source in till.read(transactions_file="months").sources]
    till.write("empty/.hidden", "x")
    for name, given, kind in (
        ("transactions_file", "empty", "empty_folder"),
        ("transactions_file", "../", "outside"),
        ("members_file", "months", "missing_file"),  # only transactions may be a folder
    ):
        with pytest.raises(DataRefused) as refusal:
            inputs_of(parameters(**{"transactions_file": "months", name: given}), tmp_path)
        assert [fault.kind for fault in refusal.value.faults] == [kind]


def test_what_is_spilled_is_private_and_goes(till: Till, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    tables = read_ledger(DataRoot(tmp_path), parameters()) if till.table("t.csv", [HEADER, *ROWS]) else till.read()
    folders = list(scratch.iterdir())
    assert len(folders) == 1 and stat.S_IMODE(folders[0].stat().st_mode) == 0o700
    tables.purchases.close()
    assert not list(scratch.iterdir())
    with refused("no_rows"):
        till.read([HEADER, ["1", "2027-01-01", "1"]])
    assert not list(scratch.iterdir())


def test_a_column_of_lists_is_refused(till: Till) -> None:
    till.parquet("t.parquet", FRAME, "[customer] AS customer, date, amount")
    with refused("wrong_type"):
        till.read(transactions_file="t.parquet")


# --- the order of rows and the unit of money --------------------------------------------------------------


def test_rows_shuffled_and_money_in_cents_change_nothing_else(till: Till) -> None:
    random = np.random.default_rng(5)
    size = 600
    rows = [
        [str(who), str(day)[:10], f"{amount:.2f}"]
        for who, day, amount in zip(
            random.integers(0, 40, size), np.datetime64("2026-01-01") + random.integers(0, 200, size),
            np.where(random.random(size) < 0.1, -1, 1) * random.integers(1, 9, size), strict=True,
        )
    ]  # fmt: skip
    first = purchases(till.read([HEADER, *rows], vat="excluded"), "flows")
    again = purchases(till.read([HEADER, *(rows[at] for at in random.permutation(size))], vat="excluded"), "flows")
    assert again == first
    cents = [[who, day, str(round(float(amount) * 100))] for who, day, amount in rows]
    found = purchases(till.read([HEADER, *cents], vat="excluded"), "flows")
    assert found == [(who, day, amount * 100) for who, day, amount in first]
