"""Markdown that a strategist tagged for the report, to HTML that can do nothing but be read."""

from __future__ import annotations

from functools import cache
from typing import Any

from kesher.page.text import clean, esc

_LINKS = ("https://", "http://", "mailto:")


def rendered(source: str) -> str:
    """Safe HTML of Markdown: raw HTML shows as text, images as their words, links only to the web or mail.

    >>> rendered("**a** <script>alert(1)</script> [b](javascript:alert(1))")
    '<p><strong>a</strong> &lt;script&gt;alert(1)&lt;/script&gt; <a>b</a></p>'
    """
    return str(_markdown()(clean(source))).strip()


@cache
def _markdown() -> Any:
    import mistune  # comes with nbconvert

    class Safe(mistune.HTMLRenderer):
        """Escapes raw HTML (``escape``), and lets neither a picture nor any other address through."""

        def link(self, text: str, url: str, title: str | None = None) -> str:
            web = url.lower().startswith(_LINKS)
            return f'<a href="{url}" rel="noopener noreferrer">{text}</a>' if web else f"<a>{text}</a>"

        def image(self, text: str, url: str, title: str | None = None) -> str:
            return text

        def heading(self, text: str, level: int, **attrs: Any) -> str:
            level = max(level, 3)  # the page has its own first and second headings
            return f"<h{level}>{text}</h{level}>\n"

        def block_code(self, code: str, info: str | None = None) -> str:
            return f"<pre><code>{esc(code)}</code></pre>\n"

    return mistune.create_markdown(renderer=Safe(escape=True), plugins=["table", "strikethrough"])
