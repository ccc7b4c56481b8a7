"""A programme rolled out to some shops or regions: synthetic difference in differences."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kesher.faults import NotIdentified
from kesher.loyalty.effect.estimates import Estimate, estimated

SHORTEST = 6  # months before the start
FEWEST_CONTROLS = 5
PLACEBOS = 500


@dataclass(frozen=True)
class RolloutStudy:
    """The effect of the programme in the regions that got it.

    ``effect`` is per member and month where members are known, else per customer, else per region; ``did`` the
    plain difference in differences in the same unit. ``regions``: region, weight in the synthetic control.
    """

    effect: Estimate
    did: float
    regions: pd.DataFrame


def study(
    regional: pd.DataFrame,
    started: pd.Series[int],
    *,
    bases: pd.DataFrame | None = None,
    first: int = 1,
    confidence: float = 0.95,
    seed: int = 0,
) -> RolloutStudy:
    """Arkhangelsky et al. (2021), by diff-diff; interval from placebo permutations over the regions without it.

    ``regional``: region by month, money; ``started``: region -> month index, -1 never; ``bases``: region ->
    customers (fixed) and members (NaN: unknown). Months count from ``first`` months after the start on; the
    months between are left out. Raises ``NotIdentified``: "no_regions", "too_few_months", "too_few_regions",
    "several_starts", "causal_missing" (the extra ``causal`` is not installed).
    """
    start = started.reindex(regional.index).fillna(-1).astype(int)
    treated = start >= 0
    if not treated.any() or regional.empty:
        raise NotIdentified("no_regions")
    if start[treated].nunique() > 1:
        raise NotIdentified("several_starts")
    begin = int(start[treated].iloc[0])
    months = regional.columns.to_numpy(dtype=np.int64)
    months = months[(months < begin) | (months >= begin + first)]
    after = months >= begin
    if after.sum() < 1 or (~after).sum() < SHORTEST:
        raise NotIdentified("too_few_months")
    sizes = int(treated.sum()), int((~treated).sum())
    if sizes[1] < max(FEWEST_CONTROLS, sizes[0] + 1):
        raise NotIdentified("too_few_regions")
    try:
        from diff_diff import SyntheticDiD
    except ImportError:
        raise NotIdentified("causal_missing") from None
    unit = regional[months]
    if bases is not None:
        unit = unit.div(bases["customers"].reindex(regional.index), axis=0)
    long = unit.rename_axis(index="region").reset_index().melt("region", var_name="month", value_name="value")
    long["treated"] = treated.reindex(long["region"]).to_numpy().astype(int)
    fit = SyntheticDiD(seed=seed, n_bootstrap=PLACEBOS, variance_method="placebo").fit(
        long, "value", "treated", "region", "month", post_periods=list(months[after])
    )
    per, scale = _scale(bases, treated[treated].index)
    gap = unit.loc[treated].mean() - unit.loc[~treated].mean()
    return RolloutStudy(
        effect=estimated(float(scale * fit.att), float(scale * fit.se), confidence, sizes, per=per),
        did=float(scale * (gap[after].mean() - gap[~after].mean())),
        regions=fit.get_unit_weights_df().set_axis(["region", "weight"], axis=1),
    )


def _scale(bases: pd.DataFrame | None, treated: pd.Index) -> tuple[str, float]:
    """What the effect is per, and the factor to it from the unit fitted."""
    if bases is None:
        return "region", 1.0
    own = bases.loc[treated]
    if own["members"].isna().any() or not own["members"].sum():
        return "customer", 1.0
    return "member", float(own["customers"].sum() / own["members"].sum())
