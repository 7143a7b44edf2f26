"""A document that came in, in the format that the ERP asks for.

In charge of BIS Billing 3.0, our JSON, and the PDF, with bad files taken out or replaced as a
person has decided. Not in charge of the mappings (`gateway.intake`, `schemas`), nor of drawing
(`gateway.pdf`). Pure; worth a thread.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

from lxml import etree

from gateway.inbound.files import Held
from gateway.inbound.looking import CREDIT_NOTE_DUE_DATE, INVOICE_DATE, read
from gateway.intake.head import LANGUAGES
from gateway.intake.json_invoice import from_model
from gateway.intake.kind import JSON, is_pdf
from gateway.intake.prepare import Rejected, prepare
from gateway.pdf.render import render
from schemas import forms
from schemas.forms import Form
from schemas.invoice import Invoice
from schemas.ubl.read import Unreadable
from schemas.ubl.read import read as read_ubl
from transports.base import File
from validators.findings import Finding, Severity
from validators.pipeline import parse

XML: Final = "application/xml"
_OTHER: Final = (Form.SVEFAKTURA, Form.CROSS_INDUSTRY, Form.OBJECT_ENVELOPE, None)


@dataclass(frozen=True, slots=True)
class Came:
    """What came: the document (of a package, what was inside), and all that came beside it.
    `original` is the first file as it came; `replaced` the files that took others' places, by their
    hash."""

    original: File
    document: File
    beside: tuple[File, ...]
    files: tuple[Held, ...]
    replaced: Mapping[str, File]
    at: date
    settings: Mapping[str, Any]


Unfit = tuple[Finding, ...]  # why it can not be given in a format


def bis3(came: Came) -> bytes | Unfit:
    """BIS Billing 3.0: as it came where it is UBL, right or wrong, else written from it."""
    document = came.document
    if document.media_type != JSON:
        root = parse(document.content)
        if isinstance(root, tuple):
            return root
        if forms.of(root) not in _OTHER:
            return _mended(document.content, root, came)
    made = prepare(document, came.beside, {}, at=came.at, settings=came.settings)
    if isinstance(made, Rejected):
        return made.findings
    root = parse(made.document)
    assert not isinstance(root, tuple), "we have just written it"
    return _mended(made.document, root, came)


def as_json(came: Came) -> bytes | Unfit:
    """`{"invoice": ...}`, as it could be handed in."""
    content = bis3(came)
    if isinstance(content, tuple):
        return content
    root = parse(content)
    if isinstance(root, tuple):
        return root
    try:
        invoice = _dated(read_ubl(root), came.settings)
    except Unreadable as error:
        return (_unreadable(error),)
    return json.dumps({"invoice": from_model(invoice)}, ensure_ascii=False).encode()


def pdf(came: Came) -> bytes | Unfit:
    """The sender's own image where one came, else one drawn from the document."""
    if is_pdf(came.original.content):
        return came.original.content
    invoice: Invoice | None = None
    own: tuple[File, ...] = ()
    if came.document.media_type != JSON:
        invoice, own = read(came.document.content, came.beside, came.at)
    image = None if invoice is None else _image(invoice, (*own, *came.beside), came)
    if image is not None:
        return image.content
    if invoice is None:
        content = bis3(came)
        if isinstance(content, tuple):
            return content
        root = parse(content)
        assert not isinstance(root, tuple), "it was made from what could be read"
        try:
            invoice = read_ubl(root)
        except Unreadable as error:
            return (_unreadable(error),)
    language = LANGUAGES.get(invoice.buyer.address.country, "en")
    return render(_dated(invoice, came.settings), language, None)


# How senders call the picture of the invoice among its supporting documents (BT-122, BT-123):
# EHF's forward billing has the first; code 130 of UNCL1001 is BIS Billing's for its objects.
_IMAGES: Final = ("original invoice", "commercial invoice", "invoice image", "commercialinvoice")


def _image(invoice: Invoice, files: Sequence[File], came: Came) -> File | None:
    """The PDF that its sender made of the invoice: the one called so or named by its number, else
    the only PDF."""
    bad = {held.sha256 for held in came.files if held.code is not None}
    pdfs = [file for file in files if is_pdf(file.content) and _hash(file.content) not in bad]
    for document in invoice.supporting_documents:
        called = {document.reference.strip().lower(), (document.description or "").strip().lower()}
        if document.attachment is not None and called & {*_IMAGES}:
            found = [file for file in pdfs if file.content == document.attachment.content]
            if found:
                return found[0]
    named = [file for file in pdfs if invoice.number and invoice.number in file.name]
    if len(named) == 1:
        return named[0]
    return pdfs[0] if len(pdfs) == 1 and len(files) == 1 else None


def _dated(invoice: Invoice, settings: Mapping[str, Any]) -> Invoice:
    if settings.get(CREDIT_NOTE_DUE_DATE) == INVOICE_DATE and invoice.is_credit_note:
        return replace(invoice, due_date=invoice.issue_date)
    return invoice


_BINARY: Final = "{*}EmbeddedDocumentBinaryObject"


def _mended(content: bytes, root: etree._Element, came: Came) -> bytes:
    """The UBL without the files that were stripped, and with those that took others' places."""
    changed = {held.sha256: held for held in came.files if held.done in ("stripped", "replaced")}
    touched = False
    for element in list(root.iter(_BINARY)) if changed else ():
        held = changed.get(_hash(_decoded(element.text)))
        if held is None:
            continue
        touched = True
        file = came.replaced.get(held.by or "")
        if file is not None:
            element.text = base64.b64encode(file.content).decode()
            element.set("mimeCode", file.media_type)
            element.set("filename", file.name)
            continue
        attachment = element.getparent()
        assert attachment is not None
        attachment.remove(element)
        if len(attachment) == 0 and (above := attachment.getparent()) is not None:
            above.remove(attachment)
    if not touched:
        return content
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _decoded(text: str | None) -> bytes:
    try:
        return base64.b64decode("".join((text or "").split()))
    except (binascii.Error, ValueError):
        return b""


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _unreadable(error: Unreadable) -> Finding:
    return Finding(
        "STRUCTURE-UNREADABLE",
        Severity.FATAL,
        error.path,
        None,
        error.reason,
        "Take it as it was received, and read it by hand.",
    )
