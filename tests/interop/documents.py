"""What is sent: examples of ours, and an invoice made large by what is attached to it."""

from __future__ import annotations

import base64
import random
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
INVOICE = (EXAMPLES / "no-b2b-invoice.xml").read_bytes()
CREDIT_NOTE = (EXAMPLES / "no-b2b-credit-note.xml").read_bytes()

_BEFORE = b"<cac:AccountingSupplierParty>"
_ATTACHED = (
    b"<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cac:Attachment>"
    b'<cbc:EmbeddedDocumentBinaryObject mimeCode="application/pdf" filename="1.pdf">%b'
    b"</cbc:EmbeddedDocumentBinaryObject></cac:Attachment></cac:AdditionalDocumentReference>"
)


def invoice_of(size: int) -> bytes:
    """The invoice with an attachment that makes it about `size` bytes, and does not compress."""
    # The same every time; half as much again in base64.
    content = random.Random(size).randbytes(max(0, size - len(INVOICE)) * 3 // 4)
    attached = _ATTACHED % base64.b64encode(content)
    return INVOICE.replace(_BEFORE, attached + _BEFORE, 1)
