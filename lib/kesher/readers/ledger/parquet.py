"""The lines of the client's tills out of Parquet, which the database reads itself."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import numpy as np
import pandas as pd

from kesher.params.loyalty_roi import LoyaltyRoi
from kesher.readers.findings import Findings
from kesher.readers.ledger.engine import Engine, ParquetFile, open_parquet, quote, refusals
from kesher.readers.ledger.files import match_headers
from kesher.readers.ledger.lines import (
    CANCELLED,
    FILE_SHIFT,
    LABELS,
    NUMBERS,
    RUINED_KEYS,
    Lines,
    mapped_columns,
    only_zone,
    read_amounts,
    read_moments,
)
from kesher.readers.ledger.values import INVISIBLE, MAX_AMOUNT, RUINED, is_ruined, is_total
from kesher.readers.opening import DataRoot
from kesher.readers.tidy import SourceReport

MAX_SPREAD = 1 << 27  # between the smallest and the largest customer number, for a bit each
_WHOLE = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
_NUMERIC = _WHOLE | {"UBIGINT", "HUGEINT", "UHUGEINT", "DECIMAL", "FLOAT", "DOUBLE"}
_NESTED = ("STRUCT", "MAP", "BLOB", "UNION", "LIST")
_TOTAL_LIKE = "(?i)total|^ *sum|סה|סך|סיכום"


def parquet_lines(root: DataRoot, names: Sequence[str], params: LoyaltyRoi, tests: Collection[str]) -> Lines:
    """Parquet files as ``raw_lines``, a view on the files themselves: nothing is loaded. Raises DataRefused."""
    files = tuple(open_parquet(root, name) for name in names)
    findings = files[0].findings
    engine = Engine([file.path for file in files])
    try:
        with refusals(findings):
            parts = [_Part(engine, file, at, params) for at, file in enumerate(files)]
            whole = all(part.whole for part in parts)
            engine.run(f"CREATE VIEW raw_lines AS {' UNION ALL '.join(part.select(whole) for part in parts)}")
            _parquet_keys(engine, findings, whole, tests)
            mapped = frozenset(mapped_columns(params))
            query = "SELECT DISTINCT region FROM raw_lines WHERE region IS NOT NULL"
            regions = {raw: str(raw) for (raw,) in engine.rows(query)} if "region" in mapped else {}
            sources, timed = tuple(part.report for part in parts), any(part.timed for part in parts)
            return Lines(engine, findings, sources, mapped, whole, timed, regions, files)
    except BaseException:
        engine.close()
        raise


class _Part:
    """One Parquet file: how each wanted column becomes a column of ``raw_lines``."""

    def __init__(self, engine: Engine, file: ParquetFile, at: int, params: LoyaltyRoi) -> None:
        self.engine, self.file, self.at, self.params, self.findings = engine, file, at, params, file.findings
        wanted, kinds = mapped_columns(params), file.columns(engine)
        self.everything = list(kinds)
        places, _ = match_headers(self.findings, self.everything, wanted, list(wanted))
        self.findings.stop()
        self.columns = {name: self.everything[place] for name, place in places.items()}
        self.kinds = {name: kinds[column].split("(")[0] for name, column in self.columns.items()}
        for name, kind in self.kinds.items():
            if kind.endswith("]") or kind in _NESTED:
                what = "The column holds no plain values."
                self.findings.wrong("wrong_type", what, "Export it flat.", self.columns[name])
        self.findings.stop()
        self.joins: list[str] = []
        self.whole, self.timed = self._whole(), self.kinds["moment"] != "DATE"
        self.chosen = {"moment": self._moment()}
        self.chosen |= {name: self._number(name) for name in NUMBERS if name in self.columns}
        for name in LABELS:
            if name in self.columns:
                self.chosen[name] = f"nullif(trim(CAST({self._column(name)} AS VARCHAR)), '')"
        if "order_id" in self.chosen:
            self.chosen["order_id"] = f"regexp_replace({self.chosen['order_id']}, '{CANCELLED.pattern}', '')"
        rows = int(engine.one(f"SELECT count(*) FROM {file.source}")[0])
        if not rows:
            raise self.findings.refused("no_rows", "The file has no rows.", "Export it again.")
        told = ("parquet", "its first bytes", "binary", rows, len(kinds), tuple(self.findings.notes))
        self.report = SourceReport(self.findings.file, file.sha256, *told)

    def select(self, whole: bool) -> str:
        """The query of the file's lines; ``whole``: customers are numbers in all files."""
        raw = self._column("customer")
        raw = f"CAST({raw} AS BIGINT)" if whole else f"nullif(CAST({raw} AS VARCHAR), '')"
        chosen = ", ".join(f"{expression} AS {name}" for name, expression in self.chosen.items())
        everything = ", ".join(f"p.{quote(column)}" for column in self.everything)
        id = f"file_row_number + {1 + (self.at << FILE_SHIFT)} AS id"
        marks = f"{id}, CAST(hash({everything}) // 2 AS BIGINT) AS record"
        total = f"{raw} IS NULL AND {self.chosen['moment']} IS NULL AND {self.chosen['amount']} IS NOT NULL"
        joins = " ".join(self.joins)
        return f"SELECT {raw} AS raw, {chosen}, {marks}, {total} AS total FROM {self.file.source} p {joins}"

    def _column(self, name: str) -> str:
        return f"p.{quote(self.columns[name])}"

    def _whole(self) -> bool:
        """Whether customers are numbered: whole and not negative."""
        if self.kinds["customer"] not in _WHOLE:
            return False
        lowest = self.engine.one(f"SELECT min({self._column('customer')}) FROM {self.file.source} p")[0]
        return lowest is None or lowest >= 0

    def _moment(self) -> str:
        kind, column, header = self.kinds["moment"], self._column("moment"), self.columns["moment"]
        if kind == "DATE":
            return column
        if kind == "TIMESTAMP WITH TIME ZONE":
            zone = only_zone(self.params.country) or "UTC"
            self.findings.note("zoned_times", 1, f"moments were read as of {zone}.", header)
            return f"timezone('{zone}', {column})"
        if kind.startswith("TIMESTAMP"):
            return f"CAST({column} AS TIMESTAMP)"

        def read(cells: list[str]) -> Any:
            return read_moments(cells, self.params, self.findings, header).astype("datetime64[s]")

        return self._looked_up("moment", read)

    def _number(self, name: str) -> str:
        kind, column = self.kinds[name], self._column(name)
        if kind in _NUMERIC:  # nothing is less than NaN in DuckDB
            return f"CASE WHEN abs(CAST({column} AS DOUBLE)) <= {MAX_AMOUNT} THEN CAST({column} AS DOUBLE) END"
        return self._looked_up(name, lambda cells: read_amounts(cells, self.findings, self.columns[name]))

    def _looked_up(self, name: str, read: Callable[[list[str]], Any]) -> str:
        """The value of a column of text, read once for each distinct cell."""
        column, table = f"CAST({self._column(name)} AS VARCHAR)", f"{name}_{self.at}"
        query = f"SELECT DISTINCT {column} FROM {self.file.source} p WHERE {column} IS NOT NULL"
        cells = [str(row[0]) for row in self.engine.rows(query)]
        found = pd.DataFrame({"cell": pd.Series(cells, dtype=object), "value": read([cell.strip() for cell in cells])})
        self.findings.stop()
        self.engine.table(table, found, "CAST(cell AS VARCHAR) AS cell, value")
        self.joins.append(f"LEFT JOIN {table} ON {table}.cell = {column}")
        return f"{table}.value"


