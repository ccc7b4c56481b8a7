"""An executed notebook becomes its pages: every part, every chart, no code."""

import json
from pathlib import Path
from typing import Any

import page_fixture
import pytest

from kesher import report
from kesher.faults import WorkbookFailed
from kesher.page import pictures
from kesher.page.index import Entry
from kesher.page.parts import PLOTLY
from kesher.words import both

MADE = page_fixture.result(nasty=True)


@pytest.fixture
def notebook() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(json.dumps(page_fixture.notebook(MADE)))
    return made


def output(data: dict[str, Any]) -> dict[str, Any]:
    shown = {"output_type": "display_data", "metadata": {}, "data": data}
    return {"cell_type": "code", "metadata": {}, "source": "", "execution_count": 1, "outputs": [shown]}


def test_the_parts_are_those_of_the_notebook_in_its_order(notebook: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "workbook.ipynb"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert report.parts_of(path) == page_fixture.parts(MADE)
    assert report.result_of(path) == json.loads(json.dumps(MADE.to_json()))


def test_a_figure_drawn_without_a_part_is_on_the_page_with_its_title(notebook: dict[str, Any]) -> None:
    title = {"text": "<b>Followers</b> &amp; friends<br>by month"}
    labels = ['<a href="https://example.com">x</a>', "plain"]
    drawn = {
        "data": [{"type": "bar", "x": labels, "y": [1, 2]}],
        "layout": {"title": title, "width": 2000, "images": [{"source": "https://example.com/a.png"}]},
    }
    notebook["cells"].append(output({PLOTLY: drawn}))
    part = report.parts_of(notebook)[-1]
    assert part.kind == "figure"
    assert part.data["title"] == "Followers & friends by month"
    layout = part.data["figure"]["layout"]
    assert {"width", "title", "images"}.isdisjoint(layout)
    assert "<a" not in json.dumps(part.data["figure"])


@pytest.mark.parametrize("kind", ["scattergeo", "choropleth", "scattermap", "densitymapbox"])
def test_a_map_is_refused_as_it_would_ask_a_network(notebook: dict[str, Any], kind: str) -> None:
    drawn = {"data": [{"type": "bar"}, {"type": kind}], "layout": {}}
    notebook["cells"].append(output({PLOTLY: drawn}))
    at = sum(cell["cell_type"] == "code" for cell in notebook["cells"])
    with pytest.raises(WorkbookFailed, match=f"Cell {at} draws a map"):
        report.parts_of(notebook)
    drawn["data"] = [{"type": "heatmap"}]
    assert report.parts_of(notebook)[-1].kind == "figure"


def test_markdown_is_on_the_page_only_when_tagged(notebook: dict[str, Any]) -> None:
    for tags in ([], ["report"]):
        cell = {"cell_type": "markdown", "metadata": {"tags": tags}, "source": ["**Note** ", "<script>"]}
        notebook["cells"].append(cell)
    (part,) = [part for part in report.parts_of(notebook) if part.kind == "markdown"]
    assert part.data == {"source": "**Note** <script>"}


def test_pages_are_named_and_hold_no_code(notebook: dict[str, Any], tmp_path: Path) -> None:
    paths = report.write_reports(notebook, tmp_path / "out", pictures=False)
    assert [path.name for path in paths] == [
        "sample_like_motivation_2026-10-31_en.html",
        "sample_like_motivation_2026-10-31_he.html",
    ]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(path.name for path in paths)
    assert "the code of a cell" not in paths[0].read_text(encoding="utf-8")


def test_an_approved_page_differs_only_in_its_badge(notebook: dict[str, Any], tmp_path: Path) -> None:
    draft = report.write_reports(notebook, tmp_path, languages=["en"], pictures=False)[0].read_text()
    meta = report.Meta.of(report.result_of(notebook), approved={"by": "Dana", "on": "2026-11-05"})
    (path,) = report.write_reports(notebook, tmp_path, meta=meta, languages=["en"], pictures=False)
    pairs = zip(draft.splitlines(), path.read_text().splitlines(), strict=True)
    assert sum(old != new for old, new in pairs) == 1


def test_a_notebook_that_was_not_run_is_refused() -> None:
    empty = {"cells": [{"cell_type": "code", "metadata": {}, "source": "1", "outputs": []}]}
    with pytest.raises(WorkbookFailed, match="no part of a report"):
        report.parts_of(empty)
    with pytest.raises(WorkbookFailed, match="carries 0 results"):
        report.result_of(empty)


def test_the_index_tells_every_answer_in_both_languages(tmp_path: Path) -> None:
    entry = Entry(
        workbook="like_motivation",
        title=MADE.title,
        answer=both("49% name loyalty <script>", "\u206649%\u2069 מציינים נאמנות"),
        as_of="2026-10-31",
        links={"en": "like motivation/a_en.html", "he": "like motivation/a_he.html"},
    )
    path = report.write_index(tmp_path, [entry], client_name=MADE.client_name, illustrative=True)
    text = path.read_text(encoding="utf-8")
    assert path.name == "index.html"
    assert len(text) < 20_000
    assert '<section lang="he" dir="rtl">' in text
    assert 'href="like%20motivation/a_he.html"' in text
    assert "<b>49%</b> name loyalty &lt;script&gt;" in text
    assert "script-src &#x27;none&#x27;" in text


def test_without_a_browser_pages_are_written_all_the_same(
    notebook: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KESHER_BROWSER", "no-such-browser")
    assert pictures.browser() is None
    (path,) = report.write_reports(notebook, tmp_path, languages=["en"])
    assert "<noscript>" not in path.read_text(encoding="utf-8")
    assert "KESHER_BROWSER" in pictures.MISSING


def test_a_browser_that_fails_costs_only_the_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "browser"
    broken.write_text("#!/bin/sh\nexit 3\n")
    broken.chmod(0o755)
    monkeypatch.setenv("KESHER_BROWSER", str(broken))
    assert pictures.pictures(page_fixture.parts(MADE), ["en"]) is None
