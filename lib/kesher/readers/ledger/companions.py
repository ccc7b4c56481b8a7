"""The small files beside the transactions: members, points, offers, shares, holdout, roll-out, costs, calendar."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.months import month_of, months_of
from kesher.params.loyalty_roi import LoyaltyRoi
from kesher.readers.findings import nearest, quotable, shown_names
from kesher.readers.ledger.files import read_sheet
from kesher.readers.ledger.lines import RUINED_KEYS, read_amounts, read_moments
from kesher.readers.ledger.values import customer_key, is_ruined, is_total, moments
from kesher.readers.ledger.vocabulary import HEADERS, NEEDED, WORDS
from kesher.readers.opening import DataRoot
from kesher.readers.text import key

DAYS = {"joined", "left", "day", "sent", "seen", "redeemed", "since", "started", "start", "end"}
PEOPLE = ["customer", "friend"]  # columns of customers' keys
FEW_SHARERS = 10
EARLY_MONTHS = 24  # a cost may be before the first purchase
_PLAIN_WORD = re.compile(r"[a-z]{2,20}\Z")
_MONTH = re.compile(r"\A(?:(\d{4})[-/.](\d{1,2})|(\d{1,2})[-/.](\d{4}))\Z")


class Companion:
    """One small file while it is read: its columns as values, what is wrong by row and column.

    A column that is not ``needed`` may be missing from the file, and its cells may be blank.
    """

    def __init__(self, root: DataRoot, spec: str, kind: str, params: LoyaltyRoi) -> None:
        self.kind, self.params = kind, params
        self.sheet = sheet = read_sheet(root, spec, HEADERS[kind], NEEDED[kind], encoding=params.encoding)
        self.findings = sheet.findings
        first = next(iter(sheet.columns))
        self.kept = ~sheet.spread(first, np.array([is_total(cell) for cell in sheet.cells(first)]))
        self.findings.note("total_rows", int((~self.kept).sum()), "rows of totals were left out.")
        days = [cell for name in sheet.columns.keys() & DAYS for cell in sheet.cells(name)]
        order = moments(days, day_first=params.day_first).order  # one column can tell for all of the file
        if order in ("day", "month"):
            self.params = params.model_copy(update={"day_first": "yes" if order == "day" else "no"})
        if not self.kept.any():
            what = "The table has no rows below its header."
            raise self.findings.refused("no_rows", what, "Fill it in, or unset it.")

    def column(self, name: str, read: Callable[[list[str]], Iterable[Any]], missing: Any = "") -> NDArray[Any]:
        """What ``read`` makes of the distinct cells, for each row; ``missing`` where blank or without the column."""
        dtype = object if isinstance(missing, str) else np.asarray(missing).dtype
        if name not in self.sheet.columns:
            return np.full(int(self.kept.sum()), missing, dtype)
        cells = self.sheet.cells(name)
        values = np.array(list(read(cells)), dtype)
        values[[not cell for cell in cells]] = missing
        return np.asarray(self.sheet.spread(name, values)[self.kept])

    def wrong(self, bad: Any, name: str, kind: str, what: str, remedy: str) -> None:
        """A fault for each bad row."""
        for row in self.sheet.rows[self.kept][np.asarray(bad)].tolist():
            self.findings.wrong(kind, what, remedy, self.sheet.headers[name], row)

    def unread(self, bad: NDArray[np.bool_], name: str, needed: bool, kind: str, what: str, remedy: str) -> None:
        """A fault for each row that could not be read, blank ones only where the column is needed."""
        filled = self.column(name, lambda cells: [True] * len(cells), False)
        self.wrong(bad & (needed | filled), name, kind, what, remedy)

    def texts(self, name: str) -> NDArray[Any]:
        """A column's cells."""
        return self.column(name, lambda cells: cells)

    def names(self, name: str) -> NDArray[Any]:
        """A column's names as they may be shown; one that may be a person's is counted and hidden."""
        cells = self.sheet.cells(name) if name in self.sheet.columns else []
        said = "names may be a person's (seven digits in a row, an @); they are called other 1 and so on."
        self.findings.note("names_hidden", len(cells) - len(quotable(cells)), said, self.sheet.headers.get(name))
        return self.column(name, lambda cells: map(shown_names(cells).__getitem__, cells))

    def customers(self, name: str = "customer", *, needed: bool = True) -> NDArray[Any]:
        """The customers' keys; "" for nobody."""
        keys = self.column(name, lambda cells: map(customer_key, cells))
        if needed:
            remedy = "Fill it in, or take the row out."
            self.wrong(keys == "", name, "missing_customer", "The customer is missing.", remedy)
        ruined = self.column(name, lambda cells: map(is_ruined, cells), False)
        if ruined.any():
            self.wrong(np.cumsum(ruined) * ruined == 1, name, *RUINED_KEYS)  # the first tells enough
        return keys

    def days(self, name: str, *, needed: bool = True) -> NDArray[np.datetime64]:
        """Days of a column, NaT for none."""

        def read(cells: list[str]) -> Any:
            seconds = read_moments(cells, self.params, self.findings, self.sheet.headers[name])
            return seconds.astype("datetime64[s]").astype("datetime64[D]")

        days = self.column(name, read, np.datetime64("NaT", "s"))
        self.unread(np.isnat(days), name, needed, "bad_date", "This is no day.", "Write it as 2026-10-31.")
        return days

    def numbers(self, name: str, *, missing: float = np.nan, needed: bool = True) -> NDArray[np.float64]:
        """Numbers of a column."""
        found = self.column(name, lambda cells: read_amounts(cells, self.findings, self.sheet.headers[name]), missing)
        self.unread(np.isnan(found), name, needed, "bad_number", "This is no number.", "Write it as 12.50.")
        return found

    def words(self, name: str, *, missing: str = "") -> NDArray[Any]:
        """The code of each word; without ``missing`` there must be one."""
        allowed = WORDS[f"{self.kind}.{name}"]

        def said(word: str) -> str:
            return key(word).replace("_", " ").replace("-", " ")

        known = {said(word): code for code, words in allowed.items() for word in (code, *words)}
        found = self.column(name, lambda cells: [known.get(said(one), "") for one in cells], missing)
        remedy = f"Write one of: {', '.join(allowed)}."
        self.wrong(found == "", name, "unknown_word", "The word is not known here.", remedy)
        return found

    def once(self, values: Iterable[Any], name: str, what: str) -> None:
        """A fault where a value that must be there once comes again."""
        self.wrong(pd.Series(values).duplicated(), name, "duplicate", what, "Keep one row of them.")

    def until_as_of(self, frame: pd.DataFrame, day: str, code: str) -> pd.DataFrame:
        """The rows not after the report's date; the others are counted and left out."""
        late = frame[day] > pd.Timestamp(self.params.as_of)
        self.findings.note(code, int(late.sum()), "rows are dated after as_of; left out.")
        return frame[~late].reset_index(drop=True)


