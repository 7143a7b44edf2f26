"""The invoice as EN 16931 sees it: every business term and group, independent of any syntax.

In charge of the shape and the words. Not in charge of syntax (`schemas.ubl`), of computing
(`schemas.totals`) or of right and wrong (`validators`). Source: EN 16931-1:2017 +A1, clause 6.

A field carries its number (`BT-1`, `BG-4`) as metadata; `terms(cls)` lists them. Terms that can be
computed (line net amount, totals, VAT breakdown) are optional here: absent means "not stated".
Money, quantities and percentages are `Decimal`, dates are `date`; sequences are tuples.
"""

# `bt` declares a field as `dataclasses.field` does.
# ruff: noqa: RUF009

from __future__ import annotations

import datetime  # not `date` itself: Delivery has a field of that name
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any


def bt(number: str, *, required: bool = False, default: Any = None) -> Any:
    """Declares a field for the business term or group `number`."""
    metadata = {"bt": number}
    return field(metadata=metadata) if required else field(default=default, metadata=metadata)


def many(number: str) -> Any:
    """Declares a field for a repeating term or group: a tuple, empty by default."""
    return field(default=(), metadata={"bt": number})


def terms(model: type) -> Iterator[tuple[str, str]]:
    """Yields (field name, BT/BG number) for each field of a model class."""
    for item in fields(model):
        yield item.name, item.metadata["bt"]


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier with the scheme it belongs to; the term's number is on the field that holds it.

    `scheme` is an ISO/IEC 6523 ICD code ("0007"), for endpoints an EAS code, for item
    classifications a UNTDID 7143 code; None where the standard lets it be absent.
    """

    value: str = bt("value", required=True)
    scheme: str | None = bt("scheme")
    scheme_version: str | None = bt("scheme version")


@dataclass(frozen=True, slots=True)
class Note:
    """BG-1: a note, with the subject it is about (UNTDID 4451) where stated."""

    text: str = bt("BT-22", required=True)
    subject: str | None = bt("BT-21")


@dataclass(frozen=True, slots=True)
class PrecedingInvoice:
    """BG-3: an earlier invoice that this one corrects or credits."""

    number: str = bt("BT-25", required=True)
    issue_date: datetime.date | None = bt("BT-26")


@dataclass(frozen=True, slots=True)
class Address:
    """BG-5, BG-8, BG-12, BG-15: a postal address. `country` is ISO 3166-1 alpha-2.

    The numbers are the seller's (BG-5); the same fields of the other groups are BT-50..55 and
    BT-163 (buyer), BT-64..69 and BT-164 (tax representative), BT-75..80 and BT-165 (delivery).
    """

    country: str = bt("BT-40", required=True)
    line1: str | None = bt("BT-35")
    line2: str | None = bt("BT-36")
    line3: str | None = bt("BT-162")
    city: str | None = bt("BT-37")
    post_code: str | None = bt("BT-38")
    subdivision: str | None = bt("BT-39")


@dataclass(frozen=True, slots=True)
class Contact:
    """BG-6, BG-9: a person or department to turn to. Buyer's numbers: BT-56..58."""

    name: str | None = bt("BT-41")
    phone: str | None = bt("BT-42")
    email: str | None = bt("BT-43")


@dataclass(frozen=True, slots=True)
class Seller:
    """BG-4: who sells and has the right to be paid (unless there is a payee)."""

    name: str = bt("BT-27", required=True)
    address: Address = bt("BG-5", required=True)
    trading_name: str | None = bt("BT-28")
    identifiers: tuple[Identifier, ...] = many("BT-29")
    legal_id: Identifier | None = bt("BT-30")
    vat_id: str | None = bt("BT-31")
    tax_registration_id: str | None = bt("BT-32")
    legal_form: str | None = bt("BT-33")
    endpoint: Identifier | None = bt("BT-34")
    contact: Contact | None = bt("BG-6")


@dataclass(frozen=True, slots=True)
class Buyer:
    """BG-7: who buys."""

    name: str = bt("BT-44", required=True)
    address: Address = bt("BG-8", required=True)
    trading_name: str | None = bt("BT-45")
    identifier: Identifier | None = bt("BT-46")
    legal_id: Identifier | None = bt("BT-47")
    vat_id: str | None = bt("BT-48")
    endpoint: Identifier | None = bt("BT-49")
    contact: Contact | None = bt("BG-9")


@dataclass(frozen=True, slots=True)
class Payee:
    """BG-10: who is paid, when that is not the seller (factoring)."""

    name: str = bt("BT-59", required=True)
    identifier: Identifier | None = bt("BT-60")
    legal_id: Identifier | None = bt("BT-61")


@dataclass(frozen=True, slots=True)
class TaxRepresentative:
    """BG-11: the seller's tax representative."""

    name: str = bt("BT-62", required=True)
    vat_id: str = bt("BT-63", required=True)
    address: Address = bt("BG-12", required=True)


@dataclass(frozen=True, slots=True)
class Period:
    """BG-14, BG-26: a period, each end included. Line period: BT-134, BT-135."""

    start: datetime.date | None = bt("BT-73")
    end: datetime.date | None = bt("BT-74")


