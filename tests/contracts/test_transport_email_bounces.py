"""What comes back by e-mail: through a real mailbox, into reports, each once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
import structlog

from gateway.clock import MovableClock
from gateway.store.register import StoredRegister
from gateway.store.sqlite import SqliteStore
from tests.contracts.case import NOW, RECIPIENT, envelope
from tests.contracts.channel_email import SECRET, secret, settings
from tests.contracts.transports import until
from transports.base import Delivered, NotCollected, Refused, Report, Sent
from transports.email import return_path
from transports.email.driver import Email, EmailSettings
from transports.email.mailbox import HEAD_BYTES
from transports.email.sandbox import Sandbox

MINUTE = timedelta(minutes=1)


class House:
    """A channel, its sandbox, and what it remembers."""

    def __init__(self, server: Sandbox, register: StoredRegister, clock: MovableClock) -> None:
        self.server = server
        self.register = register
        self.clock = clock
        self.settings = settings(server)
        self.channel = self.driver()

    def driver(self, own: EmailSettings | None = None) -> Email:
        return Email(
            own or self.settings, now=self.clock.now, secret=secret, register=self.register
        )

    async def send(self, word: str) -> UUID:
        """Sends to the recipient that makes the sandbox do `word`."""
        one = envelope(RECIPIENT, f"{word}@bageri.example", word)
        outcome = await self.channel.deliver(one)
        assert outcome.verdict.code == "email.sent"
        return one.key

    async def collect(self, channel: Email | None = None) -> list[Report]:
        """What comes a minute later."""
        self.clock.move(MINUTE)
        return [item async for item in (channel or self.channel).collect()]

    def in_folder(self, name: str) -> int:
        return len(self.server.mailbox.folders[name].messages)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    clock = MovableClock(NOW)
    store = await SqliteStore.open(tmp_path)
    async with Sandbox(now=clock.now) as server:
        house = House(server, StoredRegister(store, clock, "email"), clock)
        yield house
        await house.channel.close()
        await until(lambda: not server.mailbox.open)
    await store.close()


@pytest.mark.parametrize(
    ("word", "kind", "code"),
    [
        ("bounce", Refused, "email.mailbox_unavailable"),
        ("overquota", Refused, "email.mailbox_full"),
        ("delayed", Sent, "email.delayed"),
        ("stuck", Sent, "email.delayed"),
        ("confirm", Delivered, "email.delivered"),
        ("away", Sent, "email.automatic_reply"),
    ],
)
async def test_what_is_said_later_is_told(house: House, word: str, kind: type, code: str) -> None:
    key = await house.send(word)
    (report,) = await house.collect()
    assert report.key == key
    assert (type(report.outcome), report.outcome.verdict.code) == (kind, code)
    (evidence,) = report.outcome.evidence
    assert evidence.content == house.server.mailbox.folders["Taken"].messages[0].content
    assert "bageri" not in report.outcome.verdict.public_text
    assert (house.in_folder("INBOX"), house.in_folder("Taken")) == (0, 1)


async def test_it_is_told_once(house: House) -> None:
    for word in ("bounce", "overquota", "away"):
        await house.send(word)
    assert len(await house.collect()) == 3
    assert await house.collect() == []
    after_restart = house.driver()
    assert await house.collect(after_restart) == []


async def test_a_message_whose_report_was_not_kept_comes_again_by_the_same_name(
    house: House,
) -> None:
    for word in ("bounce", "overquota"):
        await house.send(word)
    house.clock.move(MINUTE)
    collecting = house.channel.collect()
    first = await anext(collecting)
    await collecting.aclose()  # type: ignore[attr-defined]  # as when the gateway dies
    assert house.in_folder("INBOX") == 2, "nothing was put aside"
    again = await house.collect(house.driver())
    assert again[0].id == first.id
    assert len({report.id for report in again}) == 2


async def test_what_was_taken_and_not_put_aside_is_not_told_again(house: House) -> None:
    """A crash between the two: the place is what counts."""
    own = replace(house.settings.bounces.mailbox, done_folder=None)
    flagging = house.driver(
        replace(house.settings, bounces=replace(house.settings.bounces, mailbox=own))
    )
    await house.send("bounce")
    assert len(await house.collect(flagging)) == 1
    (kept,) = house.server.mailbox.inbox.messages
    assert kept.flags == {r"\Seen"}
    kept.flags.clear()
    await house.send("overquota")
    (report,) = await house.collect(house.driver(replace(house.settings)))
    assert report.outcome.verdict.code == "email.mailbox_full"


async def test_numbers_that_were_given_out_anew_are_read_anew(house: House) -> None:
    own = replace(house.settings.bounces.mailbox, done_folder=None)
    flagging = house.driver(
        replace(house.settings, bounces=replace(house.settings.bounces, mailbox=own))
    )
    await house.send("bounce")
    (first,) = await house.collect(flagging)
    house.server.mailbox.inbox.messages.insert(0, house.server.mailbox.inbox.messages.pop())
    await house.send("overquota")
    house.server.mailbox.before_reading()
    house.server.mailbox.inbox.messages.reverse()
    house.server.mailbox.inbox.renumber()
    told = await house.collect(flagging)
    assert {report.outcome.verdict.code for report in told} == {
        "email.mailbox_unavailable",
        "email.mailbox_full",
    }
    assert first.id in {report.id for report in told}, "the gateway knows it by that"


async def test_of_two_processes_one_looks(house: House) -> None:
    await house.send("bounce")
    house.clock.move(MINUTE)
    other = house.driver()

    async def all_of(channel: Email) -> list[Report]:
        return [item async for item in channel.collect()]

    told = await asyncio.gather(all_of(house.channel), all_of(other))
    assert sorted(len(reports) for reports in told) == [0, 1]
    assert house.server.mailbox.logins == 1


async def test_it_looks_no_more_often_than_it_was_told(house: House) -> None:
    house.clock.move(MINUTE)
    for _ in range(3):
        assert [item async for item in house.channel.collect()] == []
    assert house.server.mailbox.logins == 1


# --- delays -----------------------------------------------------------------------------------


async def test_a_delay_that_ends_in_failure(house: House) -> None:
    key = await house.send("delayed")
    assert [report.outcome.verdict.code for report in await house.collect()] == ["email.delayed"]
    house.clock.move(timedelta(days=1))
    (report,) = await house.collect()
    assert isinstance(report.outcome, Refused)
    assert (report.key, report.outcome.verdict.code) == (key, "email.given_up")
    house.clock.move(timedelta(days=9))
    assert await house.collect() == [], "the failure ended the delay"


async def test_a_delay_that_nothing_ends_is_a_failure_after_three_days(house: House) -> None:
    key = await house.send("stuck")
    await house.collect()
    house.clock.move(timedelta(days=3) - 2 * MINUTE)
    assert await house.collect() == []
    house.clock.move(2 * MINUTE)
    (report,) = await house.collect()
    assert isinstance(report.outcome, Refused)
    assert (report.key, report.outcome.verdict.code) == (key, "email.given_up")
    assert "3 days" in report.outcome.verdict.text
    assert await house.collect() == []


# --- what is left in the mailbox --------------------------------------------------------------


async def left(house: House, event: str) -> dict[str, object]:
    with structlog.testing.capture_logs() as logs:
        assert await house.collect() == []
        assert await house.collect() == [], "it is told once"
    (line,) = logs
    assert line["event"] == event
    assert (house.in_folder("INBOX"), house.in_folder("Taken")) == (1, 0)
    return dict(line)


async def test_a_forged_notice_is_ignored_and_told(house: House) -> None:
    await house.send("forge")
    line = await left(house, "email_notice_forged")
    assert line["uid"] == 1


async def test_what_a_person_writes_stays(house: House) -> None:
    key = await house.send("accept")
    to = return_path.write(SECRET, key, "bounce.gateway.example")
    house.server.mailbox.inbox.add(f"From: a@b.example\r\nTo: {to}\r\n\r\nHi!\r\n".encode())
    await left(house, "email_notice_not_understood")


async def test_a_broken_notice_stays(house: House) -> None:
    await house.send("bounce")
    house.server.mailbox.before_reading()
    (kept,) = house.server.mailbox.inbox.messages
    kept.content = kept.content.replace(b"Action: failed", b"Action: eaten")
    line = await left(house, "email_notice_not_understood")
    assert line["why"] == "a notice of an unknown action"


async def test_a_notice_about_somebody_elses_message_stays(house: House) -> None:
    await house.send("bounce")
    house.server.mailbox.before_reading()
    (kept,) = house.server.mailbox.inbox.messages
    key = envelope(RECIPIENT, "", "bounce").key
    to = return_path.write(SECRET, key, "bounce.gateway.example").encode()
    kept.content = kept.content.replace(to, b"postmaster@gateway.example")
    assert len(await house.collect()) == 1, "the message's own id names it as well"
    kept.content = kept.content.replace(str(key).encode(), b"not-ours")
    kept.content = kept.content.replace(b"=_", b"=-")  # other bytes are another message
    house.server.mailbox.folders["Taken"].messages.clear()
    house.server.mailbox.inbox.add(kept.content)
    await left(house, "email_notice_of_nothing_known")


async def test_of_a_message_that_only_names_its_id_arrival_is_no_proof(house: House) -> None:
    key = await house.send("confirm")
    house.server.mailbox.before_reading()
    (kept,) = house.server.mailbox.inbox.messages
    to = return_path.write(SECRET, key, "bounce.gateway.example").encode()
    kept.content = kept.content.replace(to, b"postmaster@gateway.example")
    (report,) = await house.collect()
    assert isinstance(report.outcome, Sent)
    assert report.outcome.verdict.code == "email.relayed"


async def test_of_a_large_message_only_the_head_is_read(house: House) -> None:
    await house.send("bounce")
    house.server.mailbox.before_reading()
    (kept,) = house.server.mailbox.inbox.messages
    kept.content += b"x" * (3 * HEAD_BYTES)
    (report,) = await house.collect()
    (evidence,) = report.outcome.evidence
    assert evidence.content == kept.content[:HEAD_BYTES]


# --- the mailbox ------------------------------------------------------------------------------


@pytest.mark.parametrize("capabilities", [set(), {"UIDPLUS"}, {"MOVE"}])
async def test_a_server_that_can_less(house: House, capabilities: set[str]) -> None:
    house.server.mailbox.capabilities = capabilities
    for word in ("bounce", "overquota"):
        await house.send(word)
    assert len(await house.collect()) == 2
    assert house.in_folder("Taken") == 2
    gone = [kept for kept in house.server.mailbox.inbox.messages if not kept.flags]
    assert gone == []
    assert await house.collect() == []


async def said_of_the_mailbox(house: House) -> str:
    house.clock.move(MINUTE)
    with pytest.raises(NotCollected) as caught:
        [item async for item in house.channel.collect()]
    verdict = caught.value.verdict
    assert verdict.code == "email.bounces_unavailable"
    assert "sandbox" not in verdict.public_text and "127.0.0.1" not in verdict.public_text
    return verdict.text


async def test_a_wrong_password_is_told_and_not_shown(house: House) -> None:
    house.server.mailbox.password = "another"
    text = await said_of_the_mailbox(house)
    assert "wrong name or password" in text
    assert "another" not in text and house.settings.bounces.mailbox.password not in repr(
        house.settings
    )


async def test_a_folder_that_is_not_there_is_told(house: House) -> None:
    del house.server.mailbox.folders["INBOX"]
    assert "no folder INBOX" in await said_of_the_mailbox(house)


async def test_a_folder_to_move_to_that_is_not_there_is_told(house: House) -> None:
    await house.send("bounce")
    del house.server.mailbox.folders["Taken"]
    house.clock.move(MINUTE)
    told = []
    with pytest.raises(NotCollected, match="Taken"):
        async for item in house.channel.collect():
            told.append(item)
    assert len(told) == 1


async def test_a_server_that_says_nothing_is_given_up(house: House) -> None:
    house.server.mailbox.silent = True
    own = replace(house.settings.bounces.mailbox, timeout_s=3)
    house.channel = house.driver(
        replace(house.settings, bounces=replace(house.settings.bounces, mailbox=own))
    )
    assert "timed out" in await said_of_the_mailbox(house)


async def test_reading_can_be_broken_off(house: House) -> None:
    house.server.mailbox.silent = True
    house.clock.move(MINUTE)

    async def collect() -> None:
        async for _ in house.channel.collect():
            pass

    under_way = asyncio.create_task(collect())
    await until(lambda: bool(house.server.mailbox.open))
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way
    await until(lambda: not house.server.mailbox.open)
