"""The gateway is killed, five times, while 200 documents are under way; nothing is lost.

The gateway is a real process that is sent SIGKILL; the mail server and the print house live in
this process and are the witnesses of what really left. The moments are random (seeded) numbers of
things that have happened: requests answered, messages, letters and inbox documents arrived.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Client, Unreachable
from gateway.clock import SystemClock
from gateway.sandbox import RECEIVER, SENDER, plant
from gateway.store.sqlite import SqliteStore
from tests.e2e.invoices import submission
from tests.e2e.server import Server
from transports.email.sandbox import Sandbox as MailServer
from transports.letter.sandbox import Sandbox as PrintHouse

DOCUMENTS = 200
KILLS = 5
PATIENCE_S = 300.0

# What one document may have at most one of, when no person acts on it.
ONCE = frozenset(
    {
        "document.received",
        "document.rejected",
        "document.routed",
        "document.sent",
        "document.delivered",
        "document.held",
        "document.failed",
        "inbox.received",
    }
)


def bodies() -> dict[str, bytes]:
    """A third to a company here, a third by e-mail, a third by post."""
    made = {}
    for n in range(DOCUMENTS):
        number = f"K-{n:03}"
        match n % 3:
            case 0:
                body = submission(number, to=RECEIVER)
            case 1:
                body = submission(number, email=f"kund{n}@customer.example")
            case _:
                body = submission(number)
        made[number] = json.dumps(body).encode()
    return made


@asynccontextmanager
async def client(server: Server, key: str) -> AsyncIterator[Client]:
    await server.up.wait()
    async with Client(server.url, key) as connected:
        yield connected


async def hand_in(server: Server, number: str, body: bytes, ids: dict[str, str]) -> None:
    """As a ledger does: again and again under the same key, until it is acknowledged."""
    while number not in ids:
        try:
            async with client(server, SENDER.key) as ledger:
                ids[number] = (await ledger.submit(body, idempotency_key=number)).id
        except Unreachable:
            await asyncio.sleep(0.01)


async def until(what: str, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        try:
            while not condition():
                await asyncio.sleep(0.002)
        except asyncio.CancelledError:
            pytest.fail(f"never happened: {what}")


async def all_events(company: Client) -> list[Mapping[str, Any]]:
    return [event async for event in company.events()]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1])
async def test_nothing_is_lost_and_nothing_is_doubled(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    store = await SqliteStore.open(tmp_path)
    await plant(store, SystemClock())
    await store.close()
    sent = bodies()
    ids: dict[str, str] = {}

    async with MailServer() as mail, PrintHouse() as print_house:
        server = Server(
            {
                "BUDKAVLE_DATA": str(tmp_path),
                "BUDKAVLE_LOG__LEVEL": "error",
                "BUDKAVLE_EMAIL__HOST": "127.0.0.1",
                "BUDKAVLE_EMAIL__PORT": str(mail.port),
                "BUDKAVLE_EMAIL__TLS": "none",
                "BUDKAVLE_EMAIL__SENDER": "invoices@gateway.example",
                "BUDKAVLE_LETTER__URL": print_house.url,
                "BUDKAVLE_LETTER__TOKEN": print_house.token,
            }
        )
        await server.start()

        def happened() -> int:
            return len(ids) + len(mail.received) + len(print_house.jobs)

        # 200 answers and some 130 messages and letters happen in all.
        moments = sorted(dice.sample(range(5, DOCUMENTS + DOCUMENTS // 2), KILLS))
        queue = iter(sent.items())

        async def ledger() -> None:
            for number, body in queue:
                await hand_in(server, number, body, ids)

        async with asyncio.TaskGroup() as ledgers:
            for _ in range(8):
                ledgers.create_task(ledger())
            for moment in moments:
                await until(f"{moment} things", lambda moment=moment: happened() >= moment)
                await server.kill()
                await server.start()
        assert ids.keys() == sent.keys()

        async with client(server, SENDER.key) as sender, client(server, RECEIVER.key) as receiver:
            async with asyncio.timeout(PATIENCE_S):
                ended = {
                    number: await sender.settled(document_id) for number, document_id in ids.items()
                }
            events = await all_events(sender)
            arrived = [document async for document in everything_in(receiver)]
            arrivals = await all_events(receiver)
        code, log = await server.stop()
        assert code == 0 and not log, log

    held = {number for number, document in ended.items() if document["state"] == "held"}
    states = Counter(document["state"] for document in ended.values())
    failed = {number: one["text"] for number, one in ended.items() if one["state"] == "failed"}

    # None lost, none stuck, none failed: every acknowledged document is sent, delivered or held.
    assert set(states) <= {"sent", "delivered", "held"}, (states, failed)
    assert {event["document_id"] for event in events} == set(ids.values())

    # Held ones are e-mails that may have gone; each says why.
    for number in held:
        assert ended[number]["channel"] == "email"
        assert ended[number]["code"] and ended[number]["text"]

    # No event twice: the same thing, of the same document, for the same reason.
    assert len({event["id"] for event in events}) == len(events)
    counted = Counter(
        (event["document_id"], event["type"], event["data"].get("code"))
        for event in events + arrivals
        if event["type"] in ONCE
    )
    assert not [double for double, times in counted.items() if times > 1]

    # What really left, as the partners saw it: once, or held when nobody can know.
    mails = Counter(message.recipient for message in mail.received)
    letters = Counter(job.submission.job.reference for job in print_house.jobs.values())
    inbox = Counter(document["head"]["number"] for document in arrived)
    for n, number in enumerate(sent):
        channel = ended[number]["channel"]
        seen = (inbox[number], mails[f"kund{n}@customer.example"], letters[number])
        once = tuple(int(channel == name) for name in ("internal", "email", "letter"))
        assert seen == once or (number in held and seen == (0, 0, 0)), number
    left = sum(
        mails[f"kund{n}@customer.example"] for n, number in enumerate(sent) if number in held
    )
    sys.stdout.write(f"{dict(states)}; {left} of the held had left; killed after {moments}\n")


async def everything_in(receiver: Client) -> AsyncIterator[Mapping[str, Any]]:
    """The whole inbox, confirmed page by page."""
    while documents := await receiver.inbox():
        for document in documents:
            yield document
            await receiver.confirm(document["id"])
