"""What the workbook says: pays, does not pay or cannot tell yet; what to do, what could flip it, what to mind."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

from kesher.answers.figures import written
from kesher.answers.loyalty_roi.bounds import SAFE, bounds_of, decisive, hedge, sentence
from kesher.answers.loyalty_roi.economics import flip_of
from kesher.answers.loyalty_roi.exhibits import TRIAD
from kesher.answers.loyalty_roi.material import PER_MEMBER, Material
from kesher.loyalty.account import Account
from kesher.loyalty.effect import GRADES
from kesher.loyalty.trial import Trial
from kesher.months import WEEKS_PER_MONTH, YEAR
from kesher.results import Answer, Assumption, Number, Recommendation, Warning
from kesher.words import Quantity, Text, same, say

DAYS_TO_ACT = (30, 45, 60, 75, 90)  # when the steps fall due, days after the report's date
HELD_BACK = 0.1  # of new members, to go on measuring a programme that pays
UNSEEN_CUT = 0.5  # what a rule "no reward unseen" should take off their share
WORTH_TELLING = 0.01  # of the programme's cost; knowledge worth less is no warning
DEFINITION = ("earned_or_redeemed", 12)  # of active, in the published shares


def answer(m: Material, numbers: Mapping[str, Number]) -> Answer:
    """The top of the page."""
    cards = tuple(_cards(m, numbers))
    return Answer(
        question=m.say("question"), headline=_headline(m, numbers), decision=_decision(m), worth=_worth(m), cards=cards
    )


def amount(m: Material, one: Number, end: str = "value") -> Quantity:
    """A number, or an end of its interval, as the page writes it, in the client's currency."""
    value = getattr(one, end)
    return written(one)._replace(currency=m.params.currency, **({} if value is None else {"value": value}))


def _ends(m: Material, one: Number) -> dict[str, Quantity]:
    return {end: amount(m, one, end) for end in ("low", "high")}


def _headline(m: Material, numbers: Mapping[str, Number]) -> Text:
    state, adjusted, mean = m.state, numbers["effect.adjusted"], numbers["clv.customer_mean"]
    if m.answered:
        margin, cost, share = (
            amount(m, numbers[f"programme.{one}"]) for one in ("incremental_margin", "cost", "pays_share")
        )
        distinct = (adjusted.low or 0) > 0 or (adjusted.high or 0) < 0
        against = m.say(f"headline.against{'' if distinct else '_unclear'}", margin=margin, cost=cost)
        words = {"against": against, "share": share, "confidence": m.confidence, "period": _span(m, m.study.account)}
        state, words = ("drop_out", words) if m.too_low else (state, words | {"hedge": hedge(m)})
        return m.say(f"headline.{state}", **words, **_ends(m, numbers["programme.npv"]))
    if state == "part_costs":
        return _part_costs(m, numbers)
    if state == "members_only":
        lift, each = numbers["effect.break_even_lift"], numbers["effect.break_even_active"]
        if lift.value is None:
            return m.say("headline.no_lift", cause=_cause(m), even=amount(m, numbers["effect.break_even"]))
        return m.say("headline.members_only", cause=_cause(m), lift=amount(m, lift), each=amount(m, each))
    if state in ("no_costs", "no_members", "other_unit") and adjusted.value is not None:
        unclear = (adjusted.low or 0) <= 0 <= (adjusted.high or 0)
        key = state if state == "other_unit" else f"effect_only{'_unclear' if unclear else ''}"
        words = {"per": m.say(f"per.{_per(m)}"), "hedge": hedge(m), "value": amount(m, adjusted), **_ends(m, adjusted)}
        return m.say(f"headline.{key}", **words, **({} if key == "other_unit" else {"why": m.why("account")}))
    buyers = Quantity(m.study.customers, "count")
    if state == "no_members" and mean.value is not None:
        return m.say("headline.no_members_value", n=buyers, value=amount(m, mean), next=m.next)
    return m.say(f"headline.{state}", n=buyers)


