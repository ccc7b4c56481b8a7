"""Where things are: the project's folder, a client's folder, a client's data root and the files below it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from kesher.faults import DataRefused, Fault, ParametersRefused
from kesher.params.models import ClientParameters

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
    """The folder of the client's files, as a notebook's kernel finds it.

    ``kesher run`` and ``kesher lab`` name it in the environment, so that no saved notebook holds a path of
    the machine. Under plain papermill a relative ``data_root`` starts at the project's ``params/<client>``,
    where its ``client.yml`` stands; for a client kept elsewhere, at the working folder or its parent.

    Raises ParametersRefused when there is no such folder.
    """
    if given := os.environ.get(DATA_ROOT):
        return Path(given)
    written = Path(parameters.data_root)
    own = home() / "params" / parameters.client
    starts = [own] if own.is_dir() else [Path.cwd(), Path.cwd().parent]
    for start in starts:
        if (start / written).is_dir():
            return (start / written).resolve()
    raise ParametersRefused(
        Fault(
            "parameters",
            "missing",
            f"There is no folder {parameters.data_root!r}.",
            "It is taken relative to the folder of client.yml; kesher run finds it from anywhere.",
            column="data_root",
        )
    )


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
    shown = Path(name).name or name
    try:
        path = (root / name).resolve()
        inside = path.is_relative_to(root.resolve())
        usable, folder = inside and path.is_file(), inside and path.is_dir()
    except (OSError, ValueError, RuntimeError):  # too long a name, a NUL, links in a circle
        inside, usable, folder = True, False, False
    if not inside:
        what = "The file lies outside the client's data root."
        raise DataRefused(Fault(shown, "outside", what, "Move it below data_root; links out of it are not followed."))
    if not usable:
        what = "This is a folder, not a file." if folder else "The file is missing."
        raise DataRefused(
            Fault(shown, "missing_file", what, "Put it below data_root, or mend the parameter's spelling.")
        )
    return path
