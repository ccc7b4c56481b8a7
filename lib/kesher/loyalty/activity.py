"""Members and active members month by month, what the active buy, and how fast members leave."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kesher.faults import NotIdentified
from kesher.loyalty.members import MembersStudy
from kesher.loyalty.points import last_full_month
from kesher.params import LoyaltyRoi
from kesher.readers.ledger import LoyaltyTables, monthly
from kesher.stats import share_interval

YEAR = 12  # months


@dataclass(frozen=True)
class Activity:
    """``by_month``: month, members (past their joining months), active (of them, by the rule as it stood then).

    A member counts from the month after joining, and after the months around joining that the effect leaves out:
    the effect is of those months, and a joining visit would have come anyway.

    ``active_margin``: mean margin per active member and month over the last 12 whole months, currency; None without
    margins. ``sales``: members' sales net of VAT by month index. ``attrition``: members leaving per month (share,
    low, high); None where nobody is seen leaving.
    """

    by_month: pd.DataFrame
    active_margin: float | None
    sales: pd.Series
    attrition: tuple[float, float, float] | None


def activity(
    tables: LoyaltyTables, params: LoyaltyRoi, members: MembersStudy | None, money: pd.DataFrame, as_of: datetime.date
) -> Activity:
    """Who was a member and active in each month up to the last whole one before the report's date.

    ``money`` has customer, month and value (margin, or amounts where margins are unknown). Raises NotIdentified
    ("no_members", "account_no_full_month").
    """
    if members is None or tables.members is None:
        raise NotIdentified("no_members")
    known = tables.members
    joined, left = (known[name].dt.year * YEAR + known[name].dt.month - 1 for name in ("joined", "left"))
    first, last = int(joined.min()), last_full_month(as_of)
    if last < first:
        raise NotIdentified("account_no_full_month")
    months = np.arange(first, last + 1)
    counted_from = joined.to_numpy() + params.drop_after + 1
    inside = (counted_from[:, None] <= months) & ~(left.to_numpy()[:, None] <= months)
    used = _months_of_use(tables, members, known["customer"].to_numpy(), months, members.active_months)
    by_month = pd.DataFrame({"month": months, "members": inside.sum(axis=0), "active": (inside & used).sum(axis=0)})
    rows = monthly(tables.purchases, value="amount")
    rows = rows[rows["customer"].isin(known["customer"])]
    return Activity(
        by_month=by_month,
        active_margin=_margin_of_active(members, money, last) if tables.purchases.has_margin else None,
        sales=rows.groupby("month")["value"].sum(),
        attrition=_attrition(inside, left.to_numpy(), months, params.confidence),
    )


def _months_of_use(
    tables: LoyaltyTables, members: MembersStudy, customers: np.ndarray, months: np.ndarray, window: int
) -> np.ndarray:
    """(members, months): whether the last use that counts lies within the window up to each month's end."""
    if members.rule == "purchased" or tables.points is None:
        events = monthly(tables.purchases, value="amount").loc[lambda rows: rows["orders"] > 0, ["customer", "month"]]
    else:
        uses = tables.points[tables.points["event"].isin(["earned", "redeemed"])]
        events = pd.DataFrame({
            "customer": uses["customer"], "month": uses["day"].dt.year * YEAR + uses["day"].dt.month - 1
        })  # fmt: skip
    order = np.argsort(customers)
    place = np.searchsorted(customers, events["customer"].to_numpy(), sorter=order)
    place = np.minimum(place, len(customers) - 1)
    rows = order[place]
    mine = customers[rows] == events["customer"].to_numpy()
    at = events["month"].to_numpy() - months[0]
    first = np.where(at < 0, 0, at)  # a use before the first month still counts while it is within the window
    latest = np.full((len(customers), len(months)), -np.inf)
    fits = mine & (first < len(months))
    np.maximum.at(latest, (rows[fits], first[fits]), at[fits])
    latest = np.maximum.accumulate(latest, axis=1)
    within: np.ndarray = latest > np.arange(len(months)) - window
    return within


def _margin_of_active(members: MembersStudy, money: pd.DataFrame, last: int) -> float | None:
    active = members.members.loc[members.members["active"], ["customer", "joined_month"]]
    if active.empty:
        return None
    rows = money.merge(active, on="customer")
    since = (rows["joined_month"] + 1).clip(lower=last - YEAR + 1)
    spent = rows.loc[(rows["month"] >= since) & (rows["month"] <= last), "value"].sum()
    months = (last - active["joined_month"].clip(lower=last - YEAR)).clip(lower=0).sum()
    return float(spent / months) if months else None


def _attrition(
    inside: np.ndarray, left: np.ndarray, months: np.ndarray, confidence: float
) -> tuple[float, float, float] | None:
    gone = int(((left >= months[0]) & (left <= months[-1])).sum())
    exposed = int(inside.sum()) + gone
    if not gone:
        return None
    low, high = share_interval(gone / exposed, exposed, confidence=confidence)
    return gone / exposed, float(low), float(high)
