"""Curves over months or another count: time runs left to right in every language, values stand at the left."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from kesher.page.canvas import ACCENT, GREY, INK, LIGHT, LINE, MARK, NARROW, PALE, WIDE, Dict, Drawing, font, scale
from kesher.page.text import cell, finite, plotly_text, width, wrapped
from kesher.words import PDI, RLI, say

# Dash, mark and its sign in the key: series are told apart by more than their shade.
SERIES = (("solid", "circle", "●"), ("dash", "circle-open", "○"), ("dot", "diamond-open", "◇"))
SHADES = (INK, GREY, GREY)
STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240)  # between ticks, of the count along the axis
MANY = 40  # points
SPAN, WITHHELD = "▬", "×"


def line(spec: Dict, language: str, narrow: bool) -> Dict:
    """One to three curves with bands, or with ``distinct`` points with their intervals; marked stretches shaded."""
    plane = Plane(spec, language, narrow)
    spans = plane.marked()
    ends = []
    for place, (name, rows) in enumerate(plane.series.items()):
        style, shade = SERIES[min(place, 2)], SHADES[min(place, 2)]
        if "distinct" in spec["columns"]:
            plane.points(rows)
        else:
            plane.band(rows, shade)
            plane.curve(rows, style, shade)
        known = [row for row in rows if finite(row["value"]) is not None]
        ends += [(known[-1], name, shade)] if known and "distinct" not in spec["columns"] else []
    plane.labelled(ends)
    return plane.figure(spans)


class Plane(Drawing):
    """A plane of a count along and values up, in pixels high, drawn trace by trace from the back."""

    def __init__(self, spec: Dict, language: str, narrow: bool) -> None:
        super().__init__(spec, language, narrow)
        rows = sorted((row for row in self.rows if finite(row["x"]) is not None), key=lambda row: row["x"])
        names = dict.fromkeys(self.label(row, "series") for row in self.rows)
        self.series = {name: [row for row in rows if self.label(row, "series") == name] for name in names}
        self.places = sorted({float(row["x"]) for row in rows}) or [0.0]
        self.tall, self.size, self.small = (230.0, 14.0, 12.0) if narrow else (270.0, 14.0, 12.5)
        values = [value for row in rows for value in self.found(row, "value")]
        self.low, self.high, self.ticks = scale(values, zero=True, ticks=4 if narrow else 5, tight=False)
        lowest = [float(row["value"]) for row in rows if row.get("accent") and finite(row["value"]) is not None]
        self.floor = min([self.low, *(value - 26 * self.pixel for value in lowest)])  # room for words below
        self.tall += (self.low - self.floor) / self.pixel
        self.beyond = 14.0  # room right of the plane, pixels
        self.data: list[Dict] = []

    @property
    def pixel(self) -> float:
        """How much of the value axis a pixel takes, before any room below it."""
        return (self.high - self.low) / (230.0 if self.narrow else 270.0)

    def told_at(self, row: Dict) -> list[str]:
        """What a pointer shows at a point."""
        lines = [self.label(row, "series"), f"{self.name('x')}: {at(self, row)}"]
        if finite(row["value"]) is None:
            return [*filter(None, lines), say("part.chart.withheld")[self.language]]
        lines.append(f"{self.name('value')}: {self.told(row, 'value')}")
        if row.get("distinct") is False:
            lines.append(say("part.chart.not_distinct")[self.language])
        if (base := finite(row.get("base"))) is not None:
            lines.append(say("part.chart.base", n=int(base))[self.language])
        return [*filter(None, lines), *([self.name("grey")] if row.get("grey") else [])]

    def marked(self) -> list[tuple[float, float]]:
        """Shade the stretches whose rows are marked; returns their ends."""
        flags = {float(row["x"]): bool(row.get("mark")) for rows in self.series.values() for row in rows}
        spans = []
        for mark, run in groupby(self.places, key=lambda x: flags.get(x, False)):
            if mark:
                stretch = list(run)
                spans.append((stretch[0] - 0.5, stretch[-1] + 0.5))
        for first, last in spans:
            corners = {"x": [first, first, last, last], "y": [self.floor, self.high, self.high, self.floor]}
            self._area(corners, PALE)
            self._stroke([first, last], [self.floor, self.floor], MARK, 7, "solid")
        return spans

    def _area(self, corners: Dict, colour: str) -> None:
        look = {"fill": "toself", "fillcolor": colour, "line": {"width": 0}, "hoverinfo": "skip"}
        self.data.append({"type": "scatter", "mode": "lines"} | corners | look)

    def _stroke(self, x: list[float], y: list[float], colour: str, size: float, dash: str) -> None:
        look = {"color": colour, "width": size, "dash": dash}
        self.data.append({"type": "scatter", "mode": "lines", "x": x, "y": y, "line": look, "hoverinfo": "skip"})

    def _dots(self, rows: list[Dict], y: list[float], symbol: str, colour: str, size: float) -> None:
        if rows:
            marker = {"symbol": symbol, "size": size, "color": colour, "line": {"color": colour, "width": 2}}
            self.data.append({
                "type": "scatter", "mode": "markers", "x": [row["x"] for row in rows], "y": y, "marker": marker,
                "hoverinfo": "text", "hovertext": [self.hover(self.told_at(row)) for row in rows], "cliponaxis": False,
            })  # fmt: skip

    def band(self, rows: list[Dict], colour: str) -> None:
        """The interval around a curve, its edges drawn so that it is seen on any screen."""
        for run in _runs(rows, ("low", "high")):
            along = [row["x"] for row in run]
            lows, highs = [row["low"] for row in run], [row["high"] for row in run]
            self._area({"x": along + along[::-1], "y": lows + highs[::-1]}, LIGHT)
            for edge in (lows, highs):
                self._stroke(along, edge, MARK, 1, "solid")

    def curve(self, rows: list[Dict], style: tuple[str, str, str], colour: str) -> None:
        """A line through the points that are shown, broken where one is withheld; small bases are open and grey."""
        dash, symbol, _ = style
        for run in _runs(rows, ("value",)):
            self._stroke([row["x"] for row in run], [row["value"] for row in run], colour, 2.5, dash)
        shown = [row for row in rows if finite(row["value"]) is not None]
        grey = [row for row in shown if row.get("grey")]
        plain = [row for row in shown if not row.get("grey") and not row.get("accent")]
        size = 6.0 if len(shown) <= MANY else 0.1  # of many points the line is enough; a pointer still finds them
        for chosen, mark, shade, wide in ((plain, symbol, colour, size), (grey, "circle-open", MARK, size + 2)):
            self._dots(chosen, [row["value"] for row in chosen], mark, shade, wide)
        self._turning([row for row in shown if row.get("accent")], shown[-1:])
        self._withheld(rows)

    def _turning(self, rows: list[Dict], last: list[Dict]) -> None:
        """Points to remember, with their value written beside them; the last one's stands at the end anyway."""
        self._dots(rows, [row["value"] for row in rows], "circle", ACCENT, 10)
        for row in rows:
            if row not in last:
                low = row["value"] <= 0
                side = {
                    "yanchor": "top" if low else "bottom",
                    "yshift": -9 if low else 9,
                    "xanchor": self._aside(row["x"]),
                }
                self.note(self.written(row["value"], "value"), font(self.size, ACCENT, bold=True),
                          x=row["x"], y=row["value"], bgcolor="rgba(0,0,0,0)", **side)  # fmt: skip

    def _aside(self, x: float) -> str:
        """Which end of words stands at a place, so that they stay on the plane."""
        along = (x - self.places[0]) / ((self.places[-1] - self.places[0]) or 1.0)
        return "left" if along < 0.2 else "right" if along > 0.7 else "center"

    def _withheld(self, rows: list[Dict]) -> None:
        hidden = _hidden(rows)
        self._dots(hidden, [max(self.low, 0.0)] * len(hidden), "x-thin", GREY, 8)

    def points(self, rows: list[Dict]) -> None:
        """Each point with its own interval; open, grey and dotted where zero is not excluded."""
        for distinct, colour, dash in ((True, INK, "solid"), (False, MARK, "dot")):
            chosen = [row for row in rows if (row.get("distinct") is not False) == distinct]
            chosen = [row for row in chosen if finite(row["value"]) is not None]
            x: list[float] = []
            y: list[float] = []
            for row in chosen:
                _, low, high = self.found(row, "value")
                if low is not None and high is not None:
                    x, y = [*x, row["x"], row["x"], None], [*y, low, high, None]  # type: ignore[list-item]
            if x:
                self._stroke(x, y, colour, 2, dash)
            self._dots(chosen, [row["value"] for row in chosen], "circle" if distinct else "circle-open", colour, 8)
        self._withheld(rows)

    def labelled(self, ends: list[tuple[Dict, str, str]]) -> None:
        """The last value of each curve beyond its end, one below the other, with its name where there is room."""
        made = []
        for row, name, shade in ends:
            names = wrapped(name, 130, self.small) if name and not self.narrow and len(ends) > 1 else []
            value = self.written(row["value"], "value")
            widths = [width(value, self.size, bold=True), *(width(one, self.small) for one in names)]
            self.beyond = max(self.beyond, max(widths) + 16)
            colour = ACCENT if row.get("accent") else shade
            text = f'<span style="font-weight:700">{plotly_text(value, self.language)}</span>'
            small = f'<br><span style="font-size:{self.small}px">{plotly_text(names, self.language)}</span>'
            made.append((row, text + small * bool(names), colour, (len(names) + 1) * self.size * LINE))
        bottom = -1e9
        for row, text, colour, high in sorted(made, key=lambda one: -float(one[0]["value"])):
            middle = (self.high - row["value"]) / self.pixel
            placed = max(middle, bottom + high / 2)
            bottom = placed + high / 2
            self.notes.append({
                "text": text, "font": font(self.size, colour), "xref": "x", "x": row["x"], "y": row["value"],
                "xanchor": "left", "align": "left", "xshift": 9, "yshift": middle - placed,
            })  # fmt: skip

    def figure(self, spans: list[tuple[float, float]]) -> Dict:
        """The Plotly figure: ``data`` and ``layout``."""
        texts = self.ticked(self.ticks, "value")
        start = max(width(text, self.small) for text in texts) + 12
        room = (NARROW if self.narrow else WIDE) - start - self.beyond
        places, below, last = self._along(room)
        lines = len(last)
        name = wrapped(self.name("x"), room + self.beyond, self.small)
        self.note(name, font(self.small, GREY), x=0.5, y=0, yref="paper", yanchor="top", yshift=-(12 + lines * 17))
        self.notes[-1]["xref"] = "x domain"
        half = 0.5 if len(self.places) > 1 else 1.0
        axis = {
            "range": [self.places[0] - half, self.places[-1] + half], "tickvals": places, "ticktext": below,
            "tickfont": font(self.small, GREY), "showgrid": False, "zeroline": False, "ticks": "outside", "ticklen": 7,
            "tickcolor": LIGHT,
        }  # fmt: skip
        self.beyond = max(self.beyond, max((width(one, self.small) for one in last), default=0) / 2 + 2)
        top, bottom = 14 + self._heads(spans, room), 22 + lines * 17 + len(name) * 17
        edges = {"top": top, "bottom": bottom, "start": start, "end": self.beyond}
        made = self.laid_out(self.data, self.tall, axis, mirrored=False, **edges)
        made["layout"]["yaxis"] = {
            "range": [self.floor, self.high], "tickvals": self.ticks, "visible": True, "gridcolor": LIGHT,
            "ticktext": [plotly_text(text, self.language) for text in texts], "tickfont": font(self.small, GREY),
            "zeroline": True, "zerolinecolor": INK, "zerolinewidth": 1, "fixedrange": True,
        }  # fmt: skip
        return made

    def _heads(self, spans: list[tuple[float, float]], room: float) -> float:
        """Words above the plane, what the curves, the shade and the crosses are; how high they stand, pixels."""
        items = []
        if len(self.series) > 1 and (self.narrow or "distinct" in self.spec["columns"]):
            items = [(SERIES[min(place, 2)][2], SHADES[min(place, 2)], name) for place, name in enumerate(self.series)]
        if spans:
            items.append((SPAN, MARK, self.name("mark")))
        if any(_hidden(rows) for rows in self.series.values()):
            items.append((WITHHELD, GREY, say("part.chart.withheld")[self.language]))
        edge, tall = int(self.rtl), 0.0
        for symbol, colour, words in reversed(items):
            lines = [plotly_text(one, self.language) for one in wrapped(words, room - 20, self.small)]
            lines[0] = f'<span style="color:{colour}">{symbol}</span>\u00a0{lines[0]}'
            text = "<br>".join(f"{RLI}{one}{PDI}" if self.rtl else one for one in lines)
            at = {"xref": "x domain", "x": edge, "xanchor": ("left", "right")[edge], "align": ("left", "right")[edge]}
            look = {"font": font(self.small, GREY), "y": 1, "yref": "paper", "yanchor": "bottom", "yshift": 8 + tall}
            self.notes.append({"text": text} | at | look)
            tall += len(lines) * self.small * LINE + 3
        return tall

    def _along(self, room: float) -> tuple[list[float], list[str], list[str]]:
        """Ticks along the axis as close as their words allow, with the bases below them; the lines of the last."""
        first = next(iter(self.series.values()), [])
        rows = {float(row["x"]): row for row in first}
        bases = {x: finite(row.get("base")) for x, row in rows.items()}
        based = len(self.series) == 1 and len(set(bases.values())) > 1
        span = (self.places[-1] - self.places[0] + 1) or 1.0
        labelled = any(self.label(row) for row in first)
        apart = (span - 1) / max(len(rows) - 1, 1) if labelled else 1.0  # of neighbouring places, where all are named
        for step in STEPS:
            places = list(rows)[::step] if labelled else [x for x in rows if x % step == 0]
            texts = [[at(self, rows[x])] for x in places]
            for x, lines in zip(places, texts, strict=True):
                if based and (base := bases.get(x)) is not None:
                    lines.append(say("part.chart.base", n=int(base))[self.language])
            widest = max((width(text, self.small) for lines in texts for text in lines), default=0.0)
            if widest + 12 <= step * apart / span * room or len(places) <= 2:
                break
        return places, [plotly_text(lines, self.language) for lines in texts], texts[-1] if texts else [""]


