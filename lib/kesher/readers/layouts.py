"""How an export is laid out: the names of its columns, and which columns together answer one question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from kesher.readers.coding import Coder
from kesher.readers.findings import Findings
from kesher.readers.lists import ColumnRole, Options
from kesher.readers.text import header_key, key
from kesher.readers.tidy import OTHER

_NUMBERED = re.compile(r"(.+) \(([1-9]\d*)\)\Z")
# the column of what people typed; not "Other people told me"
_OTHERS = re.compile(r"(other|autre|anderes?|otr[oa]|אחר)\W*(\(.*\))?\W*\Z|.*(please specify|נא לפרט|אנא פרטו?)\W*\Z")

Names = list[tuple[str, ...]]  # per column: its names, the preferred one first


@dataclass(frozen=True)
class Layout:
    """How one export is laid out: ``names`` per column, ``first`` the record where answers begin.

    ``questions`` holds for each column the question above it and what stands below, where there are two rows.
    """

    format: str
    how: str
    first: int
    names: Names
    questions: tuple[tuple[str, str], ...] = ()

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
        from kesher.readers.tables import column_letter

        return next((name for name in self.names[at] if name.strip()), f"column {column_letter(at)}")

    @property
    def repeated(self) -> int:
        """How many columns repeat the name of an earlier one."""
        seen = list(filter(None, self._levels[0]))
        return len(seen) - len(set(seen))

    def by_question(self, lines: list[ColumnRole], options: Options, findings: Findings) -> list[ColumnRole]:
        """The lines, with each that names a question over several columns as a line for each of its columns.

        The column of an option is known by its text, one for what people typed is OTHER. Faults are collected for
        questions asked twice and for columns that are no option.
        """
        found: list[ColumnRole] = []
        for line in lines:
            found += self._columns_of(line, options, findings) if line.role == "choices" and not line.option else [line]
        return found

    def _columns_of(self, line: ColumnRole, options: Options, findings: Findings) -> list[ColumnRole]:
        name, exact = line.column, header_key(line.column) in self._levels[0]
        numbered = None if exact else _NUMBERED.match(name)
        blocks = list(self._blocks(name))
        if numbered and not blocks:
            blocks = list(self._blocks(numbered[1]))[int(numbered[2]) - 1 :][:1]
        coder = Coder(options[line.question])
        if exact:  # a single choice; what was typed beside it belongs to it
            if any(text in coder.whole and not _OTHERS.match(text) for block in blocks for _, text in block):
                what = "One column of the file has this name, others begin with it and end in an option."
                findings.wrong("ambiguous_column", what, "Map them one by one, or rename the column.", name)
            typed = [place for block in blocks for place, text in block if _OTHERS.match(text)]
            typed *= self.format == "surveymonkey"
            return [line, *(replace(line, option=OTHER, at=place) for place in typed)]
        if len(blocks) > 1:
            what = f"The question stands {len(blocks)} times in the file."
            remedy = f"Write '{name} (1)', '{name} (2)' for the first, second, or rename them."
            findings.wrong("ambiguous_column", what, remedy, name)
            return []
        return self._options_of(blocks[0], line, coder, findings) if blocks else [line]

    def _options_of(
        self, block: list[tuple[int, str]], line: ColumnRole, coder: Coder, findings: Findings
    ) -> list[ColumnRole]:
        """A line for each column of a question, with the option that its header tells."""
        if len(block) == 1 and block[0][1] not in coder.whole:
            return [replace(line, at=block[0][0])]  # a single choice under a word for "answer"
        found: dict[str, list[int]] = {}
        for place, text in block:
            option = coder.options[coder.whole[text]].option if text in coder.whole else ""
            option = option or OTHER * bool(_OTHERS.match(text))
            if not option or (option != OTHER and option in found):
                what = f"The column stands in question {line.question!r}, but its header is "
                what += "that of an option which another column has." if option else "no option of it."
                remedy = "Add the header's text to accepts of one option, or map the question's columns one by one."
                findings.wrong("ambiguous_column" if option else "unmatched_header", what, remedy, self.shown(place))
            found.setdefault(option, []).append(place)
        return [replace(line, option=option, at=place) for option, places in found.items() for place in places]

    def _blocks(self, question: str) -> Iterator[list[tuple[int, str]]]:
        """The runs of neighbouring columns below a question: each column and the key of what is left of its header."""
        wanted, start = key(question), f"{key(question)} - "
        run: list[tuple[int, str]] = []
        for at in range(len(self.names)):
            above, below = self.questions[at] if self.questions else ("", "")
            said = key(below) if key(above) == wanted else key(self.names[at][0])
            inside = key(above) == wanted or said.startswith(start)
            if inside:
                run.append((at, said.removeprefix(start)))
            elif run:
                yield run
                run = []
        if run:
            yield run
