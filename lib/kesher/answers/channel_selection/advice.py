"""What the workbook says: which networks to publish on and where to answer, what to do, what could flip it."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kesher.answers.channel_selection.field import as_cheap, cheapest_lead
from kesher.answers.channel_selection.material import Material
from kesher.answers.figures import written
from kesher.channels.plan import STOPS
from kesher.months import WEEKS_PER_MONTH
from kesher.results import Answer, Assumption, Number, Recommendation, Warning
from kesher.words import Quantity, Text, same

DAYS_TO_ACT = {"publish": 14, "leave": 14, "answer": 30, "ask_more": 45, "ask_table": 45}  # after the report's date
WIDE_POINTS = 15.0  # an interval of the reach wider than this is said so, points
LEAST_LOSS = 0.05  # a loss that is shown as 0.0 is none, points
ANSWERED = 0.9  # share of messages to be answered within a day
TO_ASK = 400  # people whose answers tell pairs apart by five points or so


def answer(m: Material, numbers: Mapping[str, Number]) -> Answer:
    """The top of the page."""
    return Answer(
        question=m.say("question", audience=m.audience, n=m.params.publish_most),
        headline=_headline(m, numbers),
        decision=_decision(m),
        worth=_worth(m, numbers),
        cards=tuple(_cards(m, numbers)),
    )


def _ends(one: Number) -> dict[str, Quantity]:
    ends = {"low": one.low, "high": one.high}
    return {end: written(one)._replace(value=value) for end, value in ends.items() if value is not None}


def _headline(m: Material, numbers: Mapping[str, Number]) -> Text:
    if not m.answered:
        key = f"headline.{m.state}"
        return m.say(key) if m.knows(key) else m.reason(m.state)
    reach, choice = numbers["choice.reach"], m.choice
    assert choice is not None
    if reach.value is None:
        return m.say("headline.unknown", set=m.on(m.chosen))
    words: dict[str, Any] = {"set": m.on(m.chosen), "reach": written(reach), "audience": m.people, **_ends(reach)}
    words |= {"n": len(m.chosen), "verb": m.say("headline.reach", n=len(m.chosen))}
    if m.thin and m.study.audience is not None:
        return m.say("headline.thin", people=m.study.audience.base, **words | {"set": m.networks(m.chosen)})
    if reach.low is None:
        return m.say("headline.bare", **words)
    if m.state == "reach_only":
        said = m.say("headline.reach_only", rank=_rank(m), **words)
        cheaper = len(choice.tied) > 1 and choice.broken_by == "cost"
        return m.sentences(said, m.say(f"headline.chosen_{m.saving}")) if cheaper else said
    kind = "" if not m.bracketed else "joint_" if reach.interval == "scenario" else "table_"
    said = m.say(f"headline.{kind}publish", **words)
    if m.state == "clear":
        return m.sentences(said, m.say("headline.clear", rate=Quantity(choice.win_rate or 0.0, "share")))
    if m.state == "unsure":
        return m.sentences(said, m.say("headline.unsure"))
    rest = [one for one in choice.tied if set(one) != set(choice.publish)]
    others = m.say("headline.other", set=m.joined(rest[0])) if len(rest) == 1 else m.say("headline.others", n=len(rest))
    how = f"cost_{m.saving}" if choice.broken_by == "cost" else choice.broken_by
    how = "reach" if how == "value" and m.reach_alone else how
    return m.sentences(said, m.say(f"headline.tied_{how}", others=others))


def _rank(m: Material) -> Text:
    """How one network alone stands to the others, where pairs are not known."""
    if m.leaders == [*m.chosen]:
        return m.say("headline.rank_first")
    if m.chosen[0] in m.leaders:
        return m.say("headline.rank_tied", networks=m.networks([one for one in m.leaders if one not in m.chosen]))
    key = "rank_forced" if set(m.params.force_in) & set(m.chosen) else "rank_less"
    return m.say(f"headline.{key}", networks=m.networks(m.leaders), n=len(m.leaders))


def _decision(m: Material) -> Text:
    date = m.decided_by
    if not m.answered:
        key = m.state if m.knows(f"decision.{m.state}") else "ask"
        return m.say(f"decision.{key}", date=date)
    if m.thin:
        return m.say("decision.ask", date=date)
    choice = m.choice
    assert choice is not None
    answering = m.say("decision.answering", networks=m.on(m.answering)) if m.answering else same("")
    words: dict[str, Any] = {"set": m.on(m.chosen), "answering": answering, "date": date}
    if len(m.stages) > 1:
        words["set"] = m.say("decision.in_turn", set=m.on(m.chosen), network=m.network(m.stages[0]["network"]))
    if math.isfinite(choice.hours):
        return m.say("decision.publish_hours", hours=Quantity(choice.hours, "hours"), **words)
    return m.say("decision.publish", **words)


def _worth(m: Material, numbers: Mapping[str, Number]) -> Text:
    choice = m.study.choice
    if choice is not None and choice.next_step is not None:
        hours, ids = choice.next_step
        words: dict[str, Any] = {"hours": Quantity(hours, "hours"), "set": m.on(ids), "range": same("")}
        words["available"] = Quantity(m.params.hours_available or 0.0, "hours")
        if choice.shadow_price is not None:
            price = numbers["capacity.shadow_price"]
            words |= {"price": written(price)}
            words |= {"range": m.say("worth.range", **_ends(price))} if price.low is not None else {}
        return m.say(f"worth.hour{m.step}", **words)
    if not m.answered:
        return m.say("worth.none")
    size = len(m.chosen)
    adds = numbers.get(f"sets.{size + 1}.adds")
    if m.unlimited is None and adds is not None and adds.value is not None:
        return m.say("worth.adds", n=size + 1, adds=Quantity(max(adds.value, 0.0), "pp", 1))
    wanted, now = _leads_wanted(m), _leads_now(m)
    if wanted is not None and now is not None:
        return m.say("worth.leads", wanted=Quantity(wanted, "count"), now=Quantity(now, "count"))
    return m.say("worth.money")


def _cards(m: Material, numbers: Mapping[str, Number]) -> Iterator[dict[str, Any]]:
    def card(key: str, value: Text | Quantity, note: Text, id: str, **words: Any) -> dict[str, Any]:
        shown = m.say("table.bare", value=value)
        return {"label": m.say(f"card.{key}", **words), "value": shown, "note": note, "numbers": [id]}

    reach = numbers.get("choice.reach")
    if reach is not None and reach.value is not None:
        known = {"scenario": "card.reach_bracket", "confidence": "card.reach_note"}
        key = known.get(reach.interval, "card.reach_bare")
        note = m.say(key, set=m.joined(m.chosen), confidence=m.confidence, **_ends(reach))
        yield card("reach", written(reach), note, reach.id)
    choice = m.choice
    rate = numbers.get("choice.win_rate")
    if choice is not None and rate is not None and rate.value is not None:
        note = m.say("card.win_rate_note", tied=m.say("card.tied", n=len(choice.tied)), n=m.params.resamples)
        yield card("win_rate", written(rate), note, rate.id)
    if m.unlimited is not None:
        without = numbers[f"sets.{m.unlimited.size}.reach"]
        note = m.say(f"card.unlimited_{m.passed_over}", set=m.joined(m.unlimited.best))
        yield card("unlimited", written(without), note, without.id)
    adds = numbers.get(f"sets.{len(m.chosen) + 1}.adds")
    if m.unlimited is None and m.chosen and adds is not None and adds.value is not None:
        best = m.best(len(m.chosen) + 1)
        note = m.say("card.adds_note", set=m.joined(best.best)) if best is not None else same("")
        shown = written(adds)._replace(value=max(adds.value, 0.0), signed=True)
        yield card("adds", shown, note, adds.id, n=len(m.chosen) + 1)
    hours = numbers.get("capacity.hours")
    if choice is not None and hours is not None and hours.value is not None:
        available = m.params.hours_available
        key = "card.hours_note" if available is not None else "card.hours_bare"
        elsewhere = choice.answer[~choice.answer["network"].isin(m.chosen)]["hours"].sum()
        words = {"answer": Quantity(float(elsewhere), "hours")}
        words |= {"available": Quantity(available, "hours")} if available is not None else {}
        yield card("hours", written(hours), m.say(key, **words), hours.id)
    cheapest = cheapest_lead(numbers)
    if cheapest is not None:
        network, rivals = m.network(cheapest.id.split(".")[1]), as_cheap(m, numbers, cheapest)
        ends = _money_ends(m, cheapest) | ({"others": rivals} if rivals else {})
        key = "card.lead_note_tied" if rivals else "card.lead_note"
        note = m.say(key, network=network, confidence=m.confidence, **ends)
        yield card("lead", written(cheapest)._replace(currency=m.params.currency), note, cheapest.id)


def _money_ends(m: Material, one: Number) -> dict[str, Quantity]:
    return {end: quantity._replace(currency=m.params.currency) for end, quantity in _ends(one).items()}


def recommendations(m: Material, numbers: Mapping[str, Number]) -> tuple[Recommendation, ...]:
    """Publish, answer, stop, stage, ask: each where numbers ask for it; none on thin data."""
    if not m.answered or m.thin:
        return ()
    steps = (_publish(m, numbers), _stage(m, numbers), _leave(m, numbers), _answer(m, numbers), _ask(m, numbers))
    return tuple(Recommendation(**step) for step in steps if step is not None)


def _step(m: Material, key: str, owner: str, because: tuple[str, ...], **given: Any) -> dict[str, Any]:
    value = given.pop("now", None)
    source = m.say("rec.this_report" if value is not None else "rec.not_measured")
    due = given.pop("by", m.as_of + datetime.timedelta(days=DAYS_TO_ACT.get(key, 0)))
    said = {"owner": m.say(f"rec.owner_{owner}"), "kpi": m.say(f"rec.{given.pop('kpi', key)}_kpi"), "because": because}
    said["by"] = due.isoformat()
    if "change_our_mind" not in given:
        given["change_our_mind"] = m.say(f"rec.{key}_change")
    return said | given | {"baseline": {"value": value, "source": source}}


def _publish(m: Material, numbers: Mapping[str, Number]) -> dict[str, Any]:
    """Leads a month are the measure where the table says what to expect; else where the hours go."""
    action = m.say("rec.publish", set=m.on(m.chosen))
    because = ("choice.reach", *(("choice.win_rate",) if numbers["choice.win_rate"].value is not None else ()))
    cost, now, wanted = numbers["capacity.cost"].value, _leads_now(m), _leads_wanted(m)
    if wanted is None:
        now = _hours_there(m)
        return _step(m, "publish", "marketing", because, action=action, now=now, target=1.0, unit="share", cost=cost)
    return _step(m, "publish", "marketing", because, action=action, now=now, target=wanted, unit="count", cost=cost,
                 kpi="publish_leads")  # fmt: skip


def _hours_there(m: Material) -> float | None:
    """The share of today's hours that go to the chosen networks."""
    now = m.data.networks.set_index("network")["hours_now"].astype(float)
    there = now.reindex(list(m.chosen)).sum()
    return float(there / now.sum()) if now.sum() > 0 else None


