"""SPSS files: value labels, multiple-response sets, declared missing values, Hebrew of old and new files."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from readers_kit import CANARY, Desk, note, noted, refused, text_of, ticked

pyreadstat = pytest.importorskip("pyreadstat")

REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "survey"
END = struct.pack("<2i", 999, 0)
UNICODE = struct.pack("<4i", 7, 20, 1, 5) + b"UTF-8"
REASONS = {1: "Deals, coupons", 2: "חדשות", 3: "Fun", 9: "I am a loyal customer", 99: "None of these"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def write(desk: Desk, columns: dict[str, list[Any]], *, sets: str = "", record: int = 19, **told: Any) -> Path:
    """An SPSS file; ``sets`` is put in as SPSS writes its definitions, which pyreadstat can not."""
    path = desk.folder / "survey.sav"
    pyreadstat.write_sav(pd.DataFrame(columns), str(path), **told)
    if sets:
        payload = sets.encode()
        data, more = path.read_bytes(), struct.pack("<4i", 7, record, 1, len(payload)) + payload
        assert data.count(END) == 1
        path.write_bytes(data.replace(END, more + END))
    return path


def same(one: Any, other: Any) -> None:
    """Two readings hold the same people and answers."""
    pd.testing.assert_frame_equal(one.people, other.people)
    assert one.questions.keys() == other.questions.keys()
    for name, question in one.questions.items():
        pd.testing.assert_frame_equal(question.ticks, other.questions[name].ticks)
        assert (question.asked.tolist(), question.answered.tolist(), question.exclusive) == (
            other.questions[name].asked.tolist(),
            other.questions[name].answered.tolist(),
            other.questions[name].exclusive,
        )


# --- labels and codes -------------------------------------------------------------------------------------


def test_the_same_answers_as_csv_and_as_spss(desk: Desk) -> None:
    rows = [[1, "a", 1.5, "News", "18-34", 10], [2, "b", 0.5, "סתם בשביל הכיף", "35+", 0], [3, "a", 1, "", "", ""]]
    desk.write("survey.csv", text_of([["id", "area", "w", "why", "age", "nps"], *rows]))
    desk.columns(
        "id: respondent", "area: stratum", "w: weight", "why: choices reasons", "age: segment age", "nps: recommend"
    )
    columns = {
        "id": [1.0, 2, 3],
        "area": ["a", "b", "a"],
        "w": [1.5, 0.5, 1],
        "why": [2.0, 3, np.nan],
        "age": [1.0, 2, 7],
        "nps": [10.0, 0, np.nan],
    }
    labels = {
        "why": REASONS,
        "age": {1: "18–34", 2: "35 ומעלה", 7: "won't say"},
        "nps": {0: "not at all", 10: "10 surely"},
    }
    write(desk, columns, variable_value_labels=labels, missing_ranges={"age": [7]})
    read = desk.read("survey.sav")
    same(read, desk.read())
    assert (read.source.format, read.source.rows, read.source.columns) == ("sav", 3, 6)
    assert note(read, "user_missing").column == "age" and noted(read, "user_missing") == 1
    assert read.people["weight"].tolist() == [1.5, 0.5, 1]


def test_codes_where_labels_are_in_a_language_the_table_does_not_know(desk: Desk) -> None:
    write(desk, {"why": [1.0, 2, 9]}, variable_value_labels={"why": {1: "Angebote", 2: "Neues", 9: "Treue"}})
    desk.columns("why: choices reasons")
    read = desk.read("survey.sav")
    assert ticked(read) == [{"deals"}, {"news"}, {"loyal"}]
    assert noted(read, "matched_by_code") == 3


@pytest.mark.parametrize(
    "labels", [{1: "News", 2: "Deals, coupons"}, {1: "Angebote", 2: "News"}]
)  # a label that is another option's than its code, and a label beside codes that are options
def test_code_and_label_of_different_options_are_two_readings(desk: Desk, labels: dict[int, str]) -> None:
    write(desk, {"why": [1.0, 2]}, variable_value_labels={"why": labels})
    desk.columns("why: choices reasons")
    with refused("codes_or_labels") as found:
        desk.read("survey.sav")
    assert found.fault.column == "why" and "'why (codes)'" in found.fault.remedy
    desk.columns("why (codes): choices reasons")
    assert ticked(desk.read("survey.sav")) == [{"deals"}, {"news"}]
    desk.columns("why (labels): choices reasons")
    assert ticked(desk.read("survey.sav", other_limit=0.5))[1] == ({"deals"} if labels[1] == "News" else {"news"})


def test_a_scale_coded_from_one_and_labelled_from_nought_is_two_readings(desk: Desk) -> None:
    write(desk, {"nps": [1.0, 11, 5]}, variable_value_labels={"nps": {code: str(code - 1) for code in range(1, 12)}})
    desk.columns("nps: recommend")
    with refused("codes_or_labels"):
        desk.read("survey.sav")
    desk.columns("nps (labels): recommend")
    assert desk.read("survey.sav").people["recommend"].tolist() == [0, 10, 4]


def test_an_unmatched_label_is_never_taken_apart(desk: Desk) -> None:
    """ "News, views" is one answer of the file, not the option News."""
    write(desk, {"why": [1.0, 5]}, variable_value_labels={"why": {1: "Deals, coupons", 5: "News, views"}})
    desk.columns("why: choices reasons")
    assert ticked(desk.read("survey.sav", other_limit=0.5)) == [{"deals"}, {"other"}]
    with refused("unmatched"):
        desk.read("survey.sav")


def test_a_filter_answered_no_by_its_label(desk: Desk) -> None:
    labels = {"like": {1: "כן", 2: "לא", 9: "x"}, "why": REASONS}
    columns = {"like": [1.0, 2, 9], "why": [2.0, np.nan, np.nan]}
    write(desk, columns, variable_value_labels=labels, missing_ranges={"like": [9]})
    desk.columns("like: asked reasons", "why: choices reasons")
    assert desk.read("survey.sav").questions["reasons"].asked.tolist() == [True, False, False]


# --- missing ----------------------------------------------------------------------------------------------


def test_ranges_and_single_values_are_missing_and_counted(desk: Desk) -> None:
    columns = {"score": [-999.0, -1, 0, 1, 999, np.nan], "why": ["News", "DK", "News", "DK", "Fun", ""]}
    missing = {"score": [{"lo": -999, "hi": 0}, 999], "why": ["DK"]}
    write(desk, columns, missing_ranges=missing)
    desk.columns("score: loyalty", "why: choices reasons")
    read = desk.read("survey.sav")
    assert read.people["loyalty"].dropna().tolist() == [1]
    assert {one.column: one.count for one in read.source.notes if one.code == "user_missing"} == {"score": 4, "why": 2}
    assert ticked(read) == [{"news"}, set(), {"news"}, set(), {"fun"}, set()]


def test_a_case_without_any_mapped_answer_stays(desk: Desk) -> None:
    write(desk, {"why": [1.0, np.nan, 2]}, variable_value_labels={"why": REASONS})
    desk.columns("why: choices reasons")
    assert ticked(desk.read("survey.sav")) == [{"deals"}, set(), {"news"}]


# --- multiple-response sets -------------------------------------------------------------------------------

TICKS = {"A1": [1.0, 0, 0, np.nan], "A2": [1.0, 1, 0, np.nan], "A3": [0.0, 0, 0, np.nan]}


@pytest.mark.parametrize("record", [7, 19])
@pytest.mark.parametrize("column", ["$why", "why", "WHY"])
def test_a_set_of_type_d_by_its_variables_labels(desk: Desk, record: int, column: str) -> None:
    texts = ["Why? - Deals, coupons", "חדשות", "Why did you? : Fun"]
    write(desk, TICKS, sets="$why=D1 1 5 Why?? a1 a2 a3\n", record=record, column_labels=texts)
    desk.columns(f"{column}: choices reasons")
    read = desk.read("survey.sav")
    question = read.questions["reasons"]
    assert ticked(read) == [{"deals", "news"}, {"news"}, set(), set()]
    assert (question.asked.tolist(), question.answered.tolist()) == ([1, 1, 1, 0], [1, 1, 0, 0])
    desk.write("survey.csv", "a,b,c\n1,1,0\n0,1,0\n0,0,0\n,,x\n")
    desk.columns("a: choices reasons deals", "b: choices reasons news", "c: choices reasons fun")
    desk.write("survey.csv", "id,a,b,c\n1,1,1,0\n2,0,1,0\n3,0,0,0\n4,,,\n")
    same(read, desk.read())


def test_the_counted_value_of_a_set_may_be_two(desk: Desk) -> None:
    """Unlabelled 1 and 2: without the set's definition 1 would be the tick."""
    columns = {"A1": [1.0, 2, 1], "A2": [2.0, 2, 1]}
    write(desk, columns, sets="$why=D1 2 0  a1 a2\n", column_labels=["News", "Fun"])
    by_hand = ["A1: choices reasons news", "A2: choices reasons fun"]
    for lines in (["$why: choices reasons"], by_hand, ["News: choices reasons news", "Fun: choices reasons fun"]):
        desk.columns(*lines)
        assert ticked(desk.read("survey.sav")) == [{"fun"}, {"news", "fun"}, set()]


