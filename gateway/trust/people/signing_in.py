"""Signing in: password, second factor, and the session that comes of it.

In charge of the order of steps and of what is written. Not in charge of the page
(`gateway.console`), nor of how often somebody may try from where (`gateway.trust.limits`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog

from gateway.audit.chain import NewEntry, Told
from gateway.clock import Clock
from gateway.store.people import AddressTaken, Person, Session
from gateway.store.port import StorageUnavailable, Store
from gateway.trust.keys import digest
from gateway.trust.people import second_factor, sessions
from gateway.trust.people.passwords import Passwords
from gateway.trust.people.proofs import Proof, Proofs
from gateway.trust.people.sessions import Rules

log = structlog.get_logger()

# So many wrong codes in a row are a slip; more of them, and the next one has to wait: a million
# codes can not be tried. On disk, since another process or a restart must not forget it.
_SLIPS: Final = 5
_REST: Final = timedelta(seconds=30)
_LONGEST_REST: Final = timedelta(hours=1)

_TRIES: Final = 5  # to write what somebody else changed meanwhile


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that has begun; `token` is the browser's."""

    token: str
    session: Session
    person: Person


@dataclass(frozen=True, slots=True)
class Resting:
    """Too many wrong codes: the next is looked at from then on."""

    until: datetime


