"""What somebody has handed in by hand lately: kept for a month, so that they find it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.audit.chain import NewEntry
from gateway.clock import Clock
from gateway.store.people import Person
from gateway.store.port import Company, Document, Store
from gateway.store.register import StoredRegister
from gateway.trust.people.signing_in import name_of
from transports.base import Entry

KEPT: Final = timedelta(days=30)
SHOWN: Final = 10

_UPLOAD: Final = "upload"
_SWEPT_AT_ONCE: Final = 100
_LAST: Final = 1 << 48  # milliseconds; some time in the year 10889


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What somebody has handed in, and how it is now."""

    file: str
    at: datetime
    company: Company
    document: Document


class Uploads:
    """Remembers them, by company and person."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._register = StoredRegister(store, clock, "console")

    async def add(self, person: Person, company_id: str, file: str, document_id: str) -> None:
        """Remembers one, and tells the audit who it was."""
        now = self._clock.now()
        newest_first = _LAST - int(now.timestamp() * 1000)
        name = f"{person.id}/{newest_first:015d}/{document_id}"
        data = {"file": file, "at": now.isoformat()}
        await self._register.put([Entry(company_id, _UPLOAD, name, "", data, now + KEPT)])
        entry = NewEntry(name_of(person), "document.uploaded", document_id, company_id)
        await self._store.audit(entry, now)

    async def latest(self, person: Person, companies: Sequence[Company]) -> list[Uploaded]:
        """The latest that somebody has handed in for these companies, the newest first."""
        found: list[Uploaded] = []
        for company in companies:
            for entry in await self._entries(person, company.id):
                document_id = entry.name.rpartition("/")[2]
                there = await self._store.document(company.id, document_id)
                if there is not None:
                    at = datetime.fromisoformat(entry.data["at"])
                    found.append(Uploaded(entry.data["file"], at, company, there))
        return sorted(found, key=lambda one: one.at, reverse=True)[:SHOWN]

    async def file(self, person: Person, company_id: str, document_id: str) -> str:
        """What the file was called; empty where it is not among the latest."""
        for entry in await self._entries(person, company_id):
            if entry.name.endswith(f"/{document_id}"):
                return str(entry.data["file"])
        return ""

    async def sweep(self, now: datetime) -> bool:
        """Forgets those of long ago; answers whether there may be more."""
        due = await self._register.due(_UPLOAD, now, _SWEPT_AT_ONCE)
        if due:
            await self._register.drop(due)
        return len(due) == _SWEPT_AT_ONCE

    async def _entries(self, person: Person, company_id: str) -> list[Entry]:
        begin = f"{person.id}/"
        page = await self._register.entries(company_id, _UPLOAD, after=begin, limit=SHOWN)
        return [entry for entry in page if entry.name.startswith(begin)]
