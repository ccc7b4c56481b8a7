"""A priced holdout test: how many members to withhold the programme from, how long, at what price, and its worth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from kesher.faults import NotIdentified
from kesher.loyalty.account import Choice
from kesher.months import WEEKS_PER_MONTH

WEEKS = (4, 6, 8, 10, 12, 16, 20, 26, 32, 39, 52)
FEWEST = 2  # members in a group, for a variance
ENOUGH = 30  # members held out where the cap allows: fewer skewed margins have no normal mean


@dataclass(frozen=True)
class Spread:
    """How members' monthly margins differ, money: ``between`` members for good, ``within`` from month to month.

    Standard deviations, of ``members`` members over ``months`` months.
    """

    between: float
    within: float
    members: int
    months: int

    def raw(self, months: float) -> float:
        """Standard deviation of a member's mean margin over ``months`` months."""
        return float(np.sqrt(self.between**2 + self.within**2 / months))

    def correlation(self, months: float, pre_months: float) -> float:
        """Correlation of that mean with the mean of ``pre_months`` months before."""
        both = self.raw(months) * self.raw(pre_months) if pre_months else 0.0
        return self.between**2 / both if both else 0.0

    def residual(self, months: float, pre_months: float) -> float:
        """What is left of that standard deviation after adjusting for the months before (CUPED)."""
        return float(self.raw(months) * np.sqrt(1 - self.correlation(months, pre_months) ** 2))


@dataclass(frozen=True)
class Trial:
    """The cheapest test that can tell; where there is none, ``feasible`` is False and it is the strongest allowed.

    ``code``: "", "no_feasible_design" or "not_worth_its_cost". ``size`` members are held out (``share`` of all) for
    ``weeks`` weeks; ``cost`` = ``forgone`` (expected effect times the months held out) + ``fixed``. ``target`` is the
    effect per member and month it is sized for, found with ``power``; ``detectable`` the smallest effect found with
    the power asked for. An estimate below ``stop_below`` has its whole interval below the break-even effect, one above
    ``continue_above`` above it; between, it can not tell. ``worth``, ``worth_perfect``: expected value of the test's
    and of perfect information about the effect for the choice on the months ahead, None without one; ``net_worth`` =
    worth - cost. ``grid``: weeks, size, share, detectable, power, cost, worth, feasible: the best of each length.
    """

    feasible: bool
    code: str
    size: int
    weeks: int
    share: float
    cost: float
    forgone: float
    fixed: float
    target: float
    detectable: float
    standard_error: float
    power: float
    confidence: float
    sd: float
    correlation: float
    stop_below: float
    continue_above: float
    worth: float | None
    worth_perfect: float | None
    net_worth: float | None
    grid: pd.DataFrame


def spread(
    monthly: pd.DataFrame, members: ArrayLike, first_month: int, last_month: int, *, joined: ArrayLike | None = None
) -> Spread:
    """The variance of members' margins (customer, month, value; no row: nothing bought), by analysis of variance.

    Only months after ``joined`` (month index by member) count where it is given. Raises ``NotIdentified`` with
    "one_member", "too_few_months" (nobody has two months).
    """
    codes = np.asarray(members)
    months = np.full(codes.size, last_month - first_month + 1)
    if joined is not None:
        months = np.minimum(months, last_month - np.asarray(joined))
    enough = months >= 2
    if codes.size < 2:
        raise NotIdentified("one_member")
    if enough.sum() < 2:
        raise NotIdentified("too_few_months")
    codes, months = codes[enough], months[enough].astype(float)
    row = pd.Index(codes).get_indexer(pd.Index(monthly["customer"]))
    begin = last_month + 1 - months[row]
    inside = (row >= 0) & (monthly["month"] >= begin) & (monthly["month"] <= last_month)
    row, value = row[inside], monthly["value"].to_numpy(dtype=float)[inside]
    total, squares = (np.bincount(row, values, minlength=codes.size) for values in (value, value**2))
    all_months = months.sum()
    within = (squares - total**2 / months).sum() / (all_months - codes.size)
    grand = total.sum() / all_months
    among = (months * np.square(total / months - grand)).sum() / (codes.size - 1)
    typical = (all_months - np.square(months).sum() / all_months) / (codes.size - 1)
    between = max((among - within) / typical, 0.0)
    return Spread(float(np.sqrt(between)), float(np.sqrt(max(within, 0.0))), codes.size, int(months.max()))


def power_of(effect: float, sd: float, held: int, rest: int, confidence: float) -> float:
    """The chance that a two-sided t-test finds ``effect`` between ``held`` and ``rest`` members (non-central t)."""
    df = held + rest - 2
    shift = abs(effect) / (sd * np.sqrt(1 / held + 1 / rest))
    critical = special.stdtrit(df, (1 + confidence) / 2)
    other_side = np.nan_to_num(special.nctdtr(df, shift, -critical))  # below what a double holds: not a number
    return float(1 - special.nctdtr(df, shift, critical) + other_side)


