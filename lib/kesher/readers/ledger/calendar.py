"""The country's calendar: its holidays, the client's breaks, the day its weeks start on."""

from __future__ import annotations

import contextlib
import datetime
from typing import Literal

import pandas as pd

COLUMNS = ["start", "end", "kind", "label_en", "label_he", "builtin"]
KINDS = {"start": "datetime64[s]", "end": "datetime64[s]", "builtin": "bool"}


def week_start(country: str) -> Literal["sunday", "monday"]:
    """The day weeks start on in a country, where that is Sunday; Monday elsewhere.

    >>> week_start("IL"), week_start("DE"), week_start("ZZ")
    ('sunday', 'monday', 'monday')
    """
    from babel import Locale, UnknownLocaleError

    with contextlib.suppress(UnknownLocaleError, ValueError):
        found = Locale.parse(f"und_{country}")
        return "sunday" if found.territory == country and found.first_week_day == 6 else "monday"
    return "monday"


def holidays_of(country: str, first: datetime.date, last: datetime.date) -> pd.DataFrame:
    """Public holidays between two days, moving feasts included, in English and Hebrew where they have both.

    Neighbouring days of one name are one span. Empty for a country that the ``holidays`` library does not know.
    """
    import holidays

    years = range(first.year, last.year + 1)
    try:
        known = holidays.country_holidays(country, observed=False)
    except NotImplementedError:
        return pd.DataFrame(columns=COLUMNS).astype(KINDS)
    spoken: tuple[str, ...] = getattr(known, "supported_languages", ())

    def named(language: str) -> dict[datetime.date, str]:
        use = language if language in spoken else ("en_US" if "en_US" in spoken else None)
        return dict(holidays.country_holidays(country, years=years, observed=False, language=use))

    english, hebrew = named("en_US"), named("he")
    spans: list[list[object]] = []
    for day in sorted(english):
        if not first <= day <= last:
            continue
        labels = [english[day], hebrew.get(day, english[day])]
        if spans and spans[-1][3:5] == labels and spans[-1][1] == day - datetime.timedelta(days=1):
            spans[-1][1] = day
        else:
            spans.append([day, day, "holiday", *labels, True])
    return pd.DataFrame(spans, columns=COLUMNS).astype(KINDS)


def with_breaks(builtin: pd.DataFrame, own: pd.DataFrame | None) -> pd.DataFrame:
    """The country's holidays and the client's own lines, by their start."""
    parts = [builtin] if own is None else [builtin, own.assign(builtin=False)[COLUMNS]]
    return pd.concat(parts, ignore_index=True).sort_values(["start", "end"], kind="stable", ignore_index=True)
