"""Shifted beta-geometric: how long contracts are renewed, where leaving is seen (Fader and Hardie 2007)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from kesher.faults import NotIdentified
from kesher.loyalty.value.likelihood import Fitted, Floats, LogLikelihood, estimates, maximise
from kesher.months import WEEKS_PER_MONTH

BOUND = 12.0
UNBOUNDED = 1_000.0  # alpha + beta from which customers can not be told apart
STARTS = ((1.0, 1.0), (0.5, 3.0), (3.0, 10.0), (0.1, 0.5))
GRACE = 2.0  # weeks by which a renewal may come early or late


@dataclass(frozen=True, kw_only=True)
class ShiftedBetaGeometric(Fitted):
    """A fitted shifted beta-geometric: at each renewal a customer leaves with a beta(alpha, beta) chance."""

    alpha: float
    beta: float
    heterogeneity_identified: bool


def fit(lost: Floats, censored: Floats, *, confidence: float = 0.95) -> ShiftedBetaGeometric:
    """The model of customers of whom ``lost[t-1]`` left at renewal t and ``censored[t-1]`` were last seen renewing t.

    Both are (k,) counts, or weights; cohorts are added up. Customers who were not yet due for any renewal tell
    nothing and are left out. Raises ``NotIdentified``: "no_churn" and "no_renewal" (nobody ever stayed).
    """
    if not lost.sum():
        raise NotIdentified("no_churn")
    if not censored.sum() and not lost[1:].sum():
        raise NotIdentified("no_renewal")
    best = maximise(log_likelihood(lost, censored), STARTS, BOUND)
    values = np.exp(best.theta)
    return ShiftedBetaGeometric(
        **estimates(("alpha", "beta"), values, best, confidence),
        loglik=best.value,
        heterogeneity_identified=bool(values.sum() < UNBOUNDED),
    )


def renewals(first_to_last: Floats, first_to_now: Floats, renewal_months: int) -> pd.DataFrame:
    """How often each customer renewed, and whether the next renewal was missed.

    Weeks (n,) from the first purchase to the last and to today. A customer pays at least once per contract; a
    payment may come ``GRACE`` weeks early or late. Columns: renewed (int), left (bool), age (months).
    """
    period = renewal_months * WEEKS_PER_MONTH
    slack = min(GRACE, period / 4)
    renewed = np.floor((first_to_last + slack) / period).astype(int)
    due = np.floor((first_to_now - slack) / period).astype(int)
    return pd.DataFrame({"renewed": renewed, "left": renewed < due, "age": first_to_now / WEEKS_PER_MONTH})


def counts(table: pd.DataFrame) -> tuple[Floats, Floats]:
    """``lost`` and ``censored`` of customers as ``renewals`` gives them."""
    renewed, left = table["renewed"].to_numpy(), table["left"].to_numpy()
    periods = int(max(renewed.max(), (renewed + left).max(), 1))
    lost = np.bincount(renewed[left] + 1, minlength=periods + 1)[1:]
    return lost.astype(float), np.bincount(renewed[~left], minlength=periods + 1)[1:].astype(float)


def months_between_payments(x: Floats, t_x: Floats, renewal_months: int) -> Floats:
    """(n,) each customer's own mean gap; the usual one, at most a contract, where only one payment is seen."""
    paid = x > 0
    gap = np.divide(t_x, x, out=np.full(x.size, np.nan), where=paid) / WEEKS_PER_MONTH
    usual = float(np.median(gap[paid])) if paid.any() else float(renewal_months)
    return np.where(paid, gap, min(usual, renewal_months))


def months_alive(theta: Floats, table: pd.DataFrame, months: int, renewal_months: int) -> Floats:
    """(n, months) the probability that a customer's contract runs in each month ahead; 0 for those who left."""
    renewed = table["renewed"].to_numpy()
    ahead = table["age"].to_numpy()[:, None] + np.arange(months) + 0.5
    at = np.maximum(np.floor(ahead / renewal_months), renewed[:, None])
    alive = np.exp(log_survival(theta, at) - log_survival(theta, renewed[:, None].astype(float)))
    return np.where(table["left"].to_numpy()[:, None], 0.0, alive)


def log_survival(theta: Floats, t: Floats) -> Floats:
    """log of the share still there after t renewals, B(alpha, beta + t) / B(alpha, beta)."""
    alpha, beta = np.exp(theta)
    return np.asarray(special.betaln(alpha, beta + t) - special.betaln(alpha, beta))


def log_likelihood(lost: Floats, censored: Floats) -> LogLikelihood:
    """The log-likelihood and its gradient in log alpha, log beta."""
    t = np.arange(1, lost.size + 1, dtype=float)

    def value(theta: Floats) -> tuple[float, Floats]:
        alpha, beta = np.exp(theta)
        psi = special.digamma
        # Gone at t: alpha rises once and beta t - 1 times; still there: beta rises t times; both out of t.
        stayed = special.gammaln(beta + t - 1) - special.gammaln(beta)
        every = special.gammaln(alpha + beta + t) - special.gammaln(alpha + beta)
        once_more = np.log(beta + t - 1)
        result = lost @ (theta[0] + stayed - every) + censored @ (stayed + once_more - every)
        d_every = (lost + censored) @ (psi(alpha + beta + t) - psi(alpha + beta))
        d_stayed = (lost + censored) @ (psi(beta + t - 1) - psi(beta)) + censored @ (1 / (beta + t - 1))
        return float(result), np.array([lost.sum() - alpha * d_every, beta * (d_stayed - d_every)])

    return value
