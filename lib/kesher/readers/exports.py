"""Recognising which program a survey export comes from, and where in it names end and answers begin."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

from kesher.readers.grid import Grid
from kesher.readers.layouts import Layout, Names
from kesher.readers.numbers import number
from kesher.readers.surveymonkey import surveymonkey
from kesher.readers.text import header_key, key

# Qualtrics' Status: its codes, and the words of the languages met so far
PREVIEW_KEYS = frozenset(map(key, ("1", "2", "9", "17", "survey preview", "survey test", "offline survey preview")))
PREVIEW_WORDS = re.compile(r"preview|vorschau|apercu|aperçu|vista previa|anteprima|תצוגה מקדימה")
SPAM_KEYS = frozenset(map(key, ("8", "9", "12", "spam", "imported spam", "possible spam")))

_RESPONSE = re.compile(r"R_[0-9A-Za-z]{8,}\Z")
_TIME_COLUMNS = (  # of Microsoft Forms
    {"start time", "completion time"},
    {header_key("שעת התחלה"), header_key("שעת השלמה")},
    {header_key("שעת התחלה"), header_key("שעת סיום")},
)


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
    found = [
        Layout("table", f"a header in row {at + grid.first_row}", at + 1, [(name,) for name in names])
        for at, names in enumerate(grid.head)
        if any(map(str.strip, names))
    ]
    for at, (upper, lower) in enumerate(zip(grid.head, grid.head[1:], strict=False)):
        title = len(upper) < len(lower) and sum(map(bool, map(str.strip, upper))) < 2
        if lower and not title:
            found.append(_pair(grid, at))
    if not found:
        raise grid.findings.refused("empty", "The table is empty.", "Export it again.")
    hits = [len(keys & {header_key(name) for column in one.names for name in column}) for one in found]
    best = found[hits.index(max(hits))]
    return best if best.questions or not _options_below(grid, best.first, keys) else _pair(grid, best.first - 1)


def _pair(grid: Grid, at: int) -> Layout:
    how = f"a header in rows {at + grid.first_row} and {at + 1 + grid.first_row}"
    return Layout("table", how, at + 2, *_paired(grid.head[at], grid.head[at + 1]))


def _options_below(grid: Grid, first: int, keys: set[str]) -> bool:
    """Whether record ``first`` holds the options of a mapped question, which spans several columns of the header.

    Raises DataRefused where the record may as well be the first answers, or is of words above mapped numbers.
    """
    if first >= len(grid.head) or not any(map(str.strip, grid.head[first])):
        return False
    upper, lower = ([cell.strip() for cell in row] for row in grid.head[first - 1 : first + 1])
    above = _padded(upper, len(lower))
    starts = [at for at, top in enumerate(above) if top]
    mapped = [at for at in starts if header_key(above[at]) in keys]
    spans = [range(at, to) for at, to in pairwise([*starts, len(above)]) if at in mapped and to - at > 1]
    under = [key(lower[at]) for span in spans for at in span]
    options = bool(under) and all(under) and len(set(under)) == len(under)
    words = bool(mapped) and all(lower[at] and number(lower[at]) is None for at in mapped)
    if options and not any(cell for at, cell in enumerate(lower) if not any(at in span for span in spans)):
        return True
    if options or (words and any(_numbers_below(grid, first, at) for at in mapped)):
        row = first + grid.first_row
        what = f"Row {row - 1} is a header; row {row} may belong to it, with options or wordings, or hold answers."
        remedy = "Take it out or fill the header's blank cells, or map the names of that row or 'question - option'."
        raise grid.findings.refused("header_rows", what, remedy, row)
    return False


def _numbers_below(grid: Grid, first: int, at: int) -> bool:
    """Whether a column holds nothing but numbers, three at least, below record ``first`` as far as the head goes."""
    cells = [row[at] for row in grid.head[first + 1 :] if at < len(row) and row[at].strip()]
    return len(cells) > 2 and all(number(cell) is not None for cell in cells)


def _paired(upper: list[str], lower: list[str]) -> tuple[Names, tuple[tuple[str, str], ...]]:
    names: Names = []
    questions = []
    question = ""
    for top, bottom in zip(_padded(upper, len(lower)), lower, strict=True):
        question, top, bottom = top.strip() or question, top.strip(), bottom.strip()
        names.append((bottom or top, f"{question} - {bottom}", top))
        questions.append((question, bottom))
    return names, tuple(questions)


def _padded(row: list[str], width: int) -> list[str]:
    return (row + [""] * width)[:width]


def sav(grid: Grid, wanted: Sequence[str]) -> Layout | None:
    """SPSS: the variables' names, then their labels, out of the file's own dictionary."""
    return Layout("sav", "SPSS's signature and dictionary", 0, grid.known) if grid.known is not None else None


# A new export plugs in here; the first that recognises the file wins, a plain table recognises anything.
FORMATS: dict[str, Callable[[Grid, Sequence[str]], Layout | None]] = {
    "sav": sav,
    "qualtrics": qualtrics,
    "surveymonkey": surveymonkey,
    "forms": forms,
    "table": table,
}


def recognise(grid: Grid, format: str, wanted: Sequence[str]) -> Layout:
    """The layout of an opened export, of a forced format or the first that fits; raises DataRefused."""
    if format not in ("auto", *FORMATS):
        raise ValueError(f"format must be auto or one of {', '.join(FORMATS)}, got {format!r}")
    tried = {"auto": [*FORMATS], "forms": ["forms", "table"]}.get(format, [format])
    tried = tried if grid.known is None else [name for name in tried if name == "sav"]
    layout = next(filter(None, (FORMATS[name](grid, wanted) for name in tried)), None)
    if layout is None:
        what = f"The file does not look like a {format} export."
        remedy = "Set the format to auto, or to table for a plain table."
        raise grid.findings.refused("wrong_format", what, remedy)
    if format == "auto":
        return layout
    return replace(layout, format=format, how=f"forced by the parameters; {layout.how}")
