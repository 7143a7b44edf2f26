"""A CII becomes the model of EN 16931, loses no value unsaid, and says where each field was."""

from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from lxml import etree

from schemas.cii.read import Read, Unbound, read
from schemas.forms import Form, by_root, of
from schemas.invoice import Charge, Contact, DirectDebit, Identifier, Invoice, Note, Seller, Vat
from schemas.ubl.read import read as read_ubl
from schemas.ubl.terms import path_of
from schemas.ubl.write import write
from tests.unit.schemas.cii import NAMESPACES, written

OFFICIAL = Path(__file__).parents[4] / "shared/rules/bases"
OURS = Path(__file__).parents[2] / "golden/situations"
RAM = f"{{{NAMESPACES['ram']}}}"


def billing(folder: Path) -> list[Path]:
    """The invoices and credit notes there, as UBL."""
    return [
        path
        for path in sorted(folder.glob("*.xml"))
        if by_root(etree.parse(path).getroot().tag) is Form.BILLING
    ]


def base() -> Invoice:
    """Two lines, an allowance, a charge, terms of payment; its seller has one registration."""
    invoice = read_ubl(etree.parse(OURS / "no-b2b-discounts-on-both-levels.xml").getroot())
    seller = replace(invoice.seller, tax_registration_id=None)
    return replace(invoice, seller=seller, payment_terms="30 days")


def plain(invoice: Invoice) -> Invoice:
    """Without what CII has no place for, or in another order."""
    seller = invoice.seller
    identifiers = sorted(seller.identifiers, key=lambda each: each.scheme is not None)
    payments = (
        replace(each, card=replace(each.card, network=None)) if each.card else each
        for each in invoice.payments
    )
    return replace(
        invoice,
        specification=None,
        business_process=None,
        payments=tuple(payments),
        seller=replace(seller, identifiers=tuple(identifiers)),
    )


def tree(invoice: Invoice | None = None) -> etree._Element:
    return etree.fromstring(written(invoice or base()))


def changed(path: str, text: str, root: etree._Element | None = None) -> etree._Element:
    """The example with another text at a path of `ram:` elements."""
    root = tree() if root is None else root
    found = root.find(".//" + "/".join(f"{RAM}{step}" for step in path.split("/")))
    assert found is not None, path
    found.text = text
    return root


def added(path: str, *elements: str) -> etree._Element:
    """The example with more elements, `name=text`, below a path."""
    root = tree()
    parent = root.find(".//" + "/".join(f"{RAM}{step}" for step in path.split("/")))
    assert parent is not None, path
    for each in elements:
        name, _, text = each.partition("=")
        etree.SubElement(parent, f"{RAM}{name}").text = text
    return root


def left(found: Read) -> list[tuple[str, str]]:
    return [(path_of(each.element).rpartition("/")[2], each.value) for each in found.left]


@pytest.mark.skipif(
    not OFFICIAL.exists(), reason="the official documents are not beside this checkout"
)
@pytest.mark.parametrize("path", billing(OFFICIAL), ids=lambda path: path.stem)
def test_every_official_invoice_comes_back_as_it_was(path: Path) -> None:
    check_comes_back(path)


@pytest.mark.parametrize("path", billing(OURS), ids=lambda path: path.stem)
def test_every_invoice_of_ours_comes_back_as_it_was(path: Path) -> None:
    check_comes_back(path)


def check_comes_back(path: Path) -> None:
    invoice = read_ubl(etree.parse(path).getroot())
    found = read(etree.fromstring(written(invoice)))
    assert found.left == ()
    assert plain(found.invoice) == plain(invoice)
    write(found.invoice)


def test_its_form_is_told_by_its_root() -> None:
    assert of(tree()) is Form.CROSS_INDUSTRY


def test_each_field_is_found_where_it_stands() -> None:
    root = tree()
    found = read(root)
    for pointer, ending in {
        "/number": "ExchangedDocument/ID",
        "/seller/vat_id": "SellerTradeParty/SpecifiedTaxRegistration/ID",
        "/lines/1/item/name": "IncludedSupplyChainTradeLineItem[2]/SpecifiedTradeProduct/Name",
        "/lines/0/item/vat/rate": "ApplicableTradeTax/RateApplicablePercent",
        "/totals/due": "SpecifiedTradeSettlementHeaderMonetarySummation/DuePayableAmount",
        "/vat_breakdown/0/tax": "ApplicableTradeTax[1]/CalculatedAmount",
        "/charges/0/amount": "SpecifiedTradeAllowanceCharge[2]/ActualAmount",
    }.items():
        element, below = found.find(pointer)
        assert element is not None and path_of(element).endswith(ending), pointer
        assert below == ""
    # What is not there has the place where it would be.
    element, below = found.find("/project_reference")
    assert element is None or below
    element, below = found.find("/seller/tax_registration_id")
    assert element is not None and path_of(element).endswith("SellerTradeParty")
    assert found.find("/nothing/of/that") == (None, "")


