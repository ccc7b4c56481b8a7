"""Which inputs matter: the tornado, the values at which the answer flips, what knowing one better is worth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.loyalty.account.inputs import Drawn, Input

Floats = NDArray[np.float64]
Answer = Callable[[dict[str, Floats]], Floats]  # net present values (n,) at inputs' values (n,)
GRID = 65
DEGREE = 4  # of the polynomial in an input's normal score


@dataclass(frozen=True)
class Choice:
    """Going on or stopping, by the effect: believed normal with ``sd``, each unit of it is worth ``slope`` in the
    months ahead, which are worth nothing at ``threshold``; both are means over the scenarios of all else.
    """

    sd: float
    slope: float
    threshold: float


def tornado(inputs: Sequence[Input], answer: Answer) -> pd.DataFrame:
    """Net present value with each input at its low and at its high, the others central; widest first.

    Columns: name, central, low, high, npv_low, npv_high, swing.
    """
    uncertain = [i for i in inputs if not i.certain]
    npv = answer(_one_by_one(inputs, uncertain, np.array([(i.low, i.high) for i in uncertain]).reshape(-1, 2)))
    low, high = npv[::2], npv[1::2]
    table = pd.DataFrame(
        [(i.name, i.central, i.low, i.high) for i in uncertain], columns=["name", "central", "low", "high"]
    )
    table = table.assign(npv_low=low, npv_high=high, swing=np.abs(high - low))
    return table.sort_values(["swing", "name"], ascending=[False, True], ignore_index=True)


def flips(inputs: Sequence[Input], answer: Answer, searched: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """Where the net present value is zero along each input, the others central: the crossing next to centre.

    ``searched``: the range of values an input could have at all. Columns: name, central, flip (NaN: none
    there), pays ("above" or "below" the flip), searched_low, searched_high. A grid is refined twice round its
    crossing and ended by a straight line, which is exact where the value is linear in the input.
    """
    asked = [i for i in inputs if i.name in searched and searched[i.name][0] < searched[i.name][1]]
    table = pd.DataFrame(
        [(i.name, i.central, *searched[i.name]) for i in asked],
        columns=["name", "central", "searched_low", "searched_high"],
    )
    central, low, high = (table[name].to_numpy(dtype=float) for name in ("central", "searched_low", "searched_high"))
    rows, found = np.arange(len(asked)), np.ones(len(asked), bool)
    at, above = central, found
    for _ in range(3 if asked else 0):
        grid = np.linspace(low, high, GRID, axis=1)
        npv = answer(_one_by_one(inputs, asked, grid)).reshape(grid.shape)
        crosses = (npv[:, :-1] > 0) != (npv[:, 1:] > 0)
        found = found & crosses.any(axis=1)
        distance = np.where(crosses, np.abs((grid[:, :-1] + grid[:, 1:]) / 2 - central[:, None]), np.inf)
        k = np.argmin(distance, axis=1)
        a, b, ya, yb = grid[rows, k], grid[rows, k + 1], npv[rows, k], npv[rows, k + 1]
        above = yb > ya
        at = np.divide(a * yb - b * ya, yb - ya, out=a.copy(), where=yb != ya)
        low, high = np.where(found, a, low), np.where(found, b, high)
    return table.assign(flip=np.where(found, at, np.nan), pays=np.where(found, np.where(above, "above", "below"), ""))


def _one_by_one(inputs: Sequence[Input], moved: Sequence[Input], values: Floats) -> dict[str, Floats]:
    """All inputs central, but each of those ``moved`` in turn at its row of ``values`` (moved, k)."""
    table = {i.name: np.full(values.shape, float(i.central)) for i in inputs}
    for place, i in enumerate(moved):
        table[i.name][place] = values[place]
    return {name: column.ravel() for name, column in table.items()}


def perfect(inputs: Sequence[Input], drawn: Drawn, npv: Floats) -> pd.DataFrame:
    """Most that knowing each input exactly is worth for the choice between going on and stopping, money.

    Going on is worth ``npv`` (draws,), stopping nothing. The mean of the scenarios given the input comes from
    a regression on Hermite polynomials of its normal score (the regression way of Strong, Oakley and Brennan
    2014), at most the worth of knowing everything. Columns: name, evppi; largest first.
    """
    ceiling = everything(npv)
    rows = [(i.name, min(everything(_expected(npv, drawn.scores[i.name])), ceiling)) for i in inputs if not i.certain]
    table = pd.DataFrame(rows, columns=["name", "evppi"])
    return table.sort_values(["evppi", "name"], ascending=[False, True], ignore_index=True)


def everything(npv: Floats) -> float:
    """Worth of knowing which scenario is the true one, before deciding."""
    return float(max(np.maximum(npv, 0).mean() - max(npv.mean(), 0.0), 0.0))


def _expected(npv: Floats, scores: Floats) -> Floats:
    """Net present value to be expected (draws,) at the scores of one input."""
    from numpy.polynomial.hermite_e import hermevander

    x = hermevander(scores, DEGREE)
    return np.asarray(x @ np.linalg.solve(x.T @ x, x.T @ npv))
