"""What comes in is read, checked and looked at; it is the company's whatever is wrong with it."""

from __future__ import annotations

import io
import json
import zipfile
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from reportlab.pdfgen.canvas import Canvas

from gateway.delivery.scanning import INFECTED, Scanning
from gateway.delivery.worker import Worker
from gateway.inbound import aside, formats, verbs
from gateway.inbound import files as records
from gateway.inbound.aside import SET_ASIDE, NotAside
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming, SetAside, Taken, TurnedBack
from gateway.inbound.reading import ATTACHMENTS, NOT_READ, SCAN_WAITS
from gateway.inbound.replies import Given, Word, reply
from gateway.inbound.statuses import StatusDue
from gateway.intake.prepare import Prepared, prepare
from gateway.lifecycle import InboxState, State
from gateway.sandbox import RECEIVER as SEED_RECEIVER
from gateway.scanning.clamd import Clamd
from gateway.scanning.sandbox import EICAR, Behaviour, Sandbox
from gateway.store.inbox import Item
from gateway.store.port import NewJob, Role
from gateway.trust.gate import Closed, OpenGate
from schemas.identifiers import Participant
from tests.e2e.invoices import ELSEWHERE, submission
from tests.flows.house import RECEIVER, House
from transports.base import Delivered, File, Verdict

EXAMPLES = Path("examples")
MINUTE = timedelta(minutes=1)
US = Participant.parse(RECEIVER.participants[0])
XML = "application/xml"
ACTOR = "key:ledger"
OWN = Participant.parse("0242:000123")


def ubl(number: str = "I-1", **more: Any) -> bytes:
    """A valid invoice."""
    body = submission(number, to=SEED_RECEIVER)
    body["invoice"] |= more
    original = File("document.json", "application/json", json.dumps(body).encode())
    made = prepare(original, (), {}, at=date(2026, 11, 21))
    assert isinstance(made, Prepared), made
    return made.document


def pdf(text: str = "Time sheet") -> bytes:
    """A PDF that opens."""
    out = io.BytesIO()
    canvas = Canvas(out)
    canvas.drawString(100, 700, text)
    canvas.save()
    return out.getvalue()


def holding(content: bytes, name: str, mime: str = "application/pdf") -> bytes:
    """An invoice with a file inside."""
    attachment = {"content": b64encode(content).decode(), "mime_code": mime, "filename": name}
    return ubl(supporting_documents=[{"reference": "1", "attachment": attachment}])


