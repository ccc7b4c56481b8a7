"""Tables and charts of the audience, the sets that reach it, what capacity allows, leads, and the quality of data."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from kesher.answers.channel_selection.material import Material
from kesher.answers.channel_selection.numbers import (
    PAIR,
    added,
    bracket_of,
    chosen_reach,
    gives_away,
    set_found,
    told_exactly,
)
from kesher.answers.channel_selection.work import work
from kesher.answers.figures import Exhibits
from kesher.answers.sheet import Sheet
from kesher.results import Number
from kesher.stats import share_interval
from kesher.stats.reach import BestSet
from kesher.words import Quantity

MOST_SETS = 12  # drawn of one size
MOST_BARS = 22  # networks drawn
MOST_MATRIX = 12  # networks of a matrix
MOST_NAMED = 4  # networks named in a title

# The columns of each table: name:unit:heading:digits, the heading a key below channel.table, the name where left out.
REACH = (
    "network:code label:text:network reach:share low:share high:share population:share grey:flag publish:flag "
    "users:count"
)
INDEX = "network:code label:text:network index:ratio::2 low:ratio::2 high:ratio::2 distinct:flag"
SETS = (
    "k:count:networks_count rank:count:place networks:text reach:share low:share high:share adds:pp:adds:1 "
    "win_rate:share tied:flag"
)
SIZES = "k:count:networks_count label:text:set reach:share low:share high:share chosen:flag"
PAIRS = "label:text:set reach:share low:share high:share chosen:flag win_rate:share"
OVERLAP = (
    "network:code other:code label:text:users_of other_label:text:also_on share:share low:share high:share base:count"
)
MEMBERS = "label:text:network share:share:on_it only:pp:only:1"
PUBLISHED = "label:text:network here:text published:text"


def exhibits(m: Material, numbers: Mapping[str, Number]) -> Exhibits:
    """Every table and chart, or why it is missing."""
    sheet: Sheet[Material] = Sheet(m)
    for part in (_audience, _overlap, _sets):
        part(sheet, numbers)
    work(sheet, numbers)
    return sheet.done()


def _audience(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    m, found = sheet.m, sheet.m.study.audience
    if found is None:
        sheet.missing(m.why("audience"), "reach", "index", "published")
        return
    hidden, without = 0 < found.base < m.params.withhold_below, gives_away(m)
    records = [
        row | {"label": m.network(row["network"]), "publish": row["network"] in m.chosen,
               "grey": 0 < found.base < m.params.grey_below} | ({"population": None} if without else {})
        for row in found.table.head(MOST_BARS).to_dict("records")
    ]  # fmt: skip
    if hidden:
        sheet.missing(m.reason("withheld"), "reach", "index", "published")
        return
    sheet.table("reach", REACH, records, title=False, small=("users",))
    many = not without and (found.population_base or found.index_reason is None)
    roles = "label value:reach low high grey accent:publish" + " reference:population" * bool(many)
    names = {"value": m.say("chart.reach.value"), "reference": m.say("chart.reach.reference"), "grey": sheet.grey}
    key, title = _largest(m, {row["network"]: row["reach"] for row in records})
    subtitle = {"audience": m.audience, "base": m.say(f"base.{m.params.base}")}
    sheet.chart("reach", "bars", roles, title, key=key, subtitle=subtitle, names=names, bases=m.bases,
                under="subtitle" if m.study.source == "respondents" else "subtitle_table")  # fmt: skip
    if without or found.index_reason is not None:
        sheet.missing(m.reason("withheld" if without else found.index_reason or "unknown"), "index")
    else:
        _index(sheet, records)
    _published(sheet, numbers)


def _largest(m: Material, reach: Mapping[str, float]) -> tuple[str, dict[str, Any]]:
    """Which network reaches most, as far as that can be told: the key and the words of a title."""
    leaders = m.leaders or list(reach)[:1]
    shares = [reach[id] for id in leaders if id in reach]
    words: dict[str, Any] = {"network": m.network(leaders[0]), "share": Quantity(max(shares), "share")}
    if len(leaders) == 1:
        return "title", words
    words |= {"networks": m.networks(leaders), "n": len(leaders), "low": Quantity(min(shares), "share")}
    return ("title_together" if len(leaders) <= MOST_NAMED else "title_many"), words


def _index(sheet: Sheet[Material], records: list[dict[Any, Any]]) -> None:
    m = sheet.m
    rows = [
        row | {"low": row["index_low"], "high": row["index_high"], "distinct": bool(row["distinct"])}
        for row in sorted(records, key=lambda row: -row["index"] if math.isfinite(row["index"]) else 0)
        if math.isfinite(row["index"])
    ]
    sheet.table("index", INDEX, rows, title=False)
    above = [row for row in rows if row["distinct"] and row["index"] > 1]
    key = "title_none" if not above else "title_many" if len(above) > MOST_NAMED else "title"
    title: dict[str, Any] = {"networks": m.on([row["network"] for row in above]), "n": len(above)}
    title |= {end: Quantity(above[at]["index"], "ratio", 2) for end, at in (("index", 0), ("low", -1)) if above}
    names = {"negative": m.say("chart.index.below"), "positive": m.say("chart.index.above")}
    sheet.chart("index", "index", "label value:index low high distinct", title, key=key, names=names,
                subtitle={"audience": m.audience}, bases=m.bases)  # fmt: skip


def _published(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    """What others have published of the same networks: other wordings and bases, so never defaults."""
    m = sheet.m
    records = [
        {"label": m.network(id), "here": m.figures.shown(one), "published": said}
        for id in m.reached
        if (one := numbers.get(f"reach.{id}")) is not None and (said := sheet.published(one.id)) is not None
    ]
    if records:
        sheet.table("published", PUBLISHED, records, m.say("table.published_note"))
    else:
        sheet.missing(m.reason("no_published"), "published")


def _overlap(sheet: Sheet[Material], _: Mapping[str, Number]) -> None:
    m, found = sheet.m, sheet.m.study.audience
    if found is None or found.overlap.empty:
        sheet.missing(m.why("audience") if found is None else m.reason("marginals_only"), "overlap")
        return
    few = {row["network"] for row in found.overlap.to_dict("records") if 0 < row["base"] < m.params.withhold_below}
    records = [
        row | {"label": m.network(row["network"]), "other_label": m.network(row["other"])}
        for row in found.overlap.to_dict("records")
        if not {row["network"], row["other"]} & few
    ]
    if not records:
        sheet.missing(m.reason("withheld"), "overlap")
        return
    sheet.table("overlap", OVERLAP, records, m.say("table.overlap_note"))
    drawn = m.reached[:MOST_MATRIX]
    kept = [row for row in records if row["network"] in drawn and row["other"] in drawn]
    ours = [row for row in kept if {row["network"], row["other"]} <= {*m.chosen}]
    top = (ours or kept)[0]  # of the choice's networks, not the largest of so many shares
    title = {"network": top["label"], "other": top["other_label"], "share": Quantity(top["share"], "share")}
    names = {"row": m.say("chart.overlap.row"), "column": m.say("chart.overlap.column")}
    sheet.chart("overlap", "matrix", "row:label column:other_label value:share low high base", title, names=names,
                subtitle={"audience": m.audience}, bases=m.bases)  # fmt: skip


def _rows_of(m: Material, best: BestSet) -> Iterator[dict[str, Any]]:
    """The sets of one size as the table ``sets`` has them, the best first."""
    (top, low_of, high_of), *_ = set_found(m, best)
    for place, row in enumerate(best.ranked.to_dict("records"), 1):
        reach, low, high, adds = row["reach"], row["low"], row["high"], row["adds_pp"]
        if tuple(row["names"]) == best.best:  # as the number sets.<k>.reach has it
            reach, low, high, adds = top, low_of, high_of, added(m, best)
        elif m.study.table is not None and not told_exactly(m, best.size):
            low, high = bracket_of(m, row["names"])
            reach = min(max(reach, low), high)
        shown = {"reach": reach, "low": low, "high": high, "adds": adds, "win_rate": row["win_rate"]}
        yield {"k": best.size, "rank": place, "networks": m.joined(row["names"]), "tied": bool(row["tied"]), **shown,
               "ids": tuple(row["names"])}  # fmt: skip


def _sets(sheet: Sheet[Material], numbers: Mapping[str, Number]) -> None:
    m, study = sheet.m, sheet.m.study
    if study.sets is None:
        _bounded(sheet)
        return
    rows = [row for best in study.sets.sets for row in _rows_of(m, best)]
    note, more = (
        m.say(f"table.sets_note{'_joint' if m.bracketed else ''}"),
        sum(one.more_tied for one in study.sets.sets),
    )
    sheet.table("sets", SETS, rows, m.sentences(note, m.say("table.sets_more", n=more)) if more else note)
    _sizes(sheet, study.sets.sets, numbers)
    size = len(m.chosen) or min(m.params.publish_most, len(study.sets.sets))
    best = m.best(size)
    if best is None:
        sheet.missing(m.reason("no_such_set"), "pairs", "members")
        return
    _pairs(sheet, best)
    if study.members is None:
        sheet.missing(m.why("choice") if study.choice is None else m.idle, "members")
        return
    adds = [row | {"label": m.network(row["network"])} for row in study.members.to_dict("records")]
    note = m.say("table.members_note")
    sheet.found.tables["members"] = m.figures.table(MEMBERS, adds, "members", note, unsigned=("only",))


def _pairs(sheet: Sheet[Material], best: BestSet) -> None:
    """The sets of the choice's size, those that tie first, and the choice where it is not among them."""
    m, rows = sheet.m, list(_rows_of(sheet.m, best))[:MOST_SETS]
    if not m.bracketed:  # side by side as observed: the best alone is corrected elsewhere, and would fall behind
        low, high = share_interval(best.reach_observed, m.effective_base, m.params.confidence)
        rows[0] |= {"reach": best.reach_observed, "low": float(low), "high": float(high)}
    pairs = [row | {"label": row["networks"], "chosen": set(row["ids"]) == set(m.chosen)} for row in rows]
    if m.chosen and not any(row["chosen"] for row in pairs):
        reach, low, high = chosen_reach(m)
        pairs.append({"label": m.joined(m.chosen), "reach": reach, "low": low, "high": high, "chosen": True})
    sheet.table("pairs", PAIRS, pairs, title=False)
    n, rate, size = m.tied_count(best), best.win_rate, m.say("size", n=best.size)
    key = (
        "title_unsure" if rate is None else "title" if n == 1 else "title_tied" if n <= MOST_SETS else "title_tied_many"
    )
    title = {"n": n, "shown": min(n, MOST_SETS), "set": m.joined(best.best), "size": size,
             "rate": Quantity(rate or 0.0, "share")}  # fmt: skip
    under = "subtitle" if not m.bracketed else "subtitle_pair" if told_exactly(m, best.size) else "subtitle_joint"
    sheet.chart("pairs", "bars", "label value:reach low high accent:chosen", title, key=key,
                subtitle={"audience": m.audience, "size": size}, bases=m.bases, under=under)  # fmt: skip


