from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from aiohttp import web

from tests.contracts.transports import NOW
from transports.http import Answer, Client, NoAnswer

PATIENCE_S = 60.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=1, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@asynccontextmanager
async def raw(answer: bytes, *, reads: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that reads so much of a body, says `answer` and breaks off; and what it has read."""
    read: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        read.append(await reader.readexactly(reads))
        writer.write(answer)
        await writer.drain()
        writer.transport.abort()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", read
    server.close()
    await server.wait_closed()


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client(connect_timeout_s=PATIENCE_S, answer_timeout_s=PATIENCE_S)
    yield client
    await client.close()


async def test_the_answer_is_kept_with_its_head(client: Client) -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.headers["Content-Length"] == "5"
        return web.Response(status=201, body=await request.read(), headers={"X-Number": "7"})

    async with serving(handler) as url:
        answer = await client.call("PUT", f"{url}/jobs", b"hello", params={"a": "b"})
    assert (answer.status, answer.reason, answer.body, answer.whole) == (
        201,
        "Created",
        b"hello",
        True,
    )
    assert answer.headers["x-number"] == "7"
    assert answer.head.startswith(b"HTTP/1.1 201 Created\r\n")
    assert b"\r\nX-Number: 7\r\n" in answer.head
    kept = answer.evidence(NOW)
    assert (kept.kind, kept.media_type, kept.at) == ("answer", "application/http", NOW)
    assert kept.content == answer.head + b"hello"


async def test_an_answer_that_is_too_long_is_not_read_to_its_end(client: Client) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:  # until the connection is closed
            await response.write(b"x" * 65536)

    async with serving(handler) as url:
        answer = await client.call("GET", url, most_bytes=100_000)
    assert answer.body == b"x" * 100_000
    assert not answer.whole


async def test_an_answer_is_kept_packed_as_it_came(client: Client) -> None:
    packed = gzip.compress(b"x" * 1000, mtime=0)

    async def handler(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "identity"
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    async with serving(handler) as url:
        assert (await client.call("GET", url)).body == packed


async def test_a_redirect_is_an_answer(client: Client) -> None:
    paths = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        raise web.HTTPFound("/elsewhere")

    async with serving(handler) as url:
        answer = await client.call("POST", f"{url}/here", b"hello")
    assert answer.status == 302
    assert paths == ["/here"]


async def test_cookies_are_not_kept_and_headers_go_with_every_call() -> None:
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append((request.headers["Authorization"], request.headers.get("Cookie")))
        response = web.Response()
        response.set_cookie("a", "b")
        return response

    client = Client(
        headers={"Authorization": "Bearer t"},
        connect_timeout_s=PATIENCE_S,
        answer_timeout_s=PATIENCE_S,
    )
    async with serving(handler) as url:
        for _ in range(2):
            await client.call("GET", url)
    await client.close()
    assert seen == [("Bearer t", None)] * 2


async def test_a_call_is_not_repeated_after_a_broken_connection(client: Client) -> None:
    calls = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        await request.read()
        if calls > 1:
            assert request.transport is not None
            request.transport.abort()
        return web.Response()

    async with serving(handler) as url:
        await client.call("PUT", url, b"hello")
        with pytest.raises(NoAnswer) as broken:
            await client.call("PUT", url, b"hello")
    assert calls == 2
    assert broken.value.handed_over
    assert not broken.value.timed_out
    assert str(broken.value)


@pytest.mark.parametrize("content", [b"hello", b"", None])
async def test_where_nobody_listens_nothing_was_handed_over(
    client: Client, content: bytes | None
) -> None:
    with pytest.raises(NoAnswer) as broken:
        await client.call("POST", "http://127.0.0.1:0", content)
    assert not broken.value.handed_over
    assert not broken.value.timed_out


@pytest.mark.parametrize("content", [b"hello", b"", None])
async def test_what_was_sent_and_not_answered_is_handed_over(content: bytes | None) -> None:
    reached = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await request.read()
        reached.set()
        await asyncio.Event().wait()
        raise AssertionError

    client = Client(connect_timeout_s=PATIENCE_S, answer_timeout_s=3)
    async with serving(handler) as url:
        with pytest.raises(NoAnswer) as broken:
            await client.call("POST", url, content)
        assert reached.is_set()
        await client.close()
    assert broken.value.handed_over
    assert broken.value.timed_out


async def test_what_broke_off_on_the_way_was_not_handed_over(client: Client) -> None:
    large = b"x" * (64 * 1024 * 1024)  # more than any socket's buffers take
    async with raw(b"", reads=1000) as (url, read):
        with pytest.raises(NoAnswer) as broken:
            await client.call("PUT", url, large)
    assert len(read) == 1
    assert not broken.value.handed_over


async def test_an_answer_that_breaks_off_is_none(client: Client) -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"
    async with raw(half, reads=500) as (url, _):
        with pytest.raises(NoAnswer) as broken:
            await client.call("PUT", url, b"hello" * 100)
    assert broken.value.handed_over


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("0", 0),
        ("17", 17),
        ("100000", 86_400),
        ("999999999", 86_400),
        ("1000000000", None),
        ("-1", None),
        ("1.5", None),
        ("\u0661", None),
        ("Sun, 22 Nov 2026 12:00:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after(value: str | None, asked: int | None) -> None:
    headers = {} if value is None else {"Retry-After": value}
    answer = Answer(503, "", headers, b"", b"", whole=True)
    expected = None if asked is None else timedelta(seconds=asked)
    assert answer.retry_after == expected
