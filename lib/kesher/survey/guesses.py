"""The team's sealed guesses beside what customers said: where the surprise lies, and whether it shrinks.

A guess is a statement about the customers, not a sample of marketers: the only sampling error is the
customers'. Nothing here is told of a single guesser.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from kesher.faults import NotIdentified
from kesher.readers.tidy import Guesses
from kesher.stats import kendall_tau_b, ranks, tau_interval
from kesher.survey.shares import SideShares

Floats = NDArray[np.float64]
ENOUGH = 3  # guessers; with fewer, a median tells what one of them wrote
UNSURE = 10  # options whose sign of surprise is tried both ways; more are bounded


@dataclass(frozen=True)
class GuessStudy:
    """How far the team's guesses were from the customers' shares.

    ``table``, one row per option that was guessed by at least three: option, customers_share, median_guess,
    lowest_guess, highest_guess (0-1), guessers, surprise_pp (median guess minus share) with surprise_low_pp
    and surprise_high_pp, customers_rank, guessed_rank, rank_gap (customers' minus guessed). ``surprise_pp``
    is the mean absolute surprise of the median guess, with its interval; ``guesser_error_pp`` the mean
    absolute error of the individual guesses against the estimated shares (no interval: it describes this
    team). ``waves``: wave, guessers, surprise_pp, guesser_error_pp for waves of at least three; ``change_pp``
    is the last wave's surprise minus the first's, None with one wave.
    """

    table: pd.DataFrame
    surprise_pp: float
    surprise_low_pp: float
    surprise_high_pp: float
    guesser_error_pp: float
    guessers: int
    agreement_tau_b: float | None
    agreement_low: float | None
    agreement_high: float | None
    waves: pd.DataFrame
    change_pp: float | None
    seal_checked: bool
    confidence: float


def study(guesses: Guesses, customers: SideShares, *, seed: int = 0) -> GuessStudy:
    """Compare the latest wave of sealed guesses with the customers' substantive shares.

    Raises ``NotIdentified``: "no_shared_options" or "too_few_guessers" (fewer than three).
    """
    table = guesses.table[guesses.table["option"].isin(customers.compared().options)]
    if table.empty:
        raise NotIdentified("no_shared_options")
    waves = {wave: _by_option(table[table["wave"] == wave]) for wave in sorted(set(table["wave"]))}
    enough = {wave: found for wave, found in waves.items() if len(found)}
    if not enough:
        raise NotIdentified("too_few_guessers")
    found = enough[max(enough)]
    options = [option for option in customers.options if option in found.index]
    found, side = found.loc[options], customers.select(options)
    median = found["median_guess"].to_numpy(dtype=float)
    surprise, low, high = mean_absolute_surprise(median, side)
    tau = float(kendall_tau_b(side.share, median))
    tau_bounds: tuple[float, float] | None = None
    if np.isfinite(tau):
        ours, theirs = (side.share, side.covariance), (median, np.zeros_like(side.covariance))
        freedom = (side.degrees_of_freedom, np.inf)
        tau_bounds = tau_interval(ours, theirs, side.confidence, np.random.default_rng(seed), freedom)
    per_wave = pd.DataFrame([_wave(wave, table, rows, customers) for wave, rows in enough.items()])
    change = float(np.diff(per_wave["surprise_pp"].iloc[[0, -1]])[0]) if len(per_wave) > 1 else None
    result = pd.DataFrame(
        {
            "option": options,
            "customers_share": side.share,
            **{name: found[name].to_numpy() for name in found.columns},
            "surprise_pp": 100 * (median - side.share),
            "surprise_low_pp": 100 * (median - side.high),
            "surprise_high_pp": 100 * (median - side.low),
            "customers_rank": ranks(side.share),
            "guessed_rank": ranks(median),
            "rank_gap": ranks(side.share) - ranks(median),
        }
    )
    return GuessStudy(
        table=result,
        surprise_pp=100 * surprise,
        surprise_low_pp=100 * low,
        surprise_high_pp=100 * high,
        guesser_error_pp=float(per_wave["guesser_error_pp"].iloc[-1]),
        guessers=int(per_wave["guessers"].iloc[-1]),
        agreement_tau_b=tau if tau_bounds else None,
        agreement_low=tau_bounds[0] if tau_bounds else None,
        agreement_high=tau_bounds[1] if tau_bounds else None,
        waves=per_wave,
        change_pp=change,
        seal_checked=guesses.seal_checked,
        confidence=side.confidence,
    )


def as_side(study: GuessStudy, customers: SideShares) -> SideShares:
    """The median guesses as a marketing side, known and not sampled, so that gaps are measured alike."""
    rows = study.table
    guess = rows["median_guess"].to_numpy(dtype=float)
    k, people = len(rows), rows["guessers"].to_numpy(dtype=np.int64)
    return SideShares(
        group="marketers",
        question=customers.question,
        mode="whole_team",
        form=customers.form,
        base_kind="guesses",
        options=tuple(rows["option"]),
        substantive=np.ones(k, dtype=bool),
        share=guess,
        low=guess,
        high=guess,
        base=people,
        effective_base=np.full(k, np.inf),
        counts=np.full(k, -1),
        covariance=np.zeros((k, k)),
        degrees_of_freedom=np.inf,
        confidence=study.confidence,
        interval="none",
    )


def mean_absolute_surprise(guess: Floats, side: SideShares) -> tuple[float, float, float]:
    """Mean |guess - share| over the options and its interval (0-1), from the customers' sampling alone.

    The mean is a sum of shares with a sign each. Where the share's own interval holds the guess the sign is
    unsure and both are tried, as the estimate is then too large: the bounds are the extremes of the linear
    intervals.
    """
    k, z = len(guess), float(ndtri((1 + side.confidence) / 2))
    off = guess - side.share
    sign = np.where(off < 0, -1.0, 1.0)
    unsure = np.flatnonzero((side.low <= guess) & (guess <= side.high) & (side.low < side.high))
    value = float(np.abs(off).mean())
    tried = np.tile(sign, (2 ** min(len(unsure), UNSURE), 1))
    tried[:, unsure[:UNSURE]] = list(product((-1.0, 1.0), repeat=min(len(unsure), UNSURE)))
    errors = np.sqrt(np.maximum(np.einsum("si,ij,sj->s", tried, side.covariance, tried), 0)) / k
    slack = np.sqrt(np.diag(side.covariance))[unsure[UNSURE:]].sum() / k
    widest = z * (float(errors.max()) + float(slack))
    flips = 2 * float(np.abs(off[unsure]).sum()) / k
    return value, max(value - flips - widest, 0.0), value + widest


def _by_option(rows: pd.DataFrame) -> pd.DataFrame:
    """Median, lowest and highest guess and number of guessers per option with at least three."""
    found = rows.groupby("option")["guess"].agg(["median", "min", "max"])
    found.columns = pd.Index(["median_guess", "lowest_guess", "highest_guess"])
    found["guessers"] = rows.groupby("option")["guesser"].nunique()
    return found[found["guessers"] >= ENOUGH]


def _wave(wave: int, table: pd.DataFrame, found: pd.DataFrame, customers: SideShares) -> dict[str, float]:
    share = pd.Series(customers.share, index=list(customers.options))
    rows = table[(table["wave"] == wave) & table["option"].isin(found.index)]
    error = (rows["guess"] - rows["option"].map(share)).abs()
    return {
        "wave": wave,
        "guessers": int(rows["guesser"].nunique()),
        "surprise_pp": 100 * float((found["median_guess"] - share[found.index]).abs().mean()),
        "guesser_error_pp": 100 * float(error.mean()),
    }
