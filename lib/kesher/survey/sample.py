"""From the respondents' columns to the design every estimate needs: weights, strata, clusters, raking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import DataRefused, Fault
from kesher.stats import Design
from kesher.survey.segments import PREFIX
from kesher.survey.weighting import Raked, rake

Margins = Mapping[str, Mapping[str, float]]  # question, option, share of the population


@dataclass(frozen=True)
class Weighting:
    """How the customers were raked: the fit, the margins, and how many people did not tell each of them."""

    raked: Raked
    margins: tuple[str, ...]
    unknown: dict[str, int]


def design_of(people: pd.DataFrame) -> Design:
    """The design as the file gives it: columns weight, stratum, cluster and population where there are such.

    Raises ``DataRefused`` where they do not make a design (missing codes, weights that are not positive).
    """

    def column(name: str, kind: Any) -> Any:
        return people[name].to_numpy(dtype=kind) if name in people else None

    weights = column("weight", float)
    return Design(
        weights=np.ones(len(people)) if weights is None else weights,
        strata=column("stratum", np.intp),
        clusters=column("cluster", np.intp),
        population=column("population", float),
    )


def raked(
    people: pd.DataFrame, design: Design, margins: Margins, bounds: tuple[float, float]
) -> tuple[Design, Weighting]:
    """The design with its weights raked to ``margins`` on the "segment.<question>" columns, from where they
    stand.

    People who did not tell a margin keep, as a group, the share their starting weights give them; the others
    share the rest in the population's proportions. That assumes that who does not tell is like who does, and
    neither inflates nor drops them. Raises ``DataRefused`` naming margins without a column and options
    without a target.
    """
    faults: list[Fault] = []
    codes: list[NDArray[np.intp]] = []
    targets: list[NDArray[np.float64]] = []
    names: list[tuple[str, list[str]]] = []
    unknown: dict[str, int] = {}
    for question, shares in margins.items():
        if PREFIX + question not in people:
            faults.append(_no_column(question))
            continue
        told = people[PREFIX + question]
        without = sorted(set(told.dropna()) - set(shares))
        faults += [_no_target(question, option) for option in without]
        code = pd.Index(list(shares)).get_indexer(pd.Index(told))
        target = np.array(list(shares.values()), dtype=float)
        labels = list(shares)
        silent = told.isna().to_numpy()
        unknown[question] = int(silent.sum())
        if silent.any():
            kept = design.weights[silent].sum() / design.weights.sum()
            code = np.where(silent, len(shares), code)
            target, labels = np.append(target * (1 - kept), kept), [*labels, "not told"]
        codes.append(code)
        targets.append(target)
        names.append((question, labels))
    if faults:
        raise DataRefused(*faults)
    fit = rake(codes, targets, design.weights, bounds=bounds, names=names)
    calibrated = replace(design, weights=fit.weights, calibration=tuple(codes))
    return calibrated, Weighting(fit, tuple(margins), unknown)


def _no_column(question: str) -> Fault:
    return Fault(
        where="margins",
        kind="margin_without_column",
        what="is a margin, but no column of the customers' file is its segment.",
        remedy="Name its column in the columns table with role segment, or take the margin out.",
        column=question,
    )


def _no_target(question: str, option: str) -> Fault:
    return Fault(
        where="margins",
        kind="option_without_target",
        what=f"has respondents of option {option!r}, for which no population share is given.",
        remedy="Add its share to the margins, or merge it with another option.",
        column=question,
    )
