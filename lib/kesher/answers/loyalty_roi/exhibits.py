"""Tables and charts of who the members are, what joining adds and how sure that is, and the quality of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kesher.answers.figures import Found
from kesher.answers.loyalty_roi.bounds import bounds_of, reading, sentence
from kesher.answers.loyalty_roi.disclosed import cleaning, few_weeks, tier_groups
from kesher.answers.loyalty_roi.material import Material, found_of
from kesher.answers.sheet import Sheet
from kesher.loyalty.effect import EffectStudy
from kesher.results import Number
from kesher.stats import share_interval
from kesher.words import LANGUAGES, Quantity, Text, both, same

TRIAD = ("effect.naive", "effect.adjusted", "effect.break_even")  # never one of them alone
MEMBERS = ("enrolled", "active", "active_share", "established_share", "customer_share")
LIFT_STEPS = 4  # drawn from none to break-even, and as many beyond
PROFILE = (-12, 24)  # months around joining that are drawn
MOST_TIERS = 20  # shown by name
GRID_ROWS = 8  # of a test's possible lengths
ALIKE = 0.1  # of the break-even lift: a step so near a lift asked about is left out
WEEK = pd.Timedelta(days=6)

# The columns of each table: name:unit:heading:digits, the heading a key below loyalty.table, the name where left out.
MEASURES = "measure:text here:text base:text published:text"
EFFECTS = (
    "effect:code label:text:measure value:money_per_month::2 low:money_per_month::2 high:money_per_month::2 "
    "distinct:flag base:count"
)
LIFTS = "lift:count:lift_percent:1 label:text:lift net:money even:flag"
DESIGNS = "design:text verdict:text value:text:effect members:count:treated controls:count"
MONTHS = (
    "month:months:event_month value:money_per_month:effect:2 low:money_per_month::2 high:money_per_month::2 "
    "distinct:flag left_out:flag reference:flag base:count:people"
)
WAYS = "label:text:other_way value:text:effect members:count:people controls:count disagrees:flag"
BEFORE = " before:ratio::2"  # which a randomised test has no need of
BALANCE = f"label:text:variable{BEFORE} after:ratio::2"
CURVE = "series:text since:months share:share:active_share low:share high:share base:count:people grey:flag"
TIERS = "tier:text enrolled:count active:count share:text:active_share margin:text:tier_margin"
WEEKS = "number:count:place label:text:week value:money:{} marked:flag why:text:why_marked"
STEPS = "step:text way:text rows:count customers:count amount:money"
COUNTS = "measure:text count:count"
GAPS = "first:text:from last:text:to days:count"
GRID = (
    "weeks:count size:count share:share detectable:money_per_month::2 power:share cost:money worth:money:test_worth "
    "feasible:flag"
)
SCENARIOS = "label:text:scenario margin:money:scenario_margin cost:money net:money verdict:text"


def evidence(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    """Members, the effect with everything that could undo it, the test that would tell, and data quality."""
    _members(sheet, numbers)
    _effects(sheet, numbers)
    effect = sheet.m.study.effect
    if effect is None:
        sheet.missing(sheet.m.no_effect, "effect_design", "profile", "bound", "robustness", "balance")
    else:
        for of_effect in (_designs, _profile, _bound, _robustness, _balance):
            of_effect(sheet, effect)
    for part in (_test, _scenarios, _weeks, _quality):
        part(sheet)


def _members(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    m = sheet.m
    if m.study.members is None:
        sheet.missing(m.why("members"), "members", "active_curve", "tiers")
        return
    ours = [one for name in MEMBERS if (one := numbers.get(f"members.{name}")) is not None]
    records = [
        {"measure": one.label, "here": m.figures.shown(one), "base": sheet.of(one),
         "published": sheet.published(one.id)}
        for one in ours
    ]  # fmt: skip
    sheet.table("members", MEASURES, records, m.say("table.members_note", rule=m.rule))
    _curve(sheet, m.study.members.curve, m.study.members.enrolled)
    _tiers(sheet, m.study.members.tiers)


def _curve(sheet: Sheet[Material], curve: pd.DataFrame, enrolled: int) -> None:
    m, records = sheet.m, []
    for series, prefix in (("month", ""), ("rule", "rule_")):
        name = m.say(f"chart.active_curve.{series}")
        for row in curve.to_dict("records"):
            if pd.notna(row[f"{prefix}share"]) and not sheet.few(row["base"]):
                shown = row | {
                    "share": row[f"{prefix}share"],
                    "grey": row["base"] < m.params.grey_below,
                    "series": name,
                }
                records.append(shown | dict.fromkeys(("low", "high") if prefix else ()))
    if not records:
        sheet.missing(m.reason("withheld"), "active_curve")
        return
    sheet.table("active_curve", CURVE, records, title=False)
    firm = [row for row in records if not row["grey"] and row["low"] is not None] or records
    last = max(firm, key=lambda row: row["since"])
    title = {"share": Quantity(float(last["share"]), "share"), "months": m.say("months", n=int(last["since"]))}
    bases, roles = m.say("bases.members", n=enrolled), "series x:since value:share low high base grey"
    names, subtitle = {"grey": sheet.grey}, {"rule": m.rule}
    sheet.chart("active_curve", "line", roles, title, subtitle=subtitle, names=names, bases=bases)


def _tiers(sheet: Sheet[Material], tiers: pd.DataFrame) -> None:
    m = sheet.m
    if len(tiers) < 2:
        sheet.missing(m.reason("no_tiers"), "tiers")
        return
    pooled, untold = tier_groups(tiers, m.params.withhold_below, MOST_TIERS)
    if pooled.all():
        sheet.missing(m.reason("withheld"), "tiers")
        return
    records: list[dict[Any, Any]] = []
    for row in tiers[~pooled].to_dict("records"):
        name = m.given(str(row["tier"])) if row["tier"] else m.say("table.no_tier")
        share = m.between((row["share"], row["low"], row["high"]), "share", 0)
        margin = m.between((row["margin"], row["margin_low"], row["margin_high"]))
        records.append(row | {"tier": name, "share": share, "margin": margin})
    if pooled.any():
        enrolled, active = (int(tiers.loc[pooled, name].sum()) for name in ("enrolled", "active"))
        low, high = share_interval(active / enrolled, enrolled, m.params.confidence)
        share = m.between((active / enrolled, float(low), float(high)), "share", 0)
        records.append({"tier": m.say("table.other_tiers"), "enrolled": enrolled, "active": active, "share": share})
    for record, hide in zip(records, untold, strict=False):
        record |= {"active": None, "share": m.reason("withheld")} if hide else {}
    sheet.table("tiers", TIERS, records, m.say("table.tiers_note"))


def _effects(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    """Naive, adjusted and break-even with their ranges; without an effect, what each lift would leave."""
    m, adjusted = sheet.m, numbers["effect.adjusted"]
    if adjusted.value is None:
        _lifts(sheet)
        return
    shown = [one for id in TRIAD if (one := numbers[id]).low is not None and one.high is not None]
    records = [
        {"effect": one.id.partition(".")[2], "label": one.label, "value": one.value, "low": one.low, "high": one.high,
         "distinct": (one.low or 0) > 0 or (one.high or 0) < 0, "base": one.base.get("members")}
        for one in shown
    ]  # fmt: skip
    sheet.table("effects", EFFECTS, records, title=False)
    distinct = (adjusted.low or 0) > 0 or (adjusted.high or 0) < 0
    key = "title" if distinct and len(shown) == len(TRIAD) else "title_short" if distinct else "title_unclear"
    effect = m.study.effect
    per = m.say(f"per.{effect.headline.per if effect is not None and effect.headline is not None else 'member'}")
    title = {one.id.partition(".")[2]: m.money(one.value or 0.0) for one in shown} | {"per": per}
    rows = [_bases_of(m, one) for one in shown]
    bases = {language: " ".join(row[language] for row in rows) for language in LANGUAGES}
    roles = "label value low high distinct"
    sheet.chart("effects", "difference", roles, title, key=key, subtitle={"per": per}, bases=bases)


def _bases_of(m: Material, one: Number) -> Text:
    """Who stands behind one of the three figures."""
    base, label = one.base, m.say(f"triad.{one.id.partition('.')[2]}")
    if "regions" in base:
        return m.say("bases.row_regions", label=label, members=base["regions"], controls=base["other_regions"])
    if "months" in base:
        months = m.say("months", n=base["months"])
        return m.say("bases.row_account", label=label, members=base.get("members", 0), months=months)
    members, controls = (base.get(group, 0) for group in ("members", "non_members"))
    return m.say("bases.row_both", label=label, members=members, controls=controls)


def _lifts(sheet: Sheet[Material]) -> None:
    """What the programme would leave at each lift, nothing at break-even."""
    m, account = sheet.m, sheet.m.study.account
    even = account.break_even_lift.value if account is not None and account.break_even_lift is not None else 0.0
    if m.state != "members_only" or account is None or even <= 0:
        sheet.missing(m.no_effect, "effects")
        return
    records = []
    for step in range(2 * LIFT_STEPS + 1):
        lift = even * step / LIFT_STEPS
        label, net = m.say("table.bare", value=Quantity(lift, "share", 1)), account.cost.value * (step / LIFT_STEPS - 1)
        records.append({"lift": 100 * lift, "label": label, "net": net, "even": step == LIFT_STEPS})
    sheet.table("effects", LIFTS, records, title=False)
    title, roles = {"lift": Quantity(even, "share", 1)}, "x:lift label value:net accent:even"
    sheet.chart("effects", "line", roles, title, key="title_lift", under="subtitle_lift")


def _designs(sheet: Sheet[Material], effect: EffectStudy) -> None:
    m, records = sheet.m, []
    for row in effect.designs.to_dict("records"):
        last = row["design"] == "members_only"
        key = "used" if row["headline"] else "possible" if row["possible"] else "refused"
        key = ("fallback_used" if effect.headline is None else "fallback") if last else key
        key = "doubtful" if key == "possible" and row["reason"] else key
        verdict = m.say(f"table.design_{key}", why=m.reason(str(row["reason"] or "unknown")))
        found: Found = (None, None, None) if last or not row["possible"] else (row["value"], row["low"], row["high"])
        few = row["design"] != "rollout" and (sheet.few(row["members"]) or sheet.few(row["controls"]))
        counts = {name: None if few else row[name] or None for name in ("members", "controls")}
        said = {"design": m.say(f"design.{m.variant(row['design'])}"), "verdict": verdict, "value": m.between(found)}
        records.append(said | counts)
    note = m.say("table.effect_design_note", horizon=m.say("months", n=m.params.pre_months))
    sheet.table("effect_design", DESIGNS, records, note)


def _profile(sheet: Sheet[Material], effect: EffectStudy) -> None:
    m, study = sheet.m, effect.staggered
    if study is None:
        sheet.missing(m.reason(effect.reasons.get("staggered", "unknown")), "profile")
        return
    dropped = range(-study.drop_before, study.drop_after + 1)
    records: list[dict[str, Any]] = [{"month": month, "left_out": True} for month in dropped]
    zero = dict.fromkeys(("value", "low", "high"), 0.0) | {"distinct": False}
    records.append({"month": dropped[0] - 1, "left_out": False, "reference": True} | zero)
    for row in study.profile.to_dict("records"):
        if PROFILE[0] <= row["event_month"] <= PROFILE[1] and row["event_month"] not in dropped:
            known = not sheet.few(row["members"]) and pd.notna(row["se"])
            figures = {name: row[name] for name in ("value", "low", "high")} if known else {}
            shown = figures | {"distinct": known and bool(row["low"] > 0 or row["high"] < 0), "base": row["members"]}
            records.append({"month": row["event_month"], "left_out": False, "reference": False} | shown)
    records.sort(key=lambda record: record["month"])
    sheet.table("profile", MONTHS, records, title=False, small=("base",))
    drift, after = study.pre_p < 1 - m.params.confidence, study.dynamic.differs or study.simple.differs
    key = "title_drift" if drift else "title" if after else "title_none"
    key, title = key if effect.design == "staggered" else "title_other", {"value": m.money(study.simple.value)}
    subtitle = {"controls": m.say(f"controls.{study.controls}"), "reference": Quantity(dropped[0] - 1, "count")}
    names = {"mark": m.say("chart.profile.mark"), "value": m.say("chart.profile.value")}
    bases = m.say("bases.both", members=study.simple.members, controls=study.simple.controls)
    roles = "x:month value low high distinct mark:left_out base"
    sheet.chart("profile", "line", roles, title, key=key, subtitle=subtitle, names=names, bases=bases)


def _bound(sheet: Sheet[Material], effect: EffectStudy) -> None:
    """How large an unseen trend would have to be: a straight one going on, and any month's step."""
    m, known = sheet.m, bounds_of(sheet.m)
    if not known:
        sheet.missing(m.reason("no_bound") if effect.headline is not None else m.no_effect, "bound")
        return
    shown: dict[float, dict[str, Any]] = {}
    for name, bound in known.items():
        for row in bound.rows.to_dict("records"):
            shown.setdefault(row["m"], {"m": row["m"]})[name] = reading(m, row["low"], row["high"])
    spec = " ".join(["m:ratio:bound_m:1", *(f"{name}:text:{bound.kind}" for name, bound in known.items())])
    sheet.table("bound", spec, shown.values(), m.say("table.bound_note", sentence=sentence(m)))


