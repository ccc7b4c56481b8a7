"""One self-contained HTML file per language: answer first, charts live, nothing loaded from anywhere.

The page's policy names the two scripts it may run by their hashes (the loader and plotly.js, which travels
packed inside the page), so that no other script runs even if a text should ever slip through unescaped.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import importlib.util
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

from kesher.page import charts
from kesher.page.canvas import template
from kesher.page.markup import around, html_of
from kesher.page.parts import Part
from kesher.page.tables import Writer, grid
from kesher.page.text import day, direction, esc, plain
from kesher.words import FSI, PDI, Text, say

CHARTS = frozenset({"chart", "figure"})
FOLDED = frozenset({"assumptions", "folded", "method", "sources", "numbers"})
Pictures = Mapping[tuple[str, str], str]  # (language, part id): data URI


@dataclass(frozen=True, kw_only=True)
class Meta:
    """What a page says about its run; ``approved`` is ``{"by": name, "on": ISO date}``."""

    client: str
    client_name: Text
    workbook: str
    title: Text
    as_of: str
    illustrative: bool = False
    run: str = ""
    approved: Mapping[str, str] | None = None

    @classmethod
    def of(cls, results: Mapping[str, Any], *, run: str = "", approved: Mapping[str, str] | None = None) -> Meta:
        """From the JSON data of a Result."""
        named = ("client", "client_name", "workbook", "title", "as_of", "illustrative")
        return cls(**{name: results[name] for name in named}, run=run, approved=approved)


@cache
def _resource(name: str) -> str:
    """A style sheet or script of the pages."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def plotly_path() -> Path:
    """plotly.min.js of the installed plotly, found without importing it."""
    found = importlib.util.find_spec("plotly")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("plotly is not installed: reports carry the plotly.js of its package")
    return Path(found.origin).parent / "package_data" / "plotly.min.js"


@cache
def _plotly() -> tuple[str, str]:
    """plotly.js packed for the page (gzip, base85 with . for <, so that nothing in it is a tag), and its hash."""
    script = plotly_path().read_bytes()
    packed = base64.b85encode(gzip.compress(script, 9, mtime=0)).decode("ascii")
    return packed.replace("<", "."), _hash(script)


def _hash(script: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode('ascii')}'"


