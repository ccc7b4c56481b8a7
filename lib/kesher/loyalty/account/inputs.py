"""What the account rests on: each input's central value, distribution, source and grade; scenarios of all."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr, ndtri

Floats = NDArray[np.float64]
Values = Mapping[str, Floats | float]
Distribution = Literal["normal", "lognormal", "logit_normal", "triangular", "uniform", "fixed"]

# Members who use the programme more also redeem more and stay longer; sizes are assumptions (grade D).
DEFAULT_CORRELATIONS: Mapping[tuple[str, str], float] = {
    ("active_share", "redemption"): 0.3,
    ("active_share", "attrition"): -0.3,
}


@dataclass(frozen=True)
class Input:
    """One input: ``low`` and ``high`` bound ``level`` of its scenarios (all, if triangular or uniform).

    ``grade``: B counted in the client's data, C a parameter, D assumed; an effect's goes by its design
    (``effect.GRADES``).
    """

    name: str
    central: float
    low: float
    high: float
    distribution: Distribution
    grade: str
    level: float = 0.95

    def __post_init__(self) -> None:
        if not self.low <= self.central <= self.high:
            raise ValueError(f"{self.name}: the central value lies outside low and high")

    @property
    def certain(self) -> bool:
        return self.low == self.high

    @property
    def sd(self) -> float:
        """Standard deviation, if normal, uniform or fixed."""
        widths = 12**0.5 if self.distribution == "uniform" else 2 * float(ndtri((1 + self.level) / 2))
        return (self.high - self.low) / widths

    def at(self, scores: Floats) -> Floats:
        """The input's values (n,) at standard normal scores (n,)."""
        if self.certain:
            return np.full(scores.shape, float(self.central))
        low, central, high = self.low, self.central, self.high
        z = float(ndtri((1 + self.level) / 2))
        if self.distribution == "normal":
            return np.asarray(central + (high - low) / (2 * z) * scores)
        if self.distribution == "lognormal":
            return np.asarray(central * np.exp(np.log(high / low) / (2 * z) * scores))
        if self.distribution == "logit_normal":
            bounds = logit(np.clip([low, central, high], 1e-6, 1 - 1e-6))
            return np.asarray(expit(bounds[1] + (bounds[2] - bounds[0]) / (2 * z) * scores))
        u = ndtr(scores)
        if self.distribution == "uniform":
            return np.asarray(low + (high - low) * u)
        left = (high - low) * (central - low)
        right = (high - low) * (high - central)
        below = u * (high - low) < central - low
        return np.asarray(np.where(below, low + np.sqrt(u * left), high - np.sqrt((1 - u) * right)))


@dataclass(frozen=True)
class Drawn:
    """Scenarios: ``values`` and the standard normal ``scores`` behind them, (draws,) by input."""

    values: dict[str, Floats]
    scores: dict[str, Floats]


def draw(inputs: Sequence[Input], correlations: Mapping[tuple[str, str], float], draws: int, seed: int) -> Drawn:
    """Scenarios of the inputs, joined by a Gaussian copula.

    Every input has a stream of its own, told by its name: another account, or one more input, meets the same
    scenarios (common random numbers). Correlations are between normal scores.
    """
    names = [i.name for i in inputs]
    streams = [np.random.default_rng([seed, zlib.crc32(name.encode())]).standard_normal(draws) for name in names]
    matrix = np.eye(len(names))
    for (a, b), rho in correlations.items():
        if a in names and b in names:
            i, j = names.index(a), names.index(b)
            matrix[i, j] = matrix[j, i] = rho
    root = np.linalg.cholesky(matrix)
    scores = {}
    for i, name in enumerate(names):
        terms = [root[i, j] * streams[j] for j in range(i + 1) if root[i, j]]
        scores[name] = np.sum(terms, axis=0) if len(terms) > 1 else terms[0]
    return Drawn({i.name: i.at(scores[i.name]) for i in inputs}, scores)
