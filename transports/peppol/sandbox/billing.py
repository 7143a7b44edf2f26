"""An invoice as companies at the other access point of the sandbox send it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from schemas.identifiers import BILLING_INVOICE, BILLING_PROCESS, Participant
from schemas.invoice import (
    Address,
    Buyer,
    Contact,
    CreditTransfer,
    Identifier,
    Invoice,
    Item,
    Line,
    Payment,
    Price,
    Seller,
    Vat,
)
from schemas.totals import complete
from schemas.ubl.write import write


def invoice(number: str, seller: Participant, buyer: Participant, at: date) -> bytes:
    """A small one from a Swedish company, valid, in UBL."""
    name = "Kvarnbäckens Verkstad AB"
    made = Invoice(
        number=number,
        issue_date=at,
        due_date=at + timedelta(days=30),
        currency="SEK",
        specification=BILLING_INVOICE.customization,
        business_process=BILLING_PROCESS.value,
        buyer_reference="310",
        seller=Seller(
            name,
            Address("SE", line1="Kvarngatan 2", city="Falun", post_code="791 70"),
            legal_id=_identifier(seller),
            vat_id=f"SE{seller.value}01",
            tax_registration_id="Godkänd för F-skatt",
            endpoint=_identifier(seller),
            contact=Contact("Ekonomi", email="ekonomi@kvarnbacken.example"),
        ),
        buyer=Buyer(
            "The company that it is for",
            Address("NO", line1="Havnegata 1", city="Bodø", post_code="8006"),
            endpoint=_identifier(buyer),
        ),
        payments=(
            Payment(
                "30",
                reference=number,
                credit_transfers=(CreditTransfer("50512342", service_provider="SE:BANKGIRO"),),
            ),
        ),
        lines=(
            Line(
                id="1",
                quantity=Decimal(4),
                unit="HUR",
                price=Price(Decimal(950)),
                item=Item("Service", vat=Vat("S", Decimal(25))),
            ),
        ),
    )
    return write(complete(made))


def _identifier(participant: Participant) -> Identifier:
    return Identifier(participant.value, participant.scheme)
