"""What becomes of every account, and the chosen networks one at a time, each with a stop rule fixed beforehand."""

from __future__ import annotations

import datetime
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import pdtr, pdtrik

from kesher.channels.goals import column, expected
from kesher.months import WEEKS_PER_MONTH

if TYPE_CHECKING:
    from kesher.channels.capacity import Choice

STOPS = 0.10  # how often a network that does what was expected is stopped, at most
STAGED = ["stage", "network", "start", "end", "hours", "kpi", "expected", "expected_low", "expected_high"]
STAGED += ["continue_at", "stop_below", "at_risk_hours", "code"]
ACCOUNTS = ["network", "publish", "answer", "hours", "present", "dormant", "verdict", "why"]


def accounts(
    networks: pd.DataFrame | None,
    outcomes: pd.DataFrame | None,
    choice: Choice,
    *,
    as_of: datetime.date,
    dormant_days: int,
) -> pd.DataFrame:
    """What to do with each network: network, publish, answer, hours (a month), present, dormant, verdict, why.

    ``answer``: customers speak there and it is not published on (publishing includes answering). ``present`` and
    ``dormant`` (no post for more than ``dormant_days``, by the table or the network's export, whichever is later) are
    None where unknown; who has posted is present. Verdicts: "publish" (why: "chosen", "forced_in"), "answer" and, where
    no account exists to do it from, "no_account" ("customers_speak"); "leave" an account ("dormant", "below_minimum":
    it gets fewer hours than it needs to live, "not_chosen", "no_hours_known"); "stay_out" (the last two).
    """
    named = [table["network"] for table in (choice.answer, networks, outcomes) if table is not None and len(table)]
    names = list(dict.fromkeys(chain(choice.publish, *named, choice.considered)))
    good, answering, now, least = (
        column(networks, name, names) for name in ("hours_good", "hours_answer", "hours_now", "hours_minimum")
    )
    speak, last, rows = set(choice.answer["network"]), _last_post(networks, outcomes), []
    table = pd.DataFrame(columns=["network", "present"]) if networks is None else networks
    given = table.reindex(columns=["network", "present"]).set_index("network")["present"].to_dict()
    for j, name in enumerate(names):
        posted = last.get(name)
        there = posted is not None or None if pd.isna(given.get(name)) else bool(given[name])
        dormant = (as_of - posted).days > dormant_days if there and posted else None
        publish, answer = name in choice.publish, name in speak and name not in choice.publish
        why, hours = "no_hours_known" if np.isnan(good[j]) else "not_chosen", 0.0
        verdict = "leave" if there else "stay_out"
        if publish:
            verdict, why, hours = "publish", "forced_in" if name in choice.forced_in else "chosen", good[j]
        elif answer:
            verdict, why, hours = "no_account" if there is False else "answer", "customers_speak", answering[j]
        elif there:
            why = "dormant" if dormant else "below_minimum" if now[j] < least[j] else why
        rows.append((name, publish, answer, float(hours), there, dormant, verdict, why))
    return pd.DataFrame(rows, columns=ACCOUNTS).astype({"present": object, "dormant": object})


def _last_post(networks: pd.DataFrame | None, outcomes: pd.DataFrame | None) -> dict[str, datetime.date]:
    """The later of what the table and the exports say."""
    found: dict[str, datetime.date] = {}
    for table in (networks, outcomes):
        if table is not None and "last_post" in table:
            days = pd.to_datetime(table["last_post"])
            for name, day in zip(table["network"], days, strict=True):
                if not pd.isna(day):
                    found[name] = max(found.get(name, day.date()), day.date())
    return found


