"""The lines of the client's tills as one relation in the database; here from text and sheets."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.params.loyalty_roi import LoyaltyRoi
from kesher.readers.findings import Findings
from kesher.readers.ledger.engine import Engine, ParquetFile
from kesher.readers.ledger.files import Sheet
from kesher.readers.ledger.values import NO_TIME, amounts, customer_key, is_ruined, is_total, moments
from kesher.readers.tidy import SourceReport

FILE_SHIFT = 40  # a line's id is its file's place times 2 ** 40 plus its row
CANCELLED = re.compile("^[Cc]")  # order C123 cancels order 123, as in many tills' exports
NUMBERS = ("amount", "margin", "quantity")
LABELS = ("order_id", "product", "region")
RUINED_KEYS = (
    "ruined_keys",
    "Customers are written as 9.7E+11: a spreadsheet lost the digits that tell them apart.",
    "Format the column as text, and export it again from the till.",
)


@dataclass(frozen=True)
class Lines:
    """What the engine's view ``raw_lines`` and table ``keys`` hold.

    ``raw_lines``: id, raw (as in ``keys``), moment, amount as written (a return below zero), and where mapped
    margin, order_id, product, quantity, region (raw), record (tells whole rows apart), total (a row of totals).
    ``keys``: raw, normal (BIGINT when ``whole``, else text; NULL where blank), reason (NULL, "total_rows" or
    "test_customers"). ``regions`` are names by raw region; ``timed`` says that a time of day may be known;
    ``files`` are those that the view still reads.
    """

    engine: Engine
    findings: Findings
    sources: tuple[SourceReport, ...]
    mapped: frozenset[str]
    whole: bool
    timed: bool
    regions: dict[Any, str]
    files: tuple[ParquetFile, ...] = ()


def mapped_columns(params: LoyaltyRoi) -> dict[str, list[str]]:
    """The columns that the parameters name, by our names for them."""
    named = {
        "customer": params.customer_column,
        "moment": params.time_column,
        "amount": params.amount_column,
        "margin": params.margin_column,
        "order_id": params.order_column,
        "product": params.product_column,
        "quantity": params.quantity_column,
        "region": params.region_column,
        "channel": params.channel_column,
    }
    return {name: [column] for name, column in named.items() if column is not None}


def sheet_lines(sheets: Sequence[Sheet], params: LoyaltyRoi, tests: Collection[str]) -> Lines:
    """The rows of text files and sheets as ``raw_lines``; cells are read once for each distinct one.

    ``tests`` are the keys of customers to leave out.
    """
    findings, headers = sheets[0].findings, sheets[0].headers
    codes: dict[str, NDArray[np.int32]] = {}
    cells: dict[str, list[str]] = {}
    for name in sheets[0].columns:
        column = pd.api.types.union_categoricals([sheet.columns[name] for sheet in sheets])
        codes[name], cells[name] = np.asarray(column.codes, np.int32), [str(cell) for cell in column.categories]
    if "order_id" in cells:  # the same order whether sold or cancelled
        bare, orders = pd.factorize(np.array([CANCELLED.sub("", one) for one in cells["order_id"]], object))
        codes["order_id"], cells["order_id"] = bare[codes["order_id"]].astype(np.int32), orders.tolist()
    ids = np.concatenate([sheet.rows + (at << FILE_SHIFT) for at, sheet in enumerate(sheets)])
    times = read_moments(cells["moment"], params, findings, headers["moment"])
    columns = {"id": ids, "raw": codes["customer"], "moment": times[codes["moment"]].astype("datetime64[s]")}
    for name in NUMBERS:
        if name in cells:
            columns[name] = read_amounts(cells[name], findings, headers[name])[codes[name]]
    findings.stop()
    _refuse_ruined(cells["customer"], codes["customer"], sheets)
    labels = [name for name in LABELS if name in cells]
    columns |= {name: codes[name] for name in labels}
    columns["record"] = np.concatenate([sheet.records for sheet in sheets])
    columns["total"] = _totals(codes, cells, ~np.isnan(columns["amount"]))
    frame = pd.DataFrame(columns, copy=False)
    engine = Engine(size=int(frame.memory_usage().sum()))
    engine.connection.register("sheet_lines", frame)
    nulls = [f"nullif({name}, {cells[name].index('')}) AS {name}" for name in labels if "" in cells[name]]
    replaced = f" REPLACE ({', '.join(nulls)})" if nulls else ""
    engine.run(f"CREATE VIEW raw_lines AS SELECT *{replaced} FROM sheet_lines")
    _sheet_keys(engine, cells["customer"], tests)
    regions = dict(enumerate(cells.get("region", ())))
    timed = bool((times[times != NO_TIME] % 86400 != 0).any())
    sources = tuple(sheet.report() for sheet in sheets)
    return Lines(engine, findings, sources, frozenset(cells), False, timed, regions)


def _refuse_ruined(cells: Sequence[str], codes: NDArray[np.int32], sheets: Sequence[Sheet]) -> None:
    ruined = np.array(list(map(is_ruined, cells)), np.bool_)[codes]
    if ruined.any():
        sizes = np.cumsum([len(sheet.rows) for sheet in sheets])
        first = int(ruined.argmax())
        file = int(np.searchsorted(sizes, first, side="right"))
        sheet = sheets[file]
        row = int(sheet.rows[first - sizes[file]])  # from its end
        sheet.findings.wrong(*RUINED_KEYS, sheet.headers["customer"], row)
        sheet.findings.stop()


def _sheet_keys(engine: Engine, cells: Sequence[str], tests: Collection[str]) -> None:
    normal = [customer_key(cell) for cell in cells]
    marks = ["total_rows" if is_total(cell) else "test_customers" if one in tests else None
             for cell, one in zip(cells, normal, strict=True)]  # fmt: skip
    keys = pd.DataFrame({"raw": np.arange(len(cells), dtype=np.int32), "normal": normal, "reason": marks})
    engine.table("keys", keys, "raw, nullif(normal, '') AS normal, reason::VARCHAR AS reason")


def _totals(
    codes: dict[str, NDArray[np.int32]], cells: dict[str, list[str]], known: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Rows of totals: a label where a customer, a day, a shop or a product should be, or neither customer nor day."""
    blank = [np.array([not cell for cell in cells[name]])[codes[name]] for name in ("customer", "moment")]
    total = blank[0] & blank[1] & known
    for name in codes.keys() - set(NUMBERS):
        total |= np.array([is_total(cell) for cell in cells[name]])[codes[name]]
    return np.asarray(total)


