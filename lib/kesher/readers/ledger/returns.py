"""Matching returns and cancellations to the sales they undo."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_SCALE = 10_000  # amounts are compared as whole ten-thousandths


def match_returns(lines: pd.DataFrame, *, return_days: int) -> pd.DataFrame:
    """What is left of each line once returns have met their sales.

    ``lines``: id, customer (int), moment, amount (below zero: a return), optionally product and order_id. A
    return looks for a sale of its customer, at most ``return_days`` older, the latest first: one of the same
    order and amount, then one of the same amount (and product), which both vanish; then, within the same order
    or product, sales of any amount, which it lowers until it is used up.
    Returns id and remains, the amounts of the lines that changed: 0 for those that vanish.
    """
    amount = lines["amount"].to_numpy(dtype=np.float64)
    moment = lines["moment"].to_numpy().astype("datetime64[s]").astype(np.int64)
    units = np.rint(amount * _SCALE).astype(np.int64)
    ids = lines["id"].to_numpy(dtype=np.int64)
    order = np.lexsort((ids, units < 0, moment))  # a sale stands before a return of the same moment
    left, days = units.copy(), moment // 86400
    keys = pd.DataFrame({"customer": lines["customer"], "size": np.abs(units)})
    for name in lines.columns.intersection(["product", "order_id"]):
        keys[name] = pd.factorize(lines[name])[0]  # -1 where blank
    product = ["product"] if "product" in keys else []
    alike = [(["order_id", *product], ["order_id"])] if "order_id" in keys else []
    alike.append((product, product))
    for exact in (True, False):
        for same, known in alike:
            if exact or known:
                columns = ["customer", *same, *(["size"] if exact else [])]
                group = np.asarray(keys.groupby(columns, sort=False).ngroup(), dtype=np.int64)
                usable = (keys[known] >= 0).all(axis=1).to_numpy()
                _consume(group, left, order[usable[order]], days, return_days, exact)
    changed = left != units
    # what a line keeps is its own float less what was taken, so that an untouched cent stays as it was
    kept = np.where(left == 0, 0.0, amount - (units - left) / _SCALE)
    return pd.DataFrame({"id": ids[changed], "remains": kept[changed]})


def _consume(group: Ints, left: Ints, order: Ints, days: Ints, return_days: int, exact: bool) -> None:
    """Let returns take from the sales of their group, the latest first; changes ``left``."""
    with_return = np.zeros(int(group.max()) + 1, np.bool_)
    with_return[group[order[left[order] < 0]]] = True
    order = order[with_return[group[order]] & (left[order] != 0)]
    open_sales: defaultdict[int, list[int]] = defaultdict(list)
    for at in order.tolist():
        stack = open_sales[int(group[at])]
        if left[at] > 0:
            stack.append(at)
            continue
        while stack and left[at] < 0:
            sale = stack[-1]
            if days[at] - days[sale] > return_days:
                break  # those below are older still
            if exact and left[sale] != -left[at]:
                stack.pop()
                continue
            taken = min(int(left[sale]), -int(left[at]))
            left[sale] -= taken
            left[at] += taken
            if left[sale] == 0:
                stack.pop()
