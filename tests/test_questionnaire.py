"""The questionnaire: its files are what the code makes, and answers through every export give the same numbers."""

from __future__ import annotations

import csv
import datetime
import io
import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from openpyxl import Workbook

from kesher.answers import channel_selection, like_motivation
from kesher.intake.files import questionnaire_files
from kesher.intake.forms import google_script, points, qualtrics_text
from kesher.intake.questionnaire import SOURCE, Question, questionnaire, team
from kesher.intake.team import guesses_from
from kesher.params import open_client
from kesher.params.places import rooted
from kesher.readers import DataRoot, read_guesses, read_options, read_respondents
from kesher.readers.lists import read_columns
from kesher.readers.text import key

FOLDER = SOURCE.parent
SAMPLE = FOLDER.parent / "sample"
LANGUAGES = ("en", "he")
QUESTIONS = {question.id: question for question in questionnaire().questions}
PEOPLE = 240
Answers = list[dict[str, Any]]  # by question: an option's id, several, or a number; None where skipped


def truth(seed: int = 7, people: int = PEOPLE) -> Answers:
    """Invented answers: followers and others, skipped questions, exclusive options, "another"."""
    rng = np.random.default_rng(seed)
    found: Answers = []
    for _ in range(people):
        person: dict[str, Any] = {}
        for question in questionnaire().questions:
            ids = [choice.id for choice in question.options if not choice.exclusive]
            alone = [choice.id for choice in question.options if choice.exclusive]
            if question.kind == "one":
                person[question.id] = str(rng.choice([choice.id for choice in question.options]))
            elif question.kind == "many":
                chosen = [one for at, one in enumerate(ids) if rng.random() < 0.15 + 0.04 * at]
                person[question.id] = chosen or [str(rng.choice(alone))]
            else:
                person[question.id] = int(rng.integers(question.low, min(question.high, 12) + 1))
        person["programmes_active"] = min(person["programmes_active"], person["programmes_enrolled"])
        asked = person["follows"] == "follower"
        for question in questionnaire().questions:
            skips = question.id not in ("follows", "reasons") and rng.random() < 0.05
            if skips or (question.only_if and not asked):
                person[question.id] = None
        found.append(person)
    return found


def cell(question: Question, given: Any, language: str, joint: str, *, scale_words: bool = False) -> str:
    if given is None:
        return ""
    if scale_words and question.kind == "scale":
        return dict(points(question))[given][language]
    texts = {choice.id: choice.said[language] for choice in question.options}
    chosen = given if isinstance(given, list) else [given]
    return joint.join(str(texts.get(one, one)) for one in chosen)


