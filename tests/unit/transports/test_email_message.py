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

from transports.base import Envelope, File, Link, Merged, Recipient, Sender, Summary
from transports.email.message import Style, compose, most_bytes
from transports.email.terms import Attachments, Terms, read

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


# --- by the sender's terms ----------------------------------------------------------------------


MERGED = replace(
    ENVELOPE,
    merged=Merged(
        File("faktura.pdf", "application/pdf", b"%PDF-both"), 3, apart=(ENVELOPE.attachments[1],)
    ),
)
LINKED = replace(
    ENVELOPE, link=Link("https://bills.example/d/x", datetime(2027, 2, 20, tzinfo=UTC))
)


def with_terms(**terms: object) -> Style:
    return replace(STYLE, terms=read(terms))


def names(envelope: Envelope, style: Style) -> list[str | None]:
    return [part.get_filename() for part in parsed(envelope, style).iter_attachments()]


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, ["faktura.pdf", "ritning å.pdf", "brev.eml"]),
        ({"attach_xml": True}, ["faktura.pdf", "ritning å.pdf", "brev.eml", "1001.xml"]),
        ({"attachments": "merged"}, ["faktura.pdf", "brev.eml"]),
        ({"attachments": "merged", "attach_xml": True}, ["faktura.pdf", "brev.eml", "1001.xml"]),
    ],
)
def test_the_sender_says_how_its_files_go(terms: dict[str, object], expected: list[str]) -> None:
    assert names(MERGED, with_terms(**terms)) == expected


def test_the_senders_word_goes_before_the_channels() -> None:
    merged = replace(STYLE, attachments=Attachments.MERGED, attach_xml=True)
    assert names(MERGED, merged) == ["faktura.pdf", "brev.eml", "1001.xml"]
    own = replace(merged, terms=read({"attachments": "separate", "attach_xml": False}))
    assert names(MERGED, own) == ["faktura.pdf", "ritning å.pdf", "brev.eml"]


def test_without_an_image_the_xml_goes_whatever_was_settled() -> None:
    without = replace(ENVELOPE, image=None, attachments=())
    channel = replace(STYLE, attach_xml=True, terms=read({"attach_xml": False}))
    assert names(without, channel) == ["1001.xml"]


@pytest.mark.parametrize(
    ("language", "sentence", "reason"),
    [
        ("en", "You find it here until 19", "too large"),
        ("sv", "Du hittar den här till och med", "för stor"),
        ("nb", "Du finner den her til og med", "for stor"),
    ],
)
def test_a_link_that_is_wanted_needs_no_reason(language: str, sentence: str, reason: str) -> None:
    linked = replace(LINKED, summary=in_language(language).summary)
    wanted, needed = (
        body(parsed(linked, style)) for style in (with_terms(attachments="link"), STYLE)
    )
    for text in (wanted, needed):
        assert sentence in text
        assert "https://bills.example/d/x" in text
    assert reason in needed and reason not in wanted
    assert names(LINKED, with_terms(attachments="link")) == []


def test_whom_it_comes_from_and_answers_go_to() -> None:
    style = with_terms(
        sender="Faktura@Åkeri.example",
        name="Åkeriet\r\nBcc: x@y.example",
        reply_to="kund@a.example",
    )
    message = parsed(ENVELOPE, style)
    assert message["From"] == "Åkeriet Bcc: x@y.example <Faktura@xn--keri-poa.example>".replace(
        "Åkeriet Bcc: x@y.example", '"Åkeriet Bcc: x@y.example"'
    )
    assert message["Reply-To"].addresses[0].addr_spec == "kund@a.example"
    assert message["Bcc"] is None
    assert message["Message-ID"] == f"<{KEY}@gateway.example>", "the gateway knows it again"
    assert message["Subject"] == "Faktura 1001 från Åkeri & Söner AB", "who has made the invoice"


def test_a_note_and_a_contact_stand_in_every_message() -> None:
    style = with_terms(
        note="Vi har bytt bankgiro.\r\nSe fakturan.",
        contact={"name": "Bo Ek", "email": "bo@akeri.example", "phone": "08-765 43 21"},
    )
    text = body(parsed(ENVELOPE, style))
    assert "Vi har bytt bankgiro.\nSe fakturan.\n" in text
    assert "Kontakta gärna:\nBo Ek\nbo@akeri.example\n08-765 43 21\n" in text
    assert "Åsa Öberg" not in text
    assert text.index("bankgiro") < text.index("Att betala") < text.index("Bo Ek")


@given(
    sizes=st.lists(st.integers(0, 20_000), min_size=1, max_size=5),
    note=st.text(max_size=2000),
    name=st.text(max_size=100),
)
@settings(max_examples=30)
def test_a_message_is_never_larger_than_was_reckoned(
    sizes: list[int], note: str, name: str
) -> None:
    going = [File(f"{n}.pdf", "application/pdf", b"x" * size) for n, size in enumerate(sizes)]
    terms = Terms(note=note or None, name=name or None)
    one = replace(ENVELOPE, image=going[0], attachments=tuple(going[1:]))
    made = compose(one, replace(STYLE, terms=terms))
    assert len(made) <= most_bytes(going)
