"""Small cells are withheld, everywhere alike, together with the cell that would give them away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from kesher.results import Number
from kesher.words import Quantity, Text, say


def withheld(
    bases: Sequence[int] | npt.NDArray[np.int_],
    threshold: int,
    *,
    absent: npt.NDArray[np.bool_] | None = None,
    overlapping: bool = False,
) -> npt.NDArray[np.bool_]:
    """Which cells of a partition must not be shown, shape (cells,): small ones, and enough others to hide them.

    ``bases`` are the unweighted bases of cells that add up to a total a reader knows. Cells with 1 to
    ``threshold`` − 1 rows are withheld; as the total would give a single hidden cell away, the next smallest
    follow until at least two are hidden and together hold ``threshold`` rows or more. Empty cells hide nobody.
    ``absent`` cells belong to the total but are shown nowhere. Where cells are ``overlapping``, the same people may
    stand in several: then one hidden cell must hold ``threshold`` by itself.
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
    if absent is not None:
        hidden |= absent & (cells > 0)
    for cell in np.argsort(cells, kind="stable"):
        together = cells[hidden].max() if overlapping else cells[hidden].sum()
        if hidden.sum() >= 2 and together >= threshold:
            break
        if cells[cell] > 0:
            hidden[cell] = True
    return hidden


def periods(people: npt.NDArray[np.int_], threshold: int) -> npt.NDArray[np.int_] | None:
    """Which period each month falls in, shape (months,), so that no cell of a period shows fewer than ``threshold``.

    ``people`` (months, columns): how many people stand behind each figure of a month. Months are taken together
    until a single one of them has enough people in every column that is not empty; what is left over at the end
    joins the periods before. None where even all months together do not do.

    >>> periods(np.array([[12], [3], [4], [15], [2]]), 10).tolist()
    [0, 1, 1, 1, 1]
    """

    def enough(most: npt.NDArray[np.int_]) -> bool:
        return bool(((most == 0) | (most >= threshold)).all())

    starts, most = [0], np.zeros(people.shape[1], dtype=np.int_)
    for month, row in enumerate(people):
        most = np.maximum(most, row)
        if enough(most):
            starts, most = [*starts, month + 1], np.zeros_like(most)
    while not enough(people[starts[-1] :].max(axis=0, initial=0)):
        if len(starts) == 1:
            return None
        starts.pop()
    labels: npt.NDArray[np.int_] = np.searchsorted(starts, np.arange(len(people)), side="right") - 1
    return labels


def coarse(amount: float, figures: int = 3) -> float:
    """An amount of many people to so few figures that taking others away from it tells nothing of one of them.

    >>> coarse(1_234_567.89)
    1230000.0
    """
    return float(f"{amount:.{figures - 1}e}")


def guarded(
    number: Number, threshold: int, groups: Sequence[str] = ("customers",), reason: Text | None = None
) -> Number:
    """The number, or the same withheld when the base of one of ``groups`` is 1 to ``threshold`` − 1 rows.

    A number that has no value keeps the reason why, and a base so small is not shown either way.
    """
    small = {group for group, base in number.base.items() if group in groups and 0 < base < threshold}
    if not small:
        return number
    bare = {group: base for group, base in number.base.items() if group not in small}
    effective = {group: base for group, base in number.effective_base.items() if group not in small}
    number = replace(number, base=bare, effective_base=effective)
    if number.status != "ok":
        return number
    said = reason or say("disclosure.withheld", threshold=Quantity(threshold, "count"))
    return number.refused("withheld", said)