def _robustness(sheet: Sheet[Material], effect: EffectStudy) -> None:
    m, main = sheet.m, effect.headline
    if main is None or effect.sensitivity.empty:
        sheet.missing(m.no_effect if main is None else m.reason("no_other_way"), "robustness")
        return
    first = {"members": main.members, "controls": main.controls, "disagrees": False}
    records = [{"label": m.say("table.headline_way"), "value": m.between(found_of(main))} | first]
    for row in effect.sensitivity.to_dict("records"):
        counts = {"members": row["members"], "controls": row["controls"], "disagrees": bool(row["disagrees"])}
        value = m.between((row["value"], row["low"], row["high"]))
        records.append({"label": m.named("way", row["row"]), "value": value} | counts)
    sheet.table("robustness", WAYS, records, small=("members", "controls"))


def _balance(sheet: Sheet[Material], effect: EffectStudy) -> None:
    m, test, like, spec = sheet.m, effect.holdout, effect.joiners, BALANCE
    if test is not None:
        rows, spec = test.balance.rename(columns={"standardised_difference": "after"}), BALANCE.replace(BEFORE, "")
        note = m.say("table.balance_holdout_unplanned", share=Quantity(test.share_held_out, "share", 1))
        if test.planned_share is not None:
            shares = {"share": test.share_held_out, "planned": test.planned_share}
            note = m.say("table.balance_holdout", **{one: Quantity(n, "share", 1) for one, n in shares.items()})
    elif like is not None:
        rows, held = like.balance, {True: "holds", False: "fails", None: "none"}[like.placebo_holds]
        placebo = m.say(f"table.placebo_{held}", value=m.between(found_of(like.placebo)))
        trimmed, earlier = Quantity(like.trimmed_share, "share"), m.between(found_of(like.placebo_date))
        key = "balance_joiners" if like.placebo_date is None else "balance_joiners_earlier"
        note = m.say(f"table.{key}", trimmed=trimmed, placebo=placebo, earlier=earlier)
    else:
        sheet.missing(m.reason("no_balance"), "balance")
        return
    records = []
    for row in rows.to_dict("records"):
        name, _, months = str(row["variable"]).rpartition("_")
        dated = name == "margin" and months.isdigit()
        label = m.say("variable.margin_month", n=int(months)) if dated else m.named("variable", row["variable"])
        records.append(row | {"label": label})
    sheet.table("balance", spec, records, note)


