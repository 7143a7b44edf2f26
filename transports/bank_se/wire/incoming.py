"""Which kind of file came from the distributor. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from lxml import etree

from transports.bank_se.wire.elements import Malformed, name_of, root_of
from transports.bank_se.wire.receipts import (
    BatchReceipt,
    InvoiceReceipts,
    read_batch_receipt,
    read_invoice_receipts,
)
from transports.bank_se.wire.registrations import Registrations, read_registrations

Incoming = BatchReceipt | InvoiceReceipts | Registrations

_READERS: Final[Mapping[str, Callable[[etree._Element], Incoming]]] = {
    "BatchReceipt": read_batch_receipt,
    "InvoiceReceipts": read_invoice_receipts,
    "Registrations": read_registrations,
}


def read_incoming(content: bytes) -> Incoming:
    """What a file says. Raises Malformed."""
    root = root_of(content)
    reader = _READERS.get(name_of(root))
    if reader is None:
        raise Malformed("the root is no receipt and no registration")
    return reader(root)
