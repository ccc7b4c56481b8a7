"""Which respondents look doubtful and how many: flagged always, left out only by a stated choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers.tidy import Mask, MultiSelect, Respondents

Flag = Literal["duplicate", "speeder", "straight_liner", "contradiction"]
FLAGS: tuple[Flag, ...] = ("duplicate", "speeder", "straight_liner", "contradiction")
GRID_ITEMS = 4  # fewer equal answers in a row happen honestly
WARN_FROM, SEVERE_FROM = 0.02, 0.10  # share of rows


@dataclass(frozen=True)
class Quality:
    """What the quality checks found in one group.

    ``flags``: (n, 4) bool, one column per name in FLAGS, over the rows as read. ``counts``: one row per flag
    with flag, rows, share (of the rows read), grade (none, info, warn, severe), testable (False when the data
    lack what the check needs), excluded (rows left out for this flag; a row with several counts at the first
    chosen one). ``identical_answers`` counts rows whose every answer equals another row's: suspicious at
    most, never flagged. ``fast_seconds`` is the limit used for speeders, None without durations. ``keep``:
    (n,) bool.
    """

    group: str
    flags: pd.DataFrame
    counts: pd.DataFrame
    identical_answers: int
    fast_seconds: float | None
    keep: Mask
    rows_in: int
    rows_out: int


def check(respondents: Respondents, *, fast_seconds: float = 0.0, exclude: Sequence[Flag] = ()) -> Quality:
    """Flag duplicates, speeders, straight-liners and contradictory ticks; leave out what ``exclude`` names.

    ``fast_seconds`` of 0 takes a third of the median duration. Straight-lining is careless::longstring on the
    grid items (Curran 2016): at least four answered, all alike.
    """
    unknown = set(exclude) - set(FLAGS)
    if unknown:
        raise ValueError(f"exclude must hold {', '.join(FLAGS)}; got {', '.join(sorted(unknown))}")
    people = respondents.people
    answers = _answers(respondents)
    duration = _floats(people, "duration_seconds")
    timed = bool(np.isfinite(duration).any())
    limit = (fast_seconds or float(np.nanmedian(duration)) / 3) if timed else None
    grid = people.loc[:, people.columns.str.startswith("grid.")].to_numpy(dtype=float)
    exclusive = any(question.exclusive for question in respondents.questions.values())
    columns: dict[Flag, Mask] = {
        "duplicate": people["respondent"].duplicated().to_numpy(dtype=bool),
        "speeder": np.nan_to_num(duration, nan=np.inf) < (limit or 0.0),
        "straight_liner": straight_lines(grid),
        "contradiction": _any([contradictions(q) for q in respondents.questions.values()], len(people)),
    }
    testable = {
        "duplicate": True,
        "speeder": timed,
        "straight_liner": grid.shape[1] >= GRID_ITEMS,
        "contradiction": exclusive,
    }
    keep = np.ones(len(people), dtype=bool)
    excluded = dict.fromkeys(FLAGS, 0)
    for flag in dict.fromkeys(exclude):
        excluded[flag] = int((keep & columns[flag]).sum())
        keep &= ~columns[flag]
    rows = {flag: int(columns[flag].sum()) for flag in FLAGS}
    share = {flag: rows[flag] / max(len(people), 1) for flag in FLAGS}
    counts = pd.DataFrame(
        {
            "flag": FLAGS,
            "rows": [rows[flag] for flag in FLAGS],
            "share": [share[flag] for flag in FLAGS],
            "grade": [_grade(share[flag]) for flag in FLAGS],
            "testable": [testable[flag] for flag in FLAGS],
            "excluded": [excluded[flag] for flag in FLAGS],
        }
    )
    return Quality(
        group=respondents.group,
        flags=pd.DataFrame(columns),
        counts=counts,
        identical_answers=int(answers.duplicated(keep=False).sum()),
        fast_seconds=limit,
        keep=keep,
        rows_in=len(people),
        rows_out=int((~keep).sum()),
    )


def kept(respondents: Respondents, keep: Mask) -> Respondents:
    """The respondents where ``keep`` is true, as a smaller sample with its rows numbered anew."""
    if keep.all():
        return respondents
    questions = {
        name: replace(
            question,
            ticks=question.ticks[keep].reset_index(drop=True),
            asked=question.asked[keep],
            answered=question.answered[keep],
        )
        for name, question in respondents.questions.items()
    }
    return replace(respondents, people=respondents.people[keep].reset_index(drop=True), questions=questions)


def straight_lines(grid: NDArray[np.float64]) -> Mask:
    """Whether a row's answered items, at least four, are all alike; ``grid`` (n, items), NaN unanswered."""
    if grid.shape[1] < GRID_ITEMS:
        return np.zeros(len(grid), dtype=bool)
    answered = np.isfinite(grid)
    highest = np.where(answered, grid, -np.inf).max(axis=1)
    lowest = np.where(answered, grid, np.inf).min(axis=1)
    alike: Mask = (highest == lowest) & (answered.sum(axis=1) >= GRID_ITEMS)
    return alike


def contradictions(question: MultiSelect) -> Mask:
    """Whether a row ticks an exclusive option together with any other, (n,)."""
    ticks = question.ticks.to_numpy(dtype=bool)
    exclusive = question.ticks.columns.isin(list(question.exclusive))
    several: Mask = ticks[:, exclusive].any(axis=1) & (ticks.sum(axis=1) > 1)
    return several


def _answers(respondents: Respondents) -> pd.DataFrame:
    """Every answer of the rows that ticked anything: all but ids, weights and durations."""
    questions = respondents.questions
    ticked = _any([question.answered for question in questions.values()], len(respondents.people))
    parts = [question.ticks.add_prefix(f"{name}.") for name, question in questions.items()]
    asked_of_people = [
        name
        for name in respondents.people.columns
        if name in ("recommend", "loyalty", "programmes_enrolled", "programmes_active")
        or name.startswith(("segment.", "grid.", "driver."))
    ]
    return pd.concat([*parts, respondents.people[asked_of_people]], axis=1).loc[ticked]


def _floats(people: pd.DataFrame, column: str) -> NDArray[np.float64]:
    if column not in people:
        return np.full(len(people), np.nan)
    return people[column].to_numpy(dtype=float)


def _any(masks: list[Mask], rows: int) -> Mask:
    return np.asarray(np.logical_or.reduce([np.zeros(rows, dtype=bool), *masks]))


def _grade(share: float) -> str:
    if share == 0:
        return "none"
    return "info" if share < WARN_FROM else "warn" if share < SEVERE_FROM else "severe"
