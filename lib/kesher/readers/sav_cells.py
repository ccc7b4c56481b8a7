"""An SPSS file's dictionary and cells, read in the process of ``cells``, which loads this file by its path.

It imports nothing of kesher. Every text is read as latin-1, which loses no byte: whoever asked decodes it. The
multiple-response sets are read here, because ReadStat leaves out those of type E.
"""

from __future__ import annotations

import datetime
import io
import math
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import Any

HEADER_BYTES = 176
_VARIABLE, _LABELS, _INDEX, _DOCUMENT, _EXTENSION, _END = 2, 3, 4, 6, 7, 999
_NUMBERS, _OLD_SETS, _LONG_NAMES, _SETS, _ENCODING = 3, 7, 13, 19, 20  # what an extension is of
_EPOCH = datetime.datetime(1582, 10, 14)
_DAYS = ("DATE", "ADATE", "EDATE", "JDATE", "SDATE", "QYR", "MOYR", "WKYR")
_MOMENTS = ("DATETIME", "YMDHMS")
_COUNT = re.compile(r" ?(\d{1,6}) ")
_SOURCE = re.compile(r" (?:1|11)(?= )")


def dictionary(data: bytes) -> dict[str, Any]:
    """The sets of a file, the encoding it declares, if any, whether sets are unreadable and whether it names a weight.

    A set: name, kind (C, D or E), counted (the code that is a tick, None in C), variables. Raises ValueError for
    what is no SPSS file.
    """
    extensions = dict(_extensions(data))
    renamed = dict(
        pair.split("=", 1) for pair in extensions.get(_LONG_NAMES, b"").decode("latin-1").split("\t") if "=" in pair
    )
    names = {short.casefold(): name.rstrip("\0 ") for short, name in renamed.items()}
    sets: dict[str, dict[str, Any]] = {}
    unread = False
    for kind in (_OLD_SETS, _SETS):
        try:
            sets |= {one["name"]: one for one in _sets(extensions.get(kind, b"").decode("latin-1"))}
        except (ValueError, IndexError):
            unread = True
    for one in sets.values():
        one["variables"] = [names.get(short.casefold(), short) for short in one["variables"]]
    declared = extensions.get(_ENCODING, b"").decode("latin-1").strip("\0 ")
    weighted = any(data[76:80])
    declared = declared or _code_page(data, extensions)
    return {"sets": list(sets.values()), "declared": declared, "unread": unread, "weighted": weighted}


def _order(data: bytes) -> str:
    return "<" if struct.unpack_from("<i", data, 64)[0] in (2, 3) else ">"


def _code_page(data: bytes, extensions: dict[int, bytes]) -> str:
    numbers = extensions.get(_NUMBERS, b"")
    code = struct.unpack_from(f"{_order(data)}i", numbers, 28)[0] if len(numbers) >= 32 else 0
    return "utf-8" if code == 65001 else f"cp{code}" if 437 <= code < 1300 else ""


