"""Several exports of one network made one: no post twice, no day twice, no figure added to another source's."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from kesher.readers.platforms.figures import MEASURES, Told

ADDITIVE = ("impressions", "interactions", "clicks", "spend", "leads", "published")
# whose figure counts where several tell one: the network's own by day, its posts, its advertisements, the web site's
ORDER = {"leads": ("web", "ads"), "spend": ("ads",)}
SOURCES = ("page", "posts", "ads", "web")


def source_of(told: Told) -> str:
    """Which of SOURCES a table is, "" for one that tells nothing."""
    if told.shape.grain == "periods":
        return "ads" if told.shape.network else "web"
    return {"posts": "posts", "days": "page"}.get(told.shape.grain, "")


def posts_of(tables: Iterable[Told]) -> pd.DataFrame:
    """One row per post of every network, columns as ``Told.frame``; repeats are noted where they stand."""
    kept: list[tuple[Told, pd.DataFrame]] = []
    for told in _in_time(tables):
        frame = told.frame
        again = (frame["id"].ne(0) & frame.duplicated(["network", "id"])).to_numpy()
        told.findings.note("duplicate_posts", int(again.sum()), "rows repeat a post of the table; the first was kept.")
        kept.append((told, frame[~again]))
    return _latest(kept, ["network", "id"], "posts stand in an earlier export too; the later export's were kept.")


def days_of_networks(tables: Iterable[Told]) -> pd.DataFrame:
    """The figures that add up over days: network, day, metric, value; a day told twice counts once."""
    kept: list[tuple[Told, pd.DataFrame]] = []
    for told in _in_time(tables):
        long = told.frame.melt(["network", "day"], list(ADDITIVE), "metric", "value").dropna()
        summed = long.groupby(["network", "day", "metric"])["value"].sum().reset_index()
        kept.append((told, summed))
    said = "figures of a day stand in an earlier export too; the later export's were kept."
    found = _latest(kept, ["network", "day", "metric"], said, "repeated_days")
    return found.assign(end=found["day"])


def periods_of(tables: Iterable[Told]) -> pd.DataFrame:
    """Rows of periods, those of an earlier export left out where a later one tells the same days of the same thing."""
    every = _in_time(tables)
    if not every:
        return _none()
    rows = pd.concat([told.frame for told in every], ignore_index=True)
    of = np.repeat(np.arange(len(every)), [len(told.frame) for told in every])
    day, end = (rows[name].to_numpy() for name in ("day", "end"))
    kept, lost = np.ones(len(rows), np.bool_), np.zeros(len(every), np.int64)
    for at in rows.groupby(["network", "id"], sort=False).indices.values():
        starts = np.flatnonzero(np.diff(of[at], prepend=-1))
        first, last = np.fmin.reduceat(day[at], starts), np.fmax.reduceat(end[at], starts)
        for number, start in enumerate(starts[1:], 1):
            before = at[:start]
            again = before[kept[before] & (day[before] <= last[number]) & (end[before] >= first[number])]
            kept[again] = False
            lost[of[at[start]]] += len(again)
    for told, count in zip(every, lost.tolist(), strict=True):
        told.findings.note("repeated_periods", count, "rows of an earlier export tell the same days; the later counts.")
    return rows[kept].reset_index(drop=True)


def _in_time(tables: Iterable[Told]) -> list[Told]:
    """The tables with any row, the one that reaches furthest last; then by their files' names."""
    filled = [told for told in tables if len(told.frame)]
    never = pd.Timestamp(0)
    return sorted(filled, key=lambda told: (told.frame["day"].max() if told.frame["day"].notna().any() else never,
                                            told.findings.file))  # fmt: skip


def _latest(
    tables: list[tuple[Told, pd.DataFrame]], key: list[str], said: str, code: str = "repeated_posts"
) -> pd.DataFrame:
    """All rows, one of each key: of two exports' figures the later one's, the earlier one's only where it has none.

    Lifetime figures only grow: of two exports the later is the one in which what both tell of the shared rows sums up
    to more, where it sums up alike the one that reaches further. Of two sheets of one file the first goes before.
    """
    numbers = ["value"] if "metric" in key else [*MEASURES]
    kept = pd.DataFrame()
    for told, new in tables:
        new = new.assign(_file=id(told.findings)).reset_index(drop=True)
        if kept.empty:
            kept = new
            continue
        there = kept.reset_index()[[*key, "index", "_file"]]
        there = there[there["id"].ne(0)] if "id" in key else there
        met = new[key].merge(there, "left", key)
        shared = met["index"].notna().to_numpy()
        old_at = met.loc[shared, "index"].to_numpy(dtype=np.int64)
        new_at = np.flatnonzero(shared)
        elsewhere = met.loc[shared, "_file"].to_numpy() != id(told.findings)
        told.findings.note(code, int(elsewhere.sum()), said)
        first = kept.loc[old_at, numbers].to_numpy(dtype=np.float64)
        second = new.loc[new_at, numbers].to_numpy(dtype=np.float64)
        later = np.nansum((second - first)[elsewhere]) >= 0  # of the figures that both tell
        better, other = (np.where(elsewhere[:, None] & later, *pair) for pair in ((second, first), (first, second)))
        new.loc[new_at, numbers] = np.where(np.isnan(better), other, better)
        kept = pd.concat([kept[~kept.index.isin(old_at)], new], ignore_index=True)
    return kept.drop(columns="_file") if len(kept) else _none()


def _none() -> pd.DataFrame:
    texts, days = ("network", "kind", "metric"), ("day", "end")
    nothing = pd.DataFrame(columns=[*texts, *days, *MEASURES, "value"], dtype=np.float64)
    return nothing.astype(dict.fromkeys(texts, "object") | dict.fromkeys(days, "datetime64[s]"))
