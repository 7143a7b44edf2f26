"""What an invoice leaves unsaid and yet says: derived from what stands beside it, never guessed.

In charge of codes, numbers of lines and electronic addresses; amounts are `schemas.totals`. What
is stated stays, also where it is wrong. An empty text is a term that was not stated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from typing import Final

from schemas.identifiers import Kind, check
from schemas.invoice import Buyer, Identifier, Invoice, Line, Payment, Seller, Vat

INVOICE_TYPE: Final = "380"  # UNTDID 1001: commercial invoice

# UNTDID 4461, where the group that is stated leaves one choice. A card or a direct debit says what
# it is; accounts to pay to are a credit transfer, whatever the kind.
_CREDIT_TRANSFER: Final = "30"
_CARD: Final = "48"
_DIRECT_DEBIT: Final = "49"

# Only these sell under other categories that bear VAT: L and M on islands, B as split payment.
_OTHER_RATED: Final = frozenset({"ES", "IT"})

# ISO 6523 schemes of organisation numbers, which are Peppol's electronic addresses there too.
_REGISTERS: Final = {"SE": ("0007", Kind.SE_ORGNR, 10), "NO": ("0192", Kind.NO_ORGNR, 9)}


def derive(invoice: Invoice, *, addresses: bool = True) -> Invoice:
    """Returns the invoice with the terms that follow from others, amounts aside.

    Type (BT-3), line numbers (BT-126), VAT category (BT-95, BT-102, BT-151), means of payment
    (BT-81), the scheme of a Swedish or Norwegian organisation number (BT-30, BT-47), and from that
    number the electronic address (BT-34, BT-49), unless `addresses` is false.
    """
    home = invoice.seller.address.country
    return replace(
        invoice,
        type_code=invoice.type_code or INVOICE_TYPE,
        seller=_seller(invoice.seller, addresses),
        buyer=_buyer(invoice.buyer, addresses),
        payments=tuple(map(_payment, invoice.payments)),
        allowances=tuple(replace(a, vat=_vat(a.vat, home)) for a in invoice.allowances),
        charges=tuple(replace(c, vat=_vat(c.vat, home)) for c in invoice.charges),
        lines=tuple(_lines(invoice.lines, home)),
    )


def _lines(lines: tuple[Line, ...], home: str) -> Iterator[Line]:
    taken = {line.id for line in lines}
    for place, line in enumerate(lines, 1):
        item, vat = line.item, _vat(line.item.vat, home)
        if vat is not item.vat:
            line = replace(line, item=replace(item, vat=vat))
        if not line.id:
            # The place, unless another line states that number; steps of all lines never meet.
            free = (str(n) for n in count(place, len(lines)) if str(n) not in taken)
            line = replace(line, id=next(free))
        yield line


def _vat(vat: Vat, home: str) -> Vat:
    # A rate above 0 is the standard category, whichever of the country's rates it is; a rate of 0
    # may have seven reasons, so that the seller must say which.
    rated = vat.rate is not None and vat.rate > 0 and home not in _OTHER_RATED
    return replace(vat, category="S") if not vat.category and rated else vat


def _payment(payment: Payment) -> Payment:
    if payment.means:
        return payment
    stated = [
        means
        for means, group in (
            (_CREDIT_TRANSFER, payment.credit_transfers),
            (_CARD, payment.card),
            (_DIRECT_DEBIT, payment.direct_debit),
        )
        if group
    ]
    return replace(payment, means=stated[0]) if len(stated) == 1 else payment


def _seller(seller: Seller, addresses: bool) -> Seller:
    number = _registered(seller.legal_id, seller.address.country)
    endpoint = seller.endpoint or (_address(number) if addresses else None)
    return replace(seller, legal_id=number, endpoint=endpoint)


def _buyer(buyer: Buyer, addresses: bool) -> Buyer:
    number = _registered(buyer.legal_id, buyer.address.country)
    endpoint = buyer.endpoint or (_address(number) if addresses else None)
    return replace(buyer, legal_id=number, endpoint=endpoint)


def _registered(number: Identifier | None, country: str) -> Identifier | None:
    """The number with the scheme of its country's register, if it is one of that register."""
    if number is None or number.scheme or country not in _REGISTERS:
        return number
    scheme, kind, length = _REGISTERS[country]
    written_out = number.value.isdigit() and len(number.value) == length
    return replace(number, scheme=scheme) if written_out and check(kind, number.value) else number


def _address(number: Identifier | None) -> Identifier | None:
    """The electronic address that an organisation number is; a wrong number is one all the same,
    so that it is the number that is found wrong and not the address that is missed."""
    schemes = {scheme for scheme, *_ in _REGISTERS.values()}
    return number if number is not None and number.scheme in schemes else None
