"""What the operator channel keeps beyond the contract: the directory, reports, documents for us."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.channels.operator import OperatorInbox
from gateway.clock import MovableClock
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from schemas.forms import Form
from schemas.identifiers import Participant
from tests.contracts.case import NOW, RECIPIENT, envelope
from tests.contracts.transports import HERE
from transports.base import (
    Delivered,
    Envelope,
    File,
    Inbound,
    Inquiry,
    NotCollected,
    NotReachable,
    Reachability,
    ReachabilityUnknown,
    Reachable,
    Recipient,
    Refused,
    Report,
    Sent,
    Several,
    TryLater,
    Unknown,
)
from transports.operator.driver import Operator, OperatorSettings
from transports.operator.inbox import NotKept
from transports.operator.sandbox import MAGIC, Behaviour, Sandbox
from transports.operator.wire import Arrived, Format, Found, Query, State

NOBODY = Recipient("Ingen", "SE")
US = Participant.parse(HERE.participants[0])
ARRIVED = Arrived(
    recipient=US,
    sender=Participant.parse("0007:5590000013"),
    document=File("invoice.xml", "application/xml", b"<Invoice/>"),
    attachments=(File("tid.pdf", "application/pdf", b"%PDF-1.7"),),
)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(tmp_path)
    await store.add_company(HERE, NOW)
    yield store
    await store.close()


@pytest.fixture
async def operator(clock: MovableClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(now=clock.now) as operator:
        yield operator


class Drivers:
    """Makes drivers over the same store, as workers and restarts do."""

    def __init__(self, operator: Sandbox, store: SqliteStore, clock: MovableClock) -> None:
        self._operator, self._store, self._clock = operator, store, clock
        self._made: list[Operator] = []

    def __call__(self, token: str | None = None) -> Operator:
        settings = OperatorSettings(self._operator.url + "/", token or self._operator.token)
        register = StoredRegister(self._store, self._clock, "operator")
        inbox = OperatorInbox(self._store, self._clock)
        self._made.append(Operator(settings, register, inbox, now=self._clock.now))
        return self._made[-1]

    async def close(self) -> None:
        for each in self._made:
            await each.close()


@pytest.fixture
async def drivers(
    operator: Sandbox, store: SqliteStore, clock: MovableClock
) -> AsyncIterator[Drivers]:
    drivers = Drivers(operator, store, clock)
    yield drivers
    await drivers.close()


@pytest.fixture
def channel(drivers: Drivers) -> Operator:
    return drivers()


def to(behaviour: Behaviour) -> Recipient:
    return replace(RECIPIENT, organisation_number=MAGIC[behaviour])


async def asked(channel: Operator, recipient: Recipient) -> Reachability:
    blank = envelope(recipient, "", "")
    return await channel.resolve(Inquiry(blank.sender, recipient, blank.summary))


async def addressed(channel: Operator, behaviour: Behaviour) -> Envelope:
    found = await asked(channel, to(behaviour))
    assert isinstance(found, Reachable)
    return replace(envelope(to(behaviour), found.address, behaviour), form=found.form)


async def collected(channel: Operator) -> list[Report | Inbound]:
    return [item async for item in channel.collect()]


# --- the directory ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "form"), [(Behaviour.ACCEPT, Form.SVEFAKTURA), (Behaviour.BIS3, Form.BILLING)]
)
async def test_the_recipient_gets_the_form_it_likes_best(
    channel: Operator, operator: Sandbox, behaviour: Behaviour, form: Form
) -> None:
    found = await asked(channel, to(behaviour))
    assert isinstance(found, Reachable)
    assert found.form is form
    objects = File("svefaktura-objects.xml", "application/xml", b"<ObjectEnvelope/>")
    given = replace(await addressed(channel, behaviour), attachments=(objects,))
    assert isinstance(await channel.deliver(given), Sent)
    kept = operator.documents[given.key].submission
    wanted = Format.SVEFAKTURA if form is Form.SVEFAKTURA else Format.BIS3
    assert (kept.format, kept.document) == (wanted, given.document.content)
    assert kept.attachments == (objects,)
    assert (kept.sender_name, kept.sender_organisation_number) == (
        "Åkeri & Söner AB",
        "5567321707",
    )
    assert (kept.number, kept.credit_note) == ("1001", False)


async def test_a_document_of_another_kind_can_not_go_as_bis_3(channel: Operator) -> None:
    blank = envelope(to(Behaviour.BIS3), "", "")
    other = replace(blank.summary, document_type=None)
    found = await channel.resolve(Inquiry(blank.sender, blank.recipient, other))
    assert isinstance(found, NotReachable)
    assert found.verdict.code == "operator.no_format"


async def test_of_several_each_is_named_with_its_form(channel: Operator) -> None:
    found = await asked(channel, to(Behaviour.SEVERAL))
    assert isinstance(found, Several)
    assert found.verdict.code == "operator.several"
    assert [(each.address, each.text, each.form) for each in found.candidates] == [
        ("nf-several", "Bageri several AB, with Nordisk Faktura", Form.SVEFAKTURA),
        ("nf-several-lager", "Bageri several AB (lager), with Nordisk Faktura", Form.SVEFAKTURA),
    ]
    chosen = envelope(to(Behaviour.SEVERAL), "nf-several-lager", "chosen")
    assert isinstance(await channel.deliver(chosen), Sent)


async def test_a_directory_that_is_away_is_never_a_no(channel: Operator, operator: Sandbox) -> None:
    found = await asked(channel, to(Behaviour.UNSURE))
    assert isinstance(found, ReachabilityUnknown)
    assert found.verdict.code == "operator.lookup_failed"
    assert found.retry_after == timedelta(seconds=1)
    assert not found.answered
    assert isinstance(await asked(channel, to(Behaviour.UNSURE)), Reachable)
    await operator.close()
    found = await asked(channel, to(Behaviour.ACCEPT))
    assert isinstance(found, ReachabilityUnknown)
    assert not found.answered


async def test_a_token_that_is_refused_is_ours_to_mend(drivers: Drivers) -> None:
    stranger = drivers("another")
    found = await asked(stranger, to(Behaviour.ACCEPT))
    assert isinstance(found, ReachabilityUnknown)
    assert found.verdict.code == "operator.token_refused"
    outcome = await stranger.deliver(envelope(to(Behaviour.ACCEPT), "nf-accept", "x"))
    assert isinstance(outcome, TryLater)
    assert (outcome.verdict.code, outcome.answered) == ("operator.token_refused", False)
    with pytest.raises(NotCollected):
        await collected(stranger)


GLN = replace(NOBODY, participant=Participant.parse("0088:7300010000001"))
BY_NAME = Query(name="Bageri Ägget AB")
ONE = Found("nf-1", "Bageri ägget ab", "NF", ("bis3",))


async def test_who_has_no_number_is_found_by_gln(channel: Operator, operator: Sandbox) -> None:
    operator.enter(Query(gln="7300010000001"), ONE)
    found = await asked(channel, GLN)
    assert isinstance(found, Reachable)
    assert found.address == "nf-1"
    both = replace(GLN, organisation_number=MAGIC[Behaviour.NOT_FOUND])
    assert isinstance(await asked(channel, both), Reachable), "the number first, then the GLN"


async def test_a_company_of_which_only_the_name_is_known_is_found_by_just_that(
    channel: Operator, operator: Sandbox
) -> None:
    operator.enter(BY_NAME, ONE)
    named = replace(NOBODY, name=" Bageri Ägget AB ")
    assert isinstance(await asked(channel, named), Reachable)
    consumer = await asked(channel, replace(named, consumer=True))
    assert isinstance(consumer, NotReachable), "nobody is looked up by a person's name"


async def test_another_name_is_not_taken_for_it_and_of_two_a_person_chooses(
    channel: Operator, operator: Sandbox
) -> None:
    named = replace(NOBODY, name="Bageri Ägget AB")
    operator.enter(BY_NAME, replace(ONE, name="Bageri Ägget i Lund AB"))
    found = await asked(channel, named)
    assert isinstance(found, NotReachable)
    assert found.verdict.code == "operator.not_found"
    operator.enter(BY_NAME, replace(ONE, address="nf-2"))
    assert isinstance(await asked(channel, named), Several)


async def test_a_personal_number_in_an_address_is_not_taken(
    channel: Operator, operator: Sandbox
) -> None:
    trader = "1212121212"
    operator.enter(Query(organisation_number=trader), replace(ONE, address=f"se-{trader}"))
    found = await asked(channel, replace(NOBODY, organisation_number=trader))
    assert isinstance(found, ReachabilityUnknown)
    assert trader not in repr(found.verdict)


# --- reports ----------------------------------------------------------------------------------


async def test_what_became_of_a_document_is_told(
    channel: Operator, operator: Sandbox, clock: MovableClock
) -> None:
    accepted = await addressed(channel, Behaviour.ACCEPT)
    rejected = await addressed(channel, Behaviour.REJECT)
    for given in (accepted, rejected):
        outcome = await channel.deliver(given)
        assert isinstance(outcome, Sent)
        assert (outcome.expects, outcome.until) == ("report", NOW + timedelta(days=30))
    assert await collected(channel) == []
    clock.move(timedelta(seconds=1))
    for item in await collected(channel):
        assert isinstance(item, Report)
        assert isinstance(item.outcome, Sent)
        assert item.outcome.verdict.code == "operator.forwarded"
    clock.move(timedelta(seconds=1))
    told = {item.key: item.outcome for item in await collected(channel) if isinstance(item, Report)}
    assert isinstance(told[accepted.key], Delivered)
    refused = told[rejected.key]
    assert isinstance(refused, Refused)
    assert refused.verdict.code == "operator.rejected"
    assert "The agreement has ended." in refused.verdict.text
    assert "does not know the recipient" in refused.verdict.public_text
    assert await collected(channel) == []


async def test_a_state_that_is_new_is_told_as_it_is(channel: Operator, operator: Sandbox) -> None:
    given = await addressed(channel, Behaviour.ACCEPT)
    await channel.deliver(given)
    operator.report(given.key, "parked", reason="A strike.")  # type: ignore[arg-type]
    (item,) = await collected(channel)
    assert isinstance(item, Report)
    assert isinstance(item.outcome, Sent)
    assert item.outcome.verdict.code == "operator.reported"
    assert "parked" in item.outcome.verdict.text


async def test_a_restart_goes_on_where_the_reports_were_read(
    drivers: Drivers, operator: Sandbox
) -> None:
    first = drivers()
    given = await addressed(first, Behaviour.ACCEPT)
    await first.deliver(given)
    operator.report(given.key, State.FORWARDED)
    told = first.collect()
    (report,) = [await anext(told)]
    await told.aclose()  # type: ignore[attr-defined]
    assert await collected(drivers()) == [report], "it was told, and nobody had taken it"
    assert await collected(drivers()) == []


async def test_many_reports_come_page_by_page(channel: Operator, operator: Sandbox) -> None:
    given = await addressed(channel, Behaviour.ACCEPT)
    await channel.deliver(given)
    for _ in range(250):
        operator.report(given.key, State.FORWARDED)
    assert len({item.id for item in await collected(channel)}) == 250


async def test_reports_that_can_not_be_read_keep_no_document_waiting(
    channel: Operator, operator: Sandbox
) -> None:
    operator.report_raw({"id": "R-1"})
    id_ = operator.send(ARRIVED)
    items = channel.collect()
    assert (await anext(items)).id == id_
    with pytest.raises(NotCollected) as told:
        await anext(items)
    assert told.value.verdict.code == "operator.feeds_unavailable"
    assert operator.settled(id_) == {"taken": True, "reason": ""}


# --- documents for us -------------------------------------------------------------------------


async def test_a_document_comes_with_its_files_and_is_settled_once_it_was_taken(
    channel: Operator, operator: Sandbox, store: SqliteStore
) -> None:
    id_ = operator.send(ARRIVED)
    inbox = OperatorInbox(store, MovableClock(NOW))
    async for item in channel.collect():
        assert isinstance(item, Inbound)
        assert (item.recipient, item.sender) == (US, ARRIVED.sender)
        assert (item.document, item.attachments) == (ARRIVED.document, ARRIVED.attachments)
        assert operator.settled(id_) is None, "not before it was taken"
        assert await inbox.take(item)
    assert operator.settled(id_) == {"taken": True, "reason": ""}
    (document,) = await store.inbox(HERE.id, None, 10)
    names = [(part.role, part.name) for part in await store.parts(HERE.id, document.id)]
    assert ("document", "invoice.xml") in names
    assert ("attachment", "tid.pdf") in names
    assert ("evidence", "message") in names


async def test_what_was_not_taken_comes_again_and_lies_in_the_inbox_once(
    drivers: Drivers, operator: Sandbox, store: SqliteStore
) -> None:
    operator.send(ARRIVED)
    inbox = OperatorInbox(store, MovableClock(NOW))
    items = drivers().collect()
    killed = await anext(items)
    assert isinstance(killed, Inbound)
    assert await inbox.take(killed)
    await items.aclose()  # type: ignore[attr-defined]
    (again,) = await collected(drivers())
    assert isinstance(again, Inbound)
    assert await inbox.take(again)
    assert len(await store.inbox(HERE.id, None, 10)) == 1
    assert await collected(drivers()) == []


async def test_a_restart_goes_on_where_the_inbox_was_read_to(
    drivers: Drivers, operator: Sandbox
) -> None:
    for _ in range(120):
        operator.send(ARRIVED)
    assert len(await collected(drivers())) == 120
    operator.send(ARRIVED)
    assert [item.id for item in await collected(drivers())] == ["A-000121"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nonsense", "It can not be read: not JSON"),
        (b'{"recipient": "0007:5590000013"}', "It can not be read"),
    ],
)
async def test_what_can_not_be_read_is_given_back_and_keeps_nothing_waiting(
    channel: Operator, operator: Sandbox, content: bytes, reason: str
) -> None:
    bad, good = operator.send_raw(content), operator.send(ARRIVED)
    assert [item.id for item in await collected(channel)] == [good]
    said = operator.settled(bad)
    assert said is not None
    assert not said["taken"]
    assert said["reason"].startswith(reason)


async def test_what_is_for_nobody_here_is_given_back(channel: Operator, operator: Sandbox) -> None:
    stray = replace(ARRIVED, recipient=Participant.parse("0007:5592034846"))
    id_ = operator.send(stray)
    assert await collected(channel) == []
    assert operator.settled(id_) == {
        "taken": False,
        "reason": "The recipient is not one of our companies.",
    }


async def test_while_nobody_can_be_asked_whose_it_is_it_stays_with_the_operator(
    operator: Sandbox, store: SqliteStore, clock: MovableClock
) -> None:
    class Away(OperatorInbox):
        async def serves(self, recipient: Participant) -> bool:
            raise NotKept("the disk is full")

    id_ = operator.send(ARRIVED)
    channel = Operator(
        OperatorSettings(operator.url, operator.token),
        StoredRegister(store, clock, "operator"),
        Away(store, clock),
        now=clock.now,
    )
    with pytest.raises(NotCollected) as told:
        await collected(channel)
    await channel.close()
    assert told.value.verdict.code == "operator.feeds_unavailable"
    assert operator.settled(id_) is None


# --- handing over -----------------------------------------------------------------------------


async def test_other_bytes_under_the_same_key_are_a_conflict(
    channel: Operator, operator: Sandbox
) -> None:
    given = await addressed(channel, Behaviour.ACCEPT)
    await channel.deliver(given)
    outcome = await channel.deliver(replace(given, attachments=()))
    assert isinstance(outcome, Unknown)
    assert outcome.verdict.code == "operator.conflict"
    assert len(operator.documents) == 1


async def test_a_closed_operator_asks_for_patience(channel: Operator, operator: Sandbox) -> None:
    given = await addressed(channel, Behaviour.ACCEPT)
    operator.available = False
    outcome = await channel.deliver(given)
    assert isinstance(outcome, TryLater)
    assert (outcome.verdict.code, outcome.after) == ("operator.busy", timedelta(seconds=60))


async def test_the_page_of_what_was_received_shows_no_number(
    channel: Operator, operator: Sandbox
) -> None:
    await channel.deliver(await addressed(channel, Behaviour.ACCEPT))
    (row,) = operator.received()
    assert row["to"] == "...cept"
    assert (row["number"], row["format"], row["state"]) == ("1001", "svefaktura", "taken")
