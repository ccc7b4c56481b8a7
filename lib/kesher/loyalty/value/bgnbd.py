"""BG/NBD: how often customers buy and when they stop unseen, by maximum likelihood (Fader, Hardie, Lee 2005).

While alive a customer buys as a Poisson process, at a rate that is gamma(r, alpha) over customers; after each
purchase the customer leaves with a probability that is beta(a, b) over customers. What is known of a customer
is x repeat purchases, the last at time t_x, of a history of length T, all since the first purchase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from kesher.faults import NotIdentified
from kesher.loyalty.value.likelihood import Fitted, Floats, LogLikelihood, estimates, maximise, thinned

PART = 5_000  # histories that all starts are tried on; the best goes on with all
BOUND = 14.0  # of the log parameters, time in units of the mean history
UNBOUNDED = 1_000.0  # r, or a + b, from which customers can not be told apart
DETECTED = 2.706  # twice the log-likelihood that drop-out must add: 5 % at the edge of the parameters
STARTS = ((0.25, 0.8, 2.5), (1.0, 0.3, 3.0), (0.6, 2.0, 2.0), (3.0, 0.05, 1.0))  # r, a, b; alpha follows


@dataclass(frozen=True)
class Histories:
    """Distinct purchase histories and how many customers have each: ``x``, ``t_x``, ``T``, ``count`` all (k,)."""

    x: Floats
    t_x: Floats
    T: Floats
    count: Floats

    def part(self, at_most: int) -> Histories:
        """Some of the histories, evenly over their order, standing for all."""
        some = thinned(self.x.size, at_most)
        scale = self.count.sum() / self.count[some].sum()
        return Histories(self.x[some], self.t_x[some], self.T[some], self.count[some] * scale)


def grouped(
    x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weights: Floats | None = None
) -> tuple[Histories, NDArray[np.intp]]:
    """The distinct rows of x, t_x, T (n,) with the sum of their weights (None: one each), and each row's history (n,).

    Rows become one integer of their values' codes: sorting rows would take a hundred times longer.
    """
    columns = [pd.factorize(np.asarray(values, dtype=float), sort=True) for values in (x, t_x, T)]
    sizes = [levels.size for _, levels in columns]
    row, keys = pd.factorize(np.ravel_multi_index([codes for codes, _ in columns], sizes), sort=True)
    distinct = zip(columns, np.unravel_index(keys, sizes), strict=True)
    of_x, of_t_x, of_T = (levels[at] for (_, levels), at in distinct)
    return Histories(of_x, of_t_x, of_T, np.bincount(row, weights).astype(float)), row


@dataclass(frozen=True, kw_only=True)
class BgNbd(Fitted):
    """A fitted BG/NBD; ``alpha`` in the histories' unit of time.

    Where drop-out is not identified the model is the NBD without it: ``a`` is 0, ``b`` infinite. ``rows`` is the
    number of distinct histories.
    """

    r: float
    alpha: float
    a: float = 0.0
    b: float = np.inf
    rows: int
    dropout_identified: bool
    heterogeneity_identified: bool


def fit(
    x: ArrayLike, t_x: ArrayLike, T: ArrayLike, *, weights: Floats | None = None, confidence: float = 0.95
) -> BgNbd:
    """The BG/NBD of customers with ``x`` repeat purchases, the last at ``t_x``, in a history ``T`` (each (n,)).

    ``weights`` (n,) count customers. Where leaving adds less to the likelihood than chance would, the fit is
    the NBD without drop-out and says so. Raises ``NotIdentified``: "no_repeat", "too_short" (no history has
    a length).
    """
    return fit_grouped(grouped(x, t_x, T, weights)[0], confidence=confidence)


def fit_grouped(rows: Histories, *, confidence: float = 0.95) -> BgNbd:
    """``fit`` on histories already grouped."""
    seen, bought = float(rows.count @ rows.T), float(rows.count @ rows.x)
    if not bought:
        raise NotIdentified("no_repeat")
    if not seen:
        raise NotIdentified("too_short")
    unit = seen / float(rows.count.sum())
    rate = bought / seen * unit
    scaled = Histories(rows.x, rows.t_x / unit, rows.T / unit, rows.count)
    whole = log_likelihood(scaled)
    part = log_likelihood(scaled.part(PART)) if rows.x.size > 2 * PART else None
    starts = [(r, max(r / rate, 1e-4), a, b) for r, a, b in STARTS]
    plain, full = (maximise(whole, [start[:k] for start in starts], BOUND, part) for k in (2, 4))
    leaves = 1 / (1 + np.exp(full.theta[3] - full.theta[2]))
    dropout = bool(2 * (full.value - plain.value) > DETECTED and leaves > 1e-5)
    best = full if dropout else plain
    values = np.exp(best.theta)
    values[1] *= unit
    return BgNbd(
        **estimates(("r", "alpha", "a", "b")[: values.size], values, best, confidence),
        loglik=float(best.value - bought * np.log(unit)),  # densities of times: the unit's power is the purchases
        rows=rows.x.size,
        dropout_identified=dropout,
        heterogeneity_identified=bool(values[0] < UNBOUNDED and (not dropout or values[2] + values[3] < UNBOUNDED)),
    )


def log_likelihood(rows: Histories) -> LogLikelihood:
    """The log-likelihood and its gradient in log r, log alpha (and log a, log b: without them, the NBD).

    Gamma functions depend on x alone and are tabulated over its distinct values.
    """
    xs, at = np.unique(rows.x, return_inverse=True)
    n_x = np.bincount(at, rows.count)
    n, repeat = float(n_x.sum()), rows.x > 0

    def value(theta: Floats) -> tuple[float, Floats]:
        r, alpha = np.exp(theta[:2])
        s = (r + xs)[at]
        log_T, log_t = np.log(alpha + rows.T), np.log(alpha + rows.t_x)
        total = float(n_x @ (special.gammaln(r + xs) - special.gammaln(r))) + n * r * theta[1]
        gone = np.zeros(s.size)
        log_sum = -s * log_T
        if theta.size == 4:
            a, b = np.exp(theta[2:])
            odds = (theta[2] - np.log(np.maximum(b + xs - 1, 1e-300)))[at] + s * (log_T - log_t)
            gone = np.where(repeat, special.expit(odds), 0)
            log_sum += np.where(repeat, np.logaddexp(0, odds), 0)
            total += float(n_x @ (_log_rising(b, xs) - _log_rising(a + b, xs)))
        total += float(rows.count @ log_sum)
        w, stay = rows.count * gone, 1 - gone
        d_r = n_x @ special.digamma(r + xs) - n * (special.digamma(r) - theta[1])
        d_r -= rows.count @ (log_T - gone * (log_T - log_t))
        d_alpha = n * r / alpha - (rows.count * s) @ (stay / (alpha + rows.T) + gone / (alpha + rows.t_x))
        gradient = [r * d_r, alpha * d_alpha]
        if theta.size == 4:
            both = n * special.digamma(a + b) - n_x @ special.digamma(a + b + xs)
            gone_x = np.bincount(at, w)
            d_b = both + n_x @ special.digamma(b + xs) - n * special.digamma(b)
            d_b -= (gone_x[xs > 0] / (b + xs[xs > 0] - 1)).sum()
            gradient += [a * both + gone_x.sum(), b * d_b]
        return total, np.array(gradient)

    return value


def _log_rising(z: float, x: Floats) -> Floats:
    """log of z (z+1) ... (z+x-1)."""
    return np.asarray(special.gammaln(z + x) - special.gammaln(z))


def p_alive(theta: Floats, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """The probability that customers with these histories have not left; 1 with no repeat purchase.

    ``theta`` are the logarithms of r, alpha, a, b, or of r and alpha without drop-out.
    """
    x, t_x, T = (np.asarray(values, dtype=float) for values in (x, t_x, T))
    if theta.size == 2:
        return np.ones(np.broadcast_shapes(x.shape, t_x.shape, T.shape))
    r, alpha, _, b = np.exp(theta)
    odds = theta[2] - np.log(np.where(x > 0, b + x - 1, 1)) + (r + x) * np.log((alpha + T) / (alpha + t_x))
    return np.where(x > 0, special.expit(-odds), 1.0)


def expected(theta: Floats, t: float, x: ArrayLike, t_x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected purchases in the next ``t`` of customers with these histories (Fader, Hardie, Lee 2005, 10)."""
    return np.asarray(p_alive(theta, x, t_x, T) * expected_alive(theta, t, x, T))


