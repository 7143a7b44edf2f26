"""Where each business term stands in UBL 2.1: one table that reading and writing both follow.

In charge of BT/BG <-> UBL path <-> field of `schemas.invoice`, for Invoice and CreditNote, and of
telling one by the other. Not in charge of values (`read`, `write`) or of right and wrong. Source:
the syntax tree of Peppol BIS Billing 3.0, which narrows CEN/TS 16931-3-2. How to read a row is
told in `tree.Row`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from lxml import etree

from schemas.invoice import Attachment, Identifier
from schemas.ubl import structure
from schemas.ubl.tree import Node, Row, fixed, grow

Document = Literal["Invoice", "CreditNote"]


def _period(group: str, start: str, end: str, model: str, path: str = "InvoicePeriod") -> list[Row]:
    return [
        Row(group, path, model),
        Row(start, f"{path}/StartDate", f"{model}.start"),
        Row(end, f"{path}/EndDate", f"{model}.end"),
    ]


def _address(group: str, path: str, model: str, numbers: str) -> list[Row]:
    line1, line2, city, post_code, subdivision, line3, country = numbers.split()
    return [
        Row(group, path, model),
        Row(line1, f"{path}/StreetName", f"{model}.line1"),
        Row(line2, f"{path}/AdditionalStreetName", f"{model}.line2"),
        Row(city, f"{path}/CityName", f"{model}.city"),
        Row(post_code, f"{path}/PostalZone", f"{model}.post_code"),
        Row(subdivision, f"{path}/CountrySubentity", f"{model}.subdivision"),
        Row(line3, f"{path}/AddressLine/Line", f"{model}.line3"),
        Row(country, f"{path}/Country/IdentificationCode", f"{model}.country"),
    ]


def _contact(group: str, path: str, model: str, numbers: str) -> list[Row]:
    name, phone, email = numbers.split()
    return [
        Row(group, path, model),
        Row(name, f"{path}/Name", f"{model}.name"),
        Row(phone, f"{path}/Telephone", f"{model}.phone"),
        Row(email, f"{path}/ElectronicMail", f"{model}.email"),
    ]


def _vat(category: str, rate: str, path: str, model: str) -> list[Row]:
    return [
        Row(category, f"{path}/ID", f"{model}.category"),
        Row(rate, f"{path}/Percent", f"{model}.rate"),
        fixed(f"{path}/TaxScheme/ID", "VAT"),
    ]


def _adjustment(numbers: str, vat: list[Row]) -> tuple[Row, ...]:
    """The inside of an allowance or a charge, of the document or of a line."""
    code, reason, percent, amount, base = numbers.split()
    return (
        Row(code, "AllowanceChargeReasonCode", "reason_code"),
        Row(reason, "AllowanceChargeReason", "reason"),
        Row(percent, "MultiplierFactorNumeric", "percent"),
        Row(amount, "Amount", "amount"),
        Row(base, "BaseAmount", "base"),
        *vat,
    )


ALLOWANCE: Final = "AllowanceCharge[ChargeIndicator=false]"
CHARGE: Final = "AllowanceCharge[ChargeIndicator=true]"

# BT-90 stands among the identifiers of the seller or the payee, told by its scheme. It is read from
# either and written at the seller.
SEPA_SCHEME: Final = "SEPA"
SEPA: Final = f"PartyIdentification[ID/@schemeID={SEPA_SCHEME}]/ID"
CREDITOR: Final = "/payments/direct_debit/creditor_id"


def _seller() -> list[Row]:
    party = "AccountingSupplierParty/Party"
    return [
        Row("BG-4", "AccountingSupplierParty", "seller"),
        Row("BT-34", f"{party}/EndpointID", "seller.endpoint"),
        Row("BT-90", f"{party}/{SEPA}", CREDITOR),
        Row("BT-29", f"{party}/PartyIdentification/ID", "seller.identifiers"),
        Row("BT-28", f"{party}/PartyName/Name", "seller.trading_name"),
        *_address(
            "BG-5",
            f"{party}/PostalAddress",
            "seller.address",
            "BT-35 BT-36 BT-37 BT-38 BT-39 BT-162 BT-40",
        ),
        Row("BT-31", f"{party}/PartyTaxScheme[TaxScheme/ID=VAT]/CompanyID", "seller.vat_id"),
        Row("BT-32", f"{party}/PartyTaxScheme/CompanyID", "seller.tax_registration_id"),
        fixed(f"{party}/PartyTaxScheme/TaxScheme/ID", "TAX"),
        Row("BT-27", f"{party}/PartyLegalEntity/RegistrationName", "seller.name"),
        Row("BT-30", f"{party}/PartyLegalEntity/CompanyID", "seller.legal_id"),
        Row("BT-33", f"{party}/PartyLegalEntity/CompanyLegalForm", "seller.legal_form"),
        *_contact("BG-6", f"{party}/Contact", "seller.contact", "BT-41 BT-42 BT-43"),
    ]


def _buyer() -> list[Row]:
    party = "AccountingCustomerParty/Party"
    return [
        Row("BG-7", "AccountingCustomerParty", "buyer"),
        Row("BT-49", f"{party}/EndpointID", "buyer.endpoint"),
        Row("BT-46", f"{party}/PartyIdentification/ID", "buyer.identifier"),
        Row("BT-45", f"{party}/PartyName/Name", "buyer.trading_name"),
        *_address(
            "BG-8",
            f"{party}/PostalAddress",
            "buyer.address",
            "BT-50 BT-51 BT-52 BT-53 BT-54 BT-163 BT-55",
        ),
        Row("BT-48", f"{party}/PartyTaxScheme[TaxScheme/ID=VAT]/CompanyID", "buyer.vat_id"),
        Row("BT-44", f"{party}/PartyLegalEntity/RegistrationName", "buyer.name"),
        Row("BT-47", f"{party}/PartyLegalEntity/CompanyID", "buyer.legal_id"),
        *_contact("BG-9", f"{party}/Contact", "buyer.contact", "BT-56 BT-57 BT-58"),
    ]


def _payee_and_representative() -> list[Row]:
    representative = "TaxRepresentativeParty"
    return [
        Row("BG-10", "PayeeParty", "payee"),
        Row("BT-90", f"PayeeParty/{SEPA}", CREDITOR),
        Row("BT-60", "PayeeParty/PartyIdentification/ID", "payee.identifier"),
        Row("BT-59", "PayeeParty/PartyName/Name", "payee.name"),
        Row("BT-61", "PayeeParty/PartyLegalEntity/CompanyID", "payee.legal_id"),
        Row("BG-11", representative, "tax_representative"),
        Row("BT-62", f"{representative}/PartyName/Name", "tax_representative.name"),
        *_address(
            "BG-12",
            f"{representative}/PostalAddress",
            "tax_representative.address",
            "BT-64 BT-65 BT-66 BT-67 BT-68 BT-164 BT-69",
        ),
        Row(
            "BT-63",
            f"{representative}/PartyTaxScheme[TaxScheme/ID=VAT]/CompanyID",
            "tax_representative.vat_id",
        ),
    ]


def _delivery() -> list[Row]:
    location = "Delivery/DeliveryLocation"
    return [
        Row("BG-13", "Delivery", "delivery"),
        Row("BT-72", "Delivery/ActualDeliveryDate", "delivery.date"),
        Row("BT-71", f"{location}/ID", "delivery.location_id"),
        *_address(
            "BG-15",
            f"{location}/Address",
            "delivery.address",
            "BT-75 BT-76 BT-77 BT-78 BT-79 BT-165 BT-80",
        ),
        Row("BT-70", "Delivery/DeliveryParty/PartyName/Name", "delivery.name"),
    ]


def _payment(document: Document) -> tuple[Row, ...]:
    # A credit note has no DueDate element of its own.
    due = [Row("BT-9", "PaymentDueDate", "/due_date")] if document == "CreditNote" else []
    return (
        Row("BT-81", "PaymentMeansCode", "means"),
        Row("BT-82", "PaymentMeansCode/@name", "means_text"),
        *due,
        Row("BT-83", "PaymentID", "reference"),
        Row("BG-18", "CardAccount", "card"),
        Row("BT-87", "CardAccount/PrimaryAccountNumberID", "card.account"),
        Row("", "CardAccount/NetworkID", "card.network", absent="NA"),
        Row("BT-88", "CardAccount/HolderName", "card.holder"),
        Row(
            "BG-17",
            "PayeeFinancialAccount",
            "credit_transfers",
            rows=(
                Row("BT-84", "ID", "account"),
                Row("BT-85", "Name", "account_name"),
                Row("BT-86", "FinancialInstitutionBranch/ID", "service_provider"),
            ),
        ),
        Row("BG-19", "PaymentMandate", "direct_debit"),
        Row("BT-89", "PaymentMandate/ID", "direct_debit.mandate"),
        Row("BT-91", "PaymentMandate/PayerFinancialAccount/ID", "direct_debit.debited_account"),
    )


def _tax_totals() -> list[Row]:
    category = "TaxCategory"
    return [
        Row("BT-110", "TaxTotal/TaxAmount", "totals.vat"),
        Row(
            "BG-23",
            "TaxTotal/TaxSubtotal",
            "vat_breakdown",
            rows=(
                Row("BT-116", "TaxableAmount", "taxable"),
                Row("BT-117", "TaxAmount", "tax"),
                Row("BT-118", f"{category}/ID", "category"),
                Row("BT-119", f"{category}/Percent", "rate"),
                Row("BT-121", f"{category}/TaxExemptionReasonCode", "exemption_code"),
                Row("BT-120", f"{category}/TaxExemptionReason", "exemption_reason"),
                fixed(f"{category}/TaxScheme/ID", "VAT"),
            ),
        ),
        # The tax total in the accounting currency is told by its currency alone.
        Row(
            "BT-111",
            "TaxTotal[TaxAmount/@currencyID=../TaxCurrencyCode]/TaxAmount",
            "totals.vat_in_vat_currency",
        ),
    ]


def _monetary_total() -> list[Row]:
    total = "LegalMonetaryTotal"
    return [
        Row("BG-22", total, "totals"),
        Row("BT-106", f"{total}/LineExtensionAmount", "totals.lines"),
        Row("BT-109", f"{total}/TaxExclusiveAmount", "totals.without_vat"),
        Row("BT-112", f"{total}/TaxInclusiveAmount", "totals.with_vat"),
        Row("BT-107", f"{total}/AllowanceTotalAmount", "totals.allowances"),
        Row("BT-108", f"{total}/ChargeTotalAmount", "totals.charges"),
        Row("BT-113", f"{total}/PrepaidAmount", "totals.paid"),
        Row("BT-114", f"{total}/PayableRoundingAmount", "totals.rounding"),
        Row("BT-115", f"{total}/PayableAmount", "totals.due"),
    ]


def _line(document: Document) -> tuple[Row, ...]:
    quantity = "InvoicedQuantity" if document == "Invoice" else "CreditedQuantity"
    discount = f"Price/{ALLOWANCE}"
    classification = "Item/CommodityClassification/ItemClassificationCode"
    return (
        Row("BT-126", "ID", "id"),
        Row("BT-127", "Note", "note"),
        Row("BT-129", quantity, "quantity"),
        Row("BT-130", f"{quantity}/@unitCode", "unit"),
        Row("BT-131", "LineExtensionAmount", "net_amount"),
        Row("BT-133", "AccountingCost", "buyer_accounting_reference"),
        *_period("BG-26", "BT-134", "BT-135", "period"),
        Row("BT-132", "OrderLineReference/LineID", "order_line"),
        Row("BT-128", "DocumentReference[DocumentTypeCode=130]/ID", "object_id"),
        Row(
            "BG-27",
            ALLOWANCE,
            "allowances",
            rows=_adjustment("BT-140 BT-139 BT-138 BT-136 BT-137", []),
        ),
        Row(
            "BG-28",
            CHARGE,
            "charges",
            rows=_adjustment("BT-145 BT-144 BT-143 BT-141 BT-142", []),
        ),
        Row("BG-31", "Item", "item"),
        Row("BT-154", "Item/Description", "item.description"),
        Row("BT-153", "Item/Name", "item.name"),
        Row("BT-156", "Item/BuyersItemIdentification/ID", "item.buyer_id"),
        Row("BT-155", "Item/SellersItemIdentification/ID", "item.seller_id"),
        Row("BT-157", "Item/StandardItemIdentification/ID", "item.standard_id"),
        Row("BT-159", "Item/OriginCountry/IdentificationCode", "item.origin_country"),
        Row("BT-158", classification, "item.classifications"),
        Row("BG-30", "Item/ClassifiedTaxCategory", "item.vat"),
        *_vat("BT-151", "BT-152", "Item/ClassifiedTaxCategory", "item.vat"),
        Row(
            "BG-32",
            "Item/AdditionalItemProperty",
            "item.attributes",
            rows=(Row("BT-160", "Name", "name"), Row("BT-161", "Value", "value")),
        ),
        Row("BG-29", "Price", "price"),
        Row("BT-146", "Price/PriceAmount", "price.net"),
        Row("BT-149", "Price/BaseQuantity", "price.base_quantity"),
        Row("BT-150", "Price/BaseQuantity/@unitCode", "price.base_unit"),
        Row("BT-147", f"{discount}/Amount", "price.discount"),
        Row("BT-148", f"{discount}/BaseAmount", "price.gross"),
    )


def _references(document: Document) -> list[Row]:
    contract = [Row("BT-12", "ContractDocumentReference/ID", "contract_reference")]
    tender = [Row("BT-17", "OriginatorDocumentReference/ID", "tender_reference")]
    additional = [
        Row("BT-18", "AdditionalDocumentReference[DocumentTypeCode=130]/ID", "invoiced_object"),
        Row(
            "BG-24",
            "AdditionalDocumentReference",
            "supporting_documents",
            rows=(
                Row("BT-122", "ID", "reference"),
                Row("BT-123", "DocumentDescription", "description"),
                Row("BT-125", "Attachment/EmbeddedDocumentBinaryObject", "attachment"),
                Row("BT-124", "Attachment/ExternalReference/URI", "url"),
            ),
        ),
    ]
    project = "AdditionalDocumentReference[DocumentTypeCode=50]/ID"
    if document == "Invoice":
        project = "ProjectReference/ID"
        order = [*tender, *contract, *additional, Row("BT-11", project, "project_reference")]
    else:
        order = [*contract, Row("BT-11", project, "project_reference"), *additional, *tender]
    return [
        Row("BT-13", "OrderReference/ID", "purchase_order_reference", absent="NA"),
        Row("BT-14", "OrderReference/SalesOrderID", "sales_order_reference"),
        Row(
            "BG-3",
            "BillingReference/InvoiceDocumentReference",
            "preceding_invoices",
            rows=(Row("BT-25", "ID", "number"), Row("BT-26", "IssueDate", "issue_date")),
        ),
        Row("BT-16", "DespatchDocumentReference/ID", "despatch_advice_reference"),
        Row("BT-15", "ReceiptDocumentReference/ID", "receiving_advice_reference"),
        *order,
    ]


def table(document: Document) -> tuple[Row, ...]:
    """The whole table for one kind of document, in the order of the UBL schema."""
    invoice = document == "Invoice"
    type_code = Row("BT-3", f"{document}TypeCode", "type_code")
    tax_point = Row("BT-7", "TaxPointDate", "tax_point_date")
    notes = Row("BG-1 BT-21 BT-22", "Note", "notes")
    due = [Row("BT-9", "DueDate", "due_date")] if invoice else []
    return (
        Row("BT-24", "CustomizationID", "specification"),
        Row("BT-23", "ProfileID", "business_process"),
        Row("BT-1", "ID", "number"),
        Row("BT-2", "IssueDate", "issue_date"),
        *due,
        *([type_code, notes, tax_point] if invoice else [tax_point, type_code, notes]),
        Row("BT-5", "DocumentCurrencyCode", "currency"),
        Row("BT-6", "TaxCurrencyCode", "vat_currency"),
        Row("BT-19", "AccountingCost", "buyer_accounting_reference"),
        Row("BT-10", "BuyerReference", "buyer_reference"),
        *_period("BG-14", "BT-73", "BT-74", "period"),
        Row("BT-8", "InvoicePeriod/DescriptionCode", "tax_point_code"),
        *_references(document),
        *_seller(),
        *_buyer(),
        *_payee_and_representative(),
        *_delivery(),
        Row("BG-16", "PaymentMeans", "payments", rows=_payment(document)),
        Row("BT-20", "PaymentTerms/Note", "payment_terms"),
        Row(
            "BG-20",
            ALLOWANCE,
            "allowances",
            rows=_adjustment(
                "BT-98 BT-97 BT-94 BT-92 BT-93", _vat("BT-95", "BT-96", "TaxCategory", "vat")
            ),
        ),
        Row(
            "BG-21",
            CHARGE,
            "charges",
            rows=_adjustment(
                "BT-105 BT-104 BT-101 BT-99 BT-100", _vat("BT-102", "BT-103", "TaxCategory", "vat")
            ),
        ),
        *_tax_totals(),
        *_monetary_total(),
        Row("BG-25", f"{document}Line", "lines", rows=_line(document)),
    )


TREES: Final[Mapping[str, Node]] = {
    "Invoice": grow("Invoice", table("Invoice")),
    "CreditNote": grow("CreditNote", table("CreditNote")),
}
"""The table as a tree of elements, by the name of the root."""


def term_of(ubl_path: str) -> tuple[str, ...]:
    """The business terms or groups at a path such as `Invoice/InvoiceLine[2]/Item/Name`.

    More than one where only the document tells which (an allowance or a charge); none where the
    path carries no term of its own.
    """
    root, *steps = (name for name, _ in _names(ubl_path))
    nodes = [TREES[root]] if root in TREES else []
    for name in steps:
        if parts := [part[0] for node in nodes if (part := _part(node, name))]:
            return tuple(parts)
        nodes = [
            kid for node in nodes for kid in (*node.attributes, *node.kids) if kid.name == name
        ]
    return tuple(dict.fromkeys(term for node in nodes for term in node.terms))


def field_of(term: str) -> str | None:
    """The JSON pointer of the model field of a term that an invoice has once at most: `BT-31` ->
    `/seller/vat_id`. None for one in a group that repeats, and for a group."""
    return _FIELDS.get(term)


_FIELDS: Final[Mapping[str, str]] = {
    row.term: f"/{row.model.lstrip('/').replace('.', '/')}"
    for row in table("Invoice")
    if row.term[:3] == "BT-" and row.model and not row.rows and row.model != CREDITOR
}


def model_pointer(ubl_path: str, root: etree._Element | None = None) -> str | None:
    """The JSON pointer of the deepest model field at or above a path in a UBL document.

    `Invoice/InvoiceLine[2]/Item/Name` -> `/lines/1/item/name`. Give the document's `root`: where
    one element name serves several fields (allowances and charges, references, tax totals, the
    accounts of a payment) only the document tells which, and without it the answer is the group
    around them. None where the path does not begin with Invoice or CreditNote. For many paths of
    one document, `Pointers(root).at` counts its elements once.
    """
    return Pointers(root).at(ubl_path)


@dataclass(frozen=True, slots=True)
class _Place:
    """An element as the table sees it; `index` is in the tuple of its field, counted from 0.

    `account` counts the PaymentMeans of the same payment before it.
    """

    element: etree._Element
    node: Node | None
    index: int
    account: int


class Pointers:
    """Finds model fields by UBL paths of one document, which must not change meanwhile."""

    def __init__(self, root: etree._Element | None) -> None:
        self._root = root
        self._known: dict[tuple[etree._Element, str], list[_Place]] = {}

    def at(self, ubl_path: str) -> str | None:
        """As `model_pointer`."""
        (name, _), *steps = _names(ubl_path)
        if name not in TREES:
            return None
        node, element, place = TREES[name], self._root, None
        scope = pointer = ""
        for name, position in steps:
            if part := _part(node, name):
                return part[1] if part[1][0] == "/" else f"{pointer}/{part[1]}"
            if name[0] == "@":
                found = (kid for kid in node.attributes if kid.name == name)
                return next((scope + _slashed(kid.field) for kid in found if kid.field), pointer)
            account = place.account if place else 0
            place = self._place(element, node, name, position)
            kid = place.node if place else _only(node, name)
            if kid is None:
                break
            if kid.field == CREDITOR or (kid.field == "payments" and place is None):
                return "/payments"  # only the document tells which of them
            if kid.each is not None:
                index = place.index if place else position - 1
                pointer = f"{scope}{_slashed(kid.each)}/{index + account}"
            elif kid.field is not None and not kid.many:
                above = "" if kid.field[0] == "/" else scope
                pointer = above + _slashed(kid.field)
            if kid.model is not None and not kid.leaf:
                scope = pointer
            node, element = kid, place.element if place else None
        return pointer

    def _place(
        self, parent: etree._Element | None, node: Node, name: str, position: int
    ) -> _Place | None:
        if parent is None:
            return None
        places = self._known.get((parent, name))
        if places is None:
            places = self._known[parent, name] = list(_places(parent, node, name))
        return places[position - 1] if position <= len(places) else None


def _places(parent: etree._Element, node: Node, name: str) -> Iterator[_Place]:
    counted: Counter[Node | None] = Counter()
    account = 0
    for element in parent.iterchildren(f"{{*}}{name}"):
        kid = node.choose(element)
        if name == "PaymentMeans" and adds_account(element):
            account += 1
        else:
            account = 0
            counted[kid] += 1
        yield _Place(element, kid, counted[kid] - 1, account)


def _part(node: Node, attribute: str) -> tuple[str, str] | None:
    """Term and field of an attribute that belongs to the value of an element."""
    if attribute == "@currencyID" and node.kind == "Amount":
        return ("BT-6", "/vat_currency") if "BT-111" in node.terms else ("BT-5", "/currency")
    found = _PARTS.get((node.model, attribute))
    return (f"{node.terms[0]}-{found[0]}", found[1]) if found and node.terms else None


# EN 16931-1, 6.3: the parts of an identifier and of a binary object, numbered below their term.
_PARTS: Final[Mapping[tuple[type | None, str], tuple[int, str]]] = {
    (Identifier, "@schemeID"): (1, "scheme"),
    (Identifier, "@listID"): (1, "scheme"),
    (Identifier, "@listVersionID"): (2, "scheme_version"),
    (Attachment, "@mimeCode"): (1, "mime_code"),
    (Attachment, "@filename"): (2, "filename"),
}


def _only(node: Node, name: str) -> Node | None:
    """The child of that name, where there are no alternatives for a document to tell apart."""
    known = [kid for kid in node.kids if kid.name == name]
    return known[0] if len(known) == 1 else None


def _names(path: str) -> list[tuple[str, int]]:
    """The steps of a path: (name, position among its namesakes, from 1)."""
    return [(name, int(position or 1)) for name, position in _POSITION.findall(path)] or [("", 1)]


_POSITION: Final = re.compile(r"(@?\w+)(?:\[(\d+)\])?")


def _slashed(field: str | None) -> str:
    return "/" + (field or "").lstrip("/").replace(".", "/")


def adds_account(means: etree._Element) -> bool:
    """Whether a PaymentMeans only adds an account (BG-17) to the payment (BG-16) before it.

    EN 16931 has many accounts in one payment, UBL one account in each PaymentMeans: neighbours
    that have an account and are alike in all else are one payment.
    """
    before = next(means.itersiblings(means.tag, preceding=True), None)
    if before is None:
        return False
    (account, rest), (account_before, rest_before) = _parts(means), _parts(before)
    return account and account_before and rest == rest_before


def _parts(means: etree._Element) -> tuple[bool, list[object]]:
    """Whether there is an account, and all else that a PaymentMeans says."""
    account = next((kid for kid in means if kid.tag == _ACCOUNT), None)
    inside = set() if account is None else set(account.iter())
    rest: list[object] = [
        (leaf.tag, (leaf.text or "").strip(), sorted(leaf.items()))
        for leaf in means.iterdescendants()
        if leaf not in inside and isinstance(leaf.tag, str)
    ]
    return account is not None, rest


_ACCOUNT: Final = f"{{{structure.NAMESPACES['cac']}}}PayeeFinancialAccount"


def path_of(element: etree._Element) -> str:
    """Where an element stands, as people read it: `Invoice/InvoiceLine[2]/Item/Name`.

    A number is given where siblings share the name; it counts from 1.
    """
    steps = []
    here: etree._Element | None = element
    while here is not None:
        name = etree.QName(here).localname
        before = sum(1 for _ in here.itersiblings(here.tag, preceding=True))
        alone = before == 0 and next(here.itersiblings(here.tag), None) is None
        steps.append(name if alone else f"{name}[{before + 1}]")
        here = here.getparent()
    return "/".join(reversed(steps))
