"""Over made-up clients the workbook's intervals hold the planted truth; make bench asks a thousand of them."""

from __future__ import annotations

import pytest
from scipy.stats import binom
from simulated_clients import AT_LEAST, SMOOTH, coverage, families

CLIENTS = 80
CHANCE = 1e-4  # of a single number failing although it covers as it should


@pytest.mark.slow
def test_the_intervals_of_the_whole_workbook_hold_the_planted_truth() -> None:
    found = coverage(range(5_000, 5_000 + CLIENTS))
    assert (found["clients"] == CLIENTS).all()
    fewest = binom.ppf(CHANCE, CLIENTS, 0.95) / CLIENTS
    assert found["held"].min() >= fewest, found["held"].idxmin()
    pooled = families(found)["mean"]
    assert set(pooled.index) == {*SMOOTH, *AT_LEAST}
    # Numbers of one client go up and down together: the band is that of CLIENTS draws, not of all numbers.
    low, high = binom.ppf([CHANCE, 1 - CHANCE], 4 * CLIENTS, 0.95) / (4 * CLIENTS)
    for kind in SMOOTH:
        assert low <= pooled[kind] <= high, (kind, pooled[kind])
