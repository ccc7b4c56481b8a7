"""The look of a part in JupyterLab, written on each tag.

A notebook that was opened and not yet run is not trusted: JupyterLab then drops ``<style>``, and keeps the
``style`` of a tag. So the first look at a stored workbook is the same as the look after a run.
"""

from __future__ import annotations

import re

from kesher.page.canvas import ACCENT, FONT, GREY, INK, PAPER
from kesher.page.text import RIGHT_TO_LEFT, direction

LINE, PALE = "#d5dce3", "#f5f7f9"
_QUIET = f"color:{GREY};font-size:13px;margin:2px 0;text-align:START"
_CELL = f"text-align:START;vertical-align:top;padding:6px 6px;border-bottom:1px solid {LINE};background:{PAPER}"
_BLOCK = "display:block;float:none;width:auto;padding:0;text-align:START"
_NUMBER = _CELL.replace("START", "END") + ";white-space:nowrap"

# By tag and class, else by tag. START and END are the sides where a line of the language starts and ends.
_LOOKS = {
    "h1": f"font-size:15px;font-weight:600;color:{GREY};margin:6px 0 2px;text-align:START",
    "h2": f"font-size:20px;font-weight:700;color:{INK};margin:10px 0 4px;text-align:START",
    "h3": f"font-size:17px;font-weight:700;color:{INK};margin:8px 0 2px;text-align:START",
    "p": "margin:2px 0;text-align:START",
    "p.answer": "font-size:26px;font-weight:300;line-height:1.32;margin:6px 0 12px;text-align:START",
    "p.v": "font-size:24px;font-weight:700;margin:0;text-align:START",
    "p.k": _QUIET, "p.sub": _QUIET, "p.src": _QUIET, "p.question": _QUIET,
    "p.n": "font-size:13px;margin:0;text-align:START",
    "dl": "margin:0",
    "dt": f"{_BLOCK};color:{GREY};font-size:13px;font-weight:400;font-style:normal;margin:0",
    "dd": f"{_BLOCK};margin:0 0 8px 0;font-size:16px",
    "div.card": f"display:inline-block;width:30%;min-width:200px;vertical-align:top;margin:4px 1% 10px 1%;"
                f"border-top:3px solid {INK};padding-top:6px",
    "small": f"display:block;color:{GREY};font-size:12.5px;font-weight:400",
    "table": "width:100%;margin:4px 0;font-size:14px;table-layout:auto",
    "td": _CELL, "td.num": _NUMBER, "th.num": _NUMBER,
    "th": _CELL + f";color:{GREY};font-weight:600", "ul": "margin:2px 20px;text-align:START",
    "section.care": f"background:{PALE};border-START:3px solid {INK};padding:8px 16px;margin:6px 0",
    "summary": "text-align:START",
}  # fmt: skip
_TAG = re.compile(r"<([a-z][a-z0-9]*)((?:\s[^<>]*)?)>")
_CLASS = re.compile(r'class="([a-z]+)')


def in_lab(markup: str, language: str) -> str:
    """Our own markup (its texts escaped, so every ``<`` opens a tag) with its look written on each tag."""
    start, end = ("right", "left") if language in RIGHT_TO_LEFT else ("left", "right")

    def styled(found: re.Match[str]) -> str:
        tag, rest = found[1], found[2]
        named = _CLASS.search(rest)
        look = _LOOKS.get(f"{tag}.{named[1]}" if named else tag) or _LOOKS.get(tag)
        if look is None:
            return found[0]
        return f'<{tag}{rest} style="{look.replace("START", start).replace("END", end)}">'

    body = _TAG.sub(styled, markup)
    body = re.sub(r"(<summary[^>]*>)<h2 style=\"[^\"]*\">", r'\1<h2 style="display:inline;font-size:16px">', body)
    body = re.sub(r"(<p class=\"answer\".*?</p>)", lambda one: _accented(one[1]), body, count=1, flags=re.DOTALL)
    look = f"background:{PAPER};color:{INK};font-family:{FONT};font-size:15px;line-height:1.5;padding:2px 0"
    look = look.replace("'", "&#x27;")
    return f'<div class="kesher" lang="{language}" dir="{direction(language)}" style="{look}">{body}</div>'


def _accented(headline: str) -> str:
    return headline.replace("<b>", f'<b style="color:{ACCENT};font-weight:700">')
