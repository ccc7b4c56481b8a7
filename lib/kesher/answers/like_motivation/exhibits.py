"""The tables and charts of the like-motivation workbook: what each shows, in which order, under which sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from kesher.answers.figures import Exhibits, with_words
from kesher.answers.like_motivation.material import Material, published_name
from kesher.answers.like_motivation.numbers import why
from kesher.readers import PublishedTable
from kesher.readers.claims import FieldClaim
from kesher.results import Chart, Number, Table
from kesher.survey.shares import SideShares
from kesher.words import Quantity, Text, both, same, say

MANY_COMPARISONS = 5  # beyond this many, Benjamini-Hochberg has a say (DESIGN.md section 6 rule 3)
PAIR_ROWS = 8
SEGMENT_ROWS = 10  # differences a reader can take in at once
WEAK_R_SQUARED = 0.01  # where the interval of R² reaches down to nothing, no reason may be called important
NOTES = ("unmatched_text", "latin1_fallback", "preview_rows", "spam_rows", "partial_rows", "blank_rows",
         "personal_columns", "unmapped_columns")  # fmt: skip

# The columns of each table: name:unit:heading:digits, the heading a key below like.table, the name where left out.
GAPS = (
    "option:code label:text:option customers.share:share:customers marketers.share:share:marketers gap:pp low:pp "
    "high:pp gap_centred:pp:centred rank_customers:rank rank_marketers:rank rank_gap:rank distinct:flag accent:flag "
    "base:count"
)
BARS = "option:code label:text:option value:share:share low:share high:share base:count"
DRIVERS = "option:code label:text:option value:share:weight:1 low:share::1 high:share::1 base:count"
GUESSES = (
    "option:code label:text:option customers.share:share:customers low:share high:share marketers.share:share:guess "
    "guess_low:share guess_high:share gap:pp"
)
SEGMENTS = (
    "segment:code group:text:segment option:code label:text:option share:share difference:pp low:pp high:pp "
    "distinct:flag grey:flag base:count"
)
OFFERS = "size:count label:text:set value:share:reach low:share high:share win_rate:share tied:count base:count"
PAIRED = "first:text:option second:text difference:pp low:pp high:pp distinct:flag"
SERVICE = "measure:text service:text rewards:text distinct:flag base:count"
PAIRS = "first:text:option second:text:expectation ratio:ratio:times:1 p:ratio:p_value:3"
PROGRAMMES = "measure:text here:text:value base:count published:text:reference"
WAVES = "wave:count people:count error:pp::1"
COUNTS = "measure:text count:count"
FLAGS = "measure:text:flag count:count excluded:count:used grade:text"
BAR_ROLES = {role: role for role in ("label", "value", "low", "high", "base")}


def exhibits(
    m: Material, numbers: Mapping[str, Number], claims: Sequence[FieldClaim], under: str | None, over: str | None
) -> Exhibits:
    """Everything that is drawn or tabulated; ``under`` and ``over`` are the reasons the headline speaks of."""
    found = Exhibits()
    _gap(m, found, under, over)
    _rank(m, found)
    _guesses(m, found)
    _segments(m, found)
    _expectations(m, found)
    _offers(m, found)
    _drivers(m, found)
    _service_beside_rewards(m, found)
    _ways(m, found)
    _paired(m, found)
    _pairs(m, found)
    _programmes(m, found, numbers, claims)
    _quality(m, found)
    found.missing = {
        id: say("like.exhibit.line", exhibit=say(f"like.exhibit.{id}"), reason=reason)
        for id, reason in found.missing.items()
    }
    return found


def _gap(m: Material, found: Exhibits, under: str | None, over: str | None) -> None:
    gap, reasons = m.study.gap, m.study.reasons
    if reasons is None:
        found.missing |= dict.fromkeys(("gap", "gaps", "rank"), why(m, "shares.reasons"))
        return
    if gap is None:
        found.missing |= dict.fromkeys(("gaps", "rank"), why(m, m.gap_missing))
        title, subtitle = (
            say("like.chart.gap.title_customers"),
            say("like.chart.gap.subtitle_customers", base=m.base_words),
        )
        _bars(m, found, "gap", "reasons", reasons.compared(), title, subtitle)
        return
    rows = gap.table.rename(columns={
        "customers_share": "customers.share", "marketers_share": "marketers.share", "gap_pp": "gap",
        "gap_low_pp": "low", "gap_high_pp": "high", "centred_gap_pp": "gap_centred", "customers_rank": "rank_customers",
        "marketers_rank": "rank_marketers", "customers_base": "base",
    })  # fmt: skip
    rows["accent"] = rows["option"].isin([option for option in (under, over) if option])
    rows = rows.sort_values("gap", ascending=False, kind="stable")
    records = with_words(rows, label=lambda record: m.reason(record["option"]))
    found.tables["gaps"] = m.figures.table(GAPS, records, "gaps", say("like.table.gaps_note"))
    kind = "both" if under and over else "under" if under else "over" if over else "none"
    if kind != "none":
        kind += {"sample": "_marketers", "published_table": "_published"}.get(m.mode, "")  # Hebrew needs the plural
    many = say("like.chart.gap.correction", n=gap.comparisons) if gap.comparisons > MANY_COMPARISONS else same("")
    found.charts["gap"] = Chart(
        id="gap",
        kind="dumbbell",
        table="gaps",
        roles={"label": "label", "first": "customers.share", "second": "marketers.share"}
        | {role: role for role in ("gap", "distinct", "accent")},
        title=say(
            f"like.chart.gap.title_{kind}", over=m.reason(over or ""), under=m.reason(under or ""), study=m.study_name
        ),
        subtitle=say("like.chart.gap.subtitle", base=m.base_words, side=m.side_note, correction=many),
        source=m.source,
        bases=m.bases(),
        names={"first": say("like.chart.gap.first"), "second": m.side_name},
    )


def _rank(m: Material, found: Exhibits) -> None:
    gap = m.study.gap
    if gap is None or "gaps" not in found.tables:
        return
    if len(gap.table) < 2:
        found.missing["rank"] = say("like.reason.few_options")
        return
    low, high, subtitle = gap.agreement_low, gap.agreement_high, say("like.chart.rank.subtitle_bare")
    reading = "unclear" if low is None or high is None or low <= 0 <= high else "alike" if low > 0 else "opposed"
    if gap.agreement_tau_b is not None and low is not None and high is not None:
        tau, lowest, highest = (Quantity(value, "tau", 2) for value in (gap.agreement_tau_b, low, high))
        subtitle = say("like.chart.rank.subtitle", tau=tau, low=lowest, high=highest, confidence=m.confidence)
    found.charts["rank"] = Chart(
        id="rank",
        kind="slope",
        table="gaps",
        roles={"label": "label", "first": "rank_customers", "second": "rank_marketers", "accent": "accent"},
        title=say("like.chart.rank.title", reading=say(f"like.chart.rank.reading_{reading}")),
        subtitle=subtitle,
        source=m.source,
        bases=m.bases(),
        names={"first": say("like.chart.rank.first"), "second": m.side_name},
    )


def _bars(
    m: Material, found: Exhibits, id: str, question: str, side: SideShares, title: Text, subtitle: Text,
    published: PublishedTable | None = None,
) -> None:  # fmt: skip
    """Shares of one question, largest first, with published figures beside those options that have one."""
    shares = published.items.set_index("item")["share"].to_dict() if published is not None else {}
    items = {option.option: option.published_item for option in m.data.options.get(question, [])}
    beside = {option: shares[item] for option, item in items.items() if item in shares}
    rows = side.table().rename(columns={"share": "value"}).sort_values("value", ascending=False, kind="stable")
    grey = int(side.base[0]) < m.params.grey_below
    words = {
        "label": lambda record: m.label(question, record["option"]),
        "reference": lambda record: beside.get(record["option"]),
    }
    heading = "expectation" if question == "expectations" else "option"
    spec = BARS.replace("label:text:option", f"label:text:{heading}") + (" grey:flag" if grey else "")
    made = m.figures.table(spec + (" reference:share" if beside else ""), with_words(rows.assign(grey=True), **words))
    names = {"reference": published_name(published)} if published is not None and beside else {}
    more = [role for role, have in (("reference", beside), ("grey", grey)) if have]
    _bar_chart(m, found, id, made, title, subtitle, m.bases(marketers=False, question=question), more, names)


def _bar_chart(
    m: Material, found: Exhibits, id: str, made: Table, title: Text, subtitle: Text, bases: Text,
    more: Sequence[str] = (), names: Mapping[str, Text] | None = None,
) -> None:  # fmt: skip
    """A chart of bars and its table; ``more`` names roles beyond those every bar has."""
    roles = BAR_ROLES | {role: role for role in more}
    found.tables[id] = made
    found.charts[id] = Chart(
        id=id, kind="bars", table=id, roles=roles, title=title, subtitle=subtitle, source=m.source, bases=bases,
        names=dict(names or {}),
    )  # fmt: skip


def _guesses(m: Material, found: Exhibits) -> None:
    study, reasons = m.study.guesses, m.study.reasons
    if study is None or reasons is None:
        reason = why(m, "guesses") if m.mode == "sealed_guesses" else say("like.reason.no_guesses")
        found.missing |= dict.fromkeys(("guesses", "waves"), reason)
        return
    ours = reasons.table().set_index("option")
    rows = study.table.sort_values("customers_share", ascending=False, kind="stable").rename(columns={
        "customers_share": "customers.share", "median_guess": "marketers.share", "lowest_guess": "guess_low",
        "highest_guess": "guess_high", "surprise_pp": "gap",
    })  # fmt: skip
    words = {
        "label": lambda record: m.reason(record["option"]),
        "low": lambda record: ours.at[record["option"], "low"],
        "high": lambda record: ours.at[record["option"], "high"],
    }
    found.tables["guesses"] = m.figures.table(GUESSES, with_words(rows, **words))
    found.charts["guesses"] = Chart(
        id="guesses",
        kind="range",
        table="guesses",
        roles={"label": "label", "actual": "customers.share", "guess": "marketers.share"}
        | {role: role for role in ("low", "high", "guess_low", "guess_high")},
        title=say("like.chart.guesses.title", surprise=Quantity(study.surprise_pp, "pp")),
        subtitle=say("like.chart.guesses.subtitle", n=study.guessers, confidence=m.confidence),
        source=m.source,
        bases=m.bases(),
        names={"actual": say("like.chart.guesses.actual"), "guess": say("like.chart.guesses.guess")},
    )
    if len(study.waves) > 1:
        waves = study.waves.rename(columns={"guessers": "people", "surprise_pp": "error"})
        found.tables["waves"] = m.figures.table(WAVES, waves.to_dict("records"), "waves", unsigned=("error",))
    else:
        found.missing["waves"] = say("like.reason.one_wave")


def _segments(m: Material, found: Exhibits) -> None:
    study = m.study.segments
    if study is None:
        found.missing |= dict.fromkeys(("segments", "segments_all"), why(m, "segments"))
        return
    rows = study.table[study.table["status"] != "withheld"].drop(columns=["low", "high"])
    if rows.empty:
        reason = say("disclosure.withheld", threshold=m.params.withhold_below)
        found.missing |= dict.fromkeys(("segments", "segments_all"), reason)
        return
    rows = rows.rename(columns={"difference_pp": "difference", "low_pp": "low", "high_pp": "high"})
    rows = rows.assign(grey=rows["status"] == "grey", size=rows["difference"].abs())
    rows = rows.sort_values(["distinct", "size"], ascending=False, kind="stable")
    words = {
        "group": lambda record: m.label(record["segment"], record["level"]),
        "label": lambda record: m.reason(record["option"]),
    }
    found.tables["segments_all"] = m.figures.table(SEGMENTS, with_words(rows, **words), "segments")
    top = _one_of_two(rows).head(SEGMENT_ROWS)
    top = top.assign(widest=top.groupby(["segment", "level"])["size"].transform("max"))
    top = top.sort_values(["widest", "segment", "level", "difference"], ascending=False, kind="stable")
    found.tables["segments"] = m.figures.table(SEGMENTS, with_words(top, **words))
    best = with_words(rows.head(1), **words)[0]
    key = "title" if best["distinct"] else "title_none"
    found.charts["segments"] = Chart(
        id="segments",
        kind="difference",
        table="segments",
        roles={"value": "difference"} | {role: role for role in ("label", "group", "low", "high", "distinct")},
        title=say(f"like.chart.segments.{key}", option=best["label"], level=best["group"]),
        subtitle=say("like.chart.segments.subtitle", n=study.comparisons),
        source=m.source,
        bases=m.bases(marketers=False),
    )


def _one_of_two(rows: pd.DataFrame) -> pd.DataFrame:
    """Of a segment with two levels only the larger difference: the other is its mirror image."""
    levels = rows.groupby("segment")["level"].transform("nunique")
    return rows[(levels != 2) | ~rows.duplicated(["segment", "option"])]


def _expectations(m: Material, found: Exhibits) -> None:
    side = m.study.expectations
    if side is None:
        asked = "expectations" in m.data.customers.questions
        found.missing["expectations"] = why(m, "shares.expectations") if asked else say("like.reason.no_expectations")
        return
    top = side.compared().table().sort_values("share", ascending=False).iloc[0]
    label = m.label("expectations", str(top["option"]))
    title = say("like.chart.expectations.title", p=Quantity(float(top["share"]), "share"), option=label)
    subtitle, published = say("like.chart.expectations.subtitle_bare", base=m.base_words), m.data.expected
    if published is not None:
        subtitle = say("like.chart.expectations.subtitle", base=m.base_words, study=published_name(published))
    _bars(m, found, "expectations", "expectations", side.compared(), title, subtitle, published)


def _offers(m: Material, found: Exhibits) -> None:
    offers = m.study.offers
    if offers is None or not offers.sets:
        found.missing["offers"] = why(m, "offers")
        return
    records = []
    for one in offers.sets:
        names = [m.label("expectations", option) for option in one.best]
        figures = {"size": one.size, "value": one.reach, "low": one.low, "high": one.high, "win_rate": one.win_rate}
        label = say("like.chart.offers.set", k=one.size, options=names)
        records.append(figures | {"label": label, "tied": len(one.tied), "base": offers.base})
    open_sets = next((one for one in reversed(offers.sets) if len(one.tied) > 1), None)
    tied = say("like.chart.offers.tied_one")
    if open_sets is not None:
        tied = say("like.chart.offers.tied_some", k=open_sets.size, n=len(open_sets.tied))
    largest = offers.sets[-1]
    title = say("like.chart.offers.title", n=largest.size, p=Quantity(largest.reach, "share"))
    bases = m.bases(marketers=False, question="expectations")
    subtitle = say("like.chart.offers.subtitle", tied=tied)
    _bar_chart(m, found, "offers", m.figures.table(OFFERS, records), title, subtitle, bases)


def _drivers(m: Material, found: Exhibits) -> None:
    study = m.study.drivers.get("recommend") or m.study.drivers.get("loyalty")
    if study is None:
        found.missing["drivers"] = why(m, "drivers.recommend")
        return
    outcome = say(f"like.chart.drivers.{study.outcome}")
    rows = study.table.rename(columns={"weight": "value", "item": "option"}).assign(base=study.base)
    records = with_words(rows, label=lambda record: m.reason(record["option"]))
    clear = len(records) == 1 or records[0]["low"] > records[1]["high"]
    key = "title_weak" if study.r_squared_low < WEAK_R_SQUARED else "title" if clear else "title_tied"
    title = say(f"like.chart.drivers.{key}", option=records[0]["label"], outcome=outcome)
    subtitle = say("like.chart.drivers.subtitle", outcome=outcome, r2=Quantity(study.r_squared, "share"))
    bases = say("like.source.n_only", customers=study.base)
    _bar_chart(m, found, "drivers", m.figures.table(DRIVERS, records), title, subtitle, bases)


def _service_beside_rewards(m: Material, found: Exhibits) -> None:
    """What part of recommendation goes with service and what part with rewards, as reasons and as ratings."""
    records = []
    for kind, fits in (("ticked", m.study.drivers), ("rated", m.study.driver_scales)):
        fit = fits.get("recommend")
        if fit is None or fit.group_gaps.empty:
            continue
        groups, gap = fit.groups.set_index("group"), fit.group_gaps.iloc[0]
        parts = {name: _between(*groups.loc[name, ["weight", "low", "high"]]) for name in ("service", "rewards")}
        distinct = bool(gap["low"] > 0 or gap["high"] < 0)
        records.append({"measure": say(f"like.table.{kind}"), "base": fit.base, "distinct": distinct} | parts)
    if records:
        found.tables["service_rewards"] = m.figures.table(
            SERVICE, records, "service_rewards", say("like.explain.drivers")
        )
    else:
        found.missing["service_rewards"] = why(m, "drivers.recommend")


def _between(value: float, low: float, high: float) -> Text:
    ends = {name: Quantity(float(end), "share", 1) for name, end in (("value", value), ("low", low), ("high", high))}
    return say("like.table.with_interval", **ends)


def _ways(m: Material, found: Exhibits) -> None:
    """What customers say builds loyalty, service and rewards among it, and ClickFox's figures beside it."""
    side = m.study.shares.get("ways")
    if side is None:
        found.missing["ways"] = say("like.reason.no_column")
        return
    top = side.table().sort_values("share", ascending=False).iloc[0]
    share, option = Quantity(float(top["share"]), "share"), m.label("ways", str(top["option"]))
    subtitle = say("like.chart.ways.subtitle", base=m.base_words)
    _bars(m, found, "ways", "ways", side, say("like.chart.ways.title", option=option, p=share), subtitle, m.data.ways)


