"""Text at the edge: cleaned, escaped for HTML and for Plotly, isolated for Hebrew, measured and wrapped.

A label may come from a respondent. Nothing here ever lets it become markup: HTML passes ``esc``, and Plotly,
which reads ``<b>``, ``<a href>`` and entities inside its labels, passes ``plotly_text``.
"""

from __future__ import annotations

import datetime
import html
import math
import re

from babel.dates import format_date

from kesher.results import Cell
from kesher.words import FSI, LRI, PDI, RLI, Quantity, Text, bare, isolated, quantity, say

RIGHT_TO_LEFT = frozenset({"he"})
DAYS = {("en", "long"): "d MMMM y", ("en", "medium"): "d MMM y", ("he", "long"): "d בMMMM y", ("he", "medium"): "d.M.y"}

# Controls that could reorder or hide text nearby: C0, C1 but tab and newline, embeddings and overrides.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ufeff\ufffe\uffff\ud800-\udfff]")
_NUMBER = r"[−+-]?[₪$€£]?\d(?:[\d,.]*\d)?(?:\s?(?:%|pp\b|נ״א))?"
_UNIT = re.compile(r"[%₪$€£−+]|pp|נ״א")
_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|ינו|פבר|מרץ|אפר|מאי|יוני|יולי|אוג|ספט|אוק|נוב|דצמ"
_DATE = re.compile(rf"(?:19|20)\d\d(?!\d)|\d\d? ב?(?:{_MONTHS})")
_MARKS = f"{LRI}{RLI}{FSI}{PDI}"
_TOKEN = re.compile(
    rf"(?P<isolated>{LRI}[^{_MARKS}]*\d[^{_MARKS}]*{PDI}(?:\sנ״א)?)|(?P<open>[{LRI}{RLI}{FSI}])|(?P<close>{PDI})"
    rf"|(?P<plain>(?<![\w.,]){_NUMBER}(?!\w))"
)

_RANGE = re.compile(r"\d[\d.,]*%?\s?[–−-]\s?\d[\d.,]*%?")

# Advance widths of Noto Sans, hundredths of an em; narrower fonts only leave more room.
_WIDTHS = {
    **dict.fromkeys(" '!,.:;ijlJ׳·", 27), **dict.fromkeys("()-/I[]fןוזיtנ״", 36),
    **dict.fromkeys("\"גr_{}", 44), **dict.fromkeys("?csz–", 50), **dict.fromkeys("vyxkלדךץרכ", 54),
    **dict.fromkeys("0123456789$+<=>ESTFLZYפצעב−€ae*|", 59),
    **dict.fromkeys("bdghnopquABCKPRVXאהטסףק#●○", 65), **dict.fromkeys("DGHNUתםמח&ש", 74),
    **dict.fromkeys("OQw%₪◆½", 83), **dict.fromkeys("MWm@…—→←", 100),
    **dict.fromkeys("\u200e\u200f\u2066\u2067\u2068\u2069\u0591", 0),
}  # fmt: skip
_WIDE_FROM = "\u2e80"  # ideographs, kana, Hangul, emoji: a full em and a little


# Spaces that must not end a line: between a number and its points, around the = of a base.
_SIGN = re.compile(r"[−+](?=[₪$€£])")  # nor a sign before its amount
_LOOSE = re.compile(rf"(?<=[\d{PDI}]) (?=pp\b|נ״א)|(?<=\bn) (?==)|(?<=\bn =) (?=[\d{LRI}])")


def direction(language: str) -> str:
    """``rtl`` or ``ltr``."""
    return "rtl" if language in RIGHT_TO_LEFT else "ltr"


def clean(text: object) -> str:
    """The text without control characters and with every isolate opened and closed inside it."""
    kept, opened = [], 0
    for letter in _CONTROLS.sub("", str(text)):
        if letter != PDI or opened:
            kept.append(letter)
            opened += (letter in (LRI, RLI, FSI)) - (letter == PDI)
    return "".join(kept) + PDI * opened


def esc(text: object) -> str:
    """The text cleaned and escaped, for an HTML element or a quoted attribute.

    >>> esc('<img src=x onerror="alert(1)">')
    '&lt;img src=x onerror=&quot;alert(1)&quot;&gt;'
    """
    return html.escape(_SIGN.sub("\\g<0>\u2060", _LOOSE.sub("\u00a0", clean(text))), quote=True)


