"""The invoice as a whole: type, currencies, period, references, and what stands around it.

SFTI Svefaktura 1.0, rules on Invoice, InvoiceTypeCode, LineItemCountNumeric, TaxCurrencyCode,
ExchangeRate, Delivery, InvoicingPeriod, and the document references.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from lxml import etree

from validators.arithmetic import number
from validators.calendar import instant_of, moment_of
from validators.document import Document, Leaf, Node
from validators.registry import all_leaves, define, leaves, nodes

define("""
R-1            fatal
R-17           fatal        BG-23
R-21           warning
R-83           warning
R-5            fatal        BT-5 BT-6
R-22           fatal        BT-3
R-2            warning      BG-3
R-27           fatal
R-29           fatal
R-23           fatal        BT-6
R-24           fatal        BT-6
R-25           fatal        BT-111
R-26           fatal        BT-5
R-63           fatal        BT-5
R-64           fatal        BT-6
R-65           information
R-66           fatal
R-100          fatal        BT-5
R-47           warning      BT-72
R-80           fatal        BG-14
R-81           warning      BG-14
R-82           warning      BT-2
R-79           fatal        BT-10
R-84           information
R-85           information
R-86           warning
R-87           information
R-29/reference information
R-30           warning
R-31           warning
""")

_SCHEMA_LOCATION: Final = etree.XPath(
    "boolean(//@xsi:schemaLocation)",
    namespaces={"xsi": "http://www.w3.org/2001/XMLSchema-instance"},
)


@nodes("/Invoice")
def invoice(root: Node, document: Document) -> None:
    """R-1, R-17, R-21, R-83, R-5."""
    if "LineItemCountNumeric" not in root.leaves:
        document.found("R-1", root, "LineItemCountNumeric")
    if len(root.every("TaxTotal")) > 1:
        document.found("R-17", root.nodes["TaxTotal"], stated=len(root.every("TaxTotal")))
    if _SCHEMA_LOCATION(document.element):
        document.found("R-21", root)
    if any(around.target == "xml-stylesheet" for around in _instructions(document.element)):
        document.found("R-83", root)
    currency, tax_currency = root.text("InvoiceCurrencyCode"), root.text("TaxCurrencyCode")
    if currency and currency == tax_currency:
        document.found("R-5", root.leaves["TaxCurrencyCode"], stated=currency)


def _instructions(root: etree._Element) -> list[etree._ProcessingInstruction]:
    """The processing instructions before and after the root element."""
    around = [*root.itersiblings(preceding=True), *root.itersiblings()]
    return [node for node in around if isinstance(node, etree._ProcessingInstruction)]


@leaves("/Invoice/InvoiceTypeCode")
def kind(code: Leaf, root: Node, document: Document) -> None:
    """R-22: invoice or credit note. R-2: a credit note tells what it credits."""
    if number(code.text or "") not in (380, 381):
        document.found("R-22", code, stated=code.text)
    if code.text == "381":
        period = root.nodes.get("InvoicingPeriod")
        whole = period and period.has("StartDateTime") and period.has("EndDateTime")
        if not whole and not root.leaves_at("InitialInvoiceDocumentReference", "ID"):
            document.found("R-2", root, "InitialInvoiceDocumentReference/ID")


@leaves("/Invoice/LineItemCountNumeric")
def line_count(count: Leaf, root: Node, document: Document) -> None:
    """R-27, R-29."""
    lines = len(root.every("InvoiceLine"))
    stated = number(count.text or "")
    if stated != lines:
        document.found("R-27", count, stated=count.text, computed=lines)
    if not stated > 0:
        document.found("R-29", count, stated=count.text)


@leaves("/Invoice/TaxCurrencyCode")
def tax_currency(code: Leaf, root: Node, document: Document) -> None:
    """R-23 to R-26: VAT in a second currency needs a rate and the converted amounts."""
    subtotals = root.step("TaxTotal", "TaxSubTotal")
    if not root.has("ExchangeRate"):
        document.found("R-23", root, "ExchangeRate", stated=code.text)
    if not subtotals:
        document.found("R-24", root, "TaxTotal/TaxSubTotal", stated=code.text)
    if not any(subtotal.has("TaxCurrencyTaxAmount") for subtotal in subtotals):
        at = subtotals[0] if subtotals else root
        missing = "TaxCurrencyTaxAmount" if subtotals else "TaxTotal/TaxSubTotal"
        document.found("R-25", at, missing, stated=code.text)
    if not root.has("InvoiceCurrencyCode"):
        document.found("R-26", root, "InvoiceCurrencyCode", stated=code.text)


@nodes("/Invoice/ExchangeRate")
def exchange_rate(rate: Node, document: Document) -> None:
    """R-63 to R-65, at the currency that every exchange rate has."""
    at, root = rate.leaves["SourceCurrencyCode"], document.root
    if not root.has("InvoiceCurrencyCode"):
        document.found("R-63", at)
    if not root.has("TaxCurrencyCode"):
        document.found("R-64", at)
    if not rate.has("CalculationRate"):
        document.found("R-65", at)


@leaves("/Invoice/ExchangeRate/CalculationRate")
def calculation_rate(rate: Leaf, parent: Node, document: Document) -> None:
    """R-66."""
    if not number(rate.text or "") > 0:
        document.found("R-66", rate, stated=rate.text)


@all_leaves("*Amount")
def currency(amounts: Sequence[tuple[Leaf, Node]], document: Document) -> None:
    """R-100: every amount is in the currency of the invoice, but that of VAT in a second one."""
    wanted = document.root.leaves.get("InvoiceCurrencyCode")
    if wanted is None:
        return
    for amount, node in amounts:
        stated = amount.get("amountCurrencyID")
        if stated != wanted.text and stated is not None and not _is_in_tax_currency(amount, node):
            document.found("R-100", amount, stated=stated, computed=wanted.text)


def _is_in_tax_currency(amount: Leaf, parent: Node) -> bool:
    return amount is parent.leaves.get("TaxCurrencyTaxAmount")


@leaves("/Invoice/Delivery/ActualDeliveryDateTime")
def delivery(moment: Leaf, parent: Node, document: Document) -> None:
    """R-47: delivered on the day of issue at the latest."""
    issued = document.root.text("IssueDate")
    day = (moment.text or "").partition("T")[0]
    if moment_of(issued) < moment_of(day):
        document.found("R-47", moment, stated=day.strip(), computed=issued.strip())


@nodes("/Invoice/InvoicingPeriod")
def period(found: Node, document: Document) -> None:
    """R-80 to R-82. The official R-82 breaks down where there is no end; R-80 tells of that."""
    start, end = found.value("StartDateTime"), found.value("EndDateTime")
    if not (start and end):
        missing = "EndDateTime" if start else "StartDateTime"
        document.found("R-80", found, missing)
        document.found("R-81", found, missing, stated=end or None, computed=start or None)
    elif instant_of(end) < instant_of(start):
        document.found("R-81", found, stated=end, computed=start)
    issued = document.root.value("IssueDate")
    if end and moment_of(issued) < moment_of(end.partition("T")[0]):
        document.found("R-82", found, stated=issued, computed=end)


@leaves("/Invoice/RequisitionistDocumentReference/ID")
def requisitionist(reference: Leaf, parent: Node, document: Document) -> None:
    """R-79: more than spaces."""
    if not (reference.text or "").replace(" ", ""):
        document.found("R-79", reference)


# what kind of reference it is, by SFTI's codes or by agreement.
_SFTI_CODES: Final = "[CT][ACD][DQ][ATS]"


@leaves("/Invoice/AdditionalDocumentReference/ID")
def additional_reference(reference: Leaf, parent: Node, document: Document) -> None:
    """R-29, R-30, R-31, R-84 to R-87: who names the kind of a reference, and by which code."""
    agency = reference.get("identificationSchemeAgencyName")
    code = reference.get("identificationSchemeID")
    is_known = code is not None and f"[{code}]" in _SFTI_CODES
    stated = {"stated": code, "computed": agency}
    if agency is None and code is not None:
        document.found("R-86" if is_known else "R-87", reference, **stated)
    elif agency == "SFTI":
        if code is None:
            document.found("R-30", reference, **stated)
        elif not is_known:
            document.found("R-29/reference", reference, **stated)
    elif agency is not None and code is None:
        document.found("R-85", reference, **stated)
    elif agency is not None:
        document.found("R-31" if is_known else "R-84", reference, **stated)
