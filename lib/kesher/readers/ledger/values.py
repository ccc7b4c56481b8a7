"""What the cells of a till's export mean: days however written, amounts however signed, keys, Hebrew turned around."""

from __future__ import annotations

import contextlib
import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kesher.readers.text import BLANK_KEYS, key

NO_TIME = np.iinfo(np.int64).min  # as numpy's NaT
_HEBREW = re.compile("[\u05d0-\u05ea]+")
_FINALS = "ךםןףץ"
_LEFT_TO_RIGHT = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.,:/%&+-]*[0-9A-Za-z%])?")
_MIRRORED = str.maketrans("()[]<>{}", ")(][><}{")
INVISIBLE = "[ \t\r\n\f\v\u00a0\u200e\u200f\ufeff]+"
RUINED = r"^[0-9](\.[0-9]+)?[eE]\+[0-9]{2,3}$"
_INVISIBLE = re.compile(INVISIBLE)
_TOTALS = frozenset(
    map(key, ("total", "totals", "grand total", "subtotal", "sub total", "sum", 'סה"כ', "סהכ", "סך הכל", "סך הכול",
              "סך הכל כללי", "סיכום"))
)  # fmt: skip
_TOTAL_STARTS = tuple(f"{key(start)} " for start in ("total", "grand total", "subtotal", 'סה"כ', "סך הכל", "סך הכול"))


def is_total(cell: str) -> bool:
    """Whether a cell labels a row of totals.

    >>> is_total('סה"כ'), is_total("Grand Total:"), is_total("Total 2026"), is_total("Totally Fruit")
    (True, True, True, False)
    """
    if not cell or cell[0].isdigit():
        return False
    said = key(cell).rstrip(": ")
    return said in _TOTALS or said.startswith(_TOTAL_STARTS)


def customer_key(cell: str) -> str:
    """A customer's key as all files spell it: no blanks in it, no ".0" of a spreadsheet; "" is none.

    >>> customer_key(" 123.0 "), customer_key("00123"), customer_key("NULL")
    ('123', '00123', '')
    """
    if cell.isdigit():
        return cell
    text = _INVISIBLE.sub("", cell)
    head, _, tail = text.partition(".")
    if tail and head.isdigit() and not tail.strip("0"):
        return head
    return "" if text.casefold() in BLANK_KEYS else text


def is_ruined(cell: str) -> bool:
    """Whether a spreadsheet wrote a long number in short and lost its digits.

    >>> is_ruined("9.72501E+11"), is_ruined("1e+17"), is_ruined("12E4")
    (True, True, False)
    """
    return re.match(RUINED, cell) is not None


def logical(text: str) -> str:
    """Hebrew stored as it is seen on screen, turned into the order it is read in; numbers and Latin words stay.

    >>> logical("חוקל רפסמ"), logical("2026 םוכס")
    ('מספר לקוח', 'סכום 2026')
    """
    turned = text[::-1].translate(_MIRRORED)
    return _LEFT_TO_RIGHT.sub(lambda run: run[0][::-1], turned)


def has_hebrew(text: str) -> bool:
    """Whether a text has any Hebrew letter."""
    return _HEBREW.search(text) is not None


def is_visual(texts: Sequence[str]) -> bool:
    """Whether Hebrew words begin with the letters that only end a word: the text is stored in visual order.

    >>> is_visual(["םולש"]), is_visual(["שלום"]), is_visual(["store"])
    (True, False, False)
    """
    words = [word for text in texts for word in _HEBREW.findall(text) if len(word) > 1]
    starts = sum(word[0] in _FINALS for word in words)
    return starts > sum(word[-1] in _FINALS for word in words)


# --- amounts ----------------------------------------------------------------------------------------------

