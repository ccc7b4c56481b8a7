"""Tables and charts of the money: the account and what moves it, points, customer value, tactics and sharing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from kesher.answers.loyalty_roi.disclosed import cost_lines, few_networks, few_of_tactics, point_periods, together
from kesher.answers.loyalty_roi.material import Material, found_of
from kesher.answers.sheet import Sheet
from kesher.disclosure import withheld
from kesher.loyalty.account import Account, Input
from kesher.loyalty.value.likelihood import Fitted
from kesher.results import Number
from kesher.words import Quantity, Text, same

CORKSCREW_MONTHS = 12
BARS = 8  # of a tornado
DRAWN = ("experience", "percent_discount", "points")  # S2-8 sets experience against discounts
OWN_LINES = ("rewards", "offers")  # cost lines that we name; the client names the others
UNITS = {
    "effect": "money_per_month", "active_share": "share", "redemption": "count", "point_cost": "money",
    "cost_drift": "share", "attrition": "share", "share_worth": "share", "value_per_share": "money",
}  # fmt: skip
SHARES = ("sharers_share", "value_per_share", "dollars_per_share", "margin_per_share", "friends_ratio", "multiplier")

COSTS = "line:text layer:text observed:money ahead:money total:money running:text"
CASH = "number:count:place label:text:month value:money:cumulative low:money high:money lowest:flag ahead:flag"
TORNADO = (
    "name:code label:text:input value:money:npv low:money:npv_low high:money:npv_high low_text:text:input_low "
    "high_text:text:input_high accent:flag"
)
INPUTS = "input:text now:text:input_now grade:text"
FLIPS = "input:text now:text:input_now reading:text:flip"
WORTH = "input:text evppi:money source:text"
DESIGNS = "design:text:programme_design margin:money:incremental cost:money npv:money low:money high:money"
CORKSCREW = "month:text opening:{u} issued:{u} redeemed:{u} expired:{u} adjusted:{u} closing:{u}"
LOTS = "month:text issued:count redeemed:count outstanding:count ultimate:count capped:flag"
CURVE = "series:text week:count value:count:repeats held_back:flag"
SEGMENTS = "segment:text customers:count share:share purchases:count margin:money at_stake:money"
MEASURES = "measure:text here:text base:text published:text"
NETWORKS = "network:text shares:count sharers:count value:text:value_per_share published:text"
TACTICS = (
    "tactic:text offered:count seen:share response:text months:count:tactic_months cost:money::2 lift:text net:text"
)
MODELS = "model:text parameter:text value:ratio::3 error:ratio::3"
DECAY = (
    "series:text month:months:month_after value:money:lift:2 low:money::2 high:money::2 grey:flag base:count:offered"
)


def economics(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    """Everything that is counted in money."""
    _account(sheet)
    for part in (_points, _value, _tactics):
        part(sheet)
    _sharing(sheet, numbers)


def input_text(m: Material, name: str, value: float) -> Text:
    """An input's value in its own unit."""
    unit = UNITS.get(name, "ratio")
    if name == "redemption" and m.study.account is not None and m.study.account.reward_basis == "line":
        unit = "money"
    small = {"share": 0.1, "count": 10.0}.get(unit, 0.0)
    digits = int(0 < abs(value) < small) if small else m.digits(value)
    return m.say("table.bare", value=Quantity(value, unit, digits, False, m.params.currency))


def _input_range(m: Material, one: Input) -> Text:
    now, low, high = (input_text(m, one.name, value) for value in (one.central, one.low, one.high))
    return now if one.distribution == "fixed" else m.say("table.with_interval", value=now, low=low, high=high)


