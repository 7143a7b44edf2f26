"""Messages of SFTI's transport profile Bas 2.0, read strictly. Pure.

In charge of refusing what is none, or what the profile has not, with a text that helps its sender.
Sources: as `ebms`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import unquote

from lxml import etree

from transports import mime, strict_xml
from transports.base import storable
from transports.operator.ebms import (
    EB,
    PARTY_TYPE,
    SOAP,
    SOAP_TYPE,
    XLINK,
    Acknowledgment,
    ErrorCode,
    Errors,
    Malformed,
    Message,
    Payload,
    Problem,
)

MOST_PARTS: Final = 51  # the envelope, and an invoice with 49 files
_LONGEST: Final = 255  # of an identifier


def read(header: str, body: bytes) -> tuple[Message, tuple[Payload, ...]]:
    """A message and its files. Raises Malformed, and Problem once it is known whose it is."""
    try:
        first, *files = mime.split(header, body, soap_type=SOAP_TYPE, most_parts=MOST_PARTS)
    except mime.Malformed as error:
        raise Malformed(str(error)) from None
    head, content = _parsed(bytes(first.content))
    message = _message(head)
    _check_blocks(head, message)
    named = {part.content_id: part for part in files}
    payloads = []
    for place in _references(content, message):
        part = named.pop(unquote(place.removeprefix("cid:")), None)
        if part is None or not place.startswith("cid:"):
            text = "The manifest refers to a part that is not there."
            raise Problem(ErrorCode.MIME_PROBLEM, text, message, place)
        payloads.append(Payload(part.content_id, _media_type(part), bytes(part.content)))
    if named:
        text = "There is a part that the manifest does not refer to."
        raise Problem(ErrorCode.MIME_PROBLEM, text, message, f"cid:{next(iter(named))}")
    return message, tuple(payloads)


def read_answer(header: str, body: bytes) -> Acknowledgment | Errors:
    """What is answered to a message. Raises Malformed."""
    try:
        media_type, _ = mime.header_value(header)
        if media_type == "multipart/related":
            body = bytes(mime.split(header, body, soap_type=SOAP_TYPE, most_parts=1)[0].content)
    except mime.Malformed as error:
        raise Malformed(str(error)) from None
    head, content = _parsed(body)
    if head is None:
        said = content.findtext(f"{_tag('Fault', SOAP)}/faultstring")
        raise Malformed(f"a SOAP fault: {storable(said)}" if said else "there is no SOAP header")
    listed = _only(head, "ErrorList")
    if listed is not None:
        first = listed.find(_tag("Error"))
        if first is None:
            raise Malformed("the error list is empty")
        text = storable(_text(first, "Description") or "")
        code = storable(first.get(_tag("errorCode"), ""), 100)
        if listed.get(_tag("highestSeverity")) == "Error":
            return Errors(code, text, _ref_to(head))
    signal = _only(head, "Acknowledgment")
    if signal is None:
        raise Malformed("there is neither an acknowledgment nor an error")
    return Acknowledgment(_text(signal, "RefToMessageId") or "")


def _ref_to(head: etree._Element) -> str:
    return _text(head, "MessageHeader", "MessageData", "RefToMessageId") or ""


def _parsed(content: bytes) -> tuple[etree._Element | None, etree._Element]:
    """Header (where there is one) and body."""
    if len(content) > mime.MOST_SOAP_BYTES:
        raise Malformed(f"the SOAP envelope has more than {mime.MOST_SOAP_BYTES} bytes")
    try:
        root = strict_xml.parse(content)
    except strict_xml.Malformed as error:
        raise Malformed(f"the SOAP envelope {error}") from None
    children = [child.tag for child in root]
    if root.tag != _tag("Envelope", SOAP) or children not in (
        [_tag("Header", SOAP), _tag("Body", SOAP)],
        [_tag("Body", SOAP)],
    ):
        raise Malformed("it is no SOAP 1.1 envelope of a header and a body")
    return (root[0] if len(root) == 2 else None), root[-1]


def _message(head: etree._Element | None) -> Message:
    header = None if head is None else _only(head, "MessageHeader")
    if header is None:
        raise Malformed("there must be one eb:MessageHeader")
    stamp = _text(header, "MessageData", "Timestamp")
    try:
        at = datetime.fromisoformat(stamp or "")
        message = Message(
            id=_wanted(header, "MessageData", "MessageId"),
            conversation=_wanted(header, "ConversationId"),
            sender=_wanted(header, "From", "PartyId"),
            recipient=_wanted(header, "To", "PartyId"),
            service=_wanted(header, "Service"),
            action=_wanted(header, "Action"),
            at=at if at.tzinfo else at.replace(tzinfo=UTC),
        )
    except ValueError:
        raise Malformed(
            "eb:MessageHeader has each of From, To, ConversationId, Service, Action, MessageId and"
            f" Timestamp (a time) once, of at most {_LONGEST} characters"
        ) from None
    stated = _text(header, "CPAId")
    if stated != message.agreement:
        text = "CPAId is not Service:Action:From:To."
        raise Problem(ErrorCode.INCONSISTENT, text, message, "CPAId")
    return message


def _check_blocks(head: etree._Element | None, message: Message) -> None:
    assert head is not None, "the message came out of it"
    asked = _only(head, "AckRequested")
    if asked is None or asked.get(_tag("signed")) not in ("false", "0"):
        text = "There must be one AckRequested, and not for a signed acknowledgment."
        raise Problem(ErrorCode.NOT_SUPPORTED, text, message, "AckRequested")
    if _only(head, "SyncReply") is None:
        text = "There must be one SyncReply: there is no other reply here."
        raise Problem(ErrorCode.NOT_SUPPORTED, text, message, "SyncReply")
    for block in head:
        known = block.tag in _KNOWN
        if not known and block.get(_tag("mustUnderstand", SOAP)) in ("1", "true"):
            text = "There is a header that the profile has not."
            place = etree.QName(block).localname
            raise Problem(ErrorCode.NOT_SUPPORTED, text, message, place)


def _references(body: etree._Element, message: Message) -> list[str]:
    manifest = _only(body, "Manifest")
    references = [] if manifest is None else list(manifest)
    if not references or any(each.tag != _tag("Reference") for each in references):
        text = "The body has one Manifest, of references to one part or more."
        raise Problem(ErrorCode.OTHER_XML, text, message, "Manifest")
    return [each.get(_tag("href", XLINK), "") for each in references]


def _tag(name: str, namespace: str = EB) -> str:
    return f"{{{namespace}}}{name}"


_KNOWN: Final = frozenset(map(_tag, ("MessageHeader", "SyncReply", "AckRequested")))


def _only(parent: etree._Element, name: str) -> etree._Element | None:
    """The one child of this name; None when there is none, or more than one."""
    found = parent.findall(_tag(name))
    return found[0] if len(found) == 1 else None


def _text(parent: etree._Element, *path: str) -> str | None:
    """The text at a path of which each step is there once; None where it is not, or too long. Of
    several PartyIds it is the one by organisation number."""
    element: etree._Element | None = parent
    for name in path:
        if element is None:
            return None
        if name == "PartyId":
            found = [each for each in element.findall(_tag(name)) if _by_number(each)]
            element = found[0] if len(found) == 1 else None
        else:
            element = _only(element, name)
    text = "" if element is None else (element.text or "").strip()
    return text if 0 < len(text) <= _LONGEST else None


def _wanted(parent: etree._Element, *path: str) -> str:
    text = _text(parent, *path)
    if text is None:
        raise ValueError(path)
    return text


def _by_number(party: etree._Element) -> bool:
    return party.get(_tag("type")) == PARTY_TYPE


def _media_type(part: mime.Part) -> str:
    try:
        return mime.header_value(part.headers.get("content-type", ""))[0]
    except mime.Malformed:
        return "application/octet-stream"
