"""Public data that nobody here made; skipped where the folder is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from readers_kit import Desk, noted, refused

REAL = Path(__file__).resolve().parents[2] / "shared" / "real" / "survey"
OPTIONS = """question,option,label_en,label_he,accepts,exclusive
reasons,myself,Myself,לעצמי,1,
reasons,others,Others,לאחרים,2,
reasons,advice,Advice,ייעוץ,3,
reasons,prices,Prices,מחירים,4,
reasons,something,Other,אחר,96,
reasons,dont_know,Don't know,לא יודע,98,yes
reasons,never,Never,אף פעם,99,yes
"""
# weighted shares of q9 in per cent, base 8,255
SHARES = {
    "myself": 36.97,
    "others": 20.87,
    "advice": 10.86,
    "prices": 27.62,
    "something": 4.13,
    "dont_know": 15.80,
    "never": 33.55,
}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    if not REAL.is_dir():
        pytest.skip("the folder of real data is not here")
    made = Desk(tmp_path)
    made.write("options.csv", OPTIONS)
    return made


def test_a_delimited_set_with_weights(desk: Desk) -> None:
    shutil.copy(REAL / "yougov_example_a.csv", desk.folder / "survey.csv")
    desk.columns("unique_id: respondent", "weight_a: weight", "q9: choices reasons", "duration: duration", "Wave: wave")
    read = desk.read()
    question, weight = read.questions["reasons"], read.people["weight"].to_numpy()
    base = question.base("answered")
    assert base.sum() == 8255
    for option, share in SHARES.items():
        assert 100 * weight[question.ticks[option]].sum() / weight.sum() == pytest.approx(share, abs=0.005)
    assert "other" not in question.ticks.columns
    cells = pd.read_csv(REAL / "yougov_example_a.csv", usecols=["q9"])["q9"]
    assert question.ticks.to_numpy().sum() == cells.str.count(";").sum()
    assert (cells.str.contains("9")).sum() == 4608  # what a search for the text 9 would have counted
    assert np.nanmedian(read.people["duration_seconds"]) > 60


def test_a_code_that_does_not_exist_is_ticked_by_nobody(desk: Desk) -> None:
    shutil.copy(REAL / "yougov_example_a.csv", desk.folder / "survey.csv")
    desk.write("options.csv", OPTIONS + "reasons,nine,Nine,תשע,9,\n")
    desk.columns("q9: choices reasons")
    assert not desk.read().questions["reasons"].ticks["nine"].any()


def test_two_header_rows_and_bytes_of_another_encoding(desk: Desk) -> None:
    """Star Wars: three bases of the same ticks, and bytes that are not UTF-8 in the header."""
    shutil.copy(REAL / "StarWars.csv", desk.folder / "survey.csv")
    films = ["menace", "clones", "sith", "hope", "empire", "jedi"]
    names = [
        "Star Wars: Episode I  The Phantom Menace",
        "Star Wars: Episode II  Attack of the Clones",
        "Star Wars: Episode III  Revenge of the Sith",
        "Star Wars: Episode IV  A New Hope",
        "Star Wars: Episode V The Empire Strikes Back",
        "Star Wars: Episode VI Return of the Jedi",
    ]
    lines = [f"seen,{film},{name},{name},," for film, name in zip(films, names, strict=True)]
    desk.write("options.csv", "question,option,label_en,label_he,accepts,exclusive\n" + "\n".join(lines) + "\n")
    above = "Which of the following Star Wars films have you seen? Please select all that apply."
    desk.columns(
        "RespondentID: respondent",
        "Have you seen any of the 6 films in the Star Wars franchise?: asked seen",
        *(f"{above} - {name}: choices seen {film}" for film, name in zip(films, names, strict=True)),
    )
    read = desk.read()
    question = read.questions["seen"]
    menace = question.ticks["menace"].to_numpy()
    assert len(read.people) == 1186 and menace.sum() == 673
    assert (question.base("asked").sum(), question.base("answered").sum()) == (936, 835)
    assert (menace & ~question.base("answered")).sum() == 0
    assert read.source.encoding in ("windows-1252", "latin-1")
    assert noted(read, "latin1_fallback") == 2
    assert read.people["respondent"].is_unique
    with refused("encoding"):
        desk.read(encoding="utf-8")
