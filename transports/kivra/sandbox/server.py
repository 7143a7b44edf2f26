"""Kivra on loopback: gives tokens, matches, takes contents, and misbehaves when told to.

Speaks the sender API over HTTP in the running event loop. The recipient's number tells what happens
(`MAGIC`); `behave` tells it for any other. Tokens end, and payments come, by the clock given.
Kivra's own sandbox does not look for duplicates; this one does, as production.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs

from aiohttp import web

from transports.base import Now, utc_now
from transports.http_server import HttpServer
from transports.kivra import wire
from transports.kivra.sandbox.behaviour import CODES, COMPANIES, MAGIC, NOT_USERS, Behaviour
from transports.kivra.sandbox.checks import ERRORS, Seen, Wrong, is_company, is_person, look
from transports.kivra.sandbox.posting import Posting

TENANT: Final = "17000000000000000000000000000000000000ab"
SECRET: Final = "whsec_" + b64encode(b"the sandbox's own, of 32 bytes..").decode()

TOKEN_GOOD: Final = timedelta(hours=8)
A_MINUTE: Final = 50  # contents to the same recipient

_MAGIC: Final = {number: behaviour for behaviour, number in MAGIC.items()}


@dataclass(slots=True)
class Kept:
    """A content in a mailbox. `requests` is how often it came: more than once, when repeated."""

    key: str
    tenant: str
    seen: Seen
    body: bytes
    at: datetime
    state: str = "delivered"
    requests: int = 1


@dataclass(frozen=True, slots=True)
class _Token:
    scopes: frozenset[str]
    until: datetime


class Sandbox(HttpServer):
    """The server; `async with Sandbox() as kivra: ... kivra.url`.

    `times` is how often ERROR, BUSY, TOO_MANY and DROP misbehave for a content. `webhook_url` is
    where payments are told (empty: nowhere); a payment is scheduled and settled so long after the
    content came, by `now`.
    """

    def __init__(
        self,
        *,
        now: Now = utc_now,
        client_id: str = "sandbox",
        client_secret: str = "sandbox",  # noqa: S107 - a sandbox's
        tenants: tuple[str, ...] = (TENANT,),
        times: int = 1,
        webhook_secret: str = SECRET,
        webhook_answer_s: float = 1,
        scheduled_after: timedelta = timedelta(seconds=1),
        settled_after: timedelta = timedelta(seconds=2),
    ) -> None:
        super().__init__(
            [
                web.post("/v1/auth", self._auth),
                web.post("/v2/tenant/{tenant}/usermatch/ssn", self._people),
                web.post("/v2/tenant/{tenant}/companymatch/vatnr", self._companies),
                web.post("/v2/tenant/{tenant}/content", self._content),
            ],
            gate=_told_as_error,
            most_bytes=10 * 1024 * 1024,
        )
        self.contents: list[Kept] = []
        self.not_users = set(NOT_USERS)
        self.companies = set(COMPANIES)
        self.tenants = set(tenants)
        self.tokens_given = 0
        self.matches: list[list[str]] = []  # the numbers of each call
        self.posting = Posting(webhook_secret, now, answer_s=webhook_answer_s)
        self._now = now
        self._login = "Basic " + b64encode(f"{client_id}:{client_secret}".encode()).decode()
        self._times = times
        self._scheduled_after = scheduled_after
        self._settled_after = settled_after
        self._tokens: dict[str, _Token] = {}
        self._behaviours: dict[str, Behaviour] = {}
        self._misbehaved: Counter[str] = Counter()
        self._came: dict[str, list[datetime]] = {}
        self._posting: asyncio.Task[None] | None = None

    def post_to(self, url: str) -> None:
        """From now on, tells payments there, as their time comes."""
        self.posting.url = url
        if self._posting is None:
            self._posting = asyncio.create_task(self._post_on(), name="kivra webhooks")

    async def _post_on(self) -> None:
        while True:
            await self.posting.send_due()
            await asyncio.sleep(0.1)

    def behave(self, number: str, behaviour: Behaviour) -> None:
        """From now on, does `behaviour` with contents to that number."""
        self._behaviours[number] = behaviour

    def revoke_tokens(self) -> None:
        """No token that was given is good any more."""
        self._tokens.clear()

    def received(self) -> list[dict[str, Any]]:
        """What is in the mailboxes, for a page: personal numbers masked."""
        return [
            {
                "to": _masked(kept.seen.to),
                "number": kept.seen.subject,
                "reference": kept.key,
                "state": kept.state,
                "at": kept.at,
            }
            for kept in self.contents
        ]

    async def close(self) -> None:
        """Stops, and lets go of those that hang."""
        if self._posting is not None:
            self._posting.cancel()
            await asyncio.gather(self._posting, return_exceptions=True)
        await super().close()

    # --- tokens ---------------------------------------------------------------------------------

    async def _auth(self, request: web.Request) -> web.Response:
        self._is_open()
        form = parse_qs((await request.read()).decode("utf-8", "replace"))
        if request.headers.get("Authorization") != self._login:
            raise Wrong(40104, "the client")
        if form.get("grant_type") != ["client_credentials"]:
            raise Wrong(40000, "grant_type")
        scopes = frozenset(form.get("scope", [""])[0].split())
        allowed = {scope for tenant in self.tenants for scope in wire.scope(tenant).split()}
        if not scopes or not scopes <= allowed:
            raise Wrong(40003, "the scope")
        self.tokens_given += 1
        token = sha256(f"{self.tokens_given}".encode()).hexdigest()
        self._tokens[token] = _Token(scopes, self._now() + TOKEN_GOOD)
        answer = {
            "access_token": token,
            "expires_in": int(TOKEN_GOOD.total_seconds()),
            "scope": " ".join(sorted(scopes)),
            "token_type": "bearer",
        }
        return web.json_response(answer)

    def _is_open(self) -> None:
        if not self.available:
            raise Wrong(50300, "closed for the moment")

    def _allowed(self, request: web.Request, verb: str) -> str:
        self._is_open()
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        token = self._tokens.get(given)
        if token is None or token.until <= self._now():
            raise Wrong(40100, "the token")
        tenant = request.match_info["tenant"]
        method, _, name = verb.partition(":")
        if f"{method}:kivra.v2.tenant.{tenant}.{name}" not in token.scopes:
            raise Wrong(40400, "the tenant")
        return tenant

    # --- the match ------------------------------------------------------------------------------

    async def _people(self, request: web.Request) -> web.Response:
        self._allowed(request, "get:usermatch.ssn")
        numbers = _listed(await request.read())
        if not all(is_person(number) for number in numbers):
            raise Wrong(40009, "YYYYMMDDnnnn is expected")
        return self._matched(numbers)

    async def _companies(self, request: web.Request) -> web.Response:
        self._allowed(request, "post:companymatch.vatnr")
        numbers = _listed(await request.read())
        if not all(is_company(number) for number in numbers):
            raise Wrong(40018, "SE, ten digits and 01 are expected")
        return self._matched(numbers)

    def _matched(self, numbers: list[str]) -> web.Response:
        self.matches.append(numbers)
        return web.json_response({"list": [number for number in numbers if self._has(number)]})

    def _has(self, number: str) -> bool:
        return number in self.companies if is_company(number) else number not in self.not_users

    # --- the content ----------------------------------------------------------------------------

    async def _content(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        tenant = self._allowed(request, "post:content")
        seen = look(body)
        behaviour = self._behaviours.get(seen.to) or _MAGIC.get(seen.to, Behaviour.ACCEPT)
        if behaviour is Behaviour.HANG:
            await self.closing.wait()
            raise Wrong(50300, "closing")
        if behaviour in CODES:
            raise Wrong(CODES[behaviour], "as it is told to")
        if behaviour in _FOR_A_WHILE and self._misbehaves(seen):
            raise Wrong(_FOR_A_WHILE[behaviour], "this once")
        if not self._has(seen.to):
            raise Wrong(40032, "nobody by that number")
        kept = self._take(tenant, seen, body, behaviour)
        if behaviour is Behaviour.DROP and self._misbehaves(seen):
            assert request.transport is not None
            request.transport.abort()
        headers = {"kivra-objkey": kept.key, "location": f"/v2/tenant/{tenant}/content/{kept.key}"}
        return web.json_response({"subject": seen.subject}, status=201, headers=headers)

    def _take(self, tenant: str, seen: Seen, body: bytes, behaviour: Behaviour) -> Kept:
        for kept in self.contents:
            if (kept.tenant, kept.seen.sameness) == (tenant, seen.sameness):
                kept.requests += 1
                return kept
        now = self._now()
        came = [at for at in self._came.get(seen.to, []) if at > now - timedelta(minutes=1)]
        if len(came) >= A_MINUTE:
            raise Wrong(42900, f"{A_MINUTE} contents a minute")
        self._came[seen.to] = [*came, now]
        key = sha256(f"{tenant}{seen.sameness}".encode()).hexdigest()[:42]
        kept = Kept(key, tenant, seen, body, now)
        self.contents.append(kept)
        if behaviour in {Behaviour.PAY, Behaviour.PAY_IN_VAIN}:
            last = "settled" if behaviour is Behaviour.PAY else "failed"
            self.tell_payment(kept, "scheduled", now + self._scheduled_after)
            self.tell_payment(kept, last, now + self._settled_after)
        return kept

    def tell_payment(self, kept: Kept, event: str, at: datetime) -> None:
        """Tells what became of a content's payment, when its time has come."""
        data = {
            "content_key": kept.key,
            "due_date": kept.seen.due_date,
            "pay_date": at.date().isoformat(),
            "remittance_type": kept.seen.reference_type,
            "remittance_string": kept.seen.reference,
            "payment_type": "bank",
            "payment_event": event,
            "amount": kept.seen.amount,
            "currency": "SEK",
            "event_time": at.isoformat(),
        }
        self.posting.add("payment_callback", data, at)
        kept.state = event

    def _misbehaves(self, seen: Seen) -> bool:
        self._misbehaved[seen.sameness] += 1
        return self._misbehaved[seen.sameness] <= self._times


# What is answered `times` times, and then the content is taken.
_FOR_A_WHILE: Final = {
    Behaviour.EXPIRED: 40100,
    Behaviour.TOO_MANY: 42900,
    Behaviour.ERROR: 50000,
    Behaviour.BUSY: 50300,
}


def _listed(body: bytes) -> list[str]:
    try:
        numbers = json.loads(body)["list"]
    except (ValueError, KeyError, TypeError):
        raise Wrong(40008, "a list is expected") from None
    if not isinstance(numbers, list) or not all(isinstance(number, str) for number in numbers):
        raise Wrong(40000, "a list of strings is expected")
    return numbers


def _masked(number: str) -> str:
    return f"{number[:8]}****" if is_person(number) else number


@web.middleware
async def _told_as_error(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)
    except Wrong as wrong:
        message = {
            "code": str(wrong.code),
            "short_message": ERRORS[wrong.code],
            "long_message": wrong.text,
        }
        headers = {"x-error-code": str(wrong.code), "x-correlation-id": "sandbox-1"}
        if wrong.code == 42900:
            headers["Retry-After"] = "60"
        if wrong.code == 50300:
            headers["Retry-After"] = "1"
        return web.json_response(message, status=wrong.code // 100, headers=headers)
    return answer
