"""Germany: DE-R-001 to DE-R-031 and DE-R-T02, where seller and buyer have addresses in Germany."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from validators.arithmetic import number
from validators.countries import both_german
from validators.document import WHITESPACE, Document, Leaf, Node, normalized
from validators.registry import MAY_2026, define, nodes, only_for

only_for("DE")

define("""
DE-R-001    fatal    BG-16
DE-R-002    fatal    BG-6
DE-R-003    fatal    BT-37
DE-R-004    fatal    BT-38
DE-R-005    fatal    BT-41
DE-R-006    fatal    BT-42
DE-R-007    fatal    BT-43
DE-R-008    fatal    BT-52
DE-R-009    fatal    BT-53
DE-R-010    fatal    BT-77
DE-R-011    fatal    BT-78
DE-R-014    fatal    BT-119
DE-R-015    fatal    BT-10
DE-R-016    fatal    BT-31 BT-32 BG-11
DE-R-017    warning  BT-3
DE-R-018    fatal    BT-20
DE-R-019    warning  BT-84
DE-R-020    warning  BT-91
DE-R-022    fatal    BT-125
DE-R-023-1  fatal    BG-17
DE-R-023-2  fatal    BG-18 BG-19
DE-R-024-1  fatal    BG-18
DE-R-024-2  fatal    BG-17 BG-19
DE-R-025-1  fatal    BG-19
DE-R-025-2  fatal    BG-17 BG-18
DE-R-026    warning  BG-3
DE-R-027    warning  BT-42
DE-R-028    warning  BT-43
DE-R-030    fatal    BT-90
DE-R-031    fatal    BT-91
""")
define("DE-R-T02 warning BT-124", since=MAY_2026)

TYPES: Final = ("326", "380", "384", "389", "381", "875", "876", "877")
_TAXED: Final = frozenset(("S", "Z", "E", "AE", "K", "G", "L", "M"))

# Cash discount: #SKONTO#TAGE=days#PROZENT=per cent#BASISBETRAG=amount#, each on a line of its own.
_DISCOUNT: Final = (
    r"#SKONTO#TAGE=[0-9]+#PROZENT=[0-9]+\.[0-9]{2}(#BASISBETRAG=-?[0-9]+\.[0-9]{2})?#\Z"
)
_LINE_BREAK = re.compile(r"\r?\n")
_DISCOUNTS = re.compile(r"#[^\r\n]+#")
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")
_IBAN = re.compile("[A-Z]{2}[0-9]{2}[a-zA-Z0-9]{0,30}")
_MAIL = re.compile(r"[^@ \t\r\n]+@([^@. \t\r\n]+\.)+[^@. \t\r\n]+")
_ATOM: Final = r"[a-zA-Z0-9!#$%&\"*+/=?^_`{|}~-]+"
_LABEL: Final = r"[a-zA-Z0-9]([a-zA-Z0-9-]*[a-zA-Z0-9])?"
_MAIL_BEFORE = re.compile(rf"{_ATOM}(\.{_ATOM})*@({_LABEL}\.)+{_LABEL}")


@nodes("/Invoice", "/CreditNote")
def head(root: Node, document: Document) -> None:
    """DE-R-001, -015, -017, -022, -026."""
    if not document.once(both_german):
        return
    if "PaymentMeans" not in root.nodes:
        document.found("DE-R-001", root, "PaymentMeans")
    if not root.value("BuyerReference"):
        document.found("DE-R-015", root, "BuyerReference")
    codes = [root.text(name) for name in ("InvoiceTypeCode", "CreditNoteTypeCode")]
    told = [normalized(code) for code in codes] if document.at >= MAY_2026 else codes
    if not set(told) & set(TYPES):
        document.found("DE-R-017", root, stated="".join(codes), computed=", ".join(TYPES))
    corrected = "384" in told if document.at >= MAY_2026 else 384 in map(number, codes)
    if corrected and not root.step("BillingReference", "InvoiceDocumentReference"):
        document.found("DE-R-026", root, "BillingReference/InvoiceDocumentReference")
    names: set[str] = set()
    for node in root.every("AdditionalDocumentReference"):
        files = node.leaves_at("Attachment", "EmbeddedDocumentBinaryObject")
        own = {name for leaf in files if (name := leaf.get("filename")) is not None}
        if own & names and document.first_time("DE-R-022"):
            document.found("DE-R-022", node, stated=min(own & names))
        names |= own


@nodes("/Invoice", "/CreditNote")
def tax_number(root: Node, document: Document) -> None:
    """DE-R-016: who charges VAT has a tax number, or a representative."""
    if not document.once(both_german) or "TaxRepresentativeParty" in root.nodes:
        return
    words = ("true", "false")
    holders = [
        node for node in root.every("AllowanceCharge") if node.text("ChargeIndicator") in words
    ]
    categories = [kind for node in holders for kind in node.every("TaxCategory")]
    for line, _ in document.lines():
        categories += line.step("Item", "ClassifiedTaxCategory")
    taxed = any(node.text("ID") in _TAXED for node in categories)
    numbers = root.leaves_at("AccountingSupplierParty", "Party", "PartyTaxScheme", "CompanyID")
    if taxed and not any(map(_said, numbers)):
        missing = "AccountingSupplierParty/Party/PartyTaxScheme/CompanyID"
        document.found("DE-R-016", root, missing)


@nodes("/Invoice", "/CreditNote")
def direct_debit(root: Node, document: Document) -> None:
    """DE-R-030, -031: a mandate needs the creditor's identifier and the account debited."""
    mandates = root.step("PaymentMeans", "PaymentMandate")
    if not mandates or not document.once(both_german):
        return
    identifiers = (
        *root.leaves_at("AccountingSupplierParty", "Party", "PartyIdentification", "ID"),
        *root.leaves_at("PayeeParty", "PartyIdentification", "ID"),
    )
    if not any(leaf.get("schemeID") == "SEPA" for leaf in identifiers):
        missing = "AccountingSupplierParty/Party/PartyIdentification/ID"
        document.found("DE-R-030", root, missing)
    if not any(node.leaves_at("PayerFinancialAccount", "ID") for node in mandates):
        document.found("DE-R-031", mandates[0], "PayerFinancialAccount/ID")


