"""A user message unpacked: bytes from the wire in, who sends what to whom and the payload out.

In two steps, so that the signer can be looked up in between: `read` checks form and signature,
`Sealed.open` decrypts, checks the payload against the signature, and decompresses. Nothing that was
not signed is ever answered.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from schemas.identifiers import PARTICIPANT_META_SCHEME, DocumentType, Participant, Process
from transports.peppol.as4 import gzip, mime, names
from transports.peppol.as4.message import Reference, UserMessage
from transports.peppol.as4.signature import decoded, token, verify
from transports.peppol.as4.soap import MESSAGE_ID, Refused, Soap, ds, eb, only, parse
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

    def open(self, key: Signer, limit: int) -> bytearray:
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
        references=signed.copies(),
        recipient=recipient,
        wrapped_key=wrapped_key,
        ciphertext=attachment.content,
        digest=signed.attachments[content_id],
    )


# --- the messaging header -----------------------------------------------------------------------


_EB: Final = eb("")
_PROPERTY: Final = eb("Property")


class _Reader:
    """The elements of ebMS below one, by path; what is asked for must stand once."""

    def __init__(self, element: etree._Element) -> None:
        self._found: dict[str, etree._Element] = {}
        self._more: set[str] = set()
        self._collect(element, "")

    def _collect(self, parent: etree._Element, above: str) -> None:
        for child in parent:
            tag = child.tag
            if not tag.startswith(_EB):
                continue
            path = above + tag[len(_EB) :]
            if self._found.setdefault(path, child) is not child:
                self._more.add(path)
            if len(child):
                self._collect(child, path + "/")

    def element(self, path: str) -> etree._Element:
        found = self._found.get(path)
        if found is None or path in self._more:
            what = "is missing" if found is None else "stands more than once"
            raise Refused("EBMS:0009", f"eb:{path} {what}.")
        return found

    def text(self, path: str, *, may_be_empty: bool = False) -> str:
        element = self.element(path)
        text = (element.text or "").strip()
        if len(element) or not (text or may_be_empty):
            raise Refused("EBMS:0009", f"eb:{path} is empty or is no text.")
        return text

    def participant(self, name: str) -> Participant:
        above = self.element("MessageProperties")
        found = [one for one in above if one.tag == _PROPERTY and one.get("name") == name]
        scheme = found[0].get("type") if len(found) == 1 else None
        if scheme != PARTICIPANT_META_SCHEME:
            raise Refused("EBMS:0009", f"The property {name} is missing, or of another type.")
        text = (found[0].text or "").strip()
        participant: Participant = _made(Participant.parse, text, what=name)
        return participant


def _message(soap: Soap, content_id: str) -> UserMessage:
    if [child.tag for child in soap.messaging] != _ONE_USER_MESSAGE:
        raise Refused("EBMS:0009", "eb:Messaging must hold one eb:UserMessage, and nothing else.")
    reader = _Reader(soap.messaging[0])
    for path, wanted in _FIXED:
        if reader.text(path) != wanted:
            raise Refused("EBMS:0010", f"eb:{path} is not {wanted}.")
    for side in ("From", "To"):
        if reader.element(f"PartyInfo/{side}/PartyId").get("type") != names.PARTY_TYPE:
            raise Refused("EBMS:0010", f"The type of {side}/PartyId is not {names.PARTY_TYPE}.")
    _check_part(reader, content_id)
    scheme, _, value = reader.text("CollaborationInfo/Action").partition("::")
    service = reader.element("CollaborationInfo/Service")
    message_id = reader.text("MessageInfo/MessageId")
    if not MESSAGE_ID.fullmatch(message_id):
        raise Refused("EBMS:0009", "eb:MessageId is not of up to 255 visible ASCII characters.")
    return UserMessage(
        id=message_id,
        sent_at=_time(reader.text("MessageInfo/Timestamp")),
        from_seat=reader.text("PartyInfo/From/PartyId"),
        to_seat=reader.text("PartyInfo/To/PartyId"),
        sender=reader.participant("originalSender"),
        receiver=reader.participant("finalRecipient"),
        document_type=_made(_document_type, value, scheme, what="Action"),
        process=_made(
            Process, (service.text or "").strip(), service.get("type", ""), what="Service"
        ),
        conversation_id=reader.text("CollaborationInfo/ConversationId", may_be_empty=True),
    )


_document_type: Final = lru_cache(maxsize=64)(DocumentType)  # there are few, and all is parsed


_ONE_USER_MESSAGE: Final = [eb("UserMessage")]
_FIXED: Final = (
    ("PartyInfo/From/Role", names.INITIATOR),
    ("PartyInfo/To/Role", names.RESPONDER),
    ("CollaborationInfo/AgreementRef", names.AGREEMENT),
)


def _check_part(reader: _Reader, content_id: str) -> None:
    part = reader.element("PayloadInfo/PartInfo")
    if part.get("href") != f"cid:{content_id}":
        raise Refused("EBMS:0011", "PartInfo does not point at the payload that came.")
    properties = {
        one.get("name"): (one.text or "").strip()
        for one in reader.element("PayloadInfo/PartInfo/PartProperties")
        if one.tag == _PROPERTY
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


_KEY, _DATA = _xenc("EncryptedKey"), _xenc("EncryptedData")
_METHOD, _KEY_INFO = _xenc("EncryptionMethod"), ds("KeyInfo")
_CIPHER, _LIST = _xenc("CipherData"), _xenc("ReferenceList")
_VALUE, _REFERENCE = _xenc("CipherValue"), _xenc("CipherReference")
_OAEP_PARAMETERS: Final = {
    ds("DigestMethod"): names.SHA256,
    f"{{{names.XENC11}}}MGF": names.MGF1_SHA256,
}


def _encryption(soap: Soap, content_id: str) -> tuple[x509.Certificate, bytes]:
    """The certificate that the payload's key is wrapped for, and the wrapped key."""
    key, data = only(soap.security, _KEY), only(soap.security, _DATA)
    if key is None or data is None:
        raise Refused("EBMS:0103", "The payload must be encrypted, once.")
    _check_data(data, content_id)
    method = only(key, _METHOD)
    given = [] if method is None else [(one.tag, one.get("Algorithm")) for one in method]
    if (
        method is None
        or method.get("Algorithm") != names.RSA_OAEP
        or len(given) != len(_OAEP_PARAMETERS)
        or dict(given) != _OAEP_PARAMETERS
    ):
        # Without xenc11:MGF it would be MGF1 with SHA-1, which the profile does not have.
        raise Refused("EBMS:0103", "The key must be wrapped by RSA-OAEP, SHA-256, MGF1-SHA-256.")
    listed = only(key, _LIST)
    if listed is None or [one.get("URI") for one in listed] != [f"#{data.get('Id')}"]:
        raise Refused("EBMS:0103", "xenc:EncryptedKey is not the key of the payload.")
    key_info, value = only(key, _KEY_INFO), only(only(key, _CIPHER), _VALUE)
    if key_info is None or value is None:
        raise Refused("EBMS:0103", "xenc:EncryptedKey has not the parts that it must have.")
    return token(soap, key_info), decoded(value)


def _check_data(data: etree._Element, content_id: str) -> None:
    method = only(data, _METHOD)
    if method is None or method.get("Algorithm") != names.AES128_GCM:
        raise Refused("EBMS:0103", "The payload must be encrypted by AES-128-GCM.")
    if data.get("Type") != names.ATTACHMENT_CONTENT_ONLY:
        raise Refused("EBMS:0103", "The payload's content must be encrypted, without its headers.")
    cipher = only(only(data, _CIPHER), _REFERENCE)
    if cipher is None or cipher.get("URI") != f"cid:{content_id}":
        raise Refused("EBMS:0103", "xenc:EncryptedData does not point at the payload.")
