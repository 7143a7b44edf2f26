"""Examples of statements."""

from __future__ import annotations

from typing import Any, Final

USAGE: Final[dict[str, Any]] = {
    "month": "2026-11",
    "closed": False,
    "companies": [
        {
            "company_id": "com_01900000-0000-7000-8000-4c1d2e3f4a5b",
            "name": "Norrsken Papper AB",
            "rows": [
                {
                    "channel": "letter",
                    "country": "SE",
                    "direction": "out",
                    "kind": "invoice",
                    "charged": 14,
                    "taken_back": 1,
                    "currency": "SEK",
                    "price": "12.90",
                    "amount": "167.70",
                },
                {
                    "channel": "peppol",
                    "country": "SE",
                    "direction": "out",
                    "kind": "invoice",
                    "charged": 310,
                    "taken_back": 0,
                    "currency": "SEK",
                    "price": "1.25",
                    "amount": "387.50",
                },
            ],
            "totals": {"SEK": "555.20"},
        }
    ],
    "totals": {"SEK": "555.20"},
    "unpriced": 0,
}