@pytest.mark.parametrize(
    ("root", "expected"),
    [
        (added("SellerTradeParty", "RoleCode=SR"), [("RoleCode", "SR")]),
        (added("SpecifiedTradeProduct", "BrandName=Best"), [("BrandName", "Best")]),
        (added("SpecifiedTradePaymentTerms", "Description=Two"), [("Description[2]", "Two")]),
        (
            changed("SpecifiedTradeProduct/Name", "A", added("BuyerTradeParty", "Name=B")),
            [("Name[2]", "B")],
        ),
        (changed("ApplicableTradeTax/TypeCode", "GST"), [("TypeCode", "GST")]),
    ],
)
def test_what_has_no_place_is_told(root: etree._Element, expected: list[tuple[str, str]]) -> None:
    assert left(read(root)) == expected


def test_attributes_with_no_place_are_told() -> None:
    root = tree()
    root.find(f".//{RAM}BuyerReference").set("languageID", "sv")
    root.find(f".//{RAM}SellerTradeParty/{RAM}Name").set("{urn:x}other", "1")
    assert left(read(root)) == [("BuyerReference", "@languageID=sv")]


@pytest.mark.parametrize(
    ("path", "text", "reason"),
    [
        ("DuePayableAmount", "1 000,00", "not a number"),
        ("DuePayableAmount", "1" * 31, "not a number"),
        ("NetPriceProductTradePrice/ChargeAmount", "NaN", "not a number"),
        ("SellerTradeParty/Name", "", "BT-27 is missing"),
        ("BuyerTradeParty/PostalTradeAddress/CountryID", " ", "BT-55 is missing"),
        ("LineID", "", "BT-126 is missing"),
        ("GuidelineSpecifiedDocumentContextParameter/ID", "urn:factur-x.eu:1p0:minimum", "lines"),
    ],
)
def test_a_wrong_value_is_told_by_its_place(path: str, text: str, reason: str) -> None:
    with pytest.raises(Unbound, match=path) as refused:
        read(changed(path, text))
    assert reason in refused.value.problems[0].reason


def test_all_wrong_values_are_told_at_once() -> None:
    root = changed("SellerTradeParty/Name", "", changed("DuePayableAmount", "x"))
    root.find(f".//{RAM}LineTotalAmount").set("currencyID", "USD")
    day = root.find(f".//{RAM}IssueDateTime")[0]  # type: ignore[index]
    day.set("format", "610")
    with pytest.raises(Unbound) as refused:
        read(root)
    assert {problem.path.rpartition("/")[2] for problem in refused.value.problems} == {
        "Name",
        "DuePayableAmount",
        "LineTotalAmount",
        "DateTimeString",
    }


@pytest.mark.parametrize(
    "content",
    [
        b"<Invoice/>",
        f'<CrossIndustryInvoice xmlns="{NAMESPACES["rsm"]}"/>'.encode(),
        f'<r:CrossIndustryInvoice xmlns:r="{NAMESPACES["rsm"]}"><r:ExchangedDocument/>'
        f"<r:SupplyChainTradeTransaction/></r:CrossIndustryInvoice>".encode(),
    ],
)
def test_what_is_no_invoice_is_refused(content: bytes) -> None:
    with pytest.raises(Unbound):
        read(etree.fromstring(content))


def test_several_notes_become_one_unless_both_are_german() -> None:
    notes = (Note("Registered in Stockholm", "REG"), Note("Thank you"))
    invoice = replace(base(), notes=notes)
    assert read(tree(invoice)).invoice.notes == (Note("#REG#Registered in Stockholm\nThank you"),)
    german = replace(
        invoice,
        seller=replace(invoice.seller, address=replace(invoice.seller.address, country="DE")),
        buyer=replace(invoice.buyer, address=replace(invoice.buyer.address, country="DE")),
    )
    assert read(tree(german)).invoice.notes == notes


