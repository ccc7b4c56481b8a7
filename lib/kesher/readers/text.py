"""Making two writings of the same answer equal: marks, quotes, dashes, blanks, case, Excel's floats."""

from __future__ import annotations

import html
import re
import unicodedata

_INVISIBLE = "".join(
    map(chr, (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF, 0xAD, 0x61C))
)  # zero width, bidi, soft hyphen
_SINGLE = "\u05f3\u2018\u2019\u201a\u201b\u2032\u0060\u00b4\u02bc\uff07"  # geresh, curly, prime, backtick
_DOUBLE = "\u05f4\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb\uff02"  # gershayim, curly, double prime
_DASH = "\u05be\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"  # maqaf, en, em, minus
_FINALS = {"ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ"}
_TABLE = str.maketrans(
    dict.fromkeys(_INVISIBLE, "")
    | dict.fromkeys(_SINGLE, "'")
    | dict.fromkeys(_DOUBLE, '"')
    | dict.fromkeys(_DASH, "-")
    | _FINALS
    | {"\u2026": "..."}
)
_TAG = re.compile(r"<[^<>]{1,300}>")
_NIQQUD = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7]")
_WHOLE_FLOAT = re.compile(r"(-?\d+)\.0+\Z")
_PLAIN = re.compile(r"[a-z0-9_]*\Z")

BLANK_KEYS = frozenset({"", "#n/a", "nan", "null"})  # what spreadsheets and scripts write for nothing
UNANSWERED_KEY = "-99"  # Qualtrics: seen but unanswered


def key(cell: str) -> str:
    """The form in which two texts are compared: without marks, tags and differences of case, quotes, dashes.

    >>> key("\u200fמבצעים\u00a0  והנחות "), key("חז״ל") == key('חז"ל'), key("3.0"), key("<b>Deals</b>")
    ('מבצעימ והנחות', True, '3', 'deals')
    """
    if _PLAIN.match(cell):
        return cell
    text = unicodedata.normalize("NFC", cell)
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text) if _TAG.sub("", text).strip() else text
    text = " ".join(_NIQQUD.sub("", text.translate(_TABLE)).replace("''", '"').split()).casefold()
    whole = _WHOLE_FLOAT.match(text)
    return whole[1] if whole else text


def is_blank(cell: str) -> bool:
    """Whether a cell shows nothing; quick for the cells that show something."""
    if not cell:
        return True
    if "0" <= cell[0] <= "9" or (cell.isascii() and len(cell) > 4 and not cell.isspace()):
        return False
    return key(cell) in BLANK_KEYS


def is_unanswered(cell: str) -> bool:
    """Whether a cell says "seen but unanswered", as Qualtrics does with -99."""
    return "99" in cell and len(cell) < 12 and key(cell) == UNANSWERED_KEY


def header_key(name: str) -> str:
    """The form in which column names are compared: as ``key``, with underscores and blanks alike."""
    return key(name).replace("_", " ").strip()


def tokens(cell: str, delimiter: str) -> tuple[str, ...]:
    """The keys of the pieces between delimiters, empty ones left out.

    >>> tokens("1;2.0;3;", ";")
    ('1', '2', '3')
    """
    return tuple(piece for part in cell.split(delimiter) if (piece := key(part)))


def truth(cell: str) -> bool | None:
    """A yes or no as people and programs write it; None when it is neither.

    >>> truth("TRUE"), truth("לא"), truth(""), truth("maybe")
    (True, False, False, None)
    """
    said = key(cell)
    if said in SELECTED_KEYS:
        return True
    return False if said in UNSELECTED_KEYS or said in BLANK_KEYS else None


SELECTED_KEYS = frozenset(
    map(key, ("1", "true", "yes", "y", "selected", "checked", "ticked", "x", "✓", "✔", "☑", "כן", "נבחר",
              "מסומן", "אמת"))
)  # fmt: skip
UNSELECTED_KEYS = frozenset(
    map(key, ("0", "false", "no", "n", "not selected", "unselected", "unchecked", "not checked", "☐", "לא",
              "לא נבחר", "לא מסומן", "שקר", UNANSWERED_KEY))
)  # fmt: skip
