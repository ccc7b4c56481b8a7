"""Guarding a spreadsheet before any parser sees it, and taking its cells out as CSV (python-calamine)."""

from __future__ import annotations

import csv
import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from array import array
from collections.abc import Iterator
from pathlib import Path
from xml.parsers import expat

from kesher.faults import DataRefused
from kesher.readers import cells
from kesher.readers.findings import Findings, nearest, quotable, shown_names
from kesher.readers.markup import Entities, Extent, Harmful, References
from kesher.readers.opening import ANOTHER_FORMAT, Raw
from kesher.readers.spreadsheetml import sheets_of

MAX_ENTRIES = 5_000
MAX_INFLATED_BYTES = 512 << 20
MAX_SHARED = 512 << 20  # characters, when each reference to a shared string is written out
MAX_RATIO = 100  # a sheet's XML packs 5 to 30 times; above 100 it was made to harm
SMALL = 8 << 20  # below this no ratio does harm
MAX_SECONDS = 240  # twenty million cells take about one minute
CHUNK = 1 << 20
_DAMAGED = ("damaged", "The workbook is damaged.", "Save it again from Excel or LibreOffice.")
_NO_TABLE = ("html_disguised", "The file is a web page (HTML) without a table, whatever its name says.", ANOTHER_FORMAT)
_PROTECTED = ("password", "The workbook is protected by a password.", "Save a copy without a password.")


def guard_zip(raw: Raw, findings: Findings) -> None:
    """Refuse a harmful or encrypted zip before parsing, and note its formulas.

    Reads the directory first (entry count, sizes, ratio), then inflates every part in bounded steps, because
    a directory can lie, and looks in the XML for entity declarations, for cells so far out that a dense table
    would not fit in memory, and for shared strings that would not. Raises DataRefused.
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
        formulas = _look(archive, entries, raw, findings)
    except Harmful as harm:
        raise _bomb(findings, str(harm)) from None
    except Entities:
        what, remedy = "The workbook declares XML entities.", "Save it again from Excel."
        raise findings.refused("xml_entities", what, remedy) from None
    except (zipfile.BadZipFile, zlib.error, struct.error, ValueError, EOFError, OSError, NotImplementedError):
        raise findings.refused(*_DAMAGED) from None
    findings.note("formula_cells", formulas, "cells of the workbook are formulas; the values last saved were read.")


def _look(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], raw: Raw, findings: Findings) -> int:
    """Inflate and look at every part; the number of formulas."""
    formulas = inflated = 0
    sheets: list[tuple[zipfile.ZipInfo, int]] = []
    strings: array[int] = array("I")
    for entry in entries:
        extent = Extent() if entry.filename.lower().endswith((".xml", ".rels")) else None
        tail = b""
        for piece in _inflated(archive, entry, findings):
            inflated += len(piece)
            _bound(inflated, raw, findings)
            if extent:
                extent.feed(piece)
            elif b"sheetData" in tail + piece:
                raise _bomb(findings, "The workbook hides a sheet in a part that is none.")
            tail = piece[-16:]
        if not extent:
            continue
        extent.close()
        if extent.unusual:
            extent = Extent(exact=True)
            for piece in _inflated(archive, entry, findings):
                extent.feed(piece)
            extent.close()
        formulas += extent.formulas if entry.filename.startswith("xl/worksheets/") else 0
        sheets.append((entry, extent.references))
        if strings and extent.strings:
            raise _bomb(findings, "The workbook holds two tables of shared strings.")
        strings = strings or extent.strings
    longest = max(strings, default=0)
    for entry, references in sheets:
        if references * longest > MAX_SHARED:  # only then is it worth a second look
            shared = References(strings)
            for piece in _inflated(archive, entry, findings):
                shared.feed(piece)
                if shared.characters > MAX_SHARED:
                    raise _bomb(findings, "The cells of a sheet repeat more text than a workbook may hold.")
    return formulas


def _bound(inflated: int, raw: Raw, findings: Findings) -> None:
    if inflated > MAX_INFLATED_BYTES:
        raise _bomb(findings, "The workbook inflates to more than a workbook of this program may hold.")
    if inflated > max(SMALL, MAX_RATIO * len(raw.data)):
        raise _bomb(findings, f"The workbook inflates to more than {MAX_RATIO} times its size.")


def _inflated(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, findings: Findings) -> Iterator[bytes]:
    """One part in pieces of at most 1 MB, whatever size it declares."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise findings.refused(*_DAMAGED)
    entry.file_size = MAX_INFLATED_BYTES + 1
    if hasattr(entry, "CRC"):
        del entry.CRC  # what follows the declared size belongs to no checksum
    with archive.open(entry) as part:
        while piece := part.read(CHUNK):
            yield piece


def _bomb(findings: Findings, what: str) -> DataRefused:
    remedy = "Save the sheet that is needed alone, as .xlsx or CSV UTF-8."
    return findings.refused("spreadsheet_bomb", what, remedy)


def sheet_as_csv(raw: Raw, sheet: str | None, findings: Findings) -> bytes:
    """The cells of one sheet as CSV; without a name, the first visible sheet.

    Formulas arrive as the value last saved, never as something to run. Raises DataRefused for a missing
    sheet, a password, a bomb.
    """
    if raw.kind == "xml":
        return _xml_sheet(raw, sheet, findings)
    if raw.kind == "xlsx":
        guard_zip(raw, findings)
    elif "EncryptedPackage".encode("utf-16-le") in raw.data:
        raise findings.refused(*_PROTECTED)
    header, _, table = _parsed(raw.data, sheet, findings).partition(b"\n")
    told = json.loads(header)
    if fault := told.get("fault"):
        raise findings.refused(*(_PROTECTED if fault == "password" else _DAMAGED))
    names, visible, wanted = told["names"], told["visible"], told["wanted"]
    if wanted is None:
        raise _missing(findings, sheet, names)
    what = "sheets of the workbook are hidden" + (", the one read too" if wanted not in visible else "")
    findings.note("hidden_sheets", len(names) - len(visible), what + ".")
    if sheet is None:
        findings.note("other_sheets", len(visible) - 1, "further sheets were not read.")
    return table