def _paired(m: Material, found: Exhibits) -> None:
    study = m.study.paired
    if study is None:
        found.missing["paired"] = why(m, "paired")
        return
    leader = study.leaders[0] if study.leaders else study.pairs["option_a"].iloc[0]
    rows = study.pairs[study.pairs["option_a"] == leader]
    rows = rows.rename(columns={"difference_pp": "difference", "low_pp": "low", "high_pp": "high"})
    words = {
        "first": lambda record: m.reason(record["option_a"]),
        "second": lambda record: m.reason(record["option_b"]),
    }
    found.tables["paired"] = m.figures.table(PAIRED, with_words(rows, **words), "paired", say("like.explain.paired"))


def _pairs(m: Material, found: Exhibits) -> None:
    """Which reasons and expectations go together, of those pairs that a correction for all pairs leaves."""
    study = m.study.reasons_by_expectations
    if study is None:
        found.missing["pairs"] = why(m, "reasons_by_expectations")
        return
    rows = study.cells[study.cells["p_bonferroni"] < 1 - m.params.confidence]
    rows = rows.assign(p=rows["p_bonferroni"]).sort_values("p", kind="stable").head(PAIR_ROWS)
    adjusted, freedom = Quantity(study.adjusted, "ratio", 1), Quantity(study.adjusted_degrees_of_freedom, "ratio", 1)
    key = "pairs_none" if rows.empty else "pairs_note"
    note = say(f"like.table.{key}", adjusted=adjusted, freedom=freedom, p=Quantity(study.p_rao_scott, "ratio", 3))
    if rows.empty:
        found.missing["pairs"] = note
        return
    words = {
        "first": lambda record: m.reason(record["row"]),
        "second": lambda record: m.label("expectations", record["column"]),
    }
    found.tables["pairs"] = m.figures.table(PAIRS, with_words(rows, **words), "pairs", note)


