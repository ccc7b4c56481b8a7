"""Small made exports of the networks, one writer per shape, and a folder to read them from; every name is invented."""

from __future__ import annotations

import csv
import io
import struct
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from kesher.readers import DataRoot
from kesher.readers.platforms import Exports, read_exports

AS_OF = date(2026, 10, 31)
CANARY = "zz-canary-5512"
LINK = f"https://example.org/{CANARY}/"
FORMULA = f"=HYPERLINK('{LINK}') <b>{CANARY}</b>"

Rows = Sequence[Sequence[Any]]


def text_of(rows: Rows, separator: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(rows)
    return out.getvalue()


class Folder:
    """A data root; ``read`` reads the exports in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.root = DataRoot(path)

    def write(self, name: str, content: str | bytes, encoding: str = "utf-8") -> None:
        file = self.path / "exports" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))

    def table(self, name: str, rows: Rows, separator: str = ",", encoding: str = "utf-8") -> None:
        self.write(name, text_of(rows, separator), encoding)

    def book(self, name: str, sheets: dict[str, Rows]) -> None:
        book = Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            page = book.create_sheet(title)
            for row in rows:
                page.append(list(row))
        out = io.BytesIO()
        book.save(out)
        self.write(name, out.getvalue())

    def read(self, spec: str = "exports", **given: Any) -> Exports:
        return read_exports(self.root, spec, **{"as_of": AS_OF, **given})


def outcome(read: Exports, network: str) -> dict[str, Any]:
    """The figures of one network that are told, without the days that each of them is of."""
    row = read.outcomes.set_index("network").loc[network].dropna()
    row = row[[name for name in row.index if not name.endswith("_days")]]
    return {name: value.date().isoformat() if hasattr(value, "date") else value for name, value in row.items()}


def noted(read: Exports, code: str) -> int:
    return sum(note.count for source in read.sources for note in source.notes if note.code == code)


def shapes(read: Exports) -> list[tuple[str, str]]:
    return list(zip(read.files["network"], read.files["shape"], strict=True))


def everything(read: Exports) -> str:
    """All that left the reader, as text."""
    tables = (read.outcomes, read.daily, read.posts, read.files)
    return "".join(table.to_csv() for table in tables) + repr(read.sources) + repr(read.currency)


# --- Meta -------------------------------------------------------------------------------------------------

FACEBOOK_EXTRA = [
    "Duration (sec)", "Caption type", "Permalink", "Is crosspost", "Is share", "Languages", "Custom labels",
    "Funded content status", "Data comment", "Date", "Other clicks", "Photo clicks", "Seconds viewed",
    "Average Seconds viewed", "Estimated earnings (USD)", "Ad CPM (USD)", "Ad impressions", "Negative feedback",
    "Negative feedback: Hide all", "Negative feedback: Unlike", "Reels plays", "Stars",
]  # fmt: skip


def facebook_posts(
    posts: Rows, *, seen: str = "Views", caption: str = "Title", extra: Sequence[str] = FACEBOOK_EXTRA
) -> Rows:
    """Posts as (id, publish time, type, seen, reach, reactions, comments, shares, clicks)."""
    header = ["Post ID", "Page ID", "Page name", caption, "Publish time", "Post type", seen, "Reach",
              "Reactions, Comments and Shares", "Reactions", "Comments", "Shares", "Total clicks", *extra]  # fmt: skip
    fill = {"Permalink": LINK, "Date": "Lifetime"}
    return [
        header,
        *(
            [one, "9001", f"Amber Bakery {CANARY}", FORMULA, when, kind, views, reach, sum(filter(None, parts)), *parts,
             clicks, *(fill.get(name, "") for name in extra)]
            for one, when, kind, views, reach, *parts, clicks in posts
        ),
    ]  # fmt: skip


def instagram_posts(posts: Rows) -> Rows:
    """Posts as (id, publish time, type, views, reach, likes, comments, shares, saves)."""
    header = ["Post ID", "Account ID", "Account username", "Account name", "Description", "Duration (sec)",
              "Publish time", "Permalink", "Post type", "Data comment", "Date", "Views", "Reach", "Likes", "Shares",
              "Follows", "Comments", "Saves"]  # fmt: skip
    return [
        header,
        *(
            [one, "7", CANARY, CANARY, FORMULA, 0, when, LINK, kind, "", "Lifetime", views, reach, likes, shares, 3,
             comments, saves]
            for one, when, kind, views, reach, likes, comments, shares, saves in posts
        ),
    ]  # fmt: skip


def page_level(name: str, days: Rows) -> bytes:
    lines = ["sep=,", f'"{name}"', '"Date","Primary"', *(f'"{day}T00:00:00","{value}"' for day, value in days)]
    return "\ufeff".encode("utf-16-le") + "\r\n".join([*lines, ""]).encode("utf-16-le")


def insights(posts: Rows) -> Rows:
    """The old posts export as (id, posted, type, reach, impressions, consumptions, like, comment, share)."""
    header = ["Post ID", "Permalink", "Post Message", "Type", "Countries", "Languages", "Posted", "Audience Targeting",
              "Lifetime Post Total Reach", "Lifetime Post organic reach", "Lifetime Post Total Impressions",
              "Lifetime Post Consumptions", "Lifetime Organic views to 95%", "Lifetime Organic views to 95%",
              "like", "comment", "share"]  # fmt: skip
    second = [""] * 8 + ["Lifetime: The total number of people your Page post was served to. (Unique Users)"] * 9
    return [
        header,
        second,
        *(
            [one, LINK, FORMULA, kind, "", "", when, "", reach, reach, seen, clicks, 1, 1, likes, comments, shares]
            for one, when, kind, reach, seen, clicks, likes, comments, shares in posts
        ),
    ]


def spreadsheet_ml(rows: Rows, *, head: str = "") -> str:
    """A workbook in Excel's old XML, as Facebook names .xls."""
    from xml.sax.saxutils import escape

    cells = "".join(
        "<Row>" + "".join(f'<Cell><Data ss:Type="String">{escape(str(cell))}</Data></Cell>' for cell in row) + "</Row>"
        for row in rows
    )
    space = "urn:schemas-microsoft-com:office:spreadsheet"
    return (
        f'<?xml version="1.0"?>{head}<Workbook xmlns="{space}" xmlns:ss="{space}">'
        f'<Worksheet ss:Name="Key Metrics"><Table>{cells}</Table></Worksheet></Workbook>'
    )


def ads(rows: Rows, currency: str = "PHP", *, platform: bool = False) -> Rows:
    """Ad sets as (name, id, starts, ends, result type, results, reach, impressions, clicks, spent[, platform])."""
    header = ["Campaign name", "Ad set name", "Ad set ID", "Reporting starts", "Reporting ends", "Result type",
              "Results", "Reach", "Impressions", "Link clicks", f"Amount spent ({currency})"]  # fmt: skip
    return [[*header, *(["Platform"] if platform else [])], *([CANARY, *row] for row in rows)]


# --- LinkedIn, X, TikTok, YouTube, GA4 ----------------------------------------------------------------------

PROSE = "Aggregated engagement metrics for your page's posts. All dates and times are in UTC."


def linkedin_days(days: Rows, *, shares: str = "Reposts", prose: bool = True) -> Rows:
    """Days as (date, organic, sponsored and total impressions, clicks, reactions, comments, shares)."""
    header = ["Date", "Impressions (organic)", "Impressions (sponsored)", "Impressions (total)",
              "Unique impressions (organic)", "Clicks (total)", "Reactions (total)", "Comments (total)",
              f"{shares} (total)", "Engagement rate (total)"]  # fmt: skip
    rows = [[one[0], *one[1:4], 1, *one[4:], 0.05] for one in days]
    return [*([[PROSE]] if prose else []), header, *rows]


def linkedin_posts(posts: Rows, *, prose: bool = True) -> Rows:
    """Posts as (link, created, content type, impressions, clicks, likes, comments, reposts)."""
    header = ["Post title", "Post link", "Post type", "Campaign name", "Posted by", "Created date", "Impressions",
              "Views", "Clicks", "Click through rate (CTR)", "Likes", "Comments", "Reposts",
              "Content Type"]  # fmt: skip
    rows = [
        [FORMULA, LINK + str(link), "Organic", "", CANARY, when, seen, "", clicks, 0.1, likes, comments, reposts, kind]
        for link, when, kind, seen, clicks, likes, comments, reposts in posts
    ]
    return [*([[PROSE]] if prose else []), header, *rows]


LINKEDIN_VISITORS: Rows = [
    ["Traffic metrics. All dates and times are in UTC."],
    ["Date", "Overview page views (desktop)", "Total page views (total)", "Total unique visitors (total)"],
    ["10/01/2026", 3, 5, 4],
]
LINKEDIN_PLACES: Rows = [["Location", "Total views"], ["Amberville", 7]]


def x_by_day(days: Rows, *, day_name: str = "Date") -> Rows:
    """Days as (day, tweets, impressions, retweets, replies, likes, url clicks)."""
    plain = ["Tweets published", "impressions", "engagements", "engagement rate", "retweets", "replies", "likes",
             "user profile clicks", "url clicks", "hashtag clicks"]  # fmt: skip
    promoted = [f"promoted {name}" for name in plain[1:]]
    return [
        [day_name, *plain, *promoted],
        *(
            [day, tweets, seen, 9, 0.1, retweets, replies, likes, 2, clicks, 0, *["-"] * len(promoted)]
            for day, tweets, seen, retweets, replies, likes, clicks in days
        ),
    ]


X_OVERVIEW = (
    "Date,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Unfollows,Replies,Reposts,Profile visits,"
    "Create Post,Video views,Media views\n"
    '"Sat, Oct 31, 2026",100,10,20,1,2,5,3,1,2,7,1,8,9\n'
    '"Fri, Oct 30, 2026",50,5,10,0,1,2,1,0,1,3,0,4,5\n'
)
X_POSTS = (
    "Post id,Date,Post text,Post Link,Impressions,Likes,Engagements,Bookmarks,Shares,New follows,Replies,Reposts,"
    "Profile visits,Detail Expands,URL Clicks,Hashtag Clicks,Permalink Clicks\n"
    f'1801,"Fri, Oct 30, 2026",{CANARY},{LINK},40,4,9,1,0,0,2,1,1,1,3,0,0\n'
    f'1802,"Sat, Oct 31, 2026",{CANARY},{LINK},60,6,9,0,1,0,0,1,1,1,2,0,0\n'
)
TIKTOK_OVERVIEW = "Date,Video Views,Profile Views,Likes,Comments,Shares\n"
TIKTOK_FOLLOWERS = '"Date","Followers","Difference in followers from previous day"\n'
TIKTOK_VIEWERS = "Date,Total Viewers,New Viewers,Returning Viewers\nAugust 19,8876,undefined,undefined\n"
YOUTUBE = (
    "Content,Video title,Video publish time,Duration,Views,Watch time (hours),Subscribers,Impressions,"
    "Impressions click-through rate (%),Likes,Comments added\n"
    f"Total,,,,900,40.5,12,5000,4.2,60,9\n"
    f'vid1,{CANARY},"Oct 2, 2026",1:02:03,500,30.5,8,3000,4.4,40,6\n'
    f'vid2,{CANARY},"Sep 28, 2026",0:45,400,10,4,2000,3.9,20,3\n'
)
GA4 = """# ----------------------------------------
# Traffic acquisition
# Account: Amber Bakery
# ----------------------------------------
#
# Start date: 20261001
# End date: 20261031
Nth day,Active users
0000,12
0001,14

# Start date: 20261001
# End date: 20261031
Session primary channel group (Default Channel Group),Sessions,Key events,Engagement rate
Organic Social,100,9,62.5%
Direct,40,1,50%

# Start date: 20261001
# End date: 20261031
Session source / medium,Sessions,Key events,Engagement rate
l.facebook.com / referral,30,4,62.5%
facebook / cpc,20,2,50%
www.instagram.com / referral,25,1,40%
google / organic,500,30,71%
"""


# --- Excel's binary workbooks -------------------------------------------------------------------------------


def old_workbook(cells: Mapping[tuple[int, int], object]) -> bytes:
    """One sheet of texts and numbers by row and column as .xls (BIFF8 in a compound file)."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def cell(row: int, column: int, value: object) -> bytes:
        if isinstance(value, int | float):
            return record(0x203, struct.pack("<HHHd", row, column, 0, float(value)))
        text = str(value)
        return record(0x204, struct.pack("<HHHHB", row, column, 0, len(text), 1) + text.encode("utf-16-le"))

    end, start = record(0x0A, b""), record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    named = record(0x85, struct.pack("<IBBBB", len(start) + 13 + len(end), 0, 0, 1, 0) + b"s")
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 16, 0, 0, 0, 0))
    sheet += b"".join(cell(row, column, value) for (row, column), value in cells.items())
    stream = start + named + end + sheet + end
    stream = stream.ljust(max(-(-len(stream) // 512), 8) * 512, b"\0")
    sectors = len(stream) // 512  # after that of the table and that of the folder
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    header += bytes(6) + struct.pack("<IIIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0)
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    table = struct.pack(f"<{len(chain)}I", *chain).ljust(512, b"\xff")

    def entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
        text = name.encode("utf-16-le") + b"\0\0"
        body = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        return body + bytes(36) + struct.pack("<IQ", first, size)

    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry("Workbook", 2, 0xFFFFFFFF, 2, len(stream))
    return header.ljust(512, b"\xff") + table + folder.ljust(512, b"\0") + stream
