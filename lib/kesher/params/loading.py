"""A client's parameters from its folder and the command line, merged, checked, every fault told at once."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ValidationError

from kesher.faults import Fault, ParametersRefused, UsageRefused
from kesher.params.explain import fault_of, nearest, unknown, written
from kesher.params.models import WORKBOOKS, ClientParameters
from kesher.params.places import home
from kesher.params.strict_yaml import Scalar, read_mapping, read_value

CLIENT_FILE = "client.yml"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
# One report speaks of one client at one date: these may not differ between its workbooks.
SHARED = ("client", "name_en", "name_he", "illustrative", "country", "currency", "vat", "as_of", "data_root")

Registry = Mapping[str, type[ClientParameters]]


@dataclass(frozen=True)
class Given:
    """A value and the place that gave it: a file and line, or the command line."""

    value: Scalar | list[Scalar]
    where: str
    row: int | None = None


@dataclass(frozen=True)
class Client:
    """A client whose parameters hold: its folder, its data root (resolved), each workbook's parameters."""

    name: str
    folder: Path
    root: Path
    as_of: str
    workbooks: dict[str, ClientParameters]


@dataclass(frozen=True)
class Overrides:
    """Values given on the command line, by workbook (``client`` means all of them) and name."""

    values: dict[str, dict[str, Given]] = field(default_factory=dict)

    def of(self, workbook: str) -> dict[str, Given]:
        return self.values.get("client", {}) | self.values.get(workbook, {})


def read_overrides(settings: Sequence[str] = (), file: Path | None = None, registry: Registry = WORKBOOKS) -> Overrides:
    """Overrides from ``WORKBOOK.key=value`` texts and a file of ``WORKBOOK.key: value`` lines; the texts win.

    Raises UsageRefused for a text of another form, ParametersRefused for unknown names and bad YAML.
    """
    given: dict[str, Given] = {}
    faults: list[Fault] = []
    if file is not None:
        entries, faults = read_mapping(file)
        given = {target: Given(entry.value, file.name, entry.row) for target, entry in entries.items()}
    for text in settings:
        target, equals, value = text.partition("=")
        if not equals:
            raise UsageRefused(Fault("--set", "usage", f"{text!r} lacks '='.", "Write WORKBOOK.key=value."))
        try:
            given[target.strip()] = Given(read_value(value), "--set")
        except ValueError as error:
            faults.append(Fault("--set", "syntax", str(error), "", column=target.strip()))
    found: dict[str, dict[str, Given]] = {}
    for target, entry in given.items():
        workbook, dot, name = target.partition(".")
        model = ClientParameters if workbook == "client" else registry.get(workbook)
        if not dot or model is None:
            remedy = f"Write WORKBOOK.key. {nearest(workbook, ['client', *registry])}"
            faults.append(Fault(entry.where, "unknown name", f"{target!r} names no workbook.", remedy, entry.row))
        elif name not in model.model_fields:
            faults.append(unknown(name, model.model_fields, entry.where, entry.row))
        else:
            found.setdefault(workbook, {})[name] = entry
    if faults:
        raise ParametersRefused(*faults)
    return Overrides(found)


def client_folder(given: str) -> Path:
    """The folder that CLIENT on the command line means: a name under ``params/``, or a path to such a folder.

    Raises UsageRefused when there is none.
    """
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
    folder: str | Path,
    workbooks: Sequence[str] = (),
    overrides: Overrides | None = None,
    registry: Registry = WORKBOOKS,
) -> dict[str, ClientParameters]:
    """The typed parameters of a client's workbooks, by workbook: those named, or all it has a file for.

    ``folder`` is a name under ``params/`` or a path. Raises ParametersRefused with every fault found, and
    UsageRefused for a client or a workbook that does not exist.
    """
    return open_client(folder, workbooks, overrides, registry).workbooks


