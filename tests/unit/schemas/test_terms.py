from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from types import NoneType
from typing import Any, get_args, get_type_hints

import pytest
from lxml import etree

from schemas.invoice import Address, Attachment, Contact, Identifier, Invoice, Note, Period, Vat
from schemas.ubl.structure import NAMESPACES, ROOTS
from schemas.ubl.terms import TREES, model_pointer, path_of, term_of
from schemas.ubl.tree import Node, Row, grow

BOTH = pytest.mark.parametrize("document", ["Invoice", "CreditNote"])
WHOLE = (Identifier, Note, Attachment)  # one element holds all of it
SHARED = (Address, Contact, Period, Vat)  # their numbers depend on the group around them


def fields_of(model: type, prefix: str = "") -> Iterator[tuple[str, str, type]]:
    """Every leaf of the model: its path, its number and the class that has it."""
    hints = get_type_hints(model)
    for item in dataclasses.fields(model):
        kinds = [k for k in (hints[item.name], *get_args(hints[item.name])) if k is not NoneType]
        groups = [k for k in kinds if dataclasses.is_dataclass(k) and k not in WHOLE]
        path = f"{prefix}/{item.name}"
        if groups:
            assert isinstance(groups[0], type)
            yield from fields_of(groups[0], path)
        else:
            yield path, item.metadata["bt"], model


