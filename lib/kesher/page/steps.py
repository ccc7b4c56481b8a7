"""Steps that hours buy: the best value within each number of hours, what lies in reach and what the next step takes."""

from __future__ import annotations

from typing import Any

from kesher.page.canvas import ACCENT, GREY, INK, LINE, MARK, NARROW, WIDE, Dict, Drawing, font, scale
from kesher.page.curves import Plane
from kesher.page.text import cell, finite, width, wrapped
from kesher.words import say

MOST = 12  # steps with a number on the curve
BARE = "rgba(0,0,0,0)"


def steps(spec: Dict, language: str, narrow: bool) -> Dict:
    """A curve of steps, solid as far as the mark and dashed beyond; its steps numbered, and named in a list below."""
    plane = Steps(spec, language, narrow)
    plane.next_step()
    plane.climb()
    return plane.listed(plane.figure([]))


def available(rows: list[Dict]) -> float | None:
    """Where the mark stands: the number of its role, else the place of the row it flags."""
    marks = (finite(row["x"]) if row.get("mark") is True else finite(row.get("mark")) for row in rows)
    return next((mark for mark in marks if mark is not None), None)


def further(words: Drawing, row: Dict, rows: list[Dict]) -> str:
    """How many more hours the accented step takes than there are; empty for others."""
    mark, x = available(rows), finite(row["x"])
    if not row.get("accent") or mark is None or x is None or x <= mark:
        return ""
    return _hours(words, x - mark, signed=True)


def _hours(words: Drawing, x: float, *, signed: bool = False) -> str:
    """A place along, with a digit only where it has one."""
    column, digits = words.spec["columns"]["x"], 0 if abs(x - round(x)) < 1e-6 else 1
    return cell(x, column["unit"], digits, words.language, words.spec["currency"], signed=signed)


def told_step(words: Drawing, row: Dict) -> tuple[str, list[str]]:
    """A step in words: its hours, then its value and names, and how much further it lies."""
    value, more = finite(row["value"]), further(words, row, words.rows)
    found = words.written(value, "value") if value is not None else say("part.chart.withheld")[words.language]
    x = finite(row["x"])
    hours = ("–" if x is None else _hours(words, x)) + (f" ({more})" if more else "")
    return hours, [*filter(None, [found, words.label(row), words.name("grey") if row.get("grey") else ""])]


