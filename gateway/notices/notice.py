"""Who is told what, how often, and when next.

In charge of the rules. Not in charge of keeping (`book`), of the words (`digest`) or of sending
(`rounds`). Pure.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from gateway.events import Type


class About(StrEnum):
    """Which documents that go out somebody is told of."""

    FAILED = "failed"
    ALL = "all"
    NONE = "none"


class Rhythm(StrEnum):
    """How often."""

    IMMEDIATELY = "immediately"
    DAILY = "daily"
    WEEKLY = "weekly"


# Somebody must do something about these.
_FAILED: Final = frozenset({Type.REJECTED, Type.HELD, Type.FAILED})
_NEWS: Final = frozenset({Type.SENT, Type.DELIVERED, Type.ANSWERED, Type.CANCELLED})
_INBOX: Final = frozenset({Type.ARRIVED})

# What comes within it goes in one mail.
_AT_ONCE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Notice:
    """What one address is told. `cursor` is up to where it has been; `until` is set while a mail
    about what lies between the two is on its way to disk."""

    id: str
    company_id: str
    email: str
    language: str
    about: About
    inbox: bool
    rhythm: Rhythm
    at: time  # of the day, in `zone`; for daily and weekly
    weekday: int  # 1 is Monday; for weekly
    zone: str
    cursor: str | None
    created_at: datetime
    until: str | None = None
    active: bool = True

    def wants(self, type_: str) -> bool:
        """Whether it is told of events of this type."""
        return (
            (type_ in _FAILED and self.about is not About.NONE)
            or (type_ in _NEWS and self.about is About.ALL)
            or (type_ in _INBOX and self.inbox)
        )

    def next_at(self, now: datetime) -> datetime:
        """When it is looked at next, after `now`."""
        if self.rhythm is Rhythm.IMMEDIATELY:
            return now + _AT_ONCE
        zone = ZoneInfo(self.zone)
        day = now.astimezone(zone).date()
        while True:
            # An hour that summer time leaves out is made up for by the one after it.
            at = datetime.combine(day, self.at, zone).astimezone(now.tzinfo)
            if at > now and (self.rhythm is Rhythm.DAILY or day.isoweekday() == self.weekday):
                return at
            day += timedelta(days=1)

    def data(self) -> dict[str, Any]:
        """As JSON data; what its entry is called is not in it."""
        data = asdict(self)
        for name in ("id", "company_id", "active"):
            del data[name]
        return data | {
            "at": self.at.isoformat("minutes"),
            "created_at": self.created_at.isoformat(),
        }


def from_data(company_id: str, id_: str, active: bool, data: Mapping[str, Any]) -> Notice:
    """A notice out of its data."""
    return Notice(
        **{
            **data,
            "id": id_,
            "company_id": company_id,
            "active": active,
            "about": About(data["about"]),
            "rhythm": Rhythm(data["rhythm"]),
            "at": time.fromisoformat(data["at"]),
            "created_at": datetime.fromisoformat(data["created_at"]),
        }
    )


# --- stopping it without a login ----------------------------------------------------------------


def token(secret: bytes, company_id: str, id_: str) -> str:
    """What stops a notice and nothing else; made again, it is the same."""
    name = f"{company_id}/{id_}".encode()
    mac = hmac.digest(secret, b"notice\x00" + name, "sha256")
    return urlsafe_b64encode(mac + name).decode().rstrip("=")


def of_token(secret: bytes, given: str) -> tuple[str, str] | None:
    """The company and the notice of a token; None for anything that we have not made."""
    try:
        content = urlsafe_b64decode(given + "=" * (-len(given) % 4))
        company_id, _, id_ = content[32:].decode().partition("/")
    except (Error, ValueError):
        return None
    made = token(secret, company_id, id_)
    return (company_id, id_) if hmac.compare_digest(made.encode(), given.encode()) else None