def _account(sheet: Sheet[Material]) -> None:
    m, account = sheet.m, sheet.m.study.account
    judged = ("cash", "tornado", "flips", "worth", "designs")
    if account is None:
        sheet.missing(m.why("account", "members", "margin"), "costs", "inputs", *judged)
        return
    lines = []
    alone, rest = cost_lines(m.study, account, m.params.withhold_below)
    for row in alone:
        line = m.named("line", row["line"]) if row["line"] in OWN_LINES else m.given(str(row["line"]))
        runs = m.say(f"table.{'runs_on' if row['running'] else 'once'}")
        lines.append(row | {"line": line, "layer": m.say(f"layer.{row['layer']}"), "running": runs})
    if rest is not None:
        runs = m.say(f"table.{'runs_on' if rest['running'] else 'once'}")
        lines.append(rest | {"line": m.say("table.other_lines"), "running": runs})
    note, unseen = m.say("table.costs_note", horizon=m.horizon), account.cannibalised_cost
    if unseen is not None:
        note = m.say("table.costs_note_unseen", note=note, value=m.between(found_of(unseen)))
    sheet.table("costs", COSTS, lines, note)
    inputs = [
        {"input": m.named("input", one.name), "grade": same(one.grade), "now": _input_range(m, one)}
        for one in account.inputs
    ]
    sheet.table("inputs", INPUTS, inputs, m.say("table.inputs_note"))
    if not m.answered:
        sheet.missing(m.unjudged if m.state == "part_costs" else m.no_effect, *judged)
        return
    for part in (_cash, _tornado, _flips, _worth, _designs):
        part(sheet, account)


def _cash(sheet: Sheet[Material], account: Account) -> None:
    m, low = sheet.m, account.cash_low
    records = [
        {"number": number, "label": m.short_month(row["month"]), "lowest": row["month"] == account.cash_low_month,
         "value": row["cumulative"], "low": row["cumulative_low"], "high": row["cumulative_high"],
         "ahead": not row["observed"]}
        for number, row in enumerate(account.months.to_dict("records"))
    ]  # fmt: skip
    sheet.table("cash", CASH, records, title=False)
    words = {"low": m.money(low.value if low is not None else 0.0), "last": m.money(records[-1]["value"])}
    month = m.month(account.cash_low_month if account.cash_low_month is not None else account.first)
    back = m.say("chart.cash.never")
    if account.payback_months is not None:
        months = m.say("months", n=round(account.payback_months.value))
        back = m.say("chart.cash.back", months=months, share=Quantity(account.payback_share or 0.0, "share"))
    key = "title" if low is not None and low.value < 0 else "title_never"
    names = {"mark": m.say("chart.cash.mark"), "accent": m.say("chart.cash.accent")}
    roles = "x:number label value low high accent:lowest mark:ahead"
    sheet.chart("cash", "line", roles, words | {"month": month}, key=key, names=names, subtitle={"back": back})


def _tornado(sheet: Sheet[Material], account: Account) -> None:
    m, rows = sheet.m, account.tornado[account.tornado["swing"] > 0].head(BARS)
    if rows.empty or account.npv is None:
        sheet.missing(m.reason("no_range"), "tornado")
        return
    records = [
        {"name": row["name"], "label": m.named("input", row["name"]), "value": account.npv.value, "low": row["npv_low"],
         "high": row["npv_high"], "accent": place == 0, "low_text": input_text(m, row["name"], row["low"]),
         "high_text": input_text(m, row["name"], row["high"])}
        for place, row in enumerate(rows.to_dict("records"))
    ]  # fmt: skip
    sheet.table("tornado", TORNADO, records, title=False)
    names = {"value": m.say("chart.tornado.value", value=m.money(account.npv.value))}
    roles, title = "label value low high low_text high_text accent", {"input": records[0]["label"]}
    sheet.chart("tornado", "tornado", roles, title, names=names, subtitle={"horizon": m.horizon})


def flip_sentence(m: Material, row: Mapping[Any, Any]) -> Text:
    """Where an input turns the answer: "pays as long as the active share stays above 31%"."""
    name, flip = str(row["name"]), row["flip"]
    words = {"input": m.named("the", name), "now": input_text(m, name, row["central"])}
    if pd.isna(flip) or not row["pays"]:
        ends = {end: input_text(m, name, row[f"searched_{end}"]) for end in ("low", "high")}
        return m.say("flip.never", **ends, **words)
    return m.say(f"flip.{row['pays']}", flip=input_text(m, name, flip), **words)