def csv_bytes(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")


def google(answers: Answers, language: str) -> tuple[str, bytes]:
    stamp = {"he": "חותמת זמן", "en": "Timestamp"}[language]
    rows: list[list[object]] = [[stamp, *(one.said[language] for one in QUESTIONS.values())]]
    for at, person in enumerate(answers):
        cells = [cell(one, person[one.id], language, ", ") for one in QUESTIONS.values()]
        rows.append([f"{1 + at % 28:02d}/09/2026 10:00:00", *cells])
    return "answers.csv", csv_bytes(rows)


def qualtrics(answers: Answers, language: str, *, numeric: bool = False) -> tuple[str, bytes]:
    head = ["StartDate", "Status", "IPAddress", "Finished", "ResponseId", "Duration (in seconds)"]
    texts = ["Start Date", "Response Type", "IP Address", "Finished", "Response ID", "Duration (in seconds)"]
    ids = ["startDate", "status", "ipAddress", "finished", "_recordId", "duration"]
    imported = [json.dumps({"ImportId": one}) for one in [*ids, *(f"QID{at}" for at in range(len(QUESTIONS)))]]
    rows: list[list[object]] = [[*head, *QUESTIONS], [*texts, *(one.said[language] for one in QUESTIONS.values())], []]
    rows[2] = list(imported)
    for at, person in enumerate(answers):
        if numeric:
            codes = {one.id: {choice.id: choice.code for choice in one.options} for one in QUESTIONS.values()}
            chosen = {name: given if isinstance(given, list) else [given] for name, given in person.items()}
            cells = [
                "" if person[name] is None else ",".join(str(codes[name].get(one, one)) for one in chosen[name])
                for name in QUESTIONS
            ]
        else:
            cells = [cell(one, person[one.id], language, ",", scale_words=True) for one in QUESTIONS.values()]
        rows.append(["2026-09-01 10:00:00", "IP Address", "192.0.2.7", "True", f"R_{at:015d}", 300, *cells])
    rows.append(["2026-09-01 10:00:00", "Survey Preview", "192.0.2.7", "True", "R_previewpreview", 9, *cells])
    return "answers.csv", csv_bytes(rows)


def microsoft(answers: Answers, language: str) -> tuple[str, bytes]:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["ID", "Start time", "Completion time", *(one.said[language] for one in QUESTIONS.values())])
    moment = datetime.datetime(2026, 9, 1, 10)
    for at, person in enumerate(answers):
        cells: list[object] = []
        for one in QUESTIONS.values():
            text = cell(one, person[one.id], language, ";")
            several = one.kind == "many" and text
            number = one.kind in ("number", "scale") and text
            cells.append(text + ";" if several else int(text) if number else text or None)
        sheet.append([at + 1, moment, moment, *cells])
    out = io.BytesIO()
    book.save(out)
    return "answers.xlsx", out.getvalue()


Export = Callable[[Answers, str], tuple[str, bytes]]
WAYS: dict[str, tuple[Export, str, str]] = {  # how it is written, the language, the columns table
    "google_he": (google, "he", "columns_he.csv"),
    "google_en": (google, "en", "columns_en.csv"),
    "qualtrics_he": (qualtrics, "he", "columns_qualtrics.csv"),
    "qualtrics_en": (qualtrics, "en", "columns_qualtrics.csv"),
    "qualtrics_by_text": (qualtrics, "he", "columns_he.csv"),
    "qualtrics_codes": (lambda answers, language: qualtrics(answers, language, numeric=True), "he",
                        "columns_qualtrics.csv"),
    "microsoft_he": (microsoft, "he", "columns_he.csv"),
    "microsoft_en": (microsoft, "en", "columns_en.csv"),
}  # fmt: skip


def desk(folder: Path, way: str, answers: Answers) -> str:
    """A data root with the ready tables and one export; the export's name."""
    export, language, columns = WAYS[way]
    folder.mkdir(parents=True, exist_ok=True)
    name, content = export(answers, language)
    (folder / name).write_bytes(content)
    for table, as_name in ((columns, "columns.csv"), ("options.csv", "options.csv")):
        shutil.copy(FOLDER / table, folder / as_name)
    return name


def without_style(content: bytes) -> str:
    return re.sub(r"<style>.*?</style>", "", content.decode("utf-8-sig"), flags=re.DOTALL)


# The stored files ---------------------------------------------------------------------------------------------


def test_the_stored_files_are_what_the_code_makes() -> None:
    """All but the style sheet inside the pages, which is the house's and may move on."""
    made = questionnaire_files()
    stored = {path.name for path in FOLDER.iterdir()} - {SOURCE.name, "README.md", "google_form.js", "examples.txt"}
    assert stored == set(made)
    for name, content in made.items():
        kept = (FOLDER / name).read_bytes()
        same = without_style(kept) == without_style(content) if name.endswith(".html") else kept == content
        assert same, f"{name} is not what its source makes: run python -m kesher.intake"


def test_every_text_stands_in_both_languages_and_no_option_holds_what_joins_answers() -> None:
    for form in (questionnaire(), team()):
        said = [form.title, form.intro, form.thanks, *(one.said for one in form.questions)]
        said += [choice.said for one in form.questions for choice in one.options]
        for text in said:
            assert text["en"].strip() and text["he"].strip()
            assert not re.search(r"[א-ת]", text["en"])
    for question in questionnaire().questions:
        for choice in question.options:
            assert not set(",;|") & set("".join(choice.said.values())), choice.id


