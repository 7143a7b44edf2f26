"""The page Now: what needs a person, what lies how long, how channels are, what runs out next."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest

from gateway.console.log.query import parse
from gateway.inbound import aside
from gateway.lifecycle import InboxState, State, inbox_change
from gateway.registration import line
from gateway.registration.states import ParticipantState
from gateway.store.endpoints import Endpoint, SealedSecret
from gateway.store.inbox import Turn
from gateway.store.lanes import Limits
from gateway.store.port import Again, Checkpoint, Company, Dead, Done, NewJob
from gateway.store.registrations import Registration
from gateway.store.verifications import Verification, Verified
from gateway.trust.people.roles import Role
from gateway.trust.verification.states import Asking, Standing
from tests.console.office import OURS, THEIRS, Browser, Office, Shown
from tests.console.paperwork import sent_in
from tests.contracts.stores import arrival, attempt_of, claimed, timer

NOW = "/console/now"
WAYS = ("went", "later", "refused", "absent")
XSS = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


async def looked(office: Office, browser: Browser, query: str = "") -> tuple[Shown, Any]:
    """The page and its twin, as they are now."""
    office.clock.move(timedelta(seconds=3))  # what was shown before is old by then
    page = await browser.get(f"{NOW}{query}")
    assert page.status == 200, page.text
    twin = await browser.get(f"{NOW}.json{query}")
    return page, json.loads(twin.text)


async def tried(office: Office, outcome: str, channel: str = "email", **more: Any) -> str:
    """A document whose attempt by a channel has ended."""
    document_id = await sent_in(office, State.SENDING)
    job = await next_job(office, document_id)
    ended = replace(
        attempt_of(document_id),
        channel=channel,
        ended_at=office.clock.now(),
        outcome=outcome,
        **more,
    )
    await office.store.checkpoint(job, Checkpoint(Done(), attempt=ended), office.clock.now())
    return document_id


async def next_job(office: Office, document_id: str) -> Any:
    await office.store.put(
        [NewJob(document_id, "deliver", office.clock.now(), OURS.id, document_id)],
        office.clock.now(),
    )
    job = await claimed(office.store, office.clock.now())
    assert job.document_id == document_id
    return job


def text_of(page: Shown) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())


# --- who sees it --------------------------------------------------------------------------------


async def test_operators_come_to_it_first(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    page = await browser.get("/console")
    assert page.url.path == NOW
    assert 'data-live-from="/console/live"' in page.text
    assert "Nothing waits for a person." in page.text
    for part in ("now-waits", "now-heat", "now-channels", "now-limits"):
        assert f'<div id="{part}" data-live>' in page.text


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OPERATOR])
async def test_nobody_else_sees_it(office: Office, browser: Browser, role: Role) -> None:
    await office.person(role=role)
    await browser.sign_in("anna@byran.example")
    for path in (NOW, f"{NOW}.json"):
        assert (await browser.get(path)).status == 403


@pytest.mark.parametrize(
    ("language", "says"),
    [("en", "Needs a person"), ("sv", "Behöver någon"), ("nb", "Trenger noen")],
)
async def test_it_speaks_the_readers_language(
    office: Office, browser: Browser, language: str, says: str
) -> None:
    person = await office.operator(browser)
    await office.store.put_person(replace(person, language=language), office.clock.now())
    await sent_in(office, State.HELD, code="delivery.outcome_unknown")
    await tried(office, "sent")
    page, _ = await looked(office, browser)
    assert f">{says}</h2>" in page.text and f'<html lang="{language}">' in page.text


# --- what needs a person ------------------------------------------------------------------------


async def test_what_is_held_is_told_by_its_reason(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    for code in (
        *("delivery.outcome_unknown", "delivery.outcome_unknown", "route.several"),
        *("internal.error", "attachment.not_found", "company.unverified", "held.by_person"),
        *("document.not_scannable", "something.new"),
    ):
        await sent_in(office, State.HELD, code=code)
    page, twin = await looked(office, browser)
    told = {wait["what"]: (wait["n"], wait["who"], wait["path"]) for wait in twin["waits"]}
    assert told == {
        "held_unknown": (2, "company", held("delivery.outcome_unknown")),
        "held_fault": (1, "us", held("internal.error")),
        "held_several": (1, "company", held("route.several")),
        "held_unverified": (1, "company", held("company.unverified")),
        "held_attachment": (1, "company", held("attachment.not_found")),
        "held_document": (1, "us", held("document.not_scannable")),
        "held_by_person": (1, "company", held("held.by_person")),
        "held_other": (1, "us", held("something.new")),
    }
    assert "2 documents may or may not have reached the recipient" in page.text
    assert "One document could go to several recipients" in page.text
    found = json.loads((await browser.get(with_twin(told["held_unknown"][2]))).text)
    assert len(found["rows"]) == 2


def held(code: str) -> str:
    return f"/console/log?q=state:held%20code:{quote(code)}"


def with_twin(path: str) -> str:
    return path.replace("?", ".json?", 1)


async def test_what_lies_elsewhere_is_told_with_where_it_is_acted_on(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    store, now = office.store, office.clock.now()
    await store.put([timer("one", now)], now)
    await store.checkpoint(await claimed(store, now), Checkpoint(Dead("internal.error", "x")), now)
    for key, company, state in (
        ("a", OURS, InboxState.ATTACHMENT_ERROR),
        ("b", THEIRS, InboxState.BLOCKED),
        ("c", await aside.place(store, now), InboxState.NEW),
    ):
        await lying(office, company, key, state)
    for n, code in enumerate(("webhook.gave_up", "webhook.switched_off")):
        secrets = (SealedSecret(b"x"),)
        hook = Endpoint(
            *(f"wh_{n}", OURS.id, "https://a", (), "", False, secrets, None, now, now), code=code
        )
        assert await store.add_endpoint(hook, 9)
    for company, standing_at in (
        (OURS, ParticipantState.REFUSED),
        (THEIRS, ParticipantState.PUBLISHED),
    ):
        (name,) = company.participants
        stuck = Registration(name, company.id, standing_at, {}, now, now, code="x")
        assert await store.put_registration(stuck, line.job(company.id, name, now))
    for company_id, standing, asking in (
        (OURS.id, Standing.UNVERIFIED, Asking.SIGNED),
        (THEIRS.id, Standing.REVOKED, Asking.NONE),
    ):
        row = Verification(company_id, standing, asking, "", "", now, now)
        assert await store.put_verification(Verified(row), now)
    page, twin = await looked(office, browser)
    assert {wait["what"]: (wait["n"], wait["path"]) for wait in twin["waits"]} == {
        "dead": (1, "/console/jobs"),
        "attachment_error": (1, "/console/inbox?state=attachment_error"),
        "blocked": (1, "/console/inbox?state=blocked"),
        "aside": (1, "/console/inbox/aside"),
        "webhook": (1, f"/console/companies/{OURS.id}/webhooks"),
        "registration_refused": (1, f"/console/companies/{OURS.id}/participants"),
        "registration": (1, f"/console/companies/{THEIRS.id}/participants"),
        "verify_signed": (1, f"/console/companies/{OURS.id}/verification"),
    }
    for wait in twin["waits"]:
        assert f'<a href="{wait["path"]}">' in page.text
        assert wait["since"] and wait["age"]["unit"] == "s"


async def lying(office: Office, company: Company, key: str, state: InboxState) -> None:
    """Something in an inbox, in this state."""
    store, now = office.store, office.clock.now()
    coming = replace(arrival(company.id, key), state=InboxState.READING)
    document_id = await store.arrive(coming, now)
    assert document_id is not None
    document = await store.document(company.id, document_id)
    assert document is not None
    read = inbox_change(InboxState.READING, state, code="inbox.why", text="Why.")
    assert await store.turn(Turn(company.id, document_id, document.version, read, ()), now)


async def test_a_channel_that_is_down_or_paused_is_told_first(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    store = office.store
    await sent_in(office, State.HELD, code="internal.error")
    await tried(office, "try_later", "letter", code="letter.down", public_text=XSS)
    await tried(office, "sent", "email")
    now = office.clock.now()
    await store.set_lanes({"letter": Limits(trip_after=1, rest_s=600)}, now)
    await store.put([timer("job", now, kind="deliver", lane="letter")], now)
    job = await claimed(store, now)
    await store.checkpoint(job, Checkpoint(Again(now), answered=False), now)
    await store.pause("email", True)
    await store.pause("prepare", True)
    page, twin = await looked(office, browser)
    assert [(wait["what"], wait["name"], wait["n"]) for wait in twin["waits"]] == [
        ("channel_paused", "email", 0),
        ("channel_down", "letter", 1),
        ("lane_paused", "prepare", 0),
        ("held_fault", "", 1),
    ]
    assert "letter does not answer: one job waits" in page.text
    email, letter = twin["channels"]
    assert (email["health"]["condition"], letter["health"]["condition"]) == ("paused", "resting")
    assert letter["health"]["last_error"]["code"] == "letter.down"
    assert XSS not in page.text and "&lt;script&gt;alert(1)" in page.text


# --- backlog ------------------------------------------------------------------------------------


async def test_the_backlog_is_told_by_channel_and_age_with_the_documents_behind_each_number(
    office: Office, browser: Browser
) -> None:
    for passed in (timedelta(days=4), timedelta(hours=5), timedelta(minutes=2)):
        await sent_in(office, State.WAITING, channel="peppol")
        await sent_in(office, State.DELIVERED)
        office.clock.move(passed)
    await office.operator(browser)  # which takes a minute
    await sent_in(office, State.WAITING, channel="peppol")
    await sent_in(office)
    page, twin = await looked(office, browser)
    rows = {row["name"]: row for row in twin["heat"]["rows"]}
    assert [cell["n"] for cell in rows["peppol"]["cells"]] == [1, 1, 0, 0, 0, 1, 0, 1]
    assert [cell["n"] for cell in rows[""]["cells"]] == [1, 0, 0, 0, 0, 0, 0, 0]
    assert [cell["n"] for cell in twin["heat"]["total"]["cells"]] == [2, 1, 0, 0, 0, 1, 0, 1]
    assert rows["peppol"]["n"] == 4 and rows["peppol"]["states"] == {"waiting": 4}
    assert rows["peppol"]["oldest"] == {"n": 4, "unit": "d"}
    assert [cell["heat"] for cell in rows["peppol"]["cells"]] == [1, 1, 0, 0, 0, 4, 0, 5]
    assert 'class="number heat-5"' in page.text
    for row in (rows["peppol"], twin["heat"]["total"]):
        for cell in (*row["cells"][1:], row):  # the youngest are cut at a whole minute
            if cell["path"]:
                asked = parse_qs(urlsplit(cell["path"]).query)["q"][0]
                assert parse(asked)[1] == ()
                found = json.loads((await browser.get(with_twin(cell["path"]))).text)
                assert len(found["rows"]) == cell["n"], asked


async def test_jobs_that_are_due_are_told_by_lane(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    now = office.clock.now()
    await office.store.put([timer(str(n), now, lane="push") for n in range(3)], now)
    await claimed(office.store, now)
    office.clock.move(timedelta(minutes=10))
    _, twin = await looked(office, browser)
    (row,) = twin["heat"]["rows"]
    assert (row["name"], row["n"], row["due"], row["under_way"]) == ("push", 0, 2, 1)
    assert row["due_for"] == {"n": 10, "unit": "min"}


# --- channels -----------------------------------------------------------------------------------


async def test_attempts_are_drawn_and_told(office: Office, browser: Browser) -> None:
    for outcome in ("sent", "delivered", "try_later", "unreachable"):
        await tried(office, outcome)
    office.clock.move(timedelta(days=2))
    await office.operator(browser)
    await tried(office, "refused")
    page, twin = await looked(office, browser)
    (row,) = twin["channels"]
    course = row["course"]
    assert [course[way] for way in WAYS] == [0, 0, 1, 0]
    assert len(course["bars"]) == 24 and course["bars"][-1]["refused"] == 1
    assert 'role="img" aria-label="Attempts of email: 1 refused.' in page.text
    page, twin = await looked(office, browser, "?over=30d")
    course = twin["channels"][0]["course"]
    assert [course[way] for way in WAYS] == [2, 1, 1, 1]
    assert len(course["bars"]) == 30
    then = course["bars"][-3]
    assert [then[way] for way in WAYS] == [2, 1, 0, 1]
    assert [piece["way"] for piece in then["pieces"]] == ["went", "later", "absent"]
    assert "2 went, 1 later, 1 refused, 1 not reachable" in page.text
    heights = sum(piece["height"] for piece in then["pieces"])
    assert 0 < heights <= course["height"]
    assert "Attempts of email</caption>" in page.text.replace("\n", "")
    _, strange = await looked(office, browser, "?over=for-ever")
    assert strange["over"] == "24h"


async def test_the_last_error_leads_to_its_document(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    document_id = await tried(
        office, "refused", code="email.unknown", public_text="The mailbox is not there."
    )
    page, twin = await looked(office, browser)
    health = twin["channels"][0]["health"]
    assert health["last_good_at"] is None
    assert health["last_error"]["text"] == "The mailbox is not there."
    assert f'href="/console/documents/{OURS.id}/{document_id}"' in page.text


# --- what runs out ------------------------------------------------------------------------------


async def test_what_runs_out_next_is_told_with_its_document(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    document_id = await sent_in(office, State.SENT, number="F-77", channel="peppol")
    now = office.clock.now()
    soon, later = now + timedelta(minutes=10), now + timedelta(hours=3)
    await office.store.put(
        [
            NewJob(f"{document_id}/expect", "expect", later, OURS.id, document_id),
            NewJob("peppol_status_out/1", "peppol_status_out", soon),
            NewJob("peppol_status_out/2", "peppol_status_out", now),
        ],
        now,
    )
    page, twin = await looked(office, browser)
    told = [(one["what"], one["document"]) for one in twin["limits"]["next"]]
    assert told == [("status_owed", ""), ("status_owed", ""), ("report", "F-77")]
    assert [one["n"] for one in twin["limits"]["horizons"]] == [1, 1, 1, 2]
    assert twin["limits"]["next"][0]["over"] == {"n": 3, "unit": "s"}
    assert twin["limits"]["next"][1]["left"] == {"n": 9, "unit": "min"}
    assert f'<a href="/console/documents/{OURS.id}/{document_id}">F-77</a>' in page.text


# --- all of it ----------------------------------------------------------------------------------


async def test_who_looks_soon_after_another_is_shown_the_same(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    await looked(office, browser)
    await sent_in(office)  # a second later
    twin = json.loads((await browser.get(f"{NOW}.json")).text)
    assert twin["heat"]["total"]["n"] == 0
    _, twin = await looked(office, browser)
    assert twin["heat"]["total"]["n"] == 1


async def test_nobody_is_named(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    named = {"recipient_name": "Karin Privatperson", "recipient": "0198:198505051234"}
    await sent_in(office, State.HELD, code="internal.error", **named)
    await sent_in(office, State.SENT, **named)
    page, twin = await looked(office, browser)
    for said in (page.text, json.dumps(twin)):
        assert "Karin" not in said and "19850505" not in said
