"""Reading all of a client's programme: the transactions, the small files, one numbering of customers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from kesher.faults import DataRefused, Fault
from kesher.months import month_of
from kesher.params.loyalty_roi import LoyaltyRoi
from kesher.readers.findings import Findings, shown_names
from kesher.readers.ledger.calendar import holidays_of, week_start, with_breaks
from kesher.readers.ledger.cleaning import Cleaning
from kesher.readers.ledger.companions import READ, Companion, bound_costs, code_people, keys_of, place_regions
from kesher.readers.ledger.days import purchase_days
from kesher.readers.ledger.engine import refusals
from kesher.readers.ledger.files import read_sheet
from kesher.readers.ledger.lines import Lines, mapped_columns, sheet_lines
from kesher.readers.ledger.parquet import parquet_lines
from kesher.readers.ledger.tables import CustomerKeys, LoyaltyTables, Purchases
from kesher.readers.ledger.values import customer_key
from kesher.readers.opening import DataRoot
from kesher.readers.tables import read_table
from kesher.readers.tidy import Note, SourceReport


def read_ledger(root: DataRoot, params: LoyaltyRoi) -> LoyaltyTables:
    """Read the transactions and every small file that the parameters name.

    Customers' keys are read once, turned into codes in the order of the keys, and left behind. Raises
    DataRefused with the faults of all files together, by file, row, column and kind, never with a cell.
    """
    files, frames, faults = _small_files(root, params)
    try:
        purchases, keys, sources = _purchases(root, params, keys_of(frames.values()), _left_out(root, params))
    except DataRefused as refused:
        raise DataRefused(*refused.faults, *faults) from None
    try:
        if faults:
            raise DataRefused(*faults)
        unknown = []
        for kind, file in files.items():
            frames[kind], count = code_people(file, frames[kind], keys, purchases.buying)
            if count:
                unknown.append(Note("customers_without_purchases", count, None, f"of the {kind} never bought."))
        if "rollout" in files:
            frames["rollout"] = place_regions(files["rollout"], frames["rollout"], purchases.regions)
        if "costs" in files:
            frames["costs"] = bound_costs(files["costs"], frames["costs"], month_of(purchases.first))
    except DataRefused:
        purchases.close()
        raise
    regions = shown_names(purchases.regions)
    builtin = holidays_of(params.country, purchases.first, purchases.last)
    return LoyaltyTables(
        purchases=replace(purchases, regions=tuple(regions.values())),
        calendar=with_breaks(builtin, frames.pop("calendar", None)),
        **{kind: frames.get(kind) for kind in READ if kind != "calendar"},
        sources=(*sources, *(file.sheet.report() for file in files.values())),
        notes=(*purchases.notes, *(note for file in files.values() for note in file.findings.notes), *unknown),
        week_starts=week_start(params.country),
        keys=CustomerKeys(keys, str(root.path)),
    )


def _left_out(root: DataRoot, params: LoyaltyRoi) -> list[str]:
    """The keys of customers to leave out; they stand in a file, since a parameter would be shown."""
    if params.test_customers_file is None:
        return []
    table = read_table(root, params.test_customers_file, encoding=params.encoding, expect=["customer"])
    return sorted({customer_key(cell) for cell in table.column("customer")} - {""})


def _small_files(
    root: DataRoot, params: LoyaltyRoi
) -> tuple[dict[str, Companion], dict[str, pd.DataFrame], list[Fault]]:
    """The small files by kind, their tables with customers' keys, and what is wrong with any of them."""
    files: dict[str, Companion] = {}
    frames: dict[str, pd.DataFrame] = {}
    faults: list[Fault] = []
    for kind, read in READ.items():
        spec: str | None = getattr(params, f"{kind}_file")
        if spec is None:
            continue
        try:
            files[kind] = Companion(root, spec, kind, params)
            frames[kind] = read(files[kind])
            files[kind].findings.stop()
        except DataRefused as refused:
            faults += refused.faults
    return files, frames, faults


def _lines(root: DataRoot, params: LoyaltyRoi, tests: list[str]) -> Lines:
    """The transactions file, or all files of the folder."""
    files = root.names(params.transactions_file)
    parquet = [root.is_parquet(name.partition("#")[0]) for name in files]
    if all(parquet):
        return parquet_lines(root, files, params, tests)
    if any(parquet):
        what = "The folder holds Parquet files and others."
        raise Findings(params.transactions_file).refused("mixed_kinds", what, "Keep files of one kind in it.")
    wanted = mapped_columns(params)
    sheets = [read_sheet(root, name, wanted, list(wanted), encoding=params.encoding) for name in files]
    return sheet_lines(sheets, params, tests)


def _purchases(
    root: DataRoot, params: LoyaltyRoi, others: set[str], tests: list[str]
) -> tuple[Purchases, NDArray[Any], tuple[SourceReport, ...]]:
    """Purchase days, customers' keys by code, and where they are from."""
    lines = _lines(root, params, tests)
    try:
        with refusals(lines.findings):
            cleaning = Cleaning(lines, params)
            cleaning.leave_out()
            keys = cleaning.number_customers(others)
            cleaning.drop_doubles()
            cleaning.match_returns()
            purchases = purchase_days(cleaning, len(keys))
        for file in lines.files:
            file.check()
    except BaseException:
        lines.engine.close()
        raise
    return purchases, keys, lines.sources