def _leads_now(m: Material, ids: Sequence[str] = ()) -> float | None:
    """Leads a month from these networks, the chosen ones if none are named, where all of them are counted."""
    table, wanted = m.study.funnel, ids or m.chosen
    if table is None:
        return None
    rows = table[table["network"].isin(wanted)]
    monthly = (rows["leads"] / rows["months"]).to_numpy(dtype=float)
    return float(monthly.sum()) if len(rows) == len(wanted) and np.isfinite(monthly).all() else None


def _leads_wanted(m: Material) -> float | None:
    given = m.data.networks.set_index("network")["leads"].reindex(list(m.chosen)).to_numpy(dtype=float)
    return float(given.sum()) if len(given) and np.isfinite(given).all() else None


def _answer(m: Material, numbers: Mapping[str, Number]) -> dict[str, Any] | None:
    if not m.answering:
        return None
    action = m.say("rec.answer", networks=m.on(m.answering))
    return _step(m, "answer", "service", ("capacity.answer_hours",), action=action, target=ANSWERED,
                 unit="share")  # fmt: skip


def _leave(m: Material, numbers: Mapping[str, Number]) -> dict[str, Any] | None:
    accounts = m.study.accounts
    if accounts is None:
        return None
    left = [row for row in accounts.to_dict("records") if row["verdict"] == "leave"]
    if not left:
        return None
    given = m.data.networks.set_index("network")["hours_now"]
    freed = sum(given.get(row["network"], 0.0) for row in left if math.isfinite(given.get(row["network"], math.nan)))
    words = {"networks": m.on([row["network"] for row in left])}
    action = m.say("rec.leave", **words)
    if freed > 0:
        action = m.say("rec.leave_hours", hours=Quantity(freed, "hours"), **words)
    because = tuple(f"reach.{row['network']}" for row in left if f"reach.{row['network']}" in numbers)[:4]
    return _step(m, "leave", "marketing", because, action=action, now=freed or None, target=0.0, unit="hours")


