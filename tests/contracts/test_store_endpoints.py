"""What every store must keep of webhook endpoints."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.store.endpoints import MOST_PUSHES, Endpoint, Progress, Push, SealedSecret
from gateway.store.port import (
    Again,
    BadCursor,
    Checkpoint,
    Dead,
    Done,
    Event,
    Job,
    Keep,
    LeaseLost,
    NewEvent,
    NewJob,
    Store,
)
from tests.contracts.stores import NOW, OURS, THEIRS, submission

ENDPOINT = Endpoint(
    id="wh_1",
    company_id=OURS.id,
    url="https://erp.example.com/hooks?a=b",
    types=("document.sent", "document.failed"),
    description="Bokföringen",
    active=True,
    secrets=(SealedSecret(b"\x00new\xff"), SealedSecret(b"old", NOW + timedelta(hours=24))),
    cursor=None,
    created_at=NOW,
    updated_at=NOW,
)
MOST = 3


async def happen(store: Store, company_id: str = OURS.id, times: int = 1) -> list[Event]:
    """Lets events happen; answers all that the company has."""
    for _ in range(times):
        await store.accept(submission(company_id), NOW)
    return list(await store.feed(company_id, None, 1000))


async def at_work(store: Store, endpoint_id: str = ENDPOINT.id) -> Job:
    """The endpoint's job, claimed."""
    job = NewJob(f"endpoint/{endpoint_id}", "push", NOW, OURS.id, data={"endpoint": endpoint_id})
    await store.put([job], NOW)
    claimed = await store.claim("w", NOW, 60, 100)
    (job_of_it,) = [job for job in claimed if job.key == f"endpoint/{endpoint_id}"]
    return job_of_it


def push_of(event: Event, **fields: object) -> Push:
    push = Push(
        event.id,
        event.type,
        event.document_id,
        event.cursor,
        NOW,
        12,
        204,
        "webhook.taken",
        "",
    )
    return replace(push, **fields)  # type: ignore[arg-type]


# --- set up by people -----------------------------------------------------------------------------


async def test_an_endpoint_comes_back_as_it_was_given(store: Store) -> None:
    assert await store.add_endpoint(ENDPOINT, MOST)
    assert await store.endpoint(OURS.id, ENDPOINT.id) == ENDPOINT
    events = await happen(store)
    other = replace(
        ENDPOINT,
        id="wh_2",
        types=(),
        active=False,
        secrets=(SealedSecret(b"x"),),
        cursor=events[0].cursor,
        tries=3,
        next_at=NOW + timedelta(minutes=5),
        code="webhook.refused",
        text="It answered 503.",
    )
    assert await store.add_endpoint(other, MOST)
    assert list(await store.endpoints(OURS.id)) == [ENDPOINT, other]


async def test_a_company_has_no_more_than_it_may(store: Store) -> None:
    added = await asyncio.gather(
        *(store.add_endpoint(replace(ENDPOINT, id=f"wh_{n}"), MOST) for n in range(10))
    )
    assert sum(added) == MOST
    assert len(await store.endpoints(OURS.id)) == MOST
    assert await store.add_endpoint(replace(ENDPOINT, id="wh_x", company_id=THEIRS.id), MOST)


async def test_a_change_counts_only_on_what_was_read(store: Store) -> None:
    await store.add_endpoint(ENDPOINT, MOST)
    changed = replace(
        ENDPOINT,
        url="https://other.example.com/",
        types=(),
        description="",
        active=False,
        secrets=(SealedSecret(b"another"),),
        updated_at=NOW + timedelta(minutes=1),
        code="webhook.switched_off",
        text="It was switched off.",
    )
    assert await store.change_endpoint(changed)
    assert await store.endpoint(OURS.id, ENDPOINT.id) == replace(changed, version=2)
    assert not await store.change_endpoint(replace(changed, url="https://late.example.com/"))
    assert await store.endpoint(OURS.id, ENDPOINT.id) == replace(changed, version=2)
    assert not await store.change_endpoint(replace(ENDPOINT, id="wh_none"))


async def test_what_waits_to_be_tried_again_is_due_when_it_is_changed(store: Store) -> None:
    await store.add_endpoint(ENDPOINT, MOST)
    job = await at_work(store)
    await store.checkpoint(job, Checkpoint(Again(NOW + timedelta(hours=5))), NOW)
    assert not await store.claim("w", NOW, 60, 10)
    heard = store.wait("jobs", 600)
    await store.change_endpoint(replace(ENDPOINT, updated_at=NOW))
    async with asyncio.timeout(60):
        await heard
    (claimed,) = await store.claim("w", NOW, 60, 10)
    assert claimed.key == job.key
    # One that somebody works on stays with them.
    await store.change_endpoint(replace(ENDPOINT, updated_at=NOW, version=2))
    assert await store.holds(claimed, NOW)
    assert not await store.claim("w", NOW, 60, 10)


