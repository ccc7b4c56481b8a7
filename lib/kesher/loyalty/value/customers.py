"""What customers are expected to bring over a horizon: means with intervals, each customer, segments to act on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from kesher.loyalty.value import bgnbd, gamma_gamma
from kesher.loyalty.value.bgnbd import BgNbd, Histories
from kesher.loyalty.value.gamma_gamma import GammaGamma
from kesher.loyalty.value.likelihood import Floats, gradient, log_normal, thinned
from kesher.months import WEEKS_PER_MONTH

# The probability of being alive from which a customer counts as such, below which as gone; the silences since the
# last purchase, in times the own rhythm, that say the same.
THRESHOLDS = {"alive": 0.5, "gone": 0.2, "slipping_silence": 3.0, "gone_silence": 6.0}
SEGMENTS = ("alive", "slipping", "gone")
GRADIENT_ROWS = 20_000  # histories on which a mean's gradient is taken
SIMULATED, ALWAYS = 10_000, 1_000  # customers simulated one by one; of them those who are worth most
DRAWS, FEWEST, MOST = 2_000_000, 400, 4_000  # in all, and of each customer
HELD = 1_000_000  # at a time: 8 MB an array


@dataclass(frozen=True)
class Expected:
    """A mean over ``base`` customers, expected under the model.

    ``low`` and ``high`` hold the expectation, given the customers' histories: the uncertainty is that of the
    parameters. ``prediction_low`` and ``prediction_high`` are to hold the mean that comes, so that chance in
    what each customer does is added; NaN where it is not simulated.
    """

    value: float
    low: float
    high: float
    standard_error: float
    prediction_low: float
    prediction_high: float
    base: int

    @classmethod
    def of_total(
        cls, total: float, error: float, base: int, confidence: float, deviations: Floats | None = None
    ) -> Expected:
        """From a total, its standard error, and simulated deviations (draws,) of what comes from it."""
        value, error = total / base, error / base
        half = float(ndtri((1 + confidence) / 2)) * error
        low, high = log_normal(value, error / value, confidence) if value > 0 else (value - half, value + half)
        ends = np.full(2, np.nan)
        if deviations is not None:
            # The parameters' share of the uncertainty, as evenly spread normal quantiles in a fixed shuffle.
            normal = ndtri((np.arange(deviations.size) + 0.5) / deviations.size)
            means = value + error * np.random.default_rng(0).permutation(normal) + deviations / base
            ends = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
            ends = np.maximum(ends, 0) if value > 0 else ends
        return cls(value, float(low), float(high), error, float(ends[0]), float(ends[1]), base)


def purchases_if_alive(theta: Floats, rows: Histories, months: int) -> Floats:
    """(k, months) expected purchases, by month ahead, of a customer with each history who has surely not left."""
    ends = WEEKS_PER_MONTH * np.arange(1, months + 1)
    until = [bgnbd.expected_alive(theta, end, rows.x, rows.T) for end in ends]
    return np.diff(np.column_stack([np.zeros(rows.x.size), *until]), axis=1)


@dataclass(frozen=True)
class Portfolio:
    """Customers (n) with their histories (k) and what is known of their spending.

    ``row`` (n,) is each customer's history and ``mean`` (n,) the mean margin of the purchases after the first, NaN
    where there is none; ``spend`` is None where margins are not known. ``discount`` (months,) is the horizon.
    """

    rows: Histories
    row: NDArray[np.intp]
    mean: Floats
    fit: BgNbd
    spend: GammaGamma | None
    discount: Floats

    @property
    def typical(self) -> bool:
        """Who bought once is given the median customer's spending, the mean not being known to be finite."""
        return self.spend is not None and not self.spend.mean_is_finite

    @cached_property
    def seen(self) -> Floats:
        """(n,) purchases that ``mean`` is a mean of."""
        return np.where(np.isfinite(self.mean), self.rows.x[self.row], 0.0)

    @cached_property
    def alive(self) -> Floats:
        """(k,) the probability that a customer with each history has not left."""
        return bgnbd.p_alive(self.fit.theta, self.rows.x, self.rows.t_x, self.rows.T)

    @cached_property
    def if_alive(self) -> Floats:
        """(k, months) expected purchases by month of a customer who has surely not left."""
        return purchases_if_alive(self.fit.theta, self.rows, self.discount.size)

    @cached_property
    def purchases(self) -> Floats:
        """(k, months) expected purchases by month."""
        return self.alive[:, None] * self.if_alive

    def margins(self, theta: Floats) -> Floats:
        """(n,) expected margin per purchase at the spend model's log parameters."""
        expected = gamma_gamma.expected(theta, self.seen, np.nan_to_num(self.mean))
        unknown = np.isnan(expected) | (self.typical & (self.seen == 0))
        return np.where(unknown, gamma_gamma.median(theta), expected)

    def expected_mean(
        self, who: NDArray[np.bool_], deviations: Floats, confidence: float, spend: GammaGamma | None
    ) -> Expected | None:
        """The mean discounted margin of ``who`` (n,), or without ``spend`` their mean purchases; None of nobody.

        ``deviations`` (draws,) are simulated, of the group's total from its expectation. The expectation's error is
        by the delta method: draws of the parameters would be thousands of portfolios.
        """
        if not who.any():
            return None
        rows, row, fit = self.rows, self.row[who], self.fit
        weight = self.discount if spend else np.ones(self.discount.size)
        margins = self.margins(spend.theta)[who] if spend else np.ones(row.size)
        each, times = np.bincount(row, margins, rows.x.size), self.purchases @ weight
        held = np.unique(row)
        held = held[thinned(held.size, GRADIENT_ROWS)]
        few = Histories(rows.x[held], rows.t_x[held], rows.T[held], rows.count[held])

        def part(theta: Floats) -> float:
            alive = bgnbd.p_alive(theta, few.x, few.t_x, few.T)
            return float(each[held] @ (alive * (purchases_if_alive(theta, few, weight.size) @ weight)))

        total, of_held = float(each @ times), float(each[held] @ times[held])
        slope = gradient(part, fit.theta) * (total / of_held if of_held else 1)
        variance = float(slope @ fit.covariance @ slope)
        if spend:
            slope = gradient(lambda theta: float(times[row] @ self.margins(theta)[who]), spend.theta)
            variance += float(slope @ spend.covariance @ slope)
        return Expected.of_total(total, variance**0.5, row.size, confidence, deviations)


