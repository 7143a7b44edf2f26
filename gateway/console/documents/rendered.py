"""An invoice as one page of HTML, for a frame that nothing gets out of. Pure; worth a thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gateway.delivery.picture import inside as files_inside
from gateway.intake.head import LANGUAGES
from gateway.pdf.html import html
from gateway.pdf.logo import Logo
from schemas.ubl.read import Unreadable, read
from transports.base import File
from validators.pipeline import parse

# Nothing runs or loads in it, wherever it is opened; its style and pictures stand in it. Only pages
# of ours have it in a frame.
HEADERS: Final[Mapping[str, str]] = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline';"
        " form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
}


def rendered(ubl: bytes, language: str | None, logo: Logo | None) -> str | None:
    """The invoice as its recipient would see it; None where it can not be read as one."""
    root = parse(ubl)
    if isinstance(root, tuple):
        return None
    try:
        invoice = read(root)
    except Unreadable:
        return None
    return html(invoice, language or LANGUAGES.get(invoice.buyer.address.country, "en"), logo)


def inside(ubl: bytes) -> tuple[File, ...]:
    """The files inside an invoice (BG-24); none where it can not be read as one."""
    try:
        return files_inside(ubl)
    except (Unreadable, ValueError):
        return ()