def open_client(
    folder: str | Path,
    workbooks: Sequence[str] = (),
    overrides: Overrides | None = None,
    registry: Registry = WORKBOOKS,
) -> Client:
    """The client in a folder with its data root; arguments and errors as for ``load_client``."""
    place = client_folder(str(folder))
    for name in workbooks:
        if name not in registry:
            raise UsageRefused(Fault("-w", "usage", f"There is no workbook {name!r}.", nearest(name, registry)))
    wanted = list(dict.fromkeys(workbooks)) or [name for name in registry if (place / f"{name}.yml").is_file()]
    common, faults = _given(place / CLIENT_FILE, ClientParameters)
    faults += _stray_files(place, registry)
    if not wanted:
        remedy = f"Copy {' or '.join(f'{name}.yml' for name in registry)} from params/_template and fill it in."
        faults.append(Fault(place.name, "missing", "The client's folder has no workbook's file.", remedy))
    models: dict[str, ClientParameters] = {}
    for name in wanted or [""]:
        model = registry.get(name, ClientParameters)
        own, wrong = _given(place / f"{name}.yml", model) if name else ({}, [])
        faults += wrong
        given = common | own | (overrides or Overrides()).of(name)
        try:
            models[name] = model.model_validate({key: entry.value for key, entry in given.items()})
        except ValidationError as error:
            faults += _faults(error, model, given, f"{name}.yml")
    faults += _shared_faults(models)
    root, wrong = _root(place, common, models)
    faults += wrong
    if faults:
        raise ParametersRefused(*dict.fromkeys(faults))
    first = models[wanted[0]]
    return Client(first.client, place, root, first.as_of, models)


def _given(path: Path, model: type[ClientParameters]) -> tuple[dict[str, Given], list[Fault]]:
    """The known names of a parameter file with their values, and faults for the rest."""
    entries, faults = read_mapping(path)
    known: dict[str, Given] = {}
    for name, entry in entries.items():
        if name in model.model_fields:
            known[name] = Given(entry.value, path.name, entry.row)
        else:
            faults.append(unknown(name, model.model_fields, path.name, entry.row))
    return known, faults


def _faults(
    error: ValidationError, model: type[ClientParameters], given: Mapping[str, Given], own: str
) -> Iterator[Fault]:
    for detail in error.errors(include_url=False):
        name = str(detail["loc"][0]) if detail["loc"] else ""
        if name in given:
            yield fault_of(detail, model, given[name].where, given[name].row)
        else:
            missing_from = CLIENT_FILE if name in ClientParameters.model_fields else own
            yield fault_of(detail, model, missing_from if name else "parameters")


def _stray_files(place: Path, registry: Registry) -> Iterator[Fault]:
    """A misspelt file name would leave a workbook out in silence."""
    known = [CLIENT_FILE, *(f"{name}.yml" for name in registry)]
    for path in sorted(place.iterdir()):
        if path.suffix.lower() in (".yml", ".yaml") and path.name not in known and not path.name.startswith("."):
            yield Fault(path.name, "unknown name", "No workbook is called so.", nearest(path.name, known))


def _shared_faults(models: Mapping[str, ClientParameters]) -> Iterator[Fault]:
    for name in SHARED:
        if len({getattr(model, name) for model in models.values()}) > 1:
            what = f"The workbooks {', '.join(models)} are given different values."
            yield Fault("parameters", "contradiction", what, f"Give it in {CLIENT_FILE} only.", column=name)


def _root(place: Path, common: Mapping[str, Given], models: Mapping[str, ClientParameters]) -> tuple[Path, list[Fault]]:
    """The data root, resolved; checked even when other parameters are refused."""
    faults: list[Fault] = []
    model = next(iter(models.values()), None)
    client = model.client if model else common["client"].value if "client" in common else place.name
    if client != place.name:
        what = f"The client is called {client!r} but its folder {place.name!r}."
        row = common["client"].row if "client" in common else None
        faults.append(Fault(CLIENT_FILE, "contradiction", what, "Rename one of them.", row, "client"))
    path = model.data_root if model else common["data_root"].value if "data_root" in common else None
    if not isinstance(path, str) or not path:
        return place, faults  # already told by the model
    root = (place / path).resolve()
    if not root.is_dir():
        row = common["data_root"].row if "data_root" in common else None
        what = f"There is no folder {path!r}."
        remedy = "Make it, or mend the path; it is relative to the folder of client.yml."
        faults.append(Fault(CLIENT_FILE, "missing", what, remedy, row, "data_root"))
    return root, faults
