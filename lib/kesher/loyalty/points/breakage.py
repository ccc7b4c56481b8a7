"""How many of the points issued will never be redeemed: chain ladder on earn month by age, Mack's error."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from kesher.faults import NotIdentified
from kesher.loyalty.points.ledger import Ledger
from kesher.loyalty.ranges import Range

Floats = NDArray[np.float64]
FEWEST = 6  # earn months
SEEN = 0.25  # of the redemption seen so far must have happened by the first age that is projected from
FLAT = 1e-4  # a last development factor this near to 1 needs no tail


@dataclass(frozen=True)
class Mack:
    """Chain ladder of n origins by m ages: factors (m,) with the tail's last and their estimation variances,
    ultimates (n,), the reserve (ultimate minus latest) and its standard error.
    """

    factors: Floats
    factor_variance: Floats
    ultimate: Floats
    reserve: float
    standard_error: float


@dataclass(frozen=True)
class Breakage:
    """Points of the ``base`` earn months that will not be redeemed, as a share of those issued.

    ``rate`` and ``ultimate`` (points redeemed in the end) carry prediction intervals, capped like their values
    at the points still out; ``reserve``: redemptions still to come. ``mack_standard_error`` is that of
    independent earn months, without what the intervals add for customers who are in many of them. ``lots``:
    month, issued (net of adjustments), redeemed, outstanding (still redeemable), ultimate, capped.
    ``tail_rule``: "expiry" (ages end where points do), "none", or "log_linear" with the factor ``tail``.
    """

    rate: Range
    ultimate: Range
    reserve: float
    mack_standard_error: float
    base: int
    tail: float
    tail_rule: str
    lots: pd.DataFrame


def mack(triangle: ArrayLike, tail: tuple[float, float] = (1.0, 0.0)) -> Mack:
    """Mack's (1993) distribution-free chain ladder of a cumulative triangle (n, m), NaN where not yet seen.

    The variance of the last factor is Mack's extrapolation, as in R's ``MackChainLadder(est.sigma = "Mack")``.
    ``tail`` = (factor, standard error) is one more development step for every origin.
    """
    c = np.asarray(triangle, dtype=float)
    factors, sigma2, variance = _factors(c)
    share = (tail[0] - 1) / max(factors[-1] - 1, tail[0] - 1, 1e-12)
    factors, variance = np.append(factors, tail[0]), np.append(variance, tail[1] ** 2)
    sigma2 = np.append(sigma2, sigma2[-1] * share)
    seen = np.isfinite(c).sum(axis=1)
    now, process, estimation = c[:, 0], np.zeros(len(c)), 0.0
    for k, factor in enumerate(factors):
        open_ = seen <= k + 1
        process = np.where(open_, factor**2 * process + sigma2[k] * now, 0)
        estimation = factor**2 * estimation + now[open_].sum() ** 2 * variance[k]
        now = np.where(open_, now * factor, c[:, min(k + 1, c.shape[1] - 1)])
    latest = c[np.arange(len(c)), seen - 1]
    return Mack(factors, variance, now, float((now - latest).sum()), float(np.sqrt(process.sum() + estimation)))


def _factors(c: Floats) -> tuple[Floats, Floats, Floats]:
    """Volume-weighted development factors, sigma² and the factors' variances, each (m-1,)."""
    m = c.shape[1]
    factors, sigma2, weight = np.ones(m - 1), np.zeros(m - 1), np.zeros(m - 1)
    for k in range(m - 1):
        rows = np.isfinite(c[:, k + 1]) & (c[:, k] > 0)
        here, there = c[rows, k], c[rows, k + 1]
        weight[k] = here.sum()
        if weight[k] > 0:
            factors[k] = there.sum() / weight[k]
        if rows.sum() > 1:
            sigma2[k] = (here * np.square(there / here - factors[k])).sum() / (rows.sum() - 1)
        elif k >= 2:
            before, last = sigma2[k - 2], sigma2[k - 1]
            sigma2[k] = min(last**2 / before if before > 0 else last, before, last)
    return factors, sigma2, np.divide(sigma2, weight, out=np.zeros_like(sigma2), where=weight > 0)


