"""One survey drawn from the made-up population, the team's sealed guesses, and the troubles of a field."""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kesher.readers.tidy import Mask, MultiSelect, Respondents, SourceReport
from kesher.sample.population import NONE, Population, Settings, substantive, truth


@dataclass(frozen=True)
class Planted:
    """One drawn survey and the truth behind it.

    ``people``: one row per answer sheet: respondent (str id), one column per segment (level id), one bool
    column "<question>.<option>" per option, "<question>.other" (text), programmes_enrolled and _active, the
    scales, "grid.<item>" (NaN where left out), duration_seconds, answered_at. ``guesses``: guesser, option,
    guess_percent, sealed_on, wave. ``margins``: population share by question and level. ``truth``: value by
    number id.
    """

    people: pd.DataFrame
    guesses: pd.DataFrame
    margins: dict[str, dict[str, float]]
    truth: dict[str, float]


def plant(settings: Settings, seed: int) -> Planted:
    """Draw one survey of the population in ``settings``; the same settings and seed give the same survey."""
    rng = np.random.default_rng(seed)
    population = Population(settings)
    people = _answers(population, settings, rng)
    guesses = _guesses(settings, rng)
    people = _disturbed(people, settings, rng)
    margins = {
        question: {level: value["share"] for level, value in settings["segments"][question]["levels"].items()}
        for question in settings["margins"]
    }
    return Planted(people, guesses, margins, truth(settings, guesses))


def as_respondents(planted: Planted, settings: Settings, group: str = "customers") -> Respondents:
    """The survey as the readers would give it, without writing a file: for simulations."""
    drawn = planted.people
    people = pd.DataFrame({"respondent": pd.factorize(drawn["respondent"])[0] + 1})
    for question in settings["segments"]:
        people[f"segment.{question}"] = drawn[question]
    numbers = ["programmes_enrolled", "programmes_active", "duration_seconds", *settings.get("scales", {})]
    for name in [*numbers, *drawn.filter(like="grid.").columns]:
        if name in drawn:
            people[name] = drawn[name].astype(float)
    questions = {}
    for name, question in settings["questions"].items():
        ticks = pd.DataFrame({option: drawn[f"{name}.{option}"] for option in question["options"]})
        if (drawn[f"{name}.other"] != "").any():
            ticks["other"] = drawn[f"{name}.other"] != ""
        answered: Mask = np.asarray(ticks.to_numpy(dtype=bool).any(axis=1))
        exclusive = frozenset({NONE} & set(ticks.columns))
        questions[name] = MultiSelect(name, ticks, np.ones(len(ticks), dtype=bool), answered, exclusive)
    source = SourceReport("planted", "", "planted", "invented", "", len(drawn), drawn.shape[1], ())
    return Respondents(group, people, questions, source)


def _answers(population: Population, settings: Settings, rng: np.random.Generator) -> pd.DataFrame:
    """Honest, complete answer sheets of those who take part."""
    n = settings["respondents"]
    cell = rng.choice(len(population.share), size=n, p=population.answering)
    people: dict[str, Any] = {"respondent": [f"P{code}" for code in rng.permutation(900_000)[:n] + 100_000]}
    for question, levels in population.levels.items():
        people[question] = np.array(levels, dtype=object)[population.codes[question][cell]]
    for name, question in settings["questions"].items():
        options = substantive(question)
        ticks: Mask
        if question.get("choose") == "one":
            chosen = rng.choice(len(options), size=n, p=[values["share"] for values in options.values()])
            ticks = np.equal.outer(chosen, np.arange(len(options)))
        else:
            rho = question.get("correlation", 0.0)
            factor, chance = rng.standard_normal((n, 1)), rng.standard_normal((n, len(options)))
            ticks = population.latent(question)[cell] + np.sqrt(rho) * factor + np.sqrt(1 - rho) * chance > 0
        answered = rng.random(n) >= question.get("skipped", 0.0)
        people |= {f"{name}.{option}": ticks[:, i] & answered for i, option in enumerate(options)}
        if NONE in question["options"]:
            people[f"{name}.{NONE}"] = ~ticks.any(axis=1) & answered
        people[f"{name}.other"] = ""
    if "programmes" in settings:
        programmes = settings["programmes"]
        mean = population.enrolled(programmes)[cell]
        people["programmes_enrolled"] = rng.poisson(mean * rng.gamma(programmes["shape"], size=n) / programmes["shape"])
        people["programmes_active"] = rng.binomial(people["programmes_enrolled"], programmes["active"])
    general = rng.standard_normal(n)
    for item, values in settings.get("grid", {}).get("items", {}).items():
        rho = settings["grid"]["correlation"]
        felt = np.sqrt(rho) * general + np.sqrt(1 - rho) * rng.standard_normal(n)
        people[f"grid.{item}"] = np.clip(np.rint(values["mean"] + values["spread"] * felt), 1, 5)
    for name, scale in settings.get("scales", {}).items():
        value = scale["mean"] + scale["noise"] * rng.standard_normal(n)
        for cause, effect in scale["effects"].items():
            value = value + effect * (np.asarray(people[cause], dtype=float) - scale.get("centre", {}).get(cause, 0))
        people[name] = np.clip(np.rint(value), scale["low"], scale["high"])
    people["duration_seconds"] = np.rint(rng.lognormal(np.log(260), 0.35, n)).clip(120)
    return pd.DataFrame(people)


