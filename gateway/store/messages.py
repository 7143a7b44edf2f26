"""Messages of a network: that one was exchanged, with whom, and what was answered.

In charge of the row and of what the store promises of it. It tells a repeated message from a new
one, and holds what the network's monthly reports count. Not in charge of what a message is
(`transports`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gateway.store.port import NewJob


@dataclass(frozen=True, slots=True)
class Noted:
    """A message to be kept, and the jobs that come of it."""

    message: Message
    jobs: Sequence[NewJob] = ()


@dataclass(frozen=True, slots=True)
class Old:
    """Messages older than this, so many at once."""

    before: datetime
    limit: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was exchanged: its receipt went out, or came in.

    `provider` is the other side's name in the network (a seat). `digests` are of what was signed,
    one after the other, and `receipt` is what we answered: both empty for what we sent.
    `company_id` is empty for what came to the gateway itself.
    `document_id` is None for a message that brought no document of its own (a duplicate, a
    status). `country` is the sending end user's, where the message says it.
    """

    channel: str
    direction: str  # in, out
    id: str
    reference: str  # the envelope's own identifier
    company_id: str
    document_id: str | None
    provider: str
    document_type: str
    process: str
    country: str | None
    at: datetime
    digests: bytes = b""
    receipt: bytes = b""


class Messages(Protocol):
    """The operations. They are the gateway's own: a network knows no companies."""

    async def message(self, channel: str, direction: str, message_id: str) -> Message | None:
        """The message with this id."""
        ...

    async def note(self, message: Message, jobs: Sequence[NewJob] = ()) -> None:
        """Keeps a message that brings no document, and puts jobs in line with it. One with the same
        id stays as it is, and its jobs are not put in line again."""
        ...

    async def messages(
        self, channel: str, since: datetime, until: datetime, after: str, limit: int
    ) -> Sequence[Message]:
        """The messages of a time, `until` not included, by (direction, id) past `after`, which is
        such a pair with a space between (operators only). Digests and receipts are left out."""
        ...

    async def messages_of(self, company_id: str, document_id: str, limit: int) -> Sequence[Message]:
        """The messages that a company's document came in or went out with, oldest first."""
        ...

    async def expire_messages(self, before: datetime, limit: int, *, dry_run: bool = False) -> int:
        """Takes away up to `limit` messages older than `before`, oldest first; answers how many.
        With `dry_run` it counts them all. One that comes again after that is a new one, but for
        the document that it brought: that is known as long as it is there."""
        ...
