"""How companies stand, in PostgreSQL.

Whoever writes locks the company's job first, then the row: so a worker and a person never wait for
each other in a circle.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.audit.chain import Told
from gateway.store.port import Contradiction, LeaseLost
from gateway.store.postgres import audit, events, jobs, rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.rows import Row
from gateway.store.postgres.transactions import Transaction
from gateway.store.verifications import IdentityRecord, Verification, Verified
from gateway.trust.verification.states import Asking, Standing

_COLUMNS: Final = (
    "company_id, standing, asking, code, text, created_at, updated_at, verified_at, recheck_at, "
    "closes_at, expires_at, next_at, tries, warned, record_id, facts, request, version"
)
_MARKS: Final = ", ".join(f"${n}" for n in range(1, 19))
_RECORD: Final = "id, company_id, at, how, data, proof, proof_name, proof_type, sha256"


@dataclass(frozen=True, slots=True)
class Put:
    """A change of how a company stands."""

    change: Verified
    now: datetime


async def put(transaction: Transaction, units: Sequence[Put]) -> list[bool | Exception]:
    """Writes changes."""
    return [await _put(transaction, unit) for unit in units]


async def _put(transaction: Transaction, unit: Put) -> bool | Exception:
    change, row, now = unit.change, unit.change.row, unit.now
    mine = [] if change.job is None else [change.job.id]
    held = await jobs.lock(transaction, mine, [job.key for job in change.jobs])
    if change.job is not None:
        job = held.get(change.job.id)
        if job is None or job["fence"] != change.job.fence or job["state"] != "leased":
            return LeaseLost(f"job {change.job.id} is no longer held by this worker")
    company = await transaction.fetch(
        "SELECT FROM company WHERE id = $1 FOR KEY SHARE", row.company_id
    )
    if not company:
        return Contradiction(f"there is no company {row.company_id}")
    if row.version:
        written = await transaction.run(
            f"""
            UPDATE verification SET ({_COLUMNS}) = ROW ({_MARKS})
            WHERE company_id = $1 AND version = $19
            """,
            *_values(row),
            row.version,
        )
    else:
        written = await transaction.run(
            f"""
            INSERT INTO verification ({_COLUMNS}) VALUES ({_MARKS})
            ON CONFLICT (company_id) DO NOTHING
            """,
            *_values(row),
        )
    if not written:
        return False
    if change.record is not None:
        await transaction.run(
            f"INSERT INTO identity_record ({_RECORD}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            *_record_values(change.record),
        )
    events.append(transaction, [(row.company_id, "", rows.moment(now), change.events)])
    if change.jobs:
        await jobs.put(transaction, [jobs.Put(tuple(change.jobs), now, True)])
    if change.job is not None and change.then is not None:
        jobs.go_on(transaction, [(change.job.id, change.then, now)])
    return True


def _values(row: Verification) -> Row:
    return (
        *(row.company_id, str(row.standing), str(row.asking), row.code, row.text),
        *(rows.moment(row.created_at), rows.moment(row.updated_at)),
        *(row.verified_at, row.recheck_at, row.closes_at, row.expires_at, row.next_at),
        *(row.tries, row.warned, row.record_id, rows.to_json(row.facts), row.request),
        row.version + 1,
    )


def _verification(row: Row) -> Verification:
    known = dict(row.items())
    return Verification(
        **{
            **known,
            "standing": Standing(known["standing"]),
            "asking": Asking(known["asking"]),
            "facts": json.loads(known["facts"]),
        }
    )


def _record_values(record: IdentityRecord) -> Row:
    return (
        *(record.id, record.company_id, rows.moment(record.at), record.how),
        *(record.data, record.proof, record.proof_name, record.proof_type, record.sha256),
    )


class VerificationRows(audit.Telling):
    """Implements `gateway.store.verifications.Verifications`; a part of `PostgresStore`."""

    _connections: Connections

    async def verification(self, company_id: str) -> Verification | None:
        """How a company stands."""
        found = await self._connections.read(
            f"SELECT {_COLUMNS} FROM verification WHERE company_id = $1", company_id
        )
        return _verification(found[0]) if found else None

    async def verifications(self, after: str, limit: int) -> Sequence[Verification]:
        """Everybody's, by company."""
        found = await self._connections.read(
            f"SELECT {_COLUMNS} FROM verification WHERE company_id > $1"
            " ORDER BY company_id LIMIT $2",
            *(after, limit),
        )
        return [_verification(row) for row in found]

    async def put_verification(
        self, change: Verified, now: datetime, *, told: Told | None = None
    ) -> bool:
        """Writes a change."""
        return await self._told(put, Put(change, now), told)

    async def identity_record(self, company_id: str, record_id: str) -> IdentityRecord | None:
        """One record of a company."""
        found = await self._connections.read(
            f"SELECT {_RECORD} FROM identity_record WHERE id = $1 AND company_id = $2",
            *(record_id, company_id),
        )
        return IdentityRecord(*found[0]) if found else None

    async def identity_records(self, company_id: str) -> Sequence[IdentityRecord]:
        """All records of a company, newest first."""
        columns = _RECORD.replace("proof,", "''::bytea AS proof,")
        found = await self._connections.read(
            f"SELECT {columns} FROM identity_record WHERE company_id = $1"
            " ORDER BY at DESC, id DESC",
            company_id,
        )
        return [IdentityRecord(*row) for row in found]
