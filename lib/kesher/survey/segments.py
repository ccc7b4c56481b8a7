"""Each segment against everybody else who told theirs, never against a total that holds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.disclosure import withheld
from kesher.faults import NotIdentified
from kesher.readers.tidy import Base, Mask, MultiSelect
from kesher.stats import (
    Design,
    Shares,
    benjamini_hochberg,
    difference_interval,
    difference_p_value,
    estimate_shares,
    estimate_total,
    share_interval,
)
from kesher.survey.gap import distinct
from kesher.survey.multiselect import Association, group_by_multi
from kesher.survey.shares import is_substantive

Floats = NDArray[np.float64]
PREFIX = "segment."
EMPTY = {"share": np.nan, "low": np.nan, "high": np.nan, "complement_share": np.nan, "difference_pp": np.nan,
         "low_pp": np.nan, "high_pp": np.nan, "p": np.nan, "base": -1, "effective_base": np.nan,
         "complement_base": -1, "status": "withheld"}  # fmt: skip


@dataclass(frozen=True)
class Segments:
    """Shares by segment, and the segments that answer differently.

    ``table``, one row per segment, level and option: segment, level, option, share, low, high,
    complement_share (0-1), difference_pp (level minus complement), low_pp, high_pp, p, p_adjusted, distinct,
    base, effective_base, complement_base, status. ``status`` is ok, grey (the level's or its complement's
    base below ``grey_below``) or withheld (too small, or it would give a small one away): then every figure
    is NaN, both bases -1 and distinct False. Benjamini-Hochberg runs over all comparisons shown. ``tests``:
    by segment, whether the reasons differ between its shown levels at all (MMI); a segment with fewer than
    two of them has none. ``unknown``: by segment, people of the base who did not tell it; they are in neither
    side.
    """

    table: pd.DataFrame
    tests: dict[str, Association]
    unknown: dict[str, int]
    comparisons: int
    confidence: float


def study(
    people: pd.DataFrame,
    question: MultiSelect,
    base: Base,
    design: Design,
    *,
    confidence: float = 0.95,
    grey_below: int = 30,
    withhold_below: int = 10,
) -> Segments:
    """Compare every level of every "segment.<question>" column with its complement, option by option.

    Intervals are Newcombe's on effective bases, scaled for the correlation that clusters, strata and raking
    put between a level and its complement. Raises ``NotIdentified``: "no_segments", "no_<question>" (empty
    base).
    """
    columns = [column for column in people.columns if column.startswith(PREFIX)]
    if not columns:
        raise NotIdentified("no_segments")
    mask = question.base(base)
    if not mask.any():
        raise NotIdentified(f"no_{question.question}")
    ticks = question.ticks.loc[:, is_substantive(question)]
    rows: list[pd.DataFrame] = []
    tests: dict[str, Association] = {}
    unknown: dict[str, int] = {}
    for column in columns:
        name = column.removeprefix(PREFIX)
        level = people[column]
        known = mask & level.notna().to_numpy()
        unknown[name] = int((mask & ~known).sum())
        sizes = level[known].value_counts().sort_index()
        hidden = withheld([int(size) for size in sizes], withhold_below)
        shown = known & level.isin(sizes.index[~hidden]).to_numpy()
        for value, hide in zip(sizes.index, hidden, strict=True):
            inside = known & (level == value).to_numpy()
            rest = known & ~inside
            figures = (
                pd.DataFrame({"option": ticks.columns, **EMPTY})
                if hide or not rest.any()
                else _against_rest(ticks, inside, rest, design, confidence, grey_below)
            )
            rows.append(figures.assign(segment=name, level=value))
        try:
            tests[name] = group_by_multi(level[shown].rename(name), ticks[shown], design.weights[shown])
        except NotIdentified:
            continue
    if not rows:
        raise NotIdentified("no_segments")
    table = pd.concat(rows, ignore_index=True)
    tested = table["status"] != "withheld"
    p, low, high = (table.loc[tested, name].to_numpy(dtype=float) for name in ("p", "low_pp", "high_pp"))
    table["p_adjusted"] = np.nan
    table["distinct"] = False
    table.loc[tested, "p_adjusted"] = benjamini_hochberg(p)
    table.loc[tested, "distinct"] = distinct(low, high, p, confidence)
    order = ["segment", "level", "option"]
    table = table[order + [name for name in table.columns if name not in order]]
    return Segments(table, tests, unknown, int(tested.sum()), confidence)


def _against_rest(
    ticks: pd.DataFrame, inside: Mask, rest: Mask, design: Design, confidence: float, grey_below: int
) -> pd.DataFrame:
    y = ticks.to_numpy(dtype=bool)
    here, there = estimate_shares(y, inside, design), estimate_shares(y, rest, design)
    gain = _gain(y, inside, rest, here, there, design)
    bases = (here.share, here.effective_base * gain, there.share, there.effective_base * gain)
    freedom = (here.degrees_of_freedom, there.degrees_of_freedom)
    low, high = share_interval(here.share, here.effective_base, confidence, here.degrees_of_freedom)
    low_difference, high_difference = difference_interval(*bases, confidence, freedom)
    return pd.DataFrame(
        {
            "option": ticks.columns,
            "share": here.share,
            "low": low,
            "high": high,
            "complement_share": there.share,
            "difference_pp": 100 * (here.share - there.share),
            "low_pp": 100 * low_difference,
            "high_pp": 100 * high_difference,
            "p": difference_p_value(*bases, freedom),
            "base": here.base,
            "effective_base": here.effective_base,
            "complement_base": there.base,
            "status": "grey" if min(here.base, there.base) < grey_below else "ok",
        }
    )


def _gain(y: NDArray[np.bool_], inside: Mask, rest: Mask, here: Shares, there: Shares, design: Design) -> Floats:
    """(k,) the difference's variance were the two sides independent, over the one it has in this design."""
    k = y.shape[1]
    if design.strata is None and design.clusters is None and not design.calibration:
        return np.ones(k)
    weight = design.weights
    apart = np.diag(here.covariance) + np.diag(there.covariance)
    everyone = np.ones(len(y), dtype=bool)
    score = inside[:, None] * (y - here.share) / weight[inside].sum()
    score -= rest[:, None] * (y - there.share) / weight[rest].sum()
    together = np.array([estimate_total(score[:, j], everyone, design).standard_error ** 2 for j in range(k)])
    gain = np.divide(apart, together, out=np.ones(k), where=together > 1e-14)
    return np.asarray(gain)
