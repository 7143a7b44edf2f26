"""What the Kivra channel keeps beyond the contract: tokens, matching, terms, payments."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from gateway.clock import MovableClock
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from schemas.swedish_persons import twelve_digits
from tests.contracts.case import NOBODY, NOW, PATIENCE_S, RECIPIENT, envelope, pdf
from tests.contracts.channel_kivra import TERMS
from tests.contracts.transports import until
from transports.base import (
    Delivered,
    Envelope,
    File,
    Inquiry,
    Link,
    NotReachable,
    Paid,
    Reachability,
    ReachabilityUnknown,
    Reachable,
    Recipient,
    Refused,
    Register,
    Report,
    Sent,
    TryLater,
    Unknown,
)
from transports.kivra import wire
from transports.kivra.driver import Kivra, KivraSettings
from transports.kivra.endpoint import PATH, Endpoint
from transports.kivra.sandbox import MAGIC, TENANT, Behaviour, Sandbox
from transports.kivra.sandbox.posting import RETRIES
from transports.kivra.sandbox.server import A_MINUTE, SECRET
from transports.kivra.wire import MATCH, Who

OTHER_TENANT = "18000000000000000000000000000000000000cd"


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
async def kivra(clock: MovableClock) -> AsyncIterator[Sandbox]:
    tenants = (TENANT, OTHER_TENANT)
    async with Sandbox(now=clock.now, tenants=tenants, webhook_answer_s=PATIENCE_S) as kivra:
        yield kivra


@pytest.fixture
async def register(tmp_path: Path, clock: MovableClock) -> AsyncIterator[Register]:
    store = await SqliteStore.open(tmp_path)
    yield StoredRegister(store, clock, "kivra")
    await store.close()


@pytest.fixture
async def channel(kivra: Sandbox, register: Register, clock: MovableClock) -> AsyncIterator[Kivra]:
    channel = Kivra(settings(kivra.url), register, now=clock.now)
    yield channel
    await channel.close()


def settings(url: str, **changes: Any) -> KivraSettings:
    return replace(KivraSettings(url, "sandbox", "sandbox", answer_timeout_s=PATIENCE_S), **changes)


def person(behaviour: Behaviour = Behaviour.ACCEPT) -> Recipient:
    return replace(RECIPIENT, personal_number=MAGIC[behaviour])


def invoice(behaviour: Behaviour = Behaviour.ACCEPT, name: str = "one") -> Envelope:
    given = envelope(person(behaviour), "person", f"{behaviour}/{name}")
    return replace(given, terms=TERMS, attachments=())


async def asked(
    channel: Kivra, recipient: Recipient, terms: dict[str, str] = TERMS, **changes: Any
) -> Reachability:
    given = envelope(recipient, "", "")
    summary = replace(given.summary, **changes)
    return await channel.resolve(Inquiry(given.sender, recipient, summary, terms=terms))


async def reports(channel: Kivra) -> list[Report]:
    found = [item async for item in channel.collect()]
    assert all(isinstance(item, Report) for item in found)
    return found


# --- whom it reaches --------------------------------------------------------------------------


async def test_what_keeps_a_sender_or_an_invoice_out_is_told(channel: Kivra) -> None:
    for terms, changes, code, said in (
        ({}, {}, "kivra.no_terms", "channels.kivra.tenant"),
        ({"tenant": "?"}, {}, "kivra.bad_terms", "tenant is not"),
        (TERMS, {"currency": "EUR"}, "kivra.not_payable", "EUR"),
        ({**TERMS, "tenant": "abcdef0123456789"}, {}, "kivra.no_tenant", "tenant key"),
    ):
        found = await asked(channel, person(), terms, **changes)
        assert isinstance(found, NotReachable)
        assert found.verdict.code == code
        assert said in found.verdict.public_text


async def test_what_is_shown_of_a_recipient_names_nobody(channel: Kivra) -> None:
    company = replace(NOBODY, organisation_number="5568402266")
    for recipient, address in ((person(), "person"), (company, "company")):
        found = await asked(channel, recipient)
        assert isinstance(found, Reachable)
        assert (found.address, found.evidence) == (address, ())


async def test_a_company_gets_its_invoice(channel: Kivra, kivra: Sandbox) -> None:
    company = replace(NOBODY, organisation_number="5568402266")
    assert isinstance(await channel.deliver(replace(invoice(), recipient=company)), Delivered)
    assert kivra.contents[0].seen.to == "SE556840226601"


async def test_what_is_asked_at_the_same_time_goes_in_one_call(
    channel: Kivra, kivra: Sandbox
) -> None:
    found = await asyncio.gather(*(asked(channel, person(each)) for each in MAGIC))
    assert all(isinstance(each, Reachable) for each in found)
    assert len(kivra.matches) == 1
    assert sorted(kivra.matches[0]) == sorted(MAGIC.values())
    assert kivra.tokens_given == 1


async def test_senders_are_asked_for_apart(channel: Kivra, kivra: Sandbox) -> None:
    await asyncio.gather(
        asked(channel, person()), asked(channel, person(), {**TERMS, "tenant": OTHER_TENANT})
    )
    assert len(kivra.matches) == kivra.tokens_given == 2


async def test_one_who_gives_up_ends_it_for_nobody_else(channel: Kivra, kivra: Sandbox) -> None:
    one = asyncio.create_task(asked(channel, person()))
    other = asyncio.create_task(asked(channel, person(Behaviour.PAY)))
    await asyncio.sleep(0)
    one.cancel()
    assert isinstance(await other, Reachable)
    with pytest.raises(asyncio.CancelledError):
        await one
    alone = asyncio.create_task(asked(channel, person()))
    await asyncio.sleep(0)
    alone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await alone
    assert isinstance(await asked(channel, person()), Reachable), "nobody joins what was ended"


async def test_not_knowing_is_not_no(channel: Kivra, kivra: Sandbox) -> None:
    kivra.available = False
    found = await asked(channel, person())
    assert isinstance(found, ReachabilityUnknown)
    assert (found.verdict.code, found.answered) == ("kivra.no_token", False)
    await kivra.close()
    found = await asked(channel, person())
    assert isinstance(found, ReachabilityUnknown)
    assert found.verdict.code == "kivra.unreachable"


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (200, "{}", ReachabilityUnknown, "kivra.not_matched"),
        (200, "<html>", ReachabilityUnknown, "kivra.not_matched"),
        (400, '{"code": "40009"}', ReachabilityUnknown, "kivra.not_matched"),
        (500, "", ReachabilityUnknown, "kivra.not_matched"),
        (401, "", ReachabilityUnknown, "kivra.login_refused"),
        (403, "", NotReachable, "kivra.forbidden"),
        (404, "", NotReachable, "kivra.no_tenant"),
        (302, "", ReachabilityUnknown, "kivra.not_matched"),
    ],
)
async def test_answers_to_a_match(
    register: Register, status: int, body: str, kind: type, code: str
) -> None:
    async with answering(status=status, text=body) as url:
        channel = Kivra(settings(url), register)
        found = await asked(channel, person())
        await channel.close()
    assert isinstance(found, kind)
    assert found.verdict.code == code


# --- tokens -----------------------------------------------------------------------------------


async def test_a_token_is_renewed_before_it_ends(
    channel: Kivra, kivra: Sandbox, clock: MovableClock
) -> None:
    for n, (moved, given) in enumerate(
        ((timedelta(), 1), (timedelta(hours=7, minutes=54), 1), (timedelta(minutes=2), 2))
    ):
        clock.move(moved)
        assert isinstance(await channel.deliver(invoice(name=str(n))), Delivered)
        assert kivra.tokens_given == given


async def test_a_token_that_is_refused_is_renewed_once(channel: Kivra, kivra: Sandbox) -> None:
    await channel.deliver(invoice())
    kivra.revoke_tokens()
    outcomes = await asyncio.gather(
        *(channel.deliver(invoice(name=str(n))) for n in range(8)),
        asked(channel, person()),
    )
    assert all(isinstance(outcome, (Delivered, Reachable)) for outcome in outcomes)
    assert kivra.tokens_given == 2, "one at a time, for all"


async def test_a_login_that_is_refused_is_tried_later(kivra: Sandbox, register: Register) -> None:
    wrong = settings(kivra.url, client_secret="wrong")
    channel = Kivra(wrong, register)
    outcome = await channel.deliver(invoice())
    found = await asked(channel, person())
    await channel.close()
    assert isinstance(outcome, TryLater)
    assert isinstance(found, ReachabilityUnknown)
    for said in (outcome, found):
        assert (said.verdict.code, said.answered) == ("kivra.login_refused", False)
    assert "wrong" not in repr(wrong) + outcome.verdict.text


async def test_no_answer_to_the_login_hands_nothing_over(
    register: Register, clock: MovableClock
) -> None:
    async with answering(drop=True) as url:
        channel = Kivra(settings(url), register)
        outcome = await channel.deliver(invoice())
        await channel.close()
    assert isinstance(outcome, TryLater)
    assert outcome.verdict.code == "kivra.unreachable"


# --- contents ---------------------------------------------------------------------------------


async def test_the_same_bytes_are_one_content_and_an_invoice_sent_anew_is_two(
    channel: Kivra, kivra: Sandbox, clock: MovableClock
) -> None:
    first = await channel.deliver(invoice())
    clock.move(timedelta(days=2))
    again = await channel.deliver(replace(invoice(), repeated=True))
    assert isinstance(first, Delivered) and isinstance(again, Delivered)
    assert first.reference == again.reference == kivra.contents[0].key
    assert await channel.deliver(invoice(name="anew"))
    assert [kept.requests for kept in kivra.contents] == [2, 1]


async def test_what_does_not_fit_is_left_out_linked_or_declined(
    channel: Kivra, kivra: Sandbox, register: Register
) -> None:
    big = File("bilaga.pdf", "application/pdf", pdf() + b"\n" * 900_000)
    with_attachment = replace(invoice(), attachments=(big,))
    assert channel.too_large(with_attachment) == ()
    outcome = await channel.deliver(with_attachment)
    assert outcome.verdict.code == "kivra.delivered_without_attachments"
    assert "stay behind" in outcome.verdict.public_text
    alone = replace(invoice(name="large"), image=big)
    assert channel.too_large(alone) == (big,)
    refused = await channel.deliver(alone)
    assert isinstance(refused, Refused)
    assert refused.verdict.code == "kivra.too_large"
    link = Link("https://invoices.example/d/abc", NOW + timedelta(days=90))
    linked = await channel.deliver(replace(alone, link=link))
    assert linked.verdict.code == "kivra.delivered_as_link"
    assert kivra.contents[-1].seen.names[0].startswith("link-")
    strict = Kivra(settings(kivra.url, shrink=False), register)
    assert strict.too_large(alone) == ()
    declined = await strict.deliver(with_attachment)
    await strict.close()
    assert isinstance(declined, Refused)


async def test_too_many_for_one_recipient_wait_a_minute(
    channel: Kivra, kivra: Sandbox, clock: MovableClock
) -> None:
    for n in range(A_MINUTE):
        assert isinstance(await channel.deliver(invoice(name=str(n))), Delivered)
    outcome = await channel.deliver(invoice(name="one more"))
    assert isinstance(outcome, TryLater)
    assert (outcome.after, outcome.answered) == (timedelta(minutes=1), True)
    assert isinstance(await channel.deliver(invoice(Behaviour.PAY)), Delivered), "somebody else"
    clock.move(timedelta(seconds=61))
    assert isinstance(await channel.deliver(invoice(name="one more")), Delivered)


async def test_terms_are_read_for_every_try(channel: Kivra) -> None:
    outcome = await channel.deliver(replace(invoice(), terms={}))
    assert isinstance(outcome, Refused)
    assert outcome.verdict.code == "kivra.no_terms"


async def test_a_number_that_became_ambiguous_is_refused(channel: Kivra) -> None:
    child = replace(RECIPIENT, personal_number="1212121212")
    outcome = await channel.deliver(replace(invoice(), recipient=child))
    assert isinstance(outcome, Refused)
    assert outcome.verdict.code == "kivra.bad_number"


async def test_the_texts_have_what_support_asks_for(channel: Kivra) -> None:
    outcome = await channel.deliver(invoice(Behaviour.BAD_REFERENCE))
    assert "40044" in outcome.verdict.text
    assert "sandbox-1" in outcome.verdict.text, "the correlation id"


@pytest.mark.parametrize(
    ("status", "headers", "kind", "code"),
    [
        (201, {}, Delivered, "kivra.delivered"),
        (201, {"kivra-objkey": "a/b"}, Delivered, "kivra.delivered"),
        (201, {"kivra-retained": "true"}, Sent, "kivra.retained"),
        (200, {}, Unknown, "kivra.outcome_unknown"),
        (409, {}, Unknown, "kivra.outcome_unknown"),
        (502, {}, Unknown, "kivra.outcome_unknown"),
        (302, {"Location": "http://127.0.0.1:1/"}, TryLater, "kivra.not_understood"),
        (418, {}, TryLater, "kivra.not_understood"),
        (404, {}, Refused, "kivra.no_tenant"),
        (422, {"x-error-code": "42221"}, Refused, "kivra.not_a_user"),
        (400, {}, Refused, "kivra.refused"),
    ],
)
async def test_answers_to_a_content(
    register: Register, status: int, headers: dict[str, str], kind: type, code: str
) -> None:
    async with answering(status=status, headers=headers) as url:
        channel = Kivra(settings(url), register)
        outcome = await channel.deliver(invoice())
        await channel.close()
    assert isinstance(outcome, kind)
    assert outcome.verdict.code == code


@asynccontextmanager
async def answering(
    *, status: int = 200, text: str = "", headers: dict[str, str] | None = None, drop: bool = False
) -> AsyncIterator[str]:
    """A server that gives tokens, and this answer to everything else; or drops every call."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        if drop:
            assert request.transport is not None
            request.transport.abort()
        if request.path == "/v1/auth":
            return web.json_response({"access_token": "token", "expires_in": 28800})
        return web.Response(status=status, text=text, headers=headers)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


