"""From the client's months of members, costs and points to the flows of the account and its inputs."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from kesher.faults import NotIdentified
from kesher.loyalty.account.flows import LAYERS, Flows, Paths
from kesher.loyalty.account.inputs import Distribution, Input
from kesher.loyalty.account.sharing import SharingStudy
from kesher.months import YEAR, last_full_month

Floats = NDArray[np.float64]
Triple = tuple[float, float, float]
REWARDS = {
    "rewards", "reward", "reward cost", "rewards cost", "loyalty rewards", "points", "points redeemed",
    "point redemption", "פרסים", "הטבות", "מתנות", "נקודות", "פדיון נקודות", "מימוש נקודות", "הטבות מועדון",
}  # fmt: skip
OFFERS = {"offers", "coupons", "vouchers", "מבצעים", "קופונים", "שוברים"}
LAUNCH = 6  # months: what is paid once and later than this is taken for a yearly payment


@dataclass(frozen=True)
class Book:
    """The flows, the cost ``lines`` but rewards and offers (line, layer, running: money of a month ahead,
    observed), what rewards were counted from (points, line, none), and what to say of them.
    """

    first: int
    flows: Flows
    lines: pd.DataFrame
    reward_basis: str
    point_cost: float | None
    codes: tuple[str, ...]

    def cost_table(self, middle: Paths) -> pd.DataFrame:
        """Cost by line, rewards first: line, layer, running (not one-off), observed, ahead, total."""
        n, rows = self.flows.observed, []
        rewards, offers = (middle.reward - middle.offered)[:, 0], middle.offered[:, 0]
        for line, paid, used in (("rewards", rewards, self.reward_basis != "none"), ("offers", offers, offers.any())):
            if used:
                rows.append((line, "traditional", True, float(paid[:n].sum()), float(paid[n:].sum())))
        total, ahead = self.lines["running"].sum(), float(middle.other[n:].sum())
        for line, layer, running, observed in self.lines.itertuples(index=False, name=None):
            rows.append((line, layer, running > 0, observed, running / total * ahead if total else 0.0))
        table = pd.DataFrame(rows, columns=["line", "layer", "running", "observed", "ahead"])
        return table.assign(total=table["observed"] + table["ahead"])

    def inputs(
        self,
        effect: Input | None,
        active_share: Triple | None,
        attrition: Triple | None,
        sharing: SharingStudy | None,
        share_worth: tuple[float, float],
        confidence: float,
    ) -> list[Input]:
        """The account's inputs; each month's spread of redemption stands for what its level may become."""
        flows, listed = self.flows, [] if effect is None else [effect]
        z = float(ndtri((1 + confidence) / 2))

        def add(name: str, triple: Triple, kind: Distribution, grade: str) -> None:
            value, low, high = triple
            listed.append(Input(name, value, low, high, kind if low < high else "fixed", grade, confidence))

        # Where nobody is known to be active, everybody counts as such and the share given says nothing.
        known = active_share if active_share is not None and flows.central_active == active_share[0] else None
        add("active_share", known or (flows.central_active,) * 3, "logit_normal", "B")
        add("redemption", _spread(flows, z), "lognormal", "B")
        if self.reward_basis == "points" and (cost := self.point_cost) is not None:
            add("point_cost", (cost, 0.9 * cost, 1.1 * cost), "triangular", "C")
        add("cost_drift", (0.0, -0.05, 0.10), "triangular", "D")
        add("attrition", attrition or (0.0, 0.0, 0.02), "triangular", "B" if attrition else "D")
        if sharing is not None and (worth := sharing.margin_per_share) is not None:
            add("value_per_share", (worth.value, worth.low, worth.high), "normal", "B")
            add("share_worth", (sum(share_worth) / 2, *share_worth), "uniform", "D")
        return listed


def open_book(
    activity: pd.DataFrame,
    costs: pd.DataFrame | None,
    points: pd.DataFrame | None,
    *,
    as_of: datetime.date,
    point_cost: float | None,
    active_share: Triple | None,
    discount_rate: float,
    horizon_months: int,
    sharing: SharingStudy | None,
) -> Book:
    """Line up members, costs and redemptions by month; see ``account`` for the tables and the refusals.

    The account ends with the last month of ``activity``. A running cost goes on at its mean of the last twelve
    months that the costs cover; a line that occurs in a single month is a one-off of the launch and not carried
    ahead, or a yearly payment when it comes later. A line "offers" (what redeemed offers cost) goes with the active
    members, as rewards do, and stands beside the cost of points.
    """
    if activity.empty:
        raise NotIdentified("account_no_full_month")
    last = min(last_full_month(as_of), int(activity["month"].max()))
    spent = pd.DataFrame(columns=["month", "line", "layer", "amount"]) if costs is None else costs
    spent = spent[spent["month"] <= last]
    months, members, active = _people(activity, spent, last)
    codes = []
    if active is None or not active.any():
        codes.append("active_unknown" if active is None else "nobody_active")
        active, active_share = members, None

    is_reward, is_offer = named(spent["line"], REWARDS), named(spent["line"], OFFERS)
    offered = _monthly(spent[is_offer], months)
    redeemed, basis = np.zeros(len(months)), "none"
    if points is not None and point_cost is not None:
        basis, codes = "points", codes + ["rewards_twice"] * bool(is_reward.any())
        redeemed = _monthly(points.rename(columns={"points": "amount"}), months)
    if is_reward.any():
        basis, redeemed = "line", _monthly(spent[is_reward], months)
    others = spent[~is_reward & ~is_offer]
    other = {layer: _monthly(others[others["layer"] == layer], months) for layer in LAYERS}
    lines = _lines(others, months)
    peopled = months[members > 0]
    if len(others) and (others["month"].min() > peopled[0] + 1 or others["month"].max() < last):
        codes.append("costs_do_not_cover")
    no_reward, no_other = not (redeemed.any() or offered.any()), not any(paid.any() for paid in other.values())
    if no_reward and no_other:
        raise NotIdentified("no_costs")
    codes += ["reward_cost_unknown"] if no_reward else []
    codes += ["costs_unknown"] if no_other else []
    codes += ["costs_one_off"] if horizon_months and (lines["running"] == 0).any() else []
    users = active[-YEAR:].sum()
    usual, offers = (float(part[-YEAR:].sum() / users) if users > 0 else 0.0 for part in (redeemed, offered))
    share = active_share[0] if active_share is not None else active[-1] / members[-1] if members[-1] > 0 else 0.0
    flows = Flows(
        members=members,
        active=active,
        redeemed=redeemed,
        in_money=basis != "points",
        offered=offered,
        other=other,
        running={layer: float(lines.loc[lines["layer"] == layer, "running"].sum()) for layer in LAYERS},
        central_active=float(share) if share > 0 else float(active.sum() / members.sum()),
        central_redemption=usual,
        central_offered=offers,
        ahead=horizon_months,
        discount=(1 + discount_rate) ** (-(np.arange(len(months) + horizon_months) - (len(months) - 1)) / 12),
        shares_per_active=0.0 if sharing is None else sharing.shares_per_active,
        began=0 if sharing is None else max(sharing.began - int(months[0]), 0),
    )
    return Book(int(months[0]), flows, lines, basis, point_cost, tuple(codes))


def named(lines: pd.Series, names: set[str]) -> pd.Series:
    """Which cost lines carry one of the names, case and blanks aside."""
    return lines.astype(str).str.strip().str.lower().isin(names)


def _people(activity: pd.DataFrame, spent: pd.DataFrame, last: int) -> tuple[NDArray[np.int64], Floats, Floats | None]:
    """The account's months, its members and the active among them (None: unknown) in each; gaps are 0."""
    counts = activity[activity["month"] <= last].set_index("month")
    peopled = counts.index[counts["members"] > 0]
    if not len(peopled):
        raise NotIdentified("account_no_full_month")
    months = np.arange(min([int(peopled.min()), *spent["month"].astype(int)]), last + 1)
    members, active = (
        counts[name].reindex(months, fill_value=0).to_numpy(dtype=float) for name in ("members", "active")
    )
    if counts["active"].isna().all():
        return months, members, None
    return months, members, np.minimum(np.nan_to_num(active), members)


