"""The gateway is killed while the network's locator has done what it asked and has not said so.

The gateway is a real process that is sent SIGKILL; locator, name server and their DNS live in this
process and are the witness. Started again it asks what is so, and ends where it was to end.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.client import Client
from gateway.clock import SystemClock
from gateway.sandbox import RECEIVER, plant
from gateway.store.sqlite import SqliteStore
from schemas.identifiers import BILLING_INVOICE, Participant
from tests.e2e.server import Server
from tests.peppol.parties import same_key
from transports.peppol.migration_key import new_key
from transports.peppol.pki.chains import Purpose
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.sandbox.network import SMP_ID, ZONE, Network
from transports.peppol.sandbox.sml import Behaviour

ID = "KILLED-SMP"
OURS = Participant.parse(RECEIVER.company.participants[0])
SOON_S = 120.0


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    async with Network(make_key=same_key) as network:
        yield network


def written(key: KeyInMemory, path: Path) -> str:
    path.write_bytes(
        key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + key.certificate.public_bytes(Encoding.PEM)
    )
    return str(path)


def environment(network: Network, folder: Path, port: int) -> Mapping[str, str]:
    """The settings of a gateway in this network, whose publisher the locator knows."""
    leaf, anchors = network.authority.leaf, network.authority.anchors
    cas = {}
    for name in ("roots", "access_point", "publisher"):
        pem = b"".join(one.public_bytes(Encoding.PEM) for one in getattr(anchors, name))
        cas[name] = folder / f"{name}.pem"
        cas[name].write_bytes(pem)
    smp_key = leaf("PSM000002", Purpose.PUBLISHER)
    url = f"http://127.0.0.1:{port}"
    network.locator.settle(ID, f"{url}/smp", smp_key.certificate)
    named = {
        "OUTER__LISTEN": f"127.0.0.1:{port}",
        "PEPPOL__ZONE": ZONE,
        "PEPPOL__NAME_SERVERS": '["127.0.0.1"]',
        "PEPPOL__NAME_SERVER_PORT": str(network.name_server.port),
        "PEPPOL__KEY_STORE": written(leaf("POP000001"), folder / "ap.pem"),
        "PEPPOL__ROOTS": json.dumps([str(cas["roots"])]),
        "PEPPOL__ACCESS_POINT_CAS": json.dumps([str(cas["access_point"])]),
        "PEPPOL__PUBLISHER_CAS": json.dumps([str(cas["publisher"])]),
        "PEPPOL__HOST": "gateway.example",
        "PEPPOL__PLAIN_HTTP": "true",
        "PUBLISHER__URL": f"{url}/smp",
        "PUBLISHER__ACCESS_POINT": f"{url}/as4",
        "PUBLISHER__ID": ID,
        "PUBLISHER__KEY_STORE": written(smp_key, folder / "smp.pem"),
        "PUBLISHER__SML": network.locator.url,
        "PUBLISHER__CA_FILE": str(cas["roots"]),
        "DATA": str(folder / "data"),
        "LOG__LEVEL": "error",
        "WORKER__POLL_S": "0.1",
    }
    return {f"BUDKAVLE_{name}": value for name, value in named.items()}


async def until(client: Client, state: str) -> Any:
    async with asyncio.timeout(SOON_S):
        while (row := await client.get(f"/v1/participants/{OURS}"))["state"] != state:
            await asyncio.sleep(0.05)
        return row


@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_it_ends_where_it_was_to_end(tmp_path: Path, network: Network) -> None:
    store = await SqliteStore.open(tmp_path / "data")
    await plant(store, SystemClock())
    await store.close()
    locator = network.locator
    with socket.socket() as kept:  # its address stays the same, killed or not
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        kept.bind(("127.0.0.1", 0))
        server = Server(environment(network, tmp_path, kept.getsockname()[1]))
        await server.start()

        async def killed_in(verb: str, message: str, body: Any, state: str) -> Any:
            """Wants something, kills the gateway when the locator has done it, starts it again."""
            locator.behaviour = Behaviour.HANG
            before = locator.asked.count(message)
            async with Client(server.url, RECEIVER.key) as client:
                await client.post(f"/v1/participants/{OURS}/{verb}", body)
                async with asyncio.timeout(SOON_S):
                    while locator.asked.count(message) == before:
                        await asyncio.sleep(0.02)
            await server.kill()
            locator.behaviour = Behaviour.ANSWER
            await server.start()
            async with Client(server.url, RECEIVER.key) as client:
                return await until(client, state)

        await killed_in("register", "CreateParticipantIdentifier", {}, "registered")
        assert locator.participants[OURS] == ID
        assert await network.services(OURS, BILLING_INVOICE)

        await killed_in("withdraw", "DeleteParticipantIdentifier", None, "withdrawn")
        assert OURS not in locator.participants

        locator.enter(OURS, SMP_ID)
        locator.keys[OURS] = key = new_key()
        body = {"migration_key": key}
        await killed_in("migrate-in", "CompleteMigrationRecord", body, "registered")
        assert locator.participants[OURS] == ID

        row = await killed_in("migrate-out", "PrepareMigrationRecord", None, "leaving")
        assert locator.keys[OURS] == row["migration_key"] != key

        code, log = await server.stop()
        assert code == 0 and not log, log
