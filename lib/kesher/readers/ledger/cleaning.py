"""From the tills' lines to the lines that count: what is left out and why, customers numbered, returns matched."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.params.loyalty_roi import LoyaltyRoi
from kesher.readers.findings import Findings
from kesher.readers.ledger.lines import FILE_SHIFT, Lines, mapped_columns
from kesher.readers.ledger.returns import match_returns

UNREADABLE_LIMIT = 0.02  # of the rows; above it the mapping or the file is wrong
EARLIEST = "1980-01-01"
COUNTED = "count(*), count(DISTINCT customer), sum(amount)"
_LEFT_OUT = ("total_rows", "unreadable", "no_customer", "after_as_of", "absurd_date", "test_customers")


class Cleaning:
    """The steps from ``raw_lines`` to ``clean``, the lines that count, each a view on the one before."""

    def __init__(self, lines: Lines, params: LoyaltyRoi) -> None:
        self.lines, self.params, self.engine, self.findings = lines, params, lines.engine, lines.findings
        self.net = 1 / (1 + params.vat_rate) if params.vat == "included" else 1.0
        self.steps: list[tuple[str, str, int, int, float]] = []
        after = params.day + datetime.timedelta(days=1)
        self.late, self.early = f"l.moment >= TIMESTAMP '{after}'", f"l.moment < TIMESTAMP '{EARLIEST}'"
        self.fit = f"l.amount IS NOT NULL AND NOT l.total AND NOT ({self.late}) AND NOT ({self.early})"
        self._turn_unsigned()
        self._look()

    def add(self, step: str, effect: str, found: tuple[Any, ...], always: bool = False) -> None:
        """One step of the account: rows, customers, amount as written; nothing that never happened."""
        rows, customers, amount = found
        if rows or always:
            self.steps.append((step, effect, int(rows), int(customers), float(amount or 0.0) * self.net))

    def count(self, step: str, effect: str, source: str) -> int:
        """One step of the account, the lines of a source; their number."""
        found = self.engine.one(f"SELECT {COUNTED} FROM {source}")
        self.add(step, effect, found)
        return int(found[0])

    def has(self, column: str) -> bool:
        """Whether the parameters name that column."""
        return column in self.lines.mapped

    def _turn_unsigned(self) -> None:
        """The view ``signed``: a return told by its quantity only gets a negative amount."""
        turned, replaced = "quantity < 0 AND amount > 0", ""
        if self.has("quantity"):
            money = [name for name in ("amount", "margin") if self.has(name)]
            flips = ", ".join(f"CASE WHEN {turned} THEN -{name} ELSE {name} END AS {name}" for name in money)
            replaced = f" REPLACE ({flips})"
            count = self.engine.one(f"SELECT count(*) FROM raw_lines WHERE {turned}")[0]
            said = "returns are told by their quantity alone; their amounts were read as negative."
            self.findings.note("unsigned_returns", count, said)
        self.engine.run(f"CREATE VIEW signed AS SELECT *{replaced} FROM raw_lines")

    def _look(self) -> None:
        """One pass over the lines: whether anything has to be left out or matched at all."""
        clock = "bool_or(l.moment <> CAST(l.moment AS DATE))" if self.lines.timed else "false"
        margin = "0, 0, 0"
        if self.has("margin"):
            margin = "count(l.margin), sum(l.margin), sum(l.amount) FILTER (l.margin IS NOT NULL)"
        self.rows, amount, good, self.returns, self.zeros, self.has_time, known, margins, sold = self.engine.one(
            f"SELECT count(*), sum(l.amount), count(*) FILTER (l.raw IS NOT NULL AND {self.fit}), "
            f"count(*) FILTER (l.amount < 0), count(*) FILTER (l.amount = 0), {clock}, {margin} FROM signed l"
        )
        distinct = "" if self.lines.whole else "DISTINCT "
        unwanted, customers = self.engine.one(
            "SELECT count(*) FILTER (normal IS NULL OR reason IS NOT NULL), "
            f"count({distinct}normal) FILTER (reason IS DISTINCT FROM 'total_rows') FROM keys"
        )
        self.all_good = good == self.rows and not unwanted
        self.ratio = margins / (sold * self.net) if known and sold else 0.0
        self.has_margin = bool(known)
        if known:
            said = "rows have no margin; they were given the mean rate of those that have one."
            self.findings.note("margin_missing", self.rows - known, said)
        self.add("rows_read", "in", (self.rows, customers, amount), always=True)

    def leave_out(self) -> None:
        """Count what is left out by reason; raises DataRefused where too much can not be read."""
        if self.all_good:
            return
        reason = (
            "CASE WHEN l.total OR k.reason = 'total_rows' THEN 'total_rows' "
            "WHEN l.moment IS NULL OR l.amount IS NULL THEN 'unreadable' WHEN k.normal IS NULL THEN 'no_customer' "
            f"WHEN {self.late} THEN 'after_as_of' WHEN {self.early} THEN 'absurd_date' ELSE k.reason END"
        )
        self.engine.run(
            "CREATE TABLE left_out AS SELECT l.id, k.normal AS customer, l.amount, l.moment IS NULL AS no_day, "
            f"{reason} AS reason FROM signed l LEFT JOIN keys k ON l.raw = k.raw WHERE {reason} IS NOT NULL"
        )
        self.engine.run("UPDATE left_out SET customer = NULL WHERE reason = 'total_rows'")
        found = {row[0]: row[1:] for row in self.engine.rows(f"SELECT reason, {COUNTED} FROM left_out GROUP BY reason")}
        for step in _LEFT_OUT:
            self.add(step, "out", found.get(step, (0, 0, 0)))
        unreadable, totals = (found.get(step, (0,))[0] for step in ("unreadable", "total_rows"))
        if unreadable > UNREADABLE_LIMIT * (self.rows - totals):
            self._refuse_unreadable()
        if sum(counted[0] for counted in found.values()) == self.rows:
            what = "No row has a customer, a day up to as_of and an amount."
            raise self.findings.refused("no_rows", what, "Look at the columns named in the parameters, and at as_of.")

    def _refuse_unreadable(self) -> None:
        columns = mapped_columns(self.params)
        for name, unread, what in (
            ("moment", "no_day", "no day that can be read"),
            ("amount", "amount IS NULL", "no amount that can be read"),
        ):
            query = f"SELECT count(*), min(id) FROM left_out WHERE reason = 'unreadable' AND {unread}"
            count, first = self.engine.one(query)
            if count:
                told = Findings(self.lines.sources[first >> FILE_SHIFT].file)
                said = f"{count:,} of {self.rows:,} rows have {what}; at most {UNREADABLE_LIMIT:.0%} may."
                remedy = "Check that the parameter names the right column, or mend the rows."
                told.wrong("unreadable_rows", said, remedy, columns[name][0], first & ((1 << FILE_SHIFT) - 1))
                self.findings.faults += told.faults
        self.findings.stop()

    def number_customers(self, others: Collection[str]) -> NDArray[Any]:
        """Give every customer of any table a code, in the order of their keys; make the view ``good``.

        The order is that of numbers for plain numbers, else shorter keys first, and knows nothing of the secret
        that pseudonyms are made with. Returns the keys by code.
        """
        self.others = bool(others)
        plain = all(len(one) < 19 and one.isascii() and one.isdigit() and str(int(one)) == one for one in others)
        kind = "BIGINT" if self.lines.whole and plain else "VARCHAR"
        fit, known = "", "normal IS NOT NULL"
        if not self.all_good:
            fit = f" WHERE {self.fit}"
            known += f" AND reason IS NULL AND raw IN (SELECT l.raw FROM signed l{fit})"
        every = f"SELECT CAST(normal AS {kind}) AS normal FROM keys WHERE {known}"
        if others:
            self.engine.table("others", pd.DataFrame({"normal": pd.Series(sorted(others), dtype=object)}))
            every += f" UNION SELECT CAST(normal AS {kind}) FROM others"
        order = "normal" if kind == "BIGINT" else "length(normal), normal"
        distinct = "" if self.lines.whole or others else "DISTINCT "
        self.engine.run(
            f"CREATE TABLE people AS SELECT normal, CAST(row_number() OVER (ORDER BY {order}) - 1 AS INTEGER) AS code "
            f"FROM (SELECT {distinct}normal FROM ({every}))"
        )
        self.engine.run(
            "CREATE TABLE codes AS SELECT k.raw, p.code AS customer FROM keys k JOIN people p "
            f"ON CAST(k.normal AS {kind}) = p.normal WHERE k.reason IS NULL"
        )
        self.engine.run(f"CREATE VIEW good AS SELECT l.*, c.customer FROM signed l JOIN codes c ON l.raw = c.raw{fit}")
        if kind == "VARCHAR":
            alike = self.engine.one("SELECT count(*) - count(DISTINCT lower(ltrim(normal, '0'))) FROM people")[0]
            said = "customers' keys differ from another's only by case or zeros in front; they were kept apart."
            self.findings.note("similar_keys", alike, said)
        people = self.engine.connection.execute("SELECT normal FROM people ORDER BY code").fetchnumpy()
        return np.asarray(people["normal"])

    def drop_doubles(self) -> None:
        """Leave out exact doubles of lines that carry an order or a time of day; make the view ``single``.

        Whole rows are compared, unmapped columns included: with an order or a time such a line is the same one
        exported twice. Without either, two equal purchases on one day are nothing odd; those are kept.
        """
        self.dropping = self.has("order_id") or bool(self.has_time)
        kept = "SELECT * FROM good"
        if self.dropping:
            carries = "l.moment <> CAST(l.moment AS DATE)" + " OR l.order_id IS NOT NULL" * self.has("order_id")
            self.engine.run(
                "CREATE TABLE dropped AS SELECT l.id FROM good l JOIN (SELECT record, min(id) AS kept FROM good "
                f"GROUP BY record HAVING count(*) > 1) d ON l.record = d.record AND l.id <> d.kept WHERE {carries}"
            )
            if self.count("duplicates", "out", "good SEMI JOIN dropped USING (id)"):
                kept += " ANTI JOIN dropped USING (id)"
        self.engine.run(f"CREATE VIEW single AS {kept}")

    def match_returns(self) -> None:
        """Match returns to their sales; make the view ``clean`` of the lines with what is left of each."""
        if self.zeros:
            self.count("zero_value", "kept", "single WHERE amount = 0")
        query = "SELECT * FROM single"
        if self.returns:
            self.engine.table("changed", match_returns(self._candidates(), return_days=self.params.return_days))
            share = "coalesce(remains / nullif(amount, 0), 1)"
            margin = f", margin * {share} AS margin" if self.has("margin") else ""
            query = (
                f"SELECT * EXCLUDE (remains) REPLACE (coalesce(remains, amount) AS amount{margin}) FROM single "
                "LEFT JOIN changed USING (id) WHERE remains IS NULL OR remains <> 0"
            )
            met = "SELECT count(*), count(DISTINCT customer), 0 FROM single JOIN changed USING (id) WHERE remains"
            self.add("returns_matched", "out", self.engine.one(f"{met} = 0"))
            self.add("sales_reduced", "kept", self.engine.one(f"{met} > 0"))
        self.engine.run(f"CREATE VIEW clean AS {query}")
        if self.returns:
            self.count("returns_unmatched", "kept", "clean WHERE amount < 0")

    def _candidates(self) -> pd.DataFrame:
        """All returns, and the sales that one of them could mean."""
        columns = ", ".join(["id", "customer", "moment", "amount", *filter(self.has, ("product", "order_id"))])
        self.engine.run(f"CREATE TABLE brought AS SELECT {columns} FROM single WHERE amount < 0")
        if self.has("product"):
            meant = ["l.product IS NOT DISTINCT FROM r.product"]
        else:
            meant = ["CAST(round(l.amount * 100) AS BIGINT) = CAST(round(-r.amount * 100) AS BIGINT)"]
        if self.has("order_id"):
            meant.append("l.order_id = r.order_id")
        sales = " UNION ".join(
            f"SELECT {columns} FROM single l SEMI JOIN brought r ON l.customer = r.customer AND {same} "
            "WHERE l.amount > 0"
            for same in meant
        )
        return self.engine.connection.execute(f"SELECT * FROM brought UNION ALL ({sales})").df()
