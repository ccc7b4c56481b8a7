"""A client's parameters from its folder, the command line or a notebook: merged, checked, every fault told at once."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kesher.faults import Fault, ParametersRefused, UsageRefused
from kesher.params.explain import fault_of, nearest, unknown, written
from kesher.params.models import WORKBOOKS, ClientParameters
from kesher.params.places import home
from kesher.params.strict_yaml import Given, read_mapping, read_value

CLIENT_FILE = "client.yml"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
# One report speaks of one client at one date: these may not differ between its workbooks.
SHARED = ("client", "name_en", "name_he", "illustrative", "country", "currency", "vat", "as_of", "data_root")
# What papermill or a person may have put into a notebook's names, and what IPython puts there.
_PLAIN = (str, int, float, bool, list, tuple, dict, set, datetime.date, type(None))
_IPYTHON = {"In", "Out", "exit", "quit", "get_ipython", "open", "display"}
_CHECKED = "_kesher_names_checked"


@dataclass(frozen=True)
class Client:
    """A client whose parameters hold: its folder, its data root (resolved), each workbook's parameters."""

    folder: Path
    root: Path
    workbooks: dict[str, ClientParameters]

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def as_of(self) -> str:
        return next(iter(self.workbooks.values())).as_of


@dataclass(frozen=True)
class Overrides:
    """Values given on the command line, by workbook (``client`` means all of them) and name."""

    values: dict[str, dict[str, Given]] = field(default_factory=dict)

    def of(self, workbook: str) -> dict[str, Given]:
        return self.values.get("client", {}) | self.values.get(workbook, {})


def read_overrides(settings: Sequence[str] = (), file: Path | None = None) -> Overrides:
    """Overrides from ``WORKBOOK.key=value`` texts and a file of ``WORKBOOK.key: value`` lines; the texts win.

    Raises UsageRefused for a text of another form, ParametersRefused for unknown names and bad YAML.
    """
    given, faults = read_mapping(file) if file is not None else ({}, [])
    for text in settings:
        target, equals, value = text.partition("=")
        if not equals:
            raise UsageRefused(Fault("--set", "usage", f"{text!r} lacks '='.", "Write WORKBOOK.key=value."))
        try:
            given[target.strip()] = Given(read_value(value), "--set")
        except ValueError as error:
            faults.append(Fault("--set", "syntax", str(error), "", column=target.strip()))
    models = {"client": ClientParameters} | WORKBOOKS
    found: dict[str, dict[str, Given]] = {}
    for target, entry in given.items():
        workbook, dot, name = target.partition(".")
        if not dot or workbook not in models:
            remedy = f"Write WORKBOOK.key. {nearest(workbook, models)}"
            faults.append(Fault(entry.where, "unknown name", f"{target!r} names no workbook.", remedy, entry.row))
        elif name not in (known := models[workbook].model_fields):
            faults.append(unknown(name, known, entry.where, entry.row))
        else:
            found.setdefault(workbook, {})[name] = entry
    if faults:
        raise ParametersRefused(*faults)
    return Overrides(found)


def client_folder(given: str) -> Path:
    """The folder that CLIENT means: a name under ``params/``, or a path; UsageRefused when there is none."""
    params = home() / "params"
    if NAME.fullmatch(given) and (params / given).is_dir():
        return params / given
    try:
        path = Path(os.path.abspath(Path(given).expanduser()))  # noqa: PTH100 - a link keeps its own name
        if given.strip() and path.is_dir():
            return path
    except (OSError, ValueError, RuntimeError):
        pass  # not a path at all
    known = sorted(entry.name for entry in params.glob("*/") if NAME.fullmatch(entry.name))
    remedy = nearest(given, known) if known else "Make its folder under params/ from params/_template."
    raise UsageRefused(Fault("CLIENT", "usage", f"There is no client {written(given)}.", remedy))


def load_client(
    folder: str | Path, workbooks: Sequence[str] = (), overrides: Overrides | None = None
) -> dict[str, ClientParameters]:
    """The typed parameters of a client's workbooks, as ``open_client`` reads them."""
    return open_client(folder, workbooks, overrides).workbooks


def open_client(folder: str | Path, workbooks: Sequence[str] = (), overrides: Overrides | None = None) -> Client:
    """A client with the parameters of the workbooks named, or of all it has a file for.

    ``folder`` is a name under ``params/`` or a path. Raises ParametersRefused with every fault found, and
    UsageRefused for a client or a workbook that does not exist.
    """
    place = client_folder(str(folder))
    for name in workbooks:
        if name not in WORKBOOKS:
            raise UsageRefused(Fault("-w", "usage", f"There is no workbook {name!r}.", nearest(name, WORKBOOKS)))
    wanted = list(dict.fromkeys(workbooks)) or [name for name in WORKBOOKS if (place / f"{name}.yml").is_file()]
    common, faults = _given(place / CLIENT_FILE, ClientParameters)
    faults += _stray_files(place)
    if not wanted:
        remedy = f"Copy {' or '.join(f'{name}.yml' for name in WORKBOOKS)} from params/_template and fill it in."
        faults.append(Fault(place.name, "missing", "The client's folder has no workbook's file.", remedy))
    found: dict[str, ClientParameters] = {}
    for name in wanted or ["client"]:
        model = WORKBOOKS.get(name, ClientParameters)
        own, wrong = _given(place / f"{name}.yml", model)
        given = common | own | (overrides or Overrides()).of(name)
        faults += [*wrong, *_misplaced(place, given)]
        try:
            found[name] = model.model_validate({key: entry.value for key, entry in given.items()})
        except ValidationError as error:
            faults += _faults(error, model, given, f"{name}.yml")
    faults += _differing(found)
    if faults:
        raise ParametersRefused(*dict.fromkeys(faults))
    return Client(place, (place / found[wanted[0]].data_root).resolve(), found)


