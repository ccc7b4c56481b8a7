"""One notebook through papermill in a kernel of its own: private settings, nothing on disk, safe errors."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kesher.faults import DataRefused, Fault, ParametersRefused, Refused, WorkbookFailed
from kesher.params.places import DATA_ROOT, HOME, LANGUAGE, home

CELL_TIMEOUT = 900  # seconds
_SOCKET_PATH_LIMIT = 90  # characters; the system allows 104 to 108, and jupyter_client appends a few
_KERNEL = ("-m", "ipykernel_launcher", "-f", "{connection_file}")
_PLAIN_ERRORS = ("--InteractiveShell.xmode=Plain", "--InteractiveShell.colors=NoColor")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_LEFT_OUT = (LANGUAGE, "PYTHONSTARTUP", "PLOTLY_RENDERER", "PYTHONWARNINGS", "PYTHONDEVMODE")
_REFUSALS: dict[str, type[Refused]] = {kind.__name__: kind for kind in (ParametersRefused, DataRefused)}

INJECTED = "injected-parameters"  # papermill's tag
Listener = Callable[[int, int], None]  # (cells done, cells in all)


@dataclass(frozen=True)
class Executed:
    """An executed notebook (nbformat 4 JSON data), and how long it and each of its cells took, in seconds."""

    notebook: Any
    seconds: float
    cells: list[float]


@dataclass
class Kernels:
    """The kernels of this process, so that an interrupt can end them all."""

    folder: Path
    stopped: threading.Event = field(default_factory=threading.Event)
    _running: set[int] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _number: int = 0

    def stop(self) -> None:
        """End every kernel at once, and let none start after."""
        with self._lock:
            self.stopped.set()
            for process in self._running:
                with contextlib.suppress(OSError):
                    os.kill(process, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)

    @contextlib.contextmanager
    def start(self, data_root: Path) -> Iterator[Any]:
        """A started kernel's manager; the kernel is ended on leaving."""
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
        from jupyter_core.utils import run_sync

        class OurKernel(KernelSpecManager):
            """This very interpreter, whatever kernels the user has installed."""

            def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
                return KernelSpec(argv=[sys.executable, *_KERNEL], language="python", display_name="Python 3")

        with self._lock:
            self._number += 1
            place = self.folder / str(self._number)
        (place / "work").mkdir(parents=True)
        manager = AsyncKernelManager(
            kernel_name="python3", kernel_spec_manager=OurKernel(), connection_file=str(place / "k.json")
        )
        if os.name == "posix" and len(str(place)) < _SOCKET_PATH_LIMIT:
            manager.transport, manager.ip = "ipc", str(place / "k")
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with self._lock:
            if self.stopped.is_set():
                raise KeyboardInterrupt
            run_sync(manager.start_kernel)(
                env=_environment(place, data_root), cwd=str(place / "work"), extra_arguments=_arguments(), **quiet
            )
            provisioner: Any = manager.provisioner
            process = int(provisioner.process.pid)
            self._running.add(process)
        try:
            yield manager
        finally:
            run_sync(manager.shutdown_kernel)(now=True)
            with self._lock:
                self._running.discard(process)
            with contextlib.suppress(Exception):
                manager.context.destroy(linger=0)


def _arguments() -> list[str]:
    return [*_PLAIN_ERRORS, "--HistoryManager.enabled=False", "--IPKernelApp.exec_PYTHONSTARTUP=False"]


def _environment(place: Path, data_root: Path) -> dict[str, str]:
    """The kernel's surroundings: the user's, less what would make two machines differ or mix two clients."""
    inherited = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    private = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
    return (
        inherited
        | {name: str(place / folder) for name, folder in private.items()}
        | {"IPYTHONDIR": str(place / "ipython"), "TMPDIR": str(place / "work"), "TEMP": str(place / "work")}
        | dict.fromkeys(_ONE_THREAD, "1")
        | {"PYTHONHASHSEED": "0", "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1", "TZ": "UTC"}
        | {"PYDEVD_DISABLE_FILE_VALIDATION": "1", HOME: str(home()), DATA_ROOT: str(data_root)}
    )


def execute(
    notebook: bytes,
    parameters: dict[str, Any],
    *,
    workbook: str,
    data_root: Path,
    kernels: Kernels,
    listener: Listener = lambda done, cells: None,
    timeout: int = CELL_TIMEOUT,
) -> Executed:
    """Run a notebook (its file's bytes) with papermill; nothing is written to disk.

    Raises ParametersRefused and DataRefused when the notebook does, WorkbookFailed when it stops for another
    reason. No message carries anything of a cell's output.
    """
    started = time.monotonic()
    with kernels.start(data_root) as manager:  # it starts up while papermill is imported
        papermill, nbformat, failures = _papermill()
        node = nbformat.reads(notebook.decode(), as_version=4)
        clock = _Clock(listener, sum(cell.cell_type == "code" for cell in node.cells))
        try:
            done = papermill.execute_notebook(
                node,
                None,
                parameters=parameters,
                engine_name="kesher",
                kernel_name="python3",
                progress_bar=False,
                execution_timeout=timeout,
                manager=manager,
                clock=clock,
            )
        except failures as error:
            if kernels.stopped.is_set():
                raise KeyboardInterrupt from None
            raise _refusal(error, workbook, clock.cell, timeout) from None
    return Executed(done, time.monotonic() - started, clock.seconds)


