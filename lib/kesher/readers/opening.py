"""Opening a client's file safely: only below its data root, of bounded size, of the kind it says it is."""

from __future__ import annotations

import difflib
import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from kesher.faults import DataRefused, Fault

MAX_TEXT_BYTES = 1 << 30  # a CSV of five million respondents stays well below
MAX_SHEET_BYTES = 100 << 20
DEVICE_NAMES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{d}{i}" for d in ("com", "lpt") for i in range(1, 10))}
)

Kind = Literal["text", "xlsx", "xls"]


def fault(
    where: str, kind: str, what: str, remedy: str, *, row: int | None = None, column: str | None = None
) -> Fault:
    """A Fault whose file is named without its folder."""
    return Fault(PurePosixPath(where.replace("\\", "/")).name or where, kind, what, remedy, row, column)


def refuse(
    where: str, kind: str, what: str, remedy: str, *, row: int | None = None, column: str | None = None
) -> DataRefused:
    """A DataRefused of one fault, to be raised by the caller."""
    return DataRefused(fault(where, kind, what, remedy, row=row, column=column))


def nearest(name: str, known: list[str], count: int = 3) -> str:
    """A half sentence that names the closest known names, or nothing when none is close.

    >>> nearest("wieght", ["weight", "age"])
    ' Nearest: weight.'
    """
    by_case = {one.casefold(): one for one in known}
    close = [by_case[c] for c in difflib.get_close_matches(name.casefold(), list(by_case), count, 0.6)]
    return f" Nearest: {', '.join(close)}." if close else ""


@dataclass(frozen=True)
class Raw:
    """A file's bytes as they were at one moment, its name, kind and hash."""

    name: str
    data: bytes
    kind: Kind
    sha256: str


class DataRoot:
    """A client's data folder: the only place its workbooks read from.

    Names are relative, with forward slashes. Links are followed only to see where they lead; what does not
    end below the folder is refused. Raises DataRefused.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).resolve()
        if not self.path.is_dir():
            raise refuse(
                str(path), "missing_folder", "The data folder does not exist.", "Set data_root in client.yml."
            )

    def file(self, name: str) -> Path:
        """The resolved path of a regular file below the root; DataRefused for anything else."""
        self._refuse_strange(name)
        try:
            found = (self.path / name).resolve(strict=True)
        except FileNotFoundError:
            raise refuse(
                name,
                "missing_file",
                "There is no such file below the data folder.",
                "Put it there or mend its name in the parameters." + self._neighbours(name),
            ) from None
        except (OSError, RuntimeError, ValueError):
            raise refuse(
                name, "unreadable", "The file can not be reached.", "Check its name, links and rights."
            ) from None
        if not found.is_relative_to(self.path):
            raise _outside(name)
        if not stat.S_ISREG(found.stat().st_mode):
            raise _irregular(name)
        return found

    def read(self, name: str) -> Raw:
        """The bytes of a file with its kind and sha256; refuses empty, oversized and disguised files.

        The file is opened once, without following a link put in its place meanwhile, and read whole: what is
        hashed is what is parsed.
        """
        path = self.file(name)
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        flags |= getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(path, flags)
        except OSError:
            raise refuse(
                name, "unreadable", "The file can not be opened.", "Close it elsewhere; check its rights."
            ) from None
        with os.fdopen(descriptor, "rb") as handle:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise _irregular(name)
            if self.file(name) != path or not os.path.samestat(state, path.stat()):
                raise refuse(name, "changed", "The file was replaced while it was opened.", "Run again.")
            kind = kind_of(name, handle.read(4096))
            limit = MAX_TEXT_BYTES if kind == "text" else MAX_SHEET_BYTES
            if state.st_size > limit:
                raise refuse(
                    name,
                    "too_large",
                    f"The file is larger than {limit >> 20:,} MB.",
                    "Keep only the columns that are needed, or save a spreadsheet as CSV.",
                )
            handle.seek(0)
            data = handle.read(state.st_size + 1)
        if len(data) != state.st_size:
            raise refuse(name, "changed", "The file changed while it was read.", "Run again.")
        return Raw(PurePosixPath(name).name, data, kind, hashlib.sha256(data).hexdigest())

    def _refuse_strange(self, name: str) -> None:
        if not name or any(ord(c) < 32 or ord(c) == 127 for c in name):
            raise refuse(
                "parameters",
                "strange_name",
                "A file's name is empty or holds control characters.",
                "Mend the name.",
            )
        parts = PurePosixPath(name).parts
        absolute = name.startswith(("/", "\\", "~")) or PureWindowsPath(name).drive != ""
        if absolute or ".." in parts or ".." in PureWindowsPath(name).parts:
            raise _outside(name)
        if "\\" in name:
            raise refuse(name, "strange_name", "The name holds a backslash.", "Write folders with /.")
        if any(part.split(".")[0].strip().casefold() in DEVICE_NAMES for part in parts):
            raise refuse(name, "strange_name", "The name is that of a device.", "Rename the file.")

    def _neighbours(self, name: str) -> str:
        folder = (self.path / name).parent.resolve()
        if not folder.is_relative_to(self.path) or not folder.is_dir():
            folder = self.path
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
        return nearest(PurePosixPath(name).name, names)


def _outside(name: str) -> DataRefused:
    return refuse(
        name,
        "outside_root",
        "The name leads outside the client's data folder.",
        "Copy the file below the data folder and name it relative to it.",
    )


def _irregular(name: str) -> DataRefused:
    return refuse(name, "not_a_file", "This is a folder, a pipe or a device.", "Name a regular file.")


def kind_of(name: str, head: bytes) -> Kind:
    """What a file is, from its first bytes (4,096 suffice) and not from its name.

    Raises DataRefused for an empty file, a web page or XML saved under a spreadsheet's name, other formats.
    """
    if not head:
        raise refuse(name, "empty", "The file is empty.", "Export it again.")
    if head.startswith(b"PK"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    start = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if re.match(rb"<(!doctype|html|head|body|table|meta|style|div|!--)", start):
        raise refuse(
            name,
            "html_disguised",
            "The file is a web page (HTML), whatever its name says.",
            "Open it in the program that made it and save as .xlsx or CSV UTF-8.",
        )
    if start.startswith(b"<?xml") or re.match(rb"<(workbook|ss:workbook)", start):
        raise refuse(name, "xml_disguised", "The file is XML, not a workbook.", "Save as .xlsx or CSV UTF-8.")
    for magic, what in (
        (b"%pdf", "a PDF"),
        (b"$fl2", "an SPSS file"),
        (b"$fl3", "an SPSS file"),
        (b"par1", "Parquet"),
    ):
        if start.startswith(magic):
            raise refuse(name, "wrong_kind", f"The file is {what}.", "Export it as .xlsx or CSV UTF-8.")
    return "text"
