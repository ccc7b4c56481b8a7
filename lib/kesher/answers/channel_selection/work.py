"""Tables and charts of what capacity allows, the plan, leads and costs, today's accounts, and quality of data."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from kesher.answers.channel_selection.material import Material
from kesher.answers.channel_selection.numbers import gives_away
from kesher.answers.sheet import Sheet
from kesher.results import Number
from kesher.words import Quantity, Text, same

MOST_FITTING = 12  # sets that fit, beside the choice
FEW_LEADS = 10  # whose cost is hardly known
THOUSAND = 1000  # contacts are priced by the thousand, as media are
CANDIDATES = (
    "label:text:set value:ratio:set_value:2 reach:share hours:hours cost:money_per_month win_rate:share tied:flag "
    "chosen:flag"
)
FRONTIER = "hours:hours label:text:set reach:share value:ratio:set_value:2 mark:hours:available accent:flag"
FLIPS = "label:text:goal weight:share low:share high:share below:text above:text"
RECOMMENDATION = "network:code label:text:network publish:flag answer:flag hours:hours why:text"
PLAN = "stage:count label:text:network start:text end:text hours:hours kpi:text expected:count stop_below:count"
FUNNEL = (
    "network:code label:text:network impressions:count clicks:count leads:count customers:count click_rate:text "
    "lead_rate:text customer_rate:text cost_per_lead:text"
)
LEAD_COSTS = (
    "network:code label:text:network cost:money:cost_per_lead low:money high:money leads:count publish:flag grey:flag"
)
CONTACTS = "label:text:channel contacts:count:contacts_count cost:money per_contact:text times:text"
ACCOUNTS = (
    "label:text:network present:flag hours_now:hours last_post:text dormant:flag mentions:count competitors:share"
)
COUNTS = "measure:text count:count"
FILES = "file:text read_as:text rows:count"


def work(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    """Capacity and weights, what to do with each network, leads and contacts, accounts, and data quality."""
    for part in (_within, _flips, _recommendation, _plan, _leads, _lead_costs, _accounts, _quality):
        part(sheet, numbers)


def _within(sheet: Sheet[Material], _: Mapping[str, Number]) -> None:
    m, choice = sheet.m, sheet.m.study.choice
    if choice is None:
        sheet.missing(m.why("choice"), "candidates", "frontier")
        return
    fitting = choice.candidates[choice.candidates["fits"]]
    kept = fitting[(np.arange(len(fitting)) < MOST_FITTING) | fitting["chosen"]]
    rows = [row | {"label": m.joined(row["names"])} for row in kept.to_dict("records")]
    if rows:
        sheet.table("candidates", CANDIDATES, rows, _broken(m))
    else:
        sheet.missing(m.idle, "candidates")
    if len(choice.frontier) < 2:  # publishing nowhere is its first step
        known = choice.candidates["hours"].notna().any()
        sheet.missing(m.idle if known and not m.answered else m.reason("hours_unknown"), "frontier")
        return
    _frontier(sheet)


def _broken(m: Material) -> Text:
    """What the value of a set is, and what broke a tie."""
    choice = m.study.choice
    assert choice is not None
    key = f"cost_{m.saving}" if choice.broken_by == "cost" else choice.broken_by
    key = "unsure" if choice.win_rate is None else key
    return m.sentences(m.say("table.candidates_note"), m.say(f"table.candidates_note_{key}"))


def _frontier(sheet: Sheet[Material]) -> None:
    """The steps of the best set by hours; the title says what the next one brings."""
    m, choice = sheet.m, sheet.m.study.choice
    assert choice is not None
    available, next_step = m.params.hours_available, choice.next_step
    steps: list[dict[Any, Any]] = []
    for row in choice.frontier.to_dict("records"):
        ids = tuple(row["names"])
        following = next_step is not None and set(ids) == set(next_step[1])
        shown = {"label": m.joined(ids) if ids else None, "reach": row["reach_pp"] / 100, "accent": following}
        steps.append(row | shown | {"mark": available})
    sheet.table("frontier", FRONTIER, steps, title=False)
    price, last = choice.shadow_price, choice.frontier.iloc[-1]
    words: dict[str, Any] = {"available": Quantity(available or 0.0, "hours"), "set": m.joined(last["names"])}
    key = "title_plain" if available is not None else "title_open"
    words["hours"] = Quantity(float(last["hours"]), "hours")
    if next_step is not None:
        key = f"title{m.step}"
        words |= {"hours": Quantity(next_step[0], "hours"), "set": m.on(next_step[1])}
        words["price"] = Quantity(price or 0.0, "pp", 1)
    names = {"x": m.say("chart.frontier.x"), "mark": m.say("table.available")}
    sheet.chart("frontier", "steps", "x:hours value:reach label accent mark", words, key=key, names=names,
                subtitle={"audience": m.audience})  # fmt: skip


def _flips(sheet: Sheet[Material], _: Mapping[str, Number]) -> None:
    m, flips = sheet.m, sheet.m.study.flips
    if not flips:
        alone = (m.data.goals["weight"] > 0).sum() <= 1
        sheet.missing(m.reason("one_goal") if alone else m.idle, "flips")
        return
    rows = [
        {"label": m.goal(one.goal), "weight": one.weight, "low": one.low, "high": one.high,
         "below": m.joined(one.below) if one.below else None, "above": m.joined(one.above) if one.above else None}
        for one in flips
    ]  # fmt: skip
    sheet.table("flips", FLIPS, rows, title=False)
    leader = m.study.choice.leader if m.study.choice is not None else ()
    firm = all(one.below is None and one.above is None for one in flips)
    names = {"value": m.say("chart.flips.value")}
    key = "title_firm" if firm else "title"
    if set(leader) != set(m.chosen):  # a tie was broken by cost
        key = "title_leader_firm" if firm else "title_leader"
    words = {"set": m.joined(leader), "chosen": m.joined(m.chosen)}
    sheet.chart("flips", "spans", "label value:weight low high below above", words, key=key, names=names)


def _recommendation(sheet: Sheet[Material], _: Mapping[str, Number]) -> None:
    m, accounts = sheet.m, sheet.m.study.accounts
    if accounts is None:
        sheet.missing(m.why("accounts", "choice"), "recommendation")
        return
    rows = [
        row | {"label": m.network(row["network"]), "why": m.say(f"why.{_why(m, row)}")}
        for row in accounts.to_dict("records")
    ]
    order = {id: place for place, id in enumerate(m.by_reach([row["network"] for row in rows]))}
    rows.sort(key=lambda row: (not row["publish"], not row["answer"], order[row["network"]]))
    sheet.table("recommendation", RECOMMENDATION, rows, m.say("table.recommendation_note"))


def _why(m: Material, row: Mapping[Any, Any]) -> str:
    """Why a network is published on, answered on or left: of those left out what kept them out, where that is known."""
    choice = m.study.choice
    if row["why"] not in ("not_chosen", "no_hours_known") or choice is None:
        return str(row["why"])
    if not m.chosen:
        return m.state
    if any(row["network"] in one for one in choice.tied):
        return "tied"
    if row["network"] in choice.best_unlimited and choice.binding in ("hours", "money"):
        return "over_capacity"
    return "not_chosen" if m.params.hours_available is None else str(row["why"])


def _plan(sheet: Sheet[Material], _: Mapping[str, Number]) -> None:
    m, stages = sheet.m, sheet.m.study.plan
    if stages is None or stages.empty:
        sheet.missing(m.why("plan", "choice") if m.study.choice is None else m.idle, "plan")
        return
    rows = [
        row | {"label": m.network(row["network"]), "kpi": m.say(f"kpi.{row['kpi']}"),
               "start": m.say("day", day=row["start"]), "end": m.say("day", day=row["end"])}
        for row in m.stages
    ]  # fmt: skip
    known = stages["stop_below"].notna().any()
    sheet.table("plan", PLAN, rows, m.say("table.plan_note" if known else "table.plan_note_unknown"))


def _leads(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    m, table, contacts = sheet.m, sheet.m.study.funnel, sheet.m.study.contacts
    if table is None:
        sheet.missing(m.why("funnel"), "funnel")
    else:
        rates = ("click_rate", "lead_rate", "customer_rate", "cost_per_lead")
        rows = []
        for row in table.to_dict("records"):
            told: dict[str, Text] = {}
            for rate in rates:
                one = numbers[f"leads.{row['network']}.{rate}"]
                told[rate] = m.figures.shown(one, m.params.currency)
            rows.append(row | told | {"label": m.network(row["network"])})
        sheet.table("funnel", FUNNEL, rows, m.say("table.funnel_note"))
    if contacts is None:
        sheet.missing(m.why("contacts"), "contacts")
        return
    rows = [row | _contact(m, row) for row in contacts.to_dict("records")]
    sheet.table("contacts", CONTACTS, rows, m.say("table.contacts_note"))


def _contact(m: Material, row: Mapping[Any, Any]) -> dict[str, Text]:
    """A channel's cost per contact in words, and how many times the cheapest it is."""
    name = m.network(row["channel"]) if row["kind"] == "network" else m.channel(row["channel"])
    thousand = tuple(THOUSAND * row[end] for end in ("per_contact", "low", "high"))
    found = {"label": name, "per_contact": m.between((thousand[0], thousand[1], thousand[2]), "money")}
    times = (row["ratio"], row["ratio_low"], row["ratio_high"])
    return found | {"times": m.between(times, "ratio") if math.isfinite(row["ratio"]) else same("")}


