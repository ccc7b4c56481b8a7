"""A sheet to draw a chart of rows on: labels, marks, direct labels, a value axis; then a plain Plotly figure.

Rows are laid out in pixels from the top, so that a label of three lines gets the height it needs; only the
value axis stretches with the page. Category labels stand in a column of their own where a line of text starts
(right in Hebrew, where the value axis is mirrored too); on a narrow screen they stand above their row.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from kesher.page.text import cell, direction, finite, plotly_text, width, wrapped
from kesher.words import PDI, RLI, say

# Text colours keep 4.5:1 on white, marks 3:1 (WCAG 2.1, 1.4.3 and 1.4.11); a test computes both.
INK, GREY, MARK, LIGHT, ACCENT, PAPER = "#1c2733", "#5b6773", "#7f8b97", "#e3e8ed", "#b4451f", "#ffffff"
PALE = "#f3f6f8"  # behind stretches that are marked
FONT = "'Noto Sans','Noto Sans Hebrew','Segoe UI',Arial,sans-serif"
LINE = 1.3  # line height of Plotly's labels, em
NARROW = 286.0  # what the narrowest phone (320) leaves for a figure, pixels
WIDE = 560.0  # below this a page takes the narrow figure, pixels
BOUNDS = {"value": ("low", "high"), "actual": ("low", "high"), "guess": ("guess_low", "guess_high")}
BARE = {"money_per_month": "money", "months": "count"}  # units whose words an axis does without
LAYERS = ("bar", "line", "dot")  # later above earlier

Dict = dict[str, Any]


class Style(NamedTuple):
    """How a mark looks; marks of one style become one trace."""

    kind: str  # one of LAYERS
    colour: str
    size: float
    dash: str = "solid"
    symbol: str = "circle"
    hollow: bool = False


def font(size: float, colour: str, *, bold: bool = False) -> Dict:
    """A font of a label."""
    return {"size": size, "color": colour, "weight": 700 if bold else 400}


def template(language: str) -> Dict:
    """What every figure of a language shares: paper, fonts, quiet interaction."""
    align = "right" if direction(language) == "rtl" else "left"
    hover = {"bgcolor": PAPER, "bordercolor": INK, "align": align, "font": {"family": FONT, "size": 13, "color": INK}}
    layout = {
        "paper_bgcolor": PAPER, "plot_bgcolor": PAPER, "font": {"family": FONT, "size": 14, "color": INK},
        "showlegend": False, "bargap": 0, "hovermode": "closest", "hoverlabel": hover, "dragmode": False,
        "annotationdefaults": {"showarrow": False, "xanchor": "center", "yanchor": "middle", "bgcolor": PAPER},
        "xaxis": {"fixedrange": True, "gridcolor": LIGHT, "zerolinecolor": INK, "zerolinewidth": 1},
        "yaxis": {"fixedrange": True, "visible": False},
    }  # fmt: skip
    return {"layout": layout, "data": {"bar": [{"cliponaxis": False}], "scatter": [{"cliponaxis": False}]}}


def scale(values: Sequence[float | None], *, zero: bool, ticks: int, tight: bool) -> tuple[float, float, list[float]]:
    """Lowest and highest value of the axis and its round ticks; ``zero`` keeps zero in sight.

    The axis ends on ticks, unless it is ``tight``: then at the values, for a phone's few pixels.

    >>> scale([0.24, 0.57], zero=False, ticks=5, tight=False)
    (0.2, 0.6, [0.2, 0.3, 0.4, 0.5, 0.6])
    """
    known = [value for value in values if value is not None]
    if zero or not known:
        known.append(0.0)
    low, high = min(known), max(known)
    if high - low < 1e-9:
        high = low + (abs(low) or 1.0)
    raw = (high - low) / ticks
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = [round(step * place, 10) for place in range(first, last + 1)]
    if not tight:
        return marks[0], marks[-1], marks
    room = (high - low) * 0.02
    return low - room * (low != 0), high + room, [mark for mark in marks if low <= mark <= high]


class Drawing:
    """The words of a chart in one language, and the notes written on it."""

    def __init__(self, spec: Dict, language: str, narrow: bool = False) -> None:
        self.spec, self.rows, self.language, self.narrow = spec, spec["rows"], language, narrow
        self.rtl = direction(language) == "rtl"
        self.start, self.end = ("right", "left") if self.rtl else ("left", "right")  # of a line of text
        self.notes: list[Dict] = []

    def name(self, role: str) -> str:
        """What a role is called: the chart's own word, else its column's."""
        return str((self.spec["names"].get(role) or self.spec["columns"][role]["label"])[self.language])

    def label(self, row: Dict, role: str = "label") -> str:
        """The words of a row."""
        given = row.get(role)
        return str(given[self.language] if isinstance(given, dict) else given or "")

    def written(self, value: Any, role: str, digits: int | None = None) -> str:
        """A value as the column of its role writes it."""
        column = self.spec["columns"][role]
        shown = column["digits"] if digits is None else digits
        return cell(value, column["unit"], shown, self.language, self.spec["currency"], signed=column.get("signed"))

    def ticked(self, ticks: Sequence[float], role: str) -> list[str]:
        """The ticks of a value axis: as few digits as they need, a unit in words left to the subtitle."""
        column = self.spec["columns"][role]
        scaled = (tick * (100 if column["unit"] == "share" else 1) for tick in ticks)
        digits = 0 if all(abs(tick - round(tick)) < 1e-6 for tick in scaled) else column["digits"]
        unit, signed = BARE.get(column["unit"], column["unit"]), column.get("signed")
        return [
            cell(tick, unit, digits, self.language, self.spec["currency"], signed=signed) if tick else "0"
            for tick in ticks
        ]

    def found(self, row: Dict, role: str) -> list[float | None]:
        """The value of a role and the two ends of its interval, None where there is none."""
        return [finite(row.get(name)) for name in (role, *BOUNDS.get(role, ("", "")))]

    def told(self, row: Dict, role: str) -> str:
        """A value with its interval: ``49% (46% to 52%)``."""
        text, (_, low, high) = self.written(row[role], role), self.found(row, role)
        if low is None or high is None:
            return text
        between = say("unit.interval", low=self.written(low, role), high=self.written(high, role))
        return f"{text} ({between[self.language]})"

    def hover(self, lines: Sequence[str]) -> str:
        """The lines a pointer shows."""
        limit = 190 if self.narrow else 300
        return plotly_text([part for line in lines for part in wrapped(line, limit, 13)], self.language)

    def note(self, text: str | list[str], look: Dict, **place: Any) -> None:
        """Words on the figure; ``look`` is a font."""
        self.notes.append({"text": plotly_text(text, self.language), "font": look, "xref": "x"} | place)

    def laid_out(
        self, data: list[Dict], tall: float, xaxis: Dict, *, top: float, bottom: float, start: float, end: float,
        mirrored: bool = True,
    ) -> Dict:  # fmt: skip
        """The Plotly figure of rows ``tall`` pixels high, and margins (``start`` is where a line of text starts).

        In Hebrew the axis runs from the right, unless it is of time and not to be ``mirrored``: it starts at the left.
        """
        if self.rtl and mirrored:
            xaxis["range"] = xaxis["range"][::-1]
        sides = (self.start[0], self.end[0]) if mirrored else ("l", "r")
        layout = {
            "template": template(self.language), "autosize": True, "height": round(tall + top + bottom),
            "margin": {"t": top, "b": bottom, sides[0]: start, sides[1]: end, "pad": 0},
            "annotations": self.notes, "xaxis": xaxis, "yaxis": {"range": [tall, 0]},
        }  # fmt: skip
        return {"data": data, "layout": layout}


class Sheet(Drawing):
    """Collects rows and marks, then becomes a figure whose axis shows all values of these roles, in one unit."""

    def __init__(self, spec: Dict, language: str, narrow: bool, *roles: str, zero: bool = True) -> None:
        super().__init__(spec, language, narrow)
        values = [value for row in self.rows for role in roles for value in self.found(row, role)]
        self.low, self.high, self.ticks = scale(values, zero=zero, ticks=4 if narrow else 5, tight=narrow)
        self.axis = roles[0]
        self.size, self.small = (14.0, 12.0) if narrow else (15.0, 12.5)
        self.label_limit = NARROW - 6 if narrow else 214.0
        self.bottom = 0.0  # of the rows so far, pixels
        self.label_width = self.value_width = self.before_width = self.head_height = 0.0
        self.traces: dict[Style, Dict] = {}

    def heading(self, text: str) -> None:
        """A line that opens a group of rows."""
        self.bottom += 10 if self.bottom else 0
        lines = wrapped(text, self.label_limit, self.size, bold=True)
        tall = len(lines) * self.size * LINE + 8
        self._label(lines, [], self.bottom + tall / 2, bold=True)
        self.bottom += tall

    def row(self, label: str, *, tall: float = 44, note: str = "") -> float:
        """A row with its label and a small note; returns where its middle lies, pixels from the top."""
        lines = wrapped(label, self.label_limit, self.size)
        notes = wrapped(note, self.label_limit, self.small) if note else []
        text = (len(lines) * self.size + len(notes) * self.small) * LINE
        top = self.bottom
        if self.narrow:
            self._label(lines, notes, top + text / 2)
            half = max(tall - 14, 24) / 2
            self.bottom += text + 2 * half + 18
            return top + text + 3 + half
        self.bottom += max(tall, text + 16)
        middle = (top + self.bottom) / 2
        self._label(lines, notes, middle)
        return middle

    def _label(self, lines: list[str], notes: list[str], y: float, *, bold: bool = False) -> None:
        widths = [width(line, self.size, bold=bold) for line in lines] + [width(one, self.small) for one in notes]
        self.label_width = max(self.label_width, *widths)
        self.note(lines, font(self.size, INK, bold=bold), **self._edge(self.start), y=y)
        for small in notes:
            text = f'<br><span style="font-size:{self.small}px;color:{GREY}">{plotly_text(small, self.language)}</span>'
            self.notes[-1]["text"] += text

    def _edge(self, edge: str) -> Dict:
        """A place at one end of the axis; on the page's own edge where it refers to the paper."""
        return {"xref": "paper", "x": int(edge == "right"), "xanchor": edge, "align": edge}

    def _above(self, edge: str, text: list[str], size: float, colour: str, shift: float, **place: Any) -> None:
        """Words above the rows."""
        self.head_height = max(self.head_height, len(text) * size * LINE)
        at = self._edge(edge) | {"yref": "paper", "y": 1, "yanchor": "bottom", "yshift": shift} | place
        self.notes.append({"text": "<br>".join(text), "font": font(size, colour)} | at)

    def side(self, role: str, edge: str) -> None:
        """Words over one end of the value axis: what lies on that side of zero."""
        lines = wrapped(self.name(role), NARROW / 2 - 16 if self.narrow else 230, self.small)
        texts = [plotly_text(line, self.language) for line in lines]
        self._above(edge, texts, self.small, GREY, 4, xref="paper" if self.narrow else "x domain")

    def key(self, *items: tuple[str, str, str]) -> None:
        """What each mark means (symbol, colour, role), in one line where it fits."""
        limit = NARROW - 6 if self.narrow else WIDE - 40
        lines, firsts, taken = [], [], 0.0
        for symbol, colour, role in items:
            words = wrapped(self.name(role), limit - 24, 13)
            first, *rest = [plotly_text(line, self.language) for line in words]
            firsts.append(f'<span style="color:{colour}">{symbol}</span>\u00a0{first}')
            lines += [firsts[-1], *rest]
            taken += width(" ".join(words), 13) + 35
        texts = ["\u00a0\u00a0\u00a0\u00a0".join(firsts)] if taken <= limit else lines
        texts = [f"{RLI}{line}{PDI}" if self.rtl else line for line in texts]
        self._above(self.start, texts, 13, INK, 10 if self.narrow else 6)

    def draw(self, style: Style, x: list[float], y: float, hover: Sequence[str] = ()) -> None:
        """A line between two values, a dot at one, or a bar from zero to it; ``hover`` is what a pointer shows."""
        trace = self.traces.setdefault(style, {"x": [], "y": []})
        pause = [None] if style.kind == "line" else []  # lines of one trace hang together without
        trace["x"] += [*x, *pause]
        trace["y"] += [*([y] * len(x)), *pause]
        if hover:
            trace.setdefault("hovertext", []).append(self.hover(hover))

    def value(
        self, text: str | list[str], x: float, y: float, colour: str, *, bold: bool = True, before: bool = False
    ) -> None:
        """A direct label just beyond a value, on the side away from the labels or ``before`` it, towards them."""
        wide = max(width(one, self.size, bold=bold) for one in ([text] if isinstance(text, str) else text))
        if before:
            self.before_width = max(self.before_width, wide + 12)
        else:
            self.value_width = max(self.value_width, wide)
        shift = 12 if before == self.rtl else -12
        anchor = self.end if before else self.start
        self.note(text, font(self.size, colour, bold=bold), x=x, y=y, xanchor=anchor, xshift=shift)

    def point(
        self, row: Dict, role: str, y: float, mark: Style, interval: Style, colour: str, *more: str, bold: bool = True
    ) -> None:
        """A value with its mark, interval and direct label; where it is withheld, the word instead."""
        value, low, high = self.found(row, role)
        if value is None:
            self.withheld(y)
            return
        if low is not None and high is not None:
            self.draw(interval, [low, high], y)
        self.draw(mark, [value], y, [self.label(row), f"{self.name(role)}: {self.told(row, role)}", *more])
        self.value(self.written(value, role), value if high is None else max(value, high), y, colour, bold=bold)

    def withheld(self, y: float) -> None:
        """A row without a value says so instead of vanishing."""
        self.value(say("part.chart.withheld")[self.language], self.low, y, GREY, bold=False)

    def figure(self, *, zero_line: bool = False) -> Dict:
        """The Plotly figure: ``data`` and ``layout``."""
        texts = self.ticked(self.ticks, self.axis)
        half_tick = max(width(text, self.small) for text in texts) / 2 + 4
        start = max(half_tick + 2, self.before_width) if self.narrow else self.label_width + 22 + self.before_width
        end = max(self.value_width + 20 if self.value_width else 14, half_tick)
        room = (NARROW if self.narrow else WIDE) - start - end
        while len(texts) > 2 and 2 * half_tick * len(texts) > room:  # every other one, zero kept
            first = self.ticks.index(0.0) % 2 if 0.0 in self.ticks else 0
            self.ticks, texts = self.ticks[first::2], texts[first::2]
        outwards = {self.start: -(start + 1), self.end: end - 2}  # from the axis to the edges of the page
        for note in self.notes:
            if note["xref"] == "paper":
                note["xshift"] = outwards[note["xanchor"]] * (-1 if self.rtl else 1)
        axis = {
            "range": [self.low, self.high], "tickvals": self.ticks, "zeroline": zero_line,
            "ticktext": [plotly_text(text, self.language) for text in texts], "tickfont": font(self.small, GREY),
        }  # fmt: skip
        traces = sorted(self.traces.items(), key=lambda one: LAYERS.index(one[0].kind))
        data = [_trace(style) | marks for style, marks in traces]
        top = self.head_height + (18 if self.narrow else 14)
        return self.laid_out(data, self.bottom, axis, top=top, bottom=30, start=start, end=end)


def _trace(style: Style) -> Dict:
    """A trace of marks of one style, still without places."""
    if style.kind == "line":
        line = {"color": style.colour, "width": style.size, "dash": style.dash}
        return {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": line}
    marker: Dict = {"color": PAPER if style.hollow else style.colour}
    if style.kind == "bar":
        marker["line"] = {"color": style.colour, "width": 1.5}
        return {"type": "bar", "orientation": "h", "width": style.size, "hoverinfo": "text", "marker": marker}
    marker |= {"symbol": style.symbol, "size": style.size - 3 * style.hollow}
    marker["line"] = {"color": style.colour, "width": 3 * style.hollow}
    return {"type": "scatter", "mode": "markers", "hoverinfo": "text", "marker": marker}
