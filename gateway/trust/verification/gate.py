"""The gate where companies have to be verified: implements `gateway.trust.gate.Gate`."""

from __future__ import annotations

from typing import Protocol

from gateway.clock import Clock
from gateway.store.verifications import Verification
from gateway.trust.gate import Closed
from gateway.trust.verification.standing import closed


class Rows(Protocol):
    """What of the store is needed."""

    async def verification(self, company_id: str) -> Verification | None:
        """How a company stands."""
        ...


class VerifiedOnly:
    """Asks the store each time: an answer that is a second old would let a document out after the
    gate was closed, or leave one held that was to go on.

    `hold_outgoing`: what is handed in is taken and held until the company is verified, instead of
    being refused. `hold_incoming`: what comes from outside is taken and kept in the inbox, instead
    of being turned back.
    """

    def __init__(
        self, store: Rows, clock: Clock, *, hold_outgoing: bool = False, hold_incoming: bool = False
    ) -> None:
        self._store = store
        self._clock = clock
        self._hold_outgoing = hold_outgoing
        self._hold_incoming = hold_incoming

    async def may_submit(self, company_id: str) -> Closed | None:
        """Whether documents are taken from the company, to be sent."""
        return None if self._hold_outgoing else await self._closed(company_id)

    async def may_send(self, company_id: str) -> Closed | None:
        """Whether a document of the company may go out now."""
        return await self._closed(company_id)

    async def may_arrive(self, company_id: str) -> Closed | None:
        """Whether a document from outside is taken for the company."""
        return None if self._hold_incoming else await self._closed(company_id)

    async def may_receive(self, company_id: str) -> Closed | None:
        """Whether what came for the company may be handed out to it, and it may be published."""
        return await self._closed(company_id)

    async def _closed(self, company_id: str) -> Closed | None:
        return closed(await self._store.verification(company_id), self._clock.now())
