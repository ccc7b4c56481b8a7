"""How each kind of chart is drawn; see ``charts`` for what each is for."""

from __future__ import annotations

from typing import Any

from kesher.page.canvas import ACCENT, GREY, INK, MARK, Sheet, Style
from kesher.page.slopes import slope
from kesher.page.text import finite, width
from kesher.words import Text, say

__all__ = ["bars", "difference", "dumbbell", "range_", "slope"]

Figure = dict[str, Any]
Spec = dict[str, Any]
SMALLEST_PLOT = 230  # pixels between the margins of the smallest wide figure
FILLED, HOLLOW, SQUARE, DIAMOND = "●", "○", "■", "◇"


def _label(row: dict[str, Any], language: str, role: str = "label") -> str:
    label = row.get(role)
    return str(label[language]) if isinstance(label, dict) else "" if label is None else str(label)


def _name(spec: Spec, role: str, language: str) -> str:
    """What a role is called: the chart's own word, else its column's."""
    given: Text = spec["names"].get(role) or spec["columns"][role]["label"]
    return given[language]


def _sheet(spec: Spec, language: str, narrow: bool, roles: tuple[str, ...], *, zero: bool) -> Sheet:
    """A sheet whose axis shows the values of these roles, in the unit of the first."""
    values = [finite(row.get(role)) for row in spec["rows"] for role in roles]
    column, currency = spec["columns"][roles[0]], str(spec["currency"])
    return Sheet(language, narrow=narrow, values=values, zero=zero, column=column, currency=currency)


def _withheld(sheet: Sheet, y: float) -> None:
    """A row without a value says so instead of vanishing."""
    sheet.value(say("part.chart.withheld")[sheet.language], sheet.low, y, GREY, bold=False)


def _interval(sheet: Sheet, name: str, value: float, low: float | None, high: float | None) -> str:
    """``name: 49% (46% to 52%)``."""
    text = f"{name}: {sheet.written(value)}"
    if low is None or high is None:
        return text
    between = say("unit.interval", low=sheet.written(low), high=sheet.written(high))
    return f"{text} ({between[sheet.language]})"


def _dot(colour: str, size: float = 14, *, hollow: bool = False, symbol: str = "circle") -> Style:
    return Style("dot", colour, size, symbol=symbol, hollow=hollow)


def dumbbell(spec: Spec, language: str, narrow: bool) -> Figure:
    """Two groups per row, filled and open circle, the gap written; grey and dotted where not distinct."""
    sheet = _sheet(spec, language, narrow, ("first", "second"), zero=False)
    names = [_name(spec, role, language) for role in ("first", "second")]
    if narrow or not _name_ends(sheet, spec, names):
        sheet.key([(FILLED, INK, names[0]), (HOLLOW, INK, names[1])])
    for row in spec["rows"]:
        label = _label(row, language)
        distinct = row.get("distinct") is not False
        colour = MARK if not distinct else ACCENT if row.get("accent") else INK
        y = sheet.row(label)
        first, second, gap = (finite(row[role]) for role in ("first", "second", "gap"))
        if first is None or second is None:
            _withheld(sheet, y)
            continue
        hover = [label, f"{names[0]}: {sheet.written(first)}", f"{names[1]}: {sheet.written(second)}"]
        if gap is not None:
            written = sheet.written(gap, spec["columns"]["gap"])
            hover.append(f"{_name(spec, 'gap', language)}: {written}")
            sheet.value(written, max(first, second), y, colour if distinct else GREY, bold=distinct)
        if not distinct:
            hover.append(say("part.chart.not_distinct")[language])
        sheet.line(first, second, y, colour, dash="solid" if distinct else "dot")
        sheet.mark(_dot(colour), first, y, hover)
        sheet.mark(_dot(colour, hollow=True), second, y, hover)
    return sheet.figure()


def _name_ends(sheet: Sheet, spec: Spec, names: list[str]) -> bool:
    """Name the two ends above the first row, if they lie far enough apart there on the smallest page."""
    row = spec["rows"][0] if spec["rows"] else {}
    first, second = finite(row.get("first")), finite(row.get("second"))
    if first is None or second is None:
        return False
    apart = abs(first - second) / (sheet.high - sheet.low) * SMALLEST_PLOT
    if apart < sum(width(name, sheet.small) for name in names) / 2 + 10:
        return False
    for end, name in zip((first, second), names, strict=True):
        sheet.name(name, end, 4)
    sheet.bottom += 8
    return True