def test_a_set_of_type_e_is_told_by_the_labels_of_the_counted_value(desk: Desk) -> None:
    columns = {"First_one": [7.0, 0], "Second": [0.0, 7]}
    labels = {"First_one": {7: "News", 0: "-"}, "Second": {7: "סתם בשביל הכיף"}}
    path = write(
        desk, columns, sets="$x=C 0  second\n$why=E 11 1 7 3 Why first_on second\n", variable_value_labels=labels
    )
    assert b"FIRST_ON=First_one" in path.read_bytes()  # definitions tell the short names
    desk.columns("why: choices reasons")
    assert ticked(desk.read("survey.sav")) == [{"news"}, {"fun"}]


def test_a_set_of_categories_joins_its_variables(desk: Desk) -> None:
    columns = {"R1": [1.0, 2, np.nan, 1], "R2": [2.0, np.nan, np.nan, 1], "R3": [9.0, np.nan, np.nan, 88]}
    labels = dict.fromkeys(columns, REASONS)
    write(desk, columns, sets="$why=C 4 Why? r1 r2 r3\n", variable_value_labels=labels, missing_ranges={"R3": [88]})
    expected = [{"deals", "news", "loyal"}, {"news"}, set(), {"deals"}]
    for lines in (["$why: choices reasons"], [f"R{at}: choices reasons" for at in (1, 2, 3)]):
        desk.columns(*lines)
        read = desk.read("survey.sav")
        assert ticked(read) == expected and noted(read, "several_columns") == 3