def _per(m: Material) -> str:
    """Whom the effect is told per."""
    effect = m.study.effect
    return effect.headline.per if effect is not None and effect.headline is not None else "member"


def _cause(m: Material) -> Text:
    """Why there is no effect, as a clause."""
    return m.say(f"headline.{'only_members' if m.obstacle == 'members_only' else 'no_design'}")


def _part_costs(m: Material, numbers: Mapping[str, Number]) -> Text:
    """The headline where a part of the cost is not known."""
    margin, words = (
        numbers["programme.incremental_margin"],
        {"cost": amount(m, numbers["programme.cost"]), "period": _span(m, m.study.account)},
    )
    if margin.value is None:
        return m.say("headline.neither", cause=_cause(m), **words)
    return m.say(f"headline.{m.lacking}", margin=amount(m, margin), hedge=hedge(m), **words)


def _span(m: Material, account: Account | None) -> Text:
    if account is None:
        return m.period

    ends = {"first": m.month(account.first), "last": m.month(account.last)}
    return m.say("span_ahead", next=m.next, **ends) if account.last > account.last_observed else m.say("span", **ends)


def _due(m: Material, step: int = 0) -> datetime.date:
    return m.as_of + datetime.timedelta(days=DAYS_TO_ACT[step])


def _course(m: Material) -> str:
    """Go on, stop, or find out: past money is spent, so the months ahead decide where the account has some."""
    account = m.study.account
    ahead = (account.npv_ahead or account.npv) if account is not None and m.answered else None
    if ahead is None:
        return "test"
    if m.too_low:
        return "test"
    if ahead.low > 0 or (m.state == "pays" and ahead.value > 0):
        return "keep"
    return "stop" if ahead.high < 0 or (m.state == "does_not_pay" and ahead.value < 0) else "test"


def _worthwhile(plan: Trial) -> bool:
    return plan.feasible and (plan.net_worth is None or plan.net_worth > 0)


def _held(m: Material) -> tuple[Text, float | None]:
    """How many new members a tenth is in a year at the pace of the last one, what leaving them out forgoes, in words
    and in money; nothing where nobody joined or no test prices a month without the programme.
    """
    plan, members, last = m.study.trial, m.study.members, m.study.last_month
    if plan is None or members is None or not plan.size or m.lacking is not None:
        return same(""), None
    joined = members.members["joined_month"]
    people = round(HELD_BACK * int(((joined > last - YEAR) & (joined <= last)).sum()))
    each = plan.forgone / (plan.size * plan.weeks / WEEKS_PER_MONTH)
    cost = each * people * (YEAR + 1) / 2  # they join month by month
    if not people or not cost:
        return same(""), None
    return m.say("decision.held", n=people, cost=m.money(cost)), cost


def _lifts(m: Material) -> dict[str, Quantity]:
    return {end: Quantity(getattr(m.params, f"lift_{end}") or 0.0, "share") for end in ("low", "high")}


def _decision(m: Material) -> Text:
    date, plan, course, account = _due(m), m.study.trial, _course(m), m.study.account
    held = {"held": _held(m)[0]}
    if course == "keep":
        return m.say("decision.keep", date=date, share=Quantity(HELD_BACK, "share"), **held)
    if course == "stop":
        return m.say("decision.stop", date=date)
    if m.state in ("no_margin", "no_members", "no_costs", "part_costs"):
        return m.say(f"decision.{m.state}", date=date)
    if plan is None:
        return m.say("decision.no_test", date=date, test=m.test)
    size = {"size": plan.size, "weeks": plan.weeks}
    if _worthwhile(plan):
        return m.say("decision.test", date=date, **size)
    dear = "weak" if not plan.feasible else "cost" if m.answered else "lifts"
    because = m.say(f"decision.because_{dear}", **size, **_lifts(m))
    ahead = (account.npv_ahead or account.npv) if account is not None and m.answered else None
    hopeless = ahead is not None and ahead.value <= 0
    key = "pause" if hopeless else "go_on" if m.answered else "hold_out"
    return m.say(f"decision.{key}", date=date, because=because, **({} if hopeless else held))


