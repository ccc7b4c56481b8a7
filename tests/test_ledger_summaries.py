"""Sums over purchase days, against a plain reckoning and the published figures of CDNOW."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ledger_kit import HEADER, Till, parameters, steps, till
from scipy.special import gammaln

from kesher.faults import NotIdentified
from kesher.readers import DataRoot
from kesher.readers.ledger import NEVER, customer_summaries, monthly, panel, read_ledger, regional, weekly

__all__ = ["till"]
REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "loyalty"
UNTIL = datetime.date(2026, 6, 30)
ROWS = [
    ["1", "2026-01-04", "10", "a"], ["1", "2026-01-11", "20", "b"], ["1", "2026-03-31", "40", "a"],
    ["1", "2026-04-02", "-5", "a"], ["2", "2026-02-01", "7", "b"], ["3", "2026-07-05", "9", "a"],
]  # fmt: skip
SHOP = {"region_column": "shop", "vat": "excluded"}


def test_summaries_of_customers(till: Till) -> None:
    bought = till.read([[*HEADER, "shop"], *ROWS], **SHOP).purchases
    found = customer_summaries(bought, until=UNTIL).set_index("customer")
    assert found.x.tolist() == [2, 0]  # the third customer came later
    assert found.loc[0, ["t_x", "T"]].tolist() == [86 / 7, 177 / 7]
    assert found.mean_repeat.tolist()[0] == 30.0 and np.isnan(found.mean_repeat[1])
    assert found.total.tolist() == [65.0, 7.0]  # what was brought back is off
    later = customer_summaries(bought, until=datetime.date(2026, 12, 31))
    assert later[["x", "t_x", "T"]].to_numpy().tolist() == [[2, 86 / 7, 361 / 7], [0, 0, 333 / 7], [0, 0, 179 / 7]]
    with pytest.raises(NotIdentified, match="no_purchases"):
        customer_summaries(bought, until=datetime.date(2020, 1, 1))


def test_margins_by_column_and_by_rate_agree(till: Till) -> None:
    by_rate = till.read([[*HEADER, "shop"], *ROWS], margin_rate=0.25, **SHOP).purchases
    rows = [[*row, str(float(row[2]) / 4)] for row in ROWS]
    by_column = till.read([[*HEADER, "shop", "margin"], *rows], margin_column="margin", **SHOP).purchases
    for summary in (lambda p: customer_summaries(p, until=UNTIL), monthly, regional, weekly):
        pd.testing.assert_frame_equal(summary(by_rate), summary(by_column))
    found = customer_summaries(by_rate, until=UNTIL)
    assert found.loc[0, ["mean_repeat", "total"]].tolist() == [7.5, 16.25]


def test_months_weeks_and_regions(till: Till) -> None:
    bought = till.read([[*HEADER, "shop"], *ROWS], **SHOP).purchases
    month = 2026 * 12
    assert monthly(bought, value="amount").to_numpy().tolist() == [
        [0, month, 30.0, 2], [0, month + 2, 40.0, 1], [0, month + 3, -5.0, 0], [1, month + 1, 7.0, 1],
        [2, month + 6, 9.0, 1],
    ]  # fmt: skip
    table = regional(bought, value="amount")
    assert table.loc[0].tolist() == [10, 0, 40, -5, 0, 0, 9] and table.loc[1].tolist() == [20, 7, 0, 0, 0, 0, 0]
    weeks = weekly(bought, week_starts="sunday")
    assert weeks.week.iloc[0] == pd.Timestamp("2026-01-04") and len(weeks) == 27
    assert weeks.set_index("week").loc["2026-03-29", ["amount", "orders", "customers"]].tolist() == [35.0, 1, 1]
    assert weekly(bought, week_starts="monday").week.iloc[0] == pd.Timestamp("2025-12-29")
    assert weeks.amount.sum() == 81.0 and weeks.margin.isna().all()
    with pytest.raises(NotIdentified, match="no_margin"):
        monthly(bought)


def test_the_panel_is_of_everybody(till: Till) -> None:
    till.table("m.csv", [["customer", "joined"], ["2", "2026-02-15"], ["4", "2026-03-01"]])
    read = till.read([[*HEADER, "shop"], *ROWS], members_file="m.csv", **SHOP)
    month = 2026 * 12
    found = panel(read.purchases, read.members, month, month + 3, value="amount")
    assert found.value.tolist() == [[30, 0, 40, -5], [0, 7, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert found.orders.tolist() == [[2, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert found.joined.tolist() == [NEVER, month + 1, NEVER, month + 2]
    assert found.first_purchase.tolist() == [month, month + 1, month + 6, NEVER]
    assert panel(read.purchases, None, month, month, value="amount").joined.tolist() == [NEVER] * 4


# --- CDNOW ------------------------------------------------------------------------------------------------

CDNOW = {"currency": "USD", "country": "US", "vat": "excluded", "as_of": "1998-06-30"}
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the folder of real data is not here")


@needs_real
def test_cdnow_master_as_it_is_published() -> None:
    params = parameters(
        transactions_file="cdnow_master.txt", customer_column="customer_id", amount_column="dollar_value",
        quantity_column="number_of_cds", margin_rate=0.3, **CDNOW,
    )  # fmt: skip
    read = read_ledger(DataRoot(REAL), params)
    counted = steps(read)
    assert counted["rows_read"] == (69_659, 23_570, 2_500_315.63)
    assert counted["zero_value"][0] == 80 and counted["duplicates_kept"][0] == 255
    bought = read.purchases
    assert (str(bought.first), str(bought.last)) == ("1997-01-01", "1998-06-30")
    assert (bought.customers, bought.buyers, bought.rows) == (23_570, 23_570, 67_591)
    bought.close()


@needs_real
def test_cdnow_sample_gives_the_published_likelihood_and_spend() -> None:
    """Fader, Hardie and Lee (2005): BG/NBD on 39 exact weeks; purchases of nothing count as purchases."""
    params = parameters(
        transactions_file="cdnow_sample.txt", customer_column="column 1", time_column="column 3",
        amount_column="column 5", **CDNOW,
    )  # fmt: skip
    read = read_ledger(DataRoot(REAL), params)
    found = customer_summaries(read.purchases, until=datetime.date(1997, 9, 30))
    r, alpha, a, b = 0.24259452, 4.41360197, 0.79292202, 2.42590692
    x, t_x, end = (found[name].to_numpy() for name in ("x", "t_x", "T"))
    shape = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    shape += gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    gone = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
    still = -(r + x) * np.log(alpha + end)
    likelihood = np.sum(shape + np.logaddexp(still, np.where(x > 0, gone, -np.inf)))
    assert len(found) == 2357 and likelihood == pytest.approx(-9582.429207, abs=1e-6)
    assert (found.x > 0).sum() == 946 and found.loc[0, "mean_repeat"] == pytest.approx(22.345)
    read.purchases.close()
