"""PostgreSQL goes away, comes back, refuses, or is cut off in the middle of COMMIT."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from gateway.lifecycle import State, change
from gateway.store.ids import new_id
from gateway.store.port import (
    Accepted,
    Checkpoint,
    Company,
    Done,
    NewEvent,
    NewPart,
    Role,
    StorageUnavailable,
    Submission,
)
from gateway.store.postgres import PostgresStore, schema
from tests.servers.postgres import Server

NOW = datetime(2026, 11, 2, 8, tzinfo=UTC)
OURS = Company("ours", "Vårt AB", "SE", (), {})
ENOUGH_S = 60


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server that these tests may stop."""
    server = Server({"max_connections": "20", "superuser_reserved_connections": "3"})
    try:
        yield server
    finally:
        server.remove()


@pytest.fixture
async def server(own_server: Server) -> AsyncIterator[Server]:
    own_server.start()
    connection = await asyncpg.connect(own_server.url())
    await connection.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await connection.close()
    await schema.migrate(own_server.url(), datetime.now(UTC))
    yield own_server
    own_server.stop()


@pytest.fixture
async def store(server: Server, tmp_path: Path) -> AsyncIterator[PostgresStore]:
    store = await PostgresStore.open(server.url(), tmp_path)
    await store.add_company(OURS, NOW)
    yield store
    await store.close()


def submission() -> Submission:
    part = NewPart(Role.ORIGINAL, "invoice.xml", "application/xml", b"<Invoice/>")
    return Submission(new_id("doc"), OURS.id, "application/xml", [part], {})


async def ids_of(store: PostgresStore) -> list[str]:
    page = await store.documents(OURS.id, limit=100_000)
    return [document.id for document in page.documents]


async def until_it_works(store: PostgresStore) -> None:
    async with asyncio.timeout(ENOUGH_S):
        while True:
            try:
                return await store.probe()
            except StorageUnavailable:
                await asyncio.sleep(0.05)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT])
async def test_a_server_that_goes_away_under_load_loses_nothing_acknowledged(
    server: Server, store: PostgresStore, how: signal.Signals
) -> None:
    acknowledged: list[str] = []
    ended = False

    async def client() -> None:
        while not ended:
            asked = submission()
            try:
                answer = await store.accept(asked, NOW)
            except StorageUnavailable:
                await asyncio.sleep(0.02)
                continue
            assert answer == Accepted(asked.document_id)
            acknowledged.append(asked.document_id)

    clients = [asyncio.create_task(client()) for _ in range(16)]
    for _ in range(3):
        more = len(acknowledged) + 50
        async with asyncio.timeout(ENOUGH_S):
            while len(acknowledged) < more:
                await asyncio.sleep(0.01)
        await asyncio.to_thread(server.stop, how)
        await asyncio.to_thread(server.start)
    ended = True
    await asyncio.gather(*clients)
    await until_it_works(store)
    kept = await ids_of(store)
    assert set(acknowledged) <= set(kept)
    events = await store.feed(OURS.id, None, 100_000)
    assert sorted(event.document_id for event in events) == sorted(kept)  # one each
    jobs = await store.claim("worker", NOW, 30, 100_000)
    assert sorted(job.document_id for job in jobs) == sorted(kept)


async def test_while_it_is_away_everybody_is_told_to_come_again(
    server: Server, store: PostgresStore
) -> None:
    asked = submission()
    await store.accept(asked, NOW)
    await asyncio.to_thread(server.stop)
    for refused in (
        store.accept(submission(), NOW),
        store.claim("worker", NOW, 30, 1),
        store.document(OURS.id, asked.document_id),
        store.probe(),
    ):
        with pytest.raises(StorageUnavailable):
            await refused
    await asyncio.to_thread(server.start)
    await until_it_works(store)
    assert await ids_of(store) == [asked.document_id]
    news = asyncio.ensure_future(store.wait("jobs", 600))
    await store.accept(submission(), NOW)
    await news


async def test_a_store_is_not_opened_while_it_is_away(server: Server, tmp_path: Path) -> None:
    await asyncio.to_thread(server.stop)
    with pytest.raises(StorageUnavailable):
        await PostgresStore.open(server.url(), tmp_path)
    with pytest.raises(StorageUnavailable):
        await schema.migrate(server.url(), NOW)


async def test_a_database_that_can_only_be_read_is_read(
    server: Server, store: PostgresStore
) -> None:
    asked = submission()
    await store.accept(asked, NOW)
    operator = await asyncpg.connect(server.url())
    await operator.execute("ALTER SYSTEM SET default_transaction_read_only = on")
    await operator.fetchval("SELECT pg_reload_conf()")
    with pytest.raises(StorageUnavailable, match="read-only"):
        async with asyncio.timeout(ENOUGH_S):
            while True:  # until the setting has reached the connections
                await store.accept(submission(), NOW)
    before = await ids_of(store)
    assert asked.document_id in before
    await operator.execute("SET default_transaction_read_only = off")
    await operator.execute("ALTER SYSTEM RESET default_transaction_read_only")
    await operator.fetchval("SELECT pg_reload_conf()")
    await until_it_works(store)
    await operator.close()
    assert isinstance(await store.accept(submission(), NOW), Accepted)


