"""The gate on every way in and out: who is not verified, and who loses the standing midway."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.channels.operator import OperatorInbox
from gateway.clock import MovableClock
from gateway.delivery.unpacking import Unpacking
from gateway.delivery.verbs import Verb
from gateway.delivery.workshop import HERE
from gateway.handing_in import Handed, HandingIn
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.peppol import DOCUMENTS, PeppolReception
from gateway.lifecycle import State
from gateway.registration import line
from gateway.registration.offers import USUAL, AccessPointAddress, Offer
from gateway.registration.states import ParticipantState
from gateway.registration.steps import Steps
from gateway.registration.verbs import Verbs as Registering
from gateway.store.port import Accepted, Company, Store
from gateway.store.registrations import Registration
from gateway.trust.gate import Closed, Gate
from gateway.trust.verification.gate import VerifiedOnly
from gateway.trust.verification.request import Sealed
from gateway.trust.verification.standing import PUBLIC, Terms
from gateway.trust.verification.verbs import Seen, Verbs
from schemas.identifiers import Participant
from schemas.response import Kind, document_type, process
from tests.flows.house import RECEIVER, SENDER, House, invoice, open_house
from tests.peppol import parties
from tests.peppol.parties import RECEIVING, header, key, message, network, packed
from transports.base import File
from transports.email.sandbox import Behaviour as Mail
from transports.peppol.as4 import signals
from transports.peppol.as4.message import NOT_SERVICED, Errors, Receipt
from transports.peppol.pki.revocation import Fail, Revocation
from transports.peppol.receiver import Receiver

OWN = Participant("0242", "000002")
HERE_AT = Participant.parse(RECEIVER.participants[0])


def verbs_of(house: House) -> Verbs:
    return Verbs(house.store, house.clock, Sealed(None, house.clock), (), Terms())


async def vouch(house: House, *companies: Company) -> None:
    """The operator verifies them."""
    for company in companies:
        done = await verbs_of(house).by_hand(
            company.id, who="a", why="b", seen="c", actor="operator:bo"
        )
        assert isinstance(done, Seen)


async def revoke(house: House, company: Company) -> None:
    done = await verbs_of(house).revoke(company.id, "Not now.", actor="operator:bo")
    assert isinstance(done, Seen)


def refusing(store: Store, clock: MovableClock) -> Gate:
    return VerifiedOnly(store, clock)


def holding(store: Store, clock: MovableClock) -> Gate:
    return VerifiedOnly(store, clock, hold_outgoing=True, hold_incoming=True)


@pytest.fixture
async def strict(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, refusing) as house:
        yield house


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[House]:
    async with open_house(tmp_path, holding) as house:
        yield house


def handed(number: int) -> Handed:
    body = invoice(email="accept@customer.example")
    original = File("invoice.json", "application/json", json.dumps(body).encode())
    return Handed(original, (), f"folder {number}")


# --- out --------------------------------------------------------------------------------------


async def test_nothing_is_taken_from_who_is_not_verified(strict: House) -> None:
    way_in = HandingIn(strict.store, strict.clock, Unpacking(HERE), strict.gate)
    refused = await way_in.hand_in(SENDER, handed(1))
    assert isinstance(refused, Closed) and refused.code == "company.unverified"
    assert (await strict.store.documents(SENDER.id)).documents == ()
    await vouch(strict, SENDER)
    assert isinstance(await way_in.hand_in(SENDER, handed(1)), Accepted)


async def test_where_it_is_set_so_it_is_taken_and_held(patient: House) -> None:
    way_in = HandingIn(patient.store, patient.clock, Unpacking(HERE), patient.gate)
    accepted = await way_in.hand_in(SENDER, handed(1))
    assert isinstance(accepted, Accepted)
    await patient.work()
    document = await patient.is_in(accepted.document_id, State.HELD)
    assert document.code == "company.unverified"
    assert await patient.tries(document.id) == [], "no channel was asked"
    await vouch(patient, SENDER)
    await patient.work()
    await patient.is_in(document.id, State.SENT)
    told = await patient.told(document.id)
    assert told.index("document.held") < told.index("document.released") < len(told) - 1


async def test_what_waits_is_held_when_the_standing_is_lost_and_goes_on_after(
    strict: House,
) -> None:
    await vouch(strict, SENDER, RECEIVER)
    waiting = await strict.submit(invoice(email="later@customer.example", post_code=None))
    fresh = await strict.submit(
        {**invoice(email="accept@customer.example"), "delivery": {"hold": True}}
    )
    await strict.work()
    await strict.is_in(waiting, State.WAITING)
    by_person = await strict.is_in(fresh, State.HELD)
    await revoke(strict, SENDER)
    unseen = await strict.submit(invoice(here=True))  # accepted a moment before
    await strict.later(timedelta(hours=1))
    for document_id in (waiting, unseen):
        held = await strict.is_in(document_id, State.HELD)
        assert held.code == "company.revoked" and held.text.endswith("Not now.")
    assert strict.mail.received == [], "nothing has left the house"
    # A person's release changes nothing: it comes back at once, with the reason.
    await strict.do(waiting, Verb.RELEASE)
    await strict.work()
    assert (await strict.is_in(waiting, State.HELD)).code == "company.revoked"

    strict.mail.behave("later@customer.example", Mail.ACCEPT)
    await vouch(strict, SENDER)
    await strict.work()
    await strict.is_in(waiting, State.SENT)
    await strict.is_in(unseen, State.DELIVERED)
    still = await strict.is_in(fresh, State.HELD)
    assert still.code == by_person.code, "what a person held stays held"


async def test_a_hold_and_a_verification_that_cross_leave_nothing_behind(strict: House) -> None:
    await vouch(strict, SENDER)
    await revoke(strict, SENDER)
    held = await strict.submit(invoice(email="accept@customer.example"))

    truth = strict.gate

    class Late:
        """Answers what was so before the company was verified."""

        async def may_send(self, company_id: str) -> Closed | None:
            closed = await truth.may_send(company_id)
            if closed is not None:
                await vouch(strict, SENDER)
            return closed

        may_submit = may_arrive = may_receive = may_send

    strict.gate = Late()
    await strict.new_worker(strict.store).run_due()
    strict.gate = truth
    strict.worker = strict.new_worker(strict.store)
    await strict.later(timedelta(minutes=2))
    await strict.is_in(held, State.SENT)


# --- in, from a company here ------------------------------------------------------------------


async def test_the_sender_is_told_that_a_company_here_takes_nothing(strict: House) -> None:
    await vouch(strict, SENDER)
    document_id = await strict.submit(invoice(here=True, email="accept@customer.example"))
    await strict.work()
    await strict.is_in(document_id, State.SENT)  # by the next channel
    first, *_ = await strict.attempts(document_id)
    assert (first.channel, first.outcome, first.code) == (
        *("internal", "unreachable", "internal.not_verified"),
    )
    assert first.public_text == PUBLIC
    assert (await strict.store.documents(RECEIVER.id)).documents == ()


async def test_where_it_is_set_so_it_lies_in_the_inbox(patient: House) -> None:
    await vouch(patient, SENDER)
    document_id = await patient.submit(invoice(here=True))
    await patient.work()
    await patient.is_in(document_id, State.DELIVERED)
    assert len((await patient.store.documents(RECEIVER.id)).documents) == 1
    closed = await patient.gate.may_receive(RECEIVER.id)
    assert closed is not None, "and is not handed out"


# --- in, from networks ------------------------------------------------------------------------


@asynccontextmanager
async def access_point(house: House) -> AsyncIterator[Callable[[Any], Any]]:
    """Posts a message to the gateway's own access point, put together as the gateway does it."""
    clock = MovableClock(parties.NOW)
    async with aiohttp.ClientSession() as session:
        receiver = Receiver(
            key(RECEIVING),
            network().anchors,
            Revocation(session, Fail.OFF, clock.now),
            PeppolReception(house.store, clock, OWN, house.gate),
            clock.now,
            host="receiver.example",
        )

        async def post(number: str) -> Errors | Receipt:
            sent = packed(
                message(id=f"{number}@peer.example", receiver=HERE_AT),
                replace(header(receiver=HERE_AT), instance_id=number),
            )
            reply = await receiver.receive(sent.content_type, sent.body)
            return signals.read(reply.content_type, reply.content).signal

        yield post


