"""A channel tells that the recipient has paid: what is said of the invoice, not where it is."""

from __future__ import annotations

import pytest

from gateway.delivery.reports import Reports
from gateway.lifecycle import Business, State
from gateway.store.port import Checkpoint, Done, Role
from tests.flows.channel import Scripted, here, said
from tests.flows.house import SENDER, START, House, invoice
from transports.base import Envelope, Evidence, Outcome, Paid, Report, Sent, TryLater

WIRE = Evidence("report", "application/json", b'{"status": "paid"}', START)
PAID = Paid(said("kivra", "paid", "says that it was paid."), (WIRE,))


async def takes_responsibility(envelope: Envelope) -> Outcome:
    return Sent(said("kivra", "sent", "has it."), expects="report")


async def sent(house: House, deliver=takes_responsibility) -> tuple[Scripted, str]:  # type: ignore[no-untyped-def]
    kivra = Scripted("kivra", {None: [here("kivra")]}, deliver)
    house.transports["kivra"] = kivra
    house.worker = house.new_worker(house.store)
    body = invoice(channels=["kivra"], personal_number="198112189876", consumer=True)
    document_id = await house.submit(body)
    await house.work()
    return kivra, document_id


async def test_it_is_paid_and_stays_where_it_is(house: House) -> None:
    kivra, document_id = await sent(house)
    kivra.report(PAID)
    await house.work()
    document = await house.is_in(document_id, State.SENT)
    assert document.business is Business.PAID
    event = (await house.events(document_id))[-1]
    assert (event.type, event.data) == (
        "document.answered",
        {
            "code": "kivra.paid",
            "text": "kivra says that it was paid.",
            "business": "paid",
            "reasons": [],
        },
    )
    assert await house.content(document_id, Role.EVIDENCE) == WIRE.content
    assert (await house.legs(document_id))["kivra"].state == "sent"


async def test_the_same_and_another_report_are_told_once(house: House) -> None:
    kivra, document_id = await sent(house)
    for id in ("1", "1", "2"):
        kivra.report(PAID, id=id)
        await house.work()
    assert (await house.told(document_id)).count("document.answered") == 1
    kept = await house.parts(document_id, Role.EVIDENCE)
    assert len(kept) == 2, "each report by itself"


async def test_a_payment_after_a_rejection_comes_too_late_to_count(house: House) -> None:
    kivra, document_id = await sent(house)
    key = (await house.legs(document_id))["kivra"].key
    rejected = Checkpoint(next=Done(), business=Business.REJECTED)
    assert await house.store.report(key, "rejected", rejected, house.clock.now())
    kivra.report(PAID)
    await house.work()
    assert (await house.document(document_id)).business is Business.REJECTED
    event = (await house.events(document_id))[-1]
    assert event.data["text"] == "kivra says that it was paid. It comes too late to count."


@pytest.mark.parametrize("moment", ["waiting", "sending"])
async def test_it_is_taken_whatever_the_document_does(house: House, moment: str) -> None:
    """The channel had it, and we do not know that yet."""
    took: list[bool] = []

    async def deliver(envelope: Envelope) -> Outcome:
        if moment == "sending":
            took.append(await reports.take(Report(envelope.key, PAID, "1")))
        return TryLater(said("kivra", "busy", "is busy."))

    reports = Reports(house.store, house.clock)
    kivra, document_id = await sent(house, deliver)
    if moment == "waiting":
        kivra.report(PAID)
        await house.work()
    document = await house.is_in(document_id, State.WAITING)
    assert (document.business, took) == (Business.PAID, [True] * (moment == "sending"))


async def test_a_payment_that_was_overtaken_is_taken_up_again(house: House) -> None:
    """Another write came between the reading and the writing: nothing is lost by that."""
    kivra, document_id = await sent(house)
    envelope = kivra.calls[0]
    overtaken = Overtaken(house, envelope)
    assert not await Reports(overtaken, house.clock).take(Report(envelope.key, PAID, "1"))  # type: ignore[arg-type]
    assert (await house.document(document_id)).business is Business.ACKNOWLEDGED
    assert await Reports(house.store, house.clock).take(Report(envelope.key, PAID, "1"))
    assert (await house.document(document_id)).business is Business.PAID


class Overtaken:
    """A store in which somebody else writes while the attempts are read."""

    def __init__(self, house: House, envelope: Envelope) -> None:
        self._house = house
        self._envelope = envelope

    def __getattr__(self, name: str) -> object:
        return getattr(self._house.store, name)

    async def attempts(self, company_id: str, document_id: str) -> object:
        said = Checkpoint(next=Done(), business=Business.ACKNOWLEDGED)
        key, now = self._envelope.key, self._house.clock.now()
        await self._house.store.report(key, "quicker", said, now)
        return await self._house.store.attempts(SENDER.id, document_id)
