"""Participants in the network, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.chain import Told
from gateway.registration.states import OVER, ParticipantState
from gateway.store.port import Again, Checkpoint, Contradiction, Done, Job, Keep, NewJob
from gateway.store.registrations import Registration
from gateway.store.sqlite import audit, checkpoints, jobs, rows
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import Row, maybe_micros, maybe_moment, micros, moment
from gateway.store.sqlite.writer import Transaction

_COLUMNS = (
    "participant, company_id, state, offer, created_at, updated_at, migration_key, code, text, "
    "tries, next_at, published, confirmed_at, version"
)


@dataclass(frozen=True, slots=True)
class Put:
    """What a person wants of a participant, and the job that does it."""

    registration: Registration
    job: NewJob


def put(transaction: Transaction, units: Sequence[Put]) -> list[bool | Exception]:
    """Writes what people want."""
    return [_put(transaction, unit) for unit in units]


def _put(transaction: Transaction, unit: Put) -> bool | Exception:
    row = unit.registration
    found = transaction.run(
        "SELECT company_id, state, version FROM registration WHERE folded = ?",
        (_folded(row.participant),),
    ).fetchone()
    company_id, state, version = found or (row.company_id, ParticipantState.WITHDRAWN, 0)
    if company_id != row.company_id and state not in OVER:
        return Contradiction(f"another company has {row.participant} registered")
    if row.company_id and not _has(transaction, row):
        return Contradiction(f"{row.participant} is no participant of this company")
    if version != row.version and company_id == row.company_id:
        return False
    transaction.run("DELETE FROM registration WHERE folded = ?", (_folded(row.participant),))
    transaction.insert(
        f"registration (folded, {_COLUMNS})", [(_folded(row.participant), *_values(row))]
    )
    jobs.put(transaction, [jobs.Put((unit.job,), row.updated_at, True)])
    return True


def _has(transaction: Transaction, row: Registration) -> bool:
    return (
        transaction.run(
            "SELECT 1 FROM participant WHERE folded = ? AND company_id = ?",
            (_folded(row.participant), row.company_id),
        ).fetchone()
        is not None
    )


@dataclass(frozen=True, slots=True)
class Move:
    """What came of a step."""

    job: Job
    registration: Registration
    then: Again | Done
    now: datetime


def move(transaction: Transaction, units: Sequence[Move]) -> list[bool | Exception]:
    """Writes what came of steps."""
    return [_move(transaction, unit) for unit in units]


def _move(transaction: Transaction, unit: Move) -> bool | Exception:
    row = unit.registration
    moved = transaction.run(
        f"""
        UPDATE registration SET ({_COLUMNS}) = ({", ".join("?" * len(_values(row)))})
        WHERE folded = ? AND company_id = ? AND version = ? AND EXISTS (
            SELECT 1 FROM job WHERE id = ? AND fence = ? AND state = 'leased')
        """,
        (
            *_values(row),
            *(_folded(row.participant), row.company_id, row.version),
            *(unit.job.id, unit.job.fence),
        ),
    ).rowcount
    # When the job is held, `Keep` writes nothing: it finds out whether it is.
    work = Checkpoint(unit.then if moved else Keep())
    (refused,) = checkpoints.checkpoint(
        transaction, [checkpoints.Step(unit.job, work, (), unit.now)]
    )
    return refused if refused is not None else moved > 0


@dataclass(frozen=True, slots=True)
class Show:
    """What our publisher shows of a participant; None: nothing."""

    participant: str
    publication: Mapping[str, Any] | None


def show(transaction: Transaction, units: Sequence[Show]) -> list[None]:
    """Changes what is shown."""
    for unit in units:
        folded = _folded(unit.participant)
        transaction.run("DELETE FROM publication WHERE folded = ?", (folded,))
        if unit.publication is not None:
            transaction.insert(
                "publication (folded, data)", [(folded, rows.to_json(unit.publication))]
            )
    return [None] * len(units)


def live(transaction: Transaction, company_id: str) -> dict[str, str]:
    """The company's participants that are not out of the network: folded name, and name."""
    return dict(
        transaction.run(
            "SELECT folded, participant FROM registration WHERE company_id = ?"
            f" AND state NOT IN ({', '.join(repr(str(state)) for state in sorted(OVER))})",
            (company_id,),
        ).fetchall()
    )


def one(connection: sqlite3.Connection, company_id: str, participant: str) -> Registration | None:
    """How a company's participant stands."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM registration WHERE folded = ? AND company_id = ?",
        (_folded(participant), company_id),
    ).fetchone()
    return None if row is None else _registration(row)


def page(
    connection: sqlite3.Connection, company_id: str | None, after: str, limit: int
) -> list[Registration]:
    """A company's registrations, or everybody's."""
    where, values = ("", ()) if company_id is None else ("AND company_id = ?", (company_id,))
    found = connection.execute(
        f"SELECT {_COLUMNS} FROM registration WHERE folded > ? {where} ORDER BY folded LIMIT ?",
        (_folded(after), *values, limit),
    )
    return [_registration(row) for row in found]


def _shown(connection: sqlite3.Connection, participant: str) -> Mapping[str, Any] | None:
    row = connection.execute(
        "SELECT data FROM publication WHERE folded = ?", (_folded(participant),)
    ).fetchone()
    return None if row is None else json.loads(row[0])


def _values(row: Registration) -> Row:
    return (
        row.participant,
        row.company_id,
        str(row.state),
        rows.to_json(row.offer),
        micros(row.created_at),
        micros(row.updated_at),
        row.migration_key,
        *(row.code, row.text, row.tries),
        maybe_micros(row.next_at),
        row.published,
        maybe_micros(row.confirmed_at),
        row.version + 1,
    )


def _registration(row: Row) -> Registration:
    name, company_id, state, offer, made, changed, key, code, text, tries, *rest = row
    next_at, published, confirmed_at, version = rest
    return Registration(
        name,
        company_id,
        ParticipantState(state),
        json.loads(offer),
        moment(made),
        moment(changed),
        key,
        *(code, text, tries),
        maybe_moment(next_at),
        published,
        maybe_moment(confirmed_at),
        version,
    )


def _folded(name: str) -> str:
    return name.casefold()


class RegistrationRows(audit.Telling):
    """Implements `gateway.store.registrations.Registrations`; a part of `SqliteStore`."""

    _readers: Readers

    async def registration(self, company_id: str, participant: str) -> Registration | None:
        """How a company's participant stands."""
        return self._readers.read(lambda c: one(c, company_id, participant))

    async def registrations(
        self, company_id: str | None, after: str, limit: int
    ) -> Sequence[Registration]:
        """A company's, or everybody's, by participant."""
        return await self._readers.read_many(lambda c: page(c, company_id, after, limit))

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
        await self._writer.write(show, Show(participant, publication))

    async def hide(self, participant: str) -> None:
        """Has our own publisher show nothing of it any more."""
        await self._writer.write(show, Show(participant, None))

    async def shown(self, participant: str) -> Mapping[str, Any] | None:
        """What our own publisher shows of a participant."""
        return self._readers.read(lambda c: _shown(c, participant))
