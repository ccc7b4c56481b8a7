"""Does the programme pay: margin against cost by month, in one central account and in thousands of scenarios."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from kesher.loyalty.account import worth as worths
from kesher.loyalty.account.book import Book, Triple, open_book
from kesher.loyalty.account.designs import Designs, Multiplier, designs, multiplier
from kesher.loyalty.account.flows import Flows, Paths, Scenarios
from kesher.loyalty.account.inputs import DEFAULT_CORRELATIONS, Drawn, Input, draw
from kesher.loyalty.account.sharing import SharingStudy
from kesher.loyalty.ranges import Range

Floats = NDArray[np.float64]
INCOMPLETE = {"costs_unknown", "reward_cost_unknown", "costs_do_not_cover"}  # codes of costs that are missing


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account of the months ``first`` to ``last``, those after ``last_observed`` projected; money.

    A ``Range`` is the value with all inputs central between the outer quantiles of the scenarios: a scenario
    range, not a confidence interval. What rests on the effect is None where ``effect_basis`` is "none". Net
    present values are at the end of the last month observed. ``verdict`` is "pays" or "does_not_pay" where
    the whole range of ``npv`` is on one side of zero, the effect was measured and no cost is missing, else
    "cannot_tell". The liability for points is no cost and is nowhere in it.

    ``months``: month, observed, members, active, incremental_margin, reward_cost, other_cost, cost, net,
    cumulative, cumulative_low, cumulative_high. ``costs``: line, layer, running, observed, ahead, total.
    ``break_even``: the effect per member and month at which margin covers cost, undiscounted; per active member
    it is ``break_even_active``, over an active member's margin ``break_even_lift``.
    ``payback_months``: from ``first`` until cumulative net stays at or above zero; ``high`` may be infinite.
    ``tornado``, ``flips``, ``worth`` and ``choice`` (of ``npv_ahead``, between going on and stopping): see
    ``account.worth``; ``choice`` is None where nothing ahead rests on the effect.
    """

    first: int
    last_observed: int
    last: int
    months: pd.DataFrame
    costs: pd.DataFrame
    effect_basis: str
    reward_basis: str
    active_months: float
    cost: Range
    reward_cost: Range
    break_even: Range
    break_even_active: Range | None
    break_even_lift: Range | None
    cannibalised_cost: Range | None
    incremental_margin: Range | None = None
    roi: Range | None = None
    npv: Range | None = None
    npv_ahead: Range | None = None
    pays_share: float | None = None
    payback_months: Range | None = None
    payback_share: float | None = None
    cash_low: Range | None = None
    cash_low_month: int | None = None
    verdict: str = "cannot_tell"
    tornado: pd.DataFrame = field(default_factory=pd.DataFrame)
    flips: pd.DataFrame = field(default_factory=pd.DataFrame)
    worth: pd.DataFrame = field(default_factory=pd.DataFrame)
    evpi: float | None = None
    choice: worths.Choice | None = None
    designs: Designs | None = None
    multiplier: Multiplier | None = None
    inputs: tuple[Input, ...]
    codes: tuple[str, ...]


