"""A small matrix of shares: which networks' people are on which others, darker where more are."""

from __future__ import annotations

from kesher.page.canvas import GREY, INK, LINE, MARK, PAPER, Dict, Drawing, font
from kesher.page.text import finite, width, wrapped
from kesher.words import say

DARKEST = 1.25  # share whose cell would be as dark as MARK: the darkest drawn still carries ink at 4.5:1
CELL, HEAD, LABEL, SMALL = 34.0, 110.0, 150.0, 12.5  # pixels: least height, room of the two names, font
UPRIGHT = 34.0  # pixels a column of the smallest wide page has for a name over it


def cells(spec: Dict, language: str) -> Dict:
    """A share in each cell; the diagonal stays empty. For wide pages: ``charts.matrix`` has a phone's."""
    grid = Grid(spec, language)
    grid.named()
    count = max(len(grid.names), 1)
    axis = {"range": [-0.5, count - 0.5], "visible": False}
    return grid.laid_out([grid.filled()], count * grid.tall, axis, top=grid.top, bottom=10, start=grid.beside, end=4)


def pair(words: Drawing, row: Dict) -> str:
    """Two names of a matrix with what its rows and columns are: users of TikTok → also on Instagram."""
    given = {role: f"{words.name(role)} {words.label(row, role)}".replace("־ ", "־") for role in ("row", "column")}
    return say("part.chart.pair", **given)[words.language]


def strongest(rows: list[Dict]) -> list[Dict]:
    """The pairs of different names that have a value, the largest first."""
    known = [row for row in rows if row["row"] != row["column"] and finite(row["value"]) is not None]
    return sorted(known, key=lambda row: -float(row["value"]))


class Grid(Drawing):
    """Names along both sides of a matrix in the order the rows first tell them; too long ones as numbers on top."""

    def __init__(self, spec: Dict, language: str) -> None:
        super().__init__(spec, language)
        self.pairs = {(self.label(row, "row"), self.label(row, "column")): row for row in self.rows}
        self.names = list(dict.fromkeys(name for side in zip(*self.pairs, strict=True) for name in side))
        self.heads = [wrapped(name, HEAD, SMALL) for name in self.names]
        labels = self.names
        if max(map(len, self.heads), default=0) > 2:
            self.heads = [[str(place)] for place in range(1, len(self.names) + 1)]
            labels = [f"{place}. {name}" for place, name in enumerate(self.names, 1)]
        self.labels = [wrapped(label, LABEL, SMALL) for label in labels]
        captions = f"{self.name('row')} ↓", f"{self.name('column')} {'←' if self.rtl else '→'}"
        self.corner = [line for caption in captions for line in wrapped(caption, LABEL, SMALL)]
        self.tall = max([CELL, *(len(label) * SMALL * LINE + 8 for label in self.labels)])
        self.beside = max(width(line, SMALL) for lines in (*self.labels, self.corner) for line in lines) + 12
        long = max((width(line, SMALL) for head in self.heads for line in head), default=0.0)
        self.upright = long <= UPRIGHT and max(map(len, self.heads), default=1) == 1
        self.top = max(18.0 if self.upright else long + 8, len(self.corner) * SMALL * LINE) + 8

    def named(self) -> None:
        """Names beside the rows and over the columns, and what each side is in the corner."""
        side = {"xref": "paper", "x": int(self.rtl), "xanchor": self.start, "align": self.start}
        side["xshift"] = self.beside if self.rtl else -self.beside
        over = {"yref": "paper", "y": 1, "yanchor": "bottom", "yshift": 4}
        self.note(self.corner, font(SMALL, GREY), **side, **over)
        for place, (label, head) in enumerate(zip(self.labels, self.heads, strict=True)):
            self.note(label, font(SMALL, INK), y=(place + 0.5) * self.tall, **side)
            self.note(head, font(SMALL, INK), x=place, textangle=0 if self.upright else -90, **over)

    def filled(self) -> Dict:
        """The shaded cells with their shares; a dash where one is withheld."""
        whole = 1.0 if self.spec["columns"]["value"]["unit"] == "share" else 100.0
        shades: list[list[float | None]] = [[None] * len(self.names) for _ in self.names]
        told = [[""] * len(self.names) for _ in self.names]
        for down, one in enumerate(self.names):
            for across, other in enumerate(self.names):
                row = self.pairs.get((one, other))
                if row is None or one == other:
                    continue
                value = finite(row["value"])
                text = "–" if value is None else self.written(value, "value")
                place = {"x": across, "y": (down + 0.5) * self.tall, "bgcolor": "rgba(0,0,0,0)"}
                self.note(text, font(SMALL, INK), **place)
                if value is not None:
                    shades[down][across] = value / whole
                    told[down][across] = self.hover([pair(self, row), self.told(row, "value")])
        return {
            "type": "heatmap", "x0": 0, "dx": 1, "y0": self.tall / 2, "dy": self.tall, "z": shades, "zmin": 0,
            "zmax": DARKEST, "colorscale": [[0, PAPER], [1, MARK]], "showscale": False, "xgap": 2, "ygap": 2,
            "hoverinfo": "text", "hovertext": told, "hoverongaps": False,
        }  # fmt: skip
