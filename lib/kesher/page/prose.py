"""Markdown that a strategist tagged for the report, to HTML that can do nothing but be read."""

from __future__ import annotations

from functools import cache
from html.parser import HTMLParser
from typing import Any

from kesher.page.text import clean, esc

_TAGS = frozenset({
    "p", "h3", "h4", "h5", "h6", "ul", "ol", "li", "em", "strong", "del", "code", "pre", "blockquote", "br",
    "hr", "table", "thead", "tbody", "tr", "th", "td", "a",
})  # fmt: skip
_VOID = frozenset({"br", "hr"})
_LINKS = ("https://", "http://", "mailto:")


def rendered(source: str) -> str:
    """Safe HTML of Markdown: raw HTML shows as text, images as their words, links only to the web or mail.

    >>> rendered("**a** <script>alert(1)</script> [b](javascript:alert(1))")
    '<p><strong>a</strong> &lt;script&gt;alert(1)&lt;/script&gt; <a>b</a></p>'
    """
    keeper = _Keeper()
    keeper.feed(_parser()(clean(source)))
    keeper.close()
    return "".join(keeper.kept).strip()


@cache
def _parser() -> Any:
    import mistune  # comes with nbconvert

    return mistune.create_markdown(escape=True, plugins=["table", "strikethrough"])


class _Keeper(HTMLParser):
    """Keeps the tags above without attributes but a safe link's address; everything else becomes text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.kept: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        tag = {"h1": "h3", "h2": "h3"}.get(tag, tag)  # the page has its own first and second headings
        if tag == "img":
            self.kept.append(esc(given.get("alt") or ""))
        if tag not in _TAGS:
            return
        target = (given.get("href") or "").strip()
        if tag == "a" and target.lower().startswith(_LINKS):
            self.kept.append(f'<a href="{esc(target)}" rel="noopener noreferrer">')
        else:
            self.kept.append(f"<{tag}>")

    def handle_endtag(self, tag: str) -> None:
        tag = {"h1": "h3", "h2": "h3"}.get(tag, tag)
        if tag in _TAGS and tag not in _VOID:
            self.kept.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.kept.append(esc(data))