def _lead_costs(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    """What a lead costs on each network, the cheapest first."""
    m, rows = sheet.m, list[dict[str, Any]]()
    known = [one for id, one in numbers.items() if id.endswith(".cost_per_lead") and one.low is not None]
    if not known:
        sheet.missing(m.reason("no_funnel"), "lead_costs")
        return
    for one in sorted(known, key=lambda one: one.value or 0.0):
        id, leads = one.id.split(".")[1], one.base.get("leads", 0)
        row = {"network": id, "label": m.network(id), "cost": one.value, "low": one.low, "high": one.high}
        rows.append(row | {"leads": leads, "publish": id in m.chosen, "grey": leads < FEW_LEADS})
    sheet.table("lead_costs", LEAD_COSTS, rows, title=False)
    apart = len(rows) == 1 or (rows[0]["high"] or 0.0) < (rows[1]["low"] or 0.0)
    title = {"network": rows[0]["label"], "cost": m.money(rows[0]["cost"] or 0.0), "n": FEW_LEADS}
    names = {"grey": m.say("chart.lead_costs.few", n=FEW_LEADS)}
    sheet.chart("lead_costs", "bars", "label value:cost low high base:leads grey accent:publish", title,
                key="title" if apart else "title_tied", names=names)  # fmt: skip


def _accounts(sheet: Sheet[Material], _: Mapping[str, Number]) -> None:
    """What the client has on each network today."""
    m, accounts = sheet.m, sheet.m.study.accounts
    given = m.data.networks.set_index("network")
    if accounts is None or given.empty:
        sheet.missing(m.reason("no_networks_table"), "accounts")
        return
    rows, kept = [], {row["network"]: row for row in accounts.to_dict("records")}
    for row in (kept[id] for id in m.by_reach(list(kept))):
        own = given.loc[row["network"]].to_dict() if row["network"] in given.index else {}
        looked = own.get("competitors", math.nan)
        last = own.get("last_post")
        rows.append({
            **{name: own.get(name) for name in ("present", "hours_now", "mentions")},
            "label": m.network(row["network"]), "dormant": row["dormant"],
            "last_post": m.say("day", day=last.date()) if last is not None and last == last else None,
            "competitors": min(looked / m.params.competitors, 1.0) if m.params.competitors else None,
        })  # fmt: skip
    sheet.table("accounts", ACCOUNTS, rows)


def _quality(sheet: Sheet[Material], _: Mapping[str, Number]) -> None:
    m, study = sheet.m, sheet.m.study
    if study.source == "respondents" and study.audience is not None:
        everyone, audience = study.audience.population_base, study.audience.base
        counts = {"rows": study.rows_in, "outside_base": study.rows_in - (everyone or study.rows_in),
                  "population": everyone, "outside": (everyone or audience) - audience,
                  "audience": audience}  # fmt: skip
        if 0 < study.rows_in - (everyone or study.rows_in) < m.params.withhold_below:  # a total tells what it lacks
            counts = {key: n for key, n in counts.items() if key not in ("rows", "outside_base")}
        if gives_away(m) or 0 < study.rows_in - audience < m.params.withhold_below:
            counts = {"audience": audience}
        rows = [{"measure": m.say(f"quality.{key}"), "count": n} for key, n in counts.items() if n]
        sheet.table("quality_people", COUNTS, rows, small=("count",))
    if m.data.sources:
        files = [
            {
                "file": m.say("table.bare", value=one.file),
                "read_as": m.shape(one.format),
                "rows": None if place == 0 and gives_away(m) else one.rows,
            }
            for place, one in enumerate(m.data.sources)
        ]
        sheet.table("quality_files", FILES, files)
    found: Counter[tuple[str, str]] = Counter()
    for one in m.data.sources:
        found.update({(one.file, code): sum(note.count for note in one.notes if note.code == code)
                      for code in dict.fromkeys(note.code for note in one.notes)})  # fmt: skip
    notes = [
        {"measure": m.say("quality.note", file=file, note=m.say(f"note.{code}")), "count": n}
        for (file, code), n in found.items()
        if m.knows(f"note.{code}")
    ]
    if notes:
        sheet.table("quality_notes", COUNTS, notes)
