"""How wrong the comparison may be before the answer changes: in words, for the sentence, the hedge and the table."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from kesher.answers.loyalty_roi.material import Material
from kesher.loyalty.effect.bound import Bound
from kesher.words import LANGUAGES, Quantity, Text, same

DOUBTS = {"pre_trend", "placebo_fails", "not_balanced", "fragile"}  # flags of a comparison that may not be fair
AT_ONCE = 0.01  # times
SAFE = 1.0  # times what was seen before joining, up to which a drift must not undo the answer


def bounds_of(m: Material) -> dict[str, Bound]:
    """The bounds of the design that leads, the milder first, by the column that shows them."""
    effect = m.study.effect
    both = {} if effect is None else {"trend": effect.trend_bound, "step": effect.bound}
    return {name: bound for name, bound in both.items() if bound is not None}


def break_even(m: Material) -> float | None:
    """What the effect is set against; None where the cost is not known."""
    return m.study.account.break_even.value if m.study.account is not None and m.lacking is None else None


def crossing(bound: Bound, level: float) -> float:
    """The multiple from which the interval no longer lies on its side of ``level``, infinite beyond those drawn.

    Between two multiples drawn it is read off a straight line, which is early rather than late: the ends of the
    interval bend outwards.
    """
    m, low, high = (bound.rows[name].to_numpy(float) for name in ("m", "low", "high"))
    clear = low - level if low[0] > level else level - high
    lost = np.flatnonzero(clear <= 0)
    if not lost.size:
        return math.inf
    first = int(lost[0])
    return float(np.interp(0.0, clear[[first, first - 1]], m[[first, first - 1]])) if first else 0.0


def decisive(m: Material) -> float:
    """The smallest multiple of what was seen before joining that undoes the answer; infinite where nothing bounds it.

    Where a cost is known that is where break-even is no longer cleared, else where the effect is lost.
    """
    even, known = break_even(m), bounds_of(m).values()
    return min((bound.breakdown_m if even is None else crossing(bound, even) for bound in known), default=math.inf)


def hedge(m: Material) -> Text:
    """The clause that a verdict carries when it leans on a comparison that may not be fair; else nothing."""
    effect = m.study.effect
    if effect is None or effect.design not in ("staggered", "joiners"):
        return same("")
    if not DOUBTS & set(effect.flags) and decisive(m) >= SAFE:
        return same("")
    return m.say(f"headline.if_{m.compared if effect.design == 'staggered' else 'joiners'}")


def sentence(m: Material) -> Text:
    """At which multiples break-even is no longer cleared and the effect is lost, and whether that is much."""
    told = list(_told(m))
    if not told:
        return same("")
    told.append(m.say(f"bound.{'leans' if decisive(m) < SAFE else 'firm'}"))
    return {language: " ".join(one[language] for one in told) for language in LANGUAGES}


def _told(m: Material) -> Iterator[Text]:
    even = break_even(m)
    for bound in bounds_of(m).values():
        most = float(bound.rows["m"].max())
        lead = m.say(f"bound.lead_{bound.kind}", money=m.money(bound.largest_pre))
        lost = _from(m, bound.breakdown_m, 20.0)
        if even is None:
            yield m.say("bound.effect", lead=lead, lost=lost)
        else:
            yield m.say("bound.both", lead=lead, lost=lost, decision=_from(m, crossing(bound, even), most))


def _from(m: Material, multiple: float, most: float) -> Text:
    if multiple == 0:
        return m.say("bound.from_none")
    if math.isinf(multiple):
        return m.say("bound.from_far", m=Quantity(most, "ratio"))
    if multiple < AT_ONCE:
        return m.say("bound.from_once")
    return m.say("bound.from", m=Quantity(multiple, "ratio", 1 if multiple >= 0.1 else 2))


def reading(m: Material, low: float, high: float) -> Text:
    """What an interval of the effect says of the answer."""
    even = break_even(m)
    if low <= 0 <= high:
        code = "lost" if even is None or high >= even else "below"
    elif even is None:
        code = "stands"
    else:
        code = "clears" if low > even else "below" if high < even else "short"
    return m.say("bound.cell", range=m.range(low, high), reading=m.say(f"bound.{code}"))
