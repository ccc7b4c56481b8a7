"""What the like-motivation workbook says: headline, decision, what could flip it, what to do, what to mind."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from kesher.answers.figures import written
from kesher.answers.like_motivation.material import Material
from kesher.answers.like_motivation.numbers import detectable_rise, why
from kesher.readers import PublishedTable
from kesher.results import Answer, Assumption, Number, Recommendation, Warning
from kesher.survey.analysis import LikeStudy
from kesher.words import Quantity, Text, quantity, same, say

DAYS_TO_ACT = (30, 45, 60, 90)  # when the four steps fall due, days after the report's date
ANSWERED_WITHIN_A_DAY = 0.88  # CMO Council 2011: at once 22, within hours 19, within 24 hours 47 %
UNMATCHED_TO_TELL = 0.01  # of the rows; fewer stand in the quality table only
ERROR_CUT = 0.25  # what a team that guesses before each wave should take off its error
CHANGES = {  # what would change our mind about each step, by its measure
    "experience": "experience_change", "response": "response_change", "field": "field_change",
    "field_guess": "field_change_guess", "share": "share_change",
}  # fmt: skip
LOYAL, SERVICE, INTERACT = "loyal", "service", "interact"  # option ids with a step of their own


def focus(study: LikeStudy) -> tuple[str | None, str | None]:
    """The reasons the marketing side underrates and overrates most, of those whose gap is distinct.

    A reason that a side hardly names makes no headline while there is a weightier one. Where the two sides were
    asked in different forms the gap must point the same way with the level removed.
    """
    if study.gap is None:
        return None, None
    rows = study.gap.table
    rows = rows[rows["distinct"]]
    if study.gap.forms_differ:
        rows = rows[rows["centred_distinct"] & (rows["gap_pp"] * rows["centred_gap_pp"] > 0)]
    rows = rows.sort_values("gap_pp", kind="stable")
    below = _weighty(rows[rows["gap_pp"] < 0], "customers_share", study.gap.table)
    above = _weighty(rows[rows["gap_pp"] > 0], "marketers_share", study.gap.table)
    under = str(below["option"].iloc[0]) if len(below) else None
    return under, str(above["option"].iloc[-1]) if len(above) else None


def _weighty(rows: pd.DataFrame, side: str, table: pd.DataFrame) -> pd.DataFrame:
    """The reasons named at least half as often as the side's first one; all of them where none is."""
    often = rows[rows[side] >= table[side].max() / 2]
    return often if len(often) else rows


def leaders(m: Material) -> list[str]:
    """The reasons that tie for first place among customers."""
    if m.study.paired is not None:
        return list(m.study.paired.leaders)
    if m.study.reasons is None:
        return []
    table = m.study.reasons.compared().table()
    return list(table.sort_values("share", ascending=False)["option"].head(1))


def answer(m: Material, numbers: Mapping[str, Number], under: str | None, over: str | None) -> Answer:
    """The top of the page."""
    return Answer(
        question=say("like.question", pressed=m.pressed),
        headline=_headline(m, numbers, under, over),
        decision=_decision(m, under, over),
        worth=say("like.decision.worth"),
        cards=tuple(_cards(m, numbers, under, over)),
    )


def _headline(m: Material, numbers: Mapping[str, Number], under: str | None, over: str | None) -> Text:
    if m.study.reasons is None:
        return say("like.headline.no_base", pressed=m.pressed)
    if m.study.gap is None:
        top = leaders(m)
        if len(top) == 1:
            share = written(numbers[f"customers.share.{top[0]}"])
            return say("like.headline.customers_one", p=share, top=m.reason(top[0]))
        return say("like.headline.customers_tied", top=[say("like.quoted", option=m.reason(option)) for option in top])
    if under is None and over is None:
        return say("like.headline.none", n=len(m.study.gap.table))
    words: dict[str, Any] = {}
    if under is not None:
        words |= {
            "p": written(numbers[f"customers.share.{under}"]),
            "under": m.reason(under),
            "under_side": _side(m, numbers, under),
        }
    if over is not None:
        words |= {
            "r": written(numbers[f"customers.share.{over}"]),
            "over": m.reason(over),
            "over_side": _side(m, numbers, over),
        }
    return say(f"like.headline.{'both' if under and over else 'under' if under else 'over'}", **words)


