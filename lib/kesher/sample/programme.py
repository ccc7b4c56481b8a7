"""A made-up loyalty programme whose truth is known: purchases, members, points, offers, shares, costs.

Before joining, whoever will join buys more than whoever will not, by a constant: naive comparisons take that level for
an effect, comparisons over time do not. Months differ for everybody by the same amount, never by the same factor, and
those who stay make up for those who leave, so that the trends of all cohorts are parallel in money.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.months import NEVER, months_of
from kesher.sample.population import Settings

LASTS = 8  # months an offer can lift
Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Programme:
    """One drawn client.

    ``visits``: customer, day, net (money without VAT), every basket by itself; ``purchases``: customer, day, amount,
    margin, one row per customer and day. The other frames are as the readers give them, None where the settings leave
    them out. Months are year * 12 + month - 1. ``lifted`` (customers, months) is the margin the programme is expected
    to add to each customer's month. ``truth``: value by number id.
    """

    customers: int
    first_month: int
    last_month: int
    visits: pd.DataFrame
    purchases: pd.DataFrame
    members: pd.DataFrame | None
    points: pd.DataFrame | None
    offers: pd.DataFrame | None
    shares: pd.DataFrame | None
    costs: pd.DataFrame | None
    lifted: Floats
    truth: dict[str, float]

    def monthly(self) -> pd.DataFrame:
        """customer, month, value (margin), orders: one row per customer and month with a purchase."""
        grouped = self.purchases.assign(month=months_of(self.purchases["day"])).groupby(["customer", "month"])["margin"]
        return grouped.agg(value="sum", orders="size").reset_index()


def first_day(month: Any) -> Any:
    """The first day of a month index, as datetime64[s]."""
    return (np.asarray(month) - 1970 * 12).astype("datetime64[M]").astype("datetime64[s]")


def simulate_programme(settings: Settings, seed: int) -> Programme:
    """Draw one client; the same settings and seed give the same client."""
    return _Client(settings, np.random.default_rng(seed)).draw()


class _Client:
    """The steps of one draw, in the order in which one rests on the other; arrays are (N,) or (N, T)."""

    def __init__(self, settings: Settings, rng: np.random.Generator) -> None:
        self.settings, self.rng = settings, rng
        self.n = settings["customers"]
        self.start, self.end = (np.datetime64(settings["days"][k], "D") for k in ("first", "last"))
        self.first, self.last = (
            int(day.astype("datetime64[M]").astype(int)) + 1970 * 12 for day in (self.start, self.end)
        )
        self.months = self.last - self.first + 1
        price = settings["price"]
        self.net = price["gross"] / (1 + price["vat"])
        self.margin = self.net * price["margin_rate"]  # of a visit
        self.truth: dict[str, float] = {}

    def draw(self) -> Programme:
        self._people()
        offers = self._offers()
        visits = self._visits()
        shares, visits = self._shares(visits)
        if self.settings.get("members_only"):
            joined = self.joined_day[visits["customer"]]
            visits = visits[(self.joined[visits["customer"]] != NEVER) & (visits["day"].to_numpy() >= joined)]
        visits = visits.sort_values(["day", "customer"], kind="stable", ignore_index=True)
        purchases = visits.groupby(["customer", "day"], as_index=False).agg(amount=("net", "sum"))
        purchases["margin"] = purchases["amount"] * self.settings["price"]["margin_rate"]
        points = self._points(visits)
        members, costs = self._members(), self._costs()
        self._account(points, offers, costs)
        frames = (visits, purchases, members, points, offers, shares, costs)
        return Programme(self.n, self.first, self.last, *frames, self.lifted, self.truth)

    def _people(self) -> None:
        """Who joins when, who uses the club, who leaves, and how often each would come without a programme."""
        rng, s, joining = self.rng, self.settings, self.settings["joining"]
        n = self.n
        member = np.arange(n) < round(s["member_share"] * n)
        rng.shuffle(member)
        opened, closed = (np.datetime64(joining[k], "D") for k in ("first", "last"))
        span = int((closed - opened) / np.timedelta64(1, "D")) + 1
        early = rng.random(n) < joining.get("rush", 0.0)
        offset = np.where(early, rng.integers(0, min(span, joining.get("rush_days", 75)), n), rng.integers(0, span, n))
        day = (opened + offset).astype("datetime64[s]")
        month = months_of(day)
        self.joined: Integers = np.where(member, month, NEVER)
        self.joined_day = np.where(member, day, np.datetime64("NaT", "s"))
        habit = [s["visits"]["member"], s["visits"]["never"]]
        mean, shape, floor = (np.where(member, habit[0][k], habit[1][k]) for k in ("mean", "shape", "least"))
        self.habit = floor + (mean - floor) * rng.gamma(shape) / shape
        self.uses = member & (rng.random(n) < s["active"])
        # Members leave only after joining, so their clock starts there; the others' starts with the ledger.
        entry = np.where(member, self.joined, self.first)
        stays = rng.geometric(s["leaving"], n) if s["leaving"] > 0 else np.full(n, 10_000)
        self.left = entry + stays  # first month without a visit
        self.time = self.first + np.arange(self.months)
        age = np.maximum(self.time - entry[:, None], 0)
        here = self.time < self.left[:, None]
        self.growth = here / (1 - s["leaving"]) ** age  # mean one in every month
        self.after = (self.time > self.joined[:, None]) & member[:, None]
        self.extra = np.where(self.after, self.uses[:, None] * s["effect"], 0.0)  # visits the programme adds
        expected = s["effect"] * s["active"] * self.margin
        self.lifted = self.after * expected  # expected money per member and month
        self.member = member

    def _offers(self) -> pd.DataFrame | None:
        """Randomised offers; those who use the club come more often after one, by money that fades."""
        s, rng = self.settings.get("offers"), self.rng
        if not s:
            return None
        parts = []
        for number, campaign in enumerate(s["campaigns"], start=1):
            tactic = s["tactics"][campaign["tactic"]]
            sent = int(np.datetime64(campaign["sent"], "M").astype(int)) + 1970 * 12
            can = np.flatnonzero(self.member & (self.joined < sent))
            chosen = rng.permutation(can)[: campaign["size"]]
            offered = np.arange(len(chosen)) >= round(campaign["control"] * len(chosen))
            at = chosen[offered]
            for k in range(LASTS):
                if 0 <= sent + k - self.first < self.months:
                    lift = tactic["lift"] * tactic["keeps"] ** k if self.settings["active"] else 0.0
                    self.extra[at, sent + k - self.first] += (
                        self.uses[at] * lift / (self.margin * (self.settings["active"] or 1.0))
                    )
                    self.lifted[at, sent + k - self.first] += lift
            seen = offered & (rng.random(len(chosen)) < s["seen"])
            chance = tactic["response"] * np.where(seen, 1.0, s["unseen_response"])
            redeemed = offered & (rng.random(len(chosen)) < chance)
            day = first_day(sent)
            saw, used = rng.integers(0, 10, len(chosen)), rng.integers(10, 28, len(chosen))
            never = np.datetime64("NaT", "s")
            frame = {"customer": chosen, "offer": f"K{number:02d}", "tactic": campaign["tactic"]}
            frame |= {"group": np.where(offered, "offered", "control"), "sent": day}
            frame |= {"seen": np.where(seen, day + saw * np.timedelta64(86_400, "s"), never)}
            frame |= {"redeemed": np.where(redeemed, day + used * np.timedelta64(86_400, "s"), never)}
            parts.append(
                pd.DataFrame(frame | {"cost": np.where(redeemed, tactic["cost"], 0.0)}).sort_values("customer")
            )
        for name, tactic in s["tactics"].items():
            lifts = tactic["lift"] * tactic["keeps"] ** np.arange(6)
            self.truth |= {f"tactics.{name}.lift_{k}": float(lift) for k, lift in enumerate(lifts)}
        gap = [
            self.truth[f"tactics.experience.lift_{k}"] - self.truth[f"tactics.percent_discount.lift_{k}"]
            for k in range(6)
        ]
        self.truth["tactics.crossover"] = float(next(k for k, d in enumerate(gap) if d > 0))
        unseen = (1 - s["seen"]) * s["unseen_response"]
        self.truth["rewards.cannibalised_share"] = unseen / (s["seen"] + unseen)
        return pd.concat(parts, ignore_index=True)

    def _visits(self) -> pd.DataFrame:
        """Every basket: Poisson visits by month on days of the week as shops know them, none while closed."""
        s, rng = self.settings, self.rng
        season = s["season"] * np.cos(2 * np.pi * (self.time % 12 - s["season_peak"]) / 12)
        eager = np.where(self.time == self.joined[:, None] - 1, s["joining"]["eager"], 0.0)
        self.rate = np.maximum(self.growth * (self.habit[:, None] + season + eager + self.extra), 0.0)
        customers, days = [], []
        for t, month in enumerate(self.time):
            first = first_day(month).astype("datetime64[D]")
            calendar = np.arange(first, first_day(month + 1).astype("datetime64[D]"))
            week = np.where((calendar.astype(int) + 4) % 7 == 6, 0.4, 1.0)  # 1970-01-01 was a Thursday: 6 is Saturday
            weight = week.copy()
            for opening, ending in s.get("closed", []):  # visits of closed days fall on the month's other days
                shut = (calendar >= np.datetime64(opening)) & (calendar <= np.datetime64(ending))
                weight[shut] = 0.0
            known = (calendar >= self.start) & (calendar <= self.end)
            share = (weight * known).sum() / weight.sum()
            count = rng.poisson(self.rate[:, t] * share)
            customers.append(np.repeat(np.arange(self.n), count))
            days.append(rng.choice(calendar[known], size=count.sum(), p=weight[known] / weight[known].sum()))
        customer, day = np.concatenate(customers), np.concatenate(days).astype("datetime64[s]")
        net = self._baskets(len(customer))
        joiner = np.flatnonzero(self.member & (self.joined_day <= self.end))
        extra = self._baskets(len(joiner)) * s["joining"]["basket"]
        customer, net = np.append(customer, joiner), np.append(net, extra)
        day = np.append(day, self.joined_day[joiner])
        if s.get("huge_spender"):  # one customer outside the club whose baskets are this many times the others'
            net = np.where(customer == np.flatnonzero(~self.member)[0], net * s["huge_spender"], net)
        return pd.DataFrame({"customer": customer, "day": day, "net": net})

    def _baskets(self, count: int) -> Floats:
        """Net value of baskets, lognormal about its mean; gross values are whole agorot."""
        price = self.settings["price"]
        width = np.sqrt(np.log1p(price["spread"] ** 2))
        gross = price["gross"] * np.exp(width * self.rng.standard_normal(count) - width**2 / 2)
        return np.asarray(np.maximum(np.rint(gross * 100), 1) / 100 / (1 + price["vat"]))

    def _shares(self, visits: pd.DataFrame) -> tuple[pd.DataFrame | None, pd.DataFrame]:
        """Members' shares; a friend's purchase stands against some, most of which would have come anyway."""
        s, rng = self.settings.get("shares"), self.rng
        never = np.flatnonzero(~self.member)
        if not s or not len(never):
            return None, visits
        here = self.after & (self.time < self.left[:, None])
        count = rng.poisson(s["rate"] * here)
        customer, t = (np.repeat(side, count[np.nonzero(count)]) for side in np.nonzero(count))
        day = first_day(self.time[t]) + rng.integers(0, 28, len(t)) * np.timedelta64(86_400, "s")
        network = rng.choice(list(s["networks"]), size=len(t), p=list(s["networks"].values()))
        bought, new = rng.random(len(t)) < s["buys"], rng.random(len(t)) < s["incremental"]
        friends = visits[~self.member[visits["customer"]]].sort_values("day", kind="stable")
        after = np.searchsorted(friends["day"], day, side="right")
        bought &= new | (after < len(friends))
        at = np.minimum(after + rng.integers(0, 40, len(t)), len(friends) - 1)
        fresh = self._baskets(len(t))
        friend = np.where(new, rng.choice(never, len(t)), friends["customer"].to_numpy()[at])
        net = np.where(new, fresh, friends["net"].to_numpy()[at])
        amount = np.where(bought, net * (1 + self.settings["price"]["vat"]), 0.0).round(2)
        frame = pd.DataFrame({"customer": customer, "day": day, "network": network})
        frame["friend"], frame["amount"] = np.where(bought, friend, -1), amount
        added = (bought & new & (day + np.timedelta64(86_400, "s") <= self.end)).nonzero()[0]
        rows = pd.DataFrame({"customer": friend[added], "day": day[added], "net": fresh[added]})
        value = s["buys"] * self.settings["price"]["gross"]
        self.truth |= {
            "sharing.share_rate": s["rate"] * float(here.sum() / self.after.sum()),
            "sharing.value_per_share": value,
            "sharing.incremental_share": s["incremental"],
            "sharing.friends_margin": len(frame) * s["buys"] * s["incremental"] * self.margin,
        }
        frame = frame.sort_values(["day", "customer"], kind="stable", ignore_index=True)
        return frame, pd.concat([visits, rows], ignore_index=True)

    def _points(self, visits: pd.DataFrame) -> pd.DataFrame | None:
        """A month's points are posted on its last visit; a redemption takes all points of earlier months."""
        s, rng = self.settings.get("points"), self.rng
        if not s:
            return None
        customer, day = visits["customer"].to_numpy(), visits["day"].to_numpy()
        earns = self.uses[customer] & (day >= self.joined_day[customer])
        frame = visits[earns].assign(month=months_of(visits["day"][earns]))
        lots = frame.groupby(["customer", "month"], as_index=False).agg(day=("day", "max"), net=("net", "sum"))
        lots["points"] = (lots["net"] * (1 + self.settings["price"]["vat"]) * s["per_money"]).round(1)
        lots = lots[lots["points"] > 0]
        ahead = self.first + np.arange(self.months + s["expire"] + 1)
        saves = rng.random(self.n) < s["savers"]  # never redeems anything
        redeems = ~saves[:, None] & (ahead < self.left[:, None])
        redeems &= rng.random(redeems.shape) < s["redeems"]
        # (N, T) the next month with a redemption, far away where there is none
        following = np.where(redeems, ahead, 10**6)
        following = np.minimum.accumulate(following[:, ::-1], axis=1)[:, ::-1]
        who, earned = lots["customer"].to_numpy(), lots["month"].to_numpy()
        used = following[who, earned + 1 - self.first]
        expires = earned + s["expire"]
        lots["used"], lots["expires"] = np.where(used < expires, used, 10**6), expires
        dates = rng.integers(0, 28, redeems.shape)
        redeemed = lots[lots["used"] <= self.last].groupby(["customer", "used"], as_index=False)["points"].sum()
        at = dates[redeemed["customer"], redeemed["used"] - self.first]
        redeemed["day"] = first_day(redeemed["used"].to_numpy()) + at * np.timedelta64(86_400, "s")
        gone = lots[(lots["used"] > self.last + s["expire"]) & (expires <= self.last)]
        gone = gone.groupby(["customer", "expires"], as_index=False)["points"].sum()
        gone["day"] = first_day(gone["expires"].to_numpy())
        parts = {"earned": lots, "redeemed": redeemed, "expired": gone}
        ledger = pd.concat(
            [part[["customer", "day", "points"]].assign(event=event) for event, part in parts.items()],
            ignore_index=True,
        )
        ledger = ledger[ledger["day"] <= self.end].sort_values(["day", "customer"], kind="stable", ignore_index=True)
        ledger["points"] = ledger["points"].round(1)
        # Of a point already earned by somebody known: months in which its owner, while here, can still redeem it.
        chances = np.clip(self.left[who] - earned - 1, 0, s["expire"] - 1)
        lost = np.where(saves[who], 1.0, (1 - s["redeems"]) ** chances)
        self.truth["points.breakage_rate"] = float((lost * lots["points"]).sum() / max(lots["points"].sum(), 1e-9))
        for event, id in (("earned", "issued"), ("redeemed", "redeemed")):
            self.truth[f"points.{id}"] = round(float(ledger.loc[ledger["event"] == event, "points"].sum()), 1)
        return pd.DataFrame(ledger[["customer", "day", "event", "points"]])

    def _members(self) -> pd.DataFrame | None:
        """The register at the report's date, and what is true of it."""
        if not self.member.any():
            return None
        at = np.flatnonzero(self.member & (self.joined_day <= self.end))
        gold = self.habit[at] > self.settings.get("gold_from", np.inf)
        left = np.full(len(at), np.datetime64("NaT", "s"))
        gone = self.left[at] <= self.last
        if self.settings.get("leaving_seen"):
            left[gone] = first_day(self.left[at][gone])
        else:
            gone[:] = False
        frame = {"customer": at, "joined": self.joined_day[at], "tier": np.where(gold, "gold", "basic"), "left": left}
        window = (self.time > self.last - 12) & (self.time >= self.joined[at, None])
        comes = 1 - np.exp(-(self.rate[at] * window).sum(axis=1))
        comes = np.where(self.joined[at] > self.last - 12, 1.0, comes) * self.settings["active"]
        here = ~gone
        self.truth |= {"members.enrolled": float(here.sum()), "members.active": float(comes[here].sum())}
        self.truth["members.active_share"] = float(comes[here].mean()) if here.any() else 0.0
        return pd.DataFrame(frame)

    def _costs(self) -> pd.DataFrame | None:
        """What is paid by the month from launch on, and once."""
        if "costs" not in self.settings:
            return None
        launched = int(np.datetime64(self.settings["joining"]["first"], "M").astype(int)) + 1970 * 12
        rows = [
            (month, line, of["layer"], float(of["monthly"] + (of.get("once", 0) if month == launched else 0)))
            for month in range(launched, self.last + 1)
            for line, of in self.settings["costs"].items()
        ]
        return pd.DataFrame(rows, columns=["month", "line", "layer", "amount"])

    def _account(self, points: pd.DataFrame | None, offers: pd.DataFrame | None, costs: pd.DataFrame | None) -> None:
        """The true effect, the level that is taken for one, and what the programme brought and cost."""
        truth = self.truth
        if not self.after.any():
            return
        truth["effect.adjusted"] = float(self.lifted.sum() / self.after.sum())
        truth["effect.joining_extra"] = self.settings["joining"]["basket"] * self.margin
        recent = self.after & (self.time > self.last - 12)
        if not self.member.all() and recent.any() and not self.settings.get("huge_spender"):
            level = (self.habit[:, None] * recent).sum() / recent.sum() - self.habit[~self.member].mean()
            truth["effect.naive"] = float(level * self.margin + (self.lifted * recent).sum() / recent.sum())
        truth["programme.observed_incremental_margin"] = float(self.lifted.sum())
        if costs is None:
            return
        # Ahead, everything goes on: members as they are now, the mean effect, the costs of the last twelve months.
        ahead, last_year = self.settings.get("horizon", 0), self.last - 12
        enrolled = (self.member[:, None] & (self.joined[:, None] <= self.time)).sum(axis=0)
        truth["programme.incremental_margin"] = truth["effect.adjusted"] * float(enrolled.sum() + ahead * enrolled[-1])
        paid = costs[["month", "amount"]]
        if points is not None:
            used = points[points["event"] == "redeemed"]
            rewards = used["points"] * self.settings["points"]["cost"]
            paid = pd.concat([paid, pd.DataFrame({"month": months_of(used["day"]), "amount": rewards})])
        if offers is not None:
            used = offers[offers["redeemed"].notna()]
            paid = pd.concat([paid, pd.DataFrame({"month": months_of(used["redeemed"]), "amount": used["cost"]})])
        truth["programme.observed_cost"] = float(paid["amount"].sum())
        running = float(paid.loc[paid["month"] > last_year, "amount"].sum()) / 12
        truth["programme.cost"] = truth["programme.observed_cost"] + ahead * running
        truth["programme.roi"] = truth["programme.incremental_margin"] / truth["programme.cost"] - 1
        if "sharing.friends_margin" in truth:
            brought = truth["programme.observed_incremental_margin"] + truth["sharing.friends_margin"]
            truth["sharing.observed_multiplier"] = brought / truth["programme.observed_cost"]
