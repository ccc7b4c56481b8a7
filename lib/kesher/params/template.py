"""A parameter file that explains itself: every key with its sentence, what is allowed, and its default."""

from __future__ import annotations

import textwrap

from kesher.params.explain import allowed
from kesher.params.models import WORKBOOKS, ClientParameters
from kesher.params.strict_yaml import written_yaml


def templates() -> dict[str, str]:
    """The files of ``params/_template`` by name."""
    return {f"{name}.yml": _template(model) for name, model in ({"client": ClientParameters} | WORKBOOKS).items()}


def _template(model: type[ClientParameters]) -> str:
    """The file of one model; a workbook's leaves out what stands in client.yml."""
    lines = _comment((model.__doc__ or "").split("\n")[0].replace("``", ""))
    for name, field in model.model_fields.items():
        if model is not ClientParameters and name in ClientParameters.model_fields:
            continue
        required = field.is_required()
        said = f"{field.description or name}. {'Required' if required else 'Allowed'}: {allowed(model, name)}."
        usual = isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("usual")
        value = (field.examples or [""])[0] if required or usual else field.default
        lines += ["", *_comment(said[0].upper() + said[1:]), f"{name}: {written_yaml(value)}"]
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, 100)]
