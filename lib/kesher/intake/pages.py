"""The questionnaire as a page to read, to print and to copy from, in the house's look."""

from __future__ import annotations

from kesher.intake.forms import points
from kesher.intake.questionnaire import Question, Questionnaire, note_of
from kesher.page.layout import document
from kesher.page.text import direction, esc, plain, ranges
from kesher.words import FSI, PDI, Value, say

_LAST = ' style="border-block-start:1px solid var(--line);margin-block-start:6px;padding-block-start:6px"'
_BOX = {"many": "☐", "one": "○"}


def questionnaire_page(form: Questionnaire, language: str, files: dict[str, str]) -> str:
    """A form as one HTML file of one language; ``files`` names the files that its notes to the sender speak of."""
    title = plain(form.title, language)
    numbers = {part.id: number for number, parts in form.numbered() for part in parts}
    blocks = "\n".join(_block(form, number, parts, numbers, language) for number, parts in form.numbered())
    keys = ("use_forms", "use_qualtrics", "use_tables", "use_margins", "use_team") if form.batteries else ("team_note",)
    uses = "".join(f"<li>{_word(key, language, **files)}</li>" for key in keys)
    body = (
        f'{brand(language)}<h1>{esc(title)}</h1>\n<p class="prose">{esc(form.intro[language])}</p>\n'
        f"{blocks}\n<p>{esc(form.thanks[language])}</p>\n"
        f'<section class="care"><h2>{_word("heading_use", language)}</h2>'
        f"<p>{_word('sender_note', language)}</p><ul>{uses}</ul></section>"
    )
    return written(title, body, language)


def brand(language: str, *more: str) -> str:
    """The line at the head of a page; ``more`` stands behind the brand."""
    said = "".join(f" · {esc(f'{FSI}{one}{PDI}')}" for one in more)
    return f"<header><p><b>{esc(say('page.brand')[language])}</b>{said}</p></header>"


def written(title: str, body: str, language: str) -> str:
    """A whole page without scripts."""
    return document(title, f"<main>\n{body}\n</main>\n", f'lang="{language}" dir="{direction(language)}"')


def _block(form: Questionnaire, number: int, parts: list[Question], numbers: dict[str, int], language: str) -> str:
    first = parts[0]
    lead = form.batteries[first.battery] if first.battery else first.said
    sender = [_word("follow_on", language, number=numbers[first.only_if])] if first.only_if else []
    sender += [_word("random_order", language)] if first.shuffle else []
    told = f'<p class="src">[{" ".join(sender)}]</p>' if sender else ""
    head = f'<h2 class="says">{number}. {esc(lead[language])}</h2><p class="sub">{esc(note_of(first)[language])}</p>'
    answer = _scale(parts, language) if first.kind == "scale" else _answer(first, language)
    return f'<section style="break-inside:avoid" data-question="{esc(first.id)}">{head}{told}{answer}</section>'


def _answer(question: Question, language: str) -> str:
    """Boxes to tick, a line before those that stay last; or room for a number."""
    if question.kind == "number":
        return f"<p>{_word('write_number', language)} ____________</p>"
    line = next((one.id for one in question.options if one.pinned or one.exclusive), "") if question.shuffle else ""
    items = "".join(
        f"<li{_LAST if one.id == line else ''}>{_BOX[question.kind]} {esc(ranges(one.said[language], language))}</li>"
        for one in question.options
    )
    return f'<ul style="list-style:none;padding:0">{items}</ul>'


def _scale(parts: list[Question], language: str) -> str:
    """A row of circles for each question, its numbers above; a lone question needs no name before its row."""
    numbers = [at for at, _ in points(parts[0])]
    head = "".join(f'<th scope="col" class="num">{at}</th>' for at in numbers)
    circles = '<td class="num">○</td>' * len(numbers)
    if not parts[0].label:
        return f"<table><thead><tr>{head}</tr></thead><tbody><tr>{circles}</tr></tbody></table>"
    names = ((esc((one.label or one.said)[language]), esc(one.said[language])) for one in parts)
    rows = "".join(f'<tr><th scope="row">{name}<small>{asked}</small></th>{circles}</tr>' for name, asked in names)
    return f"<table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _word(key: str, language: str, **values: Value) -> str:
    return esc(say(f"questionnaire.{key}", **values)[language])