def _sizes(sheet: Sheet[Material], sets: tuple[BestSet, ...], numbers: Mapping[str, Number]) -> None:
    """The reach of the best set of every size: what one more network adds."""
    m = sheet.m
    rows = []
    for best in sets:
        reach, low, high = set_found(m, best)[0]
        label = m.say("chart.sizes.set", k=best.size, set=m.joined(best.best))
        chosen = set(best.best) == set(m.chosen)
        rows.append({"k": best.size, "label": label, "reach": reach, "low": low, "high": high, "chosen": chosen})
    sheet.table("sizes", SIZES, rows, title=False)
    size = len(m.chosen) or 1
    here, after = numbers.get(f"sets.{size}.reach"), numbers.get(f"sets.{size + 1}.adds")
    key = "title_plain"
    title: dict[str, Any] = {"n": size}
    if here is not None and here.value is not None:
        title |= {"share": Quantity(here.value, "share")}
        if after is not None and after.value is not None:
            key, title = "title", title | {"adds": Quantity(max(after.value, 0.0), "pp", 1)}
    sheet.chart("sizes", "bars", "label value:reach low high accent:chosen", title, key=key,
                subtitle={"audience": m.audience}, bases=m.bases,
                under="subtitle_joint" if m.bracketed else "subtitle")  # fmt: skip


