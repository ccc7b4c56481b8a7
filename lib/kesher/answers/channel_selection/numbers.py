"""The numbers of the channel workbook, by the ids that others rely on; what the data can not tell says why."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from kesher.answers.channel_selection.material import Material
from kesher.answers.figures import NOTHING, Found
from kesher.channels.overlap import bracket
from kesher.disclosure import guarded
from kesher.results import Interval, Number, Unit
from kesher.stats import share_interval
from kesher.stats.reach import BestSet
from kesher.words import Text

PEOPLE = ("audience", "population", "users")  # bases that count people
RATES: tuple[tuple[str, Unit, int], ...] = (
    ("click_rate", "share", 1), ("lead_rate", "share", 1), ("customer_rate", "share", 1), ("cost_per_lead", "money", 0),
    ("cost_per_customer", "money", 0), ("cost_per_contact", "money", 2),
)  # fmt: skip
COUNTED = {
    "click_rate": "impressions", "lead_rate": "clicks", "customer_rate": "leads", "cost_per_lead": "leads",
    "cost_per_customer": "customers", "cost_per_contact": "clicks",
}  # fmt: skip
PAIR = 2  # networks of a set that an overlap table tells of exactly; of larger sets it gives bounds


def numbers(m: Material) -> dict[str, Number]:
    """Every number of the workbook by id."""
    found = [number for part in (_audience, _sets, _choice, _competitors, _leads) for number in part(m)]
    few = m.reason("withheld")
    told = [guarded(number, m.params.withhold_below, PEOPLE, few) for number in found]
    return {number.id: number.refused("withheld", few) if number.reason == few else number for number in told}


def _number(
    m: Material, id: str, unit: Unit, method: str, found: Found, reason: Text | None = None, *, digits: int = 0,
    base: Mapping[str, float] | None = None, interval: Interval = "confidence", inputs: tuple[str, ...] = (),
    label: Text | None = None, effective: Mapping[str, float] | None = None,
) -> Number:  # fmt: skip
    said = label or m.say(f"number.{id.replace('.', '_')}")
    return m.figures.number(
        id, said, unit, method, found, reason, digits=digits, base=base, effective=effective, interval=interval,
        inputs=inputs,
    )  # fmt: skip


def gives_away(m: Material) -> bool:
    """Whether so few people are outside the target that the population's figures would give their answers away."""
    found = m.study.audience
    return found is not None and 0 < (found.population_base or found.base) - found.base < m.params.withhold_below


def only(value: float | None) -> Found:
    """A value without an interval."""
    return value, None, None


def _audience(m: Material) -> Iterator[Number]:
    found, counted = m.study.audience, m.say("reason.counted")
    if found is None:
        why = m.why("audience")
        yield _number(m, "reach.any", "share", "share", NOTHING, why)
        for option in m.data.options.get(m.params.usage_question, []):
            if not option.exclusive:
                named = {"network": m.network(option.option)}
                label = m.say("number.reach", **named)
                yield _number(m, f"reach.{option.option}", "share", "share", NOTHING, why, label=label)
                label = m.say("number.index", **named)
                yield _number(m, f"index.{option.option}", "ratio", "index", NOTHING, why, label=label)
        return
    bases: dict[str, Any] = {"base": _base(m), "effective": {"audience": found.effective_base}}
    method = "share" if m.study.source == "respondents" else "share_published"
    if m.study.source == "respondents":
        yield _number(m, "audience.n", "count", "count", only(found.base), counted, base=_base(m))
        yield _number(m, "audience.effective_n", "count", "kish", only(found.effective_base), counted, base=_base(m))
        yield _number(m, "audience.design_effect", "ratio", "kish", only(found.design_effect), counted, digits=2)
        yield _number(m, "reach.any", "share", "share", found.any_reach, **bases)
        yield _number(m, "networks.mean", "ratio", "mean", only(found.mean_networks), counted, digits=1, base=_base(m))
    hidden = gives_away(m)
    no_index = m.reason("withheld" if hidden else found.index_reason or "no_population")
    for row in found.table.to_dict("records"):
        id, name = str(row["network"]), {"network": m.network(str(row["network"]))}
        label = m.say("number.reach", **name)
        why = m.say("reason.no_base")
        yield _number(m, f"reach.{id}", "share", method, _found(row, "reach"), why, label=label, **bases)
        base = _base(m) | ({"population": found.population_base} if found.population_base and not hidden else {})
        label, inputs = m.say("number.index", **name), (f"reach.{id}",)
        index = NOTHING if hidden else _found(row, "index")
        yield _number(
            m, f"index.{id}", "ratio", "index", index, no_index, digits=2, base=base, label=label, inputs=inputs
        )


