"""The parts of a page: objects made from a Result that a notebook's cells show and a report is laid out from.

A part holds plain data in both languages. Shown in a cell it leaves its data under ``PART``, which
``kesher.report`` reads back, beside what JupyterLab draws.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kesher.page import charts, markup
from kesher.results import Chart, Column, Number, Result, Table
from kesher.words import LANGUAGES, Text, say

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
        if self.kind != "chart":
            text = markup.plain_text(self, shown)
            return [{"text/html": markup.in_notebook(self, shown), "text/plain": text} | carried]
        figure = charts.figure(self.data, shown) | {"config": charts.CONFIG}
        above, below = (markup.in_notebook(self, shown, which=which) for which in ("head", "foot"))
        return [
            {"text/html": above, "text/plain": self.data["title"][shown]},
            {PLOTLY: figure, "text/plain": charts.described(self.data, shown)} | carried,
            {"text/html": below, "text/plain": self.data["source"][shown]},
        ]

    def _ipython_display_(self) -> None:
        from IPython.display import display

        for bundle in self.outputs():
            display(bundle, raw=True)  # type: ignore[no-untyped-call]


def _page(result: Result) -> dict[str, Any]:
    """What the top of a page says about its result."""
    return {
        "client": result.client, "client_name": result.client_name, "workbook": result.workbook,
        "title": result.title, "as_of": result.as_of, "illustrative": result.illustrative,
    }  # fmt: skip


def answer(result: Result) -> Part:
    """The question, the answer in a true sentence, the decision asked and what it is worth."""
    said = {name: getattr(result.answer, name) for name in ("question", "headline", "decision", "worth")}
    return Part("answer", "answer", said | _page(result))


def cards(result: Result) -> Part:
    """The few numbers to remember."""
    return Part("cards", "cards", {"cards": [_plain(card) for card in result.answer.cards]})


def heading(key: str) -> Part:
    """A section heading; ``key`` stands under ``part.heading`` in the catalogue."""
    return Part(f"heading.{key}", "heading", {"title": say(f"part.heading.{key}")})


def chart(result: Result, id: str) -> Part:
    """A chart with its words and the rows it draws; a reason where the data have none."""
    if id in result.missing:
        return _missing(result, id)
    drawn = result.charts[id]
    charts.check(drawn.kind, drawn.roles)
    return Part(f"chart.{id}", "chart", chart_data(drawn, result.tables[drawn.table], result.currency))


def chart_data(drawn: Chart, table_: Table, currency: str) -> dict[str, Any]:
    """What ``charts.figure`` draws: the words of a chart and its rows, by role."""
    columns = {column.name: column for column in table_.columns}
    rows = [{role: record[name] for role, name in drawn.roles.items()} for record in table_.records()]
    return {
        "id": drawn.id, "kind": drawn.kind, "title": drawn.title, "subtitle": drawn.subtitle,
        "source": drawn.source, "bases": drawn.bases, "names": drawn.names, "currency": currency,
        "columns": {role: _column(columns[name]) for role, name in drawn.roles.items()},
        "rows": _plain(rows),
    }  # fmt: skip


def table(
    result: Result,
    id: str,
    *,
    title: Text | None = None,
    columns: Iterable[str] | None = None,
    note: Text | None = None,
) -> Part:
    """A table of the result, all its columns or those named, in that order; a reason where it has none.

    ``title`` and ``note`` are the table's own where they are not given.
    """
    if id in result.missing:
        return _missing(result, id)
    own = result.tables[id]
    words = {"title": title or own.title or say("part.heading.details"), "note": note or own.note}
    return Part(f"table.{id}", "table", _table(result, id, columns) | words)


def _missing(result: Result, id: str) -> Part:
    """Why an exhibit is not on the page."""
    return Part(f"missing.{id}", "missing", {"title": say("part.missing"), "reason": result.missing[id]})


def _table(result: Result, id: str, names: Iterable[str] | None = None) -> dict[str, Any]:
    shown = result.tables[id]
    wanted = list(names) if names is not None else [column.name for column in shown.columns]
    known = {column.name: column for column in shown.columns}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        raise KeyError(f"table {id!r} has no columns {unknown}; it has {list(known)}")
    codes = [column.name for column in shown.columns if column.unit == "code"]
    records = shown.records()
    return {
        "columns": [_column(known[name]) for name in wanted],
        "rows": _plain([[record[name] for name in wanted] for record in records]),
        "numbers": [[_number_id(result.numbers, name, record, codes) for name in wanted] for record in records],
        "currency": result.currency,
    }


def _number_id(numbers: Mapping[str, Number], name: str, record: Mapping[str, Any], codes: list[str]) -> str | None:
    """The number a cell shows: ``<column>.<code of the row>``, when that number has the cell's value."""
    value = record[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    for code in codes:
        found = numbers.get(f"{name}.{record[code]}")
        if found is not None and found.value == value:
            return found.id
    return None


def recommendations(result: Result) -> Part:
    """What to do: action, owner, date, measure, baseline and target, what would change our mind."""
    rows = []
    for given in result.recommendations:
        because = [asdict(result.numbers[id]) for id in given.because]
        rows.append(asdict(given) | {"because": [_numeral(number) for number in because]})
    return Part("recommendations", "recommendations", {"rows": _plain(rows), "currency": result.currency})


def claims(result: Result) -> Part:
    """What the field claims beside what was found here."""
    rows = [asdict(claim) for claim in result.claims]
    return Part("claims", "claims", {"rows": _plain(rows), "currency": result.currency})


def assumptions(result: Result) -> Part:
    """The choices the answer rests on, and what each could flip."""
    return Part("assumptions", "assumptions", {"rows": _plain([asdict(row) for row in result.assumptions])})


def quality(result: Result, *tables: str, titles: Mapping[str, Text] | None = None) -> Part:
    """Data quality: the tables named, or all whose id starts with ``quality``, folded under one heading."""
    wanted = tables or tuple(id for id in result.tables if id.startswith(QUALITY))
    given = titles or {}
    shown = [_table(result, id) | {"id": id, "title": given.get(id) or result.tables[id].title} for id in wanted]
    return Part("quality", "quality", {"tables": shown})


def warnings(result: Result) -> Part:
    """What a reader must know before believing a number."""
    return Part("warnings", "warnings", {"rows": _plain([asdict(row) for row in result.warnings])})


def method(result: Result) -> Part:
    """How it was done, in plain words."""
    return Part("method", "method", {"paragraphs": list(result.method)})


def sources(result: Result) -> Part:
    """Where the figures come from."""
    return Part("sources", "sources", {"items": list(result.sources)})


def numbers(result: Result) -> Part:
    """Every number with interval, base and method, folded; its output carries the whole result too."""
    rows = [_numeral(asdict(number)) for number in result.numbers.values()]
    return Part("numbers", "numbers", {"rows": _plain(rows), "currency": result.currency}, {RESULT: result.to_json()})


def _numeral(number: dict[str, Any]) -> dict[str, Any]:
    """A number as pages show it."""
    return {name: value for name, value in number.items() if name not in ("effective_base", "inputs")}


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "unit": column.unit,
        "digits": column.digits,
        "label": column.label,
        "signed": column.signed,
    }


def _plain(value: Any) -> Any:
    """JSON's own types: tuples become lists, numpy scalars Python's."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.item() if hasattr(value, "item") else value
