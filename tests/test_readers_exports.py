"""Exports as the programs write them: Qualtrics, Google and Microsoft Forms, plain tables, Excel."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
from readers_kit import CANARY, Desk, note, noted, refused, text_of, ticked

Rows = list[list[object]]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def import_row(*ids: str) -> list[object]:
    return [
        json.dumps(
            {"ImportId": one} if "~" not in one else {"ImportId": one.split("~")[0], "choiceId": one.split("~")[1]}
        )
        for one in ids
    ]


HEAD = ["StartDate", "Status", "IPAddress", "Finished", "ResponseId", "Duration (in seconds)"]
TEXTS = ["Start Date", "Response Type", "IP Address", "Finished", "Response ID", "Duration (in seconds)"]
IDS = ["startDate", "status", "ipAddress", "finished", "_recordId", "duration"]


def person(number: int, *answers: object, status: str = "IP Address", finished: str = "True") -> list[object]:
    return ["2026-09-01 10:00:00", status, "192.0.2.7", finished, f"R_{number:015d}", 100 + number, *answers]


def qualtrics(desk: Desk, names: list[str], texts: list[str], ids: list[str], people: Rows) -> None:
    rows = [[*HEAD, *names], [*TEXTS, *texts], import_row(*IDS, *ids), *people]
    desk.write("survey.csv", text_of(rows), "utf-8-sig")


def test_three_header_rows_and_one_joined_cell(desk: Desk) -> None:
    people = [
        person(1, "Deals, coupons,News"),
        person(2, "None of these"),
        person(3, ""),
        person(4, "News", status="Survey Preview"),
        person(5, "", finished="False"),
    ]
    qualtrics(desk, ["Q1"], ["Why, in\nyour words?"], ["QID1"], people)
    desk.columns("ResponseId: respondent", "Duration (in seconds): duration", "Q1: choices reasons")
    read = desk.read()
    question = read.questions["reasons"]
    assert read.source.format == "qualtrics"
    assert "ImportId" in read.source.how_recognised and "row 3" in read.source.how_recognised
    assert (read.source.rows, len(read.people)) == (5, 4)
    assert ticked(read) == [{"deals", "news"}, {"none"}, set(), set()]
    assert question.answered.tolist() == [True, True, False, False]
    assert question.asked.tolist() == [True, True, True, False]  # who broke off was not asked
    assert (noted(read, "preview_rows"), noted(read, "partial_rows")) == (1, 1)
    assert read.people["duration_seconds"].tolist() == [101, 102, 103, 105]
    assert noted(read, "personal_columns") == 1  # the IP address, never loaded


@pytest.mark.parametrize(
    ("texts", "preview", "unfinished"),
    [
        (
            ["Startdatum", "Antworttyp", "IP-Adresse", "Fertig", "Antwort-ID", "Dauer (in Sekunden)"],
            "Umfragevorschau",
            "Falsch",
        ),
        (["תאריך התחלה", "סוג תגובה", "כתובת IP", "הסתיים", "מזהה תגובה", "משך (בשניות)"], "תצוגה מקדימה של סקר", "לא"),
        (TEXTS, "1", "0"),
    ],
)
def test_metadata_is_known_by_its_import_id_in_any_language(
    desk: Desk, texts: list[str], preview: str, unfinished: str
) -> None:
    """Row 2 is in the account's language; numeric exports write codes."""
    people = [person(1, "חדשות"), person(2, "חדשות", status=preview), person(3, "חדשות", finished=unfinished)]
    rows = [[*HEAD, "Q1"], [*texts, "למה?"], import_row(*IDS, "QID1"), *people]
    desk.write("survey.csv", text_of(rows))
    desk.columns("ResponseId: respondent", "Q1: choices reasons")
    read = desk.read()
    assert ticked(read) == [{"news"}, {"news"}]
    assert (noted(read, "preview_rows"), noted(read, "partial_rows")) == (1, 1)


