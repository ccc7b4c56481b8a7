"""Where things are: the project's folder, a client's folder, a client's data root and the files below it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from kesher.faults import DataRefused, Fault, ParametersRefused
from kesher.params.client import ClientParameters

HOME = "KESHER_HOME"
DATA_ROOT = "KESHER_DATA_ROOT"
LANGUAGE = "KESHER_LANGUAGE"


def home() -> Path:
    """The project's folder: ``$KESHER_HOME``, else around this package, else the working folder or above."""
    if given := os.environ.get(HOME):
        return Path(given).resolve()
    here = Path.cwd()
    for folder in (Path(__file__).resolve().parents[3], here, here.parent):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    return here


def client_root(parameters: ClientParameters) -> Path:
    """The folder of the client's files, as a notebook's kernel finds it; ParametersRefused when there is none.

    ``kesher run`` and ``kesher lab`` name it in the environment, so that no saved notebook holds a path of
    the machine. Under plain papermill a relative ``data_root`` starts at the project's ``params/<client>``,
    where its ``client.yml`` stands; for a client kept elsewhere, at the working folder or its parent.
    """
    if given := os.environ.get(DATA_ROOT):
        return Path(given)
    own = home() / "params" / parameters.client
    for start in [own] if own.is_dir() else [Path.cwd(), Path.cwd().parent]:
        with contextlib.suppress(OSError, ValueError, RuntimeError):  # as in ``below``
            if (start / parameters.data_root).is_dir():
                return (start / parameters.data_root).resolve()
    what = f"There is no folder {parameters.data_root!r}."
    remedy = "It is taken relative to the folder of client.yml; kesher run finds it from anywhere."
    raise ParametersRefused(Fault("parameters", "missing", what, remedy, column="data_root"))


@contextlib.contextmanager
def rooted(root: Path) -> Iterator[None]:
    """Within: this process finds the client's files as a kernel of ``kesher run`` does."""
    before = os.environ.get(DATA_ROOT)
    os.environ[DATA_ROOT] = str(root)
    try:
        yield
    finally:
        del os.environ[DATA_ROOT]
        if before is not None:
            os.environ[DATA_ROOT] = before


def below(root: Path, spec: str) -> Path:
    """The file that ``spec`` (``file.csv`` or ``file.xlsx#sheet``) names below ``root``, links followed.

    Raises DataRefused when it lies elsewhere, is missing or is not a file.
    """
    name = spec.partition("#")[0]
    what, remedy = "The file is missing.", "Put it below data_root, or mend the parameter's spelling."
    with contextlib.suppress(OSError, ValueError, RuntimeError):  # too long a name, a NUL, links in a circle
        path = (root / name).resolve()
        if not path.is_relative_to(root.resolve()):
            what = "The file lies outside the client's data root."
            remedy = "Move it below data_root; links out of it are not followed."
        elif path.is_file():
            return path
        elif path.is_dir():
            what = "This is a folder, not a file."
    kind = "outside" if "outside" in what else "missing_file"
    raise DataRefused(Fault(Path(name).name or name, kind, what, remedy))


def files_below(root: Path, spec: str) -> list[Path]:
    """The file that ``spec`` names below ``root``, or the files of the folder it names, sorted; as ``below``.

    Hidden files are left out. Raises DataRefused, also for a folder without files.
    """
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        folder = (root / spec).resolve()
        if folder.is_dir() and folder.is_relative_to(root.resolve()):
            names = sorted(entry.name for entry in (root / spec).iterdir() if not entry.name.startswith((".", "~$")))
            files = [below(root, f"{spec.rstrip('/')}/{name}") for name in names if not (folder / name).is_dir()]
            if not files:
                raise DataRefused(Fault(folder.name, "empty_folder", "The folder holds no files.", "Put them there."))
            return files
    return [below(root, spec)]
