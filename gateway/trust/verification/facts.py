"""What of a company is verified: when one of these changes, it has to be shown again. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from gateway.routing.terms import CHANNELS
from gateway.store.port import Company

# How channels' terms name where the money goes.
_ACCOUNTS: Final = ("account", "bankgiro", "bankgiros", "plusgiro", "iban", "bank_account")

SAID: Final = {
    "name": "its name",
    "country": "its country",
    "numbers": "its organisation numbers",
    "parent": "the company it belongs to",
    "administrator": "its administrator",
    "accounts": "its bank accounts",
}


def facts(company: Company) -> dict[str, Any]:
    """What is verified, by name. The administrator is who a company says it is, in its settings."""
    channels: Mapping[str, Any] = company.settings.get(CHANNELS, {})
    return {
        "name": company.name,
        "country": company.country,
        "numbers": sorted(name.lower() for name in company.participants),
        "parent": company.parent_id,
        "administrator": company.settings.get("administrator", ""),
        "accounts": {
            name: {key: terms[key] for key in _ACCOUNTS if key in terms}
            for name, terms in sorted(channels.items())
            if isinstance(terms, Mapping)
        },
    }


def hashed(known: Mapping[str, Any]) -> dict[str, str]:
    """The facts as they can be kept in the open: by their hashes."""
    return {name: _hash(known[name]) for name in SAID}


def changed(before: Mapping[str, str], company: Company) -> tuple[str, ...]:
    """The names of the facts that are not what they were. What nobody looked at then is none."""
    after = hashed(facts(company))
    return tuple(name for name in before if name in after and before[name] != after[name])


def as_known(company: Company) -> dict[str, Any]:
    """The company as it is told of in what is signed, and in the record."""
    return {"id": company.id, "number": _number(company), **facts(company)}


def _number(company: Company) -> str:
    """The number that the company is known by in its register: its first participant's."""
    return company.participants[0].partition(":")[2] if company.participants else ""


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
