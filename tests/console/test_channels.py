"""The console's channels: how each is, why it stands still, and pausing and letting go on."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import layers
from gateway.audit.chain import NewEntry
from gateway.console.opening import setup_of
from gateway.console.setup import Mailbox, Setup
from gateway.store.lanes import Limits
from gateway.store.port import Again, Checkpoint, NewJob
from gateway.trust.people.roles import Role
from tests.console.office import AT, Browser, Office, open_office

HOSTILE = "<script>alert(1)</script>\"'{{7*7}}"
SETTINGS = {
    "email": {
        "host": "relay.example",
        "sender": "invoices@gateway.example",
        "username": "us",
        "password": "hemligt-och-langt",
        "rate_per_s": 2.0,
        "trip_after": 2,
    }
}
BOXES = [
    Mailbox("email", "Mail server", [{"to": "a@b.example", "files": ["1.pdf", HOSTILE]}]),
    Mailbox("letter", "Print house", []),
]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    settings = layers.load({"data": tmp_path, **SETTINGS}, environment={}).settings
    setup: Setup = await setup_of(settings, lambda: BOXES)
    opened = open_office(tmp_path / "data", setup=setup, channels=("email", "letter", "internal"))
    async with opened as office:
        await office.store.set_lanes({"email": Limits(2.0, 4, None, 2, 30)}, AT)
        yield office


async def waiting(office: Office, lane: str = "email", count: int = 3) -> None:
    """Jobs that are due."""
    now = office.clock.now()
    jobs = [NewJob(f"{lane}:{n}", "deliver", now, lane=lane) for n in range(count)]
    await office.store.put(jobs, now)


async def tripped(office: Office, lane: str = "email") -> None:
    """The channel has not answered twice."""
    await waiting(office, lane)
    for _ in range(2):
        now = office.clock.now()
        (job,) = await office.store.claim("worker", now, 30, 1)
        await office.store.checkpoint(job, Checkpoint(Again(now), answered=False), now)


async def state(browser: Browser, name: str = "email") -> dict[str, object]:
    view = json.loads((await browser.get("/console/channels.json")).text)
    (found,) = [one for one in [*view["channels"], *view["lanes"]] if one["name"] == name]
    return dict(found)


async def acted(office: Office) -> list[tuple[str, str, str]]:
    entries = await office.store.audit_entries(0, 1000)
    return [
        (entry.action, entry.subject, json.loads(entry.data).get("reason", ""))
        for entry in entries
        if entry.action.startswith("lane.")
    ]


async def test_every_channel_is_listed_and_which_are_not_set_up(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    await waiting(office)
    await waiting(office, "prepare", 2)
    page = await browser.get("/console/channels")
    assert page.status == 200
    view = json.loads((await browser.get("/console/channels.json")).text)
    assert [one["name"] for one in view["channels"]] == ["email", "internal", "letter"]
    assert {"peppol", "kivra", "vipps"} <= set(view["absent"]) and "email" not in view["absent"]
    (lane,) = [one for one in view["lanes"] if one["name"] == "prepare"]
    assert (lane["condition"], lane["waiting"]) == ("well", 2)
    email = await state(browser)
    assert (email["waiting"], email["rate_per_s"], email["burst"]) == (3, 2.0, 4)


async def test_a_channel_shows_its_settings_without_secrets(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    for path in ("email", "email.json"):
        page = await browser.get(f"/console/channels/{path}")
        assert page.status == 200
        assert "relay.example" in page.text and "hemligt-och-langt" not in page.text
    view = json.loads(page.text)
    by_name = {one["name"]: one for one in view["settings"]}
    assert by_name["email.password"]["value"] == "********"
    assert not by_name["email.host"]["usual"] and by_name["email.burst"]["usual"]
    assert {name.partition(".")[0] for name in by_name} == {"email"}


async def test_the_sandbox_shows_what_partners_have_received(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    page = await browser.get("/console/channels/email")
    assert "a@b.example" in page.text and HOSTILE[:8] not in page.text
    (box,) = json.loads((await browser.get("/console/channels/email.json")).text)["received"]
    assert box["columns"] == ["to", "files"] and box["rows"] == [
        ["a@b.example", f"1.pdf, {HOSTILE}"]
    ]
    assert "Nothing yet." in (await browser.get("/console/channels/letter")).text


async def test_a_channel_is_paused_with_a_reason_and_goes_on(
    office: Office, browser: Browser
) -> None:
    await office.operator(browser)
    await waiting(office)
    (job,) = await office.store.claim("worker", office.clock.now(), 30, 1)
    page = await browser.get("/console/channels/email/pause")
    assert "Waiting now: 2." in page.text and "Under way now: 1." in page.text
    page = await browser.post("/console/channels/email/pause", reason="  The relay is moved. ")
    assert page.status == 200 and page.url.path == "/console/channels/email"
    assert "It is paused." in page.text and "Still under way: 1;" in page.text
    assert "The relay is moved." in page.text
    assert await office.store.claim("worker", office.clock.now(), 30, 9) == []
    now = office.clock.now()
    await office.store.checkpoint(job, Checkpoint(Again(now), answered=True), now)
    page = await browser.get("/console/channels/email")
    assert "it stands still" in page.text
    page = await browser.get("/console/channels/email/resume")
    assert "Waiting now: 3." in page.text and "about 1 min" in page.text
    await browser.post("/console/channels/email/resume", reason="It is there again.")
    assert (await state(browser))["condition"] != "paused"
    assert await acted(office) == [
        ("lane.paused", "email", "The relay is moved."),
        ("lane.resumed", "email", "It is there again."),
    ]


async def test_a_channel_that_rests_is_tried_at_once(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await tripped(office)
    assert (await state(browser))["condition"] == "resting"
    page = await browser.get("/console/channels/email")
    assert "without an answer: 2." in page.text
    await browser.get("/console/channels/email/try")
    page = await browser.post("/console/channels/email/try", reason="They say it works.")
    assert "One job tries now." in page.text
    assert (await state(browser))["condition"] == "trying"
    assert len(await office.store.claim("worker", office.clock.now(), 30, 9)) == 1
    assert await acted(office) == [("lane.tried", "email", "They say it works.")]


async def test_the_same_form_twice_is_in_the_audit_once(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    token = (await browser.get("/console/channels/email/pause")).form_token
    for done in ("It is paused.", "It was so already"):
        page = await browser.post("/console/channels/email/pause", token, reason="Down.")
        assert done in page.text
    assert len(await acted(office)) == 1
    for verb in ("resume", "resume", "try"):
        await browser.post(f"/console/channels/email/{verb}", token, reason="Up.")
    assert [action for action, _, _ in await acted(office)] == ["lane.paused", "lane.resumed"]


async def test_work_that_is_no_channels_is_paused_too(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await waiting(office, "prepare")
    page = await browser.get("/console/channels/prepare/pause")
    assert "all documents may come to stand still" in page.text
    page = await browser.post("/console/channels/prepare/pause", reason="A bad release.")
    assert page.url.path == "/console/channels"
    assert (await state(browser, "prepare"))["condition"] == "paused"
    page = await browser.get("/console/channels/prepare")
    assert page.status == 200 and page.url.path == "/console/channels"  # its row is there


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
async def test_nothing_is_done_without_a_reason(
    office: Office, browser: Browser, reason: str
) -> None:
    await office.operator(browser)
    await browser.get("/console/channels/email/pause")
    page = await browser.post("/console/channels/email/pause", reason=reason)
    assert page.status == 422 and "Say why" in page.text
    assert await acted(office) == [] and await office.store.paused() == []


@pytest.mark.parametrize("name", ["nobody", "%3Cscript%3E", "email%00", "%2e%2e%2fx"])
async def test_what_is_no_channel_is_not_there(office: Office, browser: Browser, name: str) -> None:
    await office.operator(browser)
    token = (await browser.get("/console/channels/email/pause")).form_token
    for path in (name, f"{name}.json", f"{name}/pause", f"{name}/break"):
        assert (await browser.get(f"/console/channels/{path}")).status == 404, path
    page = await browser.post(f"/console/channels/{name}/pause", token, reason="x")
    assert page.status == 404
    assert await acted(office) == []


async def test_a_form_that_is_not_ours_does_nothing(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    page = await browser.post("/console/channels/email/pause", "0" * 64, reason="x")
    assert page.status == 403 and await acted(office) == []


async def test_nothing_in_a_reason_or_an_entry_runs(office: Office, browser: Browser) -> None:
    await office.operator(browser)
    await browser.get("/console/channels/email/pause")
    await browser.post("/console/channels/email/pause", reason=HOSTILE)
    entry = NewEntry(HOSTILE, "lane.paused", "email", data={"reason": ["no", "text"]})
    await office.store.audit(entry, office.clock.now())
    await office.store.audit(replace(entry, action="other.thing"), office.clock.now())
    for path in ("channels", "channels/email", "channels?done=%3Cscript%3E"):
        page = await browser.get(f"/console/{path}")
        assert page.status == 200 and "<script>" not in page.text
    assert "alert(1)" in (await browser.get("/console/channels/email")).text


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.OPERATOR}))
async def test_channels_are_for_operators_alone(
    office: Office, browser: Browser, role: Role
) -> None:
    await office.person(role=role)
    token = (await browser.sign_in("anna@byran.example")).form_token
    for path in ("", ".json", "/email", "/email.json", "/email/pause", "/nobody"):
        assert (await browser.get(f"/console/channels{path}")).status == 403, path
    page = await browser.post("/console/channels/email/pause", token, reason="x")
    assert page.status == 403 and await office.store.paused() == []


LANGUAGES: Sequence[str] = ("en", "sv", "nb")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_condition_has_its_words(
    office: Office, browser: Browser, language: str
) -> None:
    await office.operator(browser)
    browser.language = language
    await tripped(office)
    assert (await browser.get("/console/channels/email")).status == 200
    office.clock.move(timedelta(minutes=20))
    for verb in ("pause", "resume", "try"):
        assert (await browser.get(f"/console/channels/email/{verb}")).status == 200
        await browser.post(f"/console/channels/email/{verb}", reason="x")
        assert (await browser.get("/console/channels/email")).status == 200
        assert (await browser.get("/console/channels")).status == 200
