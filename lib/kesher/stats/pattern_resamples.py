"""Resamples of who uses what, by distinct pattern: the bootstrap, and the splits of repeated cross-validation."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from kesher.stats.design import Codes, Design, Floats, bootstrap_weights, with_lonely_pooled
from kesher.stats.usage import Usage

FOLDS = 10  # of cross-validation: more choose on nearer to all the data, yet vary more from sample to sample
FOLDED_UNITS = 100_000  # units times repeats of it, for a Monte Carlo error below 0.1 points at 500 rows
REPEATS = (2, 1000)  # of it at least and at most
ROW_BY_ROW = 50_000  # rows beyond which a design without clusters is resampled by pattern


@dataclass(frozen=True)
class Resamples:
    """Pattern shares of resamples, and of the two parts of repeated cross-validation splits.

    ``drawn`` (B, p): rows add to 1. ``train`` and ``test`` (F, p): rows add to 1; of a joint distribution their
    entries can lie a little below 0. ``tested`` (F,): share of the base that the test part is. ``unsampled``: share
    of the population that is not in the sample, 1 without a finite population.
    """

    drawn: Floats
    train: Floats
    test: Floats
    tested: Floats
    unsampled: float = 1.0


def resamples_of(
    design: Design,
    rows_mask: NDArray[np.bool_],
    row_pattern: NDArray[np.intp],
    patterns: int,
    resamples: int,
    rng: np.random.Generator,
) -> Resamples:
    """Resamples of the rows in ``rows_mask`` (n,), whose patterns are ``row_pattern`` (rows in the mask,).

    The rescaled bootstrap of Rao, Wu and Yue (1992) by primary sampling unit within strata. Beyond 50,000 rows
    without clusters it draws how often each pattern comes in every stratum, which is the same for equal weights;
    unequal ones within a pattern add the normal noise of their drawn sum. Cross-validation splits sampling units
    within strata. Raked weights are kept as they are. A resample that misses the base is left out.
    """
    stage = design.first_stage
    row = np.arange(len(design)) if stage.order is None else stage.order
    unit = np.repeat(np.arange(stage.starts.size), np.diff(np.append(stage.starts, len(design))))
    inside = rows_mask[row]
    row, unit = row[inside], unit[inside]
    weights, pattern = design.weights[row], row_pattern[np.cumsum(rows_mask)[row] - 1]
    if design.clusters is None and len(design) > ROW_BY_ROW:
        drawn = _drawn_by_pattern(design, rows_mask, row_pattern, patterns, resamples, rng)
    else:
        drawn = np.empty((resamples, patterns))
        for b, factor in enumerate(bootstrap_weights(_units(design), resamples, rng)):
            drawn[b] = np.bincount(pattern, weights * factor[unit], patterns)
    drawn = drawn[drawn.any(axis=1)]  # a tiny base can miss a resample
    drawn /= drawn.sum(axis=1, keepdims=True)
    test = _folded(weights / weights.sum(), pattern, patterns, unit, stage.stratum, rng)
    tested = test.sum(axis=1)
    train = np.bincount(pattern, weights, patterns) / weights.sum() - test
    unsampled = float(np.average(stage.unsampled[stage.stratum[unit]], weights=weights))
    return Resamples(drawn, train / (1 - tested)[:, None], test / tested[:, None], tested, unsampled)


def _units(design: Design) -> Design:
    """A design with a row of weight 1 for every primary sampling unit, in the order of the first stage."""
    stage = design.first_stage
    first = stage.starts if stage.order is None else stage.order[stage.starts]
    population = None if design.population is None else design.population[first]
    strata = None if design.strata is None else stage.stratum
    return Design(np.ones(first.size), strata=strata, population=population)


def _folded(
    weights: Floats, pattern: Codes, patterns: int, unit: Codes, stratum: Codes, rng: np.random.Generator
) -> Floats:
    """(F, p) weight of each pattern in each fold of every repeat; units (of ``stratum``) dealt out within strata."""
    present = np.flatnonzero(np.bincount(unit))
    m, fold = present.size, np.zeros(stratum.size, np.intp)
    folds = min(FOLDS, m)
    test = np.empty((_repeats(m), folds, patterns))
    for repeat in test:
        by_stratum = present[np.argsort(stratum[present] + rng.random(m))]
        fold[by_stratum] = np.arange(m) % folds
        repeat[:] = np.bincount(fold[unit] * patterns + pattern, weights, folds * patterns).reshape(folds, patterns)
    return test.reshape(-1, patterns)


def _repeats(units: float) -> int:
    """How often the units are split into folds: not at all where there is nothing to split."""
    return int(np.clip(ceil(FOLDED_UNITS / units), *REPEATS)) if units >= 2 else 0


def _drawn_by_pattern(
    design: Design,
    rows_mask: NDArray[np.bool_],
    row_pattern: NDArray[np.intp],
    patterns: int,
    resamples: int,
    rng: np.random.Generator,
) -> Floats:
    """(B, p) resampled weights of the patterns, drawn as counts within strata; rows outside are one pattern more."""
    stage = design.first_stage
    pattern = np.full(len(design), patterns)
    pattern[rows_mask] = row_pattern
    weights, pooled = design.weights, with_lonely_pooled(stage)
    if stage.order is not None:
        pattern, weights = pattern[stage.order], weights[stage.order]
    code, first, cell, count = np.unique(
        stage.stratum * (patterns + 1) + pattern, return_index=True, return_inverse=True, return_counts=True
    )
    total = np.bincount(cell, weights)
    mean = total / count
    spread = np.sqrt(np.bincount(cell, np.square(weights - mean[cell])) / count)
    spread[spread < 1e-9 * mean] = 0  # equal weights, but for rounding
    at, stratum, scale = code % (patterns + 1), pooled[first], np.sqrt(stage.unsampled[code // (patterns + 1)])
    drawn = np.zeros((patterns + 1, resamples))
    for h in range(int(pooled.max()) + 1):
        cells = np.flatnonzero(stratum == h)
        n = int(count[cells].sum())
        times = rng.multinomial(max(n - 1, 0), count[cells] / n, size=resamples).T.astype(float)
        weight = times * mean[cells, None]
        noisy = np.flatnonzero((spread[cells] > 0) & (at[cells] < patterns))
        noise = np.sqrt(times[noisy]) * rng.standard_normal((noisy.size, resamples))
        weight[noisy] = np.maximum(weight[noisy] + spread[cells[noisy], None] * noise, 0)
        kept, ratio = scale[cells, None], n / max(n - 1, 1)
        np.add.at(drawn, at[cells], (1 - kept) * total[cells, None] + kept * ratio * weight)
    return np.ascontiguousarray(drawn[:patterns].T)


def resamples_from(usage: Usage, n: float, resamples: int, rng: np.random.Generator) -> Resamples:
    """Resamples of a joint distribution that stands for ``n`` respondents (multinomial).

    The parts of a split have the means and covariances of parts of a sample with these very shares.
    """
    if not 2 <= n < np.inf:  # unknown, a single person, or everybody
        nothing = np.empty((0, usage.shares.size))
        return Resamples(nothing, nothing, nothing, np.empty(0))
    n = round(n)
    shares = usage.shares / usage.shares.sum()
    drawn = rng.multinomial(n, shares, size=resamples) / n
    folds = min(FOLDS, n)
    rows = rng.multinomial(n, shares, size=folds * _repeats(n)) / n  # as many as all: variance 1/n
    # A part of n/K rows without replacement has K - 1 times the variance of the whole, the rest moves against it.
    moved = rows - shares
    test, train = shares + np.sqrt(folds - 1) * moved, shares - moved / np.sqrt(folds - 1)
    return Resamples(drawn, train, test, np.full(len(rows), 1 / folds))
