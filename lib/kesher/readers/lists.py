"""The small tables beside a survey: answer options, what its columns mean, population margins."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import cast, get_args

from kesher.readers.coding import Coder
from kesher.readers.findings import nearest
from kesher.readers.numbers import number
from kesher.readers.opening import DataRoot
from kesher.readers.tables import RawTable, read_table
from kesher.readers.text import truth
from kesher.readers.tidy import Option, Role
from kesher.words import both

MAX_OPTIONS = 400  # per question
CODE = re.compile(r"[a-z0-9_]+\Z")
ROLES: tuple[str, ...] = get_args(Role)
NEED_QUESTION = frozenset({"segment", "grid", "driver", "choices", "asked"})

Options = dict[str, list[Option]]


@dataclass(frozen=True)
class ColumnRole:
    """One line of the columns table: what a column of the export answers.

    ``at`` is its place where the name does not say it. In an SPSS file ``counted`` is the code that is a tick,
    ``reading`` whether codes or labels were asked for.
    """

    column: str
    role: Role
    question: str
    option: str
    counted: str | None = None
    reading: str = ""
    at: int | None = None


def read_options(root: DataRoot, spec: str) -> Options:
    """The answer options by question, in the table's order.

    Columns: question, option, label_en, label_he; optionally accepts (texts or codes, separated by ``|``),
    exclusive and published_item. Raises DataRefused, all faults together: ids that are not [a-z0-9_]+ or come
    twice, missing labels, a text that would mean two options, more than 400 options in a question.
    """
    names, more = ("question", "option", "label_en", "label_he"), ("accepts", "exclusive", "published_item")
    table = read_table(root, spec, expect=names, optional=more)
    for count in Counter(table.column("question")).values():
        if count > MAX_OPTIONS:
            what = f"A question has {count:,} options; {MAX_OPTIONS} are the most."
            table.findings.wrong("too_many_options", what, "Group them.", "question")
    table.findings.stop()
    options: Options = defaultdict(list)
    for at, (question, option, english, hebrew, accepts, exclusive, item) in table.lines(*names, *more):
        _check_codes(table, at, question=question, option=option)
        for name, label in (("label_en", english), ("label_he", hebrew)):
            if not label:
                table.wrong(at, "missing_label", "The label is missing.", "Write it.", name)
        if truth(exclusive) is None:
            what = "This is neither yes nor no."
            table.wrong(at, "not_yes_or_no", what, "Write yes or no.", "exclusive")
        if any(one.option == option for one in options[question]):
            what = "The option's id comes twice in its question."
            table.wrong(at, "duplicate_option", what, "Keep one, or rename it.", "option")
        texts = tuple(text.strip() for text in accepts.split("|") if text.strip())
        made = Option(question, option, both(english, hebrew), texts, bool(truth(exclusive)), item or None)
        options[question].append(made)
    table.findings.stop()
    for question, listed in options.items():
        for one, other in Coder(listed).conflicts:
            what = f"Options {one!r} and {other!r} of question {question!r} share a text or code."
            remedy = "Give each text to one option only, in labels and accepts."
            table.findings.wrong("ambiguous_text", what, remedy, "accepts")
    table.findings.stop()
    return dict(options)


def _check_codes(table: RawTable, at: int, **codes: str) -> None:
    for name, code in codes.items():
        if not CODE.match(code):
            table.wrong(at, "not_a_code", "This is not an id.", "Use only a-z, 0-9 and _.", name)


def read_columns(root: DataRoot, spec: str, *, group: str, options: Options) -> list[ColumnRole]:
    """What each column of one group's export means; lines without a group are for every group.

    Columns: group, column, role, question, option. Raises DataRefused, all faults together.
    """
    names = ("group", "column", "role", "question", "option")
    table = read_table(root, spec, expect=names)
    lines: list[ColumnRole] = []
    seen: set[tuple[str, ...]] = set()
    for at, (for_group, column, role, question, option) in table.lines(*names):
        if for_group not in (group, ""):
            continue
        if role not in ROLES:
            remedy = f"Write one of {', '.join(ROLES)}.{nearest(role, ROLES)}"
            table.wrong(at, "unknown_role", "There is no such role.", remedy, "role")
            continue
        question, option = question * (role in NEED_QUESTION), option * (role == "choices")
        if not column:
            table.wrong(at, "missing_name", "The column's name is missing.", "Write it.", "column")
        if role in NEED_QUESTION:
            _check_codes(table, at, question=question)
        if role in ("segment", "choices"):
            _check_option(table, at, question, option, options)
        several = column if role == "choices" and not option else ""  # columns of first choice, second choice, ...
        if (role, question, option, several) in seen:
            what = "Two columns have the same role, question and option."
            table.wrong(at, "duplicate_role", what, "Keep one.", "role")
        seen.add((role, question, option, several))
        lines.append(ColumnRole(column, cast(Role, role), question, option))
    for question in sorted({line.question for line in lines if line.role == "choices" and line.option}):
        if any((line.role, line.question, line.option) == ("choices", question, "") for line in lines):
            what = f"Question {question!r} is mapped both to one joined column and to a column per option."
            table.findings.wrong("joined_and_split", what, "Keep one of the two.", "option")
    if not lines and not table.findings.faults:
        what, known = f"No line is for the group {group!r}.", sorted({*table.column("group")} - {""})
        table.findings.wrong("missing_group", what, f"Add its lines.{nearest(group, known)}")
    table.findings.stop()
    return lines


def _check_option(table: RawTable, at: int, question: str, option: str, options: Options) -> bool:
    """Whether the question has options, among them this one unless it is left out."""
    known = [one.option for one in options.get(question, [])]
    if not known:
        remedy = f"Add its options to the options table.{nearest(question, options)}"
        table.wrong(at, "unknown_question", "The question has no options.", remedy, "question")
    elif option and option not in known:
        remedy = f"Use an id of the options table.{nearest(option, known)}"
        table.wrong(at, "unknown_option", "The question has no such option.", remedy, "option")
    return option in known


def read_margins(root: DataRoot, spec: str, options: Options) -> dict[str, dict[str, float]]:
    """Population margins: question -> option -> share, each question's shares summing to exactly 1.

    Columns: question, option, share (0-1, or with a percent sign). Sums off by up to 0.005, as rounding makes
    them, are rescaled. Raises DataRefused for unknown or repeated options, options left out (exclusive ones
    may be), shares outside 0-1, other sums.
    """
    names = ("question", "option", "share")
    table = read_table(root, spec, expect=names)
    margins: dict[str, dict[str, float]] = defaultdict(dict)
    for at, (question, option, cell) in table.lines(*names):
        known = _check_option(table, at, question, option, options)
        share = number(cell, percent=True)
        if share is None or not 0 <= share <= 1:
            what = "The share is not a number from 0 to 1."
            table.wrong(at, "bad_share", what, "Write 0.12 or 12%.", "share")
        elif option in margins[question]:
            table.wrong(at, "duplicate_option", "The option comes twice.", "Keep one.", "option")
        elif known:
            margins[question][option] = share
    table.findings.stop()
    for question, shares in margins.items():
        left = [one.option for one in options[question] if not one.exclusive and one.option not in shares]
        if left:
            what = f"Question {question!r} has no share for {', '.join(left[:5])}."
            table.findings.wrong("missing_option", what, "Give each option its share.", "option")
        total = sum(shares.values())
        if abs(total - 1) > 0.005:
            what = f"The shares of question {question!r} sum to {total:.3f}, not to 1."
            table.findings.wrong("not_one", what, "Mend them; write 0.12 or 12%.", "share")
    table.findings.stop()
    return {q: {o: s / sum(shares.values()) for o, s in shares.items()} for q, shares in margins.items()}
