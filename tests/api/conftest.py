"""A real server on loopback over a real store, and two companies with a key each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.agreements import Agreements
from gateway.api.app import make_app, make_runner
from gateway.api.guard import Guard
from gateway.api.routes import Limits
from gateway.channels import TERMS
from gateway.clock import Clock, MovableClock
from gateway.delivery.deliver import Case
from gateway.delivery.prepare import Preparing
from gateway.delivery.unpacking import Unpacking
from gateway.outside.client import Outside, Rules
from gateway.registration.verbs import Verbs
from gateway.store.port import Again, Company, Job
from gateway.store.sqlite import SqliteStore
from gateway.trust.gate import OPEN, Gate
from gateway.trust.verification.request import Sealed
from gateway.trust.verification.standing import Terms
from gateway.trust.verification.verbs import Verbs as Verifications
from gateway.webhooks.courier import Courier
from gateway.webhooks.endpoints import Webhooks
from gateway.webhooks.sealing import Sealing
from schemas.identifiers import Participant
from tests.servers.sink import Sink

AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
KEY, OTHER_KEY = "bk_norrsken_test_key", "bk_fjordstrom_test_key"
COMPANY = Company("com_norrsken", "Norrsken Papper AB", "SE", ("0007:5560000019",), {})
OTHER = Company("com_fjordstrom", "Fjordstrøm AS", "NO", ("0192:918130047",), {})
MOST_BYTES = 1024 * 1024
MOST_WEBHOOKS = 200
LIMITS = Limits(body_bytes=MOST_BYTES, idle_body_s=60, long_poll_s=20)


@dataclass
class Reply:
    """An answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass
class Api:
    """The server, its store, and requests to it."""

    url: str
    store: SqliteStore
    webhooks: Webhooks
    clock: MovableClock
    session: aiohttp.ClientSession
    closed: bool = False

    async def call(self, method: str, path: str, *, key: str | None = KEY, **how: Any) -> Reply:
        headers = dict(how.pop("headers", {}))
        if key is not None:
            headers.setdefault("Authorization", f"Bearer {key}")
        async with self.session.request(
            method, self.url + path, headers=headers, **how
        ) as response:
            return Reply(response.status, response.headers, await response.read())

    async def get(self, path: str, **how: Any) -> Reply:
        return await self.call("GET", path, **how)

    async def post(self, path: str, **how: Any) -> Reply:
        return await self.call("POST", path, **how)

    async def submit(self, body: Any, **how: Any) -> Reply:
        return await self.post("/v1/documents", json=body, **how)

    async def close_store(self) -> None:
        """What a full disk looks like from here: the store refuses."""
        if not self.closed:
            self.closed = True
            await self.store.close()

    async def count(self) -> int:
        """How many documents there are, of all companies and states."""
        return sum((await self.store.counts(self.clock.now()))["documents"].values())

    async def prepare(self) -> None:
        """Does the work that is due: what a worker would do before the first channel is tried."""

        async def deliver(job: Job, case: Case) -> None:
            assert case.unsaved is not None
            later = Again(self.clock.now(), kind="deliver")
            await self.store.checkpoint(job, replace(case.unsaved, next=later), self.clock.now())

        preparing = Preparing(self.store, self.clock, configured=["email"], deliver=deliver)
        for job in await self.store.claim("test", self.clock.now(), 60, 100):
            await preparing(job)


@asynccontextmanager
async def serving(
    store: SqliteStore,
    limits: Limits = LIMITS,
    *,
    publisher: bool = True,
    channels: Collection[str] = (),
    unpacking: Unpacking | None = None,
    agreements: Callable[[Clock], Agreements] | None = None,
    gate: Callable[[SqliteStore, Clock], Gate] | None = None,
    signers: Sequence[str] = (),
    guard: Callable[[Clock], Guard] | None = None,
) -> AsyncIterator[Api]:
    """The server over a store, which is closed at the end. `publisher`: one is set up;
    `channels`: those that are."""
    clock = MovableClock(AT)
    for company, key in ((COMPANY, KEY), (OTHER, OTHER_KEY)):
        await store.add_company(company, AT)
        await store.add_key(company.id, hashlib.sha256(key.encode()).hexdigest(), "test", AT)
    outside = Outside(Rules(allow_http=True, allow_private=True, limit_s=10))
    webhooks = Webhooks(
        store, Courier(outside, Sealing(None, clock), clock), clock, most=MOST_WEBHOOKS
    )
    participants = Verbs(store, clock, Participant.parse("0242:000001")) if publisher else None
    app = make_app(
        *(store, webhooks, clock),
        limits=limits,
        channels=channels,
        terms=TERMS,
        participants=participants,
        unpacking=unpacking,
        agreements=None if agreements is None else agreements(clock),
        gate=OPEN if gate is None else gate(store, clock),
        verification=Verifications(store, clock, Sealed(None, clock), signers, Terms()),
        guard=None if guard is None else guard(clock),
    )
    runner = make_runner(app, drain_s=5, lingering_s=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with aiohttp.ClientSession() as session:
        api = Api(f"http://127.0.0.1:{port}", store, webhooks, clock, session)
        yield api
    await runner.cleanup()
    await outside.close()
    await api.close_store()


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(await SqliteStore.open(tmp_path)) as api:
        yield api


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    async with Sink() as sink:
        yield sink
