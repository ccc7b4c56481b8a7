"""The parameters of the like-motivation workbook."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from kesher.params.client import ClientParameters, Day, TablePath

Format = Literal["auto", "table", "qualtrics", "forms", "surveymonkey", "sav"]


class LikeMotivation(ClientParameters):
    """Why people press Like, what they expect, how wrong the marketing team is: ``like_motivation.yml``."""

    customers_file: TablePath = Field(description="the customers' survey export", examples=["customers.csv"])
    customers_format: Format = Field("auto", description="the export's format; auto recognises it from the content")
    encoding: Literal["auto", "utf-8", "utf-16", "windows-1255", "latin-1"] = Field(
        "auto", description="text encoding of CSV files"
    )
    columns: TablePath = Field(
        description="table that says which column answers what: group, column, role, question, option",
        examples=["intake.xlsx#columns"],
    )
    options: TablePath = Field(
        description="table of answer options: question, option, label_en, label_he, accepts, exclusive",
        examples=["intake.xlsx#options"],
    )
    base: Literal["asked", "answered", "ticked"] = Field(
        "answered", description="whom shares are of: everyone asked, who answered the question, or who ticked a reason"
    )
    other_limit: float = Field(
        0.10, ge=0, le=1, description="refuse when more than this share of answers matches no option, share"
    )
    delimiter: Literal["auto", ",", ";", "|"] = Field("auto", description="what joins several choices in one cell")
    margins: TablePath | None = Field(
        None, description="population margins to rake to: question, option, share; none keeps the weights as given"
    )
    weight_low: float = Field(0.2, gt=0, lt=1, description="smallest raked weight, times the mean")
    weight_high: float = Field(5.0, gt=1, le=100, description="largest raked weight, times the mean")
    marketers_mode: Literal["sample", "whole_team", "sealed_guesses", "published_table", "none"] = Field(
        "none", description="where the marketing side comes from"
    )
    marketers_file: TablePath | None = Field(
        None, description="the marketers' survey export, for sample and whole_team"
    )
    marketers_format: Format = Field("auto", description="the marketers' export's format")
    guesses_file: TablePath | None = Field(
        None, description="sealed guesses: guesser, option, guess_percent, sealed_on, optionally wave"
    )
    guesses_seal: str | None = Field(
        None, pattern=r"^[0-9a-f]{64}$", description="sha256 of the guesses file, noted down when it was sealed"
    )
    revealed_on: Day | None = Field(
        None, description="date the team first saw the result; guesses must be older, as 2026-10-20"
    )
    published_study: str | None = Field(
        None, max_length=80, description="study in data/published that stands for the marketers"
    )
    published_group: str = Field("marketers", max_length=80, description="group of that study")
    forms_differ: bool = Field(False, description="true when the two sides were asked in different forms")
    pressed_like_en: str = Field(
        "press Like",
        max_length=60,
        description="what people did, in English: press Like, follow the page, join the group",
    )
    pressed_like_he: str = Field("עושים לייק", max_length=60, description="the same in Hebrew, third person plural")
    fast_seconds: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="interviews faster than this count as speeders, seconds; 0 takes a third of the median",
    )
    quality_exclude: list[Literal["duplicate", "speeder", "straight_liner", "contradiction"]] = Field(
        [], description="flags whose respondents are left out; each exclusion is counted on the page"
    )
    offers_max: int = Field(3, ge=1, le=4, description="largest number of offers combined")
    resamples: int = Field(1000, ge=200, le=20000, description="resamples for win rates and ranks")

    @model_validator(mode="after")
    def _marketers_have_their_source(self) -> Self:
        sources = {"sealed_guesses": "guesses_file", "published_table": "published_study"}
        needed = "" if self.marketers_mode == "none" else sources.get(self.marketers_mode, "marketers_file")
        if needed and getattr(self, needed) is None:
            raise ValueError(f"marketers_mode {self.marketers_mode} needs {needed}")
        return self
