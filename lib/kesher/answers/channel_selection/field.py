"""What the field says of choosing networks, where it contradicts itself, and beside each what these data say."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Mapping, Sequence

from kesher.answers.channel_selection.material import Material
from kesher.answers.channel_selection.work import THOUSAND
from kesher.answers.figures import written
from kesher.readers.claims import CLAIMS_FILE, FieldClaim
from kesher.results import Number, Table
from kesher.words import Quantity, Text, both, same

STATEMENTS = "claim:text figure:text:says claim_base:text:base claim_source:text finding:text"


def nearest(claims: Sequence[FieldClaim]) -> list[FieldClaim]:
    """Of the claims beside one number the first: their order is the client's country first, then the world."""
    first = dict[str, FieldClaim]()
    for claim in claims:
        first.setdefault(claim.number_id, claim)
    return list(first.values())


def cheapest_lead(numbers: Mapping[str, Number]) -> Number | None:
    """The network whose lead costs least, of those with an interval."""
    known = [one for id, one in numbers.items() if id.endswith(".cost_per_lead") and one.low is not None]
    return min(known, key=lambda one: one.value or 0.0, default=None)


def as_cheap(m: Material, numbers: Mapping[str, Number], cheapest: Number) -> list[Text]:
    """The networks whose lead may cost as little: the interval of one holds the other's, or meets it."""
    known = [one for id, one in numbers.items() if id.endswith(".cost_per_lead") and one.low is not None]
    meet = [one for one in known if one.id != cheapest.id and (one.low or 0.0) <= (cheapest.high or 0.0)]
    return [m.network(one.id.split(".")[1]) for one in meet]


def statements(m: Material, numbers: Mapping[str, Number]) -> Table:
    """Claims that no number of ours measures: each with its own base, and our finding or why there is none."""
    with CLAIMS_FILE.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["number_id"].startswith("field.")]
    records = [
        {
            "claim": both(row["text_en"], row["text_he"]),
            "figure": m.say("table.bare", value=Quantity(float(row["value"]), "share")) if row["value"] else None,
            "claim_base": both(row["base"], row["base_he"]) if row["value"] else None,
            "claim_source": same(row["named_source"]) if row["named_source"] != "none" else m.say("field.unsourced"),
            "finding": _finding(m, numbers, row["number_id"].removeprefix("field.")),
        }
        for row in rows
    ]
    return m.figures.table(STATEMENTS, records, "statements", m.say("table.statements_note"))


def _finding(m: Material, numbers: Mapping[str, Number], topic: str) -> Text:
    topics: dict[str, Callable[[Material, Mapping[str, Number]], Text | None]] = {
        "few": _few, "everywhere": _everywhere, "concentration": _concentration, "pilots": _pilots, "explore": _pilots,
        "contact": _contact, "dormant": _dormant, "leads": _leads,
    }  # fmt: skip
    found = topics[topic](m, numbers) if topic in topics else None
    return found if found is not None else m.say(f"field.no_{topic}")


def _few(m: Material, numbers: Mapping[str, Number]) -> Text | None:
    size = len(m.chosen)
    adds = numbers.get(f"sets.{size + 1}.adds")
    if not size or adds is None or adds.value is None:
        return None
    words = {"n": size, "next": size + 1, "adds": Quantity(max(adds.value, 0.0), "pp", 1)}
    reach = numbers.get(f"sets.{size}.reach")
    share = Quantity(reach.value, "share") if reach is not None and reach.value is not None else ""
    return m.say("field.few", share=share, **words)


def _everywhere(m: Material, _: Mapping[str, Number]) -> Text | None:
    if not m.chosen or m.data.networks.empty:
        return None
    if not m.answering:
        return m.say("field.everywhere_covered", set=m.on(m.chosen))
    return m.say("field.everywhere", set=m.on(m.chosen), answer=m.on(m.answering))


def _concentration(m: Material, _: Mapping[str, Number]) -> Text | None:
    """The network with the most of the audience, and the one where it is most concentrated: not the same question."""
    found = m.study.audience
    if found is None or found.index_reason is not None or found.table["index"].isna().all():
        return None
    most, dense = found.table.iloc[0], found.table.iloc[int(found.table["index"].argmax())]
    words = {"index": Quantity(float(dense["index"]), "ratio", 2), "share": Quantity(float(most["reach"]), "share")}
    words |= {"dense_share": Quantity(float(dense["reach"]), "share")}
    key = "concentration_same" if most["network"] == dense["network"] else "concentration"
    return m.say(f"field.{key}", most=m.network(most["network"]), dense=m.network(dense["network"]), **words)


def _pilots(m: Material, _: Mapping[str, Number]) -> Text | None:
    if not m.stages:
        return None
    ruled = math.isfinite(m.stages[0]["stop_below"])
    key = "pilots" if ruled else "pilots_unruled"
    return m.say(f"field.{key}", network=m.network(m.stages[0]["network"]), n=m.params.trial_weeks)


def _contact(m: Material, _: Mapping[str, Number]) -> Text | None:
    contacts = m.study.contacts
    if contacts is None:
        return None
    known = contacts[contacts["per_contact"].notna()]
    networks, others = (known[known["kind"] == kind] for kind in ("network", "traditional"))
    if networks.empty or others.empty:
        return None
    one, other = (rows.iloc[int(rows["per_contact"].argmin())] for rows in (networks, others))
    words = {"network": m.network(one["channel"]), "channel": m.channel(other["channel"])}
    costs = {name: m.money(THOUSAND * float(row["per_contact"])) for name, row in (("cost", one), ("other", other))}
    dearer = one["per_contact"] > other["per_contact"]
    key = "contact_dearer" if dearer else "contact"
    return m.say(f"field.{key}", **words, **costs)


def _dormant(m: Material, _: Mapping[str, Number]) -> Text | None:
    accounts = m.study.accounts
    if accounts is None or m.data.networks.empty:
        return None
    names = [row["network"] for row in accounts.to_dict("records") if row["dormant"]]
    return m.say("field.dormant", networks=m.networks(names)) if names else m.say("field.none_dormant")


def _leads(m: Material, numbers: Mapping[str, Number]) -> Text | None:
    best = cheapest_lead(numbers)
    if best is None:
        return None
    words = {"network": m.network(best.id.split(".")[1]), "cost": written(best)._replace(currency=m.params.currency)}
    rivals = as_cheap(m, numbers, best)
    return m.say("field.leads_tied", others=rivals, **words) if rivals else m.say("field.leads", **words)
