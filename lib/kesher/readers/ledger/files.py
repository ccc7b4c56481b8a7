"""Opening the files of a ledger: the wanted columns of a text file or a sheet, each as its distinct cells."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers.findings import Findings, nearest
from kesher.readers.grid import Grid, open_grid
from kesher.readers.ledger.engine import Engine, open_parquet, quote, refusals
from kesher.readers.ledger.values import has_hebrew, is_visual, logical
from kesher.readers.opening import DataRoot
from kesher.readers.structure import Structure, head_rows, scan
from kesher.readers.text import header_key
from kesher.readers.tidy import SourceReport

MAX_FOOTERS = 5  # lines of another width at a file's end, such as "exported on ..."
_POSITION = re.compile(r"column (\d{1,5})\Z")
_BLANKS = re.compile(rb"[ \t]+")

Accepted = Mapping[str, Sequence[str]]
"""The columns wanted: our name for each, and the headers it may have in the file."""


@dataclass(frozen=True)
class Sheet:
    """The wanted columns of one file, each a category of text cells ("" is blank), by our names for them.

    ``rows`` are row numbers in the file; ``records`` tells whole rows apart, unmapped columns included;
    ``headers`` gives each column's name in the file.
    """

    columns: dict[str, pd.Categorical]
    rows: NDArray[np.int64]
    records: NDArray[np.int64]
    headers: dict[str, str]
    source: SourceReport
    findings: Findings

    def cells(self, name: str) -> list[str]:
        """The distinct cells of a column."""
        return [str(cell) for cell in self.columns[name].categories]

    def spread(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        """A value of each distinct cell, for each row."""
        return values[np.asarray(self.columns[name].codes)]

    def report(self) -> SourceReport:
        """The source with all notes taken meanwhile."""
        return replace(self.source, notes=tuple(self.findings.notes))


def match_headers(
    findings: Findings, names: Sequence[str], accepted: Accepted, needed: Sequence[str], row: int | None = None
) -> tuple[dict[str, int], bool]:
    """Where each wanted column is; whether headers are Hebrew in visual order. Faults go to ``findings``."""
    places, visual, twice = _match(names, accepted)
    for wanted in twice:
        column, what = accepted[wanted][0], "Two columns have the header that this one is looked for by."
        findings.wrong("ambiguous_column", what, "Rename all but one, or take them out.", column, row)
    for wanted in needed:
        if wanted not in places:
            column = accepted[wanted][0]
            what = f"The table has no column {column!r}."
            remedy = f"Name the one that holds it; without a header, column 1 and so on.{nearest(column, names)}"
            findings.wrong("missing_column", what, remedy, column, row)
    findings.note("visual_hebrew", int(visual), "the file's Hebrew is in visual order; it was read turned around.")
    return places, visual


def _match(names: Sequence[str], accepted: Accepted) -> tuple[dict[str, int], bool, list[str]]:
    """Position of each wanted column in a row of headers, as they stand or turned around; which come twice.

    Of headers that differ only by case or blanks the one spelt as wanted is meant.
    """
    best: tuple[dict[str, int], bool, list[str]] = ({}, False, [])
    for turned in (False, True) if any(map(has_hebrew, names)) else (False,):
        texts = [logical(name) if turned else name for name in names]
        keys: dict[str, list[int]] = {}
        for at, text in enumerate(texts):
            keys.setdefault(header_key(text), []).append(at)
        places: dict[str, int] = {}
        twice: list[str] = []
        for wanted, spellings in accepted.items():
            said = next((one for one in spellings if header_key(one) in keys), None)
            found = keys[header_key(said)] if said else []
            found = [at for at in found if texts[at].strip() == said] or found
            if not found and (position := _POSITION.match(spellings[0])) and int(position[1]) <= len(names):
                found = [int(position[1]) - 1]
            if found:
                places[wanted] = found[0]
                twice += [wanted] * (len(found) > 1)
        if len(places) > len(best[0]):
            best = (places, turned, twice)
    return best


def read_sheet(
    root: DataRoot, spec: str, accepted: Accepted, needed: Sequence[str], *, encoding: str = "auto"
) -> Sheet:
    """The wanted columns of a text file, a sheet or a small Parquet file, all cells as text.

    Title rows above the header and footers of another width are left out; text whose columns stand apart by
    blanks is recognised; a file without a header is read by positions ("column 3"). Raises DataRefused.
    """
    if root.is_parquet(spec.partition("#")[0]):
        return _from_parquet(root, spec, accepted, needed)
    grid = _respaced(open_grid(root, spec, encoding=encoding))
    header, places, visual = _header(grid, accepted, needed)
    grid.findings.stop()
    grid = _without_footers(grid, header)
    frame, rows = grid.load(sorted(set(places.values())), header + 1)
    kept = rows - grid.first_row
    spans = zip(grid.structure.start[kept].tolist(), grid.structure.end[kept].tolist(), strict=True)
    records = np.fromiter((hash(grid.data[start:end]) for start, end in spans), dtype=np.int64, count=len(kept))
    columns = {name: _stripped(pd.Categorical(frame[at]), visual) for name, at in places.items()}
    names = grid.head[header] if header >= 0 else []
    headers = {name: " ".join(names[at].split()) if names else f"column {at + 1}" for name, at in places.items()}
    how = f"a header in row {header + grid.first_row}" if header >= 0 else "positions; there is no header"
    source = grid.report("table", how, len(rows), int(grid.structure.fields[max(header, 0)]))
    return Sheet(columns, rows, records, headers, source, grid.findings)


def _stripped(cells: pd.Categorical, visual: bool) -> pd.Categorical:
    """The column with blanks around its cells off, and Hebrew turned around where the file has it so."""
    cells = cells.remove_unused_categories()
    texts = [str(cell).strip() for cell in cells.categories]
    if visual or is_visual(texts[:1000]):
        texts = [logical(text) if has_hebrew(text) else text for text in texts]
    merged, names = pd.factorize(np.array(texts, dtype=object))
    return pd.Categorical.from_codes(merged[np.asarray(cells.codes)], categories=pd.Index(names))


def _header(grid: Grid, accepted: Accepted, needed: Sequence[str]) -> tuple[int, dict[str, int], bool]:
    """The record that holds the most wanted headers (-1: none, by position) and where the columns are."""
    if needed and all(_POSITION.match(accepted[name][0]) for name in needed):
        width = [f"column {at + 1}" for at in range(len(grid.head[0]))]
        grid.findings.note("no_header", 1, "the file has no header; its columns were taken by position.")
        return -1, *match_headers(grid.findings, width, accepted, needed)
    hits = [len(_match(row, accepted)[0]) for row in grid.head]
    filled = [any(cell.strip() for cell in row) for row in grid.head]
    if not any(filled):
        raise grid.findings.refused("empty", "The table is empty.", "Export it again.")
    header = hits.index(max(hits)) if any(hits) else filled.index(True)
    return header, *match_headers(grid.findings, grid.head[header], accepted, needed, header + grid.first_row)


def _respaced(grid: Grid) -> Grid:
    """A table whose columns stand apart by blanks only, with tabs between them; any other as it is."""
    first = grid.data[: 1 << 16].split(b"\n")[:25]
    widths = {len(line.split()) for line in first[:-1] or first if line.strip()}
    if int(grid.structure.fields.max()) > 1 or len(widths) != 1 or widths <= {1}:
        return grid
    data = b"\n".join(_BLANKS.sub(b"\t", line.strip()) for line in grid.data.split(b"\n"))
    said = "the columns stand apart by blanks; they were told apart by them."
    grid.findings.note("whitespace_separated", 1, said)
    structure = scan(data if data.endswith(b"\n") else data + b"\n", "\t", grid.findings)
    return replace(grid, data=data, separator="\t", structure=structure, head=head_rows(data, "\t"))


def _without_footers(grid: Grid, header: int) -> Grid:
    """The grid without the last few lines that have another number of cells than the header."""
    fields = grid.structure.fields
    width, last = fields[max(header, 0)], len(fields)
    while last > header + 2 and last > len(fields) - MAX_FOOTERS and fields[last - 1] != width:
        last -= 1
    grid.findings.note("footer_rows", len(fields) - last, "last lines have another number of cells; left out.")
    cut = Structure(fields[:last], grid.structure.start[:last], grid.structure.end[:last])
    return replace(grid, structure=cut)


def _from_parquet(root: DataRoot, spec: str, accepted: Accepted, needed: Sequence[str]) -> Sheet:
    file = open_parquet(root, spec)
    findings = file.findings
    with closing(Engine([file.path])) as engine, refusals(findings):
        names = list(file.columns(engine))
        places, visual = match_headers(findings, names, accepted, needed)
        findings.stop()
        quoted = [quote(names[at]) for at in places.values()]
        chosen = ", ".join(f"coalesce(CAST({name} AS VARCHAR), '') AS c{at}" for at, name in enumerate(quoted))
        query = f"SELECT {chosen} FROM {file.source} ORDER BY file_row_number"
        cells = list(engine.connection.execute(query).fetchnumpy().values())
    file.check()
    columns = {name: _stripped(pd.Categorical(text), visual) for name, text in zip(places, cells, strict=True)}
    rows = np.arange(1, len(cells[0]) + 1, dtype=np.int64)
    if not len(rows):
        raise findings.refused("no_rows", "The table has no rows.", "Export it again.")
    source = SourceReport(findings.file, file.sha256, "parquet", "its first bytes", "binary", len(rows), len(names), ())
    headers = {name: names[at] for name, at in places.items()}
    return Sheet(columns, rows, rows, headers, source, findings)
