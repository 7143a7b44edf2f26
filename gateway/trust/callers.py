"""Who calls: a key, a client with a token, or a person; and what they may do.

In charge of the value that every operation is given. Not in charge of how somebody is recognised
(`gateway.api.callers` for keys and tokens).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from gateway.store.port import Company
from gateway.trust.reach import Reach
from gateway.trust.scopes import Scope


class Kind(StrEnum):
    """What somebody is recognised by."""

    KEY = "key"
    CLIENT = "client"  # a token that a key was exchanged for (OAuth2)
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who calls. `company` is the one acted for; None: they have several and named none,
    which is enough only for what is about all of them."""

    kind: Kind
    id: str  # of the key or the person
    name: str  # for the audit: "key:ledger", "person:..."
    reach: Reach
    scopes: Collection[Scope]
    company: Company | None = None
    until: datetime | None = None  # when what they call with ends

    @property
    def account_id(self) -> str:
        """The account that they speak for; empty: only for the companies they were given."""
        return self.reach.account_id

    def may(self, scope: Scope) -> bool:
        """Whether they have the right."""
        return scope in self.scopes
