"""The figures of one recognised table, row by row, without anything that says whose or which post it is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import DataRefused
from kesher.readers.findings import Findings
from kesher.readers.ledger.values import NO_TIME, amounts, is_ruined, is_total, moments
from kesher.readers.platforms.days import days_of, zone_note
from kesher.readers.platforms.names import kind_of, network_of, page_metric
from kesher.readers.platforms.shapes import FIGURES, Shape, currency_of, plain
from kesher.readers.platforms.tables import Table
from kesher.readers.text import key

MEASURES = ("impressions", "reach", "interactions", "clicks", "followers", "spend", "leads", "published")
_PARTS = ("likes", "comments", "shares", "saves", "sent")
_MISSING = frozenset({"", "-", "--", "undefined", "n/a", "na", "nan", "null", "none", "#n/a"})
_THOUSANDS = re.compile(r"-?\d{1,3}(\.\d{3})+\Z")
_PERIOD = re.compile(r"#\s*(start|end) date:\s*(\d{8})", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Told:
    """What one table tells: ``frame`` has network, day, end (of a period), id (a hash, 0 for none), kind, MEASURES."""

    shape: Shape
    network: str
    findings: Findings
    frame: pd.DataFrame
    rows: int
    currency: str | None


@dataclass(frozen=True)
class Span:
    """The days that count, and how 03/04/2026 is read."""

    since: date | None
    as_of: date
    day_first: str


def told_by(table: Table, span: Span) -> Told:
    """Read the figures of a table, notes into its findings; raises DataRefused for ragged rows."""
    shape, findings = table.shape, table.grid.findings
    nothing = Told(shape, shape.network, findings, pd.DataFrame(columns=["network", "day"]), 0, None)
    if shape.grain == "none":
        return Told(shape, shape.network, findings, nothing.frame, len(table.grid.structure.fields) - 1, None)
    try:
        many = [at for column, at in table.places.items() if column == "id"]
        loaded, _ = table.grid.load(set(table.places.values()), table.first, many)
    except DataRefused as refused:
        if refused.faults[0].kind != "no_rows":
            raise
        findings.note("no_rows", 1, "a table has a header but no rows; nothing was told by it.")
        return nothing
    zone_note(table.above, findings)
    reader = _Reader(table, loaded, span)
    frame = reader.frame()
    frame = frame[reader.kept(frame)].reset_index(drop=True)
    if "of" in table.places and (by_day := reader.by_day()):
        findings.note("posts_by_day", by_day, "rows tell a post's figures of one day; they were added by post.")
        sums = frame.groupby("id", sort=False)[[*MEASURES]].sum(min_count=1).assign(reach=np.nan)
        frame = frame.drop(columns=[*MEASURES]).drop_duplicates("id").merge(sums, on="id")
    currency = currency_of(reader.header("spend")) if "spend" in table.places else None
    network = reader.network if isinstance(reader.network, str) else ""
    return Told(shape, network, findings, frame, len(loaded), currency)


class _Reader:
    """The columns of one table, by our names for them."""

    def __init__(self, table: Table, loaded: pd.DataFrame, span: Span) -> None:
        self.table, self.shape, self.span, self.findings = table, table.shape, span, table.grid.findings
        self.rows = len(loaded)
        self.columns = {name: loaded[at] for name, at in table.places.items()}
        self.network: str | NDArray[Any] = self._network()

    def header(self, column: str) -> str:
        return " ".join(self.table.header[self.table.places[column]].split())

    def cells(self, column: str) -> pd.Categorical:
        return pd.Categorical(self.columns[column]).remove_unused_categories()

    def by_day(self) -> int:
        """How many rows tell what a post did on one day, and not in all its life."""
        seconds = moments(cells := [str(cell) for cell in self.cells("of").categories]).seconds
        dated = (seconds != NO_TIME) if cells else np.zeros(0, np.bool_)
        return int(dated[np.asarray(self.cells("of").codes)].sum())

    def frame(self) -> pd.DataFrame:
        """Every row's figures, those to be left out included."""
        figures = {column: self._numbers(column) for column in FIGURES if column in self.columns}
        nothing = np.full(self.rows, np.nan)
        if "value" in figures:
            figures[self._page_metric()] = figures.pop("value")
        parts = [figures[part] for part in _PARTS if part in figures]
        stacked = np.vstack(parts) if parts else nothing[None]
        total = np.where(np.isnan(stacked).all(axis=0), np.nan, np.nansum(stacked, axis=0))
        if "total" in figures:
            total = np.where(np.isnan(figures["total"]), total, figures["total"])
        figures.setdefault("interactions", total)
        if "results" in figures:
            figures["leads"] = self._leads(figures["results"], figures.get("leads"))
        if "paid" in figures:
            told = "rows have promoted figures beside the organic ones; the organic were read."
            self.findings.note("promoted_left_out", int((figures["paid"] > 0).sum()), told)
        below = figures.get("impressions", nothing) < figures.get("reach", nothing)
        self.findings.note("impressions_below_reach", int(below.sum()), "rows tell fewer impressions than reach.")
        day, end = self._period()
        measures = {name: figures.get(name, nothing) for name in MEASURES}
        kind = self._by_cell("kind", kind_of) if "kind" in self.columns else ""
        return pd.DataFrame(
            {"network": self.network, "day": day, "end": end, "id": self._ids(), "kind": kind, **measures}
        )

    def kept(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """The rows that count: no totals, of the days asked for, of a known network."""
        note, span = self.findings.note, self.span
        kept = ~self._totals()
        note("total_rows", int((~kept).sum()), "rows of totals were left out.")
        if not isinstance(self.network, str):
            other = kept & np.array([name == "" for name in self.network])
            note("no_network", int(other.sum()), "rows name no network, or none we know; they were left out.")
            kept &= ~other
        undated = frame["day"].isna().to_numpy()
        if self.shape.grain != "days" and "day" not in self.columns and undated.all():
            note("undated", int(kept.sum()), "rows have no day" + ("; left out." if span.since else "."))
            return kept & (span.since is None)
        note("unreadable_days", int((kept & undated).sum()), "rows have no day that can be read; left out.")
        kept &= ~undated
        late = kept & (frame["end"] > np.datetime64(span.as_of)).to_numpy()
        early = kept & (frame["day"] < np.datetime64(span.since or date.min)).to_numpy() & ~late
        note("after_as_of", int(late.sum()), "rows lie after the as-of day, or end after it; left out.")
        note("before_since", int(early.sum()), "rows lie before the first day asked for, or begin before it; left out.")
        kept &= ~(late | early)
        return kept

    def _numbers(self, column: str) -> NDArray[np.float64]:
        """A column as numbers, NaN where it has none; what can not be read is noted."""
        cells = self.cells(column)
        said = ["" if key(text := str(cell).strip()) in _MISSING else text for cell in cells.categories]
        dotted = [text for text in said if "." in text]
        if column != "spend" and dotted and all(map(_THOUSANDS.match, dotted)):
            said = [text.replace(".", "") for text in said]
        values, _ = amounts(said)
        codes = np.asarray(cells.codes)
        odd = np.isnan(values) & np.array([bool(text) for text in said], np.bool_)
        self.findings.note("unreadable_numbers", int(odd[codes].sum()), "cells hold no number.", self.header(column))
        below = values < 0
        told = "figures are below zero, as no count is; left out."
        self.findings.note("below_zero", int(below[codes].sum()), told, self.header(column))
        values[below] = np.nan
        return np.asarray(values[codes], dtype=np.float64)

    def _by_cell(self, column: str, find: Callable[[str], Any]) -> NDArray[Any]:
        cells = self.cells(column)
        found: NDArray[Any] = np.array([find(str(cell)) for cell in cells.categories], dtype=object)
        return found[np.asarray(cells.codes)]

    def _network(self) -> str | NDArray[Any]:
        """The network of every row, "" where it names none."""
        if self.shape.code == "meta_page":
            said = plain(self.table.above[-1]) if self.table.above else ""
            if "instagram" not in said and "facebook" not in said:
                self.findings.note("network_assumed", 1, "the file names no network; it was read as Facebook's.")
            return "instagram" if "instagram" in said else "facebook"
        for column in ("source", "platform"):
            if column in self.columns:
                return self._by_cell(column, network_of)
        if self.shape.code == "meta_ads":
            told = "the advertisements are not told apart by platform; they were read as Facebook's."
            self.findings.note("network_assumed", 1, told)
        return self.shape.network

    def _page_metric(self) -> str:
        """Which figure a page-level file holds, by the line above its header; "unused" for none of ours."""
        metric = page_metric(self.table.above[-1] if self.table.above else "")
        told = "the line above the header names no figure that is known; not used."
        self.findings.note("unknown_metric", int(metric is None), told)
        return metric or "unused"

    def _leads(self, results: NDArray[np.float64], leads: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Results that are leads by their type, where no column of leads tells them."""
        kinds = self._by_cell("result_type", key) if "result_type" in self.columns else np.full(self.rows, "")
        blank = np.isin(kinds.astype(str), list(_MISSING)) & ~np.isnan(results)
        self.findings.note(
            "blank_result_type", int(blank.sum()), "rows have results without a type; not read as leads."
        )
        found = np.where(["lead" in kind for kind in kinds], results, np.nan)
        return found if leads is None else np.where(np.isnan(leads), found, leads)

    def _period(self) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
        """The first and the last day of every row, the same where a row is of one day; NaT where there is none."""
        given = {found[1].lower(): found[2] for line in self.table.above if (found := _PERIOD.match(line))}
        if "day" in self.columns:
            day = self._days("day")
            end = self._days("end") if "end" in self.columns else day
            return day, np.where(np.isnat(end), day, end)
        if given.keys() == {"start", "end"}:
            told = days_of(
                pd.Categorical(np.array(list(given.values()), dtype=object)),
                self.span.as_of,
                "auto",
                False,
                self.findings,
            )
            return np.full(self.rows, told.min()), np.full(self.rows, told.max())
        unnamed = [at for at, name in enumerate(self.table.header) if not name.strip()]
        if self.shape.grain == "days" and unnamed:  # seen in exports of X: the column of days without its name
            loaded, _ = self.table.grid.load(unnamed[:1], self.table.first)
            self.columns["day"] = loaded[unnamed[0]]
            self.findings.note("unnamed_day", 1, "the column of days has no name; the first without one was read.")
            return (day := self._days("day")), day
        nothing = np.full(self.rows, np.datetime64("NaT", "D"))
        return nothing, nothing

    def _days(self, column: str) -> NDArray[np.datetime64]:
        span = self.span
        return days_of(self.cells(column), span.as_of, span.day_first, self.shape.month_first, self.findings)

    def _ids(self) -> NDArray[np.uint64]:
        """A hash of every row's id, 0 where it has none; ids that a spreadsheet cut short are none."""
        if "id" not in self.columns:
            return np.zeros(self.rows, np.uint64)
        texts = self.columns["id"].astype(str).str.strip()
        blank = texts == ""
        ruined = (texts.str.len() < 20) & texts.map(is_ruined)
        self.findings.note(
            "ruined_ids", int(ruined.sum()), "ids were cut short by a spreadsheet; repeats can not be seen."
        )
        return np.where(blank | ruined, np.uint64(0), pd.util.hash_array(texts.to_numpy(dtype=object)))

    def _totals(self) -> NDArray[np.bool_]:
        """Rows that sum up others."""
        total = np.zeros(self.rows, np.bool_)
        for column in ("source", "day"):
            if column in self.columns:
                total |= self._by_cell(column, is_total).astype(np.bool_)
        if "id" in self.columns:
            texts = self.columns["id"].astype(str)
            total |= (texts.str.len() < 20).to_numpy() & texts.map(is_total).to_numpy(dtype=np.bool_)
            if self.shape.code == "meta_ads":
                total |= (texts.str.strip() == "").to_numpy()
        return total