def _worth(m: Material) -> Text:
    account, plan, course = m.study.account, m.study.trial, _course(m)
    ahead = account.npv_ahead if account is not None and m.answered else None
    amounts = (
        {} if ahead is None else {end: m.money(getattr(ahead, end), signed=True) for end in ("value", "low", "high")}
    )
    if m.state == "part_costs":
        return m.say("worth.part_costs")
    if course != "test" and amounts:
        return m.say(f"worth.{course}", next=m.next, **amounts)
    if plan is None:
        return m.say("worth.unknown", why=m.why("trial"))
    if amounts and not _worthwhile(plan) and account is not None and account.evpi is not None:
        return m.say("worth.go_on", next=m.next, evpi=m.money(account.evpi), **amounts)
    rule = {"cost": m.money(plan.cost), "stop": m.monthly(plan.stop_below), "go": m.monthly(plan.continue_above)}
    if plan.worth is None or plan.net_worth is None:
        return m.say("worth.test_bare", **rule)
    worth = m.money(plan.worth)
    if not m.answered:
        return m.say("worth.test_lifts", worth=worth, **rule, **_lifts(m))
    return m.say("worth.test", worth=worth, net=m.money(plan.net_worth, signed=True), **rule)


def _card(m: Material, key: str, value: Text, note: Text, *ids: str) -> dict[str, Any]:
    return {"label": m.say(f"card.{key}"), "value": value, "note": note, "numbers": list(ids)}


def _cards(m: Material, numbers: Mapping[str, Number]) -> Iterator[dict[str, Any]]:
    """Naive, adjusted and break-even side by side; without an effect what it would have to be comes first."""

    def card(key: str, id: str, **words: Any) -> list[dict[str, Any]]:
        one = numbers[id]
        if one.value is None:
            return []
        note = m.say(f"card.{key}_note", confidence=m.confidence, **_ends(m, one), **words)
        return [_card(m, key, m.say("table.bare", value=amount(m, one)), note, id)]

    def of(id: str) -> Quantity | None:
        return amount(m, numbers[id]) if numbers[id].value is not None else None

    account, plan, known = m.study.account, m.study.trial, m.study.members is not None
    counts = {name: of(f"members.{name}") for name in ("active", "enrolled")}
    active = card("active", "members.active_share", **counts)
    triad = [_side(m, numbers[id]) for id in TRIAD]
    if not known:
        triad = [one for one in triad if numbers[one["numbers"][0]].value is not None]
        triad += card("clv", "clv.customer_mean", next=m.next)
    if m.answered and account is not None:
        paid = card("pays", "programme.pays_share", draws=m.params.draws, period=_span(m, account))
        yield from (*triad, *paid, *active)
    else:
        if m.state == "members_only":
            yield from card("lift", "effect.break_even_lift", value=of("effect.break_even_active"))
        if plan is not None and m.lacking is None:
            value, note = m.say("card.test_value", size=plan.size, weeks=plan.weeks), m.money(plan.cost)
            yield _card(
                m,
                "test",
                value,
                m.say("card.test_note", cost=note),
                *(f"holdout.{one}" for one in ("size", "weeks", "cost")),
            )
        yield from (*active, *triad)
    yield from card("liability", "points.liability", rate=of("points.breakage_rate"))


def _side(m: Material, one: Number) -> dict[str, Any]:
    """One of the three figures that always stand together; where it is missing the card says so."""
    key, priced = one.id.partition(".")[2], m.study.trial is not None and m.lacking is None
    if one.value is None:
        why = m.say("card.adjusted_unknown") if key == "adjusted" and priced else one.reason or same("")
        why = m.say("card.part_costs") if key == "break_even" and m.lacking is not None else why
        return _card(m, key, m.say("card.unknown"), why, one.id)
    ends = {end: quantity._replace(unit="money") for end, quantity in _ends(m, one).items()}
    note = m.say(f"card.{key}_note", per=m.say(f"per.{_per(m)}"), confidence=m.confidence, **ends)
    return _card(m, key, m.say("table.bare", value=amount(m, one)._replace(unit="money")), note, one.id)


