"""The whole channel-selection study: tidy tables in, every result out, and the reason where there is none.

No statistic is computed here. A part that the data can not support is None and ``missing`` holds a code that
says why.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.channels import audience, capacity, funnel, marginals, overlap, plan, sets
from kesher.channels.audience import Audience
from kesher.channels.capacity import Choice
from kesher.channels.goals import Flip
from kesher.channels.marginals import MarginalSets
from kesher.channels.overlap import Joint, OverlapTable
from kesher.channels.sets import SetStudy
from kesher.faults import NotIdentified, Parts
from kesher.readers.tidy import Base, Mask, MultiSelect, Respondents
from kesher.stats import Design
from kesher.stats.reach import Resamples, Usage, reach_of
from kesher.survey.sample import Margins, Weighting, design_of, raked
from kesher.survey.shares import is_substantive

Source = Literal["respondents", "overlap", "reach"]


@dataclass(frozen=True)
class Known:
    """What is known of the audience: people, or a table, and what stands for the population.

    ``respondents`` with the multi-select ``question`` of networks; else ``table``, an overlap table; else
    ``reach``, names with each network's share. ``people_asked`` is NaN where unpublished. ``population`` is the
    share of each network in the population, by name.
    """

    source: Source
    respondents: Respondents | None = None
    question: str = "networks"
    margins: Margins | None = None
    table: OverlapTable | None = None
    reach: Mapping[str, float] | None = None
    people_asked: float = np.nan
    population: Mapping[str, float] | None = None
    population_asked: float = np.nan

    @property
    def alone(self) -> tuple[tuple[str, ...], NDArray[np.float64]]:
        """Each network by itself where no respondents are: names and shares (k,)."""
        if self.table is not None:
            return self.table.names, self.table.reach
        return tuple(self.reach or ()), np.array(list((self.reach or {}).values()), dtype=float)


@dataclass(frozen=True)
class Limits:
    """What a choice has to keep to; hours and money are a month's, None where not given."""

    publish_most: int = 2
    largest_set: int = 5
    force_in: tuple[str, ...] = ()
    force_out: tuple[str, ...] = ()
    minimum_presence: float = 0.0
    hours_available: float | None = None
    money_available: float | None = None
    hour_cost: float | None = None
    mentions_least: float = 1.0
    dormant_days: int = 60
    trial_weeks: int = 12
    starts_on: datetime.date | None = None  # of the plan; None: the day after the report's


@dataclass(frozen=True)
class ChannelStudy:
    """Every result of the study.

    ``sets`` are the best sets of every size, None where only the reach of each network alone is known: then
    ``marginal`` bounds them. ``members`` of the choice: network, share (0-1) and only, the points of reach lost
    without it. ``table`` brackets sets that no respondents measure. Codes of the ``choice`` from a table, besides its
    own: "simple_sample_assumed" (weights and clusters behind a published base widen what is told of sampling, and
    more sets may tie), "base_unknown" (nothing is told of sampling; only equals tie). ``missing`` maps a part (a
    field's name) to the code of why it is None.
    """

    source: Source
    audience: Audience | None
    weighting: Weighting | None
    sets: SetStudy | None
    marginal: MarginalSets | None
    table: OverlapTable | None
    joint: Joint | None
    choice: Choice | None
    flips: tuple[Flip, ...]
    members: pd.DataFrame | None
    accounts: pd.DataFrame | None
    plan: pd.DataFrame | None
    funnel: pd.DataFrame | None
    contacts: pd.DataFrame | None
    rows_in: int
    confidence: float
    missing: dict[str, str]


