"""What a run will do, settled before a kernel starts: inputs hashed, keys made, known results found."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kesher import review
from kesher.faults import DataRefused, Exit, Fault, Refused, WorkbookFailed
from kesher.params import Client, ClientParameters
from kesher.run.engine import CELL_TIMEOUT
from kesher.run.folders import ClientReports
from kesher.run.progress import Event, Watcher, silent


@dataclass(frozen=True)
class Settings:
    """How to run: where runs are written and notebooks read, which models there are, how many at once."""

    out: Path
    notebooks: Path
    registry: Mapping[str, type[ClientParameters]]
    force: bool = False
    jobs: int = 1
    timeout: int = CELL_TIMEOUT  # seconds per cell
    watcher: Watcher = silent


@dataclass(frozen=True)
class Outcome:
    """What became of one client: its status, and the run's folder or what stood in the way."""

    client: str
    status: Exit
    run: Path | None = None
    faults: tuple[Fault, ...] = ()
    trace: Path | None = None  # where the redacted trace of a fault of ours is kept
    known: bool = False  # the run existed already and nothing was done


@dataclass(frozen=True)
class Task:
    """One workbook of one client, ready to be executed."""

    client: Client
    workbook: str
    parameters: ClientParameters
    source: bytes
    notebook: str  # hash of its source
    inputs: list[review.Input]
    key: str


@dataclass
class Work:
    """One client's run under way: its tasks, its scratch folder, what its workbooks left for the manifest."""

    client: Client
    tasks: list[Task]
    name: str
    reports: ClientReports
    scratch: Path
    known: dict[str, Path]  # folders of workbooks that another run holds under the same key
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)  # of the manifest
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusals: list[Refused] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def prepare(client: Client, settings: Settings) -> Work | Outcome:
    """The work of a client, its reports folder held; or the outcome when it is refused or done already."""
    try:
        tasks = _tasks(client, settings)
    except Refused as refused:
        return Outcome(client.name, refused.status, faults=refused.faults)
    name = review.run_name(client.as_of, {task.workbook: task.key for task in tasks})
    reports = ClientReports(settings.out, client.name)
    if not reports.open(wait=False):
        settings.watcher(Event(client.name, ", ".join(client.workbooks), "waiting"))
        reports.open(wait=True)
    try:
        known = {} if settings.force else _known(tasks, reports)
        run = reports.folder / name
        if len(known) == len(tasks) and all(folder.parent == run for folder in known.values()):
            for task in tasks:
                settings.watcher(Event(client.name, task.workbook, "known"))
            reports.close()
            return Outcome(client.name, Exit.DONE, run, known=True)
        return Work(client, tasks, name, reports, reports.scratch(), known)
    except BaseException:
        reports.close()
        raise


def _tasks(client: Client, settings: Settings) -> list[Task]:
    tasks: list[Task] = []
    faults: list[Fault] = []
    for name, parameters in client.workbooks.items():
        path = settings.notebooks / f"{name}.ipynb"
        try:
            source = path.read_bytes()
            notebook = review.hash_notebook(json.loads(source))
        except (OSError, ValueError, KeyError, TypeError):
            what = "The workbook's notebook is missing or is no notebook."
            raise WorkbookFailed(Fault(path.name, "missing", what, "Restore it from git.")) from None
        try:
            inputs = review.inputs_of(parameters, client.root)
        except DataRefused as refused:
            faults += refused.faults
            continue
        key = review.workbook_key(notebook, parameters, inputs)
        tasks.append(Task(client, name, parameters, source, notebook, inputs, key))
    if faults:
        raise DataRefused(*dict.fromkeys(faults))
    return tasks


def _known(tasks: list[Task], reports: ClientReports) -> dict[str, Path]:
    """The workbooks that a finished run holds under the same key, its files unharmed."""
    wanted = {task.key: task.workbook for task in tasks}
    known: dict[str, Path] = {}
    for run, manifest in reports.finished():
        for workbook, entry in manifest["workbooks"].items():
            mine = wanted.get(entry["key"])
            if mine == workbook and review.intact(run, entry):
                exact = run.name == manifest["run"] and set(manifest["workbooks"]) == set(wanted.values())
                if exact or workbook not in known:
                    known[workbook] = run / workbook
    return known
