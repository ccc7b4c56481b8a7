"""What the like-motivation workbook reads, and the words for it: labels of options, the marketing side, bases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeVar, cast

import numpy as np
import pandas as pd

from kesher.answers.figures import Wording
from kesher.faults import DataRefused, Fault
from kesher.params import LikeMotivation, client_root
from kesher.readers import (
    DataRoot,
    Guesses,
    Option,
    PublishedTable,
    Respondents,
    read_guesses,
    read_margins,
    read_options,
    read_published,
    read_respondents,
)
from kesher.readers.tidy import OTHER
from kesher.stats import effective_base
from kesher.survey.analysis import LikeStudy
from kesher.survey.quality import kept
from kesher.survey.sample import design_of, raked
from kesher.words import Quantity, Text, both, same, say

T = TypeVar("T")
CONSUMERS = "consumers"  # the group of a published study that stands beside the client's customers
EXPECTATIONS_STUDY, WAYS_STUDY = "cmo_council_2011_expectations", "clickfox_2012"


@dataclass(frozen=True)
class LikeData:
    """The tidy tables behind the workbook; ``marketers`` is None when no marketing side was given."""

    options: dict[str, list[Option]]
    customers: Respondents
    marketers: Respondents | Guesses | PublishedTable | None
    margins: dict[str, dict[str, float]] | None
    expected: PublishedTable | None  # what others found people expect
    ways: PublishedTable | None  # what others found builds loyalty


def read(params: LikeMotivation) -> LikeData:
    """Everything the parameters name, read below the client's data root. Raises one DataRefused with all faults."""
    root = DataRoot(client_root(params))
    options = read_options(root, params.options)
    faults: list[Fault] = []

    def kept_faults(step: Callable[[], T]) -> T | None:
        try:
            return step()
        except DataRefused as refused:
            faults.extend(refused.faults)
            return None

    customers = kept_faults(lambda: _respondents(root, params, options, "customers"))
    marketers = kept_faults(lambda: _marketers(root, params, options))
    margins = kept_faults(lambda: read_margins(root, params.margins, options) if params.margins else None)
    if faults or customers is None:
        raise DataRefused(*dict.fromkeys(faults))
    expected, ways = (
        read_published(study, CONSUMERS) if any(option.published_item for option in options.get(question, [])) else None
        for question, study in (("expectations", EXPECTATIONS_STUDY), ("ways", WAYS_STUDY))
    )
    return LikeData(options, customers, marketers, margins, expected, ways)


def check(params: LikeMotivation) -> LikeData:
    """Read everything and see whether weights and margins fit the respondents. Raises DataRefused."""
    data = read(params)
    people = data.customers.people
    design = design_of(people)
    if data.margins:
        raked(people, design, data.margins, (params.weight_low, params.weight_high))
    return data


def _respondents(
    root: DataRoot, params: LikeMotivation, options: dict[str, list[Option]], group: Literal["customers", "marketers"]
) -> Respondents:
    file = params.customers_file if group == "customers" else cast(str, params.marketers_file)
    return read_respondents(
        root,
        file,
        group=group,
        columns_spec=params.columns,
        options=options,
        format=params.customers_format if group == "customers" else params.marketers_format,
        encoding=params.encoding,
        delimiter=params.delimiter,
        other_limit=params.other_limit,
    )


def _marketers(
    root: DataRoot, params: LikeMotivation, options: dict[str, list[Option]]
) -> Respondents | Guesses | PublishedTable | None:
    match params.marketers_mode:
        case "sample" | "whole_team":
            try:
                return _respondents(root, params, options, "marketers")
            except DataRefused as refused:
                if all(fault.kind == "no_rows" for fault in refused.faults):
                    return None  # nobody answered: the gap is not identified, and that is no fault
                raise
        case "sealed_guesses":
            return read_guesses(
                root,
                cast(str, params.guesses_file),
                options=options,
                seal=params.guesses_seal,
                revealed_on=params.revealed_on,
            )
        case "published_table":
            return read_published(cast(str, params.published_study), params.published_group)
        case _:
            return None


