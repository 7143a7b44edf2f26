"""Whether the network has what we believe that it has: for `budkavle doctor`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from gateway.config import Settings
from gateway.peppol import name_lookup
from gateway.registration.states import ParticipantState
from gateway.store.registrations import Registration
from schemas.identifiers import Participant
from transports.peppol.sml import Located, NotRegistered, Sml

# The others are looked at by the gateway itself, each once a day.
MOST_ASKED: Final = 500
_AT_ONCE: Final = 20

_REGISTERED: Final = (
    ParticipantState.REGISTERED,
    ParticipantState.HANDING_OVER,
    ParticipantState.LEAVING,
)


class Rows(Protocol):
    """What of the store is needed."""

    async def registrations(
        self, company_id: str | None, after: str, limit: int
    ) -> Sequence[Registration]:
        """Everybody's, by participant."""
        ...


@dataclass(frozen=True, slots=True)
class Trouble:
    """A participant that is not where it should be."""

    participant: str
    state: ParticipantState
    text: str


@dataclass(slots=True)
class Health:
    """What was found."""

    confirmed: int = 0
    unknown: int = 0
    lost: list[Trouble] = field(default_factory=list)
    stuck: list[Trouble] = field(default_factory=list)


async def look(rows: Rows, settings: Settings) -> Health:
    """Asks DNS for registered participants, and reads why others do not go on."""
    assert settings.peppol is not None and settings.publisher is not None
    found = await rows.registrations(None, "", MOST_ASKED)
    health = Health()
    for row in found:
        if row.code and row.state not in _REGISTERED:
            health.stuck.append(Trouble(row.participant, row.state, row.text))
    dns, url, limit = (
        name_lookup(settings.peppol),
        settings.publisher.url,
        asyncio.Semaphore(_AT_ONCE),
    )

    async def ask(row: Registration) -> None:
        async with limit:
            await _ask(dns, url.rstrip("/"), row, health)

    await asyncio.gather(*(ask(row) for row in found if row.state in _REGISTERED))
    health.lost.sort(key=lambda one: one.participant)
    return health


async def _ask(dns: Sml, url: str, row: Registration, health: Health) -> None:
    said = await dns.locate(Participant.parse(row.participant))
    match said:
        case Located() if said.url.lower() == url.lower():
            health.confirmed += 1
        case Located():
            text = f"the network names the publisher {said.url}"
            health.lost.append(Trouble(row.participant, row.state, text))
        case NotRegistered():
            health.lost.append(Trouble(row.participant, row.state, "the network does not know it"))
        case _:
            health.unknown += 1
