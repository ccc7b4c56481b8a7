"""The programme's account: worked by hand, flipped, refused, and never fooled by a programme nobody uses."""

from __future__ import annotations

import datetime
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from kesher.faults import NotIdentified
from kesher.loyalty.account import Account, Input, account, cannibalised, sharing
from kesher.loyalty.account.book import open_book
from kesher.loyalty.account.inputs import draw
from kesher.loyalty.account.worth import everything, flips, perfect
from kesher.loyalty.points import study as points_study
from kesher.loyalty.trial import Spread, plan

AS_OF = datetime.date(2026, 10, 31)
LAST = 2026 * 12 + 9
FEW = {"draws": 2000, "seed": 3}


def months_of(n: int) -> np.ndarray:
    return np.arange(LAST - n + 1, LAST + 1)


def activity(n: int = 12, members: float = 1000, active: float = 400) -> pd.DataFrame:
    return pd.DataFrame({"month": months_of(n), "members": members, "active": active})


def costs(n: int = 12, amount: float = 500, layer: str = "both", line: str = "platform") -> pd.DataFrame:
    return pd.DataFrame({"month": months_of(n), "line": line, "layer": layer, "amount": float(amount)})


def redeemed(n: int = 12, points: float = 8000) -> pd.DataFrame:
    return pd.DataFrame({"month": months_of(n), "points": float(points)})


def sample(**change: Any) -> Account:
    settings: dict[str, Any] = {
        "as_of": AS_OF, "effect": (2.0, 0.2), "points": redeemed(), "point_cost": 0.05,
        "active_share": (0.4, 0.37, 0.43), **FEW,
    }  # fmt: skip
    return account(change.pop("activity", activity()), change.pop("costs", costs()), **settings | change)


def shares_of(n: int = 200, amount: float = 20.0) -> pd.DataFrame:
    rng = np.random.default_rng(4)
    day = np.datetime64("2025-11-01") + rng.integers(0, 360, n)
    customer = rng.integers(0, 60, n)
    network = np.where(rng.random(n) < 0.7, "facebook", "whatsapp")
    return pd.DataFrame(
        {"customer": customer, "day": day.astype("datetime64[s]"), "network": network, "friend": 1000 + np.arange(n),
         "amount": rng.gamma(2, amount / 2, n)}
    )  # fmt: skip


def test_three_months_by_hand() -> None:
    """100 members, 50 active: 2.00 each and month; 100 a month for the platform, 500 points at 0.10."""
    found = account(
        activity(3, 100, 50), costs(3, 100), as_of=AS_OF, effect=(2.0, 0.0), points=redeemed(3, 500), point_cost=0.1,
        horizon_months=2, discount_rate=0.1, **FEW,
    )  # fmt: skip
    table = found.months
    assert table["observed"].tolist() == [True, True, True, False, False]
    assert table["incremental_margin"].round(9).tolist() == [200.0] * 5
    assert table["reward_cost"].round(9).tolist() == [50.0] * 5 and table["other_cost"].tolist() == [100.0] * 5
    assert table["cumulative"].round(9).tolist() == [50.0, 100.0, 150.0, 200.0, 250.0]
    assert found.npv is not None and found.roi is not None and found.npv_ahead is not None
    assert found.npv.value == pytest.approx(sum(50 * 1.1 ** (-t / 12) for t in (-2, -1, 0, 1, 2)))
    assert found.npv_ahead.value == pytest.approx(sum(50 * 1.1 ** (-t / 12) for t in (1, 2)))
    assert found.roi.value == pytest.approx((1000 - 750) / 750)
    assert (found.cost.value, found.reward_cost.value) == (pytest.approx(750), pytest.approx(250))
    assert found.break_even.value == pytest.approx(1.5)
    assert found.break_even_active is not None and found.break_even_active.value == pytest.approx(3.0)
    assert found.payback_months is not None and found.payback_months.value == 1
    assert found.cash_low is not None and found.cash_low.value == 0 and found.cash_low_month is None
    assert found.costs.set_index("line")["total"].round(9).to_dict() == {"rewards": 250.0, "platform": 500.0}


