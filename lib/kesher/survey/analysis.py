"""The whole like-motivation study: tidy tables in, every result out, and the reason where there is none.

No statistic is computed here. A part that the data can not support is None and ``missing`` holds a code that
says why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import pandas as pd

from kesher.faults import NotIdentified, Parts
from kesher.readers.tidy import Base, Guesses, Mask, MultiSelect, Option, PublishedTable, Respondents
from kesher.stats import Design
from kesher.survey import (
    drivers,
    gap,
    guesses,
    multiselect,
    offers,
    paired,
    programmes,
    promoters,
    quality,
    segments,
    shares,
)
from kesher.survey.drivers import Drivers
from kesher.survey.gap import Gap
from kesher.survey.guesses import GuessStudy
from kesher.survey.multiselect import Association
from kesher.survey.offers import Offers
from kesher.survey.paired import Paired
from kesher.survey.programmes import Estimate, Programmes
from kesher.survey.quality import Flag, Quality
from kesher.survey.sample import Margins, Weighting, design_of, raked
from kesher.survey.segments import Segments
from kesher.survey.shares import SideShares

REASONS, EXPECTATIONS = "reasons", "expectations"
OUTCOMES = {"recommend": "no_recommendation_column", "loyalty": "no_loyalty_column"}
MarketersMode = Literal["sample", "whole_team", "sealed_guesses", "published_table", "none"]
Marketers = Respondents | Guesses | PublishedTable | None


@dataclass(frozen=True)
class LikeStudy:
    """Every result of the study.

    ``shares`` are the customers' of every multi-select question by its name; ``marketers`` the marketing
    side's shares of "reasons". ``drivers`` has by outcome ("recommend", "loyalty") the relative weights of
    the reasons ticked, ``driver_scales`` those of the rated "driver.<question>" columns. ``missing`` maps a
    part (a field's name, or "shares.<question>", "drivers.<outcome>", "driver_scales.<outcome>") to the code
    of why it is None or absent. ``rows_in`` and ``rows_used`` count customers before and after the exclusions
    asked for.
    """

    quality: Quality
    marketers_quality: Quality | None
    weighting: Weighting | None
    design: Design
    rows_in: int
    rows_used: int
    base: Base
    confidence: float
    shares: dict[str, SideShares]
    marketers: SideShares | None
    gap: Gap | None
    guesses: GuessStudy | None
    paired: Paired | None
    segments: Segments | None
    offers: Offers | None
    reasons_by_expectations: Association | None
    drivers: dict[str, Drivers]
    driver_scales: dict[str, Drivers]
    programmes: Programmes | None
    promoters: Estimate | None
    missing: dict[str, str]

    @property
    def reasons(self) -> SideShares | None:
        """The customers' reasons to press Like."""
        return self.shares.get(REASONS)

    @property
    def expectations(self) -> SideShares | None:
        """What the customers expect after it."""
        return self.shares.get(EXPECTATIONS)


def analyse(
    customers: Respondents,
    marketers: Marketers,
    *,
    mode: MarketersMode,
    options: Mapping[str, Sequence[Option]] | None = None,
    margins: Margins | None = None,
    base: Base = "answered",
    confidence: float = 0.95,
    weight_bounds: tuple[float, float] = (0.2, 5.0),
    seed: int = 0,
    grey_below: int = 30,
    withhold_below: int = 10,
    offers_max: int = 3,
    resamples: int = 1000,
    quality_exclude: Sequence[Flag] = (),
    fast_seconds: float = 0.0,
    forms_differ: bool = False,
    driver_groups: Mapping[str, Sequence[str]] | None = None,
) -> LikeStudy:
    """Answer every question of the workbook that the data allow.

    ``options`` is needed to match a published table's items. ``margins`` rake the customers on their
    "segment.<question>" columns, from the weights they came with. ``driver_groups`` names sets of reasons,
    such as service and rewards, whose weights are compared. The same ``seed`` gives the same numbers.
    Resampled intervals (offers, drivers) keep raked weights as they are, which errs towards width.
    Raises ``DataRefused`` where weights, design columns or margins do not fit the respondents.
    """
    parts = Parts()
    checked = quality.check(customers, fast_seconds=fast_seconds, exclude=quality_exclude)
    sample = quality.kept(customers, checked.keep)
    team, team_checked = marketers, None
    if isinstance(marketers, Respondents):
        team_checked = quality.check(marketers, fast_seconds=fast_seconds, exclude=quality_exclude)
        team = quality.kept(marketers, team_checked.keep)
    design, weighting = design_of(sample.people), None
    if margins:
        design, weighting = raked(sample.people, design, margins, weight_bounds)
    else:
        parts.missing["weighting"] = "no_margins"

    found: dict[str, SideShares] = {}
    for name, asked in sample.questions.items():
        try:
            if 0 < asked.base(base).sum() < withhold_below:
                raise NotIdentified("withheld")
            found[name] = shares.sampled(asked, base, design, group=customers.group, confidence=confidence)
        except NotIdentified as why:
            parts.missing[f"shares.{name}"] = why.code

    def question(name: str) -> MultiSelect:
        if name not in found:
            raise NotIdentified(parts.missing.get(f"shares.{name}", f"no_{name}"))
        return sample.questions[name]

    def reasons() -> SideShares:
        return found[question(REASONS).question]

    items = (options or {}).get(REASONS)

    def guessed() -> GuessStudy:
        if not isinstance(marketers, Guesses):
            raise NotIdentified("no_guesses")
        return guesses.study(marketers, reasons(), seed=seed)

    guess_study = parts.get("guesses", guessed)

    def marketing_side() -> SideShares:
        if isinstance(team, Guesses):
            if guess_study is None:
                raise NotIdentified(parts.missing["guesses"])
            return guesses.as_side(guess_study, reasons())
        found_side = _marketing_side(team, mode, items, base, confidence)
        if found_side.mode == "sample" and 0 < found_side.base.max() < withhold_below:
            raise NotIdentified("withheld")
        return found_side

    side = parts.get("marketers", marketing_side)

    def compared() -> Gap:
        if side is None:
            raise NotIdentified(parts.missing["marketers"])
        return gap.compare(reasons(), side, forms_differ=forms_differ, seed=seed)

    fit = partial(
        drivers.study, design=design, groups=driver_groups, confidence=confidence, resamples=resamples, seed=seed
    )

    def driven(part: str, predictors: Callable[[], tuple[pd.DataFrame, Mask]]) -> dict[str, Drivers]:
        def fitted(outcome: str) -> Drivers:
            if outcome not in sample.people:
                raise NotIdentified(OUTCOMES[outcome])
            items, rows = predictors()
            return fit(items, sample.people[outcome], rows)

        fits = {outcome: parts.get(f"{part}.{outcome}", partial(fitted, outcome)) for outcome in OUTCOMES}
        return {outcome: found for outcome, found in fits.items() if found is not None}

    def paired_reasons() -> Paired:
        unequal = bool((design.weights != design.weights[:1]).any())
        weighted = unequal or design.strata is not None or design.clusters is not None
        return paired.study(question(REASONS), base, reasons(), weighted=weighted, seed=seed)

    def by_segment() -> Segments:
        return segments.study(
            sample.people,
            question(REASONS),
            base,
            design,
            confidence=confidence,
            grey_below=grey_below,
            withhold_below=withhold_below,
        )

    def chosen_offers() -> Offers:
        wanted = question(EXPECTATIONS)
        return offers.study(
            wanted, base, design, largest=offers_max, confidence=confidence, resamples=resamples, seed=seed
        )

    def linked() -> Association:
        return _linked(question(REASONS), question(EXPECTATIONS), base, design)

    return LikeStudy(
        quality=checked,
        marketers_quality=team_checked,
        weighting=weighting,
        design=design,
        rows_in=checked.rows_in,
        rows_used=len(sample.people),
        base=base,
        confidence=confidence,
        shares=found,
        marketers=side,
        gap=parts.get("gap", compared),
        guesses=guess_study,
        paired=parts.get("paired", paired_reasons),
        segments=parts.get("segments", by_segment),
        offers=parts.get("offers", chosen_offers),
        reasons_by_expectations=parts.get("reasons_by_expectations", linked),
        drivers=driven("drivers", lambda: _ticked(question(REASONS), base)),
        driver_scales=driven("driver_scales", lambda: _rated(sample.people)),
        programmes=parts.get("programmes", lambda: programmes.study(sample.people, design, confidence=confidence)),
        promoters=parts.get("promoters", lambda: promoters.study(sample.people, design, confidence=confidence)),
        missing=parts.missing,
    )


def _marketing_side(
    marketers: Respondents | PublishedTable | None,
    mode: MarketersMode,
    items: Sequence[Option] | None,
    base: Base,
    confidence: float,
) -> SideShares:
    if marketers is None or mode == "none":
        raise NotIdentified("no_marketers")
    if isinstance(marketers, PublishedTable):
        return shares.published(marketers, items, confidence=confidence)
    if not len(marketers.people):
        raise NotIdentified("no_marketers")
    if REASONS not in marketers.questions:
        raise NotIdentified("marketers_no_reasons")
    question = marketers.questions[REASONS]
    if not question.base(base).any():
        raise NotIdentified("marketers_no_reasons")
    if mode == "whole_team":
        return shares.whole_team(question, base, group=marketers.group, confidence=confidence)
    design = design_of(marketers.people)
    return shares.sampled(question, base, design, group=marketers.group, confidence=confidence)


def _linked(first: MultiSelect, second: MultiSelect, base: Base, design: Design) -> Association:
    rows = first.base(base) & second.base(base)
    x, y = (q.ticks[rows].loc[:, shares.is_substantive(q)] for q in (first, second))
    return multiselect.multi_by_multi(x, y, design.weights[rows])


def _ticked(question: MultiSelect, base: Base) -> tuple[pd.DataFrame, Mask]:
    return question.ticks.loc[:, shares.is_substantive(question)], question.base(base)


def _rated(people: pd.DataFrame) -> tuple[pd.DataFrame, Mask]:
    columns = [column for column in people.columns if column.startswith("driver.")]
    if not columns:
        raise NotIdentified("no_driver_columns")
    scales = people[columns].rename(columns=lambda column: column.removeprefix("driver."))
    return scales, np.ones(len(people), dtype=bool)
