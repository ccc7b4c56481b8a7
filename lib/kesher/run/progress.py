"""What a run tells while it works: bars on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TextIO

if TYPE_CHECKING:
    from rich.progress import TaskID

Stage = Literal["waiting", "running", "pages", "done", "known", "failed"]
_EVERY = 2.0  # seconds between plain lines of one workbook


@dataclass(frozen=True)
class Event:
    """Where one workbook of one client stands."""

    client: str
    workbook: str
    stage: Stage
    done: int = 0
    cells: int = 0
    seconds: float = 0.0


Watcher = Callable[[Event], None]


def silent(event: Event) -> None:
    """Tell nothing."""


@contextlib.contextmanager
def shown(stream: TextIO | None = None) -> Iterator[Watcher]:
    """A watcher for this terminal, or for a log when stderr is none."""
    stream = stream or sys.stderr
    if not stream.isatty():
        yield _lines(stream)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[at]}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(file=stream)) as progress:
        tasks: dict[tuple[str, str], TaskID] = {}
        lock = threading.Lock()

        def watch(event: Event) -> None:
            name = (event.client, event.workbook)
            with lock:
                if name not in tasks:
                    tasks[name] = progress.add_task(f"{event.client} · {event.workbook}", total=None, at="")
            total = event.cells or None
            if event.stage in ("done", "known", "failed"):
                progress.update(tasks[name], total=1, completed=1, at=_said(event))
                progress.stop_task(tasks[name])
            else:
                progress.update(tasks[name], total=total, completed=event.done, at=_said(event))

        yield watch


def _lines(stream: TextIO) -> Watcher:
    last: dict[tuple[str, str], float] = {}
    lock = threading.Lock()

    def watch(event: Event) -> None:
        name = (event.client, event.workbook)
        now = time.monotonic()
        with lock:
            if event.stage == "running" and event.done and now - last.get(name, 0.0) < _EVERY:
                return
            last[name] = now
            stream.write(f"{event.client} {event.workbook}: {_said(event)}\n")
            stream.flush()

    return watch


def _said(event: Event) -> str:
    return {
        "waiting": "waits for another run of this client to end",
        "running": f"cell {event.done} of {event.cells}" if event.cells else "kernel starts",
        "pages": "pages",
        "done": f"done in {event.seconds:.1f} s",
        "known": "known already, not run again",
        "failed": "stopped",
    }[event.stage]