def test_more_active_months_bring_more_and_the_sum_is_what_was_measured() -> None:
    ramp = activity(3, 100, 50).assign(active=[30.0, 50.0, 70.0])
    found = account(
        ramp, costs(3, 100), as_of=AS_OF, effect=(2.0, 0.0), active_share=(0.7, 0.7, 0.7), points=redeemed(3, 500),
        point_cost=0.1, horizon_months=1, **FEW,
    )  # fmt: skip
    assert found.months["incremental_margin"].round(9).tolist() == [120.0, 200.0, 280.0, 280.0]
    assert found.months["active"].round(9).tolist() == [30.0, 50.0, 70.0, 70.0]
    assert found.months["reward_cost"].round(9).tolist() == [50.0, 50.0, 50.0, 70.0]  # 10 points an active member


def test_a_dear_start_is_paid_back() -> None:
    setup = costs(1, 1000, "traditional", "setup").assign(month=LAST - 5)
    found = account(
        activity(6, 100, 50), pd.concat([costs(6, 50), setup]), as_of=AS_OF, effect=(4.0, 0.0), horizon_months=6,
        discount_rate=0.0, **FEW,
    )  # fmt: skip
    # 350 a month: -650, -300, 50.
    assert found.cash_low is not None and found.cash_low.value == pytest.approx(-650)
    assert found.cash_low_month == LAST - 5
    assert found.payback_months is not None and found.payback_months.value == 3
    assert "costs_one_off" in found.codes and "reward_cost_unknown" in found.codes
    assert found.costs.set_index("line").loc["setup", "ahead"] == 0


def test_the_account_of_members_only_is_a_break_even_and_a_scenario() -> None:
    bare = sample(effect=None)
    assert bare.effect_basis == "none" and bare.npv is None and bare.verdict == "cannot_tell"
    assert bare.break_even.value == pytest.approx((500 + 400) / 1000)
    assert "effect_assumed" not in bare.codes and bare.worth.empty and bare.tornado.empty
    assert bare.months["net"].isna().all() and bare.months["cost"].notna().all()
    lifted = sample(effect=None, lift_low=0.3, lift_high=0.5, active_margin=50.0)
    assert lifted.effect_basis == "assumed" and "effect_assumed" in lifted.codes
    [effect] = [i for i in lifted.inputs if i.name == "effect"]
    assert (effect.low, effect.high, effect.grade) == (pytest.approx(6.0), pytest.approx(10.0), "D")
    assert lifted.pays_share == 1.0 and lifted.verdict == "cannot_tell"
    assert lifted.break_even_lift is not None and lifted.break_even_lift.value == pytest.approx(2.25 / 50)
    assert sample(effect=None, lift_low=0.1, lift_high=0.2).effect_basis == "none"  # lifts of an unknown margin


def test_break_even_leaves_nothing() -> None:
    """At the break-even effect margin is cost, also where fewer are active ahead, less is redeemed, members leave."""
    ramp = activity().assign(active=np.linspace(100, 400, 12))
    settings = {"activity": ramp, "active_share": (0.3, 0.25, 0.35), "attrition": (0.01, 0.01, 0.01)}
    even = sample(**settings, active_margin=50.0)
    found = sample(**settings, effect=(even.break_even.value, 0.0))
    assert found.months["net"].sum() == pytest.approx(0, abs=1e-9 * even.cost.value)
    assert even.break_even.value != pytest.approx(even.cost.value / found.months["members"].sum(), rel=0.01)
    # and so do what an active member must bring, and the lift of an active member's margin
    assert even.break_even_active is not None and even.break_even_lift is not None
    lift = even.break_even_lift.value
    lifted = sample(**settings, effect=None, lift_low=lift, lift_high=lift, active_margin=50.0)
    assert lifted.months["net"].sum() == pytest.approx(0, abs=1e-9 * even.cost.value)
    assert even.break_even_active.value == pytest.approx(50 * lift)
    for end in ("value", "low", "high"):  # on one line, so that one table can show them all
        each = getattr(even.break_even_active, end)
        assert each / getattr(even.break_even, end) == pytest.approx(12_000 / ramp["active"].sum())
    # A scenario pays where the effect lies above its own break-even: the range's ends leave the tails.
    wide = sample(**settings, effect=(even.break_even.value, 0.0), discount_rate=0.0)
    assert wide.npv is not None and wide.break_even.low < wide.break_even.value < wide.break_even.high
    for end in (wide.break_even.low, wide.break_even.high):
        at = sample(**settings, effect=(end, 0.0), discount_rate=0.0).pays_share
        assert at == pytest.approx(0.025 if end < wide.break_even.value else 0.975, abs=0.002)


