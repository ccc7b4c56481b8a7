"""Parameters in plain words: what is allowed, which name was meant, why a value was refused."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from typing import Any, get_type_hints

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from kesher.faults import Fault
from kesher.params.models import TABLE

_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_PATTERNS = {
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "small Latin letters, digits, - and _, at most 63",
    r"^[A-Z]{2}$": "two capital letters",
    r"^[A-Z]{3}$": "three capital letters",
    r"^[0-9a-f]{64}$": "64 digits and letters a to f",
}
_LITERAL = {True: "true", False: "false", None: "null"}


def nearest(name: str, known: Iterable[str]) -> str:
    """The remedy for an unknown name: the nearest known one, or all of them.

    >>> nearest("confidense", ["seed", "confidence"])
    'Did you mean confidence?'
    """
    names = list(known)
    meant = name.lower().replace("-", "_")
    close = [other for other in names if len(meant) > 2 and other.startswith(meant)]
    close = close or difflib.get_close_matches(meant, names, n=1, cutoff=0.6)
    return f"Did you mean {close[0]}?" if close else f"Known are: {', '.join(names)}."


def allowed(model: type[BaseModel], name: str) -> str:
    """What a parameter may be, in words: ``a number from 0.5 to 0.999``."""
    schema = model.model_json_schema()["properties"][name]
    choices = [_one(part) for part in schema.get("anyOf", [schema])]
    if name in tables(model):
        choices[0] = "the path of a table (file.csv or file.xlsx#sheet) below data_root"
    return " or ".join(choices)


def _one(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if "enum" in schema:
        return "one of " + ", ".join(item if re.search(r"\w", item) else repr(item) for item in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if kind == "array":
        return f"a list in brackets: {_one(schema['items'])}"
    if kind == "null":
        return "null"
    if kind == "boolean":
        return "true or false"
    if kind in ("integer", "number"):
        noun = "a whole number" if kind == "integer" else "a number"
        low, above = schema.get("minimum"), schema.get("exclusiveMinimum")
        start = f" from {low:g}" if low is not None else f" above {above:g} and up" if above is not None else ""
        high = schema.get("maximum")
        return noun + start + (f" to {high:.10g}" if high is not None else "")
    if "pattern" in schema:
        return _PATTERNS.get(schema["pattern"], f"text of the form {schema['pattern']}")
    return "text" + (f" of at most {schema['maxLength']} letters" if "maxLength" in schema else "")


def tables(model: type[BaseModel]) -> list[str]:
    """The parameters of a model that name input files, in its order."""

    def marked(hint: Any) -> bool:
        return TABLE in getattr(hint, "__metadata__", ()) or any(map(marked, getattr(hint, "__args__", ())))

    hints = get_type_hints(model, include_extras=True)
    return [name for name in model.model_fields if marked(hints[name])]


def written(value: object) -> str:
    """A parameter's value as YAML writes it, cut short."""
    if isinstance(value, bool) or value is None:
        return _LITERAL[value]
    if isinstance(value, list):
        text = "[" + ", ".join(written(item) for item in value) + "]"
    else:
        text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 80 else text[:77] + "..."


def hint(value: object, wanted: str) -> str:
    """Why YAML read something else than was meant, and how to write it; empty when unknown."""
    if isinstance(value, str) and "true or false" in wanted and value.lower() in _BOOLEANS:
        return f" Only true and false are booleans here: write {_BOOLEANS[value.lower()]}."
    if isinstance(value, str) and "number" in wanted:
        if re.fullmatch(r"[-+]?0[0-9]+", value):
            return " Write it without the leading zero."
        if re.fullmatch(r"[-+]?[0-9.]+ ?%", value):
            return f" Write a share as a decimal: {float(value.rstrip('% ')) / 100:g}." if value.count(".") < 2 else ""
        if re.fullmatch(r"[0-9]{1,3}([,_][0-9]{3})+", value):
            return f" Write {re.sub('[,_]', '', value)}."
        if re.fullmatch(r"[0-9]+(:[0-9]+)+", value):
            return " Times are not read as numbers."
        return " Write it without quotes." if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) else ""
    if isinstance(value, int | float) and wanted.startswith(("text", "the path")):
        return f" Put it in quotes: '{written(value)}'."
    if isinstance(value, str) and wanted.startswith("a list"):
        return f" Write [{value}]."
    return ""


def fault_of(error: ErrorDetails, model: type[BaseModel], where: str = "parameters", row: int | None = None) -> Fault:
    """What pydantic found, as a fault a consultant can mend."""
    if not error["loc"]:  # parameters that do not fit together
        what = _sentence(error["msg"].removeprefix("Value error, "))
        return Fault(where, "contradiction", what, "Change one of them.", row)
    name = str(error["loc"][0])
    if error["type"] == "missing":
        return Fault(
            where, "missing", "It is not given and has no default.", f"Allowed: {allowed(model, name)}.", row, name
        )
    if error["type"] == "extra_forbidden":
        return unknown(name, model.model_fields, where, row)
    wanted = allowed(model, name)
    given = written(error["input"])
    kind = "wrong type" if error["type"].endswith("_type") or error["type"] == "int_from_float" else "out of range"
    if error["type"] == "value_error":  # a check of our own, which says itself what it wants
        what = _sentence(f"{given}: {error['msg'].removeprefix('Value error, ')}")
        return Fault(where, "not allowed", what, "", row, name)
    what = f"{given} is not allowed."
    return Fault(where, kind, what, f"Allowed: {wanted}.{hint(error['input'], wanted)}", row, name)


def unknown(name: str, known: Collection[str], where: str = "parameters", row: int | None = None) -> Fault:
    """A name that no model knows."""
    return Fault(where, "unknown name", "There is no such parameter.", nearest(name, known), row, name)


def _sentence(text: str) -> str:
    return text if text.endswith(".") else text + "."
