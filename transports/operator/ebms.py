"""Messages of SFTI's transport profile Bas 2.0: what they say, and how they are written. Pure.

In charge of the SOAP envelope and of the files around it. Not in charge of reading them
(`unpacking`), of HTTP (`sfti`, `endpoint`), nor of what becomes of a message (`receiver`).
Sources: SFTI transport profile Bas 2.0, a strict subset of ebMS 2.0 (OASIS, April 2002); SOAP 1.1;
SOAP Messages with Attachments.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from schemas.identifiers import Participant

SOAP: Final = "http://schemas.xmlsoap.org/soap/envelope/"
EB: Final = "http://www.oasis-open.org/committees/ebxml-msg/schema/msg-header-2_0.xsd"
XLINK: Final = "http://www.w3.org/1999/xlink"

SOAP_TYPE: Final = "text/xml"
CONTENT_TYPE: Final = "text/xml; charset=UTF-8"
SOAP_ACTION: Final = '"ebXML"'  # ebMS 2.0, appendix B.2

PARTY_TYPE: Final = "countrycode:organizationid"
SVEFAKTURA_SERVICE: Final = "urn:sfti:services:documentprocessing:BasicInvoice:2:0"
SVEFAKTURA_ACTION: Final = "incomingBasicInvoice"
_SIGNALS: Final = "urn:oasis:names:tc:ebxml-msg:service"


class ErrorCode(StrEnum):
    """What can be wrong with a message (ebMS 2.0, 4.2.3.4.1): those that are said here."""

    NOT_RECOGNIZED = "ValueNotRecognized"
    NOT_SUPPORTED = "NotSupported"
    INCONSISTENT = "Inconsistent"
    OTHER_XML = "OtherXml"
    DELIVERY_FAILURE = "DeliveryFailure"
    MIME_PROBLEM = "MimeProblem"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Party:
    """Who sends or receives: `SE5561234567`."""

    country: str
    organisation_number: str

    @classmethod
    def parse(cls, text: str) -> Party:
        """Reads `SE5561234567`. Raises ValueError."""
        if not _PARTY.fullmatch(text):
            raise ValueError("a party is SE or NO and an organisation number, such as SE5561234567")
        return cls(text[:2], text[2:])

    @property
    def participant(self) -> Participant:
        """The same as a participant of Peppol, as which our companies are known."""
        return Participant(_SCHEMES[self.country], self.organisation_number)

    def __str__(self) -> str:
        return f"{self.country}{self.organisation_number}"


_PARTY: Final = re.compile("SE[0-9]{10}|NO[0-9]{9}")
_SCHEMES: Final[Mapping[str, str]] = {"SE": "0007", "NO": "0192"}


@dataclass(frozen=True, slots=True)
class Message:
    """What the headers say. `at` is aware UTC."""

    id: str
    conversation: str
    sender: str  # a Party, unless somebody else wrote the message
    recipient: str
    service: str
    action: str
    at: datetime

    @property
    def agreement(self) -> str:
        """The CPAId: by the profile no agreement of its own, but what there is to agree on."""
        return f"{self.service}:{self.action}:{self.sender}:{self.recipient}"


@dataclass(frozen=True, slots=True)
class Payload:
    """A file of a message, in the order of the manifest; `content_id` without its brackets."""

    content_id: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """The other side has the message with the id `ref_to`."""

    ref_to: str


@dataclass(frozen=True, slots=True)
class Errors:
    """The other side does not take the message: code and text of the first thing that is wrong."""

    code: str
    text: str
    ref_to: str


class Malformed(ValueError):
    """It is no message of the profile, and does not say whom to tell; the text says why."""


class Problem(Exception):
    """A message that is not taken, with what its sender is told; `location` is where it is."""

    def __init__(self, code: ErrorCode, text: str, message: Message, location: str = "") -> None:
        self.code, self.text, self.message, self.location = code, text, message, location
        super().__init__(f"{code}: {text}")


# --- writing ------------------------------------------------------------------------------------


def content_type(boundary: str, start: str) -> str:
    """The Content-Type of a message."""
    return f'multipart/related; type="{SOAP_TYPE}"; boundary="{boundary}"; start="<{start}>"'


def write(message: Message, payloads: Sequence[Payload], boundary: str, start: str) -> bytes:
    """The body of a message. Same values, same bytes."""
    parts = [(CONTENT_TYPE, start, envelope(message, payloads))]
    parts += [(each.media_type, each.content_id, each.content) for each in payloads]
    dashes = f"--{boundary}\r\n".encode()
    written = b"".join(dashes + _part(*part) for part in parts)
    return written + f"--{boundary}--\r\n".encode()


def _part(media_type: str, content_id: str, content: bytes) -> bytes:
    head = (
        f"Content-Type: {media_type}\r\nContent-Transfer-Encoding: binary\r\n"
        f"Content-ID: <{content_id}>\r\n\r\n"
    )
    return head.encode("ascii") + content + b"\r\n"


def envelope(message: Message, payloads: Sequence[Payload]) -> bytes:
    """The SOAP envelope of a message."""
    places = (quoteattr(f"cid:{quote(each.content_id, safe='@')}") for each in payloads)
    references = "".join(
        f'<eb:Reference xlink:type="simple" xlink:href={place}/>' for place in places
    )
    blocks = (
        f"{_header(message)}"
        f"<eb:SyncReply {_BLOCK} "
        'soap:actor="http://schemas.xmlsoap.org/soap/actor/next"/>'
        f'<eb:AckRequested {_BLOCK} eb:signed="false"/>'
    )
    return _soap(blocks, f'<eb:Manifest eb:version="2.0">{references}</eb:Manifest>')


def acknowledgment(message: Message, id_: str, at: datetime) -> bytes:
    """The acknowledgment of a message that was taken."""
    signal = (
        f"<eb:Acknowledgment {_BLOCK} "
        'soap:actor="urn:oasis:names:tc:ebxml-msg:actor:toPartyMSH">'
        f"<eb:Timestamp>{_time(at)}</eb:Timestamp>"
        f"<eb:RefToMessageId>{escape(message.id)}</eb:RefToMessageId></eb:Acknowledgment>"
    )
    return _soap(_answering(message, "Acknowledgment", id_, at) + signal, "")


def errors(problem: Problem, id_: str, at: datetime) -> bytes:
    """The error list for a message that was not taken."""
    location = f" eb:location={quoteattr(problem.location)}" if problem.location else ""
    signal = (
        f'<eb:ErrorList {_BLOCK} eb:highestSeverity="Error">'
        f'<eb:Error eb:codeContext="{_SIGNALS}:errors" eb:errorCode="{problem.code}" '
        f'eb:severity="Error"{location}>'
        f'<eb:Description xml:lang="en">{_plain(problem.text)}</eb:Description>'
        "</eb:Error></eb:ErrorList>"
    )
    return _soap(_answering(problem.message, "MessageError", id_, at) + signal, "")


def fault(text: str) -> bytes:
    """What is answered to what is no message."""
    return _soap(
        "",
        f"<soap:Fault><faultcode>soap:Client</faultcode><faultstring>{_plain(text)}</faultstring>"
        "</soap:Fault>",
    )


_BLOCK: Final = 'soap:mustUnderstand="1" eb:version="2.0"'


def _answering(message: Message, action: str, id_: str, at: datetime) -> str:
    answer = Message(
        id_, message.conversation, message.recipient, message.sender, _SIGNALS, action, at
    )
    # The agreement is the one that the message names.
    return _header(answer, agreement=message.agreement, ref_to=message.id)


def _header(message: Message, agreement: str | None = None, ref_to: str | None = None) -> str:
    to = f"<eb:RefToMessageId>{escape(ref_to)}</eb:RefToMessageId>" if ref_to else ""
    return (
        f"<eb:MessageHeader {_BLOCK}>"
        f"<eb:From>{_party(message.sender)}</eb:From><eb:To>{_party(message.recipient)}</eb:To>"
        f"<eb:CPAId>{escape(agreement or message.agreement)}</eb:CPAId>"
        f"<eb:ConversationId>{escape(message.conversation)}</eb:ConversationId>"
        f"<eb:Service>{escape(message.service)}</eb:Service>"
        f"<eb:Action>{escape(message.action)}</eb:Action>"
        f"<eb:MessageData><eb:MessageId>{escape(message.id)}</eb:MessageId>"
        f"<eb:Timestamp>{_time(message.at)}</eb:Timestamp>{to}</eb:MessageData>"
        "</eb:MessageHeader>"
    )


def _party(name: str) -> str:
    return f'<eb:PartyId eb:type="{PARTY_TYPE}">{escape(name)}</eb:PartyId>'


def _soap(blocks: str, body: str) -> bytes:
    head = f"<soap:Header>{blocks}</soap:Header>" if blocks else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<soap:Envelope xmlns:soap="{SOAP}" xmlns:eb="{EB}" xmlns:xlink="{XLINK}">'
        f"{head}<soap:Body>{body}</soap:Body></soap:Envelope>"
    ).encode()


def _plain(text: str) -> str:
    """A text that may quote anything, as XML can have it."""
    return escape("".join(each if each.isprintable() else "?" for each in text))


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
