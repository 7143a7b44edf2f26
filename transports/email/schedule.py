"""When a sender has its e-mails sent: the hours of some days, by its own clock. Pure.

The clock on the wall counts: where it is put forward, an hour of the night is not there, and where
it is put back, one is there twice. Time zones: the IANA database (`zoneinfo`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

# Of a sender that names none, by its country.
TIME_ZONES: Final = {
    "DK": "Europe/Copenhagen",
    "FI": "Europe/Helsinki",
    "IS": "Atlantic/Reykjavik",
    "NO": "Europe/Oslo",
    "SE": "Europe/Stockholm",
}
USUAL_TIME_ZONE: Final = "Europe/Stockholm"


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` until before `end` (None: midnight) on each of `days` (0 is Monday)."""

    start: time
    end: time | None
    days: frozenset[int]
    zone: ZoneInfo | None = None  # None: by the sender's country

    def said(self, zone: ZoneInfo) -> str:
        """The hours as people write them."""
        days = ", ".join(name for n, name in enumerate(DAYS) if n in self.days)
        end = f"{self.end:%H:%M}" if self.end else "24:00"
        return f"{days} {self.start:%H:%M}-{end} ({zone.key})"


def zone_of(hours: Hours, country: str) -> ZoneInfo:
    """The time zone of a sender in `country`."""
    return hours.zone or ZoneInfo(TIME_ZONES.get(country, USUAL_TIME_ZONE))


def opens(hours: Hours, zone: ZoneInfo, now: datetime) -> datetime | None:
    """When the hours begin again, in UTC; None while they are."""
    here = now.astimezone(zone)
    if _within(hours, here):
        return None
    # A day may be without its hours when the clock is put forward over them: never two in a row.
    for ahead in range(15):
        day = here.date() + timedelta(days=ahead)
        # By way of UTC: a time that is not there becomes the one an hour later.
        start = datetime.combine(day, hours.start, zone).astimezone(UTC)
        if start > now and _within(hours, start.astimezone(zone)):
            return start
    raise AssertionError("a week has each of its days")


def _within(hours: Hours, here: datetime) -> bool:
    at = here.time()
    ended = hours.end is not None and at >= hours.end
    return here.weekday() in hours.days and at >= hours.start and not ended