@nodes("/Invoice", "/CreditNote")
def cash_discount(root: Node, document: Document) -> None:
    """DE-R-018: payment terms that begin a line with # are cash discounts in the agreed form."""
    if not document.once(both_german):
        return
    for terms in root.every("PaymentTerms"):
        text = terms.text("Note")
        lines = [normalized(line) for line in _LINE_BREAK.split(text)] if text else []
        discounts = [line for line in lines if line.startswith("#")]
        find = re.match if document.at >= MAY_2026 else re.search
        ends = re.match(r"[ \t\r\n]*\n", _DISCOUNTS.split(text)[-1])
        if discounts and not (ends and all(find(_DISCOUNT, line) for line in discounts)):
            document.found("DE-R-018", terms.leaves["Note"], stated=discounts[0])
            return


# Below which element which leaf must say something.
SAID: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "PostalAddress": (("DE-R-003", "CityName"), ("DE-R-004", "PostalZone")),
    "Contact": (("DE-R-005", "Name"), ("DE-R-006", "Telephone"), ("DE-R-007", "ElectronicMail")),
    "Customer": (("DE-R-008", "CityName"), ("DE-R-009", "PostalZone")),
    "Address": (("DE-R-010", "CityName"), ("DE-R-011", "PostalZone")),
}


@nodes("/Invoice/AccountingSupplierParty", "/CreditNote/AccountingSupplierParty")
def seller(node: Node, document: Document) -> None:
    """DE-R-002 to DE-R-007, -027, -028: the seller has a contact who can be reached."""
    if not document.once(both_german):
        return
    contacts = node.step("Party", "Contact")
    if not contacts:
        document.found("DE-R-002", node, "Party/Contact")
    _all_said(node.step("Party", "PostalAddress"), "PostalAddress", document)
    _all_said(contacts, "Contact", document)
    mail = _MAIL if document.at >= MAY_2026 else _MAIL_BEFORE
    tests: tuple[tuple[str, str, Callable[[str], object]], ...] = (
        ("DE-R-027", "Telephone", lambda text: len(re.findall("[0-9]", text)) >= 3),
        ("DE-R-028", "ElectronicMail", mail.fullmatch),
    )
    for contact in contacts:
        for rule, name, holds in tests:
            if not holds(normalized(contact.text(name))):
                at = contact.leaves.get(name, contact)
                document.found(rule, at, stated=contact.text(name))