def analyse(
    known: Known,
    networks: pd.DataFrame,
    goals: pd.DataFrame,
    outcomes: pd.DataFrame,
    leads: pd.DataFrame,
    traditional: pd.DataFrame,
    *,
    target: Sequence[str] = (),
    base: Base = "asked",
    limits: Limits | None = None,
    as_of: datetime.date,
    confidence: float = 0.95,
    resamples: int = 1000,
    weight_bounds: tuple[float, float] = (0.2, 5.0),
    withhold_below: int = 10,
    seed: int = 0,
) -> ChannelStudy:
    """Answer every question of the workbook that the data allow; the same ``seed`` gives the same numbers.

    ``networks``, ``goals``, ``leads`` and ``traditional`` are the small tables of readers.networks, ``outcomes``
    what the networks' exports tell; each may be empty. Raises ``DataRefused`` where weights, margins or the
    target do not fit the respondents.
    """
    limits, parts = limits or Limits(), Parts()
    rules: dict[str, Any] = {
        "largest": max(limits.largest_set, limits.publish_most),
        "forced_in": limits.force_in,
        "forced_out": limits.force_out,
        "minimum_presence": limits.minimum_presence,
    }
    drawn: dict[str, Any] = {"confidence": confidence, "resamples": resamples, "seed": seed}
    if known.respondents is not None:
        reached = _of_people(parts, known, known.respondents, target, base, weight_bounds, withhold_below, rules, drawn)
    else:
        reached = _of_table(parts, known, rules, drawn)
    draws = parts.get("choice", lambda: _drawn(parts, known, reached, limits, resamples, seed))

    def chosen() -> Choice:
        if draws is None:
            raise NotIdentified(parts.missing["choice"])
        usage, sample, people_asked, most = draws
        made = capacity.choose(
            usage,
            sample,
            people_asked,
            networks,
            goals,
            outcomes,
            publish_most=most,
            forced_in=limits.force_in,
            hours_available=limits.hours_available,
            money_available=limits.money_available,
            hour_cost=limits.hour_cost,
            mentions_least=limits.mentions_least,
            confidence=confidence,
        )
        if known.respondents is not None:
            return made
        told = "simple_sample_assumed" if np.isfinite(known.people_asked) else "base_unknown"
        return replace(made, codes=(*made.codes, told))

    choice = parts.get("choice", chosen)

    def of_choice() -> Choice:
        if choice is None:
            raise NotIdentified(parts.missing["choice"])
        return choice

    def counted() -> pd.DataFrame:
        made = funnel.funnel(leads, outcomes, confidence)
        if made.empty:
            raise NotIdentified("no_funnel")
        return made

    def compared() -> pd.DataFrame:
        if traditional.empty:
            raise NotIdentified("no_traditional")
        return funnel.per_contact(counted(), traditional, confidence, contact="impressions")

    return ChannelStudy(
        source=known.source,
        audience=reached.audience,
        weighting=reached.weighting,
        sets=reached.sets,
        marginal=reached.marginal,
        table=known.table,
        joint=reached.joint,
        choice=choice,
        flips=choice.flips if choice is not None else (),
        members=_members(reached.sets, choice),
        accounts=parts.get(
            "accounts",
            lambda: plan.accounts(networks, outcomes, of_choice(), as_of=as_of, dormant_days=limits.dormant_days),
        ),
        plan=parts.get(
            "plan",
            lambda: plan.staged(
                of_choice(),
                networks,
                outcomes,
                trial_weeks=limits.trial_weeks,
                as_of=as_of,
                confidence=confidence,
                dormant_days=limits.dormant_days,
                starts_on=limits.starts_on,
            ),
        ),
        funnel=parts.get("funnel", counted),
        contacts=parts.get("contacts", compared),
        rows_in=len(known.respondents.people) if known.respondents is not None else 0,
        confidence=confidence,
        missing=parts.missing,
    )


@dataclass(frozen=True)
class _Reached:
    """What is found of the audience and of sets, by the kind of input."""

    audience: Audience | None
    sets: SetStudy | None
    weighting: Weighting | None = None
    joint: Joint | None = None
    marginal: MarginalSets | None = None


def _of_people(
    parts: Parts, known: Known, respondents: Respondents, target: Sequence[str], base: Base,
    weight_bounds: tuple[float, float], withhold_below: int, rules: dict[str, Any], drawn: dict[str, Any],
) -> _Reached:  # fmt: skip
    people, weighting = respondents.people, None
    design, question = design_of(people), _networks(respondents.questions[known.question])
    if known.margins:
        design, weighting = raked(people, design, known.margins, weight_bounds)
    everyone = question.base(base)
    rows = everyone & audience.target_rows(people, target)

    def seen() -> Audience:
        _refuse_few(rows, design, withhold_below)
        return audience.of_respondents(question, rows, everyone, design, confidence=drawn["confidence"])

    def searched() -> SetStudy:
        _refuse_few(rows, design, withhold_below)
        return sets.from_respondents(question, rows, design, **rules, **drawn)

    return _Reached(parts.get("audience", seen), parts.get("sets", searched), weighting)


