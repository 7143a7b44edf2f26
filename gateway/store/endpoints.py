"""Webhook endpoints in the store: their rows, and the operations on them.

In charge of the promises; a part of the port (`gateway.store.port.Store`). Not in charge of what is
sent to an endpoint, or when (`gateway.webhooks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.audit.chain import Told
    from gateway.store.port import Again, Done, Event, Job, Keep, NewEvent

MOST_PUSHES = 200  # the newest pushes of an endpoint that are kept; a feed of its own would be more


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """A signing secret, not readable as it stands; `until`: it is an older one, and signs beside
    the new one until then."""

    sealed: bytes
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a company has its events brought to.

    `cursor` is the place of the last event that is dealt with; None: the beginning. `tries`,
    `next_at`, `code` and `text` tell how it goes with the event after that. `version` grows with
    each change that a person makes.
    """

    id: str
    company_id: str
    url: str
    types: tuple[str, ...]  # empty: every type
    description: str
    active: bool
    secrets: tuple[SealedSecret, ...]  # the newest first
    cursor: str | None
    created_at: datetime
    updated_at: datetime
    version: int = 1
    tries: int = 0
    next_at: datetime | None = None
    code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Push:
    """One try to bring one event to an endpoint. `status` is None when there was no answer.

    `cursor` is the event's place in the feed; a test is no event, and has neither that nor a
    document. `n` numbers an endpoint's pushes, and is given by the store.
    """

    event_id: str
    type: str
    document_id: str | None
    cursor: str | None
    at: datetime
    ms: int
    status: int | None
    code: str
    text: str  # the beginning of what the endpoint answered, or why it did not
    n: int = 0


@dataclass(frozen=True, slots=True)
class Progress:
    """What came of work on an endpoint: how it stands now, what was tried, how its job goes on, and
    what the company is told of it.

    Of `endpoint` these are written: cursor, tries, next_at, active, code and text. Where a person
    has changed it meanwhile, neither these are nor the events.
    """

    endpoint: Endpoint
    pushes: Sequence[Push]
    next: Done | Again | Keep
    events: Sequence[NewEvent] = ()


class Endpoints(Protocol):
    """The operations on endpoints."""

    async def add_endpoint(
        self, endpoint: Endpoint, most: int, *, told: Told | None = None
    ) -> bool:
        """Adds an endpoint; False when its company has `most` already."""
        ...

    async def endpoint(self, company_id: str, endpoint_id: str) -> Endpoint | None:
        """One endpoint."""
        ...

    async def endpoints(self, company_id: str) -> Sequence[Endpoint]:
        """The company's endpoints, oldest first."""
        ...

    async def change_endpoint(self, endpoint: Endpoint, *, told: Told | None = None) -> bool:
        """Writes all of an endpoint but its `created_at`, and raises its version; when its job
        waits, it is due at `updated_at`. False when the endpoint has not the version that stands
        in `endpoint` any more, or is gone."""
        ...

    async def remove_endpoint(
        self, company_id: str, endpoint_id: str, *, told: Told | None = None
    ) -> bool:
        """Takes an endpoint away with its pushes; False when it was not there."""
        ...

    async def pushed(self, job: Job, progress: Progress, now: datetime) -> bool:
        """Writes what came of work on an endpoint. Raises LeaseLost as a checkpoint does.

        False when a person changed the endpoint meanwhile: the pushes are written, the endpoint
        stays as that person left it, and the job stays with its holder. False and nothing written
        when the endpoint is gone.
        """
        ...

    async def add_push(self, company_id: str, endpoint_id: str, push: Push) -> None:
        """Writes down a push beside the line: a test, one event once more. An endpoint that is gone
        has none."""
        ...

    async def pushes(
        self, company_id: str, endpoint_id: str, before: int | None, limit: int
    ) -> Sequence[Push]:
        """The pushes of an endpoint, newest first, those with an `n` below `before`. The newest
        MOST_PUSHES are kept."""
        ...

    async def pushes_of(
        self, company_id: str, document_id: str, limit: int
    ) -> Sequence[tuple[str, Push]]:
        """The pushes that tell of a company's document, newest first, each with the id of its
        endpoint; those of `pushes` are all there are."""
        ...

    async def behind(self, limit: int) -> Sequence[tuple[str, str]]:
        """Active endpoints (company id, endpoint id) for which there are events, and which nobody
        works on: there is no job `endpoint/<endpoint id>`, neither in line nor dead."""
        ...

    async def newest(self, company_id: str) -> str | None:
        """The cursor of the company's newest event; None when there is none."""
        ...

    async def event(self, company_id: str, cursor: str) -> Event | None:
        """The event at a place of the company's feed; None when it is kept no longer. Raises
        BadCursor."""
        ...
