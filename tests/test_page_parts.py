"""Parts carry their data in both languages, and what a cell shows carries the part."""

import dataclasses
import json
import subprocess
import sys

import page_fixture
import pytest

from kesher import page
from kesher.page import charts
from kesher.page.parts import PART, PLOTLY, RESULT, Part
from kesher.words import entries

RESULT_MADE = page_fixture.result()


@pytest.mark.parametrize("part", page_fixture.parts(RESULT_MADE), ids=lambda part: part.id)
def test_a_part_survives_json_and_is_carried_by_one_output(part: Part) -> None:
    carried = [bundle[PART] for bundle in part.outputs("en") if PART in bundle]
    assert len(carried) == 1
    assert Part.from_json(json.loads(json.dumps(carried[0], allow_nan=False))) == part
    assert all("text/plain" in bundle for bundle in part.outputs("he"))


@pytest.mark.parametrize("part", page_fixture.parts(RESULT_MADE), ids=lambda part: part.id)
def test_the_data_of_a_part_do_not_depend_on_the_language_shown(part: Part) -> None:
    english, hebrew = (
        [bundle[PART] for bundle in part.outputs(language) if PART in bundle] for language in ("en", "he")
    )
    assert english == hebrew


def test_the_language_of_the_notebook_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    part = page.answer(RESULT_MADE)
    monkeypatch.setenv("KESHER_LANGUAGE", "he")
    assert 'dir="rtl"' in part.outputs()[0]["text/html"]
    monkeypatch.setenv("KESHER_LANGUAGE", "xx")
    assert 'dir="ltr"' in part.outputs()[0]["text/html"]


def test_a_chart_shows_title_figure_and_source_with_uploading_off() -> None:
    above, drawn, below = page.chart(RESULT_MADE, "gap_dumbbell").outputs("en")
    assert "Marketers overrate content" in above["text/html"]
    assert drawn[PLOTLY]["config"]["showSendToCloud"] is False
    assert "text/html" not in drawn  # JupyterLab would show the one it ranks higher
    assert "survey of the client" in below["text/html"]


@pytest.mark.parametrize("language", ["en", "he"])
def test_in_a_notebook_the_look_stands_on_each_tag_and_texts_stay_inert(language: str) -> None:
    for part in page_fixture.parts(page_fixture.result(nasty=True)):
        for bundle in part.outputs(language):
            markup = bundle.get("text/html", "")
            assert "<style" not in markup  # dropped by JupyterLab until the notebook is trusted
            assert "<script" not in markup
            assert "<img" not in markup
    (first,) = page.answer(RESULT_MADE).outputs(language)
    side = "right" if language == "he" else "left"
    assert f"text-align:{side}" in first["text/html"]


def test_numbers_carry_the_whole_result() -> None:
    (bundle,) = page.numbers(RESULT_MADE).outputs("en")
    assert bundle[RESULT] == RESULT_MADE.to_json()
    assert 'data-number="gap.loyal"' in bundle["text/html"]
    assert "Withheld: fewer than 10 people stand behind it" in bundle["text/html"]


def test_cells_of_a_table_name_the_number_they_show() -> None:
    part = page.table(RESULT_MADE, "gaps", columns=["reason", "gap"])
    assert part.data["numbers"][0] == [None, "gap.content"]
    moved = dataclasses.replace(RESULT_MADE.numbers["gap.content"], value=1.0)
    other = dataclasses.replace(RESULT_MADE, numbers=RESULT_MADE.numbers | {"gap.content": moved})
    part = page.table(other, "gaps", columns=["reason", "gap"])
    assert part.data["numbers"][0] == [None, None]


def test_an_unknown_column_is_named() -> None:
    with pytest.raises(KeyError, match="no columns"):
        page.table(RESULT_MADE, "gaps", columns=["missing"])


def test_a_chart_of_an_unknown_kind_is_refused_when_the_part_is_made() -> None:
    pie = dataclasses.replace(RESULT_MADE.charts["gap_dumbbell"], kind="pie")
    with pytest.raises(ValueError, match="pie"):
        page.chart(dataclasses.replace(RESULT_MADE, charts={"gap_dumbbell": pie}), "gap_dumbbell")


@pytest.mark.parametrize("first", ["kesher.page", "plotly.io"])
def test_figures_of_a_strategist_have_uploading_off_in_whatever_order_things_are_imported(first: str) -> None:
    code = f"""
import {first}
import kesher.page, plotly.graph_objects, plotly.io
assert plotly.io.renderers["plotly_mimetype"].to_mimebundle(plotly.graph_objects.Figure().to_dict())[
    "application/vnd.plotly.v1+json"]["config"]["showSendToCloud"] is False
assert all(r.config["showSendToCloud"] is False for n in plotly.io.renderers
           if hasattr(r := plotly.io.renderers[n], "config"))
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_pages_do_not_import_plotly() -> None:
    subprocess.run([sys.executable, "-c", "import kesher.page, sys; assert 'plotly' not in sys.modules"], check=True)


def test_every_section_heading_has_its_words() -> None:
    keys = [key.removeprefix("part.heading.") for key in entries("en") if key.startswith("part.heading.")]
    assert "evidence" in keys
    for key in keys:
        assert page.heading(key).data["title"]["he"]


def test_the_catalogue_of_pages_is_the_same_in_both_languages() -> None:
    mine = [{key for key in entries(language) if key.startswith(("page.", "part."))} for language in ("en", "he")]
    assert mine[0] == mine[1]
    for kind in charts.KINDS:
        assert f"part.chart.{kind}" in mine[0]
