"""The best sets of networks: from respondents' rows, or from a joint distribution that stands for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.readers.tidy import OTHER, Mask, MultiSelect
from kesher.stats import (
    BestSet,
    Design,
    Resamples,
    Usage,
    best_sets,
    effective_base,
    estimate_shares,
    reach_of,
    usage_of,
)
from kesher.stats.pattern_resamples import resamples_from, resamples_of
from kesher.stats.usage import LARGEST_BEYOND, MOST_AT_ONCE, MOST_OPTIONS


@dataclass(frozen=True)
class SetStudy:
    """The best sets by size, from the number forced in (or 1) up, and what they were found from.

    ``usage`` and ``resamples`` are of the networks ``considered``; ``left_out`` says why others are not:
    "forced_out", "below_presence" or "no_users". ``base`` counts people, ``effective_base`` those who,
    of equal weights and drawn one by one, would tell as much (NaN where a joint distribution's base is unknown: then
    nothing is resampled).
    ``kind`` "joint": a distribution stands for the rows. ``examined`` sets; ``limited_to`` is the largest size
    there is with more than 22 networks, else None.
    """

    sets: tuple[BestSet, ...]
    usage: Usage
    resamples: Resamples
    considered: tuple[str, ...]
    left_out: dict[str, str]
    base: int
    effective_base: float
    confidence: float
    kind: Literal["respondents", "joint"]
    examined: int
    limited_to: int | None

    def of(self, size: int) -> BestSet | None:
        """The best set of this size; None where there is none."""
        return next((found for found in self.sets if found.size == size), None)


def from_respondents(
    question: MultiSelect,
    rows: Mask,
    design: Design,
    *,
    largest: int,
    forced_in: Sequence[str] = (),
    forced_out: Sequence[str] = (),
    minimum_presence: float = 0.0,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> SetStudy:
    """The best sets of the networks that the people in ``rows`` (n,) use; shares are of all of these people.

    Exclusive options and "other" are no networks. A network that reaches less than ``minimum_presence`` (0-1)
    is left out unless forced in. Raked weights are kept as they are in resamples, which errs towards width.
    Raises ``NotIdentified``: "no_target" (nobody in rows), "one_respondent", "no_users" (nobody uses any),
    "forced_unknown" (forced in, but not there, forced out too, or used by nobody), "none_left" (all networks are
    forced out or below presence), "too_many_networks" (more than 60).
    """
    people = int(rows.sum())
    if people < 2:
        raise NotIdentified("one_respondent" if people else "no_target")
    names = [name for name in question.reasons if name != OTHER]
    ticks, weights = question.ticks[names].to_numpy(dtype=bool)[rows], design.weights[rows]
    presence = dict(zip(names, (weights @ ticks / weights.sum()).tolist(), strict=True))
    considered, left_out = _considered(presence, forced_in, forced_out, minimum_presence)
    usage, pattern = usage_of(ticks[:, [names.index(name) for name in considered]], weights, considered)
    drawn = resamples_of(design, rows, pattern, usage.masks.size, resamples, np.random.default_rng(seed))
    n = _effective_base(question.ticks[list(considered)].to_numpy(dtype=bool), rows, design)
    sets, examined = _sets(usage, drawn, n, largest, forced_in, confidence)
    limit = LARGEST_BEYOND if len(considered) > MOST_AT_ONCE else None
    return SetStudy(sets, usage, drawn, considered, left_out, people, n, confidence, "respondents", examined, limit)


def from_joint(
    usage: Usage,
    base: float,
    *,
    largest: int,
    forced_in: Sequence[str] = (),
    forced_out: Sequence[str] = (),
    minimum_presence: float = 0.0,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> SetStudy:
    """The best sets from a joint distribution that stands for ``base`` respondents, NaN where unknown.

    Intervals and ties tell the sampling error of the table behind the distribution, not what it leaves open. The
    same refusals as ``from_respondents``.
    """
    if base < 2:
        raise NotIdentified("one_respondent" if base >= 1 else "no_target")
    reach = reach_of(usage, np.int64(1) << np.arange(len(usage.names)))
    presence = dict(zip(usage.names, reach.tolist(), strict=True))
    considered, left_out = _considered(presence, forced_in, forced_out, minimum_presence)
    usage = usage.only(considered)
    drawn = resamples_from(usage, base, resamples, np.random.default_rng(seed))
    people = round(base) if np.isfinite(base) else 0
    sets, examined = _sets(usage, drawn, base, largest, forced_in, confidence)
    limit = LARGEST_BEYOND if len(considered) > MOST_AT_ONCE else None
    return SetStudy(sets, usage, drawn, considered, left_out, people, base, confidence, "joint", examined, limit)


def _effective_base(ticks: NDArray[np.bool_], rows: Mask, design: Design) -> float:
    """Kish's, or where people came in clusters the smaller one that the variances of all networks' shares show."""
    kish = effective_base(design.weights[rows])
    if design.clusters is None:
        return kish
    found = estimate_shares(ticks, rows, design)
    one_by_one, here = float((found.share * (1 - found.share)).sum()), float(np.trace(found.covariance))
    return min(kish, one_by_one / here) if here > 0 else kish


def _considered(
    presence: dict[str, float], forced_in: Sequence[str], forced_out: Sequence[str], minimum: float
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The networks that sets are made of, and why the others are not."""
    if not any(presence.values()):
        raise NotIdentified("no_users")
    left_out = {}
    for name, share in presence.items():
        if name in forced_out:
            left_out[name] = "forced_out"
        elif share <= 0:
            left_out[name] = "no_users"
        elif share < minimum and name not in forced_in:
            left_out[name] = "below_presence"
    considered = tuple(name for name in presence if name not in left_out)
    if not {*forced_in} <= {*considered}:
        raise NotIdentified("forced_unknown")
    if not considered:
        raise NotIdentified("none_left")
    if len(considered) > MOST_OPTIONS:
        raise NotIdentified("too_many_networks")
    return considered, left_out


def _sets(
    usage: Usage, drawn: Resamples, n: float, largest: int, forced_in: Sequence[str], confidence: float
) -> tuple[tuple[BestSet, ...], int]:
    """The best sets by size, and how many sets were examined for them."""
    forced = len({*forced_in})
    sizes = range(max(forced, 1), max(largest, forced, 1) + 1)
    sets = best_sets(usage, drawn, n, sizes=sizes, forced_in=forced_in, confidence=confidence)
    return sets, sum(comb(len(usage.names) - forced, found.size - forced) for found in sets)
