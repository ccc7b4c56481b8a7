"""Effects by joining month and month: Callaway and Sant'Anna (2021) on customers by months.

The effect on the members of month g in month t is their change since before they joined, less the change of
those who had not joined by then. Without covariates only the cohorts' means and second moments by month are
needed, so that the work after one pass over the panel does not depend on the number of customers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from kesher.faults import NotIdentified
from kesher.loyalty.effect.doubly import DoublyRobust, doubly_robust
from kesher.loyalty.effect.estimates import Booleans, Floats, Integers, summed
from kesher.months import NEVER

if TYPE_CHECKING:
    from kesher.readers.ledger.summaries import Panel

Controls = Literal["not_yet", "not_yet_and_never", "never"]
CHUNK = 20_000


@dataclass(frozen=True)
class Cells:
    """The cells (k,) that can be estimated, over ``cohorts`` (c,), the joining months (NEVER first, if any).

    ``cohort``, ``month``, ``base``: indexes into ``cohorts`` and the panel's months; ``event``: months since
    joining; ``controls`` (k, c): the cohorts compared with; ``size`` (c,): customers.
    """

    cohorts: Integers
    cohort: Integers
    month: Integers
    base: Integers
    event: Integers
    controls: Booleans
    size: Integers


@dataclass(frozen=True)
class Aggregate:
    """Weights of the cells (k,), and what not knowing the cohorts' sizes adds to a customer's influence (c,)."""

    cells: Floats
    sizes: Floats


@dataclass(frozen=True)
class Moments:
    """Weights (c,), means (c, months) and, by cohort, second moments (months + 1, months + 1).

    The second moments are of weighted deviations from the cohort's mean, a one appended, so that the variance
    of anything linear in a customer's months and cohort follows from them.
    """

    weight: Floats
    mean: Floats
    second: list[Floats]

    def changes(self, cells: Cells) -> tuple[Floats, Floats]:
        """Mean change of every cohort from each cell's base to its month (c, k), and that of its controls (k,)."""
        change = self.mean[:, cells.month] - self.mean[:, cells.base]
        return change, np.einsum("kc,ck->k", cells.controls * self.weight, change) / (cells.controls @ self.weight)

    def loading(self, cells: Cells, c: int) -> Floats:
        """(months + 1, k): what a customer of cohort ``c`` adds to each cell, by its deviations and a one."""
        k = np.arange(len(cells.cohort))
        control = np.where(cells.controls[:, c], 1 / (cells.controls @ self.weight), 0.0)
        scale = np.where(cells.cohort == c, 1 / self.weight[c], 0.0) - control
        load = np.zeros((self.mean.shape[1] + 1, len(k)))
        load[cells.month, k] += scale
        load[cells.base, k] -= scale
        change, expected = self.changes(cells)
        load[-1] = -control * (change[c] - expected)
        return load


@dataclass(frozen=True)
class Effects:
    """Every cell's effect and standard error (k,), and any weighted mean of them with its covariance."""

    cells: Cells
    value: Floats
    se: Floats
    weight: Floats  # (c,) summed sampling weights
    panel: Panel
    weights: Floats  # (n,)
    moments: Moments | None  # without covariates
    x: Floats | None  # (n, k) with an intercept

    def covariance(self, aggregates: list[Aggregate]) -> tuple[Floats, Floats]:
        """Values (m,) and covariance (m, m) of weighted means of the cells."""
        omega = np.column_stack([a.cells for a in aggregates])
        sizes = np.column_stack([a.sizes for a in aggregates])
        if self.x is not None:
            psi = self.weights[:, None] * sizes[np.searchsorted(self.cells.cohorts, self.panel.joined)]
            for k, (rows, cell) in enumerate(_robust(self.panel, self.cells, self.x, self.weights)):
                psi[rows] += cell.psi[:, None] * omega[k]
            psi = summed(psi, self.panel.customers)
            return self.value @ omega, psi.T @ psi
        assert self.moments is not None
        covariance = np.zeros((omega.shape[1], omega.shape[1]))
        for c, second in enumerate(self.moments.second):
            loading = self.moments.loading(self.cells, c) @ omega
            loading[-1] += sizes[c]
            covariance += loading.T @ second @ loading
        return self.value @ omega, covariance

    def mean(self, chosen: Booleans) -> Aggregate:
        """The mean over the chosen cells, each counting by its cohort's size; refused where there are none."""
        size = self.weight[self.cells.cohort] * chosen
        if not (total := size.sum()):
            raise NotIdentified("no_controls")
        apart = chosen * (self.value - size @ self.value / total)
        return Aggregate(size / total, np.bincount(self.cells.cohort, apart, len(self.cells.cohorts)) / total)

    def by(self, key: Integers, chosen: Booleans) -> tuple[Integers, list[Aggregate]]:
        """The values of ``key`` (k,) among the chosen cells and the mean over the cells of each."""
        levels = np.unique(key[chosen])
        return levels, [self.mean(chosen & (key == level)) for level in levels]

    def plain_mean(self, chosen: Booleans) -> Aggregate:
        """The mean over a cohort's chosen cells, which weigh alike."""
        return Aggregate(chosen / chosen.sum(), np.zeros(len(self.cells.cohorts)))

    def over_cohorts(self, levels: Integers, means: list[Aggregate]) -> Aggregate:
        """The mean of the cohorts' means by the cohorts' size."""
        size = self.weight[levels]
        omega = np.array([a.cells for a in means]).T @ size / size.sum()
        sizes = np.zeros(len(self.cells.cohorts))
        sizes[levels] = [(a.cells - omega) @ self.value / size.sum() for a in means]
        return Aggregate(omega, sizes)

    def table(self) -> pd.DataFrame:
        """joined, month, value, se, members, controls: a row for every cell."""
        cells = self.cells
        return pd.DataFrame(
            {
                "joined": cells.cohorts[cells.cohort],
                "month": self.panel.months[cells.month],
                "value": self.value,
                "se": self.se,
                "members": cells.size[cells.cohort],
                "controls": cells.controls @ cells.size,
            }
        )


