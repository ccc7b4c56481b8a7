"""The numbers of the like-motivation workbook, by the ids that others rely on."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from kesher.answers.like_motivation.material import Material
from kesher.disclosure import guarded
from kesher.results import Interval, Number, Status, Unit
from kesher.stats import estimate_shares, kish_design_effect, share_interval
from kesher.survey.programmes import Estimate
from kesher.survey.shares import SideShares
from kesher.words import Text, say

PROMOTER = 9  # recommends with 9 or 10 of 10 (Reichheld 2003)

REASON_OF_CODE = {
    "no_marketers": "no_marketers",
    "too_few_guessers": "too_few_guessers",
    "no_programmes": "no_column",
    "no_expectations": "no_expectations",
    "no_reasons": "no_customers",
    "no_shared_options": "few_options",
    "no_published_items": "not_shared",
    "no_recommendation_column": "no_outcome",
    "no_loyalty_column": "no_outcome",
    "constant_outcome": "zero_variance",
    "no_variation": "zero_variance",
}


def why(material: Material, part: str) -> Text:
    """Why a part of the study is missing, for a reader."""
    if material.study.missing.get(part) == "withheld":
        return say("disclosure.withheld", threshold=material.params.withhold_below)
    return say(f"like.reason.{REASON_OF_CODE.get(material.study.missing.get(part, ''), 'no_column')}")


def numbers(material: Material) -> dict[str, Number]:
    """Every number of the workbook by id; those the data can not support stand with their reason."""
    found = [
        *_bases(material),
        *_shares(material),
        *_gaps(material),
        *_agreement(material),
        *_guesses(material),
        *_offers(material),
        *_programmes(material),
        *_drivers(material),
        *_recommend(material),
    ]
    groups = ("customers",)
    return {number.id: guarded(number, material.params.withhold_below, groups) for number in found}


def number(
    id: str,
    label: Text,
    value: float | None,
    unit: Unit,
    *,
    method: Text,
    low: float | None = None,
    high: float | None = None,
    digits: int = 0,
    confidence: float | None = None,
    interval: Interval = "confidence",
    reason: Text | None = None,
    base: dict[str, int] | None = None,
    effective_base: dict[str, float] | None = None,
    inputs: tuple[str, ...] = (),
    signed: bool | None = None,
) -> Number:
    """A Number from a computed value; NaN or None becomes not identified, for ``reason``."""
    value, low, high = (None if v is None or not math.isfinite(v) else float(v) for v in (value, low, high))
    have_interval = value is not None and low is not None and high is not None
    status: Status = "ok" if value is not None else "not_identified"
    return Number(
        id=id,
        label=label,
        value=value,
        unit=unit,
        digits=digits,
        status=status,
        reason=None if value is not None and have_interval else reason or say("like.reason.no_customers"),
        low=low if have_interval else None,
        high=high if have_interval else None,
        interval=interval if have_interval else "none",
        confidence=confidence if have_interval else None,
        base=base or {},
        effective_base={group: n for group, n in (effective_base or {}).items() if math.isfinite(n)},
        method=method["en"],
        method_text=method,
        inputs=inputs,
        signed=signed,
    )


def _count(id: str, key: str, value: float, digits: int = 0, method: str = "count") -> Number:
    said = _method(method)
    unit: Unit = "count" if digits == 0 else "ratio"
    return Number(
        id=id,
        label=say(f"like.number.{key}"),
        value=value,
        unit=unit,
        digits=digits,
        method=said["en"],
        method_text=said,
    )


def _method(key: str) -> Text:
    return say(f"like.method.{key}")


def _bases(m: Material) -> Iterator[Number]:
    weights = m.study.design.weights
    yield _count("customers.n", "customers_n", m.study.rows_used)
    if len(weights):
        effect = kish_design_effect(weights)
        yield _count("customers.effective_n", "customers_effective_n", len(weights) / effect, method="kish")
        yield _count("customers.design_effect", "customers_design_effect", effect, 2, "kish")
    label = say("like.number.marketers_n")
    if m.marketers_n is None:
        reason = say("like.reason.no_marketers" if m.mode == "none" else "like.reason.no_n")
        yield number("marketers.n", label, None, "count", method=_method("count"), reason=reason)
    else:
        yield _count("marketers.n", "marketers_n", m.marketers_n)


def _side_numbers(
    m: Material, side: SideShares, prefix: str, question: str, group: str, key: str, method: str
) -> Iterator[Number]:
    reason = (
        None if side.interval != "none" else say(f"like.reason.{'whole_team' if side.mode == 'whole_team' else 'no_n'}")
    )
    for row in side.table().to_dict("records"):
        option = str(row["option"])
        bare = side.interval == "none"
        yield number(
            f"{prefix}.{option}",
            say(f"like.number.{key}", option=m.label(question, option)),
            row["share"],
            "share",
            low=None if bare else row["low"],
            high=None if bare else row["high"],
            confidence=side.confidence,
            method=_method(method),
            reason=reason,
            base={group: int(row["base"])} if row["base"] >= 0 else {},
            effective_base={group: row["effective_base"]},
        )


def _shares(m: Material) -> Iterator[Number]:
    study = m.study
    for question in m.data.customers.questions:
        prefix = {"reasons": "customers.share", "expectations": "expectation"}.get(question, question)
        key = {"reasons": "customers_share", "expectations": "expectation"}.get(question, "customers_share")
        side = study.shares.get(question)
        if side is None:
            withheld = study.missing.get(f"shares.{question}") == "withheld"
            for option in m.options(question):
                label, reason = (
                    say(f"like.number.{key}", option=m.label(question, option)),
                    why(m, f"shares.{question}"),
                )
                empty = number(f"{prefix}.{option}", label, None, "share", method=_method("share"), reason=reason)
                yield empty.refused("withheld", reason) if withheld else empty
            continue
        yield from _side_numbers(m, side, prefix, question, "customers", key, "share")
    if study.marketers is not None:
        sealed = m.mode == "sealed_guesses"
        method = {
            "sealed_guesses": "median_guess",
            "whole_team": "share_whole_team",
            "published_table": "share_published",
        }
        key = "marketers_share_sealed_guesses" if sealed else "marketers_share"
        yield from _side_numbers(
            m, study.marketers, "marketers.share", "reasons", "marketers", key, method.get(m.mode, "share")
        )


def _gaps(m: Material) -> Iterator[Number]:
    gap = m.study.gap
    if gap is None:
        reason = why(m, m.gap_missing)
        for option in m.options("reasons"):
            label = say("like.number.gap", option=m.reason(option))
            yield number(f"gap.{option}", label, None, "pp", method=_method("gap"), reason=reason)
        return
    both_sides = gap.interval_from == "both"
    for row in gap.table.to_dict("records"):
        option, label = str(row["option"]), m.reason(str(row["option"]))
        base = {"customers": int(row["customers_base"]), "marketers": int(row["marketers_base"])}
        inputs = (f"customers.share.{option}", f"marketers.share.{option}")
        for id, key, unit, value, low, high, method in (
            ("gap", "gap", "pp", "gap_pp", "gap_low_pp", "gap_high_pp", "gap" if both_sides else "gap_one_side"),
            ("gap_centred", "gap_centred", "pp", "centred_gap_pp", "centred_low_pp", "centred_high_pp", "gap_centred"),
            ("rank_gap", "rank_gap", "rank", "rank_gap", "rank_gap_low", "rank_gap_high", "rank_gap"),
        ):
            yield number(
                f"{id}.{option}",
                say(f"like.number.{key}", option=label),
                row[value],
                unit,  # type: ignore[arg-type]
                low=row[low],
                high=row[high],
                digits=1 if unit == "rank" and row[value] % 1 else 0,
                confidence=gap.confidence,
                method=_method(method),
                reason=say("like.reason.no_n") if gap.interval_from == "none" else say("like.reason.few_options"),
                base={group: n for group, n in base.items() if n >= 0},
                inputs=inputs,
            )


def _agreement(m: Material) -> Iterator[Number]:
    gap = m.study.gap
    yield number(
        "agreement.kendall_tau_b",
        say("like.number.tau"),
        gap.agreement_tau_b if gap else None,
        "tau",
        low=gap.agreement_low if gap else None,
        high=gap.agreement_high if gap else None,
        digits=2,
        confidence=m.params.confidence,
        method=_method("tau"),
        reason=say("like.reason.few_options") if gap else why(m, m.gap_missing),
        inputs=tuple(f"gap.{option}" for option in gap.table["option"]) if gap else (),
    )


def _guesses(m: Material) -> Iterator[Number]:
    guesses = m.study.guesses
    if guesses is None:
        if m.mode == "sealed_guesses":
            yield number(
                "predictions.surprise_pp",
                say("like.number.surprise"),
                None,
                "pp",
                method=_method("surprise"),
                reason=why(m, "guesses"),
                signed=False,
            )
        return
    base = {"marketers": guesses.guessers}
    inputs = tuple(f"gap.{option}" for option in guesses.table["option"])
    yield number(
        "predictions.surprise_pp",
        say("like.number.surprise"),
        guesses.surprise_pp,
        "pp",
        low=guesses.surprise_low_pp,
        high=guesses.surprise_high_pp,
        digits=1,
        confidence=guesses.confidence,
        method=_method("surprise"),
        base=base,
        inputs=inputs,
        signed=False,
    )
    yield number(
        "predictions.guesser_error_pp",
        say("like.number.guess_error"),
        guesses.guesser_error_pp,
        "pp",
        digits=1,
        method=_method("guess_error"),
        base=base,
        reason=say("like.reason.whole_team"),
        signed=False,
    )
    for wave in guesses.waves.to_dict("records"):
        label = say("like.number.surprise_wave", wave=int(wave["wave"]))
        reason = say("like.reason.whole_team")
        yield number(
            f"predictions.wave_{int(wave['wave'])}.surprise_pp",
            label,
            wave["surprise_pp"],
            "pp",
            digits=1,
            method=_method("surprise"),
            reason=reason,
            signed=False,
        )


def _offers(m: Material) -> Iterator[Number]:
    offers = m.study.offers
    if offers is None:
        for size in range(1, m.params.offers_max + 1):
            label = say("like.number.reach", k=size)
            yield number(f"offers.{size}.reach", label, None, "share", method=_method("reach"), reason=why(m, "offers"))
        return
    for found in offers.sets:
        inputs = tuple(f"expectation.{option}" for option in found.best)
        base, effective = {"customers": offers.base}, {"customers": offers.effective_base}
        yield number(
            f"offers.{found.size}.reach",
            say("like.number.reach", k=found.size),
            found.reach,
            "share",
            low=found.low,
            high=found.high,
            confidence=offers.confidence,
            method=_method("reach"),
            base=base,
            effective_base=effective,
            inputs=inputs,
        )
        yield number(
            f"offers.{found.size}.win_rate",
            say("like.number.win_rate", k=found.size),
            found.win_rate,
            "share",
            method=_method("win_rate"),
            base=base,
            inputs=inputs,
            reason=say("like.reason.resamples"),
        )


def _programmes(m: Material) -> Iterator[Number]:
    found = m.study.programmes
    parts: list[tuple[str, str, Unit, int, Estimate | None]] = [
        ("enrolled_mean", "enrolled", "count", 1, found.enrolled if found else None),
        ("active_mean", "active", "count", 1, found.active if found else None),
        ("active_share", "active_share", "share", 0, found.share_active if found else None),
    ]
    for id, key, unit, digits, estimate in parts:
        yield number(
            f"programmes.{id}",
            say(f"like.number.{key}"),
            estimate.value if estimate else None,
            unit,
            low=estimate.low if estimate else None,
            high=estimate.high if estimate else None,
            digits=digits,
            confidence=m.params.confidence,
            method=_method("ratio" if id == "active_share" else "mean"),
            reason=why(m, "programmes") if found is None else say("like.reason.ratio"),
            base={"customers": estimate.base} if estimate else {},
            effective_base={"customers": estimate.effective_base} if estimate else {},
        )


def _drivers(m: Material) -> Iterator[Number]:
    for outcome, found in m.study.drivers.items():
        outcome_name = say(f"like.chart.drivers.{outcome}")
        base, method = {"customers": found.base}, _method("relative_weight")
        yield number(
            f"drivers.{outcome}.r_squared",
            say("like.number.r_squared", outcome=outcome_name),
            found.r_squared,
            "share",
            low=found.r_squared_low,
            high=found.r_squared_high,
            confidence=found.confidence,
            method=method,
            base=base,
        )
        for row in found.table.to_dict("records"):
            label = say("like.number.driver", outcome=outcome_name, option=m.reason(str(row["item"])))
            yield number(
                f"drivers.{outcome}.{row['item']}",
                label,
                row["weight"],
                "share",
                low=row["low"],
                high=row["high"],
                digits=1,
                confidence=found.confidence,
                method=method,
                base=base,
            )


def _recommend(m: Material) -> Iterator[Number]:
    """The share that recommends with 9 or 10, the measure of the fourth step."""
    people = m.used.people
    label = say("like.number.recommend_share")
    if "recommend" not in people:
        yield number(
            "recommend.share", label, None, "share", method=_method("share"), reason=say("like.reason.no_outcome")
        )
        return
    answers = people["recommend"].to_numpy(dtype=float)
    answered = np.isfinite(answers)
    if not answered.any():
        yield number(
            "recommend.share", label, None, "share", method=_method("share"), reason=say("like.reason.no_outcome")
        )
        return
    found = estimate_shares((answers >= PROMOTER)[:, None], answered, m.study.design)
    low, high = share_interval(found.share, found.effective_base, m.params.confidence, found.degrees_of_freedom)
    yield number(
        "recommend.share",
        label,
        found.share[0],
        "share",
        low=low[0],
        high=high[0],
        confidence=m.params.confidence,
        method=_method("share"),
        base={"customers": found.base},
        effective_base={"customers": found.effective_base[0]},
    )


def detectable_rise(number: Number) -> float | None:
    """The smallest rise of a share (0-1) a second wave of this size could tell from chance; None without a base."""
    n = number.effective_base.get("customers")
    if number.value is None or not n or number.low is None or number.high is None:
        return None
    return math.sqrt(2) * (number.high - number.low) / 2