@pytest.mark.parametrize(
    ("change", "code"), [({"points": None}, "reward_cost_unknown"), ({"costs": None}, "costs_unknown")]
)
@pytest.mark.parametrize("effect", [4.0, -4.0])
def test_no_verdict_while_a_cost_is_missing(change: dict[str, Any], code: str, effect: float) -> None:
    found = sample(effect=(effect, 0.1), **change)
    assert code in found.codes and found.verdict == "cannot_tell"
    assert found.npv is not None and found.npv.low * found.npv.high > 0


@pytest.mark.parametrize(
    ("effect", "verdict"), [(2.0, "pays"), (0.1, "does_not_pay"), (0.95, "cannot_tell"), (0.85, "cannot_tell")]
)
def test_the_verdict_needs_the_whole_range_on_one_side(effect: float, verdict: str) -> None:
    found = sample(effect=(effect, 0.1))
    assert found.verdict == verdict
    assert found.npv is not None and found.pays_share is not None
    assert (found.npv.low > 0) == (verdict == "pays") and (found.npv.high < 0) == (verdict == "does_not_pay")


def test_an_effect_that_may_be_too_low_proves_no_loss() -> None:
    assert sample(effect=(0.1, 0.1), effect_may_be_low=True).verdict == "cannot_tell"
    assert sample(effect=(2.0, 0.1), effect_may_be_low=True).verdict == "pays"


def test_flips_are_where_the_value_is_zero() -> None:
    found = sample(discount_rate=0.0, horizon_months=12)
    flip = found.flips.set_index("name")
    # A month ahead: 1000 e = 500 + 400.
    assert flip.loc["effect", "flip"] == pytest.approx(0.9, abs=1e-9)
    assert flip.loc["effect", "pays"] == "above"
    # An active member brings 5 and costs 1 a month: 500 = 4 * 1000 a.
    assert flip.loc["active_share", "flip"] == pytest.approx(0.125, abs=1e-9)
    assert flip.loc["active_share", "pays"] == "above"
    assert flip.loc["point_cost", "flip"] == pytest.approx((2000 - 500) / 8000, abs=1e-9)
    assert flip.loc["point_cost", "pays"] == "below"
    assert np.isnan(flip.loc["cost_drift", "flip"]) and flip.loc["cost_drift", "pays"] == ""


def test_a_flip_off_the_straight_line() -> None:
    x = Input("x", 2.0, 1.0, 3.0, "normal", "D")
    found = flips([x], lambda values: np.exp(values["x"]) - 5, {"x": (0.0, 40.0)})
    assert found["flip"].iloc[0] == pytest.approx(np.log(5), abs=1e-4)


@pytest.mark.parametrize("effect", [0.2, 0.5, 2.0, -1.0])
def test_a_programme_nobody_uses_is_no_gain(effect: float) -> None:
    """Fewer active members: worth less exactly where an active member brings more than rewards cost."""
    here = sample(effect=(effect, 0.0))
    central = {i.name: i.central for i in here.inputs}
    flows = open_book(
        activity(), costs(), redeemed(), as_of=AS_OF, point_cost=0.05, active_share=(0.4, 0.37, 0.43),
        discount_rate=0.08, horizon_months=12, sharing=None,
    ).flows  # fmt: skip
    assert here.npv is not None and here.npv.value == pytest.approx(float(flows.npv(flows.paths(central))[0]))

    def fixed(name: str, value: float) -> float:
        return float(flows.npv(flows.paths(central | {name: value}))[0])

    reward = 8000 * 0.05 / 400
    for name, ends in [("active_share", (1e-9, 0.1, 0.2)), ("redemption", (0.0, 5.0, 10.0))]:
        at = np.array([fixed(name, value) for value in (*ends, central[name])])
        gains = np.diff(at)
        assert (gains > 0).all() == (effect / 0.4 > reward) and (gains < 0).all() == (effect / 0.4 < reward)
    # Beyond what is usual, redeeming more buys no more effect: it costs what it costs.
    dearer = fixed("redemption", 2 * central["redemption"]) - fixed("redemption", central["redemption"])
    assert dearer == pytest.approx(-400 * reward * flows.discount[-12:].sum())
    [bar] = here.tornado.query("name == 'redemption'").to_dict("records")
    assert bar["npv_high"] < here.npv.value


