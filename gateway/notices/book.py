"""The notices that are set, kept in the register: sealed, with the time each is due.

In charge of keeping them. Not in charge of what they mean (`notice`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from gateway.clock import Clock
from gateway.notices.notice import Notice, from_data
from gateway.store.ids import new_id
from gateway.store.port import Overtaken, Store
from gateway.store.register import StoredRegister
from transports.base import Entry

MOST: Final = 100  # of one company

_KIND: Final = "notice"
_ACTIVE, _STOPPED = "active", "stopped"
_TRIES: Final = 20


class TooMany(Exception):
    """The company has as many as it may have."""


class NoticeBook:
    """Every company's notices."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._register = StoredRegister(store, clock, "notices")

    async def of(self, company_id: str) -> Sequence[Notice]:
        """A company's, oldest first."""
        entries = await self._register.entries(company_id, _KIND, limit=MOST)
        return [_notice(entry) for entry in entries]

    async def one(self, company_id: str, id_: str) -> Notice | None:
        """One of them."""
        entry = await self._register.get(company_id, _KIND, id_)
        return None if entry is None else _notice(entry)

    async def add(
        self, company_id: str, make: Callable[[str, str | None, datetime], Notice]
    ) -> Notice:
        """Adds what `make` makes of an id, the newest cursor and the time: what happens from now on
        is told. Raises TooMany."""
        if len(await self.of(company_id)) >= MOST:
            raise TooMany
        now = self._clock.now()
        notice = make(new_id("not"), await self._store.newest(company_id), now)
        await self._register.put([_entry(notice, notice.next_at(now), 0)])
        return notice

    async def change(
        self, company_id: str, id_: str, change: Callable[[Notice], Notice]
    ) -> Notice | None:
        """Changes one; None when there is none. Raises Overtaken."""
        for _ in range(_TRIES):
            entry = await self._register.get(company_id, _KIND, id_)
            if entry is None:
                return None
            before = _notice(entry)
            after = change(before)
            due = after.next_at(self._clock.now())
            if await self._register.put([_entry(after, due, entry.version)]):
                return after
        raise Overtaken(f"notice {id_}")

    async def remove(self, company_id: str, id_: str) -> bool:
        """Takes one away; False when there is none. Raises Overtaken."""
        for _ in range(_TRIES):
            entry = await self._register.get(company_id, _KIND, id_)
            if entry is None:
                return False
            if await self._register.drop([entry]):
                return True
        raise Overtaken(f"notice {id_}")

    async def due(self, now: datetime, limit: int) -> Sequence[tuple[Notice, int]]:
        """Those whose time has come, and the version of each."""
        entries = await self._register.due(_KIND, now, limit)
        return [(_notice(entry), entry.version) for entry in entries]

    async def put(self, notice: Notice, due_at: datetime, version: int) -> bool:
        """Writes one of the version that was read; False when it was changed meanwhile."""
        return await self._register.put([_entry(notice, due_at, version)])


def _entry(notice: Notice, due_at: datetime, version: int) -> Entry:
    return Entry(
        notice.company_id,
        _KIND,
        notice.id,
        _ACTIVE if notice.active else _STOPPED,
        notice.data(),
        due_at if notice.active else None,
        version,
    )


def _notice(entry: Entry) -> Notice:
    return from_data(entry.company_id, entry.name, entry.state == _ACTIVE, entry.data)