def plan(
    spread: Spread,
    *,
    members: int,
    break_even: float,
    expected: float,
    choice: Choice | None = None,
    target: float | None = None,
    holdout_share: float = 0.2,
    weeks: Sequence[int] = WEEKS,
    pre_months: int = 6,
    fixed: float = 0.0,
    confidence: float = 0.95,
    power: float = 0.8,
) -> Trial:
    """The cheapest holdout of at most ``holdout_share`` of ``members`` that finds ``target`` (the break-even effect).

    Effects are money per member and month; the effect is believed normal about ``expected``. What the test is worth
    is its worth for the ``choice`` to go on with all members or to stop. Sources: Deng et al. 2013 (CUPED), Raiffa and
    Schlaifer 1961.
    Raises ``NotIdentified`` with "no_members", "too_few_members", "no_break_even", "no_spread".
    """
    target = abs(break_even) if target is None else abs(target)
    most = int(min(np.floor(holdout_share * members + 1e-9), members - FEWEST))
    if members < 1:
        raise NotIdentified("no_members")
    if most < FEWEST:
        raise NotIdentified("too_few_members")
    if not np.isfinite(target) or target <= 0:
        raise NotIdentified("no_break_even")
    if not spread.raw(1) > 0:
        raise NotIdentified("no_spread")

    def learnt(error: float) -> float | None:
        return None if choice is None else choice.slope * _learning(expected - choice.threshold, choice.sd, error)

    rows = []
    for length in weeks:
        sd = spread.residual(length / WEEKS_PER_MONTH, pre_months)
        size = _smallest(target, sd, members, most, confidence, power)
        error = sd * np.sqrt(1 / size + 1 / (members - size))
        reached = power_of(target, sd, size, members - size, confidence)
        found = _detectable(sd, size, members - size, confidence, power)
        cost = max(expected, 0.0) * size * length / WEEKS_PER_MONTH + fixed
        rows.append((length, size, size / members, found, reached, cost, learnt(error), reached >= power, error, sd))
    names = ["weeks", "size", "share", "detectable", "power", "cost", "worth", "feasible", "standard_error", "sd"]
    grid = pd.DataFrame(rows, columns=names)
    possible = grid[grid["feasible"]]
    strongest = grid.sort_values("power", ascending=False, kind="stable")
    best = (strongest if possible.empty else possible.sort_values("cost", kind="stable")).iloc[0]  # ties: the shorter
    worth = None if choice is None else float(best["worth"])
    net = None if worth is None else worth - float(best["cost"])
    code = "no_feasible_design" if possible.empty else "not_worth_its_cost" if net is not None and net < 0 else ""
    size, error = int(best["size"]), float(best["standard_error"])
    margin = float(special.stdtrit(members - 2, (1 + confidence) / 2)) * error
    return Trial(
        feasible=not possible.empty,
        code=code,
        size=size,
        weeks=int(best["weeks"]),
        share=size / members,
        cost=float(best["cost"]),
        forgone=float(best["cost"]) - fixed,
        fixed=fixed,
        target=target,
        detectable=float(best["detectable"]),
        standard_error=error,
        power=float(best["power"]),
        confidence=confidence,
        sd=float(best["sd"]),
        correlation=spread.correlation(int(best["weeks"]) / WEEKS_PER_MONTH, pre_months),
        stop_below=break_even - margin,
        continue_above=break_even + margin,
        worth=worth,
        worth_perfect=learnt(0.0),
        net_worth=net,
        grid=grid.drop(columns=["standard_error", "sd"]),
    )


def _smallest(target: float, sd: float, members: int, most: int, confidence: float, power: float) -> int:
    """The smallest holdout that reaches the power, or the largest allowed."""
    most = max(min(most, members // 2), FEWEST)
    low, high = min(ENOUGH, most), most
    while low < high:
        middle = (low + high) // 2
        if power_of(target, sd, middle, members - middle, confidence) >= power:
            high = middle
        else:
            low = middle + 1
    return low


def _detectable(sd: float, held: int, rest: int, confidence: float, power: float) -> float:
    """The smallest effect found with ``power``, by halving."""
    low, high = 0.0, 1000 * sd * float(np.sqrt(1 / held + 1 / rest))
    for _ in range(60):
        middle = (low + high) / 2
        enough = power_of(middle, sd, held, rest, confidence) >= power
        low, high = (low, middle) if enough else (middle, high)
    return high


def _learning(ahead: float, prior_sd: float, error: float) -> float:
    """Expected gain, in units of effect, of deciding after the test instead of now; ``ahead``: expected - threshold.

    The mean after the test is normal about ``ahead`` with the part of the prior's variance that the test explains.
    """
    if prior_sd <= 0:
        return 0.0
    explained = prior_sd**2 / np.sqrt(prior_sd**2 + error**2)
    ratio = ahead / explained
    density = np.exp(-(ratio**2) / 2) / np.sqrt(2 * np.pi)
    return float(ahead * special.ndtr(ratio) + explained * density - max(ahead, 0.0))
