"""Keys in the store: who has one, for which companies, with which rights.

In charge of the rows and of what the store promises of them; a part of the port
(`gateway.store.port.Store`). Not in charge of whether a key counts just now (`gateway.trust.keys`).

Nobody's secret is stored. A secret is 256 random bits, and what is stored and looked up is its
SHA-256: such a hash can be neither guessed nor turned round, so it needs no salt and no slow hash;
and because an index is asked for the hash of what came, what time the answer takes tells about
that hash and nothing about any secret. Nothing is left to be compared in constant time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, Self

from gateway.trust.reach import Reach
from gateway.trust.scopes import EVERY, Scope

if TYPE_CHECKING:
    from gateway.audit.chain import Told
    from gateway.store.port import Company


@dataclass(frozen=True, slots=True)
class AccessKey:
    """What an API key may do, and for whom. Its secret may change; its id stays.

    With an `account_id` it is for every company of the account, also those that come later;
    otherwise for `companies`, at least one.
    """

    id: str
    account_id: str
    companies: tuple[str, ...]  # by id
    label: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None  # to a minute or so
    revoked_at: datetime | None = None

    @property
    def reach(self) -> Reach:
        """The companies it is for."""
        return Reach(self.account_id, self.companies)


@dataclass(frozen=True, slots=True)
class Holder:
    """What is known of who has sent a secret.

    `token`: it is no secret of the key itself but was given out for one, with `scopes` and for a
    time. `until`: when the secret ends, where that is before the key does. `company` is the one
    that was asked for, or the key's only one; None: there is none such within the key's reach.
    """

    key: AccessKey
    scopes: frozenset[Scope]
    token: bool
    until: datetime | None
    company: Company | None

    @classmethod
    def of(
        cls, key: AccessKey, scopes: str | None, until: datetime | None, company: Company | None
    ) -> Self:
        """From what is stored of a secret: the `scopes` of a token, None for one of the key's own.
        A token never has more rights than its key has."""
        if company is not None and not key.reach.takes_in(
            company.id, company.parent_id, company.account_id
        ):
            company = None
        rights = key.scopes if scopes is None else key.scopes & scopes_of(scopes)
        return cls(key, rights, scopes is not None, until, company)


def words(scopes: frozenset[Scope]) -> str:
    """Scopes as they are stored, and as OAuth2 writes them."""
    return " ".join(sorted(scopes))


def scopes_of(text: str) -> frozenset[Scope]:
    """Scopes out of `words`."""
    return frozenset(map(Scope, text.split()))


def everything_for(company_id: str, key_sha256: str, label: str, now: datetime) -> AccessKey:
    """A key that may do everything for one company. Its id comes of its secret, so that adding it
    again is no other key."""
    return AccessKey(f"key_{key_sha256[:32]}", "", (company_id,), label, EVERY, now)


class Access(Protocol):
    """The operations. What is outside of a reach is answered like what does not exist: a key is
    within reach when all the companies that it is for are."""

    async def add_key(
        self,
        company_id: str,
        key_sha256: str,
        label: str,
        now: datetime,
        *,
        told: Told | None = None,
    ) -> None:
        """Stores the hash of an API key that may do everything for one company. Nothing happens
        when the company has it already; another's is a Contradiction."""
        ...

    async def put_key(
        self, key: AccessKey, key_sha256: str, now: datetime, *, told: Told | None = None
    ) -> None:
        """Stores a key and the hash of its secret. Raises Contradiction for a company or an account
        that is not there, and for a secret that is another key's."""
        ...

    async def holder(self, key_sha256: str, company_id: str = "") -> Holder | None:
        """Who has the secret with this hash, and the company `company_id`, or the only one, that
        they act for. Whether the key still counts is not asked."""
        ...

    async def key(self, reach: Reach | None, key_id: str) -> AccessKey | None:
        """One key, if it is within reach; None: anybody's (operators only)."""
        ...

    async def keys(self, reach: Reach | None, after: str, limit: int) -> Sequence[AccessKey]:
        """The keys within reach past the id `after`, by id; None: everybody's (operators only)."""
        ...

    async def revoke_key(
        self, reach: Reach, key_id: str, now: datetime, *, told: Told | None = None
    ) -> bool:
        """Ends a key and its tokens for good; False when none is within reach that still counts."""
        ...

    async def rotate_key(
        self,
        reach: Reach,
        key_id: str,
        key_sha256: str,
        until: datetime,
        now: datetime,
        *,
        told: Told | None = None,
    ) -> bool:
        """Gives a key another secret; the newest one so far is good `until` then, older ones end
        now. False when no key is within reach that was not revoked."""
        ...

    async def issue_token(
        self,
        key_id: str,
        token_sha256: str,
        scopes: frozenset[Scope],
        until: datetime,
        now: datetime,
    ) -> None:
        """Stores the hash of a token, and forgets those whose time is over."""
        ...

    async def use_keys(self, used: Mapping[str, datetime]) -> None:
        """Writes when keys were used last, by their ids."""
        ...
