"""How many of a group ticked each option: of a sample, of the whole team, or as a table was published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import NotIdentified
from kesher.readers.tidy import OTHER, Base, MultiSelect, Option, PublishedTable
from kesher.stats import Design, Shares, estimate_shares, independent_covariance, share_interval

Floats = NDArray[np.float64]
Mode = Literal["sample", "whole_team", "published_table"]


@dataclass(frozen=True)
class SideShares:
    """One group's shares of the options of one question, every array (k,) in the order of ``options``.

    ``share``, ``low`` and ``high`` are 0-1; ``base`` and ``counts`` (of ticks) are rows, -1 where
    unpublished; ``effective_base`` is infinite for a whole team and NaN where unpublished. ``covariance`` is
    (k, k). ``interval`` is "none" for a whole team (low = high = share: nothing was sampled) and for a table
    without bases (low and high NaN). ``substantive`` marks the options that are compared and
    ranked: neither exclusive ("none of these") nor "other". ``form`` is multi, single, scale or unknown.
    """

    group: str
    question: str
    mode: Mode
    form: str
    base_kind: str
    options: tuple[str, ...]
    substantive: NDArray[np.bool_]
    share: Floats
    low: Floats
    high: Floats
    base: NDArray[np.int64]
    effective_base: Floats
    counts: NDArray[np.int64]
    covariance: Floats
    degrees_of_freedom: float
    confidence: float
    interval: Literal["confidence", "none"]

    def select(self, options: Sequence[str]) -> SideShares:
        """The same for some of the options, in the order given."""
        at = [self.options.index(option) for option in options]
        arrays = {
            name: getattr(self, name)[at]
            for name in ("substantive", "share", "low", "high", "base", "effective_base", "counts")
        }
        covariance = self.covariance[np.ix_(at, at)]
        return SideShares(**{**self.__dict__, **arrays, "options": tuple(options), "covariance": covariance})

    def compared(self) -> SideShares:
        """The substantive options only."""
        return self.select([o for o, keep in zip(self.options, self.substantive, strict=True) if keep])

    def table(self) -> pd.DataFrame:
        """option, share, low, high (0-1), count, base, effective_base; one row per option."""
        return pd.DataFrame(
            {
                "option": self.options,
                "share": self.share,
                "low": self.low,
                "high": self.high,
                "count": self.counts,
                "base": self.base,
                "effective_base": self.effective_base,
            }
        )


def is_substantive(question: MultiSelect) -> NDArray[np.bool_]:
    """(k,) the options that can be compared: neither exclusive ("none of these") nor the rest ("other")."""
    out = {*question.exclusive, OTHER}
    return np.array([option not in out for option in question.ticks.columns], dtype=bool)


def sampled(question: MultiSelect, base: Base, design: Design, *, group: str, confidence: float = 0.95) -> SideShares:
    """The shares a sample estimates for its population, with Wilson intervals on effective bases.

    Raises ``NotIdentified`` with "no_<question>" for an empty base, "one_respondent" for a single person.
    """
    return _from_rows(question, base, design, group, "sample", confidence)


def whole_team(question: MultiSelect, base: Base, *, group: str, confidence: float = 0.95) -> SideShares:
    """The shares of a team of which everyone answered: counts, without sampling error."""
    n = len(question.ticks)
    return _from_rows(question, base, Design.simple(n, population=n), group, "whole_team", confidence)


def _from_rows(
    question: MultiSelect, base: Base, design: Design, group: str, mode: Mode, confidence: float
) -> SideShares:
    mask = question.base(base)
    if not mask.any() or question.ticks.shape[1] == 0:
        raise NotIdentified(f"no_{question.question}")
    if mask.sum() == 1:
        raise NotIdentified("one_respondent")
    found: Shares = estimate_shares(question.ticks.to_numpy(dtype=bool), mask, design)
    low, high = share_interval(
        found.share, found.effective_base, confidence, found.degrees_of_freedom if mode == "sample" else np.inf
    )
    k = len(found.share)
    return SideShares(
        group=group,
        question=question.question,
        mode=mode,
        form="multi",
        base_kind=base,
        options=tuple(question.ticks.columns),
        substantive=is_substantive(question),
        share=found.share,
        low=low,
        high=high,
        base=np.full(k, found.base),
        effective_base=found.effective_base,
        counts=found.counts,
        covariance=found.covariance,
        degrees_of_freedom=found.degrees_of_freedom if mode == "sample" else np.inf,
        confidence=confidence,
        interval="confidence" if mode == "sample" else "none",
    )


def published(
    table: PublishedTable,
    options: Sequence[Option] | None = None,
    *,
    question: str = "reasons",
    confidence: float = 0.95,
) -> SideShares:
    """The shares a study printed, for the options that name one of its items (all items without ``options``).

    Only shares and bases are known. The answers of a single-choice question have the multinomial covariance;
    those of other forms are taken as uncorrelated. That changes no interval of one share; contrasts between
    items (levels removed, ranks) are then too wide for the usual positive correlation and, at equal
    correlations, at most by a factor of sqrt(k / (k - 1)) too narrow.
    Raises ``NotIdentified`` with "no_published_items" when no option has an item in the table.
    """
    items = table.items.set_index("item")
    wanted = [(o.option, o.published_item or o.option) for o in options] if options else [(i, i) for i in items.index]
    known = [(option, item) for option, item in wanted if item in items.index]
    if not known:
        raise NotIdentified("no_published_items")
    rows = items.loc[[item for _, item in known]]
    share = rows["share"].to_numpy(dtype=float)
    base = rows["n"].to_numpy(dtype=float)
    forms = {form for form in rows["form"] if isinstance(form, str) and form}
    form = forms.pop() if len(forms) == 1 else "unknown"
    have_bases = bool(np.isfinite(base).all())
    low, high = share_interval(share, base, confidence)
    covariance = independent_covariance(share, base)
    if form == "single" and have_bases:
        off = -np.outer(share, share) / np.sqrt(np.outer(base, base))
        covariance = np.where(np.eye(len(share), dtype=bool), covariance, off)
    whole = np.where(np.isfinite(base), base, -1)
    return SideShares(
        group=table.group,
        question=question,
        mode="published_table",
        form=form,
        base_kind="published",
        options=tuple(option for option, _ in known),
        substantive=np.array([option != OTHER for option, _ in known], dtype=bool),
        share=share,
        low=low,
        high=high,
        base=whole.astype(np.int64),
        effective_base=base,
        counts=np.where(whole >= 0, np.round(share * whole), -1).astype(np.int64),
        covariance=covariance,
        degrees_of_freedom=np.inf,
        confidence=confidence,
        interval="confidence" if have_bases else "none",
    )
