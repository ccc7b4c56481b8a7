"""Multi-select questions out of joined cells or a column per option: who was asked, answered, ticked what."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kesher.readers.coding import BLANK, ELSEWHERE, UNMATCHED, UNSELECTED, Coder, Joined
from kesher.readers.lists import ColumnRole
from kesher.readers.people import Cells, Export
from kesher.readers.text import BLANK_KEYS, UNSELECTED_KEYS, is_unanswered, key
from kesher.readers.tidy import OTHER, Mask, MultiSelect

Mapped = list[tuple[ColumnRole, Cells]]


NO_CODE, UNTOLD_CODES = "2", frozenset({"7", "8", "9", "97", "98", "99"})  # where 1 is yes, as survey houses code


def read_questions(
    export: Export, mapped: Mapped, partial: Mask, delimiter: str, *, blanks_are_no: bool = False
) -> dict[str, MultiSelect]:
    """All mapped questions; what is wrong or odd goes to the export's findings.

    Where unticked or unanswered is written out, a blank was not shown, unless ``blanks_are_no``; else a blank says
    nothing, and whoever did not break off (``partial``) was asked. A column of the role asked decides instead.
    """
    choices = [(line, cells) for line, cells in mapped if line.role == "choices"]
    asked = {line.question: cells for line, cells in mapped if line.role == "asked"}
    # Qualtrics recodes the whole export: one -99 anywhere means that a blank was never shown
    recoded = any(cells.test(is_unanswered).any() for _, cells in choices)
    questions = {}
    for question in dict.fromkeys(line.question for line, _ in choices):
        group = [(line, cells) for line, cells in choices if line.question == question]
        reader = _Question(export, question, Coder(export.options[question]), len(partial))
        columns = [cells for line, cells in group if not line.option]
        written = (
            reader.split([(line, cells) for line, cells in group if line.option]) if group[-1][0].option else False
        )
        for cells in columns:
            reader.joined(cells, delimiter)
        left = {option.option for option in reader.coder.options} - {line.option for line, _ in group} - {OTHER}
        said = f"options of {question!r} have no column in the file."
        export.findings.note("options_without_column", len(left) * (not columns), said)
        said = f"columns together answer {question!r}; a choice in any of them is a tick."
        export.findings.note("several_columns", len(columns) * (len(columns) > 1), said)
        answered: Mask = np.asarray(reader.ticks.any(axis=1))
        if not answered.any():
            export.refuse_empty(group[0][1].name)
        if question in asked:
            put_to = _asked(export, question, asked[question], answered)
        else:
            put_to = answered | (reader.shown if (written or recoded) and not blanks_are_no else ~partial)
        questions[question] = reader.finished(put_to, answered)
    return questions


@dataclass
class _Question:
    """One question while it is read: ``ticks`` by option, the last for OTHER; ``shown`` where anything is."""

    export: Export
    question: str
    coder: Coder
    size: int

    def __post_init__(self) -> None:
        self.names = list(dict.fromkeys([*(option.option for option in self.coder.options), OTHER]))
        self.ticks: Mask = np.zeros((self.size, len(self.names)), np.bool_)
        self.shown: Mask = np.zeros(self.size, np.bool_)

    def joined(self, cells: Cells, delimiter: str) -> None:
        """Read one joined column, or one of several; it never writes unticked out."""
        findings = self.export.findings
        if delimiter == "auto":
            delimiter = self.coder.best_delimiter(cells.values, cells.counts)
        joined = Joined(self.coder, delimiter)
        for one, other in joined.conflicts[:1]:
            what = f"Options {one!r} and {other!r} of {self.question!r} can not be told apart in a joined cell."
            findings.wrong("ambiguous_text", what, "Change their texts.", cells.name)
        found = joined.decode(cells.values)
        lost, matched = found.unmatched @ cells.counts, found.ticks.sum(axis=1) @ cells.counts
        self.export.unmatched(cells.name, self.question, int(lost), int(matched))
        said = "cells can be read as different sets of options; the longest options were taken."
        findings.note("ambiguous_cells", cells.count(found.ambiguous), said, cells.name)
        for at in range(found.ticks.shape[1]):
            self.ticks[:, at] |= cells.spread(found.ticks[:, at])
        self.ticks[:, self.names.index(OTHER)] |= cells.spread(found.unmatched > 0)
        self.shown |= cells.spread(~found.blank)

    def split(self, group: Mapped) -> bool:
        """Read a column per option; whether unticked is written out in any."""
        written, no = False, _codes_of_no(group)
        # a column that holds 1 and 2 is of yes and no, also where 2 is the code of an option
        mixed = no and any({"1", NO_CODE} <= _codes(cells) for _, cells in group)
        for line, cells in group:
            at = self.names.index(line.option)
            found = self.coder.column(cells.values, at, no)
            if mixed:
                found[cells.test(lambda cell: key(cell) in no)] = UNSELECTED
            untold = cells.count((found == UNSELECTED) & cells.test(lambda cell: key(cell) in UNTOLD_CODES & no))
            said = "cells hold a code of don't know or no answer (7, 8, 9); taken as not ticked."
            self.export.findings.note("untold_codes", untold, said, cells.name)
            typed = line.option == OTHER  # the column beside "other" may hold what people typed
            if typed:
                found[found == ELSEWHERE] = UNMATCHED
            else:
                written |= bool(cells.count(found == UNSELECTED))
            self.shown |= cells.spread(found != BLANK)
            if wrong := cells.count(found == ELSEWHERE):
                what = f"{wrong:,} cells of this option's column hold the text of another option."
                remedy = "Check which column is mapped to which option."
                self.export.findings.wrong("swapped_columns", what, remedy, cells.name)
            self.ticks[:, at] |= cells.spread(found == at)
            self.ticks[:, self.names.index(OTHER)] |= cells.spread(found == UNMATCHED)
            if not typed:
                lost, matched = cells.count(found == UNMATCHED), cells.count(found == at)
                self.export.unmatched(cells.name, self.question, lost, matched)
        return written

    def finished(self, asked: Mask, answered: Mask) -> MultiSelect:
        """The question, with OTHER where it is an option or was needed."""
        options = self.coder.options
        exclusive = frozenset(option.option for option in options if option.exclusive)
        none = np.array([name in exclusive for name in self.names])
        both = self.ticks[:, none].any(axis=1) & (self.ticks.sum(axis=1) > 1)
        said = "rows tick an exclusive option together with others; kept."
        self.export.findings.note("exclusive_with_others", int(both.sum()), said, self.question)
        width = len(self.names) if self.ticks[:, -1].any() else len(options)
        ticks = pd.DataFrame(self.ticks[:, :width], columns=self.names[:width])
        return MultiSelect(self.question, ticks, asked, answered, exclusive)


def _codes_of_no(group: Mapped) -> frozenset[str]:
    """The codes that are no tick where all columns together hold 1, 2 and codes of no answer, and nothing else."""
    codes = frozenset().union(*(_codes(cells) for _, cells in group)) - BLANK_KEYS
    coded = {"1", NO_CODE} <= codes <= {"1", NO_CODE} | UNTOLD_CODES
    return frozenset({NO_CODE} | UNTOLD_CODES) if coded else frozenset()


def _codes(cells: Cells) -> frozenset[str]:
    return frozenset(key(cell) for cell, count in zip(cells.values, cells.counts, strict=True) if count)


def _asked(export: Export, question: str, filter: Cells, answered: Mask) -> Mask:
    """Whom the question was put to, by the filter column: filled and not a no."""
    asked: Mask = filter.spread(filter.test(lambda cell: key(cell) not in BLANK_KEYS | UNSELECTED_KEYS))
    said = f"rows answer {question!r} without being asked; they are in no base."
    export.findings.note("answered_not_asked", int((answered & ~asked).sum()), said, filter.name)
    if not asked.any():
        what, remedy = f"Nobody was asked question {question!r}.", "Check the asked column."
        export.findings.wrong("nobody_asked", what, remedy, filter.name)
    return asked