def _of_table(parts: Parts, known: Known, rules: dict[str, Any], drawn: dict[str, Any]) -> _Reached:
    names, shares = known.alone
    other = (known.population, known.population_asked) if known.population is not None else None
    given = known.table if known.table is not None else (names, shares, known.people_asked)
    found = parts.get("audience", lambda: audience.audience_of_table(given, other, drawn["confidence"]))
    table = known.table
    joint = parts.get("joint", lambda: overlap.maximum_entropy(table)) if table is not None else None
    if joint is not None:
        usage = joint.usage
        studied = parts.get("sets", lambda: sets.from_joint(usage, known.people_asked, **rules, **drawn))
        return _Reached(found, studied, joint=joint)
    parts.missing["sets"] = parts.missing.get("joint", "marginals_only")
    marginal = parts.get("marginal", lambda: marginals.from_marginals(names, shares, **rules))
    return _Reached(found, None, marginal=marginal)


def _drawn(
    parts: Parts, known: Known, reached: _Reached, limits: Limits, resamples: int, seed: int
) -> tuple[Usage, Resamples, float, int]:
    """What a choice is made from: use, resamples, the base they speak for, and the most networks to publish on."""
    if reached.sets is not None:
        of = reached.sets
        return of.usage, of.resamples, of.effective_base, limits.publish_most
    if reached.marginal is None:
        raise NotIdentified(parts.missing.get("marginal", parts.missing.get("sets", "no_users")))
    # Of networks one by one only: which pair is best the marginals do not tell.
    names, shares = known.alone
    left = [name for name in names if name not in reached.marginal.left_out]
    reach = dict(zip(names, shares.tolist(), strict=True))
    return *_one_by_one(reach, known.people_asked, left, limits, resamples, seed), known.people_asked, 1


def _networks(question: MultiSelect) -> MultiSelect:
    """The question's networks alone: "none of these" and "other" are no place to be."""
    return replace(question, ticks=question.ticks.loc[:, is_substantive(question)], exclusive=frozenset())


def _members(studied: SetStudy | None, choice: Choice | None) -> pd.DataFrame | None:
    if studied is None or choice is None or not choice.publish:
        return None
    names = studied.usage.names
    bits = {name: 1 << names.index(name) for name in choice.publish}
    whole = sum(bits.values())
    found = reach_of(studied.usage, np.array([whole, *bits.values(), *(whole - bit for bit in bits.values())]))
    alone, without = found[1 : len(bits) + 1], found[len(bits) + 1 :]
    members = pd.DataFrame({"network": list(bits), "share": alone, "only": 100 * (found[0] - without)})
    return members.sort_values("only", ascending=False, kind="stable", ignore_index=True)


def _refuse_few(rows: Mask, design: Design, withhold_below: int) -> None:
    """Nothing of too few people; nor of many of whom one weighs so much that it is all but that one's answers."""
    if not rows.any():
        raise NotIdentified("no_target")
    if rows.sum() < withhold_below or design.weights[rows].max() > design.weights[rows].sum() / 2:
        raise NotIdentified("withheld")


def _one_by_one(
    reach: Mapping[str, float], asked: float, considered: Iterable[str], limits: Limits, resamples: int, seed: int
) -> tuple[Usage, Resamples]:
    """The networks as if nobody used two, which is right for sets of one and for no others.

    How people on two networks go together is not known, and it is in the error of a difference between two shares:
    twice the variance of independent ones is as much as any overlap can make it, so the tied list is never too short.
    """
    if len(set(limits.force_in)) > 1:
        raise NotIdentified("marginals_only")
    names = tuple(considered)
    shares = np.array([reach[name] for name in names], dtype=float)
    masks = np.int64(1) << np.arange(len(names), dtype=np.int64)
    drawn = np.empty((0, len(names)))
    if 2 <= asked < np.inf:
        people = round(asked)
        sample = np.random.default_rng(seed).binomial(people, shares, (resamples, len(names))) / people
        drawn = np.clip(shares + np.sqrt(2) * (sample - shares), 0, 1)
    return Usage(names, masks, shares), Resamples(drawn, drawn[:0], drawn[:0], drawn[:0, 0])
