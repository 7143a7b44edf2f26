"""Renders an invoice as one page of HTML: the facts of the PDF, where they need no sheet. Pure.

In charge of what goes where is the template, `invoice.html`. It has no script and loads nothing,
and everything in it is escaped.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from gateway.pdf import parties, payment, totals
from gateway.pdf.head import key_facts
from gateway.pdf.lines import adjustment, details
from gateway.pdf.logo import Logo
from gateway.pdf.page import Page
from gateway.pdf.qr import path, transfer
from gateway.pdf.render import remarks_of, seller_of
from gateway.pdf.words import Words
from schemas import figures
from schemas.invoice import Invoice


def html(
    invoice: Invoice,
    language: str,
    logo: Logo | None = None,
    *,
    template: str = "invoice.html",
    **more: object,
) -> str:
    """The invoice as an HTML document in `language` (en, sv or nb); one page, however long. The
    seller's logo stands in it, as a data: URI.

    `template`: one that puts `more` around it.
    """
    page = Page(invoice, Words(language), _no_sheets)
    code = transfer(invoice)
    address, legal = seller_of(page)
    return _template(template).render(
        **more,
        page=page,
        logo=logo and _image(logo),
        invoice=invoice,
        words=page.words,
        figures=figures,
        language=language,
        key_facts=key_facts(page),
        parties=[block for block in parties.party_blocks(page) if len(block) > 1],
        references=parties.reference_facts(page),
        details=details,
        adjustments=[
            *((adjustment(page, each, "allowance"), each, -1) for each in invoice.allowances),
            *((adjustment(page, each, "charge"), each, 1) for each in invoice.charges),
        ],
        vat=totals.vat_rows(page),
        sums=totals.sums(page),
        payment=payment.payment_rows(page),
        code=None if code is None else path(code),
        code_label=page.words("code"),
        remarks=[(label, texts) for label, texts in remarks_of(page) if texts],
        address=address,
        legal=legal,
    )


def _image(logo: Logo) -> tuple[str, int, int]:
    """The logo as a data: URI, and its width and height there: those on paper, in CSS pixels."""
    width, height = (round(side * 96 / 25.4) for side in logo.on_paper())
    return f"data:{logo.media_type};base64,{b64encode(logo.content).decode()}", width, height


def _no_sheets(_: object) -> None:
    """HTML has no pages."""


@cache
def _template(name: str) -> Template:
    loader = PackageLoader("gateway", "pdf")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(name)