def _side(m: Material, numbers: Mapping[str, Number], option: str) -> Text:
    share = numbers[f"marketers.share.{option}"]
    people = m.marketers_n or 0
    count = round((share.value or 0.0) * people)
    return say(f"like.side.{m.mode}", q=written(share), study=m.study_name, k=count, n=people)


def _cards(m: Material, numbers: Mapping[str, Number], under: str | None, over: str | None) -> Iterator[dict[str, Any]]:
    for option in (under, over):
        if option is not None:
            yield _gap_card(m, numbers, option)
    surprise = numbers.get("predictions.surprise_pp")
    if surprise is not None and surprise.value is not None and m.study.guesses is not None:
        value = say("like.table.bare", value=written(surprise))
        count = len(m.study.guesses.table)
        if surprise.low is not None and surprise.high is not None:
            ends = {"low": Quantity(surprise.low, "ratio", 1), "high": Quantity(surprise.high, "ratio", 1)}
            note = say("like.card.surprise_note", options=count, confidence=m.confidence, **ends)
        else:
            note = say("like.card.surprise_note_bare", options=count)
        yield {"label": say("like.card.surprise"), "value": value, "note": note, "numbers": [surprise.id]}
    if m.study.gap is None and m.study.reasons is not None:
        for option in leaders(m)[:3]:
            share = numbers[f"customers.share.{option}"]
            tied = len(leaders(m)) > 1
            yield {
                "label": say("like.card.tied" if tied else "like.card.top"),
                "value": say("like.table.bare", value=written(share)),
                "note": m.reason(option),
                "numbers": [share.id],
            }


def _gap_card(m: Material, numbers: Mapping[str, Number], option: str) -> dict[str, Any]:
    gap, customers, marketers = (numbers[f"{id}.{option}"] for id in ("gap", "customers.share", "marketers.share"))
    if gap.low is None or gap.high is None:
        note = say("like.card.interval_none", gap=written(gap, signed=True), reason=gap.reason or same(""))
    else:
        ends = {"low": Quantity(gap.low, "ratio", 0, True), "high": Quantity(gap.high, "ratio", 0, True)}
        note = say("like.card.interval", gap=written(gap, signed=True), confidence=m.confidence, **ends)
    return {
        "label": say(f"like.card.gap_{m.mode}", option=m.reason(option), study=m.study_name),
        "value": say("like.card.values", p=written(customers), q=written(marketers)),
        "note": note,
        "numbers": [customers.id, marketers.id, gap.id],
    }


def _decision(m: Material, under: str | None, over: str | None) -> Text:
    date = m.as_of + datetime.timedelta(days=DAYS_TO_ACT[0])
    if m.thin:
        return say("like.decision.more", n=m.answered)
    if m.study.gap is None or m.mode == "published_table":  # other people's marketers are no ground to act on
        return say("like.decision.ask", date=date)
    if under is not None:
        key = "under" if under in leaders(m) else "under_more"
        return say(f"like.decision.{key}", option=m.reason(under), date=date)
    return say("like.decision.over", option=m.reason(over), date=date) if over else say("like.decision.keep")


def recommendations(m: Material, numbers: Mapping[str, Number], under: str | None) -> tuple[Recommendation, ...]:
    """The four steps of S2-25 in their order, each resting on numbers that exist; none where too few answered."""
    if m.thin:
        return ()
    steps = (_experience(m, numbers, under), _response(m, numbers), _field(m, numbers), _share(m, numbers))
    return tuple(step for step in steps if step is not None)


def _due(m: Material, step: int) -> str:
    return (m.as_of + datetime.timedelta(days=DAYS_TO_ACT[step - 1])).isoformat()


def _step(m: Material, step: int, owner: str, key: str, because: tuple[str, ...], **given: Any) -> Recommendation:
    return Recommendation(
        because=because,
        owner=say(f"like.rec.owner_{owner}"),
        by=_due(m, step),
        change_our_mind=say(f"like.rec.{CHANGES[key]}"),
        step=say(f"like.rec.step{step}"),
        **given,
    )