def flip_of(m: Material, name: str) -> Text | None:
    """Where one input turns the answer; nothing where there is no account to turn."""
    rows = m.study.account.flips.to_dict("records") if m.study.account is not None and m.answered else []
    return next((flip_sentence(m, row) for row in rows if row["name"] == name), None)


def _flips(sheet: Sheet[Material], account: Account) -> None:
    m = sheet.m
    records = [
        {"input": m.named("input", row["name"]), "now": input_text(m, row["name"], row["central"]),
         "reading": flip_sentence(m, row)}
        for row in account.flips.to_dict("records")
    ]  # fmt: skip
    sheet.table("flips", FLIPS, records)


def _worth(sheet: Sheet[Material], account: Account) -> None:
    m, known = sheet.m, account.worth[account.worth["evppi"] > 0] if len(account.worth) else account.worth
    if known.empty:
        sheet.missing(m.reason("no_horizon" if account.worth.empty else "worth_nothing"), "worth")
        return
    grades = {one.name: one.grade for one in account.inputs}
    records = [
        row | {"input": m.named("input", row["name"]), "source": m.say(f"grade.{grades.get(row['name'], 'D')}")}
        for row in known.to_dict("records")
    ]
    test = m.study.trial.worth if m.study.trial is not None else None
    amounts = {"evpi": m.money(account.evpi or 0.0), "evsi": m.money(test or 0.0)}
    key = "worth_note" if test is not None else "worth_note_plain"
    sheet.table("worth", WORTH, records, m.say(f"table.{key}", next=m.next, **amounts))


def _designs(sheet: Sheet[Material], account: Account) -> None:
    m, designs = sheet.m, account.designs
    if designs is None:
        sheet.missing(m.why("sharing"), "designs")
        return
    records = [
        row | {"design": m.say(f"layer.{row['design']}"), "margin": row["incremental_margin"]}
        for row in designs.table.to_dict("records")
    ]
    said = [apart(m, row) for row in designs.differences.to_dict("records")]
    npv = m.money(account.npv.value if account.npv is not None else 0.0)
    sheet.table("designs", DESIGNS, records, m.say("table.designs_note", differences=said, npv=npv))


def apart(m: Material, row: Mapping[Any, Any]) -> Text:
    """How far two designs of the programme are apart."""
    pair = {one: m.say(f"layer.{row[f'design_{one}']}") for one in ("a", "b")}
    ends = {end: m.money(row[end], signed=True) for end in ("low", "high")}
    value, key = m.money(row["npv_difference"], signed=True), "differs" if row["distinct"] else "alike"
    return m.say(f"table.design_{key}", value=value, **pair, **ends)


def _points(sheet: Sheet[Material]) -> None:
    m, study = sheet.m, sheet.m.study.points
    if study is None:
        sheet.missing(m.why("points"), "corkscrew", "corkscrew_points", "lots")
        return

    labels, apart = point_periods(study.people, m.params.withhold_below)
    if labels is None:
        sheet.missing(m.reason("withheld"), "corkscrew", "corkscrew_points", "lots")
        return
    either = {} if apart else {"expired": None, "adjusted": None}

    def by_period(frame: pd.DataFrame) -> list[dict[Any, Any]]:
        return [row | {"month": m.months(row["month"], row["until"])} for row in together(frame, labels)]

    def corkscrew(id: str, frame: pd.DataFrame, unit: str, note: str) -> None:
        records = [row | either for row in by_period(frame) if row["until"] > frame["month"].max() - shown[unit]]
        few = m.say("table.periods_note", n=m.params.withhold_below) if labels[-1] + 1 < len(labels) else same("")
        said = {code: f"{text} {few[code]}".strip() for code, text in m.say(f"table.{note}").items()}
        sheet.table(id, CORKSCREW.replace("{u}", unit), records, said)

    shown = {"count": len(study.by_month), "money": CORKSCREW_MONTHS}
    corkscrew("corkscrew_points", study.by_month, "count", "corkscrew_points_note")
    owed = study.liability
    if owed is not None and not apart:
        sheet.missing(m.reason("withheld"), "corkscrew")
    elif owed is None:
        sheet.missing(m.reason("point_value_unknown"), "corkscrew")
    else:
        note = "corkscrew_note" if owed.allocated else "corkscrew_note_plain"
        corkscrew("corkscrew", owed.by_month, "money", note)
    if study.breakage is None:
        sheet.missing(m.reason(next(iter(study.codes), "unknown")), "lots")
        return
    records = by_period(study.breakage.lots)
    rate = m.between(found_of(study.breakage.rate), "share", 0)
    sheet.table("lots", LOTS, records, m.say(f"table.lots_note_{study.breakage.tail_rule}", rate=rate))


