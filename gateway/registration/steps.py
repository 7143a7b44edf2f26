"""The handler of `participant` jobs: takes a participant one step further, or looks whether it is
still where it should be.

Into the network the publisher comes first and the locator second, out of it the other way round:
whoever finds a participant finds what it takes. Each step may be done again, since it asks what is
so; what is written down is what was done. A step that nobody could answer comes again later, and
goes on coming; a no waits for a person.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import structlog

from gateway.audit.chain import Told
from gateway.clock import Clock
from gateway.delivery.backoff import Backoff
from gateway.registration.offers import (
    AccessPointAddress,
    fingerprint,
    from_data,
    publication,
)
from gateway.registration.states import ParticipantState, allowed
from gateway.registration.telling import entry
from gateway.store.port import Again, Checkpoint, Done, Job, Store
from gateway.store.registrations import Registration
from gateway.trust.gate import OPEN, Gate
from schemas.identifiers import Participant
from transports.peppol.publishing import Refused, Said, Settled, Unsettled
from transports.peppol.registrar import Elsewhere, Here, Registrar

log = structlog.get_logger()

# DNS remembers for some minutes: what was registered just now need not be seen at once.
_FIRST_LOOK: Final = timedelta(minutes=2)
_LOOK_EVERY: Final = timedelta(days=1)
# What a worker asked the locator for before a person wanted something else may reach it later than
# the withdrawal; no question takes so long.
_LAST_LOOK: Final = timedelta(minutes=5)
# Whoever moves a participant does it within days; nobody waits for us to notice.
_LEAVING_LOOK: Final = timedelta(minutes=10)
# Senders remember where a participant was; until they have forgotten, it is found here too.
_SHOWN_AFTER: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Step:
    """What came of a step: the row as it is now, and how its job goes on."""

    row: Registration
    then: Again | Done


class Steps:
    """The handler of a process."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        registrar: Registrar,
        at: AccessPointAddress,
        *,
        backoff: Backoff | None = None,
        gate: Gate = OPEN,
    ) -> None:
        self._store = store
        self._clock = clock
        self._registrar = registrar
        self._at = at
        self._backoff = backoff or Backoff()
        self._gate = gate
        self._steps: Mapping[ParticipantState, Callable[[Registration], Awaitable[Step]]] = {
            ParticipantState.WANTED: self._publish,
            ParticipantState.PUBLISHED: self._enter,
            ParticipantState.REGISTERED: self._look,
            ParticipantState.HANDING_OVER: self._hand_over,
            ParticipantState.LEAVING: self._look_for_leaving,
            ParticipantState.WITHDRAWING: self._leave,
            ParticipantState.UNLISTED: self._withdraw,
            ParticipantState.WITHDRAWN: self._leave_for_good,
            ParticipantState.MOVED: self._hide,
        }

    async def __call__(self, job: Job) -> None:
        """Does one step, and writes what came of it."""
        row = await self._store.registration(job.company_id, job.data["participant"])
        step = None if row is None else self._steps.get(row.state)
        if row is None or step is None:
            return await self._store.checkpoint(job, Checkpoint(Done()), self._clock.now())
        if not await self._store.holds(job, self._clock.now()):
            return None
        done = await step(row)
        now = self._clock.now()
        assert done.row.state is row.state or allowed(row.state, done.row.state)
        written = replace(done.row, updated_at=now)
        told = None if done.row.state is row.state else _told(row, written, now)
        moved = await self._store.move_registration(job, written, done.then, now, told=told)
        if not moved:  # a person wants something else by now
            return await self._store.checkpoint(job, Checkpoint(Again(now)), now)
        log.info(
            "participant_stepped", before=row.state, state=written.state, code=written.code or None
        )
        return None

    # --- into the network ---

    async def _publish(self, row: Registration) -> Step:
        if row.company_id and await self._gate.may_receive(row.company_id) is not None:
            return self._again(row, "not_verified", "The company is not verified.")
        shown = publication(from_data(row.offer), _participant(row), self._at)
        said = await self._registrar.publisher.publish(shown)
        if isinstance(said, Settled):
            row = replace(row, published=fingerprint(shown))
        return self._came(row, said, ParticipantState.PUBLISHED, self._soon())

    async def _enter(self, row: Registration) -> Step:
        participant = _participant(row)
        if row.migration_key:
            said = await self._registrar.take_over(participant, row.migration_key)
        else:
            said = await self._registrar.enter(participant)
        if isinstance(said, Settled):
            row = replace(row, migration_key="")
        return self._came(row, said, ParticipantState.REGISTERED, self._later(_FIRST_LOOK))

    async def _look(self, row: Registration) -> Step:
        """Whether the network still finds it here, and finds what it should."""
        shown = publication(from_data(row.offer), _participant(row), self._at)
        if fingerprint(shown) != row.published:
            said = await self._registrar.publisher.publish(shown)
            if not isinstance(said, Settled):
                return self._not_confirmed(row, said)
            row = replace(row, published=fingerprint(shown))
        where = await self._registrar.where(_participant(row))
        if isinstance(where, Here):
            row = replace(_fresh(row), confirmed_at=self._clock.now())
            return Step(row, Again(self._later(_LOOK_EVERY)))
        if isinstance(where, Unsettled):
            return self._not_confirmed(row, where)
        found = f"names {where.url}" if isinstance(where, Elsewhere) else "does not know it"
        text = f"It was registered with us, and DNS {found}."
        return self._not_confirmed(row, Unsettled("not_confirmed", text))

    def _not_confirmed(self, row: Registration, said: Refused | Unsettled) -> Step:
        """It stays registered, as far as we know, with the reason; people look at it."""
        return self._again(row, said.code, said.text)

    # --- to another publisher ---

    async def _hand_over(self, row: Registration) -> Step:
        said = await self._registrar.hand_over(_participant(row), row.migration_key)
        if isinstance(said, Refused):  # it stays with us; the next look tells how it stands
            row = replace(row, state=ParticipantState.REGISTERED, migration_key="")
            row = replace(row, code=_code(said.code), text=said.text, tries=0, next_at=None)
            return Step(row, Again(self._later(_LOOK_EVERY)))
        return self._came(row, said, ParticipantState.LEAVING, self._later(_LEAVING_LOOK))

    async def _look_for_leaving(self, row: Registration) -> Step:
        gone = await self._registrar.gone(_participant(row))
        if isinstance(gone, Unsettled):
            return self._again(row, gone.code, gone.text)
        if not gone:
            return Step(_fresh(row), Again(self._later(_LEAVING_LOOK)))
        row = replace(
            _fresh(row), state=ParticipantState.MOVED, migration_key="", confirmed_at=None
        )
        return Step(row, Again(self._later(_SHOWN_AFTER)))

    async def _hide(self, row: Registration) -> Step:
        said = await self._registrar.publisher.withdraw(_participant(row))
        if isinstance(said, Unsettled):
            return self._again(row, said.code, said.text)
        return Step(replace(_fresh(row), published=""), Done())

    # --- out of the network ---

    async def _leave(self, row: Registration) -> Step:
        said = await self._registrar.leave(_participant(row))
        if isinstance(said, Settled):
            row = replace(row, confirmed_at=None)
        return self._came(row, said, ParticipantState.UNLISTED, self._soon())

    async def _withdraw(self, row: Registration) -> Step:
        said = await self._registrar.publisher.withdraw(_participant(row))
        if isinstance(said, Settled):
            row = replace(_fresh(row), state=ParticipantState.WITHDRAWN, published="")
            return Step(row, Again(self._later(_LAST_LOOK)))
        return self._again(row, said.code, said.text)

    async def _leave_for_good(self, row: Registration) -> Step:
        """Once more: a registration that was under way may have come in after it."""
        said = await self._registrar.leave(_participant(row))
        if isinstance(said, Settled):
            return Step(_fresh(row), Done())
        return self._again(row, said.code, said.text)

    # --- what comes of a step ---

    def _came(self, row: Registration, said: Said, after: ParticipantState, due: datetime) -> Step:
        match said:
            case Settled():
                return Step(replace(_fresh(row), state=after), Again(due))
            case Refused() if allowed(row.state, ParticipantState.REFUSED):
                row = replace(_fresh(row), state=ParticipantState.REFUSED)
                row = replace(row, code=_code(said.code), text=said.text)
                return Step(row, Done())
            case _:
                return self._again(row, said.code, said.text)

    def _again(self, row: Registration, code: str, text: str) -> Step:
        tries = row.tries + 1
        wait = self._backoff.delay(uuid5(NAMESPACE_URL, row.participant), tries)
        due = self._later(wait)
        row = replace(row, code=_code(code), text=text, tries=tries, next_at=due)
        return Step(row, Again(due))

    def _soon(self) -> datetime:
        return self._clock.now()

    def _later(self, by: timedelta) -> datetime:
        return self._clock.now() + by


def _participant(row: Registration) -> Participant:
    return Participant.parse(row.participant)


def _code(end: str) -> str:
    return f"peppol.{end}"


def _fresh(row: Registration) -> Registration:
    return replace(row, code="", text="", tries=0, next_at=None)


def _told(before: Registration, after: Registration, now: datetime) -> Told:
    data = {"before": str(before.state), "after": str(after.state), "code": after.code}
    action = "participant.stepped"
    return Told(entry("gateway", action, after.participant, after.company_id, data), now)
