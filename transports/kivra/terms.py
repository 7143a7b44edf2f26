"""What a company has settled with Kivra: its tenant, and the account of what has none. Pure.

In charge of reading and checking `channels.kivra` in a company's settings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from schemas.identifiers import Kind, normal
from transports.base import Account, AccountKind

# A tenant key is hexadecimal; those seen have 42 digits.
_TENANT = re.compile(r"[0-9a-f]{8,64}")

_GIROS: Final = {
    AccountKind.BANKGIRO: Kind.SE_BANKGIRO,
    AccountKind.PLUSGIRO: Kind.SE_PLUSGIRO,
}

_KNOWN: Final = ("tenant", *_GIROS)


@dataclass(frozen=True, slots=True)
class Terms:
    """A company's terms. `account` is paid to where an invoice names no bankgiro or plusgiro."""

    tenant: str
    account: Account | None = None


def read(terms: Mapping[str, Any]) -> Terms:
    """The terms. Raises ValueError with everything that is wrong with them."""
    faults = wrong(terms)
    if faults:
        raise ValueError(" ".join(faults))
    accounts = [Account(k, normal(_GIROS[k], terms[k])) for k in _GIROS if k in terms]
    return Terms(terms["tenant"].lower(), accounts[0] if accounts else None)


def wrong(terms: Mapping[str, Any]) -> tuple[str, ...]:
    """What is wrong with the terms, a sentence each; empty where nothing is."""
    faults = []
    tenant = terms.get("tenant")
    if tenant is None:
        faults.append("tenant is missing: the key of the company's tenant at Kivra.")
    elif not isinstance(tenant, str) or not _TENANT.fullmatch(tenant.lower()):
        faults.append("tenant is not a tenant key: expected 8 to 64 hexadecimal digits.")
    for kind, number in _GIROS.items():
        if kind not in terms:
            continue
        try:
            normal(number, str(terms[kind]) if isinstance(terms[kind], str) else "")
        except ValueError as error:
            faults.append(f"{kind} is not a {kind} number: {str(error).rstrip('.')}.")
    if len(_GIROS.keys() & terms.keys()) > 1:
        faults.append("bankgiro and plusgiro are both there: one account is paid to.")
    unknown = sorted(terms.keys() - set(_KNOWN))
    if unknown:
        names = ", ".join(unknown)
        faults.append(f"{names} is not known here: expected tenant, bankgiro, plusgiro.")
    return tuple(faults)
