"""A small client folder for the readers' tests, its files written as the export programs write them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook

from kesher.faults import DataRefused, Fault
from kesher.readers import DataRoot, Note, Option, Respondents, read_options, read_respondents

OPTIONS = """question,option,label_en,label_he,accepts,exclusive
reasons,deals,"Deals, coupons","מבצעים, קופונים",1,
reasons,news,News,חדשות,2,
reasons,fun,Just for fun,סתם בשביל הכיף,3|Fun,
reasons,loyal,I am a loyal customer,אני לקוח נאמן של חז״ל ובניו,9,
reasons,none,None of these,אף אחת מאלה,99|None,yes
age,young,18-34,18-34,,
age,old,35 and over,35 ומעלה,35+,
"""
CANARY = "zz-canary-7731"


def text_of(rows: Sequence[Sequence[object]], separator: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=separator, lineterminator="\n").writerows(rows)
    return out.getvalue()


class Desk:
    """A data root with an options table; ``read`` writes a columns table and an export, and reads it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.folder.mkdir()
        self.write("options.csv", OPTIONS)
        self.root = DataRoot(self.folder)

    @property
    def options(self) -> dict[str, list[Option]]:
        return read_options(self.root, "options.csv")

    def write(self, name: str, content: str | bytes, encoding: str = "utf-8") -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return path

    def sheet(self, name: str, sheets: dict[str, list[list[Any]]], hidden: Sequence[str] = ()) -> Path:
        book = Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            page = book.create_sheet(title)
            for row in rows:
                page.append(row)
            page.sheet_state = "hidden" if title in hidden else "visible"
        book.save(self.folder / name)
        return self.folder / name

    def columns(self, *lines: str) -> None:
        """Lines as ``column: role question option``; the group is customers."""
        rows = [["group", "column", "role", "question", "option"]]
        for line in lines:
            column, _, rest = line.rpartition(": ")
            rows.append(["customers", column, *[*rest.split(), "", ""][:3]])
        self.write("columns.csv", text_of(rows))

    def read(self, spec: str = "survey.csv", **given: Any) -> Respondents:
        given.setdefault("options", self.options)
        return read_respondents(self.root, spec, group="customers", columns_spec="columns.csv", **given)

    def joined(self, cells: Sequence[str], **given: Any) -> Respondents:
        """Read one joined column of these cells."""
        self.columns("id: respondent", "why: choices reasons")
        self.write("survey.csv", text_of([["id", "why"], *([at, cell] for at, cell in enumerate(cells))]))
        return self.read(**given)


def ticked(read: Respondents, question: str = "reasons") -> list[set[str]]:
    """The options each person ticked."""
    ticks = read.questions[question].ticks
    return [{option for option in ticks.columns if row[option]} for _, row in ticks.iterrows()]


def noted(read: Respondents, code: str) -> int:
    """The count of the notes with that code."""
    return sum(note.count for note in read.source.notes if note.code == code)


def note(read: Respondents, code: str) -> Note:
    return next(one for one in read.source.notes if one.code == code)


class refused:
    """A block that must end in DataRefused with a fault of that kind; no message may hold the canary."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.faults: list[Fault] = []

    def __enter__(self) -> refused:
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: BaseException | None, trace: object) -> bool:
        if problem is None:
            pytest.fail(f"nothing was refused; expected {self.kind}")
        if not isinstance(problem, DataRefused):
            return False
        self.faults = list(problem.faults)
        assert CANARY not in str(problem)
        assert self.kind in {fault.kind for fault in self.faults}, str(problem)
        for fault in self.faults:
            assert fault.what and fault.remedy and fault.where and "/" not in fault.where.replace("data/published", "")
        return True

    @property
    def fault(self) -> Fault:
        return next(fault for fault in self.faults if fault.kind == self.kind)
