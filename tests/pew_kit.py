"""Pew's survey of January-February 2019 read as a client's file: for tests, where the file is."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from kesher.readers import DataRoot, Respondents, read_options, read_respondents

REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "channels" / "pew2019.csv"
needs_pew = pytest.mark.skipif(not REAL.is_file(), reason="the Pew survey is not on this machine")

NETWORKS = {
    "x": "web1a",
    "instagram": "web1b",
    "facebook": "web1c",
    "snapchat": "web1d",
    "youtube": "web1e",
    "whatsapp": "web1f",
    "pinterest": "web1g",
    "linkedin": "web1h",
    "reddit": "web1i",
}
TOPLINE = {  # percent of adults, as published to whole points and with two decimals
    "youtube": (73, 73.21),
    "facebook": (69, 69.38),
    "instagram": (37, 37.00),
    "pinterest": (28, 28.42),
    "linkedin": (27, 26.58),
    "snapchat": (24, 23.71),
    "x": (22, 22.19),
    "whatsapp": (20, 19.84),
    "reddit": (11, 11.04),
}
ANY = 85.70  # percent of adults on at least one of them
AGES = {
    "18_29": range(18, 30),
    "30_49": range(30, 50),
    "50_64": range(50, 65),
    "65_plus": range(65, 98),  # 97 is 97 and over; 98 and 99 did not tell
}
EDUCATION = {"school": (1, 2, 3), "some_college": (4, 5), "college": (6, 7, 8)}
EMPTIED = {"eminuse": "2", "intmob": "2"}  # neither the internet nor e-mail, nor either on a telephone


def write_tables(folder: Path) -> None:
    """The two intake tables, pew_columns.csv and pew_options.csv."""
    roles = [["respid", "respondent", "", ""], ["weight", "weight", "", ""]]
    roles += [[name, "segment", name, ""] for name in ("age", "sex", "educ2")]
    roles += [[column, "choices", "networks", network] for network, column in NETWORKS.items()]
    with (folder / "pew_columns.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["group", "column", "role", "question", "option"])
        writer.writerows(["audience", *role] for role in roles)
    told = {
        "age": {name: "|".join(map(str, years)) for name, years in AGES.items()} | {"unknown": "98|99"},
        "sex": {"men": "1", "women": "2"},
        "educ2": {name: "|".join(map(str, codes)) for name, codes in EDUCATION.items()} | {"unknown": "98|99"},
        "networks": dict.fromkeys(NETWORKS, ""),
    }
    with (folder / "pew_options.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "option", "label_en", "label_he", "accepts", "exclusive"])
        for question, options in told.items():
            for option, accepts in options.items():
                no = "yes" if option == "unknown" else ""
                writer.writerow([question, option, option, f"{question} {option} בעברית", accepts, no])


def write_pew(folder: Path, *, blank_offline: bool = False) -> None:
    """The survey as delivered, coded 1 yes, 2 no, 8 and 9 not told, as pew2019.csv.

    ``blank_offline``: as in files that leave blank what non-users who are not online were not asked.
    """
    with REAL.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows if blank_offline else ():
        used = any(row[column].strip() == "1" for column in NETWORKS.values())
        if not used and all(row[column].strip() == code for column, code in EMPTIED.items()):
            row |= dict.fromkeys(NETWORKS.values(), "")
    with (folder / "pew2019.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read(folder: Path, *, blanks_are_no: bool = True) -> Respondents:
    """What the readers make of the three files in ``folder``."""
    root = DataRoot(folder)
    options = read_options(root, "pew_options.csv")
    return read_respondents(
        root, "pew2019.csv", group="audience", columns_spec="pew_columns.csv", options=options,
        blanks_are_no=blanks_are_no,
    )  # fmt: skip


def pew(root: Path) -> Respondents:
    """Write the three files into the folder ``root`` and read them: 1,502 adults, question "networks"."""
    write_tables(root)
    write_pew(root)
    return read(root)