@pytest.mark.parametrize(("effect", "rate"), [(1.2, 0.08), (0.8, 0.0), (0.95, 0.08)])
def test_the_account_and_the_planned_test_value_knowledge_alike(effect: float, rate: float) -> None:
    """What the effect, known exactly, is worth: the regression over the scenarios, and Raiffa and Schlaifer."""
    settings = {"discount_rate": rate, "draws": 50_000, "attrition": (0.01, 0.0, 0.02)}
    found = sample(effect=(effect, 0.3), activity=activity().assign(active=np.linspace(200, 600, 12)), **settings)
    assert found.choice is not None and found.npv_ahead is not None
    assert found.choice.sd == pytest.approx(0.3)
    spread = Spread(between=22.0, within=44.0, members=1000, months=12)
    test = plan(spread, members=1000, break_even=found.break_even.value, expected=effect, choice=found.choice)
    [known] = found.worth.loc[found.worth["name"] == "effect", "evppi"]
    error = 3 * found.choice.slope * 0.3 / np.sqrt(50_000)
    assert test.worth_perfect == pytest.approx(known, abs=error) and known > 5 * error
    assert test.worth is not None and 0 < test.worth < test.worth_perfect
    sure = sample(effect=(found.choice.threshold, 0.0), activity=activity(active=400), **settings)
    assert sure.choice is not None and sure.choice.sd == 0


def test_worth_of_information_is_that_of_two_normals() -> None:
    given = [Input("x", 0.5, 0.5 - 2, 0.5 + 2, "normal", "D", level=0.95),
             Input("y", 0.0, -3.0, 3.0, "normal", "D", level=0.95)]  # fmt: skip
    sd = 2 / 1.959964
    drawn = draw(given, {}, 200_000, 1)
    npv = 100 * drawn.values["x"] + 40 * drawn.values["y"]

    def gain(spread: float, mean: float = 50.0) -> float:
        return float(spread * norm.pdf(mean / spread) + mean * norm.cdf(mean / spread) - max(mean, 0))

    worth = perfect(given, drawn, npv).set_index("name")["evppi"]
    assert worth["x"] == pytest.approx(gain(100 * sd), rel=0.02)
    assert worth["y"] == pytest.approx(gain(40 * 1.5 * sd), rel=0.06)
    assert everything(npv) == pytest.approx(gain(float(np.hypot(100 * sd, 60 * sd))), rel=0.02)


def test_scenarios_have_their_distributions_and_correlations() -> None:
    kinds = ("normal", "lognormal", "logit_normal", "triangular", "uniform")
    given = [Input(kind, 0.4, 0.2, 0.6, kind, "D", level=0.9) for kind in kinds]  # type: ignore[arg-type]
    drawn = draw(given, {("normal", "uniform"): 0.6, ("normal", "triangular"): -0.3}, 100_000, 5)
    for i in given[:1] + given[4:]:
        assert drawn.values[i.name].std() == pytest.approx(i.sd, rel=0.01)
    for kind in ("triangular", "uniform"):
        assert drawn.values[kind].min() >= 0.2 and drawn.values[kind].max() <= 0.6
    assert drawn.values["triangular"].mean() == pytest.approx(0.4, abs=2e-3)
    assert np.quantile(drawn.values["normal"], [0.05, 0.95]) == pytest.approx([0.2, 0.6], abs=5e-3)
    assert np.median(drawn.values["lognormal"]) == pytest.approx(0.4, abs=5e-3)
    assert drawn.values["logit_normal"].min() > 0 and drawn.values["logit_normal"].max() < 1
    assert np.corrcoef(drawn.scores["normal"], drawn.scores["uniform"])[0, 1] == pytest.approx(0.6, abs=0.01)
    assert np.corrcoef(drawn.scores["normal"], drawn.scores["triangular"])[0, 1] == pytest.approx(-0.3, abs=0.01)
    alone = draw(given[:1], {}, 100_000, 5)
    assert np.array_equal(alone.values["normal"], drawn.values["normal"])  # common random numbers


def test_currency_and_order_of_rows_change_nothing() -> None:
    here, there = sample(), sample(
        effect=(200.0, 20.0), costs=costs(amount=50_000).sample(frac=1, random_state=2), point_cost=5.0,
        activity=activity().sample(frac=1, random_state=3),
    )  # fmt: skip
    assert here.npv is not None and there.npv is not None and here.roi is not None and there.roi is not None
    assert there.npv.low == pytest.approx(100 * here.npv.low)
    assert there.roi.high == pytest.approx(here.roi.high)
    assert there.pays_share == here.pays_share and there.verdict == here.verdict
    np.testing.assert_allclose(there.worth["evppi"], 100 * here.worth["evppi"], atol=1e-6)


