"""Excel's old XML workbooks, which Facebook and others name .xls: their sheets as CSV, read with expat."""

from __future__ import annotations

import csv
import io
from typing import Any
from xml.parsers import expat

from kesher.readers.findings import Findings
from kesher.readers.markup import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, MAX_STRING
from kesher.readers.opening import ANOTHER_FORMAT

_SPACE = "urn:schemas-microsoft-com:office:spreadsheet"
_BOMB = ("spreadsheet_bomb", "A sheet of the workbook spans more than a sheet may.")


def sheets_of(data: bytes, findings: Findings) -> list[bytes]:
    """The cells of each sheet as CSV in UTF-8, in the file's order.

    Raises DataRefused for XML that is none of these workbooks, is damaged, declares a document type (and with it
    entities) or spans more than a workbook may.
    """
    book = _Book()
    try:
        book.parser.Parse(data, True)
        return [_csv(rows) for rows in book.sheets]
    except expat.ExpatError:
        what = "The XML of the file is damaged or cut off."
        raise findings.refused("damaged", what, "Export it again.") from None
    except _Refused as why:
        raise findings.refused(why.args[0], why.args[1], ANOTHER_FORMAT) from None


class _Refused(Exception):
    """A kind of fault, and its sentence."""


class _Book:
    """The sheets of a workbook while it is read; a row or a cell may say its own place."""

    def __init__(self) -> None:
        self.sheets: list[list[list[str]]] = []
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._doctype
        self._known = self._inside = self._remark = False
        self._cells = self._letters = 0
        self._skip = 0  # columns that a merged cell covers to its right

    def _start(self, name: str, given: dict[str, str]) -> None:
        space, _, local = name.rpartition(" ")
        if not self._known:
            if (space, local) != (_SPACE, "Workbook"):
                raise _Refused("xml_disguised", "The file is XML, but not a workbook.")
            self._known = True
        if space != _SPACE:
            return
        if local == "Worksheet":
            self.sheets.append([])
        elif local == "Row" and self.sheets:
            self._skip = 0
            self._place(self.sheets[-1], [], _number(given, "Index"), MAX_ROWS)
        elif local == "Cell" and self.sheets and self.sheets[-1]:
            row = self.sheets[-1][-1]
            row += [""] * self._skip
            self._place(row, "", _number(given, "Index"), MAX_COLUMNS)
            self._skip = min(_number(given, "MergeAcross"), MAX_COLUMNS)
        elif local == "Comment":
            self._remark = True  # has its own Data
        elif local == "Data" and not self._remark and self.sheets and self.sheets[-1] and self.sheets[-1][-1]:
            self._inside, self._letters = True, 0

    def _place(self, line: list[Any], one: Any, index: int, most: int) -> None:
        """Put a row or a cell at its place, with blank ones before it."""
        at = max(index - 1, len(line))
        self._cells += at - len(line) + 1
        if at >= most or self._cells > MAX_CELLS:
            raise _Refused(*_BOMB)
        line += [type(one)() for _ in range(at - len(line))]
        line.append(one)

    def _text(self, text: str) -> None:
        if self._inside:
            self._letters += len(text)
            if self._letters > MAX_STRING:
                raise _Refused("spreadsheet_bomb", f"A cell holds more than {MAX_STRING:,} characters.")
            self.sheets[-1][-1][-1] += text

    def _end(self, name: str) -> None:
        self._inside = self._inside and name != f"{_SPACE} Data"
        self._remark = self._remark and name != f"{_SPACE} Comment"

    def _doctype(self, *_: object) -> None:
        raise _Refused("xml_entities", "The workbook declares a document type.")


def _number(given: dict[str, str], name: str) -> int:
    said = given.get(f"{_SPACE} {name}", "")
    return int(said) if said.isascii() and said.isdigit() and len(said) < 10 else 0


def _csv(rows: list[list[str]]) -> bytes:
    width = max(map(len, rows), default=0)
    if width * len(rows) > MAX_CELLS:
        raise _Refused(*_BOMB)
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(row + [""] * (width - len(row)) if any(row) else [] for row in rows)
    return out.getvalue().encode("utf-8", "replace")