@dataclass(frozen=True, slots=True)
class Delivery:
    """BG-13: where and when the goods or services were delivered."""

    name: str | None = bt("BT-70")
    location_id: Identifier | None = bt("BT-71")
    date: datetime.date | None = bt("BT-72")
    address: Address | None = bt("BG-15")


@dataclass(frozen=True, slots=True)
class CreditTransfer:
    """BG-17: an account to pay to. `service_provider` is a BIC, or SE:BANKGIRO / SE:PLUSGIRO."""

    account: str = bt("BT-84", required=True)
    account_name: str | None = bt("BT-85")
    service_provider: str | None = bt("BT-86")


@dataclass(frozen=True, slots=True)
class PaymentCard:
    """BG-18: the card that was used; only the last digits of `account` may be given."""

    account: str = bt("BT-87", required=True)
    holder: str | None = bt("BT-88")
    network: str | None = bt("network")  # cbc:NetworkID: UBL demands it, EN 16931 has no term


@dataclass(frozen=True, slots=True)
class DirectDebit:
    """BG-19: the amount is collected from the buyer. The creditor id BT-90 stands here too."""

    mandate: str | None = bt("BT-89")
    creditor_id: str | None = bt("BT-90")
    debited_account: str | None = bt("BT-91")


@dataclass(frozen=True, slots=True)
class Payment:
    """BG-16: how to pay. `means` is UNTDID 4461; `reference` is OCR, KID or free text."""

    means: str = bt("BT-81", required=True)
    means_text: str | None = bt("BT-82")
    reference: str | None = bt("BT-83")
    credit_transfers: tuple[CreditTransfer, ...] = many("BG-17")
    card: PaymentCard | None = bt("BG-18")
    direct_debit: DirectDebit | None = bt("BG-19")


@dataclass(frozen=True, slots=True)
class Vat:
    """A VAT category (UNTDID 5305 subset) and rate in percent; which term depends on the holder.

    Allowance BT-95/96, charge BT-102/103, item BT-151/152.
    """

    category: str = bt("category", required=True)
    rate: Decimal | None = bt("rate")


@dataclass(frozen=True, slots=True)
class Allowance:
    """BG-20: taken off the document total. `reason_code` is UNTDID 5189."""

    vat: Vat = bt("BT-95", required=True)
    amount: Decimal | None = bt("BT-92")
    base: Decimal | None = bt("BT-93")
    percent: Decimal | None = bt("BT-94")
    reason: str | None = bt("BT-97")
    reason_code: str | None = bt("BT-98")


@dataclass(frozen=True, slots=True)
class Charge:
    """BG-21: added to the document total. `reason_code` is UNTDID 7161."""

    vat: Vat = bt("BT-102", required=True)
    amount: Decimal | None = bt("BT-99")
    base: Decimal | None = bt("BT-100")
    percent: Decimal | None = bt("BT-101")
    reason: str | None = bt("BT-104")
    reason_code: str | None = bt("BT-105")


@dataclass(frozen=True, slots=True)
class Totals:
    """BG-22: the document's sums, in the invoice currency except `vat_in_vat_currency`."""

    lines: Decimal | None = bt("BT-106")
    allowances: Decimal | None = bt("BT-107")
    charges: Decimal | None = bt("BT-108")
    without_vat: Decimal | None = bt("BT-109")
    vat: Decimal | None = bt("BT-110")
    vat_in_vat_currency: Decimal | None = bt("BT-111")
    with_vat: Decimal | None = bt("BT-112")
    paid: Decimal | None = bt("BT-113")
    rounding: Decimal | None = bt("BT-114")
    due: Decimal | None = bt("BT-115")


@dataclass(frozen=True, slots=True)
class VatBreakdown:
    """BG-23: one row for each VAT category and rate."""

    category: str = bt("BT-118", required=True)
    rate: Decimal | None = bt("BT-119")
    taxable: Decimal | None = bt("BT-116")
    tax: Decimal | None = bt("BT-117")
    exemption_reason: str | None = bt("BT-120")
    exemption_code: str | None = bt("BT-121")


@dataclass(frozen=True, slots=True)
class Attachment:
    """BT-125: an embedded file."""

    content: bytes = bt("BT-125", required=True)
    mime_code: str = bt("BT-125-1", required=True)
    filename: str = bt("BT-125-2", required=True)


@dataclass(frozen=True, slots=True)
class SupportingDocument:
    """BG-24: a document that belongs to the invoice: embedded, or at an external location."""

    reference: str = bt("BT-122", required=True)
    description: str | None = bt("BT-123")
    url: str | None = bt("BT-124")
    attachment: Attachment | None = bt("BT-125")


@dataclass(frozen=True, slots=True)
class LineAllowance:
    """BG-27: taken off the line."""

    amount: Decimal | None = bt("BT-136")
    base: Decimal | None = bt("BT-137")
    percent: Decimal | None = bt("BT-138")
    reason: str | None = bt("BT-139")
    reason_code: str | None = bt("BT-140")


