"""Corner 3: what becomes of a message that another access point posts to us.

In charge of the order of the checks, and of a receipt going out only for what is kept. Not in
charge of HTTP (`endpoint`), nor of what is done with the document (`Reception`, of the gateway).
Source: Peppol AS4 profile 2.0.3; Business Message Envelope 2.0.2.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import uuid4

import structlog
from cryptography import x509

from schemas import envelope
from schemas.identifiers import DocumentType, Participant, Process
from transports.base import Now
from transports.peppol.as4 import signals, unpacking
from transports.peppol.as4.message import (
    NOT_SERVICED,
    Errors,
    Fault,
    Receipt,
    Reference,
    UserMessage,
)
from transports.peppol.as4.soap import Refused
from transports.peppol.as4.unpacking import Sealed
from transports.peppol.pki.chains import Anchors, Flaw, Purpose, Untrusted, issuer
from transports.peppol.pki.keys import Signer, common_name
from transports.peppol.pki.revocation import Revocation

log = structlog.get_logger()

# The envelope with its document, unpacked: an invoice with PDFs of 20 MB, and room beside it.
MOST_PAYLOAD_BYTES: Final = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that is ours, whole and proved. `receipt` is what will be answered."""

    message: UserMessage
    header: envelope.Header
    document: bytes
    digests: tuple[bytes, ...]  # of all that was signed, in order
    request: bytes  # the body as it came
    receipt: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """A message with this id came before: what was signed of it, and what was answered."""

    digests: tuple[bytes, ...]
    receipt: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A message that was not taken. `detail` is what its sender was told: no number of anybody.

    `seat` is the signer's when its certificate is trusted, "" when nobody has proved to be anybody;
    `message_id` is what the message says.
    """

    code: str
    detail: str
    seat: str
    message_id: str | None
    size: int  # bytes that came
    sha256: str  # of the body, in hex; "" of one that was not read to its end


class NotKept(Exception):
    """The gateway can not keep anything just now: the sender has to come again."""


class Reception(Protocol):
    """What the gateway does with messages. Every operation may raise NotKept."""

    async def serves(
        self, receiver: Participant, document_type: DocumentType, process: Process
    ) -> bool:
        """Whether documents of this kind are taken for this receiver."""
        ...

    async def seen(self, message_id: str) -> Seen | None:
        """The message with this id, when it was kept before."""
        ...

    async def keep(self, taken: Taken) -> Seen | None:
        """Keeps a message: when it returns, everything is on disk. The same envelope (its instance
        identifier) in another message is kept as a duplicate, and delivered once. Answers the
        message that is kept in its place, when one with the same id was faster."""
        ...


class Refusals(Protocol):
    """Who is told of every message that is not taken."""

    async def note(self, refusal: Refusal) -> None:
        """Notes it. Never raises: the sender is told, whatever becomes of the note."""
        ...


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered over HTTP; a signal, whatever it says, goes with status 200."""

    content: bytes
    status: int = 200
    content_type: str = signals.CONTENT_TYPE


