"""What the channel workbook reads: who uses which network, and the client's own tables and exports."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import pandas as pd

from kesher.channels.audience import target_rows
from kesher.channels.overlap import overlap_table
from kesher.faults import DataRefused, Fault, NotIdentified
from kesher.params import ChannelSelection, client_root
from kesher.readers import DataRoot, Option, Respondents, SourceReport, read_margins, read_options, read_respondents
from kesher.readers import networks as typed
from kesher.readers.findings import nearest, quotable
from kesher.readers.networks import OverlapCells, ReachTable
from kesher.readers.platforms import Exports, read_exports
from kesher.readers.typed_tables import labels_of, network_code
from kesher.survey.sample import design_of, raked

T = TypeVar("T")
Source = Literal["respondents", "overlap", "reach"]
NAMED_IN = {"respondents": "options", "overlap": "overlap_file", "reach": "reach_file"}  # the networks, by source
ANY = "any"  # the number reach.any is of all networks together
GROUP = "audience"  # of the columns table: so one sheet serves the like-motivation workbook too


@dataclass(frozen=True)
class ChannelTables:
    """Everything the parameters name; ``source`` is the best of what says who uses which network."""

    source: Source
    respondents: Respondents | None
    options: dict[str, list[Option]]  # {} without respondents
    margins: dict[str, dict[str, float]] | None
    overlap: OverlapCells | None
    reach: ReachTable | None
    population: ReachTable | None  # of population_study, for the index
    networks: pd.DataFrame  # this and the next three are empty, with their columns, when not given
    goals: pd.DataFrame
    funnel: pd.DataFrame
    traditional: pd.DataFrame
    exports: Exports | None
    sources: tuple[SourceReport, ...]

    @property
    def outcomes(self) -> pd.DataFrame:
        """What the exports tell of each network, without rows where none were given."""
        return self.exports.outcomes if self.exports is not None else typed.no_table(typed.OUTCOMES)


def _tried(faults: list[Fault], wanted: object, step: Callable[[], T]) -> T | None:
    """What a step reads; None where it is not wanted (a parameter that is not set) or its faults were kept."""
    try:
        return step() if wanted else None
    except DataRefused as refused:
        faults.extend(refused.faults)
        return None


def read(params: ChannelSelection) -> ChannelTables:
    """Everything the parameters name, read below the client's data root. Raises one DataRefused with all faults."""
    p, root, faults, sources = params, DataRoot(client_root(params)), list[Fault](), list[SourceReport]()
    options = _tried(faults, p.respondents_file, lambda: read_options(root, str(p.options))) or {}
    people = _tried(faults, options, lambda: _respondents(root, p, options))
    asked = [one for one in options.get(p.usage_question, []) if not one.exclusive]
    own = [(label, one.option) for one in asked for label in one.label.values()]

    def table(file: str | None, reader: Callable[..., T], **more: object) -> T | None:
        return _tried(faults, file, lambda: reader(root, file, sources=sources, **more))

    networks = table(
        p.networks_file, typed.read_networks, day_first=p.day_first, country=p.country, labels=labels_of(own)
    )
    if networks is not None:
        own += [pair for name in typed.LABELS for pair in zip(networks[name], networks["network"], strict=True)]
    labels = labels_of(own)
    overlap = table(p.overlap_file, typed.read_overlap, labels=labels)
    overlap = overlap or _tried(faults, p.overlap_study, lambda: typed.published_overlap(str(p.overlap_study)))
    reach = table(p.reach_file, typed.read_reach, labels=labels)
    reach = reach or _tried(faults, p.reach_study, lambda: typed.published_reach(str(p.reach_study)))
    population = _tried(faults, p.population_study, lambda: typed.published_reach(str(p.population_study)))
    goals = table(p.goals_file, typed.read_goals)
    funnel = table(p.funnel_file, typed.read_funnel, labels=labels)
    traditional = table(p.traditional_file, typed.read_traditional)
    margins = _tried(faults, options and p.margins, lambda: read_margins(root, str(p.margins), options))
    exports = _tried(faults, p.exports_folder, lambda: _exports(root, p))
    _tried(faults, overlap, lambda: _possible(overlap, p))
    if faults:
        raise DataRefused(*dict.fromkeys(faults))
    source: Source = "respondents" if people is not None else "overlap" if overlap is not None else "reach"
    told = (*([people.source] if people else []), *sources, *(exports.sources if exports else []))
    given = (networks, goals, funnel, traditional)
    columns = (typed.NETWORKS, typed.GOALS, typed.FUNNEL, typed.TRADITIONAL)
    small = [typed.no_table(of) if one is None else one for one, of in zip(given, columns, strict=True)]
    return ChannelTables(
        source, people, options, margins, overlap, reach, population,
        small[0], small[1], small[2], small[3], exports, told,
    )  # fmt: skip


