from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from schemas.faults import Code, Fault, faults, path
from schemas.ubl.structure import DATATYPES, NAMESPACES, ROOTS
from validators.messages import texts
from validators.structure import quoted

INVOICE = """\
<Invoice xmlns="{Invoice}" xmlns:cac="{cac}" xmlns:cbc="{cbc}" xmlns:ext="{ext}">
  <cbc:ID>1</cbc:ID>
  <cbc:IssueDate>2026-11-21</cbc:IssueDate>
  <cac:AccountingSupplierParty/>
  <cac:AccountingCustomerParty/>
  <cac:LegalMonetaryTotal>
    <cbc:PayableAmount currencyID="SEK">125.00</cbc:PayableAmount>
  </cac:LegalMonetaryTotal>
  <cac:InvoiceLine>
    <cbc:ID>1</cbc:ID>
    <cbc:LineExtensionAmount currencyID="SEK">100</cbc:LineExtensionAmount>
    <cac:Item><cbc:Name>Budkavle</cbc:Name></cac:Item>
  </cac:InvoiceLine>
  <cac:InvoiceLine>
    <cbc:ID>2</cbc:ID>
    <cbc:LineExtensionAmount currencyID="SEK">0</cbc:LineExtensionAmount>
    <cac:Item/>
  </cac:InvoiceLine>
</Invoice>
""".format(**NAMESPACES, **ROOTS)


def found(old: str, new: str) -> tuple[Fault, ...]:
    assert old in INVOICE
    return faults(etree.fromstring(INVOICE.replace(old, new, 1)))


def said(fault: Fault) -> tuple[str, str]:
    """The text and the hint in English."""
    return texts("en").say(fault.code, (), "", quoted(fault))


def test_a_right_document_has_no_faults() -> None:
    assert faults(etree.fromstring(INVOICE)) == ()