def test_spam_is_dropped_and_counted(desk: Desk) -> None:
    qualtrics(desk, ["Q1"], ["Why?"], ["QID1"], [person(1, "News"), person(2, "News", status="8")])
    desk.columns("Q1: choices reasons")
    read = desk.read()
    assert (len(read.people), noted(read, "spam_rows")) == (1, 1)


def test_only_previews_are_no_data(desk: Desk) -> None:
    qualtrics(desk, ["Q1"], ["Why?"], ["QID1"], [person(1, "News", status="Survey Preview")])
    desk.columns("Q1: choices reasons")
    with refused("no_rows"):
        desk.read()


def split_columns(desk: Desk, head: str = "Q1") -> None:
    desk.columns(
        "ResponseId: respondent",
        *(
            f"{head}_{code}: choices reasons {option}"
            for code, option in ((1, "deals"), (2, "news"), (3, "fun"), (9, "loyal"), (99, "none"))
        ),
    )


CODES = (1, 2, 3, 9, 99)


def test_split_columns_with_recoded_choices(desk: Desk) -> None:
    """Columns share a QID and end in the recode value, not in the place shown."""
    names = [f"Q1_{code}" for code in CODES]
    texts = [f"Why? - Selected Choice - {text}" for text in ("Deals", "News", "Fun", "Loyal", "None")]
    ids = [f"QID1~{code}" for code in CODES]
    people = [
        person(1, "Deals, coupons", "News", "", "", ""),
        person(2, "", "", "", "", "None of these"),
        person(3, "", "", "", "", ""),
    ]
    qualtrics(desk, names, texts, ids, people)
    split_columns(desk)
    read = desk.read()
    assert ticked(read) == [{"deals", "news"}, {"none"}, set()]
    assert read.questions["reasons"].asked.all()
    split_columns(desk, "QID1")  # by ImportId and choice, which alone tell the columns apart
    assert ticked(desk.read()) == [{"deals", "news"}, {"none"}, set()]


def test_seen_but_unanswered_is_not_the_same_as_not_shown(desk: Desk) -> None:
    people = [person(1, "News", "-99"), person(2, "-99", "18-34"), person(3, "", "35 and over")]
    qualtrics(desk, ["Q1", "Q2"], ["Why?", "Age?"], ["QID1", "QID2"], people)
    desk.columns("Q1: choices reasons", "Q2: segment age")
    read = desk.read()
    question = read.questions["reasons"]
    assert question.asked.tolist() == [True, True, False]
    assert question.answered.tolist() == [True, False, False]
    assert read.people["segment.age"].tolist() == [None, "young", "old"]
    assert noted(read, "unmatched_text") == 0


def test_split_columns_with_minus_99_and_zeros(desk: Desk) -> None:
    names = [f"Q1_{code}" for code in CODES]
    people = [person(1, "1", "-99", "-99", "-99", "-99"), person(2, *["-99"] * 5), person(3, *[""] * 5)]
    qualtrics(desk, names, names, [f"QID1~{code}" for code in CODES], people)
    split_columns(desk)
    question = desk.read().questions["reasons"]
    assert question.ticks.to_numpy().sum() == 1
    assert question.asked.tolist() == [True, True, False]
    assert question.answered.tolist() == [True, False, False]


def test_numeric_values_in_split_columns_are_the_choices_codes(desk: Desk) -> None:
    """A "values" export writes each option's own code, 9 in the column of 9."""
    people = [person(1, "1", "", "", "9", ""), person(2, "", "2", "3", "", "")]
    names = [f"Q1_{code}" for code in CODES]
    qualtrics(desk, names, names, [f"QID1~{code}" for code in CODES], people)
    split_columns(desk)
    assert ticked(desk.read()) == [{"deals", "loyal"}, {"news", "fun"}]