def _extensions(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The extension records of a dictionary: what each is of, and its bytes."""
    if len(data) < HEADER_BYTES:
        raise ValueError
    order, at = _order(data), HEADER_BYTES

    def whole(place: int) -> int:
        return int(struct.unpack_from(f"{order}i", data, place)[0])

    while at + 8 <= len(data) and (kind := whole(at)) != _END:
        if kind == _VARIABLE:
            labelled, missing = whole(at + 8), whole(at + 12)
            size = 32 + (4 + -(-whole(at + 32) // 4) * 4 if labelled else 0) + 8 * abs(missing)
        elif kind == _LABELS:
            size = 8
            for _ in range(whole(at + 4)):
                size += 8 + (data[at + size + 8] + 8) // 8 * 8
        elif kind == _INDEX:
            size = 8 + 4 * whole(at + 4)
        elif kind == _DOCUMENT:
            size = 8 + 80 * whole(at + 4)
        elif kind == _EXTENSION:
            size = 16 + whole(at + 8) * whole(at + 12)
            yield whole(at + 4), data[at + 16 : at + size]
        else:
            raise ValueError
        if size < 8:
            raise ValueError
        at += size


def _sets(text: str) -> Iterator[dict[str, Any]]:
    """The definitions ``$name=C 5 label v1 v2``, ``$name=D1 1 5 label v1 v2`` and ``$name=E 1 1 1 5 label v1 v2``.

    A count of letters stands before the counted value and before the label.

    >>> [(one["name"], one["kind"], one["counted"], one["variables"]) for one in _sets("$a=E 11 2 34 3 x y k l")]
    [('$a', 'E', '34', ['k', 'l'])]
    """
    at = 0
    while (equal := text.find("=", at)) >= 0:
        name, kind = text[at:equal].strip(), text[equal + 1]
        at, counted = equal + 2, None
        if kind not in "CDE":
            raise ValueError
        if kind == "E":
            at = _ended(_SOURCE.match(text, at))
        if kind != "C":
            counted, at = _counted(text, at)
        _, at = _counted(text, at)
        end = text.find("\n", at)
        end = len(text) if end < 0 else end
        yield {"name": name, "kind": kind, "counted": counted, "variables": text[at:end].strip("\0").split()}
        at = end + 1


def _ended(found: re.Match[str] | None) -> int:
    if found is None:
        raise ValueError
    return found.end()


def _counted(text: str, at: int) -> tuple[str, int]:
    start = _ended(found := _COUNT.match(text, at))
    assert found
    end = start + int(found[1])
    return text[start:end], end


def parse(
    data: bytes, wanted: Sequence[int] | None, cell_text: Callable[[Any], str]
) -> tuple[dict[str, Any], Iterator[list[str]]]:
    """Without ``wanted`` the dictionary; else the cells of the variables at these places, the case's number first.

    A value that the file declares missing is blank, and counted by variable in ``missing``.
    """
    import pyreadstat

    given: dict[str, Any] = {
        "encoding": "latin1",
        "user_missing": True,
        "disable_datetime_conversion": True,
        "output_format": "dict",
    }
    known = dictionary(data)
    _, meta = pyreadstat.read_sav(io.BytesIO(data), metadataonly=True, **given)
    if wanted is None:
        labels = {
            name: {cell_text(code): label for code, label in of.items()}
            for name, of in meta.variable_value_labels.items()
        }
        real = {name.casefold(): name for name in meta.column_names}
        for one in known["sets"]:
            one["counted"] = _code(one["counted"], cell_text)
            one["variables"] = [real.get(name.casefold(), name) for name in one["variables"]]
        texts = ["" if label is None else label for label in meta.column_labels]
        return known | {"names": meta.column_names, "texts": texts, "labels": labels}, iter(())
    names = [meta.column_names[at] for at in wanted]
    found, meta = pyreadstat.read_sav(io.BytesIO(data), usecols=names, **given)
    columns, missing = [], []
    for name in names:
        ranges = meta.missing_ranges.get(name, ())
        kept = [None if _declared(value, ranges) else value for value in found[name]]
        missing.append(sum(one is None and value is not None for one, value in zip(kept, found[name], strict=True)))
        columns.append([_text(value, meta.original_variable_types[name], cell_text) for value in kept])
    rows = ([str(case), *cells] for case, cells in enumerate(zip(*columns, strict=True), 1))
    return {"missing": missing}, rows


def _code(said: str | None, cell_text: Callable[[Any], str]) -> str | None:
    try:
        return cell_text(float(said)) if said is not None else None
    except ValueError:
        return said and said.rstrip()


def _declared(value: Any, ranges: Sequence[dict[str, Any]]) -> bool:
    """Whether a value is missing: nothing at all, or what the file declares to be no answer."""
    if value is None or value != value:
        return True
    return any(type(value) is type(one["lo"]) and one["lo"] <= value <= one["hi"] for one in ranges)


def _text(value: Any, format: str, cell_text: Callable[[Any], str]) -> str:
    """A cell as text: codes without ".0", days and moments as ISO dates."""
    kind = format.rstrip("0123456789.")
    if isinstance(value, float) and math.isfinite(value) and kind in (*_DAYS, *_MOMENTS):
        try:
            moment = _EPOCH + datetime.timedelta(seconds=value)
        except OverflowError:
            return cell_text(value)
        return moment.date().isoformat() if kind in _DAYS else moment.isoformat()
    return "" if value is None else cell_text(value)
