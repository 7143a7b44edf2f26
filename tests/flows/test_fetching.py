"""Attachments that are given by their address: fetched before anything is sent, or repaired."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.delivery import fetching
from gateway.delivery.fetches import is_error, newest
from gateway.delivery.fetching import Fetching, Limits
from gateway.delivery.repair import (
    FetchAgain,
    HandIn,
    How,
    LeaveOut,
    NotRepaired,
    repair,
    repair_all,
)
from gateway.delivery.verbs import Verb
from gateway.delivery.worker import Worker
from gateway.lifecycle import State
from gateway.outside.client import Outside, Rules
from gateway.store.port import Document, Role
from tests.flows.house import PIECE_BYTES, RECEIVER, SENDER, House, invoice
from tests.flows.test_crash import live_and_die
from tests.servers.store_of_files import (
    Asked,
    Dropped,
    Endless,
    Held,
    Part,
    Raw,
    Served,
    Stalled,
    Status,
    StoreOfFiles,
)

PDF = b"%PDF-1.4\n" + b"terms and conditions\n" * 50 + b"%%EOF\n"
LARGE = b"%PDF-1.4\n" + bytes(range(256)) * 3000 + b"%%EOF\n"  # does not fit into a row
DAY = timedelta(days=1)


@pytest.fixture
async def files() -> AsyncIterator[StoreOfFiles]:
    async with StoreOfFiles() as files:
        yield files


def naming(files: StoreOfFiles, *paths: str, **stated: Any) -> dict[str, Any]:
    """A submission that names files of the store; `stated` goes for each of them."""
    return invoice(here=True, fetch=[{"url": files.url + path, **stated} for path in paths])


async def handed_in(house: House, files: StoreOfFiles, *paths: str, **stated: Any) -> str:
    document_id = await house.submit(naming(files, *paths, **stated))
    await house.work()
    return document_id


async def attachments(house: House, document_id: str) -> list[tuple[str, str, bytes]]:
    found = await house.store.files(SENDER.id, document_id, [Role.ATTACHMENT])
    return [(part.name, part.media_type, content) for part, content in found]


async def at_the_recipient(house: House) -> bytes:
    """The document that came in for the recipient."""
    (came,) = await house.store.inbox(RECEIVER.id, None, 10)
    ((_, content),) = await house.store.files(RECEIVER.id, came.id, [Role.DOCUMENT])
    return content


async def mended(house: House, document_id: str, how: How, **more: Any) -> Document:
    done = await repair(
        house.store, house.clock, SENDER.id, document_id, how, "the ERP was down", **more
    )
    assert isinstance(done, Document), done
    return done


async def refused(house: House, document_id: str, how: How, **more: Any) -> str:
    done = await repair(house.store, house.clock, SENDER.id, document_id, how, "why", **more)
    assert isinstance(done, NotRepaired), done
    return done.text


def given(content: bytes, name: str | None = None) -> HandIn:
    digest = hashlib.sha256(content).hexdigest()
    return HandIn(name, "application/pdf", content, digest)


def breaks(house: House, after: int = 300_000) -> Dropped:
    """A connection that breaks when a piece of the file has come for certain."""
    return Dropped(after, lambda: any(size >= PIECE_BYTES for size in sizes(house)))


def sizes(house: House) -> list[int]:
    """What there is of each file; one that goes meanwhile does not count."""
    found = []
    for name in spool(house):
        with contextlib.suppress(FileNotFoundError):
            found.append((house.store.blobs.spool / name).stat().st_size)
    return found


def spool(house: House) -> list[str]:
    directory = house.store.blobs.spool
    return [path.name for path in directory.iterdir()] if directory.exists() else []


# --- what goes well -----------------------------------------------------------------------------


async def test_a_file_is_fetched_and_goes_along(house: House, files: StoreOfFiles) -> None:
    files.files["/a/terms.pdf"] = Served(PDF)
    document_id = await handed_in(house, files, "/a/terms.pdf")
    await house.is_in(document_id, State.DELIVERED)
    assert await attachments(house, document_id) == [("terms.pdf", "application/pdf", PDF)]
    assert b'filename="terms.pdf"' in await at_the_recipient(house)
    told = await house.told(document_id)
    assert told[:3] == ["document.received", "document.fetched", "document.routed"]
    assert files.at("/a/terms.pdf")[0].headers["accept-encoding"] == "identity"
    assert spool(house) == []


async def test_the_document_is_accepted_first_and_shows_what_it_waits_for(
    house: House, files: StoreOfFiles
) -> None:
    files.files["/a.pdf"] = Served(PDF)
    held = Held(asyncio.Event(), asyncio.Event())
    files.plan("/a.pdf", held)
    document_id = await house.submit(naming(files, "/a.pdf"))
    working = asyncio.create_task(house.work())
    await asyncio.wait_for(held.asked.wait(), 60)
    document = await house.is_in(document_id, State.RECEIVED)
    assert (document.code, document.head.number) == ("document.fetching", "F-1")
    assert not is_error(document)
    held.until.set()
    await asyncio.wait_for(working, 60)
    await house.is_in(document_id, State.DELIVERED)


async def test_large_and_small_files_come_to_the_byte(house: House, files: StoreOfFiles) -> None:
    files.files |= {"/large.pdf": Served(LARGE), "/small.pdf": Served(PDF)}
    document_id = await handed_in(house, files, "/large.pdf", "/small.pdf")
    await house.is_in(document_id, State.DELIVERED)
    assert [content for *_, content in await attachments(house, document_id)] == [LARGE, PDF]
    assert spool(house) == []


async def test_what_is_kept_as_evidence_holds_no_secret(house: House, files: StoreOfFiles) -> None:
    secret = "sig=d0n0tt311"
    files.files["/b.pdf"] = Served(PDF, headers={"Set-Cookie": secret})
    files.plan("/a.pdf", Status(302, {"Location": f"/b.pdf?{secret}"}))
    document_id = await handed_in(house, files, f"/a.pdf?{secret}")
    (part,) = [p for p in await house.parts(document_id, Role.EVIDENCE) if p.name == "fetch-0.json"]
    content = await house.store.content(SENDER.id, document_id, part.sha256)
    assert content is not None and secret.encode() not in content
    told = json.loads(content)
    assert told["url"] == f"{files.url}/a.pdf?..."
    assert told["answered_by"] == f"{files.url}/b.pdf?..."
    assert told["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (told["status"], told["size_bytes"]) == (200, len(PDF))
    assert told["headers"]["ETag"] == '"v1"'


async def test_a_link_stays_a_link_unless_it_is_wanted(house: House, files: StoreOfFiles) -> None:
    files.files["/plan.pdf"] = Served(PDF)
    for number, wish in enumerate([{}, {"fetch_links": False}, {"fetch_links": True}]):
        body = invoice(here=True, **wish)
        body["invoice"]["number"] = f"L-{number}"
        body["invoice"]["supporting_documents"] = [
            {"reference": "plan", "url": f"{files.url}/plan.pdf"}
        ]
        document_id = await house.submit(body)
        await house.work()
        await house.is_in(document_id, State.DELIVERED)
        assert len(await attachments(house, document_id)) == (number == 2)
        document = await house.content(document_id, Role.DOCUMENT)
        assert f"{files.url}/plan.pdf".encode() in document


async def test_a_company_may_have_links_fetched(house: House, files: StoreOfFiles) -> None:
    files.files["/plan.pdf"] = Served(PDF)
    company = replace(SENDER, settings={**SENDER.settings, "fetch_links": True})
    await house.store.add_company(company, house.clock.now())
    body = invoice(here=True)
    body["invoice"]["supporting_documents"] = [{"reference": "p", "url": f"{files.url}/plan.pdf"}]
    document_id = await house.submit(body)
    await house.work()
    assert await attachments(house, document_id) == [("plan.pdf", "application/pdf", PDF)]


async def test_a_document_that_is_wrong_is_rejected_before_anything_is_fetched(
    house: House, files: StoreOfFiles
) -> None:
    body = naming(files, "/a.pdf")
    body["invoice"]["buyer"]["address"]["country"] = "ZZ"
    document_id = await house.submit(body)
    await house.work()
    await house.is_in(document_id, State.REJECTED)
    assert files.asked == []


# --- a server that misbehaves ---------------------------------------------------------------------


async def test_what_came_before_a_break_is_not_asked_for_again(
    house: House, files: StoreOfFiles
) -> None:
    files.files["/a.pdf"] = Served(LARGE)
    files.plan("/a.pdf", breaks(house), breaks(house))
    document_id = await handed_in(house, files, "/a.pdf")
    document = await house.is_in(document_id, State.WAITING)
    assert document.code == "attachment.cut_off" and is_error(document)
    await house.later(DAY)
    await house.later(DAY)
    await house.is_in(document_id, State.DELIVERED)
    assert [content for *_, content in await attachments(house, document_id)] == [LARGE]
    began = [start(each) for each in files.asked]
    assert began[0] == 0 and PIECE_BYTES <= began[1] <= began[2]
    assert [each.headers.get("if-range") for each in files.asked] == [None, '"v1"', '"v1"']
    assert spool(house) == []


def start(asked: Asked) -> int:
    """Where the part begins that was asked for."""
    return int(asked.headers.get("range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))


@pytest.mark.parametrize(
    "other",
    [
        Served(LARGE, ranges=False),
        Served(LARGE, etag='"v2"'),
        Served(LARGE, etag='W/"v1"'),
        Served(LARGE, etag=None),
    ],
    ids=["no ranges", "another version", "a weak tag", "no tag"],
)
async def test_where_the_rest_can_not_be_had_it_is_fetched_anew(
    house: House, files: StoreOfFiles, other: Served
) -> None:
    files.files["/a.pdf"] = replace(
        other, content=LARGE[:9] + LARGE[10:], etag=other.etag and '"v1"'
    )
    if other.etag == 'W/"v1"' or other.etag is None:
        files.files["/a.pdf"] = replace(files.files["/a.pdf"], etag=other.etag)
    files.plan("/a.pdf", breaks(house))
    document_id = await handed_in(house, files, "/a.pdf")
    await house.is_in(document_id, State.WAITING)
    files.files["/a.pdf"] = other
    await house.later(DAY)
    await house.is_in(document_id, State.DELIVERED)
    assert [content for *_, content in await attachments(house, document_id)] == [LARGE]


@pytest.mark.parametrize(
    "answer",
    [
        Part("bytes 5-7/8"),
        Part("bytes {start}-{end}/*"),
        Part("bytes {start}-{end}/9999999", etag='"other"'),
        Part("lines 1-2/3"),
        Status(416, {"Content-Range": "bytes */3"}),
    ],
    ids=["another place", "no total", "another version", "no range", "no such range"],
)
async def test_a_part_that_is_not_the_one_that_was_asked_for_is_not_taken(
    house: House, files: StoreOfFiles, answer: Part | Status
) -> None:
    files.files["/a.pdf"] = Served(LARGE)
    files.plan("/a.pdf", breaks(house), answer)
    document_id = await handed_in(house, files, "/a.pdf")
    await house.later(DAY)
    await house.is_in(document_id, State.DELIVERED)
    assert [content for *_, content in await attachments(house, document_id)] == [LARGE]
    assert [start(each) > 0 for each in files.asked] == [False, True, False]


async def test_a_part_that_is_too_short_is_gone_on_with(house: House, files: StoreOfFiles) -> None:
    files.files["/a.pdf"] = Served(LARGE[:-3] + b"abc")
    files.plan("/a.pdf", breaks(house), Part(f"bytes {{start}}-{{end}}/{len(LARGE)}"))
    document_id = await handed_in(house, files, "/a.pdf")
    await house.later(DAY)
    assert (await house.is_in(document_id, State.WAITING)).code == "attachment.cut_off"
    await house.later(DAY)
    await house.is_in(document_id, State.DELIVERED)
    began = [start(each) for each in files.asked]
    assert began[2] == began[1] + 3


async def test_two_versions_put_together_are_told_by_the_hash(
    house: House, files: StoreOfFiles
) -> None:
    """A server that gives a new version the tag of the old one."""
    files.files["/a.pdf"] = Served(b"%PDF-" + b"old" * 200_000)
    files.plan("/a.pdf", breaks(house))
    sha256 = hashlib.sha256(LARGE).hexdigest()
    document_id = await handed_in(house, files, "/a.pdf", sha256=sha256)
    files.files["/a.pdf"] = Served(LARGE)
    await house.later(DAY)
    await house.is_in(document_id, State.DELIVERED)
    assert [content for *_, content in await attachments(house, document_id)] == [LARGE]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Status(500), "attachment.server_error"),
        (Status(503, {"Retry-After": "7200"}), "attachment.server_error"),
        (Status(429), "attachment.server_error"),
        (Raw(b""), "attachment.cut_off"),
        (Raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "attachment.bad_answer"),
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n%PDF-1.4"), "attachment.cut_off"),
        (
            Raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n%PDF-\r\n"),
            "attachment.cut_off",
        ),
    ],
)
async def test_what_may_pass_is_tried_again_by_itself(
    house: House, files: StoreOfFiles, answer: Status | Raw, code: str
) -> None:
    files.files["/a.pdf"] = Served(PDF)
    # A connection that is closed without a word is tried once more at once (RFC 9110, 9.2.2).
    files.plan("/a.pdf", *([answer] * (2 if answer == Raw(b"") else 1)))
    document_id = await handed_in(house, files, "/a.pdf")
    document = await house.is_in(document_id, State.WAITING)
    assert document.code == code and is_error(document)
    assert document.next_at is not None and document.next_at > house.clock.now()
    if isinstance(answer, Status) and answer.headers:
        assert document.next_at >= house.clock.now() + timedelta(hours=2)
    told = await house.told(document_id)
    assert told[1:] == ["document.attachment_error", "document.waiting"]
    await house.later(DAY)
    await house.is_in(document_id, State.DELIVERED)


CLEAN = b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (Status(404), "attachment.not_found"),
        (Status(410), "attachment.gone"),
        (Status(401), "attachment.denied"),
        (Status(403), "attachment.denied"),
        (Status(400), "attachment.refused"),
        (Status(304), "attachment.refused"),
        (Status(206, {}, PDF), "attachment.refused"),
        (Status(200), "attachment.empty"),
        (Status(204), "attachment.refused"),
        (Status(200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"), "attachment.compressed"),
        (Status(200, {"Content-Length": "99999999999"}), "attachment.too_large"),
        (Status(200, {}, b"<!DOCTYPE html><title>Log in</title>"), "attachment.mistaken"),
        (Status(200, {}, b"not a PDF at all"), "attachment.mistaken"),
        (Status(302, {"Location": "http://[::1"}), "attachment.redirected"),
        (Status(302, {"Location": "ftp://127.0.0.1/a"}), "attachment.forbidden"),
        (Raw(CLEAN + b"\r\n" + PDF), "attachment.no_length"),
        (Endless(), "attachment.too_large"),
    ],
)
async def test_what_does_not_pass_is_for_a_person_at_once(
    house: House, files: StoreOfFiles, answer: Status | Raw | Endless, code: str
) -> None:
    files.plan("/a.pdf", answer)
    document_id = await handed_in(house, files, "/a.pdf")
    document = await house.is_in(document_id, State.HELD)
    assert document.code == code and is_error(document), document.text
    assert fetching.REPAIR in document.text
    assert (await house.told(document_id))[1:] == ["document.attachment_error", "document.held"]
    assert spool(house) == []
    await mended(house, document_id, given(PDF))
    await house.work()
    await house.is_in(document_id, State.DELIVERED)


async def test_a_file_of_no_length_is_taken_when_its_hash_is_known(
    house: House, files: StoreOfFiles
) -> None:
    files.plan("/a.pdf", Raw(CLEAN + b"\r\n" + PDF))
    sha256 = hashlib.sha256(PDF).hexdigest()
    document_id = await handed_in(house, files, "/a.pdf", sha256=sha256)
    await house.is_in(document_id, State.DELIVERED)


async def test_another_file_than_was_stated_is_not_taken(house: House, files: StoreOfFiles) -> None:
    files.files["/a.pdf"] = Served(PDF)
    document_id = await handed_in(house, files, "/a.pdf", sha256="0" * 64)
    document = await house.is_in(document_id, State.HELD)
    assert document.code == "attachment.hash_differs"
    assert await attachments(house, document_id) == []


async def test_a_stated_media_type_holds(house: House, files: StoreOfFiles) -> None:
    files.files["/a"] = Served(PDF)
    document_id = await handed_in(house, files, "/a", media_type="image/png")
    assert (await house.is_in(document_id, State.HELD)).code == "attachment.mistaken"


async def test_redirects_are_followed_and_bounded(house: House, files: StoreOfFiles) -> None:
    files.files["/5.pdf"] = Served(PDF)
    for n in range(5):
        files.plan(f"/{n}.pdf", Status(307, {"Location": f"{n + 1}.pdf#page=2"}))
    document_id = await handed_in(house, files, "/0.pdf")
    await house.is_in(document_id, State.DELIVERED)
    files.asked.clear()
    files.plan("/loop", *[Status(302, {"Location": "/loop"})] * 20)
    document_id = await handed_in(house, files, "/loop")
    assert (await house.is_in(document_id, State.HELD)).code == "attachment.redirected"
    assert len(files.asked) == 6


async def test_a_server_that_stalls_has_its_time(house: House, files: StoreOfFiles) -> None:
    files.files["/a.pdf"] = Served(LARGE)
    files.plan("/a.pdf", Stalled(100_000))
    outside = Outside(Rules(allow_http=True, allow_private=True, limit_s=60, idle_s=2))
    try:
        document_id = await house.submit(naming(files, "/a.pdf"))
        await worker_of(house, outside).run_due()
        assert (await house.is_in(document_id, State.WAITING)).code == "attachment.timeout"
    finally:
        await outside.close()
    house.clock.move(DAY)
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    assert files.asked[-1].headers["range"] == "bytes=100000-"


def worker_of(house: House, outside: Outside, limits: Limits | None = None) -> Worker:
    fetch = Fetching(house.store, outside, house.clock, limits=limits)
    return Worker(house.store, house.transports, house.clock, handlers={"fetch": fetch})


async def test_no_address_of_ours_is_asked(house: House, files: StoreOfFiles) -> None:
    """Neither at once nor by a redirect."""
    files.files["/a.pdf"] = Served(PDF)
    outside = Outside(Rules(allow_http=True))
    try:
        document_id = await house.submit(naming(files, "/a.pdf"))
        await worker_of(house, outside).run_due()
        document = await house.is_in(document_id, State.HELD)
        assert document.code == "attachment.forbidden"
        assert files.asked == []
    finally:
        await outside.close()


@pytest.mark.parametrize(
    "url",
    [
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:10.0.0.1]/a",
        "https://user:word@127.0.0.1/a",
        "https://127.0.0.1:25/a",
        "http://127.0.0.1/a",
    ],
)
async def test_a_redirect_to_what_is_forbidden_is_not_followed(
    house: House, files: StoreOfFiles, url: str
) -> None:
    """The rules of the first address hold for every one after it: here plain http is allowed to one
    host only, by what `faults` says of each."""
    document_id = await house.submit(naming(files, "/a.pdf"))
    files.plan("/a.pdf", Status(302, {"Location": url}))
    outside = _Once(Rules(allow_http=True, allow_private=True))
    try:
        await worker_of(house, outside).run_due()
        document = await house.is_in(document_id, State.HELD)
        assert document.code == "attachment.forbidden", document.text
    finally:
        await outside.close()


class _Once(Outside):
    """The first address is the test's own server; those after it are judged as in production."""

    def faults(self, url: str) -> list[str]:
        found = super().faults(url)
        self.rules = Rules()
        return found