# --- payments ---------------------------------------------------------------------------------


@pytest.fixture
async def endpoint(kivra: Sandbox, register: Register, clock: MovableClock) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes(Endpoint([SECRET], register, clock.now).routes())
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}{PATH}"
    await runner.cleanup()


async def test_a_payment_is_told(
    channel: Kivra, kivra: Sandbox, endpoint: str, clock: MovableClock
) -> None:
    given = invoice(Behaviour.PAY)
    await channel.deliver(given)
    kivra.posting.url = endpoint
    await kivra.posting.send_due()
    assert await reports(channel) == [], "its time has not come"
    clock.move(timedelta(seconds=1))
    await kivra.posting.send_due()
    (scheduled,) = await reports(channel)
    assert scheduled.key == given.key
    assert isinstance(scheduled.outcome, Delivered)
    assert scheduled.outcome.verdict.code == "kivra.payment_scheduled"
    clock.move(timedelta(seconds=1))
    await kivra.posting.send_due()
    (paid,) = await reports(channel)
    assert isinstance(paid.outcome, Paid)
    assert paid.outcome.verdict.code == "kivra.paid"
    assert "12345.50 SEK" in paid.outcome.verdict.public_text
    (evidence,) = paid.outcome.evidence
    assert json.loads(evidence.content)["data"]["payment_event"] == "settled"
    assert await reports(channel) == [], "it was taken"


