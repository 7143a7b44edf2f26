"""What every store must keep of how companies stand, and of the records of who they are."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.audit.chain import NewEntry, Told
from gateway.store.port import Again, Contradiction, Done, LeaseLost, NewEvent, NewJob, Store
from gateway.store.verifications import IdentityRecord, Verification, Verified
from gateway.trust.verification.states import Asking, Standing
from tests.contracts.stores import DAY, MINUTE, NOW, OURS, THEIRS, accepted

ROW = Verification(
    company_id=OURS.id,
    standing=Standing.VERIFIED,
    asking=Asking.SIGNED,
    code="company.verified",
    text="Verifierad.",
    created_at=NOW,
    updated_at=NOW,
    verified_at=NOW,
    recheck_at=NOW + 365 * DAY,
    closes_at=NOW + 395 * DAY,
    expires_at=NOW + DAY,
    next_at=NOW + MINUTE,
    tries=2,
    warned=1,
    record_id="idr_1",
    facts={"name": "ab12"},
    request=b"\x00sealed",
)
RECORD = IdentityRecord(
    *("idr_1", OURS.id, NOW, "visma_sign", b"\x00data"),
    *(b"%PDF-1.7", "agreement.pdf", "application/pdf", "f" * 64),
)
JOB = NewJob(f"verification/{OURS.id}", "verification", NOW, OURS.id)


async def put(store: Store, row: Verification = ROW, **more: object) -> bool:
    return await store.put_verification(Verified(row, **more), NOW)  # type: ignore[arg-type]


async def test_it_is_found_as_it_was_written_with_all_that_goes_with_it(store: Store) -> None:
    event = NewEvent("company.verified", {"code": "company.verified"})
    assert await put(store, events=[event], jobs=[JOB], record=RECORD)
    kept = replace(ROW, version=1)
    assert await store.verification(OURS.id) == kept
    assert await store.verification(THEIRS.id) is None
    assert await store.verifications("", 10) == [kept]
    assert await store.verifications(OURS.id, 10) == []
    assert await store.identity_record(OURS.id, "idr_1") == RECORD
    assert await store.identity_records(OURS.id) == [replace(RECORD, proof=b"")]
    (told,) = await store.feed(OURS.id, None, 10)
    assert (told.type, told.document_id, told.data) == (event.type, "", event.data)
    (job,) = await store.claim("w", NOW, 60, 10)
    assert (job.key, job.company_id, job.document_id) == (JOB.key, OURS.id, "")


async def test_what_is_not_there_is_kept_as_that(store: Store) -> None:
    bare = Verification(
        OURS.id, Standing.UNVERIFIED, Asking.NONE, "company.unverified", "", NOW, NOW
    )
    assert await put(store, bare)
    assert await store.verification(OURS.id) == replace(bare, version=1)


async def test_only_who_knows_the_version_changes_it(store: Store) -> None:
    assert await put(store)
    assert not await put(store, events=[NewEvent("company.revoked")], jobs=[JOB], record=RECORD)
    assert await store.feed(OURS.id, None, 10) == []
    assert await store.claim("w", NOW, 60, 10) == []
    assert await store.identity_records(OURS.id) == []
    changed = replace(ROW, standing=Standing.REVOKED, version=1)
    assert await put(store, changed)
    assert not await put(store, changed)
    assert await store.verification(OURS.id) == replace(changed, version=2)


async def test_of_two_at_once_one_is_first(store: Store) -> None:
    done = await asyncio.gather(*(put(store, jobs=[JOB]) for _ in range(8)))
    assert sorted(done) == [False] * 7 + [True]


async def test_a_company_that_is_not_there_has_no_standing(store: Store) -> None:
    with pytest.raises(Contradiction, match="no company"):
        await put(store, replace(ROW, company_id="nobody"))


async def test_a_worker_writes_only_while_it_holds_the_job(store: Store) -> None:
    assert await put(store, jobs=[JOB])
    (job,) = await store.claim("w", NOW, 60, 10)
    row = replace(ROW, version=1)
    assert await put(store, row, job=job, then=Again(NOW + MINUTE))
    assert await store.claim("w", NOW, 60, 10) == []
    with pytest.raises(LeaseLost):
        await put(store, replace(ROW, version=2), job=job, then=Done())
    (again,) = await store.claim("w", NOW + MINUTE, 60, 10)
    assert not await put(store, row, job=again, then=Done())  # the version is of before
    assert await store.holds(again, NOW + MINUTE)
    assert await put(store, replace(ROW, version=2), job=again, then=Done())
    assert await store.claim("w", NOW + DAY, 60, 10) == []


async def test_it_is_told_of_when_it_was_done(store: Store) -> None:
    told = Told(NewEntry("operator", "company.verified", OURS.id, OURS.id), NOW)
    await store.put_verification(Verified(ROW), NOW, told=told)
    await store.put_verification(Verified(ROW), NOW, told=told)
    mine = [one for one in await store.audit_entries(0, 100) if one.subject == OURS.id]
    assert [one.action for one in mine] == ["company.verified"]


async def test_records_are_kept_beside_each_other(store: Store) -> None:
    later = replace(RECORD, id="idr_2", at=NOW + DAY, how="operator", proof=b"")
    assert await put(store, record=RECORD)
    assert await put(store, replace(ROW, version=1, record_id="idr_2"), record=later)
    assert [one.id for one in await store.identity_records(OURS.id)] == ["idr_2", "idr_1"]
    assert await store.identity_records(THEIRS.id) == []
    assert await store.identity_record(THEIRS.id, "idr_1") is None


async def test_an_event_of_the_company_goes_when_its_time_is_over(store: Store) -> None:
    document = await accepted(store)
    assert await put(store, events=[NewEvent("company.verified")])
    going = await store.expire_events(OURS.id, NOW + DAY, None, 100)
    assert going.events == 1  # what is under way keeps its own
    (left,) = await store.feed(OURS.id, None, 10)
    assert left.document_id == document
