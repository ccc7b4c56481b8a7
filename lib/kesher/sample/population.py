"""The made-up population: every combination of segment levels, what such people answer, what is true of all.

The model. A person belongs to one level of every segment; levels are independent. Whether a person ticks an
option is a probit: a level of the option, plus the shifts of the person's segments, plus a factor that all
options of the question share, plus chance. The level is solved so that the population's share is the one in
the settings. Who answers depends on the segments only, as a product over them, so that raking to the margins
undoes it.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

Settings = dict[str, Any]
Floats = NDArray[np.float64]

NONE = "none"  # the option that excludes the others: ticked by who ticks nothing else
NODES, MASS = np.polynomial.hermite_e.hermegauss(41)  # expectation over the shared factor
MASS = MASS / MASS.sum()


class Population:
    """Every combination of segment levels, its share of the population, and of those who answer."""

    def __init__(self, settings: Settings) -> None:
        self.segments: Settings = settings["segments"]
        self.levels = {question: list(segment["levels"]) for question, segment in self.segments.items()}
        grid = np.indices([len(levels) for levels in self.levels.values()]).reshape(len(self.levels), -1)
        self.codes = dict(zip(self.levels, grid, strict=True))
        self.share = self._product("share", 1.0)
        answering = self.share * self._product("response", 1.0)
        self.answering = answering / answering.sum()

    def _product(self, key: str, default: float) -> Floats:
        product = np.ones(len(next(iter(self.codes.values()))))
        for question, codes in self.codes.items():
            levels = self.segments[question]["levels"].values()
            product *= np.array([level.get(key, default) for level in levels])[codes]
        return product

    def shifts(self, by_segment: Settings, neutral: float = 0.0) -> dict[str, Floats]:
        """Per segment named, the value of every combination."""
        return {
            question: np.array([by_segment[question].get(level, neutral) for level in self.levels[question]])[
                self.codes[question]
            ]
            for question in by_segment
        }

    def latent(self, question: Settings) -> Floats:
        """(combinations, options) mean of the probit, its level solved for the population share."""
        columns = []
        for option in substantive(question).values():
            shift = sum(self.shifts(option.get("shift", {})).values(), np.zeros(len(self.share)))
            low, high = -9.0, 9.0
            for _ in range(60):
                middle = (low + high) / 2
                low, high = (middle, high) if self.share @ ndtr(middle + shift) < option["share"] else (low, middle)
            columns.append(low + shift)
        return np.column_stack(columns)

    def enrolled(self, programmes: Settings) -> Floats:
        """(combinations,) mean number of programmes, scaled to the population mean."""
        factor = np.ones(len(self.share))
        for values in self.shifts(programmes.get("factor", {}), 1.0).values():
            factor *= values
        scaled: Floats = factor * programmes["mean"] / (self.share @ factor)
        return scaled


def substantive(question: Settings) -> Settings:
    """The options that say something, without the exclusive one."""
    return {option: values for option, values in question["options"].items() if option != NONE}


def truth(settings: Settings, guesses: pd.DataFrame) -> dict[str, float]:
    """What is true of the population, by number id, the marketers' the median of the last guesses.

    Shares are 0-1 and of everyone who would answer, gaps and segment differences (level minus all others) in
    points; reach is the share that wants at least one of the best k expectations.
    """
    population = Population(settings)
    found: dict[str, float] = {}
    for name, prefix in (("reasons", "customers.share"), ("expectations", "expectation"), ("ways", "ways")):
        for option, values in substantive(settings["questions"].get(name, {"options": {}})).items():
            found[f"{prefix}.{option}"] = values["share"]
    reasons = settings["questions"]["reasons"]
    shares = pd.Series({option: values["share"] for option, values in substantive(reasons).items()})
    if not guesses.empty:
        last = guesses[guesses["wave"] == guesses["wave"].max()]
        found |= _gaps(shares, last.groupby("option")["guess_percent"].median()[shares.index] / 100)
    chance = ndtr(population.latent(reasons))
    for question, levels in population.levels.items():
        for position, level in enumerate(levels):
            inside = population.share * (population.codes[question] == position)
            outside = population.share - inside
            difference = inside @ chance / inside.sum() - outside @ chance / outside.sum()
            for option, points in zip(shares.index, 100 * difference, strict=True):
                found[f"segment.{question}.{level}.{option}"] = points
    if "programmes" in settings:
        mean, active = settings["programmes"]["mean"], settings["programmes"]["active"]
        found |= {
            "programmes.enrolled_mean": mean,
            "programmes.active_mean": mean * active,
            "programmes.active_share": active,
        }
    if "expectations" in settings["questions"]:
        found |= _reach(population, settings["questions"]["expectations"], settings.get("offers_max", 3))
    return {number: round(float(value), 8) + 0.0 for number, value in found.items()}


def _gaps(shares: pd.Series, guessed: pd.Series) -> dict[str, float]:
    """The marketing side and its distance to the customers, by number id."""
    gap = 100 * (guessed - shares)
    rank_gap = shares.rank(ascending=False) - guessed.rank(ascending=False)
    found = {f"marketers.share.{option}": value for option, value in guessed.items()}
    found |= {f"gap.{option}": value for option, value in gap.items()}
    found |= {f"gap_centred.{option}": value for option, value in (gap - gap.mean()).items()}
    found |= {f"rank_gap.{option}": value for option, value in rank_gap.items()}
    pairs = np.triu_indices(len(shares), 1)
    a, b = (np.sign(np.subtract.outer(x, x))[pairs] for x in (shares.to_numpy(), guessed.to_numpy()))
    found["agreement.kendall_tau_b"] = float((a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()))
    found["predictions.surprise_pp"] = float(gap.abs().mean())
    return found


def _reach(population: Population, question: Settings, largest: int) -> dict[str, float]:
    """The largest share of people who tick at least one of k options, for k up to ``largest``."""
    rho = question.get("correlation", 0.0)
    mean = population.latent(question)[:, None, :] + np.sqrt(rho) * NODES[:, None]
    miss = ndtr(-mean / np.sqrt(1 - rho))  # (combinations, nodes, options) chance of not ticking, factor given
    best = {}
    for k in range(1, largest + 1):
        sets = itertools.combinations(range(miss.shape[2]), k)
        best[f"offers.{k}.reach"] = max(1 - population.share @ (miss[:, :, list(s)].prod(axis=2) @ MASS) for s in sets)
    return best
