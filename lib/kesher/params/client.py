"""The parameters of a client, which every workbook shares: name, type, unit, range, default, one sentence each."""

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

    @property
    def day(self) -> datetime.date:
        """The date the report speaks of."""
        return datetime.date.fromisoformat(self.as_of)

    @model_validator(mode="after")
    def _bases_in_order(self) -> Self:
        if self.withhold_below > self.grey_below:
            raise ValueError("withhold_below must not be larger than grey_below")
        return self
