"""Numbers and tables of a result made from what an analysis found; words come from the workbook's own catalogue."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

import pandas as pd

from kesher.params import ClientParameters
from kesher.readers.tidy import SourceReport
from kesher.results import Cell, Chart, Column, Interval, Number, Result, Table, Unit
from kesher.words import Quantity, Text, both, entries, same, say

Found = tuple[float | None, float | None, float | None]  # value, low, high
NOTHING: Found = (None, None, None)


@dataclass
class Exhibits:
    """Tables and charts by id, and why an exhibit is missing."""

    tables: dict[str, Table] = field(default_factory=dict)
    charts: dict[str, Chart] = field(default_factory=dict)
    missing: dict[str, Text] = field(default_factory=dict)


@dataclass(frozen=True)
class Figures:
    """Makes the numbers and tables of one workbook, whose catalogue keys begin with ``prefix``.

    ``unknown`` is the key below the prefix of the reason a number has when nothing better is known.
    """

    prefix: str
    confidence: float
    unknown: str

    def say(self, key: str, **values: Any) -> Text:
        """A text of the workbook's own catalogue."""
        return say(f"{self.prefix}.{key}", **values)

    def number(
        self, id: str, label: Text, unit: Unit, method: str, found: Found, reason: Text | None = None, *,
        digits: int = 0, base: Mapping[str, float] | None = None, effective: Mapping[str, float] | None = None,
        inputs: tuple[str, ...] = (), signed: bool | None = None, interval: Interval = "confidence",
    ) -> Number:  # fmt: skip
        """A Number from a computed value and its interval; NaN or None is not identified, for ``reason``.

        ``method`` is a key below the prefix's ``method``. A value without an interval keeps the reason why.
        """
        value, low, high = (None if end is None or not math.isfinite(end) else float(end) for end in found)
        have = value is not None and low is not None and high is not None
        said = self.say(f"method.{method}")
        return Number(
            id=id,
            label=label,
            value=value,
            unit=unit,
            digits=digits,
            status="ok" if value is not None else "not_identified",
            reason=None if have else reason or (None if value is not None else self.say(self.unknown)),
            low=low if have else None,
            high=high if have else None,
            interval=interval if have else "none",
            confidence=self.confidence if have else None,
            base={group: int(n) for group, n in (base or {}).items() if n >= 0},
            effective_base={group: float(n) for group, n in (effective or {}).items() if math.isfinite(n)},
            method=said["en"],
            method_text=said,
            inputs=inputs,
            signed=signed,
        )

    def table(
        self, spec: str, records: Iterable[Mapping[Any, Any]], title: str = "", note: Text | None = None,
        unsigned: tuple[str, ...] = (),
    ) -> Table:  # fmt: skip
        """A Table from records by column name; NaN becomes an empty cell; ``title`` is a key below ``table``.

        ``spec`` names the columns, ``name:unit:heading:digits``, the heading a key below ``table``, the name where
        left out; those in ``unsigned`` never show a plus.
        """
        columns = []
        for one in spec.split():
            name, unit, key, digits = (*one.split(":"), "", "")[:4]
            label, signed = self.say(f"table.{key or name}"), False if name in unsigned else None
            columns.append(Column(name=name, unit=unit, label=label, digits=int(digits or 0), signed=signed))
        rows = tuple(tuple(_cell(record.get(column.name)) for column in columns) for record in records)
        said = self.say(f"table.{title}") if title else None
        return Table(columns=tuple(columns), rows=rows, title=said, note=note)

    def shown(self, one: Number, currency: str = "ILS") -> Text:
        """A number as a reader sees it, with its interval, or the reason why there is none."""
        if one.value is None:
            return one.reason or same("")
        value = Quantity(one.value, one.unit, one.digits, currency=currency)
        if one.low is None or one.high is None:
            return self.say("table.bare", value=value)
        low, high = (Quantity(end, one.unit, one.digits, currency=currency) for end in (one.low, one.high))
        return self.say("table.with_interval", value=value, low=low, high=high)


class Wording:
    """What the material of every workbook can say: texts of its own catalogue, the level of intervals, the day."""

    PREFIX: ClassVar[str]
    UNKNOWN: ClassVar[str] = "reason.unknown"
    params: ClientParameters

    @cached_property
    def figures(self) -> Figures:
        """Makes numbers and tables in the words of this workbook."""
        return Figures(self.PREFIX, self.params.confidence, self.UNKNOWN)

    def say(self, key: str, **values: Any) -> Text:
        """A text of this workbook."""
        return say(f"{self.PREFIX}.{key}", **values)

    def knows(self, key: str) -> bool:
        """Whether the catalogue has words for something of this workbook."""
        return f"{self.PREFIX}.{key}" in entries("en")

    @property
    def confidence(self) -> Quantity:
        """The level of intervals and scenario ranges."""
        return Quantity(self.params.confidence, "share")

    @property
    def as_of(self) -> datetime.date:
        """The date the report speaks of."""
        return self.params.day


def assembled(workbook: str, params: ClientParameters, title: Text, **parts: Any) -> Result:
    """The result of a workbook: whose it is and of which day, and its parts by the names of ``Result``."""
    return Result(
        client=params.client,
        client_name=both(params.name_en, params.name_he),
        workbook=workbook,
        title=title,
        as_of=params.as_of,
        currency=params.currency,
        illustrative=params.illustrative,
        **parts,
    )


def files_read(sources: Iterable[SourceReport]) -> pd.DataFrame:
    """What was read and from where, one row per file, for the strategist; it is not on the client's page."""
    rows = [
        {
            "file": source.file,
            "format": source.format,
            "recognised by": source.how_recognised,
            "encoding": source.encoding,
            "rows": source.rows,
            "noticed": "; ".join(f"{note.count:,} {note.detail}" for note in source.notes),
        }
        for source in sources
    ]
    return pd.DataFrame(rows)


def written(number: Number, signed: bool = False) -> Quantity:
    """A number's value as it is shown."""
    if number.value is None:
        raise ValueError(f"{number.id} has no value to show")
    return Quantity(number.value, number.unit, number.digits, signed)


def with_words(rows: pd.DataFrame, **words: Any) -> list[dict[Any, Any]]:
    """The rows as records, with texts that a frame does not hold: a function of the record by column."""
    found = rows.to_dict("records")
    return [record | {name: word(record) for name, word in words.items()} for record in found]


def _cell(value: Any) -> Cell:
    plain: Cell = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain
