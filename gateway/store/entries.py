"""What channels remember: agreements, registered consumers, messages that a partner left.

In charge of the rows and of what the store promises of them; a part of the port
(`gateway.store.port.Store`). Not in charge of what is in `data`, which `gateway.store.register`
reads and writes, nor of what an entry means, which its channel knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry of a channel's register. `data` is sealed or not; `company_id` is empty for what is
    the channel's own. `version` is what the writer read; 0: there was none."""

    channel: str
    company_id: str
    kind: str
    name: str
    state: str
    data: bytes
    due_at: datetime | None
    version: int


class Entries(Protocol):
    """The operations. All are a channel's, of its own entries."""

    async def register_entry(
        self, channel: str, company_id: str, kind: str, name: str
    ) -> EntryRow | None:
        """One entry."""
        ...

    async def register_entries(
        self, channel: str, company_id: str, kind: str, after: str, limit: int
    ) -> Sequence[EntryRow]:
        """A company's entries of a kind by name past `after`."""
        ...

    async def due_entries(
        self, channel: str, kind: str, at: datetime, limit: int
    ) -> Sequence[EntryRow]:
        """The entries of a kind, every company's, that were due by `at`, the longest due first."""
        ...

    async def put_entries(self, rows: Sequence[EntryRow]) -> bool:
        """Writes all of them, each with a version one higher; False, with nothing written, when one
        is not of the version that is stored. No two may be the same entry."""
        ...

    async def drop_entries(self, rows: Sequence[EntryRow]) -> bool:
        """Deletes all of them; False as in `put_entries`."""
        ...
