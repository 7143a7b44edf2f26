"""What clamd is asked, and what its answers mean: above all that nothing is clean by mistake."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from gateway import config
from gateway.app import scanner
from gateway.scanning.clamd import Clamd, Clean, Found, NoAnswer, TooLarge, understood
from gateway.scanning.sandbox import EICAR, SIGNATURE, Behaviour, Sandbox

MB = 1024 * 1024


def asking(clamd: Sandbox, *, limit_s: float = 60, max_bytes: int = 25 * MB) -> Clamd:
    return Clamd(clamd.address, limit_s=limit_s, max_bytes=max_bytes, at_once=2)


@pytest.mark.parametrize("content", [b"", b"x", b"x" * 64 * 1024, b"x" * (MB + 1)])
async def test_what_is_clean_is_clean_whatever_its_size(content: bytes) -> None:
    async with Sandbox() as clamd:
        assert await asking(clamd).scan(content) == Clean()
        assert clamd.seen == [content]


async def test_the_test_file_is_found() -> None:
    async with Sandbox() as clamd:
        assert await asking(clamd).scan(b"before " + EICAR) == Found(SIGNATURE)


async def test_a_socket_of_this_machine_will_do(tmp_path: Path) -> None:
    async with Sandbox(path=tmp_path / "c") as clamd:
        assert await asking(clamd).scan(EICAR) == Found(SIGNATURE)
        assert await asking(clamd).ping() is None


async def test_what_is_more_than_it_takes_is_not_known() -> None:
    async with Sandbox(most_bytes=100_000) as clamd:
        assert await asking(clamd).scan(b"x" * 100_000) == Clean()
        assert await asking(clamd).scan(b"x" * 100_001) == TooLarge()


async def test_what_we_know_to_be_too_large_is_not_even_sent() -> None:
    async with Sandbox() as clamd:
        assert await asking(clamd, max_bytes=10).scan(b"x" * 11) == TooLarge()
        assert clamd.seen == []


@pytest.mark.parametrize(
    "behaviour", [each for each in Behaviour if each not in (Behaviour.RIGHT, Behaviour.SILENT)]
)
async def test_no_answer_is_no_clean_one(behaviour: Behaviour) -> None:
    async with Sandbox() as clamd:
        clamd.behaviour = behaviour
        assert isinstance(await asking(clamd).scan(b"x" * MB), NoAnswer)


async def test_silence_ends() -> None:
    async with Sandbox() as clamd:
        clamd.behaviour = Behaviour.SILENT
        answer = await asking(clamd, limit_s=0.2).scan(b"x")
        assert answer == NoAnswer("it did not answer within 0.2 s")


async def test_nobody_there_is_no_answer(tmp_path: Path) -> None:
    async with Sandbox() as clamd:
        address = clamd.address
    for gone in (address, f"unix:{tmp_path}/none"):
        scanner = Clamd(gone, limit_s=60, max_bytes=MB, at_once=1)
        assert isinstance(await scanner.scan(b"x"), NoAnswer)
        assert isinstance(await scanner.ping(), NoAnswer)


async def test_the_settings_reach_it() -> None:
    async with Sandbox() as clamd:
        section = config.Scan(address=clamd.address, max_bytes=1024, limit_s=0.3, at_once=1)
        made = scanner(section)
        assert await made.scan(b"x" * 1025) == TooLarge()
        clamd.behaviour = Behaviour.SILENT
        answer = NoAnswer("it did not answer within 0.3 s")
        assert await asyncio.gather(made.scan(b"x"), made.scan(b"y")) == [answer] * 2


@pytest.mark.parametrize("address", ["clamd", "host:port", "unix:clamd.ctl", ""])
def test_an_address_is_one(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        config.Scan(address=address)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (b"stream: OK", Clean()),
        (b"stream: OK\n", Clean()),
        (b"stream: Win.Test.EICAR_HDB-1 FOUND", Found("Win.Test.EICAR_HDB-1")),
        (b"stream: a\x1b[31m\xff FOUND", Found("a?[31m\\xff")),
        (b"INSTREAM size limit exceeded. ERROR", TooLarge()),
    ],
)
def test_what_replies_mean(reply: bytes, answer: object) -> None:
    assert understood(reply) == answer


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"OK",
        b"stream: ",
        b"stream: OK FOUND?",
        b"stream: OK ERROR",
        b"stream: x FOUND\nstream: OK",
        b"UNKNOWN COMMAND",
        b"stream: " + b"x" * 201 + b" FOUND",
    ],
)
def test_nothing_else_is_understood(reply: bytes) -> None:
    assert isinstance(understood(reply), NoAnswer)
