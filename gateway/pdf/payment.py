"""The payment block: with which reference, when, how much; and where to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TypeVar

from gateway.pdf.page import LABEL, LEFT, PAY, RIGHT, Fact, Page, stated
from gateway.pdf.qr import squares, transfer
from gateway.pdf.sheet import Squares, Wash, wrap
from schemas.figures import day
from schemas.invoice import CreditTransfer, Payment

_PAY_ROOM = (70.0, 46.0, 46.0)  # an IBAN of 24 characters fits the first
_BESIDE_CODE = (62.0, 34.0, 34.0)
_CODE, _CODE_ROOM = 26.0, 36.0  # large enough for the cameras of old phones
_T = TypeVar("_T")


def payment(page: Page) -> None:
    """The payment block: with which reference, when, how much; and where to; and the QR code."""
    rows = payment_rows(page)
    if not rows:
        return
    sheets, code = page.sheets, transfer(page.invoice)
    rooms = _BESIDE_CODE if code else _PAY_ROOM
    cells = [
        [(label, wrap(value, PAY, room - 4), room) for (label, value), room in _beside(row, rooms)]
        for row in rows
    ]
    heights = [
        LABEL.line + max(len(texts) for _, texts, _ in row) * PAY.line + 3.2 for row in cells
    ]
    least = _CODE_ROOM if code else 0
    sheets.need(max(min(sum(heights) + 6, 120), least))
    if code:
        sheets.put(Wash(LEFT, sheets.y, RIGHT - LEFT, _CODE_ROOM))
        edge = (_CODE_ROOM - _CODE) / 2
        sheets.put(Squares(RIGHT - _CODE - edge, sheets.y + edge, _CODE, squares(code)))
    below, first = sheets.y + least, sheets.number
    for row, height in zip(cells, heights, strict=True):
        sheets.need(height + 3.2)
        # The code's own ground must stay on top.
        wide = RIGHT - LEFT - (_CODE_ROOM if code and sheets.number == first else 0)
        sheets.put(Wash(LEFT, sheets.y, wide, height + 3.2))
        x = LEFT + 4
        for label, texts, room in row:
            sheets.text(x, label, LABEL, dy=3)
            for at, text in enumerate(texts):
                sheets.text(x, text, PAY, dy=3 + LABEL.line + 0.6 + at * PAY.line)
            x += room
        sheets.y += height
    sheets.y = max(sheets.y, below if sheets.number == first else 0) + 8


def payment_rows(page: Page) -> list[list[Fact]]:
    """Rows of up to three facts: what every payer needs, then a row for each account."""
    invoice, words = page.invoice, page.words
    if not invoice.payments:
        return []
    references = [(_reference_label(page, each), each.reference) for each in invoice.payments]
    due_date = None if invoice.is_credit_note else invoice.due_date
    due = invoice.totals.due if invoice.totals else None
    label = words("credited" if invoice.is_credit_note else "to_pay")
    first = stated(
        *dict.fromkeys(references),  # several means often share one reference
        (words("due_date"), due_date and day(due_date, page.language)),
        (label, None if due is None else page.money(due)),
    )
    rows = _threes(first)
    numbers: list[Fact] = []
    for payment in invoice.payments:
        for account in payment.credit_transfers:
            number, *bank = _account(page, account)
            if bank:
                rows.append([number, *bank])
            else:
                numbers.append(number)
        rows += _threes(_other_means(page, payment))
    return rows + _threes(numbers)


def _account(page: Page, account: CreditTransfer) -> list[Fact]:
    label, number, bank = page.words("account"), account.account, account.service_provider
    compact = number.replace(" ", "")
    match bank:
        case "SE:BANKGIRO":
            label, number, bank = "Bankgiro", _bankgiro(compact), None
        case "SE:PLUSGIRO":
            label, number, bank = "Plusgiro", _plusgiro(compact), None
        case _ if re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{8,30}", compact):
            label = "IBAN"
            number = " ".join(compact[n : n + 4] for n in range(0, len(compact), 4))
        case _ if page.invoice.seller.address.country == "NO" and len(compact) == 11:
            number = f"{compact[:4]} {compact[4:6]} {compact[6:]}"
    return stated(
        (label, number),
        ("BIC", bank),
        (page.words("account_name"), account.account_name),
    )


def _other_means(page: Page, payment: Payment) -> list[Fact]:
    words, card, debit = page.words, payment.card, payment.direct_debit
    named = payment.means_text or words.means(payment.means)
    return stated(
        (words("means"), payment.means_text if payment.credit_transfers else named),
        (
            words("card"),
            card and ", ".join(filter(None, (card.network, card.account, card.holder))),
        ),
        (words("mandate"), debit and debit.mandate),
        (words("creditor_id"), debit and debit.creditor_id),
        (words("debited_account"), debit and debit.debited_account),
    )


def _reference_label(page: Page, payment: Payment) -> str:
    reference = payment.reference or ""
    match page.invoice.seller.address.country:
        case "SE" if reference.isdigit():
            return "OCR"
        case "NO" if reference.removesuffix("-").isdigit():  # by mod 11 it may end in "-"
            return "KID"
    return page.words("payment_reference")


def _beside(row: Sequence[_T], rooms: Sequence[float]) -> Iterable[tuple[_T, float]]:
    """The cells of a row of the payment block, each with the room it has."""
    return zip(row, rooms, strict=False)


def _threes(facts: Sequence[Fact]) -> list[list[Fact]]:
    return [list(facts[n : n + 3]) for n in range(0, len(facts), 3)]


def _bankgiro(number: str) -> str:
    """5050-1055: the last four digits stand apart."""
    return f"{number[:-4]}-{number[-4:]}" if number.isdigit() and len(number) in (7, 8) else number


def _plusgiro(number: str) -> str:
    """28 65 43-4: pairs from the right, the check digit apart."""
    if not number.isdigit() or not 2 <= len(number) <= 8:
        return number
    head = number[:-1]
    first = len(head) % 2
    pairs = [head[:first]] * bool(first) + [head[n : n + 2] for n in range(first, len(head), 2)]
    return f"{' '.join(pairs)}-{number[-1]}"
