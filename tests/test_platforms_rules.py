"""What holds for all exports: nothing counted twice, days and numbers however written, bad files, nobody's words."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from platforms_kit import (
    CANARY,
    FORMULA,
    GA4,
    LINK,
    TIKTOK_FOLLOWERS,
    TIKTOK_OVERVIEW,
    X_POSTS,
    YOUTUBE,
    Folder,
    ads,
    everything,
    facebook_posts,
    insights,
    instagram_posts,
    linkedin_days,
    linkedin_posts,
    noted,
    outcome,
    page_level,
    shapes,
    spreadsheet_ml,
    text_of,
    x_by_day,
)
from readers_kit import refused

from kesher.faults import DataRefused
from kesher.readers import DataRoot
from kesher.readers.platforms import read_exports

REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "channels"  # downloaded, where it is
HEADER = ["Post ID", "Page name", "Publish time", "Views", "Reactions", "Total clicks"]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def posts(*rows: tuple[object, ...]) -> list[list[object]]:
    """Posts as (id, publish time, views, reactions, clicks)."""
    return [HEADER, *([one, "Amber Bakery", *rest] for one, *rest in rows)]


# --- nothing twice ----------------------------------------------------------------------------------------


def test_a_post_that_is_repeated_counts_once(folder: Folder) -> None:
    folder.table(
        "a.csv",
        posts(
            ("1", "10/20/2026", 10, 1, 0),
            ("1", "10/20/2026", 11, 2, 0),
            ("", "10/21/2026", 5, 1, 0),
            ("", "10/21/2026", 5, 1, 0),
        ),
    )
    read = folder.read()
    assert (outcome(read, "facebook")["posts"], outcome(read, "facebook")["impressions"]) == (3, 20)
    assert noted(read, "duplicate_posts") == 1


@pytest.mark.parametrize("names", [("a.csv", "b.csv"), ("b.csv", "a.csv"), ("one/x.csv", "two/x.csv")])
def test_of_two_exports_of_a_post_the_later_counts_whatever_it_is_called(
    folder: Folder, names: tuple[str, str]
) -> None:
    folder.table(names[0], posts(("1", "10/05/2026", 100, 9, 3), ("2", "10/20/2026", 50, 4, 1)))
    folder.table(
        names[1], posts(("1", "10/05/2026", 120, 10, 3), ("2", "10/20/2026", 49, 4, 1), ("3", "10/21/2026", 7, 0, 0))
    )
    read = folder.read()
    assert (outcome(read, "facebook")["impressions"], outcome(read, "facebook")["interactions"]) == (176, 14)
    assert outcome(read, "facebook")["posts"] == 3
    assert noted(read, "repeated_posts") == 2


def test_lifetime_figures_only_grow_so_the_export_with_more_is_the_later(folder: Folder) -> None:
    folder.table("a.csv", posts(("1", "10/05/2026", 100, 9, 3), ("9", "10/30/2026", 1, 1, 1)))  # reaches further
    folder.table("b.csv", posts(("1", "10/05/2026", 150, 9, 3)))  # but this one was made later
    assert outcome(folder.read(), "facebook")["impressions"] == 151


def test_posts_without_an_id_are_never_taken_for_each_other(folder: Folder) -> None:
    for name in ("a.csv", "b.csv"):
        folder.table(name, posts(("", "10/05/2026", 100, 9, 3), ("", "10/06/2026", 100, 9, 3)))
    assert outcome(folder.read(), "facebook")["posts"] == 4


def test_a_figure_that_only_one_export_tells_does_not_make_it_the_later(folder: Folder) -> None:
    folder.table("a.csv", posts(("1", "10/05/2026", 100, 900, 3), ("9", "10/04/2026", 1, 1, 1)))
    folder.table("b.csv", [["Post ID", "Page name", "Publish time", "Views"], ["1", "p", "10/05/2026", 120]])
    found = outcome(folder.read(), "facebook")
    assert (found["impressions"], found["interactions"]) == (121, 901)  # what the later does not tell stays


def test_the_total_an_export_gives_goes_before_the_sum_of_its_parts(folder: Folder) -> None:
    header = [
        "Post ID",
        "Page name",
        "Publish time",
        "Reactions, comments and shares",
        "Reactions",
        "Comments",
        "Shares",
    ]
    folder.table("a.csv", [header, ["1", "p", "10/15/2026", 10, 5, 2, 1], ["2", "p", "10/16/2026", "", 5, 2, 1]])
    assert folder.read().posts["interactions"].tolist() == [10, 8]


def test_tables_under_each_other_do_not_take_one_anothers_rows_for_their_own(folder: Folder) -> None:
    tables = [
        "Facebook views\nDate,Primary\n2026-10-01 10:00 UTC,5",
        "Facebook link clicks\nDate,Primary\n2026-10-01,3",
    ]
    folder.write("a.csv", "\n\n".join(tables) + "\n")
    read = folder.read()
    assert (outcome(read, "facebook")["impressions"], outcome(read, "facebook")["clicks"]) == (5, 3)
    assert noted(read, "time_zone") == 1


def test_posts_and_page_level_figures_are_not_added(folder: Folder) -> None:
    folder.table("posts.csv", posts(("1", "10/05/2026", 100, 9, 3), ("2", "10/20/2026", 50, 4, 1)))
    folder.write("views.csv", page_level("Facebook views", [("2026-10-01", 500), ("2026-10-02", 300)]))
    read = folder.read()
    found = outcome(read, "facebook")
    assert (found["impressions"], found["posts"], found["last_post"]) == (800, 2, "2026-10-20")
    assert found["interactions"] == 13  # told by the posts alone
    assert (found["files"], found["first_day"], found["last_day"]) == (2, "2026-10-01", "2026-10-20")
    assert noted(read, "not_added") == 1
    days = read.outcomes.iloc[0][["days", "impressions_days", "interactions_days", "clicks_days"]]
    assert days.tolist() == [20, 2, 16, 16]  # each figure of its own days


def test_a_network_of_which_nothing_is_told_has_no_row(folder: Folder) -> None:
    folder.write("follows.csv", page_level("Facebook follows", [("2026-10-01", 5)]))
    folder.write("good.csv", GOOD)
    read = folder.read()
    assert read.outcomes["network"].tolist() == ["tiktok"] and len(read.files) == 2


def test_a_day_that_two_exports_tell_counts_once(folder: Folder) -> None:
    folder.table("q3.csv", x_by_day([("2026-09-29", 1, 10, 0, 0, 1, 0), ("2026-09-30", 1, 20, 0, 0, 1, 0)]))
    folder.table("q4.csv", x_by_day([("2026-09-30", 1, 25, 0, 0, 1, 0), ("2026-10-01", 1, 40, 0, 0, 1, 0)]))
    read = folder.read()
    assert (outcome(read, "x")["impressions"], outcome(read, "x")["posts"]) == (75, 3)
    assert noted(read, "repeated_days") == 4  # impressions, interactions, clicks, posts
    assert read.daily.query("metric == 'impressions'")["value"].tolist() == [10, 25, 40]


def test_periods_of_one_ad_set_that_overlap_count_once(folder: Folder) -> None:
    folder.table(
        "a.csv",
        ads(
            [
                ("A", "s1", "2026-09-01", "2026-09-30", "", "", 1, 10, 1, 100),
                ("B", "s2", "2026-09-01", "2026-09-30", "", "", 1, 10, 1, 7),
            ]
        ),
    )
    folder.table("b.csv", ads([("A", "s1", "2026-09-01", "2026-10-31", "", "", 1, 30, 1, 250)]))
    read = folder.read()
    assert outcome(read, "facebook")["spend"] == 257
    assert noted(read, "repeated_periods") == 1


def test_reach_is_never_summed(folder: Folder) -> None:
    folder.table(
        "a.csv",
        facebook_posts(
            [("1", "10/05/2026", "Photos", 90, 80, 1, 1, 1, 1), ("2", "10/20/2026", "Photos", 90, 70, 1, 1, 1, 1)]
        ),
    )
    folder.write("reach.csv", page_level("Facebook reach", [("2026-10-01", 500)]))
    read = folder.read()
    assert "reach" not in outcome(read, "facebook")
    assert "reach" not in set(read.daily["metric"])


def test_posts_told_by_day_are_added_by_post(folder: Folder) -> None:
    header = [*HEADER, "Date", "Reach"]
    rows = [["1", "p", "10/05/2026", 10, 1, 0, "10/05/2026", 9], ["1", "p", "10/05/2026", 30, 2, 1, "10/06/2026", 8]]
    folder.table("a.csv", [header, *rows])
    read = folder.read()
    assert (outcome(read, "facebook")["impressions"], outcome(read, "facebook")["posts"]) == (40, 1)
    assert read.posts["reach"].isna().all() and noted(read, "posts_by_day") == 2


def test_own_figures_come_before_the_web_sites_but_its_leads_come_first(folder: Folder) -> None:
    folder.table("posts.csv", posts(("1", "10/05/2026", 100, 9, 3)))
    folder.table("ads.csv", ads([("A", "s1", "2026-10-01", "2026-10-31", "Leads", 99, 1, 10, 1, 100)]))
    folder.write("ga.csv", GA4)
    read = folder.read()
    found = outcome(read, "facebook")
    assert (found["clicks"], found["leads"], found["spend"]) == (3, 6, 100)
    assert noted(read, "not_added") == 4  # of the advertisements impressions, clicks and leads, of the site clicks


def test_currencies_are_not_mixed(folder: Folder) -> None:
    row = ("A", "s1", "2026-10-01", "2026-10-31", "", "", 1, 10, 1, 100)
    folder.table("a.csv", ads([row], "PHP"))
    folder.table("b.csv", ads([row], "ILS"))
    with refused("mixed_currencies"):
        folder.read()


# --- days -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "given", "days"),
    [
        (["13/10/2026 09:00", "03/04/26 09:00"], "auto", ["2026-10-13", "2026-04-03"]),
        (["10/13/2026 09:00", "3/4/26 09:00"], "auto", ["2026-10-13", "2026-03-04"]),
        (["03/04/2026", "05/06/2026"], "auto", ["2026-03-04", "2026-05-06"]),  # Meta writes the month first
        (["03/04/2026", "05/06/2026"], "yes", ["2026-04-03", "2026-06-05"]),
        (["03/04/2026", "05/06/2026"], "no", ["2026-03-04", "2026-05-06"]),
        (["13.10.2026", "03.04.2026", "10/14/26", "3/4/26"], "auto",
         ["2026-10-13", "2026-04-03", "2026-10-14", "2026-03-04"]),
        (["2026-10-13T10:00:00+0200", "46309"], "auto", ["2026-10-13", "2026-10-14"]),
        (["Tue, Oct 13, 2026", "14 Oct 2026", "15 באוקטובר 2026"], "auto", ["2026-10-13", "2026-10-14", "2026-10-15"]),
    ],
)  # fmt: skip
def test_days_however_written(folder: Folder, cells: list[str], given: str, days: list[str]) -> None:
    folder.table("a.csv", posts(*((str(at), cell, 10 + at, 1, 0) for at, cell in enumerate(cells))))
    read = folder.read(day_first=given)
    found = read.posts.sort_values("impressions")["day"]
    assert [day.date().isoformat() for day in found] == days
    assert noted(read, "ambiguous_days") == (given == "auto" and cells[0] == "03/04/2026")
    assert noted(read, "mixed_days") == (len(cells) == 4)


def test_days_outside_are_left_out_and_counted(folder: Folder) -> None:
    days = [("2026-09-30", 1, 10, 0, 0, 1, 0), ("2026-10-01", 1, 20, 0, 0, 1, 0), ("2026-10-31", 1, 40, 0, 0, 1, 0),
            ("2026-11-01", 1, 80, 0, 0, 1, 0), ("soon", 1, 160, 0, 0, 1, 0)]  # fmt: skip
    folder.table("a.csv", x_by_day(days))
    read = folder.read(since=date(2026, 10, 1))
    assert outcome(read, "x")["impressions"] == 60
    assert (noted(read, "before_since"), noted(read, "after_as_of"), noted(read, "unreadable_days")) == (1, 1, 1)
    assert read.files[["rows", "first_day", "last_day"]].iloc[0].tolist() == [
        5,
        pd.Timestamp("2026-10-01"),
        pd.Timestamp("2026-10-31"),
    ]


def test_a_period_that_crosses_the_bounds_can_not_be_cut(folder: Folder) -> None:
    folder.write("ga.csv", GA4)
    assert folder.read(since=date(2026, 10, 2)).outcomes.empty
    assert noted(folder.read(as_of=date(2026, 10, 30)), "after_as_of") == 3
    folder.write("ga.csv", GA4.replace("20261031", "20261399"))
    assert noted(folder.read(since=date(2026, 1, 1)), "undated") == 3


def test_a_time_zone_that_the_file_names_is_noted(folder: Folder) -> None:
    folder.table("a.csv", posts(("1", "2026-10-13T23:00:00Z", 10, 1, 0)))
    folder.book("b.xlsx", {"one": linkedin_days([("10/13/2026", 1, 0, 1, 1, 1, 1, 1)])})
    read = folder.read()
    assert [[note.count for note in source.notes if note.code == "time_zone"] for source in read.sources] == [[1], [1]]


# --- numbers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "total", "unreadable"),
    [
        (["1,200", "30"], 1230, 0), (["1.200", "12.000"], 13200, 0), (["79.0", "1.0"], 80, 0),
        (["-", "7"], 7, 0), (["undefined", "7"], 7, 0), (["", "7"], 7, 0), (["N/A", "7"], 7, 0),
        (["many", "7"], 7, 1), (["62.5%", "7"], 7, 1), (["1e999", "7"], 7, 1),
    ],
)  # fmt: skip
def test_numbers_however_written(folder: Folder, cells: list[str], total: float, unreadable: int) -> None:
    folder.table("a.csv", posts(*((str(at), "10/13/2026", cell, 1, 0) for at, cell in enumerate(cells))))
    read = folder.read()
    assert outcome(read, "facebook")["impressions"] == total
    assert noted(read, "unreadable_numbers") == unreadable


def test_ids_that_a_spreadsheet_cut_short_do_not_make_posts_one(folder: Folder) -> None:
    folder.table("a.csv", posts(("1.22E+17", "10/13/2026", 10, 1, 0), ("1.22E+17", "10/14/2026", 20, 1, 0)))
    read = folder.read()
    assert outcome(read, "facebook")["posts"] == 2 and noted(read, "ruined_ids") == 2


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1255"])
def test_hebrew_captions_in_any_encoding(folder: Folder, encoding: str) -> None:
    header = ["Post ID", "Page name", "Title", "Publish time", "Views"]
    folder.table(
        "a.csv", [header, ["1", "מאפיית הענבר", 'חלה "מתוקה"\nלשבת, ועוד', "10/13/2026", 10]], encoding=encoding
    )
    assert outcome(folder.read(), "facebook")["impressions"] == 10


# --- files ------------------------------------------------------------------------------------------------

LOGIN = "<!DOCTYPE html><html><body><form>Log in to continue</form></body></html>"
GOOD = TIKTOK_OVERVIEW + "August 19,50,5,1,2,0\n"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "not_read_empty"), (LOGIN.encode(), "not_read_html_disguised"), (b"%PDF-1.7 x", "not_read_wrong_kind"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "not_read_nul_bytes"),
        (b"<?xml version='1.0'?><note/>", "not_read_xml_disguised"),
        (b"name,age\nAda,36\n", "unknown_export"), (b"just a line of prose", "unknown_export"),
    ],
)  # fmt: skip
def test_what_is_no_export_is_noted_beside_others_and_refused_alone(folder: Folder, content: bytes, code: str) -> None:
    folder.write("good.csv", GOOD)
    folder.write("other.csv", content)
    folder.write("~$lock.xlsx", "x")
    folder.write(".hidden", "x")
    read = folder.read()
    assert read.outcomes["network"].tolist() == ["tiktok"]
    assert noted(read, code) == 1 and ("", "unknown") in shapes(read)
    note = next(one for one in read.sources[1].notes if one.code == code)
    assert read.sources[1].file == "other.csv" and len(note.detail) > 20
    (folder.path / "exports" / "good.csv").unlink()
    kind = "no_export" if code == "unknown_export" else code.removeprefix("not_read_")
    with refused(kind):
        folder.read()
    with refused(kind):
        folder.read("exports/other.csv")


def test_binary_junk_alone_is_refused(folder: Folder) -> None:
    folder.write("a.csv", bytes(range(256)) * 40)
    with pytest.raises(DataRefused):
        folder.read()


def test_a_header_without_rows_is_known_and_tells_nothing(folder: Folder) -> None:
    folder.write("a.csv", TIKTOK_OVERVIEW)
    read = folder.read()
    assert read.outcomes.empty and shapes(read) == [("tiktok", "tiktok_overview")] and noted(read, "no_rows") == 1
    assert list(read.outcomes.columns[:4]) == ["network", "files", "first_day", "last_day"]
    assert list(read.daily.columns) == ["network", "day", "metric", "value"] and len(read.posts.columns) == 7


def test_damaged_exports_are_told_all_at_once(folder: Folder) -> None:
    folder.write("good.csv", GOOD)
    folder.write("ragged.csv", TIKTOK_OVERVIEW + "August 19,50,5,1\n")
    folder.write("open.csv", TIKTOK_OVERVIEW + 'August 19,"50,5,1,2,0\n')
    folder.write("cut.xlsx", b"PK\x03\x04 not a workbook")
    with refused("ragged_rows") as block:
        folder.read()
    assert {fault.where for fault in block.faults} == {"ragged.csv", "open.csv", "cut.xlsx"}


def test_a_workbook_made_to_harm_is_refused(folder: Folder) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (30 << 20))
    folder.write("a.xlsx", out.getvalue())
    with refused("spreadsheet_bomb"):
        folder.read()


SPACE = "urn:schemas-microsoft-com:office:spreadsheet"


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda book: book.replace("<Workbook", '<!DOCTYPE w [<!ENTITY a "aaaa">]><Workbook', 1), "xml_entities"),
        (lambda book: book[:-40], "damaged"),
        (lambda book: book.replace("<Row>", '<Row ss:Index="99999999">', 1), "spreadsheet_bomb"),
        (lambda book: book.replace("<Cell>", '<Cell ss:Index="99999">', 1), "spreadsheet_bomb"),
        (lambda book: book.replace("<Cell>", f"<Cell><Data>{'x' * 40_000}</Data></Cell><Cell>", 1), "spreadsheet_bomb"),
        (lambda book: book.replace("<Row>", '<Row><Cell ss:Index="16000"/></Row>' * 2000 + "<Row>", 1),
         "spreadsheet_bomb"),
    ],
)  # fmt: skip
def test_xml_workbooks_made_to_harm_are_refused(folder: Folder, change: object, kind: str) -> None:
    folder.write("good.csv", GOOD)
    book = spreadsheet_ml(insights([("1", "10/20/2026", "Photo", 80, 100, 7, 5, 2, 1)]))
    folder.write("a.xls", change(book))  # type: ignore[operator]
    with refused(kind):
        folder.read()


def test_of_many_sheets_the_first_are_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kesher.readers.platforms.tables.MAX_SHEETS", 1)
    folder.book("a.xlsx", {str(at): x_by_day([(f"2026-10-0{at}", 1, 10, 0, 0, 1, 0)]) for at in range(1, 4)})
    read = folder.read()
    assert (outcome(read, "x")["impressions"], noted(read, "sheets_left_out")) == (20, 1)
    monkeypatch.undo()
    read = folder.read()
    assert (outcome(read, "x")["impressions"], noted(read, "sheets_left_out")) == (30, 0)
    assert not any(note.code == "other_sheets" for source in read.sources for note in source.notes)


def test_cells_of_an_xml_workbook_stand_where_they_say(folder: Folder) -> None:
    header = "".join(f"<Cell><Data>{name}</Data></Cell>" for name in ("Date", "Tweets published", "impressions"))
    rows = (
        f'<Row ss:Index="3">{header}</Row><Row><Cell><Comment><Data>no</Data></Comment><Data>2026-10-01</Data></Cell>'
        '<Cell ss:Index="3"><Data>7</Data></Cell></Row><Row><Cell ss:MergeAcross="1"><Data>2026-10-02</Data></Cell>'
        "<Cell><Data>8</Data></Cell></Row>"
    )
    folder.write(
        "a.xls", f'<Workbook xmlns="{SPACE}" xmlns:ss="{SPACE}"><Worksheet><Table>{rows}</Table></Worksheet></Workbook>'
    )
    read = folder.read()
    assert read.daily[["metric", "value"]].to_numpy().tolist() == [["impressions", 7], ["impressions", 8]]
    assert noted(read, "unreadable_days") == 0


def test_a_page_with_a_table_named_xls(folder: Folder) -> None:
    cells = "".join(f"<td>{cell}</td>" for cell in TIKTOK_OVERVIEW.strip().split(","))
    folder.write(
        "a.xls", f"<html><table><tr>{cells}</tr><tr><td>August 19<td>50<td>5<td>1<td>2<td>0</tr></table></html>"
    )
    assert outcome(folder.read(), "tiktok")["impressions"] == 50


def test_only_below_the_root(folder: Folder, tmp_path: Path) -> None:
    folder.write("good.csv", GOOD)
    (tmp_path / "empty").mkdir()
    for spec, kind in (("../exports", "outside_root"), ("missing", "missing_file"), ("empty", "empty_folder")):
        with refused(kind):
            read_exports(DataRoot(tmp_path), spec, as_of=date(2026, 10, 31))
    (tmp_path / "exports" / "loop").symlink_to(tmp_path)
    assert len(folder.read().files) == 1


# --- nobody's words ---------------------------------------------------------------------------------------


def test_no_caption_name_link_or_id_leaves_the_reader(folder: Folder) -> None:
    ids = ["123456789012345", "223456789012345"]
    folder.table("a.csv", facebook_posts([(one, "10/05/2026", FORMULA, 9, CANARY, 1, 1, 1, CANARY) for one in ids]))
    folder.table(
        "b.csv",
        instagram_posts(
            [(ids[0], CANARY, CANARY, CANARY, 4, 3, 1, 0, 1), (ids[1], "10/05/2026", "", 1, 1, 1, 1, 1, 1)]
        ),
    )
    folder.table("c.csv", insights([(ids[0], "10/20/2026", FORMULA, 80, 100, 7, 5, 2, 1)]))
    folder.table(
        "d.csv", ads([(CANARY, ids[0], "2026-10-01", "2026-10-31", CANARY, 4, 9, 10, 5, 1, CANARY)], platform=True)
    )
    folder.table(
        "e.csv", [*linkedin_posts([(CANARY, "10/05/2026", CANARY, 6, 2, 3, 1, 0)]), [f"{CANARY} UTC", *[""] * 13]]
    )
    folder.write("f.csv", X_POSTS)
    folder.write("g.csv", YOUTUBE)
    folder.write("h.csv", GA4.replace("google / organic", CANARY).replace("# Account: Amber Bakery", f"# {CANARY} GMT"))
    folder.write("i.csv", page_level(f"Facebook {CANARY}", [("2026-10-01", 1)]))
    folder.table("j.csv", [[CANARY, LINK], [1, 2]])
    folder.write("k.csv", TIKTOK_FOLLOWERS + f'"{CANARY}","{CANARY}",1\n"August 19","5","1"\n')
    read = folder.read()
    assert len(read.files) == 11 and len(read.outcomes) == 6
    said = everything(read)
    for word in (CANARY, "Amber", "HYPERLINK", "example.org", *ids, "1801", "vid1"):
        assert word not in said
    assert set(read.posts["kind"]) <= {"", "other", "link", "text", "photo", "video", "reel"}
    folder.write(
        "z.csv", text_of(facebook_posts([(ids[0], "10/05/2026", "Photos", 9, 8, 1, 1, 1, 1)])) + f"{CANARY},{ids[0]}\n"
    )
    with pytest.raises(DataRefused) as problem:
        folder.read()
    assert CANARY not in str(problem.value) and ids[0] not in str(problem.value)


# --- real files -------------------------------------------------------------------------------------------


@pytest.mark.skipif(not (REAL / "facebook_live_thailand.csv").exists(), reason="the downloaded data is not here")
def test_thai_live_sellers() -> None:
    read = read_exports(DataRoot(REAL), "facebook_live_thailand.csv", as_of=date(2026, 10, 31))
    assert read.files[["shape", "rows"]].iloc[0].tolist() == ["facebook_live", 7050]
    assert outcome(read, "facebook")["posts"] == len(read.posts) == 6997
    assert noted(read, "duplicate_posts") == 53 and noted(read, "unreadable_days") == 0
    assert (outcome(read, "facebook")["first_day"], outcome(read, "facebook")["last_post"]) == (
        "2012-07-15",
        "2018-06-13",
    )


@pytest.mark.skipif(not (REAL / "facebook_metrics.csv").exists(), reason="the downloaded data is not here")
def test_uci_facebook_metrics() -> None:
    read = read_exports(DataRoot(REAL), "facebook_metrics.csv", as_of=date(2026, 10, 31))
    assert read.files[["shape", "rows"]].iloc[0].tolist() == ["facebook_undated", 500]
    assert read.posts["kind"].value_counts().to_dict() == {"photo": 426, "text": 45, "link": 22, "video": 7}
    assert noted(read, "impressions_below_reach") == 4
    frame = pd.read_csv(REAL / "facebook_metrics.csv")
    assert outcome(read, "facebook")["interactions"] == frame["Total Interactions"].sum()
    assert outcome(read, "facebook")["impressions"] == frame["Lifetime Post Total Impressions"].sum()