def at(words: Drawing, row: Dict) -> str:
    """A place along the axis: its own label, else the bare count, whose unit the axis' name tells."""
    return words.label(row) or cell(row["x"], "count", 0, words.language, "")


def place_of(words: Drawing, row: Dict) -> str:
    """A point of a curve in words, where nothing is seen."""
    return ", ".join(filter(None, (words.label(row, "series"), f"{words.name('x')} {at(words, row)}")))


def turning_points(words: Drawing) -> list[Dict]:
    """The first, lowest, highest and last point of each curve, in their order."""
    chosen: list[Dict] = []
    for name in dict.fromkeys(words.label(row, "series") for row in words.rows):
        known = [r for r in words.rows if words.label(r, "series") == name and finite(r["value"]) is not None]
        if known:
            value = [float(row["value"]) for row in known]
            places = {0, value.index(min(value)), value.index(max(value)), len(known) - 1}
            chosen += [known[place] for place in sorted(places)]
    return chosen


def _hidden(rows: list[Dict]) -> list[Dict]:
    """Rows whose value is withheld; in a marked stretch none is expected."""
    return [row for row in rows if finite(row["value"]) is None and not row.get("mark")]


def _runs(rows: list[Dict], roles: tuple[str, ...]) -> Iterator[list[Dict]]:
    """Neighbouring rows that have a value in all of the roles."""
    for known, run in groupby(rows, key=lambda row: all(finite(row.get(role)) is not None for role in roles)):
        if known:
            yield list(run)