def _guesses(settings: Settings, rng: np.random.Generator) -> pd.DataFrame:
    """Each guesser's guess of each reason's share, in fives, off by the team's bias and an own error."""
    rows = []
    team = settings.get("team", {"guessers": 0, "waves": []})
    for wave, how in enumerate(team["waves"], start=1):
        for guesser in range(1, team["guessers"] + 1):
            for option, values in substantive(settings["questions"]["reasons"]).items():
                guess = 100 * values["share"] + how["bias"].get(option, 0) + how["spread"] * rng.standard_normal()
                percent = int(np.clip(5 * np.rint(guess / 5), 0, 100))
                rows.append((f"m{guesser}", option, percent, how["sealed_on"], wave))
    return pd.DataFrame(rows, columns=["guesser", "option", "guess_percent", "sealed_on", "wave"])


def _disturbed(people: pd.DataFrame, settings: Settings, rng: np.random.Generator) -> pd.DataFrame:
    """The same sheets with the troubles of a field: each in rows of its own, copies of further rows."""
    trouble = settings.get("trouble", {})
    order = iter(rng.permutation(len(people)))

    def some(count: int, allowed: Mask | None = None) -> list[int]:
        fitting = (int(row) for row in order if allowed is None or allowed[row])
        return list(itertools.islice(fitting, count))

    rows = some(trouble.get("speeders", 0))
    people.loc[rows, "duration_seconds"] = rng.integers(22, 70, len(rows))
    grid = people.filter(like="grid.").columns
    rows = some(trouble.get("straight_liners", 0))
    people.loc[rows, grid] = np.repeat(rng.integers(3, 6, len(rows))[:, None], len(grid), axis=1)
    for name, question in settings["questions"].items():
        texts = question.get("other_texts", [])
        for text, row in zip(texts, some(len(texts)), strict=True):
            people.loc[row, f"{name}.other"] = text
            if NONE in question["options"]:
                people.loc[row, f"{name}.{NONE}"] = False
    if trouble.get("contradictions"):
        real = [f"reasons.{option}" for option in substantive(settings["questions"]["reasons"])]
        ticked: Mask = np.asarray(people[real].to_numpy(dtype=bool).any(axis=1))
        people.loc[some(trouble["contradictions"], ticked), f"reasons.{NONE}"] = True
    for columns in [["programmes_enrolled", "programmes_active"], *([name] for name in grid)]:
        if columns[0] in people:
            people[columns] = people[columns].astype(float)
            people.loc[rng.random(len(people)) < trouble.get("left_out", 0.0), columns] = np.nan
    start = datetime.datetime.fromisoformat(settings.get("fieldwork", {}).get("from", "2026-01-01"))
    days = settings.get("fieldwork", {}).get("days", 14)
    seconds = rng.integers(0, days, len(people)) * 86_400 + rng.integers(8 * 3600, 23 * 3600, len(people))
    people["answered_at"] = pd.to_datetime(start) + pd.to_timedelta(seconds, unit="s")
    again = people.loc[some(trouble.get("duplicates", 0))].copy()
    again["answered_at"] += pd.to_timedelta(rng.integers(60, 86_400, len(again)), unit="s")
    return pd.concat([people, again]).sort_values("answered_at", kind="stable", ignore_index=True)
