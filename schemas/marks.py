"""Marks: what an invoice asks of the seller's own operator of print and bank services.

A supporting document (BG-24) whose description begins "AQY" is a mark, its reference (BT-122) the
code. It is for the sender's side alone and never goes over Peppol; an invoice has one at most.
In charge of the codes. Not in charge of the route (`gateway.routing`).
Source: SFTI, PM Fakturautskrift BIS Billing 3 (2019-11-14).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from schemas.invoice import Invoice

_SIGN: Final = "AQY"


@dataclass(frozen=True, slots=True)
class Mark:
    """What a code asks for: a channel, and for what people read a language.

    `reminder`: it is no invoice but a reminder of one.
    """

    code: str
    meaning: str
    channel: str = "letter"
    language: str | None = None
    reminder: bool = False


MARKS: Final[Mapping[str, Mark]] = {
    mark.code: mark
    for mark in (
        Mark("101", "print an invoice or credit note in Swedish", language="sv"),
        Mark("102", "print an invoice or credit note in English", language="en"),
        Mark("201", "print an invoice of interest in Swedish", language="sv"),
        Mark("202", "print an invoice of interest in English", language="en"),
        Mark("301", "print a reminder in Swedish", language="sv", reminder=True),
        Mark("302", "print a reminder in English", language="en", reminder=True),
        Mark("401", "print an invoice of a subscription"),
        Mark("501", "print an invoice that is paid by autogiro"),
        Mark("P01", "convert it for the recipient's internet bank", channel="bank_se"),
    )
}


def is_mark(description: str | None) -> bool:
    """Whether a supporting document of this description is a mark."""
    return (description or "").strip().startswith(_SIGN)


def places(invoice: Invoice) -> tuple[int, ...]:
    """Which of the supporting documents are marks, from 0."""
    documents = enumerate(invoice.supporting_documents)
    return tuple(n for n, document in documents if is_mark(document.description))


def mark(invoice: Invoice) -> Mark | None:
    """The mark of an invoice that has one; None where it has none, several or one not known."""
    found = places(invoice)
    if len(found) != 1:
        return None
    return MARKS.get(invoice.supporting_documents[found[0]].reference.strip())
