"""The page of one document, over documents that really went their way."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from gateway.delivery.verbs import Verb
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming, Taken
from gateway.lifecycle import InboxState, State
from gateway.store.endpoints import Endpoint, Push, SealedSecret
from gateway.store.ids import new_id
from gateway.store.port import NewPart, Role, Submission
from gateway.trust.gate import Closed, OpenGate
from gateway.trust.people.roles import Role as PersonRole
from tests.console.file_room import FileRoom, open_file_room
from tests.console.office import OURS, THEIRS, Browser
from tests.flows.house import SENDER, invoice
from tests.flows.test_inbox import holding, ubl
from tests.hostile import pdfs
from transports.base import File

TABS = ("", "/invoice", "/ubl", "/sent-in", "/envelope", "/attachments", "/events", "/audit")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[FileRoom]:
    async with open_file_room(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def browser(room: FileRoom) -> AsyncIterator[Browser]:
    """With an operator signed in."""
    async with room.office.browser() as opened:
        await room.office.operator(opened)
        yield opened


async def test_every_tab_is_there_for_whatever_became_of_it(
    room: FileRoom, browser: Browser
) -> None:
    house = room.house
    ends = {
        await house.submit(invoice(here=True)): State.DELIVERED,
        await house.submit(invoice(email="a@customer.example")): State.SENT,
        await house.submit(invoice(email="drop@customer.example")): State.HELD,
        await house.submit({"invoice": {"number": "F-9"}}): State.REJECTED,
        await house.submit(invoice(post_code=None)): State.FAILED,
    }
    await house.work()
    ends[await house.submit(invoice())] = State.RECEIVED
    for document_id, state in ends.items():
        await house.is_in(document_id, state)
        for tab in TABS:
            page = await room.show(browser, document_id, tab)
            assert page.text.count("<h1>") == 1
            assert 'class="sentence"' in page.text
            twin = await room.show(browser, document_id, f"{tab}.json")
            said = json.loads(twin.text)
            assert said["top"]["state"] == state.value
            assert said["top"]["sentence"] and said["top"]["turn"]


# --- who may see it -----------------------------------------------------------------------------


async def test_nobody_sees_what_is_another_companys(room: FileRoom) -> None:
    """What is not theirs looks exactly as what is not there, whoever asks, in every tab."""
    document_id = await room.house.submit(invoice(email="a@customer.example"))
    await room.house.work()
    evidence = (await room.house.parts(document_id, Role.EVIDENCE))[0].sha256
    given = ("/rendered", "/invoice.pdf", "/evidence.zip")
    tabs = (*TABS, *given, *(f"/{way}/{evidence}" for way in ("wire", "files", "inside")))
    people = {
        "anna@ours.example": {"account_id": "", "companies": (OURS.id,)},
        "kari@theirs.example": {"account_id": "", "companies": (THEIRS.id,)},
    }
    for email, reach in people.items():
        await room.office.person(email, PersonRole.ADMINISTRATOR, **reach)
        async with room.office.browser() as stranger:
            await stranger.sign_in(email)
            nothing = await stranger.get(room.path("doc_00000000-0000-7000-8000-000000000000"))
            for company_id in (SENDER.id, OURS.id, THEIRS.id, "com_nobody"):
                for tab in tabs:
                    page = await stranger.get(room.path(document_id, tab, company_id))
                    assert (page.status, _body(page.text)) == (404, _body(nothing.text))
                twin = await stranger.get(room.path(document_id, ".json", company_id))
                assert twin.status == 404
    async with room.office.browser() as nobody:
        for tab in tabs:
            assert (await nobody.get(room.path(document_id, tab))).url.path == "/console/sign-in"


def _body(page: str) -> str:
    found = re.search(r"<main.*</main>", page, re.S)
    assert found is not None
    return found[0]


async def test_a_companys_people_see_public_texts_and_an_operator_sees_both(
    room: FileRoom, browser: Browser
) -> None:
    document_id = await room.house.submit(invoice(email="drop@customer.example"))
    await room.house.work()
    (last,) = [a for a in await room.house.attempts(document_id) if a.channel == "email"]
    assert last.text and last.remote and last.public_text
    page = await room.show(browser, document_id)
    for said in (last.text, last.remote, last.public_text):
        assert said in unescape(page.text)
    assert "You, the operators" not in page.text and "company&#39;s people have to act" in page.text

    await room.office.person("anna@byran.example", PersonRole.SENDER)
    async with room.office.browser() as anna:
        await anna.sign_in("anna@byran.example")
        for address in ("", ".json"):
            page = await room.show(anna, document_id, address)
            text = unescape(page.text)
            assert last.public_text in text
            assert last.text not in text and last.remote not in text
            assert "drop@customer.example" not in _after(text, "Plan")
        page = await room.show(anna, document_id)
        assert "You have to act." in page.text
        assert room.path(document_id, "/do/release") in page.text

    await room.office.person("lars@byran.example", PersonRole.READER)
    async with room.office.browser() as lars:
        await lars.sign_in("lars@byran.example")
        assert "/do/" not in (await room.show(lars, document_id)).text


def _after(text: str, word: str) -> str:
    return text.partition(word)[2]


# --- the tabs -----------------------------------------------------------------------------------


async def twin(room: FileRoom, browser: Browser, document_id: str, tab: str = "") -> Any:
    return json.loads((await room.show(browser, document_id, f"{tab}.json")).text)


async def test_the_way_has_every_step_and_every_try(room: FileRoom, browser: Browser) -> None:
    house = room.house
    document_id = await house.submit(invoice(email="drop@customer.example"))
    await house.work()
    said = await twin(room, browser, document_id)
    can = [verb["verb"] for verb in said["top"]["verbs"] if not verb["why_not"]]
    assert can == ["release", "retry", "reroute", "cancel"]
    stages = {stage["step"]: stage for stage in said["body"]["stages"]}
    assert stages["peppol"]["code"] == "route.not_configured"
    assert not stages["peppol"]["included"] and stages["peppol"]["leg"] == ""
    assert (stages["internal"]["leg"], stages["internal"]["n"]) == ("unreachable", 1)
    assert (stages["email"]["leg"], stages["letter"]["leg"]) == ("trying", "planned")
    assert [each["channel"] for each in said["body"]["tries"]] == ["email", "internal"]
    files = {file["name"]: file for file in said["body"]["tries"][0]["files"]}
    assert set(files) == {"request", "answer"}
    page = await room.show(browser, document_id)
    assert "Not configured on this gateway." in page.text

    wire = await room.show(browser, document_id, f"/wire/{files['request']['sha256']}")
    assert "Content-Disposition: attachment" in wire.text and "Message-ID:" in wire.text
    raw = room.path(document_id, f"/files/{files['request']['sha256']}")
    async with browser.session.get(browser.url + raw) as saved:
        content = await saved.read()
        assert saved.headers["Content-Disposition"].startswith("attachment")
    assert hashlib.sha256(content).hexdigest() == files["request"]["sha256"]

    await house.do(document_id, Verb.RETRY)
    await house.later(timedelta(minutes=1))
    await house.do(document_id, Verb.REROUTE)
    said = await twin(room, browser, document_id)
    assert [leg["channel"] for leg in said["body"]["earlier"]] == ["internal", "email", "letter"]


async def test_the_page_says_what_was_just_done_and_nothing_else(
    room: FileRoom, browser: Browser
) -> None:
    document_id = await room.house.submit(invoice(hold=True))
    await room.house.work()
    page = await room.show(browser, document_id, "?done=hold")
    assert page.text.count('role="status"') == 1
    for word in ("nothing", "<b>", "kept_text"):
        assert 'role="status"' not in (await room.show(browser, document_id, f"?done={word}")).text


async def test_the_invoice_is_shown_in_a_frame_that_nothing_gets_out_of(
    room: FileRoom, browser: Browser
) -> None:
    document_id = await room.house.submit(invoice(here=True))
    await room.house.work()
    page = await room.show(browser, document_id, "/invoice")
    (frame,) = re.findall(r"<iframe[^>]*>", page.text)
    assert " sandbox " in frame and room.path(document_id, "/rendered") in frame
    drawn = await room.show(browser, document_id, "/rendered")
    policy = drawn.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'") and "allow-" not in policy
    assert "frame-ancestors 'self'" in policy and "script-src" not in policy
    assert drawn.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "F-1" in drawn.text
    page = await room.show(browser, document_id)
    assert page.headers["X-Frame-Options"] == "DENY"
    async with browser.session.get(browser.url + room.path(document_id, "/invoice.pdf")) as answer:
        assert len(PdfReader(io.BytesIO(await answer.read())).pages) == 1


async def test_the_evidence_is_the_apis_bundle(room: FileRoom, browser: Browser) -> None:
    document_id = await room.house.submit(invoice(here=True))
    await room.house.work()
    address = browser.url + room.path(document_id, "/evidence.zip")
    async with browser.session.get(address) as answer:
        assert answer.headers["Content-Type"] == "application/zip"
        assert f'filename="{document_id}.zip"' in answer.headers["Content-Disposition"]
        names = zipfile.ZipFile(io.BytesIO(await answer.read())).namelist()
    assert {"manifest.json", "manifest.sig", "document.json", "timeline.json"} <= set(names)


async def test_findings_stand_at_their_lines(room: FileRoom, browser: Browser) -> None:
    wrong = Path("examples/broken-organisation-number.xml").read_bytes()
    document_id = await hand_in(room, NewPart(Role.ORIGINAL, "f.xml", "application/xml", wrong))
    await room.house.work()
    await room.house.is_in(document_id, State.REJECTED)
    said = (await twin(room, browser, document_id, "/ubl"))["body"]
    marked = [line for line in said["source"]["lines"] if line["findings"]]
    assert said["own"] and marked and not said["source"]["indented"]
    rows = wrong.decode().splitlines()
    assert all(line["text"] == rows[line["n"] - 1] for line in marked)
    assert all(line["findings"][0]["line"] == line["n"] for line in marked)
    page = await room.show(browser, document_id, "/ubl")
    assert f'id="L{marked[0]["n"]}"' in page.text

    good = await room.house.submit(invoice(here=True))
    await room.house.work()
    said = (await twin(room, browser, good, "/ubl"))["body"]
    assert said["source"]["indented"] and said["source"]["total"] > 50
    assert "ref 12" in "".join(line["text"] for line in said["source"]["lines"])
    for query in ("?from=99999999999", "?from=-1", "?from=x", "?file=nothing"):
        assert (await browser.get(room.path(good, f"/ubl{query}"))).status == 200


async def hand_in(room: FileRoom, *parts: NewPart, **delivery: Any) -> str:
    document_id = new_id("doc")
    submission = Submission(document_id, SENDER.id, parts[0].media_type, parts, delivery)
    await room.office.store.accept(submission, room.office.clock.now())
    return document_id


async def test_what_was_sent_in_is_shown_without_personal_numbers(
    room: FileRoom, browser: Browser
) -> None:
    number, token = "197802022389", "very-secret"
    wishes = {
        "personal_number": number,
        "fetch": [{"url": f"https://files.example/a.pdf?sig={token}"}],
        "hold": True,
    }
    body = {**invoice(), "delivery": wishes}
    document_id = await room.house.submit(body)
    await room.house.work()
    for tab in ("/sent-in", "/envelope", "/ubl", "", "/events", "/audit", "/attachments"):
        for address in (tab, f"{tab}.json"):
            page = await room.show(browser, document_id, address)
            assert number not in page.text and token not in page.text, address
    page = await room.show(browser, document_id, "/sent-in")
    assert "********" in page.text and "https://files.example/a.pdf?..." in page.text
    digest = hashlib.sha256(json.dumps(body).encode()).hexdigest()
    assert digest in page.text
    said = (await twin(room, browser, document_id, "/sent-in"))["body"]
    assert {wish["name"]: wish["value"] for wish in said["wishes"]}["hold"] == "true"


async def test_the_envelope_has_the_keys_and_what_answered(
    room: FileRoom, browser: Browser
) -> None:
    document_id = await room.house.submit(invoice(here=True))
    await room.house.work()
    said = (await twin(room, browser, document_id, "/envelope"))["body"]
    legs = await room.house.legs(document_id)
    assert said["keys"][0]["key"] == str(legs["internal"].key)
    assert [answer["name"] for answer in said["answers"]] == ["receipt"]
    groups = {group["name"]: dict(_pairs(group["facts"])) for group in said["groups"]}
    assert groups["sender"]["name"] == SENDER.name and groups["summary"]["number"] == "F-1"


def _pairs(facts: Sequence[dict[str, str]]) -> list[tuple[str, str]]:
    return [(fact["name"], fact["value"]) for fact in facts]


async def test_attachments_and_what_merging_did(room: FileRoom, browser: Browser) -> None:
    document_id = await hand_in(
        room,
        NewPart(Role.ORIGINAL, "i.json", "application/json", json.dumps(invoice()).encode()),
        NewPart(Role.ATTACHMENT, "terms.pdf", "application/pdf", pdfs.drawn(3)),
        NewPart(Role.ATTACHMENT, "sheet.xlsx", "application/octet-stream", b"PK\x03\x04"),
    )
    await room.house.work()
    said = (await twin(room, browser, document_id, "/attachments"))["body"]
    assert [file["name"] for file in said["files"]] == ["terms.pdf", "sheet.xlsx"]
    (merger,) = said["mergers"]
    assert (merger["channel"], merger["code"], merger["pages"]) == ("letter", "merge.partly", 4)
    merged = room.path(document_id, f"/files/{merger['sha256']}")
    async with browser.session.get(browser.url + merged) as answer:
        assert len(PdfReader(io.BytesIO(await answer.read())).pages) == 4


async def test_events_say_whom_they_were_told(room: FileRoom, browser: Browser) -> None:
    store, now = room.office.store, room.office.clock.now()
    document_id = await room.house.submit(invoice(here=True))
    await room.house.work()
    secret = (SealedSecret(b"sealed"),)
    url = "https://erp.example/hooks?key=hush"
    await store.add_endpoint(
        Endpoint("wh_1", SENDER.id, url, (), "", True, secret, None, now, now), 5
    )
    (first, *_) = await room.house.events(document_id)
    push = Push(*(first.id, first.type, document_id, first.cursor), now, 12, 503, "webhook.no", "?")
    await store.add_push(SENDER.id, "wh_1", push)
    page = await room.show(browser, document_id, "/events")
    assert "https://erp.example/hooks" in page.text and "hush" not in page.text
    events = (await twin(room, browser, document_id, "/events"))["body"]["events"]
    assert events[-1]["type"] == "document.received" and events[-1]["told"][0]["status"] == 503
    assert events[0]["type"] == "document.delivered"


async def test_the_audit_says_who_did_what_and_which_operator_only_to_operators(
    room: FileRoom, browser: Browser
) -> None:
    document_id = await room.house.submit(invoice(hold=True))
    other = await room.house.submit(invoice(hold=True))
    await room.house.work()
    for one in (document_id, other):
        await room.house.do(one, Verb.CANCEL)
    said = (await twin(room, browser, document_id, "/audit"))["body"]
    assert [entry["action"] for entry in said["entries"]] == ["document.cancelled"]
    assert not said["more"]
    assert "document.cancelled" in (await room.show(browser, document_id, "/audit")).text


# --- what came in -------------------------------------------------------------------------------


async def came_in(room: FileRoom, content: bytes, *beside: File) -> str:
    document = File("document.xml", "application/xml", content)
    inboxes = Inboxes(room.office.store, room.office.clock)
    taken = await inboxes.take(Incoming("upload", new_id("doc"), SENDER.id, document, beside))
    assert isinstance(taken, Taken)
    await room.house.work()
    return taken.document_id


async def test_every_tab_is_there_for_what_came_in(room: FileRoom, browser: Browser) -> None:
    right = await came_in(room, holding(pdfs.drawn(), "time.pdf"))
    wrong = await came_in(room, b"<Invoice>is none")
    bad = await came_in(room, ubl(), File("tool.exe", "application/x-msdownload", b"MZ\x90\x00"))
    for document_id in (right, wrong, bad):
        for tab in TABS:
            page = await room.show(browser, document_id, tab)
            assert "/do/" not in page.text
            assert (await twin(room, browser, document_id, tab))["top"]["direction"] == "in"
    (file,) = (await twin(room, browser, right, "/attachments"))["body"]["files"]
    assert (file["name"], file["place"]) == ("time.pdf", "inside")
    address = browser.url + room.path(right, f"/inside/{file['sha256']}")
    async with browser.session.get(address) as answer:
        assert hashlib.sha256(await answer.read()).hexdigest() == file["sha256"]
        assert 'filename="time.pdf"' in answer.headers["Content-Disposition"]
    item = await room.office.store.inbox_item(SENDER.id, bad)
    assert item is not None and item.state is InboxState.ATTACHMENT_ERROR
    said = await twin(room, browser, bad, "/attachments")
    assert said["body"]["files"][0]["bad"] and "can not be handed out" in said["top"]["sentence"]


class Shut(OpenGate):
    async def may_receive(self, company_id: str) -> Closed | None:
        return Closed("company.unverified", "Prove who you are first.", "Not now.")


async def test_what_a_company_may_not_have_yet_is_not_shown(tmp_path: Path) -> None:
    async with open_file_room(tmp_path / "data", gate=Shut()) as room:
        document_id = await came_in(room, holding(pdfs.drawn(), "time.pdf"))
        evidence = [p.sha256 for p in await room.office.store.parts(SENDER.id, document_id)]
        await room.office.person("anna@byran.example", PersonRole.SENDER)
        async with room.office.browser() as anna:
            await anna.sign_in("anna@byran.example")
            for tab in TABS:
                page = await room.show(anna, document_id, tab)
                assert "<cbc:ID>" not in unescape(page.text)
            assert "Prove who you are first." in (await room.show(anna, document_id, "/ubl")).text
            given = ("/invoice.pdf", "/evidence.zip", *(f"/files/{one}" for one in evidence))
            for way in given:
                assert (await anna.get(room.path(document_id, way))).status == 409
            assert (await anna.get(room.path(document_id, "/rendered"))).status == 404


async def test_what_is_lost_is_said_and_the_rest_is_shown(
    room: FileRoom, browser: Browser, tmp_path: Path
) -> None:
    body = json.dumps({**invoice(), "more": "x" * 100_000}).encode()  # too large for the database
    document_id = await hand_in(room, NewPart(Role.ORIGINAL, "i.json", "application/json", body))
    digest = hashlib.sha256(body).hexdigest()
    (file,) = (tmp_path / "data" / "blobs").rglob(digest)
    file.write_bytes(b"y" * len(body))
    for tab in TABS:
        page = await room.show(browser, document_id, tab)
        assert ("A backup may have them" in page.text) is (tab in ("/ubl", "/sent-in"))
    assert (await browser.get(room.path(document_id, f"/files/{digest}"))).status == 410


# --- hostile ------------------------------------------------------------------------------------

HOSTILE = (
    "\"><img src=x onerror=alert(1)>'<svg/onload=alert(2)><script>alert(3)</script>"
    "</pre></code>{{7*7}} javascript:alert(4)"
)


async def test_foreign_text_is_only_text(room: FileRoom, browser: Browser) -> None:
    body = invoice(email="a@customer.example", hold=True)
    body["invoice"]["number"] = "<b>F-1</b>"
    body["invoice"]["buyer"]["name"] = f"Kund {HOSTILE}"
    body["invoice"]["notes"] = [{"text": HOSTILE}]
    document_id = await hand_in(
        room,
        NewPart(Role.ORIGINAL, HOSTILE[:140], "application/json", json.dumps(body).encode()),
        NewPart(Role.ATTACHMENT, 'a"><script>x</script>.pdf', "application/pdf", pdfs.drawn()),
        hold=True,
    )
    await room.house.work()
    await room.house.is_in(document_id, State.HELD)
    await room.house.do(document_id, Verb.RELEASE, HOSTILE)
    await room.house.work()
    shown = 0
    for tab in (*TABS, "/rendered"):
        page = await room.show(browser, document_id, tab)
        shown += "onerror=alert(1)" in page.text
        assert not re.search(r"<(img|svg|script>alert|b>F)", page.text), tab
        assert not re.search(r"href=[\"']?javascript:", page.text)
    assert shown >= 5, "it is shown, as text"


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("page.html", "text/html"),
        ("picture.svg", "image/svg+xml"),
        ("page.xhtml", "application/xhtml+xml"),
        ('a"; filename="b.exe', "text/html; charset=utf-8"),
        ("a\r\nSet-Cookie: x=y.txt", "text/html\r\nX-Evil: 1"),
        ("räkning.html", "nonsense"),
    ],
)
async def test_a_file_is_saved_and_never_shown_in_place(
    room: FileRoom, browser: Browser, name: str, media_type: str
) -> None:
    evil = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    document_id = await hand_in(
        room,
        NewPart(Role.ORIGINAL, "i.json", "application/json", json.dumps(invoice()).encode()),
        NewPart(Role.ATTACHMENT, name, media_type, evil),
    )
    digest = hashlib.sha256(evil).hexdigest()
    address = browser.url + room.path(document_id, f"/files/{digest}")
    async with browser.session.get(address) as answer:
        assert await answer.read() == evil
        headers = answer.headers
    assert headers["Content-Disposition"].startswith('attachment; filename="')
    assert headers["Content-Disposition"].count('filename="') == 1
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "X-Evil" not in headers and "Set-Cookie" not in headers


@pytest.mark.parametrize("asked", ["x", "..%2F..", "%00", "a" * 200, "%3Cscript%3E"])
async def test_hashes_that_nobody_has_are_not_there(
    room: FileRoom, browser: Browser, asked: str
) -> None:
    document_id = await room.house.submit(invoice())
    for way in ("files", "inside", "wire"):
        assert (await browser.get(room.path(document_id, f"/{way}/{asked}"))).status == 404
