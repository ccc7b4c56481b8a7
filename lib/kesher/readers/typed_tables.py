"""Small tables as a consultant types them: networks by any name, shares as 63, 63% or 0.63, amounts with ₪."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from kesher.faults import DataRefused
from kesher.readers.findings import nearest, quotable
from kesher.readers.ledger.values import amounts, is_total
from kesher.readers.lists import CODE
from kesher.readers.opening import DataRoot
from kesher.readers.tables import RawTable, read_table
from kesher.readers.text import BLANK_KEYS, key
from kesher.readers.tidy import SourceReport
from kesher.words import Text, both, same

Floats = NDArray[np.float64]
Sources = list[SourceReport]  # to which a reader adds what it read
Labels = Mapping[str, str]  # the client's own labels, as ``squashed``, and the network each means
NO_LABELS: Labels = MappingProxyType({})
MAX_ROWS = 400
_LONGEST_CODE = 40
_OTHER_BLANKS = frozenset({"-", "n/a", "na", "?"})
_PERCENT = re.compile("[%\u066a\uff05]")
_BETWEEN = re.compile(r"[\W_]+")

# code: the name in English, in Hebrew, and what else people write
_NAMES = """
facebook: Facebook, פייסבוק, fb, פיסבוק, פייס
instagram: Instagram, אינסטגרם, ig, insta, אינסטגראם, אינסטה
youtube: YouTube, יוטיוב, yt, you tube
whatsapp: WhatsApp, וואטסאפ, wa, ווטסאפ, ווצאפ, וואצאפ, ווטסאפ ביזנס, whatsapp business
tiktok: TikTok, טיקטוק, tik tok
linkedin: LinkedIn, לינקדאין, linked in, לינקדין
x: X, איקס, twitter, טוויטר, x twitter, twitter x, x formerly twitter, twitter now x, x טוויטר, טוויטר x
telegram: Telegram, טלגרם, טלגראם
pinterest: Pinterest, פינטרסט
snapchat: Snapchat, סנאפצ'ט, snap, סנאפ, סנפצ'ט
reddit: Reddit, רדיט
threads: Threads, ת'רדס, תרדס, טרדס
discord: Discord, דיסקורד
messenger: Messenger, מסנג'ר, facebook messenger, fb messenger, פייסבוק מסנג'ר
signal: Signal, סיגנל
tumblr: Tumblr, טאמבלר
twitch: Twitch, טוויץ'
"""


def squashed(name: str) -> str:
    """The form in which names of networks are compared: letters and digits only.

    >>> squashed("Linked-In"), squashed("X (Twitter)")
    ('linkedin', 'xtwitter')
    """
    return _BETWEEN.sub("", key(name))


_KNOWN: dict[str, str] = {}
_LABELS: dict[str, Text] = {}
for _line in _NAMES.strip().splitlines():
    _code, _, _said = _line.partition(": ")
    _words = _said.split(", ")
    _KNOWN |= {squashed(word): _code for word in (_code, *_words)}
    _LABELS[_code] = both(_words[0], _words[1])


def network_code(name: str, labels: Labels = NO_LABELS) -> str | None:
    """The id of a network however it is written; None for what is neither known, a label nor an id.

    Nor is what may be a person's number.

    >>> network_code("Twitter"), network_code("פייסבוק"), network_code("Nextdoor"), network_code("our page")
    ('x', 'facebook', 'nextdoor', None)
    """
    said = squashed(name)
    if found := _KNOWN.get(said) or labels.get(said):
        return found
    code = key(name)
    return code if CODE.match(code) and len(code) <= _LONGEST_CODE and quotable([code]) else None


def labels_of(pairs: Iterable[tuple[str, str]]) -> Labels:
    """The network of each label, from labels and ids; a label that two networks share names neither."""
    distinct = {(squashed(label), network) for label, network in pairs if squashed(label)}
    times = Counter(label for label, _ in distinct)
    return {label: network for label, network in distinct if times[label] == 1}


def network_label(code: str) -> Text:
    """What a network is called where the client's tables do not say; the id itself where it is not well known."""
    return _LABELS.get(code, same(code))


