"""SurveyMonkey's exports: two header rows or one, repeated texts, typed answers, people in several rows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from readers_kit import CANARY, Desk, noted, refused, text_of, ticked

REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "survey"
Rows = list[list[object]]
WHY = "Why did you press Like?"
HEAD: list[object] = ["Respondent ID", "Collector ID", "Date Created", "IP Address", "Email Address"]
UPPER: list[object] = [*HEAD, WHY, "", "", "", "Age", "Anything else?"]
OPTIONS: list[object] = ["Deals, coupons", "חדשות", "None of these", "Other (please specify)"]
LOWER: list[object] = [*[""] * 5, *OPTIONS, "Response", "Open-Ended Response"]
ONE = [*HEAD, *(f"{WHY} - {text}" for text in OPTIONS), "Age", "Anything else?"]
MAPPED = ("Respondent ID: respondent", f"{WHY}: choices reasons", "Age: segment age")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def person(number: int, *answers: object) -> list[object]:
    return [number, 77, "09/01/2026", "192.0.2.7", "a@b.example", *answers, CANARY]


PEOPLE: Rows = [
    person(1, "Deals, coupons", "חדשות", "", "", "18-34"),
    person(2, "", "", "None of these", "", "35 and over"),
    person(3, "", "", "", CANARY, ""),
    person(4, "", "", "", "", "18-34"),
]
TICKED = [{"deals", "news"}, {"none"}, {"other"}, set()]


@pytest.mark.parametrize("header", [[UPPER, LOWER], [ONE]])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_question_by_its_text_finds_its_options_by_theirs(desk: Desk, header: Rows, kind: str) -> None:
    if kind == "csv":
        desk.write("survey.csv", text_of([*header, *PEOPLE]))
    else:
        desk.sheet("survey.xlsx", {"Sheet": [*header, *PEOPLE]})
    desk.columns(*MAPPED)
    read = desk.read(f"survey.{kind}")
    assert (read.source.format, read.source.rows) == ("surveymonkey", 4)
    assert ticked(read) == TICKED
    assert read.questions["reasons"].asked.all()
    assert read.people["segment.age"].tolist() == ["young", "old", None, "young"]
    assert noted(read, "personal_columns") == 2
    assert CANARY not in repr((read.people.to_dict(), read.questions, read.source))


@pytest.mark.parametrize("header", [[UPPER, LOWER], [ONE]])
def test_an_option_column_by_its_full_name(desk: Desk, header: Rows) -> None:
    desk.write("survey.csv", text_of([*header, *PEOPLE]))
    desk.columns(f"{WHY} - Deals, coupons: choices reasons deals", f"{WHY} - חדשות: choices reasons news")
    assert ticked(desk.read()) == [{"deals", "news"}, set(), set(), set()]


def test_not_selected_written_out_tells_who_was_not_shown(desk: Desk) -> None:
    no = "Not selected"
    people = [person(1, "Deals, coupons", no, no, "", ""), person(2, no, no, no, "", ""), person(3, "", "", "", "", "")]
    desk.write("survey.csv", text_of([UPPER, LOWER, *people]))
    desk.columns(*MAPPED[:2])
    question = desk.read().questions["reasons"]
    assert (question.asked.tolist(), question.answered.tolist()) == ([True, True, False], [True, False, False])


@pytest.mark.parametrize("typed", ["No", "0", "News", "none of these", "x"])
def test_what_people_type_beside_other_decides_nothing_else(desk: Desk, typed: str) -> None:
    """A typed "no" is not "unticked written out", a typed option not a swapped column."""
    desk.write("survey.csv", text_of([UPPER, LOWER, person(1, "Deals, coupons", "", "", typed, ""), *PEOPLE[1:]]))
    desk.columns(*MAPPED[:2])
    read = desk.read()
    assert read.questions["reasons"].asked.all()
    assert ticked(read)[0] - {"other"} == {"deals"} and ticked(read)[1:] == TICKED[1:]


def test_a_single_choice_with_a_column_of_typed_answers(desk: Desk) -> None:
    """Whether "Other" stands in the first column too or not."""
    rows: Rows = [
        ["Respondent ID", "Collector ID", WHY, "", "Age"],
        ["", "", "Response", "Other (please specify)", "Response"],
        [1, 7, "Deals, coupons", "", "18-34"],
        [2, 7, "", CANARY, "18-34"],
        [3, 7, "Other (please specify)", CANARY, "35+"],
        [4, 7, "News", "", ""],
    ]
    desk.write("survey.csv", text_of(rows))
    desk.columns(*MAPPED)
    read = desk.read(other_limit=0.4)
    assert ticked(read) == [{"deals"}, {"other"}, {"other"}, {"news"}]
    with refused("unmatched"):
        desk.read()


def test_a_name_of_one_column_and_of_a_question_is_two_readings(desk: Desk) -> None:
    desk.write(
        "survey.csv",
        text_of([["RespondentID", "Collector ID", WHY, f"{WHY} - News", f"{WHY} - Fun"], [1, 7, "Fun", "News", ""]]),
    )
    desk.columns(f"{WHY}: choices reasons")
    with refused("ambiguous_column"):
        desk.read()


def test_a_choice_is_never_taken_apart(desk: Desk) -> None:
    rows: Rows = [["RespondentID", "Collector ID", WHY], ["", "", "Response"], [1, 7, "News, views"], [2, 7, "News"]]
    desk.write("survey.csv", text_of(rows))
    desk.columns("RespondentID: respondent", f"{WHY}: choices reasons")
    assert ticked(desk.read(other_limit=0.5)) == [{"other"}, {"news"}]


@pytest.mark.parametrize(("below", "kind"), [("Other people do", "unmatched_header"), ("חדשות", "ambiguous_column")])
def test_a_column_of_the_question_that_is_no_option_is_told(desk: Desk, below: str, kind: str) -> None:
    lower = [*LOWER]
    lower[7] = below
    desk.write("survey.csv", text_of([UPPER, lower, person(1, "", "", CANARY, "", "")]))
    desk.columns(*MAPPED[:2])
    with refused(kind) as found:
        desk.read()
    assert found.fault.column == f"{WHY} - {below}"


def test_the_same_wording_asked_twice_is_two_questions(desk: Desk) -> None:
    upper, lower = [*HEAD, WHY, "", "Age", WHY, ""], ["", "", "", "", "", "Fun", "News", "Response", "Fun", "News"]
    desk.write("survey.csv", text_of([upper, lower, person(1, "Fun", "", "18-34", "", "News")[:-1]]))
    desk.columns(f"{WHY}: choices reasons")
    with refused("ambiguous_column") as found:
        desk.read()
    assert "2 times" in found.fault.what
    for number, option in ((1, "fun"), (2, "news")):
        desk.columns(f"{WHY} ({number}): choices reasons")
        assert ticked(desk.read()) == [{option}]


# --- several rows of one person ---------------------------------------------------------------------------


def test_rows_of_one_respondent_are_joined_where_they_agree(desk: Desk) -> None:
    people = [
        person(1, "Deals, coupons", "", "", "", ""),
        person(2, "", "", "None of these", "", "35+"),
        person(1, "", "חדשות", "", "", "18-34"),
        person(1, "", "", "", "", "18–34 "),
        ["", *person(3, "", "", "", "", "")[1:]],
        ["", *person(3, "Deals, coupons", "", "", "", "")[1:]],
    ]
    desk.write("survey.csv", text_of([UPPER, LOWER, *people]))
    desk.columns(*MAPPED[1:])  # also where the respondents' column is not mapped
    read = desk.read()
    assert ticked(read) == [{"deals", "news"}, {"none"}, set(), {"deals"}]
    assert read.people["segment.age"].tolist() == ["young", "old", None, None]
    assert (read.source.rows, noted(read, "joined_rows")) == (6, 2)


def test_rows_of_one_respondent_that_differ_are_told(desk: Desk) -> None:
    people = [person(1, "", "", "", "", "18-34"), person(2, "", "", "", "", "35+"), person(1, "", "", "", "", "35+")]
    desk.write("survey.csv", text_of([UPPER, LOWER, *people]))
    desk.columns("Age: segment age")
    with refused("conflicting_rows") as found:
        desk.read()
    assert (found.fault.row, found.fault.column) == (5, "Age")
    desk.columns("Respondent ID: respondent")
    assert desk.read().people["respondent"].tolist() == [1, 2]


def test_ids_that_a_spreadsheet_rounded_join_nobody(desk: Desk) -> None:
    people = [person(1, "Deals, coupons", "", "", "", ""), person(2, "", "חדשות", "", "", "18-34")]
    for row in people:
        row[0] = "3.29E+09"
    desk.write("survey.csv", text_of([UPPER, LOWER, *people]))
    desk.columns(*MAPPED[1:])
    with refused("rounded_ids"):
        desk.read()


# --- which format -----------------------------------------------------------------------------------------


def test_a_table_with_respondent_ids_and_totals_of_a_survey_are_no_export(desk: Desk) -> None:
    desk.write("survey.csv", "respondent id,why\n1,News\n1,Fun\n")
    desk.columns("why: choices reasons")
    read = desk.read()
    assert (read.source.format, len(read.people)) == ("table", 2)
    for table in ("respondent id,why\n1,News\n", "Answer,Percent\nNews,12%\n"):
        desk.write("survey.csv", table)
        with refused("wrong_format"):
            desk.read(format="surveymonkey")
    desk.write("survey.csv", text_of([ONE, *PEOPLE]))
    desk.columns(*MAPPED)
    assert desk.read(format="surveymonkey").source.how_recognised.startswith("forced")


def test_the_same_answers_as_a_plain_table(desk: Desk) -> None:
    desk.write("survey.csv", text_of([UPPER, LOWER, *PEOPLE[:2], PEOPLE[3]]))
    desk.columns(*MAPPED)
    read = desk.read()
    rows = [["id", "why", "age"], [1, "Deals, coupons;News", "18-34"], [2, "None", "35+"], [4, "", "18-34"]]
    desk.write("survey.csv", text_of(rows))
    desk.columns("id: respondent", "why: choices reasons", "age: segment age")
    other = desk.read()
    pd.testing.assert_frame_equal(read.people, other.people)
    ticks = [one.questions["reasons"].ticks for one in (read, other)]
    pd.testing.assert_frame_equal(*ticks)


# --- files nobody here made -------------------------------------------------------------------------------

FILMS = {
    "menace": "Star Wars: Episode I  The Phantom Menace",
    "clones": "Star Wars: Episode II  Attack of the Clones",
    "sith": "Star Wars: Episode III  Revenge of the Sith",
    "hope": "Star Wars: Episode IV  A New Hope",
    "empire": "Star Wars: Episode V The Empire Strikes Back",
    "jedi": "Star Wars: Episode VI Return of the Jedi",
}
SEEN = "Which of the following Star Wars films have you seen? Please select all that apply."
PIE = "Which type of pie is typically served at your Thanksgiving dinner? Please select all that apply."
DISH = "What is typically the main dish at your Thanksgiving dinner?"


@pytest.fixture
def real(desk: Desk) -> Desk:
    if not REAL.is_dir():
        pytest.skip("the folder of real data is not here")
    return desk


def test_star_wars_from_the_name_of_the_question_alone(real: Desk) -> None:
    shutil.copy(REAL / "StarWars.csv", real.folder / "survey.csv")
    lines = [f"seen,{film},{name},{name},," for film, name in FILMS.items()]
    lines += [f"age,a{at},{text},{text},," for at, text in enumerate(["18-29", "30-44", "45-60", "> 60"])]
    real.write("options.csv", "question,option,label_en,label_he,accepts,exclusive\n" + "\n".join(lines) + "\n")
    any_seen = "Have you seen any of the 6 films in the Star Wars franchise?"
    rank = "Please rank the Star Wars films in order of preference with 1 being your favorite film in the franchise "
    rank += "and 6 being your least favorite film."
    real.columns(
        "RespondentID: respondent", f"{any_seen}: asked seen", f"{SEEN}: choices seen", "Age: segment age",
        f"{rank} - {FILMS['empire']}: grid empire",
    )  # fmt: skip
    read = real.read()
    question = read.questions["seen"]
    bases = [int(question.base(kind).sum()) for kind in ("asked", "answered", "ticked")]  # type: ignore[arg-type]
    counts = question.ticks.sum()
    assert (read.source.format, len(read.people), bases) == ("surveymonkey", 1186, [936, 835, 835])
    assert [round(100 * counts["menace"] / base, 1) for base in (1186, 936, 835)] == [56.7, 71.9, 80.6]
    assert round(100 * counts["menace"] / counts.sum(), 1) == 17.3 and counts.sum() == 3897
    shares = {film: round(100 * counts[film] / 835) for film in ("empire", "jedi", "hope")}
    assert shares == {"empire": 91, "jedi": 88, "hope": 73}
    assert read.people["grid.empire"].dropna().between(1, 6).all()
    raw = pd.read_csv(REAL / "StarWars.csv", encoding="latin-1", skiprows=2, header=None, dtype=str)
    assert read.people["segment.age"].notna().sum() == raw[34].notna().sum()


def test_thanksgiving_from_the_names_of_its_questions(real: Desk) -> None:
    shutil.copy(REAL / "thanksgiving-2015-poll-data.csv", real.folder / "survey.csv")
    raw = pd.read_csv(REAL / "thanksgiving-2015-poll-data.csv", dtype=str, keep_default_na=False)
    pies = [one.removeprefix(f"{PIE} - ") for one in raw.columns if one.startswith(PIE) and "specify" not in one]
    lines = [f"pie,p{at},{name},פאי {at},,{'yes' * (name == 'None')}" for at, name in enumerate(pies)]
    dishes = ["Turkey", "Ham/Pork", "Tofurkey", "Chicken", "Roast beef", "Turducken"]
    lines += [f"dish,d{at},{name},מנה {at},," for at, name in enumerate(dishes)]
    real.write("options.csv", "question,option,label_en,label_he,accepts,exclusive\n" + "\n".join(lines) + "\n")
    real.columns(
        "RespondentID: respondent",
        f"{PIE}: choices pie",
        "Do you celebrate Thanksgiving?: asked pie",
        f"{DISH}: choices dish",
    )
    read = real.read()
    pie, dish = read.questions["pie"], read.questions["dish"]
    assert (read.source.format, len(read.people), len(pies)) == ("surveymonkey", 1058, 11)
    for at, name in enumerate(pies):
        np_ticks = (raw[f"{PIE} - {name}"] != "").to_numpy()
        assert pie.ticks[f"p{at}"].to_numpy().tolist() == np_ticks.tolist()
    assert pie.asked.sum() == 980 and pie.ticks["other"].sum() == 71
    assert [int(dish.ticks[f"d{at}"].sum()) for at in range(6)] == [int((raw[DISH] == one).sum()) for one in dishes]
    typed = (raw[DISH] == "Other (please specify)") | (raw[f"{DISH} - Other (please specify)"] != "")
    assert dish.ticks["other"].sum() == (typed | (raw[DISH] == "I don't know")).sum()
