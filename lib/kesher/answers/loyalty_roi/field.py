"""What the field says of loyalty without a figure, as claims, and beside each what these data say."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from kesher.answers.loyalty_roi.economics import apart, flip_of
from kesher.answers.loyalty_roi.material import Material
from kesher.answers.sheet import Sheet
from kesher.readers.claims import CLAIMS_FILE
from kesher.results import Number
from kesher.words import Quantity, Text, both, same

STATEMENTS = "claim:text claim_source:text finding:text"
ATTENTION = ("points", "coupon", "free_item", "percent_discount")  # the tactics that S2-7 names
NOT_MEASURED = {"S2-4": "growth", "S2-9": "connected", "S2-26": "definition"}
ORDER = ("S2-6", "S2-7", "S2-8", "S2-24")  # what the issue asks for comes first
OURS = ("members.", "tactics.", "sharing.", "programme.")


def statements(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    """The table of statements without a figure; each is a claim, and beside it our finding or why there is none."""
    with CLAIMS_FILE.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if not row["value"] and row["number_id"].startswith(OURS)]
    rows.sort(key=lambda row: ORDER.index(row["id"]) if row["id"] in ORDER else len(ORDER))
    records = [
        {"claim": both(row["text_en"], row["text_he"]), "claim_source": _source(sheet.m, row),
         "finding": _finding(sheet.m, row, numbers)}
        for row in rows
    ]  # fmt: skip
    sheet.table("statements", STATEMENTS, records, sheet.m.say("table.statements_note"))


def _source(m: Material, row: Mapping[str, str]) -> Text:
    name = row["named_source"]
    if name in ("", "none"):
        return m.say("field.unsourced")
    key = "source" if row["year"] else "undated"
    return m.say(f"field.{key}", name=same(name), year=same(row["year"]))


def _finding(m: Material, row: Mapping[str, str], numbers: Mapping[str, Number]) -> Text:
    if row["id"] in NOT_MEASURED:
        return m.say("field.not_measured", why=m.say(f"field.{NOT_MEASURED[row['id']]}"))
    special = {"S2-6": _active, "S2-7": _tactics, "S2-8": _crossover, "S2-24": _designs}.get(row["id"])
    found = special(m, numbers) if special is not None else None
    if found is not None:
        return found
    one = numbers.get(row["number_id"])
    if one is None or one.value is None:
        reason = one.reason if one is not None else None
        return m.say("field.not_measured", why=reason or m.why(row["number_id"].partition(".")[0]))
    return m.say("field.number", label=one.label, value=m.figures.shown(one, m.params.currency))


def _active(m: Material, numbers: Mapping[str, Number]) -> Text | None:
    share, lift = numbers["members.active_share"], numbers["effect.break_even_lift"]
    if share.value is None:
        return None
    words: dict[str, Any] = {"share": Quantity(share.value, "share")}
    if (flip := flip_of(m, "active_share")) is not None:
        return m.say("field.active", flip=flip, **words)
    return m.say("field.active_lift", lift=Quantity(lift.value, "share", 1), **words) if lift.value else None


def _tactics(m: Material, numbers: Mapping[str, Number]) -> Text | None:
    if m.study.tactics is None:
        return m.say("field.not_measured", why=m.why("tactics"))
    told: dict[str, list[Text]] = {"clear": [], "unclear": []}
    for tactic in ATTENTION:
        one, name = numbers.get(f"tactics.{tactic}.lift"), m.named("tactic", tactic)
        if one is None or one.low is None or one.high is None:
            told["unclear"].append(m.say("field.lift_unknown", tactic=name))
        else:
            lift = m.say("field.lift", tactic=name, value=m.figures.shown(one, m.params.currency))
            told["clear" if one.low > 0 or one.high < 0 else "unclear"].append(lift)
    return m.say("field.tactics", **{key: lifts or [m.say("field.nothing")] for key, lifts in told.items()})


def _crossover(m: Material, numbers: Mapping[str, Number]) -> Text | None:
    one = numbers.get("tactics.crossover_month")
    return m.say("field.crossover", month=int(one.value)) if one is not None and one.value is not None else None


def _designs(m: Material, _: Mapping[str, Number]) -> Text | None:
    found = m.study.account.designs if m.study.account is not None and m.answered else None
    if found is None:
        return m.say("field.not_measured", why=m.why("sharing") if m.answered else m.unjudged)
    row = next(row for row in found.differences.to_dict("records") if row["design_b"] == "traditional")
    return apart(m, row)