# What is put for what, and the fault it makes: code, where, text, hint.
CASES = [
    (
        "<cbc:IssueDate>2026-11-21</cbc:IssueDate>",
        "",
        Code.MISSING,
        "Invoice/IssueDate",
        "IssueDate is missing in Invoice.",
        "Put it between <ID> and <AccountingSupplierParty>.",
    ),
    (
        "<cac:AccountingCustomerParty/>",
        "<cac:AccountingCustomerParty/><cbc:DueDate>2026-12-21</cbc:DueDate>",
        Code.ORDER,
        "Invoice/DueDate",
        "DueDate stands in the wrong place in Invoice.",
        "Move it between <IssueDate> and <AccountingSupplierParty>.",
    ),
    (
        "<cbc:ID>2</cbc:ID>",
        "<cbc:ID>2</cbc:ID><cbc:ID>3</cbc:ID>",
        Code.REPEATED,
        "Invoice/InvoiceLine[2]/ID[2]",
        "ID may stand only once in InvoiceLine.",
        "Keep one of them.",
    ),
    (
        "<cac:Item/>",
        "<cac:Item/><cac:Prize/>",
        Code.MISSPELT,
        "Invoice/InvoiceLine[2]/Prize",
        "Prize is not allowed in InvoiceLine.",
        "Did you mean Price?",
    ),
    (
        "<cac:AccountingSupplierParty/>",
        "<cbc:PaymentID>1</cbc:PaymentID><cac:AccountingSupplierParty/>",
        Code.ELSEWHERE,
        "Invoice/PaymentID",
        "PaymentID is not allowed in Invoice.",
        "It belongs in PaymentMeans.",
    ),
    (
        "<cbc:ID>1</cbc:ID>",
        "<cac:ID>1</cac:ID><cbc:ID>1</cbc:ID>",
        Code.NAMESPACE,
        "Invoice/ID",
        f'The namespace of ID is "{NAMESPACES["cac"]}".',
        f'Expected "{NAMESPACES["cbc"]}".',
    ),
    (
        "<cac:AccountingCustomerParty/>",
        "<cac:AccountingCustomerParty><cbc:Q/></cac:AccountingCustomerParty>",
        Code.UNKNOWN,
        "Invoice/AccountingCustomerParty/Q",
        "Q is not allowed in AccountingCustomerParty.",
        "Remove it; what may stand here: CustomerAssignedAccountID, SupplierAssignedAccountID, "
        "AdditionalAccountID, Party, DeliveryContact, AccountingContact, BuyerContact.",
    ),
    (
        "2026-11-21",
        "21.11.2026",
        Code.DATE,
        "Invoice/IssueDate",
        'IssueDate is "21.11.2026".',
        "Expected a date: year-month-day, such as 2026-11-21.",
    ),
    (
        "125.00",
        "1 125,00 and so on and so on and so on and so on and so on and so on",
        Code.NUMBER,
        "Invoice/LegalMonetaryTotal/PayableAmount",
        'PayableAmount is "1 125,00 and so on and so on and so on and so on and so o...".',
        "Expected a number: digits, a point before decimals, such as 1250.00.",
    ),
    (
        "2026-11-21",
        "",
        Code.DATE,
        "Invoice/IssueDate",
        'IssueDate is "".',
        "Expected a date: year-month-day, such as 2026-11-21.",
    ),
    (
        "2026-11-21",
        "\u00a02026-11-21",
        Code.BLANKS,
        "Invoice/IssueDate",
        'IssueDate is "2026-11-21" with blanks around it.',
        "Remove the blanks.",
    ),
    (
        '<cbc:PayableAmount currencyID="SEK">',
        "<cbc:PayableAmount>",
        Code.ATTRIBUTE_MISSING,
        "Invoice/LegalMonetaryTotal/PayableAmount/@currencyID",
        "@currencyID is missing in PayableAmount.",
        'Add it: currencyID="SEK".',
    ),
    (
        '<cbc:PayableAmount currencyID="SEK">',
        '<cbc:PayableAmount currencyID="SEK" unit="1">',
        Code.UNKNOWN,
        "Invoice/LegalMonetaryTotal/PayableAmount/@unit",
        "@unit is not allowed in PayableAmount.",
        "Remove it; what may stand here: @currencyID, @currencyCodeListVersionID.",
    ),
    (
        '<cbc:PayableAmount currencyID="SEK">',
        '<cbc:PayableAmount currencyID="SEK" currencyCodeListVersion="1">',
        Code.MISSPELT,
        "Invoice/LegalMonetaryTotal/PayableAmount/@currencyCodeListVersion",
        "@currencyCodeListVersion is not allowed in PayableAmount.",
        "Did you mean @currencyCodeListVersionID?",
    ),
    (
        "<cac:Item/>",
        '<cac:Item ID="1"/>',
        Code.ATTRIBUTE,
        "Invoice/InvoiceLine[2]/Item/@ID",
        "@ID is not allowed; Item has no attributes.",
        "Remove it.",
    ),
    (
        "<cbc:Name>",
        '<cbc:Name languageID="på svenska">',
        Code.LANGUAGE,
        "Invoice/InvoiceLine[1]/Item/Name/@languageID",
        'Name/@languageID is "på svenska".',
        "Expected a language code, such as sv or nb.",
    ),
    (
        "<cac:Item/>",
        "<cac:Item><!-- c -->A hammer</cac:Item>",
        Code.TEXT,
        "Invoice/InvoiceLine[2]/Item",
        'The text "A hammer" stands between the elements of Item.',
        "Remove it.",
    ),
    (
        "<cbc:ID>2</cbc:ID>",
        "<cbc:ID><cbc:ID>2</cbc:ID></cbc:ID>",
        Code.ELEMENTS,
        "Invoice/InvoiceLine[2]/ID",
        "ID holds elements.",
        "Write only text in it.",
    ),
    (
        "<cbc:ID>1</cbc:ID>",
        "<ext:UBLExtensions><ext:UBLExtension><ext:ExtensionContent/></ext:UBLExtension>"
        "</ext:UBLExtensions><cbc:ID>1</cbc:ID>",
        Code.EXTENSION,
        "Invoice/UBLExtensions/UBLExtension/ExtensionContent",
        "ExtensionContent is empty.",
        "Put one element into it, or remove the extension.",
    ),
    (
        "<cac:AccountingSupplierParty/>",
        "<cbc:IssueTime>noon</cbc:IssueTime><cac:AccountingSupplierParty/>",
        Code.TIME,
        "Invoice/IssueTime",
        'IssueTime is "noon".',
        "Expected a time: hours:minutes:seconds, such as 14:30:00.",
    ),
    (
        "<cbc:IssueDate>",
        "<cbc:CopyIndicator>no</cbc:CopyIndicator><cbc:IssueDate>",
        Code.INDICATOR,
        "Invoice/CopyIndicator",
        'CopyIndicator is "no".',
        "Expected true or false.",
    ),
    (
        "<cac:AccountingSupplierParty/>",
        "<cac:AdditionalDocumentReference><cbc:ID/><cac:Attachment>"
        '<cbc:EmbeddedDocumentBinaryObject mimeCode="text/csv">%PDF'
        "</cbc:EmbeddedDocumentBinaryObject>"
        "</cac:Attachment></cac:AdditionalDocumentReference><cac:AccountingSupplierParty/>",
        Code.BASE64,
        "Invoice/AdditionalDocumentReference/Attachment/EmbeddedDocumentBinaryObject",
        'EmbeddedDocumentBinaryObject is "%PDF".',
        "Expected a file in base64.",
    ),
    (
        "<cbc:ID>1</cbc:ID>",
        '<cbc:ID schemeURI="http://%">1</cbc:ID>',
        Code.URI,
        "Invoice/ID/@schemeURI",
        'ID/@schemeURI is "http://%".',
        "Expected a URI.",
    ),
]


