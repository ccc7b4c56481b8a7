"""Still pictures of charts for readers who run no scripts, drawn by one headless call of a browser at hand.

A browser is optional: without one ``pictures`` returns None, and pages show a chart's figures in its place.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kesher.page import charts
from kesher.page.canvas import PAPER
from kesher.page.layout import CHARTS, in_script, plotly_path
from kesher.page.parts import Part

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
PLACES = {
    "darwin": [
        f"/Applications/{name}.app/Contents/MacOS/{name}" for name in ("Google Chrome", "Chromium", "Microsoft Edge")
    ],
    "win32": [
        rf"%{folder}%\{program}"
        for program in (r"Google\Chrome\Application\chrome.exe", r"Microsoft\Edge\Application\msedge.exe")
        for folder in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData")
    ],
}
MISSING = (
    "no Chromium, Chrome or Edge was found: reports are complete, but readers who run no scripts see each "
    "chart's figures instead. Install one, or name it in the environment variable KESHER_BROWSER."
)
FLAGS = (
    "headless", "disable-background-networking", "disable-component-update", "disable-sync", "disable-extensions",
    "disable-default-apps", "disable-gpu", "no-first-run", "no-default-browser-check", "mute-audio",
    "host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
WIDTH, SCALE = 760, 1.3

_DRAW = f"""
(async () => {{
  const charts = JSON.parse(document.getElementById("charts").textContent), drawn = [];
  for (const figure of charts) {{
    const size = {{format: "webp", width: {WIDTH}, scale: {SCALE}, height: figure.layout.height || 450}};
    try {{ drawn.push(await Plotly.toImage(figure, size)) }} catch (fault) {{ drawn.push("") }}
  }}
  document.getElementById("drawn").textContent = JSON.stringify(drawn);
}})()
"""


def browser() -> str | None:
    """The browser to draw with: KESHER_BROWSER, else the first usual one that exists."""
    if named := os.environ.get("KESHER_BROWSER"):
        return shutil.which(named)
    places = (*NAMES, *(os.path.expandvars(place) for place in PLACES.get(sys.platform, ())))
    return next((found for place in places if (found := shutil.which(place))), None)


def pictures(
    parts: Sequence[Part], languages: Sequence[str], *, timeout: float = 30.0
) -> dict[tuple[str, str], str] | None:
    """A picture (data URI) of each chart in each language, by (language, id of the part).

    None without a browser, and where the browser fails or takes longer than ``timeout`` seconds; a chart that
    could not be drawn is left out.
    """
    program = browser()
    keys = [(language, part) for language in languages for part in parts if part.kind in CHARTS]
    if program is None or not keys:
        return None if keys else {}
    figures = [
        charts.figure(part.data, language) if part.kind == "chart" else part.data["figure"] for language, part in keys
    ]
    root = ["no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []  # Chromium refuses root with it
    with tempfile.TemporaryDirectory(prefix="kesher-", ignore_cleanup_errors=True) as folder:
        page = Path(folder) / "charts.html"
        page.write_text(_page(figures), encoding="utf-8")
        flags = [*FLAGS, *root, f"user-data-dir={folder}/profile", "virtual-time-budget=60000", "dump-dom"]
        call = [program, *(f"--{flag}" for flag in flags), page.as_uri()]
        homes = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"), folder)  # it leaves nothing behind
        try:
            done = subprocess.run(call, capture_output=True, timeout=timeout, check=True, env=os.environ | homes)
        except (subprocess.SubprocessError, OSError):
            return None
    found = re.search(r'<pre id="drawn">(.+?)</pre>', done.stdout.decode("utf-8", "replace"), re.DOTALL)
    if found is None:
        return None
    images = [str(image) for image in json.loads(html.unescape(found[1]))]
    named = {(language, part.id): image for (language, part), image in zip(keys, images, strict=True)}
    return {key: image for key, image in named.items() if re.fullmatch(r"data:image/(webp|png);base64,[\w+/=]+", image)}


def _page(figures: list[dict[str, Any]]) -> str:
    """A page that draws every figure and writes the pictures into itself."""
    configured = [figure | {"config": charts.CONFIG} for figure in figures]
    return (
        '<!doctype html><html><head><meta charset="utf-8">'
        "<style>#js-plotly-tester,.js-plotly-plot{direction:ltr}"
        f'body{{background:{PAPER}}}</style></head><body><pre id="drawn"></pre>'
        f'<script type="application/json" id="charts">{in_script(configured)}</script>'
        f'<script src="{html.escape(plotly_path().as_uri())}"></script><script>{_DRAW}</script></body></html>'
    )