@pytest.mark.parametrize(
    ("texts", "kind"),
    [(["News", "Something else"], "unmatched_variable"), (["News", "Latest - News"], "ambiguous_variable")],
)
def test_a_variable_of_a_set_that_names_no_option_or_two_is_told(desk: Desk, texts: list[str], kind: str) -> None:
    write(desk, {"A1": [1.0], "A2": [0.0]}, sets="$why=D1 1 0  a1 a2\n", column_labels=texts)
    desk.columns("$why: choices reasons")
    with refused(kind) as found:
        desk.read("survey.sav")
    assert found.fault.column == "A2" and "accepts" in found.fault.remedy


def test_a_variable_of_a_set_is_no_question(desk: Desk) -> None:
    """Its code 1 is a tick, not the option of the code 1."""
    write(desk, {"A1": [1.0], "A2": [0.0]}, sets="$why=D1 1 0  a1 a2\n")
    desk.columns("A1: choices reasons")
    with refused("needs_option") as found:
        desk.read("survey.sav")
    assert found.fault.column == "A1"


def test_the_weight_of_the_file_is_not_forgotten_in_silence(desk: Desk) -> None:
    path = write(desk, {"w": [1.0, 2], "why": [1.0, 2]}, variable_value_labels={"why": REASONS})
    data = path.read_bytes()
    path.write_bytes(data[:76] + struct.pack("<i", 1) + data[80:])
    desk.columns("why: choices reasons")
    assert noted(desk.read("survey.sav"), "weight_unused") == 1
    desk.columns("why: choices reasons", "w: weight")
    assert noted(desk.read("survey.sav"), "weight_unused") == 0


def test_a_set_answers_a_whole_question_only(desk: Desk) -> None:
    write(desk, {"A1": [1.0], "A2": [0.0]}, sets="$why=D1 1 0  a1 a2\n")
    desk.columns("$why: choices reasons news")
    with refused("set_is_a_question"):
        desk.read("survey.sav")


def test_definitions_that_can_not_be_read_are_noted(desk: Desk) -> None:
    write(desk, {"A1": [1.0], "A2": [0.0]}, sets="$why=Q9 nonsense\n")
    desk.columns("A1: choices reasons news", "A2: choices reasons fun")
    assert noted(desk.read("survey.sav"), "sets_unread") == 1
    desk.columns("$why: choices reasons")
    with refused("missing_column"):
        desk.read("survey.sav")


