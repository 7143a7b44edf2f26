"""Reads a UBL Invoice or CreditNote into the model of EN 16931.

In charge of values: text, dates, decimals, identifiers, files. Where they stand is `terms`; whether
they are right is `validators`. Elements without a business term are passed over. A term that UBL
lets repeat and EN 16931 does not is taken where it stands first.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any, Final, get_args, get_type_hints

from lxml import etree

from schemas.invoice import Attachment, DirectDebit, Identifier, Invoice, Note, Payment
from schemas.ubl.terms import CREDITOR, SEPA_SCHEME, TREES, adds_account, path_of
from schemas.ubl.tree import Node


class Unreadable(ValueError):
    """A document that cannot be bound to the model: what is wrong, and at which path."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


def read(root: etree._Element) -> Invoice:
    """Returns the invoice that the root element of a UBL Invoice or CreditNote holds.

    Expects a document that fits the structure. Raises Unreadable where a term that the model
    requires is missing, or a value is not of its type.
    """
    tree = TREES.get(etree.QName(root).localname)
    if tree is None or tree.tag != root.tag:
        raise Unreadable(path_of(root), "not a UBL 2.1 Invoice or CreditNote")
    box: dict[str, Any] = {}
    _visit(root, tree, box, box)
    if tree.name == "CreditNote":
        box.setdefault("type_code", "381")  # UBL does not demand it, and the model's is 380
    creditor = box.pop(CREDITOR[1:], None)
    invoice: Invoice = _build(_plan(Invoice), box, root, tree)
    if len(invoice.payments) > 1:
        invoice = replace(invoice, payments=_joined(invoice.payments, root))
    return _with_creditor(invoice, creditor) if creditor else invoice


def _visit(
    element: etree._Element, node: Node, box: dict[str, Any], invoice: dict[str, Any]
) -> None:
    """Puts the values below `element` into `box`, the fields of the scope it belongs to."""
    for child in element:
        kids = node.by_tag.get(child.tag)
        if kids is None:
            continue
        kid = kids[0] if len(kids) == 1 and kids[0].test is None else node.choose(child)
        if kid is None:
            continue
        if kid.leaf:
            _leaf(child, kid, box, invoice)
        elif kid.model is not None and kid.field is not None:
            inner: dict[str, Any] = {}
            _visit(child, kid, inner, invoice)
            made = _build(_plan(kid.model), inner, child, kid)
            box.setdefault(kid.field, []).append(made)
        else:
            _visit(child, kid, box, invoice)


def _leaf(
    element: etree._Element, node: Node, box: dict[str, Any], invoice: dict[str, Any]
) -> None:
    for attribute in node.attributes:
        stated = element.get(attribute.tag)
        if stated and stated.strip() and attribute.field:
            box.setdefault(attribute.field, stated.strip())
    if node.field is None or node.model is None:
        return
    text = element.text or ""
    if len(element):  # a comment parts the text
        text += "".join(child.tail or "" for child in element)
    text = text.strip()
    if not text and node.model is not Attachment:
        return
    if text == node.absent and _has_siblings(element):
        return
    try:
        value = _VALUES[node.model](text, element)
    except ValueError as error:
        raise Unreadable(path_of(element), str(error)) from error
    if node.many:
        box.setdefault(node.field, []).append(value)
    else:
        (invoice if node.field[0] == "/" else box).setdefault(node.field.lstrip("/"), value)


def _has_siblings(element: etree._Element) -> bool:
    parent = element.getparent()
    return parent is not None and len(parent) > 1


def _text(text: str, _element: etree._Element) -> str:
    return text


_DATE: Final = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})?")
_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)")


def _date(text: str, _element: etree._Element) -> date:
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not a date, expected YYYY-MM-DD")
    return date.fromisoformat(found[1])


def _number(text: str, _element: etree._Element) -> Decimal:
    if _NUMBER.fullmatch(text) is None:
        raise ValueError(f"{text!r} is not a decimal number, expected digits and a point")
    return Decimal(text)


def _identifier(text: str, element: etree._Element) -> Identifier:
    return Identifier(
        text,
        element.get("schemeID") or element.get("listID"),
        element.get("listVersionID"),
    )


