"""The field's claims confronted with the client's own numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

from kesher.readers.claims import FieldClaim
from kesher.results import Claim, Number, Unit
from kesher.words import same

JUDGED = ("agrees", "higher", "lower")


def confront(
    claims: Sequence[FieldClaim], numbers: Mapping[str, Number], other_question: Sequence[str] = ()
) -> tuple[Claim, ...]:
    """Each claim that has one of our numbers to stand beside, with a verdict; the order is a reader's.

    Claims of the client's country come first (as given), then those that can be judged, each number's first claim
    before its second.
    The verdict is on the figure, not on the claim's words: it lies within our interval, or ours is higher or lower.
    Without an interval, or with one of a difference that holds zero, nothing is judged. Numbers whose id starts
    with one of ``other_question`` answer another question here than there.
    """

    def comparable(claim: FieldClaim) -> str:
        elsewhere = claim.number_id.startswith(tuple(other_question))
        return "different_question" if elsewhere and claim.comparable == "yes" else claim.comparable

    found, seen = [], Counter[str]()
    for claim in claims:
        if claim.number_id in numbers:
            judged = _verdict(claim, numbers[claim.number_id], comparable(claim))
            seen[claim.number_id] += 1
            order = (claim.country != claims[0].country, judged.verdict not in JUDGED, seen[claim.number_id])
            found.append((order, judged))
    return tuple(judged for _, judged in sorted(found, key=lambda one: one[0]))


def _verdict(claim: FieldClaim, found: Number, comparable: str) -> Claim:
    if found.value is None:
        verdict = "not_measured"
    elif comparable != "yes":
        verdict = comparable
    elif found.low is None or found.high is None:
        verdict = "no_interval"
    elif not found.low <= claim.value <= found.high:
        verdict = "higher" if found.value > claim.value else "lower"
    elif found.unit in ("pp", "tau", "rank") and found.low <= 0 <= found.high:
        verdict = "too_wide"  # it would agree with the claim's opposite as well
    else:
        verdict = "agrees"
    return Claim(
        id=claim.id,
        text=claim.text,
        says=claim.value,
        unit=cast(Unit, claim.unit),
        digits=found.digits if claim.unit == found.unit else 0 if claim.value % 1 == 0 else 2,
        base=claim.base,
        year=claim.year,
        country=claim.country,
        source=same(claim.source),
        grade=claim.grade,
        found=found.value,
        low=found.low,
        high=found.high,
        verdict=verdict,
        comment=claim.comment,
    )
