"""The parameters of a client and of each workbook: name, type, unit, range, default, one sentence each."""

from __future__ import annotations

import datetime
import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema, model_validator


def _checked_date(given: str) -> str:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", given):
        raise ValueError("must be a date written as 2026-10-31")
    if not 1990 <= datetime.date.fromisoformat(given).year <= 2100:
        raise ValueError("must lie between the years 1990 and 2100")
    return given


Day = Annotated[str, AfterValidator(_checked_date)]
Name = Annotated[str, Field(min_length=1, max_length=80)]
Base = Annotated[int, Field(ge=1, le=1000)]
Format = Literal["auto", "table", "qualtrics", "forms"]
TablePath = Annotated[str, Field(min_length=1, max_length=300), WithJsonSchema({"type": "string", "format": "table"})]
"""Path of a CSV, or of an Excel workbook's sheet as ``file.xlsx#sheet``, below the data root."""


class ClientParameters(BaseModel):
    """Who the client is and what holds for all its workbooks: ``params/<client>/client.yml``."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    client: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
        description="short name of the client, as its folder is called",
        examples=["acme"],
    )
    name_en: Name = Field(description="the client's name in English", examples=["Acme Coffee"])
    name_he: Name = Field(description="the client's name in Hebrew", examples=["אקמה קפה"])
    illustrative: bool = Field(False, description="true when the data are invented: said on every page")
    country: str = Field(
        "IL", pattern=r"^[A-Z]{2}$", description="ISO 3166 code of the country whose figures come first"
    )
    currency: str = Field("ILS", pattern=r"^[A-Z]{3}$", description="ISO 4217 code of the currency of all amounts")
    vat: Literal["included", "excluded"] = Field("included", description="whether amounts include VAT")
    as_of: Day = Field(
        description="the date the report speaks of, as 2026-10-31; never today's date by itself",
        examples=["2026-10-31"],
    )
    confidence: float = Field(0.95, ge=0.5, le=0.999, description="level of every confidence interval, share")
    seed: int = Field(20261031, ge=0, le=2**32 - 1, description="seed of everything random")
    data_root: str = Field(
        min_length=1,
        max_length=300,
        description="folder of the client's files; relative to this file's folder",
        examples=["../../../clients/acme"],
    )
    grey_below: Base = Field(30, description="bases below this are shown in grey, respondents")
    withhold_below: Base = Field(10, description="bases below this are withheld, respondents")

    @model_validator(mode="after")
    def _bases_in_order(self) -> Self:
        if self.withhold_below > self.grey_below:
            raise ValueError("withhold_below must not be larger than grey_below")
        return self


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


WORKBOOKS: dict[str, type[ClientParameters]] = {"like_motivation": LikeMotivation}
"""The workbooks there are: the name of the notebook, and the model of its parameters."""
