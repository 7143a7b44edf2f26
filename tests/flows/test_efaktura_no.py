"""A Norwegian consumer's invoice through the whole gateway to the net bank, and past it."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.choosing import choose
from gateway.lifecycle import Business, State
from gateway.store.port import Role
from gateway.store.register import StoredRegister
from tests.flows.house import SENDER, House
from tests.flows.test_crash import LEASE, live_and_die
from transports.base import Entry, Sender
from transports.efaktura_no.driver import Efaktura, EfakturaSettings
from transports.efaktura_no.sandbox import SEVERAL, Sandbox

EXAMPLES = Path(__file__).parents[2] / "examples"
EXAMPLE = json.loads((EXAMPLES / "no-b2c-email-refused-then-letter.json").read_text("utf-8"))
ORGANISATION = "948100010"
PERSON = "01032300371"
TERMS = {
    "account": "97100000028",
    "kid_algorithm": "mod10",
    "kid_length": 12,
    "reference_position": "1-5",
    "signer_name": "Eirik Solbakk",
    "signer_email": "eirik@havbris.example",
}
COMPANY = replace(SENDER, settings={"duplicate_days": 0, "channels": {"efaktura_no": TERMS}})
HALF_AN_HOUR = timedelta(minutes=30)
A_DAY = timedelta(days=1)


ACCEPTS = "accept@kunde.example"


def submission(email: str = ACCEPTS, **delivery: Any) -> dict[str, Any]:
    """The example, to a consumer who is known by e-mail and what `delivery` says."""
    invoice = copy.deepcopy(EXAMPLE["invoice"])
    del invoice["buyer"]["endpoint"]
    invoice["buyer"]["contact"] = {"email": email}
    return {"invoice": invoice, "delivery": {"consumer": True, **delivery}}


@dataclass
class Norway:
    """A house with a net bank behind it."""

    house: House
    mps: Sandbox
    channel: Efaktura

    async def agree(self) -> None:
        """The company's agreement is active."""
        self.mps.grant(ORGANISATION)
        assert (await self.ask_for_agreement()).state == "active"

    async def ask_for_agreement(self) -> Entry:
        sender = Sender(SENDER.id, "Havbris Regnskap AS", "NO", organisation_number=ORGANISATION)
        entry = await self.channel.request(sender, TERMS)
        assert isinstance(entry, Entry), entry
        return entry

    async def send(self, *, email: str = ACCEPTS, **delivery: Any) -> str:
        document_id = await self.house.submit(submission(email, **delivery))
        await self.house.work()
        return document_id


@pytest.fixture
async def norway(house: House) -> AsyncIterator[Norway]:
    async with Sandbox(now=house.clock.now) as mps:
        register = StoredRegister(house.store, house.clock, "efaktura_no")
        settings = EfakturaSettings(mps.url, answer_timeout_s=60)
        channel = Efaktura(settings, register, now=house.clock.now)
        house.transports["efaktura_no"] = channel
        house.worker = house.new_worker(house.store)
        await house.store.add_company(COMPANY, house.clock.now())
        yield Norway(house, mps, channel)


async def test_it_is_sent_shown_and_paid(norway: Norway) -> None:
    await norway.agree()
    house = norway.house
    document_id = await norway.send(efaktura_id="sandbox-pay")
    document = await house.is_in(document_id, State.SENT)
    assert document.channel == "efaktura_no"
    assert await house.tries(document_id) == [
        ("efaktura_no", "unreachable"),  # no agreement
        ("efaktura_no", "sent"),  # but yes to all
    ]
    (kept,) = norway.mps.invoices.kept.values()
    assert kept.invoice.kid == "100011001235"
    assert kept.body in await contents(house, document_id)
    await house.later(timedelta(minutes=15))
    document = await house.is_in(document_id, State.DELIVERED)
    assert document.business is Business.PAID


async def test_one_that_the_bank_turns_away_goes_on_to_the_next_channel(norway: Norway) -> None:
    await norway.agree()
    document_id = await norway.send(efaktura_id="sandbox-reject")
    await norway.house.is_in(document_id, State.SENT)
    await norway.house.later(timedelta(minutes=15))
    tries = await norway.house.tries(document_id)
    assert ("email", "sent") in tries
    assert norway.mps.consumers.questions == {}, "who has said yes is not asked for an agreement"