class Steps(Plane):
    """A plane whose curve climbs in steps."""

    def __init__(self, spec: Dict, language: str, narrow: bool) -> None:
        super().__init__(spec, language, narrow)
        rows = [row for series in self.series.values() for row in series]
        self.shown = [row for row in rows if finite(row["value"]) is not None]
        named = [row for row in rows if self.label(row).strip()]
        kept = sorted(named, key=lambda row: not row.get("accent"))[:MOST]
        self.named = dict(enumerate((row for row in named if row in kept), 1))
        self.left_out = len(named) - len(self.named)
        self.mark = available(self.rows)
        low, high, self.along = scale([*self.places, self.mark], zero=True, ticks=4 if narrow else 6, tight=False)
        self.places = [low, high]

    def told_at(self, row: Dict) -> list[str]:
        """What a pointer shows at a step."""
        told = [self.label(row), f"{self.name('x')}: {_hours(self, row['x'])}"]
        more = further(self, row, self.rows)
        return [*filter(None, told), f"{self.name('value')}: {self.told(row, 'value')}", *([more] if more else [])]

    def climb(self) -> None:
        """The curve with a dot and a number at its steps."""
        corners = [(float(row["x"]), float(row["value"])) for row in self.shown]
        mark = self.places[-1] if self.mark is None else self.mark
        reach, beyond = _stairs(corners, self.places[0], mark), _stairs(corners, mark, self.places[-1])
        for (x, y), colour, dash in ((reach, INK, "solid"), (beyond, MARK, "dash")):
            if x and x[0] < x[-1]:
                self._stroke(x, y, colour, 2.5, dash)
        if self.mark is not None:
            self._stroke([self.mark] * 2, [self.floor, self.high], INK, 1.5, "dot")
        accent = [row for row in self.shown if row.get("accent")]
        grey = [row for row in self.shown if row.get("grey") and row not in accent]
        rest = [row for row in self.shown if row not in accent and row not in grey]
        for rows, symbol, colour in ((rest, "circle", INK), (grey, "circle-open", MARK), (accent, "diamond", ACCENT)):
            self._dots(rows, [row["value"] for row in rows], symbol, colour, 10 if rows is accent else 7)
        for text, first, last, right in self._numbers():
            row = self.named[last]
            at = {
                "xanchor": "right" if right else "left",
                "yanchor": "bottom",
                "xshift": -5 if right else 5,
                "yshift": 3,
            }
            bold = any(self.named[place].get("accent") for place in range(first, last + 1))
            look = font(self.small, ACCENT if bold else INK, bold=bold)
            self.note(text, look, x=self.named[first]["x"], y=row["value"], **at)

    @property
    def _per_x(self) -> float:
        """Pixels that one of the count along takes on the smallest page."""
        return ((NARROW if self.narrow else WIDE) - 48 - self.beyond) / (self.places[-1] - self.places[0])

    def _numbers(self) -> list[tuple[str, int, int, bool]]:
        """Numbers of the steps, those too close to each other on the smallest page as one range."""
        groups: list[list[int]] = []
        for place in (place for place, row in self.named.items() if finite(row["value"]) is not None):
            groups.append([place, place])
            while near := [one for one in groups[:-1] if _touch(self._box(*one), self._box(*groups[-1]))]:
                groups[groups.index(near[0]) :] = [[near[0][0], groups[-1][1]]]
        return [(_range(a, b), a, b, self._box(a, b)[4]) for a, b in groups]

    def _box(self, first: int, last: int) -> tuple[float, float, float, float, bool]:
        """Where a number stands, pixels from the origin (left, bottom, right, top): left of its step if it may."""
        wide = width(_range(first, last), self.small, bold=True) + 4
        x, y = float(self.named[first]["x"]) * self._per_x, float(self.named[last]["value"]) / self.pixel
        ticks = (tick / self.pixel for tick in self.ticks)  # whose labels stand left of the axis
        right = x - wide - 5 > -6 or all(abs(y + 11 - tick) > 18 for tick in ticks)
        left = x - wide - 5 if right else x + 5
        return left, y, left + wide, y + self.small * LINE + 3, right

    def next_step(self) -> None:
        """How much further the accented step lies: a bar on the axis, and the hours more beside it."""
        for row in self.shown:
            if (more := further(self, row, self.rows)) and self.mark is not None:
                self._stroke([self.mark, row["x"]], [self.floor] * 2, ACCENT, 7, "solid")
                self._stroke([row["x"]] * 2, [self.floor, row["value"]], ACCENT, 1.5, "dot")
                self.beyond = max(self.beyond, width(more, self.size, bold=True) + 14)
                at = {"xanchor": "left", "yanchor": "bottom", "xshift": 5, "yshift": 4, "bgcolor": BARE}
                self.note(more, font(self.size, ACCENT, bold=True), x=row["x"], y=self.floor, **at)
                return

    def _heads(self, spans: list[tuple[float, float]], room: float) -> float:
        tops = [self._box(first, last)[3] - self.high / self.pixel for _, first, last, _ in self._numbers()]
        over = max([0.0, *tops])  # numbers that stand out of the plane
        if self.mark is None:
            return over
        share = (self.mark - self.places[0]) / (self.places[-1] - self.places[0])
        anchor = "left" if share < 0.34 else "right" if share > 0.66 else "center"
        lines = wrapped(f"{self.name('mark')}: {_hours(self, self.mark)}", min(room, 240) * 0.6, self.small)
        place: dict[str, Any] = {"yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 3 + over, "xanchor": anchor}
        self.note(lines, font(self.small, INK), x=self.mark, **place)
        return len(lines) * self.small * LINE + over

    def _along(self, room: float) -> tuple[list[float], list[str], list[str]]:
        whole = all(tick == round(tick) for tick in self.along)
        texts = [cell(tick, "count", 0 if whole else 1, self.language, "") for tick in self.along]
        return self.along, texts, texts[-1:]

    def listed(self, made: Dict) -> Dict:
        """The figure with its steps named in a list below."""
        layout, edge = made["layout"], "right" if self.rtl else "left"
        margin = layout["margin"]
        at = {"xref": "paper", "x": int(self.rtl), "xanchor": edge, "align": edge, "yref": "paper", "y": 0}
        at |= {"yanchor": "top", "xshift": margin["r"] + 1 if self.rtl else -margin["l"] - 1}
        texts: list[tuple[str, Dict]] = [(self._line(place, row), row) for place, row in self.named.items()]
        if self.left_out:
            texts.append((say("part.chart.more", n=self.left_out)[self.language], {"grey": True}))
        bottom = margin["b"] + 4.0
        for text, row in texts:
            bold = bool(row.get("accent"))
            lines = wrapped(text, (NARROW if self.narrow else WIDE) - 8, 13, bold=bold)
            look = font(13, ACCENT if bold else GREY if row.get("grey") else INK, bold=bold)
            self.note(lines, look, **at, yshift=-bottom)
            bottom += len(lines) * 13 * LINE + 5
        layout["height"] += round(bottom - margin["b"])
        margin["b"] = bottom
        return made

    def _line(self, place: int, row: Dict) -> str:
        hours, told = told_step(self, row)
        return " · ".join([f"{place}. {hours}", *told])


def _stairs(corners: list[tuple[float, float]], first: float, last: float) -> tuple[list[float], list[float]]:
    """The steps between two places: along at each height, then up."""
    before = [y for x, y in corners if x <= first]
    path = [(first, before[-1])] if before else []
    for x, y in corners:
        if first < x <= last:
            path += [(x, path[-1][1])] if path else []
            path.append((x, y))
    path += [(last, path[-1][1])] if path else []
    return [x for x, _ in path], [y for _, y in path]


def _touch(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    return min(a[2], b[2]) > max(a[0], b[0]) and min(a[3], b[3]) > max(a[1], b[1])


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"
