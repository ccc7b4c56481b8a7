"""A survey export to tidy respondents: recognise, take the mapped columns only, code, check, count."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers.exports import PREVIEW_KEYS, PREVIEW_WORDS, SPAM_KEYS, recognise
from kesher.readers.findings import Findings, nearest
from kesher.readers.grid import Grid, open_grid
from kesher.readers.layouts import Layout
from kesher.readers.lists import ColumnRole, Options, read_columns
from kesher.readers.opening import DataRoot
from kesher.readers.people import Cells, Export, read_people
from kesher.readers.privacy import private_cells, private_name
from kesher.readers.questions import read_questions
from kesher.readers.spss import SavGrid, open_sav
from kesher.readers.surveymonkey import NEVER, one_row_each
from kesher.readers.text import UNSELECTED_KEYS, key
from kesher.readers.tidy import Mask, Respondents

FEW_VALUES = frozenset({"segment", "asked", "recommend", "wave", "grid", "driver"})
_UNFINISHED = UNSELECTED_KEYS | {"falsch", "faux", "falso", "onwaar"}


def read_respondents(
    root: DataRoot,
    spec: str,
    *,
    group: str,
    columns_spec: str,
    options: Options,
    format: str = "auto",
    encoding: str = "auto",
    delimiter: str = "auto",
    other_limit: float = 0.10,
    blanks_are_no: bool = False,
) -> Respondents:
    """Read one group's survey export.

    Only columns named in the columns table leave the file, and of answers only the options they match and
    counts. Preview and test interviews are dropped and counted; partial interviews are kept and counted, and
    where they left a question blank they were not asked it. With ``blanks_are_no`` a blank of anybody else is an
    answer of no, also where no is written out for others: people who are not online use no network. Raises
    DataRefused with all faults found: columns missing, repeated or personal, weights that are none, empty columns,
    and more than ``other_limit`` of a column's answers matching no option.
    """
    lines = read_columns(root, columns_spec, group=group, options=options)
    grid: Grid
    if root.is_sav(spec.partition("#")[0]):
        grid = open_sav(root, spec, encoding=encoding)
        lines = grid.expanded(lines, options)
    else:
        grid = open_grid(root, spec, encoding=encoding)
    findings = grid.findings
    layout = recognise(grid, format, [line.column for line in lines])
    lines = layout.by_question(lines, options, findings)
    roles = list(zip(lines, _places(grid, layout, lines), strict=True))
    for line, at in roles:
        if line.role not in ("respondent", "choices", "asked"):
            _refuse_personal(findings, layout.shown(at), private_name(layout.names[at]))
    findings.stop()
    _note_headers(findings, layout, {at for _, at in roles})
    frame, rows, partial, total = _load(grid, layout, roles)
    cells = {at: Cells.of(layout.shown(at), frame[at]) for _, at in roles}
    for line, at in roles:
        if line.role not in ("respondent", "weight"):
            what = private_cells(cells[at].values, cells[at].counts)
            _refuse_personal(findings, cells[at].name, what)
    findings.stop()
    export = Export(findings, rows, options, other_limit, decimal_comma=grid.separator == ";")
    mapped = [(line, cells[at]) for line, at in roles]
    if isinstance(grid, SavGrid):
        mapped = grid.told(mapped, options)
        findings.stop()
    people = read_people(export, mapped)
    if delimiter == "auto" and layout.format == "surveymonkey":
        delimiter = NEVER
    questions = read_questions(export, mapped, partial, delimiter, blanks_are_no=blanks_are_no)
    findings.stop()
    return Respondents(group, people, questions, grid.report(layout.format, layout.how, total, len(layout.names)))


def _load(
    grid: Grid, layout: Layout, roles: list[tuple[ColumnRole, int]]
) -> tuple[pd.DataFrame, NDArray[np.int64], Mask, int]:
    """The mapped columns of the rows that are interviews, their numbers, which were broken off; the file's rows."""
    state = [at for name in ("status", "finished") for at in layout.find(name)[:1]]
    person = [0] if layout.format == "surveymonkey" else []
    many = {at for line, at in roles if line.role not in FEW_VALUES and not line.option}
    frame, rows = grid.load({*(at for _, at in roles), *state, *person}, layout.first, many)
    total = len(frame)
    if person:
        frame, rows = one_row_each(frame, rows, person[0], layout, grid.findings)
        grid.findings.stop()
    kept, partial = _interviews(grid.findings, layout, frame)
    if not kept.any():
        raise grid.findings.refused("no_rows", "All rows are previews or tests.", "Export real answers.")
    if not kept.all():
        frame, rows, partial = frame[kept], rows[kept], partial[kept]
    return frame, rows, partial, total


def _places(grid: Grid, layout: Layout, lines: list[ColumnRole]) -> list[int]:
    """The column of each line of the columns table; refuses missing and repeated ones, all together."""
    known = sorted({names[0] for names in layout.names if names[0].strip()})
    places = {line.column: layout.find(line.column) for line in lines if line.at is None}
    for name, found in places.items():
        if not found:
            remedy = f"Mend its name in the columns table.{nearest(name, known)}"
            row = layout.first - 1 + grid.first_row or None
            grid.findings.wrong("missing_column", "The file has no such column.", remedy, name, row)
        elif len(found) > 1:
            what = f"{len(found)} columns of the file have this name."
            remedy = f"Write '{name} (1)', '{name} (2)' for the first, second, or rename them."
            grid.findings.wrong("ambiguous_column", what, remedy, name)
    grid.findings.stop()
    return [places[line.column][0] if line.at is None else line.at for line in lines]


def _refuse_personal(findings: Findings, column: str, what: str | None) -> None:
    if what:
        said = f"The column holds {what} by its name or its cells."
        findings.wrong("personal", said, "Take it out of the columns table; only respondent may.", column)


def _note_headers(findings: Findings, layout: Layout, mapped: set[int]) -> None:
    unread = [names for at, names in enumerate(layout.names) if at not in mapped]
    personal = sum(private_name(names) is not None for names in unread)
    findings.note("personal_columns", personal, "columns hold personal details; not read.")
    findings.note("unmapped_columns", len(unread), "columns are not mapped; not read.")
    said = "column names are repeated; they are told apart as (1), (2)."
    findings.note("duplicate_header", layout.repeated, said)


def _interviews(findings: Findings, layout: Layout, frame: pd.DataFrame) -> tuple[Mask, Mask]:
    """Which rows are interviews and not previews or spam, and which of them were broken off; both counted."""
    kept, partial = np.ones(len(frame), np.bool_), np.zeros(len(frame), np.bool_)
    if layout.format != "qualtrics":
        return kept, partial
    for at in layout.find("status")[:1]:
        status = Cells.of("Status", frame[at])
        preview = status.test(lambda cell: key(cell) in PREVIEW_KEYS or bool(PREVIEW_WORDS.search(key(cell))))
        spam = status.test(lambda cell: key(cell) in SPAM_KEYS) & ~preview
        findings.note("preview_rows", status.count(preview), "rows are previews or tests; dropped.", "Status")
        findings.note("spam_rows", status.count(spam), "rows are spam; dropped.", "Status")
        kept = ~status.spread(preview | spam)
    for at in layout.find("finished")[:1]:
        finished = Cells.of("Finished", frame[at])
        partial = finished.spread(finished.test(lambda cell: key(cell) in _UNFINISHED))
        count = int((partial & kept).sum())
        findings.note("partial_rows", count, "rows are partial interviews; kept.", "Finished")
    return kept, partial