@dataclass(frozen=True)
class Material(Wording):
    """Parameters, data and study together, and how each thing in them is called."""

    PREFIX = "like"
    UNKNOWN = "reason.no_customers"

    params: LikeMotivation
    data: LikeData
    study: LikeStudy
    alternatives: pd.DataFrame

    @cached_property
    def _labels(self) -> dict[tuple[str, str], Text]:
        return {
            (option.question, option.option): option.label
            for options in self.data.options.values()
            for option in options
        }

    def label(self, question: str, option: str) -> Text:
        """An option as the options table words it."""
        if option == OTHER and (question, option) not in self._labels:
            return say("like.table.other")
        return self._labels.get((question, option), same(option))

    def options(self, question: str) -> list[str]:
        """The options of a question that are no "none of these", as the options table orders them."""
        return [option.option for option in self.data.options.get(question, []) if not option.exclusive]

    @property
    def gap_missing(self) -> str:
        """The part of the study whose absence leaves the gap unknown."""
        parts = ("shares.reasons", "marketers", "gap")
        return next((part for part in parts if part in self.study.missing), "gap")

    def reason(self, option: str) -> Text:
        """A reason as the options table words it."""
        return self.label("reasons", option)

    @property
    def mode(self) -> str:
        """Where the marketing side comes from."""
        return self.params.marketers_mode if self.data.marketers is not None else "none"

    @property
    def pressed(self) -> Text:
        """What people did: press Like, follow the page."""
        return both(self.params.pressed_like_en, self.params.pressed_like_he)

    @property
    def base_words(self) -> Text:
        """Whom shares are of."""
        return say(f"like.base.{self.study.base}")

    @cached_property
    def marketers_n(self) -> int | None:
        """How many people stand behind the marketing side; None without one or where unpublished."""
        if self.study.guesses is not None:
            return self.study.guesses.guessers
        side = self.study.marketers
        if side is None or (side.base < 0).any():
            return None
        return int(side.base.max())

    @cached_property
    def study_name(self) -> Text:
        """The published study that stands for the marketers, with its year."""
        table = self.data.marketers
        if not isinstance(table, PublishedTable):
            return same("")
        return published_name(table)

    @property
    def answered(self) -> int:
        """How many customers the shares of reasons are of."""
        return int(self.study.reasons.base[0]) if self.study.reasons is not None else 0

    @property
    def thin(self) -> bool:
        """Whether so few answered that nothing should be done on their word."""
        return self.answered < self.params.grey_below

    @property
    def side_note(self) -> Text:
        """Who stands for the marketing side, with their number."""
        return say(f"like.side_note.{self.mode}", n=self.marketers_n or 0, study=self.study_name)

    @property
    def side_name(self) -> Text:
        """The marketing side as a chart labels it."""
        return say(f"like.chart.gap.second_{self.mode}", study=self.study_name)

    def flag(self, flag: str) -> Text:
        """A quality flag in words."""
        return say(f"like.quality.{flag}", seconds=Quantity(self.study.quality.fast_seconds or 0, "count"))

    @property
    def source(self) -> Text:
        """The source line of a chart drawn from the survey."""
        key = "like.source.illustrative" if self.params.illustrative else "like.source.survey"
        return say(key, file=self.data.customers.source.file, date=self.as_of)

    def bases(self, marketers: bool = True, question: str = "reasons") -> Text:
        """The unweighted bases a chart of a question shows, with the effective base."""
        side = self.study.shares.get(question)
        if side is None:
            return same("")
        customers, effective = Quantity(int(side.base[0]), "count"), Quantity(self.effective(question), "count")
        if marketers and self.marketers_n is not None:
            return say("like.source.n_both", customers=customers, effective=effective, marketers=self.marketers_n)
        return say("like.source.n", customers=customers, effective=effective)

    @cached_property
    def used(self) -> Respondents:
        """The customers in the analysis, after the exclusions asked for."""
        return kept(self.data.customers, self.study.quality.keep)

    @property
    def one_stage(self) -> bool:
        """Whether people were drawn one by one from a large population, so that Kish's formulas hold."""
        design = self.study.design
        return design.strata is None and design.clusters is None and design.population is None

    def effective(self, question: str = "reasons") -> float:
        """The effective base of a question: Kish's, or where the sample has clusters or strata the linearised one.

        The linearised one differs from answer to answer; the median answer's is taken.
        """
        asked, side = self.used.questions.get(question), self.study.shares.get(question)
        if asked is None or side is None:
            return 0.0
        if self.one_stage:
            return effective_base(self.study.design.weights[asked.base(self.study.base)])
        return float(np.median(side.compared().effective_base))


def published_name(table: PublishedTable) -> Text:
    """A published study as a reader knows it: publisher and year."""
    first = table.items.iloc[0]
    return same(f"{str(first['source']).split(',')[0]} {first['year']:.0f}")
