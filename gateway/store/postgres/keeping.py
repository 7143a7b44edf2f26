"""The face of what keeps and lets go: audit, retention, legal hold, exports, secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from gateway.audit.chain import Entry, Head, NewEntry, Told
from gateway.store.cursors import new_key
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
from gateway.store.port import NewJob
from gateway.store.postgres import audit, exports, retention
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.transactions import Transaction


class KeepingRows(audit.Telling):
    """Implements `gateway.store.keeping.Keeping`; a part of `PostgresStore`."""

    _connections: Connections

    # --- after a restore ---

    async def leap(self) -> None:
        """Gives cursors another key: those given out before are refused, and their readers begin
        anew. Counting on from far beyond is no way here: a place begins with the number of its
        transaction. It counts from the next start on."""
        await self._transactions.write(leap, None)

    # --- audit ---

    async def audit(self, entry: NewEntry, now: datetime) -> Entry:
        """Appends an entry."""
        return await self._transactions.write(audit.append, Told(entry, now))

    async def audit_entries(self, after: int, limit: int) -> Sequence[Entry]:
        """Entries past `after`, in order."""
        return await audit.entries(self._connections, after, limit)

    async def audit_head(self) -> Head:
        """The newest entry."""
        return await audit.head(self._connections)

    async def audit_before(self, at: datetime) -> Head | None:
        """The newest entry that is older than `at`."""
        return await audit.before(self._connections, at)

    async def audit_found(self, sought: Sought, before: int | None, limit: int) -> Sequence[Entry]:
        """Entries that fit, newest first."""
        return await audit.found(self._connections, sought, before, limit)

    async def audit_names(self, limit: int) -> tuple[Sequence[str], Sequence[str]]:
        """The actors that there are in entries, and the actions."""
        return await audit.names(self._connections, limit)

    async def cut_audit(self, through: int, entry: NewEntry, now: datetime) -> None:
        """Appends the entry CUT and takes away those up to `through`."""
        await self._transactions.write(audit.cut, audit.Cut(through, entry, now))

    # --- secrets ---

    async def secret(self, name: str, fresh: bytes) -> bytes:
        """The secret of this name; `fresh` becomes it when there is none yet."""
        return await self._transactions.write(secret, (name, fresh))

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
        going, would = await retention.find(
            self._connections, company_id, direction, terms, after, limit
        )
        if dry_run or not (going.rows or going.content or going.evidence):
            return would
        gone = await self._transactions.write(retention.expire, going)
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
        going, would = await retention.find_events(
            self._connections, company_id, before, after, limit
        )
        if dry_run or not going.events:
            return would
        gone = await self._transactions.write(retention.expire_events, going)
        return Expired(events=gone, after=would.after)

    async def drop_months(self, before: datetime) -> int:
        """Drops the events of whole months older than `before`, where no document must stay."""
        return await self._transactions.write(retention.drop_months, before)

    async def expire_keys(self, before: datetime, limit: int, *, dry_run: bool = False) -> int:
        """Takes away idempotency keys older than `before`."""
        if dry_run:
            return await retention.count_keys(self._connections, before)
        return await self._transactions.write(retention.expire_keys, retention.Keys(before, limit))

    async def compact(self) -> bool:
        """PostgreSQL uses the room again by itself."""
        return False

    async def set_legal_hold(
        self, company_id: str, document_id: str, reason: str | None, entry: NewEntry, now: datetime
    ) -> bool:
        """Puts a document under legal hold; with the reason None, lets it go."""
        return await self._transactions.write(
            retention.hold, retention.Hold(company_id, document_id, reason, entry, now)
        )

    async def legal_holds(self, company_id: str) -> Sequence[LegalHold]:
        """The company's documents under legal hold, by id."""
        return await retention.holds(self._connections, company_id)

    # --- exports ---

    async def add_export(self, export: Export, job: NewJob, entry: NewEntry) -> None:
        """Writes an export without files, and the job that will find them."""
        await self._transactions.write(exports.add, exports.Add(export, job, entry))

    async def export(self, company_id: str, export_id: str) -> Export | None:
        """One export with its files."""
        return await exports.one(self._connections, company_id, export_id)

    async def exports(self, limit: int) -> Sequence[Export]:
        """Everybody's, newest first, with their files."""
        return await exports.newest(self._connections, limit)

    async def add_export_file(self, export_id: str, file: ExportFile) -> None:
        """Writes the next file; one with this number stays as it is."""
        await self._transactions.write(exports.add_file, exports.AddFile(export_id, file))

    async def end_export(self, export_id: str, now: datetime) -> None:
        """All files are there."""
        await self._transactions.write(exports.end, exports.End(export_id, now))

    async def drop_exports(self, now: datetime) -> int:
        """Takes away exports whose time is over."""
        return await self._transactions.write(exports.drop, now)

    async def period(
        self, period: Period, after: str | None, limit: int, through: str | None = None
    ) -> Sequence[Sized]:
        """Documents of a period past a place, in the order of arrival."""
        return await exports.period(self._connections, period, after, limit, through)


async def leap(transaction: Transaction, units: Sequence[None]) -> list[None]:
    """Replaces the key of cursors."""
    await transaction.run("UPDATE secret SET value = $1 WHERE name = 'cursors'", new_key())
    return list(units)


async def secret(transaction: Transaction, units: Sequence[tuple[str, bytes]]) -> list[bytes]:
    """Secrets by name, made the first time."""
    return [await _secret(transaction, name, fresh) for name, fresh in units]


async def _secret(transaction: Transaction, name: str, fresh: bytes) -> bytes:
    await transaction.run(
        "INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, fresh
    )
    ((value,),) = await transaction.fetch("SELECT value FROM secret WHERE name = $1", name)
    return bytes(value)
