"""Which comparison do the data allow? The design follows from their structure, never from a test of the outcome."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import numpy as np
import pandas as pd
from scipy.special import ndtri

from kesher.faults import NotIdentified
from kesher.loyalty.effect import cohorts, experiment, history, joiners, rollout, staggered
from kesher.loyalty.effect.bound import Bound, relative_magnitudes
from kesher.loyalty.effect.cohorts import Controls
from kesher.loyalty.effect.estimates import Estimate, Floats
from kesher.loyalty.effect.history import Timing
from kesher.months import months_of

if TYPE_CHECKING:
    from kesher.readers.ledger.summaries import Panel

T = TypeVar("T")
DESIGNS = ("holdout", "staggered", "joiners", "rollout", "members_only")
GRADES = {"holdout": "A", "staggered": "B", "rollout": "B", "joiners": "C"}  # of evidence; an assumed effect is D
FEWEST_NEVER = 100  # never-members with history (joiners)


@dataclass(frozen=True)
class EffectStudy:
    """The incremental effect of the programme: the first design possible leads, the others stand beside it.

    ``headline`` is None when ``design`` is "members_only". ``estimand``: "itt", "late" or "att". ``reasons``: why each
    of the other designs is impossible. ``designs``: design, possible, headline, reason (why impossible, or what speaks
    against the value: "placebo_fails", "not_balanced"), per, value, se, low, high, members, controls. ``naive``:
    members' monthly margin less non-members'. ``sensitivity``: row, value, low, high, members, controls, disagrees
    (one's value lies outside the other's interval, or only one of the two differs from zero). Its rows: "winsorised",
    the control groups not chosen, "first_months" and, flagged "drop_out", "at_joining" (``StaggeredStudy``), and
    "uncovered_zero", the effect per member-month were it nil in all months since joining that are not compared.
    ``fading`` (staggered): the slope of the effect by months since joining. ``bound``: Rambachan and Roth's;
    ``trend_bound`` (staggered) the milder one for a steady drift: the pre-period's straight trend, up to m times, goes
    on in one direction. ``flags``: ``_flags``.
    """

    design: str
    headline: Estimate | None
    estimand: str | None
    reasons: dict[str, str]
    designs: pd.DataFrame
    naive: Estimate | None
    naive_reason: str | None
    holdout: experiment.HoldoutStudy | None
    staggered: staggered.StaggeredStudy | None
    joiners: joiners.JoinersStudy | None
    rollout: rollout.RolloutStudy | None
    sensitivity: pd.DataFrame
    bound: Bound | None
    trend_bound: Bound | None
    fading: Estimate | None
    coverage: history.Coverage
    flags: tuple[str, ...]


def identify(
    panel: Panel,
    *,
    holdout: pd.DataFrame | None = None,
    planned_share: float | None = None,
    rollout: pd.DataFrame | None = None,
    regional: pd.DataFrame | None = None,
    regional_bases: pd.DataFrame | None = None,
    members_known: bool = True,
    pre_months: int = 6,
    drop_before: int = 1,
    drop_after: int = 0,
    confidence: float = 0.95,
    seed: int = 0,
) -> EffectStudy:
    """Estimate with every design that the structure of the data allows; all effects per member and month.

    ``panel`` holds every customer of the ledger and full months only (no column when there is none);
    ``holdout``: customer, treated, since; ``rollout``: region, started; ``regional``: region by month, money;
    ``regional_bases``: region -> customers, members. Nothing raises: what is impossible has its code in
    ``reasons``.
    """
    timing = Timing(pre_months, drop_before, drop_after)
    if not members_known:
        panel = replace(panel, joined=np.full_like(panel.joined, -1))
    attempts: dict[str, Callable[[Panel], Any]] = {
        "holdout": lambda panel: experiment.study(panel, holdout, planned_share=planned_share, confidence=confidence),
        "staggered": lambda panel: _staggered(panel, timing, confidence),
        "joiners": lambda panel: _joiners(panel, timing, confidence),
        "rollout": lambda _: _rollout(rollout, regional, regional_bases, timing, confidence, seed),
    }
    tried = {name: _tried(partial(attempt, panel)) for name, attempt in attempts.items()}
    found = {name: study for name, (study, _) in tried.items() if study is not None}
    reasons = {name: code for name, (_, code) in tried.items() if code is not None}
    design = next(iter(found), "members_only")
    study: Any = found.get(design)
    headline = _estimate(study) if study else None
    naive, naive_reason = _tried(lambda: history.naive_gap(panel, confidence))
    others: dict[str, Callable[[], Any]] = {}
    if headline and design != "rollout":
        others["winsorised"] = lambda: attempts[design](history.winsorised(panel))
    if design == "staggered":
        others |= _other_controls(panel, study.controls, timing, confidence)
    before_after = found.get("staggered") or found.get("joiners")
    coverage = history.coverage_of(panel, timing, *_compared(before_after, panel, timing))
    sensitivity = _sensitivity(study, headline, others, coverage)
    bound, trend_bound = _bounds(design, study, confidence)
    estimand = ("late" if study.late else "itt") if design == "holdout" else "att"
    return EffectStudy(
        design=design,
        headline=headline,
        estimand=estimand if headline else None,
        reasons=reasons,
        designs=_table(found, reasons, design),
        naive=naive,
        naive_reason=naive_reason,
        **{name: found.get(name) for name in attempts},
        sensitivity=sensitivity,
        bound=bound,
        trend_bound=trend_bound,
        fading=study.fading if design == "staggered" else None,
        coverage=coverage,
        flags=_flags(study, sensitivity, trend_bound, coverage),
    )


def _tried(find: Callable[[], T]) -> tuple[T | None, str | None]:
    """What was found, or the code of why it could not be."""
    try:
        return find(), None
    except NotIdentified as refused:
        return None, refused.code


def _estimate(study: Any) -> Estimate:
    if isinstance(study, experiment.HoldoutStudy):
        return study.headline
    return study.simple if isinstance(study, staggered.StaggeredStudy) else study.effect


def _staggered(
    panel: Panel, timing: Timing, confidence: float, controls: Controls | None = None
) -> staggered.StaggeredStudy:
    usable = history.with_history(panel, timing)
    if len(np.unique(usable.joined[usable.joined >= 0])) < history.JOINING_MONTHS:
        raise NotIdentified("few_joining_months" if np.ptp(panel.joined[panel.joined >= 0]) else "joined_on_one_day")
    before, first = timing.drop_before, timing.drop_after + 1
    controls, fewest = controls or history.controls_for(usable, timing), history.FEWEST_CONTROLS
    found = cohorts.effects(usable, controls=controls, drop_before=before, fewest_controls=fewest, corrected=True)
    study = staggered.aggregated(
        found, controls, pre_months=timing.pre_months, drop_before=before, first=first, confidence=confidence
    )
    if study.simple.members < history.FEWEST_MEMBERS:
        raise NotIdentified("too_few_members")
    return study


def _joiners(panel: Panel, timing: Timing, confidence: float) -> joiners.JoinersStudy:
    usable = history.with_history(panel, timing)
    if not (panel.joined < 0).any():
        raise NotIdentified("everybody_a_member")
    if (usable.joined < 0).sum() < FEWEST_NEVER:
        raise NotIdentified("too_few_controls")
    return joiners.study(usable, timing, confidence)


def _rollout(
    table: pd.DataFrame | None,
    regional: pd.DataFrame | None,
    bases: pd.DataFrame | None,
    timing: Timing,
    confidence: float,
    seed: int,
) -> rollout.RolloutStudy:
    if table is None or table.empty:
        raise NotIdentified("no_rollout")
    if regional is None:
        raise NotIdentified("no_regions")
    started = pd.Series(months_of(table["started"]), index=table["region"])
    return rollout.study(regional, started, bases=bases, first=timing.drop_after + 1, confidence=confidence, seed=seed)


def _other_controls(
    panel: Panel, chosen: Controls, timing: Timing, confidence: float
) -> dict[str, Callable[[], staggered.StaggeredStudy]]:
    """The same comparison with the control groups that were not chosen."""
    possible = get_args(Controls) if (panel.joined < 0).any() else ("not_yet",)
    return {name: partial(_staggered, panel, timing, confidence, name) for name in possible if name != chosen}


def _compared(study: Any, panel: Panel, timing: Timing) -> tuple[int, int]:
    """How many members, and how many of their months since joining, a comparison before and after joining covers."""
    if isinstance(study, staggered.StaggeredStudy):
        cells = study.cells
        return study.simple.members, int(cells["members"][cells["month"] - cells["joined"] > timing.drop_after].sum())
    if isinstance(study, joiners.JoinersStudy):
        months = panel.months[-1] - study.dates["joined"] - timing.drop_after
        return study.effect.members, int((study.dates["members"] * months).sum())
    return 0, 0


def _sensitivity(
    study: Any, headline: Estimate | None, others: dict[str, Callable[[], Any]], coverage: history.Coverage
) -> pd.DataFrame:
    tried = {name: _tried(run)[0] for name, run in others.items()}
    found = {name: _estimate(other) for name, other in tried.items() if other is not None}
    if isinstance(study, staggered.StaggeredStudy):
        found["first_months"] = study.first_months
        if study.at_joining and study.drop_out:
            found["at_joining"] = study.at_joining
    rows = [_row(name, other, headline) for name, other in found.items() if headline]
    if headline and isinstance(study, staggered.StaggeredStudy | joiners.JoinersStudy):
        scaled = (coverage.months_share * part for part in (headline.value, headline.low, headline.high))
        rows.append(("uncovered_zero", *scaled, headline.members, headline.controls, False))
    return pd.DataFrame(rows, columns=["row", "value", "low", "high", "members", "controls", "disagrees"])


def _row(name: str, other: Estimate, headline: Estimate) -> tuple[Any, ...]:
    outside = not (headline.low <= other.value <= headline.high and other.low <= headline.value <= other.high)
    disagrees = outside or other.differs != headline.differs
    return name, other.value, other.low, other.high, other.members, other.controls, disagrees


def _bounds(design: str, study: Any, confidence: float) -> tuple[Bound | None, Bound | None]:
    if design == "joiners" and study.placebo is not None:
        return relative_magnitudes(study.pair, study.pair_covariance, 1.0, "placebo", confidence), None
    if design != "staggered" or len(study.steps) < 2:
        return None, None
    step = relative_magnitudes(study.steps, study.steps_covariance, study.reach, "monthly_step", confidence)
    return step, relative_magnitudes(*_trend(study), study.reach, "monthly_trend", confidence)


def _trend(study: staggered.StaggeredStudy) -> tuple[Floats, Floats]:
    """The effect and the straight pre-trend per month, with their covariance."""
    n = len(study.steps)
    slope = np.arange(1, n) * (n - np.arange(1, n))  # least squares through n months weighs their steps so
    pick = np.zeros((2, n))
    pick[0, 0], pick[1, 1:] = 1, slope / slope.sum()
    return pick @ study.steps, pick @ study.steps_covariance @ pick.T


def _table(found: dict[str, Any], reasons: dict[str, str], design: str) -> pd.DataFrame:
    rows = []
    for name in DESIGNS:
        e = _estimate(found[name]) if name in found else None
        numbers = (e.per, e.value, e.se, e.low, e.high, e.members, e.controls) if e else ("", *[np.nan] * 4, 0, 0)
        doubt = next(iter(_doubts(found.get(name))), "")
        rows.append((name, name not in reasons, name == design, reasons.get(name, doubt), *numbers))
    columns = ["design", "possible", "headline", "reason", "per", "value", "se", "low", "high", "members", "controls"]
    return pd.DataFrame(rows, columns=columns)


def _doubts(study: Any) -> list[str]:
    """What speaks against a comparison with customers alike, the worse first."""
    if not isinstance(study, joiners.JoinersStudy):
        return []
    return ["placebo_fails"] * (study.placebo_holds is False) + ["not_balanced"] * (not study.balanced)


def _flags(study: Any, sensitivity: pd.DataFrame, trend: Bound | None, coverage: history.Coverage) -> tuple[str, ...]:
    """What a reader must know of the design that leads.

    "drop_out": the effect falls with months since joining, one-sided at the confidence; it may fall by itself, or
    members who leave for good may look so. "fragile": there is a pre-trend, and half of it would undo the effect;
    raised in 5 % of 200 simulated programmes and 5 to 8 % of 800 other clients without any trend.
    """
    raised: list[str] = []
    if isinstance(study, experiment.HoldoutStudy):
        apart = study.balance["standardised_difference"].abs().max() > joiners.BALANCED
        raised += ["sample_ratio"] * (study.ratio_p < 0.001) + ["not_randomised_alike"] * bool(apart)
    if isinstance(study, staggered.StaggeredStudy):
        raised += ["pre_trend"] * (study.pre_p < 0.05) + ["drop_out"] * study.drop_out
    raised += _doubts(study)
    for row in sensitivity.loc[sensitivity["disagrees"].astype(bool), "row"]:
        raised += ["outliers"] * (row == "winsorised") + ["controls_disagree"] * (row in get_args(Controls))
    before_after = isinstance(study, staggered.StaggeredStudy | joiners.JoinersStudy)
    raised += ["covers_few"] * (before_after and coverage.months_share < 0.5)
    raised += ["fragile"] * (trend is not None and trend.breakdown_m < 0.5 and _on_a_path(study))
    return tuple(dict.fromkeys(raised))


def _on_a_path(study: staggered.StaggeredStudy) -> bool:
    """Whether the pre-period, as a whole or by its straight trend, speaks against parallel trends."""
    (_, slope), covariance = _trend(study)
    level = study.simple.confidence
    return bool(study.pre_p < 1 - level or abs(slope) > ndtri((1 + level) / 2) * covariance[1, 1] ** 0.5)
