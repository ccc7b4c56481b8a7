"""Recognising which program a survey export comes from, and where in it names end and answers begin."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from kesher.readers.grid import Grid
from kesher.readers.opening import refuse
from kesher.readers.tables import column_letters
from kesher.readers.text import header_key, key

# Qualtrics' Status: its codes, and the words of the languages met so far
PREVIEW_KEYS = frozenset(
    map(key, ("1", "2", "9", "17", "survey preview", "survey test", "offline survey preview"))
)
PREVIEW_WORDS = re.compile(r"preview|vorschau|apercu|aperçu|vista previa|anteprima|תצוגה מקדימה")
SPAM_KEYS = frozenset(map(key, ("8", "9", "12", "spam", "imported spam", "possible spam")))

Names = list[tuple[str, ...]]  # per column: its names, the preferred one first


@dataclass(frozen=True)
class Layout:
    """How one export is laid out: ``names`` per column, ``first`` the record where answers begin.

    ``status`` and ``finished`` are columns that tell previews and partial interviews.
    """

    format: str
    how: str
    first: int
    names: Names
    status: int | None = None
    finished: int | None = None
    index: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        levels: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        for at, names in enumerate(self.names):
            for level, name in enumerate(names):
                if name_key := header_key(name):
                    levels[level][name_key].append(at)
        for level in sorted(levels):  # a column's id goes before another's question text
            for name_key, found in levels[level].items():
                self.index.setdefault(name_key, found)
                if len(found) > 1:
                    for number, at in enumerate(found, 1):
                        self.index.setdefault(f"{name_key} ({number})", [at])

    def find(self, name: str) -> list[int]:
        """The columns of that name: one when all is well, none when missing, several when it is repeated."""
        return self.index.get(header_key(name), [])

    def shown(self, at: int) -> str:
        """A column's name for messages."""
        return next((name for name in self.names[at] if name.strip()), f"column {column_letters(at)}")

    @property
    def repeated(self) -> int:
        """How many columns repeat the name of an earlier one."""
        seen = [header_key(names[0]) for names in self.names if header_key(names[0])]
        return len(seen) - len(set(seen))


Recogniser = Callable[[Grid, Sequence[str]], Layout | None]


def _import_ids(row: list[str]) -> list[str] | None:
    """The ImportIds of Qualtrics' third header row (with the choice where there is one), or None."""
    ids, hits = [], 0
    for cell in row:
        found = ""
        if cell.lstrip().startswith("{"):
            try:
                said = json.loads(cell)
            except ValueError:
                said = None
            if isinstance(said, dict) and (one := said.get("ImportId", said.get("importId"))):
                hits += 1
                choice = said.get("choiceId")
                found = f"{one}_{choice}" if choice and not str(one).endswith(f"_{choice}") else str(one)
        ids.append(found)
    return ids if hits and hits * 2 >= sum(bool(cell.strip()) for cell in row) else None


def qualtrics(grid: Grid, wanted: Sequence[str]) -> Layout | None:
    """Qualtrics: the row of {"ImportId": ...} wherever it stands, else the two header rows of old exports."""
    for at, row in enumerate(grid.head[:6]):
        if (ids := _import_ids(row)) is not None and at > 0:
            return _qualtrics_rows(grid, at, ids)
    return _qualtrics_legacy(grid)


def _qualtrics_rows(grid: Grid, at: int, ids: list[str]) -> Layout:
    texts = _padded(grid.head[at - 1], len(ids)) if at > 1 else [""] * len(ids)
    first = _padded(grid.head[max(at - 2, 0)], len(ids))
    places = {name.casefold(): place for place, name in enumerate(ids)}
    by_name = {header_key(name): place for place, name in enumerate(first)}
    return Layout(
        "qualtrics",
        f"a row of ImportIds in row {at + grid.first_row}",
        at + 1,
        list(zip(first, texts, ids, strict=True)),
        places.get("status", by_name.get("status")),
        places.get("finished", by_name.get("finished")),
    )


def _qualtrics_legacy(grid: Grid) -> Layout | None:
    """Two header rows without ImportIds: ids V1, V2 ... or ResponseID over the question texts."""
    if len(grid.head) < 2:
        return None
    first, second = (_padded(row, len(grid.head[0])) for row in grid.head[:2])
    said, texts = [header_key(cell) for cell in first], [header_key(cell) for cell in second]
    for row, others in ((texts, said), (said, texts)):
        squeezed = [cell.replace(" ", "") for cell in row]
        if "responseid" not in squeezed or not {"finished", "status"} & set(row):
            continue
        place = squeezed.index("responseid")
        if row is said and re.match(r"r [a-z0-9]{8,}\Z", others[place]):
            return Layout(
                "qualtrics", "Qualtrics' column names, one header row", grid.first_row,
                [(name,) for name in first], _place(row, "status"), _place(row, "finished"),
            )  # fmt: skip
        names: Names = list(zip(first, second, strict=True))
        return Layout(
            "qualtrics",
            "Qualtrics' column names, two header rows",
            2,
            names,
            _place(row, "status"),
            _place(row, "finished"),
        )
    return None


