"""What comes in from outside, whatever brought it, and what became of it.

In charge of the words that every way in shares: Peppol, an operator, a company here, an e-mail, a
folder, an upload. Not in charge of what is done with it (`gateway.inbound.inboxes`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.store.messages import Message
from gateway.store.port import NewJob
from schemas.identifiers import Participant
from transports.base import Evidence, File


@dataclass(frozen=True, slots=True)
class Incoming:
    """A document from outside, as it came; it need not be one that can be read.

    `channel` and `id` tell a repeat: the same two are one document, however often they come.
    `recipient` is whose it is: an electronic address, or the id of a company where the way in
    belongs to one. `document` may be a package (ZIP, e-mail, PDF with an invoice inside); files
    that came beside it are `attachments`. `evidence` is what went over the wire. `refusable`: the
    sender is told no, and can go another way, so nothing is kept of what is not taken.
    `message` and `jobs` go with it as `gateway.store.port.Arrival` says.
    """

    channel: str
    id: str
    recipient: Participant | str
    document: File
    attachments: Sequence[File] = ()
    evidence: Sequence[Evidence] = ()
    refusable: bool = False
    message: Message | None = None
    jobs: Sequence[NewJob] = ()

    @property
    def key(self) -> str:
        """What tells a repeat."""
        return f"{self.channel}:{self.id}"


@dataclass(frozen=True, slots=True)
class Taken:
    """It is durable, in this company's inbox; `repeated`: it already was."""

    company_id: str
    document_id: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class SetAside:
    """It is durable, and nobody's here: the operator decides (`budkavle set-aside`)."""

    document_id: str
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class TurnedBack:
    """Nothing was kept of it: its sender has to be told no. `code` is stable and dotted, `text` may
    go to the other side."""

    code: str
    text: str
