"""What the channel needs of the gateway for documents that come in."""

from __future__ import annotations

from typing import Protocol

from schemas.identifiers import Participant
from transports.base import Inbound


class NotKept(Exception):
    """The gateway can not keep anything just now: whoever sends has to come again."""


class Inbox(Protocol):
    """The inboxes of this gateway's companies. Every operation may raise NotKept."""

    async def serves(self, recipient: Participant) -> bool:
        """Whether it is one of our companies."""
        ...

    async def take(self, inbound: Inbound) -> bool:
        """Puts a document into the inbox it is for, durably, once for each id. False: it is
        nobody's here."""
        ...