@nodes("/Invoice/AccountingCustomerParty", "/CreditNote/AccountingCustomerParty")
def buyer(node: Node, document: Document) -> None:
    """DE-R-008, -009: city and post code of the buyer."""
    if document.once(both_german):
        _all_said(node.step("Party", "PostalAddress"), "Customer", document)


@nodes("/Invoice/Delivery", "/CreditNote/Delivery")
def delivery(node: Node, document: Document) -> None:
    """DE-R-010, -011: city and post code of the delivery."""
    if document.once(both_german):
        _all_said(node.step("DeliveryLocation", "Address"), "Address", document)


def _all_said(found: Sequence[Node], kind: str, document: Document) -> None:
    for node in found:
        for rule, name in SAID[kind]:
            if not any(map(_said, node.every_leaf(name))):
                document.found(rule, node, name)


def _said(leaf: Leaf) -> bool:
    return bool((leaf.text or "").strip(WHITESPACE))


@nodes("/Invoice/PaymentMeans", "/CreditNote/PaymentMeans")
def means(node: Node, document: Document) -> None:
    """DE-R-019, -020, -023 to -025: each means of payment has its own group, and no other."""
    if not document.once(both_german):
        return
    stated = node.text("PaymentMeansCode")
    code = normalized(stated)
    for codes, wanted, missing_rule, other_rule in (
        (("30", "58"), "PayeeFinancialAccount", "DE-R-023-1", "DE-R-023-2"),
        (("48", "54", "55"), "CardAccount", "DE-R-024-1", "DE-R-024-2"),
        (("59",), "PaymentMandate", "DE-R-025-1", "DE-R-025-2"),
    ):
        if code not in codes and not (document.at < MAY_2026 and number(code) in map(float, codes)):
            continue  # until 3.0.21 the codes were numbers: "030" is 30
        if wanted not in node.nodes:
            document.found(missing_rule, node, wanted, stated=code)
        others = {"PayeeFinancialAccount", "CardAccount", "PaymentMandate"} - {wanted}
        if others & node.nodes.keys():
            document.found(other_rule, node, stated=", ".join(sorted(others & node.nodes.keys())))
    exact = code if document.at >= MAY_2026 else stated
    accounts = {"58": "PayeeFinancialAccount/ID", "59": "PaymentMandate/PayerFinancialAccount/ID"}
    if exact in accounts:
        found = node.leaves_at(*accounts[exact].split("/"))
        text = (found[0].text or "") if found else ""
        if not _is_iban(text):
            rule = "DE-R-019" if exact == "58" else "DE-R-020"
            document.found(rule, node, accounts[exact], stated=text)


def _is_iban(text: str) -> bool:
    """ISO 13616: country and check digits go behind, letters count from 10, modulo 97 is 1."""
    text = re.sub("[ \t\r\n]", "", text)
    if not _IBAN.fullmatch(text):
        return False
    digits = (ord(each) - 55 if each > "@" else ord(each) - 48 for each in text[4:] + text[:4])
    return int("".join(map(str, digits))) % 97 == 1


@nodes("/Invoice/TaxTotal/TaxSubtotal", "/CreditNote/TaxTotal/TaxSubtotal")
def rate(node: Node, document: Document) -> None:
    """DE-R-014: each row of the breakdown has a rate."""
    told = any(map(_said, node.leaves_at("TaxCategory", "Percent")))
    if not told and document.once(both_german):
        document.found("DE-R-014", node, "TaxCategory/Percent")


@nodes("AdditionalDocumentReference/Attachment/ExternalReference")
def location(node: Node, document: Document) -> None:
    """DE-R-T02: the location of a document is an address with its scheme."""
    own = len(node.path.names) == 4  # of the document itself
    if own and document.once(both_german) and not _URL.match(node.text("URI")):
        document.found("DE-R-T02", node.leaves.get("URI", node), stated=node.text("URI"))
