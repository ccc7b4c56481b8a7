"""Shares, means and totals with linearised variances: weights, strata, clusters, fpc, raking, domains.

An estimate's variance is that of the total of its linearised scores (Taylor linearisation), summed to
first-stage units and centred within strata, as R's survey package does it (Lumley 2004, Binder 1983). A
stratum of one unit is centred at the mean of all units (``survey.lonely.psu = "adjust"``): conservative
rather than silent. Scores of raked weights are replaced by their residuals from the weighted regression on
the margins (Deville and Särndal 1992).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kesher.stats.design import BLOCK, Design, Floats, Rows, cells_of, effective_base

FEW = 10  # ticks (or blanks): below, a variance is itself too uncertain to promise more than Kish's base


Scores = Callable[[Rows], Floats]  # (rows, k) linearised scores of these rows


@dataclass(frozen=True)
class Shares:
    """The k estimated shares of one base.

    ``share`` (k,) and ``covariance`` (k, k) are weighted; ``base`` and ``counts`` (k,) count rows.
    ``effective_base`` (k,) is the simple random sample that would know the share as well (infinite for a
    census), ``design_effect`` (k,) the base over it. With nobody in the base, shares are NaN and both
    bases 0.
    """

    share: Floats
    covariance: Floats
    base: int
    effective_base: Floats
    degrees_of_freedom: float
    design_effect: Floats
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Mean:
    """An estimated mean or total of one base, with its standard error; bases as in ``Shares``."""

    value: float
    standard_error: float
    base: int
    effective_base: float
    degrees_of_freedom: float


def estimate_shares(ticks: NDArray[np.bool_], base_mask: NDArray[np.bool_], design: Design) -> Shares:
    """The weighted share of the base that ticked each option.

    ``ticks`` (n, k) and ``base_mask`` (n,) are boolean; a row outside the mask counts for neither part of the
    share.
    """
    mask = _checked(ticks, base_mask, design)
    base, k = int(mask.sum()), ticks.shape[1]
    if not base:
        empty = np.full(k, np.nan)
        return Shares(empty, np.full((k, k), np.nan), 0, np.zeros(k), 0.0, empty, np.zeros(k, np.int64))
    total = design.weights[mask].sum()
    share = np.minimum(_weighted_sums(ticks, design.weights * mask) / total, 1)  # 1 + rounding, if all ticked
    covariance = _covariance(ticks, mask, design, centre=share, scale=1 / total)
    counts = _weighted_sums(ticks, mask.astype(float)).astype(np.int64)
    effective = _effective_bases(share, np.diag(covariance), counts, mask, design)
    with np.errstate(divide="ignore"):
        design_effect = base / effective
    return Shares(share, covariance, base, effective, _degrees_of_freedom(mask, design), design_effect, counts)


def estimate_mean(values: Floats, mask: NDArray[np.bool_], design: Design) -> Mean:
    """The weighted mean of ``values`` (n,) over the mask; values outside it may be NaN."""
    return _estimate(values, mask, design, total=False)


def estimate_total(values: Floats, mask: NDArray[np.bool_], design: Design) -> Mean:
    """The weighted total of ``values`` (n,) over the mask: weights must add up to the population."""
    return _estimate(values, mask, design, total=True)


def _estimate(values: Floats, mask: NDArray[np.bool_], design: Design, total: bool) -> Mean:
    column = np.where(mask, values, 0.0)[:, None]
    mask = _checked(column, mask, design)
    base = int(mask.sum())
    if not base:
        return Mean(np.nan, np.nan, 0, 0.0, 0.0)
    if not np.isfinite(column).all():
        raise ValueError("a value inside the mask is not a finite number")
    n, weight = len(design), design.weights[mask].sum()
    mean = _weighted_sums(column, design.weights * mask) / weight
    centre, scale = (np.zeros(1), 1.0) if total else (mean, 1 / weight)
    variance = float(_covariance(column, mask, design, centre, scale)[0, 0])
    # A simple sample's variance of the same estimate, the values' spread being estimated with these weights.
    spread = float((design.weights[mask] * np.square(column[mask, 0] - mean)).sum() * weight * scale**2)
    effective = spread * n / max(n - 1, 1) / variance if variance > 0 else np.inf
    if spread == 0:
        effective = effective_base(design.weights[mask])
    value = float(mean[0] * weight * scale)
    return Mean(value, variance**0.5, base, effective, _degrees_of_freedom(mask, design))


def _checked(values: NDArray[Any], mask: NDArray[np.bool_], design: Design) -> NDArray[np.bool_]:
    mask = np.asarray(mask)
    if mask.dtype != bool or mask.shape != (len(design),) or values.shape[0] != len(design) or values.ndim != 2:
        raise ValueError("need values (n, k) and a boolean mask (n,) of the design's n rows")
    return mask


def _weighted_sums(values: NDArray[Any], weights: Floats) -> Floats:
    """(k,) Σ w y, without ever holding all values as doubles."""
    blocks = range(0, len(weights), BLOCK)
    sums = [np.einsum("i,ij->j", weights[i : i + BLOCK], values[i : i + BLOCK]) for i in blocks]
    return np.asarray(np.sum(sums, axis=0))


def _covariance(values: NDArray[Any], mask: NDArray[np.bool_], design: Design, centre: Floats, scale: float) -> Floats:
    """(k, k) covariance of Σ w z, z = scale (y - centre) in the mask and 0 outside; raking allowed for."""
    stage, k = design.first_stage, values.shape[1]

    def scores(rows: Rows) -> Floats:
        z = values[rows] - centre
        z *= (scale * mask[rows])[:, None]
        return z

    residuals = _margin_residuals(scores, k, design) if design.calibration else scores
    cross, sums = np.zeros((k, k)), np.zeros((stage.size.size, k))
    for rows, starts, stratum in stage.blocks(len(design)):
        u = residuals(rows)
        u *= design.weights[rows][:, None]
        if starts is not None:
            u = np.add.reduceat(u, starts, axis=0)
        first = np.flatnonzero(np.diff(stratum, prepend=-1))
        sums[stratum[first]] += np.add.reduceat(u, first, axis=0)
        cross += (u * stage.factor[stratum][:, None]).T @ u
    lonely = (stage.size == 1)[:, None]
    middle = np.where(lonely, sums.sum(axis=0) / stage.size.sum(), sums / stage.size[:, None])
    weighted = middle * stage.factor[:, None]
    around = weighted.T @ sums
    cross += (weighted * stage.size[:, None]).T @ middle - around - around.T
    np.fill_diagonal(cross, np.maximum(np.diag(cross), 0))  # rounding
    return cross


def _margin_residuals(scores: Scores, k: int, design: Design) -> Scores:
    """The scores' residuals from their weighted regression on the margins' (collinear) indicators.

    Each is divided by one minus its leverage, which comes close to leaving each respondent out in turn: the
    plain residuals of a few hundred raked respondents are too small, and their 95 % intervals cover 91-93 %.
    Respondents of one combination of categories share a fitted value, so the regression is one of cells.
    """
    weights = design.weights if design.start is None else design.start
    cell, categories = cells_of(design.calibration, [int(c.max()) + 1 for c in design.calibration])
    x = np.hstack([np.eye(c.max() + 1)[c] for c in categories])
    sums = np.zeros((len(x), k))
    for rows, _, _ in design.first_stage.blocks(len(design)):
        z = scores(rows)
        z *= weights[rows][:, None]
        for j in range(k):
            sums[:, j] += np.bincount(cell[rows], z[:, j], len(x))
    gram = (x.T * np.bincount(cell, weights, len(x))) @ x
    inverse = np.linalg.pinv(gram, rcond=1e-10, hermitian=True)
    fitted = x @ (inverse @ (x.T @ sums))
    leverage = np.zeros(len(x)) if design.start is not None else ((x @ inverse) * x).sum(axis=1)

    def residuals(rows: Rows) -> Floats:
        e = scores(rows)
        e -= fitted[cell[rows]]
        e /= np.maximum(1 - weights[rows] * leverage[cell[rows]], 0.1)[:, None]
        return e

    return residuals


def _effective_bases(
    share: Floats, variance: Floats, counts: NDArray[np.int64], mask: NDArray[np.bool_], design: Design
) -> Floats:
    """(k,) p(1-p)/variance times n/(n-1), so that a simple sample's effective base is its base.

    With fewer than ``FEW`` ticks or blanks it is at most Kish's base (corrected for a finite population),
    which is also what stands at a share of 0 or 1, where no variance can be estimated.
    """
    stage, n = design.first_stage, len(design)
    unsampled = np.empty(n)
    rows_per_unit = np.diff(np.append(stage.starts, n))
    unsampled[stage.rows(0, n)] = np.repeat(stage.unsampled[stage.stratum], rows_per_unit)
    with np.errstate(divide="ignore", invalid="ignore"):
        kish = design.weights[mask].sum() ** 2 / (np.square(design.weights) * unsampled)[mask].sum()
        effective = share * (1 - share) / variance * (n / max(n - 1, 1))  # NaN at 0 and 1
    few = np.minimum(counts, mask.sum() - counts) < FEW
    return np.where(few, np.fmin(effective, kish), effective)


def _degrees_of_freedom(mask: NDArray[np.bool_], design: Design) -> float:
    """First-stage units minus strata, both counted where the domain has rows; at least 1."""
    stage = design.first_stage
    units = np.logical_or.reduceat(mask[stage.rows(0, len(design))], stage.starts)
    return float(max(units.sum() - np.unique(stage.stratum[units]).size, 1))
