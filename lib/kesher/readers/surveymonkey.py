"""SurveyMonkey's exports: question over option, or both in one header, and people who stand in several rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers.findings import Findings
from kesher.readers.grid import Grid
from kesher.readers.layouts import Layout, Names
from kesher.readers.text import header_key, is_blank, key

_RESPONDENT = {"respondentid", "respondent id"}
_MORE = {"collectorid", "collector id", "date created", "date modified", "custom data 1"}
_RESPONSES = frozenset(
    map(key, ("response", "open-ended response", "antwort", "réponse", "respuesta", "תגובה", "תשובה", "תשובה פתוחה"))
)
_ROUNDED = re.compile(r"^\s*\d(?:\.\d+)?[eE]\+\d+\s*$")
NEVER = "\x1f"  # a delimiter that no cell holds: SurveyMonkey joins no answers


def surveymonkey(grid: Grid, wanted: Sequence[str]) -> Layout | None:
    """SurveyMonkey: respondent ids first, over questions with their options below or behind " - ".

    A question stands above its first column only. A single choice is named by its question, the column of an
    option "question - option".
    """
    upper, lower = (*grid.head, [], [])[:2]
    said = list(map(header_key, upper))
    if not said or said[0] not in _RESPONDENT:
        return None
    if lower and not lower[0].strip() and any(map(str.strip, lower)):
        names: Names = []
        questions = []
        question = ""
        for top, bottom in zip(upper, (lower + [""] * len(upper))[: len(upper)], strict=True):
            question, bottom = top.strip() or question, bottom.strip()
            alone = not bottom or key(bottom) in _RESPONSES
            both = f"{question} - {bottom}"
            names.append((question, both, "") if alone and top.strip() else (both, bottom, top))
            questions.append((question, bottom))
        return Layout("surveymonkey", "SurveyMonkey's two header rows", 2, names, tuple(questions))
    joined = {one.rpartition(" - ")[0] for one in said} - {""}
    if (
        _MORE & set(said)
        or any("(please specify)" in one for one in said)
        or len(joined) < sum(" - " in one for one in said)
    ):
        return Layout(
            "surveymonkey", "SurveyMonkey's respondent ids over one header row", 1, [(name,) for name in upper]
        )
    return None


def one_row_each(
    frame: pd.DataFrame, rows: NDArray[np.int64], at: int, layout: Layout, findings: Findings
) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """The frame with the rows of one respondent as one, which may fill different columns of it.

    Counted; faults where two rows of a respondent differ in a mapped column, and where a spreadsheet rounded the ids.
    """
    if rounded := int(frame[at].astype(str).str.contains(_ROUNDED).sum()):
        what = f"{rounded:,} respondent ids are rounded, as spreadsheets do (3.29E+09): people can not be told apart."
        findings.wrong("rounded_ids", what, "Use the export as it was made, or as .xlsx.", layout.shown(at))
        return frame, rows
    ids, _ = pd.factorize(frame[at].astype(str).str.strip())
    blank = np.fromiter((is_blank(cell) for cell in frame[at]), np.bool_, len(frame))
    ids = np.where(blank, ids.max(initial=0) + 1 + np.arange(len(ids)), ids)
    order = np.argsort(ids, kind="stable")
    first = np.concatenate(([True], np.diff(ids[order]) > 0))
    leader = np.empty(len(ids), np.int64)
    leader[order] = order[np.maximum.accumulate(np.where(first, np.arange(len(ids)), 0))]
    later = np.flatnonzero(leader != np.arange(len(ids)))
    if not len(later):
        return frame, rows
    frame = frame.astype(object)
    for column in map(int, frame.columns):
        cells = frame[column].to_numpy(copy=True)
        wrong: list[int] = []
        for row in later.tolist():
            if is_blank(cells[leader[row]]):
                cells[leader[row]] = cells[row]
            elif not is_blank(cells[row]) and key(cells[row]) != key(cells[leader[row]]):
                wrong.append(row)
        frame[column] = cells
        if wrong:
            what = f"{len(wrong):,} rows answer otherwise than an earlier row of the same respondent."
            remedy = (
                "Keep one row for each respondent, or set the format to table: then each row counts as an interview."
            )
            findings.wrong("conflicting_rows", what, remedy, layout.shown(column), int(rows[wrong[0]]))
    said = "rows continue an earlier row of the same respondent; joined to it."
    findings.note("joined_rows", len(later), said)
    kept = np.setdiff1d(np.arange(len(ids)), later)
    return frame.iloc[kept].reset_index(drop=True), rows[kept]
