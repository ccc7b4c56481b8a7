"""How rows came into a sample, and what follows at once: effective bases and bootstrap weights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kesher.faults import DataRefused, Fault

Rows = slice | NDArray[np.intp]
Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

MOST_WEIGHT = 1e100  # whose square still adds up
BLOCK = 1 << 16  # rows worked on at a time: small enough for memory, and few calls of a threaded BLAS


def kish_design_effect(weights: ArrayLike) -> float:
    """Kish's design effect of unequal weights, 1 + cv² with the population form of the variance.

    >>> kish_design_effect([1, 1, 2])
    1.125
    """
    w = np.asarray(weights, dtype=float)
    return float(w.size * np.square(w).sum() / w.sum() ** 2)


def effective_base(weights: ArrayLike) -> float:
    """Kish's effective base, (Σw)² / Σw²: the equal-weighted answers that tell as much; 0 for no rows."""
    w = np.asarray(weights, dtype=float)
    return float(w.sum() ** 2 / np.square(w).sum()) if w.size else 0.0


def cells_of(margins: Sequence[Codes], sizes: Sequence[int]) -> tuple[Codes, tuple[Codes, ...]]:
    """The combination of categories (n,) of each row, and each combination's category in every margin (C,).

    All combinations are numbered while there are fewer than rows or so, otherwise those that some row has.
    """
    cell = np.ravel_multi_index(tuple(margins), tuple(sizes))
    if math.prod(sizes) <= 2 * cell.size:
        cells = np.arange(math.prod(sizes))
    else:
        cells, cell = np.unique(cell, return_inverse=True)
    return cell, np.unravel_index(cells, tuple(sizes))


@dataclass(frozen=True)
class FirstStage:
    """The primary sampling units of a design: rows sorted by stratum and unit, where each unit starts."""

    order: Codes | None  # rows by stratum, then cluster; None where they already stand so
    starts: Codes  # (m,) where each unit starts in that order
    stratum: Codes  # (m,) dense code of its stratum, ascending
    size: Floats  # (H,) units in each stratum of the sample
    unsampled: Floats  # (H,) 1 - n_h/N_h, the finite population correction

    @property
    def factor(self) -> Floats:
        """(H,) what a stratum's sum of squares is multiplied by; without n/(n-1) for a single unit."""
        return self.unsampled * self.size / np.maximum(self.size - 1, 1)

    def rows(self, first: int, last: int) -> Rows:
        """The rows at these places of the order, as something to index with."""
        return slice(first, last) if self.order is None else self.order[first:last]

    def blocks(self, n: int) -> Iterator[tuple[Rows, Codes | None, Codes]]:
        """Rows of whole units, tens of thousands at a time; the units' starts (None: a row each); strata."""
        m = self.starts.size
        cuts = np.unique(np.append(np.searchsorted(self.starts, np.arange(0, n, BLOCK)), m))
        bounds = np.append(self.starts, n)
        for a, b in pairwise(cuts):
            starts = None if m == n else self.starts[a:b] - bounds[a]
            yield self.rows(bounds[a], bounds[b]), starts, self.stratum[a:b]


