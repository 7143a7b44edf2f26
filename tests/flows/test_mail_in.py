"""Documents that come by mail: handed in by a company's own people, or sent by suppliers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
from prometheus_client import CollectorRegistry

from gateway.delivery.unpacking import Unpacking
from gateway.delivery.worker import Worker
from gateway.delivery.workshop import HERE
from gateway.handing_in import HandingIn
from gateway.inbound.inboxes import Inboxes
from gateway.lifecycle import State
from gateway.mail_in.opening import mailroom
from gateway.mail_in.section import MailIn
from gateway.store.port import Direction, Document, Role, Store
from gateway.trust.gate import OPEN, Closed, Gate, OpenGate
from gateway.trust.post import KIND as POST
from gateway.trust.post import Posting
from tests.contracts.case import pdf
from tests.e2e import invoices
from tests.flows.house import RECEIVER, SENDER, House
from transports.base import Sent, Verdict
from transports.email.sandbox.imap import Folder
from transports.email.sandbox.imap import Mailbox as Server
from transports.email.service import Note

TOKEN = "a" * 16
SEND, INVOICE = f"send+{TOKEN}@in.example", f"invoice+{TOKEN}@in.example"
OURS = "mx.gateway.example"
PASSED = f"{OURS}; dmarc=pass header.from=fjarden.example"
MINUTE = timedelta(minutes=1)


class Hands:
    """Takes service mail."""

    def __init__(self) -> None:
        self.notes: list[Note] = []

    async def hand_over(self, note: Note) -> Sent:
        self.notes.append(note)
        return Sent(Verdict("email.accepted", "", ""))


@dataclass
class Mails:
    """A mailbox, and the house that reads it."""

    house: House
    server: Server
    hands: Hands

    def worker(self, store: Store | None = None, gate: Gate = OPEN) -> Worker:
        store, clock = store or self.house.store, self.house.clock
        section = MailIn(
            domain="in.example",
            host="127.0.0.1",
            port=self.server.port,
            tls="none",
            username=self.server.username,
            password=self.server.password,
            authserv_id=OURS,
            max_bytes=1_000_000,
        )
        unpacking = Unpacking(HERE)
        room = mailroom(
            *(section, store, clock, HandingIn(store, clock, unpacking, gate)),
            *(Inboxes(store, clock, gate), unpacking, CollectorRegistry()),
        )
        return Worker(
            *(store, self.house.transports, clock),
            handlers={**room.handlers, POST: Posting(store, self.hands, clock)},
            schedules=room.schedules,
        )

    async def come(self, *mails: bytes) -> None:
        """Mails come, and all is done that follows at once."""
        for mail in mails:
            self.server.inbox.add(mail)
        await self.house.later(MINUTE)
        await self.house.later(MINUTE)

    def lie(self) -> dict[str, int]:
        """How many mails lie where."""
        return {name: len(folder.messages) for name, folder in self.server.folders.items()}

    async def documents(
        self, company: str = SENDER.id, direction: Direction = Direction.OUT
    ) -> Sequence[Document]:
        page = await self.house.store.documents(company, direction=direction, limit=1000)
        return page.documents


@pytest.fixture
async def mails(house: House) -> AsyncIterator[Mails]:
    server = Server("documents", "hemligt")
    server.folders["Aside"] = Folder()
    await server.start()
    settled = {"mail_in": {"token": TOKEN, "senders": ["erp@fjarden.example"]}}
    company = replace(SENDER, settings={**SENDER.settings, **settled})
    await house.store.add_company(company, house.clock.now())
    mails = Mails(house, server, Hands())
    house.worker = mails.worker()
    await house.work()
    yield mails
    await server.close()


def mail(
    *files: tuple[str, bytes],
    to: str = SEND,
    sender: str = "erp@fjarden.example",
    results: str = PASSED,
    id: str = "<1@fjarden.example>",
    **more: str,
) -> bytes:
    message = EmailMessage()
    if results:
        message["Authentication-Results"] = results
    message["From"] = sender
    message["To"] = to
    message["Subject"] = "Faktura till Åke"
    message["Message-ID"] = id
    for name, value in more.items():
        message[name.replace("_", "-")] = value
    message.set_content("Hej! Här kommer den.")
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="x", filename=name)
    return message.as_bytes()


def invoice(number: str = "F-1") -> tuple[str, bytes]:
    body = invoices.submission(number, email="kund@customer.example")
    return "invoice.json", json.dumps(body).encode()


UBL = ("in.xml", b"")


async def ubl(house: House) -> bytes:
    """An invoice as another gateway sends it."""
    document_id = await house.submit(json.loads(invoice("S-1")[1]))
    await house.work()
    return await house.content(document_id, Role.DOCUMENT)


# --- handing in ---------------------------------------------------------------------------------


async def test_a_mail_becomes_a_document_and_is_answered(mails: Mails) -> None:
    await mails.come(mail(invoice(), ("terms.pdf", pdf())))
    (document,) = await mails.documents()
    assert document.state is State.SENT
    assert mails.lie() == {"INBOX": 0, "Taken": 1, "Aside": 0}
    (note,) = mails.hands.notes
    assert note.to == "erp@fjarden.example" and note.subject == "Re: Faktura till Åke"
    assert document.id in note.text and "togs emot" in note.text
    (part,) = await mails.house.parts(document.id, Role.ORIGINAL)
    assert part.media_type == "message/rfc822", "the mail is kept as it came"


async def test_every_finding_comes_back(mails: Mails) -> None:
    name, content = invoice()
    wrong = content.replace(b'"SEK"', b'"none"')
    await mails.come(mail((name, wrong)))
    (document,) = await mails.documents()
    assert document.state is State.REJECTED
    (note,) = mails.hands.notes
    assert document.id in note.text and "1. Fel: " in note.text and "Regel: " in note.text


async def test_what_can_not_be_read_comes_back_at_once(mails: Mails) -> None:
    await mails.come(mail(("x.json", b'{"invoice": {}}'), ("y.xml", b"<Invoice/>")))
    assert not await mails.documents() and mails.lie()["Taken"] == 1
    (note,) = mails.hands.notes
    assert "togs inte emot" in note.text and "/invoice/number" in note.text


async def test_a_mail_that_comes_twice_is_one_document_and_one_answer(mails: Mails) -> None:
    one = mail(invoice())
    await mails.come(one, b"Received: by another way\r\n" + one)
    await mails.come(one)
    assert len(await mails.documents()) == 1
    assert len(mails.hands.notes) == 1
    assert mails.lie()["Taken"] == 3


@pytest.mark.parametrize(
    "how",
    [
        {"results": ""},
        {"results": f"{OURS}; dmarc=fail header.from=fjarden.example"},
        {"results": "mx.evil.example; dmarc=pass header.from=fjarden.example"},
        {"sender": "someone@fjarden.example"},
        {"sender": "erp@evil.example", "results": f"{OURS}; dmarc=pass header.from=evil.example"},
        {"to": "send+bbbbbbbbbbbbbbbb@in.example"},
        {"to": "someone@in.example"},
    ],
)
async def test_who_may_not_is_put_aside_and_not_answered(mails: Mails, how: dict[str, str]) -> None:
    await mails.come(mail(invoice(), **how))  # type: ignore[arg-type]
    assert not await mails.documents()
    assert mails.lie() == {"INBOX": 0, "Taken": 0, "Aside": 1}
    assert not mails.hands.notes


async def test_answers_of_programs_are_passed_over(mails: Mails) -> None:
    away = mail(invoice(), Auto_Submitted="auto-replied")
    bounce = mail(invoice(), Return_Path="<>")
    await mails.come(away, bounce)
    assert not await mails.documents() and not mails.hands.notes
    assert mails.lie() == {"INBOX": 0, "Taken": 2, "Aside": 0}


async def test_a_mail_without_a_file_is_not_answered(mails: Mails) -> None:
    """Or two programs would go on answering each other."""
    await mails.come(mail())
    assert mails.lie()["Aside"] == 1 and not mails.hands.notes


class ClosedGate(OpenGate):
    async def may_submit(self, company_id: str) -> Closed | None:
        return Closed("company.not_verified", "Signera först.", "No.")


async def test_who_may_not_send_is_told_why(mails: Mails) -> None:
    mails.house.worker = mails.worker(gate=ClosedGate())
    await mails.come(mail(invoice()))
    assert not await mails.documents()
    (note,) = mails.hands.notes
    assert "Signera först." in note.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"To: " + SEND.encode() + b"\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"\xff\x00\r\n\r\n" * 1000,
        b"To: " + b"(" * 5_000 + b"\r\n\r\n",
        b"To: " + SEND.encode() + b"\r\n\r\n" + b"x" * 1_100_000,
        mail(results=PASSED).replace(b"mixed", b"mixed" * 10_000),
    ],
)
async def test_what_nobody_writes_is_put_aside(mails: Mails, content: bytes) -> None:
    await mails.come(content, mail(invoice()))
    assert len(await mails.documents()) == 1
    assert mails.lie() == {"INBOX": 0, "Taken": 1, "Aside": 1}


async def test_hundreds_of_levels_cost_nothing(mails: Mails) -> None:
    deep = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(500)
    )
    head = mail(invoice()).partition(b"Content-Type")[0].replace(b"MIME-Version: 1.0", b"X: y")
    await mails.come(head + deep)
    assert not await mails.documents()
    assert mails.lie()["INBOX"] == 0


# --- suppliers ----------------------------------------------------------------------------------


async def test_a_supplier_s_invoice_comes_to_the_inbox(mails: Mails) -> None:
    content = await ubl(mails.house)
    one = mail(
        *(("in.xml", content), ("in.pdf", pdf())),
        to=INVOICE,
        sender="faktura@leverantor.example",
        results="",
        Auto_Submitted="auto-generated",
    )
    await mails.come(one, one)
    (document,) = await mails.documents(direction=Direction.IN)
    assert (document.head.number, document.channel) == ("S-1", "mail")
    parts = await mails.house.store.parts(SENDER.id, document.id)
    assert {part.role for part in parts} >= {Role.DOCUMENT, Role.ATTACHMENT, Role.EVIDENCE}
    assert not mails.hands.notes, "nobody is answered"
    assert mails.lie()["Taken"] == 2


async def test_a_pdf_that_only_people_can_read_is_kept_for_them(mails: Mails) -> None:
    await mails.come(mail(("faktura.pdf", pdf()), to=INVOICE, sender="a@b.example", results=""))
    (document,) = await mails.documents(direction=Direction.IN)
    item = await mails.house.store.inbox_item(SENDER.id, document.id)
    assert item is not None and document.head.number is None


async def test_a_mail_to_two_companies_comes_to_both(mails: Mails) -> None:
    settled = {"mail_in": {"token": "b" * 16}}
    other = replace(RECEIVER, settings={**RECEIVER.settings, **settled})
    await mails.house.store.add_company(other, mails.house.clock.now())
    both = f"{INVOICE}, invoice+{'b' * 16}@in.example"
    await mails.come(mail(("a.pdf", pdf()), to=both, results=""))
    assert len(await mails.documents(direction=Direction.IN)) == 1
    assert len(await mails.documents(RECEIVER.id, Direction.IN)) == 1


async def test_numbers_that_are_given_out_anew_repeat_nothing(mails: Mails) -> None:
    await mails.come(mail(invoice("F-1")))
    mails.server.inbox.add(mail(invoice("F-2"), id="<2@x>"))
    mails.server.inbox.renumber()
    await mails.come()
    assert {one.head.number for one in await mails.documents()} == {"F-1", "F-2"}


async def test_a_mailbox_that_is_away_is_read_later(mails: Mails) -> None:
    del mails.server.folders["Taken"]
    await mails.come(mail(invoice()))
    assert mails.lie()["INBOX"] == 1, "it can not be moved, and stays"
    mails.server.folders["Taken"] = Folder()
    await mails.come()
    assert len(await mails.documents()) == 1 and mails.lie()["INBOX"] == 0
    assert len(mails.hands.notes) == 1
