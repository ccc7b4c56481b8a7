"""Everything the workbook asks of a programme's tables, each part found or refused on its own."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kesher.faults import NotIdentified, Parts
from kesher.loyalty import account as accounts
from kesher.loyalty import effect as effects
from kesher.loyalty import members as memberships
from kesher.loyalty import points as ledgers
from kesher.loyalty import tactics as offered
from kesher.loyalty import trial as trials
from kesher.loyalty import value as values
from kesher.loyalty.activity import Activity, activity
from kesher.months import YEAR, last_full_month, month_of, months_of
from kesher.params import LoyaltyRoi
from kesher.readers.ledger import LoyaltyTables, Panel, Purchases, customer_summaries, monthly, panel, regional, weekly

EDGE_DAYS = 3  # a shop may be shut on a month's first or last days; the month is whole all the same
PER_MEMBER = ("member", "customer_offered")  # units of an effect that the account can multiply by member-months


@dataclass(frozen=True)
class LoyaltyStudy:
    """What could be found; a part that could not is None and its code stands in ``missing``.

    ``first_month`` and ``last_month`` are the first and last whole months of the purchases (month indices; the last
    lies before the first where there is none). ``weeks`` are sales by week. Money is net of VAT.
    """

    rows: int
    customers: int
    first_day: datetime.date
    last_day: datetime.date
    first_month: int
    last_month: int
    has_margin: bool
    steps: pd.DataFrame
    gaps: pd.DataFrame
    calendar: pd.DataFrame
    weeks: pd.DataFrame
    members: memberships.MembersStudy | None
    activity: Activity | None
    effect: effects.EffectStudy | None
    value: values.ValueStudy | None
    points: ledgers.PointsStudy | None
    sharing: accounts.SharingStudy | None
    cannibalised: accounts.Cannibalised | None
    tactics: offered.Tactics | None
    account: accounts.Account | None
    trial: trials.Trial | None
    missing: dict[str, str]

    @property
    def causal(self) -> bool:
        """Whether the data identify an incremental effect."""
        return self.effect is not None and self.effect.headline is not None


def analyse(tables: LoyaltyTables, params: LoyaltyRoi) -> LoyaltyStudy:
    """Answer every question of the workbook that the tables allow; the same seed gives the same numbers."""
    as_of = params.day
    bought = tables.purchases
    confidence = params.confidence
    first, last = whole_months(bought.first, bought.last, as_of)
    parts = Parts()
    until = min(bought.last, as_of)
    summaries = customer_summaries(bought, until=until)
    amounts = monthly(bought, value="amount")
    margins = parts.get("margin", lambda: monthly(bought))
    members = parts.get(
        "members",
        lambda: memberships.study(
            tables.members,
            as_of=as_of,
            points=tables.points,
            monthly=margins,
            last_purchase=summaries[["customer", "last_day"]].rename(columns={"last_day": "day"}),
            rule=params.active_rule,
            active_months=params.active_months,
            confidence=confidence,
        ),
    )
    events = parts.get("activity", lambda: activity(tables, params, members, amounts, margins, (first, last)))
    effect = parts.get("effect", lambda: _effect(tables, params, first, last))
    points = parts.get(
        "points",
        lambda: ledgers.study(
            tables.points,
            as_of=as_of,
            points_expire=params.points_expire,
            point_value=params.point_value,
            point_cost=params.point_cost,
            sales=events.sales if events is not None else None,
            confidence=confidence,
        ),
    )
    sharing = parts.get(
        "sharing",
        lambda: accounts.sharing(
            tables.shares,
            active=members.active.active if members is not None else 0,
            as_of=as_of,
            margin=margins,
            margin_rate=params.margin_rate,
            confidence=confidence,
        ),
    )
    cannibalised = parts.get("cannibalised", lambda: accounts.cannibalised(tables.offers, confidence=confidence))

    def tactical() -> offered.Tactics:
        if margins is None:
            raise NotIdentified("no_margin")
        return offered.study(tables.offers, margins, last_month=last, confidence=confidence)

    def accounted() -> accounts.Account:
        if margins is None or events is None:
            raise NotIdentified("no_margin" if margins is None else parts.missing.get("activity", "no_members"))
        return _account(tables, params, effect, members, events, points, sharing, cannibalised)

    account = parts.get("account", accounted)

    def planned() -> trials.Trial:
        if margins is None or members is None or account is None:
            raise NotIdentified(parts.missing["account"])
        return _trial(params, account, members, margins, first, last)

    return LoyaltyStudy(
        rows=bought.rows,
        customers=bought.buyers,
        first_day=bought.first,
        last_day=bought.last,
        first_month=first,
        last_month=last,
        has_margin=bought.has_margin,
        steps=bought.steps,
        gaps=bought.gaps,
        calendar=tables.calendar,
        weeks=weekly(bought, week_starts=tables.week_starts),
        members=members,
        activity=events,
        effect=effect,
        value=parts.get("value", lambda: _value(tables, params, summaries, until)),
        points=points,
        sharing=sharing,
        cannibalised=cannibalised,
        tactics=parts.get("tactics", tactical),
        account=account,
        trial=parts.get("trial", planned),
        missing=parts.missing,
    )


def whole_months(first: datetime.date, last: datetime.date, as_of: datetime.date) -> tuple[int, int]:
    """The first and last month that the purchases cover whole, up to the report's date.

    >>> whole_months(datetime.date(2024, 3, 2), datetime.date(2026, 10, 30), datetime.date(2026, 10, 31))
    (24290, 24321)
    """
    until = min(last, as_of)
    begins = month_of(first) + (first.day > EDGE_DAYS)
    after = until + datetime.timedelta(days=EDGE_DAYS)
    ends = month_of(until) if month_of(after) > month_of(until) else month_of(until) - 1
    return begins, min(ends, last_full_month(as_of))


def _query(bought: Purchases, sql: str, *values: object) -> pd.DataFrame:
    found: pd.DataFrame = bought.connection.execute(sql, list(values)).df()
    return found


def _effect(tables: LoyaltyTables, params: LoyaltyRoi, first: int, last: int) -> effects.EffectStudy:
    bought = tables.purchases
    if not bought.has_margin:
        raise NotIdentified("no_margin")
    months: Panel = panel(bought, tables.members, first, last)
    areas: pd.DataFrame | None = regional(bought) if tables.rollout is not None and bought.regions else None
    if areas is not None:
        areas = areas[[month for month in range(first, last + 1) if month in areas.columns]]
    return effects.identify(
        months,
        holdout=tables.holdout,
        planned_share=params.holdout_planned,
        rollout=tables.rollout,
        regional=areas,
        regional_bases=_regional_bases(tables, last) if areas is not None else None,
        members_known=tables.members is not None,
        pre_months=params.pre_months,
        drop_before=params.drop_before,
        drop_after=params.drop_after,
        confidence=params.confidence,
        seed=params.seed,
    )


def _regional_bases(tables: LoyaltyTables, last: int) -> pd.DataFrame | None:
    """Buyers of each region before the roll-out began, and its mean members since; None where nothing began."""
    rollout, bought = tables.rollout, tables.purchases
    started = rollout["started"].min() if rollout is not None else pd.NaT
    if pd.isna(started):
        return None
    homes = _query(
        bought, "select customer, mode(region) as region from purchases where region is not null group by customer"
    )
    early = _query(bought, "select distinct customer from purchases where day < ?", started.to_pydatetime())
    bases = homes[homes["customer"].isin(early["customer"])].groupby("region").size().to_frame("customers")
    if tables.members is None:
        return bases.assign(members=np.nan)
    begin = month_of(started.date()) + 1
    joined = tables.members.merge(homes, on="customer")
    month = np.maximum(months_of(joined["joined"]), begin)
    joined["share"] = ((last - month + 1) / max(last - begin + 1, 1)).clip(0, 1)
    return bases.assign(members=joined.groupby("region")["share"].sum())


def _value(
    tables: LoyaltyTables, params: LoyaltyRoi, summaries: pd.DataFrame, until: datetime.date
) -> values.ValueStudy:
    bought = tables.purchases
    split = values.split_day(bought.first, until)
    enrolled = tables.members["customer"] if tables.members is not None else pd.Series(dtype=int)
    repeats = None
    if split is not None:
        repeats = _query(
            bought,
            "select day, count(*) as purchases from (select day, min(day) over (partition by customer) as first "
            "from purchases) where day > first and first <= ? group by day order by day",
            split,
        )
    return values.study(
        summaries,
        horizon_months=max(params.horizon_months, 1),
        discount_rate=params.discount_rate,
        members=np.isin(summaries["customer"].to_numpy(), enrolled),
        has_margin=bought.has_margin,
        confidence=params.confidence,
        seed=params.seed,
        calibration=customer_summaries(bought, until=split) if split is not None else None,
        daily_repeats=repeats,
        setting=params.setting,
        renewal_months=params.renewal_months,
    )


def _account(
    tables: LoyaltyTables,
    params: LoyaltyRoi,
    effect: effects.EffectStudy | None,
    members: memberships.MembersStudy | None,
    events: Activity,
    points: ledgers.PointsStudy | None,
    sharing: accounts.SharingStudy | None,
    cannibalised: accounts.Cannibalised | None,
) -> accounts.Account:
    found = effect.headline if effect is not None else None
    redeemed = points.by_month[["month", "redeemed"]].rename(columns={"redeemed": "points"}) if points else None
    active = members.active if members is not None else None
    unseen = cannibalised.share if cannibalised is not None else None
    return accounts.account(
        events.by_month[["month", "members", "active"]],
        _costs(tables, params.point_cost, int(events.by_month["month"].iloc[0])),
        as_of=params.day,
        effect=(found.value, found.se) if found is not None and found.per in PER_MEMBER else None,
        effect_grade=effects.GRADES.get(effect.design, "D") if effect is not None else "D",
        effect_may_be_low=effect is not None and "drop_out" in effect.flags,
        active_share=(active.share, active.low, active.high) if active is not None and active.active else None,
        points=redeemed,
        point_cost=params.point_cost,
        discount_rate=params.discount_rate,
        horizon_months=params.horizon_months,
        draws=params.draws,
        seed=params.seed,
        confidence=params.confidence,
        lift_low=params.lift_low,
        lift_high=params.lift_high,
        active_margin=events.active_margin,
        cannibalised=(unseen.value, unseen.low, unseen.high) if unseen is not None else None,
        sharing=sharing,
        share_worth=(params.share_worth_low, params.share_worth_high),
    )


def _costs(tables: LoyaltyTables, point_cost: float | None, begins: int) -> pd.DataFrame | None:
    """The cost lines, with what redeemed offers cost as a line of its own unless the client lists one.

    Offers of points are left out where the ledger's points are charged at ``point_cost``: they are in it. Where
    the programme is older than the account, which ``begins`` with the data, so are the costs of earlier months.
    """
    costs, offers = tables.costs, tables.offers
    if costs is not None and tables.members is not None and month_of(tables.members["joined"].min()) < begins:
        costs = costs[costs["month"] >= begins]
    if offers is None or (costs is not None and accounts.named(costs["line"], accounts.OFFERS).any()):
        return costs
    paid = offers[offers["redeemed"].notna() & (offers["cost"] > 0)]
    if tables.points is not None and not tables.points.empty and point_cost is not None:
        paid = paid[paid["tactic"] != "points"]
    if paid.empty:
        return costs
    paid = paid.assign(month=months_of(paid["redeemed"])).query("month >= @begins")
    lines = paid.groupby("month")["cost"].sum().reset_index(name="amount")
    lines = lines.assign(line="offers", layer="traditional")
    both: pd.DataFrame = pd.concat([*([] if costs is None else [costs]), lines], ignore_index=True)
    return both


def _trial(
    params: LoyaltyRoi,
    account: accounts.Account,
    members: memberships.MembersStudy,
    margins: pd.DataFrame,
    first: int,
    last: int,
) -> trials.Trial:
    """The test that would tell whether the programme covers its cost from now on, sized for that effect."""
    enrolled = members.members
    first = max(first, last - YEAR + 1)
    spread = trials.spread(margins, enrolled["customer"].to_numpy(), first, last, joined=enrolled["joined_month"])
    even = account.choice.threshold if account.choice is not None else account.break_even.value
    return trials.plan(
        spread,
        members=members.enrolled,
        break_even=even,
        expected=next((one.central for one in account.inputs if one.name == "effect"), even),
        choice=account.choice,
        holdout_share=params.holdout_share,
        pre_months=params.pre_months,
        confidence=params.confidence,
    )
