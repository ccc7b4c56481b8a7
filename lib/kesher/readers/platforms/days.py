"""The days of the networks' exports: two formats in a column, no year, weekdays before them, other tongues."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers.findings import Findings
from kesher.readers.ledger.values import NO_TIME, moments

Days = NDArray[np.datetime64]

_WEEKDAY = re.compile(r"[^\W\d_]{3,10}\.?, (?=[^\W\d_]|\d)")
_YEARLESS = re.compile(r"[^\W\d_]{3,}\.? \d{1,2}|\d{1,2}\.? [^\W\d_]{3,}\.?")
_SPANISH = {"ene": "jan", "abr": "apr", "ago": "aug", "dic": "dec"}
_MONTH = re.compile(r"[^\W\d_]{3,}")
_WRITING = re.compile(r"\d{1,2}([-/.])\d{1,2}[-/.](\d{4}|\d{2})(?!\d)")
_SOME_LEAP_YEAR = "2000"
MAX_TURNS = 5  # of the year, going backwards; more and the rows are in no order
_ZONE = re.compile(r"\b(UTC|GMT|Pacific|Eastern)\b")


def days_of(cells: pd.Categorical, as_of: date, day_first: str, month_first: bool, findings: Findings) -> Days:
    """The day of each row, NaT where there is none.

    One decision between day and month holds for all cells of one writing (2018 or 18, dots or strokes); where they
    do not tell, for all cells of the column, and where those do not either, the network's habit. A day without a
    year is of the latest year in which it is not after ``as_of`` for the last row, and for each before it of the
    latest year that keeps the rows in order.
    """
    said = [_said(str(cell)) for cell in cells.categories]
    yearless = np.array([bool(_YEARLESS.fullmatch(one)) for one in said], np.bool_)
    dated = [f"{one} {_SOME_LEAP_YEAR}" if bare else one for one, bare in zip(said, yearless, strict=True)]
    seconds, offset = _moments(dated, day_first, month_first, findings)
    found = (seconds // 86400).astype("datetime64[D]")
    found[seconds == NO_TIME] = np.datetime64("NaT")
    codes = np.asarray(cells.codes)
    days: Days = found[codes]
    findings.note("time_zone", int((offset[codes] != NO_TIME).sum()), "moments name their zone; days are those of it.")
    if yearless.any():
        without = yearless[codes] & ~np.isnat(days)
        days[without] = _with_years(days[without], as_of)
        told = "days are written without a year; the latest years not after the as-of day were taken."
        findings.note("year_inferred", int(without.sum()), told)
    return days


def zone_note(lines: Sequence[str], findings: Findings) -> None:
    """Note the time zone that the prose around a table names."""
    for line in lines:
        if zone := _ZONE.search(line):
            findings.note("time_zone", 1, f"the file says that its days are those of {zone[1]}.")
            return


def _said(cell: str) -> str:
    """A cell without its weekday, its month as English spells it, its zone in short."""
    text = " ".join(_WEEKDAY.sub("", cell.strip(), count=1).replace(" de ", " ").split())
    text = f"{text[:-4]}Z" if text.endswith((" UTC", " GMT")) else text
    if text[:1].isdigit() and " " not in text:
        return text
    return _MONTH.sub(lambda month: _SPANISH.get(month[0][:3].casefold(), month[0]), text, count=1)


def _moments(
    cells: list[str], day_first: str, month_first: bool, findings: Findings
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Seconds since 1970 and minutes east of UTC, NO_TIME where there are none."""
    whole = moments(cells, day_first=day_first)
    if day_first != "auto" or whole.order in ("", "day", "month"):
        return whole.seconds, whole.offset
    if whole.order == "ambiguous":
        habit = "the month" if month_first else "the day"
        findings.note("ambiguous_days", 1, f"no day is beyond the 12th; {habit} was read as standing first.")
        return (moments(cells, day_first="no") if month_first else whole).seconds, whole.offset
    seconds = whole.seconds.copy()
    writings = [(found[1], len(found[2])) if (found := _WRITING.match(cell)) else None for cell in cells]
    for writing in set(writings) - {None}:
        at = np.flatnonzero([one == writing for one in writings])
        part = moments([cells[one] for one in at])
        seconds[at] = part.seconds
    findings.note("mixed_days", 1, "some days have the day first and some the month; decided by how each is written.")
    return seconds, whole.offset


def _with_years(days: Days, as_of: date) -> Days:
    """The days of a leap year moved to the years they are of, the rows being in order of time, up or down."""
    months = days.astype("datetime64[M]")
    month = months.astype(np.int64) % 12 + 1
    of_month = (days - months).astype(np.int64) + 1
    place = month * 100 + of_month
    steps = np.diff(place)
    down = np.sum((steps < 0) & (steps > -600)) > np.sum((steps > 0) & (steps < 600))
    order = slice(None, None, -1 if down else 1)
    place = place[order]
    latest = as_of.year - (place > as_of.month * 100 + as_of.day).astype(np.int64)
    turns = np.append(np.cumsum((place[:-1] > place[1:])[::-1])[::-1], 0)
    years = latest[-1] - turns if turns[0] <= MAX_TURNS else latest
    leap = place == 229
    while np.any(leap & ((years % 4 != 0) | ((years % 100 == 0) & (years % 400 != 0)))):
        years = years - 1
    moved = (years[order] - 1970) * 12 + month - 1
    found: Days = moved.astype("datetime64[M]").astype("datetime64[D]") + (of_month - 1)
    return found
