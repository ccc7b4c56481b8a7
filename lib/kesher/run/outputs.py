"""The files of a run: the notebook without the machine's traces, results.json, and numbers.csv."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from kesher.params import home
from kesher.results import dumps

INJECTED = "injected-parameters"  # papermill's tag
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_BEFORE = r"(?:(?<![\w/.~)%-])|(?<=://)|(?<=\\[nrt]))"  # what a path begins after; the last is a line end in a repr
_AS_THEY_ARE = ("id", "value", "low", "high", "unit", "status", "interval", "confidence", "method")


def tidy_notebook(notebook: Any, *, workbook: str, key: str, paths: Iterable[Path] = ()) -> Any:
    """The executed notebook as it is kept: no times, no papermill metadata, no path of this machine."""
    clean = json.loads(json.dumps(notebook))
    for name in ("papermill", "widgets"):
        clean["metadata"].pop(name, None)
    clean["metadata"]["kesher"] = {"workbook": workbook, "key": key}
    hide = _hider(paths)
    for cell in clean["cells"]:
        for name in ("papermill", "execution"):
            cell["metadata"].pop(name, None)
        if INJECTED in cell["metadata"].get("tags", []):
            cell["id"] = INJECTED
        for output in cell.get("outputs", []):
            # What is printed, never what a page is made from: a client's own words may look like a folder.
            for place, names in ((output, ("text", "evalue", "traceback")), (output.get("data", {}), ("text/plain",))):
                place.update({name: _walk(place[name], hide) for name in names if name in place})
    return clean


def _hider(paths: Iterable[Path]) -> Callable[[str], str]:
    """A function that replaces the machine's folders in a text by what they are, where a path begins.

    A folder right below the root (``/data``) tells nothing of a machine and may be a word: it stays.
    """
    named = [(path, "<data>") for path in paths]
    named += [(home(), "<kesher>"), (Path(tempfile.gettempdir()), "<temporary>"), (Path.home(), "~")]
    named += [(Path(prefix), "<python>") for prefix in (sys.prefix, sys.base_prefix)]
    found: dict[str, str] = {}
    for path, name in named:
        for place in (path, path.resolve()):
            if len(place.parts) > 2:  # the first part is the file system's root
                found.setdefault(str(place), name)
                found.setdefault(str(place).replace("\\", "\\\\"), name)
    if not found:
        return lambda text: text
    longest = "|".join(re.escape(text) for text in sorted(found, key=len, reverse=True))
    flags = re.IGNORECASE if os.name == "nt" else 0
    pattern = re.compile(rf"{_BEFORE}(?:{longest})(?![\w-])", flags)
    return lambda text: pattern.sub(lambda match: found.get(match[0], "<folder>"), text)


def _walk(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_walk(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _walk(item, change) for key, item in value.items()}
    return value


def notebook_text(notebook: Any) -> str:
    """A notebook's JSON as Jupyter writes it, sources line by line."""
    for cell in notebook["cells"]:
        if isinstance(cell["source"], str):
            cell["source"] = cell["source"].splitlines(keepends=True)
    return json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def write_results(results: dict[str, Any], folder: Path) -> None:
    """``results.json`` and ``numbers.csv`` into a workbook's folder."""
    (folder / "results.json").write_text(dumps(results), encoding="utf-8", newline="\n")
    (folder / "numbers.csv").write_text(numbers_csv(results), encoding="utf-8-sig", newline="")


def numbers_csv(results: dict[str, Any]) -> str:
    """The numbers of a result as CSV, a row each; text that a spreadsheet could run is made plain text."""
    rows = [_flat(number) for number in results["numbers"]]
    bases = sorted({name for row in rows for name in row if "base." in name})
    columns = ["id", "label_en", "label_he", "value", "low", "high", "unit", "status", "reason", "interval"]
    stream = io.StringIO()
    writer = csv.DictWriter(stream, [*columns, "confidence", *bases, "method"], lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _inert(value) for name, value in row.items()})
    return stream.getvalue()


def _flat(number: dict[str, Any]) -> dict[str, Any]:
    row = {name: number[name] for name in _AS_THEY_ARE}
    row |= {f"label_{language}": text for language, text in number["label"].items()}
    row["reason"] = number["reason"] and number["reason"]["en"]
    return row | {f"{kind}.{group}": n for kind in ("base", "effective_base") for group, n in number[kind].items()}


def _inert(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value
