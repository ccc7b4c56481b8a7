"""The tables and charts of the like-motivation workbook: what each shows, in which order, under which sentence."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from kesher.answers.like_motivation.material import Material, published_name
from kesher.answers.like_motivation.numbers import why
from kesher.readers.claims import FieldClaim
from kesher.results import Cell, Chart, Column, Number, Table
from kesher.survey.shares import SideShares
from kesher.words import Quantity, Text, same, say

MANY_COMPARISONS = 5  # beyond this many, Benjamini-Hochberg has a say (DESIGN.md section 6 rule 3)
SEGMENT_ROWS = 10  # differences a reader can take in at once
WEAK_R_SQUARED = 0.05
NOTES = ("unmatched_text", "latin1_fallback", "preview_rows", "spam_rows", "partial_rows", "blank_rows", "personal_columns", "unmapped_columns")


@dataclass
class Exhibits:
    """Tables and charts by id, and why an exhibit is missing."""

    tables: dict[str, Table] = field(default_factory=dict)
    charts: dict[str, Chart] = field(default_factory=dict)
    missing: dict[str, Text] = field(default_factory=dict)

    def add(self, chart: Chart, table: Table) -> None:
        """A chart and the table it draws."""
        self.tables[chart.table], self.charts[chart.id] = table, chart


def column(name: str, unit: str, key: str, digits: int = 0, *, signed: bool | None = None) -> Column:
    """A column whose heading stands under ``like.table``."""
    return Column(name=name, unit=unit, label=say(f"like.table.{key}"), digits=digits, signed=signed)


def table(columns: Sequence[Column], records: Iterable[Mapping[str, Any]], title: Text | None = None, note: Text | None = None) -> Table:
    """A Table from records by column name; NaN becomes an empty cell."""
    rows = tuple(tuple(_cell(record.get(item.name)) for item in columns) for record in records)
    return Table(columns=tuple(columns), rows=rows, title=title, note=note)


def _cell(value: Any) -> Cell:
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def exhibits(
    m: Material, numbers: Mapping[str, Number], claims: Sequence[FieldClaim], under: str | None, over: str | None
) -> Exhibits:
    """Everything that is drawn or tabulated; ``under`` and ``over`` are the reasons the headline speaks of."""
    found = Exhibits()
    _gap(m, found, under, over)
    _rank(m, found, under, over)
    _guesses(m, found)
    _segments(m, found)
    _expectations(m, found)
    _offers(m, found)
    _drivers(m, found)
    _service_beside_rewards(m, found)
    _ways(m, found)
    _paired(m, found)
    _programmes(found, numbers, claims)
    _quality(m, found)
    return found


def _gap(m: Material, found: Exhibits, under: str | None, over: str | None) -> None:
    gap, reasons = m.study.gap, m.study.reasons
    if reasons is None:
        found.missing |= dict.fromkeys(("gap", "gaps", "rank"), why(m, "shares.reasons"))
        return
    if gap is None:
        side = reasons.compared()
        found.add(
            Chart(
                id="gap", kind="bars", table="shares", title=say("like.chart.gap.title_customers"), source=m.source, bases=m.bases(),
                roles={"label": "label", "value": "customers.share", "low": "low", "high": "high", "base": "base"},
                subtitle=say("like.chart.gap.subtitle_customers", base=m.base_words),
            ),
            _share_table(m, "reasons", side, "customers.share"),
        )  # fmt: skip
        found.missing |= dict.fromkeys(("gaps", "rank"), why(m, m.gap_missing))
        return
    columns = [
        column("option", "code", "option"),
        column("label", "text", "option"),
        column("customers.share", "share", "customers"),
        column("marketers.share", "share", "marketers"),
        column("gap", "pp", "gap"),
        column("low", "pp", "low"),
        column("high", "pp", "high"),
        column("gap_centred", "pp", "centred"),
        column("rank_customers", "rank", "rank_customers", 1 if _ties(gap.table["customers_rank"]) else 0),
        column("rank_marketers", "rank", "rank_marketers", 1 if _ties(gap.table["marketers_rank"]) else 0),
        column("rank_gap", "rank", "rank_gap", 1 if _ties(gap.table["rank_gap"]) else 0),
        column("distinct", "flag", "distinct"),
        column("accent", "flag", "accent"),
        column("base", "count", "base"),
    ]
    rows = gap.table.rename(
        columns={
            "customers_share": "customers.share", "marketers_share": "marketers.share", "gap_pp": "gap", "gap_low_pp": "low", "gap_high_pp": "high",
            "centred_gap_pp": "gap_centred", "customers_rank": "rank_customers", "marketers_rank": "rank_marketers", "customers_base": "base",
        }
    )  # fmt: skip
    rows["label"] = [m.reason(option) for option in rows["option"]]
    rows["accent"] = rows["option"].isin([option for option in (under, over) if option])
    rows = rows.sort_values("gap", ascending=False, kind="stable")
    many = gap.comparisons > MANY_COMPARISONS
    words = {"over": m.reason(over or ""), "under": m.reason(under or "")}
    kind = "both" if under and over else "under" if under else "over" if over else "none"
    if kind != "none" and m.mode in ("sample", "published_table"):
        kind += "_marketers"
    found.add(
        Chart(
            id="gap", kind="dumbbell", table="gaps", title=say(f"like.chart.gap.title_{kind}", **words), source=m.source, bases=m.bases(),
            roles={"label": "label", "first": "customers.share", "second": "marketers.share", "gap": "gap", "distinct": "distinct", "accent": "accent"},
            subtitle=say(
                "like.chart.gap.subtitle", base=m.base_words, side=say(f"like.side_note.{m.mode}", n=m.marketers_n or 0, study=m.study_name),
                correction=say("like.chart.gap.correction", n=gap.comparisons) if many else same(""),
            ),
            names={"first": say("like.chart.gap.first"), "second": say(f"like.chart.gap.second_{m.mode}", study=m.study_name)},
        ),
        table(columns, rows.to_dict("records"), say("like.table.gaps"), say("like.table.gaps_note")),
    )  # fmt: skip


def _ties(values: pd.Series[float]) -> bool:
    return bool((values % 1 != 0).any())


def _rank(m: Material, found: Exhibits, under: str | None, over: str | None) -> None:
    gap = m.study.gap
    if gap is None or "gaps" not in found.tables:
        return
    if len(gap.table) < 2:
        found.missing["rank"] = say("like.reason.few_options")
        return
    low, high = gap.agreement_low, gap.agreement_high
    reading = "unclear" if low is None or high is None or low <= 0 <= high else "alike" if low > 0 else "opposed"
    if gap.agreement_tau_b is None or low is None or high is None:
        subtitle = say("like.chart.rank.subtitle_bare")
    else:
        tau, bounds = gap.agreement_tau_b, (low, high)
        written = [Quantity(value, "tau", 2) for value in (tau, *bounds)]
        subtitle = say("like.chart.rank.subtitle", tau=written[0], low=written[1], high=written[2], confidence=m.confidence)
    found.charts["rank"] = Chart(
        id="rank", kind="slope", table="gaps", source=m.source, bases=m.bases(), subtitle=subtitle,
        title=say("like.chart.rank.title", reading=say(f"like.chart.rank.reading_{reading}")),
        roles={"label": "label", "first": "rank_customers", "second": "rank_marketers", "accent": "accent"},
        names={"first": say("like.chart.rank.first"), "second": say(f"like.chart.gap.second_{m.mode}", study=m.study_name)},
    )  # fmt: skip


def _share_table(m: Material, question: str, side: SideShares, name: str, reference: Mapping[str, float] | None = None) -> Table:
    """Shares of one question with interval and base, largest first; ``reference`` a published share per option."""
    columns = [
        column("option", "code", "option"),
        column("label", "text", "expectation" if question == "expectations" else "option"),
        column(name, "share", "share"),
        column("low", "share", "low"),
        column("high", "share", "high"),
        column("base", "count", "base"),
    ]
    rows = side.table().rename(columns={"share": name})
    rows["label"] = [m.label(question, option) for option in rows["option"]]
    if reference is not None:
        columns.append(column("reference", "share", "reference"))
        rows["reference"] = [reference.get(option) for option in rows["option"]]
    return table(columns, rows.sort_values(name, ascending=False, kind="stable").to_dict("records"))


def _guesses(m: Material, found: Exhibits) -> None:
    study, reasons = m.study.guesses, m.study.reasons
    if study is None or reasons is None:
        found.missing["guesses"] = why(m, "guesses") if m.mode == "sealed_guesses" else say("like.reason.no_guesses")
        return
    rows = study.table.assign(size=study.table["surprise_pp"].abs()).sort_values("customers_share", ascending=False)
    intervals = reasons.table().set_index("option")
    rows["label"] = [m.reason(option) for option in rows["option"]]
    rows["low"], rows["high"] = (intervals.loc[rows["option"], end].to_numpy() for end in ("low", "high"))
    columns = [
        column("option", "code", "option"),
        column("label", "text", "option"),
        column("customers.share", "share", "customers"),
        column("low", "share", "low"),
        column("high", "share", "high"),
        column("marketers.share", "share", "guess"),
        column("guess_low", "share", "guess_low"),
        column("guess_high", "share", "guess_high"),
        column("gap", "pp", "gap"),
    ]
    rows = rows.rename(
        columns={
            "customers_share": "customers.share", "median_guess": "marketers.share", "lowest_guess": "guess_low",
            "highest_guess": "guess_high", "surprise_pp": "gap",
        }
    )  # fmt: skip
    found.add(
        Chart(
            id="guesses", kind="range", table="guesses", source=m.source, bases=m.bases(),
            title=say("like.chart.guesses.title", surprise=Quantity(study.surprise_pp, "pp")),
            subtitle=say("like.chart.guesses.subtitle", n=study.guessers, confidence=m.confidence),
            roles={"label": "label", "actual": "customers.share", "low": "low", "high": "high", "guess": "marketers.share", "guess_low": "guess_low", "guess_high": "guess_high"},
            names={"actual": say("like.chart.guesses.actual"), "guess": say("like.chart.guesses.guess")},
        ),
        table(columns, rows.to_dict("records")),
    )  # fmt: skip
    if len(study.waves) > 1:
        columns = [column("wave", "count", "wave"), column("people", "count", "people"), column("error", "pp", "error", 1, signed=False)]
        waves = study.waves.rename(columns={"guessers": "people", "surprise_pp": "error"})
        found.tables["waves"] = table(columns, waves.to_dict("records"), say("like.table.waves"))


def _segments(m: Material, found: Exhibits) -> None:
    study = m.study.segments
    if study is None:
        found.missing["segments"] = why(m, "segments")
        return
    columns = [
        column("segment", "code", "segment"),
        column("group", "text", "segment"),
        column("option", "code", "option"),
        column("label", "text", "option"),
        column("share", "share", "share"),
        column("difference", "pp", "difference"),
        column("low", "pp", "low"),
        column("high", "pp", "high"),
        column("distinct", "flag", "distinct"),
        column("grey", "flag", "grey"),
        column("base", "count", "base"),
    ]
    rows = study.table[study.table["status"] != "withheld"].drop(columns=["low", "high"])
    rows = rows.rename(columns={"difference_pp": "difference", "low_pp": "low", "high_pp": "high"})
    if rows.empty:
        found.missing["segments"] = say("disclosure.withheld", threshold=m.params.withhold_below)
        return
    rows["group"] = [m.label(segment, level) for segment, level in zip(rows["segment"], rows["level"], strict=True)]
    rows["label"] = [m.reason(option) for option in rows["option"]]
    rows["grey"] = rows["status"] == "grey"
    rows["size"] = rows["difference"].abs()
    rows = rows.sort_values(["distinct", "size"], ascending=False, kind="stable")
    found.tables["segments_all"] = table(columns, rows.to_dict("records"), say("like.table.segments"))
    top = _one_of_two(rows).head(SEGMENT_ROWS)
    widest = top.groupby(["segment", "level"])["size"].transform("max")
    top = top.assign(widest=widest).sort_values(["widest", "segment", "level", "difference"], ascending=False, kind="stable")
    best = rows.iloc[0]
    title = (
        say("like.chart.segments.title", option=best["label"], level=best["group"])
        if best["distinct"]
        else say("like.chart.segments.title_none")
    )
    found.add(
        Chart(
            id="segments", kind="difference", table="segments", title=title, source=m.source, bases=m.bases(marketers=False),
            subtitle=say("like.chart.segments.subtitle", n=study.comparisons),
            roles={"label": "label", "group": "group", "value": "difference", "low": "low", "high": "high", "distinct": "distinct"},
        ),
        table(columns, top.to_dict("records")),
    )  # fmt: skip


def _one_of_two(rows: pd.DataFrame) -> pd.DataFrame:
    """Of a segment with two levels only the larger difference: the other is its mirror image."""
    levels = rows.groupby("segment")["level"].transform("nunique")
    return rows[(levels > 2) | ~rows.duplicated(["segment", "option"]) | (levels == 1)]


def _expectations(m: Material, found: Exhibits) -> None:
    side = m.study.expectations
    if side is None:
        asked = "expectations" in m.data.customers.questions
        found.missing["expectations"] = why(m, "shares.expectations") if asked else say("like.reason.no_expectations")
        return
    published, reference, subtitle = m.data.expected, None, say("like.chart.expectations.subtitle_bare", base=m.base_words)
    if published is not None:
        shares = published.items.set_index("item")["share"]
        items = {option.option: option.published_item for option in m.data.options.get("expectations", [])}
        reference = {option: float(shares[item]) for option, item in items.items() if item in shares.index}
        if reference:
            first = published.items.iloc[0]
            subtitle = say("like.chart.expectations.subtitle", base=m.base_words, study=published_name(published)["en"], country=str(first["country"]))
        else:
            reference = None
    compared = side.compared()
    top = compared.table().sort_values("share", ascending=False).iloc[0]
    roles = {"label": "label", "value": "expectation", "low": "low", "high": "high", "base": "base"}
    title = say("like.chart.expectations.title", p=Quantity(top["share"], "share"), option=m.label("expectations", top["option"]))
    found.add(
        Chart(
            id="expectations", kind="bars", table="expectations", title=title, subtitle=subtitle, source=m.source, bases=m.bases(marketers=False),
            roles=roles | ({"reference": "reference"} if reference else {}),
            names={"reference": published_name(published)} if published and reference else {},
        ),
        _share_table(m, "expectations", compared, "expectation", reference),
    )  # fmt: skip


def _offers(m: Material, found: Exhibits) -> None:
    offers = m.study.offers
    if offers is None or not offers.sets:
        found.missing["offers"] = why(m, "offers")
        return
    columns = [
        column("size", "count", "size"),
        column("label", "text", "set"),
        column("reach", "share", "reach"),
        column("low", "share", "low"),
        column("high", "share", "high"),
        column("win_rate", "share", "win_rate"),
        column("tied", "count", "tied"),
        column("base", "count", "base"),
    ]
    records = [
        {
            "size": one.size,
            "label": say("like.chart.offers.set", k=one.size, options=[m.label("expectations", option) for option in one.best]),
            "reach": one.reach,
            "low": one.low,
            "high": one.high,
            "win_rate": one.win_rate,
            "tied": len(one.tied),
            "base": offers.base,
        }
        for one in offers.sets
    ]
    largest = offers.sets[-1]
    open_sets = next((one for one in reversed(offers.sets) if len(one.tied) > 1), None)
    tied = say("like.chart.offers.tied_some", k=open_sets.size, n=len(open_sets.tied)) if open_sets else say("like.chart.offers.tied_one")
    title = say("like.chart.offers.title", n=largest.size, p=Quantity(largest.reach, "share"))
    found.add(
        Chart(
            id="offers", kind="bars", table="offers", title=title, subtitle=say("like.chart.offers.subtitle", tied=tied), source=m.source,
            bases=m.bases(marketers=False), roles={"label": "label", "value": "reach", "low": "low", "high": "high", "base": "base"},
        ),
        table(columns, records),
    )  # fmt: skip


def _drivers(m: Material, found: Exhibits) -> None:
    study = m.study.drivers.get("recommend") or m.study.drivers.get("loyalty")
    if study is None:
        found.missing["drivers"] = why(m, "drivers.recommend")
        return
    outcome = say(f"like.chart.drivers.{study.outcome}")
    rows = study.table.rename(columns={"weight": "value", "item": "option"})
    rows["label"] = [m.reason(option) for option in rows["option"]]
    rows["base"] = study.base
    columns = [
        column("option", "code", "option"),
        column("label", "text", "option"),
        column("value", "share", "weight", 1),
        column("low", "share", "low", 1),
        column("high", "share", "high", 1),
        column("base", "count", "base"),
    ]
    first, second = rows.iloc[0], rows.iloc[1] if len(rows) > 1 else None
    clear = second is None or first["low"] > second["high"]
    key = "title_weak" if study.r_squared_high < WEAK_R_SQUARED else "title" if clear else "title_tied"
    found.add(
        Chart(
            id="drivers", kind="bars", table="drivers", title=say(f"like.chart.drivers.{key}", option=first["label"], outcome=outcome),
            subtitle=say("like.chart.drivers.subtitle", outcome=outcome, r2=Quantity(study.r_squared, "share")), source=m.source,
            bases=m.bases(marketers=False), roles={"label": "label", "value": "value", "low": "low", "high": "high", "base": "base"},
        ),
        table(columns, rows.to_dict("records")),
    )  # fmt: skip


def _service_beside_rewards(m: Material, found: Exhibits) -> None:
    """What part of recommendation goes with service and what part with rewards, as reasons and as ratings."""
    fits = [("ticked", m.study.drivers.get("recommend")), ("rated", m.study.driver_scales.get("recommend"))]
    records = []
    for kind, fit in fits:
        groups = fit.groups.set_index("group") if fit is not None else pd.DataFrame()
        if fit is None or not {"service", "rewards"} <= set(groups.index) or fit.group_gaps.empty:
            continue
        gap = fit.group_gaps.iloc[0]
        distinct = bool(gap["low"] > 0 or gap["high"] < 0)
        parts = {name: _between(*groups.loc[name, ["weight", "low", "high"]]) for name in ("service", "rewards")}
        records.append({"measure": say(f"like.table.{kind}"), **parts, "base": fit.base, "distinct": distinct})
    if not records:
        found.missing["service_rewards"] = why(m, "drivers.recommend")
        return
    columns = [column("measure", "text", "measure"), column("service", "text", "service"), column("rewards", "text", "rewards"),
               column("distinct", "flag", "distinct"), column("base", "count", "base")]  # fmt: skip
    found.tables["service_rewards"] = table(columns, records, say("like.table.service_rewards"), say("like.explain.drivers"))


def _between(value: float, low: float, high: float) -> Text:
    shown = {name: Quantity(float(end), "share", 1) for name, end in (("value", value), ("low", low), ("high", high))}
    return say("like.table.with_interval", **shown)


def _ways(m: Material, found: Exhibits) -> None:
    """Service beside rewards: what customers say builds loyalty, and ClickFox's figures beside it."""
    side = m.study.shares.get("ways")
    if side is None:
        found.missing["ways"] = say("like.reason.no_column")
        return
    items = {option.option: option.published_item for option in m.data.options.get("ways", [])}
    published = m.data.ways
    shares = published.items.set_index("item")["share"] if published else pd.Series(dtype=float)
    reference = {option: float(shares[item]) for option, item in items.items() if item in shares.index}
    rows = side.table().sort_values("share", ascending=False)
    top = rows.iloc[0]
    roles = {"label": "label", "value": "ways", "low": "low", "high": "high", "base": "base"}
    found.add(
        Chart(
            id="ways", kind="bars", table="ways", source=m.source, bases=m.bases(marketers=False),
            title=say("like.chart.ways.title", option=m.label("ways", top["option"]), p=Quantity(top["share"], "share")),
            subtitle=say("like.chart.ways.subtitle", base=m.base_words),
            roles=roles | ({"reference": "reference"} if reference else {}),
            names={"reference": published_name(published)} if published and reference else {},
        ),
        _share_table(m, "ways", side, "ways", reference or None),
    )  # fmt: skip


