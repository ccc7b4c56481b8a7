"""What of the study may be shown: parts and cells behind which too few people stand are taken out beforehand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kesher.disclosure import coarse, periods, withheld
from kesher.loyalty.account import Account
from kesher.loyalty.analysis import LoyaltyStudy

Cells = npt.NDArray[np.bool_]
OF_MEMBERS = ("members", "activity", "effect", "points", "sharing", "cannibalised", "tactics", "account", "trial")
MANY = 10**9  # people behind a line that the client's books give and that is about nobody


def shown(study: LoyaltyStudy, limit: int) -> LoyaltyStudy:
    """The study without the parts that are about 1 to ``limit`` − 1 people; their code in ``missing`` is "withheld"."""

    def few(people: int | None) -> bool:
        return people is not None and 0 < people < limit

    account, gone = study.account, []
    if study.members is not None and few(study.members.enrolled):
        gone = list(OF_MEMBERS)
    elif study.sharing is not None and few(study.sharing.sharers):
        gone = ["sharing"]
    if account is not None and "account" not in gone:
        if study.cannibalised is not None and (few(study.cannibalised.customers) or few(_offered(study, account))):
            gone.append("cannibalised")
            account = replace(account, cannibalised_cost=None)
        hidden = {"value_per_share", "share_worth"} if "sharing" in gone else set()
        hidden |= {"redemption"} if few(_redeemers(study, account)) else set()
        account = _without(account, hidden) if hidden else account
    parts: dict[str, Any] = {"account": account} | dict.fromkeys(gone)
    return replace(study, **parts, missing=study.missing | dict.fromkeys(gone, "withheld"))


def _redeemers(study: LoyaltyStudy, account: Account) -> int | None:
    """Members behind the cost of rewards, where points were counted."""
    counted = study.points is not None and account.reward_basis == "points"
    return study.points.members["redeemed"] if counted and study.points is not None else None


def _offered(study: LoyaltyStudy, account: Account) -> int | None:
    """Customers behind the cost of offers, at least; those of points are in the cost of points where it is counted."""
    if study.tactics is None:
        return None
    table = study.tactics.table
    counted = table[table["tactic"] != "points"] if account.reward_basis == "points" else table
    return int(counted["redeemers"].max()) if len(counted) else None


def _without(account: Account, inputs: set[str]) -> Account:
    """The account without what says the value of some inputs."""
    tables = {name: getattr(account, name) for name in ("tornado", "flips", "worth")}
    kept: dict[str, Any] = {
        name: table[~table["name"].isin(inputs)] if "name" in table else table for name, table in tables.items()
    }
    if "value_per_share" in inputs:
        kept |= {"designs": None, "multiplier": None}
    return replace(account, inputs=tuple(one for one in account.inputs if one.name not in inputs), **kept)


def cost_lines(study: LoyaltyStudy, account: Account, limit: int) -> tuple[list[dict[Any, Any]], dict[Any, Any] | None]:
    """The cost lines that may stand alone, and one of the others together with the largest of the client's own."""
    rows = account.costs.to_dict("records")
    people = {"rewards": _redeemers(study, account) or MANY, "offers": _offered(study, account) or MANY}
    few = [row for row in rows if people.get(row["line"], MANY) < limit]
    if not few:
        return rows, None
    rest = [row for row in rows if row not in few]
    own = max(rest, key=lambda row: (row["line"] not in people, row["total"]), default=None)
    few += [own] if own is not None else []
    sums = {name: sum(row[name] for row in few) for name in ("observed", "ahead", "total")}
    together = sums | {"running": any(row["running"] for row in few)} if own is not None else {"running": True}
    return [row for row in rows if row not in few], together


def few_networks(networks: pd.DataFrame, limit: int) -> Cells:
    """Networks that must not stand alone; who shares on one may share on another."""
    return withheld(networks["sharers"].to_numpy(), limit, overlapping=True)


