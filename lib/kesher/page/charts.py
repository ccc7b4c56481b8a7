"""The charts of a report as plain Plotly figures, from a part's words and rows; plotly is not imported.

Each kind says one thing: ``dumbbell`` how far two groups lie apart, ``slope`` how two orders differ, ``bars``
how large shares are, ``difference`` which differences exclude zero, ``range`` what was guessed beside what
was found.
"""

from __future__ import annotations

from typing import Any

from kesher.page import kinds
from kesher.page.text import cell, number, plain
from kesher.words import bare, say

# kind: roles it must have, roles it may have
KINDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "dumbbell": (frozenset({"label", "first", "second", "gap"}), frozenset({"distinct", "accent"})),
    "slope": (frozenset({"label", "first", "second"}), frozenset({"accent"})),
    "bars": (frozenset({"label", "value"}), frozenset({"low", "high", "base", "reference", "grey", "accent"})),
    "difference": (frozenset({"label", "value", "low", "high"}), frozenset({"group", "distinct"})),
    "range": (frozenset({"label", "actual", "guess"}), frozenset({"low", "high", "guess_low", "guess_high"})),
}
_DRAW = {
    "dumbbell": kinds.dumbbell, "slope": kinds.slope, "bars": kinds.bars, "difference": kinds.difference,
    "range": kinds.range_,
}  # fmt: skip

# Plotly 7 offers to upload a chart's data by default: off here, wherever the figure is shown.
CONFIG: dict[str, Any] = {
    "showSendToCloud": False, "plotlyServerURL": "", "displaylogo": False, "responsive": True,
    "typesetMath": False, "scrollZoom": False, "doubleClick": False, "showTips": False,
    "modeBarButtons": [["toImage"]],
}  # fmt: skip


def check(kind: str, roles: dict[str, str]) -> None:
    """Raise ValueError naming what a chart lacks or can not draw."""
    if kind not in KINDS:
        raise ValueError(f"chart kind {kind!r} is not one of {', '.join(KINDS)}")
    needed, allowed = KINDS[kind]
    if missing := sorted(needed - roles.keys()):
        raise ValueError(f"a {kind} chart needs the roles {missing}")
    if unknown := sorted(roles.keys() - needed - allowed):
        raise ValueError(f"a {kind} chart does not draw the roles {unknown}; it may have {sorted(allowed)}")


def figure(spec: dict[str, Any], language: str, *, narrow: bool = False) -> dict[str, Any]:
    """The figure (``data`` and ``layout``) of a chart part's data; ``narrow`` for a phone's width."""
    return _DRAW[spec["kind"]](spec, language, narrow)


def described(spec: dict[str, Any], language: str, *, most: int = 12) -> str:
    """What the chart shows, in words, for readers who do not see it."""
    lines = [f"{plain(spec['title'], language).rstrip('.')}.", plain(say(f"part.chart.{spec['kind']}"), language)]
    for row in spec["rows"][:most]:
        shown = [f"{name} {value}" for name, value in _told(spec, row, language)]
        label = row["label"] if isinstance(row["label"], str) else plain(row["label"], language)
        lines.append(f"{bare(label)}: {', '.join(shown)}.")
    left = len(spec["rows"]) - most
    if left > 0:
        lines.append(plain(say("part.chart.more", n=left), language))
    return " ".join(lines)


def _told(spec: dict[str, Any], row: dict[str, Any], language: str) -> list[tuple[str, str]]:
    """The values of a row with their names."""
    told = []
    for role in ("group", "first", "second", "gap", "value", "actual", "guess", "reference", "base"):
        if row.get(role) is None:
            continue
        column = spec["columns"][role]
        name = spec["names"].get(role) or column["label"]
        value = cell(row[role], column["unit"], column["digits"], language, spec["currency"])
        low, high = row.get(_BOUNDS.get(role, ("", ""))[0]), row.get(_BOUNDS.get(role, ("", ""))[1])
        if low is not None and high is not None:
            bounds = [number(end, column["unit"], column["digits"], language, spec["currency"]) for end in (low, high)]
            value += f" ({' – '.join(bounds)})"
        told.append((plain(name, language), bare(value)))
    return told


_BOUNDS = {"value": ("low", "high"), "actual": ("low", "high"), "guess": ("guess_low", "guess_high")}


def data_table(spec: dict[str, Any]) -> dict[str, Any]:
    """The rows a chart draws as the data of a table part."""
    roles = list(spec["columns"])
    shown = [role for role in roles if spec["columns"][role]["unit"] != "flag"]
    columns = []
    for role in shown:
        name = spec["names"].get(role)
        columns.append(spec["columns"][role] | ({"label": name} if name else {}))
    return {
        "columns": columns, "rows": [[row[role] for role in shown] for row in spec["rows"]],
        "numbers": [], "currency": spec["currency"],
    }  # fmt: skip