def _paired(m: Material, found: Exhibits) -> None:
    study = m.study.paired
    if study is None:
        found.missing["paired"] = why(m, "paired")
        return
    columns = [
        column("first", "text", "option"),
        column("second", "text", "second"),
        column("difference", "pp", "difference"),
        column("low", "pp", "low"),
        column("high", "pp", "high"),
        column("distinct", "flag", "distinct"),
    ]
    leader = study.pairs["option_a"].iloc[0] if study.leaders == () else study.leaders[0]
    rows = study.pairs[study.pairs["option_a"] == leader].rename(columns={"difference_pp": "difference", "low_pp": "low", "high_pp": "high"})
    rows = rows.assign(first=[m.reason(option) for option in rows["option_a"]], second=[m.reason(option) for option in rows["option_b"]])
    found.tables["paired"] = table(columns, rows.to_dict("records"), say("like.table.paired"), say("like.explain.paired"))


def _programmes(found: Exhibits, numbers: Mapping[str, Number], claims: Sequence[FieldClaim]) -> None:
    """Memberships held and used, beside what is published: the client's country first."""
    columns = [
        column("measure", "text", "measure"),
        column("here", "text", "value"),
        column("base", "count", "base"),
        column("published", "text", "reference"),
    ]
    records = []
    for id in ("programmes.enrolled_mean", "programmes.active_mean", "programmes.active_share"):
        one = numbers[id]
        beside = [_published(claim) for claim in claims if claim.number_id == id]
        published = say("like.table.beside", figures=beside) if beside else None
        records.append({"measure": one.label, "here": shown(one), "base": one.base.get("customers"), "published": published})
    found.tables["programmes"] = table(columns, records, say("like.table.programmes"), say("like.table.programmes_note"))


