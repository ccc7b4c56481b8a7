"""Raking: weights whose margins equal a population's, as close as can be to the weights one starts from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kesher.faults import DataRefused, Fault
from kesher.stats import cells_of, kish_design_effect

Floats = NDArray[np.float64]
Names = Sequence[tuple[str, Sequence[str]]]  # of each margin and of its categories

ROUNDING = 0.005  # targets may miss one by this much, as published percentages do; scaled then, and told
CLIPS = 100  # rounds of cutting weights to their bounds and raking again


@dataclass(frozen=True)
class Raked:
    """Raked weights (n,), adding up to what the starting weights added up to, and how well they fit.

    ``largest_miss`` is the largest difference, in share, between a weighted category and its target;
    ``converged`` says it is within tolerance. ``bounded`` counts the weights that stand at a bound,
    ``normalised`` names margins whose targets did not quite add up to one. ``design_effect`` is Kish's.
    """

    weights: Floats
    converged: bool
    iterations: int
    largest_miss: float
    design_effect: float
    bounded: int
    normalised: tuple[str, ...]


def rake(
    codes: Sequence[ArrayLike],
    targets: Sequence[ArrayLike],
    start: ArrayLike,
    bounds: tuple[float, float] = (0.0, np.inf),
    tolerance: float = 1e-8,
    iterations: int = 200,
    names: Names | None = None,
) -> Raked:
    """Rake ``start`` (n,) to the ``targets``, shares by category, of one or more margins.

    ``codes`` holds for every margin the integer category (n,) of each respondent, a place in that margin's
    targets. ``bounds`` are multiples of the mean weight that no weight may pass: weights are cut and raked
    again until both hold, or the margins are told to miss. Iterative proportional fitting (Deming and Stephan
    1940) of the table of distinct combinations, so that a million rows cost little more than reading them.

    Raises ``DataRefused``, naming every margin and category at fault: a respondent without a category or with
    one that has no target, a target without a respondent, targets that are negative or do not add up to one.
    """
    margins = [np.asarray(c) for c in codes]
    wanted = [np.asarray(t, dtype=float) for t in targets]
    weights = np.asarray(start, dtype=float)
    labels = names or [(f"margin {i + 1}", [f"category {j + 1}" for j in range(t.size)]) for i, t in enumerate(wanted)]
    if not margins or len(margins) != len(wanted) or any(c.shape != weights.shape for c in margins):
        raise ValueError("need one or more margins, each with codes (n,) and targets, and start weights (n,)")
    if not bounds[0] < 1 < bounds[1]:
        raise ValueError("the bounds must lie on either side of the mean weight, 1")
    _refuse(margins, wanted, weights, labels)
    normalised = tuple(name for (name, _), t in zip(labels, wanted, strict=True) if abs(t.sum() - 1) > 1e-6)
    table = _Table(margins, [t / t.sum() for t in wanted])
    low, high = bounds[0] * weights.mean(), bounds[1] * weights.mean()
    used = 0
    for _ in range(CLIPS):
        factors, steps, fits = table.fit(table.sums(weights), weights.sum(), tolerance, iterations)
        raked = weights * factors[table.cell]
        weights = np.clip(raked, low, high)
        miss = table.largest_miss(table.sums(weights))
        used += steps
        if not fits or miss <= tolerance or np.array_equal(weights, raked):
            break
    at_bound = int(((weights <= low * (1 + 1e-9)) | (weights >= high * (1 - 1e-9))).sum())
    return Raked(weights, miss <= tolerance, used, miss, kish_design_effect(weights), at_bound, normalised)


class _Table:
    """Respondents as cells, one for each combination of categories."""

    def __init__(self, margins: list[NDArray[Any]], targets: list[Floats]) -> None:
        sizes = [t.size for t in targets]
        self.cell, categories = cells_of(margins, sizes)
        self.margins = list(zip(categories, targets, strict=True))
        self.size = categories[0].size

    def sums(self, weights: Floats) -> Floats:
        """(C,) weight in each cell."""
        return np.bincount(self.cell, weights, self.size).astype(float)

    def largest_miss(self, mass: Floats) -> float:
        """The largest difference in share between any category and its target."""
        return max(float(np.abs(np.bincount(c, mass, t.size) / mass.sum() - t).max()) for c, t in self.margins)

    def fit(self, mass: Floats, total: float, tolerance: float, iterations: int) -> tuple[Floats, int, bool]:
        """(C,) factors that bring cells' weights to margins and total; steps taken; whether they fit."""
        factors = np.ones(self.size)
        for step in range(1, iterations + 1):
            miss = 0.0
            for codes, target in self.margins:
                share = np.bincount(codes, mass * factors, target.size) / total
                miss = max(miss, float(np.abs(share - target).max()))
                factors *= np.divide(target, share, out=np.ones(target.size), where=share > 0)[codes]
            if miss <= tolerance:
                return factors, step, True
        return factors, iterations, False


def _refuse(margins: list[NDArray[Any]], targets: list[Floats], weights: Floats, labels: Names) -> None:
    """Raise ``DataRefused`` with everything that keeps these margins from being raked to."""
    faults = []
    if not (np.isfinite(weights) & (weights > 0)).all():
        what = "has starting weights that are not positive numbers."
        faults.append(Fault("respondents", "bad_weight", what, "Remove or repair those rows.", column="weight"))
    for (margin, categories), codes, target in zip(labels, margins, targets, strict=True):
        for kind, what, remedy in _margin_faults(categories, codes, target):
            faults.append(Fault("margins", kind, what, remedy, column=margin))
    if faults:
        raise DataRefused(*faults)


def _margin_faults(categories: Sequence[str], codes: NDArray[Any], target: Floats) -> Iterator[tuple[str, str, str]]:
    """Kind, sentence and remedy of everything wrong with one margin."""
    if not (np.isfinite(target) & (target >= 0)).all():
        bad = _listed(categories, ~(target >= 0) | np.isinf(target))
        yield "bad_target", f"the target of {bad} is not a share.", "Give shares between 0 and 1."
    elif abs(target.sum() - 1) > ROUNDING:
        yield ("bad_total", f"the targets add up to {target.sum():.4f}, not 1.", "Check for a missing category.")
    missing = int((codes < 0).sum()) if codes.min(initial=0) < 0 else 0
    if missing:
        yield (
            "no_category",
            f"{missing} respondents have no category.",
            "Add a category for them with its population share, or leave this margin out.",
        )
    beyond = int((codes >= target.size).sum()) if codes.max(initial=0) >= target.size else 0
    if beyond:
        yield (
            "no_target",
            f"{beyond} respondents have a category without a target.",
            "Add the category to the margins, or merge it with one that is there.",
        )
    known = codes[(codes >= 0) & (codes < target.size)] if missing or beyond else codes
    counts = np.bincount(known, minlength=target.size)
    if ((target > 0) & (counts == 0)).any():
        names = _listed(categories, (target > 0) & (counts == 0))
        yield (
            "empty_category",
            f"nobody stands for {names}, which the population has.",
            "Merge it with a neighbouring category, in the margins and in the data.",
        )
    if ((target == 0) & (counts > 0)).any():
        names = _listed(categories, (target == 0) & (counts > 0))
        yield (
            "zero_target",
            f"respondents stand for {names}, which the targets put at zero.",
            "Correct the target, or leave those respondents out of the base.",
        )


def _listed(categories: Sequence[str], where: NDArray[np.bool_]) -> str:
    return ", ".join(repr(categories[int(i)]) for i in np.flatnonzero(where))
