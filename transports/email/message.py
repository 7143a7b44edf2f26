"""An envelope as an e-mail message. Pure: the same envelope gives the same bytes.

In charge of headers, wording and MIME parts. Not in charge of SMTP (`dialogue`).
Source: RFC 5322 (headers), RFC 2045-2047 and 2231 (MIME), RFC 3834 (Auto-Submitted).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from schemas.figures import day, money
from transports.base import Envelope, File, Summary
from transports.email.address import fault, normal
from transports.email.terms import Attachments, Terms


@dataclass(frozen=True, slots=True)
class Style:
    """What is the same for every message of a sender: the address it comes from, what goes with it,
    and the sender's own `terms`, which go before."""

    sender: str
    attach_xml: bool = False
    attachments: Attachments = Attachments.SEPARATE
    terms: Terms = field(default_factory=Terms)

    @property
    def with_xml(self) -> bool:
        """Whether the UBL goes along."""
        wanted = self.terms.attach_xml
        return self.attach_xml if wanted is None else wanted

    @property
    def mode(self) -> Attachments:
        """How the files go."""
        return self.terms.attachments or self.attachments


@dataclass(frozen=True, slots=True)
class Wording:
    """The sentences of one language; `{number}` and `{sender}` are filled in."""

    invoice: str
    credit_note: str
    reminder: str
    greeting: str
    invoice_opening: str
    credit_note_opening: str
    reminder_opening: str
    to_pay: str
    credited: str
    due: str
    reference: str
    attached: str
    attached_xml: str
    linked: str  # `{until}` is a day
    too_large: str
    contact: str


_WORDINGS = {
    "en": Wording(
        invoice="Invoice {number} from {sender}",
        credit_note="Credit note {number} from {sender}",
        reminder="Reminder {number} from {sender}",
        greeting="Hello,",
        invoice_opening="Here is invoice {number} from {sender}.",
        credit_note_opening="Here is credit note {number} from {sender}.",
        reminder_opening="Here is reminder {number} from {sender}.",
        to_pay="Amount due",
        credited="Amount credited",
        due="Due date",
        reference="Payment reference",
        attached="You find it as a PDF in the attachment.",
        attached_xml="You find it as an XML file in the attachment.",
        linked="You find it here until {until}:",
        too_large="It is too large for an e-mail.",
        contact="Questions? Please contact:",
    ),
    "sv": Wording(
        invoice="Faktura {number} från {sender}",
        credit_note="Kreditfaktura {number} från {sender}",
        reminder="Påminnelse {number} från {sender}",
        greeting="Hej,",
        invoice_opening="Här kommer faktura {number} från {sender}.",
        credit_note_opening="Här kommer kreditfaktura {number} från {sender}.",
        reminder_opening="Här kommer påminnelse {number} från {sender}.",
        to_pay="Att betala",
        credited="Krediterat belopp",
        due="Förfallodatum",
        reference="Betalningsreferens",
        attached="Den ligger som PDF i bilagan.",
        attached_xml="Den ligger som XML-fil i bilagan.",
        linked="Du hittar den här till och med {until}:",
        too_large="Den är för stor för ett e-postmeddelande.",
        contact="Frågor? Kontakta gärna:",
    ),
    "nb": Wording(
        invoice="Faktura {number} fra {sender}",
        credit_note="Kreditnota {number} fra {sender}",
        reminder="Purring {number} fra {sender}",
        greeting="Hei,",
        invoice_opening="Her kommer faktura {number} fra {sender}.",
        credit_note_opening="Her kommer kreditnota {number} fra {sender}.",
        reminder_opening="Her kommer purring {number} fra {sender}.",
        to_pay="Å betale",
        credited="Kreditert beløp",
        due="Forfallsdato",
        reference="Betalingsreferanse",
        attached="Du finner den som PDF i vedlegget.",
        attached_xml="Du finner den som XML-fil i vedlegget.",
        linked="Du finner den her til og med {until}:",
        too_large="Den er for stor for en e-post.",
        contact="Spørsmål? Ta gjerne kontakt:",
    ),
}

# Media types that may be sent as they are; message/* and multipart/* must not be base64 (RFC 2045
# 6.4), and anything unheard of is safest as a plain file.
_SENDABLE = frozenset({"application", "audio", "font", "image", "text", "video"})


