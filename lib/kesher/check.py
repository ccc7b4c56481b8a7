"""Parameters and data of a client looked at without running anything: every fault in one list."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kesher import review
from kesher.faults import DataRefused, Exit, Fault, ParametersRefused, Refused
from kesher.params import WORKBOOKS, ClientParameters, Overrides, open_client
from kesher.params.places import rooted
from kesher.run.plan import Outcome

Check = Callable[[Any], object]


def check_client(
    client: str | Path,
    workbooks: Sequence[str] = (),
    overrides: Overrides | None = None,
    *,
    registry: Mapping[str, type[ClientParameters]] = WORKBOOKS,
    checks: Mapping[str, Check] | None = None,
) -> Outcome:
    """What ``kesher run`` would refuse of a client, and nothing run.

    ``checks`` are the workbooks' own looks at their data: they take the parameters, find the files as a
    kernel does, and raise DataRefused; by default ``kesher.answers.<workbook>.check``. Raises UsageRefused
    for an unknown client or workbook.
    """
    try:
        opened = open_client(client, workbooks, overrides, registry)
    except ParametersRefused as refused:
        return Outcome(Path(client).name, Exit.PARAMETERS, faults=refused.faults)
    refusals: list[Refused] = []
    with rooted(opened.root):
        for name, parameters in opened.workbooks.items():
            own = _refusal(_check_of(name) if checks is None else checks.get(name), parameters)
            given = _refusal(lambda parameters: review.inputs_of(parameters, opened.root), parameters)
            refusals += [refusal for refusal in (own, given) if refusal is not None]
    faults: list[Fault] = []
    for fault in (fault for refusal in refusals for fault in refusal.faults):
        if not fault.kind.startswith("missing") or fault.where not in {
            told.where for told in faults
        }:  # told in other words
            faults.append(fault)
    status = min((refusal.status for refusal in refusals), default=Exit.DONE)
    return Outcome(opened.name, status, faults=tuple(dict.fromkeys(faults)))


def _refusal(look: Check | None, parameters: ClientParameters) -> Refused | None:
    try:
        if look is not None:
            look(parameters)
    except (DataRefused, ParametersRefused) as refused:
        return refused
    return None


def _check_of(workbook: str) -> Check | None:
    name = f"kesher.answers.{workbook}"
    try:
        if importlib.util.find_spec(name) is None:
            return None
    except ModuleNotFoundError:
        return None
    found: Check | None = getattr(importlib.import_module(name), "check", None)
    return found
