"""A tiny project for tests of the runner: a client, its files, and a notebook that shows a result."""

from __future__ import annotations

import json
import sys
import types
from pathlib import Path
from typing import Any

from kesher.faults import Fault, WorkbookFailed
from kesher.page.index import Entry
from kesher.page.layout import Meta
from kesher.report import file_name

RESULT = "application/vnd.kesher.result+json"

CLIENT = """\
client: {name}
name_en: Acme
name_he: אקמה
as_of: 2026-10-31
data_root: ../../clients/{name}
"""
WORKBOOK = """\
customers_file: customers.csv
columns: columns.csv
options: options.csv
"""
PARAMETERS = """\
client = "acme"  # short name
name_en = "Acme"  # text
name_he = "אקמה"  # text
as_of = "2026-10-31"  # date
data_root = "../../clients/acme"  # folder
seed = 20261031  # any whole number
customers_file = "customers.csv"  # table
columns = "columns.csv"  # table
options = "options.csv"  # table
other_limit = 0.10  # share
"""
READ = """\
from kesher.params import client_root, parameters
p = parameters("like_motivation", globals())
rows = (client_root(p) / p.customers_file).read_text(encoding="utf-8").splitlines()
"""
SHOW = """\
from IPython.display import display
number = {
    "id": "customers.n", "label": {"en": "=customers", "he": "לקוחות"}, "value": float(len(rows) - 1),
    "unit": "count", "digits": 0, "status": "ok", "reason": None, "low": None, "high": None,
    "interval": "none", "confidence": None, "base": {"customers": len(rows) - 1}, "effective_base": {},
    "method": "count", "inputs": [],
}
result = {
    "schema": "kesher.results/1", "client": p.client, "workbook": "like_motivation", "as_of": p.as_of,
    "numbers": [number], "client_name": {"en": p.name_en, "he": p.name_he},
    "title": {"en": "Likes", "he": "לייקים"},
    "illustrative": p.illustrative, "answer": {"headline": {"en": "Yes.", "he": "כן."}},
}
text = f"{len(rows) - 1} customers in {client_root(p)}"
display({"application/vnd.kesher.result+json": result, "text/plain": text}, raw=True)
"""


def cell(source: str, *tags: str, number: int = 0) -> dict[str, Any]:
    return {
        "cell_type": "code", "id": f"cell-{number}", "metadata": {"tags": list(tags)} if tags else {},
        "source": source, "outputs": [], "execution_count": None,
    }  # fmt: skip


def notebook(*sources: str) -> dict[str, Any]:
    """A notebook of a parameters cell, the reading cell, and ``sources``."""
    cells = [cell(PARAMETERS, "parameters"), cell(READ, number=1)]
    cells += [cell(source, number=position + 2) for position, source in enumerate(sources)]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def write_notebook(home: Path, *sources: str, name: str = "like_motivation") -> None:
    (home / "notebooks").mkdir(parents=True, exist_ok=True)
    text = json.dumps(notebook(*sources), ensure_ascii=False)
    (home / "notebooks" / f"{name}.ipynb").write_text(text, encoding="utf-8")


def write_client(home: Path, name: str = "acme", *, rows: tuple[str, ...] = ("1,050-1234567",)) -> Path:
    """A client's folder and its data; the folder under ``params/``."""
    folder, data = home / "params" / name, home / "clients" / name
    folder.mkdir(parents=True, exist_ok=True)
    data.mkdir(parents=True, exist_ok=True)
    (folder / "client.yml").write_text(CLIENT.format(name=name), encoding="utf-8")
    (folder / "like_motivation.yml").write_text(WORKBOOK, encoding="utf-8")
    (data / "customers.csv").write_text("\n".join(("id,phone", *rows)) + "\n", encoding="utf-8")
    (data / "columns.csv").write_text("group,column,role\n", encoding="utf-8")
    (data / "options.csv").write_text("question,option\n", encoding="utf-8")
    return folder


def install_report() -> types.ModuleType:
    """A stand-in for ``kesher.report`` that writes small pages."""
    module = types.ModuleType("kesher.report")

    def result_of(notebook: Any) -> Any:
        outputs = [output for one in notebook["cells"] for output in one.get("outputs", [])]
        found = [output["data"][RESULT] for output in outputs if RESULT in output.get("data", {})]
        if len(found) != 1:
            raise WorkbookFailed(Fault("notebook", "result", "No result.", ""))
        return found[0]

    def write_reports(notebook: Any, folder: Path, *, meta: Meta, languages: tuple[str, ...]) -> None:
        for language in languages:
            text = f"<p>{result_of(notebook)['numbers'][0]['value']}</p>"
            (folder / file_name(meta, language)).write_text(text, encoding="utf-8")

    def write_index(folder: Path, entries: Any, *, client_name: Any, illustrative: bool) -> None:
        (folder / "index.html").write_text("".join(str(entry.links) for entry in entries), encoding="utf-8")

    for piece in (result_of, write_reports, write_index, file_name, Meta, Entry):
        setattr(module, piece.__name__, piece)
    sys.modules["kesher.report"] = module
    return module


if __name__ == "__main__":  # kesher's command line with the stand-in: python tests/stub_project.py run acme
    from kesher.cli import main

    install_report()
    sys.exit(main())