@dataclass(frozen=True)
class Design:
    """How the rows came into the sample.

    ``weights`` (n,) are positive. ``strata`` and ``clusters`` (n,) are integer codes; clusters are nested in
    strata, so one code in two strata is two clusters. ``population`` (n,) is the number of first-stage units
    (clusters, or rows where there are none) that the row's stratum has in the population. ``calibration``
    holds the integer codes of the margins the weights were raked to: variances are then of the scores'
    residuals on those margins. ``start`` (n,) are the weights raking started from, and only given where
    nobody failed to answer: the residuals then come from a regression with those weights, as in R's
    ``calibrate``, and otherwise with the raked ones.

    A domain (a segment, those who were asked) is a mask given to the estimators, never a shorter design: the
    rows outside still tell how many units could have fallen into it.

    Raises ``DataRefused`` for weights that are not positive, missing codes, a population smaller than its
    sample or not one number per stratum, and a sample of one cluster; ``ValueError`` for arrays of unequal
    length.
    """

    weights: Floats
    strata: Codes | None = None
    clusters: Codes | None = None
    population: Floats | None = None
    calibration: tuple[Codes, ...] = ()
    start: Floats | None = None

    def __post_init__(self) -> None:
        def settle(name: str, value: Any) -> None:
            object.__setattr__(self, name, value)

        settle("weights", np.asarray(self.weights, dtype=float))
        settle("calibration", tuple(np.asarray(codes) for codes in self.calibration))
        for name in ("strata", "clusters"):
            if getattr(self, name) is not None:
                settle(name, np.asarray(getattr(self, name)))
        for name in ("population", "start"):
            if getattr(self, name) is not None:
                settle(name, np.asarray(getattr(self, name), dtype=float))
        self._refuse_what_is_wrong()

    @classmethod
    def simple(cls, n: int, population: float | None = None) -> Design:
        """A simple random sample of ``n`` rows; from ``population`` rows where given (n: the whole team)."""
        return cls(np.ones(n), population=None if population is None else np.full(n, float(population)))

    def __len__(self) -> int:
        return self.weights.size

    @cached_property
    def first_stage(self) -> FirstStage:
        """The design's primary sampling units: its clusters, or its rows."""
        n = len(self)
        strata = np.zeros(n, np.intp) if self.strata is None else np.unique(self.strata, return_inverse=True)[1]
        order, starts = None, np.arange(n)
        if self.clusters is not None:
            order = np.lexsort((self.clusters, strata))
            new = np.diff(self.clusters[order], prepend=self.clusters[order[:1]] - 1) != 0
            starts = np.flatnonzero(new | (np.diff(strata[order], prepend=-1) != 0))
        elif self.strata is not None:
            order = np.argsort(strata, kind="stable")
        stratum = strata[starts] if order is None else strata[order[starts]]
        size = np.bincount(stratum, minlength=1).astype(float)
        unsampled = np.ones(size.size)
        if self.population is not None:
            unsampled = 1 - size / self._population_of(strata, size)
        return FirstStage(order, starts, stratum, size, unsampled)

    def _population_of(self, strata: Codes, size: Floats) -> Floats:
        assert self.population is not None
        low, high = np.full(size.size, np.inf), np.full(size.size, -np.inf)
        np.minimum.at(low, strata, self.population)
        np.maximum.at(high, strata, self.population)
        if not np.array_equal(low, high):
            raise _refused("population", "is not one number in every stratum.", "Give each stratum one population.")
        if (low < size).any():
            raise _refused(
                "population",
                "is smaller than the sample drawn from it.",
                "Count first-stage units: clusters where there are clusters, respondents otherwise.",
            )
        return low

    def _refuse_what_is_wrong(self) -> None:
        given = [self.strata, self.clusters, self.population, self.start, *self.calibration]
        if self.weights.ndim != 1 or any(a is not None and a.shape != self.weights.shape for a in given):
            raise ValueError("the arrays of a design must all be (n,)")
        if not (np.isfinite(self.weights) & (self.weights > 0)).all():
            raise _refused("weight", "has values that are not positive numbers.", "Remove or repair those rows.")
        if self.weights.size and self.weights.max() > MOST_WEIGHT:
            raise _refused("weight", "has values too large to add up.", "Divide all of them by their mean.")
        for name, codes in [
            ("stratum", self.strata),
            ("cluster", self.clusters),
            *(("margin", c) for c in self.calibration),
        ]:
            if codes is not None and (codes < 0).any():
                raise _refused(name, "is missing for some respondents.", "Give every respondent one.")
        if self.clusters is not None and len(self) > 1 and self.first_stage.starts.size == 1:
            raise _refused(
                "cluster",
                "is the same for every respondent, which leaves nothing to estimate a variance from.",
                "Leave the column out, or name the column that tells the clusters apart.",
            )
        if self.population is not None:
            _ = self.first_stage


def _refused(column: str, what: str, remedy: str) -> DataRefused:
    return DataRefused(Fault("respondents", f"bad_{column}", what, remedy, column=column))


def bootstrap_weights(design: Design, replicates: int, rng: np.random.Generator) -> Iterator[Floats]:
    """Yield ``replicates`` arrays (n,) of weights: the rescaled bootstrap of Rao, Wu and Yue (1992).

    Of the n_h units of a stratum n_h - 1 are drawn with replacement and their weights rescaled, so that the
    variance over replicates estimates the design's, finite population correction included. Strata of a single
    unit are resampled together (one alone, with its neighbour). Raked weights must be raked again in every
    replicate.
    """
    stage = design.first_stage
    stratum = with_lonely_pooled(stage)
    m = stratum.size
    by_stratum = np.argsort(stratum, kind="stable")
    size = np.bincount(stratum)
    first = np.cumsum(size) - size
    drawn = np.repeat(np.arange(size.size), np.maximum(size - 1, 0))  # the stratum of each draw
    scale = np.sqrt(stage.unsampled[stage.stratum])
    ratio = (size / np.maximum(size - 1, 1))[stratum]
    rows_per_unit = np.diff(np.append(stage.starts, len(design)))
    for _ in range(replicates):
        picks = by_stratum[first[drawn] + (rng.random(drawn.size) * size[drawn]).astype(np.intp)]
        times = np.bincount(picks, minlength=m)
        unit_factor = 1 + scale * (ratio * times - 1)
        factor = np.repeat(unit_factor, rows_per_unit)
        if stage.order is None:
            yield design.weights * factor
        else:
            weights = np.empty(len(design))
            weights[stage.order] = design.weights[stage.order] * factor
            yield weights


def with_lonely_pooled(stage: FirstStage) -> Codes:
    """(m,) stratum codes with the strata of one unit pooled into one."""
    lonely = stage.size[stage.stratum] == 1
    stratum = stage.stratum.copy()
    if lonely.sum() == 1 and stratum.size > 1:
        where = int(np.flatnonzero(lonely)[0])
        stratum[where] = stratum[where - 1 if where else 1]
    else:
        stratum[lonely] = stage.size.size
    return np.unique(stratum, return_inverse=True)[1]
