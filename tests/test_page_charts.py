"""Every chart is a valid figure, keeps the house rules, and can not be broken by a label."""

import itertools
import json
import random
import subprocess
import sys
from typing import Any

import page_fixture
import plotly.graph_objects
import pytest

from kesher import page
from kesher.page import canvas, charts, steps

NEW = tuple(page_fixture.choice_charts())
IDS = (*page_fixture.charts(nasty=False), *NEW)
BOTH = [(id, language, narrow) for id in IDS for language in ("en", "he") for narrow in (False, True)]


def data_of(id: str, *, nasty: bool = True) -> dict[str, Any]:
    return page.chart(page_fixture.result(nasty=nasty, choice=id in NEW), id).data


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
        "both = [f.result(choice=True), made := f.result()];"
        "[charts.figure(page.chart(one, id).data, 'he') for one in both for id in one.charts];"
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


HOSTILE = dict.fromkeys(("en", "he"), '<img src=x onerror="alert(1)"> </script>\u202e\u2069 ' + "very long " * 30)


def notes(figure: dict[str, Any]) -> list[dict[str, Any]]:
    return list(figure["layout"]["annotations"])


def drawn_rows(id: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The chart of these rows in both languages, for a page and a phone; each must be a figure Plotly takes."""
    data = data_of(id, nasty=False) | {"rows": rows}
    made = []
    for language, narrow in itertools.product(("en", "he"), (False, True)):
        made.append(charts.figure(data, language, narrow=narrow))
        plotly.graph_objects.Figure(made[-1])
        json.dumps(made[-1], allow_nan=False)
        assert charts.described(data, language)
    return made


@pytest.mark.parametrize("id", NEW)
@pytest.mark.parametrize("empty", [None, float("nan"), float("inf")])
def test_charts_of_a_choice_say_what_is_withheld(id: str, empty: float | None) -> None:
    data = data_of(id, nasty=False)
    row = next(row for row in data["rows"] if row["value"] is not None)
    numbers = [role for role in ("value", "low", "high") if role in row]
    figures = drawn_rows(id, [row, *([row | dict.fromkeys(numbers, empty)] if id != "overlap_matrix" else [])])
    if id == "overlap_matrix":
        figures = drawn_rows(id, [row, row | {"row": row["column"], "column": row["row"], "value": empty}])[::2]
    for figure in figures:
        assert any(said in texts(figure) for said in ("withheld", "לא מוצג", "–"))
    assert "nan" not in charts.described(data | {"rows": [row | dict.fromkeys(numbers, empty)]}, "en").lower()


@pytest.mark.parametrize("id", NEW)
def test_charts_of_a_choice_draw_hostile_words_and_twelve_rows(id: str) -> None:
    data = data_of(id, nasty=False)
    words = [role for role in ("label", "below", "above", "group", "row", "column") if role in data["columns"]]
    rows = [row | {role: HOSTILE | {"en": f"{role}{place} {HOSTILE['en']}"} for role in words}
            for place, row in enumerate((data["rows"] * 12)[:12])]  # fmt: skip
    for figure in drawn_rows(id, rows):
        written = json.dumps(figure, ensure_ascii=False)
        assert not any(banned in written for banned in ("<img", "</script", "\u202e"))


def test_spans_draw_the_stretch_and_its_ends_and_the_weight_now() -> None:
    figure = charts.figure(data_of("weights_spans", nasty=False), "en")
    bold = {t["line"]["color"]: t["x"] for t in figure["data"] if t["mode"] == "lines" and t["line"]["width"] == 9}
    assert bold[canvas.ACCENT] == [0.28, 0.45, None]  # the one goal that is accented
    assert figure["layout"]["xaxis"]["range"] == [0.0, 1.0]
    placed = {note["text"]: note for note in notes(figure)}
    assert placed["28%"]["xanchor"] == "right" and placed["45%"]["xanchor"] == "left"  # away from the stretch
    assert placed["40%"]["x"] == 0.40 and placed["40%"]["y"] < placed["28%"]["y"] - 12  # above it
    assert "no weight changes the choice" in texts(figure) and "if less: \u2068Facebook" in texts(figure)
    ticks = next(trace for trace in figure["data"] if trace["mode"] == "markers")
    assert ticks["x"][0] == 0.40 and "the choice stays: " in ticks["hovertext"][0]


def test_spans_without_an_accent_are_all_in_it_and_points_of_100_have_their_scale() -> None:
    data = data_of("weights_spans", nasty=False)
    columns = {role: column for role, column in data["columns"].items() if role != "accent"}
    columns["value"] = columns["value"] | {"unit": "ratio"}
    row = {"label": both("Reach"), "value": 40.0, "low": 28.0, "high": 45.0}
    figure = charts.figure(data | {"columns": columns, "rows": [row]}, "en")
    assert [t["line"]["color"] for t in figure["data"] if t["mode"] == "lines"] == [canvas.MARK, canvas.ACCENT]
    assert figure["layout"]["xaxis"]["range"] == [0.0, 100.0]


def both(text: str) -> dict[str, str]:
    return {"en": text, "he": text}


def test_spans_mirror_in_hebrew_with_what_takes_over_on_its_side() -> None:
    figure = charts.figure(data_of("weights_spans", nasty=False), "he", narrow=True)
    assert figure["layout"]["xaxis"]["range"] == [1.0, 0.0]
    sides = {note["xanchor"] for note in notes(figure) if "במשקל נמוך" in note["text"]}, {
        note["xanchor"] for note in notes(figure) if "במשקל גבוה" in note["text"]}  # fmt: skip
    assert sides == ({"right"}, {"left"})


def test_spans_are_told_in_words() -> None:
    told = charts.described(data_of("weights_spans", nasty=False), "en")
    assert "Reach: weight now 40%, the choice stays: 28% to 45%, if less: Facebook, Instagram and WhatsApp" in told
    assert "Mentions: weight now 5%, withheld." in told


def test_steps_are_solid_in_reach_and_dashed_beyond() -> None:
    figure = charts.figure(data_of("hours_steps", nasty=False), "en")
    lines = {(t["line"]["dash"], t["line"]["color"]): t for t in figure["data"] if t["mode"] == "lines"}
    reach, beyond = lines["solid", canvas.INK], lines["dash", canvas.MARK]
    assert reach["x"] == [5, 8, 8, 9.5, 9.5, 14, 14, 20, 20, 22]
    assert reach["y"] == [0.31, 0.31, 0.44, 0.44, 0.45, 0.45, 0.58, 0.58, 0.64, 0.64]  # level, then up: never between
    assert beyond["x"][:3] == [22, 27, 27] and beyond["x"][-1] == 60
    assert lines["dot", canvas.INK]["x"] == [22, 22]


@pytest.mark.parametrize(("language", "more"), [("en", "+5 h"), ("he", "\u2066+5\u2069 שעות")])
def test_the_next_step_is_the_one_accent_and_says_how_much_further(language: str, more: str) -> None:
    figure = charts.figure(data_of("hours_steps", nasty=False), language)
    accents = [t for t in figure["data"] if t.get("marker", {}).get("color") == canvas.ACCENT]
    assert [trace["x"] for trace in accents] == [[27]] and accents[0]["marker"]["symbol"] == "diamond"
    said = [note for note in notes(figure) if more in note["text"]]
    assert len(said) == 2 and all(note["font"]["color"] == canvas.ACCENT for note in said)  # on the axis, in the list
    assert figure["layout"]["xaxis"]["range"] == sorted(figure["layout"]["xaxis"]["range"])  # hours from the left


def test_steps_are_numbered_in_order_and_named_below() -> None:
    for narrow in (False, True):
        figure = charts.figure(data_of("hours_steps", nasty=False), "en", narrow=narrow)
        listed = [note for note in notes(figure) if note["xref"] == "paper" and note["yref"] == "paper"]
        assert [note["text"].partition(".")[0] for note in listed] == [str(place) for place in range(1, 12)]
        assert [note["yshift"] for note in listed] == sorted((note["yshift"] for note in listed), reverse=True)
        assert listed[2]["text"].startswith("3. 9.5 h · 45% · Facebook,") and "uncertain" in listed[9]["text"]
    numbers = [note["text"] for note in notes(figure) if note["xref"] == "x" and note["text"][0].isdigit()]
    assert numbers == ["1", "2–3", "4", "5", "6–8", "9", "10", "11"]  # too close on a phone: one range


def test_more_steps_than_twelve_are_counted_and_the_next_one_is_kept() -> None:
    data = data_of("hours_steps", nasty=False)
    rows = [{"x": x, "value": x / 40, "label": both(f"set {x}"), "mark": 20, "accent": x == 21, "grey": False}
            for x in range(1, 31)]  # fmt: skip
    figure = charts.figure(data | {"rows": rows}, "en")
    assert "set 21" in texts(figure) and "set 11" in texts(figure) and "set 12" not in texts(figure)
    assert "Further rows: \u206818\u2069" in texts(figure) or "Further rows: 18" in texts(figure)


def test_steps_without_a_mark_or_with_a_flag_for_it() -> None:
    data = data_of("hours_steps", nasty=False)
    plain = [row | {"mark": None} for row in data["rows"]]
    dashes = [t["line"]["dash"] for t in charts.figure(data | {"rows": plain}, "en")["data"] if t["mode"] == "lines"]
    assert dashes == ["solid"]
    flagged = [row | {"mark": row["x"] == 14} for row in data["rows"]]
    lines = [t for t in charts.figure(data | {"rows": flagged}, "en")["data"] if t["mode"] == "lines"]
    assert [14.0, 14.0] in [line["x"] for line in lines] and "+13 h" in charts.described(data | {"rows": flagged}, "en")


def test_an_index_stands_around_one_in_both_languages() -> None:
    for language, words in (("en", "1 = as in the population"), ("he", "1 = כמו באוכלוסייה")):
        for narrow in (False, True):
            figure = charts.figure(data_of("against_index", nasty=False), language, narrow=narrow)
            note = next(note for note in notes(figure) if words in note["text"])
            assert note["x"] == 1.0
            line = next(t for t in figure["data"] if t["mode"] == "lines" and t["line"]["width"] == 1)
            assert line["x"] == [1.0, 1.0] and not figure["layout"]["xaxis"]["zeroline"]


@pytest.mark.parametrize("distinct", [False, None])
def test_an_index_whose_interval_holds_one_is_open_grey_and_dotted(distinct: bool | None) -> None:
    data = data_of("against_index", nasty=False)
    unclear = {"label": both("X"), "value": 1.1, "low": 0.8, "high": 1.4} | (
        {} if distinct is None else {"distinct": False}
    )
    clear = {"label": both("Y"), "value": 0.5, "low": 0.4, "high": 0.6}
    figure = charts.figure(data | {"rows": [clear, unclear]}, "en")
    lines = {t["x"][0]: t["line"] for t in figure["data"] if t["mode"] == "lines"}
    assert lines[0.8]["dash"] == "dot" and lines[0.8]["color"] == canvas.MARK
    assert lines[0.4]["dash"] == "solid" and lines[0.4]["color"] == canvas.INK
    dots = {t["x"][0]: t for t in figure["data"] if t["mode"] == "markers"}
    assert dots[1.1]["marker"]["color"] == canvas.PAPER and dots[0.5]["marker"]["color"] == canvas.INK
    assert "not distinguishable from 1" in dots[1.1]["hovertext"][0]


@pytest.mark.parametrize("value", [0.2, 0.9, 1.1, 12.0])
def test_one_is_always_in_view(value: float) -> None:
    rows = [{"label": both("X"), "value": value, "low": value / 1.1, "high": value * 1.1}]
    for figure in drawn_rows("against_index", rows):
        low, high = sorted(figure["layout"]["xaxis"]["range"])
        assert low == 0 and high >= max(1.0, value * 1.1)


def test_a_difference_still_stands_around_zero() -> None:
    figure = charts.figure(data_of("segments_difference", nasty=False), "en")
    assert figure["layout"]["xaxis"]["zeroline"] and "as in the population" not in texts(figure)


def test_cells_of_a_matrix_carry_their_share_and_the_diagonal_none() -> None:
    figure = charts.figure(data_of("overlap_matrix", nasty=False), "en")
    (heat,) = figure["data"]
    assert len(heat["z"]) == 12 and all(heat["z"][place][place] is None for place in range(12))
    assert heat["z"][7][0] == 1.0 and heat["z"][3][1] is None
    placed = {(note["x"], note["y"]): note["text"] for note in notes(figure) if note["xref"] == "x" and "y" in note}
    tall = heat["dy"]
    assert placed[0, 7.5 * tall] == "100%" and placed[1, 3.5 * tall] == "–" and (3, 3.5 * tall) not in placed
    hebrew = charts.figure(data_of("overlap_matrix", nasty=False), "he")["layout"]["xaxis"]["range"]
    assert hebrew == figure["layout"]["xaxis"]["range"][::-1]


def test_a_cell_of_a_network_with_itself_stays_blank_if_it_is_told() -> None:
    data = data_of("overlap_matrix", nasty=False)
    itself = [row | {"column": row["row"], "value": 1.0} for row in data["rows"][:1]]
    figure = charts.figure(data | {"rows": data["rows"][:4] + itself}, "en")
    assert figure["data"][0]["z"][0][0] is None and "100%" not in texts(figure)
    narrow = charts.figure(data | {"rows": data["rows"][:4] + itself}, "en", narrow=True)
    assert max(narrow["data"][0]["x"]) < 1.0


def test_no_number_of_a_step_lies_on_another() -> None:
    """The range of two steps reaches further back than one number, over any before it."""
    data, draw = data_of("hours_steps", nasty=False), random.Random(5)
    for _ in range(600):
        rows, value = [], 0.0
        for x in sorted(draw.sample(range(1, 120), draw.randint(3, 12))):
            value += draw.choice([0.001, 0.02, 0.05, 0.1])
            rows.append({"x": x / 2, "value": value, "label": both("set"), "mark": None})
        plane = steps.Steps(data | {"rows": rows}, "en", True)
        boxes = [plane._box(first, last) for _, first, last, _ in plane._numbers()]
        assert not any(steps._touch(one, other) for one, other in itertools.combinations(boxes, 2))


def test_ink_keeps_its_contrast_on_the_darkest_cell() -> None:
    (heat,) = charts.figure(data_of("overlap_matrix", nasty=False), "en")["data"]
    (_, light), (_, dark) = heat["colorscale"]
    part = 1.0 / heat["zmax"]
    mixed = [round(int(light[at : at + 2], 16) * (1 - part) + int(dark[at : at + 2], 16) * part) for at in (1, 3, 5)]
    shade = "#" + "".join(f"{one:02x}" for one in mixed)
    assert (luminance(shade) + 0.05) / (luminance(canvas.INK) + 0.05) >= 4.5


def test_a_phone_gets_the_strongest_pairs_of_a_matrix_as_bars() -> None:
    figure = charts.figure(data_of("overlap_matrix", nasty=False), "en", narrow=True)
    (bars,) = [trace for trace in figure["data"] if trace["type"] == "bar"]
    assert bars["x"] == sorted(bars["x"], reverse=True) and bars["x"][0] == 1.0 and len(bars["x"]) == 12
    assert "users of Telegram\u2069 → \u2068also on Facebook" in texts(figure)
    assert "users of Telegram → also on Facebook: Share 100%" in charts.described(
        data_of("overlap_matrix", nasty=False), "en"
    )
