"""Opening a CSV or a spreadsheet as a grid of text, of which only the wanted columns are taken."""

from __future__ import annotations

import io
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers.encodings import to_utf8
from kesher.readers.findings import Findings
from kesher.readers.opening import DataRoot
from kesher.readers.structure import Structure, head_rows, scan, sniff
from kesher.readers.tidy import SourceReport
from kesher.readers.workbooks import sheet_as_csv

_SAVE_AGAIN = "Save the table again from a spreadsheet, as .xlsx or CSV UTF-8, so that cells are quoted."


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
        start, end = self.structure.start[kept], self.structure.end[kept]
        if not len(kept):
            remedy = "Export it again with its answers, or check that the right sheet is named."
            raise self.findings.refused("no_rows", "The table has a header but no rows below it.", remedy)
        whole = len(kept) == kept[-1] - kept[0] + 1
        body = [memoryview(self.data)[start[0] :]] if whole else map(self._record, kept)
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
            frame = pd.DataFrame()
        if len(frame) != len(kept) + 1:
            what = "A quotation mark in the file is not closed, so its rows can not be told apart."
            raise self.findings.refused("quotes", what, _SAVE_AGAIN)
        return frame.iloc[1:].reset_index(drop=True), kept + self.first_row

    def report(self, format: str, how: str, rows: int, columns: int) -> SourceReport:
        """What was read, with all that was noted so far."""
        notes = tuple(self.findings.notes)
        return SourceReport(
            self.findings.file, self.sha256, format, how, self.encoding, rows, columns, notes
        )
