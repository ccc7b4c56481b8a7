"""Made-up clients with a known best set within their hours, and trials of networks with a known mean."""

from __future__ import annotations

import numpy as np
import pandas as pd

from kesher.channels.capacity import choose
from kesher.channels.plan import STOPS, at_most
from kesher.channels.sets import from_respondents
from kesher.readers.tidy import MultiSelect
from kesher.stats import Design
from kesher.stats.reach import Usage

NETWORKS = 7
GOALS = pd.DataFrame(
    {
        "goal": ["reach", "leads", "service"],
        "weight": [6.0, 2.0, 1.0],
        "zero": [0.1, 0.0, 0.0],
        "full": [0.9, 60.0, 10.0],
    }
)


def population(rng: np.random.Generator, apart: float) -> tuple[np.ndarray, np.ndarray]:
    """(2**k,) shares of everyone's patterns: networks go together, as a common taste makes them; ``apart`` is the
    standard deviation of their appeal in logits."""
    masks = np.arange(1 << NETWORKS)
    ticks = masks[:, None] >> np.arange(NETWORKS) & 1
    appeal, taste = rng.normal(-0.7, apart, NETWORKS), 0.7 + rng.uniform(-0.5, 0.5, NETWORKS) * min(apart, 1)
    shares = np.zeros(masks.size)
    for z in np.linspace(-2.5, 2.5, 21):
        p = 1 / (1 + np.exp(-(appeal + taste * z)))
        shares += np.exp(-z * z / 2) * np.prod(np.where(ticks, p, 1 - p), axis=1)
    return masks, shares / shares.sum()


def planted(seed: int, n: int = 500, resamples: int = 300, apart: float = 0.9) -> bool:
    """Whether the tied sets of one client hold the set that is truly best within the hours; of networks hardly
    ``apart`` every set takes the same hours and brings the same leads. Every third client has a network forced in and
    money for some sets only; every fourth asked people in clusters of ten who are much alike.
    """
    rng = np.random.default_rng(seed)
    masks, shares = population(rng, apart)
    names = tuple(f"n{j}" for j in range(NETWORKS))
    networks = pd.DataFrame(
        {
            "network": names,
            "hours_good": rng.integers(8, 30, NETWORKS).astype(float),
            "hours_answer": rng.integers(1, 5, NETWORKS).astype(float),
            "mentions": rng.integers(0, 3, NETWORKS).astype(float),
            "leads": rng.integers(0, 25, NETWORKS).astype(float),
            "cost": np.linspace(60, 220, NETWORKS),
        }
    )
    if apart < 0.2:
        networks = networks.assign(hours_good=20.0, mentions=0.0, leads=10.0)
    drawn, clusters = rng.choice(masks, n, p=shares), None
    if seed % 4 == 3:
        clusters = np.arange(n) // 10
        alike = rng.choice(masks, clusters[-1] + 1, p=shares)[clusters]
        drawn = np.where(rng.random(n) < 0.6, alike, drawn)
    ticks = (drawn[:, None] >> np.arange(NETWORKS) & 1).astype(bool)
    everybody = np.ones(n, dtype=bool)
    question = MultiSelect("networks", pd.DataFrame(ticks, columns=list(names)), everybody, everybody, frozenset())
    of = Design(rng.gamma(4, 0.25, n), clusters=clusters)
    study = from_respondents(question, everybody, of, largest=1, resamples=resamples, seed=seed)
    limits = {"publish_most": 3, "hours_available": 60.0, "mentions_least": 1.0}
    if seed % 3 == 2:
        limits |= {"forced_in": ("n0",), "money_available": 400.0}
    found = choose(study.usage, study.resamples, study.effective_base, networks, GOALS, None, **limits)
    whole = choose(Usage(names, masks, shares), None, np.inf, networks, GOALS, None, **limits)
    return whole.leader in found.tied


def stopped(mean: float, trials: int, seed: int) -> float:
    """Share of trials that the rule stops although the network does just what was expected."""
    counts = np.random.default_rng(seed).poisson(mean, trials)
    return float((counts <= at_most(mean, STOPS)).mean())
