"""Texts at the edge are inert, keep their direction, and fit where they are put."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kesher.page.prose import rendered
from kesher.page.text import cell, clean, day, emphasised, esc, number, plotly_text, width, wrapped
from kesher.words import FSI, LRI, PDI, RLI

SCRIPT = "<script>alert(1)</script>"


@given(st.text())
def test_escaped_text_reads_back_as_the_cleaned_text(text: str) -> None:
    escaped = esc(text)
    assert not set("<>\"'") & set(escaped)
    assert html.unescape(escaped).replace("\u00a0", " ") == clean(text).replace("\u00a0", " ")


@given(st.text(alphabet="ab" + LRI + RLI + FSI + PDI + "\u202e\x00"))
def test_cleaned_text_closes_every_isolate_it_opens(text: str) -> None:
    depth = 0
    for letter in clean(text):
        depth += (letter in LRI + RLI + FSI) - (letter == PDI)
        assert depth >= 0
    assert depth == 0
    assert "\u202e" not in clean(text)


@given(st.text())
def test_a_plotly_label_holds_no_markup_but_line_breaks(text: str) -> None:
    label = plotly_text([text, "second"], "en")
    assert "<" not in label.replace("<br>", "")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("49% of customers; 24% of marketers.", "<b>49%</b> of customers; <b>24%</b> of marketers."),
        ("a gap of −25 pp, ₪1,200 a month", "a gap of <b>−25 pp</b>, <b>₪1,200</b> a month"),
        ("from 15 December 2026", "from 15 December 2026"),
        (f"by {FSI}Studio 54{PDI}", f"by {FSI}Studio 54{PDI}"),
        (f"{LRI}−25{PDI} נ״א", f"<b>{LRI}−25{PDI} נ״א</b>"),
        (f"{SCRIPT} 3%", "&lt;script&gt;alert(<b>1</b>)&lt;/script&gt; <b>3%</b>"),
    ],
)
def test_a_headline_sets_its_quantities_bold_and_nothing_else(text: str, expected: str) -> None:
    assert emphasised(text).replace("\u00a0", " ") == expected


def test_points_in_hebrew_keep_the_number_before_its_unit() -> None:
    assert number(-25.0, "pp", 0, "he", "ILS") == f"{LRI}−25{PDI} נ״א"
    assert number(0.49, "share", 0, "he", "ILS") == f"{LRI}49%{PDI}"
    assert number(27.0, "pp", 0, "en", "ILS") == "+27 pp"


def test_ranges_of_numbers_run_left_to_right_in_hebrew_too() -> None:
    assert plotly_text("גילאי 18–24", "he") == f"{RLI}גילאי {LRI}18–24{PDI}{PDI}"
    assert plotly_text("18–24", "en") == "18–24"
    assert cell({"en": "18-24", "he": "18-24"}, "text", 0, "he", "ILS") == f"{LRI}18-24{PDI}"


def test_a_tie_of_ranks_is_not_rounded_away() -> None:
    assert number(2.5, "rank", 0, "en", "ILS") == "2.5"
    assert number(2.0, "rank", 0, "en", "ILS") == "2"


def test_dates_put_the_day_first_and_leave_other_words_alone() -> None:
    assert day("2026-10-31", "en") == "31 October 2026"
    assert day("2026-10-31", "he") == "31 באוקטובר 2026"
    assert day("2026-12-01", "he", "medium") == "1.12.2026"
    assert day("before the summer", "en") == "before the summer"


@given(st.text(max_size=300), st.integers(60, 300))
def test_wrapped_lines_fit_and_lose_nothing(text: str, limit: int) -> None:
    lines = wrapped(text, limit, 15)
    assert all(width(line, 15) <= limit or len(line) == 1 for line in lines)
    assert "".join("".join(lines).split()) == "".join(wrapped(text, 1e9, 15)[0].split())


@pytest.mark.parametrize(
    ("source", "banned"),
    [
        (SCRIPT, "<script"),
        ("<img src=x onerror=alert(1)>", "<img"),
        ("![x](https://example.com/a.png)", "<img"),
        ("[x](javascript:alert(1))", "javascript:"),
        ("[x](data:text/html;base64,AAAA)", "data:"),
        ("<a href='https://e.example' onclick='alert(1)'>x</a>", "<a href"),
        ('[x](https://e.example "t\\" onmouseover=alert(1))', '" onmouse'),
    ],
)
def test_markdown_can_do_nothing_but_be_read(source: str, banned: str) -> None:
    assert banned not in rendered(source).replace(html.escape(source), "")


def test_markdown_keeps_structure_and_web_links() -> None:
    shown = rendered("# Why\n\n**Bold** and [a link](https://example.com)\n\n- one\n- two")
    assert "<h3>Why</h3>" in shown
    assert '<a href="https://example.com" rel="noopener noreferrer">a link</a>' in shown
    assert shown.count("<li>") == 2
