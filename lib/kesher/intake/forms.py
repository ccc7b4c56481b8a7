"""The questionnaire as other programs take it in: a script that builds a Google form, and Qualtrics' import text."""

from __future__ import annotations

import json
from typing import Any

from kesher.intake.questionnaire import SOURCE, Question, Questionnaire, note_of
from kesher.words import Text, bare, say


def google_script(form: Questionnaire, language: str) -> str:
    """A file of Google Apps Script; running its ``build`` makes the form, with its jump over what is not asked."""
    data = {name: getattr(form, name)[language] for name in ("title", "intro", "thanks")}
    gates = {one.only_if for one in form.questions}
    items = [_item(one, language, one.id in gates) for one in form.questions]
    for _, parts in form.numbered():
        if parts[0].battery:
            items[form.questions.index(parts[0])]["heading"] = form.batteries[parts[0].battery][language]
    written = json.dumps({**data, "questions": items}, ensure_ascii=False, indent=1)
    told = "".join(f"// {bare(say(f'questionnaire.google_{step}')[language])}\n" for step in ("how", "order"))
    return f"{told}\nconst FORM = {written};\n\n{SOURCE.with_name('google_form.js').read_text(encoding='utf-8')}"


def _item(one: Question, language: str, gate: bool) -> dict[str, Any]:
    """What the script needs to know of one question."""
    ends = {name: text[language] for name, text in (("at_low", one.at_low), ("at_high", one.at_high)) if text}
    found = {"id": one.id, "kind": one.kind, "title": one.said[language], "note": note_of(one)[language]}
    choices = [choice.said[language] for choice in one.options]
    return {**found, **ends, "low": one.low, "high": one.high, "choices": choices, "gate": gate, "only_if": one.only_if}


def qualtrics_text(form: Questionnaire, language: str) -> str:
    """Qualtrics' advanced format: every question under its id, so that the export's columns are called by it."""
    lines = ["[[AdvancedFormat]]", "", f"[[Block:{form.title[language]}]]", ""]
    lines += ["[[Question:DB]]", "[[ID:introduction]]", form.intro[language], ""]
    kinds = {"many": "MC:MultipleAnswer", "number": "TE:SingleLine", "scale": "MC:SingleAnswer:Horizontal"}
    before = ""
    for one in form.questions:
        lines += ["[[PageBreak]]", ""] if one.only_if != before else []
        before = one.only_if
        lines += [f"[[Question:{kinds.get(one.kind, 'MC:SingleAnswer')}]]", f"[[ID:{one.id}]]", one.said[language]]
        lines += ["[[AdvancedChoices]]"] if points(one) else []
        lines += [part for code, text in points(one) for part in (f"[[Choice:{code}]]", text[language])]
        lines.append("")
    return "\n".join(lines)


def points(question: Question) -> list[tuple[int, Text]]:
    """What can be ticked in a form that knows no scales: the choices, or each point of the scale, its ends in words."""
    ends = {question.low: question.at_low, question.high: question.at_high}
    if question.kind != "scale":
        return [(choice.code, choice.said) for choice in question.options]
    found: list[tuple[int, Text]] = []
    for at in range(question.low, question.high + 1):
        end = ends.get(at)
        found.append((at, {lang: f"{at} – {end[lang]}" if end else str(at) for lang in question.said}))
    return found
