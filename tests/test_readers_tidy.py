"""The bases of a multi-select question: nested, and never taken from one another."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from kesher.readers.tidy import MultiSelect

# asked: all but the last; answered: all but the two last of the five; one ticked only an exclusive option
QUESTION = MultiSelect(
    "reasons",
    pd.DataFrame([[1, 0, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0], [1, 0, 0]], columns=["deals", "news", "none"]).astype(
        bool
    ),
    np.array([True, True, True, True, False]),
    np.array([True, True, True, False, True]),
    frozenset({"none"}),
)


def test_base_of_everyone_asked() -> None:
    assert QUESTION.base("asked").tolist() == [True, True, True, True, False]


def test_base_of_who_answered_counts_an_exclusive_answer() -> None:
    assert QUESTION.base("answered").tolist() == [True, True, True, False, False]


def test_base_of_who_ticked_leaves_exclusive_answers_out() -> None:
    assert QUESTION.base("ticked").tolist() == [True, True, False, False, False]


def test_bases_are_nested_and_give_different_shares() -> None:
    """Star Wars' trap: one count of ticks, three shares."""
    masks = [QUESTION.base(kind) for kind in ("asked", "answered", "ticked")]  # type: ignore[arg-type]
    for wider, narrower in pairwise(masks):
        assert not (narrower & ~wider).any()
    news = QUESTION.ticks["news"].to_numpy()
    assert [round(news[mask].mean(), 3) for mask in masks] == [0.25, 0.333, 0.5]


def test_base_of_another_name_is_refused() -> None:
    with pytest.raises(ValueError, match="asked, answered or ticked"):
        QUESTION.base("all")  # type: ignore[arg-type]


def test_the_mask_given_out_is_not_the_tables_own() -> None:
    QUESTION.base("asked")[:] = False
    assert QUESTION.asked.any()