@pytest.mark.parametrize(("old", "new", "code", "where", "text", "hint"), CASES)
def test_each_fault_says_where_what_and_what_to_do(
    old: str, new: str, code: Code, where: str, text: str, hint: str
) -> None:
    (fault,) = found(old, new)
    assert (fault.code, fault.where) == (code, where)
    assert said(fault) == (text, hint)


ENVELOPE = """\
<ObjectEnvelope xmlns="urn:sfti:documents:ObjectEnvelope:1:0">
  <CreationDateTime>2026-11-21T14:30:00</CreationDateTime>
  <EncodedObject><ObjectID>1</ObjectID><EncodedData>QUJD</EncodedData></EncodedObject>
</ObjectEnvelope>
"""

REPORT = """\
<TransactionStatisticsReport xmlns="urn:fdc:peppol:transaction-statistics-report:1.0">
  <CustomizationID>c</CustomizationID><ProfileID>p</ProfileID>
  <Header>
    <ReportPeriod><StartDate>2026-10-01</StartDate><EndDate>2026-10-31</EndDate></ReportPeriod>
    <ReporterID schemeID="CertSubjectCN">PNO000001</ReporterID>
  </Header>
  <Total><Incoming>0</Incoming><Outgoing>0</Outgoing></Total>
  <Subtotal type="PerTP">
    <Key metaSchemeID="TP" schemeID="Peppol">a</Key><Incoming>0</Incoming><Outgoing>0</Outgoing>
  </Subtotal>
</TransactionStatisticsReport>
"""

SVEFAKTURA = """\
<Invoice xmlns="urn:sfti:documents:BasicInvoice:1:0"
    xmlns:cac="urn:sfti:CommonAggregateComponents:1:0"
    xmlns:cbc="urn:oasis:names:tc:ubl:CommonBasicComponents:1:0">
  <ID>1</ID>
  <cbc:IssueDate>2026-11-21</cbc:IssueDate>
  <InvoiceTypeCode>380</InvoiceTypeCode>
  <InvoiceCurrencyCode codeListVersionID="0.3">SEK</InvoiceCurrencyCode>
  <LineItemCountNumeric>1</LineItemCountNumeric>
  <cac:BuyerParty/>
  <cac:SellerParty/>
  <cac:LegalTotal>
    <cbc:LineExtensionTotalAmount amountCurrencyID="SEK">1</cbc:LineExtensionTotalAmount>
    <cbc:TaxInclusiveTotalAmount amountCurrencyID="SEK">1</cbc:TaxInclusiveTotalAmount>
  </cac:LegalTotal>
  <cac:InvoiceLine>
    <cac:ID>1</cac:ID>
    <cbc:LineExtensionAmount amountCurrencyID="SEK">1</cbc:LineExtensionAmount>
    <cac:Item/>
  </cac:InvoiceLine>
  <RequisitionistDocumentReference><cac:ID>1</cac:ID></RequisitionistDocumentReference>
</Invoice>
"""

