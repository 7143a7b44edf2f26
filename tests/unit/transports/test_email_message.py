from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transports.base import Envelope, File, Recipient, Sender, Summary
from transports.email.message import Style, compose

STYLE = Style("faktura@gateway.example")
KEY = UUID("8a6e0804-2bd0-5672-b79d-d97027f9071a")
ENVELOPE = Envelope(
    key=KEY,
    document_id="doc_1",
    sender=Sender(
        company_id="cmp_1",
        name="Åkeri & Söner AB",
        country="SE",
        reply_to="faktura@åkeri.example",
        contact="Åsa Öberg\n08-123 45 67",
    ),
    recipient=Recipient("Bageri Ägget AB", "SE"),
    address="anna@bageri.example",
    summary=Summary(
        number="1001",
        credit_note=False,
        issue_date=date(2026, 11, 20),
        due_date=date(2026, 12, 20),
        amount_due=Decimal("12345.5"),
        currency="SEK",
        language="sv",
        payment_reference="1001004",
    ),
    accepted_at=datetime(2026, 11, 21, 8, 30, tzinfo=UTC),
    document=File("1001.xml", "application/xml", b"<Invoice/>"),
    image=File("faktura.pdf", "application/pdf", b"%PDF-image"),
    attachments=(
        File("ritning å.pdf", "application/pdf", b"%PDF-drawing"),
        File("brev.eml", "message/rfc822", b"Subject: x\n\n"),
    ),
)


