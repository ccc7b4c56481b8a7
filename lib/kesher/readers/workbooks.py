"""Guarding a spreadsheet before any parser sees it, and taking its cells out as text (python-calamine)."""

from __future__ import annotations

import datetime
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kesher.faults import DataRefused
from kesher.readers.opening import Raw, nearest, refuse
from kesher.readers.tidy import Note

MAX_ENTRIES = 5_000
MAX_ENTRY_BYTES = 256 << 20
MAX_INFLATED_BYTES = 512 << 20
MAX_RATIO = 100  # a sheet's XML packs 5 to 30 times; above 100 it was made to harm
SMALL = 8 << 20  # below this no ratio does harm
MAX_CELLS = 20_000_000  # dense: rows times columns, 32 bytes each inside the parser
CHUNK = 1 << 20
MAX_TAG = 1 << 16  # no program writes a longer one

_DECLARATION = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_ROW = re.compile(rb"<(?:\w+:)?row\b(?:[^<>]*?\sr\s*=\s*[\"'](\d{1,9})[\"'])?")
_CELL = re.compile(rb"<(?:\w+:)?c\s[^<>]*?\br\s*=\s*[\"']([A-Za-z]{1,8})(\d{0,9})[\"']")
_ANY_CELL = re.compile(rb"<(?:\w+:)?c[\s>/]")
_PLAIN_ROW = re.compile(rb'<row r="(\d{1,9})"')
_PLAIN_CELL = re.compile(rb'<c r="([A-Z]{1,8})\d')
_CELL_STARTS = (b"<c ", b"<c\n", b"<c\r", b"<c\t", b"<c>", b"<c/")


@dataclass(frozen=True)
class SheetCells:
    """The cells of one sheet as text, row 1 first, with what was noted about the workbook."""

    rows: list[list[str]]
    notes: tuple[Note, ...]


def _bomb(name: str, what: str) -> DataRefused:
    return refuse(
        name, "spreadsheet_bomb", what, "Save the sheet that is needed alone, as .xlsx or CSV UTF-8."
    )


def guard_zip(raw: Raw) -> int:
    """Refuse a harmful or encrypted zip before parsing; gives the number of formula cells.

    Reads the directory first (entry count, sizes, ratio), then inflates every part in bounded steps, because
    a directory can lie, and looks for entity declarations and for cells so far out that a dense table would
    not fit in memory. Raises DataRefused.
    """
    name = raw.name
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw.data))
        entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, struct.error, OSError):
        raise _damaged(name) from None
    if len(entries) > MAX_ENTRIES:
        raise _bomb(name, f"The workbook holds more than {MAX_ENTRIES:,} parts.")
    if any(entry.flag_bits & 1 for entry in entries):
        raise _protected(name)
    declared = sum(entry.file_size for entry in entries)
    if declared > MAX_INFLATED_BYTES or any(entry.file_size > MAX_ENTRY_BYTES for entry in entries):
        raise _bomb(name, "The workbook inflates to more than a workbook of this program may hold.")
    if declared > SMALL and declared > MAX_RATIO * len(raw.data):
        raise _bomb(name, f"The workbook inflates to more than {MAX_RATIO} times its size.")
    if any(entry.filename == "mimetype" or entry.filename.endswith("workbook.bin") for entry in entries):
        raise refuse(name, "wrong_kind", "The workbook is .xlsb or .ods.", "Save as .xlsx or CSV UTF-8.")
    formulas, total = 0, 0
    for entry in entries:
        extent = _Extent(name)
        for piece in _inflated(raw, entry):
            total += len(piece)
            if total > MAX_INFLATED_BYTES or (total > SMALL and total > MAX_RATIO * len(raw.data)):
                raise _bomb(name, f"The workbook inflates to more than {MAX_RATIO} times its size.")
            text = piece.replace(b"\x00", b"") if b"\x00" in piece else piece  # UTF-16
            if _DECLARATION.search(text):
                what, remedy = (
                    "The workbook declares XML entities.",
                    "Save it again from Excel or LibreOffice.",
                )
                raise refuse(name, "xml_entities", what, remedy)
            extent.look(text)
        formulas += extent.formulas if entry.filename.startswith("xl/worksheets/") else 0
    return formulas


