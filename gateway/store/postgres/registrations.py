"""Participants in the network, in PostgreSQL.

What a worker writes of one locks its job first, then the row; so does what a person wants.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.chain import Told
from gateway.registration.states import OVER, ParticipantState
from gateway.store.port import Again, Contradiction, Done, Job, LeaseLost, NewJob
from gateway.store.postgres import audit, jobs, rows
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.rows import Row
from gateway.store.postgres.transactions import Transaction
from gateway.store.registrations import Registration

_COLUMNS = (
    "participant, company_id, state, offer, created_at, updated_at, migration_key, code, text, "
    "tries, next_at, published, confirmed_at, version"
)
_MARKS = ", ".join(f"${n}" for n in range(2, 16))


@dataclass(frozen=True, slots=True)
class Put:
    """What a person wants of a participant, and the job that does it."""

    registration: Registration
    job: NewJob


async def put(transaction: Transaction, units: Sequence[Put]) -> list[bool | Exception]:
    """Writes what people want."""
    return [await _put(transaction, unit) for unit in units]


async def _put(transaction: Transaction, unit: Put) -> bool | Exception:
    row = unit.registration
    folded = _folded(row.participant)
    await jobs.lock(transaction, (), [unit.job.key])
    if row.company_id:
        # Held, so that the company can not lose it meanwhile.
        has = await transaction.fetch(
            "SELECT FROM participant WHERE folded = $1 AND company_id = $2 FOR KEY SHARE",
            *(folded, row.company_id),
        )
        if not has:
            return Contradiction(f"{row.participant} is no participant of this company")
    found = await transaction.fetch(
        "SELECT company_id, state, version FROM registration WHERE folded = $1 FOR UPDATE", folded
    )
    company_id, state, version = (
        found[0] if found else (row.company_id, ParticipantState.WITHDRAWN, 0)
    )
    if company_id != row.company_id and state not in OVER:
        return Contradiction(f"another company has {row.participant} registered")
    if version != row.version and company_id == row.company_id:
        return False
    values = _values(row)
    changes = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", "))
    written = await transaction.run(
        f"""
        INSERT INTO registration (folded, {_COLUMNS}) VALUES ($1, {_MARKS})
        ON CONFLICT (folded) DO UPDATE SET {changes}
            WHERE registration.version = $16
        """,
        *(folded, *values, version),
    )
    if not written:  # somebody was quicker between the two statements
        return False
    await jobs.put(transaction, [jobs.Put((unit.job,), row.updated_at, True)])
    return True


@dataclass(frozen=True, slots=True)
class Move:
    """What came of a step."""

    job: Job
    registration: Registration
    then: Again | Done
    now: datetime


async def move(transaction: Transaction, units: Sequence[Move]) -> list[bool | Exception]:
    """Writes what came of steps."""
    held = await jobs.lock(transaction, [unit.job.id for unit in units])
    answers: list[bool | Exception] = []
    for unit in units:
        job = held.get(unit.job.id)
        if job is None or job["fence"] != unit.job.fence or job["state"] != "leased":
            answers.append(LeaseLost(f"job {unit.job.id} is no longer held by this worker"))
        else:
            answers.append(await _move(transaction, unit))
    return answers


async def _move(transaction: Transaction, unit: Move) -> bool:
    row = unit.registration
    moved = await transaction.run(
        f"""
        UPDATE registration SET ({_COLUMNS}) = ({_MARKS})
        WHERE folded = $1 AND company_id = $3 AND version = $16
        """,
        *(_folded(row.participant), *_values(row), row.version),
    )
    if moved:
        jobs.go_on(transaction, [(unit.job.id, unit.then, unit.now)])
    return moved > 0


@dataclass(frozen=True, slots=True)
class Show:
    """What our publisher shows of a participant; None: nothing."""

    participant: str
    publication: Mapping[str, Any] | None


async def show(transaction: Transaction, units: Sequence[Show]) -> list[None]:
    """Changes what is shown."""
    for unit in units:
        folded = _folded(unit.participant)
        if unit.publication is None:
            await transaction.run("DELETE FROM publication WHERE folded = $1", folded)
        else:
            await transaction.run(
                """
                INSERT INTO publication (folded, data) VALUES ($1, $2)
                ON CONFLICT (folded) DO UPDATE SET data = excluded.data
                """,
                *(folded, rows.to_json(unit.publication)),
            )
    return [None] * len(units)


async def live(transaction: Transaction, company_id: str) -> dict[str, str]:
    """The company's participants that are not out of the network: folded name, and name."""
    found = await transaction.fetch(
        "SELECT folded, participant FROM registration"
        " WHERE company_id = $1 AND state <> ALL($2::text[])",
        *(company_id, [str(state) for state in OVER]),
    )
    return {row["folded"]: row["participant"] for row in found}


def _values(row: Registration) -> Row:
    return (
        row.participant,
        row.company_id,
        str(row.state),
        rows.to_json(row.offer),
        rows.moment(row.created_at),
        rows.moment(row.updated_at),
        row.migration_key,
        *(row.code, row.text, row.tries),
        row.next_at,
        row.published,
        row.confirmed_at,
        row.version + 1,
    )


def _registration(row: Row) -> Registration:
    name, company_id, state, offer, *rest = row
    return Registration(name, company_id, ParticipantState(state), json.loads(offer), *rest)


def _folded(name: str) -> str:
    return name.casefold()


class RegistrationRows(audit.Telling):
    """Implements `gateway.store.registrations.Registrations`; a part of `PostgresStore`."""

    _connections: Connections

    async def registration(self, company_id: str, participant: str) -> Registration | None:
        """How a company's participant stands."""
        found = await self._connections.read(
            f"SELECT {_COLUMNS} FROM registration WHERE folded = $1 AND company_id = $2",
            *(_folded(participant), company_id),
        )
        return _registration(found[0]) if found else None

    async def registrations(
        self, company_id: str | None, after: str, limit: int
    ) -> Sequence[Registration]:
        """A company's, or everybody's, by participant."""
        found = await self._connections.read(
            f"""
            SELECT {_COLUMNS} FROM registration
            WHERE folded > $1 AND ($2::text IS NULL OR company_id = $2) ORDER BY folded LIMIT $3
            """,
            *(_folded(after), company_id, limit),
        )
        return [_registration(row) for row in found]

    async def put_registration(
        self, registration: Registration, job: NewJob, *, told: Told | None = None
    ) -> bool:
        """Writes what a person wants, and puts the job in line that does it."""
        return await self._told(put, Put(registration, job), told)

    async def move_registration(
        self,
        job: Job,
        registration: Registration,
        then: Again | Done,
        now: datetime,
        *,
        told: Told | None = None,
    ) -> bool:
        """Writes what came of a step."""
        return await self._told(move, Move(job, registration, then, now), told)

    async def show(self, participant: str, publication: Mapping[str, Any]) -> None:
        """Has our own publisher show this of a participant."""
        await self._transactions.write(show, Show(participant, publication))

    async def hide(self, participant: str) -> None:
        """Has our own publisher show nothing of it any more."""
        await self._transactions.write(show, Show(participant, None))

    async def shown(self, participant: str) -> Mapping[str, Any] | None:
        """What our own publisher shows of a participant."""
        found = await self._connections.read(
            "SELECT data FROM publication WHERE folded = $1", _folded(participant)
        )
        return json.loads(found[0][0]) if found else None
