"""A survey export to tidy respondents: recognise, take the mapped columns only, code, check, count."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kesher.faults import Fault
from kesher.readers.exports import PREVIEW_KEYS, PREVIEW_WORDS, SPAM_KEYS, Layout, recognise
from kesher.readers.grid import Grid, open_grid, report
from kesher.readers.lists import ColumnRole, Options, raise_all, read_columns
from kesher.readers.opening import DataRoot, fault, nearest, refuse
from kesher.readers.people import Cells, People
from kesher.readers.privacy import private_cells, private_name
from kesher.readers.questions import Questions
from kesher.readers.text import UNSELECTED_KEYS, key
from kesher.readers.tidy import Mask, Note, Respondents

FEW_VALUES = frozenset({"choices", "segment", "asked", "recommend", "wave", "grid", "driver"})


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
) -> Respondents:
    """Read one group's survey export.

    Only columns named in the columns table leave the file, and of answers only the options they match and
    counts. Preview and test interviews are dropped and counted; partial interviews are kept and counted, and
    where they left a question blank they were not asked it. Raises DataRefused with all faults found: columns
    missing, repeated or personal, weights that are none, empty columns, and more than ``other_limit`` of a
    column's answers matching no option.
    """
    lines = read_columns(root, columns_spec, group=group, options=options)
    grid = open_grid(root, spec, encoding=encoding)
    layout = recognise(grid, format, [line.column for line in lines])
    places = _places(grid, layout, lines)
    raise_all(_private_headers(grid, layout, lines, places))
    _note_headers(grid, layout, set(places))
    extra = [at for at in (layout.status, layout.finished) if at is not None]
    many = {
        at
        for line, at in zip(lines, places, strict=True)
        if line.role not in FEW_VALUES or (line.role == "choices" and not line.option)
    }
    frame, rows = grid.load(sorted({*places, *extra}), layout.first, many)
    kept, partial = _interviews(grid, layout, frame)
    total = len(frame)
    if not kept.all():
        frame, rows, partial = frame[kept], rows[kept], partial[kept]
    if not len(frame):
        raise refuse(grid.name, "no_rows", "All rows are previews or tests.", "Export real answers.")
    cells = {at: Cells.of(layout.shown(at), frame[at]) for at in set(places)}
    faults = _private_contents(grid, lines, places, cells)
    raise_all(faults)
    people = People(grid.name, rows, other_limit, decimal_comma=grid.separator == ";")
    for line, at in zip(lines, places, strict=True):
        if line.role not in ("choices", "asked"):
            people.add(line, cells[at], options)
    reader = Questions(grid.name, partial, delimiter, other_limit)
    questions = reader.read(lines, [cells[at] for at in places], options)
    raise_all([*people.faults, *reader.faults])
    grid.notes += people.notes + reader.notes
    source = report(grid, layout.format, layout.how, total, len(layout.names))
    return Respondents(group, people.frame(), questions, source)


def _places(grid: Grid, layout: Layout, lines: list[ColumnRole]) -> list[int]:
    """The column of each line of the columns table; refuses missing and repeated ones, all together."""
    known = sorted({name for names in layout.names for name in names[:1] if name.strip()})
    faults: dict[str, Fault] = {}
    places = []
    for line in lines:
        found = layout.find(line.column)
        if not found:
            what = "The file has no such column."
            remedy = f"Mend its name in the columns table.{nearest(line.column, known)}"
            faults[line.column] = fault(
                grid.name,
                "missing_column",
                what,
                remedy,
                row=layout.first - 1 + grid.first_row,
                column=line.column,
            )
        elif len(found) > 1:
            what = f"{len(found)} columns of the file have this name."
            remedy = f"Write '{line.column} (1)', '{line.column} (2)' for the first, second, or rename them."
            faults[line.column] = fault(grid.name, "ambiguous_column", what, remedy, column=line.column)
        places += found[:1]
    raise_all(list(faults.values()))
    return places


def _private_headers(grid: Grid, layout: Layout, lines: list[ColumnRole], places: list[int]) -> list[Fault]:
    return [
        _private(grid, layout.shown(at), what)
        for line, at in zip(lines, places, strict=True)
        if line.role not in ("respondent", "choices", "asked") and (what := private_name(layout.names[at]))
    ]


def _private_contents(
    grid: Grid, lines: list[ColumnRole], places: list[int], cells: dict[int, Cells]
) -> list[Fault]:
    return [
        _private(grid, cells[at].name, what)
        for line, at in zip(lines, places, strict=True)
        if line.role not in ("respondent", "weight")
        and (what := private_cells(cells[at].values, cells[at].counts))
    ]


def _private(grid: Grid, column: str, what: str) -> Fault:
    said = f"The column holds {what} by its name or its cells."
    return fault(
        grid.name, "personal", said, "Take it out of the columns table; only respondent may.", column=column
    )


def _note_headers(grid: Grid, layout: Layout, mapped: set[int]) -> None:
    unread = [names for at, names in enumerate(layout.names) if at not in mapped]
    if personal := sum(private_name(names) is not None for names in unread):
        grid.notes.append(
            Note("personal_columns", personal, None, "columns hold personal details; not read.")
        )
    if unread:
        grid.notes.append(Note("unmapped_columns", len(unread), None, "columns are not mapped; not read."))
    if layout.repeated:
        said = "column names are repeated; they are told apart as (1), (2)."
        grid.notes.append(Note("duplicate_header", layout.repeated, None, said))


def _interviews(grid: Grid, layout: Layout, frame: pd.DataFrame) -> tuple[Mask, Mask]:
    """Which rows are interviews and not previews or spam, and which of them were broken off; both counted."""
    kept, partial = np.ones(len(frame), np.bool_), np.zeros(len(frame), np.bool_)
    if layout.status is not None:
        status = Cells.of("Status", frame[layout.status])
        said = [key(value) for value in status.values]
        preview = np.array([one in PREVIEW_KEYS or bool(PREVIEW_WORDS.search(one)) for one in said])
        spam = np.array([one in SPAM_KEYS for one in said]) & ~preview
        kept = ~status.spread(preview | spam)
        for code, found, what in (
            ("preview_rows", preview, "previews or tests"),
            ("spam_rows", spam, "spam"),
        ):
            if count := int(status.counts[found].sum()):
                grid.notes.append(Note(code, count, status.name, f"rows are {what}; dropped."))
    if layout.finished is not None:
        finished = Cells.of("Finished", frame[layout.finished])
        unfinished = np.array([_unfinished(key(value)) for value in finished.values])
        partial = finished.spread(unfinished)
        if count := int((partial & kept).sum()):
            grid.notes.append(
                Note("partial_rows", count, finished.name, "rows are partial interviews; kept.")
            )
    return kept, partial


def _unfinished(said: str) -> bool:
    return said in UNSELECTED_KEYS or said in {"falsch", "faux", "falso", "onwaar"}
