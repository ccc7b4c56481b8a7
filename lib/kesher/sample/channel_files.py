"""The channel workbook's files: a panel's survey export, the small tables, and the networks' own exports."""

from __future__ import annotations

import csv
import io
import itertools
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import pandas as pd

from kesher.sample.channels import Panel, plant_panel
from kesher.sample.population import NONE, Settings

Rows = list[list[Any]]
PAGE, ACCOUNT, POST = 100_000_000_000_042, 17_000_000_000_000_042, 3_000_000_000_000_000  # invented ids
SCHEMA = "http://schemas.openxmlformats.org"
MAIN, RELATED = f"{SCHEMA}/spreadsheetml/2006/main", f"{SCHEMA}/officeDocument/2006/relationships"
KIND, LISTED = "application/vnd.openxmlformats-", f'Relationships xmlns="{SCHEMA}/package/2006/relationships"'
WORKBOOK = {  # the parts of an .xlsx of one sheet, beside the sheet
    "[Content_Types].xml": f'<Types xmlns="{SCHEMA}/package/2006/content-types"><Default Extension="rels" ContentType="'
    f'{KIND}package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="'
    f'{KIND}officedocument.spreadsheetml.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="'
    f'{KIND}officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": f'<{LISTED}><Relationship Id="r1" Type="{RELATED}/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATED}"><sheets>'
    '<sheet name="Update metrics (aggregated)" sheetId="1" r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<{LISTED}><Relationship Id="r1" Type="{RELATED}/worksheet"'
    ' Target="worksheets/sheet1.xml"/></Relationships>',
}


def write_channels(folder: Path, settings: Settings) -> Panel:
    """Write the channel workbook's files into ``folder``; its truth joins what truth.json already holds of others."""
    panel = plant_panel(settings, settings["seed"])
    shares = [[q, level, share] for q, levels in panel.margins.items() for level, share in levels.items()]
    tables: dict[str, Rows] = {
        "audience.csv": _survey(panel.people, settings),
        "audience_columns.csv": _columns(settings),
        "audience_options.csv": _options(settings),
        "audience_margins.csv": [["question", "option", "share"], *shares],
        **{f"{name}.csv": rows for name, rows in settings["tables"].items()},
        **{f"exports/{name}": rows for name, rows in _exports(settings).items()},
    }
    (folder / "exports").mkdir(exist_ok=True)
    for name, rows in tables.items():
        (_write_workbook if name.endswith(".xlsx") else _write_csv)(folder / name, rows)
    path = folder / "truth.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    known[settings["workbook"]] = panel.truth
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8", newline="\n")
    return panel


def _write_csv(path: Path, rows: Rows) -> None:
    """As text in UTF-8; a form's, and Meta's, with a byte order mark and the line ends of Windows."""
    text, form = io.StringIO(newline=""), path.stem == "audience" or path.stem.endswith("_content")
    csv.writer(text, lineterminator="\r\n" if form else "\n").writerows(rows)
    path.write_bytes(text.getvalue().encode("utf-8-sig" if form else "utf-8"))


def _survey(people: pd.DataFrame, settings: Settings) -> Rows:
    """A Google Forms export: a title row of questions, the networks joined in one cell by comma, space."""
    titles, options = settings["headers"], {**settings["networks"], NONE: settings["none"]}
    cells = {
        titles["answered_at"]: people["answered_at"].dt.strftime("%d/%m/%Y %H:%M:%S"),
        titles["respondent"]: people["respondent"],
    }
    for question, segment in settings["segments"].items():
        texts = {level: values["text"] for level, values in segment["levels"].items()}
        cells[segment["header"]] = people[question].map(texts)
    choices = [values["text"] for values in options.values()]
    ticks = people[[f"networks.{name}" for name in options]].to_numpy(dtype=bool)
    cells[titles["networks"]] = pd.Series([", ".join(itertools.compress(choices, row)) for row in ticks])
    table = pd.DataFrame(cells)
    return [list(table.columns), *table.to_numpy().tolist()]


