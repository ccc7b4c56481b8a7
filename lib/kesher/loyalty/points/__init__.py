"""Points: what was issued, what will be redeemed, what is owed for them and what they cost."""

from kesher.loyalty.points.breakage import Breakage, mack
from kesher.loyalty.points.ledger import fifo
from kesher.loyalty.points.liability import Liability, allocate, recognise
from kesher.loyalty.points.study import PointsStudy, study

__all__ = ["Breakage", "Liability", "PointsStudy", "allocate", "fifo", "mack", "recognise", "study"]
