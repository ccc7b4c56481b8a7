"""Headless runs of clients' workbooks: planned, run side by side, published whole, nothing done twice."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kesher.faults import Fault, ParametersRefused, UsageRefused
from kesher.params import WORKBOOKS, Client, ClientParameters, Overrides, home, open_client
from kesher.run.engine import CELL_TIMEOUT
from kesher.run.folders import remove
from kesher.run.plan import Outcome, Settings, Work, prepare
from kesher.run.progress import Watcher, silent
from kesher.run.work import perform

__all__ = ["Outcome", "run_clients"]


def run_clients(
    clients: Sequence[str | Path],
    *,
    workbooks: Sequence[str] = (),
    overrides: Overrides | None = None,
    out: Path | None = None,
    jobs: int | None = None,
    force: bool = False,
    registry: Mapping[str, type[ClientParameters]] = WORKBOOKS,
    notebooks: Path | None = None,
    watcher: Watcher = silent,
    timeout: int = CELL_TIMEOUT,
) -> list[Outcome]:
    """Run the workbooks of clients (names under ``params/`` or paths): one outcome each, in the order given.

    A client's run is published whole or not at all. Raises UsageRefused before anything is run; every other
    refusal is an outcome. On KeyboardInterrupt the kernels are ended and nothing half-written stays.
    """
    cores = jobs or os.cpu_count() or 1
    place = (out or home() / "reports").resolve()
    settings = Settings(place, notebooks or home() / "notebooks", registry, force, cores, timeout, watcher)
    names: dict[str, None] = {}  # in the order given, each once
    outcomes: dict[str, Outcome] = {}
    opened: dict[str, Client] = {}
    for given in dict.fromkeys(str(client) for client in clients):
        try:
            client = open_client(given, workbooks, overrides, registry)
        except ParametersRefused as refused:
            name = Path(given).name
            outcomes[name] = Outcome(name, refused.status, faults=refused.faults)
        else:
            name = client.name
            if name in opened and opened[name].folder != client.folder:
                what = f"Two folders are given for the client {name!r}."
                raise UsageRefused(Fault("CLIENT", "usage", what, "Run them one by one, with --out."))
            opened[name] = client
        names[name] = None
    works: list[Work] = []
    try:
        for name in sorted(opened):  # always in this order, so that two commands never wait for each other
            ready = prepare(opened[name], settings)
            if isinstance(ready, Outcome):
                outcomes[name] = ready
            else:
                works.append(ready)
        if works:
            outcomes |= {outcome.client: outcome for outcome in perform(works, settings)}
    finally:
        for work in works:
            remove(work.scratch)
            work.reports.close()
    return [outcomes[name] for name in names]