def _columns(settings: Settings) -> Rows:
    titles = settings["headers"]
    rows = [[titles["respondent"], "respondent", "", ""]]
    rows += [[segment["header"], "segment", name, ""] for name, segment in settings["segments"].items()]
    rows.append([titles["networks"], "choices", "networks", ""])
    return [["group", "column", "role", "question", "option"], *(["audience", *row] for row in rows)]


def _options(settings: Settings) -> Rows:
    rows = [["question", "option", "label_en", "label_he", "accepts", "exclusive"]]
    asked = {name: segment["levels"] for name, segment in settings["segments"].items()}
    for name, options in (asked | {"networks": {**settings["networks"], NONE: settings["none"]}}).items():
        for option, values in options.items():
            accepts = values["text"] if values["text"] not in (values["en"], values["he"]) else ""
            rows.append([name, option, values["en"], values["he"], accepts, "true" if option == NONE else "false"])
    return rows


def _exports(settings: Settings) -> dict[str, Rows]:
    """Each network's export in the shape its own page gives out: file name -> rows, the header included."""
    of, rng = settings["exports"], np.random.default_rng([settings["seed"], 1])
    days = pd.date_range(of["first_day"], periods=of["days"], freq="D")
    header, *told = settings["tables"]["networks"]
    last = {row[0]: row[header.index("last_post")] for row in told}

    def drawn(network: str, at: pd.DatetimeIndex) -> pd.DataFrame:
        """One row per post or day: at, views, reach, caption, interactions as answers and of four kinds."""
        how = of[network]
        views = np.rint(how["seen"] * rng.lognormal(0, 0.5, len(at))).astype(int)
        answers = rng.binomial(views, how["answered"])
        found = {"at": at, "views": views, "reach": rng.binomial(views, how.get("reached", 1.0)), "answers": answers}
        kinds = rng.multinomial(answers, (0.7, 0.15, 0.1, 0.05)).T
        captions = rng.choice(of["captions"], len(at))
        return pd.DataFrame(found | dict(zip("abcd", kinds, strict=True)) | {"caption": captions})

    def posts(network: str) -> pd.DataFrame:
        """As many posts as the settings say, the last on the day that networks.csv tells."""
        size = of[network]["posts"]
        latest = (pd.Timestamp(last[network]) - days[0]).days
        on = np.sort([*rng.integers(0, latest, size - 1), latest])
        return drawn(network, days[on] + pd.to_timedelta(rng.integers(8 * 60, 21 * 60, size), unit="m"))

    x = of["x"]["columns"]
    return {
        "facebook_content.csv": [of["facebook"]["columns"], *_facebook(posts("facebook"), of["page"], rng)],
        "instagram_content.csv": [of["instagram"]["columns"], *_instagram(posts("instagram"), of["page"], rng)],
        "Overview.csv": [of["tiktok"]["columns"], *_tiktok(drawn("tiktok", days))],
        "Table data.csv": [of["youtube"]["columns"], *_youtube(posts("youtube"), rng)],
        "linkedin_updates.xlsx": [
            [of["linkedin"]["prose"]],
            of["linkedin"]["columns"],
            *_linkedin(drawn("linkedin", days)),
        ],
        "x_by_day.csv": [[*x, *(f"promoted {name}" for name in x[2:])], *_x(drawn("x", days), x[2:])],
    }


def _facebook(posts: pd.DataFrame, page: str, rng: np.random.Generator) -> Rows:
    """Meta's content export of a page: a caption sits in Title or in Description, much is always empty."""
    rows: Rows = []
    for place, (_, post) in enumerate(posts.iterrows()):
        kind = ("Photos", "Reels", "Links")[rng.choice(3, p=(0.5, 0.35, 0.15))]
        texts, seconds = ([post.caption, ""] if place % 3 else ["", post.caption]), 15 + place % 30
        row = [POST + place, PAGE, page, *texts, seconds if kind == "Reels" else 0, f"{post['at']:%m/%d/%Y %H:%M}"]
        row += ["", "", 0, 0, kind, "", "", "", "", "Lifetime", post.views, post.reach, post.answers, post.a]
        rows.append([*row, post.b, post.c + post.d, post.answers + rng.poisson(0.018 * post.views)])
    return rows


