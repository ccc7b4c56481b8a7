"""Collects the tables and charts of a workbook in its own words, and why one is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

from babel import Locale

from kesher.answers.figures import Exhibits, Figures
from kesher.params import ClientParameters
from kesher.readers.claims import FieldClaim
from kesher.results import Chart, Number
from kesher.words import LANGUAGES, Quantity, Text, same

WORLD = {"WW": "001"}  # the code of a study of several countries, and CLDR's


class Worded(Protocol):
    """What a workbook's material gives: parameters, claims of the field, and words of its own catalogue."""

    @property
    def params(self) -> ClientParameters: ...
    @property
    def claims(self) -> Sequence[FieldClaim]: ...
    @property
    def figures(self) -> Figures: ...
    @property
    def confidence(self) -> Quantity: ...
    @property
    def source(self) -> Text: ...
    def say(self, key: str, **values: Any) -> Text: ...
    def knows(self, key: str) -> bool: ...


M = TypeVar("M", bound=Worded)


class Sheet(Generic[M]):
    """Collects a workbook's exhibits; every chart draws the table of its own name unless another is given."""

    def __init__(self, m: M) -> None:
        self.m, self.found = m, Exhibits()

    def table(
        self, id: str, spec: str, records: Iterable[Mapping[Any, Any]], note: Text | None = None, *, title: bool = True,
        small: Sequence[str] = (),
    ) -> None:  # fmt: skip
        """A table under its id; counts of people in the columns ``small`` vanish where they are too few."""
        limit = self.m.params.withhold_below
        rows = [
            {name: None if name in small and 0 < (value or 0) < limit else value for name, value in record.items()}
            for record in records
        ]
        self.found.tables[id] = self.m.figures.table(spec, rows, id if title else "", note)

    def chart(
        self, id: str, kind: str, roles: str, title: Mapping[str, Any], *, key: str = "title", under: str = "subtitle",
        subtitle: Mapping[str, Any] | None = None, names: Mapping[str, Text] | None = None, bases: Text | None = None,
        table: str = "",
    ) -> None:  # fmt: skip
        """A chart of the table ``id``; ``roles`` are ``role:column`` pairs, its words stand below ``chart.<id>``."""
        pairs, say_of = (one.partition(":") for one in roles.split()), self.m.say
        self.found.charts[id] = Chart(
            id=id,
            kind=kind,
            table=table or id,
            roles={role: column or role for role, _, column in pairs},
            title=say_of(f"chart.{id}.{key}", **title),
            subtitle=say_of(f"chart.{id}.{under}", confidence=self.m.confidence, **(subtitle or {})),
            source=self.m.source,
            bases=bases or same(""),
            names=dict(names or {}),
        )

    def missing(self, reason: Text, *ids: str) -> None:
        """Exhibits that these data can not give, and why."""
        self.found.missing |= dict.fromkeys(ids, reason)

    def done(self) -> Exhibits:
        """The exhibits; those missing for one reason are named together, so that a page tells it once."""
        by_reason: dict[str, list[str]] = {}
        for id, reason in self.found.missing.items():
            by_reason.setdefault(reason["en"], []).append(id)
        for ids in by_reason.values():
            names = [self.m.say(f"exhibit.{id}") for id in ids]
            line = self.m.say("exhibit.line", exhibit=names, reason=self.found.missing[ids[0]])
            self.found.missing |= dict.fromkeys(ids, line)
        return self.found

    def of(self, one: Number) -> Text | None:
        """The first base of a number in words: 1,072 members."""
        for group, n in one.base.items():
            if self.m.knows(key := "months.other" if group == "months" else f"base.{group}"):
                return self.m.say(key.removesuffix(".other"), n=n)
        return None

    @property
    def grey(self) -> Text:
        """What a grey point means."""
        return self.m.say("chart.small_base", n=self.m.params.grey_below)

    def few(self, base: float) -> bool:
        """Whether so few people stand behind a figure that it must not be shown."""
        return 0 < base < self.m.params.withhold_below

    def published(self, *ids: str) -> Text | None:
        """The field's figures beside a number: values with their years, then base and place."""
        m = self.m
        groups: dict[tuple[str, str], list[Any]] = {}
        for claim in m.claims:
            if claim.number_id in ids:
                groups.setdefault((claim.base["en"], claim.country), []).append(claim)
        said = []
        for (_, country), claims in groups.items():
            values = []
            for claim in claims:
                digits = 0 if claim.unit == "share" or claim.value % 1 == 0 else 2
                key, value = "dated" if claim.year else "bare", Quantity(claim.value, claim.unit, digits)
                values.append(m.say(f"table.{key}", value=value, year=same(str(claim.year))))
            names = {code: Locale(code).territories.get(WORLD.get(country, country), country) for code in LANGUAGES}
            place = {"place": names} if country else {}
            key = "published_one" if country else "published_bare"
            said.append(m.say(f"table.{key}", values=values, base=claims[0].base, **place))
        return {code: "; ".join(one[code] for one in said) for code in LANGUAGES} if said else None