# --- limits ---------------------------------------------------------------------------------------


async def test_files_have_a_limit_each_and_together(house: House, files: StoreOfFiles) -> None:
    files.files |= {f"/{n}.pdf": Served(PDF) for n in range(3)}
    limits = Limits(file_bytes=len(PDF), total_bytes=2 * len(PDF) + 1)
    document_id = await house.submit(naming(files, "/0.pdf", "/1.pdf", "/2.pdf"))
    await worker_of(house, house.outside, limits).run_due()
    document = await house.is_in(document_id, State.HELD)
    assert document.code == "attachment.too_large" and "2.pdf" in document.text
    assert len(await attachments(house, document_id)) == 2
    await mended(house, document_id, LeaveOut())
    await house.work()
    await house.is_in(document_id, State.DELIVERED)


async def test_in_the_end_a_person_is_asked(house: House, files: StoreOfFiles) -> None:
    files.plan("/a.pdf", *[Status(500)] * 100)
    document_id = await handed_in(house, files, "/a.pdf")
    began = house.clock.now()
    while (document := await house.document(document_id)).state is State.WAITING:
        assert document.next_at is not None
        await house.later(document.next_at - house.clock.now())
    assert house.clock.now() - began == timedelta(hours=72)
    assert document.state is State.HELD and document.code == "attachment.server_error"
    assert "72 hours" in document.text and fetching.REPAIR in document.text
    told = await house.told(document_id)
    assert told.count("document.attachment_error") == 1
    assert 20 < len(files.asked) < 40
    assert len(await house.parts(document_id, Role.FETCH)) == 2


