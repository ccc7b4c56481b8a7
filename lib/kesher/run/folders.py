"""Where runs are written: one lock per client, a scratch folder, and one rename that publishes it whole."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from kesher.review import read_manifest

SCRATCH, OLD, PRIVATE = ".scratch-", ".old-", "kesher-run-"


class Lock:
    """A lock that the system drops with the process, on a file that goes when the lock goes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self, *, wait: bool) -> bool:
        """Take the lock; False when another process holds it and ``wait`` is off."""
        while True:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            try:
                file = self._path.open("ab")
            except FileNotFoundError:  # the folder went with its last user just now
                continue
            if not _lock(file, wait):
                file.close()
                return False
            if self._is_current(file):
                self._file = file
                return True
            file.close()  # its last holder removed the file while we waited: take the new one

    def _is_current(self, file: IO[bytes]) -> bool:
        try:
            return os.path.samestat(os.fstat(file.fileno()), self._path.stat())
        except OSError:
            return False

    def release(self) -> None:
        if self._file is None:
            return
        with contextlib.suppress(OSError):
            self._path.unlink()
        self._file.close()
        self._file = None


def _lock(file: IO[bytes], wait: bool) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            while True:
                try:
                    msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
                    return True
                except OSError:  # LK_LOCK gives up after ten seconds
                    if not wait:
                        return False
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    except BlockingIOError:
        return False


class ClientReports:
    """The folder ``reports/<client>``, held by one process at a time."""

    def __init__(self, out: Path, client: str) -> None:
        self.folder = out / client
        self._made = [path for path in (self.folder, out) if not path.exists()]
        self._lock = Lock(self.folder / ".lock")

    def open(self, *, wait: bool) -> bool:
        """Take the folder and put right what a killed run left behind; False when another process has it."""
        if not self._lock.acquire(wait=wait):
            return False
        for path in self.folder.glob(f"{OLD}*"):
            home = self.folder / path.name.removeprefix(OLD)
            if home.exists():
                remove(path)
            else:  # killed between moving the old run away and the new one in
                path.rename(home)
        for path in self.folder.glob(f"{SCRATCH}*"):
            remove(path)
        return True

    def close(self) -> None:
        """Let the folder go; what was made for this run and stayed empty is removed."""
        self._lock.release()
        for folder in self._made:
            with contextlib.suppress(OSError):
                folder.rmdir()

    def scratch(self) -> Path:
        """A new folder beside the runs, that the next run removes should this one be killed."""
        made = self.folder / f"{SCRATCH}{os.getpid()}-{secrets.token_hex(4)}"
        made.mkdir()
        return made

    def publish(self, scratch: Path, run: str) -> Path:
        """Move a finished scratch folder to its place, the run of the same name giving way, in one step."""
        target = self.folder / run
        if not target.exists():
            scratch.rename(target)
        elif _swap(scratch, target):
            remove(scratch)
        else:
            old = self.folder / f"{OLD}{run}"
            remove(old)
            target.rename(old)
            scratch.rename(target)
            remove(old)
        return target

    def finished(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The runs there are with their manifests, the newest first."""
        runs = [path for path in self.folder.glob("[0-9]*") if path.is_dir() and not path.is_symlink()]
        for path in sorted(runs, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True):
            if (manifest := read_manifest(path)) is not None:
                yield path, manifest


def remove(path: Path) -> None:
    """Remove a folder with all it holds, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _swap(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, where the system can; else False and nothing is changed."""
    import ctypes

    system: str = sys.platform
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if system == "linux":
            return bool(libc.renameat2(-100, os.fsencode(one), -100, os.fsencode(other), 2) == 0)
        if system == "darwin":
            return bool(libc.renamex_np(os.fsencode(one), os.fsencode(other), 2) == 0)
    except (OSError, AttributeError, TypeError):
        pass
    return False


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """A folder for all that this process writes on the side (sockets, settings), gone at its end.

    Python's own temporary files go there too. Folders of killed processes are removed first: their lock can
    be taken.
    """
    base = Path(tempfile.gettempdir())
    for path in base.glob(f"{PRIVATE}*"):
        stale = Lock(path / "lock")
        with contextlib.suppress(OSError):
            if _ours(path) and stale.acquire(wait=False):
                remove(path)
                stale.release()
    made = Path(tempfile.mkdtemp(prefix=f".{PRIVATE}", dir=base))
    lock = Lock(made / "lock")
    lock.acquire(wait=True)
    folder = made.rename(base / made.name.removeprefix("."))  # only now may others look at its lock
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield folder
    finally:
        tempfile.tempdir = before
        remove(folder)
        lock.release()
        remove(folder)


def _ours(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and (sys.platform == "win32" or path.stat().st_uid == os.getuid())
