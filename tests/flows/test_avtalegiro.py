"""A claim through the whole gateway, where a document asks for AvtaleGiro."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.lifecycle import Business, State
from gateway.store.register import StoredRegister
from schemas.references import KidLayout
from tests.flows.house import SENDER, House
from transports.avtalegiro.driver import AvtaleGiro, AvtaleGiroSettings
from transports.avtalegiro.sandbox import Behaviour, Sandbox, kid

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = json.loads((EXAMPLES / "no-b2c-email-refused-then-letter.json").read_text("utf-8"))
ACCOUNT = "97100000028"
TERMS = {
    "account": ACCOUNT,
    "kid_algorithm": "mod10",
    "kid_length": 12,
    "reference_position": "1-5",
}
COMPANY = replace(SENDER, settings={"duplicate_days": 0, "channels": {"avtalegiro": TERMS}})


@dataclass
class Norway:
    """A house with the banks' central behind it."""

    house: House
    central: Sandbox

    async def send(self, payment_reference: str) -> str:
        """An invoice by this KID, to be debited, else by e-mail."""
        invoice = copy.deepcopy(EXAMPLE["invoice"])
        del invoice["buyer"]["endpoint"]
        invoice["buyer"]["contact"] = {"email": "accept@kunde.example"}
        invoice["payments"][0]["reference"] = payment_reference
        delivery = {"consumer": True, "channels": ["avtalegiro", "email"]}
        document_id = await self.house.submit({"invoice": invoice, "delivery": delivery})
        await self.house.work()
        self.central.go_on()
        return document_id


@pytest.fixture
async def norway(house: House) -> AsyncIterator[Norway]:
    register = StoredRegister(house.store, house.clock, "avtalegiro")
    async with Sandbox(now=house.clock.now) as central:
        central.agree(ACCOUNT, *map(kid, Behaviour))
        settings = AvtaleGiroSettings(central.server, central.sender)
        channel = AvtaleGiro(settings, register, now=house.clock.now)
        house.transports["avtalegiro"] = channel
        house.worker = house.new_worker(house.store)
        await house.store.add_company(COMPANY, house.clock.now())
        await house.work()
        house.clock.move(timedelta(minutes=2))
        yield Norway(house, central)


async def test_it_is_claimed_accepted_and_paid(norway: Norway) -> None:
    house = norway.house
    document_id = await norway.send(kid(Behaviour.ACCEPT))
    document = await house.is_in(document_id, State.SENT)
    assert document.channel == "avtalegiro"
    await house.later(timedelta(minutes=2))
    document = await house.is_in(document_id, State.DELIVERED)
    assert document.business is not Business.PAID
    await house.later(timedelta(days=40))
    document = await house.is_in(document_id, State.DELIVERED)
    assert document.business is Business.PAID


async def test_without_an_agreement_the_next_channel_has_it(norway: Norway) -> None:
    document_id = await norway.send(KidLayout("mod10", 12).make("12345001001"))
    document = await norway.house.is_in(document_id, State.SENT)
    assert document.channel == "email"
    assert ("avtalegiro", "unreachable") in await norway.house.tries(document_id)
    assert norway.central.claims == {}


async def test_one_that_is_rejected_goes_by_the_next_channel(norway: Norway) -> None:
    document_id = await norway.send(kid(Behaviour.REJECT))
    await norway.house.later(timedelta(minutes=2))
    document = await norway.house.is_in(document_id, State.SENT)
    assert document.channel == "email"


async def test_one_whose_fate_the_server_does_not_tell_waits_for_its_receipt(
    norway: Norway,
) -> None:
    house = norway.house
    document_id = await norway.send(kid(Behaviour.VANISH))
    document = await house.is_in(document_id, State.WAITING)
    assert document.code == "avtalegiro.outcome_unknown"
    await house.later(timedelta(minutes=2))
    document = await house.document(document_id)
    assert document.channel == "avtalegiro"
    assert document.state in (State.SENT, State.DELIVERED)
    await house.later(timedelta(hours=1))
    await house.is_in(document_id, State.DELIVERED)
    assert len(norway.central.claims) == 1
    assert house.mail.received == []