def test_html_in_labels(desk: Desk) -> None:
    cell = '<span style="font-size:19px"><b>Deals</b>,&nbsp;coupons</span>,<em>News</em>'
    qualtrics(desk, ["Q1"], ["<div>Why?</div>"], ["QID1"], [person(1, cell)])
    desk.columns("Q1: choices reasons")
    assert ticked(desk.read()) == [{"deals", "news"}]


def test_repeated_question_names_are_refused_until_told_apart(desk: Desk) -> None:
    """Two columns called Q1: taking either silently loses answers."""
    qualtrics(desk, ["Q1", "Q1"], ["Why?", "Why again?"], ["QID1", "QID7"], [person(1, "News", "Fun")])
    desk.columns("Q1: choices reasons")
    with refused("ambiguous_column"):
        desk.read()
    for name, found in (("Q1 (1)", {"news"}), ("Q1 (2)", {"fun"}), ("QID7", {"fun"}), ("Why again?", {"fun"})):
        desk.columns(f"{name}: choices reasons")
        read = desk.read()
        assert ticked(read) == [found]
        assert noted(read, "duplicate_header") == 1


def test_the_same_wording_asked_twice_is_refused(desk: Desk) -> None:
    qualtrics(desk, ["Q1", "Q2"], ["Why?", "Why?"], ["QID1", "QID2"], [person(1, "News", "Fun")])
    desk.columns("Why?: choices reasons")
    with refused("ambiguous_column"):
        desk.read()
    desk.columns("Q2: choices reasons")
    assert ticked(desk.read()) == [{"fun"}]


def test_legacy_export_with_two_header_rows_and_a_trailing_column(desk: Desk) -> None:
    rows: Rows = [
        ["V1", "V3", "V6", "V7", "V10", "Q1", ""],
        ["ResponseID", "Name", "IPAddress", "Status", "Finished", "Why did you press Like?", ""],
        ["R_0123456789abcde", CANARY, "192.0.2.1", "0", "1", "Deals, coupons,News", ""],
        ["R_0123456789abcdf", CANARY, "192.0.2.2", "0", "0", "Fun", ""],
        ["R_0123456789abcdg", CANARY, "192.0.2.3", "1", "1", "Fun", ""],
    ]
    desk.write("survey.csv", text_of(rows), "utf-8-sig")
    desk.columns("V1: respondent", "Why did you press Like?: choices reasons")
    read = desk.read()
    assert (read.source.format, read.source.encoding) == ("qualtrics", "utf-8-sig")
    assert ticked(read) == [{"deals", "news"}, {"fun"}]
    assert (noted(read, "preview_rows"), noted(read, "partial_rows")) == (1, 1)
    assert noted(read, "personal_columns") == 2


def test_qualtrics_names_over_texts_without_import_ids(desk: Desk) -> None:
    desk.write("survey.csv", text_of([[*HEAD, "Q1"], [*TEXTS, "Why?"], person(1, "News")]))
    desk.columns("ResponseId: respondent", "Q1: choices reasons")
    read = desk.read()
    assert (read.source.format, ticked(read)) == ("qualtrics", [{"news"}])


def test_qualtrics_names_over_answers(desk: Desk) -> None:
    desk.write("survey.csv", text_of([[*HEAD, "Q1"], person(1, "News"), person(2, "Fun")]))
    desk.columns("ResponseId: respondent", "Q1: choices reasons")
    assert ticked(desk.read()) == [{"news"}, {"fun"}]


def test_one_row_is_one_response_and_repeated_people_are_counted(desk: Desk) -> None:
    people = [person(1, "News"), person(2, "Fun"), person(1, "Fun")]
    qualtrics(desk, ["Q1"], ["Why?"], ["QID1"], people)
    desk.columns("ResponseId: respondent", "Q1: choices reasons")
    read = desk.read()
    assert read.people["respondent"].tolist() == [1, 2, 1]
    assert noted(read, "duplicate_ids") == 1


