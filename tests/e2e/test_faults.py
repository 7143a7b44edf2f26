"""What a gateway stands on gives way for a while: it says so, loses nothing and goes on by itself.

Real faults: a limit on the size of files stands for a full disk, strace has a disk answer with
errors, and the database is stopped.
"""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from gateway.clock import SystemClock
from gateway.layers import load
from gateway.sandbox import RECEIVER, SENDER, plant
from gateway.store.opening import migrate, open_store
from tests.e2e.invoices import submission
from tests.e2e.server import Server
from tests.servers import postgres, tracing

PATIENCE_S = 60
BODY = {"Content-Type": "application/json", "Authorization": f"Bearer {SENDER.key}"}


class Caller:
    """Hands documents in, and looks what became of them."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.accepted: list[str] = []
        self._session = session
        self._number = 0

    async def submit(self, url: str) -> aiohttp.ClientResponse:
        self._number += 1
        body = json.dumps(submission(f"F-{self._number}", to=RECEIVER))
        async with self._session.post(f"{url}/v1/documents", data=body, headers=BODY) as response:
            if response.status == 202:
                self.accepted.append((await response.json())["id"])
            return response

    async def status(self, url: str, path: str = "/readyz") -> int:
        async with self._session.get(f"{url}{path}", headers=BODY) as response:
            return response.status

    async def state(self, url: str, document_id: str) -> str:
        async with self._session.get(f"{url}/v1/documents/{document_id}", headers=BODY) as response:
            return str((await response.json())["state"]) if response.status == 200 else "unknown"

    async def until(self, url: str, path: str, status: int) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while await self.status(url, path) != status:
                await asyncio.sleep(0.05)

    async def all_delivered(self, url: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            for document_id in self.accepted:
                while await self.state(url, document_id) != "delivered":
                    await asyncio.sleep(0.05)


@pytest.fixture
async def caller() -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(session)


@contextmanager
def no_room(pid: int) -> Iterator[None]:
    """No file of the process may grow: what a full disk looks like to it."""
    soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_full_disk_is_told_and_when_there_is_room_again_all_goes_on(
    tmp_path: Path, caller: Caller
) -> None:
    settings = {"BUDKAVLE_DATA": str(tmp_path)}
    store = await open_store(load({}, environment=settings).settings)
    await plant(store, SystemClock())
    await store.close()
    async with Server(settings) as server:
        assert (await caller.submit(server.url)).status == 202
        await caller.all_delivered(server.url)
        await asyncio.gather(*(caller.submit(server.url) for _ in range(20)))
        with no_room(server.pid):
            await caller.until(server.url, "/readyz", 503)
            refused = await caller.submit(server.url)
            assert refused.status == 503
            assert int(refused.headers["Retry-After"]) > 0
            assert await caller.status(server.url, "/healthz") == 200
        await caller.until(server.url, "/readyz", 200)
        assert (await caller.submit(server.url)).status == 202
        await caller.all_delivered(server.url)
        assert len(caller.accepted) == 22


DISK = {
    "read-only": "pwrite64,ftruncate,fdatasync:error=EROFS",
    "fails to write": "pwrite64:error=EIO",
    "fails to sync": "fdatasync:error=EIO",
}


@pytest.mark.parametrize("fault", DISK)
async def test_a_disk_that_refuses_is_told_and_when_it_mends_all_goes_on(
    tmp_path: Path, caller: Caller, fault: str
) -> None:
    settings = {"BUDKAVLE_DATA": str(tmp_path), "BUDKAVLE_WORKER__PROCESSES": "0"}
    store = await open_store(load({}, environment=settings).settings)
    await plant(store, SystemClock())
    await store.close()
    async with Server(settings) as server:
        assert (await caller.submit(server.url)).status == 202
        await caller.all_delivered(server.url)
        await asyncio.gather(*(caller.submit(server.url) for _ in range(20)))
        async with tracing.attached(server.pid, "-o", "/dev/null", f"--inject={DISK[fault]}"):
            await caller.until(server.url, "/readyz", 503)
            refused = await caller.submit(server.url)
            assert refused.status == 503
            assert int(refused.headers["Retry-After"]) > 0
            assert await caller.status(server.url, "/v1/documents") == 200  # what is there is read
        await caller.until(server.url, "/readyz", 200)
        assert (await caller.submit(server.url)).status == 202
        await caller.all_delivered(server.url)
        assert len(caller.accepted) == 22


@pytest.fixture
def database() -> Iterator[postgres.Server]:
    """A server of this test's own, since it is stopped."""
    postgres.database()  # or the test is skipped
    server = postgres.Server()
    server.start()
    yield server
    server.remove()


async def test_roles_share_a_database_and_outlive_it(
    tmp_path: Path, database: postgres.Server, caller: Caller
) -> None:
    settings = {"BUDKAVLE_DATA": str(tmp_path), "BUDKAVLE_STORE__URL": database.url()}
    settings["BUDKAVLE_WORKER__PROCESSES"] = "0"
    loaded = load({}, environment=settings).settings
    await migrate(loaded, SystemClock().now())
    store = await open_store(loaded)
    await plant(store, SystemClock())
    await store.close()
    async with Server(settings, "--role", "api") as api:
        for _ in range(5):
            assert (await caller.submit(api.url)).status == 202
        assert {await caller.state(api.url, one) for one in caller.accepted} == {"received"}
        async with (
            Server(settings, "--role", "worker") as one,
            Server(settings, "--role", "worker") as other,
        ):
            await caller.all_delivered(api.url)
            for worker in (one, other):
                assert await caller.status(worker.url, "/readyz") == 200
                assert await caller.status(worker.url, "/metrics") == 200
                assert await caller.status(worker.url, "/v1/documents") == 404

            await asyncio.gather(*(caller.submit(api.url) for _ in range(20)))
            await asyncio.to_thread(database.stop, postgres.signal.SIGQUIT)  # as by a crash
            await caller.until(api.url, "/readyz", 503)
            refused = await caller.submit(api.url)
            assert (refused.status, "Retry-After" in refused.headers) == (503, True)
            await asyncio.to_thread(database.start)
            await caller.until(api.url, "/readyz", 200)
            assert (await caller.submit(api.url)).status == 202
            await caller.all_delivered(api.url)
            for server in (one, other, api):
                code, _ = await server.stop()
                assert code == 0
