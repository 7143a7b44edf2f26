"""What an AS4 message says: user message, receipt and error, as values.

In charge of the words. Not in charge of bytes (`packing`, `unpacking`, `signals`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.identifiers import DocumentType, Participant, Process


@dataclass(frozen=True, slots=True)
class UserMessage:
    """A message from one access point to another. Seats are those of the certificates: POP000123.

    `sender` and `receiver` are the end users, as in the envelope inside.
    """

    id: str
    sent_at: datetime
    from_seat: str
    to_seat: str
    sender: Participant
    receiver: Participant
    document_type: DocumentType
    process: Process
    conversation_id: str


@dataclass(frozen=True, slots=True)
class Reference:
    """One signed piece of a message: its digest, and the whole ds:Reference, canonical.

    `xml` is what a receipt repeats; it is empty in signals that were read, whose references nobody
    repeats.
    """

    uri: str
    digest: bytes
    xml: bytes = b""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The other side has the message, and these are the pieces it saw."""

    id: str
    sent_at: datetime
    ref_to: str
    references: tuple[Reference, ...]


class Severity(StrEnum):
    """How bad an error is."""

    FAILURE = "failure"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Fault:
    """An ebMS error. `detail` is for the people of the other side: no host name, no key."""

    code: str  # EBMS:0004
    detail: str
    severity: Severity = Severity.FAILURE


@dataclass(frozen=True, slots=True)
class Errors:
    """The other side did not take the message. Unsigned ones are hints, never proof."""

    id: str
    sent_at: datetime
    ref_to: str | None
    faults: tuple[Fault, ...]


NOT_SERVICED = "PEPPOL:NOT_SERVICED"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A code of ebMS 3 Core (6.7) or AS4 (5.): its short description, origin and category."""

    short: str
    origin: str
    category: str


MEANINGS = {
    "EBMS:0001": Meaning("ValueNotRecognized", "ebMS", "Content"),
    "EBMS:0002": Meaning("FeatureNotSupported", "ebMS", "Content"),
    "EBMS:0003": Meaning("ValueInconsistent", "ebMS", "Content"),
    "EBMS:0004": Meaning("Other", "ebMS", "Content"),
    "EBMS:0005": Meaning("ConnectionFailure", "ebMS", "Communication"),
    "EBMS:0007": Meaning("MimeInconsistency", "ebMS", "Unpackaging"),
    "EBMS:0008": Meaning("FeatureNotSupported", "ebMS", "Unpackaging"),
    "EBMS:0009": Meaning("InvalidHeader", "ebMS", "Unpackaging"),
    "EBMS:0010": Meaning("ProcessingModeMismatch", "ebMS", "Processing"),
    "EBMS:0011": Meaning("ExternalPayloadError", "ebMS", "Content"),
    "EBMS:0101": Meaning("FailedAuthentication", "security", "Processing"),
    "EBMS:0102": Meaning("FailedDecryption", "security", "Processing"),
    "EBMS:0103": Meaning("PolicyNoncompliance", "security", "Processing"),
    "EBMS:0201": Meaning("DysfunctionalReliability", "reliability", "Processing"),
    "EBMS:0202": Meaning("DeliveryFailure", "reliability", "Communication"),
    "EBMS:0301": Meaning("MissingReceipt", "reliability", "Communication"),
    "EBMS:0302": Meaning("InvalidReceipt", "reliability", "Communication"),
    "EBMS:0303": Meaning("DecompressionFailure", "ebMS", "Communication"),
    "EBMS:4001": Meaning("DuplicateDetected", "ebMS", "Processing"),
}