def recommendations(m: Material, numbers: Mapping[str, Number]) -> tuple[Recommendation, ...]:
    """Measure, activate, stop paying the unseen, win back, share: each where numbers ask for it; none on thin data."""
    if m.study.members is None or m.study.members.enrolled < m.params.grey_below:
        return ()
    steps = (_measure(m, numbers), _activate(m, numbers), _unseen(m, numbers), _slipping(m), _share(m, numbers))
    kept = [step for step in steps if step is not None]
    return tuple(Recommendation(by=_due(m, place).isoformat(), **step) for place, step in enumerate(kept))


def _step(m: Material, key: str, owner: str, because: tuple[str, ...], **given: Any) -> dict[str, Any]:
    """A step with its measure and its doubt; its baseline is this report's unless there is none yet."""
    value = given.pop("now", None)
    source = m.say("rec.this_report" if value is not None else "rec.not_measured")
    source = given.pop("source", source)
    given["change_our_mind"] = given.get("change_our_mind") or m.say(f"rec.{key}_change")
    said = {"owner": m.say(f"rec.owner_{owner}"), "kpi": m.say(f"rec.{key}_kpi"), "because": because}
    return said | given | {"baseline": {"value": value, "source": source}}


def _raised(one: Number) -> float | None:
    """The smallest share that a second count of this size could tell from this one."""
    if one.value is None or one.low is None or one.high is None:
        return None
    return min(one.value + 2**0.5 * (one.high - one.low) / 2, 1.0)


def _measure(m: Material, numbers: Mapping[str, Number]) -> dict[str, Any] | None:
    plan, even, effect = m.study.trial, numbers["effect.break_even"], m.study.effect
    if plan is None or even.value is None or _course(m) == "stop":
        return None
    full, (held, forgone) = _worthwhile(plan), _held(m)
    key = "measure" if full else "measure_small" if plan.feasible else "measure_weak"
    words = {"size": plan.size, "weeks": plan.weeks, "share": Quantity(plan.share, "share")}
    action = m.say(f"rec.{key}", **words, **({} if full else {"held": held}))
    change = m.say("rec.measure_change", stop=m.monthly(plan.stop_below), go=m.monthly(plan.continue_above))
    price = {"cost": plan.cost, "worth": plan.worth} if full else {"cost": forgone}
    because = ("effect.adjusted", even.id, "holdout.cost")
    now: float | None = None
    target: float | None = even.value
    if effect is not None and effect.design == "holdout":  # there is a lower end against a random group already
        now = numbers["effect.adjusted"].low
        target = None if now is not None and now >= even.value else target
    source = {} if now is not None else {"source": m.say("rec.not_randomised")}
    return _step(m, "measure", "insight", because, action=action, change_our_mind=change, now=now, target=target,
                 unit="money_per_month", **price, **source)  # fmt: skip


def _activate(m: Material, numbers: Mapping[str, Number]) -> dict[str, Any] | None:
    share = numbers["members.active_share"]
    target = _raised(share)
    if target is None:
        return None
    action, because = (
        m.say("rec.activate", share=amount(m, share), target=Quantity(target, "share")),
        (share.id, "members.enrolled"),
    )
    return _step(m, "activate", "club", because, action=action, now=share.value, target=target, unit="share")


