"""People, their links and sessions, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.chain import Told
from gateway.store.people import AddressTaken, LastAdministrator, Link, Person, Session
from gateway.store.port import Contradiction
from gateway.store.postgres import audit
from gateway.store.postgres.accounts import WITHIN, reached
from gateway.store.postgres.connections import Connections
from gateway.store.postgres.rows import Row, moment
from gateway.store.postgres.transactions import Transaction
from gateway.trust.people.roles import Role
from gateway.trust.reach import Reach

_COLUMNS = (
    "id, account_id, email, name, language, role, proof, created_at, updated_at, accepted_at, "
    "subject, version"
)
_OWN = ", ".join(f"person.{name}" for name in _COLUMNS.split(", "))
# A person whole, in one statement: they and their companies are of one moment.
_WHOLE = f"""
    SELECT {_OWN}, ARRAY(SELECT company_id FROM person_company
        WHERE person_id = person.id ORDER BY company_id)"""
_WIDTH = len(_COLUMNS.split(", ")) + 1
_HAS_COMPANIES = "EXISTS (SELECT FROM person_company WHERE person_id = person.id)"
# By $1 and $2, the values of `reached`.
_WITHIN = f"""
    (account_id = $1 OR ({_HAS_COMPANIES}
        AND NOT EXISTS (SELECT FROM person_company
            WHERE person_id = person.id AND company_id NOT IN ({WITHIN}))))"""
_SESSION = "sha256, id, person_id, created_at, seen_at, until, complete, agent"

_SWEPT_AT_ONCE = 100


class PeopleRows(audit.Telling):
    """Implements `gateway.store.people.People`; a part of `PostgresStore`."""

    _connections: Connections

    async def put_person(
        self,
        person: Person,
        now: datetime,
        *,
        link: Link | None = None,
        used: str | None = None,
        ends: bool = False,
        told: Told | None = None,
    ) -> bool:
        """Adds a person, or changes the one of this version."""
        return await self._told(put, Put(person, now, link, used, ends), told)

    async def drop_person(self, person: Person, *, told: Told | None = None) -> bool:
        """Deletes a person with their sessions and link."""
        return await self._told(drop, person, told)

    async def person(self, person_id: str) -> Person | None:
        """One person, wherever they are."""
        return await self._one("id = $1", person_id)

    async def person_within(self, reach: Reach, person_id: str) -> Person | None:
        """One person, if they are within reach."""
        return await self._one(f"{_WITHIN} AND id = $3", *reached(reach), person_id)

    async def people_within(self, reach: Reach, after: str, limit: int) -> Sequence[Person]:
        """The people within reach past the id `after`, by id."""
        which = f"{_WITHIN} AND id > $3 ORDER BY id LIMIT $4"
        return await self._those(which, *reached(reach), after, limit)

    async def everybody(self, after: str, limit: int) -> Sequence[Person]:
        """All people past the id `after`, by id."""
        return await self._those("id > $1 ORDER BY id LIMIT $2", after, limit)

    async def person_of_email(self, email: str) -> Person | None:
        """Who signs in with this address."""
        return await self._one("email = $1 AND accepted_at IS NOT NULL", email)

    async def person_of_subject(self, subject: str) -> Person | None:
        """Whom an identity provider knows so."""
        return await self._one("subject = $1", subject)

    async def person_of_link(self, sha256: str, now: datetime) -> Person | None:
        """Whose link this is, if it still is good."""
        which = "id = (SELECT person_id FROM person_link WHERE sha256 = $1 AND until > $2)"
        return await self._one(which, sha256, moment(now))

    async def open_session(self, session: Session, now: datetime, *, instead: str = "") -> None:
        """Begins a session, and ends the one with the hash `instead`."""
        await self._transactions.write(begin, (session, now, instead))

    async def session(self, sha256: str) -> tuple[Session, Person] | None:
        """The session with this hash, and whose it is."""
        columns = ", ".join(f"session.{name}" for name in _SESSION.split(", "))
        found = await self._connections.read(
            f"{_WHOLE}, {columns} FROM session JOIN person ON person.id = session.person_id"
            " WHERE session.sha256 = $1",
            sha256,
        )
        if not found:
            return None
        row = tuple(found[0])
        return Session(*row[_WIDTH:]), _person(row[:_WIDTH])

    async def see_session(self, sha256: str, now: datetime) -> None:
        """Writes that it was used."""
        await self._transactions.write(see, (sha256, now))

    async def sessions(self, person_id: str) -> Sequence[Session]:
        """A person's sessions, the oldest first."""
        found = await self._connections.read(
            f"SELECT {_SESSION} FROM session WHERE person_id = $1 ORDER BY id", person_id
        )
        return [Session(*row) for row in found]

    async def end_session(
        self, person_id: str, session_id: str, *, told: Told | None = None
    ) -> bool:
        """Ends one of a person's sessions."""
        return await self._told(end, (person_id, session_id), told)

    async def _one(self, which: str, *values: Any) -> Person | None:
        found = await self._those(which, *values)
        return found[0] if found else None

    async def _those(self, which: str, *values: Any) -> list[Person]:
        found = await self._connections.read(f"{_WHOLE} FROM person WHERE {which}", *values)
        return [_person(row) for row in found]


