"""What people want of a participant: register it, withdraw it, move it to or from a publisher.

In charge of the rules for that, and of writing it down with the job that does it. Not in charge of
doing it (`steps`). `actor` is who wants it, for the audit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from gateway.audit.chain import Told, reasoned
from gateway.clock import Clock
from gateway.registration import line
from gateway.registration.offers import OF_COMPANIES, OWN, Offer, to_data
from gateway.registration.states import OVER, ParticipantState
from gateway.registration.telling import entry
from gateway.store.port import Company, Contradiction, NewJob
from gateway.store.registrations import Registration
from schemas.identifiers import Participant
from transports.peppol import migration_key


@dataclass(frozen=True, slots=True)
class NotYours:
    """The company has no such participant, or none that was ever to be registered."""


@dataclass(frozen=True, slots=True)
class NotNow:
    """It is not possible as things stand; `text` says why and what is."""

    text: str


@dataclass(frozen=True, slots=True)
class BadInput:
    """What was asked for is wrong in itself: each with the name of what is wrong."""

    faults: tuple[tuple[str, str], ...]


Asked = Registration | NotYours | NotNow | BadInput


class Rows(Protocol):
    """What of the store is needed: a running gateway's, or one beside it."""

    async def company(self, company_id: str) -> Company | None:
        """One company."""
        ...

    async def registration(self, company_id: str, participant: str) -> Registration | None:
        """How a company's participant stands."""
        ...

    async def put_registration(
        self, registration: Registration, job: NewJob, *, told: Told | None = None
    ) -> bool:
        """Writes what a person wants."""
        ...


class Verbs:
    """The verbs of all companies; the company "" is the gateway itself. None of them finds
    another company's participant."""

    def __init__(self, store: Rows, clock: Clock, own: Participant) -> None:
        self._store = store
        self._clock = clock
        self._own = own  # our identifier as a service provider

    async def register(
        self,
        company_id: str,
        participant: Participant,
        offer: Offer,
        *,
        key: str | None = None,
        actor: str = "operator",
        reason: str = "",
    ) -> Asked:
        """Has a participant registered, or what is published of it changed. With the migration
        `key` that another publisher has given out, it is taken over from there."""
        faults = [*self._wrong(company_id, offer), *_wrong_key(key)]
        if faults:
            return BadInput(tuple(faults))

        def wanted(row: Registration | None, now: datetime) -> Registration:
            fresh = row is None or row.state in OVER
            return Registration(
                participant=str(participant),
                company_id=company_id,
                state=ParticipantState.WANTED,
                offer=to_data(offer),
                created_at=now if row is None or fresh else row.created_at,
                updated_at=now,
                migration_key=key or "",
                confirmed_at=None if row is None or fresh else row.confirmed_at,
            )

        action = "participant.wanted" if key is None else "participant.taken_over"
        return await self._changed(company_id, participant, wanted, (actor, action, reason))

    async def withdraw(
        self,
        company_id: str,
        participant: Participant,
        *,
        actor: str = "operator",
        reason: str = "",
    ) -> Asked:
        """Has a participant taken out of the network."""

        def withdrawing(
            row: Registration | None, now: datetime
        ) -> Registration | NotYours | NotNow:
            if row is None:
                return NotYours()
            if row.state in (ParticipantState.WITHDRAWING, ParticipantState.UNLISTED):
                return replace(_fresh(row), updated_at=now)
            if row.state in OVER:
                return NotNow(f"It is {row.state} already: there is nothing of it with us.")
            row = replace(_fresh(row), migration_key="")
            return replace(row, state=ParticipantState.WITHDRAWING, updated_at=now)

        what = (actor, "participant.withdrawn", reason)
        return await self._changed(company_id, participant, withdrawing, what)

    async def migrate_out(
        self, company_id: str, participant: Participant, *, actor: str = "operator"
    ) -> Asked:
        """Lets a participant go to another publisher. Its `migration_key` is what to tell there; it
        counts as soon as the state is `leaving`. Asked again, it is the same."""

        def leaving(row: Registration | None, now: datetime) -> Registration | NotYours | NotNow:
            if row is None:
                return NotYours()
            if row.state in (ParticipantState.HANDING_OVER, ParticipantState.LEAVING):
                return replace(_fresh(row), state=ParticipantState.HANDING_OVER, updated_at=now)
            if row.state is not ParticipantState.REGISTERED:
                return NotNow(f"It is {row.state}; only what is registered can leave.")
            key = migration_key.new_key()
            row = replace(_fresh(row), migration_key=key)
            return replace(row, state=ParticipantState.HANDING_OVER, updated_at=now)

        what = (actor, "participant.leaving", "")
        return await self._changed(company_id, participant, leaving, what)

    async def _changed(
        self,
        company_id: str,
        participant: Participant,
        how: Callable[[Registration | None, datetime], Registration | NotYours | NotNow],
        who: tuple[str, str, str],
    ) -> Asked:
        """Changes a row as it is then. `who` is the actor, the action and the reason, for the
        audit."""
        actor, action, reason = who
        if not await self._has(company_id, participant):
            return NotYours()
        while True:
            now = self._clock.now()
            row = await self._store.registration(company_id, str(participant))
            wanted = how(row, now)
            if not isinstance(wanted, Registration):
                return wanted
            wanted = replace(wanted, version=0 if row is None else row.version)
            # Not the whole offer: the chain is for ever, and an entry in the directory is not.
            data = reasoned({"takes": wanted.offer["takes"]}, reason)
            told = Told(entry(actor, action, str(participant), company_id, data), now)
            job = line.job(company_id, str(participant), now)
            try:
                done = await self._store.put_registration(wanted, job, told=told)
            except Contradiction as error:
                return NotNow(f"{error}.")
            if done:  # else somebody was quicker: once more
                return replace(wanted, version=wanted.version + 1)

    async def _has(self, company_id: str, participant: Participant) -> bool:
        if not company_id:
            return participant == self._own
        company = await self._store.company(company_id)
        return company is not None and any(
            one.lower() == str(participant).lower() for one in company.participants
        )

    def _wrong(self, company_id: str, offer: Offer) -> list[tuple[str, str]]:
        faults = []
        can: Sequence[str] = OF_COMPANIES if company_id else OWN
        if not offer.takes:
            faults.append(("takes", f"must name at least one of: {', '.join(can)}"))
        if set(offer.takes) - set(can):
            others = ", ".join(sorted(set(offer.takes) - set(can)))
            faults.append(("takes", f"must be of: {', '.join(can)}; not {others}"))
        first, last = offer.activates_at, offer.expires_at
        if last is not None and last <= (first or self._clock.now()):
            faults.append(("expires_at", "must be later than its beginning, and than now"))
        if offer.redirect is not None and not offer.redirect.url.startswith(
            ("https://", "http://")
        ):
            faults.append(("redirect", "must lead to an https address"))
        return faults


def _wrong_key(key: str | None) -> list[tuple[str, str]]:
    if key is None:
        return []
    return [("migration_key", fault) for fault in migration_key.faults(key)]


def _fresh(row: Registration) -> Registration:
    """The row with its failures forgotten."""
    return replace(row, code="", text="", tries=0, next_at=None)