class SigningIn:
    """The steps."""

    def __init__(
        self, store: Store, clock: Clock, passwords: Passwords, rules: Rules | None = None
    ) -> None:
        self._store = store
        self._clock = clock
        self._passwords = passwords
        self._proofs = Proofs(store, clock)
        self.rules = rules or Rules()

    # --- signing in ---

    async def by_password(
        self, email: str, password: str, agent: str, *, instead: str = ""
    ) -> Opened | None:
        """A session for who knows the password; None whatever is wrong, after the same time.
        `instead` is the token that the browser had: it is not good any more."""
        person = await self._store.person_of_email(email.strip().lower()[:320])
        proof = Proof() if person is None else await self._proofs.opened(person.proof)
        right = await self._passwords.match(proof.password, password)
        if person is None or not right:
            log.info("sign_in_refused")
            return None
        return await self._open(person, proof, agent, "password", instead)

    async def by_subject(
        self, subject: str, email: str | None, agent: str, *, instead: str = ""
    ) -> Opened | None:
        """A session for whom an identity provider vouches: known by the subject, or, at first, by a
        verified address. Nobody is created: None when nobody fits."""
        person = await self._store.person_of_subject(subject)
        if person is None and email is not None:
            person = await self._store.person_of_email(email.strip().lower())
            if person is None or person.subject is not None:  # the address's old owner
                return None
            now = self._clock.now()
            known = replace(person, subject=subject, updated_at=now)
            entry = NewEntry(name_of(person), "person.subject_linked", person.id)
            try:
                if not await self._store.put_person(known, now, told=Told(entry, now)):
                    return None
            except AddressTaken:
                return None
            person = replace(known, version=known.version + 1)
        if person is None or person.accepted_at is None:
            return None
        return await self._open(
            person, await self._proofs.opened(person.proof), agent, "oidc", instead
        )

    async def by_code(self, session: Session, code: str, agent: str) -> Opened | Resting | None:
        """The complete session of who knows a code too: one by time, or one of recovery. None: it
        is wrong, or was used before."""
        code = code.strip()[:64]

        def used(proof: Proof) -> Proof | Resting:
            now = self._clock.now()
            until = rests_until(proof)
            if until is not None and now < until:
                return Resting(until)
            found = _with_code(proof, code, now)
            return found or replace(proof, misses=proof.misses + 1, missed_at=now.isoformat())

        found = await self._changed(session.person_id, used)
        if found is None or isinstance(found, Resting):
            return found
        person, proof = found
        if proof.misses:
            log.info("second_factor_refused", person=person.id, misses=proof.misses)
            return None
        return await self._complete(person, "second_factor", agent, session)

    async def _open(
        self, person: Person, proof: Proof, agent: str, how: str, instead: str
    ) -> Opened:
        asked = proof.has_second_factor or person.role in self.rules.second_factor
        if not asked:
            return await self._complete(person, how, agent, None, instead=instead)
        now = self._clock.now()
        token, session = sessions.begun(person, self.rules, now, complete=False, agent=agent)
        await self._store.open_session(session, now, instead=digest(instead))
        return Opened(token, session, person)

    async def _complete(
        self, person: Person, how: str, agent: str, before: Session | None, *, instead: str = ""
    ) -> Opened:
        now = self._clock.now()
        token, session = sessions.begun(person, self.rules, now, complete=True, agent=agent)
        ended = before.sha256 if before is not None else digest(instead)
        entry = NewEntry(name_of(person), "person.signed_in", person.id, data={"by": how})
        await self._store.audit(entry, now)
        await self._store.open_session(session, now, instead=ended)
        return Opened(token, session, person)

    # --- while signed in ---

    async def current(self, token: str, *, seen: bool = True) -> tuple[Session, Person] | None:
        """Whose session a browser has, if it still counts. `seen`: somebody is there, and it does
        not end for being idle."""
        found = await self._store.session(digest(token)) if token else None
        now = self._clock.now()
        if found is None or not sessions.counts(found[0], self.rules, now):
            return None
        if seen and sessions.is_news(found[0], now):
            try:
                await self._store.see_session(found[0].sha256, now)
            except StorageUnavailable as error:  # on a full disk, operators must still see
                log.warning("session_not_seen", error=str(error))
        return found

    async def end(self, session: Session) -> None:
        """Signs out."""
        await self._store.end_session(session.person_id, session.id)

    async def proof(self, person: Person) -> Proof:
        """What somebody proves who they are with."""
        return await self._proofs.opened(person.proof)

    async def set_password(self, person: Person, password: str, used: str | None = None) -> bool:
        """Gives a person a password, by the link with the token `used` where they came by one, and
        ends all of their sessions. False: the link is not good any more. Raises AddressTaken."""
        now = self._clock.now()
        kept = await self._passwords.hashed(password)
        proof = replace(await self._proofs.opened(person.proof), password=kept)
        action = "person.password_changed" if person.accepted_at else "person.accepted"
        changed = replace(
            person,
            proof=await self._proofs.sealed(proof),
            accepted_at=person.accepted_at or now,
            updated_at=now,
        )
        return await self._store.put_person(
            changed,
            now,
            used=None if used is None else digest(used),
            ends=True,
            told=Told(NewEntry(name_of(person), action, person.id), now),
        )

    async def go_on(self, person: Person, agent: str) -> Opened:
        """A new session for who has just ended all of their own."""
        return await self._complete(person, "new_password", agent, None)

    async def knows(self, person: Person, password: str) -> bool:
        """Whether somebody who is signed in has given their password again."""
        proof = await self._proofs.opened(person.proof)
        return await self._passwords.match(proof.password, password)

    # --- the second factor ---

    async def enrol(self, person: Person) -> str:
        """The secret for an app, until it is confirmed the same each time."""

        def begun(proof: Proof) -> Proof:
            return replace(proof, enrolling=proof.enrolling or second_factor.new_secret())

        found = await self._changed(person.id, begun)
        assert isinstance(found, tuple) and found[1].enrolling is not None
        return found[1].enrolling

    async def confirm(
        self, session: Session, person: Person, code: str, agent: str
    ) -> tuple[Opened, tuple[str, ...]] | None:
        """Turns the second factor on, once the app has made a right code: with new recovery codes,
        which are shown this once. Other sessions end. None: the code is wrong."""
        codes = second_factor.new_codes()
        kept = tuple(map(second_factor.kept, codes))

        def on(proof: Proof) -> Proof | None:
            secret, now = proof.enrolling, self._clock.now()
            step = None if secret is None else second_factor.step_of(secret, code, now, 0)
            if step is None:
                return None
            return replace(proof, secret=secret, enrolling=None, step=step, codes=kept, misses=0)

        action = "person.second_factor_on"
        found = await self._changed(person.id, on, action=action, ends=True)
        if not isinstance(found, tuple):
            return None
        return await self._complete(found[0], "second_factor", agent, session), codes

    async def turn_off(self, person: Person) -> None:
        """Turns the second factor off; other sessions go on."""

        def off(proof: Proof) -> Proof:
            return Proof(password=proof.password)

        await self._changed(person.id, off, action="person.second_factor_off")

    async def _changed(
        self,
        person_id: str,
        change: Callable[[Proof], Proof | Resting | None],
        *,
        action: str = "",
        ends: bool = False,
    ) -> tuple[Person, Proof] | Resting | None:
        """Writes what comes of a proof. What somebody else changes meanwhile is read again, so that
        of two who use the same code one finds it used."""
        for _ in range(_TRIES):
            person = await self._store.person(person_id)
            if person is None:
                return None
            proof = change(await self._proofs.opened(person.proof))
            if not isinstance(proof, Proof):
                return proof
            now = self._clock.now()
            changed = replace(person, proof=await self._proofs.sealed(proof), updated_at=now)
            told = Told(NewEntry(name_of(person), action, person.id), now) if action else None
            if await self._store.put_person(changed, now, ends=ends, told=told):
                return replace(changed, version=changed.version + 1), proof
        return None


def name_of(person: Person) -> str:
    """A person, for the audit."""
    return f"person:{person.id}"


def rests_until(proof: Proof) -> datetime | None:
    """Until when no code is looked at after too many wrong ones. Pure."""
    if proof.misses < _SLIPS or proof.missed_at is None:
        return None
    rest = _REST * (1 << min(proof.misses - _SLIPS, 16))
    return datetime.fromisoformat(proof.missed_at) + min(rest, _LONGEST_REST)


def _with_code(proof: Proof, code: str, now: datetime) -> Proof | None:
    """The proof after a good code. Pure."""
    if proof.secret is None:
        return None
    step = second_factor.step_of(proof.secret, code, now, proof.step)
    if step is not None:
        return replace(proof, step=step, misses=0, missed_at=None)
    left = second_factor.without(proof.codes, code)
    return None if left is None else replace(proof, codes=left, misses=0, missed_at=None)
