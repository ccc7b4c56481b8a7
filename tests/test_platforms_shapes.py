"""Every shape of the networks' exports, as a small made file, with the figures it must come out as."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from platforms_kit import (
    GA4,
    LINKEDIN_PLACES,
    LINKEDIN_VISITORS,
    TIKTOK_FOLLOWERS,
    TIKTOK_OVERVIEW,
    TIKTOK_VIEWERS,
    X_OVERVIEW,
    X_POSTS,
    YOUTUBE,
    Folder,
    ads,
    facebook_posts,
    insights,
    instagram_posts,
    linkedin_days,
    linkedin_posts,
    noted,
    old_workbook,
    outcome,
    page_level,
    shapes,
    spreadsheet_ml,
    text_of,
    x_by_day,
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


# --- Meta -------------------------------------------------------------------------------------------------

FACEBOOK = [
    ("101", "10/05/2026 21:13", "Photos", 100, 80, 5, 2, 1, 7),
    ("102", "10/15/2026 09:00", "Reels", 300, 250, 20, 4, "", 9),
]
FACEBOOK_OUTCOME = {
    "files": 1, "first_day": "2026-10-05", "last_day": "2026-10-15", "days": 11, "posts": 2,
    "last_post": "2026-10-15", "impressions": 400, "interactions": 32, "clicks": 16,
}  # fmt: skip


@pytest.mark.parametrize("columns", [22, 20, 0])  # 35 columns, 33, and the least
@pytest.mark.parametrize(("seen", "caption"), [("Views", "Title"), ("Impressions", "Description")])
def test_facebook_posts(folder: Folder, columns: int, seen: str, caption: str) -> None:
    from platforms_kit import FACEBOOK_EXTRA

    rows = facebook_posts(
        [(*post[:7], post[7] or 0, post[8]) for post in FACEBOOK],
        seen=seen, caption=caption, extra=FACEBOOK_EXTRA[:columns],
    )  # fmt: skip
    folder.table("Oct-01-2026_Oct-31-2026.csv", rows, encoding="utf-8-sig")
    read = folder.read()
    assert outcome(read, "facebook") == FACEBOOK_OUTCOME
    assert shapes(read) == [("facebook", "facebook_posts")]
    assert read.posts["kind"].tolist() == ["photo", "reel"]
    assert read.posts["reach"].tolist() == [80, 250]
    assert read.daily.empty  # a lifetime figure is of no day


def test_link_clicks_are_preferred_and_parts_add_up_where_no_total_is(folder: Folder) -> None:
    header = ["Post ID", "Page name", "Publish time", "Reactions", "Comments", "Shares", "Total clicks", "Link clicks"]
    folder.table("a.csv", [header, ["1", "p", "10/15/2026 09:00", 5, 2, "", 90, 9]])
    found = outcome(folder.read(), "facebook")
    assert (found["interactions"], found["clicks"]) == (7, 9)


def test_instagram_posts(folder: Folder) -> None:
    posts = [
        ("1", "10/20/2026 10:00", "IG reel", 500, 400, 30, 3, 2, 5),
        ("2", "10/21/2026 10:00", "IG image", 70, 60, 8, 1, 0, 1),
    ]
    folder.table("a.csv", instagram_posts(posts))
    read = folder.read()
    assert outcome(read, "instagram") == {
        "files": 1, "first_day": "2026-10-20", "last_day": "2026-10-21", "days": 2, "posts": 2,
        "last_post": "2026-10-21", "impressions": 570, "interactions": 50,
    }  # fmt: skip
    assert read.posts["kind"].tolist() == ["reel", "photo"]


def test_page_level_files_name_their_figure_above_the_header(folder: Folder) -> None:
    days = [("2026-10-01", 10), ("2026-10-02", 15)]
    for name in (
        "Facebook views",
        "Content interactions",
        "Link clicks",
        "Reach",
        "Facebook visits",
        "Follows",
        "Stars",
    ):
        folder.write(f"{name}.csv", page_level(name, days))
    folder.write("ig.csv", page_level("Instagram link clicks", [("2026-10-01", 4)]))
    read = folder.read()
    assert outcome(read, "facebook") == {
        "files": 3, "first_day": "2026-10-01", "last_day": "2026-10-02", "days": 2, "impressions": 25,
        "interactions": 25, "clicks": 25,
    }  # fmt: skip
    assert outcome(read, "instagram")["clicks"] == 4
    assert set(read.daily["metric"]) == {"impressions", "interactions", "clicks"}
    assert read.daily.query("network == 'facebook' and metric == 'clicks'")["value"].tolist() == [10, 15]
    assert noted(read, "unknown_metric") == 1
    assert noted(read, "network_assumed") == 5
    assert {source.encoding for source in read.sources} == {"utf-16"}


OLD = [
    ("77_1", "10/20/2026 8:00", "Photo", 80, 100, 7, 5, 2, 1),
    ("77_2", "10/9/2026 8:00", "SharedVideo", 30, 60, 1, 4, 0, 0),
]
OLD_OUTCOME = {
    "files": 1, "first_day": "2026-10-09", "last_day": "2026-10-20", "days": 12, "posts": 2,
    "last_post": "2026-10-20", "impressions": 160, "interactions": 12, "clicks": 8,
}  # fmt: skip


def test_old_insights_have_two_header_rows_and_repeated_names(folder: Folder) -> None:
    folder.table("posts.csv", insights(OLD))
    read = folder.read()
    assert outcome(read, "facebook") == OLD_OUTCOME
    assert noted(read, "unreadable_numbers") == 0
    assert read.posts["kind"].tolist() == ["video", "photo"]


def test_old_insights_cleaned_by_hand_call_the_day_date(folder: Folder) -> None:
    header, _, *rows = insights(OLD)
    folder.table("posts.csv", [["Date" if name == "Posted" else name for name in header], *rows])
    assert outcome(folder.read(), "facebook") == OLD_OUTCOME


def test_old_insights_as_xml_named_xls(folder: Folder) -> None:
    folder.write("Facebook Posts.xls", spreadsheet_ml(insights(OLD)))
    read = folder.read()
    assert outcome(read, "facebook") == OLD_OUTCOME
    assert shapes(read) == [("facebook", "facebook_insights")]


def test_sheets_of_one_workbook_complete_each_others_posts(folder: Folder) -> None:
    key, likes = insights(OLD), insights(OLD)
    folder.book("a.xlsx", {
        "Key Metrics": [row[:14] for row in key],
        "Stories by action": [[*row[:8], *row[14:]] for row in likes],
    })  # fmt: skip
    read = folder.read()
    assert outcome(read, "facebook") == OLD_OUTCOME
    assert noted(read, "repeated_posts") == 0


UNDATED = [
    ["Page total likes", "Type", "Category", "Lifetime Post Total Reach", "Lifetime Post Total Impressions",
     "Lifetime Post Consumptions", "comment", "like", "share", "Total Interactions"],
    [1390, "Photo", 2, 275, 509, 15, 4, 79, 17, 100],
    [1390, "Status", 2, 1046, 905, 167, 5, "", 29, 34],
]  # fmt: skip
SPANISH = ["Me gusta totales de la página", "Tipo", "Categoría", "Lifetime Post Total Reach",
           "Lifetime Post Total Impressions", "Consumos de publicación de por vida", "comment", "like", "compartir",
           "Total Interactions"]  # fmt: skip


@pytest.mark.parametrize("shape", ["commas, bare returns", "semicolons, latin-1, Spanish", "plain"])
def test_undated_posts_come_in_several_formats_and_mean_the_same(folder: Folder, shape: str) -> None:
    if shape.startswith("semi"):
        folder.table("a.csv", [SPANISH, *UNDATED[1:]], ";", "latin-1")
    else:
        folder.write("a.csv", text_of(UNDATED).replace("\n", "\r" if shape.startswith("commas") else "\n"))
    read = folder.read()
    assert outcome(read, "facebook") == {
        "files": 1,
        "posts": 2,
        "impressions": 1414,
        "interactions": 134,
        "clicks": 182,
    }
    assert read.posts["kind"].tolist() == ["photo", "text"]
    assert noted(read, "impressions_below_reach") == 1
    assert noted(read, "undated") == 2
    with_since = folder.read(since=date(2026, 1, 1))
    assert with_since.posts.empty and with_since.outcomes.empty


def test_advertisements_are_kept_apart_by_the_id_of_their_set(folder: Folder) -> None:
    rows = [
        ("Autumn", "s1", "2026-10-01", "2026-10-31", "On-Facebook leads", 4, 900, 1000, 50, "1,200.50"),
        ("Autumn", "s2", "2026-10-01", "2026-10-31", "Link clicks", 30, 700, 800, 30, "300"),
        ("Winter", "s3", "2026-10-01", "2026-10-31", "", 5, 70, 90, 3, "10"),
        ("", "", "2026-10-01", "2026-10-31", "", "", 1500, 1890, 83, "1,510.50"),
    ]
    folder.table("a.csv", ads(rows))
    read = folder.read()
    assert outcome(read, "facebook") == {
        "files": 1, "first_day": "2026-10-01", "last_day": "2026-10-31", "days": 31, "impressions": 1890,
        "clicks": 83, "spend": 1510.5, "leads": 4,
    }  # fmt: skip
    assert read.currency == "PHP" and read.files["currency"].tolist() == ["PHP"]
    assert (noted(read, "total_rows"), noted(read, "blank_result_type"), noted(read, "network_assumed")) == (1, 1, 1)
    assert read.daily.empty


def test_advertisements_by_platform_and_day(folder: Folder) -> None:
    rows = [
        ("A", "s1", "2026-10-01", "2026-10-01", "Leads", 1, 90, 100, 5, 20, "facebook"),
        ("A", "s1", "2026-10-01", "2026-10-01", "Leads", 2, 40, 50, 6, 30, "instagram"),
        ("A", "s1", "2026-10-02", "2026-10-02", "Leads", 2, 40, 60, 7, 30, "instagram"),
        ("A", "s1", "2026-10-02", "2026-10-02", "Leads", 9, 40, 60, 7, 30, "audience_network"),
    ]
    folder.table("a.csv", ads(rows, "ILS", platform=True))
    read = folder.read()
    assert outcome(read, "facebook")["reach"] == 90  # one figure of the period; two of instagram are not added
    assert outcome(read, "instagram") == {
        "files": 1, "first_day": "2026-10-01", "last_day": "2026-10-02", "days": 2, "impressions": 110, "clicks": 13,
        "spend": 60, "leads": 4,
    }  # fmt: skip
    assert read.daily.query("network == 'instagram' and metric == 'spend'")["value"].tolist() == [30, 30]
    assert noted(read, "no_network") == 1


# --- LinkedIn ---------------------------------------------------------------------------------------------

LINKEDIN_DAYS = [("10/01/2026", 80, 20, 100, 7, 5, 2, 1), ("10/13/2026", 50, 0, 50, 3, 4, 0, 0)]


@pytest.mark.parametrize("prose", [True, False])
@pytest.mark.parametrize("shares", ["Shares", "Reposts"])
def test_linkedin_workbook(folder: Folder, prose: bool, shares: str) -> None:
    posts = [("1", "10/05/2026", "Video", 60, 2, 3, 1, 0), ("2", 46308, "Article", 40, 1, 2, 0, 1)]
    folder.book("updates.xlsx", {
        "Update engagement": linkedin_days(LINKEDIN_DAYS, shares=shares, prose=prose),  # name and content differ
        "Update metrics": linkedin_posts(posts, prose=prose),
        "Visitor metrics": LINKEDIN_VISITORS,
        "Location": LINKEDIN_PLACES,
        "Empty": [],
    })  # fmt: skip
    read = folder.read()
    assert outcome(read, "linkedin") == {
        "files": 1, "first_day": "2026-10-01", "last_day": "2026-10-13", "days": 13, "posts": 2,
        "last_post": "2026-10-13", "impressions": 150, "interactions": 12, "clicks": 10,
    }  # fmt: skip
    assert [shape for _, shape in shapes(read)] == [
        "linkedin_days",
        "linkedin_posts",
        "linkedin_visitors",
        "demographics",
    ]
    assert (noted(read, "time_zone") > 0) == prose
    assert noted(read, "not_added") == 3  # impressions, interactions and clicks of the posts


@pytest.mark.parametrize("prose", [True, False])
def test_linkedin_as_it_is_downloaded_in_excels_binary_format(folder: Folder, prose: bool) -> None:
    rows = linkedin_days(LINKEDIN_DAYS, prose=prose)
    cells = {(at, column): cell for at, row in enumerate(rows) for column, cell in enumerate(row)}
    folder.write("updates.xls", old_workbook(cells))
    read = folder.read()
    assert shapes(read)[0][1] == "linkedin_days"
    found = outcome(read, "linkedin")
    assert (found["impressions"], found["clicks"], found["interactions"]) == (150, 10, 12)


def test_a_sheet_that_repeats_the_days_of_another_counts_once(folder: Folder) -> None:
    days = linkedin_days(LINKEDIN_DAYS)
    folder.book("updates.xlsx", {"Update metrics (aggregated)": days, "Update engagement": days})
    assert outcome(folder.read(), "linkedin")["impressions"] == 150


# --- X ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day_name", ["Date", ""])
def test_x_by_day_lower_case_with_dashes_for_promoted(folder: Folder, day_name: str) -> None:
    days = [("2026-10-01", 2, 100, 3, 1, 9, 4), ("2026-10-02", 0, 40, 0, 0, 1, 0)]
    folder.table("a.csv", x_by_day(days, day_name=day_name))
    read = folder.read()
    assert outcome(read, "x") == {
        "files": 1, "first_day": "2026-10-01", "last_day": "2026-10-02", "days": 2, "posts": 2,
        "last_post": "2026-10-01", "impressions": 140, "interactions": 14, "clicks": 4,
    }  # fmt: skip
    assert noted(read, "unnamed_day") == (day_name == "")
    assert noted(read, "unreadable_numbers") == noted(read, "promoted_left_out") == 0


def test_x_new_analytics(folder: Folder) -> None:
    folder.write("account_overview.csv", X_OVERVIEW)
    found = outcome(folder.read(), "x")
    assert (found["impressions"], found["interactions"], found["posts"]) == (150, 16 + 7, 1)
    folder.write("account_content.csv", X_POSTS)
    read = folder.read()
    found = outcome(read, "x")
    assert (found["impressions"], found["posts"], found["last_post"], found["clicks"]) == (150, 2, "2026-10-31", 5)
    assert read.posts["interactions"].tolist() == [4 + 1 + 2 + 1, 6 + 1 + 1]


# --- TikTok -----------------------------------------------------------------------------------------------


def test_tiktok_files_in_a_folder_called_facebook(folder: Folder) -> None:
    folder.write("facebook/Overview.csv", TIKTOK_OVERVIEW + "August 18,100,5,9,1,1\nAugust 19,50,5,undefined,2,0\n")
    folder.write("facebook/FollowerHistory.csv", TIKTOK_FOLLOWERS + '"August 18","700","3"\n"August 19","710","10"\n')
    folder.write("facebook/Viewers.csv", TIKTOK_VIEWERS)
    folder.write("facebook/FollowerGender.csv", "Gender,Distribution\nMale,0.75\nFemale,0.25\n")
    folder.write("facebook/FollowerTopTerritories.csv", "Top territories,Distribution\nIL,73.7\n")
    read = folder.read()
    assert read.outcomes["network"].tolist() == ["tiktok"]
    assert outcome(read, "tiktok") == {
        "files": 2, "first_day": "2026-08-18", "last_day": "2026-08-19", "days": 2, "impressions": 150,
        "interactions": 13, "followers": 710,
    }  # fmt: skip
    assert sorted(shape for _, shape in shapes(read)) == [
        "demographics", "demographics", "tiktok_followers", "tiktok_overview", "tiktok_viewers",
    ]  # fmt: skip
    assert {network for network, _ in shapes(read)} == {"tiktok"}


@pytest.mark.parametrize("backwards", [False, True])
def test_days_without_a_year_go_back_over_new_year(folder: Folder, backwards: bool) -> None:
    lines = [
        f"{month} {day},1,1,1,1,1\n"
        for month, day in [("December", 30), ("December", 31), ("January", 1), ("January", 2)]
    ]
    folder.write("a.csv", TIKTOK_OVERVIEW + "".join(lines[::-1] if backwards else lines))
    found = outcome(folder.read(as_of=date(2026, 3, 1)), "tiktok")
    assert (found["first_day"], found["last_day"], found["days"]) == ("2025-12-30", "2026-01-02", 4)


@pytest.mark.parametrize(("as_of", "year"), [(date(2026, 8, 19), 2026), (date(2026, 8, 18), 2025)])
def test_the_latest_year_is_the_one_that_is_not_after_the_as_of_day(folder: Folder, as_of: date, year: int) -> None:
    folder.write("a.csv", TIKTOK_OVERVIEW + "19 August,1,1,1,1,1\n")
    assert outcome(folder.read(as_of=as_of), "tiktok")["last_day"] == f"{year}-08-19"


def test_the_29th_of_february_is_of_a_leap_year(folder: Folder) -> None:
    folder.write("a.csv", TIKTOK_OVERVIEW + "February 28,1,1,1,1,1\nFebruary 29,1,1,1,1,1\nMarch 1,1,1,1,1,1\n")
    found = outcome(folder.read(as_of=date(2026, 5, 1)), "tiktok")
    assert (found["first_day"], found["last_day"], found["days"]) == ("2024-02-28", "2024-03-01", 3)


def test_tiktok_in_spanish(folder: Folder) -> None:
    header = "Fecha,Visualizaciones de vídeo,Visualizaciones de perfil,Me gusta,Comentarios,Veces compartido\n"
    folder.write("a.csv", header + "19 de agosto,1.200,5,9,1,1\n20 de agosto,50,5,1,0,0\n")
    found = outcome(folder.read(), "tiktok")
    assert (found["first_day"], found["impressions"], found["interactions"]) == ("2026-08-19", 1250, 12)


# --- YouTube and GA4 --------------------------------------------------------------------------------------


def test_youtube_table_without_its_total(folder: Folder) -> None:
    folder.write("Table data.csv", YOUTUBE)
    read = folder.read()
    assert outcome(read, "youtube") == {
        "files": 1, "first_day": "2026-09-28", "last_day": "2026-10-02", "days": 5, "posts": 2,
        "last_post": "2026-10-02", "impressions": 5000, "interactions": 69,
    }  # fmt: skip
    assert noted(read, "total_rows") == 1


def test_ga4_gives_visits_and_leads_to_the_networks_it_names(folder: Folder) -> None:
    folder.write("Traffic_acquisition.csv", GA4)
    read = folder.read()
    assert read.outcomes["network"].tolist() == ["facebook", "instagram"]
    assert outcome(read, "facebook") == {
        "files": 1, "first_day": "2026-10-01", "last_day": "2026-10-31", "days": 31, "clicks": 50, "leads": 6,
    }  # fmt: skip
    assert (outcome(read, "instagram")["clicks"], outcome(read, "instagram")["leads"]) == (25, 1)
    assert shapes(read) == [("", "ga4_sources")]
    assert (noted(read, "no_network"), noted(read, "further_table")) == (1, 1)


def test_ga4_channels_alone_name_no_network(folder: Folder) -> None:
    folder.write("a.csv", GA4.split("# Start date: 20261001\n# End date: 20261031\nSession source")[0])
    read = folder.read()
    assert read.outcomes.empty and shapes(read) == [("", "ga4_channels")]
    assert noted(read, "no_network") == 2


def test_audience_with_stacked_tables_tells_nothing_that_adds_up(folder: Folder) -> None:
    lines = (
        "Age & gender\n,Women,Men\n18-24,10,12\n\nTop cities\nAmberville,Birchtown\n0.5,0.2\n\nTop countries\nIL\n0.9\n"
    )
    folder.write("Audience.csv", lines)
    read = folder.read()
    assert {shape for _, shape in shapes(read)} == {"demographics"}
    assert read.outcomes.empty and read.posts.empty and read.daily.empty
