"""A Swedish consumer's invoice through the whole gateway to the internet bank, and past it."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.lifecycle import State
from gateway.routing.terms import terms
from gateway.store.port import Role
from gateway.store.register import StoredRegister
from tests.contracts.channel_bank_se import settings
from tests.flows.house import SENDER, House
from tests.flows.test_crash import LEASE, live_and_die
from transports.bank_se.driver import BankSe
from transports.bank_se.identifiers import Fmi, Fui
from transports.bank_se.sandbox import MAGIC, Behaviour, Sandbox
from transports.bank_se.wire.registrations import Registration

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = json.loads((EXAMPLES / "se-b2c-email.json").read_text("utf-8"))
FUI = Fui.parse("005560001116.00002222222.FSPA.SE")
TERMS = {"fui": str(FUI), "bankgiros": [{"number": "5999-0010", "ocr": "hard"}]}
COMPANY = replace(SENDER, settings={"duplicate_days": 0, "channels": {"bank_se": TERMS}})
PERSON = MAGIC[Behaviour.ACCEPT]


def submission(behaviour: Behaviour = Behaviour.ACCEPT, **delivery: Any) -> dict[str, Any]:
    """The example, to somebody who makes the distributor do something."""
    body = copy.deepcopy(EXAMPLE)
    body["delivery"] |= {"personal_number": MAGIC[behaviour], **delivery}
    return body


@dataclass
class Sweden:
    """A house with the banks' distributor behind it."""

    house: House
    distributor: Sandbox

    async def register(self) -> None:
        """Everybody registers with the sender, and is answered."""
        self.distributor.register_magic(FUI)
        await self.house.later(timedelta(seconds=60))
        assert len(self.distributor.answers) == len(MAGIC)

    async def send(self, behaviour: Behaviour = Behaviour.ACCEPT, **delivery: Any) -> str:
        document_id = await self.house.submit(submission(behaviour, **delivery))
        await self.house.work()
        return document_id


@pytest.fixture
async def sweden(house: House) -> AsyncIterator[Sweden]:
    async with Sandbox(now=house.clock.now) as distributor:
        register = StoredRegister(house.store, house.clock, "bank_se")

        async def issuers() -> Sequence[tuple[str, Mapping[str, Any]]]:
            companies = await house.store.companies()
            return [(one.id, terms(one.settings, "bank_se")) for one in companies]

        channel = BankSe(settings(distributor), register, issuers, now=house.clock.now)
        house.transports["bank_se"] = channel
        house.worker = house.new_worker(house.store)
        await house.store.add_company(COMPANY, house.clock.now())
        yield Sweden(house, distributor)


async def test_it_is_handed_over_read_and_delivered(sweden: Sweden) -> None:
    await sweden.register()
    house = sweden.house
    document_id = await sweden.send()
    document = await house.is_in(document_id, State.SENT)
    assert document.channel == "bank_se"
    (kept,) = sweden.distributor.invoices.values()
    assert kept.entry.fui == FUI
    assert kept.entry.fmi == Fmi(PERSON, "NB", "SE")
    assert kept.line in await contents(house, document_id)
    await house.later(timedelta(seconds=2))
    await house.is_in(document_id, State.DELIVERED)


async def test_who_has_not_registered_gets_the_next_channel(sweden: Sweden) -> None:
    document_id = await sweden.send()
    document = await sweden.house.is_in(document_id, State.SENT)
    assert document.channel == "email"
    tries = await sweden.house.tries(document_id)
    assert tries[-2:] == [("bank_se", "unreachable"), ("email", "sent")]
    said = [e.data["text"] for e in await sweden.house.events(document_id) if "text" in e.data]
    assert "The recipient has not registered for your invoices in a bank." in said


async def test_one_that_the_bank_rejects_goes_on_to_the_next_channel(sweden: Sweden) -> None:
    await sweden.register()
    document_id = await sweden.send(Behaviour.REJECT)
    await sweden.house.is_in(document_id, State.SENT)
    await sweden.house.later(timedelta(seconds=2))
    await sweden.house.work()
    document = await sweden.house.is_in(document_id, State.SENT)
    assert document.channel == "email"


