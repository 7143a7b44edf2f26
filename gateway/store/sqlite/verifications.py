"""How companies stand, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.audit.chain import Told
from gateway.store.port import Checkpoint, Contradiction, Keep
from gateway.store.sqlite import audit, checkpoints, events, jobs, rows
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import Row, maybe_micros, maybe_moment, micros, moment
from gateway.store.sqlite.writer import Transaction
from gateway.store.verifications import IdentityRecord, Verification, Verified
from gateway.trust.verification.states import Asking, Standing

_COLUMNS: Final = (
    "company_id, standing, asking, code, text, created_at, updated_at, verified_at, recheck_at, "
    "closes_at, expires_at, next_at, tries, warned, record_id, facts, request, version"
)
_RECORD: Final = "id, company_id, at, how, data, proof, proof_name, proof_type, sha256"


@dataclass(frozen=True, slots=True)
class Put:
    """A change of how a company stands."""

    change: Verified
    now: datetime


def put(transaction: Transaction, units: Sequence[Put]) -> list[bool | Exception]:
    """Writes changes."""
    return [_put(transaction, unit) for unit in units]


def _put(transaction: Transaction, unit: Put) -> bool | Exception:
    change, row = unit.change, unit.change.row
    if change.job is not None and not _is_held(transaction, unit):
        # `Keep` writes nothing: it says that the lease is lost.
        (lost,) = checkpoints.checkpoint(
            transaction, [checkpoints.Step(change.job, Checkpoint(Keep()), (), unit.now)]
        )
        assert lost is not None
        return lost
    if not transaction.run("SELECT 1 FROM company WHERE id = ?", (row.company_id,)).fetchone():
        return Contradiction(f"there is no company {row.company_id}")
    found = transaction.run(
        "SELECT version FROM verification WHERE company_id = ?", (row.company_id,)
    ).fetchone()
    if (found[0] if found else 0) != row.version:
        return False
    marks = ", ".join("?" * len(_values(row)))
    transaction.run(
        f"INSERT OR REPLACE INTO verification ({_COLUMNS}) VALUES ({marks})", _values(row)
    )
    if change.record is not None:
        transaction.insert(f"identity_record ({_RECORD})", [_record_values(change.record)])
    at = micros(unit.now)
    events.append(transaction, [(row.company_id, "", at, change.events)])
    if change.jobs:
        jobs.put(transaction, [jobs.Put(tuple(change.jobs), unit.now, True)])
    if change.job is not None and change.then is not None:
        work = Checkpoint(change.then)
        checkpoints.checkpoint(transaction, [checkpoints.Step(change.job, work, (), unit.now)])
    return True


def _is_held(transaction: Transaction, unit: Put) -> bool:
    job = unit.change.job
    assert job is not None
    found = transaction.run(
        "SELECT 1 FROM job WHERE id = ? AND fence = ? AND state = 'leased'", (job.id, job.fence)
    )
    return found.fetchone() is not None


def one(connection: sqlite3.Connection, company_id: str) -> Verification | None:
    """How a company stands."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM verification WHERE company_id = ?", (company_id,)
    ).fetchone()
    return None if row is None else _verification(row)


def page(connection: sqlite3.Connection, after: str, limit: int) -> list[Verification]:
    """Everybody's, by company."""
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM verification WHERE company_id > ? ORDER BY company_id LIMIT ?",
        (after, limit),
    )
    return [_verification(row) for row in found]


def record(
    connection: sqlite3.Connection, company_id: str, record_id: str
) -> IdentityRecord | None:
    """One record of a company."""
    row = connection.execute(
        f"SELECT {_RECORD} FROM identity_record WHERE id = ? AND company_id = ?",
        (record_id, company_id),
    ).fetchone()
    return None if row is None else _identity(row)


def records(connection: sqlite3.Connection, company_id: str) -> list[IdentityRecord]:
    """All records of a company, newest first, without their proofs."""
    columns = _RECORD.replace("proof,", "x'' AS proof,")
    found = connection.execute(
        f"SELECT {columns} FROM identity_record WHERE company_id = ? ORDER BY at DESC, id DESC",
        (company_id,),
    )
    return [_identity(row) for row in found]


def _values(row: Verification) -> Row:
    return (
        *(row.company_id, str(row.standing), str(row.asking), row.code, row.text),
        *(micros(row.created_at), micros(row.updated_at)),
        *map(maybe_micros, (row.verified_at, row.recheck_at, row.closes_at)),
        *map(maybe_micros, (row.expires_at, row.next_at)),
        *(row.tries, row.warned, row.record_id, rows.to_json(row.facts), row.request),
        row.version + 1,
    )


def _verification(row: Row) -> Verification:
    company_id, standing, asking, code, text, made, changed, *rest = row
    verified, recheck, closes, expires, next_at, tries, warned, record_id, facts, *last = rest
    request, version = last
    return Verification(
        *(company_id, Standing(standing), Asking(asking), code, text),
        *(moment(made), moment(changed)),
        verified_at=maybe_moment(verified),
        recheck_at=maybe_moment(recheck),
        closes_at=maybe_moment(closes),
        expires_at=maybe_moment(expires),
        next_at=maybe_moment(next_at),
        tries=tries,
        warned=warned,
        record_id=record_id,
        facts=json.loads(facts),
        request=request,
        version=version,
    )


def _record_values(record: IdentityRecord) -> Row:
    return (
        *(record.id, record.company_id, micros(record.at), record.how, record.data, record.proof),
        *(record.proof_name, record.proof_type, record.sha256),
    )


def _identity(row: Row) -> IdentityRecord:
    id_, company_id, at, *rest = row
    return IdentityRecord(id_, company_id, moment(at), *rest)


class VerificationRows(audit.Telling):
    """Implements `gateway.store.verifications.Verifications`; a part of `SqliteStore`."""

    _readers: Readers

    async def verification(self, company_id: str) -> Verification | None:
        """How a company stands."""
        return self._readers.read(lambda c: one(c, company_id))

    async def verifications(self, after: str, limit: int) -> Sequence[Verification]:
        """Everybody's, by company."""
        return await self._readers.read_many(lambda c: page(c, after, limit))

    async def put_verification(
        self, change: Verified, now: datetime, *, told: Told | None = None
    ) -> bool:
        """Writes a change."""
        return await self._told(put, Put(change, now), told)

    async def identity_record(self, company_id: str, record_id: str) -> IdentityRecord | None:
        """One record of a company."""
        return await self._readers.read_many(lambda c: record(c, company_id, record_id))

    async def identity_records(self, company_id: str) -> Sequence[IdentityRecord]:
        """All records of a company, newest first."""
        return await self._readers.read_many(lambda c: records(c, company_id))
