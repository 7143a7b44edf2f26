"""Mistakes people make: a right invoice of `examples/situations`, and what is changed in it."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SITUATIONS = Path(__file__).parents[2] / "examples" / "situations"
GONE = object()


@dataclass(frozen=True)
class Mistake:
    """`changes` are JSON pointers into the body; `rule` is what must be found at `where`."""

    base: str
    changes: Mapping[str, Any]
    rule: str
    where: str

    def body(self) -> Any:
        """The request body with the mistake in it."""
        body = json.loads((SITUATIONS / f"{self.base}.json").read_text("utf-8"))
        for pointer, value in self.changes.items():
            *steps, last = pointer.strip("/").split("/")
            place = body
            for step in steps:
                place = place[int(step)] if step.isdigit() else place[step]
            key: Any = int(last) if last.isdigit() else last
            if value is GONE:
                del place[key]
            else:
                place[key] = copy.deepcopy(value)
        return body


HOURS, HOTEL, RENT = "se-b2b-hours-and-travel", "no-b2b-hotel-two-rates", "no-b2c-rent-with-kid"
BUILDING, ABROAD = "se-b2b-construction-reverse-charge", "se-b2b-intra-community-supply"
RATES, GIRO, EURO = (
    "se-b2b-four-rates",
    "se-b2g-municipality-plusgiro",
    "se-b2b-in-euro-with-vat-in-kronor",
)
LINE = "/invoice/lines/0"

MISTAKES: Mapping[str, Mistake] = {
    # --- what was never a value ---------------------------------------------------------------
    "line-without-a-description": Mistake(
        HOURS, {f"{LINE}/item/name": GONE}, "STRUCTURE-JSON", f"{LINE}/item/name"
    ),
    "line-with-an-empty-description": Mistake(
        HOURS, {f"{LINE}/item/name": "  "}, "STRUCTURE-JSON", f"{LINE}/item/name"
    ),
    "field-misspelt": Mistake(
        HOURS, {"/invoice/due_dat": "2026-12-01"}, "STRUCTURE-JSON", "/invoice/due_dat"
    ),
    "day-that-does-not-exist": Mistake(
        HOURS, {"/invoice/due_date": "2026-02-30"}, "STRUCTURE-JSON", "/invoice/due_date"
    ),
    "amount-with-a-comma": Mistake(
        HOURS, {f"{LINE}/price/net": "1 250,50"}, "STRUCTURE-JSON", f"{LINE}/price/net"
    ),
    # --- sums ---------------------------------------------------------------------------------
    "line-amount-wrong": Mistake(
        HOTEL, {f"{LINE}/net_amount": "3705.00"}, "PEPPOL-EN16931-R120", f"{LINE}/net_amount"
    ),
    "sum-of-lines-wrong": Mistake(
        HOTEL, {"/invoice/totals/lines": "4725.60"}, "BR-CO-10", "/invoice/totals/lines"
    ),
    "vat-wrong": Mistake(
        HOTEL, {"/invoice/totals/vat": "600.00"}, "BR-CO-14", "/invoice/totals/vat"
    ),
    "total-with-digits-swapped": Mistake(
        HOTEL, {"/invoice/totals/with_vat": "5730.00"}, "BR-CO-15", "/invoice/totals/with_vat"
    ),
    "amount-due-without-what-is-paid": Mistake(
        HOTEL, {"/invoice/totals/due": "5370.00"}, "BR-CO-16", "/invoice/totals/due"
    ),
    "vat-of-a-rate-wrong": Mistake(
        HOTEL,
        {"/invoice/vat_breakdown": [{"category": "S", "rate": 12, "tax": "937.50"}]},
        "BR-CO-17",
        "/invoice/vat_breakdown/0/tax",
    ),
    "three-decimals": Mistake(
        HOTEL, {"/invoice/totals/paid": "1000.005"}, "BR-DEC-16", "/invoice/totals/paid"
    ),
    "price-below-zero": Mistake(HOURS, {f"{LINE}/price/net": "-545"}, "BR-27", f"{LINE}/price/net"),
    "discount-that-does-not-fit-the-price": Mistake(
        GIRO, {f"{LINE}/price/discount": "400.00"}, "PEPPOL-EN16931-R046", f"{LINE}/price/net"
    ),
    "discount-in-percent-of-nothing": Mistake(
        HOURS,
        {"/invoice/allowances": [{"percent": "5", "reason": "Rabatt", "vat": {"rate": 25}}]},
        "STRUCTURE-MISSING",
        "/invoice/allowances/0/amount",
    ),
    "discount-without-a-reason": Mistake(
        HOURS,
        {"/invoice/allowances": [{"amount": "100", "vat": {"rate": 25}}]},
        "BR-33",
        "/invoice/allowances/0/reason",
    ),
    # --- VAT ----------------------------------------------------------------------------------
    "rate-that-sweden-has-not": Mistake(
        HOURS, {f"{LINE}/item/vat/rate": "24"}, "SE-R-006", f"{LINE}/item/vat/rate"
    ),
    "no-category-and-no-rate": Mistake(
        HOURS, {f"{LINE}/item/vat": {}}, "BR-CO-04", f"{LINE}/item/vat/category"
    ),
    "exempt-without-a-reason": Mistake(
        RENT, {"/invoice/vat_breakdown": GONE}, "BR-E-10", "/invoice/vat_breakdown/0/exemption_code"
    ),
    "reverse-charge-with-a-rate": Mistake(
        BUILDING, {f"{LINE}/item/vat/rate": 25}, "BR-AE-05", f"{LINE}/item/vat/rate"
    ),
    "reverse-charge-without-the-buyers-vat-number": Mistake(
        BUILDING,
        {
            "/invoice/buyer/vat_id": GONE,
            "/invoice/buyer/legal_id": GONE,
            "/invoice/buyer/endpoint": {"value": "5560099128", "scheme": "0007"},
        },
        "BR-AE-02",
        "/invoice",
    ),
    "intra-community-without-a-day-of-delivery": Mistake(
        ABROAD, {"/invoice/delivery/date": GONE}, "BR-IC-11", "/invoice/delivery/date"
    ),
    "vat-and-no-vat-number-of-the-seller": Mistake(
        HOURS,
        {"/invoice/seller/vat_id": GONE, "/invoice/seller/tax_registration_id": GONE},
        "BR-S-02",
        "/invoice",
    ),
    "outside-vat-beside-vat": Mistake(
        HOURS,
        {f"{LINE}/item/vat": {"category": "O"}},
        "BR-O-12",
        "/invoice",
    ),
    "vat-currency-without-an-amount": Mistake(
        EURO, {"/invoice/totals": GONE}, "BR-53", "/invoice/totals/vat_in_vat_currency"
    ),
    "f-skatt-in-other-words": Mistake(
        HOURS,
        {"/invoice/seller/tax_registration_id": "F-skattebevis finns"},
        "SE-R-005",
        "/invoice/seller/tax_registration_id",
    ),
    "norwegian-vat-number-without-mva": Mistake(
        HOTEL, {"/invoice/seller/vat_id": "NO948100525"}, "NO-R-001", "/invoice/seller/vat_id"
    ),
    # --- codes and numbers --------------------------------------------------------------------
    "unit-in-swedish": Mistake(HOURS, {f"{LINE}/unit": "tim"}, "BR-CL-23", f"{LINE}/unit"),
    "currency-in-swedish": Mistake(
        HOURS, {"/invoice/currency": "KR"}, "BR-CL-04", "/invoice/currency"
    ),
    "country-of-another-code": Mistake(
        HOURS,
        {"/invoice/buyer/address/country": "SW"},
        "BR-CL-14",
        "/invoice/buyer/address/country",
    ),
    "swedish-number-with-digits-swapped": Mistake(
        HOURS,
        {"/invoice/buyer/legal_id/value": "5560091928"},
        "PEPPOL-COMMON-R049",
        "/invoice/buyer/legal_id",
    ),
    "norwegian-number-with-digits-swapped": Mistake(
        HOTEL,
        {"/invoice/buyer/legal_id/value": "918310047"},
        "PEPPOL-COMMON-R041",
        "/invoice/buyer/legal_id",
    ),
    "enclosure-of-a-kind-that-may-not-be": Mistake(
        BUILDING,
        {"/invoice/supporting_documents/0/attachment/mime_code": "application/msword"},
        "BR-CL-24",
        "/invoice/supporting_documents/0/attachment/mime_code",
    ),
    # --- payment ------------------------------------------------------------------------------
    "neither-reference-nor-order": Mistake(
        HOURS, {"/invoice/buyer_reference": GONE}, "PEPPOL-EN16931-R003", "/invoice/buyer_reference"
    ),
    "type-that-there-is-not": Mistake(
        HOURS, {"/invoice/type_code": "999"}, "BR-CL-01", "/invoice/type_code"
    ),
    "period-that-ends-before-it-begins": Mistake(
        RENT, {f"{LINE}/period/end": "2026-11-30"}, "BR-30", f"{LINE}/period/end"
    ),
    "bankgiro-with-a-wrong-digit": Mistake(
        HOURS,
        {"/invoice/payments/0/credit_transfers/0/account": "59990011"},
        "STRUCTURE-PAYMENT-ACCOUNT",
        "/invoice/payments/0/credit_transfers/0/account",
    ),
    "iban-with-digits-swapped": Mistake(
        EURO,
        {"/invoice/payments/0/credit_transfers/0/account": "SE4550000000058938257466"},
        "STRUCTURE-PAYMENT-ACCOUNT",
        "/invoice/payments/0/credit_transfers/0/account",
    ),
    "plusgiro-that-is-too-long": Mistake(
        GIRO,
        {"/invoice/payments/0/credit_transfers/0/account": "428800123"},
        "SE-R-010",
        "/invoice/payments/0/credit_transfers/0/account",
    ),
    "kid-with-a-wrong-check-digit": Mistake(
        RENT,
        {"/invoice/payments/0/reference": "20261120031"},
        "STRUCTURE-PAYMENT-REFERENCE",
        "/invoice/payments/0/reference",
    ),
    "payment-without-a-means": Mistake(
        HOURS,
        {"/invoice/payments": [{"reference": "4711"}]},
        "BR-CL-16",
        "/invoice/payments/0/means",
    ),
    "payee-who-is-the-seller": Mistake(
        "no-b2b-factoring",
        {"/invoice/payee": {"name": "Lyngseter Gårdsdrift AS"}},
        "UBL-SR-19",
        "/invoice/payee",
    ),
}
