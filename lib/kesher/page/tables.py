"""Tables of a page: numbers that scroll in a box of their own, and sentences that a phone shows as blocks."""

from __future__ import annotations

from typing import Any

from babel import Locale

from kesher.page.text import cell, day, direction, esc, number
from kesher.words import Text, entries, say

Data = dict[str, Any]
CLAIMS_SHOWN = 6  # as many as a reader compares; the others are folded
WORLD = {"WW": "001"}  # the code of a study of several countries, and CLDR's
NOT_NUMERIC = frozenset({"text", "code", "flag"})


def word(key: str, language: str) -> str:
    """A fixed word of the page, escaped."""
    return esc(say(f"part.{key}")[language])


def grid(data: Data, language: str, caption: str) -> str:
    """Rows and columns in a box that scrolls by itself; ``caption`` (escaped) names the box."""
    columns = data["columns"]
    head = "".join(
        f'<th scope="col"{_side(column["unit"])}>{esc(column["label"][language])}</th>' for column in columns
    )
    ids = data["numbers"] or [[None] * len(columns) for _ in data["rows"]]
    body = "".join(
        _row(row, columns, marks, language, data["currency"]) for row, marks in zip(data["rows"], ids, strict=True)
    )
    return _scroll(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", caption)


def _row(row: list[Any], columns: list[Data], ids: list[str | None], language: str, currency: str) -> str:
    cells = []
    for place, (value, column, id) in enumerate(zip(row, columns, ids, strict=True)):
        tag = 'th scope="row"' if place == 0 else "td"
        mark = f' data-number="{esc(id)}"' if id else ""
        text = esc(cell(value, column["unit"], column["digits"], language, currency, signed=column.get("signed")))
        cells.append(f"<{tag}{_side(column['unit'])}{mark}>{text}</{tag[:2]}>")
    return f"<tr>{''.join(cells)}</tr>"


def _side(unit: str) -> str:
    return ' class="num"' if unit not in NOT_NUMERIC else ""


def _scroll(table: str, caption: str, kind: str = "") -> str:
    named = f' class="{kind}"' if kind else ""
    box = f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">'
    return f"{box}<table{named}>{table}</table></div>"


def _stacked(title: str, heads: list[str], rows: list[list[str]], kind: str) -> str:
    """A table of sentences, which a phone shows as blocks; cells are HTML already."""
    head = "".join(f'<th scope="col" role="columnheader">{one}</th>' for one in heads)
    body = "".join(
        '<tr role="row">'
        + "".join(
            f'<td role="cell" data-head="{name}"><div>{one}</div></td>' for name, one in zip(heads, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<table class="stack {kind}" role="table" aria-label="{title}">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def _small(*texts: str) -> str:
    """Smaller lines under a cell; empty ones vanish."""
    return "".join(f"<small>{text}</small>" for text in texts if text)


def recommendations(data: Data, language: str, level: int) -> str:
    """What to do, by whom, until when, measured how."""
    if not data["rows"]:
        return ""
    names = ("action", "owner", "by", "kpi", "now_target", "change_our_mind")
    rows = [_recommendation(row, language, data["currency"]) for row in data["rows"]]
    title = word("heading.recommendations", language)
    heads = [word(f"recommendations.{name}", language) for name in names]
    return f"<h2>{title}</h2>{_stacked(title, heads, rows, 'todo')}"


def _recommendation(row: Data, language: str, currency: str) -> list[str]:
    def money(name: str) -> str:
        if row[name] is None:
            return ""
        amount = number(row[name], "money", 0, language, currency)
        return esc(say(f"part.recommendations.{name}", amount=amount)[language])

    because = "; ".join(
        f"{esc(given['label'][language])} "
        f'<span data-number="{esc(given["id"])}">{esc(_value(given, language, currency))}</span>'
        for given in row["because"]
    )
    step = esc(row["step"][language]) if row["step"] else ""
    now = row["baseline"].get("value")
    source = row["baseline"].get("source")
    digits = 0 if row["unit"] in ("share", "count", "money") else 1
    ends = [
        f'<span class="day">{esc(number(end, row["unit"], digits, language, currency, signed=False))}</span>'
        if end is not None
        else word("recommendations.unknown", language)
        for end in (now, row["target"])
    ]
    arrow = "←" if direction(language) == "rtl" else "→"
    evidence = f"{word('recommendations.because', language)} {because}" if because else ""
    return [
        f"<b>{esc(row['action'][language])}</b>{_small(step, evidence)}",
        esc(row["owner"][language]),
        f'<span class="day">{esc(day(row["by"], language, "medium"))}</span>',
        esc(row["kpi"][language]) + _small(money("cost"), money("worth")),
        f"{ends[0]} {arrow} {ends[1]}{_small(esc(source[language]) if source else '')}",
        esc(row["change_our_mind"][language]),
    ]


def claims(data: Data, language: str, level: int) -> str:
    """Claims of the field beside the client's own numbers."""
    if not data["rows"]:
        return ""
    rows = [_claim(row, language, data["currency"]) for row in data["rows"]]
    title = word("heading.claims", language)
    heads = [word(f"claims.{name}", language) for name in ("claim", "says", "found", "verdict")]
    page = f"<h2>{title}</h2>{_stacked(title, heads, rows[:CLAIMS_SHOWN], 'claims')}"
    if len(rows) > CLAIMS_SHOWN:
        page += folded(word("heading.more_claims", language), _stacked(title, heads, rows[CLAIMS_SHOWN:], "claims"))
    return page


def _claim(row: Data, language: str, currency: str) -> list[str]:
    scaled = row["says"] * 100 if row["unit"] == "share" else row["says"]
    digits = 0 if abs(scaled - round(scaled)) < 1e-9 else row["digits"]  # 18, not 18.0
    says = number(row["says"], row["unit"], digits, language, currency)
    country = Locale(language).territories.get(WORLD.get(row["country"], row["country"]), row["country"])
    place = [row["base"][language], country, *([str(row["year"])] if row["year"] else [])]
    where = ", ".join(place)
    source = say("part.claims.source", source=row["source"], grade=row["grade"])[language]
    shown = row | {"status": "ok", "value": row["found"]}
    found = esc(_value(shown, language, currency)) if row["found"] is not None else "–"
    verdict = word(f"claims.{row['verdict']}", language)
    return [
        esc(row["text"][language]) + _small(esc(source)),
        esc(says) + _small(esc(where)),
        found + _small(esc(_interval(row, language, currency))),
        verdict + _small(esc(row["comment"][language])),
    ]


def assumptions(data: Data, language: str, level: int) -> str:
    """The choices the answer rests on, folded."""
    title = word("heading.assumptions", language)
    rows = [
        [esc(row["text"][language]), esc(row["value"][language]), esc(row["grade"]), esc(row["flips"][language])]
        for row in data["rows"]
    ]
    heads = [word(f"assumptions.{name}", language) for name in ("text", "value", "grade", "flips")]
    return folded(title, _stacked(title, heads, rows, "assumed")) if rows else ""


def numbers(data: Data, language: str, level: int) -> str:
    """Every number with its interval, base and method, folded."""
    title = word("heading.numbers", language)
    heads = [word(f"numbers.{name}", language) for name in ("label", "value", "interval", "base", "method")]
    sides = ("", ' class="num"', "", "", "")
    head = "".join(f'<th scope="col"{side}>{one}</th>' for one, side in zip(heads, sides, strict=True))
    body = "".join(_number_row(row, language, data["currency"]) for row in data["rows"])
    box = _scroll(f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>", title, "all")
    return folded(title, box) if body else ""


def _number_row(row: Data, language: str, currency: str) -> str:
    value = f'<td class="num" data-number="{esc(row["id"])}">{esc(_value(row, language, currency))}</td>'
    groups = " · ".join(
        f"{esc(_group(name, language))} {esc(number(count, 'count', 0, language, currency))}"
        for name, count in row["base"].items()
    )
    return (
        f'<tr><th scope="row">{esc(row["label"][language])}<small><code>{esc(row["id"])}</code></small></th>'
        f"{value}"
        f"<td>{esc(_interval(row, language, currency))}</td><td>{groups}</td>"
        f"<td>{_method(row, language)}</td></tr>"
    )


def _method(row: Data, language: str) -> str:
    said = row.get("method_text")
    return esc(said[language]) if said else f'<bdi lang="en">{esc(row["method"])}</bdi>'


def folded(title: str, body: str) -> str:
    """Something to unfold under its own heading."""
    return f"<details><summary><h2>{title}</h2></summary><div>{body}</div></details>"


def _group(name: str, language: str) -> str:
    key = f"part.group.{name}"
    return say(key)[language] if key in entries(language) else name


def _value(row: Data, language: str, currency: str) -> str:
    """A number, or why there is none."""
    if row["value"] is None:
        reason: Text = row["reason"]
        return f"{say('part.status.' + row['status'])[language]}: {reason[language]}"
    return number(row["value"], row["unit"], row["digits"], language, currency, signed=row.get("signed"))


def _interval(row: Data, language: str, currency: str) -> str:
    """The interval with its level and kind; empty when there is none."""
    if row["low"] is None or row["high"] is None:
        return ""
    sign = row.get("signed")
    low, high = (
        number(row[end], row["unit"], row["digits"], language, currency, signed=sign) for end in ("low", "high")
    )
    between = say("unit.interval", low=low, high=high)
    if row.get("interval") == "scenario":
        return say("part.numbers.scenario", between=between)[language]
    if row.get("confidence"):
        level = number(row["confidence"], "share", 0, language, currency)
        return say("part.numbers.confidence", level=level, between=between)[language]
    return between[language]