async def test_a_payment_that_fails_pays_nothing(
    channel: Kivra, kivra: Sandbox, endpoint: str, clock: MovableClock
) -> None:
    await channel.deliver(invoice(Behaviour.PAY_IN_VAIN))
    kivra.posting.url = endpoint
    clock.move(timedelta(seconds=2))
    await kivra.posting.send_due()
    codes = {report.outcome.verdict.code for report in await reports(channel)}
    assert codes == {"kivra.payment_scheduled", "kivra.payment_failed"}


async def test_a_round_that_breaks_off_loses_no_payment(
    channel: Kivra, kivra: Sandbox, endpoint: str, clock: MovableClock
) -> None:
    await channel.deliver(invoice(Behaviour.PAY))
    kivra.posting.url = endpoint
    clock.move(timedelta(seconds=2))
    await kivra.posting.send_due()
    source = channel.collect()
    first = await anext(source)
    await source.aclose()
    assert first in await reports(channel)


async def test_what_is_told_twice_has_the_same_id(
    channel: Kivra, kivra: Sandbox, endpoint: str, clock: MovableClock
) -> None:
    await channel.deliver(invoice(Behaviour.PAY))
    kivra.posting.url = endpoint
    clock.move(timedelta(seconds=2))
    await kivra.posting.send_due()
    first = await reports(channel)
    for post in kivra.posting.posts:
        post.answered, post.due_at = 0, clock.now()
    await kivra.posting.send_due()
    await kivra.posting.send_due()
    assert {r.id for r in await reports(channel)} == {r.id for r in first}


