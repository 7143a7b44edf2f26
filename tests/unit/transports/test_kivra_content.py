"""What a recipient gets in Kivra: to whom, how it is paid, what fits."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from pypdf import PdfReader

from tests.contracts.case import NOW, RECIPIENT, envelope, pdf
from transports.base import Account, AccountKind, Envelope, File, Link, Merged
from transports.kivra import terms, wire
from transports.kivra.addressing import number
from transports.kivra.content import Chosen, choose, payment, subject, too_large
from transports.kivra.declined import Declined
from transports.kivra.sandbox.checks import look
from transports.kivra.wire import Who

TENANT = "13443459078e31ba8630e2e9842906c7baf38b131e"
TERMS = terms.read({"tenant": TENANT, "bankgiro": "5050-1055"})
BARE = terms.read({"tenant": TENANT})
TODAY = NOW.date()
BIG = File("stor.pdf", "application/pdf", pdf() + b"\n" * 900_000)


def given(**changes: Any) -> Envelope:
    """An envelope; `changes` are those of its summary."""
    whole = envelope(RECIPIENT, "person", "kivra")
    return replace(whole, summary=replace(whole.summary, **changes), attachments=())


def sent(chosen: Chosen) -> dict[str, Any]:
    """The JSON that goes out, looked at by Kivra's rules first."""
    body = wire.write(chosen.content)
    look(body)
    found: dict[str, Any] = json.loads(body)
    return found


# --- terms ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "starts"),
    [
        ({}, ["tenant is missing"]),
        ({"tenant": "not a key"}, ["tenant is not"]),
        ({"tenant": 7}, ["tenant is not"]),
        ({"tenant": TENANT, "bankgiro": "5050-1056"}, ["bankgiro is not"]),
        ({"tenant": TENANT, "plusgiro": 12}, ["plusgiro is not"]),
        ({"tenant": TENANT, "bankgiro": "50501055", "plusgiro": "4-2"}, ["bankgiro and"]),
        ({"tenant": TENANT, "tenat": ""}, ["tenat is not known"]),
        (
            {"tenant": "", "bankgiro": "1", "colour": True},
            ["tenant is not", "bankgiro is not", "colour is not known"],
        ),
    ],
)
def test_all_that_is_wrong_with_terms_is_told(given: dict[str, Any], starts: list[str]) -> None:
    faults = terms.wrong(given)
    assert len(faults) == len(starts)
    for fault, start in zip(faults, starts, strict=True):
        assert fault.startswith(start)
        assert fault.endswith(".")
    with pytest.raises(ValueError, match=starts[0]):
        terms.read(given)


def test_terms_are_read_without_separators() -> None:
    assert TERMS.account == Account(AccountKind.BANKGIRO, "50501055")
    assert terms.read({"tenant": TENANT.upper()}).tenant == TENANT


# --- to whom ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("personal_number", "orgnr", "found"),
    [
        ("19650503-0004", None, (Who.PERSON, "196505030004")),
        ("650503-0004", None, (Who.PERSON, "196505030004")),
        ("6505030004", "5568402266", (Who.PERSON, "196505030004")),
        (None, "5568402266", (Who.COMPANY, "SE556840226601")),
        (None, "6505030004", (Who.PERSON, "196505030004")),  # a sole trader
    ],
)
def test_people_and_companies_are_known_by_their_numbers(
    personal_number: str | None, orgnr: str | None, found: tuple[Who, str]
) -> None:
    whom = replace(RECIPIENT, personal_number=personal_number, organisation_number=orgnr)
    assert number(whom, TODAY) == found


@pytest.mark.parametrize(
    ("personal_number", "orgnr", "country", "code"),
    [
        (None, None, "SE", "kivra.no_number"),
        (None, "918130047", "NO", "kivra.no_number"),
        ("15108695088", None, "NO", "kivra.bad_number"),
        ("650503-0005", None, "SE", "kivra.bad_number"),
        ("1212121212", None, "SE", "kivra.bad_number"),
    ],
)
def test_a_number_that_can_not_be_asked_for_is_refused_without_saying_it(
    personal_number: str | None, orgnr: str | None, country: str, code: str
) -> None:
    whom = replace(
        RECIPIENT, personal_number=personal_number, organisation_number=orgnr, country=country
    )
    with pytest.raises(Declined) as raised:
        number(whom, TODAY)
    assert raised.value.code == code
    assert not personal_number or personal_number not in str(raised.value)


