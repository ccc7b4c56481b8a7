"""The columns about people: pseudonyms, weights, design, ratings, segments, each checked as it is coded."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers.coding import UNMATCHED, Coder
from kesher.readers.findings import Findings
from kesher.readers.lists import ColumnRole, Options
from kesher.readers.numbers import number, rating, seconds
from kesher.readers.text import is_blank, is_unanswered, key
from kesher.readers.tidy import OTHER, Mask

FloatArray = NDArray[np.float64]

BOUNDS = {"recommend": (0.0, 10.0), "programmes_enrolled": (0.0, 1000.0), "programmes_active": (0.0, 1000.0)}
_PLAIN = re.compile(r"[0-9.]*\Z")


@dataclass(frozen=True)
class Cells:
    """One column of an export: its distinct cells, how often each occurs, and which one each row holds."""

    name: str
    values: list[str]
    counts: NDArray[np.int64]
    codes: NDArray[np.integer[Any]]

    @classmethod
    def of(cls, name: str, column: pd.Series[Any]) -> Cells:
        """From a column of text or categories; distinct cells that no row holds count 0."""
        if isinstance(column.dtype, pd.CategoricalDtype):
            codes, values = np.asarray(column.cat.codes), list(map(str, column.cat.categories))
        else:
            codes, kinds = pd.factorize(column.to_numpy(dtype=object))
            values = kinds.tolist()
        return cls(name, values, np.bincount(codes, minlength=len(values)).astype(np.int64), codes)

    def test(self, of_value: Callable[[str], bool]) -> Mask:
        """Which distinct cells it holds for, (u,)."""
        return np.fromiter(map(of_value, self.values), np.bool_, len(self.values))

    def count(self, some: Mask) -> int:
        """How many rows hold one of these distinct cells."""
        return int(self.counts[some].sum())

    def spread(self, by_value: NDArray[Any]) -> NDArray[Any]:
        """What holds for each distinct cell, for each row."""
        return np.asarray(by_value[self.codes])


@dataclass(frozen=True)
class Export:
    """What the columns of one export are judged by, and where what is found is collected."""

    findings: Findings
    rows: NDArray[np.int64]  # the number of each row in the file
    options: Options
    other_limit: float
    decimal_comma: bool

    def refuse(self, kind: str, bad: Mask, cells: Cells, what: str, remedy: str) -> None:
        """A fault for the rows that hold one of the distinct cells in ``bad``: how many, and the first."""
        if count := cells.count(bad):
            first = int(self.rows[int(np.argmax(cells.spread(bad)))])
            said = f"{count:,} {'row has' if count == 1 else 'rows have'} {what}"
            self.findings.wrong(kind, said, remedy, cells.name, first)

    def refuse_empty(self, column: str) -> None:
        """A fault for a column without any answer."""
        what, remedy = "The column holds no answer at all.", "Unmap it, or check the columns table."
        self.findings.wrong("column_empty", what, remedy, column)

    def unmatched(self, column: str, question: str, lost: int, matched: int) -> None:
        """Answers that match no option: noted when few, a fault when many; without any of their text."""
        if lost <= self.other_limit * (lost + matched):
            said = f"answers match no option of {question!r}; counted as other."
            self.findings.note("unmatched_text", lost, said, column)
            return
        what = f"{lost:,} of {lost + matched:,} answers match no option of question {question!r}."
        remedy = "Add the texts or codes the file uses to accepts in the options table, or raise other_limit."
        self.findings.wrong("unmatched", what, remedy, column)


def read_people(export: Export, mapped: list[tuple[ColumnRole, Cells]]) -> pd.DataFrame:
    """The table of people, respondent first; what is wrong or odd goes to the export's findings."""
    columns: dict[str, Any] = {"respondent": np.arange(1, len(export.rows) + 1)}
    for line, cells in mapped:
        role = line.role
        if role == "respondent":
            columns[role] = _pseudonyms(export, cells)
        elif role in ("weight", "population"):
            columns[role] = _positive(export, role, cells)
        elif role in ("stratum", "cluster"):
            columns[role] = _design(export, role, cells)
        elif role == "segment":
            columns[f"segment.{line.question}"] = _segment(export, line.question, cells)
        elif role not in ("choices", "asked"):
            name = "duration_seconds" if role == "duration" else role
            columns[f"{role}.{line.question}" if line.question else name] = _numeric(export, line, cells)
    return pd.DataFrame(columns)


