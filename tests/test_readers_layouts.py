"""Workbooks as people keep them: titles, merged cells, several sheets, old XML; and one survey in every shape."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd
import pytest
from openpyxl import load_workbook
from readers_kit import CANARY, Desk, noted, refused, text_of, ticked

from kesher.readers import read_table
from kesher.readers.findings import Findings
from kesher.readers.workbooks import sheet_names

Rows = list[list[Any]]
SPACE = "urn:schemas-microsoft-com:office:spreadsheet"
DATA: Rows = [["id", "why"], [1, "News"], [2, "Fun"]]
OTHER_DATA: Rows = [["name", "city", "x"], [CANARY, "a", 1], ["c", "d", 2], ["e", "f", 3]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.columns("id: respondent", "why: choices reasons")
    return made


def old_xml(sheets: dict[str, Rows]) -> str:
    """A workbook as Excel 2003 wrote them in XML: blank cells are left out, numbers have their type."""
    text = '<?xml version="1.0"?>\n<?mso-application progid="Excel.Sheet"?>\n'
    text += f'<Workbook xmlns="{SPACE}" xmlns:ss="{SPACE}">'
    for name, rows in sheets.items():
        text += f'<Worksheet ss:Name="{escape(name)}"><Table>'
        for row in rows:
            cells = [
                f'<Cell ss:Index="{at}"><Data ss:Type="{"String" if isinstance(cell, str) else "Number"}">'
                f"{escape(str(cell))}</Data></Cell>"
                for at, cell in enumerate(row, 1)
                if cell != ""
            ]
            text += f"<Row>{''.join(cells)}</Row>"
        text += "</Table></Worksheet>"
    return text + "</Workbook>"


def workbook(desk: Desk, kind: str, sheets: dict[str, Rows]) -> str:
    if kind == "xml":
        desk.write("survey.xls", old_xml(sheets))
        return "survey.xls"
    desk.sheet("survey.xlsx", sheets)
    return "survey.xlsx"


# --- several sheets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["xlsx", "xml"])
def test_several_sheets_with_a_table_are_told_and_none_is_taken(desk: Desk, kind: str) -> None:
    spec = workbook(desk, kind, {"Answers": DATA, "אנשים": OTHER_DATA, "Notes": [["Fieldwork in May"]]})
    for read in (lambda: desk.read(spec), lambda: read_table(desk.root, spec, expect=["id", "why"])):
        with refused("several_sheets") as found:
            read()
        what = found.fault.what
        assert "'Answers' (3 rows of 2 columns), 'אנשים' (4 rows of 3 columns)" in what and "Notes" not in what
        assert found.fault.remedy.endswith(f"{spec}#Answers.")
    assert ticked(desk.read(f"{spec}#answers ")) == [{"news"}, {"fun"}]
    assert read_table(desk.root, f"{spec}#אנשים").frame["city"].tolist() == ["a", "d", "f"]
    with refused("missing_sheet") as found:
        desk.read(f"{spec}#Answer")
    assert "Answers" in found.fault.remedy


@pytest.mark.parametrize("kind", ["xlsx", "xml"])
def test_the_only_sheet_with_a_table_is_read_wherever_it_stands(desk: Desk, kind: str) -> None:
    notes = [["How to read this"], [], ["Fieldwork in May"], ["Ask Dana"]]
    spec = workbook(desk, kind, {"Read me": notes, "Empty": [], "Answers": DATA})
    read = desk.read(spec)
    assert ticked(read) == [{"news"}, {"fun"}]
    assert noted(read, "other_sheets") == 2


def test_hidden_sheets_are_no_choice_and_names_of_people_are_not_shown(desk: Desk) -> None:
    desk.sheet("survey.xlsx", {"old": OTHER_DATA, "Answers": DATA}, hidden=["old"])
    assert ticked(desk.read("survey.xlsx")) == [{"news"}, {"fun"}]
    desk.sheet("survey.xlsx", {f"{CANARY} 0501234567": OTHER_DATA, "Answers": DATA})
    with refused("several_sheets") as found:
        desk.read("survey.xlsx")
    assert "other 1" in found.fault.what


def test_what_each_sheet_holds(desk: Desk) -> None:
    for kind in ("xlsx", "xml"):
        spec = workbook(desk, kind, {"a": DATA, "b": [["x"], [], ["y"]], "c": []})
        raw = desk.root.read(spec, xml=True)
        assert sheet_names(raw, Findings(spec)) == {"a": (3, 3, 2), "b": (0, 2, 1), "c": (0, 0, 0)}


# --- titles, merged cells, two rows of headers ------------------------------------------------------------


def test_a_merged_title_over_merged_questions(desk: Desk) -> None:
    """A title merged over the table, questions merged over their options, names merged down over both rows."""
    rows: Rows = [
        ["Customers 2026", "", "", "", ""],
        ["", "", "", "", ""],
        ["id", "Why did you press Like?", "", "", "Age"],
        ["", "News", "Just for fun", "Other", ""],
        [1, "x", "", "", "18-34"],
        [2, "", "x", CANARY, "35+"],
        [3, "", "", "", ""],
    ]
    path = desk.sheet("survey.xlsx", {"a": rows})
    book = load_workbook(path)
    for span in ("A1:E1", "B3:D3", "A3:A4", "E3:E4"):
        book["a"].merge_cells(span)
    book.save(path)
    desk.columns("id: respondent", "Why did you press Like?: choices reasons", "Age: segment age")
    read = desk.read("survey.xlsx")
    assert ticked(read) == [{"news"}, {"fun", "other"}, set()]
    assert read.people["segment.age"].tolist() == ["young", "old", None]
    assert "rows 3 and 4" in read.source.how_recognised


def test_a_question_over_several_columns_is_not_its_first_column(desk: Desk) -> None:
    for header in ([["id", "Why?", ""], ["", "News", "Fun"]], [["id", "Why? - News", "Why? – Fun"]]):
        desk.write("survey.csv", text_of([*header, [1, "", "1"], [2, "1", ""]]))
        desk.columns("id: respondent", "Why?: choices reasons")
        assert ticked(desk.read()) == [{"fun"}, {"news"}]
        desk.write("survey.csv", text_of([*header, [1, "", "1"]]).replace("Fun", "Comments"))
        with refused("unmatched_header"):
            desk.read()


def test_a_second_row_that_may_be_options_or_answers_is_told(desk: Desk) -> None:
    rows: Rows = [["id", "Why?", "", "Age"], ["Response", "News", "Fun", "Response"], [1, "", "1", "18-34"]]
    desk.write("survey.csv", text_of(rows))
    desk.columns("Age: segment age", "Why?: choices reasons")
    with refused("header_rows") as found:
        desk.read()
    assert found.fault.row == 2
    desk.columns("Why? - News: choices reasons news", "Why? - Fun: choices reasons fun")
    assert ticked(desk.read()) == [{"fun"}]
    desk.write("survey.csv", text_of([["id", "Why?", ""], [1, "News", "seen"], [2, "Fun", ""], [3, "News", "seen"]]))
    desk.columns("Why?: choices reasons")
    with refused("header_rows"):
        desk.read()
    desk.write("survey.csv", text_of([["id", "Why?", ""], [1, "News", ""], [2, "Fun", "typed"]]))
    assert ticked(desk.read()) == [{"news"}, {"fun"}]


def test_wordings_below_codes_are_not_the_first_person(desk: Desk) -> None:
    people: Rows = [[at, "News", at] for at in range(5)]
    desk.sheet("survey.xlsx", {"a": [["Q1", "Q2", "Q3"], ["Number", "Why did you?", "How likely?"], *people]})
    desk.columns("Q1: respondent", "Q2: choices reasons", "Q3: recommend")
    with refused("header_rows") as found:
        desk.read("survey.xlsx", other_limit=0.5)
    assert found.fault.row == 2
    desk.columns("Number: respondent", "Why did you?: choices reasons", "How likely?: recommend")
    assert len(desk.read("survey.xlsx").people) == 5
    desk.sheet("survey.xlsx", {"a": [["Q1", "Q2", "Q3"], ["n/a", "News", ""], *people]})
    desk.columns("Q1: respondent", "Q2: choices reasons", "Q3: recommend")
    assert len(desk.read("survey.xlsx").people) == 6


def test_columns_of_first_and_second_choice_answer_one_question(desk: Desk) -> None:
    desk.columns("id: respondent", "first: choices reasons", "second: choices reasons")
    desk.write("survey.csv", "id,first,second\n1,News,Fun\n2,,News\n3,News,News\n4,,\n")
    read = desk.read()
    assert ticked(read) == [{"news", "fun"}, {"news"}, {"news"}, set()]
    assert noted(read, "several_columns") == 2
    desk.columns("first: choices reasons", "first: choices reasons")
    with refused("duplicate_role"):
        desk.read()


def test_yes_and_no_as_one_and_two_where_two_is_an_options_code(desk: Desk) -> None:
    desk.write("survey.csv", "id,a,b\n1,1,2\n2,2,1\n3,2,2\n")
    desk.columns("a: choices reasons deals", "b: choices reasons news")  # of which news accepts 2
    assert ticked(desk.read()) == [{"deals"}, {"news"}, set()]
    desk.write("survey.csv", "id,a,b\n1,1,\n2,,2\n")
    assert ticked(desk.read()) == [{"deals"}, {"news"}]


@pytest.mark.parametrize("kind", ["xlsx", "xml"])
def test_numbers_and_codes_kept_as_text(desk: Desk, kind: str) -> None:
    rows: Rows = [
        ["Title"],
        [],
        ["id", "why", "w", "score"],
        ["007", "2", "0.5", 9],
        ["7", 2.0, 1.5, "10 "],
        [8, "99.0", "1", "0"],
    ]
    spec = workbook(desk, kind, {"a": rows})
    desk.columns("id: respondent", "why: choices reasons", "w: weight", "score: recommend")
    read = desk.read(spec)
    assert ticked(read) == [{"news"}, {"news"}, {"none"}]
    assert read.people["respondent"].tolist() == [1, 2, 3]
    assert read.people["weight"].tolist() == [0.5, 1.5, 1]
    assert read.people["recommend"].tolist() == [9, 10, 0]


# --- Excel's old XML --------------------------------------------------------------------------------------


def test_old_xml_that_is_damaged_or_declares_entities_is_refused(desk: Desk) -> None:
    whole = old_xml({"a": DATA})
    for text, kind in (
        (whole[:-30], "damaged"),
        (whole.replace("<Workbook", "<!DOCTYPE x [<!ENTITY a 'b'>]><Workbook", 1), "xml_entities"),
        (whole.replace(SPACE, "urn:else"), "xml_disguised"),
        (re.sub(r'Index="2"', 'Index="99999"', whole), "spreadsheet_bomb"),
    ):
        desk.write("survey.xls", text)
        with refused(kind):
            desk.read("survey.xls")


def test_options_and_columns_tables_may_be_old_xml(desk: Desk) -> None:
    rows = [
        line.split(",") for line in "group,column,role,question,option\ncustomers,why,choices,reasons,".splitlines()
    ]
    desk.write("columns.csv", old_xml({"columns": rows}))
    desk.write("survey.csv", text_of(DATA))
    assert ticked(desk.read()) == [{"news"}, {"fun"}]


# --- one survey, every shape ------------------------------------------------------------------------------

ANSWERS: list[tuple[set[str], str, object]] = [
    ({"deals", "news"}, "18-34", 10), ({"none"}, "35 and over", 0), ({"fun"}, "18-34", 7), ({"loyal", "fun"}, "", ""),
    ({"deals"}, "35 and over", 8),
]  # fmt: skip
ORDER = ["deals", "news", "fun", "loyal", "none"]
HEBREW = dict(
    zip(
        ORDER, ["מבצעים, קופונים", "חדשות", "סתם בשביל הכיף", "אני לקוח נאמן של חז״ל ובניו", "אף אחת מאלה"], strict=True
    )
)
WHY = "למה עשיתם לייק?"


def shapes(desk: Desk) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The same answers in each shape: the file's name and how its columns are mapped."""
    split = [[HEBREW[one] if one in said else "" for one in ORDER] for said, _, _ in ANSWERS]
    ends = [[age, score] for _, age, score in ANSWERS]
    ids = list(range(1, len(ANSWERS) + 1))
    joined = [[at, ";".join(filter(None, texts)), *end] for at, texts, end in zip(ids, split, ends, strict=True)]
    wide = [[at, *texts, *end] for at, texts, end in zip(ids, split, ends, strict=True)]
    below = [HEBREW[one] for one in ORDER]
    two = [["id", WHY, *[""] * 4, "Age", "nps"], ["", *below, "", ""], *wide]
    desk.write("joined.csv", text_of([["id", WHY, "Age", "nps"], *joined]))
    desk.write(
        "forms.csv", text_of([["Timestamp", "id", WHY, "Age", "nps"], *(["t", *row] for row in joined)]), "utf-8-sig"
    )
    desk.write("hebrew.csv", text_of([["id", WHY, "Age", "nps"], *joined]), "cp1255")
    monkey = [["Respondent ID", "Collector ID", *two[0][1:]], ["", "", *below, "Response", "Response"]]
    desk.write("monkey.csv", text_of([*monkey, *([row[0], 1, *row[1:]] for row in wide)]))
    heads = [f"{WHY} - {text}" for text in below]
    desk.write(
        "monkey1.csv",
        text_of([["RespondentID", "Collector ID", *heads, "Age", "nps"], *([row[0], 1, *row[1:]] for row in wide)]),
    )
    desk.sheet("titles.xlsx", {"Read me": [["text"]], "a": [["Title"], [], *two]})
    desk.write("old.xls", old_xml({"a": [["Title"], [], *two]}))
    table = "".join(f"<tr>{''.join(f'<td>{escape(str(cell))}' for cell in row)}" for row in two)
    desk.write("page.xls", f"<html><meta charset=utf-8><table>{table}</table></html>")
    _sav(desk, "ticks.sav", ids)
    plain = ("id: respondent", f"{WHY}: choices reasons", "Age: segment age", "nps: recommend")
    people = ("Respondent ID: respondent", *plain[1:])
    found = {
        name: (name, plain) for name in ("joined.csv", "forms.csv", "hebrew.csv", "titles.xlsx", "old.xls", "page.xls")
    }
    found |= {
        "monkey.csv": ("monkey.csv", people),
        "monkey1.csv": ("monkey1.csv", ("RespondentID: respondent", *people[1:])),
    }
    by_hand = tuple(f"why_{one}: choices reasons {one}" for one in ORDER)
    return found | {"ticks.sav": ("ticks.sav", (plain[0], *by_hand, *plain[2:]))}


