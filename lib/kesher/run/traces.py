"""Where our own code stopped: types, functions and lines, never a message or a value."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

TRACES = ".traces"
_PACKAGE = Path(__file__).resolve().parents[1]
_FRAME = re.compile(r"^ *File .*[\\/]kesher[\\/]([\w\\/]+\.py):([0-9]{1,6})(?: in ([A-Za-z_<][\w>]{0,80}))?\s*$")
_NAMELESS = ("<module>", "<lambda>", "<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>")
_CELL = re.compile(r"^ *Cell In\[([0-9]{1,4})\], line ([0-9]{1,6})")


def trace_of_text(text: str) -> list[str]:
    """The frames of our own code and of the cells in IPython's plain traceback; nothing else of it."""
    frames: list[str] = []
    for line in text.splitlines():
        if cell := _CELL.match(line):
            number = max(1, int(cell[1]) - 1)  # the injected cell does not count
            frames.append(f"cell {number}, line {cell[2]}")
        elif (frame := _FRAME.match(line)) and (_PACKAGE / frame[1]).is_file():
            source = (_PACKAGE / frame[1]).read_text(encoding="utf-8")
            if int(frame[2]) <= source.count("\n") + 1:  # else an exception's message only looks like a frame
                name = frame[3] if frame[3] and _named(frame[3], source) else ""
                frames.append(f"kesher/{Path(frame[1]).as_posix()}:{frame[2]} {name}".strip())
    return frames


def _named(function: str, source: str) -> bool:
    return function in _NAMELESS or re.search(rf"\b(?:def|class) +{re.escape(function)}\b", source) is not None


def trace_of(error: BaseException) -> list[str]:
    """The types of an exception and its causes, with the frames of our own code."""
    frames: list[str] = []
    link: BaseException | None = error
    while link is not None and len(frames) < 200:
        frames.append(type(link).__name__)
        for frame, line in traceback.walk_tb(link.__traceback__):
            path = Path(frame.f_code.co_filename).resolve()
            if path.is_relative_to(_PACKAGE):
                frames.append(f"  kesher/{path.relative_to(_PACKAGE).as_posix()}:{line} {frame.f_code.co_name}")
        link = link.__cause__ or link.__context__
    return frames


def keep_trace(out: Path, name: str, traces: Iterable[Iterable[str]]) -> Path | None:
    """Keep traces in a file below ``out``; None if it can not be."""
    path = out / TRACES / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{name}.txt"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join("\n".join(trace) for trace in traces) + "\n", encoding="utf-8")
    except OSError:
        return None
    return path
