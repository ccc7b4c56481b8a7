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
from kesher.run.engine import INJECTED

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def tidy_notebook(notebook: Any, *, workbook: str, key: str, paths: Iterable[Path] = ()) -> Any:
    """The executed notebook as it is kept: no times, no papermill metadata, no path of this machine."""
    clean = json.loads(json.dumps(notebook))
    clean["metadata"].pop("papermill", None)
    clean["metadata"].pop("widgets", None)
    clean["metadata"]["kesher"] = {"workbook": workbook, "key": key}
    hide = _hider(paths)
    for cell in clean["cells"]:
        for name in ("papermill", "execution"):
            cell["metadata"].pop(name, None)
        if INJECTED in cell["metadata"].get("tags", []):
            cell["id"] = INJECTED
        for output in cell.get("outputs", []):
            if "text" in output:
                output["text"] = _walk(output["text"], hide)
            for mime, data in output.get("data", {}).items():
                if not mime.startswith("image/"):
                    output["data"][mime] = _walk(data, hide)
    return clean


def _hider(paths: Iterable[Path]) -> Callable[[str], str]:
    """A function that replaces the machine's folders in a text by what they are."""
    named = [(path, "<data>") for path in paths]
    named += [(home(), "<kesher>"), (Path(tempfile.gettempdir()), "<temporary>"), (Path(sys.prefix), "<python>")]
    named += [(Path(sys.base_prefix), "<python>"), (Path.home(), "~")]
    found: dict[str, str] = {}
    for path, name in named:
        for text in (str(path), str(path.resolve())):
            if len(path.parts) > 1:  # never the file system's root
                found.setdefault(text, name)
                found.setdefault(text.replace("\\", "\\\\"), name)
    longest = sorted(found, key=len, reverse=True)
    pattern = re.compile(
        "|".join(f"{re.escape(text)}(?![\\w-])" for text in longest), re.IGNORECASE if os.name == "nt" else 0
    )
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
    numbers = results["numbers"]
    groups = sorted({group for number in numbers for group in number["base"]})
    effective = sorted({group for number in numbers for group in number["effective_base"]})
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow(
        ["id", "label_en", "label_he", "value", "low", "high", "unit", "status", "reason", "interval", "confidence"]
        + [f"base.{group}" for group in groups]
        + [f"effective_base.{group}" for group in effective]
        + ["method"]
    )
    for number in numbers:
        reason = number["reason"]
        row = [number["id"], number["label"]["en"], number["label"]["he"]]
        row += [number["value"], number["low"], number["high"], number["unit"], number["status"]]
        row += [reason["en"] if reason else None, number["interval"], number["confidence"]]
        row += [number["base"].get(group) for group in groups]
        row += [number["effective_base"].get(group) for group in effective]
        writer.writerow([_cell(item) for item in [*row, number["method"]]])
    return stream.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA):
        return f"'{value}"
    return value