def breakage(ledger: Ledger, *, points_expire: int = 0, confidence: float = 0.95) -> Breakage:
    """Breakage of the points earned in the ledger's months, projected by chain ladder.

    The first column of the projection is what was issued, the second what was redeemed up to the first age by
    which redemption has begun in earnest: a month whose redemption has hardly begun is projected from its
    points, not from a handful of redemptions. Points can be redeemed up to the age ``points_expire`` (0:
    without end). A month's ultimate never exceeds what it has redeemed plus what is still out. Raises
    ``NotIdentified`` with "points_few_months", "points_no_redemptions" or "points_tail_not_identified".
    """
    span = ledger.months
    issued = (ledger.lots - ledger.used[2].sum(axis=1))[1:]
    live = issued > 1e-9 * ledger.lots.sum()
    if live.sum() < FEWEST:
        raise NotIdentified("points_few_months")
    if not ledger.used[0, 1:].any():
        raise NotIdentified("points_no_redemptions")
    ages = span if points_expire == 0 else min(span, points_expire + 1)
    triangle = _triangle(ledger.used[0, 1:], ages)
    redeemed, age = ledger.used[0, 1:].sum(axis=1), np.arange(span)[::-1]
    expired = (age >= points_expire) if points_expire else np.zeros(span, bool)
    out = np.where(expired, 0.0, ledger.out[1:])

    first = _first_age(triangle[live], issued[live])
    ladder = np.column_stack([issued, triangle[:, first:]])[live]
    tail, tail_error, rule = _tail(ladder, first, points_expire)
    fitted = mack(ladder, (tail, tail_error))
    ultimate = redeemed.copy()
    ultimate[live] = fitted.ultimate
    ceiling = redeemed + out
    capped = ultimate > ceiling
    ultimate = np.clip(ultimate, redeemed, ceiling)
    error = fitted.standard_error * _design_effect(ledger, ladder, fitted, first, live) ** 0.5
    total = _interval(float((ultimate - redeemed).sum()), error, float(out.sum()), confidence)
    total = Range(*(float(redeemed.sum() + bound) for bound in (total.value, total.low, total.high)))
    all_issued = float(issued[live].sum())
    lots = {
        "month": ledger.first + np.arange(span),
        "issued": issued,
        "redeemed": redeemed,
        "outstanding": out,
        "ultimate": ultimate,
        "capped": capped,
    }
    return Breakage(
        rate=Range(1 - total.value / all_issued, 1 - total.high / all_issued, 1 - total.low / all_issued),
        ultimate=total,
        reserve=float(total.value - redeemed.sum()),
        mack_standard_error=fitted.standard_error,
        base=int(live.sum()),
        tail=tail,
        tail_rule=rule,
        lots=pd.DataFrame(lots),
    )


def _design_effect(ledger: Ledger, ladder: Floats, fitted: Mack, first: int, live: NDArray[np.bool_]) -> float:
    """By how much customers being in many earn months at once makes the reserve more uncertain than Mack's.

    Mack takes earn months as independent, yet one redemption empties many of a customer's months. The factors'
    part of the reserve's variance is estimated once more from the sums of their errors over groups of
    customers; its ratio to Mack's, at least 1, is taken for the whole variance.
    """
    m = ladder.shape[1]
    seen = np.isfinite(ladder)
    lots = ledger.entered_of.sum(axis=1) - ledger.used_of[:, 2, 1:].sum(axis=2)
    onward = np.append(np.cumprod(fitted.factors[::-1])[::-1][1:], 1.0)
    projected = ladder.copy()
    scores, plain = np.zeros(len(lots)), 0.0
    triangles = (_triangle(used[0, 1:], m + first - 1)[:, first:] for used in ledger.used_of)
    groups = np.stack([np.column_stack(pair)[live] for pair in zip(lots, triangles, strict=True)])
    for k in range(m - 1):
        open_ = ~seen[:, k + 1]
        here = ladder[~open_, k].sum()
        if here <= 0:
            continue
        pull = projected[open_, k].sum() * onward[k]
        errors = (groups[:, ~open_, k + 1] - fitted.factors[k] * groups[:, ~open_, k]).sum(axis=1)
        scores += pull / here * errors
        plain += pull**2 * fitted.factor_variance[k]
        projected[open_, k + 1] = projected[open_, k] * fitted.factors[k]
    clustered = np.square(scores).sum() * len(scores) / (len(scores) - 1)
    return float(max(clustered / plain, 1.0)) if plain > 0 else 1.0


