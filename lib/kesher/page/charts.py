"""The charts of a report as plain Plotly figures, from a part's words and rows; plotly is not imported.

Each kind says one thing: ``dumbbell`` how far two groups lie apart, ``slope`` how two orders differ, ``bars``
how large shares are, ``difference`` which differences exclude zero, ``range`` what was guessed beside what
was found, ``line`` how something runs over months, ``tornado`` which input moves the answer most, ``index`` which
ratios exclude 1, ``spans`` which weights would flip a choice, ``steps`` what further hours buy, ``matrix`` which
networks share their people.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kesher.page.canvas import ACCENT, GREY, INK, LINE, MARK, Dict, Drawing, Sheet, Style, font, scale
from kesher.page.curves import line, place_of, turning_points
from kesher.page.matrix import cells, pair, strongest
from kesher.page.spans import spans, told_span
from kesher.page.steps import steps, told_step
from kesher.page.text import clean, finite, plain, width, wrapped
from kesher.words import bare, say

# Plotly 7 offers to upload a chart's data by default: off here, wherever the figure is shown.
CONFIG: dict[str, Any] = {
    "showSendToCloud": False, "plotlyServerURL": "", "displaylogo": False, "responsive": True,
    "typesetMath": False, "scrollZoom": False, "doubleClick": False, "showTips": False,
    "modeBarButtons": [["toImage"]],
}  # fmt: skip
ENDS = (("first", 0), ("second", 1))  # of a slope's lines
MOST = 12  # rows said in words
SMALLEST_PLOT = 230  # pixels between the margins of the smallest wide figure
FILLED, HOLLOW, SQUARE, DIAMOND = "●", "○", "■", "◇"


def dumbbell(spec: Dict, language: str, narrow: bool) -> Dict:
    """Two groups per row, filled and open circle, the gap written; grey and dotted where not distinct."""
    sheet = Sheet(spec, language, narrow, "first", "second", zero=False)
    if narrow or not _named_ends(sheet):
        sheet.key((FILLED, INK, "first"), (HOLLOW, INK, "second"))
    for row in sheet.rows:
        distinct, dash, unclear = _distinct(row, language)
        colour = MARK if not distinct else ACCENT if row.get("accent") else INK
        y = sheet.row(sheet.label(row))
        first, second, gap = (finite(row[role]) for role in ("first", "second", "gap"))
        if first is None or second is None:
            sheet.withheld(y)
            continue
        known = ("first", "second") if gap is None else ("first", "second", "gap")
        told = [f"{sheet.name(role)}: {sheet.written(row[role], role)}" for role in known]
        hover = [sheet.label(row), *told, *unclear]
        if gap is not None:
            shade = colour if distinct else GREY
            sheet.value(sheet.written(gap, "gap"), max(first, second), y, shade, bold=distinct)
        sheet.draw(Style("line", colour, 3, dash), [first, second], y)
        sheet.draw(Style("dot", colour, 14), [first], y, hover)
        sheet.draw(Style("dot", colour, 14, hollow=True), [second], y, hover)
    return sheet.figure()


def _distinct(row: Dict, language: str) -> tuple[bool, str, list[str]]:
    """Whether a row's difference excludes zero, the dash of its line, and the words when it does not."""
    distinct = row.get("distinct") is not False
    return distinct, "solid" if distinct else "dot", [] if distinct else [say("part.chart.not_distinct")[language]]


def _named_ends(sheet: Sheet) -> bool:
    """Name the two ends above the first row, if they lie far enough apart there on the smallest page."""
    row = sheet.rows[0] if sheet.rows else {}
    first, second = finite(row.get("first")), finite(row.get("second"))
    if first is None or second is None:
        return False
    names = [sheet.name("first"), sheet.name("second")]
    apart = abs(first - second) / (sheet.high - sheet.low) * SMALLEST_PLOT
    if apart < sum(width(name, sheet.small) for name in names) / 2 + 10:
        return False
    for x, name in zip((first, second), names, strict=True):
        sheet.note(name, {"size": sheet.small, "color": GREY}, x=x, y=4)
    sheet.bottom += 8
    return True


