"""People, their links and sessions, in SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.audit.chain import Told
from gateway.store.people import AddressTaken, LastAdministrator, Link, Person, Session
from gateway.store.port import Contradiction
from gateway.store.sqlite import audit
from gateway.store.sqlite.accounts import WITHIN, reached
from gateway.store.sqlite.readers import Readers
from gateway.store.sqlite.rows import Row, maybe_micros, maybe_moment, micros, moment
from gateway.store.sqlite.writer import Transaction
from gateway.trust.people.roles import Role
from gateway.trust.reach import Reach

_COLUMNS = (
    "id, account_id, email, name, language, role, proof, created_at, updated_at, accepted_at, "
    "subject, version"
)
_OWN = ", ".join(f"person.{name}" for name in _COLUMNS.split(", "))
# A person whole, in one statement: they and their companies are of one moment.
_WHOLE = f"""
    SELECT {_OWN}, (SELECT json_group_array(company_id) FROM (SELECT company_id
        FROM person_company WHERE person_id = person.id ORDER BY company_id))"""
_WIDTH = len(_COLUMNS.split(", ")) + 1
_HAS_COMPANIES = "EXISTS (SELECT 1 FROM person_company WHERE person_id = person.id)"
# By the values of `reached`.
_WITHIN = f"""
    (account_id = :account OR ({_HAS_COMPANIES}
        AND NOT EXISTS (SELECT 1 FROM person_company
            WHERE person_id = person.id AND company_id NOT IN ({WITHIN}))))"""
_SESSION = "sha256, id, person_id, created_at, seen_at, until, complete, agent"

_SWEPT_AT_ONCE = 100


class PeopleRows(audit.Telling):
    """Implements `gateway.store.people.People`; a part of `SqliteStore`."""

    _readers: Readers

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
        return self._one("id = :id", {"id": person_id})

    async def person_within(self, reach: Reach, person_id: str) -> Person | None:
        """One person, if they are within reach."""
        return self._one(f"{_WITHIN} AND id = :id", {**reached(reach), "id": person_id})

    async def people_within(self, reach: Reach, after: str, limit: int) -> Sequence[Person]:
        """The people within reach past the id `after`, by id."""
        which = f"{_WITHIN} AND id > :after ORDER BY id LIMIT :limit"
        values = {**reached(reach), "after": after, "limit": limit}
        return await self._readers.read_many(lambda c: _those(c, which, values))

    async def everybody(self, after: str, limit: int) -> Sequence[Person]:
        """All people past the id `after`, by id."""
        which, values = "id > :after ORDER BY id LIMIT :limit", {"after": after, "limit": limit}
        return await self._readers.read_many(lambda c: _those(c, which, values))

    async def person_of_email(self, email: str) -> Person | None:
        """Who signs in with this address."""
        return self._one("email = :email AND accepted_at IS NOT NULL", {"email": email})

    async def person_of_subject(self, subject: str) -> Person | None:
        """Whom an identity provider knows so."""
        return self._one("subject = :subject", {"subject": subject})

    async def person_of_link(self, sha256: str, now: datetime) -> Person | None:
        """Whose link this is, if it still is good."""
        which = "id = (SELECT person_id FROM person_link WHERE sha256 = :sha256 AND until > :now)"
        return self._one(which, {"sha256": sha256, "now": micros(now)})

    async def open_session(self, session: Session, now: datetime, *, instead: str = "") -> None:
        """Begins a session, and ends the one with the hash `instead`."""
        await self._writer.write(begin, (session, now, instead))

    async def session(self, sha256: str) -> tuple[Session, Person] | None:
        """The session with this hash, and whose it is."""
        columns = ", ".join(f"session.{name}" for name in _SESSION.split(", "))
        row = self._readers.read(
            lambda c: c.execute(
                f"{_WHOLE}, {columns} FROM session JOIN person ON person.id = session.person_id"
                " WHERE session.sha256 = ?",
                (sha256,),
            ).fetchone()
        )
        return None if row is None else (_session(row[_WIDTH:]), _person(row[:_WIDTH]))

    async def see_session(self, sha256: str, now: datetime) -> None:
        """Writes that it was used."""
        await self._writer.write(see, (sha256, now))

    async def sessions(self, person_id: str) -> Sequence[Session]:
        """A person's sessions, the oldest first."""
        found = self._readers.read(
            lambda c: c.execute(
                f"SELECT {_SESSION} FROM session WHERE person_id = ? ORDER BY id", (person_id,)
            ).fetchall()
        )
        return [_session(row) for row in found]

    async def end_session(
        self, person_id: str, session_id: str, *, told: Told | None = None
    ) -> bool:
        """Ends one of a person's sessions."""
        return await self._told(end, (person_id, session_id), told)

    def _one(self, which: str, values: Mapping[str, Any]) -> Person | None:
        found = self._readers.read(lambda c: _those(c, which, values))
        return found[0] if found else None


def _those(connection: sqlite3.Connection, which: str, values: Mapping[str, Any]) -> list[Person]:
    found = connection.execute(f"{_WHOLE} FROM person WHERE {which}", values)
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


def put(transaction: Transaction, units: Sequence[Put]) -> list[bool | Exception]:
    """Writes people."""
    return [_put(transaction, unit) for unit in units]


