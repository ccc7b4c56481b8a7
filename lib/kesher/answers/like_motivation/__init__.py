"""Why people press Like, what they expect afterwards, and how wrong the marketing team is about it."""

from __future__ import annotations

import pandas as pd

from kesher.answers.claims import confront
from kesher.answers.figures import assembled, files_read
from kesher.answers.like_motivation import advice
from kesher.answers.like_motivation.exhibits import exhibits
from kesher.answers.like_motivation.material import LikeData, Material, check, read
from kesher.answers.like_motivation.numbers import numbers
from kesher.params import LikeMotivation
from kesher.readers import Guesses, Respondents
from kesher.readers.claims import read_claims
from kesher.results import Result
from kesher.survey.analysis import LikeStudy
from kesher.survey.analysis import analyse as analyse_survey
from kesher.survey.quality import FLAGS
from kesher.survey.sensitivity import alternatives
from kesher.words import say

WORKBOOK = "like_motivation"
# Numbers that rest on guesses of customers' shares: claims about marketers' own answers are another question.
GUESSED = ("marketers.share.", "gap.", "agreement.", "predictions.")
# Reasons and ratings that stand for service and for rewards, whose part in recommendation is compared (S2-27).
DRIVER_GROUPS = {"service": ["service"], "rewards": ["rewards", "offers"]}


# What a reader sees of the table of gaps; the rest of its columns are drawn.
GAP_COLUMNS = (
    "label", "customers.share", "marketers.share", "gap", "low", "high", "gap_centred", "rank_gap", "distinct",
)  # fmt: skip


def reading(data: LikeData) -> pd.DataFrame:
    """The files that were read, by group."""
    sides = {"customers": data.customers, "marketers": data.marketers}
    sources = {group: side.source for group, side in sides.items() if isinstance(side, (Respondents, Guesses))}
    return files_read(sources.values()).set_index(pd.Index(list(sources), name="group"))


def analyse(data: LikeData, params: LikeMotivation) -> LikeStudy:
    """Every result the data allow. Raises DataRefused where weights or margins do not fit the respondents."""
    return analyse_survey(
        data.customers,
        data.marketers,
        mode=params.marketers_mode,
        options=data.options,
        margins=data.margins,
        base=params.base,
        confidence=params.confidence,
        weight_bounds=(params.weight_low, params.weight_high),
        seed=params.seed,
        grey_below=params.grey_below,
        withhold_below=params.withhold_below,
        offers_max=params.offers_max,
        resamples=params.resamples,
        quality_exclude=params.quality_exclude,
        fast_seconds=params.fast_seconds,
        forms_differ=params.forms_differ,
        driver_groups=DRIVER_GROUPS,
    )


def answer(data: LikeData, study: LikeStudy, params: LikeMotivation) -> Result:
    """The numbers turned into what the page says, in both languages."""
    flagged = [flag for flag in FLAGS if study.quality.flags[flag].any()]
    under, over = advice.focus(study)
    focused = [option for option in (under, over) if option]
    others = alternatives(
        data.customers,
        study,
        focused or list(study.reasons.options if study.reasons else ()),
        margins=data.margins,
        weight_bounds=(params.weight_low, params.weight_high),
        flagged=flagged,
        excluded=params.quality_exclude,
        withhold_below=params.withhold_below,
    )
    m = Material(params, data, study, others)
    found = numbers(m)
    claims = read_claims(country=params.country)
    shown = exhibits(m, found, claims, under, over)
    return assembled(
        WORKBOOK,
        params,
        say("like.title", pressed=m.pressed),
        answer=advice.answer(m, found, under, over),
        numbers=found,
        tables=shown.tables,
        charts=shown.charts,
        recommendations=advice.recommendations(m, found, under),
        claims=confront(claims, found, GUESSED if m.mode == "sealed_guesses" else ()),
        assumptions=advice.assumptions(m, found, under, over),
        method=advice.method(m),
        sources=advice.sources(m),
        warnings=advice.warnings(m),
        missing=shown.missing,
    )


__all__ = ["GAP_COLUMNS", "LikeData", "analyse", "answer", "check", "read", "reading"]
