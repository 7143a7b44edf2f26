"""Months as they are written on statements: `2026-11`, of UTC.

In charge of stepping from one to another. Pure.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Final

MONTH: Final = r"[0-9]{4}-(0[1-9]|1[0-2])"


def month_of(at: datetime | date) -> str:
    """The month of a time or a day."""
    day = at.astimezone(UTC) if isinstance(at, datetime) else at
    return f"{day.year:04}-{day.month:02}"


def is_month(text: str) -> bool:
    """Whether it is written as a month."""
    return re.fullmatch(MONTH, text) is not None and text >= "0001-01"


def after(month: str) -> str:
    """The month after it."""
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04}-{number % 12 + 1:02}"


def before(month: str) -> str:
    """The month before it."""
    year, number = map(int, month.split("-"))
    return f"{year - (number == 1):04}-{(number - 2) % 12 + 1:02}"


def first_day(month: str) -> date:
    """Its first day."""
    year, number = map(int, month.split("-"))
    return date(year, number, 1)
