"""The HTML of each kind of part, in one language: every text escaped, a number that has an id carrying it.

What each kind is stands with the function of its name in ``parts``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kesher.page.tables import Data, Writer, assumptions, claims, grid, numbers, recommendations
from kesher.page.text import emphasised, esc
from kesher.words import bare

if TYPE_CHECKING:
    from kesher.page.parts import Part


def html_of(part: Part, language: str, *, level: int = 2) -> str:
    """The part as HTML; ``level`` is that of its own heading. Charts have a head and a foot instead."""
    return _KINDS[part.kind](part.data, Writer(language, part.data.get("currency", ""), level))


def around(part: Part, language: str, *, level: int = 3) -> tuple[str, str]:
    """What stands above a chart (a sentence, then measure, population and bases) and below it (the source)."""
    to = Writer(language, level=level)
    if part.kind == "figure":  # a strategist's own
        return to.says(esc(part.data["title"])), ""
    below = " ".join(filter(None, (to.text(part.data[name]) for name in ("subtitle", "bases"))))
    head = f'{to.says(to.text(part.data["title"]))}<p class="sub">{below}</p>'
    return head, f'<p class="src">{to.text(part.data["source"])}</p>'


def heading(data: Data, to: Writer) -> str:
    return f"<h2>{to.text(data['title'])}</h2>"


def answer(data: Data, to: Writer) -> str:
    asked = "".join(
        f"<div><dt>{to.word(name)}</dt><dd>{emphasised(data[name][to.language])}</dd></div>"
        for name in ("decision", "worth")
        if bare(data[name][to.language]).strip()
    )
    asks = data["question"] != data["title"]
    question = f'<p class="question">{to.text(data["question"])}</p>' if asks else ""
    headline = f'<p class="answer">{emphasised(data["headline"][to.language])}</p>'
    return f'<h1>{to.text(data["title"])}</h1>{question}{headline}<dl class="asked">{asked}</dl>'


def cards(data: Data, to: Writer) -> str:
    shown = ""
    for card in data["cards"]:
        ids = " ".join(card.get("numbers") or ())
        mark = f' data-number="{esc(ids)}"' if ids else ""
        label, value, note = (to.text(card[name]) for name in ("label", "value", "note"))
        shown += (
            f'<div class="card"><p class="k">{label}</p><p class="v"{mark}>{value}</p><p class="n">{note}</p></div>'
        )
    return f'<div class="cards">{shown}</div>' if shown else ""


def table(data: Data, to: Writer) -> str:
    title, note = to.text(data["title"]), to.text(data.get("note"))
    return to.says(title) + grid(data, to, title) + (f'<p class="src">{note}</p>' if note else "")


def missing(data: Data, to: Writer) -> str:
    """What the data can not say, and why."""
    return f'<p class="src"><b>{to.text(data["title"])}</b> {to.text(data["reason"])}</p>'


def folded(data: Data, to: Writer) -> str:
    """Tables to unfold under one heading."""
    shown = ""
    for one in data["tables"]:
        title, note, inner = to.text(one["title"]), to.text(one["note"]), Writer(to.language, one["currency"], 3)
        shown += inner.says(title) + grid(one, inner, title or to.word(f"heading.{data['heading']}"))
        shown += f'<p class="src">{note}</p>' if note else ""
    return to.folded(data["heading"], shown)


def warnings(data: Data, to: Writer) -> str:
    items = "".join(f'<li data-code="{esc(row["code"])}">{to.text(row["text"])}</li>' for row in data["rows"])
    return f'<section class="care"><h2>{to.word("heading.warnings")}</h2><ul>{items}</ul></section>' if items else ""


def method(data: Data, to: Writer) -> str:
    return to.folded("method", "".join(f"<p>{to.text(one)}</p>" for one in data["paragraphs"]))


def sources(data: Data, to: Writer) -> str:
    items = "".join(f"<li>{to.text(one)}</li>" for one in data["items"])
    return to.folded("sources", f"<ul>{items}</ul>" if items else "")


def markdown(data: Data, to: Writer) -> str:
    """A strategist's own words."""
    from kesher.page.prose import rendered

    return f'<div class="prose">{rendered(data["source"])}</div>'


_KINDS: dict[str, Callable[[Data, Writer], str]] = {
    "heading": heading, "answer": answer, "cards": cards, "table": table, "claims": claims, "missing": missing,
    "recommendations": recommendations, "assumptions": assumptions, "folded": folded, "warnings": warnings,
    "method": method, "sources": sources, "numbers": numbers, "markdown": markdown,
}  # fmt: skip
