"""What one channel remembers, in the store: implements `transports.base.Register`.

In charge of the limits of an entry, and of its data as bytes. With a key ring what a company's
entries say is sealed with the company's key, as its blobs are; their kind, name and state are not,
and neither is what is the channel's own, which is nobody's key to seal. Not in charge of the rows
(`gateway.store.entries`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import structlog

from gateway.blobs.seal import Tampered, seal, unseal
from gateway.clock import Clock
from gateway.store.entries import EntryRow
from gateway.store.port import ContentLost, StorageUnavailable, Store
from transports.base import Entry

log = structlog.get_logger()

NAME_CHARACTERS: Final = 200
DATA_BYTES: Final = 64 * 1024

_PLAIN = b"{"  # how data begins; what is sealed begins with the number of its key


class StoredRegister:
    """The register of one channel. What can not be written because of its form (a name that is too
    long, too much data, the same entry twice) raises ValueError: a bug of the channel."""

    def __init__(self, store: Store, clock: Clock, channel: str) -> None:
        self._store = store
        self._clock = clock
        self._channel = channel

    async def get(self, company_id: str, kind: str, name: str) -> Entry | None:
        """The entry, None where there is none. Raises ContentLost when its key was deleted."""
        if not _is_kept(name):  # a name may come from a stranger
            return None
        row = await self._store.register_entry(self._channel, company_id, kind, name)
        return None if row is None else await self._entry(row)

    async def entries(
        self, company_id: str, kind: str, *, after: str = "", limit: int = 100
    ) -> Sequence[Entry]:
        """A company's entries of a kind by name, those behind `after`."""
        rows = await self._store.register_entries(self._channel, company_id, kind, after, limit)
        return await self._readable(rows)

    async def due(self, kind: str, at: datetime, limit: int = 100) -> Sequence[Entry]:
        """The entries of a kind, every company's, whose time has come, the longest due first."""
        rows = await self._store.due_entries(self._channel, kind, at, limit)
        return await self._readable(rows)

    async def put(self, entries: Sequence[Entry]) -> bool:
        """Writes all or none; answers False, with nothing written, when one is not of the version
        that is stored."""
        _check(entries)
        return await self._store.put_entries([await self._row(one) for one in entries])

    async def drop(self, entries: Sequence[Entry]) -> bool:
        """Deletes all or none, as `put` writes."""
        _check(entries)
        return await self._store.drop_entries([self._place(one, b"") for one in entries])

    async def _readable(self, rows: Sequence[EntryRow]) -> list[Entry]:
        """One that can not be read again must not keep a channel from all the others."""
        found = []
        for row in rows:
            try:
                found.append(await self._entry(row))
            except ContentLost:
                log.warning(
                    "entry_lost",
                    channel=row.channel,
                    company_id=row.company_id,
                    kind=row.kind,
                    name=row.name,
                )
        return found

    async def _row(self, entry: Entry) -> EntryRow:
        content = json.dumps(dict(entry.data), separators=(",", ":")).encode()
        if len(content) > DATA_BYTES:
            raise ValueError(f"{_shown(entry)} has {len(content)} bytes of data, {DATA_BYTES} fit")
        keys = self._store.blobs.keys
        if keys is not None and entry.company_id:
            key_id, key = await keys.current(entry.company_id, self._clock.now())
            content = b"%d:%b" % (key_id, seal(key, content))
        return self._place(entry, content)

    def _place(self, entry: Entry, content: bytes) -> EntryRow:
        return EntryRow(
            *(self._channel, entry.company_id, entry.kind, entry.name, entry.state),
            *(content, entry.due_at, entry.version),
        )

    async def _entry(self, row: EntryRow) -> Entry:
        data = await self._data(row)
        return Entry(row.company_id, row.kind, row.name, row.state, data, row.due_at, row.version)

    async def _data(self, row: EntryRow) -> Mapping[str, Any]:
        content = row.data
        if not content.startswith(_PLAIN):
            keys = self._store.blobs.keys
            if keys is None:
                raise StorageUnavailable("what a channel remembers is sealed, and no key ring set")
            key_id, _, sealed = content.partition(b":")
            try:
                content = unseal(await keys.one(row.company_id, int(key_id)), sealed)
            except Tampered:
                raise ContentLost(
                    f"{row.kind} {row.name} of {row.company_id} in {row.channel} is damaged"
                ) from None
        data: Mapping[str, Any] = json.loads(content)
        return data


def _check(entries: Sequence[Entry]) -> None:
    places = {(entry.company_id, entry.kind, entry.name) for entry in entries}
    if len(places) < len(entries):
        raise ValueError("the same entry twice")
    for entry in entries:
        if not entry.kind or not 0 < len(entry.name) <= NAME_CHARACTERS:
            raise ValueError(
                f"{_shown(entry)}: it has a kind, and a name of 1 to {NAME_CHARACTERS} characters"
            )
        for word in (entry.company_id, entry.kind, entry.name, entry.state):
            if not _is_kept(word):
                raise ValueError(f"{_shown(entry)}: no store keeps NUL or half a character")


def _is_kept(word: str) -> bool:
    """Whether any store keeps it."""
    return "\0" not in word and word.encode("utf-8", "replace").decode() == word


def _shown(entry: Entry) -> str:
    return f"the entry {entry.kind!r} {entry.name[:NAME_CHARACTERS]!r}"