def _monthly(spent: pd.DataFrame, months: NDArray[np.int64]) -> Floats:
    return spent.groupby("month")["amount"].sum().reindex(months, fill_value=0.0).to_numpy(dtype=float)


def _lines(spent: pd.DataFrame, months: NDArray[np.int64]) -> pd.DataFrame:
    """line, layer, running (money a month ahead, 0 for what occurred once), observed; largest first."""
    rows = []
    covered = (months >= spent["month"].min()) & (months <= spent["month"].max()) if len(spent) else months > 0
    for (line, layer), part in spent.groupby(["line", "layer"], sort=True):
        amounts = _monthly(part, months)
        paid = np.flatnonzero(amounts)
        running = float(amounts[covered][-YEAR:].mean())
        if len(paid) == 1 and len(months) > 1:
            running = float(amounts.sum()) / YEAR if paid[0] >= LAUNCH else 0.0
        rows.append((line, layer, running, float(amounts.sum())))
    table = pd.DataFrame(rows, columns=["line", "layer", "running", "observed"])
    return table.sort_values(["observed", "line"], ascending=[False, True], ignore_index=True)


def _spread(flows: Flows, z: float) -> Triple:
    """Redemption per active member and month: last year's mean, its range from the months' spread."""
    usual = flows.central_redemption
    used, active = flows.redeemed[-YEAR:], flows.active[-YEAR:]
    if usual <= 0:
        return usual, usual, usual
    each = used[active > 0] / active[active > 0]
    cv = float(np.clip(np.std(each) / usual, 0.05, 0.5))
    return usual, usual * float(np.exp(-z * cv)), usual * float(np.exp(z * cv))