async def test_a_wrong_reference_never_reaches_the_bank(sweden: Sweden) -> None:
    await sweden.register()
    body = submission()
    body["invoice"]["payments"][0]["reference"] = "100100428"
    document_id = await sweden.house.submit(body)
    await sweden.house.work()
    document = await sweden.house.is_in(document_id, State.SENT)
    assert document.channel == "email"
    said = [e.data["text"] for e in await sweden.house.events(document_id) if "text" in e.data]
    assert "The check digit of the reference, its last, is 8; it has to be 9." in said
    assert sweden.distributor.invoices == {}


async def test_a_connection_that_breaks_is_no_second_invoice(sweden: Sweden) -> None:
    await sweden.register()
    document_id = await sweden.send(Behaviour.DROP)
    for _ in range(5):
        await sweden.house.later(timedelta(minutes=10))
    await sweden.house.is_in(document_id, State.DELIVERED)
    (kept,) = sweden.distributor.invoices.values()
    assert len(kept.came) == 2
    assert sweden.distributor.conflicts == []


async def test_a_personal_number_is_kept_from_every_text(sweden: Sweden) -> None:
    await sweden.register()
    house = sweden.house
    document_id = await sweden.send(fmi=f"{PERSON}.NB.SE")
    document = await house.is_in(document_id, State.SENT)
    events = [str(event.data) for event in await house.events(document_id)]
    attempts = [str(attempt) for attempt in await house.attempts(document_id)]
    legs = [str(leg) for leg in await house.store.legs(SENDER.id, document_id)]
    for text in (document.text or "", *events, *attempts, *legs):
        assert PERSON[2:] not in text
    assert any(PERSON.encode() in content for content in await contents(house, document_id))


async def test_one_that_was_marked_for_the_bank_goes_there_and_nowhere_else(
    sweden: Sweden,
) -> None:
    """As SFTI writes it: the code P01, the FMI as the buyer's identifier, no address."""
    body = copy.deepcopy(EXAMPLE)
    body["delivery"] = {}
    for party in ("seller", "buyer"):
        del body["invoice"][party]["endpoint"]
    body["invoice"]["buyer"]["identifier"] = {"value": f"{PERSON}.NB.SE"}
    mark = {"reference": "P01", "description": "AQY Filidentifiering nummer (print)"}
    body["invoice"]["supporting_documents"] = [mark]
    house = sweden.house
    early = await house.submit(body)
    await house.work()
    document = await house.is_in(early, State.FAILED)
    assert await house.tries(early) == [("bank_se", "unreachable")]
    await sweden.register()
    document_id = await house.submit(body)
    await house.work()
    document = await house.is_in(document_id, State.SENT)
    assert document.channel == "bank_se"
    (kept,) = sweden.distributor.invoices.values()
    assert kept.entry.document.count(b">P01<") == 1
    assert kept.entry.fmi == Fmi(PERSON, "NB", "SE")


async def test_who_registers_between_two_invoices_gets_the_second_in_the_bank(
    sweden: Sweden,
) -> None:
    first = await sweden.send()
    assert (await sweden.house.document(first)).channel == "email"
    fmi, now = Fmi(PERSON, "NB", "SE"), sweden.house.clock.now()
    sweden.distributor.register(Registration("R-1", FUI, fmi, now))
    await sweden.house.later(timedelta(seconds=60))
    second = await sweden.send()
    assert (await sweden.house.document(second)).channel == "bank_se"


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
async def test_a_gateway_that_dies_at_any_write_hands_it_over_once(
    sweden: Sweden, after: bool
) -> None:
    await sweden.register()
    house = sweden.house
    n = 0
    while True:
        n += 1
        document_id = await house.submit(submission())
        died = await live_and_die(house, n, after=after)
        await house.later(LEASE)
        await house.later(LEASE)
        document = await house.document(document_id)
        assert document.channel == "bank_se"
        assert document.state in (State.SENT, State.DELIVERED)
        if not died:
            break
    assert n > 3
    assert len(sweden.distributor.invoices) == n
    assert sweden.distributor.conflicts == []


async def contents(house: House, document_id: str) -> list[bytes]:
    """The bytes of all evidence."""
    found = []
    for part in await house.parts(document_id, Role.EVIDENCE):
        content = await house.store.content(SENDER.id, document_id, part.sha256)
        assert content is not None
        found.append(content)
    return found
