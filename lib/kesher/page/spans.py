"""Over which weights of its goals a choice stays, and what takes over beyond them."""

from __future__ import annotations

from kesher.page.canvas import ACCENT, GREY, INK, LINE, MARK, NARROW, WIDE, Dict, Drawing, Sheet, Style, font
from kesher.page.text import finite, width, wrapped
from kesher.words import Text, say

STRETCH, TICK = "▬", "│"
ABOVE, TRACK = 19.0, 15.0  # pixels of a row that the present weight and the track take


def spans(spec: Dict, language: str, narrow: bool) -> Dict:
    """Per goal a track of weights, the stretch in which the choice stays, the weight now, what takes over beyond."""
    sheet = Sheet(spec | {"names": {"stays": say("part.chart.stays")} | spec["names"]}, language, narrow, "value")
    whole = 1.0 if spec["columns"]["value"]["unit"] == "share" else 100.0
    sheet.low, sheet.high, sheet.ticks = 0.0, whole, [whole * quarter / 4 for quarter in range(5)]
    shades = [ACCENT if row.get("accent", True) else MARK for row in sheet.rows]
    sheet.key((STRETCH, ACCENT if ACCENT in shades else MARK, "stays"), (TICK, INK, "value"))
    labels = [one for row in sheet.rows for one in wrapped(sheet.label(row), sheet.label_limit, sheet.size)]
    most = max((width(one, sheet.size) for one in labels), default=0.0)
    room = NARROW - 6 if narrow else WIDE - most - 124  # of the words below a track
    for row, shade in zip(sheet.rows, shades, strict=True):
        said = _beyond(sheet, row, whole)
        limits = _shared(room, [width(text, sheet.small) for _, text in said])
        words = [(edge, wrapped(text, limit, sheet.small)) for (edge, text), limit in zip(said, limits, strict=True)]
        lines = max((len(text) for _, text in words), default=0) * sheet.small * LINE
        tall = ABOVE + TRACK + lines + 5
        y = sheet.row(sheet.label(row), tall=tall + 14)
        low, high, value = (finite(row[role]) for role in ("low", "high", "value"))
        if low is None or high is None:
            sheet.withheld(y)
            continue
        track = y - tall / 2 + ABOVE + TRACK / 2
        figure = ACCENT if shade == ACCENT else INK
        sheet.draw(Style("line", MARK, 1.5), [0.0, whole], track)
        sheet.draw(Style("line", shade, 9), [low, high], track)
        sheet.value(sheet.written(low, "value"), low, track, figure, before=True)
        sheet.value(sheet.written(high, "value"), high, track, figure)
        if value is not None:
            now = sheet.written(value, "value")
            told = [sheet.label(row), f"{sheet.name('value')}: {now}", *stays(sheet, row), *(text for _, text in said)]
            sheet.draw(Style("dot", INK, 13, symbol="line-ns", hollow=True), [value], track, told)
            sheet.note(now, font(sheet.size, INK), x=value, y=track - TRACK / 2 - ABOVE / 2)
        for edge, text in words:
            at = sheet._edge(edge) | {"xref": "paper" if narrow else "x domain", "yanchor": "top"}
            sheet.note(text, font(sheet.small, GREY), y=track + TRACK / 2 + 2, **at)
    sheet.before_width += 5 * bool(sheet.before_width)  # bold figures at the very edge of a phone
    return sheet.figure()


def _shared(room: float, needed: list[float]) -> list[float]:
    """Pixels for each of one or two texts side by side: half each, unless one needs less."""
    if len(needed) < 2:
        return [room] * len(needed)
    half = (room - 12) / 2
    first = min(needed[0] + 1, max(half, room - 13 - needed[1]))
    return [first, room - 12 - first] if needed[0] < half or needed[1] < half else [half, half]


def _beyond(sheet: Sheet, row: Dict, whole: float) -> list[tuple[str, str]]:
    """What takes over at a lighter and at a heavier weight, and the edge of the track it stands at."""
    low, high = finite(row["low"]), finite(row["high"])
    if low is None or high is None:
        return []
    if low <= 0 and high >= whole:
        return [(sheet.start, say("part.chart.never")[sheet.language])]
    sides = ((sheet.start, "below", "part.chart.if_less"), (sheet.end, "above", "part.chart.if_more"))
    return [(edge, say(key, set=set_of(row, role))[sheet.language]) for edge, role, key in sides if set_of(row, role)]


def set_of(row: Dict, role: str) -> Text | str:
    """The set that takes over, in both languages, so that it is set in their direction; empty where none is told."""
    given = row.get(role) or ""
    return given if not isinstance(given, dict) or any(text.strip() for text in given.values()) else ""


def stays(words: Drawing, row: Dict) -> list[str]:
    """Over which weights the choice stays, in words."""
    if finite(row["low"]) is None or finite(row["high"]) is None:
        return [say("part.chart.withheld")[words.language]]
    between = say("unit.interval", low=words.written(row["low"], "value"), high=words.written(row["high"], "value"))
    return [f"{say('part.chart.stays')[words.language]}: {between[words.language]}"]


def told_span(words: Drawing, row: Dict) -> list[str]:
    """A goal's row in words, with what takes over on both sides."""
    said = [(key, set_of(row, role)) for role, key in (("below", "if_less"), ("above", "if_more"))]
    beyond = [say(f"part.chart.{key}", set=text)[words.language] for key, text in said if text]
    now = [f"{words.name('value')} {words.written(row['value'], 'value')}"] if finite(row["value"]) is not None else []
    return [*now, *stays(words, row), *beyond]