def _stage(m: Material, numbers: Mapping[str, Number]) -> dict[str, Any] | None:
    """The first stage of the plan, to be judged on the day it ends."""
    if not m.stages:
        return None
    first, weeks = m.stages[0], m.params.trial_weeks
    words: dict[str, Any] = {"network": m.network(first["network"]), "n": weeks}
    step = {"by": first["end"], "unit": "count"}
    if math.isfinite(first["stop_below"]):
        kpi, leads = m.say(f"kpi.{first['kpi']}"), _leads_now(m, [first["network"]])
        go = Quantity(math.ceil(first["expected"]), "count")
        change = m.say("rec.stage_stop", stop=Quantity(first["stop_below"], "count"), go=go, kpi=kpi)
        now = leads * weeks / WEEKS_PER_MONTH if leads is not None and first["kpi"] == "leads" else None
        key = "stage" if len(m.stages) > 1 else "stage_one"
        return _step(m, "stage", "marketing", ("choice.reach",), action=m.say(f"rec.{key}", **words), now=now,
                     change_our_mind=change, target=go.value, kpi=f"stage_{first['kpi']}", **step)  # fmt: skip
    step |= {"by": m.decided_by}
    if first["expected"] > 0:  # too little for a stop rule: the trial in which none at all would be a surprise
        longer = math.ceil(weeks * -math.log(STOPS) / first["expected"])
        action = m.say("rec.stage_longer", weeks=longer, **words)
        return _step(m, "stage_longer", "marketing", ("choice.reach",), action=action, now=weeks, target=longer, **step)
    return _step(m, "stage_write", "marketing", ("choice.reach",), action=m.say("rec.stage_write", **words), now=0.0,
                 target=1.0, **step)  # fmt: skip


