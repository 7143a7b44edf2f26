"""Examples of companies, keys and tokens."""

from __future__ import annotations

from typing import Any

_PARENT_ID = "com_01900000-0000-7000-8000-3b0c1d2e3f4a"
COMPANY_ID = "com_01900000-0000-7000-8000-4c1d2e3f4a5b"
KEY_ID = "key_01900000-0000-7000-8000-5d2e3f4a5b6c"
_ACCOUNT_ID = "acc_01900000-0000-7000-8000-6e3f4a5b6c7d"

NEW_COMPANY: dict[str, Any] = {
    "name": "Norrsken Papper AB, Umeå",
    "country": "SE",
    "participants": ["0088:7300010000001"],
    "parent_id": _PARENT_ID,
}
COMPANY_CHANGE: dict[str, Any] = {"name": "Norrsken Papper i Umeå AB"}
COMPANY: dict[str, Any] = {
    "id": COMPANY_ID,
    "name": "Norrsken Papper AB, Umeå",
    "country": "SE",
    "participants": ["0088:7300010000001"],
    "account_id": _ACCOUNT_ID,
    "parent_id": _PARENT_ID,
    "links": {"self": f"/v1/companies/{COMPANY_ID}"},
}

NEW_KEY: dict[str, Any] = {
    "label": "ledger, invoices out",
    "scopes": ["read", "send"],
    "expires_at": "2027-11-30T23:59:59Z",
}
KEY: dict[str, Any] = {
    "id": KEY_ID,
    "label": "ledger, invoices out",
    "scopes": ["read", "send"],
    "account_id": None,
    "companies": [COMPANY_ID],
    "created_at": "2026-11-21T09:30:00Z",
    "expires_at": "2027-11-30T23:59:59Z",
    "last_used_at": None,
    "revoked_at": None,
    "links": {"self": f"/v1/keys/{KEY_ID}"},
}
KEY_MADE: dict[str, Any] = {**KEY, "key": "bk_EXAMPLE-of-43-letters-digits-and-two-signs"}

TOKEN: dict[str, Any] = {
    "access_token": "bkt_EXAMPLE-of-43-letters-digits-and-two-signs",
    "token_type": "Bearer",
    "expires_in": 3600,
    "scope": "read send",
}
TOKEN_REQUEST: dict[str, Any] = {
    "grant_type": "client_credentials",
    "client_id": KEY_ID,
    "client_secret": "bk_EXAMPLE-of-43-letters-digits-and-two-signs",
}
TOKEN_REFUSED: dict[str, Any] = {
    "error": "invalid_scope",
    "error_description": "The key has the scopes: read send",
}
CLIENT_REFUSED: dict[str, Any] = {
    "error": "invalid_client",
    "error_description": "The key is unknown, revoked, or past its time",
}
SERVER: dict[str, Any] = {
    "issuer": "https://invoices.example",
    "token_endpoint": "https://invoices.example/oauth/token",
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "grant_types_supported": ["client_credentials"],
    "response_types_supported": [],
    "scopes_supported": ["read", "send", "receive", "manage"],
}