async def test_a_payment_of_what_nobody_knows_is_kept_three_days(
    channel: Kivra, kivra: Sandbox, endpoint: str, register: Register, clock: MovableClock
) -> None:
    """A crash between Kivra's answer and our note of it: the content is known after the repeat."""
    given = invoice(Behaviour.PAY)
    await channel.deliver(given)
    entry = await register.get("", "content", kivra.contents[0].key)
    assert entry is not None
    await register.drop([entry])
    kivra.posting.url = endpoint
    clock.move(timedelta(seconds=2))
    await kivra.posting.send_due()
    assert await reports(channel) == []
    await channel.deliver(replace(given, repeated=True))
    clock.move(timedelta(hours=1))
    assert len(await reports(channel)) == 2
    kivra.tell_payment(kivra.contents[0], "settled", clock.now())
    entry = await register.get("", "content", kivra.contents[0].key)
    assert entry is not None
    await register.drop([entry])
    await kivra.posting.send_due()
    for _ in range(80):
        assert await reports(channel) == []
        clock.move(timedelta(hours=1))
    assert await register.due("webhook", clock.now() + timedelta(days=9)) == []


async def test_contents_are_forgotten_after_a_year(
    channel: Kivra, kivra: Sandbox, register: Register, clock: MovableClock
) -> None:
    await channel.deliver(invoice())
    clock.move(timedelta(days=399))
    assert await reports(channel) == []
    assert await register.get("", "content", kivra.contents[0].key)
    clock.move(timedelta(days=1))
    assert await reports(channel) == []
    assert await register.get("", "content", kivra.contents[0].key) is None


