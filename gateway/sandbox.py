"""The sandbox: a gateway and all it talks to on loopback, and a clock that moves.

It talks to a mail server, a print house, and a Peppol network with another access point in it.

In charge of starting them together, with companies and API keys to begin with. Not in charge of
how the partners behave: that is told by the recipient's address (the sandbox of each channel in
`transports`). Nothing here is for real documents: the keys are printed in the docs.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from aiohttp import web
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from stdnum import luhn

from gateway import config, layers
from gateway.app import Gateway
from gateway.clock import Clock, MovableClock
from gateway.inbound.peppol import DOCUMENTS, RESPONSES
from gateway.store.port import Company, Store
from schemas.envelope import Header, MlsType
from schemas.identifiers import BILLING_INVOICE, BILLING_PROCESS, Participant
from schemas.response import SPID_SCHEME, Kind, document_type, process
from transports.email.sandbox import Sandbox as MailServer
from transports.letter.sandbox import Sandbox as PrintHouse
from transports.peppol.pki.chains import Purpose
from transports.peppol.pki.keys import KeyInMemory
from transports.peppol.sandbox.access_point import MAGIC, AccessPoint
from transports.peppol.sandbox.billing import invoice
from transports.peppol.sandbox.network import ZONE, Network
from transports.peppol.sender import Received


@dataclass(frozen=True, slots=True)
class Seed:
    """A company that is there from the start, and its API key."""

    company: Company
    key: str


def _seed(name: str, country: str, participant: str, word: str) -> Seed:
    # Fixed ids and keys, so that a sandbox that is started again knows them.
    company_id = f"com_01900000-0000-7000-8000-{hashlib.sha256(word.encode()).hexdigest()[:12]}"
    # The same example may be handed in again and again here.
    settings = {"duplicate_days": 0}
    return Seed(Company(company_id, name, country, (participant,), settings), f"bk_sandbox_{word}")


SENDER = _seed("Fjärdens Snickeri AB", "SE", "0007:5560001116", "sender")
SENDER_NO = _seed("Havbris Regnskap AS", "NO", "0192:948100010", "sender_no")
RECEIVER = _seed("Nordlys Drift AS", "NO", "0192:918130047", "receiver")
SEEDS = (SENDER, SENDER_NO, RECEIVER)


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


class Sandbox:
    """Everything on one machine; `async with Sandbox(data) as sandbox: ... sandbox.gateway.url`.

    A partner that says nothing is given up after `patience_s`; a real one gets minutes.
    """

    def __init__(self, data: Path, *, listen: str = "127.0.0.1:0", patience_s: float = 5) -> None:
        self.clock = MovableClock(running=True)
        self.mail = MailServer()
        self.print_house = PrintHouse(now=self.clock.now)
        self.network = Network(self.clock.now)
        self.access_point = AccessPoint(self.network)
        self.url = ""  # of the sandbox's own controls
        self.gateway: Gateway
        self._data = data
        self._listen = listen
        self._patience_s = patience_s
        self._outer_url = ""
        self._up = AsyncExitStack()
        self._bills = 0

    async def start(self) -> None:
        """Starts the partners, then the gateway that knows them; what `Gateway.start` raises."""
        async with AsyncExitStack() as up:
            # Our publisher's address is known before it listens: the port is kept for it.
            kept = up.enter_context(socket.socket())
            kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            kept.bind(("127.0.0.1", 0))
            self._outer_url = f"http://127.0.0.1:{kept.getsockname()[1]}"
            await up.enter_async_context(self.mail)
            await up.enter_async_context(self.print_house)
            await up.enter_async_context(self.network)
            await up.enter_async_context(self.access_point)
            leaf = self.network.authority.leaf
            key = await asyncio.to_thread(leaf, SEAT)
            smp_key = await asyncio.to_thread(leaf, SMP_SEAT, Purpose.PUBLISHER)
            files = await asyncio.to_thread(self._write_keys, key, smp_key)
            self.network.locator.settle(SMP_ID, f"{self._outer_url}/smp", smp_key.certificate)
            self.gateway = await up.enter_async_context(Gateway(self._settings(files), self.clock))
            await plant(self.gateway.store, self.clock)
            self._register(key)
            await self._start_controls(up)
            self._up = up.pop_all()

    async def stop(self) -> None:
        """Stops all of it."""
        await self._up.aclose()

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

    def _register(self, key: KeyInMemory) -> None:
        """Puts our companies, and ourselves, into the network; and the others' too."""
        url = f"{self.gateway.outer_url}/as4"
        for seed in SEEDS:
            for participant in seed.company.participants:
                self.network.register(
                    Participant.parse(participant), sorted(DOCUMENTS | RESPONSES, key=str), url, key
                )
        own = Participant(SPID_SCHEME, SEAT[-6:])
        self.network.register(own, [(document_type(Kind.MLS), process(Kind.MLS))], url, key)
        for other in OTHERS:
            self.access_point.register(other)

    def _settings(self, files: dict[str, Any]) -> config.Settings:
        return layers.load(
            {
                "data": self._data,
                "http": {"listen": self._listen},
                # So that nobody waits for a document that became due by the clock's moving.
                "worker": {"poll_s": 0.1, "collect_every_s": 0.2},
                "webhooks": {"allow_http": True, "allow_private": True},  # to this machine too
                "fetch": {"allow_http": True, "allow_private": True},
                "email": {
                    "host": "127.0.0.1",
                    "port": self.mail.port,
                    "tls": "none",
                    "sender": "invoices@gateway.example",
                    "reply_timeout_s": self._patience_s,
                    "end_timeout_s": self._patience_s,
                },
                "outer": {"listen": self._outer_url.removeprefix("http://")},
                "publisher": files["publisher"],
                "peppol": {
                    "zone": ZONE,
                    "name_servers": ["127.0.0.1"],
                    "name_server_port": self.network.name_server.port,
                    "host": "gateway.example",
                    "plain_http": True,
                    "answer_timeout_s": self._patience_s,
                    **files["peppol"],
                },
                "letter": {
                    "url": self.print_house.url,
                    "token": self.print_house.token,
                    "answer_timeout_s": self._patience_s,
                },
            },
            environment={},  # what is set for a real gateway on this machine is not meant here
        ).settings

    async def __aenter__(self) -> Sandbox:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    def put_forward(self, by: timedelta) -> None:
        """Puts the clock forward; the worker notices in a moment what is due by that."""
        self.clock.move(by)

    # --- controls, over HTTP ----------------------------------------------------------------------

    async def _start_controls(self, up: AsyncExitStack) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.get("/clock", self._get_clock),
                web.post("/clock", self._post_clock),
                web.get("/received", self._get_received),
                web.post("/invoices", self._post_invoice),
            ]
        )
        runner = web.AppRunner(app, access_log=None)
        up.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _get_clock(self, request: web.Request) -> web.Response:
        return web.json_response({"now": self.clock.now().isoformat()})

    async def _post_clock(self, request: web.Request) -> web.Response:
        try:
            seconds = float((await request.json())["forward_s"])
            self.put_forward(timedelta(seconds=seconds))
        except (ValueError, TypeError, KeyError, OverflowError):
            text = 'Post {"forward_s": 259200} to put the clock three days forward.\n'
            return web.Response(status=400, text=text)
        return await self._get_clock(request)

    async def bill(self, to: Participant) -> str:
        """Has a company at the other access point send an invoice; answers its number.

        Raises ValueError when nobody has registered the participant, or it was not taken.
        """
        self._bills += 1
        now, seller = self.clock.now(), OTHERS[0]
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

    async def _post_invoice(self, request: web.Request) -> web.Response:
        try:
            number = await self.bill(Participant.parse((await request.json())["to"]))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            text = f'Post {{"to": "0192:918130047"}} to be sent an invoice. {error}\n'
            return web.Response(status=400, text=text)
        return web.json_response({"number": number}, status=201)

    async def _get_received(self, request: web.Request) -> web.Response:
        """What reached the partners: the proof that something was sent, seen from outside."""
        return web.json_response(self.received())

    def received(self) -> dict[str, Any]:
        """What the mail server, the print house and the other access point have taken."""
        return {
            "messages": [
                {
                    "id": kept.taken.message.id,
                    "to": str(kept.taken.message.receiver),
                    "document": kept.taken.header.document_type.root,
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
            "emails": [
                {
                    "to": mail.recipient,
                    "subject": str(mail.message["Subject"]),
                    "files": [part.get_filename() for part in mail.message.iter_attachments()],
                }
                for mail in self.mail.received
            ],
            "letters": [
                {
                    "number": job.number,
                    "to": job.submission.job.recipient.name,
                    "reference": job.submission.job.reference,
                    "pages": job.submission.job.pages,
                    "reported": [str(state) for state in job.reported],
                }
                for job in self.print_house.jobs.values()
            ],
        }


async def plant(store: Store, clock: Clock) -> None:
    """Adds the seeds; where they are already, nothing changes."""
    for seed in SEEDS:
        await store.add_company(seed.company, clock.now())
        digest = hashlib.sha256(seed.key.encode()).hexdigest()
        if await store.company_of_key(digest) is None:
            await store.add_key(seed.company.id, digest, "sandbox", clock.now())