async def test_peppol_is_told_that_the_company_is_not_serviced(strict: House) -> None:
    async with access_point(strict) as post:
        refused = await post("1")
        assert isinstance(refused, Errors)
        (fault,) = refused.faults
        assert (fault.code, fault.detail) == ("EBMS:0004", NOT_SERVICED)
        assert (await strict.store.documents(RECEIVER.id)).documents == ()
        await vouch(strict, RECEIVER)
        assert isinstance(await post("2"), Receipt)
        await revoke(strict, RECEIVER)
        assert isinstance(await post("3"), Errors)
    assert len((await strict.store.documents(RECEIVER.id)).documents) == 1


async def test_peppol_is_not_told_where_it_is_held(patient: House) -> None:
    async with access_point(patient) as post:
        assert isinstance(await post("1"), Receipt)
    assert len((await patient.store.documents(RECEIVER.id)).documents) == 1


async def test_what_became_of_what_went_out_is_told_all_the_same(strict: House) -> None:
    """A status between providers is no document for the company; an answer of a buyer is."""
    reception = PeppolReception(strict.store, strict.clock, OWN, strict.gate)
    mlr = (document_type(Kind.MLR), process(Kind.MLR))
    answer = (document_type(Kind.INVOICE_RESPONSE), process(Kind.INVOICE_RESPONSE))
    assert await reception.serves(HERE_AT, *mlr)
    assert not await reception.serves(HERE_AT, *answer)
    assert not any([await reception.serves(HERE_AT, *each) for each in DOCUMENTS])
    await vouch(strict, RECEIVER)
    assert await reception.serves(HERE_AT, *answer)
    assert all([await reception.serves(HERE_AT, *each) for each in DOCUMENTS])