def bars(spec: Dict, language: str, narrow: bool) -> Dict:
    """Bars from zero with interval and value; a small base hollow, a published figure an open diamond."""
    sheet = Sheet(spec, language, narrow, "value", "reference")
    if any(row.get("reference") is not None for row in sheet.rows):
        sheet.key((SQUARE, MARK, "value"), (DIAMOND, INK, "reference"))
    some_bases = len({row.get("base") for row in sheet.rows}) > 1
    interval = Style("line", INK, 1.5)
    for row in sheet.rows:
        base, grey = finite(row.get("base")), bool(row.get("grey"))
        note = say("part.chart.base", n=int(base))[language] if base is not None else ""
        compared = finite(row.get("reference")) is not None
        tall = 44 if not compared else 62 if narrow else 54
        y = sheet.row(sheet.label(row), note=note if some_bases or grey else "", tall=tall)
        if compared:  # on a line of its own below, so that each mark has its figure beside it
            diamond = Style("dot", INK, 11, symbol="diamond", hollow=True)
            sheet.point(row, "reference", y + 15, diamond, interval, GREY, bold=False)
            y -= 9
        bar = Style("bar", ACCENT if row.get("accent") and not grey else MARK, 20, hollow=grey)
        sheet.point(row, "value", y, bar, interval, GREY if grey else INK, *filter(None, [note]))
    return sheet.figure(zero_line=True)


def difference(spec: Dict, language: str, narrow: bool) -> Dict:
    """Dot and interval around zero, in groups; open, grey and dotted where zero is not excluded."""
    sheet = Sheet(spec, language, narrow, "value")
    _around(sheet, {id(row): _distinct(row, language) for row in sheet.rows})
    return sheet.figure(zero_line=True)


def index(spec: Dict, language: str, narrow: bool) -> Dict:
    """Dot and interval around 1, in groups; open, grey and dotted where 1 is not excluded."""
    sheet = Sheet(spec, language, narrow, "value")
    values = [value for row in sheet.rows for value in sheet.found(row, "value")]
    sheet.low, sheet.high, sheet.ticks = scale([*values, 1.0], zero=True, ticks=4 if narrow else 5, tight=narrow)
    _around(sheet, {id(row): _distinct_from_one(sheet, row) for row in sheet.rows})
    sheet.traces = {Style("line", INK, 1): {"x": [1.0, 1.0], "y": [0, sheet.bottom]}} | sheet.traces
    along = (1.0 - sheet.low) / (sheet.high - sheet.low)
    anchor = sheet.start if along < 0.34 else sheet.end if along > 0.66 else "center"
    words = spec["names"].get("origin") or say("part.chart.origin")
    lines = wrapped(words[language], 190, sheet.small)
    place = {"x": 1.0, "yref": "paper", "y": 0, "yanchor": "top", "yshift": -26, "xanchor": anchor, "align": anchor}
    sheet.note(lines, font(sheet.small, INK), **place)
    made = sheet.figure()
    made["layout"]["margin"]["b"] += round(len(lines) * sheet.small * LINE)
    made["layout"]["height"] += round(len(lines) * sheet.small * LINE)
    return made


def _distinct_from_one(sheet: Sheet, row: Dict) -> tuple[bool, str, list[str]]:
    """As ``_distinct``, around 1; where no flag is given, by the interval."""
    _, low, high = sheet.found(row, "value")
    holds = low is not None and high is not None and low <= 1 <= high
    if not (row.get("distinct") is False or (holds and row.get("distinct") is None)):
        return True, "solid", []
    return False, "dot", [say("part.chart.not_distinct_from_one")[sheet.language]]


def _around(sheet: Sheet, looks: Mapping[int, tuple[bool, str, list[str]]]) -> None:
    """Rows of dots and intervals in groups, what lies on either side named above."""
    for role, edge in (("negative", sheet.start), ("positive", sheet.end)):
        if role in sheet.spec["names"]:
            sheet.side(role, edge)
    group = ""
    for row in sheet.rows:
        if (this := sheet.label(row, "group")) not in ("", group):
            sheet.heading(this)
            group = this
        distinct, dash, unclear = looks[id(row)]
        colour = INK if distinct else MARK
        dot, interval = Style("dot", colour, 13, hollow=not distinct), Style("line", colour, 2.5, dash)
        y = sheet.row(sheet.label(row), tall=36)
        sheet.point(row, "value", y, dot, interval, INK if distinct else GREY, *unclear, bold=distinct)


def range_(spec: Dict, language: str, narrow: bool) -> Dict:
    """What was found, with its interval, above what was guessed, with the spread of the guesses."""
    sheet = Sheet(spec, language, narrow, "actual", "guess")
    sheet.key((FILLED, INK, "actual"), (HOLLOW, GREY, "guess"))
    for row in sheet.rows:
        y = sheet.row(sheet.label(row), tall=60)
        sheet.point(row, "actual", y - 11, Style("dot", INK, 13), Style("line", INK, 2.5), INK)
        spread = Style("line", MARK, 6)
        sheet.point(row, "guess", y + 11, Style("dot", GREY, 13, hollow=True), spread, GREY, bold=False)
    return sheet.figure()


