"""A client's ledger of sales and its programme's files, as tidy tables."""

from kesher.months import NEVER
from kesher.readers.ledger.calendar import week_start
from kesher.readers.ledger.reading import read_ledger
from kesher.readers.ledger.summaries import Panel, customer_summaries, monthly, panel, regional, weekly
from kesher.readers.ledger.tables import LoyaltyTables, Purchases, pseudonyms

__all__ = [
    "NEVER",
    "LoyaltyTables",
    "Panel",
    "Purchases",
    "customer_summaries",
    "monthly",
    "panel",
    "pseudonyms",
    "read_ledger",
    "regional",
    "week_start",
    "weekly",
]
