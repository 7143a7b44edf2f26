"""Check digits of accounts and references: which are looked at, and how badly they are taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.intake.payment_numbers import ACCOUNT, REFERENCE, findings
from schemas.invoice import Address, CreditTransfer, Invoice, Payment
from tests.unit.schemas.test_totals import invoice, line
from validators.messages import LANGUAGES

BANKGIRO, PLUSGIRO = "SE:BANKGIRO", "SE:PLUSGIRO"


def paid(account: str, bank: str | None, reference: str | None, country: str) -> Invoice:
    stated = invoice(line("1", "10"))
    return replace(
        stated,
        seller=replace(stated.seller, address=Address(country)),
        payments=(
            Payment("30", None, reference, (CreditTransfer(account, service_provider=bank),)),
        ),
    )


@pytest.mark.parametrize(
    ("account", "bank", "reference", "country", "found"),
    [
        ("59990010", BANKGIRO, "20261004", "SE", []),
        ("59990011", BANKGIRO, None, "SE", [(ACCOUNT, "fatal")]),
        ("5999-0011", BANKGIRO, None, "SE", []),  # SE-R-008 tells of the hyphen
        ("4288007", PLUSGIRO, None, "SE", []),
        ("4288004", PLUSGIRO, None, "SE", [(ACCOUNT, "fatal")]),
        ("59990010", BANKGIRO, "20261005", "SE", [(REFERENCE, "information")]),
        ("59990010", BANKGIRO, "Faktura 20261005", "SE", []),
        ("59990010", BANKGIRO, "20261005", "NO", []),
        ("97100000028", None, "202610010", "NO", []),
        ("9710 00 00028", None, None, "NO", []),
        ("97100000029", None, None, "NO", [(ACCOUNT, "fatal")]),
        ("97100000028", None, "202610012", "NO", [(REFERENCE, "warning")]),
        ("97100000028", None, "Faktura 12", "NO", []),
        ("97100000029", None, None, "SE", []),  # eleven digits are no account there
        ("SE4550000000058398257466", "ESSESESS", None, "SE", []),
        ("SE45 5000 0000 0583 9825 7466", None, None, "DE", []),
        ("SE4550000000058398257467", None, None, "DE", [(ACCOUNT, "fatal")]),
        ("NO9386011117947", None, "12", "NO", [(REFERENCE, "warning")]),
        ("NO9386011117948", None, None, "NO", [(ACCOUNT, "fatal")]),
    ],
)
def test_what_is_found(
    account: str, bank: str | None, reference: str | None, country: str, found: list[object]
) -> None:
    told = list(findings(paid(account, bank, reference, country), "en"))
    assert [(each.rule, each.severity) for each in told] == found
    for each in told:
        assert each.where.startswith("/invoice/payments/0/")
        assert each.stated and each.stated in each.text and each.hint


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_kind_is_told_in_every_language(language: str) -> None:
    for account, bank, country in (
        ("59990011", BANKGIRO, "SE"),
        ("4288004", PLUSGIRO, "SE"),
        ("97100000029", None, "NO"),
        ("SE4550000000058398257467", None, "SE"),
    ):
        assert list(findings(paid(account, bank, None, country), language))
    for account, bank, country in (("59990010", BANKGIRO, "SE"), ("97100000028", None, "NO")):
        assert list(findings(paid(account, bank, "20261006", country), language))