def sheet_names(raw: Raw, findings: Findings) -> dict[str, tuple[int, int, int]]:
    """The visible sheets: rows with two cells or more, rows with any, cells of the fullest row. Raises DataRefused."""
    if raw.kind == "xml":
        tables = [list(csv.reader(io.StringIO(sheet.decode()))) for sheet in sheets_of(raw.data, findings)]
        filled = [[sum(bool(cell.strip()) for cell in row) for row in rows] for rows in tables]
        sizes = [[sum(n > 1 for n in one), sum(n > 0 for n in one), max(one, default=0)] for one in filled]
        return {name: (a, b, c) for name, (a, b, c) in zip(_xml_names(raw.data), sizes, strict=True)}
    if raw.kind == "xlsx":
        guard_zip(raw, Findings(raw.name))
    told = json.loads(_parsed(raw.data, {}, findings).partition(b"\n")[0])
    if "fault" in told:
        raise findings.refused(*_DAMAGED)
    return {name: (a, b, c) for name, (a, b, c) in told["sizes"].items()}


def only_sheet(raw: Raw, findings: Findings) -> str:
    """The one visible sheet that holds a table; DataRefused, telling what each holds, where several do.

    A table has two rows of two cells; where no sheet has, the first that holds anything is taken.
    """
    sheets = sheet_names(raw, findings)
    filled = [name for name, (_, rows, _) in sheets.items() if rows]
    tables = [name for name in filled if sheets[name][0] > 1]
    if len(tables) > 1:
        shown = shown_names(tables)
        told = [f"{shown[name]!r} ({sheets[name][1]:,} rows of {sheets[name][2]:,} columns)" for name in tables[:10]]
        what = f"The workbook holds {len(tables)} sheets with a table: {', '.join(told)}."
        raise findings.refused("several_sheets", what, f"Name the one that is meant, as {raw.name}#{shown[tables[0]]}.")
    return next(iter([*tables, *filled, *sheets]))


def page_as_csv(page: bytes, findings: Findings) -> bytes:
    """The cells of a web page's largest table as CSV; the page is in UTF-8. Raises DataRefused without one."""
    header, _, table = _parsed(page, True, findings).partition(b"\n")
    told = json.loads(header)
    if "fault" in told or not told["rows"]:
        raise findings.refused(*_NO_TABLE)
    findings.note("html_table", 1, "the file is a web page (HTML), whatever its name says; its table was read.")
    findings.note("other_tables", told["others"], "further tables of the page were not read; the largest was.")
    findings.note("html_cut_off", not told["closed"], "a table of the page has no end: the file may be cut off.")
    return table


def _xml_sheet(raw: Raw, sheet: str | None, findings: Findings) -> bytes:
    """A sheet of a workbook in Excel's old XML as CSV; without a name, the first."""
    tables = sheets_of(raw.data, findings)
    names = _xml_names(raw.data)
    wanted = cells.choose(sheet, names, names)
    if wanted is None:
        raise _missing(findings, sheet, names)
    findings.note("other_sheets", (len(names) - 1) * (sheet is None), "further sheets were not read.")
    return tables[names.index(wanted)]


def _xml_names(data: bytes) -> list[str]:
    """The names of the sheets, of a workbook that ``sheets_of`` found harmless."""
    names: list[str] = []
    parser = expat.ParserCreate(namespace_separator=" ")

    def start(tag: str, given: dict[str, str]) -> None:
        space, _, local = tag.rpartition(" ")
        if local == "Worksheet" and space.endswith(":spreadsheet"):
            names.append(given.get(f"{space} Name", f"Sheet{len(names) + 1}"))

    parser.StartElementHandler = start
    parser.Parse(data, True)
    return names


def _parsed(data: bytes, wanted: str | bool | dict[str, list[int] | None] | None, findings: Findings) -> bytes:
    """The answer of a process of its own, which may use only so much memory and time (see ``cells``)."""
    command = [sys.executable, "-I", str(Path(cells.__file__).resolve())]
    given = json.dumps(wanted).encode() + b"\n" + data
    remedy = "Save it anew as CSV."
    try:
        done = subprocess.run(
            command, input=given, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=MAX_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        what = f"The workbook takes more than {MAX_SECONDS} seconds to read."
        raise findings.refused("spreadsheet_bomb", what, remedy) from None
    if done.returncode == 1:  # not the file's doing: what the process needs is not installed
        raise RuntimeError("the process that reads workbooks did not start")
    if done.returncode:
        what = "The workbook needs more memory than a workbook of this program may."
        raise findings.refused("spreadsheet_bomb", what, remedy)
    return done.stdout


def _missing(findings: Findings, sheet: str | None, names: list[str]) -> DataRefused:
    if sheet is None:
        what = "The workbook has no visible sheet."
        return findings.refused("missing_sheet", what, "Name one, as file.xlsx#sheet.")
    remedy = "Mend the name after #." + (nearest(sheet, names) or f" Sheets: {', '.join(quotable(names)[:10])}.")
    return findings.refused("missing_sheet", f"There is no sheet {sheet!r}.", remedy)
