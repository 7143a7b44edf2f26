"""The whole gateway with companies that have to be verified: refused, asked, signed, and back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from gateway.sandbox import RECEIVER, SENDER, UNVERIFIED, Sandbox
from gateway.trust.signing.sandbox.people import BY_NUMBER, Conduct
from gateway.trust.verification.request import Sealed
from gateway.trust.verification.standing import Terms
from gateway.trust.verification.verbs import Seen, Verbs
from schemas.identifiers import Participant
from tests.e2e.command import budkavle
from tests.e2e.invoices import submission

PATIENCE_S = 300
SLOW = next(number for number, conduct in BY_NUMBER.items() if conduct is Conduct.SLOW)
HERE = f"/v1/companies/{UNVERIFIED.company.id}/verification"


class Caller:
    """A ledger of one company."""

    def __init__(self, session: aiohttp.ClientSession, url: str, key: str) -> None:
        self._session = session
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}"}

    async def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        async with self._session.request(
            method, self._url + path, json=body, headers=self._headers
        ) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text.startswith("{") else text

    async def get(self, path: str) -> Any:
        status, body = await self.call("GET", path)
        assert status == 200, body
        return body


@pytest.fixture
async def up(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with Sandbox(tmp_path / "sandbox") as running, asyncio.timeout(PATIENCE_S):
        yield running


@pytest.fixture
async def callers(up: Sandbox) -> AsyncIterator[Callable[[str], Caller]]:
    async with aiohttp.ClientSession() as session:
        yield lambda key: Caller(session, up.gateway.url, key)


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """What it answers, once that is something."""
    while not (found := await look()):
        await asyncio.sleep(0.05)
    return found


async def standing(ledger: Caller, *, is_: str, request: str) -> Any:
    async def look() -> Any:
        found = await ledger.get(HERE)
        return found if (found["standing"], found["request"]["state"]) == (is_, request) else None

    return await until(look)


async def in_state(ledger: Caller, document_id: str, *states: str) -> Any:
    async def look() -> Any:
        found = await ledger.get(f"/v1/documents/{document_id}")
        return found if found["state"] in states else None

    return await until(look)


def own_invoice(number: str) -> dict[str, Any]:
    """One that the company that is not verified would send."""
    body = submission(number, email="accept@customer.example")
    name, (participant,) = UNVERIFIED.company.name, UNVERIFIED.company.participants
    value = participant.partition(":")[2]
    body["invoice"]["seller"] |= {
        "name": name,
        "legal_id": {"value": value, "scheme": "0007"},
        "vat_id": f"SE{value}01",
        "endpoint": {"value": value, "scheme": "0007"},
    }
    return body


async def signed_with_bankid(up: Sandbox, ledger: Caller) -> None:
    """Somebody signs on our page, for a company that goes on sending meanwhile."""
    asked = {
        "name": "Åsa Björk",
        "email": "asa@bjorkens.example",
        "personal_number": SLOW,
        "signer": "bankid",
    }
    assert (await ledger.call("POST", HERE, asked))[0] == 202

    async def link() -> str | None:
        for mail in up.mail.received:
            plain = mail.message.get_body(("plain",))
            text = plain.get_content() if plain is not None else ""
            for word in text.split():
                if word.startswith(f"{up.gateway.outer_url}/sign/"):
                    return word
        return None

    assert (await standing(ledger, is_="verified", request="asked"))["open"]
    where = await until(link)
    async with aiohttp.ClientSession() as browser:
        async with browser.get(where, headers={"Accept-Language": "sv"}) as shown:
            page = await shown.text()
            assert shown.status == 200 and "refresh" not in page
            assert "Björkens Bygg AB" in page and "Skriv under med BankID" in page
            assert "script-src" not in shown.headers["Content-Security-Policy"]
        assert up.partners.bankid.orders == {}, "opening it begins nothing"
        async with browser.get(where[:-1] + ("A" if where[-1] != "A" else "B")) as wrong:
            assert wrong.status == 404
        async with browser.post(where) as begun:
            assert begun.status == 200
        await standing(ledger, is_="verified", request="signed")
        async with browser.get(where) as after:
            assert "underskrivet" in await after.text()
        async with browser.post(where) as again:
            assert again.status == 200
    (order,) = up.partners.bankid.orders.values()
    assert order.person == SLOW and order.ip == "127.0.0.1"
    assert "Björkens Bygg AB" in order.text


async def test_a_company_is_verified_by_a_signature(
    up: Sandbox, callers: Callable[[str], Caller]
) -> None:
    ledger, sender = callers(UNVERIFIED.key), callers(SENDER.key)
    status, refused = await ledger.call("POST", "/v1/documents", own_invoice("G-1"))
    assert (status, refused["type"]) == (403, "/problems/company-not-verified")
    assert (await ledger.get("/v1/documents"))["documents"] == []
    assert (await ledger.call("GET", "/v1/inbox"))[0] == 403
    register = f"/v1/participants/{UNVERIFIED.company.participants[0]}/register"
    assert (await ledger.call("POST", register, {}))[0] == 403
    with pytest.raises(ValueError, match="not registered"):
        await up.bill(Participant.parse(UNVERIFIED.company.participants[0]))
    # Whoever sends to it is told, and takes the next channel.
    body = submission("G-2", to=UNVERIFIED, email="accept@customer.example")
    _, sent = await sender.call("POST", "/v1/documents", body)
    document = await in_state(sender, sent["id"], "sent", "delivered", "failed")
    assert document["channel"] == "email"
    timeline = await sender.get(f"/v1/documents/{sent['id']}/timeline")
    assert "does not take documents" in json.dumps(timeline)

    # Whoever was asked first declines; somebody else is asked, who signs.
    asked = {"name": "Nils Björk", "email": "declined@bjorkens.example"}
    assert (await ledger.call("POST", HERE, asked))[0] == 202
    await standing(ledger, is_="unverified", request="declined")
    asked = {"name": "Åsa Björk", "email": "asa@bjorkens.example"}
    assert (await ledger.call("POST", HERE, asked))[0] == 202
    found = await standing(ledger, is_="verified", request="signed")
    assert found["open"] and found["recheck_at"] is not None
    told = [event["type"] for event in (await ledger.get("/v1/events"))["events"]]
    assert told == [
        *("company.asked", "company.not_signed"),
        *("company.asked", "company.signed", "company.verified"),
    ]
    status, taken = await ledger.call("POST", "/v1/documents", own_invoice("G-1"))
    assert status == 202
    await in_state(ledger, taken["id"], "sent")
    assert (await ledger.get("/v1/inbox"))["documents"] == []
    await signed_with_bankid(up, ledger)


async def test_a_company_loses_its_standing_midway(
    up: Sandbox, callers: Callable[[str], Caller], tmp_path: Path
) -> None:
    sender, receiver = callers(SENDER.key), callers(RECEIVER.key)
    store = up.gateway.store
    verbs = Verbs(store, up.clock, Sealed(store.blobs.keys, up.clock), (), Terms())
    _, before = await sender.call(
        "POST", "/v1/documents", submission("M-1", email="accept@customer.example")
    )
    await in_state(sender, before["id"], "sent")
    await store.pause("email", True)  # so that it is on its way for as long as the rest takes
    _, waiting = await sender.call(
        "POST", "/v1/documents", submission("M-2", email="accept@customer.example")
    )
    await in_state(sender, waiting["id"], "routing")
    await up.bill(Participant.parse(RECEIVER.company.participants[0]))

    async def came() -> Any:
        return (await receiver.get("/v1/inbox"))["documents"]

    (arrived, *_) = await until(came)
    # The operator closes the gate for both, beside the running gateway.
    data = tmp_path / "sandbox"
    for company in (SENDER, RECEIVER):
        done = await budkavle(
            *("company", "revoke", company.company.id, "--reason", "Under investigation."),
            *("--data", str(data)),
        )
        assert done.code == 0, done.err
    await store.pause("email", False)
    held = await in_state(sender, waiting["id"], "held")
    assert held["code"] == "company.revoked" and "Under investigation." in held["text"]
    resend = f"/v1/documents/{before['id']}/resend"
    assert (await sender.call("POST", resend, {"reason": "again"}))[0] == 403
    assert (await sender.call("POST", "/v1/documents", submission("M-3")))[0] == 403
    for path in ("/v1/inbox", f"/v1/inbox/{arrived['id']}/content"):
        assert (await receiver.call("GET", path))[0] == 403
    answer = f"/v1/inbox/{arrived['id']}/response"
    assert (await receiver.call("POST", answer, {"status": "AB"}))[0] == 403
    with pytest.raises(ValueError, match="NOT_SERVICED"):
        await up.bill(Participant.parse(RECEIVER.company.participants[0]))

    for company in (SENDER, RECEIVER):
        done_ = await verbs.by_hand(
            company.company.id, who="a", why="b", seen="c", actor="operator:bo"
        )
        assert isinstance(done_, Seen)
    up.put_forward(timedelta(minutes=2))
    await in_state(sender, waiting["id"], "sent")
    assert (await receiver.call("GET", f"/v1/inbox/{arrived['id']}/content"))[0] == 200
    await up.bill(Participant.parse(RECEIVER.company.participants[0]))
