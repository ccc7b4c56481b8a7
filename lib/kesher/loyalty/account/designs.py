"""Traditional, social and hybrid programmes on the same scenarios; what a unit of cost brings back."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import pandas as pd

from kesher.loyalty.account.flows import LAYERS, Flows, Paths, Scenarios
from kesher.loyalty.account.inputs import Values
from kesher.loyalty.ranges import Range


@dataclass(frozen=True)
class Designs:
    """``table``: design, incremental_margin, cost, npv, low, high; ``differences``: design_a, design_b,
    npv_difference, low, high, distinct (the scenario range leaves zero out). Ranges are scenario ranges.
    """

    table: pd.DataFrame
    differences: pd.DataFrame


@dataclass(frozen=True)
class Multiplier:
    """(``direct``, members' own, + ``amplified``, friends' incremental margin; money) / programme cost."""

    value: Range
    direct: float
    amplified: float


def designs(flows: Flows, central: Values, drawn: Values, confidence: float) -> Designs:
    """Compare the layers: members' effect with rewards, shares alone, and both; costs of "both" count in each.

    That the layers neither help nor hinder one another is assumed.
    """
    rows, npvs = [], {}
    for name in ("traditional", "social", "hybrid"):
        layers = LAYERS if name == "hybrid" else (name, "both")
        own, shared = name != "social", name != "traditional"
        middle, paths = (flows.paths(v, layers, direct=own, shared=shared) for v in (central, drawn))
        npvs[name] = flows.npv(middle)[0], flows.npv(paths)
        npv = Range.of_draws(*npvs[name], confidence)
        rows.append((name, middle.gained[0], middle.spent[0], npv.value, npv.low, npv.high))
    apart = []
    for a, b in combinations(("hybrid", "traditional", "social"), 2):
        gap = Range.of_draws(npvs[a][0] - npvs[b][0], npvs[a][1] - npvs[b][1], confidence)
        apart.append((a, b, gap.value, gap.low, gap.high, gap.low > 0 or gap.high < 0))
    return Designs(
        pd.DataFrame(rows, columns=["design", "incremental_margin", "cost", "npv", "low", "high"]),
        pd.DataFrame(apart, columns=["design_a", "design_b", "npv_difference", "low", "high", "distinct"]),
    )


def multiplier(own: Paths, both: Scenarios) -> Multiplier | None:
    """What a unit of cost brings in incremental margin, from central paths without and all with the friends;
    None without a cost.
    """
    direct, margin = float(own.gained[0]), float(both.middle.gained[0])
    if own.spent[0] <= 0:
        return None
    return Multiplier(both.range(lambda p: p.gained / p.spent), direct, margin - direct)