def test_rewards_are_charged_once_and_the_liability_never() -> None:
    line = pd.concat([costs(), costs(amount=700, line="Rewards", layer="traditional")])
    found = sample(costs=line)
    assert found.reward_basis == "line" and "rewards_twice" in found.codes
    assert found.reward_cost.value == pytest.approx(24 * 700) and found.cost.value == pytest.approx(24 * 1200)
    assert "point_cost" not in {i.name for i in found.inputs}
    names = {f.name for f in fields(Account)} | set(found.months.columns) | set(found.costs["line"])
    assert not any("liab" in name.lower() for name in names)
    # What is owed for points at fair value depends on their value to members; no part of the account does.
    ledger = pd.DataFrame(
        [(c, f"2026-{m:02}-01", e, p) for c in range(9) for m in range(1, 11)
         for e, p in (("earned", 90.0), ("redeemed", 60.0))],
        columns=["customer", "day", "event", "points"],
    )  # fmt: skip
    ledger["day"] = pd.to_datetime(ledger["day"])
    accounts = []
    for value in (0.1, 10.0):
        points = points_study(ledger, as_of=AS_OF, points_expire=6, point_value=value, point_cost=0.05)
        assert points.liability is not None and points.reward_cost is not None
        used = points.by_month[["month", "redeemed"]].rename(columns={"redeemed": "points"})
        accounts.append((sample(points=used), points.liability.value.value, points.reward_cost))
    (a, owed_a, cost_a), (b, owed_b, cost_b) = accounts
    assert a.cost == b.cost and a.npv == b.npv and cost_a == cost_b and owed_b == pytest.approx(100 * owed_a)
    assert a.months.loc[a.months["observed"], "reward_cost"].sum() == pytest.approx(cost_a)


def test_offers_cost_what_active_members_redeem() -> None:
    found = sample(costs=pd.concat([costs(), costs(amount=200, line="offers", layer="traditional")]),
                   cannibalised=(0.5, 0.4, 0.6))  # fmt: skip
    lines = found.costs.set_index("line")["total"].round(6)
    assert lines.to_dict() == {"rewards": 9600.0, "offers": 4800.0, "platform": 12000.0}
    assert found.reward_cost.value == pytest.approx(14_400) and found.cost.value == pytest.approx(26_400)
    assert found.cannibalised_cost is not None and found.cannibalised_cost.value == pytest.approx(2400)
    flip = found.flips.set_index("name").loc["active_share", "flip"]
    assert 1 / flip == pytest.approx((5 - 1 - 0.5) / 0.5, rel=1e-6)  # an active member: 5 less 1.50 a month


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"activity": activity().iloc[:0]}, "account_no_full_month"),
        ({"activity": activity(members=0, active=0)}, "account_no_full_month"),
        ({"activity": activity().assign(month=LAST + 1 + np.arange(12))}, "account_no_full_month"),
        ({"costs": None, "points": None}, "no_costs"),
    ],
)
def test_nothing_to_account_for(change: dict[str, Any], code: str) -> None:
    with pytest.raises(NotIdentified) as refused:
        sample(**change)
    assert refused.value.code == code


def test_edges_stand() -> None:
    idle = sample(activity=activity(active=0), active_share=None, points=None)
    assert "nobody_active" in idle.codes and idle.break_even_active is None and idle.npv is not None
    one = sample(activity=activity(1, 1, 1), costs=costs(1), points=None, active_share=None, horizon_months=0)
    assert one.npv_ahead is None and one.evpi is None and one.worth.empty and one.choice is None
    losing = sample(effect=(-3.0, 0.1))
    assert losing.payback_months is None and losing.payback_share == 0 and losing.verdict == "does_not_pay"
    for found in (idle, one, losing):
        assert found.roi is not None and np.isfinite([found.roi.low, found.roi.high]).all()


