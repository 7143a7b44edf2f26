"""Whatever way a document goes, it is found by what people know of it afterwards."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming, Taken
from gateway.lifecycle import State
from gateway.store.port import Direction
from gateway.store.search import Question
from schemas.identifiers import Participant
from tests.flows.house import RECEIVER, SENDER, House, invoice
from transports.base import File

EVERYBODY = Question(companies=None)
BROKEN = Path("examples/broken-organisation-number.xml")


async def ids(house: House, **asked: Any) -> list[str]:
    page = await house.store.found(replace(EVERYBODY, **asked))
    return [document.id for document in page.documents]


async def test_what_was_sent_is_found_on_both_sides(house: House) -> None:
    body = invoice(here=True)
    body["invoice"]["payments"][0]["reference"] = "100100428"
    sent = await house.submit(body)
    await house.work()
    await house.is_in(sent, State.DELIVERED)
    (came,) = await ids(house, direction=Direction.IN)
    for known in (
        {"references": ["100 100 428"]},
        {"numbers": ["f-1"]},
        {"parties": [RECEIVER.participants[0]]},
        {"words": [SENDER.name.split()[0].upper()]},
        {"kinds": ["invoice"], "states": [State.DELIVERED]},
    ):
        assert await ids(house, **known) == [came, sent], known
        assert await ids(house, companies=[SENDER.id], **known) == [sent]
    document = await house.document(sent)
    assert document.head.reference == "100100428"


async def test_an_organisation_number_finds_what_goes_to_another_address(house: House) -> None:
    body = invoice()
    body["invoice"]["buyer"]["legal_id"] = {"value": "5560360793", "scheme": "0007"}
    sent = await house.submit(body)
    await house.work()
    assert (await house.document(sent)).head.recipient != "0007:5560360793"
    assert await ids(house, parties=["556036-0793"]) == [sent]


async def test_a_channels_own_name_of_it_finds_it(house: House) -> None:
    sent = await house.submit(invoice())
    await house.work()
    reference = (await house.legs(sent))["letter"].reference
    assert reference
    assert await ids(house, messages=[reference]) == [sent]
    assert await ids(house, words=[reference[:12]]) == [sent]


async def test_the_rules_that_are_broken_are_counted_whichever_way_it_went(house: House) -> None:
    body = invoice(here=True)
    body["invoice"]["currency"] = "XXY"
    sent = await house.submit(body)
    document = File("invoice.xml", "application/xml", BROKEN.read_bytes())
    us = Participant.parse(RECEIVER.participants[0])
    came = await Inboxes(house.store, house.clock).take(Incoming("test", "1", us, document))
    assert isinstance(came, Taken)
    await house.work()
    await house.is_in(sent, State.REJECTED)
    start = house.clock.now().replace(hour=0)
    rules = await house.store.failing_rules(None, start)
    assert rules
    assert {one.severity for one in rules} <= {"fatal", "warning", "information"}
    of_each = {one.rule: set(await ids(house, rules=[one.rule])) for one in rules}
    assert all(len(of_each[one.rule]) == one.documents for one in rules)
    assert set.union(*of_each.values()) == {sent, came.document_id}
