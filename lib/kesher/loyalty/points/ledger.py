"""From a points ledger to what each earn month's points became, first in, first out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.months import months_of

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
# Within a month in this order: what expires is the oldest there is. Granted, removed: adjustments up and down.
EARNED, GRANTED, EXPIRED, REDEEMED, REMOVED = range(5)
PLACE = np.array([1, 0, 2])  # of expired, redeemed and removed in ``Ledger.used``
GROUPS = 40


@dataclass(frozen=True)
class Ledger:
    """The ledger by month, and by ``GROUPS`` groups of customers from which its errors are judged; points.

    ``entered_of`` (GROUPS, 2, T): points earned, and granted by adjustment, in each month from ``first``.
    ``used_of`` (GROUPS, 3, T+1, T): points redeemed, expired and removed by adjustment, by the month they were
    earned in and the month they left; earn month 0 stands for points that left though the ledger never shows
    them earned, m + 1 for month m.
    """

    first: int
    entered_of: Floats
    used_of: Floats

    @property
    def months(self) -> int:
        return int(self.entered_of.shape[2])

    @cached_property
    def used(self) -> Floats:
        """(3, T+1, T) the sum of ``used_of`` over the groups."""
        return np.asarray(self.used_of.sum(axis=0))

    @cached_property
    def earned(self) -> Floats:
        return np.asarray(self.entered_of[:, EARNED].sum(axis=0))

    @cached_property
    def granted(self) -> Floats:
        return np.asarray(self.entered_of[:, GRANTED].sum(axis=0))

    @property
    def before_first(self) -> float:
        """Points of the opening balance, as far as they were used."""
        return float(self.used[:, 0].sum())

    @property
    def lots(self) -> Floats:
        """(T+1,) points of each earn month, the opening balance first, before any left."""
        return np.append(self.before_first, self.earned + self.granted)

    @property
    def out(self) -> Floats:
        """(T+1,) points of each earn month that are still out."""
        return np.asarray(np.maximum(self.lots - self.used.sum(axis=(0, 2)), 0))

    def by_month(self) -> pd.DataFrame:
        """The corkscrew in points."""
        redeemed, expired, removed = self.used.sum(axis=1)
        return corkscrew(self.first, self.before_first, self.earned, redeemed, expired, self.granted - removed)


def corkscrew(
    first: int, opening: float, issued: Floats, redeemed: Floats, expired: Floats, adjusted: Floats
) -> pd.DataFrame:
    """month, opening + issued - redeemed - expired + adjusted = closing, from month ``first`` on."""
    closing = opening + np.cumsum(issued - redeemed - expired + adjusted)
    columns = {
        "month": first + np.arange(closing.size),
        "opening": np.append(opening, closing[:-1]),
        "issued": issued,
        "redeemed": redeemed,
        "expired": expired,
        "adjusted": adjusted,
        "closing": closing,
    }
    return pd.DataFrame(columns)


def fifo(points: pd.DataFrame, last: int) -> Ledger:
    """Allocate what left to what was earned, the oldest first, customer by customer, up to month ``last``.

    ``points``: customer (int), day, event in earned, redeemed, expired, adjusted, points (positive; adjusted
    signed). Where more left than had come, the least opening balance that explains it is put in front. Raises
    ``NotIdentified`` with "points_no_full_month" or "points_none_earned".
    """
    key, size, first, span = _by_customer_and_month(points, last)
    kind, month, customer = key % 5, key // 5 % span, key // (5 * span)
    comes = kind <= GRANTED
    starts = np.flatnonzero(np.diff(customer, prepend=-1))
    signed = np.where(comes, size, -size)
    level = np.cumsum(signed)
    before = np.repeat(level[starts] - signed[starts], np.diff(np.append(starts, key.size)))
    opening = np.maximum(-np.minimum.reduceat(level - before, starts), 0)

    place = np.searchsorted(customer[comes], customer[starts])
    lot_size = np.insert(size[comes], place, opening)
    lot_month = np.insert(month[comes] + 1, place, 0)
    lot_customer = np.insert(customer[comes], place, customer[starts])
    used = np.zeros((GROUPS, 3, span + 1, span))
    if not comes.all():
        lot, use, length = _overlaps(lot_size, lot_customer, size[~comes], customer[~comes])
        what = customer[~comes][use] % GROUPS * 3 + PLACE[kind[~comes][use] - EXPIRED]
        where = (what * (span + 1) + lot_month[lot]) * span + month[~comes][use]
        used = np.bincount(where, length, used.size).astype(float).reshape(used.shape)
    where = (customer[comes] % GROUPS * 2 + kind[comes]) * span + month[comes]
    entered = np.bincount(where, size[comes], GROUPS * 2 * span).astype(float).reshape(GROUPS, 2, span)
    return Ledger(first=first, entered_of=entered, used_of=used)


def _overlaps(
    lot_size: Floats, lot_customer: Codes, use_size: Floats, use_customer: Codes
) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Which lot each use takes points from, and how many; both sorted by customer, every customer has a lot.

    A customer's lots lie on a line in the order they came, what left lies on the same line in the order it
    left, and the overlaps are the allocation: two sorted runs to merge, no loop over customers.
    """
    lot_end, use_end = np.cumsum(lot_size), np.cumsum(use_size)
    users, first_use = np.unique(use_customer, return_index=True)
    origin = np.append(0.0, lot_end)[np.searchsorted(lot_customer, users)]  # where each user's line starts
    shift = origin - np.append(0.0, use_end)[first_use]
    use_end += np.repeat(shift, np.diff(np.append(first_use, use_end.size)))

    bounds = np.sort(np.append(lot_end, use_end), kind="stable")
    length = np.diff(bounds, prepend=0.0)
    middle = bounds - length / 2
    lot = np.minimum(np.searchsorted(lot_end, middle), lot_end.size - 1)
    use = np.searchsorted(use_end, middle)
    beyond, use = use == use_end.size, np.minimum(use, use_end.size - 1)
    real = (lot_customer[lot] == use_customer[use]) & (length > 0) & ~beyond
    return lot[real], use[real], length[real]


def _by_customer_and_month(points: pd.DataFrame, last: int) -> tuple[Codes, Floats, int, int]:
    """Sorted keys (customer, month, kind) with the points of each; the first month; how many months."""
    month = months_of(points["day"])
    keep = month <= last
    if not keep.any():
        raise NotIdentified("points_no_full_month")
    kinds = pd.Index(["earned", "adjusted", "expired", "redeemed"])
    events = points["event"].astype("category")
    kind = kinds.get_indexer(pd.Index(events.cat.categories))[events.cat.codes.to_numpy()][keep]
    amount, month = points["points"].to_numpy(dtype=float)[keep], month[keep]
    customer = points["customer"].to_numpy(dtype=np.int64)[keep]
    # What is booked with the other sign is a correction: it counts as an adjustment, not as a negative event.
    leaves = kind >= EXPIRED
    signed = np.where(leaves, -amount, amount)
    corrects = (kind == GRANTED) | np.where(leaves, signed > 0, signed < 0)
    kind = np.where(corrects, np.where(signed >= 0, GRANTED, REMOVED), kind)
    if not (kind == EARNED).any():
        raise NotIdentified("points_none_earned")
    first = int(month.min())
    span = last - first + 1
    key = (customer * span + (month - first)) * 5 + kind
    order = np.argsort(key, kind="stable")
    key = key[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    return key[starts], np.add.reduceat(np.abs(amount)[order], starts), first, span
