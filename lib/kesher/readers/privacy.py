"""Recognising columns that hold who somebody is: by their names and by what their cells look like."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from kesher.readers.text import header_key

# whole names, not words in a question: "Which phone do you use?" is a question like any other
_WHOSE = r"(?:(?:recipient|respondent|respondent's|contact|your|customer|user|home|work|השב|שלכ) )*"
_NAMES = {
    "an e-mail address": _WHOSE + r"(e-?mail|mail)( address)?|(כתובת )?(דוא\"?ל|דואר אלקטרוני|אי-?מייל|מייל)",
    "an IP address": r"ip ?(address)?|כתובת ip",
    "a name": _WHOSE + r"(full |first |last |family |user |sur|given )?name|username"
    r"|שמ( (פרטי|משפחה|מלא|ושמ משפחה|המשיב|המשיבה|הלקוח))?",
    "a phone number": _WHOSE + r"(mobile |cell |tele)?(phone|mobile|whatsapp)( number| no)?"
    r"|(מספר )?(ה?טלפונ|ה?נייד|פלאפונ)( (ה?נייד|בבית))?",
    "a place": r"(.* )?(latitude|longitude)( .*)?|gps( .*)?|geo ?location|location|"
    + _WHOSE
    + r"(street |postal |mailing )?address|street|כתובת( (מגורימ|מלאה|הבית))?|קו (רוחב|אורכ)",
    "an identity number": r"(id card|identity( card)?|passport|national id|social security|ssn)( number| no)?"
    r"|(מספר |מס' )?(תעודת )?זהות|(מספר )?ת\.?\"?ז\.?|(מספר )?דרכונ",
}
_BY_NAME = {what: re.compile(pattern) for what, pattern in _NAMES.items()}
_ASKING = re.compile(r"^(what is|please (enter|write)|enter|write|מה|נא להזינ|הזינו?) (your |the |ה(?=[א-ת]))?")
_MARKS = "?:*. ()"
_EMAIL = re.compile(r"[^\s@<>;,]+@[^\s@<>;,]+\.[A-Za-z]{2,}")
_IP = re.compile(r"(\d{1,3}\.){3}\d{1,3}\Z|([0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}\Z")
_PHONE = re.compile(r"(\+?972[-\s]?|0)?5\d[-\s]?\d{3}[-\s]?\d{4}\Z")
_DIGITS = re.compile(r"\d{9}\Z")

MOSTLY = 0.5  # a share of the cells: one address among free answers does not make an address column


def private_name(names: Iterable[str]) -> str | None:
    """What a column of one of these names holds about a person, or None.

    >>> private_name(["Recipient Email"]), private_name(["שם פרטי"]), private_name(["brand name"])
    ('an e-mail address', 'a name', None)
    """
    for name in names:
        said = header_key(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)).strip(_MARKS)
        said = _ASKING.sub("", said).removesuffix(" שלכ")
        for what, pattern in _BY_NAME.items():
            if pattern.fullmatch(said):
                return what
    return None


def israeli_id(cell: str) -> bool:
    """Whether nine digits carry the check digit of an Israeli identity number.

    >>> israeli_id("123456782"), israeli_id("123456789")
    (True, False)
    """
    if not _DIGITS.match(cell) or cell == "000000000":
        return False
    steps = (int(digit) * (1 + at % 2) for at, digit in enumerate(cell))
    return sum(step - 9 * (step > 9) for step in steps) % 10 == 0


def private_cells(values: list[str], counts: NDArray[np.int64]) -> str | None:
    """What most filled cells of a column hold about a person, or None; ``counts`` weighs the values."""
    step = max(1, len(values) // 5000)  # a sample settles it where a column has many distinct cells
    seen: Counter[str] = Counter()
    for value, count in zip(values[::step], counts[::step].tolist(), strict=True):
        if cell := value.strip():
            seen[_held(cell)] += count
    filled = seen.total()
    del seen[""]
    what, most = max(seen.items(), key=lambda pair: pair[1], default=("", 0))
    return what if most and most >= MOSTLY * filled else None


def _held(cell: str) -> str:
    """What one cell holds about a person, "" for nothing."""
    if _EMAIL.search(cell):
        return "an e-mail address"
    if _IP.match(cell):
        return "an IP address"
    if _PHONE.match(cell):
        return "a phone number"
    return "an identity number" if israeli_id(cell) else ""