def _put(transaction: Transaction, unit: Put) -> bool | Exception:
    person = unit.person
    before = _there(transaction, person)
    if before is None and person.version:
        return False
    if unit.used is not None and not _good(transaction, unit):
        return False
    wrong = _wrong(transaction, before, person)
    if wrong is not None:
        return wrong
    values = (
        *(person.id, person.account_id, person.email, person.name, person.language),
        *(person.role.value, person.proof, micros(person.created_at), micros(person.updated_at)),
        *(maybe_micros(person.accepted_at), person.subject, person.version + 1),
    )
    if person.version:
        names = ", ".join(_COLUMNS.split(", ")[1:])
        marks = ", ".join("?" * (len(values) - 1))
        transaction.run(
            f"UPDATE person SET ({names}) = ({marks}) WHERE id = ?", (*values[1:], person.id)
        )
        transaction.run("DELETE FROM person_company WHERE person_id = ?", (person.id,))
    else:
        transaction.insert(f"person ({_COLUMNS})", [values])
    transaction.insert(
        "person_company (person_id, company_id)", [(person.id, id_) for id_ in person.companies]
    )
    if unit.link is not None or unit.used is not None:
        transaction.run("DELETE FROM person_link WHERE person_id = ?", (person.id,))
    if unit.link is not None:
        transaction.insert(
            "person_link (sha256, person_id, until)",
            [(unit.link.sha256, person.id, micros(unit.link.until))],
        )
    if unit.ends:
        transaction.run("DELETE FROM session WHERE person_id = ?", (person.id,))
    return True


def _there(transaction: Transaction, person: Person) -> Person | None:
    """The person as they were read; None when they are not so any more."""
    values = {"id": person.id, "version": person.version}
    found = _those(transaction.connection, "id = :id AND version = :version", values)
    return found[0] if found else None


def _good(transaction: Transaction, unit: Put) -> bool:
    found = transaction.run(
        "SELECT 1 FROM person_link WHERE sha256 = ? AND person_id = ? AND until > ?",
        (unit.used, unit.person.id, micros(unit.now)),
    ).fetchone()
    return found is not None


def _wrong(transaction: Transaction, before: Person | None, person: Person) -> Exception | None:
    """Why a person can not be written so."""
    taken = transaction.run(
        "SELECT 1 FROM person WHERE id <> ? AND (subject = ?"
        " OR (? AND email = ? AND accepted_at IS NOT NULL))",
        (person.id, person.subject, person.accepted_at is not None, person.email),
    ).fetchone()
    if taken is not None:
        return AddressTaken()
    for id_ in person.companies:
        if transaction.run("SELECT 1 FROM company WHERE id = ?", (id_,)).fetchone() is None:
            return Contradiction(f"there is no company {id_}")
    return _left_alone(transaction, before, person.administers)


def _left_alone(
    transaction: Transaction, before: Person | None, then: frozenset[tuple[str, str]]
) -> Exception | None:
    """What is wrong with `before` administering only `then` any more."""
    for kind, id_ in before.administers - then if before is not None else ():
        which = {
            "account": f"account_id = ? AND NOT {_HAS_COMPANIES}",
            "company": "account_id = ''"
            " AND id IN (SELECT person_id FROM person_company WHERE company_id = ?)",
        }[kind]
        other = transaction.run(
            f"SELECT 1 FROM person WHERE {which} AND role = ? AND accepted_at IS NOT NULL"
            " AND id <> ?",
            (id_, Role.ADMINISTRATOR.value, before.id if before is not None else ""),
        ).fetchone()
        if other is None:
            return LastAdministrator()
    return None


def drop(transaction: Transaction, units: Sequence[Person]) -> list[bool | Exception]:
    """Deletes people."""
    return [_drop(transaction, unit) for unit in units]


def _drop(transaction: Transaction, person: Person) -> bool | Exception:
    before = _there(transaction, person)
    if before is None:
        return False
    alone = _left_alone(transaction, before, frozenset())
    if alone is not None:
        return alone
    transaction.run("DELETE FROM person WHERE id = ?", (person.id,))
    return True


def begin(transaction: Transaction, units: Sequence[tuple[Session, datetime, str]]) -> list[None]:
    """Begins sessions."""
    for session, now, instead in units:
        transaction.run("DELETE FROM session WHERE sha256 = ?", (instead,))
        transaction.run(
            """
            DELETE FROM session WHERE sha256 IN (
                SELECT sha256 FROM session WHERE until < ? ORDER BY until LIMIT ?)
            """,
            (micros(now), _SWEPT_AT_ONCE),
        )
        transaction.insert(
            f"session ({_SESSION})",
            [
                (
                    *(session.sha256, session.id, session.person_id, micros(session.created_at)),
                    *(micros(session.seen_at), micros(session.until)),
                    *(int(session.complete), session.agent),
                )
            ],
        )
    return [None] * len(units)


def see(transaction: Transaction, units: Sequence[tuple[str, datetime]]) -> list[None]:
    """Writes that sessions were used."""
    for sha256, now in units:
        transaction.run("UPDATE session SET seen_at = ? WHERE sha256 = ?", (micros(now), sha256))
    return [None] * len(units)


def end(transaction: Transaction, units: Sequence[tuple[str, str]]) -> list[bool]:
    """Ends sessions of people."""
    return [
        transaction.run("DELETE FROM session WHERE person_id = ? AND id = ?", unit).rowcount > 0
        for unit in units
    ]


# --- rows ---------------------------------------------------------------------------------------


def _person(row: Row) -> Person:
    id_, account_id, email, name, language, role, proof, *times, subject, version, for_ = row
    created_at, updated_at, accepted_at = times
    return Person(
        *(id_, account_id, tuple(json.loads(for_)), email, name, language, Role(role), proof),
        *(moment(created_at), moment(updated_at), maybe_moment(accepted_at), subject, version),
    )


def _session(row: Row) -> Session:
    sha256, id_, person_id, created_at, seen_at, until, complete, agent = row
    return Session(
        *(sha256, id_, person_id, moment(created_at), moment(seen_at), moment(until)),
        *(bool(complete), agent),
    )
