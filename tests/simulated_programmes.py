"""Whole programmes drawn from the sample's settings, and clients at the edge of what a workbook can meet."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from kesher.readers.ledger import LoyaltyTables, Purchases
from kesher.readers.ledger.engine import Engine
from kesher.readers.ledger.tables import CustomerKeys
from kesher.sample import Programme

DATA = Path(__file__).parents[1] / "data"
Settings = dict[str, Any]


@cache
def _read(folder: str) -> Settings:
    found: Settings = yaml.safe_load((DATA / folder / "programme.yml").read_text(encoding="utf-8"))
    return found


def settings(**changes: Any) -> Settings:
    """The sample client's programme, with other values for some of its settings."""
    return deepcopy(_read("sample")) | changes


def members_only(**changes: Any) -> Settings:
    """The second sample's: tills that know members only."""
    return deepcopy(_read("sample_members")) | changes


def _joining(**changes: Any) -> Settings:
    joining: Settings = settings()["joining"] | changes
    return {"joining": joining}


def tables(drawn: Programme) -> LoyaltyTables:
    """A drawn client as the readers would give it, without a file."""
    engine, bought = Engine(), drawn.purchases.assign(region=pd.array([pd.NA] * len(drawn.purchases), dtype="Int32"))
    connection = engine.connection
    connection.register("drawn", bought)
    columns = "customer::INTEGER AS customer, day::DATE AS day, amount, margin, region::INTEGER AS region"
    connection.execute(f"CREATE TABLE purchases AS SELECT {columns} FROM drawn")
    connection.unregister("drawn")
    connection.execute("CREATE VIEW returns AS SELECT * FROM purchases WHERE false")
    connection.execute("CREATE VIEW flows AS SELECT *, true AS occasion FROM purchases")
    buying = np.zeros(drawn.customers, dtype=bool)
    buying[bought["customer"]] = True
    rows, amount = len(bought), float(bought["amount"].sum())
    steps = [
        (step, effect, rows, int(buying.sum()), amount) for step, effect in (("rows_read", "in"), ("used", "used"))
    ]
    purchases = Purchases(
        engine=engine,
        customers=drawn.customers,
        buying=buying,
        rows=rows,
        first=bought["day"].min().date(),
        last=bought["day"].max().date(),
        has_margin=True,
        margin_rate=None,
        has_time=False,
        regions=(),
        steps=pd.DataFrame(steps, columns=["step", "effect", "rows", "customers", "amount"]),
        gaps=pd.DataFrame(columns=["start", "end", "days"]),
        notes=(),
    )
    calendar = pd.DataFrame(columns=["start", "end", "kind", "label_en", "label_he", "builtin"])
    return LoyaltyTables(
        purchases=purchases,
        members=drawn.members,
        points=drawn.points,
        offers=drawn.offers,
        shares=drawn.shares,
        holdout=None,
        rollout=None,
        costs=drawn.costs,
        calendar=calendar,
        sources=(),
        notes=(),
        week_starts="sunday",
        keys=CustomerKeys(np.arange(drawn.customers), ""),
    )


EDGES: dict[str, Settings] = {
    "one_member": settings(customers=300, member_share=1 / 300, offers=None, shares=None),
    "everybody_member": settings(customers=500, member_share=1.0, offers=None),
    "nobody_active": settings(customers=500, active=0.0),
    "joined_one_day": settings(customers=500, **_joining(first="2025-06-03", last="2025-06-03"), offers=None),
    "negative_margins": settings(customers=500, price=settings()["price"] | {"margin_rate": -0.2}, offers=None),
    "huge_spender": settings(customers=500, huge_spender=10_000.0),
    "six_weeks": settings(
        customers=500,
        days={"first": "2026-09-20", "last": "2026-10-31"},
        **_joining(first="2026-09-22", last="2026-10-20"),
        offers=None,
    ),
    "contractual": settings(customers=500, leaving=0.03, leaving_seen=True),
    "no_effect": settings(effect=0.0, offers=None),
}
