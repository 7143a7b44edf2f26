"""What the letter channel keeps beyond the contract: reports, attachments, HTTP's own ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from gateway.clock import MovableClock
from gateway.pdf.cover import draw
from tests.contracts.transports import NOW, POST_CODES, RECIPIENT, envelope, pdf
from transports.base import (
    Delivered,
    Envelope,
    File,
    Inquiry,
    NotCollected,
    NotReachable,
    Outcome,
    Recipient,
    Refused,
    Repeat,
    Report,
    Sent,
    TryLater,
    Unknown,
)
from transports.letter.driver import Letter, LetterSettings
from transports.letter.enclosures import CountFailed, Limits, pages
from transports.letter.sandbox import Behaviour, Sandbox
from transports.letter.wire import JobState, LetterClass


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
async def house(clock: MovableClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(now=clock.now) as house:
        yield house


@pytest.fixture
async def channel(house: Sandbox, clock: MovableClock) -> AsyncIterator[Letter]:
    channel = Letter(LetterSettings(house.url, house.token), now=clock.now)
    yield channel
    await channel.close()


def to(behaviour: str) -> Recipient:
    assert RECIPIENT.postal_address is not None
    address = replace(RECIPIENT.postal_address, post_code=POST_CODES[behaviour])
    return replace(RECIPIENT, postal_address=address)


def letter(behaviour: str = "accept", name: str = "") -> Envelope:
    return envelope(to(behaviour), "address", name or behaviour)


async def reports(channel: Letter) -> list[Report]:
    found = [item async for item in channel.collect()]
    assert all(isinstance(item, Report) for item in found)
    return found


def code(outcome: Outcome) -> str:
    return outcome.verdict.code


# --- the job ----------------------------------------------------------------------------------


async def test_the_print_house_has_it_as_it_was_given(house: Sandbox, clock: MovableClock) -> None:
    settings = LetterSettings(
        house.url + "/", house.token, colour=True, duplex=False, letter_class=LetterClass.PRIORITY
    )
    channel = Letter(settings, now=clock.now)
    given = letter()
    outcome = await channel.deliver(given)
    await channel.close()
    assert isinstance(outcome, Sent)
    assert outcome.reference == "L-000001"
    assert outcome.expects == "report"
    assert outcome.until == NOW + timedelta(days=30)
    kept = house.jobs[given.key].submission
    assert given.image is not None
    assert kept.letter.content == given.image.content
    assert [each.content for each in kept.attachments] == [given.attachments[0].content]
    assert kept.job.recipient == given.recipient.postal_address
    assert kept.job.return_address == given.sender.postal_address
    assert (kept.job.colour, kept.job.duplex) == (True, False)
    assert kept.job.letter_class is LetterClass.PRIORITY
    assert kept.job.pages == 3
    assert kept.job.reference == "1001"


async def test_a_sender_has_its_letters_as_its_terms_say(house: Sandbox, channel: Letter) -> None:
    plain = replace(letter(name="plain"), attachments=())
    own = {"colour": True, "duplex": False, "letter_class": "priority"}
    wished = replace(plain, key=letter(name="wished").key, terms=own)
    for given in (plain, wished):
        assert isinstance(await channel.deliver(given), Sent)
    jobs = [house.jobs[given.key].submission.job for given in (plain, wished)]
    assert [(job.colour, job.duplex, job.letter_class) for job in jobs] == [
        (False, True, LetterClass.STANDARD),
        (True, False, LetterClass.PRIORITY),
    ]


async def test_a_sender_may_want_no_attachments_printed(house: Sandbox, channel: Letter) -> None:
    given = replace(letter(), terms={"attachments": False})
    outcome = await channel.deliver(given)
    assert code(outcome) == "letter.accepted_without_attachments"
    assert "terms" in outcome.verdict.public_text
    assert house.jobs[given.key].submission.attachments == ()


async def test_terms_that_are_wrong_are_told(house: Sandbox, channel: Letter) -> None:
    wrong = {"colour": "yes", "class": "A"}
    given = replace(letter(), terms=wrong)
    found = await channel.resolve(
        Inquiry(given.sender, given.recipient, given.summary, terms=wrong)
    )
    outcome = await channel.deliver(given)
    assert isinstance(found, NotReachable)
    assert isinstance(outcome, Refused)
    for verdict in (found.verdict, outcome.verdict):
        assert verdict.code == "letter.bad_terms"
        assert "colour is" in verdict.public_text and "class is" in verdict.public_text
    assert house.jobs == {}


async def test_an_address_that_can_not_be_printed_is_told(channel: Letter) -> None:
    given = letter()
    address = replace(given.recipient.postal_address, post_code="22", lines=("a",) * 6)
    recipient = replace(given.recipient, postal_address=address)
    found = await channel.resolve(Inquiry(given.sender, recipient, given.summary))
    assert isinstance(found, NotReachable)
    assert code(found) == "letter.address_not_printable"
    assert "five digits" in found.verdict.text and "8 lines" in found.verdict.text


async def test_an_own_pdf_goes_behind_a_page_with_the_address(
    house: Sandbox, clock: MovableClock
) -> None:
    settings = LetterSettings(house.url, house.token, limits=Limits(pages=3))
    channel = Letter(settings, now=clock.now, draw=draw)
    drawn = letter(name="drawn")
    own = replace(letter(name="own"), own_image=True)
    never = replace(own, key=letter(name="never").key, terms={"cover_page": "never"})
    codes = [code(await channel.deliver(given)) for given in (drawn, own, never)]
    await channel.close()
    # With the page it has four, of three that fit: what is enclosed stays behind.
    assert codes == ["letter.accepted", "letter.accepted_without_attachments", "letter.accepted"]
    assert [
        house.jobs[given.key].submission.cover is not None for given in (drawn, own, never)
    ] == [
        False,
        True,
        False,
    ]
    job = house.jobs[own.key].submission
    assert job.job.pages == 2
    assert pages(job.files[0].content) == 1
    assert job.files[1] == job.letter


async def test_the_page_before_it_is_the_same_on_a_repeat(
    house: Sandbox, clock: MovableClock
) -> None:
    given = replace(letter(), own_image=True)
    for _ in range(2):
        channel = Letter(LetterSettings(house.url, house.token), now=clock.now, draw=draw)
        assert isinstance(await channel.deliver(given), Sent)
        await channel.close()
    assert house.jobs[given.key].requests == 2
    assert house.conflicts == []


async def test_the_answer_is_kept_whole(channel: Letter) -> None:
    outcome = await channel.deliver(letter())
    answer = outcome.evidence[1].content
    assert answer.startswith(b"HTTP/1.1 201 Created\r\n")
    assert answer.endswith(b'"number": "L-000001"}')
    assert b"Bearer" not in b"".join(item.content for item in outcome.evidence)


async def test_other_bytes_under_the_same_key_are_a_conflict(
    house: Sandbox, channel: Letter
) -> None:
    await channel.deliver(letter())
    other = replace(letter(), attachments=())
    outcome = await channel.deliver(other)
    assert isinstance(outcome, Unknown), "no other channel: it has a letter of ours"
    assert code(outcome) == "letter.conflict"
    assert len(house.jobs) == 1


async def test_attachments_that_do_not_fit_stay_behind_and_it_is_said(
    house: Sandbox, channel: Letter
) -> None:
    files = tuple(File(f"{n}.pdf", "application/pdf", pdf()) for n in range(4))
    outcome = await channel.deliver(replace(letter(), attachments=files))
    assert isinstance(outcome, Sent)
    assert code(outcome) == "letter.accepted_without_attachments"
    assert "there are 4, and at most 3 go into a letter" in outcome.verdict.public_text
    (kept,) = house.jobs.values()
    assert kept.submission.attachments == ()
    assert kept.submission.job.pages == 1


async def test_an_invoice_over_the_limit_is_refused_before_it_is_sent(
    house: Sandbox, clock: MovableClock
) -> None:
    channel = Letter(LetterSettings(house.url, house.token, limits=Limits(pages=4)), now=clock.now)
    long = replace(letter(), image=File("faktura.pdf", "application/pdf", pdf(5)))
    outcome = await channel.deliver(long)
    await channel.close()
    assert isinstance(outcome, Refused)
    assert code(outcome) == "letter.too_many_pages"
    assert house.jobs == {}


async def test_a_pdf_that_can_not_be_read_is_refused(house: Sandbox, channel: Letter) -> None:
    broken = replace(letter(), image=File("faktura.pdf", "application/pdf", b"nonsense"))
    assert code(await channel.deliver(broken)) == "letter.bad_pdf"
    assert house.jobs == {}


async def test_an_invoice_that_was_not_counted_is_tried_later(
    house: Sandbox, clock: MovableClock
) -> None:
    async def count(content: bytes) -> int | None:
        raise CountFailed

    channel = Letter(LetterSettings(house.url, house.token), now=clock.now, count=count)
    outcome = await channel.deliver(letter())
    await channel.close()
    assert isinstance(outcome, TryLater)
    assert code(outcome) == "letter.not_counted"
    assert outcome.answered, "nobody asked the print house"
    assert house.jobs == {}


async def test_a_large_letter_goes(house: Sandbox, channel: Letter) -> None:
    image = File("faktura.pdf", "application/pdf", pdf() + b"\n" * 8_000_000)
    outcome = await channel.deliver(replace(letter(), image=image, attachments=()))
    assert isinstance(outcome, Sent)
    (kept,) = house.jobs.values()
    assert kept.submission.letter.content == image.content


async def test_a_wrong_token_is_our_own_trouble(house: Sandbox) -> None:
    channel = Letter(LetterSettings(house.url, "other"))
    outcome = await channel.deliver(letter())
    assert isinstance(outcome, TryLater)
    assert code(outcome) == "letter.token_refused"
    with pytest.raises(NotCollected) as told:
        await reports(channel)
    assert told.value.verdict.code == "letter.reports_unavailable"
    await channel.close()
    assert house.jobs == {}


def test_the_token_is_not_printed() -> None:
    assert "hemligt" not in repr(LetterSettings("https://print.example", "hemligt"))


async def test_a_print_house_that_knows_no_keys_is_driven_with_care(house: Sandbox) -> None:
    assert Letter(LetterSettings(house.url, "t")).repeat is Repeat.SAFE
    careful = LetterSettings(house.url, "t", recognises_key=False)
    assert Letter(careful).repeat is Repeat.HOLD


# --- misbehaviour and what follows ------------------------------------------------------------


@pytest.mark.parametrize("behaviour", ["error", "busy", "drop"])
async def test_after_trouble_the_same_letter_is_printed_once(
    house: Sandbox, channel: Letter, behaviour: str
) -> None:
    first = await channel.deliver(letter(behaviour))
    second = await channel.deliver(letter(behaviour))
    assert isinstance(first, (TryLater, Unknown))
    assert isinstance(second, Sent)
    assert len(house.jobs) == 1


async def test_busy_says_when_to_come_back(channel: Letter) -> None:
    outcome = await channel.deliver(letter("busy"))
    assert isinstance(outcome, TryLater)
    assert outcome.after == timedelta(seconds=1)


@asynccontextmanager
async def answering(**answer: object) -> AsyncIterator[str]:
    """The address of a server that answers everything with the same."""

    async def say(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(**answer)  # type: ignore[arg-type]

    app = web.Application(client_max_size=10**9)
    app.router.add_route("*", "/{path:.*}", say)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def refusal(code: str) -> str:
    return f'{{"code": "{code}", "text": "Because."}}'


@pytest.mark.parametrize(
    ("status", "text", "kind", "expected"),
    [
        (422, refusal("bad_address"), Refused, "letter.bad_address"),
        (422, refusal("too_many_pages"), Refused, "letter.too_many_pages"),
        (422, refusal("bad_pdf"), Refused, "letter.bad_pdf"),
        (422, refusal("wrong_moon"), Refused, "letter.refused"),
        (413, refusal("too_large"), Refused, "letter.too_large"),
        (413, "<html>", Refused, "letter.refused"),
        (400, "", Refused, "letter.refused"),
        (409, "", Unknown, "letter.conflict"),
        (401, "", TryLater, "letter.token_refused"),
        (403, "", TryLater, "letter.token_refused"),
        (404, "", TryLater, "letter.not_understood"),
        (301, "", TryLater, "letter.not_understood"),
        (202, "", Unknown, "letter.outcome_unknown"),  # who says yes may have it
        (204, "", Unknown, "letter.outcome_unknown"),
        (429, "", TryLater, "letter.busy"),
        (503, "", TryLater, "letter.busy"),
        (500, "", Unknown, "letter.outcome_unknown"),
        (502, "<html>", Unknown, "letter.outcome_unknown"),
        (504, "", Unknown, "letter.outcome_unknown"),
        (200, "<html>log in", Unknown, "letter.outcome_unknown"),
        (201, "{}", Unknown, "letter.outcome_unknown"),
        (201, "[" * 100_000, Unknown, "letter.outcome_unknown"),
        (201, f'{{"number": "{"7" * 2_000_000}"}}', Unknown, "letter.outcome_unknown"),
        (201, '{"number": "\\ud800"}', Sent, "letter.accepted"),
        (422, '{"text": "\\ud800"}', Refused, "letter.refused"),
        (200, '{"number": "L-7"}', Sent, "letter.accepted"),
    ],
)
async def test_what_an_answer_means(status: int, text: str, kind: type, expected: str) -> None:
    async with answering(status=status, text=text) as url:
        channel = Letter(LetterSettings(url, "token"))
        outcome = await channel.deliver(letter())
        await channel.close()
    assert (type(outcome), code(outcome)) == (kind, expected)
    if isinstance(outcome, TryLater | Unknown):
        assert outcome.answered is not (status in (401, 403, 429) or status >= 500)
    assert url not in outcome.verdict.public_text
    assert outcome.verdict.text.encode(), "a store can keep it"
    assert outcome.evidence[1].content.startswith(f"HTTP/1.1 {status} ".encode())


async def test_an_answer_in_latin_1() -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"--\r\n")  # the end of the job
        writer.write(b"HTTP/1.1 422 Fel p\xe5 adressen\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(say, "127.0.0.1", 0, limit=10**6) as server:
        channel = Letter(
            LetterSettings(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", "")
        )
        outcome = await channel.deliver(letter())
        await channel.close()
    assert code(outcome) == "letter.refused"
    assert outcome.verdict.text.encode().startswith(b"HTTP 422: Fel p\\udce5")
    assert outcome.evidence[1].content.startswith(b"HTTP/1.1 422 Fel p\xe5 adressen\r\n")


async def test_a_page_of_reports_that_leads_to_itself_ends() -> None:
    line = '{"id": "R-\\ud800", "job": "8a6e0804-2bd0-5672-b79d-d97027f9071a", "reason": ["moved"]'
    page = f'{{"reports": [{line}, "state": "returned", "at": ""}}], "next": "1"}}'
    async with answering(text=page) as url:
        channel = Letter(LetterSettings(url, "token"))
        first, second = await reports(channel)  # from the start, and from where that led
        assert [report.id for report in await reports(channel)] == [first.id] == [second.id]
        await channel.close()
    assert first.id.encode() and first.outcome.verdict.text.encode()


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("30", timedelta(seconds=30)),
        ("9999999", timedelta(days=1)),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("9" * 400, None),
    ],
)
async def test_when_to_come_back_is_read_with_care(header: str, after: timedelta | None) -> None:
    async with answering(status=503, headers={"Retry-After": header}) as url:
        channel = Letter(LetterSettings(url, "token"))
        outcome = await channel.deliver(letter())
        await channel.close()
    assert isinstance(outcome, TryLater)
    assert outcome.after == after


async def test_a_redirect_is_not_followed_with_the_token(house: Sandbox) -> None:
    async with answering(status=307, headers={"Location": f"{house.url}/jobs/x"}) as url:
        channel = Letter(LetterSettings(url, house.token))
        outcome = await channel.deliver(letter())
        await channel.close()
    assert code(outcome) == "letter.not_understood"
    assert house.jobs == {}


async def test_a_print_house_that_stops_reading_does_not_have_it() -> None:
    """The last bytes never left: nothing was handed over, for certain."""
    stuck: list[asyncio.Transport] = []

    class Deaf(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            transport.pause_reading()
            stuck.append(transport)

    server = await asyncio.get_running_loop().create_server(Deaf, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    channel = Letter(LetterSettings(f"http://127.0.0.1:{port}", "token", answer_timeout_s=1))
    image = File("faktura.pdf", "application/pdf", pdf(1))
    bulk = File("bilaga.pdf", "application/pdf", pdf(1) + b"\n" * 30_000_000)
    outcome = await channel.deliver(replace(letter(), image=image, attachments=(bulk,)))
    await channel.close()
    server.close()
    for transport in stuck:
        transport.abort()
    assert stuck
    assert isinstance(outcome, TryLater)
    assert code(outcome) == "letter.timeout"


# --- reports ----------------------------------------------------------------------------------


async def test_a_letter_is_printed_then_posted(
    house: Sandbox, channel: Letter, clock: MovableClock
) -> None:
    given = letter()
    await channel.deliver(given)
    assert await reports(channel) == []
    clock.move(timedelta(seconds=1))
    (printed,) = await reports(channel)
    assert (printed.key, type(printed.outcome)) == (given.key, Sent)
    assert code(printed.outcome) == "letter.produced"
    clock.move(timedelta(seconds=1))
    (posted,) = await reports(channel)
    assert (posted.key, type(posted.outcome)) == (given.key, Delivered)
    assert code(posted.outcome) == "letter.posted"
    assert await reports(channel) == []


async def test_a_letter_comes_back(channel: Letter, clock: MovableClock) -> None:
    await channel.deliver(letter("return"))
    clock.move(timedelta(seconds=10))
    found = await reports(channel)
    assert [code(report.outcome) for report in found] == [
        "letter.produced",
        "letter.posted",
        "letter.returned",
    ]
    back = found[-1].outcome
    assert isinstance(back, Refused)
    assert "The addressee has moved" in back.verdict.text
    assert back.verdict.public_text == "The letter came back."
    (evidence,) = back.evidence
    assert (evidence.kind, evidence.at) == ("report", clock.now())


async def test_a_letter_is_rejected_after_all(channel: Letter, clock: MovableClock) -> None:
    await channel.deliver(letter("reject"))
    clock.move(timedelta(seconds=10))
    (report,) = await reports(channel)
    assert isinstance(report.outcome, Refused)
    assert code(report.outcome) == "letter.rejected"


async def test_by_command(house: Sandbox, channel: Letter) -> None:
    given = letter()
    await channel.deliver(given)
    house.report(given.key, JobState.RETURNED, "No such person.")
    (report,) = await reports(channel)
    assert code(report.outcome) == "letter.returned"


async def test_any_post_code_can_be_told_to_misbehave(house: Sandbox, channel: Letter) -> None:
    house.behave("222 33", Behaviour.BAD_ADDRESS)
    assert code(await channel.deliver(letter())) == "letter.bad_address"


async def test_norwegian_post_codes_have_their_magic(channel: Letter) -> None:
    assert RECIPIENT.postal_address is not None
    address = replace(RECIPIENT.postal_address, post_code="9999", country="NO")
    given = replace(letter(), recipient=replace(RECIPIENT, postal_address=address))
    assert code(await channel.deliver(given)) == "letter.bad_address"


async def test_more_reports_than_a_page(
    house: Sandbox, channel: Letter, clock: MovableClock
) -> None:
    for n in range(120):
        await channel.deliver(replace(letter("accept", str(n)), attachments=()))
    clock.move(timedelta(seconds=10))
    found = await reports(channel)
    assert len(found) == 240
    assert len({report.id for report in found}) == 240


async def test_after_a_restart_the_same_reports_have_the_same_ids(
    house: Sandbox, channel: Letter, clock: MovableClock
) -> None:
    await channel.deliver(letter())
    clock.move(timedelta(seconds=10))
    before = await reports(channel)
    restarted = Letter(LetterSettings(house.url, house.token), now=clock.now)
    assert await reports(restarted) == before
    await restarted.close()


async def test_a_round_that_breaks_off_loses_no_report(
    house: Sandbox, channel: Letter, clock: MovableClock
) -> None:
    await channel.deliver(letter())
    clock.move(timedelta(seconds=10))
    source = channel.collect()
    first = await anext(source)
    await source.aclose()  # the gateway stopped before it had taken this one
    assert (await reports(channel))[0] == first


async def test_a_report_in_words_that_are_newer_than_we_are(clock: MovableClock) -> None:
    line = (
        '{"id": "R-1", "job": "8a6e0804-2bd0-5672-b79d-d97027f9071a", '
        '"state": "carried_by_drone", "at": "2026-11-21T12:00:00+00:00"}'
    )
    page = f'{{"reports": [{line}], "next": "1"}}'
    async with answering(text=page) as url:
        channel = Letter(LetterSettings(url, "token"), now=clock.now)
        report = await anext(channel.collect())
        await channel.close()
    assert isinstance(report, Report)
    assert isinstance(report.outcome, Sent)
    assert code(report.outcome) == "letter.reported"
    assert "carried_by_drone" in report.outcome.verdict.text


@pytest.mark.parametrize("text", ["", "<html>", "[]", '{"reports": {}, "next": ""}'])
async def test_reports_that_can_not_be_read(text: str) -> None:
    async with answering(text=text) as url:
        channel = Letter(LetterSettings(url, "token"))
        with pytest.raises(NotCollected):
            await reports(channel)
        await channel.close()


# --- the sandbox itself -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/jobs/not-a-key", b""),
        ("/jobs/8a6e0804-2bd0-5672-b79d-d97027f9071a", b""),
        ("/jobs/8a6e0804-2bd0-5672-b79d-d97027f9071a", b"{}"),
    ],
)
async def test_the_sandbox_refuses_what_is_not_in_the_format(
    house: Sandbox, path: str, body: bytes
) -> None:
    import aiohttp

    headers = {"Authorization": f"Bearer {house.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.put(house.url + path, data=body) as answer,
    ):
        assert answer.status == 400
        assert (await answer.json())["code"] == "malformed"