async def test_what_came_stays_while_another_file_is_missing(
    house: House, files: StoreOfFiles
) -> None:
    files.files["/b.pdf"] = Served(PDF)
    files.plan("/a.pdf", Status(500))
    document_id = await handed_in(house, files, "/a.pdf", "/b.pdf")
    await house.is_in(document_id, State.WAITING)
    assert len(await attachments(house, document_id)) == 1
    files.files["/a.pdf"] = Served(LARGE)
    await house.later(DAY)
    await house.is_in(document_id, State.DELIVERED)
    assert len(files.at("/b.pdf")) == 1
    assert [content for *_, content in await attachments(house, document_id)] == [PDF, LARGE]


async def test_a_slow_store_of_one_company_holds_few_places(
    house: House, files: StoreOfFiles
) -> None:
    files.files["/a.pdf"] = Served(PDF)
    holds = [Held(asyncio.Event(), asyncio.Event()) for _ in range(4)]
    files.plan("/a.pdf", *holds)
    ids = []
    for number in range(4):
        body = naming(files, "/a.pdf")
        body["invoice"]["number"] = f"S-{number}"
        ids.append(await house.submit(body))
    working = asyncio.create_task(house.work())
    for held in holds[:2]:
        await asyncio.wait_for(held.asked.wait(), 60)
    for held in holds:
        held.until.set()
    await asyncio.wait_for(working, 60)
    await house.later(DAY)
    for document_id in ids:
        await house.is_in(document_id, State.DELIVERED)


