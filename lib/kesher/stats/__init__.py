"""Estimates from samples and what is known about them: designs, variances, intervals, ranks, resampling.

numpy and scipy.special only; every function is vectorised over its last axis, pure, and deterministic given
its inputs (and its generator, where it takes one).
"""

from kesher.stats.design import Design, bootstrap_weights, cells_of, effective_base, kish_design_effect
from kesher.stats.estimates import Mean, Shares, estimate_mean, estimate_shares, estimate_total
from kesher.stats.intervals import (
    benjamini_hochberg,
    difference_interval,
    difference_p_value,
    mean_interval,
    share_interval,
)
from kesher.stats.pattern_resamples import Resamples, resamples_from, resamples_of
from kesher.stats.ranking import independent_covariance, kendall_tau_b, rank_intervals, ranks, tau_interval
from kesher.stats.reach import BestSet, best_sets, tied_sets
from kesher.stats.usage import Usage, reach_of, reach_of_all, usage_of

__all__ = [
    "BestSet",
    "Design",
    "Mean",
    "Resamples",
    "Shares",
    "Usage",
    "benjamini_hochberg",
    "best_sets",
    "bootstrap_weights",
    "cells_of",
    "difference_interval",
    "difference_p_value",
    "effective_base",
    "estimate_mean",
    "estimate_shares",
    "estimate_total",
    "independent_covariance",
    "kendall_tau_b",
    "kish_design_effect",
    "mean_interval",
    "rank_intervals",
    "ranks",
    "reach_of",
    "reach_of_all",
    "resamples_from",
    "resamples_of",
    "share_interval",
    "tau_interval",
    "tied_sets",
    "usage_of",
]