def _found(row: Mapping[Any, Any], name: str) -> Found:
    low, high = ("low", "high") if name == "reach" else (f"{name}_low", f"{name}_high")
    return row[name], row[low], row[high]


def _base(m: Material) -> dict[str, float]:
    found = m.study.audience
    return {"audience": found.base} if found is not None and found.base > 0 else {}


def set_found(m: Material, best: BestSet) -> tuple[Found, str, Interval]:
    """The reach of a best set with its interval, the method's key and the kind of the interval."""
    if m.study.table is None:
        return (best.reach, best.low, best.high), "set_reach", "confidence"
    if told_exactly(m, best.size):
        return _of_pairs(m, best.reach_observed), "set_pair", "confidence"
    low, high = bracket_of(m, best.best)
    return (min(max(best.reach_observed, low), high), low, high), "set_joint", "scenario"


def told_exactly(m: Material, size: int) -> bool:
    """Whether the overlap table tells the reach of sets of this size but for the people it asked and no rounding."""
    return size <= PAIR and m.study.table is not None and not m.study.table.rounded


def added(m: Material, best: BestSet) -> float:
    """Points by which a best set reaches more than the best one smaller, each as it is shown; NaN without one."""
    smaller = m.best(best.size - 1)
    (reach, *_), *_ = set_found(m, best)
    (before, *_), *_ = set_found(m, smaller) if smaller is not None else ((0.0 if best.size == 1 else math.nan,),)
    return 100 * ((reach or 0.0) - (before or 0.0))


def _of_pairs(m: Material, reach: float) -> Found:
    """What an overlap table tells of one or two networks is exact but for the people it asked."""
    sets = m.study.sets
    low, high = share_interval(reach, math.nan if sets is None else sets.effective_base, m.params.confidence)
    return reach, float(low), float(high)


def bracket_of(m: Material, ids: tuple[str, ...]) -> tuple[float, float]:
    """What an overlap table allows a set's reach to be: Dawson and Sankoff's bound, and Hunter's."""
    table = m.study.table
    assert table is not None
    return bracket(table, [table.names.index(id) for id in ids])


def _sets(m: Material) -> Iterator[Number]:
    study, resampled, asked = m.study.sets, m.say("reason.resamples"), m.say("reason.no_base")
    if study is None:
        yield from _bounded_sets(m)
        return
    previous: BestSet | None = None
    for best in study.sets:
        k, words = best.size, {"n": best.size}
        found, method, interval = set_found(m, best)
        bases: dict[str, Any] = {"base": _base(m), "effective": {"audience": study.effective_base}}
        reach = f"sets.{k}.reach"
        yield _number(
            m,
            reach,
            "share",
            method,
            found,
            asked,
            label=m.say("number.set_reach", **words),
            interval=interval,
            **bases,
        )
        label, why = m.say("number.win_rate", **words), asked if best.win_rate is None else resampled
        yield _number(m, f"sets.{k}.win_rate", "share", "win_rate", only(best.win_rate), why, label=label)
        label = m.say("number.tied_sets", **words)
        tied = only(m.tied_count(best) if best.win_rate is not None else None)
        yield _number(m, f"sets.{k}.tied", "count", "tied", tied, why, label=label, inputs=(reach,))
        label, compared = m.say("number.greedy_loss", **words), m.say("reason.observed")
        loss = only(best.greedy_loss_pp)
        yield m.figures.number(
            f"sets.{k}.greedy_loss", label, "pp", "greedy", loss, compared, digits=1, inputs=(reach,), signed=False
        )
        if previous is not None:
            adds = only(added(m, best))
            label, inputs = m.say("number.set_adds", **words), (reach, f"sets.{previous.size}.reach")
            why = m.say("reason.difference")
            yield _number(m, f"sets.{k}.adds", "pp", "adds", adds, why, digits=1, label=label, inputs=inputs)
        previous = best