# --- repair ---------------------------------------------------------------------------------------


async def missing(house: House, files: StoreOfFiles, *paths: str) -> str:
    document_id = await handed_in(house, files, *paths)
    await house.is_in(document_id, State.HELD)
    return document_id


async def test_a_missing_file_is_handed_in(house: House, files: StoreOfFiles) -> None:
    document_id = await missing(house, files, "/terms.pdf")
    document = await mended(house, document_id, given(PDF), actor="anna")
    assert (document.state, document.code) == (State.RECEIVED, "repaired.handed_in")
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    assert await attachments(house, document_id) == [("terms.pdf", "application/pdf", PDF)]
    repaired = [e for e in await house.events(document_id) if e.type == "document.repaired"]
    assert [event.data["how"] for event in repaired] == ["handed_in"]
    assert repaired[0].data["reason"] == "the ERP was down"
    entries = await house.store.audit_entries(0, 100)
    (entry,) = [e for e in entries if e.action == "document.repaired"]
    assert (entry.actor, entry.subject) == ("anna", document_id)


async def test_a_file_is_fetched_from_another_address(house: House, files: StoreOfFiles) -> None:
    files.files["/new.pdf"] = Served(PDF)
    document_id = await missing(house, files, "/old.pdf", "/gone.pdf")
    assert "0, 1" in await refused(house, document_id, FetchAgain(f"{files.url}/new.pdf"))
    await mended(house, document_id, FetchAgain(f"{files.url}/new.pdf"), attachment=0)
    await house.work()
    document = await house.is_in(document_id, State.HELD)
    assert "gone.pdf" in document.text
    await mended(house, document_id, LeaveOut(), attachment=1)
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    assert [name for name, *_ in await attachments(house, document_id)] == ["new.pdf"]


