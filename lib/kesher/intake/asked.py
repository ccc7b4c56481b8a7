"""What each table parameter asks of a client: its columns, from the readers themselves, and invented example rows."""

from __future__ import annotations

import re
from functools import cache

from kesher.intake.questionnaire import SOURCE, Question, questionnaire
from kesher.params import LoyaltyRoi
from kesher.readers.ledger.vocabulary import HEADERS, NEEDED, WORDS
from kesher.readers.networks import FUNNEL, GOALS, NETWORKS, TRADITIONAL

OURS = ("columns", "options")  # we make them; a client sends nothing
SURVEYS = ("customers_file", "marketers_file", "respondents_file")
_ANSWERED = ("age", "reasons", "networks", "recommend")  # questions shown of a survey's export
_NETWORK_TABLES = {
    "networks_file": NETWORKS, "goals_file": GOALS, "funnel_file": FUNNEL, "traditional_file": TRADITIONAL,
}  # fmt: skip
_HEBREW = re.compile("[\u05d0-\u05ea]")


def columns_of(name: str) -> dict[str, bool]:
    """The columns of a table parameter by the names its reader knows, and whether the reader must have each.

    >>> columns_of("rollout_file")
    {'region': True, 'started': True}
    """
    kind = name.removesuffix("_file")
    if kind in HEADERS:
        return {column: column in NEEDED[kind] for column in HEADERS[kind]}
    if name in _NETWORK_TABLES:
        optional = {"goals_file": ("zero",)}.get(name, _NETWORK_TABLES[name][1:])
        return {column: column not in optional for column in _NETWORK_TABLES[name]}
    if name == "transactions_file":
        fields = LoyaltyRoi.model_fields
        named = {field: model.default for field, model in fields.items() if field.endswith("_column")}
        return {default or field.removesuffix("_column"): bool(default) for field, default in named.items()}
    return {column.rstrip("?"): not column.endswith("?") for column in _rows().get(name, [[]])[0]}


def example(name: str, language: str) -> list[list[str]]:
    """A header and invented rows of a table parameter, as its reader takes them; nothing for a folder of exports.

    >>> example("rollout_file", "en")
    [['region', 'started'], ['Haifa', '2025-06-01']]
    """
    if name in SURVEYS:
        asked = [question for question in questionnaire().questions if question.id in _ANSWERED]
        return [[one.said[language] for one in asked], [_answer(one, language) for one in asked]]
    lines, kind = _rows().get(name), name.removesuffix("_file")
    if not lines:
        return []
    columns = list(columns_of(name))
    rows = lines if columns != [cell.rstrip("?") for cell in lines[0]] else lines[1:]
    if any(len(row) != len(columns) for row in rows):
        raise ValueError(f"the example of {name} does not fill the columns {', '.join(columns)}")
    rows = [[_word(f"{kind}.{at}", cell, language) for at, cell in zip(columns, row, strict=True)] for row in rows]
    return [[_header(kind, column, language) for column in columns], *rows]


def networks_known(language: str) -> list[str]:
    """The networks whose own exports are recognised."""
    from kesher.readers.networks import network_label
    from kesher.readers.platforms.shapes import SHAPES

    return [network_label(name)[language] for name in sorted({shape.network for shape in SHAPES} - {""})]


@cache
def _rows() -> dict[str, list[list[str]]]:
    """The lines of the file of examples, by table parameter."""
    found: dict[str, list[list[str]]] = {}
    for line in SOURCE.with_name("examples.txt").read_text(encoding="utf-8").splitlines():
        name, bar, cells = line.partition(" | ")
        if bar:
            found.setdefault(name, []).append([cell.strip() for cell in cells.split(";")])
    return found


def _header(kind: str, column: str, language: str) -> str:
    """A column's header: our own name, or the first Hebrew one that the reader knows."""
    known = HEADERS.get(kind, {}).get(column, [column])
    return next((word for word in known if language == "he" and _HEBREW.search(word)), known[0])


def _word(place: str, cell: str, language: str) -> str:
    """A code as the reader knows it in the language."""
    known = WORDS.get(place, {}).get(cell, [])
    written = cell.split("/")[-1 if language == "he" else 0]
    return next((word for word in known if language == "he" and _HEBREW.search(word)), written)


def _answer(question: Question, language: str) -> str:
    said = [choice.said[language] for choice in question.options]
    return {"many": ", ".join(said[:2]), "one": said[1] if said else ""}.get(question.kind, "9")
