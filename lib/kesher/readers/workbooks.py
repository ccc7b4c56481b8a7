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
OVERLAP = 64

_DECLARATIONS = tuple(
    word.encode(code) for word in ("<!DOCTYPE", "<!ENTITY") for code in ("ascii", "utf-16-le", "utf-16-be")
)
_ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d{1,9})"')
_CELL = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Za-z]{1,8})(\d{0,9})"')
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")


@dataclass(frozen=True)
class SheetCells:
    """The cells of one sheet as text, row 1 first, with what was noted about the workbook."""

    rows: list[list[str]]
    notes: tuple[Note, ...]


def _bomb(name: str, what: str) -> DataRefused:
    return refuse(
        name, "spreadsheet_bomb", what, "Save the sheet that is needed alone, as .xlsx or CSV UTF-8."
    )


def guard_zip(raw: Raw) -> dict[str, int]:
    """Refuse a harmful or encrypted zip before parsing; the number of formula cells by sheet part.

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
    if any(entry.filename == "mimetype" or entry.filename.endswith(".bin") for entry in entries) and not any(
        entry.filename == "xl/workbook.xml" for entry in entries
    ):
        raise refuse(
            name, "wrong_kind", "The workbook is not an .xlsx inside.", "Save as .xlsx or CSV UTF-8."
        )
    formulas: dict[str, int] = {}
    total = 0
    for entry in entries:
        extent = _Extent(name)
        for piece, fresh in _inflated(raw, entry):
            total += len(piece) - fresh
            if total > MAX_INFLATED_BYTES or (total > SMALL and total > MAX_RATIO * len(raw.data)):
                raise _bomb(name, f"The workbook inflates to more than {MAX_RATIO} times its size.")
            if any(word in piece for word in _DECLARATIONS):
                raise refuse(
                    name,
                    "xml_entities",
                    "The workbook declares XML entities.",
                    "Save it again from Excel or LibreOffice.",
                )
            if entry.filename.startswith("xl/worksheets/"):
                extent.look(piece)
        if entry.filename.startswith("xl/worksheets/"):
            formulas[entry.filename] = extent.formulas
    return formulas


class _Extent:
    """How far out the cells of one sheet lie, seen piece by piece."""

    def __init__(self, name: str) -> None:
        self.name, self.last_row, self.last_column, self.formulas = name, 1, 1, 0

    def look(self, piece: bytes) -> None:
        columns: set[bytes] = set()
        for letters, digits in _CELL.findall(piece):
            columns.add(letters)
            if digits and len(digits) >= len(str(self.last_row)):
                self.last_row = max(self.last_row, int(digits))
        self.last_row = max([self.last_row, *map(int, _ROW.findall(piece))])
        self.last_column = max([self.last_column, *map(_column_number, columns)])
        self.formulas += len(_FORMULA.findall(piece))
        if self.last_row * self.last_column > MAX_CELLS:
            raise _bomb(self.name, f"A sheet spans more than {MAX_CELLS:,} cells.")


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


def _inflated(raw: Raw, entry: zipfile.ZipInfo) -> Iterator[tuple[bytes, int]]:
    """Pieces of one part, each beginning with the last bytes of the one before (and their number)."""
    offset = entry.header_offset
    header = raw.data[offset : offset + 30]
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise _damaged(raw.name)
    start = offset + 30 + sum(struct.unpack("<HH", header[26:30]))
    packed = memoryview(raw.data)[start : start + entry.compress_size]
    tail = b""
    if entry.compress_type == zipfile.ZIP_STORED:
        for at in range(0, len(packed), CHUNK):
            fresh = bytes(packed[at : at + CHUNK])
            yield tail + fresh, len(tail)
            tail = fresh[-OVERLAP:]
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise _damaged(raw.name)
    inflater = zlib.decompressobj(-15)
    feed: bytes = bytes(packed)
    try:
        while not inflater.eof:
            fresh = inflater.decompress(feed, CHUNK)
            feed = inflater.unconsumed_tail
            if not fresh and not feed:
                break
            yield tail + fresh, len(tail)
            tail = fresh[-OVERLAP:]
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

    formulas = guard_zip(raw) if raw.kind == "xlsx" else {}
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
    if count := sum(formulas.values()):
        notes.append(
            Note("formula_cells", count, None, "cells of the workbook are formulas; saved values were read.")
        )
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
