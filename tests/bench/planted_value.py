"""Planted truth of customer value: how often do made-up clients' intervals hold what is true, and what comes?

    python tests/bench/planted_value.py [--clients 1000] [--customers 2000] [--seed 11] [--processes 2]

Customers come over 26 weeks and are watched up to week 78; they buy and leave as BG/NBD says and spend as
Gamma-Gamma says, at known parameters; who has bought often is likelier to be a member. "Expected" are the
model's expectations at the true parameters, given each customer's history, averaged over members: what the
interval of the study's own figure must hold in 93-97 % of clients. "What came" is what the members then did in
the year ahead, which the prediction interval must hold. Prints a markdown table; exits with status 1 when a
figure is outside its band.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.loyalty.value import bgnbd, study
from kesher.loyalty.value import holdout as held_out
from kesher.loyalty.value.contractual import WEEKS_PER_MONTH

Floats = NDArray[np.float64]
BUYING = {"r": 0.6, "alpha": 6.0, "a": 0.7, "b": 2.0}
SPENDING = {"p": 5.0, "q": 4.0, "gamma": 30.0}
ARRIVING, CALIBRATED, WATCHED, MONTHS, RATE = 26, 52, 78, 12, 0.08
AHEAD = MONTHS * WEEKS_PER_MONTH


def histories(n: int, rng: np.random.Generator) -> tuple[Floats, Floats, Floats]:
    """First purchases (n,), repeat purchase times (n, k; infinite: none) since then, mean spend (n,), to the day."""
    first = rng.integers(0, ARRIVING * 7, n) / 7
    rate = rng.gamma(BUYING["r"], 1, n) / BUYING["alpha"]
    leaving = np.maximum(rng.beta(BUYING["a"], BUYING["b"], n), 1e-12)
    purchases = rng.geometric(leaving)  # the last before leaving is this repeat purchase
    most = int(rng.poisson(rate * (WATCHED + AHEAD)).max() + 40)
    times = rng.exponential(1 / rate[:, None], (n, most)).cumsum(axis=1)
    times[np.arange(most) >= purchases[:, None]] = np.inf
    return first, times, rng.gamma(SPENDING["q"], 1, n)


def summaries(first: Floats, times: Floats, spent: Floats, until: float) -> pd.DataFrame:
    """x, t_x, T at a week, and the mean margin of the purchases after the first."""
    seen = times <= (until - first)[:, None]
    x = seen.sum(axis=1)
    t_x = np.where(seen, times, 0).max(axis=1)
    mean = np.divide(np.where(seen, spent, 0).sum(axis=1), x, out=np.full(x.size, np.nan), where=x > 0)
    day = pd.Timestamp(2025, 1, 5) + pd.to_timedelta(np.rint(first * 7), unit="D")
    table = pd.DataFrame({"customer": np.arange(x.size), "x": x, "t_x": t_x, "T": until - first, "first_day": day})
    return table.assign(last_day=day, mean_repeat=mean, total=0.0)


def client(customers: int, seed: int) -> dict[str, bool]:
    """One made-up client: which of its intervals hold."""
    rng = np.random.default_rng(seed)
    first, times, level = histories(customers, rng)
    spent = rng.gamma(SPENDING["p"], 1, times.shape) * (SPENDING["gamma"] / level)[:, None]
    table, early = (summaries(first, times, spent, until) for until in (WATCHED, CALIBRATED))
    member = rng.random(customers) < np.where(table["x"] > 0, 0.6, 0.2)
    found = study(table, horizon_months=MONTHS, discount_rate=RATE, members=member, seed=seed)
    assert found.purchases and found.spend and found.member_mean and found.member_purchases and found.customer_mean
    x, t_x, T = (table[name].to_numpy(dtype=float) for name in ("x", "t_x", "T"))
    theta = np.log(list(BUYING.values()))
    until = [bgnbd.expected(theta, m * WEEKS_PER_MONTH, x, t_x, T) for m in range(MONTHS + 1)]
    discount = (1 + RATE) ** (-(np.arange(MONTHS) + 0.5) / 12)
    p, q, gamma = SPENDING.values()
    each = p * (gamma + x * table["mean_repeat"].fillna(0)) / (p * x + q - 1)
    worth = np.diff(np.column_stack(until)) @ discount * each.to_numpy()
    coming = (times > T[:, None]) & (times <= T[:, None] + AHEAD)
    month = np.minimum(((np.where(coming, times, T[:, None]) - T[:, None]) / WEEKS_PER_MONTH).astype(int), MONTHS - 1)
    came = np.where(coming, spent * discount[month], 0).sum(axis=1)
    truth = {**BUYING, **SPENDING}
    fits = [(name, found.purchases, name) for name in BUYING]
    holds = {f"{name}": fit.low[name] <= truth[name] <= fit.high[name] for name, fit, _ in fits}
    for name in SPENDING:
        error = found.spend.standard_errors[name] / getattr(found.spend, name)
        holds[name] = abs(np.log(getattr(found.spend, name) / truth[name])) <= 1.959964 * error
    for name, mean, who, right, actual in (
        ("purchases of members", found.member_purchases, member, until[-1], coming.sum(axis=1)),
        ("margin of members", found.member_mean, member, worth, came),
        ("margin of all customers", found.customer_mean, np.ones(customers, bool), worth, came),
    ):
        holds[f"expected {name}"] = mean.low <= right[who].mean() <= mean.high
        holds[f"{name} that came"] = mean.prediction_low <= actual[who].mean() <= mean.prediction_high
    one = found.table["low"].le(came + 1e-9) & found.table["high"].ge(came - 1e-9)
    holds["_single"] = float(one.mean())
    old = early["T"].to_numpy() > 0
    held = held_out.compare(early[old], table, seed=seed)
    holds["purchases in the holdout"] = held.low <= held.actual <= held.high
    return holds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--customers", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    seeds = range(given.seed * 100_000, given.seed * 100_000 + given.clients)
    with ProcessPoolExecutor(given.processes) as pool:
        held = pd.DataFrame(list(pool.map(partial(client, given.customers), seeds, chunksize=5)))
    single = held.pop("_single").mean()
    print(f"`tests/bench/planted_value.py`, {given.clients:,} clients of {given.customers:,} customers:\n")
    print("| estimand | held | ± | band | |\n|--|--:|--:|--|--|")
    bad = 0
    for name, share in held.astype(float).mean().items():
        error = (share * (1 - share) / given.clients) ** 0.5
        outside = not 0.93 <= share <= 0.97
        bad += outside
        print(f"| {name} | {share:.1%} | {error:.1%} | 93-97 % | {'outside' if outside else ''} |")
    print(f"| one customer's margin that came | {single:.1%} | | at least 95 % (counts) | |")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
