"""The parts of a page: objects made from a Result that a notebook's cells show and a report is laid out from.

A part holds plain data in both languages. Shown in a cell it leaves its data under ``PART``, which
``kesher.report`` reads back, beside what JupyterLab draws.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kesher.page import charts
from kesher.page.inline import in_lab
from kesher.page.markup import around, html_of
from kesher.page.text import plain
from kesher.results import Number, Result
from kesher.words import LANGUAGES, say

PART = "application/vnd.kesher.part+json"
RESULT = "application/vnd.kesher.result+json"
PLOTLY = "application/vnd.plotly.v1+json"

QUALITY = "quality"  # tables whose id starts with this are data quality


@dataclass(frozen=True)
class Part:
    """One part of a page: what it is, and its data as JSON in every language.

    ``attached`` are further media types its output carries and its data do not repeat.
    """

    id: str
    kind: str
    data: dict[str, Any]
    attached: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def to_json(self) -> dict[str, Any]:
        """The part as an output carries it."""
        return {"id": self.id, "kind": self.kind, "data": self.data}

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Part:
        """The part an output carries."""
        return cls(str(given["id"]), str(given["kind"]), dict(given["data"]))

    def outputs(self, language: str | None = None) -> list[dict[str, Any]]:
        """What a cell shows, as media bundles in order; exactly one of them carries the part.

        The language of the notebook is the environment variable KESHER_LANGUAGE, English by default.
        """
        shown = language or os.environ.get("KESHER_LANGUAGE", "en")
        if shown not in LANGUAGES:
            shown = "en"
        carried = {PART: self.to_json()} | self.attached
        title = self.data.get("headline") or self.data.get("title")
        text = plain(title, shown) if isinstance(title, dict) else self.kind
        if self.kind != "chart":
            return [{"text/html": in_lab(html_of(self, shown), shown), "text/plain": text} | carried]
        head, foot = around(self, shown)
        figure = charts.figure(self.data, shown) | {"config": charts.CONFIG}
        return [
            {"text/html": in_lab(head, shown), "text/plain": text},
            {PLOTLY: figure, "text/plain": charts.described(self.data, shown)} | carried,
            {"text/html": in_lab(foot, shown), "text/plain": plain(self.data["source"], shown)},
        ]

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for bundle in self.outputs():
            display(bundle, raw=True)  # type: ignore[no-untyped-call]


def _part(kind: str, *, id: str = "", **data: Any) -> Part:
    """A part of which a page has one, or the one with an id."""
    return Part(f"{kind}.{id}" if id else kind, kind, _plain(data))


def answer(result: Result) -> Part:
    """The question, the answer in a true sentence, the decision asked and what it is worth."""
    said = {name: getattr(result.answer, name) for name in ("question", "headline", "decision", "worth")}
    about = ("client", "client_name", "workbook", "title", "as_of", "illustrative")
    return _part("answer", **said, **{name: getattr(result, name) for name in about})


def cards(result: Result) -> Part:
    """The few numbers to remember."""
    return _part("cards", cards=result.answer.cards)


def heading(key: str) -> Part:
    """A section heading; ``key`` stands under ``part.heading`` in the catalogue."""
    return _part("heading", id=key, title=say(f"part.heading.{key}"))


def chart(result: Result, id: str) -> Part:
    """A chart with its words and the rows it draws; a reason where the data have none."""
    if id in result.missing:
        return _missing(result, id)
    drawn = result.charts[id]
    charts.check(drawn.kind, drawn.roles)
    source = result.tables[drawn.table]
    columns = {column.name: asdict(column) for column in source.columns}
    rows = [{role: record[name] for role, name in drawn.roles.items()} for record in source.records()]
    words = {name: getattr(drawn, name) for name in ("title", "subtitle", "source", "bases", "names")}
    shown = {role: columns[name] for role, name in drawn.roles.items()}
    data = {"id": id, "kind": drawn.kind, "currency": result.currency, "columns": shown, "rows": rows}
    return Part(f"chart.{id}", "chart", _plain(data | words))


def table(result: Result, id: str, *, columns: Iterable[str] | None = None) -> Part:
    """A table of the result, all its columns but codes or those named, in that order; a reason where it has none."""
    if id in result.missing:
        return _missing(result, id)
    own = result.tables[id]
    words = {"title": own.title or say("part.heading.details"), "note": own.note}
    shown = columns if columns is not None else [one.name for one in own.columns if one.unit != "code"]
    return _part("table", id=id, **_table(result, id, shown), **words)


def _missing(result: Result, id: str) -> Part:
    """Why an exhibit is not on the page."""
    return _part("missing", id=id, title=say("part.missing"), reason=result.missing[id])


def _table(result: Result, id: str, names: Iterable[str] | None = None) -> dict[str, Any]:
    shown = result.tables[id]
    known = {column.name: column for column in shown.columns}
    wanted = list(known if names is None else names)
    if unknown := [name for name in wanted if name not in known]:
        raise KeyError(f"table {id!r} has no columns {unknown}; it has {list(known)}")
    codes = [name for name, column in known.items() if column.unit == "code"]
    records = shown.records()
    return {
        "columns": [asdict(known[name]) for name in wanted],
        "rows": [[record[name] for name in wanted] for record in records],
        "numbers": [[_number_id(result.numbers, name, record, codes) for name in wanted] for record in records],
        "currency": result.currency,
    }


def _number_id(numbers: Mapping[str, Number], name: str, record: Mapping[str, Any], codes: list[str]) -> str | None:
    """The number a cell shows: ``<column>.<code of the row>``, when that number has the cell's value."""
    value = record[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    candidates = (numbers.get(f"{name}.{record[code]}") for code in codes)
    return next((found.id for found in candidates if found and found.value == value), None)


def recommendations(result: Result) -> Part:
    """What to do: action, owner, date, measure, baseline and target, what would change our mind."""
    rows = [
        asdict(given) | {"because": [_numeral(result.numbers[id]) for id in given.because]}
        for given in result.recommendations
    ]
    return _part("recommendations", rows=rows, currency=result.currency)


def claims(result: Result) -> Part:
    """What the field claims beside what was found here."""
    return _part("claims", rows=[asdict(claim) for claim in result.claims], currency=result.currency)


def assumptions(result: Result) -> Part:
    """The choices the answer rests on, and what each could flip."""
    return _part("assumptions", rows=[asdict(row) for row in result.assumptions])


def quality(result: Result) -> Part:
    """Data quality: the tables whose id starts with ``quality``, folded under one heading."""
    return _folded(result, "quality", [id for id in result.tables if id.startswith(QUALITY)])


def details(result: Result, *ids: str) -> Part:
    """Tables for those who ask, folded under one heading; those the data can not support are left out."""
    return _folded(result, "details", [id for id in ids if id not in result.missing])


def _folded(result: Result, heading: str, ids: list[str]) -> Part:
    shown = []
    for id in ids:
        own = result.tables[id]
        columns = [column.name for column in own.columns if column.unit != "code"]
        shown.append(_table(result, id, columns) | {"id": id, "title": own.title, "note": own.note})
    return Part(heading, "folded", _plain({"heading": heading, "tables": shown}))


def warnings(result: Result) -> Part:
    """What a reader must know before believing a number."""
    return _part("warnings", rows=[asdict(row) for row in result.warnings])


def method(result: Result) -> Part:
    """How it was done, in plain words."""
    return _part("method", paragraphs=result.method)


def sources(result: Result) -> Part:
    """Where the figures come from."""
    return _part("sources", items=result.sources)


def numbers(result: Result) -> Part:
    """Every number with interval, base and method, folded; its output carries the whole result too."""
    rows = [_numeral(number) for number in result.numbers.values()]
    data = _plain({"rows": rows, "currency": result.currency})
    return Part("numbers", "numbers", data, {RESULT: result.to_json()})


def _numeral(number: Number) -> dict[str, Any]:
    """A number as pages show it."""
    return {name: value for name, value in asdict(number).items() if name not in ("effective_base", "inputs")}


def _plain(value: Any) -> Any:
    """JSON's own types: tuples become lists, numpy scalars Python's."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value