async def test_a_document_goes_on_without_its_files(house: House, files: StoreOfFiles) -> None:
    document_id = await missing(house, files, "/a.pdf", "/b.pdf")
    await mended(house, document_id, LeaveOut())
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    assert await attachments(house, document_id) == []
    assert "document.repaired" in await house.told(document_id)


async def test_what_waits_can_be_repaired_too(house: House, files: StoreOfFiles) -> None:
    files.plan("/a.pdf", Status(500))
    document_id = await handed_in(house, files, "/a.pdf")
    await house.is_in(document_id, State.WAITING)
    await mended(house, document_id, given(PDF))
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    assert len(files.asked) == 1


async def test_all_with_the_same_fault_are_repaired_at_once(
    house: House, files: StoreOfFiles
) -> None:
    ids = []
    files.plan("/2.pdf", Status(403))
    for number in range(3):
        body = naming(files, f"/{number}.pdf")
        body["invoice"]["number"] = f"A-{number}"
        ids.append(await house.submit(body))
    await house.work()
    await house.later(timedelta(seconds=2))  # few of a company are fetched at once
    files.files |= {f"/{n}.pdf": Served(PDF) for n in range(3)}
    how = FetchAgain()
    other = (house.store, house.clock, RECEIVER.id, how, "why")
    assert (await repair_all(*other)).done == ()
    ours = (house.store, house.clock, SENDER.id, how, "why")
    assert (await repair_all(*ours, code="held.")).done == ()
    repaired = await repair_all(*ours, code="attachment.not_found")
    assert {document.id for document in repaired.done} == set(ids[:2])
    assert (repaired.left, repaired.next) == ((), None)
    await house.work()
    await house.later(timedelta(seconds=2))
    assert [(await house.document(id_)).state for id_ in ids] == [
        State.DELIVERED,
        State.DELIVERED,
        State.HELD,
    ]
    assert len((await repair_all(*ours)).done) == 1
    await house.work()
    await house.is_in(ids[2], State.DELIVERED)


