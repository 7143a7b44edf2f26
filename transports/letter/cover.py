"""The page with the address that goes before an invoice: when, and what is on it.

In charge of when there is one. Not in charge of drawing it: the gateway makes PDFs. Pure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from transports.base import Envelope, PostalAddress
from transports.letter.address import DRAWN, Window, block, return_line
from transports.letter.terms import CoverPage


@dataclass(frozen=True, slots=True)
class Cover:
    """What is on the page. `lines` are the recipient's address without the country, which is named
    where it is another than `home`; `return_line` is None where nobody knows where letters come
    from, or the window has no room for it."""

    window: Window
    lines: tuple[str, ...]
    country: str
    home: str
    return_line: str | None
    sender: str
    kind: str  # invoice, credit_note or reminder
    number: str
    language: str


# Makes the page: a PDF of one, the same bytes for the same values.
Draw = Callable[[Cover], bytes]


def is_wanted(envelope: Envelope, wish: CoverPage, window: Window) -> bool:
    """Whether a page goes before the invoice."""
    if wish is CoverPage.OWN_PDF:
        return envelope.own_image or not window.shows(*DRAWN)
    return wish is CoverPage.ALWAYS


def cover(envelope: Envelope, address: PostalAddress, home: str, window: Window) -> Cover:
    """The page of an envelope; `address` is in its normal form."""
    lines = block(address, window)
    summary = envelope.summary
    kind = "credit_note" if summary.credit_note else "reminder" if summary.reminder else "invoice"
    back = envelope.sender.postal_address
    room = window.lines > len(lines) + (address.country != home)
    return Cover(
        window=window,
        lines=lines,
        country=address.country,
        home=home,
        return_line=return_line(back) if back is not None and room else None,
        sender=envelope.sender.name,
        kind=kind,
        number=summary.number,
        language=summary.language,
    )