def _value(sheet: Sheet[Material]) -> None:
    m, study = sheet.m, sheet.m.study.value
    if study is None:
        sheet.missing(m.why("value"), "segments", "clv_check", "models")
        return
    _models(sheet, {"BG/NBD": study.purchases, "Gamma-Gamma": study.spend, "sBG": study.contract})
    hidden = withheld(study.segments["customers"].to_numpy(), m.params.withhold_below)
    records: list[dict[Any, Any]] = []
    for row, hide in zip(study.segments.to_dict("records"), hidden, strict=True):
        name = {"segment": m.say(f"segment.{row['segment']}")}
        records.append(name if hide else row | name | {"at_stake": row["margin_at_stake"]})
    words = {name: Quantity(study.thresholds[name], "share") for name in ("alive", "gone")}
    words |= {f"{name}_times": Quantity(study.thresholds[f"{name}_silence"], "ratio") for name in ("slipping", "gone")}
    sheet.table("segments", SEGMENTS, records, m.say("table.segments_note", next=m.next, **words))
    check = study.holdout
    if check is None or check.curve is None:
        sheet.missing(m.reason(study.missing.get("holdout", "no_calibration")), "clv_check")
        return
    if sheet.few(check.customers):
        sheet.missing(m.reason("withheld"), "clv_check")
        return
    weeks = [
        row | {"series": m.say(f"chart.clv_check.{series}"), "value": row[series], "held_back": row["holdout"]}
        for series in ("actual", "predicted")
        for row in check.curve.to_dict("records")
    ]
    sheet.table("clv_check", CURVE, weeks, title=False)
    counts = {name: Quantity(getattr(check, name), "count") for name in ("actual", "predicted", "low", "high")}
    key, names = (
        "title" if check.low <= check.actual <= check.high else "title_off",
        {"mark": m.say("chart.clv_check.mark")},
    )
    title, bases = counts | {"weeks": Quantity(check.weeks, "count")}, m.say("bases.customers", n=check.customers)
    sheet.chart("clv_check", "line", "series x:week value mark:held_back", title, key=key, names=names, bases=bases)


def _models(sheet: Sheet[Material], models: Mapping[str, Fitted | None]) -> None:
    """The parameters of the models of customer value, with what their likelihood says of them."""
    records = [
        {"model": same(name), "parameter": same(one), "value": getattr(model, one), "error": model.standard_errors[one]}
        for name, model in models.items() if model is not None
        for one in model.standard_errors
    ]  # fmt: skip
    if records:
        sheet.table("models", MODELS, records, sheet.m.say("table.models_note"))
    else:
        sheet.missing(sheet.m.reason("no_models"), "models")


