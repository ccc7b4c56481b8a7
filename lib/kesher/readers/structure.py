"""Finding the records of a CSV without parsing it: separator, widths, blank rows, oversized cells."""

from __future__ import annotations

import csv
import io
from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kesher.readers.opening import refuse

MAX_CELL_BYTES = 1_000_000
MAX_COLUMNS = 16_384  # as many as Excel has
SEPARATORS = (",", ";", "\t", "|")
HEAD_BYTES = 1 << 18
HEAD_ROWS = 25
_STEP = 1 << 23

csv.field_size_limit(MAX_CELL_BYTES)


@dataclass(frozen=True)
class Structure:
    """Where the records of a CSV are: fields, bytes and first byte of each, and quotes that stand loose."""

    fields: NDArray[np.int64]
    length: NDArray[np.int64]
    start: NDArray[np.int64]
    stray_quotes: int


def head_rows(data: bytes, separator: str) -> list[list[str]]:
    """The first records, at most 25, as the csv module reads them."""
    text = data[:HEAD_BYTES].decode("utf-8", "ignore")
    if len(data) > HEAD_BYTES and "\n" in text:
        text = text[: text.rindex("\n")]
    rows = []
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            rows.append(row)
            if len(rows) == HEAD_ROWS:
                break
    except csv.Error:  # a cell beyond the limit: the full scan says where
        pass
    return rows


def sniff(data: bytes) -> tuple[str, int]:
    """The separator whose rows agree on a width above 1, and how many bytes a ``sep=;`` line takes."""
    first = data.split(b"\n", 1)[0]
    if len(first) in (5, 6) and first.lower().startswith(b"sep="):
        given = first[4:5].decode("ascii", "replace")
        if given in SEPARATORS:
            return given, len(first) + 1
    best = (0.0, 0, ",")
    for separator in SEPARATORS:
        widths = [len(row) for row in head_rows(data, separator) if any(row)]
        if not widths:
            continue
        width, agreeing = max(Counter(widths).items(), key=lambda pair: (pair[1], pair[0]))
        if width > 1:
            best = max(best, (round(agreeing / len(widths), 1), width, separator), key=lambda one: one[:2])
    return best[2], 0


def scan(name: str, data: bytes, separator: str) -> Structure:
    """The records of a CSV, found in one pass over its bytes (about 0.5 s for 100 MB).

    A separator or line end counts where an even number of quotes stands before it; where a quote stands
    inside an unquoted cell (Hebrew gershayim typed as a quote) the csv module is asked instead, slower but
    with the same rules as the parser. Raises DataRefused for a cell above 1 MB and above 16,384 columns.
    """
    body = data if data.endswith(b"\n") else data + b"\n"
    walk = _Walk(np.frombuffer(body, np.uint8), ord(separator), b'"' in body)
    found = walk.run()
    if walk.stray:
        found = _scan_slowly(body, separator)
    if isinstance(found, int):
        raise refuse(
            name,
            "oversized_cell",
            f"A cell holds more than {MAX_CELL_BYTES:,} bytes.",
            "Take that column out, or mend a quotation mark that is never closed.",
            row=found + 1,
        )
    fields, ends = found
    if len(fields) and fields.max() > MAX_COLUMNS:
        raise refuse(
            name,
            "too_many_columns",
            f"A row has more than {MAX_COLUMNS:,} columns.",
            "Check what separates the columns.",
            row=int(fields.argmax()) + 1,
        )
    start = np.concatenate(([0], ends[:-1] + 1)).astype(np.int64)
    return Structure(fields, ends - start, start, walk.stray)


class _Walk:
    """One pass over the bytes in steps of 8 MB; ``run`` gives fields and ends, or a giant cell's record."""

    def __init__(self, array: NDArray[np.uint8], separator: int, quoted: bool) -> None:
        self.array, self.separator, self.quoted = array, separator, quoted
        self.edges = np.zeros(256, np.bool_)
        self.edges[[separator, 10, 34]] = True
        self.stray, self.parity = 0, 0

    def run(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | int:
        last, pending, records = -1, 0, 0
        fields, ends = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for at in range(0, len(self.array), _STEP):
            piece = self.array[at : at + _STEP]
            events = np.flatnonzero(self._hits(piece, at))
            if len(events):
                lines = np.flatnonzero(piece[events] == 10)
                spans = np.diff(events, prepend=last - at)
                if spans.max() > MAX_CELL_BYTES:
                    return records + int(np.searchsorted(lines, spans.argmax()))
                last = int(events[-1]) + at
                if len(lines):
                    fields.append(np.diff(lines, prepend=-1 - pending))
                    ends.append(events[lines] + at)
                    pending, records = len(events) - 1 - int(lines[-1]), records + len(lines)
                else:
                    pending += len(events)
            if at + len(piece) - 1 - last > MAX_CELL_BYTES:
                return records
        return np.concatenate(fields), np.concatenate(ends)

    def _hits(self, piece: NDArray[np.uint8], at: int) -> NDArray[np.bool_]:
        """Where cells end, outside quotes; counts quotes that neither open, close nor double on the way."""
        hits: NDArray[np.bool_] = (piece == self.separator) | (piece == 10)
        if not self.quoted:
            return hits
        marks = np.flatnonzero(piece == 34)
        inside = np.zeros(len(piece), np.uint8)
        inside[marks] = 1
        inside = np.bitwise_xor.accumulate(inside) ^ np.uint8(self.parity)
        self.parity = int(inside[-1])
        opening = inside[marks] == 1
        before = self.array[np.maximum(marks[opening] + at - 1, 0)]
        loose = ~self.edges[before] & (marks[opening] + at > 0)
        after = self.array[np.minimum(marks[~opening] + at + 1, len(self.array) - 1)]
        self.stray += int(np.count_nonzero(loose)) + int(np.count_nonzero(~self.edges[after]))
        hits &= inside == 0
        return hits


def _scan_slowly(body: bytes, separator: str) -> tuple[NDArray[np.int64], NDArray[np.int64]] | int:
    lines = body.split(b"\n")[:-1]
    line_ends = np.cumsum(np.fromiter((len(line) + 1 for line in lines), np.int64, len(lines))) - 1
    reader = csv.reader((line.decode("utf-8") + "\n" for line in lines), delimiter=separator)
    fields, ends = [], []
    try:
        for row in reader:
            fields.append(max(len(row), 1))
            ends.append(int(line_ends[reader.line_num - 1]))
    except csv.Error:
        return len(fields)
    return np.array(fields, np.int64), np.array(ends, np.int64)