def _instagram(posts: pd.DataFrame, page: str, rng: np.random.Generator) -> Rows:
    rows: Rows = []
    for place, (_, post) in enumerate(posts.iterrows()):
        kind = ("IG reel", "IG image", "IG carousel")[rng.choice(3, p=(0.5, 0.3, 0.2))]
        row = [6 * POST + place, ACCOUNT, "bluecamel.invented", page, post.caption, 20 if kind == "IG reel" else 0]
        row += [f"{post['at']:%m/%d/%Y %H:%M}", "", kind, "", "Lifetime", post.views, post.reach]
        rows.append([*row, post.a, post.b, rng.poisson(0.8), post.c, post.d])
    return rows


def _tiktok(days: pd.DataFrame) -> Rows:
    """TikTok's overview: days are told without a year."""
    told = days["at"].dt.month_name() + " " + days["at"].dt.day.astype(str)
    return list(map(list, zip(told, days["views"], days["views"] // 60, days["a"], days["b"], days["c"], strict=True)))


def _youtube(posts: pd.DataFrame, rng: np.random.Generator) -> Rows:
    """YouTube Studio's table: its first row is the total of all others."""
    rows: Rows = []
    for place, (_, post) in enumerate(posts.iterrows()):
        seconds, watched = (int(rng.integers(150, 420)), 0.42) if place % 3 == 0 else (int(rng.integers(20, 58)), 0.75)
        published = f"{post['at'].month_name()[:3]} {post['at'].day}, {post['at'].year}"
        row = [f"bluecamel{place + 1:02d}", post.caption, published, seconds, post.views]
        row += [round(post.views * seconds * watched / 3600, 4), post.d, int(post.views * rng.uniform(6, 11))]
        rows.append([*row, round(rng.uniform(2.5, 6.5), 2), 100 * watched])
    return [["Total", "", "", "", *(round(sum(row[at] for row in rows), 4) for at in (4, 5, 6, 7)), 4.4, 61.5], *rows]


def _linkedin(days: pd.DataFrame) -> Rows:
    """LinkedIn's sheet of updates: of each figure the organic, the sponsored and the total."""
    rate = (days["answers"] / days["views"].clip(lower=1)).round(6)
    told = [days["at"].dt.strftime("%m/%d/%Y"), days["views"], 0 * days["views"], days["views"], days["reach"]]
    told += [part for kind in (days["a"], days["b"], days["c"], days["d"], rate) for part in (kind, 0 * kind, kind)]
    return list(map(list, zip(*told, strict=True)))


def _x(days: pd.DataFrame, own: list[str]) -> Rows:
    """X by day in its old shape: nothing was published, nothing promoted, and the promoted columns hold a dash."""
    told = {"impressions": days["views"], "engagements": days["answers"], "replies": days["d"], "likes": days["b"]}
    told |= {
        "engagement rate": (days["answers"] / days["views"].clip(lower=1)).round(6),
        "user profile clicks": days["a"],
    }
    told |= {"detail expands": days["c"]}
    cells = [told.get(name, 0 * days["views"]) for name in own]
    dates = days["at"].dt.strftime("%Y-%m-%d")
    return [[date, 0, *row, *["-"] * len(own)] for date, *row in zip(dates, *cells, strict=True)]


def _write_workbook(path: Path, rows: Rows) -> None:
    """One sheet as .xlsx by hand, unpacked and undated, so that the same rows are the same bytes everywhere."""

    def cell(value: Any) -> str:
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
        return f"<c><v>{value}</v></c>"

    lines = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{lines}</sheetData></worksheet>'
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in (WORKBOOK | {"xl/worksheets/sheet1.xml": sheet}).items():
            part = zipfile.ZipInfo(name, (2026, 10, 31, 0, 0, 0))
            part.create_system = 0  # the same on every system
            archive.writestr(part, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>{text}')
