"""Personal numbers go to the channel that needs them, and are nowhere else to be read.

A gateway as a process, its log as talkative as it can be, with every partner of the sandbox, those
that refuse and fail among them: their answers may quote the number. Then everything is searched
that others than the sender and the channel see: the log, events and webhooks' bodies (which are the
same), the API's answers, the partners' page, and what an operator is shown of an attempt.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gateway.client import Client
from gateway.clock import SystemClock
from gateway.sandbox import plant
from gateway.sandbox.partners import Partners
from gateway.store.sqlite import SqliteStore
from tests.crash.test_channels_kill import settings_file
from tests.e2e.server import Server
from tests.mixed.fates import FATES, Fate

ENDED = frozenset({"sent", "delivered", "waiting", "failed", "held"})


def numbers(fate: Fate) -> set[str]:
    """What must not be told of a recipient: its number, with and without the century."""
    given = [fate.delivery.get(name, "") for name in ("personal_number", "fmi")]
    found = {digits for value in given for digits in re.findall("[0-9]{10,12}", value)}
    return found | {digits[2:] for digits in found if len(digits) == 12}


FOUND_BY_NUMBER = [fate for fate in FATES if numbers(fate)]


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_they_are_told_to_nobody(tmp_path: Path) -> None:
    secret = set().union(*map(numbers, FOUND_BY_NUMBER))
    assert len(secret) > 30
    store = await SqliteStore.open(tmp_path)
    await plant(store, SystemClock())
    await store.close()
    told: dict[str, str] = {}
    async with Partners(tmp_path, SystemClock(), patience_s=60) as partners:
        sections = {
            "log": {"level": "debug", "format": "json"},
            "worker": {"processes": 0, "collect_every_s": 0.5, "poll_s": 0.2},
            **partners.settings(),
        }
        file = settings_file(tmp_path, sections)
        server = Server({"BUDKAVLE_DATA": str(tmp_path)}, "--config", str(file))
        await server.start()
        key = FOUND_BY_NUMBER[0].sender.key
        async with Client(server.url, key) as client, asyncio.timeout(400):
            ids = [
                (await client.submit(fate.body(f"M-{n:05}"))).id
                for n, fate in enumerate(FOUND_BY_NUMBER)
            ]
            for id_ in ids:
                told[f"document {id_}"] = json.dumps(await ended(client, id_))
                timeline = await client.get(f"/v1/documents/{id_}/timeline")
                told[f"timeline {id_}"] = json.dumps(timeline)
            told["events"] = json.dumps([event async for event in client.events()])
            told["list"] = json.dumps(await client.documents())
            told["channels"] = json.dumps(await client.get("/v1/channels"))
            told["agreements"] = json.dumps(await client.get("/v1/agreements"))
            told["metrics"] = (await client.get_bytes("/metrics")).decode()
        told["partners"] = json.dumps(partners.received(), default=str)
        _, told["log"] = await server.stop()
    assert told["log"].count("attempt_finished") > len(FOUND_BY_NUMBER)
    seen = {
        (where.split()[0], number)
        for where, text in told.items()
        for number in secret
        if number in text
    }
    assert not seen


async def ended(client: Client, id_: str) -> Mapping[str, Any]:
    while True:
        document: Mapping[str, Any] = await client.document(id_)
        if document["state"] in ENDED:
            return document
        await asyncio.sleep(0.1)
