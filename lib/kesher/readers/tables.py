"""Reading a table with a header out of a CSV or a spreadsheet, every cell as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import DataRefused, Fault
from kesher.readers.grid import Grid, open_grid, report
from kesher.readers.opening import DataRoot, fault, nearest, refuse
from kesher.readers.text import header_key, key
from kesher.readers.tidy import Note, SourceReport


def unique_names(header: Sequence[str]) -> tuple[list[str], int]:
    """A header with repeated names told apart, and how many were repeated; blank names become letters.

    >>> unique_names(["Q1", "Q1", ""])
    (['Q1', 'Q1 (2)', 'column C'], 1)
    """
    seen: dict[str, int] = {}
    names, repeated = [], 0
    for at, cell in enumerate(header):
        name = " ".join(cell.split()) or f"column {column_letters(at)}"
        count = seen[header_key(name)] = seen.get(header_key(name), 0) + 1
        repeated += count > 1
        names.append(name if count == 1 else f"{name} ({count})")
    return names, repeated


def column_letters(at: int) -> str:
    """A column's letters in a spreadsheet.

    >>> column_letters(0), column_letters(27)
    ('A', 'AB')
    """
    letters = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


@dataclass(frozen=True)
class RawTable:
    """A table with a header: ``frame`` of text cells ("" is blank), ``rows`` their numbers in the file."""

    frame: pd.DataFrame
    rows: NDArray[np.int64]
    source: SourceReport

    @property
    def name(self) -> str:
        """The file's name."""
        return self.source.file

    def column(self, name: str) -> list[str]:
        """The stripped cells of a column, or blanks where the table has no such column."""
        if name not in self.frame.columns:
            return [""] * len(self.frame)
        return [cell.strip() for cell in self.frame[name]]

    def fault(self, at: int, kind: str, what: str, remedy: str, column: str | None = None) -> Fault:
        """A fault at one row of the table."""
        return fault(self.name, kind, what, remedy, row=int(self.rows[at]), column=column)


def read_table(
    root: DataRoot,
    spec: str,
    *,
    encoding: str = "auto",
    expect: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> RawTable:
    """Read a table with a header, all cells as text.

    ``expect`` names columns that must be there; they find the header below title rows, whatever its case, and
    give the columns their names, as ``optional`` ones do. Other headers are kept, repeated ones told apart
    (noted). Raises DataRefused, with the nearest names for a missing column.
    """
    grid = open_grid(root, spec, encoding=encoding)
    wanted = {header_key(name): name for name in (*expect, *optional)}
    header = _header_row(grid, [header_key(name) for name in expect or optional])
    names, repeated = unique_names(grid.head[header])
    names = [wanted.get(header_key(name), name) for name in names]
    missing = [name for name in expect if name not in names]
    if missing:
        raise DataRefused(
            *(
                fault(
                    grid.name,
                    "missing_column",
                    f"The table has no column {name!r}.",
                    f"Add it.{nearest(name, names)}",
                    row=header + grid.first_row,
                    column=name,
                )
                for name in missing
            )
        )
    if repeated:
        grid.notes.append(
            Note("duplicate_header", repeated, None, "column names are repeated; numbered (2), (3).")
        )
    frame, rows = grid.load(range(len(names)), header + 1)
    frame = pd.DataFrame({name: frame[at].astype(str) for at, name in enumerate(names)})
    source = report(grid, "table", f"a header in row {header + grid.first_row}", len(frame), len(names))
    return RawTable(frame, rows, source)


def noted(source: SourceReport, *notes: Note) -> SourceReport:
    """The report with further notes."""
    return replace(source, notes=source.notes + notes)


def _header_row(grid: Grid, expected: list[str]) -> int:
    """The record that holds the most expected names; without any, the first that is not blank."""
    best, most = None, 0
    for at, row in enumerate(grid.head):
        hits = len({header_key(cell) for cell in row} & set(expected))
        if hits > most:
            best, most = at, hits
    if best is not None:
        return best
    for at, row in enumerate(grid.head):
        if any(key(cell) for cell in row):
            return at
    raise refuse(grid.name, "empty", "The table is empty.", "Export it again.")
