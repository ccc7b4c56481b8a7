"""The numbers of the like-motivation workbook, by the ids that others rely on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

from kesher.answers.figures import NOTHING, Found
from kesher.answers.like_motivation.material import Material
from kesher.disclosure import guarded
from kesher.results import Number, Unit
from kesher.stats import kish_design_effect
from kesher.survey.programmes import Estimate
from kesher.survey.shares import SideShares
from kesher.words import Text, say

# Why the study lacks a part, by its code: a key below like.reason.
REASONS = {
    "no_marketers": "no_marketers", "marketers_no_reasons": "no_marketers", "too_few_guessers": "too_few_guessers",
    "no_guesses": "no_guesses", "no_reasons": "no_customers", "no_respondents": "no_customers",
    "one_respondent": "no_customers", "no_shared_options": "few_options", "one_option": "few_options",
    "no_published_items": "not_shared", "no_recommendation_column": "no_outcome", "no_loyalty_column": "no_outcome",
    "no_outcome": "no_outcome", "constant_outcome": "zero_variance", "no_variation": "zero_variance",
    "one_group": "zero_variance", "no_offers": "zero_variance", "too_few_rows": "too_few",
    "too_many_options": "too_many", "no_expectations": "no_expectations",
}  # fmt: skip


def why(m: Material, part: str) -> Text:
    """Why a part of the study is missing, for a reader; a question that was not asked where no other reason holds."""
    code = m.study.missing.get(part, "")
    if code == "withheld":
        return say("disclosure.withheld", threshold=m.params.withhold_below)
    return say(f"like.reason.{REASONS.get(code, 'no_column')}")


def numbers(m: Material) -> dict[str, Number]:
    """Every number of the workbook by id; those the data can not support stand with their reason."""
    parts = (_bases, _shares, _gaps, _agreement, _guesses, _offers, _programmes, _drivers)
    found = [number for part in parts for number in part(m)]
    return {number.id: guarded(number, m.params.withhold_below) for number in found}


def _absent(m: Material, id: str, label: Text, unit: Unit, method: str, part: str) -> Number:
    """A number whose part of the study is missing, with the reason; withheld where the base was too small."""
    empty = m.figures.number(id, label, unit, method, NOTHING, why(m, part))
    return empty.refused("withheld", why(m, part)) if m.study.missing.get(part) == "withheld" else empty


def _estimate(estimate: Estimate | None) -> tuple[Found, dict[str, float], dict[str, float]]:
    """Value and interval, base and effective base of an estimate that may be missing."""
    if estimate is None:
        return NOTHING, {}, {}
    found = (estimate.value, estimate.low, estimate.high)
    return found, {"customers": estimate.base}, {"customers": estimate.effective_base}


def _bases(m: Material) -> Iterator[Number]:
    design, rows = m.study.design, m.study.rows_used
    counts: list[tuple[str, Unit, int, str, float | None]] = [("n", "count", 0, "count", rows)]
    if m.study.reasons is not None:
        base = float(m.study.reasons.base[0])
        effect = kish_design_effect(design.weights) if m.one_stage else base / max(m.effective(), 1.0)
        method = "kish" if m.one_stage else "effective"
        counts += [("effective_n", "count", 0, method, rows / effect), ("design_effect", "ratio", 2, method, effect)]
    for name, unit, digits, method, value in counts:
        label = say(f"like.number.customers_{name}")
        yield m.figures.number(f"customers.{name}", label, unit, method, (value, None, None), digits=digits)
    reason = say("like.reason.no_marketers" if m.mode == "none" else "like.reason.no_n")
    label = say("like.number.marketers_n")
    yield m.figures.number(
        "marketers.n", label, "count", "count", (m.marketers_n, None, None), None if m.marketers_n else reason
    )


def _side(m: Material, side: SideShares, prefix: str, group: str, key: str, method: str) -> Iterator[Number]:
    bare = side.interval == "none"
    reason = say(f"like.reason.{'whole_team' if side.mode == 'whole_team' else 'no_n'}") if bare else None
    for row in side.table().to_dict("records"):
        option = str(row["option"])
        label = say(f"like.number.{key}", option=m.label(side.question, option))
        found = (row["share"], None, None) if bare else (row["share"], row["low"], row["high"])
        base, effective = {group: row["base"]}, {group: row["effective_base"]}
        yield m.figures.number(
            f"{prefix}.{option}", label, "share", method, found, reason, base=base, effective=effective
        )


def _shares(m: Material) -> Iterator[Number]:
    study = m.study
    prefixes = {"reasons": "customers.share", "expectations": "expectation"}
    for question in m.data.customers.questions:
        prefix, key = (
            prefixes.get(question, question),
            "expectation" if question == "expectations" else "customers_share",
        )
        side = study.shares.get(question)
        if side is not None:
            yield from _side(m, side, prefix, "customers", key, "share")
            continue
        for option in m.options(question):
            label = say(f"like.number.{key}", option=m.label(question, option))
            yield _absent(m, f"{prefix}.{option}", label, "share", "share", f"shares.{question}")
    if study.marketers is None:
        for option in m.options("reasons"):
            label = say("like.number.marketers_share", option=m.reason(option))
            yield _absent(m, f"marketers.share.{option}", label, "share", "share", m.gap_missing)
    else:
        key = "marketers_share_sealed_guesses" if m.mode == "sealed_guesses" else "marketers_share"
        methods = {
            "sealed_guesses": "median_guess",
            "whole_team": "share_whole_team",
            "published_table": "share_published",
        }
        yield from _side(m, study.marketers, "marketers.share", "marketers", key, methods.get(m.mode, "share"))


def _gaps(m: Material) -> Iterator[Number]:
    gap = m.study.gap
    if gap is None:
        ids: tuple[tuple[str, Unit, str], ...] = (("gap", "pp", "gap"), ("gap_centred", "pp", "gap_centred"),
                                                  ("rank_gap", "rank", "rank_gap"))  # fmt: skip
        for option in m.options("reasons"):
            for id, unit, method in ids:
                label = say(f"like.number.{id}", option=m.reason(option))
                yield _absent(m, f"{id}.{option}", label, unit, method, m.gap_missing)
        return
    ways: tuple[tuple[str, Unit, str, str], ...] = (
        ("gap", "pp", "gap", "gap" if gap.interval_from == "both" else "gap_one_side"),
        ("gap_centred", "pp", "centred", "gap_centred"),
        ("rank_gap", "rank", "rank_gap", "rank_gap"),
    )
    reason = say("like.reason.no_n" if gap.interval_from == "none" else "like.reason.few_options")
    for row in gap.table.to_dict("records"):
        option = str(row["option"])
        base = {"customers": row["customers_base"], "marketers": row["marketers_base"]}
        inputs = (f"customers.share.{option}", f"marketers.share.{option}")
        for id, unit, column, method in ways:
            points = "_pp" if unit == "pp" else ""
            value = row[f"{column}_gap_pp"] if column == "centred" else row[f"{column}{points}"]
            found = (value, row[f"{column}_low{points}"], row[f"{column}_high{points}"])
            label, digits = say(f"like.number.{id}", option=m.reason(option)), 1 if unit == "rank" and value % 1 else 0
            yield m.figures.number(
                f"{id}.{option}", label, unit, method, found, reason, digits=digits, base=base, inputs=inputs
            )


def _agreement(m: Material) -> Iterator[Number]:
    gap = m.study.gap
    found = (gap.agreement_tau_b, gap.agreement_low, gap.agreement_high) if gap else NOTHING
    reason = say("like.reason.few_options") if gap else why(m, m.gap_missing)
    inputs = tuple(f"gap.{option}" for option in gap.table["option"]) if gap else ()
    yield m.figures.number(
        "agreement.kendall_tau_b", say("like.number.tau"), "tau", "tau", found, reason, digits=2, inputs=inputs
    )


def _guesses(m: Material) -> Iterator[Number]:
    study, label = m.study.guesses, say("like.number.surprise")
    if m.mode != "sealed_guesses":
        reason = say("like.reason.no_guesses")
        empty = m.figures.number("predictions.surprise_pp", label, "pp", "surprise", NOTHING, reason, signed=False)
        yield empty.refused("not_applicable", reason)
        return
    if study is None:
        yield m.figures.number(
            "predictions.surprise_pp", label, "pp", "surprise", NOTHING, why(m, "guesses"), signed=False
        )
        return
    base, inputs = {"marketers": study.guessers}, tuple(f"gap.{option}" for option in study.table["option"])
    found = (study.surprise_pp, study.surprise_low_pp, study.surprise_high_pp)
    surprising = partial(m.figures.number, unit="pp", digits=1, signed=False, base=base)
    yield surprising("predictions.surprise_pp", label, method="surprise", found=found, inputs=inputs)
    bare = [("guesser_error_pp", say("like.number.guess_error"), "guess_error", study.guesser_error_pp)]
    for wave in study.waves.to_dict("records"):
        label = say("like.number.surprise_wave", wave=int(wave["wave"]))
        bare.append((f"wave_{int(wave['wave'])}.surprise_pp", label, "surprise", float(wave["surprise_pp"])))
    for id, label, method, value in bare:
        reason = say("like.reason.whole_team")
        yield surprising(f"predictions.{id}", label, method=method, found=(value, None, None), reason=reason)


def _offers(m: Material) -> Iterator[Number]:
    offers = m.study.offers
    for size in range(1, m.params.offers_max + 1):
        best, label = offers.of(size) if offers else None, say("like.number.reach", k=size)
        if offers is None or best is None:
            yield _absent(m, f"offers.{size}.reach", label, "share", "reach", "offers")
            continue
        inputs = tuple(f"expectation.{option}" for option in best.best)
        base, effective = {"customers": offers.base}, {"customers": offers.effective_base}
        found = (best.reach, best.low, best.high)
        yield m.figures.number(
            f"offers.{size}.reach", label, "share", "reach", found, base=base, effective=effective, inputs=inputs
        )
        won, reason = (best.win_rate, None, None), say("like.reason.resamples")
        label = say("like.number.win_rate", k=size)
        yield m.figures.number(
            f"offers.{size}.win_rate", label, "share", "win_rate", won, reason, base=base, inputs=inputs
        )


def _programmes(m: Material) -> Iterator[Number]:
    """Memberships held and used, and the share that recommends, the measure of the fourth step."""
    held, promoters = m.study.programmes, m.study.promoters
    parts: tuple[tuple[str, str, Unit, str, Estimate | None], ...] = (
        ("programmes.enrolled_mean", "enrolled", "count", "mean", held.enrolled if held else None),
        ("programmes.active_mean", "active", "count", "mean", held.active if held else None),
        ("programmes.active_share", "active_share", "share", "ratio", held.share_active if held else None),
        ("recommend.share", "recommend_share", "share", "share", promoters),
    )
    for id, key, unit, method, estimate in parts:
        found, base, effective = _estimate(estimate)
        missing = "promoters" if id == "recommend.share" else "programmes"
        reason = why(m, missing) if missing in m.study.missing else say("like.reason.ratio")
        label, digits = say(f"like.number.{key}"), 1 if unit == "count" else 0
        yield m.figures.number(id, label, unit, method, found, reason, digits=digits, base=base, effective=effective)


def _drivers(m: Material) -> Iterator[Number]:
    for outcome, fit in m.study.drivers.items():
        name, base = say(f"like.chart.drivers.{outcome}"), {"customers": fit.base}
        label, found = (
            say("like.number.r_squared", outcome=name),
            (fit.r_squared, fit.r_squared_low, max(fit.r_squared_high, fit.r_squared)),
        )
        yield m.figures.number(f"drivers.{outcome}.r_squared", label, "share", "relative_weight", found, base=base)
        for row in fit.table.to_dict("records"):
            label = say("like.number.driver", outcome=name, option=m.reason(str(row["item"])))
            found = (row["weight"], row["low"], row["high"])
            id = f"drivers.{outcome}.{row['item']}"
            yield m.figures.number(id, label, "share", "relative_weight", found, digits=1, base=base)


def detectable_rise(number: Number) -> float | None:
    """The smallest rise of a share (0-1) a second wave of this size could tell from chance; None without a base."""
    n = number.effective_base.get("customers")
    if number.value is None or not n or number.low is None or number.high is None:
        return None
    return math.sqrt(2) * (number.high - number.low) / 2