def _bounded_sets(m: Material) -> Iterator[Number]:
    """Where only the reach of each network is known: bounds, and no best set beyond one."""
    marginal, why = m.study.marginal, m.reason("marginals_only")
    if marginal is None:
        why = m.why("sets", "marginal", "audience")
        for k in range(1, m.params.largest_set + 1):
            label = m.say("number.set_reach", n=k)
            yield _number(m, f"sets.{k}.reach", "share", "set_bounds", NOTHING, why, label=label)
            yield from _unsearched(m, k, why)
        return
    for k in sorted(set(marginal.table["k"])):
        row, label = marginal.best(int(k)), m.say("number.set_reach", n=int(k))
        assert row is not None
        yield from _unsearched(m, int(k), why)
        low, high = float(row["low"]), float(row["high"])
        if k == 1:
            table = m.study.audience.table.to_dict("records") if m.study.audience is not None else []
            one = next((given for given in table if given["network"] == row["names"][0]), None)
            found = _found(one, "reach") if one is not None else only(low)
            yield _number(m, "sets.1.reach", "share", "share_published", found, m.say("reason.no_base"), label=label)
            continue
        value: Found = (min(max(float(row["independent"]), low), high), low, high)
        yield _number(m, f"sets.{k}.reach", "share", "set_independent", value, label=label, interval="scenario")


def _unsearched(m: Material, k: int, why: Text) -> Iterator[Number]:
    """What only people, or pairs, tell of the sets of a size."""
    for of, unit, method in (("win_rate", "share", "win_rate"), ("greedy_loss", "pp", "greedy")):
        yield _number(m, f"sets.{k}.{of}", unit, method, NOTHING, why, label=m.say(f"number.{of}", n=k))  # type: ignore[arg-type]


def _choice(m: Material) -> Iterator[Number]:
    choice, assumed = m.study.choice, m.say("reason.as_given")
    if choice is None:
        yield _number(m, "capacity.hours", "hours", "hours", NOTHING, m.why("choice"))
        yield _number(m, "capacity.shadow_price", "pp", "shadow_price", NOTHING, m.why("choice"), digits=1)
        return
    unknown = next((m.reason(code) for code in choice.codes if code.startswith("hours")), m.reason("hours_unknown"))
    if choice.publish:
        found, inputs = chosen_reach(m), tuple(f"reach.{id}" for id in m.chosen)
        size = len(choice.publish)
        bounds = m.study.table is not None and size > 1 and not told_exactly(m, size)
        kind: Interval = "scenario" if bounds else "confidence"
        yield _number(
            m, "choice.reach", "share", "choice", found, m.say("reason.no_base"),
            inputs=inputs, interval=kind, base=_base(m),
        )  # fmt: skip
        known, tied = choice.win_rate is not None, len(choice.tied)
        why = m.say("reason.resamples" if known else "reason.no_base")
        yield _number(m, "choice.win_rate", "share", "win_rate", only(choice.win_rate), why)
        yield _number(m, "choice.tied", "count", "tied", only(tied if known else None), why)
    hours = _known(choice.hours)
    yield _number(m, "capacity.hours", "hours", "hours", only(hours), assumed if hours is not None else unknown)
    yield _number(m, "capacity.answer_hours", "hours", "hours", only(_known(choice.answer_hours)), assumed)
    cost = _known(choice.cost)
    reason = assumed if cost is not None else m.reason("no_costs")
    yield _number(m, "capacity.cost", "money_per_month", "cost", only(cost), reason)
    price: Found = choice.shadow_price, *(choice.shadow_interval or (None, None))
    limited = m.params.hours_available is not None
    code = "no_capacity_given" if not limited else "no_next_step" if choice.next_step is None else "step_without_reach"
    why = assumed if choice.shadow_price is not None else m.reason(code)
    label = m.say("number.capacity_shadow_price")
    yield m.figures.number("capacity.shadow_price", label, "pp", "shadow_price", price, why, digits=1, signed=False)
    if choice.next_step is not None:
        yield _number(m, "capacity.next_hours", "hours", "hours", only(choice.next_step[0]), assumed)


