"""What stands for the marketing side without a survey of it: sealed guesses and published figures."""

from __future__ import annotations

import datetime
import re
from collections import defaultdict
from pathlib import Path

import pandas as pd

from kesher.faults import Fault
from kesher.readers.coding import Coder
from kesher.readers.lists import CODE, Options, raise_all
from kesher.readers.numbers import number
from kesher.readers.opening import DataRoot, fault, nearest, refuse
from kesher.readers.tables import noted, read_table
from kesher.readers.text import header_key, key
from kesher.readers.tidy import Guesses, Note, PublishedTable

PUBLISHED = Path(__file__).resolve().parents[3] / "data" / "published"


def read_guesses(
    root: DataRoot,
    spec: str,
    *,
    options: Options,
    seal: str | None = None,
    revealed_on: str | datetime.date | None = None,
    question: str = "reasons",
) -> Guesses:
    """The marketing team's sealed guesses of the share that ticked each option.

    Columns: guesser, option (id or label of ``question``), guess_percent (0-100), sealed_on (2026-10-20),
    optionally wave. Raises DataRefused: hash other than ``seal``, a date after ``revealed_on``, guesses out
    of range or given twice, unknown options, each by row.
    """
    table = read_table(
        root, spec, expect=("guesser", "option", "guess_percent", "sealed_on"), optional=("wave",)
    )
    if question not in options:
        raise refuse(table.name, "unknown_question", f"Question {question!r} has no options.", "Add them.")
    faults: list[Fault] = []
    if seal is not None and seal != table.source.sha256:
        what = "The file is not the one that was sealed: its sha256 differs from guesses_seal."
        faults.append(
            fault(table.name, "seal", what, "Use the sealed file, or leave guesses_seal out and say so.")
        )
    revealed = datetime.date.fromisoformat(revealed_on) if isinstance(revealed_on, str) else revealed_on
    coder = Coder(options[question])
    pseudonyms: dict[str, int] = {}
    rows: list[tuple[int, str, float, int]] = []
    dates: list[datetime.date] = []
    seen: set[tuple[int, str, int]] = set()
    names = ("guesser", "option", "guess_percent", "sealed_on", "wave")
    for at, (guesser, option, cell, day, wave_cell) in enumerate(
        zip(*(table.column(name) for name in names), strict=True)
    ):
        if not guesser:
            faults.append(
                table.fault(at, "missing_guesser", "The guesser is missing.", "Name one.", "guesser")
            )
        place = int(coder.one([option])[0])
        if place < 0:
            known = [one.option for one in options[question]]
            remedy = f"Use an id of the options table.{nearest(option, known) if CODE.match(option) else ''}"
            faults.append(table.fault(at, "unknown_option", "There is no such option.", remedy, "option"))
        guess = number(cell.removesuffix("%"))
        if guess is None or not 0 <= guess <= 100:
            what = "The guess is not a number from 0 to 100."
            faults.append(table.fault(at, "bad_guess", what, "Write 35 for 35 %.", "guess_percent"))
        wave = number(wave_cell) if wave_cell else 1.0
        if wave is None or wave != int(wave):
            faults.append(
                table.fault(at, "bad_wave", "The wave is not a whole number.", "Write 1, 2, ...", "wave")
            )
        sealed = _date(day)
        if sealed is None:
            faults.append(
                table.fault(at, "bad_date", "This is not a date.", "Write it as 2026-10-20.", "sealed_on")
            )
        elif revealed is not None and sealed > revealed:
            what = "The guess was sealed after the result was revealed."
            remedy = "Leave it out: only guesses made before the result count."
            faults.append(table.fault(at, "sealed_late", what, remedy, "sealed_on"))
        if place < 0 or guess is None or wave is None or sealed is None:
            continue
        line = (
            pseudonyms.setdefault(key(guesser), len(pseudonyms) + 1),
            coder.options[place].option,
            int(wave),
        )
        if line in seen:
            what = "The guesser guessed this option before."
            faults.append(table.fault(at, "duplicate_guess", what, "Keep one.", "option"))
        seen.add(line)
        dates.append(sealed)
        rows.append((line[0], line[1], guess / 100, line[2]))
    raise_all(faults)
    notes = []
    if seal is None:
        notes.append(
            Note("unsealed", len(rows), None, "guesses carry no seal: nothing proves when they were made.")
        )
    frame = pd.DataFrame(rows, columns=["guesser", "option", "guess", "wave"])
    return Guesses(frame, max(dates), table.source.sha256, seal is not None, noted(table.source, *notes))


def _date(cell: str) -> datetime.date | None:
    try:
        return (
            datetime.date.fromisoformat(cell[:10])
            if re.match(r"\d{4}-\d{2}-\d{2}(T00:00:00)?\Z", cell)
            else None
        )
    except ValueError:
        return None


def read_published(study: str, group: str, *, folder: str | Path | None = None) -> PublishedTable:
    """One group of a published study from the tables of ``folder`` (data/published when None).

    Columns: study, item, group, value, n, base, form, wording, year, country, source; optionally rank and
    unit (share, percent). Raises DataRefused, with the nearest names, for an unknown study or group.
    """
    root = DataRoot(folder if folder is not None else PUBLISHED)
    texts = ["base", "form", "wording", "country", "source"]
    expected = ["study", "item", "group", "value", "n", "year", *texts]
    known: dict[str, set[str]] = defaultdict(set)
    rows: list[dict[str, str | float | None]] = []
    faults: list[Fault] = []
    own = root.path / f"{study}.csv"
    for path in [own] if own.is_file() else sorted(root.path.glob("*.csv")):
        table = read_table(root, path.name, optional=(*expected, "rank", "unit"))
        if not set(expected) <= set(table.frame.columns):
            continue  # another kind of table beside the studies
        cells = {name: table.column(name) for name in (*expected, "rank", "unit")}
        for at, (in_study, in_group) in enumerate(zip(cells["study"], cells["group"], strict=True)):
            known[in_study].add(in_group)
            if (in_study, in_group) != (study, group):
                continue
            value = number(cells["value"][at], percent=True)
            percent = header_key(cells["unit"][at]) in ("percent", "pct", "%")
            share = value / 100 if value is not None and percent else value
            if share is None or not 0 <= share <= 1:
                what = "The value is not a share from 0 to 1."
                faults.append(table.fault(at, "bad_share", what, "Mend it, or name its unit.", "value"))
            row: dict[str, str | float | None] = {name: cells[name][at] for name in ("item", *texts)}
            rows.append(
                row | {"share": share} | {name: number(cells[name][at]) for name in ("n", "year", "rank")}
            )
    raise_all(faults)
    if not rows:
        told = nearest(group, sorted(known[study])) if study in known else nearest(study, sorted(known))
        what = f"There is no group {group!r} of a study {study!r}."
        raise refuse("data/published", "missing_study", what, f"Mend the names.{told}")
    items = pd.DataFrame(rows)[["item", "share", "n", *texts[:3], "year", *texts[3:], "rank"]]
    items = items.astype(dict.fromkeys(("share", "n", "year", "rank"), float))
    if items["item"].duplicated().any():
        raise refuse("data/published", "duplicate_item", "An item of the study comes twice.", "Keep one.")
    items["rank"] = items["rank"].fillna(items["share"].rank(ascending=False, method="average"))
    return PublishedTable(study, group, items)
