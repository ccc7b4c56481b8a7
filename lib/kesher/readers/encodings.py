"""Text files to UTF-8, whatever a spreadsheet or a survey tool saved them as."""

from __future__ import annotations

import codecs
import re

from kesher.faults import DataRefused
from kesher.readers.opening import Raw, refuse
from kesher.readers.tidy import Note

_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HEBREW_RUN = re.compile(rb"[\xe0-\xfa]{2,}")
_LATIN_AMONG_ASCII = re.compile(rb"[A-Za-z][\xc0-\xff]|[\xc0-\xff][A-Za-z]")
_WIDE = "utf-16"


def to_utf8(raw: Raw, encoding: str = "auto") -> tuple[bytes, str, tuple[Note, ...]]:
    """The file in UTF-8 without a mark and with ``\\n`` line ends, the encoding it had, and notes.

    ``auto`` tries the byte order mark, UTF-16 without one, UTF-8, windows-1255 and last windows-1252/latin-1,
    which reads anything and is therefore noted. Raises DataRefused where a forced encoding does not fit.
    """
    data = raw.data
    found = _recognised(data) if encoding == "auto" else _forced(raw, encoding)
    notes: tuple[Note, ...] = ()
    if found in ("windows-1255", "windows-1252", "latin-1") and encoding == "auto":
        odd = len(data) - len(data.translate(None, bytes(range(128, 256))))
        code = "windows1255_fallback" if found == "windows-1255" else "latin1_fallback"
        said = f"bytes are not UTF-8; the file was read as {found}: look at its letters, or save as UTF-8."
        notes = (Note(code, odd, None, said),)
    if found == "utf-8-sig":
        data = data[3:]
    if found not in ("utf-8", "utf-8-sig"):
        data = _decoded(raw, found).encode("utf-8", "surrogatepass")
    elif (at := _invalid_at(data)) is not None:
        raise _unfit(raw.name, found, data, at)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\x00" in data:
        row = data.count(b"\n", 0, data.index(b"\x00")) + 1
        raise refuse(
            raw.name,
            "nul_bytes",
            f"The file holds {data.count(0):,} NUL bytes: it is damaged or not text.",
            "Export it again.",
            row=row,
        )
    return data, found, notes


def _recognised(data: bytes) -> str:
    for mark, name in _BOMS:
        if data.startswith(mark):
            return name
    if (wide := _wide(data[:65536])) is not None:
        return wide
    if _invalid_at(data) is None:
        return "utf-8"
    hebrew = sum(map(len, _HEBREW_RUN.findall(data)))
    western = len(_LATIN_AMONG_ASCII.findall(data))
    for name in ("windows-1255", "windows-1252") if hebrew > western else ("windows-1252",):
        try:
            data.decode(name)
        except UnicodeDecodeError:
            continue
        return name
    return "latin-1"


def _wide(head: bytes) -> str | None:
    """UTF-16 without a mark: the zero bytes of its commas and digits all stand on one side."""
    left, right = head[0::2].count(0), head[1::2].count(0)
    if max(left, right) < len(head) / 20 or min(left, right) > max(left, right) / 20:
        return None
    return "utf-16-le" if right > left else "utf-16-be"


def _forced(raw: Raw, encoding: str) -> str:
    data = raw.data
    marked = next((name for mark, name in _BOMS if data.startswith(mark)), None)
    if encoding == "utf-8":
        if marked == _WIDE:
            raise _not_what_it_says(raw.name, encoding, "UTF-16")
        return marked or encoding
    if encoding == "utf-16":
        if marked == "utf-8-sig" or (marked is None and _wide(data[:65536]) is None):
            raise _not_what_it_says(raw.name, encoding, "not UTF-16")
        return marked or _wide(data[:65536]) or _WIDE
    if encoding not in ("windows-1255", "latin-1"):
        raise ValueError(f"encoding must be auto, utf-8, utf-16, windows-1255 or latin-1, got {encoding!r}")
    if marked is not None or _wide(data[:65536]) is not None:
        raise _not_what_it_says(raw.name, encoding, marked or "UTF-16")
    if not data.isascii() and _invalid_at(data) is None:  # would read, but as gibberish
        raise _not_what_it_says(raw.name, encoding, "UTF-8")
    return encoding


def _invalid_at(data: bytes) -> int | None:
    if data.isascii():
        return None
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as problem:
        return problem.start
    return None


def _decoded(raw: Raw, encoding: str) -> str:
    try:
        text = raw.data.decode(encoding)
    except UnicodeDecodeError as problem:
        raise _unfit(raw.name, encoding, raw.data, problem.start) from None
    return text.removeprefix("\ufeff")


def _unfit(name: str, encoding: str, data: bytes, at: int) -> DataRefused:
    return refuse(
        name,
        "encoding",
        f"The file is not {encoding}: byte {at + 1:,} does not fit.",
        "Set encoding: auto, or save the file as CSV UTF-8.",
        row=data.count(b"\n", 0, at) + 1,
    )


def _not_what_it_says(name: str, forced: str, is_: str) -> DataRefused:
    return refuse(
        name,
        "encoding",
        f"The parameters force {forced}, but the file is {is_}.",
        "Set encoding: auto, or leave it out.",
    )
