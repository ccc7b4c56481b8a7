"""Gamma-Gamma: what a customer spends per purchase, by maximum likelihood (Fader and Hardie 2013).

A purchase is gamma(p, nu) and nu is gamma(q, gamma) over customers, so that a customer's mean of x purchases
is pulled towards everybody's, the less the more purchases there are. The first purchase is left out, since
it is not like the others; spending must not depend on how often a customer buys, which is checked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from kesher.faults import NotIdentified
from kesher.loyalty.value.likelihood import Fitted, Floats, LogLikelihood, estimates, maximise, thinned

FEWEST = 30  # customers of whose margins a distribution is fitted
PART = 20_000  # customers that all starts are tried on; the best goes on with all
BOUND = 16.0  # of the log parameters, money in units of the mean
STARTS = ((1.0, 1.0, 1.0), (6.0, 4.0, 0.5), (0.5, 3.0, 4.0), (2.0, 2.0, 0.5), (20.0, 3.0, 0.1))  # p, q, gamma


@dataclass(frozen=True, kw_only=True)
class GammaGamma(Fitted):
    """A fitted Gamma-Gamma; ``gamma`` in the currency of the purchases.

    ``correlation``, with its interval, is Pearson's between customers' number and mean of purchases: the
    model takes it to be zero.
    """

    p: float
    q: float
    gamma: float
    customers: int
    correlation: float
    correlation_low: float
    correlation_high: float

    @property
    def mean_is_finite(self) -> bool:
        """Whether q exceeds 1 by more than its standard error: without that the mean may be infinite."""
        return self.q - 1 > self.standard_errors["q"]


def median(theta: Floats) -> float:
    """The mean purchase of the median customer, finite whatever q is, at log parameters ``theta`` (3,)."""
    p, q, gamma = np.exp(theta)
    return float(p * gamma / special.gammaincinv(q, 0.5))


def expected(theta: Floats, x: ArrayLike, mean: ArrayLike) -> Floats:
    """The expected purchase of customers whose ``x`` purchases had this ``mean``; x = 0: everybody's mean.

    NaN where it is not finite. Linear in ``mean``, so that it stands for a negative one as well. ``theta`` (3,)
    are the logarithms of p, q and gamma.
    """
    p, q, gamma = np.exp(theta)
    x, mean = np.asarray(x, dtype=float), np.asarray(mean, dtype=float)
    seen = x > 0
    divisor = np.where(seen, p * x, 0) + q - 1
    finite = divisor > 0
    spent = gamma + np.where(seen, x * mean, 0)
    return np.where(finite, p * spent / np.where(finite, divisor, 1), np.nan)


def fit(x: Floats, mean: Floats, *, weights: Floats | None = None, confidence: float = 0.95) -> GammaGamma:
    """The Gamma-Gamma of customers whose ``x`` purchases after the first had this ``mean`` (each (n,), positive).

    ``weights`` (n,) count customers. Several starts are compared: from some the climb ends in a far poorer
    optimum with p in the millions. Raises ``NotIdentified``: "too_few_repeats" (or all means alike).
    """
    if x.size < FEWEST or np.ptp(mean) == 0:
        raise NotIdentified("too_few_repeats")
    w = np.ones(x.size) if weights is None else weights
    n = float(w.sum())
    unit = float(np.exp(w @ np.log(mean) / n))  # a geometric mean: one huge purchase does not move it far
    scaled, part = mean / unit, None
    if x.size > 2 * PART:
        some = np.lexsort((mean, x))[thinned(x.size, PART)]
        part = log_likelihood(x[some], scaled[some], w[some] * n / w[some].sum())
    best = maximise(log_likelihood(x, scaled, w), STARTS, BOUND, part)
    r, low, high = _correlation(x, mean, w, confidence)
    return GammaGamma(
        **estimates(("p", "q", "gamma"), np.exp(best.theta) * [1, 1, unit], best, confidence),
        loglik=float(best.value - n * np.log(unit)),  # densities of money carry its unit
        customers=round(n),
        correlation=r,
        correlation_low=low,
        correlation_high=high,
    )


def log_likelihood(x: Floats, mean: Floats, weights: Floats) -> LogLikelihood:
    """The log-likelihood and its gradient in log p, log q, log gamma; gamma functions over distinct x."""
    xs, at = np.unique(x, return_inverse=True)
    n_x, n = np.bincount(at, weights), float(weights.sum())
    total, log_mean = x * mean, float(weights @ np.log(mean))
    weighted = weights * x
    by_log = float(weighted @ (np.log(mean) + np.log(x)))

    def value(theta: Floats) -> tuple[float, Floats]:
        p, q, gamma = np.exp(theta)
        log_both, s = np.log(gamma + total), p * x + q
        gammas = special.gammaln(p * xs + q) - special.gammaln(p * xs) - special.gammaln(q)
        result = float(n_x @ gammas) + n * q * theta[2] + p * by_log - log_mean - float((weights * s) @ log_both)
        psi = special.digamma(p * xs + q)
        d_p = (n_x * xs) @ (psi - special.digamma(p * xs)) + by_log - weighted @ log_both
        d_q = n_x @ psi - n * (special.digamma(q) - theta[2]) - weights @ log_both
        d_gamma = n * q / gamma - (weights * s) @ (1 / (gamma + total))
        return result, np.array([p * d_p, q * d_q, gamma * d_gamma])

    return value


def _correlation(x: Floats, mean: Floats, weights: Floats, confidence: float) -> tuple[float, float, float]:
    """Pearson's correlation with Fisher's interval; NaN where x does not vary."""
    if np.ptp(x) == 0:
        return np.nan, np.nan, np.nan
    (of_x, both), (_, of_mean) = np.cov(x, mean, aweights=weights)
    r = float(both / (of_x * of_mean) ** 0.5)
    half = float(special.ndtri((1 + confidence) / 2)) / float(weights.sum() - 3) ** 0.5
    middle = np.arctanh(np.clip(r, -1 + 1e-12, 1 - 1e-12))
    return r, float(np.tanh(middle - half)), float(np.tanh(middle + half))
