"""The object envelope of Svefaktura 1.0: a document of its own with the files of an invoice.

In charge of reading and writing it. Which reference of an invoice means which file is `read` and
`write`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from lxml import etree

from schemas.invoice import Attachment, Invoice, SupportingDocument
from schemas.svefaktura.values import NAMESPACES, Values
from schemas.ubl.read import Unreadable
from schemas.ubl.terms import path_of

REFERENCE: Final = "urn:sfti:documents:object:"  # before the id of an object, in the invoice


def read_objects(root: etree._Element, *, invoice: str | None = None) -> dict[str, Attachment]:
    """Returns the files of an object envelope by their id. Raises Unreadable, also where the
    envelope says that it belongs to another invoice than the one of this number."""
    if root.tag != f"{{{NAMESPACES['oe']}}}ObjectEnvelope":
        raise Unreadable(path_of(root), "not an object envelope of Svefaktura 1.0")
    values = Values()
    stated = values.text(root, "oe:DocumentReference/oe:DocumentID")
    if invoice is not None and stated and stated != invoice:
        reason = f"belongs to invoice {stated}, expected {invoice}"
        raise Unreadable("ObjectEnvelope/DocumentReference/DocumentID", reason)
    found: dict[str, Attachment] = {}
    for element in root.iterfind("oe:EncodedObject", NAMESPACES):
        name = values.required(element, "oe:ObjectID", "BT-122")
        data = element.find("oe:EncodedData", NAMESPACES)
        if data is None:
            raise Unreadable(f"{path_of(element)}/EncodedData", "BT-125 is missing")
        try:
            content = base64.b64decode("".join(values.of(data).split()).encode(), validate=True)
        except (binascii.Error, UnicodeEncodeError) as error:
            raise Unreadable(path_of(data), f"not base64: {error}") from error
        if name in found:
            raise Unreadable(path_of(element), f"a second object with the id {name}")
        found[name] = Attachment(content, data.get("mimeCode", ""), data.get("filename", ""))
    return found


def write_objects(
    invoice: Invoice, files: Iterable[SupportingDocument], made_at: datetime
) -> etree._Element:
    """Returns the object envelope of an invoice with its embedded files, made at that time."""
    root = etree.Element(f"{{{NAMESPACES['oe']}}}ObjectEnvelope", nsmap={None: NAMESPACES["oe"]})  # type: ignore[dict-item]

    def put(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
        made = etree.SubElement(parent, f"{{{NAMESPACES['oe']}}}{name}")
        made.text = text
        return made

    reference = put(root, "DocumentReference")
    put(reference, "DocumentID", invoice.number)
    put(reference, "IssueDate", invoice.issue_date.isoformat())
    if invoice.seller.legal_id:
        issuer = put(reference, "IssuerID", invoice.seller.legal_id.value)
        issuer.set("identificationSchemeID", "SWT")
    put(reference, "DocumentType", NAMESPACES["s"])
    put(root, "CreationDateTime", made_at.replace(microsecond=0, tzinfo=None).isoformat())
    for document in files:
        if file := document.attachment:
            made = put(root, "EncodedObject")
            put(made, "ObjectID", document.reference)
            data = put(made, "EncodedData", base64.b64encode(file.content).decode())
            data.set("format", "BASE64")
            data.set("mimeCode", file.mime_code)
            data.set("filename", file.filename)
    return root
