"""The made-up client's files as a client would send them, and the truth beside them."""

from __future__ import annotations

import csv
import io
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kesher.sample.planting import Planted, plant
from kesher.sample.population import NONE, Settings


def write(folder: Path, settings: Settings) -> Planted:
    """Write the client's files into ``folder``, byte for byte the same for the same settings."""
    planted = plant(settings, settings["seed"])
    tables: dict[str, list[list[Any]]] = {
        "customers.csv": _export(planted.people, settings),
        "columns.csv": _columns(settings),
        "options.csv": _options(settings),
        "margins.csv": [
            ["question", "option", "share"],
            *([q, level, share] for q, levels in planted.margins.items() for level, share in levels.items()),
        ],
        "guesses.csv": [list(planted.guesses.columns), *planted.guesses.to_numpy().tolist()],
    }
    for name, rows in tables.items():
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n" if name == "customers.csv" else "\n").writerows(rows)
        encoding = "utf-8-sig" if name == "customers.csv" else "utf-8"
        (folder / name).write_bytes(text.getvalue().encode(encoding))
    known = json.dumps({settings["workbook"]: planted.truth}, indent=1) + "\n"
    (folder / "truth.json").write_text(known, encoding="utf-8", newline="\n")
    return planted


def _grid_headers(settings: Settings) -> dict[str, str]:
    """grid.<item> -> column title, as a form's grid question exports it."""
    grid = settings["grid"]
    return {f"grid.{item}": f"{grid['header']} [{values['text']}]" for item, values in grid["items"].items()}


def _export(people: pd.DataFrame, settings: Settings) -> list[list[Any]]:
    """A Google Forms export: a title row of questions, several choices joined in one cell by comma, space."""
    titles: dict[str, str] = settings["headers"]
    cells: dict[str, pd.Series] = {}
    cells[titles["answered_at"]] = people["answered_at"].dt.strftime("%d/%m/%Y %H:%M:%S")
    cells[titles["respondent"]] = people["respondent"]
    for question, segment in settings["segments"].items():
        texts = {level: values["text"] for level, values in segment["levels"].items()}
        cells[segment["header"]] = people[question].map(texts)
    for name, question in settings["questions"].items():
        ticked = [f"{name}.{option}" for option in question["options"]]
        choices = [values["text"] for values in question["options"].values()]
        joined = [
            ", ".join([*itertools.compress(choices, ticks), *([other] if other else [])])
            for ticks, other in zip(people[ticked].to_numpy(dtype=bool), people[f"{name}.other"], strict=True)
        ]
        cells[question["header"]] = pd.Series(joined)
    numbers = {name: titles[name] for name in ("programmes_enrolled", "programmes_active")}
    numbers |= {name: scale["header"] for name, scale in settings["scales"].items()} | _grid_headers(settings)
    for name, title in (numbers | {"duration_seconds": titles["duration_seconds"]}).items():
        cells[title] = people[name].map(lambda value: "" if np.isnan(value) else str(int(value)))
    table = pd.DataFrame(cells)
    return [list(table.columns), *table.to_numpy().tolist()]


def _columns(settings: Settings) -> list[list[str]]:
    """Which column answers what: group, column, role, question, option."""
    titles = settings["headers"]
    rows = [[titles["respondent"], "respondent", "", ""], [titles["duration_seconds"], "duration", "", ""]]
    rows += [[segment["header"], "segment", name, ""] for name, segment in settings["segments"].items()]
    rows += [[question["header"], "choices", name, ""] for name, question in settings["questions"].items()]
    rows += [[titles[name], name, "", ""] for name in ("programmes_enrolled", "programmes_active")]
    rows += [[scale["header"], name, "", ""] for name, scale in settings["scales"].items()]
    for role in ("grid", "driver"):  # satisfaction: shows straight-liners, and what goes with recommending
        rows += [[t, role, name.removeprefix("grid."), ""] for name, t in _grid_headers(settings).items()]
    return [["group", "column", "role", "question", "option"], *(["customers", *row] for row in rows)]


def _options(settings: Settings) -> list[list[str]]:
    """What each answer means, in both languages, and the texts of the form that mean it."""
    rows = [["question", "option", "label_en", "label_he", "accepts", "exclusive", "published_item"]]
    levels = {name: segment["levels"] for name, segment in settings["segments"].items()}
    asked = {name: question["options"] for name, question in settings["questions"].items()}
    for name, options in (levels | asked | {"driver": settings["grid"]["items"]}).items():
        for option, values in options.items():
            accepts = values["text"] if values["text"] != values["he"] else ""
            exclusive, item = "true" if option == NONE else "false", values.get("published_item", "")
            rows.append([name, option, values["en"], values["he"], accepts, exclusive, item])
    return rows