# --- writing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Put:
    """A person to be written."""

    person: Person
    now: datetime
    link: Link | None
    used: str | None
    ends: bool


async def _one_at_a_time(transaction: Transaction) -> None:
    """Waits for whoever writes people: two who go at once must not both leave the other behind as
    the last administrator."""
    await transaction.fetch("SELECT pg_advisory_xact_lock('person'::regclass::oid::bigint)")


async def put(transaction: Transaction, units: Sequence[Put]) -> list[bool | Exception]:
    """Writes people."""
    await _one_at_a_time(transaction)
    return [await _put(transaction, unit) for unit in units]


async def _put(transaction: Transaction, unit: Put) -> bool | Exception:
    person = unit.person
    before = await _there(transaction, person)
    if before is None and person.version:
        return False
    if unit.used is not None and not await _good(transaction, unit):
        return False
    wrong = await _wrong(transaction, before, person)
    if wrong is not None:
        return wrong
    accepted_at = None if person.accepted_at is None else moment(person.accepted_at)
    values = (
        *(person.id, person.account_id, person.email, person.name, person.language),
        *(person.role.value, person.proof, moment(person.created_at)),
        *(moment(person.updated_at), accepted_at, person.subject, person.version + 1),
    )
    marks = [f"${n}" for n in range(1, len(values) + 1)]
    if person.version:
        names = ", ".join(_COLUMNS.split(", ")[1:])
        await transaction.run(
            f"UPDATE person SET ({names}) = ({', '.join(marks[1:])}) WHERE id = $1", *values
        )
        await transaction.run("DELETE FROM person_company WHERE person_id = $1", person.id)
    else:
        await transaction.run(
            f"INSERT INTO person ({_COLUMNS}) VALUES ({', '.join(marks)})", *values
        )
    await transaction.run(
        "INSERT INTO person_company (person_id, company_id) SELECT $1, unnest($2::text[])",
        *(person.id, list(person.companies)),
    )
    if unit.link is not None or unit.used is not None:
        await transaction.run("DELETE FROM person_link WHERE person_id = $1", person.id)
    if unit.link is not None:
        await transaction.run(
            "INSERT INTO person_link (sha256, person_id, until) VALUES ($1, $2, $3)",
            *(unit.link.sha256, person.id, moment(unit.link.until)),
        )
    if unit.ends:
        await transaction.run("DELETE FROM session WHERE person_id = $1", person.id)
    return True


async def _there(transaction: Transaction, person: Person) -> Person | None:
    """The person as they were read; None when they are not so any more."""
    found = await transaction.fetch(
        f"{_WHOLE} FROM person WHERE id = $1 AND version = $2", person.id, person.version
    )
    return _person(found[0]) if found else None


async def _good(transaction: Transaction, unit: Put) -> bool:
    found = await transaction.fetch(
        "SELECT FROM person_link WHERE sha256 = $1 AND person_id = $2 AND until > $3",
        *(unit.used, unit.person.id, moment(unit.now)),
    )
    return bool(found)