def _pseudonyms(export: Export, cells: Cells) -> NDArray[np.int64]:
    ids, _ = pd.factorize(np.array([value.strip() for value in cells.values], dtype=object))
    codes, used = pd.factorize(cells.spread(ids))  # in order of appearance
    pseudonyms = codes.astype(np.int64) + 1
    blank = cells.spread(cells.test(is_blank))
    missing = int(blank.sum())
    pseudonyms[blank] = len(used) + 1 + np.arange(missing)
    said = "rows have no respondent id; each counts as a person."
    export.findings.note("missing_id", missing, said, cells.name)
    repeated = len(codes) - missing - (len(used) - len(np.unique(codes[blank])))
    said = "rows repeat the respondent id of an earlier row; kept."
    export.findings.note("duplicate_ids", repeated, said, cells.name)
    return pseudonyms


def _positive(export: Export, role: str, cells: Cells) -> FloatArray:
    values = _floats(cells.values, lambda cell: number(cell, comma=export.decimal_comma))
    blank = cells.test(is_blank)
    remedy = f"Mend the rows, or take the role {role} off this column."
    export.refuse(f"missing_{role}", blank, cells, f"no {role}.", remedy)
    export.refuse(f"non_numeric_{role}", np.isnan(values) & ~blank, cells, f"a {role} that is no number.", remedy)
    export.refuse(f"negative_{role}", values < 0, cells, f"a {role} below zero.", remedy)
    export.refuse(f"zero_{role}", values == 0, cells, f"a {role} of zero.", remedy)
    return cells.spread(values)


def _design(export: Export, role: str, cells: Cells) -> NDArray[np.int64]:
    remedy = f"Fill them in, or take the role {role} off this column."
    export.refuse(f"missing_{role}", cells.test(is_blank), cells, f"no {role}.", remedy)
    kinds, _ = pd.factorize(np.array([key(value) for value in cells.values], dtype=object))
    return pd.factorize(cells.spread(kinds))[0].astype(np.int64)


def _numeric(export: Export, line: ColumnRole, cells: Cells) -> FloatArray:
    values = _floats(cells.values, seconds if line.role == "duration" else rating)
    if line.question in export.options:  # scale points told in words: the number that is their option's id
        coder = Coder(export.options[line.question])
        points = _floats([option.option for option in coder.options], number)
        found = coder.one(cells.values)
        values = np.where(found >= 0, points[np.maximum(found, 0)], values)
    unanswered = cells.test(is_unanswered)
    values[unanswered] = np.nan
    filled = ~cells.test(is_blank) & ~unanswered
    if not cells.count(filled):
        export.refuse_empty(cells.name)
    low, high = BOUNDS.get(line.role, (-np.inf, np.inf))
    what, remedy = f"a value outside {low:g} to {high:g}.", "Mend or blank the cells."
    export.refuse("out_of_range", (values < low) | (values > high), cells, what, remedy)
    odd = np.isnan(values) & filled
    if cells.count(odd) > export.other_limit * cells.count(filled):
        remedy = "Export the question as numbers, or give its texts as options with numbers as ids."
        export.refuse("not_a_number", odd, cells, "a value that is no number.", remedy)
    else:
        said = "cells are no number; they count as missing."
        export.findings.note("not_a_number", cells.count(odd), said, cells.name)
    return cells.spread(values)


def _segment(export: Export, question: str, cells: Cells) -> pd.Series[Any]:
    coder = Coder(export.options[question])
    found = coder.one(cells.values)
    lost, matched = cells.count(found == UNMATCHED), cells.count(found >= 0)
    if not lost + matched:
        export.refuse_empty(cells.name)
    export.unmatched(cells.name, question, lost, matched)
    ids = np.array([*(option.option for option in coder.options), OTHER, None], dtype=object)
    place = np.where(found == UNMATCHED, -2, np.maximum(found, -1))
    return pd.Series(cells.spread(ids[place]), dtype=object)


def _floats(cells: list[str], parse: Callable[[str], float | None]) -> FloatArray:
    """Each distinct cell as a float, NaN where it is none; quick for many plain decimals."""
    with contextlib.suppress(ValueError):
        if _PLAIN.match("".join(cells)):
            values = np.array([float(cell or "nan") for cell in cells])
            if not np.isinf(values).any():
                return values
    return np.array([np.nan if (value := parse(cell)) is None else value for cell in cells])
