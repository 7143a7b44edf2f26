"""What a recipient gets in Kivra, out of an envelope. Pure: the same envelope, the same bytes.

In charge of type, subject, payment and files. Not in charge of their JSON (`wire`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from schemas.identifiers import Kind, check
from transports.base import Account, AccountKind, Envelope, File, Summary
from transports.kivra import notice, wire
from transports.kivra.addressing import number
from transports.kivra.declined import Declined
from transports.kivra.terms import Terms
from transports.kivra.wire import Content, Part, Payment, ReferenceType, Type, Who

PDF: Final = "application/pdf"

# Kivra shows 30 to 35 characters of it.
SUBJECT_LENGTH: Final = 35

# Less can not be paid in Kivra.
LEAST_AMOUNT: Final = Decimal(1)

# A PDF that is larger can not go with the rest of its content: base64 makes 4 bytes of 3.
PDF_BYTES: Final = (wire.CONTENT_BYTES - 4_000) // 4 * 3

_GIROS = (AccountKind.BANKGIRO, AccountKind.PLUSGIRO)

# Invoice, credit note, reminder.
_WORDS: Final = {
    "en": ("Invoice", "Credit note", "Reminder"),
    "sv": ("Faktura", "Kreditfaktura", "Påminnelse"),
    "nb": ("Faktura", "Kreditnota", "Purring"),
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A content that fits. `left_out` says in a sentence each which file is not in it, and why."""

    content: Content
    left_out: tuple[str, ...] = ()


def payment(summary: Summary, terms: Terms) -> Payment | None:
    """How an invoice is paid; None where nothing is to be paid. Raises Declined.

    Kivra demands a payment of every invoice; one without would not be seen as to be paid.
    """
    if summary.credit_note or summary.amount_due < LEAST_AMOUNT:
        return None
    account = _account(summary, terms)
    reference = re.sub(r"\s", "", summary.payment_reference or "")
    ocr = reference.isdigit() and check(Kind.SE_OCR, reference)
    free = (summary.payment_reference or summary.number).strip()
    missing = []
    if summary.currency != "SEK":
        missing.append(f"it is in {summary.currency}, and in Kivra SEK are paid")
    if summary.due_date is None:
        missing.append("it has no due date (BT-9)")
    if account is None:
        missing.append("it names no bankgiro or plusgiro (BT-84), nor do the sender's terms")
    if not ocr and len(free) > wire.REFERENCE_LENGTH:
        longest = wire.REFERENCE_LENGTH
        missing.append(f"its payment reference (BT-83) is longer than {longest} characters")
    if missing or account is None or summary.due_date is None:
        text = f"The invoice can not be paid in Kivra: {'; '.join(missing)}."
        raise Declined("kivra.not_payable", text)
    return Payment(
        method=account.kind,
        account=account.number,
        due_date=summary.due_date,
        amount=summary.amount_due,
        reference_type=ReferenceType.OCR if ocr else ReferenceType.FREE,
        reference=reference if ocr else free,
    )


def _account(summary: Summary, terms: Terms) -> Account | None:
    return next((one for one in summary.accounts if one.kind in _GIROS), terms.account)


def subject(summary: Summary, who_number: str) -> str:
    """What the inbox shows. It may hold nothing personal, which an invoice's number might."""
    invoice, credit_note, reminder = _WORDS[summary.language]
    word = credit_note if summary.credit_note else reminder if summary.reminder else invoice
    whole = f"{word} {' '.join(summary.number.split())}"
    personal = who_number[-10:] in re.sub(r"\D", "", summary.number)
    return word if personal or len(whole) > SUBJECT_LENGTH else whole


def choose(envelope: Envelope, terms: Terms, *, shrink: bool) -> Chosen:
    """The content of an envelope. `shrink`: files that do not fit stay behind, and where the
    invoice itself does not, its link goes. Raises Declined."""
    assert envelope.image is not None, "needs_image"
    if envelope.link is not None:
        return Chosen(_content(envelope, terms, (notice.page(envelope),)))
    whole, left_out = _files(envelope)
    everything = _content(envelope, terms, _parts(envelope, whole))
    size = _size(everything)
    if size <= wire.CONTENT_BYTES:
        return Chosen(everything, left_out)
    alone = _content(envelope, terms, _parts(envelope, [envelope.image]))
    if not shrink or _size(alone) > wire.CONTENT_BYTES:
        size = size if not shrink else _size(alone)
        text = f"It would be {size:,} bytes; Kivra takes {wire.CONTENT_BYTES:,}, files in base64."
        raise Declined("kivra.too_large", text)
    behind = "The attachments do not fit into the megabyte that Kivra takes, and stay behind."
    return Chosen(alone, (*left_out, behind))


def too_large(envelope: Envelope) -> tuple[File, ...]:
    """The files that would have to go, where not even the invoice alone fits."""
    assert envelope.image is not None, "needs_image"
    if len(envelope.image.content) <= PDF_BYTES:
        return ()
    return (envelope.image, *envelope.attachments)


def _content(envelope: Envelope, terms: Terms, parts: tuple[Part, ...]) -> Content:
    summary = envelope.summary
    who, of = number(envelope.recipient, envelope.accepted_at.date())
    paid = payment(summary, terms)
    return Content(
        who=who,
        number=of,
        subject=subject(summary, of),
        type=_type(summary, who, paid),
        generated_at=envelope.accepted_at.date(),
        parts=parts,
        payment=paid,
    )


def _type(summary: Summary, who: Who, paid: Payment | None) -> Type:
    if summary.credit_note:
        return Type.CREDIT_NOTE
    if paid is None:  # an invoice without a payment is not taken as one
        return Type.LETTER
    return Type.REMINDER if summary.reminder and who is Who.PERSON else Type.INVOICE


def _files(envelope: Envelope) -> tuple[Sequence[File], tuple[str, ...]]:
    assert envelope.image is not None
    if envelope.merged is not None:
        apart = envelope.merged.apart
        return [envelope.merged.file], tuple(f"{file.name} can not be shown." for file in apart)
    shown = [file for file in envelope.attachments if file.media_type == PDF]
    other = [file for file in envelope.attachments if file.media_type != PDF]
    left_out = tuple(f"{file.name} is not a PDF, and Kivra takes nothing else." for file in other)
    return [envelope.image, *shown], left_out


def _parts(envelope: Envelope, files: Sequence[File]) -> tuple[Part, ...]:
    """The files, the first of which has the envelope's key in its name: Kivra takes two contents
    that are the same for one, and an invoice that is sent anew is meant to arrive."""
    first, *others = files
    stem, dot, ending = first.name.rpartition(".")
    name = f"{stem}-{envelope.key.hex[:8]}{dot}{ending}"
    return (Part(name, first.content), *(Part(file.name, file.content) for file in others))


def _size(content: Content) -> int:
    """The bytes of its JSON, without making them: files may be large."""
    bare = Content(
        *(content.who, content.number, content.subject, content.type, content.generated_at),
        parts=tuple(Part(part.name, b"") for part in content.parts),
        payment=content.payment,
    )
    return len(wire.write(bare)) + sum(_encoded(len(part.content)) for part in content.parts)


def _encoded(size: int) -> int:
    return (size + 2) // 3 * 4