async def test_operators_are_told_that_it_is_nobody_of_ours(strict: House) -> None:
    inbox = OperatorInbox(strict.store, strict.clock, strict.gate)
    assert not await inbox.serves(HERE_AT)
    await vouch(strict, RECEIVER)
    assert await inbox.serves(HERE_AT)


async def test_an_inbox_has_an_address_only_while_its_company_may(strict: House) -> None:
    inboxes = Inboxes(strict.store, strict.clock, strict.gate)
    assert not isinstance(await inboxes.lookup(HERE_AT), str)
    await vouch(strict, RECEIVER)
    assert await inboxes.lookup(HERE_AT) == RECEIVER.id
    assert await inboxes.lookup(Participant("0192", "000000000")) is None


# --- into the network --------------------------------------------------------------------------


async def test_nobody_is_published_before(strict: House) -> None:
    """It stays wanted, with the reason, and goes on as soon as the company is verified."""
    registering = Registering(strict.store, strict.clock, OWN)
    wanted = await registering.register(RECEIVER.id, HERE_AT, Offer(USUAL), actor="key:ledger")
    assert isinstance(wanted, Registration)
    published: list[Any] = []

    class Publisher:
        async def publish(self, publication: Any) -> Any:
            published.append(publication)
            raise AssertionError("asked only once the company is verified")

    class Registrar:
        publisher = Publisher()

    at = AccessPointAddress("https://ap.example/as4", key(RECEIVING).certificate)
    steps = Steps(
        strict.store,
        strict.clock,
        Registrar(),  # type: ignore[arg-type]
        at,
        gate=strict.gate,
    )
    room = {line.KIND: 1}
    (job,) = await strict.store.claim("w", strict.clock.now(), 60, 1, room)
    await steps(job)
    row = await strict.store.registration(RECEIVER.id, str(HERE_AT))
    assert row is not None and row.state is ParticipantState.WANTED
    assert row.code == "peppol.not_verified" and published == []
    await vouch(strict, RECEIVER)
    jobs = await strict.store.claim("w", strict.clock.now(), 60, 10, room)
    (again,) = [one for one in jobs if one.kind == line.KIND]
    with pytest.raises(AssertionError, match="only once"):
        await steps(again)
    assert len(published) == 1
