"""Reading a folder of the networks' exports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Literal

import numpy as np
import pandas as pd

from kesher.faults import DataRefused, Fault
from kesher.readers.findings import Findings
from kesher.readers.opening import DataRoot
from kesher.readers.platforms.figures import Span, Told, told_by
from kesher.readers.platforms.merging import days_of_networks, periods_of, posts_of, source_of
from kesher.readers.platforms.outcomes import outcomes_of
from kesher.readers.platforms.tables import File, is_nothing, open_file
from kesher.readers.platforms.told import Exports
from kesher.readers.tidy import SourceReport

MAX_DEPTH = 4  # folders below the one named
POSTS = ["network", "day", "kind", "impressions", "reach", "interactions", "clicks"]
_UNKNOWN = "the file is no export this program knows, by its headers; it was not used."


@dataclass(frozen=True)
class _Read:
    """One file, what its tables tell, and why it could not be read where it is no table at all."""

    findings: Findings
    file: File | None
    tables: list[Told]
    why: DataRefused | None = None

    @property
    def known(self) -> bool:
        return self.file is not None and bool(self.file.tables)


def read_exports(
    root: DataRoot,
    spec: str,
    *,
    as_of: date,
    since: date | None = None,
    day_first: Literal["auto", "yes", "no"] = "auto",
    encoding: str = "auto",
) -> Exports:
    """Read an export, or all exports in a folder and the folders in it, below the root.

    Networks are recognised by headers, never by names of files. A file that is no table, or no export we know, is
    noted and left out. Raises DataRefused with the faults of all files together, and where no file is an export.
    """
    span = Span(since, as_of, day_first)
    read: list[_Read] = []
    faults: list[Fault] = []
    names, left = _names(root, spec)
    for name in names:
        try:
            read.append(_read(root, name, span, encoding))
        except DataRefused as refused:
            faults += refused.faults
    unread = list(map(_left_out, left))
    if not faults and not any(one.known for one in read):
        faults = _none_known(spec, read + unread)
    tables = [told for one in read for told in one.tables]
    currencies = sorted({told.currency for told in tables if told.currency})
    if len(currencies) > 1:
        what = f"Exports of advertisements are in {len(currencies)} currencies."
        faults.append(Fault(Findings(spec).file, "mixed_currencies", what, "Export them again in one."))
    if faults:
        raise DataRefused(*faults)
    by = {source: [told for told in tables if source_of(told) == source] for source in ("posts", "page", "ads", "web")}
    posts, daily = posts_of(by["posts"]), days_of_networks(by["page"])
    outcomes, by_day = outcomes_of(tables, posts, daily, {source: periods_of(by[source]) for source in ("ads", "web")})
    posts = posts[POSTS].sort_values(["network", "day"], kind="stable", ignore_index=True)
    posts["day"] = posts["day"].astype("datetime64[s]")
    return Exports(outcomes, by_day, posts, _files(read), tuple(map(_report, read + unread)), (*currencies, None)[0])


def _names(root: DataRoot, spec: str, depth: int = 0) -> tuple[list[str], list[str]]:
    """The files of a folder and the folders in it, and the folders left out: links, and those too deep."""
    try:
        folder = root.path / spec.rstrip("/")
        inside = sorted(folder.iterdir()) if ".." not in spec and "\0" not in spec and folder.is_dir() else []
        folders = [one.name for one in inside if one.is_dir() and not one.name.startswith(".")]
        linked = {one.name for one in inside if one.is_symlink()}
        found = root.names(spec)
    except OSError:
        remedy = "Check its name and rights."
        raise Findings(spec).refused("unreadable", "The folder can not be opened.", remedy) from None
    except DataRefused as refused:
        if refused.faults[0].kind != "empty_folder" or not (folders or depth):
            raise
        found = []
    left = []
    for name in (f"{spec.rstrip('/')}/{folder}" for folder in folders):
        if depth == MAX_DEPTH or PurePosixPath(name).name in linked:
            left.append(name)
            continue
        files, others = _names(root, name, depth + 1)
        found, left = found + files, left + others
    if not (found or left or depth):
        raise Findings(spec).refused("empty_folder", "The folder holds no files.", "Put the exports there.")
    return found, left


def _left_out(name: str) -> _Read:
    """A folder whose files were not looked at, so that nobody takes them for read."""
    findings = Findings(name)
    what, remedy = "The folder is a link or lies too deep; its files were not read.", "Move them up, as files."
    findings.note("folder_left_out", 1, f"{what} {remedy}")
    return _Read(findings, None, [], findings.refused("folder_left_out", what, remedy))


def _read(root: DataRoot, name: str, span: Span, encoding: str) -> _Read:
    try:
        file = open_file(root, name, encoding)
    except DataRefused as refused:
        if not is_nothing(refused):
            raise
        findings, fault = Findings(name), refused.faults[0]
        findings.note(f"not_read_{fault.kind}", 1, f"{fault.what} {fault.remedy}")
        return _Read(findings, None, [], refused)
    if not file.tables:
        file.findings.note("unknown_export", 1, _UNKNOWN)
    tables, sources = [], any(table.shape.code == "ga4_sources" for table in file.tables)
    seen: set[str] = set()
    for table in file.tables:
        code = table.shape.code
        if code.startswith("ga4") and (code in seen or (sources and code == "ga4_channels")):
            file.findings.note("further_table", 1, "a further table tells the same visits; it was not read.")
            continue
        seen.add(code)
        tables.append(told_by(table, span))
    return _Read(file.findings, file, tables)


def _none_known(spec: str, read: Sequence[_Read]) -> list[Fault]:
    """Why no file is an export: their own faults where they have any."""
    faults = [fault for one in read if one.why for fault in one.why.faults]
    unknown = sum(one.why is None for one in read)
    if unknown:
        what = f"None of the {unknown:,} files is an export of a network that this program knows."
        remedy = "Export posts or daily figures from the network's own page of statistics and leave the headers as are."
        faults.append(Fault(Findings(spec).file, "no_export", what, remedy))
    return faults


def _files(read: Sequence[_Read]) -> pd.DataFrame:
    """One row per table of a file; a file without any is of the shape "unknown"."""
    rows: list[tuple[object, ...]] = []
    for one in read:
        for told in one.tables:
            day = told.frame["day"].dropna()
            end = told.frame["end"].dropna() if len(day) else day
            span = (day.min(), end.max()) if len(day) else (pd.NaT, pd.NaT)
            rows.append((one.findings.file, told.network, told.shape.code, told.rows, *span, told.currency or ""))
        if not one.tables:
            rows.append((one.findings.file, "", "unknown", 0, pd.NaT, pd.NaT, ""))
    frame = pd.DataFrame(rows, columns=["file", "network", "shape", "rows", "first_day", "last_day", "currency"])
    return frame.astype({"first_day": "datetime64[s]", "last_day": "datetime64[s]", "rows": np.int64})


def _report(one: _Read) -> SourceReport:
    notes = tuple(one.findings.notes)
    if one.file is None or not one.file.grids:
        return SourceReport(one.findings.file, "", "unknown", "nothing was recognised", "", 0, 0, notes)
    grid, found = one.file.grids[0], one.file.tables
    shapes = "+".join(dict.fromkeys(table.shape.code for table in found)) or "unknown"
    how = f"headers in row {found[0].grid.first_row}" if found else "no known headers"
    rows, columns = sum(told.rows for told in one.tables), max((len(table.header) for table in found), default=0)
    return SourceReport(one.findings.file, grid.sha256, shapes, how, grid.encoding, rows, columns, notes)