def simulated_purchases(
    fit: BgNbd, weeks: float, x: Floats, t_x: Floats, T: Floats, draws: int, rng: np.random.Generator
) -> Floats:
    """(n, draws) purchases in the next ``weeks`` of customers with these histories, drawn from the model."""
    shape = (x.size, draws)
    rate = rng.gamma((fit.r + x)[:, None], 1, shape) / (fit.alpha + T)[:, None]
    bought = rng.poisson(rate * weeks).astype(float)
    if not fit.dropout_identified:
        return bought
    leaving = np.clip(rng.beta(fit.a, (fit.b + x)[:, None], shape), 1e-12, 1)
    last = np.ceil(np.log(rng.random(shape)) / np.log1p(-np.minimum(leaving, 1 - 1e-15)))
    alive = rng.random(shape) < bgnbd.p_alive(fit.theta, x, t_x, T)[:, None]
    return np.where(alive, np.minimum(bought, np.maximum(last, 1)), 0)


def table_of(portfolio: Portfolio, customers: NDArray[np.int64], members: NDArray[np.bool_]) -> pd.DataFrame:
    """One row per customer, the columns of ``ValueStudy.table`` without low and high."""
    rows, row, fit, alive = portfolio.rows, portfolio.row, portfolio.fit, portfolio.alive
    overdue = (rows.T - rows.t_x) * (fit.r + rows.x) / (fit.alpha + rows.t_x)
    gone = (alive < THRESHOLDS["gone"]) | (overdue > THRESHOLDS["gone_silence"])
    slipping = (alive < THRESHOLDS["alive"]) | (overdue > THRESHOLDS["slipping_silence"])
    each = portfolio.margins(portfolio.spend.theta) if portfolio.spend else np.full(row.size, np.nan)
    margin = (portfolio.purchases @ portfolio.discount)[row] * each
    return pd.DataFrame(
        {
            "customer": customers,
            "member": members,
            "p_alive": alive[row],
            "overdue": overdue[row],
            "purchases": portfolio.purchases.sum(axis=1)[row],
            "margin_per_purchase": each,
            "margin": margin,
            "margin_at_stake": (portfolio.if_alive @ portfolio.discount)[row] * each - margin,
            "segment": np.select([gone, slipping], ["gone", "slipping"], "alive")[row],
        }
    )


