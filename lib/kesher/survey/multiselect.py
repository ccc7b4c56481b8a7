"""Is one multi-select question linked to another, or to a segment? Tests that allow several ticks per person.

A plain chi-square on a table of ticks counts people several times. The test of simultaneous pairwise marginal
independence (two multi-selects) and of multiple marginal independence (a group by a multi-select) adds up the
two-by-two and two-by-groups chi-squares and corrects the sum for their correlation (Bilder and Loughin 2004;
Koziol and Bilder, R Journal 6/1, 2014, whose hidden rule is kept: a cell with nobody in it counts one half).
With weights the tables hold weighted proportions times Kish's effective base, and the correction uses the
linearised covariance of unclustered weighted data: strata and clusters are not allowed for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtrc

from kesher.faults import NotIdentified
from kesher.stats import effective_base

Floats = NDArray[np.float64]
EMPTY_CELL = 0.5


@dataclass(frozen=True)
class Association:
    """How far two questions are from independent.

    ``cells``: row, column, chi_square, degrees_of_freedom, p, p_bonferroni, ratio (share ticking the column's
    option where the row's holds, divided by the share of all; NaN without ticks). ``statistic`` is the sum of
    the chi-squares; ``adjusted`` and ``adjusted_degrees_of_freedom`` the second-order Rao-Scott version with
    its ``p_rao_scott``; ``p_bonferroni`` the smallest cell's. ``dropped``: options that all or nobody ticked.
    """

    kind: str
    cells: pd.DataFrame
    statistic: float
    adjusted: float
    adjusted_degrees_of_freedom: float
    p_rao_scott: float
    p_bonferroni: float
    base: int
    effective_base: float
    dropped: tuple[str, ...]


def multi_by_multi(first: pd.DataFrame, second: pd.DataFrame, weights: Floats) -> Association:
    """SPMI: every option of ``first`` against every option of ``second``, (n, r) and (n, c) bool on one base.

    Raises ``NotIdentified`` when a question has no option that some but not all ticked.
    """
    x, rows, dropped_x = _varying(first, weights)
    y, columns, dropped_y = _varying(second, weights)
    w = weights / weights.sum()
    n = effective_base(weights)
    both, row, column = (x.T * w) @ y, w @ x, w @ y
    table = np.stack([both, row[:, None] - both, column - both, 1 - row[:, None] - column + both])
    seen = np.stack([x.T @ y, x.T @ (1 - y), (1 - x).T @ y, (1 - x).T @ (1 - y)])
    a, b, c, d = np.where(seen == 0, EMPTY_CELL, n * table)
    chi_square = (a + b + c + d) * (a * d - b * c) ** 2 / ((a + b) * (c + d) * (a + c) * (b + d))
    spread = np.outer(row * (1 - row), column * (1 - column)).ravel()
    scores = ((x - row)[:, :, None] * (y - column)[:, None, :]).reshape(len(x), -1)
    scores = (scores - w @ scores) * (w * np.sqrt(n))[:, None]
    covariance = scores.T @ scores / np.sqrt(np.outer(spread, spread))
    cells = _cells(rows, columns, chi_square, 1, both / np.outer(row, column))
    return _association("multi_by_multi", cells, chi_square.size, covariance, len(x), n, dropped_x + dropped_y)


def group_by_multi(groups: pd.Series[str], ticks: pd.DataFrame, weights: Floats) -> Association:
    """MMI: a single-choice question (n,) without missing values against every option of ``ticks`` (n, c)
    bool.

    Raises ``NotIdentified`` with fewer than two groups or no option that some but not all ticked.
    """
    codes, levels = pd.factorize(groups, sort=True)
    if len(levels) < 2:
        raise NotIdentified("one_group")
    y, columns, dropped = _varying(ticks, weights)
    w = weights / weights.sum()
    n = effective_base(weights)
    member = np.eye(len(levels))[codes]
    size, overall = w @ member, w @ y
    within = (member.T * w) @ y / size[:, None]
    seen = np.stack([member.T @ y, member.T @ (1 - y)])
    table = n * size[:, None] * np.stack([within, 1 - within])
    table = np.where(seen == 0, EMPTY_CELL, table)
    expected = table.sum(axis=0) * table.sum(axis=1)[:, None, :] / table.sum(axis=(0, 1))
    chi_square = ((table - expected) ** 2 / expected).sum(axis=(0, 1))
    # Scores of the differences between a group's share and the overall one, the groups' weighted mean.
    scores = (member / size)[:, :, None] * (y - within[codes])[:, None, :]
    scores = scores - (scores * size[:, None]).sum(axis=1, keepdims=True)
    scores = scores.reshape(len(y), -1) * (w * np.sqrt(n))[:, None]
    spread = (overall * (1 - overall) / size[:, None]).ravel()
    covariance = scores.T @ scores / np.sqrt(np.outer(spread, spread))
    freedom = len(levels) - 1
    cells = _cells([str(groups.name)], columns, chi_square[None, :], freedom, np.full((1, len(columns)), np.nan))
    return _association("group_by_multi", cells, freedom * len(columns), covariance, len(y), n, dropped)


def _varying(ticks: pd.DataFrame, weights: Floats) -> tuple[Floats, list[str], tuple[str, ...]]:
    """The options some but not all ticked, as 0/1, and the names of the others."""
    if not len(ticks) or not (weights > 0).all():
        raise NotIdentified("no_respondents")
    mean = ticks.to_numpy(dtype=float).mean(axis=0)
    varies = (mean > 0) & (mean < 1)
    if not varies.any():
        raise NotIdentified("no_variation")
    kept = ticks.loc[:, varies]
    return kept.to_numpy(dtype=float), list(kept.columns), tuple(ticks.columns[~varies])


def _cells(rows: list[str], columns: list[str], chi_square: Floats, freedom: int, ratio: Floats) -> pd.DataFrame:
    p = chdtrc(freedom, chi_square)
    row, column = np.meshgrid(rows, columns, indexing="ij")
    return pd.DataFrame(
        {
            "row": row.ravel(),
            "column": column.ravel(),
            "chi_square": chi_square.ravel(),
            "degrees_of_freedom": freedom,
            "p": p.ravel(),
            "p_bonferroni": np.minimum(p * p.size, 1).ravel(),
            "ratio": ratio.ravel(),
        }
    )


def _association(
    kind: str, cells: pd.DataFrame, trace: int, covariance: Floats, base: int, n: float, dropped: tuple[str, ...]
) -> Association:
    """Rao and Scott's second correction: the sum is about ``scale`` times a chi-square of matching mean and
    variance.

    ``trace`` is the sum of the eigenvalues under independence, as published, not the sample's.
    """
    squares = float((covariance**2).sum())
    if squares < 1e-12:
        raise NotIdentified("no_variation")
    statistic = float(cells["chi_square"].sum())
    adjusted, freedom = statistic * trace / squares, trace**2 / squares
    return Association(
        kind=kind,
        cells=cells,
        statistic=statistic,
        adjusted=adjusted,
        adjusted_degrees_of_freedom=freedom,
        p_rao_scott=float(chdtrc(freedom, adjusted)),
        p_bonferroni=float(cells["p_bonferroni"].min()),
        base=base,
        effective_base=n,
        dropped=dropped,
    )
