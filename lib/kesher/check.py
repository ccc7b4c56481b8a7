"""Parameters and data of a client looked at without running anything: every fault in one list."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kesher import review
from kesher.faults import DataRefused, Exit, Fault, ParametersRefused, Refused
from kesher.params import Client, Overrides
from kesher.params.places import rooted
from kesher.run.plan import Outcome, open_or_refuse

Check = Callable[[Any], object]


def check_client(
    client: str | Path,
    workbooks: Sequence[str] = (),
    overrides: Overrides | None = None,
    *,
    checks: Mapping[str, Check] | None = None,
) -> Outcome:
    """What ``kesher run`` would refuse of a client, and nothing run.

    ``checks`` are the workbooks' own looks at their data: they take the parameters, find the files as a
    kernel does, and raise DataRefused; by default ``kesher.answers.<workbook>.check``. Raises UsageRefused
    for an unknown client or workbook.
    """
    opened = open_or_refuse(client, workbooks, overrides)
    if isinstance(opened, Outcome):
        return opened
    with rooted(opened.root):
        refusals = list(_refusals(opened, checks))
    faults: dict[Fault, None] = {}
    for fault in (fault for refusal in refusals for fault in refusal.faults):
        told = fault.kind.startswith("missing") and fault.where in {other.where for other in faults}
        if not told:  # in other words
            faults[fault] = None
    status = min((refusal.status for refusal in refusals), default=Exit.DONE)
    return Outcome(opened.name, status, faults=tuple(faults))


def _refusals(client: Client, checks: Mapping[str, Check] | None) -> Iterator[Refused]:
    for name, parameters in client.workbooks.items():
        own = importlib.import_module(f"kesher.answers.{name}").check if checks is None else checks.get(name)
        for look in (own, lambda parameters: review.inputs_of(parameters, client.root)):
            try:
                if look is not None:
                    look(parameters)
            except (DataRefused, ParametersRefused) as refused:
                yield refused
