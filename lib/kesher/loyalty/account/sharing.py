"""The social layer: who shares, what a share brings, and what the friends who came brought."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.loyalty.ranges import Range
from kesher.months import last_full_month, months_of
from kesher.stats import Design, estimate_mean, mean_interval, share_interval

Floats = NDArray[np.float64]
FEW = 30  # sharers
MONTHS = 12  # full months that are studied
AFTER = 3  # months from a share's on in which a friend's margin is counted


@dataclass(frozen=True)
class SharingStudy:
    """Shares of the last ``MONTHS`` full months; ranges are confidence intervals.

    ``began``: first month with a share. ``share_rate``: sharers per active member; ``shares_per_active``: shares
    per active member and month. ``value_per_share``: sales that the client's systems credit to a share, gross
    (not incremental, not margin). ``margin_per_share``: margin of the friends in the months after, or of the
    sales credited: before any judgement of how much of it is incremental. ``by_network``: network, shares,
    sharers, value_per_share, low, high.
    """

    sharers: int
    began: int
    share_rate: Range
    shares_per_active: float
    value_per_share: Range | None
    margin_per_share: Range | None
    by_network: pd.DataFrame
    codes: tuple[str, ...]


def study(
    shares: pd.DataFrame | None,
    *,
    active: float,
    as_of: datetime.date,
    margin: pd.DataFrame | None = None,
    margin_rate: float | None = None,
    confidence: float = 0.95,
) -> SharingStudy:
    """Study shares: customer, day, network, friend (code, -1 none), amount (sales credited; NaN unknown).

    ``active``: active members; ``margin``: customer, month, value, of the friends too; what a friend brings in
    the ``AFTER`` months counts once, for the first share, as far as the months are over. Otherwise
    ``margin_rate`` turns credited sales into margin. Raises ``NotIdentified`` with "no_shares" or
    "shares_no_active".
    """
    last = last_full_month(as_of)
    if shares is None or shares.empty:
        raise NotIdentified("no_shares")
    month = months_of(shares["day"])
    began = int(month.min())
    first = max(last - MONTHS + 1, began)
    table = shares.assign(month=month)[(month >= first) & (month <= last)]
    if table.empty:
        raise NotIdentified("no_shares")
    if not active > 0:
        raise NotIdentified("shares_no_active")
    sharers = int(table["customer"].nunique())
    rate = min(sharers / active, 1.0)
    low, high = share_interval(rate, active, confidence)
    value = _per_share(table, table["amount"], confidence)
    worth, codes = None, []
    if margin is not None and (table["friend"] >= 0).any():
        worth = _per_share(table, _brought(table, margin, last), confidence)
    else:
        codes.append("friends_unknown")
        worth = value.times(margin_rate) if value is not None and margin_rate is not None else None
    codes += ["amounts_unknown"] if value is None else []
    codes += ["shares_few"] if sharers < FEW else []
    return SharingStudy(
        sharers=sharers,
        began=began,
        share_rate=Range(rate, float(low), float(high)),
        shares_per_active=rate * (len(table) / sharers / (last - first + 1)),
        value_per_share=value,
        margin_per_share=worth,
        by_network=_by_network(table, confidence),
        codes=tuple(codes),
    )


def _per_share(table: pd.DataFrame, value: pd.Series[float], confidence: float) -> Range | None:
    """Mean of a value over shares that have one, its interval clustered by sharer; None below two sharers."""
    given = np.asarray(value, dtype=np.float64)
    known = np.isfinite(given)
    values, sharer = given[known], pd.factorize(table["customer"].to_numpy()[known])[0]
    if not values.size or sharer.max() == 0:
        return None
    mean = estimate_mean(values, np.ones(values.size, bool), Design(np.ones(values.size), clusters=sharer))
    low, high = mean_interval(mean, confidence)
    return Range(mean.value, min(max(low, 0.0), mean.value) if (values >= 0).all() else low, high)


def _brought(table: pd.DataFrame, margin: pd.DataFrame, last: int) -> pd.Series[float]:
    """Margin of each share's friend in the months from the share on, every friend's month counted once."""
    told = table.reset_index(drop=True).reset_index(names="share")
    told = told[(told["friend"] >= 0) & (told["friend"] != told["customer"])].sort_values("day", kind="stable")
    follow = told.loc[told.index.repeat(AFTER), ["share", "friend", "month"]]
    follow["month"] += np.tile(np.arange(AFTER), len(told))
    follow = follow[follow["month"] <= last].drop_duplicates(["friend", "month"])
    brought = follow.merge(margin, left_on=["friend", "month"], right_on=["customer", "month"])
    return brought.groupby("share")["value"].sum().reindex(range(len(table)), fill_value=0.0)


def _by_network(table: pd.DataFrame, confidence: float) -> pd.DataFrame:
    rows = []
    for network, part in table.groupby("network", sort=True):
        value = _per_share(part, part["amount"], confidence)
        numbers = (np.nan,) * 3 if value is None else (value.value, value.low, value.high)
        rows.append((network, len(part), part["customer"].nunique(), *numbers))
    columns = ["network", "shares", "sharers", "value_per_share", "low", "high"]
    found = pd.DataFrame(rows, columns=columns)
    return found.sort_values(["shares", "network"], ascending=[False, True], ignore_index=True)
