"""Writes the model of EN 16931 as UBL 2.1, Peppol BIS Billing 3.0.

In charge of values and of leaving out what is not stated. Where they stand is `terms`; it computes
nothing: `schemas.totals.complete` first. An element that UBL demands and EN 16931 does not know
(`OrderReference/ID` beside a sales order) is written as the table's `absent` says.
"""

from __future__ import annotations

import base64
import dataclasses
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from schemas.invoice import Attachment, Identifier, Invoice, Note, Payment
from schemas.ubl.structure import NAMESPACES
from schemas.ubl.terms import CREDITOR, TREES, Node


class Unwritable(ValueError):
    """Values that XML cannot hold: (JSON pointer into the model, reason) of each."""

    def __init__(self, problems: tuple[tuple[str, str], ...]) -> None:
        super().__init__("; ".join(f"{pointer}: {reason}" for pointer, reason in problems))
        self.problems = problems


def write(invoice: Invoice) -> bytes:
    """Returns the document in UTF-8 with an XML declaration: CreditNote or Invoice by type code.

    Raises Unwritable, with every place at once, for control characters and numbers that are not
    finite. Empty text is not stated.
    """
    if problems := tuple(_problems(invoice, "")):
        raise Unwritable(problems)
    tree = TREES["CreditNote" if invoice.is_credit_note else "Invoice"]
    namespace = tree.tag[1:].partition("}")[0]
    prefixes: dict[str | None, str] = {None: namespace}
    prefixes |= {prefix: NAMESPACES[prefix] for prefix in ("cac", "cbc")}
    root = etree.Element(tree.tag, nsmap=prefixes)  # type: ignore[arg-type]
    invoice = replace(invoice, payments=split(invoice.payments))
    _Writer(invoice).children(root, tree, invoice)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def split(payments: tuple[Payment, ...]) -> tuple[Payment, ...]:
    """One payment for each account, as PaymentMeans holds one; the opposite of `read.join`."""
    return tuple(
        replace(payment, credit_transfers=(transfer,) if transfer else ())
        for payment in payments
        for transfer in payment.credit_transfers or (None,)
    )


class _Writer:
    def __init__(self, invoice: Invoice) -> None:
        self.invoice = invoice
        # BT-90 stands once (UBL-SR-29), in the first place that the table offers.
        self.creditor = next((c for p in invoice.payments if (c := _creditor(p))), None)

    def children(self, element: etree._Element, node: Node, scope: Any) -> bool:
        """Writes what is stated below an element; says whether that was anything."""
        stated = False
        for kid in node.kids:
            if kid.each is None:
                stated |= self.element(element, kid, scope)
            else:
                for item in _get(scope, kid.each) or ():
                    stated |= self.element(element, kid, item)
        return stated

    def element(self, parent: etree._Element, node: Node, scope: Any) -> bool:
        if node.leaf:
            return self.leaf(parent, node, scope)
        element = etree.SubElement(parent, node.tag)
        stated = self.children(element, node, scope)
        if not stated and not node.constant:
            parent.remove(element)
        return stated

    def leaf(self, parent: etree._Element, node: Node, scope: Any) -> bool:
        value = self.value(node, scope)
        filler = node.fixed or node.absent
        if value is None or (value == "" and not node.demanded):
            if filler:
                etree.SubElement(parent, node.tag).text = filler
            return False
        element = etree.SubElement(parent, node.tag)
        for attribute in node.attributes:
            if stated := attribute.fixed or self.value(attribute, scope):
                element.set(attribute.tag, stated)
        match value:
            case Decimal():
                element.text = _plain(value)
                if node.kind == "Amount":
                    accounting = "BT-111" in node.terms
                    currency = self.invoice.vat_currency if accounting else self.invoice.currency
                    element.set("currencyID", currency or "")
            case date():
                element.text = value.isoformat()
            case Identifier():
                element.text = value.value
                names = _SCHEME[node.kind]
                for name, stated in zip(names, (value.scheme, value.scheme_version), strict=False):
                    if stated:
                        element.set(name, stated)
            case Note():
                element.text = f"#{value.subject}#{value.text}" if value.subject else value.text
            case Attachment():
                element.text = base64.b64encode(value.content).decode()
                element.set("mimeCode", value.mime_code)
                element.set("filename", value.filename)
            case _:
                element.text = value
        return True

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


_SCHEME: Final = {"Identifier": ("schemeID",), "Code": ("listID", "listVersionID")}


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


# What XML 1.0 cannot hold: everything but production 2, Char.
_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _problems(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        if found := _ILLEGAL.search(value):
            yield pointer, f"character U+{ord(found.group()):04X} cannot stand in XML, remove it"
    elif isinstance(value, Decimal):
        if not value.is_finite():
            yield pointer, f"{value} is not a finite number"
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _problems(item, f"{pointer}/{index}")
    elif dataclasses.is_dataclass(value):
        for item in dataclasses.fields(value):
            yield from _problems(getattr(value, item.name), f"{pointer}/{item.name}")