class _Extent:
    """How far out the cells of one part lie, seen piece by piece."""

    def __init__(self, name: str) -> None:
        self.name, self.last_row, self.last_column, self.formulas = name, 1, 1, 0
        self.rows, self.in_row = 0, 0  # as counted: a row or a cell may leave its address out

    def look(self, piece: bytes) -> None:
        if not self._look_plainly(piece):
            self._look_closely(piece)
        self.formulas += sum(map(piece.count, (b"<f>", b"<f ", b"<f/")))
        if self.last_row * self.last_column > MAX_CELLS:
            raise _bomb(self.name, f"A sheet spans more than {MAX_CELLS:,} cells.")

    def _look_plainly(self, piece: bytes) -> bool:
        """The way Excel writes, twice as fast; False when the piece is written otherwise or spans much."""
        cells = piece.count(b'<c r="')
        if b":c" in piece or b":row" in piece or cells != sum(map(piece.count, _CELL_STARTS)):
            return False
        rows, columns = _PLAIN_ROW.findall(piece), _PLAIN_CELL.findall(piece)
        if len(columns) != cells or len(rows) != piece.count(b"<row"):
            return False
        last_row = max([self.last_row, *map(int, rows)])
        last_column = max([self.last_column, *map(_column_number, set(columns))])
        longer = rb'<c r="[A-Z]+\d{%d}' % (
            len(str(last_row)) + 1
        )  # a cell may name a row that is not its own
        if re.search(longer, piece) or 10 * last_row * last_column > MAX_CELLS:
            return False
        self.last_row, self.last_column, self.rows = last_row, last_column, self.rows + len(rows)
        return True

    def _look_closely(self, piece: bytes) -> None:
        columns: set[bytes] = set()
        addressed = 0
        for letters, digits in _CELL.findall(piece):
            addressed += 1
            columns.add(letters)
            if len(digits) >= len(str(self.last_row)):
                self.last_row = max(self.last_row, int(digits))
        numbers = _ROW.findall(piece)
        self.rows += len(numbers)
        self.last_row = max([self.last_row, self.rows, *(int(number) for number in numbers if number)])
        self.last_column = max([self.last_column, *map(_column_number, columns)])
        if len(_ANY_CELL.findall(piece)) != addressed:
            for at, row in enumerate(_ROW.split(piece)[::2]):
                self.in_row = len(_ANY_CELL.findall(row)) + (0 if at else self.in_row)
                self.last_column = max(self.last_column, self.in_row)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _inflated(raw: Raw, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """One part in pieces of about 1 MB, none of which ends inside a tag."""
    tail = b""
    for fresh in _unpacked(raw, entry):
        piece = tail + fresh
        opened = piece.rfind(b"<")
        cut = opened if opened > piece.rfind(b">") else len(piece)
        tail = piece[cut:]
        if len(tail) > MAX_TAG and piece[:200].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \r\n\t").startswith(b"<"):
            raise _bomb(raw.name, "The workbook holds an endless tag.")
        if len(tail) > MAX_TAG:  # a picture, not XML
            cut, tail = len(piece), b""
        yield piece[:cut]
    yield tail


def _unpacked(raw: Raw, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    offset = entry.header_offset
    header = raw.data[offset : offset + 30]
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise _damaged(raw.name)
    start = offset + 30 + sum(struct.unpack("<HH", header[26:30]))
    packed = raw.data[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        yield from (packed[at : at + CHUNK] for at in range(0, len(packed), CHUNK))
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise _damaged(raw.name)
    inflater = zlib.decompressobj(-15)
    try:
        while not inflater.eof:
            fresh = inflater.decompress(packed, CHUNK)
            packed = inflater.unconsumed_tail
            if not fresh and not packed:
                break
            yield fresh
    except zlib.error:
        raise _damaged(raw.name) from None


def _damaged(name: str) -> DataRefused:
    return refuse(name, "damaged", "The workbook is damaged.", "Save it again from Excel or LibreOffice.")


def _protected(name: str) -> DataRefused:
    return refuse(
        name, "password", "The workbook is protected by a password.", "Save a copy without a password."
    )


def read_sheet(raw: Raw, sheet: str | None) -> SheetCells:
    """The cells of one sheet as text; without a name, the first visible sheet.

    Formulas arrive as the value last saved, never as something to run. Whole floats lose their ".0", truth
    values become TRUE and FALSE, dates ISO text. Raises DataRefused for a missing sheet, a password, a bomb.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    formulas = guard_zip(raw) if raw.kind == "xlsx" else 0
    if raw.kind == "xls" and "EncryptedPackage".encode("utf-16-le") in raw.data:
        raise _protected(raw.name)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw.data))
        sheets = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
        names = [meta.name for meta in sheets]
        visible = [meta.name for meta in sheets if meta.visible == SheetVisibleEnum.Visible]
        wanted = _choose(raw.name, sheet, names, visible)
        cells = book.get_sheet_by_name(wanted).to_python(skip_empty_area=False)
    except DataRefused:
        raise
    except BaseException as problem:  # the parser's Rust panics are not Exceptions
        if isinstance(problem, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise (_protected if "Password" in type(problem).__name__ else _damaged)(raw.name) from None
    notes = []
    if len(names) > len(visible):
        what = "sheets of the workbook are hidden" + (", the one read too" if wanted not in visible else "")
        notes.append(Note("hidden_sheets", len(names) - len(visible), None, what + "."))
    if sheet is None and len(visible) > 1:
        notes.append(Note("other_sheets", len(visible) - 1, None, "further sheets were not read."))
    if formulas:
        said = "cells of the workbook are formulas; the values last saved were read."
        notes.append(Note("formula_cells", formulas, None, said))
    return SheetCells([[cell_text(cell) for cell in row] for row in cells], tuple(notes))


def _choose(name: str, sheet: str | None, names: list[str], visible: list[str]) -> str:
    if sheet is None:
        if not visible:
            raise refuse(
                name,
                "missing_sheet",
                "The workbook has no visible sheet.",
                "Name one, as file.xlsx#sheet.",
            )
        return visible[0]
    for candidate in names:
        if candidate.strip().casefold() == sheet.strip().casefold():
            return candidate
    remedy = "Mend the name after #." + (nearest(sheet, names) or f" Sheets: {', '.join(names[:10])}.")
    raise refuse(name, "missing_sheet", f"There is no sheet {sheet!r}.", remedy)


def cell_text(cell: Any) -> str:
    """A spreadsheet cell as text.

    >>> cell_text(3.0), cell_text(0.1), cell_text(True), cell_text(None)
    ('3', '0.1', 'TRUE', '')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if cell is None:
        return ""
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)
