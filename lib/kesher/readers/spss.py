"""SPSS files: variables, value labels and multiple-response sets to the columns and cells every export has."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers import workbooks
from kesher.readers.coding import UNMATCHED, Coder
from kesher.readers.encodings import to_utf8
from kesher.readers.findings import Findings
from kesher.readers.grid import Grid
from kesher.readers.lists import ColumnRole, Options
from kesher.readers.numbers import rating
from kesher.readers.opening import ANOTHER_FORMAT, DataRoot
from kesher.readers.people import Cells
from kesher.readers.structure import Structure, scan
from kesher.readers.text import SELECTED_KEYS, UNSELECTED_KEYS, header_key, key

TICKED, UNTICKED, NEITHER = "selected", "not selected", "\ufffd"  # what a labelled code says; the last matches nothing
ASCII = "ascii"
_READING = re.compile(r"(.+) \((codes|labels)\)\Z")
_NEGATIVE = re.compile(r"(not|no|לא)\b")
_PARTS = re.compile(r"\s[-–:|]\s|:\s")
_ANY_WESTERN = {"", "cp1252", "iso8859-1", ASCII}  # what a program declares that was not told of Hebrew
_PLAIN_ROLES = {"respondent", "weight", "stratum", "cluster", "population"}

Mapped = list[tuple[ColumnRole, Cells]]


@dataclass(frozen=True)
class ResponseSet:
    """A multiple-response set as the file defines it: C of categories, D and E of variables that are ticked or not."""

    name: str
    kind: str
    counted: str | None
    variables: tuple[str, ...]


@dataclass(frozen=True)
class SavGrid(Grid):
    """An SPSS file: ``data`` are its bytes, of which ``load`` takes the wanted variables; rows are case numbers."""

    sets: tuple[ResponseSet, ...] = ()
    weighted: bool = False
    labels: dict[str, dict[str, str]] = field(default_factory=dict, repr=False)  # variable -> code -> label

    def load(
        self, columns: Collection[int], first: int, many: Collection[int] = ()
    ) -> tuple[pd.DataFrame, NDArray[np.int64]]:
        """The wanted variables, values that are declared missing as blanks; see ``Grid.load``."""
        wanted = sorted(columns)
        told, table = _answer(self.data, wanted, self.findings)
        if self.encoding == ASCII:  # the dictionary tells nothing of how texts are written
            table, _ = to_utf8(table, "auto", self.findings)
        else:
            table = _decoded(table, self.encoding, self.findings)
        if b"\0" in table:
            what = "Texts of the file hold NUL bytes: it is damaged."
            raise self.findings.refused("nul_bytes", what, "Export it again.")
        assert self.known is not None
        said = "cells hold a value that the file declares missing; they are no answers."
        for at, count in zip(wanted, told["missing"], strict=True):
            self.findings.note("user_missing", count, said, self.known[at][0])
        inner = Grid(self.findings, self.sha256, self.encoding, table, ",", scan(table, ",", self.findings), [], 1)
        places = {at + 1: name for at, name in enumerate(wanted)}
        frame, rows = inner.load(places, 0, {at for at, name in places.items() if name in many})
        return frame.rename(columns=places), rows

    def expanded(self, lines: list[ColumnRole], options: Options) -> list[ColumnRole]:
        """The lines with each set as lines of its variables, and with what the file or the line says of codes."""
        assert self.known is not None
        names = {header_key(name): name for name, _ in self.known}
        by_label = {header_key(text): name for name, text in self.known}
        sets = {header_key(one.name.lstrip("$")): one for one in self.sets}
        counted = {header_key(name): one.counted for one in self.sets for name in one.variables}
        if not any(line.role == "weight" for line in lines):
            said_so = "the file names a weight variable, and no column is mapped as the weight."
            self.findings.note("weight_unused", self.weighted, said_so)
        found: list[ColumnRole] = []
        for line in lines:
            asked = None if header_key(line.column) in names else _READING.match(line.column)
            column, reading = (asked[1], asked[2]) if asked else (line.column, "")
            said = header_key(column)
            if said not in names and (one := sets.get(said.lstrip("$"))):
                found += self._members(one, line, options)
                continue
            said = said if said in names else header_key(by_label.get(said, column))
            found.append(replace(line, column=column, reading=reading, counted=counted.get(said)))
            if line.role == "choices" and not line.option and counted.get(said) is not None and not reading:
                what = "The variable is one option of a multiple-response set: ticked or not."
                self.findings.wrong("needs_option", what, "Name its option, or map the set instead.", column)
        self.findings.stop()
        return found

    def _members(self, one: ResponseSet, line: ColumnRole, options: Options) -> list[ColumnRole]:
        if line.role != "choices" or line.option:
            what = "This is a multiple-response set of the file, which answers a whole question."
            self.findings.wrong("set_is_a_question", what, "Give it the role choices and no option.", line.column)
            return []
        if one.kind == "C":
            return [replace(line, column=name) for name in one.variables]
        coder, found = Coder(options[line.question]), []
        taken: dict[str, str] = {}
        for name in one.variables:
            option = self._option_of(name, one, coder)
            if option is None or option in taken:
                what = f"The variable of the set {one.name} names no option of question {line.question!r}."
                if option:
                    what = f"The variable of the set {one.name} names the option {option!r}, as {taken[option]!r} does."
                remedy = "Add its label or name to accepts of one option, or map the set's variables one by one."
                self.findings.wrong("ambiguous_variable" if option else "unmatched_variable", what, remedy, name)
                continue
            taken[option] = name
            found.append(replace(line, column=name, option=option, counted=one.counted))
        return found

    def _option_of(self, name: str, one: ResponseSet, coder: Coder) -> str | None:
        """The option that a variable of a set means: by its label, what stands there behind the question, its name."""
        assert self.known is not None
        label = next((text for known, text in self.known if header_key(known) == header_key(name)), "")
        if one.kind == "E" and one.counted is not None:
            label = self.labels.get(name, {}).get(one.counted, "")
        texts = [label, *(label[part.end() :] for part in _PARTS.finditer(label)), name]
        return next((coder.options[coder.whole[key(text)]].option for text in texts if key(text) in coder.whole), None)

    def told(self, mapped: Mapped, options: Options) -> Mapped:
        """The mapped columns with each cell's code replaced by the label it stands for, where that is what counts."""
        return [(line, replace(cells, values=_Reading(self, line, cells, options).texts())) for line, cells in mapped]


