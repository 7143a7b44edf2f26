"""Large files over HTTP: to disk or into the bucket as they come, and back out in pieces."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest

from gateway.api import examples
from gateway.api.routes import Limits
from gateway.blobs.ring import Ring, add_master
from gateway.blobs.s3 import S3, Bucket
from gateway.store.sqlite import SqliteStore
from tests.api.conftest import KEY, LIMITS, Api, Reply, serving
from tests.api.test_bad_requests import assert_problem
from tests.servers import objects
from tests.servers.relay import Relay

MB = 1_000_000
ROOMY = Limits(body_bytes=30 * MB, idle_body_s=20, long_poll_s=LIMITS.long_poll_s)
DOCUMENT = json.dumps(examples.SWEDISH_COMPANY)
TYPE = "application/octet-stream"  # no invoice holds it inside: it stays a file beside it


def bucket(port: int, give_up_s: float = 30) -> S3:
    return S3(
        Bucket(
            objects.BUCKET,
            endpoint=f"http://127.0.0.1:{port}",
            prefix=os.urandom(8).hex(),
            access_key_id=objects.ACCESS_KEY,
            secret_access_key=objects.SECRET_KEY,
            connect_timeout_s=30,
            give_up_s=give_up_s,
        )
    )


@pytest.fixture(params=["files", "sealed", "s3"])
async def roomy(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Api]:
    """A server that takes large bodies."""
    place = ring = None
    if request.param == "s3":
        place = bucket(request.getfixturevalue("s3_port"))
    if request.param == "sealed":
        add_master(tmp_path / "ring", "first")
        ring = Ring.read(tmp_path / "ring")
    store = await SqliteStore.open(tmp_path / "data", place=place, ring=ring)
    async with serving(store, ROOMY) as api:
        yield api


async def hand_in(api: Api, *files: bytes, document: str = DOCUMENT, key: str = "k") -> Reply:
    form = aiohttp.FormData()
    form.add_field("document", document, content_type="application/json")
    for n, content in enumerate(files):
        form.add_field("attachment", io.BytesIO(content), filename=f"{n}.bin", content_type=TYPE)
    return await api.post("/v1/documents", data=form, headers={"Idempotency-Key": key})


async def files_of(api: Api, reply: Reply) -> list[dict[str, object]]:
    files = (await api.get(f"{reply.headers['Location']}/evidence")).json["files"]
    assert isinstance(files, list)
    return files


def spooled(api: Api) -> list[Path]:
    folder = api.store.blobs.spool
    return list(folder.iterdir()) if folder.exists() else []


@pytest.mark.parametrize("size", [1, 64 * 1024, 64 * 1024 + 1, 300_000, 12 * MB])
async def test_a_file_comes_back_as_it_was_sent(roomy: Api, size: int) -> None:
    content = os.urandom(size)
    reply = await hand_in(roomy, content, b"small")
    assert reply.status == 202, reply.content
    assert spooled(roomy) == []
    *_, large, small = await files_of(roomy, reply)
    assert (large["sha256"], large["size_bytes"]) == (hashlib.sha256(content).hexdigest(), size)
    sent = await roomy.get(f"{reply.headers['Location']}/evidence/{large['sha256']}")
    assert sent.content == content
    assert sent.headers["Content-Length"] == str(size)
    assert sent.headers["Content-Disposition"].startswith("attachment; ")
    assert sent.headers["Content-Security-Policy"].startswith("default-src 'none'")
    other = await roomy.get(f"{reply.headers['Location']}/evidence/{small['sha256']}")
    assert other.content == b"small"


async def test_the_same_request_again_is_the_same_document(roomy: Api) -> None:
    content = os.urandom(200_000)
    first, again = await hand_in(roomy, content), await hand_in(roomy, content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.headers["Location"] == again.headers["Location"]
    other = await hand_in(roomy, content[:-1] + bytes([content[-1] ^ 1]))
    assert_problem(other, 422, "idempotency-key-reused")
    assert spooled(roomy) == []


async def test_nothing_of_what_is_refused_stays_on_disk(roomy: Api) -> None:
    large = os.urandom(200_000)
    assert (await hand_in(roomy, large, document="{")).status == 400
    assert (await hand_in(roomy, large, b"", document=DOCUMENT)).status == 400
    assert (await hand_in(roomy, large, os.urandom(31 * MB))).status == 413
    assert spooled(roomy) == []
    assert await roomy.count() == 0
    assert [found async for found in roomy.store.blobs.place.walk()] == []


async def test_nothing_of_what_is_cut_off_stays_on_disk(roomy: Api) -> None:
    began = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield (
            b'--b\r\nContent-Disposition: form-data; name="attachment"; filename="a.bin"\r\n\r\n'
        ) + os.urandom(MB)
        began.set()
        await asyncio.Event().wait()

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    sending = asyncio.create_task(roomy.post("/v1/documents", data=body(), headers=headers))
    await began.wait()
    await until(lambda: len(spooled(roomy)) == 1)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await until(lambda: spooled(roomy) == [])
    assert await roomy.count() == 0


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():
            await asyncio.sleep(0.01)


async def test_a_form_has_one_file_open_at_a_time(roomy: Api) -> None:
    part = (
        b'--b\r\nContent-Disposition: form-data; name="attachment"; filename="a.bin"\r\n\r\n'
        + os.urandom(70_000)
        + b"\r\n"
    )

    async def body() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield part
        await asyncio.Event().wait()

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    sending = asyncio.create_task(roomy.post("/v1/documents", data=body(), headers=headers))
    await until(lambda: len(spooled(roomy)) == 20)
    folder = str(roomy.store.blobs.spool)
    links = Path("/proc/self/fd").iterdir()
    assert len([one for one in links if os.path.realpath(one).startswith(folder)]) <= 1
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    await until(lambda: spooled(roomy) == [])


@pytest.mark.parametrize("how", ["changed", "gone"])
async def test_a_damaged_file_is_never_sent_whole(roomy: Api, how: str) -> None:
    content = os.urandom(3 * MB)
    reply = await hand_in(roomy, content)
    place = roomy.store.blobs.place
    (found,) = [found async for found in place.walk()]
    assert found.address is not None
    raw = b"".join([chunk async for chunk in place.read(found.address)])
    await place.delete(found.name)
    if how == "changed":
        await place.put(found.address, raw[:-100] + bytes(100))
    *_, large = await files_of(roomy, reply)
    path = f"{reply.headers['Location']}/evidence/{large['sha256']}"
    if how == "gone":
        problem = assert_problem(await roomy.get(path), 503, "storage-unavailable")
        assert str(found.address) not in json.dumps(problem)
    else:
        with pytest.raises(aiohttp.ClientError):
            await roomy.get(path)
        await place.delete(found.name)
        await place.put(found.address, b"not even sealed")  # known before anything is sent
        assert_problem(await roomy.get(path), 410, "content-lost")
    assert (await roomy.get("/healthz")).status == 200


async def test_a_reader_that_goes_away_leaves_nothing_behind(roomy: Api) -> None:
    content = os.urandom(20 * MB)
    reply = await hand_in(roomy, content)
    *_, large = await files_of(roomy, reply)
    url = f"{roomy.url}{reply.headers['Location']}/evidence/{large['sha256']}"
    async with roomy.session.get(url, headers={"Authorization": f"Bearer {KEY}"}) as response:
        assert await response.content.readexactly(1000) == content[:1000]
        response.close()
    sent = await roomy.get(url.removeprefix(roomy.url))
    assert sent.content == content


async def test_without_its_bucket_it_asks_to_come_again_and_loses_nothing(
    s3_port: int, tmp_path: Path
) -> None:
    async with Relay(s3_port) as relay:
        store = await SqliteStore.open(tmp_path, place=bucket(relay.port, give_up_s=0.5))
        async with serving(store, ROOMY) as api:
            before = os.urandom(200_000)
            stored = await hand_in(api, before, key="before")
            await relay.cut()
            large = os.urandom(200_000)
            for _ in range(2):
                refused = await hand_in(api, large, key="during")
                problem = assert_problem(refused, 503, "storage-unavailable")
                assert int(refused.headers["Retry-After"]) > 0
                assert "127.0.0.1" not in json.dumps(problem)
            assert spooled(api) == []
            *_, file = await files_of(api, stored)
            path = f"{stored.headers['Location']}/evidence/{file['sha256']}"
            assert_problem(await api.get(path), 503, "storage-unavailable")
            assert (await hand_in(api, b"small", key="small")).status == 202
            assert (await api.get("/readyz")).status == 200
            await relay.mend()
            assert (await api.get(path)).content == before
            again = await hand_in(api, large, key="during")
            assert again.status == 202
            assert "Idempotency-Replayed" not in again.headers
            assert await api.count() == 3
