"""The parameters of the channel-selection workbook."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from kesher.params.client import ClientParameters, Day, TablePath
from kesher.params.like_motivation import Format

NetworkId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")]
Condition = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,80}=[a-z0-9_]{1,80}(\|[a-z0-9_]{1,80})*$")]
Networks = Annotated[list[NetworkId], Field(max_length=40)]
MOST_PUBLISHED = 4
USUAL: dict[str, Any] = {"usual": True}  # given in the template, which without it would be no client


class ChannelSelection(ClientParameters):
    """Which one or two networks to concentrate on, and where else to answer: ``channel_selection.yml``."""

    respondents_file: TablePath | None = Field(
        None,
        description="survey that says which networks each person uses",
        examples=["audience.csv"],
        json_schema_extra=USUAL,
    )
    respondents_format: Format = Field("auto", description="the export's format; auto recognises it from the content")
    encoding: Literal["auto", "utf-8", "utf-16", "windows-1255", "latin-1"] = Field(
        "auto", description="text encoding of CSV files"
    )
    columns: TablePath | None = Field(
        None,
        description="table that says which column answers what: group (audience or blank), column, role, question, "
        "option",
        examples=["intake.xlsx#columns"],
        json_schema_extra=USUAL,
    )
    options: TablePath | None = Field(
        None,
        description="table of answer options: question, option, label_en, label_he, accepts, exclusive",
        examples=["intake.xlsx#options"],
        json_schema_extra=USUAL,
    )
    usage_question: str = Field(
        "networks", pattern=r"^[a-z0-9_]{1,80}$", description="question whose options are the networks a person uses"
    )
    base: Literal["asked", "answered"] = Field(
        "asked", description="whom reach is of: asked counts blanks, such as of people not online, as non-users"
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
    target: Annotated[list[Condition], Field(max_length=8)] = Field(
        [],
        description="who the audience is: conditions question=option or question=option|option, all of them met; "
        "none: everyone asked",
        examples=[["age=18_29", "sex=female"]],
    )
    overlap_file: TablePath | None = Field(
        None, description="overlap table: network, reach, then a column per network; where there are no respondents"
    )
    overlap_of: Literal["row_users", "everyone"] = Field(
        "row_users", description="whom the overlap table's cells are shares of: the row network's users, or everyone"
    )
    overlap_study: str | None = Field(
        None, max_length=80, description="study in data/published whose overlap table stands for the audience"
    )
    reach_file: TablePath | None = Field(
        None,
        description="reach of each network alone: network, share (or reach), n, base, year, source; the last resort",
    )
    reach_study: str | None = Field(
        None, max_length=80, description="study in data/published whose shares stand for the audience"
    )
    population_study: str | None = Field(
        None, max_length=80, description="study in data/published that stands for the population, for the index"
    )
    networks_file: TablePath | None = Field(
        None, description="the networks: hours, costs, where customers speak, competitors; best sheet of the intake"
    )
    goals_file: TablePath | None = Field(None, description="goals: goal, weight, zero, full; none weighs reach alone")
    exports_folder: TablePath | None = Field(
        None, description="the networks' own exports, a file or a folder of files", json_schema_extra={"folder": True}
    )
    exports_from: Day | None = Field(None, description="first day the exports count from, as 2026-08-01")
    day_first: Literal["auto", "yes", "no"] = Field(
        "auto", description="whether 03/04/2026 is the third of April; auto looks for days beyond the 12th"
    )
    funnel_file: TablePath | None = Field(
        None, description="leads by network: network, impressions, clicks, leads, customers, cost, months"
    )
    traditional_file: TablePath | None = Field(
        None, description="other channels to compare with: channel, label_en, label_he, contacts, cost"
    )
    publish_most: int = Field(
        2, ge=1, le=MOST_PUBLISHED, description="largest number of networks to publish on, networks"
    )
    largest_set: int = Field(5, ge=1, le=22, description="largest set whose reach is shown, networks")
    force_in: Networks = Field([], description="networks that every set holds")
    force_out: Networks = Field([], description="networks that no set holds")
    minimum_presence: float = Field(
        0.0, ge=0, le=1, description="networks that reach less of the audience are in no set, share"
    )
    hours_available: float | None = Field(
        None, ge=0, le=10_000, description="hours there are for all networks together, hours per month"
    )
    money_available: float | None = Field(
        None, ge=0, le=1e12, description="money there is beside the hours, currency per month"
    )
    hour_cost: float | None = Field(None, ge=0, le=1e6, description="what an hour of work costs, currency per hour")
    competitors: int | None = Field(
        None, ge=1, le=1000, description="how many competitors were looked at, for the networks table's competitors"
    )
    mentions_least: float = Field(
        1.0, ge=0, le=1e9, description="customers speak on a network from this many mentions on, mentions per month"
    )
    dormant_days: int = Field(60, ge=1, le=3650, description="an account without a post for longer is dormant, days")
    trial_weeks: int = Field(12, ge=2, le=52, description="weeks a network gets before its stop rule is read, weeks")
    resamples: int = Field(1000, ge=200, le=20000, description="resamples for win rates and ties")

    @model_validator(mode="after")
    def _inputs_fit(self) -> Self:
        if self.respondents_file is not None:
            for name in ("columns", "options"):
                if getattr(self, name) is None:
                    raise ValueError(f"respondents_file needs {name}")
        elif self.target or self.margins is not None:
            raise ValueError("target and margins need respondents_file")
        sources = ("respondents_file", "overlap_file", "overlap_study", "reach_file", "reach_study")
        if all(getattr(self, name) is None for name in sources):
            raise ValueError(f"one of {', '.join(sources)} is needed")
        for one, other in (("overlap_file", "overlap_study"), ("reach_file", "reach_study")):
            if getattr(self, one) is not None and getattr(self, other) is not None:
                raise ValueError(f"give {one} or {other}, not both")
        if both := sorted({*self.force_in} & {*self.force_out}):
            raise ValueError(f"force_in and force_out both name {', '.join(both)}")
        if len(set(self.force_in)) > self.publish_most:
            raise ValueError("force_in names more networks than publish_most allows")
        return self
