"""Examples of verification, for the description and its tests."""

from __future__ import annotations

from typing import Any, Final

_COMPANY: Final = "com_01900000-0000-7000-8000-4c1d2e3f4a5b"
_HERE: Final = f"/v1/companies/{_COMPANY}/verification"

VERIFICATION: Final[dict[str, Any]] = {
    "company_id": _COMPANY,
    "required": True,
    "open": False,
    "standing": "unverified",
    "code": "verification.asked",
    "text": "Somebody was invited to sign for the company.",
    "verified_at": None,
    "recheck_at": None,
    "closes_at": None,
    "request": {
        "state": "asked",
        "name": "Åsa Öst",
        "email": "asa.ost@fjarden.example",
        "language": "sv",
        "signer": "visma_sign",
        "hint": "The invitation was sent, and was not opened yet.",
        "invitations": 1,
        "asked_at": "2026-11-02T08:00:00Z",
        "expires_at": "2026-11-16T08:00:00Z",
    },
    "links": {
        "self": _HERE,
        "resend": f"{_HERE}/resend",
        "forward": f"{_HERE}/forward",
        "cancel": f"{_HERE}/cancel",
    },
}

ASKING: Final[dict[str, Any]] = {
    "name": "Åsa Öst",
    "email": "asa.ost@fjarden.example",
    "language": "sv",
}

FORWARDING: Final[dict[str, Any]] = {"name": "Nils Bo", "email": "nils.bo@fjarden.example"}