def test_ids_are_the_samples_where_they_mean_the_same() -> None:
    root = DataRoot(SAMPLE)
    theirs = read_options(root, "options.csv") | read_options(root, "audience_options.csv")
    ours = read_options(DataRoot(FOLDER), "options.csv")
    for question in ("reasons", "expectations", "ways", "networks", "club", "age", "sex"):
        known = {one.option: one for one in ours[question]}
        missing = {one.option for one in theirs[question]} - set(known)
        assert not missing, (question, missing)
        for one in theirs[question]:
            assert known[one.option].published_item == one.published_item
            assert known[one.option].exclusive == one.exclusive
    assert {one.option for one in ours["driver"]} >= {"service", "rewards", "prices"}


def test_no_two_questions_share_a_text_and_no_two_options_of_one() -> None:
    for language in LANGUAGES:
        texts = [key(one.said[language]) for one in questionnaire().questions]
        assert len(texts) == len(set(texts))
    read_options(DataRoot(FOLDER), "options.csv")  # refuses texts and codes that mean two options


@pytest.mark.parametrize("table", ["columns_en.csv", "columns_he.csv", "columns_qualtrics.csv"])
@pytest.mark.parametrize("group", ["customers", "audience", "marketers"])
def test_one_columns_table_serves_every_group(table: str, group: str) -> None:
    root = DataRoot(FOLDER)
    lines = read_columns(root, table, group=group, options=read_options(root, "options.csv"))
    roles = {line.role for line in lines}
    assert {"segment", "asked", "choices", "recommend", "loyalty", "grid", "driver"} <= roles
    assert {"programmes_enrolled", "programmes_active"} <= roles


# Round trips --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_answers_come_back_as_they_were_given(way: str, tmp_path: Path) -> None:
    answers = truth()
    name = desk(tmp_path, way, answers)
    root = DataRoot(tmp_path)
    read = read_respondents(
        root, name, group="customers", columns_spec="columns.csv", options=read_options(root, "options.csv")
    )
    assert len(read.people) == len(answers)
    for one in QUESTIONS.values():
        given = [person[one.id] for person in answers]
        if any(role.startswith("choices") for role in one.roles):
            ticks = read.questions[one.id].ticks
            found = [{option for option in ticks.columns if row[option]} for _, row in ticks.iterrows()]
            assert found == [set(value if isinstance(value, list) else [value] if value else []) for value in given]
            asked = [person["follows"] == "follower" or not one.only_if for person in answers]
            if one.only_if:  # who did not tell whether they follow was not asked
                assert read.questions[one.id].asked.tolist() == asked
        for role in one.roles:
            kind, _, of = role.partition(" ")
            if kind == "segment":
                assert read.people[f"segment.{of}"].tolist() == given
            elif kind not in ("choices", "asked"):
                column = read.people[f"{kind}.{of}" if of else kind]
                assert column.tolist() == pytest.approx([np.nan if v is None else v for v in given], nan_ok=True)
    assert not [note for note in read.source.notes if note.code in ("unmatched_text", "ambiguous_cells")]


CLIENT = """client: acme
name_en: Acme
name_he: אקמה
as_of: "2026-10-31"
data_root: ../../data
"""
MARGINS = "question,option,share\nsex,female,0.51\nsex,male,0.49\n"