def open_sav(root: DataRoot, spec: str, *, encoding: str = "auto") -> SavGrid:
    """Open an SPSS file below the root, of which only the dictionary is read; raises DataRefused."""
    name, _, sheet = spec.partition("#")
    raw, findings = root.read(name, sav=True), Findings(name)
    if sheet:
        raise findings.refused("missing_sheet", "The file has no sheets.", "Leave out # and what follows.")
    told, _ = _answer(raw.data, None, findings)
    blob = json.dumps(told, ensure_ascii=False).encode("latin-1")
    found = _encoding(blob, encoding, told["declared"], findings)
    told = json.loads(_decoded(blob, found, findings))
    findings.note(
        "sets_unread", told["unread"], "multiple-response sets of the file could not be read; map them by hand."
    )
    sets = tuple(ResponseSet(one["name"], one["kind"], one["counted"], tuple(one["variables"])) for one in told["sets"])
    none = Structure(*(np.empty(0, np.int64) for _ in range(3)))
    known: list[tuple[str, ...]] = list(zip(told["names"], told["texts"], strict=True))
    return SavGrid(
        findings, raw.sha256, found, raw.data, ",", none, [], 1, known, sets, told["weighted"], told["labels"]
    )


def _answer(data: bytes, wanted: list[int] | None, findings: Findings) -> tuple[dict[str, Any], bytes]:
    header, _, table = workbooks._parsed(data, {"sav": wanted}, findings).partition(b"\n")
    told: dict[str, Any] = json.loads(header)
    if "fault" in told:
        if len(data) < 176 or data[64:68] not in _LAYOUTS:
            raise findings.refused("wrong_kind", "The file begins as SPSS's do, but is none.", ANOTHER_FORMAT)
        raise findings.refused("damaged", "The SPSS file is damaged or cut off.", "Save it again as .sav or CSV UTF-8.")
    return told, table.decode("utf-8").encode("latin-1")


_LAYOUTS = {number.to_bytes(4, order) for number in (2, 3) for order in ("little", "big")}


def _encoding(blob: bytes, encoding: str, declared: str, findings: Findings) -> str:
    """What the texts are written in: as forced, as the file declares, or as its letters say where it tells nothing."""
    try:
        name = codecs.lookup(re.sub(r"^windows-?", "cp", declared.lower())).name if declared else ""
        blob.decode(name or "latin-1")
    except (LookupError, ValueError):
        name = ""
    if encoding == "auto" and name not in _ANY_WESTERN:
        return {"cp1255": "windows-1255"}.get(name, name)
    if encoding == "auto" and blob.isascii():
        return ASCII
    seen = Findings(findings.file)
    _, found = to_utf8(blob, encoding, seen)
    findings.notes += [note for note in seen.notes if not name or note.code != "latin1_fallback"]
    return found


