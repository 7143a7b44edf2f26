"""VAT: categories and rates on lines, on allowances and charges, and in the VAT totals.

SFTI Svefaktura 1.0, rules on TaxCategory, TaxScheme, TaxSubTotal and the invoice's AllowanceCharge.
Svefaktura has two categories, S (standard) and E (exempt); their rules are the same in the three
places a category stands, under different ids.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from validators.arithmetic import decimal_of, number
from validators.document import Document, Leaf, Node, normalized
from validators.registry import define, leaves, nodes

define("""
R-18   warning
R-19   warning
R-76   fatal    BT-151
R-59   fatal    BT-118
R-91   warning  BT-120
R-60   warning  BT-120
R-58   fatal    BT-96 BT-103
R-77   fatal    BT-152
R-61   fatal    BT-96 BT-103
R-95   fatal    BT-119
R-97   warning  BT-152
R-62   warning  BT-96 BT-103
R-96   warning  BT-119
R-7    warning  BT-152
R-6    warning  BT-96 BT-103
R-16   warning  BT-119
R-90   fatal    BG-23
R-106  fatal    BG-23
R-89   fatal    BG-23
R-88   fatal    BT-31
R-55   warning  BT-109
R-56   fatal    BT-95 BT-102
R-57   fatal    BT-98 BT-105
R-4    fatal    BT-117
R-68   fatal    BT-111
""")


@dataclass(frozen=True, slots=True)
class _Ids:
    """The ids of the rules on a category's percentage, in one of the places it stands."""

    exempt: str
    standard: str
    swedish: str


_IDS: Final = {
    "Item": _Ids("R-77", "R-97", "R-7"),
    "AllowanceCharge": _Ids("R-61", "R-62", "R-6"),
    "TaxSubTotal": _Ids("R-95", "R-96", "R-16"),
}

SWEDISH_RATES: Final = (6, 12, 25)

_HALF: Final = 0.5  # of a unit of currency: what VAT may differ


@leaves("TaxCategory/ID", "TaxScheme/ID")
def without_spaces(identifier: Leaf, parent: Node, document: Document) -> None:
    """R-18 of the category, R-19 of the scheme."""
    text = identifier.text or ""
    if normalized(text) != text:
        rule = "R-18" if parent.path.name == "TaxCategory" else "R-19"
        document.found(rule, identifier, stated=text, computed=normalized(text))


@nodes("TaxCategory")
def percentage(found: Node, document: Document) -> None:
    """R-77, R-61, R-95: E has 0 %. R-97, R-62, R-96: S has more. R-7, R-6, R-16: S as in Sweden."""
    if found.parent is None:
        return
    ids, category = _IDS[found.parent.path.name], found.leaves["ID"].text or ""
    percent = found.leaves.get("Percent")
    if percent is not None:
        value = decimal_of(percent.text or "")
        if normalized(category) == "E" and value != 0:
            document.found(ids.exempt, percent, stated=percent.text, computed=0)
        if normalized(category) == "S" and value == 0:
            document.found(ids.standard, percent, stated=percent.text)
    if category == "S" and number(found.text("Percent")) not in SWEDISH_RATES:
        at = found if percent is None else percent
        rates = ", ".join(map(str, SWEDISH_RATES))
        document.found(ids.swedish, at, stated=found.value("Percent") or None, computed=rates)


@nodes("/Invoice/InvoiceLine/Item/TaxCategory")
def of_line(found: Node, document: Document) -> None:
    """R-76; R-90 and R-106."""
    category = found.leaves["ID"]
    if normalized(category.text or "").upper() not in ("E", "S"):
        document.found("R-76", category, stated=category.text, computed="S, E")
    _in_totals(found, "R-106", document)


@nodes("/Invoice/AllowanceCharge/TaxCategory")
def of_allowance(found: Node, document: Document) -> None:
    """R-58, R-60; R-90 and R-89."""
    if not found.has("Percent"):
        document.found("R-58", found, "Percent")
    reasons = document.root.leaves_at("TaxTotal", "TaxSubTotal", "TaxCategory", "ExemptionReason")
    if normalized(found.text("ID")) == "E" and not reasons:
        document.found("R-60", found.leaves["ID"])
    _in_totals(found, "R-89", document)


