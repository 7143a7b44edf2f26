"""Invoices to look at: an ordinary one, and one that states everything there is."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

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
    DirectDebit,
    Identifier,
    Invoice,
    Item,
    Line,
    LineAllowance,
    LineCharge,
    Note,
    Payee,
    Payment,
    PaymentCard,
    Period,
    PrecedingInvoice,
    Price,
    Seller,
    SupportingDocument,
    TaxRepresentative,
    Totals,
    Vat,
    VatBreakdown,
)

SELLER = Seller(
    name="Fjärdens Snickeri AB",
    address=Address("SE", line1="Kajvägen 4", city="Luleå", post_code="972 36"),
    legal_id=Identifier("5560001116", "0007"),
    vat_id="SE556000111601",
    tax_registration_id="Godkänd för F-skatt",
    endpoint=Identifier("5560001116", "0007"),
    contact=Contact("Åsa Öberg", "0920-12 34 56", "asa@fjardens.example"),
)
BUYER = Buyer(
    name="Bageri Ägget AB",
    address=Address("SE", line1="Ågatan 2", city="Lund", post_code="222 33"),
    legal_id=Identifier("5560169095", "0007"),
    endpoint=Identifier("5560169095", "0007"),
)


def line(number: int, name: str = "Hyvelbänk, björk", **changes: object) -> Line:
    given: dict[str, object] = {
        "id": str(number),
        "quantity": Decimal(2),
        "unit": "C62",
        "price": Price(Decimal("4950.00")),
        "item": Item(name, Vat("S", Decimal(25))),
        "net_amount": Decimal("9900.00"),
    }
    return Line(**(given | changes))  # type: ignore[arg-type]


PLAIN = Invoice(
    number="1001",
    issue_date=date(2026, 11, 20),
    due_date=date(2026, 12, 20),
    currency="SEK",
    seller=SELLER,
    buyer=BUYER,
    buyer_reference="Örjan Æble",
    lines=(line(1),),
    payments=(
        Payment(
            "30",
            reference="1001004",
            credit_transfers=(CreditTransfer("50501055", service_provider="SE:BANKGIRO"),),
        ),
    ),
    totals=Totals(
        lines=Decimal("9900.00"),
        without_vat=Decimal("9900.00"),
        vat=Decimal("2475.00"),
        with_vat=Decimal("12375.00"),
        due=Decimal("12375.00"),
    ),
    vat_breakdown=(VatBreakdown("S", Decimal(25), Decimal("9900.00"), Decimal("2475.00")),),
)


def _address(word: str) -> Address:
    return Address(
        "NO",
        line1=f"{word}-line1",
        line2=f"{word}-line2",
        line3=f"{word}-line3",
        city=f"{word}-city",
        post_code=f"{word}-code",
        subdivision=f"{word}-subdivision",
    )


# Each text is the path of its field, so that a test can ask whether it is shown.
FULL = Invoice(
    number="number",
    issue_date=date(2026, 1, 2),
    due_date=date(2026, 2, 3),
    currency="NOK",
    vat_currency="EUR",
    tax_point_date=date(2026, 3, 4),
    seller=Seller(
        name="seller-name",
        trading_name="seller-trading",
        address=_address("seller"),
        identifiers=(Identifier("seller-id1"), Identifier("seller-id2", "0088")),
        legal_id=Identifier("seller-legal", "0192"),
        vat_id="seller-vat",
        tax_registration_id="seller-tax",
        legal_form="seller-form",
        endpoint=Identifier("seller-endpoint", "0192"),
        contact=Contact("seller-contact", "seller-phone", "seller-email"),
    ),
    buyer=Buyer(
        name="buyer-name",
        trading_name="buyer-trading",
        address=_address("buyer"),
        identifier=Identifier("buyer-id"),
        legal_id=Identifier("buyer-legal", "0192"),
        vat_id="buyer-vat",
        endpoint=Identifier("buyer-endpoint", "0192"),
        contact=Contact("buyer-contact", "buyer-phone", "buyer-email"),
    ),
    buyer_reference="buyer-reference",
    project_reference="project",
    contract_reference="contract",
    purchase_order_reference="purchase-order",
    sales_order_reference="sales-order",
    receiving_advice_reference="receiving",
    despatch_advice_reference="despatch",
    tender_reference="tender",
    invoiced_object=Identifier("object", "VT"),
    buyer_accounting_reference="accounting",
    payment_terms="payment-terms",
    notes=(Note("note-1"), Note("note-2", "AAI")),
    preceding_invoices=(
        PrecedingInvoice("preceding-1", date(2025, 12, 1)),
        PrecedingInvoice("preceding-2"),
        PrecedingInvoice("preceding-3"),
        PrecedingInvoice("preceding-4"),
    ),
    payee=Payee("payee-name", Identifier("payee-id"), Identifier("payee-legal")),
    tax_representative=TaxRepresentative("agent-name", "agent-vat", _address("agent")),
    delivery=Delivery(
        "delivery-name", Identifier("delivery-location"), date(2026, 4, 5), _address("delivery")
    ),
    period=Period(date(2026, 5, 6), date(2026, 6, 7)),
    payments=(
        Payment(
            "30",
            reference="payment-reference",
            credit_transfers=(
                CreditTransfer("NO9386011117947", "account-name", "DNBANOKK"),
                CreditTransfer("86011117947"),
            ),
        ),
        Payment("48", card=PaymentCard("card-1234", "card-holder", "VISA")),
        Payment("59", direct_debit=DirectDebit("mandate", "creditor", "debited")),
        Payment("ZZZ", means_text="means-text"),
    ),
    allowances=(
        Allowance(
            Vat("S", Decimal(25)),
            Decimal("11.11"),
            Decimal("111.10"),
            Decimal(10),
            "allowance-reason",
            "95",
        ),
    ),
    charges=(Charge(Vat("E"), Decimal("22.22"), reason="charge-reason"),),
    totals=Totals(
        lines=Decimal("100.01"),
        allowances=Decimal("11.11"),
        charges=Decimal("22.22"),
        without_vat=Decimal("111.12"),
        vat=Decimal("27.78"),
        vat_in_vat_currency=Decimal("2.53"),
        with_vat=Decimal("138.90"),
        paid=Decimal("8.40"),
        rounding=Decimal("-0.50"),
        due=Decimal("130.00"),
    ),
    vat_breakdown=(
        VatBreakdown("S", Decimal(25), Decimal("88.90"), Decimal("27.77")),
        VatBreakdown(
            "E", Decimal(0), Decimal("22.22"), Decimal("0.00"), "exemption-reason", "VATEX-EU-132"
        ),
        VatBreakdown("O", None, Decimal("1.11"), Decimal("0.00"), None, "VATEX-EU-O"),
    ),
    supporting_documents=(
        SupportingDocument("support-1", "support-description", "https://support.example"),
        SupportingDocument("support-2", attachment=Attachment(b"%PDF", "application/pdf", "x.pdf")),
    ),
    lines=(
        Line(
            id="L1",
            quantity=Decimal("1234.5"),
            unit="HUR",
            price=Price(
                Decimal("0.0810"), Decimal("0.0190"), Decimal("0.1000"), Decimal(100), "KGM"
            ),
            item=Item(
                "item-name",
                Vat("S", Decimal("12.5")),
                "item-description",
                "item-seller",
                "item-buyer",
                Identifier("item-standard", "0160"),
                (Identifier("item-class-1", "STI"), Identifier("item-class-2", "STI")),
                "DK",
                (Attribute("attribute-name", "attribute-value"),),
            ),
            note="line-note",
            object_id=Identifier("line-object"),
            net_amount=Decimal("100.01"),
            order_line="line-order",
            buyer_accounting_reference="line-accounting",
            period=Period(date(2026, 7, 8), date(2026, 8, 9)),
            allowances=(
                LineAllowance(
                    Decimal("3.33"), Decimal("33.30"), Decimal(10), "line-allowance", "95"
                ),
            ),
            charges=(LineCharge(Decimal("4.44"), reason="line-charge"),),
        ),
    ),
)
