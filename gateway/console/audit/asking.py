"""What is asked of the audit, as it stands in an address. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from urllib.parse import urlencode

from gateway.store.keeping import Sought

_MOST_CHARACTERS: Final = 200
_LONGEST_NUMBER: Final = 15  # digits: what every reader of JSON keeps exactly
_LAST_DAY: Final = date(9000, 1, 1)  # the stores know no day much later


@dataclass(frozen=True, slots=True)
class Asked:
    """As people wrote it; empty: nothing is said of it. `until` is a day that counts too;
    `before`: only entries with a lower number, from page to page."""

    who: str = ""
    action: str = ""
    company: str = ""
    about: str = ""
    since: str = ""
    until: str = ""
    before: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Asked:
        """Out of an address; what is no part of it is left aside."""
        return cls(
            **{
                field.name: query.get(field.name, "").strip()[:_MOST_CHARACTERS]
                for field in fields(cls)
            }
        )

    @property
    def faults(self) -> tuple[str, ...]:
        """The names of what can not be read."""
        days = [name for name in ("since", "until") if not _is_day(getattr(self, name))]
        return (*days, *(() if _is_number(self.before) else ("before",)))

    def sought(self) -> tuple[Sought, int | None]:
        """What the store is asked, and before which number, where nothing is wrong."""
        since, until = _midnight(self.since), _midnight(self.until)
        sought = Sought(
            about=self.about,
            company_id=self.company,
            actor=self.who,
            action=self.action,
            since=since,
            until=until and until + timedelta(days=1),
        )
        return sought, int(self.before) if self.before else None

    def query(self, **other: str) -> str:
        """As the query of an address, with other values in the place of some; empty where nothing
        is asked."""
        said = {field.name: getattr(self, field.name) for field in fields(self)} | other
        text = urlencode({name: value for name, value in said.items() if value})
        return f"?{text}" if text else ""


def _is_number(text: str) -> bool:
    return not text or (text.isascii() and text.isdigit() and len(text) <= _LONGEST_NUMBER)


def _is_day(text: str) -> bool:
    try:
        return not text or date.fromisoformat(text) < _LAST_DAY
    except ValueError:
        return False


def _midnight(text: str) -> datetime | None:
    return datetime.combine(date.fromisoformat(text), time(), UTC) if text else None
