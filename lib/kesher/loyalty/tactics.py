"""What each tactic costs, who answers it, and how the lift over its randomised control group decays by months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from kesher.faults import NotIdentified
from kesher.months import months_of
from kesher.stats import benjamini_hochberg, share_interval

Floats = NDArray[np.float64]
FEWEST = 10  # customers in each arm, below which a month's lift is not estimated
DECAY = ["tactic", "month", "lift", "low", "high", "offered", "control"]
DIFFERENCE = ["month", "difference", "low", "high", "distinct"]


@dataclass(frozen=True)
class Crossover:
    """From which month after sending (0: the month of sending) an experience lifts more than a discount.

    ``month``: the first month whose difference excludes zero (Benjamini-Hochberg), with no later one at or below zero.
    ``code``: "" | "not_in_these_data" | "no_experience" | "no_discount" | "no_control". ``table``: month, difference,
    low, high (money per offered member), distinct.
    """

    month: int | None
    code: str
    table: pd.DataFrame


@dataclass(frozen=True)
class Tactics:
    """Offers by tactic; money per offered member and month.

    ``table``: tactic, offers (campaigns), offered, control, seen, redeemed, the same in people (people, controls,
    redeemers), seen_share, response (redeemed of offered)
    and response_seen (of those who saw it) with _low and _high, unseen_share (not seen, of redeemed), cost (total),
    cost_per_offered, lift (sum over the first ``months`` months), lift_low, lift_high, months, net (lift minus cost per
    offered), net_low, net_high, code ("", "no_control", "too_few", "too_recent": why there is no lift). ``decay``:
    tactic, month, lift, low, high, offered, control.
    """

    table: pd.DataFrame
    decay: pd.DataFrame
    crossover: Crossover
    confidence: float


@dataclass(frozen=True)
class _Lift:
    """A tactic's lift by month (K,), each customer's part of its error (customers x K), the groups behind it (K,)."""

    value: Floats
    parts: pd.DataFrame
    offered: list[int]
    control: list[int]

    def total(self, confidence: float, month: int | None = None) -> tuple[float, float, float]:
        """Value, low and high of one month, or of the sum of all."""
        chosen = slice(None) if month is None else slice(month, month + 1)
        parts = self.parts.iloc[:, chosen].sum(axis=1)
        return _interval(float(self.value[chosen].sum()), parts.to_numpy(), confidence)[:3]


def _interval(value: float, parts: Floats, confidence: float) -> tuple[float, float, float, float]:
    """Value, low, high and p-value by Student's t, from the parts each customer has in its error."""
    parts = parts[parts != 0]
    freedom = max(parts.size - 1, 1)
    error = float(np.sqrt(np.square(parts).sum() * parts.size / freedom))
    half = float(special.stdtrit(freedom, (1 + confidence) / 2)) * error
    p = float(2 * special.stdtr(freedom, -abs(value) / error)) if error else 1.0
    return value, value - half, value + half, p


def study(
    offers: pd.DataFrame | None,
    monthly: pd.DataFrame,
    *,
    last_month: int,
    months: int = 6,
    pre_months: int = 6,
    confidence: float = 0.95,
) -> Tactics:
    """Describe offers (customer, offer, tactic, group, sent, seen, redeemed, cost) by tactic.

    ``monthly``: customer, month, value (margin; no row: nothing bought). Lifts compare offered and control customers of
    the same campaign in the same month, adjusted for their mean margin in the ``pre_months`` before sending; the months
    reach to ``last_month``, the last one wholly known. Raises ``NotIdentified`` with "no_offers".
    """
    if offers is None or offers.empty:
        raise NotIdentified("no_offers")
    lifts: dict[str, _Lift] = {}
    rows, decay = [], []
    for tactic, of in offers.groupby("tactic", sort=True):
        tested = _tested(of)
        code = _why_not(tested, last_month)
        lift = None if code else _lift(tested, monthly, last_month, months, pre_months)
        if lift is not None:
            lifts[str(tactic)] = lift
            sizes = enumerate(zip(lift.offered, lift.control, strict=True))
            decay += [(tactic, k, *lift.total(confidence, k), *size) for k, size in sizes]
        rows.append({"tactic": tactic, **_answers(of, confidence), **_worth(of, lift, confidence), "code": code})
    return Tactics(
        table=pd.DataFrame(rows),
        decay=pd.DataFrame(decay, columns=DECAY),
        crossover=_crossover(set(offers["tactic"]), lifts, confidence),
        confidence=confidence,
    )


def _answers(of: pd.DataFrame, confidence: float) -> dict[str, object]:
    """How many got the offer, saw it and redeemed it, and what that cost."""
    given = of[of["group"] != "control"]
    seen, redeemed = given["seen"].notna(), given["redeemed"].notna()
    found: dict[str, object] = {
        "offers": of["offer"].nunique(),
        "offered": len(given),
        "control": len(of) - len(given),
        "seen": int(seen.sum()),
        "redeemed": int(redeemed.sum()),
        "people": given["customer"].nunique(),
        "controls": of.loc[of["group"] == "control", "customer"].nunique(),
        "redeemers": given.loc[redeemed, "customer"].nunique(),
        "seen_share": float(seen.mean()) if len(given) else np.nan,
    }
    everybody = pd.Series(True, index=given.index)
    for name, whom in (("response", everybody), ("response_seen", seen)):
        found |= dict(zip((name, f"{name}_low", f"{name}_high"), _share(given[whom], confidence), strict=True))
    found["unseen_share"] = float((~seen[redeemed]).mean()) if redeemed.any() else np.nan
    cost = float(given.loc[redeemed, "cost"].sum())
    return found | {"cost": cost, "cost_per_offered": cost / len(given) if len(given) else np.nan}


