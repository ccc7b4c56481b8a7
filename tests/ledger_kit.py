"""A client's folder for the ledger's tests: transactions as any export writes them, small files beside them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import Workbook

from kesher.params.loyalty_roi import LoyaltyRoi
from kesher.readers import DataRoot
from kesher.readers.ledger import LoyaltyTables, read_ledger

HEADER = ["customer", "date", "amount"]
ROWS = [
    ["101", "2026-01-05", "118.00"],
    ["101", "2026-01-05", "59.00"],
    ["101", "2026-02-07", "236.00"],
    ["102", "2026-01-09", "11.80"],
    ["103", "2026-03-01", "23.60"],
]


def parameters(**given: Any) -> LoyaltyRoi:
    base = {
        "client": "acme", "name_en": "Acme", "name_he": "אקמה", "as_of": "2026-10-31", "data_root": ".",
        "transactions_file": "t.csv", "vat_rate": 0.18,
    }  # fmt: skip
    return LoyaltyRoi(**{**base, **given})


class Till:
    """A data root; ``read`` reads the ledger with the parameters given."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read_tables: list[LoyaltyTables] = []

    def write(self, name: str, content: str | bytes, encoding: str = "utf-8") -> None:
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))

    def table(self, name: str, rows: Sequence[Sequence[object]], separator: str = ",") -> None:
        out = io.StringIO()
        csv.writer(out, delimiter=separator, lineterminator="\n").writerows(rows)
        self.write(name, out.getvalue())

    def sheet(self, name: str, rows: Sequence[Sequence[Any]]) -> None:
        book = Workbook()
        page = book.active
        assert page is not None
        for row in rows:
            page.append(list(row))
        book.save(self.folder / name)

    def parquet(self, name: str, frame: pd.DataFrame, cast: str = "*") -> None:
        import duckdb

        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        with duckdb.connect() as connection:
            connection.register("frame", frame)
            connection.execute(f"COPY (SELECT {cast} FROM frame) TO '{path}' (FORMAT parquet)")

    def read(self, rows: Sequence[Sequence[object]] | None = None, **given: Any) -> LoyaltyTables:
        if rows is not None:
            self.table("t.csv", rows)
        tables = read_ledger(DataRoot(self.folder), parameters(**given))
        self.read_tables.append(tables)
        return tables


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    made = Till(tmp_path)
    yield made
    for tables in made.read_tables:
        tables.purchases.close()


def purchases(tables: LoyaltyTables, relation: str = "purchases") -> list[tuple[int, str, float]]:
    """Customer, day and amount to the cent of every purchase day, in order."""
    query = f"SELECT customer, CAST(day AS VARCHAR), round(amount, 2) FROM {relation} ORDER BY ALL"
    return list(tables.purchases.connection.execute(query).fetchall())


def steps(tables: LoyaltyTables) -> dict[str, tuple[int, int, float]]:
    """Rows, customers and amount to the cent by step; the account must add up."""
    frame = tables.purchases.steps
    out = frame[frame.effect == "out"]
    read, used = frame.iloc[0], frame.iloc[-1]
    assert (read.step, used.step) == ("rows_read", "used")
    assert read.rows - out.rows.sum() == used.rows
    assert read.amount - out.amount.sum() == pytest.approx(used.amount)
    return {row.step: (row.rows, row.customers, round(row.amount, 2)) for row in frame.itertuples()}
