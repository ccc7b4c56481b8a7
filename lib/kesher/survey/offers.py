"""Which two or three offers together reach most fans, counting nobody twice."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from kesher.faults import NotIdentified
from kesher.readers.tidy import Base, MultiSelect
from kesher.stats import BestSet, Design, best_sets, effective_base, resamples_of, usage_of
from kesher.survey.shares import is_substantive

MOST_OPTIONS = 20


@dataclass(frozen=True)
class Offers:
    """The best sets of one, two, ... offers, in ``sets`` by size, from the ``options`` wanted by anyone."""

    sets: tuple[BestSet, ...]
    options: tuple[str, ...]
    base: int
    effective_base: float
    examined: int
    resamples: int
    confidence: float

    def of(self, size: int) -> BestSet | None:
        """The best set of this size; None where there are not that many offers."""
        return next((found for found in self.sets if found.size == size), None)


def study(
    question: MultiSelect,
    base: Base,
    design: Design,
    *,
    largest: int = 3,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Offers:
    """The best set of every size up to ``largest``; exclusive options and "other" are no offers.

    Raises ``NotIdentified``: "no_<question>" (empty base), "no_offers" (nobody wants any),
    "too_many_options".
    """
    mask = question.base(base)
    if not mask.any():
        raise NotIdentified(f"no_{question.question}")
    ticks = question.ticks.to_numpy(dtype=bool)[mask]
    offered = is_substantive(question) & ticks.any(axis=0)
    k = int(offered.sum())
    if k == 0:
        raise NotIdentified("no_offers")
    if k > MOST_OPTIONS:
        raise NotIdentified("too_many_options")
    weights, sizes = design.weights[mask], range(1, min(largest, k) + 1)
    usage, pattern = usage_of(ticks[:, offered], weights, tuple(question.ticks.columns[offered]))
    drawn = resamples_of(design, mask, pattern, usage.masks.size, resamples, np.random.default_rng(seed))
    n = effective_base(weights)
    return Offers(
        sets=best_sets(usage, drawn, n, sizes=sizes, confidence=confidence),
        options=usage.names,
        base=int(mask.sum()),
        effective_base=n,
        examined=sum(comb(k, size) for size in sizes),
        resamples=resamples,
        confidence=confidence,
    )
