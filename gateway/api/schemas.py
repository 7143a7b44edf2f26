"""The bodies that carry a document, as the OpenAPI description tells them."""

from __future__ import annotations

from gateway.api import examples
from gateway.api.body import MULTIPART
from gateway.api.routes import Body, Media, ref
from gateway.intake.kind import JSON, MAIL, PDF, XML, ZIP
from gateway.intake.submission import DeliveryOptions, SubmissionShape

_BYTES = {"type": "string", "contentMediaType": "application/octet-stream"}
_FILE = {**_BYTES, "minLength": 1}
_UBL = {  # raw XML has no JSON type (OpenAPI 3.1, 4.8.14.2)
    "contentMediaType": "application/xml",
    "description": "UBL 2.1 Invoice or CreditNote: Peppol BIS Billing 3.0 (EHF Billing 3.0 is the"
    " same) or EHF Reminder 3.0. Or a Svefaktura 1.0, whose object envelope goes as an attachment.",
}
_INSIDE = "One document (what the other media types hold) and up to 99 other files"
_PACKAGES = {  # what a body of bytes is called, and what is in it
    ZIP: ("zip", f"A ZIP file. {_INSIDE}, which become its attachments; folders do not matter."),
    MAIL: (
        "email",
        f"An e-mail (RFC 5322, MIME). {_INSIDE} attached to it, which become its attachments; what"
        " is written in the e-mail is not looked at.",
    ),
    PDF: (
        "hybrid_pdf",
        "A PDF with the invoice inside as XML (Factur-X, ZUGFeRD 2 or later); the PDF itself"
        " becomes its first attachment.",
    ),
}

DOCUMENT_BODY = Body(
    {
        JSON: Media(
            SubmissionShape,
            {
                "swedish_company": examples.SWEDISH_COMPANY,
                "norwegian_consumer": examples.NORWEGIAN_CONSUMER,
            },
        ),
        **{name: Media(_UBL, {"ubl": examples.ubl}) for name in sorted(XML)},
        **{
            name: Media(
                {"contentMediaType": name, "description": told}, {called: "(the bytes of a file)"}
            )
            for name, (called, told) in _PACKAGES.items()
        },
        MULTIPART: Media(
            {
                "type": "object",
                "required": ["document"],
                "additionalProperties": False,
                "properties": {
                    "document": {
                        "description": "The document: what the body of the other media types holds,"
                        " by the part's own Content-Type.",
                    },
                    "delivery": ref(DeliveryOptions),
                    "attachment": {
                        "description": "Files that belong to it, each with a file name. What an"
                        " invoice may embed (PDF, PNG, JPEG, CSV, XLSX, ODS) goes into an invoice"
                        " handed in as JSON; others go beside it, where the channel takes any.",
                        "type": "array",
                        "items": _FILE,
                    },
                },
            },
            {"with_attachment": examples.MULTIPART},
            encoding={
                "document": ", ".join((JSON, *sorted(XML), *_PACKAGES)),
                "delivery": "application/json",
                "attachment": "*/*",
            },
        ),
    }
)

# What is put into the inbox is kept whatever is in it: nothing of it is described but the bytes.
UPLOAD_BODY = Body(
    {
        **{
            name: Media(
                {"contentMediaType": name, "description": "A document, as it came to you."},
                {"document": "(the bytes of a file)"},
            )
            for name in (*sorted(XML), JSON, *_PACKAGES)
        },
        MULTIPART: Media(
            {
                "type": "object",
                "required": ["document"],
                "additionalProperties": False,
                "properties": {
                    "document": {**_BYTES, "description": "The document, as it came to you."},
                    "attachment": {
                        "description": "Files that came beside it, each with a file name.",
                        "type": "array",
                        "items": _BYTES,
                    },
                },
            },
            {"with_attachment": {"document": "(a file)", "attachment": ["(a file)"]}},
            encoding={
                "document": ", ".join((*sorted(XML), JSON, *_PACKAGES)),
                "attachment": "*/*",
            },
        ),
    }
)
