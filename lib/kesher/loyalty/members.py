"""Members as they are: enrolled, active, how the active share runs with the months since joining, tiers."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from kesher.faults import NotIdentified
from kesher.months import YEAR, last_full_month, month_of, months_of
from kesher.stats import share_interval

Rule = Literal["earned_or_redeemed", "purchased"]
USES = ("earned", "redeemed")
YEARS_SHOWN = 5  # of the curve
LATE_DAYS = 31  # records that end so long before the report's date make members look idle
CURVE = [
    "since",
    "base",
    "active",
    "share",
    "low",
    "high",
    "rule_active",
    "rule_share",
    "rule_low",
    "rule_high",
    "rule_base",
]


@dataclass(frozen=True)
class ActiveShare:
    """``active`` of ``base`` members; ``share`` between ``low`` and ``high`` (0-1, Wilson)."""

    share: float
    low: float
    high: float
    active: int
    base: int


@dataclass(frozen=True)
class MembersStudy:
    """The register at the report's date.

    ``enrolled``: joined by then and not left. ``active``: of them, by the rule. ``established``: the same of members
    who joined more than ``active_months`` ago, whom joining itself can not make active; None where there are none. The
    counts are complete; the intervals are for the chance behind them, of members like these (``population``).

    ``curve``: since (months since joining), base, active, share, low, high (used in that very month), rule_active,
    rule_share, rule_low, rule_high, rule_base (by the rule at that age, NaN while joining itself counts); of members
    whose month is over and seen. ``tiers``: tier, enrolled, active, share, low, high, margin (per member and month
    after joining, over the last ``active_months`` whole months), margin_low, margin_high, base. ``by_month``: month,
    joined, left, enrolled (at its end). ``members``: customer, joined_month, tier, active. ``notes``: codes.
    """

    enrolled: int
    active: ActiveShare
    established: ActiveShare | None
    rule: Rule
    active_months: int
    as_of: pd.Timestamp
    confidence: float
    population: str
    curve: pd.DataFrame
    tiers: pd.DataFrame
    by_month: pd.DataFrame
    members: pd.DataFrame
    notes: tuple[str, ...]


def study(
    members: pd.DataFrame | None,
    *,
    as_of: datetime.date,
    points: pd.DataFrame | None = None,
    monthly: pd.DataFrame | None = None,
    last_purchase: pd.DataFrame | None = None,
    rule: Rule = "earned_or_redeemed",
    active_months: int = 12,
    confidence: float = 0.95,
) -> MembersStudy:
    """Count members (customer, joined, tier, left) and those active within ``active_months`` before ``as_of``.

    ``points``: customer, day, event. ``monthly``: customer, month, value (margin), orders. ``last_purchase``: customer,
    day. Without a ledger the rule is "purchased". Raises ``NotIdentified`` with "no_members" (none joined by the date
    and stayed), "no_activity" (neither a ledger nor purchases).
    """
    if members is None or members.empty:
        raise NotIdentified("no_members")
    today = pd.Timestamp(as_of)
    known = members[members["joined"] <= today]
    here = known[~(known["left"] <= today)].reset_index(drop=True)
    if here.empty:
        raise NotIdentified("no_members")
    if points is None and last_purchase is None:
        raise NotIdentified("no_activity")
    used: Rule = rule if points is not None else "purchased"
    if used == "purchased" and last_purchase is None:
        raise NotIdentified("no_activity")
    since = today - pd.DateOffset(months=active_months)
    active = _active(here, used, points, last_purchase, since, today)
    established = (here["joined"] <= since).to_numpy()
    joined_month = months_of(here["joined"])
    last = last_full_month(as_of)
    table = pd.DataFrame(
        {"customer": here["customer"], "joined_month": joined_month, "tier": here["tier"], "active": active}
    )
    notes = {
        "no_ledger": used != rule,
        "one_member": len(here) == 1,
        "nobody_active": not active.any(),
        "everybody_active": bool(active.all()),
        "all_joined_one_day": len(here) > 1 and here["joined"].dt.normalize().nunique() == 1,
        "joined_after_report": len(known) < len(members),
        "left_before_report": len(here) < len(known),
        "records_end_early": _latest(used, points, last_purchase) < today - pd.Timedelta(days=LATE_DAYS),
    }
    return MembersStudy(
        enrolled=len(here),
        active=_share(active, confidence),
        established=_share(active[established], confidence) if established.any() else None,
        rule=used,
        active_months=active_months,
        as_of=today,
        confidence=confidence,
        population="members_like_these",
        curve=_curve(known, months_of_use(used, points, monthly), last, active_months, confidence),
        tiers=_tiers(table, monthly, last, active_months, confidence),
        by_month=_by_month(known, month_of(as_of)),
        members=table,
        notes=tuple(code for code, holds in notes.items() if holds),
    )


def _latest(rule: Rule, points: pd.DataFrame | None, last_purchase: pd.DataFrame | None) -> pd.Timestamp:
    """The last day the records that make members active have anything of; NaT for empty ones."""
    records = last_purchase if rule == "purchased" else points
    assert records is not None
    return pd.Timestamp(records["day"].max())


def _active(
    here: pd.DataFrame,
    rule: Rule,
    points: pd.DataFrame | None,
    last_purchase: pd.DataFrame | None,
    since: pd.Timestamp,
    today: pd.Timestamp,
) -> NDArray[np.bool_]:
    """(n,) who used the programme, or bought as a member, after ``since``."""
    if rule == "purchased":
        assert last_purchase is not None
        last = here["customer"].map(last_purchase.set_index("customer")["day"])
        bought = (last > since) & (last.dt.normalize() >= here["joined"].dt.normalize())
        return np.asarray(bought, dtype=bool)
    assert points is not None
    recent = points["event"].isin(USES) & (points["day"] > since) & (points["day"] < today + pd.Timedelta(days=1))
    return np.asarray(here["customer"].isin(points.loc[recent, "customer"]), dtype=bool)


def _share(active: NDArray[np.bool_], confidence: float) -> ActiveShare:
    share = float(active.mean())
    low, high = share_interval(share, active.size, confidence)
    return ActiveShare(share, float(low), float(high), int(active.sum()), active.size)


def months_of_use(rule: Rule, points: pd.DataFrame | None, monthly: pd.DataFrame | None) -> pd.DataFrame | None:
    """customer, month: the months in which each customer used the programme, or bought."""
    if rule == "purchased":
        if monthly is None:
            return None
        bought = monthly["orders"] > 0 if "orders" in monthly else monthly["value"] != 0
        return monthly.loc[bought, ["customer", "month"]]
    assert points is not None
    uses = points[points["event"].isin(USES)]
    return pd.DataFrame({"customer": uses["customer"].to_numpy(), "month": months_of(uses["day"])})


def _curve(known: pd.DataFrame, uses: pd.DataFrame | None, last: int, window: int, confidence: float) -> pd.DataFrame:
    """Use by months since joining, of members whose month is over, covered by the records and not after leaving."""
    if uses is None or uses.empty or last < int(uses["month"].min()):
        return pd.DataFrame(columns=CURVE)
    first = int(uses["month"].min())
    joined = months_of(known["joined"])
    left = np.where(known["left"].isna(), last + 1, months_of(known["left"]))
    customers = pd.Index(known["customer"])
    row, column = customers.get_indexer(pd.Index(uses["customer"])), uses["month"].to_numpy() - first
    fits = (row >= 0) & (column <= last - first)
    used = np.zeros((len(known), last - first + 1), dtype=bool)
    used[row[fits], column[fits]] = True
    counted = np.cumsum(used, axis=1, dtype=np.int32)
    rows = []
    for since in range(min(last - int(joined.min()), YEAR * YEARS_SHOWN) + 1):
        month = joined + since
        seen = (month >= first) & (month <= last) & (month < left)
        at = month[seen] - first
        active = int(used[seen, at].sum())
        ruled, covered = 0, seen & (month - window + 1 >= first) & (since >= window)
        if covered.any():
            end = month[covered] - first
            before = np.where(end >= window, counted[covered, end - window], 0)
            ruled = int((counted[covered, end] > before).sum())
        rows.append((since, int(seen.sum()), active, ruled, int(covered.sum())))
    table = pd.DataFrame(rows, columns=["since", "base", "active", "rule_active", "rule_base"]).query("base > 0")
    for name, base in (("", "base"), ("rule_", "rule_base")):
        n = table[base].where(table[base] > 0).astype(float)
        table[f"{name}share"] = table[f"{name}active"] / n
        table[f"{name}low"], table[f"{name}high"] = share_interval(table[f"{name}share"], n, confidence)
    return table[CURVE].reset_index(drop=True)


def _tiers(
    table: pd.DataFrame, monthly: pd.DataFrame | None, last: int, window: int, confidence: float
) -> pd.DataFrame:
    """Each tier's members, active share, and margin per member and month, clustered by member."""
    joined = table["joined_month"].to_numpy()
    months, spent = np.zeros(len(table)), np.full(len(table), np.nan)
    if monthly is not None and not monthly.empty:
        last = min(last, int(monthly["month"].max()))  # purchases may end before the report's date
        begin = max(last - window + 1, int(monthly["month"].min()))
        months = np.clip(last - np.maximum(joined, begin - 1), 0, None).astype(float)
        rows = monthly[(monthly["month"] >= begin) & (monthly["month"] <= last)]
        rows = rows[rows["month"] > rows["customer"].map(pd.Series(joined, index=table["customer"]))]
        spent = np.asarray(table["customer"].map(rows.groupby("customer")["value"].sum()).fillna(0.0), dtype=float)
    found = []
    for tier, of in table.groupby("tier", sort=True):
        share = _share(of["active"].to_numpy(), confidence)
        exposed = months[of.index]
        mean, low, high = _per_month(spent[of.index], exposed, confidence)
        base = int((exposed > 0).sum()) if np.isfinite(mean) else 0
        found.append((tier, share.base, share.active, share.share, share.low, share.high, mean, low, high, base))
    names = ["tier", "enrolled", "active", "share", "low", "high", "margin", "margin_low", "margin_high", "base"]
    return pd.DataFrame(found, columns=names)