@pytest.mark.parametrize(
    ("body", "signed_with", "status"),
    [
        (b"{}", SECRET, 204),
        (b"{}", "whsec_" + "b3RoZXI=", 401),
        (b"\xff", SECRET, 401),
        (b" " * 16_385, SECRET, 413),
    ],
)
async def test_what_is_posted_is_looked_at_first(
    endpoint: str, register: Register, body: bytes, signed_with: str, status: int
) -> None:
    text = body.decode("latin-1")
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": Webhook(signed_with).sign("msg_1", NOW, text),
    }
    async with (
        aiohttp.ClientSession() as client,
        client.post(endpoint, data=body, headers=headers) as answer,
    ):
        assert answer.status == status
    kept = await register.due("webhook", NOW)
    assert [entry.name for entry in kept] == (["msg_1"] if status == 204 else [])


async def test_a_post_that_never_ends_is_cut_off(endpoint: str, register: Register) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 1024

    async with aiohttp.ClientSession() as client, client.post(endpoint, data=body()) as answer:
        assert answer.status == 413
    assert await register.due("webhook", NOW) == []


async def test_what_is_no_payment_of_ours_is_let_go(
    channel: Kivra, register: Register, kivra: Sandbox, endpoint: str, clock: MovableClock
) -> None:
    kivra.posting.url = endpoint
    kivra.posting.add("invoice_declined", {"content_key": "abc"}, clock.now())
    await kivra.posting.send_due()
    assert len(await register.due("webhook", clock.now())) == 1
    assert await reports(channel) == []
    assert await register.due("webhook", clock.now() + timedelta(days=9)) == []


# --- the sandbox itself -----------------------------------------------------------------------