# --- how it is paid ---------------------------------------------------------------------------


def test_an_invoice_is_paid_to_its_own_giro() -> None:
    other = (
        Account(AccountKind.IBAN, "SE3550000000054910000003"),
        Account(AccountKind.PLUSGIRO, "42"),
        Account(AccountKind.BANKGIRO, "50501055"),
    )
    chosen = choose(given(accounts=other, payment_reference="426523791"), TERMS, shrink=True)
    told = sent(chosen)
    assert told["type"] == "invoice"
    assert told["generated_at"] == "2026-11-21"
    assert told["payment_multiple_options"] == {
        "payable": True,
        "currency": "SEK",
        "method": "2",
        "account": "42",
        "options": [
            {
                "due_date": "2026-12-20",
                "amount": "12345.50",
                "type": "SE_OCR",
                "reference": "426523791",
            }
        ],
    }


@pytest.mark.parametrize(
    ("reference", "kind", "told"),
    [
        ("426523791", "SE_OCR", "426523791"),
        ("42 652 3791", "SE_OCR", "426523791"),
        ("426523792", "TENANT_REF", "426523792"),  # the check digit
        ("Faktura 1001", "TENANT_REF", "Faktura 1001"),
        (None, "TENANT_REF", "1001"),
    ],
)
def test_a_reference_is_an_ocr_or_a_message(reference: str | None, kind: str, told: str) -> None:
    paid = payment(given(payment_reference=reference).summary, TERMS)
    assert paid is not None
    assert (paid.reference_type, paid.reference) == (kind, told)


def test_all_that_keeps_an_invoice_from_being_paid_is_told_at_once() -> None:
    summary = given(currency="EUR", due_date=None, payment_reference="x" * 26).summary
    with pytest.raises(Declined) as raised:
        payment(summary, BARE)
    assert raised.value.code == "kivra.not_payable"
    for part in ("EUR", "BT-9", "BT-84", "BT-83"):
        assert part in str(raised.value)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"credit_note": True}, "letter.creditnotice"),
        ({"amount_due": Decimal("0.99")}, "letter"),
        ({"amount_due": Decimal("-5")}, "letter"),
        ({"amount_due": Decimal("1")}, "invoice"),
        ({"reminder": True}, "invoice.reminder"),
    ],
)
def test_a_content_has_the_type_of_what_it_is(changes: dict[str, Any], kind: str) -> None:
    told = sent(choose(given(**changes), TERMS, shrink=True))
    assert told["type"] == kind
    assert ("payment_multiple_options" in told) == kind.startswith("invoice")


def test_a_company_gets_a_reminder_as_an_invoice() -> None:
    company = replace(RECIPIENT, personal_number=None, organisation_number="5568402266")
    told = sent(choose(replace(given(reminder=True), recipient=company), TERMS, shrink=True))
    assert (told["type"], told["vat_number"]) == ("invoice", "SE556840226601")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "Faktura 1001"),
        ({"credit_note": True}, "Kreditfaktura 1001"),
        ({"reminder": True, "language": "nb"}, "Purring 1001"),
        ({"language": "en"}, "Invoice 1001"),
        ({"number": "1" * 40}, "Faktura"),
        ({"number": "F-121212-1212"}, "Faktura"),  # the recipient's own number
        ({"number": "10\n01"}, "Faktura 10 01"),
    ],
)
def test_a_subject_is_short_and_holds_nothing_personal(changes: dict[str, Any], told: str) -> None:
    assert subject(given(**changes).summary, "191212121212") == told


# --- what fits --------------------------------------------------------------------------------


def test_files_go_each_by_itself_or_merged() -> None:
    extra = (
        File("tid.pdf", "application/pdf", pdf(2)),
        File("bild.png", "image/png", b"\x89PNG"),
    )
    apart = choose(replace(given(), attachments=extra), TERMS, shrink=True)
    names = [part["name"] for part in sent(apart)["parts"]]
    key = given().key.hex[:8]
    assert names == [f"faktura-1001-{key}.pdf", "tid.pdf"]
    (why,) = apart.left_out
    assert why.startswith("bild.png")
    both = Merged(File("faktura-1001.pdf", "application/pdf", pdf(3)), 3, (extra[1],))
    merged = choose(replace(given(), attachments=extra, merged=both), TERMS, shrink=True)
    assert [part["name"] for part in sent(merged)["parts"]] == [f"faktura-1001-{key}.pdf"]
    assert merged.left_out == ("bild.png can not be shown.",)


