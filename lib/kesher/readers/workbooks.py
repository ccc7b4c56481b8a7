"""Guarding a spreadsheet before any parser sees it, and taking its cells out as CSV (python-calamine)."""

from __future__ import annotations

import csv
import datetime
import functools
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import Any

from kesher.faults import DataRefused
from kesher.readers.findings import Findings, nearest
from kesher.readers.opening import Raw

MAX_ENTRIES = 5_000
MAX_INFLATED_BYTES = 512 << 20
MAX_RATIO = 100  # a sheet's XML packs 5 to 30 times; above 100 it was made to harm
SMALL = 8 << 20  # below this no ratio does harm
MAX_CELLS = 20_000_000  # dense: rows times columns, 32 bytes each inside the parser
CHUNK = 1 << 20
MAX_TAG = 1 << 16  # no program writes a longer one
_DAMAGED = ("damaged", "The workbook is damaged.", "Save it again from Excel or LibreOffice.")
_PROTECTED = ("password", "The workbook is protected by a password.", "Save a copy without a password.")

_DECLARATION = re.compile(rb"<!(DOCTYPE|ENTITY)", re.IGNORECASE)
_ROW_OR_CELL = re.compile(
    rb"<(?:\w+:)?(row|c)\b(?:[^<>]*?\sr\s*=\s*[\"']([A-Za-z]{0,8})(\d{0,9})[\"'])?"  # and its address
)


def guard_zip(raw: Raw, findings: Findings) -> None:
    """Refuse a harmful or encrypted zip before parsing, and note its formulas.

    Reads the directory first (entry count, sizes, ratio), then inflates every part in bounded steps, because
    a directory can lie, and looks for entity declarations and for cells so far out that a dense table would
    not fit in memory. Raises DataRefused.
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(raw.data))
        entries = archive.infolist()
        if len(entries) > MAX_ENTRIES:
            raise _bomb(findings, f"The workbook holds more than {MAX_ENTRIES:,} parts.")
        if any(entry.flag_bits & 1 for entry in entries):
            raise findings.refused(*_PROTECTED)
        names = {entry.filename for entry in entries}
        if any(name == "mimetype" or name.endswith("workbook.bin") for name in names):
            what = "The workbook is .xlsb or .ods."
            raise findings.refused("wrong_kind", what, "Save as .xlsx or CSV UTF-8.")
        _bound(sum(entry.file_size for entry in entries), raw, findings)
        formulas = inflated = 0
        for entry in entries:
            extent = _Extent()
            for piece in _inflated(archive, entry, findings):
                inflated += len(piece)
                _bound(inflated, raw, findings)
                text = piece.replace(b"\x00", b"")  # UTF-16
                if _DECLARATION.search(text):
                    what, remedy = "The workbook declares XML entities.", "Save it again from Excel."
                    raise findings.refused("xml_entities", what, remedy)
                extent.look(text)
                if extent.cells > MAX_CELLS:
                    raise _bomb(findings, f"A sheet spans more than {MAX_CELLS:,} cells.")
            formulas += extent.formulas if entry.filename.startswith("xl/worksheets/") else 0
    except (zipfile.BadZipFile, zlib.error, struct.error, ValueError, EOFError, OSError, NotImplementedError):
        raise findings.refused(*_DAMAGED) from None
    findings.note("formula_cells", formulas, "cells of the workbook are formulas; the values last saved were read.")


def _bound(inflated: int, raw: Raw, findings: Findings) -> None:
    if inflated > MAX_INFLATED_BYTES:
        raise _bomb(findings, "The workbook inflates to more than a workbook of this program may hold.")
    if inflated > max(SMALL, MAX_RATIO * len(raw.data)):
        raise _bomb(findings, f"The workbook inflates to more than {MAX_RATIO} times its size.")


class _Extent:
    """How far out the cells of one part lie, by their addresses and as counted: an address may be left out."""

    def __init__(self) -> None:
        self.row = self.column = self.rows = self.in_row = self.formulas = 0

    @property
    def cells(self) -> int:
        """The cells of a dense table that holds them all."""
        return max(self.row, self.rows) * self.column

    def look(self, piece: bytes) -> None:
        """Take in the next piece of the part."""
        letters, digits = set(), set()
        for tag, letter, digit in _ROW_OR_CELL.findall(piece):
            if tag == b"row":
                self.rows += 1
                self.column, self.in_row = max(self.column, self.in_row), 0
            else:
                self.in_row += 1
            letters.add(letter)
            digits.add(digit)
        self.row = max(self.row, *(int(digit or 0) for digit in digits), 0)
        self.column = max(self.column, self.in_row, *map(_column_number, letters), 0)
        self.formulas += sum(map(piece.count, (b"<f>", b"<f ", b"<f/")))


def _column_number(letters: bytes) -> int:
    return functools.reduce(lambda number, letter: number * 26 + letter - 64, letters.upper(), 0)


def _inflated(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, findings: Findings) -> Iterator[bytes]:
    """One part in pieces of about 1 MB, none of which ends inside a tag, whatever size it declares."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise findings.refused(*_DAMAGED)
    entry.file_size = MAX_INFLATED_BYTES + 1
    del entry.CRC  # what follows the declared size belongs to no checksum
    tail = b""
    with archive.open(entry) as part:
        while fresh := part.read(CHUNK):
            piece = tail + fresh
            opened = piece.rfind(b"<")
            cut = opened if opened > piece.rfind(b">") else len(piece)
            if len(piece) - cut > MAX_TAG:
                if piece[:200].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \r\n\t").startswith(b"<"):
                    raise _bomb(findings, "The workbook holds an endless tag.")
                cut = len(piece)  # a picture, not XML
            tail = piece[cut:]
            yield piece[:cut]
    yield tail


