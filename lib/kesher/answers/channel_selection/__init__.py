"""Which one or two networks to concentrate on, and where else to answer: reach without counting anyone twice."""

from __future__ import annotations

import datetime
import math
from dataclasses import replace

import pandas as pd

from kesher.answers.channel_selection import advice
from kesher.answers.channel_selection.exhibits import exhibits
from kesher.answers.channel_selection.field import nearest, statements
from kesher.answers.channel_selection.material import DAYS_TO_DECIDE, Material
from kesher.answers.channel_selection.numbers import numbers
from kesher.answers.channel_selection.reading import ChannelTables, check, read
from kesher.answers.claims import confront
from kesher.answers.figures import assembled, files_read
from kesher.channels.analysis import ChannelStudy, Known, Limits
from kesher.channels.analysis import analyse as analyse_channels
from kesher.channels.overlap import overlap_table
from kesher.params import ChannelSelection
from kesher.readers.claims import read_claims
from kesher.results import Result

WORKBOOK = "channel_selection"


def reading(data: ChannelTables) -> pd.DataFrame:
    """The files that were read."""
    return files_read(data.sources)


def analyse(data: ChannelTables, params: ChannelSelection) -> ChannelStudy:
    """Every result the data allow. Raises DataRefused where weights, margins or the target do not fit."""
    return analyse_channels(
        _known(data, params),
        data.networks,
        data.goals,
        data.outcomes,
        data.funnel,
        data.traditional,
        target=params.target,
        base=params.base,
        limits=Limits(
            publish_most=params.publish_most,
            largest_set=params.largest_set,
            force_in=tuple(params.force_in),
            force_out=tuple(params.force_out),
            minimum_presence=params.minimum_presence,
            hours_available=params.hours_available,
            money_available=params.money_available,
            hour_cost=params.hour_cost,
            mentions_least=params.mentions_least,
            dormant_days=params.dormant_days,
            trial_weeks=params.trial_weeks,
            starts_on=params.day + DAYS_TO_DECIDE + datetime.timedelta(days=1),
        ),
        as_of=params.day,
        confidence=params.confidence,
        resamples=params.resamples,
        weight_bounds=(params.weight_low, params.weight_high),
        withhold_below=params.withhold_below,
        seed=params.seed,
    )


def _known(data: ChannelTables, params: ChannelSelection) -> Known:
    population = data.population
    made = Known(
        source=data.source,
        question=params.usage_question,
        margins=data.margins,
        population=None if population is None else dict(zip(population.names, population.reach, strict=True)),
        population_asked=math.nan if population is None else population.n,
    )
    if data.respondents is not None:
        return replace(made, respondents=data.respondents)
    if data.overlap is not None:
        cells = data.overlap
        table = overlap_table(cells.names, cells.reach, cells.cells, params.overlap_of, cells.n)
        return replace(made, table=table, people_asked=cells.n)
    assert data.reach is not None
    reach = dict(zip(data.reach.names, data.reach.reach, strict=True))
    return replace(made, reach=reach, people_asked=data.reach.n)


def answer(data: ChannelTables, study: ChannelStudy, params: ChannelSelection) -> Result:
    """The study turned into what the page says, in both languages."""
    claims = read_claims(country=params.country)
    m = Material(params, data, study, claims)
    found = numbers(m)
    shown = exhibits(m, found)
    shown.tables["statements"] = statements(m, found)
    return assembled(
        WORKBOOK,
        params,
        m.say("title"),
        answer=advice.answer(m, found),
        numbers=found,
        tables=shown.tables,
        charts=shown.charts,
        recommendations=advice.recommendations(m, found),
        claims=confront(nearest(claims), found),
        assumptions=advice.assumptions(m),
        method=advice.method(m),
        sources=advice.sources(m),
        warnings=advice.warnings(m, found),
        missing=shown.missing,
    )


__all__ = ["ChannelTables", "analyse", "answer", "check", "read", "reading"]
