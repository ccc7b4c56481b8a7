"""How long transactions take to become customer summaries, and how much memory, beside SQL and pandas by hand.

    python tests/bench/ledger.py [--rows 10000000] [--times 3] [--shape plain|timed]

Every measurement runs in a process of its own, the ways in turn; each way's fastest turn is kept. "SQL by hand"
only merges baskets of a day and summarises customers. "SQL, same job" also counts what the reader counts: rows that
can not be used, customers, exact doubles; and gives customers codes in the order of their keys. ``timed`` adds a time
of day, an order number, a shop and 3 % returns to the lines: only the reader can clean those.
"""

from __future__ import annotations

import argparse
import datetime
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

UNTIL = datetime.date(2026, 10, 31)
MEGABYTES = 1024 if sys.platform != "darwin" else 1 << 20


def write_parquet(path: Path, rows: int, shape: str) -> None:
    """``rows`` lines over 730 days, 12.5 for each possible customer, some customers much busier than others."""
    import duckdb

    customer = f"CAST(floor(pow(hash(i) / 18446744073709551616.0, 1.6) * {rows / 12.5}) AS INTEGER) AS customer"
    date = "DATE '2024-11-01' + CAST(hash(i * 7 + 1) % 730 AS INTEGER)"
    amount = "round(5 + (hash(i * 13 + 5) % 20000) / 100.0, 2)"
    columns = f"{customer}, {date} AS date, CAST({amount} AS DOUBLE) AS amount"
    if shape == "timed":
        moment = f"{date} + INTERVAL (hash(i * 3) % 43200 + 28800) SECOND AS date"
        sign = "CASE WHEN i % 33 = 0 THEN -1 ELSE 1 END"
        columns = (
            f"{customer}, {moment}, CAST({sign} * {amount} AS DOUBLE) AS amount, i AS receipt, hash(i) % 40 AS shop"
        )
    with duckdb.connect(config={"memory_limit": "4GB", "temp_directory": str(path.parent)}) as connection:
        connection.execute("SET preserve_insertion_order = false")
        source = f"SELECT {columns} FROM range({rows}) t(i)"
        connection.execute(f"COPY ({source}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")


def by_kesher(path: Path) -> Any:
    from kesher.params.loyalty_roi import LoyaltyRoi
    from kesher.readers import DataRoot
    from kesher.readers.ledger import customer_summaries, read_ledger

    mapped = {"order_column": "receipt", "region_column": "shop"} if path.stem == "timed" else {}
    params = LoyaltyRoi(
        client="bench", name_en="B", name_he="ב", as_of=str(UNTIL), data_root=".", transactions_file=path.name,
        margin_rate=0.3, **mapped,
    )  # fmt: skip
    return customer_summaries(read_ledger(DataRoot(path.parent), params).purchases, until=UNTIL)


SUMMARY = (
    "SELECT customer, count(*) - 1 AS x, (max(date) - min(date)) / 7.0 AS t_x, "
    "(DATE '2026-10-31' - min(date)) / 7.0 AS T, min(date) AS first_day, max(date) AS last_day, "
    "(sum(v) - arg_min(v, date)) / nullif(count(*) - 1, 0) AS mean_repeat, sum(v) AS total "
    "FROM days GROUP BY customer ORDER BY customer"
)
DAYS = "SELECT {customer} AS customer, date, sum(amount) / 1.18 * 0.3 AS v, count(*) AS n FROM {lines} GROUP BY 1, 2"


def _connection(path: Path) -> Any:
    import duckdb

    settings = {"temp_directory": str(path.parent / "spill"), "memory_limit": "5GB", "preserve_insertion_order": False}
    return duckdb.connect(config=settings)


def by_hand(path: Path) -> Any:
    days = DAYS.format(customer="customer", lines=repr(str(path)))
    return _connection(path).execute(f"WITH days AS ({days}) {SUMMARY}").df()


