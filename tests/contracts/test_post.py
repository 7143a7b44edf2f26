"""Service mail over every store, through a real mail server."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.clock import MovableClock
from gateway.delivery.worker import Worker
from gateway.store.port import Store
from gateway.trust.post import GIVEN_UP, KEPT, KIND, Post, Posting
from tests.contracts.stores import MINUTE, NOW
from transports.base import Outcome, Sent
from transports.email.connections import Relay, Tls
from transports.email.driver import EmailSettings
from transports.email.sandbox import Behaviour, Sandbox
from transports.email.service import Note, ServiceMail

TO = "anna@kund.example"
LINK = "https://gateway.example/console/welcome/very-secret"


class PostOffice:
    """The post of a gateway, and the mail server behind it."""

    def __init__(self, store: Store, server: Sandbox) -> None:
        self.store, self.server = store, server
        self.clock = MovableClock(NOW)
        self.post = Post(store, self.clock)
        relay = Relay("127.0.0.1", server.port, Tls.NONE)
        self.mail = ServiceMail(EmailSettings(relay, "gateway@gateway.example"))
        self.posting = Posting(store, self.mail, self.clock)
        self.without = Posting(store, None, self.clock)

    async def send(self, subject: str = "Hej", key: str = "one", to: str = TO) -> None:
        await self.post.send(to, subject, f"Här är länken:\n\n{LINK}\n", key)

    async def work(self, later: timedelta = timedelta(), *, set_up: bool = True) -> None:
        """A new worker does what is due."""
        self.clock.move(later)
        handler = self.posting if set_up else self.without
        await Worker(self.store, {}, self.clock, handlers={KIND: handler}).run_due()

    async def jobs(self) -> int:
        counted = await self.store.counts(self.clock.now() + timedelta(days=400))
        return counted["jobs"]["due"]

    async def kept(self) -> bytes:
        """All that is left of mails."""
        rows = await self.store.register_entries(KIND, "", "mail", "", 100)
        return b"".join(row.data for row in rows)


class Killed(Exception):
    """The process is no more."""


class Dying:
    """Hands a mail over, and dies before anything is written down."""

    def __init__(self, mail: ServiceMail) -> None:
        self._mail = mail

    async def hand_over(self, note: Note) -> Outcome:
        assert isinstance(await self._mail.hand_over(note), Sent)
        raise Killed


@pytest.fixture
async def office(store: Store) -> AsyncIterator[PostOffice]:
    async with Sandbox() as server:
        made = PostOffice(store, server)
        yield made
        await made.mail.close()


@pytest.fixture
def logged() -> Any:
    with capture_logs() as entries:
        yield entries


async def test_it_goes_once_however_often_it_is_handed_in(office: PostOffice) -> None:
    await office.send()
    await office.send(subject="Other words, the same mail")
    await office.work()
    await office.send()
    await office.work(MINUTE)
    (one,) = office.server.received
    assert (one.recipient, one.message["Subject"]) == (TO, "Hej")
    assert one.message["Auto-Submitted"] == "auto-generated"
    assert one.message.get_content().splitlines() == ["Här är länken:", "", LINK]


async def test_mails_with_other_keys_go_too(office: PostOffice) -> None:
    await office.send(key="one")
    await office.send(key="two")
    await office.work()
    assert len({one.message["Message-ID"] for one in office.server.received}) == 2


async def test_nothing_is_kept_of_what_was_said(
    office: PostOffice, logged: list[MutableMapping[str, Any]]
) -> None:
    await office.send()
    assert LINK.encode() in await office.kept()
    await office.work()
    assert b"very-secret" not in await office.kept() and b"anna" not in await office.kept()
    assert "very-secret" not in str(logged) and "anna" not in str(logged)


async def test_a_server_that_says_later_gets_it_later(office: PostOffice) -> None:
    office.server.behave(TO, Behaviour.LATER)
    await office.send()
    await office.work()
    assert office.server.received == []
    await office.work(MINUTE)
    assert len(office.server.received) == 1


async def test_without_an_answer_to_the_dot_it_is_the_same_mail_that_goes_again(
    office: PostOffice,
) -> None:
    office.server.behave(TO, Behaviour.DROP)
    await office.send()
    await office.work()
    office.server.behave(TO, Behaviour.ACCEPT)
    await office.work(MINUTE)
    first, second = office.server.received
    assert first.content == second.content


async def test_a_crash_after_it_was_taken_sends_it_once_more(office: PostOffice) -> None:
    await office.send()
    (job,) = await office.store.claim("dies", office.clock.now(), 30, 1)
    with pytest.raises(Killed):
        await Posting(office.store, Dying(office.mail), office.clock)(job)
    await office.work(MINUTE)
    first, second = office.server.received
    assert first.message["Message-ID"] == second.message["Message-ID"]


async def test_a_crash_while_it_is_handed_in_leaves_nothing_stuck(office: PostOffice) -> None:
    await office.send()
    (row,) = await office.store.register_entries(KIND, "", "mail", "", 1)
    assert await office.store.drop_entries([row])  # as if the mail had never been written
    await office.work(MINUTE)
    assert office.server.received == [] and await office.jobs() == 0
    await office.send()
    await office.work()
    assert len(office.server.received) == 1


async def test_what_is_refused_for_good_ends(
    office: PostOffice, logged: list[MutableMapping[str, Any]]
) -> None:
    office.server.behave(TO, Behaviour.REFUSE)
    await office.send()
    await office.work()
    (told,) = [one for one in logged if one["event"] == "post_ended"]
    assert (told["state"], told["code"]) == ("refused", "email.mailbox_unavailable")
    assert await office.jobs() == 0


async def test_without_a_mail_server_it_waits_and_the_log_says_so(
    office: PostOffice, logged: list[MutableMapping[str, Any]]
) -> None:
    await office.send()
    await office.work(set_up=False)
    assert [one["set_up"] for one in logged if one["event"] == "post_not_set_up"] == ["[email]"]
    await office.work(timedelta(hours=1))
    assert len(office.server.received) == 1


async def test_after_three_days_it_is_given_up(
    office: PostOffice, logged: list[MutableMapping[str, Any]]
) -> None:
    await office.send()
    await office.work(set_up=False)
    await office.work(GIVEN_UP)
    assert office.server.received == [] and await office.jobs() == 0
    assert [one["state"] for one in logged if one["event"] == "post_ended"] == ["given_up"]


async def test_mails_of_long_ago_are_forgotten(office: PostOffice) -> None:
    await office.send()
    await office.work()
    office.clock.move(KEPT)
    assert await office.posting.sweep(office.clock.now()) is False
    assert await office.kept() == b""


@pytest.mark.parametrize("to", ["", "nobody", "a@b.example\r\nBcc: c@d.example", "a@b@c.example"])
async def test_what_is_no_address_is_refused(office: PostOffice, to: str) -> None:
    with pytest.raises(ValueError, match=re.escape(repr(to))):
        await office.send(to=to)
    assert await office.jobs() == 0


async def test_a_subject_starts_no_header_of_its_own(office: PostOffice) -> None:
    await office.send(subject="Hej\r\nBcc: spy@evil.example\r\n\r\nother text \ud800")
    await office.work()
    (one,) = office.server.received
    assert one.message["Bcc"] is None
    assert one.message["Subject"] == "Hej Bcc: spy@evil.example other text"
