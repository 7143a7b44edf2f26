"""Edits of an invoice in a line of text, so that a table can say what makes a rule fire.

    ID = 7002                             the text of the first such element; made where absent
    InvoiceLine[2]/ID = 7                 of the second line
    Note[+] = more                        one more element of that name
    AccountingSupplierParty/Party/EndpointID@schemeID = 0192      an attribute
    + Delivery/Despatch                   one more element of that name, with all that must be in it
    - IssueDate                           all such elements are taken away
    - InvoiceLine/InvoicedQuantity@unitCode                       or an attribute
    copy TaxTotal                         one more like the first
    category E                            everything is of VAT category E, and adds up
    credit note                           the invoice becomes a credit note
    self-billing                          it is one that the buyer has written

Edits are parted by semicolons. A new element goes where the structure has room for its like.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from importlib import resources
from typing import Final

from lxml import etree

from schemas.ubl.structure import DATATYPES, NAMESPACES, children

CAC: Final = f"{{{NAMESPACES['cac']}}}"
CBC: Final = f"{{{NAMESPACES['cbc']}}}"

_STEP = re.compile(r"(\w+)(?:\[(\d+|\+)\])?")

_VALUES: Final = {
    "decimal": "1",
    "date": "2026-10-01",
    "time": "12:00:00",
    "boolean": "false",
    "base64Binary": "eA==",
    "language": "sv",
    "anyURI": "urn:x",
}
"""A right value for each base type; any text is right for the others."""

_CODES: Final = {"currencyID": "SEK", "mimeCode": "text/csv"}


def source(name: str = "invoice") -> bytes:
    """A document of our own, right in every respect, with all that the rules look at.

    `name`: "invoice", or the profile of another kind of document.
    """
    return resources.files(__package__).joinpath(f"{name}.xml").read_bytes()


def edited(edits: str, name: str = "invoice") -> etree._Element:
    """The document after some edits."""
    root = etree.fromstring(source(name), etree.XMLParser(remove_blank_text=True))
    for edit in parted(edits):
        if edit == "credit note":
            root = _as_credit_note(root)
        elif edit == "self-billing":
            _set_self_billing(root)
        elif edit.startswith("category "):
            _set_category(root, edit.removeprefix("category "))
        elif edit.startswith("copy "):
            original = next(_find(root, edit.removeprefix("copy ")))
            original.addnext(copy.deepcopy(original))
        elif edit.startswith("+ "):
            _add(root, edit.removeprefix("+ "))
        elif edit.startswith("- "):
            _drop(root, edit.removeprefix("- "))
        else:
            _put(root, *edit.split(" = ", 1))
    return root


def parted(edits: str) -> list[str]:
    """The edits one by one."""
    return [edit.strip() for edit in edits.split(";") if edit.strip()]


def _find(root: etree._Element, path: str) -> Iterator[etree._Element]:
    found = [root]
    for name, number in _STEP.findall(path):
        kids = [kid for one in found for kid in one if etree.QName(kid).localname == name]
        found = kids[int(number) - 1 : int(number)] if number else kids
    if not found:
        raise ValueError(f"nothing at {path}")
    return iter(found)


def _drop(root: etree._Element, path: str) -> None:
    path, _, attribute = path.partition("@")
    for element in list(_find(root, path)):
        if attribute:
            del element.attrib[attribute]
        else:
            parent = element.getparent()
            if parent is None:
                raise ValueError("the root can not be taken away")
            parent.remove(element)


def _put(root: etree._Element, path: str, text: str = "") -> None:
    path, _, attribute = path.partition("@")
    at, kind = root, etree.QName(root).localname
    for name, number in _STEP.findall(path):
        kids = [kid for kid in at if etree.QName(kid).localname == name]
        if number == "+" or not kids:
            at = _insert(at, kind, name)
        else:
            at = kids[int(number) - 1 if number else 0]
        kind = _kind(kind, name)
    if attribute:
        at.set(attribute, text)
    else:
        at.text = text


def _add(root: etree._Element, path: str) -> None:
    """Adds an element and all that must be in it; of those on the way, what must be in the new."""
    path, _, attribute = path.partition("@")
    at, kind = root, etree.QName(root).localname
    *way, last = (name for name, _ in _STEP.findall(path))
    for name in way:
        kid = next((kid for kid in at if etree.QName(kid).localname == name), None)
        new = kid is None
        at = _insert(at, kind, name) if kid is None else kid
        kind = _kind(kind, name)
        if new:
            _fill(at, kind, but=way[-1] if name != way[-1] else last)
    if attribute:
        there = next((kid for kid in at if etree.QName(kid).localname == last), None)
        kid = _insert(at, kind, last) if there is None else there
        if there is None:
            _fill(kid, _kind(kind, last))
        kid.set(attribute, "x")
    else:
        _fill(_insert(at, kind, last), _kind(kind, last))


def _fill(element: etree._Element, kind: str, but: str = "") -> None:
    """Puts into a new element all that must be in it, except what is called `but`."""
    if kind in DATATYPES:
        datatype = DATATYPES[kind]
        element.text = _VALUES.get(datatype.base, "x")
        for attribute in sorted(datatype.required):
            element.set(attribute, _CODES.get(attribute, "x"))
        return
    if etree.QName(element).localname == "ExtensionContent":
        etree.SubElement(element, "{urn:x}Own")
    for child in children(kind):
        if child.least and child.name != but:
            _fill(_insert(element, kind, child.name), child.type)


def _insert(parent: etree._Element, kind: str, name: str) -> etree._Element:
    """A new element below one of the type `kind`, behind all that stand before it."""
    tags = [child.tag for child in children(kind)]
    known = (child.tag for child in children(kind) if child.name == name)
    tag = next(known, f"{CBC}{name}")
    before = tags[: tags.index(tag) + 1] if tag in tags else tags
    made = parent.makeelement(tag)
    behind = [kid for kid in parent if kid.tag in before]
    if behind:
        behind[-1].addnext(made)
    else:
        parent.insert(0, made)
    return made


def _kind(kind: str, name: str) -> str:
    """The type of the child `name`; "" where there is no such child."""
    return next((child.type for child in children(kind) if child.name == name), "")


def _as_credit_note(root: etree._Element) -> etree._Element:
    text = etree.tostring(root, encoding="unicode")
    for old, new in (
        (r"(?<=[</:])Invoice(?=[ >])", "CreditNote"),
        ("schema:xsd:Invoice-2", "schema:xsd:CreditNote-2"),
        ("InvoiceLine", "CreditNoteLine"),
        ("InvoicedQuantity", "CreditedQuantity"),
        ("InvoiceTypeCode>380", "CreditNoteTypeCode>381"),
        ("InvoiceTypeCode", "CreditNoteTypeCode"),
        ("<cbc:DueDate>[^<]*</cbc:DueDate>", ""),
    ):
        text = re.sub(old, new, text)
    return etree.fromstring(text)


def _set_self_billing(root: etree._Element) -> None:
    """Specification, process and type of self-billing."""
    name = etree.QName(root).localname
    specification = "urn:fdc:peppol.eu:2017:poacc:selfbilling:3.0"
    _put(root, "CustomizationID", f"urn:cen.eu:en16931:2017#compliant#{specification}")
    _put(root, "ProfileID", "urn:fdc:peppol.eu:2017:poacc:selfbilling:01:1.0")
    _put(root, f"{name}TypeCode", "389" if name == "Invoice" else "261")


def _set_category(root: etree._Element, code: str) -> None:
    """Puts everything into one category; without a rate for O, at 7 per cent for L and M."""
    rate = {"L": "7", "M": "7", "S": "25", "O": ""}.get(code, "0")
    for element in list(root.iter(f"{CAC}TaxCategory", f"{CAC}ClassifiedTaxCategory")):
        element[0].text = code
        if rate:
            element[1].text = rate
        else:
            element.remove(element[1])
    tax = {"7": "74.55", "25": "266.25"}.get(rate, "0.00")
    with_vat = {"7": "1139.55", "25": "1331.25"}.get(rate, "1065.00")
    due = {"7": "1039.55", "25": "1231.25"}.get(rate, "965.00")
    _put(root, "TaxTotal/TaxAmount", tax)
    _put(root, "TaxTotal/TaxSubtotal/TaxAmount", tax)
    _put(root, "LegalMonetaryTotal/TaxInclusiveAmount", with_vat)
    _put(root, "LegalMonetaryTotal/PayableRoundingAmount", "0.00")
    _put(root, "LegalMonetaryTotal/PayableAmount", due)
    if code not in ("S", "Z", "L", "M"):
        _put(root, "TaxTotal/TaxSubtotal/TaxCategory/TaxExemptionReason", "why")
    if code == "O":
        for party in ("AccountingSupplierParty/Party", "AccountingCustomerParty/Party"):
            _drop(root, f"{party}/PartyTaxScheme[1]")
        _drop(root, "TaxRepresentativeParty")
