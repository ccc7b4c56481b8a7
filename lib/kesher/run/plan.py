"""What a run will do, settled before a kernel starts: inputs hashed, keys made, known results found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kesher import review
from kesher.faults import DataRefused, Exit, Fault, ParametersRefused, Refused, UsageRefused, WorkbookFailed
from kesher.params import Client, ClientParameters, Overrides, home, open_client
from kesher.run.folders import ClientReports
from kesher.run.progress import Event, Watcher

INDEX = "index.html"


@dataclass(frozen=True)
class Settings:
    """How to run: where runs are written, how many workbooks at once, for how many seconds a cell."""

    out: Path
    force: bool
    jobs: int
    timeout: int
    watcher: Watcher


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

    workbook: str
    parameters: ClientParameters
    source: bytes
    notebook: str  # hash of its source
    inputs: list[review.Input]
    key: str


@dataclass(eq=False)
class Work:
    """One client's run under way: its tasks, its scratch folder, what its workbooks left for the manifest."""

    client: Client
    tasks: list[Task]
    name: str
    reports: ClientReports
    scratch: Path
    known: dict[str, Path]  # runs that hold a workbook under the same key
    entries: dict[str, dict[str, Any]] = field(default_factory=dict)  # of the manifest
    answers: dict[str, Any] = field(default_factory=dict)  # of the client's page
    refusals: list[Refused] = field(default_factory=list)


def open_or_refuse(
    client: str | Path, workbooks: Sequence[str] = (), overrides: Overrides | None = None
) -> Client | Outcome:
    """The client, or the outcome when its parameters are refused. Raises UsageRefused as ``open_client`` does."""
    try:
        return open_client(client, workbooks, overrides)
    except ParametersRefused as refused:
        return Outcome(Path(client).name, refused.status, faults=refused.faults)


def prepare(client: Client, settings: Settings) -> Work | Outcome:
    """The work of a client, its reports folder held; or the outcome when it is refused or done already.

    Raises UsageRefused when runs can not be written where they should be.
    """
    try:
        tasks = _tasks(client)
    except Refused as refused:
        return Outcome(client.name, refused.status, faults=refused.faults)
    name = review.run_name(client.as_of, {task.workbook: task.key for task in tasks})
    try:
        return _held(client, tasks, name, settings)
    except OSError as error:
        what = f"Runs can not be written to {settings.out} ({error.strerror or type(error).__name__})."
        raise UsageRefused(Fault("--out", "usage", what, "Name a folder that can be written.")) from None


def _held(client: Client, tasks: list[Task], name: str, settings: Settings) -> Work | Outcome:
    reports = ClientReports(settings.out, client.name)
    try:
        if not reports.open(wait=False):
            settings.watcher(Event(client.name, ", ".join(client.workbooks), "waiting"))
            reports.open(wait=True)
        known = {} if settings.force else _known(tasks, reports, name)
        whole = len(known) == len(tasks) and (reports.folder / name / INDEX).is_file()
        if whole and {run.name for run in known.values()} == {name}:
            for task in tasks:
                settings.watcher(Event(client.name, task.workbook, "known"))
            reports.close()
            return Outcome(client.name, Exit.DONE, reports.folder / name, known=True)
        return Work(client, tasks, name, reports, reports.scratch(), known)
    except BaseException:
        reports.close()
        raise


def _tasks(client: Client) -> list[Task]:
    tasks: list[Task] = []
    faults: list[Fault] = []
    for name, parameters in client.workbooks.items():
        path = home() / "notebooks" / f"{name}.ipynb"
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
        tasks.append(Task(name, parameters, source, notebook, inputs, key))
    if faults:
        raise DataRefused(*dict.fromkeys(faults))
    return tasks


def _known(tasks: list[Task], reports: ClientReports, name: str) -> dict[str, Path]:
    """The runs that hold a workbook under the same key, its files unharmed; best the run called ``name``."""
    known: dict[str, Path] = {}
    for run, manifest in reports.finished():
        for task in tasks:
            entry = manifest["workbooks"].get(task.workbook, {})
            better = task.workbook not in known or run.name == name
            if better and entry.get("key") == task.key and review.intact(run, entry):
                known[task.workbook] = run
    return known