def members(file: Companion) -> pd.DataFrame:
    frame = pd.DataFrame({"customer": file.customers(), "joined": file.days("joined"), "tier": file.names("tier")})
    frame["left"] = file.days("left", needed=False)
    file.once(frame.customer, "customer", "The member comes twice.")
    what = "The member left before joining."
    file.wrong(frame.left < frame.joined, "left", "left_before_joined", what, "Mend the two days.")
    return file.until_as_of(frame, "joined", "joined_after_as_of")


def points(file: Companion) -> pd.DataFrame:
    frame = pd.DataFrame({"customer": file.customers(), "day": file.days("day"), "event": file.words("event")})
    number = file.numbers("points")
    for one in ("earned", "redeemed", "expired"):
        negative, filled = ((frame.event == one) & sign for sign in (number < 0, number != 0))
        if one != "earned" and negative.any() and (negative == filled).all():  # a ledger's sign, not an error
            number = np.where(negative, -number, number)
            said = f"{one} points are written below zero; sign taken off."
            file.findings.note("signed_points", int(negative.sum()), said)
        else:
            remedy = "Write points above zero; corrections are the event adjusted."
            file.wrong(negative, "points", "negative_points", "Points are below zero.", remedy)
    return file.until_as_of(frame.assign(points=number), "day", "points_after_as_of")


