"""The sandbox's invoices: what was taken, and what becomes of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from transports.base import Now
from transports.efaktura_no.wire import invoices
from transports.efaktura_no.wire.invoices import (
    ConsignmentState,
    ConsignmentStatus,
    Invoice,
    InvoiceState,
    InvoiceStatus,
)
from transports.efaktura_no.wire.soap import Fault, Part


class Behaviour(StrEnum):
    """What MPS does with an invoice."""

    ACCEPT = "accept"  # takes it; the net bank shows it
    PAY = "pay"  # the same, and it is paid
    REJECT = "reject"  # takes it, and then the bank does not
    REFUSE = "refuse"  # refuses it at once
    BUSY = "busy"  # is busy a number of times (503), then takes it
    ERROR = "error"  # fails a number of times (500), then takes it
    FAULT = "fault"  # says a number of times that it failed, then takes it
    GARBAGE = "garbage"  # takes it and answers something else, a number of times
    HANG = "hang"  # reads it and never answers
    DROP = "drop"  # takes it and breaks the connection, a number of times


MAGIC: Final[Mapping[Behaviour, str]] = {each: f"sandbox-{each}" for each in Behaviour}


@dataclass(slots=True)
class Kept:
    """An invoice that was taken. `came` tells when: more than once, when it was repeated."""

    invoice: Invoice
    body: bytes
    came: list[datetime]
    cancelled: bool = False

    @property
    def behaviour(self) -> Behaviour:
        """What happens to it, by its recipient."""
        return behaviour(self.invoice)


def behaviour(invoice: Invoice) -> Behaviour:
    """What happens to an invoice, by its recipient."""
    return next((each for each, to in MAGIC.items() if to == invoice.recipient), Behaviour.ACCEPT)


class Invoices:
    """The invoices by consignment. `occupied`: numbers that somebody else's are under;
    `in_progress`: those of which nothing is told yet."""

    def __init__(self, now: Now, shown_after: timedelta, paid_after: timedelta) -> None:
        self.kept: dict[str, Kept] = {}
        self.occupied: set[str] = set()
        self.in_progress: set[str] = set()
        self._now = now
        self._shown_after = shown_after
        self.paid_after = paid_after

    def take(self, invoice: Invoice, body: bytes) -> Fault | None:
        """Takes an invoice; a consignment's number once."""
        known = self.kept.get(invoice.consignment)
        if known is not None or invoice.consignment in self.occupied:
            if known is not None:
                known.came.append(self._now())
            return Fault("209", "Duplicate consignmentId.", ours=True)
        without = replace(invoice, pdf=None)  # the body has it
        self.kept[invoice.consignment] = Kept(without, body, [self._now()])
        return None

    def status(self, asked: Part, message: str) -> bytes | Fault:
        """Answers getInvoiceStatus."""
        kept = self._find(asked)
        if kept is None:
            return Fault("5004", "There is no such invoice.", ours=True)
        return invoices.invoice_status(message, self.state(kept))

    def consignment(self, asked: Part, message: str) -> bytes | Fault:
        """Answers getConsignmentStatus."""
        number = invoices.consignment_of(asked)
        if number in self.occupied:
            held: tuple[tuple[str, str], ...] = (("988077917", "another"),)
        elif number in self.kept:
            invoice = self.kept[number].invoice
            held = ((invoice.organisation_number, invoice.number),)
        else:
            return Fault("201", "There is no such consignment.", ours=True)
        if number in self.in_progress:
            status = ConsignmentStatus(number, ConsignmentState.IN_PROGRESS)
        else:
            status = ConsignmentStatus(number, ConsignmentState.PROCESSED, held)
        return invoices.consignment_status(message, status)

    def cancel(self, asked: Part, message: str) -> bytes | Fault:
        """Answers cancelInvoice."""
        kept = self._find(asked)
        if kept is None:
            return Fault("5004", "There is no such invoice.", ours=True)
        state = self.state(kept).state
        if state == InvoiceState.PAID:
            return Fault("5005", "The invoice is paid.", ours=True)
        if state == InvoiceState.CANCELLED:
            return Fault("205", "The invoice is cancelled already.", ours=True)
        kept.cancelled = True
        return invoices.cancelled(message, kept.invoice.consignment)

    def state(self, kept: Kept) -> InvoiceStatus:
        """How an invoice stands by now."""
        state, reason = self._state(kept)
        return InvoiceStatus(kept.invoice.number, kept.invoice.consignment, state, reason)

    def _state(self, kept: Kept) -> tuple[InvoiceState, str | None]:
        age = self._now() - kept.came[0]
        if kept.cancelled:
            return InvoiceState.CANCELLED, None
        if age < self._shown_after:
            return InvoiceState.RECEIVED, None
        if kept.behaviour is Behaviour.REJECT:
            return InvoiceState.REJECTED, "The consumer has closed the net bank."
        if kept.behaviour is Behaviour.PAY and age >= self.paid_after:
            return InvoiceState.PAID, None
        return InvoiceState.DELIVERED, None

    def _find(self, asked: Part) -> Kept | None:
        kept = self.kept.get(invoices.consignment_of(asked))
        about = asked.text("organisationNumber"), asked.text("invoiceNumber")
        if kept is None or about != (kept.invoice.organisation_number, kept.invoice.number):
            return None
        return kept