@dataclass(frozen=True, slots=True)
class LineCharge:
    """BG-28: added to the line."""

    amount: Decimal | None = bt("BT-141")
    base: Decimal | None = bt("BT-142")
    percent: Decimal | None = bt("BT-143")
    reason: str | None = bt("BT-144")
    reason_code: str | None = bt("BT-145")


@dataclass(frozen=True, slots=True)
class Price:
    """BG-29: price of one `base_quantity` of the item, VAT not included."""

    net: Decimal = bt("BT-146", required=True)
    discount: Decimal | None = bt("BT-147")
    gross: Decimal | None = bt("BT-148")
    base_quantity: Decimal | None = bt("BT-149")
    base_unit: str | None = bt("BT-150")


@dataclass(frozen=True, slots=True)
class Attribute:
    """BG-32: a property of the item."""

    name: str = bt("BT-160", required=True)
    value: str = bt("BT-161", required=True)


@dataclass(frozen=True, slots=True)
class Item:
    """BG-31: what was sold. `vat` is BG-30."""

    name: str = bt("BT-153", required=True)
    vat: Vat = bt("BG-30", required=True)
    description: str | None = bt("BT-154")
    seller_id: str | None = bt("BT-155")
    buyer_id: str | None = bt("BT-156")
    standard_id: Identifier | None = bt("BT-157")
    classifications: tuple[Identifier, ...] = many("BT-158")
    origin_country: str | None = bt("BT-159")
    attributes: tuple[Attribute, ...] = many("BG-32")


@dataclass(frozen=True, slots=True)
class Line:
    """BG-25: an invoice line. `unit` is UN/ECE Recommendation 20 or 21."""

    id: str = bt("BT-126", required=True)
    quantity: Decimal = bt("BT-129", required=True)
    unit: str = bt("BT-130", required=True)
    price: Price = bt("BG-29", required=True)
    item: Item = bt("BG-31", required=True)
    note: str | None = bt("BT-127")
    object_id: Identifier | None = bt("BT-128")
    net_amount: Decimal | None = bt("BT-131")
    order_line: str | None = bt("BT-132")
    buyer_accounting_reference: str | None = bt("BT-133")
    period: Period | None = bt("BG-26")
    allowances: tuple[LineAllowance, ...] = many("BG-27")
    charges: tuple[LineCharge, ...] = many("BG-28")


@dataclass(frozen=True, slots=True)
class Invoice:
    """An invoice or credit note. `type_code` (UNTDID 1001) decides which: see `is_credit_note`."""

    number: str = bt("BT-1", required=True)
    issue_date: datetime.date = bt("BT-2", required=True)
    currency: str = bt("BT-5", required=True)
    seller: Seller = bt("BG-4", required=True)
    buyer: Buyer = bt("BG-7", required=True)
    lines: tuple[Line, ...] = bt("BG-25", required=True)
    type_code: str = bt("BT-3", default="380")
    vat_currency: str | None = bt("BT-6")
    tax_point_date: datetime.date | None = bt("BT-7")
    tax_point_code: str | None = bt("BT-8")
    due_date: datetime.date | None = bt("BT-9")
    buyer_reference: str | None = bt("BT-10")
    project_reference: str | None = bt("BT-11")
    contract_reference: str | None = bt("BT-12")
    purchase_order_reference: str | None = bt("BT-13")
    sales_order_reference: str | None = bt("BT-14")
    receiving_advice_reference: str | None = bt("BT-15")
    despatch_advice_reference: str | None = bt("BT-16")
    tender_reference: str | None = bt("BT-17")
    invoiced_object: Identifier | None = bt("BT-18")
    buyer_accounting_reference: str | None = bt("BT-19")
    payment_terms: str | None = bt("BT-20")
    notes: tuple[Note, ...] = many("BG-1")
    business_process: str | None = bt("BT-23")
    specification: str | None = bt("BT-24")
    preceding_invoices: tuple[PrecedingInvoice, ...] = many("BG-3")
    payee: Payee | None = bt("BG-10")
    tax_representative: TaxRepresentative | None = bt("BG-11")
    delivery: Delivery | None = bt("BG-13")
    period: Period | None = bt("BG-14")
    payments: tuple[Payment, ...] = many("BG-16")
    allowances: tuple[Allowance, ...] = many("BG-20")
    charges: tuple[Charge, ...] = many("BG-21")
    totals: Totals | None = bt("BG-22")
    vat_breakdown: tuple[VatBreakdown, ...] = many("BG-23")
    supporting_documents: tuple[SupportingDocument, ...] = many("BG-24")

    @property
    def is_credit_note(self) -> bool:
        """Whether `type_code` is one of a credit note, and UBL then a CreditNote."""
        return self.type_code in CREDIT_NOTE_TYPES


# UNTDID 1001 as EN 16931 lets a credit note use it (BR-CL-01). Only 81 may be an invoice too.
CREDIT_NOTE_TYPES = frozenset(
    {"81", "83", "261", "262", "296", "308", "381", "396", "420", "458", "502", "503", "532"}
)
