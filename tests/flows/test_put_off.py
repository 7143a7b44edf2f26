"""Reports that come while their document is in somebody's hands: kept until it is free, whatever
dies meanwhile, and though the channel has let go of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import count
from typing import Any

import pytest

from gateway.delivery.collect import Collecting
from gateway.delivery.put_off import KIND, PIECE_CHARACTERS
from gateway.delivery.verbs import Verb
from gateway.lifecycle import State
from gateway.store.entries import EntryRow
from gateway.store.port import Role
from gateway.store.register import StoredRegister
from tests.flows.channel import OK, Channel
from tests.flows.house import SENDER, House, invoice
from tests.flows.test_crash import LEASE, Died, Dying
from transports.base import (
    Delivered,
    Envelope,
    Evidence,
    Inbound,
    LateOutcome,
    Outcome,
    Paid,
    Refused,
    Repeat,
    Report,
    Sent,
)


class Told(Channel):
    """Tells of what became of its envelopes, and lets go of what it has told, as a server does
    whose files are taken away."""

    def __init__(self) -> None:
        super().__init__(self._answer, Repeat.SAFE)
        self.to_tell: list[Report] = []
        self.hangs = False

    async def _answer(self, envelope: Envelope) -> Outcome:
        if self.hangs:
            raise Died
        return Sent(OK, expects="report", until=envelope.accepted_at + timedelta(days=30))

    async def collect(self) -> AsyncIterator[Report | Inbound]:
        while self.to_tell:
            yield self.to_tell[0]
            del self.to_tell[0]

    def tell(self, envelope: Envelope, outcome: LateOutcome, id: str = "1") -> None:
        self.to_tell.append(Report(envelope.key, outcome, id))


@pytest.fixture
def channel(house: House) -> Told:
    channel = Told()
    house.transports["email"] = channel
    house.worker = house.new_worker(house.store)
    return channel


async def in_hands(house: House, channel: Told) -> str:
    """A document that a worker died with in the middle of its second round: it is being sent, and
    is nobody's until the lease is over. What comes late is about the first round, too."""
    document_id = await house.submit(invoice(email="kund@customer.example"))
    await house.work()
    await house.is_in(document_id, State.SENT)
    await house.do(document_id, Verb.RESEND)
    channel.hangs = True
    with pytest.raises(Died):
        await house.new_worker(house.store).run_due()
    channel.hangs = False
    await house.is_in(document_id, State.SENDING)
    return document_id


class DyingAnywhere(Dying):
    """Dies at what the register writes, too."""

    async def put_entries(self, rows: Sequence[EntryRow]) -> bool:
        return await self._write(self._store.put_entries(rows))

    async def drop_entries(self, rows: Sequence[EntryRow]) -> bool:
        return await self._write(self._store.drop_entries(rows))


async def waiting(house: House) -> int:
    register = StoredRegister(house.store, house.clock, "email")
    return len(await register.entries(SENDER.id, KIND))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_death_at_every_write_of_the_rounds(house: House, channel: Told, after: bool) -> None:
    """Put off, tried in vain, tried again, taken up, let go of: whichever write is the last."""
    for n in count(1):
        document_id = await in_hands(house, channel)
        envelope = channel.calls[-1]
        wire = Evidence("report", "text/plain", b"it is there", house.clock.now())
        channel.tell(envelope, Delivered(OK, (wire,)))
        dying: Any = DyingAnywhere(house.store, n, after=after)
        died = False
        for by in (timedelta(), timedelta(seconds=6), LEASE):
            house.clock.move(by)
            try:
                await Collecting(dying, channel, house.clock).once()
                if by == LEASE:
                    await house.new_worker(dying).run_due()
            except Died:
                died = True
                break
        await house.later(LEASE)
        await house.later(LEASE)
        assert channel.to_tell == []
        await house.is_in(document_id, State.DELIVERED)
        types = await house.told(document_id)
        assert types.count("document.reported") == 1
        assert [part.name for part in await house.parts(document_id, Role.EVIDENCE)] == ["report"]
        assert await waiting(house) == 0
        if not died:
            break
    assert n > 4, "put off, postponed, taken up, dropped at least"


async def test_they_are_taken_up_in_the_order_they_came(house: House, channel: Told) -> None:
    document_id = await in_hands(house, channel)
    first, second = channel.calls[-2], channel.calls[-1]
    channel.tell(
        second, Sent(OK, expects="report", until=house.clock.now() + timedelta(days=9)), "a"
    )
    channel.tell(second, Refused(OK), "b")
    channel.tell(second, Refused(OK), "b")
    channel.tell(first, Delivered(OK), "c")
    await house.new_worker(house.store).collecting[1].once()
    assert await waiting(house) == 3
    await house.later(LEASE)
    await house.later(LEASE)
    reported = [e for e in await house.events(document_id) if e.type == "document.reported"]
    by_leg = [(e.data["leg"], e.data["outcome"]) for e in reported if e.data["channel"] == "email"]
    again = max(by_leg)[0]
    assert [outcome for leg, outcome in by_leg if leg == again] == ["sent", "refused"]
    assert [outcome for leg, outcome in by_leg if leg != again] == ["delivered"]
    assert await waiting(house) == 0


async def test_later_ones_wait_behind_what_waits_already(house: House, channel: Told) -> None:
    document_id = await in_hands(house, channel)
    envelope = channel.calls[-1]
    collecting = Collecting(house.store, channel, house.clock)
    channel.tell(envelope, Refused(OK), "a")
    await collecting.once()
    channel.tell(envelope, Paid(OK), "b")
    await collecting.once()
    assert await waiting(house) == 2, "a payment could be written at once, and is not before"
    await house.later(LEASE)
    await house.later(LEASE)
    types = await house.told(document_id)
    assert types.index("document.reported") < types.index("document.answered")


async def test_one_that_fits_no_entry_is_kept_whole(house: House, channel: Told) -> None:
    document_id = await in_hands(house, channel)
    content = bytes(range(256)) * 2000
    wire = Evidence("report", "message/rfc822", content, house.clock.now())
    text = 'A "mail" \\ with å and \U0001f4e8.'
    verdict = type(OK)("fake.large", text, text, "mx.example")
    channel.tell(channel.calls[-1], Delivered(verdict, (wire, wire), reference="r-1"))
    await Collecting(house.store, channel, house.clock).once()
    assert await waiting(house) > 2 * len(content) // PIECE_CHARACTERS
    await house.later(LEASE)
    await house.later(LEASE)
    document = await house.is_in(document_id, State.DELIVERED)
    assert (document.code, document.text) == ("fake.large", text)
    assert await house.content(document_id, Role.EVIDENCE) == content
    leg = (await house.store.legs(SENDER.id, document_id))[-2]
    assert leg.reference == "r-1"
    assert await waiting(house) == 0
