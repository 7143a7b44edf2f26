"""The stores that must keep the contract, and the words of its tests.

A new store adds its opener to OPENERS and nothing else.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from gateway.lifecycle import InboxState, State, change
from gateway.store.ids import new_id
from gateway.store.port import (
    Accepted,
    Arrival,
    Attempt,
    Checkpoint,
    Company,
    Done,
    Head,
    Job,
    Keep,
    Leg,
    NewJob,
    NewPart,
    Role,
    Store,
    Submission,
)
from gateway.store.sqlite import SqliteStore
from gateway.trust.reach import Reach
from tests.servers import postgres
from transports.base import File

Opener = Callable[[Path], Awaitable[Store]]

OPENERS: dict[str, Opener] = {"sqlite": SqliteStore.open, "postgres": postgres.open_store}

NOW = datetime(2026, 11, 2, 8, 0, 0, 123456, tzinfo=UTC)
OURS = Company("ours", "Vårt AB", "SE", ("0007:5560360793",), {"language": "sv"})
THEIRS = Company("theirs", "Deres AS", "NO", ("0192:918130047",), {})
LOGO = File("logo.png", "image/png", b"\x89PNG\x00")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


def submission(
    company_id: str = OURS.id,
    content: bytes = b"<Invoice/>",
    idempotency: tuple[str, str] | None = None,
    priority: int = 0,
    **delivery: Any,
) -> Submission:
    original = NewPart(Role.ORIGINAL, "invoice.xml", "application/xml", content)
    document_id = new_id("doc")
    return Submission(
        document_id, company_id, "application/xml", [original], delivery, idempotency, priority
    )


async def accepted(store: Store, company_id: str = OURS.id, **more: Any) -> str:
    answer = await store.accept(submission(company_id, **more), NOW)
    assert isinstance(answer, Accepted)
    return answer.document_id


async def claimed(store: Store, now: datetime = NOW, owner: str = "worker") -> Job:
    (job,) = await store.claim(owner, now, 30, 1)
    return job


def timer(key: str, due_at: datetime = NOW, **more: Any) -> NewJob:
    """A job that is about no document."""
    return NewJob(key, **{"kind": "timer", "due_at": due_at, **more})


def moved(before: State, after: State, **more: Any) -> Any:
    return change(before, after, code="test.code", text="A reason.", **more)


ROUTED = moved(State.RECEIVED, State.ROUTING)
SENDING = moved(State.ROUTING, State.SENDING)
SENT = moved(State.SENDING, State.SENT)


def leg_of(document_id: str, n: int = 0, **more: Any) -> Leg:
    return Leg(document_id, n, "email", uuid4(), **{"state": "trying", **more})


def attempt_of(document_id: str, **more: Any) -> Attempt:
    return Attempt(new_id("att"), document_id, 0, "email", NOW, **more)


def arrival(company_id: str = OURS.id, key: str = "k1", content: bytes = b"<Invoice/>") -> Arrival:
    part = NewPart(Role.DOCUMENT, "invoice.xml", "application/xml", content)
    return Arrival(key, company_id, Head(number="F-1"), [part], "internal")


async def sent_with_leg(store: Store) -> tuple[str, Leg]:
    """A document that a channel took responsibility for, and its leg."""
    document_id = await accepted(store)
    job = await claimed(store)
    leg = leg_of(document_id, state="sent")
    await store.checkpoint(job, Checkpoint(Keep(), ROUTED), NOW)
    await store.checkpoint(job, Checkpoint(Keep(), SENDING), NOW)
    await store.checkpoint(job, Checkpoint(Done(), SENT, legs=[leg]), NOW)
    return document_id, leg


async def everything(store: Store) -> Any:
    """All that can be read, to tell that nothing was written."""
    every = [await everything_of(store, company.id) for company in await store.companies()]
    return every, await store.dead(0, 1000)


async def everything_of(store: Store, company_id: str) -> Any:
    """All that can be read of a company."""
    page = await store.documents(company_id, limit=1000)
    return (
        await store.company(company_id),
        await store.logo(company_id),
        await store.registrations(company_id, "", 1000),
        await store.verification(company_id),
        await store.identity_records(company_id),
        await store.register_entries("letter", company_id, "consumer", "", 1000),
        await store.unpriced("2026-11", [company_id], 1000),
        page,
        await store.inbox(company_id, None, 1000),
        [await store.inbox_items(company_id, state, None, 1000) for state in InboxState],
        await store.company_keys(company_id),
        await store.keys(Reach("", (company_id,)), "", 1000),
        await store.feed(company_id, None, 1000),
        [
            (endpoint, await store.pushes(company_id, endpoint.id, None, 1000))
            for endpoint in await store.endpoints(company_id)
        ],
        [
            (
                await store.parts(company_id, document.id),
                await store.legs(company_id, document.id),
                await store.attempts(company_id, document.id),
            )
            for document in page.documents
        ],
    )


async def bytes_of(store: Store, company_id: str, document_id: str) -> list[bytes | None]:
    return [
        await store.content(company_id, document_id, part.sha256)
        for part in await store.parts(company_id, document_id)
    ]


async def state_of(store: Store, document_id: str, company_id: str = OURS.id) -> State | None:
    document = await store.document(company_id, document_id)
    return None if document is None else document.state
