"""Attackers on the wire: broken framing, slow bodies, odd bytes. The server stays up."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.store.sqlite import SqliteStore
from tests.api.conftest import KEY, LIMITS, Api, api, serving

__all__ = ["api"]

HEAD = f"POST /v1/documents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
JSON = "Content-Type: application/json\r\n"


async def talk(api: Api, sent: bytes, *, end: bool = False) -> bytes:
    """Sends bytes, closes our side if `end`, and reads until the server closes."""
    host, port = api.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    if end:
        writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), 60)
    finally:
        writer.close()


BROKEN = {
    "no request": b"\x16\x03\x01\x02\x00\x01\x00",
    "bad version": b"GET / HTTP/9.9\r\n\r\n",
    "no host, bad header": b"GET /healthz HTTP/1.1\r\nbad header\r\n\r\n",
    "two lengths": (HEAD + JSON + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x").encode(),
    "length and chunks": (
        HEAD + JSON + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ).encode(),
    "negative length": (HEAD + JSON + "Content-Length: -1\r\n\r\n").encode(),
    "bad chunk": (HEAD + JSON + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n").encode(),
    "NUL in a header": (HEAD + "X: a\x00b\r\nContent-Length: 0\r\n\r\n").encode(),
    "NUL in the key": f"GET /v1/inbox HTTP/1.1\r\nAuthorization: {KEY}\x00\r\n\r\n".encode(),
    "huge header": (HEAD + "X: " + "y" * 100_000 + "\r\n\r\n").encode(),
}


@pytest.mark.parametrize("sent", BROKEN.values(), ids=BROKEN.keys())
async def test_broken_framing_is_a_4xx_or_a_closed_connection(
    api: Api, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await talk(api, sent, end=True)
    if answer:  # HTTP/1.0 where the parser is the one in Python, which knows no version yet
        assert answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer[:200]
    assert b"Traceback" not in answer
    assert b'File "' not in answer
    assert KEY not in caplog.text
    assert (await api.get("/healthz")).status == 200
    assert await api.count() == 0


async def test_a_body_that_stops_coming_is_given_up(tmp_path: Path) -> None:
    hasty = replace(LIMITS, idle_body_s=0.5)
    async with serving(await SqliteStore.open(tmp_path), hasty) as api:
        answer = await talk(api, (HEAD + JSON + 'Content-Length: 100\r\n\r\n{"inv').encode())
        assert answer.startswith(b"HTTP/1.1 408"), answer[:200]
        assert b"/problems/request-timeout" in answer
        assert await api.count() == 0


async def test_a_body_that_is_cut_off_writes_nothing(api: Api) -> None:
    sent = (HEAD + JSON + 'Content-Length: 100\r\n\r\n{"inv').encode()
    answer = await talk(api, sent, end=True)
    assert not answer or answer.startswith(b"HTTP/1.1 4"), answer[:200]
    assert await api.count() == 0
    assert (await api.get("/healthz")).status == 200


async def test_a_chunked_body_larger_than_the_limit_is_refused(api: Api) -> None:
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    sent = (HEAD + JSON + "Transfer-Encoding: chunked\r\n\r\n").encode() + chunk * 17
    answer = await talk(api, sent)
    assert answer.startswith(b"HTTP/1.1 413"), answer[:200]
    assert b"/problems/too-large" in answer
    assert b"Connection: close" in answer
    assert await api.count() == 0


async def test_a_client_that_asks_first_is_told_before_it_sends(api: Api) -> None:
    ask = "Expect: 100-continue\r\nConnection: close\r\n"
    for head, status in (
        (HEAD + JSON + ask + "Content-Length: 50000000\r\n\r\n", b"413"),
        (HEAD + "Content-Type: text/plain\r\n" + ask + "Content-Length: 2\r\n\r\n", b"415"),
        (HEAD.replace(KEY, "bk_no") + JSON + ask + "Content-Length: 2\r\n\r\n", b"401"),
    ):
        answer = await talk(api, head.encode())
        assert answer.startswith(b"HTTP/1.1 " + status), answer[:200]
    body = b"{}"
    sent = (HEAD + JSON + ask + f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    answer = await talk(api, sent)
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 422"), answer[:200]


async def test_requests_in_one_connection_do_not_mix(api: Api) -> None:
    one = (HEAD + JSON + "Content-Length: 2\r\n\r\n{}").encode()
    two = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = await talk(api, one + two)
    assert answer.count(b"HTTP/1.1 ") == 2
    assert answer.index(b"/problems/invalid-body") < answer.index(b'{"status":"ok"}')
