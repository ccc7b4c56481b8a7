"""Parameters in plain words: what is allowed, which name was meant, why a value was refused."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from kesher.faults import Fault
from kesher.params.strict_yaml import written_yaml

_BOOLEANS = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}
_PATTERNS = {
    r"^[a-z0-9][a-z0-9_-]{0,62}$": "small Latin letters, digits, - and _, at most 63",
    r"^[A-Z]{2}$": "two capital letters",
    r"^[A-Z]{3}$": "three capital letters",
    r"^[0-9a-f]{64}$": "64 digits and letters a to f",
}


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


@cache
def _choices(model: type[BaseModel]) -> dict[str, list[dict[str, Any]]]:
    """The JSON schemas that a value of each parameter may follow."""
    properties = model.model_json_schema()["properties"]
    return {name: schema.get("anyOf", [schema]) for name, schema in properties.items()}


def tables(model: type[BaseModel]) -> list[str]:
    """The parameters of a model that name input files, in its order."""
    return [name for name, parts in _choices(model).items() if any(part.get("format") == "table" for part in parts)]


@cache
def folders(model: type[BaseModel]) -> list[str]:
    """The parameters of a model that may name a folder of input files instead of one."""
    properties = model.model_json_schema()["properties"]
    return [name for name, schema in properties.items() if schema.get("folder")]


def allowed(model: type[BaseModel], name: str) -> str:
    """What a parameter may be, in words: ``a number from 0.5 to 0.999``."""
    words = " or ".join(map(_one, _choices(model)[name]))
    return words.replace("below", "or of a folder of such files, below", 1) if name in folders(model) else words


def _one(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    if schema.get("format") == "table":
        return "the path of a table (file.csv or file.xlsx#sheet) below data_root"
    if "enum" in schema:
        return "one of " + ", ".join(item if re.search(r"\w", item) else repr(item) for item in schema["enum"])
    if kind == "array":
        return f"a list in brackets: {_one(schema['items'])}"
    if kind == "boolean":
        return "true or false"
    if kind in ("integer", "number"):
        words = "a whole number" if kind == "integer" else "a number"
        for limit, said in (
            ("minimum", "from {:g}"),
            ("exclusiveMinimum", "above {:g} and up" if "maximum" in schema else "above {:g} and"),
            ("maximum", "to {:.10g}"),
            ("exclusiveMaximum", "below {:g}"),
        ):
            words += " " + said.format(schema[limit]) if limit in schema else ""
        return words
    if "pattern" in schema:
        return _PATTERNS.get(schema["pattern"], f"text of the form {schema['pattern']}")
    if kind == "string":
        return "text" + (f" of at most {schema['maxLength']} letters" if "maxLength" in schema else "")
    return str(kind)


def written(value: object) -> str:
    """A parameter's value for a message, cut short; text always in quotes."""
    text = repr(value) if isinstance(value, str) else written_yaml(value)
    return text if len(text) <= 80 else text[:77] + "..."


def hint(value: object, wanted: str) -> str:
    """Why YAML read something else than was meant, and how to write it; empty when unknown."""
    if not isinstance(value, str):
        numeric = isinstance(value, int | float) and wanted.startswith(("text", "the path"))
        return f" Put it in quotes: '{written(value)}'." if numeric else ""
    if "true or false" in wanted and value.lower() in _BOOLEANS:
        return f" Only true and false are booleans here: write {_BOOLEANS[value.lower()]}."
    if wanted.startswith("a list"):
        return f" Write [{value}]."
    if "number" not in wanted:
        return ""
    if re.fullmatch(r"[-+]?0[0-9]+", value):
        return " Write it without the leading zero."
    if re.fullmatch(r"[-+]?[0-9]+(\.[0-9]+)? ?%", value):
        return f" Write a share as a decimal: {float(value.rstrip('% ')) / 100:g}."
    if re.fullmatch(r"[0-9]{1,3}([,_][0-9]{3})+", value):
        return f" Write {re.sub('[,_]', '', value)}."
    if re.fullmatch(r"[0-9]+(:[0-9]+)+", value):
        return " Times are not read as numbers."
    return " Write it without quotes." if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value) else ""


def fault_of(error: ErrorDetails, model: type[BaseModel], where: str = "parameters", row: int | None = None) -> Fault:
    """What pydantic found, as a fault a consultant can mend."""
    message = error["msg"].removeprefix("Value error, ").rstrip(".") + "."
    if not error["loc"]:  # parameters that do not fit together
        return Fault(where, "contradiction", message, "Change one of them.", row)
    name = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return unknown(name, model.model_fields, where, row)
    wanted = allowed(model, name)
    if error["type"] == "missing":
        return Fault(where, "missing", "It is not given and has no default.", f"Allowed: {wanted}.", row, name)
    given = written(error["input"])
    if error["type"] == "value_error":  # a check of our own, which says itself what it wants
        return Fault(where, "not allowed", f"{given}: {message}", "", row, name)
    remedy = f"Allowed: {wanted}.{hint(error['input'], wanted)}"
    return Fault(where, "not allowed", f"{given} is not allowed.", remedy, row, name)


def unknown(name: str, known: Collection[str], where: str = "parameters", row: int | None = None) -> Fault:
    """A name that no model knows."""
    return Fault(where, "unknown name", "There is no such parameter.", nearest(name, known), row, name)
