"""Where companies are verified: a store, both signing services, and a clock to move."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.blobs.ring import Ring
from gateway.blobs.seal import Secret
from gateway.clock import MovableClock
from gateway.events import MEANINGS, Type
from gateway.store.port import Company, Event, Store
from gateway.store.sqlite import SqliteStore
from gateway.store.verifications import Verification
from gateway.trust.post import Post
from gateway.trust.signing.bankid import BankId
from gateway.trust.signing.page import SigningPage
from gateway.trust.signing.port import Signatory, Signer
from gateway.trust.signing.sandbox import BankIdServer, VismaSignServer
from gateway.trust.signing.visma_sign import VismaSign
from gateway.trust.verification.gate import VerifiedOnly
from gateway.trust.verification.request import Request, Sealed
from gateway.trust.verification.standing import Terms
from gateway.trust.verification.steps import Steps, Wishes
from gateway.trust.verification.verbs import KIND, Seen, Verbs

START = datetime(2026, 11, 21, 8, 0, tzinfo=UTC)
COMPANY = Company(
    "com_01900000-0000-7000-8000-000000000001", "Fjärden AB", "SE", ("0007:5560360793",), {}
)
OTHER = Company("com_01900000-0000-7000-8000-000000000002", "Havet AS", "NO", (), {})
PAGE = "https://gateway.example/sign"


def person(name: str = "astrid", number: str = "") -> Signatory:
    """Somebody in the sandbox, who does as the name or the number says."""
    return Signatory("Åsa Öst", f"{name}@fjarden.example", "sv", number)


class Office:
    """What a test acts on."""

    def __init__(
        self,
        store: Store,
        clock: MovableClock,
        visma: VismaSignServer,
        bankid: BankIdServer,
        terms: Terms,
    ) -> None:
        self.store = store
        self.clock = clock
        self.visma = visma
        self.bankid = bankid
        self.signers: dict[str, Signer] = {
            "visma_sign": VismaSign(visma.url, visma.identifier, visma.secret, clock),
            "bankid": BankId(bankid.url, None, clock),
        }
        self.sealed = Sealed(store.blobs.keys, clock)
        self.wishes = Wishes("Budkavle")
        self.verbs = Verbs(store, clock, self.sealed, tuple(self.signers), terms)
        self.gate = VerifiedOnly(store, clock)
        self.steps = Steps(
            *(store, clock, self.sealed, self.signers, Post(store, clock)),
            *(terms, self.wishes, PAGE),
        )
        self.page = SigningPage(*(store, clock, self.sealed, self.verbs, self.wishes, self.signers))

    async def work(self) -> None:
        """Does all that is due now of verification."""
        while True:
            room = {KIND: 100}
            jobs = await self.store.claim("test", self.clock.now(), 60, 100, room)
            mine = [job for job in jobs if job.kind == KIND]
            if not mine:
                return
            for job in mine:
                await self.steps(job)

    async def later(self, by: timedelta) -> None:
        """Moves the clock and does all that has become due."""
        self.clock.move(by)
        await self.work()

    async def row(self) -> Verification:
        seen = await self.verbs.seen(COMPANY.id)
        assert isinstance(seen, Seen)
        return seen.row

    async def request(self) -> Request:
        seen = await self.verbs.seen(COMPANY.id)
        assert isinstance(seen, Seen) and seen.request is not None
        return seen.request

    async def events(self) -> list[Event]:
        found = list(await self.store.feed(COMPANY.id, None, 1000))
        for event in found:
            assert set(event.data) <= set(MEANINGS[Type(event.type)].data), event
        return found

    async def told(self) -> list[str]:
        """The events of the company, without what they all begin with."""
        return [event.type.removeprefix("company.") for event in await self.events()]

    async def mails(self) -> list[tuple[str, str, str]]:
        """(to, subject, text) of what was written to people, in no order."""
        rows = await self.store.register_entries("post", "", "mail", "", 100)
        from gateway.store.register import StoredRegister

        register = StoredRegister(self.store, self.clock, "post")
        found = [await register.get("", "mail", row.name) for row in rows]
        return [(one.data["to"], one.data["subject"], one.data["text"]) for one in found if one]

    async def open(self) -> bool:
        return await self.gate.may_send(COMPANY.id) is None


@asynccontextmanager
async def open_office(
    folder: Path, terms: Terms | None = None, *, sealed: bool = True
) -> AsyncIterator[Office]:
    clock = MovableClock(START)
    ring = Ring({"first": Secret(bytes(32))}) if sealed else None
    store = await SqliteStore.open(folder, ring=ring)
    visma, bankid = VismaSignServer(now=clock.now), BankIdServer(now=clock.now)
    await visma.start()
    await bankid.start()
    for company in (COMPANY, OTHER):
        await store.add_company(company, clock.now())
    office = Office(store, clock, visma, bankid, terms or Terms())
    try:
        yield office
    finally:
        for signer in office.signers.values():
            await signer.close()
        await visma.close()
        await bankid.close()
        await store.close()
