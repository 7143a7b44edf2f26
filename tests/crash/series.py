"""A series of kills under load, of one kind: `run` answers what was found afterwards.

A ledger hands in letters over HTTP without a break, each again under its own key until it is
acknowledged, and another reads the events as they come. The print house takes 0.3 s for an answer,
lives in this process, and is the witness of every call from outside the gateway. A kill waits for a
random number of acknowledgements and calls, and then for a random moment; every fifth does not
wait for them, and may hit a gateway that is still starting, or taking over from the last kill.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Any

from gateway.client import Client, Problem, Unreachable
from gateway.clock import SystemClock
from gateway.layers import load
from gateway.sandbox import SENDER, plant
from gateway.store.opening import migrate, open_store
from tests.e2e.invoices import submission
from tests.e2e.server import Server
from tests.servers import postgres
from transports.letter.sandbox import Sandbox as PrintHouse

LEASE_S = 3
ANSWERS_AFTER_S = 0.3
LEDGERS = 4
UNDER_WAY = 24  # documents acknowledged and not called out yet, at most: the load is steady
PATIENCE_S = 120.0  # for anything to happen at all

# What one document may have at most one of, when no person acts on it.
ONCE = frozenset(
    {
        "document.received",
        "document.routed",
        "document.sent",
        "document.delivered",
        "document.held",
        "document.rejected",
        "document.failed",
    }
)


class Kind(StrEnum):
    """What is killed."""

    SQLITE = "sqlite"  # the one process on SQLite
    POSTGRES = "postgres"  # the one process on PostgreSQL
    WORKERS = "workers"  # one of an API and three workers, or all of them
    DATABASE = "database"  # PostgreSQL itself
    PEPPOL = "peppol"  # the one process on SQLite, while documents travel over Peppol
    PEPPOL_POSTGRES = "peppol_postgres"  # the same on PostgreSQL
    FROZEN = "frozen"  # one of two workers stands still until its lease is over, and goes on


ON_SQLITE = frozenset({Kind.SQLITE, Kind.PEPPOL})
OVER_PEPPOL = frozenset({Kind.PEPPOL, Kind.PEPPOL_POSTGRES})

_ROLES: Mapping[Kind, Sequence[str]] = {
    Kind.SQLITE: ("all",),
    Kind.POSTGRES: ("all",),
    Kind.WORKERS: ("api", "worker", "worker", "worker"),
    Kind.DATABASE: ("api", "worker", "worker"),
    Kind.FROZEN: ("api", "worker", "worker"),
}


@dataclass(slots=True)
class Found:
    """What became of it all. Lists name the documents, events or keys that are wrong."""

    kind: Kind
    kills: int = 0
    acknowledged: int = 0
    events: int = 0
    calls: int = 0
    repeated: int = 0  # calls that were made again under the same key, with the same bytes
    recoveries: list[float] = field(default_factory=list)  # seconds: see `_recoveries`
    states: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)  # acknowledged and not there, or not whole
    doubled: list[str] = field(default_factory=list)  # one request, two documents
    stuck: list[str] = field(default_factory=list)  # neither ended nor held with a reason
    double_events: list[str] = field(default_factory=list)
    missed_events: list[str] = field(default_factory=list)  # the feed, read as it grew, skipped it
    other_calls: list[str] = field(default_factory=list)  # under another key, or other bytes
    damage: list[str] = field(default_factory=list)  # what the database says of itself
    faults: list[str] = field(default_factory=list)  # errors of ours in the log

    @property
    def wrong(self) -> Mapping[str, Sequence[str]]:
        """All that must not be."""
        names = ("lost", "doubled", "stuck", "double_events", "missed_events", "other_calls")
        found = {name: getattr(self, name) for name in (*names, "damage", "faults")}
        return {name: values for name, values in found.items() if values}

    def add(self, other: Found) -> None:
        """Puts another series of the same kind to this one."""
        for name in ("kills", "acknowledged", "events", "calls", "repeated", "recoveries"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.states += other.states
        for name, values in other.wrong.items():
            setattr(self, name, [*getattr(self, name), *values])


async def run(kind: Kind, kills: int, seed: str, home: Path, seconds: float = 1e9) -> Found:
    """Kills so many times, or for so many seconds, and looks at what there is then.

    `home` is an empty folder. Raises AssertionError when a process does what no kill explains.
    """
    if kind in OVER_PEPPOL:
        from tests.crash import exchange

        async with _store(kind, home) as place:
            dice = random.Random(seed)
            found = await exchange.run(kind, kills, dice, home, place.settings, seconds)
            if place.database is not None:
                await asyncio.to_thread(place.database.stop, signal.SIGINT)
            found.damage += await asyncio.to_thread(place.damage)
            return found
    async with PrintHouse(answers_after_s=ANSWERS_AFTER_S) as house, _store(kind, home) as place:
        series = _Series(kind, random.Random(seed), house, place)
        await series.live(kills, seconds)
        series.found.damage += await asyncio.to_thread(place.damage)
        return series.found


# --- what documents are kept in -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Place:
    settings: Mapping[str, str]
    database: postgres.Server | None
    damage: Callable[[], Sequence[str]]


@asynccontextmanager
async def _store(kind: Kind, home: Path) -> AsyncIterator[_Place]:
    settings = {
        "BUDKAVLE_DATA": str(home),
        "BUDKAVLE_LOG__LEVEL": "error",
        "BUDKAVLE_LOG__FORMAT": "json",
        "BUDKAVLE_WORKER__LEASE_S": str(LEASE_S),
        "BUDKAVLE_WORKER__COLLECT_EVERY_S": "1",
        "BUDKAVLE_WORKER__PROCESSES": "0",  # they would double the time that a start takes
    }
    if kind in ON_SQLITE:
        await _plant(settings)
        yield _Place(settings, None, lambda: _sqlite_damage(home / "budkavle.sqlite"))
        return
    database = postgres.Server()
    try:
        database.start()
        settings["BUDKAVLE_STORE__URL"] = database.url()
        await migrate(load({}, environment=settings).settings, SystemClock().now())
        await _plant(settings)
        yield _Place(settings, database, database.damage)
    finally:
        await asyncio.to_thread(database.remove)


async def _plant(settings: Mapping[str, str]) -> None:
    store = await open_store(load({}, environment=settings).settings)
    await plant(store, SystemClock())
    await store.close()


def _sqlite_damage(path: Path) -> Sequence[str]:
    with closing(sqlite3.connect(path)) as database:
        said = [str(row[0]) for row in database.execute("PRAGMA integrity_check")]
        said += [f"foreign key: {row}" for row in database.execute("PRAGMA foreign_key_check")]
    return [line for line in said if line != "ok"]


# --- the series ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Kill:
    at: datetime
    back: datetime  # from when on somebody worked again: `at`, when others went on


class _Series:
    def __init__(self, kind: Kind, dice: random.Random, house: PrintHouse, place: _Place) -> None:
        self.found = Found(kind)
        self._dice = dice
        self._house = house
        self._place = place
        settings = {
            **place.settings,
            "BUDKAVLE_LETTER__URL": house.url,
            "BUDKAVLE_LETTER__TOKEN": house.token,
        }
        self._servers = [Server(settings, "--role", role) for role in _ROLES[kind]]
        self._kills: list[_Kill] = []
        self._ids: dict[str, str] = {}  # number -> id
        self._followed: list[str] = []
        self._logs: list[str] = []
        self._ended = False

    async def live(self, kills: int, seconds: float) -> None:
        """Starts, kills, waits for all to end, looks, stops."""
        clock = asyncio.get_running_loop().time
        until = clock() + seconds
        await asyncio.gather(*(server.start() for server in self._servers))
        async with asyncio.TaskGroup() as load:
            following = load.create_task(self._follow())
            for n in range(LEDGERS):
                load.create_task(self._ledger(n))
            while len(self._kills) < kills and clock() < until:
                await self._moment()
                self._kills.append(await self._kill())
            self._ended = True
        await self._settle()
        await self._look()
        assert following.done()
        await self._stop()

    @property
    def _front(self) -> Server:
        return self._servers[0]

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[Client]:
        await self._front.up.wait()
        async with Client(self._front.url, SENDER.key) as client:
            yield client

    def _calls(self) -> int:
        return sum(job.requests for job in self._house.jobs.values())

    # --- the load ---

    async def _ledger(self, n: int) -> None:
        turn = 0
        while not self._ended:
            if len(self._ids) - len(self._house.jobs) > UNDER_WAY:
                await asyncio.sleep(0.02)
                continue
            turn += 1
            number = f"C-{n}-{turn}"
            await self._hand_in(number, json.dumps(submission(number)).encode())

    async def _hand_in(self, number: str, body: bytes) -> None:
        while number not in self._ids:
            try:
                async with self._client() as client:
                    answer = await client.submit(body, idempotency_key=number)
                self._ids[number] = answer.id
            except Unreachable:
                await asyncio.sleep(0.02)
            except Problem as problem:
                if problem.status != 503:
                    raise
                await asyncio.sleep(0.1)

    async def _follow(self) -> None:
        """Reads on behind the last event, also over kills, until all has been quiet."""
        after: str | None = None
        while True:
            ended = self._ended
            try:
                async with self._client() as client:
                    page = await client.get("/v1/events", after=after, wait=1, limit=1000)
            except (Unreachable, Problem):
                await asyncio.sleep(0.05)
                continue
            self._followed += [event["id"] for event in page["events"]]
            after = page["next"]
            if ended and not page["events"] and self._all_called():
                return

    def _all_called(self) -> bool:
        return len(self._house.jobs) >= len(self._ids)

    # --- the kills ---

    async def _moment(self) -> None:
        if self._dice.random() < 0.8:
            enough = self._happened() + self._dice.randint(1, 8)
            async with asyncio.timeout(PATIENCE_S):
                while self._happened() < enough:
                    await asyncio.sleep(0.005)
        await asyncio.sleep(self._dice.uniform(0, 2 * ANSWERS_AFTER_S))

    def _happened(self) -> int:
        return len(self._ids) + self._calls()

    async def _kill(self) -> _Kill:
        match self.found.kind:
            case Kind.DATABASE:
                return await self._kill_database()
            case Kind.FROZEN:
                return await self._freeze()
            case _:
                return await self._kill_servers()

    async def _kill_servers(self) -> _Kill:
        victims = self._servers
        if len(victims) > 1 and self._dice.random() < 0.7:
            victims = [self._dice.choice(victims)]
        at = datetime.now(UTC)
        self._logs += await asyncio.gather(*(server.kill() for server in victims))
        up = await asyncio.gather(*(_started(server) for server in victims))
        workers = self._servers[1:] or self._servers
        others_went_on = any(worker not in victims for worker in workers)
        return _Kill(at, at if others_went_on else min(up[-len(workers) :]))

    async def _kill_database(self) -> _Kill:
        database = self._place.database
        assert database is not None
        at = datetime.now(UTC)
        if self._dice.random() < 0.5:
            await asyncio.to_thread(database.stop, signal.SIGQUIT)  # `pg_ctl stop -m immediate`
        else:
            await asyncio.to_thread(database.kill)
        await asyncio.to_thread(database.start)
        return _Kill(at, datetime.now(UTC))

    async def _freeze(self) -> _Kill:
        worker = self._dice.choice(self._servers[1:])
        at = datetime.now(UTC)
        os.kill(worker.pid, signal.SIGSTOP)
        await asyncio.sleep(LEASE_S + self._dice.uniform(0.5, 2.5))
        os.kill(worker.pid, signal.SIGCONT)
        return _Kill(at, at)

    # --- afterwards ---

    async def _settle(self) -> None:
        """Waits until every document has ended, as long as something still happens."""
        before: Counter[str] = Counter()
        try:
            while True:
                async with asyncio.timeout(PATIENCE_S):
                    while (states := await self._states()) == before:
                        await asyncio.sleep(0.2)
                if states.keys() <= {"delivered", "held", "failed", "rejected"}:
                    return
                before = states
        except TimeoutError:
            return  # what is stuck is told by `_look`

    async def _states(self) -> Counter[str]:
        return Counter(document["state"] for document in (await self._documents()).values())

    async def _documents(self) -> Mapping[str, Any]:
        documents: dict[str, Any] = {}
        after: str | None = None
        async with self._client() as client:
            while True:
                page = await client.get("/v1/documents", after=after, limit=200)
                documents |= {document["id"]: document for document in page["documents"]}
                after = page["next"]
                if after is None:
                    return documents

    async def _look(self) -> None:
        found = self.found
        documents = await self._documents()
        async with self._client() as client:
            events = [event async for event in client.events()]
            for number, document_id in self._ids.items():
                if document_id not in documents or number.encode() not in await client.get_bytes(
                    f"/v1/documents/{document_id}/content"
                ):
                    found.lost.append(document_id)
        found.kills, found.acknowledged, found.events = (
            len(self._kills),
            len(self._ids),
            len(events),
        )
        found.doubled += sorted(documents.keys() - set(self._ids.values()))
        found.states = Counter(document["state"] for document in documents.values())
        found.stuck += [
            f"{document_id} is {document['state']} ({document['code']})"
            for document_id, document in documents.items()
            if document["state"] != "delivered"
            and not (document["state"] == "held" and document["code"] and document["text"])
        ]
        self._look_at_events(events)
        self._look_at_calls()

    def _look_at_events(self, events: Sequence[Mapping[str, Any]]) -> None:
        found = self.found
        ids = Counter(event["id"] for event in events)
        told = Counter(
            f"{event['document_id']} {event['type']}" for event in events if event["type"] in ONCE
        )
        found.double_events += [name for name, times in (ids + told).items() if times > 1]
        received = {event["document_id"] for event in events}
        found.missed_events += [id_ for id_ in self._ids.values() if id_ not in received]
        order = [event["id"] for event in events]
        if self._followed != order[: len(self._followed)]:
            found.missed_events.append("the feed as it grew is not the feed as it is")

    def _look_at_calls(self) -> None:
        found, jobs = self.found, self._house.jobs.values()
        found.calls = self._calls()
        found.repeated = found.calls - len(jobs)
        found.other_calls += [f"other bytes under {key}" for key in self._house.conflicts]
        letters = Counter(job.submission.job.reference for job in jobs)
        found.other_calls += [f"{number}: another key" for number, n in letters.items() if n > 1]
        found.stuck += [f"{number} was never called out" for number in self._ids.keys() - letters]
        for job in jobs:
            found.recoveries += self._recoveries(job.came)

    def _recoveries(self, came: Sequence[datetime]) -> list[float]:
        """How long after a kill a call that it cut off came again. From when somebody could work
        again; those that more than one kill fell upon are left out."""
        times = []
        for first, then in pairwise(came):
            between = [kill for kill in self._kills if first <= kill.at < then]
            if len(between) == 1:
                # A worker may work before its process says that it is up.
                times.append(max(0.0, (then - between[0].back).total_seconds()))
        return times

    async def _stop(self) -> None:
        for server in reversed(self._servers):
            code, log = await server.stop()
            assert code == 0, log
            self._logs.append(log)
        if self._place.database is not None:
            await asyncio.to_thread(self._place.database.stop, signal.SIGINT)
        lines = [line for log in self._logs for line in log.splitlines()]
        self.found.faults += [line for line in lines if not _explained(line)]


async def _started(server: Server) -> datetime:
    await server.start()
    return datetime.now(UTC)


def _explained(line: str) -> bool:
    """Whether a kill is reason enough for a line of the log: only storage was away."""
    try:
        event = json.loads(line)["event"]
    except ValueError:
        return False
    return event == "storage_unavailable"