def offers(file: Companion) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "customer": file.customers(), "offer": file.names("offer"), "tactic": file.words("tactic"),
            "group": file.words("group", missing="offered"), "sent": file.days("sent"),
            "seen": file.days("seen", needed=False), "redeemed": file.days("redeemed", needed=False),
            "cost": file.numbers("cost", missing=0.0, needed=False),
        }
    )  # fmt: skip
    file.wrong(frame.cost < 0, "cost", "negative_cost", "The cost is below zero.", "Write what the reward costs.")
    for name in ("seen", "redeemed"):
        what = "This is before the offer was sent."
        file.wrong(frame[name] < frame.sent, name, "before_sent", what, "Mend the two days.")
    file.wrong(frame.offer == "", "offer", "missing_offer", "The offer's name is missing.", "Name it.")
    return file.until_as_of(frame, "sent", "offers_after_as_of")


def shares(file: Companion) -> pd.DataFrame:
    known = {key(word): code for code, words in WORDS["shares.network"].items() for word in (code, *words)}

    def code(name: str) -> str:
        return known.get(key(name)) or (key(name) if _PLAIN_WORD.match(key(name)) else "other")

    frame = pd.DataFrame({"customer": file.customers(), "day": file.days("day")})
    frame["network"] = file.column("network", lambda cells: map(code, cells), "other")
    # a word of few may be a person's name
    few = frame.groupby("network")["customer"].transform("nunique") < FEW_SHARERS
    frame.loc[few & ~frame["network"].isin(known.values()), "network"] = "other"
    frame["amount"] = file.numbers("amount", needed=False)
    frame["friend"] = file.customers("friend", needed=False)
    return file.until_as_of(frame, "day", "shares_after_as_of")


def holdout(file: Companion) -> pd.DataFrame:
    frame = pd.DataFrame({"customer": file.customers(), "treated": file.words("group") == "programme"})
    frame["since"] = file.days("since")
    file.once(frame.customer, "customer", "The customer comes twice.")
    return frame


def rollout(file: Companion) -> pd.DataFrame:
    names = file.column("region", lambda cells: [" ".join(cell.split()) for cell in cells])
    file.once([key(name) for name in names], "region", "The region comes twice.")
    return pd.DataFrame({"region": names, "started": file.days("started", needed=False)})


def costs(file: Companion) -> pd.DataFrame:
    def read(cells: list[str]) -> Any:
        firsts = [_MONTH.sub(lambda one: f"{one[1] or one[4]}-{one[2] or one[3]}-1", cell) for cell in cells]
        days = read_moments(firsts, file.params, file.findings, file.sheet.headers["month"]).astype("datetime64[s]")
        return months_of(days)

    frame = pd.DataFrame({"month": file.column("month", read, -1), "line": file.names("line")})
    file.wrong(frame.month < 0, "month", "bad_month", "This is no month.", "Write it as 2026-03.")
    file.wrong(frame.line == "", "line", "missing_line", "The cost has no name.", "Name the line.")
    frame = frame.assign(layer=file.words("layer", missing="both"), amount=file.numbers("amount"))
    file.wrong(frame.amount < 0, "amount", "negative_cost", "The cost is below zero.", "Write what was spent.")
    return frame


