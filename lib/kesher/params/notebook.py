"""The second cell of a workbook: the parameters cell turned into the typed model."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, MutableMapping
from typing import Any

from pydantic import ValidationError

from kesher.faults import ParametersRefused
from kesher.params.explain import fault_of, unknown
from kesher.params.models import WORKBOOKS, ClientParameters

_CHECKED = "_kesher_names_checked"
_PLAIN = (str, int, float, bool, list, tuple, dict, set, datetime.date, type(None))
_IPYTHON = {"In", "Out", "exit", "quit", "get_ipython", "open", "display"}


def parameters(
    workbook: str, namespace: MutableMapping[str, Any], registry: Mapping[str, type[ClientParameters]] = WORKBOOKS
) -> Any:
    """The typed parameters of ``workbook`` from a notebook's ``globals()``.

    On a kernel's first call a plain value under a name that is no parameter is refused, so that a misspelt
    name given to papermill does not pass for the default; later calls, when cells have made names of their
    own, only read the parameters. Raises ParametersRefused with every fault found.
    """
    model = registry[workbook]
    faults = []
    if not namespace.get(_CHECKED):
        for name, value in list(namespace.items()):
            if isinstance(value, _PLAIN) and not (
                name.startswith("_") or name in _IPYTHON or name in model.model_fields
            ):
                faults.append(unknown(name, model.model_fields))
    try:
        found = model.model_validate({name: namespace[name] for name in model.model_fields if name in namespace})
    except ValidationError as error:
        faults += [fault_of(detail, model) for detail in error.errors(include_url=False)]
    if faults:
        raise ParametersRefused(*faults)
    namespace[_CHECKED] = True
    return found
