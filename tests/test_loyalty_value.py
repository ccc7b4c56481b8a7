"""Customer value: gradients, boundaries, traps, what must not change it, refusals, and planted truth in small."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from loyalty_value_kit import Floats, cohort, made_up
from scipy.integrate import quad
from scipy.optimize import minimize
from scipy.special import betaln

from kesher.faults import NotIdentified
from kesher.loyalty.value import bgnbd, contractual, gamma_gamma, split_day, study
from kesher.loyalty.value.customers import simulated_purchases
from kesher.loyalty.value.study import ValueStudy

AHEAD = {"horizon_months": 12, "discount_rate": 0.08}


@pytest.fixture(scope="module")
def client() -> pd.DataFrame:
    return made_up(3000, 5)


@pytest.fixture(scope="module")
def plain(client: pd.DataFrame) -> ValueStudy:
    return study(client, **AHEAD)


def refused(table: pd.DataFrame, **options: object) -> str:
    with pytest.raises(NotIdentified) as why:
        study(table, **(AHEAD | options))
    return why.value.code


# The likelihoods


@pytest.mark.parametrize("which", ["bgnbd", "nbd", "gamma_gamma", "sbg"])
def test_gradients(client: pd.DataFrame, which: str) -> None:
    few = client[client["x"] > 0].head(50)
    x, mean = few["x"].to_numpy(dtype=float), few["mean_repeat"].to_numpy()
    rows, _ = bgnbd.grouped(client["x"], client["t_x"], client["T"])
    function, at = {
        "bgnbd": (bgnbd.log_likelihood(rows), [0.3, 3, 0.7, 2]),
        "nbd": (bgnbd.log_likelihood(rows), [0.3, 3]),
        "gamma_gamma": (gamma_gamma.log_likelihood(x, mean, np.linspace(0.5, 2, x.size)), [5, 3, 12]),
        "sbg": (contractual.log_likelihood(np.array([3.0, 2, 1]), np.array([0, 4.0, 9])), [0.4, 2]),
    }[which]
    theta = np.log(at)
    steps = np.eye(theta.size) * 1e-5
    slopes = [(function(theta + step)[0] - function(theta - step)[0]) / 2e-5 for step in steps]
    assert function(theta)[1] == pytest.approx(slopes, rel=1e-5)


def expected_by_quadrature(theta: Floats, t: float, x: float, T: float) -> float:
    """∫ (1 - (1 + p t / (alpha + T))^-(r + x)) / p over the chance p of leaving, beta(a, b + x); v = p^a if a < 1."""
    r, alpha, a, b = np.exp(theta)
    power = min(a, 1.0)

    def inside(v: float) -> float:
        p = min(max(v ** (1 / power), 1e-300), 1 - 1e-16)
        density = np.exp((a - power) * np.log(p) + (b + x - 1) * np.log1p(-p) - betaln(a, b + x)) / power
        return float(-np.expm1(-(r + x) * np.log1p(p * t / (alpha + T))) / p * density)

    edges = [0, *(min(a / (a + b + x) * k, 0.9) ** power for k in (0.01, 0.1, 0.5, 0.8, 1, 1.2, 1.5, 2, 5, 20)), 1]
    return sum(
        quad(inside, low, high, limit=200, epsabs=0, epsrel=1e-8)[0] for low, high in pairwise(edges) if high > low
    )


@pytest.mark.parametrize("parameters", [
    (0.24, 4.4, 0.79, 2.43), (1, 10, 1, 1), (0.1, 0.5, 0.01, 0.05), (2, 1, 0.3, 0.7), (0.5, 3, 30, 400), (5, 20, 3, 60)
])  # fmt: skip
@pytest.mark.filterwarnings("ignore::scipy.integrate.IntegrationWarning")
@pytest.mark.parametrize("history", [(0, 10, 52), (1, 0, 5), (5, 60, 200), (5000, 400, 300)])
def test_expected_purchases_by_quadrature(parameters: tuple[float, ...], history: tuple[float, float, float]) -> None:
    theta, (x, T, t) = np.log(parameters), history
    found = float(bgnbd.expected_alive(theta, t, np.array([x]), np.array([T]))[0])
    assert found == pytest.approx(expected_by_quadrature(theta, t, x, T), rel=1e-6)


def test_expected_purchases_where_leaving_is_alike() -> None:
    theta = np.log([0.5, 3, 9e4, 4e5])
    p = 9e4 / 4.9e5
    found = bgnbd.expected_alive(theta, 1000.0, np.array([0.0, 3]), np.array([0.0, 60]))
    want = [-np.expm1(-s * np.log1p(p * 1000 / beta)) / p for s, beta in ((0.5, 3), (3.5, 63))]
    assert found == pytest.approx(want, rel=1e-4)


# What must not change a fit


def test_duplicates_with_half_weights(client: pd.DataFrame) -> None:
    parts = [client[name].to_numpy() for name in ("x", "t_x", "T")]
    twice = [np.tile(part, 2) for part in parts]
    one, two = bgnbd.fit(*parts), bgnbd.fit(*twice, weights=np.full(2 * len(client), 0.5))
    assert two.rows == one.rows
    assert (two.loglik, *two.theta) == pytest.approx((one.loglik, *one.theta), rel=1e-9)
    assert two.covariance == pytest.approx(one.covariance, rel=1e-6)
    repeat = client[client["x"] > 0]
    x, mean = repeat["x"].to_numpy(), repeat["mean_repeat"].to_numpy()
    spent = gamma_gamma.fit(x, mean)
    again = gamma_gamma.fit(np.tile(x, 2), np.tile(mean, 2), weights=np.full(2 * x.size, 0.5))
    assert (again.loglik, *again.theta) == pytest.approx((spent.loglik, *spent.theta), rel=1e-7)
    assert again.covariance == pytest.approx(spent.covariance, rel=1e-4)


def test_times_that_are_not_whole_days_fit_alike(client: pd.DataFrame) -> None:
    one = bgnbd.fit(client["x"], client["t_x"], client["T"])
    scaled = bgnbd.fit(client["x"], client["t_x"] * np.pi, client["T"] * np.pi)
    assert scaled.rows == one.rows
    assert (scaled.r, scaled.alpha / np.pi, scaled.a, scaled.b) == pytest.approx(
        (one.r, one.alpha, one.a, one.b), rel=1e-6
    )


def test_currency_and_row_order(client: pd.DataFrame, plain: ValueStudy) -> None:
    assert plain.member_mean is not None
    agorot = study(client.assign(mean_repeat=100 * client["mean_repeat"]), **AHEAD).member_mean
    shuffled = study(client.sample(frac=1, random_state=1), **AHEAD).member_mean
    for name in ("value", "low", "high", "standard_error", "prediction_low", "prediction_high"):
        want = getattr(plain.member_mean, name)
        assert getattr(agorot, name) / 100 == pytest.approx(want, rel=1e-5)
        close = 0.03 if name.startswith("prediction") else 1e-7  # other customers get the same draws
        assert getattr(shuffled, name) == pytest.approx(want, rel=close)


# Boundaries and traps


def test_dropout_not_identified() -> None:
    client = made_up(4000, 8, buying=(1.0, 8.0, 0.0, 1.0))
    found = study(client, **AHEAD)
    assert found.flags == ("dropout_not_identified",)
    assert found.purchases is not None
    assert (found.purchases.a, found.purchases.b) == (0, np.inf)
    assert found.purchases.low["r"] < 1 < found.purchases.high["r"]
    assert set(found.purchases.standard_errors) == {"r", "alpha"}
    assert (found.table["p_alive"] == 1).all()
    assert found.segments["margin_at_stake"].isna().all()
    assert (found.segments["customers"] > 0).all()  # the silent are still told apart


def test_customers_all_alike() -> None:
    client = made_up(500, 2).assign(x=3, t_x=20.0, T=50.0)
    found = study(client, **AHEAD)
    assert "heterogeneity_not_identified" in found.flags
    assert sorted(found.segments["customers"]) == [0, 0, 500]
    assert found.segments["margin"].sum() == pytest.approx(found.table["margin"].sum())
    assert found.segments.notna().all(axis=None)
    assert study(client, has_margin=False, **AHEAD).segments["margin"].isna().all()


def test_local_optimum_of_spending(monkeypatch: pytest.MonkeyPatch) -> None:
    client = made_up(4000, 4, spending=(2.1034, 3.4512, 485.89))
    repeat = client[client["x"] > 0]
    x, mean = repeat["x"].to_numpy(dtype=float), repeat["mean_repeat"].to_numpy()
    best = gamma_gamma.fit(x, mean)
    likelihood = gamma_gamma.log_likelihood(x, mean, np.ones(x.size))
    trapped = minimize(lambda theta: -likelihood(theta)[0], np.zeros(3), method="Nelder-Mead")
    assert trapped.success and np.exp(trapped.x[0]) > 1e6
    assert -trapped.fun < best.loglik - 100
    assert likelihood(np.log([2.1034, 3.4512, 485.89]))[0] <= best.loglik
    error = np.abs(best.theta - np.log([2.1034, 3.4512, 485.89])) / np.sqrt(np.diag(best.covariance))
    assert error.max() < 3
    trap = (4e6, 1.0, 1e-6)
    monkeypatch.setattr(gamma_gamma, "STARTS", (trap, *gamma_gamma.STARTS, trap))
    again = gamma_gamma.fit(x, mean)
    assert again.loglik == pytest.approx(best.loglik, abs=1e-6)
    assert (best.reached, again.reached) == (5, 5)  # not from the trap


def test_infinite_mean() -> None:
    client = made_up(3000, 6, spending=(5.0, 0.8, 10.0))
    found = study(client, **AHEAD)
    assert found.spend is not None and found.member_mean is not None
    assert "infinite_mean" in found.flags
    assert np.isnan(gamma_gamma.expected(found.spend.theta, 0, 0))
    once = client["x"].to_numpy() == 0
    assert (found.table["margin_per_purchase"][once] == gamma_gamma.median(found.spend.theta)).all()
    assert np.isfinite(found.member_mean.value)


def test_one_customer_spends_ten_thousand_fold(client: pd.DataFrame, plain: ValueStudy) -> None:
    row = int(plain.table["margin"].idxmax())
    means = client["mean_repeat"].copy()
    means[row] *= 1e4
    found = study(client.assign(mean_repeat=means), **AHEAD)
    assert found.flags == ("one_customer_dominates",)
    assert 0.25 < found.table["margin"][row] / found.table["margin"].sum() < 1
    assert plain.spend is not None and found.spend is not None
    means = [float(gamma_gamma.expected(one.spend.theta, 0, 0)) for one in (found, plain) if one.spend]
    assert means[0] == pytest.approx(means[1], rel=0.2)


def test_negative_margins(client: pd.DataFrame, plain: ValueStudy) -> None:
    repeat = client.index[client["x"] > 0]
    few, many = (client["mean_repeat"].where(~client.index.isin(repeat[:k]), -5.0) for k in (20, 1200))
    found = study(client.assign(mean_repeat=few), **AHEAD)
    assert found.flags == ("no_positive_margin",)
    nothing = study(client.assign(mean_repeat=few.clip(lower=0)), **AHEAD)
    assert nothing.flags == ("no_positive_margin",)  # a margin of nothing is none to fit either
    assert found.spend is not None and found.spend.customers == repeat.size - 20
    lost = found.table["margin_per_purchase"][repeat[:20]].to_numpy()
    assert (lost < plain.table["margin_per_purchase"][repeat[:20]].to_numpy()).all()
    many_lose = study(client.assign(mean_repeat=many), **AHEAD)
    assert many_lose.missing["clv"] == "negative_margin"
    assert many_lose.member_mean is None and many_lose.member_purchases is not None


def test_mean_hardly_finite() -> None:
    client = made_up(300, 8, spending=(5.0, 1.1, 10.0))
    found = study(client, **AHEAD)
    assert found.spend is not None and found.spend.q > 1
    assert "infinite_mean" in found.flags
    once = client["x"].to_numpy() == 0
    assert (found.table["margin_per_purchase"][once] == gamma_gamma.median(found.spend.theta)).all()


# Members, refusals


def test_one_member_and_none(client: pd.DataFrame, plain: ValueStudy) -> None:
    one = np.zeros(len(client), bool)
    one[5] = True
    found = study(client, members=one, **AHEAD)
    assert found.member_mean is not None and plain.member_mean is not None
    assert found.member_mean.base == 1
    assert found.member_mean.value == pytest.approx(plain.table["margin"][5])
    assert 0 <= found.member_mean.prediction_low < found.member_mean.low
    assert found.customer_mean is not None
    assert found.customer_mean.value == pytest.approx(plain.member_mean.value)
    nobody = study(client, members=~one & one, **AHEAD)
    assert nobody.missing["members"] == "no_members"
    assert nobody.member_mean is None and nobody.customer_mean is not None


def test_refusals(client: pd.DataFrame) -> None:
    never = client.assign(x=0, t_x=0.0, mean_repeat=np.nan)
    assert refused(client.head(99)) == "too_few_customers"
    assert refused(client.assign(T=client["T"] / 13)) == "too_short"
    assert refused(never) == "no_repeat"
    assert refused(client, horizon_months=0) == "no_horizon"
    bare = study(client, has_margin=False, **AHEAD)
    assert bare.missing == {"clv": "no_margin", "holdout": "no_calibration"}
    assert bare.segments[["margin", "margin_at_stake"]].isna().all(axis=None)
    assert bare.segments["purchases"].sum() == pytest.approx(bare.table["purchases"].sum())
    rare = never.copy()
    rows = client.index[client["x"] > 0][:20]
    rare.loc[rows] = client.loc[rows]
    assert study(rare, **AHEAD).missing["clv"] == "too_few_repeats"
    early = made_up(80, 3)
    assert study(client, calibration=early, **AHEAD).missing["holdout"] == "too_few_customers"
    assert split_day(date(2026, 1, 1), date(2026, 2, 12)) is None


def test_segments_by_their_thresholds(plain: ValueStudy) -> None:
    table, at = plain.table, plain.thresholds
    gone = (table["p_alive"] < at["gone"]) | (table["overdue"] > at["gone_silence"])
    slipping = ~gone & ((table["p_alive"] < at["alive"]) | (table["overdue"] > at["slipping_silence"]))
    want = np.where(gone, "gone", np.where(slipping, "slipping", "alive"))
    assert (table["segment"] == want).all()
    assert plain.segments.set_index("segment").loc["gone", "margin_at_stake"] > 0


def test_discount_and_uncertainty() -> None:
    client = made_up(2000, 7, buying=(0.3, 8.0, 0.7, 2.0), spending=(0.7, 3.0, 30.0))
    found = study(client, **AHEAD)
    early = [study(client, horizon_months=2, discount_rate=rate).member_mean for rate in (0.08, 0.0)]
    first = [study(client, horizon_months=1, discount_rate=rate).member_mean for rate in (0.08, 0.0)]
    assert early[0] and early[1] and first[0] and first[1]
    assert first[0].value / first[1].value == pytest.approx(1.08 ** (-0.5 / 12))
    second = (early[0].value - first[0].value) / (early[1].value - first[1].value)
    assert second == pytest.approx(1.08 ** (-1.5 / 12))
    # The delta method beside draws of all seven parameters.
    buys, spends, mean = found.purchases, found.spend, found.member_mean
    assert buys is not None and spends is not None and mean is not None
    rng, few = np.random.default_rng(1), client.iloc[::4]
    x, t_x, T, paid = (few[name].fillna(0).to_numpy(dtype=float) for name in ("x", "t_x", "T", "mean_repeat"))
    drawn = []
    for _ in range(1000):
        theta = rng.multivariate_normal(buys.theta, buys.covariance)
        money = gamma_gamma.expected(rng.multivariate_normal(spends.theta, spends.covariance), x, paid)
        drawn.append(float((bgnbd.expected(theta, 52.18, x, t_x, T) * money).mean()))
    assert mean.standard_error / mean.value == pytest.approx(np.std(drawn) / np.mean(drawn), rel=0.1)
    assert found.member_purchases is not None
    of_purchases = found.member_purchases.standard_error / found.member_purchases.value
    assert mean.standard_error / mean.value > 1.2 * of_purchases  # the margins are uncertain too


def test_simulated_customers_do_what_is_expected(client: pd.DataFrame, plain: ValueStudy) -> None:
    assert plain.purchases is not None
    x, t_x, T = (client[name].to_numpy(dtype=float)[:400] for name in ("x", "t_x", "T"))
    drawn = simulated_purchases(plain.purchases, 52.0, x, t_x, T, 2000, np.random.default_rng(2))
    want = bgnbd.expected(plain.purchases.theta, 52.0, x, t_x, T)
    apart = (drawn.mean(axis=1) - want) / np.maximum(drawn.std(axis=1), np.sqrt(want) / 2) * 2000**0.5
    assert np.abs(apart[want > 0.05]).max() < 5  # of the rarer, too few are drawn for a normal error
    assert drawn.mean() == pytest.approx(want.mean(), rel=0.01)
    predicted = plain.member_mean
    assert predicted is not None
    assert predicted.prediction_low < predicted.low < predicted.high < predicted.prediction_high
    middle = (predicted.prediction_low + predicted.prediction_high) / 2
    assert middle == pytest.approx(predicted.value, rel=0.03)
    bought = plain.member_purchases
    x, t_x, T = (client[name].to_numpy(dtype=float) for name in ("x", "t_x", "T"))
    means = simulated_purchases(plain.purchases, 12 * 365.25 / 84, x, t_x, T, 1000, np.random.default_rng(3)).mean(
        axis=0
    )
    assert bought is not None and means.mean() == pytest.approx(bought.value, rel=0.01)
    half = 1.96 * float(np.hypot(means.std(), bought.standard_error))
    assert (bought.prediction_high - bought.prediction_low) / 2 == pytest.approx(half, rel=0.1)


# Contracts


def subscribers(n: int, seed: int, months: int = 12) -> pd.DataFrame:
    """Contracts of ``months``, begun over four years and seen for five; alpha 0.7, beta 2."""
    rng = np.random.default_rng(seed)
    period, start = months * 365.25 / 12, rng.integers(0, 4 * 365, n)
    bought = rng.geometric(rng.beta(0.7, 2, n))
    due = ((5 * 365 - start - 15) // period).astype(int) + 1
    paid = np.minimum(bought, due)
    last = np.rint((paid - 1) * period + rng.integers(-10, 11, n) * (paid > 1))
    frame = {"customer": np.arange(n), "x": paid - 1, "t_x": last / 7, "T": (5 * 365 - start) / 7}
    return pd.DataFrame(frame | {"mean_repeat": 100.0, "total": 100.0 * paid})


def test_contracts() -> None:
    found = study(subscribers(3000, 1), setting="contractual", **AHEAD)
    assert found.contract is not None and found.member_mean is not None and found.purchases is None
    for name, truth in (("alpha", 0.7), ("beta", 2.0)):
        assert found.contract.low[name] < truth < found.contract.high[name]
    gone = found.table["segment"] == "gone"
    assert (found.table["margin"][gone] == 0).all() and (found.table["margin"][~gone] > 0).all()
    assert found.member_mean.low < found.member_mean.value < found.member_mean.high
    assert found.table["margin"].mean() == pytest.approx(found.member_mean.value)
    assert refused(subscribers(3000, 3).assign(x=0, t_x=0.0), setting="contractual") == "no_renewal"
    loyal = subscribers(3000, 3)
    kept = loyal["T"] // (365.25 / 7)
    assert refused(loyal.assign(x=kept, t_x=kept * 365.25 / 7), setting="contractual") == "no_churn"


def test_monthly_payments_of_a_yearly_contract() -> None:
    weeks = 365.25 / 7
    state = contractual.renewals(np.array([11 / 12, 23 / 12, 1.02, 0.97]) * weeks, np.full(4, 2.5 * weeks), 12)
    assert state["renewed"].tolist() == [0, 1, 1, 1]
    assert state["left"].tolist() == [True, True, True, True]


def test_months_between_payments() -> None:
    weeks, x = 365.25 / 12 / 7, np.array([4.0, 0, 1])
    found = [contractual.months_between_payments(x, x * np.array([2.0, 0, 4]) * weeks, most) for most in (12, 1)]
    assert found[0].tolist() == pytest.approx([2, 3, 4])  # once: the median, at most a contract
    assert found[1].tolist() == pytest.approx([2, 1, 4])


def test_months_under_contract() -> None:
    state = pd.DataFrame({"renewed": [0, 1, 0], "left": [False, False, True], "age": [6.0, 14.0, 30.0]})
    found = contractual.months_alive(np.log([0.7, 2.0]), state, 24, 12)
    stay = [2 / 2.7, 3 / 3.7, 4 / 4.7]
    first = [1.0] * 6 + [stay[0]] * 12 + [stay[0] * stay[1]] * 6
    second = [1.0] * 10 + [stay[1]] * 12 + [stay[1] * stay[2]] * 2
    assert found.ravel().tolist() == pytest.approx([*first, *second, *[0.0] * 24])


# Planted truth, in small; tests/bench/planted_value.py has 1,000 clients


@pytest.mark.slow
def test_planted_truth_is_held() -> None:
    buying = {"r": 0.6, "alpha": 6.0, "a": 0.7, "b": 2.0}
    held: dict[str, list[bool]] = {name: [] for name in [*buying, "expected"]}
    for seed in range(200):
        client = made_up(1500, 1000 + seed)
        x, t_x, T = (client[name].to_numpy(dtype=float) for name in ("x", "t_x", "T"))
        rows, _ = bgnbd.grouped(x, t_x, T)
        found = bgnbd.fit_grouped(rows)
        for name, truth in buying.items():
            held[name].append(found.low[name] <= truth <= found.high[name])

        def total(theta: Floats, rows: bgnbd.Histories = rows) -> float:
            return float(rows.count @ bgnbd.expected(theta, 52, rows.x, rows.t_x, rows.T))

        slope = [(total(found.theta + step) - total(found.theta - step)) / 2e-4 for step in np.eye(4) * 1e-4]
        half = 1.96 * float(np.sqrt(slope @ found.covariance @ slope))
        held["expected"].append(abs(total(np.log(list(buying.values()))) - total(found.theta)) <= half)
        active = 800 * np.ones(6)
        rng = np.random.default_rng(seed)
        for t in range(1, 6):
            active[t] = rng.binomial(int(active[t - 1]), (2 + t - 1) / (0.7 + 2 + t - 1))
        kept = contractual.fit(*cohort(active))
        for name, truth in (("alpha", 0.7), ("beta", 2.0)):
            held.setdefault(name + " of contracts", []).append(kept.low[name] <= truth <= kept.high[name])
    # 200 clients: 95 % give or take three standard errors of 1.5 %
    assert {name: np.mean(found) for name, found in held.items() if not 0.903 <= np.mean(found) <= 0.997} == {}
