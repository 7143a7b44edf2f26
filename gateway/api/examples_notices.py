"""Examples of notices."""

from __future__ import annotations

from typing import Final

NOTICE_ID: Final = "not_01936b7e-52a1-7c44-8d3e-1f5a0c9b2e77"

NEW_NOTICE: Final = {
    "email": "ekonomi@fjarden.example",
    "language": "sv",
    "about": "failed",
    "inbox": True,
    "rhythm": "daily",
    "at": "07:30",
}

NOTICE: Final = {
    "id": NOTICE_ID,
    "email": "ekonomi@fjarden.example",
    "language": "sv",
    "about": "failed",
    "inbox": True,
    "rhythm": "daily",
    "at": "07:30",
    "weekday": "monday",
    "time_zone": "Europe/Stockholm",
    "active": True,
    "next_at": "2026-11-22T06:30:00Z",
    "created_at": "2026-11-21T09:30:00Z",
    "links": {"self": f"/v1/notices/{NOTICE_ID}"},
}