def _baseline(value: float | None) -> dict[str, Any]:
    return {"value": value, "source": say("like.rec.this_survey" if value is not None else "like.rec.not_measured")}


def _raised(m: Material, number: Number) -> float | None:
    rise = detectable_rise(number) if number.base.get("customers", 0) >= m.params.grey_below else None
    return None if rise is None or number.value is None else min(number.value + rise, 1.0)


def _experience(m: Material, numbers: Mapping[str, Number], under: str | None) -> Recommendation | None:
    first = next(iter(leaders(m)), None)
    shares = {option: numbers.get(f"customers.share.{option}") for option in (under, first) if option is not None}
    named = {option: share.value or 0.0 for option, share in shares.items() if share is not None}
    top = under if under is not None and named.get(under, 0.0) >= named.get(first or "", 0.0) / 2 else first
    share = shares.get(top or "")
    if top is None or share is None or share.value is None:
        return None
    action = say("like.rec.experience_loyal", pressed=m.pressed)
    if top != LOYAL:
        action = say("like.rec.experience_other", option=m.reason(top), p=written(share))
    because = tuple(id for id in (share.id, f"gap.{top}") if id in numbers)
    kpi = say("like.rec.experience_kpi", option=m.reason(top))
    return _step(m, 1, "crm" if top == LOYAL else "marketing", "experience", because, action=action, kpi=kpi,
                 baseline=_baseline(share.value), target=_raised(m, share), unit="share")  # fmt: skip


def _response(m: Material, numbers: Mapping[str, Number]) -> Recommendation | None:
    wanted = numbers.get(f"expectation.{SERVICE}") or numbers.get(f"customers.share.{SERVICE}")
    if wanted is None or wanted.value is None:
        return None
    question = "expectations" if wanted.id.startswith("expectation") else "reasons"
    key = "response" if question == "expectations" else "response_reason"
    action = say(f"like.rec.{key}", p=written(wanted), option=m.label(question, SERVICE))
    return _step(m, 2, "community", "response", (wanted.id,), action=action, kpi=say("like.rec.response_kpi"),
                 baseline=_baseline(None), target=ANSWERED_WITHIN_A_DAY, unit="share")  # fmt: skip


def _field(m: Material, numbers: Mapping[str, Number]) -> Recommendation | None:
    offers = m.study.offers
    because: tuple[str, ...] = ()
    if offers is not None and offers.sets:
        best = offers.sets[min(len(offers.sets), 2) - 1]
        because = (f"offers.{best.size}.reach",)
        action = say(
            "like.rec.field_offers",
            offers=[say("like.quoted", option=m.label("expectations", option)) for option in best.best],
        )
    else:
        action = say("like.rec.field_plain")
    surprise = numbers.get("predictions.surprise_pp")
    if surprise is not None and surprise.value is not None:
        kpi, because = say("like.rec.field_kpi"), (*because, surprise.id)
        source, target = say("like.rec.surprise_source"), surprise.value * (1 - ERROR_CUT)
        baseline: dict[str, Any] = {"value": surprise.value, "source": source}
        return _step(
            m, 3, "insight", "field_guess", because, action=action, kpi=kpi, baseline=baseline, target=target, unit="pp"
        )
    baseline = _baseline(None)
    if offers is None:
        kpi = say("like.rec.field_kpi")
        return _step(
            m, 3, "insight", "field_guess", because, action=action, kpi=kpi, baseline=baseline, target=None, unit="pp"
        )
    kpi = say("like.rec.field_kpi_plain")
    return _step(
        m, 3, "insight", "field", because, action=action, kpi=kpi, baseline=baseline, target=None, unit="share"
    )


def _share(m: Material, numbers: Mapping[str, Number]) -> Recommendation | None:
    promoters, wanted = numbers["recommend.share"], numbers.get(f"expectation.{INTERACT}")
    because: tuple[str, ...] = (promoters.id,)
    if wanted is not None and wanted.value is not None:
        action = say("like.rec.share", p=written(wanted), option=m.label("expectations", INTERACT))
        because = (wanted.id, promoters.id)
    else:
        action = say("like.rec.share_plain")
    return _step(m, 4, "marketing", "share", because, action=action, kpi=say("like.rec.share_kpi"),
                 baseline=_baseline(promoters.value), target=_raised(m, promoters), unit="share")  # fmt: skip


