"""People in the store, their sessions, and the links that are good for one time.

In charge of the rows and of what the store promises of them; a part of the port
(`gateway.store.port.Store`). Not in charge of what is in `proof` (`gateway.trust.people.proofs`).

Links and sessions are recognised by 256 random bits, of which the SHA-256 is stored, as keys are
(`gateway.store.access`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from gateway.trust.people.roles import Role
from gateway.trust.reach import Reach

if TYPE_CHECKING:
    from gateway.audit.chain import Told


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody. With an account and no companies they are there for all of it; operators have
    neither, and are there for everything. `version` is what the writer read; 0: there was none."""

    id: str
    account_id: str
    companies: tuple[str, ...]  # by id
    email: str  # lower case
    name: str
    language: str  # en, sv, nb
    role: Role
    proof: bytes = field(repr=False)
    created_at: datetime
    updated_at: datetime
    accepted_at: datetime | None = None  # None: invited, and nobody has come yet
    subject: str | None = None  # "<issuer> <sub>", how an identity provider knows them
    version: int = 0

    @property
    def reach(self) -> Reach:
        """The companies they are there for; an operator's is empty."""
        return Reach("", self.companies) if self.companies else Reach(self.account_id)

    @property
    def administers(self) -> frozenset[tuple[str, str]]:
        """What must not be left without an administrator: ("account", id), or, of companies that
        are in no account of theirs, ("company", id) of each."""
        if self.role is not Role.ADMINISTRATOR or self.accepted_at is None:
            return frozenset()
        if self.account_id:
            return frozenset() if self.companies else frozenset({("account", self.account_id)})
        return frozenset(("company", company) for company in self.companies)


@dataclass(frozen=True, slots=True)
class Link:
    """What a one-time link is recognised by; a person has one at most, the newest."""

    sha256: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that somebody signed in with. Not `complete`: their second factor is still asked
    for, and nothing else is theirs. `until`: it ends then, however busy it is."""

    sha256: str
    id: str
    person_id: str
    created_at: datetime
    seen_at: datetime
    until: datetime
    complete: bool
    agent: str  # what the browser calls itself, 200 characters at most


class LastAdministrator(Exception):
    """Nobody would be left to administer the account; nothing was written."""


class AddressTaken(Exception):
    """Somebody else signs in with this address, or as this subject; nothing was written."""


class People(Protocol):
    """The operations. What is outside of a reach is answered like what does not exist: a person is
    within reach when the whole account is that they are there for, or all of their companies."""

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
        """Adds a person, or changes the one of this version; False when it is another by now.

        `link` takes the place of the one they had; `used` is the hash of theirs, which must still
        be good, and is not any more then; with `ends` their sessions end. Raises LastAdministrator,
        AddressTaken, and Contradiction for a company that is not there.
        """
        ...

    async def drop_person(self, person: Person, *, told: Told | None = None) -> bool:
        """Deletes a person with their sessions and link; False when they are of another version, or
        gone. Raises LastAdministrator."""
        ...

    async def person(self, person_id: str) -> Person | None:
        """One person, wherever they are: for who is them, or an operator."""
        ...

    async def person_within(self, reach: Reach, person_id: str) -> Person | None:
        """One person, if they are within reach."""
        ...

    async def people_within(self, reach: Reach, after: str, limit: int) -> Sequence[Person]:
        """The people within reach past the id `after`, by id."""
        ...

    async def everybody(self, after: str, limit: int) -> Sequence[Person]:
        """All people past the id `after`, by id (operators only)."""
        ...

    async def person_of_email(self, email: str) -> Person | None:
        """Who signs in with this address, in lower case; nobody who was only invited."""
        ...

    async def person_of_subject(self, subject: str) -> Person | None:
        """Whom an identity provider knows so."""
        ...

    async def person_of_link(self, sha256: str, now: datetime) -> Person | None:
        """Whose link this is, if it still is good."""
        ...

    async def open_session(self, session: Session, now: datetime, *, instead: str = "") -> None:
        """Begins a session, and ends the one with the hash `instead`; forgets those whose time is
        over."""
        ...

    async def session(self, sha256: str) -> tuple[Session, Person] | None:
        """The session with this hash, and whose it is. Whether it still counts is not asked."""
        ...

    async def see_session(self, sha256: str, now: datetime) -> None:
        """Writes that it was used."""
        ...

    async def sessions(self, person_id: str) -> Sequence[Session]:
        """A person's sessions, the oldest first."""
        ...

    async def end_session(
        self, person_id: str, session_id: str, *, told: Told | None = None
    ) -> bool:
        """Ends one of a person's sessions; False when it is not there."""
        ...
