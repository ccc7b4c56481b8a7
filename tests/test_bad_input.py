"""The worst files a client can send: each a clear fault with file, place and remedy, never a value, nothing written."""

from __future__ import annotations

import csv
import io
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kesher.check import check_client
from kesher.faults import Exit
from kesher.run.plan import Outcome

ROOT = Path(__file__).parents[1]
CANARY = "0541234567"  # a phone number: it must come out nowhere


class Client:
    """The sample client under another name, free to be spoilt."""

    def __init__(self, folder: Path) -> None:
        self.params, self.data = folder / "params" / "acme", folder / "clients"
        shutil.copytree(ROOT / "data" / "sample", self.data)
        shutil.copytree(ROOT / "params" / "sample", self.params)
        self.set("client.yml", "client", "acme")
        self.set("client.yml", "data_root", "../../clients")

    def set(self, file: str, name: str, value: str) -> None:
        path = self.params / file
        text, found = re.subn(rf"(?m)^{name}: \S+", f"{name}: {value}", path.read_text(encoding="utf-8"))
        path.write_text(text if found else f"{text}{name}: {value}\n", encoding="utf-8")

    def rows(self, file: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO((self.data / file).read_text(encoding="utf-8-sig"))))

    def write(self, file: str, rows: list[list[str]]) -> None:
        text = io.StringIO()
        csv.writer(text).writerows(rows)
        (self.data / file).write_text(text.getvalue(), encoding="utf-8-sig")

    def add_column(self, name: str, cells: Callable[[int], str], role: str, question: str = "") -> None:
        rows = self.rows("customers.csv")
        self.write("customers.csv", [[*rows[0], name], *([*row, cells(at)] for at, row in enumerate(rows[1:]))])
        columns = self.rows("columns.csv")
        self.write("columns.csv", [*columns, ["customers", name, role, question, ""]])

    def check(self) -> Outcome:
        return check_client(self.params)


@pytest.fixture
def client(tmp_path: Path) -> Client:
    return Client(tmp_path)


def missing_file(client: Client) -> None:
    (client.data / "customers.csv").unlink()


def empty_file(client: Client) -> None:
    (client.data / "customers.csv").write_bytes(b"")


def header_only(client: Client) -> None:
    client.write("customers.csv", client.rows("customers.csv")[:1])


def wrong_encoding(client: Client) -> None:
    client.set("like_motivation.yml", "encoding", "utf-16")


def missing_column(client: Client) -> None:
    rows = client.rows("customers.csv")
    client.write("customers.csv", [row[:2] + row[3:] for row in rows])


def negative_weights(client: Client) -> None:
    client.add_column("משקל", lambda at: "-3.75" if at == 7 else "1", "weight")


def missing_weights(client: Client) -> None:
    client.add_column("משקל", lambda at: "" if at == 7 else "1.25", "weight")


def margin_does_not_match(client: Client) -> None:
    rows = client.rows("margins.csv")
    client.write("margins.csv", [row for row in rows if row[1] != "age_55_plus"])


def margin_of_an_unknown_option(client: Client) -> None:
    rows = client.rows("margins.csv")
    client.write("margins.csv", [*rows[:-1], [rows[-1][0], "atlantis", rows[-1][2]]])


def outside_the_root(client: Client) -> None:
    client.set("like_motivation.yml", "customers_file", "../params/acme/client.yml")


def a_bomb(client: Client) -> None:
    path = client.data / "customers.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"<c/>" * 37_500_000)
    client.set("like_motivation.yml", "customers_file", "customers.xlsx")


def ten_thousand_options(client: Client) -> None:
    rows = client.rows("options.csv")
    more = [["reasons", f"o{at}", f"Reason {at}", f"סיבה {at}", "", "false", ""] for at in range(10_000)]
    client.write("options.csv", [*rows, *more])


def a_phone_number_as_an_answer_column(client: Client) -> None:
    client.add_column("טלפון", lambda at: CANARY, "stratum")


def unknown_answers(client: Client) -> None:
    rows = client.rows("customers.csv")
    at = next(place for place, name in enumerate(rows[0]) if name.startswith("למה עשית"))
    spoilt = [[*row[:at], f"{CANARY} called me", *row[at + 1 :]] for row in rows[1:]]
    client.write("customers.csv", [rows[0], *spoilt])


def broken_seal(client: Client) -> None:
    with (client.data / "guesses.csv").open("a", encoding="utf-8") as file:
        file.write("\n")


def guesses_after_the_reveal(client: Client) -> None:
    client.set("like_motivation.yml", "revealed_on", '"2020-01-01"')


