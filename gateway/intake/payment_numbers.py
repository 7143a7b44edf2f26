"""Where and with which reference to pay: numbers whose check digit is wrong.

In charge of what no official rule looks at. A wrong account stops an invoice, for money sent there
goes astray; a wrong reference does not, for it may be meant as text. Only for invoices that we
build: a document that came whole is held to the official rules and no others.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Final

from schemas.identifiers import Kind, check
from schemas.invoice import CreditTransfer, Invoice, Payment
from validators.findings import Finding, Severity

ACCOUNT: Final = "STRUCTURE-PAYMENT-ACCOUNT"
REFERENCE: Final = "STRUCTURE-PAYMENT-REFERENCE"

_GIROS: Final = {
    "SE:BANKGIRO": (Kind.SE_BANKGIRO, re.compile("[0-9]{7,8}")),
    "SE:PLUSGIRO": (Kind.SE_PLUSGIRO, re.compile("[0-9]{2,8}")),
}
_IBAN: Final = re.compile("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_NORWEGIAN: Final = re.compile("[0-9]{11}")
_REFERENCE: Final = re.compile("[0-9]{1,24}[0-9-]")  # a KID may end in "-"


def findings(invoice: Invoice, language: str) -> Iterator[Finding]:
    """Yields a finding for each wrong number; pointers begin `/invoice/payments`."""
    country = invoice.seller.address.country
    for n, payment in enumerate(invoice.payments):
        kinds = []
        for m, transfer in enumerate(payment.credit_transfers):
            kind = _kind(transfer, country)
            kinds.append(kind)
            number = transfer.account.replace(" ", "")
            if kind is not None and not check(kind, number):
                where = f"/invoice/payments/{n}/credit_transfers/{m}/account"
                yield _finding(ACCOUNT, Severity.FATAL, where, kind, number, "BT-84", language)
        kind = _reference(payment, kinds, country)
        if kind is not None and payment.reference and not check(kind, payment.reference):
            # An invoice number without a check digit is common in Sweden; a KID is never without.
            severity = Severity.WARNING if kind is Kind.NO_KID else Severity.INFORMATION
            where = f"/invoice/payments/{n}/reference"
            yield _finding(REFERENCE, severity, where, kind, payment.reference, "BT-83", language)


def _kind(transfer: CreditTransfer, country: str) -> Kind | None:
    """What kind of account it is, if it has the form of one with a check digit."""
    number = transfer.account.replace(" ", "")
    if transfer.service_provider in _GIROS:
        kind, form = _GIROS[transfer.service_provider]
        return kind if form.fullmatch(number) else None  # SE-R-007 to -010 tell of the form
    if _IBAN.fullmatch(number):
        return Kind.IBAN
    return Kind.NO_ACCOUNT if country == "NO" and _NORWEGIAN.fullmatch(number) else None


def _reference(payment: Payment, kinds: list[Kind | None], country: str) -> Kind | None:
    """What kind of reference it is, if it looks like one with a check digit."""
    if not _REFERENCE.fullmatch(payment.reference or ""):
        return None
    if country == "NO" and {Kind.NO_ACCOUNT, Kind.IBAN} & set(kinds):
        return Kind.NO_KID
    giro = {Kind.SE_BANKGIRO, Kind.SE_PLUSGIRO} & set(kinds)
    return Kind.SE_OCR if country == "SE" and giro else None


def _finding(
    rule: str,
    severity: Severity,
    where: str,
    kind: Kind,
    number: str,
    term: str,
    language: str,
) -> Finding:
    said = _words(language)
    text, hint = (said[f"{kind}_{part}"].format(number=number) for part in ("text", "hint"))
    return Finding(rule, severity, where, None, text, hint, (term,), number)


@cache
def _words(language: str) -> Mapping[str, str]:
    source = resources.files(__package__).joinpath("payment_numbers.toml")
    table = tomllib.loads(source.read_text("utf-8"))
    return {f"{kind}_{part}": each[part][language] for kind, each in table.items() for part in each}