MAX_AMOUNT = 1e15  # beyond it cents are lost, and nothing is sold
_PLAIN = re.compile(r"[-0-9.]*\Z")
_SIGNS = re.compile(
    r"[\s\u200e\u200f\u202a-\u202e\u2066-\u2069₪$€£¥'\u2019]|nis|ils|usd|eur|gbp|ש\"ח|ש״ח|שח", re.IGNORECASE
)
_AMOUNT = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,2})?\Z", re.IGNORECASE)
_GROUPED = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d*)?\Z")
_DOTTED = re.compile(r"[+-]?\d{1,3}(\.\d{3})+(,\d*)?\Z")
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d{1,2}\Z|[+-]?\d+,\d{4,}\Z|[+-]?0,\d+\Z|[+-]?\d{1,3}(\.\d{3})+,\d+\Z")
_DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d{1,2}\Z|[+-]?\d{1,3}(,\d{3})+\.\d+\Z|[+-]?0\.\d+\Z")


def amounts(cells: Sequence[str]) -> tuple[NDArray[np.float64], bool]:
    """Distinct cells as numbers, NaN where they are none; whether the column writes decimal commas.

    Reads currency signs, thousands separators, a minus before or behind, parentheses for negatives. "1,234" is
    a thousand unless other cells of the column show that the comma is its decimal sign.

    >>> amounts(["1,234.50", "123.45-", "(7)", "₪ 3", "x"])[0].tolist()
    [1234.5, -123.45, -7.0, 3.0, nan]
    >>> amounts(["1.234,5", "2,000"])
    (array([1234.5,    2. ]), True)
    """
    if _PLAIN.match("".join(cells)):
        with contextlib.suppress(ValueError):
            return _bounded([float(cell) if cell else np.nan for cell in cells]), False
    bare = [_unsigned(cell) for cell in cells]
    comma = any(map(_DECIMAL_COMMA.match, bare)) and not any(map(_DECIMAL_POINT.match, bare))
    return _bounded([_amount(cell, comma) for cell in bare]), comma


def _bounded(found: Sequence[float]) -> NDArray[np.float64]:
    values = np.array(found, dtype=np.float64)
    return np.where(np.abs(values) <= MAX_AMOUNT, values, np.nan)


def _unsigned(cell: str) -> str:
    """The cell without currency and blanks, its minus in front."""
    text = _SIGNS.sub("", cell.replace("\u2212", "-").replace("\u2013", "-"))
    if text.startswith("(") and text.endswith(")"):
        return "-" + text[1:-1]
    return "-" + text[:-1] if text.endswith("-") else text


def _amount(text: str, comma: bool) -> float:
    if (comma and _DOTTED.match(text)) or _DECIMAL_COMMA.match(text):
        text = text.replace(".", "").replace(",", ".")
    elif comma:
        text = text.replace(",", ".")
    elif _GROUPED.match(text):
        text = text.replace(",", "")
    return float(text) if _AMOUNT.match(text) else np.nan


# --- days -------------------------------------------------------------------------------------------------

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_EXCEL = datetime.date(1899, 12, 30).toordinal()
_YEAR_FIRST = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\Z")
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})\Z")
_NAMED = re.compile(r"(\d{1,2})[-/. ]([^\W\d_]{3,})\.?[-/. ,]+(\d{4}|\d{2})\Z|([^\W\d_]{3,})\.? (\d{1,2}),? (\d{4})\Z")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)\Z")
_SERIAL = re.compile(r"([2-7]\d{4})(\.\d+)?\Z")
_CLOCK = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?\Z"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS_HE = ("ינו", "פבר", "מרצ", "אפר", "מאי", "יונ", "יול", "אוג", "ספט", "אוק", "נוב", "דצמ")
_ISO = re.compile(r"[-0-9T: .]*\Z")


@dataclass(frozen=True)
class Moments:
    """Distinct cells as seconds since 1970, NO_TIME where they are none.

    ``order`` says how 03/04/2026 was decided: "day", "month", "" (no such cell), "ambiguous" or "mixed".
    ``offset`` holds minutes east of UTC where a cell names its zone, NO_TIME elsewhere.
    """

    seconds: NDArray[np.int64]
    order: str
    offset: NDArray[np.int64]
    serials: int