def nobody_answered(client: Client) -> None:
    rows = client.rows("customers.csv")
    at = next(place for place, name in enumerate(rows[0]) if name.startswith("למה עשית"))
    client.write("customers.csv", [rows[0], *([*row[:at], "", *row[at + 1 :]] for row in rows[1:])])


DATA = {
    missing_file: "customers.csv",
    empty_file: "customers.csv",
    header_only: "customers.csv",
    wrong_encoding: "customers.csv",
    missing_column: "customers.csv",
    nobody_answered: "customers.csv",
    negative_weights: "customers.csv",
    missing_weights: "customers.csv",
    margin_does_not_match: "margins.csv",
    margin_of_an_unknown_option: "margins.csv",
    outside_the_root: "client.yml",
    a_bomb: "customers.xlsx",
    ten_thousand_options: "options.csv",
    a_phone_number_as_an_answer_column: "customers.csv",
    unknown_answers: "customers.csv",
    broken_seal: "guesses.csv",
    guesses_after_the_reveal: "guesses.csv",
}


@pytest.mark.parametrize("spoil", DATA, ids=lambda spoil: spoil.__name__)
def test_a_bad_file_is_refused_by_name_with_a_remedy_and_without_a_value(
    client: Client, spoil: Callable[[Client], None]
) -> None:
    spoil(client)
    outcome = client.check()
    assert outcome.status == Exit.DATA
    assert outcome.faults
    for fault in outcome.faults:
        assert fault.what and fault.remedy and "Traceback" not in str(fault)
        assert CANARY not in str(fault) and "3.75" not in str(fault)
        assert str(client.data) not in str(fault)
    assert DATA[spoil].split(".")[0] in " ".join(fault.where for fault in outcome.faults)


@pytest.mark.parametrize(
    ("file", "name", "value", "told"),
    [
        ("like_motivation.yml", "bose", "asked", "base"),
        ("like_motivation.yml", "confidnce", "0.9", "confidence"),
        ("like_motivation.yml", "base", "everybody", "asked"),
        ("like_motivation.yml", "other_limit", "12%", "0.12"),
        ("client.yml", "illustrative", "yes", "true"),
        ("client.yml", "seed", "010", "zero"),
        ("client.yml", "as_of", "31/10/2026", "2026-10-31"),
    ],
)
def test_a_bad_parameter_is_refused_with_what_is_allowed(
    client: Client, file: str, name: str, value: str, told: str
) -> None:
    client.set(file, name, value)
    outcome = client.check()
    assert outcome.status == Exit.PARAMETERS
    assert told in " ".join(str(fault) for fault in outcome.faults)


def one_respondent(client: Client) -> None:
    client.write("customers.csv", client.rows("customers.csv")[:2])
    client.set("like_motivation.yml", "margins", "null")


def hostile_cells(client: Client) -> None:
    rows = client.rows("customers.csv")
    at = next(place for place, name in enumerate(rows[0]) if name.startswith("למה עשית"))
    for row, text in zip(rows[1:], ['=HYPERLINK("http://evil")', "<script>alert(1)</script>"] * 20, strict=False):
        row[at] = text
    client.write("customers.csv", rows)


def duplicate_ids(client: Client) -> None:
    rows = client.rows("customers.csv")
    client.write("customers.csv", [*rows, *rows[1:40]])


@pytest.mark.parametrize("spoil", [one_respondent, hostile_cells, duplicate_ids], ids=lambda spoil: spoil.__name__)
def test_poor_data_still_give_a_page_that_says_so(client: Client, spoil: Callable[[Client], None]) -> None:
    import json

    from kesher import page
    from kesher.answers import like_motivation as workbook
    from kesher.params import load_client
    from kesher.params.places import rooted
    from kesher.report import write_reports

    spoil(client)
    assert client.check().status == Exit.DONE
    params = load_client(client.params)["like_motivation"]
    with rooted(client.data):
        data = workbook.read(params)
    result = workbook.answer(data, workbook.analyse(data, params), params)
    parts = [page.answer(result), page.chart(result, "gap"), page.numbers(result), page.quality(result)]
    outputs = [{"output_type": "display_data", "data": bundle} for part in parts for bundle in part.outputs()]
    notebook = {"cells": [{"cell_type": "code", "metadata": {}, "source": "", "outputs": outputs}], "metadata": {}}
    pages = write_reports(notebook, client.data.parent / "out", pictures=False)
    for text in [
        json.dumps(result.to_json(), ensure_ascii=False),
        *(re.sub(r"(?s)<script.*?</script>", "", path.read_text("utf-8")) for path in pages),
    ]:
        assert "alert(1)" not in text and "evil" not in text and "NaN" not in text
    if spoil is one_respondent:
        assert result.numbers["gap.loyal"].value is None or result.numbers["customers.share.loyal"].status != "ok"