# A subject code stands before the text: BR-CL-08 (EN 16931) looks for it there.
_SUBJECT: Final = re.compile(r"#([A-Z]{3})#(.+)", re.DOTALL)


def _note(text: str, _element: etree._Element) -> Note:
    subject = _SUBJECT.fullmatch(text)
    return Note(subject[2], subject[1]) if subject else Note(text)


def _attachment(text: str, element: etree._Element) -> Attachment:
    try:
        content = base64.b64decode(text.encode())
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"not base64: {error}") from error
    return Attachment(content, element.get("mimeCode", ""), element.get("filename", ""))


_VALUES: Final[dict[type, Callable[[str, etree._Element], Any]]] = {
    str: _text,
    date: _date,
    Decimal: _number,
    Identifier: _identifier,
    Note: _note,
    Attachment: _attachment,
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """How a model is built from its dotted fields: (name, key in the box, plan of a group)."""

    model: type
    fields: tuple[tuple[str, str, _Plan | None], ...]
    required: tuple[tuple[str, str, str], ...]  # (name, key, term)


@cache
def _plan(model: type, prefix: str = "") -> _Plan:
    hints = get_type_hints(model)
    built = []
    required = []
    for item in dataclasses.fields(model):
        key, hint = prefix + item.name, hints[item.name]
        kinds = {hint, *get_args(hint)}
        groups = [k for k in kinds - _VALUES.keys() if hasattr(k, "__dataclass_fields__")]
        # A repeating group is a scope of its own, built where its element ends.
        alone = groups and Ellipsis not in kinds
        built.append((item.name, key, _plan(groups[0], f"{key}.") if alone else None))
        if item.default is dataclasses.MISSING:
            required.append((item.name, key, item.metadata["bt"]))
    return _Plan(model, tuple(built), tuple(required))


def _build(plan: _Plan, box: dict[str, Any], element: etree._Element, node: Node) -> Any:
    """The model that the box holds for a scope; None where nothing of it is stated."""
    values: dict[str, Any] = {}
    for name, key, group in plan.fields:
        value = box.get(key) if group is None else _build(group, box, element, node)
        if value is not None:
            values[name] = tuple(value) if type(value) is list else value
    if not values and plan.model is not node.model:
        return None
    for name, key, term in plan.required:
        if name not in values:
            path = "/".join((path_of(element), *_steps_to(node, key)))
            raise Unreadable(path, f"{term} ({key}) is missing")
    return plan.model(**values)


def _steps_to(node: Node, field: str) -> tuple[str, ...]:
    for kid in (*node.attributes, *node.kids):
        if kid.field == field:
            return (kid.name,)
        if (kid.leaf or kid.model is None) and (found := _steps_to(kid, field)):
            return (kid.name, *found)
    return ()


def _joined(payments: tuple[Payment, ...], root: etree._Element) -> tuple[Payment, ...]:
    """Puts the accounts together that UBL spreads over several PaymentMeans."""
    runs: list[list[Payment]] = []
    for payment, means in zip(payments, root.iterchildren("{*}PaymentMeans"), strict=True):
        if adds_account(means):
            runs[-1].append(payment)
        else:
            runs.append([payment])
    return tuple(
        replace(run[0], credit_transfers=tuple(t for each in run for t in each.credit_transfers))
        for run in runs
    )


# UNTDID 4461: direct debit, SEPA direct debit.
_DIRECT_DEBITS: Final = frozenset({"49", "59"})


def _with_creditor(invoice: Invoice, creditor: str) -> Invoice:
    """Gives BT-90, which UBL keeps among the identifiers of a party, to the direct debits."""
    payments = tuple(
        replace(p, direct_debit=replace(p.direct_debit or DirectDebit(), creditor_id=creditor))
        if p.direct_debit or p.means in _DIRECT_DEBITS
        else p
        for p in invoice.payments
    )
    if payments != invoice.payments:
        return replace(invoice, payments=payments)
    identifiers = (*invoice.seller.identifiers, Identifier(creditor, SEPA_SCHEME))
    return replace(invoice, seller=replace(invoice.seller, identifiers=identifiers))
