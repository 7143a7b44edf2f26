"""How and when to pay.

SFTI Svefaktura 1.0, rules on PaymentMeans and PaymentTerms.
"""

from __future__ import annotations

from typing import Final

from validators.arithmetic import number
from validators.calendar import comes_before
from validators.document import Document, Leaf, Node
from validators.registry import define, leaves, nodes
from validators.rules.svefaktura.parties import is_plain

define("""
R-48   fatal    BT-81
R-49   warning  BT-9
R-50   warning  BT-84
R-101  warning  BT-86
R-51   fatal    BT-84
R-52   warning  BT-59
R-54   fatal
""")

# The bank whose account a payment goes to without an account number of its own.
_NO_ACCOUNT: Final = "SNDOSESS"


@nodes("/Invoice/PaymentMeans")
def means(found: Node, document: Document) -> None:
    """R-48, R-49."""
    code = found.leaves["PaymentMeansTypeCode"]
    if code.text != "1":
        document.found("R-48", code, stated=code.text, computed="1")
    due, issued = found.leaves.get("DuePaymentDate"), document.root.leaves["IssueDate"]
    if due is not None and comes_before(due, issued):
        document.found("R-49", due, stated=due.text, computed=issued.text)


@nodes("/Invoice/PaymentMeans/PayeeFinancialAccount")
def account(found: Node, document: Document) -> None:
    """R-50, R-51, R-101."""
    number_of = found.leaves.get("ID")
    banks = found.leaves_at("FinancialInstitutionBranch", "FinancialInstitution", "ID")
    if number_of is not None and not is_plain(number_of.text or ""):
        document.found("R-50", number_of, stated=number_of.text)
    if number_of is not None and not banks:
        missing = "FinancialInstitutionBranch/FinancialInstitution/ID"
        document.found("R-101", found, missing, stated=number_of.text)
    for bank in banks:
        if number_of is None and bank.text != _NO_ACCOUNT:
            document.found("R-51", bank, stated=bank.text)


@leaves("/Invoice/PaymentMeans/PayeePartyName/Name")
def payee(name: Leaf, parent: Node, document: Document) -> None:
    """R-52: the payee is somebody else than the seller."""
    sellers = document.root.leaves_at("SellerParty", "Party", "PartyName", "Name")
    if all((seller.text or "") == (name.text or "") for seller in sellers):
        document.found("R-52", name, stated=name.text)


@leaves("/Invoice/PaymentTerms/PenaltySurchargePercent")
def penalty(percent: Leaf, parent: Node, document: Document) -> None:
    """R-54."""
    if not number(percent.text or "") >= 0:
        document.found("R-54", percent, stated=percent.text)