def account(
    activity: pd.DataFrame,
    costs: pd.DataFrame | None,
    *,
    as_of: datetime.date,
    effect: tuple[float, float] | None,
    effect_grade: str = "A",
    effect_may_be_low: bool = False,
    active_share: Triple | None = None,
    points: pd.DataFrame | None = None,
    point_cost: float | None = None,
    discount_rate: float = 0.08,
    horizon_months: int = 12,
    draws: int = 10_000,
    seed: int = 0,
    confidence: float = 0.95,
    lift_low: float | None = None,
    lift_high: float | None = None,
    active_margin: float | None = None,
    attrition: Triple | None = None,
    cannibalised: Triple | None = None,
    sharing: SharingStudy | None = None,
    share_worth: tuple[float, float] = (0.1, 0.5),
) -> Account:
    """The programme's account from monthly counts, costs and the measured effect.

    ``activity``: month, members, active. ``costs``: month, line, layer, amount; a line "rewards" takes the
    place of points times ``point_cost``, a line "offers" is what redeemed offers cost. ``points``: month,
    points redeemed. ``effect``: incremental margin per member and month and its standard error; without one,
    lifts of ``active_margin`` (per active member and month) give a scenario that is assumed. An effect that
    ``effect_may_be_low`` (drop-out looks like a falling effect) proves no loss: no verdict "does_not_pay".
    ``active_share``, ``attrition`` (net share of members lost a month) and ``cannibalised`` (of what offers
    cost, else of reward cost) are value, low, high. Raises ``NotIdentified`` with "no_members",
    "account_no_full_month" or "no_costs".
    """
    book = open_book(
        activity,
        costs,
        points,
        as_of=as_of,
        point_cost=point_cost,
        active_share=active_share,
        discount_rate=discount_rate,
        horizon_months=horizon_months,
        sharing=sharing,
    )
    flows = book.flows
    assumed = _assumed(flows, lift_low, lift_high, active_margin) if effect is None else None
    basis = "measured" if effect is not None else "assumed" if assumed is not None else "none"
    believed = assumed if effect is None else _measured(*effect, effect_grade, confidence)
    inputs = tuple(book.inputs(believed, active_share, attrition, sharing, share_worth, confidence))
    central = {i.name: float(i.central) for i in inputs}
    drawn = draw(inputs, DEFAULT_CORRELATIONS, draws, seed)
    all_ = Scenarios(flows.paths(central), flows.paths(drawn.values), confidence)
    bare = Account(
        first=book.first,
        last_observed=book.first + flows.observed - 1,
        last=book.first + flows.observed + horizon_months - 1,
        months=_by_month(book, all_, known=basis != "none"),
        costs=book.cost_table(all_.middle),
        effect_basis=basis,
        reward_basis=book.reward_basis,
        inputs=inputs,
        codes=(*book.codes, *(["effect_assumed"] if basis == "assumed" else [])),
        **_cost(book, all_, active_margin, cannibalised),
    )
    if basis == "none":
        return bare
    known = replace(bare, **_outcome(book, all_, measured=effect is not None))
    if effect_may_be_low and known.verdict == "does_not_pay":
        known = replace(known, verdict="cannot_tell")
    known = replace(known, **_matters(known, flows, central, drawn, all_.paths))
    if sharing is None or sharing.margin_per_share is None:
        return known
    both = Scenarios(flows.paths(central, shared=True), flows.paths(drawn.values, shared=True), confidence)
    compared = designs(flows, central, drawn.values, confidence)
    return replace(known, designs=compared, multiplier=multiplier(all_.middle, both))


def _measured(value: float, error: float, grade: str, confidence: float) -> Input:
    """The effect that was measured."""
    half = float(ndtri((1 + confidence) / 2)) * error
    return Input("effect", value, value - half, value + half, "normal" if half else "fixed", grade, confidence)


def _assumed(flows: Flows, low: float | None, high: float | None, active_margin: float | None) -> Input | None:
    """The effect that lifts of an active member's margin would be, per member and month."""
    if low is None or high is None or active_margin is None:
        return None
    a, b = sorted(lift * active_margin * flows.activity for lift in (low, high))
    return Input("effect", (a + b) / 2, a, b, "uniform" if a < b else "fixed", "D")


def _by_month(book: Book, all_: Scenarios, *, known: bool) -> pd.DataFrame:
    middle, months = all_.middle, len(all_.middle.cost)
    cost, margin, band = middle.cost[:, 0], np.full(months, np.nan), np.full((2, months), np.nan)
    if known:
        tail = (1 - all_.confidence) / 2
        margin, band = middle.margin[:, 0], np.quantile(all_.paths.cumulative, [tail, 1 - tail], axis=1)
    cumulative = np.cumsum(margin - cost)
    columns = {
        "month": book.first + np.arange(months),
        "observed": np.arange(months) < book.flows.observed,
        "members": middle.members[:, 0],
        "active": middle.active[:, 0],
        "incremental_margin": margin,
        "reward_cost": middle.reward[:, 0],
        "other_cost": middle.other[:, 0],
        "cost": cost,
        "net": margin - cost,
        "cumulative": cumulative,
        "cumulative_low": np.minimum(band[0], cumulative),
        "cumulative_high": np.maximum(band[1], cumulative),
    }
    return pd.DataFrame(columns)