def _programmes(m: Material, found: Exhibits, numbers: Mapping[str, Number], claims: Sequence[FieldClaim]) -> None:
    """Memberships held and used, beside what is published: the client's country first."""
    if m.study.programmes is None:
        found.missing["programmes"] = why(m, "programmes")
        return
    records = []
    for id in ("programmes.enrolled_mean", "programmes.active_mean", "programmes.active_share"):
        one = numbers[id]
        # Of two claims about the same people the later line of the registry is the more exact.
        beside = {(claim.country, claim.base["en"]): _published(claim) for claim in claims if claim.number_id == id}
        english, hebrew = ("; ".join(text[language] for text in beside.values()) for language in ("en", "he"))
        published = both(english, hebrew) if beside else None
        measured = {"measure": one.label, "here": m.figures.shown(one), "base": one.base.get("customers")}
        records.append(measured | {"published": published})
    found.tables["programmes"] = m.figures.table(PROGRAMMES, records, "programmes", say("like.table.programmes_note"))


def _published(claim: FieldClaim) -> Text:
    digits = 0 if claim.unit == "share" or claim.value % 1 == 0 else 1
    place = f"{claim.country} {claim.year}" if claim.year else claim.country
    value = Quantity(claim.value, claim.unit, digits)
    return say("like.table.published", value=value, base=claim.base, place=place)


