"""A workbook's cells as CSV, parsed in a process of its own: a parser that dies or swells takes nothing along.

``workbooks`` runs this file by its path, so it imports nothing of kesher. Standard input: a line of JSON with
the sheet wanted, true for a web page, {} for the sizes of the sheets, or {"sav": places or null} for an SPSS file;
then the file. Standard output: a
line of JSON, then CSV.
"""

from __future__ import annotations

import csv
import datetime
import importlib.util
import io
import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

MAX_MEMORY = 4 << 30
MAX_CSV_BYTES = 512 << 20
SWOLLEN = 86  # the exit status of a process that ran out of what it may use


def choose(sheet: str | None, names: Sequence[str], visible: Sequence[str]) -> str | None:
    """The sheet of this name whatever its case; without a name the first visible one.

    >>> choose("data ", ["old", "Data"], ["Data"]), choose(None, ["old", "Data"], ["Data"])
    ('Data', 'Data')
    """
    if sheet is None:
        return visible[0] if visible else None
    return next((name for name in names if name.strip().casefold() == sheet.strip().casefold()), None)


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


def _limit() -> None:
    if sys.platform == "win32":
        return
    import resource

    for what, most in ((resource.RLIMIT_AS, MAX_MEMORY), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(what, (allowed, hard))
        except (ValueError, OSError):
            continue  # macOS has no limit of this kind


def _parse(data: bytes, sheet: str | None) -> tuple[dict[str, Any], str]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets = [meta for meta in book.sheets_metadata if meta.typ == SheetTypeEnum.WorkSheet]
    names = [meta.name for meta in sheets]
    visible = [meta.name for meta in sheets if meta.visible == SheetVisibleEnum.Visible]
    wanted = choose(sheet, names, visible)
    found = [] if wanted is None else book.get_sheet_by_name(wanted).to_python(skip_empty_area=False)
    rows = ([cell_text(cell) for cell in row] for row in found)
    return {"names": names, "visible": visible, "wanted": wanted}, _csv(rows)


def _sizes(data: bytes) -> tuple[dict[str, Any], str]:
    """How many rows of each visible sheet hold two cells or more, how many any, and how wide the widest is."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    sizes = {}
    for meta in book.sheets_metadata:
        if meta.typ == SheetTypeEnum.WorkSheet and meta.visible == SheetVisibleEnum.Visible:
            rows = book.get_sheet_by_name(meta.name).to_python()
            filled = [sum(bool(cell_text(cell).strip()) for cell in row) for row in rows]
            sizes[meta.name] = [sum(n > 1 for n in filled), sum(n > 0 for n in filled), max(filled, default=0)]
    return {"sizes": sizes}, ""


def _parse_page(data: bytes) -> tuple[dict[str, Any], str]:
    rows, others, closed = _beside("web_table").largest_table(data.decode("utf-8", "replace"))
    return {"rows": len(rows), "others": others, "closed": closed}, _csv(rows)


def _parse_sav(data: bytes, places: Sequence[int] | None) -> tuple[dict[str, Any], str]:
    told, rows = _beside("sav_cells").parse(data, places, cell_text)
    return told, _csv(rows)


def _beside(name: str) -> Any:
    """A module of this folder, which is not on the path, and must not be: files there are called as Python's are."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _csv(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    for cells in rows:
        writer.writerow(cells if any(map(str.strip, cells)) else [])
        if out.tell() > MAX_CSV_BYTES:
            raise MemoryError
    return out.getvalue()


def main() -> None:
    """Answer one request; what went wrong is told by a word, never with a cell."""
    import python_calamine  # noqa: F401  (not to be there is no fault of the file)

    _limit()
    wanted = json.loads(sys.stdin.buffer.readline())
    if isinstance(wanted, dict) and "sav" in wanted:
        import pyreadstat  # noqa: F401
    text = ""
    try:
        data = sys.stdin.buffer.read()
        if isinstance(wanted, dict):
            told, text = _parse_sav(data, wanted["sav"]) if "sav" in wanted else _sizes(data)
        else:
            told, text = _parse_page(data) if wanted is True else _parse(data, wanted)
    except MemoryError:
        os._exit(SWOLLEN)
    except BaseException as problem:  # the parser's Rust panics are not Exceptions
        told = {"fault": "password" if "Password" in type(problem).__name__ else "damaged"}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + text.encode("utf-8"))


if __name__ == "__main__":
    main()
