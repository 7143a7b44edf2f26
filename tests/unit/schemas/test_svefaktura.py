"""Svefaktura in and out: the official samples, our own, any invoice it can carry, and any input."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from schemas.invoice import (
    Address,
    Allowance,
    Attachment,
    Attribute,
    Buyer,
    Charge,
    Contact,
    CreditTransfer,
    Delivery,
    Identifier,
    Invoice,
    Item,
    Line,
    LineAllowance,
    Note,
    Payee,
    Payment,
    Period,
    PrecedingInvoice,
    Price,
    Seller,
    SupportingDocument,
    Vat,
)
from schemas.svefaktura.objects import read_objects
from schemas.svefaktura.places import Fields
from schemas.svefaktura.read import NO_VAT, read
from schemas.svefaktura.write import Unfit, Written, write
from schemas.totals import complete
from schemas.ubl.read import Unreadable
from schemas.ubl.terms import path_of
from validators.examples.replaced import replaced
from validators.pipeline import validate

OFFICIAL = Path(__file__).parents[4] / "shared" / "rules" / "bases"
DAY = date(2026, 11, 21)
MADE = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
SOURCE = replaced("svefaktura", "")


def again(written: Written) -> Invoice:
    objects = read_objects(etree.fromstring(written.envelope)) if written.envelope else {}
    back = read(etree.fromstring(written.document), objects)
    assert back.left == ()
    return back.invoice


def found(written: Written) -> set[str]:
    reports = [validate(data, at=DAY) for data in (written.document, written.envelope) if data]
    assert all(report.structure_ok for report in reports), reports
    return {finding.rule for report in reports for finding in report.findings}


def carried(invoice: Invoice) -> Invoice:
    """As it comes back: without what is Peppol's or the transport's, or follows from the rest."""
    totals = invoice.totals
    assert totals
    sums = ("allowances", "charges", "paid", "rounding")
    absent = {name: None for name in sums if not getattr(totals, name)}
    return replace(
        invoice,
        specification=None,
        business_process=None,
        totals=replace(totals, **absent),
        lines=tuple(replace(x, price=replace(x.price, base_unit=None)) for x in invoice.lines),
        vat_breakdown=tuple(replace(row, exemption_code=None) for row in invoice.vat_breakdown),
    )


OURS = carried(
    complete(
        Invoice(
            number="2026-17",
            issue_date=DAY,
            due_date=date(2026, 12, 21),
            currency="SEK",
            buyer_reference="50",
            buyer_accounting_reference="Kst 12",
            contract_reference="A-1",
            purchase_order_reference="PO-9",
            invoiced_object=Identifier("Mätare 7"),
            payment_terms="30 dagar netto",
            notes=(Note("Tack för köpet"),),
            seller=Seller(
                "Säljaren Aktiebolag",
                Address("SE", "Storgatan 2", "Box 1", "Plan 3", "Hägersten", "12652"),
                "Säljaren",
                (Identifier("7365565245845", "0088"),),
                Identifier("5560360793", "0007"),
                "SE556036079301",
                "Godkänd för F-skatt",
                "Säte Stockholm, SE",
                contact=Contact("Eva", "+46811122233", "eva@example.com"),
            ),
            buyer=Buyer(
                "Köparen AB",
                Address("SE", "Ringvägen 1", city="Stockholm", post_code="11000"),
                identifier=Identifier("5560360793", "0007"),
            ),
            payee=Payee("Faktor AB"),
            delivery=Delivery(
                date=DAY,
                location_id=Identifier("7365565626575", "0088"),
                address=Address("SE", "Lagergatan 2", city="Kundstaden", post_code="11112"),
            ),
            period=Period(date(2026, 10, 1), date(2026, 10, 31)),
            preceding_invoices=(PrecedingInvoice("2026-1"), PrecedingInvoice("2026-2")),
            payments=(
                Payment(
                    "30",
                    reference="54225485",
                    credit_transfers=(
                        CreditTransfer("3338929", service_provider="SE:BANKGIRO"),
                        CreditTransfer("630404", service_provider="SE:PLUSGIRO"),
                    ),
                ),
            ),
            allowances=(Allowance(Vat("S", Decimal(25)), Decimal(10), reason="Rabatt"),),
            charges=(Charge(Vat("S", Decimal(12)), Decimal(20), reason="Frakt"),),
            supporting_documents=(
                SupportingDocument("271", attachment=Attachment(b"%PDF-", "application/pdf", "a")),
                SupportingDocument("https://example.com/a", url="https://example.com/a"),
                SupportingDocument("F-7", "Följesedel"),
                SupportingDocument("annat"),
            ),
            lines=(
                Line(
                    "1",
                    Decimal(120),
                    "LTR",
                    Price(Decimal(50), base_quantity=Decimal(10)),
                    Item("Falu rödfärg", Vat("S", Decimal(25)), seller_id="1", buyer_id="2"),
                    note="På palett",
                    order_line="1",
                    allowances=(LineAllowance(Decimal(5), reason="Rabatt"),),
                ),
                Line(
                    "2",
                    Decimal(15),
                    "H87",
                    Price(Decimal(15)),
                    Item(
                        "Pensel",
                        Vat("S", Decimal(12)),
                        standard_id=Identifier("7305424567898", "0160"),
                    ),
                ),
            ),
        )
    )
)


def test_our_invoice_comes_back_and_is_right() -> None:
    written = write(OURS, envelope_made=MADE)
    assert again(written) == OURS
    assert found(written) == set()


def test_a_file_is_lost_without_an_envelope() -> None:
    with pytest.raises(Unfit) as refused:
        write(OURS)
    told = {(each.term, each.where) for each in refused.value.lost}
    assert ("BT-125", "/supporting_documents/0/attachment/content") in told
    assert all(where.startswith("/supporting_documents/0") for _, where in told)


def test_an_account_in_the_name_of_who_is_paid_loses_nothing() -> None:
    def named(name: str) -> Invoice:
        (payment,) = OURS.payments
        transfers = tuple(replace(each, account_name=name) for each in payment.credit_transfers)
        payments = (replace(payment, credit_transfers=transfers),)
        return replace(OURS, payments=payments)

    assert again(write(named("Faktor AB"), envelope_made=MADE)) == OURS  # the payee
    own = replace(named("Säljaren Aktiebolag"), payee=None)
    assert again(write(own, envelope_made=MADE)) == replace(OURS, payee=None)
    with pytest.raises(Unfit) as refused:
        write(named("Säljaren Aktiebolag"), envelope_made=MADE)
    assert {each.term for each in refused.value.lost} == {"BT-85"}


def test_all_that_would_be_lost_is_told_at_once() -> None:
    line = replace(
        OURS.lines[0],
        buyer_accounting_reference="K1",
        item=replace(OURS.lines[0].item, description="mer", attributes=(Attribute("Färg", "röd"),)),
    )
    invoice = replace(OURS, type_code="389", project_reference="P1", lines=(line, OURS.lines[1]))
    with pytest.raises(Unfit) as refused:
        write(invoice, envelope_made=MADE)
    told = {(each.term, each.where, each.value) for each in refused.value.lost}
    assert told == {
        ("BT-3", "/type_code", "389"),
        ("BT-11", "/project_reference", "P1"),
        ("BT-133", "/lines/0/buyer_accounting_reference", "K1"),
        ("BT-154", "/lines/0/item/description", "mer"),
        ("BT-160", "/lines/0/item/attributes/0/name", "Färg"),
        ("BT-161", "/lines/0/item/attributes/0/value", "röd"),
    }
    assert all(each.why and each.name for each in refused.value.lost)


def test_what_svefaktura_demands_is_told() -> None:
    seller = replace(OURS.seller, vat_id=None)
    wanting = replace(OURS, buyer_reference=None, totals=None, period=Period(start=DAY))
    invoice = replace(wanting, seller=seller)
    with pytest.raises(Unfit) as refused:
        write(invoice, envelope_made=MADE)
    assert {each.term for each in refused.value.lost} == {
        "BT-10", "BT-31", "BT-106", "BT-109", "BT-110", "BT-112", "BT-115", "BG-14",
    }  # fmt: skip


@pytest.mark.parametrize("number", ["1E+999999", "NaN", "Infinity", "1E-99"])
def test_a_number_out_of_bounds_is_told(number: str) -> None:
    line = replace(OURS.lines[0], net_amount=Decimal(number))
    with pytest.raises(Unfit) as refused:
        write(replace(OURS, lines=(line,)), envelope_made=MADE)
    assert [each.where for each in refused.value.lost] == ["/lines/0/net_amount"]


@pytest.mark.parametrize(
    ("category", "reason"),
    [
        ("AE", "Omvänd betalningsskyldighet"),
        ("K", "Intra-community supply"),
        ("G", "Export"),
        ("E", "Undantag från skatteplikt, sjukvård"),
    ],
)
def test_an_exemption_comes_back_by_its_reason(category: str, reason: str) -> None:
    line = replace(OURS.lines[0], item=Item("Vård", Vat(category, Decimal(0))))
    plain = replace(OURS, allowances=(), charges=(), totals=None, vat_breakdown=(), lines=(line,))
    invoice = complete(plain)
    rows = tuple(replace(row, exemption_reason=reason) for row in invoice.vat_breakdown)
    invoice = replace(invoice, vat_breakdown=rows)
    written = write(invoice, envelope_made=MADE)
    assert again(written).vat_breakdown == carried(invoice).vat_breakdown
    assert again(written).lines[0].item.vat == line.item.vat
    assert found(written) == set()
    silent = tuple(replace(row, exemption_reason="annat") for row in rows)
    if category != "E":
        with pytest.raises(Unfit) as refused:
            write(replace(invoice, vat_breakdown=silent), envelope_made=MADE)
        assert "BT-118" in {each.term for each in refused.value.lost}


def test_a_code_of_exemption_gets_words() -> None:
    line = replace(OURS.lines[0], item=Item("Bygge", Vat("AE", Decimal(0))))
    plain = replace(OURS, allowances=(), charges=(), totals=None, vat_breakdown=(), lines=(line,))
    written = write(complete(plain), envelope_made=MADE)
    assert [row.exemption_reason for row in again(written).vat_breakdown] == [
        "Omvänd betalningsskyldighet"
    ]
    assert again(written).lines[0].item.vat.category == "AE"
    assert found(written) == set()


def test_outside_vat_has_no_vat_totals() -> None:
    line = replace(OURS.lines[0], item=Item("Bidrag", Vat("O")))
    plain = replace(OURS, allowances=(), charges=(), totals=None, vat_breakdown=(), lines=(line,))
    invoice = complete(replace(plain, seller=replace(OURS.seller, vat_id=None)))
    rows = tuple(replace(row, exemption_reason=NO_VAT) for row in invoice.vat_breakdown)
    invoice = replace(invoice, vat_breakdown=rows)
    written = write(invoice, envelope_made=MADE)
    assert b"TaxTotal" not in written.document
    assert again(written).vat_breakdown == carried(invoice).vat_breakdown


def test_our_document_is_read() -> None:
    back = read(etree.fromstring(replaced("svefaktura", "")))
    invoice = back.invoice
    assert back.left == ()
    assert invoice.seller.name == "Exempelsäljaren Aktiebolag"
    assert invoice.seller.trading_name == "Exempelsäljaren AB"
    assert invoice.seller.legal_id == Identifier("5560360793", "0007")
    assert invoice.contract_reference == "1"
    assert invoice.totals
    assert invoice.totals.vat_in_vat_currency == Decimal("813.75")
    assert invoice.totals.due == Decimal(468)
    assert "CalculationRate 10.5" in invoice.notes[0].text
    with pytest.raises(Unfit) as refused:  # its exchange rate has no term
        write(invoice)
    assert {each.term for each in refused.value.lost} == {"BT-6", "BT-111"}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("{*}SellerParty/{*}Party/{*}PartyTaxScheme[2]/{*}ExemptionReason", "F-skattebevis finns"),
        ("{*}TaxTotal/{*}TaxSubTotal/{*}InitialInvoiceTaxAmount", "12.50"),
    ],
)
def test_a_value_without_a_place_in_the_model_is_told(path: str, value: str) -> None:
    root = etree.fromstring(SOURCE)
    above, _, name = path.rpartition("/")
    parent = root.find(above)
    assert parent is not None
    space = "cbc" if "Reason" in name else "cac"
    made = etree.SubElement(parent, f"{{{parent.nsmap[space]}}}{name.removeprefix('{*}')}")
    made.text = value
    assert [(left.element, left.value) for left in read(root).left] == [(made, value)]


@pytest.mark.parametrize(
    ("pointer", "path", "missing"),
    [
        ("/number", "Invoice/ID", ""),
        ("/seller/legal_id", "Invoice/SellerParty/Party/PartyTaxScheme[1]/CompanyID", ""),
        ("/seller/vat_id", "Invoice/SellerParty/Party/PartyTaxScheme[2]/CompanyID", ""),
        ("/charges/0/amount", "Invoice/AllowanceCharge[1]/Amount", ""),
        ("/allowances/0/vat/rate", "Invoice/AllowanceCharge[2]/TaxCategory/Percent", ""),
        ("/lines/1/item/vat/category", "Invoice/InvoiceLine[2]/Item/TaxCategory/ID", ""),
        ("/lines/2/item/attributes/0/name", "Invoice/InvoiceLine[3]/Item", ""),
        ("/lines/0/item/buyer_id", "Invoice/InvoiceLine[1]/Item", "BuyersItemIdentification/ID"),
        ("/lines/7/item/name", "Invoice", "InvoiceLine/Item/Description"),
        ("/payments/0/credit_transfers/1/account", "Invoice/PaymentMeans", ""),
        ("/project_reference", "Invoice", ""),
    ],
)
def test_a_field_of_the_model_is_found_in_the_document(
    pointer: str, path: str, missing: str
) -> None:
    element, below = Fields(etree.fromstring(SOURCE)).find(pointer)
    assert (path_of(element), below) == (path, missing)


def test_an_envelope_of_another_invoice_is_refused() -> None:
    written = write(OURS, envelope_made=MADE)
    assert written.envelope
    with pytest.raises(Unreadable, match="belongs to invoice 2026-17, expected 2026-18"):
        read_objects(etree.fromstring(written.envelope), invoice="2026-18")


def test_an_envelope_alone_is_read() -> None:
    written = write(OURS, envelope_made=MADE)
    assert written.envelope
    attachment = OURS.supporting_documents[0].attachment
    assert read_objects(etree.fromstring(written.envelope)) == {"271": attachment}
    broken = written.envelope.replace(b"JVBERi0=", b"JVBE*i0=")
    with pytest.raises(Unreadable, match="not base64"):
        read_objects(etree.fromstring(broken))


official = pytest.mark.skipif(
    not OFFICIAL.exists(), reason="the official documents are not beside this checkout"
)
SAMPLES = ("svefaktura", "svefaktura_bas", "svefaktura_m_ext_ref", "svefaktura_m_koder")


@official
@pytest.mark.parametrize("name", [*SAMPLES, "svefaktura_moms"])
def test_an_official_sample_comes_back(name: str) -> None:
    root = etree.parse(OFFICIAL / f"svefaktura__{name}.xml").getroot()
    objects = etree.parse(OFFICIAL / "svefaktura__ObjectEnvelope.xml").getroot()
    files = read_objects(objects, invoice="15") if name == "svefaktura_m_ext_ref" else {}
    back = read(root, files)
    invoice = back.invoice
    assert back.left == ()
    written = write(invoice, envelope_made=MADE)
    assert again(written) == invoice
    # They are delivered after the day of issue.
    assert found(written) == ({"R-47"} if name in SAMPLES else set())
    assert (written.envelope is None) == (not files)


TEXT = st.text("abcåäöÅÄÖ &<>'\"123€", min_size=1, max_size=12).filter(
    lambda text: text == text.strip() != ""
)
MONEY = st.decimals("0.01", "9999.99", places=2)
DAYS = st.dates(date(2020, 1, 1), DAY)


@st.composite
def invoices(draw: st.DrawFn) -> Invoice:
    """Invoices of nothing but terms that Svefaktura can carry."""

    def maybe(value: object) -> object:
        return value if draw(st.booleans()) else None

    def address() -> Address:
        lines = [maybe(draw(TEXT)) for _ in range(3)]
        return Address("SE", *lines, city=draw(TEXT), post_code="12345")  # type: ignore[arg-type, misc]

    def vat() -> Vat:
        return Vat("S", Decimal(draw(st.sampled_from([6, 12, 25]))))

    issued = draw(DAYS)
    transfers = draw(st.lists(st.from_regex("[0-9]{5,8}", fullmatch=True), max_size=3, unique=True))
    payment = Payment(
        "30",
        reference="".join(draw(st.lists(st.sampled_from("123456789"), min_size=2, max_size=9))),
        credit_transfers=tuple(
            CreditTransfer(account, service_provider="SE:BANKGIRO") for account in transfers
        ),
    )
    lines = tuple(
        Line(
            str(number),
            draw(st.decimals("-99", "99", places=1)),
            draw(st.sampled_from(["H87", "C62", "KGM", "HUR", "ZZ"])),
            Price(draw(MONEY), base_quantity=draw(st.sampled_from([None, Decimal(10)]))),
            Item(draw(TEXT), vat(), seller_id=draw(st.none() | TEXT)),
            note=draw(st.none() | TEXT),
        )
        for number in range(1, draw(st.integers(1, 4)) + 1)
    )
    adjusted = lines[0].item.vat
    made = complete(
        Invoice(
            number=draw(TEXT),
            issue_date=issued,
            due_date=issued + timedelta(30) if draw(st.booleans()) else None,
            currency=draw(st.sampled_from(["SEK", "EUR", "NOK"])),
            buyer_reference=draw(TEXT),
            buyer_accounting_reference=draw(st.none() | TEXT),
            purchase_order_reference=draw(st.none() | TEXT),
            contract_reference=draw(st.none() | TEXT),
            notes=tuple(Note(text) for text in draw(st.lists(TEXT, max_size=1))),
            seller=Seller(
                "S " + draw(TEXT),
                address(),
                draw(st.none() | TEXT),
                legal_id=Identifier("5560360793", "0007"),
                vat_id="SE556036079301",
                contact=Contact(draw(TEXT)) if draw(st.booleans()) else None,
            ),
            buyer=Buyer("B " + draw(TEXT), address()),
            payments=(payment,) if draw(st.booleans()) else (),
            allowances=tuple(
                Allowance(adjusted, amount, reason=draw(TEXT))
                for amount in draw(st.lists(MONEY, max_size=2))
            ),
            charges=tuple(
                Charge(adjusted, amount, reason=draw(TEXT))
                for amount in draw(st.lists(MONEY, max_size=2))
            ),
            lines=lines,
        )
    )
    return carried(made)


@settings(deadline=None, max_examples=60)
@given(invoices())
def test_what_svefaktura_can_carry_comes_back(invoice: Invoice) -> None:
    if invoice.totals and (invoice.totals.due or 0) < 0:
        with pytest.raises(Unfit) as refused:
            write(invoice)
        assert [each.term for each in refused.value.lost] == ["BT-115"]
        return
    written = write(invoice)
    assert again(written) == invoice
    assert found(written) == set()


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_document_is_read_or_refused(data: st.DataObject) -> None:
    root = etree.fromstring(SOURCE)
    odd = st.sampled_from(
        ["", " ", "x", "-1", "1E9", "NaN", "9" * 5000, "0000-00-00", "urn:sfti:documents:object:"]
    ) | st.text("aå\u0660\u200b0-.:", max_size=9)
    for _ in range(data.draw(st.integers(1, 4))):
        elements = list(root.iter(etree.Element))
        element = elements[data.draw(st.integers(0, len(elements) - 1))]
        parent = element.getparent()
        match data.draw(st.sampled_from(["text", "remove", "double", "empty", "comment"])):
            case "text":
                element.text = data.draw(odd)
            case "remove" if parent is not None:
                parent.remove(element)
            case "double" if parent is not None:
                parent.append(etree.fromstring(etree.tostring(element)))
            case "empty":
                element.clear()
            case _:
                element.append(etree.Comment("c"))
    try:
        invoice = read(root).invoice
    except Unreadable as refused:
        assert refused.path
        assert refused.reason
        return
    try:
        write(invoice)
    except Unfit as unfit:
        assert unfit.lost


@pytest.mark.parametrize("text", ["<a/>", '<Invoice xmlns="urn:x"/>', "<ObjectEnvelope/>"])
def test_another_document_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="not a"):
        read(etree.fromstring(text))
    with pytest.raises(Unreadable, match="not an object envelope"):
        read_objects(etree.fromstring(text))