def _respondents(root: DataRoot, p: ChannelSelection, options: dict[str, list[Option]]) -> Respondents:
    question = p.usage_question
    if question not in options:
        remedy = f"Name a question of the options table.{nearest(question, options)}"
        raise DataRefused(_wrong("unknown_question", f"{question!r} has no options.", remedy, "usage_question"))
    found = read_respondents(
        root, str(p.respondents_file), group=GROUP, columns_spec=str(p.columns), options=options,
        format=p.respondents_format, encoding=p.encoding, delimiter=p.delimiter, other_limit=p.other_limit,
        blanks_are_no=p.base == "asked",
    )  # fmt: skip
    if question not in found.questions:
        remedy = f"Give it a line with role choices in the columns table.{nearest(question, found.questions)}"
        raise DataRefused(_wrong("unmapped_question", f"No column answers {question!r}.", remedy, "usage_question"))
    return found


def _possible(cells: OverlapCells | None, p: ChannelSelection) -> None:
    """Raise DataRefused where no audience could have the table's pairs."""
    assert cells is not None
    try:
        overlap_table(cells.names, cells.reach, cells.cells, p.overlap_of, cells.n)
    except NotIdentified as why:
        what, remedy = "A pair's share is impossible beside its networks' reach.", "Mend it; see overlap_of too."
        parameter = "overlap_file" if p.overlap_file is not None else "overlap_study"
        raise DataRefused(_wrong(why.code, what, remedy, parameter)) from None


def _exports(root: DataRoot, p: ChannelSelection) -> Exports:
    since = datetime.date.fromisoformat(p.exports_from) if p.exports_from else None
    return read_exports(
        root, str(p.exports_folder), as_of=p.day, since=since, day_first=p.day_first, encoding=p.encoding
    )


def _wrong(kind: str, what: str, remedy: str, parameter: str) -> Fault:
    return Fault("parameters", kind, what, remedy, column=parameter)


def check(params: ChannelSelection) -> ChannelTables:
    """Read everything and see whether it fits together. Raises one DataRefused with all faults.

    The target's conditions match columns and options, margins and weights fit the respondents, options of the
    usage question are called as networks are, and force_in and force_out name networks that are there.
    """
    tables, faults = read(params), list[Fault]()
    if tables.respondents is not None:
        people, margins = tables.respondents.people, tables.margins
        design = _tried(faults, True, lambda: design_of(people))
        if design is not None and margins:
            _tried(faults, True, lambda: raked(people, design, margins, (params.weight_low, params.weight_high)))
        _tried(faults, True, lambda: target_rows(people, params.target))
    names = _names(tables, params)
    for name in names:
        if (code := network_code(name)) is None or name == ANY:
            shown = f" {name!r}" if quotable([name]) else ""
            what, remedy = f"No network can have the id{shown}.", "Use a word of up to 40 of a-z, 0-9 and _, not any."
            faults.append(_wrong("no_network_id", what, remedy, NAMED_IN[tables.source]))
        elif code != name:
            what, remedy = f"The network {code!r} has the id {name!r}.", f"Call its option {code} in the options table."
            faults.append(_wrong("not_the_code", what, remedy, "options"))
    for parameter in ("force_in", "force_out"):
        for name in sorted({*getattr(params, parameter)}.difference(names)):
            code = network_code(name)
            near = f" Write {code}." if code in names else nearest(name, names)
            remedy = f"Name a network of the data.{near}"
            faults.append(_wrong("unknown_network", f"There is no network {name!r}.", remedy, parameter))
    if faults:
        raise DataRefused(*dict.fromkeys(faults))
    return tables


def _names(tables: ChannelTables, params: ChannelSelection) -> list[str]:
    """The networks that the best source knows."""
    if tables.respondents is not None:
        return [option.option for option in tables.options[params.usage_question] if not option.exclusive]
    table = tables.overlap or tables.reach
    return list(table.names) if table is not None else []
