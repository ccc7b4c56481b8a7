"""Small cells are withheld, everywhere alike, together with the cell that would give them away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from kesher.results import Number
from kesher.words import Quantity, say


def withheld(bases: Sequence[int] | npt.NDArray[np.int_], threshold: int) -> npt.NDArray[np.bool_]:
    """Which cells of a partition must not be shown, shape (cells,): small ones, and enough others to hide them.

    ``bases`` are the unweighted bases of cells that add up to a total a reader knows. Cells with 1 to
    ``threshold`` − 1 rows are withheld; as the total would give a single hidden cell away, the next smallest
    follow until at least two are hidden and together hold ``threshold`` rows or more. Empty cells hide nobody.
    Primary and secondary suppression as in Hundepool et al., Statistical Disclosure Control (2012), chapter 4.

    >>> withheld([4, 40, 60], 10).tolist()
    [True, True, False]
    >>> withheld([0, 40, 60], 10).tolist()
    [False, False, False]
    """
    cells = np.asarray(bases)
    hidden = (cells > 0) & (cells < threshold)
    if not hidden.any():
        return hidden
    for cell in np.argsort(cells, kind="stable"):
        if hidden.sum() >= 2 and cells[hidden].sum() >= threshold:
            break
        if cells[cell] > 0:
            hidden[cell] = True
    return hidden


def guarded(number: Number, threshold: int, groups: Sequence[str] = ("customers",)) -> Number:
    """The number, or the same withheld when the base of one of ``groups`` is 1 to ``threshold`` − 1 rows."""
    small = [base for group, base in number.base.items() if group in groups and 0 < base < threshold]
    if number.status != "ok" or not small:
        return number
    return number.refused("withheld", say("disclosure.withheld", threshold=Quantity(threshold, "count")))
