"""Receipts and errors: written signed, and read.

In charge of what an access point answers. A receipt repeats every reference of the signature it
answers; who sent the message compares them with what it signed (`proves`). An error may come
unsigned: it is a hint then, never a proof.
Source: ebMS 3.0 Core 5.2.3 and 6, AS4 profile of ebMS 3.0 section 5.1.8, ebBP signals 2.0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from cryptography import x509
from lxml import etree

from transports.peppol.as4 import mime, names
from transports.peppol.as4.message import MEANINGS, Errors, Fault, Receipt, Reference, Severity
from transports.peppol.as4.packing import (
    envelope,
    messaging_header,
    signature,
    signed_body_and,
    stamp,
)
from transports.peppol.as4.signature import read_reference, verify
from transports.peppol.as4.soap import Refused, Soap, eb, only, parse
from transports.peppol.pki.keys import Signer

CONTENT_TYPE = f"{names.SOAP_TYPE}; charset=UTF-8"


# --- writing ------------------------------------------------------------------------------------


def receipt(answer: Receipt, signer: Signer) -> bytes:
    """The signed receipt of a message."""
    seen = "".join(
        f"<ebbp:MessagePartNRInformation>{one.xml.decode()}</ebbp:MessagePartNRInformation>"
        for one in answer.references
    )
    return _signal(
        answer.id,
        answer.sent_at,
        answer.ref_to,
        "<eb:Receipt>"
        f'<ebbp:NonRepudiationInformation xmlns:ebbp="{names.EBBP}">{seen}'
        "</ebbp:NonRepudiationInformation></eb:Receipt>",
        signer,
    )


def errors(answer: Errors, signer: Signer) -> bytes:
    """The signed error of a message."""
    told = "".join(_error(fault, answer.ref_to) for fault in answer.faults)
    return _signal(answer.id, answer.sent_at, answer.ref_to, told, signer)


def _signal(
    message_id: str, at: datetime, ref_to: str | None, content: str, signer: Signer
) -> bytes:
    refers = f"<eb:RefToMessageId>{escape(ref_to)}</eb:RefToMessageId>" if ref_to else ""
    header = messaging_header(
        "<eb:SignalMessage><eb:MessageInfo>"
        f"<eb:Timestamp>{stamp(at)}</eb:Timestamp>"
        f"<eb:MessageId>{escape(message_id)}</eb:MessageId>{refers}</eb:MessageInfo>"
        f"{content}</eb:SignalMessage>"
    )
    return envelope((signature(signed_body_and(header), signer),), header)


def _error(fault: Fault, ref_to: str | None) -> str:
    meaning = MEANINGS[fault.code]
    refers = f" refToMessageInError={_quoted(ref_to)}" if ref_to else ""
    return (
        f'<eb:Error category="{meaning.category}" errorCode="{fault.code}"'
        f' origin="{meaning.origin}"{refers} severity="{fault.severity}"'
        f' shortDescription="{meaning.short}">'
        f"<eb:ErrorDetail>{escape(fault.detail)}</eb:ErrorDetail></eb:Error>"
    )


def _quoted(text: str) -> str:
    # Canonical XML quotes by `"` alone and leaves `>` as it is.
    return quoteattr(text.replace('"', "'")).replace("&gt;", ">")


# --- reading ------------------------------------------------------------------------------------

_INFO: Final = eb("MessageInfo")
_RECEIPT: Final = eb("Receipt")
_NON_REPUDIATION: Final = f"{{{names.EBBP}}}NonRepudiationInformation"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `certificate`: who signed it, None when nobody did (an error only)."""

    signal: Receipt | Errors
    certificate: x509.Certificate | None


def read(content_type: str, body: bytes) -> Answer:
    """Reads a signal; raises Refused when it is none, or its signature does not hold.

    An error without a signature is answered as one; a receipt has to be signed.
    """
    soap = parse(_soap_part(content_type, body))
    if [child.tag for child in soap.messaging] != [eb("SignalMessage")]:
        raise Refused("EBMS:0302", "The answer is not one eb:SignalMessage.")
    (signal,) = soap.messaging
    if only(signal, _RECEIPT) is not None:
        signed = verify(soap)
        return Answer(_receipt(signal), signed.certificate)
    if signal.find(eb("Error")) is None:
        raise Refused("EBMS:0302", "The answer is neither a receipt nor an error.")
    return Answer(_errors(signal), _signer(soap))


def proves(answer: Receipt, message_id: str, references: Sequence[Reference]) -> bool:
    """Whether the receipt is for this message, and says that all that was signed has come."""
    signed = {one.uri: one.digest for one in references}
    seen = {one.uri: one.digest for one in answer.references}
    return answer.ref_to == message_id and seen == signed and len(answer.references) == len(seen)


def _soap_part(content_type: str, body: bytes) -> bytes:
    try:
        media_type, _ = mime.header_value(content_type)
        if media_type == "multipart/related":
            return bytes(mime.split(content_type, body)[0].content)
    except mime.Malformed as error:
        raise Refused("EBMS:0302", f"MIME of the answer: {error}.") from None
    if media_type != names.SOAP_TYPE or len(body) > mime.MOST_SOAP_BYTES:
        raise Refused("EBMS:0302", "The answer is no SOAP message, or far too large.")
    return body


def _receipt(signal: etree._Element) -> Receipt:
    information = only(only(signal, _RECEIPT), _NON_REPUDIATION)
    parts = [] if information is None else list(information)
    return Receipt(
        _text(signal, "MessageId"),
        _at(signal),
        _text(signal, "RefToMessageId"),
        tuple(read_reference(element) for part in parts for element in part),
    )


def _errors(signal: etree._Element) -> Errors:
    faults = [
        Fault(
            element.get("errorCode", "EBMS:0004"),
            (
                element.findtext(eb("ErrorDetail")) or element.findtext(eb("Description")) or ""
            ).strip(),
            Severity.WARNING if element.get("severity") == "warning" else Severity.FAILURE,
        )
        for element in signal.iterfind(eb("Error"))
    ]
    ref_to = _text(signal, "RefToMessageId") or None
    return Errors(_text(signal, "MessageId"), _at(signal), ref_to, tuple(faults))


def _signer(soap: Soap) -> x509.Certificate | None:
    try:
        return verify(soap).certificate
    except Refused:
        return None


def _text(signal: etree._Element, name: str) -> str:
    found = only(only(signal, _INFO), eb(name))
    return "" if found is None else (found.text or "").strip()


def _at(signal: etree._Element) -> datetime:
    try:
        return datetime.fromisoformat(_text(signal, "Timestamp"))
    except ValueError:
        raise Refused("EBMS:0302", "The answer's timestamp is no date and time.") from None
