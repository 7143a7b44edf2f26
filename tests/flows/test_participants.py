"""A participant registered through the gateway is found by the network, and gets its invoices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.client import Client
from gateway.sandbox import RECEIVER, SMP_ID, Sandbox
from schemas.identifiers import BILLING_INVOICE, Participant
from tests.flows.test_peppol import header
from transports.peppol import tls
from transports.peppol.business_card import read_card
from transports.peppol.migration_key import new_key
from transports.peppol.publishing import Settled
from transports.peppol.sandbox.network import SMP_ID as THEIR_ID
from transports.peppol.sender import Received
from transports.peppol.service_metadata import card_path, parse
from transports.peppol.sml_admin import Address, SmlAdmin
from validators.examples.edits import source

SOON_S = 60.0
NEW = Participant.parse("0088:7300010000001")
SEED = Participant.parse(RECEIVER.company.participants[0])


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(tmp_path) as sandbox:
        store, company = sandbox.gateway.store, RECEIVER.company
        more = replace(company, participants=(*company.participants, str(NEW)))
        await store.add_company(more, sandbox.clock.now())
        yield sandbox


async def until(client: Client, participant: Participant, state: str, **fields: Any) -> Any:
    """Waits for a participant to be in a state, and its fields to be so."""
    async with asyncio.timeout(SOON_S):
        while True:
            row = await client.get(f"/v1/participants/{participant}")
            if row["state"] == state and all(row[name] == fields[name] for name in fields):
                return row
            await asyncio.sleep(0.05)


async def register(client: Client, participant: Participant, **body: Any) -> None:
    async with asyncio.timeout(SOON_S):
        while True:  # a company that was changed counts after two seconds at the latest
            names = (await client.get("/v1/participants"))["participants"]
            if str(participant) in {one["participant"] for one in names}:
                break
            await asyncio.sleep(0.05)
    await client.post(f"/v1/participants/{participant}/register", body)


async def found(sandbox: Sandbox, participant: Participant) -> bool:
    """Whether another access point finds where its invoices go."""
    return bool(await sandbox.network.services(participant, BILLING_INVOICE))


async def test_it_is_found_and_gets_its_invoices_until_it_is_withdrawn(sandbox: Sandbox) -> None:
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        assert not await found(sandbox, NEW)
        entry = {"name": "Nordlys Drift AS", "country": "NO"}
        await register(client, NEW, entry=entry)
        await until(client, NEW, "registered")
        assert await found(sandbox, NEW)
        document = source()
        answered = await sandbox.access_point.send(header("new-1", receiver=NEW), document)
        assert isinstance(answered, Received), answered
        (row,) = await client.inbox()
        content = await client.get_bytes(f"/v1/inbox/{row['id']}/content")
        assert content == document[document.index(b"<Invoice") :].strip()

        url = f"{sandbox.gateway.outer_url}/smp{card_path(NEW)}"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            card = read_card(parse(await response.read()))
        assert (card.name, card.country) == ("Nordlys Drift AS", "NO")

        sandbox.put_forward(timedelta(minutes=3))
        row = await until(client, NEW, "registered", code="")
        async with asyncio.timeout(SOON_S):
            while (await client.get(f"/v1/participants/{NEW}"))["confirmed_at"] is None:
                await asyncio.sleep(0.05)
        await client.post(f"/v1/participants/{NEW}/withdraw")
        await until(client, NEW, "withdrawn")
        assert not await found(sandbox, NEW)


async def test_a_participant_of_another_publisher_is_taken_over(sandbox: Sandbox) -> None:
    locator = sandbox.network.locator
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        await register(client, SEED)
        row = await until(client, SEED, "refused")
        assert row["code"] == "peppol.registered_elsewhere"
        locator.keys[SEED] = key = new_key()  # its publisher has let it go
        await client.post(f"/v1/participants/{SEED}/migrate-in", {"migration_key": key})
        await until(client, SEED, "registered")
        assert locator.participants[SEED] == SMP_ID != THEIR_ID
        sandbox.network.members.entries.pop(SEED)  # the sandbox's access point must ask ours
        answered = await sandbox.access_point.send(header("moved-1", receiver=SEED), source())
        assert isinstance(answered, Received), answered
        assert len(await client.inbox()) == 1


async def test_a_participant_goes_to_another_publisher(sandbox: Sandbox) -> None:
    async with Client(sandbox.gateway.url, RECEIVER.key) as client:
        await register(client, NEW)
        await until(client, NEW, "registered")
        key = (await client.post(f"/v1/participants/{NEW}/migrate-out"))["migration_key"]
        row = await until(client, NEW, "leaving")
        assert row["migration_key"] == key
        folder = sandbox.gateway.settings.data / "peppol"
        theirs = tls.client(sandbox.network.smp_key, folder / "roots.pem")
        async with aiohttp.ClientSession() as session:
            there = SmlAdmin(session, sandbox.network.locator.url, THEIR_ID, theirs)
            assert isinstance(await there.read_publisher(), Address)
            assert await there.migrate(NEW, key) == Settled()
        sandbox.put_forward(timedelta(minutes=11))
        row = await until(client, NEW, "moved")
        assert row["migration_key"] is None
        assert sandbox.network.locator.participants[NEW] == THEIR_ID