@pytest.mark.parametrize("merged", [False, True])
def test_attachments_that_do_not_fit_stay_behind_or_all_goes_another_way(merged: bool) -> None:
    large = replace(given(), attachments=(BIG,))
    if merged:
        large = replace(large, merged=Merged(BIG, 2))
    chosen = choose(large, TERMS, shrink=True)
    assert len(sent(chosen)["parts"]) == 1
    assert "stay behind" in chosen.left_out[-1]
    assert too_large(large) == ()
    with pytest.raises(Declined) as raised:
        choose(large, TERMS, shrink=False)
    assert raised.value.code == "kivra.too_large"


def test_the_limit_is_that_of_the_whole_json() -> None:
    """The last PDF that fits, and the first that does not."""
    room = wire.CONTENT_BYTES - len(wire.write(choose(given(), TERMS, shrink=True).content))
    image = given().image
    assert image is not None
    fits = len(image.content) + room // 4 * 3
    for size, there in ((fits, 1), (fits + 6, 0)):
        padded = File(image.name, image.media_type, image.content.ljust(size, b"\n"))
        grown = replace(given(), image=padded)
        try:
            body = wire.write(choose(grown, TERMS, shrink=True).content)
            assert there and len(body) <= wire.CONTENT_BYTES
        except Declined as no:
            assert not there and no.code == "kivra.too_large"


def test_an_invoice_that_does_not_fit_goes_as_a_page_with_its_link() -> None:
    large = replace(given(), image=BIG, attachments=())
    assert too_large(large) == (BIG,)
    with pytest.raises(Declined):
        choose(large, TERMS, shrink=True)
    link = Link("https://invoices.example/d/" + "a" * 43, NOW + timedelta(days=90))
    chosen = choose(replace(large, link=link), TERMS, shrink=True)
    again = choose(replace(large, link=link), TERMS, shrink=True)
    assert wire.write(chosen.content) == wire.write(again.content), "the same on a repeat"
    sent(chosen)
    (part,) = chosen.content.parts
    (page,) = PdfReader(io.BytesIO(part.content)).pages
    text = page.extract_text()
    assert "Åkeri & Söner AB" in text
    assert link.url in text
    (mark,) = page["/Annots"]
    assert mark.get_object()["/A"]["/URI"] == link.url


def test_the_same_envelope_is_the_same_bytes_and_another_is_not() -> None:
    one = wire.write(choose(given(), TERMS, shrink=True).content)
    assert wire.write(choose(given(), TERMS, shrink=True).content) == one
    other = replace(given(), key=envelope(RECIPIENT, "", "anew").key)
    assert (
        look(wire.write(choose(other, TERMS, shrink=True).content)).sameness != look(one).sameness
    )
    later = replace(given(), accepted_at=NOW + timedelta(days=1))
    assert (
        look(wire.write(choose(later, TERMS, shrink=True).content)).sameness == look(one).sameness
    )


# --- what Kivra says --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "header", "body", "code"),
    [
        (400, None, b'{"code": "40044", "short_message": "Invalid OCR"}', 40044),
        (400, None, b'{"code": 40044}', 40044),
        (400, "40044", b"<html>", 40044),
        (400, "50000", b"", 0),
        (400, None, b'{"code": "40\xc3\xa944"}', 0),
        (400, None, b"[" * 100_000, 0),
    ],
)
def test_errors_are_read_with_care(status: int, header: str, body: bytes, code: int) -> None:
    assert wire.read_error(status, header, body).code == code


def test_a_personal_number_in_an_error_is_not_told() -> None:
    body = json.dumps({"short_message": "User 191212121212 or 121212-1212 is gone"}).encode()
    assert wire.read_error(400, None, body).text == "User … or … is gone"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"access_token": ""}',
        b'{"access_token": "a"}',
        b'{"access_token": "a\\n", "expires_in": 1}',
    ],
)
def test_a_token_is_read_with_care(body: bytes) -> None:
    with pytest.raises(wire.Malformed):
        wire.read_token(body)


@pytest.mark.parametrize("body", [b"", b"{}", b'{"list": "191212121212"}', b'{"list": [1]}'])
def test_a_match_is_read_with_care(body: bytes) -> None:
    with pytest.raises(wire.Malformed):
        wire.read_match(body)
