"""What the networks' exports tell, as tables that hold no post's text, name, link or id."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from kesher.readers.tidy import SourceReport


@dataclass(frozen=True)
class Exports:
    """What all exports together tell of the days since..as_of, NaN or NaT where none does.

    ``outcomes``, one row per network, sorted: network, files (that are used), first_day, last_day (of any figure
    used), days (from the one to the other, both counted), posts, last_post, impressions, reach, interactions, clicks,
    followers (the latest level told), spend (``currency``), leads; and impressions_days, interactions_days,
    clicks_days, spend_days, leads_days: the days that figure is of, since a network's exports seldom cover the same.
    ``daily``: network, day, metric, value, of what adds up over days. ``posts``, one row each: network, day (NaT
    where the export has none), kind, impressions, reach, interactions, clicks. ``files``, one row per table of a file:
    file, network ("" for several or none), shape (a stable code), rows, first_day, last_day, currency ("" for none).

    Interactions are reactions or likes, comments, shares and, where a network tells them, saves: never clicks.
    """

    outcomes: pd.DataFrame
    daily: pd.DataFrame
    posts: pd.DataFrame
    files: pd.DataFrame
    sources: tuple[SourceReport, ...]
    currency: str | None
