"""Opening a CSV or a spreadsheet as a grid of text, of which only the wanted columns are taken."""

from __future__ import annotations

import io
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers.encodings import to_utf8
from kesher.readers.findings import Findings
from kesher.readers.opening import DataRoot
from kesher.readers.structure import SAVE_AGAIN, UNCLOSED, Structure, head_rows, scan, sniff
from kesher.readers.tidy import SourceReport
from kesher.readers.workbooks import only_sheet, page_as_csv, sheet_as_csv


@dataclass(frozen=True)
class Grid:
    """An opened table, cells as text, before anything is known of its header.

    A spreadsheet is a CSV too once its cells are out. ``head`` holds the first records; ``first_row`` is the
    row of the first record in the file.
    """

    findings: Findings
    sha256: str
    encoding: str
    data: bytes
    separator: str
    structure: Structure
    head: list[list[str]]
    first_row: int
    known: list[tuple[str, ...]] | None = None

    def load(
        self, columns: Collection[int], first: int, many: Collection[int] = ()
    ) -> tuple[pd.DataFrame, NDArray[np.int64]]:
        """Some columns from record ``first`` on (0 is the first record), and each row's number in the file.

        The frame has the given positions as column names; columns are categories of text ("" is blank), those
        in ``many``, of many distinct cells, plain text. Blank rows are left out. Raises DataRefused for
        ragged rows and for a table without rows.
        """
        width = int(self.structure.fields[max(first - 1, 0)])
        kept = self._filled(first, width)
        if not len(kept):
            remedy = "Export it again with its answers, or check that the right sheet is named."
            raise self.findings.refused("no_rows", "The table has a header but no rows below it.", remedy)
        start, end = self.structure.start[kept[0]], self.structure.end[kept[-1]]
        whole = len(kept) == kept[-1] - kept[0] + 1
        body = [memoryview(self.data)[start : end + 1]] if whole else map(self._record, kept)
        # a first row of letters keeps read_csv from making numbers of categories: 007 must not become 7
        letters = self.separator.join(["a"] * width) + "\n"
        try:
            frame = pd.read_csv(
                io.BytesIO(b"".join([letters.encode(), *body])),
                sep=self.separator,
                header=None,
                names=list(range(width)),
                usecols=sorted(columns),
                dtype={at: object if at in many else "category" for at in columns},
                keep_default_na=False,
                na_filter=False,
                skip_blank_lines=False,
                encoding="utf-8",
                index_col=False,
            )
        except pd.errors.ParserError:
            raise self.findings.refused(*UNCLOSED) from None
        if len(frame) != len(kept) + 1:
            raise self.findings.refused(*UNCLOSED)
        return frame.iloc[1:].reset_index(drop=True), kept + self.first_row

    def report(self, format: str, how: str, rows: int, columns: int) -> SourceReport:
        """What was read, with all that was noted so far."""
        notes = tuple(self.findings.notes)
        return SourceReport(self.findings.file, self.sha256, format, how, self.encoding, rows, columns, notes)

    def _record(self, at: int | np.integer[Any]) -> bytes:
        return self.data[self.structure.start[at] : self.structure.end[at] + 1]

    def _filled(self, first: int, width: int) -> NDArray[np.int64]:
        """The records from ``first`` on that hold any cell; notes blank ones, refuses ragged ones."""
        fields = self.structure.fields
        odd = (fields != width) | (self.structure.end - self.structure.start < width)
        filled = np.ones(len(fields), np.bool_)
        filled[:first] = False
        ragged, blank, longer = [], 0, 0
        edge = self.separator.encode()
        for at in np.flatnonzero(odd & filled):
            line = self._record(at).rstrip(b"\n")
            extra = int(fields[at]) - width
            if not line.strip(edge) or (fields[at] == 1 and not line.strip()):
                filled[at] = False
                blank += 1
            elif extra > 0 and line.endswith(edge * extra):
                longer += 1
            elif extra:
                ragged.append(int(at))
        if ragged:
            what = f"{len(ragged):,} rows have more or fewer cells than the header's {width:,}."
            raise self.findings.refused("ragged_rows", what, SAVE_AGAIN, ragged[0] + self.first_row)
        self.findings.note("trailing_cells", longer, "rows end in empty cells without a header.")
        self.findings.note("blank_rows", blank, "rows without any cell were left out.")
        return np.flatnonzero(filled)


def open_grid(root: DataRoot, spec: str, *, encoding: str = "auto") -> Grid:
    """Open ``file.csv``, ``file.xlsx#sheet`` or a page with a table below the root; raises DataRefused.

    Without #sheet a workbook's only sheet with data is read; where several hold data, the fault tells them.
    """
    name, _, sheet = spec.partition("#")
    raw = root.read(name, xml=True)
    findings = Findings(name)
    if raw.kind in ("xlsx", "xls", "xml"):
        data, found, separator, skipped = sheet_as_csv(raw, sheet or None, findings), "binary", ",", 0
        if any(note.code == "other_sheets" for note in findings.notes):
            data = sheet_as_csv(raw, only_sheet(raw, findings), Findings(name))
    elif sheet:
        what = "The file has no sheets."
        raise findings.refused("missing_sheet", what, "Leave out # and what follows.")
    elif raw.kind == "html":
        data, found = to_utf8(raw.data, encoding, findings, page=True)
        data, separator, skipped = page_as_csv(data, findings), ",", 0
    else:
        data, found = to_utf8(raw.data, encoding, findings)
        separator, skipped = sniff(data)
    if b"\0" in data:
        what = f"The file holds {data.count(0):,} NUL bytes: it is damaged or not text."
        row = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise findings.refused("nul_bytes", what, "Export it again.", row)
    data = data[skipped:] if skipped else data
    if not data.strip():
        raise findings.refused("empty", "The table is empty.", "Export it again.")
    structure = scan(data, separator, findings)
    head = head_rows(data, separator)
    return Grid(findings, raw.sha256, found, data, separator, structure, head, 2 if skipped else 1)
