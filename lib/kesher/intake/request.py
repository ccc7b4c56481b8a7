"""The page to send a client before any file: what is needed, in which shape, and what stays unanswered without it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kesher.faults import Fault, ParametersRefused, UsageRefused
from kesher.intake.asked import OURS, SURVEYS, columns_of, example, networks_known
from kesher.intake.files import questionnaire_files
from kesher.intake.pages import brand, written
from kesher.page.text import esc, plain, ranges
from kesher.params import WORKBOOKS, ClientParameters, home, tables
from kesher.params.explain import folders, nearest
from kesher.params.loading import CLIENT_FILE, NAME, client_folder
from kesher.params.strict_yaml import read_mapping
from kesher.words import LANGUAGES, Text, Value, both, entries, say

QUESTIONS = ("where", "whom", "how", "meet")  # S3-51
# What is said rather than sent: the workbook's parameters that a client knows by heart.
TOLD = {
    "loyalty_roi": ("margin_rate", "point_value", "point_cost", "points_expire"),
    "channel_selection": ("hours_available", "money_available", "hour_cost", "competitors"),
}
STEPS = ("first", "second", "third")
SENDING = ("as_it_is", "formats", "no_names", "keys", "way", "dates")
PRIVACY = ("purpose", "pseudonyms", "free_text", "small", "apart", "who", "deleted", "rights")
QUESTIONNAIRE = "questionnaire"
WIDE = 6  # columns that fit beside each other, on paper too; more stand one below the other, a single row of them


@dataclass(frozen=True)
class Asked:
    """Whom the page is for, and which workbooks it asks for."""

    client: str
    name: Text
    workbooks: tuple[str, ...]
    withhold_below: int


def asked_of(client: str, workbooks: Sequence[str] = ()) -> Asked:
    """What to ask of a client: by its folder where it has one, else everything of a client by that name.

    Raises UsageRefused for a name that no client can have and a workbook that does not exist, ParametersRefused for
    a ``client.yml`` that can not be read.
    """
    for name in workbooks:
        if name not in WORKBOOKS:
            raise UsageRefused(Fault("-w", "usage", f"There is no workbook {name!r}.", nearest(name, WORKBOOKS)))
    try:
        folder = client_folder(client)
    except UsageRefused:
        folder = Path(client)  # a name without a folder yet
    if not NAME.fullmatch(folder.name) or (folder.name != client and not (folder / CLIENT_FILE).is_file()):
        remedy = "Use small Latin letters, digits, - and _, at most 63, as its folder will be called."
        raise UsageRefused(Fault("CLIENT", "usage", "No client can have this name.", remedy))
    given, faults = read_mapping(folder / CLIENT_FILE) if (folder / CLIENT_FILE).is_file() else ({}, [])
    if faults:
        raise ParametersRefused(*faults)
    said = {key: entry.value for key, entry in given.items()}
    names = both(*(str(said.get(f"name_{language}") or folder.name) for language in LANGUAGES))
    own = [name for name in WORKBOOKS if (folder / f"{name}.yml").is_file()]
    least = said.get("withhold_below")
    if not isinstance(least, int):
        least = ClientParameters.model_fields["withhold_below"].default
    return Asked(folder.name, names, tuple(dict.fromkeys(workbooks or own or WORKBOOKS)), least)


def write_request(client: str, workbooks: Sequence[str] = (), *, out: Path | None = None) -> list[Path]:
    """Write the page in both languages, and the questionnaire beside it; where the pages are.

    Below ``out`` (reports/ when None) in <client>/request; each file appears whole or not at all, and nothing else
    in the folder is touched.
    """
    asked = asked_of(client, workbooks)
    folder = (out or home() / "reports") / asked.client / "request"
    (folder / QUESTIONNAIRE).mkdir(parents=True, exist_ok=True)
    pages = {
        folder / f"{asked.client}_request_{language}.html": request_page(asked, language) for language in LANGUAGES
    }
    files = {folder / QUESTIONNAIRE / name: content for name, content in questionnaire_files().items()}
    for path, content in (files | {path: page.encode() for path, page in pages.items()}).items():
        scratch = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            scratch.write_bytes(content)
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)
    return list(pages)


def request_page(asked: Asked, language: str) -> str:
    """The page of one language: four questions, then workbook by workbook, how to send, what becomes of the data."""
    title = say("request.title")
    numbered = "".join(f"<li>{_word(f'send.{key}', language)}</li>" for key in SENDING)
    promised = {"small": {"n": asked.withhold_below}}
    promises = "".join(f"<li>{_word(f'privacy.{key}', language, **promised.get(key, {}))}</li>" for key in PRIVACY)
    parts = [
        f"{brand(language, asked.name[language])}<h1>{esc(title[language])}</h1>",
        f'<p class="answer">{_word("opening", language)}</p>',
        f"<h2>{_word('four', language)}</h2>{_four(language)}",
        *(_workbook(name, language) for name in asked.workbooks),
        f"<h2>{_word('heading_send', language)}</h2><ul>{numbered}</ul>",
        f'<section class="care"><h2>{_word("heading_privacy", language)}</h2><ul>{promises}</ul>',
        *(f"<p>{_word(key, language)} {'_' * 24}</p>" for key in ("agreed", "contact")),
        "</section>",
        f"<footer><p>{_word('invented', language)}</p></footer>",
    ]
    return written(f"{plain(title, language)} · {plain(asked.name, language)}", "\n".join(parts), language)


def _four(language: str) -> str:
    """The four questions that come before any file, with room for an answer, and what each decides."""
    return "".join(
        f'<section style="break-inside:avoid"><h3 class="says">{at}. {_word(f"question.{key}", language)}</h3>'
        f'<p class="sub">{_word(f"question.{key}_why", language)}</p><p>{"_" * 60}</p></section>'
        for at, key in enumerate(QUESTIONS, 1)
    )


def _workbook(name: str, language: str) -> str:
    """What one workbook needs: its question, which files together, every table, and what is only told."""
    model = WORKBOOKS[name]
    # what is needed first, what we make last
    ordered = sorted(tables(model), key=lambda table: (table in OURS, not _needed(model, table)))
    together = "".join(f"<li>{_word(f'together.{name}.{step}', language)}</li>" for step in STEPS)
    body = "".join(_table(name, table, language) for table in ordered)
    told = "".join(f"<li>{_word(f'told.{one}', language)} {_code(one)} __________</li>" for one in TOLD.get(name, ()))
    said = f'<h3 class="says">{_word("told_heading", language)}</h3><ul>{told}</ul>' if told else ""
    return (
        f'<section data-workbook="{name}"><h2>{_word(f"workbook.{name}", language)}</h2><div class="care">'
        f"<p><b>{_word('together_heading', language)}</b></p><ol>{together}</ol></div>{body}{said}</section>"
    )


def _table(workbook: str, name: str, language: str) -> str:
    """One table: what to send, whether it is needed, its shape with an example, what is not answered without it."""
    model = WORKBOOKS[workbook]
    described = model.model_fields[name].description or name
    status = "ours" if name in OURS else "needed" if _needed(model, name) else "helps"
    shape = "export" if name in SURVEYS else "folder" if name in folders(model) else "table"
    small = f"{_word(f'status.{status}', language)} {_word(f'shape.{shape}', language)} {_code(name)}"
    missed = f"<p><b>{_word('without_it', language)}</b> {_known('without', name, '', language)}</p>"
    more = "" if status == "ours" else _example(name, language) + missed
    return (
        f'<section data-table="{name}" style="break-inside:avoid">'
        f'<h3 class="says">{_known("table", name, described, language)}</h3><p class="sub">{small}</p>{more}</section>'
    )


def _example(name: str, language: str) -> str:
    if name == "exports_folder":
        known = [both(*pair) for pair in zip(*map(networks_known, LANGUAGES), strict=True)]
        return f"<p>{_word('known_networks', language, networks=known)}</p>"
    rows = example(name, language)
    if not rows:
        return ""
    must = [*columns_of(name).values()] or [True] * len(rows[0])
    optional = f"<small>{_word('optional', language)}</small>"
    heads = [f"<bdi>{esc(head)}</bdi>{'' if one else optional}" for head, one in zip(rows[0], must, strict=True)]
    cells = [[f"<bdi>{esc(ranges(cell, language))}</bdi>" for cell in row] for row in rows[1:]]
    if len(heads) > WIDE:
        pairs = zip(heads, *cells, strict=True)
        lines = "".join(f'<tr><th scope="row">{head}</th><td>{cell}</td></tr>' for head, cell in pairs)
    else:
        named = "".join(f'<th scope="col">{head}</th>' for head in heads)
        body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in cells)
        lines = f"<thead><tr>{named}</tr></thead><tbody>{body}</tbody>"
    label = _word("example", language)
    return f'<div class="scroll" role="region" tabindex="0" aria-label="{label}"><table>{lines}</table></div>'


def _needed(model: type[ClientParameters], name: str) -> bool:
    field = model.model_fields[name]
    return field.is_required() or bool(
        isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("usual")
    )


def _known(kind: str, name: str, otherwise: str, language: str) -> str:
    """Our words for a table; its parameter's description where nobody has written any yet (a test finds that)."""
    return _word(f"{kind}.{name}", language) if f"request.{kind}.{name}" in entries(language) else esc(otherwise)


def _code(name: str) -> str:
    return f"<code>{esc(name)}</code>"


def _word(key: str, language: str, **values: Value) -> str:
    return esc(say(f"request.{key}", **values)[language])
