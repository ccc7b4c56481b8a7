"""What the channel workbook knows of a client, what state its answer is in, and how networks and sets are worded."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kesher.answers.channel_selection.reading import ChannelTables
from kesher.answers.figures import Found, Wording
from kesher.channels.analysis import ChannelStudy
from kesher.channels.capacity import Choice
from kesher.params import ChannelSelection
from kesher.readers.claims import FieldClaim
from kesher.stats.reach import BestSet
from kesher.words import FSI, LRI, RLI, Quantity, Text, both, same

DAYS_TO_DECIDE = datetime.timedelta(days=14)  # after the report's date; what is started starts then
PREFIXED = re.compile(
    rf"(?<![א-ת])([ובלמכ]+)([{LRI}{RLI}{FSI}]+[A-Za-z])"
)  # a Hebrew prefix letter before a Latin name


@dataclass(frozen=True)
class Material(Wording):
    """Parameters, tables and study together, and how each thing in them is worded."""

    PREFIX = "channel"

    params: ChannelSelection
    data: ChannelTables
    study: ChannelStudy
    claims: Sequence[FieldClaim]

    def say(self, key: str, **values: Any) -> Text:
        """A text of this workbook; a Hebrew prefix letter before a Latin name gets a hyphen: ב-Reddit."""
        said = super().say(key, **values)
        return said | {"he": PREFIXED.sub(r"\1-\2", said["he"])}

    @staticmethod
    def sentences(*texts: Text) -> Text:
        """Sentences one after the other."""
        return {language: " ".join(text[language] for text in texts) for language in ("en", "he")}

    @cached_property
    def _labels(self) -> dict[str, Text]:
        given = {
            row["network"]: both(row["label_en"], row["label_he"])
            for row in self.data.networks.to_dict("records")
            if row["label_en"] and row["label_he"]
        }
        asked = self.data.options.get(self.params.usage_question, [])
        return {option.option: option.label for option in asked} | given

    def network(self, id: str) -> Text:
        """A network as the client's tables word it, else as it is generally called."""
        if id in self._labels:
            return self._labels[id]
        return self.say(f"network.{id}") if self.knows(f"network.{id}") else same(id)

    def networks(self, ids: Sequence[str]) -> list[Text]:
        """Networks as a list to be joined with "and", in the order of their reach."""
        return [self.network(id) for id in self.by_reach(ids)]

    def on(self, ids: Sequence[str]) -> list[Text]:
        """Networks as a list behind "on": the Hebrew catalogue's ב stands before the first, so the others get one."""
        first, *others = self.networks(ids) or [same("")]
        return [first, *(both(one["en"], f"ב{'-' if one['he'][:1].isascii() else ''}{one['he']}") for one in others)]

    def joined(self, ids: Sequence[str]) -> Text:
        """The networks of a set, joined with a plus."""
        return self.say("table.bare", value=self._plus(self.networks(ids)))

    @staticmethod
    def _plus(texts: Sequence[Text]) -> Text:
        return {language: " + ".join(text[language] for text in texts) for language in ("en", "he")}

    def by_reach(self, ids: Sequence[str]) -> list[str]:
        """Ids of networks, the one with the largest reach first."""
        order = {name: place for place, name in enumerate(self.reached)}
        return sorted(ids, key=lambda id: (order.get(id, len(order)), id))

    @cached_property
    def reached(self) -> list[str]:
        """Every network of the audience, the one with the largest reach first."""
        found = self.study.audience
        return [] if found is None else list(found.table["network"])

    @property
    def choice(self) -> Choice | None:
        """What was chosen within capacity; None where nothing could be."""
        return self.study.choice if self.study.choice is not None and self.study.choice.publish else None

    @cached_property
    def state(self) -> str:
        """What can be answered: a choice, one among ties, one nobody knows how sure, or what stands in its way."""
        study = self.study
        if study.audience is None:
            return study.missing.get("audience", "unknown")
        if study.choice is None:
            return study.missing.get("choice", "unknown")
        if not study.choice.publish:
            if "answer_takes_all" in study.choice.codes:
                return "answer_takes_all"
            return "fit_unknown" if self._fit_unknown(study.choice) else "nothing_fits"
        if study.source == "reach" or study.sets is None:
            return "reach_only"
        if len(study.choice.tied) > 1:
            return "tied"
        return "clear" if study.choice.win_rate is not None else "unsure"

    def _fit_unknown(self, choice: Choice) -> bool:
        """Whether there is a limit, and of no set what it takes of it."""
        limits = {"hours": self.params.hours_available, "cost": self.params.money_available}
        return any(limit is not None and choice.candidates[name].isna().all() for name, limit in limits.items())

    @property
    def answered(self) -> bool:
        """Whether a set is recommended."""
        return self.state in ("tied", "clear", "unsure", "reach_only")

    @property
    def thin(self) -> bool:
        """Whether so few people stand behind the answer that nothing should be done on their word."""
        found = self.study.audience
        if found is None or self.study.source != "respondents":
            return found is None
        return min(found.base, found.effective_base) < self.params.grey_below

    @property
    def chosen(self) -> tuple[str, ...]:
        """The networks to publish on, by reach."""
        return tuple(self.by_reach(self.choice.publish)) if self.choice is not None else ()

    @property
    def answering(self) -> tuple[str, ...]:
        """The networks to answer on without publishing there, by reach."""
        if self.study.choice is None:
            return ()
        return tuple(one for one in self.by_reach(list(self.study.choice.answer["network"])) if one not in self.chosen)

    def best(self, k: int) -> BestSet | None:
        """The best set of a size."""
        return self.study.sets.of(k) if self.study.sets is not None else None

    @property
    def effective_base(self) -> float:
        """Of how many equal answers the reaches of sets are."""
        return self.study.sets.effective_base if self.study.sets is not None else math.nan

    @staticmethod
    def tied_count(best: BestSet) -> int:
        """How many sets of its size may be the best, those beyond the ranked rows included."""
        return int(best.ranked["tied"].sum()) + best.more_tied

    @cached_property
    def leaders(self) -> list[str]:
        """The networks that may be the largest: those that tie as sets of one, else by the intervals of the shares."""
        found, one = self.study.audience, self.best(1)
        if found is None or found.table.empty:
            return []
        rows = found.table.to_dict("records")
        if one is not None and one.win_rate is not None and rows[0]["network"] in {name for name, *_ in one.tied}:
            return self.by_reach([name for name, *_ in one.tied])
        choice = self.study.choice
        if self.study.marginal is not None and choice is not None and self.reach_alone:
            alone = {name for name, *_ in choice.tied}
            if rows[0]["network"] in alone:
                return self.by_reach(list(alone))
        top = rows[0]  # of the difference of two shares Newcombe's interval
        return [
            row["network"]
            for row in rows
            if not top["reach"] - row["reach"] > math.hypot(top["reach"] - top["low"], row["high"] - row["reach"])
        ]

    @property
    def reach_alone(self) -> bool:
        """Whether reach is all that is weighed."""
        weighed = self.data.goals[self.data.goals["weight"] > 0]["goal"]
        return set(weighed) <= {"reach"}

    @property
    def saving(self) -> str:
        """What the choice takes least of, where that broke a tie: "both" hours and money, "hours" or "money"."""
        choice = self.study.choice
        assert choice is not None
        tied = choice.candidates[choice.candidates["tied"]]
        hours, money = (tied[name].notna().all() for name in ("hours", "cost"))
        if hours and money and self.params.hour_cost is not None:
            return "both"
        return "hours" if hours and tied["hours"].nunique() > 1 else "money"

    @property
    def bracketed(self) -> bool:
        """Whether reaches of sets are computed from a table, so that only bounds are certain."""
        return self.study.source != "respondents"

    @property
    def audience(self) -> Text:
        """Who the audience is, in words: the target's options, or everyone asked."""
        if not self.params.target:
            return self.say(f"audience.{'everyone' if self.study.source == 'respondents' else 'table'}")
        return self.say("audience.target", conditions=[self._condition(one) for one in self.params.target])

    @property
    def people(self) -> Text:
        """The audience in a word, where its conditions have been told."""
        return self.say("audience.short") if self.params.target else self.audience

    @property
    def unlimited(self) -> BestSet | None:
        """The best set of the choice's size by reach, where it is another than the choice."""
        best = self.best(len(self.chosen))
        return best if best is not None and set(best.best) != set(self.chosen) else None

    @property
    def passed_over(self) -> str:
        """Why the best set by reach is not the choice: "over" capacity, it "ties", or it serves the goals "less"."""
        choice, best = self.study.choice, self.unlimited
        assert choice is not None and best is not None
        for row in choice.candidates.to_dict("records"):
            if set(row["names"]) == set(best.best):
                return "ties" if row["tied"] else "less" if row["fits"] else "over"
        return "less"

    @property
    def step(self) -> str:
        """How the next step is worded: it reaches more (""), perhaps ("_unsure"), or nobody more ("_less")."""
        choice = self.study.choice
        if choice is None or choice.shadow_price is None or choice.shadow_price <= 0:
            return "_less"
        return "_unsure" if "step_unsure" in choice.codes else ""

    @property
    def decided_by(self) -> datetime.date:
        """When the decision falls due."""
        return self.as_of + DAYS_TO_DECIDE

    @property
    def stages(self) -> list[dict[Any, Any]]:
        """The plan's stages."""
        return [] if self.study.plan is None else self.study.plan.to_dict("records")

    def _condition(self, condition: str) -> Text:
        question, _, wanted = condition.partition("=")
        labels = {option.option: option.label for option in self.data.options.get(question, [])}
        found = [labels.get(option, same(option)) for option in wanted.split("|")]
        return found[0] if len(found) == 1 else self.say("audience.either", options=self._or(found))

    def _or(self, texts: Sequence[Text]) -> Text:
        return {language: " / ".join(text[language] for text in texts) for language in ("en", "he")}

    @property
    def source(self) -> Text:
        """The source line of exhibits."""
        table = {"overlap": self.data.overlap, "reach": self.data.reach}.get(self.study.source)
        if table is not None and (self.params.overlap_study or self.params.reach_study) and table.source:
            return self.say("source.study", study=same(table.source))
        return self.say(f"source.{'illustrative' if self.params.illustrative else self.study.source}", date=self.as_of)

    @property
    def bases(self) -> Text:
        """The base every share of the audience is of."""
        found = self.study.audience
        if found is None or found.base <= 0:
            return same("")
        if self.study.source != "respondents":
            return self.say("bases.table", n=found.base)
        return self.say("bases.people", n=found.base, effective=Quantity(found.effective_base, "count"))

    def money(self, value: float, digits: int | None = None) -> Quantity:
        """An amount in the client's currency, with two decimals where it is small."""
        shown = (2 if abs(value) < 10 else 0) if digits is None else digits
        return Quantity(value, "money", shown, False, self.params.currency)

    def reason(self, code: str) -> Text:
        """Why something can not be had, from its code, with what would mend it."""
        code = code.partition(":")[0]
        if code == "withheld":
            return self.say("reason.withheld", threshold=self.params.withhold_below)
        return self.say(f"reason.{code if self.knows(f'reason.{code}') else 'unknown'}")

    def why(self, *parts: str) -> Text:
        """Why the first missing of these parts of the study is missing."""
        return self.reason(next((self.study.missing[one] for one in parts if one in self.study.missing), "unknown"))

    @property
    def idle(self) -> Text:
        """Why nothing is chosen, or that these data do not tell."""
        return self.reason(self.state) if not self.answered else self.reason("unknown")

    def goal(self, id: str) -> Text:
        """What a goal is called."""
        return self.say(f"goal.{id}")

    def channel(self, id: str) -> Text:
        """A channel that is no network, as the client's table words it."""
        rows = self.data.traditional.to_dict("records")
        row = next((row for row in rows if row["channel"] == id), None)
        return both(row["label_en"], row["label_he"]) if row and row["label_en"] and row["label_he"] else same(id)

    def between(self, found: Found, unit: str) -> Text:
        """A value with its range; where there is none the value, where that is missing nothing."""
        value, low, high = (None if end is None or not math.isfinite(end) else end for end in found)
        if value is None:
            return same("")
        digits = 2 if abs(value) < 10 else 0
        shown = [
            None if end is None else Quantity(end, unit, digits, False, self.params.currency)
            for end in (value, low, high)
        ]
        hidden = low is None or high is None or round(low, digits) == round(high, digits)
        if hidden:  # nobody says from 0.15 to 0.15
            return self.say("table.bare", value=shown[0])
        return self.say("table.with_interval", value=shown[0], low=shown[1], high=shown[2])

    def shape(self, code: str) -> Text:
        """What a file was read as."""
        return self.say(f"shape.{code}") if self.knows(f"shape.{code}") else same(code)
