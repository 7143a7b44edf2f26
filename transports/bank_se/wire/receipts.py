"""Receipts: what the distributor says of batches and of invoices. Pure.

A file is about one batch as a file (`BatchReceipt`), or about invoices (`InvoiceReceipts`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from lxml import etree

from transports.bank_se.wire.elements import (
    Malformed,
    document,
    identifier,
    lines_of,
    one_of,
    said,
    written,
)
from transports.base import storable

_TAKEN = "taken"
_DELIVERED = "delivered"
_REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why something was rejected: the banks' number for it, and words, which may quote anything."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class BatchReceipt:
    """A batch was read, or all of it rejected. `batch` is the name of its file."""

    id: str
    batch: str
    rejection: Rejection | None = None


@dataclass(frozen=True, slots=True)
class InvoiceReceipt:
    """An invoice is with the recipient's bank, or was rejected."""

    key: UUID
    rejection: Rejection | None = None

    @property
    def line(self) -> str:
        """The receipt as it stands in its file."""
        state = _DELIVERED if self.rejection is None else _REJECTED
        return written("Invoice", {"key": str(self.key), "state": state, **_said(self.rejection)})


@dataclass(frozen=True, slots=True)
class InvoiceReceipts:
    """What became of invoices."""

    id: str
    lines: tuple[InvoiceReceipt, ...]


def write_batch_receipt(receipt: BatchReceipt) -> bytes:
    """The file."""
    state = _TAKEN if receipt.rejection is None else _REJECTED
    attributes = {"id": receipt.id, "batch": receipt.batch, "state": state}
    return document("BatchReceipt", {**attributes, **_said(receipt.rejection)}, [])


def write_invoice_receipts(id: str, lines: Sequence[InvoiceReceipt]) -> bytes:
    """The file."""
    return document("InvoiceReceipts", {"id": id}, [line.line for line in lines])


def read_batch_receipt(root: etree._Element) -> BatchReceipt:
    """The receipt in a file's root. Raises Malformed."""
    state = said(root, "state", one_of(_TAKEN, _REJECTED))
    rejection = _rejection(root) if state == _REJECTED else None
    return BatchReceipt(said(root, "id", identifier), said(root, "batch", identifier), rejection)


def read_invoice_receipts(root: etree._Element) -> InvoiceReceipts:
    """The receipts in a file's root. Raises Malformed."""
    lines = tuple(map(_receipt, lines_of(root, "Invoice")))
    if len({line.key for line in lines}) < len(lines):
        raise Malformed("a key is there twice")
    return InvoiceReceipts(said(root, "id", identifier), lines)


def _receipt(element: etree._Element) -> InvoiceReceipt:
    state = said(element, "state", one_of(_DELIVERED, _REJECTED))
    rejection = _rejection(element) if state == _REJECTED else None
    return InvoiceReceipt(said(element, "key", UUID), rejection)


def _rejection(element: etree._Element) -> Rejection:
    return Rejection(said(element, "code", identifier), storable(element.get("text", "")))


def _said(rejection: Rejection | None) -> dict[str, str | None]:
    return {} if rejection is None else {"code": rejection.code, "text": rejection.text or None}
