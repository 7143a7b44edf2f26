"""An ERP without HTTP: files into a folder, and what it finds there afterwards."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncssh
import pytest
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from gateway.delivery.unpacking import Unpacking
from gateway.delivery.worker import Worker
from gateway.delivery.workshop import HERE
from gateway.drops.opening import rounds
from gateway.drops.rounds import DOCUMENTS, KIND
from gateway.drops.section import Drops
from gateway.handing_in import HandingIn
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming
from gateway.lifecycle import InboxState, State
from gateway.store.port import ContentLost, Document, Role, Store
from gateway.trust.gate import OPEN, Closed, Gate, OpenGate
from tests.contracts.case import pdf
from tests.e2e import invoices
from tests.flows.house import RECEIVER, SENDER, House
from transports.base import File
from transports.sftp_server import OpenFiles, SftpServer

EVERY_S, SETTLE_S = 10, 5
SOON = timedelta(seconds=EVERY_S)
BROKEN = b'{"invoice": {"number": 1, "nmuber": "F-1"}}'


@dataclass
class Drop:
    """The folders of the sender and of the receiver."""

    house: House
    root: Path
    registry: CollectorRegistry

    def worker(self, store: Store | None = None, gate: Gate = OPEN) -> Worker:
        store = store or self.house.store
        folders = {one.id: str(self.root / one.id) for one in (SENDER, RECEIVER)}
        section = Drops(folders=folders, every_s=EVERY_S, settle_s=SETTLE_S, max_bytes=100_000)
        handing_in = HandingIn(store, self.house.clock, Unpacking(HERE), gate)
        self.registry = CollectorRegistry()
        made = rounds(section, store, self.house.clock, handing_in, gate, self.registry)
        return Worker(
            *(store, self.house.transports, self.house.clock),
            handlers={KIND: made},
            schedules=(made.schedule,),
        )

    def put(self, name: str, content: bytes, company: str = SENDER.id) -> Path:
        path = self.root / company / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        return path

    async def look(self, times: int = 2) -> None:
        """So many rounds; a file needs two."""
        for _ in range(times):
            await self.house.later(SOON)

    def files(self, folder: str, company: str = SENDER.id) -> list[str]:
        return sorted(path.name for path in (self.root / company / folder).iterdir())

    def text(self, name: str) -> str:
        content = (self.root / SENDER.id / "error" / name).read_bytes()
        assert content.startswith(b"\xef\xbb\xbf") and b"\r\n" in content
        return content.decode("utf-8-sig")

    async def documents(self, company: str = SENDER.id) -> list[Document]:
        page = await self.house.store.documents(company, limit=1000)
        return list(reversed(page.documents))


@pytest.fixture
async def drop(house: House, tmp_path: Path) -> AsyncIterator[Drop]:
    root = tmp_path / "drops"
    for one in (SENDER, RECEIVER):
        (root / one.id).mkdir(parents=True)
    drop = Drop(house, root, CollectorRegistry())
    house.worker = drop.worker()
    await house.work()
    await house.later(timedelta(minutes=1))  # the schedule puts the jobs in line
    yield drop


def invoice(number: str = "F-1", **more: object) -> bytes:
    body = invoices.submission(number, email="kund@customer.example")
    return json.dumps({**body, "delivery": more}).encode()


async def test_a_file_becomes_a_document_and_lies_in_done(drop: Drop) -> None:
    drop.put("4711.json", invoice())
    await drop.look(1)
    assert not await drop.documents(), "it may still be written to"
    await drop.look()
    (document,) = await drop.documents()
    assert document.state is State.SENT
    assert drop.files("done") == [f"{document.id}-4711.json"]
    assert not drop.files("in") and not drop.files("error")
    (part,) = await drop.house.parts(document.id, Role.ORIGINAL)
    assert part.name == "4711.json"


async def test_what_lies_beside_it_goes_with_it(drop: Drop) -> None:
    drop.put("4711.json", invoice())
    drop.put("4711.PDF", pdf())
    await drop.look()
    (document,) = await drop.documents()
    assert [part.name for part in await drop.house.parts(document.id, Role.ATTACHMENT)] == [
        "4711.PDF"
    ]
    assert drop.files("done") == [f"{document.id}-4711.PDF", f"{document.id}-4711.json"]


async def test_a_zip_file_is_a_document_with_its_files(drop: Drop) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("invoice.json", invoice())
        archive.writestr("terms.pdf", pdf())
    drop.put("4711.zip", out.getvalue())
    await drop.look()
    (document,) = await drop.documents()
    assert document.state is State.SENT


async def test_what_has_no_shape_is_told_in_the_company_s_language(drop: Drop) -> None:
    drop.put("fel.json", BROKEN)
    drop.put("fel.pdf", pdf())
    await drop.look()
    assert not await drop.documents()
    assert drop.files("error") == ["fel.json", "fel.json.txt", "fel.pdf"]
    told = drop.text("fel.json.txt")
    assert told.startswith("fel.json togs inte emot.")
    assert "/invoice/number" in told and "/invoice/nmuber" in told


async def test_what_breaks_rules_moves_to_error_with_every_finding(drop: Drop) -> None:
    body = json.loads(invoice())
    body["invoice"]["currency"] = "XXX-none"
    drop.put("fel.json", json.dumps(body).encode())
    drop.put("fel.csv", b"a;b")
    await drop.look(3)
    (document,) = await drop.documents()
    assert document.state is State.REJECTED
    assert not drop.files("done")
    name = f"{document.id}-fel.json"
    assert drop.files("error") == [f"{document.id}-fel.csv", name, f"{name}.txt"]
    told = drop.text(f"{name}.txt")
    assert document.id in told and "Regel: " in told and "1. Fel: " in told


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("tom.xml", b"", "Filen är tom."),
        ("stor.xml", b"<x/>" * 50_000, "Högst 100000 tas emot."),
        ("vad.dat", b"\x00\x01\x02", "It is not of a kind that can be handed in."),
        ("ensam.pdf", pdf(), ""),
    ],
)
async def test_files_that_are_no_documents_are_told_so(
    drop: Drop, name: str, content: bytes, says: str
) -> None:
    drop.put(name, content)
    await drop.look()
    assert drop.files("error") == [name, f"{name}.txt"]
    assert says in drop.text(f"{name}.txt")
    assert not await drop.documents()


async def test_what_is_no_file_is_moved_away_unopened(drop: Drop, tmp_path: Path) -> None:
    inside = drop.root / SENDER.id / "in"
    secret = tmp_path / "secret.json"
    secret.write_bytes(invoice())
    (inside / "mapp").mkdir()
    (inside / "länk.json").symlink_to(secret)
    os.mkfifo(inside / "rör")
    await drop.look()
    assert not drop.files("in") and not await drop.documents()
    names = ["länk.json", "mapp", "rör"]
    assert drop.files("error") == sorted([*names, *(f"{name}.txt" for name in names)])
    assert secret.exists()


async def test_names_are_whatever_they_are(drop: Drop) -> None:
    names = [
        "å ä ö – ½.json",
        "two\nlines.json",
        "-rf.json",
        "x" * 240 + ".json",
        "\u202ejson.gpj",
        "=cmd.json",
    ]
    for n, name in enumerate(names):
        drop.put(name, invoice(f"N-{n}"))
    raw = drop.root / SENDER.id / "in" / os.fsdecode(b"\xff\xfe.json")
    raw.write_bytes(invoice("N-99"))
    await drop.look()
    assert not drop.files("in"), drop.files("error")
    assert len(await drop.documents()) == len(names) + 1
    assert len(drop.files("done")) == len(names) + 1


async def test_what_is_refused_again_under_its_name_takes_nothing_s_place(drop: Drop) -> None:
    for content in (BROKEN, b'{"invoice": {}}'):
        drop.put("fel.json", content)
        await drop.look()
    drop.put("fel.json.txt", b"")
    await drop.look()
    assert drop.files("error") == [
        "fel-2.json",
        "fel-2.json.txt",
        "fel.json",
        "fel.json-2.txt",
        "fel.json-2.txt.txt",
        "fel.json.txt",
    ]


async def test_one_that_was_mended_is_taken_under_its_old_name(drop: Drop) -> None:
    drop.put("a.json", BROKEN)
    await drop.look()
    drop.put("a.json", invoice())
    await drop.look()
    (document,) = await drop.documents()
    assert document.state is State.SENT


async def test_one_that_was_overwritten_is_another_document(drop: Drop) -> None:
    for number in ("F-1", "F-2"):
        drop.put("export.json", invoice(number))
        await drop.look()
    first, second = await drop.documents()
    assert (first.head.number, second.head.number) == ("F-1", "F-2")
    assert len(drop.files("done")) == 2


async def test_a_folder_that_is_gone_for_a_while_is_only_trouble(drop: Drop) -> None:
    path = drop.root / SENDER.id
    drop.put("a.json", invoice())
    aside = path.rename(drop.root / "elsewhere")
    await drop.look()
    assert drop.registry.get_sample_value("budkavle_drop_trouble", {"company": SENDER.id}) == 1
    assert not path.exists(), "nobody makes a folder where a disk is not mounted"
    aside.rename(path)
    await drop.look(5)
    assert len(await drop.documents()) == 1
    assert drop.registry.get_sample_value("budkavle_drop_trouble", {"company": SENDER.id}) == 0


async def test_one_with_many_files_lets_others_go_on(drop: Drop) -> None:
    many = 3 * DOCUMENTS
    for n in range(many):
        drop.put(f"{n:03}.json", invoice(f"M-{n}", hold=True))
    drop.put("one.json", invoice("R-1", hold=True), RECEIVER.id)
    await drop.look()
    assert len(await drop.documents()) == many
    (other,) = [one for one in await drop.documents(RECEIVER.id) if one.direction.value == "out"]
    before = [one for one in await drop.documents() if one.created_at < other.created_at]
    assert len(before) <= 2 * DOCUMENTS
    told = drop.registry.get_sample_value("budkavle_drop_waiting", {"company": SENDER.id})
    assert told is not None


class ClosedGate(OpenGate):
    async def may_submit(self, company_id: str) -> Closed | None:
        return Closed("company.not_verified", "Signera för Fjärdens Snickeri först.", "No.")


async def test_who_may_not_send_is_told_why(drop: Drop) -> None:
    drop.house.worker = drop.worker(gate=ClosedGate())
    drop.put("a.json", invoice())
    await drop.look()
    assert drop.files("error") == ["a.json", "a.json.txt"]
    assert "Signera för Fjärdens Snickeri först." in drop.text("a.json.txt")
    assert not await drop.documents()


# --- the other direction ------------------------------------------------------------------------


def to_receiver(number: str) -> bytes:
    return json.dumps(invoices.submission(number, to=invoices.RECEIVER)).encode()


async def test_what_comes_in_is_written_for_the_erp_and_confirmed(drop: Drop) -> None:
    (drop.root / RECEIVER.id / "inbox").mkdir()
    drop.put("till.json", to_receiver("F-7"))
    await drop.look(4)
    (name,) = drop.files("inbox", RECEIVER.id)
    assert name.startswith("doc_") and name.endswith(".xml")
    content = (drop.root / RECEIVER.id / "inbox" / name).read_bytes()
    assert b"F-7" in content
    assert not await drop.house.store.inbox(RECEIVER.id, None, 10)
    (drop.root / RECEIVER.id / "inbox" / name).unlink()
    await drop.look()
    assert not drop.files("inbox", RECEIVER.id), "what was taken away does not come again"


async def test_files_that_came_with_it_are_written_beside_it(drop: Drop) -> None:
    (drop.root / RECEIVER.id / "inbox").mkdir()
    document_id = await drop.house.submit(json.loads(invoice("S-1")))
    await drop.house.work()
    content = await drop.house.content(document_id, Role.DOCUMENT)
    inboxes = Inboxes(drop.house.store, drop.house.clock)
    files = (File("in.pdf", "application/pdf", pdf()), File("run.exe", "x/y", b"MZ\x90\x00"))
    xml = File("in.xml", "application/xml", content)
    await inboxes.take(Incoming("test", "1", RECEIVER.id, xml, files[:1]))
    paper = File("paper.pdf", "application/pdf", pdf(2))
    await inboxes.take(Incoming("test", "2", RECEIVER.id, paper))
    await inboxes.take(Incoming("test", "3", RECEIVER.id, xml, files))
    await drop.look(4)
    endings = sorted(name[41:] for name in drop.files("inbox", RECEIVER.id))
    assert endings == ["in.pdf", "in.xml", "paper.pdf"], "a program waits for a person"
    (waits,) = await drop.house.store.inbox(RECEIVER.id, None, 10)
    item = await drop.house.store.inbox_item(RECEIVER.id, waits.id)
    assert item is not None and item.state is InboxState.ATTACHMENT_ERROR


class Losing:
    """A store that has lost the bytes of one document."""

    def __init__(self, store: Store, document_id: str) -> None:
        self._store = store
        self._lost = document_id

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def files(self, company_id: str, document_id: str, roles: Any) -> Any:
        if document_id == self._lost and Role.RENDERED in roles:
            raise ContentLost("gone")
        return await self._store.files(company_id, document_id, roles)


async def test_a_document_that_is_lost_holds_up_no_other(drop: Drop) -> None:
    drop.put("till.json", to_receiver("F-7"))
    await drop.look(4)
    (first,) = await drop.house.store.inbox(RECEIVER.id, None, 10)
    (drop.root / RECEIVER.id / "inbox").mkdir()
    losing: Any = Losing(drop.house.store, first.id)
    drop.house.worker = drop.worker(losing)
    drop.put("till.json", to_receiver("F-8"))
    await drop.look(4)
    (name,) = drop.files("inbox", RECEIVER.id)
    assert b"F-8" in (drop.root / RECEIVER.id / "inbox" / name).read_bytes()
    assert [one.id for one in await drop.house.store.inbox(RECEIVER.id, None, 10)] == [first.id]


async def test_the_same_goes_over_sftp(drop: Drop) -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    public = key.export_public_key().decode()
    files = SftpServer(lambda channel: OpenFiles(server, channel), client_key=public)
    async with files as server:
        root = server.directory / "ours"
        (root / "in").mkdir(parents=True)
        (root / "status").mkdir()
        section = Drops(
            folders={SENDER.id: f"sftp://{server.username}@127.0.0.1:{server.port}/ours"},
            host_keys={"127.0.0.1": server.host_key},
            client_key=SecretStr(key.export_private_key().decode()),
            every_s=EVERY_S,
            settle_s=SETTLE_S,
        )
        store, clock = drop.house.store, drop.house.clock
        handing_in = HandingIn(store, clock, Unpacking(HERE))
        made = rounds(section, store, clock, handing_in, OPEN, CollectorRegistry())
        channels = drop.house.transports
        drop.house.worker = Worker(store, channels, clock, handlers={KIND: made})
        (root / "in" / "a.json").write_bytes(invoice())
        (root / "in" / "a.pdf").write_bytes(pdf())
        (root / "in" / "b.json").write_bytes(BROKEN)
        await drop.look(3)
        (document,) = await drop.documents()
        assert document.state is State.SENT
        names = {each: sorted(p.name for p in (root / each).iterdir()) for each in ("in", "done")}
        assert names == {"in": [], "done": [f"{document.id}-a.json", f"{document.id}-a.pdf"]}
        assert sorted(p.name for p in (root / "error").iterdir()) == ["b.json", "b.json.txt"]
        assert len(list((root / "status").iterdir())) >= 2
        server.available = False
        (root / "in" / "c.json").write_bytes(invoice("F-2"))
        await drop.look(2)
        server.available = True
        await drop.house.later(timedelta(minutes=1))
        await drop.look(2)
        assert len(await drop.documents()) == 2


async def test_without_the_folder_the_inbox_is_left_alone(drop: Drop) -> None:
    drop.put("till.json", to_receiver("F-7"))
    await drop.look(4)
    assert len(await drop.house.store.inbox(RECEIVER.id, None, 10)) == 1


async def test_every_change_is_a_small_file(drop: Drop) -> None:
    (drop.root / SENDER.id / "status").mkdir()
    drop.put("4711.json", invoice())
    await drop.look(3)
    (document,) = await drop.documents()
    told = [
        json.loads((drop.root / SENDER.id / "status" / name).read_bytes())
        for name in drop.files("status")
    ]
    assert {row["event"] for row in told} >= {"document.received", "document.sent"}
    assert {row["document"] for row in told} == {document.id}
    assert {row["file"] for row in told} == {"4711.json"}
    sent = next(row for row in told if row["event"] == "document.sent")
    assert sent["number"] == "F-1" and sent["channel"] == "email"
    before = drop.files("status")
    await drop.look()
    assert drop.files("status") == before, "each is told once"


async def test_a_status_file_is_a_table_that_runs_nothing(drop: Drop) -> None:
    from gateway.drops.statuses import line

    drop.put("=cmd.json", invoice())
    await drop.look()
    (document,) = await drop.documents()
    event, *_ = await drop.house.events(document.id)
    parts = await drop.house.store.parts(SENDER.id, document.id)
    content = line(event, document, parts, "csv").decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content, newline=""), delimiter=";")
    assert row["file"] == "'=cmd.json" and row["event"] == "document.received"
