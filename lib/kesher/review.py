"""What a run stands on: hashes of notebook, package, lock and inputs, the workbook's key, the manifest."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kesher.faults import DataRefused, Fault
from kesher.params import ClientParameters, below, home, tables
from kesher.params.explain import folders
from kesher.params.places import files_below

SCHEMA = "kesher.manifest/1"
MANIFEST = "manifest.json"
SIZE_LIMIT = 50 * 10**9  # bytes of an input; hashing takes about a second per 1.5 GB
LOCK = "requirements.lock"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
_OURS = {".py", ".toml", ".css", ".js", ".woff2", ".svg"}


@dataclass(frozen=True)
class Input:
    """A file that a workbook reads: which parameter names it, what it held when it was hashed."""

    parameter: str
    file: str  # as the parameter writes it, or the name below data/ for published tables
    sha256: str
    path: Path

    def to_json(self) -> dict[str, Any]:
        """The input as the manifest names it."""
        named = {"parameter": self.parameter, "file": self.file, "sha256": self.sha256}
        return named | {"bytes": self.path.stat().st_size, "rows": count_rows(self.path, self.file)}


def hash_file(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_json(data: Any) -> str:
    """sha256 of JSON data, the order of keys set aside."""
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def hash_notebook(notebook: Mapping[str, Any]) -> str:
    """sha256 of a notebook's source: cells' kinds, texts and tags, without outputs, ids or counts."""
    cells = [
        (cell["cell_type"], "".join(cell["source"]), sorted(cell.get("metadata", {}).get("tags", [])))
        for cell in notebook["cells"]
    ]
    return hash_json(cells)


@cache
def hash_package(package: Path = Path(__file__).parent) -> str:
    """sha256 of this package's own sources, styles and words, and of nothing that a run writes."""
    digest = hashlib.sha256()
    paths = (path for path in package.rglob("*") if path.suffix in _OURS and path.is_file())
    for path in sorted(paths, key=lambda path: path.relative_to(package).as_posix()):
        digest.update(f"{path.relative_to(package).as_posix()}\0{hash_file(path)}\n".encode())
    return digest.hexdigest()


def hash_lock() -> str | None:
    """sha256 of requirements.lock, the line endings set aside; None where there is none."""
    path = home() / LOCK
    return hashlib.sha256(path.read_text("utf-8").encode()).hexdigest() if path.is_file() else None


def inputs_of(parameters: ClientParameters, root: Path) -> list[Input]:
    """The files a workbook reads, hashed: each table its parameters name, and the published tables.

    Of a folder, where a parameter may name one, each file. Raises DataRefused with every file that is missing,
    lies outside ``root`` or is too large to be hashed.
    """
    found: list[Input] = []
    faults: list[Fault] = []
    named = {name: getattr(parameters, name) for name in tables(type(parameters))}
    for name, spec in named.items():
        try:
            if spec is not None:
                paths = files_below(root, spec) if name in folders(type(parameters)) else [below(root, spec)]
                for path in paths:
                    if path.stat().st_size > SIZE_LIMIT:
                        what = f"The file is larger than {SIZE_LIMIT // 10**9} GB."
                        raise DataRefused(Fault(path.name, "too_large", what, "Keep only the columns and rows needed."))
                    file = spec if (root / spec.partition("#")[0]).is_file() else f"{spec.rstrip('/')}/{path.name}"
                    found.append(Input(name, file, hash_file(path), path))
        except DataRefused as refused:
            faults += refused.faults
        except OSError as error:
            what = f"The file can not be read ({error.strerror or type(error).__name__})."
            faults.append(Fault(Path(spec.partition("#")[0]).name, "unreadable", what, "Check its permissions."))
    if faults:
        raise DataRefused(*dict.fromkeys(faults))
    return found + published()


def published() -> list[Input]:
    """The published figures and claims that stand beside every client's own."""
    data = home() / "data"
    paths = [*sorted(data.glob("published/*.csv")), *data.glob("claims.csv")]
    return [Input("published", path.relative_to(data).as_posix(), hash_file(path), path) for path in paths]


