"""A user message packed: enveloped payload in, bytes for the wire out.

In charge of gzip, signature, encryption and MIME, in the order of the profile: the payload is
compressed, the compressed bytes are signed, and then encrypted.

The signed elements are written canonical from the start (exclusive C14N: namespaces where they are
first used, attributes in the order of their namespaces, no empty-element tags), so that nothing has
to be parsed or canonicalised to sign it.
Source: Peppol AS4 profile 2.0.3; WS-Security 1.1.1 with the SOAP with Attachments profile.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from xml.sax.saxutils import escape

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding

from schemas.identifiers import PARTICIPANT_META_SCHEME
from transports.peppol.as4 import gzip, mime, names
from transports.peppol.as4.message import Reference, UserMessage
from transports.peppol.pki.keys import OAEP, Signer

# Ids are for references within one message; none needs to be unique beyond it.
_MESSAGING: Final = "_messaging"
_BODY: Final = "_body"

BODY: Final = (
    f'<S12:Body xmlns:S12="{names.SOAP}" xmlns:wsu="{names.WSU}" wsu:Id="{_BODY}"></S12:Body>'
).encode()
_BODY_DIGEST: Final = hashlib.sha256(BODY).digest()


@dataclass(frozen=True, slots=True)
class Packed:
    """A message ready to be posted: `chunks` one after the other are the body.

    `references` are what a receipt has to repeat.
    """

    content_type: str
    chunks: tuple[bytes, ...]
    references: tuple[Reference, ...]

    @property
    def body(self) -> bytes:
        """The whole body in one piece."""
        return b"".join(self.chunks)


def pack(
    message: UserMessage, payload: bytes, signer: Signer, recipient: x509.Certificate
) -> Packed:
    """Packs the message. `payload` is the envelope (SBDH) with the document in it.

    The ids, and all that is signed, are the same for the same message and payload; the key that it
    is encrypted with is new each time.
    """
    content_id = f"payload@{message.id.partition('@')[0]}"
    compressed = gzip.pack(payload)
    messaging = _messaging(message, content_id)
    references = (
        reference(f"#{_BODY}", _BODY_DIGEST),
        reference(f"#{_MESSAGING}", hashlib.sha256(messaging).digest()),
        reference(
            f"cid:{content_id}",
            hashlib.sha256(compressed).digest(),
            names.ATTACHMENT_CONTENT_SIGNATURE,
        ),
    )
    encryption, ciphertext = _encrypted(compressed, content_id, recipient)
    soap = envelope((encryption, signature(references, signer)), messaging)
    boundary = f"budkavle-{os.urandom(12).hex()}"
    return Packed(
        mime.content_type(boundary),
        (*mime.parts(boundary, soap, content_id, ciphertext),),
        references,
    )


def envelope(security: Sequence[bytes], messaging: bytes) -> bytes:
    """The SOAP envelope around what stands in the security header, and the messaging header."""
    return b"".join((_TOP, *security, b"</wsse:Security>", messaging, _MIDDLE, BODY, _END))


_TOP: Final = (
    f'<?xml version="1.0" encoding="UTF-8"?><S12:Envelope xmlns:S12="{names.SOAP}"><S12:Header>'
    f'<wsse:Security xmlns:wsse="{names.WSSE}" xmlns:wsu="{names.WSU}"'
    ' S12:mustUnderstand="true">'
).encode()
_MIDDLE: Final = b"</S12:Header>"
_END: Final = b"</S12:Envelope>"


# --- the messaging header -----------------------------------------------------------------------


def messaging_header(content: str) -> bytes:
    """The signed eb:Messaging around a user or signal message, canonical."""
    return (
        f'<eb:Messaging xmlns:S12="{names.SOAP}" xmlns:eb="{names.EB}" xmlns:wsu="{names.WSU}"'
        f' wsu:Id="{_MESSAGING}" S12:mustUnderstand="true">{content}</eb:Messaging>'
    ).encode()


def stamp(at: datetime) -> str:
    """A time as ebMS writes it: UTC, milliseconds."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _messaging(message: UserMessage, content_id: str) -> bytes:
    kind, process = message.document_type, message.process
    return messaging_header(
        "<eb:UserMessage>"
        f"<eb:MessageInfo><eb:Timestamp>{stamp(message.sent_at)}</eb:Timestamp>"
        f"<eb:MessageId>{escape(message.id)}</eb:MessageId></eb:MessageInfo>"
        f"<eb:PartyInfo>{_party('From', message.from_seat, names.INITIATOR)}"
        f"{_party('To', message.to_seat, names.RESPONDER)}</eb:PartyInfo>"
        f"<eb:CollaborationInfo><eb:AgreementRef>{names.AGREEMENT}</eb:AgreementRef>"
        f'<eb:Service type="{_attribute(process.scheme)}">{escape(process.value)}</eb:Service>'
        f"<eb:Action>{escape(str(kind))}</eb:Action>"
        f"<eb:ConversationId>{escape(message.conversation_id)}</eb:ConversationId>"
        "</eb:CollaborationInfo><eb:MessageProperties>"
        f"{_property('originalSender', str(message.sender))}"
        f"{_property('finalRecipient', str(message.receiver))}"
        "</eb:MessageProperties><eb:PayloadInfo>"
        f'<eb:PartInfo href="cid:{_attribute(content_id)}"><eb:PartProperties>'
        '<eb:Property name="MimeType">application/xml</eb:Property>'
        f'<eb:Property name="CompressionType">{names.GZIP}</eb:Property>'
        "</eb:PartProperties></eb:PartInfo></eb:PayloadInfo></eb:UserMessage>"
    )


