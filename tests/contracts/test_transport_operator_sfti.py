"""What SFTI's profile keeps beyond the contract: its messages, and those that come to us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from gateway.channels.operator import OperatorInbox
from gateway.clock import MovableClock
from gateway.store.port import Role
from gateway.store.sqlite import SqliteStore
from schemas.forms import Form
from schemas.identifiers import Participant
from tests.contracts.case import NOW, PATIENCE_S, RECIPIENT, envelope
from tests.contracts.transports import HERE
from transports.base import (
    Delivered,
    Envelope,
    File,
    Inbound,
    Inquiry,
    NotReachable,
    Outcome,
    Reachable,
    Recipient,
    Refused,
    TryLater,
    Unknown,
)
from transports.bodies import Limits
from transports.operator import ebms
from transports.operator.directory import Directory
from transports.operator.ebms import Acknowledgment, Errors, Malformed, Message, Payload
from transports.operator.endpoint import PATH, Endpoint
from transports.operator.inbox import NotKept
from transports.operator.receiver import Receiver
from transports.operator.sfti import RESENDS, Sfti, SftiSettings
from transports.operator.sfti_sandbox import (
    BIS3_ACTION,
    BIS3_SERVICE,
    MAGIC,
    Behaviour,
    Sandbox,
)

US = HERE.participants[0].replace("0007:", "SE")


@pytest.fixture
async def partner() -> AsyncIterator[Sandbox]:
    async with Sandbox(now=MovableClock(NOW).now) as partner:
        yield partner


@pytest.fixture
async def channel(partner: Sandbox) -> AsyncIterator[Sfti]:
    settings = SftiSettings("gateway.example", answer_timeout_s=PATIENCE_S)
    channel = Sfti(settings, Directory.parse(partner.directory), now=MovableClock(NOW).now)
    yield channel
    await channel.close()


def to(behaviour: Behaviour) -> Recipient:
    return replace(RECIPIENT, organisation_number=MAGIC[behaviour])


async def addressed(channel: Sfti, behaviour: Behaviour) -> Envelope:
    blank = envelope(to(behaviour), "", behaviour)
    found = await channel.resolve(Inquiry(blank.sender, blank.recipient, blank.summary))
    assert isinstance(found, Reachable)
    return replace(blank, address=found.address, form=found.form)


# --- what we send -----------------------------------------------------------------------------


async def test_the_message_says_who_what_and_when(channel: Sfti, partner: Sandbox) -> None:
    objects = File("svefaktura-objects.xml", "application/xml", b"<ObjectEnvelope/>")
    strange = File("a.bin", "what\r\nis: this", b"\x00")
    given = replace(await addressed(channel, Behaviour.ACCEPT), attachments=(objects, strange))
    assert given.form is Form.SVEFAKTURA
    outcome = await channel.deliver(given)
    assert isinstance(outcome, Delivered)
    assert outcome.reference == f"{given.key}@gateway.example"
    (kept,) = partner.messages.values()
    assert kept.message == Message(
        id=f"{given.key}@gateway.example",
        conversation=str(given.key),
        sender="SE5567321707",
        recipient=f"SE{MAGIC[Behaviour.ACCEPT]}",
        service="urn:sfti:services:documentprocessing:BasicInvoice:2:0",
        action="incomingBasicInvoice",
        at=given.accepted_at,
    )
    assert [(each.media_type, each.content) for each in kept.payloads] == [
        ("application/xml", given.document.content),
        ("application/xml", b"<ObjectEnvelope/>"),
        ("application/octet-stream", b"\x00"),
    ]


async def test_bis_3_goes_to_the_service_that_was_agreed_on(
    channel: Sfti, partner: Sandbox
) -> None:
    given = await addressed(channel, Behaviour.BIS3)
    assert given.form is Form.BILLING
    assert isinstance(await channel.deliver(given), Delivered)
    (kept,) = partner.messages.values()
    assert (kept.message.service, kept.message.action) == (BIS3_SERVICE, BIS3_ACTION)
    other = replace(given.summary, document_type=None)
    found = await channel.resolve(Inquiry(given.sender, given.recipient, other))
    assert isinstance(found, NotReachable)
    assert found.verdict.code == "operator.no_format"


async def test_a_sender_without_a_number_can_not_write(channel: Sfti) -> None:
    blank = envelope(to(Behaviour.ACCEPT), "", "")
    nameless = replace(blank.sender, organisation_number=None)
    found = await channel.resolve(Inquiry(nameless, blank.recipient, blank.summary))
    assert isinstance(found, NotReachable)
    assert found.verdict.code == "operator.no_sender_number"


async def test_a_partner_who_was_taken_out_gets_nothing_more(
    channel: Sfti, partner: Sandbox
) -> None:
    given = await addressed(channel, Behaviour.ACCEPT)
    later = Sfti(SftiSettings("gateway.example"), Directory({}))
    outcome = await later.deliver(given)
    await later.close()
    assert isinstance(outcome, TryLater)
    assert outcome.verdict.code == "operator.no_partner"
    assert partner.messages == {}


async def test_what_was_not_answered_is_repeated_three_times_and_then_a_persons(
    channel: Sfti, partner: Sandbox
) -> None:
    given = await addressed(channel, Behaviour.OTHER)
    outcome = await channel.deliver(given)
    assert isinstance(outcome, Unknown)
    assert outcome.repeats == RESENDS == 3
    assert "another@partner.example" in outcome.verdict.text


async def test_it_says_what_the_partner_says(channel: Sfti) -> None:
    refused = await channel.deliver(await addressed(channel, Behaviour.REFUSE))
    assert isinstance(refused, Refused)
    assert refused.verdict.text == "ValueNotRecognized: There is no such recipient."
    failed = await channel.deliver(await addressed(channel, Behaviour.FAIL))
    assert isinstance(failed, TryLater)
    assert failed.verdict.text == "DeliveryFailure: The system behind is away."
    assert isinstance(await channel.deliver(await addressed(channel, Behaviour.FAIL)), Delivered)


@asynccontextmanager
async def answering(answer: Callable[[], web.Response]) -> AsyncIterator[str]:
    async def handler(request: web.Request) -> web.Response:
        await request.read()
        return answer()

    async with serving([web.post("/sfti", handler)]) as url:
        yield url + "/sfti"


@asynccontextmanager
async def serving(routes: list[web.RouteDef]) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(routes)
    runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


def signal(answer: bytes, status: int = 200) -> web.Response:
    headers = {"Content-Type": ebms.CONTENT_TYPE}
    return web.Response(status=status, body=answer, headers=headers)


@pytest.mark.parametrize(
    ("response", "kind", "code"),
    [
        (lambda: web.Response(status=302, headers={"Location": "/x"}), TryLater, "not_understood"),
        (lambda: web.Response(status=404), TryLater, "not_understood"),
        (lambda: web.Response(status=413), Refused, "too_large"),
        (lambda: web.Response(status=429), TryLater, "busy"),
        (lambda: signal(ebms.fault("No."), 500), Unknown, "outcome_unknown"),
        (lambda: web.Response(status=204), Unknown, "outcome_unknown"),
        (lambda: signal(b"<a/>"), Unknown, "outcome_unknown"),
    ],
)
async def test_an_answer_outside_the_profile_is_never_guessed(
    channel: Sfti, response: Callable[[], web.Response], kind: type[Outcome], code: str
) -> None:
    async with answering(response) as url:
        given = replace(await addressed(channel, Behaviour.ACCEPT), address=url)
        outcome = await channel.deliver(given)
    assert type(outcome) is kind
    assert outcome.verdict.code == f"operator.{code}"


async def test_an_acknowledgment_with_an_error_status_proves_nothing(channel: Sfti) -> None:
    given = await addressed(channel, Behaviour.ACCEPT)
    ours = Message(f"{given.key}@gateway.example", "c", "SE1", "SE2", "s", "a", NOW)
    async with answering(lambda: signal(ebms.acknowledgment(ours, "x", NOW), 500)) as url:
        outcome = await channel.deliver(replace(given, address=url))
    assert isinstance(outcome, Unknown)


# --- what comes to us -------------------------------------------------------------------------


SVEFAKTURA = b'<Invoice xmlns="urn:sfti:documents:BasicInvoice:1:0"/>'
OBJECTS = b'<o:ObjectEnvelope xmlns:o="urn:sfti:documents:ObjectEnvelope:1:0"/>'
MESSAGE = Message(
    id="m-1@partner.example",
    conversation="c-1",
    sender=f"SE{MAGIC[Behaviour.ACCEPT]}",
    recipient=US,
    service=ebms.SVEFAKTURA_SERVICE,
    action=ebms.SVEFAKTURA_ACTION,
    at=NOW,
)
PAYLOADS = (
    Payload("1@partner.example", "application/xml", OBJECTS),
    Payload("2@partner.example", "text/xml", SVEFAKTURA),
    Payload("3@partner.example", "application/pdf", b"%PDF-1.7"),
)


@dataclass
class Reception:
    store: SqliteStore
    url: str

    async def inbox(self) -> list[list[tuple[str, str, bytes]]]:
        """Each document with its files, as the API would give them."""
        found = []
        for document in await self.store.inbox(HERE.id, None, 100):
            files = []
            for part in await self.store.parts(HERE.id, document.id):
                content = await self.store.content(HERE.id, document.id, part.sha256)
                assert content is not None
                files.append((part.role.value, part.name, content))
            found.append(files)
        return found


@asynccontextmanager
async def receiving(
    data: Path, partner: Sandbox, limits: Limits | None = None
) -> AsyncIterator[Reception]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(data)
    await store.add_company(HERE, NOW)
    receiver = Receiver(
        OperatorInbox(store, clock),
        Directory.parse(partner.directory),
        clock.now,
        host="gateway.example",
    )
    async with serving(Endpoint(receiver, limits).routes()) as url:
        yield Reception(store, url + PATH)
    await store.close()


@pytest.fixture
async def reception(tmp_path: Path, partner: Sandbox) -> AsyncIterator[Reception]:
    async with receiving(tmp_path, partner) as reception:
        yield reception


async def test_a_message_is_in_the_inbox_before_it_is_acknowledged(
    reception: Reception, partner: Sandbox
) -> None:
    answer = await partner.send(reception.url, MESSAGE, PAYLOADS)
    assert answer == Acknowledgment(MESSAGE.id)
    (files,) = await reception.inbox()
    evidence = [file for file in files if file[0] == "evidence"]
    assert sorted(set(files) - set(evidence)) == sorted(
        [
            ("document", "svefaktura-2.xml", SVEFAKTURA),
            ("attachment", "svefaktura-objects-1.xml", OBJECTS),
            ("attachment", "file-3", b"%PDF-1.7"),
        ]
    )
    kept = {name: content for _, name, content in evidence}
    assert kept.keys() == {"message", "receipt"}
    assert SVEFAKTURA in kept["message"]
    assert b"<eb:RefToMessageId>m-1@partner.example</eb:RefToMessageId>" in kept["receipt"]


async def test_the_same_message_is_acknowledged_again_and_delivered_once(
    reception: Reception, partner: Sandbox
) -> None:
    answers = await asyncio.gather(
        *(partner.send(reception.url, MESSAGE, PAYLOADS) for _ in range(5))
    )
    assert answers == [Acknowledgment(MESSAGE.id)] * 5
    assert len(await reception.inbox()) == 1


async def test_an_id_that_is_used_again_for_another_document_loses_nothing(
    reception: Reception, partner: Sandbox
) -> None:
    for content in (SVEFAKTURA, SVEFAKTURA + b" "):
        payload = Payload("1@partner.example", "application/xml", content)
        assert await partner.send(reception.url, MESSAGE, [payload]) == Acknowledgment(MESSAGE.id)
    assert len(await reception.inbox()) == 2


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"recipient": "SE5592034846"}, "ValueNotRecognized"),
        ({"recipient": "nobody"}, "ValueNotRecognized"),
        ({"sender": "SE5592034846"}, "ValueNotRecognized"),
        ({"sender": "x"}, "ValueNotRecognized"),
        ({"service": "urn:other"}, "NotSupported"),
        ({"action": BIS3_ACTION}, "NotSupported"),
    ],
    ids=str,
)
async def test_what_is_not_taken_says_why(
    reception: Reception, partner: Sandbox, changed: dict[str, str], code: str
) -> None:
    answer = await partner.send(reception.url, replace(MESSAGE, **changed), PAYLOADS)
    assert isinstance(answer, Errors)
    assert (answer.code, answer.ref_to) == (code, MESSAGE.id)
    assert await reception.inbox() == []


async def test_a_partner_may_use_the_service_that_was_agreed_on(
    reception: Reception, partner: Sandbox
) -> None:
    theirs = replace(
        MESSAGE,
        sender=f"SE{MAGIC[Behaviour.BIS3]}",
        service=BIS3_SERVICE,
        action=BIS3_ACTION,
    )
    assert await partner.send(reception.url, theirs, PAYLOADS) == Acknowledgment(MESSAGE.id)


async def test_a_reference_to_a_part_that_is_not_there_is_a_mime_problem(
    reception: Reception, partner: Sandbox
) -> None:
    body = ebms.write(MESSAGE, PAYLOADS, "b", "s@x").replace(b"<3@", b"<4@")
    answer = await partner.send_raw(reception.url, ebms.content_type("b", "s@x"), body)
    assert isinstance(answer, Errors)
    assert answer.code == "MimeProblem"
    assert await reception.inbox() == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("text/plain", b"hello"),
        ("multipart/related; boundary=b", b""),
        ("multipart/related; boundary=b", b"--b\r\n\r\n\r\n--b--"),
        (
            "multipart/related; boundary=b",
            b"--b\r\nContent-Type: text/xml\r\nContent-Transfer-Encoding: \x01\xff\r\n\r\n"
            b"\r\n--b--",
        ),
    ],
)
async def test_what_is_no_message_is_answered_with_a_fault(
    reception: Reception, partner: Sandbox, content_type: str, body: bytes
) -> None:
    with pytest.raises(Malformed, match="a SOAP fault: This is no message of the profile"):
        await partner.send_raw(reception.url, content_type, body)


async def test_a_message_that_is_too_large_is_not_read(tmp_path: Path, partner: Sandbox) -> None:
    async with receiving(tmp_path, partner, Limits(body_bytes=10_000)) as reception:
        large = Payload("1@partner.example", "application/pdf", b"x" * 20_000)
        with pytest.raises(Malformed, match="more than 10000 bytes"):
            await partner.send(reception.url, MESSAGE, [large])


async def test_what_can_not_be_kept_is_not_acknowledged(partner: Sandbox) -> None:
    class Full:
        async def serves(self, recipient: Participant) -> bool:
            return True

        async def take(self, inbound: Inbound) -> bool:
            raise NotKept("the disk is full")

    clock = MovableClock(NOW)
    directory = Directory.parse(partner.directory)
    receiver = Receiver(Full(), directory, clock.now, host="gateway.example")
    body = ebms.write(MESSAGE, PAYLOADS, "b", "s@x")
    async with (
        serving(Endpoint(receiver).routes()) as url,
        aiohttp.ClientSession() as session,
        session.post(
            url + PATH, data=body, headers={"Content-Type": ebms.content_type("b", "s@x")}
        ) as response,
    ):
        assert (response.status, response.headers["Retry-After"]) == (503, "30")


async def test_a_company_that_left_between_two_looks_gets_nothing(partner: Sandbox) -> None:
    class Leaving:
        async def serves(self, recipient: Participant) -> bool:
            return True

        async def take(self, inbound: Inbound) -> bool:
            return False

    clock = MovableClock(NOW)
    directory = Directory.parse(partner.directory)
    receiver = Receiver(Leaving(), directory, clock.now, host="gateway.example")
    async with serving(Endpoint(receiver).routes()) as url:
        answer = await partner.send(url + PATH, MESSAGE, PAYLOADS)
    assert isinstance(answer, Errors)
    assert answer.code == "ValueNotRecognized"


async def test_we_understand_one_another(reception: Reception, partner: Sandbox) -> None:
    """Our own sending side to our own receiving side: what a partner with this gateway has."""
    entry = f'[{US}]\nurl = "{reception.url}"\n'
    channel = Sfti(
        SftiSettings("other.example", answer_timeout_s=PATIENCE_S),
        Directory.parse(entry),
        now=MovableClock(NOW).now,
    )
    blank = envelope(replace(RECIPIENT, organisation_number=US[2:]), reception.url, "us")
    number = MAGIC[Behaviour.ACCEPT]
    given = replace(
        blank,
        sender=replace(blank.sender, organisation_number=number),
        document=File("svefaktura.xml", "application/xml", SVEFAKTURA),
        accepted_at=NOW + timedelta(hours=1),
    )
    outcome = await channel.deliver(given)
    await channel.close()
    assert isinstance(outcome, Delivered), outcome
    (files,) = await reception.inbox()
    assert (Role.DOCUMENT.value, "svefaktura-1.xml", SVEFAKTURA) in files
