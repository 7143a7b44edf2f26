"""What people do in the console: choose a password, look after themselves, hand documents in."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from gateway.store.port import Company, NewPart, Role
from gateway.trust.gate import Closed, OpenGate
from gateway.trust.people.directory import Newcomer
from gateway.trust.people.roles import Role as PersonRole
from tests.console.office import (
    ACCOUNT,
    OURS,
    PASSWORD,
    THEIRS,
    Browser,
    Office,
    open_office,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
INVOICE = (EXAMPLES / "se-b2b-invoice.json").read_bytes()
NEW = "gurka cykel trettio sjö"
UNIT = Company("com_unit", "Enheten", "SE", (), {}, ACCOUNT.id)


async def newcomer(office: Office, email: str = "anna@byran.example") -> str:
    """The path of the link that somebody was sent."""
    wish = Newcomer(email, "Anna Ek", "sv", PersonRole.SENDER, ACCOUNT.id)
    _, link = await office.directory.admit(wish, "operator:test")
    return link.removeprefix(office.url)


# --- the one-time link --------------------------------------------------------------------------


async def test_a_link_opens_until_a_password_was_chosen(office: Office, browser: Browser) -> None:
    link = await newcomer(office)
    for _ in range(3):  # a mail server that looks at links uses nothing up
        assert (await browser.get(link)).status == 200
    page = await browser.post(link, password=PASSWORD, again=PASSWORD)
    assert page.url.path == "/console/sign-in"
    gone = await browser.get(link)
    assert gone.status == 404
    made_up = await browser.get("/console/welcome/bkl_made_up")
    assert made_up.text == gone.text.replace(link, "/console/welcome/bkl_made_up")
    assert (await browser.sign_in("anna@byran.example")).url.path == "/console/unsent"
    assert "person.accepted" in await office.told()


async def test_a_link_opens_for_72_hours(office: Office, browser: Browser) -> None:
    link = await newcomer(office)
    office.clock.move(timedelta(hours=72))
    assert (await browser.get(link)).status == 404


@pytest.mark.parametrize(
    ("password", "again", "fault"),
    [
        ("short", "short", "för kort"),
        ("password1234", "password1234", "gissas"),
        ("anna@byran.example", "anna@byran.example", "gissas"),
        ("budkavle2026!", "budkavle2026!", "gissas"),
        (PASSWORD, PASSWORD + "x", "inte lika"),
        ("x7" * 70, "x7" * 70, "för långt"),
    ],
)
async def test_a_password_that_will_not_do(
    office: Office, browser: Browser, password: str, again: str, fault: str
) -> None:
    link = await newcomer(office)
    await browser.get(link)
    page = await browser.post(link, password=password, again=again)
    assert page.status == 422 and fault in page.faults
    assert password not in page.text.replace("anna@byran.example", "")
    assert (await browser.get(link)).status == 200


async def test_an_address_that_signs_in_elsewhere_is_told_only_to_its_owner(
    office: Office, browser: Browser
) -> None:
    await office.person()
    wish = Newcomer("anna@byran.example", "Anna", "en", PersonRole.SENDER, companies=(THEIRS.id,))
    _, link = await office.directory.admit(wish, "key:theirs")
    path = link.removeprefix(office.url)
    await browser.get(path)
    page = await browser.post(path, password=NEW, again=NEW)
    assert page.status == 409 and "another account" in page.faults


# --- oneself ------------------------------------------------------------------------------------


async def test_a_new_password_ends_the_sessions_elsewhere(office: Office, browser: Browser) -> None:
    await office.person()
    async with office.browser() as other:
        await other.sign_in("anna@byran.example")
        await browser.sign_in("anna@byran.example")
        await browser.get("/console/profile")
        wrong = await browser.post(
            "/console/profile/password", current="no", password=NEW, again=NEW
        )
        assert wrong.status == 403
        page = await browser.post(
            "/console/profile/password", current=PASSWORD, password=NEW, again=NEW
        )
        assert page.status == 200 and "The password is changed" in page.text
        assert (await other.get("/console/profile")).url.path == "/console/sign-in"
    assert "person.password_changed" in await office.told()


async def test_sessions_are_listed_and_ended_one_by_one(office: Office, browser: Browser) -> None:
    person = await office.person()
    stranger = await office.person("bo@byran.example")
    async with office.browser() as other:
        await other.sign_in("anna@byran.example")
        await browser.sign_in("bo@byran.example")
        (session,) = await office.store.sessions(person.id)
        await browser.get("/console/profile")
        await browser.post("/console/profile/sessions", session=session.id)  # another's
        assert await office.store.sessions(person.id) == [session]
        await other.get("/console/profile")
        await other.post("/console/profile/sessions", session=session.id)
        assert await office.store.sessions(person.id) == []
        assert len(await office.store.sessions(stranger.id)) == 1


async def test_the_second_factor_is_turned_off_with_the_password(
    office: Office, browser: Browser
) -> None:
    import pyotp

    person = await office.person()
    secret = await office.secret(person)
    office.clock.move(timedelta(minutes=1))
    await browser.sign_in("anna@byran.example")
    await browser.post("/console/code", code=pyotp.TOTP(secret).at(office.clock.now()))
    await browser.get("/console/profile")
    assert (await browser.post("/console/profile/second-factor/off", current="no")).status == 403
    page = await browser.post("/console/profile/second-factor/off", current=PASSWORD)
    assert "The second factor is off" in page.text
    assert "person.second_factor_off" in await office.told()


async def test_every_page_is_in_the_reader_s_language(office: Office, browser: Browser) -> None:
    await office.person()
    for language, word in (("sv-SE,sv;q=0.9", "Logga in"), ("no", "Logg inn"), ("fi", "Sign in")):
        browser.language = language
        assert f"<h1>{word}</h1>" in (await browser.get("/console/sign-in")).text
    await browser.sign_in("anna@byran.example")
    await browser.get("/console/profile")
    page = await browser.post("/console/profile/language", language="nb")
    assert '<html lang="nb">' in page.text and "Profilen din" in page.text


# --- handing in ---------------------------------------------------------------------------------


async def test_a_document_is_on_disk_when_the_page_says_so(
    office: Office, browser: Browser
) -> None:
    person = await office.person()
    page = await browser.sign_in("anna@byran.example")
    page = await browser.upload(INVOICE)
    assert page.status == 200 and "It is on disk" in page.text
    (document,) = (await office.store.documents(OURS.id)).documents
    assert document.id in page.text and document.media_type == "application/json"
    assert [part.role for part in await office.store.parts(OURS.id, document.id)] == [Role.ORIGINAL]
    told = [one for one in await office.store.audit_entries(0, 99) if one.subject == document.id]
    assert [(one.actor, one.action) for one in told] == [
        (f"person:{person.id}", "document.uploaded")
    ]
    page = await browser.get("/console/upload")
    assert "faktura.json" in page.text and "Being checked" in page.text


async def test_the_same_form_twice_is_one_document(office: Office, browser: Browser) -> None:
    await office.person()
    await browser.sign_in("anna@byran.example")
    form = await browser.get("/console/upload")
    for _ in range(2):
        browser.last = form
        assert (await browser.upload(INVOICE)).status == 200
    assert len((await office.store.documents(OURS.id)).documents) == 1
    assert (await browser.get("/console/upload")).text.count("faktura.json") == 1


async def test_what_can_not_be_read_is_told_and_not_stored(
    office: Office, browser: Browser
) -> None:
    await office.person()
    form = await browser.sign_in("anna@byran.example")
    for content, name, word in (
        (b"<Invoice><broken", "trasig.xml", "GUARD-"),
        (b"hello", "brev.txt", "GUARD-FILE"),
        (b'{"invoice": {"number": 1}}', "a.json", "/invoice/number"),
        (b"", "tom.json", "must not be empty"),
        (b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><Invoice>&b;</Invoice>", "x", ""),
    ):
        browser.last = form
        page = await browser.upload(content, name)
        assert page.status == 422 and word in page.text, name
    assert (await office.store.documents(OURS.id)).documents == ()


async def test_a_closed_gate_says_why(tmp_path: Path, browser: Browser) -> None:
    class Shut(OpenGate):
        async def may_submit(self, company_id: str) -> Closed | None:
            return Closed("company.unverified", "Have the company verified first.", "No.")

    async with open_office(tmp_path / "other", gate=Shut()) as office:
        await office.person()
        async with office.browser() as visitor:
            await visitor.sign_in("anna@byran.example")
            page = await visitor.upload(INVOICE)
            assert page.status == 403 and "Have the company verified first." in page.text


async def test_findings_are_told_in_words(office: Office, browser: Browser) -> None:
    await office.person()
    await browser.sign_in("anna@byran.example")
    page = await browser.upload(INVOICE)
    (document,) = (await office.store.documents(OURS.id)).documents
    (job,) = await office.store.claim("test", office.clock.now(), 60, 1, {})
    finding = {
        "rule": "BR-16",
        "severity": "fatal",
        "where": "/invoice/lines",
        "line": 7,
        "text": "No <b>lines</b>.",
        "hint": "Add one.",
        "terms": [],
        "stated": "0",
        "computed": "1",
    }
    from gateway.lifecycle import State, change
    from gateway.store.port import Checkpoint, Done

    part = NewPart(
        Role.FINDINGS, "findings.json", "application/json", json.dumps([finding]).encode()
    )
    rejected = change(State.RECEIVED, State.REJECTED, code="invoice.invalid", text="Not valid.")
    work = Checkpoint(Done(), rejected, parts=[part])
    await office.store.checkpoint(job, work, office.clock.now())
    page = await browser.get(f"/console/upload/{OURS.id}/{document.id}")
    for word in ("Rejected: not sent", "BR-16", "line 7", "Add one.", "Expected"):
        assert word in page.text
    assert "No &lt;b&gt;lines&lt;/b&gt;." in page.text


# --- whose --------------------------------------------------------------------------------------


async def test_nobody_hands_in_for_another_or_sees_their_documents(
    office: Office, browser: Browser
) -> None:
    await office.store.add_company(UNIT, office.clock.now())
    await office.person(companies=(UNIT.id,))
    await office.person("op@gateway.example", PersonRole.OPERATOR)
    form = await browser.sign_in("anna@byran.example")
    for company in (OURS.id, THEIRS.id, "com_nobody", ""):
        browser.last = form
        page = await browser.upload(INVOICE, company=company)
        assert page.status == 422 and (await office.store.documents(OURS.id)).documents == ()
    browser.last = form
    assert (await browser.upload(INVOICE, company=UNIT.id)).status == 200
    async with office.browser() as other:
        await office.person("bo@theirs.example", account_id="", companies=(THEIRS.id,))
        await other.sign_in("bo@theirs.example")
        (document,) = (await office.store.documents(UNIT.id)).documents
        missing = await other.get(f"/console/upload/{THEIRS.id}/doc_nobody")
        for company in (UNIT.id, THEIRS.id):
            page = await other.get(f"/console/upload/{company}/{document.id}")
            assert page.status == 404
            assert page.text == missing.text


async def test_a_reader_hands_nothing_in(office: Office, browser: Browser) -> None:
    await office.person(role=PersonRole.READER)
    page = await browser.sign_in("anna@byran.example")
    assert page.url.path == "/console/unsent" and 'href="/console/upload' not in page.text
    assert (await browser.get("/console/upload")).status == 403