def chosen_reach(m: Material) -> Found:
    """The reach of the chosen set: corrected where it is the best of its size, else as observed for a set named."""
    choice = m.study.choice
    assert choice is not None
    best, size = m.best(len(choice.publish)), len(choice.publish)
    if best is not None and set(best.best) == set(choice.publish):
        return set_found(m, best)[0]
    if m.study.table is not None and size > 1:
        if told_exactly(m, size):
            return _of_pairs(m, choice.reach)
        low, high = bracket_of(m, choice.publish)
        return min(max(choice.reach, low), high), low, high
    found = m.study.audience
    if size == 1 and found is not None:
        row = next(row for row in found.table.to_dict("records") if row["network"] == choice.publish[0])
        return _found(row, "reach")
    if m.study.sets is None:
        return only(choice.reach)
    low, high = share_interval(choice.reach, m.study.sets.effective_base, m.params.confidence)
    return choice.reach, float(low), float(high)


def _known(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else value


def _competitors(m: Material) -> Iterator[Number]:
    """The share of competitors on each network: a count of those looked at, not a sample."""
    looked, counted = m.params.competitors, m.say("reason.counted")
    for row in m.data.networks.to_dict("records"):
        if looked and math.isfinite(row["competitors"]):
            label = m.say("number.competitors", network=m.network(row["network"]))
            share = only(min(row["competitors"] / looked, 1.0))
            id = f"competitors.{row['network']}"
            yield _number(m, id, "share", "count", share, counted, label=label, base={"competitors": looked})


def _leads(m: Material) -> Iterator[Number]:
    table, told = m.study.funnel, set[str]()
    for row in table.to_dict("records") if table is not None else []:
        told.add(row["network"])
        id, name = str(row["network"]), m.network(str(row["network"]))
        for rate, unit, digits in RATES:
            found = row[rate], row[f"{rate}_low"], row[f"{rate}_high"]
            counted = row[COUNTED[rate]]
            base = {COUNTED[rate]: counted} if math.isfinite(counted) else {}
            reason = m.reason(f"rate_{row[f'{rate}_code']}")
            label = m.say(f"number.{rate}", network=name)
            shown = 2 if unit == "money" and abs(_known(found[0]) or 0.0) < 10 else digits
            yield _number(m, f"leads.{id}.{rate}", unit, rate, found, reason, digits=shown, base=base, label=label)
    for id in m.reached:
        if id not in told:
            label = m.say("number.cost_per_lead", network=m.network(id))
            why = m.reason("no_funnel" if table is None else "rate_unknown")
            yield _number(m, f"leads.{id}.cost_per_lead", "money", "cost_per_lead", NOTHING, why, label=label)
    contacts = m.study.contacts
    for row in contacts.to_dict("records") if contacts is not None else []:
        if row["kind"] == "traditional":
            label = m.say("number.contact", channel=m.channel(str(row["channel"])))
            found = row["per_contact"], row["low"], row["high"]
            reason = m.reason("counts_known")
            yield _number(m, f"contacts.{row['channel']}.cost_per_contact", "money", "cost_per_contact", found, reason,
                          digits=4, label=label)  # fmt: skip
