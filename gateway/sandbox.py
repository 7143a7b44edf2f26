"""The sandbox: a gateway, a mail server and a print house on loopback, and a clock that moves.

In charge of starting them together, with companies and API keys to begin with. Not in charge of
how the partners behave: that is told by the recipient's address (`transports.email.sandbox`,
`transports.letter.sandbox`). Nothing here is for real documents: the keys are printed in the docs.
"""

from __future__ import annotations

import hashlib
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from aiohttp import web

from gateway import config
from gateway.app import Gateway
from gateway.clock import Clock, MovableClock
from gateway.store.port import Company, Store
from transports.email.sandbox import Sandbox as MailServer
from transports.letter.sandbox import Sandbox as PrintHouse


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


class Sandbox:
    """Everything on one machine; `async with Sandbox(data) as sandbox: ... sandbox.gateway.url`.

    A partner that says nothing is given up after `patience_s`; a real one gets minutes.
    """

    def __init__(self, data: Path, *, listen: str = "127.0.0.1:0", patience_s: float = 5) -> None:
        self.clock = MovableClock(running=True)
        self.mail = MailServer()
        self.print_house = PrintHouse(now=self.clock.now)
        self.url = ""  # of the sandbox's own controls
        self.gateway: Gateway
        self._data = data
        self._listen = listen
        self._patience_s = patience_s
        self._up = AsyncExitStack()

    async def start(self) -> None:
        """Starts the partners, then the gateway that knows them; what `Gateway.start` raises."""
        async with AsyncExitStack() as up:
            await up.enter_async_context(self.mail)
            await up.enter_async_context(self.print_house)
            self.gateway = await up.enter_async_context(Gateway(self._settings(), self.clock))
            await plant(self.gateway.store, self.clock)
            await self._start_controls(up)
            self._up = up.pop_all()

    async def stop(self) -> None:
        """Stops all of it."""
        await self._up.aclose()

    def _settings(self) -> config.Settings:
        return config.load(
            {
                "data": self._data,
                "http": {"listen": self._listen},
                # So that nobody waits for a document that became due by the clock's moving.
                "worker": {"poll_s": 0.1, "collect_every_s": 0.2},
                "webhooks": {"allow_http": True, "allow_private": True},  # to this machine too
                "email": {
                    "host": "127.0.0.1",
                    "port": self.mail.port,
                    "tls": "none",
                    "sender": "invoices@gateway.example",
                    "reply_timeout_s": self._patience_s,
                    "end_timeout_s": self._patience_s,
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

    async def _get_received(self, request: web.Request) -> web.Response:
        """What reached the partners: the proof that something was sent, seen from outside."""
        return web.json_response(self.received())

    def received(self) -> dict[str, Any]:
        """The messages and letters that the mail server and the print house have taken."""
        return {
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