def moments(cells: Sequence[str], *, day_first: str = "auto") -> Moments:
    """Days and moments in any of the ways exports write them; one decision on day or month first for all cells.

    >>> found = moments(["13/02/2026", "03/04/26 10:00", "2026-01-05T09:00:00Z", "20260105", "46027", "soon"])
    >>> found.order, (found.seconds[[0, 1, 3, 4]] // 86400).tolist(), bool(found.seconds[5] == NO_TIME)
    ('day', [20497, 20546, 20458, 20458], True)
    """
    none = np.full(len(cells), NO_TIME, dtype=np.int64)
    if _ISO.match("".join(cells)) and all(not cell or (len(cell) > 9 and cell[4] == cell[7] == "-") for cell in cells):
        with contextlib.suppress(ValueError):
            iso = np.array([cell or "NaT" for cell in cells], dtype="datetime64[s]")
            return Moments(iso.astype(np.int64), "", none, 0)
    split = [_split(cell) for cell in cells]
    days = {day: _day(day) for day in {day for day, _ in split}}
    clocks = {clock: _clock(clock) for clock in {clock for _, clock in split}}
    order = _order([found for found in days.values() if isinstance(found, tuple) and found[0] < 1000], day_first)
    ordinals = {day: _ordinal(found, order != "month") for day, found in days.items()}
    seconds, offset = none.copy(), none.copy()
    for at, (day, clock) in enumerate(split):
        ordinal, time = ordinals[day], clocks[clock]
        if ordinal is not None and time is not None:
            seconds[at] = round(ordinal * 86400) + time[0]
            offset[at] = time[1]
    serials = sum(isinstance(found, float) for found in days.values())
    return Moments(seconds, order, offset, serials)


def _split(cell: str) -> tuple[str, str]:
    """The day and the clock of a cell."""
    text = " ".join(cell.split()).strip("\u200e\u200f'")
    if ":" not in text:
        return text, ""
    if "T" in text and text[:4].isdigit():
        day, _, clock = text.partition("T")
        return day, clock
    at = text.index(":")
    cut = text.rfind(" ", 0, at)
    return (text[:cut].rstrip(","), text[cut + 1 :]) if cut > 0 else (text, "")


def _day(text: str) -> tuple[int, int, int] | float | None:
    """Year, month, day; or first, second, year of a day written year last; or a day count of 1970."""
    if found := _YEAR_LAST.match(text):
        return int(found[1]), int(found[2]), _year(found[3])
    if found := _YEAR_FIRST.match(text) or _COMPACT.match(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _SERIAL.match(text):
        return float(text) + _EXCEL - _EPOCH
    if found := _NAMED.match(text):
        day, name, year = (found[1], found[2], found[3]) if found[1] else (found[5], found[4], found[6])
        name = key(name).removeprefix("ב") if _HEBREW.match(name) else name.casefold()
        for months in (_MONTHS, tuple(map(key, _MONTHS_HE))):
            if name[:3] in months:
                return _year(year), months.index(name[:3]) + 1, int(day)
    return None


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text) if int(text) < 70 else 1900 + int(text)


def _clock(text: str) -> tuple[int, int] | None:
    """Seconds since midnight, and minutes east of UTC where the zone is named."""
    if not text:
        return 0, NO_TIME
    if not (found := _CLOCK.match(text)):
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        hour = hour % 12 + 12 * (found[4][0] in "pP")
    if hour > 24 or minute > 59 or second > 60:
        return None
    zone, offset = found[5], NO_TIME
    if zone:
        digits = zone[1:].replace(":", "") if zone[0] in "+-" else "0000"
        offset = (int(digits[:2]) * 60 + int(digits[2:] or 0)) * (-1 if zone[0] == "-" else 1)
    return hour * 3600 + minute * 60 + second, offset


def _order(found: list[tuple[int, int, int]], day_first: str) -> str:
    """Whether days written year last have the day or the month first."""
    if not found:
        return ""
    if day_first != "auto":
        return "day" if day_first == "yes" else "month"
    day, month = any(one[0] > 12 for one in found), any(one[1] > 12 for one in found)
    if day and month:
        return "mixed"
    if day or month:
        return "day" if day else "month"
    return "ambiguous" if any(one[0] != one[1] for one in found) else "day"


def _ordinal(found: tuple[int, int, int] | float | None, day_first: bool) -> float | None:
    """Days since 1970."""
    if found is None or isinstance(found, float):
        return found
    year, month, day = found
    if year < 1000:
        year, month, day = (day, month, year) if day_first else (day, year, month)
    try:
        return datetime.date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None
