"""Messages of networks: kept with what they brought, told from repeats, counted by time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from gateway.archive.days import Days
from gateway.archive.retention import Daily
from gateway.lifecycle import Business, State
from gateway.store.messages import Message
from gateway.store.port import Arrival, Checkpoint, Done, Head, NewJob, NewPart, Role, Store
from tests.contracts.stores import DAY, NOW, OURS, THEIRS, accepted, claimed

IN = Message(
    channel="peppol",
    direction="in",
    id="m1@sender.example",
    reference="envelope-1",
    company_id=OURS.id,
    document_id=None,
    provider="POP000001",
    document_type="busdox-docid-qns::invoice",
    process="cenbii-procid-ubl::billing",
    country="NO",
    at=NOW,
    digests=b"digests",
    receipt=b"<receipt/>",
)


def arrival(message: Message, key: str = "peppol:envelope-1") -> Arrival:
    part = NewPart(Role.DOCUMENT, "invoice.xml", "application/xml", b"<Invoice/>")
    return Arrival(key, OURS.id, Head(number="F-1"), [part], "peppol", message)


async def test_a_message_is_kept_with_the_document_it_brought(store: Store) -> None:
    document_id = await store.arrive(arrival(IN), NOW)
    kept = await store.message("peppol", "in", IN.id)
    assert kept == replace(IN, document_id=document_id)
    assert await store.message("peppol", "out", IN.id) is None
    assert await store.message("other", "in", IN.id) is None


async def test_the_messages_of_a_document_are_found(store: Store) -> None:
    document_id = await store.arrive(arrival(IN), NOW)
    assert document_id is not None
    later = replace(IN, direction="out", id="m2@us.example", at=NOW + DAY, document_id=document_id)
    await store.note(later)
    await store.note(replace(IN, id="m3@sender.example"))
    both = [replace(IN, document_id=document_id), later]
    assert list(await store.messages_of(OURS.id, document_id, 10)) == both
    assert list(await store.messages_of(OURS.id, document_id, 1)) == both[:1]
    assert not await store.messages_of(THEIRS.id, document_id, 10)


async def test_a_repeated_document_keeps_its_other_message_too(store: Store) -> None:
    await store.arrive(arrival(IN), NOW)
    other = replace(IN, id="m2@sender.example", receipt=b"<other/>")
    assert await store.arrive(arrival(other), NOW) is None
    assert await store.message("peppol", "in", other.id) == other


async def test_its_jobs_are_put_in_line_with_it_and_not_again_for_a_repeat(store: Store) -> None:
    ids = []
    for n in (1, 2):
        jobs = [NewJob("tell", "telling", NOW, data={"message": n})]
        came = replace(arrival(replace(IN, id=f"m{n}@sender.example")), jobs=jobs)
        ids.append(await store.arrive(came, NOW))
    job = await claimed(store)
    assert (job.key, job.document_id, job.company_id) == (f"{ids[0]}/tell", ids[0], OURS.id)
    assert job.data == {"message": 1}
    await store.checkpoint(job, Checkpoint(Done()), NOW)
    await store.arrive(replace(arrival(IN), jobs=jobs), NOW)
    assert ids[1] is None
    assert await store.claim("worker", NOW, 30, 1) == []


async def test_the_first_of_the_same_id_stays(store: Store) -> None:
    await store.note(IN)
    await store.note(replace(IN, receipt=b"<other/>"))
    assert await store.message("peppol", "in", IN.id) == IN


async def test_the_jobs_of_a_message_are_put_in_line_with_it_and_not_again(store: Store) -> None:
    job = NewJob("take/m1", "take", NOW, data={"n": 1})
    again = NewJob("take/m1", "take", NOW, data={"n": 2})
    await asyncio.gather(store.note(IN, [job]), store.note(IN, [job]))
    await store.note(replace(IN, id="m2@sender.example"))
    (claimed_job,) = await store.claim("worker", NOW, 30, 10)
    assert (claimed_job.key, claimed_job.data) == ("take/m1", {"n": 1})
    await store.checkpoint(claimed_job, Checkpoint(Done()), NOW)
    await store.note(IN, [again])
    assert await store.claim("worker", NOW, 30, 10) == []


async def test_a_step_writes_the_message_that_went_out(store: Store) -> None:
    document_id = await accepted(store)
    job = await claimed(store)
    out = replace(
        IN, direction="out", document_id=document_id, digests=b"", receipt=b"", country=None
    )
    await store.checkpoint(job, Checkpoint(Done(), message=out), NOW)
    assert await store.message("peppol", "out", out.id) == out


async def test_messages_of_a_time_come_in_pages(store: Store) -> None:
    for n in range(5):
        await store.note(replace(IN, id=f"m{n}", at=NOW + timedelta(hours=n)))
    await store.note(replace(IN, id="m0", direction="out"))
    found: list[str] = []
    after = ""
    while page := await store.messages("peppol", NOW, NOW + timedelta(hours=3), after, 2):
        found += [f"{one.direction} {one.id}" for one in page]
        assert all(one.receipt == one.digests == b"" for one in page)
        after = found[-1]
    assert found == ["in m0", "in m1", "in m2", "out m0"]


async def test_old_messages_go_in_batches_oldest_first(store: Store) -> None:
    for n in range(5):
        await store.note(replace(IN, id=f"m{n}", at=NOW + timedelta(hours=n)))
    await store.note(replace(IN, id="m0", direction="out"))
    at = NOW + timedelta(hours=3)
    assert await store.expire_messages(NOW, 10) == 0, "it is not older than itself"
    assert await store.expire_messages(at, 2, dry_run=True) == 4
    assert await store.expire_messages(at, 2) == 2
    assert await store.message("peppol", "in", "m1") is not None
    assert [await store.expire_messages(at, 2) for _ in range(2)] == [2, 0]
    left = await store.messages("peppol", NOW, NOW + timedelta(days=1), "", 10)
    assert [one.id for one in left] == ["m3", "m4"]


async def test_a_message_that_comes_again_after_its_time_brings_no_second_document(
    store: Store,
) -> None:
    await store.arrive(arrival(IN), NOW)
    assert await store.expire_messages(NOW + timedelta(days=1), 10) == 1
    assert await store.arrive(arrival(IN), NOW) is None
    assert len(await store.inbox(OURS.id, None, 10)) == 1


async def test_the_nightly_round_takes_old_messages_along(store: Store) -> None:
    for n in range(450):  # more than two batches
        await store.note(replace(IN, id=f"m{n:03}"))
    await store.note(replace(IN, id="young", at=NOW + timedelta(days=5)))
    days = Days(400, 400, 400, 400)
    daily = Daily(store, days, key_days=90, message_days=90, audit_days=4000)
    while await daily.piece(NOW + timedelta(days=91)):
        pass
    left = await store.messages("peppol", NOW, NOW + timedelta(days=9), "", 10)
    assert [one.id for one in left] == ["young"]


async def test_what_the_buyer_says_stays_beside_the_state(store: Store) -> None:
    document_id = await accepted(store)
    job = await claimed(store)
    await store.checkpoint(job, Checkpoint(Done(), business=Business.ACCEPTED), NOW)
    document = await store.document(OURS.id, document_id)
    assert document is not None
    assert (document.state, document.business) == (State.RECEIVED, Business.ACCEPTED)
