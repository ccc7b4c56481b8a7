"""The small tables beside a survey, and every way in which they can be wrong."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from readers_kit import CANARY, Desk, refused

from kesher.readers import read_guesses, read_margins, read_options, read_published
from kesher.readers.lists import MAX_OPTIONS, read_columns

HEAD = "question,option,label_en,label_he,accepts,exclusive\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_options_as_written(desk: Desk) -> None:
    options = desk.options
    assert list(options) == ["reasons", "age"]
    none = options["reasons"][-1]
    assert (none.option, none.exclusive, none.accepts) == ("none", True, ("99", "None"))
    assert none.label == {"en": "None of these", "he": "אף אחת מאלה"}
    assert none.published_item is None


@pytest.mark.parametrize(
    ("lines", "kind", "row"),
    [
        ("q,a,A,א,,\nq,a,B,ב,,\n", "duplicate_option", 3),
        ("q,A b,A,א,,\n", "not_a_code", 2),
        ("q,a,,א,,\n", "missing_label", 2),
        ("q,a,A,,,\n", "missing_label", 2),
        ("q,a,A,א,,perhaps\n", "not_yes_or_no", 2),
        ("q,a,A,א,1,\nq,b,B,ב,1.0,\n", "ambiguous_text", None),
        ("q,a,Deals,א,,\nq,b,B,ב,deals,\n", "ambiguous_text", None),
        ('q,a,חז״ל,א,,\nq,b,B,חז"ל,,\n', "ambiguous_text", None),
    ],
)
def test_options_that_are_wrong(desk: Desk, lines: str, kind: str, row: int | None) -> None:
    desk.write("options.csv", HEAD + lines)
    with refused(kind) as found:
        _ = desk.options
    assert found.fault.row == row


def test_all_faults_of_the_options_come_together(desk: Desk) -> None:
    desk.write("options.csv", HEAD + "q,a,A,,,\nq,B,B,ב,,maybe\nq,a,A,א,,\n")
    with refused("duplicate_option") as found:
        _ = desk.options
    assert [(fault.row, fault.kind) for fault in found.faults] == [
        (2, "missing_label"),
        (3, "not_a_code"),
        (3, "not_yes_or_no"),
        (4, "duplicate_option"),
    ]


def test_ten_thousand_options_are_refused_clearly(desk: Desk) -> None:
    desk.write("options.csv", HEAD + "".join(f"q,o{at},L{at},ל{at},,\n" for at in range(10_000)))
    with refused("too_many_options") as found:
        _ = desk.options
    assert len(found.faults) == 1 and "10,000" in found.fault.what and str(MAX_OPTIONS) in found.fault.what


def test_many_faults_are_counted_past_fifty(desk: Desk) -> None:
    desk.write("options.csv", HEAD + "".join(f"q,O{at},L{at},ל{at},,\n" for at in range(300)))
    with refused("more") as found:
        _ = desk.options
    assert len(found.faults) == 51 and "250" in found.fault.what


def test_options_from_a_sheet_with_hebrew_yes(desk: Desk) -> None:
    rows = [
        ["question", "option", "label_en", "label_he", "accepts", "exclusive", "published_item"],
        ["q", "a", "A", "א", 1, "כן", "loyal"],
        ["q", "b", "B", "ב", "2|two", False, None],
    ]
    desk.sheet("intake.xlsx", {"options": rows})
    options = read_options(desk.root, "intake.xlsx#options")["q"]
    assert [(one.accepts, one.exclusive, one.published_item) for one in options] == [
        (("1",), True, "loyal"),
        (("2", "two"), False, None),
    ]


# --- columns ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("customers,x,wieght,,", "unknown_role"),
        ("customers,,weight,,", "missing_name"),
        ("customers,x,choices,reason,", "unknown_question"),
        ("customers,x,choices,reasons,new", "unknown_option"),
        ("customers,x,segment,,", "not_a_code"),
        ("customers,x,weight,,\ncustomers,y,weight,,", "duplicate_role"),
        ("customers,x,choices,reasons,\ncustomers,y,choices,reasons,news", "joined_and_split"),
        ("marketers,x,weight,,", "missing_group"),
    ],
)
def test_columns_that_are_wrong(desk: Desk, line: str, kind: str) -> None:
    desk.write("columns.csv", f"group,column,role,question,option\n{line}\n")
    with refused(kind):
        read_columns(desk.root, "columns.csv", group="customers", options=desk.options)


def test_columns_of_other_groups_are_left_alone(desk: Desk) -> None:
    desk.write(
        "columns.csv",
        "group,column,role,question,option\nmarketers,x,weight,,\n,y,respondent,,\ncustomers,z,weight,,\n",
    )
    lines = read_columns(desk.root, "columns.csv", group="customers", options=desk.options)
    assert [(line.column, line.role) for line in lines] == [("y", "respondent"), ("z", "weight")]


# --- margins ----------------------------------------------------------------------------------------------


def margins(desk: Desk, lines: str) -> dict[str, dict[str, float]]:
    desk.write("margins.csv", "question,option,share\n" + lines)
    return read_margins(desk.root, "margins.csv", desk.options)


def test_margins_are_rescaled_to_one(desk: Desk) -> None:
    assert margins(desk, "age,young,40.1%\nage,old,0.6\n")["age"] == pytest.approx(
        {"young": 0.4006, "old": 0.5994}, abs=1e-4
    )
    assert sum(margins(desk, "age,young,0.333\nage,old,0.666\n")["age"].values()) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ("age,young,0.5\nage,old,0.4\n", "not_one"),
        ("age,young,40\nage,old,60\n", "bad_share"),
        ("age,young,0.5\nage,middle,0.5\n", "unknown_option"),
        ("sex,male,0.5\n", "unknown_question"),
        ("age,young,1\n", "missing_option"),
        ("age,young,0.5\nage,young,0.5\n", "duplicate_option"),
        ("age,young,half\nage,old,0.5\n", "bad_share"),
        ("age,young,-0.5\nage,old,1.5\n", "bad_share"),
    ],
)
def test_margins_that_are_wrong(desk: Desk, lines: str, kind: str) -> None:
    with refused(kind):
        margins(desk, lines)


# --- guesses ----------------------------------------------------------------------------------------------

GUESSES = """guesser,option,guess_percent,sealed_on
Dana,news,40,2026-09-01
Dana,fun,12.5,2026-09-01
דנה,news,35%,2026-09-03
"""


def test_guesses_are_pseudonymous_shares_with_their_seal(desk: Desk) -> None:
    path = desk.write("guesses.csv", GUESSES)
    seal = hashlib.sha256(path.read_bytes()).hexdigest()
    guesses = read_guesses(desk.root, "guesses.csv", options=desk.options, seal=seal, revealed_on="2026-09-03")
    assert guesses.table.to_dict("list") == {
        "guesser": [1, 1, 2],
        "option": ["news", "fun", "news"],
        "guess": [0.4, 0.125, 0.35],
        "wave": [1, 1, 1],
    }
    assert (str(guesses.sealed_on), guesses.seal_checked, guesses.sha256) == ("2026-09-03", True, seal)
    unsealed = read_guesses(desk.root, "guesses.csv", options=desk.options)
    assert not unsealed.seal_checked and [note.code for note in unsealed.source.notes] == ["unsealed"]


def test_guesses_changed_after_sealing_or_made_after_the_result_are_refused(desk: Desk) -> None:
    desk.write("guesses.csv", GUESSES)
    with refused("seal") as found:
        read_guesses(desk.root, "guesses.csv", options=desk.options, seal="0" * 64, revealed_on="2026-09-02")
    late = [fault for fault in found.faults if fault.kind == "sealed_late"]
    assert [fault.row for fault in late] == [4]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Dana,news,101,2026-09-01", "bad_guess"),
        ("Dana,news,-1,2026-09-01", "bad_guess"),
        (f"Dana,news,{CANARY},2026-09-01", "bad_guess"),
        ("Dana,nwes,5,2026-09-01", "unknown_option"),
        ("Dana,news,5,01/09/2026", "bad_date"),
        (",news,5,2026-09-01", "missing_guesser"),
        ("Dana,news,5,2026-09-01\nDana,news,6,2026-09-01", "duplicate_guess"),
        ("Dana,news,5,2026-13-01", "bad_date"),
    ],
)
def test_guesses_that_are_wrong_by_row(desk: Desk, line: str, kind: str) -> None:
    desk.write("guesses.csv", f"guesser,option,guess_percent,sealed_on\nNoa,fun,3,2026-09-01\n{line}\n")
    with refused(kind) as found:
        read_guesses(desk.root, "guesses.csv", options=desk.options)
    assert found.fault.row == (4 if "\n" in line else 3)


def test_guesses_from_excel_with_dates_and_waves(desk: Desk) -> None:
    import datetime

    rows = [
        ["guesser", "option", "guess_percent", "sealed_on", "wave"],
        ["a", "News", 40, datetime.date(2026, 9, 1), 2],
    ]
    desk.sheet("g.xlsx", {"s": rows})
    guesses = read_guesses(desk.root, "g.xlsx", options=desk.options)
    assert guesses.table.iloc[0].tolist() == [1, "news", 0.4, 2]


# --- published --------------------------------------------------------------------------------------------


def test_published_tables_of_the_project() -> None:
    ibm = read_published("ibm_2011", "consumers").items
    assert len(ibm) == 12 and ibm["share"].iloc[0] == 0.61 and (ibm["n"] == 1056).all()


def test_published_tables_made_here(tmp_path: Path) -> None:
    head = "study,item,group,value,n,base,form,wording,year,country,source,rank,unit\n"
    rows = "s,a,g,40,10,all,multi,A,2011,US,x,,percent\ns,b,g,40,10,all,multi,B,2011,US,x,,percent\n"
    rows += "s,c,g,0.1,,all,multi,C,,US,x,1,\n"
    (tmp_path / "any.csv").write_text(head + rows)
    (tmp_path / "labels.csv").write_text("study,item,label_en,label_he\ns,a,A,א\n")
    items = read_published("s", "g", folder=tmp_path).items
    assert items["share"].tolist() == [0.4, 0.4, 0.1]
    assert items["rank"].tolist() == [1.5, 1.5, 1]
    for study, group in (("t", "g"), ("s", "h")):
        with refused("missing_study"):
            read_published(study, group, folder=tmp_path)
    (tmp_path / "any.csv").write_text(head + "s,a,g,40,,,,,,,,,\n")
    with refused("bad_share"):
        read_published("s", "g", folder=tmp_path)
