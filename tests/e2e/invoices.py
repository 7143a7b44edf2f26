"""Invoices for tests: valid ones, as many as wanted, to whom it is wanted."""

from __future__ import annotations

from typing import Any

from gateway.sandbox import RECEIVER, SENDER, Seed

# No company on this gateway; its last digit is right (mod 10).
ELSEWHERE = "0007:5592034846"


def submission(
    number: str,
    *,
    to: Seed | None = None,
    email: str | None = None,
    post_code: str | None = "111 22",
) -> dict[str, Any]:
    """A request body: to a company on the gateway, else by e-mail when there is one, else by post.

    Without a post code no letter can be sent.
    """
    participant = to.company.participants[0] if to else ELSEWHERE
    scheme, _, value = participant.partition(":")
    contact = {"contact": {"name": "Kim Berg", "email": email}} if email else {}
    address = {"line1": "Storgatan 1", "city": "Stockholm", "country": "SE"}
    if post_code:
        address["post_code"] = post_code
    return {
        "invoice": {
            "number": number,
            "issue_date": "2026-11-02",
            "due_date": "2026-12-02",
            "currency": "SEK",
            "buyer_reference": "ref 12",
            "seller": {
                "name": SENDER.company.name,
                "legal_id": {"value": "5560001116", "scheme": "0007"},
                "vat_id": "SE556000111601",
                "tax_registration_id": "Godkänd för F-skatt",
                "address": {
                    "line1": "Varvsvägen 4",
                    "post_code": "621 55",
                    "city": "Visby",
                    "country": "SE",
                },
                "endpoint": {"value": "5560001116", "scheme": "0007"},
            },
            "buyer": {
                "name": to.company.name if to else "Holmens Bageri AB",
                "address": address,
                "endpoint": {"value": value, "scheme": scheme},
                **contact,
            },
            "payments": [{"means": "30", "credit_transfers": [{"account": "50501055"}]}],
            "lines": [
                {
                    "id": "1",
                    "quantity": "3",
                    "unit": "HUR",
                    "price": {"net": "850.00"},
                    "item": {"name": "Snickeriarbete", "vat": {"category": "S", "rate": "25"}},
                }
            ],
        }
    }


__all__ = ["ELSEWHERE", "RECEIVER", "SENDER", "submission"]
