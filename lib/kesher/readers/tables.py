"""Reading a table with a header out of a CSV or a spreadsheet, every cell as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers.findings import Findings, nearest
from kesher.readers.grid import Grid, open_grid
from kesher.readers.opening import DataRoot
from kesher.readers.text import header_key, key
from kesher.readers.tidy import SourceReport


@dataclass(frozen=True)
class RawTable:
    """A table with a header: ``frame`` of text cells ("" is blank), ``rows`` their numbers in the file."""

    frame: pd.DataFrame
    rows: NDArray[np.int64]
    source: SourceReport
    findings: Findings

    def column(self, name: str) -> list[str]:
        """The stripped cells of a column, or blanks where the table has no such column."""
        if name not in self.frame.columns:
            return [""] * len(self.frame)
        return [cell.strip() for cell in self.frame[name]]

    def lines(self, *names: str) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The rows, each with its place and the stripped cells of these columns."""
        return enumerate(zip(*map(self.column, names), strict=True))

    def wrong(self, at: int, kind: str, what: str, remedy: str, column: str | None = None) -> None:
        """A fault at one row of the table, told at the next ``findings.stop``."""
        self.findings.wrong(kind, what, remedy, column, int(self.rows[at]))


def read_table(
    root: DataRoot, spec: str, *, encoding: str = "auto", expect: Sequence[str] = (), optional: Sequence[str] = ()
) -> RawTable:
    """Read a table with a header, all cells as text.

    ``expect`` names columns that must be there; they find the header below title rows, whatever its case, and
    give the columns their names, as ``optional`` ones do. Other headers are kept, repeated ones told apart
    (noted). Raises DataRefused, with the nearest names for a missing column.
    """
    grid = open_grid(root, spec, encoding=encoding)
    header = _header_row(grid, expect or optional)
    row = header + grid.first_row
    names = _names(grid, header, [*expect, *optional])
    for name in expect:
        if name not in names:
            what, remedy = f"The table has no column {name!r}.", f"Add it.{nearest(name, names)}"
            grid.findings.wrong("missing_column", what, remedy, name, row)
    grid.findings.stop()
    loaded, rows = grid.load(range(len(names)), header + 1)
    frame = pd.DataFrame({name: loaded[at].astype(str) for at, name in enumerate(names)})
    source = grid.report("table", f"a header in row {row}", len(frame), len(names))
    return RawTable(frame, rows, source, grid.findings)


def _names(grid: Grid, header: int, wanted: Iterable[str]) -> list[str]:
    """The names of the columns as they are asked for, repeated ones numbered, blank ones by their letter."""
    spelling = {header_key(name): name for name in wanted}
    seen: Counter[str] = Counter()
    names = []
    for at, cell in enumerate(grid.head[header]):
        name = " ".join(cell.split()) or f"column {column_letter(at)}"
        said = header_key(name)
        seen[said] += 1
        names.append(spelling.get(said, name) if seen[said] == 1 else f"{name} ({seen[said]})")
    said = "column names are repeated; numbered (2), (3)."
    grid.findings.note("duplicate_header", seen.total() - len(seen), said)
    return names


def _header_row(grid: Grid, expected: Sequence[str]) -> int:
    """The record that holds the most expected names; without any, the first that is not blank."""
    keys = {header_key(name) for name in expected}
    hits = [len(keys.intersection(map(header_key, row))) for row in grid.head]
    filled = [any(map(key, row)) for row in grid.head]
    if not any(filled):
        raise grid.findings.refused("empty", "The table is empty.", "Export it again.")
    return hits.index(max(hits)) if any(hits) else filled.index(True)


def column_letter(at: int) -> str:
    """A column's letters in a spreadsheet, the first being 0."""
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(at + 1))