def test_a_gross_price_without_a_discount_gets_what_it_is_more() -> None:
    line = base().lines[0]
    price = replace(line.price, net=Decimal(80), gross=Decimal(100), discount=None)
    invoice = replace(base(), lines=(replace(line, price=price),))
    assert read(tree(invoice)).invoice.lines[0].price.discount == Decimal(20)


def test_a_mandate_is_of_the_direct_debit_or_of_the_first_payment() -> None:
    payment = replace(
        base().payments[0], credit_transfers=(), direct_debit=DirectDebit("M-1", "DE98ZZZ", "SE1")
    )
    for means in ("59", "30"):
        invoice = replace(base(), payments=(replace(payment, means=means),))
        assert read(tree(invoice)).invoice.payments == invoice.payments
    # Without any payment a creditor is the seller's, and a mandate has no place.
    root = changed(
        "SpecifiedTradePaymentTerms/Description", "30 days", tree(replace(base(), payments=()))
    )
    terms = root.find(f".//{RAM}SpecifiedTradePaymentTerms")
    assert terms is not None
    etree.SubElement(terms, f"{RAM}DirectDebitMandateID").text = "M-1"
    settlement = terms.getparent()
    assert settlement is not None
    etree.SubElement(settlement, f"{RAM}CreditorReferenceID").text = "DE98ZZZ"
    found = read(root)
    assert Identifier("DE98ZZZ", "SEPA") in found.invoice.seller.identifiers
    assert left(found) == [("DirectDebitMandateID", "M-1")]


def test_a_charge_for_logistics_is_a_charge() -> None:
    root = tree(replace(base(), charges=()))
    settlement = root.find(f".//{RAM}ApplicableHeaderTradeSettlement")
    assert settlement is not None
    settlement.append(
        etree.fromstring(
            f'<SpecifiedLogisticsServiceCharge xmlns="{NAMESPACES["ram"]}">'
            "<Description>Freight</Description><AppliedAmount>50.00</AppliedAmount>"
            "<AppliedTradeTax><TypeCode>VAT</TypeCode><CategoryCode>S</CategoryCode>"
            "<RateApplicablePercent>25</RateApplicablePercent></AppliedTradeTax>"
            "</SpecifiedLogisticsServiceCharge>"
        )
    )
    found = read(root)
    assert found.left == ()
    charge = Charge(Vat("S", Decimal(25)), amount=Decimal("50.00"), reason="Freight")
    assert found.invoice.charges == (charge,)


def test_the_vat_date_may_stand_in_every_row() -> None:
    day = datetime.date(2026, 11, 30)
    invoice = base()
    rows = (*invoice.vat_breakdown, *invoice.vat_breakdown)
    invoice = replace(invoice, tax_point_date=day, vat_breakdown=rows)
    found = read(tree(invoice))
    assert found.invoice.tax_point_date == day and found.left == ()
    root = tree(invoice)
    root.findall(f".//{RAM}TaxPointDate")[1][0].text = "20261201"
    assert "20261201" in [value for _, value in left(read(root))]


def test_a_department_is_named_with_the_person() -> None:
    contact = replace(base().buyer.contact or Contact(), name="Siv")
    root = tree(replace(base(), seller=replace(base().seller, contact=contact)))
    element = root.find(f".//{RAM}SellerTradeParty/{RAM}DefinedTradeContact")
    assert element is not None
    etree.SubElement(element, f"{RAM}DepartmentName").text = "Accounts"
    contact = read(root).invoice.seller.contact
    assert contact is not None and contact.name == "Siv, Accounts"


def test_a_seller_may_have_no_registrations() -> None:
    seller = Seller("A", base().seller.address)
    assert plain(read(tree(replace(base(), seller=seller))).invoice).seller == seller


def test_many_lines_take_time_by_their_number() -> None:
    line = base().lines[0]
    invoice = replace(base(), lines=tuple(replace(line, id=str(n)) for n in range(2_000)))
    found = read(tree(invoice))
    assert len(found.invoice.lines) == 2_000 and found.left == ()
    assert found.places["/lines/1999/item/name"][0] is not None


def test_an_email_address_is_the_contacts() -> None:
    address = Identifier("invoices@buyer.example", "EM")
    for known, endpoint, email in (
        (None, None, address.value),
        (Contact(email=address.value), None, address.value),
        (Contact(email="other@buyer.example"), address, "other@buyer.example"),
    ):
        buyer = replace(base().buyer, endpoint=address, contact=known)
        found = read(tree(replace(base(), buyer=buyer))).invoice.buyer
        assert found.endpoint == endpoint
        assert found.contact is not None and found.contact.email == email
