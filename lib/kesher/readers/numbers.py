"""Numbers, durations and rating labels out of text cells, without guessing."""

from __future__ import annotations

import math
import re

import pandas as pd

from kesher.readers.text import key

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?\Z")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+\Z")
_LEADING = re.compile(r"(\d{1,2})\s*[-:=.)]\s*[^\d\s].*\Z")


def number(cell: str, *, percent: bool = False, comma: bool = False) -> float | None:
    """A finite number, or None; ``percent`` reads "12%" as 0.12, ``comma`` allows "0,5".

    >>> number("1.5"), number("1,5"), number("1,5", comma=True), number("12%", percent=True), number("nan")
    (1.5, None, 1.5, 0.12, None)
    """
    said = key(cell)
    scale = 1.0
    if percent and said.endswith("%"):
        said, scale = said[:-1].rstrip(), 100.0
    if comma and _DECIMAL_COMMA.match(said):
        said = said.replace(",", ".")
    if not _NUMBER.match(said):
        return None
    value = float(said) / scale
    return value if math.isfinite(value) else None


def rating(cell: str) -> float | None:
    """A number, or the number a labelled scale point begins with.

    >>> rating("7"), rating("10 - Extremely likely"), rating("likely"), rating("10-20")
    (7.0, 10.0, None, None)
    """
    if (value := number(cell)) is not None:
        return value
    found = _LEADING.match(key(cell))
    return float(found[1]) if found else None


def seconds(cell: str) -> float | None:
    """A duration in seconds, from a number of seconds, h:mm:ss or "0 days 00:04:10".

    >>> seconds("250"), seconds("0 days 00:04:10.8"), seconds("1:00:00")
    (250.0, 250.8, 3600.0)
    """
    if (value := number(cell)) is not None:
        return value
    said = key(cell)
    try:
        return float(pd.Timedelta(f"0:{said}" if said.count(":") == 1 else said).total_seconds())
    except ValueError:
        return None
