"""Runs: planned, workbooks executed side by side, files written to scratch, each client's run published whole."""

from __future__ import annotations

import importlib
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from kesher import review
from kesher.faults import DataRefused, Exit, Fault, Refused, UsageRefused, WorkbookFailed
from kesher.params import Client, Overrides, home
from kesher.results import dumps, semantic_hash
from kesher.run.folders import private_folder
from kesher.run.kernels import Kernels
from kesher.run.outputs import notebook_text, tidy_notebook, write_results
from kesher.run.plan import Outcome, Settings, Task, Work, open_or_refuse, prepare
from kesher.run.progress import Event, Watcher, silent
from kesher.run.traces import keep_trace, trace_of

LANGUAGES = ("en", "he")
CELL_TIMEOUT = 900  # seconds


def run_clients(
    clients: Sequence[str | Path],
    *,
    workbooks: Sequence[str] = (),
    overrides: Overrides | None = None,
    out: Path | None = None,
    jobs: int | None = None,
    force: bool = False,
    watcher: Watcher = silent,
    timeout: int = CELL_TIMEOUT,
) -> list[Outcome]:
    """Run the workbooks of clients (names under ``params/`` or paths): one outcome each, in the order given.

    A client's run is published whole or not at all. Raises UsageRefused before anything is run; every other
    refusal is an outcome. On KeyboardInterrupt the kernels are ended and nothing half-written stays.
    """
    settings = Settings((out or home() / "reports").resolve(), force, jobs or os.cpu_count() or 1, timeout, watcher)
    opened: dict[str, Client | Outcome] = {}
    for given in dict.fromkeys(str(client) for client in clients):
        found = open_or_refuse(given, workbooks, overrides)
        name = found.client if isinstance(found, Outcome) else found.name
        if opened.setdefault(name, found) != found:
            what = f"Two folders are given for the client {name!r}."
            raise UsageRefused(Fault("CLIENT", "usage", what, "Run them one by one, with --out."))
    works: list[Work] = []
    outcomes: dict[str, Outcome] = {}
    try:
        for name in sorted(opened):  # always in this order, so that two commands never wait for each other
            found = opened[name]
            ready = found if isinstance(found, Outcome) else prepare(found, settings)
            if isinstance(ready, Outcome):
                outcomes[name] = ready
            else:
                works.append(ready)
        if works:
            outcomes |= {outcome.client: outcome for outcome in _perform(works, settings)}
    finally:
        for work in works:
            work.reports.close()
    return [outcomes[name] for name in opened]


def _perform(works: list[Work], settings: Settings) -> Iterator[Outcome]:
    """Execute and publish; outcomes come as clients finish. An interrupt ends all kernels."""
    with private_folder() as folder:
        kernels = Kernels(folder)
        pool = ThreadPoolExecutor(settings.jobs, thread_name_prefix="workbook")
        threading.Thread(target=_report, daemon=True).start()  # imported while the kernels work
        waiting: dict[Future[None], Work] = {}
        try:
            for work in works:
                for task in work.tasks:
                    waiting[pool.submit(_workbook, task, work, kernels, settings)] = work
            while waiting:
                done, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    work = waiting.pop(future)
                    future.result()
                    if work not in waiting.values():
                        yield _publish(work, settings)
        finally:
            kernels.stop()
            pool.shutdown(wait=True, cancel_futures=True)


def _report() -> ModuleType:
    return importlib.import_module("kesher.report")


def _workbook(task: Task, work: Work, kernels: Kernels, settings: Settings) -> None:
    """One workbook from its kernel to its files in scratch; what goes wrong is kept for the outcome."""

    def tell(stage: Any, done: int = 0, cells: int = 0) -> None:
        seconds = time.monotonic() - clock
        settings.watcher(Event(work.client.name, task.workbook, stage, done, cells, seconds))

    started, clock = datetime.now(UTC), time.monotonic()
    try:
        if (known := work.known.get(task.workbook)) is None:
            tell("running")
            with kernels.start(work.client.root) as manager:  # it starts up while papermill is imported
                from kesher.run.engine import execute

                notebook, cells = execute(
                    task.source,
                    review.portable(task.parameters),
                    workbook=task.workbook,
                    manager=manager,
                    listener=lambda done, cells: tell("running", done, cells),
                    timeout=settings.timeout,
                )
            times = {"seconds": round(time.monotonic() - clock, 3), "cells": cells}
            made = {"started": started.isoformat(timespec="seconds"), "times": times}
            _unchanged(task, work.client.root)
            paths = (work.client.root, work.client.folder)
            notebook = tidy_notebook(notebook, workbook=task.workbook, key=task.key, paths=paths)
        else:
            notebook = json.loads((known / task.workbook / "workbook.ipynb").read_text(encoding="utf-8"))
            earlier = (review.read_manifest(known) or {})["workbooks"][task.workbook]
            made = {name: earlier[name] for name in ("started", "times")}
        tell("pages")
        work.entries[task.workbook] = _files(task, work, notebook) | made
        tell("known" if known else "done")
    except (Exception, KeyboardInterrupt) as error:
        if not kernels.stopped.is_set():  # else the main thread tells of the interrupt
            work.refusals.append(error if isinstance(error, Refused) else _ours(error, task.workbook))
            tell("failed")


