"""Members and active members month by month, and what the active buy."""

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

YEAR = 12  # months


@dataclass(frozen=True)
class Activity:
    """``by_month``: month, members (past their joining months), active (of them, by the rule as it stood then).

    A member counts from the month after joining, and after the months around joining that the effect leaves out:
    the effect is of those months, and a joining visit would have come anyway.

    ``active_margin``: mean margin per active member and month over the last 12 months that the purchases cover whole,
    currency; None without margins or such months. ``sales``: members' sales net of VAT by month index.

    Who left stays counted, inactive: the effect is the mean over all months since joining, theirs among them. The
    members held out of the programme do not count from the day they were drawn.
    """

    by_month: pd.DataFrame
    active_margin: float | None
    sales: pd.Series


def activity(
    tables: LoyaltyTables,
    params: LoyaltyRoi,
    members: MembersStudy | None,
    money: pd.DataFrame,
    as_of: datetime.date,
    covered: tuple[int, int],
) -> Activity:
    """Who was a member and active in each month that purchases, and the ledger where activity rests on it, cover.

    ``money`` has customer, month and value (margin, or amounts where margins are unknown); ``covered`` are the first
    and last month that the purchases cover whole. Raises NotIdentified ("no_members", "account_no_full_month").
    """
    if members is None or tables.members is None:
        raise NotIdentified("no_members")
    known = tables.members
    joined = _month(known["joined"])
    first, last = max(int(joined.min()), covered[0]), min(last_full_month(as_of), covered[1])
    if members.rule == "earned_or_redeemed" and tables.points is not None and len(tables.points):
        ledger = _month(tables.points["day"])
        first, last = max(first, int(ledger.min())), min(last, int(ledger.max()))
    months = np.arange(first, last + 1)
    inside = (joined.to_numpy() + params.drop_after + 1)[:, None] <= months
    if tables.holdout is not None:
        control = tables.holdout[~tables.holdout["treated"]].set_index("customer")["since"]
        since = _month(known["customer"].map(control)).to_numpy()
        inside &= ~(since[:, None] <= months)  # NaN, of who is in no test, is never below
    if not inside.any():
        raise NotIdentified("account_no_full_month")
    used = _months_of_use(tables, members, known["customer"].to_numpy(), months, members.active_months)
    by_month = pd.DataFrame({"month": months, "members": inside.sum(axis=0), "active": (inside & used).sum(axis=0)})
    rows = monthly(tables.purchases, value="amount")
    rows = rows[rows["customer"].isin(known["customer"])]
    return Activity(
        by_month=by_month,
        active_margin=_margin_of_active(members, money, *covered) if tables.purchases.has_margin else None,
        sales=rows.groupby("month")["value"].sum(),
    )


def _month(days: pd.Series) -> pd.Series:
    months: pd.Series = days.dt.year * YEAR + days.dt.month - 1
    return months


def _months_of_use(
    tables: LoyaltyTables, members: MembersStudy, customers: np.ndarray, months: np.ndarray, window: int
) -> np.ndarray:
    """(members, months): whether the last use that counts lies within the window up to each month's end."""
    if members.rule == "purchased" or tables.points is None:
        events = monthly(tables.purchases, value="amount").loc[lambda rows: rows["orders"] > 0, ["customer", "month"]]
    else:
        uses = tables.points[tables.points["event"].isin(["earned", "redeemed"])]
        events = pd.DataFrame({
            "customer": uses["customer"], "month": _month(uses["day"])
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


def _margin_of_active(members: MembersStudy, money: pd.DataFrame, first: int, last: int) -> float | None:
    active = members.members.loc[members.members["active"], ["customer", "joined_month"]]
    if active.empty:
        return None
    rows = money.merge(active, on="customer")
    before = max(first, last - YEAR + 1) - 1
    since = rows["joined_month"].clip(lower=before) + 1
    spent = rows.loc[(rows["month"] >= since) & (rows["month"] <= last), "value"].sum()
    months = (last - active["joined_month"].clip(lower=before)).clip(lower=0).sum()
    return float(spent / months) if months else None
