"""Customers for the tests of value: CDNOW's where the file is, and made-up ones at known parameters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

Floats = NDArray[np.float64]
REAL = Path(__file__).parent / ".." / ".." / "shared" / "real" / "loyalty"  # downloaded, where it is


def cdnow() -> pd.DataFrame:
    """customer, day, amount: CDNOW's sample of 2,357 customers, same-day baskets merged."""
    file = REAL / "cdnow_sample.txt"
    if not file.is_file():
        pytest.skip("CDNOW is not here")
    names = ["master", "customer", "day", "discs", "amount"]
    rows = pd.read_csv(file, sep=r"\s+", header=None, names=names)
    rows["day"] = pd.to_datetime(rows["day"].astype(str))
    return rows.groupby(["customer", "day"], as_index=False)["amount"].sum()


def summaries(purchases: pd.DataFrame, until: str) -> pd.DataFrame:
    """The contract's frame of purchases (customer, day, amount) up to a day, in exact weeks."""
    rows = purchases[purchases["day"] <= until]
    first = rows.groupby("customer")["day"].transform("min")
    by = rows.groupby("customer")
    table = by.agg(first_day=("day", "min"), last_day=("day", "max"), x=("day", "size"), total=("amount", "sum"))
    table["x"] -= 1
    table["t_x"] = (table["last_day"] - table["first_day"]).dt.days / 7
    table["T"] = (pd.Timestamp(until) - table["first_day"]).dt.days / 7
    table["mean_repeat"] = rows[rows["day"] > first].groupby("customer")["amount"].mean()
    return table.reset_index()


def daily_repeats(purchases: pd.DataFrame, until: str) -> pd.DataFrame:
    """day, purchases: repeat purchase days of customers first seen up to a day."""
    first = purchases.groupby("customer")["day"].transform("min")
    rows = purchases[(purchases["day"] > first) & (first <= until)]
    return rows.groupby("day", as_index=False).agg(purchases=("customer", "size"))


def cohort(active: Floats) -> tuple[Floats, Floats]:
    """Customers lost at, and last seen at, each renewal, from those active in period 1, 2, ..."""
    return -np.diff(active), np.where(np.arange(1, active.size) == active.size - 1, active[1:], 0.0)


def made_up(
    n: int,
    seed: int,
    *,
    buying: tuple[float, float, float, float] = (0.6, 6.0, 0.7, 2.0),
    spending: tuple[float, float, float] = (5.0, 4.0, 30.0),
    watched: float = 78,
) -> pd.DataFrame:
    """The contract's frame of ``n`` customers that came over 26 weeks; a of 0: nobody leaves."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 26 * 7, n)
    rate = rng.gamma(buying[0], 1, n) / buying[1]
    leaving = np.maximum(rng.beta(buying[2], buying[3], n), 1e-12) if buying[2] else np.full(n, 1e-12)
    last = rng.geometric(leaving)
    times = rng.exponential(1 / rate[:, None], (n, int(rng.poisson(rate * watched).max()) + 40)).cumsum(axis=1)
    T = watched - first / 7
    seen = (times <= T[:, None]) & (np.arange(times.shape[1]) < last[:, None])
    x = seen.sum(axis=1)
    t_x = np.ceil(7 * np.where(seen, times, 0).max(axis=1)) / 7
    level = spending[2] / rng.gamma(spending[1], 1, n)
    mean = np.where(x > 0, rng.gamma(spending[0] * np.maximum(x, 1)) / np.maximum(x, 1) * level, np.nan)
    day = pd.Timestamp(2025, 1, 5) + pd.to_timedelta(first, unit="D")
    table = pd.DataFrame({"customer": np.arange(n), "x": x, "t_x": np.minimum(t_x, T), "T": T, "mean_repeat": mean})
    gap = pd.to_timedelta(np.rint(7 * table["t_x"]), unit="D")
    return table.assign(first_day=day, last_day=day + gap, total=np.nan_to_num(mean) * (x + 1))
