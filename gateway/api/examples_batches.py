"""Examples of batches: each is sent, and each is what comes back."""

from __future__ import annotations

import json
from typing import Any

from gateway.api import examples


def _lines(*rows: Any) -> str:
    return "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)


BATCH = _lines(
    {"id": "4711", "idempotency_key": "invoice-4711", **examples.SWEDISH_COMPANY},
    {"id": "4712", "idempotency_key": "invoice-4712", "invoice": {}},
)

RESULTS = _lines(
    {
        "line": 1,
        "id": "4711",
        "document_id": examples.ACCEPTED["id"],
        "replayed": False,
        "problem": None,
    },
    {
        "line": 2,
        "id": "4712",
        "document_id": None,
        "replayed": False,
        "problem": {
            "type": "/problems/invalid-body",
            "title": "The body has fields that do not fit",
            "status": 422,
            "detail": "One thing is wrong with it; see `errors`.",
            "request_id": "0f3c1c9e6a7b4d17",
            "errors": [{"detail": "`buyer` is required.", "pointer": "/invoice/buyer"}],
            "errors_left_out": 0,
        },
    },
)
