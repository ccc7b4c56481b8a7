"""The tidy tables of a client's programme, as every analysis of it starts from them."""

from __future__ import annotations

import contextlib
import datetime
import hmac
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.readers.ledger.engine import Engine
from kesher.readers.tidy import Note, SourceReport

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

Value = Literal["margin", "amount"]
KEY_FILE = ".kesher_key"
_BYTES = 32
_OF_THIS_PROCESS = secrets.token_bytes(_BYTES)


class CustomerKeys:
    """The customers' keys by code, kept out of sight: never shown, compared or pickled; see ``pseudonyms``."""

    __slots__ = ("_folder", "_keys")

    def __init__(self, keys: NDArray[np.int64] | NDArray[np.object_], folder: str) -> None:
        self._keys, self._folder = keys, folder

    def __repr__(self) -> str:
        return f"<keys of {len(self._keys):,} customers>"

    def __reduce__(self) -> str:
        raise TypeError("customers' keys are not to be pickled")


@dataclass(frozen=True)
class Purchases:
    """Purchase days, one row per customer and day, returns matched and taken out, same-day baskets merged.

    ``connection`` holds three relations of customer (code), day, amount (net of VAT), margin (NULL when
    unknown), region (index into ``regions`` or NULL): ``purchases``; ``returns``, the days on which a customer
    only brought something back whose sale is not in the data (below zero: it lowers sums and is no purchase
    occasion); and ``flows``, both, with ``occasion``. ``steps`` has step, effect (in, out, kept, used), rows,
    customers and amount (net of VAT): what was read less what is out is what is used. ``margin_rate`` is given
    where margins are amounts times a rate. ``gaps``: start, end (days without any sale, inclusive), days.
    """

    engine: Engine = field(repr=False, compare=False)
    customers: int
    buying: NDArray[np.bool_] = field(repr=False, compare=False)
    rows: int
    first: datetime.date
    last: datetime.date
    has_margin: bool
    margin_rate: float | None
    has_time: bool
    regions: tuple[str, ...]
    steps: pd.DataFrame
    gaps: pd.DataFrame
    notes: tuple[Note, ...]

    @property
    def buyers(self) -> int:
        """Customers with a purchase; ``buying`` (customers,) says which."""
        return int(self.buying.sum())

    @property
    def connection(self) -> DuckDBPyConnection:
        """The locked database, in memory."""
        return self.engine.connection

    def close(self) -> None:
        """Forget the purchases, what was spilled to disk too."""
        self.engine.close()


@dataclass(frozen=True)
class LoyaltyTables:
    """All that a client's files say of the programme; customers have the same codes in every table.

    members: customer, joined, tier ("" unknown), left (NaT). points: customer, day, event (earned, redeemed,
    expired, adjusted), points. offers: customer, offer, tactic, group (offered, control), sent, seen, redeemed
    (NaT), cost. shares: customer, day, network, friend (-1 none), amount (NaN). holdout: customer, treated,
    since. rollout: region (index into ``purchases.regions``), started (NaT never). costs: month (year * 12 +
    month - 1), line, layer (traditional, social, both), amount. calendar: start, end, kind (holiday, break),
    label_en, label_he, builtin. Days are datetime64[s]; a file not given is None.
    """

    purchases: Purchases
    members: pd.DataFrame | None
    points: pd.DataFrame | None
    offers: pd.DataFrame | None
    shares: pd.DataFrame | None
    holdout: pd.DataFrame | None
    rollout: pd.DataFrame | None
    costs: pd.DataFrame | None
    calendar: pd.DataFrame
    sources: tuple[SourceReport, ...]
    notes: tuple[Note, ...]
    week_starts: Literal["sunday", "monday"]
    keys: CustomerKeys = field(repr=False, compare=False)


def pseudonyms(tables: LoyaltyTables) -> pd.Series[str]:
    """A pseudonym of 16 hexadecimal letters for each customer, indexed by code.

    HMAC-SHA256 of the customer's key under a secret kept in the client's data root (``.kesher_key``, readable by
    its owner only, made on first need). Where that folder can not be written the secret lasts as long as the
    process, and ``attrs["ephemeral"]`` is True. No number depends on the secret.
    """
    secret = _secret(Path(tables.keys._folder) / KEY_FILE)
    made = [
        hmac.new(secret or _OF_THIS_PROCESS, str(key).encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:16]
        for key in tables.keys._keys
    ]
    found = pd.Series(made, index=pd.RangeIndex(len(made), name="customer"), name="pseudonym", dtype=object)
    found.attrs["ephemeral"] = secret is None
    return found


def _secret(path: Path) -> bytes | None:
    """The client's secret, made when there is none yet; None where none can be kept."""
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    try:
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | flags, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_BYTES))
        with os.fdopen(os.open(path, os.O_RDONLY | flags), "rb") as file:
            found = file.read()
    except OSError:
        return None
    return found if len(found) >= _BYTES else None
