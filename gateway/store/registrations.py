"""Participants in the network: how each one stands, and what our own publisher shows of it.

In charge of the rows and of what the store promises of them; a part of the port
(`gateway.store.port.Store`). Not in charge of whose a participant is, which its company says, nor
of the steps (`gateway.registration`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from gateway.registration.states import ParticipantState

if TYPE_CHECKING:
    from gateway.audit.chain import Told
    from gateway.store.port import Again, Done, Job, NewJob


@dataclass(frozen=True, slots=True)
class Registration:
    """A participant on its way into the network or out of it.

    `company_id` is empty for the gateway's own. `offer` is what is published of it
    (`gateway.registration.offers`). `migration_key` is there until it was used: who has it may take
    the participant over. `code`, `text`, `tries` and `next_at` tell how it goes with the next step.
    `published` is the hash of what the publisher was told last. `version` grows with each write; 0:
    it is not stored yet.
    """

    participant: str
    company_id: str
    state: ParticipantState
    offer: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    migration_key: str = ""
    code: str = ""
    text: str = ""
    tries: int = 0
    next_at: datetime | None = None
    published: str = ""
    confirmed_at: datetime | None = None  # when the network last said that it is with us
    version: int = 0


class Registrations(Protocol):
    """The operations. A participant is found without regard to case."""

    async def registration(self, company_id: str, participant: str) -> Registration | None:
        """How a company's participant stands."""
        ...

    async def registrations(
        self, company_id: str | None, after: str, limit: int
    ) -> Sequence[Registration]:
        """A company's, or everybody's (None: operators only), by participant past `after`."""
        ...

    async def put_registration(
        self, registration: Registration, job: NewJob, *, told: Told | None = None
    ) -> bool:
        """Writes what a person wants, and puts the job in line that does it.

        False when the row has not the version in `registration` any more. Raises Contradiction
        when the participant is not the company's, or was another's and is not out of the network.
        """
        ...

    async def move_registration(
        self,
        job: Job,
        registration: Registration,
        then: Again | Done,
        now: datetime,
        *,
        told: Told | None = None,
    ) -> bool:
        """Writes what came of a step. Raises LeaseLost as a checkpoint does.

        False when the row has not the version in `registration` any more: then nothing is written,
        and the job stays with its holder.
        """
        ...

    async def show(self, participant: str, publication: Mapping[str, Any]) -> None:
        """Has our own publisher show this of a participant, in the place of what it showed."""
        ...

    async def hide(self, participant: str) -> None:
        """Has our own publisher show nothing of it any more."""
        ...

    async def shown(self, participant: str) -> Mapping[str, Any] | None:
        """What our own publisher shows of a participant: it is public."""
        ...
