"""The document as the distributor takes it: BIS Billing 3 for conversion to the banks' format.

In charge of what SFTI adds to the document and leaves out of it. All else stays as it is. Pure: the
same bytes come of the same document each time.
Source: SFTI, PM Fakturautskrift BIS Billing 3 (2019-11-14), "Faktura till internetbank".

- The mark AQY P01, and no other.
- The FMI is the buyer's identifier (BT-46), without a scheme. What stood there goes on among the
  supporting documents, where SFTI has the number of a customer.
- No electronic addresses (BT-34, BT-49): the document is for nobody in Peppol.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from schemas.marks import is_mark
from schemas.ubl.structure import NAMESPACES, children, type_at
from transports.bank_se.identifiers import Fmi

_CBC: Final = f"{{{NAMESPACES['cbc']}}}"
_CAC: Final = f"{{{NAMESPACES['cac']}}}"

_FOR_THE_BANK: Final = "P01"
_DESCRIPTION: Final = "AQY"
# What SFTI's own files call the number that a seller knows a buyer by.
_CUSTOMER: Final = "IT Säljarens kundnummer"
_PARTIES: Final = ("AccountingSupplierParty", "AccountingCustomerParty")


class Unreadable(ValueError):
    """The document is not XML, or no invoice in UBL."""


def marked(document: bytes, fmi: Fmi) -> bytes:
    """The document with the mark and the FMI, in UTF-8 with a declaration. Raises Unreadable."""
    root = _root(document)
    for party in _PARTIES:
        for address in root.findall(f"{_CAC}{party}/{_CAC}Party/{_CBC}EndpointID"):
            _remove(address)
    _mark(root)
    _identify(root, fmi)
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def _root(document: bytes) -> etree._Element:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False
    )
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"it is not well-formed: {error.msg}") from None
    if etree.QName(root).localname not in ("Invoice", "CreditNote"):
        raise Unreadable("it is no invoice and no credit note in UBL")
    return root


def _mark(root: etree._Element) -> None:
    references = root.findall(f"{_CAC}AdditionalDocumentReference")
    marks = [one for one in references if is_mark(one.findtext(f"{_CBC}DocumentDescription"))]
    if [_id(one) for one in marks] == [_FOR_THE_BANK]:
        return
    for mark in marks:
        _remove(mark)
    _refer(root, _FOR_THE_BANK, _DESCRIPTION)


def _identify(root: etree._Element, fmi: Fmi) -> None:
    customer = _at(root, "", "AccountingCustomerParty")
    party = _at(customer, "/AccountingCustomerParty", "Party")
    stated = party.findall(f"{_CAC}PartyIdentification")
    if [_id(one) for one in stated] == [str(fmi)]:
        return
    for identification in stated:
        number = _id(identification)
        if number and not _is_fmi(number):
            _refer(root, number, _CUSTOMER)
        _remove(identification)
    identification = _put(party, "/AccountingCustomerParty/Party", "PartyIdentification")
    etree.SubElement(identification, f"{_CBC}ID").text = str(fmi)


def _id(element: etree._Element) -> str:
    return (element.findtext(f"{_CBC}ID") or "").strip()


def _is_fmi(text: str) -> bool:
    try:
        Fmi.parse(text)
    except ValueError:
        return False
    return True


def _refer(root: etree._Element, number: str, description: str) -> None:
    reference = _put(root, "", "AdditionalDocumentReference")
    etree.SubElement(reference, f"{_CBC}ID").text = number
    etree.SubElement(reference, f"{_CBC}DocumentDescription").text = description


def _at(parent: etree._Element, path: str, name: str) -> etree._Element:
    found = parent.find(f"{_CAC}{name}")
    return _put(parent, path, name) if found is None else found


def _put(parent: etree._Element, path: str, name: str) -> etree._Element:
    """A new child in its place by the structure of UBL, behind others of its name. `path` leads
    from the root to the parent."""
    root = etree.QName(parent.getroottree().getroot()).localname
    order = [child.tag for child in children(type_at(f"{root}{path}") or "")]
    upto = order[: order.index(f"{_CAC}{name}") + 1]
    before = [n for n, child in enumerate(parent) if child.tag in upto]
    made = etree.Element(f"{_CAC}{name}")
    parent.insert(before[-1] + 1 if before else 0, made)
    return made


def _remove(element: etree._Element) -> None:
    parent = element.getparent()
    assert parent is not None, "it is not the root"
    parent.remove(element)