def test_tab_separated_utf16_as_qualtrics_offers_it(desk: Desk) -> None:
    rows = [[*HEAD, "Q1"], [*TEXTS, "למה?"], import_row(*IDS, "QID1"), person(1, "מבצעים, קופונים,חדשות")]
    desk.write("survey.tsv", text_of(rows, "\t"), "utf-16")
    desk.columns("ResponseId: respondent", "Q1: choices reasons")
    assert ticked(desk.read("survey.tsv")) == [{"deals", "news"}]


# --- Forms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stamp", ["Timestamp", "חותמת זמן"])
def test_google_forms_joins_with_comma_and_blank(desk: Desk, stamp: str) -> None:
    rows: Rows = [
        [stamp, "Email Address", "Why?"],
        ["01/09/2026 10:00:00", "a@b.example", "Deals, coupons, News"],
        ["9/1/2026 10:00 AM", "c@d.example", f"Deals, coupons, {CANARY}, and more"],
        ["", "e@f.example", ""],
    ]
    desk.write("survey.csv", text_of(rows))
    desk.columns("Why?: choices reasons")
    read = desk.read(other_limit=0.3)
    assert (read.source.format, ticked(read)) == ("forms", [{"deals", "news"}, {"deals", "other"}, set()])
    assert read.questions["reasons"].asked.all()
    assert (noted(read, "unmatched_text"), noted(read, "personal_columns")) == (1, 1)
    with refused("unmatched"):
        desk.read()


def test_googles_own_csv_joins_with_semicolons(desk: Desk) -> None:
    desk.write("survey.csv", text_of([["Timestamp", "Why?"], ["t", "Deals, coupons;News"], ["t", "Fun"]]))
    desk.columns("Why?: choices reasons")
    assert ticked(desk.read()) == [{"deals", "news"}, {"fun"}]


@pytest.mark.parametrize(
    "head",
    [
        ["ID", "Start time", "Completion time", "Email", "Name"],
        ["מזהה", "שעת התחלה", "שעת השלמה", "דואר אלקטרוני", "שם"],
    ],
)
def test_microsoft_forms_joins_with_semicolons_and_one_at_the_end(desk: Desk, head: list[str]) -> None:
    when = datetime.datetime(2026, 9, 1, 10)
    rows: Rows = [
        [*head, "למה?", "Age"],
        [1, when, when, "a@b.example", "x", "מבצעים, קופונים;חדשות;", "18-34"],
        [2, when, when, "anonymous", "", "אף אחת מאלה;", "35 and over;"],
    ]
    desk.sheet("survey.xlsx", {"Form1": rows})
    desk.columns(f"{head[0]}: respondent", "למה?: choices reasons", "Age: segment age")
    read = desk.read("survey.xlsx")
    assert (read.source.format, read.source.encoding) == ("forms", "binary")
    assert ticked(read) == [{"deals", "news"}, {"none"}]
    assert read.people["segment.age"].tolist() == ["young", "old"]
    assert noted(read, "personal_columns") == 2


def test_an_option_inside_a_longer_option(desk: Desk) -> None:
    desk.write(
        "options.csv",
        "question,option,label_en,label_he,accepts,exclusive\n"
        "reasons,price,Price,מחיר,,\nreasons,low,Low price,מחיר נמוך,,\n"
        'reasons,both,"Price, low price",מחיר ומחיר נמוך,,\n',
    )
    read = desk.joined(["Low price", "Price;Low price;", "Price", "Price, low price;Price;"])
    assert ticked(read) == [{"low"}, {"price", "low"}, {"price"}, {"both", "price"}]


def test_changed_wording_in_mid_field_needs_accepts(desk: Desk) -> None:
    with refused("unmatched") as found:
        desk.joined(["Newsletter and updates", "News", "Fun"])
    assert found.fault.column == "why"
    assert "1 of 3" in found.fault.what and "accepts" in found.fault.remedy


# --- plain tables and Excel -------------------------------------------------------------------------------


