"""Sums over purchase days: by customer, month, week and region. The lines themselves never leave the database."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.months import NEVER, months_of
from kesher.readers.ledger.tables import Purchases, Value

_MONTH = "year(day) * 12 + month(day) - 1"


def _value(purchases: Purchases, value: Value) -> str:
    if value == "margin" and not purchases.has_margin:
        raise NotIdentified("no_margin")
    return value


def customer_summaries(purchases: Purchases, *, until: datetime.date) -> pd.DataFrame:
    """What customer-base models need of each customer with a purchase up to ``until``, inclusive.

    Columns: customer; x, purchase days after the first; t_x and T, weeks of exactly 7 days from the first to the
    last purchase and to ``until``; first_day, last_day; mean_repeat, the mean margin (amount where no margin is
    known) of purchase days after the first, NaN without any; total, the sum of the same, returns included.
    Purchases of nothing count as purchases, as in the published CDNOW figures. Raises
    NotIdentified("no_purchases").
    """
    rate = purchases.margin_rate if purchases.margin_rate is not None else 1.0
    own = purchases.has_margin and purchases.margin_rate is None  # a margin that is no multiple of the amount
    value = "margin" if own else "amount"
    found = purchases.connection.execute(
        f"SELECT customer, count(*) - 1 AS x, min(day) AS first_day, max(day) AS last_day, sum({value}) AS total, "
        f"arg_min({value}, day) AS first_value FROM purchases WHERE day <= DATE '{until}' "
        "GROUP BY customer ORDER BY customer"
    ).fetchnumpy()
    if not len(found["customer"]):
        raise NotIdentified("no_purchases")
    first, last = (np.asarray(found[name]).astype("datetime64[D]") for name in ("first_day", "last_day"))
    x, total = np.asarray(found["x"], np.int64), np.asarray(found["total"], np.float64)
    repeat = total - np.asarray(found["first_value"], np.float64)
    summary = pd.DataFrame(
        {
            "customer": np.asarray(found["customer"], np.int64),
            "x": x,
            "t_x": (last - first).astype(np.int64) / 7,
            "T": (np.datetime64(until, "D") - first).astype(np.int64) / 7,
            "first_day": first.astype("datetime64[s]"),
            "last_day": last.astype("datetime64[s]"),
            "mean_repeat": rate * np.where(x > 0, repeat / np.maximum(x, 1), np.nan),
            "total": rate * total,
        }
    )
    returned = purchases.connection.execute(
        f"SELECT customer, sum({value}) AS back FROM returns WHERE day <= DATE '{until}' GROUP BY customer"
    ).fetchnumpy()
    if len(returned["customer"]):
        back = np.zeros(purchases.customers)
        back[np.asarray(returned["customer"])] = np.asarray(returned["back"])
        summary["total"] += rate * back[summary["customer"].to_numpy()]
    return summary


def monthly(purchases: Purchases, *, value: Value = "margin") -> pd.DataFrame:
    """Sum and purchase days of each customer and month with any: customer, month, value, orders.

    Months are year * 12 + month - 1. Returns lower the value of their month and are no orders.
    """
    query = (
        f"SELECT CAST(customer AS BIGINT) AS customer, {_MONTH} AS month, sum({_value(purchases, value)}) AS value, "
        "count(*) FILTER (occasion) AS orders FROM flows GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return purchases.connection.execute(query).df()


@dataclass(frozen=True)
class Panel:
    """All customers by month. ``value`` (N, T) sums, ``orders`` (N, T) purchase days; months without any are 0.

    ``joined`` and ``first_purchase`` (N,) are month indices, NEVER (-1) for who never did.
    """

    customers: NDArray[np.int64]
    months: NDArray[np.int64]
    value: NDArray[np.float64]
    orders: NDArray[np.int32]
    joined: NDArray[np.int64]
    first_purchase: NDArray[np.int64]


def panel(
    purchases: Purchases, members: pd.DataFrame | None, first_month: int, last_month: int, *, value: Value = "margin"
) -> Panel:
    """The dense panel of all customers from ``first_month`` to ``last_month``, both whole months."""
    size, months = purchases.customers, np.arange(first_month, last_month + 1)
    found = purchases.connection.execute(
        f"SELECT customer, {_MONTH} - {int(first_month)} AS at, sum({_value(purchases, value)}) AS value, "
        f"count(*) FILTER (occasion) AS orders FROM flows WHERE {_MONTH} BETWEEN {int(first_month)} AND "
        f"{int(last_month)} GROUP BY 1, 2"
    ).fetchnumpy()
    values, orders = np.zeros((size, len(months))), np.zeros((size, len(months)), np.int32)
    at = np.asarray(found["customer"]), np.asarray(found["at"])
    values[at], orders[at] = np.asarray(found["value"], np.float64), np.asarray(found["orders"])
    first_purchase, joined = np.full(size, NEVER, np.int64), np.full(size, NEVER, np.int64)
    firsts = purchases.connection.execute("SELECT customer, min(day) AS day FROM purchases GROUP BY 1").fetchnumpy()
    first_purchase[np.asarray(firsts["customer"])] = months_of(firsts["day"])
    if members is not None:
        joined[members["customer"].to_numpy()] = months_of(members["joined"])
    return Panel(np.arange(size), months, values, orders, joined, first_purchase)


def weekly(purchases: Purchases, *, week_starts: Literal["sunday", "monday"] = "sunday") -> pd.DataFrame:
    """Every week from the first purchase to the last: week (its first day), amount, margin, orders, customers."""
    shift = 1 if week_starts == "sunday" else 0  # DuckDB's weeks start on Monday
    found = purchases.connection.execute(
        f"SELECT CAST(date_trunc('week', day + {shift}) AS DATE) - {shift} AS week, sum(amount) AS amount, "
        "sum(margin) AS margin, count(*) FILTER (occasion) AS orders, "
        "count(DISTINCT customer) FILTER (occasion) AS customers FROM flows GROUP BY 1 ORDER BY 1"
    ).df()
    found["week"] = found["week"].astype("datetime64[s]")
    every = pd.date_range(found["week"].iloc[0], found["week"].iloc[-1], freq="7D", unit="s", name="week")
    table = found.set_index("week").reindex(every)
    filled = ["amount", "orders", "customers", *(["margin"] if purchases.has_margin else [])]
    table[filled] = table[filled].fillna(0)
    return table.astype({"orders": np.int64, "customers": np.int64, "margin": np.float64}).reset_index()


def regional(purchases: Purchases, *, value: Value = "margin") -> pd.DataFrame:
    """Sums by region (index into ``purchases.regions``) and month, all months from first to last, 0 where nothing."""
    found = purchases.connection.execute(
        f"SELECT region, {_MONTH} AS month, sum({_value(purchases, value)}) AS value FROM flows "
        "WHERE region IS NOT NULL GROUP BY 1, 2"
    ).df()
    ends = (found["month"].min(), found["month"].max() + 1) if len(found) else (0, 0)
    table = found.pivot(index="region", columns="month", values="value")
    return table.reindex(index=range(len(purchases.regions)), columns=range(*map(int, ends))).fillna(0.0)
