"""What a workbook found: numbers with their interval and base, tables, charts, recommendations, claims, and their JSON.

Plain data only: nothing here computes a statistic, reads a file or draws. ``Result.to_json`` is the schema
``kesher.results/1`` of DESIGN.md section 5; texts are ``{"en": ..., "he": ...}`` throughout.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from kesher.words import Text

SCHEMA = "kesher.results/1"

Status = Literal["ok", "not_identified", "withheld", "not_applicable"]
Interval = Literal["confidence", "scenario", "none"]
Unit = Literal[
    "share", "pp", "count", "money", "money_per_month", "ratio", "months", "rank", "tau", "hours", "posts_per_week"
]
Cell = float | int | str | bool | None | Text  # a code is a str, a sentence or label is a Text

# Two runs agree on a number when they differ by less than this, in the number's unit (DESIGN.md section 6 rule 8).
TOLERANCE: dict[str, float] = {
    "share": 1e-6, "pp": 1e-4, "count": 1e-6, "money": 0.01, "money_per_month": 0.01, "ratio": 1e-6,
    "months": 1e-4, "rank": 1e-6, "tau": 1e-6, "hours": 1e-4, "posts_per_week": 1e-4,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Number:
    """One number of a report: value, interval, base and method, or the reason why there is none.

    ``value`` is a share in 0-1 for unit ``share``, points for ``pp``. ``low`` and ``high`` bound the interval of
    kind ``interval`` at level ``confidence``. ``base`` counts unweighted rows per group. ``inputs`` names the
    numbers this one was computed from. ``digits`` are those shown (of the per cent for a share). ``method`` is in
    English, ``method_text`` in both languages. ``signed`` says whether a plus is written; None: for points it is.
    """

    id: str
    label: Text
    value: float | None
    unit: Unit
    digits: int = 0
    status: Status = "ok"
    reason: Text | None = None
    low: float | None = None
    high: float | None = None
    interval: Interval = "none"
    confidence: float | None = None
    base: dict[str, int] = field(default_factory=dict)
    effective_base: dict[str, float] = field(default_factory=dict)
    method: str = ""
    method_text: Text | None = None
    inputs: tuple[str, ...] = ()
    signed: bool | None = None

    def __post_init__(self) -> None:
        if self.unit not in get_args(Unit):
            raise ValueError(f"{self.id}: unit {self.unit!r} is not one of {', '.join(get_args(Unit))}")
        if (self.status == "ok") != (self.value is not None):
            wanted = "needs" if self.status == "ok" else "can not have"
            raise ValueError(f"{self.id}: a number with status {self.status!r} {wanted} a value")
        if self.status != "ok" and self.reason is None:
            raise ValueError(f"{self.id}: status {self.status!r} needs a reason")
        for name in ("value", "low", "high"):
            given = getattr(self, name)
            if given is not None and not math.isfinite(given):
                raise ValueError(f"{self.id}: {name} must be finite; give status and reason instead")

    def refused(self, status: Status, reason: Text) -> Number:
        """The same number without a value, for the reason given."""
        return replace(self, value=None, low=None, high=None, interval="none", status=status, reason=reason)


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of a table: ``unit`` is a number's, ``text`` for Texts, ``code`` for ids, ``flag`` for booleans."""

    name: str
    unit: str
    label: Text
    digits: int = 0
    signed: bool | None = None


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table of a report; every figure a chart draws stands in one."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    title: Text | None = None
    note: Text | None = None

    def __post_init__(self) -> None:
        width = len(self.columns)
        for number, row in enumerate(self.rows):
            if len(row) != width:
                raise ValueError(f"row {number} has {len(row)} cells for {width} columns")

    def column(self, name: str) -> list[Cell]:
        """The cells of one column, top to bottom."""
        position = [column.name for column in self.columns].index(name)
        return [row[position] for row in self.rows]

    def records(self) -> list[dict[str, Cell]]:
        """The rows as dictionaries by column name."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart: which table it draws, how, and its words. ``kind`` is one of page.charts.KINDS.

    ``title`` is a sentence; ``subtitle`` says measure, unit, population and period; ``bases`` the unweighted n.
    ``roles`` maps what the kind draws (``label``, ``value``, ``low`` ...) to column names of the table.
    """

    id: str
    kind: str
    table: str
    roles: dict[str, str]
    title: Text
    subtitle: Text
    source: Text
    bases: Text
    names: dict[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """What to do, who, until when, measured by what, and what would change our mind."""

    action: Text
    because: tuple[str, ...]
    owner: Text
    by: str
    kpi: Text
    baseline: dict[str, Any]  # {"value": float | None, "source": Text}
    target: float | None
    unit: Unit
    change_our_mind: Text
    step: Text | None = None
    cost: float | None = None
    worth: float | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of the field beside the client's own number."""

    id: str
    text: Text
    says: float
    unit: Unit
    digits: int
    base: Text
    year: int | None
    country: str
    source: Text
    grade: str
    found: float | None
    low: float | None
    high: float | None
    verdict: str  # agrees, higher, lower, too_wide, no_interval, different_base, different_question, not_measured
    comment: Text


@dataclass(frozen=True, kw_only=True)
class Warning:
    """Something a reader must know before believing a number."""

    code: str
    text: Text
    where: str


@dataclass(frozen=True, kw_only=True)
class Assumption:
    """A choice the answer rests on: its value as shown, its grade, and what could flip."""

    id: str
    text: Text
    value: Text
    grade: str
    flips: Text


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The top of the page: the question, the answer in a true sentence, the decision asked and what it is worth."""

    question: Text
    headline: Text
    decision: Text
    worth: Text
    cards: tuple[dict[str, Any], ...] = ()  # {"label": Text, "value": Text, "note": Text, "numbers": [ids]}


@dataclass(frozen=True, kw_only=True)
class Result:
    """Everything one workbook says about one client at one date."""

    client: str
    client_name: Text
    workbook: str
    title: Text
    as_of: str
    currency: str
    illustrative: bool
    answer: Answer
    numbers: dict[str, Number]
    tables: dict[str, Table]
    charts: dict[str, Chart]
    recommendations: tuple[Recommendation, ...]
    claims: tuple[Claim, ...]
    assumptions: tuple[Assumption, ...]
    method: tuple[Text, ...]
    sources: tuple[Text, ...]
    warnings: tuple[Warning, ...]
    missing: dict[str, Text] = field(default_factory=dict)  # exhibits these data can not support, and why

    def __post_init__(self) -> None:
        for key, number in self.numbers.items():
            if key != number.id:
                raise ValueError(f"number {number.id!r} is filed under {key!r}")
        for chart in self.charts.values():
            if chart.table not in self.tables:
                raise ValueError(f"chart {chart.id!r} draws table {chart.table!r}, which does not exist")
            columns = {column.name for column in self.tables[chart.table].columns}
            unknown = set(chart.roles.values()) - columns
            if unknown:
                raise ValueError(f"chart {chart.id!r} draws columns {sorted(unknown)} that its table lacks")
        known = set(self.numbers)
        for recommendation in self.recommendations:
            unknown = set(recommendation.because) - known
            if unknown:
                raise ValueError(f"a recommendation rests on numbers that do not exist: {sorted(unknown)}")

    def to_json(self) -> dict[str, Any]:
        """The result as JSON data (schema ``kesher.results/1``)."""
        data = asdict(self)
        data["numbers"] = list(data["numbers"].values())
        data["charts"] = list(data["charts"].values())
        plain: dict[str, Any] = _plain(data)
        return {"schema": SCHEMA} | plain


def _plain(value: Any) -> Any:
    """Tuples become lists and numpy scalars Python's own, so that JSON round trips to equal data."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        return value.item()
    return value


def dumps(data: Any) -> str:
    """JSON text, readable, in a fixed order of keys as given, refusing NaN."""
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def semantic_hash(results: dict[str, Any]) -> str:
    """sha256 of what a result says, with every number rounded to the tolerance of its unit.

    ``results`` is the JSON data of a Result. Equal hashes mean equal numbers and words; unequal hashes need
    not mean a number moved beyond its tolerance (it may stand at a rounding edge).
    """
    data = json.loads(json.dumps(results))
    for number in data["numbers"]:
        tolerance = TOLERANCE[number["unit"]]
        for name in ("value", "low", "high"):
            if number[name] is not None:
                number[name] = round(number[name] / tolerance)
    canonical = json.dumps(_rounded(data), sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, float):
        return float(f"{value:.6g}")
    return value
