"""Workbooks executed side by side, their files written to scratch, each client's run published whole."""

from __future__ import annotations

import importlib
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

from kesher import review
from kesher.faults import DataRefused, Exit, Fault, Refused, WorkbookFailed
from kesher.results import dumps, semantic_hash
from kesher.run.engine import Kernels, execute, trace_of
from kesher.run.folders import private_folder, remove
from kesher.run.outputs import notebook_text, tidy_notebook, write_results
from kesher.run.plan import Outcome, Settings, Task, Work
from kesher.run.progress import Event

LANGUAGES = ("en", "he")
TRACES = ".traces"


def perform(works: list[Work], settings: Settings) -> Iterator[Outcome]:
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
            left = {id(work): len(work.tasks) for work in works}
            while waiting:
                done, _ = wait(waiting, timeout=0.5, return_when=FIRST_COMPLETED)
                for future in done:
                    work = waiting.pop(future)
                    future.result()
                    left[id(work)] -= 1
                    if not left[id(work)]:
                        yield _publish(work, settings)
        finally:
            kernels.stop()
            pool.shutdown(wait=True, cancel_futures=True)


def _report() -> ModuleType:
    return importlib.import_module("kesher.report")


def _workbook(task: Task, work: Work, kernels: Kernels, settings: Settings) -> None:
    """One workbook from its kernel to its files in scratch; what goes wrong is kept for the outcome."""
    client, workbook, tell = task.client.name, task.workbook, settings.watcher
    started = datetime.now(UTC)
    clock = time.monotonic()
    try:
        if kernels.stopped.is_set():
            return
        known = work.known.get(workbook)
        if known is None:
            tell(Event(client, workbook, "running"))
            done = execute(
                task.source,
                review.portable(task.parameters),
                workbook=workbook,
                data_root=task.client.root,
                kernels=kernels,
                listener=lambda at, cells: tell(Event(client, workbook, "running", at, cells)),
                timeout=settings.timeout,
            )
            _unchanged(task)
            paths = (task.client.root, task.client.folder)
            notebook = tidy_notebook(done.notebook, workbook=workbook, key=task.key, paths=paths)
            times = {"seconds": round(done.seconds, 3), "cells": done.cells}
        else:
            notebook = json.loads((known / "workbook.ipynb").read_text(encoding="utf-8"))
            earlier = (review.read_manifest(known.parent) or {})["workbooks"][workbook]
            times, started = earlier["times"], datetime.fromisoformat(earlier["started"])
        tell(Event(client, workbook, "pages"))
        entry = _files(task, work, notebook)
        entry |= {"started": started.isoformat(timespec="seconds"), "times": times}
        with work.lock:
            work.entries[workbook] = entry
        stage = Event(client, workbook, "known" if known else "done", seconds=time.monotonic() - clock)
        tell(stage)
    except KeyboardInterrupt:
        return  # the main thread knows
    except Exception as error:
        with work.lock:
            work.refusals.append(error if isinstance(error, Refused) else _ours(error, workbook))
        tell(Event(client, workbook, "failed"))


def _unchanged(task: Task) -> None:
    changed = [item for item in task.inputs if item.changed()]
    if changed:
        what = "The file changed while the workbook ran."
        faults = (Fault(Path(item.file).name, "changed", what, "Run again.") for item in changed)
        raise DataRefused(*dict.fromkeys(faults))


def _ours(error: Exception, workbook: str) -> WorkbookFailed:
    what = f"Its pages could not be written ({type(error).__name__})."
    if isinstance(error, OSError):
        what = f"Its pages could not be written: {error.strerror or type(error).__name__}."
    refusal = WorkbookFailed(Fault(workbook, "failed", what, "This is a fault of ours, not of your data."))
    refusal.trace = tuple(trace_of(error))
    return refusal


def _files(task: Task, work: Work, notebook: Any) -> dict[str, Any]:
    """Write a workbook's folder in scratch; its entry of the manifest."""
    report = _report()
    results: dict[str, Any] = report.result_of(notebook)
    folder = work.scratch / task.workbook
    folder.mkdir()
    semantic = semantic_hash(results)
    inputs = [
        {"parameter": item.parameter, "file": item.file, "sha256": item.sha256, "bytes": item.bytes}
        | {"rows": review.count_rows(item.path, item.file)}
        for item in task.inputs
    ]
    (folder / "workbook.ipynb").write_text(notebook_text(notebook), encoding="utf-8", newline="\n")
    write_results(results, folder)
    report.write_reports(notebook, folder, meta=report.Meta.of(results, run=work.name), languages=LANGUAGES)
    with work.lock:
        work.results[task.workbook] = results
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "key": task.key,
        "semantic_hash": semantic,
        "notebook": task.notebook,
        "parameters": review.portable(task.parameters),
        "seed": task.parameters.seed,
        "inputs": inputs,
        "files": {path.relative_to(work.scratch).as_posix(): review.hash_file(path) for path in files},
    }


def _publish(work: Work, settings: Settings) -> Outcome:
    """The client's index and manifest, then its folder in one rename; or the outcome of its refusals."""
    name = work.client.name
    if work.refusals:
        return _refused(work, settings)
    manifest = {
        "schema": review.SCHEMA,
        "client": name,
        "run": work.name,
        "as_of": work.client.as_of,
        "semantic_hash": review.hash_json({key: entry["semantic_hash"] for key, entry in work.entries.items()}),
        "workbooks": {task.workbook: work.entries[task.workbook] for task in work.tasks},
        **review.surroundings(),
    }
    try:
        _index(work)
        (work.scratch / review.MANIFEST).write_text(dumps(manifest), encoding="utf-8", newline="\n")
        run = work.reports.publish(work.scratch, work.name)
    except Exception as error:
        work.refusals.append(_ours(error, "index"))
        return _refused(work, settings)
    return Outcome(name, Exit.DONE, run)


def _index(work: Work) -> None:
    """The client's page, with the answers of its workbooks in their order."""
    report = _report()
    entries = []
    for task in work.tasks:
        results = work.results[task.workbook]
        meta = report.Meta.of(results, run=work.name)
        links = {language: f"{task.workbook}/{report.file_name(meta, language)}" for language in LANGUAGES}
        answer = results["answer"]["headline"]
        entries.append(
            report.Entry(workbook=task.workbook, title=meta.title, answer=answer, as_of=meta.as_of, links=links)
        )
    report.write_index(work.scratch, entries, client_name=meta.client_name, illustrative=task.parameters.illustrative)


def _refused(work: Work, settings: Settings) -> Outcome:
    remove(work.scratch)
    status = min(refusal.status for refusal in work.refusals)
    faults = tuple(dict.fromkeys(fault for refusal in work.refusals for fault in refusal.faults))
    traces = [refusal.trace for refusal in work.refusals if refusal.trace]
    trace = keep_trace(settings.out, work.client.name, traces) if traces else None
    return Outcome(work.client.name, status, faults=faults, trace=trace)


def keep_trace(out: Path, name: str, traces: list[tuple[str, ...]]) -> Path | None:
    """Keep where our own code stopped: types, functions and lines, never a value; None if it can not be."""
    path = out / TRACES / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join("\n".join(trace) for trace in traces) + "\n", encoding="utf-8")
    except OSError:
        return None
    return path
