"""The share of people who recommend the brand with 9 or 10 out of 10."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kesher.faults import NotIdentified
from kesher.stats import Design, estimate_shares, share_interval
from kesher.survey.programmes import Estimate

PROMOTER = 9  # Reichheld, The one number you need to grow, Harvard Business Review 2003


def study(people: pd.DataFrame, design: Design, *, confidence: float = 0.95) -> Estimate:
    """Estimate it (0-1) from the column recommend (0-10, NaN unanswered).

    Raises ``NotIdentified`` with "no_recommendation_column" or "one_respondent".
    """
    if "recommend" not in people or not people["recommend"].notna().any():
        raise NotIdentified("no_recommendation_column")
    answers = people["recommend"].to_numpy(dtype=float)
    answered = np.isfinite(answers)
    if answered.sum() < 2:
        raise NotIdentified("one_respondent")
    found = estimate_shares((answers >= PROMOTER)[:, None], answered, design)
    low, high = share_interval(found.share, found.effective_base, confidence, found.degrees_of_freedom)
    share, effective = float(found.share[0]), float(found.effective_base[0])
    return Estimate(share, float(low[0]), float(high[0]), found.base, effective)