async def test_an_endpoint_is_removed_with_what_was_sent(store: Store) -> None:
    await store.add_endpoint(ENDPOINT, MOST)
    (event,) = await happen(store)
    await store.add_push(OURS.id, ENDPOINT.id, push_of(event))
    assert await store.remove_endpoint(OURS.id, ENDPOINT.id)
    assert not await store.remove_endpoint(OURS.id, ENDPOINT.id)
    assert await store.endpoint(OURS.id, ENDPOINT.id) is None
    assert await store.add_endpoint(ENDPOINT, MOST)
    assert not await store.pushes(OURS.id, ENDPOINT.id, None, 10)


async def test_nobody_finds_anothers(store: Store) -> None:
    await store.add_endpoint(ENDPOINT, MOST)
    (event,) = await happen(store)
    await store.add_push(OURS.id, ENDPOINT.id, push_of(event))
    assert await store.endpoint(THEIRS.id, ENDPOINT.id) is None
    assert not await store.endpoints(THEIRS.id)
    assert not await store.change_endpoint(replace(ENDPOINT, company_id=THEIRS.id))
    assert not await store.remove_endpoint(THEIRS.id, ENDPOINT.id)
    assert not await store.pushes(THEIRS.id, ENDPOINT.id, None, 10)
    await store.add_push(THEIRS.id, ENDPOINT.id, push_of(event, cursor=None))
    assert len(await store.pushes(OURS.id, ENDPOINT.id, None, 10)) == 1
    with pytest.raises(BadCursor):
        await store.event(THEIRS.id, event.cursor)
    assert await store.newest(THEIRS.id) is None


# --- the work on them -----------------------------------------------------------------------------


async def test_progress_is_written_with_what_was_sent(store: Store) -> None:
    await store.add_endpoint(ENDPOINT, MOST)
    first, second = await happen(store, times=2)
    job = await at_work(store)
    moved = replace(ENDPOINT, cursor=first.cursor)
    assert await store.pushed(job, Progress(moved, [push_of(first)], Keep()), NOW)
    assert await store.endpoint(OURS.id, ENDPOINT.id) == moved
    assert await store.holds(job, NOW)
    due = NOW + timedelta(minutes=5)
    failing = replace(moved, tries=1, next_at=due, code="webhook.refused", text="It answered 500.")
    refused = push_of(second, status=500, code="webhook.refused", text="Oops")
    assert await store.pushed(job, Progress(failing, [refused], Again(due)), NOW)
    assert await store.endpoint(OURS.id, ENDPOINT.id) == failing
    assert not await store.claim("w", due - timedelta(seconds=1), 60, 10)
    (again,) = await store.claim("w", due, 60, 10)
    off = replace(failing, active=False, next_at=None, code="webhook.gone", text="410")
    told = NewEvent("webhook.switched_off", {"endpoint_id": ENDPOINT.id})
    assert await store.pushed(again, Progress(off, (), Done(), (told,)), due)
    assert await store.endpoint(OURS.id, ENDPOINT.id) == off
    newest = (await store.feed(OURS.id, None, 100))[-1]
    assert (newest.type, newest.document_id, newest.data) == (told.type, "", told.data)
    assert not await store.claim("w", due + timedelta(days=9), 60, 10)
    assert list(await store.pushes(OURS.id, ENDPOINT.id, None, 10)) == [
        replace(refused, n=2),
        push_of(first, n=1),
    ]


async def test_a_person_is_stronger_than_work_under_way(store: Store) -> None:
    await store.add_endpoint(ENDPOINT, MOST)
    first, _ = await happen(store, times=2)
    job = await at_work(store)
    await store.change_endpoint(replace(ENDPOINT, description="changed"))
    moved = replace(ENDPOINT, cursor=first.cursor)
    for then in (Done(), Again(NOW + timedelta(hours=1))):
        told = NewEvent("webhook.switched_off")
        assert not await store.pushed(job, Progress(moved, [push_of(first)], then, (told,)), NOW)
        assert await store.holds(job, NOW)
    assert all(event.document_id for event in await store.feed(OURS.id, None, 100))
    now = await store.endpoint(OURS.id, ENDPOINT.id)
    assert now == replace(ENDPOINT, description="changed", version=2)
    assert len(await store.pushes(OURS.id, ENDPOINT.id, None, 10)) == 2
    await store.remove_endpoint(OURS.id, ENDPOINT.id)
    assert not await store.pushed(job, Progress(moved, [push_of(first)], Done()), NOW)


