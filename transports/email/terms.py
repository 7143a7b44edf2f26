"""What a sender has settled with the e-mail channel: `channels.email` of its company. Pure.

Everything may be left out: then the channel's own settings hold. Not in charge of whether the
gateway can sign for an address (`signing`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from transports.email.address import fault
from transports.email.schedule import DAYS, Hours

MOST_NAME: Final = 100
MOST_NOTE: Final = 2000
_TIME: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)
_ZONE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+){0,2}", re.ASCII)


class Attachments(StrEnum):
    """How the files of an invoice go."""

    SEPARATE = "separate"  # each by itself, as it came
    MERGED = "merged"  # as one PDF, where they can be merged
    LINK = "link"  # none: the recipient fetches them


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the recipient may ask, at the foot of every message."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None

    def lines(self) -> str:
        """A line for each that there is."""
        return "\n".join(part for part in (self.name, self.email, self.phone) if part)


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one sender; None is what the channel's settings say, or the invoice does."""

    attachments: Attachments | None = None
    attach_xml: bool | None = None
    sender: str | None = None  # address its messages come from
    name: str | None = None  # shown beside that address
    reply_to: str | None = None
    contact: Contact | None = None
    note: str | None = None  # to every recipient
    hours: Hours | None = None  # None: at once


def read(terms: Mapping[str, Any]) -> Terms:
    """The terms. Raises ValueError that says everything wrong with them, a line each."""
    faults: list[str] = []
    unknown = sorted(str(name) for name in terms if name not in _READERS)
    faults += [f"{name[:50]}: there is no such term." for name in unknown]
    values: dict[str, Any] = {}
    for name, reader in _READERS.items():
        if terms.get(name) is None:
            continue
        try:
            values[name] = reader(terms[name])
        except ValueError as error:
            faults += [f"{name}: {line}" for line in str(error).splitlines()]
    if faults:
        raise ValueError("\n".join(faults))
    return Terms(**values)


def wrong(terms: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with terms, all of it; empty where nothing is."""
    try:
        read(terms)
    except ValueError as error:
        return tuple(str(error).splitlines())
    return ()


def _attachments(value: object) -> Attachments:
    if value not in tuple(Attachments):
        raise ValueError(f"one of {', '.join(Attachments)}.")
    return Attachments(str(value))


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false.")
    return value


def _address(value: object) -> str:
    found = fault(value) if isinstance(value, str) else "An e-mail address is written name@domain."
    if found:
        raise ValueError(found)
    return str(value).strip()


def _line(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_NAME:
        raise ValueError(f"a line of at most {MOST_NAME} characters.")
    return value.strip()


def _note(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > MOST_NOTE:
        raise ValueError(f"a text of at most {MOST_NOTE} characters.")
    return value.strip()


def _contact(value: object) -> Contact:
    parts = _object(value, {"name": _line, "email": _address, "phone": _line})
    if not parts:
        raise ValueError("at least one of name, email and phone.")
    return Contact(**parts)


def _hours(value: object) -> Hours:
    parts = _object(value, {"from": _time, "to": _end, "days": _days, "time_zone": _zone})
    if "from" not in parts:
        raise ValueError("from: the hour to begin at is missing, such as 08:00.")
    end = parts.get("to")
    if end is not None and end <= parts["from"]:
        raise ValueError("to: later than from, on the same day; 24:00 is midnight.")
    days = parts.get("days", frozenset(range(len(DAYS))))
    return Hours(parts["from"], end, days, parts.get("time_zone"))


def _object(value: object, readers: Mapping[str, Callable[[object], Any]]) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"an object with {', '.join(readers)}.")
    faults = [f"{str(name)[:50]}: there is no such term." for name in value if name not in readers]
    found = {}
    for name, reader in readers.items():
        if value.get(name) is None:
            continue
        try:
            found[name] = reader(value[name])
        except ValueError as error:
            faults.append(f"{name}: {error}")
    if faults:
        raise ValueError("\n".join(faults))
    return found


def _time(value: object) -> time:
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a time of day, written 08:00.")
    return time(int(found[1]), int(found[2]))


def _end(value: object) -> time | None:
    return None if value == "24:00" else _time(value)


def _days(value: object) -> frozenset[int]:
    if not isinstance(value, list) or not value or any(day not in DAYS for day in value):
        raise ValueError(f"a list of {', '.join(DAYS)}.")
    return frozenset(DAYS.index(day) for day in value)


def _zone(value: object) -> ZoneInfo:
    if isinstance(value, str) and _ZONE.fullmatch(value):
        try:
            return ZoneInfo(value)
        except (ZoneInfoNotFoundError, OSError):
            pass
    raise ValueError("a time zone of the IANA database, such as Europe/Oslo.")


_READERS: Final[Mapping[str, Callable[[object], Any]]] = {
    "attachments": _attachments,
    "attach_xml": _yes_or_no,
    "sender": _address,
    "name": _line,
    "reply_to": _address,
    "contact": _contact,
    "note": _note,
    "hours": _hours,
}
