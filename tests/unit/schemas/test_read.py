from __future__ import annotations

import datetime
import re
from decimal import Decimal

import pytest
from lxml import etree

from schemas.invoice import (
    Attachment,
    CreditTransfer,
    DirectDebit,
    Identifier,
    Note,
    Payment,
    SupportingDocument,
)
from schemas.ubl.read import Unreadable, read
from schemas.ubl.structure import NAMESPACES, ROOTS

PREFIXES = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())


def party(name: str, inside: str = "") -> str:
    return f"""
      <cac:{name}><cac:Party>{inside}
        <cac:PostalAddress>
          <cac:Country><cbc:IdentificationCode>SE</cbc:IdentificationCode></cac:Country>
        </cac:PostalAddress>
        <cac:PartyLegalEntity><cbc:RegistrationName>{name}</cbc:RegistrationName></cac:PartyLegalEntity>
      </cac:Party></cac:{name}>"""


def line(name: str, quantity: str = '<cbc:{0} unitCode="EA">2</cbc:{0}>') -> str:
    return f"""
      <cac:{name}Line><cbc:ID>1</cbc:ID>
        {quantity.format("InvoicedQuantity" if name == "Invoice" else "CreditedQuantity")}
        <cbc:LineExtensionAmount currencyID="SEK">20.00</cbc:LineExtensionAmount>
        <cac:Item><cbc:Name>Spade</cbc:Name><cac:ClassifiedTaxCategory>
          <cbc:ID>S</cbc:ID><cbc:Percent>25</cbc:Percent>
          <cac:TaxScheme><cbc:ID>VAT</cbc:ID></cac:TaxScheme>
        </cac:ClassifiedTaxCategory></cac:Item>
        <cac:Price><cbc:PriceAmount currencyID="SEK">10</cbc:PriceAmount></cac:Price>
      </cac:{name}Line>"""


def document(
    inside: str = "",
    name: str = "Invoice",
    *,
    dates: str = "<cbc:IssueDate>2026-11-21</cbc:IssueDate>",
    seller: str = "",
    lines: str | None = None,
) -> etree._Element:
    return etree.fromstring(f"""
      <{name} xmlns="{ROOTS[name]}" {PREFIXES}>
        <cbc:ID>F-1</cbc:ID>{dates}
        <cbc:DocumentCurrencyCode>SEK</cbc:DocumentCurrencyCode>
        {party("AccountingSupplierParty", seller)}{party("AccountingCustomerParty")}
        {inside}{line(name) if lines is None else lines}
      </{name}>""")


def test_the_least_that_can_be_read() -> None:
    invoice = read(document())
    assert (invoice.number, invoice.currency) == ("F-1", "SEK")
    assert invoice.issue_date == datetime.date(2026, 11, 21)
    assert invoice.seller.name == "AccountingSupplierParty"
    assert invoice.lines[0].quantity == Decimal(2)
    assert invoice.lines[0].unit == "EA"
    assert invoice.totals is None
    assert invoice.type_code == "380"


