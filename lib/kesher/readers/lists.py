"""The small tables beside a survey: answer options, what its columns mean, population margins."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import get_args

from kesher.faults import DataRefused, Fault
from kesher.readers.coding import Coder
from kesher.readers.numbers import number
from kesher.readers.opening import DataRoot, fault, nearest
from kesher.readers.tables import RawTable, read_table
from kesher.readers.text import truth
from kesher.readers.tidy import Option, Role
from kesher.words import both

MAX_OPTIONS = 400  # per question
MAX_FAULTS = 50  # shown; the rest are counted
CODE = re.compile(r"[a-z0-9_]+\Z")
ROLES: tuple[str, ...] = get_args(Role)
NEED_QUESTION = frozenset({"segment", "grid", "driver", "choices", "asked"})

Options = dict[str, list[Option]]


@dataclass(frozen=True)
class ColumnRole:
    """One line of the columns table: what a column of the export answers."""

    column: str
    role: Role
    question: str
    option: str


def raise_all(faults: list[Fault]) -> None:
    """Raise DataRefused when there are faults; past fifty they are counted, not listed."""
    if not faults:
        return
    if (more := len(faults) - MAX_FAULTS) > 0:
        last = fault(
            faults[0].where, "more", f"There are {more:,} more faults like these.", "Mend these first."
        )
        faults = [*faults[:MAX_FAULTS], last]
    raise DataRefused(*faults)


def read_options(root: DataRoot, spec: str) -> Options:
    """The answer options by question, in the table's order.

    Columns: question, option, label_en, label_he; optionally accepts (texts or codes, separated by ``|``),
    exclusive and published_item. Raises DataRefused, all faults together: ids that are not [a-z0-9_]+ or come
    twice, missing labels, a text that would mean two options, more than 400 options in a question.
    """
    table = read_table(
        root,
        spec,
        expect=("question", "option", "label_en", "label_he"),
        optional=("accepts", "exclusive", "published_item"),
    )
    faults: list[Fault] = []
    options: Options = defaultdict(list)
    names = ("question", "option", "label_en", "label_he", "accepts", "exclusive", "published_item")
    counts = Counter(table.column("question"))
    for question, count in counts.items():
        if count > MAX_OPTIONS:
            at = table.column("question").index(question)
            what = f"A question has {count:,} options; {MAX_OPTIONS} are the most."
            faults.append(table.fault(at, "too_many_options", what, "Group them.", "question"))
    raise_all(faults)
    for at, cells in enumerate(zip(*(table.column(name) for name in names), strict=True)):
        question, option, english, hebrew, accepts, exclusive, published = cells
        faults += _code_faults(table, at, question=question, option=option)
        for name, label in (("label_en", english), ("label_he", hebrew)):
            if not label:
                faults.append(table.fault(at, "missing_label", "The label is missing.", "Write it.", name))
        said = truth(exclusive)
        if said is None:
            faults.append(
                table.fault(
                    at, "not_yes_or_no", "This is neither yes nor no.", "Write yes or no.", "exclusive"
                )
            )
        if any(one.option == option for one in options[question]):
            what = "The option's id comes twice in its question."
            faults.append(table.fault(at, "duplicate_option", what, "Keep one, or rename it.", "option"))
        texts = tuple(text.strip() for text in accepts.split("|") if text.strip())
        options[question].append(
            Option(question, option, both(english, hebrew), texts, bool(said), published or None)
        )
    raise_all(faults)
    for question, listed in options.items():
        for one, other in Coder(listed).conflicts:
            what = f"Options {one!r} and {other!r} of question {question!r} share a text or code."
            remedy = "Give each text to one option only, in labels and accepts."
            faults.append(fault(table.name, "ambiguous_text", what, remedy, column="accepts"))
    raise_all(faults)
    return dict(options)


def _code_faults(table: RawTable, at: int, **codes: str) -> list[Fault]:
    return [
        table.fault(at, "not_a_code", "This is not an id.", "Use only a-z, 0-9 and _.", name)
        for name, code in codes.items()
        if not CODE.match(code)
    ]


def read_columns(root: DataRoot, spec: str, *, group: str, options: Options) -> list[ColumnRole]:
    """What each column of a group's export answers; a line without a group holds for all groups.

    Columns: group, column, role, question, option. Raises DataRefused, all faults together: unknown roles,
    questions and options (with the nearest known), a role given twice, a group without lines.
    """
    table = read_table(root, spec, expect=("group", "column", "role", "question", "option"))
    faults: list[Fault] = []
    lines: list[ColumnRole] = []
    seen: set[tuple[str, str, str]] = set()
    groups = set()
    names = ("group", "column", "role", "question", "option")
    for at, (for_group, column, role, question, option) in enumerate(
        zip(*(table.column(name) for name in names), strict=True)
    ):
        groups.add(for_group)
        if for_group not in (group, ""):
            continue
        if role not in ROLES:
            remedy = f"Write one of {', '.join(ROLES)}.{nearest(role, list(ROLES))}"
            faults.append(table.fault(at, "unknown_role", "There is no such role.", remedy, "role"))
            continue
        if not column:
            faults.append(
                table.fault(at, "missing_name", "The column's name is missing.", "Write it.", "column")
            )
        if role in NEED_QUESTION:
            faults += _code_faults(table, at, question=question)
        if role in ("segment", "choices"):
            faults += _known_option(table, at, question, option, options)
        line = (role, question if role in NEED_QUESTION else "", option if role == "choices" else "")
        if line in seen:
            what = "Two columns have the same role, question and option."
            faults.append(table.fault(at, "duplicate_role", what, "Keep one.", "role"))
        seen.add(line)
        lines.append(ColumnRole(column, role, line[1], line[2]))
    whole = {line.question for line in lines if line.role == "choices" and not line.option}
    split = {line.question for line in lines if line.role == "choices" and line.option}
    for question in sorted(whole & split):
        what = f"Question {question!r} is mapped both to one joined column and to a column per option."
        faults.append(fault(table.name, "joined_and_split", what, "Keep one of the two.", column="option"))
    if not lines and not faults:
        known = sorted(groups - {""})
        what = f"No line is for the group {group!r}."
        faults.append(fault(table.name, "missing_group", what, f"Add its lines.{nearest(group, known)}"))
    raise_all(faults)
    return lines


def _known_option(table: RawTable, at: int, question: str, option: str, options: Options) -> list[Fault]:
    if question not in options:
        remedy = f"Add its options to the options table.{nearest(question, list(options))}"
        return [table.fault(at, "unknown_question", "The question has no options.", remedy, "question")]
    known = [one.option for one in options[question]]
    if option and option not in known:
        remedy = f"Use an id of the options table.{nearest(option, known)}"
        return [table.fault(at, "unknown_option", "The question has no such option.", remedy, "option")]
    return []


def read_margins(root: DataRoot, spec: str, options: Options) -> dict[str, dict[str, float]]:
    """Population margins: question -> option -> share, each question's shares summing to exactly 1.

    Columns: question, option, share (0-1, or with a percent sign). Sums off by up to 0.005, as rounding makes
    them, are rescaled. Raises DataRefused for unknown or repeated options, options left out (exclusive ones
    may be), shares outside 0-1, other sums.
    """
    table = read_table(root, spec, expect=("question", "option", "share"))
    faults: list[Fault] = []
    margins: dict[str, dict[str, float]] = defaultdict(dict)
    names = ("question", "option", "share")
    for at, (question, option, cell) in enumerate(zip(*(table.column(n) for n in names), strict=True)):
        found = _known_option(table, at, question, option, options)
        faults += found
        share = number(cell, percent=True)
        if share is None or not 0 <= share <= 1:
            what = "The share is not a number from 0 to 1."
            faults.append(table.fault(at, "bad_share", what, "Write 0.12 or 12%.", "share"))
            continue
        if option in margins[question]:
            faults.append(
                table.fault(at, "duplicate_option", "The option comes twice.", "Keep one.", "option")
            )
        if not found:
            margins[question][option] = share
    raise_all(faults)
    for question, shares in margins.items():
        left = [one.option for one in options[question] if not one.exclusive and one.option not in shares]
        if left:
            what = f"Question {question!r} has no share for {', '.join(left[:5])}."
            faults.append(
                fault(table.name, "missing_option", what, "Give each option its share.", column="option")
            )
        total = sum(shares.values())
        if abs(total - 1) > 0.005:
            what = f"The shares of question {question!r} sum to {total:.3f}, not to 1."
            faults.append(fault(table.name, "not_one", what, "Mend them; write 0.12 or 12%.", column="share"))
    raise_all(faults)
    return {q: {o: s / sum(shares.values()) for o, s in shares.items()} for q, shares in margins.items()}