def is_well_known(code: str) -> bool:
    """Whether this is the id of a network that is known here without a client's table."""
    return code in _LABELS


def is_blank_cell(cell: str) -> bool:
    """Whether a cell says nothing, a dash included."""
    return key(cell) in BLANK_KEYS or key(cell) in _OTHER_BLANKS


def shares_of(cells: Sequence[str]) -> tuple[Floats, bool]:
    """Cells as shares 0-1, NaN where they are none, and whether it can not be told that all are percentages.

    They are percentages when any is above 1 or has a percent sign; then one between 0 and 1 without a sign
    could be either, and they are mixed.

    >>> shares_of(["63", "8"])[0].tolist(), shares_of(["63%", "0.5%"])[1], shares_of(["0.63", "40"])[1]
    ([0.63, 0.08], False, True)
    """
    bare = [_PERCENT.sub("", cell) for cell in cells]
    signed = np.array([one != cell for one, cell in zip(bare, cells, strict=True)], dtype=np.bool_)
    values = amounts(bare)[0]
    if not signed.any() and not (values > 1).any():
        return values, False
    small = (values > 0) & ((values <= 1) if signed.any() else (values < 1))
    return values / 100, bool((small & ~signed).any())


class TypedTable:
    """One small table as a consultant types it, while it is read: its columns, and what is wrong by row."""

    def __init__(
        self, root: DataRoot, spec: str, needed: Sequence[str], optional: Sequence[str], labels: Labels = NO_LABELS,
        *, more: bool = False,
    ) -> None:  # fmt: skip
        """``more``: further columns belong to the table, as the networks of an overlap table do."""
        sheet = "".join(spec.partition("#")[1:])  # an intake holds many tables: its name alone would not say which
        try:
            self.raw: RawTable = read_table(root, spec, expect=needed, optional=optional)
        except DataRefused as refused:
            raise DataRefused(*(replace(fault, where=fault.where + sheet) for fault in refused.faults)) from None
        self.findings, self.labels = self.raw.findings, labels
        self.findings.file += sheet
        self.size = len(self.raw.frame)
        if self.size > MAX_ROWS:
            what = f"The table has {self.size:,} rows; {MAX_ROWS} are the most."
            raise self.findings.refused("too_many_rows", what, "Name the small table meant here.")
        if not more:
            self._look_for_misspelt([*needed, *optional])

    def _look_for_misspelt(self, names: Sequence[str]) -> None:
        """A column that is not read and looks like one that is missing is a fault: its figures would vanish unseen."""
        given = list(self.raw.frame.columns)
        missing = [name for name in names if name not in given]
        unread = [name for name in given if name not in names and any(self.raw.column(name))]
        for header in unread:
            words = set(re.findall(r"[a-z]+", header.casefold()))
            like = sorted(
                (name for name in missing if words & set(name.split("_")) - {"label"}),
                key=lambda name: -len(words & set(name.split("_"))),
            )
            if quotable([header]) and (like := like or difflib.get_close_matches(header.casefold(), missing)):
                what = f"The column {header[:60]!r} is not read."
                self.findings.wrong("unread_column", what, f"Call it {' or '.join(like)}, or take it out.", like[0])
        self.findings.note("unread_columns", len(unread), "columns are none of this table's; not read.")

    def cells(self, name: str) -> list[str]:
        """The cells of a column, "" where they say nothing or the table has no such column."""
        return ["" if is_blank_cell(cell) else cell for cell in self.raw.column(name)]

    def texts(self, name: str) -> list[str]:
        """The words of a column as written, without blanks around and between them."""
        return [" ".join(cell.split()) for cell in self.raw.column(name)]

    def told(self, name: str) -> list[str]:
        """The words of a column that may be shown; "" for what may be a person's."""
        texts = self.texts(name)
        hidden = len(texts) - len(quotable(texts))
        self.findings.note("names_hidden", hidden, "texts may be a person's (seven digits in a row, an @).", name)
        return [text if quotable([text]) else "" for text in texts]

    def wrong(self, bad: Sequence[bool] | NDArray[np.bool_], name: str, kind: str, what: str, remedy: str) -> None:
        """A fault for each bad row."""
        for at in np.flatnonzero(bad):
            self.raw.wrong(int(at), kind, what, remedy, name)

    def networks(self, name: str = "network") -> list[str]:
        """The id of each row's network, "" after a fault; each network once."""
        cells = self.raw.column(name)
        totals = [is_total(cell) for cell in cells]
        codes = [network_code(cell, self.labels) or "" for cell in cells]
        blank = [not cell for cell in cells]
        self.wrong(totals, name, "total_row", "This is a row of totals.", "Take it out.")
        self.wrong(blank, name, "missing_network", "The network is missing.", "Name it, or take the row out.")
        for at, cell in enumerate(cells):
            if not (codes[at] or blank[at] or totals[at]):
                remedy = f"Write a name such as Facebook, or an id of a-z, 0-9 and _.{nearest(squashed(cell), _KNOWN)}"
                self.raw.wrong(at, "unknown_network", "This names no network.", remedy, name)
        again = pd.Series(codes).duplicated() & pd.Series(codes).ne("")
        what = "The network comes twice, perhaps under two names."
        self.wrong(again.to_numpy(), name, "duplicate_network", what, "Keep one row of it.")
        new = {code for code, total in zip(codes, totals, strict=True) if code and not total}
        count = len(new.difference(_LABELS, self.labels.values()))
        self.findings.note("new_networks", count, "networks are not well known; taken as they are written.", name)
        return codes

    def numbers(
        self, name: str, *, whole: bool = False, needed: bool = False, cells: Sequence[str] | None = None
    ) -> Floats:
        """A column's amounts from 0 up, NaN where blank; currency signs and thousands separators are read over."""
        cells = self.cells(name) if cells is None else cells
        found, comma = amounts(cells)
        filled = np.array([bool(cell) for cell in cells])
        self.findings.note("decimal_comma", int(comma), "the column writes decimal commas.", name)
        self.wrong(filled & np.isnan(found), name, "bad_number", "This is no number.", "Write it as 12.50.")
        self.wrong(found < 0, name, "negative", "The number is below zero.", "Write a number from 0 up.")
        if whole:
            broken = found != np.round(found)
            self.wrong(broken & ~np.isnan(found), name, "not_whole", "The number is not whole.", "Write a count.")
        if needed:
            self.wrong(~filled, name, "missing_number", "The number is missing.", "Write it; 0 is a number.")
        return found

    def shares(self, cells: Sequence[str], names: Sequence[str], rows: Sequence[int]) -> Floats:
        """Cells of one block as shares 0-1, with the column and row of each; faults for what is none."""
        found, mixed = shares_of(cells)
        if mixed:
            what = "Percentages and shares are mixed, so that 0.5 can be half or half a percent."
            remedy = "Write all of them as 63, or all as 0.63; one below 1 % as 0.5%."
            self.findings.wrong("mixed_percent", what, remedy, names[0] if len({*names}) == 1 else None)
        for cell, share, name, at in zip(cells, found, names, rows, strict=True):
            if not cell:
                what, remedy = "The share is missing.", "Write it; 0 is a share."
                self.raw.wrong(at, "missing_share", what, remedy, name)
            elif np.isnan(share):
                self.raw.wrong(at, "bad_share", "This is no share.", "Write 63, 63% or 0.63.", name)
            elif not 0 <= share <= 1:
                kind, what = ("negative", "below zero") if share < 0 else ("above_all", "above 100 %")
                self.raw.wrong(at, kind, f"The share is {what}.", "Write a share of the people asked.", name)
        return found

    def done(self, sources: Sources | None) -> None:
        """Tell all faults, else add what was read, with its notes, to ``sources``."""
        self.findings.stop()
        if sources is not None:
            sources.append(replace(self.raw.source, file=self.findings.file, notes=tuple(self.findings.notes)))
