"""The slope chart: two orders side by side, one line per item, the first place on top."""

from __future__ import annotations

from typing import Any

from kesher.page.canvas import ACCENT, GREY, INK, LINE, MARK, font, layout
from kesher.page.text import RIGHT_TO_LEFT, finite, number, plotly_text, width, wrapped

Dict = dict[str, Any]
SIZE = {False: 14.0, True: 13.0}  # of labels, by narrow
LIMIT = {False: 190.0, True: 132.0}  # of a line of a label, pixels
ENDS = (("first", 0), ("second", 1))


def slope(spec: Dict, language: str, narrow: bool) -> Dict:
    """Ranks of two groups; on a narrow screen the labels stand at the start only, the ranks at both ends."""
    rows = [row for row in spec["rows"] if all(finite(row[role]) is not None for role, _ in ENDS)]
    size, rtl = SIZE[narrow], language in RIGHT_TO_LEFT
    labels = [row["label"][language] if isinstance(row["label"], dict) else str(row["label"]) for row in rows]
    lines = [wrapped(label, LIMIT[narrow], size) for label in labels]
    heights = [len(one) * size * LINE + 8 for one in lines]
    places = {role: _stacked([float(row[role]) for row in rows], heights) for role, _ in ENDS}
    notes, head_lines, widest = _heads(spec, language, narrow)
    some_accent = any(row.get("accent") for row in rows)
    data = []
    for place, row in enumerate(rows):
        accent = bool(row.get("accent"))
        for role, x in ENDS:
            shown = lines[place] if role == "first" or not narrow else []
            text, taken = _end(_rank(spec, row, role, language), shown, role, language, size, accent)
            widest[role] = max(widest[role], taken)
            look = {"font": font(size, ACCENT if accent else INK, bold=accent)}
            notes.append({"text": text, "y": places[role][place]} | _beside(x, role, rtl) | look)
        colour = ACCENT if accent else MARK if some_accent else INK
        data.append(_line(spec, row, labels[place], [places[role][place] for role, _ in ENDS], colour, language))
    tall = sum(heights) + 6 * len(heights)
    top = 20 + 13 * LINE * head_lines
    side = ("r", "l") if rtl else ("l", "r")
    own = {
        "height": round(tall + top + 10),
        "margin": {"t": top, "b": 10, side[0]: widest["first"] + 24, side[1]: widest["second"] + 24, "pad": 0},
        "annotations": notes,
        "xaxis": {"range": [1, 0] if rtl else [0, 1], "visible": False, "fixedrange": True},
        "yaxis": {"range": [tall, 0], "visible": False, "fixedrange": True},
    }
    return {"data": data, "layout": layout(language) | own}


def _stacked(ranks: list[float], heights: list[float]) -> list[float]:
    """Middle of each label, pixels from the top: by rank, one below the other, ties in the order given."""
    places = [0.0] * len(ranks)
    bottom = 0.0
    for place in sorted(range(len(ranks)), key=lambda one: ranks[one]):
        places[place] = bottom + heights[place] / 2 + 3
        bottom += heights[place] + 6
    return places


def _rank(spec: Dict, row: Dict, role: str, language: str) -> str:
    return number(float(row[role]), "rank", 0, language, spec["currency"])


def _end(rank: str, lines: list[str], role: str, language: str, size: float, bold: bool) -> tuple[str, float]:
    """The text at one end of a line, the rank next to the line, and its width."""
    if not lines:
        return plotly_text(rank, language), width(rank, size, bold=bold)
    first, *rest = lines
    joined = f"{first}  {rank}" if role == "first" else f"{rank}  {first}"
    return plotly_text([joined, *rest], language), max(width(one, size, bold=bold) for one in [joined, *rest]) + 6


def _beside(x: int, role: str, rtl: bool) -> Dict:
    """The place of a label outside one end."""
    edge = "right" if (role == "first") != rtl else "left"
    at = {"x": x, "xref": "x", "yref": "y", "xanchor": edge, "yanchor": "middle", "align": edge}
    return at | {"xshift": -9 if edge == "right" else 9, "showarrow": False}


def _heads(spec: Dict, language: str, narrow: bool) -> tuple[list[Dict], int, dict[str, float]]:
    """The names of the two orders above their ends, the lines they take, the room beyond each end."""
    heads, taken, most = [], {}, 1
    for role, x in ENDS:
        name = (spec["names"].get(role) or spec["columns"][role]["label"])[language]
        lines = wrapped(name, 84 if narrow else LIMIT[narrow], 13, bold=True)
        wide = max(width(line, 13, bold=True) for line in lines)
        middle = narrow and role == "second"  # no labels there: the head stands over its end
        taken[role], most = (wide / 2 - 16 if middle else wide), max(most, len(lines))
        outer = "right" if (role == "first") != (language in RIGHT_TO_LEFT) else "left"
        at = {"x": x, "y": 1, "xref": "x", "yref": "paper", "yanchor": "bottom", "yshift": 8, "showarrow": False}
        look = {"xanchor": "center" if middle else outer, "font": font(13, GREY, bold=True)}
        heads.append({"text": plotly_text(lines, language)} | at | look)
    return heads, most, taken


def _line(spec: Dict, row: Dict, label: str, y: list[float], colour: str, language: str) -> Dict:
    told = [label]
    for role, _ in ENDS:
        name = (spec["names"].get(role) or spec["columns"][role]["label"])[language]
        told.append(f"{name}: {_rank(spec, row, role, language)}")
    hover = plotly_text([part for line in told for part in wrapped(line, 220, 13)], language)
    look = {"line": {"color": colour, "width": 2 if colour == MARK else 3}, "marker": {"size": 9, "color": colour}}
    at = {"x": [0, 1], "y": y, "cliponaxis": False, "hoverinfo": "text", "hovertext": [hover, hover]}
    return {"type": "scatter", "mode": "lines+markers"} | at | look