def _parquet_keys(engine: Engine, findings: Findings, whole: bool, tests: Collection[str]) -> None:
    seen = _numbers_seen(engine) if whole else None
    if seen is not None:
        engine.table("seen", seen)
    source = "SELECT DISTINCT raw FROM raw_lines WHERE raw IS NOT NULL" if seen is None else "FROM seen"
    if whole:
        numbers = ", ".join(one for one in tests if one.isascii() and one.isdigit() and len(one) < 19) or "-1"
        normal, reason = "raw", f"CASE WHEN raw IN ({numbers}) THEN 'test_customers' END"
    else:
        normal = f"regexp_replace(regexp_replace(raw, '{INVISIBLE}', '', 'g'), '^([0-9]+)\\.0+$', '\\1')"
        normal = f"CASE WHEN lower({normal}) NOT IN ('', 'nan', 'null', '#n/a') THEN {normal} END"
        looked = f"length(raw) < 40 AND regexp_matches(raw, '{_TOTAL_LIKE}|{RUINED}')"
        query = f"SELECT DISTINCT raw FROM raw_lines WHERE {looked}"
        odd = [raw for (raw,) in engine.rows(query)]
        if any(map(is_ruined, odd)):
            raise findings.refused(*RUINED_KEYS)
        totals = list(filter(is_total, odd))
        for table, cells in (("total_cells", totals), ("test_cells", list(tests))):
            engine.table(table, pd.DataFrame({"cell": pd.Series(cells, dtype=object)}), "CAST(cell AS VARCHAR) AS cell")
        reason = (
            "CASE WHEN raw IN (FROM total_cells) THEN 'total_rows' "
            f"WHEN {normal} IN (FROM test_cells) THEN 'test_customers' END"
        )
    engine.run(f"CREATE TABLE keys AS SELECT raw, {normal} AS normal, {reason} AS reason FROM ({source})")


def _numbers_seen(engine: Engine) -> pd.DataFrame | None:
    """The customers' numbers in order, found by a bit for each possible one; None where they lie too far apart.

    A third of the cost of telling them apart by hashing.
    """
    lowest, highest = engine.one("SELECT min(raw), max(raw) FROM raw_lines")
    if lowest is None or highest - lowest > MAX_SPREAD:
        return None
    found = engine.one(f"SELECT CAST(bitstring_agg(raw, {lowest}, {highest}) AS BLOB) FROM raw_lines")
    bits = np.unpackbits(np.frombuffer(found[0], dtype=np.uint8))
    bits = bits[-(highest - lowest + 1) :]  # whole bytes are filled up in front
    return pd.DataFrame({"raw": np.flatnonzero(bits) + int(lowest)})