def with_predictions(
    portfolio: Portfolio, table: pd.DataFrame, confidence: float, seed: int
) -> tuple[pd.DataFrame, Floats, Floats]:
    """The table with low and high of each customer's margin, and what totals may deviate by.

    At most ``SIMULATED`` customers are drawn one by one: those worth most and an even part of the others, who
    then stand for them in the totals (low and high are NaN for who was not drawn). Returns also the simulated
    deviations (2, draws) of members' and of all customers' total margin, and of their total purchases.
    """
    rng = np.random.default_rng(seed)
    row, rows, n = portfolio.row, portfolio.rows, len(table)
    worth = table["margin" if portfolio.spend else "purchases"].to_numpy()
    order = np.lexsort((row, -worth))
    rest = order[ALWAYS:] if n > SIMULATED else order[:0]
    drawn = np.concatenate([order[: n - rest.size], rest[thinned(rest.size, SIMULATED - ALWAYS)]])
    scale = np.ones(n)
    scale[rest] = (rest.size / max(drawn.size - ALWAYS, 1)) ** 0.5
    groups = np.stack([table["member"], np.ones(n)]).astype(float) * scale
    draws = int(np.clip(DRAWS // drawn.size, FEWEST, MOST))
    ends = np.full((n, 2), np.nan)
    margins, bought = np.zeros((2, draws)), np.zeros((2, draws))
    weeks, foretold = portfolio.discount.size * WEEKS_PER_MONTH, table["purchases"].to_numpy()
    factor = np.divide(worth, foretold, out=np.zeros(n), where=foretold > 0)
    for some in np.array_split(drawn, -(-drawn.size * draws // HELD)):
        at = row[some]
        y = simulated_purchases(portfolio.fit, weeks, rows.x[at], rows.t_x[at], rows.T[at], draws, rng)
        money = y * _spread(portfolio, some, y, rng) * factor[some, None]
        ends[some] = np.quantile(money, [(1 - confidence) / 2, (1 + confidence) / 2], axis=1).T
        bought += groups[:, some] @ (y - foretold[some, None])
        margins += groups[:, some] @ (money - worth[some, None])
    low, high = ends.T if portfolio.spend else np.full((2, n), np.nan)
    return table.assign(low=low, high=high), margins, bought


def _spread(portfolio: Portfolio, some: NDArray[np.intp], y: Floats, rng: np.random.Generator) -> Floats:
    """The mean margin of y purchases over its expectation, drawn; 1 where the spend model does not hold."""
    if portfolio.spend is None:
        return np.ones_like(y)
    p, q = portfolio.spend.p, portfolio.spend.q
    seen, mean = portfolio.seen[some], np.nan_to_num(portfolio.mean[some])
    shape = (p * seen + q)[:, None]
    modelled = ((seen == 0) | (mean > 0))[:, None] & (shape > 1) & ~(portfolio.typical & (seen == 0)[:, None])
    level = (shape - 1) / np.maximum(rng.gamma(shape, 1, y.shape), 1e-300)  # 1/nu over its expectation
    noise = rng.gamma(np.maximum(p * y, 1e-9)) / np.maximum(p * y, 1e-9)
    return np.where(modelled & (y > 0), level * noise, 1.0)


def segments_of(table: pd.DataFrame, dropout: bool) -> pd.DataFrame:
    """segment, customers, share, and the horizon's totals: purchases, margin, margin_at_stake.

    At stake is what would be expected of a segment's customers were they surely alive, less what is expected:
    NaN where drop-out is not identified. Money is NaN where margins are not known.
    """
    by = table.groupby("segment")
    totals = by[["purchases", "margin", "margin_at_stake"]].sum(min_count=1).assign(customers=by.size())
    segments = totals.reindex(SEGMENTS, fill_value=0).rename_axis("segment").reset_index()
    segments["share"] = segments["customers"] / len(table)
    if table["margin"].isna().all():
        segments["margin"] = np.nan
    if not dropout:
        segments["margin_at_stake"] = np.nan
    return segments
