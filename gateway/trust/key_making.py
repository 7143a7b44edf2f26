"""What people do about keys: make them, revoke them, give them another secret.

In charge of the rules for that and of the audit: nobody gives what they have not got. Not in charge
of whether a key counts (`gateway.trust.keys`).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.audit.chain import Told
from gateway.clock import Clock
from gateway.store.access import AccessKey
from gateway.store.ids import new_id
from gateway.store.port import Company, Store
from gateway.trust.callers import Caller
from gateway.trust.keys import digest, new_secret, told_of
from gateway.trust.reach import Reach
from gateway.trust.scopes import Scope

_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Wish:
    """A key to be made. Without `companies` it is for all that its maker is there for; without
    `expires_at` it ends when what its maker calls with does. `id`: its own, where its maker asks
    for the same key again."""

    label: str
    scopes: Sequence[Scope]
    companies: Sequence[str] | None = None
    expires_at: datetime | None = None
    id: str = field(default_factory=lambda: new_id("key"))


@dataclass(frozen=True, slots=True)
class Made:
    """A key with its new secret, which is stored nowhere."""

    key: AccessKey
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Refused:
    """What is wrong with a wish: each with its place, as a JSON pointer."""

    faults: tuple[tuple[str, str], ...]


class MoreThanTheirs(Exception):
    """The key may do more, or for longer, than who would have its secret."""


class KeyMaking:
    """The verbs. Each finds only keys within the caller's reach."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def make(self, who: Caller, wish: Wish, reason: str = "") -> Made | Refused:
        """Makes a key. Raises Contradiction where there is one with this id."""
        now = self._clock.now()
        faults = [
            (f"/scopes/{n}", f"`{scope}` is more than your own key may do")
            for n, scope in enumerate(wish.scopes)
            if not who.may(scope)
        ]
        reach = who.reach
        if wish.companies is not None:
            faults += await self._unknown(reach, wish.companies)
            reach = Reach("", tuple(sorted(set(wish.companies))))
        expires_at = wish.expires_at or who.until
        if expires_at is not None and expires_at <= now:
            faults.append(("/expires_at", "must be later than now"))
        elif who.until is not None and expires_at is not None and expires_at > who.until:
            until = f"{who.until:%Y-%m-%dT%H:%M:%SZ}"
            faults.append(("/expires_at", f"must be no later than your own key ends: {until}"))
        if faults:
            return Refused(tuple(faults))
        secret, scopes = new_secret(), frozenset(wish.scopes)
        ours = (reach.account_id, reach.companies)
        row = AccessKey(wish.id, *ours, wish.label, scopes, now, expires_at)
        told = Told(told_of(row, who.name, "key.added", reason=reason), now)
        await self._store.put_key(row, digest(secret), now, told=told)
        return Made(row, secret)

    async def revoke(self, who: Caller, key_id: str, reason: str = "") -> bool:
        """Revokes a key for good; False when there is none within reach. Revoked already, nothing
        is done."""
        row, now = await self._store.key(who.reach, key_id), self._clock.now()
        if row is None:
            return False
        told = Told(told_of(row, who.name, "key.revoked", reason=reason), now)
        await self._store.revoke_key(who.reach, row.id, now, told=told)
        return True

    async def rotate(self, who: Caller, row: AccessKey, grace: timedelta) -> Made | None:
        """Gives a key another secret; the one so far is good for `grace` more. None: it was
        revoked. Raises MoreThanTheirs."""
        if not _covers(who, row):
            raise MoreThanTheirs(row.id)
        now = self._clock.now()
        secret, until = new_secret(), now + grace
        told = Told(told_of(row, who.name, "key.rotated", until), now)
        done = await self._store.rotate_key(
            who.reach, row.id, digest(secret), until, now, told=told
        )
        return Made(row, secret) if done else None

    async def of_company(self, reach: Reach | None, company: Company) -> AsyncIterator[AccessKey]:
        """The keys within reach that act for a company, by id; None: anybody's (operators
        only)."""
        place = (company.id, company.parent_id, company.account_id)
        after = ""
        while page := await self._store.keys(reach, after, _PAGE):
            after = page[-1].id
            for row in page:
                if row.reach.takes_in(*place):
                    yield row

    async def _unknown(self, reach: Reach, asked: Collection[str]) -> list[tuple[str, str]]:
        return [
            (f"/companies/{n}", "names no company of yours")
            for n, company_id in enumerate(asked)
            if await self._store.company_within(reach, company_id) is None
        ]


def _covers(who: Caller, key: AccessKey) -> bool:
    """Whether they may do all that the key may, as long as it may: else its secret, in their
    hands, would be more than they have."""
    if who.until is not None and (key.expires_at is None or key.expires_at > who.until):
        return False
    return all(map(who.may, key.scopes))
