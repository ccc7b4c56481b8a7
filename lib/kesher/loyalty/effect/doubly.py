"""Doubly robust difference in differences of two periods (Sant'Anna and Zhao 2020)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kesher.faults import NotIdentified
from kesher.loyalty.effect.estimates import Booleans, Floats, Integers

SURE = 0.99  # a member more likely than this to have joined has nobody to be compared with
STEPS = 50
FARTHEST = 60.0  # log odds between two controls, beyond which the weights run away: no weights balance


@dataclass(frozen=True)
class DoublyRobust:
    """``value``: the effect on the treated; ``psi`` (n,): each row's influence, se = sqrt(sum(psi**2)).

    ``propensity`` (n,) to be treated, ``odds`` (n,) the controls' weights, ``outcome`` (n,) the change that
    controls alike would have shown.
    """

    value: float
    psi: Floats
    propensity: Floats
    odds: Floats
    outcome: Floats


def doubly_robust(change: Floats, treated: Booleans, x: Floats, weights: Floats) -> DoublyRobust:
    """Effect on the treated of a change (n,), given covariates ``x`` (n, k) with an intercept, and weights.

    Right if either the controls' change is linear in ``x`` or joining is logistic in ``x``. Estimator and
    influence function: Sant'Anna and Zhao (2020), equation 3.1, as in R's DRDID (drdid_panel). Raises
    ``NotIdentified("no_overlap")`` where ``x`` tells members from others without error.
    """
    d, w = treated.astype(float), weights
    propensity = _joining(d, x, w)
    odds = w * (1 - d) * propensity / (1 - propensity)
    bread = _inverse(x, w * (1 - d))
    outcome = x @ (bread @ (x.T @ (w * (1 - d) * change)))
    rest, wd = change - outcome, w * d
    total, total_odds = wd.sum(), odds.sum()
    mean, mean_odds = float(wd @ rest / total), float(odds @ rest / total_odds)
    pull = wd @ x / total - odds @ x / total_odds  # what an error of the regression does to the difference
    lean = (odds * (rest - mean_odds)) @ x / total_odds  # and one of the propensity to the controls' mean
    psi = wd * (rest - mean) / total - odds * (rest - mean_odds) / total_odds
    psi -= (w * (1 - d) * rest) * (x @ (bread @ pull))
    psi -= (w * (d - propensity)) * (x @ (_inverse(x, w * propensity * (1 - propensity)) @ lean))
    return DoublyRobust(mean - mean_odds, psi, propensity, odds, outcome)


def calibrated(change: Floats, treated: Booleans, x: Floats, weights: Floats, customers: Integers) -> DoublyRobust:
    """The same effect by weights of the controls that equal the members' means of ``x`` exactly.

    Sant'Anna and Zhao's (2020) improved estimator: odds by inverse probability tilting (Graham et al. 2012),
    outcome regression weighted by them; neither's error matters to first order. Controls' residuals are
    scaled up for their customer's leverage (HC2), since a few controls may carry much weight. Raises
    ``NotIdentified("no_overlap")`` where no weights balance the two groups.
    """
    control, w = ~treated, weights
    total = w[treated].sum()
    own, target, base = x[control], w[treated] @ x[treated] / total, np.log(w[control])

    def shares(at: Floats) -> Floats:
        score = base + own @ at
        if np.ptp(score) > FARTHEST:
            raise NotIdentified("no_overlap")
        return np.asarray(np.exp(score - _log_sum(score)))

    def slope(at: Floats) -> tuple[Floats, Floats]:
        share = shares(at)
        mean = share @ own
        return mean - target, (own * share[:, None]).T @ own - np.outer(mean, mean)

    gamma = _lowest(lambda at: _log_sum(base + own @ at) - float(target @ at), slope, x.shape[1], flat=1e-9)
    share = shares(gamma)
    bread = _inverse(own, share)
    outcome = x @ (bread @ (own.T @ (share * change[control])))
    lever = np.bincount(customers[control], share * ((own @ bread) * own).sum(axis=1))[customers[control]]
    rest = change - outcome
    value = float(w[treated] @ rest[treated] / total)
    psi = w * (rest - value) / total
    psi[control] = -share * rest[control] / np.sqrt(np.maximum(1 - lever, 0.1))
    odds = np.zeros(len(x))
    odds[control] = share * total
    score = x @ gamma - _log_sum(base + own @ gamma) + np.log(total)
    return DoublyRobust(value, psi, _chance(score), odds, outcome)


def _joining(d: Floats, x: Floats, w: Floats) -> Floats:
    """Logistic probabilities by maximum likelihood."""
    w = w / w.sum()
    z = x / np.abs(x).max(axis=0)

    def lost(at: Floats) -> float:
        score = z @ at
        return float(w @ (np.logaddexp(0, score) - d * score))

    def slope(at: Floats) -> tuple[Floats, Floats]:
        p = _chance(z @ at)
        return z.T @ (w * (p - d)), (z * (w * p * (1 - p))[:, None]).T @ z

    beta = _lowest(lost, slope, x.shape[1], flat=1e-13)
    p = _chance(z @ beta)
    if p[d == 0].max(initial=0) > 1 - 1e-9 or lost(beta) < 1e-6:
        raise NotIdentified("no_overlap")
    return p


def _lowest(
    value: Callable[[Floats], float], slope: Callable[[Floats], tuple[Floats, Floats]], k: int, flat: float
) -> Floats:
    """Where a convex function of k numbers has no slope above ``flat``, by Newton's method with halved steps."""
    at: Floats = np.zeros(k)
    here = value(at)
    for _ in range(STEPS):
        gradient, curvature = slope(at)
        if np.abs(gradient).max() < flat:
            return at
        step = -np.linalg.pinv(curvature, hermitian=True) @ gradient
        for _ in range(STEPS):
            ahead = value(at + step)
            if ahead <= here + 1e-4 * (gradient @ step) + 1e-12 * (1 + abs(here)):
                break
            step = step / 2
        at, here = at + step, ahead
    raise NotIdentified("no_overlap")


def _inverse(x: Floats, w: Floats) -> Floats:
    return np.asarray(np.linalg.pinv((x * w[:, None]).T @ x, hermitian=True), dtype=np.float64)


def _chance(score: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(score, -35, 35))))


def _log_sum(score: Floats) -> float:
    top = float(score.max())
    return top + float(np.log(np.exp(score - top).sum()))