class _Clock:
    """Hears of every cell, for the progress bar and the manifest.

    Cells are counted as in the workbook opened in JupyterLab: papermill's injected cell does not count.
    """

    def __init__(self, listener: Listener, cells: int) -> None:
        self._listener, self._cells = listener, cells
        self.cell, self.seconds = 0, list[float]()
        self._started = time.monotonic()

    def started(self, cell: Any, cell_index: int) -> None:
        if self._counts(cell):
            self.cell += 1
            self._started = time.monotonic()
            self._listener(self.cell - 1, self._cells)

    def finished(self, cell: Any, cell_index: int, **_: Any) -> None:
        if self._counts(cell):
            self.seconds.append(round(time.monotonic() - self._started, 3))
            self._listener(self.cell, self._cells)

    @staticmethod
    def _counts(cell: Any) -> bool:
        return bool(cell.cell_type == "code" and INJECTED not in cell.metadata.get("tags", ()))


_importing = threading.Lock()


def _papermill() -> tuple[Any, Any, tuple[type[Exception], ...]]:
    """papermill with our engine, nbformat, and the exceptions by which a notebook can fail."""
    with _importing:
        return _import_papermill()


@cache
def _import_papermill() -> tuple[Any, Any, tuple[type[Exception], ...]]:
    if "jsonschema" not in sys.modules and "rfc3987_syntax" not in sys.modules:
        # jsonschema builds a grammar for addresses at import, .6 s, that no notebook's schema asks for;
        # it does without when the import fails.
        sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
        import jsonschema  # type: ignore[import-untyped]  # noqa: F401

        del sys.modules["rfc3987_syntax"]
    import nbformat
    import papermill
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

    class Engine(NBClientEngine):  # type: ignore[misc]
        """papermill's own engine on a kernel that is already running, telling of every cell."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **given: Any) -> Any:
            clock = given["clock"]
            client = PapermillNotebookClient(
                nb_man,
                km=given["manager"],
                kernel_name=kernel_name,
                timeout=given["execution_timeout"],
                startup_timeout=given["start_timeout"],
                store_widget_state=False,
                record_timing=False,
                on_cell_start=clock.started,
                on_cell_executed=clock.finished,
            )
            return client.execute(cleanup_kc=False)

    papermill_engines.register("kesher", Engine)
    for name in ("papermill", "traitlets", "asyncio", "nbclient"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    # RuntimeError is how jupyter_client says that the kernel died while starting.
    stops = (PapermillExecutionError, CellExecutionError, CellTimeoutError, DeadKernelError)
    return papermill, nbformat, (*stops, TimeoutError, RuntimeError)


def _refusal(error: Exception, workbook: str, cell: int, timeout: int) -> Refused:
    """What to tell of a notebook that stopped: its own sentence if it refused, else where; no values."""
    kind = _REFUSALS.get(getattr(error, "ename", ""))
    if kind is not None:
        return kind(*(_fault(line) for line in str(getattr(error, "evalue", "")).splitlines() if line.strip()))
    name = type(error).__name__
    if name == "CellTimeoutError":
        what = f"Cell {cell} took longer than {timeout} seconds and was stopped."
        return WorkbookFailed(Fault(workbook, "timeout", what, "Try with less data, or on a faster machine."))
    if not hasattr(error, "ename"):
        what = f"Its kernel ended in cell {cell}." if cell else "Its kernel did not start."
        return WorkbookFailed(Fault(workbook, "kernel", what, "Most often memory ran out: close other programs."))
    found = re.fullmatch(r"[A-Za-z_][A-Za-z_.]{0,80}", str(getattr(error, "ename", "")))
    what = f"Cell {cell} stopped with {found.group() if found else 'an error'}."
    refusal = WorkbookFailed(Fault(workbook, "failed", what, "This is a fault of the workbook, not of your data."))
    refusal.trace = tuple(trace_of_text("\n".join(getattr(error, "traceback", ()))))
    return refusal


def _fault(sentence: str) -> Fault:
    where, colon, what = sentence.partition(": ")
    return Fault(where if colon else "workbook", "refused", what if colon else sentence, "")


_PACKAGE = Path(__file__).resolve().parents[1]
_FRAME = re.compile(r"^ *File .*?[\\/]kesher[\\/]([\w\\/]+\.py):([0-9]{1,6})(?: in ([A-Za-z_<][\w>]{0,80}))?\s*$")
_CELL = re.compile(r"^ *Cell In\[([0-9]{1,4})\], line ([0-9]{1,6})")


def trace_of_text(text: str) -> list[str]:
    """The frames of our own code and of the cells in IPython's plain traceback; nothing else of it."""
    frames: list[str] = []
    for line in text.splitlines():
        if cell := _CELL.match(line):
            number = max(1, int(cell[1]) - 1)  # the injected cell does not count
            frames.append(f"cell {number}, line {cell[2]}")
        elif (frame := _FRAME.match(line)) and (_PACKAGE / frame[1]).is_file():
            frames.append(f"kesher/{Path(frame[1]).as_posix()}:{frame[2]} {frame[3] or ''}".strip())
    return frames


def trace_of(error: BaseException) -> list[str]:
    """The types of an exception and its causes, with the frames of our own code; no message, no value."""
    frames: list[str] = []
    link: BaseException | None = error
    while link is not None and len(frames) < 200:
        frames.append(type(link).__name__)
        walker = link.__traceback__
        while walker is not None:
            code = walker.tb_frame.f_code
            with contextlib.suppress(ValueError):
                own = Path(code.co_filename).resolve().relative_to(_PACKAGE)
                frames.append(f"  kesher/{own.as_posix()}:{walker.tb_lineno} {code.co_name}")
            walker = walker.tb_next
        link = link.__cause__ or link.__context__
    return frames
