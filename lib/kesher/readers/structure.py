"""Finding the records of a CSV without parsing it: separator, widths, blank rows, oversized cells."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kesher.faults import DataRefused
from kesher.readers.findings import Findings

MAX_CELL_BYTES = 1_000_000
MAX_COLUMNS = 16_384  # as many as Excel has
SEPARATORS = (",", ";", "\t", "|")
SAVE_AGAIN = "Save the table again from a spreadsheet, as .xlsx or CSV UTF-8, so that cells are quoted."
UNCLOSED = ("quotes", "A quotation mark in the file is not closed, so its rows can not be told apart.", SAVE_AGAIN)
HEAD_BYTES = 1 << 18
HEAD_ROWS = 25
_STEP = 1 << 23
_QUOTE, _LINE_END = 34, 10

csv.field_size_limit(MAX_CELL_BYTES)


@dataclass(frozen=True)
class Structure:
    """Where the records of a CSV are: how many fields each has, its first byte and the byte behind it."""

    fields: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def head_rows(data: bytes, separator: str) -> list[list[str]]:
    """The first records, at most 25, as the csv module reads them."""
    text = data[:HEAD_BYTES].decode("utf-8", "ignore")
    if len(data) > HEAD_BYTES and "\n" in text:
        text = text[: text.rindex("\n")]
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) == HEAD_ROWS:
                break
    except csv.Error:  # a cell beyond the limit: the full scan says where
        pass
    return rows


def sniff(data: bytes) -> tuple[str, int]:
    """The separator whose rows agree on a width above 1, and how many bytes a ``sep=;`` line takes."""
    first = data[:8].split(b"\n")[0].decode("latin-1").lower()
    if first[:4] == "sep=" and first[4:] in SEPARATORS:
        return first[4:], len(first) + 1
    best = (0.0, 0, ",")
    for separator in SEPARATORS:
        widths = Counter(len(row) for row in head_rows(data, separator) if any(row))
        if widths:
            width, agreeing = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
            found = (round(agreeing / widths.total(), 1), width, separator)
            best = max(best, found, key=lambda one: one[:2]) if width > 1 else best
    return best[2], 0


def scan(data: bytes, separator: str, findings: Findings) -> Structure:
    """The records of a CSV, found in one pass over its bytes (about 0.5 s for 100 MB).

    A separator or line end counts where an even number of quotes stands before it; where a quote stands
    inside an unquoted cell (Hebrew gershayim typed as a quote) the csv module is asked instead, slower but
    with the same rules as the parser. Raises DataRefused for a cell above 1 MB and above 16,384 columns.
    """
    data = data if data.endswith(b"\n") else data + b"\n"
    array, mark = np.frombuffer(data, np.uint8), ord(separator)
    fields, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    cells = records = stray = inside = 0
    quoted = b'"' in data
    last = -1  # where the cell before ended
    for at in range(0, len(array), _STEP):
        piece = array[at : at + _STEP]
        hits: NDArray[np.bool_] = (piece == mark) | (piece == _LINE_END)
        if quoted:
            within, loose = _quotes(array, at, mark, inside)
            inside, stray = int(within[-1]), stray + loose
            hits &= within == 0
        edges = np.flatnonzero(hits)
        lines = np.flatnonzero(piece[edges] == _LINE_END)
        spans = np.diff(edges, prepend=last - at, append=len(piece) - 1)
        if spans.max() > MAX_CELL_BYTES:
            raise _oversized(findings, records + int(np.searchsorted(lines, spans.argmax())))
        fields.append(cells + lines)
        ends.append(edges[lines] + at)
        cells, records = cells + len(edges), records + len(lines)
        last = int(edges[-1]) + at if len(edges) else last
    end = np.concatenate(ends)
    widths = np.diff(np.concatenate(fields), prepend=-1).astype(np.int64, copy=False)
    if stray:
        said = "quotation marks stand inside cells that are not quoted; they were kept as letters."
        findings.note("stray_quotes", stray, said)
        widths, end = _scan_slowly(data, separator, findings)
    if not len(end) or end[-1] != len(data) - 1:
        raise findings.refused(*UNCLOSED)
    if widths.max() > MAX_COLUMNS:
        what = f"A row has more than {MAX_COLUMNS:,} columns."
        row = int(widths.argmax()) + 1
        raise findings.refused("too_many_columns", what, "Check what separates the columns.", row)
    return Structure(widths, np.concatenate(([0], end[:-1] + 1)).astype(np.int64), end)


def _oversized(findings: Findings, record: int) -> DataRefused:
    what = f"A cell holds more than {MAX_CELL_BYTES:,} bytes."
    remedy = "Take that column out, or mend a quotation mark that is never closed."
    return findings.refused("oversized_cell", what, remedy, record + 1)


def _quotes(array: NDArray[np.uint8], at: int, mark: int, inside: int) -> tuple[NDArray[np.uint8], int]:
    """Which bytes of a step stand within quotes, and how many quotes neither open, close nor double."""
    piece = array[at : at + _STEP]
    marks = np.flatnonzero(piece == _QUOTE)
    within = np.zeros(len(piece), np.uint8)
    within[marks] = 1
    within = np.bitwise_xor.accumulate(within) ^ np.uint8(inside)
    opening = within[marks] == 1
    edges = np.zeros(256, np.bool_)
    edges[[mark, _LINE_END, _QUOTE]] = True
    first = marks[opening] + at
    before = array[np.maximum(first - 1, 0)]
    after = array[np.minimum(marks[~opening] + at + 1, len(array) - 1)]
    return within, int(np.sum(~edges[before] & (first > 0)) + np.sum(~edges[after]))


def _scan_slowly(data: bytes, separator: str, findings: Findings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    lines = data.split(b"\n")[:-1]
    line_ends = np.cumsum([len(line) + 1 for line in lines]) - 1
    reader = csv.reader((line.decode("utf-8") + "\n" for line in lines), delimiter=separator)
    fields, last_lines = [], []
    try:
        for row in reader:
            fields.append(max(len(row), 1))
            last_lines.append(reader.line_num - 1)
    except csv.Error:
        raise _oversized(findings, len(fields)) from None
    return np.array(fields, np.int64), line_ends[last_lines]
