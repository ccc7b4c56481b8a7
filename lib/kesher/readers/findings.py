"""What is wrong and what is odd in one file, collected while it is read."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from kesher.faults import DataRefused, Fault
from kesher.readers.tidy import Note

MAX_FAULTS = 50  # shown; the rest are counted
MAX_NAME = 60  # letters of a name that are shown
_PERSONAL = re.compile(r"\d{7}|@")  # a number of a person or a telephone, an address


class Findings:
    """The faults and notes of one file, named without its folder; none quotes a cell."""

    def __init__(self, file: str) -> None:
        self.file = PurePosixPath(file.replace("\\", "/")).name or file
        self.faults: list[Fault] = []
        self.notes: list[Note] = []

    def note(self, code: str, count: int, detail: str, column: str | None = None) -> None:
        """A counted fact; nothing is noted that never happened."""
        if count:
            self.notes.append(Note(code, int(count), column, detail))

    def wrong(self, kind: str, what: str, remedy: str, column: str | None = None, row: int | None = None) -> None:
        """A fault to be told together with others, at the next ``stop``."""
        self.faults.append(Fault(self.file, kind, what, remedy, row, column))

    def refused(self, kind: str, what: str, remedy: str, row: int | None = None) -> DataRefused:
        """A fault after which nothing more can be read, to be raised at once."""
        return DataRefused(Fault(self.file, kind, what, remedy, row))

    def stop(self) -> None:
        """Raise DataRefused if anything is wrong; past fifty faults are counted, not listed."""
        if (more := len(self.faults) - MAX_FAULTS) > 0:
            what = f"There are {more:,} more faults like these."
            self.faults[MAX_FAULTS:] = [Fault(self.file, "more", what, "Mend these first.")]
        if self.faults:
            raise DataRefused(*self.faults)


def quotable(names: Iterable[str]) -> list[str]:
    """The names that may be shown: one that holds seven digits in a row or an @ may be a person's.

    >>> quotable(["age", "Dana 0501234567", "dana@example.org"])
    ['age']
    """
    return [name for name in names if not _PERSONAL.search(name)]


def shown_names(names: Iterable[str]) -> dict[str, str]:
    """What each name is shown as: cut to 60 letters, "other 1" and so on where not ``quotable``.

    >>> shown_names(["gold", "Dana 0501234567"])
    {'gold': 'gold', 'Dana 0501234567': 'other 1'}
    """
    every = list(dict.fromkeys(names))
    hidden = sorted(set(every) - set(quotable(every)))
    shown = {name: name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 3]}..." for name in every}
    return shown | {name: f"other {at}" for at, name in enumerate(hidden, 1)}


def nearest(name: str, known: Iterable[str]) -> str:
    """A half sentence that names the closest known names, or nothing when none is close.

    Those not ``quotable`` are never named.

    >>> nearest("wieght", ["weight", "age"])
    ' Nearest: weight.'
    """
    by_case = {one.casefold(): one for one in quotable(known)}
    close = [by_case[one] for one in difflib.get_close_matches(name.casefold(), by_case)]
    return f" Nearest: {', '.join(close)}." if close else ""
