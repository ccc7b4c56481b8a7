"""The headers and words of the small files, in English and Hebrew; each list begins with our own name."""

from __future__ import annotations

_CUSTOMER = """\
customer, customer id, customer number, client, client id, member, member id, member number, card, card number, id, \
לקוח, מספר לקוח, קוד לקוח, מזהה לקוח, חבר, מספר חבר, חבר מועדון, מספר כרטיס, תעודת זהות, ת"ז, מספר זהות"""
_DAY = "date, day, time, datetime, timestamp, תאריך, יום, מועד"

# kind.column, * where the file must have it: what its header may be
_HEADERS = f"""
members.customer*: {_CUSTOMER}
members.joined*: joined, joined on, join date, date joined, enrolled, enrolment date, enrollment date, \
registration date, registered, תאריך הצטרפות, הצטרפות, הצטרף, מועד הצטרפות
members.tier: tier, level, status, class, דרגה, רמה, סטטוס, מעמד
members.left: left, left on, leave date, date left, cancelled, cancellation date, תאריך עזיבה, עזיבה, עזב, \
תאריך ביטול
points.customer*: {_CUSTOMER}
points.day*: {_DAY}
points.event*: event, type, action, transaction type, movement, אירוע, סוג, פעולה, סוג תנועה
points.points*: points, number of points, quantity, נקודות, מספר נקודות, כמות נקודות
offers.customer*: {_CUSTOMER}
offers.offer*: offer, offer id, campaign, campaign id, הצעה, מבצע, קמפיין
offers.tactic*: tactic, type, offer type, mechanic, סוג, סוג הצעה, סוג מבצע, טקטיקה
offers.group: group, arm, cell, קבוצה
offers.sent*: sent, sent on, date sent, send date, נשלח, תאריך שליחה, תאריך משלוח
offers.seen: seen, opened, viewed, open date, נצפה, נפתח, תאריך צפייה, תאריך פתיחה
offers.redeemed: redeemed, redeemed on, used, redemption date, מומש, נוצל, תאריך מימוש
offers.cost: cost, reward cost, עלות, עלות הטבה
shares.customer*: {_CUSTOMER}
shares.day*: {_DAY}
shares.network*: network, channel, medium, platform, רשת, ערוץ, פלטפורמה
shares.friend: friend, friend id, referred, referred customer, חבר מביא חבר, הופנה, מופנה
shares.amount: amount, sales, revenue, סכום, מכירות, הכנסה
holdout.customer*: {_CUSTOMER}
holdout.group*: group, arm, cell, treatment, קבוצה
holdout.since*: since, from, start, assigned, date, מתאריך, החל מ, תאריך, תאריך שיוך
rollout.region*: region, shop, store, branch, area, אזור, סניף, חנות, איזור
rollout.started*: started, start, launch, launch date, date, תאריך התחלה, התחלה, השקה, תאריך השקה
costs.month*: month, date, period, חודש, תאריך, תקופה
costs.line*: line, item, cost, description, סעיף, שורה, תיאור
costs.layer: layer, part, רובד, שכבה, חלק
costs.amount*: amount, cost amount, sum, total, סכום, עלות
calendar.start*: start, from, first day, התחלה, מתאריך, תאריך התחלה
calendar.end*: end, to, until, last day, סיום, סוף, עד תאריך, תאריך סיום
calendar.kind: kind, type, סוג
calendar.label_en: label_en, label, name, english, שם באנגלית
calendar.label_he: label_he, hebrew, שם, שם בעברית, תיאור
"""

# kind.column.code: what people write for it
_WORDS = """
points.event.earned: earn, earning, accrual, accrued, issued, credit, צבירה, נצבר, נצברו, צבר
points.event.redeemed: redeem, redemption, used, spent, burn, burned, מימוש, מומש, מומשו, ניצול, נוצל
points.event.expired: expire, expiry, expiration, lapsed, פקיעה, פקע, פג, פג תוקף, פגו, תפוגה
points.event.adjusted: adjust, adjustment, correction, manual, התאמה, תיקון, ידני
offers.tactic.points: bonus points, extra points, נקודות, בונוס נקודות
offers.tactic.coupon: coupons, voucher, קופון, קופונים, שובר, תלוש
offers.tactic.free_item: free product, free gift, gift, freebie, מתנה, מוצר חינם, מוצר במתנה
offers.tactic.percent_discount: discount, percentage discount, percent off, percentage, הנחה, אחוז הנחה, הנחה באחוזים
offers.tactic.surprise: surprise and delight, surprise gift, הפתעה
offers.tactic.status: status upgrade, upgrade, tier, סטטוס, מעמד, שדרוג
offers.tactic.experience: event, experiences, חוויה, אירוע
offers.group.offered: treated, treatment, test, programme, program, קיבלו, הוצע, ניסוי
offers.group.control: holdout, control group, not offered, ביקורת, קבוצת ביקורת
holdout.group.programme: program, treated, treatment, test, offered, member, תוכנית, תכנית, ניסוי, טיפול
holdout.group.holdout: control, control group, held out, ביקורת, קבוצת ביקורת
costs.layer.traditional: classic, מסורתי, מסורתית
costs.layer.social: חברתי, חברתית, סושיאל
costs.layer.both: shared, common, hybrid, שניהם, משותף, משולב
calendar.kind.holiday: feast, חג, חגים, מועד
calendar.kind.break: war, closure, closed, lockdown, strike, מלחמה, סגירה, סגר, הפסקה, שביתה, מבצע צבאי
shares.network.facebook: fb, פייסבוק
shares.network.instagram: ig, אינסטגרם, אינסטגראם
shares.network.twitter: x, טוויטר
shares.network.linkedin: linked in, לינקדאין
shares.network.tiktok: tik tok, טיקטוק
shares.network.whatsapp: whats app, ווטסאפ, וואטסאפ, ווצאפ
shares.network.telegram: טלגרם
shares.network.email: e-mail, mail, דואל, דוא"ל, מייל, אימייל
shares.network.sms: text message, מסרון, סמס
"""

HEADERS: dict[str, dict[str, list[str]]] = {}
NEEDED: dict[str, list[str]] = {}
WORDS: dict[str, dict[str, list[str]]] = {}

for _line in _HEADERS.strip().splitlines():
    _name, _, _said = _line.partition(": ")
    _kind, _, _column = _name.rstrip("*").partition(".")
    HEADERS.setdefault(_kind, {})[_column] = _said.split(", ")
    if _name.endswith("*"):
        NEEDED.setdefault(_kind, []).append(_column)
for _line in _WORDS.strip().splitlines():
    _name, _, _said = _line.partition(": ")
    _column, _, _code = _name.rpartition(".")
    WORDS.setdefault(_column, {})[_code] = _said.split(", ")
