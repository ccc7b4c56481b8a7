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

from kesher.page import charts
from kesher.page.canvas import PAPER
from kesher.page.layout import CHARTS, figures, in_script, plotly_path
from kesher.page.parts import Part

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
PLACES = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ),
    "win32": (
        r"%ProgramFiles%\Google\Chrome\Application\chrome.exe",
        r"%ProgramFiles(x86)%\Google\Chrome\Application\chrome.exe",
        r"%LocalAppData%\Google\Chrome\Application\chrome.exe",
        r"%ProgramFiles(x86)%\Microsoft\Edge\Application\msedge.exe",
        r"%ProgramFiles%\Microsoft\Edge\Application\msedge.exe",
    ),
}
MISSING = (
    "no Chromium, Chrome or Edge was found: reports are complete, but readers who run no scripts see each "
    "chart's figures instead. Install one, or name it in the environment variable KESHER_BROWSER."
)
WIDTH, SCALE = 760, 1.3

_DRAW = """
(async () => {
  const charts = JSON.parse(document.getElementById("charts").textContent), drawn = {};
  for (const [key, figure] of Object.entries(charts)) {
    try { drawn[key] = await Plotly.toImage(figure, SIZE(figure)) } catch (fault) { drawn[key] = "" }
  }
  document.getElementById("drawn").textContent = JSON.stringify(drawn);
})()
"""


def browser() -> str | None:
    """The browser to draw with: KESHER_BROWSER, else the first usual one that exists."""
    if named := os.environ.get("KESHER_BROWSER"):
        return shutil.which(named)
    places = (os.path.expandvars(place) for place in PLACES.get(sys.platform, ()))
    return next((found for name in NAMES if (found := shutil.which(name))), None) or next(
        (place for place in places if Path(place).is_file()), None
    )


def command(program: str, profile: Path) -> list[str]:
    """A headless call without network, in a profile of its own."""
    quiet = ["background-networking", "component-update", "sync", "extensions", "default-apps", "gpu"]
    flags = [
        "headless",
        *(f"disable-{name}" for name in quiet),
        "no-first-run",
        "no-default-browser-check",
        "mute-audio",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        flags.append("no-sandbox")  # Chromium refuses to run as root with it
    flags += [f"user-data-dir={profile}", "host-resolver-rules=MAP * ~NOTFOUND"]
    return [program, *(f"--{flag}" for flag in flags)]


def pictures(
    parts: Sequence[Part], languages: Sequence[str], *, timeout: float = 30.0
) -> dict[tuple[str, str], str] | None:
    """A picture (data URI) of each chart in each language, by (language, id of the part).

    None without a browser, and where the browser fails or takes longer than ``timeout`` seconds; a chart that
    could not be drawn is left out.
    """
    program = browser()
    drawn = [part for part in parts if part.kind in CHARTS]
    if program is None or not drawn:
        return None if drawn else {}
    keys = {f"{language} {part.id}": (language, part.id) for language in languages for part in drawn}
    wanted = {f"{language} {part.id}": figures(part, language)["wide"] for language in languages for part in drawn}
    with tempfile.TemporaryDirectory(prefix="kesher-", ignore_cleanup_errors=True) as folder:
        page = Path(folder) / "charts.html"
        page.write_text(_page(wanted), encoding="utf-8")
        call = [*command(program, Path(folder) / "profile"), "--virtual-time-budget=60000", "--dump-dom", page.as_uri()]
        try:
            done = subprocess.run(call, capture_output=True, timeout=timeout, check=True)
        except (subprocess.SubprocessError, OSError):
            return None
    found = re.search(r'<pre id="drawn">(.*?)</pre>', done.stdout.decode("utf-8", "replace"), re.DOTALL)
    if found is None or not found[1].strip():
        return None
    images: dict[str, str] = json.loads(html.unescape(found[1]))
    return {
        keys[key]: image
        for key, image in images.items()
        if re.fullmatch(r"data:image/(?:webp|png);base64,[\w+/=]+", image)
    }


def _page(wanted: dict[str, dict[str, object]]) -> str:
    """A page that draws every figure and writes the pictures into itself."""
    look = f'format: "webp", width: {WIDTH}, scale: {SCALE}'
    size = f"(figure => ({{{look}, height: figure.layout.height || 450}}))"
    library = html.escape(plotly_path().as_uri())
    for figure in wanted.values():
        figure["config"] = charts.CONFIG
    return (
        '<!doctype html><html><head><meta charset="utf-8">'
        "<style>#js-plotly-tester,.js-plotly-plot{direction:ltr}"
        f'body{{background:{PAPER}}}</style></head><body><pre id="drawn"></pre>'
        f'<script type="application/json" id="charts">{in_script(wanted)}</script>'
        f'<script src="{library}"></script><script>const SIZE = {size};{_DRAW}</script></body></html>'
    )
