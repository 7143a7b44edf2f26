"""What each error of another access point means for us, as facts about the network have it.

Signed, it ends the attempt for good, or it is tried again; unsigned, it is a hint and no more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from lxml import etree

from tests.peppol.parties import NOW
from tests.peppol.test_repeats import World, world
from transports.base import Refused, Sent, TryLater, Unknown
from transports.peppol.as4 import signals
from transports.peppol.as4.message import MEANINGS, NOT_SERVICED, Errors, Fault
from transports.peppol.pki.keys import KeyInMemory

__all__ = ["world"]

AGAIN = ("EBMS:0005", "EBMS:0010", "EBMS:0102", "EBMS:0201", "EBMS:0202", "EBMS:0301", "EBMS:0302")
NEVER = (
    *("EBMS:0001", "EBMS:0002", "EBMS:0003", "EBMS:0007", "EBMS:0008", "EBMS:0009", "EBMS:0011"),
    *("EBMS:0101", "EBMS:0103", "EBMS:0303"),
)
TABLE = {
    **dict.fromkeys([(code, "what") for code in NEVER], Refused),
    **dict.fromkeys([(code, "what") for code in AGAIN], TryLater),
    ("EBMS:0004", "the disk is full"): TryLater,
    ("EBMS:0004", NOT_SERVICED): Refused,
    ("EBMS:4001", "duplicate"): Unknown,
    ("EBMS:9999", "a code that nobody knows"): TryLater,
}


def test_every_code_is_in_the_table() -> None:
    assert {code for code, _ in TABLE} >= set(MEANINGS)


@asynccontextmanager
async def answering(content: bytes) -> AsyncIterator[str]:
    """An access point that answers everything with the same."""

    async def post(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=content, headers={"Content-Type": signals.CONTENT_TYPE})

    app = web.Application()
    app.add_routes([web.post("/as4", post)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/as4"
    finally:
        await runner.cleanup()


def said(fault: Fault, ref_to: str | None, signer: KeyInMemory, *, signed: bool) -> bytes:
    known = replace(fault, code="EBMS:0004") if fault.code not in MEANINGS else fault
    content = signals.errors(Errors("e@x", NOW, ref_to, (known,)), signer)
    if signed and fault == known:
        return content
    root = etree.fromstring(content)
    error = root.find(".//{*}Error")
    security = root.find(".//{*}Security")
    assert error is not None and security is not None
    error.set("errorCode", fault.code)
    security.getparent().remove(security)  # type: ignore[union-attr]
    return etree.tostring(root)


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("error", "outcome"), TABLE.items())
async def test_what_an_error_means(
    world: World, error: tuple[str, str], outcome: type, signed: bool
) -> None:
    around, packed = await world.first()
    signer = world.network.authority.leaf(world.here.seat)
    async with answering(said(Fault(*error), None, signer, signed=signed)) as url:
        found = await world.delivered(around, replace(packed, address=url), repeated=False)
    expected = outcome if signed or outcome is Unknown else TryLater
    assert type(found) is expected, found
    assert not isinstance(found, Sent)