def assumptions(
    m: Material, numbers: Mapping[str, Number], under: str | None, over: str | None
) -> tuple[Assumption, ...]:
    """The choices behind the answer, each with what the other choice would have said."""
    option = under or over or next(iter(leaders(m)), None)
    if option is None:
        return ()
    given = "weights_given" if "weight" in m.used.people else "weights_none"
    weights = "weights_on" if m.study.weighting is not None else given
    flags = [m.flag(flag) for flag in m.params.quality_exclude]
    kept = say("like.flip.quality_out", flags=flags) if flags else say("like.flip.quality_in")
    found = [
        Assumption(
            id=choice,
            text=say(f"like.flip.{choice}"),
            value=value,
            grade=grade,
            flips=_flip(m, numbers, option, choice),
        )
        for choice, value, grade in (
            ("base", m.base_words, "A"),
            ("weights", say(f"like.flip.{weights}"), "B"),
            ("quality", kept, "B"),
        )
    ]
    if m.study.gap is not None and option in set(m.study.gap.table["option"]):
        raw, centred = numbers[f"gap.{option}"].value or 0.0, numbers[f"gap_centred.{option}"].value or 0.0
        key = "level_same" if raw * centred >= 0 else "level_flips"
        flips = say(f"like.flip.{key}", option=m.reason(option), centred=Quantity(centred, "pp", 0, True))
        found.append(
            Assumption(
                id="level", text=say("like.flip.level"), value=say("like.flip.level_value"), grade="B", flips=flips
            )
        )
    grade = {"sample": "A", "whole_team": "A", "sealed_guesses": "B", "published_table": "C"}.get(m.mode, "D")
    found.append(
        Assumption(
            id="marketers", text=say("like.flip.marketers"), value=m.side_note, grade=grade, flips=_team_flip(m, option)
        )
    )
    return tuple(found)


def _flip(m: Material, numbers: Mapping[str, Number], option: str, choice: str) -> Text:
    """What the other choices make of ``option``: the one that moves its share most."""
    rows = m.alternatives[(m.alternatives["choice"] == choice) & (m.alternatives["option"] == option)]
    now = numbers[f"customers.share.{option}"]
    if rows.empty or now.value is None:
        return say("like.flip.no_other")
    share = now.value
    far = max(rows.to_dict("records"), key=lambda row: abs(row["share"] - share))
    base = say(f"like.base.{far['alternative']}") if choice == "base" else same("")
    other = say(f"like.flip.{choice}_other", base=base)
    option_words, value = m.reason(option), Quantity(far["share"], "share")
    if quantity(value, "en") == quantity(written(now), "en"):
        return say("like.flip.stays", other=other, option=option_words, value=value)
    gap = numbers.get(f"gap.{option}")
    if gap is None or gap.value is None or pd.isna(far["gap_pp"]):
        return say("like.flip.moves", other=other, option=option_words, value=value, now=written(now))
    sign = "flips" if far["gap_pp"] * gap.value < 0 else "same" if bool(far["distinct"]) else "lost"
    words = say(f"like.flip.sign_{sign}")
    return say("like.flip.moves_gap", other=other, option=option_words, value=value, now=written(now), sign=words)


def _team_flip(m: Material, option: str) -> Text:
    key = {"published_table": "published", "whole_team": "team", "sample": "sample", "none": "none"}.get(m.mode)
    if key is not None or m.study.guesses is None:
        return say(f"like.flip.{key or 'none'}")
    rows = m.study.guesses.table.set_index("option")
    if option not in rows.index:
        return say("like.flip.team")
    row = rows.loc[[option]].to_dict("records")[0]
    low, high, now = (Quantity(row[name], "share") for name in ("lowest_guess", "highest_guess", "customers_share"))
    return say("like.flip.guess_range", option=m.reason(option), low=low, high=high, now=now)


