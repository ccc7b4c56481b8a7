"""The funnel, what one costs, and a contact beside other channels: published intervals, exact tails, bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from kesher.channels.funnel import funnel, per_contact, poisson_interval
from kesher.channels.goals import DAYS_PER_MONTH
from kesher.stats import share_interval

COLUMNS = ["network", "impressions", "clicks", "leads", "customers", "cost", "months"]


def typed(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def exported(**columns):
    days = {f"{name}_days": [91] * len(columns["network"]) for name in columns if name != "network"}
    return pd.DataFrame({**days, **columns})


@pytest.mark.parametrize(
    ("count", "low", "high"), [(0, 0, 3.689), (1, 0.025, 5.572), (5, 1.623, 11.668), (20, 12.217, 30.888)]
)
def test_garwoods_published_limits(count, low, high):
    # Garwood 1936, as printed in tables of exact 95 % limits of a Poisson mean
    assert poisson_interval(count) == pytest.approx((low, high), abs=6e-4)


def test_garwoods_tails_are_exact():
    from scipy.special import pdtr, pdtrc

    for count in (1, 3, 40, 900):
        low, high = poisson_interval(count, 0.9)
        assert pdtrc(count - 1, low) == pytest.approx(0.05, abs=1e-9)
        assert pdtr(count, high) == pytest.approx(0.05, abs=1e-9)


def test_rates_and_costs_by_hand():
    row = funnel(typed(("facebook", 20_000, 400, 20, 5, 1200, 3))).iloc[0]
    assert (row["click_rate"], row["lead_rate"], row["customer_rate"]) == (0.02, 0.05, 0.25)
    assert (row["lead_rate_low"], row["lead_rate_high"]) == pytest.approx(share_interval(0.05, 400))
    assert (row["cost_per_contact"], row["cost_per_lead"], row["cost_per_customer"]) == (3, 60, 240)
    low, high = poisson_interval(20)
    assert (row["cost_per_lead_low"], row["cost_per_lead_high"]) == pytest.approx((1200 / high, 1200 / low))
    assert row["from_exports"] == ()
    assert row[["click_rate_code", "cost_per_lead_code"]].tolist() == ["", ""]


def test_no_leads_bound_the_cost_from_below_only():
    row = funnel(typed(("x", 5000, 80, 0, 0, 900, 2))).iloc[0]
    assert np.isnan(row["cost_per_lead"])
    assert np.isnan(row["cost_per_lead_high"])
    assert row["cost_per_lead_low"] == pytest.approx(900 / 3.688879, rel=1e-5)
    assert row["cost_per_lead_code"] == "none"
    assert row["lead_rate"] == 0
    assert row["lead_rate_high"] > 0
    assert row["customer_rate_code"] == "no_base"
    assert np.isnan(row["customer_rate_high"])


def test_what_is_unknown_or_impossible_says_so():
    found = funnel(typed(("a", np.nan, 40, 50, 2, np.nan, 1), ("b", 10, 0, 0, 0, 0, 1))).set_index("network")
    assert found.loc["a", "click_rate_code"] == "unknown"
    assert found.loc["a", "lead_rate_code"] == "more_than_base"
    assert found.loc["a", ["lead_rate", "lead_rate_low", "lead_rate_high"]].isna().all()
    assert found.loc["a", "cost_per_lead_code"] == "unknown"
    assert found.loc["a", ["cost_per_lead", "cost_per_lead_low", "cost_per_lead_high"]].isna().all()
    assert found.loc["b", "lead_rate_code"] == "no_base"


def test_exports_add_networks_and_fill_blanks_of_the_same_period_only():
    outcomes = exported(
        network=["facebook", "x", "tiktok"], impressions=[9000.0, 700.0, 300.0], clicks=[90.0, 7.0, np.nan],
        leads=[5.0, np.nan, np.nan], spend=[10.0, np.nan, np.nan],
    )  # fmt: skip
    table = typed(("facebook", np.nan, np.nan, 20, 5, 1200, 91 / DAYS_PER_MONTH), ("x", np.nan, np.nan, 4, 1, 50, 12))
    found = funnel(table, outcomes).set_index("network")
    assert found.loc["facebook", ["impressions", "clicks", "leads", "cost"]].tolist() == [9000, 90, 20, 1200]
    assert set(found.loc["facebook", "from_exports"]) == {"impressions", "clicks"}
    assert np.isnan(found.loc["x", "clicks"])  # a quarter's clicks beside a year's leads would be no rate
    assert found.loc["x", "from_exports"] == ()
    assert set(found.loc["tiktok", "from_exports"]) == {"impressions", "months"}
    assert found.loc["tiktok", "months"] == pytest.approx(2.99, abs=0.01)
    assert found.index.tolist() == ["facebook", "x", "tiktok"]


def test_counts_of_other_days_make_no_rate():
    outcomes = exported(network=["facebook"], impressions=[9000.0], clicks=[90.0]).assign(impressions_days=28)
    found = funnel(None, outcomes).iloc[0]
    assert np.isnan(found["impressions"]) and found["clicks"] == 90 and np.isnan(found["click_rate"])


def test_nothing_at_all_is_an_empty_table():
    for nothing in (None, typed()):
        found = funnel(nothing, None)
        assert found.empty
        assert {"network", "cost_per_lead_low", "from_exports"} <= set(found.columns)
        assert per_contact(found).empty


def test_contacts_beside_other_channels():
    networks = funnel(typed(("facebook", 20_000, 400, 20, 5, 800, 3), ("x", 5000, 100, 1, 0, 210, 3)))
    traditional = pd.DataFrame(
        {"channel": ["radio", "flyers", "letters", "word"], "label_en": "", "label_he": "",
         "contacts": [150.0, 900.0, np.nan, 40.0], "cost": [3000.0, 2700.0, 100.0, 0.0]}
    )  # fmt: skip
    found = per_contact(networks, traditional).set_index("channel")
    assert found.index[0] == "word"
    assert found.loc["word", "code"] == "free"
    assert found.loc["facebook", "code"] == "cheapest"
    assert found.loc["letters", "code"] == "unknown"
    assert found.loc["radio", "ratio"] == pytest.approx(10)
    assert found.loc[["radio", "flyers"], "distinct"].all()
    assert not found.loc["x", "distinct"]
    assert found.loc["x", "ratio_low"] < 1 < found.loc["x", "ratio_high"]
    assert found.loc["x", "kind"] == "network"
    assert found.loc["radio", "kind"] == "traditional"


def test_the_ratio_interval_is_the_conditional_binomials():
    from scipy.stats import binomtest

    networks = funnel(typed(("facebook", 2000, 40, 2, 1, 100, 1), ("x", 900, 25, 1, 0, 100, 1)))
    row = per_contact(networks).set_index("channel").loc["x"]
    exact = binomtest(40, 65).proportion_ci(0.95)
    assert (row["ratio_low"], row["ratio_high"]) == pytest.approx(
        (exact.low / (1 - exact.low), exact.high / (1 - exact.high)), rel=1e-6
    )


def test_distinct_agrees_with_the_interval_and_yields_to_many_comparisons():
    for clicks in range(40, 121, 4):
        rows = [("best", 9999, 120, 1, 1, 100, 1), ("other", 9999, clicks, 1, 1, 100, 1)]
        other = per_contact(funnel(typed(*rows))).set_index("channel").loc["other"]
        assert other["distinct"] == (other["ratio_low"] > 1)
        if 0.01 < other["ratio_low"] - 1 < 0.06:  # barely: seven that are no different drown it
            more = [(f"n{i}", 9999, 119, 1, 1, 100, 1) for i in range(7)]
            assert not per_contact(funnel(typed(*rows, *more))).set_index("channel").loc["other", "distinct"]
            break
    else:
        pytest.fail("no barely distinct pair was met")


def test_intervals_hold_the_planted_rates():
    rng = np.random.default_rng(5)
    clients, mean = 4000, 12.0
    leads = rng.poisson(mean, clients)
    frame = pd.DataFrame({"network": [f"n{i}" for i in range(clients)], "clicks": 500.0, "leads": leads, "cost": 600.0})
    found = funnel(frame.assign(impressions=np.nan, customers=np.nan, months=1.0))
    truth = 600 / mean
    high = found["cost_per_lead_high"].fillna(np.inf)
    held = (found["cost_per_lead_low"] <= truth) & (truth <= high)
    assert 0.93 <= held.mean() <= 0.985
