"""Where runs are written: one lock per client, a scratch folder, and one rename that publishes it whole."""

from __future__ import annotations

import contextlib
import ctypes
import os
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
        while self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(FileNotFoundError):  # the folder went with its last user just now
                file = self._path.open("ab")
                if not _lock(file, wait):
                    file.close()
                    return False
                if self._path.exists() and os.path.samestat(os.fstat(file.fileno()), self._path.stat()):
                    self._file = file
                else:
                    file.close()  # its last holder removed the file while we waited: take the new one
        return True

    def release(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
            self._file.close()
            self._file = None


def _lock(file: IO[bytes], wait: bool) -> bool:
    while True:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(file.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except OSError as error:
            if not isinstance(error, BlockingIOError) and sys.platform != "win32":
                raise
            if not wait:  # else Windows gave up after ten seconds, as it does
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
            if not home.exists():  # killed between moving the old run away and the new one in
                path.rename(home)
            remove(path)
        self._clear()
        return True

    def close(self) -> None:
        """Let the folder go; what was not published goes, and what was made for this run and stayed empty."""
        self._clear()
        self._lock.release()
        for folder in self._made:
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _clear(self) -> None:
        for path in self.folder.glob(f"{SCRATCH}*"):
            remove(path)

    def scratch(self) -> Path:
        """A new folder beside the runs, that the next run removes should this one be killed."""
        made = self.folder / f"{SCRATCH}{os.getpid()}"
        made.mkdir()
        return made

    def publish(self, scratch: Path, run: str) -> Path:
        """Move a finished scratch folder to its place, the run of the same name giving way, in one step."""
        target, old = self.folder / run, self.folder / f"{OLD}{run}"
        if not target.exists():
            scratch.rename(target)
        elif _swap(scratch, target):
            remove(scratch)
        else:
            target.rename(old)
            scratch.rename(target)
            remove(old)
        return target

    def finished(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The runs there are with their manifests."""
        for path in sorted(self.folder.glob("[0-9]*")):
            if not path.is_symlink() and (manifest := read_manifest(path)) is not None:
                yield path, manifest


def remove(path: Path) -> None:
    """Remove a folder with all it holds, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _swap(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, where the system can; else False and nothing is changed."""
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
            ours = sys.platform == "win32" or path.lstat().st_uid == os.getuid()
            if ours and path.is_dir() and not path.is_symlink() and stale.acquire(wait=False):
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
