"""What every store must keep: documents, their journeys, events, lists, companies."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from gateway.audit.chain import NewEntry, Told
from gateway.lifecycle import Business, NotAllowed, State
from gateway.store.ids import new_id
from gateway.store.port import (
    Accepted,
    Again,
    BadCursor,
    Checkpoint,
    Company,
    Contradiction,
    Direction,
    Document,
    Done,
    Head,
    Keep,
    KeyReused,
    LeaseLost,
    Leg,
    MovedOn,
    NewEvent,
    NewJob,
    NewPart,
    Overtaken,
    Reply,
    Role,
    StorageUnavailable,
    Store,
)
from tests.contracts.stores import (
    LOGO,
    MINUTE,
    NOW,
    OURS,
    ROUTED,
    SENDING,
    SENT,
    THEIRS,
    Opener,
    accepted,
    arrival,
    attempt_of,
    bytes_of,
    claimed,
    everything,
    leg_of,
    moved,
    sent_with_leg,
    state_of,
    submission,
)
from transports.base import File

# --- accept -----------------------------------------------------------------------------------


async def test_an_accepted_document_is_all_there(store: Store) -> None:
    asked = submission(email="kund@example.se", hold=True)
    assert await store.accept(asked, NOW) == Accepted(asked.document_id)

    document = await store.document(OURS.id, asked.document_id)
    assert document == Document(
        id=asked.document_id,
        company_id=OURS.id,
        direction=Direction.OUT,
        state=State.RECEIVED,
        business=document.business if document else None,  # type: ignore[arg-type]
        version=1,
        media_type="application/xml",
        head=Head(),
        delivery={"email": "kund@example.se", "hold": True},
        channel=None,
        code="document.received",
        text=document.text if document else "",
        next_at=None,
        created_at=NOW,
        updated_at=NOW,
    )
    (part,) = await store.parts(OURS.id, asked.document_id)
    assert (part.role, part.name, part.size_bytes, part.at) == (
        Role.ORIGINAL,
        "invoice.xml",
        10,
        NOW,
    )
    assert part.sha256 == hashlib.sha256(b"<Invoice/>").hexdigest()
    assert await store.content(OURS.id, asked.document_id, part.sha256) == b"<Invoice/>"
    (event,) = await store.feed(OURS.id, None, 10)
    assert (event.type, event.document_id, event.at) == (
        "document.received",
        asked.document_id,
        NOW,
    )
    assert event.id.startswith("evt_")
    job = await claimed(store)
    assert (job.document_id, job.company_id, job.kind, job.tries, job.data) == (
        asked.document_id,
        OURS.id,
        "prepare",
        1,
        {},
    )


async def test_the_same_key_and_request_is_the_same_document(store: Store) -> None:
    first = await accepted(store, idempotency=("key", "body"))
    before = await everything(store)
    answer = await store.accept(submission(idempotency=("key", "body")), NOW + MINUTE)
    assert answer == Accepted(first, replayed=True)
    assert await everything(store) == before


async def test_the_same_key_with_another_request_is_refused(store: Store) -> None:
    first = await accepted(store, idempotency=("key", "body"))
    before = await everything(store)
    answer = await store.accept(submission(idempotency=("key", "other body")), NOW)
    assert answer == KeyReused(first)
    assert await everything(store) == before


async def test_a_key_belongs_to_its_company(store: Store) -> None:
    ours = await accepted(store, idempotency=("key", "body"))
    theirs = await accepted(store, THEIRS.id, idempotency=("key", "other"))
    assert ours != theirs
    assert await store.document(THEIRS.id, theirs) is not None


async def test_one_key_used_at_once_makes_one_document(store: Store) -> None:
    answers = await asyncio.gather(
        *(store.accept(submission(idempotency=("key", "body")), NOW) for _ in range(40)),
        *(store.accept(submission(idempotency=("key", "other")), NOW) for _ in range(10)),
    )
    (document,) = (await store.documents(OURS.id)).documents
    assert {answer.document_id for answer in answers} == {document.id}
    replayed = [a.replayed for a in answers if isinstance(a, Accepted)]
    assert sorted(replayed) == [False] + [True] * (len(replayed) - 1)
    assert len(await store.claim("worker", NOW, 30, 100)) == 1


async def test_many_repeats_at_once_are_all_told_of_the_first(store: Store) -> None:
    first = await accepted(store, idempotency=("key", "body"))
    before = await everything(store)
    answers = await asyncio.gather(
        *(store.accept(submission(idempotency=("key", "body")), NOW) for _ in range(20)),
        *(store.accept(submission(idempotency=("key", "other")), NOW) for _ in range(20)),
    )
    assert answers == [Accepted(first, replayed=True)] * 20 + [KeyReused(first)] * 20
    assert await everything(store) == before


async def test_a_submission_that_contradicts_takes_nobody_with_it(store: Store) -> None:
    twice = submission()
    await store.accept(twice, NOW)
    not_json = replace(submission(), delivery={"at": NOW})
    answers = await asyncio.gather(
        *(store.accept(submission(n=n), NOW) for n in range(20)),
        store.accept(twice, NOW),
        store.accept(submission("nobody"), NOW),
        store.accept(not_json, NOW),
        *(store.accept(submission(n=n), NOW) for n in range(20)),
        return_exceptions=True,
    )
    kinds = [type(answer) for answer in answers]
    assert kinds[20:23] == [Contradiction, Contradiction, TypeError]
    assert set(kinds[:20] + kinds[23:]) == {Accepted}
    assert len((await store.documents(OURS.id, limit=100)).documents) == 41
    assert len(await store.claim("worker", NOW, 30, 100)) == 41


async def test_a_time_without_a_zone_is_a_bug(store: Store) -> None:
    with pytest.raises(TypeError):
        await store.accept(submission(), NOW.replace(tzinfo=None))


SIZES = [0, 1, 64 * 1024 - 1, 64 * 1024, 64 * 1024 + 1, 3_000_000]


@pytest.mark.parametrize("size", SIZES)
async def test_bytes_come_back_whatever_their_size(store: Store, size: int) -> None:
    content = (b"0123456789abcdef" * (size // 16 + 1))[:size]
    document_id = await accepted(store, content=content)
    assert await bytes_of(store, OURS.id, document_id) == [content]


async def test_files_come_by_their_roles_and_in_order(store: Store) -> None:
    beside = [NewPart(Role.ATTACHMENT, f"{n}.txt", "text/plain", b"a" * n) for n in (3, 70_000)]
    original = NewPart(Role.ORIGINAL, "o.xml", "application/xml", b"<Invoice/>")
    parts = [beside[0], original, beside[1]]
    asked = replace(submission(), parts=parts)
    document_id = asked.document_id
    await store.accept(asked, NOW)
    for roles, expected in {
        (Role.ORIGINAL,): [original],
        (Role.ATTACHMENT, Role.PLAN): beside,
        (Role.ATTACHMENT, Role.ORIGINAL): parts,
        (Role.IMAGE,): [],
    }.items():
        found = await store.files(OURS.id, document_id, roles)
        assert [(part.name, content) for part, content in found] == [
            (part.name, part.content) for part in expected
        ]
        every = await store.parts(OURS.id, document_id)
        assert [part for part, _ in found] == [part for part in every if part.role in roles]


@pytest.mark.parametrize("then", [Keep(lane="email"), Again(NOW + MINUTE, lane="email"), Done()])
async def test_two_steps_written_as_one_are_the_two(
    store: Store, then: Keep | Again | Done
) -> None:
    def steps(document_id: str) -> tuple[Checkpoint, Checkpoint]:
        planned = [leg_of(document_id, n, state="planned") for n in (0, 1)]
        tried = attempt_of(document_id)
        evidence = NewPart(Role.EVIDENCE, "answer", "text/plain", b"yes", tried.id)
        return (
            Checkpoint(
                Keep({"a": 1}, "deliver"),
                ROUTED,
                head=Head(number=document_id),
                parts=[NewPart(Role.PLAN, "plan.json", "application/json", b"{}")],
                legs=planned,
                events=[NewEvent("document.routed")],
            ),
            Checkpoint(
                then,
                SENDING,
                channel="email",
                parts=[evidence],
                legs=[replace(planned[0], state="trying", address="a@b.example")],
                attempt=tried,
                events=[NewEvent("document.held")],
            ),
        )

    async def seen(joined: bool) -> Any:
        document_id = await accepted(store)
        job = await claimed(store)
        first, second = steps(document_id)
        for work in [first.then(second)] if joined else [first, second]:
            await store.checkpoint(job, work, NOW)
        await store.reap(NOW + MINUTE)
        again = await store.claim("another", NOW + MINUTE, 30, 1)
        document = await store.document(OURS.id, document_id)
        assert document is not None and document.head.number == document_id
        attempts = await store.attempts(OURS.id, document_id)
        files = await store.files(OURS.id, document_id, tuple(Role))
        events = await store.feed(OURS.id, None, 10, document_id)
        return (
            (document.state, document.code, document.channel),
            [(leg.n, leg.state, leg.address) for leg in await store.legs(OURS.id, document_id)],
            [(part.role, content, part.attempt_id == attempts[0].id) for part, content in files],
            [event.type for event in events],
            [(job.kind, job.lane, job.data) for job in again],
        )

    apart = await seen(joined=False)
    assert await seen(joined=True) == apart


@pytest.mark.parametrize("size", [100, 100_000])
async def test_the_same_bytes_may_come_many_times(store: Store, size: int) -> None:
    content = b"x" * size
    ids = await asyncio.gather(*(accepted(store, content=content) for _ in range(5)))
    theirs = await accepted(store, THEIRS.id, content=content)
    for document_id in ids:
        assert await bytes_of(store, OURS.id, document_id) == [content]
    assert await bytes_of(store, THEIRS.id, theirs) == [content]


# --- claim, renew, reap -----------------------------------------------------------------------


async def test_jobs_are_claimed_once_oldest_first(store: Store) -> None:
    late, early = submission(), submission()
    await store.accept(late, NOW + MINUTE)
    await store.accept(early, NOW)
    assert await store.claim("worker", NOW - MINUTE, 30, 10) == []
    first, second = await store.claim("worker", NOW + MINUTE, 30, 10)
    assert (first.document_id, second.document_id) == (early.document_id, late.document_id)
    assert await store.claim("other", NOW + MINUTE, 30, 10) == []


async def test_a_claim_takes_no_more_than_its_limit(store: Store) -> None:
    ids = [await accepted(store) for _ in range(5)]
    first = await store.claim("worker", NOW, 30, 2)
    rest = await store.claim("worker", NOW, 30, 10)
    assert [job.document_id for job in [*first, *rest]] == ids
    assert len(first) == 2


async def test_claims_at_once_share_no_job(store: Store) -> None:
    ids = await asyncio.gather(*(accepted(store) for _ in range(50)))
    claims = await asyncio.gather(*(store.claim(f"w{n}", NOW, 30, 7) for n in range(20)))
    taken = [job.document_id for jobs in claims for job in jobs]
    assert sorted(taken) == sorted(ids)


async def test_a_lease_that_runs_out_lets_another_have_the_job(store: Store) -> None:
    await accepted(store)
    first = await claimed(store, owner="first")
    assert await store.reap(NOW + timedelta(seconds=29)) == 0
    assert await store.reap(NOW + timedelta(seconds=31)) == 1
    second = await claimed(store, NOW + timedelta(seconds=31), "second")
    assert (second.id, second.tries) == (first.id, 2)
    assert second.fence > first.fence


async def test_the_leases_of_named_jobs_are_prolonged_and_no_others(store: Store) -> None:
    for _ in range(3):
        await accepted(store)
    lost, held, _unheard_of = await store.claim("worker", NOW, 30, 3)
    await store.checkpoint(lost, Checkpoint(next=Again(NOW)), NOW)
    await claimed(store, owner="heir")
    await store.renew([lost, held], NOW + timedelta(seconds=20), 30)
    assert await store.reap(NOW + timedelta(seconds=40)) == 2
    assert await store.reap(NOW + timedelta(seconds=51)) == 1
    await store.renew([], NOW, 30)


async def test_who_holds_a_job_can_ask(store: Store) -> None:
    await accepted(store)
    zombie = await claimed(store)
    assert await store.holds(zombie, NOW + timedelta(seconds=29))
    assert not await store.holds(zombie, NOW + timedelta(seconds=31))  # anybody may have it now
    await store.reap(NOW + MINUTE)
    assert not await store.holds(zombie, NOW)
    heir = await claimed(store, NOW + MINUTE)
    assert await store.holds(heir, NOW + MINUTE)
    assert not await store.holds(zombie, NOW + MINUTE)


async def test_a_zombie_writes_nothing(store: Store) -> None:
    document_id = await accepted(store)
    zombie = await claimed(store, owner="zombie")
    await store.reap(NOW + MINUTE)
    before = await everything(store)
    work = Checkpoint(Done(), ROUTED, events=[NewEvent("document.routed")])
    with pytest.raises(LeaseLost):  # nobody has it
        await store.checkpoint(zombie, work, NOW + MINUTE)
    heir = await claimed(store, NOW + MINUTE, "heir")
    with pytest.raises(LeaseLost):  # somebody else has it
        await store.checkpoint(zombie, work, NOW + MINUTE)
    assert await everything(store) == before
    await store.checkpoint(heir, work, NOW + MINUTE)
    with pytest.raises(LeaseLost):  # it is finished
        await store.checkpoint(zombie, work, NOW + MINUTE)
    document = await store.document(OURS.id, document_id)
    assert document is not None
    assert (document.state, document.version) == (State.ROUTING, 2)


# --- checkpoint -------------------------------------------------------------------------------


async def test_a_checkpoint_writes_all_it_says(store: Store) -> None:
    document_id = await accepted(store)
    job = await claimed(store)
    head = Head(
        number="F-17",
        kind="invoice",
        sender_name="Vårt AB",
        recipient_name="Kund",
        sender="0007:5560360793",
        recipient="0192:918130047",
        issue_date="2026-11-01",
        due_date="2026-12-01",
        amount_due=Decimal("1234567890123.45"),
        currency="SEK",
    )
    leg = leg_of(document_id, state="trying", address="kund@example.se")
    intent = attempt_of(document_id)
    plan = NewPart(Role.PLAN, "plan.json", "application/json", b"[]")
    at = NOW + timedelta(seconds=1)
    await store.checkpoint(
        job,
        Checkpoint(
            Keep({"step": 1}),
            ROUTED,
            head,
            "email",
            [plan],
            [leg, leg_of(document_id, 1, state="planned")],
            intent,
            [NewEvent("document.routed", {"steps": ["e-post", 2]}), NewEvent("b"), NewEvent("a")],
        ),
        at,
    )

    document = await store.document(OURS.id, document_id)
    assert document is not None
    assert (document.state, document.version, document.head) == (State.ROUTING, 2, head)
    assert (document.channel, document.code, document.text) == ("email", "test.code", "A reason.")
    assert (document.created_at, document.updated_at) == (NOW, at)
    assert (await store.legs(OURS.id, document_id))[0] == leg
    assert [one.n for one in await store.legs(OURS.id, document_id)] == [0, 1]
    assert await store.attempts(OURS.id, document_id) == [intent]
    assert [part.role for part in await store.parts(OURS.id, document_id)] == [
        Role.ORIGINAL,
        Role.PLAN,
    ]
    events = await store.feed(OURS.id, None, 10)
    assert [event.type for event in events] == ["document.received", "document.routed", "b", "a"]
    assert events[1].data == {"steps": ["e-post", 2]}
    assert await store.leg(leg.key) == (document, leg)

    # The outcome: the leg is put in its place, the attempt is closed with its evidence.
    closed = replace(
        intent,
        ended_at=at,
        outcome="sent",
        code="email.accepted",
        text="250 OK",
        public_text="Sent.",
        remote="mx",
    )
    answered = replace(leg, state="sent", reference="<id@x>", expects="report", until=NOW + MINUTE)
    evidence = NewPart(Role.EVIDENCE, "answer", "text/plain", b"250 OK", intent.id)
    await store.checkpoint(
        job,
        Checkpoint(Done(), SENDING, parts=[evidence], legs=[answered], attempt=closed),
        at + MINUTE,
    )
    assert (await store.legs(OURS.id, document_id))[0] == answered
    assert await store.attempts(OURS.id, document_id) == [closed]
    assert (await store.parts(OURS.id, document_id))[-1].attempt_id == intent.id
    document = await store.document(OURS.id, document_id)
    assert document is not None
    assert (document.version, document.channel, document.head) == (3, "email", head)


async def test_a_waiting_document_says_until_when_and_then_no_longer(store: Store) -> None:
    document_id = await accepted(store)
    job = await claimed(store)
    await store.checkpoint(job, Checkpoint(Keep(), ROUTED), NOW)
    waits = moved(State.ROUTING, State.WAITING, next_at=NOW + MINUTE)
    await store.checkpoint(job, Checkpoint(Again(NOW + MINUTE), waits), NOW)
    document = await store.document(OURS.id, document_id)
    assert document is not None
    assert document.next_at == NOW + MINUTE
    assert await store.claim("worker", NOW, 30, 1) == []
    again = await claimed(store, NOW + MINUTE)
    await store.checkpoint(
        again, Checkpoint(Done(), moved(State.WAITING, State.ROUTING)), NOW + MINUTE
    )
    document = await store.document(OURS.id, document_id)
    assert document is not None
    assert document.next_at is None


async def test_done_again_and_keep(store: Store) -> None:
    await accepted(store)
    job = await claimed(store)

    await store.checkpoint(job, Checkpoint(Keep({"n": 1})), NOW)
    assert await store.claim("other", NOW, 30, 1) == []
    await store.checkpoint(job, Checkpoint(Keep()), NOW)

    await store.checkpoint(job, Checkpoint(Again(NOW + MINUTE)), NOW)
    with pytest.raises(LeaseLost):  # given back is given back
        await store.checkpoint(job, Checkpoint(Done()), NOW)
    assert await store.claim("other", NOW, 30, 1) == []
    same = await claimed(store, NOW + MINUTE)
    assert (same.kind, same.data, same.tries) == ("prepare", {"n": 1}, 2)

    await store.checkpoint(same, Checkpoint(Again(NOW, "deliver", {"leg": 0})), NOW)
    other = await claimed(store)
    assert (other.kind, other.data, other.tries) == ("deliver", {"leg": 0}, 1)

    await store.checkpoint(other, Checkpoint(Done()), NOW)
    assert await store.claim("other", NOW + MINUTE, 30, 1) == []


async def test_a_job_that_is_kept_may_become_another(store: Store) -> None:
    await accepted(store)
    job = await claimed(store)
    await store.checkpoint(job, Checkpoint(Keep({}, "deliver")), NOW)
    assert await store.holds(job, NOW)
    await store.checkpoint(job, Checkpoint(Keep(kind="deliver")), NOW)

    assert await store.reap(NOW + MINUTE) == 1
    heir = await claimed(store, NOW + MINUTE)
    assert (heir.id, heir.kind, heir.data, heir.tries) == (job.id, "deliver", {}, 2)


async def test_a_change_from_a_state_it_is_not_in_is_refused(store: Store) -> None:
    await accepted(store)
    job = await claimed(store)
    before = await everything(store)
    with pytest.raises(NotAllowed) as caught:
        await store.checkpoint(job, Checkpoint(Done(), SENT, events=[NewEvent("x")]), NOW)
    assert (caught.value.before, caught.value.after) == (State.RECEIVED, State.SENT)
    assert await everything(store) == before
    await store.checkpoint(job, Checkpoint(Done(), ROUTED), NOW)  # the job is still held


UNWRITABLE: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "another document's leg": ({"legs": [leg_of(new_id("doc"))]}, Contradiction),
    "another document's attempt": ({"attempt": attempt_of(new_id("doc"))}, Contradiction),
    "evidence of no attempt": (
        {"parts": [NewPart(Role.EVIDENCE, "e", "text/plain", b"e", new_id("att"))]},
        Contradiction,
    ),
    "data that is no JSON": ({"events": [NewEvent("a"), NewEvent("b", {"at": NOW})]}, TypeError),
    "job data that is no JSON": ({"next": Again(NOW, "deliver", {"at": NOW})}, TypeError),
}


@pytest.mark.parametrize("why", UNWRITABLE)
async def test_a_checkpoint_is_written_whole_or_not_at_all(store: Store, why: str) -> None:
    unwritable, error = UNWRITABLE[why]
    document_id = await accepted(store)
    other_id = await accepted(store)
    job, other = await store.claim("worker", NOW, 30, 2)
    whole = Checkpoint(
        Again(NOW + MINUTE, "deliver", {"leg": 0}),
        ROUTED,
        Head(number="F-17"),
        "email",
        [NewPart(Role.PLAN, "plan", "application/json", b"[]")],
        [leg_of(document_id)],
        attempt_of(document_id),
        [NewEvent("document.routed")],
    )
    before = await everything(store)
    with pytest.raises(error):
        await store.checkpoint(job, replace(whole, **unwritable), NOW)
    assert await everything(store) == before

    # The same beside somebody else's good one: that one stands.
    refused, fine = await asyncio.gather(
        store.checkpoint(job, replace(whole, **unwritable), NOW),
        store.checkpoint(other, Checkpoint(Done(), ROUTED), NOW),
        return_exceptions=True,
    )
    assert isinstance(refused, error)
    assert fine is None
    assert await state_of(store, document_id) is State.RECEIVED
    assert await state_of(store, other_id) is State.ROUTING

    await store.checkpoint(job, whole, NOW)  # the job is still held
    assert await state_of(store, document_id) is State.ROUTING


async def test_a_key_names_one_leg_only(store: Store) -> None:
    first, second = await accepted(store), await accepted(store)
    jobs = await store.claim("worker", NOW, 30, 2)
    leg = leg_of(first)
    await store.checkpoint(jobs[0], Checkpoint(Keep(), legs=[leg]), NOW)
    with pytest.raises(Contradiction):
        stolen = replace(leg, document_id=second)
        await store.checkpoint(jobs[1], Checkpoint(Keep(), legs=[stolen]), NOW)
    assert await store.legs(OURS.id, second) == []


async def test_evidence_is_of_the_documents_own_attempt(store: Store) -> None:
    first, second = await accepted(store), await accepted(store)
    jobs = await store.claim("worker", NOW, 30, 2)
    intent = attempt_of(first)
    await store.checkpoint(jobs[0], Checkpoint(Keep(), attempt=intent), NOW)
    stolen = NewPart(Role.EVIDENCE, "e", "text/plain", b"e", intent.id)
    with pytest.raises(Contradiction):
        await store.checkpoint(jobs[1], Checkpoint(Keep(), parts=[stolen]), NOW)
    assert await store.attempts(OURS.id, first) == [intent]
    assert await store.attempts(OURS.id, second) == []


# --- reply ------------------------------------------------------------------------------------


async def test_a_reply_is_written_to_what_it_answers_and_is_a_document_itself(store: Store) -> None:
    inbound = await store.arrive(arrival(), NOW)
    assert inbound is not None
    said = [NewEvent("inbox.answered", {"business": "accepted"})]
    response = submission(content=b"<ApplicationResponse/>", answers=inbound)
    told = Told(NewEntry("key:ledger", "inbox.answered", inbound, OURS.id), NOW)
    reply = Reply(inbound, 1, Business.ACCEPTED, said, response)
    assert await store.reply(reply, NOW + MINUTE, told=told)

    answered = await store.document(OURS.id, inbound)
    assert answered is not None
    assert (answered.business, answered.version, answered.state) == (
        *(Business.ACCEPTED, 2, State.DELIVERED),
    )
    assert answered.confirmed_at is None, "it is still to be taken over"
    document = await store.document(OURS.id, response.document_id)
    assert document is not None
    assert (document.state, document.direction) == (State.RECEIVED, Direction.OUT)
    assert document.delivery == {"answers": inbound}
    job = await claimed(store, NOW + MINUTE)
    assert (job.kind, job.document_id) == ("prepare", response.document_id)
    events = await store.feed(OURS.id, None, 10)
    assert {(event.type, event.document_id) for event in events[1:]} == {
        ("document.received", response.document_id),
        ("inbox.answered", inbound),
    }
    assert (await store.audit_entries(0, 10))[-1].subject == inbound

    before = await everything(store)
    late = replace(reply, response=submission(answers=inbound))
    assert not await store.reply(late, NOW + MINUTE), "it was made for another version"
    assert await everything(store) == before


async def test_of_replies_at_once_to_one_document_one_is_written(store: Store) -> None:
    ids = [await store.arrive(arrival(key=f"k{n}"), NOW) for n in range(3)]
    said = [NewEvent("inbox.answered")]
    done = await asyncio.gather(
        *(
            store.reply(Reply(id_ or "", 1, business, said, submission()), NOW)
            for id_ in ids
            for business in (Business.ACCEPTED, Business.REJECTED)
        )
    )
    assert [sum(done[n : n + 2]) for n in (0, 2, 4)] == [1, 1, 1]
    assert len((await store.documents(OURS.id, direction=Direction.OUT)).documents) == 3


async def test_what_went_out_is_not_answered(store: Store) -> None:
    document_id = await accepted(store)
    before = await everything(store)
    reply = Reply(document_id, 1, Business.PAID, [NewEvent("inbox.answered")], submission())
    assert not await store.reply(reply, NOW)
    assert not await store.reply(replace(reply, document_id=new_id("doc")), NOW)
    assert await everything(store) == before


# --- act --------------------------------------------------------------------------------------


async def act(store: Store, document_id: str, version: int, **more: Any) -> bool:
    asked: dict[str, Any] = {
        "company_id": OURS.id,
        "change": moved(State.RECEIVED, State.CANCELLED),
        "job": None,
        "events": [NewEvent("document.cancelled", {"reason": "r"})],
        **more,
    }
    return await store.act(
        asked["company_id"],
        document_id,
        asked["change"],
        NOW,
        version=version,
        job=asked["job"],
        events=asked["events"],
        parts=asked.get("parts", ()),
        legs=asked.get("legs", ()),
        jobs=asked.get("jobs", ()),
    )


async def test_a_person_adds_work_beside_the_document_s_own(store: Store) -> None:
    document_id = await accepted(store)
    beside = NewJob(f"{document_id}/recall", "recall", NOW, OURS.id, document_id)
    stays: dict[str, Any] = {"change": moved(State.RECEIVED, State.RECEIVED), "job": Keep()}
    assert not await act(store, document_id, 7, **stays, jobs=[beside])
    assert await act(store, document_id, 1, **stays, jobs=[beside])
    jobs = await store.claim("worker", NOW, 30, 10)
    assert {(job.kind, job.key) for job in jobs} == {
        ("prepare", document_id),
        ("recall", f"{document_id}/recall"),
    }


async def test_a_person_takes_the_work_away(store: Store) -> None:
    document_id = await accepted(store)
    job = await claimed(store)
    assert await act(store, document_id, 1)
    assert not await store.holds(job, NOW)
    with pytest.raises(LeaseLost):
        await store.checkpoint(job, Checkpoint(Done(), ROUTED), NOW)
    document = await store.document(OURS.id, document_id)
    assert document is not None
    assert (document.state, document.version) == (State.CANCELLED, 2)
    assert [e.type for e in await store.feed(OURS.id, None, 9)][-1] == "document.cancelled"
    assert await store.claim("worker", NOW + MINUTE, 30, 1) == []


async def test_a_person_puts_new_work_in_place_of_the_old(store: Store) -> None:
    document_id = await accepted(store)
    zombie = await claimed(store)
    assert await act(
        store,
        document_id,
        1,
        change=moved(State.RECEIVED, State.HELD),
        job=Again(NOW, "deliver", {"leg": 2}),
    )
    job = await claimed(store)
    assert (job.kind, job.data, job.tries) == ("deliver", {"leg": 2}, 1)
    with pytest.raises(LeaseLost):
        await store.checkpoint(zombie, Checkpoint(Done()), NOW)


async def test_a_person_gives_a_document_another_way(store: Store) -> None:
    document_id = await accepted(store)
    legs = tuple(
        Leg(document_id, n, channel, uuid4(), state)
        for n, (channel, state) in enumerate([("email", "skipped"), ("letter", "planned")])
    )
    assert not await act(store, document_id, 9, legs=legs)
    assert await store.legs(OURS.id, document_id) == []
    assert await act(store, document_id, 1, legs=legs)
    assert await store.legs(OURS.id, document_id) == list(legs)


async def test_a_person_hands_in_files_with_a_verb(store: Store) -> None:
    document_id = await accepted(store)
    files = [
        NewPart(Role.ATTACHMENT, name, "text/csv", name.encode() * size)
        for name, size in (("small.csv", 1), ("large.csv", 20_000))
    ]
    assert await act(store, document_id, 1, parts=files)
    kept = [part for part in await store.parts(OURS.id, document_id) if part.name.endswith(".csv")]
    assert [(part.role, part.name, part.media_type) for part in kept] == [
        (file.role, file.name, file.media_type) for file in files
    ]
    for part, file in zip(kept, files, strict=True):
        assert await store.content(OURS.id, document_id, part.sha256) == file.content


async def test_of_a_verb_that_is_refused_no_file_is_kept(store: Store) -> None:
    document_id = await accepted(store)
    file = [NewPart(Role.ATTACHMENT, "a.csv", "text/csv", b"a;b")]
    before = await everything(store)
    assert not await act(store, document_id, 9, parts=file)
    with pytest.raises(NotAllowed):
        wrong = moved(State.HELD, State.CANCELLED)
        await act(store, document_id, 1, change=wrong, parts=file)
    assert not await act(store, document_id, 1, company_id=THEIRS.id, parts=file)
    assert await everything(store) == before


async def test_a_person_who_saw_an_older_version_is_told(store: Store) -> None:
    document_id = await accepted(store)
    job = await claimed(store)
    await store.checkpoint(job, Checkpoint(Keep(), ROUTED), NOW)
    before = await everything(store)
    assert not await act(store, document_id, 1)
    assert not await act(store, new_id("doc"), 1)
    assert await everything(store) == before
    assert await store.holds(job, NOW)


async def test_a_verb_the_table_does_not_allow_here_is_refused(store: Store) -> None:
    document_id = await accepted(store)
    before = await everything(store)
    with pytest.raises(NotAllowed):
        await act(store, document_id, 1, change=moved(State.HELD, State.CANCELLED))
    assert await everything(store) == before


async def test_verbs_at_once_count_once(store: Store) -> None:
    document_id = await accepted(store)
    answers = await asyncio.gather(*(act(store, document_id, 1) for _ in range(10)))
    assert sorted(answers) == [False] * 9 + [True]


async def test_work_without_a_kind_where_there_was_none_is_a_contradiction(store: Store) -> None:
    document_id = await accepted(store)
    await store.checkpoint(await claimed(store), Checkpoint(Done()), NOW)
    with pytest.raises(Contradiction):
        await act(store, document_id, 2, job=Again(NOW))
    assert await state_of(store, document_id) is State.RECEIVED


# --- late results -----------------------------------------------------------------------------


async def test_a_report_is_written_once(store: Store) -> None:
    document_id, leg = await sent_with_leg(store)
    work = Checkpoint(
        Done(),
        moved(State.SENT, State.DELIVERED),
        legs=[replace(leg, state="delivered")],
        parts=[NewPart(Role.EVIDENCE, "report", "text/plain", b"r" * 70_000)],
        events=[NewEvent("document.delivered")],
    )
    assert await store.report(leg.key, "r1", work, NOW)
    after = await everything(store)
    assert not await store.report(leg.key, "r1", work, NOW)
    assert await everything(store) == after
    assert await state_of(store, document_id) is State.DELIVERED
    assert (await bytes_of(store, OURS.id, document_id))[-1] == b"r" * 70_000


async def test_a_report_that_a_person_made_is_in_the_audit_once(store: Store) -> None:
    document_id, leg = await sent_with_leg(store)
    told = Told(NewEntry("key:ledger", "document.unlinked", document_id, OURS.id), NOW)
    work = Checkpoint(Done(), events=[NewEvent("document.unlinked")])
    before = len(await store.audit_entries(0, 1000))
    assert await store.report(leg.key, "r1", work, NOW, told=told)
    assert not await store.report(leg.key, "r1", work, NOW, told=told)
    entries = (await store.audit_entries(0, 1000))[before:]
    assert [entry.action for entry in entries] == ["document.unlinked"]


async def test_a_report_that_came_too_late_can_come_again(store: Store) -> None:
    """Refused by the state table, it was not written, so it is not a repeat."""
    _, leg = await sent_with_leg(store)
    before = await everything(store)
    wrong = Checkpoint(Done(), moved(State.ROUTING, State.FAILED))
    with pytest.raises(NotAllowed):
        await store.report(leg.key, "r1", wrong, NOW)
    assert await everything(store) == before
    assert await store.report(leg.key, "r1", Checkpoint(Done()), NOW)


async def test_a_report_sends_the_document_on(store: Store) -> None:
    _, leg = await sent_with_leg(store)
    back = Checkpoint(Again(NOW, "deliver", {"leg": 1}), moved(State.SENT, State.ROUTING))
    assert await store.report(leg.key, "r1", back, NOW)
    job = await claimed(store)
    assert (job.kind, job.data) == ("deliver", {"leg": 1})


async def test_a_report_without_a_change_leaves_the_work_alone(store: Store) -> None:
    document_id = await accepted(store)
    job = await claimed(store)
    leg = leg_of(document_id)
    await store.checkpoint(job, Checkpoint(Keep(), ROUTED, legs=[leg]), NOW)
    told = Checkpoint(Done(), events=[NewEvent("document.reported")])
    assert await store.report(leg.key, "r1", told, NOW)
    await store.checkpoint(job, Checkpoint(Done(), SENDING), NOW)  # still held


async def test_a_report_on_nothing_is_a_contradiction(store: Store) -> None:
    assert await store.leg(UUID(int=7)) is None
    with pytest.raises(Contradiction):
        await store.report(UUID(int=7), "r1", Checkpoint(Done()), NOW)


async def test_a_report_for_another_version_writes_nothing(store: Store) -> None:
    document_id, leg = await sent_with_leg(store)
    document = await store.document(OURS.id, document_id)
    assert document is not None
    work = Checkpoint(Done(), business=Business.ACCEPTED, events=[NewEvent("document.answered")])
    before = await everything(store)
    with pytest.raises(MovedOn):
        await store.report(leg.key, "r1", work, NOW, version=document.version - 1)
    assert await everything(store) == before
    both = await asyncio.gather(
        *(store.report(leg.key, f"r{n}", work, NOW, version=document.version) for n in (2, 3)),
        return_exceptions=True,
    )
    assert sum(one is True for one in both) == 1
    assert sum(isinstance(one, MovedOn) for one in both) == 1
    assert await store.report(leg.key, "r1", work, NOW), "it was not taken down as seen"


async def test_one_report_told_many_times_at_once_counts_once(store: Store) -> None:
    document_id, leg = await sent_with_leg(store)
    work = Checkpoint(Done(), events=[NewEvent("document.reported")])
    told = await asyncio.gather(*(store.report(leg.key, "r", work, NOW) for _ in range(10)))
    assert sorted(told) == [False] * 9 + [True]
    events = await store.feed(OURS.id, None, 100, document_id)
    assert [event.type for event in events].count("document.reported") == 1


# --- inbox ------------------------------------------------------------------------------------


async def test_an_arrival_lies_in_the_inbox_until_it_is_confirmed(store: Store) -> None:
    document_id = await store.arrive(arrival(), NOW)
    assert document_id is not None
    (document,) = await store.inbox(OURS.id, None, 10)
    assert (document.id, document.direction, document.state) == (
        document_id,
        Direction.IN,
        State.DELIVERED,
    )
    assert (document.media_type, document.channel) == ("application/xml", "internal")
    assert document.head.number == "F-1"
    assert await bytes_of(store, OURS.id, document_id) == [b"<Invoice/>"]

    assert await store.confirm(OURS.id, document_id, NOW + MINUTE) is True
    assert await store.confirm(OURS.id, document_id, NOW + 2 * MINUTE) is False
    assert await store.inbox(OURS.id, None, 10) == []
    taken = await store.document(OURS.id, document_id)
    assert taken is not None
    assert (taken.confirmed_at, taken.version) == (NOW + MINUTE, 2)
    events = await store.feed(OURS.id, None, 10)
    assert [event.type for event in events] == ["inbox.received", "inbox.confirmed"]


async def test_only_inbound_documents_can_be_confirmed(store: Store) -> None:
    out = await accepted(store)
    assert await store.confirm(OURS.id, out, NOW) is None
    assert await store.confirm(OURS.id, new_id("doc"), NOW) is None


async def test_the_same_arrival_is_stored_once(store: Store) -> None:
    came = await asyncio.gather(*(store.arrive(arrival(), NOW) for _ in range(10)))
    assert len([one for one in came if one is not None]) == 1
    assert len(await store.inbox(OURS.id, None, 10)) == 1
    assert await store.arrive(arrival(THEIRS.id), NOW) is not None  # another company's key
    assert await store.arrive(arrival(key="k2"), NOW) is not None
    document_id = next(one for one in came if one is not None)
    await store.confirm(OURS.id, document_id, NOW)
    assert await store.arrive(arrival(), NOW) is None  # also when it was taken over


async def test_an_arrival_for_nobody_is_a_contradiction(store: Store) -> None:
    with pytest.raises(Contradiction):
        await store.arrive(arrival("nobody"), NOW)


async def test_the_inbox_goes_on_behind_its_cursor(store: Store) -> None:
    ids = [await store.arrive(arrival(key=f"k{n}"), NOW) for n in range(5)]
    first = await store.inbox(OURS.id, None, 2)
    assert [one.id for one in first] == ids[:2]
    await store.confirm(OURS.id, first[-1].id, NOW)  # a confirmed one still is a cursor
    assert [one.id for one in await store.inbox(OURS.id, first[-1].id, 10)] == ids[2:]
    for cursor in (new_id("doc"), "nonsense", ""):
        with pytest.raises(BadCursor):
            await store.inbox(OURS.id, cursor, 10)


async def test_a_reader_of_the_inbox_misses_nothing_while_documents_arrive(store: Store) -> None:
    async def fill() -> list[str | None]:
        return await asyncio.gather(
            *(store.arrive(arrival(key=f"k{n}"), NOW) for n in range(200)),
        )

    filling = asyncio.ensure_future(fill())
    seen: list[str] = []
    while len(seen) < 200:
        news = store.wait(f"inbox:{OURS.id}", 20)
        found = await store.inbox(OURS.id, seen[-1] if seen else None, 7)
        seen += [one.id for one in found]
        if not found:
            await news
    assert sorted(seen) == sorted(one for one in await filling if one is not None)


# --- events -----------------------------------------------------------------------------------


async def test_the_feed_is_in_order_and_goes_on_behind_its_cursor(store: Store) -> None:
    ids = [await accepted(store) for _ in range(5)]
    await accepted(store, THEIRS.id)
    first = await store.feed(OURS.id, None, 2)
    rest = await store.feed(OURS.id, first[-1].cursor, 10)
    assert [event.document_id for event in [*first, *rest]] == ids
    assert await store.feed(OURS.id, rest[-1].cursor, 10) == []
    one = await store.feed(OURS.id, None, 10, ids[3])
    assert [event.document_id for event in one] == [ids[3]]
    assert len({event.id for event in [*first, *rest]}) == 5


async def test_a_reader_of_the_feed_misses_nothing_while_events_are_written(store: Store) -> None:
    async def fill() -> None:
        await asyncio.gather(*(accepted(store) for _ in range(150)))
        while jobs := await store.claim("worker", NOW, 30, 40):
            told = [NewEvent("a", {"n": 1}), NewEvent("b", {"n": 2})]
            await asyncio.gather(
                *(store.checkpoint(job, Checkpoint(Done(), events=told), NOW) for job in jobs)
            )

    filling = asyncio.ensure_future(fill())
    seen: list[Any] = []
    while len(seen) < 450:
        news = store.wait(f"events:{OURS.id}", 20)
        found = await store.feed(OURS.id, seen[-1].cursor if seen else None, 11)
        seen += found
        if not found:
            await news
    await filling
    assert len({event.cursor for event in seen}) == len(seen)
    by_document: dict[str, list[str]] = {}
    for event in seen:
        by_document.setdefault(event.document_id, []).append(event.type)
    assert set(map(tuple, by_document.values())) == {("document.received", "a", "b")}
    assert await store.feed(OURS.id, None, 1000) == seen


# --- lists ------------------------------------------------------------------------------------


async def pages(store: Store, limit: int, **wanted: Any) -> list[str]:
    found: list[str] = []
    after = None
    while True:
        page = await store.documents(OURS.id, after=after, limit=limit, **wanted)
        assert len(page.documents) <= limit
        found += [document.id for document in page.documents]
        after = page.next
        if after is None:
            return found


async def test_documents_are_listed_newest_first_in_pages(store: Store) -> None:
    ids: list[str] = []
    for n in range(7):
        came = await store.arrive(arrival(key=f"k{n}"), NOW) if n % 3 else await accepted(store)
        assert came is not None
        ids.append(came)
    await accepted(store, THEIRS.id)
    newest = ids[::-1]
    for limit in (1, 3, 7, 50):
        assert await pages(store, limit) == newest
    inbound = [document_id for n, document_id in enumerate(ids) if n % 3][::-1]
    assert await pages(store, 2, direction=Direction.IN) == inbound
    assert await pages(store, 2, state=State.DELIVERED) == inbound
    assert await pages(store, 2, state=State.DELIVERED, direction=Direction.OUT) == []
    assert await pages(store, 2, state=State.RECEIVED) == [ids[6], ids[3], ids[0]]
    assert await pages(store, 2, number="F-1") == inbound
    assert await pages(store, 2, number="F-1", state=State.RECEIVED) == []
    assert await pages(store, 2, number="F-2") == []
    assert await act(store, ids[3], 1, change=moved(State.RECEIVED, State.HELD))
    assert await pages(store, 2, code="test.") == [ids[3]]
    assert await pages(store, 2, code="test.code", state=State.HELD) == [ids[3]]
    assert await pages(store, 2, code="est.") == await pages(store, 2, code="test.c%") == []
    assert await pages(store, 2, code="test.", state=State.RECEIVED) == []


async def test_a_page_turned_while_documents_come_shows_none_twice(store: Store) -> None:
    old = [await accepted(store) for _ in range(4)]
    first = await store.documents(OURS.id, limit=2)
    await accepted(store)
    second = await store.documents(OURS.id, after=first.next, limit=2)
    assert [document.id for document in (*first.documents, *second.documents)] == old[::-1]


async def test_a_cursor_that_was_not_given_out_is_refused(store: Store) -> None:
    theirs = await accepted(store, THEIRS.id)
    for cursor in ("nonsense", "", new_id("doc"), theirs):
        with pytest.raises(BadCursor):
            await store.documents(OURS.id, after=cursor)


# --- companies and keys -----------------------------------------------------------------------


async def test_a_company_can_be_read_and_changed(store: Store) -> None:
    assert await store.company(OURS.id) == OURS
    assert await store.companies() == [OURS, THEIRS]
    changed = Company(OURS.id, "Nytt AB", "NO", ("0192:987654325", "0007:5560360793"), {"a": [1]})
    await store.add_company(changed, NOW)
    assert await store.company(OURS.id) == changed
    assert await store.company_of("0192:987654325") == changed
    await store.add_company(replace(changed, participants=()), NOW)
    assert await store.company_of("0192:987654325") is None
    assert await store.company("nobody") is None


async def test_what_is_asked_at_once_is_answered_to_each(store: Store) -> None:
    asked = [THEIRS.id, "nobody", OURS.id, THEIRS.id]
    found = await asyncio.gather(*(store.company(id_) for id_ in asked))
    assert found == [THEIRS, None, OURS, THEIRS]


@pytest.mark.parametrize("strange", ["0192:\x00", "0192:\ud800"])
async def test_who_asks_for_what_can_not_be_stored_spoils_nobodys_answer(
    store: Store, strange: str
) -> None:
    asked = [*OURS.participants, strange, *THEIRS.participants]
    ours, nobodys, theirs = await asyncio.gather(
        *(store.company_of(name) for name in asked), return_exceptions=True
    )
    assert (ours, theirs) == (OURS, THEIRS)
    assert nobodys is None or isinstance(nobodys, Exception)


async def test_settings_that_somebody_else_changed_meanwhile_stay(store: Store) -> None:
    entry = NewEntry("operator:kim", "customer.settled", OURS.id, OURS.id)
    told = Told(entry, NOW)
    first, second = replace(OURS, settings={"a": 1}), replace(OURS, settings={"b": 2})
    await store.add_company(first, NOW, told=told, before=OURS.settings)
    with pytest.raises(Overtaken):
        await store.add_company(second, NOW, told=told, before=OURS.settings)
    with pytest.raises(Overtaken):
        nobody = replace(OURS, id="com_nobody", participants=())
        await store.add_company(nobody, NOW, told=told, before={})
    found = await store.company(OURS.id)
    assert found is not None and found.settings == {"a": 1}
    assert await store.company("com_nobody") is None
    entries = await store.audit_entries(0, 100)
    assert [each.action for each in entries].count("customer.settled") == 1
    await store.add_company(second, NOW, before={"a": 1})


async def test_a_logo_is_stored_replaced_and_taken_away(store: Store) -> None:
    told = Told(NewEntry("operator:kim", "logo.set", OURS.id, OURS.id), NOW)
    large = File("large.jpg", "image/jpeg", bytes(range(256)) * 1024)
    assert await store.logo(OURS.id) is None
    for logo in (LOGO, large, None, None, LOGO):
        await store.set_logo(OURS.id, logo, NOW, told=told)
        assert await store.logo(OURS.id) == logo
    await store.add_company(replace(OURS, name="Nytt AB"), NOW)
    assert await store.logo(OURS.id) == LOGO and await store.logo(THEIRS.id) is None
    assert len(await store.audit_entries(0, 100)) == 5
    with pytest.raises(Contradiction):
        await store.set_logo("com_nobody", LOGO, NOW, told=told)
    assert len(await store.audit_entries(0, 100)) == 5


async def test_a_participant_is_found_whatever_its_case(store: Store) -> None:
    await store.add_company(replace(OURS, participants=("9955:Se5560360793Å",)), NOW)
    found = await store.company_of("9955:SE5560360793å")
    assert found is not None
    assert found.participants == ("9955:Se5560360793Å",)


async def test_a_participant_has_one_company(store: Store) -> None:
    greedy = replace(THEIRS, name="Greedy", participants=("0007:5560360793", "0192:1"))
    before = await everything(store)
    with pytest.raises(Contradiction):
        await store.add_company(greedy, NOW)
    assert await everything(store) == before
    assert await store.company_of("0192:1") is None


@pytest.mark.parametrize("bad", ["", "../up", "a/b", "a b", "-a", "x" * 65, "å"])
async def test_a_company_id_is_plain(store: Store, bad: str) -> None:
    with pytest.raises(Contradiction):
        await store.add_company(replace(OURS, id=bad, participants=()), NOW)


# --- waiting ----------------------------------------------------------------------------------


async def test_news_wake_who_listened_before_they_were_written(store: Store) -> None:
    document_id = await accepted(store)
    writes: dict[str, Callable[[], Awaitable[Any]]] = {
        "jobs": lambda: accepted(store),
        f"events:{OURS.id}": lambda: accepted(store),
        f"inbox:{OURS.id}": lambda: store.arrive(arrival(key=new_id("doc")), NOW),
    }
    for topic, write in writes.items():
        news = asyncio.ensure_future(store.wait(topic, 60))
        await write()
        async with asyncio.timeout(60):
            await news
    job = await claimed(store)
    news = asyncio.ensure_future(store.wait("jobs", 60))
    await store.checkpoint(job, Checkpoint(Again(NOW)), NOW)
    async with asyncio.timeout(60):
        await news
    news = asyncio.ensure_future(store.wait("jobs", 60))
    assert await act(
        store, document_id, 2, change=moved(State.RECEIVED, State.HELD), job=Again(NOW)
    )
    async with asyncio.timeout(60):
        await news


async def test_nobody_is_woken_by_others_news(store: Store) -> None:
    quiet = [
        asyncio.ensure_future(store.wait(topic, 60))
        for topic in (f"events:{OURS.id}", f"inbox:{OURS.id}", f"inbox:{THEIRS.id}")
    ]
    await accepted(store, THEIRS.id)
    assert not any(news.done() for news in quiet)
    for news in quiet:
        news.cancel()


async def test_waiting_ends_in_time(store: Store) -> None:
    async with asyncio.timeout(60):
        await store.wait("jobs", 0.01)


# --- counts, end ------------------------------------------------------------------------------


async def test_counts_follow_what_happens(store: Store) -> None:
    empty = await store.counts(NOW)
    assert empty["jobs"] == {"due": 0, "leased": 0, "oldest_due_s": 0}
    for _ in range(3):
        await accepted(store)
    job = await claimed(store)
    await store.checkpoint(job, Checkpoint(Keep(), ROUTED), NOW)
    await store.arrive(arrival(), NOW)
    counts = await store.counts(NOW + timedelta(seconds=90))
    documents = {state: n for state, n in counts["documents"].items() if n}
    assert documents == {"received": 2, "routing": 1, "delivered": 1}
    assert counts["jobs"] == {"due": 2, "leased": 1, "oldest_due_s": 90}


async def test_closing_writes_what_was_asked_for(opener: Opener, tmp_path: Path) -> None:
    store = await opener(tmp_path / "data")
    await store.add_company(OURS, NOW)
    asked = [asyncio.ensure_future(store.accept(submission(), NOW)) for _ in range(20)]
    waiting = asyncio.ensure_future(store.wait("jobs", 3600))
    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    await store.close()
    answers = await asyncio.gather(*asked)
    async with asyncio.timeout(60):
        await waiting  # nobody hangs on a store that has gone
    for refused in (store.accept(submission(), NOW), store.feed(OURS.id, None, 1)):
        with pytest.raises(StorageUnavailable):
            await refused

    again = await opener(tmp_path / "data")
    documents = (await again.documents(OURS.id, limit=100)).documents
    assert {document.id for document in documents} == {answer.document_id for answer in answers}
    await again.close()


async def test_what_was_held_is_free_after_a_restart(opener: Opener, tmp_path: Path) -> None:
    store = await opener(tmp_path / "data")
    await store.add_company(OURS, NOW)
    await accepted(store)
    zombie = await claimed(store)
    await store.close()
    again = await opener(tmp_path / "data")
    await again.reap(NOW + MINUTE)  # where other processes may live, the lease runs out first
    with pytest.raises(LeaseLost):
        await again.checkpoint(zombie, Checkpoint(Done()), NOW)
    heir = await claimed(again)
    assert (heir.document_id, heir.tries) == (zombie.document_id, 2)
    assert heir.fence > zombie.fence
    await again.close()
