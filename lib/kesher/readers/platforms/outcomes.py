"""One row per network out of all that its exports tell."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from kesher.readers.platforms.figures import Told
from kesher.readers.platforms.merging import ADDITIVE, ORDER, SOURCES, source_of

METRICS = ("impressions", "reach", "interactions", "clicks", "followers", "spend", "leads")
DAILY = ["network", "day", "metric", "value"]
OWN_DAYS = {metric: f"{metric}_days" for metric in ADDITIVE if metric in METRICS}
OUTCOMES = ["network", "files", "first_day", "last_day", "days", "posts", "last_post", *METRICS, *OWN_DAYS.values()]


def outcomes_of(
    tables: Sequence[Told], posts: pd.DataFrame, daily: pd.DataFrame, periods: dict[str, pd.DataFrame]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The networks' outcomes, and what adds up over days; which source's figures count is chosen once for both.

    ``daily`` holds the networks' own figures by day, ``periods`` those of advertisements and of the web site.
    """
    names = sorted({name for told in tables for name in told.frame["network"].unique()})
    rows, days = [], []
    for name in names:
        own = {"posts": posts, "page": daily, **periods}
        one = _Network(name, tables, {source: frame[frame["network"] == name] for source, frame in own.items()})
        row = one.row()
        rows += [row] if one.used else []
        days += one.days
    outcomes = pd.DataFrame(rows, columns=OUTCOMES)
    for column in ("first_day", "last_day", "last_post"):
        outcomes[column] = outcomes[column].astype("datetime64[s]")
    for column in ("days", "posts", *METRICS, *OWN_DAYS.values()):
        outcomes[column] = outcomes[column].astype(np.float64)
    by_day = pd.concat(days, ignore_index=True)[DAILY] if days else pd.DataFrame(columns=DAILY)
    by_day = by_day.astype({"day": "datetime64[s]", "value": np.float64})
    return outcomes, by_day.replace({"metric": {"published": "posts"}}).sort_values(DAILY[:3], ignore_index=True)


class _Network:
    """One network's frames by source, and what is chosen of them; ``days`` collects the chosen daily figures."""

    def __init__(self, name: str, tables: Sequence[Told], frames: dict[str, pd.DataFrame]) -> None:
        self.name, self.frames = name, frames
        self.tables = [told for told in tables if (told.frame["network"] == name).any()]
        self.days: list[pd.DataFrame] = []
        self.used: list[Told] = []

    def row(self) -> dict[str, object]:
        found: dict[str, float] = {}
        for metric in ADDITIVE:
            found |= self._chosen(metric)
        posts = self.frames["posts"]
        count, last = found.pop("published", np.nan), posts["day"].max() if len(posts) else pd.NaT
        if len(posts):
            count = float(len(posts))
            self._use("posts")
        elif len(shown := self._daily("published")):
            last = shown.loc[shown["value"] > 0, "day"].max()
        levels = [told.frame.loc[told.frame["network"].eq(self.name), ["day", "followers"]] for told in self.tables]
        level = pd.concat(levels).dropna().sort_values("day", kind="stable")
        if len(level):
            self._use("page", "followers")
        ads = self.frames["ads"]["reach"]
        spans = [told.frame.loc[told.frame["network"] == self.name, ["day", "end"]] for told in self.used]
        days = pd.concat([self.frames["ads"].loc[:, ["day", "end"]][:0], *spans]).dropna()
        return {
            "network": self.name, "files": len({id(told.findings) for told in self.used}),
            "first_day": days["day"].min(), "last_day": days["end"].max(), "days": _length(days), "posts": count,
            "last_post": last, "reach": float(ads.iloc[0]) if len(ads) == 1 else np.nan,
            "followers": float(level["followers"].iloc[-1]) if len(level) else np.nan, **found,
        }  # fmt: skip

    def _daily(self, metric: str) -> pd.DataFrame:
        frame = self.frames["page"]
        return frame[frame["metric"] == metric]

    def _chosen(self, metric: str) -> dict[str, float]:
        """A metric's sum, and its days, from the first source that tells it; the others are noted as not added."""
        found: dict[str, float] = {}
        for source in ORDER.get(metric, SOURCES):
            frame = self.frames[source]
            told = self._daily(metric) if source == "page" else frame[["day", "end"]].assign(value=frame[metric])
            told = told[told["value"].notna()]
            if told.empty:
                continue
            if found:
                self._set_aside(source, metric)
                continue
            found[metric] = float(told["value"].sum())
            if metric in OWN_DAYS:
                found[OWN_DAYS[metric]] = _length(told)
            self._use(source, metric)
            if source == "page" or (source != "posts" and (told["day"] == told["end"]).all()):
                summed = told.groupby("day", as_index=False)["value"].sum()
                self.days.append(pd.DataFrame(summed).assign(network=self.name, metric=metric))
        return found

    def _telling(self, source: str, metric: str | None = None) -> list[Told]:
        """The tables of a source that tell a metric of this network."""
        tables = [told for told in self.tables if source_of(told) == source]
        own = [told.frame[told.frame["network"] == self.name] for told in tables]
        return [told for told, frame in zip(tables, own, strict=True) if metric is None or frame[metric].notna().any()]

    def _use(self, source: str, metric: str | None = None) -> None:
        self.used += [told for told in self._telling(source, metric) if told not in self.used]

    def _set_aside(self, source: str, metric: str) -> None:
        for told in self._telling(source, metric):
            said = f"a better export of {self.name} tells its {metric}; the two were not added."
            told.findings.note("not_added", 1, said, metric)


def _length(frame: pd.DataFrame) -> float:
    """Days from the first to the last of a frame, both counted; NaN where it has none."""
    first, last = frame["day"].min(), frame["end"].max()
    return np.nan if pd.isna(first) else float((last - first).days + 1)