def few_of_tactics(tactics: pd.DataFrame, limit: int) -> dict[str, Cells]:
    """Tactics whose ``response`` (and what redeeming cost), ``lift``, or everything (``offered``) is not shown.

    Offers cost what those who redeemed got, and the lines of all tactics add up to the offers' line of the account.
    """
    people, controls = (tactics[name].to_numpy() for name in ("people", "controls"))
    offered = (people > 0) & (people < limit)
    response = offered | withheld(tactics["redeemers"].to_numpy(), limit, overlapping=True)
    return {"offered": offered, "response": response, "lift": offered | ((controls > 0) & (controls < limit))}


def few_weeks(customers: npt.NDArray[np.int_], whole: Cells, limit: int) -> Cells:
    """Weeks that must not be shown, (weeks,): small ones, others that hide them, and then also weeks of nobody.

    Weeks at the edges that are not ``whole`` are nowhere shown and yet in the sum of all. Next to withheld weeks
    an empty one would tell in which weeks so few people did buy.
    """
    hidden = withheld(customers, limit, absent=~whole, overlapping=True)
    return np.asarray(hidden | ((customers == 0) & hidden.any()))


def tier_groups(tiers: pd.DataFrame, limit: int, most: int) -> tuple[Cells, Cells]:
    """Tiers that are told together without their names, and those (the rest last) whose active share is not told."""
    enrolled, active = tiers["enrolled"].to_numpy(), tiers["active"].to_numpy()
    beyond = np.argsort(np.argsort(-enrolled, kind="stable"), kind="stable") >= most
    pooled = withheld(enrolled, limit) | beyond
    told = np.append(active[~pooled], active[pooled].sum()), np.append(enrolled[~pooled], enrolled[pooled].sum())
    sides = np.stack([told[0], told[1] - told[0]])
    parts = np.where(sides > 0, sides, MANY).min(axis=0)
    return pooled, withheld(np.where(parts == MANY, 0, parts), limit)


def cleaning(steps: pd.DataFrame, limit: int) -> list[dict[Any, Any]]:
    """The cleaning account: amounts rounded, those of few customers withheld, and those that would give them away.

    What was read less what was left out is what was used. With one amount withheld none of those left out is shown;
    where they are not many people's either, what was read is not shown, so that the difference is not.
    """
    rows = steps.to_dict("records")
    few = [0 < row["customers"] < limit for row in rows]
    told = [row["effect"] not in ("in", "kept") and hide for row, hide in zip(rows, few, strict=True)]
    left = [row["effect"] not in ("in", "kept", "used") for row in rows]
    out = [row["customers"] for row, gone in zip(rows, left, strict=True) if gone and abs(row["amount"]) > 0]
    alone = any(told) and (len(out) < 2 or max(out) < limit)
    shown = []
    for row, hide, gone in zip(rows, few, left, strict=True):
        balanced = any(told) and (gone or (alone and row["effect"] == "in"))
        given = {"amount": None if hide or balanced else coarse(row["amount"])}
        given["customers"] = None if hide or (balanced and row["effect"] == "in") else row["customers"]
        shown.append(row | given)
    return shown


def point_periods(people: pd.DataFrame, limit: int) -> tuple[npt.NDArray[np.int_] | None, bool]:
    """Which months of a ledger to tell together, and whether points expired and adjusted may be told apart."""
    apart = periods(people[["earned", "redeemed", "expired", "adjusted"]].to_numpy(), limit)
    if apart is not None:
        return apart, True
    joint = people[["expired", "adjusted"]].max(axis=1)
    return periods(people[["earned", "redeemed"]].assign(joint=joint).to_numpy(), limit), False


def together(table: pd.DataFrame, labels: npt.NDArray[np.int_]) -> list[dict[Any, Any]]:
    """A table by month with the months of a period in one row: first and last month, sums, opening and closing."""
    rules: Mapping[str, Any] = {"month": "first", "opening": "first", "closing": "last", "capped": "any"}
    given = {name: (name, rules.get(name, "sum")) for name in table.columns}
    found = table.groupby(labels).agg(**given, until=("month", "last"))
    return found.to_dict("records")
