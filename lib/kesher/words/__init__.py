"""Every sentence a client reads, in English and Hebrew, with numbers, money and dates as each writes them.

``say("like.answer", gap=Quantity(-25, "pp"))`` looks the key up in ``en.toml`` and ``he.toml`` and returns both.
Numbers inside Hebrew are isolated left to right and names of the client first-strong, so that neither a minus sign
nor a Latin brand name changes sides.
"""

from __future__ import annotations

import datetime
import string
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, NamedTuple

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal

Text = dict[str, str]  # {"en": ..., "he": ...}

LANGUAGES = ("en", "he")
DATES = {"en": "en_GB", "he": "he"}  # the day first, as the client writes it
MINUS = "\u2212"
LRI, RLI, FSI, PDI = (
    "\u2066",
    "\u2067",
    "\u2068",
    "\u2069",
)  # isolate left to right, right to left, by first letter; end
ISOLATES = str.maketrans("", "", LRI + RLI + FSI + PDI)


class Quantity(NamedTuple):
    """A number to be written: its value in its unit (``results.Unit``), the digits shown, a plus sign if wanted."""

    value: float
    unit: str
    digits: int = 0
    signed: bool = False
    currency: str = "ILS"


Value = Quantity | Text | str | int | datetime.date | Sequence[Text]


@cache
def _catalogue(language: str) -> dict[str, Any]:
    return tomllib.loads(files(__name__).joinpath(f"{language}.toml").read_text(encoding="utf-8"))


@cache
def entries(language: str) -> Mapping[str, str]:
    """The catalogue of a language as a flat mapping of dotted keys."""

    def walk(node: dict[str, Any], prefix: str) -> dict[str, str]:
        flat: dict[str, str] = {}
        for key, value in node.items():
            flat |= walk(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
        return flat

    return MappingProxyType(walk(_catalogue(language), ""))


def _template(key: str, language: str, count: float | None) -> str:
    node: Any = _catalogue(language)
    for step in key.split("."):
        if not isinstance(node, dict) or step not in node:
            raise KeyError(f"{language}.toml has no {key!r}")
        node = node[step]
    if isinstance(node, dict):  # plural forms: one, two, other
        if count is None:
            raise KeyError(f"{key!r} has plural forms: say it with n=")
        form = Locale(language).plural_form(count)
        node = node.get(form, node["other"])
    return str(node)


def say(key: str, **values: Value) -> Text:
    """The sentence ``key`` in both languages, its placeholders filled.

    Values may be a Quantity, another Text, a str (a name, isolated), an int (a count), a date, or a list of Texts
    (joined with "and"). A key with plural forms takes its form from ``n``.

    >>> say("unit.interval", low="1", high="2")["en"]
    '\u20681\u2069 to \u20682\u2069'
    """
    count = values.get("n")
    plural = count.value if isinstance(count, Quantity) else count if isinstance(count, (int, float)) else None
    said = {}
    for language in LANGUAGES:
        template = _template(key, language, plural)
        wanted = {name for _, name, _, _ in string.Formatter().parse(template) if name}
        missing = wanted - values.keys()
        if missing:
            raise KeyError(f"{key!r} in {language} needs {sorted(missing)}")
        said[language] = template.format(**{name: written(values[name], language) for name in wanted})
    return said


def written(value: Value, language: str) -> str:
    """One value as the language writes it, isolated from the text around it."""
    if isinstance(value, Quantity):
        return isolated(quantity(value, language), language)
    if isinstance(value, dict):
        return _sentence(value[language], language)
    if isinstance(value, str):
        return f"{FSI}{value}{PDI}"
    if isinstance(value, datetime.date):
        return format_date(value, format="long", locale=DATES[language])
    if isinstance(value, (int, float)):
        return isolated(format_decimal(value, locale=language), language)
    return format_list([_sentence(item[language], language) for item in value], locale=language)


def _sentence(text: str, language: str) -> str:
    """Words set in their own direction: Hebrew words right to left even where they begin with a Latin name."""
    hebrew = language == "he" and any("\u05d0" <= letter <= "\u05ea" for letter in text)
    return f"{RLI if hebrew else FSI}{text}{PDI}"


def isolated(text: str, language: str) -> str:
    """A number set left to right inside right-to-left text, a unit in Hebrew words after it; English needs no mark.

    Isolated together, "−25 נ״א" would be laid out left to right, and a Hebrew reader would meet the unit first.
    """
    if language != "he":
        return text
    number, space, unit = text.partition(" ")
    return f"{LRI}{number}{PDI}{space}{unit}"


def quantity(number: Quantity, language: str) -> str:
    """A number in its unit: 49%, −25 pp, ₪1,200, 4.1.

    >>> quantity(Quantity(0.494, "share"), "en"), quantity(Quantity(-25.0, "pp", signed=True), "en")
    ('49%', '−25 pp')
    """
    value = number.value * 100 if number.unit == "share" else number.value
    value = round(value, number.digits) + 0.0  # + 0.0 turns −0.0 into 0.0
    sign = MINUS if value < 0 else "+" if number.signed and value > 0 else ""
    if number.unit in ("money", "money_per_month"):
        body = format_currency(
            abs(value),
            number.currency,
            locale="en",
            currency_digits=False,
            format="¤#,##0" + ("." + "0" * number.digits if number.digits else ""),
        )
    else:
        body = format_decimal(
            abs(value), format="#,##0" + ("." + "0" * number.digits if number.digits else ""), locale=language
        )
    suffix = _template(f"unit.suffix.{number.unit}", language, int(value) if value.is_integer() else value)
    return sign + body + suffix


def both(english: str, hebrew: str) -> Text:
    """A Text from two strings, for labels that come from a client's own tables."""
    return {"en": english, "he": hebrew}


def same(text: str) -> Text:
    """A Text that reads the same in both languages: a name, a code, a number already written."""
    return dict.fromkeys(LANGUAGES, text)


def bare(text: str) -> str:
    """A string without the isolation marks, for comparing and for plain-text formats."""
    return text.translate(ISOLATES)