async def test_repairing_what_is_not_broken_is_refused(house: House, files: StoreOfFiles) -> None:
    files.files["/a.pdf"] = Served(PDF)
    document_id = await handed_in(house, files, "/a.pdf")
    assert await refused(house, document_id, FetchAgain()) == "No file of the document is missing."
    document_id = await missing(house, files, "/b.pdf")
    assert "missing: 0" in await refused(house, document_id, LeaveOut(), attachment=3)
    await house.do(document_id, Verb.CANCEL)
    assert "cancelled" in await refused(house, document_id, LeaveOut())
    nobody = await repair(
        house.store, house.clock, RECEIVER.id, document_id, LeaveOut(), "not mine"
    )
    assert nobody is None


async def test_the_verbs_of_every_document_hold_here_too(house: House, files: StoreOfFiles) -> None:
    files.plan("/a.pdf", Status(500), Status(404), Status(500))
    document_id = await handed_in(house, files, "/a.pdf")
    await house.do(document_id, Verb.HOLD)
    await mended(house, document_id, FetchAgain())  # it stays held: a person said so
    assert (await house.is_in(document_id, State.HELD)).code == "held.by_person"
    await house.do(document_id, Verb.RELEASE)
    await house.work()
    assert (await house.is_in(document_id, State.HELD)).code == "attachment.not_found"
    await house.do(document_id, Verb.RETRY)
    await house.work()
    await house.is_in(document_id, State.WAITING)
    await house.do(document_id, Verb.RETRY)
    await house.do(document_id, Verb.CANCEL)
    await house.later(DAY)
    await house.is_in(document_id, State.CANCELLED)
    assert len(files.asked) == 3