# --- ticks given by hand ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        ({1: "Yes", 2: "No"}, [1, 2]),
        ({2: "Yes", 1: "No"}, [2, 1]),
        ({0: "Not mentioned", 1: "Mentioned"}, [1, 0]),
        ({1: "Not quoted", 2: "Quoted"}, [2, 1]),
        ({0: "לא סומן", 1: "סומן כאן"}, [1, 0]),
        ({1: "News"}, [1, 0]),
        ({0: "blank", 5: "anything"}, [5, 0]),
        ({}, [1, 0]),
        ({}, [1, 2]),
    ],
)
def test_ticks_of_a_variable_mapped_by_hand(desk: Desk, labels: dict[int, str], values: list[float]) -> None:
    yes, no = map(float, values)
    write(desk, {"A1": [yes, no, np.nan], "A2": [no, no, no]}, variable_value_labels={"A1": labels, "A2": labels})
    desk.columns("A1: choices reasons news")
    read = desk.read("survey.sav")
    assert ticked(read) == [{"news"}, set(), set()]
    desk.columns("A1: choices reasons news", "A2: choices reasons fun")
    if labels != {1: "News"}:
        assert ticked(desk.read("survey.sav")) == [{"news"}, set(), set()]


@pytest.mark.parametrize("labels", [{1: "alpha", 2: "beta"}, {1: "News"}, {1: "Yes"}, {2: "beta"}])
def test_labels_of_a_tick_that_say_nothing_are_refused(desk: Desk, labels: dict[int, str]) -> None:
    """Also where 2 has no label: it is a code that the option news accepts."""
    write(desk, {"A1": [1.0, 2, 2]}, variable_value_labels={"A1": labels})
    desk.columns("A1: choices reasons news")
    with refused("labels_unknown") as found:
        desk.read("survey.sav")
    assert "alpha" not in str(found.fault) and "beta" not in str(found.fault)


# --- letters, dates, privacy ------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "noted_as"), [(1255, 0), (1252, 1), (2, 1)])
def test_hebrew_of_old_files(desk: Desk, page: int, noted_as: int) -> None:
    """Declared as windows-1255, as the windows-1252 of many old machines, or not at all."""
    said = "אני לקוח נאמן"
    path = write(
        desk, {"XY": [9.0, 2], "S": ["ABCDE", "x"]}, variable_value_labels={"XY": {9: "L" * len(said), 2: "News"}}
    )
    data = path.read_bytes().replace(UNICODE, b"").replace(struct.pack("<i", 65001), struct.pack("<i", page))
    data = data.replace(b"L" * len(said), said.encode("cp1255")).replace(b"XY=XY", "אב=אב".encode("cp1255"))
    path.write_bytes(data.replace(b"XY      ", "אב      ".encode("cp1255")).replace(b"ABCDE", "חדשות".encode("cp1255")))
    options = desk.options
    desk.write("options.csv", (desk.folder / "options.csv").read_text().replace(",9,", f",9|{said},"))
    assert desk.options != options
    desk.columns("אב: choices reasons")
    read = desk.read("survey.sav")
    assert ticked(read) == [{"loyal"}, {"news"}]
    assert read.source.encoding == "windows-1255"
    assert (noted(read, "windows1255_fallback") > 0) == noted_as
    desk.columns("S: choices reasons")
    assert ticked(desk.read("survey.sav", other_limit=1.0)) == [{"news"}, {"other"}]
    assert desk.read("survey.sav", other_limit=1.0, encoding="windows-1255").source.encoding == "windows-1255"
    with refused("encoding"):
        desk.read("survey.sav", encoding="utf-8")


def test_letters_only_in_the_answers_of_an_old_file(desk: Desk) -> None:
    path = write(desk, {"S": ["ABCDE", "Fun"]})
    data = path.read_bytes().replace(UNICODE, b"").replace(struct.pack("<i", 65001), struct.pack("<i", 1252))
    path.write_bytes(data.replace(b"ABCDE", "חדשות".encode("cp1255")))
    desk.columns("S: choices reasons")
    assert ticked(desk.read("survey.sav")) == [{"news"}, {"fun"}]


def test_dates_are_text_and_durations_seconds(desk: Desk) -> None:
    path = write(
        desk,
        {
            "day": [(pd.Timestamp("2024-01-15") - pd.Timestamp("1582-10-14")).total_seconds(), np.nan],
            "took": [250.0, 61],
        },
        variable_format={"day": "DATE11", "took": "TIME8"},
    )
    assert path.exists()
    desk.write("options.csv", "question,option,label_en,label_he,accepts\nday,first,2024-01-15,יום,\n")
    desk.columns("day: segment day", "took: duration")
    read = desk.read("survey.sav")
    assert read.people["duration_seconds"].tolist() == [250, 61]
    assert read.people["segment.day"].tolist() == ["first", None]


