"""Made-up points ledgers with known ends: customers who earn, forget, save up and redeem, oldest points first."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

START = 2024 * 12  # January 2024
EVENTS = np.array(["earned", "redeemed", "expired"])


@dataclass(frozen=True)
class Planted:
    """A ledger up to month ``last`` and, of the points issued by then, the share never redeemed in the end."""

    ledger: pd.DataFrame
    last: int
    breakage: float


def planted_ledger(
    seed: int, *, customers: int = 1500, months: int = 30, expire: int = 12, leave: float = 0.03, save: float = 0.25
) -> Planted:
    """``expire`` months of life for a point, 0 for ever; ``leave`` the monthly share that falls silent;
    ``save`` how often a customer with enough points redeems what he has.
    """
    rng = np.random.default_rng(seed)
    after = expire if expire else 96
    spend = rng.lognormal(0, 0.8, customers)  # some earn many times what others do
    joins = rng.integers(-12, months - 2, customers)
    careful = rng.beta(2, 2, customers) * 2 * save
    gone = joins + rng.geometric(leave, customers)
    lots = np.zeros((customers, months + after + 1))
    issued = redeemed = 0.0
    rows = []
    for month in range(months + after + 1):
        active = (joins <= month) & (month < gone)
        visits = rng.poisson(2 * spend) * active
        earned = np.round(10 * visits * rng.gamma(4, 0.25, customers))
        lots[:, month] = earned
        expired = np.zeros(customers)
        if expire and month > expire:
            expired = lots[:, month - expire - 1].copy()
            lots[:, month - expire - 1] = 0
        balance = lots.sum(axis=1)
        spends = active & (balance >= 50) & (rng.random(customers) < careful)
        use = np.where(spends, np.floor(balance * rng.choice([0.5, 1.0], customers)), 0.0)
        before = np.cumsum(lots, axis=1)
        taken = np.minimum(before, use[:, None])
        taken = np.diff(taken, prepend=0.0, axis=1)
        lots -= taken
        redeemed += taken[:, :months].sum()
        if month < months:
            issued += earned.sum()
            for event, points in enumerate((earned, use, expired)):
                who = np.flatnonzero(points)
                rows.append((who, np.full(who.size, month), np.full(who.size, event), points[who]))
    customer, month, event, points = (np.concatenate(part) for part in zip(*rows, strict=True))
    # What expires goes on the first, before anything is earned or redeemed.
    day = (month + START - 1970 * 12).astype("datetime64[M]").astype("datetime64[D]") + np.where(
        event == 2, 0, 9 + event
    )
    ledger = pd.DataFrame(
        {"customer": customer, "day": day.astype("datetime64[s]"), "event": EVENTS[event], "points": points}
    )
    return Planted(ledger, START + months - 1, 1 - redeemed / issued)
