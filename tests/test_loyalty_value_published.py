"""Answers that others published, reproduced: CDNOW's customers, and contracts renewed year by year."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from loyalty_value_kit import cdnow, cohort, daily_repeats, summaries

from kesher.loyalty.value import bgnbd, contractual, gamma_gamma, split_day, study
from kesher.loyalty.value import holdout as held_out

PUBLISHED = Path(__file__).parent / "published"
END, LAST = "1997-09-30", "1998-06-30"


def answers(model: str) -> dict[str, float]:
    rows = pd.read_csv(PUBLISHED / "value_answers.csv")
    return rows[rows["model"] == model].set_index("quantity")["value"].to_dict()


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    return cdnow()


@pytest.fixture(scope="module")
def calibration(purchases: pd.DataFrame) -> pd.DataFrame:
    return summaries(purchases, END)


def test_cdnow_purchases(calibration: pd.DataFrame) -> None:
    found, want = bgnbd.fit(calibration["x"], calibration["t_x"], calibration["T"]), answers("bgnbd")
    assert found.loglik == pytest.approx(want["loglik"], abs=1e-4)
    for name in ("r", "alpha", "a", "b"):
        assert getattr(found, name) == pytest.approx(want[name], rel=1e-4)
        assert found.low[name] < want[name] < found.high[name]
    one = want["expected purchases in 39 weeks, x=2 t_x=30.43 T=38.86"]
    assert round(float(bgnbd.expected(found.theta, 39, [2], [30.43], [38.86])[0]), 3) == one
    assert (found.dropout_identified, found.heterogeneity_identified, found.reached) == (True, True, 4)


def test_cdnow_holdout(purchases: pd.DataFrame, calibration: pd.DataFrame) -> None:
    days, after = daily_repeats(purchases, END), summaries(purchases, LAST).set_index("customer")
    found = held_out.compare(calibration, after.reset_index(), daily_repeats=days)
    want = answers("holdout")
    assert found.actual == want["actual"]
    assert round(found.predicted) == want["predicted"]
    assert (found.customers, round(found.weeks, 9)) == (2357, 39)
    x, t_x, T = (calibration[name].to_numpy(dtype=float) for name in ("x", "t_x", "T"))
    foretold = bgnbd.expected(bgnbd.fit(x, t_x, T).theta, found.weeks, x, t_x, T)
    came = after["x"][calibration["customer"]].to_numpy() - x
    assert foretold.sum() == pytest.approx(found.predicted)
    assert np.corrcoef(foretold, came)[0, 1] == pytest.approx(want["correlation"], abs=5e-5)
    never = x == 0
    assert (never.sum(), came[never].sum()) == (1411, want["zero class actual"])
    assert came[never].mean() == pytest.approx(want["zero class actual mean"], abs=5e-5)
    assert foretold[never].mean() == pytest.approx(want["zero class predicted mean"], abs=5e-5)
    assert found.curve is not None
    at_split = found.curve[~found.curve["holdout"]].iloc[-1]
    assert at_split["day"] == pd.Timestamp(END)
    assert at_split["actual"] == calibration["x"].sum()
    ahead = found.curve.iloc[-1] - at_split[["actual", "predicted"]].reindex(found.curve.columns, fill_value=np.nan)
    assert (ahead["actual"], round(ahead["predicted"])) == (want["actual"], want["predicted"])
    # A third of the purchases missed by a wide interval: the study has to say so.
    assert found.actual > found.high


def test_cdnow_spending(calibration: pd.DataFrame) -> None:
    repeat = calibration[calibration["mean_repeat"] > 0]
    found, want = gamma_gamma.fit(repeat["x"].to_numpy(), repeat["mean_repeat"].to_numpy()), answers("gamma_gamma")
    assert found.customers == 946
    for name in ("p", "q", "gamma", "loglik"):
        assert getattr(found, name) == pytest.approx(want[name], abs=1e-5)
    assert float(gamma_gamma.expected(found.theta, 0, 0)) == pytest.approx(want["mean"], abs=5e-5)
    # Printed by lifetimes, whose parameters are those of a file rounded to cents and hundredths of a week.
    rounded = np.log([6.24880, 3.74459, 15.44774])
    one = want["expected spend at 6.24880 3.74459 15.44774, x=2 mean=22.35"]
    assert float(gamma_gamma.expected(rounded, 2, 22.35)) == pytest.approx(one, abs=1e-4)
    assert float(gamma_gamma.expected(found.theta, 2, 22.35)) == pytest.approx(one, abs=1e-3)
    assert round(found.correlation, 3) == want["correlation"]
    assert found.correlation_low < want["correlation"] < found.correlation_high < 0.2


@pytest.mark.parametrize(("table", "fitted"), [("highend", 8), ("regular", 8), ("short note", 5)])
def test_contracts_renewed(table: str, fitted: int) -> None:
    rows = pd.read_csv(PUBLISHED / "sbg_retention.csv")
    active = rows[rows["table"] == table]["active"].to_numpy()[:fitted]
    found = contractual.fit(*cohort(1000 * active / active[0]))
    want = answers(f"sbg {table}")
    assert (found.alpha, found.beta) == pytest.approx((want["alpha"], want["beta"]), abs=6e-6)
    assert found.loglik == pytest.approx(want["loglik"], abs=6e-5)
    if "survival 12" in want:
        assert np.exp(contractual.log_survival(found.theta, 12)) == pytest.approx(want["survival 12"], abs=5e-4)


def test_cdnow_studied_whole(purchases: pd.DataFrame) -> None:
    day = split_day(date(1997, 1, 1), date(1998, 6, 30))
    assert day == date(1997, 12, 30)
    frames = {"calibration": summaries(purchases, str(day)), "daily_repeats": daily_repeats(purchases, str(day))}
    found = study(summaries(purchases, LAST), horizon_months=12, discount_rate=0.08, **frames)
    assert found.missing == {}
    assert found.holdout is not None and found.member_mean is not None
    assert found.table["margin"].mean() == pytest.approx(found.member_mean.value)
    assert found.segments["customers"].sum() == len(found.table) == 2357
    assert found.segments["margin"].sum() == pytest.approx(found.table["margin"].sum())
    assert found.segments["share"].sum() == pytest.approx(1)
    assert found.table["margin"].max() < 0.02 * found.table["margin"].sum()
