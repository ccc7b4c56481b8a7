"""A maximum of a log-likelihood in the logarithms of its parameters: several starts, observed information."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
LogLikelihood = Callable[[Floats], tuple[float, Floats]]  # log parameters -> value and gradient

SAME = 1e-6  # log-likelihoods this close, per unit of weight and at least absolutely, are one optimum
STEP = 1e-4  # of differences: an error of 1e-8 in the slope
NEGLIGIBLE = 1e-9  # of the largest curvature: a direction this flat is not identified


@dataclass(frozen=True)
class Maximum:
    """Where a log-likelihood is largest.

    ``theta`` (k,) are the logarithms of the parameters and ``covariance`` (k, k) theirs, the inverse observed
    information; directions in which it is flat get no variance. ``reached`` of the starts ended there.
    """

    theta: Floats
    value: float
    covariance: Floats
    reached: int


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """What is known of a model's parameters.

    ``standard_errors`` and the ends of the intervals, ``low`` and ``high``, stand by parameter, in the
    parameters' units; ``covariance`` (k, k) is of the logarithms, in the same order.
    """

    standard_errors: dict[str, float]
    low: dict[str, float]
    high: dict[str, float]
    covariance: Floats = field(repr=False)
    loglik: float
    reached: int

    @property
    def theta(self) -> Floats:
        """(k,) the logarithms of the parameters, without those that are not identified."""
        return np.log([getattr(self, name) for name in self.standard_errors])


def estimates(names: Sequence[str], values: Floats, best: Maximum, confidence: float) -> dict[str, Any]:
    """Each parameter by name and all of ``Fitted`` but its loglik; ``values`` (k,) in the parameters' units."""
    errors = np.sqrt(np.diag(best.covariance))
    low, high = log_normal(values, errors, confidence)

    def named(numbers: Floats) -> dict[str, float]:
        return dict(zip(names, numbers.tolist(), strict=True))

    return {
        **named(values),
        "standard_errors": named(values * errors),
        "low": named(low),
        "high": named(high),
        "covariance": best.covariance,
        "reached": best.reached,
    }


def maximise(
    whole: LogLikelihood, starts: Sequence[Sequence[float]], bound: float, part: LogLikelihood | None = None
) -> Maximum:
    """The largest of the maxima found from ``starts`` (parameters, (k,) each), logarithms within ±``bound``.

    All starts climb ``part``, the likelihood of a part of a large table, where it is given; the best of them
    goes on in ``whole`` and ends with Newton's steps. Deterministic.
    """
    ends = [_climb(part or whole, np.log(start), bound) for start in starts]
    theta, best = max(ends, key=lambda end: end[1])
    reached = sum(best - value <= SAME * max(1.0, abs(best)) for _, value in ends)
    if part is not None:
        theta, _ = _climb(whole, theta, bound)
    value, slope = whole(theta)
    covariance = _covariance(whole, theta)
    for _ in range(3):
        step = covariance @ slope
        trial = np.clip(theta + step, -bound, bound)
        better, slope_there = whole(trial)
        if not np.isfinite(better) or better < value or np.abs(step).max() > 1:
            break
        theta, value, slope = trial, better, slope_there
        if np.abs(step).max() < 1e-9:
            break
    return Maximum(theta, value, _covariance(whole, theta), reached)


def _climb(function: LogLikelihood, start: Floats, bound: float) -> tuple[Floats, float]:
    from scipy.optimize import minimize

    scale = max(1.0, abs(function(start)[0]))

    def downhill(theta: Floats) -> tuple[float, Floats]:
        value, slope = function(theta)
        return -value / scale, -slope / scale

    bounds, options = [(-bound, bound)] * start.size, {"ftol": 1e-13, "gtol": 1e-8}
    found = minimize(downhill, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    return np.asarray(found.x), -float(found.fun) * scale


def gradient(function: Callable[[Floats], Any], theta: Floats) -> Floats:
    """Central differences of ``function`` of log parameters; a row per parameter."""
    steps = np.eye(theta.size) * STEP
    return np.array([(function(theta + step) - function(theta - step)) / (2 * STEP) for step in steps])


def _covariance(function: LogLikelihood, theta: Floats) -> Floats:
    """(k, k) the inverse of minus the second derivatives, without directions that are flat or do not bend down."""
    second = gradient(lambda at: function(at)[1], theta)
    values, vectors = np.linalg.eigh(-(second + second.T) / 2)
    kept = values > NEGLIGIBLE * max(float(values.max()), 0.0)
    inverse = np.where(kept, 1 / np.where(kept, values, 1), 0)
    return np.asarray((vectors * inverse) @ vectors.T)


def log_normal(value: Any, log_error: Any, confidence: float) -> tuple[Any, Any]:
    """The interval of a positive number whose logarithm has standard error ``log_error``."""
    half = np.exp(float(ndtri((1 + confidence) / 2)) * log_error)
    return value / half, value * half


def thinned(rows: int, at_most: int) -> slice:
    """Every so-many-th of ``rows`` ordered rows, so that at most about ``at_most`` are left."""
    return slice(None, None, max(1, -(-rows // at_most)))