def _published(claim: FieldClaim) -> Text:
    digits = 0 if claim.unit == "share" or claim.value % 1 == 0 else 1
    value = Quantity(claim.value, claim.unit, digits)
    year = f" {claim.year}" if claim.year else ""
    return say("like.table.published", value=value, base=claim.base, place=claim.country + year)


def shown(one: Number) -> Text:
    """A number as a reader sees it, with its interval, or the reason why there is none."""
    if one.value is None:
        return one.reason or same("")
    if one.low is None or one.high is None:
        return say("like.table.bare", value=Quantity(one.value, one.unit, one.digits))
    value, low, high = (Quantity(end, one.unit, one.digits) for end in (one.value, one.low, one.high))
    return say("like.table.with_interval", value=value, low=low, high=high)


def _quality(m: Material, found: Exhibits) -> None:
    quality = m.study.quality
    used = m.used.questions.get("reasons")
    columns = [column("measure", "text", "measure"), column("count", "count", "count")]
    records = [
        {"measure": say("like.quality.rows_in"), "count": m.data.customers.source.rows},
        {"measure": say("like.quality.rows_used"), "count": m.study.rows_used},
    ]
    for kind in ("asked", "answered", "ticked") if used is not None else ():
        records.append({"measure": say(f"like.quality.rows_{kind}", pressed=m.pressed), "count": int(used.base(kind).sum())})  # type: ignore[union-attr,arg-type]
    found.tables["quality_rows"] = table(columns, records, say("like.table.rows"))
    flags = [
        {
            "measure": say(f"like.quality.{row['flag']}", seconds=Quantity(quality.fast_seconds or 0, "count")),
            "count": int(row["rows"]),
            "excluded": int(row["excluded"]),
            "grade": say(f"like.quality.{row['grade']}"),
        }
        for row in quality.counts.to_dict("records")
        if row["testable"]
    ]
    flags.append({"measure": say("like.quality.identical"), "count": quality.identical_answers, "excluded": 0, "grade": say("like.quality.info")})
    columns = [
        column("measure", "text", "flag"),
        column("count", "count", "count"),
        column("excluded", "count", "used"),
        column("grade", "text", "grade"),
    ]
    found.tables["quality_flags"] = table(columns, flags, say("like.table.flags"))
    records = [
        {"measure": say(f"like.note.{note.code}"), "count": note.count}
        for note in m.data.customers.source.notes
        if note.code in NOTES
    ]
    if records:
        found.tables["quality_notes"] = table(
            [column("measure", "text", "flag"), column("count", "count", "count")], records, say("like.table.notes")
        )