def _ask(m: Material, numbers: Mapping[str, Number]) -> dict[str, Any] | None:
    """Where sets tie or only a table is known: what would tell."""
    if m.state == "clear" and not m.bracketed:
        return None
    key = "ask_table" if m.bracketed else "ask_more"
    because = ("choice.reach", *(("choice.tied",) if numbers["choice.tied"].value is not None else ()))
    tied, asked = numbers["choice.tied"].value, key == "ask_table"
    return _step(m, key, "insight", because, action=m.say(f"rec.{key}", n=TO_ASK), now=0.0 if asked else tied,
                 target=TO_ASK if asked else 1.0, unit="count")  # fmt: skip


def assumptions(m: Material) -> tuple[Assumption, ...]:
    """The choices the answer rests on, each with its grade and what it could flip."""
    told = []
    for key, value, grade in _assumed(m):
        flips = m.say(f"assume.{key}_flips")
        told.append(Assumption(id=key, text=m.say(f"assume.{key}"), value=value, grade=grade, flips=flips))
    return tuple(told)


def _assumed(m: Material) -> Iterator[tuple[str, Text, str]]:
    study, params = m.study, m.params
    yield "usage", m.say(f"assume.usage_{study.source}"), "C"
    if study.source == "respondents":
        yield "base", m.say(f"base.{params.base}"), "B"
        yield "weights", m.say(f"assume.weights_{'raked' if study.weighting is not None else 'given'}"), "B"
    elif study.joint is not None:
        miss = Quantity(study.joint.largest_miss_pp, "pp", 1)
        yield "joint", m.say("assume.joint_value", miss=miss), "C"
    if study.choice is None:
        return
    goals = m.data.goals[m.data.goals["weight"] > 0]
    shown = [
        m.say("assume.goal", goal=m.goal(row["goal"]), weight=Quantity(row["weight"] / goals["weight"].sum(), "share"))
        for row in goals.to_dict("records")
    ]
    yield (
        "goals" if study.flips else "goals_alone",
        m.say("table.bare", value=shown) if shown else m.say("assume.goals_reach"),
        "C",
    )
    hours, stepped = params.hours_available, len(study.choice.frontier) > 1
    value = m.say("assume.no_limit") if hours is None else m.say("table.bare", value=Quantity(hours, "hours"))
    yield "hours" if stepped else "hours_unseen", value, "C"
    if m.data.networks["hours_good"].notna().any():
        yield "typed", m.say("assume.typed_value"), "D"
    if m.answering:
        yield "mentions", m.say("assume.mentions_value", n=Quantity(params.mentions_least, "count")), "C"
    more = study.sets is not None and study.sets.of(params.publish_most + 1) is not None
    yield "most" if more else "most_unseen", m.say("assume.most_value", n=params.publish_most), "C"


