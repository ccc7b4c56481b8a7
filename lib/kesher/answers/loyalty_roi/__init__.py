"""Does the loyalty programme pay: what joining adds, what it costs, how sure that is, and what would change it."""

from __future__ import annotations

import pandas as pd

from kesher.answers.claims import confront
from kesher.answers.figures import assembled, files_read
from kesher.answers.loyalty_roi import advice, disclosed
from kesher.answers.loyalty_roi.economics import economics
from kesher.answers.loyalty_roi.exhibits import evidence
from kesher.answers.loyalty_roi.field import statements
from kesher.answers.loyalty_roi.material import Material, read
from kesher.answers.loyalty_roi.numbers import numbers
from kesher.answers.sheet import Sheet
from kesher.loyalty.analysis import LoyaltyStudy, analyse
from kesher.params import LoyaltyRoi
from kesher.readers.claims import read_claims
from kesher.readers.ledger import LoyaltyTables
from kesher.results import Result

WORKBOOK = "loyalty_roi"


def check(params: LoyaltyRoi) -> LoyaltyTables:
    """Read everything the parameters name, and compute nothing. Raises DataRefused."""
    return read(params)


def reading(data: LoyaltyTables) -> pd.DataFrame:
    """The files that were read."""
    return files_read(data.sources)


def answer(data: LoyaltyTables, study: LoyaltyStudy, params: LoyaltyRoi) -> Result:
    """The study turned into what the page says, in both languages."""
    claims = read_claims(country=params.country)
    m = Material(params, data, disclosed.shown(study, params.withhold_below), claims)
    found = numbers(m)
    sheet = Sheet(m)
    evidence(sheet, found)
    economics(sheet, found)
    statements(sheet, found)
    shown = sheet.done()
    return assembled(
        WORKBOOK,
        params,
        m.say("title"),
        answer=advice.answer(m, found),
        numbers=found,
        tables=shown.tables,
        charts=shown.charts,
        recommendations=advice.recommendations(m, found),
        claims=confront(claims, found),
        assumptions=advice.assumptions(m),
        method=advice.method(m),
        sources=advice.sources(m),
        warnings=advice.warnings(m),
        missing=shown.missing,
    )


__all__ = ["analyse", "answer", "check", "read", "reading"]
