# ruff: noqa: E501  (sentences in two languages read better whole)
"""A made Result with every part and every kind of chart, to lay pages out against. No number here is a finding."""

from __future__ import annotations

from typing import Any

from kesher import page
from kesher.results import (
    Answer,
    Assumption,
    Chart,
    Claim,
    Column,
    Number,
    Recommendation,
    Result,
    Table,
    Unit,
    Warning,
)
from kesher.words import Quantity, Text, both, quantity, same

LABELS: dict[str, Text] = {
    "content": both("The content is agreeable", "אני אוהב/ת את התוכן"),
    "news": both("I want news of the brand", "להתעדכן במותג"),
    "rewards": both("Looking for incentives or rewards", "אני מחפש/ת הטבות"),
    "savings": both("Special savings, experiences or events", "מבצעים, חוויות ואירועים"),
    "loyal": both("I am a loyal customer", "אני לקוח/ה נאמן/ה"),
}
SHARES = {  # customers, marketers, gap low, gap high, distinct
    "content": (0.30, 0.57, 18.2, 35.3, True),
    "news": (0.46, 0.40, -14.4, 2.9, False),
    "rewards": (0.46, 0.33, -20.8, -4.2, True),
    "savings": (0.43, 0.27, -23.2, -7.4, True),
    "loyal": (0.49, 0.24, -31.8, -16.6, True),
}
NASTY: tuple[Text, ...] = (
    both("<script>alert(1)</script> was my reason", "<script>alert(1)</script> זו הסיבה שלי"),
    both('<img src=x onerror="alert(2)">', '<img src=x onerror="alert(2)">'),
    both('<a href="javascript:alert(3)">press</a> </script><b>bold</b>', '<a href="javascript:alert(3)">לחצו</a> </script><b>מודגש</b>'),
    both(
        "Submit opinion on current products and services, and reviews & product rankings, as the longest published wording has it",
        "להביע דעה על המוצרים והשירותים הקיימים, ולקרוא ביקורות ודירוגים של מוצרים, כלשון הניסוח הארוך ביותר שפורסם",
    ),
    both("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "כשלהשתעשעויותיהםוכשבהתכתבויותיהםובהתייעצויותיהםשבינםלביןעצמם"),
    both("%{label} $x^2$ &lt;b&gt; \u202eright to left override\u2069", "56% ב-Facebook (n=1,204)!"),
)  # fmt: skip


def number(id: str, label: Text, value: float, unit: Unit, low: float, high: float, **more: Any) -> Number:
    given = {
        "interval": "confidence", "confidence": 0.95, "base": {"customers": 1300}, "method": "share of those who answered, Wilson",
    } | more  # fmt: skip
    return Number(id=id, label=label, value=value, unit=unit, low=low, high=high, **given)


def column(name: str, unit: str, english: str, hebrew: str, digits: int = 0) -> Column:
    return Column(name=name, unit=unit, label=both(english, hebrew), digits=digits)


def numbers() -> dict[str, Number]:
    made: list[Number] = []
    for code, (customers, marketers, low, high, _) in SHARES.items():
        label = LABELS[code]
        made.append(number(f"customers.share.{code}", label, customers, "share", customers - 0.027, customers + 0.027))
        made.append(
            number(
                f"marketers.share.{code}",
                label,
                marketers,
                "share",
                marketers - 0.08,
                marketers + 0.08,
                base={"marketers": 132},
            )
        )
        made.append(
            number(
                f"gap.{code}", label, (marketers - customers) * 100, "pp", low, high,
                base={"customers": 1300, "marketers": 132}, method="difference of two proportions, Newcombe",
            )
        )  # fmt: skip
    made.append(Number(id="tau", label=both("Agreement of the two orders", "דמיון בין סולמות העדיפויות"), value=-0.53, unit="tau",
                       digits=2, low=-0.9, high=0.1, interval="confidence", confidence=0.95, base={"customers": 1300, "marketers": 132},
                       method="Kendall tau-b"))  # fmt: skip
    made.append(
        number("gap.small", both("A small group", "קבוצה קטנה"), 1.0, "pp", 0, 2).refused(
            "withheld", both("fewer than 10 people stand behind it", "פחות מ-10 משיבים")
        )
    )
    return {one.id: one for one in made}


def tables(*, nasty: bool) -> dict[str, Table]:
    gaps = Table(
        title=both("All reasons", "כל הסיבות"),
        columns=(
            column("option", "code", "Code", "קוד"),
            column("reason", "text", "Reason", "סיבה"),
            column("customers.share", "share", "Customers", "לקוחות"),
            column("marketers.share", "share", "Marketers", "אנשי שיווק"),
            column("gap", "pp", "Gap", "פער"),
            column("distinct", "flag", "Distinct", "מובהק"),
            column("accent", "flag", "Accent", "הדגשה"),
            column("rank.customers", "rank", "Customers’ order", "הסדר של הלקוחות"),
            column("rank.marketers", "rank", "Marketers’ order", "הסדר של אנשי השיווק"),
        ),
        rows=tuple(
            (code, LABELS[code], c, m, (m - c) * 100, distinct, code in ("content", "loyal"), rank_c, rank_m)
            for (code, (c, m, _, _, distinct)), rank_c, rank_m in zip(
                SHARES.items(), (5.0, 2.5, 2.5, 4.0, 1.0), (1.0, 2.0, 3.0, 4.0, 5.0), strict=True
            )
        ),
    )
    extra: tuple[Text, ...] = NASTY if nasty else ()
    expectations = Table(
        columns=(
            column("expectation", "text", "Expectation", "ציפייה"), column("value", "share", "Customers here", "הלקוחות כאן"),
            column("low", "share", "From", "מ־"), column("high", "share", "To", "עד"), column("base", "count", "n", "n"),
            column("reference", "share", "Published 2011", "פורסם ב־2011"), column("grey", "flag", "Small base", "בסיס קטן"),
        ),
        rows=(
            (both("Eligible for exclusive offers", "לקבל הצעות בלעדיות"), 0.62, 0.59, 0.65, 1288, 0.67, False),
            (both("Interact with other customers and share experiences", "לדבר עם לקוחות אחרים ולשתף חוויות"), 0.41, 0.38, 0.44, 1288, 0.60, False),
            (both("Service and support", "שירות ותמיכה"), 0.55, 0.52, 0.58, 1288, 0.50, False),
            (both("Games, contests, unique experiences", "משחקים, תחרויות וחוויות"), 0.22, 0.11, 0.39, 24, 0.57, True),
            (both("Share ideas for new products", "להציע רעיונות למוצרים"), None, None, None, 6, 0.41, True),
            *((label, 0.3 - place / 20, 0.25 - place / 20, 0.35 - place / 20, 400, None, False) for place, label in enumerate(extra)),
        ),
    )  # fmt: skip
    segments = Table(
        columns=(
            column("reason", "text", "Reason", "סיבה"), column("group", "text", "Group", "קבוצה"),
            column("value", "pp", "Difference from all", "הפרש מכלל הלקוחות"), column("low", "pp", "From", "מ־"),
            column("high", "pp", "To", "עד"), column("distinct", "flag", "Distinct", "מובהק"),
        ),
        rows=(
            (both("Looking for incentives or rewards", "אני מחפש/ת הטבות"), both("18–24 years", "גילאי 18–24"), 14.0, 8.0, 20.0, True),
            (both("I am a loyal customer", "אני לקוח/ה נאמן/ה"), both("18–24 years", "גילאי 18–24"), -12.0, -18.0, -6.0, True),
            (both("The content is agreeable", "אני אוהב/ת את התוכן"), both("18–24 years", "גילאי 18–24"), 3.0, -3.0, 9.0, False),
            (both("I am a loyal customer", "אני לקוח/ה נאמן/ה"), both("55 years and older", "בני 55 ומעלה"), 9.0, 3.0, 15.0, True),
            (both("The content is agreeable", "אני אוהב/ת את התוכן"), both("55 years and older", "בני 55 ומעלה"), -2.0, -8.0, 4.0, False),
            *((label, both("<b>Other</b> & more", "<b>אחר</b> ועוד"), 2.0, -5.0, 9.0, False) for label in extra),
        ),
    )  # fmt: skip
    guesses = Table(
        columns=(
            column("reason", "text", "Reason", "סיבה"), column("actual", "share", "Found", "נמצא"),
            column("low", "share", "From", "מ־"), column("high", "share", "To", "עד"), column("guess", "share", "Team’s guess", "ניחוש הצוות"),
            column("guess_low", "share", "Guess from", "ניחוש מ־"), column("guess_high", "share", "Guess to", "ניחוש עד"),
        ),
        rows=(
            *((LABELS[code], c, c - 0.027, c + 0.027, m, max(m - 0.15, 0.0), min(m + 0.2, 1.0)) for code, (c, m, *_) in SHARES.items()),
            *((label, 0.1, 0.07, 0.13, 0.3, 0.2, 0.5) for label in extra),
        ),
    )  # fmt: skip
    quality = Table(
        columns=(
            column("step", "text", "Step", "שלב"),
            column("rows", "count", "Rows", "שורות"),
            column("why", "text", "Why", "מדוע"),
        ),
        rows=(
            (both("Read from the export", "נקראו מקובץ הייצוא"), 1342, same("")),
            (both("Answered the question", "ענו על השאלה"), 1300, both("42 left it blank", "42 לא ענו")),
        ),
    )
    return curves(extra) | {
        "gaps": gaps,
        "expectations": expectations,
        "segments": segments,
        "guesses": guesses,
        "quality_rows": quality,
    }


def curves(extra: tuple[Text, ...]) -> dict[str, Table]:
    """Tables that run over months, and one of inputs."""
    profile = Table(
        columns=(
            column("month", "months", "Months since joining", "חודשים מאז ההצטרפות"), column("value", "money_per_month", "Effect", "השפעה"),
            column("low", "money_per_month", "From", "מ־"), column("high", "money_per_month", "To", "עד"),
            column("distinct", "flag", "Distinct", "מובהק"), column("joining", "flag", "left out", "לא נכלל"), column("base", "count", "n", "n"),
        ),
        rows=tuple(
            (m, v, None if v is None else v - 2.5, None if v is None else v + 2.5, v is not None and m > 0, m in (-1, 0), 900 - 10 * m)
            for m in range(-6, 13) for v in [None if m in (-1, 0) else (0.5 * (-1) ** m if m < 0 else 6 - m * 0.2)]
        ),
    )  # fmt: skip
    cash = Table(
        columns=(
            column("month", "months", "Month", "חודש"), column("label", "text", "Month", "חודש"),
            column("value", "money", "Cumulative result", "תוצאה מצטברת"), column("low", "money", "From", "מ־"),
            column("high", "money", "To", "עד"), column("lowest", "flag", "Lowest point", "נקודת השפל"),
        ),
        rows=tuple(
            (m, both(f"{m + 1}/2026", f"{m + 1}/2026"), v, v - 4000 * (m + 1), v + 3000 * (m + 1), m == 4)
            for m in range(12) for v in [-100_000 + 6_000 * (m - 4) ** 2]
        ),
    )  # fmt: skip
    names = [
        both("Points", "צבירה"),
        both("Percentage discount", "הנחה באחוזים"),
        extra[4] if extra else both("Experience", "חוויה"),
    ]
    decay = Table(
        columns=(
            column("tactic", "text", "Tactic", "מהלך"), column("month", "months", "Months after", "חודשים אחרי"),
            column("value", "share", "Lift", "תוספת"), column("low", "share", "From", "מ־"), column("high", "share", "To", "עד"),
            column("grey", "flag", "small base", "בסיס קטן"), column("base", "count", "n", "n"),
        ),
        rows=tuple(
            (name, m, None if (place, m) == (1, 3) else 0.2 / (m + 1) + 0.05 * place, *((0.1 / (m + 1), 0.3 / (m + 1)) if place == 0 else (None, None)), m > 4, 400 - 60 * m)
            for place, name in enumerate(names) for m in range(7)
        ),
    )  # fmt: skip
    inputs = Table(
        columns=(
            column("input", "text", "Input", "נתון"), column("value", "money", "As it stands", "כפי שהוא"),
            column("low", "money", "At its low end", "בקצה הנמוך"), column("high", "money", "At its high end", "בקצה הגבוה"),
            column("low_text", "text", "From", "מ־"), column("high_text", "text", "To", "עד"), column("accent", "flag", "Accent", "הדגשה"),
        ),
        rows=(
            (both("Active share", "שיעור הפעילים"), 40_000, -60_000, 150_000, both("31%", "31%"), both("52%", "52%"), True),
            (both("Incremental margin per active member and month", "תוספת רווח תרומה לחבר פעיל בחודש"), 40_000, -20_000, 90_000, both("₪1.20", "₪1.20"), both("₪4.80", "₪4.80"), False),
            (both("Cost per redeemed point", "עלות לנקודת מועדון שמומשה"), 40_000, 70_000, 30_000, both("₪0.02", "₪0.02"), both("₪0.09", "₪0.09"), False),
            (both("Discount rate", "שיעור ההיוון"), 40_000, None, None, both("", ""), both("", ""), False),
            *((label, 40_000, 35_000, 45_000, label, both("2", "2"), False) for label in extra[:3]),
        ),
    )  # fmt: skip
    return choices(extra) | {"profile": profile, "cash": cash, "decay": decay, "inputs": inputs}


NETWORKS = [
    "Facebook",
    "Instagram",
    "YouTube",
    "WhatsApp",
    "TikTok",
    "LinkedIn",
    "X",
    "Telegram",
    "Pinterest",
    "Snapchat",
    "Reddit",
    "Threads",
]


def named(*places: int) -> Text:
    """Several networks as a sentence names them."""
    names = [NETWORKS[place] for place in places]
    return both(", ".join(names[:-1]) + f" and {names[-1]}", ", ".join(names[:-1]) + f" ו־{names[-1]}")


def choices(extra: tuple[Text, ...]) -> dict[str, Table]:
    """Tables of a choice: weights over which it stays, what hours buy, networks against the population and each other."""
    weights = Table(
        columns=(
            column("goal", "text", "Goal", "יעד"), column("weight", "share", "weight now", "המשקל כיום"),
            column("low", "share", "From", "מ־"), column("high", "share", "To", "עד"),
            column("below", "text", "With less", "בפחות"), column("above", "text", "With more", "ביותר"), column("accent", "flag", "Accent", "הדגשה"),
        ),
        rows=(
            (both("Reach", "חשיפה"), 0.40, 0.28, 0.45, named(0, 1, 3), named(0, 1, 2, 3, 4), True),
            (both("Engagement", "מעורבות"), 0.25, 0.0, 0.31, same(""), named(1, 4), False),
            (both("Leads from the networks", "לידים מהרשתות החברתיות"), 0.15, 0.13, 0.16, named(0, 5), named(5, 2, 3, 8, 9, 10), False),
            (both("Sales", "מכירות"), 0.20, 0.0, 1.0, same(""), same(""), False),
            (both("Service", "שירות"), 0.02, 0.01, 0.03, named(0, 3), same(""), False),
            (both("Loyalty", "נאמנות"), 0.97, 0.96, 1.0, named(0, 3), same(""), False),
            (both("Mentions", "אזכורים"), 0.05, None, None, same(""), same(""), False),
            *((label, 0.5, 0.2, 0.8, label, label, False) for label in extra),
        ),
    )  # fmt: skip
    hours = (0, 5, 8, 9.5, 14, 20, 27, 27.5, 28, 40, 52, 60)
    shares = (None, 0.31, 0.44, 0.45, 0.58, 0.64, 0.70, 0.705, 0.71, 0.76, 0.78, 0.79)
    frontier = Table(
        columns=(
            column("hours", "hours", "Hours a month", "שעות בחודש"), column("reach", "share", "Reach", "חשיפה"),
            column("set", "text", "Networks", "רשתות"), column("available", "hours", "hours available", "שעות זמינות"),
            column("next", "flag", "next step", "המדרגה הבאה"), column("grey", "flag", "uncertain", "לא ודאי"),
        ),
        rows=tuple(
            (h, v, extra[place % 6] if extra and place in (3, 8, 9) else named(*range(max(0, place - 5), place + 1)) if v else same(""), 22, place == 6, place == 10)
            for place, (h, v) in enumerate(zip(hours, shares, strict=True))
        ),
    )  # fmt: skip
    against = Table(
        columns=(
            column("network", "text", "Network", "רשת"), column("group", "text", "Group", "קבוצה"), column("index", "ratio", "Index", "מדד", 2),
            column("low", "ratio", "From", "מ־", 2), column("high", "ratio", "To", "עד", 2), column("distinct", "flag", "Distinct", "מובהק"),
        ),
        rows=(
            (same("TikTok"), same(""), 1.84, 1.52, 2.21, True), (same("Instagram"), same(""), 1.21, 1.12, 1.31, True),
            (same("WhatsApp"), same(""), 1.01, 0.97, 1.05, False), (same("LinkedIn"), same(""), 0.62, 0.44, 0.86, True),
            (same("Reddit"), same(""), None, None, None, False),
            *((label, same(""), 0.9, 0.6, 1.2, False) for label in extra),
        ),
    )  # fmt: skip
    names = [same(name) for name in NETWORKS[: 12 - len(extra)]] + list(extra)
    overlap = Table(
        columns=(
            column("network", "text", "users of", "משתמשי"), column("other", "text", "also on", "גם ב־"),
            column("share", "share", "Share", "שיעור"), column("low", "share", "From", "מ־"), column("high", "share", "To", "עד"), column("base", "count", "n", "n"),
        ),
        rows=tuple(
            (one, other, v, None if v is None else max(v - 0.05, 0.0), None if v is None else min(v + 0.05, 1.0), 400 - 30 * down)
            for down, one in enumerate(names) for across, other in enumerate(names) if down != across
            for v in [None if (down, across) == (3, 1) else 1.0 if (down, across) == (7, 0) else 0.92 / (1 + across * 0.2) - 0.01 * down]
        ),
    )  # fmt: skip
    return {"weights": weights, "frontier": frontier, "against": against, "overlap": overlap}


WORDS = {
    "subtitle": both("Share naming this as a reason for a Like, %; several answers allowed. Grey: not distinguishable from zero.",
                     "שיעור המציינים שזו אחת הסיבות ללייק, באחוזים; ניתן היה לסמן כמה תשובות. אפור: אינו מובהק סטטיסטית."),
    "source": both("Source: survey of the client’s customers, 2026. Exact wording in the appendix.",
                   "מקור: סקר לקוחות, 2026. הנוסח המדויק בנספח."),
    "bases": both("Customers n = 1,300, marketers n = 132.", "לקוחות \u2066n = 1,300\u2069, אנשי שיווק \u2066n = 132\u2069."),
}  # fmt: skip


def charts(*, nasty: bool) -> dict[str, Chart]:
    sides = {"first": both("customers", "לקוחות"), "second": both("marketers", "אנשי שיווק")}
    made = [
        Chart(id="gap_dumbbell", kind="dumbbell", table="gaps",
              roles={"label": "reason", "first": "customers.share", "second": "marketers.share", "gap": "gap", "distinct": "distinct", "accent": "accent"},
              title=both("Marketers overrate content and underrate loyalty", "אנשי השיווק מפריזים בחשיבות התוכן וממעיטים בחשיבות הנאמנות"),
              names=sides, **WORDS),
        Chart(id="ranks_slope", kind="slope", table="gaps",
              roles={"label": "reason", "first": "rank.customers", "second": "rank.marketers", "accent": "accent"},
              title=both("What customers put first, marketers put last", "מה שראשון אצל הלקוחות אחרון אצל אנשי השיווק"), names=sides, **WORDS),
        Chart(id="expectations_bars", kind="bars", table="expectations",
              roles={"label": "expectation", "value": "value", "low": "low", "high": "high", "base": "base", "reference": "reference", "grey": "grey"},
              title=both("62% expect exclusive offers after a Like", "62% מצפים להצעות בלעדיות אחרי לייק"), **WORDS),
        Chart(id="segments_difference", kind="difference", table="segments",
              roles={"label": "reason", "group": "group", "value": "value", "low": "low", "high": "high", "distinct": "distinct"},
              title=both("Young customers look for rewards, older ones are loyal", "לקוחות צעירים מחפשים הטבות, מבוגרים נאמנים"),
              names={"negative": both("named less often", "מציינים פחות"), "positive": both("named more often", "מציינים יותר")}, **WORDS),
        Chart(id="guesses_range", kind="range", table="guesses",
              roles={"label": "reason", "actual": "actual", "low": "low", "high": "high", "guess": "guess", "guess_low": "guess_low", "guess_high": "guess_high"},
              title=both("The team’s guesses miss loyalty by 25 points", "ניחושי הצוות מחמיצים את הנאמנות ב־25 נקודות אחוז"), **WORDS),
        Chart(id="profile_line", kind="line", table="profile",
              roles={"x": "month", "value": "value", "low": "low", "high": "high", "distinct": "distinct", "mark": "joining", "base": "base"},
              title=both("Members earn ₪5 more a month after joining, and no less before", "אחרי ההצטרפות החברים מניבים ₪5 יותר בחודש, ולפניה לא פחות"),
              names={"mark": both("months around joining, left out", "החודשים סביב ההצטרפות, לא נכללו")}, **WORDS),
        Chart(id="cash_line", kind="line", table="cash",
              roles={"x": "month", "label": "label", "value": "value", "low": "low", "high": "high", "accent": "lowest"},
              title=both("The programme owes most in May", "בחודש מאי התוכנית בשפל"), names={"accent": both("lowest point", "נקודת השפל")}, **WORDS),
        Chart(id="decay_line", kind="line", table="decay",
              roles={"x": "month", "series": "tactic", "value": "value", "low": "low", "high": "high", "grey": "grey", "base": "base"},
              title=both("Discounts fade within four months", "הנחות דועכות בתוך ארבעה חודשים"), **WORDS),
        Chart(id="inputs_tornado", kind="tornado", table="inputs",
              roles={role: role for role in ("value", "low", "high", "low_text", "high_text", "accent")} | {"label": "input"},
              title=both("The active share moves the result most", "שיעור הפעילים משפיע על התוצאה יותר מכול"), **WORDS),
    ]  # fmt: skip
    return {one.id: one for one in made}


def choice_charts() -> dict[str, Chart]:
    """The charts of a choice; a page of their own, so that no page carries more charts than a report has."""
    made = [
        Chart(id="weights_spans", kind="spans", table="weights",
              roles={role: role for role in ("low", "high", "below", "above", "accent")} | {"label": "goal", "value": "weight"},
              title=both("The choice changes when reach weighs less than 28%", "הבחירה משתנה כשמשקל החשיפה יורד מתחת ל־\u206628%\u2069"), **WORDS),
        Chart(id="hours_steps", kind="steps", table="frontier",
              roles={"x": "hours", "value": "reach", "label": "set", "mark": "available", "accent": "next", "grey": "grey"},
              title=both("Five more hours a month would add 6 points of reach", "חמש שעות נוספות בחודש יוסיפו 6 נקודות אחוז לחשיפה"), **WORDS),
        Chart(id="against_index", kind="index", table="against",
              roles={"label": "network", "group": "group", "value": "index", "low": "low", "high": "high", "distinct": "distinct"},
              title=both("TikTok is where this audience differs most", "ב־TikTok הקהל הזה שונה יותר מכול"),
              names={"negative": both("less than the population", "פחות מהאוכלוסייה"), "positive": both("more than the population", "יותר מהאוכלוסייה")}, **WORDS),
        Chart(id="overlap_matrix", kind="matrix", table="overlap",
              roles={"row": "network", "column": "other", "value": "share", "low": "low", "high": "high", "base": "base"},
              title=both("Nearly everyone is on Facebook too", "כמעט כולם נמצאים גם ב־Facebook"), **WORDS),
    ]  # fmt: skip
    return {one.id: one for one in made}


def written(value: float, unit: str, language: str, *, signed: bool = False) -> str:
    text = quantity(Quantity(value, unit, signed=signed), language)
    return f"\u2066{text}\u2069" if language == "he" else text


def result(*, nasty: bool = False, choice: bool = False) -> Result:
    """The made result; ``nasty`` adds labels that try to break out of a page, and the longest published ones.

    With ``choice`` it has the charts of a choice instead of the others.
    """
    share = {
        language: [written(value, "share", language) for value in (0.49, 0.24, 0.30, 0.57)] for language in ("en", "he")
    }
    en, he = share["en"], share["he"]
    answer = Answer(
        question=both("Why do people press Like, and does the marketing team know?", "למה אנשים עושים לייק, והאם צוות השיווק יודע?"),
        headline=both(f"{en[0]} of customers name loyalty as a reason for a Like; {en[1]} of marketers do. Content is the other way round.",
                      f"{he[0]} מהלקוחות מציינים נאמנות כסיבה ללייק; רק {he[1]} מאנשי השיווק ציינו אותה. בתוכן המצב הפוך."),
        decision=both("Move a third of the content hours to service replies, from 15 December.", "להסיט שליש משעות התוכן למענה שירותי, החל ב-15 בדצמבר."),
        worth=both("₪1,200 a month of content work that customers do not ask for.", "\u2066₪1,200\u2069 לחודש של עבודת תוכן שהלקוחות אינם מבקשים."),
        cards=(
            {"label": both("Loyalty: customers → marketers", "נאמנות: לקוחות ← אנשי שיווק"), "value": both("49% → 24%", "\u206649%\u2069 ← \u206624%\u2069"),
             "note": both("gap −25 pp · 95%: −32 pp to −17 pp", "פער \u2066−25\u2069 נ״א · רווח סמך \u206695%\u2069: \u2066−32\u2069 נ״א עד \u2066−17\u2069 נ״א"),
             "numbers": ["customers.share.loyal", "marketers.share.loyal", "gap.loyal"]},
            {"label": both("Content: customers → marketers", "תוכן: לקוחות ← אנשי שיווק"), "value": both("30% → 57%", "\u206630%\u2069 ← \u206657%\u2069"),
             "note": both("gap +27 pp · 95%: +18 pp to +35 pp", "פער \u2066+27\u2069 נ״א · רווח סמך \u206695%\u2069: \u2066+18\u2069 נ״א עד \u2066+35\u2069 נ״א"),
             "numbers": ["customers.share.content", "marketers.share.content", "gap.content"]},
            {"label": both("Agreement of the two orders", "דמיון בין סולמות העדיפויות"), "value": both("−0.53", "\u2066−0.53\u2069"),
             "note": both("Kendall’s tau: 1 the same order, −1 the reverse", "טאו של קנדל: 1 אותו סדר, \u2066−1\u2069 סדר הפוך"), "numbers": ["tau"]},
        ),
    )  # fmt: skip
    return Result(
        client="sample", client_name=both("Café Sample", "קפה לדוגמה"), workbook="like_motivation",
        title=both("Why people press Like", "למה אנשים עושים לייק"), as_of="2026-10-31", currency="ILS", illustrative=True,
        answer=answer, numbers=numbers(), tables=tables(nasty=nasty), charts=choice_charts() if choice else charts(nasty=nasty),
        recommendations=recommendations(), claims=claims(), assumptions=assumptions(),
        method=(both("We asked customers and marketers the same question.", "שאלנו לקוחות ואנשי שיווק את אותה שאלה."),
                both("Intervals come from the weighted sample.", "הרווחים מחושבים מהמדגם המשוקלל.")),
        sources=(both("CMO Council and Lithium, 2011", "CMO Council ו-Lithium, 2011"),) + (NASTY[:3] if nasty else ()),
        warnings=(Warning(code="small_base", where="gap.small", text=both("One group has fewer than 30 people: shown in grey.", "בקבוצה אחת פחות מ-30 משיבים: מוצגת באפור.")),)
        + ((Warning(code="<x>", where="", text=NASTY[0]),) if nasty else ()),
    )  # fmt: skip


def recommendations() -> tuple[Recommendation, ...]:
    return (
        Recommendation(
            action=both("Give new followers a thank-you benefit within 24 hours", "להעניק הטבת תודה לעוקבים חדשים בתוך 24 שעות"),
            because=("gap.loyal",), owner=both("CRM lead", "מנהלת קשרי לקוחות"), by="2026-12-01",
            kpi=both("second purchase within 30 days", "שיעור הרוכשים שוב בתוך 30 יום"),
            baseline={"value": 0.11, "source": both("till data, October", "נתוני קופה, אוקטובר")}, target=0.14, unit="share",
            change_our_mind=both("no lift against the holdout after 6 weeks", "אם אין שיפור לעומת קבוצת הביקורת אחרי 6 שבועות"),
            step=both("Write the offer this week", "לנסח את ההטבה השבוע"), cost=4000.0, worth=12000.0,
        ),
        Recommendation(
            action=both("Move a third of content hours to service replies", "להסיט שליש משעות התוכן למענה שירותי"),
            because=("gap.content", "customers.share.content"), owner=both("Community lead", "מנהל הקהילה"), by="2026-12-15",
            kpi=both("share answered within 24 hours", "שיעור הפניות שנענו בתוך 24 שעות"),
            baseline={"value": None, "source": both("not measured", "לא נמדד")}, target=0.8, unit="share",
            change_our_mind=both("satisfaction unchanged in two waves", "אם שביעות הרצון לא השתפרה בשני גלי מדידה"),
        ),
    )  # fmt: skip


def claims() -> tuple[Claim, ...]:
    return (
        Claim(id="S2-5", text=both("Average membership of loyalty programmes", "מספר ממוצע של מועדוני לקוחות"), says=18, unit="ratio", digits=1,
              base=both("per household", "למשק בית"), year=2010, country="US", source=same("COLLOQUY"), grade="B", found=4.1, low=3.9, high=4.3,
              verdict="different_base", comment=both("per person, not per household", "לאדם, לא למשק בית")),
        Claim(id="S2-1", text=both("A Like means loyalty", "לייק מבטא נאמנות"), says=0.49, unit="share", digits=0,
              base=both("consumers", "צרכנים"), year=2011, country="US", source=both("CMO Council and Lithium", "CMO Council ו-Lithium"), grade="B",
              found=0.49, low=0.46, high=0.52, verdict="agrees", comment=both("the most frequent reason, not a majority", "הסיבה השכיחה ביותר, לא רוב")),
    )  # fmt: skip


def assumptions() -> tuple[Assumption, ...]:
    return (
        Assumption(id="base", text=both("Shares are of those who answered", "השיעורים מתוך מי שענו"), value=both("answered", "ענו"), grade="A",
                   flips=both("nothing: the order is the same under every base", "דבר: הסדר זהה בכל בסיס")),
    )  # fmt: skip


def parts(made: Result) -> list[page.Part]:
    """Every part of a page, in the order of a workbook."""
    return [
        page.answer(made),
        page.cards(made),
        page.warnings(made),
        page.recommendations(made),
        page.heading("evidence"),
        *(page.chart(made, id) for id in made.charts),
        page.table(made, "gaps", columns=["reason", "customers.share", "marketers.share", "gap"]),
        page.claims(made),
        page.assumptions(made),
        page.quality(made),
        page.method(made),
        page.sources(made),
        page.numbers(made),
    ]


def notebook(made: Result) -> dict[str, Any]:
    """An executed notebook that shows these parts, as plain data."""
    cells = [
        {
            "cell_type": "code",
            "id": f"cell-{place}",
            "metadata": {},
            "source": "the code of a cell",
            "execution_count": place,
            "outputs": [
                {"output_type": "display_data", "metadata": {}, "data": bundle} for bundle in part.outputs("en")
            ],
        }
        for place, part in enumerate(parts(made), 1)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