def _party(side: str, seat: str, role: str) -> str:
    return (
        f'<eb:{side}><eb:PartyId type="{names.PARTY_TYPE}">{escape(seat)}</eb:PartyId>'
        f"<eb:Role>{role}</eb:Role></eb:{side}>"
    )


def _property(name: str, participant: str) -> str:
    return (
        f'<eb:Property name="{name}" type="{PARTICIPANT_META_SCHEME}">{escape(participant)}'
        "</eb:Property>"
    )


def _attribute(text: str) -> str:
    """Text of an attribute, canonical: `>` stays, and no white space is in any of ours."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


# --- signature and encryption ---------------------------------------------------------------------


def reference(uri: str, digest: bytes, transform: str = names.EXCLUSIVE) -> Reference:
    """A ds:Reference, canonical."""
    text = (
        f'<ds:Reference xmlns:ds="{names.DS}" URI="{_attribute(uri)}">'
        f'<ds:Transforms><ds:Transform Algorithm="{transform}"></ds:Transform></ds:Transforms>'
        f'<ds:DigestMethod Algorithm="{names.SHA256}"></ds:DigestMethod>'
        f"<ds:DigestValue>{base64.b64encode(digest).decode()}</ds:DigestValue></ds:Reference>"
    )
    return Reference(uri, digest, text.encode())


def signature(references: Sequence[Reference], signer: Signer) -> bytes:
    """Our certificate as a token, and the signature over the references."""
    # In SignedInfo the namespace is declared above already, where canonical XML has it once.
    inner = b"".join(one.xml.replace(_DS_DECLARED, b"", 1) for one in references)
    signed = b"".join((_SIGNED_TOP, inner, b"</ds:SignedInfo>"))
    value = base64.b64encode(signer.sign(signed))
    token = _token("_signer", signer.certificate)
    return b"".join((token, _SIGNATURE_TOP, signed, _SIGNATURE_VALUE, value, _SIGNATURE_END))


def signed_body_and(messaging: bytes) -> tuple[Reference, Reference]:
    """The references of a signal: the empty body, and its messaging header."""
    return (
        reference(f"#{_BODY}", _BODY_DIGEST),
        reference(f"#{_MESSAGING}", hashlib.sha256(messaging).digest()),
    )


_DS_DECLARED: Final = f' xmlns:ds="{names.DS}"'.encode()
_SIGNED_TOP: Final = (
    f'<ds:SignedInfo xmlns:ds="{names.DS}">'
    f'<ds:CanonicalizationMethod Algorithm="{names.EXCLUSIVE}"></ds:CanonicalizationMethod>'
    f'<ds:SignatureMethod Algorithm="{names.RSA_SHA256}"></ds:SignatureMethod>'
).encode()
_SIGNATURE_TOP: Final = f'<ds:Signature xmlns:ds="{names.DS}" Id="_signature">'.encode()
_SIGNATURE_VALUE: Final = b"<ds:SignatureValue>"
_SIGNATURE_END: Final = (
    "</ds:SignatureValue><ds:KeyInfo><wsse:SecurityTokenReference>"
    f'<wsse:Reference URI="#_signer" ValueType="{names.X509V3}"/>'
    "</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>"
).encode()


@lru_cache(maxsize=256)  # our own, and those of whom we send to
def _token(name: str, certificate: x509.Certificate) -> bytes:
    encoded = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    return (
        f'<wsse:BinarySecurityToken EncodingType="{names.BASE64}" ValueType="{names.X509V3}"'
        f' wsu:Id="{name}">{encoded}</wsse:BinarySecurityToken>'
    ).encode()


def _encrypted(content: bytes, content_id: str, recipient: x509.Certificate) -> tuple[bytes, bytes]:
    """What the security header says of the encryption, and the part as it travels."""
    public = recipient.public_key()
    assert isinstance(public, RSAPublicKey)  # its chain was checked: Peppol's are RSA
    key, iv = AESGCM.generate_key(128), os.urandom(12)
    ciphertext = iv + AESGCM(key).encrypt(iv, content, None)
    wrapped = base64.b64encode(public.encrypt(key, OAEP)).decode()
    header = (
        f'<xenc:EncryptedKey xmlns:xenc="{names.XENC}" Id="_key">'
        f'<xenc:EncryptionMethod Algorithm="{names.RSA_OAEP}">'
        f'<ds:DigestMethod xmlns:ds="{names.DS}" Algorithm="{names.SHA256}"/>'
        f'<xenc11:MGF xmlns:xenc11="{names.XENC11}" Algorithm="{names.MGF1_SHA256}"/>'
        f'</xenc:EncryptionMethod><ds:KeyInfo xmlns:ds="{names.DS}"><wsse:SecurityTokenReference>'
        f'<wsse:Reference URI="#_recipient" ValueType="{names.X509V3}"/>'
        "</wsse:SecurityTokenReference></ds:KeyInfo>"
        f"<xenc:CipherData><xenc:CipherValue>{wrapped}</xenc:CipherValue></xenc:CipherData>"
        '<xenc:ReferenceList><xenc:DataReference URI="#_data"/></xenc:ReferenceList>'
        "</xenc:EncryptedKey>"
        f'<xenc:EncryptedData xmlns:xenc="{names.XENC}" Id="_data" MimeType="{names.GZIP}"'
        f' Type="{names.ATTACHMENT_CONTENT_ONLY}">'
        f'<xenc:EncryptionMethod Algorithm="{names.AES128_GCM}"/>'
        f'<ds:KeyInfo xmlns:ds="{names.DS}"><wsse:SecurityTokenReference'
        f' xmlns:wsse11="{names.WSSE11}" wsse11:TokenType="{names.ENCRYPTED_KEY}">'
        '<wsse:Reference URI="#_key"/></wsse:SecurityTokenReference></ds:KeyInfo>'
        f'<xenc:CipherData><xenc:CipherReference URI="cid:{_attribute(content_id)}">'
        f'<xenc:Transforms><ds:Transform xmlns:ds="{names.DS}"'
        f' Algorithm="{names.ATTACHMENT_CIPHERTEXT}"/></xenc:Transforms>'
        "</xenc:CipherReference></xenc:CipherData></xenc:EncryptedData>"
    )
    return _token("_recipient", recipient) + header.encode(), ciphertext
