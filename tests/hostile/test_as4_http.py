"""Attackers below the message: slow, cut off, chunked by tricks. All speak to a real listener.

What reaches the access point is answered with a signed error, and noted. What is no HTTP is refused
by the server itself, without an answer of ours; nothing of either is kept.
"""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from aiohttp import web

from gateway.api.app import make_runner
from tests.peppol.parties import RECEIVING, Shelf, key, packed, receiver
from transports.peppol.as4 import signals
from transports.peppol.as4.message import Errors, Receipt
from transports.peppol.as4.packing import Packed
from transports.peppol.endpoint import Endpoint, Limits

SOON_S = 60.0  # nothing here takes as long, but on a machine that is very busy
PATIENT = Limits(body_bytes=100_000, idle_s=SOON_S, total_s=SOON_S)
IMPATIENT = Limits(body_bytes=100_000, idle_s=1, total_s=SOON_S)


@dataclass
class Listener:
    """An access point on loopback."""

    port: int
    shelf: Shelf


@asynccontextmanager
async def listener(limits: Limits = PATIENT) -> AsyncIterator[Listener]:
    shelf = Shelf()
    async with receiver(shelf) as at:
        app = web.Application()
        app.add_routes(Endpoint(at, limits).routes())
        runner = make_runner(app, drain_s=0.1, lingering_s=0.1)  # as the gateway's outer listener
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        try:
            yield Listener(runner.addresses[0][1], shelf)
        finally:
            await runner.cleanup()