def warnings(m: Material) -> tuple[Warning, ...]:
    """What a reader must know before believing a number."""
    params, study = m.params, m.study
    found: list[tuple[str, str, Text]] = []
    if m.thin:
        found.append(
            ("small_base", "answer", say("like.warn.small_base_answer", n=m.answered, least=params.grey_below))
        )
    expected = study.expectations
    if expected is not None and int(expected.base[0]) < params.grey_below:
        text = say("like.warn.small_base_question", n=int(expected.base[0]), least=params.grey_below)
        found.append(("small_base", "expectations", text))
    if study.gap is not None and study.gap.forms_differ:
        found.append(("forms_differ", "gap", say("like.warn.forms_differ")))
    if m.mode == "published_table":
        found.append(("published_side", "gap", say("like.warn.published_side")))
    if study.guesses is not None and not study.guesses.seal_checked:
        found.append(("seal_unchecked", "predictions", say("like.warn.seal_unchecked")))
    if study.weighting is not None and not study.weighting.raked.converged:
        found.append(("not_converged", "customers.share", say("like.warn.not_converged")))
    if study.segments is not None:
        status = set(study.segments.table["status"])
        if "grey" in status:
            found.append(("small_base", "segments", say("like.warn.small_base", n=params.grey_below)))
        if "withheld" in status:
            found.append(("withheld", "segments", say("like.warn.withheld", n=params.withhold_below)))
    for note in m.data.customers.source.notes:
        if note.code == "latin1_fallback":
            found.append(("latin1", "data", say("like.warn.latin1")))
    unmatched = sum(note.count for note in m.data.customers.source.notes if note.code == "unmatched_text")
    if unmatched > UNMATCHED_TO_TELL * max(study.rows_used, 1):
        found.append(("unmatched", "customers.share", say("like.warn.unmatched", n=unmatched)))
    severe = list(study.quality.counts.loc[study.quality.counts["grade"] == "severe", "flag"])
    if severe:
        flagged = int(study.quality.flags[severe].any(axis=1).sum())
        found.append(("severe_quality", "data", say("like.warn.severe_quality", n=flagged)))
    if study.gap is None:
        found.append(("gap_not_identified", "gap", why(m, m.gap_missing)))
    return tuple(Warning(code=code, text=text, where=where) for code, where, text in found)


def method(m: Material) -> tuple[Text, ...]:
    """How it was done, in plain words."""
    study = m.study
    told = [
        say("like.explain.shares", base=m.base_words),
        say("like.explain.intervals", confidence=m.confidence, hundred=round(100 * m.params.confidence)),
        say("like.explain.distinct"),
    ]
    if study.weighting is not None:
        fit = study.weighting.raked
        mean = float(fit.weights.mean())
        ends = {
            "low": Quantity(float(fit.weights.min()) / mean, "ratio", 2),
            "high": Quantity(float(fit.weights.max()) / mean, "ratio", 2),
        }
        margins = [
            say(f"like.margin.{name}") if name in MARGIN_NAMES else same(name) for name in study.weighting.margins
        ]
        told.append(say("like.quality.raked", margins=margins, deff=Quantity(fit.design_effect, "ratio", 2), **ends))
        if fit.bounded:
            told.append(say("like.quality.bounded", n=fit.bounded))
    if study.gap is not None:
        told.append(say("like.explain.gap"))
    if m.mode == "sealed_guesses":
        told.append(say("like.explain.sealed"))
    told += [
        say(f"like.explain.{key}")
        for key, have in (
            ("paired", study.paired),
            ("segments", study.segments),
            ("offers", study.offers),
            ("drivers", study.drivers),
        )
        if have
    ]
    return (*told, say("like.explain.limits", pressed=m.pressed))


MARGIN_NAMES = ("age", "gender", "district", "region", "education")


def sources(m: Material) -> tuple[Text, ...]:
    """The survey and every published study the page shows."""
    tables = [m.data.marketers, m.data.expected, m.data.ways]
    published = [str(table.items["source"].iloc[0]) for table in tables if isinstance(table, PublishedTable)]
    return (m.source, *(say("like.source.published", study=source) for source in dict.fromkeys(published)))