def _unseen(m: Material, numbers: Mapping[str, Number]) -> dict[str, Any] | None:
    share, study = numbers["rewards.cannibalised_share"], m.study.cannibalised
    if share.value is None or study is None or (share.low or 0) <= 0:
        return None
    action = m.say("rec.unseen", share=amount(m, share), cost=m.money(study.cost * share.value))
    target, lost = share.value * UNSEEN_CUT, numbers["rewards.cannibalised_cost"]
    because = (share.id, *((lost.id,) if lost.value is not None else ()))
    return _step(m, "unseen", "marketing", because, action=action, now=share.value, target=target, unit="share")


def _slipping(m: Material) -> dict[str, Any] | None:
    rows = m.study.value.segments.to_dict("records") if m.study.value is not None else []
    row = next((row for row in rows if row["segment"] == "slipping"), None)
    if row is None or row["customers"] < m.params.grey_below:
        return None
    stake = float(row["margin_at_stake"])
    action = m.say("rec.slipping_plain", n=int(row["customers"]))
    if stake > 0:
        action = m.say("rec.slipping", n=int(row["customers"]), stake=m.money(stake), next=m.next)
    return _step(m, "slipping", "club", ("clv.customer_mean",), action=action, target=None, unit="share")


def _share(m: Material, numbers: Mapping[str, Number]) -> dict[str, Any] | None:
    rate, gross, times = (numbers[f"sharing.{one}"] for one in ("sharers_share", "value_per_share", "multiplier"))
    if rate.value is None or gross.value is None:
        return None
    because: tuple[str, ...] = (rate.id, gross.id)
    action = m.say("rec.share", value=amount(m, gross))
    if times.value is not None:
        action = m.say("rec.share_times", times=amount(m, times), value=amount(m, gross))
        because = (*because, times.id)
    return _step(m, "share", "community", because, action=action, now=rate.value, target=_raised(rate), unit="share")


def assumptions(m: Material) -> tuple[Assumption, ...]:
    """The choices the answer rests on: design, definition of active, margin, discount rate, horizon, sharing."""
    effect, params, found = m.study.effect, m.params, []

    def add(id: str, value: Text, grade: str, flips: Text | None = None) -> None:
        found.append(
            Assumption(
                id=id, text=m.say(f"assume.{id}"), value=value, grade=grade, flips=flips or m.say(f"assume.{id}_flip")
            )
        )

    def percent(*shares: float) -> Text:
        low, high = (m.say("table.bare", value=Quantity(share, "share")) for share in (shares[0], shares[-1]))
        return low if len(shares) == 1 else say("unit.interval", low=low, high=high)

    if effect is not None:
        flips = sentence(m) if bounds_of(m) else m.say(f"assume.design_{effect.design}")
        add("design", m.say(f"design.{m.variant(effect.design)}"), GRADES.get(effect.design, "D"), flips)
    if m.study.members is not None:
        add("active", m.rule, "B", flip_of(m, "active_share"))
    if params.margin_rate is not None:
        add("margin", percent(params.margin_rate), "C")
    rate, set_on = m.say("table.bare", value=Quantity(params.discount_rate, "share", 1)), params.discount_rate_on
    if set_on is not None:
        rate = m.say("assume.rate_dated", rate=rate, date=datetime.date.fromisoformat(set_on))
    add("discount", rate, "B" if set_on else "C")
    add("horizon", m.horizon, "C")
    if m.study.sharing is not None:
        add("sharing", percent(params.share_worth_low, params.share_worth_high), "D")
    if m.state == "members_only" and params.lift_low is not None and params.lift_high is not None:
        add("lift", percent(params.lift_low, params.lift_high), "D")
    return tuple(found)


