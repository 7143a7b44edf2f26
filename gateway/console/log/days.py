"""Times as people write them: `2026-11-22`, `today`, `7d`, `last-week`. Pure.

Each names a span: a day, a week, a month, or a moment. `since` it means from its beginning, `until`
it to its end, so that the same word twice is all of it. Days are UTC, weeks begin on Monday.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

Span = tuple[datetime, datetime]  # from the first, to before the second

EXPECTED: Final = (
    "2026-11-22",
    "2026-11-22T09:30",
    "2026-11",
    "today",
    "yesterday",
    "this-week",
    "last-week",
    "this-month",
    "last-month",
    "7d",
    "24h",
)

_DAY: Final = timedelta(days=1)
_FORM: Final = re.compile(
    r"(?P<year>20\d\d)-(?P<month>\d\d)(?:-(?P<day>\d\d)(?:t(?P<hour>\d\d):(?P<minute>\d\d)z?)?)?"
)
_AGO: Final = re.compile(r"(?P<count>\d{1,4})(?P<unit>[dh])")


def span(text: str, now: datetime) -> Span | None:
    """What a word names, seen from `now` (aware, UTC); None where it names no time."""
    text = text.lower()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if named := _NAMED.get(text):
        return named(midnight)
    if ago := _AGO.fullmatch(text):
        count = int(ago["count"])
        if ago["unit"] == "h":
            moment = now - timedelta(hours=count)
            return moment, moment
        return _day(midnight - count * _DAY)
    if form := _FORM.fullmatch(text):
        return _written(form, midnight)
    return None


def _written(form: re.Match[str], midnight: datetime) -> Span | None:
    fields = {name: int(value) for name, value in form.groupdict().items() if value is not None}
    try:
        begin = midnight.replace(**{"day": 1, **fields})  # type: ignore[arg-type]
    except ValueError:  # the 31st of November
        return None
    if "hour" in fields:
        return begin, begin
    return _day(begin) if "day" in fields else _month(begin)


def _day(midnight: datetime) -> Span:
    return midnight, midnight + _DAY


def _week(midnight: datetime) -> Span:
    monday = midnight - midnight.weekday() * _DAY
    return monday, monday + 7 * _DAY


def _month(midnight: datetime) -> Span:
    first = midnight.replace(day=1)
    return first, (first + 31 * _DAY).replace(day=1)


_NAMED: Final[Mapping[str, Callable[[datetime], Span]]] = {
    "today": _day,
    "yesterday": lambda midnight: _day(midnight - _DAY),
    "this-week": _week,
    "last-week": lambda midnight: _week(midnight - 7 * _DAY),
    "this-month": _month,
    "last-month": lambda midnight: _month(midnight.replace(day=1) - _DAY),
}
