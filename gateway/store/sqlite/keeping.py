"""The face of what keeps and lets go: audit, retention, legal hold, exports, secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from gateway.audit.chain import Entry, Head, NewEntry, Told
from gateway.store.keeping import (
    Expired,
    Export,
    ExportFile,
    LegalHold,
    Period,
    Sized,
    Sought,
    Terms,
)
from gateway.store.port import NewJob, StorageUnavailable
from gateway.store.sqlite import audit, exports, retention
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.writer import Transaction


class KeepingRows(audit.Telling):
    """Implements `gateway.store.keeping.Keeping`; a part of `SqliteStore`."""

    _readers: Readers

    # --- after a restore ---

    async def leap(self) -> None:
        """Leaves out more places of the feed than can have been given out."""
        await self._writer.write(leap, None)

    # --- audit ---

    async def audit(self, entry: NewEntry, now: datetime) -> Entry:
        """Appends an entry."""
        return await self._writer.write(audit.append, Told(entry, now))

    async def audit_entries(self, after: int, limit: int) -> Sequence[Entry]:
        """Entries past `after`, in order."""
        return await self._readers.read_many(lambda c: audit.entries(c, after, limit))

    async def audit_head(self) -> Head:
        """The newest entry."""
        return self._readers.read(audit.head)

    async def audit_before(self, at: datetime) -> Head | None:
        """The newest entry that is older than `at`."""
        return await self._readers.read_many(lambda c: audit.before(c, at))

    async def audit_found(self, sought: Sought, before: int | None, limit: int) -> Sequence[Entry]:
        """Entries that fit, newest first."""
        return await self._readers.read_many(lambda c: audit.found(c, sought, before, limit))

    async def audit_names(self, limit: int) -> tuple[Sequence[str], Sequence[str]]:
        """The actors that there are in entries, and the actions."""
        return await self._readers.read_many(lambda c: audit.names(c, limit))

    async def cut_audit(self, through: int, entry: NewEntry, now: datetime) -> None:
        """Appends the entry CUT and takes away those up to `through`."""
        await self._writer.write(audit.cut, audit.Cut(through, entry, now))

    # --- secrets ---

    async def secret(self, name: str, fresh: bytes) -> bytes:
        """The secret of this name; `fresh` becomes it when there is none yet."""
        return await self._writer.write(secret, (name, fresh))

    # --- retention ---

    async def expire(
        self,
        company_id: str,
        direction: str,
        terms: Mapping[str, Terms],
        after: str | None,
        limit: int,
        *,
        dry_run: bool = False,
    ) -> Expired:
        """Takes away what is past its time of the next `limit` documents."""
        going, would = await self._readers.read_many(
            lambda c: retention.find(c, company_id, direction, terms, after, limit)
        )
        if dry_run or not (going.rows or going.content or going.evidence):
            return would
        gone = await self._writer.write(retention.expire, going)
        return gone + Expired(after=would.after)

    async def expire_events(
        self,
        company_id: str,
        before: datetime,
        after: str | None,
        limit: int,
        *,
        dry_run: bool = False,
    ) -> Expired:
        """Takes away what is past its time of the next `limit` events."""
        going, would = await self._readers.read_many(
            lambda c: retention.find_events(c, company_id, before, after, limit)
        )
        if dry_run or not going:
            return would
        gone = await self._writer.write(retention.expire_events, going)
        return Expired(events=gone, after=would.after)

    async def drop_months(self, before: datetime) -> int:
        """Events lie in one table here."""
        return 0

    async def expire_keys(self, before: datetime, limit: int, *, dry_run: bool = False) -> int:
        """Takes away idempotency keys older than `before`."""
        if dry_run:
            return await self._readers.read_many(lambda c: retention.count_keys(c, before))
        return await self._writer.write(retention.expire_keys, retention.Keys(before, limit))

    async def compact(self) -> bool:
        """Gives some of the room that was freed back to the disk; whether there is more."""
        return await self._writer.write(retention.compact, None)

    async def set_legal_hold(
        self, company_id: str, document_id: str, reason: str | None, entry: NewEntry, now: datetime
    ) -> bool:
        """Puts a document under legal hold; with the reason None, lets it go."""
        return await self._writer.write(
            retention.hold, retention.Hold(company_id, document_id, reason, entry, now)
        )

    async def legal_holds(self, company_id: str) -> Sequence[LegalHold]:
        """The company's documents under legal hold, by id."""
        return await self._readers.read_many(lambda c: retention.holds(c, company_id))

    # --- exports ---

    async def add_export(self, export: Export, job: NewJob, entry: NewEntry) -> None:
        """Writes an export without files, and the job that will find them."""
        await self._writer.write(exports.add, exports.Add(export, job, entry))

    async def export(self, company_id: str, export_id: str) -> Export | None:
        """One export with its files."""
        return await self._readers.read_many(lambda c: exports.one(c, company_id, export_id))

    async def exports(self, limit: int) -> Sequence[Export]:
        """Everybody's, newest first, with their files."""
        return await self._readers.read_many(lambda c: exports.newest(c, limit))

    async def add_export_file(self, export_id: str, file: ExportFile) -> None:
        """Writes the next file; one with this number stays as it is."""
        await self._writer.write(exports.add_file, exports.AddFile(export_id, file))

    async def end_export(self, export_id: str, now: datetime) -> None:
        """All files are there."""
        await self._writer.write(exports.end, exports.End(export_id, now))

    async def drop_exports(self, now: datetime) -> int:
        """Takes away exports whose time is over."""
        return await self._writer.write(exports.drop, now)

    async def period(
        self, period: Period, after: str | None, limit: int, through: str | None = None
    ) -> Sequence[Sized]:
        """Documents of a period past a place, in the order of arrival."""
        return await self._readers.read_many(
            lambda c: exports.period(c, period, after, limit, through)
        )


class SqliteArchive(KeepingRows):
    """What can be read beside a gateway that runs: the audit, and the public key.

    Its writing operations do not work.
    """

    def __init__(self, database: Path) -> None:
        self._readers = Readers(database, 1)

    async def secret(self, name: str, fresh: bytes) -> bytes:
        """The secret of this name. Raises StorageUnavailable when there is none yet."""
        found = self._readers.read(
            lambda c: c.execute("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()
        )
        if found is None:
            raise StorageUnavailable(f"there is no {name} yet: the gateway makes it at its start")
        return bytes(found[0])

    def close(self) -> None:
        """Lets go of the file."""
        self._readers.close()


def leap(transaction: Transaction, units: Sequence[None]) -> list[None]:
    """Counts the places of events on from far beyond. Units without an argument: once is enough."""
    far = 2**32
    there = transaction.run("UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'event'", (far,))
    if there.rowcount == 0:  # no event was ever written
        transaction.run("INSERT INTO sqlite_sequence (name, seq) VALUES ('event', ?)", (far,))
    return list(units)


def secret(transaction: Transaction, units: Sequence[tuple[str, bytes]]) -> list[bytes]:
    """Secrets by name, made the first time."""
    return [_secret(transaction, name, fresh) for name, fresh in units]


def _secret(transaction: Transaction, name: str, fresh: bytes) -> bytes:
    transaction.insert("secret (name, value)", [(name, fresh)], "ON CONFLICT DO NOTHING")
    (value,) = transaction.run("SELECT value FROM secret WHERE name = ?", (name,)).fetchone()
    return bytes(value)
