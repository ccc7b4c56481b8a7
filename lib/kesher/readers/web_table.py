"""The largest table of a web page: what many tills and banks export under the name of .xls.

``cells`` loads this file by its path in a process of its own, so it imports nothing of kesher.
"""

from __future__ import annotations

from html.parser import HTMLParser

MAX_CELLS = 50_000_000  # with those that spans and short rows leave blank
MAX_WIDE, MAX_HIGH = 1_000, 65_534  # a cell may span, as in browsers
_APART = frozenset({"br", "p", "div", "li", "hr", "table", "tr", "td", "th"})


def largest_table(page: str) -> tuple[list[list[str]], int, bool]:
    """The rows of the table with the most cells, how many others have rows, whether every table was closed.

    Rows are of one width, none for a page without a cell; a cell that spans others is followed by blanks.
    Raises MemoryError for more than fifty million cells.

    >>> largest_table("<table><tr><th>id<th>sum<tr><td rowspan=2>7<td>1,5<br>&euro;<tr><td>2</table>")
    ([['id', 'sum'], ['7', '1,5 €'], ['', '2']], 0, True)
    """
    parser = _Page()
    parser.feed(page)
    parser.close()
    closed = not parser.open
    while parser.open:
        parser.handle_endtag("table")
    rows = parser.best.rows
    width = max(map(len, rows), default=0)
    if width * len(rows) > MAX_CELLS:
        raise MemoryError
    return [row + [""] * (width - len(row)) for row in rows], max(parser.with_rows - 1, 0), closed


class _Table:
    """A table while it is read; its last row, and the pieces of that row's last cell, may be open."""

    def __init__(self) -> None:
        self.rows: list[list[str]] = []
        self.cells = self.size = 0
        self.row_open, self.span = False, (1, 1)
        self.cell: list[str] | None = None
        self.covered: dict[int, int] = {}  # by column: how many rows there are when a cell from above ends

    def start_row(self) -> None:
        self.end_row()
        self.rows.append([])
        self.row_open = True

    def start_cell(self, given: dict[str, str | None]) -> None:
        if not self.row_open:
            self.start_row()
        self.end_cell()
        self.cell, self.span = [], (_span(given.get("colspan"), MAX_WIDE), _span(given.get("rowspan"), MAX_HIGH))

    def end_cell(self) -> None:
        if self.cell is None:
            return
        row, (wide, high) = self.rows[-1], self.span
        before = len(row)
        while self.covered.get(len(row), 0) >= len(self.rows):
            row.append("")
        if high > 1:
            self.covered |= dict.fromkeys(range(len(row), len(row) + wide), len(self.rows) + high - 1)
        row += [" ".join("".join(self.cell).split()), *[""] * (wide - 1)]
        self.cells, self.size, self.cell = self.cells + 1, self.size + len(row) - before, None
        if self.size > MAX_CELLS:
            raise MemoryError

    def end_row(self) -> None:
        self.end_cell()
        self.row_open = False


class _Page(HTMLParser):
    """A page's tables, the open ones innermost last; text within two stands in the cells of both."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[_Table] = []
        self.best, self.with_rows, self.hidden = _Table(), 0, ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _APART:
            self.handle_data(" ")
        if tag == "table":
            self.open.append(_Table())
        elif tag in ("script", "style"):
            self.hidden = tag
        elif self.open and tag == "tr":
            self.open[-1].start_row()
        elif self.open and tag in ("td", "th"):
            self.open[-1].start_cell(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        if tag == self.hidden:
            self.hidden = ""
        elif self.open and tag in ("td", "th"):
            self.open[-1].end_cell()
        elif self.open and tag in ("tr", "thead", "tbody", "tfoot", "table"):
            self.open[-1].end_row()
        if self.open and tag == "table":
            table = self.open.pop()
            self.with_rows += len(table.rows) > 1
            self.best = max(self.best, table, key=lambda one: one.cells)

    def handle_data(self, data: str) -> None:
        for table in () if self.hidden else self.open:
            if table.cell is not None:
                table.cell.append(data)


def _span(text: str | None, most: int) -> int:
    return min(max(int(text), 1), most) if text and text.isascii() and text.isdigit() and len(text) < 9 else 1
