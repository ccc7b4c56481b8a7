"""What the loyalty workbook reads, what state its answer is in, and how amounts, months and reasons are worded."""

from __future__ import annotations

import datetime
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from babel.dates import format_date
from babel.numbers import get_currency_precision

from kesher.answers.figures import Found, Wording
from kesher.loyalty.analysis import LoyaltyStudy
from kesher.loyalty.members import ActiveShare
from kesher.params import LoyaltyRoi, client_root
from kesher.readers import DataRoot
from kesher.readers.claims import FieldClaim
from kesher.readers.ledger import LoyaltyTables, read_ledger
from kesher.words import DATES, LANGUAGES, Quantity, Text, same, say

PER_MEMBER = ("member", "customer_offered")  # what an account by member-months can be built on
PART_COSTS = ("costs_unknown", "reward_cost_unknown", "costs_do_not_cover")  # codes: a part of the cost lacks
VERDICTS = ("pays", "does_not_pay", "cannot_tell")


def read(params: LoyaltyRoi) -> LoyaltyTables:
    """Everything the parameters name, read below the client's data root. Raises one DataRefused with all faults."""
    return read_ledger(DataRoot(client_root(params)), params)


@dataclass(frozen=True)
class Material(Wording):
    """Parameters, tables and study together, and how each thing in them is worded."""

    PREFIX = "loyalty"

    params: LoyaltyRoi
    tables: LoyaltyTables
    study: LoyaltyStudy
    claims: Sequence[FieldClaim]

    @cached_property
    def state(self) -> str:
        """What can be answered: a verdict, or what stands in its way."""
        study = self.study
        if not study.has_margin:
            return "no_margin"
        if study.members is None:
            return "few_members" if study.missing.get("members") == "withheld" else "no_members"
        if study.account is None:
            return "no_costs"
        if self.lacking is not None:
            return "part_costs"
        if not study.causal:
            return "members_only" if study.account.active_months else "nobody_active"
        return study.account.verdict if self.causal else "other_unit"

    @property
    def answered(self) -> bool:
        """Whether the account rests on a measured effect, so that it may be shown."""
        return self.state in VERDICTS

    @property
    def causal(self) -> bool:
        """Whether the account's margin rests on a measured effect."""
        effect, account = self.study.effect, self.study.account
        measured = effect is not None and effect.headline is not None and effect.headline.per in PER_MEMBER
        return measured and account is not None and account.effect_basis == "measured"

    @property
    def too_low(self) -> bool:
        """Whether a loss is not called one because members who left may hide a part of the effect."""
        effect, account = self.study.effect, self.study.account
        lost = account is not None and account.npv is not None and account.npv.high < 0
        return lost and self.state == "cannot_tell" and effect is not None and "drop_out" in effect.flags

    @property
    def lacking(self) -> str | None:
        """The code of a part of the cost that is not known; None where nothing is known to lack."""
        account = self.study.account
        return next((code for code in PART_COSTS if code in account.codes), None) if account is not None else None

    def digits(self, value: float) -> int:
        """Decimals of an amount: those of the currency where it is small, more where it is smaller than them."""
        size = abs(value)
        if size >= 100:
            return 0
        finest = next((digits for digits, least in enumerate((10, 1, 0.1, 0.01)) if size >= least), 4 if size else 0)
        return max(min(get_currency_precision(self.params.currency), 2), finest)

    def money(self, value: float, *, signed: bool = False) -> Quantity:
        """An amount in the client's currency."""
        return Quantity(value, "money", self.digits(value), signed, self.params.currency)

    def range(self, low: float, high: float) -> Text:
        """Two amounts, as finely as the larger."""
        digits = self.digits(max(abs(low), abs(high)))
        ends = {name: self.money(end)._replace(digits=digits) for name, end in (("low", low), ("high", high))}
        return self.say("table.from_to", **ends)

    def monthly(self, value: float) -> Quantity:
        """An amount a month."""
        return self.money(value)._replace(unit="money_per_month")

    def few_of(self, part: float, whole: float) -> bool:
        """Whether a part, or what is left of the whole without it, is so few people that it must not be shown."""
        return 0 < min(part, whole - part) < self.params.withhold_below

    def share_of(self, one: ActiveShare) -> Found:
        """The active share and its interval."""
        return one.share, one.low, one.high

    def between(self, found: Found, unit: str = "money", digits: int | None = None) -> Text:
        """A value with its range; where there is none the value, where that is missing nothing."""
        value, low, high = (None if end is None or not math.isfinite(end) else end for end in found)
        if value is None:
            return same("")
        kept = self.digits(max(abs(end) for end in (value, low or 0.0, high or 0.0))) if digits is None else digits
        shown = [
            None if end is None else Quantity(end, unit, kept, False, self.params.currency)
            for end in (value, low, high)
        ]
        if low is None or high is None:
            return self.say("table.bare", value=shown[0])
        return self.say("table.with_interval", value=shown[0], low=shown[1], high=shown[2])

    def month(self, index: float) -> Text:
        """A month in words: October 2026."""
        day = datetime.date(int(index) // 12, int(index) % 12 + 1, 1)
        return {language: format_date(day, "MMMM y", locale=DATES[language]) for language in LANGUAGES}

    def months(self, first: float, last: float) -> Text:
        """A month, or several: March 2026 to May 2026."""
        ends = self.month(first), self.month(last)
        return ends[0] if first == last else say("unit.interval", low=ends[0], high=ends[1])

    def short_month(self, index: float) -> Text:
        """A month as an axis has it: 10/26."""
        return same(f"{int(index) % 12 + 1}/{int(index) // 12 % 100:02}")

    @property
    def period(self) -> Text:
        """The days that the purchases cover."""
        return self.say("period", first=self.study.first_day, last=self.study.last_day)

    @property
    def horizon(self) -> Text:
        """How far the account looks ahead."""
        return self.say("months", n=self.params.horizon_months)

    @property
    def next(self) -> Text:
        """The months ahead: "next 12 months"."""
        return self.say("next", n=max(self.params.horizon_months, 1))

    @property
    def source(self) -> Text:
        """The source line of exhibits."""
        return self.say("source.illustrative" if self.params.illustrative else "source.client", date=self.as_of)

    def named(self, kind: str, code: str) -> Text:
        """What the catalogue calls a code of a kind; the code itself where it has no word for it."""
        return self.say(f"{kind}.{code}") if self.knows(f"{kind}.{code}") else self.given(code)

    def given(self, name: str) -> Text:
        """A name in the client's own words, isolated from the text around it."""
        return self.say("table.bare", value=name)

    def reason(self, code: str) -> Text:
        """Why something can not be had, from its code, with what would mend it."""
        if code == "withheld":
            return self.say("reason.withheld", threshold=self.params.withhold_below)
        return self.say(f"reason.{code if self.knows(f'reason.{code}') else 'unknown'}")

    def why(self, *parts: str) -> Text:
        """Why the first missing of these parts of the study is missing."""
        return self.reason(next((self.study.missing[part] for part in parts if part in self.study.missing), "unknown"))

    @cached_property
    def no_effect(self) -> Text:
        """Why there is no incremental effect, what would give one, and what that costs."""
        why = self.reason(self.obstacle)
        if self.study.trial is None and self.study.missing.get("trial") == self.obstacle:
            return why
        return self.say("reason.effect", why=why, test=self.test)

    @property
    def unjudged(self) -> Text:
        """Why there is no account, in short: what speaks of the effect says it at length."""
        if self.state == "part_costs":
            return self.reason("part_costs")
        short = f"{self.obstacle}_short"
        return self.reason(short if self.knows(f"reason.{short}") else self.obstacle)

    @property
    def obstacle(self) -> str:
        """The code of what stands most in the way of an incremental effect."""
        effect = self.study.effect
        if effect is None:
            return self.study.missing.get("effect", "unknown")
        if effect.naive_reason == "members_only":
            return "members_only"
        if effect.headline is not None and effect.headline.per not in PER_MEMBER:
            return "other_unit"
        return next(
            (effect.reasons[design] for design in ("staggered", "joiners") if effect.reasons.get(design)), "unknown"
        )

    @cached_property
    def test(self) -> Text:
        """The randomised test that would tell, priced; or why none can be planned."""
        plan = self.study.trial
        if plan is None:
            return self.say("test.none", why=self.why("trial"))
        words = {"size": plan.size, "weeks": plan.weeks, "cost": self.money(plan.cost)}
        if plan.code == "no_feasible_design":
            return self.say("test.too_small", detectable=self.monthly(plan.detectable), **words)
        return self.say("test.plan", **words)

    @property
    def compared(self) -> str:
        """Whom the staggered comparison takes as controls."""
        study = self.study.effect.staggered if self.study.effect is not None else None
        return study.controls if study is not None else "not_yet"

    def variant(self, design: str) -> str:
        """The key of a design, by whom it compares with."""
        return f"{design}_never" if design == "staggered" and self.compared != "not_yet" else design

    @property
    def rule(self) -> Text:
        """What counts as active."""
        rule = self.study.members.rule if self.study.members is not None else self.params.active_rule
        return self.say(f"rule.{rule}", window=self.say("months", n=self.params.active_months))


def found_of(given: Any) -> Found:
    """Value, low and high of a range, an estimate or an expectation; nothing of nothing."""
    return (None, None, None) if given is None else (given.value, given.low, given.high)
