"""Multi-select questions out of joined cells or a column per option: who was asked, answered, ticked what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import pandas as pd

from kesher.faults import Fault
from kesher.readers.coding import BLANK, ELSEWHERE, UNMATCHED, UNSELECTED, Coder, Decoded, Joined
from kesher.readers.lists import ColumnRole, Options
from kesher.readers.opening import fault
from kesher.readers.people import Cells, too_many_unmatched
from kesher.readers.text import BLANK_KEYS, UNSELECTED_KEYS, is_unanswered, key
from kesher.readers.tidy import OTHER, Mask, MultiSelect, Note


class Questions:
    """Codes the multi-select questions of one export."""

    def __init__(self, file: str, partial: Mask, delimiter: str, other_limit: float) -> None:
        self.file, self.partial = file, partial
        self.delimiter, self.other_limit = delimiter, other_limit
        self.faults: list[Fault] = []
        self.notes: list[Note] = []

    def read(self, lines: list[ColumnRole], cells: list[Cells], options: Options) -> dict[str, MultiSelect]:
        """All mapped questions; what is wrong or odd is collected in ``faults`` and ``notes``."""
        columns: dict[str, list[tuple[ColumnRole, Cells]]] = defaultdict(list)
        asked: dict[str, Cells] = {}
        for line, column in zip(lines, cells, strict=True):
            if line.role == "choices":
                columns[line.question].append((line, column))
            elif line.role == "asked":
                asked[line.question] = column
        # Qualtrics recodes the whole export: one -99 anywhere means that a blank was never shown
        recoded = any(
            is_unanswered(value) for group in columns.values() for _, cell in group for value in cell.values
        )
        return {
            question: self._question(question, group, asked.get(question), Coder(options[question]), recoded)
            for question, group in columns.items()
        }

    def _question(
        self,
        question: str,
        group: list[tuple[ColumnRole, Cells]],
        filter: Cells | None,
        coder: Coder,
        recoded: bool,
    ) -> MultiSelect:
        size, names = len(self.partial), [option.option for option in coder.options]
        exclusive = frozenset(option.option for option in coder.options if option.exclusive)
        if OTHER not in names:
            names = [*names, OTHER]
        ticks = np.zeros((size, len(names)), np.bool_)
        if group[0][0].option:
            touched, explicit = self._split(question, group, coder, ticks, names)
        else:
            touched, explicit = self._joined(question, group[0][1], coder, ticks, names), False
        answered: Mask = np.asarray(ticks.any(axis=1))
        if not answered.any():
            what, remedy = f"Question {question!r} has no answer at all.", "Check the columns table."
            self.faults.append(fault(self.file, "column_empty", what, remedy, column=group[0][1].name))
        if filter is None:
            # where unticked or unanswered is written out, a blank was not shown; else a blank says nothing
            asked = answered | (touched if explicit or recoded else ~self.partial)
        else:
            asked = self._asked(question, filter, answered)
        if OTHER not in {option.option for option in coder.options} and not ticks[:, -1].any():
            ticks, names = ticks[:, :-1], names[:-1]
        none = np.array([name in exclusive for name in names])
        both = int((ticks[:, none].any(axis=1) & (ticks.sum(axis=1) > 1)).sum()) if none.any() else 0
        self._note(
            "exclusive_with_others",
            both,
            question,
            "rows tick an exclusive option together with others; kept.",
        )
        return MultiSelect(question, pd.DataFrame(ticks, columns=names), asked, answered, exclusive)

    def _note(self, code: str, count: int, column: str | None, detail: str) -> None:
        if count:
            self.notes.append(Note(code, int(count), column, detail))

    def _unmatched(self, column: str, question: str, lost: int, answers: int) -> None:
        if answers and lost > self.other_limit * answers:
            self.faults.append(too_many_unmatched(self.file, column, question, lost, answers))
        else:
            self._note(
                "unmatched_text", lost, column, f"answers match no option of {question!r}; counted as other."
            )

    def _joined(self, question: str, cells: Cells, coder: Coder, ticks: Mask, names: list[str]) -> Mask:
        """Fill ``ticks`` from one joined column; which rows show anything in it."""
        delimiter = self.delimiter
        if delimiter == "auto":
            delimiter = coder.best_delimiter(cells.values, cells.counts)
        joined = Joined(coder, delimiter)
        if joined.conflicts:
            one, other = joined.conflicts[0]
            what = f"Options {one!r} and {other!r} of {question!r} can not be told apart in a joined cell."
            self.faults.append(
                fault(self.file, "ambiguous_text", what, "Change their texts.", column=cells.name)
            )
        found: Decoded = joined.decode(cells.values)
        lost = int((found.unmatched * cells.counts).sum())
        self._unmatched(cells.name, question, lost, lost + int((found.matched * cells.counts).sum()))
        self._note(
            "ambiguous_cells",
            int(cells.counts[found.ambiguous].sum()),
            cells.name,
            "cells can be read as different sets of options; the longest options were taken.",
        )
        for at in range(found.ticks.shape[1]):
            ticks[:, at] = cells.spread(found.ticks[:, at])
        ticks[:, names.index(OTHER)] |= cells.spread(found.unmatched > 0)
        return cells.spread(found.state != BLANK)

    def _split(
        self,
        question: str,
        group: Iterable[tuple[ColumnRole, Cells]],
        coder: Coder,
        ticks: Mask,
        names: list[str],
    ) -> tuple[Mask, bool]:
        """Fill ``ticks`` from a column per option; which rows show anything; is unticked written out?"""
        shown, marked = np.zeros(len(ticks), np.bool_), False
        left = set(names) - {OTHER}
        for line, cells in group:
            at = names.index(line.option)
            left.discard(line.option)
            found = coder.column(cells.values, at)
            marked |= bool(cells.counts[found == UNSELECTED].sum())
            shown |= cells.spread(found != BLANK)
            if wrong := int(cells.counts[found == ELSEWHERE].sum()):
                what = f"{wrong:,} cells of this option's column hold the text of another option."
                remedy = "Check which column is mapped to which option."
                self.faults.append(fault(self.file, "swapped_columns", what, remedy, column=cells.name))
            ticks[:, at] |= cells.spread(found == at)
            if line.option == OTHER:  # the column beside "other" may hold what people typed
                ticks[:, at] |= cells.spread(found == UNMATCHED)
                continue
            lost = int(cells.counts[found == UNMATCHED].sum())
            self._unmatched(cells.name, question, lost, lost + int(cells.counts[found == at].sum()))
            ticks[:, names.index(OTHER)] |= cells.spread(found == UNMATCHED)
        self._note(
            "options_without_column", len(left), None, f"options of {question!r} have no column in the file."
        )
        return shown, marked

    def _asked(self, question: str, filter: Cells, answered: Mask) -> Mask:
        """Whom the question was put to, by the filter column: filled and not a no."""
        asked: Mask = filter.spread(np.array([_passes(key(value)) for value in filter.values]))
        odd = int((answered & ~asked).sum())
        said = f"rows answer {question!r} without being asked; they are in no base."
        self._note("answered_not_asked", odd, filter.name, said)
        if not asked.any():
            what, remedy = f"Nobody was asked question {question!r}.", "Check the asked column."
            self.faults.append(fault(self.file, "nobody_asked", what, remedy, column=filter.name))
        return asked


def _passes(said: str) -> bool:
    return said not in BLANK_KEYS and said not in UNSELECTED_KEYS
