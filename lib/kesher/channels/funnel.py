"""From impressions to customers on each network, what one costs, and a contact beside what other channels charge."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from kesher.channels.goals import DAYS_PER_MONTH, Floats
from kesher.stats import benjamini_hochberg, share_interval

COUNTS = {"impressions": "impressions", "clicks": "clicks", "leads": "leads", "customers": "", "cost": "spend"}
RATES = {
    "click_rate": ("clicks", "impressions"),
    "lead_rate": ("leads", "clicks"),
    "customer_rate": ("customers", "leads"),
}
COSTS = {"cost_per_contact": "clicks", "cost_per_lead": "leads", "cost_per_customer": "customers"}
SAME_PERIOD = 0.1  # by how much, of its length, a typed period and an export's may differ and still be one
MANY = 5  # comparisons beyond which Benjamini-Hochberg has to agree


def poisson_interval(counts: ArrayLike, confidence: float = 0.95) -> tuple[Floats, Floats]:
    """Garwood's (1936) exact interval of the means behind Poisson counts.

    >>> low, high = poisson_interval(10)
    >>> print(f"{low:.2f} {high:.2f}")
    4.80 18.39
    """
    n, tail = np.asarray(counts, dtype=float), (1 - confidence) / 2
    low = np.where(n > 0, special.gammaincinv(np.where(n > 0, n, 1), tail), 0.0)
    return low, np.asarray(special.gammaincinv(n + 1, 1 - tail))


def funnel(table: pd.DataFrame | None, outcomes: pd.DataFrame | None = None, confidence: float = 0.95) -> pd.DataFrame:
    """One row per network: counts, cost and months as given, rates and what a contact, lead and customer cost.

    For click_rate (of impressions), lead_rate (of clicks), customer_rate (of leads), Wilson's interval, narrower than
    the truth where the same people are counted many times; for cost_per_contact (a contact is a click: an impression is
    none), cost_per_lead and cost_per_customer the cost, taken as known and without hours that are not in it, over
    Garwood's interval of the count. Each with _low, _high and _code: "" | "unknown" | "none" (nothing counted: only
    the low end of a cost is known) | "no_base" (nothing to take a share of) | "more_than_base" (a part larger than
    its whole).

    A network that is not in the table is taken from the exports' ``outcomes``, counts of its longest period only; a
    blank in the table is filled from them where both tell of the same length of time. ``from_exports``: names of the
    columns so filled.
    """
    found = _joined(table, outcomes)
    columns: dict[str, Floats | list[str]] = {}
    for name, (part, whole) in RATES.items():
        x, n = found[part].to_numpy(float), found[whole].to_numpy(float)
        code = np.select(
            [np.isnan(x) | np.isnan(n), n <= 0, x > n], ["unknown", "no_base", "more_than_base"], default=""
        )
        share = np.divide(x, n, out=np.full(x.size, np.nan), where=code == "")
        low, high = share_interval(np.nan_to_num(share), np.where(code == "", n, 1.0), confidence)
        bounds = (np.where(code == "", bound, np.nan) for bound in (low, high))
        columns |= dict(zip((name, f"{name}_low", f"{name}_high"), (share, *bounds), strict=True))
        columns[f"{name}_code"] = code.tolist()
    for name, count in COSTS.items():
        n, cost = found[count].to_numpy(float), found["cost"].to_numpy(float)
        code = np.select([np.isnan(n) | np.isnan(cost), n <= 0], ["unknown", "none"], default="")
        columns |= dict(zip((name, f"{name}_low", f"{name}_high"), _per_one(cost, n, confidence), strict=True))
        columns[f"{name}_code"] = code.tolist()
    return found.assign(**columns)


def _per_one(cost: Floats, counts: Floats, confidence: float) -> tuple[Floats, Floats, Floats]:
    """Cost per one counted with its interval; of none the low end only."""
    low, high = poisson_interval(np.nan_to_num(counts), confidence)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = [np.where(of > 0, cost / of, np.nan) for of in (counts, high, low)]
    return found[0], np.where(np.isnan(counts), np.nan, found[1]), np.where(np.isnan(counts), np.nan, found[2])


def _joined(table: pd.DataFrame | None, outcomes: pd.DataFrame | None) -> pd.DataFrame:
    """The typed table with what the exports add, and the names of what they added."""
    columns = ["network", *COUNTS, "months"]
    typed = pd.DataFrame(columns=columns) if table is None else table.reindex(columns=columns)
    typed = typed.set_index("network").astype(float)
    shown = pd.DataFrame(index=pd.Index([], name="network"), columns=columns[1:], dtype=float)
    days = shown[list(COUNTS)]
    if outcomes is not None and len(outcomes):
        of = outcomes.set_index("network")
        shown = pd.DataFrame({n: of.get(s, np.nan) for n, s in COUNTS.items()}, index=of.index).astype(float)
        days = pd.DataFrame({n: of.get(f"{s}_days", np.nan) for n, s in COUNTS.items()}, index=of.index).astype(float)
        longest = days.max(axis=1)  # a rate of counts that are not of the same days would be of nothing
        shown = shown.where(days.ge((1 - SAME_PERIOD) * longest, axis=0))
        shown["months"] = longest / DAYS_PER_MONTH
        shown = shown[shown.drop(columns="months").notna().any(axis=1)]
    found = typed.reindex([*typed.index, *shown.index.difference(typed.index, sort=False)])
    filler, lengths = shown.reindex(found.index), (days / DAYS_PER_MONTH).reindex(found.index)
    new = ~found.index.isin(typed.index)
    lengths["months"] = filler["months"]
    apart = lengths.sub(found["months"], axis=0).abs().reindex(columns=found.columns)
    same = apart.le(SAME_PERIOD * found["months"], axis=0)
    fill = found.isna() & filler.notna() & (same | new[:, None])
    found = found.where(~fill, filler)
    names = [tuple(fill.columns[row]) for row in fill.to_numpy()]
    return found.reset_index().assign(from_exports=pd.Series(names, dtype=object))


def per_contact(
    funnel: pd.DataFrame,
    traditional: pd.DataFrame | None = None,
    confidence: float = 0.95,
    *,
    contact: Literal["clicks", "impressions"] = "clicks",
) -> pd.DataFrame:
    """What a contact costs on each network and on other channels (contacts as given), cheapest first.

    ``contact`` says what counts as one on a network: to be seen or heard on other channels compares with impressions,
    to be answered with clicks.

    Columns: channel, kind ("network" | "traditional"), contacts, cost, per_contact, low, high (Garwood, cost taken as
    known), ratio to the cheapest channel that costs anything with ratio_low and ratio_high (exact, from the binomial
    share of one count in both: Przyborowski and Wilenski 1940), distinct (the interval of the ratio excludes 1 and,
    with more than five comparisons, Benjamini-Hochberg agrees), code: "" | "cheapest" | "free" | "none" | "unknown".
    """
    parts = [funnel.rename(columns={"network": "channel", contact: "contacts"}).assign(kind="network")]
    if traditional is not None and len(traditional):
        parts.append(traditional.assign(kind="traditional"))
    found = pd.concat(
        [part.reindex(columns=["channel", "kind", "contacts", "cost"]) for part in parts if len(part)] or parts
    )
    found = found.reindex(columns=["channel", "kind", "contacts", "cost"]).reset_index(drop=True)
    found = found.astype({"contacts": float, "cost": float})
    n, cost = found["contacts"].to_numpy(), found["cost"].to_numpy()
    each, low, high = _per_one(cost, n, confidence)
    code = np.select([np.isnan(n) | np.isnan(cost), n <= 0, cost <= 0], ["unknown", "none", "free"], default="").astype(
        object
    )
    ratio, ratio_low, ratio_high, p = np.full((4, n.size), np.nan)
    comparable = np.flatnonzero(code == "")
    if comparable.size:
        best = comparable[np.argmin(each[comparable])]
        others, code[best], ratio[best] = comparable[comparable != best], "cheapest", 1.0
        factor = cost[others] / cost[best]
        ratio[others] = each[others] / each[best]
        ratio_low[others], ratio_high[others] = (factor * x for x in _odds_interval(n[best], n[others], confidence))
        p[others] = _p_of_equal(n[best], n[others], 1 / (1 + factor))
        if others.size > MANY:
            p[others] = benjamini_hochberg(p[others])
    found = found.assign(per_contact=each, low=low, high=high, ratio=ratio, ratio_low=ratio_low, ratio_high=ratio_high)
    found = found.assign(distinct=p < 1 - confidence, code=code)
    return found.sort_values("per_contact", kind="stable", ignore_index=True)


def _odds_interval(x: float, y: Floats, confidence: float) -> tuple[Floats, Floats]:
    """Exact interval of the ratio of the means behind Poisson counts x / y, y (k,) positive (Clopper-Pearson)."""
    tail = (1 - confidence) / 2
    low, high = special.betaincinv(x, y + 1, tail), special.betaincinv(x + 1, y, 1 - tail)
    return low / (1 - low), high / (1 - high)


def _p_of_equal(x: float, y: Floats, share: Floats) -> Floats:
    """Two-sided exact p-value that of x + y counts this ``share`` falls on x; it agrees with ``_odds_interval``."""
    upper, lower = special.betainc(x, y + 1, share), special.betaincc(x + 1, y, share)
    return np.asarray(np.minimum(2 * np.minimum(upper, lower), 1.0))
