"""Pages: the parts made from a Result, their charts, and the one-file HTML report they are laid out to."""

from kesher.page.parts import (
    Part,
    answer,
    assumptions,
    cards,
    chart,
    claims,
    details,
    heading,
    method,
    numbers,
    quality,
    recommendations,
    sources,
    table,
    warnings,
)
from kesher.page.sharing import keep_charts_home

__all__ = [
    "Part", "answer", "assumptions", "cards", "chart", "claims", "details", "heading", "method",
    "numbers", "quality", "recommendations", "sources", "table", "warnings",
]  # fmt: skip

keep_charts_home()