def staged(
    choice: Choice,
    networks: pd.DataFrame | None,
    outcomes: pd.DataFrame | None,
    *,
    trial_weeks: int,
    as_of: datetime.date,
    confidence: float = 0.95,
    dormant_days: int = 60,
    starts_on: datetime.date | None = None,
) -> pd.DataFrame:
    """One chosen network at a time, ``trial_weeks`` each from ``starts_on`` on, with its stop rule.

    An account that is alive goes first, then the most value per hour alone. Columns: stage, network, start, end,
    hours (a month, good work and never below the minimum), at_risk_hours (of the whole trial), kpi ("leads" where
    their expected figure is known, else "engagement", else "reach", which has no threshold), expected (count in the
    trial) with the Poisson range expected_low to expected_high in which it would fall at ``confidence`` were the
    expectation true, continue_at (= expected), stop_below: the largest count to stop at, so that a network that does
    what was expected is stopped in at most 10 % of trials; code: "no_expectation" (write down what is expected before
    starting), "too_few_expected" (even none would be no surprise: a longer trial is needed), "bursts" (interactions
    come in bursts, not one by one, so that the rule stops a good network more often than that), or "".
    """
    names, weeks = list(choice.publish), datetime.timedelta(weeks=trial_weeks)
    starts_on = starts_on or as_of + datetime.timedelta(days=1)
    good, least = column(networks, "hours_good", names), column(networks, "hours_minimum", names)
    hours = np.where(np.isnan(good), np.nan, np.fmax(good, least))
    table = accounts(networks, outcomes, choice, as_of=as_of, dormant_days=dormant_days).set_index("network")
    figures = {kpi: expected(kpi, names, networks, outcomes) for kpi in ("leads", "engagement")}

    def turn(j: int) -> tuple[bool, float]:
        alive = table["present"][names[j]] is True and table["dormant"][names[j]] is not True
        per_hour = choice.alone[names[j]] / hours[j] if hours[j] > 0 else np.nan
        return not alive, float(-np.nan_to_num(per_hour, nan=-1.0))

    rows = []
    for stage, j in enumerate(sorted(range(len(names)), key=turn)):
        kpi = next((kpi for kpi, of in figures.items() if np.isfinite(of[j])), "reach")
        mean = float(figures[kpi][j]) * trial_weeks / WEEKS_PER_MONTH if kpi in figures else np.nan
        start = starts_on + stage * weeks
        row = {
            "stage": stage + 1,
            "network": names[j],
            "start": start,
            "end": start + weeks - datetime.timedelta(days=1),
        }
        row |= {"hours": hours[j], "kpi": kpi, "at_risk_hours": hours[j] * trial_weeks / WEEKS_PER_MONTH}
        rows.append(row | _rule(mean, confidence, bursts=kpi == "engagement"))
    return pd.DataFrame(rows, columns=STAGED)


def _rule(mean: float, confidence: float, *, bursts: bool) -> dict[str, float | str]:
    """When to stop and when to go on, of a count with this Poisson mean."""
    if not np.isfinite(mean):
        nothing = dict.fromkeys(("expected", "expected_low", "expected_high", "continue_at", "stop_below"), np.nan)
        return nothing | {"code": "no_expectation"}
    tail = (1 - confidence) / 2
    stop = at_most(mean, STOPS)
    low, high = max(at_most(mean, tail) + 1, 0), at_most(mean, 1 - tail) + 1
    code = "too_few_expected" if stop < 0 else "bursts" if bursts else ""
    return {
        "expected": mean,
        "expected_low": low,
        "expected_high": high,
        "continue_at": mean,
        "stop_below": stop if stop >= 0 else np.nan,
        "code": code,
    }


def at_most(mean: float, level: float) -> float:
    """The largest count at or below which a Poisson count falls with a probability of at most ``level``; -1: none.

    >>> at_most(20.0, 0.10), at_most(2.0, 0.10)
    (13.0, -1.0)
    """
    if mean <= 0 or pdtr(0, mean) > level:
        return -1.0
    count = max(float(np.floor(pdtrik(level, mean))), 0.0)  # an inverse, to be put right where rounding moved it
    while pdtr(count + 1, mean) <= level:
        count += 1
    while count >= 0 and pdtr(count, mean) > level:
        count -= 1
    return count
