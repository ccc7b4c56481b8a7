"""Text files to UTF-8, whatever a spreadsheet or a survey tool saved them as."""

from __future__ import annotations

import codecs
import re

from kesher.readers.findings import Findings

_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HEBREW_RUN = re.compile(rb"[\xe0-\xfa]{2,}")
_LATIN_AMONG_ASCII = re.compile(rb"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")
# not the western ones: pages say those of themselves whatever they hold
_DECLARED = re.compile(rb"charset\s*=\s*[\"']?\s*(windows-125[013-8]|iso-8859-(?:[2-9]|1\d))", re.IGNORECASE)


def to_utf8(data: bytes, encoding: str, findings: Findings, *, page: bool = False) -> tuple[bytes, str]:
    """The file in UTF-8 without a mark and with ``\\n`` line ends, and the encoding it had.

    ``auto`` tries the byte order mark, UTF-16 without one, UTF-8, windows-1255 and last windows-1252/latin-1,
    which reads anything and is therefore noted; bytes of a web ``page`` that are not UTF are what its head
    says, if they fit. Raises DataRefused where a forced encoding does not fit.
    """
    seen = _recognised(data)
    declared = _declared(data) if page and not seen.startswith("utf") else None
    found = (declared or seen) if encoding == "auto" else _forced(encoding, seen, data.isascii(), findings)
    if encoding == "auto" and not found.startswith("utf") and found != declared:
        odd = len(data) - len(data.translate(None, bytes(range(128, 256))))
        code = "windows1255_fallback" if found == "windows-1255" else "latin1_fallback"
        said = f"bytes are not UTF-8; the file was read as {found}: look at its letters, or save as UTF-8."
        findings.note(code, odd, said)
    try:
        if not found == seen == "utf-8":
            data = data.decode(found).removeprefix("\ufeff").encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as problem:
        what = f"The file is not {found}: byte {problem.start + 1:,} does not fit."
        remedy = "Set encoding: auto, or save the file as CSV UTF-8."
        raise findings.refused("encoding", what, remedy, data.count(b"\n", 0, problem.start) + 1) from None
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data, found


def _recognised(data: bytes) -> str:
    for mark, name in _MARKS:
        if data.startswith(mark):
            return name
    # UTF-16 without a mark: the zero bytes of its commas and digits all stand on one side
    head = data[:65536]
    left, right = head[0::2].count(0), head[1::2].count(0)
    if max(left, right) >= max(len(head), 1) / 20 and min(left, right) <= max(left, right) / 20:
        return "utf-16-le" if right > left else "utf-16-be"
    if _fits(data, "utf-8"):
        return "utf-8"
    hebrew = sum(map(len, _HEBREW_RUN.findall(data)))
    if hebrew > len(_LATIN_AMONG_ASCII.findall(data)) and _fits(data, "windows-1255"):
        return "windows-1255"
    return "windows-1252" if _fits(data, "windows-1252") else "latin-1"


def _declared(data: bytes) -> str | None:
    """The charset a page's head names, if the page can be read by it."""
    said = _DECLARED.search(data[:4096])
    name = said[1].decode().lower() if said else ""
    name = "windows-1255" if name == "iso-8859-8" else name  # which holds all of it and more
    return name if name and _fits(data, name) else None


def _fits(data: bytes, encoding: str) -> bool:
    try:
        return data.isascii() or bool(data.decode(encoding))
    except (UnicodeDecodeError, LookupError):
        return False


def _forced(encoding: str, seen: str, ascii: bool, findings: Findings) -> str:
    """The encoding to read with; what the parameters force must not turn the text into gibberish."""
    if encoding == "utf-8":
        agrees = not seen.startswith("utf-16")  # a stray byte is told with its row
    elif encoding == "utf-16":
        agrees = seen.startswith(encoding)
    elif encoding in ("windows-1255", "latin-1"):
        agrees = not seen.startswith("utf") or (seen == "utf-8" and ascii)
    else:
        raise ValueError(f"encoding must be auto, utf-8, utf-16, windows-1255 or latin-1, got {encoding!r}")
    if not agrees:
        what = f"The parameters force {encoding}, but the file looks like {seen}."
        raise findings.refused("encoding", what, "Set encoding: auto, or leave it out.")
    return seen if seen.startswith(encoding) else encoding
