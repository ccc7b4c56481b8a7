"""The client's page: the answer of every workbook, in both languages, with links to the reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from kesher.page.layout import badge, document
from kesher.page.text import day, direction, emphasised, esc, plain
from kesher.words import LANGUAGES, Text, say


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One workbook: its title, its answer, and its report in each language, relative to the index."""

    workbook: str
    title: Text
    answer: Text
    as_of: str
    links: Mapping[str, str]
    approved: Mapping[str, str] | None = None


def index(entries: Sequence[Entry], *, client_name: Text, illustrative: bool = False) -> str:
    """One small page without scripts: a section per language, a block per workbook."""
    sections, titles = [], []
    for language in LANGUAGES:
        title = say("page.index_title", name=client_name[language])
        note = f" · {esc(say('page.illustrative')[language])}" if illustrative else ""
        head = f"<header><p><b>{esc(say('page.brand')[language])}</b>{note}</p></header><h1>{esc(title[language])}</h1>"
        blocks = "\n".join(_entry(entry, language) for entry in entries if language in entry.links)
        sections.append(f'<section lang="{language}" dir="{direction(language)}">{head}\n{blocks}</section>\n')
        titles.append(plain(title, language))
    return document(" · ".join(titles), f'<main class="index">\n{"".join(sections)}</main>\n', 'lang="en"')


def _entry(entry: Entry, language: str) -> str:
    link = quote(entry.links[language].replace("\\", "/"))
    title = esc(entry.title[language])
    read = esc(say("page.read")[language])
    return (
        f'<article><h2>{title}</h2><p class="answer">{emphasised(entry.answer[language])}</p>'
        f'<p class="more"><a href="{esc(link)}" aria-label="{read}: {title}">{read}</a> '
        f"<span>{esc(day(entry.as_of, language))}</span></p>{badge(entry.approved, language)}</article>"
    )
