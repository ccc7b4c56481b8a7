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


@dataclass(frozen=True)
class Entry:
    """A value with the line it stands on."""

    value: Scalar | list[Scalar]
    row: int


class _Stop(Exception):
    def __init__(self, kind: str, what: str, remedy: str, row: int | None = None) -> None:
        self.kind, self.what, self.remedy, self.row = kind, what, remedy, row
        super().__init__(what)


class _Loader(yaml.SafeLoader):
    """Safe loader that knows true, false, null and decimal numbers, and nothing else."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own protocol


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", list("tf")),
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("int", r"^[-+]?(?:0|[1-9][0-9]*)$", list("-+0123456789")),
    ("float", r"^[-+]?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$", list("-+0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)


def read_mapping(path: Path) -> tuple[dict[str, Entry], list[Fault]]:
    """The names and values of a parameter file as far as they could be read, and what is wrong with it."""
    try:
        if not path.is_file():
            return {}, [Fault(path.name, "missing", "The file does not exist.", "Make it; params/_template shows how.")]
        with path.open("rb") as file:
            raw = file.read(SIZE_LIMIT + 1)
    except OSError as error:
        what = f"The file can not be read ({error.strerror or type(error).__name__})."
        return {}, [Fault(path.name, "unreadable", what, "Check its permissions.")]
    if len(raw) > SIZE_LIMIT:
        what = f"The file is larger than {SIZE_LIMIT // 1024} KB."
        return {}, [Fault(path.name, "too large", what, "Put tables into CSV or Excel files below the data root.")]
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = raw.count(b"\n", 0, error.start) + 1
        return {}, [Fault(path.name, "encoding", "The file is not UTF-8.", "Save it as UTF-8.", row)]
    entries: dict[str, Entry] = {}
    try:
        for name, entry in _entries(text):
            if name in entries:
                what = f"{name} stands twice (first on line {entries[name].row})."
                raise _Stop("duplicate", what, "Keep one of them.", entry.row)
            entries[name] = entry
    except _Stop as stop:
        return entries, [Fault(path.name, stop.kind, stop.what, stop.remedy, stop.row)]
    return entries, []


def read_value(text: str) -> Scalar | list[Scalar]:
    """A value as written after ``--set name=``, by the rules of the files.

    >>> read_value("0.9"), read_value("no"), read_value("[duplicate, speeder]"), read_value("")
    (0.9, 'no', ['duplicate', 'speeder'], None)

    Raises ValueError with a sentence.
    """
    try:
        if len(text) > SIZE_LIMIT:
            raise _Stop("too large", "The value is too long.", "")
        if not text.strip():
            return None
        events = _Events(text)
        events.expect(yaml.StreamStartEvent)
        events.expect(yaml.DocumentStartEvent)
        value = _value(events)
        events.end()
    except _Stop as stop:
        raise ValueError(f"{stop.what} {stop.remedy}".strip()) from None
    return value


def written_yaml(value: object) -> str:
    """A value as these files write it: text in quotes only where it would be read as something else.

    >>> written_yaml("no"), written_yaml("7"), written_yaml(["a", "b"]), written_yaml(None)
    ('no', "'7'", '[a, b]', 'null')
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return "[" + ", ".join(written_yaml(item) for item in value) + "]"
    text = str(value)
    if not isinstance(value, str):
        return text
    try:
        plain = read_value(text) == text and not set(text) & set("[]{},#")
    except ValueError:
        plain = False
    return text if plain else "'" + text.replace("'", "''") + "'"


class _Events:
    """PyYAML's events one by one, with its syntax errors and what we never allow turned into sentences."""

    def __init__(self, text: str) -> None:
        try:
            self._loader: Any = _Loader(text)  # typeshed leaves its methods untyped
        except yaml.YAMLError as error:
            raise _syntax(error) from None

    def next(self) -> yaml.Event:
        try:
            event: yaml.Event = self._loader.get_event()
        except yaml.YAMLError as error:
            raise _syntax(error) from None
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Stop(
                "not allowed",
                "Anchors (&) and aliases (*) are not allowed.",
                "Write the value out, in quotes if it is text.",
                self.row(event),
            )
        if getattr(event, "tag", None):
            raise _Stop(
                "not allowed",
                "Tags (!) are not allowed.",
                "Write the plain value, in quotes if it is text.",
                self.row(event),
            )
        return event

    def expect(self, kind: type[yaml.Event]) -> yaml.Event:
        event = self.next()
        if not isinstance(event, kind):
            raise _Stop(
                "syntax",
                "The file must be a flat list of lines 'name: value'.",
                "See params/_template.",
                self.row(event),
            )
        return event

    def end(self) -> None:
        self.expect(yaml.DocumentEndEvent)
        event = self.next()
        if not isinstance(event, yaml.StreamEndEvent):
            raise _Stop("not allowed", "A second document starts here.", "Remove the line '---'.", self.row(event))

    def scalar(self, event: yaml.ScalarEvent) -> Scalar:
        text = str(event.value)
        if any(unicodedata.category(letter) == "Cc" for letter in text):
            raise _Stop(
                "not allowed",
                "A value holds a line break or a control character.",
                "Write it on one line.",
                self.row(event),
            )
        tag = str(self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)).rpartition(":")[2]
        if tag == "null":
            return None
        if tag == "bool":
            return text == "true"
        if tag == "int":
            return int(text) if len(text) < 20 else text
        return float(text) if tag == "float" else text

    @staticmethod
    def row(event: yaml.Event) -> int:
        mark: Any = event.start_mark
        return int(mark.line) + 1


def _entries(text: str) -> Iterator[tuple[str, Entry]]:
    events = _Events(text)
    events.expect(yaml.StreamStartEvent)
    first = events.next()
    if isinstance(first, yaml.StreamEndEvent):  # an empty file, or comments only
        return
    events.expect(yaml.MappingStartEvent)
    while True:
        event = events.next()
        if isinstance(event, yaml.MappingEndEvent):
            break
        row = events.row(event)
        name = events.scalar(event) if isinstance(event, yaml.ScalarEvent) else None
        if not isinstance(name, str):
            raise _Stop("syntax", "A parameter's name must be a plain word.", "Write 'name: value'.", row)
        yield name, Entry(_value(events), row)
    events.end()


def _value(events: _Events) -> Scalar | list[Scalar]:
    event = events.next()
    if isinstance(event, yaml.ScalarEvent):
        return events.scalar(event)
    if not isinstance(event, yaml.SequenceStartEvent):
        raise _Stop(
            "nested",
            "A value must be a scalar or a list of scalars.",
            "Values with ': ' or '{' inside need quotes; tables go into CSV or Excel files.",
            events.row(event),
        )
    items: list[Scalar] = []
    while not isinstance(item := events.next(), yaml.SequenceEndEvent):
        if not isinstance(item, yaml.ScalarEvent):
            raise _Stop(
                "nested", "A list may only hold scalars.", "Tables go into CSV or Excel files.", events.row(item)
            )
        if len(items) == LIST_LIMIT:
            raise _Stop(
                "too large",
                f"A list holds more than {LIST_LIMIT} values.",
                "Tables go into CSV or Excel files.",
                events.row(item),
            )
        items.append(events.scalar(item))
    return items


def _syntax(error: yaml.YAMLError) -> _Stop:
    mark: Any = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it holds a character that YAML does not allow"
    return _Stop(
        "syntax",
        f"This is not YAML: {problem}.",
        "Write 'name: value', text with special characters in quotes.",
        None if mark is None else mark.line + 1,
    )
