"""The study of customer value: the model of purchases, the model of margins, what customers are expected to bring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.loyalty.value import bgnbd, contractual, customers, gamma_gamma
from kesher.loyalty.value import holdout as held_out
from kesher.loyalty.value.bgnbd import BgNbd
from kesher.loyalty.value.contractual import ShiftedBetaGeometric
from kesher.loyalty.value.customers import THRESHOLDS, Expected, Portfolio
from kesher.loyalty.value.gamma_gamma import GammaGamma
from kesher.loyalty.value.holdout import Holdout
from kesher.loyalty.value.likelihood import Floats, gradient

NEGATIVE = 0.2  # share of repeat customers with no positive margin from which the rest no longer speaks for all
RELATED = 0.2  # correlation of frequency and margin beyond which they are called related
DOMINANT = 0.25  # share of the expected margin from which one customer is named
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class ValueStudy:
    """What customers are expected to bring over the horizon; times in weeks, money in the currency of the margins.

    ``member_mean`` is the expected discounted margin of a member, ``customer_mean`` of any customer,
    ``member_purchases`` a member's expected purchases. ``table`` has a row per customer and stays in the analysis
    room: customer, member, p_alive, overdue (the silence since the last purchase in times the customer's own
    expected gap), purchases, margin_per_purchase, margin (discounted), low, high (of the margin that comes; NaN
    where not simulated), margin_at_stake (margin if surely alive less margin), segment. ``segments``: see
    ``customers.segments_of``. ``flags`` and ``missing`` (part: reason) are codes.
    """

    purchases: BgNbd | None = None
    spend: GammaGamma | None = None
    contract: ShiftedBetaGeometric | None = None
    holdout: Holdout | None = None
    member_mean: Expected | None
    customer_mean: Expected | None
    member_purchases: Expected | None
    table: pd.DataFrame = field(repr=False)
    segments: pd.DataFrame
    thresholds: dict[str, float] = field(default_factory=THRESHOLDS.copy)
    flags: tuple[str, ...]
    missing: dict[str, str]


@dataclass(frozen=True)
class _Asked:
    """What is asked of whom; ``missing`` gathers the reasons for what can not be said."""

    summaries: pd.DataFrame
    members: NDArray[np.bool_]
    discount: Floats  # (months,) of the middle of each month ahead
    has_margin: bool
    confidence: float
    missing: dict[str, str]

    def get(self, part: str, find: Callable[[], T]) -> T | None:
        try:
            return find()
        except NotIdentified as why:
            self.missing[part] = why.code
            return None


def study(
    summaries: pd.DataFrame,
    *,
    horizon_months: int,
    discount_rate: float,
    members: NDArray[np.bool_] | None = None,
    has_margin: bool = True,
    confidence: float = 0.95,
    seed: int = 0,
    calibration: pd.DataFrame | None = None,
    daily_repeats: pd.DataFrame | None = None,
    setting: Literal["noncontractual", "contractual"] = "noncontractual",
    renewal_months: int = 12,
) -> ValueStudy:
    """Value the customers of ``summaries`` (customer, x, t_x, T in weeks, mean_repeat, total: one row each).

    One model is fitted to all customers, members (n,) or not: who joins after buying often was not drawn from
    members. ``calibration`` holds the same columns and first_day up to ``split_day``; ``daily_repeats`` see
    ``holdout.compare``; ``discount_rate`` is yearly. Raises ``NotIdentified``: "no_horizon", "too_few_customers",
    "too_short", "no_repeat"; where contracts are renewed also "no_churn" and "no_renewal".
    """
    if horizon_months < 1:
        raise NotIdentified("no_horizon")
    if len(summaries) < held_out.FEWEST:
        raise NotIdentified("too_few_customers")
    if float(summaries["T"].max()) < held_out.SHORTEST:
        raise NotIdentified("too_short")
    who = np.ones(len(summaries), bool) if members is None else np.asarray(members, dtype=bool)
    missing = {} if who.any() else {"members": "no_members"}
    discount = (1 + discount_rate) ** (-(np.arange(horizon_months) + 0.5) / 12)
    asked = _Asked(summaries, who, discount, has_margin, confidence, missing)

    def held() -> Holdout:
        if calibration is None:
            raise NotIdentified("no_calibration")
        return held_out.compare(calibration, summaries, daily_repeats=daily_repeats, confidence=confidence, seed=seed)

    if setting == "contractual":
        found = _contracts(asked, renewal_months)
    else:
        found = replace(_purchases(asked, seed), holdout=asked.get("holdout", held))
    margin, check = found.table["margin"], found.holdout
    late = {
        "holdout_missed": check is not None and not check.low <= check.actual <= check.high,
        "one_customer_dominates": margin.sum() > 0 and margin.max() > DOMINANT * margin.sum(),
    }
    return replace(found, flags=(*found.flags, *_raised(late)))


def _raised(flags: dict[str, bool]) -> tuple[str, ...]:
    return tuple(name for name, raised in flags.items() if raised)


def _purchases(asked: _Asked, seed: int) -> ValueStudy:
    """Where customers leave unseen."""
    summaries, who, confidence = asked.summaries, asked.members, asked.confidence
    rows, row = bgnbd.grouped(summaries["x"], summaries["t_x"], summaries["T"])
    fit = bgnbd.fit_grouped(rows, confidence=confidence)
    x, mean = (summaries[name].to_numpy(dtype=float) for name in ("x", "mean_repeat"))
    spend = asked.get("clv", lambda: _margins(asked, x, mean))
    portfolio = Portfolio(rows, row, mean, fit, spend, asked.discount)
    table = customers.table_of(portfolio, summaries["customer"].to_numpy(), who)
    table, margins, bought = customers.with_predictions(portfolio, table, confidence, seed)
    flags = {
        "dropout_not_identified": not fit.dropout_identified,
        "heterogeneity_not_identified": not fit.heterogeneity_identified,
        "infinite_mean": portfolio.typical,
        "spend_depends_on_frequency": spend is not None
        and (spend.correlation_low > RELATED or spend.correlation_high < -RELATED),
        "no_positive_margin": asked.has_margin and bool((mean[x > 0] <= 0).any()),
    }
    everybody = np.ones(who.size, bool)
    return ValueStudy(
        purchases=fit,
        spend=spend,
        member_mean=portfolio.expected_mean(who, margins[0], confidence, spend) if spend else None,
        customer_mean=portfolio.expected_mean(everybody, margins[1], confidence, spend) if spend else None,
        member_purchases=portfolio.expected_mean(who, bought[0], confidence, None),
        table=table,
        segments=customers.segments_of(table, fit.dropout_identified),
        flags=_raised(flags),
        missing=asked.missing,
    )


def _margins(asked: _Asked, x: Floats, mean: Floats) -> GammaGamma:
    """The model of the margins of repeat customers whose mean margin is positive."""
    if not asked.has_margin:
        raise NotIdentified("no_margin")
    repeat = (x > 0) & np.isfinite(mean)
    used = repeat & (mean > 0)
    if (repeat & ~used).sum() > NEGATIVE * repeat.sum():
        raise NotIdentified("negative_margin")
    return gamma_gamma.fit(x[used], mean[used], confidence=asked.confidence)


def _contracts(asked: _Asked, renewal_months: int) -> ValueStudy:
    """Where leaving is seen: margins accrue evenly over a contract, at each customer's own rate."""
    summaries, who, discount, has_margin = asked.summaries, asked.members, asked.discount, asked.has_margin
    x, t_x, T = (summaries[name].to_numpy(dtype=float) for name in ("x", "t_x", "T"))
    state = contractual.renewals(t_x, T, renewal_months)
    if not (state["left"] | (state["renewed"] > 0)).any():
        raise NotIdentified("too_short")
    fit = contractual.fit(*contractual.counts(state), confidence=asked.confidence)
    gap = contractual.months_between_payments(x, t_x, renewal_months)
    each = summaries["total"].to_numpy(dtype=float) / (x + 1) if has_margin else np.full(x.size, np.nan)
    if not has_margin:
        asked.missing["clv"] = "no_margin"
    running = contractual.months_alive(fit.theta, state, discount.size, renewal_months)
    payments = running / gap[:, None]
    left = state["left"].to_numpy()
    margin = payments @ discount * each
    table = pd.DataFrame(
        {
            "customer": summaries["customer"].to_numpy(),
            "member": who,
            "p_alive": np.where(left, 0.0, 1.0),
            "overdue": np.nan,
            "purchases": payments.sum(axis=1),
            "margin_per_purchase": each,
            "margin": margin,
            "low": np.nan,
            "high": np.nan,
            "margin_at_stake": np.where(left, 0.0, discount.sum() * each / gap) - margin,
            "segment": np.select([left, running[:, -1] < THRESHOLDS["alive"]], ["gone", "slipping"], "alive"),
        }
    )

    def mean(rates: Floats, weight: Floats, of: NDArray[np.bool_]) -> Expected | None:
        def total(theta: Floats) -> float:
            alive = contractual.months_alive(theta, state[of], discount.size, renewal_months)
            return float((alive @ weight) @ rates[of])

        if not of.any() or np.isnan(rates).all():
            return None
        slope = gradient(total, fit.theta)
        error = float(slope @ fit.covariance @ slope) ** 0.5
        return Expected.of_total(total(fit.theta), error, int(of.sum()), asked.confidence)

    return ValueStudy(
        contract=fit,
        member_mean=mean(each / gap, discount, who),
        customer_mean=mean(each / gap, discount, np.ones(who.size, bool)),
        member_purchases=mean(1 / gap, np.ones(discount.size), who),
        table=table,
        segments=customers.segments_of(table, dropout=True),
        flags=_raised({"heterogeneity_not_identified": not fit.heterogeneity_identified}),
        missing=asked.missing,
    )