def portable(parameters: ClientParameters) -> dict[str, Any]:
    """The parameters as a run keeps them: plain JSON values, without a path of this machine."""
    values = parameters.model_dump(mode="json")
    root = Path(parameters.data_root)
    if root.is_absolute() or root.anchor or parameters.data_root.startswith("~"):
        values["data_root"] = "."  # the run names the folder in the environment
    return values


def workbook_key(notebook: str, parameters: ClientParameters, inputs: Iterable[Input]) -> str:
    """The key of a workbook's run: sha256 of all that its numbers depend on.

    ``notebook`` is its ``hash_notebook``. Where the data root lies and a reader's language are no part of it.
    """
    parts = {
        "notebook": notebook,
        "package": hash_package(),
        "parameters": {name: value for name, value in portable(parameters).items() if name != "data_root"},
        "inputs": sorted((item.parameter, item.file, item.sha256) for item in inputs),
        "lock": hash_lock(),
        "python": PYTHON,
    }
    return hash_json(parts)


def run_name(as_of: str, keys: Mapping[str, str]) -> str:
    """The name of a run's folder: its as-of date and 10 characters of the hash of its workbooks' keys."""
    return f"{as_of}-{hash_json(sorted(keys.values()))[:10]}"


def read_manifest(run: Path) -> dict[str, Any] | None:
    """The manifest of a run's folder; None where there is none that can be read."""
    try:
        data = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return data if isinstance(data, dict) and data.get("schema") == SCHEMA else None


def intact(run: Path, workbook: Mapping[str, Any]) -> bool:
    """Whether the files that a manifest lists for a workbook are there and unchanged."""
    files: dict[str, str] = workbook.get("files", {})
    paths = {run / name: digest for name, digest in files.items()}
    return bool(paths) and all(path.is_file() and hash_file(path) == digest for path, digest in paths.items())


def surroundings() -> dict[str, Any]:
    """What is the same for all workbooks of a run: versions, lock, commit, Python, platform."""
    return {
        "versions": _versions(),
        "lock": hash_lock(),
        "package": hash_package(),
        "commit": commit(),
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }


def _versions() -> dict[str, str]:
    """The versions of this package and of what it says it needs, as installed."""
    from importlib.metadata import PackageNotFoundError, requires, version

    try:
        needed = [text for text in requires("kesher") or () if "extra ==" not in text]
        return {name: version(name) for name in ("kesher", *(re.split(r"[^\w.-]", text)[0] for text in needed))}
    except PackageNotFoundError:  # run from its sources
        return {}


@cache
def _git(*arguments: str) -> str | None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-c", "core.fsmonitor=false", "-C", str(home()), *arguments],
            capture_output=True, text=True, timeout=10, env=environment, check=False,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def commit() -> dict[str, Any] | None:
    """The project's commit, and whether tracked files differ from it; None outside git or before one."""
    top, head = _git("rev-parse", "--show-toplevel"), _git("rev-parse", "--verify", "HEAD")
    if not head or not top or Path(top).resolve() != home().resolve():
        return None
    return {"id": head, "dirty": _git("status", "--porcelain", "--untracked-files=no") != ""}


def count_rows(path: Path, spec: str) -> int | None:
    """Rows of a table below its header, of Parquet from its footer; None for other formats.

    Meant for files that a workbook has already read, so that an unsafe one was refused before.
    """
    try:
        if path.suffix.lower() in (".csv", ".tsv", ".txt"):
            return max(0, _records(path) - 1)
        if path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods"):
            from python_calamine import CalamineWorkbook

            with CalamineWorkbook.from_path(str(path)) as book:
                sheet = spec.partition("#")[2] or book.sheet_names[0]
                return max(0, book.get_sheet_by_name(sheet).total_height - 1)
        if path.suffix.lower() == ".parquet":
            from kesher.readers.ledger.engine import parquet_rows

            return parquet_rows(path)
    except Exception:  # a count is worth no refusal
        return None
    return None


def _records(path: Path) -> int:
    with path.open("rb") as file:
        start = file.read(4096)
    delimiter = max(",;\t|", key=lambda mark: start.count(mark.encode()))
    # Byte by byte where the encoding is unknown: only quotes and line ends matter for counting.
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin-1"
    with path.open(encoding=encoding, newline="") as file:
        return sum(1 for row in csv.reader(file, delimiter=delimiter) if any(row))