def _tactics(sheet: Sheet[Material]) -> None:
    m, study = sheet.m, sheet.m.study.tactics
    if study is None:
        sheet.missing(m.why("tactics"), "tactics", "decay")
        return
    records: list[dict[Any, Any]] = []
    few, why = few_of_tactics(study.table, m.params.withhold_below), m.reason("withheld")
    for place, row in enumerate(study.table.to_dict("records")):
        name = {"tactic": m.named("tactic", row["tactic"])}
        if few["offered"][place]:
            records.append(name | {"lift": why})
            continue
        response, lift, net = ((row[one], row[f"{one}_low"], row[f"{one}_high"]) for one in ("response", "lift", "net"))
        told = m.reason(str(row["code"])) if row["code"] else m.between(lift)
        figures = {"offered": row["offered"], "seen": row["seen_share"], "cost": row["cost_per_offered"]}
        figures["months"] = row["months"] or None
        words = {"response": m.between(response, "share", 0), "lift": told, "net": m.between(net)}
        words |= {"response": why, "net": why} if few["response"][place] else {}
        words |= {"lift": why, "net": why} if few["lift"][place] else {}
        figures |= {"cost": None} if few["response"][place] else {}
        records.append(name | figures | words)
    sheet.table("tactics", TACTICS, records, m.say("table.tactics_note"))
    free = study.table.loc[~few["lift"], "tactic"]
    known = study.decay[study.decay["lift"].notna() & study.decay["tactic"].isin(free)]
    drawn = [tactic for tactic in DRAWN if (known["tactic"] == tactic).any()]
    if not drawn:
        sheet.missing(m.reason("no_control"), "decay")
        return
    rows = [_faded(sheet, row, tactic == drawn[0]) for tactic in drawn
            for row in known[known["tactic"] == tactic].to_dict("records")]  # fmt: skip
    sheet.table("decay", DECAY, rows, title=False)
    cross = study.crossover
    key = "title" if cross.month is not None else f"title_{cross.code}"
    sheet.chart("decay", "line", "series x:month value low high grey base", {"month": cross.month or 0}, key=key,
                names={"grey": sheet.grey}, subtitle={"band": m.named("tactic", drawn[0])})  # fmt: skip


def _faded(sheet: Sheet[Material], row: Mapping[Any, Any], band: bool) -> dict[str, Any]:
    """A point of a tactic's curve; the interval of the first curve only, so that bands do not cover each other."""
    base = min(row["offered"], row["control"])
    shown = {"value": row["lift"], "base": row["offered"]} | (
        {end: row[end] for end in ("low", "high")} if band else {}
    )
    said = {
        "series": sheet.m.named("tactic", row["tactic"]),
        "month": row["month"],
        "grey": base < sheet.m.params.grey_below,
    }
    return said | ({} if sheet.few(base) else shown)


def _sharing(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    m, study = sheet.m, sheet.m.study.sharing
    if study is None:
        sheet.missing(m.why("sharing"), "sharing", "networks")
        return
    ours = [numbers[f"sharing.{name}"] for name in SHARES]
    records = [
        {"measure": one.label, "here": m.figures.shown(one, m.params.currency), "base": sheet.of(one),
         "published": sheet.published(one.id)}
        for one in ours
    ]  # fmt: skip
    ends = {end: Quantity(getattr(m.params, f"share_worth_{end}"), "share") for end in ("low", "high")}
    sheet.table("sharing", MEASURES, records, m.say("table.sharing_note", **ends))
    rows = []
    few = few_networks(study.by_network, m.params.withhold_below)
    for row in study.by_network[~few].to_dict("records"):
        value = m.between((row["value_per_share"], row["low"], row["high"]))
        shown = {"value": value, "shares": row["shares"], "sharers": row["sharers"]}
        said = {"network": m.named("network", row["network"])}
        said["published"] = sheet.published(f"sharing.dollars_per_share.{row['network']}") or same("–")
        rows.append(said | shown)
    if few.any():
        pool = {"network": m.say("table.other_networks"), "value": m.reason("withheld"), "published": same("–")}
        rows.append(pool)
    sheet.table("networks", NETWORKS, rows, m.say("table.networks_note"))