async def test_cancelling_stops_what_is_being_fetched(house: House, files: StoreOfFiles) -> None:
    files.files["/a.pdf"] = Served(PDF)
    held = Held(asyncio.Event(), asyncio.Event())
    files.plan("/a.pdf", held)
    document_id = await house.submit(naming(files, "/a.pdf"))
    working = asyncio.create_task(house.work())
    await asyncio.wait_for(held.asked.wait(), 60)
    await house.do(document_id, Verb.CANCEL)
    held.until.set()
    await asyncio.wait_for(working, 60)
    await house.is_in(document_id, State.CANCELLED)
    assert await attachments(house, document_id) == []


# --- crashes --------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True], ids=["before the write", "after it"])
async def test_death_at_every_write(house: House, files: StoreOfFiles, after: bool) -> None:
    deaths = 0
    for n in range(1, 40):
        files.files |= {"/a.pdf": Served(LARGE), "/b.pdf": Served(PDF)}
        files.plan("/a.pdf", breaks(house, 450_000))
        body = naming(files, "/a.pdf", "/b.pdf")
        body["invoice"]["number"] = f"D-{n}"
        document_id = await house.submit(body)
        died = await live_and_die(house, n, after=after)
        deaths += died
        for _ in range(4):
            house.clock.move(timedelta(minutes=1))
            await house.new_worker(house.store).run_due()
        await house.is_in(document_id, State.DELIVERED)
        found = await attachments(house, document_id)
        assert sorted(content for *_, content in found) == sorted([LARGE, PDF])
        told = await house.told(document_id)
        assert told.count("document.fetched") == 2
        assert told.count("document.delivered") == 1
        if not died:
            break
    assert deaths > 6