def _share(given: pd.DataFrame, confidence: float) -> tuple[float, float, float]:
    """Redeemed of the given offers, Wilson's interval on customers' own (linearised) base; NaN for no offers."""
    if given.empty:
        return np.nan, np.nan, np.nan
    redeemed = given["redeemed"].notna().astype(float)
    share, n = float(redeemed.mean()), len(given)
    by = (redeemed - share).groupby(given["customer"]).sum()
    variance = float(np.square(by).sum()) / n**2 * len(by) / max(len(by) - 1, 1)
    effective = share * (1 - share) / variance if variance > 0 else float(len(by))
    low, high = share_interval(share, effective, confidence)
    return share, float(low), float(high)


def _worth(of: pd.DataFrame, lift: _Lift | None, confidence: float) -> dict[str, float]:
    """The lift of all months together and what is left of it after the reward's cost, per offered member."""
    given = of[of["group"] != "control"]
    cost = given["cost"].where(given["redeemed"].notna(), 0.0).sum() / max(len(given), 1)
    whole = np.array([np.nan] * 3 if lift is None else lift.total(confidence))
    found = dict(zip(("lift", "lift_low", "lift_high"), whole.tolist(), strict=True))
    found |= dict(zip(("net", "net_low", "net_high"), (whole - cost).tolist(), strict=True))
    return found | {"months": 0 if lift is None else len(lift.value)}


def _tested(of: pd.DataFrame) -> pd.DataFrame:
    """The rows of campaigns that have a control group, with the month of sending."""
    of = of[of["sent"].notna()]
    of = of.assign(month=months_of(of["sent"]), treated=of["group"] != "control")
    return of[of.groupby("offer")["treated"].transform("nunique") == 2]


def _why_not(tested: pd.DataFrame, last_month: int) -> str:
    """Why a tactic has no lift, "" where it has one."""
    if tested.empty:
        return "no_control"
    seen = tested[tested["month"] <= last_month]
    if seen.empty:
        return "too_recent"
    return "too_few" if seen.groupby("treated").size().min() < FEWEST else ""


def _lift(tested: pd.DataFrame, monthly: pd.DataFrame, last_month: int, months: int, pre_months: int) -> _Lift:
    """Least squares of each month's margin on having been offered, the mean margin before, and campaign effects."""
    customers, who = np.unique(tested["customer"], return_inverse=True)
    campaign = pd.factorize(tested["offer"])[0]
    sent, treated = tested["month"].to_numpy(), tested["treated"].to_numpy(dtype=float)
    first = int(sent.min()) - pre_months
    margin = np.zeros((customers.size, int(sent.max()) + months - first))
    row = pd.Index(customers).get_indexer(pd.Index(monthly["customer"]))
    column = monthly["month"].to_numpy() - first
    inside = (row >= 0) & (column >= 0) & (column < margin.shape[1])
    np.add.at(margin, (row[inside], column[inside]), monthly["value"].to_numpy(dtype=float)[inside])
    at = sent - first
    before = np.mean([margin[who, at - k] for k in range(1, pre_months + 1)], axis=0)
    values, parts, offered, control = [], [], [], []
    for k in range(months):
        seen = sent + k <= last_month
        arms = [int((seen & (treated == arm)).sum()) for arm in (1, 0)]
        if min(arms) < FEWEST:
            break
        sides = np.column_stack([margin[who, at + k], treated, before])[seen]
        count = np.bincount(campaign[seen])[campaign[seen]]
        for j in range(3):  # campaign effects
            sides[:, j] -= np.bincount(campaign[seen], sides[:, j])[campaign[seen]] / count
        y, x = sides[:, 0], sides[:, 1:]
        bread = np.linalg.pinv(x.T @ x)
        slopes = bread @ x.T @ y
        values.append(float(slopes[0]))
        parts.append(np.bincount(who[seen], (x @ bread)[:, 0] * (y - x @ slopes), minlength=customers.size))
        offered.append(arms[0])
        control.append(arms[1])
    return _Lift(np.array(values), pd.DataFrame(np.array(parts).T, index=customers), offered, control)


def _crossover(tactics: set[str], lifts: dict[str, _Lift], confidence: float) -> Crossover:
    """Month by month, the experience's lift minus the discount's; customers in both count in both."""
    slow, fast = "experience", "percent_discount"
    none = pd.DataFrame(columns=DIFFERENCE)
    for tactic, code in ((slow, "no_experience"), (fast, "no_discount")):
        if tactic not in lifts:
            return Crossover(None, "no_control" if tactic in tactics else code, none)
    length = min(len(lifts[slow].value), len(lifts[fast].value))
    parts = lifts[slow].parts.iloc[:, :length].sub(lifts[fast].parts.iloc[:, :length], fill_value=0.0).to_numpy()
    values = lifts[slow].value[:length] - lifts[fast].value[:length]
    found = np.array([_interval(values[k], parts[:, k], confidence) for k in range(length)])
    distinct = benjamini_hochberg(found[:, 3]) < 1 - confidence
    table = pd.DataFrame(found[:, :3], columns=DIFFERENCE[1:4]).assign(distinct=distinct)
    table.insert(0, "month", np.arange(length))
    ahead = np.logical_and.accumulate(values[::-1] > 0)[::-1]  # from this month on
    month = next((k for k in range(length) if distinct[k] and ahead[k]), None)
    return Crossover(month, "" if month is not None else "not_in_these_data", table)
