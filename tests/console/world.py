"""A sandbox with documents in every state, as an operator finds them, and who signs in to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser

from gateway.client import Attached, Client
from gateway.inbound.aside import SET_ASIDE
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming, SetAside, Taken
from gateway.lifecycle import InboxState
from gateway.sandbox import RECEIVER, SENDER, Sandbox, Seed
from gateway.sandbox.people import OPERATOR, PASSWORD
from schemas.identifiers import Participant
from tests.console.chromium import Watched, watched
from tests.console.inboxes import ubl
from tests.e2e.invoices import submission
from transports.base import File

PATIENCE_S = 120

# What foreign text would do if anything ran: markup, a template, a formula, a header, an address.
HOSTILE = (
    "\"><img src=x onerror=alert(1)>'<svg/onload=alert(2)><script>alert(3)</script>"
    "{{7*7}}${7*7}=cmd|' /C calc'!A0 javascript:alert(4)"
)


@dataclass
class World:
    """The sandbox; `documents` are the ids of what was sent, by number."""

    sandbox: Sandbox
    documents: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.sandbox.gateway.url

    async def send(
        self,
        body: Mapping[str, Any],
        ends: Collection[str],
        *,
        attachments: Sequence[Attached] = (),
        sender: Seed = SENDER,
    ) -> str:
        """Sends a document, and waits until it is in one of these states."""
        number = body["invoice"]["number"]
        async with Client(self.url, sender.key) as client:
            accepted = await client.submit(json.dumps(body).encode(), attachments=attachments)
            found: Any = {}
            try:
                async with asyncio.timeout(PATIENCE_S):
                    while (found := await client.document(accepted.id))["state"] not in ends:
                        await asyncio.sleep(0.05)
            except TimeoutError:
                raise AssertionError(f"{number} is in none of {ends}: {found}") from None
        self.documents[number] = accepted.id
        return accepted.id

    async def received(self, seed: Seed, how_many: int) -> None:
        """Waits until so many documents have come in for a company."""
        async with Client(self.url, seed.key) as client, asyncio.timeout(PATIENCE_S):
            while len(await client.inbox()) < how_many:
                await asyncio.sleep(0.05)

    async def partners_have(self, what: str, how_many: int, **fields: str) -> list[dict[str, Any]]:
        """Waits until the partners have taken so many of these with such fields; answers them."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                taken = self.sandbox.received()[what]
                found = [one for one in taken if fields.items() <= one.items()]
                if len(found) >= how_many:
                    return found
                await asyncio.sleep(0.05)

    async def sign_in(self, page: Watched, email: str = OPERATOR.email) -> None:
        """Signs somebody in; they come to their first page."""
        await page.page.goto(f"{self.url}/console/sign-in")
        await page.page.locator("#email").fill(email)
        await page.page.locator("#password").fill(PASSWORD)
        await page.page.locator("main form button").first.click()
        await page.page.locator("header nav").wait_for()

    async def visitor(self, chromium: Browser, email: str = OPERATOR.email, **how: Any) -> Watched:
        """A page with somebody signed in."""
        page = await watched(chromium, **how)
        await self.sign_in(page, email)
        return page

    async def come_in(self, number: str, to: str | Participant, *beside: File) -> str:
        """Has an invoice come in, and waits until it has been read; answers its id."""
        store = self.sandbox.gateway.store
        document = File("invoice.xml", "application/xml", ubl(number))
        incoming = Incoming("test", number, to, document, beside)
        taken = await Inboxes(store, self.sandbox.clock).take(incoming)
        assert isinstance(taken, Taken | SetAside)
        company_id = taken.company_id if isinstance(taken, Taken) else SET_ASIDE
        async with asyncio.timeout(PATIENCE_S):
            while True:
                item = await store.inbox_item(company_id, taken.document_id)
                if item is not None and item.state is not InboxState.READING:
                    break
                await asyncio.sleep(0.05)
        self.documents[number] = taken.document_id
        return taken.document_id

    async def populate(self) -> None:
        """One document of each kind that the console shows."""
        hostile = submission("W-1", email="accept@customer.example")
        hostile["invoice"]["notes"] = [{"text": HOSTILE}]
        hostile["invoice"]["buyer"]["name"] = f"Kund {HOSTILE}"
        attached = Attached(
            'a"><script>alert(5)</script>.pdf', "application/pdf", b"%PDF-1.7 broken"
        )
        wrong = submission("W-2")
        wrong["invoice"]["lines"][0]["price"]["net"] = "-850.00"
        wrong["invoice"]["currency"] = "ZZZ"
        await asyncio.gather(
            self.send(hostile, {"sent", "delivered"}),
            self.send(wrong, {"rejected"}),
            self.send(submission("W-3", to=RECEIVER), {"delivered"}),
            self.send(submission("W-4", email="later@customer.example"), {"waiting", "sent"}),
            self.send(submission("W-5", email="drop@customer.example"), {"held"}),
            self.send(
                submission("W-6", email="refuse@customer.example", post_code=None), {"failed"}
            ),
            self.send(
                submission("W-7", email="accept+7@customer.example"),
                {"sent", "delivered", "held", "rejected"},
                attachments=[attached],
            ),
        )
        page = File("<svg onload=alert(6)>.html", "text/html", b"<script>alert(7)</script>")
        await self.come_in("W-8", RECEIVER.company.id, page)
        await self.come_in("W-9", Participant.parse("0088:7300010000001"))
        await self.sandbox.bill(Participant.parse(RECEIVER.company.participants[0]))
        await self.received(RECEIVER, 2)


@asynccontextmanager
async def open_world(data: Path) -> AsyncIterator[World]:
    # No partner is silent here: who answers late is on a busy machine, and is waited for.
    async with Sandbox(data, patience_s=60) as sandbox:
        yield World(sandbox)
