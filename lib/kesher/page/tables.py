"""Tables of a page: numbers that scroll in a box of their own, and sentences that a phone shows as blocks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from babel import Locale

from kesher.page.text import cell, day, direction, esc
from kesher.words import Text, entries, say

Data = dict[str, Any]
Cell = tuple[str, str | None]  # HTML, and the id of the number it shows
CLAIMS_SHOWN = 6  # as many as a reader compares; the others are folded
WORLD = {"WW": "001"}  # the code of a study of several countries, and CLDR's
NOT_NUMERIC = frozenset({"text", "code", "flag"})


@dataclass(frozen=True)
class Writer:
    """Writes for a reader of one language, every text escaped; ``level`` is that of a part's own heading."""

    language: str
    currency: str = ""
    level: int = 2

    def text(self, text: Text | None) -> str:
        """A text of the part; nothing where there is none."""
        return esc(text[self.language]) if text else ""

    def word(self, key: str, **values: Any) -> str:
        """A fixed word of the page."""
        return self.text(say(f"part.{key}", **values))

    def shown(self, value: Any, unit: str, digits: int = 0, *, signed: bool | None = None) -> str:
        """A cell or number in its unit."""
        return esc(cell(value, unit, digits, self.language, self.currency, signed=signed))

    def like(self, value: Any, like: Data) -> str:
        """A value as its column or number is written."""
        return self.shown(value, like["unit"], like["digits"], signed=like.get("signed"))

    def value(self, row: Data) -> str:
        """The value of a number, or why there is none."""
        if row["value"] is None:
            return f"{self.word('status.' + row['status'])}: {self.text(row['reason'])}"
        return self.like(row["value"], row)

    def group(self, name: str) -> str:
        """The word for a group of people, or its own name."""
        return self.word(f"group.{name}") if f"part.group.{name}" in entries(self.language) else esc(name)

    def interval(self, row: Data) -> str:
        """The interval of a number with its level and kind; empty when there is none."""
        if row["low"] is None or row["high"] is None:
            return ""
        between = say("unit.interval", low=self.like(row["low"], row), high=self.like(row["high"], row))
        if row.get("interval") == "scenario":
            return self.word("numbers.scenario", between=between)
        if row.get("confidence"):
            return self.word("numbers.confidence", level=self.shown(row["confidence"], "share"), between=between)
        return self.text(between)

    def says(self, title: str) -> str:
        """The sentence above a chart or table (escaped); nothing where there is none."""
        return f'<h{self.level} class="says">{title}</h{self.level}>' if title else ""

    def folded(self, key: str, body: str) -> str:
        """Something to unfold under its own heading; nothing where there is nothing."""
        heading = f"<summary><h2>{self.word(f'heading.{key}')}</h2></summary>"
        return f"<details>{heading}<div>{body}</div></details>" if body else ""


def small(*texts: str) -> str:
    """Smaller lines under a cell; empty ones vanish."""
    return "".join(f"<small>{text}</small>" for text in texts if text)


def grid(data: Data, to: Writer, title: str) -> str:
    """The columns and rows of a part; ``title`` (escaped) names the box."""
    columns = data["columns"]
    heads = [(to.text(column["label"]), column["unit"] not in NOT_NUMERIC) for column in columns]
    ids = data["numbers"] or [[None] * len(columns)] * len(data["rows"])
    rows = [
        [(to.like(value, column), id) for value, column, id in zip(row, columns, marks, strict=True)]
        for row, marks in zip(data["rows"], ids, strict=True)
    ]
    return _scrolled(title, heads, rows)


def _scrolled(title: str, heads: list[tuple[str, bool]], rows: list[list[Cell]], kind: str = "") -> str:
    """A table in a box that scrolls by itself; a head says whether its column holds numbers."""
    sides = [' class="num"' if numeric else "" for _, numeric in heads]
    head = "".join(f'<th scope="col"{side}>{text}</th>' for (text, _), side in zip(heads, sides, strict=True))
    body = ""
    for row in rows:
        cells = ""
        for (text, id), side in zip(row, sides, strict=True):
            tag = "td" if cells else 'th scope="row"'
            mark = f' data-number="{esc(id)}"' if id else ""
            cells += f"<{tag}{side}{mark}>{text}</{tag[:2]}>"
        body += f"<tr>{cells}</tr>"
    named = f' class="{kind}"' if kind else ""
    table = f"<table{named}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{title}">{table}</div>'