def files(envelope: Envelope, style: Style) -> tuple[File, ...]:
    """What goes with the message, in order: the image and the attachments, or both as one PDF
    and what stays apart; the XML where wanted."""
    if envelope.image is None and not (style.attach_xml or style.with_xml):
        raise ValueError("the e-mail channel needs the invoice as a PDF: Transport.needs_image")
    # Where people get no image, the XML is all that there is, whatever was settled.
    xml = (envelope.document,) if style.with_xml or envelope.image is None else ()
    if envelope.merged is not None and style.mode is Attachments.MERGED:
        return (envelope.merged.file, *envelope.merged.apart, *xml)
    image = () if envelope.image is None else (envelope.image,)
    return (*image, *envelope.attachments, *xml)


def most_bytes(going: Sequence[File]) -> int:
    """What a message with these files has at most, before it is made."""
    # Base64 makes four characters of three bytes, and 78 bytes of 76 characters.
    encoded = sum((len(file.content) + 2) // 3 * 4 * 78 // 76 for file in going)
    return encoded + len(going) * 2_000 + 32_000  # headers, boundaries, the text, signatures


def compose(envelope: Envelope, style: Style) -> bytes:
    """The message, CRLF line endings, 7-bit ASCII throughout."""
    summary, terms = envelope.summary, style.terms
    company = line(envelope.sender.name)
    shown = line(terms.name or "") or company
    wording = _WORDINGS[summary.language]
    subject = wording.credit_note if summary.credit_note else wording.invoice
    if summary.reminder:
        subject = wording.reminder
    message = EmailMessage(policy=SMTP)
    # The time we took the document on, not the time of the attempt: a retry has the same bytes.
    message["Date"] = format_datetime(envelope.accepted_at)
    message["Message-ID"] = f"<{envelope.key}@{_domain(style.sender)}>"
    message["From"] = Address(shown, addr_spec=normal(terms.sender or style.sender))
    reply_to = terms.reply_to or envelope.sender.reply_to
    if reply_to and not fault(reply_to):
        message["Reply-To"] = Address(shown, addr_spec=normal(reply_to))
    message["To"] = Address(line(envelope.recipient.name), addr_spec=envelope.address)
    message["Subject"] = subject.format(number=line(summary.number), sender=company)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_body(envelope, wording, style), cte="quoted-printable")
    if envelope.link is None:
        # "=_" can occur neither in base64 nor in quoted-printable (RFC 2045 6.7).
        message.make_mixed(boundary=f"=_{envelope.key.hex}")
        for file in files(envelope, style):
            _attach(message, file)
    return message.as_bytes()


def _body(envelope: Envelope, wording: Wording, style: Style) -> str:
    terms = style.terms
    contact = terms.contact.lines() if terms.contact else envelope.sender.contact
    summary, company = envelope.summary, line(envelope.sender.name)
    opening = wording.credit_note_opening if summary.credit_note else wording.invoice_opening
    if summary.reminder:
        opening = wording.reminder_opening
    return "\n".join(
        [
            wording.greeting,
            "",
            opening.format(number=line(summary.number), sender=company),
            *_where(envelope, wording, style),
            "",
            *([_lines(terms.note), ""] * bool(terms.note)),
            *(f"{name}: {value}" for name, value in _facts(summary, wording)),
            "",
            *([wording.contact, _lines(contact), ""] * bool(contact)),
            company,
            "",
        ]
    )


def _where(envelope: Envelope, wording: Wording, style: Style) -> list[str]:
    link = envelope.link
    if link is None:
        return [wording.attached if envelope.image else wording.attached_xml]
    # The day before it ends: it opens all through the day that is named.
    last = day(link.until.date() - timedelta(days=1), envelope.summary.language)
    linked = wording.linked.format(until=last)
    if style.mode is not Attachments.LINK:
        linked = f"{wording.too_large} {linked}"
    return [linked, "", link.url]


def _facts(summary: Summary, wording: Wording) -> list[tuple[str, str]]:
    due = money(summary.amount_due, summary.currency, summary.language)
    facts = [(wording.credited if summary.credit_note else wording.to_pay, due)]
    if summary.due_date and not summary.credit_note:
        facts.append((wording.due, day(summary.due_date, summary.language)))
    if summary.payment_reference:
        facts.append((wording.reference, line(summary.payment_reference)))
    return facts


def _attach(message: EmailMessage, file: File) -> None:
    maintype, _, subtype = file.media_type.partition(";")[0].strip().lower().partition("/")
    if maintype not in _SENDABLE or not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", subtype):
        maintype, subtype = "application", "octet-stream"
    message.add_attachment(
        file.content, maintype=maintype, subtype=subtype, filename=line(file.name)
    )


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def line(text: str) -> str:
    """One line without control and format characters: nothing can start a header of its own."""
    safe = "".join(
        " " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text
    )
    return " ".join(safe.split())


def _lines(text: str | None) -> str:
    return "\n".join(map(line, (text or "").splitlines()))
