"""A made-up programme's files as a till, a club's system and an accountant export them, and the truth beside them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kesher.sample.population import Settings
from kesher.sample.programme import Programme, simulate_programme

# What no reading of purchases that begin with joining can find, true as it is.
UNSEEN = ("effect.", "programme.incremental_margin", "programme.observed_incremental_margin", "programme.roi")
TITLE = "ייצוא קופות: כל העסקאות, כולל מע״מ"
TEST = "TEST"  # the cashiers' key
CALENDAR = [
    ["start", "end", "kind", "label_en", "label_he"],
    ["2025-06-13", "2025-06-24", "break", "War with Iran: shops closed", "המלחמה עם איראן: הסניפים סגורים"],
]


def write_programme(folder: Path, settings: Settings) -> Programme:
    """Write a programme's files into ``folder``; its truth joins what truth.json already holds of other workbooks."""
    drawn = simulate_programme(settings, settings["seed"])
    tables = {"transactions.csv": _till(drawn, settings)}
    if "closed" in settings:
        tables["calendar.csv"] = CALENDAR
        tables["till_tests.csv"] = [["customer"], [TEST]]
    for name in ("members", "points", "offers", "shares", "costs"):
        frame = getattr(drawn, name)
        if frame is not None:
            tables[f"{name}.csv"] = _rows(frame)
    for name, rows in tables.items():
        text = io.StringIO(newline="")
        till = name == "transactions.csv"
        csv.writer(text, lineterminator="\r\n" if till else "\n").writerows(rows)
        (folder / name).write_bytes(text.getvalue().encode("utf-8-sig" if till else "utf-8"))
    path = folder / "truth.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    hidden = UNSEEN if settings.get("members_only") else ()
    known[settings["workbook"]] = {
        id: round(value, 6) for id, value in drawn.truth.items() if not id.startswith(hidden)
    }
    path.write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8", newline="\n")
    return drawn


def _keys(codes: pd.Series) -> list[str]:
    return [f"C{code + 1:04d}" if code >= 0 else "" for code in codes]


def _rows(frame: pd.DataFrame) -> list[list[Any]]:
    """The frame's columns as text: keys, days as 2026-10-31, months as 2026-10, blanks for what is not there."""
    cells: dict[str, list[str]] = {}
    for name in frame:
        column = frame[name]
        if name in ("customer", "friend"):
            cells[str(name)] = _keys(column)
        elif name == "month":
            cells[str(name)] = [f"{month // 12}-{month % 12 + 1:02d}" for month in column]
        elif pd.api.types.is_datetime64_any_dtype(column):
            if not column.isna().all():
                title = "date" if name == "day" else str(name)
                cells[title] = column.dt.strftime("%Y-%m-%d").fillna("").tolist()
        elif name in ("cost", "amount"):
            cells[str(name)] = [f"{value:.2f}" for value in column]
        else:
            cells[str(name)] = column.astype(str).tolist()
    if "redeemed" in cells:  # nothing was paid where nothing was redeemed
        cells["cost"] = [cost if day else "" for cost, day in zip(cells["cost"], cells["redeemed"], strict=True)]
    return [list(cells), *map(list, zip(*cells.values(), strict=True))]


def _till(drawn: Programme, settings: Settings) -> list[list[str]]:
    """The till's export: a title above the header, a total below, and the mess between that tills leave."""
    trouble, rng = settings.get("trouble", {}), np.random.default_rng([settings["seed"], 1])
    price, visits = settings["price"], drawn.visits
    gross = (visits["net"] * (1 + price["vat"])).round(2)
    sales = pd.DataFrame({"key": _keys(visits["customer"]), "day": visits["day"], "amount": gross})

    def some(count: int, last: int = 40) -> pd.DataFrame:
        return sales.iloc[np.sort(rng.choice(len(sales) - last * len(sales) // 1000, count, replace=False))].copy()

    def later(rows: pd.DataFrame, days: Any) -> pd.DataFrame:
        return rows.assign(day=rows["day"] + pd.to_timedelta(days, unit="D"), amount=-rows["amount"])

    bought = some(trouble.get("returns", 0))  # sales besides the planted ones, so that returning them leaves the truth
    bought["amount"] = (bought["amount"] * rng.uniform(0.5, 2.0, len(bought))).round(2)
    parts = [sales, bought, later(bought, rng.integers(1, 12, len(bought)))]
    if trouble.get("cancelled"):
        order = some(1).assign(amount=trouble["cancelled"])
        parts += [order, later(order, 2)]
    parts.append(some(trouble.get("zero", 0)).assign(amount=0.0))
    parts.append(some(trouble.get("test", 0)).assign(key=TEST, amount=1.0))
    rows = pd.concat(parts).sort_values("day", kind="stable", ignore_index=True)
    rows["receipt"] = 100_000 + np.cumsum(rng.integers(1, 5, len(rows)))
    rows["channel"] = np.where(rng.random(len(rows)) < 0.22, "app", "shop")
    again = rows[rows["amount"] > 0].iloc[
        np.sort(rng.choice(len(rows) // 2, trouble.get("duplicates", 0), replace=False))
    ]
    rows = pd.concat([rows, again]).sort_values("receipt", kind="stable", ignore_index=True)
    header = ["customer", "date", "receipt", "amount", "channel"]
    amounts = [f"{amount:.2f}" for amount in rows["amount"]]
    columns = [rows["key"], rows["day"].dt.strftime("%d/%m/%Y"), rows["receipt"].astype(str), amounts, rows["channel"]]
    body = list(map(list, zip(*columns, strict=True)))
    if not trouble:
        return [header, *body]
    total = ['סה"כ', "", "", f"{rows['amount'].sum():.2f}", ""]
    return [[TITLE], [], header, *body, total]
