"""The parameters of the loyalty-ROI workbook."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kesher.params.client import ClientParameters, Day, TablePath

ColumnName = Annotated[str, Field(min_length=1, max_length=200)]
Share = Annotated[float, Field(ge=0, le=1)]
Money = Annotated[float, Field(ge=0, le=1e12)]


class LoyaltyRoi(ClientParameters):
    """Does the loyalty programme pay: incremental margin, cost, liability, sharing: ``loyalty_roi.yml``."""

    transactions_file: TablePath = Field(
        description="purchases: a CSV, Parquet or Excel file, or a folder of files of one kind",
        examples=["transactions.csv"],
        json_schema_extra={"folder": True},
    )
    encoding: Literal["auto", "utf-8", "utf-16", "windows-1255", "latin-1"] = Field(
        "auto", description="text encoding of CSV files"
    )
    customer_column: ColumnName = Field(
        "customer", description="column of the customer's key; pseudonymised on reading"
    )
    time_column: ColumnName = Field("date", description="column of the day or moment of the purchase")
    amount_column: ColumnName = Field("amount", description="column of the amount paid; negative for a return")
    margin_column: ColumnName | None = Field(None, description="column of the contribution margin, without VAT")
    margin_rate: Share | None = Field(
        None, description="contribution margin over net sales where there is no margin column, share"
    )
    order_column: ColumnName | None = Field(None, description="column of the basket or invoice")
    product_column: ColumnName | None = Field(None, description="column of the product, used to match returns")
    quantity_column: ColumnName | None = Field(None, description="column of the quantity, negative for a return")
    region_column: ColumnName | None = Field(
        None, description="column of the shop or region, for a programme rolled out"
    )
    channel_column: ColumnName | None = Field(None, description="column of the sales channel")
    day_first: Literal["auto", "yes", "no"] = Field(
        "auto", description="whether 03/04/2026 is the third of April; auto looks for days beyond the 12th"
    )
    vat_rate: Share = Field(0.18, description="VAT taken out of amounts when client.yml says they include it, share")
    return_days: int = Field(400, ge=0, le=3650, description="a return is matched to a sale at most this old, days")
    test_customers_file: TablePath | None = Field(
        None, description="customers to leave out, such as tests and the house account: customer"
    )
    members_file: TablePath | None = Field(
        None, description="the programme's members: customer, joined, optionally tier and left"
    )
    points_file: TablePath | None = Field(
        None, description="points ledger: customer, date, event (earned, redeemed, expired, adjusted), points"
    )
    offers_file: TablePath | None = Field(
        None, description="offers: customer, offer, tactic, group (offered or control), sent, seen, redeemed, cost"
    )
    shares_file: TablePath | None = Field(
        None, description="shares and referrals: customer, date, network, friend, amount"
    )
    holdout_file: TablePath | None = Field(
        None, description="randomised holdout: customer, group (programme or holdout), since"
    )
    holdout_planned: Share | None = Field(
        None, description="share of members the plan holds out, for the sample-ratio test"
    )
    rollout_file: TablePath | None = Field(
        None, description="when each shop or region got the programme: region, started (blank: never)"
    )
    costs_file: TablePath | None = Field(
        None, description="programme costs: month, line, layer (traditional, social or both), amount"
    )
    calendar_file: TablePath | None = Field(
        None, description="weeks to mark: start, end, kind (holiday or break), label_en, label_he"
    )
    setting: Literal["noncontractual", "contractual"] = Field(
        "noncontractual", description="whether a customer's leaving is seen (a subscription) or not (a shop)"
    )
    renewal_months: int = Field(12, ge=1, le=36, description="length of a contract before renewal, months")
    holdout_share: Share = Field(
        0.2, description="largest share of members a test may withhold the programme from, share"
    )
    active_rule: Literal["earned_or_redeemed", "purchased"] = Field(
        "earned_or_redeemed", description="what makes a member active; without a points ledger: purchased"
    )
    active_months: int = Field(12, ge=1, le=36, description="within how many months before the report's date, months")
    pre_months: int = Field(6, ge=2, le=24, description="months before joining that a comparison needs, months")
    drop_before: int = Field(1, ge=0, le=3, description="months before the joining month left out, months")
    drop_after: int = Field(0, ge=0, le=3, description="months after the joining month left out with it, months")
    point_value: Money | None = Field(None, description="what a point is worth to a member, currency per point")
    point_cost: Money | None = Field(None, description="what a redeemed point costs, currency per point")
    points_expire: int = Field(0, ge=0, le=120, description="age at which points expire, months; 0: never")
    discount_rate: Share = Field(0.08, description="yearly discount rate, share")
    discount_rate_on: Day | None = Field(None, description="date the discount rate was set, as 2026-09-01")
    horizon_months: int = Field(12, ge=0, le=60, description="months the account looks ahead, months")
    draws: int = Field(10_000, ge=1000, le=200_000, description="scenarios drawn for the account")
    lift_low: float | None = Field(
        None,
        ge=-1,
        le=5,
        description="smallest lift of a member's margin worth a scenario, share; only where none is measured",
    )
    lift_high: float | None = Field(None, ge=-1, le=5, description="largest lift worth a scenario, share")
    share_worth_low: Share = Field(0.1, description="smallest part of what shares bring that is incremental, share")
    share_worth_high: Share = Field(0.5, description="largest part of what shares bring that is incremental, share")
    currency_per_dollar: float | None = Field(
        None, gt=0, le=1e6, description="the currency's units per US dollar, for published values per share"
    )

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        if (self.lift_low is None) != (self.lift_high is None):
            raise ValueError("lift_low and lift_high go together")
        for low, high in (("lift_low", "lift_high"), ("share_worth_low", "share_worth_high")):
            if getattr(self, low) is not None and getattr(self, low) > getattr(self, high):
                raise ValueError(f"{low} must not be larger than {high}")
        if self.rollout_file is not None and self.region_column is None:
            raise ValueError("rollout_file needs region_column")
        if self.margin_column is not None and self.margin_rate is not None:
            raise ValueError("give margin_column or margin_rate, not both")
        return self