def effects(
    panel: Panel,
    *,
    controls: Controls = "not_yet",
    drop_before: int = 0,
    covariates: Floats | None = None,
    weights: Floats | None = None,
    fewest_controls: int = 1,
    corrected: bool = False,
) -> Effects:
    """ATT(g, t) of every cohort and month that has ``fewest_controls`` customers to be compared with.

    A change is from the last month before joining and before the ``drop_before`` months ahead of it.
    ``covariates`` (n, k) without intercept ask for the doubly robust estimator; ``weights`` (n,) are sampling
    weights; rows with the same customer code count as one customer in the standard errors; ``corrected`` scales
    a cohort's second moments by n / (n - 1). Months must follow one another. Callaway and Sant'Anna (2021),
    conventions of R's did (universal base): the same numbers.
    """
    w = np.ones(len(panel.joined)) if weights is None else np.asarray(weights, dtype=float)
    cells = _cells(panel, controls, drop_before, fewest_controls)
    weight = np.array([w[panel.joined == g].sum() for g in cells.cohorts])
    if covariates is not None:
        x = np.column_stack([np.ones(len(w)), covariates])
        found = [(r.value, summed(r.psi, panel.customers[rows])) for rows, r in _robust(panel, cells, x, w)]
        se = np.sqrt([psi @ psi for _, psi in found])
        return Effects(cells, np.array([v for v, _ in found]), se, weight, panel, w, None, x)
    moments = _moments(panel, cells.cohorts, w, corrected)
    change, expected = moments.changes(cells)
    variance = np.zeros(len(cells.cohort))
    for c, second in enumerate(moments.second):
        load = moments.loading(cells, c)
        variance += np.einsum("ik,ik->k", load, second @ load)
    value = change[cells.cohort, np.arange(len(cells.cohort))] - expected
    return Effects(cells, value, np.sqrt(variance), weight, panel, w, moments, None)


def _cells(panel: Panel, controls: Controls, drop_before: int, fewest_controls: int) -> Cells:
    cohorts, size = np.unique(panel.joined, return_counts=True)
    start = cohorts - panel.months[0]
    cohort, month = (a.ravel() for a in np.indices((len(cohorts), len(panel.months))))
    event = month - start[cohort]
    before = start[cohort] - 1 - drop_before
    possible = (cohorts[cohort] != NEVER) & (before >= 0) & (before < len(panel.months)) & (before != month)
    untouched = np.maximum(month, before)[:, None] + drop_before < start  # had not joined by then
    allowed = {
        "never": np.broadcast_to(cohorts == NEVER, untouched.shape),
        "not_yet": untouched,
        "not_yet_and_never": untouched | (cohorts == NEVER),
    }[controls] & (np.arange(len(cohorts)) != cohort[:, None])
    keep = possible & (allowed @ size >= max(fewest_controls, 1))
    return Cells(cohorts, cohort[keep], month[keep], before[keep], event[keep], allowed[keep], size)


def _moments(panel: Panel, cohorts: Integers, w: Floats, corrected: bool) -> Moments:
    months = len(panel.months)
    alone = len(np.unique(panel.customers)) == len(panel.customers)
    weight, mean, second = np.zeros(len(cohorts)), np.zeros((len(cohorts), months)), []
    for c, g in enumerate(cohorts):
        rows = np.flatnonzero(panel.joined == g)
        weight[c] = w[rows].sum()
        mean[c] = w[rows] @ panel.value[rows] / weight[c]
        moment = np.zeros((months + 1, months + 1))
        step = CHUNK if alone else len(rows)
        for part in np.split(rows, range(step, len(rows), step)):
            apart = np.ones((len(part), months + 1))
            apart[:, :-1] = panel.value[part] - mean[c]
            apart = summed(apart * w[part, None], panel.customers[part])
            moment += apart.T @ apart
        n = len(rows) if alone else len(np.unique(panel.customers[rows]))
        second.append(moment * (n / (n - 1) if corrected and n > 1 else 1.0))
    return Moments(weight, mean, second)


def _robust(panel: Panel, cells: Cells, x: Floats, w: Floats) -> Iterator[tuple[Integers, DoublyRobust]]:
    """Each cell's customers and its doubly robust effect."""
    place = np.searchsorted(cells.cohorts, panel.joined)
    for g, t, b, controls in zip(cells.cohort, cells.month, cells.base, cells.controls, strict=True):
        rows = np.flatnonzero((place == g) | controls[place])
        change = panel.value[rows, t] - panel.value[rows, b]
        yield rows, doubly_robust(change, place[rows] == g, x[rows], w[rows])
