"""What an operator does to the database of a gateway that runs, from another process.

Short transactions on a connection of their own: SQLite lets one process write at a time, and the
other waits (five seconds at most, the driver's own limit). The running gateway sees what was
changed at its next look, `worker.poll_s` later at most.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from gateway.audit.chain import NewEntry, Told
from gateway.blobs.port import WrappedKey
from gateway.store.keeping import LegalHold
from gateway.store.lanes import LaneState
from gateway.store.port import Company, DeadJob, NewJob
from gateway.store.registrations import Registration
from gateway.store.sqlite import (
    audit,
    companies,
    company_keys,
    dead,
    lanes,
    registrations,
    retention,
    verifications,
)
from gateway.store.sqlite.faults import translated
from gateway.store.sqlite.schema import connect
from gateway.store.sqlite.writer import Transaction
from gateway.store.verifications import IdentityRecord, Verification, Verified

T = TypeVar("T")


class Operating:
    """The operators' operations of `gateway.store.port.Store`, and no other. Blocking."""

    def __init__(self, database: Path) -> None:
        self._connection = connect(database)

    def close(self) -> None:
        """Lets go of the file."""
        self._connection.close()

    async def dead(self, after: int, limit: int) -> Sequence[DeadJob]:
        """The dead list past the id `after`, in order of the ids."""
        return self._run(lambda it: dead.after(it.connection, after, limit))

    async def revive(self, job_id: int, now: datetime, *, told: Told) -> bool:
        """Puts a dead job in line again; False when it is not there, or another has its key."""
        unit = audit.Along(dead.revive, dead.Revive(job_id, now), told)
        return bool(self._run(lambda it: audit.along(it, [unit]))[0])

    async def pause(self, lane: str, paused: bool, *, told: Told) -> None:
        """Stops claims from a lane, or lets them go on."""
        unit = audit.Along(lanes.pause, lanes.Pause(lane, paused), told)
        self._run(lambda it: audit.along(it, [unit]))

    async def lanes(self, now: datetime) -> Sequence[LaneState]:
        """Every lane that has limits, a pause or jobs, by name."""
        return self._run(lambda it: lanes.states(it.connection, now))

    async def set_legal_hold(
        self, company_id: str, document_id: str, reason: str | None, entry: NewEntry, now: datetime
    ) -> bool:
        """Puts a document under legal hold; with the reason None, lets it go."""
        unit = retention.Hold(company_id, document_id, reason, entry, now)
        return self._run(lambda it: retention.hold(it, [unit]))[0]

    async def legal_holds(self, company_id: str) -> Sequence[LegalHold]:
        """The company's documents under legal hold, by id."""
        return self._run(lambda it: retention.holds(it.connection, company_id))

    async def company(self, company_id: str) -> Company | None:
        """One company."""
        return self._run(lambda it: companies.one(it.connection, company_id))

    async def company_of(self, participant: str) -> Company | None:
        """Whose participant this is."""
        return self._run(lambda it: companies.of_participant(it.connection, participant))

    async def registration(self, company_id: str, participant: str) -> Registration | None:
        """How a company's participant stands."""
        return self._run(lambda it: registrations.one(it.connection, company_id, participant))

    async def registrations(
        self, company_id: str | None, after: str, limit: int
    ) -> Sequence[Registration]:
        """A company's, or everybody's, by participant."""
        return self._run(lambda it: registrations.page(it.connection, company_id, after, limit))

    async def put_registration(
        self, registration: Registration, job: NewJob, *, told: Told
    ) -> bool:
        """Writes what a person wants, and puts the job in line that does it. Raises
        Contradiction."""
        unit = audit.Along(registrations.put, registrations.Put(registration, job), told)
        done = self._run(lambda it: audit.along(it, [unit]))[0]
        if isinstance(done, Exception):
            raise done
        return bool(done)

    async def verification(self, company_id: str) -> Verification | None:
        """How a company stands."""
        return self._run(lambda it: verifications.one(it.connection, company_id))

    async def verifications(self, after: str, limit: int) -> Sequence[Verification]:
        """Everybody's, by company past `after`."""
        return self._run(lambda it: verifications.page(it.connection, after, limit))

    async def put_verification(
        self, change: Verified, now: datetime, *, told: Told | None = None
    ) -> bool:
        """Writes a change of how a company stands. Raises Contradiction."""
        assert told is not None, "a person does it"
        unit = audit.Along(verifications.put, verifications.Put(change, now), told)
        done = self._run(lambda it: audit.along(it, [unit]))[0]
        if isinstance(done, Exception):
            raise done
        return bool(done)

    async def identity_record(self, company_id: str, record_id: str) -> IdentityRecord | None:
        """One record of a company."""
        return self._run(lambda it: verifications.record(it.connection, company_id, record_id))

    async def identity_records(self, company_id: str) -> Sequence[IdentityRecord]:
        """All records of a company, newest first, without their proofs."""
        return self._run(lambda it: verifications.records(it.connection, company_id))

    async def company_keys(self, company_id: str | None = None) -> Sequence[WrappedKey]:
        """A company's keys, or everybody's."""
        return self._run(lambda it: company_keys.of(it.connection, company_id))

    async def add_company_key(
        self, company_id: str, master: str, wrapped: bytes, now: datetime
    ) -> int:
        """Adds a key and answers its id."""
        unit = company_keys.NewKey(company_id, master, wrapped, now)
        return self._run(lambda it: company_keys.add(it, [unit]))[0]

    async def rewrap_company_key(self, key_id: int, master: str, wrapped: bytes) -> None:
        """Changes how a key is wrapped."""
        self._run(lambda it: company_keys.rewrap(it, [(key_id, master, wrapped)]))

    async def drop_company_keys(self, company_id: str) -> int:
        """Takes a company's keys away; answers how many."""
        return self._run(lambda it: company_keys.drop(it, [company_id]))[0]

    async def audit(self, entry: NewEntry, now: datetime) -> None:
        """Writes an entry down."""
        self._run(lambda it: audit.add(it, entry, now))

    def _run(self, work: Callable[[Transaction], T]) -> T:
        """Does it in one transaction. Raises StorageUnavailable."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                answer = work(Transaction(self._connection))
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise translated(error) from error
        return answer
