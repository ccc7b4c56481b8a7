"""Opening a client's file safely: only below its data root, of bounded size, of the kind it says it is."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Literal

from kesher.readers.findings import Findings, nearest

MAX_TEXT_BYTES = 1 << 30  # a CSV of five million respondents stays well below
MAX_SHEET_BYTES = 100 << 20
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[1-9])\s*(\.|\Z)", re.IGNORECASE)
_OUTSIDE = (
    "outside_root",
    "The name leads outside the client's data folder.",
    "Copy the file below the data folder and name it relative to it.",
)
ANOTHER_FORMAT = "Open it in the program that made it and save as .xlsx or CSV UTF-8."
_PARQUET = b"PAR1"
_SAV = (b"$FL2", b"$FL3")  # plain or run-length, and zipped
_IRREGULAR = ("not_a_file", "This is a folder, a pipe or a device.", "Name a regular file.")
# what a file begins with that is a web page, or no table, in lower case and after marks and blanks
_PAGE = re.compile(
    rb"(<\?xml[^>]*>\s*)?<(!doctype html|html)|"
    rb"<(!doctype|!--|(head|title|meta|link|base|script|style|body|table|thead|tbody|tr|div|center|font|span|h[1-6]|p|b|br)[\s/>])"
)
_OTHER_KINDS = (
    (rb"<(\?xml|workbook|ss:workbook)", "xml_disguised", "XML"),
    (rb"%pdf", "wrong_kind", "a PDF"),
    (rb"\$fl[23]", "wrong_kind", "an SPSS file"),
    (rb"par1", "wrong_kind", "Parquet"),
)

Kind = Literal["text", "html", "xml", "sav", "xlsx", "xls"]


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
            what, remedy = "The data folder does not exist.", "Set data_root in client.yml."
            raise Findings(str(path)).refused("missing_folder", what, remedy)

    def file(self, name: str) -> Path:
        """The resolved path of a regular file below the root; DataRefused for anything else."""
        if not name or _CONTROL.search(name):
            what = "A file's name is empty or holds control characters."
            raise Findings("parameters").refused("strange_name", what, "Mend the name.")
        findings, windows = Findings(name), PureWindowsPath(name)
        if windows.anchor or ".." in windows.parts or name.startswith("~"):
            raise findings.refused(*_OUTSIDE)
        if "\\" in name or any(map(_DEVICE.match, windows.parts)):
            what = "The name holds a backslash or is that of a device."
            raise findings.refused("strange_name", what, "Write folders with /, or rename the file.")
        try:
            found = (self.path / name).resolve(strict=True)
        except FileNotFoundError:
            what = "There is no such file below the data folder."
            remedy = f"Put it there or mend its name in the parameters.{self._neighbours(name)}"
            raise findings.refused("missing_file", what, remedy) from None
        except (OSError, RuntimeError, ValueError):
            what = "The file can not be reached."
            raise findings.refused("unreadable", what, "Check its name, links and rights.") from None
        if not found.is_relative_to(self.path):
            raise findings.refused(*_OUTSIDE)
        if not found.is_file():
            raise findings.refused(*_IRREGULAR)
        return found

    def read(self, name: str, *, xml: bool = False, sav: bool = False) -> Raw:
        """The bytes of a file with its kind and sha256; refuses empty, oversized and disguised files.

        XML and SPSS files are refused unless ``xml`` or ``sav`` says that the reader takes them.

        The file is opened once, without following a link put in its place meanwhile, and read whole: what is
        hashed is what is parsed.
        """
        path, findings = self.file(name), Findings(name)
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0)
        flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            descriptor = os.open(path, flags)
        except OSError:
            what = "The file can not be opened."
            raise findings.refused("unreadable", what, "Close it elsewhere; check its rights.") from None
        with os.fdopen(descriptor, "rb") as handle:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise findings.refused(*_IRREGULAR)
            if self.file(name) != path or not os.path.samestat(state, path.stat()):
                raise findings.refused("changed", "The file was replaced while it was opened.", "Run again.")
            kind = kind_of(handle.read(4096), findings, xml=xml, sav=sav)
            limit = MAX_TEXT_BYTES if kind == "text" else MAX_SHEET_BYTES
            if state.st_size > limit:
                what = f"The file is larger than {limit >> 20:,} MB."
                remedy = "Keep only the columns that are needed, or save a spreadsheet as CSV."
                raise findings.refused("too_large", what, remedy)
            handle.seek(0)
            data = handle.read(state.st_size + 1)
        if len(data) != state.st_size:
            raise findings.refused("changed", "The file changed while it was read.", "Run again.")
        return Raw(findings.file, data, kind, hashlib.sha256(data).hexdigest())

    def names(self, spec: str) -> list[str]:
        """A file's name alone, or the names of the files in a folder, sorted; hidden files are left out.

        Each of them has still to pass ``file``. Raises DataRefused for a folder elsewhere or without files.
        """
        folder = self.path / spec.rstrip("/")
        if _CONTROL.search(spec) or not folder.is_dir():
            return [spec]
        findings = Findings(spec.rstrip("/"))
        windows = PureWindowsPath(spec)
        if windows.anchor or ".." in windows.parts or not folder.resolve().is_relative_to(self.path):
            raise findings.refused(*_OUTSIDE)
        inside = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith((".", "~$")))
        names = [f"{spec.rstrip('/')}/{name}" for name in inside if not (folder / name).is_dir()]
        if not names:
            raise findings.refused("empty_folder", "The folder holds no files.", "Put the exports there.")
        return names

    def is_parquet(self, name: str) -> bool:
        """Whether a regular file below the root begins as Parquet does."""
        with self.file(name).open("rb") as handle:
            return handle.read(len(_PARQUET)) == _PARQUET

    def is_sav(self, name: str) -> bool:
        """Whether a regular file below the root begins as an SPSS file does."""
        with self.file(name).open("rb") as handle:
            return handle.read(4) in _SAV

    def parquet(self, name: str) -> tuple[Path, str]:
        """The resolved path of a whole Parquet file and its sha256; it is not read into memory."""
        path, findings = self.file(name), Findings(name)
        if "[" in str(path) or "*" in str(path) or "?" in str(path):  # DuckDB takes these for a pattern
            what = "The path holds one of the signs * ? [."
            raise findings.refused("strange_name", what, "Rename the file or its folder.")
        with path.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            handle.seek(max(handle.tell() - len(_PARQUET), 0))
            if handle.tell() < 8 or handle.read() != _PARQUET:
                what = "The Parquet file is cut off or damaged."
                raise findings.refused("damaged", what, "Copy or export it again.")
        return path, sha256

    def _neighbours(self, name: str) -> str:
        folder = (self.path / name).parent.resolve()
        if not folder.is_relative_to(self.path) or not folder.is_dir():
            folder = self.path
        names = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
        if any(one.startswith(f"{PurePosixPath(name).name}#") for one in names):
            return " What follows # names a sheet: rename a file that has one in its name."
        return nearest(PurePosixPath(name).name, names)


def kind_of(head: bytes, findings: Findings, *, xml: bool = False, sav: bool = False) -> Kind:
    """What a file is, from its first bytes and not from its name; DataRefused for what is no table."""
    if not head:
        raise findings.refused("empty", "The file is empty.", "Export it again.")
    if head.startswith(b"PK"):
        return "xlsx"
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    start = head.replace(b"\x00", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if _PAGE.match(start):
        return "html"
    for pattern, kind, what in _OTHER_KINDS:
        if re.match(pattern, start):
            if xml and kind == "xml_disguised":
                return "xml"
            if sav and head.startswith(_SAV):
                return "sav"
            raise findings.refused(kind, f"The file is {what}, whatever its name says.", ANOTHER_FORMAT)
    return "text"
