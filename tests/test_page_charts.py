"""Every chart is a valid figure, keeps the house rules, and can not be broken by a label."""

import itertools
import json
import subprocess
import sys
from typing import Any

import page_fixture
import plotly.graph_objects
import pytest

from kesher import page
from kesher.page import canvas, charts

IDS = tuple(page_fixture.charts(nasty=False))
BOTH = [(id, language, narrow) for id in IDS for language in ("en", "he") for narrow in (False, True)]


def data_of(id: str, *, nasty: bool = True) -> dict[str, Any]:
    return page.chart(page_fixture.result(nasty=nasty), id).data


@pytest.mark.parametrize(("id", "language", "narrow"), BOTH)
def test_every_kind_is_a_valid_plotly_figure(id: str, language: str, narrow: bool) -> None:
    figure = charts.figure(data_of(id), language, narrow=narrow)
    made = plotly.graph_objects.Figure(figure)
    assert len(made.data) == len(figure["data"]) > 0
    json.dumps(figure, allow_nan=False)


@pytest.mark.parametrize(("id", "language", "narrow"), BOTH)
def test_no_label_is_markup(id: str, language: str, narrow: bool) -> None:
    written = json.dumps(charts.figure(data_of(id), language, narrow=narrow))
    for banned in ("<script", "<img", "<a ", "<b>", "</script"):
        assert banned not in written


def test_the_fixture_draws_every_kind() -> None:
    assert {data_of(id)["kind"] for id in IDS} == set(charts.KINDS)


def test_drawing_imports_no_plotly() -> None:
    code = (
        "import sys, page_fixture as f; from kesher import page; from kesher.page import layout, charts;"
        "made = f.result(); [charts.figure(page.chart(made, id).data, 'he') for id in made.charts];"
        "layout.page(f.parts(made), language='en', meta=layout.Meta.of(made.to_json()));"
        "assert not {'plotly', 'IPython', 'scipy', 'statsmodels'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=page_fixture.__file__.rpartition("/")[0])


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("colour", "least"), [(canvas.INK, 4.5), (canvas.GREY, 4.5), (canvas.ACCENT, 4.5), (canvas.MARK, 3.0)]
)
def test_colours_keep_their_contrast_on_paper(colour: str, least: float) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= least


def test_bars_start_at_zero() -> None:
    axis = charts.figure(data_of("expectations_bars"), "en")["layout"]["xaxis"]
    assert axis["range"][0] == 0
    assert axis["zeroline"]


def test_hebrew_mirrors_the_value_axis_and_puts_labels_at_the_right() -> None:
    english, hebrew = (charts.figure(data_of("gap_dumbbell"), language)["layout"] for language in ("en", "he"))
    assert hebrew["xaxis"]["range"] == english["xaxis"]["range"][::-1]
    assert hebrew["margin"]["r"] > hebrew["margin"]["l"]
    assert english["margin"]["l"] > english["margin"]["r"]
    assert {note["xanchor"] for note in hebrew["annotations"] if note["xref"] == "paper"} == {"right"}


def test_a_gap_that_is_not_distinct_is_grey_dotted_and_light() -> None:
    figure = charts.figure(data_of("gap_dumbbell"), "en")
    lines = {trace["line"]["dash"]: trace["line"]["color"] for trace in figure["data"] if trace["mode"] == "lines"}
    assert lines["dot"] == canvas.MARK
    note = next(note for note in figure["layout"]["annotations"] if note["text"] == "−6 pp")
    assert note["font"]["weight"] == 400


def test_at_most_one_accent_colour() -> None:
    allowed = {canvas.INK, canvas.GREY, canvas.MARK, canvas.LIGHT, canvas.ACCENT, canvas.PAPER}
    for id in IDS:
        written = json.dumps(charts.figure(data_of(id), "en"))
        colours = {word for word in written.split('"') if word.startswith("#") and len(word) == 7}
        assert colours <= allowed


def test_a_withheld_value_says_so() -> None:
    texts = [note["text"] for note in charts.figure(data_of("expectations_bars"), "en")["layout"]["annotations"]]
    assert "withheld" in texts


def test_ranks_stand_in_order_and_ties_do_not_overlap() -> None:
    figure = charts.figure(data_of("ranks_slope", nasty=False), "en")
    left = sorted(trace["y"][0] for trace in figure["data"])
    assert all(later - earlier > 15 for earlier, later in itertools.pairwise(left))
    first = min(figure["data"], key=lambda trace: trace["y"][0])
    assert "I am a loyal customer" in first["hovertext"][0]


def test_the_words_of_a_chart_say_its_values() -> None:
    told = charts.described(data_of("gap_dumbbell", nasty=False), "en")
    assert "I am a loyal customer: customers 49%, marketers 24%, Gap −25 pp." in told
    assert "\u2066" not in charts.described(data_of("gap_dumbbell"), "he")


@pytest.mark.parametrize(
    ("kind", "roles", "words"),
    [
        ("pie", {}, "not one of dumbbell"),
        ("bars", {"label": "a"}, r"needs the roles \['value'\]"),
        ("bars", {"label": "a", "value": "b", "gap": "c"}, r"does not draw the roles \['gap'\]"),
    ],
)
def test_a_chart_that_can_not_be_drawn_is_refused_by_name(kind: str, roles: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        charts.check(kind, roles)


def test_hover_texts_keep_signs_on_their_side_in_hebrew() -> None:
    written = json.dumps(charts.figure(data_of("gap_dumbbell", nasty=False), "he"), ensure_ascii=False)
    assert "\u2066−25\u2069 נ״א" in written.replace("\u00a0", " ")


def test_the_upload_button_is_off() -> None:
    assert charts.CONFIG["showSendToCloud"] is False
    assert charts.CONFIG["modeBarButtons"] == [["toImage"]]


@pytest.mark.parametrize("rows", [0, 1])
def test_few_rows_are_drawn_too(rows: int) -> None:
    for id in IDS:
        data = data_of(id)
        few = data | {"rows": data["rows"][:rows]}
        for narrow in (False, True):
            plotly.graph_objects.Figure(charts.figure(few, "he", narrow=narrow))
