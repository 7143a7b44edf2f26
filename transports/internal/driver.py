"""Delivers to a company on this gateway: straight into its inbox.

In charge of putting the gateway's answer into the words of every channel. Not in charge of the
inbox itself: the gateway hands it in as an `Inbox`, and it is as durable as the gateway's store.
The strongest proof of all channels: the recipient's document is on our own disk.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from schemas.identifiers import Participant
from transports.base import (
    Delivered,
    Envelope,
    Evidence,
    Inbound,
    Inquiry,
    NotReachable,
    Now,
    Outcome,
    Reachability,
    Reachable,
    Refused,
    Repeat,
    Report,
    Verdict,
    nothing_late,
    utc_now,
)


@dataclass(frozen=True, slots=True)
class Shut:
    """There is an inbox, and it takes nothing now; `text` says why, for the sender's people."""

    text: str


class Inbox(Protocol):
    """The inboxes of this gateway's companies."""

    async def lookup(self, participant: Participant) -> str | Shut | None:
        """The address of the inbox of `participant`, None if it is not on this gateway."""
        ...

    async def post(self, envelope: Envelope) -> bool | Shut:
        """Puts the envelope into the inbox `envelope.address`, durably, once for each key.

        True when it is there, since now or since an earlier call with the same key; False when
        there is no such inbox any more.
        """
        ...


class Internal:
    """The channel `internal`."""

    name = "internal"
    needs_image = False
    merge_bytes: int | None = None
    repeat = Repeat.SAFE  # the inbox knows the key
    at_once: int | None = None

    def __init__(self, inbox: Inbox, *, now: Now = utc_now) -> None:
        self._inbox = inbox
        self._now = now

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        """Reachable when the recipient's participant id belongs to a company on this gateway."""
        participant = inquiry.recipient.participant
        if participant is None:
            return NotReachable(
                _verdict("no_participant", "The recipient has no electronic address.")
            )
        address = await self._inbox.lookup(participant)
        if address is None:
            return NotReachable(_verdict("not_here", "The recipient is not on this gateway."))
        if isinstance(address, Shut):
            return NotReachable(_verdict("not_verified", address.text))
        return Reachable(address, _verdict("here", "The recipient has an inbox on this gateway."))

    async def deliver(self, envelope: Envelope) -> Outcome:
        """Delivered with a receipt, or Refused when the inbox has gone since `resolve`."""
        request = Evidence(
            "request", envelope.document.media_type, envelope.document.content, self._now()
        )
        posted = await self._inbox.post(envelope)
        if isinstance(posted, Shut):
            return Refused(_verdict("not_verified", posted.text), (request,))
        if not posted:
            return Refused(_verdict("not_here", "The recipient has left this gateway."), (request,))
        receipt = {
            "key": str(envelope.key),
            "inbox": envelope.address,
            "document_sha256": hashlib.sha256(envelope.document.content).hexdigest(),
        }
        return Delivered(
            _verdict("delivered", "The invoice is in the recipient's inbox on this gateway."),
            (
                request,
                Evidence("receipt", "application/json", json.dumps(receipt).encode(), self._now()),
            ),
            reference=str(envelope.key),
        )

    def collect(self) -> AsyncIterator[Report | Inbound]:
        """Nothing comes late: what is delivered is in the inbox already."""
        return nothing_late()

    async def close(self) -> None:
        """There is nothing to let go of."""


def _verdict(name: str, text: str) -> Verdict:
    return Verdict(f"internal.{name}", text, text, remote="this gateway")