class Line:
    """A connection to it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *pieces: bytes) -> None:
        """Sends as far as the other side takes it."""
        try:
            for piece in pieces:
                self._writer.write(piece)
                await self._writer.drain()
        except ConnectionError:
            pass

    async def is_expected(self) -> None:
        """Waits until the body is asked for."""
        assert (await self._reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100")

    async def answer(self) -> tuple[int, bytes]:
        """The status and the body of the answer; 0 when the connection was closed without one."""
        try:
            head = await self._reader.readuntil(b"\r\n\r\n")
            status, _, rest = head.partition(b"\r\n")
            headers = dict(
                line.lower().split(b": ", 1) for line in rest.strip().split(b"\r\n") if line
            )
            body = await self._reader.readexactly(int(headers[b"content-length"]))
        except (ConnectionError, asyncio.IncompleteReadError):
            return 0, b""
        return int(status.split()[1]), body

    def cut(self) -> None:
        self._writer.transport.abort()


@asynccontextmanager
async def line(to: Listener) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", to.port)
    try:
        async with asyncio.timeout(SOON_S):
            yield Line(reader, writer)
    finally:
        writer.close()


def head(sent: Packed, *headers: str) -> bytes:
    given = ("POST /as4 HTTP/1.1", "Host: a", f"Content-Type: {sent.content_type}", *headers)
    return "\r\n".join((*given, "", "")).encode()


def chunks(body: bytes, size: int = 4000, extension: bytes = b"") -> Iterator[bytes]:
    for at in range(0, len(body), size):
        piece = body[at : at + size]
        yield b"%x%s\r\n%s\r\n" % (len(piece), extension, piece)


CHUNKED = "Transfer-Encoding: chunked"


def refused(answer: tuple[int, bytes], at: Listener, status: int, code: str) -> Errors:
    """The signed error of an answer; it is noted, and nothing is kept."""
    assert answer[0] == status
    read = signals.read(signals.CONTENT_TYPE, answer[1])
    assert isinstance(read.signal, Errors)
    assert read.certificate == key(RECEIVING).certificate
    assert read.signal.faults[0].code == code
    assert not at.shelf.kept
    assert [one.code for one in at.shelf.noted] == [code]
    return read.signal


async def taken(to: Listener, *pieces: bytes) -> None:
    """A good message in these pieces gets its receipt: the listener is as well as before."""
    async with line(to) as good:
        await good.send(*pieces)
        status, body = await good.answer()
    assert status == 200
    assert isinstance(signals.read(signals.CONTENT_TYPE, body).signal, Receipt)


# --- slow, and cut off --------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["Content-Length: 9000", CHUNKED])
async def test_a_sender_that_falls_silent_is_given_up(coding: str) -> None:
    sent = packed()
    async with listener(IMPATIENT) as at, line(at) as slow:
        await slow.send(head(sent, coding), b"64\r\n--b")
        refused(await slow.answer(), at, 408, "EBMS:0004")


async def test_a_sender_that_drips_is_given_up_in_the_end() -> None:
    """Each byte comes in time; all of them never."""
    sent = packed()
    limits = Limits(body_bytes=100_000, idle_s=SOON_S, total_s=0.3)
    async with listener(limits) as at, line(at) as slow:
        await slow.send(head(sent, "Content-Length: 90000"))
        answering = asyncio.ensure_future(slow.answer())
        while not (await asyncio.wait([answering], timeout=0.02))[0]:
            await slow.send(b"-")
        refused(answering.result(), at, 408, "EBMS:0004")


async def test_slow_senders_stand_in_nobodys_way() -> None:
    sent = packed()
    limits = Limits(body_bytes=100_000, idle_s=SOON_S, total_s=SOON_S, at_once=1)
    async with listener(limits) as at, line(at) as one, line(at) as other:
        for slow in (one, other):
            await slow.send(head(sent, f"Content-Length: {len(sent.body)}"), sent.body[:100])
        await taken(at, head(sent, f"Content-Length: {len(sent.body)}"), sent.body)
        assert len(at.shelf.kept) == 1


async def test_more_bodies_than_may_be_held_are_asked_to_come_again() -> None:
    sent = packed()
    limits = Limits(body_bytes=100_000, idle_s=SOON_S, total_s=SOON_S, held_bytes=5_000)
    async with listener(limits) as at, line(at) as late:
        await late.send(head(sent, CHUNKED), *chunks(sent.body), b"0\r\n\r\n")
        assert (await late.answer())[0] == 503
        assert not at.shelf.kept


async def test_what_is_held_is_let_go_of_whatever_became_of_it() -> None:
    sent = packed()
    whole = (head(sent, f"Content-Length: {len(sent.body)}"), sent.body)
    limits = Limits(body_bytes=15_000, idle_s=1, total_s=SOON_S, held_bytes=20_000)
    bad = (
        (head(sent, CHUNKED), *chunks(bytes(16_000))),  # too large
        (head(sent, "Content-Length: 12000"), bytes(11_000)),  # silent
        (head(sent, "Content-Length: 12000"), bytes(12_000)),  # no message
    )
    async with listener(limits) as at:
        for pieces in bad:
            await taken(at, *whole)
            async with line(at) as refused_one:
                await refused_one.send(*pieces)
                assert (await refused_one.answer())[0] in (200, 408)
        await taken(at, *whole)
        assert len(at.shelf.noted) == len(bad)


async def until(true: Callable[[], bool]) -> None:
    """Waits for what is going to be so."""
    async with asyncio.timeout(SOON_S):
        while not true():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.999])
@pytest.mark.parametrize("chunked", [False, True])
async def test_a_connection_that_is_cut_leaves_a_note_and_nothing_else(
    part: float, chunked: bool
) -> None:
    sent = packed()
    coding = CHUNKED if chunked else f"Content-Length: {len(sent.body)}"
    body = b"".join(chunks(sent.body)) if chunked else sent.body
    async with listener() as at:
        async with line(at) as bad:
            await bad.send(head(sent, coding, "Expect: 100-continue"))
            await bad.is_expected()
            await bad.send(body[: int(part * len(body))])
            bad.cut()
        await until(lambda: bool(at.shelf.noted))
        assert [one.code for one in at.shelf.noted] == ["EBMS:0007"]
        assert not at.shelf.kept
        await taken(at, head(sent, CHUNKED), *chunks(sent.body), b"0\r\n\r\n")


# --- chunked ------------------------------------------------------------------------------------


async def test_a_chunked_message_is_taken() -> None:
    sent = packed()
    async with listener() as at:
        await taken(at, head(sent, CHUNKED), *chunks(sent.body, 1), b"0\r\n\r\n")


@pytest.mark.parametrize(
    "end",
    [
        b"zz\r\nabc",
        b"-1\r\nabc",
        b"+5\r\nabcde\r\n",
        b"0x5\r\nabcde\r\n",
        b"5 5\r\nabcde\r\n",
        b"f" * 17 + b"\r\nabc",
        b"5\r\nabcdefgh\r\n",
        b"5\nabcde\n",
        b"5;x=\x00\r\nabcde\r\n",
        b"0\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
        b"0\r\nX: " + b"y" * 300_000 + b"\r\n\r\n",
        b"0\r\nno header\r\n\r\n",
    ],
)
async def test_chunks_that_are_none_are_refused(end: bytes) -> None:
    """By the server, or as a message that does not come to its end; what came before is lost."""
    sent = packed()
    async with listener(IMPATIENT) as at:
        async with line(at) as bad:
            await bad.send(head(sent, CHUNKED), *chunks(sent.body), end)
            status, _ = await bad.answer()
        assert status in (0, 400, 408)
        assert not at.shelf.kept
        await taken(at, head(sent, CHUNKED), *chunks(sent.body), b"0\r\n\r\n")


async def test_a_chunk_larger_than_any_is_never_waited_for_with_its_memory() -> None:
    sent = packed()
    async with listener(IMPATIENT) as at, line(at) as bad:
        await bad.send(head(sent, CHUNKED), b"7fffffffffffffff\r\n", sent.body)
        refused(await bad.answer(), at, 408, "EBMS:0004")


async def test_a_chunked_body_over_the_limit_is_refused() -> None:
    sent = packed()
    async with listener() as at, line(at) as bad:
        await bad.send(head(sent, CHUNKED), *chunks(bytes(300_000)))
        said = refused(await bad.answer(), at, 200, "EBMS:0007")
    assert "100000" in said.faults[0].detail


async def test_a_length_over_the_limit_is_refused_at_once() -> None:
    sent = packed()
    async with listener() as at, line(at) as bad:
        await bad.send(head(sent, "Content-Length: 20000000000"))
        refused(await bad.answer(), at, 200, "EBMS:0007")


async def test_huge_chunk_extensions_are_passed_over() -> None:
    sent = packed()
    async with listener() as at:
        extension = b";x=" + b"y" * 300_000
        await taken(at, head(sent, CHUNKED), *chunks(sent.body, 4000, extension), b"0\r\n\r\n")
        assert len(at.shelf.kept) == 1


async def test_what_follows_the_last_chunk_is_no_part_of_the_message() -> None:
    sent = packed()
    async with listener() as at:
        async with line(at) as bad:
            await bad.send(head(sent, CHUNKED), *chunks(sent.body), b"0\r\n\r\nGARBAGE\r\n\r\n")
            assert (await bad.answer())[0] in (0, 200, 400)
        await taken(at, head(sent, CHUNKED), *chunks(sent.body), b"0\r\n\r\n")
        (kept,) = at.shelf.kept.values()
    assert kept.request == sent.body


@pytest.mark.parametrize(
    "headers",
    [
        ("Content-Length: 5", CHUNKED),
        ("Content-Length: 5", "Content-Length: 6"),
        ("Content-Length: -5",),
        ("Content-Length: +5",),
        ("Transfer-Encoding: chunked, chunked",),
        ("Transfer-Encoding: identity",),
    ],
)
async def test_a_body_of_two_lengths_is_refused(headers: tuple[str, ...]) -> None:
    """Whoever stands between may see another body than we do (request smuggling)."""
    sent = packed()
    async with listener(IMPATIENT) as at:
        async with line(at) as bad:
            await bad.send(head(sent, *headers), *chunks(sent.body), b"0\r\n\r\n")
            status, _ = await bad.answer()
        assert status in (0, 400, 415)
        assert not at.shelf.kept


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Content-Encoding: gzip", gzip.compress(bytes(50_000_000))),
        ("Content-Encoding: gzip", b"no gzip"),
        ("Content-Encoding: deflate", b"no deflate"),
        ("Content-Encoding: br", b"no brotli"),
        ("Content-Encoding: anything", b"x"),
    ],
)
async def test_a_body_packed_by_http_is_refused(header: str, body: bytes) -> None:
    sent = packed()
    async with listener() as at, line(at) as bad:
        await bad.send(head(sent, header, f"Content-Length: {len(body)}"), body)
        refused(await bad.answer(), at, 415, "EBMS:0007")


async def test_a_transfer_coding_beside_chunked_is_refused() -> None:
    sent = packed()
    async with listener() as at, line(at) as bad:
        await bad.send(head(sent, "Transfer-Encoding: gzip, chunked"), *chunks(sent.body))
        refused(await bad.answer(), at, 415, "EBMS:0007")
