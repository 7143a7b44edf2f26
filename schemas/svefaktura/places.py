"""Where a field of the model stands in a Svefaktura, for telling people.

In charge of one table, field -> element. Not in charge of values (`read`, `write`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final, cast

from lxml import etree

from schemas.svefaktura.values import NAMESPACES


def _address(path: str, field: str) -> dict[str, str]:
    return {
        f"{field}": path,
        f"{field}/line1": f"{path}/cbc:StreetName",
        f"{field}/line2": f"{path}/cbc:Postbox",
        f"{field}/line3": f"{path}/cbc:Department",
        f"{field}/city": f"{path}/cbc:CityName",
        f"{field}/post_code": f"{path}/cbc:PostalZone",
        f"{field}/country": f"{path}/cac:Country/cac:IdentificationCode",
    }


def _party(role: str, field: str) -> dict[str, str]:
    party = f"cac:{role}/cac:Party"
    companies = {
        scheme: f"{party}/cac:PartyTaxScheme[cac:TaxScheme/cac:ID='{scheme}']"
        for scheme in ("SWT", "VAT")
    }
    return {
        field: party,
        f"{field}/name": f"{party}/cac:PartyName/cbc:Name",
        f"{field}/trading_name": f"{party}/cac:PartyName/cbc:Name",
        f"{field}/identifier": f"{party}/cac:PartyIdentification/cac:ID",
        f"{field}/identifiers/*": f"{party}/cac:PartyIdentification[*]/cac:ID",
        f"{field}/legal_id": f"{companies['SWT']}/cac:CompanyID",
        f"{field}/endpoint": f"{companies['SWT']}/cac:CompanyID",  # it is derived from there
        f"{field}/vat_id": f"{companies['VAT']}/cac:CompanyID",
        f"{field}/tax_registration_id": f"{companies['SWT']}/cbc:ExemptionReason",
        f"{field}/legal_form": f"{party}/cac:PartyTaxScheme/cac:RegistrationAddress",
        **_address(f"{party}/cac:Address", f"{field}/address"),
        f"{field}/contact": f"{party}/cac:Contact",
        f"{field}/contact/name": f"{party}/cac:Contact/cbc:Name",
        f"{field}/contact/phone": f"{party}/cac:Contact/cbc:Telephone",
        f"{field}/contact/email": f"{party}/cac:Contact/cbc:ElectronicMail",
    }


def _vat(path: str, field: str) -> dict[str, str]:
    return {
        field: f"{path}/cac:TaxCategory",
        f"{field}/category": f"{path}/cac:TaxCategory/cac:ID",
        f"{field}/rate": f"{path}/cac:TaxCategory/cbc:Percent",
        f"{field}/exemption_reason": f"{path}/cac:TaxCategory/cbc:ExemptionReason",
    }


def _adjustments(indicators: str, field: str) -> dict[str, str]:
    path = f"s:AllowanceCharge[{indicators}][*]"
    return {
        f"{field}/*": path,
        f"{field}/*/amount": f"{path}/cbc:Amount",
        f"{field}/*/percent": f"{path}/cbc:MultiplierFactorNumeric",
        f"{field}/*/base": f"{path}/cac:AllowanceChargeBaseAmount",
        f"{field}/*/reason": f"{path}/cac:ReasonCode",
        **_vat(path, f"{field}/*/vat"),
    }


def _line() -> dict[str, str]:
    line, item = "cac:InvoiceLine[*]", "cac:InvoiceLine[*]/cac:Item"
    return {
        "/lines/*": line,
        "/lines/*/id": f"{line}/cac:ID",
        "/lines/*/quantity": f"{line}/cbc:InvoicedQuantity",
        "/lines/*/unit": f"{line}/cbc:InvoicedQuantity",
        "/lines/*/net_amount": f"{line}/cbc:LineExtensionAmount",
        "/lines/*/note": f"{line}/cbc:Note",
        "/lines/*/order_line": f"{line}/cac:OrderLineReference/cac:BuyersLineID",
        "/lines/*/allowances": f"{line}/cac:AllowanceCharge",
        "/lines/*/charges": f"{line}/cac:AllowanceCharge",
        "/lines/*/price": f"{item}/cac:BasePrice",
        "/lines/*/price/net": f"{item}/cac:BasePrice/cbc:PriceAmount",
        "/lines/*/price/base_quantity": f"{item}/cac:BasePrice/cbc:BaseQuantity",
        "/lines/*/item": item,
        "/lines/*/item/name": f"{item}/cbc:Description",
        "/lines/*/item/seller_id": f"{item}/cac:SellersItemIdentification/cac:ID",
        "/lines/*/item/buyer_id": f"{item}/cac:BuyersItemIdentification/cac:ID",
        "/lines/*/item/standard_id": f"{item}/cac:StandardItemIdentification/cac:ID",
        **_vat(item, "/lines/*/item/vat"),
    }


_CHARGE: Final = "cbc:ChargeIndicator='true' or cbc:ChargeIndicator='1'"
_PLACES: Final[Mapping[str, str]] = {
    "/number": "s:ID",
    "/issue_date": "cbc:IssueDate",
    "/type_code": "s:InvoiceTypeCode",
    "/notes": "cbc:Note",
    "/tax_point_date": "s:TaxPointDate",
    "/currency": "s:InvoiceCurrencyCode",
    "/vat_currency": "s:TaxCurrencyCode",
    "/contract_reference": "s:AdditionalDocumentReference",
    "/invoiced_object": "s:AdditionalDocumentReference",
    "/supporting_documents": "s:AdditionalDocumentReference",
    **_party("BuyerParty", "/buyer"),
    **_party("SellerParty", "/seller"),
    "/delivery": "cac:Delivery",
    "/delivery/date": "cac:Delivery/cbc:ActualDeliveryDateTime",
    "/delivery/location_id": "cac:Delivery/cac:DeliveryAddress/cac:ID",
    **_address("cac:Delivery/cac:DeliveryAddress", "/delivery/address"),
    "/payments": "cac:PaymentMeans",
    "/due_date": "cac:PaymentMeans/cbc:DuePaymentDate",
    "/payee": "cac:PaymentMeans/cac:PayeePartyName/cbc:Name",
    "/payment_terms": "cac:PaymentTerms/cbc:Note",
    **_adjustments(f"not({_CHARGE})", "/allowances"),
    **_adjustments(_CHARGE, "/charges"),
    "/totals": "cac:LegalTotal",
    "/totals/lines": "cac:LegalTotal/cbc:LineExtensionTotalAmount",
    "/totals/without_vat": "cac:LegalTotal/cbc:TaxExclusiveTotalAmount",
    "/totals/with_vat": "cac:LegalTotal/cbc:TaxInclusiveTotalAmount",
    "/totals/due": "cac:LegalTotal/cbc:TaxInclusiveTotalAmount",
    "/totals/rounding": "cac:LegalTotal/cac:RoundOffAmount",
    "/totals/vat": "cac:TaxTotal/cbc:TotalTaxAmount",
    "/totals/vat_in_vat_currency": "cac:TaxTotal/cac:TaxSubTotal/cac:TaxCurrencyTaxAmount",
    "/vat_breakdown/*": "cac:TaxTotal/cac:TaxSubTotal[*]",
    "/vat_breakdown/*/taxable": "cac:TaxTotal/cac:TaxSubTotal[*]/cbc:TaxableAmount",
    "/vat_breakdown/*/tax": "cac:TaxTotal/cac:TaxSubTotal[*]/cbc:TaxAmount",
    **{
        field.replace("/vat/", "/"): path
        for field, path in _vat("cac:TaxTotal/cac:TaxSubTotal[*]", "/vat_breakdown/*/vat").items()
        if field != "/vat_breakdown/*/vat"
    },
    **_line(),
    "/buyer_reference": "s:RequisitionistDocumentReference[1]/cac:ID",
    "/buyer_accounting_reference": "s:RequisitionistDocumentReference[2]/cac:ID",
    "/purchase_order_reference": (
        "cac:InvoiceLine/cac:OrderLineReference/cac:OrderReference/cac:BuyersID"
    ),
    "/preceding_invoices/*": "s:InitialInvoiceDocumentReference[*]/cac:ID",
    "/period": "s:InvoicingPeriod",
    "/period/start": "s:InvoicingPeriod/cbc:StartDateTime",
    "/period/end": "s:InvoicingPeriod/cbc:EndDateTime",
}


class Fields:
    """Finds the elements of fields in one Svefaktura, which must not change meanwhile."""

    def __init__(self, root: etree._Element) -> None:
        self._root = root
        self._known: dict[tuple[etree._Element, str], list[etree._Element]] = {}

    def find(self, pointer: str) -> tuple[etree._Element, str]:
        """The element of a field, by its JSON pointer into the model. Where it is not there, the
        nearest one above and the path of names below that; where the field has none, that of the
        field around it."""
        steps = pointer.split("/")
        for length in range(len(steps), 1, -1):
            numbers = [int(step) for step in steps[:length] if step.isdecimal()]
            field = "/".join("*" if step.isdecimal() else step for step in steps[:length])
            if path := _PLACES.get(field):
                return self._walk(path, numbers)
        return self._root, ""

    def _walk(self, path: str, numbers: list[int]) -> tuple[etree._Element, str]:
        here = self._root
        steps = _STEP.findall(path)
        for n, step in enumerate(steps):
            number = numbers.pop(0) if step.endswith("[*]") else 0
            found = self._found(here, step.removesuffix("[*]"))
            if number >= len(found):
                return here, "/".join(_NAME.sub("", later) for later in steps[n:])
            here = found[number]
        return here, ""

    def _found(self, parent: etree._Element, step: str) -> list[etree._Element]:
        found = self._known.get((parent, step))
        if found is None:
            found = cast(list[etree._Element], _xpath(step)(parent))  # a path answers elements
            self._known[parent, step] = found
        return found


_STEP: Final = re.compile(r"[^/\[]+(?:\[[^\]]*\])*")
_NAME: Final = re.compile(r"\w+:|\[[^\]]*\]")


@cache
def _xpath(step: str) -> etree.XPath:
    return etree.XPath(step, namespaces=NAMESPACES)