def _stacked(to: Writer, key: str, names: tuple[str, ...], rows: list[list[str]]) -> str:
    """A table of sentences, which a phone shows as blocks: then it is a table by its roles only."""
    if not rows:
        return ""
    heads = [to.word(f"{key}.{name}") for name in names]
    head = "".join(f'<th scope="col" role="columnheader">{one}</th>' for one in heads)
    body = ""
    for row in rows:
        cells = (
            f'<td role="cell" data-head="{name}"><div>{one}</div></td>' for name, one in zip(heads, row, strict=True)
        )
        body += f'<tr role="row">{"".join(cells)}</tr>'
    return (
        f'<table class="stack {key}" role="table" aria-label="{to.word(f"heading.{key}")}">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{body}</tbody></table>'
    )


def recommendations(data: Data, to: Writer) -> str:
    names = ("action", "owner", "by", "kpi", "now_target", "change_our_mind")
    table = _stacked(to, "recommendations", names, [_recommendation(row, to) for row in data["rows"]])
    return f"<h2>{to.word('heading.recommendations')}</h2>{table}" if table else ""


def _recommendation(row: Data, to: Writer) -> list[str]:
    because = "; ".join(
        f'{to.text(given["label"])} <span data-number="{esc(given["id"])}">{to.value(given)}</span>'
        for given in row["because"]
    )
    money = [
        to.word(f"recommendations.{name}", amount=to.shown(row[name], "money"))
        for name in ("cost", "worth")
        if row[name] is not None
    ]
    digits = {"share": 0, "count": 0, "money": 0, "money_per_month": 2}.get(row["unit"], 1)
    now, target = (
        to.word("recommendations.unknown")
        if end is None
        else f'<span class="day">{to.shown(end, row["unit"], digits, signed=False)}</span>'
        for end in (row["baseline"].get("value"), row["target"])
    )
    arrow = "←" if direction(to.language) == "rtl" else "→"
    evidence = f"{to.word('recommendations.because')} {because}" if because else ""
    return [
        f"<b>{to.text(row['action'])}</b>{small(to.text(row['step']), evidence)}",
        to.text(row["owner"]),
        f'<span class="day">{esc(day(row["by"], to.language, "medium"))}</span>',
        to.text(row["kpi"]) + small(*money),
        f"{now} {arrow} {target}{small(to.text(row['baseline'].get('source')))}",
        to.text(row["change_our_mind"]),
    ]


def claims(data: Data, to: Writer) -> str:
    rows, names = [_claim(row, to) for row in data["rows"]], ("claim", "says", "found", "verdict")
    shown, more = (_stacked(to, "claims", names, some) for some in (rows[:CLAIMS_SHOWN], rows[CLAIMS_SHOWN:]))
    return f"<h2>{to.word('heading.claims')}</h2>{shown}{to.folded('more_claims', more)}" if rows else ""


def _claim(row: Data, to: Writer) -> list[str]:
    scaled = row["says"] * 100 if row["unit"] == "share" else row["says"]
    digits = 0 if abs(scaled - round(scaled)) < 1e-9 else row["digits"]  # 18, not 18.0
    country = Locale(to.language).territories.get(WORLD.get(row["country"], row["country"]), row["country"])
    where = ", ".join([row["base"][to.language], country, *([str(row["year"])] if row["year"] else [])])
    return [
        to.text(row["text"]) + small(to.word("claims.source", source=row["source"], grade=row["grade"])),
        to.shown(row["says"], row["unit"], digits) + small(esc(where)),
        to.like(row["found"], row) + small(to.interval(row)),
        to.word(f"claims.{row['verdict']}") + small(to.text(row["comment"])),
    ]


def assumptions(data: Data, to: Writer) -> str:
    rows = [
        [to.text(row["text"]), to.text(row["value"]), esc(row["grade"]), to.text(row["flips"])] for row in data["rows"]
    ]
    return to.folded("assumptions", _stacked(to, "assumptions", ("text", "value", "grade", "flips"), rows))


def numbers(data: Data, to: Writer) -> str:
    names = ("label", "value", "interval", "base", "method")
    heads = [(to.word(f"numbers.{name}"), name == "value") for name in names]
    rows = [_number(row, to) for row in data["rows"]]
    return to.folded("numbers", _scrolled(to.word("heading.numbers"), heads, rows, "all")) if rows else ""


def _number(row: Data, to: Writer) -> list[Cell]:
    groups = [f"{to.group(name)} {to.shown(count, 'count')}" for name, count in row["base"].items()]
    said = row.get("method_text")
    method = to.text(said) if said else f'<bdi lang="en">{esc(row["method"])}</bdi>'
    label = f"{to.text(row['label'])}<small><code>{esc(row['id'])}</code></small>"
    shown = (label, to.value(row), to.interval(row), " · ".join(groups), method)
    return list(zip(shown, (None, row["id"], None, None, None), strict=True))
