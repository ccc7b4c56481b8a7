"""Finding the networks' tables in a file: in every sheet, below prose and comments, one under the other."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kesher.faults import DataRefused
from kesher.readers import workbooks
from kesher.readers.findings import Findings
from kesher.readers.grid import Grid, open_grid
from kesher.readers.opening import DataRoot, Raw
from kesher.readers.platforms.shapes import Shape, recognise
from kesher.readers.spreadsheetml import sheets_of
from kesher.readers.structure import Structure, head_rows, scan

MAX_SHEETS = 40
MAX_ABOVE = 12  # lines above a header that may say what it is of
MAX_PIECES = 1_000  # pieces between blank lines that are looked at for a header
_STACKED = {"meta_page", "ga4_sources", "ga4_channels", "demographics"}  # exports that put tables under each other


@dataclass(frozen=True)
class Table:
    """One recognised table: ``grid`` begins with its header; ``above`` are the lines before it, nearest last."""

    shape: Shape
    places: dict[str, int]
    grid: Grid
    above: tuple[str, ...]

    @property
    def header(self) -> list[str]:
        """The cells of the header."""
        return _cells(self.grid, 0)

    @property
    def first(self) -> int:
        """The record where rows begin: old exports of Facebook explain each column in a second header."""
        below = _cells(self.grid, 1) if len(self.grid.structure.fields) > 1 else []
        return 1 + any(cell.startswith("Lifetime: ") for cell in below)


@dataclass(frozen=True)
class File:
    """An opened file: its sheets, each a grid with the same ``findings``, and the tables recognised in them."""

    findings: Findings
    grids: list[Grid]
    tables: list[Table]


def open_file(root: DataRoot, name: str, encoding: str) -> File:
    """Open a text, a page with a table or every visible sheet of a workbook; raises DataRefused."""
    raw = root.read(name, xml=True)
    if raw.kind in ("text", "html"):
        grids = [open_grid(root, name, encoding=encoding)]
        findings = grids[0].findings
    else:
        findings = Findings(name)
        sheets = sheets_of(raw.data, findings) if raw.kind == "xml" else _sheets(raw, findings)
        grids = [_grid(raw, sheet, findings) for sheet in sheets if sheet.strip()]
    return File(findings, grids, [table for grid in grids for table in _tables(grid)])


def _sheets(raw: Raw, findings: Findings) -> list[bytes]:
    """Every visible sheet of a workbook as CSV."""
    seen = Findings(raw.name)  # what is said there of sheets not read does not hold here
    sheets = [workbooks.sheet_as_csv(raw, None, seen)]
    findings.notes += [note for note in seen.notes if note.code != "other_sheets"]
    if any(note.code == "other_sheets" for note in seen.notes):
        names = list(workbooks.sheet_names(raw, seen))[1:]
        findings.note("sheets_left_out", max(len(names) - MAX_SHEETS, 0), f"sheets beyond {MAX_SHEETS} were not read.")
        sheets += [workbooks.sheet_as_csv(raw, name, Findings(raw.name)) for name in names[:MAX_SHEETS]]
    return sheets


def _grid(raw: Raw, data: bytes, findings: Findings) -> Grid:
    structure = scan(data, ",", findings)
    return Grid(findings, raw.sha256, "binary", data, ",", structure, head_rows(data, ","), 1)


def _tables(grid: Grid) -> Iterator[Table]:
    """The recognised tables of a grid, each without what stands above and below it."""
    pieces = _pieces(grid)
    heads: list[tuple[int, int, Shape, dict[str, int]]] = []  # piece, record, shape, places
    for number, (first, last) in enumerate(pieces[:MAX_PIECES]):
        rows = grid.head if first == 0 else [_cells(grid, at) for at in range(first, min(first + 6, last))]
        for at, row in enumerate(rows[: last - first], first):
            if found := recognise(row):
                heads.append((number, at, *found))
                break
    before = 0  # where the table before ends
    for at, (number, first, shape, places) in enumerate(heads):
        last = pieces[number][1]
        if shape.code not in _STACKED:  # a blank line inside belongs to it
            last = heads[at + 1][1] if at + 1 < len(heads) else len(grid.structure.fields)
        above = tuple(_text(grid, line).strip() for line in range(max(first - MAX_ABOVE, before), first))
        before = last
        yield Table(shape, places, _part(grid, first, last), above)


def _pieces(grid: Grid) -> list[tuple[int, int]]:
    """The runs of records without a blank or a comment between them: the first of each and the one behind it."""
    structure = grid.structure
    filled = structure.end - structure.start >= structure.fields
    bytes_at = np.frombuffer(grid.data + b"\n", np.uint8)
    filled &= bytes_at[structure.start] != ord("#")
    edges: NDArray[np.intp] = np.flatnonzero(np.diff(filled.astype(np.int8), prepend=0, append=0))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _part(grid: Grid, first: int, last: int) -> Grid:
    """The records from ``first`` to before ``last`` as a grid of their own."""
    fields, start, end = (
        part[first:last] for part in (grid.structure.fields, grid.structure.start, grid.structure.end)
    )
    begin = int(start[0])
    data = grid.data[begin : int(end[-1]) + 1]
    structure = Structure(fields, start - begin, end - begin)
    return replace(grid, data=data, structure=structure, head=[], first_row=grid.first_row + first)


def _text(grid: Grid, at: int) -> str:
    return grid.data[grid.structure.start[at] : grid.structure.end[at]].decode("utf-8", "replace")


def _cells(grid: Grid, at: int) -> list[str]:
    try:
        return next(csv.reader(io.StringIO(_text(grid, at), newline=""), delimiter=grid.separator), [])
    except csv.Error:
        return []


def is_nothing(refused: DataRefused) -> bool:
    """Whether a file was refused because it is empty or no table at all: then it is no damaged export either."""
    return all(fault.kind in _NOTHING for fault in refused.faults)


_NOTHING = {"empty", "wrong_kind", "html_disguised", "nul_bytes", "xml_disguised"}
