"""An envelope as its line in a batch, or why it can have none.

In charge of what a sender's terms, a recipient's number and an invoice must be for the banks, and
of the line's bytes: the same each time, from the envelope alone. Not in charge of who has
registered (`consumers`). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from transports.bank_se import terms as terms_of
from transports.bank_se.identifiers import Fmi, person_of
from transports.bank_se.marking import Unreadable, marked
from transports.bank_se.terms import BadTerms, Terms
from transports.bank_se.wire.batch import Entry, write_entry
from transports.base import Envelope, Recipient, Sender, Verdict


def entry(envelope: Envelope, most_bytes: int) -> bytes | Verdict:
    """The envelope's line in a batch; a verdict where it can have none. `most_bytes` is for the
    document and its files together."""
    terms = settled(envelope.terms, envelope.sender)
    if isinstance(terms, Verdict):
        return terms
    number = person(envelope.recipient, envelope.accepted_at)
    if isinstance(number, Verdict):
        return number
    if faults := terms.faults(envelope.summary):
        return not_payable(faults)
    files = (envelope.document, *envelope.attachments)
    size = sum(len(file.content) for file in files)
    if size > most_bytes:
        text = f"The invoice with its files has {size} bytes; the distributor takes {most_bytes}."
        return Verdict("bank_se.too_large", text, text)
    fmi = Fmi.parse(f"{number}.{envelope.address}")
    try:
        document = marked(envelope.document.content, fmi)
    except Unreadable as error:
        text = f"The document can not be marked for the bank: {error}."
        return Verdict("bank_se.bad_document", text, text)
    return write_entry(Entry(envelope.key, terms.fui, fmi, document, envelope.attachments))


def settled(terms: Mapping[str, Any], sender: Sender) -> Terms | Verdict:
    """The sender's terms; a verdict where they can not be used."""
    if not terms:
        text = (
            "No terms with the banks are set for this company: its FUI and bankgiros have to be "
            "(channels.bank_se)."
        )
        return Verdict("bank_se.no_terms", text, text)
    try:
        found = terms_of.read(terms)
    except BadTerms as error:
        text = f"The company's terms with the banks (channels.bank_se) are not right. {error}"
        return Verdict("bank_se.bad_terms", text, text)
    if sender.organisation_number != found.fui.organisation_number:
        text = (
            "The FUI in the company's terms is another organisation's than the seller's on the "
            "invoice (BT-30)."
        )
        return Verdict("bank_se.other_seller", text, text)
    return found


def person(recipient: Recipient, at: datetime) -> str | Verdict:
    """The recipient in twelve digits; a verdict where that is not known."""
    try:
        found = person_of(recipient, at.date())
        stated = Fmi.parse(recipient.fmi) if recipient.fmi else None
    except ValueError as error:
        text = f"The recipient's personal number or FMI is not right. {error}".rstrip(".") + "."
        return Verdict("bank_se.bad_number", text, text)
    if found is None:
        text = (
            "The banks know recipients by a personal number (delivery.personal_number), and none "
            "is known."
        )
        return Verdict("bank_se.no_number", text, text)
    if stated is not None and stated.person != found:
        text = "The FMI (delivery.fmi) is another person's than the personal number."
        return Verdict("bank_se.bad_number", text, text)
    return found


def not_payable(faults: Sequence[str]) -> Verdict:
    """The verdict on an invoice that the banks could not have paid."""
    text = " ".join(faults)
    return Verdict("bank_se.not_payable", text, text)
