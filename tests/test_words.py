"""The two catalogues say the same things, and numbers are written as each language writes them."""

from __future__ import annotations

import datetime
import re
import string
import tomllib
from functools import cache
from pathlib import Path

import pytest

from kesher import words
from kesher.results import Unit
from kesher.words import FSI, LRI, PDI, Quantity, bare, both, entries, quantity, say, written

LIB = Path(words.__file__).parent
PLURALS = ("zero", "one", "two", "few", "many", "other")


@cache
def stems(language: str) -> dict[str, list[str]]:
    """Templates by key, plural forms of one sentence under one key."""
    found: dict[str, list[str]] = {}
    for key, template in entries(language).items():
        stem, _, last = key.rpartition(".")
        found.setdefault(stem if last in PLURALS and f"{stem}.other" in entries(language) else key, []).append(template)
    return found


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


def test_both_catalogues_hold_the_same_keys() -> None:
    assert set(stems("en")) == set(stems("he"))


@pytest.mark.parametrize("key", sorted(stems("en")))
def test_both_languages_fill_the_same_placeholders(key: str) -> None:
    named = [set().union(*map(placeholders, stems(language)[key])) for language in ("en", "he")]
    assert named[0] == named[1]


def test_hebrew_is_hebrew_and_english_is_not() -> None:
    for key, template in entries("en").items():
        assert not re.search(r"[\u0590-\u05ff]", template), key
    names = {"like.method.kish"}  # an author and a year
    for key, template in entries("he").items():
        words_of = re.sub(r"\{\w+\}", "", template)
        latin_only = re.search(r"[A-Za-z]{3,}", words_of) and not re.search(r"[\u0590-\u05ff]", words_of)
        assert not latin_only or key in names, key


def test_words_that_mislead_in_hebrew_do_not_occur() -> None:
    """notes of the style book: club points, army pay, firms for memberships, pressing a Like."""
    text = " ".join(entries("he").values())
    for wrong in ("תגמול", "לוחצים לייק", "מומצא"):
        assert wrong not in text
    assert not re.search(r"נקודות(?! אחוז| ה?מועדון)", text)  # points of a percentage or of a club, never bare


def test_every_unit_has_its_suffix() -> None:
    for language in words.LANGUAGES:
        known = tomllib.loads((LIB / f"{language}.toml").read_text(encoding="utf-8"))["unit"]["suffix"]
        assert set(Unit.__args__) <= set(known)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("given", "english", "hebrew"),
    [
        (Quantity(0.494, "share"), "49%", "49%"),
        (Quantity(-25.0, "pp", signed=True), "−25 pp", "−25 נ״א"),
        (Quantity(27.0, "pp", signed=True), "+27 pp", "+27 נ״א"),
        (Quantity(-0.04, "pp", signed=True), "0 pp", "0 נ״א"),
        (Quantity(1234.0, "count"), "1,234", "1,234"),
        (Quantity(4.13, "count", 1), "4.1", "4.1"),
        (Quantity(1200.0, "money", currency="ILS"), "₪1,200", "₪1,200"),
    ],
)
def test_numbers_are_written_with_their_unit(given: Quantity, english: str, hebrew: str) -> None:
    assert bare(quantity(given, "en")) == english
    assert bare(quantity(given, "he")) == hebrew


def test_a_number_inside_hebrew_is_isolated_so_that_its_minus_stays() -> None:
    assert f"{LRI}−25{PDI}" in written(Quantity(-25.0, "pp", signed=True), "he")


def test_a_name_of_the_client_is_isolated_in_both_languages() -> None:
    said = say("like.quoted", option=both("Blue Camel", "גמל כחול"))
    assert bare(said["en"]) == "“Blue Camel”" and PDI in said["en"] and PDI in said["he"]
    assert said["en"].startswith("“" + FSI)


def test_dates_are_written_in_words() -> None:
    day = datetime.date(2026, 10, 31)
    assert written(day, "en") == "31 October 2026"
    assert "אוקטובר" in written(day, "he")


def test_a_missing_placeholder_and_a_missing_key_are_told_by_name() -> None:
    with pytest.raises(KeyError, match="option"):
        say("like.quoted")
    with pytest.raises(KeyError, match=r"like\.nothing"):
        say("like.nothing")


def test_plural_forms_follow_each_language() -> None:
    one, two, many = (say("like.chart.offers.title", n=n, p=Quantity(0.6, "share")) for n in (1, 2, 5))
    assert "One offer" in one["en"] and "שתי הצעות" in two["he"] and "5" in many["he"]