async def _wrong(
    transaction: Transaction, before: Person | None, person: Person
) -> Exception | None:
    """Why a person can not be written so."""
    taken = await transaction.fetch(
        "SELECT FROM person WHERE id <> $1 AND (subject = $2"
        " OR ($3 AND email = $4 AND accepted_at IS NOT NULL)) LIMIT 1",
        *(person.id, person.subject, person.accepted_at is not None, person.email),
    )
    if taken:
        return AddressTaken()
    known = await transaction.fetch(
        "SELECT id FROM company WHERE id = ANY($1::text[])", list(person.companies)
    )
    unknown = set(person.companies) - {id_ for (id_,) in known}
    if unknown:
        return Contradiction(f"there is no company {', '.join(sorted(unknown))}")
    return await _left_alone(transaction, before, person.administers)


async def _left_alone(
    transaction: Transaction, before: Person | None, then: frozenset[tuple[str, str]]
) -> Exception | None:
    """What is wrong with `before` administering only `then` any more."""
    for kind, id_ in before.administers - then if before is not None else ():
        which = {
            "account": f"account_id = $1 AND NOT {_HAS_COMPANIES}",
            "company": "account_id = ''"
            " AND id IN (SELECT person_id FROM person_company WHERE company_id = $1)",
        }[kind]
        other = await transaction.fetch(
            f"SELECT FROM person WHERE {which} AND role = $2 AND accepted_at IS NOT NULL"
            " AND id <> $3 LIMIT 1",
            *(id_, Role.ADMINISTRATOR.value, before.id if before is not None else ""),
        )
        if not other:
            return LastAdministrator()
    return None


async def drop(transaction: Transaction, units: Sequence[Person]) -> list[bool | Exception]:
    """Deletes people."""
    await _one_at_a_time(transaction)
    return [await _drop(transaction, unit) for unit in units]


async def _drop(transaction: Transaction, person: Person) -> bool | Exception:
    before = await _there(transaction, person)
    if before is None:
        return False
    alone = await _left_alone(transaction, before, frozenset())
    if alone is not None:
        return alone
    await transaction.run("DELETE FROM person WHERE id = $1", person.id)
    return True


async def begin(
    transaction: Transaction, units: Sequence[tuple[Session, datetime, str]]
) -> list[None]:
    """Begins sessions."""
    for session, now, instead in units:
        await transaction.run("DELETE FROM session WHERE sha256 = $1", instead)
        await transaction.run(
            """
            DELETE FROM session WHERE sha256 IN (
                SELECT sha256 FROM session WHERE until < $1 ORDER BY until LIMIT $2
                FOR UPDATE SKIP LOCKED)
            """,
            *(moment(now), _SWEPT_AT_ONCE),
        )
        await transaction.run(
            f"INSERT INTO session ({_SESSION}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            *(session.sha256, session.id, session.person_id, moment(session.created_at)),
            *(moment(session.seen_at), moment(session.until), session.complete, session.agent),
        )
    return [None] * len(units)


async def see(transaction: Transaction, units: Sequence[tuple[str, datetime]]) -> list[None]:
    """Writes that sessions were used."""
    for sha256, now in sorted(units):  # locks are taken in one order
        await transaction.run(
            "UPDATE session SET seen_at = $2 WHERE sha256 = $1", sha256, moment(now)
        )
    return [None] * len(units)


async def end(transaction: Transaction, units: Sequence[tuple[str, str]]) -> list[bool]:
    """Ends sessions of people."""
    return [
        await transaction.run("DELETE FROM session WHERE person_id = $1 AND id = $2", *unit) > 0
        for unit in units
    ]


# --- rows ---------------------------------------------------------------------------------------


def _person(row: Row) -> Person:
    id_, account_id, email, name, language, role, proof, *times, subject, version, for_ = row
    created_at, updated_at, accepted_at = times
    return Person(
        *(id_, account_id, tuple(for_), email, name, language, Role(role), proof),
        *(created_at, updated_at, accepted_at, subject, version),
    )