def _cost(book: Book, all_: Scenarios, active_margin: float | None, cannibalised: Triple | None) -> dict[str, Any]:
    """What the programme costs and what would cover it: fields of ``Account``."""
    each = lost = None
    even = all_.range(lambda p: p.spent / p.per_effect.sum(axis=0))
    if not {"nobody_active", "active_unknown"} & set(book.codes):
        each = even.times(1 / book.flows.activity)
    reward = all_.range(lambda p: p.reward.sum(axis=0))
    if cannibalised is not None:
        offers = all_.range(lambda p: p.offered.sum(axis=0)) if all_.middle.offered.any() else reward
        value, low, high = cannibalised
        lost = Range(offers.value * value, offers.low * low, offers.high * high)
    return {
        "active_months": float(all_.middle.active.sum()),
        "cost": all_.range(lambda p: p.spent),
        "reward_cost": reward,
        "break_even": even,
        "break_even_active": each,
        "break_even_lift": each.times(1 / active_margin) if each and active_margin and active_margin > 0 else None,
        "cannibalised_cost": lost,
    }


def _outcome(book: Book, all_: Scenarios, *, measured: bool) -> dict[str, Any]:
    """What the margin comes to against the cost: fields of ``Account``."""
    flows, middle = book.flows, all_.middle
    npv, npvs = all_.range(flows.npv), flows.npv(all_.paths)
    backs, low = _payback(all_.paths), all_.range(_lowest)
    verdict = "pays" if npv.low > 0 else "does_not_pay" if npv.high < 0 else "cannot_tell"
    return {
        "incremental_margin": all_.range(lambda p: p.gained),
        "roi": all_.range(lambda p: p.gained / p.spent - 1) if middle.spent[0] > 0 else None,
        "npv": npv,
        "npv_ahead": all_.range(lambda p: flows.npv(p, ahead=True)) if flows.ahead else None,
        "pays_share": float((npvs > 0).mean()),
        "payback_months": all_.range(_payback) if np.isfinite(_payback(middle)[0]) else None,
        "payback_share": float(np.isfinite(backs).mean()),
        "cash_low": low,
        "cash_low_month": book.first + int(np.argmin(middle.cumulative[:, 0])) if low.value < 0 else None,
        "verdict": verdict if measured and not INCOMPLETE & set(book.codes) else "cannot_tell",
    }


def _payback(paths: Paths) -> Floats:
    """(D,) months until cumulative net stays at or above zero; infinite: not in these."""
    below = paths.cumulative < 0
    since = np.argmax(below[::-1], axis=0)  # months at the end that are not below
    months = np.where(below.any(axis=0), len(below) - since + 1.0, 1.0)
    return np.where(below[-1], np.inf, months)


def _lowest(paths: Paths) -> Floats:
    """(D,) the lowest that cumulative net comes to, at most 0."""
    return np.asarray(np.minimum(paths.cumulative.min(axis=0), 0))


def _matters(known: Account, flows: Flows, central: dict[str, float], drawn: Drawn, paths: Paths) -> dict[str, Any]:
    """Which inputs decide: fields of ``Account``."""
    own = [i for i in known.inputs if i.name not in ("value_per_share", "share_worth")]
    effect = next(i for i in own if i.name == "effect")
    far = 10 * max(abs(effect.central), effect.high - effect.low, abs(known.break_even.value))
    searched = {
        "effect": (-far, far),
        "active_share": (0.0, 1.0),
        "redemption": (0.0, 5 * central["redemption"]),
        "point_cost": (0.0, 10 * central.get("point_cost", 0.0)),
        "cost_drift": (-0.5, 1.0),
        "attrition": (0.0, 0.5),
    }
    if known.break_even_active is None:
        del searched["active_share"]

    def answer(values: dict[str, Floats]) -> Floats:
        return flows.npv(flows.paths(values))

    def decided(values: dict[str, Floats]) -> Floats:  # what is spent is spent: the months ahead decide
        return flows.npv(flows.paths(values), ahead=bool(flows.ahead))

    found: dict[str, Any] = {"tornado": worths.tornado(own, answer), "flips": worths.flips(own, decided, searched)}
    if not flows.ahead:
        return found
    later = flows.npv(paths, ahead=True)
    found |= {"worth": worths.perfect(own, drawn, later), "evpi": worths.everything(later)}
    slope, cost = (float(flows.present(money, flows.observed).mean()) for money in (paths.per_effect, paths.cost))
    if slope > 0:
        found["choice"] = worths.Choice(effect.sd, slope, cost / slope)
    if flows.central_redemption > 0:
        found["codes"] = (*known.codes, "effect_tied_to_use")
    return found