def _in_totals(found: Node, standard: str, document: Document) -> None:
    """R-90 of E, `standard` of S: the VAT totals have the category, S with the same percentage."""
    category, percent = found.text("ID"), found.text("Percent")
    if category == "E" and ("E", None) not in document.once(_totalled):
        document.found("R-90", found.leaves["ID"])
    if category == "S":
        wanted = decimal_of(percent) if percent else None
        if wanted is None or ("S", wanted) not in document.once(_totalled):
            document.found(standard, found, stated=percent or None)


def _totalled(document: Document) -> frozenset[tuple[str, Decimal | None]]:
    """The categories of the VAT totals, each with its percentage and with none."""
    found: set[tuple[str, Decimal | None]] = set()
    for category in document.root.step("TaxTotal", "TaxSubTotal", "TaxCategory"):
        found.add((category.text("ID"), None))
        if category.has("Percent"):
            found.add((category.text("ID"), decimal_of(category.text("Percent"))))
    return frozenset(found)


@leaves("/Invoice/TaxTotal/TaxSubTotal/TaxCategory/ID")
def of_subtotal(category: Leaf, parent: Node, document: Document) -> None:
    """R-59, R-91."""
    stated = normalized(category.text or "")
    if stated not in ("E", "S"):
        document.found("R-59", category, stated=category.text, computed="S, E")
    if stated == "E" and not parent.has("ExemptionReason"):
        document.found("R-91", parent, "ExemptionReason")


@nodes("/Invoice/TaxTotal")
def vat_number(found: Node, document: Document) -> None:
    """R-88: where there is VAT, the seller's VAT number is there too."""
    schemes = found.leaves_at("TaxSubTotal", "TaxCategory", "TaxScheme", "ID")
    if any(scheme.text == "VAT" for scheme in schemes):
        registered = document.root.step("SellerParty", "Party", "PartyTaxScheme")
        if not any(
            scheme.text == "VAT"
            for registration in registered
            for scheme in registration.leaves_at("TaxScheme", "ID")
        ):
            document.found("R-88", found)


@nodes("/Invoice/TaxTotal/TaxSubTotal")
def subtotal(found: Node, document: Document) -> None:
    """R-68, R-4."""
    root = document.root
    if found.has("TaxCurrencyTaxAmount") != root.has("TaxCurrencyCode"):
        document.found("R-68", found, "TaxCurrencyTaxAmount")
    other = root.text("TaxCurrencyCode")
    if not root.has("TaxCurrencyCode") or other == root.text("InvoiceCurrencyCode"):
        percent = number(found.nodes["TaxCategory"].text("Percent"))
        computed = number(found.text("TaxableAmount")) * percent / 100
        stated = found.leaves["TaxAmount"]
        if not abs(computed - number(stated.text or "")) < _HALF:
            document.found("R-4", stated, stated=stated.text, computed=f"{computed:.2f}")


@nodes("/Invoice/AllowanceCharge")
def allowance_or_charge(found: Node, document: Document) -> None:
    """R-55, R-56, R-57. Of several schemes the official R-56 breaks down; none is accepted here."""
    if not document.root.leaves_at("LegalTotal", "TaxExclusiveTotalAmount"):
        document.found("R-55", found)
    schemes = found.leaves_at("TaxCategory", "TaxScheme", "ID")
    if len(schemes) != 1 or normalized(schemes[0].text or "") != "VAT":
        at = schemes[-1] if schemes else found
        stated = ", ".join(scheme.text or "" for scheme in schemes)
        document.found("R-56", at, stated=stated or None, computed="VAT")
    reason = found.leaves.get("ReasonCode")
    if reason is not None and reason.text != "ZZZ":
        document.found("R-57", reason, stated=reason.text, computed="ZZZ")