# The same for the other vocabularies, with what only they have.
OTHER_CASES = [
    (
        ENVELOPE,
        ("T14:30:00", ""),
        Code.DATE_TIME,
        "ObjectEnvelope/CreationDateTime",
        'CreationDateTime is "2026-11-21".',
        "Expected a date and time, such as 2026-11-21T14:30:00.",
    ),
    (
        ENVELOPE,
        ("<ObjectID>1</ObjectID>", ""),
        Code.MISSING,
        "ObjectEnvelope/EncodedObject/ObjectID",
        "ObjectID is missing in EncodedObject.",
        "Put it between <EncodedObject> and <EncodedData>.",
    ),
    (
        REPORT,
        (' type="PerTP"', ""),
        Code.ATTRIBUTE_MISSING,
        "TransactionStatisticsReport/Subtotal/@type",
        "@type is missing in Subtotal.",
        'Add it: type="...".',
    ),
    (
        SVEFAKTURA,
        (' amountCurrencyID="SEK"', ""),
        Code.ATTRIBUTE_MISSING,
        "Invoice/LegalTotal/LineExtensionTotalAmount/@amountCurrencyID",
        "@amountCurrencyID is missing in LineExtensionTotalAmount.",
        'Add it: amountCurrencyID="SEK".',
    ),
    (
        REPORT,
        ("<Incoming>0", "<Incoming>-1"),
        Code.COUNT,
        "TransactionStatisticsReport/Total/Incoming",
        'Incoming is "-1".',
        "Expected a whole number: digits only, such as 1250.",
    ),
    (
        SVEFAKTURA,
        (">SEK<", ">sek<"),
        Code.CODE,
        "Invoice/InvoiceCurrencyCode",
        'InvoiceCurrencyCode is "sek".',
        "Expected a code of its list, such as SEK, SKK, ISK.",
    ),
    (
        SVEFAKTURA,
        ('"SEK"', '"KR 1"'),
        Code.CODE,
        "Invoice/LegalTotal/LineExtensionTotalAmount/@amountCurrencyID",
        'LineExtensionTotalAmount/@amountCurrencyID is "KR 1".',
        "Expected a code of its list, such as PKR, LKR, KRW.",
    ),
    (
        SVEFAKTURA,
        ('"0.3"', '"0.4"'),
        Code.FIXED,
        "Invoice/InvoiceCurrencyCode/@codeListVersionID",
        'InvoiceCurrencyCode/@codeListVersionID is "0.4".',
        'Write "0.3", or leave it out.',
    ),
    (
        SVEFAKTURA,
        (">SEK<", "> SEK<"),
        Code.BLANKS,
        "Invoice/InvoiceCurrencyCode",
        'InvoiceCurrencyCode is "SEK" with blanks around it.',
        "Remove the blanks.",
    ),
]


@pytest.mark.parametrize(("document", "edit", "code", "where", "text", "hint"), OTHER_CASES)
def test_faults_in_other_vocabularies(
    document: str, edit: tuple[str, str], code: Code, where: str, text: str, hint: str
) -> None:
    assert faults(etree.fromstring(document)) == ()
    assert edit[0] in document
    (fault,) = faults(etree.fromstring(document.replace(*edit, 1)))
    assert (fault.code, fault.where) == (code, where)
    assert said(fault) == (text, hint)


def test_all_faults_are_told_at_once() -> None:
    document = (
        INVOICE.replace("<cbc:ID>1</cbc:ID>", "", 2)
        .replace("2026-11-21", "today")
        .replace("125.00", "x")
        .replace("<cac:Item/>", "")
    )
    assert [
        (fault.code, fault.where, fault.line) for fault in faults(etree.fromstring(document))
    ] == [
        (Code.MISSING, "Invoice/ID", 1),
        (Code.DATE, "Invoice/IssueDate", 3),
        (Code.NUMBER, "Invoice/LegalMonetaryTotal/PayableAmount", 7),
        (Code.MISSING, "Invoice/InvoiceLine[1]/ID", 9),
        (Code.MISSING, "Invoice/InvoiceLine[2]/Item", 14),
    ]


def test_one_moved_element_is_one_fault() -> None:
    moved = "<cac:AccountingCustomerParty/>"
    document = INVOICE.replace(moved, "").replace("</Invoice>", f"{moved}</Invoice>")
    (fault,) = faults(etree.fromstring(document))
    assert fault.where == "Invoice/AccountingCustomerParty"
    assert said(fault)[1] == "Move it between <AccountingSupplierParty> and <LegalMonetaryTotal>."


