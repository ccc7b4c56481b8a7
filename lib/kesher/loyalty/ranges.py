"""A value with the range that stands beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Range:
    """A value and its range; whether that is a confidence interval or a range of scenarios, the owner says."""

    value: float
    low: float
    high: float

    @classmethod
    def of_draws(cls, value: float, draws: NDArray[np.float64], confidence: float) -> Range:
        """The value from central inputs between the outer quantiles of the scenarios (always containing it)."""
        tail = (1 - confidence) / 2
        low, high = np.quantile(draws, [tail, 1 - tail], method="nearest")  # draws may be infinite
        return cls(float(value), float(min(low, value)), float(max(high, value)))

    def times(self, factor: float) -> Range:
        """The range in another unit; ``factor`` is not negative."""
        return Range(self.value * factor, self.low * factor, self.high * factor)
