"""What came in, in an office: documents in each state of the inbox, some with hostile names."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

from gateway.delivery import fetches
from gateway.delivery.bindery import Bindery
from gateway.delivery.fetches import Fetch
from gateway.delivery.workshop import HERE
from gateway.inbound.inboxes import Inboxes
from gateway.inbound.incoming import Incoming, SetAside, Taken
from gateway.inbound.jobs import READ
from gateway.inbound.reading import Reading
from gateway.intake.prepare import Prepared, prepare
from gateway.lifecycle import State, change
from gateway.store.inbox import Item
from gateway.store.port import Accepted, Checkpoint, Done, NewPart, Role
from gateway.trust.gate import OPEN, Gate
from schemas.identifiers import Participant
from tests.console.office import OURS, Office
from tests.contracts.stores import submission
from tests.e2e import invoices
from transports.base import File

XML = "application/xml"
HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}.html"
PAGE = File(HOSTILE, "text/html", b"<!doctype html><script>alert(1)</script>")


def ubl(number: str = "I-1") -> bytes:
    """An invoice from a company elsewhere, with a hostile name."""
    body = invoices.submission(number)
    body["invoice"]["seller"] |= {"name": "<b>Säljaren</b> & Söner"}
    original = File("document.json", "application/json", json.dumps(body).encode())
    made = prepare(original, (), {}, at=date(2026, 11, 21))
    assert isinstance(made, Prepared), made
    return made.document


async def read(office: Office, gate: Gate = OPEN) -> None:
    """Does what is due of reading."""
    reading = Reading(office.store, office.clock, workshop=HERE, bindery=Bindery(HERE), gate=gate)
    while jobs := await office.store.claim("test", office.clock.now(), 60, 10, {READ: 10}):
        mine = [job for job in jobs if job.kind == READ]
        for job in mine:
            await reading(job)
        if not mine:
            return


async def bring(
    office: Office,
    number: str = "I-1",
    *beside: File,
    company: str = OURS.id,
    gate: Gate = OPEN,
) -> Item:
    """Something comes in and is read."""
    document = File("document.xml", XML, ubl(number))
    came = Incoming("test", number, company, document, beside)
    taken = await Inboxes(office.store, office.clock).take(came)
    assert isinstance(taken, Taken)
    await read(office, gate)
    return await item(office, taken.document_id, company)


async def item(office: Office, document_id: str, company: str = OURS.id) -> Item:
    """A document as it is in the inbox."""
    found = await office.store.inbox_item(company, document_id)
    assert found is not None
    return found


async def bring_for_nobody(office: Office, number: str = "X-1") -> str:
    """Something comes in for somebody who is not here."""
    document = File("document.xml", XML, ubl(number))
    whom = Participant.parse("0088:7300010000001")
    taken = await Inboxes(office.store, office.clock).take(
        Incoming("test", number, whom, document, ())
    )
    assert isinstance(taken, SetAside)
    await read(office)
    return taken.document_id


async def lacking(office: Office, files: Sequence[Fetch]) -> str:
    """A document that is to go out, and held for files that could not be fetched."""
    accepted = await office.store.accept(submission(OURS.id), office.clock.now())
    assert isinstance(accepted, Accepted)
    jobs = await office.store.claim("test", office.clock.now(), 60, 10, {})
    job = next(job for job in jobs if job.document_id == accepted.document_id)
    held = change(
        State.RECEIVED, State.HELD, code="attachment.not_found", text="A file is not there."
    )
    record: NewPart = fetches.part(tuple(files))
    await office.store.checkpoint(job, Checkpoint(Done(), held, parts=[record]), office.clock.now())
    return accepted.document_id


async def fetched(office: Office, document_id: str) -> fetches.Fetches:
    """The record of its files."""
    stored = await office.store.files(OURS.id, document_id, (Role.FETCH,))
    found = fetches.newest([content for _, content in stored])
    assert found is not None
    return found


MISSING = Fetch(
    "https://user:secret@files.example.com/terms.pdf?sig=secret",
    name="terms.pdf",
    code="attachment.not_found",
    text="404 Not Found",
)
