"""The page that asks a client for data: nothing forgotten, every example one that its reader takes, the command."""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from kesher import cli
from kesher.faults import Exit
from kesher.intake.asked import OURS, SURVEYS, columns_of, example
from kesher.intake.files import questionnaire_files
from kesher.intake.request import PRIVACY, SENDING, TOLD, asked_of, request_page
from kesher.params import WORKBOOKS, LoyaltyRoi, tables
from kesher.readers import DataRoot, read_guesses, read_margins, read_options
from kesher.readers import networks as small
from kesher.readers.ledger.companions import READ, Companion
from kesher.readers.ledger.reading import read_ledger
from kesher.readers.lists import read_columns
from kesher.words import LANGUAGES, bare, entries, say

TABLES = sorted({name for model in WORKBOOKS.values() for name in tables(model)})
QUESTIONNAIRE = Path(__file__).parents[1] / "data" / "questionnaire"


def page(language: str, client: str = "nobody", *workbooks: str) -> str:
    return request_page(asked_of(client, workbooks), language)


def sheet(folder: Path, name: str, language: str) -> str:
    with (folder / f"{name}.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(example(name, language))
    return f"{name}.csv"


def loyalty(**settings: Any) -> LoyaltyRoi:
    given = {"client": "acme", "name_en": "Acme", "name_he": "אקמה", "as_of": "2026-10-31", "data_root": "."}
    return LoyaltyRoi(**{**given, "transactions_file": "transactions_file.csv", **settings})


# Nothing forgotten --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("workbook", WORKBOOKS)
def test_every_table_of_every_workbook_is_on_the_page_in_words_and_by_name(workbook: str, language: str) -> None:
    said = page(language, "nobody", workbook)
    assert re.findall(r'data-workbook="(\w+)"', said) == [workbook]
    assert sorted(re.findall(r'data-table="(\w+)"', said)) == sorted(tables(WORKBOOKS[workbook]))
    for name in tables(WORKBOOKS[workbook]):
        block = said.split(f'data-table="{name}"')[1].split("</section>")[0]
        assert f"<code>{name}</code>" in block
        assert f"request.table.{name}" in entries(language), f"[request.table] of {language}.toml lacks {name}"
        title = say(f"request.table.{name}")[language]
        assert title in block
        if name not in OURS:
            assert f"request.without.{name}" in entries(language), f"[request.without] lacks {name}"
            assert say(f"request.without.{name}")[language] in block
        for row in [] if name in OURS else example(name, language):
            for cell in row:
                assert cell.replace("'", "&#x27;") in re.sub("[\u2066-\u2069]", "", block), (name, cell)


@pytest.mark.parametrize("section", ["table", "without"])
def test_no_words_are_left_of_a_table_that_is_gone(section: str) -> None:
    said = {name.rpartition(".")[2] for name in entries("en") if name.startswith(f"request.{section}.")}
    assert said == set(TABLES) - (set(OURS) if section == "without" else set())


def test_what_is_told_are_parameters_without_a_file() -> None:
    for workbook, names in TOLD.items():
        assert not set(names) & set(tables(WORKBOOKS[workbook]))
        assert set(names) <= set(WORKBOOKS[workbook].model_fields)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_opens_with_the_four_questions_and_closes_with_what_becomes_of_the_data(language: str) -> None:
    said = page(language)
    order = [say(f"request.{key}")[language] for key in (
        "title", "question.where", "question.whom", "question.how", "question.meet", "workbook.like_motivation",
        "workbook.loyalty_roi", "workbook.channel_selection", "heading_send", "heading_privacy", "agreed",
    )]  # fmt: skip
    places = [said.rindex(one) for one in order]
    assert places == sorted(places)
    for key in [*(f"send.{one}" for one in SENDING), *(f"privacy.{one}" for one in PRIVACY if one != "small")]:
        assert say(f"request.{key}")[language] in said
    assert f'lang="{language}" dir="{"rtl" if language == "he" else "ltr"}"' in said
    assert not re.search(r"(?:src|href)=|https?://|<script|@import", said)


# Examples hold ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", READ)
def test_the_examples_beside_the_purchases_are_read(kind: str, language: str, tmp_path: Path) -> None:
    name = f"{kind}_file"
    assert name in TABLES
    file = Companion(DataRoot(tmp_path), sheet(tmp_path, name, language), kind, loyalty())
    read = READ[kind](file)
    file.findings.stop()
    assert len(read) == 1


def test_the_example_of_purchases_has_the_models_columns_and_is_read(tmp_path: Path) -> None:
    for name in ("transactions_file", "members_file", "test_customers_file"):
        sheet(tmp_path, name, "en")
    named = {f"{column}_column": column for column in ("order", "product", "quantity", "region", "channel", "margin")}
    params = loyalty(**named, members_file="members_file.csv", test_customers_file="test_customers_file.csv")
    found = read_ledger(DataRoot(tmp_path), params)
    assert found.purchases.rows == 1
    fields = [name for name in LoyaltyRoi.model_fields if name.endswith("_column")]
    assert len(columns_of("transactions_file")) == len(fields)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_examples_of_the_small_tables_are_read(language: str, tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    readers: dict[str, Any] = {
        "networks_file": small.read_networks, "goals_file": small.read_goals, "funnel_file": small.read_funnel,
        "traditional_file": small.read_traditional, "reach_file": small.read_reach, "overlap_file": small.read_overlap,
    }  # fmt: skip
    for name, read in readers.items():
        assert read(root, sheet(tmp_path, name, language)) is not None
    options = read_options(DataRoot(QUESTIONNAIRE), "options.csv")
    assert read_margins(root, sheet(tmp_path, "margins", language), options)["sex"]["female"] == pytest.approx(0.51)
    assert len(read_guesses(root, sheet(tmp_path, "guesses_file", language), options=options).table) == 1
    own = read_options(root, sheet(tmp_path, "options", language))
    assert read_columns(root, sheet(tmp_path, "columns", language), group="audience", options=own)[0].role == "segment"
    tested = {*readers, *SURVEYS, *OURS, "margins", "guesses_file", "exports_folder", "transactions_file",
              "test_customers_file", *(f"{kind}_file" for kind in READ)}  # fmt: skip
    assert set(TABLES) == tested  # a new table needs an example that its reader takes


# The command --------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("KESHER_HOME", str(tmp_path))
    (tmp_path / "params").mkdir()
    return tmp_path


def test_a_new_name_is_enough(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["request", "new-client"]) == Exit.DONE
    folder = home / "reports" / "new-client" / "request"
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("new-client_request_") == 2
    assert {path.name for path in folder.iterdir()} == {
        "new-client_request_en.html", "new-client_request_he.html", "questionnaire",
    }  # fmt: skip
    beside = {path.name: path.read_bytes() for path in (folder / "questionnaire").iterdir()}
    assert beside == questionnaire_files()
    assert "new-client" in (folder / "new-client_request_he.html").read_text(encoding="utf-8")


def test_a_clients_names_and_workbooks_are_used(home: Path) -> None:
    own = home / "params" / "acme"
    own.mkdir()
    names = "client: acme\nname_en: Acme <b>\nname_he: אקמה\nwithhold_below: 7\ndata_root: not/there/yet\n"
    (own / "client.yml").write_text(names, encoding="utf-8")
    (own / "loyalty_roi.yml").write_text("transactions_file: t.csv\n", encoding="utf-8")
    assert asked_of("acme").workbooks == ("loyalty_roi",)
    assert asked_of("acme", ["channel_selection"]).workbooks == ("channel_selection",)
    assert asked_of(str(own)).client == "acme"
    english, hebrew = page("en", "acme"), page("he", "acme")
    assert "Acme &lt;b&gt;" in english and "Acme <b>" not in english
    assert "אקמה" in hebrew and "Acme" not in hebrew
    small_cells = bare(say("request.privacy.small", n=7)["en"])
    assert small_cells in bare(english)


def test_only_its_own_files_are_replaced(home: Path) -> None:
    out = home / "elsewhere"
    assert cli.main(["request", "acme", "--out", str(out)]) == Exit.DONE
    folder = out / "acme" / "request"
    first = folder / "acme_request_en.html"
    before = first.read_bytes()
    (folder / "answer of the client.txt").write_text("kept", encoding="utf-8")
    first.write_text("half a pa", encoding="utf-8")
    assert cli.main(["request", "acme", "-w", "like_motivation", "--out", str(out)]) == Exit.DONE
    assert first.read_bytes() != before and b'data-workbook="loyalty_roi"' not in first.read_bytes()
    assert (folder / "answer of the client.txt").read_text(encoding="utf-8") == "kept"
    assert not list(folder.rglob(".*"))


def test_json_is_one_line(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["request", "acme", "--json"]) == Exit.DONE
    line = json.loads(capsys.readouterr().out)
    assert line["client"] == "acme" and line["status"] == 0
    assert Path(line["run"]).is_dir()


@pytest.mark.parametrize(
    ("arguments", "status", "word"),
    [
        (["request", "Not A Name"], Exit.USAGE, "small Latin letters"),
        (["request", "../acme"], Exit.USAGE, "small Latin letters"),
        (["request", "."], Exit.USAGE, "small Latin letters"),
        (["request", ""], Exit.USAGE, "small Latin letters"),
        (["request", "acme", "-w", "like_motivatoin"], Exit.USAGE, "Did you mean like_motivation?"),
        (["request"], Exit.USAGE, ""),
        (["request", "broken"], Exit.PARAMETERS, "client.yml"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_written(
    home: Path, arguments: list[str], status: Exit, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "params" / "broken").mkdir()
    (home / "params" / "broken" / "client.yml").write_text("name_en: &a x\n", encoding="utf-8")
    assert cli.main(arguments) == status
    assert word in capsys.readouterr().err
    assert not os.path.exists(home / "reports")  # noqa: PTH110
