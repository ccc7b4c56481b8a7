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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from kesher.page import charts
from kesher.page.markup import chart_foot, chart_head, html_of
from kesher.page.parts import Part
from kesher.page.tables import grid
from kesher.page.text import day, direction, esc, plain
from kesher.words import Text, say

CHARTS = frozenset({"chart", "figure"})
FOLDED = frozenset({"assumptions", "quality", "method", "sources", "numbers"})
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
def resource(name: str) -> str:
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
    """plotly.js packed for the page (gzip, base64), and the hash of its text."""
    script = plotly_path().read_bytes()
    return base64.b64encode(gzip.compress(script, 9, mtime=0)).decode("ascii"), _hash(script)


def _hash(script: bytes) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode('ascii')}'"


def policy(*scripts: str) -> str:
    """The content security policy of a page that runs exactly these scripts (hashes) and loads nothing."""
    allowed = " ".join(scripts) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data: blob:; "
        "base-uri 'none'; form-action 'none'"
    )


def in_script(data: Any) -> str:
    """JSON that can not end the script element it stands in.

    >>> in_script("</script><!--")
    '"\\\\u003c/script>\\\\u003c!--"'
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def page(parts: Sequence[Part], *, language: str, meta: Meta, pictures: Pictures | None = None) -> str:
    """The report of one language as one HTML file.

    ``pictures`` holds a still picture of each chart; without it readers who run no scripts get its figures.
    """
    ordered = _ordered(parts)
    drawn = [part for part in ordered if part.kind in CHARTS]
    body = _body(ordered, language, pictures or {})
    scripts, hashes = _scripts(drawn, language)
    title = f"{plain(meta.title, language)} · {plain(meta.client_name, language)}"
    return (
        f'<!doctype html>\n<html lang="{language}" dir="{direction(language)}" data-charts="{len(drawn)}">\n'
        '<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{esc(policy(*hashes))}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{esc(title)}</title>\n<style>{resource('style.css')}</style>\n</head>\n<body>\n<main>\n"
        f"{_header(meta, language)}\n{body}\n{_footer(meta, language)}\n</main>\n{scripts}</body>\n</html>\n"
    )


def _ordered(parts: Sequence[Part]) -> list[Part]:
    """The answer first, whatever the notebook's order; the rest as it stands there, each id once."""
    seen: dict[str, int] = {}
    for part in parts:
        seen[part.id] = seen.get(part.id, 0) + 1
    if repeated := sorted(
        id for id, times in seen.items() if times > 1 and not id.startswith(("heading.", "missing."))
    ):
        raise ValueError(f"these parts stand more than once on the page: {', '.join(repeated)}")
    return sorted(parts, key=lambda part: part.kind != "answer")


def _header(meta: Meta, language: str) -> str:
    said = [esc(meta.client_name[language])]
    if meta.illustrative:
        said.append(esc(say("page.illustrative")[language]))
    said.append(esc(day(meta.as_of, language)))
    brand = esc(say("page.brand")[language])
    return f"<header><p><b>{brand}</b> · {' · '.join(said)}</p>{badge(meta.approved, language)}</header>"


def badge(approved: Mapping[str, str] | None, language: str) -> str:
    """The status of the page: a draft until somebody approved the run."""
    if approved is None:
        return f'<p class="badge">{esc(say("page.draft")[language])}</p>'
    on = day(approved["on"], language)
    said = say("page.approved", name=approved["by"], date=on)[language]
    return f'<p class="badge approved">{esc(said)}</p>'


def _footer(meta: Meta, language: str) -> str:
    as_of = say("page.as_of", date=day(meta.as_of, language))[language]
    run = f" · {esc(say('page.run', run=meta.run)[language])}" if meta.run else ""
    return f"<footer><p>{esc(as_of)}{run}</p><p>{esc(say('page.made')[language])}</p></footer>"


def _body(parts: Sequence[Part], language: str, pictures: Pictures) -> str:
    """The parts in order; folded ones that follow each other share a frame."""
    written: list[str] = []
    level, folding = 2, False
    for part in parts:
        if (part.kind in FOLDED) != folding:
            written.append("</div>" if folding else '<div class="folds">')
            folding = not folding
        if part.kind in CHARTS:
            written.append(_chart(part, language, level, pictures.get((language, part.id))))
        elif text := html_of(part, language, level=level):
            written.append(
                f'<div class="part" data-part="{esc(part.id)}">{text}</div>' if part.kind == "table" else text
            )
        if part.kind in ("heading", "recommendations", "claims", "warnings"):
            level = 3
    return "\n".join([*written, "</div>"] if folding else written)


def _chart(part: Part, language: str, level: int, picture: str | None) -> str:
    """A chart: its words, where it is drawn, a still picture for readers without scripts, its figures."""
    if part.kind == "figure":
        alt, head, foot = part.data["title"], html_of(part, language, level=level), ""
    else:
        alt, head = charts.described(part.data, language), chart_head(part.data, language, level)
        rows = grid(charts.data_table(part.data), language, esc(plain(part.data["title"], language)))
        summary = f"<summary>{esc(say('page.figures')[language])}</summary>"
        foot = chart_foot(part.data, language) + f'<details class="figures">{summary}{rows}</details>'
    place = f'<div class="plot" role="img" aria-label="{esc(alt)}" data-figures="{esc(_script_id(part))}"></div>'
    return f'<figure class="chart" data-part="{esc(part.id)}">{head}{place}{_still(picture, alt)}{foot}</figure>'


def _still(picture: str | None, alt: str) -> str:
    return f'<noscript><img src="{esc(picture)}" alt="{esc(alt)}"></noscript>' if picture else ""


def _script_id(part: Part) -> str:
    return f"figures-{part.id}"


def _scripts(drawn: Sequence[Part], language: str) -> tuple[str, list[str]]:
    """The scripts at the end of the page, and the hashes of those that run; none on a page without charts."""
    loader = resource("report.js")
    blocks = [_data("chart-config", charts.CONFIG)]
    blocks += [_data(_script_id(part), figures(part, language)) for part in drawn]
    hashes = [_hash(loader.encode())]
    if drawn:
        packed, packed_hash = _plotly()
        blocks.append(f'<script type="text/plain" id="plotly-js">{packed}</script>')
        hashes.append(packed_hash)
    return "\n".join([*blocks, f"<script>{loader}</script>\n"]), hashes


def _data(id: str, data: Any) -> str:
    return f'<script type="application/json" id="{esc(id)}">{in_script(data)}</script>'


def figures(part: Part, language: str) -> dict[str, Any]:
    """The figures of a chart part: for a page's width and for a phone's."""
    if part.kind == "figure":
        return {"wide": part.data["figure"]}
    drawn = {"wide": charts.figure(part.data, language), "narrow": charts.figure(part.data, language, narrow=True)}
    return {name: _short(figure) for name, figure in drawn.items()}


def _short(value: Any) -> Any:
    """The same figure with numbers to six decimals: a page is drawn in pixels."""
    if isinstance(value, dict):
        return {key: _short(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_short(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