def bars(spec: Spec, language: str, narrow: bool) -> Figure:
    """Bars from zero with interval and value; a small base hollow, a published figure an open diamond."""
    sheet = _sheet(spec, language, narrow, ("value", "low", "high", "reference"), zero=True)
    sheet.zero_line = True
    name = _name(spec, "value", language)
    if any(row.get("reference") is not None for row in spec["rows"]):
        sheet.key([(SQUARE, MARK, name), (DIAMOND, INK, _name(spec, "reference", language))])
    bases = {row.get("base") for row in spec["rows"]}
    for row in spec["rows"]:
        label, base, reference = _label(row, language), finite(row.get("base")), finite(row.get("reference"))
        grey = bool(row.get("grey"))
        note = say("part.chart.base", n=int(base))[language] if base is not None else ""
        tall = 44 if reference is None else 62 if narrow else 54
        y = sheet.row(label, note=note if len(bases) > 1 or grey else "", tall=tall)
        if reference is not None:  # on a line of its own below, so that each mark has its figure beside it
            shown = [label, f"{_name(spec, 'reference', language)}: {sheet.written(reference)}"]
            sheet.mark(_dot(INK, 11, symbol="diamond", hollow=True), reference, y + 15, shown)
            sheet.value(sheet.written(reference), reference, y + 15, GREY, bold=False)
            y -= 9
        value, low, high = (finite(row.get(role)) for role in ("value", "low", "high"))
        if value is None:
            _withheld(sheet, y)
            continue
        hover = [label, _interval(sheet, name, value, low, high), *([note] if note else [])]
        colour = ACCENT if row.get("accent") and not grey else MARK
        sheet.mark(Style("bar", colour, 20, hollow=grey), value, y, hover)
        if low is not None and high is not None:
            sheet.line(low, high, y, INK, size=1.5)
        sheet.value(sheet.written(value), _beyond(value, high), y, GREY if grey else INK)
    return sheet.figure()


def _beyond(value: float, high: float | None) -> float:
    """Where a direct label begins: past the interval."""
    return value if high is None else max(value, high)


def difference(spec: Spec, language: str, narrow: bool) -> Figure:
    """Dot and interval around zero, in groups; open, grey and dotted where zero is not excluded."""
    sheet = _sheet(spec, language, narrow, ("value", "low", "high"), zero=True)
    sheet.zero_line = True
    for role in ("negative", "positive"):
        if role in spec["names"]:
            sheet.side(spec["names"][role][language], high=role == "positive")
    name, group = _name(spec, "value", language), None
    for row in spec["rows"]:
        if (this := _label(row, language, "group")) and this != group:
            sheet.heading(this)
            group = this
        label = _label(row, language)
        distinct = row.get("distinct") is not False
        colour = INK if distinct else MARK
        y = sheet.row(label, tall=36)
        value, low, high = (finite(row[role]) for role in ("value", "low", "high"))
        if value is None:
            _withheld(sheet, y)
            continue
        hover = [label, _interval(sheet, name, value, low, high)]
        if not distinct:
            hover.append(say("part.chart.not_distinct")[language])
        if low is not None and high is not None:
            sheet.line(low, high, y, colour, size=2.5, dash="solid" if distinct else "dot")
        sheet.mark(_dot(colour, 13, hollow=not distinct), value, y, hover)
        sheet.value(sheet.written(value), _beyond(value, high), y, INK if distinct else GREY, bold=distinct)
    return sheet.figure()


def range_(spec: Spec, language: str, narrow: bool) -> Figure:
    """What was found, with its interval, above what was guessed, with the spread of the guesses."""
    ends = ("actual", "low", "high", "guess", "guess_low", "guess_high")
    sheet = _sheet(spec, language, narrow, ends, zero=True)
    names = {role: _name(spec, role, language) for role in ("actual", "guess")}
    sheet.key([(FILLED, INK, names["actual"]), (HOLLOW, GREY, names["guess"])])
    for row in spec["rows"]:
        label = _label(row, language)
        y = sheet.row(label, tall=60)
        for shift, roles in ((-11, ends[:3]), (11, ends[3:])):
            value, low, high = (finite(row.get(role)) for role in roles)
            if value is None:
                _withheld(sheet, y + shift)
                continue
            found = roles[0] == "actual"
            colour = INK if found else GREY
            if low is not None and high is not None:
                sheet.line(low, high, y + shift, INK if found else MARK, size=2.5 if found else 6)
            hover = [label, _interval(sheet, names[roles[0]], value, low, high)]
            sheet.mark(_dot(colour, 13, hollow=not found), value, y + shift, hover)
            sheet.value(sheet.written(value), _beyond(value, high), y + shift, colour, bold=found)
    return sheet.figure()