def _bounded(sheet: Sheet[Material]) -> None:
    """Where only the reach of each network is known: what a set's reach may be."""
    m, marginal = sheet.m, sheet.m.study.marginal
    if marginal is None:
        sheet.missing(m.why("sets", "marginal", "audience"), "sets", "sizes", "pairs", "members")
        return
    found = m.study.audience.table.set_index("network") if m.study.audience is not None else None
    rows = []
    for row in marginal.table.to_dict("records"):
        bounds = {"reach": row["independent"], "low": row["low"], "high": row["high"]}
        if row["k"] == 1 and found is not None:
            bounds = {name: found[name][row["names"][0]] for name in bounds}  # one network is known as it was asked
        rows.append({"k": row["k"], "rank": row["rank"], "networks": m.joined(row["names"]), "tied": bool(row["tied"]),
                     **bounds})  # fmt: skip
    sheet.table("sets", SETS, rows, m.say("table.sets_note_bounds"))
    size = max(m.params.publish_most, PAIR)  # of single networks the chart of reach tells
    pairs = [row | {"label": row["networks"], "chosen": False} for row in rows if row["k"] == size]
    if not pairs:
        sheet.missing(m.reason("no_such_set"), "pairs")
    else:
        sheet.table("pairs", PAIRS, pairs[:MOST_SETS], title=False)
        words = {"size": m.say("size", n=size)}
        subtitle = {"audience": m.audience, **words}
        sheet.chart("pairs", "bars", "label value:reach low high", words, key="title_bounds", subtitle=subtitle,
                    bases=m.bases, under="subtitle_bounds")  # fmt: skip
    sheet.missing(m.reason("marginals_only"), "sizes", "members")
