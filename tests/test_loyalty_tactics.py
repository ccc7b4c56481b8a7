"""Tactics: answers counted by hand, lifts equal to statsmodels', planted lifts and crossover found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from simulated_programmes import EDGES, settings

from kesher.faults import NotIdentified
from kesher.loyalty import tactics
from kesher.sample import Programme, simulate_programme

MAY = 2026 * 12 + 4


@pytest.fixture(scope="module")
def drawn() -> Programme:
    of = settings()
    return simulate_programme(of, of["seed"])


def study_of(drawn: Programme, **how: Any) -> tactics.Tactics:
    return tactics.study(drawn.offers, drawn.monthly(), last_month=drawn.last_month, **how)


def campaign(n: int, tactic: str = "coupon", sent: str = "2026-05-01", control: int = 0) -> pd.DataFrame:
    """n customers, the first ``control`` of them in the control group, of the others every second one redeems."""
    given = np.arange(n) >= control
    day, never = pd.Timestamp(sent), pd.NaT
    used = given & (np.arange(n) % 2 == 1)
    table = pd.DataFrame({"customer": np.arange(n), "offer": f"{tactic}{sent}", "tactic": tactic})
    table["group"] = np.where(given, "offered", "control")
    table["sent"] = day
    table["seen"] = [day if seen else never for seen in given & (np.arange(n) % 4 != 3)]
    table["redeemed"] = [day if redeemed else never for redeemed in used]
    return table.assign(cost=np.where(used, 6.0, 0.0))


def bought(n: int, months: range, value: Any) -> pd.DataFrame:
    rows = [(customer, month, float(value(customer, month))) for customer in range(n) for month in months]
    return pd.DataFrame(rows, columns=["customer", "month", "value"])


def test_answers_by_hand() -> None:
    found = tactics.study(campaign(40), bought(40, range(MAY, MAY + 1), lambda c, m: 1), last_month=MAY).table.iloc[0]
    assert (found["offered"], found["control"], found["seen"], found["redeemed"]) == (40, 0, 30, 20)
    assert found["response"] == 0.5 and found["response_seen"] == pytest.approx(10 / 30)
    assert found["unseen_share"] == 0.5
    assert (found["cost"], found["cost_per_offered"]) == (120.0, 3.0)
    assert found["code"] == "no_control" and np.isnan(found["lift"]) and np.isnan(found["net"])


def test_a_lift_by_hand() -> None:
    # Everyone buys for their number a month; the offered for 7 more in May, 3 more in June.
    def value(customer: int, month: int) -> float:
        return customer + (customer >= 20) * {MAY: 7, MAY + 1: 3}.get(month, 0)

    money = bought(40, range(MAY - 6, MAY + 2), value)
    found = tactics.study(campaign(40, control=20), money, last_month=MAY + 1)
    assert found.decay["lift"].tolist() == pytest.approx([7, 3])
    row = found.table.iloc[0]
    assert row["lift"] == pytest.approx(10) and row["net"] == pytest.approx(10 - 3) and row["months"] == 2


def test_lifts_and_intervals_are_statsmodels(drawn: Programme) -> None:
    import statsmodels.formula.api as smf
    from scipy import stats

    money = drawn.monthly().set_index(["customer", "month"])["value"]
    of = drawn.offers[drawn.offers["tactic"] == "percent_discount"].copy()
    sent = of["sent"].dt.year * 12 + of["sent"].dt.month - 1

    def margin(shift: int) -> np.ndarray:
        return money.reindex(pd.MultiIndex.from_arrays([of["customer"], sent + shift])).fillna(0.0).to_numpy()

    of["treated"], of["before"] = (
        (of["group"] == "offered").astype(float),
        np.mean([margin(-k) for k in range(1, 7)], axis=0),
    )
    decay = study_of(drawn).decay.query("tactic == 'percent_discount'").set_index("month")
    for month in range(6):
        of["y"] = margin(month)
        fit = smf.ols("y ~ treated + before + C(offer)", of).fit()
        clusters = pd.factorize(of["customer"])[0]
        robust = fit.get_robustcov_results("cluster", groups=clusters, use_correction=False)
        at, count = robust.model.exog_names.index("treated"), clusters.max() + 1
        half = robust.bse[at] * np.sqrt(count / (count - 1)) * stats.t.ppf(0.975, count - 1)
        assert decay.loc[month, "lift"] == pytest.approx(fit.params["treated"])
        assert decay.loc[month, "high"] - decay.loc[month, "lift"] == pytest.approx(half)


def test_the_sample_shows_decay_and_the_crossover(drawn: Programme) -> None:
    found = study_of(drawn)
    lifts = found.decay.set_index(["tactic", "month"])
    assert lifts.loc[("percent_discount", 0), "low"] > 0 > lifts.loc[("percent_discount", 5), "low"]
    assert found.crossover.code == "" and found.crossover.month is not None
    assert found.crossover.month >= drawn.truth["tactics.crossover"]
    table = found.table.set_index("tactic")
    assert table.loc["status", "code"] == "no_control" and table.loc["status", "redeemed"] > 0
    assert set(found.decay["tactic"]) == set(table.index) - {"status"}


def test_why_there_is_no_lift_and_no_crossover() -> None:
    money = bought(40, range(MAY - 6, MAY + 6), lambda c, m: c % 3)
    late = tactics.study(campaign(40, sent="2026-08-01", control=20), money, last_month=MAY)
    assert late.table["code"].tolist() == ["too_recent"] and late.decay.empty
    few = tactics.study(campaign(40, control=5), money, last_month=MAY)
    assert few.table["code"].tolist() == ["too_few"]
    assert few.crossover.code == "no_experience"
    slow, fast = campaign(40, "experience", control=20), campaign(40, "percent_discount", control=20)
    both = tactics.study(pd.concat([slow, fast], ignore_index=True), money, last_month=MAY + 5)
    assert both.crossover.code == "not_in_these_data" and both.crossover.month is None
    assert tactics.study(slow, money, last_month=MAY).crossover.code == "no_discount"
    alone = pd.concat([campaign(40, "experience"), fast], ignore_index=True)
    assert tactics.study(alone, money, last_month=MAY).crossover.code == "no_control"
    with pytest.raises(NotIdentified, match="no_offers"):
        tactics.study(slow[:0], money, last_month=MAY)


def test_a_difference_within_its_interval_is_no_crossover() -> None:
    noise = np.random.default_rng(1).normal(50, 30, (40, 12))
    slow = campaign(40, "experience", control=20)
    fast = campaign(40, "percent_discount", control=20).assign(customer=np.arange(40, 80))
    both = pd.concat([slow, fast], ignore_index=True)

    def money(ahead: float) -> pd.DataFrame:
        gains = lambda c, m: ahead * (20 <= c < 40 and m >= MAY)  # noqa: E731
        return bought(80, range(MAY - 6, MAY + 6), lambda c, m: noise[c % 40, m - MAY + 6] + gains(c, m))

    small, large = (tactics.study(both, money(ahead), last_month=MAY + 5).crossover for ahead in (4.0, 80.0))
    assert small.table["difference"].tolist() == pytest.approx([4.0] * 6)
    assert small.code == "not_in_these_data" and small.month is None
    assert large.month == 0 and large.table["distinct"].all()


def test_one_customer_in_many_campaigns_is_one_customer(drawn: Programme) -> None:
    twice = pd.concat([drawn.offers, drawn.offers.assign(offer=drawn.offers["offer"] + "b")], ignore_index=True)
    once = study_of(drawn).table.set_index("tactic").loc["experience"]
    again = (
        tactics.study(twice, drawn.monthly(), last_month=drawn.last_month).table.set_index("tactic").loc["experience"]
    )
    for name in ("lift", "lift_low", "lift_high", "response", "response_low", "response_high"):
        assert again[name] == pytest.approx(once[name]), name


def test_edge_clients() -> None:
    for name in ("huge_spender", "nobody_active", "contractual"):
        edge = simulate_programme(EDGES[name], 1)
        found = study_of(edge)
        assert found.decay["lift"].notna().all(), name


@pytest.mark.slow
def test_intervals_hold_the_planted_lifts() -> None:
    held = []
    for seed in range(40):
        edge = simulate_programme(settings(shares=None, points=None), seed)
        for row in study_of(edge).decay.itertuples():
            held.append(row.low <= edge.truth[f"tactics.{row.tactic}.lift_{row.month}"] <= row.high)
    assert 0.93 <= np.mean(held) <= 0.97  # 1,000 clients: tests/bench/planted_tactics.py
