"""YAML without surprises: one flat mapping of names to scalars or short lists, with the line of each.

Only ``true`` and ``false`` are booleans, numbers are decimal, and a date, ``no``, ``010`` or ``12:30:00``
stays the text it is, to be refused later by type. Tags, anchors, aliases, duplicate names, nesting and large
files are refused here. Built on PyYAML's events, which need no recursion and expand nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kesher.faults import Fault

SIZE_LIMIT = 64 * 1024
LIST_LIMIT = 100

Scalar = str | int | float | bool | None
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_TABLES = "Tables go into CSV or Excel files."


@dataclass(frozen=True)
class Given:
    """A value and the place that gave it: a file and line, or the command line."""

    value: Scalar | list[Scalar]
    where: str
    row: int | None = None


class _Refused(ValueError):
    """What is wrong, the remedy, and the line (counted from 0, as PyYAML does)."""

    def __init__(self, what: str, remedy: str, mark: Any = None) -> None:
        super().__init__(f"{what} {remedy}")
        self.what, self.remedy, self.row = what, remedy, None if mark is None else mark.line + 1


def read_mapping(path: Path) -> tuple[dict[str, Given], list[Fault]]:
    """The names and values of a parameter file as far as they could be read, and what is wrong with it."""
    found: dict[str, Given] = {}
    try:
        for name, value, mark in _pairs(_text(path)):
            if name in found:
                raise _Refused(f"{name} stands twice (first on line {found[name].row}).", "Keep one of them.", mark)
            found[name] = Given(value, path.name, mark.line + 1)
    except _Refused as refused:
        return found, [Fault(path.name, "syntax", refused.what, refused.remedy, refused.row)]
    except FileNotFoundError:
        what, remedy = "The file does not exist.", "Make it; params/_template shows how."
        return {}, [Fault(path.name, "missing", what, remedy)]
    except UnicodeDecodeError as error:
        row = error.object.count(b"\n", 0, error.start) + 1
        return {}, [Fault(path.name, "encoding", "The file is not UTF-8.", "Save it as UTF-8.", row)]
    except OSError as error:
        what = f"The file can not be read ({error.strerror or type(error).__name__})."
        return {}, [Fault(path.name, "unreadable", what, "Check its permissions.")]
    return found, []


def read_value(text: str) -> Scalar | list[Scalar]:
    """A value as written after ``--set name=``, by the rules of the files; ValueError with a sentence if it is none.

    >>> read_value("0.9"), read_value("no"), read_value("[duplicate, speeder]"), read_value("")
    (0.9, 'no', ['duplicate', 'speeder'], None)
    """
    events = _events(text)
    first = next(events, None)
    value = None if first is None else _value(first, events)
    next(events, None)  # refuses a second document
    return value


def written_yaml(value: object) -> str:
    """A value as these files write it: text in quotes only where it would be read as something else.

    >>> written_yaml("no"), written_yaml("7"), written_yaml(["a", "b"]), written_yaml(None)
    ('no', "'7'", '[a, b]', 'null')
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return "[" + ", ".join(map(written_yaml, value)) + "]"
    if not isinstance(value, str):
        return str(value)
    try:
        plain = read_value(value) == value and not set(value) & set("[]{},#")
    except ValueError:
        plain = False
    return value if plain else "'" + value.replace("'", "''") + "'"


def _text(path: Path) -> str:
    with path.open("rb") as file:
        raw = file.read(SIZE_LIMIT + 1)
    if len(raw) > SIZE_LIMIT:
        raise _Refused(f"The file is larger than {SIZE_LIMIT // 1024} KB.", _TABLES)
    return raw.decode("utf-8-sig")


def _events(text: str) -> Iterator[Any]:
    """What a document holds, piece by piece; its syntax errors and what is never allowed turned into sentences."""
    parse: Any = yaml.parse  # typeshed leaves it untyped
    documents = 0
    try:
        for event in parse(text, yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                what = "Anchors (&) and aliases (*) are not allowed."
                raise _Refused(what, "Write the value out, in quotes if it is text.", event.start_mark)
            if getattr(event, "tag", None):
                raise _Refused(
                    "Tags (!) are not allowed.", "Write the plain value, in quotes if it is text.", event.start_mark
                )
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _Refused("A second document starts here.", "Remove the line '---'.", event.start_mark)
            elif isinstance(event, yaml.NodeEvent | yaml.CollectionEndEvent):
                yield event
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or "it holds a character that YAML does not allow"
        remedy = "Write 'name: value', text with special characters in quotes."
        raise _Refused(f"This is not YAML: {problem}.", remedy, getattr(error, "problem_mark", None)) from None


def _pairs(text: str) -> Iterator[tuple[str, Scalar | list[Scalar], Any]]:
    events = _events(text)
    if (root := next(events, None)) is None:  # an empty file, or comments only
        return
    if not isinstance(root, yaml.MappingStartEvent):
        raise _Refused("The file must be a flat list of lines 'name: value'.", "See params/_template.", root.start_mark)
    while not isinstance(event := next(events), yaml.MappingEndEvent):
        name = _scalar(event) if isinstance(event, yaml.ScalarEvent) else None
        if not isinstance(name, str):
            raise _Refused("A parameter's name must be a plain word.", "Write 'name: value'.", event.start_mark)
        yield name, _value(next(events), events), event.start_mark
    next(events, None)  # refuses a second document


def _value(event: Any, events: Iterator[Any]) -> Scalar | list[Scalar]:
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if not isinstance(event, yaml.SequenceStartEvent):
        remedy = f"Values with ': ' or '{{' inside need quotes. {_TABLES}"
        raise _Refused("A value must be a scalar or a list of scalars.", remedy, event.start_mark)
    items: list[Scalar] = []
    while not isinstance(item := next(events), yaml.SequenceEndEvent):
        if not isinstance(item, yaml.ScalarEvent):
            raise _Refused("A list may only hold scalars.", _TABLES, item.start_mark)
        if len(items) == LIST_LIMIT:
            raise _Refused(f"A list holds more than {LIST_LIMIT} values.", _TABLES, item.start_mark)
        items.append(_scalar(item))
    return items


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    text: str = event.value
    if any(unicodedata.category(letter) == "Cc" for letter in text):
        what = "A value holds a line break or a control character."
        raise _Refused(what, "Write it on one line.", event.start_mark)
    if event.style is not None:  # in quotes
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text) if len(text) < 20 else text
    return float(text) if _NUMBER.fullmatch(text) else text