def _test(sheet: Sheet[Material]) -> None:
    m, plan = sheet.m, sheet.m.study.trial
    if plan is None:
        sheet.missing(m.why("trial"), "holdout_plan")
        return
    rule = {"stop": m.monthly(plan.stop_below), "go": m.monthly(plan.continue_above)}
    shares = {"power": Quantity(plan.power, "share"), "share": Quantity(plan.share, "share", 1)}
    key = "holdout_plan_note" if plan.feasible else "holdout_plan_refused"
    until = int((plan.grid["weeks"] <= plan.weeks).sum()) + 1
    rows = plan.grid.head(until).tail(GRID_ROWS).to_dict("records")
    sheet.table("holdout_plan", GRID, rows, m.say(f"table.{key}", test=m.test, **rule, **shares))


def _scenarios(sheet: Sheet[Material]) -> None:
    """What the programme leaves at other effects: the ends of what was measured, or lifts that are asked about."""
    m, account = sheet.m, sheet.m.study.account
    main = m.study.effect.headline if m.study.effect is not None and m.answered else None
    lift = account.break_even_lift if account is not None else None
    if account is None or not (main.value if main is not None else lift is not None and lift.value > 0):
        reason = m.why("account", "members", "margin") if account is None else m.reason("nobody_active")
        sheet.missing(reason, "scenarios")
        return
    if m.lacking is not None:
        sheet.missing(m.reason("part_costs"), "scenarios")
        return
    cost, cases = account.cost.value, []
    if main is not None and account.incremental_margin is not None:
        each = account.incremental_margin.value / main.value
        named = {"low": main.low, "central": main.value, "high": main.high, "even": account.break_even.value}
        for key, value in sorted(named.items(), key=lambda one: one[1]):
            cases.append((cost if key == "even" else value * each, m.say(f"scenario.{key}", value=m.monthly(value))))
    elif lift is not None:
        asked = {one for one in (m.params.lift_low, m.params.lift_high) if one is not None}
        steps = [lift.value * times for times in (0, 0.5, 1, 1.5, 2)]
        apart = [one for one in steps if one == lift.value or not any(abs(one - a) < ALIKE * lift.value for a in asked)]
        for value in sorted({*apart, *asked}):
            cases.append((cost * value / lift.value, m.say("scenario.lift", value=Quantity(value, "share", 1))))
    records = []
    for margin, label in cases:
        verdict = "covers" if abs(margin - cost) < 0.005 * cost else "pays" if margin > cost else "loses"
        figures = {"margin": margin, "cost": cost, "net": margin - cost}
        records.append(figures | {"label": label, "verdict": m.say(f"scenario.{verdict}")})
    note = m.say(f"table.scenarios_note{'' if main is None else '_measured'}")
    sheet.table("scenarios", SCENARIOS, records, note)