class Receiver:
    """Takes messages for one seat. `host` is the right side of our message ids.

    `refusals` hears of what is refused; without, the log alone does.
    """

    def __init__(
        self,
        key: Signer,
        anchors: Anchors,
        revocation: Revocation,
        reception: Reception,
        now: Now,
        *,
        host: str,
        limit_bytes: int = MOST_PAYLOAD_BYTES,
        refusals: Refusals | None = None,
    ) -> None:
        self._key = key
        self._seat = common_name(key.certificate) or ""
        self._anchors = anchors
        self._revocation = revocation
        self._reception = reception
        self._now = now
        self._host = host
        self._limit_bytes = limit_bytes
        self._refusals = refusals

    async def receive(self, content_type: str, body: bytes) -> Reply:
        """Takes a message and answers it: a receipt, or an error that says what is wrong.

        Raises NotKept; nothing was kept then, and the sender has to come again.
        """
        try:
            return await self._received(content_type, body)
        except Refused as refused:
            fault = refused.fault
            sha256 = await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest())
            return await self.refuse(
                Refusal(fault.code, fault.detail, refused.seat, refused.ref_to, len(body), sha256)
            )

    async def refuse(self, refusal: Refusal, status: int = 200) -> Reply:
        """A signed error, and a note of it."""
        log.warning("as4_refused", code=refusal.code, detail=refusal.detail, bytes=refusal.size)
        if self._refusals is not None:
            await self._refusals.note(refusal)
        fault = Fault(refusal.code, refusal.detail)
        return await self.refusal(refusal.message_id, fault, status)

    async def refusal(self, ref_to: str | None, fault: Fault, status: int = 200) -> Reply:
        """A signed error."""
        answer = Errors(self._new_id(), self._now(), ref_to, (fault,))
        return Reply(await asyncio.to_thread(signals.errors, answer, self._key), status)

    async def _received(self, content_type: str, body: bytes) -> Reply:
        sealed = await asyncio.to_thread(unpacking.read, content_type, body)
        await self._trusted(sealed.certificate, sealed.message.id)
        try:
            return await self._taken(sealed, body)
        except Refused as refused:
            refused.seat = sealed.message.from_seat
            raise

    async def _taken(self, sealed: Sealed, body: bytes) -> Reply:
        message = sealed.message
        if message.to_seat != self._seat:
            raise Refused("EBMS:0010", "To/PartyId is not our seat.", message.id)
        digests = tuple(one.digest for one in sealed.references)
        before = await self._reception.seen(message.id)
        if before is not None:
            return _again(before, digests, message)
        payload = await asyncio.to_thread(sealed.open, self._key, self._limit_bytes)
        header, document = await asyncio.to_thread(_agreed, payload, message)
        del payload
        if not await self._reception.serves(header.receiver, header.document_type, header.process):
            raise Refused("EBMS:0004", NOT_SERVICED, message.id)
        receipt = await asyncio.to_thread(self._receipt, message.id, sealed.references)
        taken = Taken(message, header, document, digests, body, receipt)
        faster = await self._reception.keep(taken)
        return Reply(receipt) if faster is None else _again(faster, digests, message)

    async def _trusted(self, certificate: x509.Certificate, message_id: str) -> None:
        try:
            authority = issuer(certificate, self._anchors, Purpose.ACCESS_POINT, self._now())
            await self._revocation.check(certificate, authority)
        except Untrusted as error:
            if error.flaw is Flaw.REVOCATION_UNKNOWN:  # ours to mend: the sender may come again
                text = "The certificate could not be checked."
                raise Refused("EBMS:0004", text, message_id) from None
            text = f"The signer's certificate is not trusted: {error}."
            raise Refused("EBMS:0101", text, message_id) from None

    def _receipt(self, message_id: str, references: tuple[Reference, ...]) -> bytes:
        answer = Receipt(self._new_id(), self._now(), message_id, references)
        return signals.receipt(answer, self._key)

    def _new_id(self) -> str:
        return f"{uuid4()}@{self._host}"


def _again(before: Seen, digests: tuple[bytes, ...], message: UserMessage) -> Reply:
    """The answer to a message whose id came before: the sender has not got it, and asks for it."""
    if before.digests != digests:
        text = "Another message came with this id before."
        raise Refused("EBMS:0003", text, message.id)
    return Reply(before.receipt)


def _agreed(payload: bytearray, message: UserMessage) -> tuple[envelope.Header, bytes]:
    """The envelope's header and document; what the message says of them has to be the same."""
    try:
        found = envelope.read(payload)
    except envelope.Malformed as error:
        raise Refused("EBMS:0004", f"The envelope (SBDH): {error}.", message.id) from None
    header = found.header
    for what, inside, outside in (
        ("sender", header.sender, message.sender),
        ("receiver", header.receiver, message.receiver),
        ("document type", header.document_type, message.document_type),
        ("process", header.process, message.process),
    ):
        if inside != outside:
            text = f"The {what} in the envelope (SBDH) is not the one of the message."
            raise Refused("EBMS:0003", text, message.id)
    return header, found.document
