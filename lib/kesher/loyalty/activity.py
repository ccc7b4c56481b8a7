"""Members and active members month by month, and what the active buy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.loyalty.members import MembersStudy, months_of_use
from kesher.months import NEVER, YEAR, last_full_month, months_of
from kesher.params import LoyaltyRoi
from kesher.readers.ledger import LoyaltyTables


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
    amounts: pd.DataFrame,
    margins: pd.DataFrame | None,
    covered: tuple[int, int],
) -> Activity:
    """Who was a member and active in each month that purchases, and the ledger where activity rests on it, cover.

    ``amounts`` and ``margins`` have customer, month, value and orders; ``covered`` are the first and last month that
    the purchases cover whole. Raises NotIdentified ("no_members", "account_no_full_month").
    """
    if members is None or tables.members is None:
        raise NotIdentified("no_members")
    known = tables.members
    joined = months_of(known["joined"])
    first, last = max(int(joined.min()), covered[0]), min(last_full_month(params.day), covered[1])
    if members.rule == "earned_or_redeemed" and tables.points is not None and len(tables.points):
        ledger = months_of(tables.points["day"])
        first, last = max(first, int(ledger.min())), min(last, int(ledger.max()))
    months = np.arange(first, last + 1)
    inside = (joined + params.drop_after + 1)[:, None] <= months
    if tables.holdout is not None:
        control = tables.holdout[~tables.holdout["treated"]].set_index("customer")["since"]
        since = months_of(known["customer"].map(control))
        inside &= (since == NEVER)[:, None] | (since[:, None] > months)
    if not inside.any():
        raise NotIdentified("account_no_full_month")
    uses = months_of_use(members.rule, tables.points, amounts)
    used = _used_within(uses, pd.Index(known["customer"]), months, members.active_months)
    by_month = pd.DataFrame({"month": months, "members": inside.sum(axis=0), "active": (inside & used).sum(axis=0)})
    return Activity(
        by_month=by_month,
        active_margin=_margin_of_active(members, margins, *covered) if margins is not None else None,
        sales=amounts[amounts["customer"].isin(known["customer"])].groupby("month")["value"].sum(),
    )


def _used_within(
    uses: pd.DataFrame | None, customers: pd.Index, months: NDArray[np.int64], window: int
) -> NDArray[np.bool_]:
    """(members, months): whether the last of the ``uses`` (customer, month) lies within the window to a month's end."""
    latest = np.full((len(customers), len(months)), -np.inf)
    if uses is not None:
        row, at = customers.get_indexer(pd.Index(uses["customer"])), uses["month"].to_numpy() - months[0]
        fits = (row >= 0) & (at < len(months))
        # a use before the first month still counts while it is within the window
        np.maximum.at(latest, (row[fits], np.maximum(at[fits], 0)), at[fits])
    latest = np.maximum.accumulate(latest, axis=1)
    return np.asarray(latest > np.arange(len(months)) - window)


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
