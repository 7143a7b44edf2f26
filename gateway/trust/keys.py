"""Keys: whether one counts now, how a secret looks, and who calls with it.

In charge of the rules, as functions over what the store has. Not in charge of storing
(`gateway.store.access`), nor of the operations that make keys (`gateway.api.keys`).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Final

from gateway.audit.chain import NewEntry, instant, reasoned
from gateway.store.access import AccessKey, Holder
from gateway.trust.callers import Caller, Kind

# What secrets begin with, so that whoever finds one in a repository or a log knows what it is.
KEY: Final = "bk_"
TOKEN: Final = "bkt_"  # noqa: S105  (what tokens begin with)


def new_secret(prefix: str = KEY) -> str:
    """A secret: 256 random bits behind the prefix, in letters, digits, `-` and `_`."""
    return prefix + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is stored and looked up instead of the secret; see `gateway.store.access`."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def counts(holder: Holder, now: datetime) -> bool:
    """Whether what they have sent is good now: neither revoked nor past its time."""
    if holder.key.revoked_at is not None:
        return False
    return all(end is None or now < end for end in (holder.key.expires_at, holder.until))


def caller(holder: Holder) -> Caller:
    """Who they are."""
    key = holder.key
    kind = Kind.CLIENT if holder.token else Kind.KEY
    name = f"{kind}:{key.label or key.id}"
    return Caller(kind, key.id, name, key.reach, holder.scopes, holder.company, key.expires_at)


def told_of(
    key: AccessKey, actor: str, action: str, until: datetime | None = None, *, reason: str = ""
) -> NewEntry:
    """What the audit says of something done with a key; `until`: how long its secret so far is
    good."""
    company_id = key.companies[0] if len(key.companies) == 1 else ""
    data = {
        "label": key.label,
        "scopes": sorted(key.scopes),
        "account": key.account_id,
        "companies": list(key.companies),
        "expires_at": None if key.expires_at is None else instant(key.expires_at),
        **({} if until is None else {"until": instant(until)}),
    }
    return NewEntry(actor, action, key.id, company_id, reasoned(data, reason))
