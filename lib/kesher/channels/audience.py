"""Where the audience is: the share of it on each network, and how much more of it there than of the population.

Reach and index are two numbers: a network may hold most of the target because it holds most of everybody. The target
is a part f of the population, so its index is 1 / (f + (1-f) rest/target), and the interval that of the ratio of two
separate groups: both sides' Wilson intervals put together on the log scale (Zou and Donner 2008; at 0 as Donner and
Zou 2012), which small counts and shares near 0 or 1 need.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.channels.overlap import OverlapTable, bounds_of_marginals, bracket, maximum_entropy
from kesher.faults import DataRefused, Fault, NotIdentified, Parts
from kesher.readers.findings import nearest
from kesher.readers.tidy import OTHER, Mask, MultiSelect
from kesher.stats import (
    Design,
    Shares,
    difference_p_value,
    effective_base,
    estimate_mean,
    estimate_shares,
    estimate_total,
    kish_design_effect,
    mean_interval,
    share_interval,
)
from kesher.survey.gap import distinct
from kesher.survey.segments import PREFIX

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Audience:
    """Which networks the target uses.

    ``table``, largest reach first: network, reach, low, high, users (rows; -1 where unpublished), population,
    population_low, population_high (shares), index, index_low, index_high (ratios), distinct (the index's
    interval excludes 1 and, of more than five, Benjamini-Hochberg agrees), index_reason ("", or why there is no
    index: "no_users" of the population, "target_is_everyone", "no_population"). ``any_reach``: share on at least one
    network, low, high. ``mean_networks``: how many a person uses. ``overlap``: network, other, share (0-1, of
    the network's users), low, high, base (users). ``effective_base`` and ``design_effect`` are Kish's. Of a
    published table ``base`` is -1 and ``population_base`` 0 where unpublished, and ``any_reach`` holds sure
    bounds, sampling error included, around what maximum entropy gives (NaN from marginals).
    """

    table: pd.DataFrame
    any_reach: tuple[float, float, float]
    mean_networks: float
    overlap: pd.DataFrame
    base: int
    effective_base: float
    design_effect: float
    population_base: int | None
    index_reason: str | None
    confidence: float


def of_respondents(
    question: MultiSelect, target: Mask, population: Mask, design: Design, *, confidence: float = 0.95
) -> Audience:
    """The target's networks and their index, from respondents; exclusive options and "other" are no networks.

    ``target`` (n,) is part of ``population`` (n,), both within one of the question's bases. Raises
    ``NotIdentified``: "no_networks", "no_target" (nobody), "one_respondent".
    """
    names = [option for option in question.reasons if option != OTHER]
    if not names or target.sum() < 2:
        raise NotIdentified("no_networks" if not names else "one_respondent" if target.any() else "no_target")
    if (target & ~population).any():
        raise ValueError("the target must be part of the population")
    y = question.ticks[names].to_numpy(dtype=bool)
    here = estimate_shares(np.column_stack([y, y.any(axis=1)]), target, design)
    low, high = _interval(here, confidence)
    table = pd.DataFrame(
        {"network": names, "reach": here.share[:-1], "low": low[:-1], "high": high[:-1], "users": here.counts[:-1]}
    )
    figures, rest = np.full((7, len(names)), np.nan), population & ~target
    if rest.any():
        everyone = estimate_shares(y, population, design)
        figures[:3] = everyone.share, *_interval(everyone, confidence)
        figures[3:] = _index(y, target, rest, design, confidence)
    table = _with_index(table, figures, "target_is_everyone", confidence)
    return Audience(
        table=table,
        any_reach=(float(here.share[-1]), float(low[-1]), float(high[-1])),
        mean_networks=estimate_mean(y.sum(axis=1).astype(float), target, design).value,
        overlap=_overlap(question.ticks[list(table["network"])], target, design, confidence),
        base=here.base,
        effective_base=effective_base(design.weights[target]),
        design_effect=kish_design_effect(design.weights[target]),
        population_base=int(population.sum()) if rest.any() else None,
        index_reason=None if rest.any() else "target_is_everyone",
        confidence=confidence,
    )


def _interval(shares: Shares, confidence: float) -> tuple[Any, Any]:
    return share_interval(shares.share, shares.effective_base, confidence, shares.degrees_of_freedom)


def _overlap(ticks: pd.DataFrame, target: Mask, design: Design, confidence: float) -> pd.DataFrame:
    y, found = ticks.to_numpy(dtype=bool), []
    for j, network in enumerate(ticks.columns):
        users = estimate_shares(y, target & y[:, j], design)
        low, high = _interval(users, confidence)
        columns = {"network": network, "other": ticks.columns, "share": users.share, "low": low, "high": high}
        found.append(pd.DataFrame({**columns, "base": users.base}).drop(index=j))
    return pd.concat(found, ignore_index=True)


def _index(y: NDArray[np.bool_], target: Mask, rest: Mask, design: Design, confidence: float) -> tuple[Floats, ...]:
    """Index, low, high and p-value (k,) of a target within its population."""
    here, there = estimate_shares(y, target, design), estimate_shares(y, rest, design)
    gain = _gain(y, target, rest, here, there, design)
    a, b = (replace(one, effective_base=one.effective_base * gain) for one in (here, there))
    part = estimate_mean(target.astype(float), target | rest, design)
    f, half = part.value, mean_interval(part, confidence)[1] - part.value
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = _ratio(a.share, _interval(a, confidence), b.share, _interval(b, confidence))
        index, low, high = (1 / (f + (1 - f) / ratio) for ratio in ratios)
        own = np.nan_to_num(half * np.abs(1 - b.share / a.share) * index, posinf=0)  # f too is a sample's
        low = np.where(index > 0, index * np.exp(-np.hypot(np.log(index / low), own)), index)
        high = np.where(index > 0, index * np.exp(np.hypot(np.log(high / index), own)), high)
    freedom = (a.degrees_of_freedom, b.degrees_of_freedom)
    return index, low, high, difference_p_value(a.share, a.effective_base, b.share, b.effective_base, freedom)


def _gain(y: NDArray[np.bool_], target: Mask, rest: Mask, here: Shares, there: Shares, design: Design) -> Floats:
    """(k,) variance of log (target / rest) were the two independent, over the one it has in this design."""
    gain, everyone, weight = np.ones(y.shape[1]), np.ones(len(y), dtype=bool), design.weights
    if design.strata is None and design.clusters is None and not design.calibration:
        return gain
    for j in np.flatnonzero((here.share > 0) & (there.share > 0)):
        score = target * (y[:, j] / here.share[j] - 1) / weight[target].sum()
        score -= rest * (y[:, j] / there.share[j] - 1) / weight[rest].sum()
        together = estimate_total(score, everyone, design).standard_error ** 2
        apart = sum(one.covariance[j, j] / one.share[j] ** 2 for one in (here, there))
        gain[j] = apart / together if together > 1e-14 else 1.0
    return gain


def _ratio(top: Floats, of_top: tuple[Any, Any], bottom: Floats, of_bottom: tuple[Any, Any]) -> tuple[Floats, ...]:
    """The ratio (k,) of two shares, and its bounds from the intervals of both; where one is 0, not on the log scale."""
    (low1, high1), (low2, high2), ratio = of_top, of_bottom, top / bottom
    low = ratio * np.exp(-np.hypot(np.log(top / low1), np.log(high2 / bottom)))
    high = ratio * np.exp(np.hypot(np.log(high1 / top), np.log(bottom / low2)))
    low = np.where(top > 0, np.where(bottom > 0, low, np.sqrt(low1 * (2 * top - low1)) / high2), ratio)
    at_zero = high1 / np.sqrt(low2 * (2 * bottom - low2))
    return ratio, low, np.where(top > 0, np.where(bottom > 0, high, np.inf), at_zero)


def _with_index(table: pd.DataFrame, figures: Floats, reason: str, confidence: float) -> pd.DataFrame:
    """The table, sorted, with (7, k) the population's shares and their bounds, index, low, high and p-value."""
    share, share_low, share_high, index, low, high, p = figures
    told, sure = np.isfinite(index), np.zeros(len(table), dtype=bool)
    sure[told] = distinct(low[told] - 1, high[told] - 1, np.nan_to_num(p[told], nan=1), confidence)
    reasons = np.where(told, "", np.where(share == 0, "no_users", reason))
    table = table.assign(population=share, population_low=share_low, population_high=share_high, index=index,
                         index_low=low, index_high=high, distinct=sure, index_reason=reasons)  # fmt: skip
    return table.sort_values("reach", ascending=False, kind="stable", ignore_index=True)


def target_rows(people: pd.DataFrame, conditions: Sequence[str]) -> Mask:
    """Who meets every condition such as ``age=18_29|30_49``, on the "segment.<question>" columns of ``people``.

    Who did not tell is not in. Raises ``DataRefused`` for conditions that are none, that name no such question,
    or an option that no respondent has, with the nearest names.
    """
    rows, faults = np.ones(len(people), dtype=bool), []
    known = [str(column).removeprefix(PREFIX) for column in people.columns if str(column).startswith(PREFIX)]

    def wrong(kind: str, what: str, remedy: str) -> None:
        faults.append(Fault("parameters", kind, what, remedy, column="target"))

    for condition in conditions:
        question, _, told = (part.strip() for part in condition.partition("="))
        options = [option.strip() for option in told.split("|") if option.strip()]
        if not question or not options:
            wrong("bad_condition", f"{condition!r} is not a condition.", "Write one such as age=18_29|30_49.")
        elif question not in known:
            remedy = f"Name a question mapped as a segment in the columns table.{nearest(question, known)}"
            wrong("unknown_question", f"{condition!r} names a question that is no segment.", remedy)
        else:
            held = people[PREFIX + question]
            present = sorted(map(str, held.dropna().unique()))
            for option in [option for option in options if option not in present]:
                remedy = f"Use an option that respondents have.{nearest(option, present)}"
                wrong("unknown_option", f"{condition!r}: no respondent has {option!r}.", remedy)
            rows &= held.isin(options).to_numpy(dtype=bool)
    if faults:
        raise DataRefused(*faults)
    return rows


def audience_of_table(
    table: OverlapTable | tuple[Sequence[str], Floats, float],
    population: tuple[Mapping[str, float], float] | None,
    confidence: float = 0.95,
) -> Audience:
    """The same from a table: (names, reach, people asked), or with pairs; taken as a simple sample.

    ``population``: another sample's share of each network, and its size (infinite for a census). Where a size is
    NaN, so are the intervals. Raises ``NotIdentified``: "no_networks".
    """
    pairs = table if isinstance(table, OverlapTable) else None
    names, reach, asked = (table.names, table.reach, table.base) if isinstance(table, OverlapTable) else table
    p, known = np.asarray(reach, dtype=float), bool(np.isfinite(asked))
    if not p.size:
        raise NotIdentified("no_networks")
    interval = share_interval(p, asked, confidence)
    users = np.rint(p * asked).astype(np.int64) if known else np.full(p.size, -1)
    rows = pd.DataFrame({"network": names, "reach": p, "low": interval[0], "high": interval[1], "users": users})
    shares, others_asked = population or ({}, np.nan)
    others = np.array([shares.get(name, np.nan) for name in names])
    bounds = share_interval(others, others_asked, confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(others > 0, _ratio(p, interval, others, bounds), np.nan)
    figures = np.vstack([others, *bounds, ratios, difference_p_value(p, asked, others, others_asked)])
    some = bool(np.isfinite(others).any())
    return Audience(
        table=_with_index(rows, figures, "no_population", confidence),
        any_reach=_any(pairs, p, asked, confidence),
        mean_networks=float(p.sum()),
        overlap=_overlap_of(pairs, confidence),
        base=int(asked) if known else -1,
        effective_base=float(asked),
        design_effect=np.nan,
        population_base=(int(others_asked) if np.isfinite(others_asked) else 0) if some else None,
        index_reason=None if some else "no_population",
        confidence=confidence,
    )


def _any(table: OverlapTable | None, reach: Floats, asked: float, confidence: float) -> tuple[float, float, float]:
    """The share on any network, between the sure bounds and what sampling adds to them."""
    every, value = range(len(reach)), np.nan
    low, high = bracket(table, every) if table is not None else bounds_of_marginals(reach, every)
    if table is not None and (joint := Parts().get("joint", lambda: maximum_entropy(table))):
        value = min(max(1 - float(joint.usage.shares[joint.usage.masks == 0].sum()), low), high)
    if np.isfinite(asked):
        low, high = (float(share_interval(one, asked, confidence)[at]) for at, one in enumerate((low, high)))
    return value, low, high


def _overlap_of(table: OverlapTable | None, confidence: float) -> pd.DataFrame:
    if table is None:
        return pd.DataFrame(columns=["network", "other", "share", "low", "high", "base"])
    order, names = np.argsort(-table.reach, kind="stable"), np.array(table.names, dtype=object)
    i, j = np.array([(i, j) for i in order for j in order if i != j and table.reach[i] > 0], np.intp).reshape(-1, 2).T
    users, share = table.base * table.reach[i], table.pairs[i, j] / table.reach[i]
    low, high = share_interval(share, users, confidence)
    base = np.nan_to_num(np.rint(users), nan=-1).astype(np.int64)
    return pd.DataFrame(
        {"network": names[i], "other": names[j], "share": share, "low": low, "high": high, "base": base}
    )