async def test_pieces_that_are_gone_or_damaged_are_fetched_anew(
    house: House, files: StoreOfFiles
) -> None:
    for number, harm in enumerate(["gone", "damaged"]):
        path = f"/{number}.pdf"
        files.files[path] = Served(LARGE)
        files.plan(path, breaks(house))
        body = naming(files, path)
        body["invoice"]["number"] = f"P-{number}"
        document_id = await house.submit(body)
        await house.work()
        assert spool(house)
        for piece in house.store.blobs.spool.iterdir():
            if harm == "gone":
                piece.unlink()
            else:
                piece.write_bytes(b"x" * piece.stat().st_size)
        await house.later(DAY)
        await house.is_in(document_id, State.DELIVERED)
        assert [content for *_, content in await attachments(house, document_id)] == [LARGE]
        assert [each.headers.get("range") for each in files.at(path)] == [None, None]


async def test_nothing_that_may_be_secret_is_logged_or_told(
    house: House, files: StoreOfFiles, logged: list[Any]
) -> None:
    secret = "sig=d0n0tt311"
    files.files["/a.pdf"] = Served(PDF)
    files.plan("/b.pdf", Status(500, {"X-Why": secret}, secret.encode()), Status(403))
    document_id = await handed_in(house, files, f"/a.pdf?{secret}", f"/b.pdf?{secret}")
    await house.later(DAY)
    await house.is_in(document_id, State.HELD)
    events = await house.events(document_id)
    document = await house.document(document_id)
    assert secret not in repr(logged) + repr(events) + document.text
    record = newest([await house.content(document_id, Role.FETCH)])
    assert record is not None and record[0].url.endswith(secret)
