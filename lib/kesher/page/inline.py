"""The look of a part in JupyterLab, written on each tag.

A notebook that was opened and not yet run is not trusted: JupyterLab then drops ``<style>``, and keeps the
``style`` of a tag. So the first look at a stored workbook is the same as the look after a run.
"""

from __future__ import annotations

import re

from kesher.page.canvas import ACCENT, FONT, GREY, INK, PAPER
from kesher.page.text import direction

LINE, PALE = "#d5dce3", "#f5f7f9"
_QUIET = f"color:{GREY};font-size:13px;margin:2px 0"
_CELL = f"vertical-align:top;padding:6px;border-bottom:1px solid {LINE};background:{PAPER}"
_NUMBER = f"{_CELL};white-space:nowrap;text-align:END"
_BLOCK = "display:block;float:none;width:auto;padding:0"

# By the tag it stands in, by class, or by tag. START and END are the sides where a line starts and ends.
_LOOKS = {
    "h1": f"font-size:15px;font-weight:600;color:{GREY};margin:6px 0 2px",
    "h2": f"font-size:20px;font-weight:700;color:{INK};margin:10px 0 4px",
    "summary h2": "display:inline;font-size:16px",
    "h3": f"font-size:17px;font-weight:700;color:{INK};margin:8px 0 2px",
    "p": "margin:2px 0",
    "p.answer": "font-size:26px;font-weight:300;line-height:1.32;margin:6px 0 12px",
    "p.answer b": f"color:{ACCENT};font-weight:700",
    "p.v": "font-size:24px;font-weight:700;margin:0",
    "p.k": _QUIET, "p.sub": _QUIET, "p.src": _QUIET, "p.question": _QUIET,
    "p.n": "font-size:13px;margin:0",
    "dl": "margin:0",
    "dt": f"{_BLOCK};color:{GREY};font-size:13px;font-weight:400;font-style:normal;margin:0",
    "dd": f"{_BLOCK};margin:0 0 8px 0;font-size:16px",
    "div.card": "display:inline-block;width:30%;min-width:200px;vertical-align:top;margin:4px 1% 10px 1%;"
                f"border-top:3px solid {INK};padding-top:6px",
    "small": f"display:block;color:{GREY};font-size:12.5px;font-weight:400",
    "table": "width:100%;margin:4px 0;font-size:14px;table-layout:auto",
    "td": _CELL, "td.num": _NUMBER, "th.num": _NUMBER, "th": f"{_CELL};color:{GREY};font-weight:600",
    "ul": "margin:2px 20px",
    "section.care": f"background:{PALE};border-START:3px solid {INK};padding:8px 16px;margin:6px 0",
    "summary": "",
}  # fmt: skip
_TAG = re.compile(r'<([a-z][a-z0-9]*)((?:\s[^<>]*?class="([a-z]+)[^<>]*|\s[^<>]*)?)>')


def in_lab(markup: str, language: str) -> str:
    """Our own markup (its texts escaped, so every ``<`` opens a tag) with its look written on each tag."""
    start, end = ("right", "left") if direction(language) == "rtl" else ("left", "right")
    around = ""

    def styled(found: re.Match[str]) -> str:
        nonlocal around
        tag, rest, kind = found.groups()
        looks = [_LOOKS[name] for name in (f"{around} {tag}", f"{tag}.{kind}", tag) if name in _LOOKS]
        around = around if tag == "b" else f"{tag}.{kind}" if kind else tag
        if not looks:
            return found[0]
        look = f"text-align:START;{looks[0]}".replace("START", start).replace("END", end)
        return f'<{tag}{rest} style="{look}">'

    look = f"background:{PAPER};color:{INK};font-family:{FONT};font-size:15px;line-height:1.5;padding:2px 0"
    look = look.replace("'", "&#x27;")
    body = _TAG.sub(styled, markup)
    return f'<div class="kesher" lang="{language}" dir="{direction(language)}" style="{look}">{body}</div>'