async def test_it_waits_for_the_company_s_agreement_and_goes_when_that_is_active(
    norway: Norway,
) -> None:
    house = norway.house
    await norway.ask_for_agreement()
    document_id = await norway.send(efaktura_id="sandbox-accept")
    document = await house.is_in(document_id, State.WAITING)
    assert document.code == "efaktura_no.agreement_pending"
    assert "e-mail sent to eirik@havbris.example" in (document.text or "")
    assert document.next_at is not None
    norway.mps.sign(ORGANISATION)
    for _ in range(4):
        await house.later(HALF_AN_HOUR)
    document = await house.document(document_id)
    assert document.channel == "efaktura_no"
    assert document.state in (State.SENT, State.DELIVERED)
    assert norway.house.mail.received == []


async def test_an_agreement_that_never_comes_does_not_keep_it_for_good(norway: Norway) -> None:
    house = norway.house
    await norway.ask_for_agreement()
    norway.mps.issuers.known[ORGANISATION].issuer = replace(
        norway.mps.issuers.known[ORGANISATION].issuer, signer_email="never@havbris.example"
    )
    document_id = await norway.send(efaktura_id="sandbox-accept")
    for _ in range(4 * 8):
        if (await house.document(document_id)).channel == "email":
            break
        await house.later(timedelta(hours=3))
    await house.is_in(document_id, State.SENT)
    assert (await house.document(document_id)).channel == "email"


async def test_who_says_yes_when_asked_gets_it_three_days_later(norway: Norway) -> None:
    await norway.agree()
    house = norway.house
    document_id = await norway.send(efaktura_id="sandbox-asked")
    document = await house.is_in(document_id, State.WAITING)
    assert document.code == "efaktura_no.asked"
    await house.later(timedelta(days=2))
    await house.is_in(document_id, State.WAITING)
    await house.later(A_DAY)
    document = await house.is_in(document_id, State.SENT)
    assert document.channel == "efaktura_no"
    assert len(norway.mps.consumers.questions) == 1
    assert norway.house.mail.received == []


async def test_who_does_not_gets_an_e_mail(norway: Norway) -> None:
    await norway.agree()
    house = norway.house
    document_id = await norway.send(efaktura_id="sandbox-none")
    await house.later(timedelta(days=3))
    document = await house.is_in(document_id, State.SENT)
    assert document.channel == "email"
    assert norway.mps.invoices.kept == {}
    assert len(norway.mps.consumers.questions) == 1


async def test_two_of_a_name_are_held_until_one_is_chosen(norway: Norway) -> None:
    await norway.agree()
    document_id = await norway.send(email=SEVERAL)
    document = await norway.house.is_in(document_id, State.HELD)
    assert "Ola Nordmann, BERGEN: has said yes to everybody" in (document.text or "")
    assert norway.mps.invoices.kept == {}
    store, clock = norway.house.store, norway.house.clock
    await choose(store, clock, SENDER.id, document_id, "sandbox-several-2", "in Bergen")
    await norway.house.work()
    await norway.house.is_in(document_id, State.SENT)
    (kept,) = norway.mps.invoices.kept.values()
    assert kept.invoice.recipient == "sandbox-several-2"


async def test_a_personal_number_is_kept_from_every_text(norway: Norway) -> None:
    await norway.agree()
    house = norway.house
    document_id = await norway.send(personal_number=PERSON)
    document = await house.is_in(document_id, State.SENT)
    events = [str(event.data) for event in await house.events(document_id)]
    attempts = [str(attempt) for attempt in await house.attempts(document_id)]
    legs = [str(leg) for leg in await house.store.legs(SENDER.id, document_id)]
    for text in (document.text or "", *events, *attempts, *legs):
        assert PERSON not in text
    assert any(PERSON.encode() in content for content in await contents(house, document_id))


@pytest.mark.parametrize("after", [True, False], ids=["after", "before"])
async def test_a_gateway_that_dies_at_any_write_hands_it_over_once(
    norway: Norway, after: bool
) -> None:
    await norway.agree()
    house = norway.house
    n = 0
    while True:
        n += 1
        document_id = await house.submit(submission(efaktura_id="sandbox-accept"))
        died = await live_and_die(house, n, after=after)
        await house.later(LEASE)
        await house.later(LEASE)
        document = await house.document(document_id)
        assert document.channel == "efaktura_no"
        assert document.state in (State.SENT, State.DELIVERED)
        if not died:
            break
    assert n > 3
    assert len(norway.mps.invoices.kept) == n


async def contents(house: House, document_id: str) -> list[bytes]:
    """The bytes of all evidence."""
    found = []
    for part in await house.parts(document_id, Role.EVIDENCE):
        content = await house.store.content(SENDER.id, document_id, part.sha256)
        assert content is not None
        found.append(content)
    return found
