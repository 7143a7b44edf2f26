"""What is too large for an e-mail goes as a link, and what the page behind it lets anybody do."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.api.link_pages import LinkPages
from gateway.delivery.links import Linking, leg_of, link_secret, newest, revoke, token
from gateway.delivery.worker import Worker
from gateway.events import Type
from gateway.lifecycle import State
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Submission
from tests.flows.house import RECEIVER, SENDER, House, invoice
from tests.flows.test_logo import logo
from transports.email.connections import Relay, Tls
from transports.email.driver import Email, EmailSettings

DAY = timedelta(days=1)
LARGE = b"%PDF-1.7 " + b"x" * 50_000
NAME = 'Större "bilaga".pdf'

Page = TestClient[web.Request, web.Application]


async def submit(house: House, *, email: str, linking: Linking | None) -> str:
    relay = Relay("127.0.0.1", house.mail.port, tls=Tls.NONE)
    settings = EmailSettings(relay, "faktura@gateway.example", files_limit_bytes=50_000)
    house.transports["email"] = Email(settings, now=house.clock.now)
    house.worker = Worker(house.store, house.transports, house.clock, linking=linking)
    body = json.dumps(invoice(email=email)).encode()
    parts = [
        NewPart(Role.ORIGINAL, "invoice.json", "application/json", body),
        NewPart(Role.ATTACHMENT, NAME, "text/html", LARGE),
    ]
    document_id = new_id("doc")
    await house.store.accept(
        Submission(document_id, SENDER.id, "application/json", parts, {}), house.clock.now()
    )
    await house.work()
    return document_id


def bodies(house: House) -> list[str]:
    return [
        str(message.message.get_body(("plain",)).get_content())  # type: ignore[union-attr]
        for message in house.mail.received
    ]


def path_in(body: str) -> str:
    (path,) = re.findall(r"^https://bills\.example(/d/\S+)$", body.replace("\r", ""), re.M)
    return str(path)


@pytest.fixture
async def linking(house: House) -> Linking:
    return Linking("https://bills.example/", 90, await link_secret(house.store))


@pytest.fixture
async def pages(house: House, linking: Linking) -> AsyncIterator[Callable[..., Any]]:
    """Opens the outer listener's pages, as they are set up."""
    clients: list[Page] = []

    async def serve(**settings: int) -> Page:
        app = web.Application()
        made = LinkPages(house.store, house.clock, linking.secret, **settings)
        app.add_routes(made.routes())
        client = TestClient(TestServer(app))
        await client.start_server()
        clients.append(client)
        return client

    yield serve
    for client in clients:
        await client.close()


@pytest.fixture
async def linked(house: House, linking: Linking) -> tuple[str, str]:
    """A document that went out with a link, and the path of that."""
    document_id = await submit(house, email="kund@customer.example", linking=linking)
    await house.is_in(document_id, State.SENT)
    (body,) = bodies(house)
    return document_id, path_in(body)


async def told(house: House, document_id: str) -> list[str]:
    events = await house.events(document_id)
    return [str(event.data["code"]) for event in events if event.type == Type.OPENED]


# --- the e-mail ---------------------------------------------------------------------------------


async def test_the_e_mail_has_the_link_and_no_file(house: House, linked: tuple[str, str]) -> None:
    document_id, _ = linked
    (message,) = house.mail.received
    assert [part.get_filename() for part in message.message.walk()] == [None]
    assert len(await house.parts(document_id, Role.LINK)) == 1
    (event,) = [e for e in await house.events(document_id) if e.type == Type.LINKED]
    assert (event.data["channel"], event.data["code"]) == ("email", "link.made")
    assert event.data["files"] == ["invoice.pdf", NAME]


async def test_without_links_it_is_refused(house: House) -> None:
    document_id = await submit(house, email="kund@customer.example", linking=None)
    assert "email.too_large" in [a.code for a in await house.attempts(document_id)]


