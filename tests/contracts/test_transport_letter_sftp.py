"""What the letter channel keeps over SFTP beyond the contract: files, answers, a server's ways."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncssh
import pytest

from gateway.clock import MovableClock
from gateway.pdf.cover import draw
from tests.contracts.case import NOW, PATIENCE_S, RECIPIENT, envelope
from tests.contracts.channel_letter_sftp import POST_CODES
from transports.base import (
    Delivered,
    Envelope,
    NotCollected,
    Outcome,
    Refused,
    Report,
    Sent,
    TryLater,
    Unknown,
)
from transports.letter import files
from transports.letter.driver import Letter, LetterSettings
from transports.letter.enclosures import pages
from transports.letter.sandbox_sftp import Behaviour, Sandbox
from transports.letter.wire import Malformed
from transports.sftp import Server


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
async def house(clock: MovableClock) -> AsyncIterator[Sandbox]:
    async with Sandbox(now=clock.now) as house:
        yield house


@pytest.fixture
def channel(house: Sandbox, clock: MovableClock) -> Letter:
    return over_sftp(house.server, clock)


def over_sftp(server: Server, clock: MovableClock) -> Letter:
    settings = LetterSettings("", "", server=server, answer_timeout_s=PATIENCE_S)
    return Letter(settings, now=clock.now, draw=draw)


def letter(behaviour: Behaviour = Behaviour.ACCEPT, name: str = "") -> Envelope:
    assert RECIPIENT.postal_address is not None
    post_code = POST_CODES.get(behaviour, "222 33")
    address = replace(RECIPIENT.postal_address, post_code=post_code)
    to = replace(RECIPIENT, postal_address=address)
    return envelope(to, "address", name or behaviour)


def code(outcome: Outcome) -> str:
    return outcome.verdict.code


async def reports(channel: Letter) -> list[Report]:
    found = [item async for item in channel.collect()]
    assert all(isinstance(item, Report) for item in found)
    return found


async def test_a_job_is_its_pdfs_and_a_file_that_makes_it_one(
    house: Sandbox, channel: Letter
) -> None:
    given = replace(letter(), own_image=True)
    outcome = await channel.deliver(given)
    assert isinstance(outcome, Sent)
    assert outcome.reference == f"{given.key}.json"
    job = house.jobs[given.key]
    assert [pages(file.content) for file in job.submission.files] == [1, 1, 2]
    assert job.submission.job.pages == 4
    told = json.loads(job.body)
    assert [entry["name"][37:] for entry in told["files"]] == [
        "cover.pdf",
        "letter.pdf",
        "attachment-1.pdf",
    ]
    assert list((house.directory / "in").iterdir()) == []
    _, answer = outcome.evidence
    assert b"renamed in/" in answer.content


async def test_what_stays_behind_is_said(channel: Letter) -> None:
    outcome = await channel.deliver(replace(letter(), terms={"attachments": False}))
    assert code(outcome) == "letter.handed_over_without_attachments"


async def test_a_letter_is_taken_printed_and_posted(
    house: Sandbox, channel: Letter, clock: MovableClock
) -> None:
    given = letter()
    await channel.deliver(given)
    told = []
    for _ in range(3):
        told += await reports(channel)
        clock.move(timedelta(seconds=1))
    assert [(report.key, code(report.outcome)) for report in told] == [
        (given.key, "letter.accepted"),
        (given.key, "letter.produced"),
        (given.key, "letter.posted"),
    ]
    assert isinstance(told[-1].outcome, Delivered)
    assert await reports(channel) == []
    assert list((house.directory / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("behaviour", "last"),
    [(Behaviour.RETURN, "letter.returned"), (Behaviour.REJECT, "letter.rejected")],
)
async def test_a_letter_that_does_not_arrive(
    channel: Letter, clock: MovableClock, behaviour: Behaviour, last: str
) -> None:
    await channel.deliver(letter(behaviour))
    clock.move(timedelta(seconds=10))
    *_, report = await reports(channel)
    assert isinstance(report.outcome, Refused)
    assert code(report.outcome) == last


async def test_a_round_that_breaks_off_loses_no_report(
    channel: Letter, clock: MovableClock
) -> None:
    await channel.deliver(letter())
    clock.move(timedelta(seconds=10))
    source = channel.collect()
    first = await anext(source)
    await source.aclose()
    assert (await reports(channel))[0] == first


async def test_answers_that_can_not_be_read_keep_nobody_waiting_and_stay(
    house: Sandbox, channel: Letter, clock: MovableClock
) -> None:
    await channel.deliver(letter())
    for name, text in (
        ("a.json", "{"),
        ("b.txt", "hello"),
        ("c.json.tmp", "{"),
        ("d.json", " " * 1_048_577),
    ):
        (house.directory / "out" / name).write_text(text)
    told = []
    with pytest.raises(NotCollected, match=r"out/a\.json.*out/d\.json"):
        async for item in channel.collect():
            told.append(item)
    assert [code(report.outcome) for report in told] == ["letter.accepted"]
    left = sorted(path.name for path in (house.directory / "out").iterdir())
    assert left == ["a.json", "b.txt", "c.json.tmp", "d.json"]


async def test_after_trouble_the_same_letter_is_printed_once(
    house: Sandbox, channel: Letter
) -> None:
    for behaviour in (Behaviour.LOSE, Behaviour.DROP, Behaviour.DENY, Behaviour.FULL):
        given = letter(behaviour)
        first = await channel.deliver(given)
        assert isinstance(first, (Unknown, TryLater))
        assert isinstance(await channel.deliver(given), Sent)
        assert isinstance(await channel.deliver(given), Sent)
    assert len(house.jobs) == 4
    assert house.malformed == []


async def test_a_job_that_waits_to_be_taken_is_not_written_into(
    house: Sandbox, channel: Letter
) -> None:
    given = letter()
    await channel.deliver(given)
    path = house.directory / "in" / files.job_name(given.key)
    path.write_bytes(house.jobs[given.key].body)
    assert isinstance(await channel.deliver(given), Sent)
    assert [each.name for each in (house.directory / "in").iterdir()] == [path.name]
    path.write_bytes(b"another job")
    assert code(await channel.deliver(given)) == "letter.conflict"
    assert path.read_bytes() == b"another job"


async def test_a_server_that_is_another_or_knows_us_not(
    house: Sandbox, clock: MovableClock
) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    for changes, expected in (
        ({"host_key": other}, "letter.host_key"),
        ({"password": "wrong"}, "letter.login_refused"),
    ):
        outcome = await over_sftp(replace(house.server, **changes), clock).deliver(letter())
        assert isinstance(outcome, TryLater)
        assert (code(outcome), outcome.answered) == (expected, False)
    assert house.jobs == {}


async def test_answers_of_a_server_that_is_away_are_asked_for_again(
    house: Sandbox, channel: Letter
) -> None:
    await house.close()
    with pytest.raises(NotCollected) as raised:
        await reports(channel)
    assert raised.value.verdict.code == "letter.reports_unavailable"


async def test_a_job_comes_back_from_its_files_and_from_no_others(
    house: Sandbox, channel: Letter
) -> None:
    given = letter()
    await channel.deliver(given)
    kept = house.jobs[given.key]
    there = {name: file.content for name, file in files.names(given.key, kept.submission)}
    assert files.read(kept.body, there) == (given.key, kept.submission)
    first = min(there)
    for wrong in ({**there, first: b""}, {**there, first: there[first][::-1]}):
        with pytest.raises(Malformed):
            files.read(kept.body, wrong)
    for body in (b"", b"[]", b"{}", kept.body.replace(b"letter.pdf", b"latter.pdf")):
        with pytest.raises(Malformed):
            files.read(body, there)