def _decoded(data: bytes, encoding: str, findings: Findings) -> bytes:
    try:
        return data.decode("utf-8" if data.isascii() else encoding).encode("utf-8")
    except UnicodeDecodeError:
        what = f"Texts of the file are not {encoding}."
        remedy = "Set encoding: windows-1255, or save the file again as Unicode."
        raise findings.refused("encoding", what, remedy) from None


class _Reading:
    """What the distinct codes of one mapped column say."""

    def __init__(self, grid: SavGrid, line: ColumnRole, cells: Cells, options: Options) -> None:
        self.findings, self.line, self.cells = grid.findings, line, cells
        self.labels = grid.labels.get(cells.name, {})
        asks = line.role in ("choices", "segment") or (line.role in ("grid", "driver") and line.question in options)
        self.coder = Coder(options[line.question]) if asks else None

    def texts(self) -> list[str]:
        """One text for each distinct code; a fault where codes and labels mean different things."""
        line = self.line
        codes = self.cells.values
        if line.counted is not None and line.option:
            return [code and (TICKED if code == line.counted else UNTICKED) for code in codes]
        if line.reading == "codes" or line.role in _PLAIN_ROLES or not self.labels:
            return codes
        labels = [self.labels.get(code, code) for code in codes]
        if line.reading == "labels" or line.role == "asked":
            return labels
        if self.coder is None:
            return self._numbers(codes, labels)
        return self._ticks(codes, labels) if line.option else self._options(codes, labels)

    def _numbers(self, codes: list[str], labels: list[str]) -> list[str]:
        """The codes, unless labels are other numbers: then nobody knows which is the answer."""
        scale = [(rating(code), rating(label)) for code, label in zip(codes, labels, strict=True)]
        self._refuse([label is not None and code != label for code, label in scale])
        return codes

    def _options(self, codes: list[str], labels: list[str]) -> list[str]:
        """The text by which each code is an option: its label, else, where no label of the column is one, itself."""
        assert self.coder
        name, told = self.cells.name, np.array([code != label for code, label in zip(codes, labels, strict=True)])
        by_label, by_code = self.coder.one(labels), self.coder.one(codes)
        self._refuse((told & (by_label >= 0) & (by_code >= 0) & (by_label != by_code)).tolist())
        count = self.cells.count(alone := told & (by_label == UNMATCHED) & (by_code >= 0))
        if count and self.cells.count(told & (by_label >= 0)):
            what = f"Some labels of this column are options; {count:,} cells have other labels, but codes that are."
            remedy = f"Add the labels to accepts in the options table, or write '{name} (codes)'."
            self.findings.wrong("codes_or_labels", what, remedy, name)
        said = "cells were matched by their codes: no label of theirs is an option's text."
        self.findings.note("matched_by_code", count, said, name)
        # an unmatched label may hold what separates joined answers, and one of them may be an option's text
        texts = np.where(alone, codes, np.where(told & (by_label == UNMATCHED), NEITHER, labels))
        return [str(text) for text in texts]

    def _ticks(self, codes: list[str], labels: list[str]) -> list[str]:
        """Ticked or not, in the column of one option: by yes and no, by the option's text, or as X and not X."""
        assert self.coder
        found: list[str] = []
        ticks: set[str] = set()
        for code, label, count in zip(codes, labels, self.cells.counts.tolist(), strict=True):
            said = key(label)
            if code not in self.labels and code:
                ticks |= {code, NEITHER} if count and code != "0" else set()
                found.append(UNTICKED)
            elif said in SELECTED_KEYS | UNSELECTED_KEYS or said in self.coder.whole or not code:
                found.append(label)
            elif code == "0" or _NEGATIVE.match(said):
                found.append(UNTICKED)
            else:
                ticks |= {code} if count else set()
                found.append(TICKED)
        if len(ticks) > 1:
            what = "Several codes of this column are neither yes nor no, nor the option's text, by their labels."
            remedy = f"Add the label of the tick to accepts, or write '{self.cells.name} (codes)' where 1 is ticked."
            self.findings.wrong("labels_unknown", what, remedy, self.cells.name)
        return found

    def _refuse(self, wrong: list[bool]) -> None:
        if count := self.cells.count(np.array(wrong, np.bool_)):
            what = f"In {count:,} cells the code means one answer and its label another."
            remedy = f"Write '{self.cells.name} (codes)' or '{self.cells.name} (labels)' in the columns table."
            self.findings.wrong("codes_or_labels", what, remedy, self.cells.name)