@pytest.mark.parametrize("no", ["", "0", "FALSE", "No", "Not selected", "לא", "0.0", "לא נבחר"])
@pytest.mark.parametrize("yes", ["1", "TRUE", "Selected", "כן", "1.0", "Yes", "option"])
def test_every_way_to_write_ticked_and_unticked(desk: Desk, yes: str, no: str) -> None:
    texts = {"a": "News", "b": "סתם בשביל הכיף"} if yes == "option" else {"a": yes, "b": yes}
    desk.write("survey.csv", text_of([["id", "a", "b"], [1, texts["a"], no], [2, no, texts["b"]], [3, no, no]]))
    desk.columns("id: respondent", "a: choices reasons news", "b: choices reasons fun")
    read = desk.read()
    assert ticked(read) == [{"news"}, {"fun"}, set()]
    assert read.questions["reasons"].answered.tolist() == [True, True, False]
    assert read.questions["reasons"].asked.tolist() == [True, True, True]
    assert noted(read, "options_without_column") == 3


def test_blank_is_not_no_where_no_is_written_out(desk: Desk) -> None:
    desk.write("survey.csv", "id,a,b\n1,1,0\n2,0,0\n3,,\n")
    desk.columns("id: respondent", "a: choices reasons news", "b: choices reasons fun")
    question = desk.read().questions["reasons"]
    assert question.asked.tolist() == [True, True, False]
    assert question.answered.tolist() == [True, False, False]


def test_the_asked_column_decides(desk: Desk) -> None:
    """Blank may mean not shown, skipped or unticked; the filter question says which."""
    rows: Rows = [
        ["id", "like", "why"],
        [1, "Yes", "News"],
        [2, "yes", ""],
        [3, "No", ""],
        [4, "", ""],
        [5, "לא", "Fun"],
    ]
    desk.write("survey.csv", text_of(rows))
    desk.columns("id: respondent", "why: choices reasons", "like: asked reasons")
    read = desk.read()
    question = read.questions["reasons"]
    assert question.asked.tolist() == [True, True, False, False, False]
    assert question.base("answered").tolist() == [True, False, False, False, False]
    assert noted(read, "answered_not_asked") == 1
    desk.write("survey.csv", "id,like,why\n1,No,News\n")
    with refused("nobody_asked"):
        desk.read()


def test_options_nobody_chose_stay_in_the_table(desk: Desk) -> None:
    read = desk.joined(["News"])
    assert read.questions["reasons"].ticks.columns.tolist() == ["deals", "news", "fun", "loyal", "none"]
    assert read.questions["reasons"].exclusive == {"none"}


def test_a_split_column_with_another_options_text_is_a_swapped_mapping(desk: Desk) -> None:
    desk.write("survey.csv", "id,a,b\n1,News,\n2,,Just for fun\n")
    desk.columns("id: respondent", "a: choices reasons fun", "b: choices reasons news")
    with refused("swapped_columns") as found:
        desk.read()
    assert {fault.column for fault in found.faults} == {"a", "b"}


def test_the_column_beside_other_may_hold_what_people_typed(desk: Desk) -> None:
    desk.write(
        "options.csv", "question,option,label_en,label_he,accepts\nreasons,news,News,חדשות,\nreasons,other,Other,אחר,\n"
    )
    desk.write("survey.csv", f"id,a,b\n1,1,\n2,,{CANARY}\n")
    desk.columns("id: respondent", "a: choices reasons news", "b: choices reasons other")
    read = desk.read()
    assert ticked(read) == [{"news"}, {"other"}]
    assert CANARY not in repr((read.people.to_dict(), read.questions, read.source))


