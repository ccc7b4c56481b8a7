"""The marketing team's estimates, from the export of their form to the table of sealed guesses."""

from __future__ import annotations

import datetime

from kesher.intake.questionnaire import Row, team
from kesher.readers.exports import recognise
from kesher.readers.grid import open_grid
from kesher.readers.opening import DataRoot
from kesher.words import LANGUAGES


def guesses_from(root: DataRoot, spec: str, sealed_on: datetime.date, *, wave: int = 1) -> list[Row]:
    """The rows of a ``guesses_file`` from the export of the team's form, in either language, of any program.

    Guessers are numbered in the file's order; blank cells are no guess. ``read_guesses`` judges the figures. Raises
    DataRefused, with all of them named, where reasons have no column.
    """
    asked = team().questions
    grid = open_grid(root, spec)
    names = [[*(one.said[language] for language in LANGUAGES), one.id] for one in asked]
    layout = recognise(grid, "auto", [name for several in names for name in several])
    places = [next((found[0] for name in several if (found := layout.find(name))), None) for several in names]
    for one, place in zip(asked, places, strict=True):
        if place is None:
            remedy = "Export the team's form as it was made."
            grid.findings.wrong("missing_column", "The file has no column for this reason.", remedy, one.id)
    grid.findings.stop()
    taken = [place for place in places if place is not None]
    frame, _ = grid.load(taken, layout.first)
    rows: list[Row] = [["guesser", "option", "guess_percent", "sealed_on", "wave"]]
    for guesser in range(len(frame)):
        for one, place in zip(asked, taken, strict=True):
            if cell := str(frame[place].iloc[guesser]).strip():
                rows.append([guesser + 1, one.id, cell, sealed_on.isoformat(), wave])
    return rows
