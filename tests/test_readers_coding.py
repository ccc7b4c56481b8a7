"""Answers to options: whole tokens, exact sets, nothing guessed, nothing of what people wrote kept."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from readers_kit import CANARY, Desk, noted, refused, text_of, ticked

from kesher.faults import DataRefused
from kesher.readers.coding import Coder, Joined
from kesher.readers.text import key, tokens
from kesher.readers.tidy import Option


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def option(name: str, english: str, hebrew: str = "", *accepts: str) -> Option:
    return Option("q", name, {"en": english, "he": hebrew or english}, accepts, False, None)


# --- two writings of one text -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("צ׳ופר", "צ'ופר"),
        ("חז״ל", 'חז"ל'),
        ("חז''ל", "חז״ל"),
        ("\u200fחדשות\u200e", "חדשות"),
        ("\u202bחדשות\u202c", "חדשות"),
        ("\u2067חדשות\u2069", "חדשות"),
        ("Caf\u0065\u0301", "CAFÉ"),
        ("a\u00a0 b", "A b"),
        ("18–34", "18-34"),
        ("תל־אביב", "תל-אביב"),
        ("don’t", "don't"),
        ("wait…", "wait..."),
        ("3.0", "3"),
        ("<b>R&amp;D</b>", "r&d"),
        ("שָׁלוֹם", "שלומ"),
        ("\ufeffNews", "news"),
        ("שׁלום", "שלום"),
    ],
)
def test_writings_of_the_same_text(one: str, other: str) -> None:
    assert key(one) == key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("9", "99"), ("1.5", "15"), ("-1", "1"), ("0", ""), ("None", ""), ("3.01", "3")]
)
def test_writings_of_different_texts(one: str, other: str) -> None:
    assert key(one) != key(other)


# --- codes ------------------------------------------------------------------------------------------------


def test_nine_is_not_found_in_ninety_nine(desk: Desk) -> None:
    read = desk.joined(["99;", "1;2;", "9;1;", "99", "1;99;"])
    assert ticked(read) == [{"none"}, {"deals", "news"}, {"loyal", "deals"}, {"none"}, {"deals", "none"}]
    assert noted(read, "exclusive_with_others") == 1


def test_labels_of_both_languages_codes_and_ids_all_match(desk: Desk) -> None:
    read = desk.joined(["חדשות;Just for fun;1", "news;loyal", "FUN;  מבצעים, קופונים;", "2.0;3.0"])
    assert ticked(read) == [{"news", "fun", "deals"}, {"news", "loyal"}, {"fun", "deals"}, {"news", "fun"}]


def test_unknown_text_becomes_other_and_is_counted_once_per_answer(desk: Desk) -> None:
    cells = ["News, because I like it, a lot", "Fun", *["News"] * 30]
    read = desk.joined(cells)
    assert ticked(read)[:2] == [{"news", "other"}, {"fun"}]
    assert noted(read, "unmatched_text") == 1


def test_nothing_written_leaves_the_reader(desk: Desk) -> None:
    read = desk.joined([f"News, {CANARY}", *["News"] * 30])
    assert CANARY not in repr((read.people.to_dict(), read.questions["reasons"].ticks.to_dict(), read.source))


def test_a_value_never_stands_in_a_refusal(desk: Desk) -> None:
    with refused("unmatched") as found:
        desk.joined([CANARY, "News"])
    assert found.fault.what == "1 of 2 answers match no option of question 'reasons'."


def test_ambiguous_cells_take_the_longest_option_and_are_counted() -> None:
    coder = Coder([option("a", "A"), option("b", "B"), option("ab", "A, B")])
    found = Joined(coder, ",").decode(["A, B", "B, A", "A", "A, B, A"])
    assert found.ticks.tolist() == [
        [False, False, True],
        [True, True, False],
        [True, False, False],
        [True, False, True],
    ]
    assert found.ambiguous.tolist() == [True, False, False, False]


def test_longest_first_does_not_trap_the_rest() -> None:
    coder = Coder([option("a", "A"), option("ab", "A, B"), option("bc", "B, C")])
    assert Joined(coder, ",").decode(["A, B, C"]).ticks.tolist() == [[True, False, True]]


def test_options_that_a_split_can_not_tell_apart_are_refused(desk: Desk) -> None:
    desk.write("options.csv", 'question,option,label_en,label_he\nreasons,a,"x, y",א\nreasons,b,"x,y,",ב\n')
    with refused("ambiguous_text"):
        desk.joined(["x, y"], delimiter=",")


@pytest.mark.parametrize("delimiter", [";", ",", "|", "\n"])
def test_the_delimiter_is_found_from_the_options(desk: Desk, delimiter: str) -> None:
    read = desk.joined([delimiter.join(["News", "Fun"]), "News", delimiter.join(["Fun", "Deals, coupons"])])
    assert ticked(read) == [{"news", "fun"}, {"news"}, {"fun", "deals"}]


def test_a_forced_delimiter_is_taken(desk: Desk) -> None:
    with refused("unmatched"):
        desk.joined(["News;Fun", "Fun;News"], delimiter="|")


def test_a_cell_of_four_hundred_overlapping_options_ends(desk: Desk) -> None:
    options = [option(f"o{at}", ", ".join(["x"] * (at + 1))) for at in range(100)]
    cell = ", ".join(["x"] * 300)
    found = Joined(Coder(options), ",").decode([cell])
    assert found.ambiguous[0] and found.unmatched[0] == 0


NASTY = [
    "Deals",
    "Deals, coupons",
    "Deals, coupons and more",
    "coupons",
    "and more; or less",
    "צ׳ופרים, הטבות",
    "הטבות",
    'אני לקוח של חז״ל, "ותיק"',
    "“Quoted”, it's said",
    "\u200fמבצעים\u200e – הכול",
    "9",
    "99",
    "Yes, no; maybe",
    "no",
]
CODER = Coder([option(f"o{at}", text) for at, text in enumerate(NASTY)])


def decodable(chosen: set[int], delimiter: str) -> bool:
    """Whether no other set of these options makes the same cell, in any order."""
    parts = [tokens(text, delimiter) for text in NASTY]
    cell = tuple(itertools.chain.from_iterable(parts[at] for at in sorted(chosen)))
    sets: set[frozenset[int]] = set()

    def walk(at: int, used: frozenset[int]) -> None:
        if at == len(cell):
            sets.add(used)
        for option, part in enumerate(parts):
            if option not in used and cell[at : at + len(part)] == part:
                walk(at + len(part), used | {option})

    walk(0, frozenset())
    return len(sets) == 1


@settings(max_examples=400, deadline=None)
@given(
    st.sets(st.integers(0, len(NASTY) - 1), min_size=1), st.sampled_from([",", ";", "|"]), st.booleans(), st.booleans()
)
def test_any_set_of_nasty_options_is_decoded_exactly(
    chosen: set[int], delimiter: str, spaced: bool, trailing: bool
) -> None:
    joined = (delimiter + " " * spaced).join(NASTY[at] for at in sorted(chosen)) + delimiter * trailing
    found = Joined(CODER, delimiter).decode([joined])
    assert found.unmatched[0] == 0
    if decodable(chosen, delimiter):
        assert set(np.flatnonzero(found.ticks[0])) == chosen
        assert not found.ambiguous[0]
    else:
        assert found.ambiguous[0]


PARTS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(", ".join)


@settings(max_examples=400, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=6, unique=True), st.data())
def test_any_set_of_any_options_is_decoded_exactly(texts: list[str], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(texts))))
    chosen = order[: data.draw(st.integers(1, len(texts)))]
    cell = ", ".join(texts[at] for at in chosen)
    found = Joined(Coder([option(f"o{at}", text) for at, text in enumerate(texts)]), ",").decode([cell])
    pieces = tokens(cell, ",")
    possible = {
        frozenset(some)
        for size in range(1, len(texts) + 1)
        for some in itertools.permutations(range(len(texts)), size)
        if tuple(itertools.chain.from_iterable(tokens(texts[at], ",") for at in some)) == pieces
    }
    decoded = frozenset(np.flatnonzero(found.ticks[0]))
    assert decoded in possible and found.ambiguous[0] == (len(possible) > 1)


# --- people -----------------------------------------------------------------------------------------------


def people(desk: Desk, name: str, role: str, cells: list[object], **given: object) -> list[object]:
    desk.columns("why: choices reasons", f"{name}: {role}")
    desk.write("survey.csv", text_of([["why", name], *(["News", cell] for cell in cells)]))
    frame = desk.read(**given).people
    column = [one for one in frame.columns if one != "respondent"]
    return frame[column[0] if column else "respondent"].tolist()


@pytest.mark.parametrize(
    ("cells", "kind", "row"),
    [
        ([1, "", "", 2], "missing_weight", 3),
        ([1, -1], "negative_weight", 3),
        ([1, 2, 0], "zero_weight", 4),
        (["heavy", 1], "non_numeric_weight", 2),
        ([1, "nan"], "missing_weight", 3),
        ([1, "inf"], "non_numeric_weight", 3),
        (["", ""], "missing_weight", 2),
        ([1, "1_0"], "non_numeric_weight", 3),
    ],
)
def test_weights_that_are_none_are_refused_with_count_and_first_row(
    desk: Desk, cells: list[object], kind: str, row: int
) -> None:
    with refused(kind) as found:
        people(desk, "w", "weight", cells)
    assert (found.fault.row, found.fault.column) == (row, "w")
    assert "heavy" not in str(found.fault)


def test_all_faults_of_a_file_come_together(desk: Desk) -> None:
    desk.columns("w: weight", "s: stratum", "r: recommend", "why: choices reasons", "a: segment age")
    desk.write("survey.csv", "w,s,r,why,a\n-1,x,11,xx,young\n0,,5,News,zz\n,y,9,News,zz\n")
    with refused("negative_weight") as found:
        desk.read()
    kinds = {fault.kind for fault in found.faults}
    assert kinds == {"negative_weight", "zero_weight", "missing_weight", "missing_stratum", "out_of_range", "unmatched"}
    assert len([fault for fault in found.faults if fault.kind == "unmatched"]) == 2


def test_ids_become_numbers_in_order_of_appearance(desk: Desk) -> None:
    assert people(desk, "id", "respondent", ["b", "a", " b ", "", "", "c"]) == [1, 2, 1, 5, 6, 4]


def test_ids_keep_their_zeros_apart(desk: Desk) -> None:
    assert people(desk, "id", "respondent", ["007", "7", "07"]) == [1, 2, 3]


def test_one_respondent_is_enough_to_read(desk: Desk) -> None:
    assert people(desk, "w", "weight", [1.5]) == [1.5]


@pytest.mark.parametrize(
    ("role", "cells", "read"),
    [
        ("duration", ["250", "0 days 00:04:10.8", "00:01:30"], [250, 250.8, 90]),
        ("recommend", ["10 - Extremely likely", "0 – Not at all likely", "7"], [10, 0, 7]),
        ("loyalty", ["4.5", "1", "3"], [4.5, 1, 3]),
        ("programmes_enrolled", ["18", "0", "8"], [18, 0, 8]),
        ("wave", ["1", "2", "2.0"], [1, 2, 2]),
        ("stratum", ["north", "South", "NORTH"], [0, 1, 0]),
        ("cluster", ["7", "8", "7.0"], [0, 1, 0]),
    ],
)
def test_numbers_as_programs_write_them(desk: Desk, role: str, cells: list[object], read: list[float]) -> None:
    assert people(desk, "x", role, cells) == read


def test_scale_words_through_options(desk: Desk) -> None:
    desk.write(
        "options.csv",
        "question,option,label_en,label_he,accepts\nreasons,news,News,חדשות,\n"
        "price,1,Strongly disagree,בכלל לא מסכים,\nprice,5,Strongly agree,מסכים מאוד,\n",
    )
    assert people(desk, "x", "grid price", ["Strongly agree", "בכלל לא מסכים", "5"]) == [5, 1, 5]


def test_few_cells_that_are_no_number_are_missing_and_counted_many_are_refused(desk: Desk) -> None:
    read = people(desk, "x", "loyalty", [*range(1, 21), "no idea", "-99", ""])
    assert np.isnan(np.array(read[20:], dtype=float)).all()
    with refused("not_a_number") as found:
        people(desk, "x", "loyalty", [3, CANARY])
    assert found.fault.row == 3


@pytest.mark.parametrize("role", ["loyalty", "segment age", "choices reasons"])
def test_a_column_without_anything_is_refused(desk: Desk, role: str) -> None:
    desk.columns("x: " + role)
    desk.write("survey.csv", "id,x\n1,\n2,\n")
    with refused("column_empty"):
        desk.read()


def test_a_split_question_without_any_tick_is_refused(desk: Desk) -> None:
    desk.columns("a: choices reasons news", "b: choices reasons fun")
    desk.write("survey.csv", "id,a,b\n1,0,0\n2,0,0\n")
    with refused("column_empty"):
        desk.read()


# --- who somebody is --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Email Address",
        "RecipientEmail",
        "IPAddress",
        "IP Address",
        "First name",
        "שם פרטי",
        "שם",
        "Phone",
        "טלפון נייד",
        "LocationLatitude",
        "תעודת זהות",
        "ת״ז",
        "כתובת מגורים",
        "E-mail",
        "דוא״ל",
        "RecipientFirstName",
        "Name",
        "What is your e-mail address?",
        "מה הטלפון שלך?",
        "Please enter your full name:",
        "מספר תעודת זהות",
        "Mobile number",
    ],
)
def test_personal_columns_by_name_are_refused(desk: Desk, name: str) -> None:
    with refused("personal") as found:
        people(desk, name, "segment age", ["18-34"])
    assert found.fault.column == name


@pytest.mark.parametrize(
    "name",
    [
        "brand name",
        "Location (Census Region)",
        "tip",
        "Which phone do you use?",
        "Do you read our e-mail?",
        "שם המותג",
        "באיזה נייד את/ה משתמש/ת?",
        "What is your favourite street?",
    ],
)
def test_names_that_only_look_personal_are_read(desk: Desk, name: str) -> None:
    assert people(desk, name, "segment age", ["18-34"]) == ["young"]


@pytest.mark.parametrize(
    "cells",
    [
        ["a@b.example", "c@d.example"],
        ["052-1234567", "0541234567", "+972 50 765 4321"],
        ["192.0.2.1", "192.0.2.77"],
        ["123456782", "000000018", "203040506"[:8] + "9"],
        ["541234567", "521234567"],
    ],
)
@pytest.mark.parametrize("role", ["segment age", "stratum", "loyalty"])
def test_personal_columns_by_content_are_refused_even_if_well_named(desk: Desk, cells: list[object], role: str) -> None:
    with refused("personal") as found:
        people(desk, "x", role, cells)
    assert not any(str(cell) in str(fault) for cell in cells for fault in found.faults)


def test_personal_cells_may_be_the_respondents_id(desk: Desk) -> None:
    assert people(desk, "Email", "respondent", ["a@b.example", "c@d.example", "a@b.example"]) == [1, 2, 1]


def test_a_single_address_among_answers_does_not_make_an_address_column(desk: Desk) -> None:
    assert ticked(desk.joined(["a@b.example", *["News"] * 20]))[0] == {"other"}


def test_missing_columns_suggest_the_nearest(desk: Desk) -> None:
    desk.columns("wieght: weight", "why: choices reasons", "ages: segment age")
    desk.write("survey.csv", "id,weight,why\n1,1,News\n")
    with refused("missing_column") as found:
        desk.read()
    assert [fault.column for fault in found.faults] == ["wieght", "ages"]
    assert "Nearest: weight" in found.fault.remedy and found.fault.row == 1


# Survey houses' codes: 1 yes, 2 no, 7-9 not told ------------------------------------------------------


def coded(tmp_path: Path, *rows: tuple[object, object], **given: bool) -> tuple[list[bool], list[bool], list[str]]:
    """Ticks of deals, whom it was put to, and the notes' codes, of rows of two columns."""
    desk = Desk(tmp_path)
    desk.write(
        "options.csv", "question,option,label_en,label_he\nreasons,deals,Deals,מבצעים\nreasons,news,News,חדשות\n"
    )
    desk.columns("id: respondent", "why_deals: choices reasons deals", "why_news: choices reasons news")
    desk.write("survey.csv", text_of([["id", "why_deals", "why_news"], *([at, *row] for at, row in enumerate(rows))]))
    people = desk.read(**given)
    question = people.questions["reasons"]
    return question.ticks["deals"].tolist(), question.asked.tolist(), [note.code for note in people.source.notes]


def test_one_and_two_are_yes_and_no_and_nine_is_no_tick(tmp_path: Path) -> None:
    ticks, asked, notes = coded(tmp_path, (1, 2), (2, 1), (9, 1), ("", ""))
    assert ticks == [True, False, False, False]
    assert asked == [True, True, True, False]  # unticked is written out, so that a blank was not shown
    assert "untold_codes" in notes and "unmatched_text" not in notes


def test_a_two_beside_other_codes_is_not_taken_for_a_no(tmp_path: Path) -> None:
    """A scale of 1 to 5 is no yes and no: its 2 matches no option, and that is said."""
    with pytest.raises(DataRefused, match="match no option"):
        coded(tmp_path, (1, 2), (2, 4), (5, 3))


def test_blanks_are_no_where_they_are_said_to_be(tmp_path: Path) -> None:
    rows = ((1, 0), (0, 1), ("", ""))
    assert coded(tmp_path, *rows)[1] == [True, True, False]
    (tmp_path / "again").mkdir()
    ticks, asked, _ = coded(tmp_path / "again", *rows, blanks_are_no=True)
    assert (ticks, asked) == ([True, False, False], [True, True, True])
