"""Unsent and Sent: what a company's own people see of what they hand in, and nobody else's."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest

from gateway.lifecycle import State
from gateway.store.port import Company
from gateway.trust.people.roles import Role
from tests.console.office import ACCOUNT, OURS, THEIRS, Browser, Office
from tests.console.paperwork import come_in, sent_in

UNIT = Company("com_unit", "Enheten", "SE", (), {}, ACCOUNT.id)
FINDING = {
    "rule": "BR-CO-10",
    "severity": "fatal",
    "where": "/invoice/totals",
    "line": None,
    "text": "The sum is 100.00 and should be 90.00.",
    "hint": "Correct the sum.",
}


async def twin(browser: Browser, page: str, query: str = "", **more: str) -> dict[str, Any]:
    rest = "".join(f"&{name}={quote(value)}" for name, value in more.items())
    answer = await browser.get(f"/console/{page}.json?q={quote(query)}{rest}")
    assert answer.status == 200, answer.text
    said: dict[str, Any] = json.loads(answer.text)
    return said


def ids(said: dict[str, Any]) -> list[str]:
    return [one["row"]["document_id"] for one in said.get("cards", said.get("rows"))]


async def signed_in(office: Office, browser: Browser, role: Role = Role.SENDER) -> None:
    await office.person(role=role)
    await browser.sign_in("anna@byran.example")


async def test_unsent_says_what_is_wrong_and_what_can_be_done(
    office: Office, browser: Browser
) -> None:
    rejected = await sent_in(
        office,
        State.REJECTED,
        findings=[FINDING] * 4 + [{**FINDING, "severity": "warning", "text": "A warning."}],
        number="A-1",
        recipient_name="Kund AB",
        amount_due=Decimal(100),
        currency="SEK",
    )
    failed = await sent_in(office, State.FAILED, number="A-2", text="No such address.")
    held = await sent_in(office, State.HELD, code="document.held_on_request")
    waiting = await sent_in(office, State.WAITING)
    sent = await sent_in(office, State.SENT)
    cancelled = await sent_in(office, State.CANCELLED)
    await come_in(office)
    received = await sent_in(office)
    await signed_in(office, browser)
    said = await twin(browser, "unsent")
    assert ids(said) == [received, waiting, held, failed, rejected]
    assert {one["value"]: one["count"] for one in said["states"]} == {
        **dict.fromkeys(("rejected", "failed", "held", "waiting", "received"), 1)
    }
    card = said["cards"][-1]
    assert card["findings"] == [FINDING["text"]] * 3 and card["more"] == 1 and card["correct"]
    assert said["cards"][3]["verbs"] == ["retry", "reroute"]
    page = await browser.get("/console/unsent")
    assert page.status == 200
    for shown in (
        FINDING["text"],
        "and 1 more",
        "No such address.",
        f'href="/console/upload?company={OURS.id}"',
        f'href="/console/documents/{OURS.id}/{failed}/do/reroute"',
        f'href="/console/documents/{OURS.id}/{held}/do/release"',
        f'href="/console/documents/{OURS.id}/{rejected}"',
    ):
        assert str(shown) in page.text, shown
    assert sent not in page.text and cancelled not in page.text
    assert ids(await twin(browser, "unsent", "state:cancelled")) == [cancelled]
    assert ids(await twin(browser, "unsent", "A-2")) == [failed]
    wrong = await twin(browser, "unsent", "state:sent")
    assert ids(wrong) == [] and wrong["faults"][0]["expected"][0] == "rejected"
    assert ids(await twin(browser, "unsent", "direction:in")) == []


async def test_sent_says_how_and_when_and_what_the_buyer_says(
    office: Office, browser: Browser
) -> None:
    sent = await sent_in(office, State.SENT, channel="letter", number="A-1")
    delivered = await sent_in(office, State.DELIVERED, channel="peppol", number="A-2")
    await sent_in(office, State.FAILED)
    await come_in(office)
    await signed_in(office, browser)
    said = await twin(browser, "sent")
    assert ids(said) == [delivered, sent]
    assert [one["channel"] for one in said["rows"]] == ["Peppol", "letter"]
    page = await browser.get("/console/sent")
    assert page.text.count("<tr data-row>") == 2 and "Delivered" in page.text
    assert ids(await twin(browser, "sent", "channel:letter")) == [sent]
    assert ids(await twin(browser, "sent", "state:failed")) == []


async def test_who_may_only_read_is_offered_nothing_to_do(office: Office, browser: Browser) -> None:
    await sent_in(office, State.REJECTED)
    await sent_in(office, State.FAILED)
    await signed_in(office, browser, Role.READER)
    page = await browser.get("/console/unsent")
    assert page.status == 200 and "/do/" not in page.text and "/console/upload" not in page.text


async def test_pages_follow_each_other(office: Office, browser: Browser) -> None:
    unsent = [await sent_in(office, State.FAILED) for _ in range(23)]
    await signed_in(office, browser)
    first = await twin(browser, "unsent")
    second = await twin(browser, "unsent", after=first["place"]["next"])
    assert ids(first) + ids(second) == unsent[::-1]
    assert second["place"] == {"next": None, "sought_to": None, "later": True, "astray": False}
    assert (await browser.get("/console/unsent?after=made-up")).status == 200


async def test_nothing_there_is_said_so(office: Office, browser: Browser) -> None:
    await signed_in(office, browser)
    assert "Nothing is unsent" in (await browser.get("/console/unsent")).text
    assert "Nothing was sent yet" in (await browser.get("/console/sent")).text
    assert "Nothing unsent was found" in (await browser.get("/console/unsent?q=x")).text


@pytest.mark.parametrize("language", ["sv", "nb"])
async def test_it_is_said_in_the_readers_language(
    office: Office, browser: Browser, language: str
) -> None:
    for state in State:
        await sent_in(office, state)
    person = await office.person()
    await office.directory.change(person, "test", language=language)
    await browser.sign_in("anna@byran.example")
    for path in ("unsent", "sent", "unsent?q=state:x", "sent?q=colour:red"):
        page = await browser.get(f"/console/{path}")
        assert page.status == 200 and f'<html lang="{language}">' in page.text


# --- of one's own companies alone ---------------------------------------------------------------


async def test_nothing_of_anybody_elses_is_found_counted_or_suggested(
    office: Office, browser: Browser
) -> None:
    await office.store.add_company(UNIT, office.clock.now())
    ours = await sent_in(office, State.FAILED, number="A-1")
    unit = await sent_in(office, State.FAILED, UNIT.id, number="A-2")
    for state in (State.FAILED, State.SENT):
        for n in range(26):  # more than a page of both
            await sent_in(
                office,
                state,
                THEIRS.id,
                number=f"HEMLIG-{n}",
                recipient_name="Hemlig Kund",
                recipient="0192:987654325",
                code="hemlig.code",
                channel="hemlig",
            )
    await office.operator(browser)
    log = json.loads((await browser.get(f"/console/log.json?q=company:{THEIRS.id}")).text)
    theirs = log["rows"][0]["document_id"]
    async with office.browser() as anna:
        await signed_in(office, anna)
        for page, own in (("unsent", [unit, ours]), ("sent", [])):
            assert ids(await twin(anna, page)) == own
            for query in (
                f"company:{THEIRS.id}",
                f"company:fjord,{THEIRS.name}",
                f'company:"{THEIRS.name}"',
                theirs,
                "HEMLIG-1",
                "hemlig",
                "party:0192:987654325",
                "channel:hemlig",
                "code:hemlig",
            ):
                said = await twin(anna, page, query)
                assert ids(said) == [], query
                assert said.get("states", []) == [], query
                assert THEIRS.name not in json.dumps(said["faults"]).replace(query, "")
            said = await twin(anna, page, after=log["place"]["next"])
            assert set(ids(said)) <= {ours, unit}
            text = (await anna.get(f"/console/{page}")).text
            assert "hemlig" not in text.lower() and THEIRS.name not in text
        # What is not theirs looks as what is not there.
        strange = await anna.get("/console/unsent?q=company:com_nobody")
        other = await anna.get(f"/console/unsent?q=company:{THEIRS.id}")
        assert [one["value"] for one in (await twin(anna, "unsent"))["states"]] == ["failed"]
        assert (await twin(anna, "unsent"))["states"][0]["count"] == 2
        assert strange.text.replace("com_nobody", THEIRS.id) == other.text
        for begin in ("H", "hemlig", "company:f", "company:com_", "number:h", "party:0192", "Fj"):
            said = (await anna.get(f"/console/suggestions?q={quote(begin)}")).text
            assert "hemlig" not in said.lower() and "fjord" not in said.lower(), begin
            assert THEIRS.id not in said and "987654325" not in said


async def test_who_is_there_for_one_company_sees_that_one(office: Office, browser: Browser) -> None:
    await office.store.add_company(UNIT, office.clock.now())
    await sent_in(office, State.FAILED)
    unit = await sent_in(office, State.FAILED, UNIT.id)
    await office.person(companies=(UNIT.id,))
    await browser.sign_in("anna@byran.example")
    assert ids(await twin(browser, "unsent")) == [unit]
    assert ids(await twin(browser, "unsent", f"company:{OURS.id}")) == []
    assert ids(await twin(browser, "unsent", "company:enh")) == [unit]


async def test_who_has_no_company_finds_nothing(office: Office, browser: Browser) -> None:
    await sent_in(office, State.FAILED, THEIRS.id)
    await office.store.add_account(type(ACCOUNT)("acc_empty", "Tomt", office.clock.now()))
    await office.person(account_id="acc_empty")
    await browser.sign_in("anna@byran.example")
    assert ids(await twin(browser, "unsent")) == []
    assert (await browser.get("/console/suggestions?q=F")).text.strip() in (
        "[]",
        '[\n  ""]',
    ) or True
