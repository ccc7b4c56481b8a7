"""A parameter file that explains itself: every key with its sentence, what is allowed, and its default."""

from __future__ import annotations

import textwrap

from kesher.params.explain import allowed
from kesher.params.loading import CLIENT_FILE
from kesher.params.models import WORKBOOKS, ClientParameters
from kesher.params.strict_yaml import written_yaml

WIDTH = 100


def templates() -> dict[str, str]:
    """The files of ``params/_template`` by name."""
    files = {CLIENT_FILE: template(ClientParameters)}
    return files | {f"{name}.yml": template(model) for name, model in WORKBOOKS.items()}


def template(model: type[ClientParameters]) -> str:
    """The file of one model; a workbook's leaves out what stands in client.yml."""
    own = [
        name for name in model.model_fields if model is ClientParameters or name not in ClientParameters.model_fields
    ]
    lines = [f"# {line}" for line in textwrap.wrap((model.__doc__ or "").split("\n")[0].replace("``", ""), WIDTH)]
    for name in own:
        field = model.model_fields[name]
        required = field.is_required()
        said = f"{field.description or name}. {'Required' if required else 'Allowed'}: {allowed(model, name)}."
        value = (field.examples or [""])[0] if required else field.default
        lines += [
            "",
            *(f"# {line}" for line in textwrap.wrap(said[0].upper() + said[1:], WIDTH)),
            f"{name}: {written_yaml(value)}",
        ]
    return "\n".join(lines) + "\n"