def numbers(folder: Path, way: str, answers: Answers) -> tuple[str, str]:
    """The semantic hashes of both workbooks' results on one export, with the tables as they lie ready."""
    name = desk(folder / "data", way, answers)
    own = folder / "params" / "acme"
    own.mkdir(parents=True)
    tables = "columns: columns.csv\noptions: options.csv\nmargins: margins.csv\nresamples: 200\n"
    (folder / "data" / "margins.csv").write_text(MARGINS, encoding="utf-8")
    (own / "client.yml").write_text(CLIENT, encoding="utf-8")
    (own / "like_motivation.yml").write_text(f"customers_file: {name}\n{tables}", encoding="utf-8")
    (own / "channel_selection.yml").write_text(f"respondents_file: {name}\n{tables}largest_set: 3\n", encoding="utf-8")
    client = open_client(own)
    with rooted(client.root):
        likes: Any = client.workbooks["like_motivation"]
        data = like_motivation.read(likes)
        first = like_motivation.answer(data, like_motivation.analyse(data, likes), likes)
        networks: Any = client.workbooks["channel_selection"]
        tables_of = channel_selection.check(networks)
        second = channel_selection.answer(tables_of, channel_selection.analyse(tables_of, networks), networks)
    return first, second  # type: ignore[return-value]


def told(result: Any) -> dict[str, Any]:
    return {id: (one.value, one.low, one.high, dict(one.base)) for id, one in result.numbers.items()}


def test_every_export_gives_identical_numbers_in_both_workbooks_and_the_planted_shares(tmp_path: Path) -> None:
    answers = truth(11)
    first: dict[str, Any] | None = None
    for way in ("google_he", "qualtrics_he", "microsoft_he"):
        likes, networks = numbers(tmp_path / way, way, answers)
        found = told(likes) | told(networks)
        assert len(found) > 60
        if first is None:
            first = found
        assert found == first, way
    assert first is not None
    followers = [person for person in answers if person["follows"] == "follower" and person["reasons"]]
    assert first["customers.n"][3]["customers"] == len(answers) if first["customers.n"][3] else True
    loyal = np.mean(["loyal" in person["reasons"] for person in followers])
    value, low, high, _ = first["customers.share.loyal"]
    assert low <= loyal <= high and abs(value - loyal) < 0.03  # weights by sex move it a little


# Forms --------------------------------------------------------------------------------------------------------