async def test_every_attempt_has_the_same_link(house: House, linking: Linking) -> None:
    document_id = await submit(house, email="later+1@customer.example", linking=linking)
    assert ("email", "try_later") in await house.tries(document_id)
    before = [p for p in await house.parts(document_id, Role.EVIDENCE) if p.name == "request"]
    house.worker = Worker(
        house.store, house.transports, house.clock, linking=replace(linking, days=1)
    )
    await house.later(timedelta(hours=1))
    await house.is_in(document_id, State.SENT)
    after = [p for p in await house.parts(document_id, Role.EVIDENCE) if p.name == "request"]
    assert len(after) == 2 and {p.sha256 for p in after} == {p.sha256 for p in before}
    assert (await house.told(document_id)).count("document.linked") == 1


# --- the page -----------------------------------------------------------------------------------


async def test_the_page_shows_the_invoice_and_its_files(
    house: House, linked: tuple[str, str], pages: Any
) -> None:
    document_id, path = linked
    page = await pages()
    answer = await page.get(path)
    text = await answer.text()
    assert answer.status == 200
    assert "F-1" in text and "Större &#34;bilaga&#34;.pdf" in text
    assert "<script" not in text and "http" not in text.replace("https://", "http").split("<nav")[0]
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'unsafe-hashes' 'sha256-")
    assert "unsafe-inline" not in policy and "frame-ancestors 'none'" in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "noindex" in answer.headers["X-Robots-Tag"]
    assert "no-store" in answer.headers["Cache-Control"]

    hrefs = re.findall(r'href="([^"]+)"', text)
    assert len(hrefs) == 2
    image, attachment = [await page.get(f"/d/{href}") for href in hrefs]
    assert await image.read() == await house.content(document_id, Role.IMAGE)
    assert await attachment.read() == LARGE
    assert attachment.headers["Content-Disposition"].startswith("attachment;")
    assert attachment.headers["X-Content-Type-Options"] == "nosniff"
    assert attachment.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert await told(house, document_id) == ["link.opened", "link.fetched", "link.fetched"]
    await house.is_in(document_id, State.SENT)


async def test_the_page_shows_the_logo(house: House, linked: tuple[str, str], pages: Any) -> None:
    _, path = linked
    await house.store.set_logo(SENDER.id, await logo((300, 100)), house.clock.now())
    answer = await (await pages()).get(path)
    assert '<img src="data:image/png;base64,' in await answer.text()
    assert "; img-src data:;" in answer.headers["Content-Security-Policy"]


async def test_only_some_openings_a_day_are_told(
    house: House, linked: tuple[str, str], pages: Any
) -> None:
    document_id, path = linked
    page = await pages(told_a_day=2)
    for _ in range(4):
        assert (await page.get(path)).status == 200
    assert len(await told(house, document_id)) == 2
    house.clock.move(DAY)
    assert (await page.get(path)).status == 200
    assert len(await told(house, document_id)) == 3


# --- nothing to be learned ----------------------------------------------------------------------


async def test_what_opens_nothing_looks_all_the_same(
    house: House, linked: tuple[str, str], linking: Linking, pages: Any
) -> None:
    document_id, path = linked
    page = await pages(per_minute=1000)
    good = path.removeprefix("/d/")
    (leg,) = [leg for leg in (await house.legs(document_id)).values() if leg.channel == "email"]
    other = (await house.legs(document_id))["letter"]
    assert leg_of(linking.secret, good) == leg.key
    made_up = [
        good[:-2] + ("AA" if good[-2:] != "AA" else "BB"),
        good.swapcase(),
        good[:-1],
        good + "A",
        token(b"another key", leg.key),
        token(linking.secret, other.key),  # a leg that has no link
        token(linking.secret, UUID(int=7)),  # no leg at all
        "x" * 43,
        "%00",
        str(leg.key),
        document_id,
    ]
    answers = [await page.get(f"/d/{each}") for each in made_up]
    answers += [await page.get(f"/d/{each}/files/1") for each in made_up]
    answers += [await page.get(f"{path}/files/{n}") for n in ("0", "3", "-1", "1.0", "x", "٣")]
    (await page.get(path)).raise_for_status()
    house.clock.move(90 * DAY - timedelta(seconds=1))
    (await page.get(path)).raise_for_status()
    house.clock.move(timedelta(seconds=1))
    answers += [await page.get(path), await page.get(f"{path}/files/1")]
    seen = {
        (a.status, await a.text(), tuple((k, v) for k, v in a.headers.items() if k != "Date"))
        for a in answers
    }
    assert len(seen) == 1 and answers[0].status == 404, seen


