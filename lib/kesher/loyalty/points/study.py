"""Everything about the points, from the client's ledger."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.loyalty.points.breakage import Breakage, breakage
from kesher.loyalty.points.ledger import Ledger, fifo
from kesher.loyalty.points.liability import Liability, liability
from kesher.months import last_full_month, months_of

EVENTS = ("earned", "redeemed", "expired", "adjusted")
LONG_TAIL = 1.1
NOTHING = 1e-6  # of the points earned


@dataclass(frozen=True)
class PointsStudy:
    """Points earned (``issued``) and redeemed, their corkscrew, breakage, liability, and cost as redeemed.

    ``by_month``: month, opening, issued, redeemed, expired, adjusted (signed), closing; points. The liability
    is at fair value and ``reward_cost`` at cost, both money. ``people``: members behind each event of a month: month,
    earned, redeemed, expired, adjusted; ``members`` the same of all months. What could not be had is None;
    ``codes`` begins with the reason why there is no breakage, and holds what a reader should know.
    """

    issued: float
    redeemed: float
    by_month: pd.DataFrame
    breakage: Breakage | None
    liability: Liability | None
    reward_cost: float | None
    codes: tuple[str, ...]
    people: pd.DataFrame
    members: dict[str, int]


def study(
    points: pd.DataFrame | None,
    *,
    as_of: datetime.date,
    points_expire: int = 0,
    point_value: float | None = None,
    point_cost: float | None = None,
    sales: pd.Series[float] | None = None,
    confidence: float = 0.95,
) -> PointsStudy:
    """Study the ledger (see ``fifo``) up to the last full month; ``points_expire`` months, money per point.

    ``sales``: see ``liability``. Raises ``NotIdentified`` with "no_points", "points_none_earned" or
    "points_no_full_month".
    """
    if points is None or points.empty:
        raise NotIdentified("no_points")
    ledger = fifo(points, last_full_month(as_of))
    codes, found, owed = [], None, None
    try:
        found = breakage(ledger, points_expire=points_expire, confidence=confidence)
    except NotIdentified as reason:
        codes.append(reason.code)
    else:
        codes += _remarks(ledger, found, points_expire)
        if point_value is not None:
            owed = liability(ledger, found, point_value=point_value, sales=sales)
    if point_value is None:
        codes.append("point_value_unknown")
    if ledger.before_first > NOTHING * ledger.earned.sum():
        codes.append("points_before_first")
    by_month = ledger.by_month()
    people, members = _people(points, by_month["month"].to_numpy())
    redeemed = float(by_month["redeemed"].sum())
    return PointsStudy(
        issued=float(by_month["issued"].sum()),
        redeemed=redeemed,
        by_month=by_month,
        breakage=found,
        liability=owed,
        reward_cost=None if point_cost is None else redeemed * point_cost,
        codes=tuple(codes),
        people=people,
        members=members,
    )


def _people(points: pd.DataFrame, months: NDArray[np.int64]) -> tuple[pd.DataFrame, dict[str, int]]:
    """Members behind each event by month and in all; what is booked with the other sign is an adjustment."""
    month = months_of(points["day"]) - months[0]
    events = points["event"].astype("category")
    kind = pd.Index(EVENTS).get_indexer(pd.Index(events.cat.categories))[events.cat.codes.to_numpy()]
    kind = np.where(points["points"].to_numpy() < 0, EVENTS.index("adjusted"), kind)
    inside = month < months.size
    customer, cell = points["customer"].to_numpy()[inside], (month * len(EVENTS) + kind)[inside]
    each = np.unique(customer * (months.size * len(EVENTS)) + cell)
    cell = each % (months.size * len(EVENTS))
    counts = np.bincount(cell, minlength=months.size * len(EVENTS)).reshape(months.size, len(EVENTS))
    ever = np.unique(each // (months.size * len(EVENTS)) * len(EVENTS) + cell % len(EVENTS)) % len(EVENTS)
    members = dict(zip(EVENTS, np.bincount(ever, minlength=len(EVENTS)).tolist(), strict=True))
    return pd.DataFrame(counts, columns=list(EVENTS)).assign(month=months), members


def _remarks(ledger: Ledger, found: Breakage, points_expire: int) -> list[str]:
    """What a reader of the breakage should know."""
    codes = ["points_tail_large"] if found.tail > LONG_TAIL else []
    if points_expire:
        old = ledger.out[1:].sum() - found.lots["outstanding"].sum()
        codes += ["points_expired_not_booked"] if old > NOTHING * ledger.earned.sum() else []
        codes += ["points_expiry_not_seen"] if ledger.months <= points_expire else []
    return codes