def by_hand_same_job(path: Path) -> Any:
    c, lines = _connection(path), repr(str(path))
    c.execute(
        "SELECT count(*), sum(amount), count(*) FILTER (customer IS NULL OR date IS NULL OR amount IS NULL), "
        "count(*) FILTER (date > DATE '2026-10-31'), count(*) FILTER (amount < 0), count(*) FILTER (amount = 0) "
        f"FROM {lines}"
    ).fetchall()
    c.execute(
        "CREATE TABLE codes AS SELECT customer, CAST(row_number() OVER (ORDER BY customer) - 1 AS INTEGER) AS code "
        f"FROM (SELECT DISTINCT customer FROM {lines})"
    )
    c.execute(f"CREATE TABLE days AS {DAYS.format(customer='code', lines=f'{lines} JOIN codes USING (customer)')}")
    busy = "SELECT codes.customer, date FROM days JOIN codes ON days.customer = code WHERE n > 1"
    c.execute(
        f"SELECT sum(n - 1) FROM (SELECT count(*) AS n FROM {lines} SEMI JOIN ({busy}) USING (customer, date) "
        "GROUP BY customer, date, amount HAVING count(*) > 1)"
    ).fetchall()
    return c.execute(SUMMARY).df()


def by_pandas(path: Path) -> Any:
    import pandas as pd

    read = pd.read_csv(path, parse_dates=["date"])
    days = read.groupby(["customer", "date"])["amount"].sum().reset_index()
    found = days.groupby("customer").agg(x=("date", "size"), first_day=("date", "min"), total=("amount", "sum"))
    return found.assign(x=found.x - 1, total=found.total / 1.18 * 0.3)


def _measure(way: Callable[[Path], Any], path: Path, out: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    import babel
    import duckdb
    import holidays.countries  # all countries: a sixth of a second, once in a process

    import kesher.readers.ledger

    assert babel and duckdb and holidays and kesher  # import time is not reading time

    start, processor = time.perf_counter(), time.process_time()
    found = way(path)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTES
    out.put((seconds, processor, peak, (len(found), int(found.x.sum()), round(float(found.total.sum()), 1))))


def compare(title: str, path: Path, ways: dict[str, Callable[[Path], Any]], times: int) -> None:
    """Measure the ways in turn and print the table; they must agree."""
    context = multiprocessing.get_context("spawn")
    found: dict[str, list[Any]] = {name: [] for name in ways}
    for _ in range(times):
        for name, way in ways.items():
            out = context.Queue()
            process = context.Process(target=_measure, args=(way, path, out))
            process.start()
            found[name].append(out.get())
            process.join()
    assert len({one[3] for runs in found.values() for one in runs}) == 1, found
    print(f"\n| {title}, {path.stat().st_size / 1e6:,.0f} MB | seconds | CPU seconds | peak MB |\n|---|---|---|---|")
    for name, runs in found.items():
        seconds, processor, peak = (min(one[at] for one in runs) for at in range(3))
        print(f"| {name} | {seconds:.2f} | {processor:.2f} | {peak:,.0f} |")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--shape", choices=["plain", "timed", "csv"], default="plain")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{given.shape}.{'csv' if given.shape == 'csv' else 'parquet'}"
        write_parquet(path.with_suffix(".parquet"), given.rows, given.shape)
        ways: dict[str, Callable[[Path], Any]] = {"kesher": by_kesher}
        if given.shape == "plain":
            ways |= {"SQL by hand": by_hand, "SQL, same job": by_hand_same_job}
        if given.shape == "csv":
            _connection(path).execute(f"COPY (FROM '{path.with_suffix('.parquet')}') TO '{path}' (HEADER)")
            ways["pandas.read_csv and groupby"] = by_pandas
        compare(f"{given.rows:,} transactions, {given.shape}", path, ways, given.times)


if __name__ == "__main__":
    main()