def warnings(m: Material, numbers: Mapping[str, Number]) -> tuple[Warning, ...]:
    """What a reader must know before relying on the page."""
    found = [
        Warning(code=code, text=m.say(f"warn.{code}", **words), where=where)
        for code, where, words in _warned(m, numbers)
    ]
    return tuple({one.code: one for one in found}.values())


def _warned(m: Material, numbers: Mapping[str, Number]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    study, params = m.study, m.params
    found, choice = study.audience, study.choice
    if found is not None and m.thin:
        yield "small_base", "reach.any", {"n": found.base, "least": params.grey_below}
    reach = numbers.get("choice.reach")
    sampled = reach is not None and reach.interval == "confidence"
    width = 100 * ((reach.high or 0.0) - (reach.low or 0.0)) if reach is not None and sampled else 0.0
    if width > WIDE_POINTS:
        yield "wide", "choice.reach", {"width": Quantity(width, "pp")}
    if study.source == "respondents" and study.weighting is None and found is not None and found.design_effect == 1:
        yield "not_raked", "reach.any", {}
    if study.source == "overlap":
        yield "from_table", "sets.2.reach", {}
    if study.source == "reach":
        yield "marginals", "sets.2.reach", {}
    if study.table is not None and study.table.disagreement_pp > 1:
        yield "table_disagrees", "sets.2.reach", {"points": Quantity(study.table.disagreement_pp, "pp", 1)}
    if study.sets is not None:
        for code in sorted({*study.sets.left_out.values()}):
            names = [m.network(id) for id, why in study.sets.left_out.items() if why == code]
            named = (
                m.on([id for id, why in study.sets.left_out.items() if why == code]) if code == "no_users" else names
            )
            yield f"left_{code}", "sets.1.reach", {"networks": named}
        if study.sets.limited_to is not None:
            yield "many_networks", "sets.1.reach", {"k": study.sets.limited_to}
        worst = max(study.sets.sets, key=lambda best: best.greedy_loss_pp, default=None)
        if worst is not None and worst.greedy_loss_pp >= LEAST_LOSS:
            loss = Quantity(worst.greedy_loss_pp, "pp", 1)
            yield "greedy", f"sets.{worst.size}.greedy_loss", {
                "loss": loss, "size": m.say("size", n=worst.size), "set": m.joined(worst.greedy)
            }  # fmt: skip
    for code in choice.codes if choice is not None else ():
        key, _, goal = code.partition(":")
        if m.answered and m.knows(f"warn.{key}") and (key != "hours_unknown" or params.hours_available is not None):
            yield key, "capacity.hours", {"goal": m.goal(goal)} if goal else {}
    stages = study.plan
    for code in dict.fromkeys(stages["code"]) if stages is not None else ():
        if m.knows(f"warn.{code}"):
            yield str(code), "capacity.hours", {}
    if params.exports_folder is not None and m.data.exports is not None and m.data.exports.outcomes.empty:
        yield "exports_empty", "leads", {}


def method(m: Material) -> tuple[Text, ...]:
    """How it was done, in plain words."""
    study = m.study
    keys = [f"reach_{study.source}"]
    keys += ["index"] if study.audience is not None and study.audience.index_reason is None else []
    keys += [f"sets_{study.sets.kind}"] if study.sets is not None else ["sets_bounds"]
    keys += ["ties"] if study.sets is not None else []
    keys += ["capacity"] if study.choice is not None else []
    keys += ["goals"] if study.flips else []
    keys += ["plan"] if study.plan is not None and not study.plan.empty else []
    keys += ["funnel"] if study.funnel is not None else []
    return (*(m.say(f"explain.{key}", confidence=m.confidence, n=m.params.resamples) for key in keys),
            m.say("explain.limits"))  # fmt: skip


def sources(m: Material) -> tuple[Text, ...]:
    """The client's files, and the field's figures that stand beside the numbers."""
    named = dict.fromkeys(claim.source for claim in m.claims if claim.number_id.startswith(("reach.", "competitors.")))
    files = [m.say("source.files", files=[same(one.file) for one in m.data.sources])] if m.data.sources else []
    table = [m.say("source.table", study=same(one.source)) for one in (m.data.overlap, m.data.reach, m.data.population)
             if one is not None and one.source]  # fmt: skip
    return (m.source, *files, *table, *(m.say("source.published", study=source) for source in named))
