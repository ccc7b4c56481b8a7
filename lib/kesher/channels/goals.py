"""What a set of networks is worth: goals on fixed scales, weighted, so that no other set bears on its value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.months import WEEKS_PER_MONTH

Floats = NDArray[np.float64]
Measures = Mapping[str, Floats]
Names = tuple[str, ...]
DAYS_PER_MONTH = 7 * WEEKS_PER_MONTH
SAME = 1e-9  # values closer than this are equal: rounding must not choose
COUNTED = {"engagement": "interactions", "leads": "leads", "sales": None}  # goal: what an export counts of it
WHOLE = "reach"  # its scale ends at 1, everyone, where none is given


@dataclass(frozen=True)
class Goal:
    """A goal's weight (0-1, of all that are known) and the fixed scale from ``zero`` (worth 0) to ``full`` (1)."""

    goal: str
    weight: float
    zero: float
    full: float

    def scaled(self, x: Floats) -> Floats:
        """What is measured, on the scale.

        >>> Goal("leads", 1.0, 10, 60).scaled(np.array([0.0, 30.0, 80.0]))
        array([0. , 0.4, 1. ])
        """
        return np.clip((x - self.zero) / (self.full - self.zero), 0.0, 1.0)


@dataclass(frozen=True)
class Flip:
    """How far the ``weight`` (0-1, of all weights) of a goal can move before another set is better.

    The set stays best from ``low`` to ``high``, the other goals keeping their proportions; ``below`` and ``above`` are
    the sets that take over just outside, None where it stays best to the end of the scale. NaN, and nobody beside it:
    the set is best at no weight.
    """

    goal: str
    weight: float
    low: float
    high: float
    below: Names | None
    above: Names | None


def column(table: pd.DataFrame | None, name: str, networks: Sequence[str]) -> Floats:
    """(k,) a column of a table with one row per network; NaN where the table, column or row is not there."""
    if table is None or name not in table.columns:
        return np.full(len(networks), np.nan)
    values = pd.Series(table[name].to_numpy(float, na_value=np.nan), table["network"])
    return values.reindex(list(networks)).to_numpy(float)


def expected(goal: str, names: Sequence[str], networks: pd.DataFrame | None, outcomes: pd.DataFrame | None) -> Floats:
    """(k,) engagement, leads or sales expected a month: as typed, else as the network's own export shows; NaN unknown.

    The export's count is brought from the days it is of to a month of 365.25/12 days.
    """
    counted = COUNTED[goal] or ""
    days = column(outcomes, f"{counted}_days", names)
    shown = column(outcomes, counted, names) / np.where(days > 0, days, np.nan) * DAYS_PER_MONTH
    typed = column(networks, goal, names)
    return np.where(np.isfinite(typed), typed, shown)


def members(sets: NDArray[np.int64], k: int) -> NDArray[np.bool_]:
    """(S, k) which of the k networks each bitmask holds."""
    return (sets[:, None] >> np.arange(k) & 1).astype(bool)


def measures(
    names: Sequence[str],
    sets: NDArray[np.int64],
    reach: Floats,
    networks: pd.DataFrame | None = None,
    outcomes: pd.DataFrame | None = None,
) -> dict[str, Floats]:
    """Goal -> (S,) raw value of each set (bitmasks over ``names``) of known ``reach`` (S,), share.

    Engagement, leads and sales: the sum of what is expected of its networks a month (``expected``), NaN where that is
    unknown of one of them. Service: the mentions a month on its networks, a count as those: a share of all mentions
    would change with every network that joins the table. A goal of which nothing is known is absent.
    """
    each = {goal: expected(goal, names, networks, outcomes) for goal in COUNTED}
    each["service"] = column(networks, "mentions", names)
    inside = members(sets, len(names))
    sums = {goal: np.where(inside, of, 0.0).sum(axis=1) for goal, of in each.items() if np.isfinite(of).any()}
    return {"reach": np.asarray(reach, dtype=float), **sums}