@pytest.mark.parametrize(
    ("root", "path", "reason"),
    [
        (document(dates=""), "Invoice/IssueDate", "BT-2 (issue_date) is missing"),
        (document(lines=""), "Invoice/InvoiceLine", "BG-25 (lines) is missing"),
        (
            document(lines=line("Invoice") + line("Invoice", "")),
            "Invoice/InvoiceLine[2]/InvoicedQuantity",
            "BT-129 (quantity) is missing",
        ),
        (
            document(lines=line("Invoice", "<cbc:InvoicedQuantity>1</cbc:InvoicedQuantity>")),
            "Invoice/InvoiceLine/InvoicedQuantity/@unitCode",
            "BT-130 (unit) is missing",
        ),
        (
            document("<cac:PayeeParty><cac:PartyLegalEntity/></cac:PayeeParty>", lines=""),
            "Invoice/InvoiceLine",
            "BG-25 (lines) is missing",
        ),
        (
            document("<cac:TaxRepresentativeParty><cac:PartyName><cbc:Name>R</cbc:Name>"
                     "</cac:PartyName></cac:TaxRepresentativeParty>"),
            "Invoice/TaxRepresentativeParty/PartyTaxScheme/CompanyID",
            "BT-63 (tax_representative.vat_id) is missing",
        ),
        (
            document(dates="<cbc:IssueDate>21.11.2026</cbc:IssueDate>"),
            "Invoice/IssueDate",
            "'21.11.2026' is not a date, expected YYYY-MM-DD",
        ),
        (
            document(dates="<cbc:IssueDate>2026-02-30</cbc:IssueDate>"),
            "Invoice/IssueDate",
            "day is out of range for month",
        ),
        (
            document(lines=line("Invoice", '<cbc:{0} unitCode="EA">1e3</cbc:{0}>')),
            "Invoice/InvoiceLine/InvoicedQuantity",
            "'1e3' is not a decimal number, expected digits and a point",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_by_its_place(
    root: etree._Element, path: str, reason: str
) -> None:
    with pytest.raises(Unreadable, match=re.escape(f"{path}: {reason}")) as caught:
        read(root)
    assert (caught.value.path, caught.value.reason) == (path, reason)


@pytest.mark.parametrize(
    "text",
    [
        '<Invoice xmlns="urn:sfti:documents:BasicInvoice:1:0"/>',
        "<Invoice/>",
        f'<Order xmlns="{ROOTS["Invoice"]}"/>',
    ],
)
def test_other_documents_are_unreadable(text: str) -> None:
    with pytest.raises(Unreadable, match=r"not a UBL 2\.1 Invoice or CreditNote"):
        read(etree.fromstring(text))


def test_white_space_comments_and_empty_elements_are_not_content() -> None:
    invoice = read(
        document(
            "<!-- a --><cbc:BuyerReference> <!-- b -->4711<!-- c --> </cbc:BuyerReference>"
            "<?pi?><cbc:AccountingCost>  </cbc:AccountingCost>"
        )
    )
    assert invoice.buyer_reference == "4711"
    assert invoice.buyer_accounting_reference is None


def test_a_date_may_have_a_time_zone() -> None:
    dates = "<cbc:IssueDate>2026-11-21Z</cbc:IssueDate><cbc:DueDate>2026-12-21+01:00</cbc:DueDate>"
    assert read(document(dates=dates)).due_date == datetime.date(2026, 12, 21)


def test_notes_and_their_subject() -> None:
    inside = "<cbc:Note>#AAI#Read this</cbc:Note><cbc:Note>#1 of 2#</cbc:Note>"
    assert read(document(inside)).notes == (Note("Read this", "AAI"), Note("#1 of 2#"))


def test_a_number_that_is_not_one_of_vat() -> None:
    seller = "".join(
        f"<cac:PartyTaxScheme><cbc:CompanyID>{number}</cbc:CompanyID>"
        f"<cac:TaxScheme><cbc:ID>{scheme}</cbc:ID></cac:TaxScheme></cac:PartyTaxScheme>"
        for number, scheme in (("Godkänd för F-skatt", "TAX"), ("SE556000111601", "vat"))
    )
    found = read(document(seller=seller)).seller
    assert found.vat_id == "SE556000111601"
    assert found.tax_registration_id == "Godkänd för F-skatt"


def test_the_tax_total_in_the_accounting_currency() -> None:
    total = '<cac:TaxTotal><cbc:TaxAmount currencyID="{}">{}</cbc:TaxAmount></cac:TaxTotal>'
    totals = total.format("NOK", "110.00") + total.format("SEK", "100.00")
    found = read(document("<cbc:TaxCurrencyCode>NOK</cbc:TaxCurrencyCode>" + totals)).totals
    assert found is not None
    assert (found.vat, found.vat_in_vat_currency) == (Decimal(100), Decimal(110))


def means(code: str, inside: str = "") -> str:
    return (
        "<cac:PaymentMeans>"
        f"<cbc:PaymentMeansCode>{code}</cbc:PaymentMeansCode>{inside}</cac:PaymentMeans>"
    )


def account(number: str) -> str:
    return f"<cac:PayeeFinancialAccount><cbc:ID>{number}</cbc:ID></cac:PayeeFinancialAccount>"


CREDITOR = (
    '<cac:PartyIdentification><cbc:ID schemeID="SEPA">DE98</cbc:ID></cac:PartyIdentification>'
)


def test_accounts_of_one_payment_are_joined() -> None:
    inside = means("30", account("1")) + means("30", account("2")) + means("31", account("3"))
    assert read(document(inside)).payments == (
        Payment("30", credit_transfers=(CreditTransfer("1"), CreditTransfer("2"))),
        Payment("31", credit_transfers=(CreditTransfer("3"),)),
    )


@pytest.mark.parametrize(
    ("inside", "debit"),
    [
        (
            means("49", "<cac:PaymentMandate><cbc:ID>M1</cbc:ID></cac:PaymentMandate>"),
            DirectDebit("M1", "DE98"),
        ),
        (means("59"), DirectDebit(None, "DE98")),
    ],
)
def test_the_creditor_id_belongs_to_the_direct_debit(inside: str, debit: DirectDebit) -> None:
    invoice = read(document(inside, seller=CREDITOR))
    assert invoice.payments[0].direct_debit == debit
    assert invoice.seller.identifiers == ()


def test_a_creditor_id_without_direct_debit_stays_an_identifier() -> None:
    invoice = read(document(means("30"), seller=CREDITOR))
    assert invoice.payments == (Payment("30"),)
    assert invoice.seller.identifiers == (Identifier("DE98", "SEPA"),)


def test_a_credit_note() -> None:
    inside = (
        "<cbc:CreditNoteTypeCode>381</cbc:CreditNoteTypeCode>"
        "<cac:AdditionalDocumentReference><cbc:ID>P1</cbc:ID>"
        "<cbc:DocumentTypeCode>50</cbc:DocumentTypeCode></cac:AdditionalDocumentReference>"
        + means("30", "<cbc:PaymentDueDate>2026-12-21</cbc:PaymentDueDate>")
    )
    invoice = read(document(inside, "CreditNote"))
    assert invoice.is_credit_note
    assert invoice.project_reference == "P1"
    assert invoice.supporting_documents == ()
    assert invoice.due_date == datetime.date(2026, 12, 21)
    assert invoice.lines[0].quantity == Decimal(2)


def test_what_ubl_demands_and_nobody_stated() -> None:
    order = "<cac:OrderReference><cbc:ID>NA</cbc:ID>{}</cac:OrderReference>"
    both = read(document(order.format("<cbc:SalesOrderID>S1</cbc:SalesOrderID>")))
    assert (both.purchase_order_reference, both.sales_order_reference) == (None, "S1")
    assert read(document(order.format(""))).purchase_order_reference == "NA"


def test_an_embedded_file() -> None:
    inside = (
        "<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cac:Attachment>"
        '<cbc:EmbeddedDocumentBinaryObject mimeCode="text/csv" filename="a.csv">\n YTsx\n'
        "</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"
    )
    assert read(document(inside)).supporting_documents == (
        SupportingDocument("1", attachment=Attachment(b"a;1", "text/csv", "a.csv")),
    )
    with pytest.raises(Unreadable, match="EmbeddedDocumentBinaryObject: not base64"):
        read(document(inside.replace("YTsx", "YTsxx")))


def test_what_repeats_in_ubl_alone_is_taken_where_it_stands_first() -> None:
    terms = "<cac:PaymentTerms><cbc:Note>{}</cbc:Note></cac:PaymentTerms>"
    assert read(document(terms.format("30") + terms.format("60"))).payment_terms == "30"
