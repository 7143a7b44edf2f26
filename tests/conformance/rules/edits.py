"""Edits of an invoice in a line of text, so that a table can say what makes a rule fire.

    ID = 7002                             the text of the first such element; made where absent
    InvoiceLine[2]/ID = 7                 of the second line
    Note[+] = more                        one more element of that name
    AccountingSupplierParty/Party/EndpointID@schemeID = 0192      an attribute
    - IssueDate                           all such elements are taken away
    - InvoiceLine/InvoicedQuantity@unitCode                       or an attribute
    copy TaxTotal                         one more like the first
    category E                            everything is of VAT category E, and adds up
    credit note                           the invoice becomes a credit note

Edits are parted by semicolons. The order of elements is not kept: rules do not look at it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from schemas.ubl.structure import TYPES, children

CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
INVOICE = Path(__file__).with_name("invoice.xml")

AGGREGATES = {
    child.name for kind in TYPES for child in children(kind) if child.prefix in ("cac", "ext")
}

_STEP = re.compile(r"(\w+)(?:\[(\d+|\+)\])?")


def invoice() -> etree._Element:
    """Our own invoice, right in every respect, with all that EN 16931 rules look at."""
    return etree.fromstring(INVOICE.read_bytes(), etree.XMLParser(remove_blank_text=True))


def edited(edits: str) -> etree._Element:
    """The invoice after some edits."""
    root = invoice()
    for edit in filter(None, (edit.strip() for edit in edits.split(";"))):
        if edit == "credit note":
            root = _as_credit_note(root)
        elif edit.startswith("category "):
            _set_category(root, edit.removeprefix("category "))
        elif edit.startswith("copy "):
            original = next(_find(root, edit.removeprefix("copy ")))
            original.addnext(copy.deepcopy(original))
        elif edit.startswith("- "):
            _drop(root, edit.removeprefix("- "))
        else:
            _put(root, *edit.split(" = ", 1))
    return root


def _find(root: etree._Element, path: str) -> Iterator[etree._Element]:
    found = [root]
    for name, number in _STEP.findall(path):
        kids = [kid for one in found for kid in one if etree.QName(kid).localname == name]
        found = kids[int(number) - 1 : int(number)] if number else kids
    assert found, f"nothing at {path}"
    return iter(found)


def _drop(root: etree._Element, path: str) -> None:
    path, _, attribute = path.partition("@")
    for element in list(_find(root, path)):
        if attribute:
            del element.attrib[attribute]
        else:
            parent = element.getparent()
            assert parent is not None
            parent.remove(element)


def _put(root: etree._Element, path: str, text: str = "") -> None:
    path, _, attribute = path.partition("@")
    at = root
    for name, number in _STEP.findall(path):
        kids = [kid for kid in at if etree.QName(kid).localname == name]
        if number == "+" or not kids:
            at = etree.SubElement(at, f"{CAC if name in AGGREGATES else CBC}{name}")
        else:
            at = kids[int(number) - 1 if number else 0]
    if attribute:
        at.set(attribute, text)
    else:
        at.text = text


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
