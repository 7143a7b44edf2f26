"""Examples of every body and answer: shown in the description, held to their schemas by a test.

The companies do not exist; their numbers have right check digits, for the invoices are valid.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from gateway.api.examples_access import COMPANY_ID, KEY_ID
from gateway.intake.prepare import Prepared, prepare
from gateway.intake.submission import JSON
from transports.base import File

_SELLER: dict[str, Any] = {
    "name": "Norrsken Papper AB",
    "address": {
        "line1": "Bruksgatan 4",
        "city": "Sundsvall",
        "post_code": "852 29",
        "country": "SE",
    },
    "legal_id": {"value": "5560000019", "scheme": "0007"},
    "vat_id": "SE556000001901",
    "tax_registration_id": "Godkänd för F-skatt",
    "endpoint": {"value": "5560000019", "scheme": "0007"},
    "contact": {"name": "Kundreskontra", "email": "reskontra@norrsken.example"},
}

SWEDISH_COMPANY: dict[str, Any] = {
    "invoice": {
        "number": "2026-1001",
        "issue_date": "2026-11-20",
        "due_date": "2026-12-20",
        "currency": "SEK",
        "buyer_reference": "Ref 4711",
        "seller": _SELLER,
        "buyer": {
            "name": "Lillåns Bokhandel AB",
            "address": {
                "line1": "Storgatan 12",
                "city": "Örebro",
                "post_code": "703 61",
                "country": "SE",
            },
            "legal_id": {"value": "5591234561", "scheme": "0007"},
            "endpoint": {"value": "5591234561", "scheme": "0007"},
            "contact": {"name": "Ekonomi", "email": "ekonomi@lillan.example"},
        },
        "payments": [
            {
                "means": "30",
                "reference": "20261004",
                "credit_transfers": [{"account": "50512342", "service_provider": "SE:BANKGIRO"}],
            }
        ],
        "lines": [
            {
                "id": "1",
                "quantity": "10",
                "unit": "XPK",
                "price": {"net": "48.50"},
                "item": {"name": "Kopieringspapper A4", "vat": {"category": "S", "rate": "25"}},
            }
        ],
    }
}

NORWEGIAN_CONSUMER: dict[str, Any] = {
    "invoice": {
        "number": "20261001",
        "issue_date": "2026-11-20",
        "due_date": "2026-12-04",
        "currency": "NOK",
        "buyer_reference": "Kunde 10020",
        "seller": {
            "name": "Fjordstrøm AS",
            "address": {
                "line1": "Havnegata 9",
                "city": "Bergen",
                "post_code": "5011",
                "country": "NO",
            },
            "legal_id": {"value": "918130047", "scheme": "0192"},
            "vat_id": "NO918130047MVA",
            "tax_registration_id": "Foretaksregisteret",
            "endpoint": {"value": "918130047", "scheme": "0192"},
        },
        "buyer": {
            "name": "Kari Nordmann",
            "address": {
                "line1": "Lyngveien 3",
                "city": "Voss",
                "post_code": "5700",
                "country": "NO",
            },
            "endpoint": {"value": "9520000001018", "scheme": "0088"},
        },
        "payments": [
            {
                "means": "30",
                "reference": "202610010",
                "credit_transfers": [{"account": "86011117947"}],
            }
        ],
        "lines": [
            {
                "id": "1",
                "quantity": 412,
                "unit": "KWH",
                "price": {"net": 1.125},
                "item": {"name": "Strøm november", "vat": {"category": "S", "rate": 25}},
            }
        ],
    },
    "delivery": {"email": "kari@nordmann.example", "consumer": True, "language": "nb"},
}

MULTIPART: dict[str, Any] = {
    "document": SWEDISH_COMPANY,
    "delivery": {"email": "ekonomi@lillan.example", "hold": True},
    "attachment": ["(the bytes of a file)"],
}

REASON = {"reason": "The buyer asked for a corrected invoice."}


def ubl() -> str:
    """The Swedish example as UBL."""
    original = File("document.json", JSON, json.dumps(SWEDISH_COMPANY).encode())
    prepared = prepare(original, (), {}, at=date(2026, 11, 20))
    assert isinstance(prepared, Prepared), prepared.findings
    return prepared.document.decode()


_ID = "doc_019aa000-0000-7000-8000-000000000001"
_AT = "2026-11-21T09:30:00Z"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_LINKS = {
    "self": f"/v1/documents/{_ID}",
    "timeline": f"/v1/documents/{_ID}/timeline",
    "content": f"/v1/documents/{_ID}/content",
    "pdf": f"/v1/documents/{_ID}/pdf",
    "evidence": f"/v1/documents/{_ID}/evidence",
    "bundle": f"/v1/documents/{_ID}/bundle",
}

ACCEPTED = {"id": _ID, "state": "received", "links": _LINKS}

_HEAD = {
    "number": "2026-1001",
    "kind": "invoice",
    "sender_name": "Norrsken Papper AB",
    "recipient_name": "Lillåns Bokhandel AB",
    "sender": "0007:5560000019",
    "recipient": "0007:5591234561",
    "issue_date": "2026-11-20",
    "due_date": "2026-12-20",
    "amount_due": "606.25",
    "currency": "SEK",
}

ROW: dict[str, Any] = {
    "id": _ID,
    "direction": "out",
    "state": "sent",
    "business": "none",
    "code": "email.accepted",
    "text": "The recipient's mail server took it.",
    "next_at": None,
    "attachment_error": False,
    "channel": "email",
    "media_type": "application/json",
    "head": _HEAD,
    "created_at": _AT,
    "updated_at": _AT,
    "confirmed_at": None,
    "links": _LINKS,
}

LIST = {"documents": [ROW], "next": None}

_FINDING = {
    "rule": "BR-CO-15",
    "severity": "fatal",
    "where": "/invoice/totals/with_vat",
    "line": None,
    "text": "The total with VAT is 600.00; the total without VAT and the VAT make 606.25.",
    "hint": "Leave the totals out to have them computed.",
    "terms": ["BT-112"],
    "stated": "600.00",
    "computed": "606.25",
}

_FILLED_IN = {
    "filled_in": [
        {
            "where": "/invoice/totals/due",
            "term": "BT-115",
            "name": "Amount due",
            "value": "606.25",
            "why": "Total with VAT, less what is paid, plus rounding.",
        }
    ],
    "filled_in_left_out": 0,
}

DOCUMENT: dict[str, Any] = {
    **ROW,
    "delivery": {"email": "ekonomi@lillan.example"},
    "findings": [],
    **_FILLED_IN,
    "fetches": [
        {
            "attachment": 0,
            "url": "https://files.example.com/terms.pdf?...",
            "file": "terms.pdf",
            "status": "fetched",
            "code": None,
            "text": None,
            "sha256": _SHA256,
        }
    ],
    "plan": {
        "order": "SE companies",
        "profile": "peppol-billing",
        "steps": [
            {
                "step": "peppol",
                "channel": "peppol",
                "included": False,
                "code": "route.not_configured",
                "reason": "Not configured on this gateway.",
                "recheck_after_days": None,
            },
            {
                "step": "email",
                "channel": "email",
                "included": True,
                "code": "route.included",
                "reason": "In line: the recipient has an e-mail address.",
                "recheck_after_days": None,
            },
        ],
    },
}

REPAIR_AGAIN = {"reason": "The document store is up again."}
REPAIR_FROM = {
    "attachment": 0,
    "url": "https://files.example.com/2026/terms.pdf",
    "reason": "It has moved.",
}
REPAIR_WITHOUT = {"action": "leave_out", "reason": "The buyer has it already."}
REPAIR_ALL = {"code": "attachment.not_found", "reason": "The files are there now."}
REPAIRED = {
    "repaired": [_ID],
    "left": [
        {
            "id": "doc_019aa000-0000-7000-8000-000000000002",
            "text": "No file of the document is missing.",
        }
    ],
    "next": None,
}

_EVENT: dict[str, Any] = {
    "id": "evt_019aa000-0000-7000-8000-000000000003",
    "type": "document.sent",
    "at": _AT,
    "document_id": _ID,
    "data": {"channel": "email", "code": "email.accepted"},
    "cursor": "cur_6d0c83b1f2a94e57a1b8c0d94e2f7a35",
}

_WIRE = {
    "role": "evidence",
    "name": "answer",
    "media_type": "text/plain",
    "sha256": _SHA256,
    "size_bytes": 38,
    "at": _AT,
    "attempt_id": "att_019aa000-0000-7000-8000-000000000002",
    "href": f"/v1/documents/{_ID}/evidence/{_SHA256}",
}

TIMELINE = {
    "legs": [
        {
            "n": 0,
            "channel": "email",
            "state": "sent",
            "reference": None,
            "expects": None,
            "until": None,
        }
    ],
    "attempts": [
        {
            "id": "att_019aa000-0000-7000-8000-000000000002",
            "leg": 0,
            "channel": "email",
            "started_at": _AT,
            "ended_at": _AT,
            "outcome": "sent",
            "code": "email.accepted",
            "text": "The recipient's mail server took it.",
            "files": [_WIRE],
        }
    ],
    "events": [_EVENT],
    "files": [],
    "responses": [],
}

_FILE = {
    "role": "original",
    "name": "document.json",
    "media_type": "application/json",
    "sha256": _SHA256,
    "size_bytes": 1204,
    "at": _AT,
    "attempt_id": None,
    "href": f"/v1/documents/{_ID}/evidence/{_SHA256}",
}

FILES = {"files": [_FILE]}

RESPONSE_WISH = {
    "status": "UQ",
    "reasons": [
        {
            "code": "REF",
            "text": "Our order number is missing.",
            "details": [{"term": "BT-13", "value": "4711"}],
        }
    ],
    "actions": [{"code": "PIN"}],
}

LOOKUP = {"participants": ["0192:918130047", "0007:5560360793"]}

WAYS_LOOKUP = {
    "recipient": {
        "name": "Kari Nordmann",
        "country": "NO",
        "phone": "+4799999999",
        "email": "kari@customer.example",
    },
    "document": {"kind": "invoice", "amount_due": "1250.00", "payment_reference": "2345676"},
}

CUSTOMERS = {
    "customers": [
        {"customer": "1001", "name": "Kari Nordmann", "country": "NO", "phone": "+4799999999"},
        {"customer": "1002", "name": "Snickeri AB", "country": "SE", "email": "a@b.example"},
    ]
}

CUSTOMERS_CSV = (
    "customer,name,country,phone,email\r\n"
    "1001,Kari Nordmann,NO,+4799999999,\r\n"
    "1002,Snickeri AB,SE,,a@b.example\r\n"
)

_LOOKUP_JOB_ID = "lkp_7d1cbb3b-0a34-5c9e-9f5e-2f7a5a2c6b10"

LOOKUP_JOB: dict[str, Any] = {
    "id": _LOOKUP_JOB_ID,
    "running": True,
    "rows": 2,
    "done": 1,
    "counts": {"vipps": 1},
    "created_at": "2026-11-22T09:30:00Z",
    "ended_at": None,
    "gone_at": "2026-11-29T09:30:00Z",
    "links": {
        "self": f"/v1/lookup/jobs/{_LOOKUP_JOB_ID}",
        "result": f"/v1/lookup/jobs/{_LOOKUP_JOB_ID}/result",
    },
}

CUSTOMER_WAYS: list[dict[str, Any]] = [
    {
        "row": 1,
        "customer": "1001",
        "name": "Kari Nordmann",
        "participant": None,
        "channel": "vipps",
        "step": "vipps",
        "certain": True,
        "text": "The recipient takes invoices in Vipps.",
    }
]

LOOKED_UP = {
    "ways": None,
    "participants": [
        {
            "participant": "0192:918130047",
            "answer": "yes",
            "code": "peppol.found",
            "text": "It receives one kind of document in Peppol.",
            "publisher": "https://smp.example.com",
            "at": _AT,
            "services": [
                {
                    "document_type": "busdox-docid-qns::urn:oasis:names:specification:ubl:schema:"
                    "xsd:Invoice-2::Invoice##urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:"
                    "2017:poacc:billing:3.0::2.1",
                    "document": "Invoice urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:"
                    "poacc:billing:3.0",
                    "process": "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0",
                    "answer": "yes",
                    "code": "peppol.found",
                    "text": "The access point POP000123 takes it.",
                    "transport_profile": "peppol-transport-as4-v2_0",
                    "address": "https://ap.example.com/as4",
                    "access_point": "POP000123",
                    "certificate_days": 412,
                }
            ],
        },
        {
            "participant": "0007:5560360793",
            "answer": "no",
            "code": "peppol.not_registered",
            "text": "0007:5560360793 is not registered in Peppol.",
            "publisher": None,
            "at": _AT,
            "services": [],
        },
    ],
}

_RESPONSE_ID = "doc_019aa000-0000-7000-8000-000000000009"

RESPONDED = {
    "id": _RESPONSE_ID,
    "document_id": _ID,
    "status": "UQ",
    "business": "under_query",
    "links": {
        "response": f"/v1/documents/{_RESPONSE_ID}",
        "timeline": f"/v1/documents/{_RESPONSE_ID}/timeline",
        "document": f"/v1/documents/{_ID}",
    },
}

EVENTS = {"events": [_EVENT], "next": "cur_6d0c83b1f2a94e57a1b8c0d94e2f7a35"}

VALIDATION = {
    "ok": False,
    "profile": "peppol-billing",
    "structure_ok": True,
    "findings": [_FINDING],
}

PREVIEW: dict[str, Any] = {
    "ok": True,
    "profile": "peppol-billing",
    "structure_ok": True,
    "findings": [],
    **_FILLED_IN,
    "head": _HEAD,
    "plan": DOCUMENT["plan"],
    "image": {"rule": "drawn", "file": None},
    "document": '<?xml version="1.0" encoding="UTF-8"?> ...',
}

CURSOR = _EVENT["cursor"]

NEW_WEBHOOK = {"url": "https://erp.example.com/budkavle", "description": "The ledger"}

_WEBHOOK_ID = "wh_019aa000-0000-7000-8000-000000000005"

WEBHOOK: dict[str, Any] = {
    "id": _WEBHOOK_ID,
    "url": "https://erp.example.com/budkavle",
    "types": [],
    "description": "The ledger",
    "active": True,
    "code": "webhook.refused",
    "text": "It answered 503.",
    "tries": 2,
    "next_at": "2026-11-21T09:35:00Z",
    "cursor": CURSOR,
    "old_secret_until": None,
    "created_at": _AT,
    "updated_at": _AT,
    "links": {
        "self": f"/v1/webhooks/{_WEBHOOK_ID}",
        "attempts": f"/v1/webhooks/{_WEBHOOK_ID}/attempts",
    },
}

WEBHOOK_MADE = {**WEBHOOK, "secret": "whsec_bm90IGEgc2VjcmV0OiBhbiBleGFtcGxlIG9ubHkuLi4="}

WEBHOOK_ATTEMPT = {
    "event_id": _EVENT["id"],
    "type": "document.sent",
    "document_id": _ID,
    "cursor": CURSOR,
    "at": _AT,
    "ms": 38,
    "status": 503,
    "code": "webhook.refused",
    "text": "Down for maintenance",
}

REGISTRATION = {
    "takes": ["invoice", "credit_note", "invoice_response"],
    "entry": {"name": "Nordlys Drift AS", "country": "NO", "email": "faktura@nordlys.example"},
}

TAKING_OVER = {"migration_key": "a-K3yThatW4sGiven_Out"}

IMAGE_RULES: list[dict[str, Any]] = [
    {"customer": None, "omit_image": None, "image_from_first_attachment": None},
    {"customer": "SE:5592034846", "omit_image": True, "image_from_first_attachment": True},
]

ROUTING_RULES: list[dict[str, Any]] = [
    {
        "customer": None,
        "route_order": None,
        "forced_route": None,
        "disabled_routes": ["letter"],
        "recheck": False,
        "hold_several": None,
    },
    {
        "customer": "SE:5592034846",
        "route_order": ["peppol", "letter"],
        "forced_route": None,
        "disabled_routes": None,
        "recheck": None,
        "hold_several": True,
    },
]

REROUTING: dict[str, Any] = {
    "reason": "The buyer reads no e-mail, and has moved.",
    "channels": ["letter"],
    "postal_address": {
        "street": "Nygatan 7",
        "post_code": "621 55",
        "city": "Visby",
        "country": "SE",
    },
}
CHOOSING: dict[str, Any] = {"reason": "The one in Visby.", "address": "5592034846"}

CHANNEL: dict[str, Any] = {
    "channel": "email",
    "title": "e-mail",
    "set_up": True,
    "takes_terms": True,
    "terms": {"name": "Norrsken Papper", "hours": {"from": "08:00", "to": "17:00"}},
    "wrong": [],
}

AGREEMENT: dict[str, Any] = {
    "channel": "efaktura_no",
    "kind": "agreement",
    "name": "918130047",
    "state": "email_sent",
    "text": "OK: e-mail sent. Whoever signs follows the link in it.",
    "asked_at": "2026-11-22T09:30:00Z",
    "next_at": "2026-11-22T10:00:00Z",
}

PARTICIPANT: dict[str, Any] = {
    "participant": "0192:918130047",
    "state": "registered",
    "code": "",
    "text": "",
    "takes": ["invoice", "credit_note", "invoice_response"],
    "activates_at": None,
    "expires_at": None,
    "entry": None,
    "tries": 0,
    "next_at": None,
    "confirmed_at": _AT,
    "migration_key": None,
    "created_at": _AT,
    "updated_at": _AT,
    "links": {"self": "/v1/participants/0192:918130047"},
}

PROBLEM = {
    "type": "/problems/invalid-body",
    "title": "The body has fields that do not fit",
    "status": 422,
    "detail": "2 things are wrong with it; see `errors`.",
    "request_id": "0f3c1c9e6a7b4d17",
    "errors": [
        {
            "detail": "`due_dat` is not a field here.",
            "pointer": "/invoice/due_dat",
            "rule": "STRUCTURE-JSON",
            "hint": "Did you mean `due_date`?",
        },
        {
            "detail": "`name` is required.",
            "pointer": "/invoice/buyer/name",
            "rule": "STRUCTURE-JSON",
            "terms": ["BT-44"],
        },
    ],
    "errors_left_out": 0,
}

_EXPORT_ID = "exp_5a0e7e3c-0b5d-5c5e-8f7e-0e8d4b1f6a2c"

EXPORT_WISH: dict[str, Any] = {
    "start": "2026-10-01T00:00:00Z",
    "end": "2026-11-01T00:00:00Z",
    "direction": "out",
}

EXPORT_BEGUN: dict[str, Any] = {
    "id": _EXPORT_ID,
    "ready": False,
    "start": "2026-10-01T00:00:00Z",
    "end": "2026-11-01T00:00:00Z",
    "directions": ["out"],
    "created_at": "2026-11-21T09:30:00Z",
    "gone_at": "2026-11-28T09:30:00Z",
    "files": [],
}

EXPORT: dict[str, Any] = {
    **EXPORT_BEGUN,
    "ready": True,
    "files": [
        {
            "n": 1,
            "direction": "out",
            "documents": 1204,
            "size_bytes": 41230118,
            "href": f"/v1/exports/{_EXPORT_ID}/files/1",
        }
    ],
}

PATH = {
    "person_id": "per_01900000-0000-7000-8000-5a6b7c8d9e0f",
    "company_id": COMPANY_ID,
    "key_id": KEY_ID,
    "channel": "email",
    "setting": "route_order",
    "customer_class": "consumers",
    "agreement": "918130047",
    "lookup_job_id": _LOOKUP_JOB_ID,
    "document_id": _ID,
    "sha256": _SHA256,
    "name": "invalid-body",
    "export_id": _EXPORT_ID,
    "n": "1",
    "attachment": "0",
    "webhook_id": _WEBHOOK_ID,
    "notice_id": "not_01936b7e-52a1-7c44-8d3e-1f5a0c9b2e77",
    "participant": "0192:918130047",
}