MOCK = """
const log = [];
function node(kind) {
  const self = {kind: kind, calls: []};
  return new Proxy(self, {get: function (target, name) {
    if (name === 'kind' || name === 'calls') return target[name];
    if (name === 'toJSON') return undefined;
    if (name === 'createChoice') return function (text, page) { return {text: text, to: page ? page.kind : null}; };
    if (name === 'getEditUrl') return function () { return 'edit'; };
    return function () {
      const given = Array.prototype.slice.call(arguments);
      target.calls.push([name, given]);
      if (/^add/.test(name)) { const made = node(name); log.push(made); return made; }
      return this;
    };
  }});
}
const FormApp = {create: function () { return node('form'); }, createTextValidation: function () {
  return {requireNumberBetween: function (low, high) { return {build: function () { return [low, high]; }}; }}; }};
const Logger = {log: function () {}};
"""


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the script")
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_google_script_builds_every_question_in_order_with_its_jump(language: str) -> None:
    tail = "build(); console.log(JSON.stringify(log.map(function (one) { return [one.kind, one.calls]; })));"
    script = MOCK + google_script(questionnaire(), language) + tail
    done = subprocess.run(["node", "-e", script], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    built = [(kind, dict(calls)) for kind, calls in json.loads(done.stdout)]
    titles = [calls["setTitle"][0] for kind, calls in built if not re.search("PageBreak|SectionHeader", kind)]
    assert titles == [one.said[language] for one in questionnaire().questions]
    assert [kind for kind, _ in built].count("addPageBreakItem") == 2
    assert [calls["setTitle"][0] for kind, calls in built if kind == "addSectionHeaderItem"] == [
        questionnaire().batteries["satisfaction"][language]
    ]
    gate = built[0][1]["setChoices"][0]
    assert [one["text"] for one in gate] == [choice.said[language] for choice in QUESTIONS["follows"].options]
    assert all(one["to"] == "addPageBreakItem" for one in gate)
    shown = {calls["setTitle"][0]: calls for _, calls in built if "setTitle" in calls}
    assert shown[QUESTIONS["recommend"].said[language]]["setBounds"] == [0, 10]
    networks = shown[QUESTIONS["networks"].said[language]]["setChoiceValues"][0]
    assert networks == [choice.said[language] for choice in QUESTIONS["networks"].options]


@pytest.mark.parametrize("language", LANGUAGES)
def test_qualtrics_text_names_every_question_and_codes_every_answer(language: str) -> None:
    text = qualtrics_text(questionnaire(), language)
    assert text.startswith("[[AdvancedFormat]]\n")
    assert re.findall(r"\[\[ID:(\w+)\]\]", text) == ["introduction", *QUESTIONS]
    blocks = dict(zip(QUESTIONS, text.split("[[Question:")[2:], strict=True))
    for name, block in blocks.items():
        pairs = re.findall(r"\[\[Choice:(\d+)\]\]\n(.+)", block)
        assert pairs == [(str(code), said[language]) for code, said in points(QUESTIONS[name])]
        assert block.startswith("MC:MultipleAnswer]]") == (QUESTIONS[name].kind == "many")
    assert "[[Choice:0]]" in blocks["follows"]  # a numeric export of no must read as no


# The team -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("program", ["google", "qualtrics"])
def test_the_teams_answers_become_sealed_guesses(program: str, language: str, tmp_path: Path) -> None:
    asked = team().questions
    given = {(guesser, one.id): 5 * guesser + at for guesser in (1, 2, 3) for at, one in enumerate(asked)}
    rows: list[list[object]] = [["Timestamp", *(one.said[language] for one in asked)]]
    start: list[object] = ["01/09/2026 10:00:00"]
    if program == "qualtrics":
        ids = [json.dumps({"ImportId": f"QID{at}"}) for at in range(len(asked))]
        rows = [["ResponseId", *(one.id for one in asked)], ["Response ID", *rows[0][1:]],
                ['{"ImportId":"_recordId"}', *ids]]  # fmt: skip
    for guesser in (1, 2, 3):
        rows.append([*start, *(given[guesser, one.id] for one in asked)])
    (tmp_path / "team.csv").write_bytes(csv_bytes(rows))
    shutil.copy(FOLDER / "options.csv", tmp_path / "options.csv")
    root = DataRoot(tmp_path)
    made = guesses_from(root, "team.csv", datetime.date(2026, 9, 1))
    (tmp_path / "guesses.csv").write_bytes(csv_bytes(made))
    read = read_guesses(root, "guesses.csv", options=read_options(root, "options.csv"), revealed_on="2026-10-01")
    found = {(row.guesser, row.option): row.guess for row in read.table.itertuples()}
    assert found == pytest.approx({place: percent / 100 for place, percent in given.items()})
    assert {one.id for one in asked} == {
        choice.id for choice in QUESTIONS["reasons"].options if not choice.exclusive and choice.id != "other"
    }


def test_the_sheet_of_guesses_is_read_once_it_is_filled_in(tmp_path: Path) -> None:
    sheet = pd.read_csv(FOLDER / "guesses.csv", dtype=str, keep_default_na=False)
    sheet["guess_percent"], sheet["sealed_on"] = "20", "2026-09-01"
    sheet.to_csv(tmp_path / "guesses.csv", index=False)
    shutil.copy(FOLDER / "options.csv", tmp_path / "options.csv")
    root = DataRoot(tmp_path)
    read = read_guesses(root, "guesses.csv", options=read_options(root, "options.csv"))
    assert sorted(read.table["option"]) == sorted(one.id for one in team().questions)


# Pages --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_holds_every_question_and_answer_and_loads_nothing(language: str) -> None:
    page = questionnaire_files()[f"questionnaire_{language}.html"].decode()
    plain = re.sub(r"[\u2066-\u2069\u2060]", "", page)
    for question in questionnaire().questions:
        assert question.said[language] in plain
        for choice in question.options:
            assert choice.said[language].replace("&", "&amp;") in plain
    assert f'dir="{"rtl" if language == "he" else "ltr"}"' in page
    assert not re.search(r"(?:src|href)=|https?://|<script", page)
