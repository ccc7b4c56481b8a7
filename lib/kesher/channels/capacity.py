"""The set of networks that serves the goals best within the hours and the money there are, and what more would buy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kesher.channels.goals import SAME, Flip, Floats, Names, column, measures, value
from kesher.channels.judged import JudgedSets, Places, every_set, judged, ties
from kesher.channels.plan import accounts
from kesher.stats.reach import Resamples, Usage, reach_of
from kesher.stats.usage import reaches_of

__all__ = ["Choice", "accounts", "choose"]

SHOWN, MOST_SHOWN = 30, 200  # sets in the table of candidates beside those that tie, and with them


@dataclass(frozen=True)
class Choice:
    """The networks to publish on, where to answer, and what that takes a month.

    ``value`` 0-1 on the goals' fixed scales, ``reach`` 0-1 as observed (not corrected for having been chosen),
    ``hours`` with those of answering elsewhere, ``cost`` in money without hours; NaN where unknown. ``publish`` is ()
    when no set fits; then these are of publishing nowhere. ``leader`` has the highest value within capacity; ``tied``
    may be as good (only reach is resampled, every other measure is taken as known), highest value first; ``win_rate``
    is the share of resamples in which ``publish`` is best, None without any. ``broken_by``: "only" (nothing ties),
    "cost" (the cheapest of the tied) or "value". ``best_unlimited``: without hours and money.

    ``candidates``: names, value, reach, hours, cost, fits, tied, win_rate, chosen; the tied sets and the best others,
    at most 200. ``answer``: network, mentions, hours: where customers already speak; ``answer_hours`` their sum,
    ``publish_hours`` what they leave. ``frontier``: hours, value, reach_pp, names: the best set within money from each
    number of hours on, beginning with none. ``next_step`` = (hours more, set): the first step beyond those available,
    of several within an hour the last. ``shadow_price``: the points of reach it adds to the leader's per hour, no less
    than an hour counted, with ``shadow_interval`` of the resamples (``confidence``); None without a step, or where the
    step reaches nobody more and serves other goals. ``shadow_value``: the same in points of value, 0-100, always
    positive. ``binding``: what keeps a better set out: "hours", "money", "none", "unknown".
    ``flips``: over which weights ``leader`` stays best. ``alone``: the value of each network of ``publish`` by itself.

    ``codes``: "no_capacity_given", "answer_takes_all", "nothing_fits" (or of no set is it known that it does),
    "hours_unknown", "cost_unknown", "figure_unknown:<goal>" (of some networks, whose sets are not chosen),
    "answer_hours_unknown" (counted as none), "goal_unknown:<goal>", "goal_without_scale:<goal>",
    "step_without_reach" (the next step serves other goals), "step_unsure" (its reach may be no larger).
    """

    publish: Names
    value: float
    reach: float
    hours: float
    cost: float
    win_rate: float | None
    tied: tuple[Names, ...]
    broken_by: str
    best_unlimited: Names
    candidates: pd.DataFrame
    answer: pd.DataFrame
    answer_hours: float
    publish_hours: float | None
    frontier: pd.DataFrame
    shadow_price: float | None
    next_step: tuple[float, Names] | None
    binding: str
    codes: tuple[str, ...]
    leader: Names
    flips: tuple[Flip, ...]
    alone: dict[str, float]
    forced_in: Names
    considered: Names
    shadow_value: float | None = None
    shadow_interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class _Step:
    """What the next step beyond the hours available brings per hour, as in ``Choice``."""

    next_step: tuple[float, Names] | None = None
    price: float | None = None
    interval: tuple[float, float] | None = None
    value: float | None = None
    codes: tuple[str, ...] = ()


def choose(
    usage: Usage,
    resamples: Resamples | None,
    effective_base: float,
    networks: pd.DataFrame | None,
    goals: pd.DataFrame | None,
    outcomes: pd.DataFrame | None,
    *,
    publish_most: int,
    forced_in: Sequence[str] = (),
    hours_available: float | None = None,
    money_available: float | None = None,
    hour_cost: float | None = None,
    mentions_least: float = 1.0,
    confidence: float = 0.95,
) -> Choice:
    """Choose among all sets of 1 to ``publish_most`` networks that hold ``forced_in``.

    A set takes the good-work hours of its networks, which include answering there, and the answering hours of every
    other network where customers speak (``mentions_least`` a month). What a set takes is never guessed: with a
    network whose hours (or, under ``money_available``, cost) are blank it does not fit. Sets that tie are told apart by
    hours x ``hour_cost`` + cost, by hours where an hour has no price, then by value, as far as all of the tied are
    known. The tied list has its own level, so ``confidence`` bears on the shadow price alone. Raises ``NotIdentified``:
    "forced_unknown", "forced_too_many", "no_users" (nothing to choose from), "no_goal_known".
    """
    answer, limits = _answering(networks, mentions_least), (hours_available, money_available)
    masks = every_set(usage.names, tuple(forced_in), publish_most)
    sets, codes = judged(usage, masks, networks, goals, outcomes, answer, limits)
    answer_hours = float(answer["hours"].sum())
    leader, frontier = sets.best(sets.fits), _frontier(sets)
    chosen, tied, wins, broken_by = None, np.zeros(0, dtype=np.intp), None, "only"
    if leader is not None:
        tied, wins = ties(sets, resamples, np.flatnonzero(sets.fits), leader, effective_base)
        chosen, broken_by = _break(sets, tied, hour_cost)
    elif hours_available is not None and answer_hours > hours_available + SAME:
        codes = ("answer_takes_all", *codes)
    else:
        codes = ("nothing_fits", *codes)
    if hours_available is None:
        codes = ("no_capacity_given", *codes)
    unlimited = sets.best(np.ones(masks.size, dtype=bool))
    step = _next_step(sets, frontier, chosen, hours_available, resamples, confidence)
    publish = () if chosen is None else sets.named(chosen)
    return Choice(
        publish=publish,
        value=float(frontier["value"][0] if chosen is None else sets.value[chosen]),
        reach=0.0 if chosen is None else float(sets.measures["reach"][chosen]),
        hours=answer_hours if chosen is None else float(sets.hours[chosen]),
        cost=0.0 if chosen is None else float(sets.cost[chosen]),
        win_rate=None if wins is None or chosen is None else float(wins[chosen]),
        tied=tuple(sets.named(int(i)) for i in tied),
        broken_by=broken_by,
        best_unlimited=() if unlimited is None else sets.named(unlimited),
        candidates=_candidates(sets, tied, wins, chosen, unlimited),
        answer=answer,
        answer_hours=answer_hours,
        publish_hours=None if hours_available is None else hours_available - answer_hours,
        frontier=frontier,
        shadow_price=step.price,
        next_step=step.next_step,
        binding=_binding(sets),
        codes=(*codes, *step.codes, *_unknown(sets, networks, answer, money_available is not None)),
        leader=() if leader is None else sets.named(leader),
        flips=() if leader is None else sets.flips(leader),
        alone=_alone(sets, publish, networks, outcomes),
        forced_in=tuple(forced_in),
        considered=usage.names,
        shadow_value=step.value,
        shadow_interval=step.interval,
    )


def _answering(networks: pd.DataFrame | None, mentions_least: float) -> pd.DataFrame:
    """Where customers already speak, most mentions first."""
    names = [] if networks is None else list(networks["network"])
    found = {"mentions": column(networks, "mentions", names), "hours": column(networks, "hours_answer", names)}
    table = pd.DataFrame({"network": pd.Series(names, dtype=object), **found})
    table = table[table["mentions"] >= mentions_least]
    return table.sort_values("mentions", ascending=False, kind="stable", ignore_index=True)


def _unknown(sets: JudgedSets, networks: pd.DataFrame | None, answer: pd.DataFrame, by_money: bool) -> list[str]:
    """Codes of what is not known of every network."""
    names = sets.usage.names
    gaps = {
        "hours_unknown": np.isnan(column(networks, "hours_good", names)).any(),
        "cost_unknown": by_money and np.isnan(column(networks, "cost", names)).any(),
        "answer_hours_unknown": answer["hours"].isna().any(),
    }
    weighed = [goal.goal for goal in sets.goals if goal.weight > 0]
    gaps |= {f"figure_unknown:{goal}": np.isnan(sets.measures[goal]).any() for goal in weighed}
    return [code for code, gap in gaps.items() if gap]


def _break(sets: JudgedSets, tied: Places, hour_cost: float | None) -> tuple[int, str]:
    """One of the tied: the cheapest a month as far as that is known of all, then the highest value, then the first."""
    keys = [of[tied] for of in (sets.hours, sets.cost) if np.isfinite(of[tied]).all()]
    if hour_cost is not None and len(keys) == 2:
        keys = [keys[0] * hour_cost + keys[1]]
    left = tied
    for key in keys:
        at = np.isin(tied, left)
        left = tied[at & (key <= key[at].min() + SAME)]
    chosen = left[sets.value[left] >= sets.value[left].max() - SAME][0]
    return int(chosen), "only" if tied.size == 1 else "cost" if left.size < tied.size else "value"


def _frontier(sets: JudgedSets) -> pd.DataFrame:
    """The best value within money at each number of hours, as steps from publishing nowhere."""
    usable = np.flatnonzero(sets.money_fits & np.isfinite(sets.hours) & np.isfinite(sets.value))
    best = float(value(sets.goals, {goal.goal: np.zeros(1) for goal in sets.goals})[0])
    rows: list[tuple[float, float, float, Names]] = [(0.0, best, 0.0, ())]
    for i in usable[np.lexsort((usable, -sets.value[usable], sets.hours[usable]))].tolist():
        if sets.value[i] > best + SAME:
            best = float(sets.value[i])
            rows.append((float(sets.hours[i]), best, 100 * float(sets.measures["reach"][i]), sets.named(i)))
    return pd.DataFrame(rows, columns=["hours", "value", "reach_pp", "names"])


def _next_step(
    sets: JudgedSets, frontier: pd.DataFrame, chosen: int | None, available: float | None, resamples: Resamples | None,
    confidence: float,
) -> _Step:  # fmt: skip
    """The first step beyond the hours available and what it adds per hour to the choice, which need not be the leader.

    A gain within minutes is an hour's.
    """
    if available is None or not (beyond := frontier["hours"] > available + SAME).any():
        return _Step()
    within = beyond & (frontier["hours"] <= available + 1 + SAME)
    here, there = frontier[~beyond].iloc[-1], frontier[within].iloc[-1] if within.any() else frontier[beyond].iloc[0]
    if chosen is not None:
        of = {"value": float(sets.value[chosen]), "reach_pp": 100 * float(sets.measures["reach"][chosen])}
        here = pd.Series(of | {"names": sets.named(chosen)})
    more = float(there["hours"]) - available
    hours, gain = max(more, 1.0), float(there["reach_pp"] - here["reach_pp"])
    worth = 100 * float(there["value"] - here["value"]) / hours
    next_step = (more, there["names"])
    if gain <= 100 * SAME:
        return _Step(next_step, value=worth, codes=("step_without_reach",))
    if resamples is None or len(resamples.drawn) < 2:
        return _Step(next_step, gain / hours, value=worth)
    both = np.array([sets.usage.mask_of(one["names"]) for one in (here, there)], dtype=np.int64)
    gains = 100 * np.diff(reaches_of(sets.usage.masks, resamples.drawn, both))[:, 0] / hours
    low, high = np.quantile(gains, [(1 - confidence) / 2, (1 + confidence) / 2])
    codes = ("step_unsure",) if low <= 0 else ()
    return _Step(next_step, gain / hours, (float(low), float(high)), worth, codes)


def _binding(sets: JudgedSets) -> str:
    """What keeps a better set out; hours first, also where it takes more of both."""
    place = sets.best(sets.fits)
    better = sets.value > (-np.inf if place is None else sets.value[place] + SAME)
    out = {"hours": (better & sets.money_fits, sets.hours), "money": (better & sets.hours_fit, sets.cost)}
    for name, (kept_out, amount) in out.items():
        if np.isfinite(amount[kept_out]).any():
            return name
    unknown = not np.isfinite(sets.value).any() or any(kept_out.any() for kept_out, _ in out.values())
    return "unknown" if unknown else "hours" if better.any() else "none"


def _alone(
    sets: JudgedSets, chosen: Names, networks: pd.DataFrame | None, outcomes: pd.DataFrame | None
) -> dict[str, float]:
    masks = np.array([sets.usage.mask_of([name]) for name in chosen], dtype=np.int64)
    of = measures(sets.usage.names, masks, reach_of(sets.usage, masks), networks, outcomes)
    return dict(zip(chosen, value(sets.goals, of).tolist(), strict=True)) if chosen else {}


def _candidates(
    sets: JudgedSets, tied: Places, wins: Floats | None, chosen: int | None, unlimited: int | None
) -> pd.DataFrame:
    """The sets to show, highest value first."""
    order = np.argsort(-sets.value, kind="stable")
    order = order[np.isfinite(sets.value[order])]
    must = [i for i in (chosen, unlimited) if i is not None]
    shown = list(dict.fromkeys([*must, *tied.tolist(), *order[:SHOWN].tolist()]))[:MOST_SHOWN]
    at = np.array(sorted(shown, key=lambda i: (-round(float(sets.value[i]), 9), i)), dtype=np.intp)
    return pd.DataFrame(
        {
            "names": [sets.named(int(i)) for i in at],
            "value": sets.value[at],
            "reach": sets.measures["reach"][at],
            "hours": sets.hours[at],
            "cost": sets.cost[at],
            "fits": sets.fits[at],
            "tied": np.isin(at, tied),
            "win_rate": np.where(sets.fits[at], np.nan if wins is None else wins[at], np.nan),
            "chosen": at == (-1 if chosen is None else chosen),
        }
    )