@pytest.mark.parametrize(
    ("document", "hint"),
    [
        (
            "<Order/>",
            "Expected ApplicationResponse, CreditNote, EndUserStatisticsReport, Invoice, "
            "ObjectEnvelope, TransactionStatisticsReport.",
        ),
        ("<Invoice/>", f'Expected "{ROOTS["Invoice"]}".'),
        (
            f'<CreditNote xmlns="{ROOTS["Invoice"]}"/>',
            f'Expected "{ROOTS["CreditNote"]}".',
        ),
        (
            '<Invoice xmlns="urn:sfti:documents:BasicInvoice:1.0"/>',
            'Expected "urn:sfti:documents:BasicInvoice:1:0".',
        ),
    ],
)
def test_a_wrong_root(document: str, hint: str) -> None:
    (fault,) = faults(etree.fromstring(document))
    assert fault.code is (Code.ROOT if "Order" in document else Code.NAMESPACE)
    assert said(fault)[1] == hint
    assert fault.where in document


def test_any_element_may_stand_in_an_extension() -> None:
    content = (
        "<ext:UBLExtensions><ext:UBLExtension><ext:ExtensionContent>{}</ext:ExtensionContent>"
        "</ext:UBLExtension></ext:UBLExtensions><cbc:ID>1</cbc:ID>"
    )
    assert found("<cbc:ID>1</cbc:ID>", content.format('<x xmlns="urn:x"><y/></x>')) == ()
    (fault,) = found("<cbc:ID>1</cbc:ID>", content.format("<cbc:IssueDate>x</cbc:IssueDate>"))
    assert fault.code is Code.OTHER
    assert fault.where == "Invoice/UBLExtensions/UBLExtension/ExtensionContent/IssueDate"
    assert "{" not in said(fault)[0]


@pytest.mark.parametrize("attribute", ['nil="true"', 'type="cbc:NoSuchType"'])
def test_attributes_of_the_schema_language(attribute: str) -> None:
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    (fault,) = found("<cbc:ID>2", f'<cbc:ID xmlns:xsi="{xsi}" xsi:{attribute}>2')
    assert (fault.code, fault.where) == (Code.OTHER, "Invoice/InvoiceLine[2]/ID")
    assert "attribute" in said(fault)[0] or "nillable" in said(fault)[0]
    assert found("<cbc:ID>2", f'<cbc:ID xmlns:xsi="{xsi}" xsi:type="cbc:IDType">2') == ()


def test_the_number_of_faults_is_bounded() -> None:
    document = INVOICE.replace("<cac:Item/>", "<cac:Item/>" + "<cbc:Q/>" * 20_000)
    assert len(faults(etree.fromstring(document), limit=50)) == 50


def test_every_required_attribute_has_an_example() -> None:
    required = {name for datatype in DATATYPES.values() for name in datatype.required}
    assert required == {"currencyID", "mimeCode", "unitCode"}
    size = "<cac:Dimension><cbc:AttributeID/><cbc:Measure>1</cbc:Measure></cac:Dimension>"
    (fault,) = found("<cac:Item/>", f"<cac:Item>{size}</cac:Item>")
    assert said(fault)[1] == 'Add it: unitCode="C62".'


def test_every_code_has_words_and_a_case() -> None:
    assert set(Code) <= texts("en").messages.keys()
    # The two others have tests of their own.
    cases = [*CASES, *OTHER_CASES]
    assert {case[2] for case in cases} == set(Code) - {Code.ROOT, Code.OTHER}


@settings(deadline=None)  # the first document waits for the schema
@given(st.data())
def test_whatever_is_done_to_a_document_is_told(data: st.DataObject) -> None:
    root = etree.fromstring(INVOICE)
    elements = [element for element in root.iter("*") if element is not root]
    one, other = data.draw(st.sampled_from(elements)), data.draw(st.sampled_from(elements))
    if one in other.iterancestors() or one is other:
        return
    other.append(one)
    compared = {path(element) for element in root.iter("*")}
    for fault in faults(root):
        assert fault.code is not Code.OTHER
        assert fault.where in compared or fault.code is Code.MISSING
        assert all(said(fault))
