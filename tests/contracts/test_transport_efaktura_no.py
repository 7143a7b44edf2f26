"""What the eFaktura channel keeps beyond the contract: questions, numbers, reports, agreements."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from gateway.clock import MovableClock
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from tests.contracts.case import NOW, envelope, pdf
from tests.contracts.channel_efaktura_no import (
    CONSUMER,
    ISSUER,
    SENDER,
    TERMS,
    agreed,
    norwegian,
)
from transports.base import (
    AGREEMENT,
    Agreeing,
    Contracted,
    Delivered,
    Entry,
    Envelope,
    File,
    Inquiry,
    Link,
    Linker,
    Merged,
    NotCollected,
    NotReachable,
    Paid,
    Reachability,
    ReachabilityUnknown,
    Reachable,
    Recalled,
    Recipient,
    Refused,
    Register,
    Report,
    Sent,
    Several,
    TryLater,
    Unknown,
    Verdict,
    Waiting,
)
from transports.efaktura_no.driver import Efaktura, EfakturaSettings
from transports.efaktura_no.invoice import consignments
from transports.efaktura_no.sandbox import (
    MAGIC,
    PEOPLE,
    SEVERAL,
    SIGNERS,
    Behaviour,
    Person,
    Sandbox,
)
from transports.efaktura_no.wire import invoices, issuers, soap
from transports.efaktura_no.wire.consumers import Acceptance
from transports.efaktura_no.wire.invoices import InvoiceState, InvoiceStatus
from transports.efaktura_no.wire.issuers import IssuerState, IssuerStatus
from transports.efaktura_no.wire.operations import Operation, Service, message_of
from transports.efaktura_no.wire.soap import Part

PERSON = "01032300371"
HALF_AN_HOUR = timedelta(minutes=30)
DAY = timedelta(days=1)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
async def register(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Register]:
    store = await SqliteStore.open(tmp_path)
    yield StoredRegister(store, clock, "efaktura_no")
    await store.close()


@pytest.fixture
async def mps(clock: MovableClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(now=clock.now) as mps:
        yield mps


@pytest.fixture
async def unsigned(
    mps: Sandbox, clock: MovableClock, register: Register
) -> AsyncIterator[Efaktura]:
    """A channel whose sender has no agreement."""
    channel = Efaktura(EfakturaSettings(mps.url), register, now=clock.now)
    yield channel
    await channel.close()


@pytest.fixture
async def channel(unsigned: Efaktura, mps: Sandbox) -> Efaktura:
    await agreed(unsigned, mps)
    return unsigned


def to(identifier: str, name: str = "", **more: Any) -> Envelope:
    recipient = replace(CONSUMER, efaktura_id=identifier)
    given = norwegian(envelope(recipient, identifier, name or identifier))
    return replace(given, terms=TERMS, attachments=(), **more)


def invoice(behaviour: Behaviour = Behaviour.ACCEPT, name: str = "", **more: Any) -> Envelope:
    return to(MAGIC[behaviour], name, **more)


def known_by(**fields: Any) -> Recipient:
    """A consumer of whom nothing else is known."""
    return replace(Recipient("Kari Nordmann", "NO", consumer=True), **fields)


async def asked(
    channel: Efaktura, recipient: Recipient, question: str | None = None, **more: Any
) -> Reachability:
    sample = replace(invoice(), **more)
    inquiry = Inquiry(sample.sender, recipient, sample.summary, question, sample.terms)
    return await channel.resolve(inquiry)


async def collected(channel: Efaktura) -> list[Report]:
    found = [item async for item in channel.collect()]
    assert all(isinstance(item, Report) for item in found)
    return [item for item in found if isinstance(item, Report)]


def code(answer: Any) -> str:
    return answer.verdict.code.removeprefix("efaktura_no.")


def test_it_has_terms_agreements_and_links(unsigned: Efaktura) -> None:
    assert isinstance(unsigned, Contracted)
    assert isinstance(unsigned, Agreeing)
    assert isinstance(unsigned, Linker)


def test_every_magic_recipient_is_told() -> None:
    page = Path("docs/reference/channels/efaktura_no.md")
    told = (Path(__file__).parents[2] / page).read_text("utf-8")
    for person in PEOPLE:
        assert f"`{person.identifier}`" in told or person.email == SEVERAL
    for word in (SEVERAL, *(f"{local}@" for local in SIGNERS)):
        assert f"`{word}`" in told


# --- questions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "question", "answer"),
    [
        ("sandbox-agreement", "agreement", "agreement"),
        ("sandbox-agreement", "yes_to_all", "agreement"),
        ("sandbox-accept", "agreement", "no_consumer_agreement"),
        ("sandbox-accept", "yes_to_all", "yes_to_all"),
        ("sandbox-accept", None, "yes_to_all"),
        ("sandbox-none", "agreement", "no_consumer_agreement"),
        ("sandbox-none", "yes_to_all", "no_consent"),
        ("sandbox-none", "ask", "can_be_asked"),
        ("sandbox-accept", "ask", "takes_it_already"),
        ("sandbox-blocked", "agreement", "blocked"),
        ("sandbox-blocked", "ask", "blocked"),
        ("nobody-at-all", "ask", "not_found"),
    ],
)
async def test_each_question_has_its_answer(
    channel: Efaktura, who: str, question: str, answer: str
) -> None:
    found = await asked(channel, known_by(efaktura_id=who), question)
    assert code(found) == answer
    if isinstance(found, Reachable):
        assert found.address == who


@pytest.mark.parametrize(
    "fields",
    [
        {"personal_number": "15108695088"},
        {"phone": "+47 979 99 999"},
        {"email": "kari@post.example"},
        {"postal_address": CONSUMER.postal_address},
    ],
)
async def test_a_consumer_is_found_by_what_is_known(
    channel: Efaktura, mps: Sandbox, fields: dict[str, Any]
) -> None:
    mps.enrol(
        Person(
            "4711",
            personal_number="15108695088",
            phone="+4797999999",
            email="kari@post.example",
            name="Kari Nordmann",
            street="Storgata 2",
            post_code="0184",
            city="Oslo",
        )
    )
    found = await asked(channel, known_by(**fields), "yes_to_all")
    assert isinstance(found, Reachable)
    assert found.address == "4711"


async def test_who_has_a_number_is_looked_for_by_it_alone(channel: Efaktura, mps: Sandbox) -> None:
    mps.enrol(Person("4711", email="kari@post.example"))
    found = await asked(
        channel, known_by(personal_number="15108695088", email="kari@post.example"), "yes_to_all"
    )
    assert isinstance(found, NotReachable), "somebody else with the same address"
    assert code(found) == "not_found"


async def test_weaker_marks_are_tried_one_after_the_other(channel: Efaktura, mps: Sandbox) -> None:
    mps.enrol(Person("4711", email="kari@post.example"))
    found = await asked(
        channel, known_by(phone="+4797999999", email="kari@post.example"), "yes_to_all"
    )
    assert isinstance(found, Reachable)


async def test_several_are_for_a_person_to_choose_from(channel: Efaktura) -> None:
    found = await asked(channel, known_by(email=SEVERAL), "yes_to_all")
    assert isinstance(found, Several)
    assert [(each.address, each.text) for each in found.candidates] == [
        ("sandbox-several-1", "Ola Nordmann, OSLO: has said yes to everybody"),
        ("sandbox-several-2", "Ola Nordmann, BERGEN: has said yes to everybody"),
    ]
    assert code(await asked(channel, known_by(email=SEVERAL), "agreement")) == (
        "no_consumer_agreement"
    )
    outcome = await channel.deliver(to("sandbox-several-2"))
    assert isinstance(outcome, Sent), "the one chosen"


async def test_a_personal_number_is_in_the_request_and_nowhere_else(
    channel: Efaktura, mps: Sandbox
) -> None:
    found = await asked(channel, known_by(personal_number=PERSON), "agreement")
    assert isinstance(found, Reachable)
    assert PERSON not in f"{found.address} {found.verdict}"
    (request,) = [item.content for item in found.evidence if item.kind == "question"]
    assert PERSON.encode() in request
    outcome = await channel.deliver(to(found.address))
    assert isinstance(outcome, Sent)
    assert PERSON.encode() not in b"".join(item.content for item in outcome.evidence)
    assert PERSON not in str(mps.received())


async def test_an_identifier_that_is_a_personal_number_is_not_believed(
    channel: Efaktura, mps: Sandbox
) -> None:
    mps.enrol(Person(PERSON, email="kari@post.example"))
    found = await asked(channel, known_by(email="kari@post.example"), "yes_to_all")
    assert isinstance(found, ReachabilityUnknown)
    assert code(found) == "not_understood"
    assert PERSON not in str(found.verdict)


@pytest.mark.parametrize(
    ("change", "answer"),
    [
        ({"summary": {"currency": "EUR"}}, "not_in_kroner"),
        ({"summary": {"due_date": None}}, "no_due_date"),
        ({"summary": {"payment_reference": "100011001234"}}, "wrong_kid"),
        ({"summary": {"payment_reference": None}}, "wrong_kid"),
        ({"summary": {"number": "9" * 101}}, "number_too_long"),
        ({"sender": {"organisation_number": None}}, "no_organisation_number"),
        ({"terms": {}}, "no_terms"),
        ({"terms": {**TERMS, "account": "15038366384"}}, "bad_terms"),
        ({"terms": {**TERMS, "account": "86011117947"}}, "other_account"),
    ],
)
async def test_what_can_not_go_is_told_before_anybody_is_asked(
    channel: Efaktura, mps: Sandbox, change: dict[str, Any], answer: str
) -> None:
    sample = invoice()
    changed = {
        name: value if name == "terms" else replace(getattr(sample, name), **value)
        for name, value in change.items()
    }
    before = len(mps.heard)
    found = await asked(channel, CONSUMER, **changed)
    assert isinstance(found, NotReachable)
    assert code(found) == answer
    assert len(mps.heard) == before


async def test_all_that_is_wrong_is_told_at_once(channel: Efaktura) -> None:
    summary = replace(invoice().summary, currency="EUR", payment_reference="12345")
    found = await asked(channel, CONSUMER, summary=summary)
    assert code(found) == "not_in_kroner"
    for words in ("BT-5", "The KID has 5 characters; this account takes 12", "it has to be"):
        assert words in found.verdict.public_text


async def test_a_service_that_is_away_says_nothing_of_the_recipient(
    channel: Efaktura, mps: Sandbox
) -> None:
    mps.available = False
    found = await asked(channel, CONSUMER, "yes_to_all")
    assert isinstance(found, ReachabilityUnknown)
    assert code(found) == "busy"
    assert found.retry_after == timedelta(seconds=60)
    assert not found.answered
    await mps.close()
    assert code(await asked(channel, CONSUMER, "yes_to_all")) == "unreachable"


# --- asking the consumer ------------------------------------------------------------------------


async def test_a_consumer_is_asked_once_and_may_say_yes(
    channel: Efaktura, mps: Sandbox, clock: MovableClock
) -> None:
    question = to("sandbox-asked", question="ask")
    for _ in range(2):
        outcome = await channel.deliver(question)
        assert isinstance(outcome, Waiting)
        assert code(outcome) == "asked"
        assert outcome.until == NOW + timedelta(days=3)
    assert list(mps.consumers.questions) == [str(question.key)]
    clock.move(timedelta(days=3))
    found = await asked(channel, known_by(efaktura_id="sandbox-asked"), "agreement")
    assert isinstance(found, Reachable)


async def test_who_never_answers_is_not_reached_afterwards(
    channel: Efaktura, clock: MovableClock
) -> None:
    outcome = await channel.deliver(to("sandbox-none", question="ask"))
    assert isinstance(outcome, Waiting)
    clock.move(timedelta(days=3))
    found = await asked(channel, known_by(efaktura_id="sandbox-none"), "yes_to_all")
    assert isinstance(found, NotReachable)


@pytest.mark.parametrize(
    ("who", "kind", "answer"),
    [
        ("sandbox-blocked", Refused, "blocked"),
        ("sandbox-accept", Waiting, "takes_it_now"),
        ("nobody-at-all", Refused, "no_recipient"),
    ],
)
async def test_asking_tells_what_it_found(
    channel: Efaktura, who: str, kind: type, answer: str
) -> None:
    outcome = await channel.deliver(to(who, question="ask"))
    assert isinstance(outcome, kind)
    assert code(outcome) == answer


async def test_a_question_that_nobody_took_is_put_later(channel: Efaktura, mps: Sandbox) -> None:
    mps.available = False
    outcome = await channel.deliver(to("sandbox-none", question="ask"))
    assert isinstance(outcome, TryLater)
    assert mps.consumers.questions == {}


# --- handing over -------------------------------------------------------------------------------


async def test_mps_has_it_as_it_was_given(channel: Efaktura, mps: Sandbox) -> None:
    given = invoice()
    outcome = await channel.deliver(given)
    assert isinstance(outcome, Sent)
    assert code(outcome) == "sent"
    assert outcome.reference == consignments(given.key)[0]
    assert outcome.expects == "report"
    assert outcome.until is not None
    assert given.summary.due_date is not None
    assert outcome.until.date() == given.summary.due_date + timedelta(days=30)
    (kept,) = mps.behind(given.key)
    assert kept.invoice.number == "1001"
    assert kept.invoice.kid == "100011001235"
    assert str(kept.invoice.amount) == "1249.50"
    assert kept.invoice.document_type == "INVOICE"


@pytest.mark.parametrize(
    ("fields", "kind"), [({"credit_note": True}, "CREDIT_NOTE"), ({"reminder": True}, "REMINDER")]
)
async def test_mps_is_told_what_kind_it_is(
    channel: Efaktura, mps: Sandbox, fields: dict[str, Any], kind: str
) -> None:
    given = invoice()
    given = replace(given, summary=replace(given.summary, **fields))
    assert isinstance(await channel.deliver(given), Sent)
    assert mps.behind(given.key)[0].invoice.document_type == kind


async def test_a_repeat_is_known_by_its_consignment(channel: Efaktura, mps: Sandbox) -> None:
    given = invoice(Behaviour.DROP)
    assert isinstance(await channel.deliver(given), Unknown)
    outcome = await channel.deliver(replace(given, repeated=True))
    assert isinstance(outcome, Sent)
    (kept,) = mps.behind(given.key)
    assert len(kept.came) == 2


async def test_another_s_number_is_passed_over(
    channel: Efaktura, mps: Sandbox, clock: MovableClock
) -> None:
    given = invoice()
    first, second, _ = consignments(given.key)
    mps.invoices.occupied.add(first)
    for _ in range(2):
        outcome = await channel.deliver(given)
        assert isinstance(outcome, Sent)
        assert outcome.reference == second
    assert len(mps.behind(given.key)) == 1
    clock.move(timedelta(minutes=15))
    (report,) = await collected(channel)
    assert report.key == given.key, "it is followed under the number that it has"


async def test_numbers_that_are_all_another_s_are_told(channel: Efaktura, mps: Sandbox) -> None:
    given = invoice()
    mps.invoices.occupied.update(consignments(given.key))
    outcome = await channel.deliver(given)
    assert isinstance(outcome, Refused)
    assert code(outcome) == "no_free_number"


async def test_nothing_is_sent_again_while_mps_does_not_say_what_it_has(
    channel: Efaktura, mps: Sandbox
) -> None:
    given = invoice(Behaviour.DROP)
    first = consignments(given.key)[0]
    mps.invoices.in_progress.add(first)
    await channel.deliver(given)
    outcome = await channel.deliver(replace(given, repeated=True))
    assert isinstance(outcome, Unknown)
    assert code(outcome) == "outcome_unknown"
    mps.invoices.in_progress.clear()
    assert isinstance(await channel.deliver(replace(given, repeated=True)), Sent)
    assert len(mps.behind(given.key)) == 1


async def test_a_repeat_that_is_refused_may_have_been_taken(
    channel: Efaktura, mps: Sandbox
) -> None:
    given = invoice(Behaviour.DROP)
    await channel.deliver(given)
    mps.enrol(Person(given.address, Acceptance.BLOCKED))
    outcome = await channel.deliver(replace(given, repeated=True))
    assert isinstance(outcome, Sent), "no other channel: MPS has it"
    other = invoice(Behaviour.ERROR)
    assert isinstance(await channel.deliver(other), Unknown)
    mps.enrol(Person(other.address, Acceptance.BLOCKED))
    assert isinstance(await channel.deliver(replace(other, repeated=True)), Refused)


async def test_terms_that_were_lost_do_not_send_a_repeat_elsewhere(channel: Efaktura) -> None:
    lost = replace(invoice(), terms={})
    assert isinstance(await channel.deliver(lost), Refused)
    assert isinstance(await channel.deliver(replace(lost, repeated=True)), Unknown)


async def test_terms_that_were_changed_count_for_what_has_not_gone(channel: Efaktura) -> None:
    changed = replace(invoice(), terms={**TERMS, "kid_length": 20})
    outcome = await channel.deliver(changed)
    assert isinstance(outcome, Refused)
    assert code(outcome) == "wrong_kid"
    sent = invoice(Behaviour.DROP)
    assert isinstance(await channel.deliver(sent), Unknown)
    again = replace(sent, terms=changed.terms, repeated=True)
    assert isinstance(await channel.deliver(again), Sent), "MPS has it"


async def test_an_issuer_mps_does_not_know_yet_is_tried_later(
    channel: Efaktura, mps: Sandbox
) -> None:
    mps.issuers.known[ISSUER].state = IssuerState.EMAIL_SENT
    outcome = await channel.deliver(invoice())
    assert isinstance(outcome, TryLater)
    assert code(outcome) == "issuer_not_authorised"
    assert outcome.after == HALF_AN_HOUR


async def test_what_does_not_fit_goes_as_a_link_or_not_at_all(
    mps: Sandbox, clock: MovableClock, register: Register, channel: Efaktura
) -> None:
    small = Efaktura(EfakturaSettings(mps.url, pdf_bytes=100), register, now=clock.now)
    given = invoice()
    assert small.too_large(given) == (given.image,)
    outcome = await small.deliver(given)
    assert isinstance(outcome, Refused)
    assert code(outcome) == "too_large"
    link = Link("https://gateway.example/l/abc", NOW + DAY)
    assert isinstance(await small.deliver(replace(given, link=link)), Sent)
    await small.close()
    (kept,) = mps.behind(given.key)
    assert kept.invoice.url == link.url
    assert b"<e:pdf>" not in kept.body


async def test_attachments_are_merged_or_said_to_stay_behind(
    channel: Efaktura, mps: Sandbox
) -> None:
    file = File("tid.pdf", "application/pdf", pdf())
    outcome = await channel.deliver(replace(invoice(name="left"), attachments=(file,)))
    assert code(outcome) == "sent_without_attachments"
    assert "tid.pdf" in outcome.verdict.public_text
    both = Merged(File("alt.pdf", "application/pdf", pdf(2)), pages=2)
    whole = replace(invoice(name="merged"), attachments=(file,), merged=both)
    assert code(await channel.deliver(whole)) == "sent"


async def test_invoices_may_go_to_the_service_of_mps_s_own_customers(
    mps: Sandbox, clock: MovableClock, register: Register, channel: Efaktura
) -> None:
    settings = EfakturaSettings(mps.url + "/", Service.MPS)
    other = Efaktura(settings, register, now=clock.now)
    outcome = await other.deliver(invoice())
    await other.close()
    assert isinstance(outcome, Sent)
    assert outcome.verdict.remote == f"{mps.url}/invoicing-nets-submitter/v1/"


# --- hostile answers ----------------------------------------------------------------------------

ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/">'
    "<s:Body>%s</s:Body></s:Envelope>"
)
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>' + ENVELOPE % "<x>&b;</x>"


@asynccontextmanager
async def answering(
    register: Register, clock: MovableClock, status: int, body: bytes
) -> AsyncIterator[Efaktura]:
    """A channel whose other side has one answer to everything. "ECHO" in it is the identifier of
    the message that it answers."""

    async def answer(request: web.Request) -> web.Response:
        asked = soap.read(await request.read())
        assert isinstance(asked, Part)
        headers = {"Location": "/elsewhere"} if status == 302 else {}
        said = body.replace(b"ECHO", message_of(asked).encode())
        return web.Response(status=status, body=said, headers=headers)

    app = web.Application(client_max_size=50 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    channel = Efaktura(EfakturaSettings(url), register, now=clock.now)
    try:
        yield channel
    finally:
        await channel.close()
        await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "body", "kind", "answer"),
    [
        (200, BOMB, Unknown, "outcome_unknown"),
        (200, "", Unknown, "outcome_unknown"),
        (200, ENVELOPE % "", Unknown, "outcome_unknown"),
        (200, ENVELOPE % "<addInvoicesResponse/>", Unknown, "outcome_unknown"),
        (200, "<x>" + "y" * 2_000_000, Unknown, "outcome_unknown"),
        (502, "<html>", Unknown, "outcome_unknown"),
        (302, "", TryLater, "not_understood"),
        (403, "<html>", TryLater, "not_let_in"),
        (404, "<html>", TryLater, "not_understood"),
        (429, "", TryLater, "busy"),
    ],
)
async def test_an_answer_that_is_none_is_no_yes_and_no_no(
    clock: MovableClock, register: Register, status: int, body: str, kind: type, answer: str
) -> None:
    async with answering(register, clock, status, body.encode()) as channel:
        outcome = await channel.deliver(invoice())
    assert isinstance(outcome, kind)
    assert code(outcome) == answer


OURS = consignments(invoice().key)[0]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (invoices.added("ECHO", OURS), Sent),
        (invoices.added("another", OURS), Unknown),
        (invoices.added("ECHO", "10000000000"), Unknown),
        (invoices.cancelled("ECHO", OURS), Unknown),
        (invoices.added("ECHO", OURS) + b" " * 2_000_000, Unknown),
    ],
    ids=["right", "to another message", "another number", "another answer", "without an end"],
)
async def test_only_the_answer_to_this_very_call_is_a_yes(
    clock: MovableClock, register: Register, body: bytes, kind: type
) -> None:
    async with answering(register, clock, 200, body) as channel:
        assert isinstance(await channel.deliver(invoice()), kind)


@pytest.mark.parametrize(
    ("number", "consignment", "reports"), [("1001", OURS, 1), ("1002", OURS, 0), ("1001", "1", 0)]
)
async def test_only_what_is_said_of_this_invoice_is_reported(
    clock: MovableClock, register: Register, number: str, consignment: str, reports: int
) -> None:
    status = InvoiceStatus(number, consignment, InvoiceState.DELIVERED)
    body = invoices.invoice_status("ECHO", status)
    async with answering(register, clock, 200, body) as channel:
        await channel.deliver(invoice())
        clock.move(timedelta(minutes=15))
        found: list[Report] = []
        try:
            found = await collected(channel)
        except NotCollected as error:
            assert error.verdict.code == "efaktura_no.not_understood"
        assert len(found) == reports


@pytest.mark.parametrize(("number", "end"), [(ISSUER, "active"), ("988077917", "requested")])
async def test_only_what_is_said_of_this_issuer_counts(
    clock: MovableClock, register: Register, number: str, end: str
) -> None:
    status = IssuerStatus(number, IssuerState.ACTIVE)
    body = issuers.issuer_status(Operation.CREATE_ISSUER, "ECHO", status)
    async with answering(register, clock, 200, body) as channel:
        assert (await requested(channel)).state == end


# --- reports ------------------------------------------------------------------------------------


async def test_what_became_of_invoices_is_told_once(channel: Efaktura, clock: MovableClock) -> None:
    sent = [invoice(Behaviour.ACCEPT), invoice(Behaviour.PAY), invoice(Behaviour.REJECT)]
    for each in sent:
        assert isinstance(await channel.deliver(each), Sent)
    assert await collected(channel) == [], "MPS is not asked yet"
    clock.move(timedelta(minutes=15))
    told = {(report.key, type(report.outcome)): report for report in await collected(channel)}
    assert set(told) == {
        (sent[0].key, Delivered),
        (sent[1].key, Delivered),
        (sent[1].key, Paid),
        (sent[2].key, Refused),
    }
    refused = told[sent[2].key, Refused]
    assert code(refused.outcome) == "rejected"
    assert "closed the net bank" in refused.outcome.verdict.text
    clock.move(DAY)
    assert await collected(channel) == []


async def test_a_payment_is_told_days_after_it_was_shown(
    mps: Sandbox, clock: MovableClock, register: Register, channel: Efaktura
) -> None:
    given = invoice(Behaviour.PAY)
    mps.invoices.paid_after = timedelta(days=10)
    await channel.deliver(given)
    clock.move(timedelta(minutes=15))
    assert [type(report.outcome) for report in await collected(channel)] == [Delivered]
    clock.move(timedelta(days=10))
    assert [type(report.outcome) for report in await collected(channel)] == [Paid]
    assert await register.entries(SENDER.company_id, "invoice") == []


async def test_one_whose_outcome_nobody_saw_is_asked_about(
    mps: Sandbox, clock: MovableClock, register: Register, channel: Efaktura
) -> None:
    """A gateway that was killed between the call and its outcome."""
    given = invoice(Behaviour.DROP)
    assert isinstance(await channel.deliver(given), Unknown)
    clock.move(timedelta(minutes=15))
    after_restart = Efaktura(EfakturaSettings(mps.url), register, now=clock.now)
    (report,) = await collected(after_restart)
    await after_restart.close()
    assert report.key == given.key
    assert isinstance(report.outcome, Delivered)


async def test_a_repeat_that_comes_to_nothing_does_not_end_the_following(
    channel: Efaktura, mps: Sandbox, clock: MovableClock
) -> None:
    given = invoice(Behaviour.DROP)
    assert isinstance(await channel.deliver(given), Unknown)
    mps.available = False
    assert isinstance(await channel.deliver(replace(given, repeated=True)), TryLater)
    mps.available = True
    clock.move(timedelta(minutes=15))
    (report,) = await collected(channel)
    assert report.key == given.key


async def test_what_mps_never_got_is_forgotten_in_the_end(
    channel: Efaktura, clock: MovableClock, register: Register
) -> None:
    await channel.deliver(invoice(Behaviour.REFUSE))
    assert await register.entries(SENDER.company_id, "invoice") == [], "at once, when it says so"
    await channel.deliver(invoice(Behaviour.ERROR))
    for days in (1, 100):
        (entry,) = await register.entries(SENDER.company_id, "invoice")
        clock.move(timedelta(days=days))
        assert await collected(channel) == []
    assert await register.entries(SENDER.company_id, "invoice") == []
    assert entry.due_at is not None


async def test_a_report_that_was_not_taken_comes_again(
    mps: Sandbox, clock: MovableClock, register: Register, channel: Efaktura
) -> None:
    await channel.deliver(invoice())
    clock.move(timedelta(minutes=15))
    async with aclosing(channel.collect()) as reports:  # type: ignore[type-var]
        first = await anext(reports)  # the gateway is killed here
    clock.move(timedelta(minutes=5))
    (again,) = await collected(channel)
    assert again.id == first.id


async def test_two_workers_do_not_ask_about_the_same(
    mps: Sandbox, clock: MovableClock, register: Register, channel: Efaktura
) -> None:
    for n in range(20):
        await channel.deliver(invoice(name=str(n)))
    clock.move(timedelta(minutes=15))
    other = Efaktura(EfakturaSettings(mps.url), register, now=clock.now)
    before = len(mps.heard)
    both = await asyncio.gather(collected(channel), collected(other))
    await other.close()
    ids = [report.id for reports in both for report in reports]
    assert len(ids) == len(set(ids)) == 20
    assert len(mps.heard) == before + 20


async def test_reports_that_can_not_be_read_are_asked_for_again(
    channel: Efaktura, mps: Sandbox, clock: MovableClock
) -> None:
    await channel.deliver(invoice())
    clock.move(timedelta(minutes=15))
    mps.available = False
    with pytest.raises(NotCollected) as raised:
        await collected(channel)
    assert raised.value.verdict.code == "efaktura_no.busy"
    mps.available = True
    clock.move(timedelta(minutes=5))
    assert len(await collected(channel)) == 1


async def test_an_invoice_is_taken_back_until_it_is_paid(
    channel: Efaktura, clock: MovableClock
) -> None:
    kept, paid = invoice(), invoice(Behaviour.PAY)
    for each in (kept, paid):
        await channel.deliver(each)
    company = SENDER.company_id
    for said in ("taken_back", "cancelled_before"):
        done = await channel.recall(company, kept.key)
        assert isinstance(done, Recalled)
        assert code(done) == said
    clock.move(timedelta(minutes=15))
    told = {report.key: report.outcome for report in await collected(channel)}
    assert isinstance(told[kept.key], Recalled)
    assert code(told[kept.key]) == "cancelled"
    for whose, key, said in (
        (company, paid.key, "no_invoice"),  # nothing is asked about any more
        ("cmp_other", paid.key, "no_invoice"),
        (company, UUID(int=7), "no_invoice"),
    ):
        no = await channel.recall(whose, key)
        assert isinstance(no, Refused)
        assert code(no) == said


async def test_a_paid_invoice_is_not_taken_back(channel: Efaktura, clock: MovableClock) -> None:
    paid = invoice(Behaviour.PAY)
    await channel.deliver(paid)
    clock.move(timedelta(seconds=10))
    no = await channel.recall(SENDER.company_id, paid.key)
    assert isinstance(no, Refused)
    assert code(no) == "paid_before"


async def test_while_mps_is_away_it_is_asked_again(channel: Efaktura, mps: Sandbox) -> None:
    given = invoice()
    await channel.deliver(given)
    mps.available = False
    later = await channel.recall(SENDER.company_id, given.key)
    assert isinstance(later, TryLater)
    assert not later.answered
    mps.available = True
    assert isinstance(await channel.recall(SENDER.company_id, given.key), Recalled)


# --- agreements ---------------------------------------------------------------------------------


async def requested(channel: Efaktura, **changes: Any) -> Entry:
    entry = await channel.request(SENDER, {**TERMS, **changes})
    assert isinstance(entry, Entry), entry
    return entry


async def state(register: Register) -> str:
    entry = await register.get(SENDER.company_id, AGREEMENT, ISSUER)
    assert entry is not None
    return entry.state


async def test_an_agreement_is_signed_by_the_link_and_seen_by_a_poll(
    unsigned: Efaktura, mps: Sandbox, clock: MovableClock, register: Register
) -> None:
    entry = await requested(unsigned)
    assert entry.state == "email_sent"
    assert entry.data["text"].startswith("OK: e-mail sent to kari@havbris.example.")
    assert entry.due_at == NOW + HALF_AN_HOUR
    async with aiohttp.ClientSession() as signer, signer.get(mps.link(ISSUER)) as page:
        assert page.status == 200
    assert await state(register) == "email_sent", "nobody has asked yet"
    clock.move(HALF_AN_HOUR)
    await collected(unsigned)
    assert await state(register) == "active"
    clock.move(HALF_AN_HOUR)
    await collected(unsigned)
    assert mps.issuers.known[ISSUER].rule == "KID[1-5]"


async def test_it_is_looked_at_every_half_hour_and_no_oftener(
    unsigned: Efaktura, mps: Sandbox, clock: MovableClock
) -> None:
    await requested(unsigned, signer_email="never@havbris.example")
    before = len(mps.heard)
    for _ in range(10):
        await collected(unsigned)
    assert len(mps.heard) == before
    clock.move(HALF_AN_HOUR)
    for _ in range(10):
        await collected(unsigned)
    assert len(mps.heard) == before + 1


@pytest.mark.parametrize(
    ("signer", "end"),
    [
        ("kari", "active"),
        ("decline", "declined"),
        ("expire", "expired"),
        ("elsewhere", "elsewhere"),
    ],
)
async def test_the_signer_decides(
    unsigned: Efaktura, clock: MovableClock, register: Register, signer: str, end: str
) -> None:
    await requested(unsigned, signer_email=f"{signer}@havbris.example")
    for _ in range(2):
        clock.move(HALF_AN_HOUR)
        await collected(unsigned)
    assert await state(register) == end


async def test_a_document_waits_for_the_agreement_and_then_goes(
    unsigned: Efaktura, clock: MovableClock
) -> None:
    assert code(await asked(unsigned, CONSUMER, "yes_to_all")) == "no_agreement"
    await requested(unsigned)
    found = await asked(unsigned, CONSUMER, "yes_to_all")
    assert isinstance(found, ReachabilityUnknown)
    assert code(found) == "agreement_pending"
    assert found.answered, "the channel is not in trouble"
    assert found.retry_after == HALF_AN_HOUR
    assert "e-mail sent to" in found.verdict.public_text
    for _ in range(2):
        clock.move(HALF_AN_HOUR)
        await collected(unsigned)
    assert isinstance(await asked(unsigned, CONSUMER, "yes_to_all"), Reachable)


async def test_an_agreement_that_is_late_says_so(
    unsigned: Efaktura, clock: MovableClock, register: Register
) -> None:
    await requested(unsigned, signer_email="never@havbris.example")
    clock.move(timedelta(hours=25))
    await collected(unsigned)
    found = await asked(unsigned, CONSUMER)
    assert "should have become active within 24 hours" in found.verdict.public_text
    clock.move(timedelta(days=30))
    await collected(unsigned)
    assert await state(register) == "expired"
    assert code(await asked(unsigned, CONSUMER)) == "agreement_over"


async def test_a_request_is_in_the_register_before_mps_hears_of_it(
    unsigned: Efaktura, mps: Sandbox, clock: MovableClock, register: Register
) -> None:
    mps.available = False
    entry = await requested(unsigned)
    assert entry.state == "requested"
    mps.available = True
    clock.move(HALF_AN_HOUR)
    await collected(unsigned)
    assert await state(register) == "email_sent"
    assert mps.issuers.known[ISSUER].emails == 1


async def test_the_same_request_again_asks_nobody_again(unsigned: Efaktura, mps: Sandbox) -> None:
    await requested(unsigned)
    before = len(mps.heard)
    assert (await requested(unsigned)).state == "email_sent"
    assert len(mps.heard) == before
    await requested(unsigned, signer_email="ola@havbris.example")
    assert mps.issuers.known[ISSUER].emails == 2
    assert mps.issuers.known[ISSUER].issuer.signer_email == "ola@havbris.example"


async def test_two_companies_can_not_have_the_same_number(channel: Efaktura, mps: Sandbox) -> None:
    other = replace(SENDER, company_id="cmp_other")
    answer = await channel.request(other, TERMS)
    assert isinstance(answer, Verdict)
    assert answer.code == "efaktura_no.held_here"
    assert isinstance(await channel.end("cmp_other", ISSUER), Verdict)
    entry = await channel.end(SENDER.company_id, ISSUER)
    assert isinstance(entry, Entry)
    assert entry.state == "disabled"
    taken_over = await channel.request(other, TERMS)
    assert isinstance(taken_over, Entry)


async def test_only_an_active_agreement_can_be_ended(unsigned: Efaktura, mps: Sandbox) -> None:
    answer = await unsigned.end(SENDER.company_id, ISSUER)
    assert isinstance(answer, Verdict)
    assert answer.code == "efaktura_no.no_agreement"
    await requested(unsigned)
    answer = await unsigned.end(SENDER.company_id, ISSUER)
    assert isinstance(answer, Verdict)
    assert answer.code == "efaktura_no.not_active"
    assert mps.issuers.known[ISSUER].state is IssuerState.EMAIL_SENT


async def test_an_agreement_that_was_taken_away_is_noticed(
    channel: Efaktura, mps: Sandbox, clock: MovableClock, register: Register
) -> None:
    clock.move(HALF_AN_HOUR)  # the KID's rule
    await collected(channel)
    mps.issuers.known[ISSUER].state = IssuerState.ELSEWHERE
    clock.move(DAY)
    await collected(channel)
    assert await state(register) == "disabled"
    found = await asked(channel, CONSUMER)
    assert isinstance(found, NotReachable)
    assert "Another provider may hold it now" in found.verdict.public_text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"signer_name": None, "signer_email": None}, ("signer_name", "signer_email")),
        ({"signer_email": "kari"}, ("signer_email",)),
        (
            {"account": "1", "kid_length": 99, "reference_position": "x"},
            ("account", "kid_length", "reference_position"),
        ),
    ],
)
async def test_all_that_a_request_lacks_is_told_at_once(
    unsigned: Efaktura, mps: Sandbox, changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    answer = await unsigned.request(SENDER, {**TERMS, **changes})
    assert isinstance(answer, Verdict)
    assert answer.code == "efaktura_no.bad_terms"
    for word in words:
        assert f"`{word}`" in answer.public_text
    assert mps.heard == []


async def test_what_mps_refuses_of_a_request_is_told(
    unsigned: Efaktura, register: Register, mps: Sandbox
) -> None:
    mps.issuers.barred.add(ISSUER)
    answer = await unsigned.request(SENDER, TERMS)
    assert isinstance(answer, Verdict)
    assert answer.code == "efaktura_no.issuer_not_authorised"
    assert await state(register) == "declined"
    mps.issuers.barred.clear()
    assert (await requested(unsigned)).state == "email_sent"


async def test_a_provider_that_is_shut_out_loses_no_agreement(
    channel: Efaktura, mps: Sandbox, clock: MovableClock, register: Register
) -> None:
    mps.issuers.shut_out = True
    for _ in range(3):
        clock.move(DAY)
        await collected(channel)
    assert await state(register) == "active"
    answer = await channel.end(SENDER.company_id, ISSUER)
    assert isinstance(answer, Verdict)
    assert answer.code == "efaktura_no.provider_not_authorised"
    other = replace(SENDER, organisation_number="988077917")
    entry = await channel.request(other, TERMS)
    assert isinstance(entry, Entry)
    assert entry.state == "requested"
    assert "does not accept this gateway" in entry.data["text"]
    mps.issuers.shut_out = False
    clock.move(HALF_AN_HOUR)
    await collected(channel)
    entry = await register.get(SENDER.company_id, AGREEMENT, "988077917")
    assert entry is not None
    assert entry.state == "email_sent"
    assert entry.data["text"].startswith("OK: e-mail sent to")


async def test_a_service_that_is_away_is_asked_about_one_agreement_and_no_more(
    unsigned: Efaktura, mps: Sandbox, clock: MovableClock
) -> None:
    mps.available = False
    for number in ("918130047", "988077917", "948100010"):
        await unsigned.request(replace(SENDER, organisation_number=number), TERMS)
    clock.move(HALF_AN_HOUR)
    before = len(mps.heard)
    with pytest.raises(NotCollected):
        await collected(unsigned)
    assert len(mps.heard) == before + 1