async def test_a_server_with_too_many_connections_is_waited_for(
    server: Server, store: PostgresStore, tmp_path: Path
) -> None:
    others = []
    with pytest.raises(asyncpg.TooManyConnectionsError):
        while True:
            others.append(await asyncpg.connect(server.url()))
    with pytest.raises(StorageUnavailable, match="too many clients"):
        await PostgresStore.open(server.url(), tmp_path)
    asked = await asyncio.gather(
        *(store.accept(submission(), NOW) for _ in range(50)), return_exceptions=True
    )
    assert {type(answer) for answer in asked} <= {Accepted, StorageUnavailable}
    for other in others:
        await other.close()
    await until_it_works(store)
    assert len(await ids_of(store)) == sum(isinstance(answer, Accepted) for answer in asked)


async def test_who_is_locked_out_is_told_and_the_rest_goes_on(
    server: Server, store: PostgresStore
) -> None:
    """A lock that somebody holds for too long: an operator's transaction left open."""
    asked = submission()
    await store.accept(asked, NOW)
    (job,) = await store.claim("worker", NOW, 30, 1)
    operator = await asyncpg.connect(server.url())
    async with operator.transaction():
        await operator.execute("SELECT 1 FROM document FOR UPDATE")
        work = Checkpoint(
            Done(), change(State.RECEIVED, State.HELD, code="test.code", text="A reason.")
        )
        with pytest.raises(StorageUnavailable, match="lock timeout"):
            await store.checkpoint(job, work, NOW)
        await store.accept(submission(), NOW)
    await store.checkpoint(job, work, NOW)
    await operator.close()


# --- COMMIT is cut off --------------------------------------------------------------------------


class Cut:
    """A way to the server that can be cut, once, at the next COMMIT."""

    def __init__(self, server: Server) -> None:
        self._socket = server.socket
        self._listening: asyncio.Server | None = None
        self._ways: set[asyncio.Task[None]] = set()
        self.at_commit: Callable[[bytes], bytes] | None = None  # what still reaches the server
        self.url = ""

    async def start(self) -> None:
        self._listening = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._listening.sockets[0].getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres?sslmode=disable"

    async def stop(self) -> None:
        assert self._listening is not None
        self._listening.close()
        for way in self._ways:
            way.cancel()
        await asyncio.gather(*self._ways, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ways.add(asyncio.create_task(self._way(reader, writer)))

    async def _way(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._passed(reader, writer)
        except OSError:  # the server is away
            pass
        finally:
            writer.transport.abort()

    async def _passed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_unix_connection(self._socket)
        back = asyncio.create_task(_pass_on(from_server, writer))
        try:
            while chunk := await reader.read(65536):
                if self.at_commit is not None and b"COMMIT" in chunk:
                    let_through, self.at_commit = self.at_commit, None
                    back.cancel()  # no answer reaches the client
                    to_server.write(let_through(chunk))
                    await to_server.drain()
                    break
                to_server.write(chunk)
                await to_server.drain()
        finally:
            back.cancel()
            to_server.close()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(65536):
        writer.write(chunk)
        await writer.drain()
    writer.close()


@asynccontextmanager
async def cut_off(server: Server, tmp_path: Path) -> AsyncIterator[tuple[Cut, PostgresStore]]:
    cut = Cut(server)
    await cut.start()
    store = await PostgresStore.open(cut.url, tmp_path)
    await store.add_company(OURS, NOW)
    try:
        yield cut, store
    finally:
        await store.close()
        await cut.stop()


LET_THROUGH = {"committed, but nobody heard": lambda chunk: chunk, "never arrived": lambda _: b""}


@pytest.mark.parametrize("fate", LET_THROUGH)
async def test_a_commit_without_an_answer_is_looked_up(
    server: Server, tmp_path: Path, fate: str
) -> None:
    """Whatever became of it, the caller hears the truth, and it is written once."""
    async with cut_off(server, tmp_path) as (cut, store):
        cut.at_commit = LET_THROUGH[fate]
        asked = [submission() for _ in range(5)]
        answers = await asyncio.gather(*(store.accept(one, NOW) for one in asked))
        assert cut.at_commit is None  # it was cut
        assert answers == [Accepted(one.document_id) for one in asked]
        assert sorted(await ids_of(store)) == sorted(one.document_id for one in asked)
        assert len(await store.feed(OURS.id, None, 100)) == 5


@pytest.mark.parametrize("fate", LET_THROUGH)
async def test_a_step_whose_commit_was_cut_off_is_written_once(
    server: Server, tmp_path: Path, fate: str
) -> None:
    async with cut_off(server, tmp_path) as (cut, store):
        await store.accept(submission(), NOW)
        (job,) = await store.claim("worker", NOW, 30, 1)
        cut.at_commit = LET_THROUGH[fate]
        routed = change(State.RECEIVED, State.ROUTING, code="test.code", text="A reason.")
        work = Checkpoint(Done(), routed, events=[NewEvent("document.routed")])
        await store.checkpoint(job, work, NOW)
        assert cut.at_commit is None
        told = [event.type for event in await store.feed(OURS.id, None, 100)]
        assert told == ["document.received", "document.routed"]


async def test_a_commit_that_nobody_can_look_up_is_unknown(server: Server, tmp_path: Path) -> None:
    """The server is away for longer than it is waited for: nothing is guessed."""
    async with cut_off(server, tmp_path) as (cut, store):

        def swallow_and_die(chunk: bytes) -> bytes:
            server.stop(signal.SIGQUIT)
            return b""

        cut.at_commit = swallow_and_die
        with pytest.raises(StorageUnavailable, match="is not known"):
            await store.accept(submission(), NOW)
        await asyncio.to_thread(server.start)
        await until_it_works(store)
        assert await ids_of(store) == []