def expected_alive(theta: Floats, t: ArrayLike, x: ArrayLike, T: ArrayLike) -> Floats:
    """Expected purchases in the next ``t`` of a customer who is alive after ``x`` purchases in ``T``.

    The published 2F1 after Euler's transformation, in which the many purchases of one customer appear only in
    the denominator's parameter: no power overflows. At its removable poles (a = 1, a + b + x = 1) the mean
    of two neighbours is taken.
    """
    t, x, T = (np.asarray(values, dtype=float) for values in (t, x, T))
    r, alpha = np.exp(theta[:2])
    if theta.size == 2:
        return np.asarray((r + x) / (alpha + T) * t)
    a, b = np.exp(theta[2:])
    if abs(a - 1) < 1e-5 or abs(a + b - 1) < 1e-5:
        around = [np.log([r, alpha, a + h, b]) for h in (-1e-4, 1e-4)]
        return np.asarray(sum(expected_alive(near, t, x, T) for near in around) / 2)
    z, c = t / (alpha + T + t), a + b + x - 1
    with np.errstate(all="ignore"):
        left = (1 - z) ** (a - 1) * special.hyp2f1(a + b - 1 - r, a - 1, c, z)
        result = np.asarray(c / (a - 1) * (1 - left))
    most = (r + x) / (alpha + T) * t  # without drop-out
    wrong = ~np.isfinite(result) | (result < 0) | (result > most * (1 + 1e-9))
    if wrong.any():
        full = np.broadcast_arrays(t, x, T)
        result[wrong] = _where_leaving_is_alike(np.exp(theta), *(values[wrong] for values in full))
    return result


def _where_leaving_is_alike(parameters: Floats, t: Floats, x: Floats, T: Floats) -> Floats:
    """The same where a and b are so large that powers underflow: the chance of leaving hardly varies, and its
    mean and variance say all (Gauss and Hermite's nodes, to about 1e-5)."""
    r, alpha, a, b = parameters
    mean = a / (a + b + x)
    spread = np.sqrt(mean * (1 - mean) / (a + b + x + 1))
    nodes, weights = np.polynomial.hermite_e.hermegauss(7)
    p = np.clip(mean + spread * nodes[:, None], 1e-12, 1)
    return np.asarray(weights @ (-np.expm1(-(r + x) * np.log1p(p * t / (alpha + T))) / p) / weights.sum())
