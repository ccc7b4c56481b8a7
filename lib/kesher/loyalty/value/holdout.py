"""Does the model foretell? Fitted up to a day, its purchases after it beside those that came."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kesher.faults import NotIdentified
from kesher.loyalty.value import bgnbd
from kesher.loyalty.value.bgnbd import BgNbd, Histories
from kesher.loyalty.value.customers import GRADIENT_ROWS, simulated_purchases
from kesher.loyalty.value.likelihood import Floats, gradient

SHORTEST = 13.0  # weeks of purchases below which nothing is fitted
FEWEST = 100  # customers
DRAWS = 200


@dataclass(frozen=True)
class Holdout:
    """Purchases in the ``weeks`` after the split day, of ``customers`` first seen up to that day.

    ``low`` and ``high`` are to hold ``actual``: parameters and chance. ``curve``, a row per week: week, day (its
    end), actual and predicted cumulative repeat purchases, holdout (bool); None where days were not given.
    """

    weeks: float
    customers: int
    actual: int
    predicted: float
    low: float
    high: float
    curve: pd.DataFrame | None


def split_day(first: date, last: date) -> date | None:
    """The day two thirds of the way from the first purchase to the last; None where the first part is too short."""
    days = (last - first).days * 2 // 3
    return first + timedelta(days=days) if days / 7 >= SHORTEST else None


def compare(
    calibration: pd.DataFrame,
    whole: pd.DataFrame,
    *,
    daily_repeats: pd.DataFrame | None = None,
    confidence: float = 0.95,
    seed: int = 0,
) -> Holdout:
    """Fit ``calibration`` (summaries up to the split day) and compare with ``whole`` (summaries up to the end).

    ``daily_repeats``: day, purchases: the repeat purchase days of customers first seen up to the split day.
    Raises ``NotIdentified`` as ``bgnbd.fit`` does, "too_few_customers", and "too_short" where nothing follows
    the split day.
    """
    if len(calibration) < FEWEST:
        raise NotIdentified("too_few_customers")
    end = whole.set_index("customer").loc[calibration["customer"], ["x", "T"]]
    weeks = float((end["T"].to_numpy() - calibration["T"].to_numpy()).max())
    if weeks <= 0:
        raise NotIdentified("too_short")
    rows, _ = bgnbd.grouped(calibration["x"], calibration["t_x"], calibration["T"])
    fit = bgnbd.fit_grouped(rows, confidence=confidence)
    predicted = float(rows.count @ bgnbd.expected(fit.theta, weeks, rows.x, rows.t_x, rows.T))
    half = float(ndtri((1 + confidence) / 2)) * _error(fit, rows, weeks, seed)
    one = calibration.iloc[0]
    split = pd.Timestamp(one["first_day"]) + pd.Timedelta(days=round(7 * float(one["T"])))
    return Holdout(
        weeks=weeks,
        customers=len(calibration),
        actual=int(end["x"].sum() - calibration["x"].sum()),
        predicted=predicted,
        low=max(predicted - half, 0.0),
        high=predicted + half,
        curve=None if daily_repeats is None else _curve(fit.theta, rows, daily_repeats, split, weeks),
    )


def _error(fit: BgNbd, rows: Histories, weeks: float, seed: int) -> float:
    """The standard error of the total that comes: of the parameters, and of what customers do by chance."""
    few = rows.part(GRADIENT_ROWS)
    slope = gradient(lambda at: float(few.count @ bgnbd.expected(at, weeks, few.x, few.t_x, few.T)), fit.theta)
    rng = np.random.default_rng(seed)
    chance = simulated_purchases(fit, weeks, few.x, few.t_x, few.T, DRAWS, rng).var(axis=1, ddof=1)
    return float(np.sqrt(slope @ fit.covariance @ slope + few.count @ chance))


def _curve(theta: Floats, rows: Histories, daily: pd.DataFrame, split: pd.Timestamp, weeks: float) -> pd.DataFrame:
    """Cumulative repeat purchases by weeks that end on the split day: expected of new customers up to it,
    then what is foretold from their histories."""
    before = np.arange(int(np.ceil(rows.T.max())) - 1, -1, -1.0)  # weeks from each week's end to the split day
    T, at = np.unique(rows.T, return_inverse=True)
    starting = np.bincount(at, rows.count)
    new = np.zeros(T.size)
    fitted = [float(starting @ bgnbd.expected_alive(theta, np.maximum(T - left, 0), new, new)) for left in before]
    after = np.arange(1.0, int(weeks) + 1)
    foretold = [fitted[-1] + float(rows.count @ bgnbd.expected(theta, t, rows.x, rows.t_x, rows.T)) for t in after]
    ends = split + pd.to_timedelta(7 * np.concatenate([-before, after]), unit="D")
    order = daily.sort_values("day")
    days = pd.to_datetime(order["day"]).to_numpy(dtype="datetime64[s]")
    cumulative = np.concatenate([[0], order["purchases"].to_numpy().cumsum()])
    return pd.DataFrame(
        {
            "week": np.arange(1, ends.size + 1),
            "day": ends,
            "actual": cumulative[np.searchsorted(days, ends.to_numpy(dtype="datetime64[s]"), side="right")],
            "predicted": [*fitted, *foretold],
            "holdout": np.arange(ends.size) >= before.size,
        }
    )