def test_nothing_unmapped_leaves_the_file(desk: Desk) -> None:
    columns = {"why": [1.0, 2], "mail": [CANARY, "x@y.example"], "secret": [1.0, 1]}
    write(
        desk,
        columns,
        column_labels=["Why?", "E-mail", CANARY],
        variable_value_labels={"why": REASONS, "secret": {1: CANARY}},
    )
    desk.columns("why: choices reasons")
    read = desk.read("survey.sav")
    assert CANARY not in repr((read.people.to_dict(), read.questions, read.source))
    assert noted(read, "personal_columns") == 1
    desk.columns("why: choices reasons", "mail: stratum")
    with refused("personal"):
        desk.read("survey.sav")
    desk.columns("wy: choices reasons")
    with refused("missing_column") as found:
        desk.read("survey.sav")
    assert "Nearest: why" in found.fault.remedy and found.fault.row is None


# --- damaged, forced --------------------------------------------------------------------------------------


def test_damaged_and_forced(desk: Desk) -> None:
    path = write(desk, {"why": [1.0, 2]}, variable_value_labels={"why": REASONS})
    desk.columns("why: choices reasons")
    assert desk.read("survey.sav", format="sav").source.how_recognised.startswith("forced")
    for format in ("table", "qualtrics", "forms", "surveymonkey"):
        with refused("wrong_format"):
            desk.read("survey.sav", format=format)
    with refused("missing_sheet"):
        desk.read("survey.sav#one")
    data = path.read_bytes()
    desk.write("renamed.csv", data)
    assert ticked(desk.read("renamed.csv")) == [{"deals"}, {"news"}]
    for size in (300, len(data) // 2, len(data) - 12):
        path.write_bytes(data[:size])
        with refused("damaged"):
            desk.read("survey.sav")
    path.write_bytes(data.replace(struct.pack("<4i", 7, 20, 1, 5), struct.pack("<4i", 7, 20, -1, 5)))
    with refused("damaged"):
        desk.read("survey.sav")
    desk.write("survey.csv", "id,why\n1,News\n")
    with refused("wrong_format"):
        desk.read(format="sav")
    write(desk, {"why": []})
    with refused("no_rows"):
        desk.read("survey.sav")


def test_the_zipped_kind(desk: Desk) -> None:
    pyreadstat.write_sav(pd.DataFrame({"why": [1.0, 2]}), str(desk.folder / "survey.zsav"), compress=True)
    desk.columns("why: choices reasons")
    assert ticked(desk.read("survey.zsav")) == [{"deals"}, {"news"}]


# --- files nobody here made -------------------------------------------------------------------------------


@pytest.fixture
def real(desk: Desk) -> Desk:
    if not REAL.is_dir():
        pytest.skip("the folder of real data is not here")
    return desk


def test_sets_of_spss_itself(real: Desk) -> None:
    shutil.copy(REAL / "mr_sets_simple_alltypes.sav", real.folder / "survey.sav")
    lines = [f"ticks,r{at},Response #{at},תשובה {at},," for at in (1, 2, 3)]
    lines += [f"letters,{one},{one},אות {one},," for one in "abcd"]
    lines += [f"colour,{one},{one},צבע {one},," for one in ("red", "green", "blue")]
    real.write("options.csv", "question,option,label_en,label_he,accepts,exclusive\n" + "\n".join(lines) + "\n")
    real.columns("$mymrset: choices ticks", "categorical_array: choices letters", "x: segment colour", "z: loyalty")
    read = real.read("survey.sav", other_limit=0.5)
    raw, _ = pyreadstat.read_sav(str(REAL / "mr_sets_simple_alltypes.sav"))
    assert (
        read.questions["ticks"].ticks.to_numpy().tolist() == (raw[["bool1", "bool2", "bool3"]] == 1).to_numpy().tolist()
    )
    letters = raw[["ca_subvar_1", "ca_subvar_2", "ca_subvar_3"]]
    assert ticked(read, "letters") == [set(row) for row in letters.to_numpy().tolist()]
    np.testing.assert_array_equal(read.people["loyalty"], raw["z"])  # -9 and 999 are declared missing
    assert {one.column: one.count for one in read.source.notes if one.code == "user_missing"} == {"x": 1, "z": 2}


def test_a_hebrew_variable_name(real: Desk) -> None:
    shutil.copy(REAL / "hebrew_names.sav", real.folder / "survey.sav")
    real.columns("ותק_ב: loyalty")
    read = real.read("survey.sav")
    assert (len(read.people), read.source.encoding) == (99, "utf-8")
    assert read.people["loyalty"].notna().sum() == 99
