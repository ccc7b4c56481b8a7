"""The claims of the field (data/claims.csv): what others have published or asserted."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from kesher.words import Text, both

CLAIMS_FILE = Path(__file__).resolve().parents[3] / "data" / "claims.csv"


@dataclass(frozen=True)
class FieldClaim:
    """One claim with its unit, base, place, year, source and grade; ``number_id`` is the number it stands beside.

    ``comparable`` is yes, different_base or different_question. ``value`` is in ``unit`` (shares 0-1).
    """

    id: str
    text: Text
    value: float
    unit: str
    base: Text
    year: int | None
    country: str
    source: str
    grade: str
    number_id: str
    comparable: str
    comment: Text


def read_claims(file: Path = CLAIMS_FILE, *, country: str) -> list[FieldClaim]:
    """The claims that carry a figure, those of ``country`` first and then in the file's order."""
    with file.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["value"] and row["number_id"]]
    claims = [
        FieldClaim(
            id=row["id"],
            text=both(row["text_en"], row["text_he"]),
            value=float(row["value"]),
            unit=row["unit"],
            base=both(row["base"], row["base_he"]),
            year=int(row["year"]) if row["year"] else None,
            country=row["country"],
            source=row["found_source"] or row["named_source"],
            grade=row["grade"],
            number_id=row["number_id"],
            comparable=row["comparable"],
            comment=both(row["comment_en"], row["comment_he"]),
        )
        for row in rows
    ]
    return sorted(claims, key=lambda claim: claim.country != country)
