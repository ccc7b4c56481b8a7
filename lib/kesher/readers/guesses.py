"""What stands for the marketing side without a survey of it: sealed guesses and published figures."""

from __future__ import annotations

import datetime
import re
from dataclasses import replace
from pathlib import Path

import pandas as pd

from kesher.readers.coding import Coder
from kesher.readers.findings import Findings, nearest
from kesher.readers.lists import CODE, Options
from kesher.readers.numbers import number
from kesher.readers.opening import DataRoot
from kesher.readers.tables import RawTable, read_table
from kesher.readers.text import key
from kesher.readers.tidy import Guesses, PublishedTable

PUBLISHED = Path(__file__).resolve().parents[3] / "data" / "published"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(T00:00:00)?\Z")


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
    names = ("guesser", "option", "guess_percent", "sealed_on")
    table = read_table(root, spec, expect=names, optional=("wave",))
    findings, source = table.findings, table.source
    if question not in options:
        raise findings.refused("unknown_question", f"Question {question!r} has no options.", "Add them.")
    if seal is not None and seal != source.sha256:
        what = "The file is not the one that was sealed: its sha256 differs from guesses_seal."
        findings.wrong("seal", what, "Use the sealed file, or leave guesses_seal out and say so.")
    revealed = datetime.date.fromisoformat(revealed_on) if isinstance(revealed_on, str) else revealed_on
    coder = Coder(options[question])
    pseudonyms: dict[str, int] = {}
    rows: dict[tuple[int, str, int], float] = {}
    dates: list[datetime.date] = []
    for at, (guesser, option, cell, day, wave_cell) in table.lines(*names, "wave"):
        if not guesser:
            table.wrong(at, "missing_guesser", "The guesser is missing.", "Name one.", "guesser")
        guessed = _option(table, at, coder, option)
        guess = number(cell.removesuffix("%"))
        if guess is None or not 0 <= guess <= 100:
            what = "The guess is not a number from 0 to 100."
            table.wrong(at, "bad_guess", what, "Write 35 for 35 %.", "guess_percent")
        wave = number(wave_cell or "1")
        if wave is None or wave != int(wave):
            table.wrong(at, "bad_wave", "The wave is not a whole number.", "Write 1, 2, ...", "wave")
        sealed = _sealed(table, at, day, revealed)
        if guessed is None or guess is None or wave is None or sealed is None:
            continue
        line = (pseudonyms.setdefault(key(guesser), len(pseudonyms) + 1), guessed, int(wave))
        if line in rows:
            what = "The guesser guessed this option before."
            table.wrong(at, "duplicate_guess", what, "Keep one.", "option")
        rows[line] = guess / 100
        dates.append(sealed)
    findings.stop()
    if seal is None:
        findings.note("unsealed", len(rows), "guesses carry no seal: nothing proves when they were made.")
    frame = pd.DataFrame(
        [(guesser, option, guess, wave) for (guesser, option, wave), guess in rows.items()],
        columns=["guesser", "option", "guess", "wave"],
    )
    source = replace(source, notes=tuple(findings.notes))
    return Guesses(frame, max(dates), source.sha256, seal is not None, source)


def _option(table: RawTable, at: int, coder: Coder, said: str) -> str | None:
    place = int(coder.one([said])[0])
    if place >= 0:
        return coder.options[place].option
    known = [one.option for one in coder.options] if CODE.match(said) else []
    remedy = f"Use an id of the options table.{nearest(said, known)}"
    table.wrong(at, "unknown_option", "There is no such option.", remedy, "option")
    return None


def _sealed(table: RawTable, at: int, day: str, revealed: datetime.date | None) -> datetime.date | None:
    try:
        sealed = datetime.date.fromisoformat(day[:10] if _DAY.match(day) else "")
    except ValueError:
        table.wrong(at, "bad_date", "This is not a date.", "Write it as 2026-10-20.", "sealed_on")
        return None
    if revealed is not None and sealed > revealed:
        what = "The guess was sealed after the result was revealed."
        remedy = "Leave it out: only guesses made before the result count."
        table.wrong(at, "sealed_late", what, remedy, "sealed_on")
    return sealed


def read_published(study: str, group: str, *, folder: str | Path | None = None) -> PublishedTable:
    """One group of a published study from the tables of ``folder`` (data/published when None).

    Columns: study, item, group, value, n, base, form, wording, year, country, source; optionally rank and
    unit (share, percent). The file named like the study is read, else all. Raises DataRefused, with the
    nearest names, for an unknown study or group.
    """
    columns = ["item", "value", "n", "base", "form", "wording", "year", "country", "source"]
    expected = ["study", "group", *columns]
    paths = sorted(Path(folder or PUBLISHED).glob("*.csv"))
    paths = [path for path in paths if path.stem == study] or paths
    tables = [pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig") for path in paths]
    tables = [one.reindex(columns=[*expected, "rank", "unit"]) for one in tables if {*expected} <= {*one}]
    rows = pd.concat(tables or [pd.DataFrame(columns=expected)])
    findings = Findings("data/published")
    of_study = rows[rows["study"] == study]
    items = of_study.loc[of_study["group"] == group, [*columns, "rank", "unit"]].rename(columns={"value": "share"})
    if not len(items):
        near = nearest(group, {*of_study["group"]}) if len(of_study) else nearest(study, {*rows["study"]})
        what = f"There is no group {group!r} of a study {study!r}."
        raise findings.refused("missing_study", what, f"Mend the names.{near}")
    for name in ("share", "n", "year", "rank"):
        items[name] = pd.to_numeric(items[name], errors="coerce")
    percent = items.pop("unit").isin(["percent", "pct", "%"])
    items["share"] = items["share"].where(~percent, items["share"] / 100)
    if not items["share"].between(0, 1).all():
        what = f"A value of the group {group!r} of study {study!r} is not a share from 0 to 1."
        raise findings.refused("bad_share", what, "Mend it, or name its unit.")
    if items["item"].duplicated().any():
        raise findings.refused("duplicate_item", "An item of the study comes twice.", "Keep one.")
    items["rank"] = items["rank"].fillna(items["share"].rank(ascending=False, method="average"))
    return PublishedTable(study, group, items.reset_index(drop=True))