def tornado(spec: Dict, language: str, narrow: bool) -> Dict:
    """The answer at an input's two ends around the answer as it stands, the widest first, the inputs written."""
    sheet = Sheet(spec, language, narrow, "value")
    sheet.key(("│", INK, "value"))
    middle = next((value for row in sheet.rows if (value := finite(row["value"])) is not None), None)
    for row in sorted(sheet.rows, key=lambda row: -abs((finite(row["high"]) or 0) - (finite(row["low"]) or 0))):
        accent, limit = bool(row.get("accent")), 62.0 if narrow else 110.0
        ends = [(finite(row[role]), sheet.label(row, f"{role}_text")) for role in ("low", "high")]
        known = sorted((end, wrapped(text, limit, sheet.size, bold=accent)) for end, text in ends if end is not None)
        lines = max([len(text) for _, text in known], default=0)
        y = sheet.row(sheet.label(row), tall=max(38, (lines + 1 + narrow) * sheet.size * LINE))
        if len(known) < 2 or middle is None:
            sheet.withheld(y)
            continue
        (first, before), (last, after) = known
        sheet.draw(Style("line", ACCENT if accent else MARK, 16), [first, last], y)
        told = [sheet.label(row), *(f"{text}: {sheet.written(end, 'value')}" for end, text in ends)]
        for place in (first, last):
            sheet.draw(Style("dot", ACCENT if accent else MARK, 14, symbol="line-ns"), [place], y, told)
        sheet.value(before, first, y, ACCENT if accent else INK, bold=accent, before=True)
        sheet.value(after, last, y, ACCENT if accent else INK, bold=accent)
    if middle is not None:
        sheet.traces[Style("line", INK, 2)] = {"x": [middle, middle], "y": [0, sheet.bottom]}
    return sheet.figure(zero_line=True)


def slope(spec: Dict, language: str, narrow: bool) -> Dict:
    """Ranks of two groups; on a narrow screen the labels stand at the start only, the ranks at both ends."""
    drawing, size, limit = Drawing(spec, language, narrow), 13.0 if narrow else 14.0, 132.0 if narrow else 190.0
    edges = {"first": drawing.end, "second": drawing.start}  # of a label, next to its end of a line
    rows = [row for row in spec["rows"] if all(finite(row[role]) is not None for role in edges)]
    lines = [wrapped(drawing.label(row), limit, size) for row in rows]
    heights = [len(one) * size * LINE + 14 for one in lines]
    places = {role: _stacked([float(row[role]) for row in rows], heights) for role in edges}
    heads = {role: wrapped(drawing.name(role), 84 if narrow else limit, 13, bold=True) for role in edges}
    room = dict.fromkeys(edges, 0.0)  # beyond each end, pixels
    for role, x in ENDS:
        alone = narrow and role == "second"  # no labels there: the head stands over its end
        room[role] = max(width(line, 13, bold=True) for line in heads[role])
        room[role] = room[role] / 2 - 16 if alone else room[role]
        above = {"yref": "paper", "yanchor": "bottom", "xanchor": "center" if alone else edges[role]}
        drawing.note(heads[role], font(13, GREY, bold=True), x=x, y=1, yshift=8, **above)
    data = []
    for place, row in enumerate(rows):
        accent = bool(row.get("accent"))
        for role, x in ENDS:
            rank, shown = drawing.written(row[role], role), lines[place] if role == "first" or not narrow else [""]
            text = [f"{shown[0]}  {rank}" if role == "first" else f"{rank}  {shown[0]}".rstrip(), *shown[1:]]
            room[role] = max(room[role], *(width(line, size, bold=accent) + 6 for line in text))
            at = {"xanchor": edges[role], "align": edges[role], "xshift": -9 if edges[role] == "right" else 9}
            drawing.note(text, font(size, ACCENT if accent else INK, bold=accent), x=x, y=places[role][place], **at)
        colour = ACCENT if accent else MARK if any(row.get("accent") for row in rows) else INK
        told = [f"{drawing.name(role)}: {drawing.written(row[role], role)}" for role in edges]
        data.append({
            "type": "scatter", "mode": "lines+markers", "x": [0, 1], "y": [places[role][place] for role in edges],
            "hoverinfo": "text", "hovertext": [drawing.hover([drawing.label(row), *told])] * 2,
            "line": {"color": colour, "width": 2 if colour == MARK else 3}, "marker": {"size": 9, "color": colour},
        })  # fmt: skip
    top = 20 + 13 * LINE * max(len(lines) for lines in heads.values())
    start, end = room["first"] + 24, room["second"] + 24
    axis = {"range": [0, 1], "visible": False}
    return drawing.laid_out(data, sum(heights), axis, top=top, bottom=10, start=start, end=end)


def _stacked(ranks: list[float], heights: list[float]) -> list[float]:
    """Middle of each label, pixels from the top: by rank, one below the other, ties in the order given."""
    places, bottom = [0.0] * len(ranks), 0.0
    for place in sorted(range(len(ranks)), key=ranks.__getitem__):
        places[place] = bottom + heights[place] / 2
        bottom += heights[place]
    return places