def _given(path: Path, model: type[ClientParameters]) -> tuple[dict[str, Given], list[Fault]]:
    """The known names of a parameter file with their values, and faults for the rest."""
    entries, faults = read_mapping(path)
    known = model.model_fields
    faults += [unknown(name, known, path.name, entry.row) for name, entry in entries.items() if name not in known]
    return {name: entry for name, entry in entries.items() if name in known}, faults


def _faults(
    error: ValidationError, model: type[ClientParameters], given: Mapping[str, Given], own: str
) -> Iterator[Fault]:
    for detail in error.errors(include_url=False):
        name = str(detail["loc"][0]) if detail["loc"] else ""
        lacking = CLIENT_FILE if name in ClientParameters.model_fields else own if name else "parameters"
        entry = given.get(name, Given(None, lacking))
        yield fault_of(detail, model, entry.where, entry.row)


def _stray_files(place: Path) -> Iterator[Fault]:
    """A misspelt file name would leave a workbook out in silence."""
    known = [CLIENT_FILE, *(f"{name}.yml" for name in WORKBOOKS)]
    for path in sorted(place.glob("[!.]*")):
        if path.suffix.lower() in (".yml", ".yaml") and path.name not in known:
            yield Fault(path.name, "unknown name", "No workbook is called so.", nearest(path.name, known))


def _misplaced(place: Path, given: Mapping[str, Given]) -> Iterator[Fault]:
    """The folder's name and the data root, looked at even when other parameters are refused."""
    client, root = given.get("client"), given.get("data_root")
    if client is not None and client.value != place.name:
        what = f"The client is called {client.value!r} but its folder {place.name!r}."
        yield Fault(client.where, "contradiction", what, "Rename one of them.", client.row, "client")
    if root is not None and isinstance(root.value, str):
        try:
            found = (place / root.value).resolve(strict=True)
            there = found.is_dir()
        except (OSError, ValueError, RuntimeError):  # too long a name, a NUL, links in a circle
            there = False
        if not there:
            remedy = "Make it, or mend the path; it is relative to the folder of client.yml."
            what = f"There is no folder {written(root.value)}."
            yield Fault(root.where, "missing", what, remedy, root.row, "data_root")
        elif whose := _never_a_client(found):
            what = f"{written(root.value)} is {whose}."
            remedy = "Name a folder that holds this client's files only."
            yield Fault(root.where, "not allowed", what, remedy, root.row, "data_root")


def _never_a_client(folder: Path) -> str:
    """What a folder is that holds more than one client's files; empty for any other."""
    if folder == folder.parent:
        return "the root of the file system"
    if folder == home().resolve():
        return "the project's own folder"
    with contextlib.suppress(OSError, RuntimeError):  # there may be no home folder
        return "your home folder" if folder == Path.home().resolve() else ""
    return ""


def _differing(found: Mapping[str, ClientParameters]) -> Iterator[Fault]:
    for name in SHARED:
        if len({getattr(model, name) for model in found.values()}) > 1:
            what = f"The workbooks {', '.join(found)} are given different values."
            yield Fault("parameters", "contradiction", what, f"Give it in {CLIENT_FILE} only.", column=name)


def parameters(workbook: str, namespace: MutableMapping[str, Any]) -> Any:
    """The typed parameters of ``workbook`` from a notebook's ``globals()``.

    On a kernel's first call a plain value under a name that is no parameter is refused, so that a misspelt
    name given to papermill does not pass for the default; later cells may make names of their own.
    Raises ParametersRefused with every fault found.
    """
    model = WORKBOOKS[workbook]
    known = model.model_fields
    faults = []
    if _CHECKED not in namespace:
        plain = [name for name, value in namespace.items() if isinstance(value, _PLAIN) and not name.startswith("_")]
        faults = [unknown(name, known) for name in plain if name not in known and name not in _IPYTHON]
    try:
        found = model.model_validate({name: namespace[name] for name in known if name in namespace})
    except ValidationError as error:
        faults += [fault_of(detail, model) for detail in error.errors(include_url=False)]
    if faults:
        raise ParametersRefused(*faults)
    namespace[_CHECKED] = True
    return found
