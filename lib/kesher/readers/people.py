"""The columns about people: pseudonyms, weights, design, ratings, segments, each checked as it is coded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import Fault
from kesher.readers.coding import UNMATCHED, Coder
from kesher.readers.lists import ColumnRole, Options
from kesher.readers.numbers import number, rating, seconds
from kesher.readers.opening import fault
from kesher.readers.text import is_blank, is_unanswered, key
from kesher.readers.tidy import OTHER, Note

FloatArray = NDArray[np.float64]

BOUNDS = {"recommend": (0.0, 10.0), "programmes_enrolled": (0.0, 1000.0), "programmes_active": (0.0, 1000.0)}
PEOPLE_NAMES = {"duration": "duration_seconds"}


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
            codes = np.asarray(column.cat.codes)
            values = [str(value) for value in column.cat.categories]
        else:
            codes, kinds = pd.factorize(column.to_numpy(dtype=object))
            values = kinds.tolist()
        return cls(name, values, np.bincount(codes, minlength=len(values)).astype(np.int64), codes)

    def spread(self, by_value: NDArray[Any]) -> NDArray[Any]:
        """What holds for each distinct cell, for each row."""
        return np.asarray(by_value[self.codes])

    @property
    def blank(self) -> NDArray[np.bool_]:
        """Which distinct cells show nothing, (u,)."""
        return np.fromiter(map(is_blank, self.values), np.bool_, len(self.values))


class People:
    """Builds the table of people column by column, collecting faults and notes."""

    def __init__(self, file: str, rows: NDArray[np.int64], other_limit: float, decimal_comma: bool) -> None:
        self.file, self.rows, self.other_limit, self.decimal_comma = file, rows, other_limit, decimal_comma
        self.columns: dict[str, Any] = {"respondent": np.arange(1, len(rows) + 1)}
        self.notes: list[Note] = []
        self.faults: list[Fault] = []

    def frame(self) -> pd.DataFrame:
        """The table so far, respondent first."""
        return pd.DataFrame(self.columns)

    def add(self, line: ColumnRole, cells: Cells, options: Options) -> None:
        """Code one column by its role."""
        if line.role == "respondent":
            self._respondent(cells)
        elif line.role in ("weight", "population"):
            self._positive(line.role, cells)
        elif line.role in ("stratum", "cluster"):
            self._design(line.role, cells)
        elif line.role == "segment":
            self._segment(line, cells, options)
        else:
            self._numeric(line, cells, options)

    def _note(self, code: str, count: int, cells: Cells, detail: str) -> None:
        if count:
            self.notes.append(Note(code, int(count), cells.name, detail))

    def _refuse(self, kind: str, bad: NDArray[np.bool_], cells: Cells, what: str, remedy: str) -> None:
        """A fault for the rows in ``bad`` (u,): how many, and the first."""
        count = int(cells.counts[bad].sum())
        if count:
            first = int(self.rows[int(np.argmax(cells.spread(bad)))])
            said = f"{count:,} {'row has' if count == 1 else 'rows have'} {what}"
            self.faults.append(fault(self.file, kind, said, remedy, row=first, column=cells.name))

    def _respondent(self, cells: Cells) -> None:
        stripped = np.array([value.strip() for value in cells.values], dtype=object)
        by_value, kinds = pd.factorize(stripped)
        codes = by_value[cells.codes] if len(kinds) < len(stripped) else cells.codes
        codes, used = pd.factorize(codes)  # in order of appearance
        blank = cells.spread(cells.blank)
        missing = int(blank.sum())
        pseudonyms = codes.astype(np.int64) + 1
        if missing:
            pseudonyms[blank] = len(used) + 1 + np.arange(missing)
            self._note("missing_id", missing, cells, "rows have no respondent id; each counts as a person.")
        repeated = len(pseudonyms) - missing - (len(used) - bool(missing))
        self._note("duplicate_ids", repeated, cells, "rows repeat the respondent id of an earlier row; kept.")
        self.columns["respondent"] = pseudonyms

    def _positive(self, role: str, cells: Cells) -> None:
        values = _floats(cells.values, lambda cell: number(cell, comma=self.decimal_comma))
        unreadable = np.isnan(values)
        remedy = f"Mend the rows, or take the role {role} off this column."
        blank = cells.blank
        self._refuse(f"missing_{role}", blank, cells, f"no {role}.", remedy)
        self._refuse(
            f"non_numeric_{role}", unreadable & ~blank, cells, f"a {role} that is no number.", remedy
        )
        self._refuse(f"negative_{role}", values < 0, cells, f"a {role} below zero.", remedy)
        self._refuse(f"zero_{role}", values == 0, cells, f"a {role} of zero.", remedy)
        self.columns[role] = cells.spread(values)

    def _design(self, role: str, cells: Cells) -> None:
        remedy = f"Fill them in, or take the role {role} off this column."
        self._refuse(f"missing_{role}", cells.blank, cells, f"no {role}.", remedy)
        kinds, _ = pd.factorize(np.array([key(value) for value in cells.values], dtype=object))
        codes, _ = pd.factorize(kinds[cells.codes])
        self.columns[role] = codes.astype(np.int64)

    def _numeric(self, line: ColumnRole, cells: Cells, options: Options) -> None:
        role = line.role
        name = f"{role}.{line.question}" if line.question else PEOPLE_NAMES.get(role, role)
        parse: Callable[[str], float | None] = seconds if role == "duration" else rating
        values = _floats(cells.values, parse)
        if line.question in options:
            values = _by_option(values, cells, Coder(options[line.question]))
        unanswered = np.array([is_unanswered(value) for value in cells.values], dtype=bool)
        values[unanswered] = np.nan
        empty = cells.blank | unanswered
        if not cells.counts[~empty].sum():
            self._refuse("column_empty", empty, cells, "nothing in this column: it is empty.", "Unmap it.")
        low, high = BOUNDS.get(role, (-np.inf, np.inf))
        with np.errstate(invalid="ignore"):
            outside = (values < low) | (values > high)
        self._refuse(
            "out_of_range",
            outside,
            cells,
            f"a value outside {low:g} to {high:g}.",
            "Mend or blank the cells.",
        )
        odd = np.isnan(values) & ~empty
        lost, filled = int(cells.counts[odd].sum()), int(cells.counts[~empty].sum())
        if filled and lost > self.other_limit * filled:
            remedy = "Export the question as numbers, or give its texts as options with numbers as ids."
            self._refuse("not_a_number", odd, cells, "a value that is no number.", remedy)
        else:
            self._note("not_a_number", lost, cells, "cells are no number; they count as missing.")
        self.columns[name] = cells.spread(values)

    def _segment(self, line: ColumnRole, cells: Cells, options: Options) -> None:
        coder = Coder(options[line.question])
        found = coder.one(cells.values)
        unmatched = found == UNMATCHED
        lost, answers = int(cells.counts[unmatched].sum()), int(cells.counts[(found >= 0) | unmatched].sum())
        if not answers:
            self._refuse(
                "column_empty", found < 0, cells, "nothing in this column: it is empty.", "Unmap it."
            )
        elif lost > self.other_limit * answers:
            self.faults.append(too_many_unmatched(self.file, cells.name, line.question, lost, answers))
        else:
            self._note(
                "unmatched_text",
                lost,
                cells,
                f"answers match no option of {line.question!r}; counted as other.",
            )
        ids = np.array([*(option.option for option in coder.options), OTHER, None], dtype=object)
        place = np.where(unmatched, len(ids) - 2, np.where(found < 0, len(ids) - 1, found))
        self.columns[f"segment.{line.question}"] = pd.Series(cells.spread(ids[place]), dtype=object)


def too_many_unmatched(file: str, column: str, question: str, lost: int, answers: int) -> Fault:
    """The refusal of a column whose answers match no option, without any of their text."""
    return fault(
        file,
        "unmatched",
        f"{lost:,} of {answers:,} answers match no option of question {question!r}.",
        "Add the texts or codes the file uses to accepts in the options table, or raise other_limit.",
        column=column,
    )


def _floats(cells: list[str], parse: Callable[[str], float | None]) -> FloatArray:
    """Each distinct cell as a float, NaN where it is none."""
    try:  # plain decimals, which a column of many distinct numbers is made of
        values = np.array([float(cell) if cell else np.nan for cell in cells])
        if np.isfinite(values[[bool(cell) for cell in cells]]).all() and not any(
            "_" in cell for cell in cells
        ):
            return values
    except ValueError:
        pass
    return np.array([np.nan if (value := parse(cell)) is None else value for cell in cells], dtype=np.float64)


def _by_option(values: FloatArray, cells: Cells, coder: Coder) -> FloatArray:
    """Scale points told in words: the number that is the id of the option the words mean."""
    points = np.array([np.nan if (value := number(o.option)) is None else value for o in coder.options])
    found = coder.one(cells.values)
    return np.where(found >= 0, points[np.maximum(found, 0)], values)
