"""The page in a real browser: every chart drawn, nothing cut off at any width, no request, no dialog; paper.

Needs Chromium (or KESHER_BROWSER): without one these tests are skipped, and say so.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import page_fixture
import pytest

from kesher import report
from kesher.page import pictures
from kesher.page.parts import PLOTLY

sync_api = pytest.importorskip("playwright.sync_api")
BROWSER = pictures.browser()
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="NO BROWSER: the pages were NOT tested. " + pictures.MISSING),
]
WIDTHS = (1280, 820, 390, 320)
WAIT = 20_000  # milliseconds
DRAWN = "() => document.documentElement.dataset.drawn || document.documentElement.dataset.failed"

# Texts of every chart that stick out of their drawing, and texts that lie on one another.
CUT_OFF = """() => [...document.querySelectorAll('.plot')].flatMap(plot => {
  const frame = plot.querySelector('.main-svg').getBoundingClientRect();
  return [...plot.querySelectorAll('text')].filter(text => text.textContent.trim()).filter(text => {
    const box = text.getBoundingClientRect();
    return box.left < frame.left - 1.5 || box.right > frame.right + 1.5
        || box.top < frame.top - 1.5 || box.bottom > frame.bottom + 1.5;
  }).map(text => plot.dataset.figures + ': ' + text.textContent);
})"""
OVERLAPPING = """() => [...document.querySelectorAll('.plot')].flatMap(plot => {
  const boxes = [...plot.querySelectorAll('text')].filter(text => text.textContent.trim())
    .map(text => [text.textContent, text.getBoundingClientRect()]);
  return boxes.flatMap(([first, a], place) => boxes.slice(place + 1).filter(([, b]) =>
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > 2
    && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 4).map(([second]) =>
      plot.dataset.figures + ': ' + first + ' / ' + second));
})"""
SIDEWAYS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a notebook with nasty labels and one chart that a strategist drew without a part."""
    made = page_fixture.notebook(page_fixture.result(nasty=True))
    labels = ["<b>one</b>", '<a href="javascript:alert(4)">two</a>']
    bare = {"data": [{"type": "bar", "x": labels, "y": [1, 2]}], "layout": {"title": {"text": "Own <i>chart</i>"}}}
    output = {"output_type": "display_data", "metadata": {}, "data": {PLOTLY: bare}}
    made["cells"].append({"cell_type": "code", "metadata": {}, "source": "", "outputs": [output]})
    target = tmp_path_factory.mktemp("pages")
    report.write_reports(made, target)
    return target


