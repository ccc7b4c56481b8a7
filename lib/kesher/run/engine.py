"""One notebook through papermill on a kernel that is starting: nothing on disk, safe errors.

Dear to import: the runner imports it while its first kernels start.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from typing import Any

if "jsonschema" not in sys.modules and "rfc3987_syntax" not in sys.modules:
    # jsonschema builds a grammar for addresses at import, .6 s, that no notebook's schema asks for;
    # it does without when the import fails.
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    import jsonschema  # type: ignore[import-untyped]  # noqa: F401

    del sys.modules["rfc3987_syntax"]

import nbformat
import papermill
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from papermill.exceptions import PapermillExecutionError

from kesher.faults import DataRefused, Fault, ParametersRefused, Refused, WorkbookFailed
from kesher.run.outputs import INJECTED
from kesher.run.traces import trace_of_text

_REFUSALS: dict[str, type[Refused]] = {kind.__name__: kind for kind in (ParametersRefused, DataRefused)}
# How a notebook can fail. RuntimeError is how jupyter_client says that the kernel died while starting.
_FAILURES = (PapermillExecutionError, CellExecutionError, TimeoutError, RuntimeError)

for _name in ("papermill", "traitlets", "asyncio", "nbclient"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


def execute(
    notebook: bytes,
    parameters: dict[str, Any],
    *,
    workbook: str,
    manager: Any,
    listener: Callable[[int, int], None],
    timeout: int,
) -> tuple[Any, list[float]]:
    """Run a notebook (its file's bytes); the executed notebook, and the seconds each of its cells took.

    ``listener`` hears of every cell: how many are done, and how many there are, counted as in the workbook
    opened in JupyterLab. Raises ParametersRefused and DataRefused when the notebook does, WorkbookFailed when
    it stops for another reason. No message carries anything of a cell's output.
    """
    node = nbformat.reads(notebook.decode(), as_version=4)  # type: ignore[no-untyped-call]
    cells, at = sum(map(_counts, node.cells)), 0

    def starts(cell: Any, cell_index: int) -> None:
        nonlocal at
        if _counts(cell):
            listener(at, cells)
            at += 1

    try:
        done = papermill.execute_notebook(
            node,
            None,
            parameters=parameters,
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=timeout,
            km=manager,
            on_cell_start=starts,
            store_widget_state=False,
            record_timing=False,
        )
    except _FAILURES as error:
        raise _refusal(error, workbook, at, timeout) from None
    return done, [round(cell.metadata.papermill.duration, 3) for cell in done.cells if _counts(cell)]


def _counts(cell: Any) -> bool:
    return bool(cell.cell_type == "code" and INJECTED not in cell.metadata.get("tags", ()))


def _refusal(error: Exception, workbook: str, cell: int, timeout: int) -> Refused:
    """What to tell of a notebook that stopped: its own sentence if it refused, else where; no values."""
    name = getattr(error, "ename", None)
    if name in _REFUSALS:
        told = str(getattr(error, "evalue", "")).splitlines()
        return _REFUSALS[name](*(_fault(line) for line in told if line.strip()))
    if isinstance(error, CellTimeoutError):
        what = f"Cell {cell} took longer than {timeout} seconds and was stopped."
        return WorkbookFailed(Fault(workbook, "timeout", what, "Try with less data, or on a faster machine."))
    if name is None:
        what = f"Its kernel ended in cell {cell}." if cell else "Its kernel did not start."
        return WorkbookFailed(Fault(workbook, "kernel", what, "Most often memory ran out: close other programs."))
    plain = re.fullmatch(r"[A-Za-z_][A-Za-z_.]{0,80}", str(name))
    what = f"Cell {cell} stopped with {plain.group() if plain else 'an error'}."
    refusal = WorkbookFailed(Fault(workbook, "failed", what, "This is a fault of the workbook, not of your data."))
    refusal.trace = tuple(trace_of_text("\n".join(getattr(error, "traceback", ()))))
    return refusal


def _fault(sentence: str) -> Fault:
    where, colon, what = sentence.partition(": ")
    return Fault(where if colon else "workbook", "refused", what if colon else sentence, "")
