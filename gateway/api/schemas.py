"""The bodies that carry a document, as the OpenAPI description tells them."""

from __future__ import annotations

from gateway.api import examples
from gateway.api.body import MULTIPART
from gateway.api.routes import Body, Media, ref
from gateway.intake.submission import JSON, XML, DeliveryOptions, SubmissionShape

_FILE = {"type": "string", "contentMediaType": "application/octet-stream", "minLength": 1}
_UBL = {  # raw XML has no JSON type (OpenAPI 3.1, 4.8.14.2)
    "contentMediaType": "application/xml",
    "description": "UBL 2.1 Invoice or CreditNote, Peppol BIS Billing 3.0.",
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
        MULTIPART: Media(
            {
                "type": "object",
                "required": ["document"],
                "additionalProperties": False,
                "properties": {
                    "document": {
                        "description": "The document: what the body of the other media types holds,"
                        " JSON or UBL by the part's own Content-Type.",
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
                "document": "application/json, application/xml, text/xml",
                "delivery": "application/json",
                "attachment": "*/*",
            },
        ),
    }
)
