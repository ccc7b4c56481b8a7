"""The channel workbook's small tables as consultants type them, and every way in which they can be wrong."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from readers_kit import CANARY, Desk, refused, text_of

from kesher.answers.channel_selection.reading import check, read
from kesher.faults import DataRefused
from kesher.params import ChannelSelection
from kesher.readers import DataRoot, SourceReport
from kesher.readers.guesses import PUBLISHED
from kesher.readers.networks import (
    FUNNEL,
    GOALS,
    NETWORKS,
    OUTCOMES,
    TRADITIONAL,
    network_code,
    network_label,
    no_table,
    published_overlap,
    published_reach,
    read_funnel,
    read_goals,
    read_networks,
    read_overlap,
    read_reach,
    read_traditional,
)
from kesher.readers.typed_tables import MAX_ROWS, labels_of, shares_of

Reader = Callable[..., Any]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def typed(desk: Desk, reader: Reader, text: str, **more: Any) -> Any:
    """What a reader makes of a CSV with this text."""
    desk.write("t.csv", text)
    return reader(desk.root, "t.csv", **more)


# --- names of networks ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("Facebook", "facebook"), ("פייסבוק", "facebook"), (" FB ", "facebook"), ("\u200fאינסטגרם", "instagram"),
        ("Twitter", "x"), ("X", "x"), ("X (Twitter)", "x"), ("טוויטר", "x"), ("Linked-In", "linkedin"),
        ("לינקדאין", "linkedin"), ("יוטיוב", "youtube"), ("You Tube", "youtube"), ("ווטסאפ", "whatsapp"),
        ("וואטסאפ", "whatsapp"), ("טיקטוק", "tiktok"), ("Tik Tok", "tiktok"), ("טלגרם", "telegram"),
        ("מסנג׳ר", "messenger"), ("nextdoor", "nextdoor"), ("our_forum_2", "our_forum_2"), ("Nextdoor", "nextdoor"),
        ("our forum", None), ("", None), ("רשת שלנו", None), ("a" * 41, None), ("=HYPERLINK(1)", None),
    ],
)  # fmt: skip
def test_a_network_by_any_of_its_names(written: str, code: str | None) -> None:
    assert network_code(written) == code


def test_a_network_by_the_clients_own_labels() -> None:
    labels = labels_of([("Our page", "facebook_page"), ("הדף שלנו", "facebook_page"), ("Both", "a"), ("both", "b")])
    assert network_code("our-page", labels) == network_code("הדף שלנו", labels) == "facebook_page"
    assert network_code("Both", labels) == "both"  # of two networks: neither, and so an id as written
    assert network_label("x") == {"en": "X", "he": "איקס"} and network_label("forum")["he"] == "forum"


# --- networks ---------------------------------------------------------------------------------------------


def test_networks_from_a_sheet_as_it_is_typed(desk: Desk) -> None:
    rows: list[list[Any]] = [
        ["What we know of each network", None, None, None, None, None, None, None, None, None],
        [],
        ["Network", "LABEL_HE", "Present", "Hours Good", "hours_minimum", "cost", "Mentions", "last post", "leads",
         "our remarks"],
        ["Facebook", "הדף", "כן", 10, 4.5, "₪1,200", "1,050", datetime.date(2026, 10, 1), 12, "@1+1"],
        [],
        ["לינקדאין", None, "לא", "-", None, "200 ₪", 0, "2026-09-30", None, None],
        ["forum", "+SUM(A1)", None, None, None, None, None, None, None, None],
    ]  # fmt: skip
    desk.sheet("intake.xlsx", {"networks": rows})
    told: list[SourceReport] = []
    table = read_networks(desk.root, "intake.xlsx#networks", sources=told)
    assert tuple(table) == NETWORKS and table.index.equals(pd.RangeIndex(3))
    assert table["network"].tolist() == ["facebook", "linkedin", "forum"]
    assert table["label_en"].tolist() == ["Facebook", "", "+SUM(A1)"]
    assert table["label_he"].tolist() == ["הדף", "", "+SUM(A1)"]
    assert table["present"].tolist() == [True, False, None]
    assert table["hours_good"].tolist()[0] == 10 and table["hours_good"].isna().tolist() == [False, True, True]
    assert table["cost"].tolist()[:2] == [1200, 200] and table["mentions"].tolist()[:2] == [1050, 0]
    assert table["last_post"].dt.date.tolist()[:2] == [datetime.date(2026, 10, 1), datetime.date(2026, 9, 30)]
    assert table["last_post"].isna()[2] and table["competitors"].isna().all() and table["hours_now"].isna().all()
    assert [(one.file, one.rows) for one in told] == [("intake.xlsx#networks", 3)]
    assert ("new_networks", 1) in {(note.code, note.count) for note in told[0].notes}


@pytest.mark.parametrize(
    ("header", "line", "kind", "column"),
    [
        ("network", "Total", "total_row", "network"),
        ("network", 'סה"כ', "total_row", "network"),
        ("network", "our forum", "unknown_network", "network"),
        ("network", "Facebook", "duplicate_network", "network"),
        ("network,cost", ",5", "missing_network", "network"),
        ("network,hours_now", "x,-1", "negative", "hours_now"),
        ("network,hours_good", "x,ten", "bad_number", "hours_good"),
        ("network,hours_answer", f"x,{CANARY}", "bad_number", "hours_answer"),
        ("network,cost", "x,#DIV/0!", "bad_number", "cost"),
        ("network,mentions", "x,=1+1", "bad_number", "mentions"),
        ("network,competitors", "x,2.5", "not_whole", "competitors"),
        ("network,present", "x,maybe", "not_yes_or_no", "present"),
        ("network,last_post", "x,soon", "bad_date", "last_post"),
        ("network,last_post", "x,2026-13-01", "bad_date", "last_post"),
        ("network,last_post", "x,0001-01-01", "bad_date", "last_post"),
        ("network,hours_good,hours_minimum", "x,4,5", "minimum_above_good", "hours_minimum"),
    ],
)
def test_networks_that_are_wrong_by_row(desk: Desk, header: str, line: str, kind: str, column: str) -> None:
    names = header.split(",")
    rows = [names, ["facebook", *[""] * (len(names) - 1)], line.split(",")]
    with refused(kind) as found:
        typed(desk, read_networks, text_of(rows))
    assert (found.fault.row, found.fault.column) == (3, column)


def test_all_faults_of_a_table_come_together_with_the_nearest_name(desk: Desk) -> None:
    text = "network,hours_now,cost,present\nface book page,-1,,\nInstagrm 2,,x,\nx,,,perhaps\n"
    with refused("unknown_network") as found:
        typed(desk, read_networks, text)
    assert [(fault.row, fault.kind) for fault in found.faults] == [
        (2, "unknown_network"), (3, "unknown_network"), (4, "not_yes_or_no"), (2, "negative"), (3, "bad_number"),
    ]  # fmt: skip
    assert "Nearest: instagram" in found.faults[1].remedy


def test_a_table_that_is_none_of_these(desk: Desk) -> None:
    with refused("missing_column") as found:
        typed(desk, read_networks, "netwrok,cost\nx,1\n")
    assert "netwrok" in found.fault.remedy
    with refused("no_rows"):
        typed(desk, read_networks, "network,cost\n")
    with refused("too_many_rows"):
        typed(desk, read_networks, "network\n" + "".join(f"n{at}\n" for at in range(MAX_ROWS + 1)))
    desk.sheet("intake.xlsx", {"reach": [["network", "share"]], "goals": [["goal", "weight"], ["reach", 1]]})
    with refused("no_rows") as found:
        read_reach(desk.root, "intake.xlsx#reach")
    assert found.fault.where == "intake.xlsx#reach"
    with refused("missing_column") as found:
        read_goals(desk.root, "intake.xlsx#goals")
    assert (found.fault.where, found.fault.column) == ("intake.xlsx#goals", "full")


def test_days_are_read_as_they_are_written_and_never_guessed(desk: Desk) -> None:
    def days(*cells: str, **more: Any) -> list[str]:
        text = text_of([["network", "last_post"], *([f"n{at}", cell] for at, cell in enumerate(cells))])
        return typed(desk, read_networks, text, **more)["last_post"].dt.strftime("%F").tolist()

    assert days("13/10/2026", "03/04/2026 10:15") == ["2026-10-13", "2026-04-03"]
    assert days("03/04/2026", day_first="no") == ["2026-03-04"]
    assert days("03/04/2026", country="IL") == ["2026-04-03"]
    assert days("2026-10-01T00:00:00", "46027", "Oct 5, 2026") == ["2026-10-01", "2026-01-05", "2026-10-05"]
    for cells in (("03/04/2026",), ("13/04/2026", "04/13/2026")):
        with refused("ambiguous_dates"):
            days(*cells, country="US")


# --- shares and reach -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "shares"),
    [
        (["63", "8", "0"], [0.63, 0.08, 0]),
        (["63%", " 8 % ", "0.5%", "0"], [0.63, 0.08, 0.005, 0]),
        (["63.5", "1"], [0.635, 0.01]),
        (["0.63", "1", "0"], [0.63, 1, 0]),
        (["0.63"], [0.63]),
        (["٪63", "1,5%"], [0.63, 0.015]),
    ],
)
def test_shares_however_written(cells: list[str], shares: list[float]) -> None:
    found, mixed = shares_of(cells)
    assert found.tolist() == pytest.approx(shares, abs=1e-15) and not mixed


@pytest.mark.parametrize("cells", [["63", "0.4"], ["63%", "0.4"], ["40%", "1"], ["1.05", "0.5"]])
def test_shares_that_may_be_percentages(desk: Desk, cells: list[str]) -> None:
    with refused("mixed_percent") as found:
        typed(desk, read_reach, "network,share\n" + "".join(f"n{at},{cell}\n" for at, cell in enumerate(cells)))
    assert (found.fault.column, found.fault.row) == ("share", None)


def test_reach_with_what_it_is_of(desk: Desk) -> None:
    told: list[SourceReport] = []
    text = "Network,Reach,N,Base,Year,Source\nפייסבוק,69%,1502,US adults,2019,A\nTwitter,22%,1400,us  adults,,B\n"
    reach = typed(desk, read_reach, text + "whatsapp,0%,,,2018,A\n", sources=told)
    assert reach.names == ("facebook", "x", "whatsapp") and reach.reach.tolist() == [0.69, 0.22, 0]
    assert (reach.n, reach.year, reach.source) == (1400, 2018, "A; B") and reach.base == "us adults"
    assert {note.code for note in told[0].notes} == {"mixed_n", "mixed_year"}
    alone = typed(desk, read_reach, "network,share\nx,0.5\n")
    assert math.isnan(alone.n) and math.isnan(alone.year) and (alone.base, alone.source) == ("", "")
    assert typed(desk, read_reach, "network,share\nOur page,5%\n", labels={"ourpage": "page"}).names == ("page",)


@pytest.mark.parametrize(
    ("lines", "kind", "row"),
    [
        ("x,63,,\nx,20,,", "duplicate_network", 3),
        ("Twitter,63,,\nX,20,,", "duplicate_network", 3),
        ("x,120,,", "above_all", 2),
        ("x,-3,,", "negative", 2),
        ("x,,,", "missing_share", 2),
        ("x,half,,", "bad_share", 2),
        (f"x,{CANARY},,", "bad_share", 2),
        ("x,5,0,", "no_people", 2),
        ("x,5,-3,", "negative", 2),
        ("x,5,many,", "bad_number", 2),
        ("x,5,,19", "bad_year", 2),
        ("Total,5,,", "total_row", 2),
    ],
)
def test_reach_that_is_wrong(desk: Desk, lines: str, kind: str, row: int) -> None:
    with refused(kind) as found:
        typed(desk, read_reach, f"network,reach,n,year\n{lines}\n")
    assert found.fault.row == row


def test_reach_of_different_people_is_not_mixed(desk: Desk) -> None:
    with refused("mixed_bases"):
        typed(desk, read_reach, "network,reach,base\nx,33,users\nfacebook,50,all\n")
    with refused("missing_column") as found:
        typed(desk, read_reach, "network,reech\nx,33\n")
    assert found.fault.column == "reach" and "reech" in found.fault.remedy


# --- overlap ----------------------------------------------------------------------------------------------

OVERLAP = "network,reach,X,Facebook,Instagram,n\nTwitter,22,100,89,71,1502\nפייסבוק,69,28,,48,\nInstagram,37,43,91,-,\n"


def test_an_overlap_table(desk: Desk) -> None:
    table = typed(desk, read_overlap, OVERLAP)
    assert table.names == ("x", "facebook", "instagram") and table.n == 1502
    assert table.reach.tolist() == [0.22, 0.69, 0.37]
    off = ~np.eye(3, dtype=bool)
    assert table.cells[off].tolist() == pytest.approx([0.89, 0.71, 0.28, 0.48, 0.43, 0.91])
    assert np.isnan(np.diag(table.cells)).all()


def test_the_columns_of_an_overlap_table_may_come_in_any_order(desk: Desk) -> None:
    text = "network,facebook,reach,x\nx,0.9,0.2,1\nfacebook,1,0.7,0.25\n"
    table = typed(desk, read_overlap, text)
    assert table.cells[0, 1] == 0.9 and table.cells[1, 0] == 0.25  # row x, column facebook; and the other way


@pytest.mark.parametrize(
    ("text", "kind", "row"),
    [
        (OVERLAP.replace(",28,", ",,"), "missing_share", 3),
        (OVERLAP.replace(",28,", ",x,"), "bad_share", 3),
        (OVERLAP.replace(",28,", f",{CANARY},"), "bad_share", 3),
        (OVERLAP.replace(",28,", ",-28,"), "negative", 3),
        (OVERLAP.replace(",28,", ",128,"), "above_all", 3),
        (OVERLAP.replace(",28,", ",0.28,"), "mixed_percent", None),
        (OVERLAP.replace("Instagram,n", "Pinterest,n"), "column_without_row", None),
        (OVERLAP.replace("Instagram,n", "Pinterest,n"), "row_without_column", 4),
        (OVERLAP.replace("Instagram,n", f"{CANARY},n"), "column_without_row", None),
        (OVERLAP.replace("Instagram,n", "Twitter,n"), "duplicate_network", None),
        (OVERLAP.replace("Instagram,37", "facebook,37"), "duplicate_network", 4),
        (OVERLAP.replace(",reach,", ",rich,"), "missing_column", None),
    ],
)
def test_overlap_that_is_wrong(desk: Desk, text: str, kind: str, row: int | None) -> None:
    with refused(kind) as found:
        typed(desk, read_overlap, text)
    assert found.fault.row == row


# --- goals ------------------------------------------------------------------------------------------------


def test_goals_with_their_scales(desk: Desk) -> None:
    text = 'Goal,Weight,Zero,Full\nReach,50%,,60\nמעורבות,30%,100,"2,100"\nsales,0%,10,0\nservice,20%,10,100\n'
    goals = typed(desk, read_goals, text)
    assert tuple(goals) == GOALS and goals["goal"].tolist() == ["reach", "engagement", "sales", "service"]
    assert goals["weight"].tolist() == [50, 30, 0, 20]
    assert goals["zero"].tolist() == [0, 100, 10, 10] and goals["full"].tolist() == [0.6, 2100, 0, 100]


@pytest.mark.parametrize(
    ("lines", "kind", "row"),
    [
        ("reech,1,0,1", "unknown_goal", 2),
        ("reach,1,0,1\nReach,1,0,1", "duplicate_goal", 3),
        ("reach,0,0,1\nsales,0,0,1", "no_weight", None),
        ("reach,-1,0,1", "negative", 2),
        ("reach,,0,1", "missing_number", 2),
        ("reach,1,0.4,40%", "mixed_percent", None),
        ("reach,1,0.5,0.5", "flat_scale", 2),
        ("sales,1,,0", "flat_scale", 2),
        ("sales,1,0,", "missing_number", 2),
        ("reach,1,0,", "missing_share", 2),
        ("reach,1,0,140", "above_all", 2),
        ("reach,1,0,lots", "bad_share", 2),
        ("reach,50%,0,1\nsales,50,0,1", "mixed_percent", None),
        ("Total,1,0,1", "total_row", 2),
    ],
)
def test_goals_that_are_wrong(desk: Desk, lines: str, kind: str, row: int | None) -> None:
    with refused(kind) as found:
        typed(desk, read_goals, f"goal,weight,zero,full\n{lines}\n")
    assert found.fault.row == row
    assert kind != "unknown_goal" or "Nearest: reach" in found.fault.remedy


# --- funnel and other channels ----------------------------------------------------------------------------


def test_leads_by_network(desk: Desk) -> None:
    told: list[SourceReport] = []
    text = 'network,impressions,clicks,leads,customers,cost,months\nFB,"10,000",200,250,3,₪900.50,6\nx,,,1,2,,\n'
    funnel = typed(desk, read_funnel, text, sources=told)
    assert tuple(funnel) == FUNNEL and funnel.iloc[0].tolist() == ["facebook", 10000, 200, 250, 3, 900.5, 6]
    assert funnel.iloc[1, 1:].isna().tolist() == [True, True, False, False, True, True]
    noted = {(note.code, note.count) for note in told[0].notes}
    assert noted == {("leads_above_clicks", 1), ("customers_above_leads", 1)}


@pytest.mark.parametrize(
    ("line", "kind", "column"),
    [
        ("x,100,101,,,,", "clicks_above_impressions", "clicks"),
        ("x,,,,,,0", "no_months", "months"),
        ("x,,,,,,-1", "no_months", "months"),
        ("x,10.5,,,,,", "not_whole", "impressions"),
        ("x,,,-1,,,", "negative", "leads"),
        ("x,,,,,free,", "bad_number", "cost"),
        ("facebook,1,,,,,", "duplicate_network", "network"),
    ],
)
def test_leads_that_are_wrong(desk: Desk, line: str, kind: str, column: str) -> None:
    head = "network,impressions,clicks,leads,customers,cost,months\nFacebook,,,,,,\n"
    with refused(kind) as found:
        typed(desk, read_funnel, f"{head}{line}\n")
    assert (found.fault.row, found.fault.column) == (3, column)


def test_other_channels_are_called_as_they_are_typed(desk: Desk) -> None:
    told: list[SourceReport] = []
    text = "channel,label_he,contacts,cost\nLocal  radio,רדיו,65000,9800\n=cmd|x,,1,\nDana 0501234567,,,10\n"
    table = typed(desk, read_traditional, text, sources=told)
    assert tuple(table) == TRADITIONAL and table["channel"].tolist() == ["Local radio", "=cmd|x", "other 1"]
    assert table["label_en"].tolist() == ["רדיו", "", ""] and table["contacts"].tolist()[:2] == [65000, 1]
    assert [(note.code, note.count) for note in told[0].notes] == [("names_hidden", 1)]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (",,5,5", "missing_channel"),
        ("radio,,5,5", "duplicate_channel"),
        ("סך הכל,,5,5", "total_row"),
        ("flyers,,0,5", "no_contacts"),
        ("flyers,,5,-5", "negative"),
        ("flyers,,5.5,5", "not_whole"),
    ],
)
def test_other_channels_that_are_wrong(desk: Desk, line: str, kind: str) -> None:
    with refused(kind) as found:
        typed(desk, read_traditional, f"channel,label_en,contacts,cost\nRadio,,1,1\n{line}\n")
    assert found.fault.row == 3


# --- published studies ------------------------------------------------------------------------------------

HEAD = "study,item,group,value,n,base,form,wording,year,country,source\n"


@pytest.fixture
def studies(tmp_path: Path) -> Path:
    def rows(study: str, group: str, n: str, **values: float) -> str:
        return "".join(f"{study},{i},{group},{v},{n},adults,multi,w,2019,US,P\n" for i, v in values.items())

    one = rows("one", "adults", "1502", twitter=0.22, facebook=0.69, pinterest=0.28)
    (tmp_path / "one.csv").write_text(HEAD + one)
    pairs = rows("one_overlap", "facebook", "", x=0.28) + rows("one_overlap", "x", "", facebook=0.89)
    (tmp_path / "one_overlap.csv").write_text(HEAD + pairs)
    two = rows("two", "adults", "", x=0.3) + rows("two", "teens", "", x=0.4)
    (tmp_path / "two.csv").write_text(HEAD + two)
    (tmp_path / "two_overlap.csv").write_text(HEAD + rows("two_overlap", "x", "", facebook=0.3))
    (tmp_path / "likes.csv").write_text(HEAD + rows("likes", "all", "", discount=0.3))
    return tmp_path


def test_published_reach(studies: Path) -> None:
    one = published_reach("one", folder=studies)
    assert one.names == ("x", "facebook", "pinterest") and one.reach.tolist() == [0.22, 0.69, 0.28]
    assert (one.n, one.base, one.year, one.source) == (1502, "adults", 2019, "P")
    assert published_reach("two/teens", folder=studies).reach.tolist() == [0.4]
    assert published_reach("two", "adults", folder=studies).reach.tolist() == [0.3]
    assert math.isnan(published_reach("two/teens", folder=studies).n)


@pytest.mark.parametrize(
    ("study", "kind", "named"),
    [
        ("two", "missing_group", "two/adults, two/teens"),
        ("two/all", "missing_group", "two/adults, two/teens"),
        ("one/all", "missing_group", "one/adults"),
        ("onee", "missing_study", "Nearest: one"),
        ("../one", "missing_study", ""),
        ("likes", "not_networks", ""),
    ],
)
def test_published_reach_that_is_not_there(studies: Path, study: str, kind: str, named: str) -> None:
    with refused(kind) as found:
        published_reach(study, folder=studies)
    assert named in found.fault.remedy


def test_published_overlap_takes_reach_from_the_study_itself(studies: Path) -> None:
    for name in ("one", "one_overlap", "one_overlap/adults"):
        table = published_overlap(name, folder=studies)
        assert table.names == ("x", "facebook") and table.reach.tolist() == [0.22, 0.69] and table.n == 1502
        assert table.cells[0, 1] == 0.89 and table.cells[1, 0] == 0.28 and np.isnan(table.cells[0, 0])
    (studies / "three.csv").write_text((studies / "one.csv").read_text().replace("one,", "three,"))
    for study, kind in (("likes", "not_networks"), ("three", "missing_study")):
        with refused(kind):
            published_overlap(study, folder=studies)
    with refused("missing_group"):
        published_overlap("two", folder=studies)
    (studies / "one_overlap.csv").write_text(
        HEAD + "one_overlap,x,facebook,0.28,,,,,,,\none_overlap,tumblr,x,0.1,,,,,,,\n"
    )
    with refused("missing_share"):
        published_overlap("one", folder=studies)


# --- all that the parameters name -------------------------------------------------------------------------

INTAKE: dict[str, list[list[Any]]] = {
    "networks": [
        ["network", "label_en", "hours_good", "mentions"],
        ["פייסבוק", "Our page", 10, 30], ["Instagram", "", 12, 5], ["X", None, 4, None],
    ],
    "reach": [["Network", "Share", "n"], ["Our page", 0.9, 1040], ["אינסטגרם", 0.7, None], ["Twitter", 0.35, None]],
    "goals": [["goal", "weight", "zero", "full"], ["reach", "60%", 0, "100%"], ["leads", "40%", 0, 30]],
    "funnel": [["network", "impressions", "clicks", "leads"], ["FB", 10000, 120, 8], ["Twitter", None, None, None]],
}  # fmt: skip
OPTIONS = """question,option,label_en,label_he,accepts,exclusive
age,young,18-34,18-34,,
age,old,35 and over,35 ומעלה,,
networks,facebook,Facebook,פייסבוק,,
networks,x,X,X (טוויטר),,
networks,forum,Our forum,הפורום,,
networks,none,None of these,אף אחת מאלה,,yes
"""
COLUMNS = "group,column,role,question,option\n,id,respondent,,\n,age,segment,age,\naudience,uses,choices,networks,\n"
SURVEY = 'id,age,uses\n1,18-34,"Facebook;X"\n2,35 and over,Facebook\n3,18-34,None of these\n4,35 and over,X\n'


@pytest.fixture
def given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Callable[..., ChannelSelection]:
    """Parameters of a client whose files lie on the desk."""
    monkeypatch.setenv("KESHER_DATA_ROOT", str(desk.folder))
    for name, text in (("o.csv", OPTIONS), ("c.csv", COLUMNS), ("s.csv", SURVEY)):
        desk.write(name, text)
    own = {"client": "shop", "name_en": "Shop", "name_he": "חנות", "as_of": "2026-10-31", "data_root": "."}
    return lambda **more: ChannelSelection(**own, **more)


ASKED = {"respondents_file": "s.csv", "columns": "c.csv", "options": "o.csv"}


def test_a_small_business_with_an_intake_alone(desk: Desk, given: Callable[..., ChannelSelection]) -> None:
    desk.sheet("intake.xlsx", {name: rows for name, rows in INTAKE.items() if name != "funnel"})
    params = given(**{f"{name}_file": f"intake.xlsx#{name}" for name in ("networks", "reach", "goals")})
    for tables in (read(params), check(params)):
        assert tables.source == "reach" and tables.reach is not None and tables.reach.n == 1040
        assert tables.reach.names == tuple(tables.networks["network"]) == ("facebook", "instagram", "x")
        assert tables.goals["full"].tolist() == [1, 30] and tables.options == {}
        assert tuple(tables.funnel) == FUNNEL and tuple(tables.traditional) == TRADITIONAL
        assert tables.funnel.empty and tables.traditional.empty and tuple(tables.outcomes) == OUTCOMES
        files = [source.file for source in tables.sources]
        assert files == ["intake.xlsx#networks", "intake.xlsx#reach", "intake.xlsx#goals"]
    assert (no_table(NETWORKS).dtypes == read(params).networks.dtypes).all()


def test_respondents_are_the_best_source(desk: Desk, given: Callable[..., ChannelSelection]) -> None:
    desk.write("t.csv", OVERLAP)
    desk.write("m.csv", "question,option,share\nage,young,0.5\nage,old,0.5\n")
    desk.write("n.csv", "network,hours_good\nX (טוויטר),3\nהפורום,4\n")
    params = given(**ASKED, margins="m.csv", overlap_file="t.csv", networks_file="n.csv", target=["age=young"])
    tables = check(params)
    assert tables.source == "respondents" and tables.respondents is not None and tables.overlap is not None
    assert tables.respondents.questions["networks"].ticks["x"].tolist() == [True, False, False, True]
    assert tables.margins == {"age": {"young": 0.5, "old": 0.5}}
    assert tables.networks["network"].tolist() == ["x", "forum"]
    assert [source.file for source in tables.sources] == ["s.csv", "n.csv", "t.csv"]
    assert read(given(overlap_file="t.csv")).source == "overlap"
    desk.write("n.csv", "network\nNone of these\n")
    with refused("unknown_network"):
        read(given(**ASKED, networks_file="n.csv"))


def test_faults_of_all_files_come_together(desk: Desk, given: Callable[..., ChannelSelection]) -> None:
    bad = {name: [*rows, ["Total", CANARY, CANARY, -1]] for name, rows in INTAKE.items()}
    desk.sheet("intake.xlsx", {**bad, "traditional": [["channel"], [""], ["radio"], ["Radio"]]})
    files = {f"{name}_file": f"intake.xlsx#{name}" for name in (*bad, "traditional")}
    with refused("total_row") as found:
        read(given(**files, respondents_file="none.csv", columns="c.csv", options="o.csv", overlap_study="no_such"))
    assert {fault.where for fault in found.faults} == {
        "none.csv", "published", *(f"intake.xlsx#{name}" for name in (*bad, "traditional")),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("more", "kind", "said"),
    [
        ({"usage_question": "network"}, "unknown_question", "Nearest: networks"),
        ({"usage_question": "age"}, "unmapped_question", ""),
        ({"force_in": ["twitter"]}, "unknown_network", "Write x."),
        ({"force_out": ["facebok"]}, "unknown_network", "Nearest: facebook"),
        ({"force_out": ["none"]}, "unknown_network", ""),
        ({"target": ["aeg=young"]}, None, "age"),
        ({"target": ["age=yuong"]}, None, "young"),
        ({"options": "twitter.csv"}, "not_the_code", "Call its option x"),
    ],
)
def test_parameters_that_do_not_fit_the_files(
    desk: Desk, given: Callable[..., ChannelSelection], more: dict[str, Any], kind: str | None, said: str
) -> None:
    desk.write("twitter.csv", OPTIONS.replace("networks,x,", "networks,twitter,"))
    with pytest.raises(DataRefused) as problem:
        check(given(**(ASKED | more)))
    assert kind is None or [fault.kind for fault in problem.value.faults] == [kind]
    assert said in str(problem.value)


def test_pairs_that_can_not_be_and_margins_that_do_not_fit(desk: Desk, given: Callable[..., ChannelSelection]) -> None:
    desk.write("t.csv", "network,reach,x,facebook\nx,60,,5\nfacebook,70,4,\n")
    with refused("pairs_impossible") as found:
        check(given(overlap_file="t.csv"))
    assert found.fault.column == "overlap_file"
    desk.write("m.csv", "question,option,share\nnetworks,facebook,0.5\nnetworks,x,0.3\nnetworks,forum,0.2\n")
    with refused("margin_without_column"):
        check(given(**ASKED, margins="m.csv"))


def test_no_cell_is_ever_told(desk: Desk, given: Callable[..., ChannelSelection]) -> None:
    """Every cell below the headers of every table is the canary: nothing of it may be in a fault."""
    small = {
        "networks": NETWORKS, "goals": GOALS, "funnel": FUNNEL, "traditional": TRADITIONAL,
        "reach": ("network", "reach", "n", "base", "year", "source"), "overlap": ("network", "reach", CANARY, "n"),
    }  # fmt: skip
    desk.sheet("i.xlsx", {name: [[*head], [CANARY] * len(head), [CANARY] * len(head)] for name, head in small.items()})
    with refused("unknown_network") as found:
        read(given(**{f"{name}_file": f"i.xlsx#{name}" for name in small}))
    assert {fault.where for fault in found.faults} == {f"i.xlsx#{name}" for name in small}
    told = [*found.faults]
    notes: list[SourceReport] = []
    text = f"network,label_en,mentions,x y z\n{CANARY.replace('-', '')},{CANARY},1,{CANARY}\n"
    assert typed(desk, read_networks, text, sources=notes)["label_en"].tolist() == [CANARY]
    assert "canary" not in str(told).casefold() and "canary" not in str(notes).casefold()


def test_the_published_tables_of_the_project() -> None:
    """Pew's overlap table and Israel's marginals are inputs as they stand."""
    if not (PUBLISHED / "pew_2019_overlap.csv").is_file():
        pytest.skip("data/published has no pew_2019_overlap.csv")
    table = published_overlap("pew_2019_overlap")
    assert len(table.names) == 9 and 1400 < table.n < 1600 and table.year == 2019
    off = ~np.eye(9, dtype=bool)
    assert np.isfinite(table.cells[off]).all() and (table.cells[off] > 0.1).all()
    x, facebook = table.names.index("x"), table.names.index("facebook")
    assert (table.cells[x, facebook], table.cells[facebook, x], table.reach[facebook]) == (0.89, 0.28, 0.69)


def test_the_sample_clients_tables() -> None:
    root = DataRoot(PUBLISHED.parent / "sample")
    networks, goals = read_networks(root, "networks.csv"), read_goals(root, "goals.csv")
    assert all(network_code(name) == name for name in networks["network"]) and goals["weight"].sum() > 0
    assert set(read_funnel(root, "network_leads.csv")["network"]) <= set(networks["network"])
    assert len(read_traditional(root, "traditional.csv")) > 1


NASTY = (
    "", "-", "?", "1e309", "-1e309", "٣", "½", "²", "nan", "inf", "-0", "0", "1", "0.5", "60", "63%", "%", "%%", "()",
    "9" * 400, "0x10", "₪", "₪5", "1,5", "1.5", "1,234,567", "'", '"', "=1+1", "2026-02-30", "31/31/2026", "99999",
    "2026-10-01", "true", "כן", "x", "Facebook", "reach", "Total", "\x0b", "\u200f", "a" * 5000, "<b>5</b>", "&nbsp;",
)  # fmt: skip


@pytest.mark.parametrize(
    ("reader", "columns"),
    [
        (read_networks, NETWORKS), (read_goals, GOALS), (read_funnel, FUNNEL), (read_traditional, TRADITIONAL),
        (read_reach, ("network", "reach", "n", "base", "year", "source")),
        (read_overlap, ("network", "reach", "x", "facebook", "n", "year")),
    ],
)  # fmt: skip
def test_the_worst_tables_are_refused_or_read_and_nothing_else(
    desk: Desk, reader: Reader, columns: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(7)
    for _ in range(60):
        rows = rng.choice(np.array(NASTY, dtype=object), (rng.integers(1, 5), len(columns))).tolist()
        try:
            typed(desk, reader, text_of([columns, *rows]))
        except DataRefused as problem:
            assert problem.faults and "a" * 50 not in str(problem) and "99999" not in str(problem)
    for nasty in NASTY:
        rows = [["facebook" if name == "network" else nasty for name in columns]]
        try:
            typed(desk, reader, text_of([columns, *rows]))
        except DataRefused as problem:
            assert problem.faults


def test_a_column_that_looks_like_a_missing_one_is_a_fault_and_others_are_noted(desk: Desk) -> None:
    """Figures under another name would vanish unseen: they are asked for, and a column of remarks is left alone."""
    desk.write("networks.csv", "network,Good hours,Cost per month,remarks\nfacebook,14,700,ours\n")
    with pytest.raises(DataRefused) as refused:
        read_networks(desk.root, "networks.csv")
    told = {(fault.kind, fault.column) for fault in refused.value.faults}
    assert told == {("unread_column", "hours_good"), ("unread_column", "cost")}
    assert "hours_good" in str(refused.value) and "700" not in str(refused.value)
    sources: list[SourceReport] = []
    desk.write("networks.csv", "network,hours_good,remarks\nfacebook,14,ours\n")
    read_networks(desk.root, "networks.csv", sources=sources)
    assert [note.code for note in sources[0].notes] == ["unread_columns"]
