"""A user message unpacked: bytes from the wire in, who sends what to whom and the payload out.

In two steps, so that the signer can be looked up in between: `read` checks form and signature,
`Sealed.open` decrypts, checks the payload against the signature, and decompresses. Nothing that was
not signed is ever answered.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from schemas.identifiers import PARTICIPANT_META_SCHEME, DocumentType, Participant, Process
from transports.peppol.as4 import gzip, mime, names
from transports.peppol.as4.message import Reference, UserMessage
from transports.peppol.as4.signature import token, verify
from transports.peppol.as4.soap import Refused, Soap, ds, eb, parse
from transports.peppol.pki.keys import Signer, common_name


@dataclass(frozen=True, slots=True)
class Sealed:
    """A message whose header is signed by `certificate`, its payload still encrypted."""

    message: UserMessage
    certificate: x509.Certificate
    references: tuple[Reference, ...]
    recipient: x509.Certificate  # whom it is encrypted for
    wrapped_key: bytes
    ciphertext: memoryview
    digest: bytes  # of the payload before it was encrypted

    def open(self, key: Signer, limit: int) -> bytes:
        """The payload, of at most `limit` bytes. Raises Refused."""
        content = self._decrypted(key)
        if not hmac.compare_digest(hashlib.sha256(content).digest(), self.digest):
            raise self._refused("EBMS:0101", "The payload is not the one that was signed.")
        try:
            return gzip.unpack(content, limit)
        except ValueError as error:
            raise self._refused("EBMS:0303", f"The payload can not be unpacked: {error}.") from None

    def _decrypted(self, key: Signer) -> bytes:
        try:
            secret = key.unwrap(self.wrapped_key)
            if len(secret) != 16:
                raise ValueError
            iv, ciphertext = self.ciphertext[:12], self.ciphertext[12:]
            return AESGCM(secret).decrypt(iv, ciphertext, None)
        except (ValueError, InvalidTag):
            raise self._refused("EBMS:0102", "The payload can not be decrypted.") from None

    def _refused(self, code: str, detail: str) -> Refused:
        return Refused(code, detail, self.message.id)


def read(content_type: str, body: bytes) -> Sealed:
    """Reads a message and checks its signature. Raises Refused."""
    try:
        soap_part, *attachments = mime.split(content_type, body)
    except mime.Malformed as error:
        raise Refused("EBMS:0007", f"MIME: {error}.") from None
    soap = parse(bytes(soap_part.content))
    try:
        return _read(soap, attachments)
    except Refused as refused:
        refused.ref_to = refused.ref_to or soap.message_id
        raise


def _read(soap: Soap, attachments: list[mime.Part]) -> Sealed:
    signed = verify(soap)
    if len(attachments) != 1:
        raise Refused("EBMS:0011", "There must be one payload beside the SOAP part.")
    (attachment,) = attachments
    content_id = attachment.content_id
    if set(signed.attachments) != {content_id}:
        raise Refused("EBMS:0103", "The signature must cover the payload.")
    message = _message(soap, content_id)
    if common_name(signed.certificate) != message.from_seat:
        raise Refused("EBMS:0101", "From/PartyId is not the seat of the signer's certificate.")
    recipient, wrapped_key = _encryption(soap, content_id)
    return Sealed(
        message=message,
        certificate=signed.certificate,
        references=signed.references,
        recipient=recipient,
        wrapped_key=wrapped_key,
        ciphertext=attachment.content,
        digest=signed.attachments[content_id],
    )


# --- the messaging header -----------------------------------------------------------------------


@cache
def _qualified(path: str) -> str:
    return "/".join(eb(name) for name in path.split("/"))


class _Reader:
    """Reads elements below one; each must stand once."""

    def __init__(self, element: etree._Element) -> None:
        self._element = element

    def element(self, path: str) -> etree._Element:
        found = self._element.findall(_qualified(path))
        if len(found) != 1:
            what = "is missing" if not found else "stands more than once"
            raise Refused("EBMS:0009", f"eb:{path} {what}.")
        return found[0]

    def text(self, path: str, *, may_be_empty: bool = False) -> str:
        element = self.element(path)
        text = (element.text or "").strip()
        if len(element) or not (text or may_be_empty):
            raise Refused("EBMS:0009", f"eb:{path} is empty or is no text.")
        return text

    def participant(self, name: str) -> Participant:
        found = [one for one in self._properties() if one.get("name") == name]
        scheme = found[0].get("type") if len(found) == 1 else None
        if scheme != PARTICIPANT_META_SCHEME:
            raise Refused("EBMS:0009", f"The property {name} is missing, or of another type.")
        text = (found[0].text or "").strip()
        participant: Participant = _made(Participant.parse, text, what=name)
        return participant

    def _properties(self) -> list[etree._Element]:
        return self.element("MessageProperties").findall(eb("Property"))


def _message(soap: Soap, content_id: str) -> UserMessage:
    if [child.tag for child in soap.messaging] != [eb("UserMessage")]:
        raise Refused("EBMS:0009", "eb:Messaging must hold one eb:UserMessage, and nothing else.")
    reader = _Reader(soap.messaging[0])
    for path, wanted in (
        ("PartyInfo/From/Role", names.INITIATOR),
        ("PartyInfo/To/Role", names.RESPONDER),
        ("CollaborationInfo/AgreementRef", names.AGREEMENT),
    ):
        if reader.text(path) != wanted:
            raise Refused("EBMS:0010", f"eb:{path} is not {wanted}.")
    for side in ("From", "To"):
        if reader.element(f"PartyInfo/{side}/PartyId").get("type") != names.PARTY_TYPE:
            raise Refused("EBMS:0010", f"The type of {side}/PartyId is not {names.PARTY_TYPE}.")
    _check_part(reader, content_id)
    scheme, _, value = reader.text("CollaborationInfo/Action").partition("::")
    service = reader.element("CollaborationInfo/Service")
    return UserMessage(
        id=reader.text("MessageInfo/MessageId"),
        sent_at=_time(reader.text("MessageInfo/Timestamp")),
        from_seat=reader.text("PartyInfo/From/PartyId"),
        to_seat=reader.text("PartyInfo/To/PartyId"),
        sender=reader.participant("originalSender"),
        receiver=reader.participant("finalRecipient"),
        document_type=_made(DocumentType, value, scheme, what="Action"),
        process=_made(
            Process, (service.text or "").strip(), service.get("type", ""), what="Service"
        ),
        conversation_id=reader.text("CollaborationInfo/ConversationId", may_be_empty=True),
    )


def _check_part(reader: _Reader, content_id: str) -> None:
    part = reader.element("PayloadInfo/PartInfo")
    if part.get("href") != f"cid:{content_id}":
        raise Refused("EBMS:0011", "PartInfo does not point at the payload that came.")
    properties = {
        one.get("name"): (one.text or "").strip()
        for one in part.iterfind(f"{eb('PartProperties')}/{eb('Property')}")
    }
    if properties.get("CompressionType") != names.GZIP:
        raise Refused("EBMS:0010", f"The payload's CompressionType must be {names.GZIP}.")


def _made(make: Any, *values: str, what: str) -> Any:
    try:
        return make(*values)
    except ValueError as error:
        raise Refused("EBMS:0001", f"{what}: {error}.") from None


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refused("EBMS:0009", "The timestamp is no date and time.") from None
    if found.tzinfo is None:
        raise Refused("EBMS:0009", "The timestamp has no time zone.")
    return found


# --- encryption -----------------------------------------------------------------------------------


def _xenc(name: str) -> str:
    return f"{{{names.XENC}}}{name}"


def _encryption(soap: Soap, content_id: str) -> tuple[x509.Certificate, bytes]:
    """The certificate that the payload's key is wrapped for, and the wrapped key."""
    assert soap.security is not None  # it is signed
    keys = [child for child in soap.security if child.tag == _xenc("EncryptedKey")]
    data = [child for child in soap.security if child.tag == _xenc("EncryptedData")]
    if len(keys) != 1 or len(data) != 1:
        raise Refused("EBMS:0103", "The payload must be encrypted, once.")
    _check_data(data[0], content_id)
    (key,) = keys
    method = key.find(_xenc("EncryptionMethod"))
    algorithms = (
        method is not None
        and method.get("Algorithm") == names.RSA_OAEP
        and [(child.tag, child.get("Algorithm")) for child in method]
        in (_OAEP_PARAMETERS, _OAEP_PARAMETERS[::-1])
    )
    if not algorithms:
        # Without xenc11:MGF it would be MGF1 with SHA-1, which the profile does not have.
        raise Refused("EBMS:0103", "The key must be wrapped by RSA-OAEP, SHA-256, MGF1-SHA-256.")
    points_at = [one.get("URI") for one in key.iterfind(f"{_xenc('ReferenceList')}/*")]
    if points_at != [f"#{data[0].get('Id')}"]:
        raise Refused("EBMS:0103", "xenc:EncryptedKey is not the key of the payload.")
    key_info, value = (
        key.find(ds("KeyInfo")),
        key.find(f"{_xenc('CipherData')}/{_xenc('CipherValue')}"),
    )
    if key_info is None or value is None:
        raise Refused("EBMS:0103", "xenc:EncryptedKey has not the parts that it must have.")
    try:
        wrapped = base64.b64decode("".join((value.text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise Refused("EBMS:0103", "xenc:CipherValue is no base64.") from None
    return token(soap, key_info), wrapped


_OAEP_PARAMETERS = [
    (ds("DigestMethod"), names.SHA256),
    (f"{{{names.XENC11}}}MGF", names.MGF1_SHA256),
]


def _check_data(data: etree._Element, content_id: str) -> None:
    method = data.find(_xenc("EncryptionMethod"))
    if method is None or method.get("Algorithm") != names.AES128_GCM:
        raise Refused("EBMS:0103", "The payload must be encrypted by AES-128-GCM.")
    if data.get("Type") != names.ATTACHMENT_CONTENT_ONLY:
        raise Refused("EBMS:0103", "The payload's content must be encrypted, without its headers.")
    ciphers = data.findall(f"{_xenc('CipherData')}/{_xenc('CipherReference')}")
    if [one.get("URI") for one in ciphers] != [f"cid:{content_id}"]:
        raise Refused("EBMS:0103", "xenc:EncryptedData does not point at the payload.")
