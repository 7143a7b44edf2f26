"""What the distributor's receipts mean for invoices.

In charge of outcomes and their words. Not in charge of the files (`wire.receipts`). Pure.

The only number of the banks that is known well enough to say more than they do is 801.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from transports.bank_se.identifiers import without_persons
from transports.bank_se.wire.receipts import (
    BatchReceipt,
    InvoiceReceipts,
    Rejection,
)
from transports.base import Delivered, Evidence, Refused, Report, Sent, Verdict

# What is told the ERP, by what became of an invoice.
_WORDS: Final = {
    "taken": "The bank's distributor has read the invoice.",
    "batch_rejected": "The bank's distributor rejected the file that the invoice is in.",
    "delivered": "The recipient's bank has the invoice.",
    "rejected": "The bank rejected the invoice.",
    "other_distributor": "Your agreement with the bank names another distributor.",
}

# The distributor is not the one that the bank has for the FUI.
_OTHER_DISTRIBUTOR: Final = "801"


@dataclass(frozen=True, slots=True)
class Told:
    """What a receipt says of one invoice, `name` in our words; `line` is where it says so."""

    id: str
    key: UUID
    line: str
    name: str
    rejection: Rejection | None = None

    def report(self, file: str, remote: str, at: datetime) -> Report:
        """The report. `file` names the file in the evidence."""
        said = f"{file}\n{self.line}\n".encode()
        evidence = (Evidence("report", "text/plain; charset=utf-8", said, at),)
        id = f"bank_se/{self.id}/{self.key}"
        public = text = _WORDS[self.name]
        if self.rejection is not None:
            public = f"{text} Its number for that: {self.rejection.code}."
            words = without_persons(self.rejection.text)
            text = f"{public} It says: {words}" if words else public
        verdict = Verdict(f"bank_se.{self.name}", text, public, remote)
        if self.rejection is not None:
            return Report(self.key, Refused(verdict, evidence), id)
        if self.name == "delivered":
            return Report(self.key, Delivered(verdict, evidence), id)
        return Report(self.key, Sent(verdict, evidence, expects="report"), id)


def of_batch(receipt: BatchReceipt, keys: Sequence[UUID], line: str) -> list[Told]:
    """What the receipt of a batch says of each invoice in it."""
    name = "taken" if receipt.rejection is None else "batch_rejected"
    return [Told(receipt.id, key, line, name, receipt.rejection) for key in keys]


def of_invoices(receipts: InvoiceReceipts) -> list[Told]:
    """What receipts say of the invoices in them."""
    return [
        Told(receipts.id, one.key, one.line, _name(one.rejection), one.rejection)
        for one in receipts.lines
    ]


def _name(rejection: Rejection | None) -> str:
    if rejection is None:
        return "delivered"
    return "other_distributor" if rejection.code == _OTHER_DISTRIBUTOR else "rejected"