def rows_of(node: Node, scope: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every leaf of the tree: the model path it stands for, and its terms."""
    for kid in (*node.attributes, *node.kids):
        path = scope
        if kid.field:
            start = "" if kid.field.startswith("/") else scope
            path = f"{start}/{kid.field.lstrip('/').replace('.', '/')}"
            if kid.leaf:
                yield path, kid.terms
        yield from rows_of(kid, path if kid.model and not kid.leaf else scope)


@BOTH
def test_every_field_of_the_model_has_its_place(document: str) -> None:
    placed = {path for path, _ in rows_of(TREES[document])}
    assert placed == {path for path, _, _ in fields_of(Invoice)}


@BOTH
def test_the_table_and_the_model_agree_on_the_numbers(document: str) -> None:
    numbers = {
        path: number
        for path, number, model in fields_of(Invoice)
        if model not in SHARED and number.startswith("B")
    }
    for path, terms in rows_of(TREES[document]):
        if path in numbers and terms:
            assert numbers.pop(path) in terms, path
    assert not numbers.keys() - {"/payments/direct_debit/creditor_id"}


def test_no_term_has_two_places_but_the_creditor_id() -> None:
    terms = [term for _, found in rows_of(TREES["Invoice"]) for term in found]
    assert {term for term in terms if terms.count(term) > 1} == {"BT-90"}


def test_every_business_term_of_the_standard_is_in_the_table() -> None:
    numbers = {term for _, found in rows_of(TREES["Invoice"]) for term in found}
    # EN 16931-1:2017+A1 counts to BT-165; BT-4 was never used.
    assert numbers - {"BG-1"} == {f"BT-{n}" for n in range(1, 166)} - {"BT-4"}


@pytest.mark.parametrize(
    ("path", "terms"),
    [
        ("Invoice/ID", ("BT-1",)),
        ("Invoice/InvoiceLine[2]/Item/Name", ("BT-153",)),
        ("CreditNote/CreditNoteLine/CreditedQuantity/@unitCode", ("BT-130",)),
        ("Invoice/AccountingSupplierParty", ("BG-4",)),
        ("Invoice/AccountingSupplierParty/Party/EndpointID/@schemeID", ("BT-34-1",)),
        ("Invoice/InvoiceLine/LineExtensionAmount/@currencyID", ("BT-5",)),
        ("Invoice/AllowanceCharge[3]/Amount", ("BT-92", "BT-99")),
        ("CreditNote/PaymentMeans/PaymentDueDate", ("BT-9",)),
        ("Invoice/PaymentMeans/PaymentDueDate", ()),
        ("Invoice/AccountingSupplierParty/Party/PostalAddress/CityName", ("BT-37",)),
        ("Invoice/Delivery/DeliveryLocation/Address/CityName", ("BT-77",)),
        ("Invoice/UBLVersionID", ()),
        ("ApplicationResponse/ID", ()),
        ("", ()),
    ],
)
def test_terms_by_path(path: str, terms: tuple[str, ...]) -> None:
    assert term_of(path) == terms


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("Invoice", ""),
        ("Invoice/InvoiceLine[2]/Item/Name", "/lines/1/item/name"),
        ("Invoice/InvoiceLine/InvoicedQuantity/@unitCode", "/lines/0/unit"),
        ("CreditNote/CreditNoteLine[3]/CreditedQuantity", "/lines/2/quantity"),
        ("Invoice/InvoiceLine[2]/Item/ClassifiedTaxCategory/Percent", "/lines/1/item/vat/rate"),
        ("Invoice/InvoiceLine[2]/Item/ClassifiedTaxCategory/TaxScheme/ID", "/lines/1/item/vat"),
        ("Invoice/InvoiceLine/Item/CommodityClassification[2]", "/lines/0/item/classifications/1"),
        ("Invoice/InvoiceLine/Price/PriceAmount", "/lines/0/price/net"),
        ("Invoice/AccountingCustomerParty/Party/EndpointID", "/buyer/endpoint"),
        ("Invoice/AccountingCustomerParty/Party/EndpointID/@schemeID", "/buyer/endpoint/scheme"),
        ("Invoice/InvoiceLine[2]/LineExtensionAmount/@currencyID", "/currency"),
        (
            "Invoice/InvoiceLine/Item/CommodityClassification[2]/ItemClassificationCode/@listID",
            "/lines/0/item/classifications/1/scheme",
        ),
        ("Invoice/AccountingCustomerParty/Party", "/buyer"),
        ("Invoice/LegalMonetaryTotal/PayableAmount", "/totals/due"),
        ("Invoice/InvoicePeriod/StartDate", "/period/start"),
        ("Invoice/InvoicePeriod/DescriptionCode", "/tax_point_code"),
        ("Invoice/BillingReference[2]/InvoiceDocumentReference/ID", "/preceding_invoices/1/number"),
        ("Invoice/UBLVersionID", ""),
        ("Invoice/InvoiceLine[2]/Item/Nonsense", "/lines/1/item"),
        # Only the document tells these apart, so the group around them is the answer.
        ("Invoice/AllowanceCharge[2]/Amount", ""),
        ("Invoice/PaymentMeans[2]/PaymentID", "/payments"),
        ("Invoice/AccountingSupplierParty/Party/PartyTaxScheme/CompanyID", "/seller"),
        ("ApplicationResponse/ID", None),
    ],
)
def test_pointers_without_the_document(path: str, pointer: str | None) -> None:
    assert model_pointer(path) == pointer


def document(inside: str, name: str = "Invoice") -> etree._Element:
    prefixes = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return etree.fromstring(f'<{name} xmlns="{ROOTS[name]}" {prefixes}>{inside}</{name}>')


def charge(indicator: str, inside: str = "") -> str:
    return (
        f"<cac:AllowanceCharge><cbc:ChargeIndicator>{indicator}</cbc:ChargeIndicator>"
        f"<cbc:Amount>1</cbc:Amount>{inside}</cac:AllowanceCharge>"
    )


def means(account: str, reference: str = "1", code: str = "30") -> str:
    to = (
        account
        and f"<cac:PayeeFinancialAccount><cbc:ID>{account}</cbc:ID></cac:PayeeFinancialAccount>"
    )
    return (
        f"<cac:PaymentMeans><cbc:PaymentMeansCode>{code}</cbc:PaymentMeansCode>"
        f"<cbc:PaymentID>{reference}</cbc:PaymentID>{to}</cac:PaymentMeans>"
    )


def reference(code: str) -> str:
    kind = code and f"<cbc:DocumentTypeCode>{code}</cbc:DocumentTypeCode>"
    return (
        "<cac:AdditionalDocumentReference><cbc:ID>x</cbc:ID>"
        f"{kind}</cac:AdditionalDocumentReference>"
    )


def party(*identifiers: str) -> str:
    inside = "".join(
        f'<cac:PartyIdentification><cbc:ID schemeID="{scheme}">1</cbc:ID></cac:PartyIdentification>'
        for scheme in identifiers
    )
    seller = "cac:AccountingSupplierParty"
    return f"<{seller}><cac:Party>{inside}</cac:Party></{seller}>"


CHARGES = charge("false") + charge("true") + charge("0") + charge("1")
MEANS = means("1") + means("2") + means("3", "other") + means("") + means("") + means("4")


@pytest.mark.parametrize(
    ("inside", "name", "pointers"),
    [
        (
            CHARGES,
            "AllowanceCharge[{}]/Amount",
            [
                "/allowances/0/amount",
                "/charges/0/amount",
                "/allowances/1/amount",
                "/charges/1/amount",
            ],
        ),
        (
            MEANS,
            "PaymentMeans[{}]/PaymentID",
            [f"/payments/{n}/reference" for n in (0, 0, 1, 2, 3, 4)],
        ),
        (
            MEANS,
            "PaymentMeans[{}]/PayeeFinancialAccount/ID",
            [
                "/payments/0/credit_transfers/0/account",
                "/payments/0/credit_transfers/1/account",
                "/payments/1/credit_transfers/0/account",
            ],
        ),
        (
            reference("") + reference("130") + reference(""),
            "AdditionalDocumentReference[{}]/ID",
            [
                "/supporting_documents/0/reference",
                "/invoiced_object",
                "/supporting_documents/1/reference",
            ],
        ),
        (
            party("0088", "SEPA", "0007"),
            "AccountingSupplierParty/Party/PartyIdentification[{}]/ID",
            ["/seller/identifiers/0", "/payments", "/seller/identifiers/1"],
        ),
        (
            "<cbc:TaxCurrencyCode>SEK</cbc:TaxCurrencyCode>"
            '<cac:TaxTotal><cbc:TaxAmount currencyID="SEK">1</cbc:TaxAmount></cac:TaxTotal>'
            '<cac:TaxTotal><cbc:TaxAmount currencyID="EUR">1</cbc:TaxAmount></cac:TaxTotal>',
            "TaxTotal[{}]/TaxAmount",
            ["/totals/vat_in_vat_currency", "/totals/vat"],
        ),
    ],
)
def test_the_document_tells_alternatives_apart(inside: str, name: str, pointers: list[str]) -> None:
    root = document(inside)
    found = [model_pointer(f"Invoice/{name.format(n + 1)}", root) for n in range(len(pointers))]
    assert found == pointers


def test_a_project_is_another_reference_in_a_credit_note() -> None:
    inside = reference("50")
    path = "AdditionalDocumentReference/ID"
    credit_note = model_pointer(f"CreditNote/{path}", document(inside, "CreditNote"))
    assert credit_note == "/project_reference"
    assert model_pointer(f"Invoice/{path}", document(inside)) == "/supporting_documents/0/reference"


def test_a_missing_element_is_told_by_the_group_around_it() -> None:
    root = document("<cac:InvoiceLine><cac:Item/></cac:InvoiceLine>" * 2)
    assert model_pointer("Invoice/InvoiceLine[2]/Item/Name", root) == "/lines/1/item/name"
    assert model_pointer("Invoice/AllowanceCharge/Amount", root) == ""
    assert model_pointer("Invoice/BuyerReference", root) == "/buyer_reference"


def test_paths_count_only_where_siblings_share_the_name() -> None:
    root = document(
        "<cbc:ID/><!-- --><cac:InvoiceLine/><cac:InvoiceLine><cbc:ID/></cac:InvoiceLine>"
    )
    paths: list[Any] = [path_of(each) for each in root.iter("{*}*")]
    assert paths == [
        "Invoice",
        "Invoice/ID",
        "Invoice/InvoiceLine[1]",
        "Invoice/InvoiceLine[2]",
        "Invoice/InvoiceLine[2]/ID",
    ]


def test_a_path_that_ubl_does_not_have_is_no_row() -> None:
    with pytest.raises(KeyError, match="BuyerRefrence"):
        grow("Invoice", [Row("BT-10", "BuyerRefrence", "buyer_reference")])
    with pytest.raises(KeyError, match="buyer_refrence"):
        grow("Invoice", [Row("BT-10", "BuyerReference", "buyer_refrence")])