def warnings(m: Material) -> tuple[Warning, ...]:
    """What a reader must know before believing a number."""
    effect, account, told = m.study.effect, m.study.account, []
    if effect is not None and effect.headline is None:
        told.append(Warning(code="not_identified", text=m.no_effect, where="effect.adjusted"))
    elif effect is not None and effect.naive is not None and effect.headline is not None:
        naive, found = effect.naive, effect.headline
        if found.per == "member" and naive.low > found.high:
            text = m.say("warn.selection", naive=m.monthly(naive.value), adjusted=m.monthly(found.value))
            told.append(Warning(code="selection", text=text, where="effect.naive"))
    known = dict.fromkeys((code, where) for where, codes in _flags(m) for code in codes if m.knows(f"warn.{code}"))
    if ("pre_trend", "effect.adjusted") in known:
        known.pop(("leans", "effect.adjusted"), None)  # both tell the bound
    words = {"n": m.params.grey_below, "bound": sentence(m)}
    told += [Warning(code=code, text=m.say(f"warn.{code}", **words), where=where) for code, where in known]
    told += _disagreeing(m)
    if account is not None and m.answered and len(account.worth):
        top = account.worth.to_dict("records")[0]
        if top["evppi"] > WORTH_TELLING * account.cost.value:
            text = m.say("warn.worth", input=m.named("the", top["name"]), value=m.money(top["evppi"]))
            told.append(Warning(code="worth", text=text, where="programme.npv"))
    return tuple(told)


def _disagreeing(m: Material) -> Iterator[Warning]:
    """Comparisons that these data allow too, and that lie apart from the one that leads."""
    effect = m.study.effect
    rows = effect.designs.to_dict("records") if effect is not None else []
    main = next((row for row in rows if row["headline"] and row["per"] in PER_MEMBER), None)
    for row in rows if main is not None else ():
        if row["headline"] or not row["possible"] or row["reason"] or row["per"] not in PER_MEMBER or main is None:
            continue
        inside = main["low"] <= row["value"] <= main["high"] and row["low"] <= main["value"] <= row["high"]
        if not inside:
            names = {end: m.say(f"design.{m.variant(one['design'])}") for end, one in (("a", main), ("b", row))}
            values = {end: m.between((one["value"], one["low"], one["high"])) for end, one in
                      (("first", main), ("second", row))}  # fmt: skip
            text = m.say("warn.designs_disagree", **names, **values)
            yield Warning(code="designs_disagree", text=text, where="effect.adjusted")


def _flags(m: Material) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Codes of the study that a reader may have to know, and the number each is about."""
    study, members = m.study, m.study.members
    if members is not None:
        few, other = members.enrolled < m.params.grey_below, (members.rule, members.active_months) != DEFINITION
        yield "members.enrolled", ("few_members",) * few
        yield "members.active_share", ("other_definition",) * other
        yield "members.active", members.notes
    if study.effect is not None:
        yield "effect.adjusted", (*study.effect.flags, *("leans",) * (decisive(m) < SAFE))
    if study.value is not None:
        yield "clv.member_mean", study.value.flags
    if study.account is not None and (m.answered or m.state == "part_costs"):
        yield "programme.npv", study.account.codes
    for where, part in (("points.liability", study.points), ("sharing.value_per_share", study.sharing)):
        yield where, part.codes if part is not None else ()


def method(m: Material) -> tuple[Text, ...]:
    """How it was done, in plain words."""
    study = m.study
    design = study.effect.design if study.effect is not None else "members_only"
    parts = {"bound": next(iter(bounds_of(m).values()), None)}
    parts |= {key: getattr(study, key) for key in ("value", "points", "account", "tactics", "sharing", "trial")}
    keys = ("cleaning", "margin", design, "three", *(key for key, part in parts.items() if part is not None))
    never = m.say("explain.never") if m.compared != "not_yet" else same("")
    told = [m.say(f"explain.{key}", never=never) for key in keys]
    return (*told, m.say("explain.intervals", confidence=m.confidence), m.say("explain.limits"))


def sources(m: Material) -> tuple[Text, ...]:
    """The client's files, and the field's figures that stand beside the numbers."""
    ours = ("members.", "sharing.", "effect.")
    named = dict.fromkeys(claim.source for claim in m.claims if claim.number_id.startswith(ours))
    files = m.say("source.files", files=[same(one.file) for one in m.tables.sources])
    return (m.source, files, *(m.say("source.published", study=source) for source in named))
