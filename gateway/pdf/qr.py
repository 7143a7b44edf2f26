"""The QR code of a transfer in euro, which banks' apps read: EPC069-12, version 2.

In charge of when an invoice has one, of what it says, and of the squares of any code. Sweden's and
Norway's own codes (Swish, UsingQR) are not written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from reportlab.graphics.barcode import qrencoder
from stdnum import iban, iso11649

from schemas.invoice import CreditTransfer, Invoice, Payment

# UNTDID 4461: transfers that the payer starts.
_TRANSFERS = {"30", "42", "58"}
# EPC409-09: where IBANs take part in SEPA.
_SEPA = re.compile(
    "A[DLT]|B[EG]|C[HYZ]|D[EK]|E[ES]|F[IR]|G[BIR]|H[RU]|I[EST]|L[ITUV]|M[CDEKT]|N[LO]|P[LT]|R[OS]"
    "|S[EIKM]|VA"
)
_MOST = Decimal("999999999.99")
_BYTES = 331


def transfer(invoice: Invoice) -> str | None:
    """What the code says; None for an invoice that is not paid by a transfer in euro to an IBAN."""
    due = invoice.totals.due if invoice.totals else None
    if invoice.currency != "EUR" or invoice.is_credit_note or due is None:
        return None
    if not Decimal("0.01") <= due <= _MOST:
        return None
    for payment in invoice.payments:
        for account in payment.credit_transfers:
            if payment.means in _TRANSFERS and _in_sepa(account.account):
                text = _text(invoice, payment, account, due)
                return text if len(text.encode()) <= _BYTES else None
    return None


def squares(text: str) -> Sequence[Sequence[bool]]:
    """The code's squares row by row, dark ones True; a text of up to 331 bytes."""
    # Level M, at most version 13: EPC069-12, 3.
    code = qrencoder.QRCode(None, qrencoder.QRErrorCorrectLevel.M)
    code.addData(qrencoder.QR8bitByte(text.encode()))
    code.make()
    side = range(code.getModuleCount())
    return [[bool(code.isDark(row, column)) for column in side] for row in side]


def path(text: str) -> tuple[int, str]:
    """How many squares the code has along its side, and its dark ones as the path of an SVG."""
    rows = squares(text)
    dark = [(x, y) for y, row in enumerate(rows) for x, there in enumerate(row) if there]
    return len(rows), "".join(f"M{x} {y}h1v1h-1z" for x, y in dark)


def _in_sepa(account: str) -> bool:
    return iban.is_valid(account, check_country=False) and bool(_SEPA.match(iban.compact(account)))


def _text(invoice: Invoice, payment: Payment, account: CreditTransfer, due: Decimal) -> str:
    payee = invoice.payee.name if invoice.payee else invoice.seller.name
    # Without a reference of its own, a payment is known by the invoice's number.
    reference = payment.reference or invoice.number
    structured = iso11649.is_valid(reference)
    lines = (
        "BCD",
        "002",
        "1",  # UTF-8
        "SCT",
        "",  # the bank: known from the IBAN
        _line(account.account_name or payee, 70),
        iban.compact(account.account),
        f"EUR{due:.2f}",
        "",
        iso11649.compact(reference) if structured else "",
        "" if structured else _line(reference, 140),
    )
    return "\n".join(lines).rstrip("\n")


def _line(text: str, length: int) -> str:
    return " ".join(text.split())[:length]
