"""Matching what people's cells say to the options of a question: whole tokens, longest option first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kesher.readers.text import BLANK_KEYS, SELECTED_KEYS, UNANSWERED_KEY, UNSELECTED_KEYS, key, tokens
from kesher.readers.tidy import Mask, Option

DELIMITERS = (";", ",", "|", "\n")
BLANK, UNANSWERED, UNMATCHED = -1, -2, -3  # what a cell can be beside the index of an option
UNSELECTED, ELSEWHERE = -4, -5  # in a column of one option: explicitly not chosen; another option's text
_TRIES = 5_000  # steps after which a cell of many overlapping options is decided greedily
_BATCH = 50_000  # cells decoded at once, so that memory stays flat
# codes of the pieces of joined cells: these, whatever else says nothing, any unknown text, then option texts
_END, _EMPTY, _SKIPPED = 0, 1, 2
_SILENT = ("\0", "", UNANSWERED_KEY, *sorted(BLANK_KEYS - {""}))
_UNKNOWN = len(_SILENT)

Codes = NDArray[np.int64]


class Coder:
    """The texts and codes that mean each option of one question.

    An option's labels and ``accepts`` count, then its id where no other option claims it. ``conflicts`` names
    pairs of options that share a text: the caller refuses them.
    """

    def __init__(self, options: Sequence[Option]) -> None:
        self.options = list(options)
        self.whole: dict[str, int] = {}
        self.conflicts: list[tuple[str, str]] = []
        self.texts: list[tuple[str, int]] = []
        for at, option in enumerate(options):
            for text in (option.label["en"], option.label["he"], *option.accepts):
                if key(text):
                    self._claim(text, at)
        for at, option in enumerate(options):
            if key(option.option) not in self.whole:
                self._claim(option.option, at)

    def _claim(self, text: str, at: int) -> None:
        owner = self.whole.setdefault(key(text), at)
        if owner == at:
            self.texts.append((text, at))
        elif (pair := (self.options[owner].option, self.options[at].option)) not in self.conflicts:
            self.conflicts.append(pair)

    def one(self, cells: Sequence[str]) -> Codes:
        """The option of each single-choice cell, or BLANK, UNANSWERED, UNMATCHED."""
        return np.fromiter(map(self._one, cells), np.int64, len(cells))

    def _one(self, cell: str) -> int:
        said = key(cell)
        if (found := self.whole.get(said)) is not None:
            return found
        if said in BLANK_KEYS:
            return BLANK
        if said == UNANSWERED_KEY:
            return UNANSWERED
        return self.whole.get(said.rstrip(",; "), UNMATCHED)  # Forms leaves a separator behind a choice

    def column(self, cells: Sequence[str], option: int, no: Collection[str] = ()) -> Codes:
        """For cells of the column of one option: the option, or BLANK, UNSELECTED, UNMATCHED, ELSEWHERE.

        ``no``: codes that stand for unticked in this question, such as the 2 of 1 = yes, 2 = no.
        """
        return np.fromiter((self._in_column(cell, option, no) for cell in cells), np.int64, len(cells))

    def _in_column(self, cell: str, option: int, no: Collection[str]) -> int:
        said = key(cell)
        found = self.whole.get(said)
        if found is None and said in no:
            return UNSELECTED
        if found == option:
            return option
        if said in BLANK_KEYS:
            return BLANK
        if said in UNSELECTED_KEYS:
            return UNSELECTED
        if said in SELECTED_KEYS:
            return option
        return UNMATCHED if found is None else ELSEWHERE

    def best_delimiter(self, cells: Sequence[str], counts: NDArray[np.int64]) -> str:
        """The delimiter under which most answers match and fewest do not, tried on at most 2,000 cells."""
        sample = np.argsort(-counts, kind="stable")[:2000]
        chosen = [cells[at] for at in sample]

        def score(delimiter: str) -> float:
            decoded = Joined(self, delimiter).decode(chosen)
            return float((counts[sample] * (decoded.ticks.sum(axis=1) - 2 * decoded.unmatched)).sum())

        return max(DELIMITERS, key=score)


@dataclass(frozen=True)
class Decoded:
    """Distinct joined cells, decoded: ``ticks`` (u, k); how many answers matched no option; which are blank.

    ``ambiguous`` marks cells that can be read as different sets of options.
    """

    ticks: Mask
    unmatched: NDArray[np.int64]
    blank: Mask
    ambiguous: Mask

    def part(self, of: slice) -> Decoded:
        """A view of some of the cells."""
        return Decoded(self.ticks[of], self.unmatched[of], self.blank[of], self.ambiguous[of])


class _PieceCodes(dict[str, int]):
    """The code of each piece as it is written in a cell, worked out once for each writing."""

    def __init__(self, by_key: dict[str, int]) -> None:
        super().__init__()
        self.by_key = by_key

    def __missing__(self, piece: str) -> int:
        code = self[piece] = self.by_key.get(key(piece), _UNKNOWN)
        return code


class Joined:
    """Decodes cells in which a delimiter joins several options; options may hold the delimiter themselves."""

    def __init__(self, coder: Coder, delimiter: str) -> None:
        self.coder, self.delimiter = coder, delimiter
        self.sequences: dict[tuple[int, ...], int] = {}
        self.conflicts: list[tuple[str, str]] = []
        by_key = {said: code for code, said in enumerate(_SILENT)}
        for text, at in coder.texts:
            parts = tuple(by_key.setdefault(said, len(by_key) + 1) for said in tokens(text, delimiter))
            owner = self.sequences.setdefault(parts, at) if parts else at
            if owner != at:
                self.conflicts.append((coder.options[owner].option, coder.options[at].option))
        self.codes = _PieceCodes(by_key)
        self.longest: dict[int, list[tuple[int, ...]]] = {}
        for parts in sorted(self.sequences, key=len, reverse=True):
            self.longest.setdefault(parts[0], []).append(parts)

    def decode(self, cells: Sequence[str]) -> Decoded:
        """Decode distinct cells, each alone; a cell's set is exact wherever only one set can be meant."""
        size = len(cells)
        ticks, unmatched = np.zeros((size, len(self.coder.options)), np.bool_), np.zeros(size, np.int64)
        found = Decoded(ticks, unmatched, np.zeros(size, np.bool_), np.zeros(size, np.bool_))
        for at in range(0, size, _BATCH):
            self._decode(cells[at : at + _BATCH], found.part(slice(at, at + _BATCH)))
        return found

    def _decode(self, cells: Sequence[str], found: Decoded) -> None:
        """Fill ``found`` by what must hold: an option that alone covers some piece is meant, those that overlap
        it are not. Only cells in which that leaves pieces covered twice, or none, are looked at one by one."""
        written = f"{self.delimiter}\0{self.delimiter}".join([*cells, ""]).split(self.delimiter)
        kind = np.min_scalar_type(len(self.codes.by_key) + 1)
        codes = np.fromiter(map(self.codes.__getitem__, written), kind, len(written))
        codes = codes[codes != _EMPTY]
        end = codes == _END
        cell, inner = np.cumsum(end) - end, ~end
        starts, ends, options = self._matches(codes)

        def covers(some: Mask) -> Codes:
            steps = np.bincount(starts[some], minlength=len(codes))
            return np.cumsum(steps - np.bincount(ends[some], minlength=len(codes)))

        def holds(pieces: Mask) -> Mask:
            before = np.concatenate(([0], np.cumsum(pieces)))
            return np.asarray(before[ends] > before[starts])

        possible = covers(np.ones(len(starts), np.bool_))
        sole = holds(possible == 1)
        kept = sole | ~holds(covers(sole) > 0)
        covered = covers(kept)
        left = inner & (covered == 0)
        size = np.bincount(cell[inner], minlength=len(cells))
        silent = left & (codes < _UNKNOWN) & (size[cell] == 1)
        found.ticks[cell[starts[kept]], options[kept]] = True
        runs = left & ~silent & ~np.concatenate(([False], left[:-1]))
        found.unmatched[:] = np.bincount(cell[runs], minlength=len(cells))
        found.blank[:] = size == 0
        found.blank[cell[silent & (codes > _SKIPPED)]] = True
        stops = np.flatnonzero(end)
        for at in np.unique(cell[(covered > 1) | (left & (possible > 0))]):
            pieces = tuple(codes[stops[at] - size[at] : stops[at]].tolist())
            chosen, found.unmatched[at], found.ambiguous[at] = self._think(pieces)
            found.ticks[at] = np.isin(np.arange(found.ticks.shape[1]), chosen)

    def _matches(self, codes: NDArray[np.integer[Any]]) -> tuple[Codes, Codes, Codes]:
        """Where each option's text stands among the pieces: first piece, the one behind its last, option."""
        order = np.argsort(codes, kind="stable")
        bounds = np.searchsorted(codes[order], np.arange(len(self.codes.by_key) + 3))
        matches = [np.empty((3, 0), np.int64)]
        for parts, option in self.sequences.items():
            at = order[bounds[parts[0]] : bounds[parts[0] + 1]]
            for offset, part in enumerate(parts[1:], 1):
                at = at[codes[at + offset] == part]
            matches.append(np.array([at, at + len(parts), np.full(len(at), option)]))
        starts, ends, options = np.concatenate(matches, axis=1)
        return starts, ends, options

    def _think(self, pieces: tuple[int, ...]) -> tuple[list[int], int, bool]:
        """One cell with overlapping options: its options, unmatched answers, whether other sets fit too."""
        readings = self._readings(pieces)
        if (first := next(readings, None)) is None:
            return *self._fewest_unmatched(pieces), False
        return sorted(first), 0, any(other != first for other in readings)

    def _readings(self, pieces: tuple[int, ...]) -> Iterator[frozenset[int]]:
        """The sets of different options whose texts make up exactly the pieces; longest first."""
        tries = 0
        stack: list[tuple[int, frozenset[int]]] = [(0, frozenset())]
        while stack and tries < _TRIES:
            tries += 1
            at, used = stack.pop()
            if at == len(pieces):
                yield used
                continue
            following = []
            for parts in self.longest.get(pieces[at], ()):
                option = self.sequences[parts]
                if option not in used and pieces[at : at + len(parts)] == parts:
                    following.append((at + len(parts), used | {option}))
            stack.extend(reversed(following))

    def _fewest_unmatched(self, pieces: tuple[int, ...]) -> tuple[list[int], int]:
        """The reading that leaves the fewest pieces over, then takes few options; a run counts once."""
        # from the back: pieces left over, options taken, runs left over, whether one begins here, the options
        best: list[tuple[int, int, int, bool, frozenset[int]]] = [(0, 0, 0, False, frozenset())]
        for at in range(len(pieces) - 1, -1, -1):
            left, taken, runs, running, found = best[-1]
            ways = [(left + 1, taken, runs + (not running), True, found)]
            for parts in self.longest.get(pieces[at], ()):
                if pieces[at : at + len(parts)] == parts:
                    left, taken, runs, _, found = best[-len(parts)]
                    ways.append((left, taken + 1, runs, False, found | {self.sequences[parts]}))
            best.append(min(ways, key=lambda way: way[:2]))
        return sorted(best[-1][-1]), best[-1][2]