def _weeks(sheet: Sheet[Material]) -> None:
    """Sales of every whole week; weeks with holidays and breaks are marked, not modelled away."""
    m, study = sheet.m, sheet.m.study
    column = "margin" if study.has_margin else "amount"
    first_day, last_day = pd.Timestamp(study.first_day), pd.Timestamp(study.last_day)
    whole = (study.weeks["week"] >= first_day) & (study.weeks["week"] + WEEK <= last_day)
    hidden = few_weeks(study.weeks["customers"].to_numpy(), whole.to_numpy(), m.params.withhold_below)
    weeks = study.weeks.assign(hidden=hidden)[whole]
    marks, records = study.calendar.to_dict("records"), []
    for number, row in enumerate(weeks.to_dict("records")):
        first = row["week"]
        inside = [mark for mark in marks if mark["start"] <= first + WEEK and mark["end"] >= first]
        why = ["; ".join(dict.fromkeys(str(mark[f"label_{code}"]) for mark in inside)) for code in ("en", "he")]
        shown = {"value": None if row["hidden"] else row[column], "marked": bool(inside)}
        label = same(f"{first.day}/{first.month}/{first.year % 100:02}")
        records.append(shown | {"number": number, "label": label, "why": both(*why) if inside else None})
    if not records:
        sheet.missing(m.reason("too_short"), "weeks")
        return
    if weeks["hidden"].all():
        sheet.missing(m.reason("withheld"), "weeks")
        return
    marked = any(record["marked"] for record in records)
    sheet.table("weeks", WEEKS.format(column), records, title=False)
    roles, key = ("x:number label value mark:marked", "title") if marked else ("x:number label value", "title_plain")
    names = {"mark": m.say("chart.weeks.mark")} if marked else None
    subtitle = {"measure": m.say(f"table.{column}"), "period": m.period}
    sheet.chart("weeks", "line", roles, {}, key=key, names=names, subtitle=subtitle)


