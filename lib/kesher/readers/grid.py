"""Opening a CSV or a spreadsheet as a grid of text, of which only the wanted columns are taken."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import DataRefused
from kesher.readers.encodings import to_utf8
from kesher.readers.opening import DataRoot, Raw, refuse
from kesher.readers.structure import HEAD_ROWS, Structure, head_rows, scan, sniff
from kesher.readers.tidy import Note, SourceReport
from kesher.readers.workbooks import read_sheet

_NO_ROWS = "Export it again with its answers, or check that the right sheet is named."


@dataclass
class Grid:
    """An opened table, cells as text, before anything is known of its header.

    ``head`` holds the first records; ``records`` counts all; ``notes`` grows while the table is read.
    """

    name: str
    sha256: str
    kind: str
    encoding: str
    separator: str
    head: list[list[str]]
    records: int
    notes: list[Note] = field(default_factory=list)
    data: bytes = b""
    structure: Structure | None = None
    rows: list[list[str]] = field(default_factory=list)
    first_row: int = 1

    def load(
        self, columns: Sequence[int], first: int, many: Collection[int] = ()
    ) -> tuple[pd.DataFrame, NDArray[np.int64]]:
        """Some columns from record ``first`` on (0 is the first record), and each row's number in the file.

        The frame has the given positions as column names; columns are categories of text ("" is blank), those
        in ``many``, of many distinct cells, plain text. Blank rows are left out. Raises DataRefused for
        ragged rows and for a table without rows.
        """
        frame, numbers = (
            self._load_text(columns, first, many)
            if self.structure is not None
            else self._load_sheet(columns, first)
        )
        if not len(frame):
            raise refuse(self.name, "no_rows", "The table has a header but no rows below it.", _NO_ROWS)
        return frame, numbers

    def _load_text(
        self, columns: Sequence[int], first: int, many: Collection[int]
    ) -> tuple[pd.DataFrame, NDArray[np.int64]]:
        assert self.structure is not None
        header = max(first - 1, 0)
        width = int(self.structure.fields[header])
        fields = self.structure.fields[header:]
        blank = self._blank(header, width)
        ragged = np.flatnonzero((fields != width) & ~blank)
        if len(ragged) and not self._only_trailing_separators(header, ragged, width):
            raise refuse(
                self.name,
                "ragged_rows",
                f"{len(ragged):,} rows have more or fewer cells than the header's {width:,}.",
                "Save the table again from a spreadsheet, as .xlsx or CSV UTF-8, so that cells are quoted.",
                row=int(ragged[0]) + header + self.first_row,
            )
        begin = int(self.structure.start[first]) if first < self.records else len(self.data)
        kept = np.flatnonzero(~blank) + header
        kept = kept[kept >= first]
        if empty := int(blank[first - header :].sum()):
            self.notes.append(Note("blank_rows", empty, None, "rows without any cell were left out."))
        if not len(kept):
            return pd.DataFrame(columns=list(columns)), kept
        body = self._without(kept) if empty else memoryview(self.data)[begin:]
        # a first row of letters keeps read_csv from making numbers of categories: 007 must not become 7
        letters = self.separator.join(["a"] * width) + "\n"
        order = sorted(set(columns))
        try:
            frame = pd.read_csv(
                io.BytesIO(b"".join([letters.encode(), body])),
                sep=self.separator,
                header=None,
                names=list(range(width)),
                usecols=order,
                dtype={at: object if at in many else "category" for at in order},
                keep_default_na=False,
                na_filter=False,
                skip_blank_lines=False,
                encoding="utf-8",
                index_col=False,
            )
        except pd.errors.ParserError:
            raise _unclosed(self.name) from None
        if len(frame) != len(kept) + 1:
            raise _unclosed(self.name)
        frame = frame.iloc[1:].reset_index(drop=True)
        return frame[list(columns)], kept + self.first_row

    def _without(self, kept: NDArray[np.int64]) -> bytes:
        """The bytes of the kept records only."""
        assert self.structure is not None
        start, length = self.structure.start, self.structure.length
        return b"".join(self.data[start[i] : start[i] + length[i] + 1] for i in kept)

    def _blank(self, first: int, width: int) -> NDArray[np.bool_]:
        assert self.structure is not None
        fields, length = self.structure.fields[first:], self.structure.length[first:]
        blank: NDArray[np.bool_] = (length == 0) | ((fields == width) & (length == width - 1) & (width > 1))
        for at in np.flatnonzero((fields == 1) & ~blank)[:1000] if width > 1 else ():
            begin = int(self.structure.start[first + at])
            blank[at] = not self.data[begin : begin + int(length[at])].strip()
        return blank

    def _only_trailing_separators(self, first: int, ragged: NDArray[np.int64], width: int) -> bool:
        """Whether rows are longer than the header only by empty cells at their end (counted in a note)."""
        assert self.structure is not None
        for at in ragged:
            begin = int(self.structure.start[first + at])
            line = self.data[begin : begin + int(self.structure.length[first + at])]
            extra = int(self.structure.fields[first + at]) - width
            if extra < 1 or not line.endswith(self.separator.encode() * extra):
                return False
        self.notes.append(
            Note("trailing_cells", len(ragged), None, "rows end in empty cells without a header.")
        )
        return True

    def _load_sheet(self, columns: Sequence[int], first: int) -> tuple[pd.DataFrame, NDArray[np.int64]]:
        kept = [at for at in range(first, self.records) if any(cell.strip() for cell in self.rows[at])]
        if len(kept) < self.records - first:
            count = self.records - first - len(kept)
            self.notes.append(Note("blank_rows", count, None, "rows without any cell were left out."))
        frame = pd.DataFrame(
            {
                at: pd.Categorical(
                    [row[at] if at < len(row) else "" for row in map(self.rows.__getitem__, kept)]
                )
                for at in columns
            },
            index=range(len(kept)),
        )
        return frame, np.array(kept, np.int64) + 1


def _unclosed(name: str) -> DataRefused:
    return refuse(
        name,
        "quotes",
        "A quotation mark in the file is not closed, so its rows can not be told apart.",
        "Save the table again from a spreadsheet, as .xlsx or CSV UTF-8.",
    )


def open_grid(root: DataRoot, spec: str, *, encoding: str = "auto") -> Grid:
    """Open ``file.csv`` or ``file.xlsx#sheet`` below the root; raises DataRefused."""
    name, _, sheet = spec.partition("#")
    raw = root.read(name)
    if raw.kind == "text":
        if sheet:
            raise refuse(name, "missing_sheet", "A text file has no sheets.", "Leave out # and what follows.")
        return _open_text(raw, encoding)
    cells = read_sheet(raw, sheet or None)
    return Grid(
        raw.name, raw.sha256, raw.kind, "binary", "", cells.rows[:HEAD_ROWS], len(cells.rows),
        list(cells.notes), rows=cells.rows,
    )  # fmt: skip


def _open_text(raw: Raw, encoding: str) -> Grid:
    data, found, notes = to_utf8(raw, encoding)
    separator, skipped = sniff(data)
    data = data[skipped:] if skipped else data
    if not data.strip():
        raise refuse(raw.name, "empty", "The file is empty.", "Export it again.")
    structure = scan(raw.name, data, separator)
    grown = list(notes)
    if structure.stray_quotes:
        said = "quotation marks stand inside cells that are not quoted; they were kept as letters."
        grown.append(Note("stray_quotes", structure.stray_quotes, None, said))
    return Grid(
        raw.name, raw.sha256, "csv", found, separator, head_rows(data, separator), len(structure.fields),
        grown, data, structure, first_row=2 if skipped else 1,
    )  # fmt: skip


def report(grid: Grid, format: str, how: str, rows: int, columns: int) -> SourceReport:
    """The SourceReport of an opened table."""
    return SourceReport(grid.name, grid.sha256, format, how, grid.encoding, rows, columns, tuple(grid.notes))
