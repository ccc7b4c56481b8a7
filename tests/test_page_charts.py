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
    allowed = {canvas.INK, canvas.GREY, canvas.MARK, canvas.LIGHT, canvas.PALE, canvas.ACCENT, canvas.PAPER}
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


@pytest.mark.parametrize("id", ["profile_line", "cash_line", "decay_line"])
def test_time_runs_left_to_right_in_both_languages(id: str) -> None:
    english, hebrew = (charts.figure(data_of(id, nasty=False), language)["layout"] for language in ("en", "he"))
    for layout in (english, hebrew):
        assert layout["xaxis"]["range"] == sorted(layout["xaxis"]["range"])
        assert layout["xaxis"]["tickvals"] == sorted(layout["xaxis"]["tickvals"])
    assert hebrew["margin"]["l"] > 20 and hebrew["yaxis"]["visible"]


def texts(figure: dict[str, Any]) -> str:
    return json.dumps(figure["layout"], ensure_ascii=False)


def test_a_curve_breaks_where_a_point_is_withheld_and_says_so() -> None:
    figure = charts.figure(data_of("decay_line", nasty=False), "en")
    dashed = [trace for trace in figure["data"] if trace["mode"] == "lines" and trace["line"].get("dash") == "dash"]
    assert [trace["x"] for trace in dashed] == [[0, 1, 2], [4, 5, 6]]
    assert "withheld" in texts(figure)
    assert any("withheld" in note for trace in figure["data"] for note in trace.get("hovertext", []))
    assert "withheld" not in texts(charts.figure(data_of("profile_line", nasty=False), "en"))  # left out on purpose


def test_the_end_of_each_curve_carries_its_value_and_name() -> None:
    notes = [note["text"] for note in charts.figure(data_of("decay_line", nasty=False), "en")["layout"]["annotations"]]
    for name, value in (("Points", "3%"), ("Percentage discount", "8%"), ("Experience", "13%")):
        assert any(name in note and value in note for note in notes)


def test_points_of_small_bases_are_open_and_grey() -> None:
    figure = charts.figure(data_of("decay_line", nasty=False), "en")
    grey = [trace for trace in figure["data"] if trace.get("marker", {}).get("color") == canvas.MARK]
    assert grey and all(trace["marker"]["symbol"] == "circle-open" and trace["x"] == [5, 6] for trace in grey)
    assert all("small base" in note for trace in grey for note in trace["hovertext"])


def test_a_profile_tells_its_bases_and_what_zero_does_not_exclude() -> None:
    figure = charts.figure(data_of("profile_line", nasty=False), "en")
    assert "n = 780" in texts(figure)
    dashes = {
        trace["line"]["dash"]: trace["line"]["color"] for trace in figure["data"] if "dash" in trace.get("line", {})
    }
    assert dashes["dot"] == canvas.MARK and dashes["solid"] in (canvas.INK, canvas.MARK)


def test_an_axis_carries_no_unit_in_words() -> None:
    assert "a month" not in " ".join(
        charts.figure(data_of("profile_line", nasty=False), "en")["layout"]["yaxis"]["ticktext"]
    )


def test_a_lowest_point_is_the_one_accent_of_a_curve() -> None:
    figure = charts.figure(data_of("cash_line", nasty=False), "en")
    accents = [trace for trace in figure["data"] if trace.get("marker", {}).get("color") == canvas.ACCENT]
    assert [trace["x"] for trace in accents] == [[4]]
    assert "−₪100,000" in texts(figure)


def test_a_tornado_stands_widest_first_with_the_inputs_at_its_ends() -> None:
    figure = charts.figure(data_of("inputs_tornado", nasty=False), "en")
    bars = [trace for trace in figure["data"] if trace["mode"] == "lines" and trace["line"]["width"] == 16]
    assert [trace["x"][:2] for trace in bars if trace["line"]["color"] == canvas.ACCENT] == [[-60_000, 150_000]]
    swings = [abs(b - a) for trace in bars for a, b in zip(trace["x"][::3], trace["x"][1::3], strict=True)]
    assert swings == sorted(swings, reverse=True)
    placed = {note["text"]: note for note in figure["layout"]["annotations"]}
    assert placed["31%"]["x"] == -60_000 and placed["31%"]["xanchor"] == "right"
    assert placed["₪0.02"]["x"] == 70_000  # the low end of a cost is the high end of the answer
    assert "withheld" in placed


def test_curves_and_tornados_are_told_in_words() -> None:
    told = charts.described(data_of("cash_line", nasty=False), "en")
    assert "5/2026: Cumulative result −₪100,000" in told and "12/2026: Cumulative result ₪194,000" in told
    assert "3/2026" not in told
    assert "Active share: 31% → −₪60,000, 52% → ₪150,000." in charts.described(data_of("inputs_tornado"), "en")
