"""How far the marketing side is from the customers: in points, in ranks, and with the level removed.

The same two groups can look close or far by each of the three, so they stand together. Gaps are marketers
minus customers in percentage points; ``rank_gap`` is the customers' rank minus the marketers' (1 = largest
share), so that a reason marketers overrate is positive in all three.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import erfc

from kesher.faults import NotIdentified
from kesher.stats import (
    benjamini_hochberg,
    difference_interval,
    difference_p_value,
    kendall_tau_b,
    rank_intervals,
    ranks,
    tau_interval,
)
from kesher.survey.shares import SideShares

Floats = NDArray[np.float64]
FEW_COMPARISONS = 5  # up to here the interval alone decides


@dataclass(frozen=True)
class Gap:
    """The gap of every option that both sides have, and how the two orders agree.

    ``table``, one row per option, points where the name says pp:
    option, customers_share, marketers_share (0-1), customers_base, marketers_base,
    gap_pp, gap_low_pp, gap_high_pp, p, p_adjusted, distinct,
    centred_gap_pp, centred_low_pp, centred_high_pp, centred_p, centred_p_adjusted, centred_distinct,
    customers_rank, marketers_rank, rank_gap, rank_gap_low, rank_gap_high.

    ``interval_from`` says whose sampling error the intervals hold: "both", "customers" (the marketing side is
    a whole team), or "none" (a table without bases: every low, high and p is NaN). ``agreement_tau_b`` is
    None when a side's shares are all equal. ``mean_gap_pp`` is the level that the centred gap removes; both
    centred columns are NaN with one option only. ``forms_differ`` warns that the two sides answered different
    kinds of question.
    """

    table: pd.DataFrame
    interval_from: Literal["both", "customers", "none"]
    comparisons: int
    mean_gap_pp: float
    mean_gap_low_pp: float
    mean_gap_high_pp: float
    mean_absolute_gap_pp: float
    agreement_tau_b: float | None
    agreement_low: float | None
    agreement_high: float | None
    forms_differ: bool
    confidence: float


def compare(customers: SideShares, marketers: SideShares, *, forms_differ: bool = False, seed: int = 0) -> Gap:
    """The gap between two independent sides on the substantive options both have, in the customers' order.

    Intervals: Newcombe on effective bases for the gap; for contrasts of several gaps his limits combined with
    the options' correlations (MOVER: Zou and Donner 2008, Statistics in Medicine 27). Differences are
    ``distinct`` when the interval excludes zero and, with more than five options, Benjamini-Hochberg agrees.
    Raises ``NotIdentified`` with "no_shared_options".
    """
    theirs = marketers.compared().options
    shared = [option for option in customers.compared().options if option in theirs]
    if not shared:
        raise NotIdentified("no_shared_options")
    c, m = customers.select(shared), marketers.select(shared)
    interval_from = _interval_from(c, m)
    sampled = interval_from != "none"
    confidence, k = customers.confidence, len(shared)
    bases = (m.share, m.effective_base, c.share, c.effective_base)
    freedom = (m.degrees_of_freedom, c.degrees_of_freedom)
    gap = m.share - c.share
    low, high = difference_interval(*bases, confidence, freedom)
    p = np.asarray(difference_p_value(*bases, freedom)) if sampled else np.full(k, np.nan)
    centre = np.eye(k) - 1 / k
    below_above = (gap - low, high - gap)
    covariance = c.covariance + m.covariance
    centred, centred_low, centred_high = combined(centre, gap, *below_above, covariance)
    level, level_low, level_high = combined(np.full((1, k), 1 / k), gap, *below_above, covariance)
    centred_p = _wald_p(centred, centre @ covariance @ centre)
    if k == 1:
        centred = centred_low = centred_high = centred_p = np.array([np.nan])
    rank_low, rank_high = _rank_gap_bounds(c, m, confidence, seed) if sampled else (np.full(k, np.nan),) * 2
    tau, tau_low, tau_high = _agreement(c, m, confidence, seed, sampled)
    table = pd.DataFrame(
        {
            "option": shared,
            "customers_share": c.share,
            "marketers_share": m.share,
            "customers_base": c.base,
            "marketers_base": m.base,
            "gap_pp": 100 * gap,
            "gap_low_pp": 100 * low,
            "gap_high_pp": 100 * high,
            "p": p,
            "p_adjusted": benjamini_hochberg(p),
            "distinct": distinct(low, high, p, confidence),
            "centred_gap_pp": 100 * centred,
            "centred_low_pp": 100 * centred_low,
            "centred_high_pp": 100 * centred_high,
            "centred_p": centred_p,
            "centred_p_adjusted": benjamini_hochberg(centred_p),
            "centred_distinct": distinct(centred_low, centred_high, centred_p, confidence),
            "customers_rank": ranks(c.share),
            "marketers_rank": ranks(m.share),
            "rank_gap": ranks(c.share) - ranks(m.share),
            "rank_gap_low": rank_low,
            "rank_gap_high": rank_high,
        }
    )
    return Gap(
        table=table,
        interval_from=interval_from,
        comparisons=k,
        mean_gap_pp=100 * float(level[0]),
        mean_gap_low_pp=100 * float(level_low[0]),
        mean_gap_high_pp=100 * float(level_high[0]),
        mean_absolute_gap_pp=100 * float(np.abs(gap).mean()),
        agreement_tau_b=tau,
        agreement_low=tau_low,
        agreement_high=tau_high,
        forms_differ=forms_differ or (c.form != m.form and "unknown" not in (c.form, m.form)),
        confidence=confidence,
    )


def distinct(low: Floats, high: Floats, p: Floats, confidence: float) -> NDArray[np.bool_]:
    """Which differences may be called so: no zero in the interval; of more than five, adjusted p agrees."""
    excludes_zero = (low > 0) | (high < 0)
    if len(p) <= FEW_COMPARISONS:
        return np.asarray(excludes_zero)
    return np.asarray(excludes_zero & (benjamini_hochberg(p) <= 1 - confidence))


def combined(
    coefficients: Floats, value: Floats, below: Floats, above: Floats, covariance: Floats
) -> tuple[Floats, Floats, Floats]:
    """Linear combinations (m, k) of estimates (k,) whose own intervals reach ``below`` and ``above`` them.

    MOVER: the distances take the place of standard errors, each on the side where it hurts, with the
    estimates' correlations. For coefficients (1, -1) and no correlation this is Newcombe's interval.
    """
    error = np.sqrt(np.diag(covariance))
    scale = np.outer(error, error)
    correlation = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0)
    np.fill_diagonal(correlation, 1.0)
    down = coefficients * np.where(coefficients > 0, below, above)
    up = coefficients * np.where(coefficients > 0, above, below)
    estimate = coefficients @ value
    reach = [np.sqrt(np.maximum(np.einsum("mi,ij,mj->m", s, correlation, s), 0)) for s in (down, up)]
    return estimate, estimate - reach[0], estimate + reach[1]


def _interval_from(c: SideShares, m: SideShares) -> Literal["both", "customers", "none"]:
    if np.isnan(c.effective_base).any() or np.isnan(m.effective_base).any():
        return "none"
    return "customers" if m.mode == "whole_team" else "both"


def _wald_p(value: Floats, covariance: Floats) -> Floats:
    """Two-sided normal p-values; 1 for a difference that is zero, 0 for one that is known exactly."""
    error = np.sqrt(np.maximum(np.diag(covariance), 0))
    zero = np.where(np.abs(value) < 1e-12, 0.0, np.inf)
    t = np.divide(np.abs(value), error, out=zero, where=error > 0)
    return np.where(np.isnan(error), np.nan, erfc(t / np.sqrt(2)))


def _rank_gap_bounds(c: SideShares, m: SideShares, confidence: float, seed: int) -> tuple[Floats, Floats]:
    """Bounds of the difference of ranks: each side at half the error, or the customers alone at all of it."""
    each = confidence if m.mode == "whole_team" else (1 + confidence) / 2
    rng = np.random.default_rng(seed)
    best, worst = rank_intervals(c.share, c.covariance, each, rng, c.degrees_of_freedom)
    if m.mode == "whole_team":
        return best - ranks(m.share), worst - ranks(m.share)
    their_best, their_worst = rank_intervals(m.share, m.covariance, each, rng, m.degrees_of_freedom)
    return (best - their_worst).astype(float), (worst - their_best).astype(float)


def _agreement(
    c: SideShares, m: SideShares, confidence: float, seed: int, sampled: bool
) -> tuple[float | None, float | None, float | None]:
    tau = float(kendall_tau_b(c.share, m.share))
    if not np.isfinite(tau):
        return None, None, None
    if not sampled:
        return tau, None, None
    low, high = tau_interval(
        (c.share, c.covariance),
        (m.share, m.covariance),
        confidence,
        np.random.default_rng(seed),
        (c.degrees_of_freedom, m.degrees_of_freedom),
    )
    return tau, low, high
