"""The gateway is killed at every boundary of sending and of receiving over Peppol.

It is a real process that is sent SIGKILL while a relay holds its exchanges, each at another moment.
Afterwards the other side must have seen the same bytes under the same ids, there is one document of
each, and a receipt for each message.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, closing
from hashlib import sha256
from itertools import count
from pathlib import Path

import pytest

from gateway import layers
from gateway.clock import SystemClock
from gateway.sandbox import plant
from gateway.store.opening import migrate, open_store
from tests.crash.peppol import BROKEN, PATIENCE_S, World, message_id, world
from tests.crash.relay import Exchange, Moment, Relay
from tests.servers import postgres
from transports.peppol.sandbox.access_point import STATUS
from transports.peppol.sandbox.dns import Behaviour as Names
from validators.examples.edits import source

# What a publisher is asked has no body to be cut in two.
ASKING = (Moment.WHOLE, Moment.ANSWERING, Moment.HALF_ANSWERED)
# From here on the whole request was seen.
SEEN = frozenset(Moment) - {Moment.CONNECTED, Moment.BEGUN}
ONCE = frozenset({"document.received", "document.routed", "document.sent", "document.delivered"})

both_stores = pytest.mark.parametrize("kept_in", ["sqlite", "postgres"])


@asynccontextmanager
async def running(home: Path, kept_in: str) -> AsyncIterator[World]:
    """The world, its gateway on one of the stores."""
    settings = {"BUDKAVLE_DATA": str(home)}
    if kept_in == "postgres":
        postgres.database()  # or the test is skipped
        database = postgres.Server()
        try:
            database.start()
            settings["BUDKAVLE_STORE__URL"] = database.url()
            await planted(settings)
            async with world(home, settings) as made:
                yield made
        finally:
            await asyncio.to_thread(database.remove)
        return
    await planted(settings)
    async with world(home, settings) as made:
        yield made


async def planted(settings: Mapping[str, str]) -> None:
    loaded = layers.load({}, environment=settings).settings
    if loaded.store is not None:
        await migrate(loaded, SystemClock().now())
    store = await open_store(loaded)
    await plant(store, SystemClock())
    await store.close()


async def kill_when_held(world: World, relays: Iterable[Relay]) -> None:
    """Kills it when all that was planned is at its moment, and starts it again."""
    relays = tuple(relays)
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(relay.until_held() for relay in relays))
    await world.kill()
    for relay in relays:
        relay.cut()
    await world.start()


# --- sending ------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timeout(900)
@both_stores
async def test_killed_at_every_moment_of_sending(tmp_path: Path, kept_in: str) -> None:
    numbers = count()
    async with running(tmp_path, kept_in) as world:
        posting: dict[str, tuple[Moment, Relay]] = {}
        asking: list[Relay] = []
        for moment in Moment:
            relay = await world.relay(world.point.url)
            relay.plan([moment])
            to = await world.registered(next(numbers), relay.url)
            posting[await world.hand_in(f"A-{moment}", to)] = (moment, relay)
        ids = list(posting)
        for moment in ASKING:
            relay = await world.relay(world.network.url)
            relay.plan([moment])
            asking.append(relay)
            to = await world.registered(next(numbers), world.point.url[: -len("/as4")], relay.url)
            ids.append(await world.hand_in(f"B-{moment}", to))
        await kill_when_held(world, [*asking, *(relay for _, relay in posting.values())])
        await world.delivered(ids)

        assert len(world.point.kept) == len(ids), "each of them once"
        for document_id, (moment, relay) in posting.items():
            await went_out_again(world, document_id, moment, relay)
        async with world.client() as client:
            events = [event async for event in client.events()]
        told = Counter((e["document_id"], e["type"]) for e in events if e["type"] in ONCE)
        assert told == {(id_, kind): 1 for id_ in ids for kind in ONCE}


async def went_out_again(world: World, document_id: str, moment: Moment, relay: Relay) -> None:
    """Its message came with the same bytes each time, and they are its evidence."""
    came = [exchange.request for exchange in relay.seen if exchange.request]
    assert len(relay.seen) > 1 or moment is Moment.ANSWERED, moment
    assert len(came) == len(relay.seen) - (moment not in SEEN), moment
    assert len(set(came)) == 1, moment
    async with world.client() as client:
        files = (await client.get(f"/v1/documents/{document_id}/evidence"))["files"]
    kept = [file["sha256"] for file in files if file["name"] == "request"]
    assert len(kept) >= len(relay.seen), moment
    assert set(kept) == {sha256(came[0]).hexdigest()}, moment


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_killed_while_the_name_server_is_silent(tmp_path: Path) -> None:
    async with running(tmp_path, "sqlite") as world:
        names = world.network.name_server
        names.behaviour = Names.SILENT
        to = await world.registered(1, world.point.url[: -len("/as4")])
        document_id = await world.hand_in("N-1", to)
        async with asyncio.timeout(PATIENCE_S):
            while not names.asked:
                await asyncio.sleep(0.005)
        await world.kill()
        names.behaviour = Names.ANSWER
        await world.start()
        await world.delivered([document_id])
        assert len(world.point.kept) == 1


async def commits(database: Path, number: int) -> None:
    """Returns when so many transactions were written to it since the call."""
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:

        def version() -> int:
            return int(connection.execute("PRAGMA data_version").fetchone()[0])

        before = version()
        for _ in range(number):
            async with asyncio.timeout(PATIENCE_S):
                while (now := version()) == before:
                    await asyncio.sleep(0)
            before = now


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_killed_after_each_commit(tmp_path: Path) -> None:
    """Of a document that goes out and of one that comes in, with their statuses."""
    async with running(tmp_path, "sqlite") as world:
        way = await world.relay(world.point.url)
        world.network.register(world.point.own, [STATUS], f"{way.url}/as4", world.point.key)
        to = await world.registered(1, way.url)
        ids, names = [], []
        async with asyncio.TaskGroup() as senders:
            for number in range(1, 11):
                ids.append(await world.hand_in(f"C-{number}", to))
                names.append(f"in-{number}")
                senders.create_task(world.send(names[-1], BROKEN))
                await commits(tmp_path / "budkavle.sqlite", number)
                await world.kill()
                await world.start()
        await world.delivered(ids)
        await owed(world, names)
        assert await shown(world, len(names)) == len(names)
        outside = {kept.taken.message.id for kept in world.point.kept.values()}
        assert len(outside) == len(ids) + len(names)
        for seen in (way.seen, world.front.seen):
            for given in receipts(seen).values():
                assert all(b"NonRepudiationInformation" in answer for answer in given)
                assert len(set(given)) == 1


# --- receiving ----------------------------------------------------------------------------------


def receipts(seen: Iterable[Exchange]) -> Mapping[str, list[bytes]]:
    """The answers to each message, by its id."""
    found: dict[str, list[bytes]] = {}
    for exchange in seen:
        if exchange.answer:
            name = message_id(exchange.request_type, exchange.request)
            found.setdefault(name, []).append(exchange.answer)
    return found


@pytest.mark.slow
@pytest.mark.timeout(900)
@both_stores
async def test_killed_at_every_moment_of_receiving(tmp_path: Path, kept_in: str) -> None:
    """A third of the documents breaks rules, so that statuses are owed and held up too."""
    moments = [*Moment, *Moment]
    async with running(tmp_path, kept_in) as world:
        back = await world.relay(world.point.url)
        world.network.register(world.point.own, [STATUS], f"{back.url}/as4", world.point.key)
        world.front.plan(moments)
        names = [f"in-{n}" for n in range(len(moments))]
        async with asyncio.TaskGroup() as senders:
            for n, name in enumerate(names):
                senders.create_task(world.send(name, source() if n % 3 else BROKEN))
            senders.create_task(kill_when_held(world, [world.front]))

        assert await shown(world, len(names)) == len(names), "each of them once"
        answers = receipts(world.front.seen)
        assert len(answers) == len(names), "a receipt for each"
        for given in answers.values():
            assert len(set(given)) == 1, "it is the same receipt each time"
            assert b"NonRepudiationInformation" in given[0]
        await owed(world, [name for n, name in enumerate(names) if n % 3 == 0])


async def shown(world: World, wanted: int) -> int:
    """How many documents the inbox shows once all have been read, as each is first."""
    async with asyncio.timeout(PATIENCE_S):
        while len(inbox := await world.inbox()) < wanted:
            await asyncio.sleep(0.1)
    return len(inbox)


async def owed(world: World, instances: Iterable[str]) -> None:
    """The statuses that we owe arrive, once each."""
    wanted = Counter(instances)
    async with asyncio.timeout(PATIENCE_S):
        while len(world.point.statuses) < wanted.total():
            await asyncio.sleep(0.05)
    assert Counter(status.refers_to for status in world.point.statuses) == wanted


@pytest.mark.slow
@pytest.mark.timeout(900)
@both_stores
async def test_killed_at_every_moment_of_a_status(tmp_path: Path, kept_in: str) -> None:
    """Of those that we owe, and of those that are owed to us."""
    moments = list(Moment)
    async with running(tmp_path, kept_in) as world:
        back = await world.relay(world.point.url)
        world.network.register(world.point.own, [STATUS], f"{back.url}/as4", world.point.key)
        # What we send goes there straight, so that all that comes through is statuses.
        to = await world.registered(1, world.point.url[: -len("/as4")])
        names = [f"bad-{moment}" for moment in moments]
        back.plan(moments)
        await asyncio.gather(*(world.send(name, BROKEN) for name in names))
        async with asyncio.timeout(PATIENCE_S):
            await back.until_held()
        world.front.plan(moments)
        ids = [await world.hand_in(f"S-{moment}", to) for moment in moments]
        await kill_when_held(world, [back, world.front])

        await owed(world, names)
        documents = await world.delivered(ids)
        assert {one["code"] for one in documents.values()} == {"peppol.status_delivered"}
        for answers in (receipts(back.seen), receipts(world.front.seen)):
            assert all(
                b"NonRepudiationInformation" in one for each in answers.values() for one in each
            )
        async with world.client() as client:
            events = [event async for event in client.events()]
        told = Counter(e["document_id"] for e in events if e["type"] == "document.reported")
        assert told == dict.fromkeys(ids, 1), "each status was told once"