async def test_who_has_lost_the_job_writes_nothing(store: Store) -> None:
    await store.add_endpoint(ENDPOINT, MOST)
    (event,) = await happen(store)
    job = await at_work(store)
    newer = await at_work(store)
    assert (newer.id, newer.fence) != (job.id, job.fence)
    moved = replace(ENDPOINT, cursor=event.cursor)
    with pytest.raises(LeaseLost):
        await store.pushed(job, Progress(moved, [push_of(event)], Keep()), NOW)
    assert await store.endpoint(OURS.id, ENDPOINT.id) == ENDPOINT
    assert not await store.pushes(OURS.id, ENDPOINT.id, None, 10)


async def test_the_newest_pushes_are_kept_and_read_page_by_page(store: Store) -> None:
    await store.add_endpoint(ENDPOINT, MOST)
    (event,) = await happen(store)
    await asyncio.gather(
        *(
            store.add_push(OURS.id, ENDPOINT.id, push_of(event, ms=n))
            for n in range(MOST_PUSHES + 5)
        )
    )
    test = Push("evt_test", "webhook.test", None, None, NOW, 1, None, "outside.timeout", "Slow.")
    await store.add_push(OURS.id, ENDPOINT.id, test)
    kept = await store.pushes(OURS.id, ENDPOINT.id, None, 1000)
    assert len(kept) == MOST_PUSHES
    assert kept[0] == replace(test, n=MOST_PUSHES + 6)
    assert [push.n for push in kept] == list(range(MOST_PUSHES + 6, 6, -1))
    page = await store.pushes(OURS.id, ENDPOINT.id, kept[9].n, 3)
    assert list(page) == list(kept[10:13])


# --- who is behind --------------------------------------------------------------------------------


async def test_what_was_pushed_of_a_document_is_found_at_every_endpoint(store: Store) -> None:
    first, second = await happen(store, times=2)
    other = replace(ENDPOINT, id="wh_2")
    for endpoint in (ENDPOINT, other):
        assert await store.add_endpoint(endpoint, MOST)
        for n, event in enumerate((first, second)):
            push = push_of(event, at=NOW + n * timedelta(minutes=1))
            await store.add_push(OURS.id, endpoint.id, push)
    again = push_of(first, at=NOW + timedelta(hours=1), status=500, code="webhook.refused")
    await store.add_push(OURS.id, other.id, again)

    found = await store.pushes_of(OURS.id, first.document_id, 10)
    assert found == [
        ("wh_2", replace(again, n=3)),
        ("wh_1", replace(push_of(first), n=1)),
        ("wh_2", replace(push_of(first), n=1)),
    ]
    assert await store.pushes_of(OURS.id, first.document_id, 1) == found[:1]
    assert not await store.pushes_of(THEIRS.id, first.document_id, 10)


async def test_endpoints_that_are_behind_and_not_worked_on_are_found(store: Store) -> None:
    await store.add_endpoint(ENDPOINT, MOST)
    assert not await store.behind(10)
    (event,) = await happen(store)
    assert list(await store.behind(10)) == [(OURS.id, ENDPOINT.id)]
    done = replace(ENDPOINT, id="wh_done", cursor=event.cursor)
    for endpoint in (
        done,
        replace(ENDPOINT, id="wh_off", active=False),
        replace(ENDPOINT, id="wh_theirs", company_id=THEIRS.id),  # nothing has happened there
    ):
        assert await store.add_endpoint(endpoint, MOST)
    assert list(await store.behind(10)) == [(OURS.id, ENDPOINT.id)]
    job = await at_work(store)
    assert not await store.behind(10)
    await store.checkpoint(job, Checkpoint(Again(NOW + timedelta(days=1))), NOW)
    assert not await store.behind(10)
    await store.drop([job.key])
    assert list(await store.behind(10)) == [(OURS.id, ENDPOINT.id)]
    await store.checkpoint(await at_work(store), Checkpoint(Dead("internal.error", "bug")), NOW)
    assert not await store.behind(10)
    await happen(store)
    assert list(await store.behind(10)) == [(OURS.id, "wh_done")]


async def test_only_so_many_are_told(store: Store) -> None:
    for n in range(3):
        await store.add_endpoint(replace(ENDPOINT, id=f"wh_{n}"), MOST)
    await happen(store)
    assert len(await store.behind(2)) == 2


async def test_anybodys_events_are_news(store: Store) -> None:
    heard = store.wait("events", 600)
    await store.accept(submission(THEIRS.id), NOW)
    async with asyncio.timeout(60):
        await heard


async def test_the_newest_event_and_the_one_at_a_place(store: Store) -> None:
    assert await store.newest(OURS.id) is None
    events = await happen(store, times=3)
    await happen(store, THEIRS.id)
    assert await store.newest(OURS.id) == events[-1].cursor
    for event in events:
        assert await store.event(OURS.id, event.cursor) == event
    with pytest.raises(BadCursor):
        await store.event(OURS.id, "cur_" + "0" * 32)
