"""Makes nbval compare what a reader sees: JSON by its values with numbers to seven digits, text to the letter.

Released nbval leaves everything that is not a string untouched, so that a last-digit difference between machines
fails a notebook while its message shows nothing. ``IPyNbCell.sanitize`` is internal: nbval is pinned, and
tests/test_notebooks.py holds this hook to what it must let pass and what it must catch.
"""

from __future__ import annotations

import math
from typing import Any

from nbval.plugin import IPyNbCell

SIGNIFICANT_DIGITS = 7

_sanitize_text = IPyNbCell.sanitize


def canonical(value: Any) -> Any:
    """JSON data with every float rounded to the digits two machines agree on."""
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return [canonical(item) for item in value]
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    return value


def sanitize(self: IPyNbCell, output: Any) -> Any:
    """Strings as nbval does, everything else canonical."""
    return _sanitize_text(self, output) if isinstance(output, str) else canonical(output)


IPyNbCell.sanitize = sanitize
