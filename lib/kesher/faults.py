"""What is wrong with a parameter or a file, said so that it can be mended and never quoting a value of a person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

T = TypeVar("T")


class Exit(IntEnum):
    """Exit status of the command line (DESIGN.md section 4)."""

    DONE = 0
    INTERNAL = 1
    USAGE = 2
    PARAMETERS = 3
    DATA = 4
    WORKBOOK = 5
    DIFFERS = 6
    INTERRUPTED = 130


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong: where it is, what kind it is, and what to do about it.

    ``where`` is a file's name (never its full path) or ``parameters``; ``row`` counts as a spreadsheet does
    (the header is row 1); ``column`` is a column's or a parameter's name. ``what`` and ``remedy`` are sentences
    and never hold a value from a data file.
    """

    where: str
    kind: str
    what: str
    remedy: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        place = self.where
        given = self.where == "parameters" or self.where.startswith("-") or self.where.endswith(".yml")
        if self.row is not None:
            place += f", line {self.row}" if given else f", row {self.row}"
        if self.column is not None:
            place += f", {self.column}" if given else f", column {self.column!r}"
        return f"{place}: {self.what} {self.remedy}".strip()


class Refused(Exception):
    """The work stops here for a reason the user can mend; carries every fault found, not only the first."""

    status: Exit = Exit.INTERNAL
    trace: tuple[str, ...] = ()  # of a fault of ours: types, functions and lines, never a value

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("\n".join(str(fault) for fault in faults))

    def _render_traceback_(self) -> list[str]:
        """In a notebook: the sentences, without a traceback that could carry a row (IPython calls this)."""
        return [f"{type(self).__name__}:", *(f"  {fault}" for fault in self.faults)]


class UsageRefused(Refused):
    """The command line was used wrongly."""

    status = Exit.USAGE


class ParametersRefused(Refused):
    """A parameter is unknown, of the wrong type or out of range."""

    status = Exit.PARAMETERS


class DataRefused(Refused):
    """A file is missing, unsafe, unreadable or not what the parameters say it is."""

    status = Exit.DATA


class WorkbookFailed(Refused):
    """A workbook stopped for a reason that is ours, not the user's."""

    status = Exit.WORKBOOK


class NotIdentified(Exception):
    """The data can not answer; ``code`` says why and is stable ("no_marketers", "one_group", ...)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Parts:
    """Runs one part of a study after another and notes in ``missing`` why a part could not be had."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}

    def get(self, name: str, find: Callable[[], T]) -> T | None:
        """What ``find`` finds; None, with the code noted under ``name``, where it raises NotIdentified."""
        try:
            return find()
        except NotIdentified as why:
            self.missing[name] = why.code
            return None
