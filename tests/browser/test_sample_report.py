"""The sample client's own reports in a real browser: both languages, desk and phone, every chart, no request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from browser.test_report import BROWSER, CUT_OFF, OVERLAPPING, SIDEWAYS, Visit, chromium, page_path, pytestmark
from kesher import report
from kesher.words import bare

__all__ = ["chromium", "pytestmark"]  # the browser, and its absence, are those of the other pages
NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
LIMIT_BYTES = 2_500_000


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, notebook: Path) -> Path:
    target = tmp_path_factory.mktemp("sample")
    report.write_reports(notebook, target)
    return target


@pytest.mark.parametrize("width", [1280, 820, 390])
@pytest.mark.parametrize("language", ["en", "he"])
def test_the_report_is_whole_at_every_width(
    chromium: Any, notebook: Path, folder: Path, language: str, width: int
) -> None:
    result = report.result_of(notebook)
    visit = Visit(chromium, page_path(folder, language), width)
    evaluate = visit.page.evaluate
    assert evaluate("document.querySelectorAll('.plot .main-svg:first-child').length") == len(result["charts"]) >= 8
    assert evaluate(CUT_OFF) == []
    assert evaluate(OVERLAPPING) == []
    scroll, client = evaluate(SIDEWAYS)
    assert scroll <= client
    assert visit.network() == [] and visit.said == []
    assert evaluate("document.documentElement.dir") == {"en": "ltr", "he": "rtl"}[language]
    visit.page.close()


@pytest.mark.parametrize("language", ["en", "he"])
def test_the_answer_comes_first_and_the_data_are_called_invented(
    chromium: Any, notebook: Path, folder: Path, language: str
) -> None:
    result = report.result_of(notebook)
    visit = Visit(chromium, page_path(folder, language), 1280)
    shown = visit.page.inner_text("main")
    headline = bare(result["answer"]["headline"][language])
    assert headline in bare(shown) and bare(shown).index(headline) < 400
    assert {"en": "for illustration only", "he": "להמחשה בלבד"}[language] in visit.page.inner_text("body")[:300]
    visit.page.close()


@pytest.mark.skipif(BROWSER is None, reason="no browser, no still pictures")
def test_the_report_is_small_enough_to_send(notebook: Path, folder: Path) -> None:
    charts = len(report.result_of(notebook)["charts"])
    for path in folder.glob("*.html"):
        assert path.stat().st_size < LIMIT_BYTES, path.name
        assert path.read_text(encoding="utf-8").count("<noscript>") == charts


def test_every_chart_of_the_notebook_is_in_the_report(notebook: Path) -> None:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    drawn = sum("application/vnd.plotly.v1+json" in data for data in outputs)
    assert drawn == sum(part.kind in ("chart", "figure") for part in report.parts_of(notebook)) >= 8
