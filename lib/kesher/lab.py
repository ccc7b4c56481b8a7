"""JupyterLab on copies of the workbooks below a client's data root, filled with that client's parameters."""

from __future__ import annotations

import ast
import datetime
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kesher import review
from kesher.faults import DataRefused, Fault
from kesher.params import Client, home, open_client
from kesher.params.places import DATA_ROOT, HOME, LANGUAGE
from kesher.run.outputs import notebook_text

FRONT_DOOR = "start"


def open_lab(client: str, *, language: str, port: int, browser: bool, tell: Callable[[str], None]) -> int:
    """Make the copies and run JupyterLab on their folder until it is closed; its exit status.

    Raises UsageRefused, ParametersRefused and DataRefused before anything is written.
    """
    opened = open_client(client)
    folder = lab_folder(opened)
    for path in make_copies(opened, folder):
        tell(f"{opened.name}: {path.name} is new in {folder}")
    front = folder / f"{FRONT_DOOR}.ipynb"
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={folder}", f"--ServerApp.port={port}"]
    command += ["--LabApp.news_url=None", "--ServerApp.ip=127.0.0.1", "--ServerApp.allow_remote_access=False"]
    command += [f"--LabApp.default_url=/lab/tree/{front.name}"] if front.exists() else []
    command += [] if browser else ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # else JupyterLab refuses to start for root, as in a container
    environment = os.environ | {HOME: str(home()), DATA_ROOT: str(opened.root), LANGUAGE: language}
    server = subprocess.Popen(command, cwd=folder, env=environment)
    try:
        return server.wait()
    except BaseException:
        server.terminate()
        server.wait(timeout=30)
        raise


def lab_folder(client: Client) -> Path:
    """Where a client's copies live: below its data root, so that they never enter the repository.

    Raises DataRefused when a link would take them elsewhere.
    """
    if client.root.is_relative_to(home()):  # the sample client's data are in the repository
        return home() / "reports" / "lab" / client.name
    folder = client.root / "workbooks"
    if not folder.resolve().is_relative_to(client.root.resolve()):
        what = "This folder of the data root is a link that leads out of it."
        raise DataRefused(Fault(folder.name, "outside", what, "Remove the link; a folder is made in its place."))
    return folder


def make_copies(client: Client, folder: Path) -> list[Path]:
    """Copy the client's workbooks and the front door into ``folder``; the copies that are new.

    A copy made earlier from the same workbook and parameters is left as it is, with what was done in it. When
    either has changed since, a new copy gets a name of its own; nothing is overwritten.
    """
    folder.mkdir(parents=True, exist_ok=True)
    new: list[Path] = []
    for name in (*client.workbooks, FRONT_DOOR):
        source = home() / "notebooks" / f"{name}.ipynb"
        if not source.is_file():
            continue
        notebook = json.loads(source.read_text(encoding="utf-8"))
        for cell in notebook["cells"]:
            if cell["cell_type"] == "code":
                cell["outputs"], cell["execution_count"] = [], None  # the stored ones are the sample client's
            if name in client.workbooks and "parameters" in cell["metadata"].get("tags", []):
                cell["source"] = filled("".join(cell["source"]), review.portable(client.workbooks[name]))
        origin = review.hash_notebook(notebook)
        if any(_origin(path) == origin for path in folder.glob(f"{name}*.ipynb")):
            continue
        notebook["metadata"]["kesher"] = {"copied_from": origin, "workbook": name}
        path = _free(folder, name)
        path.write_text(notebook_text(notebook), encoding="utf-8", newline="\n")
        new.append(path)
    return new


def _origin(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))["metadata"]["kesher"]["copied_from"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _free(folder: Path, name: str) -> Path:
    dated = f"{name}-{datetime.date.today().isoformat()}"
    names = itertools.chain((name, dated), (f"{dated}-{number}" for number in itertools.count(2)))
    return next(path for path in (folder / f"{free}.ipynb" for free in names) if not path.exists())


def filled(source: str, values: Mapping[str, Any]) -> str:
    """Python source with the values of its plain assignments replaced, its comments and order kept.

    >>> filled("seed = 1  # any whole number", {"seed": 7})
    'seed = 7  # any whole number'
    """
    lines = source.splitlines(keepends=True)
    for node in reversed(ast.parse(source).body):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
            continue
        target, value = node.targets[0] if isinstance(node, ast.Assign) else node.target, node.value
        if isinstance(target, ast.Name) and target.id in values:
            first, last = value.lineno - 1, (value.end_lineno or value.lineno) - 1
            head = lines[first].encode()[: value.col_offset].decode()  # offsets count bytes
            tail = lines[last].encode()[value.end_col_offset :].decode()
            lines[first : last + 1] = [head + repr(values[target.id]) + tail]
    return "".join(lines)
