"""The small tables of the channel workbook: networks, goals, leads by network, other channels, reach, overlap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from kesher.readers.findings import nearest, quotable, shown_names
from kesher.readers.ledger.values import is_total, moments
from kesher.readers.opening import DataRoot
from kesher.readers.overlap_tables import (
    FIRST_YEAR,
    LAST_YEAR,
    OverlapCells,
    ReachTable,
    published_overlap,
    published_reach,
    read_overlap,
    read_reach,
)
from kesher.readers.text import key, truth
from kesher.readers.typed_tables import (
    NO_LABELS,
    Floats,
    Labels,
    Sources,
    TypedTable,
    is_well_known,
    network_code,
    network_label,
)
from kesher.words import Text, same

__all__ = [
    "FUNNEL",
    "GOALS",
    "NETWORKS",
    "OUTCOMES",
    "TRADITIONAL",
    "OverlapCells",
    "ReachTable",
    "network_code",
    "network_label",
    "no_table",
    "published_overlap",
    "published_reach",
    "read_funnel",
    "read_goals",
    "read_networks",
    "read_overlap",
    "read_reach",
    "read_traditional",
]

LABELS = ("label_en", "label_he")
HOURS = ("hours_now", "hours_good", "hours_minimum", "hours_answer")
EXPECTED = ("engagement", "leads", "sales")
NETWORKS = ("network", *LABELS, "present", *HOURS, "cost", "mentions", "competitors", "last_post", *EXPECTED)
GOALS = ("goal", "weight", "zero", "full")
FUNNEL = ("network", "impressions", "clicks", "leads", "customers", "cost", "months")
TRADITIONAL = ("channel", *LABELS, "contacts", "cost")
OUTCOMES = (
    "network", "files", "first_day", "last_day", "days", "posts", "last_post", "impressions", "reach", "interactions",
    "clicks", "followers", "spend", "leads",
)  # fmt: skip

_GOALS = {
    "reach": ("reach", "חשיפה", "היקף חשיפה"),
    "engagement": ("engagement", "מעורבות", "אינטראקציות"),
    "leads": ("leads", "לידים", "פניות"),
    "sales": ("sales", "מכירות"),
    "service": ("service", "customer service", "שירות", "שירות לקוחות"),
}
_GOAL_OF = {key(word): goal for goal, words in _GOALS.items() for word in words}
SHARE_GOALS = ("reach",)  # measured as shares 0-1

_TEXTS = ("network", "goal", "channel", *LABELS)


def no_table(columns: Sequence[str]) -> pd.DataFrame:
    """A table of these columns without rows, of the types that reading gives them, for one that was not given."""
    types = dict.fromkeys(_TEXTS, "str") | {"present": "object"}
    types |= dict.fromkeys(("first_day", "last_day", "last_post"), "datetime64[s]")
    return pd.DataFrame({name: pd.Series(dtype=types.get(name, "float64")) for name in columns})


def _labels(table: TypedTable, known: Sequence[Text]) -> dict[str, pd.Series[str]]:
    """The labels in both languages; a missing one is the ``known`` one, else the other language's.

    Both are "" where neither is given. One that may be a person's is none.
    """
    given = list(zip(*map(table.told, LABELS), strict=True))
    filled = [
        (english or text["en"] or hebrew, hebrew or text["he"] or english) if english or hebrew else ("", "")
        for (english, hebrew), text in zip(given, known, strict=True)
    ]
    return {name: pd.Series([pair[at] for pair in filled], dtype="str") for at, name in enumerate(LABELS)}


def read_networks(
    root: DataRoot,
    spec: str,
    *,
    day_first: Literal["auto", "yes", "no"] = "auto",
    country: str = "",
    labels: Labels = NO_LABELS,
    sources: Sources | None = None,
) -> pd.DataFrame:
    """One row per network, with the columns NETWORKS, of which a table needs only the first.

    Returns network (id), labels ("" where neither is given), present (True, False or None), hours a month
    (float), cost (money a month), mentions (a month), competitors (how many are there), last_post (day or NaT),
    and what good work is expected to bring a month; NaN where blank. Raises DataRefused, all faults
    together.
    """
    table = TypedTable(root, spec, NETWORKS[:1], NETWORKS[1:], labels)
    codes = table.networks()
    known = [network_label(code) if is_well_known(code) else same("") for code in codes]
    frame = pd.DataFrame({"network": pd.Series(codes, dtype="str"), **_labels(table, known)})
    cells = table.cells("present")
    frame["present"] = pd.Series([truth(cell) if cell else None for cell in cells], dtype=object)
    unclear = [bool(cell) and truth(cell) is None for cell in cells]
    table.wrong(unclear, "present", "not_yes_or_no", "This is neither yes nor no.", "Write yes or no.")
    for name in (*HOURS, "cost", "mentions"):
        frame[name] = table.numbers(name)
    frame["competitors"] = table.numbers("competitors", whole=True)
    frame["last_post"] = _days(table, "last_post", day_first, country)
    for name in EXPECTED:
        frame[name] = table.numbers(name)
    above = (frame["hours_minimum"] > frame["hours_good"]).to_numpy()
    what = "The least hours are more than good work takes."
    table.wrong(above, "hours_minimum", "minimum_above_good", what, "Mend one of the two.")
    table.done(sources)
    return frame


def _days(table: TypedTable, name: str, day_first: str, country: str) -> pd.Series[pd.Timestamp]:
    """A column of days, NaT where blank; 03/04 is the third of April only where something says so."""
    cells = table.cells(name)
    found = moments(cells, day_first=day_first)
    if found.order == "ambiguous" and country == "IL":
        said = "no day beyond the 12th tells day from month; the day was read first, as Israel writes."
        table.findings.note("day_first_by_country", 1, said, name)
    elif found.order in ("ambiguous", "mixed"):
        what = "The dates do not tell whether 03/04 is in March or in April."
        table.findings.wrong("ambiguous_dates", what, "Write them as 2026-10-31, or set day_first.", name)
    days = pd.Series(found.seconds.astype("datetime64[s]")).dt.normalize()
    none = ~days.dt.year.between(FIRST_YEAR, LAST_YEAR).to_numpy()
    filled = np.array([bool(cell) for cell in cells])
    table.wrong(none & filled, name, "bad_date", "This is no day.", "Write it as 2026-10-31.")
    return days


def read_goals(root: DataRoot, spec: str, *, sources: Sources | None = None) -> pd.DataFrame:
    """One row per goal: goal (reach, engagement, leads, sales or service), weight, zero, full.

    ``zero`` (0 where blank) and ``full`` are what is worth nothing and everything; of reach they are shares 0-1,
    written as 40, 40% or 0.4, of the others a month's count (of service: mentions on the networks of the set).
    Weights count in proportion. Raises DataRefused, all faults
    together: unknown or repeated goals, weights all zero, full equal to zero.
    """
    table = TypedTable(root, spec, ("goal", "weight", "full"), ("zero",))
    goals = []
    for at, cell in enumerate(table.raw.column("goal")):
        goals.append(goal := _GOAL_OF.get(key(cell), ""))
        if is_total(cell):
            table.raw.wrong(at, "total_row", "This is a row of totals.", "Take it out.", "goal")
        elif not goal:
            remedy = f"Write one of {', '.join(_GOALS)}.{nearest(cell, _GOALS)}"
            table.raw.wrong(at, "unknown_goal", "There is no such goal.", remedy, "goal")
    again = pd.Series(goals).duplicated() & pd.Series(goals).ne("")
    table.wrong(again.to_numpy(), "goal", "duplicate_goal", "The goal comes twice.", "Keep one row of it.")
    weights = _weights(table)
    zero, full = _scales(table, goals)
    table.done(sources)
    return pd.DataFrame({"goal": pd.Series(goals, dtype="str"), "weight": weights, "zero": zero, "full": full})


def _weights(table: TypedTable) -> Floats:
    cells = table.cells("weight")
    if len({"%" in cell for cell in cells if cell}) > 1:
        what, remedy = "Some weights have a percent sign, others none.", "Write all of them one way."
        table.findings.wrong("mixed_percent", what, remedy, "weight")
    weights = table.numbers("weight", needed=True, cells=[cell.replace("%", "") for cell in cells])
    if (weights == 0).all():
        table.findings.wrong("no_weight", "All weights are zero.", "Give one goal a weight.", "weight")
    return weights


def _scales(table: TypedTable, goals: list[str]) -> tuple[Floats, Floats]:
    """What is worth nothing and everything of each goal, of some of them as shares."""
    cells = {name: table.cells(name) for name in ("zero", "full")}
    cells["zero"] = [cell or "0" for cell in cells["zero"]]
    shared = [goal in SHARE_GOALS for goal in goals]
    zero, full = (
        table.numbers(
            name, needed=True, cells=["0" if share else cell for share, cell in zip(shared, one, strict=True)]
        )
        for name, one in cells.items()
    )
    for at in np.flatnonzero(shared).tolist():
        zero[at], full[at] = table.shares([cells["zero"][at], cells["full"][at]], ["zero", "full"], [at, at])
    table.wrong(zero == full, "full", "flat_scale", "Full is equal to zero.", "Write what is worth everything.")
    return zero, full


def read_funnel(
    root: DataRoot, spec: str, *, labels: Labels = NO_LABELS, sources: Sources | None = None
) -> pd.DataFrame:
    """One row per network: network (id), impressions, clicks, leads, customers, cost (money), months; NaN where blank.

    More leads than clicks and more customers than leads are noted: they may come from elsewhere. Raises
    DataRefused, all faults together: clicks above impressions, months not above zero, broken counts.
    """
    table = TypedTable(root, spec, FUNNEL[:1], FUNNEL[1:], labels)
    frame = pd.DataFrame({"network": pd.Series(table.networks(), dtype="str")})
    for name in FUNNEL[1:]:
        frame[name] = table.numbers(name, whole=name not in ("cost", "months"))
    above = (frame["clicks"] > frame["impressions"]).to_numpy()
    what = "There are more clicks than impressions."
    table.wrong(above, "clicks", "clicks_above_impressions", what, "Mend one of the two.")
    months = (frame["months"] <= 0).to_numpy()
    remedy = "Write how many months the row is of, or leave it blank."
    table.wrong(months, "months", "no_months", "The months are not above zero.", remedy)
    for name, other in (("leads", "clicks"), ("customers", "leads")):
        said = f"rows have more {name} than {other}: some came from elsewhere."
        table.findings.note(f"{name}_above_{other}", int((frame[name] > frame[other]).sum()), said, name)
    table.done(sources)
    return frame


def read_traditional(root: DataRoot, spec: str, *, sources: Sources | None = None) -> pd.DataFrame:
    """One row per channel: channel (as named), label_en, label_he, contacts, cost (money); NaN where blank.

    A channel whose name may be a person's is called other 1 and so on. Raises DataRefused, all faults together.
    """
    table = TypedTable(root, spec, TRADITIONAL[:1], TRADITIONAL[1:])
    cells = table.texts("channel")
    table.wrong([not cell for cell in cells], "channel", "missing_channel", "The channel is missing.", "Name it.")
    table.wrong([is_total(cell) for cell in cells], "channel", "total_row", "This is a row of totals.", "Take it out.")
    again = pd.Series([key(cell) for cell in cells]).duplicated().to_numpy() & np.array([bool(cell) for cell in cells])
    table.wrong(again, "channel", "duplicate_channel", "The channel comes twice.", "Keep one row of it.")
    shown = shown_names(cells)
    said = "names may be a person's (seven digits in a row, an @); they are called other 1 and so on."
    table.findings.note("names_hidden", len(cells) - len(quotable(cells)), said, "channel")
    labels = _labels(table, [same("")] * table.size)
    frame = pd.DataFrame({"channel": pd.Series([shown[cell] for cell in cells], dtype="str"), **labels})
    frame["contacts"], frame["cost"] = table.numbers("contacts", whole=True), table.numbers("cost")
    nobody = (frame["contacts"] == 0).to_numpy()
    table.wrong(nobody, "contacts", "no_contacts", "The channel has no contacts.", "Write them, or take the row out.")
    table.done(sources)
    return frame
