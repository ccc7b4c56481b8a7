"""Purchase days: baskets of a day merged, margins and regions settled, the calendar's gaps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from kesher.readers.ledger.cleaning import Cleaning
from kesher.readers.ledger.tables import Purchases
from kesher.readers.ledger.values import is_visual, logical
from kesher.readers.text import key

GAP_DAYS, GAP_TIMES = 7, 3  # a gap is at least a week, and longer than thrice the usual longest pause


def purchase_days(cleaning: Cleaning, customers: int) -> Purchases:
    """Merge the lines of each customer and day; nothing that names a customer stays behind."""
    engine, lines = cleaning.engine, cleaning.lines
    regions = _regions(cleaning) if cleaning.has("region") else ()
    _merge(cleaning, bool(regions))
    if not cleaning.dropping:
        cleaning.add("duplicates_kept", "kept", _doubles(cleaning))
    rows, first, last = engine.one("SELECT count(*), min(day), max(day) FROM purchases")
    if not rows:
        what = "Every purchase was brought back or cancelled."
        raise lines.findings.refused("no_rows", what, "Look at the columns named in the parameters.")
    used, merged, amount = engine.one("SELECT count(*), sum(lines) - count(*), sum(amount) FROM days")
    if merged:
        people = engine.one("SELECT count(DISTINCT customer) FROM days WHERE lines > 1")[0]
        cleaning.add("same_day_merged", "out", (merged, people, 0))
    buying, people = np.ones(customers, np.bool_), customers
    if cleaning.returns or cleaning.others:  # else every customer stands in a line that counts
        people = engine.one("SELECT count(DISTINCT customer) FROM days")[0]
        bought = engine.connection.execute("SELECT DISTINCT customer FROM purchases").fetchnumpy()["customer"]
        buying = np.isin(np.arange(customers), bought)
    cleaning.add("used", "used", (used, people, amount / cleaning.net), always=True)
    sales = engine.connection.execute("SELECT DISTINCT day FROM purchases ORDER BY day").fetchnumpy()["day"]
    for view in ("clean", "single", "good", "signed", "raw_lines"):
        engine.run(f"DROP VIEW {view}")
    for table in engine.rows("SELECT table_name FROM duckdb_tables() WHERE table_name <> 'days'"):
        engine.run(f'DROP TABLE "{table[0]}"')
    engine.connection.unregister("sheet_lines")
    steps = pd.DataFrame(cleaning.steps, columns=["step", "effect", "rows", "customers", "amount"])
    rate = None if cleaning.has_margin else cleaning.params.margin_rate
    has_margin = cleaning.has_margin or rate is not None
    return Purchases(
        engine, customers, buying, int(rows), first, last, has_margin, rate, bool(cleaning.has_time), regions,
        steps, gaps(pd.DatetimeIndex(sales)), tuple(lines.findings.notes),
    )  # fmt: skip


def _regions(cleaning: Cleaning) -> tuple[str, ...]:
    """The names of the regions, sorted; a table gives each raw region its place among them."""
    found = cleaning.lines.regions
    turn = logical if is_visual(list(found.values())) else str
    names = {raw: " ".join(turn(name).split()) for raw, name in found.items()}
    spelt: dict[str, str] = {}
    for name in sorted(filter(None, names.values())):
        spelt.setdefault(key(name), name)
    regions = tuple(sorted(spelt.values()))
    order = {name: at for at, name in enumerate(regions)}
    places = {raw: order[spelt[key(name)]] for raw, name in names.items() if name}
    frame = pd.DataFrame({"region": list(places), "place": np.array(list(places.values()), np.int32)})
    cleaning.engine.table("places", frame)
    return regions


def _merge(cleaning: Cleaning, with_regions: bool) -> None:
    """The table ``days`` and the views on it that stay: ``purchases``, ``returns`` and ``flows``."""
    rate = cleaning.params.margin_rate
    chosen = ["customer", "CAST(moment AS DATE) AS day", f"sum(amount) * {cleaning.net!r} AS amount"]
    margin, region, occasion = "CAST(NULL AS DOUBLE) AS margin", "CAST(NULL AS INTEGER) AS region", "true"
    if cleaning.has_margin:
        chosen.append(f"sum(coalesce(margin, amount * {cleaning.net * cleaning.ratio!r})) AS margin")
        margin = "margin"
    elif rate is not None:
        margin = f"amount * {rate!r} AS margin"
    if with_regions:
        chosen.append("arg_max(place, abs(amount)) AS region")
        region = "region"
    if cleaning.returns:
        chosen.append("bool_or(amount >= 0) AS occasion")
        occasion = "occasion"
    chosen.append("CAST(count(*) AS UINTEGER) AS lines")
    source = "clean" + (" LEFT JOIN places USING (region)" if with_regions else "")
    cleaning.engine.run(f"CREATE TABLE days AS SELECT {', '.join(chosen)} FROM {source} GROUP BY 1, 2")
    columns = f"SELECT customer, day, amount, {margin}, {region}"
    cleaning.engine.run(f"CREATE VIEW purchases AS {columns} FROM days WHERE {occasion}")
    cleaning.engine.run(f"CREATE VIEW returns AS {columns} FROM days WHERE NOT {occasion}")
    cleaning.engine.run(f"CREATE VIEW flows AS {columns}, {occasion} AS occasion FROM days")


def _doubles(cleaning: Cleaning) -> tuple[Any, ...]:
    """Rows, customers and amount of the exact doubles among lines of the same customer and day."""
    engine = cleaning.engine
    engine.run("CREATE TABLE busy AS SELECT raw, day FROM days JOIN codes USING (customer) WHERE lines > 1")
    if not engine.one("SELECT count(*) FROM busy")[0]:
        return (0, 0, 0)
    # without the codes: joining all lines to them once more would cost as much as looking at the few of busy days
    return engine.one(
        "SELECT sum(n - 1), count(DISTINCT raw), sum(amount * (n - 1)) FROM (SELECT raw, record, any_value(amount) AS "
        "amount, count(*) AS n FROM signed l SEMI JOIN busy b ON l.raw = b.raw AND CAST(l.moment AS DATE) = b.day "
        "GROUP BY raw, record HAVING count(*) > 1)"
    )


def gaps(days: pd.DatetimeIndex) -> pd.DataFrame:
    """Spans without any sale that are unlike the others: a week at least, and over thrice the usual pause.

    The usual pause is the 99th percentile of the steps from one day of sales to the next. Returns start, end
    (the first and last day without a sale) and days.

    >>> gaps(pd.date_range("2026-01-01", periods=60).delete(range(20, 35)))["days"].tolist()
    [15]
    """
    if len(days) < 3:
        return pd.DataFrame({"start": days[:0], "end": days[:0], "days": np.empty(0, np.int64)})
    steps = np.diff(days.to_numpy()).astype("timedelta64[D]").astype(np.int64)
    long = (steps > GAP_TIMES * np.quantile(steps, 0.99, method="lower")) & (steps > GAP_DAYS)
    one = np.timedelta64(1, "D")
    starts, ends = days.to_numpy()[:-1][long] + one, days.to_numpy()[1:][long] - one
    return pd.DataFrame(
        {"start": starts.astype("datetime64[s]"), "end": ends.astype("datetime64[s]"), "days": steps[long] - 1}
    )
