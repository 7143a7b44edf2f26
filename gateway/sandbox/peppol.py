"""The sandbox's Peppol network: our seat in it, and another access point with its participants."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from stdnum import luhn

from gateway.clock import Clock
from gateway.inbound.peppol import DOCUMENTS, RESPONSES
from gateway.sandbox.seeds import SEEDS
from schemas.envelope import Header, MlsType
from schemas.identifiers import BILLING_INVOICE, BILLING_PROCESS, Participant
from schemas.response import CBC, SPID_SCHEME, Kind, document_type, process
from transports.peppol.pki.chains import Purpose
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.sandbox.access_point import MAGIC, AccessPoint
from transports.peppol.sandbox.billing import invoice
from transports.peppol.sandbox.network import ZONE, Network
from transports.peppol.sender import Received


def _number_in(document: bytes) -> str | None:
    return etree.fromstring(document).findtext(f"{{{CBC}}}ID")


def _number(end: str) -> str:
    """A Swedish organisation number with these digits before its check digit."""
    return f"55600{end}{luhn.calc_check_digit(f'55600{end}')}"


# Our seat in the sandbox's Peppol network, and participants of the other access point there: one
# of each country, and one for each thing that it can do wrong.
SEAT = "POP000001"
SMP_SEAT, SMP_ID = "PSM000002", "GATEWAY-SMP"  # of our publisher there
OTHERS = tuple(
    Participant.parse(text)
    for text in ("0007:5567890123", "0192:987654325", *(f"0007:{_number(end)}" for end in MAGIC))
)


class PeppolNetwork:
    """The network, the other access point, and our keys. `data` holds these as files."""

    def __init__(self, data: Path, clock: Clock, patience_s: float) -> None:
        self.network = Network(clock.now)
        self.access_point = AccessPoint(self.network)
        self._data = data
        self._clock = clock
        self._patience_s = patience_s
        self._outer_url = ""
        self._key: KeyInMemory
        self._files: dict[str, Any] = {}
        self._bills = 0

    async def start(self, up: AsyncExitStack, outer_url: str) -> None:
        """Starts both. Our own publisher and access point are going to be at `outer_url`."""
        self._outer_url = outer_url
        await up.enter_async_context(self.network)
        await up.enter_async_context(self.access_point)
        leaf = self.network.authority.leaf
        self._key = await asyncio.to_thread(leaf, SEAT)
        smp_key = await asyncio.to_thread(leaf, SMP_SEAT, Purpose.PUBLISHER)
        self._files = await asyncio.to_thread(self._write_keys, self._key, smp_key)
        self.network.locator.settle(SMP_ID, f"{self._outer_url}/smp", smp_key.certificate)
        self._register()

    def settings(self) -> dict[str, Any]:
        """The sections of the settings that lead there."""
        return {
            "publisher": self._files["publisher"],
            "peppol": {
                "zone": ZONE,
                "name_servers": ["127.0.0.1"],
                "name_server_port": self.network.name_server.port,
                "host": "gateway.example",
                "plain_http": True,
                "answer_timeout_s": self._patience_s,
                **self._files["peppol"],
            },
        }

    def _write_keys(self, key: KeyInMemory, smp_key: KeyInMemory) -> dict[str, Any]:
        """The settings that name our keys and what we trust, and the files themselves."""
        folder = self._data / "peppol"
        folder.mkdir(parents=True, exist_ok=True)
        anchors = self.network.authority.anchors
        named = {
            "roots": anchors.roots,
            "access_point_cas": anchors.access_point,
            "publisher_cas": anchors.publisher,
        }
        for name, certificates in named.items():
            content = b"".join(one.public_bytes(Encoding.PEM) for one in certificates)
            (folder / f"{name}.pem").write_bytes(content)
        stores = {"peppol": folder / "key_store.pem", "publisher": folder / "publisher.pem"}
        for one, store in zip((key, smp_key), stores.values(), strict=True):
            store.write_bytes(
                one.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                + one.certificate.public_bytes(Encoding.PEM)
            )
        trusted = {name: [folder / f"{name}.pem"] for name in named}
        return {
            "peppol": {"key_store": stores["peppol"], **trusted},
            "publisher": {
                "url": f"{self._outer_url}/smp",
                "access_point": f"{self._outer_url}/as4",
                "id": SMP_ID,
                "ip": "127.0.0.1",
                "key_store": stores["publisher"],
                "sml": self.network.locator.url,
                "ca_file": folder / "roots.pem",
            },
        }

    def _register(self) -> None:
        """Puts our companies, and ourselves, into the network; and the others' too."""
        url, key = f"{self._outer_url}/as4", self._key
        for seed in SEEDS:
            for participant in seed.company.participants:
                self.network.register(
                    Participant.parse(participant), sorted(DOCUMENTS | RESPONSES, key=str), url, key
                )
        own = Participant(SPID_SCHEME, SEAT[-6:])
        self.network.register(own, [(document_type(Kind.MLS), process(Kind.MLS))], url, key)
        for other in OTHERS:
            self.access_point.register(other)

    async def bill(self, to: Participant) -> str:
        """Has a company at the other access point send an invoice; answers its number.

        Raises ValueError when nobody has registered the participant, or it was not taken.
        """
        self._bills += 1
        now, seller = self._clock.now(), OTHERS[0]
        number = f"K-{now:%y%m%d}-{self._bills}"
        header = Header(
            sender=seller,
            receiver=to,
            document_type=BILLING_INVOICE,
            process=BILLING_PROCESS,
            country="SE",
            instance_id=str(uuid4()),
            created_at=now,
            mls_type=MlsType.ALWAYS_SEND,
        )
        if not await self.network.services(to, BILLING_INVOICE):
            raise ValueError(f"{to} is not registered in the sandbox's network.")
        content = invoice(number, seller, to, now.date())
        answered = await self.access_point.send(header, content)
        if not isinstance(answered, Received):
            raise ValueError(f"It was not taken: {answered}")
        return number

    def received(self) -> dict[str, list[Mapping[str, Any]]]:
        """What the other access point has taken, and which answers its companies were sent."""
        return {
            "messages": [
                {
                    "id": kept.taken.message.id,
                    "to": str(kept.taken.message.receiver),
                    "document": kept.taken.header.document_type.root,
                    "number": _number_in(kept.taken.document),
                    "bytes": len(kept.taken.document),
                }
                for kept in self.access_point.kept.values()
            ],
            "responses": [
                {
                    "from": str(response.sender.endpoint),
                    "status": response.code,
                    "about": response.refers_to,
                }
                for response in self.access_point.responses
            ],
        }
