"""Rewards paid to people who never saw the offer: they would have bought anyway."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kesher.faults import NotIdentified
from kesher.loyalty.ranges import Range
from kesher.stats import Design, estimate_mean, share_interval


@dataclass(frozen=True)
class Cannibalised:
    """The ``share`` of reward cost that went to people whose view of the offer is not on record: a lower bound.

    Its confidence interval is clustered by customer; None where no costs are given. ``cost``: all reward cost,
    money; ``customers``: those who redeemed.
    """

    share: Range | None
    cost: float
    customers: int


def cannibalised(offers: pd.DataFrame | None, *, confidence: float = 0.95) -> Cannibalised:
    """Study offers: customer, group, seen and redeemed (days or NaT), cost (reward cost of a redemption).

    An offer seen only after it was redeemed was not seen. Raises ``NotIdentified`` with "no_offers",
    "offers_no_redemptions", or "offers_seen_unknown" where nobody is on record as having seen anything.
    """
    if offers is None or offers.empty:
        raise NotIdentified("no_offers")
    if offers["seen"].isna().all():
        raise NotIdentified("offers_seen_unknown")
    used = offers[offers["redeemed"].notna() & (offers["group"] != "control")]
    if used.empty:
        raise NotIdentified("offers_no_redemptions")
    unseen = used["seen"].isna() | (used["seen"].dt.normalize() > used["redeemed"].dt.normalize())
    costs = pd.DataFrame({"all": used["cost"].fillna(0.0), "unseen": used["cost"].fillna(0.0) * unseen})
    by_customer = costs.groupby(used["customer"]).sum()
    total = float(costs["all"].sum())
    share = _share(by_customer, len(used), confidence) if total > 0 else None
    return Cannibalised(share, total, len(by_customer))


def _share(by_customer: pd.DataFrame, redemptions: int, confidence: float) -> Range:
    """Sum of unseen over sum of all; Wilson's interval on the base that its linearised variance amounts to."""
    part, whole = by_customer["unseen"].to_numpy(), by_customer["all"].to_numpy()
    n, ratio = len(whole), float(part.sum() / whole.sum())
    effective = float(np.square(whole.sum()) / np.square(whole).sum())
    if n > 1 and 0 < ratio < 1:
        score = estimate_mean((part - ratio * whole) / whole.mean(), np.ones(n, bool), Design.simple(n))
        effective = min(ratio * (1 - ratio) / max(score.standard_error**2, 1e-12), float(redemptions))
    low, high = share_interval(ratio, effective, confidence, max(n - 1, 1))
    return Range(ratio, float(low), float(high))
