"""Whose address a mail came to."""

from __future__ import annotations

import pytest

from gateway.mail_in.addresses import (
    Addressed,
    Addresses,
    Use,
    address,
    is_one_of,
    sender,
    tokens,
)
from gateway.mail_in.mails import understood
from gateway.mail_in.suppliers import documents
from gateway.store.port import Company
from tests.contracts.case import INVOICE, pdf
from transports.base import File
from transports.email.parts import headers

A, B = "a" * 16, "b" * 16
KNOWN = Addresses(
    "In.Example",
    {Use.INBOX: "invoice", Use.HAND_IN: "send"},
    {A: "com_a", B: "com_b"},
    {"faktura@a.example": "com_a"},
)
INBOX_A = Addressed("com_a", Use.INBOX)


def of(block: str) -> list[Addressed]:
    return list(KNOWN.of(headers(block.encode())))


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        (f"To: Vi <Invoice+{A.upper()}@IN.example>", [INBOX_A]),
        (f"To: x@y.example\r\nCc: send+{B}@in.example", [Addressed("com_b", Use.HAND_IN)]),
        ("Delivered-To: documents@in.example\r\nTo: Faktura@A.example", [INBOX_A]),
        (f"Delivered-To: invoice+{A}@in.example\r\nTo: send+{B}@in.example", [INBOX_A]),
        (f"To: invoice+{A}@in.example, invoice+{A}@in.example", [INBOX_A]),
        (
            f"To: invoice+{A}@in.example, invoice+{B}@in.example",
            [INBOX_A, Addressed("com_b", Use.INBOX)],
        ),
        (f"To: invoice+{'c' * 16}@in.example", []),
        (f"To: other+{A}@in.example", []),
        (f"To: invoice+{A}@out.example", []),
        (f"To: {A}@in.example, invoice@in.example", []),
        (f"Subject: invoice+{A}@in.example", []),
        ("", []),
    ],
)
def test_addresses_are_found_where_servers_note_them(block: str, expected: list[Addressed]) -> None:
    assert of(block) == expected


def test_tokens_are_those_of_the_companies() -> None:
    one = Company("com_a", "A", "SE", (), {"mail_in": {"token": A}})
    none = Company("com_b", "B", "SE", (), {})
    odd = Company("com_c", "C", "SE", (), {"mail_in": {"token": ""}})
    assert tokens([one, none, odd]) == {A: "com_a"}
    assert address("in.example", "invoice", A) == f"invoice+{A}@in.example"


def test_senders_are_addresses_or_domains() -> None:
    assert sender(" ERP@Kund.example ") == "erp@kund.example"
    assert sender("@Kund.example") == "@kund.example"
    for wrong in ("kund.example", "@", "a@", "a b@kund.example"):
        with pytest.raises(ValueError):
            sender(wrong)
    assert is_one_of("Erp@Kund.example", ["erp@kund.example"])
    assert is_one_of("any@kund.example", ["@kund.example"])
    assert not is_one_of("any@sub.kund.example", ["@kund.example"])
    assert not is_one_of("erp@kund.example.evil", ["@kund.example", "erp@kund.example"])


def test_a_copy_by_another_way_is_the_same_mail() -> None:
    mail = b"Message-ID: <1@x>\r\nSubject: =?utf-8?q?=C3=A5?=\r\n\r\nbody"
    first = understood(b"Received: a\r\n" + mail)
    assert first.id == understood(b"Received: b\r\nDelivered-To: c\r\n" + mail).id
    assert first.id != understood(mail + b"!").id
    assert first.id != understood(mail.replace(b"<1@x>", b"<2@x>")).id
    assert first.subject == "å"


@pytest.mark.parametrize(
    "subject", [b"=?utf-8?q?a=0D=0ABcc:_x?=", b"=?x?q?a?=", b"=?utf-8?b?!!!?=", b"", b"\xff\xfe"]
)
def test_a_subject_is_one_line(subject: bytes) -> None:
    told = understood(b"Subject: " + subject + b"\r\n\r\n").subject
    assert told and told.isprintable()


def files(**named: bytes) -> list[File]:
    return [File(name.replace("_", "."), "x/y", content) for name, content in named.items()]


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ({"a_xml": INVOICE, "b_pdf": pdf()}, [["a.xml", "b.pdf"]]),
        (
            {"a_xml": INVOICE, "b_xml": INVOICE + b" ", "a_pdf": pdf(), "c_png": b"x"},
            [["a.xml", "a.pdf", "c.png"], ["b.xml", "c.png"]],
        ),
        ({"a_pdf": pdf(), "b_pdf": pdf(2)}, [["a.pdf"], ["b.pdf"]]),
        ({"a_pdf": pdf(), "b_png": b"x"}, [["a.pdf", "b.png"]]),
        ({"a_jpg": b"x", "b_jpg": b"y"}, [["a.jpg", "b.jpg"]]),
        ({}, []),
    ],
)
def test_whatever_can_be_an_invoice_is_one(
    named: dict[str, bytes], expected: list[list[str]]
) -> None:
    found = documents(files(**named))
    assert [[main.name, *(one.name for one in beside)] for main, beside in found] == expected