async def test_it_posts_until_it_is_answered_ten_times_at_most(
    kivra: Sandbox, channel: Kivra, clock: MovableClock
) -> None:
    came: list[str] = []

    async def refuse(request: web.Request) -> web.Response:
        came.append(request.headers["webhook-id"])
        return web.Response(status=500)

    app = web.Application()
    app.add_routes([web.post("/", refuse)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    kivra.posting.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    post = kivra.posting.add("payment_callback", {}, clock.now())
    for n, after in enumerate((*RETRIES, timedelta(days=30))):
        await kivra.posting.send_due()
        await kivra.posting.send_due()
        assert len(came) == n + 1
        clock.move(after)
    await kivra.posting.send_due()
    await runner.cleanup()
    assert came == [post.id] * 10
    assert post.given_up


async def test_it_posts_by_itself_once_it_knows_where(
    kivra: Sandbox, channel: Kivra, endpoint: str, clock: MovableClock
) -> None:
    await channel.deliver(invoice(Behaviour.PAY))
    kivra.post_to(endpoint)
    clock.move(timedelta(seconds=2))
    await until(lambda: all(post.answered for post in kivra.posting.posts))
    assert kivra.received() == [
        {
            "to": "18900102****",
            "number": "Faktura 1001",
            "reference": kivra.contents[0].key,
            "state": "settled",
            "at": NOW,
        }
    ]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ssn": "121212-1212"}, "40009"),
        ({"vat_number": "SE556840226601"}, "40024"),
        ({"subject": ""}, "40000"),
        ({"type": "letter.salary"}, "40012"),
        ({"parts": []}, "40019"),
        ({"parts": [{"name": "a", "content_type": "text/html", "data": ""}]}, "40028"),
        ({"parts": [{"name": "a", "content_type": "application/pdf", "data": "?"}]}, "40019"),
        ({"parts": [{"name": "a", "content_type": "application/pdf", "data": "QQ=="}]}, "40028"),
        ({"payment_multiple_options": None}, "40000"),
        ({"payment_multiple_options": {"payable": True, "currency": "SEK"}}, "40021"),
        ({"generated_at": "yesterday"}, "40000"),
        ({"padding": "x" * 1_000_000}, "41300"),
    ],
)
async def test_it_finds_what_kivra_would(
    kivra: Sandbox, channel: Kivra, change: dict[str, Any], code: str
) -> None:
    await channel.deliver(invoice())
    data = json.loads(kivra.contents[0].body) | change
    answer = await post(kivra, "content", json.dumps(data).encode())
    assert answer == code
    assert len(kivra.contents) == 1


async def test_it_opens_for_tokens_of_its_own_for_their_tenant(kivra: Sandbox) -> None:
    assert await post(kivra, "content", b"{", tenant=OTHER_TENANT) == "40400"
    assert await post(kivra, "content", b"{") == "40008"
    assert await post(kivra, MATCH[Who.PERSON], b'{"list": ["1"]}') == "40009"
    assert await post(kivra, MATCH[Who.COMPANY], b'{"list": ["1"]}') == "40018"
    assert await post(kivra, MATCH[Who.COMPANY], b"[]") == "40008"
    assert await post(kivra, "content", b"{}", token="made up") == "40100"


async def post(
    kivra: Sandbox, what: str, body: bytes, *, tenant: str = TENANT, token: str = ""
) -> str:
    """Kivra's error code for a call, with a token for TENANT."""
    async with aiohttp.ClientSession() as client:
        login = b64encode(b"sandbox:sandbox").decode()
        form = wire.token_request(TENANT)
        headers = {"Content-Type": wire.FORM, "Authorization": f"Basic {login}"}
        async with client.post(f"{kivra.url}/v1/auth", data=form, headers=headers) as answer:
            token = token or (await answer.json())["access_token"]
        async with client.post(
            f"{kivra.url}/v2/tenant/{tenant}/{what}",
            data=body,
            headers={"Authorization": f"Bearer {token}"},
        ) as answer:
            return answer.headers["x-error-code"]


def test_the_magic_numbers_can_be_and_are_all_different() -> None:
    assert set(MAGIC) == set(Behaviour)
    assert len(set(MAGIC.values())) == len(MAGIC)
    for number in MAGIC.values():
        assert twelve_digits(number, NOW.date()) == number
