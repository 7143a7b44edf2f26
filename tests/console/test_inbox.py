"""The inboxes as operators see them: what lies, how old, why; repair; and what was set aside."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from gateway.delivery.fetches import Fetch, Status
from gateway.inbound import files as records
from gateway.inbound import verbs
from gateway.inbound.aside import SET_ASIDE
from gateway.lifecycle import InboxState, State
from gateway.store.inbox import Item
from gateway.store.port import Role
from gateway.trust.people.roles import Role as PersonRole
from gateway.trust.people.signing_in import name_of
from tests.console.inboxes import (
    HOSTILE,
    MISSING,
    PAGE,
    bring,
    bring_for_nobody,
    fetched,
    item,
    lacking,
    read,
)
from tests.console.office import LIMITS, OURS, THEIRS, Browser, Office, Shown
from transports.base import File

CSV = b"a;b\n1;2\n"
NEW, BLOCKED, ERROR = InboxState.NEW, InboxState.BLOCKED, InboxState.ATTACHMENT_ERROR


def path_of(found: Item) -> str:
    return f"/console/inbox/{found.document.company_id}/{found.document.id}"


async def send(
    browser: Browser, path: str, file: tuple[str, bytes] | None = None, **said: str
) -> Shown:
    """Sends the form of the page that is shown, which may hold a file."""
    assert browser.last is not None
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    for name, value in {"form_token": browser.last.form_token, **said}.items():
        form.add_field(name, value)
    if file is not None:
        form.add_field("file", BytesIO(file[1]), filename=file[0], content_type="text/plain")
    return await browser._ask("POST", path, data=form)


async def mended(
    browser: Browser, path: str, way: str, file: tuple[str, bytes] | None = None, **said: str
) -> Shown:
    """Chooses a way and sends its form as it is shown."""
    place = f"&attachment={said['attachment']}" if "attachment" in said else ""
    page = await browser.get(f"{path}/repair?way={way}{place}")
    assert page.status == 200, page.text
    given = {"way": way, "version": page.value("version"), "reason": "For a test.", **said}
    return await send(browser, f"{path}/repair", file, **given)


async def twin(browser: Browser, path: str) -> Any:
    page = await browser.get(path)
    assert page.status == 200, page.text
    return json.loads(page.text)


async def told(office: Office, document_id: str) -> list[tuple[str, str, Mapping[str, Any]]]:
    return [
        (entry.actor, entry.action, json.loads(entry.data))
        for entry in await office.store.audit_entries(0, 1000)
        if entry.subject == document_id
    ]


# --- what lies ----------------------------------------------------------------------------------


async def test_what_lies_is_counted_and_listed_with_why(office: Office, browser: Browser) -> None:
    bad = await bring(office, "I-1", PAGE)
    good = await bring(office, "I-2")
    kept = await bring(office, "I-3", company=THEIRS.id)
    store, clock = office.store, office.clock
    await verbs.hold(store, clock, THEIRS.id, kept.document.id, "Ask first.", actor="key:x")
    office.clock.move(timedelta(days=2, hours=3))
    await office.operator(browser)
    page = await browser.get("/console/inbox")
    assert page.status == 200
    for word in ("I-1", "I-2", "I-3", "Bad file", "Kept back", OURS.name, THEIRS.name, "2 d"):
        assert word in page.text, word
    assert "&lt;b&gt;Säljaren&lt;/b&gt; &amp; Söner" in page.text and "<b>Säljaren" not in page.text
    assert HOSTILE not in page.text and "held by a person: ask first." in page.text.lower()
    shown = await twin(browser, "/console/inbox.json")
    assert [row["number"] for row in shown["rows"]] == ["I-1", "I-2", "I-3"]
    assert [row["state"] for row in shown["rows"]] == ["attachment_error", "new", "blocked"]
    assert {one["company_id"]: one["states"] for one in shown["companies"]} == {
        OURS.id: {"attachment_error": 1, "new": 1},
        THEIRS.id: {"blocked": 1},
    }
    assert {one["state"]: one["count"] for one in shown["states"]} == {
        None: 3, "reading": 0, "new": 1, "blocked": 1, "attachment_error": 1,
    }  # fmt: skip
    only = await twin(browser, "/console/inbox.json?state=new")
    assert [row["document_id"] for row in only["rows"]] == [good.document.id]
    theirs = await twin(browser, f"/console/inbox.json?company={THEIRS.id}")
    assert [row["number"] for row in theirs["rows"]] == ["I-3"]
    assert path_of(bad) in page.text
    assert (await browser.get("/console/inbox?company=com_nobody")).status == 404


async def test_what_a_system_has_on_loan_says_so_until_its_time_is_over(
    office: Office, browser: Browser
) -> None:
    await bring(office, "I-1")
    await office.operator(browser)
    now = office.clock.now()
    await office.store.lend(OURS.id, "lse_a", now, now + timedelta(minutes=5), 1)
    assert "Lent to a system" in (await browser.get("/console/inbox")).text
    office.clock.move(timedelta(minutes=5))
    assert "Lent to a system" not in (await browser.get("/console/inbox")).text


async def test_the_line_goes_on_where_it_ended(office: Office, browser: Browser) -> None:
    for n in range(52):
        await bring(office, f"I-{n:02}")
    await office.operator(browser)
    first = await twin(browser, "/console/inbox.json?state=new")
    assert len(first["rows"]) == 50
    await bring(office, "I-52")
    rest = await twin(browser, first["next"].replace("/inbox?", "/inbox.json?"))
    assert [row["number"] for row in rest["rows"]] == ["I-50", "I-51", "I-52"]
    assert rest["next"] is None
    page = await browser.get("/console/inbox?after=nonsense&state=new")
    assert (page.status, page.url.query_string) == (200, "state=new")


async def test_who_is_no_operator_sees_no_inbox_of_all(office: Office, browser: Browser) -> None:
    found = await bring(office, "I-1", PAGE)
    lost = await bring_for_nobody(office)
    await office.person(role=PersonRole.ADMINISTRATOR)
    await browser.sign_in("anna@byran.example")
    aside = f"/console/inbox/aside/{lost}"
    for path in ("/console/inbox", "/console/inbox.json", "/console/inbox/aside", aside):
        assert (await browser.get(path)).status == 403, path
    await browser.get(path_of(found))
    form = {"verb": "drop", "reason": "No."}
    assert (await browser.post(aside, **form)).status == 403
    lies = await item(office, lost, SET_ASIDE)
    assert lies.state is not InboxState.HANDLED


# --- repair of what came in ---------------------------------------------------------------------


async def test_a_bad_file_is_replaced(office: Office, browser: Browser) -> None:
    found = await bring(office, "I-1", PAGE)
    person = await office.operator(browser)
    path = path_of(found)
    page = await browser.get(path)
    assert "Replace" in page.text and "<script>alert" not in page.text
    ask = await browser.get(f"{path}/repair?way=replace&attachment=0")
    assert "What came is kept as it came" in ask.text and "To be taken over" in ask.text
    page = await mended(browser, path, "replace", ("tid.csv", CSV), attachment="0")
    assert page.status == 200 and "The file is replaced." in page.text
    after = await item(office, found.document.id)
    assert (after.state, after.code) == (NEW, "inbox.repaired")
    stored = await office.store.files(OURS.id, found.document.id, (Role.ATTACHMENT, Role.RENDERED))
    assert {content for _, content in stored} == {PAGE.content, CSV}, "what came is kept"
    assert await told(office, found.document.id) == [
        (name_of(person), "inbox.repaired", {"reason": "For a test."})
    ]


@pytest.mark.parametrize(
    ("way", "done", "state"),
    [("strip", "stripped", NEW), ("leave_out", "left_out", NEW), ("again", None, ERROR)],
)
async def test_a_bad_file_is_stripped_left_out_or_looked_at_again(
    office: Office, browser: Browser, way: str, done: str | None, state: InboxState
) -> None:
    found = await bring(office, "I-1", PAGE, File("empty.pdf", "application/pdf", b""))
    await office.operator(browser)
    page = await browser.get(path_of(found))
    assert "All bad files at once" in page.text
    page = await mended(browser, path_of(found), way)
    assert page.status == 200 and 'role="status"' in page.text
    await read(office)
    after = await item(office, found.document.id)
    assert after.state is state
    stored = await office.store.files(OURS.id, found.document.id, (Role.FILES,))
    assert {file.done for file in records.recorded(stored[-1][1])} == {done}


async def test_a_file_that_will_not_do_is_told_and_nothing_is_done(
    office: Office, browser: Browser
) -> None:
    found = await bring(office, "I-1", PAGE)
    await office.operator(browser)
    path = path_of(found)
    for name, content, word in (
        ("tid.exe", b"MZ\x90\x00 a program", "tid.exe"),
        ("<img src=x>.html", b"<!doctype html><script>1</script>", "&lt;img"),
        ("tom.pdf", b"", "must not be empty"),
    ):
        page = await mended(browser, path, "replace", (name, content), attachment="0")
        assert page.status == 422 and word in page.faults, name
        assert "For a test." in page.text, "what was written is kept"
    page = await mended(browser, path, "replace", attachment="0")
    assert page.status == 422 and "Choose a file" in page.faults
    page = await mended(browser, path, "strip", attachment="0", reason="  ")
    assert page.status == 422 and "Say why" in page.faults
    page = await mended(browser, path, "strip", attachment="0", reason="x" * 501)
    assert page.status == 422
    large = b"a" * (LIMITS.body_bytes + 1)
    page = await mended(browser, path, "replace", ("a.csv", large), attachment="0")
    assert page.status == 413 and "too large" in page.text
    assert (await item(office, found.document.id)).state is ERROR
    assert await told(office, found.document.id) == []


async def test_what_has_moved_on_is_left_alone(office: Office, browser: Browser) -> None:
    found = await bring(office, "I-1", PAGE)
    await office.operator(browser)
    path, say = f"{path_of(found)}/repair", {"way": "strip", "reason": "Twice."}
    ask = await browser.get(f"{path}?way=strip")
    version = ask.value("version")
    page = await send(browser, path, version=version, **say)
    assert page.status == 200
    browser.last = ask
    page = await send(browser, path, version=version, **say)
    assert page.status == 409 and "moved on" in page.text
    browser.last = ask
    page = await send(browser, path, version="1; drop", **say)
    assert page.status == 409
    assert len(await told(office, found.document.id)) == 1
    page = await browser.get(f"{path}?way=strip")
    assert page.status == 409 and "can not be repaired" in page.text
    assert (await browser.get(f"{path}?way=explode")).status == 404
    assert (await browser.get(f"{path}?way=strip&attachment=x")).status == 404
    assert (await browser.get(f"{path}?way=replace&attachment=7")).status == 409


async def test_a_document_is_kept_back_and_released(office: Office, browser: Browser) -> None:
    found = await bring(office, "I-1")
    person = await office.operator(browser)
    path = path_of(found)
    page = await browser.get(f"{path}/repair?way=hold")
    assert "A system that has it on loan loses it." in page.text
    page = await mended(browser, path, "hold")
    assert "It is kept back." in page.text
    assert (await item(office, found.document.id)).state is BLOCKED
    page = await mended(browser, path, "release")
    assert "It is released" in page.text
    await read(office)
    assert (await item(office, found.document.id)).state is NEW
    assert [(who, what) for who, what, _ in await told(office, found.document.id)] == [
        (name_of(person), "inbox.held"),
        (name_of(person), "inbox.released"),
    ]


async def test_a_company_s_people_repair_theirs_and_nobody_else_s(
    office: Office, browser: Browser
) -> None:
    ours = await bring(office, "I-1", PAGE)
    theirs = await bring(office, "I-2", PAGE, company=THEIRS.id)
    person = await office.person(role=PersonRole.SENDER)
    await browser.sign_in("anna@byran.example")
    page = await mended(browser, path_of(ours), "leave_out", attachment="0")
    assert page.status == 200
    assert (await told(office, ours.document.id))[0][0] == name_of(person)
    nowhere = await browser.get("/console/inbox/com_ours/doc_nothing")
    for path in (
        path_of(theirs),
        f"{path_of(theirs)}.json",
        f"{path_of(theirs)}/repair?way=strip",
        f"/console/inbox/{OURS.id}/{theirs.document.id}",
    ):
        page = await browser.get(path)
        assert (page.status, nowhere.status) == (404, 404)
    page = await browser.get(path_of(ours))
    for path in (path_of(theirs), f"/console/inbox/{OURS.id}/{theirs.document.id}"):
        said = {"way": "strip", "reason": "Mine.", "version": str(theirs.document.version)}
        browser.last = page
        assert (await send(browser, f"{path}/repair", **said)).status == 404
    assert (await item(office, theirs.document.id, THEIRS.id)).state is ERROR


async def test_who_may_only_read_repairs_nothing(office: Office, browser: Browser) -> None:
    found = await bring(office, "I-1", PAGE)
    await office.person(role=PersonRole.READER)
    page = await browser.sign_in("anna@byran.example")
    assert (await browser.get(path_of(found))).status == 403
    browser.last = page
    said = {"way": "strip", "reason": "x", "version": str(found.document.version)}
    assert (await send(browser, f"{path_of(found)}/repair", **said)).status == 403
    assert (await item(office, found.document.id)).state is ERROR


async def test_a_form_that_is_not_ours_does_nothing(office: Office, browser: Browser) -> None:
    found = await bring(office, "I-1", PAGE)
    await office.operator(browser)
    page = await browser.get(f"{path_of(found)}/repair?way=strip")
    said = {"way": "strip", "reason": "x", "version": page.value("version"), "form_token": "0" * 64}
    assert (await send(browser, f"{path_of(found)}/repair", **said)).status == 403
    assert (await item(office, found.document.id)).state is ERROR


# --- repair of what goes out --------------------------------------------------------------------


async def test_a_missing_file_is_handed_in(office: Office, browser: Browser) -> None:
    id_ = await lacking(office, [MISSING])
    person = await office.operator(browser)
    path = f"/console/inbox/{OURS.id}/{id_}"
    page = await browser.get(path)
    assert "terms.pdf" in page.text and "404 Not Found" in page.text and "secret" not in page.text
    assert "secret" not in (await browser.get(f"{path}.json")).text
    page = await mended(browser, path, "hand_in", ("terms.pdf", b"<html>Log in"), attachment="0")
    assert page.status == 422
    page = await mended(browser, path, "hand_in", ("terms.csv", CSV), attachment="0")
    assert page.status == 200 and "The file is handed in." in page.text
    (after,) = await fetched(office, id_)
    assert (after.status, after.file and after.file.name) == (Status.HANDED_IN, "terms.csv")
    document = await office.store.document(OURS.id, id_)
    assert document is not None and document.state is State.RECEIVED
    assert (await told(office, id_))[0][:2] == (name_of(person), "document.repaired")


async def test_a_missing_file_is_fetched_from_elsewhere_or_left_out(
    office: Office, browser: Browser
) -> None:
    two = [MISSING, Fetch("https://files.example.com/b.pdf", code="attachment.gone", text="Gone")]
    id_ = await lacking(office, two)
    await office.operator(browser)
    path = f"/console/inbox/{OURS.id}/{id_}"
    wrong = {"url": "ftp://x y", "sha256": "abc", "attachment": "0"}
    page = await mended(browser, path, "fetch", reason=" ", **wrong)
    assert page.status == 422
    for word in ("must begin with https", "A SHA-256 has 64", "Say why"):
        assert word in page.faults, word
    where = "https://files.example.com/new.pdf"
    page = await mended(browser, path, "fetch", url=where, attachment="0")
    assert page.status == 200, page.faults
    first, second = await fetched(office, id_)
    assert (first.url, first.code, second.code) == (where, None, "attachment.gone")
    other = await lacking(office, two)
    page = await mended(browser, f"/console/inbox/{OURS.id}/{other}", "leave_out")
    assert page.status == 200
    assert [one.status for one in await fetched(office, other)] == [Status.LEFT_OUT] * 2
    page = await browser.get(f"/console/inbox/{OURS.id}/{other}/repair?way=leave_out")
    assert page.status == 409 and "No file of the document is missing" in page.text


# --- set aside ----------------------------------------------------------------------------------


async def test_what_was_set_aside_is_given_to_a_company(office: Office, browser: Browser) -> None:
    id_ = await bring_for_nobody(office)
    person = await office.operator(browser)
    listed = await twin(browser, "/console/inbox/aside.json")
    assert [one["recipient"] for one in listed["rows"]] == ["0088:7300010000001"]
    assert (await twin(browser, "/console/inbox.json"))["rows"] == []
    assert (await twin(browser, "/console/inbox.json"))["aside"] == 1
    path = f"/console/inbox/aside/{id_}"
    page = await browser.get(path)
    assert f'<option value="{OURS.id}"' in page.text and SET_ASIDE not in page.text.split("<h2>")[1]
    page = await browser.get(f"{path}?verb=assign&company={OURS.id}")
    assert f"It comes into the inbox of {OURS.name}" in page.text
    page = await browser.post(path, verb="assign", company=OURS.id, reason=" ")
    assert page.status == 422 and "Say why" in page.faults
    form = {"verb": "assign", "company": OURS.id, "reason": "Their old number."}
    page = await browser.post(path, **form)
    assert page.status == 200 and "It is in their inbox." in page.text
    (given,) = (await office.store.documents(OURS.id)).documents
    assert f"/console/documents/{OURS.id}/{given.id}" in page.text
    entry = (await told(office, id_))[0]
    assert entry[:2] == (name_of(person), "inbox.assigned")
    assert entry[2]["reason"] == "Their old number."
    page = await browser.get(path)
    assert "Nothing more can be done" in page.text
    again = await browser.post(path, **form)
    assert again.status == 409 and "set aside no more" in again.text
    assert len((await office.store.documents(OURS.id)).documents) == 1


async def test_what_was_set_aside_is_ended(office: Office, browser: Browser) -> None:
    id_ = await bring_for_nobody(office)
    await office.operator(browser)
    path = f"/console/inbox/aside/{id_}"
    page = await browser.get(f"{path}?verb=drop")
    assert "Nobody gets it." in page.text
    page = await browser.post(path, verb="drop", reason="An advertisement.")
    assert page.status == 200 and "It has ended" in page.text
    assert (await item(office, id_, SET_ASIDE)).code == "inbox.dropped"
    page = await browser.get("/console/inbox/aside?done=assigned&company=x&given=//evil.example")
    assert "Look at it there" not in page.text and 'href="//' not in page.text
    for wrong in ("com_nobody", SET_ASIDE, ""):
        other = await bring_for_nobody(office, f"X-{wrong}")
        path = f"/console/inbox/aside/{other}"
        assert (await browser.get(f"{path}?verb=assign&company={wrong}")).status == 422
        page = await browser.post(path, verb="assign", company=wrong, reason="x")
        assert page.status == 422 and "Choose a company" in page.faults
    assert (await browser.get("/console/inbox/aside/doc_nothing")).status == 404
