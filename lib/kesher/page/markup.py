"""The HTML of each kind of part, in one language: every text escaped, a number that has an id carrying it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from kesher.page import charts
from kesher.page.inline import in_lab
from kesher.page.tables import assumptions, claims, folded, grid, numbers, recommendations, word
from kesher.page.text import emphasised, esc, plain
from kesher.words import bare

Data = dict[str, Any]


class Shown(Protocol):
    """What a part offers to be drawn."""

    @property
    def id(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def data(self) -> Data: ...


def html_of(part: Shown, language: str, *, level: int = 2) -> str:
    """The part as HTML; ``level`` is that of its own heading. Charts are drawn by ``layout``."""
    return _KINDS[part.kind](part.data, language, level)


def in_notebook(part: Shown, language: str, *, which: str = "") -> str:
    """The part as a cell's output in JupyterLab; ``which`` picks the head or the foot of a chart."""
    if part.kind == "chart":
        body = chart_head(part.data, language, 3) if which == "head" else chart_foot(part.data, language)
    else:
        body = html_of(part, language)
    return in_lab(body, language)


def plain_text(part: Shown, language: str) -> str:
    """One line about the part, for outputs without HTML."""
    title = part.data.get("headline") or part.data.get("title")
    return plain(title, language) if isinstance(title, dict) else part.kind


def heading(data: Data, language: str, level: int) -> str:
    """A section heading."""
    return f"<h2>{esc(data['title'][language])}</h2>"


def answer(data: Data, language: str, level: int) -> str:
    """Title, question, the answer, and the decision asked with its worth."""
    asked = "".join(
        f"<div><dt>{word(name, language)}</dt><dd>{emphasised(data[name][language])}</dd></div>"
        for name in ("decision", "worth")
        if bare(data[name][language]).strip()
    )
    question = ""
    if data["question"] != data["title"]:
        question = f'<p class="question">{esc(data["question"][language])}</p>'
    headline = f'<p class="answer">{emphasised(data["headline"][language])}</p>'
    return f'<h1>{esc(data["title"][language])}</h1>{question}{headline}<dl class="asked">{asked}</dl>'


def cards(data: Data, language: str, level: int) -> str:
    """The numbers to remember, side by side."""
    shown = []
    for card in data["cards"]:
        ids = " ".join(card.get("numbers") or ())
        mark = f' data-number="{esc(ids)}"' if ids else ""
        label, value, note = (esc(card[name][language]) for name in ("label", "value", "note"))
        shown.append(
            f'<div class="card"><p class="k">{label}</p><p class="v"{mark}>{value}</p><p class="n">{note}</p></div>'
        )
    return f'<div class="cards">{"".join(shown)}</div>' if shown else ""


def chart_head(data: Data, language: str, level: int) -> str:
    """The sentence above a chart, then measure, population and bases."""
    below = " ".join(esc(data[name][language]) for name in ("subtitle", "bases") if data[name][language])
    return f'<h{level} class="says">{esc(data["title"][language])}</h{level}><p class="sub">{below}</p>'


def chart_foot(data: Data, language: str) -> str:
    """The source under a chart."""
    return f'<p class="src">{esc(data["source"][language])}</p>'


def table(data: Data, language: str, level: int) -> str:
    """A table with its title and note."""
    note = f'<p class="src">{esc(data["note"][language])}</p>' if data.get("note") else ""
    title = esc(data["title"][language])
    return f'<h{level} class="says">{title}</h{level}>{grid(data, language, title)}{note}'


def missing(data: Data, language: str, level: int) -> str:
    """What the data can not say, and why."""
    return f'<p class="src"><b>{esc(data["title"][language])}</b> {esc(data["reason"][language])}</p>'


def quality(data: Data, language: str, level: int) -> str:
    """The tables of data quality, folded."""
    title = word("heading.quality", language)
    shown = []
    for one in data["tables"]:
        own = f'<h3 class="says">{esc(one["title"][language])}</h3>' if one.get("title") else ""
        shown.append(own + grid(one, language, esc(one["title"][language]) if one.get("title") else title))
    return folded(title, "".join(shown)) if shown else ""


def warnings(data: Data, language: str, level: int) -> str:
    """What to know before believing a number."""
    if not data["rows"]:
        return ""
    items = "".join(f'<li data-code="{esc(row["code"])}">{esc(row["text"][language])}</li>' for row in data["rows"])
    return f'<section class="care"><h2>{word("heading.warnings", language)}</h2><ul>{items}</ul></section>'


def method(data: Data, language: str, level: int) -> str:
    """The method in plain words, folded."""
    body = "".join(f"<p>{esc(one[language])}</p>" for one in data["paragraphs"])
    return folded(word("heading.method", language), body) if body else ""


def sources(data: Data, language: str, level: int) -> str:
    """Where figures come from, folded."""
    items = "".join(f"<li>{esc(one[language])}</li>" for one in data["items"])
    return folded(word("heading.sources", language), f"<ul>{items}</ul>") if items else ""


def markdown(data: Data, language: str, level: int) -> str:
    """A strategist's own words: Markdown without raw HTML, images or harmful links."""
    from kesher.page.prose import rendered

    return f'<div class="prose">{rendered(data["source"])}</div>'


def chart(data: Data, language: str, level: int) -> str:
    """A chart without drawing it: head, figures, foot."""
    table_ = grid(charts.data_table(data), language, esc(data["title"][language]))
    return chart_head(data, language, level) + table_ + chart_foot(data, language)


def figure(data: Data, language: str, level: int) -> str:
    """A strategist's own figure: its title; the page draws it."""
    return f'<h{level} class="says">{esc(data["title"])}</h{level}>' if data["title"] else ""


_KINDS: dict[str, Callable[[Data, str, int], str]] = {
    "heading": heading, "answer": answer, "cards": cards, "chart": chart, "table": table, "claims": claims,
    "recommendations": recommendations, "assumptions": assumptions, "quality": quality, "warnings": warnings,
    "method": method, "sources": sources, "numbers": numbers, "markdown": markdown, "figure": figure,
    "missing": missing,
}  # fmt: skip