def _quality(m: Material, found: Exhibits) -> None:
    quality, reasons, source = m.study.quality, m.used.questions.get("reasons"), m.data.customers.source
    rows = [("rows_in", source.rows), ("rows_used", m.study.rows_used)]
    if reasons is not None:
        rows += [
            ("rows_asked", int(reasons.base("asked").sum())),
            ("rows_answered", int(reasons.base("answered").sum())),
            ("rows_ticked", int(reasons.base("ticked").sum())),
        ]
    counts = [{"measure": say(f"like.quality.{key}", pressed=m.pressed), "count": count} for key, count in rows]
    found.tables["quality_rows"] = m.figures.table(COUNTS, counts, "rows")
    flags = quality.counts[quality.counts["testable"]].rename(columns={"rows": "count", "grade": "graded"})
    words = {
        "measure": lambda record: m.flag(record["flag"]),
        "grade": lambda record: say(f"like.quality.{record['graded']}"),
    }
    identical = {"count": quality.identical_answers, "excluded": 0, "grade": say("like.quality.info")}
    records = [*with_words(flags, **words), identical | {"measure": say("like.quality.identical")}]
    found.tables["quality_flags"] = m.figures.table(FLAGS, records, "flags")
    noticed = [(note.code, note.count) for note in source.notes if note.code in NOTES]
    if noticed:
        notes = [{"measure": say(f"like.note.{code}"), "count": count} for code, count in noticed]
        found.tables["quality_notes"] = m.figures.table(COUNTS, notes, "notes")
