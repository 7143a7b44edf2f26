"""A whole house for one test: store, channels with their sandboxes, worker, and a clock to move."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.clock import MovableClock
from gateway.delivery.fetching import Fetching
from gateway.delivery.verbs import Denied, Verb, act
from gateway.delivery.worker import Worker
from gateway.events import MEANINGS, Type
from gateway.inbound.inboxes import Inboxes
from gateway.lifecycle import State
from gateway.outside.client import Outside, Rules
from gateway.store.ids import new_id
from gateway.store.port import (
    Attempt,
    Document,
    Event,
    Leg,
    NewPart,
    Part,
    Role,
    Store,
    Submission,
)
from gateway.store.sqlite import SqliteStore
from gateway.trust.gate import OPEN, Gate
from tests.e2e import invoices
from transports.base import Transport
from transports.email.connections import Relay, Tls
from transports.email.driver import Email, EmailSettings
from transports.email.sandbox import Sandbox as MailServer
from transports.internal.driver import Internal
from transports.letter.driver import Letter, LetterSettings
from transports.letter.sandbox import Sandbox as PrintHouse

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
SENDER = invoices.SENDER.company
RECEIVER = invoices.RECEIVER.company
PIECE_BYTES = 100_000  # of files that are fetched


class House:
    """What a test acts on. `step` makes one more worker over the same store, as a restart does."""

    def __init__(
        self,
        store: Store,
        clock: MovableClock,
        mail: MailServer,
        prints: PrintHouse,
        gate: Gate = OPEN,
    ) -> None:
        self.store = store
        self.clock = clock
        self.gate = gate
        self.mail = mail
        self.prints = prints
        relay = Relay("127.0.0.1", mail.port, tls=Tls.NONE)
        settings = EmailSettings(
            relay, "faktura@gateway.example", reply_timeout_s=60, end_timeout_s=60
        )
        house = LetterSettings(prints.url, prints.token)
        self.transports: dict[str, Transport] = {
            "internal": Internal(Inboxes(store, clock, gate), now=clock.now),
            "email": Email(settings, now=clock.now),
            "letter": Letter(house, now=clock.now),
        }
        self.outside = Outside(Rules(allow_http=True, allow_private=True))
        self.worker = self.new_worker(store)

    def new_worker(self, store: Store) -> Worker:
        """A worker over this store or one that wraps it."""
        fetching = Fetching(store, self.outside, self.clock, piece_bytes=PIECE_BYTES)
        return Worker(
            store, self.transports, self.clock, handlers={"fetch": fetching}, gate=self.gate
        )

    async def submit(self, body: Mapping[str, Any]) -> str:
        """Accepts a submission as the API does, and answers its id."""
        document_id = new_id("doc")
        original = NewPart(
            Role.ORIGINAL, "original.json", "application/json", json.dumps(body).encode()
        )
        await self.store.accept(
            Submission(
                document_id, SENDER.id, "application/json", [original], body.get("delivery", {})
            ),
            self.clock.now(),
        )
        return document_id

    async def work(self) -> None:
        """Does all that is due now."""
        await self.worker.run_due()

    async def later(self, by: timedelta) -> None:
        """Moves the clock and does all that has become due."""
        self.clock.move(by)
        await self.work()

    async def document(self, document_id: str) -> Document:
        found = await self.store.document(SENDER.id, document_id)
        assert found is not None
        return found

    async def legs(self, document_id: str) -> dict[str, Leg]:
        """The legs by channel."""
        legs = await self.store.legs(SENDER.id, document_id)
        return {leg.channel: leg for leg in legs}

    async def attempts(self, document_id: str) -> list[Attempt]:
        return list(await self.store.attempts(SENDER.id, document_id))

    async def tries(self, document_id: str) -> list[tuple[str, str | None]]:
        """(channel, outcome) of each attempt."""
        return [(a.channel, a.outcome) for a in await self.attempts(document_id)]

    async def events(self, document_id: str) -> list[Event]:
        events = list(await self.store.feed(SENDER.id, None, 1000, document_id))
        for event in events:
            assert set(event.data) <= set(MEANINGS[Type(event.type)].data), event
        return events

    async def told(self, document_id: str) -> list[str]:
        """The types of a document's events."""
        return [event.type for event in await self.events(document_id)]

    async def parts(self, document_id: str, role: Role) -> list[Part]:
        found = await self.store.parts(SENDER.id, document_id)
        return [part for part in found if part.role is role]

    async def content(self, document_id: str, role: Role) -> bytes:
        (part, *_) = await self.parts(document_id, role)
        content = await self.store.content(SENDER.id, document_id, part.sha256)
        assert content is not None
        return content

    async def do(self, document_id: str, verb: Verb, reason: str = "because") -> Document:
        """A verb that is possible."""
        result = await act(self.store, self.clock, SENDER.id, document_id, verb, reason)
        assert isinstance(result, Document), result
        return result

    async def is_denied(self, document_id: str, verb: Verb) -> str:
        """The text of a refusal."""
        result = await act(self.store, self.clock, SENDER.id, document_id, verb, "because")
        assert isinstance(result, Denied), result
        return result.text

    async def is_in(self, document_id: str, state: State) -> Document:
        """The document, which must be in this state."""
        document = await self.document(document_id)
        assert document.state is state, (document.state, document.code, document.text)
        return document


@asynccontextmanager
async def open_house(
    data_dir: Path, gate: Callable[[Store, MovableClock], Gate] | None = None
) -> AsyncIterator[House]:
    """A house over a data directory; `gate` is made of its store and clock."""
    clock = MovableClock(START)
    store = await SqliteStore.open(data_dir)
    async with MailServer() as mail, PrintHouse(now=clock.now) as prints:
        house = House(store, clock, mail, prints, OPEN if gate is None else gate(store, clock))
        for company in (SENDER, RECEIVER):
            await store.add_company(company, clock.now())
        try:
            yield house
        finally:
            for transport in house.transports.values():
                await transport.close()
            await house.outside.close()
            await store.close()


def invoice(
    *,
    here: bool = False,
    email: str | None = None,
    post_code: str | None = "111 22",
    **delivery: Any,
) -> dict[str, Any]:
    """A submission to a company on this gateway (`here`) or to somebody elsewhere; without a post
    code no letter can be sent."""
    to = invoices.RECEIVER if here else None
    body = invoices.submission("F-1", to=to, email=email, post_code=post_code)
    return {**body, "delivery": delivery}