def _per_month(
    value: NDArray[np.float64], months: NDArray[np.float64], confidence: float
) -> tuple[float, float, float]:
    """Value per month, a ratio of sums, with Student's interval on its linearised error; NaN where not known."""
    total, n = months.sum(), int((months > 0).sum())
    if total <= 0 or not np.isfinite(value).all():
        return np.nan, np.nan, np.nan
    mean = value.sum() / total
    if n < 2:
        return float(mean), np.nan, np.nan
    error = np.sqrt(n / (n - 1) * np.square(value - mean * months).sum()) / total
    half = special.stdtrit(n - 1, (1 + confidence) / 2) * error
    return float(mean), float(mean - half), float(mean + half)


def _by_month(known: pd.DataFrame, last: int) -> pd.DataFrame:
    """Who joined and left in each month from the first joining on, and who was enrolled at its end."""
    joined, gone = months_of(known["joined"]), months_of(known.loc[known["left"].notna(), "left"])
    first = int(joined.min())
    counts = [
        np.bincount(np.clip(side[side <= last] - first, 0, None), minlength=last - first + 1) for side in (joined, gone)
    ]
    frame = pd.DataFrame({"month": np.arange(first, last + 1), "joined": counts[0], "left": counts[1]})
    return frame.assign(enrolled=(frame["joined"] - frame["left"]).cumsum())
