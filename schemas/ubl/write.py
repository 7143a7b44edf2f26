"""Writes the model of EN 16931 as UBL 2.1, Peppol BIS Billing 3.0.

In charge of values and of leaving out what is not stated. Where they stand is `terms`; it computes
nothing: `schemas.totals.complete` first. An element that UBL demands and EN 16931 does not know
(`OrderReference/ID` beside a sales order) is written as the table's `absent` says.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from schemas.invoice import Attachment, Identifier, Invoice, Note, Payment
from schemas.ubl.structure import NAMESPACES, ROOTS
from schemas.ubl.terms import CREDITOR, TREES
from schemas.ubl.tree import Node


class Unwritable(ValueError):
    """Values that XML cannot hold: (JSON pointer into the model, reason) of each."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{pointer}: {reason}" for pointer, reason in problems))
        self.problems = problems


def write(invoice: Invoice) -> bytes:
    """Returns the document in UTF-8 with an XML declaration: CreditNote or Invoice by type code.

    Raises Unwritable, with every place at once, for control characters and numbers that are not
    finite or have more than 30 digits. Empty text is not stated.
    """
    name = "CreditNote" if invoice.is_credit_note else "Invoice"
    writer = _Writer(replace(invoice, payments=_payments(invoice)))
    inside, _ = writer.children(TREES[name], writer.invoice)
    if writer.refused or _ILLEGAL.search(inside):
        raise Unwritable(tuple(_problems(invoice, "")))
    namespaces = f'xmlns="{ROOTS[name]}"' + "".join(
        f' xmlns:{prefix}="{NAMESPACES[prefix]}"' for prefix in ("cac", "cbc")
    )
    return f"{_DECLARATION}<{name} {namespaces}>{inside}</{name}>".encode()


_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def _payments(invoice: Invoice) -> tuple[Payment, ...]:
    """One payment for each account, as PaymentMeans holds one."""
    if invoice.is_credit_note and invoice.due_date and not invoice.payments:
        # The due date of a credit note stands in PaymentMeans, which demands a code.
        return (Payment(means=_NOT_DEFINED),)
    return tuple(
        replace(payment, credit_transfers=(transfer,) if transfer else ())
        for payment in invoice.payments
        for transfer in payment.credit_transfers or (None,)
    )


_NOT_DEFINED: Final = "1"  # UNTDID 4461: instrument not defined


class _Writer:
    def __init__(self, invoice: Invoice) -> None:
        self.invoice = invoice
        self.refused = False
        # BT-90 stands once (UBL-SR-29), in the first place that the table offers.
        self.creditor = next((c for p in invoice.payments if (c := _creditor(p))), None)

    def children(self, node: Node, scope: Any) -> tuple[str, bool]:
        """What stands below an element, and whether anything of it was stated."""
        parts: list[str] = []
        stated = False
        for kid in node.kids:
            told_by = self.leaf if kid.leaf else self.group
            for item in (scope,) if kid.each is None else _get(scope, kid.each) or ():
                part, told = told_by(kid, item)
                parts.append(part)
                stated |= told
        return "".join(parts), stated

    def group(self, node: Node, scope: Any) -> tuple[str, bool]:
        inside, stated = self.children(node, scope)
        return (_element(node, inside) if stated or node.constant else "", stated)

    def leaf(self, node: Node, scope: Any) -> tuple[str, bool]:
        value = self.value(node, scope)
        if value is None or (value == "" and not node.demanded):
            filler = node.fixed or node.absent
            return _element(node, filler) if filler else "", False
        attributes = {a.tag: a.fixed or self.value(a, scope) for a in node.attributes}
        match value:
            case Decimal():
                # Written out, 1E+999999999 would fill the memory.
                self.refused |= _oversized(value)
                text = "" if self.refused else _plain(value)
                if node.kind == "Amount":
                    accounting = "BT-111" in node.terms
                    currency = self.invoice.vat_currency if accounting else self.invoice.currency
                    attributes["currencyID"] = currency
            case date():
                text = value.isoformat()
            case Identifier():
                text = value.value
                scheme = "listID" if node.kind == "Code" else "schemeID"
                attributes |= {scheme: value.scheme, "listVersionID": value.scheme_version}
            case Note():
                text = f"#{value.subject}#{value.text}" if value.subject else value.text
            case Attachment():
                text = base64.b64encode(value.content).decode()
                attributes |= {"mimeCode": value.mime_code, "filename": value.filename}
            case _:
                text = value
        return _element(node, _escaped(text), attributes), True

    def value(self, node: Node, scope: Any) -> Any:
        if node.many:
            return scope
        if node.field is None:
            return None
        if node.field == CREDITOR:
            creditor, self.creditor = self.creditor, None
            return creditor
        if node.field[0] == "/":
            return _get(self.invoice, node.field[1:])
        return _get(scope, node.field)


def _element(node: Node, inside: str, attributes: Mapping[str, str | None] = {}) -> str:
    name = node.qname
    stated = "".join(f" {key}={quoteattr(text)}" for key, text in attributes.items() if text)
    return f"<{name}{stated}>{inside}</{name}>"


def _escaped(text: str) -> str:
    # A parser would turn a bare carriage return into a line feed (XML 1.0, 2.11).
    return escape(text).replace("\r", "&#13;") if _SPECIAL.search(text) else text


_SPECIAL: Final = re.compile("[&<>\r]")


def _get(scope: Any, path: str) -> Any:
    for name in path.split("."):
        scope = getattr(scope, name)
        if scope is None:
            return None
    return scope


def _creditor(payment: Payment) -> str | None:
    return payment.direct_debit.creditor_id if payment.direct_debit else None


def _plain(value: Decimal) -> str:
    # xs:decimal knows no exponent; a negative zero would puzzle people.
    return format(value or abs(value), "f")


def _oversized(value: Decimal) -> bool:
    # NaN and infinity too.
    return (
        not value.is_finite()
        or max(abs(value.adjusted()), -int(value.as_tuple().exponent)) >= _DIGITS
    )


# More than any amount has; `schemas.totals` is exact far beyond its products.
_DIGITS: Final = 30

# What XML 1.0 cannot hold: everything but production 2, Char.
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _problems(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if found := _ILLEGAL.search(value):
            yield pointer, f"character U+{ord(found.group()):04X} cannot stand in XML, remove it"
    elif isinstance(value, Decimal):
        if _oversized(value):
            yield pointer, f"{value:.3E} is not a number of at most {_DIGITS} digits"
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _problems(item, f"{pointer}/{index}")
    elif dataclasses.is_dataclass(value):
        for item in dataclasses.fields(value):
            yield from _problems(getattr(value, item.name), f"{pointer}/{item.name}")
