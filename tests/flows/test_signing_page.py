"""The page where whoever was invited signs with BankID: what it shows, and to whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from gateway.store.verifications import Verified
from gateway.trust.signing.sandbox.people import BY_NUMBER, Conduct
from gateway.trust.verification.states import Asking, Standing
from gateway.trust.verification.verbs import Seen
from tests.flows.office import COMPANY, Office, open_office, person

NUMBER = {conduct: number for number, conduct in BY_NUMBER.items()}
SECOND = timedelta(seconds=1)


@dataclass
class Browser:
    """Whoever opens the link."""

    office: Office
    session: aiohttp.ClientSession
    url: str
    path: str = ""

    async def get(self, path: str | None = None) -> tuple[int, str]:
        async with self.session.get(self.url + (path or self.path)) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str | None = None) -> tuple[int, str]:
        async with self.session.post(self.url + (path or self.path)) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[Browser]:
    async with open_office(tmp_path) as office, aiohttp.ClientSession() as session:
        app = web.Application()
        app.add_routes(office.page.routes())
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Browser(office, session, f"http://127.0.0.1:{runner.addresses[0][1]}")
        await runner.cleanup()


async def invited(browser: Browser, conduct: Conduct = Conduct.SIGNS) -> None:
    """Somebody is, and the browser has the link out of the mail."""
    who = person(number=NUMBER.get(conduct, ""))
    done = await browser.office.verbs.ask(COMPANY.id, who, signer="bankid", actor="x")
    assert isinstance(done, Seen)
    await browser.office.work()
    mails = await browser.office.mails()
    (link,) = [word for word in mails[-1][2].split() if "/sign/" in word]
    browser.path = "/sign/" + link.partition("/sign/")[2]


async def test_opening_it_begins_nothing(browser: Browser) -> None:
    await invited(browser)
    ((to, subject, _),) = await browser.office.mails()
    assert (to, subject) == ("astrid@fjarden.example", "Skriv under för Fjärden AB")
    status, page = await browser.get()
    assert status == 200 and "Fjärden AB" in page and "Åsa Öst" in page
    assert "<svg" not in page and "refresh" not in page and "<script" not in page
    assert browser.office.bankid.orders == {}


async def test_the_button_begins_and_the_code_changes(browser: Browser) -> None:
    await invited(browser, Conduct.SLOW)
    status, first = await browser.post()
    assert status == 200 and "<svg" in first and "refresh" in first
    browser.office.clock.move(SECOND)
    _, second = await browser.get()
    assert first.partition("<svg")[2] != second.partition("<svg")[2]
    await browser.post()  # once more is the same order
    assert len(browser.office.bankid.orders) == 1
    for _ in range(5):
        await browser.office.later(2 * SECOND)
    assert (await browser.office.row()).standing is Standing.VERIFIED
    status, page = await browser.get()
    assert status == 200 and "underskrivet" in page and "<svg" not in page


async def test_the_hint_follows_the_person(browser: Browser) -> None:
    await invited(browser, Conduct.PENDING)
    await browser.post()
    await browser.office.later(2 * SECOND)
    await browser.office.later(2 * SECOND)
    _, page = await browser.get()
    assert "Söker efter ditt BankID" in page
    await browser.office.later(timedelta(minutes=3))  # the order is over, the request is not
    status, page = await browser.get()
    assert status == 200 and "Det tog för lång tid" in page and "<svg" not in page
    await browser.post()
    assert len(browser.office.bankid.orders) == 2


async def test_who_cancels_in_the_app_has_declined(browser: Browser) -> None:
    await invited(browser, Conduct.DECLINES)
    await browser.post()
    for _ in range(3):
        await browser.office.later(2 * SECOND)
    assert (await browser.office.row()).asking is Asking.DECLINED
    assert "Du har tackat nej" in (await browser.get())[1]


async def test_the_other_button_declines(browser: Browser) -> None:
    await invited(browser, Conduct.PENDING)
    await browser.post()
    status, page = await browser.post(f"{browser.path}/decline")
    assert status == 200 and "Du har tackat nej" in page
    await browser.office.work()
    (order,) = browser.office.bankid.orders.values()
    assert order.state == "failed", "and the order is taken back"
    await browser.post()
    assert len(browser.office.bankid.orders) == 1


async def test_bankid_that_is_away_is_told(browser: Browser) -> None:
    await invited(browser)
    browser.office.bankid.available = False
    status, page = await browser.post()
    assert status == 200 and "kunde inte nås" in page and "<svg" not in page
    browser.office.bankid.available = True
    assert "<svg" in (await browser.post())[1]


async def test_whatever_is_wrong_with_a_link_the_answer_is_the_same(browser: Browser) -> None:
    await invited(browser)
    company, _, secret = browser.path.removeprefix("/sign/").partition(".")
    last = "A" if secret[-1] != "A" else "B"
    nobody = "com_01900000-0000-7000-8000-ffffffffffff"
    wrong = [f"{company}.{secret[:-1]}{last}", f"{nobody}.{secret}", company, f"{company}.", "x"]
    pages = {await browser.get(f"/sign/{token}") for token in wrong}
    await browser.office.verbs.forward(COMPANY.id, person("nils"), actor="x")
    pages.add(await browser.get())  # it was somebody else's turn by then
    await browser.office.work()
    pages.add(await browser.get())
    assert len(pages) == 1 and pages.pop()[0] == 404


async def test_a_link_ends_with_its_time(browser: Browser) -> None:
    await invited(browser, Conduct.PENDING)
    browser.office.clock.move(timedelta(days=14))
    assert (await browser.get())[0] == 404
    assert (await browser.post())[0] == 404


async def test_nobody_may_try_as_often_as_they_like(browser: Browser) -> None:
    await invited(browser)
    asked = [await browser.get("/sign/x") for _ in range(121)]
    assert asked[-1][0] == 429 and asked[0][0] == 404
    browser.office.clock.move(timedelta(minutes=1))
    assert (await browser.get())[0] == 200


async def test_the_invitation_that_is_sent_again_has_the_same_link(browser: Browser) -> None:
    await invited(browser, Conduct.PENDING)
    await browser.office.verbs.resend(COMPANY.id, actor="x")
    await browser.office.work()
    mails = await browser.office.mails()
    assert len(mails) == 2 and len({text for _, _, text in mails}) == 1


async def test_two_who_begin_at_once_follow_one_order(browser: Browser) -> None:
    await invited(browser, Conduct.SLOW)
    pages = await asyncio.gather(browser.post(), browser.post())
    assert [status for status, _ in pages] == [200, 200]
    request = await browser.office.request()
    known: Any = request.order
    for _ in range(6):
        await browser.office.later(2 * SECOND)
    assert not known or known["ref"] in browser.office.bankid.orders


async def test_a_name_is_text_on_the_page(browser: Browser) -> None:
    evil = replace(COMPANY, name='<script>alert(1)</script> & "AB"')
    await browser.office.store.add_company(evil, browser.office.clock.now())
    await invited(browser)
    _, page = await browser.get()
    assert "<script" not in page and "&lt;script&gt;" in page


async def test_a_request_whose_key_was_deleted_is_there_no_more(browser: Browser) -> None:
    await invited(browser)
    office = browser.office
    row = replace(await office.row(), request=b"9:no such key")
    assert await office.store.put_verification(Verified(row), office.clock.now())
    assert (await browser.get())[0] == 404
