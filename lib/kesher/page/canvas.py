"""A sheet to draw a chart of rows on: labels, marks, direct labels, a value axis; then a plain Plotly figure.

Rows are laid out in pixels from the top, so that a label of three lines gets the height it needs; only the
value axis stretches with the page. Category labels stand in a column of their own where a line of text starts
(right in Hebrew, where the value axis is mirrored too); on a narrow screen they stand above their row.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from kesher.page.text import RIGHT_TO_LEFT, number, plotly_text, width, wrapped
from kesher.words import PDI, RLI

# Text colours keep 4.5:1 on white, marks 3:1 (WCAG 2.1, 1.4.3 and 1.4.11); a test computes both.
INK, GREY, MARK, LIGHT, ACCENT, PAPER = "#1c2733", "#5b6773", "#7f8b97", "#e3e8ed", "#b4451f", "#ffffff"
FONT = "'Noto Sans','Noto Sans Hebrew','Segoe UI',Arial,sans-serif"
LINE = 1.3  # line height of Plotly's labels, em
NARROW = 286.0  # what the narrowest phone (320) leaves for a figure, pixels
WIDE = 560.0  # below this a page takes the narrow figure, pixels
LAYERS = {"bar": 0, "line": 1, "dot": 2}  # later above earlier

Dict = dict[str, Any]


@dataclass(frozen=True)
class Style:
    """How a mark looks; marks of one style become one trace."""

    kind: str  # bar, line, dot
    colour: str
    size: float = 2.0
    dash: str = "solid"
    symbol: str = "circle"
    hollow: bool = False


@dataclass
class Marks:
    """The places of the marks of one style."""

    x: list[float | None] = field(default_factory=list)
    y: list[float | None] = field(default_factory=list)
    hover: list[str] = field(default_factory=list)


def font(size: float, colour: str, *, bold: bool = False) -> Dict:
    """A font of a label."""
    return {"size": size, "color": colour, "weight": 700 if bold else 400}


def scale(values: Iterable[float | None], *, zero: bool, ticks: int, tight: bool) -> tuple[float, float, list[float]]:
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
    raw = (high - low) / max(ticks, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * nice for nice in (1, 2, 5, 10) if power * nice >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    marks = [round(step * place, 10) for place in range(first, last + 1)]
    if not tight:
        return marks[0], marks[-1], marks
    room = (high - low) * 0.02
    return low - room * (low != 0), high + room, [mark for mark in marks if low <= mark <= high]


class Sheet:
    """Collects rows and marks, then becomes a figure; ``values`` are all that the value axis must show."""

    def __init__(
        self, language: str, *, narrow: bool, values: Iterable[float | None], zero: bool, column: Dict, currency: str
    ) -> None:
        self.language, self.narrow, self.rtl = language, narrow, language in RIGHT_TO_LEFT
        self.column, self.currency = column, currency
        self.low, self.high, self.ticks = scale(values, zero=zero, ticks=4 if narrow else 5, tight=narrow)
        self.size, self.small = (14.0, 12.0) if narrow else (15.0, 12.5)
        self.label_limit = NARROW - 6 if narrow else 214.0
        self.bottom = 0.0  # of the rows so far, pixels
        self.label_width = self.value_width = 0.0
        self.marks: dict[Style, Marks] = {}
        self.labels: list[Dict] = []  # where the line starts, beside or above their row
        self.notes: list[Dict] = []  # at a value
        self.sides: list[Dict] = []  # at the two ends of the axis
        self.key_lines: list[str] = []
        self.side_lines = 0
        self.zero_line = False
        # Where a line of text starts and where it ends.
        self.start, self.end = ("right", "left") if self.rtl else ("left", "right")

    def written(self, value: float, column: Dict | None = None) -> str:
        """A number as the chart writes it, in the unit of its axis or of another column."""
        of = column or self.column
        return number(value, of["unit"], of["digits"], self.language, self.currency)

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
        if self.narrow:
            self._label(lines, notes, self.bottom + text / 2)
            half = max(tall - 14, 24) / 2
            middle = self.bottom + text + 3 + half
            self.bottom = middle + half + 15
            return middle
        height = max(tall, text + 16)
        middle = self.bottom + height / 2
        self._label(lines, notes, middle)
        self.bottom += height
        return middle

    def _label(self, lines: list[str], notes: list[str], y: float, *, bold: bool = False) -> None:
        widths = [width(line, self.size, bold=bold) for line in lines] + [width(one, self.small) for one in notes]
        self.label_width = max(self.label_width, *widths)
        small = f'<span style="font-size:{self.small}px;color:{GREY}">'
        texts = [plotly_text(line, self.language) for line in lines]
        texts += [f"{small}{plotly_text(note, self.language)}</span>" for note in notes]
        at = {"y": y, "yanchor": "middle", "xref": "paper", "x": 1 if self.rtl else 0, "xanchor": self.start}
        look = {"align": self.start, "font": font(self.size, INK, bold=bold), "bgcolor": PAPER}
        self.labels.append({"text": "<br>".join(texts)} | at | look)

    def line(self, first: float, last: float, y: float, colour: str, *, size: float = 3, dash: str = "solid") -> None:
        """A line between two values."""
        marks = self.marks.setdefault(Style("line", colour, size, dash), Marks())
        marks.x += [first, last, None]
        marks.y += [y, y, None]

    def mark(self, style: Style, value: float, y: float, hover: list[str]) -> None:
        """A dot at a value, or a bar from zero to it; ``hover`` are the lines a pointer shows."""
        marks = self.marks.setdefault(style, Marks())
        marks.x.append(value)
        marks.y.append(y)
        limit = 190 if self.narrow else 300
        lines = [part for line in hover for part in wrapped(line, limit, 13)]
        marks.hover.append(plotly_text(lines, self.language))

    def value(self, text: str, x: float, y: float, colour: str, *, bold: bool = True) -> None:
        """A direct label just beyond a value, on the side away from the labels."""
        self.value_width = max(self.value_width, width(text, self.size, bold=bold))
        look = {"xanchor": self.start, "xshift": -12 if self.rtl else 12, "font": font(self.size, colour, bold=bold)}
        self._note(text, x, y, look)

    def name(self, text: str, x: float, y: float) -> None:
        """A small name over a value."""
        self._note(text, x, y, {"xanchor": "center", "font": font(self.small, GREY)})

    def _note(self, text: str, x: float, y: float, look: Dict) -> None:
        at = {"x": x, "y": y, "xref": "x", "yanchor": "middle", "bgcolor": PAPER}
        self.notes.append({"text": plotly_text(text, self.language)} | at | look)

    def side(self, text: str, *, high: bool) -> None:
        """Words over the high or the low end of the value axis: what lies on that side of zero."""
        edge = self.end if high else self.start
        lines = wrapped(text, NARROW / 2 - 16 if self.narrow else 230, self.small)
        self.side_lines = max(self.side_lines, len(lines))
        at = self._over(edge) | {"font": font(self.small, GREY), "yshift": 4}
        self.sides.append({"text": plotly_text(lines, self.language)} | at)

    def _over(self, edge: str) -> Dict:
        """A place above the rows, at one edge of the axis."""
        x = 1 if edge == "right" else 0
        at = {"xref": "paper", "yref": "paper", "x": x, "y": 1, "xanchor": edge, "yanchor": "bottom"}
        return at | {"align": edge, "showarrow": False}

    def key(self, items: list[tuple[str, str, str]]) -> None:
        """What each mark means: symbol, colour, words; in one line where it fits."""
        limit = NARROW - 6 if self.narrow else WIDE - 40
        lines: list[list[tuple[str, str, str]]] = [[]]
        for item in items:
            taken = sum(width(f"{symbol} {words}", 13) + 22 for symbol, _, words in [*lines[-1], item])
            if lines[-1] and taken > limit:
                lines.append([])
            lines[-1].append(item)
        for line in lines:
            self.key_lines += self._key_line(line, limit)

    def _key_line(self, items: list[tuple[str, str, str]], limit: float) -> list[str]:
        """One line of the key; words too long for it go on below."""
        written, below = [], []
        for symbol, colour, words in items:
            first, *rest = wrapped(words, limit - 24, 13)
            mark = f'<span style="color:{colour}">{symbol}</span>'
            written.append(f"{mark}\u00a0{plotly_text(first, self.language)}")
            below += [plotly_text(line, self.language) for line in rest]
        line = "\u00a0\u00a0\u00a0\u00a0".join(written)
        return [f"{RLI}{line}{PDI}" if self.rtl else line, *below]

    def figure(self) -> Dict:
        """The Plotly figure: ``data`` and ``layout``."""
        steps = [tick * 100 if self.column["unit"] == "share" else tick for tick in self.ticks]
        whole = {"digits": 0} if all(abs(step - round(step)) < 1e-6 for step in steps) else {}
        tick_text = [self.written(tick, self.column | whole) if tick else "0" for tick in self.ticks]
        half_tick = max(width(text, self.small) for text in tick_text) / 2 + 4
        start = half_tick + 2 if self.narrow else self.label_width + 22
        end = max(self.value_width + 20 if self.value_width else 14, half_tick)
        top = max(len(self.key_lines) * 13, self.side_lines * self.small) * LINE + (18 if self.narrow else 14)
        outwards = (start + 1) * (1 if self.rtl else -1)
        drawn = [note | {"xshift": outwards, "yref": "y", "showarrow": False} for note in self.labels]
        drawn += [note | {"yref": "y", "showarrow": False} for note in self.notes]
        if self.narrow:  # over the margins too
            shifts = {self.start: outwards, self.end: (end - 2) * (-1 if self.rtl else 1)}
            self.sides = [note | {"xshift": shifts[note["xanchor"]]} for note in self.sides]
        drawn += self.sides
        if self.key_lines:
            key = self._over(self.start) | {"text": "<br>".join(self.key_lines), "font": font(13, INK)}
            drawn.append(key | {"xshift": outwards, "yshift": 10 if self.narrow else 6})
        ticks = [plotly_text(text, self.language) for text in tick_text]
        traces = sorted(self.marks.items(), key=lambda one: LAYERS[one[0].kind])
        own = {
            "height": round(self.bottom + top + 30),
            "margin": {"t": top, "b": 30, self.start[0]: start, self.end[0]: end, "pad": 0},
            "annotations": drawn,
            "xaxis": self._axis() | {"tickvals": self.ticks, "ticktext": ticks},
            "yaxis": {"range": [self.bottom, 0], "visible": False, "fixedrange": True},
        }
        return {"data": [_trace(style, marks) for style, marks in traces], "layout": layout(self.language) | own}

    def _axis(self) -> Dict:
        zero = {"zeroline": self.zero_line, "zerolinecolor": INK, "zerolinewidth": 1}
        look = {"gridcolor": LIGHT, "showline": False, "ticks": "", "tickfont": font(self.small, GREY)}
        ends = [self.high, self.low] if self.rtl else [self.low, self.high]
        return {"range": ends, "fixedrange": True} | zero | look


def layout(language: str) -> Dict:
    """What every figure shares: paper, fonts, quiet interaction."""
    align = "right" if language in RIGHT_TO_LEFT else "left"
    hover = {"bgcolor": PAPER, "bordercolor": INK, "align": align}
    paper = {"autosize": True, "paper_bgcolor": PAPER, "plot_bgcolor": PAPER, "showlegend": False, "bargap": 0}
    return paper | {
        "font": {"family": FONT, "size": 14, "color": INK},
        "hoverlabel": hover | {"font": {"family": FONT, "size": 13, "color": INK}},
        "hovermode": "closest",
        "dragmode": False,
    }


def _trace(style: Style, marks: Marks) -> Dict:
    """All marks of one style as one trace."""
    common: Dict = {"x": marks.x, "y": marks.y, "cliponaxis": False}
    if style.kind == "line":
        line = {"color": style.colour, "width": style.size, "dash": style.dash}
        return common | {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": line}
    common |= {"hovertext": marks.hover, "hoverinfo": "text"}
    marker: Dict = {"color": PAPER if style.hollow else style.colour}
    if style.kind == "bar":
        marker["line"] = {"color": style.colour, "width": 1.5}
        bars = {"type": "bar", "orientation": "h", "width": [style.size] * len(marks.x)}
        return common | bars | {"marker": marker}
    marker["symbol"] = style.symbol
    marker["size"] = style.size - 3 if style.hollow else style.size
    marker["line"] = {"color": style.colour, "width": 3 if style.hollow else 0}
    return common | {"type": "scatter", "mode": "markers", "marker": marker}