def matrix(spec: Dict, language: str, narrow: bool) -> Dict:
    """Cells of shares, darker where larger; on a narrow screen the largest as bars."""
    if not narrow:
        return cells(spec, language)
    words = Drawing(spec, language, narrow)
    rows = [row | {"label": {language: pair(words, row)}} for row in strongest(spec["rows"])[:MOST]]
    return bars(spec | {"rows": rows}, language, narrow)


# kind: how it is drawn, roles it must have, roles it may have
KINDS: dict[str, tuple[Callable[[Dict, str, bool], Dict], set[str], set[str]]] = {
    "dumbbell": (dumbbell, {"label", "first", "second", "gap"}, {"distinct", "accent"}),
    "slope": (slope, {"label", "first", "second"}, {"accent"}),
    "bars": (bars, {"label", "value"}, {"low", "high", "base", "reference", "grey", "accent"}),
    "difference": (difference, {"label", "value", "low", "high"}, {"group", "distinct"}),
    "index": (index, {"label", "value", "low", "high"}, {"group", "distinct"}),
    "spans": (spans, {"label", "value", "low", "high"}, {"below", "above", "accent"}),
    "steps": (steps, {"x", "value"}, {"label", "mark", "accent", "grey"}),
    "matrix": (matrix, {"row", "column", "value"}, {"low", "high", "base", "grey"}),
    "range": (range_, {"label", "actual", "guess"}, {"low", "high", "guess_low", "guess_high"}),
    "line": (line, {"x", "value"}, {"series", "label", "low", "high", "base", "grey", "distinct", "accent", "mark"}),
    "tornado": (tornado, {"label", "value", "low", "high", "low_text", "high_text"}, {"accent"}),
}


def check(kind: str, roles: Mapping[str, str]) -> None:
    """Raise ValueError naming what a chart lacks or can not draw."""
    if kind not in KINDS:
        raise ValueError(f"chart kind {kind!r} is not one of {', '.join(KINDS)}")
    _, needed, allowed = KINDS[kind]
    if missing := sorted(needed - roles.keys()):
        raise ValueError(f"a {kind} chart needs the roles {missing}")
    if unknown := sorted(roles.keys() - needed - allowed):
        raise ValueError(f"a {kind} chart does not draw the roles {unknown}; it may have {sorted(allowed)}")


def figure(spec: Dict, language: str, *, narrow: bool = False) -> Dict:
    """The figure (``data`` and ``layout``) of a chart part's data; ``narrow`` for a phone's width."""
    draw, _, _ = KINDS[spec["kind"]]
    return draw(spec, language, narrow)


def described(spec: Dict, language: str) -> str:
    """What the chart shows, in words, for readers who do not see it."""
    lines = [f"{plain(spec['title'], language).rstrip('.')}.", say(f"part.chart.{spec['kind']}")[language]]
    words = Drawing(spec, language)
    chosen = {"line": lambda: turning_points(words), "matrix": lambda: strongest(words.rows)}
    rows = chosen.get(spec["kind"], lambda: words.rows)()
    for row in rows[:MOST]:
        label, told = _told(words, row)
        lines.append(f"{label}: {', '.join(told)}.")
    if (left := len(rows) - MOST) > 0:
        lines.append(say("part.chart.more", n=left)[language])
    return bare(clean(" ".join(lines)))


def _told(words: Drawing, row: Dict) -> tuple[str, list[str]]:
    """A row in words: what it is of, and its values."""
    match words.spec["kind"]:
        case "spans":
            return words.label(row), told_span(words, row)
        case "steps":
            return told_step(words, row)
        case "tornado":
            ends = [role for role in ("low", "high") if row[role] is not None]
            told = [f"{words.label(row, f'{role}_text')} → {words.written(row[role], 'value')}" for role in ends]
            return words.label(row), told
    roles = ("group", "first", "second", "gap", "value", "actual", "guess", "reference", "base")
    told = [f"{words.name(role)} {words.told(row, role)}" for role in roles if _there(row.get(role))]
    naming = {"line": place_of, "matrix": pair}
    return naming.get(words.spec["kind"], Drawing.label)(words, row), told


def _there(value: Any) -> bool:
    return value is not None and value == value  # not NaN


def data_table(spec: Dict) -> Dict:
    """The rows a chart draws as the data of a table part."""
    shown = {role: column for role, column in spec["columns"].items() if column["unit"] != "flag"}
    columns = [column | {"label": spec["names"].get(role) or column["label"]} for role, column in shown.items()]
    rows = [[row[role] for role in shown] for row in spec["rows"]]
    return {"columns": columns, "rows": rows, "numbers": [], "currency": spec["currency"]}
