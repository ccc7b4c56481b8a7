"""Headless runs of clients' workbooks: planned, run side by side, published whole, nothing done twice."""

from kesher.run.plan import Outcome
from kesher.run.work import run_clients

__all__ = ["Outcome", "run_clients"]
