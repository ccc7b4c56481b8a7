"""Parameters and data of a client looked at without running anything: every fault in one list."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kesher import review
from kesher.faults import DataRefused, Exit, Fault, ParametersRefused
from kesher.params import WORKBOOKS, ClientParameters, Overrides, open_client
from kesher.run.plan import Outcome

Check = Callable[[Any, Path], None]


def check_client(
    client: str | Path,
    workbooks: Sequence[str] = (),
    overrides: Overrides | None = None,
    *,
    registry: Mapping[str, type[ClientParameters]] = WORKBOOKS,
    checks: Mapping[str, Check] | None = None,
) -> Outcome:
    """What ``kesher run`` would refuse of a client, and nothing run.

    ``checks`` are the workbooks' own looks at their data, ``(parameters, data root)``, raising DataRefused;
    by default ``kesher.answers.<workbook>.check``. Raises UsageRefused for an unknown client or workbook.
    """
    try:
        opened = open_client(client, workbooks, overrides, registry)
    except ParametersRefused as refused:
        return Outcome(Path(client).name, Exit.PARAMETERS, faults=refused.faults)
    faults: list[Fault] = []
    for name, parameters in opened.workbooks.items():
        try:
            review.inputs_of(parameters, opened.root)
            look = _check_of(name) if checks is None else checks.get(name)
            if look is not None:
                look(parameters, opened.root)
        except DataRefused as refused:
            faults += refused.faults
    found = tuple(dict.fromkeys(faults))
    return Outcome(opened.name, Exit.DATA if found else Exit.DONE, faults=found)


def _check_of(workbook: str) -> Check | None:
    name = f"kesher.answers.{workbook}"
    try:
        if importlib.util.find_spec(name) is None:
            return None
    except ModuleNotFoundError:
        return None
    found: Check | None = getattr(importlib.import_module(name), "check", None)
    return found
