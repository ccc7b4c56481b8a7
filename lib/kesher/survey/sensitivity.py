"""What the answer becomes when a choice behind it is made otherwise: base, weights, who is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

import pandas as pd

from kesher.faults import NotIdentified
from kesher.readers.tidy import Base, Respondents
from kesher.survey import gap, quality, shares
from kesher.survey.analysis import REASONS, LikeStudy
from kesher.survey.quality import Flag
from kesher.survey.sample import Margins, design_of, raked
from kesher.survey.shares import SideShares

COLUMNS = ["choice", "alternative", "option", "share", "low", "high", "gap_pp", "gap_low_pp", "gap_high_pp", "distinct"]


def alternatives(
    customers: Respondents,
    study: LikeStudy,
    options: Sequence[str],
    *,
    margins: Margins | None,
    weight_bounds: tuple[float, float],
    flagged: Sequence[Flag],
    excluded: Sequence[Flag],
    withhold_below: int,
) -> pd.DataFrame:
    """Shares (0-1) and gaps (points) of ``options`` under each other choice, one row per alternative and option.

    ``choice`` is base, weights or quality; ``alternative`` names the other base, "none" for no weights, and
    "left_out" for respondents with any of the ``flagged`` flags besides those ``excluded`` already. Gap columns
    are NaN without a marketing side. Alternatives the data can not support, or
    with a base below ``withhold_below``, are absent.
    """
    used = quality.kept(customers, quality.check(customers, exclude=excluded).keep)
    tries: list[tuple[str, str, Respondents, Base, bool]] = [
        ("base", other, used, other, True) for other in get_args(Base) if other != study.base
    ]
    if study.weighting is not None or "weight" in used.people:
        tries.append(("weights", "none", used, study.base, False))
    if flagged:
        keep = quality.check(customers, exclude=[*dict.fromkeys([*excluded, *flagged])]).keep
        if keep.any():
            tries.append(("quality", "left_out", quality.kept(customers, keep), study.base, True))
    rows = []
    for choice, alternative, sample, base, weighted in tries:
        if REASONS not in study.shares or sample.questions[REASONS].base(base).sum() < withhold_below:
            continue
        side = _side(sample, base, study, margins if weighted else None, weight_bounds, weighted)
        if side is not None:
            rows += _rows(choice, alternative, side, study, [option for option in options if option in side.options])
    return pd.DataFrame(rows, columns=COLUMNS)


def _side(
    sample: Respondents,
    base: Base,
    study: LikeStudy,
    margins: Margins | None,
    bounds: tuple[float, float],
    weighted: bool,
) -> SideShares | None:
    people = sample.people if weighted else sample.people.drop(columns="weight", errors="ignore")
    design = design_of(people)
    if margins:
        design, _ = raked(people, design, margins, bounds)
    try:
        return shares.sampled(sample.questions[REASONS], base, design, group=sample.group, confidence=study.confidence)
    except NotIdentified:
        return None


def _rows(
    choice: str, alternative: str, side: SideShares, study: LikeStudy, options: Sequence[str]
) -> list[dict[str, object]]:
    table = side.table().set_index("option")
    gaps = gap.compare(side, study.marketers).table.set_index("option") if study.gap and study.marketers else None
    rows = []
    for option in options:
        row: dict[str, object] = {"choice": choice, "alternative": alternative, "option": option}
        row |= {name: table.at[option, name] for name in ("share", "low", "high")}
        if gaps is not None and option in gaps.index:
            row |= {name: gaps.at[option, name] for name in ("gap_pp", "gap_low_pp", "gap_high_pp", "distinct")}
        rows.append(row)
    return rows
