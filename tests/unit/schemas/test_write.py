from __future__ import annotations

import datetime
from dataclasses import replace
from decimal import Decimal

import pytest
from lxml import etree

from schemas.invoice import (
    Address,
    Attachment,
    Buyer,
    Contact,
    CreditTransfer,
    Identifier,
    Invoice,
    Item,
    Line,
    Note,
    Payment,
    PaymentCard,
    Price,
    Seller,
    SupportingDocument,
    Totals,
    Vat,
)
from schemas.totals import complete
from schemas.ubl.read import read
from schemas.ubl.structure import schema
from schemas.ubl.write import Unwritable, write

SMALL = Invoice(
    number="F-1",
    issue_date=datetime.date(2026, 11, 21),
    currency="SEK",
    seller=Seller("Säljaren AB", Address("SE")),
    buyer=Buyer("Köparen AB", Address("SE")),
    lines=(Line("1", Decimal(2), "EA", Price(Decimal(10)), Item("Spade", Vat("S", Decimal(25)))),),
)


def written(invoice: Invoice) -> etree._Element:
    return etree.fromstring(write(invoice))


def text(root: etree._Element, path: str) -> str | None:
    return root.findtext("/".join(f"{{*}}{name}" for name in path.split("/")))


def test_a_completed_invoice_fits_the_structure() -> None:
    for type_code in ("380", "381"):
        root = written(complete(replace(SMALL, type_code=type_code)))
        assert schema(etree.QName(root).localname).validate(root)


def test_the_document_is_utf_8_and_says_so() -> None:
    document = write(SMALL)
    assert document.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n<Invoice ')
    assert "Säljaren AB".encode() in document


def test_only_what_is_stated_is_written() -> None:
    root = written(SMALL)
    names = {etree.QName(element).localname for element in root}
    assert names == {
        "ID",
        "IssueDate",
        "InvoiceTypeCode",
        "DocumentCurrencyCode",
        "AccountingSupplierParty",
        "AccountingCustomerParty",
        "InvoiceLine",
    }


@pytest.mark.parametrize(
    ("amount", "plain"),
    [
        (Decimal("1E+3"), "1000"),
        (Decimal("0.0000001"), "0.0000001"),
        (Decimal("-0.00"), "0.00"),
        (Decimal("12.50"), "12.50"),
        (Decimal("123456789012345678901234567.89"), "123456789012345678901234567.89"),
    ],
)
def test_numbers_have_no_exponent(amount: Decimal, plain: str) -> None:
    root = written(replace(SMALL, totals=Totals(due=amount)))
    assert text(root, "LegalMonetaryTotal/PayableAmount") == plain


def test_amounts_carry_their_currency() -> None:
    totals = Totals(vat=Decimal(5), vat_in_vat_currency=Decimal(6), due=Decimal(25))
    root = written(replace(SMALL, vat_currency="NOK", totals=totals))
    amounts = {e.text: e.get("currencyID") for e in root.iter("{*}TaxAmount", "{*}PayableAmount")}
    assert amounts == {"5": "SEK", "6": "NOK", "25": "SEK"}


def test_any_text_that_xml_can_hold_comes_back() -> None:
    awkward = "a & b < c > d \" ' ]]> \r\n\t e\u00a0\U0001f4ef"
    assert read(written(replace(SMALL, payment_terms=awkward))).payment_terms == awkward
    endpoint = Identifier("1", "a & b < c > d \" ' \r\n\t e")
    seller = replace(SMALL.seller, endpoint=endpoint)
    assert read(written(replace(SMALL, seller=seller))).seller.endpoint == endpoint


def test_text_and_numbers_that_xml_cannot_hold_are_told_all_at_once() -> None:
    bad_line = replace(SMALL.lines[0], note="a\x00b", quantity=Decimal("NaN"))
    bad = replace(
        SMALL,
        seller=replace(SMALL.seller, contact=Contact(name="\x1b[0m", email="ok@mail.example")),
        lines=(SMALL.lines[0], bad_line),
        notes=(Note("\ud800"),),
        totals=Totals(due=Decimal("1E+999999999"), paid=Decimal("1E-999999999")),
    )
    with pytest.raises(Unwritable) as caught:
        write(bad)
    assert dict(caught.value.problems) == {
        "/seller/contact/name": "character U+001B cannot stand in XML, remove it",
        "/lines/1/note": "character U+0000 cannot stand in XML, remove it",
        "/lines/1/quantity": "NaN is not a number of at most 30 digits",
        "/notes/0/text": "character U+D800 cannot stand in XML, remove it",
        "/totals/due": "1.000E+999999999 is not a number of at most 30 digits",
        "/totals/paid": "1.000E-999999999 is not a number of at most 30 digits",
    }


def test_empty_text_is_not_stated_unless_the_structure_demands_it() -> None:
    item = replace(SMALL.lines[0].item, name="", description="")
    line = replace(SMALL.lines[0], id="", item=item)
    root = written(replace(SMALL, buyer_reference="", lines=(line,)))
    assert text(root, "BuyerReference") is None
    assert text(root, "InvoiceLine/Item/Name") is None
    assert text(root, "InvoiceLine/ID") == ""


def test_each_account_has_its_payment_means() -> None:
    payment = Payment("30", reference="1", credit_transfers=tuple(map(CreditTransfer, "ab")))
    root = written(replace(SMALL, payments=(payment,)))
    assert [e.findtext("{*}PaymentID") for e in root.iter("{*}PaymentMeans")] == ["1", "1"]
    assert read(root).payments == (payment,)


def test_the_due_date_of_a_credit_note_stands_in_payment_means() -> None:
    note = replace(SMALL, type_code="381", due_date=datetime.date(2026, 12, 21))
    root = written(note)
    assert text(root, "DueDate") is None
    assert text(root, "PaymentMeans/PaymentDueDate") == "2026-12-21"
    assert text(root, "PaymentMeans/PaymentMeansCode") == "1"
    paid = replace(note, payments=(Payment("30"), Payment("31")))
    assert [e.text for e in written(paid).iter("{*}PaymentDueDate")] == ["2026-12-21"] * 2


def test_what_the_structure_demands_and_nobody_states() -> None:
    root = written(
        replace(
            SMALL,
            sales_order_reference="S1",
            payments=(Payment("48", card=PaymentCard("4321")),),
        )
    )
    assert text(root, "OrderReference/ID") == "NA"
    assert text(root, "PaymentMeans/CardAccount/NetworkID") == "NA"


def test_files_are_embedded_as_base64() -> None:
    attachment = Attachment(b"a;1", "text/csv", 'å "1".csv')
    documents = (SupportingDocument("1", attachment=attachment),)
    root = written(replace(SMALL, supporting_documents=documents))
    found = next(root.iter("{*}EmbeddedDocumentBinaryObject"))
    assert found.text == "YTsx"
    assert dict(found.items()) == {"mimeCode": "text/csv", "filename": 'å "1".csv'}


def test_tax_schemes() -> None:
    seller = replace(SMALL.seller, vat_id="SE1", tax_registration_id="Godkänd för F-skatt")
    root = written(replace(SMALL, seller=seller))
    schemes = {
        scheme.findtext("{*}CompanyID"): scheme.findtext("{*}TaxScheme/{*}ID")
        for scheme in root.iter("{*}PartyTaxScheme")
    }
    assert schemes == {"SE1": "VAT", "Godkänd för F-skatt": "TAX"}