def parsed(envelope: Envelope, style: Style = STYLE) -> EmailMessage:
    message = email.message_from_bytes(compose(envelope, style), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def body(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content()).replace("\N{NO-BREAK SPACE}", " ").replace("\r\n", "\n")


def in_language(language: str, **changes: object) -> Envelope:
    return replace(ENVELOPE, summary=replace(ENVELOPE.summary, language=language, **changes))


def test_the_headers() -> None:
    message = parsed(ENVELOPE)
    assert message["From"] == "Åkeri & Söner AB <faktura@gateway.example>"
    assert message["Reply-To"] == "Åkeri & Söner AB <faktura@xn--keri-poa.example>"
    assert message["To"] == "Bageri Ägget AB <anna@bageri.example>"
    assert message["Subject"] == "Faktura 1001 från Åkeri & Söner AB"
    assert message["Date"].datetime == ENVELOPE.accepted_at
    assert message["Message-ID"] == f"<{KEY}@gateway.example>"
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_body_says_what_to_pay_and_whom_to_ask() -> None:
    assert body(parsed(ENVELOPE)) == (
        "Hej,\n"
        "\n"
        "Här kommer faktura 1001 från Åkeri & Söner AB.\n"
        "Den ligger som PDF i bilagan.\n"
        "\n"
        "Att betala: 12 345,50 SEK\n"
        "Förfallodatum: 2026-12-20\n"
        "Betalningsreferens: 1001004\n"
        "\n"
        "Frågor? Kontakta gärna:\n"
        "Åsa Öberg\n"
        "08-123 45 67\n"
        "\n"
        "Åkeri & Söner AB\n"
    )


@pytest.mark.parametrize(
    ("language", "subject", "amount", "due"),
    [
        ("en", "Invoice 1001 from", "Amount due: SEK 12,345.50", "Due date: 20 Dec 2026"),
        ("sv", "Faktura 1001 från", "Att betala: 12 345,50 SEK", "Förfallodatum: 2026-12-20"),
        ("nb", "Faktura 1001 fra", "Å betale: 12 345,50 SEK", "Forfallsdato: 20.12.2026"),
    ],
)
def test_each_language(language: str, subject: str, amount: str, due: str) -> None:
    message = parsed(in_language(language))
    assert message["Subject"].startswith(subject)
    assert amount in body(message)
    assert due in body(message)


@pytest.mark.parametrize(
    ("language", "subject", "amount"),
    [
        ("en", "Credit note 1001 from", "Amount credited: SEK 12,345.50"),
        ("sv", "Kreditfaktura 1001 från", "Krediterat belopp: 12 345,50 SEK"),
        ("nb", "Kreditnota 1001 fra", "Kreditert beløp: 12 345,50 SEK"),
    ],
)
def test_a_credit_note_asks_for_no_payment(language: str, subject: str, amount: str) -> None:
    message = parsed(in_language(language, credit_note=True))
    assert message["Subject"].startswith(subject)
    assert amount in body(message)
    assert "2026" not in body(message)


@pytest.mark.parametrize(
    ("language", "subject", "opening"),
    [
        ("en", "Reminder 1001 from", "Here is reminder 1001"),
        ("sv", "Påminnelse 1001 från", "Här kommer påminnelse 1001"),
        ("nb", "Purring 1001 fra", "Her kommer purring 1001"),
    ],
)
def test_a_reminder_says_that_it_is_one(language: str, subject: str, opening: str) -> None:
    message = parsed(in_language(language, reminder=True))
    assert message["Subject"].startswith(subject)
    assert opening in body(message)


def test_what_is_not_known_is_not_mentioned() -> None:
    envelope = replace(
        in_language("sv", due_date=None, payment_reference=None),
        sender=replace(ENVELOPE.sender, contact=None, reply_to=None),
    )
    message = parsed(envelope)
    assert message["Reply-To"] is None
    for word in ("Förfallodatum", "Betalningsreferens", "Frågor", "None"):
        assert word not in body(message)


def test_a_reply_address_that_is_none_is_left_out() -> None:
    sender = replace(ENVELOPE.sender, reply_to="fråga Anna")
    assert parsed(replace(ENVELOPE, sender=sender))["Reply-To"] is None


def test_the_image_comes_first_then_the_attachments() -> None:
    parts = list(parsed(ENVELOPE).iter_attachments())
    assert [part.get_filename() for part in parts] == ["faktura.pdf", "ritning å.pdf", "brev.eml"]
    assert [part.get_payload(decode=True) for part in parts] == [
        b"%PDF-image",
        b"%PDF-drawing",
        b"Subject: x\n\n",
    ]
    # A message within base64 is not allowed (RFC 2045 6.4), so it goes as a file.
    assert [part.get_content_type() for part in parts] == [
        "application/pdf",
        "application/pdf",
        "application/octet-stream",
    ]


def test_the_xml_goes_along_where_it_is_wanted() -> None:
    parts = list(parsed(ENVELOPE, replace(STYLE, attach_xml=True)).iter_attachments())
    assert parts[-1].get_filename() == "1001.xml"
    assert parts[-1].get_content_type() == "application/xml"
    assert parts[-1].get_payload(decode=True) == b"<Invoice/>"


def test_the_same_envelope_is_the_same_bytes() -> None:
    assert compose(ENVELOPE, STYLE) == compose(replace(ENVELOPE), STYLE)
    assert compose(ENVELOPE, STYLE) != compose(replace(ENVELOPE, key=UUID(int=1)), STYLE)


def test_it_fits_every_mail_server() -> None:
    content = compose(ENVELOPE, STYLE)
    content.decode("ascii")
    assert b"\r\n" in content
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert content.endswith(b"\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 998  # RFC 5322 2.1.1


HEADERS = {
    "Date",
    "Message-ID",
    "From",
    "Reply-To",
    "To",
    "Subject",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
}
NASTY = st.text(
    st.one_of(st.characters(), st.sampled_from('\r\n\x00\t\x0b\x85\u2028\u202e",;:<>@=?_\\ åÄ')),
    max_size=120,
)


@settings(max_examples=300)
@given(name=NASTY, recipient=NASTY, number=NASTY, filename=NASTY, contact=NASTY, reference=NASTY)
def test_no_text_can_add_a_header_or_a_part(
    name: str, recipient: str, number: str, filename: str, contact: str, reference: str
) -> None:
    envelope = replace(
        ENVELOPE,
        sender=replace(ENVELOPE.sender, name=name, contact=contact),
        recipient=replace(ENVELOPE.recipient, name=recipient),
        summary=replace(ENVELOPE.summary, number=number, payment_reference=reference),
        attachments=(File(filename, "application/pdf", b"%PDF"),),
    )
    content = compose(envelope, STYLE)
    content.decode("ascii")
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert set(message.keys()) == HEADERS
    assert len(message.keys()) == len(HEADERS)
    assert [a.addr_spec for a in message["To"].addresses] == ["anna@bageri.example"]
    assert [a.addr_spec for a in message["From"].addresses] == ["faktura@gateway.example"]
    assert len(list(message.iter_parts())) == 3
    assert message.get_body(("plain",)) is not None


BODIES = ["--=_8a6e08042bd05672b79dd97027f9071a--", ".\r\n.", "\r\n.\r\nMAIL FROM:<x@y.example>"]


@pytest.mark.parametrize("text", BODIES)
def test_no_text_ends_the_message(text: str) -> None:
    envelope = replace(ENVELOPE, sender=replace(ENVELOPE.sender, contact=text))
    message = parsed(envelope)
    assert len(list(message.iter_attachments())) == 3
    assert body(message).endswith("\nÅkeri & Söner AB\n")


def test_without_image_there_is_no_message() -> None:
    with pytest.raises(ValueError, match="needs_image"):
        compose(replace(ENVELOPE, image=None), STYLE)
