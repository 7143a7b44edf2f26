"""Dates as the official rules compare them: xs:date, with a time zone or without.

In charge of the order of two dates. Not in charge of their form: the structure was checked.
"""

from __future__ import annotations

import re
from calendar import monthrange
from decimal import Decimal
from typing import Final

from validators.document import WHITESPACE, Leaf

_DATE = re.compile(r"(-?[0-9]{4,})-([0-9]{2})-([0-9]{2})(?:Z|([+-])([0-9]{2}):([0-9]{2}))?")
_TIME = re.compile(r"([0-9]{2}):([0-9]{2}):([0-9]{2}(?:\.[0-9]+)?)(Z|[+-][0-9]{2}:[0-9]{2})?")
_PLAIN: Final = len("2026-11-21")  # so short is a date without time zone, white space or sign
_MINUTES_A_DAY: Final = 24 * 60


def comes_before(one: Leaf, other: Leaf) -> bool:
    """Whether the date in `one` is earlier than the date in `other`."""
    this, that = one.text or "", other.text or ""
    if len(this) == len(that) == _PLAIN:
        return this < that
    return moment_of(this) < moment_of(that)


def is_date(text: str) -> bool:
    """Whether the text could be cast to xs:date."""
    found = _DATE.fullmatch(text.strip(WHITESPACE))
    if found is None:
        return False
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    offset = int(found[5]) * 60 + int(found[6]) if found[4] else 0
    if not year or not 1 <= month <= 12 or offset > 14 * 60 or (found[6] or "00") > "59":
        return False
    # 400 years repeat; Python's calendar begins with the year 1.
    return 1 <= day <= monthrange(year % 400 + 400, month)[1]


def moment_of(text: str) -> int:
    """The minute a date begins, for comparing; without a time zone it is taken as UTC's.

    Any year goes, where Python's own dates end with 9999.
    """
    found = _DATE.fullmatch(text.strip(WHITESPACE))
    if found is None:
        raise ValueError(f"{text!r} is no xs:date")
    year, month, day = int(found[1]), int(found[2]), int(found[3])
    offset = int(found[5]) * 60 + int(found[6]) if found[4] else 0
    minutes = _days(year, month, day) * _MINUTES_A_DAY
    return minutes - offset if found[4] != "-" else minutes + offset


def instant_of(text: str) -> Decimal:
    """The second of an xs:dateTime, for comparing; without a time zone it is taken as UTC's."""
    day, _, time = text.strip(WHITESPACE).partition("T")
    found = _TIME.fullmatch(time)
    if found is None:
        raise ValueError(f"{text!r} is no xs:dateTime")
    minutes = int(found[1]) * 60 + int(found[2]) + moment_of(day + (found[4] or ""))
    return minutes * 60 + Decimal(found[3])


def _days(year: int, month: int, day: int) -> int:
    """Days since 0000-03-01 in the Gregorian calendar; years begin in March, so leap days end."""
    if month <= 2:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day
