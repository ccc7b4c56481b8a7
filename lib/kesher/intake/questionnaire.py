"""The questionnaire: read from its one source, and the tables that let the workbooks read its answers unmapped."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Sequence
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from kesher.words import LANGUAGES, Text, bare, say

SOURCE = Path(__file__).resolve().parents[3] / "data" / "questionnaire" / "questionnaire.toml"
Row = Sequence[object]
QUALTRICS_ROLES = {"ResponseId": "respondent", "Duration (in seconds)": "duration"}  # Qualtrics adds these by itself


class _Read(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Choice(_Read):
    """An answer option: what stands in the form, its label in a report, the number Qualtrics stores for it."""

    id: str
    said: Text
    label: Text
    code: int
    exclusive: bool = False
    pinned: bool = False
    item: str = ""


class Question(_Read):
    """One question of the form; ``roles`` are lines of the columns table, as "segment age" or "recommend".

    Scales and numbers go from ``low`` to ``high``, a scale with words at both ends. Questions of one ``battery`` stand
    under one sentence, each with its ``label``. ``only_if`` names the question whose yes it needs.
    """

    id: str
    kind: Literal["one", "many", "number", "scale"]
    said: Text
    note: Text | None = None
    roles: tuple[str, ...] = ()
    options: tuple[Choice, ...] = ()
    low: int = 0
    high: int = 0
    at_low: Text | None = None
    at_high: Text | None = None
    battery: str = ""
    label: Text | None = None
    only_if: str = ""
    shuffle: bool = False


class Questionnaire(_Read):
    """A form: title, introduction, thanks, questions in order, and the sentence above each battery."""

    name: str
    title: Text
    intro: Text
    thanks: Text
    questions: tuple[Question, ...]
    batteries: dict[str, Text] = {}

    def numbered(self) -> list[tuple[int, list[Question]]]:
        """The questions with the numbers people see: a battery has one number."""
        groups = groupby(self.questions, key=lambda question: question.battery or question.id)
        return [(number, list(parts)) for number, (_, parts) in enumerate(groups, 1)]


@cache
def _source() -> dict[str, Any]:
    return tomllib.loads(SOURCE.read_text(encoding="utf-8"))


@cache
def questionnaire() -> Questionnaire:
    """The customers' questionnaire."""
    batteries: dict[str, dict[str, Any]] = _source()["battery"]
    asked = []
    for given in _source()["question"]:
        shared = {name: value for name, value in batteries.get(given.get("battery", ""), {}).items() if name != "said"}
        options = [{"code": at, "label": one["said"], **one} for at, one in enumerate(given.get("options", ()), 1)]
        # a filter's column says who was asked the questions that need its yes
        filtered = [f"asked {one['id']}" for one in _source()["question"] if one.get("only_if") == given["id"]]
        asked.append({**shared, **given, "options": options, "roles": [*given["roles"], *filtered]})
    said = {name: battery["said"] for name, battery in batteries.items()}
    form = {"name": "questionnaire", **_source()["form"], "questions": asked, "batteries": said}
    return Questionnaire.model_validate(form)


@cache
def team() -> Questionnaire:
    """The marketing team's version: for each reason, what per cent of customers ticked it in their estimate."""
    given = _source()["team"]
    questions = tuple(
        Question(
            id=one.id,
            kind="number",
            note=given["note"],
            high=100,
            said={language: given["said"][language].format(option=one.said[language]) for language in LANGUAGES},
        )
        for one in _guessed()
    )
    texts = {name: given[name] for name in ("title", "intro", "thanks")}
    return Questionnaire(name="team", questions=questions, **texts)


def _guessed() -> list[Choice]:
    """The options whose share the team is asked to guess."""
    asked = next(one for one in questionnaire().questions if one.id == _source()["team"]["of"])
    return [one for one in asked.options if not one.exclusive and one.id != "other"]


def note_of(question: Question) -> Text:
    """What stands in small print under a question: how to answer, its own note, whom it is for; without marks."""
    said = [say(f"questionnaire.{question.kind}")] if question.options else []
    if question.at_low and question.at_high:
        ends = {"at_low": question.at_low, "at_high": question.at_high}
        said.append(say("questionnaire.scale", low=question.low, high=question.high, **ends))
    said += [question.note] if question.note else []
    said += [say("questionnaire.only_if")] if question.only_if else []
    return {language: bare(" ".join(one[language] for one in said)) for language in LANGUAGES}


def columns(language: str) -> list[Row]:
    """The columns table for an export whose columns are named by the questions' texts in one language.

    ``language`` "qualtrics" names them by the questions' ids instead, whatever language people answered in. The
    group is blank: the same table serves the customers of one workbook and the audience of another.
    """
    by_id = language == "qualtrics"
    rows: list[Row] = [["group", "column", "role", "question", "option"]]
    rows += [["", column, role, "", ""] for column, role in QUALTRICS_ROLES.items() if by_id]
    for question in questionnaire().questions:
        for role, _, of in (line.partition(" ") for line in question.roles):
            rows.append(["", question.id if by_id else question.said[language], role, of, ""])
    return rows


def options() -> list[Row]:
    """The options table of the workbooks, the rated things at its end."""
    rows: list[Row] = [["question", "option", "label_en", "label_he", "accepts", "exclusive", "published_item"]]
    for question in questionnaire().questions:
        for one in question.options:
            texts = [one.said[language] for language in LANGUAGES if one.said[language] != one.label[language]]
            accepts = "|".join([*dict.fromkeys(texts), str(one.code)])
            exclusive = str(one.exclusive).lower()
            rows.append([question.id, one.id, one.label["en"], one.label["he"], accepts, exclusive, one.item])
    rated = [(one.roles[-1].partition(" ")[2], one.label) for one in questionnaire().questions if one.label]
    return rows + [["driver", thing, label["en"], label["he"], "", "false", ""] for thing, label in rated]


def questions() -> list[Row]:
    """The questions as a table for people: number, id, kind, what it is to the workbooks, texts and notes."""
    rows: list[Row] = [["number", "id", "kind", "roles", "random_order", "text_en", "text_he", "note_en", "note_he"]]
    for number, parts in questionnaire().numbered():
        for letter, one in zip("abcdefgh" if len(parts) > 1 else [""], parts, strict=False):
            order = "yes" if one.shuffle else ""
            texts = [*one.said.values(), *note_of(one).values()]
            rows.append([f"{number}{letter}", one.id, one.kind, "; ".join(one.roles), order, *texts])
    return rows


def guesses() -> list[Row]:
    """A sheet for one guesser, in the shape of ``guesses_file``; the reason in words is for people and is not read."""
    rows: list[Row] = [["guesser", "option", "guess_percent", "sealed_on", "reason_en", "reason_he"]]
    return rows + [["1", one.id, "", "", *one.said.values()] for one in _guessed()]


def as_csv(rows: Sequence[Row]) -> bytes:
    """A table as Excel opens it with its Hebrew whole: UTF-8 with its mark."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode("utf-8-sig")
