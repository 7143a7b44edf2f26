"""What a company's own people received: the list, marking as handled, and answering its seller."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.inbound.aside import SET_ASIDE
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming, Taken
from gateway.lifecycle import Business, InboxState
from gateway.store.port import Company, Direction, Document, Role
from gateway.trust.gate import Closed, OpenGate
from gateway.trust.people.roles import Role as PersonRole
from gateway.trust.people.signing_in import name_of
from tests.console.inboxes import PAGE, bring, bring_for_nobody, item, read
from tests.console.office import ACCOUNT, OURS, THEIRS, Browser, Office, open_office
from tests.console.test_inbox import told, twin
from transports.base import File

RECEIVED = "/console/received"
UNIT = Company("com_unit", "Norrsken Bageri AB", "SE", ("0007:5560000027",), {}, ACCOUNT.id)
NEW, HANDLED = InboxState.NEW, InboxState.HANDLED


async def anna(office: Office, browser: Browser, role: PersonRole = PersonRole.SENDER) -> str:
    person = await office.person(role=role)
    await browser.sign_in("anna@byran.example")
    return name_of(person)


async def carried(office: Office) -> list[Document]:
    """The documents that carry what was answered."""
    return list((await office.store.documents(OURS.id, direction=Direction.OUT)).documents)


# --- the list -----------------------------------------------------------------------------------


async def test_what_came_is_listed_newest_first_and_by_state(
    office: Office, browser: Browser
) -> None:
    first = await bring(office, "I-1")
    await bring(office, "I-2", PAGE)
    await bring(office, "T-1", company=THEIRS.id)
    await bring_for_nobody(office)
    await anna(office, browser)
    page = await browser.get(RECEIVED)
    assert page.status == 200 and "T-1" not in page.text and "X-1" not in page.text
    assert "&lt;b&gt;Säljaren&lt;/b&gt;" in page.text and "<b>Säljaren" not in page.text
    assert f'href="/console/documents/{OURS.id}/{first.document.id}/invoice"' in page.text
    shown = await twin(browser, f"{RECEIVED}.json")
    assert [row["number"] for row in shown["rows"]] == ["I-2", "I-1"]
    assert (shown["company_id"], shown["closed"]) == ("", {})
    shown = await twin(browser, f"{RECEIVED}.json?state=attachment_error")
    assert [row["number"] for row in shown["rows"]] == ["I-2"]
    for words in ("I-1", "säljaren+i-1", first.document.id):
        shown = await twin(browser, f"{RECEIVED}.json?words={words}")
        assert [row["number"] for row in shown["rows"]] == ["I-1"], words
    for query in ("words=I-1&state=handled", "words=T-1", "words=X-1"):
        assert (await twin(browser, f"{RECEIVED}.json?{query}"))["rows"] == [], query
    for company in (THEIRS.id, SET_ASIDE, "com_nobody"):
        assert (await browser.get(f"{RECEIVED}?company={company}")).status == 404, company
    page = await browser.get(f"{RECEIVED}?after=nonsense")
    assert (page.status, page.url.query_string) == (200, "")


async def test_the_list_goes_on_where_it_ended(office: Office, browser: Browser) -> None:
    for n in range(51):
        await bring(office, f"I-{n:02}")
        office.clock.move(timedelta(seconds=1))
    await anna(office, browser)
    for query, first, last in (("", "I-50", "I-00"), ("?state=new", "I-50", "I-00")):
        shown = await twin(browser, f"{RECEIVED}.json{query}")
        assert len(shown["rows"]) == 50 and shown["rows"][0]["number"] == first
        rest = await twin(browser, shown["next"].replace("received?", "received.json?"))
        assert [row["number"] for row in rest["rows"]] == [last] and rest["next"] is None


async def test_of_several_companies_one_is_chosen(office: Office, browser: Browser) -> None:
    await office.store.add_company(UNIT, office.clock.now())
    await bring(office, "I-1")
    await bring(office, "U-1", company=UNIT.id)
    await anna(office, browser)
    page = await browser.get(f"{RECEIVED}?company={UNIT.id}")
    assert "U-1" in page.text and "I-1" not in page.text
    assert f'<option value="{UNIT.id}" selected>' in page.text


async def test_a_company_that_may_not_receive_is_told_why(tmp_path: Path) -> None:
    class Shut(OpenGate):
        async def may_receive(self, company_id: str) -> Closed | None:
            return Closed("company.unverified", "Have the company verified first.", "No.")

        async def may_send(self, company_id: str) -> Closed | None:
            return await self.may_receive(company_id)

    async with open_office(tmp_path / "other", gate=Shut()) as office:
        found = await bring(office, "I-1", gate=Shut())
        async with office.browser() as browser:
            await anna(office, browser)
            page = await browser.get(RECEIVED)
            assert "Have the company verified first." in page.text
            assert 'name="row"' not in page.text and "/invoice" not in page.text
            row = f"{OURS.id}/{found.document.id}"
            page = await browser.post(f"{RECEIVED}/handled", row=row, company=OURS.id)
            assert page.status == 409 and "Have the company verified first." in page.faults
            path = f"{RECEIVED}/{row}/answer"
            assert "Have the company verified first." in (await browser.get(path)).text
            page = await browser.post(path, status="AP", sure="yes")
            assert page.status == 403
            page = await browser.get(f"/console/inbox/{row}/repair?way=hold")
            assert page.status == 403 and "Have the company verified first." in page.text
        assert await carried(office) == []


# --- marking ------------------------------------------------------------------------------------


async def test_ticked_ones_are_marked_and_no_others(office: Office, browser: Browser) -> None:
    found = [await bring(office, f"I-{n}") for n in range(3)]
    who = await anna(office, browser)
    ids = [one.document.id for one in found]
    await browser.get(RECEIVED)
    rows = [f"{OURS.id}/{id_}" for id_ in ids[:2]]
    page = await browser.post(f"{RECEIVED}/handled", row=rows, company=OURS.id)
    assert page.status == 200 and "Marked as handled: 2." in page.text
    states = [(await item(office, id_)).state for id_ in ids]
    assert states == [HANDLED, HANDLED, NEW]
    assert await told(office, ids[0]) == [(who, "inbox.handled", {"reason": ""})]
    document = await office.store.document(OURS.id, ids[0])
    assert document is not None and document.confirmed_at is not None
    page = await browser.post(f"{RECEIVED}/handled", row=rows, company=OURS.id)
    assert page.status == 200 and len(await told(office, ids[0])) == 1, "again does no harm"


async def test_a_name_of_one_s_own_is_kept(office: Office, browser: Browser) -> None:
    found = await bring(office, "I-1")
    other = await bring(office, "I-2")
    await anna(office, browser)
    await browser.get(RECEIVED)
    row, second = (f"{OURS.id}/{one.document.id}" for one in (found, other))
    given = {"company": OURS.id, "reference": "V <b>12</b>"}
    page = await browser.post(f"{RECEIVED}/handled", row=[row, second], **given)
    assert page.status == 422 and "one alone" in page.faults
    page = await browser.post(f"{RECEIVED}/handled", company=OURS.id)
    assert page.status == 422 and "Tick what you mean" in page.faults
    page = await browser.post(f"{RECEIVED}/handled", row=row, company=OURS.id, reference="x" * 201)
    assert page.status == 422
    page = await browser.post(f"{RECEIVED}/handled", row=row, **given)
    assert page.status == 200 and "You call it V &lt;b&gt;12&lt;/b&gt;." in page.text
    assert (await item(office, found.document.id)).reference == "V <b>12</b>"
    page = await browser.post(f"{RECEIVED}/handled", row=row, company=OURS.id)
    assert (await item(office, found.document.id)).reference == "V <b>12</b>", "a second click"


async def test_what_is_not_marked_is_told_with_the_reason(office: Office, browser: Browser) -> None:
    good = await bring(office, "I-1")
    lent = await bring(office, "I-2")
    bad = await bring(office, "I-3", PAGE)
    now = office.clock.now()
    await office.store.lend(OURS.id, "lse_a", now, now + timedelta(hours=1), 2)
    await office.store.confirm(OURS.id, good.document.id, now, lease="lse_a")
    await anna(office, browser)
    await browser.get(RECEIVED)
    rows = [f"{OURS.id}/{one.document.id}" for one in (good, lent, bad)]
    page = await browser.post(f"{RECEIVED}/handled", row=rows, company=OURS.id)
    assert page.status == 409 and "Marked as handled: 1." in page.text
    assert "I-2: Another has it just now." in page.faults
    assert "I-3: What is attachment_error in the inbox can not be handled." in page.faults
    assert (await item(office, good.document.id)).state is HANDLED
    assert (await item(office, lent.document.id)).state is NEW


async def test_nobody_marks_or_answers_another_s(office: Office, browser: Browser) -> None:
    theirs = await bring(office, "T-1", company=THEIRS.id)
    ours = await bring(office, "I-1")
    await anna(office, browser)
    await browser.get(RECEIVED)
    id_ = theirs.document.id
    for row in (f"{THEIRS.id}/{id_}", f"{OURS.id}/{id_}", "x", "", f"{SET_ASIDE}/{id_}"):
        both = [f"{OURS.id}/{ours.document.id}", row]
        page = await browser.post(f"{RECEIVED}/handled", row=both, company=OURS.id)
        assert page.status == 404, row
        assert (await item(office, ours.document.id)).state is NEW, "nothing is done at all"
        await browser.get(RECEIVED)
    for company in (THEIRS.id, OURS.id):
        path = f"{RECEIVED}/{company}/{id_}/answer"
        assert (await browser.get(path)).status == 404
        assert (await browser.get(f"{path}.json")).status == 404
        await browser.get(RECEIVED)
        assert (await browser.post(path, status="AP", sure="yes")).status == 404
        await browser.get(RECEIVED)
    assert (await item(office, id_, THEIRS.id)).document.business is Business.NONE
    assert (await item(office, id_, THEIRS.id)).state is NEW
    page = await browser.post(
        f"{RECEIVED}/{OURS.id}/{ours.document.id}/answer", "0" * 64, status="AP", sure="yes"
    )
    assert page.status == 403
    assert await carried(office) == []


async def test_a_reader_looks_and_does_nothing(office: Office, browser: Browser) -> None:
    found = await bring(office, "I-1")
    await anna(office, browser, PersonRole.READER)
    page = await browser.get(RECEIVED)
    assert "I-1" in page.text and 'type="checkbox"' not in page.text
    row = f"{OURS.id}/{found.document.id}"
    assert (await browser.post(f"{RECEIVED}/handled", row=row)).status == 403
    assert (await browser.get(f"{RECEIVED}/{row}/answer")).status == 403


# --- answering ----------------------------------------------------------------------------------


async def test_an_invoice_is_answered_after_a_look_at_what_the_seller_hears(
    office: Office, browser: Browser
) -> None:
    found = await bring(office, "I-1")
    who = await anna(office, browser)
    path = f"{RECEIVED}/{OURS.id}/{found.document.id}/answer"
    page = await browser.get(path)
    assert page.status == 200 and "Under query" in page.text
    said: dict[str, Any] = {
        "status": "RE",
        "reason": "PRI",
        "reason_text": "Too <i>dear</i>",
        "term": "BT-13",
        "value": "4711",
        "action": "NIN",
        "effective_date": "2026-12-01",
    }
    page = await browser.post(path, **said)
    assert page.status == 200
    for words in (
        f"{OURS.name} rejects invoice I-1, and will not pay it.",
        "Prices are wrong (PRI): <q>Too &lt;i&gt;dear&lt;/i&gt;</q>",
        "BT-13 should be: 4711",
        "Issue a new invoice (NIN)",
        "From 2026-12-01 on.",
        "&lt;b&gt;Säljaren&lt;/b&gt;",
        "0007:5560001116",
        "ApplicationResponse",
    ):
        assert words in page.text, words
    assert await carried(office) == [], "nothing is said yet"
    assert (await item(office, found.document.id)).document.business is Business.NONE
    shown = page
    for _ in range(2):  # a second click says nothing twice
        browser.last = shown
        page = await browser.post(path, sure="yes", **said)
        assert page.status == 200 and "It is said, and on its way" in page.text
    (response,) = await carried(office)
    assert f"/console/documents/{OURS.id}/{response.id}" in page.text
    assert (await item(office, found.document.id)).document.business is Business.REJECTED
    (content,) = await office.store.files(OURS.id, response.id, (Role.ORIGINAL,))
    assert b"Too &lt;i&gt;dear&lt;/i&gt;" in content[1] and b"2026-12-01" in content[1]
    assert [(entry[0], entry[2]) for entry in await told(office, found.document.id)] == [
        (who, {"status": "RE"})
    ]
    assert "Nothing can follow what was said." in page.text
    page = await browser.post(path, status="AP", sure="yes")
    assert page.status == 409 and "nothing can follow that" in page.text


async def test_what_is_wrong_with_an_answer_is_told_all_at_once(
    office: Office, browser: Browser
) -> None:
    found = await bring(office, "I-1")
    await anna(office, browser)
    path = f"{RECEIVED}/{OURS.id}/{found.document.id}/answer"
    await browser.get(path)
    page = await browser.post(
        path, status="XX", reason="", reason_text="Why", term="13", effective_date="tomorrow"
    )
    assert page.status == 422
    for words in ("Choose an answer", "Choose a reason", "written like BT-13", "2026-12-01"):
        assert words in page.text, words
    assert 'value="tomorrow"' in page.text and "Why" in page.text, "what was written is kept"
    page = await browser.post(path, status="RE")
    assert page.status == 422 and "PEPPOL-T111" in page.text
    assert await carried(office) == []
    shown = json.loads((await browser.get(f"{path}.json")).text)
    assert shown["statuses"] == ["AB", "IP", "UQ", "CA", "RE", "AP", "PD"]
    assert shown["heard"] is None


async def test_a_part_that_was_paid_leaves_the_invoice_open(
    office: Office, browser: Browser
) -> None:
    found = await bring(office, "I-1")
    await anna(office, browser)
    path = f"{RECEIVED}/{OURS.id}/{found.document.id}/answer"
    await browser.get(path)
    said = {"status": "PD", "reason": "PPD", "reason_text": "1000 SEK"}
    page = await browser.post(path, **said)
    assert f"{OURS.name} has paid a part of invoice I-1." in page.text
    await browser.post(path, sure="yes", **said)
    assert (await item(office, found.document.id)).document.business is Business.ACCEPTED
    page = await browser.post(path, status="PD")
    assert f"{OURS.name} has paid invoice I-1." in page.text


async def test_what_can_not_be_read_has_nobody_to_answer(office: Office, browser: Browser) -> None:
    document = File("letter.xml", "application/xml", b"<Letter>Dear all</Letter>")
    came = Incoming("test", "letter", OURS.id, document, ())
    taken = await Inboxes(office.store, office.clock).take(came)
    assert isinstance(taken, Taken)
    await read(office)
    await anna(office, browser)
    path = f"{RECEIVED}/{OURS.id}/{taken.document_id}/answer"
    await browser.get(path)
    page = await browser.post(path, status="AP")
    assert page.status == 409 and "nobody to answer" in page.text


async def test_what_was_set_aside_is_nobody_s_to_mark_or_answer(
    office: Office, browser: Browser
) -> None:
    lost = await bring_for_nobody(office)
    await office.operator(browser)
    row = f"{SET_ASIDE}/{lost}"
    page = await browser.get(RECEIVED)
    assert SET_ASIDE not in page.text and "X-1" not in page.text
    assert (await browser.post(f"{RECEIVED}/handled", row=row)).status == 404
    for path in (f"{RECEIVED}/{row}/answer", f"/console/inbox/{row}/repair?way=hold"):
        assert (await browser.get(path)).status == 404, path
    page = await browser.get(f"/console/inbox/{row}")
    assert page.url.path == f"/console/inbox/aside/{lost}"
    assert (await item(office, lost, SET_ASIDE)).state is NEW
