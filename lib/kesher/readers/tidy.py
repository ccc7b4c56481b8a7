"""The tidy survey data that every reader yields and every analysis starts from; no file is touched here."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.words import Text

Mask = NDArray[np.bool_]
Base = Literal["asked", "answered", "ticked"]
Role = Literal[
    "respondent", "weight", "stratum", "cluster", "population", "duration", "wave", "recommend", "loyalty",
    "programmes_enrolled", "programmes_active", "segment", "grid", "driver", "asked", "choices",
]  # fmt: skip

OTHER = "other"  # the option that collects answers which match none of the options table


@dataclass(frozen=True)
class Note:
    """One counted fact about a file, such as how many rows were previews; ``detail`` holds no cell's value.

    ``code`` is stable ("unmatched_text", "preview_rows", ...); ``column`` is None for a fact of the file.
    """

    code: str
    count: int
    column: str | None
    detail: str


@dataclass(frozen=True)
class SourceReport:
    """What was read: file name (no folder), hash, format and how it was recognised, encoding, size.

    ``rows`` counts the data rows of the file before previews are dropped; ``columns`` counts all columns, not
    only the mapped ones. ``encoding`` is "binary" for a spreadsheet.
    """

    file: str
    sha256: str
    format: str
    how_recognised: str
    encoding: str
    rows: int
    columns: int
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Option:
    """One answer option: id, labels, further texts and codes that mean it, whether it excludes others.

    ``exclusive`` marks "none of these" and "don't know"; ``published_item`` names its item in data/published.
    """

    question: str
    option: str
    label: Text
    accepts: tuple[str, ...]
    exclusive: bool
    published_item: str | None


@dataclass(frozen=True)
class MultiSelect:
    """The answers of one group to one multi-select question.

    ``ticks`` is (n, k) bool, its columns the option ids in the order of the options table, exclusive options
    included; "other" is appended when unmatched text occurred. ``asked`` and ``answered`` are (n,) bool: the
    question was put to this person; this person gave any answer at all, an exclusive option included.
    """

    question: str
    ticks: pd.DataFrame
    asked: Mask
    answered: Mask
    exclusive: frozenset[str]

    @property
    def reasons(self) -> list[str]:
        """The option ids that are not exclusive, in the order of the options table."""
        return [option for option in self.ticks.columns if option not in self.exclusive]

    def base(self, kind: Base) -> Mask:
        """Whom shares are of, (n,) bool: everyone asked, who answered, or who ticked a non-exclusive option.

        The three are nested: ticked within answered within asked. A person who was not asked is in none.
        """
        if kind == "asked":
            return self.asked.copy()
        if kind == "answered":
            return self.asked & self.answered
        if kind == "ticked":
            reasons = self.ticks[self.reasons].to_numpy(dtype=bool)
            return self.asked & self.answered & np.asarray(reasons.any(axis=1))
        raise ValueError(f"base must be asked, answered or ticked, got {kind!r}")


@dataclass(frozen=True)
class Respondents:
    """One group's survey, one row per respondent in file order.

    ``people`` has a RangeIndex and the column ``respondent`` (int pseudonym: equal numbers are the same id);
    where the file has them also weight, stratum, cluster (int codes), population, duration_seconds, recommend
    (0-10), loyalty, programmes_enrolled, programmes_active, wave (all float), and one column per question:
    "segment.<question>" (str option ids or None), "grid.<question>" and "driver.<question>" (float).
    """

    group: str
    people: pd.DataFrame
    questions: dict[str, MultiSelect]
    source: SourceReport


@dataclass(frozen=True)
class Guesses:
    """Sealed guesses of the marketing team.

    ``table`` has guesser (int pseudonym), option (id), guess (share 0-1) and wave (int, 1 when not given).
    ``sealed_on`` is the latest date in the file; ``seal_checked`` says the file's hash was the noted one.
    """

    table: pd.DataFrame
    sealed_on: datetime.date
    sha256: str
    seal_checked: bool
    source: SourceReport


@dataclass(frozen=True)
class PublishedTable:
    """One group of one published study.

    ``items`` has item, share (0-1), n (people the share is of; NaN where unpublished), base (who they are),
    form, wording, year (NaN where unknown), country, source and rank (1 = largest share, ties averaged; as
    published where the file gives it).
    """

    study: str
    group: str
    items: pd.DataFrame
