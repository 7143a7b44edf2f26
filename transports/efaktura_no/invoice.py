"""The invoice as MPS gets it: made of an envelope, and what keeps one from going there. Pure.

In charge of what MPS demands of an invoice. Not in charge of the recipient (`people`).
Sources: AvtaleGiro, system specification 3.3 section 4 (KID); efaktura.no, developer documentation.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final
from uuid import UUID

from schemas.identifiers import Kind, check
from transports.base import Account, AccountKind, Envelope, File, Sender, Summary, Verdict
from transports.efaktura_no.terms import Terms
from transports.efaktura_no.wire.invoices import LONGEST_NUMBER, DocumentType, Invoice

# A consignment's number has 11 digits at most, so that two keys may come to the same: in a million
# invoices a handful will. Then the next number of a key is taken.
NUMBERS_OF_A_KEY: Final = 3


def consignments(key: UUID) -> tuple[str, ...]:
    """The numbers under which an envelope may be handed over, in the order they are tried."""
    return tuple(_number(key, n) for n in range(NUMBERS_OF_A_KEY))


def _number(key: UUID, n: int) -> str:
    digest = sha256(key.bytes + n.to_bytes(1)).digest()
    return str(10**10 + int.from_bytes(digest[:16]) % (9 * 10**10))


def document_type(summary: Summary) -> DocumentType:
    """What kind of document it is to MPS."""
    if summary.credit_note:
        return DocumentType.CREDIT_NOTE
    return DocumentType.REMINDER if summary.reminder else DocumentType.INVOICE


def unfit(
    sender: Sender, summary: Summary, terms: Terms, *, supposed: bool = False
) -> Verdict | None:
    """Why the document can not go as eFaktura, all of it under the first fault's code; None where
    nothing keeps it. Of one that is only `supposed` nothing but its sender is looked at."""
    faults = list(_of_sender(sender) if supposed else _faults(sender, summary, terms))
    if not faults:
        return None
    text = " ".join(text for _, text in faults)
    return Verdict(faults[0][0], text, text)


def _of_sender(sender: Sender) -> Iterator[tuple[str, str]]:
    number = sender.organisation_number
    if sender.country != "NO" or number is None or not check(Kind.NO_ORGNR, number):
        yield (
            "efaktura_no.no_organisation_number",
            "The seller has no Norwegian organisation number (BT-30).",
        )


def _faults(sender: Sender, summary: Summary, terms: Terms) -> Iterator[tuple[str, str]]:
    yield from _of_sender(sender)
    if len(summary.number) > LONGEST_NUMBER:
        yield (
            "efaktura_no.number_too_long",
            f"The invoice number (BT-1) has more than {LONGEST_NUMBER} characters.",
        )
    if summary.currency != "NOK":
        yield (
            "efaktura_no.not_in_kroner",
            f"The currency (BT-5) is {summary.currency}; eFaktura is paid in NOK.",
        )
    if summary.amount_due < 0:
        yield (
            "efaktura_no.negative_amount",
            "The amount due (BT-115) is negative; send a credit note instead.",
        )
    if summary.due_date is None and not summary.credit_note:
        yield "efaktura_no.no_due_date", "The invoice has no due date (BT-9)."
    stated = [_norwegian(account) for account in summary.accounts]
    if stated and terms.account not in stated:
        yield (
            "efaktura_no.other_account",
            "The invoice is to be paid to another account (BT-84) than the one in your terms with "
            "eFaktura.",
        )
    if summary.payment_reference or not summary.credit_note:
        for text in terms.kid.faults(summary.payment_reference):
            yield "efaktura_no.wrong_kid", f"Payment reference (BT-83): {text}"


def _norwegian(account: Account) -> str | None:
    """An account's eleven digits; a Norwegian IBAN is `NO`, two check digits and these."""
    if account.kind is AccountKind.NORWEGIAN:
        return account.number
    if account.kind is AccountKind.IBAN and account.number.startswith("NO"):
        return account.number[4:]
    return None


def picture(envelope: Envelope) -> File | None:
    """The PDF that goes along: with the attachments merged into it, where that could be made."""
    return envelope.merged.file if envelope.merged is not None else envelope.image


def left_behind(envelope: Envelope) -> tuple[File, ...]:
    """The attachments that are not in the PDF, where no link goes instead."""
    if envelope.link is not None:
        return ()
    return envelope.merged.apart if envelope.merged is not None else envelope.attachments


def invoice(envelope: Envelope, terms: Terms, consignment: str) -> Invoice:
    """What is handed over. The same envelope and terms, the same invoice."""
    summary, number = envelope.summary, envelope.sender.organisation_number
    assert number is not None, "it is not unfit"
    pdf = picture(envelope)
    link = envelope.link
    return Invoice(
        message=str(envelope.key),
        consignment=consignment,
        organisation_number=number,
        number=summary.number,
        recipient=envelope.address,
        document_type=document_type(summary),
        kid=summary.payment_reference,
        account=terms.account,
        amount=summary.amount_due,
        issued=summary.issue_date,
        due=summary.due_date,
        pdf=None if link is not None or pdf is None else pdf.content,
        url=None if link is None else link.url,
    )