@pytest.fixture(scope="module", params=[False, True], ids=["labels", "nasty"])
def choice(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The pages of a notebook with the charts of a choice."""
    target = tmp_path_factory.mktemp("choice")
    report.write_reports(page_fixture.notebook(page_fixture.result(nasty=request.param, choice=True)), target)
    return target


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_api.sync_playwright() as play:
        arguments = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND"]
        browser = play.chromium.launch(executable_path=BROWSER, args=arguments)
        yield browser
        browser.close()


class Visit:
    """A page opened at a width, with everything it tried to do."""

    def __init__(self, chromium: Any, path: Path, width: int, *, scripts: bool = True) -> None:
        self.page = chromium.new_page(viewport={"width": width, "height": 900}, java_script_enabled=scripts)
        self.said: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.said.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.blocked: list[str] = []  # by the page's own policy, before they left
        self.page.on("requestfailed", lambda one: self.blocked.append(one.url) if one.failure == "csp" else None)
        self.page.goto(path.as_uri())
        if scripts:
            self.page.wait_for_function(DRAWN, timeout=WAIT)

    def network(self) -> list[str]:
        """Requests that are not the file itself or data inside it."""
        return [url for url in self.asked[1:] if not url.startswith(("data:", "blob:"))]


def page_path(folder: Path, language: str) -> Path:
    (path,) = folder.glob(f"*_{language}.html")
    return path


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "he"])
def test_every_chart_is_drawn_whole_at_every_width(chromium: Any, folder: Path, language: str, width: int) -> None:
    visit = Visit(chromium, page_path(folder, language), width)
    evaluate = visit.page.evaluate
    assert evaluate("document.documentElement.dataset.failed") is None
    assert evaluate("document.querySelectorAll('.plot .main-svg:first-child').length") == 10
    assert evaluate("document.documentElement.dataset.charts") == "10"
    assert evaluate(CUT_OFF) == []
    assert evaluate(OVERLAPPING) == []
    scroll, client = evaluate(SIDEWAYS)
    assert scroll <= client
    assert visit.network() == []
    assert visit.said == []
    visit.page.close()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["en", "he"])
def test_the_charts_of_a_choice_are_drawn_whole_at_every_width(
    chromium: Any, choice: Path, language: str, width: int
) -> None:
    visit = Visit(chromium, page_path(choice, language), width)
    evaluate = visit.page.evaluate
    assert evaluate("document.documentElement.dataset.failed") is None
    assert evaluate("document.querySelectorAll('.plot .main-svg:first-child').length") == 4
    assert evaluate("document.querySelectorAll('noscript').length") == 4
    assert evaluate(CUT_OFF) == []
    assert evaluate(OVERLAPPING) == []
    scroll, client = evaluate(SIDEWAYS)
    assert scroll <= client
    visit.page.set_viewport_size({"width": 695, "height": 1000})  # the printable width of A4
    evaluate("dispatchEvent(new Event('beforeprint'))")
    visit.page.wait_for_timeout(300)
    assert evaluate(CUT_OFF) == []
    assert evaluate(OVERLAPPING) == []
    assert visit.network() == [] and visit.said == []
    visit.page.close()


@pytest.mark.parametrize("language", ["en", "he"])
def test_nothing_a_respondent_wrote_runs(chromium: Any, folder: Path, language: str) -> None:
    visit = Visit(chromium, page_path(folder, language), 1280)
    for plot in visit.page.query_selector_all(".plot"):
        box = plot.bounding_box()
        for step in range(1, 12):
            visit.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * step / 12)
    links = visit.page.evaluate("[...document.querySelectorAll('.plot a[*|href]')].map(link => link.outerHTML)")
    assert [link for link in links if "modebar" not in link] == []
    assert visit.said == []
    assert visit.network() == []
    visit.page.close()


def test_a_script_that_slipped_in_would_not_run(chromium: Any, folder: Path, tmp_path: Path) -> None:
    text = page_path(folder, "en").read_text(encoding="utf-8")
    hostile = tmp_path / "hostile.html"
    attack = "<script>alert(5)</script><img src=x onerror=alert(6)><img src=https://example.com/a.png>"
    hostile.write_text(text.replace("</h1>", "</h1>" + attack, 1), encoding="utf-8")
    visit = Visit(chromium, hostile, 820)
    assert not [said for said in visit.said if said.startswith("dialog")]
    assert "https://example.com/a.png" in visit.blocked
    visit.page.close()


def test_a_chart_that_can_not_be_drawn_leaves_the_others_alone(chromium: Any, folder: Path, tmp_path: Path) -> None:
    text = page_path(folder, "en").read_text(encoding="utf-8")
    found = re.search(r'data-figures="(figures-[^"]+)"', text)
    assert found is not None
    start = text.index(f'id="{found[1]}">') + len(f'id="{found[1]}">')
    harmed = tmp_path / "harmed.html"
    harmed.write_text(text[:start] + "{}" + text[text.index("</script>", start) :], encoding="utf-8")
    visit = Visit(chromium, harmed, 820)
    visit.page.wait_for_function("() => document.documentElement.dataset.drawn", timeout=WAIT)
    assert visit.page.evaluate("document.querySelectorAll('.plot .main-svg:first-child').length") == 9
    assert visit.page.evaluate("document.querySelectorAll('.plot > img').length") == 1
    visit.page.set_viewport_size({"width": 390, "height": 800})
    visit.page.wait_for_timeout(500)
    assert visit.said == []
    visit.page.close()


def test_no_button_offers_to_upload_a_chart(chromium: Any, folder: Path) -> None:
    visit = Visit(chromium, page_path(folder, "en"), 1280)
    titles = visit.page.evaluate("[...document.querySelectorAll('.modebar-btn')].map(one => one.dataset.title)")
    assert len(titles) == 10
    assert not [title for title in titles if title and ("share" in title.lower() or "cloud" in title.lower())]
    visit.page.close()


@pytest.mark.parametrize("language", ["en", "he"])
def test_readers_without_scripts_see_a_picture_of_every_chart(chromium: Any, folder: Path, language: str) -> None:
    visit = Visit(chromium, page_path(folder, language), 820, scripts=False)
    images = visit.page.locator("noscript img")
    assert images.count() == 10
    for place in range(10):
        box = images.nth(place).bounding_box()
        assert box is not None
        assert box["height"] > 80
    visit.page.close()


def test_resizing_redraws_for_the_new_width(chromium: Any, folder: Path) -> None:
    visit = Visit(chromium, page_path(folder, "he"), 1280)
    before = visit.page.evaluate("document.querySelector('.plot').layout.margin.r")
    visit.page.set_viewport_size({"width": 390, "height": 800})
    visit.page.wait_for_function(f"() => document.querySelector('.plot').layout.margin.r < {before} / 2", timeout=WAIT)
    visit.page.wait_for_timeout(300)
    assert visit.page.evaluate(CUT_OFF) == []
    visit.page.close()


@pytest.mark.parametrize("language", ["en", "he"])
def test_paper_gets_whole_charts_and_open_sections(chromium: Any, folder: Path, language: str) -> None:
    visit = Visit(chromium, page_path(folder, language), 1280)
    made = visit.page.pdf(format="A4", print_background=True)
    assert made.startswith(b"%PDF")
    assert made.count(b"/Type /Page\n") >= 4
    visit.page.emulate_media(media="print")
    visit.page.set_viewport_size({"width": 695, "height": 1000})  # the printable width of A4
    visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    visit.page.wait_for_timeout(300)
    assert visit.page.evaluate(CUT_OFF) == []
    scroll, client = visit.page.evaluate(SIDEWAYS)
    assert scroll <= client
    folds = "[...document.querySelectorAll('details:not(.figures)')]"
    assert visit.page.evaluate(f"{folds}.every(fold => fold.open)")
    assert visit.page.evaluate("getComputedStyle(document.querySelector('.modebar')).display") == "none"
    visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert not visit.page.evaluate(f"{folds}.some(fold => fold.open)")
    visit.page.close()


def test_the_keyboard_reaches_tables_and_sections(chromium: Any, folder: Path) -> None:
    visit = Visit(chromium, page_path(folder, "en"), 390)
    reached = set()
    for _ in range(40):
        visit.page.keyboard.press("Tab")
        reached.add(visit.page.evaluate("document.activeElement.tagName + '.' + document.activeElement.className"))
    assert {"DIV.scroll", "SUMMARY."} <= reached
    visit.page.close()


@pytest.mark.parametrize("language", ["en", "he"])
def test_a_page_with_pictures_stays_below_two_and_a_half_megabytes(folder: Path, language: str) -> None:
    assert page_path(folder, language).stat().st_size < 2_500_000


def test_the_index_needs_no_script_and_no_network(chromium: Any, folder: Path) -> None:
    made = page_fixture.result()
    links = {language: page_path(folder, language).name for language in ("en", "he")}
    entry = report.Entry(
        workbook="like_motivation", title=made.title, answer=made.answer.headline, as_of=made.as_of, links=links
    )
    path = report.write_index(folder, [entry], client_name=made.client_name)
    for width in WIDTHS:
        visit = Visit(chromium, path, width, scripts=False)
        assert visit.network() == []
        assert visit.said == []
        box = visit.page.locator("main").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        visit.page.locator("a").first.click()
        assert visit.page.url.endswith("_en.html")
        visit.page.close()