def _way(row: Mapping[Any, Any]) -> str:
    return "merged" if row["step"] == "same_day_merged" else str(row["effect"])


def _without_totals(steps: pd.DataFrame) -> pd.DataFrame:
    """The steps without the sums of total rows, which are nobody's sales."""
    total, read = (steps["step"] == name for name in ("total_rows", "rows_read"))
    sums = steps.loc[total, "amount"].sum()
    return steps.assign(amount=steps["amount"].mask(total, 0.0) - sums * read)


def _quality(sheet: Sheet[Material]) -> None:
    m, study = sheet.m, sheet.m.study
    steps = [
        row | {"step": m.named("step", row["step"]), "way": m.say(f"step.way_{_way(row)}")}
        for row in cleaning(_without_totals(study.steps), m.params.withhold_below)
    ]
    sheet.table("quality_steps", STEPS, steps, m.say("table.quality_steps_note", n=m.params.withhold_below))
    if len(study.gaps) and not sheet.few(study.customers):
        days = {"first": "start", "last": "end"}
        gaps = [
            row | {name: m.say("day", day=row[end].date()) for name, end in days.items()}
            for row in study.gaps.to_dict("records")
        ]
        sheet.table("quality_gaps", GAPS, gaps)
    known = [note for note in m.tables.notes if m.knows(f"note.{note.code}")]
    if known:
        notes = [{"measure": m.say(f"note.{note.code}"), "count": note.count} for note in known]
        sheet.table("quality_notes", COUNTS, notes)
