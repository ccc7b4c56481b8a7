"""Recognising which program a survey export comes from, and where in it names end and answers begin."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from kesher.readers.grid import Grid
from kesher.readers.tables import column_letter
from kesher.readers.text import header_key, key

# Qualtrics' Status: its codes, and the words of the languages met so far
PREVIEW_KEYS = frozenset(map(key, ("1", "2", "9", "17", "survey preview", "survey test", "offline survey preview")))
PREVIEW_WORDS = re.compile(r"preview|vorschau|apercu|aperçu|vista previa|anteprima|תצוגה מקדימה")
SPAM_KEYS = frozenset(map(key, ("8", "9", "12", "spam", "imported spam", "possible spam")))

_RESPONSE = re.compile(r"R_[0-9A-Za-z]{8,}\Z")
_NUMBERED = re.compile(r"(.+) \(([1-9]\d*)\)\Z")
_TIME_COLUMNS = (  # of Microsoft Forms
    {"start time", "completion time"},
    {header_key("שעת התחלה"), header_key("שעת השלמה")},
    {header_key("שעת התחלה"), header_key("שעת סיום")},
)

Names = list[tuple[str, ...]]  # per column: its names, the preferred one first


@dataclass(frozen=True)
class Layout:
    """How one export is laid out: ``names`` per column, ``first`` the record where answers begin."""

    format: str
    how: str
    first: int
    names: Names

    @cached_property
    def _levels(self) -> list[list[str]]:
        """The names in the form they are compared in, the preferred ones of all columns first."""
        return [[header_key(name) for name in level] for level in zip(*self.names, strict=True)]

    def find(self, name: str) -> list[int]:
        """The columns of that name: one when all is well, none when missing, several when it is repeated.

        A column's id goes before another's question text; "Q1 (2)" is the second of the columns called Q1.
        """
        wanted = header_key(name)
        for level in self._levels:
            if found := [at for at, said in enumerate(level) if said == wanted != ""]:
                return found
        if numbered := _NUMBERED.match(wanted):
            return self.find(numbered[1])[int(numbered[2]) - 1 :][:1]
        return []

    def shown(self, at: int) -> str:
        """A column's name for messages."""
        return next((name for name in self.names[at] if name.strip()), f"column {column_letter(at)}")

    @property
    def repeated(self) -> int:
        """How many columns repeat the name of an earlier one."""
        seen = list(filter(None, self._levels[0]))
        return len(seen) - len(set(seen))


def _import_id(cell: str) -> str:
    """The id in a cell of Qualtrics' third header row, with the choice where there is one; "" elsewhere."""
    try:
        said = json.loads(cell) if cell.lstrip().startswith("{") else {}
    except ValueError:
        return ""
    one, choice = str(said.get("ImportId", said.get("importId", ""))), said.get("choiceId")
    return f"{one}_{choice}" if one and choice and not one.endswith(f"_{choice}") else one


def qualtrics(grid: Grid, wanted: Sequence[str]) -> Layout | None:
    """Qualtrics: the row of {"ImportId": ...} wherever it stands, else the header rows of old exports."""
    for at, row in enumerate(grid.head[1:6], 1):
        ids = list(map(_import_id, row))
        if any(ids) and 2 * sum(map(bool, ids)) >= sum(bool(cell.strip()) for cell in row):
            above = [_padded(one, len(ids)) for one in grid.head[max(at - 2, 0) : at]]
            how = f"a row of ImportIds in row {at + grid.first_row}"
            return Layout("qualtrics", how, at + 1, list(zip(*above, ids, strict=True)))
    return _qualtrics_of_old(grid)


def _qualtrics_of_old(grid: Grid) -> Layout | None:
    """Qualtrics without ImportIds: names such as V1 or ResponseID, over question texts or at once over answers."""
    width = max(map(len, grid.head[:2]))
    first, second = (_padded(row, width) for row in (*grid.head, [])[:2])
    for row in (second, first):
        said = [header_key(cell).replace(" ", "") for cell in row]
        if "responseid" not in said or not {"finished", "status"} & set(said):
            continue
        below = second[said.index("responseid")]
        if row is first and (not any(second) or _RESPONSE.match(below)):
            how = "Qualtrics' column names, one header row"
            return Layout("qualtrics", how, 1, [(name,) for name in first])
        how = "Qualtrics' column names, two header rows"
        return Layout("qualtrics", how, 2, list(zip(first, second, strict=True)))
    return None


def forms(grid: Grid, wanted: Sequence[str]) -> Layout | None:
    """Google Forms (a timestamp first) and Microsoft Forms (start and completion time); one header row."""
    names: Names = [(name,) for name in grid.head[0]]
    said = [header_key(name) for (name,) in names]
    if said[:1] in (["timestamp"], [header_key("חותמת זמן")]):
        return Layout("forms", "Google Forms' timestamp column", 1, names)
    if any(pair <= set(said) for pair in _TIME_COLUMNS):
        return Layout("forms", "Microsoft Forms' time columns", 1, names)
    return None


def table(grid: Grid, wanted: Sequence[str]) -> Layout | None:
    """A plain table: the header is the record, or the pair of records, that holds most of the mapped names.

    Of a pair (question above, option below, merged cells filled to the right) a column answers to the lower
    name, to "upper - lower" and to its upper name.
    """
    keys = {header_key(name) for name in wanted}
    row = grid.first_row
    found: list[tuple[int, str, Names]] = [
        (at + 1, f"a header in row {at + row}", [(name,) for name in names])
        for at, names in enumerate(grid.head)
        if any(map(str.strip, names))
    ]
    for at, (upper, lower) in enumerate(zip(grid.head, grid.head[1:], strict=False)):
        title = len(upper) < len(lower) and sum(map(bool, map(str.strip, upper))) < 2
        if lower and not title:
            found.append((at + 2, f"a header in rows {at + row} and {at + 1 + row}", _paired(upper, lower)))
    if not found:
        raise grid.findings.refused("empty", "The table is empty.", "Export it again.")
    hits = [len(keys & {header_key(name) for column in names for name in column}) for _, _, names in found]
    first, how, names = found[hits.index(max(hits))]
    return Layout("table", how, first, names)


def _paired(upper: list[str], lower: list[str]) -> Names:
    names: Names = []
    question = ""
    for top, bottom in zip(_padded(upper, len(lower)), lower, strict=True):
        question, top, bottom = top.strip() or question, top.strip(), bottom.strip()
        names.append((bottom or top, f"{question} - {bottom}", top))
    return names


def _padded(row: list[str], width: int) -> list[str]:
    return (row + [""] * width)[:width]


# A new export plugs in here; the first that recognises the file wins, a plain table recognises anything.
FORMATS: dict[str, Callable[[Grid, Sequence[str]], Layout | None]] = {
    "qualtrics": qualtrics,
    "forms": forms,
    "table": table,
}


def recognise(grid: Grid, format: str, wanted: Sequence[str]) -> Layout:
    """The layout of an opened export, of a forced format or the first that fits; raises DataRefused."""
    if format not in ("auto", *FORMATS):
        raise ValueError(f"format must be auto or one of {', '.join(FORMATS)}, got {format!r}")
    tried = {"auto": [*FORMATS], "forms": ["forms", "table"]}.get(format, [format])
    layout = next(filter(None, (FORMATS[name](grid, wanted) for name in tried)), None)
    if layout is None:
        what = f"The file does not look like a {format} export."
        remedy = "Set the format to auto, or to table for a plain table."
        raise grid.findings.refused("wrong_format", what, remedy)
    if format == "auto":
        return layout
    return replace(layout, format=format, how=f"forced by the parameters; {layout.how}")