def _bomb(findings: Findings, what: str) -> DataRefused:
    remedy = "Save the sheet that is needed alone, as .xlsx or CSV UTF-8."
    return findings.refused("spreadsheet_bomb", what, remedy)


def sheet_as_csv(raw: Raw, sheet: str | None, findings: Findings) -> bytes:
    """The cells of one sheet as CSV; without a name, the first visible sheet.

    Formulas arrive as the value last saved, never as something to run. Raises DataRefused for a missing
    sheet, a password, a bomb.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    if raw.kind == "xlsx":
        guard_zip(raw, findings)
    elif "EncryptedPackage".encode("utf-16-le") in raw.data:
        raise findings.refused(*_PROTECTED)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw.data))
        sheets = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
        visible = [meta.name for meta in sheets if meta.visible == SheetVisibleEnum.Visible]
        wanted = _choose(findings, sheet, [meta.name for meta in sheets], visible)
        rows = book.get_sheet_by_name(wanted).to_python(skip_empty_area=False)
    except DataRefused:
        raise
    except BaseException as problem:  # the parser's Rust panics are not Exceptions
        if isinstance(problem, (KeyboardInterrupt, SystemExit, MemoryError)):
            raise
        raise findings.refused(*(_PROTECTED if "Password" in type(problem).__name__ else _DAMAGED)) from None
    what = "sheets of the workbook are hidden" + (", the one read too" if wanted not in visible else "")
    findings.note("hidden_sheets", len(sheets) - len(visible), what + ".")
    if sheet is None:
        findings.note("other_sheets", len(visible) - 1, "further sheets were not read.")
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for row in rows:
        cells = [cell_text(cell) for cell in row]
        writer.writerow(cells if any(map(str.strip, cells)) else [])
    return out.getvalue().encode("utf-8")


def _choose(findings: Findings, sheet: str | None, names: list[str], visible: list[str]) -> str:
    if sheet is None:
        if not visible:
            what = "The workbook has no visible sheet."
            raise findings.refused("missing_sheet", what, "Name one, as file.xlsx#sheet.")
        return visible[0]
    for candidate in names:
        if candidate.strip().casefold() == sheet.strip().casefold():
            return candidate
    remedy = "Mend the name after #." + (nearest(sheet, names) or f" Sheets: {', '.join(names[:10])}.")
    raise findings.refused("missing_sheet", f"There is no sheet {sheet!r}.", remedy)


def cell_text(cell: Any) -> str:
    """A spreadsheet cell as text: whole floats lose their ".0", dates are ISO.

    >>> cell_text(3.0), cell_text(0.1), cell_text(True)
    ('3', '0.1', 'TRUE')
    """
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return str(cell)
