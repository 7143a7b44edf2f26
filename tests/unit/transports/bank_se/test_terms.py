"""A company's terms with the channel: read, checked, and held against an invoice."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from schemas.references import OcrLevel
from transports.bank_se.terms import BadTerms, CustomerNumber, read, wrong
from transports.base import Account, AccountKind, Summary

TERMS: dict[str, Any] = {
    "fui": "005560169095.00002222222.FSPA.SE",
    "bankgiros": [
        {"number": "5050-1055", "ocr": "hard"},
        {"number": "991-2346", "ocr": "fixed_length", "lengths": [8, 10]},
        {"number": "5805-6201", "ocr": "length_digit"},
        {"number": "9900002", "ocr": "soft"},
    ],
}
INVOICE = Summary(
    number="1001",
    credit_note=False,
    issue_date=date(2026, 11, 20),
    due_date=date(2026, 12, 20),
    amount_due=Decimal("100.00"),
    currency="SEK",
    language="sv",
    payment_reference="426523791",
    accounts=(Account(AccountKind.IBAN, "SE35"), Account(AccountKind.BANKGIRO, "50501055")),
)


def to(bankgiro: str, reference: str | None) -> Summary:
    accounts = (Account(AccountKind.BANKGIRO, bankgiro),)
    return replace(INVOICE, accounts=accounts, payment_reference=reference)


# --- the terms --------------------------------------------------------------------------------


def test_terms_that_are_right() -> None:
    terms = read(TERMS)
    assert str(terms.fui) == TERMS["fui"]
    assert {number: control.level for number, control in terms.bankgiros.items()} == {
        "50501055": OcrLevel.HARD,
        "9912346": OcrLevel.FIXED_LENGTH,
        "58056201": OcrLevel.LENGTH_DIGIT,
        "9900002": OcrLevel.SOFT,
    }
    assert terms.accept_registrations
    assert not terms.trust_fmi
    assert terms.customer_number is None
    assert wrong(TERMS) == ()


def test_all_that_may_be_said() -> None:
    more = {"accept_registrations": False, "trust_fmi": True}
    number = {"least": 5, "most": 8, "check_digit": True}
    terms = read({**TERMS, **more, "customer_number": number})
    assert (terms.accept_registrations, terms.trust_fmi) == (False, True)
    assert terms.customer_number == CustomerNumber(5, 8, True)


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        ({"fui": None}, ["fui: The issuer's id"]),
        ({"fui": "x"}, ["fui: A FUI has four parts"]),
        ({"bankgiros": []}, ["bankgiros: A list of 1 to 99"]),
        ({"bankgiros": [{"number": "5050-1055", "ocr": "hard"}] * 100}, ["bankgiros: A list of 1"]),
        ({"bankgiros": ["5050-1055"]}, ["bankgiros[0]: An object"]),
        (
            {"bankgiros": [{"number": "5050-1056"}]},
            ["bankgiros[0].number: A bankgiro", "bankgiros[0].ocr: The OCR control"],
        ),
        (
            {"bankgiros": [{"number": "50501055", "ocr": "hard", "lengths": [9]}]},
            ["bankgiros[0].lengths: Lengths go with fixed_length"],
        ),
        (
            {"bankgiros": [{"number": "50501055", "ocr": "fixed_length", "lengths": [True]}]},
            ["bankgiros[0].lengths: A list"],
        ),
        (
            {"bankgiros": [{"number": "50501055", "ocr": "hard", "name": ""}]},
            ["bankgiros[0].name: Not known here"],
        ),
        (
            {"bankgiros": [{"number": n, "ocr": "hard"} for n in ("50501055", "5050-1055")]},
            ["bankgiros[1]: The bankgiro 50501055 is there twice"],
        ),
        ({"accept_registrations": "yes"}, ["accept_registrations: Either true or false"]),
        ({"trust_fmi": 1}, ["trust_fmi: Either true or false"]),
        ({"customer_number": 5}, ["customer_number: An object"]),
        ({"customer_number": {"least": 6, "most": 5}}, ["customer_number: least and most"]),
        ({"customer_number": {"check_digit": 1}}, ["customer_number.check_digit: Either"]),
        ({"customer_number": {"length": 5}}, ["customer_number.length: Not known here"]),
        ({"FUI": ""}, ["FUI: Not known here"]),
    ],
)
def test_what_is_wrong_is_told(change: dict[str, Any], begins: list[str]) -> None:
    faults = wrong({**TERMS, **change})
    assert len(faults) == len(begins)
    for fault, begin in zip(faults, begins, strict=True):
        assert fault.startswith(begin)
        assert fault.endswith(".")
    with pytest.raises(BadTerms) as error:
        read({**TERMS, **change})
    assert error.value.faults == faults


def test_everything_is_told_at_once() -> None:
    assert len(wrong({"trust_fmi": "no", "other": 1})) == 4


# --- an invoice by them -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "summary",
    [
        INVOICE,
        to("9912346", "3010001109"),
        to("58056201", "123456790"),
        to("9900002", "426523792"),
        replace(INVOICE, credit_note=True, accounts=(), payment_reference=None, due_date=None),
        replace(INVOICE, amount_due=Decimal(0), accounts=(), payment_reference=None),
    ],
)
def test_an_invoice_that_can_be_paid(summary: Summary) -> None:
    assert read(TERMS).faults(summary) == ()


@pytest.mark.parametrize(
    ("summary", "said"),
    [
        (to("50501055", "426523792"), ["it has to be 1"]),
        (to("50501055", None), ["There is no reference"]),
        (to("9912346", "426523791"), ["this bankgiro takes 8 or 10"]),
        (to("58056201", "123456782"), ["has to be 9, not 8, and the last then 0"]),
        (to("9900002", "F-1"), ["no OCR reference"]),
        (
            to("59140129", "426523791"),
            ["bankgiro 59140129", "50501055, 58056201, 9900002, 9912346"],
        ),
        (replace(INVOICE, accounts=INVOICE.accounts[:1]), ["names no bankgiro"]),
        (replace(INVOICE, currency="EUR"), ["is in EUR"]),
        (replace(INVOICE, due_date=None), ["no due date"]),
        (
            replace(INVOICE, currency="EUR", due_date=None, payment_reference="1"),
            ["is in EUR", "no due date", "no OCR reference"],
        ),
    ],
)
def test_an_invoice_that_can_not(summary: Summary, said: list[str]) -> None:
    told = " ".join(read(TERMS).faults(summary))
    for part in said:
        assert part in told


def test_a_soft_control_warns() -> None:
    terms = read(TERMS)
    assert "it has to be 1" in " ".join(terms.warnings(to("9900002", "426523792")))
    for summary in (INVOICE, to("50501055", "426523792"), to("9900002", None)):
        assert terms.warnings(summary) == ()


# --- a consumer's data ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stated", "said"),
    [
        ("100016", None),
        ("", "missing"),
        ("10001x", "digits alone"),
        ("1001", "5 to 8 digits, not 4"),
        ("100015", "check digit"),
    ],
)
def test_a_customer_number(stated: str, said: str | None) -> None:
    fault = CustomerNumber(5, 8, True).fault(stated)
    assert (fault is None) == (said is None)
    assert (said or "") in (fault or "")


def test_a_customer_number_of_one_length() -> None:
    assert CustomerNumber(5, 5, False).fault("10001") is None
    assert CustomerNumber(5, 5, False).fault("1") == "The customer number has 5 digits, not 1."
