"""Two pollers take over what comes in, over HTTP, while the gateway is killed again and again.

The gateway is a real process that is sent SIGKILL at random (seeded) moments: numbers of documents
confirmed. Each poller asks both companies in turn, under leases, and now and then dies with what it
has. What is looked for afterwards: that each document was confirmed once, by one poller; that none
is lost; and that none was given out while an earlier one of its company was free.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp

from gateway.clock import SystemClock
from gateway.intake.prepare import Prepared, prepare
from gateway.sandbox import RECEIVER, SENDER, Seed, plant
from gateway.store.postgres import PostgresStore
from gateway.store.sqlite import SqliteStore
from tests.e2e.invoices import submission
from tests.e2e.server import Server
from tests.servers.postgres import tables_of
from transports.base import File

LEASE_S = 5.0
WAIT_S = 2.0
BATCH = 40
FEEDERS = 4
POLLERS = 2
# Of a hundred batches, so many are dropped by a poller that dies in the middle.
DIES = 3
PATIENCE_S = 1800.0
# A gateway that was killed with an answer in its hands had given it out by then.
GONE_S = 10.0
COMPANIES: Sequence[Seed] = (SENDER, RECEIVER)
_TIMES = aiohttp.ClientTimeout(total=120)
_UNREACHABLE = (aiohttp.ClientError, TimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Grant:
    """An answer of the inbox: when it was asked for, and when it was there. None: it never was."""

    company: str
    poller: int
    sent: float
    received: float | None
    documents: tuple[str, ...] = ()


@dataclass(slots=True)
class Found:
    """What happened, and what is wrong with it."""

    documents: int
    kills: int
    seconds: float = 0.0
    grants: list[Grant] = field(default_factory=list)
    owners: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    lost_leases: int = 0
    died: int = 0
    given_again: int = 0
    inversions: int = 0
    unexplained: list[str] = field(default_factory=list)
    wrong: dict[str, list[str]] = field(default_factory=dict)

    def line(self) -> str:
        """What happened, in a line."""
        lost = sum(grant.received is None for grant in self.grants)
        return (
            f"{self.documents} documents, {self.kills} kills, {self.seconds:.0f} s:"
            f" {len(self.owners)} confirmed, {sum(len(o) > 1 for o in self.owners.values())} twice,"
            f" {self.documents - len(self.owners)} lost; {len(self.grants)} polls, {lost} without"
            f" an answer, {self.died} batches dropped by a poller that died, {self.given_again}"
            f" documents given again, {self.lost_leases} late confirms refused; {self.inversions}"
            f" given after a later one, of which {len(self.unexplained)} were free by then"
        )


def invoice() -> bytes:
    """A valid invoice whose number is to be replaced."""
    body = submission("NUMBER", to=RECEIVER)
    original = File("document.json", "application/json", json.dumps(body).encode())
    made = prepare(original, (), {}, at=date(2026, 11, 2))
    assert isinstance(made, Prepared)
    return made.document


class Run:
    """One run."""

    def __init__(
        self, data: Path, documents: int, kills: int, seed: int, *, postgres: bool = False
    ) -> None:
        self.found = Found(documents, kills)
        self._data = data
        self._postgres = postgres
        self._kills = kills
        self._dice = random.Random(seed)
        self._settings = {
            "BUDKAVLE_DATA": str(data),
            "BUDKAVLE_LOG__LEVEL": "error",
            "BUDKAVLE_WORKER__POLL_S": "0.2",
            "BUDKAVLE_WORKER__LEASE_S": "3",
            "BUDKAVLE_WORKER__PROCESSES": "0",
        }
        self._uploaded: dict[str, str] = {}  # number -> id
        self._company: dict[str, str] = {}  # id -> company
        self._clock = time.monotonic

    async def run(self) -> Found:
        """Runs it, and looks at what was found."""
        store: PostgresStore | SqliteStore
        if self._postgres:
            url = self._settings["BUDKAVLE_STORE__URL"] = await tables_of(self._data)
            store = await PostgresStore.open(url, self._data)
        else:
            store = await SqliteStore.open(self._data)
        await plant(store, SystemClock())
        await store.close()
        self._server = Server(self._settings)
        began = self._clock()
        await self._server.start()
        try:
            async with asyncio.timeout(PATIENCE_S), aiohttp.ClientSession() as self._session:
                async with asyncio.TaskGroup() as tasks:
                    queue = iter(range(self.found.documents))
                    template = invoice()
                    for _ in range(FEEDERS):
                        tasks.create_task(self._feed(queue, template))
                    for n in range(POLLERS):
                        tasks.create_task(self._poll(n))
                    tasks.create_task(self._kill())
                self.found.seconds = self._clock() - began
                await self._look()
        finally:
            if self._server.up.is_set():
                await self._server.kill()
        return self.found

    def _done(self) -> bool:
        return len(self.found.owners) >= self.found.documents

    async def _kill(self) -> None:
        most = self.found.documents
        moments = sorted(self._dice.sample(range(most // 20, most - most // 20), self._kills))
        for moment in moments:
            while len(self.found.owners) < moment:
                await asyncio.sleep(0.005)
            await self._server.kill()
            await self._server.start()

    async def _asked(self, method: str, path: str, key: str, **how: Any) -> tuple[int, Any] | None:
        """The answer; None where the gateway went away in the middle."""
        await self._server.up.wait()
        try:
            async with self._session.request(
                method,
                self._server.url + path,
                headers={"Authorization": f"Bearer {key}", **how.pop("headers", {})},
                timeout=_TIMES,
                **how,
            ) as answer:
                return answer.status, await answer.json()
        except _UNREACHABLE:
            await asyncio.sleep(0.01)
            return None

    async def _feed(self, queue: Any, template: bytes) -> None:
        """Brings documents in as a partner does: again and again, until it is acknowledged."""
        for n in queue:
            seed, number = COMPANIES[n % 2], f"I-{n:06}"
            body = template.replace(b"NUMBER", number.encode())
            headers = {"Content-Type": "application/xml", "Idempotency-Key": number}
            while number not in self._uploaded:
                said = await self._asked("POST", "/v1/inbox", seed.key, data=body, headers=headers)
                if said is not None:
                    assert said[0] == 202, said
                    self._uploaded[number] = said[1]["id"]
                    self._company[said[1]["id"]] = seed.company.id

    async def _poll(self, poller: int) -> None:
        dice = random.Random(f"{poller}/{self._dice.random()}")
        turn = poller
        while not self._done():
            turn += 1
            seed = COMPANIES[turn % 2]
            await self._server.up.wait()
            sent = self._clock()
            asked = {"lease_s": str(LEASE_S), "limit": str(BATCH), "wait": str(WAIT_S)}
            said = await self._asked("GET", "/v1/inbox", seed.key, params=asked)
            if said is None:
                self.found.grants.append(Grant(seed.company.id, poller, sent, None))
                continue
            assert said[0] == 200, said
            ids = tuple(one["id"] for one in said[1]["documents"])
            if not ids:
                continue
            grant = Grant(seed.company.id, poller, sent, self._clock(), ids)
            self.found.grants.append(grant)
            if dice.randrange(100) < DIES:
                self.found.died += 1  # it comes back without knowing what it had
                continue
            await self._confirm(poller, seed, ids, said[1]["lease"])

    async def _confirm(self, poller: int, seed: Seed, ids: Sequence[str], lease: str) -> None:
        wish = {"documents": list(ids), "lease": lease}
        while True:
            said = await self._asked("POST", "/v1/inbox/confirm", seed.key, json=wish)
            if said is not None:
                break
        assert said[0] == 200, said
        for result in said[1]["results"]:
            if result["confirmed"]:
                self.found.owners[result["id"]].append(poller)
            else:
                assert result["code"] == "inbox.lease_lost", result
                self.found.lost_leases += 1

    # --- afterwards ---

    async def _look(self) -> None:
        found, wrong = self.found, self.found.wrong
        ids = set(self._uploaded.values())
        wrong["lost"] = sorted(ids - found.owners.keys())
        wrong["from nowhere"] = sorted(found.owners.keys() - ids)
        wrong["confirmed twice"] = sorted(i for i, o in found.owners.items() if len(o) > 1)
        wrong["one document under two ids"] = [] if len(ids) == found.documents else ["!"]
        rank: dict[str, int] = {}
        for seed in COMPANIES:
            events = await self._events(seed)
            for type_ in ("inbox.received", "inbox.new", "inbox.confirmed"):
                told = Counter(e["document_id"] for e in events if e["type"] == type_)
                mine = {i for i, c in self._company.items() if c == seed.company.id}
                wrong[f"{type_} not told once ({seed.company.name})"] = sorted(
                    i for i in mine | told.keys() if told[i] != 1
                )
            came = [e["document_id"] for e in events if e["type"] == "inbox.received"]
            rank |= {id_: n for n, id_ in enumerate(came)}
            said = await self._asked("GET", "/v1/inbox", seed.key)
            assert said is not None
            wrong[f"still there ({seed.company.name})"] = [d["id"] for d in said[1]["documents"]]
            _order(found, rank, seed.company.id)
        wrong["given while an earlier one was free"] = found.unexplained
        found.wrong = {what: names for what, names in wrong.items() if names}

    async def _events(self, seed: Seed) -> list[Mapping[str, Any]]:
        events: list[Mapping[str, Any]] = []
        after: str | None = None
        while True:
            params = {"limit": "1000"} | ({} if after is None else {"after": after})
            said = await self._asked("GET", "/v1/events", seed.key, params=params)
            assert said is not None and said[0] == 200, said
            if not said[1]["events"]:
                return events
            events += said[1]["events"]
            after = said[1]["next"]


def _order(found: Found, rank: Mapping[str, int], company: str) -> None:
    """Looks for documents that were given out after a later one, though nobody had them then."""
    grants = [grant for grant in found.grants if grant.company == company]
    lost = [grant for grant in grants if grant.received is None]
    there = sorted((g for g in grants if g.received is not None), key=lambda g: g.received or 0)
    had: dict[str, list[Grant]] = defaultdict(list)
    for grant in there:
        ranks = [rank[id_] for id_ in grant.documents]
        if ranks != sorted(ranks):
            found.unexplained.append(f"{grant.documents[0]}: not in order within an answer")
        for id_ in grant.documents:
            had[id_].append(grant)
    found.given_again += sum(len(each) - 1 for each in had.values())
    times = [grant.received or 0.0 for grant in there]
    last = [max(rank[id_] for id_ in grant.documents) for grant in there]
    for grant in there:
        before = bisect_left(times, grant.sent)  # those whose answer was there before it was asked
        for id_ in grant.documents:
            later = [
                there[n]
                for n in range(before)
                if last[n] > rank[id_] and id_ not in there[n].documents
            ]
            if not later:
                continue
            found.inversions += 1
            if not all(_taken_then(one, [*had[id_], *lost]) for one in later):
                found.unexplained.append(id_)


def _taken_then(later: Grant, others: Sequence[Grant]) -> bool:
    """Whether somebody had the document when a later one was given out: one who was told so, or one
    whose answer was lost on the way."""
    assert later.received is not None
    for one in others:
        ended = (one.received or one.sent + WAIT_S + GONE_S) + LEASE_S
        if one is not later and one.sent <= later.received and later.sent <= ended:
            return True
    return False