def calendar(file: Companion) -> pd.DataFrame:
    frame = pd.DataFrame({"start": file.days("start"), "end": file.days("end", needed=False)})
    frame["end"] = frame.end.fillna(frame.start)
    frame["kind"] = file.words("kind", missing="break")
    file.wrong(frame.end < frame.start, "end", "end_before_start", "The end is before the start.", "Mend the two days.")
    english, hebrew = file.texts("label_en"), file.texts("label_he")
    return frame.assign(
        label_en=np.where(english == "", hebrew, english), label_he=np.where(hebrew == "", english, hebrew)
    )


READ: Mapping[str, Callable[[Companion], pd.DataFrame]] = {
    "members": members, "points": points, "offers": offers, "shares": shares, "holdout": holdout,
    "rollout": rollout, "costs": costs, "calendar": calendar,
}  # fmt: skip


def bound_costs(file: Companion, frame: pd.DataFrame, first: int) -> pd.DataFrame:
    """The costs up to as_of; a fault for one long before ``first``, the month of the first purchase."""
    what = f"The month is more than {EARLY_MONTHS} months before the first purchase."
    file.wrong(frame["month"] < first - EARLY_MONTHS, "month", "absurd_month", what, "Mend it, or take the row out.")
    file.findings.stop()
    late = frame["month"] > month_of(file.params.day)
    file.findings.note("costs_after_as_of", int(late.sum()), "rows are of months after as_of; left out.")
    return frame[~late].reset_index(drop=True)


def place_regions(file: Companion, frame: pd.DataFrame, regions: Sequence[str]) -> pd.DataFrame:
    """The roll-out by index of region; a fault for one that no purchase names."""
    known = {key(name): at for at, name in enumerate(regions)}
    places = np.array([known.get(key(name), -1) for name in frame["region"]], dtype=np.int64)
    for name in frame["region"][places < 0].head(1):
        remedy = f"Spell it as the transactions do.{nearest(str(name), regions)}"
        file.wrong(places < 0, "region", "unknown_region", "No purchase names this region.", remedy)
    file.findings.stop()
    return frame.assign(region=places).sort_values("region", ignore_index=True)


def code_people(
    file: Companion, frame: pd.DataFrame, keys: NDArray[Any], buying: NDArray[np.bool_]
) -> tuple[pd.DataFrame, int]:
    """The table with codes, places among ``keys``, for its customers' keys, -1 for nobody; how many never bought.

    A fault where most of those would be buyers but for zeros in front, as a spreadsheet drops them.
    """
    never = 0
    for name in frame.columns.intersection(PEOPLE):
        cells, texts = pd.factorize(frame[name])
        people = list(texts) if keys.dtype.kind == "O" else [int(text or -1) for text in texts]
        found = np.where(texts == "", -1, pd.Index(keys).get_indexer(pd.Index(np.array(people, dtype=keys.dtype))))
        frame = frame.assign(**{name: found[cells].astype(np.int64)})
        if name == "customer":
            without = found[(found >= 0) & ~buying[found]]
            never = len(without)
            if never and keys.dtype.kind == "O":
                _refuse_lost_zeros(file, keys[without], keys[buying])
    file.findings.stop()
    return frame, never


def _refuse_lost_zeros(file: Companion, without: NDArray[Any], buyers: NDArray[Any]) -> None:
    bare = {str(one).lstrip("0") for one in buyers}
    lost = sum(str(one).lstrip("0") in bare for one in without)
    if 2 * lost > len(without):
        what = f"{lost:,} customers would be those of the transactions but for zeros in front."
        remedy = "Export the keys as text in both files."
        file.findings.wrong("lost_zeros", what, remedy, file.sheet.headers["customer"])


def keys_of(frames: Iterable[pd.DataFrame]) -> set[str]:
    """The customers' keys that any of the tables names."""
    columns = (frame[name] for frame in frames for name in frame.columns.intersection(PEOPLE))
    return {str(one) for column in columns for one in column.unique()} - {""}