def _triangle(redeemed: Floats, ages: int) -> Floats:
    """(T, ages) cumulative points redeemed by age from (T, T) earn month by month of redemption."""
    span = len(redeemed)
    earn, age = np.arange(span)[:, None], np.arange(ages)[None, :]
    when = earn + age
    increments = np.where(when < span, redeemed[earn, np.minimum(when, span - 1)], np.nan)
    return np.asarray(np.cumsum(increments, axis=1))


def _first_age(triangle: Floats, issued: Floats) -> int:
    """The first age by which a quarter of what is seen to be redeemed had been, three months left to fit."""
    known = np.isfinite(triangle)
    share = np.nansum(triangle, axis=0) / np.maximum((known * issued[:, None]).sum(axis=0), 1e-300)
    early = int(np.argmax(share >= SEEN * share.max()))
    enough = np.flatnonzero(known.sum(axis=0) >= 3)
    return min(early, int(enough[-1]))


def _tail(ladder: Floats, first: int, points_expire: int) -> tuple[float, float, str]:
    """Factor of the ages beyond the ladder's last, its standard error, and the rule it follows.

    What a month of age adds, relative to the first age, is taken to shrink by the same share every month: its
    logarithm is regressed on age over the later half of the ages, by weighted least squares, and what is to
    come is summed up to the points' expiry or without end.
    """
    last = first + ladder.shape[1] - 2  # age of the last column
    if points_expire and last >= points_expire:
        return 1.0, 0.0, "expiry"
    factors, _, variance = _factors(ladder)
    factors, variance = factors[1:], variance[1:]  # the first is from issue
    if factors.size and factors[-1] - 1 < FLAT and (factors[-3:] - 1 < 10 * FLAT).all():
        return 1.0, 0.0, "none"
    age = first + np.arange(factors.size)
    reached = np.append(1.0, np.cumprod(factors)[:-1])
    use = (factors - 1 > FLAT) & (age >= first + factors.size // 2 - 2)
    if use.sum() < 3:
        raise NotIdentified("points_tail_not_identified")
    x = np.column_stack([np.ones(use.sum()), age[use]])
    floor = np.median(variance[use]) / 4 + 1e-300
    weight = np.square(factors[use] - 1) / np.maximum(variance[use], floor)
    covariance = np.linalg.inv((x.T * weight) @ x)
    level, slope = covariance @ ((x.T * weight) @ np.log((reached * (factors - 1))[use]))
    slope = min(slope, 0.0)
    if points_expire == 0 and slope + np.sqrt(covariance[1, 1]) >= 0:
        raise NotIdentified("points_tail_not_identified")
    beyond = np.arange(last, points_expire if points_expire else last + 600)
    steps = np.exp(level + slope * beyond) / np.prod(factors)
    gradient = np.array([steps.sum(), (steps * beyond).sum()])
    return 1 + float(steps.sum()), float(np.sqrt(gradient @ covariance @ gradient)), "log_linear"


def _interval(reserve: float, error: float, ceiling: float, confidence: float) -> Range:
    """Log-normal prediction interval of a reserve (Mack 1994), inside 0 and the points still out."""
    z = ndtri((1 + confidence) / 2)
    if reserve <= 0 or error == 0:
        return Range(reserve, reserve, float(min(reserve + z * error, ceiling)))
    spread = np.sqrt(np.log1p(np.square(error / reserve)))
    middle = np.log(reserve) - spread**2 / 2
    low, high = np.exp(middle - z * spread), np.exp(middle + z * spread)
    return Range(reserve, float(min(low, reserve)), float(max(min(high, ceiling), reserve)))
