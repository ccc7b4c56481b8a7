"""The account's arithmetic: monthly flows from inputs, for one set of values or for thousands at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from kesher.loyalty.account.inputs import Values
from kesher.loyalty.ranges import Range

Floats = NDArray[np.float64]
LAYERS = ("traditional", "social", "both")


@dataclass(frozen=True)
class Paths:
    """Money, members and active members by month and scenario (T, D); ``offered`` is the part of ``reward`` that
    redeemed offers cost, ``per_effect`` the margin that an effect of 1 would bring.
    """

    margin: Floats
    per_effect: Floats
    reward: Floats
    offered: Floats
    other: Floats
    members: Floats
    active: Floats

    @cached_property
    def cost(self) -> Floats:
        return self.reward + self.other

    @cached_property
    def net(self) -> Floats:
        return self.margin - self.reward - self.other

    @cached_property
    def cumulative(self) -> Floats:
        return np.cumsum(self.net, axis=0)

    @cached_property
    def gained(self) -> Floats:
        """(D,) margin of all months."""
        return np.asarray(self.margin.sum(axis=0))

    @cached_property
    def spent(self) -> Floats:
        """(D,) cost of all months."""
        return np.asarray(self.cost.sum(axis=0))


@dataclass(frozen=True)
class Scenarios:
    """The paths with every input central (D = 1), and those of all scenarios."""

    middle: Paths
    paths: Paths
    confidence: float

    def range(self, of: Callable[[Paths], Floats]) -> Range:
        """The central value of something (D,) in its range over the scenarios."""
        return Range.of_draws(of(self.middle)[0], of(self.paths), self.confidence)


@dataclass(frozen=True)
class Flows:
    """What is known of the n months observed and how the ``ahead`` months follow from it.

    ``members``, ``active`` (n,) people; ``redeemed`` (n,) points, or money where ``in_money``; ``offered``
    (n,) what redeemed offers cost; ``other`` and ``running`` by layer: costs (n,) observed, and of one month
    ahead. The central values are an active share, and redemption and cost of offers per active member and month.
    ``discount`` (n + ahead,) values a month's end at the end of the last month observed. ``began`` is the
    first month in which anything was shared, counted from the first.
    """

    members: Floats
    active: Floats
    redeemed: Floats
    in_money: bool
    offered: Floats
    other: dict[str, Floats]
    running: dict[str, float]
    central_active: float
    central_redemption: float
    central_offered: float
    ahead: int
    discount: Floats
    shares_per_active: float
    began: int

    @property
    def observed(self) -> int:
        return self.members.size

    @property
    def activity(self) -> float:
        """Active member-months over member-months."""
        return float(self.active.sum() / self.members.sum())

    def paths(
        self, values: Values, layers: tuple[str, ...] = LAYERS, *, direct: bool = True, shared: bool = False
    ) -> Paths:
        """Flows at the inputs' ``values`` (scalars or (D,)): the members' own margin, the friends', or both.

        A month's margin is its active members times the effect per active member, so that fewer active
        members bring less and redeem less together. Months observed are facts: of the inputs only the effect and
        the cost of a point bear on them. In months ahead the effect also falls with what an active
        member redeems, for points nobody uses are no saving, they are a programme nobody uses; redeeming more than
        usual only costs more.
        """
        n, step = self.observed, np.arange(1, self.ahead + 1)[:, None]
        v = {name: np.atleast_1d(np.asarray(value, dtype=float)) for name, value in values.items()}
        size = max(a.size for a in v.values())

        def joined(past: Floats, later: Floats) -> Floats:
            return np.concatenate([np.broadcast_to(past, (n, size)), np.broadcast_to(later, (self.ahead, size))])

        staying = self.members[-1] * np.exp(step * np.log1p(-v["attrition"]))
        members = joined(self.members[:, None], staying)
        active = joined(self.active[:, None], staying * v["active_share"])
        per_effect = active / self.activity
        if self.central_redemption > 0:
            per_effect[n:] *= np.minimum(v["redemption"] / self.central_redemption, 1)
        margin = v["effect"] * per_effect if direct and "effect" in v else np.zeros(active.shape)
        if shared and "value_per_share" in v:
            friends = self.shares_per_active * v["value_per_share"] * v["share_worth"] * active
            friends[: self.began] = 0
            margin += friends
        reward = offered = np.broadcast_to(0.0, active.shape)
        if direct:
            reward = joined(self.redeemed[:, None], active[n:] * v["redemption"])
            reward *= 1.0 if self.in_money else v["point_cost"]
        if direct and self.offered.any():
            offered = joined(self.offered[:, None], active[n:] * self.central_offered)
            reward += offered
        seen = np.sum([self.other[layer] for layer in layers], axis=0)
        running = sum(self.running[layer] for layer in layers)
        other = joined(seen[:, None], running * np.exp(step / 12 * np.log1p(v["cost_drift"])))
        return Paths(margin, per_effect, reward, offered, other, members, active)

    def npv(self, paths: Paths, *, ahead: bool = False) -> Floats:
        """(D,) net present value at the end of the last month observed; of the months ahead only, if so."""
        return self.present(paths.net, self.observed if ahead else 0)

    def present(self, money: Floats, start: int) -> Floats:
        """(D,) present value of money by month (T, D), from the month ``start`` on."""
        return np.asarray(self.discount[start:] @ money[start:])
