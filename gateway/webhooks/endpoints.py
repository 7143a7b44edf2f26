"""What people do with webhook endpoints: set them up, change them, try them, have events again.

In charge of the rules for that. `actor` is who does it, for the audit. Not in charge of the events'
own way (`gateway.webhooks.pushing`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from yarl import URL

from gateway.audit.chain import NewEntry, Told, reasoned
from gateway.clock import Clock
from gateway.store.endpoints import Endpoint, Push, SealedSecret
from gateway.store.ids import new_id
from gateway.store.port import Store
from gateway.webhooks import line
from gateway.webhooks.courier import Courier
from gateway.webhooks.message import trial_of
from gateway.webhooks.signing import OVERLAP, new_secret

MOST_ENDPOINTS: Final = 20  # of a company: each event is sent to each of them


@dataclass(frozen=True, slots=True)
class BadUrl:
    """The address is not one that we send to, and why: "must begin with https://"."""

    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TooMany:
    """The company has as many endpoints as it may have."""

    most: int


@dataclass(frozen=True, slots=True)
class Made:
    """An endpoint with a new secret, which is never shown again."""

    endpoint: Endpoint
    secret: str


class Webhooks:
    """The endpoints of all companies. None of its operations finds another company's."""

    def __init__(
        self,
        store: Store,
        courier: Courier,
        clock: Clock,
        *,
        most: int = MOST_ENDPOINTS,
    ) -> None:
        self._store = store
        self._courier = courier
        self._clock = clock
        self._most = most
        self._trials: dict[str, asyncio.Lock] = {}

    async def add(
        self,
        company_id: str,
        url: str,
        types: tuple[str, ...],
        description: str,
        active: bool,
        *,
        actor: str = "operator",
        reason: str = "",
    ) -> Made | BadUrl | TooMany:
        """Adds an endpoint. It gets the events from now on."""
        faults = await self._faults(url)
        if faults:
            return BadUrl(faults)
        secret, now = new_secret(), self._clock.now()
        endpoint = Endpoint(
            id=new_id("wh"),
            company_id=company_id,
            url=url,
            types=types,
            description=description,
            active=active,
            secrets=(SealedSecret(await self._courier.sealing.sealed(company_id, secret)),),
            cursor=await self._store.newest(company_id),
            created_at=now,
            updated_at=now,
        )
        told = _told(actor, "webhook.added", reason, endpoint, now)
        if not await self._store.add_endpoint(endpoint, self._most, told=told):
            return TooMany(self._most)
        return Made(endpoint, secret)

    async def change(
        self,
        company_id: str,
        endpoint_id: str,
        fields: Mapping[str, Any],
        *,
        actor: str = "operator",
        reason: str = "",
    ) -> Endpoint | BadUrl | None:
        """Changes `url`, `types`, `description` or `active`; None when there is no such endpoint.

        What waited to be tried again is tried at once. One that is switched on goes on where it
        stopped.
        """
        faults = await self._faults(fields["url"]) if "url" in fields else ()
        if faults:
            return BadUrl(faults)

        def changed(endpoint: Endpoint, now: datetime) -> Endpoint:
            if "active" in fields and not fields["active"]:
                off = ("webhook.switched_off", "It was switched off.")
                return replace(_fresh(endpoint, *off), **fields)
            return replace(_fresh(endpoint), **fields)

        what = (actor, "webhook.changed", reason)
        return await self._changed(company_id, endpoint_id, changed, what)

    async def remove(
        self, company_id: str, endpoint_id: str, *, actor: str = "operator", reason: str = ""
    ) -> bool:
        """Takes an endpoint away; False when there is none."""
        data = reasoned({}, reason)
        entry = NewEntry(actor, "webhook.removed", endpoint_id, company_id, data)
        told = Told(entry, self._clock.now())
        removed = await self._store.remove_endpoint(company_id, endpoint_id, told=told)
        if removed:
            await self._store.drop([line.key(endpoint_id)])
        return removed

    async def rotate(
        self, company_id: str, endpoint_id: str, *, actor: str = "operator", reason: str = ""
    ) -> Made | None:
        """Gives an endpoint a new secret; the newest of the old ones signs too for a while."""
        secret = new_secret()
        sealed = SealedSecret(await self._courier.sealing.sealed(company_id, secret))

        def changed(endpoint: Endpoint, now: datetime) -> Endpoint:
            before = replace(endpoint.secrets[0], until=now + OVERLAP)
            return replace(endpoint, secrets=(sealed, before))

        what = (actor, "webhook.secret_rotated", reason)
        endpoint = await self._changed(company_id, endpoint_id, changed, what)
        return None if endpoint is None else Made(endpoint, secret)

    async def test(self, company_id: str, endpoint_id: str) -> Push | None:
        """Sends a message that tells of nothing, and says what came of it. Of a company one goes
        out at a time: this is no tool to keep others' servers busy with."""
        endpoint = await self._store.endpoint(company_id, endpoint_id)
        if endpoint is None:
            return None
        async with self._trials.setdefault(company_id, asyncio.Lock()):
            push, _ = await self._courier.bring(endpoint, trial_of(endpoint.id, self._clock.now()))
        await self._store.add_push(company_id, endpoint_id, push)
        return push

    async def go_back(
        self,
        company_id: str,
        endpoint_id: str,
        after: str | None,
        *,
        actor: str = "operator",
        reason: str = "",
    ) -> Endpoint | None:
        """Has every event after a cursor brought again (None: all that are kept), in order, before
        those that have not been brought yet. Raises BadCursor."""
        await self._store.feed(company_id, after, 1)  # a cursor of this feed, or it raises

        def changed(endpoint: Endpoint, now: datetime) -> Endpoint:
            return replace(_fresh(endpoint), cursor=after)

        what = (actor, "webhook.went_back", reason)
        return await self._changed(company_id, endpoint_id, changed, what)

    async def once_more(self, company_id: str, endpoint_id: str, cursor: str) -> Endpoint | None:
        """Has one event brought again, beside the line. Raises BadCursor."""
        endpoint = await self._store.endpoint(company_id, endpoint_id)
        if endpoint is None or await self._store.event(company_id, cursor) is None:
            return None
        now = self._clock.now()
        await self._store.put([line.job_once_more(company_id, endpoint_id, cursor, now)], now)
        return endpoint

    async def _changed(
        self,
        company_id: str,
        endpoint_id: str,
        how: Callable[[Endpoint, datetime], Endpoint],
        who: tuple[str, str, str],
    ) -> Endpoint | None:
        """Changes an endpoint as it is then, and has its line looked at. `who` is the actor, the
        action and the reason, for the audit."""
        while True:
            endpoint = await self._store.endpoint(company_id, endpoint_id)
            if endpoint is None:
                return None
            now = self._clock.now()
            changed = replace(how(endpoint, now), updated_at=now)
            told = _told(*who, changed, now)
            if await self._store.change_endpoint(
                changed, told=told
            ):  # else somebody was quicker: once more
                if changed.active:
                    job = line.job(company_id, endpoint_id, now)
                    await self._store.put([job], now, replace=False)
                return replace(changed, version=changed.version + 1)

    async def _faults(self, url: str) -> tuple[str, ...]:
        outside = self._courier.outside
        faults = tuple(outside.faults(url))
        if faults:
            return faults
        what = await outside.leads_astray(URL(url).raw_host or "")
        return () if what is None else (f"leads to {what}; it must be a public address",)


def _told(actor: str, action: str, reason: str, endpoint: Endpoint, now: datetime) -> Told:
    # Of the address only the host: what comes after it may be a secret.
    data = reasoned({"host": URL(endpoint.url).host, "active": endpoint.active}, reason)
    return Told(NewEntry(actor, action, endpoint.id, endpoint.company_id, data), now)


def _fresh(endpoint: Endpoint, code: str = "", text: str = "") -> Endpoint:
    """The endpoint with its failures forgotten."""
    return replace(endpoint, tries=0, next_at=None, code=code, text=text)