def test_excel_codes_that_became_floats_and_texts(desk: Desk) -> None:
    rows: Rows = [
        ["id", "why", "age", "w"],
        [1.0, 1.0, "18–34", "0.5"],
        ["2", "2.0", "35 and over", 2],
        [3, 99, "18-34 ", "1.0"],
    ]
    desk.sheet("survey.xlsx", {"Sheet1": rows})
    desk.columns("id: respondent", "why: choices reasons", "age: segment age", "w: weight")
    read = desk.read("survey.xlsx#Sheet1")
    assert ticked(read) == [{"deals"}, {"news"}, {"none"}]
    assert read.people["segment.age"].tolist() == ["young", "old", "young"]
    assert read.people["weight"].tolist() == [0.5, 2, 1]


def test_leading_titles_two_header_rows_and_merged_cells(desk: Desk) -> None:
    from openpyxl import load_workbook

    rows: Rows = [
        ["Survey of customers, September 2026"],
        [],
        ["", "Why did you press Like?", "", "Age"],
        ["id", "News", "Fun", ""],
        [1, "1", "", "18-34"],
        [2, "", "1", "35 and over"],
    ]
    path = desk.sheet("survey.xlsx", {"a": rows})
    book = load_workbook(path)
    book["a"].merge_cells("B3:C3")
    book.save(path)
    desk.columns(
        "id: respondent",
        "Why did you press Like? - News: choices reasons news",
        "Fun: choices reasons fun",
        "Age: segment age",
    )
    read = desk.read("survey.xlsx")
    assert "rows 3 and 4" in read.source.how_recognised
    assert ticked(read) == [{"news"}, {"fun"}]
    assert read.people["segment.age"].tolist() == ["young", "old"]


def test_codes_over_texts_as_two_header_rows(desk: Desk) -> None:
    """Repeated codes Q21, Q21 in row 1 and the texts in row 2."""
    rows: Rows = [
        ["id", "Q21", "Q21"],
        ["Respondent", "Because of news", "Because of fun"],
        [1, "Selected", "Not selected"],
    ]
    desk.sheet("survey.xlsx", {"a": rows})
    desk.columns(
        "Respondent: respondent", "Because of news: choices reasons news", "Because of fun: choices reasons fun"
    )
    assert ticked(desk.read("survey.xlsx")) == [{"news"}]


def test_hidden_sheets_formulas_and_dates_are_noted_or_text(desk: Desk) -> None:
    rows: Rows = [["id", "why", "when"], [1, "News", datetime.date(2026, 9, 1)], [2, "Fun", "=1+1"]]
    desk.sheet("survey.xlsx", {"old": [["x"]], "new": rows}, hidden=["old"])
    desk.columns("id: respondent", "why: choices reasons")
    read = desk.read("survey.xlsx")
    assert ticked(read) == [{"news"}, {"fun"}]
    assert (noted(read, "hidden_sheets"), noted(read, "formula_cells")) == (1, 1)


def test_a_csv_saved_again_by_excel_in_windows_1255(desk: Desk) -> None:
    desk.write("survey.csv", 'id;why\r\n1;חדשות\r\n2;אני לקוח נאמן של חז"ל ובניו\r\n', "cp1255")
    desk.columns("id: respondent", "why: choices reasons")
    read = desk.read()
    assert ticked(read) == [{"news"}, {"loyal"}]
    assert note(read, "windows1255_fallback").column is None


# --- which format -----------------------------------------------------------------------------------------


def test_a_format_can_be_forced_and_says_so(desk: Desk) -> None:
    desk.write("survey.csv", "id,why\n1,News\n")
    desk.columns("id: respondent", "why: choices reasons")
    read = desk.read(format="table")
    assert read.source.how_recognised.startswith("forced")
    assert desk.read(format="forms").source.format == "forms"
    with refused("wrong_format"):
        desk.read(format="qualtrics")
    with pytest.raises(ValueError, match="format must be"):
        desk.read(format="spss")


def test_a_qualtrics_file_forced_to_a_table_shows_its_header_as_answers(desk: Desk) -> None:
    qualtrics(desk, ["Q1"], ["Why?"], ["QID1"], [person(1, "News"), person(2, "News")])
    desk.columns("Q1: choices reasons")
    with refused("unmatched"):
        desk.read(format="table")
