"""What the OpenAPI description shows of the inbox: bodies taken and answers given."""

from __future__ import annotations

from typing import Any

ID = "doc_019aa000-0000-7000-8000-000000000001"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_AT = "2026-11-21T08:00:00Z"
_LEASE = "lse_01a202a3-d090-72a2-9bce-a86d1706d233"
_HERE = f"/v1/inbox/{ID}"
_VERBS = (
    *("content", "attachments", "confirm", "handled", "hold", "release", "repair"),
    "response",
)

HEAD = {
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
FILE = {
    "role": "original",
    "name": "document.json",
    "media_type": "application/json",
    "sha256": _SHA256,
    "size_bytes": 1204,
    "at": _AT,
    "attempt_id": None,
    "href": f"/v1/documents/{ID}/evidence/{_SHA256}",
}

LINKS = {
    "self": _HERE,
    **{name: f"{_HERE}/{name}" for name in _VERBS},
    "document": f"/v1/documents/{ID}",
}

INBOX_DOCUMENT: dict[str, Any] = {
    "id": ID,
    "state": "new",
    "code": "inbox.new",
    "text": "It may be taken over.",
    "received_at": _AT,
    "channel": "peppol",
    "business": "none",
    "media_type": "application/xml",
    "head": HEAD,
    "checked": {
        "ok": True,
        "readable": True,
        "structure_ok": True,
        "profile": "peppol-billing",
        "fatal": 0,
        "warnings": 0,
    },
    "duplicate_of": None,
    "same_bytes": False,
    "leased_until": "2026-11-21T08:05:00Z",
    "confirmed_at": None,
    "handled_at": None,
    "handled_by": None,
    "reference": None,
    "files": [{**FILE, "role": "document", "name": "document.xml"}],
    "links": LINKS,
}

INBOX = {
    "documents": [INBOX_DOCUMENT],
    "lease": _LEASE,
    "leased_until": "2026-11-21T08:05:00Z",
}

CONFIRM_WISH = {"documents": [ID], "lease": _LEASE}

CONFIRMATIONS = {
    "results": [
        {
            "id": ID,
            "confirmed": True,
            "code": "inbox.confirmed",
            "text": "It is yours now.",
        }
    ]
}

HOLD_WISH = {"reason": "We do not know this sender."}
RELEASE_WISH = {"reason": "The sender is our new supplier."}
HANDLED_WISH = {"reference": "V-2026-4711"}
STRIP_WISH = {"action": "strip", "reason": "A web page is no time sheet.", "attachment": 0}
LEAVE_OUT_ALL = {"action": "leave_out", "reason": "The store of files is down."}

INBOX_REPAIRED = {
    "repaired": [ID],
    "left": [],
    "next": None,
}

INBOX_FILES = {
    "files": [
        {
            "attachment": 0,
            "name": "tidrapport.html",
            "media_type": "text/html",
            "sha256": _SHA256,
            "size_bytes": 4711,
            "place": "beside",
            "code": "attachment.forbidden",
            "text": "tidrapport.html is a web page, which must not be sent along.",
            "done": None,
            "href": f"{_HERE}/attachments/0",
        }
    ]
}

UPLOADED = {"id": ID, "repeated": False, "links": LINKS}