def known(goals: pd.DataFrame | Sequence[Goal] | None, of: Measures) -> tuple[tuple[Goal, ...], tuple[str, ...]]:
    """The goals that can be valued, their weights adding to 1, and a code for every one left out.

    No goals at all: reach alone, from 0 to 1. "goal_unknown:<goal>": it is known of none of the sets;
    "goal_without_scale:<goal>": zero and full are equal or blank (a scale drawn from the sets themselves would let
    one set bear on another's value). Raises ``NotIdentified("no_goal_known")`` when no weight is left.
    """
    if goals is None or len(goals) == 0:
        goals = [Goal("reach", 1.0, 0.0, 1.0)]
    elif isinstance(goals, pd.DataFrame):
        columns = [goals["goal"], *(goals[name].astype(float) for name in ("weight", "zero", "full"))]
        goals = [Goal(str(goal), *of_goal) for goal, *of_goal in zip(*columns, strict=True)]
    kept, codes = [], []
    for goal in goals:
        zero = 0.0 if np.isnan(goal.zero) else goal.zero
        full = (1.0 if goal.goal == WHOLE else zero) if np.isnan(goal.full) else goal.full
        unknown = goal.goal not in of or not np.isfinite(of[goal.goal]).any()
        if not unknown and full != zero:
            kept.append(Goal(goal.goal, max(goal.weight, 0.0), zero, full))
        elif goal.weight > 0:
            codes.append(f"{'goal_unknown' if unknown else 'goal_without_scale'}:{goal.goal}")
    total = sum(goal.weight for goal in kept)
    if total <= 0:
        raise NotIdentified("no_goal_known")
    return tuple(Goal(g.goal, g.weight / total, g.zero, g.full) for g in kept), tuple(codes)


def value(goals: pd.DataFrame | Sequence[Goal] | None, of: Measures) -> Floats:
    """(S,) additive value of each set, 0-1: its goals' fixed scales, weighted (``known``); NaN where one is unknown.

    >>> goals = pd.DataFrame({"goal": ["reach", "leads"], "weight": [3, 1], "zero": [0, 0], "full": [1, 40]})
    >>> value(goals, {"reach": np.array([0.8, 0.6]), "leads": np.array([10.0, 50.0])})
    array([0.6625, 0.7   ])
    """
    parts = [goal.weight * goal.scaled(of[goal.goal]) for goal in known(goals, of)[0] if goal.weight > 0]
    return np.asarray(np.sum(parts, axis=0), dtype=float)


def flips(
    goals: pd.DataFrame | Sequence[Goal] | None, of: Measures, chosen: Names, allowed: Sequence[Names]
) -> tuple[Flip, ...]:
    """For each goal the weights over which ``chosen`` is best among ``allowed``; measures are (S,), as ``allowed``.

    Exact: a set's value is a straight line in the weight of one goal, so the ends are where lines cross. No goal
    is looked at that is alone, or unknown of any of the sets.
    """
    units = {goal: goal.scaled(of[goal.goal]) for goal in known(goals, of)[0]}
    place, found = list(allowed).index(chosen), []
    for goal in units:
        others = [g for g in units if g != goal and g.weight > 0]
        if others and all(np.isfinite(units[g]).all() for g in (goal, *others)):
            rest = np.sum([g.weight * units[g] for g in others], axis=0) / sum(g.weight for g in others)
            low, high, *beside = _stays(units[goal], rest, place)
            below, above = (None if i is None else allowed[i] for i in beside)
            found.append(Flip(goal.goal, goal.weight, low, high, below, above))
    return tuple(found)


def _stays(at_one: Floats, at_zero: Floats, place: int) -> tuple[float, float, int | None, int | None]:
    """Where the line of ``place``, by its values at 0 and 1, is above all others, and which are above it beside."""
    ahead = at_zero - at_zero[place]
    gains = at_one - at_one[place] - ahead
    crossing = np.divide(-ahead, gains, out=np.full(ahead.size, np.nan), where=np.abs(gains) > SAME)
    low, high = crossing[gains < -SAME].max(initial=0.0), crossing[gains > SAME].min(initial=1.0)
    if ((np.abs(gains) <= SAME) & (ahead > SAME)).any() or low > high + SAME:
        return np.nan, np.nan, None, None

    def beyond(end: float, direction: int) -> int | None:
        """Of the lines that cross at this end, the steepest beyond it."""
        there = np.flatnonzero((np.abs(ahead + gains * end) <= SAME) & (direction * gains > SAME))
        return int(there[np.argmax(direction * gains[there])]) if there.size else None

    return (
        float(low),
        float(high),
        beyond(low, -1) if low > SAME else None,
        beyond(high, 1) if high < 1 - SAME else None,
    )
