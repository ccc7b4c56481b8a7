"""What is known of who uses which network without respondents: a share of each, or of each pair."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kesher.readers.findings import Findings, nearest
from kesher.readers.guesses import PUBLISHED, read_published
from kesher.readers.lists import CODE
from kesher.readers.opening import DataRoot
from kesher.readers.tables import column_letter
from kesher.readers.text import key
from kesher.readers.typed_tables import NO_LABELS, Floats, Labels, Sources, TypedTable, is_well_known, network_code

FIRST_YEAR, LAST_YEAR = 1990, 2100


@dataclass(frozen=True)
class ReachTable:
    """Shares of one group of people that use each network, overlap unknown.

    ``reach`` is (k,), 0-1; ``n`` how many were asked (NaN where unknown); ``base`` who they are, ``year`` when
    (NaN where unknown) and ``source`` who says so, "" where not told.
    """

    names: tuple[str, ...]
    reach: Floats
    n: float
    base: str
    year: float
    source: str


@dataclass(frozen=True)
class OverlapCells:
    """Shares on each network (k,) and on each pair (k, k): row by column as given, 0-1, NaN on the diagonal."""

    names: tuple[str, ...]
    reach: Floats
    cells: Floats
    n: float
    base: str
    year: float
    source: str


_FACTS = ("n", "base", "year", "source")
_REACH = ("reach", "share")  # what the column of shares may be called


def _facts(table: TypedTable) -> tuple[float, str, float, str]:
    """How many people were asked, who, when and by whom, from columns that may be filled in one row only."""
    n, year = table.numbers("n", whole=True), table.numbers("year")
    table.wrong(n == 0, "n", "no_people", "Nobody was asked.", "Write how many were asked, or leave it blank.")
    odd = ~np.isnan(year) & ~((year >= FIRST_YEAR) & (year <= LAST_YEAR))
    table.wrong(odd, "year", "bad_year", "This is no year.", "Write it as 2026.")
    for name, values, said in (("n", n, "smallest"), ("year", year, "earliest")):
        differ = len({*values[~np.isnan(values)].tolist()})
        table.findings.note(f"mixed_{name}", differ * (differ > 1), f"values differ; the {said} is taken.", name)
    bases = {key(base): base for base in table.told("base") if base}
    if len(bases) > 1:
        what, remedy = "The shares are of different groups of people.", "Keep one base, best all adults, per table."
        table.findings.wrong("mixed_bases", what, remedy, "base")
    sources = "; ".join(dict.fromkeys(filter(None, table.told("source"))))
    n_least, earliest = (float(np.nanmin(one)) if (~np.isnan(one)).any() else np.nan for one in (n, year))
    return n_least, next(iter(bases.values()), ""), earliest, sources


def _reach(table: TypedTable) -> Floats:
    """The column of reach, called reach or share."""
    name = next((one for one in _REACH if one in table.raw.frame), None)
    if name is None:
        what, remedy = "The table has no column 'reach'.", f"Add it.{nearest('reach', table.raw.frame.columns)}"
        table.findings.wrong("missing_column", what, remedy, "reach")
        table.findings.stop()
    name = name or _REACH[0]
    return table.shares(table.cells(name), [name] * table.size, range(table.size))


def read_reach(root: DataRoot, spec: str, *, labels: Labels = NO_LABELS, sources: Sources | None = None) -> ReachTable:
    """The share of people on each network, from a table network, reach (or share), n, base, year, source.

    Of differing n the smallest holds, of years the earliest, each noted. Raises DataRefused, all faults
    together: shares that are none, mixed with percentages or outside 0-1, repeated networks, different bases.
    """
    table = TypedTable(root, spec, ["network"], [*_REACH, *_FACTS], labels, more=True)
    names, reach = table.networks(), _reach(table)
    n, base, year, source = _facts(table)
    table.done(sources)
    return ReachTable(tuple(names), reach, n, base, year, source)


def read_overlap(
    root: DataRoot, spec: str, *, labels: Labels = NO_LABELS, sources: Sources | None = None
) -> OverlapCells:
    """An overlap table: network, reach, a column per network, optionally n, base, year, source.

    All cells but the diagonal, which is not looked at, must be filled, in percent all of them or none.
    Raises DataRefused, all faults together: as ``read_reach``, cells that are missing, columns that match no
    row and rows that match no column.
    """
    table = TypedTable(root, spec, ["network"], [*_REACH, *_FACTS], labels, more=True)
    names, reach = table.networks(), _reach(table)
    columns: dict[str, str] = {}
    for at, name in enumerate(map(str, table.raw.frame.columns)):
        if name in ("network", "label_en", "label_he", *_REACH, *_FACTS) or not any(table.cells(name)):
            continue
        code = network_code(name, labels)
        shown = f"column {column_letter(at)}"
        if code is None or code not in names:
            remedy = "Give it a row, or take the column out; both are named alike."
            table.findings.wrong("column_without_row", "The column's network has no row.", remedy, shown)
        elif code in columns:
            what = "The network has two columns, perhaps under two names."
            table.findings.wrong("duplicate_network", what, "Keep one of them.", shown)
        else:
            columns[code] = name
    lone = [code != "" and code not in columns for code in names]
    remedy = "Give it a column, in which its own cell may be blank."
    table.wrong(lone, "network", "row_without_column", "The row's network has no column.", remedy)
    places = [(at, to, columns[code]) for to, code in enumerate(names) if code in columns
              for at in range(table.size) if at != to]  # fmt: skip
    by_column = {name: table.cells(name) for name in columns.values()}
    block = table.shares(
        [by_column[name][at] for at, _, name in places], [name for *_, name in places], [at for at, *_ in places]
    )
    n, base, year, source = _facts(table)
    table.done(sources)
    cells = np.full((len(names), len(names)), np.nan)
    cells[[at for at, *_ in places], [to for _, to, _ in places]] = block
    return OverlapCells(tuple(names), reach, cells, n, base, year, source)


# --- published studies ------------------------------------------------------------------------------------

_OVERLAP = "_overlap"


def _groups(study: str, folder: Path) -> list[str]:
    path = folder / f"{study}.csv"
    if not CODE.match(study) or not path.is_file():
        return []
    rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if not {"study", "group"} <= {*rows.columns}:  # the labels of the items stand beside the studies
        return []
    return list(dict.fromkeys(rows.loc[rows["study"] == study, "group"]))


def _one(values: pd.Series[str]) -> str:
    return "; ".join(dict.fromkeys(value for value in values if value))


def published_reach(study: str, group: str | None = None, *, folder: Path = PUBLISHED) -> ReachTable:
    """The networks of one group of a study in data/published; ``study`` may name it too, as "pew_2019/adults".

    Without a group the study's only one. Raises DataRefused, naming the groups, where it has several or not
    this one, and where none of the study's items is a network.
    """
    study, _, said = study.partition("/")
    groups, group = _groups(study, folder), group or said
    findings = Findings("data/published")
    if groups and (group not in groups if group else len(groups) > 1):
        what = f"There is no group {group!r} in the study {study!r}." if group else f"{study!r} has several groups."
        listed = ", ".join(f"{study}/{one}" for one in groups)
        raise findings.refused("missing_group", what, f"Write one of: {listed}.")
    items = read_published(study, group or "".join(groups[:1]), folder=folder).items
    names = [network_code(item) or "" for item in items["item"]]
    if not any(map(is_well_known, names)) or "" in names or len({*names}) < len(names):
        what = f"The items of the study {study!r} are not networks, each named once."
        raise findings.refused("not_networks", what, "Name a study of the networks people use.")
    n, year = items["n"].min(), items["year"].min()
    reach = items["share"].to_numpy(dtype=np.float64)
    return ReachTable(tuple(names), reach, float(n), _one(items["base"]), float(year), _one(items["source"]))


def published_overlap(study: str, *, folder: Path = PUBLISHED) -> OverlapCells:
    """An overlap table in data/published: group is the row's network, item the column's.

    Reach, n and base are those of the study of the same name without "_overlap". Raises DataRefused for cells
    that are missing and networks without reach.
    """
    study, _, group = study.partition("/")
    whole = study.removesuffix(_OVERLAP)
    marginal = published_reach(whole, group or None, folder=folder)
    rows = _groups(whole + _OVERLAP, folder)
    if not rows:
        read_published(whole + _OVERLAP, "", folder=folder)  # says which studies there are
    findings = Findings("data/published")
    codes = [network_code(row) or "" for row in rows]
    known = [name for name in marginal.names if name in codes]
    cells = np.full((len(known), len(known)), np.nan)
    for row, code in zip(rows, codes, strict=True):
        items = read_published(whole + _OVERLAP, row, folder=folder).items
        shares = {network_code(item): share for item, share in zip(items["item"], items["share"], strict=True)}
        if code not in known or any(name not in shares for name in known if name != code):
            what = f"The overlap of the study {whole!r} lacks cells, or a network's reach."
            raise findings.refused("missing_share", what, "Give each pair its share, and each network its reach.")
        cells[known.index(code)] = [np.nan if name == code else shares[name] for name in known]
    at = [marginal.names.index(name) for name in known]
    return OverlapCells(
        tuple(known), marginal.reach[at], cells, marginal.n, marginal.base, marginal.year, marginal.source
    )
