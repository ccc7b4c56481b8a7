"""What a run tells while it works: bars on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

_EVERY = 2.0  # seconds between plain lines of one workbook


@dataclass(frozen=True)
class Event:
    """Where one workbook of one client stands."""

    client: str
    workbook: str
    stage: Literal["waiting", "running", "pages", "done", "known", "failed"]
    done: int = 0
    cells: int = 0
    seconds: float = 0.0

    @property
    def ended(self) -> bool:
        return self.stage in ("done", "known", "failed")

    def __str__(self) -> str:
        return {
            "waiting": "waits for another run of this client to end",
            "running": f"cell {self.done} of {self.cells}" if self.cells else "kernel starts",
            "pages": "pages",
            "done": f"done in {self.seconds:.1f} s",
            "known": "known already, not run again",
            "failed": "stopped",
        }[self.stage]


Watcher = Callable[[Event], None]


def silent(event: Event) -> None:
    """Tell nothing."""


@contextlib.contextmanager
def shown() -> Iterator[Watcher]:
    """A watcher for this terminal, or for a log when stderr is none."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    said, at = TextColumn("{task.description}"), TextColumn("{task.fields[at]}")
    with Progress(said, BarColumn(), at, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        bars: dict[tuple[str, str], TaskID] = {}

        def watch(event: Event) -> None:
            name = (event.client, event.workbook)
            if name not in bars:
                bars[name] = progress.add_task(f"{event.client} · {event.workbook}", total=None, at="")
            done, cells = (1, 1) if event.ended else (event.done, event.cells)
            progress.update(bars[name], total=cells or None, completed=done, at=str(event))
            if event.ended:
                progress.stop_task(bars[name])

        yield watch


def _lines() -> Watcher:
    last: dict[tuple[str, str], float] = {}

    def watch(event: Event) -> None:
        name, now = (event.client, event.workbook), time.monotonic()
        if not (event.stage == "running" and event.done and now - last.get(name, 0.0) < _EVERY):
            last[name] = now
            sys.stderr.write(f"{event.client} {event.workbook}: {event}\n")
            sys.stderr.flush()

    return watch
