"""From an executed notebook to the pages a client reads: its parts without code, one file per language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from pathlib import Path
from typing import Any

from kesher.faults import Fault, WorkbookFailed
from kesher.page.index import Entry, index
from kesher.page.layout import Meta, Pictures, page
from kesher.page.parts import PART, PLOTLY, RESULT, Part
from kesher.page.pictures import pictures as draw_pictures
from kesher.words import LANGUAGES, Text

REPORT_TAG = "report"  # of a markdown cell that belongs on the page
MAPS = {"scattergeo", "choropleth"} | {
    f"{kind}{base}" for kind in ("scatter", "density", "choropleth") for base in ("map", "mapbox")
}
RUN_IT = "Run it to its end before it is published."

__all__ = ["Entry", "Meta", "file_name", "parts_of", "result_of", "write_index", "write_reports"]


def _notebook(notebook: Any) -> Any:
    """The notebook itself, from its path or as given (nbformat 4, a node or a plain dictionary)."""
    if isinstance(notebook, (str, Path)):
        import nbformat

        return nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def _bundles(cell: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The media bundles a cell shows."""
    return [output["data"] for output in cell.get("outputs", ()) if "data" in output]


def parts_of(notebook: Any) -> list[Part]:
    """The parts of an executed notebook in its order.

    A part is an output that carries one, a markdown cell tagged ``report``, or a plotly figure a strategist
    drew without one: no chart is left out. Raises WorkbookFailed when there is no part at all, and for a map.
    """
    parts: list[Part] = []
    at = 0  # code cells so far, counted as in the workbook opened in JupyterLab
    for place, cell in enumerate(_notebook(notebook)["cells"]):
        tags = cell.get("metadata", {}).get("tags", ())
        at += cell["cell_type"] == "code" and "injected-parameters" not in tags
        if cell["cell_type"] == "markdown" and REPORT_TAG in tags:
            parts.append(Part(f"markdown.{place}", "markdown", {"source": "".join(cell["source"])}))
        for number, bundle in enumerate(_bundles(cell)):
            if PART in bundle:
                parts.append(Part.from_json(bundle[PART]))
            elif PLOTLY in bundle:
                _without_network(bundle[PLOTLY], at)
                parts.append(_bare(bundle[PLOTLY], f"figure.{place}.{number}"))
    if all(part.kind in ("markdown", "figure") for part in parts):
        what = "The notebook shows no part of a report."
        raise WorkbookFailed(Fault("notebook", "empty", what, RUN_IT))
    return parts


def _without_network(figure: Mapping[str, Any], cell: int) -> None:
    """Refuses a map: a browser would ask a server for its coasts or streets, and the page reaches none."""
    if any(isinstance(trace, Mapping) and trace.get("type") in MAPS for trace in figure.get("data") or ()):
        what = f"Cell {cell} draws a map, and maps load their coasts and streets from a network."
        raise WorkbookFailed(Fault("notebook", "map", what, "Draw bars in its place, or show it as an image."))


def _bare(figure: Mapping[str, Any], id: str) -> Part:
    """A figure drawn without a part: its own title above it, links in its labels as text."""
    drawn = _inert({"data": figure.get("data", []), "layout": figure.get("layout", {})})
    style = {"height": 420} | drawn["layout"] | {"autosize": True}
    style.pop("width", None)
    title = style.pop("title", "")
    for axis in {"xaxis", "yaxis", *(name for name in style if name.startswith(("xaxis", "yaxis")))}:
        style[axis] = (style.get(axis) or {}) | {"automargin": True}
    text = title.get("text", "") if isinstance(title, dict) else title
    words = unescape(re.sub(r"<[^>]*>", " ", str(text or ""))).split()
    return Part(id, "figure", {"title": " ".join(words), "figure": drawn | {"layout": style}})


def _inert(value: Any) -> Any:
    """The same figure with no link in any of its texts and no picture from elsewhere."""
    if isinstance(value, Mapping):
        return {key: _inert(item) for key, item in value.items() if key != "images"}
    if isinstance(value, (list, tuple)):
        return [_inert(item) for item in value]
    return re.sub(r"<(?=\s*/?\s*a\b)", "&lt;", value, flags=re.IGNORECASE) if isinstance(value, str) else value


def result_of(notebook: Any) -> dict[str, Any]:
    """The JSON data of the Result an executed notebook carries; raises WorkbookFailed without exactly one."""
    bundles = [bundle for cell in _notebook(notebook)["cells"] for bundle in _bundles(cell) if RESULT in bundle]
    if len(bundles) != 1:
        what = f"The notebook carries {len(bundles)} results; a workbook carries one, with its table of numbers."
        raise WorkbookFailed(Fault("notebook", "result", what, RUN_IT))
    return dict(bundles[0][RESULT])


def file_name(meta: Meta, language: str) -> str:
    """``<client>_<workbook>_<as-of>_<language>.html``."""
    return f"{meta.client}_{meta.workbook}_{meta.as_of}_{language}.html"


def write_reports(
    notebook: Any,
    folder: Path,
    *,
    meta: Meta | None = None,
    languages: Sequence[str] = LANGUAGES,
    pictures: Pictures | bool = True,
) -> list[Path]:
    """Write the report of each language into ``folder`` and return the paths.

    ``meta`` is taken from the notebook's result where it is not given. ``pictures`` are still pictures of the
    charts, drawn here when True and a browser is at hand. Each file is moved into place whole.
    """
    notebook = _notebook(notebook)
    parts = parts_of(notebook)
    meta = meta or Meta.of(result_of(notebook))
    stills = (draw_pictures(parts, languages) or {}) if pictures is True else pictures or {}
    folder.mkdir(parents=True, exist_ok=True)
    paths = {language: folder / file_name(meta, language) for language in languages}
    for language, path in paths.items():
        _replace(path, page(parts, language=language, meta=meta, pictures=stills))
    return list(paths.values())


def write_index(folder: Path, entries: Sequence[Entry], *, client_name: Text, illustrative: bool = False) -> Path:
    """Write the client's page: the answer of every workbook in both languages, with links to its reports."""
    target = folder / "index.html"
    folder.mkdir(parents=True, exist_ok=True)
    _replace(target, index(entries, client_name=client_name, illustrative=illustrative))
    return target


def _replace(target: Path, text: str) -> None:
    """Write a file so that a reader sees the old one or the new one, never half."""
    beside = target.with_name(f".{target.name}.new")
    beside.write_text(text, encoding="utf-8", newline="\n")
    beside.replace(target)
