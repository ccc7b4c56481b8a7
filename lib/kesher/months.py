"""Months as whole numbers, year times 12 plus month minus 1, so that they can be counted and subtracted."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

YEAR = 12  # months
NEVER = -1  # the month of what did not happen
WEEKS_PER_MONTH = 365.25 / YEAR / 7


def month_of(day: datetime.date) -> int:
    """The month of a day.

    >>> month_of(datetime.date(2026, 10, 31)) == 2026 * 12 + 9
    True
    """
    return day.year * YEAR + day.month - 1


def months_of(days: Any) -> NDArray[np.int64]:
    """The month of each day of a Series or array, NEVER where there is none.

    >>> months_of(["2026-03-31", "NaT"]).tolist()
    [24314, -1]
    """
    found = np.asarray(days, dtype="datetime64[M]")
    return np.where(np.isnat(found), NEVER, found.astype(np.int64) + 1970 * YEAR)


def last_full_month(as_of: datetime.date) -> int:
    """The last month that is over at the end of ``as_of``.

    >>> last_full_month(datetime.date(2026, 10, 30)) - 2026 * 12, last_full_month(datetime.date(2026, 10, 31)) % 12
    (8, 9)
    """
    return month_of(as_of + datetime.timedelta(days=1)) - 1
