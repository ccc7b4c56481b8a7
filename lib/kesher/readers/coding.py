"""Matching what people's cells say to the options of a question: whole tokens, longest option first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kesher.readers.text import BLANK_KEYS, SELECTED_KEYS, UNANSWERED_KEY, UNSELECTED_KEYS, key, tokens
from kesher.readers.tidy import Option

DELIMITERS = (";", ",", "|", "\n")
BLANK, UNANSWERED, UNMATCHED = -1, -2, -3  # what a cell can be beside the index of an option
UNSELECTED, ELSEWHERE = -4, -5  # in a column of one option: explicitly not chosen; another option's text
_TRIES = 5_000  # steps after which a cell of many overlapping options is decided greedily


@dataclass(frozen=True)
class Decoded:
    """Distinct joined cells, decoded: ``ticks`` (u, k) bool; counts of answers that matched and that did not.

    ``state`` is BLANK, UNANSWERED or 0; ``ambiguous`` marks cells that can be read as different sets.
    """

    ticks: NDArray[np.bool_]
    matched: NDArray[np.int64]
    unmatched: NDArray[np.int64]
    state: NDArray[np.int8]
    ambiguous: NDArray[np.bool_]


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

    def one(self, cells: Sequence[str]) -> NDArray[np.int64]:
        """The option of each single-choice cell, or BLANK, UNANSWERED, UNMATCHED."""
        return np.fromiter((self._one(cell) for cell in cells), np.int64, len(cells))

    def _one(self, cell: str) -> int:
        said = key(cell)
        if (found := self.whole.get(said)) is not None:
            return found
        if said in BLANK_KEYS:
            return BLANK
        if said == UNANSWERED_KEY:
            return UNANSWERED
        if "," in said or ";" in said:  # Forms leaves a separator behind a single choice
            return self.whole.get(said.rstrip(",; "), UNMATCHED)
        return UNMATCHED

    def column(self, cells: Sequence[str], option: int) -> NDArray[np.int64]:
        """For cells of the column of one option: the option, or BLANK, UNSELECTED, UNMATCHED, ELSEWHERE."""
        return np.fromiter((self._in_column(cell, option) for cell in cells), np.int64, len(cells))

    def _in_column(self, cell: str, option: int) -> int:
        said = key(cell)
        found = self.whole.get(said)
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
        weights = counts[sample]

        def score(delimiter: str) -> float:
            decoded = Joined(self, delimiter).decode(chosen)
            return float((weights * (decoded.matched - 2 * decoded.unmatched)).sum())

        return max(DELIMITERS, key=score)


class Joined:
    """Decodes cells in which a delimiter joins several options; options may hold the delimiter themselves."""

    def __init__(self, coder: Coder, delimiter: str) -> None:
        self.coder, self.delimiter = coder, delimiter
        self.sequences: dict[tuple[str, ...], int] = {}
        self.conflicts: list[tuple[str, str]] = []
        for text, at in coder.texts:
            parts = tokens(text, delimiter)
            owner = self.sequences.setdefault(parts, at) if parts else at
            if owner != at:
                self.conflicts.append((coder.options[owner].option, coder.options[at].option))
        self.longest: dict[str, list[tuple[str, ...]]] = {}
        for parts in sorted(self.sequences, key=len, reverse=True):
            self.longest.setdefault(parts[0], []).append(parts)
        within = {part for parts in self.sequences if len(parts) > 1 for part in parts}
        self.simple = {p[0]: at for p, at in self.sequences.items() if len(p) == 1 and p[0] not in within}

    def decode(self, cells: Sequence[str]) -> Decoded:
        """Decode distinct cells, each alone; a cell's set is exact wherever only one set can be meant."""
        size = len(cells)
        rows: list[int] = []
        columns: list[int] = []
        matched, unmatched = np.zeros(size, np.int64), np.zeros(size, np.int64)
        state, ambiguous = np.zeros(size, np.int8), np.zeros(size, np.bool_)
        keys: dict[str, str] = {}
        options: dict[str, int] = {}  # raw pieces: option, -1 for nothing, -2 when it takes thought
        for at, cell in enumerate(cells):
            raw = cell.split(self.delimiter)
            for piece in raw:
                if piece not in keys:
                    said = keys[piece] = key(piece)
                    options[piece] = self.simple.get(said, -2) if said else -1
            found = [options[piece] for piece in raw]
            if -2 in found:
                pieces = tuple(said for piece in raw if (said := keys[piece]))
                quick = self._only_reading(pieces)
                if quick is None:
                    found, unmatched[at], ambiguous[at], state[at] = self._think(pieces)
                else:
                    found = quick
            elif -1 in found:
                found = [option for option in found if option >= 0]
            if not found and not unmatched[at] and not state[at]:
                state[at] = BLANK
            matched[at] = len(found)
            rows.extend([at] * len(found))
            columns.extend(found)
        ticks = np.zeros((size, len(self.coder.options)), np.bool_)
        ticks[rows, columns] = True
        return Decoded(ticks, matched, unmatched, state, ambiguous)

    def _only_reading(self, pieces: tuple[str, ...]) -> list[int] | None:
        """The options of a cell in which each next piece begins exactly one option, else None."""
        found: list[int] = []
        at = 0
        while at < len(pieces):
            fitting = self.longest.get(pieces[at], ())
            if len(fitting) > 1:
                fitting = [parts for parts in fitting if pieces[at : at + len(parts)] == parts]
            if len(fitting) != 1:
                return None
            parts = fitting[0]
            end = at + len(parts)
            option = self.sequences[parts]
            if (end > at + 1 and pieces[at:end] != parts) or option in found:
                return None
            found.append(option)
            at = end
        return found

    def _think(self, pieces: tuple[str, ...]) -> tuple[list[int], int, bool, int]:
        """One cell with overlapping options or unknown text: options, unmatched answers, ambiguity, state."""
        if len(pieces) == 1 and pieces not in self.sequences:
            if pieces[0] in BLANK_KEYS:
                return [], 0, False, BLANK
            if pieces[0] == UNANSWERED_KEY:
                return [], 0, False, UNANSWERED
        sets: list[frozenset[int]] = []
        for one in self._readings(pieces):
            if one not in sets:
                sets.append(one)
            if len(sets) > 1:
                break
        if sets:
            return sorted(sets[0]), 0, len(sets) > 1, 0
        found, unmatched = self._fewest_unmatched(pieces)
        return found, unmatched, False, 0

    def _readings(self, pieces: tuple[str, ...]) -> Iterator[frozenset[int]]:
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

    def _fewest_unmatched(self, pieces: tuple[str, ...]) -> tuple[list[int], int]:
        """The reading that leaves the fewest pieces over, then takes few options; a run counts once."""
        size = len(pieces)
        cost: list[tuple[int, int]] = [(0, 0)] * (size + 1)
        step: list[tuple[str, ...] | None] = [None] * size
        for at in range(size - 1, -1, -1):
            left, options = cost[at + 1]
            best = (left + 1, options)
            for parts in self.longest.get(pieces[at], ()):
                if pieces[at : at + len(parts)] == parts:
                    left, options = cost[at + len(parts)]
                    if (left, options + 1) < best:
                        best, step[at] = (left, options + 1), parts
            cost[at] = best
        found, unmatched, at, running = set(), 0, 0, False
        while at < size:
            parts_taken = step[at]
            unmatched += parts_taken is None and not running
            running = parts_taken is None
            if parts_taken is not None:
                found.add(self.sequences[parts_taken])
            at += len(parts_taken) if parts_taken is not None else 1
        return sorted(found), int(unmatched)
