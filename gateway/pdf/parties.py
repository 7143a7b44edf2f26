"""Who else matters, and every reference."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.pdf.head import fits_window
from gateway.pdf.page import Fact, Page, people, scheme_and_value, stated
from schemas.figures import day


def parties(page: Page) -> None:
    """Whoever else matters, side by side: buyer, delivery, payee, our contact."""
    blocks = [block for block in party_blocks(page) if len(block) > 1]
    for start in range(0, len(blocks), 3):
        page.side_by_side(blocks[start : start + 3], 3)


def party_blocks(page: Page) -> Iterable[list[str]]:
    """Each with its label first; one that holds nothing else is not shown."""
    invoice, words = page.invoice, page.words
    buyer, seller, delivery = invoice.buyer, invoice.seller, invoice.delivery
    trading = buyer.trading_name if buyer.trading_name != buyer.name else None
    yield [
        words("buyer"),
        *([trading] if trading else []),
        # A window shows so many lines: see `head`.
        *([] if fits_window(page) else page.address(buyer.address)),
        *page.ids(buyer),
        *people(buyer.contact),
    ]
    yield [words("our_contact"), *people(seller.contact)]
    if delivery is not None:
        location = delivery.location_id
        yield [
            words("delivery"),
            *([delivery.name] if delivery.name else []),
            *(page.address(delivery.address) if delivery.address else []),
            *([f"{words('location')} {location.value}"] if location else []),
        ]
    if invoice.payee is not None:
        payee = invoice.payee
        ids = stated(
            (words("legal_id"), payee.legal_id and payee.legal_id.value),
            (words("identifier"), payee.identifier and payee.identifier.value),
        )
        yield [
            words("payee"),
            payee.name,
            *(f"{label} {value}" for label, value in ids),
        ]
    if invoice.tax_representative is not None:
        agent = invoice.tax_representative
        yield [
            words("tax_representative"),
            agent.name,
            *page.address(agent.address),
            f"{words('vat_id')} {agent.vat_id}",
        ]


def references(page: Page) -> None:
    """Every other reference, label above value, four to a row."""
    blocks = [[label, value] for label, value in reference_facts(page)]
    for start in range(0, len(blocks), 4):
        page.side_by_side(blocks[start : start + 4], 4)


def reference_facts(page: Page) -> list[Fact]:
    """Every reference that is not among the key facts."""
    invoice, words, language = page.invoice, page.words, page.language
    subject = invoice.invoiced_object
    delivered = invoice.delivery.date if invoice.delivery else None
    return stated(
        (words("delivery_date"), delivered and day(delivered, language)),
        (words("contract_reference"), invoice.contract_reference),
        (words("project_reference"), invoice.project_reference),
        (words("sales_order_reference"), invoice.sales_order_reference),
        (words("despatch_advice_reference"), invoice.despatch_advice_reference),
        (words("receiving_advice_reference"), invoice.receiving_advice_reference),
        (words("tender_reference"), invoice.tender_reference),
        (words("invoiced_object"), subject and scheme_and_value(subject)),
        (words("buyer_accounting_reference"), invoice.buyer_accounting_reference),
        (
            words("tax_point_date"),
            invoice.tax_point_date and day(invoice.tax_point_date, language),
        ),
        (
            words("tax_point_date"),
            invoice.tax_point_code and words.tax_point(invoice.tax_point_code),
        ),
        *(
            (words("preceding_invoice"), page.preceding(before))
            for before in invoice.preceding_invoices[3:]
        ),
    )
