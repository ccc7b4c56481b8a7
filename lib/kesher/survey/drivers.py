"""Which reasons go with loyalty or recommendation: relative weights, an association and never a cause.

Johnson's relative weights split the R² of a regression among correlated items so that the parts add up to it
(Johnson 2000, Multivariate Behavioral Research 35). With X standardised and Λ the symmetric root of its
correlation matrix, item j has Σ_k Λ²_jk β²_k, where β are the coefficients on X's closest orthogonal
relatives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.readers.tidy import Mask
from kesher.stats import Design, bootstrap_weights

Floats = NDArray[np.float64]
ROWS_PER_ITEM = 10


@dataclass(frozen=True)
class Drivers:
    """Relative weights of the items for one numeric outcome.

    ``table``, largest first: item, weight (part of R², 0-1) with low and high, part_of_r2 (adds up to 1),
    correlation (its sign is the direction). ``groups``: group, items (count), weight, low, high;
    ``group_gaps``: group_a, group_b, difference, low, high of the groups' weights. ``dropped`` names items
    that everybody or nobody ticked. ``r_squared`` is the sample's, which the weights add up to;
    ``r_squared_corrected`` and its interval are freed of the optimism of the fit: while the interval holds
    zero, no item can be said to matter. ``small_sample`` warns of fewer than ten rows per item. Intervals are
    bootstrap intervals.
    """

    outcome: str
    table: pd.DataFrame
    r_squared: float
    r_squared_corrected: float
    r_squared_low: float
    r_squared_high: float
    groups: pd.DataFrame
    group_gaps: pd.DataFrame
    dropped: tuple[str, ...]
    small_sample: bool
    base: int
    resamples: int
    confidence: float


def study(
    items: pd.DataFrame,
    outcome: pd.Series[float],
    mask: Mask,
    design: Design,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    confidence: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> Drivers:
    """Relative weights of ``items`` (n, p; 0/1 ticks or scales) for ``outcome`` (n,) on the rows of ``mask``.

    Rows with a missing item or outcome are left out. ``groups`` names sets of items, such as service and
    rewards, whose summed weights are compared; a set of which no item is left is skipped.
    Raises ``NotIdentified``: "no_outcome" (nobody has one), "constant_outcome", "no_variation" (no item
    left), "too_few_rows" (no more rows than items + 1).
    """
    y, x = outcome.to_numpy(dtype=float), items.to_numpy(dtype=float)
    rows = mask & np.isfinite(y) & np.isfinite(x).all(axis=1)
    if not rows.any():
        raise NotIdentified("no_outcome")
    if np.ptp(y[rows]) == 0:
        raise NotIdentified("constant_outcome")
    varies = np.ptp(x[rows], axis=0) > 0
    names = list(items.columns[varies])
    if not names:
        raise NotIdentified("no_variation")
    if rows.sum() <= len(names) + 1:
        raise NotIdentified("too_few_rows")
    data = np.column_stack([x[rows][:, varies], y[rows]])
    rng = np.random.default_rng(seed)
    weights = (w[rows] for w in bootstrap_weights(design, resamples, rng))
    correlation = correlations(data, design.weights[rows][None, :])[0]
    found, r_squared = relative_weights(correlation)
    drawn, drawn_r_squared = relative_weights(np.concatenate([correlations(data, w) for w in _blocks(weights)]))
    low, high = _interval(found, drawn, confidence)
    optimism = float(drawn_r_squared.mean() - r_squared)
    tail = (1 - confidence) / 2
    r_low, r_high = np.maximum(np.quantile(drawn_r_squared, [tail, 1 - tail]) - 2 * optimism, 0)
    table = pd.DataFrame(
        {
            "item": names,
            "weight": found,
            "low": np.maximum(low, 0),
            "high": high,
            "part_of_r2": found / r_squared if r_squared > 0 else 0.0,
            "correlation": correlation[-1, :-1],
        }
    ).sort_values("weight", ascending=False, kind="stable", ignore_index=True)
    by_group, gaps = _groups(names, found, drawn, groups or {}, confidence)
    return Drivers(
        outcome=str(outcome.name),
        table=table,
        r_squared=float(r_squared),
        r_squared_corrected=max(float(r_squared) - optimism, 0.0),
        r_squared_low=float(r_low),
        r_squared_high=float(r_high),
        groups=by_group,
        group_gaps=gaps,
        dropped=tuple(items.columns[~varies]),
        small_sample=bool(rows.sum() < ROWS_PER_ITEM * len(names)),
        base=int(rows.sum()),
        resamples=resamples,
        confidence=confidence,
    )


def correlations(data: Floats, weights: Floats) -> Floats:
    """(b, q, q) weighted correlation matrices of ``data`` (n, q), one per row of ``weights`` (b, n).

    A column without spread under some weights has correlation 0 with every other there.
    """
    q = data.shape[1]
    z = (data - data.mean(axis=0)) / data.std(axis=0)
    total = weights.sum(axis=1)
    total[total == 0] = 1  # a tiny base can miss a resample
    mean = weights @ z / total[:, None]
    first, second = np.triu_indices(q)
    moments = np.empty((len(weights), q, q))
    moments[:, first, second] = weights @ (z[:, first] * z[:, second]) / total[:, None]
    moments[:, second, first] = moments[:, first, second]
    covariance: Floats = moments - mean[:, :, None] * mean[:, None, :]
    spread = np.sqrt(np.maximum(np.einsum("bii->bi", covariance), 0))
    scale = spread[:, :, None] * spread[:, None, :]
    correlation: Floats = np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 1e-9)
    correlation[:, np.arange(q), np.arange(q)] = 1.0
    return correlation


def relative_weights(correlation: Floats) -> tuple[Floats, Floats]:
    """Johnson's raw relative weights (..., p) and R² (...,) from correlations (..., p + 1, p + 1), outcome
    last.

    Directions without spread (items that repeat one another) carry nothing.
    """
    values, vectors = np.linalg.eigh(correlation[..., :-1, :-1])
    root = np.sqrt(np.maximum(values, 0))[..., None, :]
    inverse = np.divide(1.0, root, out=np.zeros_like(root), where=root > 1e-6)
    lam = (vectors * root) @ np.swapaxes(vectors, -1, -2)
    to_orthogonal = (vectors * inverse) @ np.swapaxes(vectors, -1, -2)
    beta = (to_orthogonal @ correlation[..., :-1, -1:])[..., 0]
    weights: Floats = (np.square(lam) @ np.square(beta)[..., None])[..., 0]
    return weights, np.square(beta).sum(axis=-1)


def _blocks(weights: Iterator[Floats]) -> Iterator[Floats]:
    """A hundred resamples at a time, (100, n)."""
    while block := list(islice(weights, 100)):
        yield np.array(block)


def _groups(
    names: list[str], found: Floats, drawn: Floats, groups: Mapping[str, Sequence[str]], confidence: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    member = {name: np.isin(names, list(items)) for name, items in groups.items()}
    member = {name: inside for name, inside in member.items() if inside.any()}

    def measured(combination: Floats) -> tuple[float, float, float]:
        value = np.array([found @ combination])
        low, high = _interval(value, (drawn @ combination)[:, None], confidence)
        return float(value[0]), float(low[0]), float(high[0])

    sums = [(name, int(inside.sum()), *measured(inside.astype(float))) for name, inside in member.items()]
    gaps = [(a, b, *measured(member[a].astype(float) - member[b])) for a, b in combinations(member, 2)]
    by_group = pd.DataFrame(sums, columns=["group", "items", "weight", "low", "high"])
    by_group["low"] = by_group["low"].clip(lower=0)
    return by_group, pd.DataFrame(gaps, columns=["group_a", "group_b", "difference", "low", "high"])


def _interval(found: Floats, drawn: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Percentile interval of (p,) estimates from (b, p) resampled ones, its one end moved by their bias.

    Resampled weights lie above the estimate as the estimate lies above the truth, most so near zero. Moving
    the near end only keeps the level for large weights and for weights of zero
    (tests/bench/planted_survey.py).
    """
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    bias = drawn.mean(axis=0) - found
    return np.minimum(low - np.maximum(bias, 0), found), np.maximum(high - np.minimum(bias, 0), found)