def read_moments(cells: Sequence[str], params: LoyaltyRoi, findings: Findings, column: str) -> NDArray[np.int64]:
    """Distinct cells as seconds of the country's clock, NO_TIME where they are none; faults and notes are taken."""
    found = moments(cells, day_first=params.day_first)
    order = found.order
    if order == "ambiguous" and params.country == "IL":
        said = "no day beyond the 12th tells day from month; the day was read first, as Israel writes."
        findings.note("day_first_by_country", 1, said, column)
    elif order == "ambiguous":
        what = "No day beyond the 12th tells whether 03/04 is in March or in April."
        findings.wrong("ambiguous_dates", what, "Set the parameter day_first to yes or no.", column)
    elif order == "mixed":
        what = "Some dates can only have the day first, others only the month."
        findings.wrong("mixed_dates", what, "Export the dates in one form, best as 2026-10-31.", column)
    elif order and params.day_first == "auto":
        said = f"dates have the {order} first, as days beyond the 12th show."
        findings.note(f"{order}_first_decided", 1, said, column)
    findings.note("excel_dates", found.serials, "dates are a spreadsheet's day numbers.", column)
    zoned = (found.offset != NO_TIME) & (found.seconds != NO_TIME)
    zone = only_zone(params.country)
    said = f"moments name their zone; {f'they were read as of {zone}' if zone else 'kept as written'}."
    findings.note("zoned_times", int(zoned.sum()), said, column)
    if zone and zoned.any():
        universal = pd.to_datetime(found.seconds[zoned] - 60 * found.offset[zoned], unit="s", utc=True)
        found.seconds[zoned] = universal.tz_convert(zone).tz_localize(None).as_unit("s").asi8
    return found.seconds


@cache
def only_zone(country: str) -> str | None:
    """The time zone of a country that has one; None otherwise."""
    from babel.core import get_global

    zones = get_global("territory_zones").get(country, [])
    return str(zones[0]) if len(zones) == 1 else None


def read_amounts(cells: Sequence[str], findings: Findings, column: str) -> NDArray[np.float64]:
    """Distinct cells as numbers, NaN where they are none."""
    found, comma = amounts(cells)
    findings.note("decimal_comma", int(comma), "the column writes decimal commas.", column)
    return found
