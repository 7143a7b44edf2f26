"""What becomes of a message that a partner posts to us by SFTI's transport profile.

In charge of the order of the checks, and of an acknowledgment going out only for what is kept. Not
in charge of HTTP (`endpoint`), nor of what the documents say: the profile's acknowledgment means
that they were received.

The profile proves nobody's identity (TLS proves the receiver's only), so that whoever writes is
believed to be who he says he is, if that is one of the partners.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import NAMESPACE_URL, uuid5

import structlog
from lxml import etree

from schemas.forms import Form, by_root
from transports.base import Evidence, File, Inbound, Now
from transports.operator import ebms, unpacking
from transports.operator.directory import Directory
from transports.operator.ebms import (
    SVEFAKTURA_ACTION,
    SVEFAKTURA_SERVICE,
    ErrorCode,
    Malformed,
    Message,
    Party,
    Payload,
    Problem,
)
from transports.operator.inbox import Inbox

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered over HTTP, as `ebms.CONTENT_TYPE`."""

    status: int
    content: bytes


class Receiver:
    """Takes messages for this gateway's companies. `host` is the right side of our message ids."""

    def __init__(self, inbox: Inbox, directory: Directory, now: Now, *, host: str) -> None:
        self._inbox = inbox
        self._directory = directory
        self._now = now
        self._host = host

    async def receive(self, content_type: str, body: bytes) -> Reply:
        """Takes a message and answers it: an acknowledgment, an error list that says what is wrong,
        or a SOAP fault for what is no message. Raises NotKept."""
        try:
            message, payloads = await asyncio.to_thread(unpacking.read, content_type, body)
            sender, recipient = self._parties(message)
            self._check_service(message)
            if not await self._inbox.serves(recipient.participant):
                raise _unknown_recipient(message)
            inbound = self._inbound(message, sender, recipient, payloads, content_type, body)
            if not await self._inbox.take(inbound):
                raise _unknown_recipient(message)
        except Malformed as error:
            log.info("message_refused", channel="operator", code="Fault", bytes=len(body))
            return Reply(500, ebms.fault(f"This is no message of the profile: {error}"))
        except Problem as problem:
            log.info("message_refused", channel="operator", code=problem.code, bytes=len(body))
            id_ = self._id("errors", problem.message)
            return Reply(200, ebms.errors(problem, id_, self._now()))
        log.info("message_taken", channel="operator", bytes=len(body))
        return Reply(200, self._acknowledgment(message))

    def _parties(self, message: Message) -> tuple[Party, Party]:
        try:
            recipient = Party.parse(message.recipient)
        except ValueError:
            raise _unknown_recipient(message) from None
        try:
            sender = Party.parse(message.sender)
        except ValueError:
            sender = None
        if sender is None or self._directory.of(sender) is None:
            text = "The sender is none of the partners that are known here."
            raise Problem(ErrorCode.NOT_RECOGNIZED, text, message, "From/PartyId")
        return sender, recipient

    def _check_service(self, message: Message) -> None:
        partner = self._directory.of(message.sender)
        assert partner is not None, "it is one of the partners"
        known = {(SVEFAKTURA_SERVICE, SVEFAKTURA_ACTION), (partner.service, partner.action)}
        if (message.service, message.action) not in known:
            text = "There is no such service and action here."
            raise Problem(ErrorCode.NOT_SUPPORTED, text, message, "Service")

    def _inbound(
        self,
        message: Message,
        sender: Party,
        recipient: Party,
        payloads: Sequence[Payload],
        content_type: str,
        body: bytes,
    ) -> Inbound:
        document, *files = _files(payloads)
        return Inbound(
            id=_digest(message, payloads),
            recipient=recipient.participant,
            sender=sender.participant,
            document=document,
            attachments=tuple(files),
            evidence=(
                Evidence("message", content_type, body, self._now()),
                Evidence("receipt", ebms.CONTENT_TYPE, self._acknowledgment(message), self._now()),
            ),
        )

    def _acknowledgment(self, message: Message) -> bytes:
        return ebms.acknowledgment(message, self._id("acknowledgment", message), self._now())

    def _id(self, kind: str, message: Message) -> str:
        """The same for the same message, however often it comes."""
        return f"{uuid5(NAMESPACE_URL, f'{kind}/{message.sender}/{message.id}')}@{self._host}"


def _unknown_recipient(message: Message) -> Problem:
    text = "The recipient is none of the companies here."
    return Problem(ErrorCode.NOT_RECOGNIZED, text, message, "To/PartyId")


def _digest(message: Message, payloads: Sequence[Payload]) -> str:
    """By what a message that comes again is known: its id and its files. An id that is used again
    for other files is another message: nothing that was acknowledged is lost."""
    whole = hashlib.sha256()
    for text in (message.sender, message.recipient, message.id):
        whole.update(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    for payload in payloads:
        whole.update(hashlib.sha256(payload.content).digest())
    return f"sfti/{whole.hexdigest()[:40]}"


# --- the files of a message ---------------------------------------------------------------------


def _files(payloads: Sequence[Payload]) -> list[File]:
    """The invoice, which is the first that is no object envelope, and then the rest."""
    forms = [_form(payload.content) for payload in payloads]
    at = next((n for n, form in enumerate(forms) if form is not Form.OBJECT_ENVELOPE), 0)
    order = [at, *(n for n in range(len(payloads)) if n != at)]
    return [_file(n, payloads[n], forms[n]) for n in order]


def _file(number: int, payload: Payload, form: Form | None) -> File:
    if form is not None:
        return File(f"{form}-{number + 1}.xml", "application/xml", payload.content)
    return File(f"file-{number + 1}", payload.media_type, payload.content)


_HEAD_BYTES: Final = 64 * 1024


def _form(content: bytes) -> Form | None:
    """What the root element says it is; the rest of a file is for others to judge."""
    parser = etree.XMLPullParser(
        events=("start",), resolve_entities=False, no_network=True, load_dtd=False
    )
    try:
        parser.feed(content[:_HEAD_BYTES])
    except etree.XMLSyntaxError:
        pass
    root = next((each for _, each in parser.read_events()), None)
    return by_root(str(root.tag)) if isinstance(root, etree._Element) else None