def in_script(data: Any) -> str:
    """JSON that can not end the script element it stands in.

    >>> in_script("</script><!--")
    '"\\\\u003c/script>\\\\u003c!--"'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def document(title: str, body: str, root: str, hashes: Sequence[str] = ()) -> str:
    """A whole page; its policy lets exactly the scripts of these hashes run, and loads nothing."""
    scripts = " ".join(hashes) or "'none'"
    policy = (
        f"default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; "
        "img-src data: blob:; base-uri 'none'; form-action 'none'"
    )
    return (
        f'<!doctype html>\n<html {root}>\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{esc(policy)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{esc(title)}</title>\n<style>{_resource('style.css')}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def page(parts: Sequence[Part], *, language: str, meta: Meta, pictures: Pictures | None = None) -> str:
    """The report of one language as one HTML file: the answer first, the rest in the notebook's order, each id once.

    A reason why exhibits are missing is told once, however many it holds for.
    ``pictures`` holds a still picture of each chart; without it readers who run no scripts get its figures.
    """
    times = Counter(part.id for part in parts if part.kind not in ("heading", "missing"))
    if repeated := sorted(id for id, count in times.items() if count > 1):
        raise ValueError(f"these parts stand more than once on the page: {', '.join(repeated)}")
    reasons = [part.data["reason"][language] if part.kind == "missing" else None for part in parts]
    once = [part for at, part in enumerate(parts) if reasons[at] is None or reasons[at] not in reasons[:at]]
    ordered = sorted(once, key=lambda part: part.kind != "answer")
    drawn = [part for part in ordered if part.kind in CHARTS]
    scripts, hashes = _scripts(drawn, language)
    header, main, footer = _header(meta, language), _body(ordered, language, pictures or {}), _footer(meta, language)
    title = f"{plain(meta.title, language)} · {plain(meta.client_name, language)}"
    root = f'lang="{language}" dir="{direction(language)}" data-charts="{len(drawn)}"'
    return document(title, f"<main>\n{header}\n{main}\n{footer}\n</main>\n{scripts}", root, hashes)


def _header(meta: Meta, language: str) -> str:
    said = [meta.client_name[language], day(meta.as_of, language)]
    if meta.illustrative:
        said.insert(1, say("page.illustrative")[language])
    brand, shown = esc(say("page.brand")[language]), esc(" · ".join(f"{FSI}{one}{PDI}" for one in said))
    return f"<header><p><b>{brand}</b> · {shown}</p>{badge(meta.approved, language)}</header>"


def badge(approved: Mapping[str, str] | None, language: str) -> str:
    """The status of the page: a draft until somebody approved the run."""
    if approved is None:
        return f'<p class="badge">{esc(say("page.draft")[language])}</p>'
    said = say("page.approved", name=approved["by"], date=day(approved["on"], language))
    return f'<p class="badge approved">{esc(said[language])}</p>'


def _footer(meta: Meta, language: str) -> str:
    said = [say("page.as_of", date=day(meta.as_of, language)), *([say("page.run", run=meta.run)] if meta.run else [])]
    run = " · ".join(esc(one[language]) for one in said)
    return f"<footer><p>{run}</p><p>{esc(say('page.made')[language])}</p></footer>"


def _body(parts: Sequence[Part], language: str, pictures: Pictures) -> str:
    """The parts in order; folded ones that follow each other share a frame."""
    sections: list[str] = []
    level = 2
    for folded, group in groupby(parts, key=lambda part: part.kind in FOLDED):
        shown = []
        for part in group:
            if part.kind in CHARTS:
                shown.append(_chart(part, language, level, pictures.get((language, part.id))))
            elif text := html_of(part, language, level=level):
                framed = f'<div class="part" data-part="{esc(part.id)}">{text}</div>'
                shown.append(framed if part.kind == "table" else text)
            if part.kind in ("heading", "recommendations", "claims", "warnings"):
                level = 3
        sections += ['<div class="folds">', *shown, "</div>"] if folded else shown
    return "\n".join(sections)


def _chart(part: Part, language: str, level: int, picture: str | None) -> str:
    """A chart: its words, where it is drawn, a still picture for readers without scripts, its figures."""
    alt = part.data["title"]
    head, foot = around(part, language, level=level)
    if part.kind == "chart":
        alt = charts.described(part.data, language)
        to = Writer(language, part.data["currency"])
        rows = grid(charts.data_table(part.data), to, esc(plain(part.data["title"], language)))
        summary = f"<summary>{esc(say('page.figures')[language])}</summary>"
        foot += f'<details class="figures">{summary}{rows}</details>'
    place = f'<div class="plot" role="img" aria-label="{esc(alt)}" data-figures="figures-{esc(part.id)}"></div>'
    still = f'<noscript><img src="{esc(picture)}" alt="{esc(alt)}"></noscript>' if picture else ""
    return f'<figure class="chart" data-part="{esc(part.id)}">{head}{place}{still}{foot}</figure>'


def _scripts(drawn: Sequence[Part], language: str) -> tuple[str, list[str]]:
    """The scripts at the end of the page, and the hashes of those that run; plotly.js only where there are charts."""
    loader = _resource("report.js")
    blocks = [_data("chart-style", {"config": charts.CONFIG, "template": template(language)})]
    blocks += [_data(f"figures-{part.id}", _figures(part, language)) for part in drawn]
    hashes = [_hash(loader.encode())]
    if drawn:
        packed, packed_hash = _plotly()
        blocks.append(f'<script type="text/plain" id="plotly-js">{packed}</script>')
        hashes.append(packed_hash)
    return "\n".join([*blocks, f"<script>{loader}</script>\n"]), hashes


def _data(id: str, data: Any) -> str:
    return f'<script type="application/json" id="{esc(id)}">{in_script(data)}</script>'


def _figures(part: Part, language: str) -> Any:
    """The figures of a chart part, for a page's width and for a phone's; what they share the page has once."""
    if part.kind == "figure":
        return {"wide": part.data["figure"]}
    drawn = {name: charts.figure(part.data, language, narrow=name == "narrow") for name in ("wide", "narrow")}
    for figure in drawn.values():
        del figure["layout"]["template"]
    return json.loads(json.dumps(drawn), parse_float=lambda number: round(float(number), 6))  # drawn in pixels
