"""Examples of people, beside `examples`."""

from __future__ import annotations

from typing import Any

_ID = "per_01900000-0000-7000-8000-5a6b7c8d9e0f"

NEW: dict[str, Any] = {
    "sender": {
        "email": "anna.ek@norrsken.example",
        "name": "Anna Ek",
        "role": "sender",
        "language": "sv",
    }
}

INVITED: dict[str, Any] = {
    "id": _ID,
    "email": "anna.ek@norrsken.example",
    "name": "Anna Ek",
    "role": "sender",
    "language": "sv",
    "companies": ["com_01900000-0000-7000-8000-4c1d2e3f4a5b"],
    "state": "invited",
    "second_factor": False,
    "created_at": "2026-11-21T09:30:00Z",
    "updated_at": "2026-11-21T09:30:00Z",
    "links": {"self": f"/v1/people/{_ID}", "invite": f"/v1/people/{_ID}/invite"},
}

PERSON: dict[str, Any] = {
    **INVITED,
    "role": "reader",
    "state": "active",
    "second_factor": True,
    "updated_at": "2026-11-22T08:00:00Z",
}

PEOPLE: dict[str, Any] = {"people": [PERSON], "next": None}

CHANGE: dict[str, Any] = {"reader": {"role": "reader"}}
