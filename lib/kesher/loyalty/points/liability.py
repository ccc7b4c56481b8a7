"""What is owed for points at fair value (IFRS 15, ASC 606): never in one sum with what redeemed points cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from kesher.loyalty.points.breakage import Breakage
from kesher.loyalty.points.ledger import Ledger, corkscrew
from kesher.loyalty.ranges import Range

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Liability:
    """The contract liability for points out at the end of the last month, at fair value, money.

    ``by_month``: month, opening, issued, redeemed, expired, adjusted, closing. Expired points carry no value:
    what will never be redeemed was never deferred, but recognised along with what is. ``allocated``: on
    relative stand-alone prices.
    """

    value: Range
    by_month: pd.DataFrame
    allocated: bool


def allocate(price: float, stand_alone: ArrayLike) -> Floats:
    """A transaction's price over its promises, in proportion to their stand-alone prices (IFRS 15.76).

    >>> allocate(100_000, [100_000, 9_500]).round(1)
    array([91324.2,  8675.8])
    """
    alone = np.asarray(stand_alone, dtype=float)
    return np.asarray(price * alone / alone.sum())


def recognise(allocated: float, redeemed: ArrayLike, expected: ArrayLike) -> tuple[Floats, Floats]:
    """Revenue of points by period as they are redeemed, and the liability at each period's end; money.

    ``redeemed`` (periods,) cumulative; ``expected`` (periods,) in all, as estimated in each period: a change is
    caught up in the period it is made (IFRS 15 example 52).

    >>> recognise(8_675.8, [4_500, 8_500], [9_500, 9_700])[0].round(0)
    array([4110., 3493.])
    """
    done = allocated * np.minimum(np.asarray(redeemed, dtype=float) / np.asarray(expected, dtype=float), 1)
    return np.diff(done, prepend=0.0), np.asarray(allocated - done)


def liability(
    ledger: Ledger, found: Breakage, *, point_value: float, sales: pd.Series[float] | None = None
) -> Liability:
    """The liability and its corkscrew from the ledger and the breakage estimated now.

    An earn month's points carry point_value times the redemptions expected of them, reduced by the month's
    relative stand-alone allocation where ``sales`` (index month: members' sales net of VAT) are given; each
    redemption recognises its part. All months use today's estimate, so no line of re-estimation is left over.
    """
    span, (redemptions, _, removals) = ledger.months, ledger.used
    ultimate = np.append(redemptions[0].sum(), found.lots["ultimate"])
    factor = np.ones(span + 1)
    if sales is not None:
        face = point_value * np.append(0.0, found.lots["ultimate"])
        sold = np.append(0.0, sales.reindex(found.lots["month"]).fillna(0.0).clip(lower=0))
        factor = np.divide(sold, sold + face, out=factor, where=sold > 0)
    net = ledger.lots - removals.sum(axis=1)
    per_redeemed = point_value * factor
    per_issued = np.divide(per_redeemed * ultimate, net, out=np.zeros(span + 1), where=net > 0)
    by_month = corkscrew(
        ledger.first,
        per_issued[0] * ledger.before_first,
        issued=per_issued[1:] * ledger.earned,
        redeemed=(per_redeemed[:, None] * redemptions).sum(axis=0),
        expired=np.zeros(span),
        adjusted=per_issued[1:] * ledger.granted - (per_issued[:, None] * removals).sum(axis=0),
    )
    value, reserve = float(by_month["closing"].iloc[-1]), found.reserve
    done = found.ultimate.value - reserve
    ends = (found.ultimate.low, found.ultimate.high)
    low, high = ((end - done) / reserve if reserve > 0 else 1.0 for end in ends)
    return Liability(Range(value, value * low, value * high), by_month, allocated=sales is not None)
