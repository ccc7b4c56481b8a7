"""The numbers of the loyalty workbook, by the ids that others rely on; what the data can not tell says why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from kesher.answers.figures import NOTHING, Found
from kesher.answers.loyalty_roi.disclosed import few_networks, few_of_tactics
from kesher.answers.loyalty_roi.material import Material, found_of
from kesher.disclosure import guarded
from kesher.results import Interval, Number, Unit
from kesher.words import Text

PEOPLE = ("customers", "members", "non_members", "sharers", "offered")  # bases that count people
UNKNOWN_BREAKAGE = ("points_few_months", "points_no_redemptions", "points_tail_not_identified")
ACCOUNT: tuple[tuple[str, Unit, int], ...] = (
    ("incremental_margin", "money", 0), ("roi", "ratio", 2), ("npv", "money", 0), ("npv_ahead", "money", 0),
    ("payback_months", "months", 0), ("cash_low", "money", 0),
)  # fmt: skip


def numbers(m: Material) -> dict[str, Number]:
    """Every number of the workbook by id."""
    parts = (_members, _effect, _account, _value, _points, _rewards, _tactics, _sharing, _test)
    found = [number for part in parts for number in part(m)]
    few = m.reason("withheld")
    told = [guarded(number, m.params.withhold_below, PEOPLE, few) for number in found]
    return {number.id: number.refused("withheld", few) if number.reason == few else number for number in told}


def _number(
    m: Material, id: str, unit: Unit, method: str, found: Found, reason: Text | None = None, *, digits: int = 0,
    base: Mapping[str, float] | None = None, interval: Interval = "confidence", inputs: tuple[str, ...] = (),
    label: Text | None = None,
) -> Number:  # fmt: skip
    """A number whose label stands under its id in the catalogue; amounts take the digits their size asks for."""
    largest = max(abs(end or 0.0) for end in found)
    kept = m.digits(largest) if unit in ("money", "money_per_month") else digits
    said = label or m.say(f"number.{id.replace('.', '_')}")
    return m.figures.number(
        id, said, unit, method, found, reason, digits=kept, base=base, interval=interval, inputs=inputs
    )


def _scenario(
    m: Material, id: str, unit: Unit, method: str, found: Found, reason: Text, digits: int = 0,
    base: Mapping[str, float] | None = None, inputs: tuple[str, ...] = ("programme.cost",), label: Text | None = None,
) -> Number:  # fmt: skip
    """A number whose range is one of scenarios."""
    return _number(
        m, id, unit, method, found, reason, digits=digits, base=base, interval="scenario", inputs=inputs, label=label
    )


def _only(value: float | None) -> Found:
    return value, None, None


def _account_base(m: Material) -> dict[str, int]:
    """Members and months of the account."""
    account, members = m.study.account, m.study.members
    if account is None or members is None:
        return {}
    return {"members": members.enrolled, "months": account.last - account.first + 1}


def _members(m: Material) -> Iterator[Number]:
    study, complete = m.study.members, m.say("reason.complete_count")
    if study is None:
        units: dict[str, Unit] = {
            "enrolled": "count",
            "active": "count",
            "active_share": "share",
            "customer_share": "share",
        }
        yield from (_number(m, f"members.{id}", unit, "count", NOTHING, m.why("members")) for id, unit in units.items())
        return
    share, base = study.active, {"members": study.enrolled}
    yield _number(m, "members.enrolled", "count", "count", _only(study.enrolled), complete, base=base)
    few = m.few_of(share.active, share.base)
    inputs = ("members.active", "members.enrolled")
    for one in (
        _number(m, "members.active", "count", "count", _only(share.active), complete, base=base),
        _number(m, "members.active_share", "share", "wilson", m.share_of(share), base=base, inputs=inputs),
    ):
        yield one.refused("withheld", m.reason("withheld")) if few else one
    if (old := study.established) is not None:
        yield _number(m, "members.established_share", "share", "wilson", m.share_of(old), base={"members": old.base})
    known = max(m.study.customers, study.enrolled)
    ratio, base = _only(study.enrolled / known), {"customers": known}
    yield _number(m, "members.customer_share", "share", "count", ratio, complete, base=base)


def _effect(m: Material) -> Iterator[Number]:
    effect, account = m.study.effect, m.study.account if m.lacking is None else None
    naive, adjusted = (effect.naive, effect.headline) if effect is not None else (None, None)
    code = effect.naive_reason if effect is not None else m.study.missing.get("effect")
    design = effect.design if effect is not None else "members_only"
    label = m.say(f"number.effect_adjusted_{adjusted.per}") if adjusted is not None else None
    for id, one, method, reason, said in (
        ("effect.naive", naive, "naive", m.reason(code or "unknown"), None),
        ("effect.adjusted", adjusted, design, m.no_effect, label),
    ):
        groups = ("regions", "other_regions") if method == "rollout" else ("members", "non_members")
        base = {} if one is None else dict(zip(groups, (one.members, one.controls), strict=True))
        yield _number(m, id, "money_per_month", m.variant(method), found_of(one), reason, base=base, label=said)
    reason = m.reason("part_costs") if m.lacking is not None else m.why("account", "members", "margin")
    inactive = reason if account is None else m.reason("nobody_active")
    even, active, lift = (
        found_of(getattr(account, f"break_even{name}", None)) for name in ("", "_active", "_lift")
    )  # fmt: skip
    base = _account_base(m)
    yield _scenario(m, "effect.break_even", "money_per_month", "break_even", even, reason, base=base)
    yield _scenario(m, "effect.break_even_active", "money_per_month", "break_even", active, inactive, base=base)
    yield _scenario(m, "effect.break_even_lift", "share", "break_even_lift", lift, inactive, 1, base)
    clear = naive is not None and adjusted is not None and adjusted.per == "member" and adjusted.low > 0
    times = naive.value / adjusted.value if clear and naive is not None and adjusted is not None else None
    why = m.unjudged if adjusted is None else m.reason("no_ratio")
    base, inputs = {"members": naive.members} if naive is not None else {}, ("effect.naive", "effect.adjusted")
    yield _number(
        m, "effect.naive_times", "ratio", "naive_times", _only(times), why, digits=1, base=base, inputs=inputs
    )


def _account(m: Material) -> Iterator[Number]:
    account = m.study.account
    reason, base = m.why("account", "members", "margin"), _account_base(m)
    cost = found_of(account.cost if account is not None else None)
    yield _scenario(m, "programme.cost", "money", "account", cost, reason, base=base, inputs=())
    shown, inputs = account if m.answered else None, ("effect.adjusted", "programme.cost")
    refused = reason if account is None else m.unjudged
    for name, unit, digits in ACCOUNT:
        measured = account if name == "incremental_margin" and m.causal else shown
        found = found_of(getattr(measured, name, None))
        never = "never_pays_back" if found[0] is None else "payback_open"
        why = m.reason({"payback_months": never, "npv_ahead": "no_horizon"}.get(name, "unknown"))
        why = refused if shown is None else why
        yield _scenario(m, f"programme.{name}", unit, "account", found, why, digits, base, inputs)
    paid = _only(shown.pays_share if shown is not None else None)
    why = refused if shown is None else m.reason("share_of_scenarios")
    yield _number(m, "programme.pays_share", "share", "pays_share", paid, why, base=base, inputs=("programme.npv",))


def _value(m: Material) -> Iterator[Number]:
    study = m.study.value
    code = study.missing.get("clv", "no_members") if study is not None else m.study.missing.get("value", "unknown")
    method = "clv_contract" if study is not None and study.contract is not None else "clv"
    means = [getattr(study, f"{group}_mean", None) for group in ("customer", "member")]
    others = means[0].base - means[1].base if means[0] is not None and means[1] is not None else None
    for group, mean in (
        ("member", getattr(study, "member_mean", None)),
        ("customer", getattr(study, "customer_mean", None)),
    ):
        base = {} if mean is None else {f"{group}s": mean.base}
        one = _number(m, f"clv.{group}_mean", "money", method, found_of(mean), m.reason(code), base=base)
        given_away = group == "customer" and others is not None and 0 < others < m.params.withhold_below
        yield one.refused("withheld", m.reason("withheld")) if given_away else one


def _points(m: Material) -> Iterator[Number]:
    study = m.study.points
    codes, reason = study.codes if study is not None else (), m.why("points")
    months = {"months": len(study.by_month)} if study is not None else {}
    members = study.members if study is not None else {}
    for name, event in (("issued", "earned"), ("redeemed", "redeemed")):
        found, why = _only(getattr(study, name, None)), reason if study is None else m.say("reason.complete_count")
        people = {"members": members[event]} if members else {}
        yield _number(m, f"points.{name}", "count", "count", found, why, base=months | people)
    breakage, liability = (study.breakage, study.liability) if study is not None else (None, None)
    if study is not None:
        reason = m.reason(next((code for code in codes if code in UNKNOWN_BREAKAGE), "unknown"))
    base = {} if breakage is None else {"months": breakage.base, "members": members["redeemed"]}
    rate = found_of(breakage.rate if breakage is not None else None)
    yield _number(m, "points.breakage_rate", "share", "chain_ladder", rate, reason, base=base)
    owed = found_of(liability.value if liability is not None else None)
    why = m.reason("point_value_unknown") if "point_value_unknown" in codes else reason
    yield _number(m, "points.liability", "money", "liability", owed, why, base=base, inputs=("points.breakage_rate",))


def _rewards(m: Material) -> Iterator[Number]:
    study = m.study.cannibalised
    reason = m.why("cannibalised") if study is None else m.reason("offers_cost_unknown")
    share, base = (study.share, {"customers": study.customers}) if study is not None else (None, {})
    yield _number(m, "rewards.cannibalised_share", "share", "cannibalised", found_of(share), reason, base=base)
    account, inputs = m.study.account, ("rewards.cannibalised_share",)
    lost = found_of(account.cannibalised_cost if account is not None else None)
    why = m.why("cannibalised", "account", "members", "margin")
    yield _scenario(m, "rewards.cannibalised_cost", "money", "cannibalised_cost", lost, why, 0, base, inputs)


def _tactics(m: Material) -> Iterator[Number]:
    study = m.study.tactics
    if study is None:
        return
    hidden = few_of_tactics(study.table, m.params.withhold_below)
    for place, row in enumerate(study.table.to_dict("records")):
        tactic, name, base = str(row["tactic"]), m.named("tactic", str(row["tactic"])), {"offered": row["offered"]}
        response, lift = ((row[one], row[f"{one}_low"], row[f"{one}_high"]) for one in ("response", "lift"))
        label = m.say("number.tactic_response", tactic=name)
        answered = _number(m, f"tactics.{tactic}.response", "share", "wilson", response, base=base, label=label)
        few = hidden["response"][place] or m.few_of(round(response[0] * row["offered"]), row["offered"])
        yield answered.refused("withheld", m.reason("withheld")) if few else answered
        label, months = m.say("number.tactic_lift_bare", tactic=name), int(row["months"] or 0)
        if months:
            label = m.say("number.tactic_lift", tactic=name, months=m.say("months", n=months))
        why = m.reason(str(row["code"] or "unknown"))
        one = _number(m, f"tactics.{tactic}.lift", "money", "tactic_lift", lift, why, base=base, label=label)
        yield one.refused("withheld", m.reason("withheld")) if hidden["lift"][place] else one
    cross = study.crossover
    why = m.reason(cross.code if cross.month is None else "no_interval_month")
    base = {"offered": study.table.loc[study.table["tactic"].isin(("experience", "percent_discount")), "offered"].sum()}
    yield _number(m, "tactics.crossover_month", "months", "crossover", _only(cross.month), why, base=base)


def _sharing(m: Material) -> Iterator[Number]:
    study, account = m.study.sharing, m.study.account
    absent, base = m.why("sharing"), {"sharers": study.sharers} if study is not None else {}
    rate, gross, margin = (
        found_of(getattr(study, name, None)) for name in ("share_rate", "value_per_share", "margin_per_share")
    )
    known = m.study.members
    active = {"members": known.active.active} if study is not None and known is not None else {}
    sharing = _number(m, "sharing.sharers_share", "share", "wilson", rate, absent, digits=1, base=active)
    few = study is not None and m.few_of(study.sharers, active.get("members", 0))
    yield sharing.refused("withheld", m.reason("withheld")) if few else sharing
    why = absent if study is None else m.reason("amounts_unknown")
    yield _number(m, "sharing.value_per_share", "money", "per_share", gross, why, base=base)
    yield from _dollars(m, gross, why, base)
    why = absent if study is None else m.reason("friends_unknown")
    yield _number(m, "sharing.margin_per_share", "money", "margin_per_share", margin, why, base=base)
    found = account.multiplier if account is not None and m.answered else None
    refused = absent if study is None else m.reason("friends_unknown") if m.answered else m.unjudged
    base = _account_base(m)
    inputs = ("programme.incremental_margin", "programme.cost")
    times = found_of(found.value if found is not None else None)
    yield _scenario(m, "sharing.multiplier", "ratio", "multiplier", times, refused, 2, base, inputs)
    weight = found.amplified / found.direct if found is not None and found.direct > 0 else None
    why = refused if weight is None else m.reason("no_interval_ratio")
    yield _number(m, "sharing.friends_ratio", "ratio", "multiplier", _only(weight), why, digits=2, base=base)


def _dollars(m: Material, gross: Found, absent: Text, base: Mapping[str, float]) -> Iterator[Number]:
    """Sales per share in dollars, all networks and each, to stand beside the published dollars."""
    rate = m.params.currency_per_dollar

    def one(id: str, found: Found, base: Mapping[str, float], label: Text | None = None) -> Number:
        dollars = tuple(None if end is None or rate is None else end / rate for end in found)
        why = m.reason("no_rate") if rate is None else absent
        return _number(
            m, id, "ratio", "dollars", (dollars[0], dollars[1], dollars[2]), why, digits=2, base=base, label=label
        )

    yield one("sharing.dollars_per_share", gross, base)
    if m.study.sharing is None:
        return
    networks = m.study.sharing.by_network
    few = few_networks(networks, m.params.withhold_below)
    for row, hide in zip(networks.to_dict("records"), few, strict=True):
        if hide and not m.knows(f"network.{row['network']}"):
            continue  # its name may be somebody's
        label = m.say("number.network", network=m.named("network", str(row["network"])))
        found = (row["value_per_share"], row["low"], row["high"])
        each = one(f"sharing.dollars_per_share.{row['network']}", found, {"sharers": row["sharers"]}, label)
        yield replace(each.refused("withheld", m.reason("withheld")), base={}) if hide else each


def _test(m: Material) -> Iterator[Number]:
    plan, units = m.study.trial, {"size": "count", "weeks": "count", "cost": "money"}
    why = m.why("trial") if plan is None else m.say("reason.planned")
    base = {"members": m.study.members.enrolled} if plan is not None and m.study.members is not None else {}
    for name, unit in units.items():
        found = _only(getattr(plan, name, None))
        yield _number(m, f"holdout.{name}", unit, "trial", found, why, base=base)  # type: ignore[arg-type]