def _sav(desk: Desk, name: str, ids: list[int]) -> None:
    pyreadstat = pytest.importorskip("pyreadstat")
    columns: dict[str, list[float]] = {"id": list(map(float, ids))}
    columns |= {f"why_{one}": [1.0 if one in said else np.nan for said, _, _ in ANSWERS] for one in ORDER}
    columns["Age"] = [{"18-34": 1.0, "35 and over": 2.0}.get(age, 9.0) for _, age, _ in ANSWERS]
    columns["nps"] = [np.nan if score == "" else float(str(score)) for _, _, score in ANSWERS]
    labels = {f"why_{one}": {1: HEBREW[one]} for one in ORDER} | {"Age": {1: "18-34", 2: "35 ומעלה", 9: "refused"}}
    pyreadstat.write_sav(
        pd.DataFrame(columns), str(desk.folder / name), variable_value_labels=labels, missing_ranges={"Age": [9]}
    )


def test_one_survey_is_the_same_in_every_shape(desk: Desk) -> None:
    made = shapes(desk)
    assert len(made) == 9
    for name, (spec, columns) in made.items():
        desk.columns(*columns)
        read = desk.read(spec)
        assert ticked(read) == [said for said, _, _ in ANSWERS], name
        assert read.questions["reasons"].ticks.columns.tolist() == ORDER, name
        assert read.questions["reasons"].asked.all() and read.questions["reasons"].answered.all(), name
        ages = [{"18-34": "young", "35 and over": "old"}.get(age) for _, age, _ in ANSWERS]
        assert read.people["segment.age"].tolist() == ages, name
        assert read.people["recommend"].tolist()[:3] == [10, 0, 7] and np.isnan(read.people["recommend"][3]), name
        assert read.people["respondent"].tolist() == [1, 2, 3, 4, 5], name