class Post:
    """What brings documents."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.inboxes = Inboxes(house.store, house.clock)
        self.n = 0

    async def bring(
        self, content: bytes, *beside: File, media_type: str = XML, key: str = ""
    ) -> str:
        """Brings one; answers its id once it was read."""
        self.n += 1
        document = File("document.xml", media_type, content)
        came = Incoming("test", key or str(self.n), US, document, beside)
        taken = await self.inboxes.take(came)
        assert isinstance(taken, Taken)
        await self.house.work()
        return taken.document_id

    async def item(self, id_: str) -> Item:
        item = await self.house.store.inbox_item(RECEIVER.id, id_)
        assert item is not None
        return item

    async def types(self, id_: str) -> list[str]:
        feed = await self.house.store.feed(RECEIVER.id, None, 1000, id_)
        return [event.type for event in feed]

    async def held(self, id_: str) -> tuple[records.Held, ...]:
        stored = await self.house.store.files(RECEIVER.id, id_, (Role.FILES,))
        return records.recorded(stored[-1][1] if stored else None)

    async def repair(self, id_: str, how: Any, **more: Any) -> Item:
        store, clock = self.house.store, self.house.clock
        done = await verbs.repair(
            store, clock, RECEIVER.id, id_, how, "For a test.", actor=ACTOR, **more
        )
        assert isinstance(done, Item), done
        return done


@pytest.fixture
async def post(house: House) -> Post:
    return Post(house)


async def test_a_right_one_is_new_with_its_head_and_what_was_found(post: Post) -> None:
    id_ = await post.bring(ubl())
    item = await post.item(id_)
    assert (item.state, item.document.head.number) == (InboxState.NEW, "I-1")
    assert (item.found["ok"], item.found["readable"], item.found["fatal"]) == (True, True, 0)
    assert item.found["duplicate_of"] is None
    assert await post.types(id_) == ["inbox.received", "inbox.new"]


async def test_a_wrong_one_is_given_out_and_marked(post: Post) -> None:
    content = (EXAMPLES / "broken-organisation-number.xml").read_bytes()
    id_ = await post.bring(content)
    item = await post.item(id_)
    assert (item.state, item.found["ok"], item.found["readable"]) == (InboxState.NEW, False, True)
    assert item.found["fatal"] >= 1
    parts = await post.house.store.files(RECEIVER.id, id_, (Role.DOCUMENT, Role.FINDINGS))
    assert parts[0][1] == content
    assert len(json.loads(parts[1][1])) >= item.found["fatal"]


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"", XML),
        (b"no XML at all", XML),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", XML),
        (b"<Invoice>not even read</Invoice>", XML),
        (b"%PDF-1.7 broken", "application/pdf"),
        (b"PK\x03\x04 broken", "application/zip"),
        (b"From: nobody\r\n\r\nHello", "message/rfc822"),
        (b"\xff\xfe\x00", "application/json"),
    ],
)
async def test_what_can_not_be_read_is_kept_and_marked(
    post: Post, content: bytes, media_type: str
) -> None:
    id_ = await post.bring(content, media_type=media_type)
    item = await post.item(id_)
    assert (item.state, item.found["ok"], item.found["readable"]) == (InboxState.NEW, False, False)
    first = (await post.house.store.files(RECEIVER.id, id_, (Role.ORIGINAL, Role.DOCUMENT)))[0]
    assert first[1] == content


async def test_the_same_number_and_the_same_bytes_are_told(post: Post) -> None:
    numbers_count = replace(RECEIVER, settings={})
    await post.house.store.add_company(numbers_count, post.house.clock.now())
    first = await post.bring(ubl("I-7"))
    same = await post.bring(ubl("I-7"))
    other = await post.bring(ubl("I-7") + b"\n")
    theirs = await post.bring(ubl("I-8"))
    marks = [(await post.item(id_)).found for id_ in (first, same, other, theirs)]
    assert [(m["duplicate_of"], m["same_bytes"]) for m in marks] == [
        (None, False),
        (first, True),
        (first, False),
        (None, False),
    ]
    assert (await post.item(same)).state is InboxState.NEW, "the ERP decides"
    again = await post.inboxes.take(
        Incoming("test", "1", US, File("d.xml", XML, b"<Other/>"))
    )  # the same message: no document of its own
    assert again == Taken(RECEIVER.id, first, repeated=True)


async def test_what_comes_packed_is_taken_out(post: Post) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("faktura.xml", ubl("Z-1"))
        archive.writestr("tid.pdf", pdf())
    id_ = await post.bring(out.getvalue(), media_type="application/zip")
    item = await post.item(id_)
    assert (item.state, item.document.head.number) == (InboxState.NEW, "Z-1")
    parts = [(p.role, p.name) for p in await post.house.store.parts(RECEIVER.id, id_)]
    assert (Role.ORIGINAL, "document.xml") in parts
    assert {(Role.DOCUMENT, "faktura.xml"), (Role.UNPACKED, "tid.pdf")} <= set(parts)
    (held,) = await post.held(id_)
    assert (held.name, held.place, held.code) == ("tid.pdf", "beside", None)


# --- files that can not be handed out -----------------------------------------------------------


async def test_a_bad_file_keeps_the_document_until_it_is_repaired(post: Post) -> None:
    page = File("tid.html", "text/html", b"<!doctype html><script>1</script>")
    id_ = await post.bring(ubl(), File("ok.pdf", "application/pdf", pdf()), page)
    item = await post.item(id_)
    assert (item.state, item.code) == (InboxState.ATTACHMENT_ERROR, ATTACHMENTS)
    assert [file.bad for file in await post.held(id_)] == [False, True]
    done = await post.repair(id_, "leave_out")
    assert done.state is InboxState.NEW
    assert [file.done for file in await post.held(id_)] == [None, "left_out"]
    assert await post.types(id_) == [
        *("inbox.received", "inbox.attachment_error", "inbox.repaired", "inbox.new"),
    ]
    stored = await post.house.store.files(RECEIVER.id, id_, (Role.ATTACHMENT,))
    assert page.content in [content for _, content in stored], "what came is kept"


async def test_a_pdf_that_does_not_open_is_replaced_in_what_is_given_out(post: Post) -> None:
    id_ = await post.bring(holding(b"%PDF-1.7 but nothing behind", "tid.pdf"))
    assert (await post.held(id_))[0].code == records.NOT_OPENED
    new = File("tid-2.pdf", "application/pdf", pdf())
    assert (await post.repair(id_, verbs.Replacement(0, new))).state is InboxState.NEW
    (held,) = await post.held(id_)
    assert (held.done, held.name) == ("replaced", "tid-2.pdf")
    given = formats.bis3(await came(post, id_))
    assert isinstance(given, bytes)
    assert b64encode(new.content) in given and b'filename="tid-2.pdf"' in given


async def test_a_file_is_stripped_out_of_what_is_given_out(post: Post) -> None:
    whole = holding(b"%PDF-1.7 but nothing behind", "tid.pdf")
    id_ = await post.bring(whole)
    await post.repair(id_, "strip")
    given = formats.bis3(await came(post, id_))
    assert isinstance(given, bytes)
    assert b"EmbeddedDocumentBinaryObject" in whole
    assert b"EmbeddedDocumentBinaryObject" not in given
    stored = await post.house.store.files(RECEIVER.id, id_, (Role.DOCUMENT,))
    assert stored[0][1] == whole, "what came is kept"


async def test_files_are_looked_at_once_more_when_that_is_asked(post: Post) -> None:
    id_ = await post.bring(ubl(), File("tid.pdf", "application/pdf", b"%PDF-1.7 broken"))
    assert (await post.repair(id_, "again")).state is InboxState.READING
    await post.house.work()
    assert (await post.item(id_)).state is InboxState.ATTACHMENT_ERROR, "it is as it was"


async def test_all_that_lie_for_a_file_are_repaired_at_once(post: Post) -> None:
    bad = File("tid.pdf", "application/pdf", b"%PDF-1.7 broken")
    ids = [await post.bring(ubl(f"I-{n}"), bad) for n in range(3)]
    store, clock = post.house.store, post.house.clock
    done, left, following = await verbs.repair_all(
        store, clock, RECEIVER.id, "leave_out", "For a test.", actor=ACTOR
    )
    assert (sorted(done), left, following) == (sorted(ids), [], None)


async def came(post: Post, id_: str) -> formats.Came:
    """What came, as the API gathers it."""
    store = post.house.store
    stored = await store.files(RECEIVER.id, id_, (Role.DOCUMENT, Role.RENDERED))
    files = [(part.role, File(part.name, part.media_type, content)) for part, content in stored]
    document = next(file for role, file in files if role is Role.DOCUMENT)
    replaced = {
        part.sha256: file
        for (part, _), (role, file) in zip(stored, files, strict=True)
        if role is Role.RENDERED
    }
    held = await post.held(id_)
    return formats.Came(document, document, (), held, replaced, date(2026, 11, 21), {})


# --- kept back ----------------------------------------------------------------------------------


@pytest.fixture
async def clamd() -> AsyncIterator[Sandbox]:
    async with Sandbox(most_bytes=200_000) as server:
        yield server


def use(house: House, clamd: Sandbox, **how: Any) -> None:
    scanning = Scanning(Clamd(clamd.address, limit_s=60, max_bytes=1_000_000, at_once=2), **how)
    house.worker = Worker(house.store, house.transports, house.clock, scanning=scanning)


@pytest.mark.parametrize("where", ["beside", "inside"])
async def test_nothing_with_a_virus_in_it_is_handed_out(
    post: Post, clamd: Sandbox, where: str
) -> None:
    use(post.house, clamd)
    sick = pdf() + EICAR
    if where == "beside":
        id_ = await post.bring(ubl(), File("tid.pdf", "application/pdf", sick))
    else:
        id_ = await post.bring(holding(sick, "tid.pdf"))
    item = await post.item(id_)
    assert (item.state, item.code, item.document.code) == (InboxState.BLOCKED, INFECTED, INFECTED)
    store, clock = post.house.store, post.house.clock
    said = await verbs.release(store, clock, RECEIVER.id, id_, "I want it.", actor=ACTOR)
    assert isinstance(said, verbs.Denied)


async def test_it_waits_for_the_scanner_and_keeps_nobody_else_waiting(
    post: Post, clamd: Sandbox
) -> None:
    use(post.house, clamd)
    clamd.behaviour = Behaviour.CLOSE
    id_ = await post.bring(ubl())
    item = await post.item(id_)
    assert (item.state, item.code) == (InboxState.BLOCKED, SCAN_WAITS)
    assert not await post.house.store.inbox_waits(RECEIVER.id)
    clamd.behaviour = Behaviour.RIGHT
    await post.house.later(timedelta(hours=1))
    assert (await post.item(id_)).state is InboxState.NEW
    assert await post.types(id_) == ["inbox.received", "inbox.blocked", "inbox.new"]


class Shutter(OpenGate):
    """A gate that is closed for what lies in inboxes."""

    closed = True

    async def may_receive(self, company_id: str) -> Closed | None:
        closed = Closed("company.unverified", "Prove who you are.", "Not now.")
        return closed if self.closed else None

    async def may_arrive(self, company_id: str) -> Closed | None:
        return await self.may_receive(company_id)


async def test_a_company_that_may_not_receive_gets_it_once_it_may(post: Post) -> None:
    gate, house = Shutter(), post.house
    house.worker = Worker(house.store, house.transports, house.clock, gate=gate)
    ids = [await post.bring(ubl(f"I-{n}")) for n in range(3)]
    for id_ in ids:
        item = await post.item(id_)
        assert (item.state, item.code) == (InboxState.BLOCKED, "company.unverified")
    await house.later(MINUTE)
    assert (await post.item(ids[0])).state is InboxState.BLOCKED
    gate.closed = False
    await house.later(MINUTE)
    assert [(await post.item(id_)).state for id_ in ids] == [InboxState.NEW] * 3
    refused = await Inboxes(house.store, house.clock, Shutter()).take(
        Incoming("test", "x", US, File("d.xml", XML, ubl()), refusable=True)
    )
    assert refused == TurnedBack("company.unverified", "Not now.")


async def test_a_person_holds_and_releases(post: Post) -> None:
    id_ = await post.bring(ubl())
    store, clock = post.house.store, post.house.clock
    held = await verbs.hold(store, clock, RECEIVER.id, id_, "Who is that?", actor=ACTOR)
    assert isinstance(held, Item) and held.state is InboxState.BLOCKED
    assert await store.inbox_items(RECEIVER.id, InboxState.NEW, None, 10) == []
    await verbs.release(store, clock, RECEIVER.id, id_, "A supplier.", actor=ACTOR)
    await post.house.work()
    assert (await post.item(id_)).state is InboxState.NEW
    done = await verbs.handle(store, clock, RECEIVER.id, id_, "V-1", actor=ACTOR)
    assert isinstance(done, Item) and (done.state, done.reference) == (InboxState.HANDLED, "V-1")
    again = await verbs.handle(store, clock, RECEIVER.id, id_, "V-1", actor=ACTOR)
    assert again == done
    entries = [(e.action, e.actor) for e in await store.audit_entries(0, 100)]
    for action in ("inbox.held", "inbox.released", "inbox.handled"):
        assert (action, ACTOR) in entries


# --- answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("no-b2b-invoice.xml", XML),
        ("se-b2b-svefaktura.xml", XML),
        ("se-b2b-invoice.json", "application/json"),
    ],
)
async def test_it_is_answered_whatever_form_it_came_in(
    post: Post, name: str, media_type: str
) -> None:
    id_ = await post.bring((EXAMPLES / name).read_bytes(), media_type=media_type)
    store, clock = post.house.store, post.house.clock
    company = await store.company(RECEIVER.id)
    assert company is not None
    said = await reply(store, clock, company, id_, Word("AP"), actor=ACTOR)
    assert isinstance(said, Given), said
    await post.house.work()
    carrier = await store.document(RECEIVER.id, said.response_id)
    assert carrier is not None and carrier.head.kind == "invoice_response"
    assert (carrier.state, bool(carrier.text)) == (State.FAILED, True), "nobody takes it there"
    answered = await store.document(RECEIVER.id, id_)
    assert answered is not None and answered.business == "accepted"


async def test_a_virus_is_told_to_the_access_point_that_sent_it(post: Post, clamd: Sandbox) -> None:
    use(post.house, clamd)
    id_ = await post.bring(ubl(), File("tid.pdf", "application/pdf", pdf() + EICAR))
    document = await post.house.store.document(RECEIVER.id, id_)
    assert document is not None
    due = StatusDue(post.house.store, post.house.clock, Nobody(), OWN)
    now = post.house.clock.now()
    data = {
        "received_at": now.isoformat(),
        "instance_id": "in-1",
        "seat": "POP000123",
        "mls_to": None,
        "mls_type": "FAILURE_ONLY",
    }
    job = NewJob(f"{id_}/status", "peppol_status_out", now, RECEIVER.id, id_, data=data)
    await post.house.store.put([job], now)
    (claimed,) = await post.house.store.claim("test", now, 60, 10)
    await due(claimed)
    stored = await post.house.store.files(RECEIVER.id, id_, (Role.EVIDENCE,))
    (told,) = [content for part, content in stored if part.name == "status"]
    assert b">RE<" in told and b">FD<" in told


class Nobody:
    """A partner that takes every status."""

    async def post(self, header: Any, document: bytes) -> Delivered:
        return Delivered(Verdict("peppol.taken", "taken", "taken"))


# --- for nobody here ----------------------------------------------------------------------------


async def test_what_is_for_nobody_is_set_aside_and_given_to_a_company(post: Post) -> None:
    store, clock = post.house.store, post.house.clock
    nobody = Participant.parse(ELSEWHERE)
    tid = File("tid.pdf", "application/pdf", pdf())
    came = Incoming("operator", "1", nobody, File("d.xml", XML, ubl("N-1")), (tid,))
    taken = await post.inboxes.take(came)
    assert isinstance(taken, SetAside)
    assert await post.inboxes.take(came) == SetAside(taken.document_id, repeated=True)
    await post.house.work()
    (item,) = await aside.lying(store)
    assert (item.document.head.number, item.found["recipient"]) == ("N-1", str(nobody))
    with pytest.raises(LookupError):
        await aside.assign(store, clock, taken.document_id, "com_none", actor="op", reason="r")
    given = await aside.assign(
        store, clock, taken.document_id, RECEIVER.id, actor="operator", reason="Their old number."
    )
    await post.house.work()
    (document,) = await store.inbox(RECEIVER.id, None, 10)
    assert (document.id, document.head.number, document.channel) == (given, "N-1", "operator")
    parts = {p.role for p in await store.parts(RECEIVER.id, given)}
    assert {Role.DOCUMENT, Role.ATTACHMENT} <= parts
    assert await aside.lying(store) == []
    with pytest.raises(NotAside):
        await aside.assign(store, clock, taken.document_id, RECEIVER.id, actor="op", reason="r")
    refused = await post.inboxes.take(
        Incoming("operator", "2", nobody, File("d.xml", XML, ubl()), refusable=True)
    )
    assert isinstance(refused, TurnedBack)
    assert await store.inbox(SET_ASIDE, None, 10) == []


async def test_what_is_set_aside_can_be_dropped(post: Post) -> None:
    store, clock = post.house.store, post.house.clock
    nobody = Participant.parse(ELSEWHERE)
    taken = await post.inboxes.take(Incoming("operator", "1", nobody, File("d.xml", XML, ubl())))
    assert isinstance(taken, SetAside)
    await post.house.work()
    await aside.drop(store, clock, taken.document_id, actor="operator", reason="Rubbish.")
    assert await aside.lying(store) == []
    with pytest.raises(NotAside):
        await aside.drop(store, clock, taken.document_id, actor="operator", reason="Again.")


# --- a fault of ours ----------------------------------------------------------------------------


async def test_what_can_not_be_looked_at_keeps_others_waiting_a_while_only(post: Post) -> None:
    class Broken(OpenGate):
        async def may_receive(self, company_id: str) -> Closed | None:
            raise RuntimeError("a fault of ours")

    house = post.house
    house.worker = Worker(house.store, house.transports, house.clock, gate=Broken())
    id_ = await post.bring(ubl())
    for _ in range(40):
        await house.later(MINUTE)
        if (await post.item(id_)).state is InboxState.BLOCKED:
            break
    item = await post.item(id_)
    assert (item.state, item.code) == (InboxState.BLOCKED, NOT_READ)
