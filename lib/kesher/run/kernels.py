"""Kernels of this very interpreter: private settings, no port open to others, ended at once by an interrupt."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kesher.params.places import DATA_ROOT, HOME, LANGUAGE, home

_SOCKET_PATH_LIMIT = 90  # characters; the system allows 104 to 108, and jupyter_client appends a few
_KERNEL = (sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}")
_OPTIONS = (
    *("--InteractiveShell.xmode=Plain", "--InteractiveShell.colors=NoColor", "--HistoryManager.enabled=False"),
    "--IPKernelApp.exec_PYTHONSTARTUP=False",
)
_LEFT_OUT = (LANGUAGE, "PYTHONSTARTUP", "PLOTLY_RENDERER", "PYTHONWARNINGS", "PYTHONDEVMODE")
_FIXED = {"PYTHONHASHSEED": "0", "PYTHONNOUSERSITE": "1", "PYTHONUTF8": "1", "TZ": "UTC"}
_FIXED |= {"PYDEVD_DISABLE_FILE_VALIDATION": "1"}
_FIXED |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")
_PRIVATE = {"JUPYTER_CONFIG_DIR": "config", "JUPYTER_DATA_DIR": "data", "JUPYTER_RUNTIME_DIR": "runtime"}
_PRIVATE |= {"IPYTHONDIR": "ipython", "TMPDIR": "work", "TEMP": "work"}


@dataclass
class Kernels:
    """The kernels of this process, so that an interrupt can end them all."""

    folder: Path
    stopped: threading.Event = field(default_factory=threading.Event)
    _running: set[subprocess.Popen[bytes]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def stop(self) -> None:
        """End every kernel at once, and let none start after."""
        with self._lock:
            self.stopped.set()
            for process in self._running:
                process.kill()

    @contextlib.contextmanager
    def start(self, data_root: Path) -> Iterator[Any]:
        """A started kernel's manager; the kernel is ended on leaving."""
        from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
        from jupyter_client.manager import AsyncKernelManager
        from jupyter_core.utils import run_sync

        class OurKernel(KernelSpecManager):
            """This very interpreter, whatever kernels the user has installed."""

            def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
                return KernelSpec(argv=[*_KERNEL], language="python", display_name="Python 3")

        place = Path(tempfile.mkdtemp(prefix="", dir=self.folder))
        (place / "work").mkdir()
        manager = AsyncKernelManager(
            kernel_name="python3", kernel_spec_manager=OurKernel(), connection_file=str(place / "k.json")
        )
        if os.name == "posix" and len(str(place)) < _SOCKET_PATH_LIMIT:
            manager.transport, manager.ip = "ipc", str(place / "k")
        quiet: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "cwd": str(place / "work")}
        with self._lock:
            if self.stopped.is_set():
                raise KeyboardInterrupt
            environment = _environment(place, data_root)
            run_sync(manager.start_kernel)(env=environment, extra_arguments=[*_OPTIONS], **quiet)
            provisioner: Any = manager.provisioner
            process: subprocess.Popen[bytes] = provisioner.process
            self._running.add(process)
        try:
            yield manager
        finally:
            run_sync(manager.shutdown_kernel)(now=True)
            with self._lock:
                self._running.discard(process)
            with contextlib.suppress(Exception):
                manager.context.destroy(linger=0)


def _environment(place: Path, data_root: Path) -> dict[str, str]:
    """The kernel's surroundings: the user's, less what would make two machines differ or mix two clients."""
    inherited = {name: value for name, value in os.environ.items() if name not in _LEFT_OUT}
    private = {name: str(place / folder) for name, folder in _PRIVATE.items()}
    return inherited | _FIXED | private | {HOME: str(home()), DATA_ROOT: str(data_root)}