def _place(row: list[str], name: str) -> int | None:
    return row.index(name) if name in row else None


_GOOGLE = frozenset(map(header_key, ("Timestamp", "חותמת זמן")))
_MICROSOFT = [
    set(map(header_key, ("Start time", "Completion time"))),
    set(map(header_key, ("שעת התחלה", "שעת השלמה"))),
    set(map(header_key, ("שעת התחלה", "שעת סיום"))),
]


def forms(grid: Grid, wanted: Sequence[str]) -> Layout | None:
    """Google Forms (a timestamp first) and Microsoft Forms (start and completion time); one header row."""
    header = grid.head[0] if grid.head else []
    said = [header_key(cell) for cell in header]
    if said and said[0] in _GOOGLE:
        return Layout("forms", "Google Forms' timestamp column", 1, [(name,) for name in header])
    if any(pair <= set(said) for pair in _MICROSOFT):
        return Layout("forms", "Microsoft Forms' time columns", 1, [(name,) for name in header])
    return None


def table(grid: Grid, wanted: Sequence[str]) -> Layout | None:
    """A plain table: the header is the record, or the pair of records, that holds most of the mapped names.

    Of a pair (question above, option below, merged cells filled to the right) a column answers to the lower
    name, to "upper - lower" and to its upper name.
    """
    keys = {header_key(name) for name in wanted}

    def hits(names: Names) -> int:
        return len(keys & {header_key(name) for column in names for name in column})

    best: tuple[int, int, Names] = (-1, 0, [])
    for at in range(len(grid.head)):
        row = grid.head[at]
        if not any(cell.strip() for cell in row):
            continue
        single: Names = [(name,) for name in row]
        if (count := hits(single)) > best[0]:
            best = (count, at + 1, single)
    for at in range(len(grid.head) - 1):
        pair = _paired(grid.head[at], grid.head[at + 1])
        if pair and (count := hits(pair)) > best[0]:
            best = (count, at + 2, pair)
    if best[0] < 0:
        return None
    rows = 2 if best[2] and len(best[2][0]) > 1 else 1
    how = f"a header in row {best[1] - 1 + grid.first_row}" if rows == 1 else (
        f"a header in rows {best[1] - 2 + grid.first_row} and {best[1] - 1 + grid.first_row}"
    )  # fmt: skip
    return Layout("table", how, best[1], best[2])


def _paired(upper: list[str], lower: list[str]) -> Names | None:
    if len(upper) < len(lower) and _is_title(upper):
        return None
    names: Names = []
    question = ""
    for top, bottom in zip(_padded(upper, len(lower)), lower, strict=True):
        question = top.strip() or question
        plain = bottom.strip()
        names.append((plain or top.strip(), f"{question} - {plain}", top.strip()))
    return names


def _is_title(row: list[str]) -> bool:
    """Whether a row is a title and not a header: a single filled cell."""
    return sum(bool(cell.strip()) for cell in row) < 2


def _padded(row: list[str], width: int) -> list[str]:
    return (row + [""] * width)[:width]


# A new export plugs in here; the first that recognises the file wins, a plain table recognises anything.
FORMATS: dict[str, Recogniser] = {"qualtrics": qualtrics, "forms": forms, "table": table}


def recognise(grid: Grid, format: str, wanted: Sequence[str]) -> Layout:
    """The layout of an opened export, of a forced format or the first that fits; raises DataRefused."""
    if format == "auto":
        for recogniser in FORMATS.values():
            if layout := recogniser(grid, wanted):
                return layout
        raise refuse(grid.name, "empty", "The table is empty.", "Export it again.")
    if format not in FORMATS:
        raise ValueError(f"format must be auto or one of {', '.join(FORMATS)}, got {format!r}")
    layout = FORMATS[format](grid, wanted)
    if layout is None and format == "forms":
        layout = table(grid, wanted)
    if layout is None:
        raise refuse(
            grid.name,
            "wrong_format",
            f"The file does not look like a {format} export.",
            "Set the format to auto, or to table for a plain table.",
        )
    return Layout(
        format, f"forced by the parameters; {layout.how}", layout.first, layout.names, layout.status,
        layout.finished,
    )  # fmt: skip