async def test_a_link_that_is_taken_back_opens_nothing(
    house: House, linked: tuple[str, str], pages: Any
) -> None:
    document_id, path = linked
    page = await pages()
    given = (house.store, house.clock, SENDER.id, document_id, "wrong customer")
    assert await revoke(*given, actor="key:ledger")
    assert not await revoke(*given, actor="key:ledger"), "there is none left"
    assert [(await page.get(path)).status, (await page.get(f"{path}/files/1")).status] == [404, 404]
    assert (await house.told(document_id)).count("document.unlinked") == 1
    assert await told(house, document_id) == []


async def test_another_company_can_not_take_it_back(
    house: House, linked: tuple[str, str], pages: Any
) -> None:
    document_id, path = linked
    given = (house.store, house.clock, RECEIVER.id, document_id, "mine now")
    assert not await revoke(*given, actor="key:other")
    page = await pages()
    assert (await page.get(path)).status == 200
    contents = [await house.content(document_id, Role.LINK)]
    assert not any(record.revoked for record in newest(contents).values())


async def test_an_attempt_after_that_carries_no_dead_link(house: House, linking: Linking) -> None:
    document_id = await submit(house, email="later+1@customer.example", linking=linking)
    given = (house.store, house.clock, SENDER.id, document_id, "wrong customer")
    assert await revoke(*given, actor="key:ledger")
    await house.later(timedelta(hours=1))
    assert "email.too_large" in [a.code for a in await house.attempts(document_id)]
    assert not house.mail.received


# --- how often ----------------------------------------------------------------------------------


async def test_who_comes_too_often_waits_a_minute(
    house: House, linked: tuple[str, str], pages: Any
) -> None:
    _, path = linked
    page = await pages(per_minute=3, proxies=1)
    statuses = []
    for n in range(5):
        answer = await page.get("/d/nothing", headers={"X-Forwarded-For": f"10.0.0.{n}, 192.0.2.1"})
        statuses.append(answer.status)
    assert statuses == [404, 404, 404, 429, 429]
    assert answer.headers["Retry-After"] == "60"
    elsewhere = {"X-Forwarded-For": "2001:db8::1"}
    assert (await page.get("/d/nothing", headers=elsewhere)).status == 404
    many = [
        (await page.get(path, headers={"X-Forwarded-For": f"198.51.100.{n}"})).status
        for n in range(5)
    ]
    assert many == [200, 200, 200, 429, 429], "one link from many addresses"
    house.clock.move(timedelta(minutes=1))
    assert (await page.get(path)).status == 200


@pytest.mark.parametrize(
    ("asked", "language"),
    [("sv-SE,sv;q=0.9", "sv"), ("no", "nb"), ("fi, nb;q=0.5", "nb"), ("", "en"), ("\xff,;=", "en")],
)
async def test_what_is_not_there_is_said_in_the_readers_language(
    pages: Any, asked: str, language: str
) -> None:
    page = await pages()
    answer = await page.get("/d/nothing", headers={"Accept-Language": asked})
    assert f'<html lang="{language}">' in await answer.text()


async def test_many_at_once_are_all_answered(linked: tuple[str, str], pages: Any) -> None:
    _, path = linked
    page = await pages()
    answers = await asyncio.gather(*(page.get(path) for _ in range(8)))
    assert {answer.status for answer in answers} == {200}
