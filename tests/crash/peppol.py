"""A gateway as a process, in a Peppol network whose every other part lives in this one.

Between them stand relays, which hold exchanges at chosen moments: what the gateway is sent, and
what it sends to each participant.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.client import Client
from gateway.inbound.peppol import DOCUMENTS, RESPONSES
from gateway.sandbox import RECEIVER, SEAT, SEEDS, SENDER
from schemas.envelope import Header
from schemas.identifiers import BILLING_INVOICE, BILLING_PROCESS, Participant
from schemas.response import SPID_SCHEME
from tests.crash.relay import Relay
from tests.e2e.invoices import submission
from tests.e2e.server import Server
from tests.peppol.parties import same_key
from transports.peppol.as4 import unpacking
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.sandbox.access_point import STATUS, TAKES, AccessPoint
from transports.peppol.sandbox.network import ZONE, Network
from transports.peppol.sender import Received
from validators.examples.edits import source

PATIENCE_S = 300.0  # a busy machine may need the second repeat of a call, after 150 s
AGAIN_S = 0.3

# A document that breaks a rule, so that a status is owed for it at once.
BROKEN = source().replace(
    b'<cbc:PayableAmount currencyID="SEK">', b'<cbc:PayableAmount currencyID="SEK">1'
)
SELLER = Participant.parse("0007:5567890123")  # sends to us
BUYER = Participant.parse(RECEIVER.company.participants[0])  # is one of ours
US = Participant(SPID_SCHEME, SEAT[-6:])


def participant(n: int) -> Participant:
    """One of the other access point's, whose value has no meaning to it."""
    return Participant.parse(f"0088:73{n:010}{_check(f'73{n:010}')}")


def _check(digits: str) -> int:
    """The check digit of a GLN."""
    total = sum(int(d) * (3 if at % 2 else 1) for at, d in enumerate(digits))
    return -total % 10


@dataclass
class World:
    """The parts; `front` is where the gateway is reached, and outlives it."""

    network: Network
    point: AccessPoint
    server: Server
    front: Relay
    up: AsyncExitStack
    log: list[str] = field(default_factory=list)

    async def relay(self, target: str) -> Relay:
        """One more relay, as long as the world lasts."""
        return await self.up.enter_async_context(Relay(target))

    async def registered(self, n: int, url: str, publisher: str = "") -> Participant:
        """A participant of the other access point, reached at `url`, published at `publisher`."""
        one = participant(n)
        self.point.register(one)
        self.network.register(one, TAKES, f"{url}/as4", self.point.key)
        if publisher:
            self.network.point(one, f"{publisher}/smp")
        return one

    async def kill(self) -> None:
        """SIGKILL."""
        self.front.target = ""
        self.log.append(await self.server.kill())

    async def start(self) -> None:
        """Starts it, for the first time or again."""
        await self.server.start()
        self.front.target = self.server.outer_url

    @asynccontextmanager
    async def client(self, key: str = SENDER.key) -> AsyncIterator[Client]:
        """A ledger."""
        await self.server.up.wait()
        async with Client(self.server.url, key) as client:
            yield client

    async def hand_in(self, number: str, to: Participant) -> str:
        """An invoice to a participant; the document's id."""
        body = submission(number)
        body["invoice"]["buyer"]["endpoint"] = {"scheme": to.scheme, "value": to.value}
        async with self.client() as client:
            return (await client.submit(json.dumps(body).encode(), idempotency_key=number)).id

    async def send(self, instance: str, document: bytes, **more: Any) -> None:
        """Sends our company a document, until there is a receipt for it."""
        header = Header(
            **{
                "sender": SELLER,
                "receiver": BUYER,
                "document_type": BILLING_INVOICE,
                "process": BILLING_PROCESS,
                "country": "SE",
                "instance_id": instance,
                "created_at": datetime.now(UTC),
                **more,
            }
        )
        async with asyncio.timeout(PATIENCE_S):
            while not isinstance(await self.point.send(header, document), Received):
                await asyncio.sleep(AGAIN_S)

    async def delivered(self, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """The documents, once each of them is delivered."""
        async with asyncio.timeout(PATIENCE_S), self.client() as client:
            while True:
                found = {id_: await client.document(id_) for id_ in ids}
                if all(one["state"] == "delivered" for one in found.values()):
                    return found
                await asyncio.sleep(AGAIN_S)

    async def inbox(self) -> list[Mapping[str, Any]]:
        """What lies in the inbox of the company that is sent documents."""
        async with self.client(RECEIVER.key) as client:
            return list((await client.get("/v1/inbox", limit=100))["documents"])


@asynccontextmanager
async def world(home: Path, settings: Mapping[str, str]) -> AsyncIterator[World]:
    """All of it, the gateway started; `settings` say what it keeps its documents in."""
    async with AsyncExitStack() as up:
        network = await up.enter_async_context(Network(make_key=same_key))
        point = await up.enter_async_context(AccessPoint(network))
        front = await up.enter_async_context(Relay())
        key = await asyncio.to_thread(network.authority.leaf, SEAT)
        file = await asyncio.to_thread(_settings_file, home, network, key)
        server = Server(settings, "--config", str(file))
        made = World(network, point, server, front, up)
        url = f"{front.url}/as4"
        for seed in SEEDS:
            for name in seed.company.participants:
                takes = sorted(DOCUMENTS | RESPONSES, key=str)
                network.register(Participant.parse(name), takes, url, key)
        network.register(US, [STATUS], url, key)
        await up.enter_async_context(server)
        front.target = server.outer_url
        yield made
        code, log = await server.stop()
        assert code == 0, log
        assert [line for line in "".join([*made.log, log]).splitlines() if _is_ours(line)] == []


def _is_ours(line: str) -> bool:
    """Whether a line of the log is a fault of ours, and not one that a kill explains."""
    return json.loads(line)["event"] not in {"storage_unavailable"}


def _settings_file(home: Path, network: Network, key: KeyInMemory) -> Path:
    anchors = network.authority.anchors
    named = {
        "roots": anchors.roots,
        "access_point_cas": anchors.access_point,
        "publisher_cas": anchors.publisher,
    }
    lines = []
    for name, certificates in named.items():
        content = b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
        (home / f"{name}.pem").write_bytes(content)
        lines.append(f'{name} = ["{home / f"{name}.pem"}"]')
    store = home / "key_store.pem"
    store.write_bytes(
        key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + key.certificate.public_bytes(Encoding.PEM)
    )
    file = home / "settings.toml"
    file.write_text(
        f"""
[outer]
listen = "127.0.0.1:0"

[log]
level = "error"
format = "json"

[worker]
processes = 0
lease_s = 3

[peppol]
zone = "{ZONE}"
name_servers = ["127.0.0.1"]
name_server_port = {network.name_server.port}
host = "gateway.example"
plain_http = true
key_store = "{store}"
{chr(10).join(lines)}
"""
    )
    return file


def message_id(content_type: str, request: bytes) -> str:
    """The id of a message as it travels."""
    return unpacking.read(content_type, request).message.id