def test_shares_are_counted_and_valued_by_sharer() -> None:
    shares = shares_of()
    found = sharing(shares, active=400, as_of=AS_OF, margin_rate=0.3)
    assert found.sharers == shares["customer"].nunique()
    assert found.shares_per_active == pytest.approx(200 / 400 / 12)
    assert found.value_per_share is not None and found.margin_per_share is not None
    assert found.value_per_share.value == pytest.approx(shares["amount"].mean())
    assert found.value_per_share.low < found.value_per_share.value < found.value_per_share.high
    assert "friends_unknown" in found.codes and found.margin_per_share.value == pytest.approx(
        0.3 * shares["amount"].mean()
    )
    assert found.by_network["shares"].sum() == 200
    twice = shares.assign(friend=1000, day=pd.Timestamp("2026-01-05"))
    margin = pd.DataFrame(
        {
            "customer": [1000, 1000, 1000, 7],
            "month": LAST + np.array([-9, -8, -5, -9]),
            "value": [30.0, 20.0, 99.0, 5.0],
        }
    )
    friends = sharing(twice, active=400, as_of=AS_OF, margin=margin)
    # A friend's January to March counts once, however many shared with him; June is past the three months.
    assert "friends_unknown" not in friends.codes and friends.margin_per_share is not None
    assert friends.margin_per_share.value == pytest.approx(50 / 200)
    for table, active, code in [(None, 400, "no_shares"), (shares, 0, "shares_no_active")]:
        with pytest.raises(NotIdentified) as refused:
            sharing(table, active=active, as_of=AS_OF)
        assert refused.value.code == code


def test_designs_on_the_same_scenarios() -> None:
    lines = pd.concat([costs(amount=300), costs(amount=100, layer="social", line="community"),
                       costs(amount=100, layer="traditional", line="cards")])  # fmt: skip
    layer = sharing(shares_of(), active=400, as_of=AS_OF, margin_rate=0.3)
    found = sample(costs=lines, sharing=layer, share_worth=(0.2, 0.4))
    plain = sample(costs=lines)
    assert found.npv == plain.npv  # friends stay out of the headline
    assert found.designs is not None and found.multiplier is not None and found.npv is not None
    table = found.designs.table.set_index("design")
    assert table.loc["traditional", "cost"] == pytest.approx(24 * (300 + 100 + 400))
    assert table.loc["social", "cost"] == pytest.approx(24 * (300 + 100))
    assert table.loc["hybrid", "cost"] == pytest.approx(24 * (300 + 100 + 100 + 400))
    assert layer.margin_per_share is not None
    friends = layer.shares_per_active * layer.margin_per_share.value * 0.3 * 400
    began = layer.began - found.first
    assert table.loc["social", "incremental_margin"] == pytest.approx((24 - began) * friends)
    assert table.loc["hybrid", "incremental_margin"] == pytest.approx(24 * 2000 + (24 - began) * friends)
    gap = found.designs.differences.set_index(["design_a", "design_b"])
    both = table.loc["hybrid", "npv"] - table.loc["traditional", "npv"]
    assert gap.loc[("hybrid", "traditional"), "npv_difference"] == pytest.approx(both)
    assert found.multiplier.value.value == pytest.approx((24 * 2000 + (24 - began) * friends) / found.cost.value)
    assert found.multiplier.direct == pytest.approx(24 * 2000) and found.multiplier.value.high < 3
    assert found.multiplier.amplified == pytest.approx((24 - began) * friends)


def test_rewards_to_those_who_never_saw_the_offer() -> None:
    day = pd.Timestamp("2026-03-05")
    offers = pd.DataFrame({
        "customer": np.arange(200), "group": "offered", "redeemed": day,
        "cost": np.where(np.arange(200) < 50, 4.0, 1.0),
        "seen": [pd.NaT] * 40 + [day + pd.Timedelta(days=2)] * 10 + [day] * 150,
    })  # fmt: skip
    found = cannibalised(offers)
    alike = cannibalised(offers.assign(cost=1.0)).share
    assert alike is not None and alike.value == 0.25 and found.customers == 200 and found.cost == 350
    assert found.share is not None and found.share.value == pytest.approx(200 / 350)
    assert found.share.low < found.share.value < found.share.high
    doubled = cannibalised(pd.concat([offers, offers]).assign(cost=1.0)).share
    assert doubled is not None and doubled.low == pytest.approx(alike.low)  # the same customers
    assert cannibalised(offers.assign(cost=0.0)).share is None
    charged = sample(cannibalised=(found.share.value, found.share.low, found.share.high))
    assert charged.cannibalised_cost is not None
    assert charged.cannibalised_cost.value == pytest.approx(charged.reward_cost.value * 200 / 350)
    assert charged.cost == sample().cost  # a part of the cost, not one more
    for table, code in [
        (None, "no_offers"),
        (offers.assign(seen=pd.NaT), "offers_seen_unknown"),
        (offers.assign(redeemed=pd.NaT), "offers_no_redemptions"),
    ]:
        with pytest.raises(NotIdentified) as refused:
            cannibalised(table)
        assert refused.value.code == code
