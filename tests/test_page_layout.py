"""The page is one file: answer first, inert texts, a policy that names its scripts, nothing from outside."""

import base64
import dataclasses
import gzip
import hashlib
import itertools
import json
import re
from html.parser import HTMLParser
from typing import Any

import page_fixture
import pytest

from kesher import page as parts
from kesher.page.layout import Meta, in_script, page, plotly_path

VOID = {"meta", "img", "br", "hr", "link", "input"}
MADE = page_fixture.result(nasty=True)
META = Meta.of(MADE.to_json(), run="2026-10-31_0123456789")
PAGES = {language: page(page_fixture.parts(MADE), language=language, meta=META) for language in ("en", "he")}


class Reader(HTMLParser):
    """What a browser's parser would find: tags with attributes, text of scripts, whether all tags close."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[tuple[dict[str, str | None], str]] = []
        self.open: list[str] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "script":
            self.scripts.append((self.tags[-1][1], data))
        else:
            self.text.append(data)


READ = {language: Reader(text) for language, text in PAGES.items()}
LANGUAGES = pytest.mark.parametrize("language", ["en", "he"])


@LANGUAGES
def test_every_tag_is_closed_and_only_our_scripts_stand_there(language: str) -> None:
    read = READ[language]
    assert read.open == []
    running = [attributes for attributes, _ in read.scripts if "type" not in attributes]
    assert len(running) == 1
    assert not any(name.startswith("on") for _, attributes in read.tags for name in attributes)
    assert not [tag for tag, _ in read.tags if tag in ("iframe", "object", "embed", "link", "form", "base")]


@LANGUAGES
def test_what_respondents_wrote_is_text(language: str) -> None:
    read = READ[language]
    shown = " ".join(read.text)
    assert "<script>alert(1)</script>" in shown
    assert not [attributes for tag, attributes in read.tags if tag in ("img", "a")]


@LANGUAGES
def test_nothing_is_loaded_from_anywhere(language: str) -> None:
    for tag, attributes in READ[language].tags:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            assert not (attributes.get(name) or "").startswith(("http", "//", "file")), (tag, attributes)
    assert "url(" not in PAGES[language]
    assert "@import" not in PAGES[language]


@LANGUAGES
def test_the_policy_names_exactly_the_scripts_that_run(language: str) -> None:
    read = READ[language]
    policy = next(a["content"] or "" for tag, a in read.tags if tag == "meta" and "http-equiv" in a)
    assert policy.startswith("default-src 'none'")
    assert "unsafe-eval" not in policy
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    loader = next(text for attributes, text in read.scripts if "type" not in attributes)
    packed = next(text for attributes, text in read.scripts if attributes.get("id") == "plotly-js")
    library = gzip.decompress(base64.b85decode(packed.replace(".", "<")))
    assert library == plotly_path().read_bytes()
    hashes = {base64.b64encode(hashlib.sha256(text).digest()).decode() for text in (loader.encode(), library)}
    assert allowed == hashes


@LANGUAGES
def test_a_page_says_its_language_and_stays_small(language: str) -> None:
    tag, attributes = READ[language].tags[0]
    assert (tag, attributes["lang"], attributes["dir"]) == ("html", language, "rtl" if language == "he" else "ltr")
    assert attributes["data-charts"] == "9"
    assert len(PAGES[language].encode()) < 2_500_000


@LANGUAGES
def test_headings_descend_one_level_at_a_time(language: str) -> None:
    levels = [int(tag[1]) for tag, _ in READ[language].tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in itertools.pairwise(levels))


@LANGUAGES
def test_every_chart_has_words_and_every_column_head_a_scope(language: str) -> None:
    plots = [attributes for _, attributes in READ[language].tags if attributes.get("class") == "plot"]
    assert len(plots) == 9
    for attributes in plots:
        assert attributes["role"] == "img"
        assert len(attributes["aria-label"] or "") > 60
    assert all(attributes.get("scope") for tag, attributes in READ[language].tags if tag == "th")


@LANGUAGES
def test_the_figures_of_every_chart_travel_with_the_page(language: str) -> None:
    ids = {attributes["data-figures"] for _, attributes in READ[language].tags if "data-figures" in attributes}
    found = {a["id"]: json.loads(text) for a, text in READ[language].scripts if a.get("id") in ids}
    assert found.keys() == ids
    assert all(set(figures) == {"wide", "narrow"} for figures in found.values())


def test_the_answer_comes_first_whatever_the_order() -> None:
    shuffled = page(page_fixture.parts(MADE)[::-1], language="en", meta=META)
    assert shuffled.index('class="answer"') < shuffled.index("<h2>")


def test_numbers_carry_their_id() -> None:
    marked = {a["data-number"] for _, a in READ["en"].tags if "data-number" in a}
    assert {"gap.loyal", "customers.share.loyal", "tau"} <= marked
    assert "customers.share.loyal marketers.share.loyal gap.loyal" in marked  # a card of three


def test_a_draft_says_so_and_an_approval_names_who_and_when() -> None:
    assert "Draft — not approved" in PAGES["en"]
    assert "טיוטה — טרם אושרה" in PAGES["he"]
    approved = dataclasses.replace(META, approved={"by": "<b>Dana</b>", "on": "2026-11-05"})
    text = page(page_fixture.parts(MADE), language="en", meta=approved)
    assert "Draft" not in text
    assert "&lt;b&gt;Dana&lt;/b&gt;" in text
    assert "5 November 2026" in text


def test_invented_data_are_said_to_be_so() -> None:
    assert "for illustration only" in PAGES["en"]
    real = page(page_fixture.parts(MADE), language="en", meta=dataclasses.replace(META, illustrative=False))
    assert "for illustration only" not in real


def test_the_same_parts_make_the_same_bytes() -> None:
    assert PAGES["he"] == page(page_fixture.parts(MADE), language="he", meta=META)


def test_a_still_picture_serves_readers_without_scripts() -> None:
    still = "data:image/webp;base64,AAAA"
    text = page(page_fixture.parts(MADE), language="en", meta=META, pictures={("en", "chart.gap_dumbbell"): still})
    assert text.count("<noscript><img") == 1
    assert f'<noscript><img src="{still}" alt="' in text


def test_a_page_without_charts_carries_no_plotly() -> None:
    text = page([parts.answer(MADE), parts.method(MADE)], language="en", meta=META)
    assert len(text) < 30_000
    assert "plotly-js" in text  # only as the loader's word for it
    assert 'id="plotly-js"' not in text


def test_the_same_part_twice_is_refused() -> None:
    chart = parts.chart(MADE, "gap_dumbbell")
    with pytest.raises(ValueError, match=r"chart\.gap_dumbbell"):
        page([chart, chart], language="en", meta=META)


def test_data_can_not_end_the_script_they_stand_in() -> None:
    nasty: Any = {"a": "</script><script>alert(1)</script>", "b": "<!--", "c": "\u2028"}
    written = in_script(nasty)
    assert "<" not in written
    assert json.loads(written) == nasty


def test_a_reason_why_exhibits_are_missing_is_told_once() -> None:
    reason, other = {"en": "Nobody was asked.", "he": "איש לא נשאל."}, {"en": "Too few.", "he": "מעט מדי."}
    missing = {"one": reason, "two": reason, "three": other}
    made = dataclasses.replace(MADE, missing=missing)
    text = page([parts.answer(made), *(parts.chart(made, id) for id in missing)], language="en", meta=META)
    assert text.count("Nobody was asked.") == 1
    assert text.count("Too few.") == 1