def emphasised(text: str) -> str:
    """HTML of a headline with its quantities in ``<b>``; names of the client, years and dates stay plain.

    >>> emphasised("49% of 1,300 customers <b>")
    '<b>49%</b> of <b>1,300</b> customers &lt;b&gt;'
    >>> emphasised("24% of \u2068Studio 54\u2069 since 2019").count("<b>")
    1
    """
    text = clean(text)
    written: list[str] = []
    names, position = 0, 0  # how many names are open here, how far the text is written
    for found in _TOKEN.finditer(text):
        written.append(html.escape(text[position : found.start()]))
        position = found.end()
        token = html.escape(found[0])
        bold = found.lastgroup == "isolated"
        if found.lastgroup == "plain":
            bold = bool(_UNIT.search(found[0])) or (not names and not _DATE.match(text, found.start()))
        names += {"open": 1, "close": -1}.get(found.lastgroup or "", 0)
        written.append(f"<b>{token}</b>" if bold else token)
    return "".join(written) + html.escape(text[position:])


def ranges(text: str, language: str) -> str:
    """Number ranges kept left to right inside Hebrew, where 18–24 would be laid out as 24–18."""
    if language not in RIGHT_TO_LEFT or LRI in text:
        return text
    return _RANGE.sub(rf"{LRI}\g<0>{PDI}", text)


def cell(value: Cell, unit: str, digits: int, language: str, currency: str, *, signed: bool | None = None) -> str:
    """One cell of a table as the language writes it; a missing value is a dash."""
    if isinstance(value, bool):
        return say("part.yes" if value else "part.no")[language]
    if isinstance(value, (int, float)):
        return number(value, unit, digits, language, currency, signed=signed)
    return ranges(value[language], language) if isinstance(value, dict) else value or "–"


def number(value: float, unit: str, digits: int, language: str, currency: str, *, signed: bool | None = None) -> str:
    """A number in its unit, isolated where the language needs it; points carry their sign."""
    if unit == "rank" and value != round(value):
        digits = max(digits, 1)  # a tie: the two of places 2 and 3 both stand at 2.5
    known = unit if unit not in ("text", "code", "flag") else "ratio"
    plus = known == "pp" if signed is None else signed
    return isolated(quantity(Quantity(value, known, digits, plus, currency), language), language)


def day(written: str, language: str, style: str = "long") -> str:
    """An ISO date as the language writes it (31 October 2026, never month first); any other text as it is."""
    try:
        date = datetime.date.fromisoformat(written)
    except ValueError:
        return written
    return str(format_date(date, format=DAYS[language, style], locale=language))


def width(text: str, size: float, *, bold: bool = False) -> float:
    """Pixels a line takes at a font size; errs wide by a few per cent."""
    units = sum(_WIDTHS.get(letter, 105 if letter >= _WIDE_FROM else 68) for letter in text)
    return units / 100 * size * (1.08 if bold else 1.0)


def wrapped(text: str, limit: float, size: float, *, bold: bool = False) -> list[str]:
    """The text in lines of at most ``limit`` pixels; a word longer than a line is cut, nothing is lost.

    >>> wrapped("I want news of the brand", 110, 15)
    ['I want news', 'of the brand']
    """
    lines = [""]
    for word in clean(text).split():
        joined = f"{lines[-1]} {word}".strip()
        if width(joined, size, bold=bold) <= limit:
            lines[-1] = joined
            continue
        lines += [""] if lines[-1] else []
        for letter in word:
            if lines[-1] and width(lines[-1] + letter, size, bold=bold) > limit:
                lines.append("")
            lines[-1] += letter
    return _balanced(lines, size, bold=bold)


def _balanced(lines: list[str], size: float, *, bold: bool) -> list[str]:
    """Two lines of like length read better than a long one and a single word."""
    if len(lines) != 2:
        return lines
    words = " ".join(lines).split()
    cuts = ([" ".join(words[:cut]), " ".join(words[cut:])] for cut in range(1, len(words)))
    return min([lines, *cuts], key=lambda halves: max(width(half, size, bold=bold) for half in halves))


def plotly_text(lines: list[str] | str, language: str) -> str:
    """Lines for a Plotly label: inert, each isolated in the direction of the language.

    >>> plotly_text(["a <b>", "& c"], "en")
    'a &lt;b&gt;<br>&amp; c'
    """
    given = [lines] if isinstance(lines, str) else lines
    inert = [html.escape(ranges(clean(line), language), quote=False) for line in given]
    if language in RIGHT_TO_LEFT:  # a label without letters, such as 55+, keeps its own order
        inert = [f"{RLI if any(map(str.isalpha, line)) else LRI}{line}{PDI}" for line in inert]
    return "<br>".join(inert)


def plain(text: Text, language: str) -> str:
    """A Text without isolation marks, for attributes and plain-text outputs."""
    return bare(clean(text[language]))


def finite(value: Cell) -> float | None:
    """The cell as a number, or None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return float(value)