def _unchanged(task: Task, root: Path) -> None:
    now = review.inputs_of(task.parameters, root)
    what = "The file changed while the workbook ran."
    faults = [Fault(Path(item.file).name, "changed", what, "Run again.") for item in task.inputs if item not in now]
    if faults:
        raise DataRefused(*dict.fromkeys(faults))


def _ours(error: BaseException, workbook: str) -> WorkbookFailed:
    kind = error.strerror if isinstance(error, OSError) else None
    what = f"Its pages could not be written ({kind or type(error).__name__})."
    refusal = WorkbookFailed(Fault(workbook, "failed", what, "This is a fault of ours, not of your data."))
    refusal.trace = tuple(trace_of(error))
    return refusal


def _files(task: Task, work: Work, notebook: Any) -> dict[str, Any]:
    """Write a workbook's folder in scratch; its entry of the manifest."""
    report = _report()
    results: dict[str, Any] = report.result_of(notebook)
    meta = report.Meta.of(results, run=work.name)
    folder = work.scratch / task.workbook
    folder.mkdir()
    (folder / "workbook.ipynb").write_text(notebook_text(notebook), encoding="utf-8", newline="\n")
    write_results(results, folder)
    report.write_reports(notebook, folder, meta=meta, languages=LANGUAGES)
    work.answers[task.workbook] = report.Entry(
        workbook=task.workbook,
        title=meta.title,
        answer=results["answer"]["headline"],
        as_of=meta.as_of,
        links={language: f"{task.workbook}/{report.file_name(meta, language)}" for language in LANGUAGES},
    )
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "key": task.key,
        "semantic_hash": semantic_hash(results),
        "notebook": task.notebook,
        "parameters": review.portable(task.parameters),
        "seed": task.parameters.seed,
        "inputs": [item.to_json() for item in task.inputs],
        "files": {path.relative_to(work.scratch).as_posix(): review.hash_file(path) for path in files},
    }


def _publish(work: Work, settings: Settings) -> Outcome:
    """The client's index and manifest, then its folder in one rename; or the outcome of its refusals."""
    if not work.refusals:
        try:
            _write_index(work)
            run = work.reports.publish(work.scratch, work.name)
            return Outcome(work.client.name, Exit.DONE, run)
        except Exception as error:
            work.refusals.append(_ours(error, "index"))
    faults = tuple(dict.fromkeys(fault for refusal in work.refusals for fault in refusal.faults))
    traces = [refusal.trace for refusal in work.refusals if refusal.trace]
    trace = keep_trace(settings.out, work.client.name, traces) if traces else None
    return Outcome(work.client.name, min(refusal.status for refusal in work.refusals), faults=faults, trace=trace)


def _write_index(work: Work) -> None:
    """The client's page with the answers of its workbooks, and the manifest, both in the workbooks' order."""
    names = [task.workbook for task in work.tasks]
    client = work.tasks[0].parameters
    _report().write_index(
        work.scratch,
        [work.answers[name] for name in names],
        client_name={"en": client.name_en, "he": client.name_he},
        illustrative=client.illustrative,
    )
    manifest = {
        "schema": review.SCHEMA,
        "client": client.client,
        "run": work.name,
        "as_of": client.as_of,
        "semantic_hash": review.hash_json({name: work.entries[name]["semantic_hash"] for name in names}),
        "workbooks": {name: work.entries[name] for name in names},
        **review.surroundings(),
    }
    (work.scratch / review.MANIFEST).write_text(dumps(manifest), encoding="utf-8", newline="\n")
