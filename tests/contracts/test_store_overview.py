"""What every store must tell at a glance: what is open, what waits, and how attempts ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from gateway.lifecycle import InboxState, State, inbox_change
from gateway.registration import line
from gateway.registration.states import ParticipantState
from gateway.store.endpoints import Endpoint, SealedSecret
from gateway.store.inbox import Turn
from gateway.store.overview import (
    OPEN,
    Aged,
    Deadline,
    Ended,
    LastOutcome,
    OpenDocuments,
    Outcomes,
    Pile,
    Scheduled,
    Where,
    ended,
)
from gateway.store.port import (
    Again,
    Attempt,
    Checkpoint,
    Company,
    Dead,
    Direction,
    Done,
    Keep,
    NewJob,
    Store,
)
from gateway.store.registrations import Registration
from gateway.store.verifications import Verification, Verified
from gateway.trust.verification.states import Asking, Standing
from tests.contracts.stores import (
    DAY,
    MINUTE,
    NOW,
    OURS,
    ROUTED,
    SECOND,
    SENDING,
    SENT,
    THEIRS,
    accepted,
    arrival,
    attempt_of,
    claimed,
    leg_of,
    moved,
    submission,
    timer,
)

HOUR = timedelta(hours=1)
THIS_HOUR = NOW.replace(minute=0, second=0, microsecond=0)
ASIDE = Company("com_aside", "Aside", "ZZ", (), {})


async def held(store: Store, code: str) -> str:
    document_id = await accepted(store)
    job = await claimed(store)
    why = replace(moved(State.RECEIVED, State.HELD), code=code)
    await store.checkpoint(job, Checkpoint(Done(), why), NOW)
    return document_id


async def ending(store: Store, *attempts: Attempt) -> None:
    """Attempts of one document, each begun and then ended."""
    job = await claimed(store)
    for one in attempts:
        one = replace(one, document_id=job.document_id)
        begun = replace(one, ended_at=None, outcome=None, code=None, public_text=None)
        await store.checkpoint(job, Checkpoint(Keep(), attempt=begun), NOW)
        await store.checkpoint(job, Checkpoint(Keep(), attempt=one), NOW)
    await store.checkpoint(job, Checkpoint(Done()), NOW)


def over(outcome: str, after: timedelta = timedelta(), **more: Any) -> Attempt:
    return replace(attempt_of(""), ended_at=NOW + after, outcome=outcome, **more)


# --- what is open -------------------------------------------------------------------------------


async def test_open_documents_are_counted_by_state_channel_and_age(store: Store) -> None:
    assert await store.open_documents([NOW], 10) == OpenDocuments((), 0, True)
    for before in (DAY, 2 * MINUTE, MINUTE):
        await store.accept(submission(), NOW - before)
    await store.accept(submission(THEIRS.id), NOW)
    found = await store.open_documents([NOW - HOUR, NOW - MINUTE], 10)
    assert (found.counted, found.whole) == (4, True)
    assert set(found.of) == {
        Aged(State.RECEIVED, None, "", 0, 1, NOW - DAY),
        Aged(State.RECEIVED, None, "", 1, 1, NOW - 2 * MINUTE),
        Aged(State.RECEIVED, None, "", 2, 2, NOW - MINUTE),
    }


async def test_what_is_held_is_counted_by_why_and_what_is_over_not_at_all(store: Store) -> None:
    assert set(OPEN) == {*(State.RECEIVED, State.ROUTING, State.SENDING, State.WAITING, State.HELD)}
    await held(store, "held.by_person")
    await held(store, "delivery.outcome_unknown")
    await held(store, "delivery.outcome_unknown")
    await accepted(store)
    job = await claimed(store)
    for work in (
        Checkpoint(Keep(), ROUTED),
        Checkpoint(Keep(), SENDING, channel="email"),
    ):
        await store.checkpoint(job, work, NOW)
    found = await store.open_documents([], 10)
    assert set(found.of) == {
        Aged(State.HELD, None, "held.by_person", 0, 1, NOW),
        Aged(State.HELD, None, "delivery.outcome_unknown", 0, 2, NOW),
        Aged(State.SENDING, "email", "", 0, 1, NOW),
    }
    await store.checkpoint(job, Checkpoint(Done(), SENT), NOW)
    assert sum(one.n for one in (await store.open_documents([], 10)).of) == 3


async def test_only_so_many_of_a_state_are_looked_at(store: Store) -> None:
    await held(store, "held.by_person")
    for n in range(5):
        await store.accept(submission(), NOW + n * MINUTE)
    found = await store.open_documents([NOW + 2 * MINUTE], 3)
    assert not found.whole
    assert Aged(State.HELD, None, "held.by_person", 0, 1, NOW) in found.of
    assert (await store.open_documents([], 5)).whole


async def test_the_age_is_right_however_many_documents_there_are(store: Store) -> None:
    for n in range(20):
        await store.accept(submission(), NOW + n * MINUTE)
    edges = [NOW - DAY, NOW, NOW + 7 * MINUTE, NOW + 7.5 * MINUTE, NOW + DAY]
    found = await store.open_documents(edges, 100)
    assert {one.age: one.n for one in found.of} == {2: 7, 3: 1, 4: 12}


# --- what lies somewhere ------------------------------------------------------------------------


async def test_what_may_wait_for_a_person_is_found_where_it_lies(store: Store) -> None:
    await store.add_company(ASIDE, NOW)
    assert await store.piles(ASIDE.id, 100) == []
    await store.put([timer("one", NOW), timer("two", NOW)], NOW)
    for n, job in enumerate(await store.claim("worker", NOW, 30, 10)):
        dead = Dead("internal.error", "ValueError")
        await store.checkpoint(job, Checkpoint(dead), NOW + n * SECOND)
    for key, company, state in (
        ("a", OURS.id, InboxState.ATTACHMENT_ERROR),
        ("b", THEIRS.id, InboxState.BLOCKED),
        ("c", ASIDE.id, InboxState.NEW),
        ("d", ASIDE.id, InboxState.BLOCKED),
        ("e", OURS.id, InboxState.NEW),
    ):
        document_id = await store.arrive(
            replace(arrival(company, key), state=InboxState.READING), NOW
        )
        assert document_id is not None
        document = await store.document(company, document_id)
        assert document is not None
        found_out = inbox_change(InboxState.READING, state, code="inbox.why", text="Why.")
        assert await store.turn(Turn(company, document_id, document.version, found_out, ()), NOW)
    url = "https://hook.example/"
    for active, code in ((False, "webhook.gone"), (True, "")):
        endpoint = Endpoint(
            *(f"wh_{active}", OURS.id, url, (), "", active, (SealedSecret(b"x"),), None, NOW, NOW),
            code=code,
        )
        assert await store.add_endpoint(endpoint, 9)
    (name,) = OURS.participants
    stuck = Registration(
        *(name, OURS.id, ParticipantState.PUBLISHED, {}, NOW, NOW), code="registration.refused"
    )
    assert await store.put_registration(stuck, line.job(OURS.id, name, NOW + DAY))
    for company, standing in ((OURS.id, Standing.UNVERIFIED), (THEIRS.id, Standing.VERIFIED)):
        row = Verification(company, standing, Asking.SIGNED, "", "", NOW, NOW)
        assert await store.put_verification(Verified(row), NOW)
    piles = sorted(await store.piles(ASIDE.id, 100), key=lambda pile: pile.where)
    assert [(p.where, p.code, p.n, p.company_id) for p in piles] == [
        (Where.ASIDE, "", 2, ASIDE.id),
        (Where.ATTACHMENT_ERROR, "inbox.why", 1, OURS.id),
        (Where.BLOCKED, "inbox.why", 1, THEIRS.id),
        (Where.DEAD, "timer", 2, ""),
        (Where.REGISTRATION, "published", 1, OURS.id),
        (Where.VERIFICATION, "unverified.signed", 1, OURS.id),
        (Where.WEBHOOK, "webhook.gone", 1, OURS.id),
    ]
    assert {p.oldest_at for p in piles} == {NOW}
    assert all(p.whole for p in piles)


async def test_no_more_of_one_place_is_counted_than_was_asked_for(store: Store) -> None:
    await store.put([timer(str(n), NOW) for n in range(3)], NOW)
    for job in await store.claim("worker", NOW, 30, 10):
        await store.checkpoint(job, Checkpoint(Dead("internal.error", "")), NOW)
    assert await store.piles(ASIDE.id, 2) == [Pile(Where.DEAD, "timer", 2, NOW, "", False)]
    assert await store.piles(ASIDE.id, 4) == [Pile(Where.DEAD, "timer", 3, NOW, "", True)]


# --- timers -------------------------------------------------------------------------------------


async def test_timers_come_in_the_order_they_run_out(store: Store) -> None:
    document_id = await accepted(store)
    job = await claimed(store)
    leg = leg_of(document_id, state="sent", expects="mls", until=NOW + HOUR)
    await store.checkpoint(job, Checkpoint(Keep(), ROUTED), NOW)
    await store.checkpoint(job, Checkpoint(Keep(), SENDING), NOW)
    expect = Again(NOW + HOUR, "expect", {}, "expect")
    await store.checkpoint(job, Checkpoint(expect, SENT, legs=[leg]), NOW)
    owed = NewJob("peppol_status_out/1", "peppol_status_out", NOW + MINUTE)
    await store.put([owed, timer("another kind", NOW)], NOW)
    assert await store.deadlines(10) == [
        Deadline("peppol_status_out", NOW + MINUTE, "", "", None, None, None, None),
        Deadline(
            *("expect", NOW + HOUR, OURS.id, document_id, None, Direction.OUT, "email", "mls")
        ),
    ]
    assert len(await store.deadlines(1)) == 1
    edges = [NOW, NOW + 2 * MINUTE, NOW + DAY]
    assert list(await store.timers_until(edges, 10)) == [0, 1, 2]
    assert list(await store.timers_until(edges, 1)) == [0, 1, 1]


async def test_schedules_tell_when_they_come_round(store: Store) -> None:
    rounds = [
        NewJob("schedule:usage", "schedule", NOW + MINUTE),
        NewJob("schedule:retention", "schedule", NOW + DAY),
    ]
    await store.put([*rounds, timer("scheduled")], NOW)
    assert await store.schedules() == [
        Scheduled("retention", NOW + DAY, None, failed=False),
        Scheduled("usage", NOW + MINUTE, None, failed=False),
    ]
    job = await claimed(store, NOW + MINUTE)
    went = {"last_at": (NOW + MINUTE).isoformat(), "failed": True}
    await store.checkpoint(job, Checkpoint(Again(NOW + DAY, data=went)), NOW + MINUTE)
    assert (await store.schedules())[1] == Scheduled("usage", NOW + DAY, NOW + MINUTE, failed=True)


# --- outcomes -----------------------------------------------------------------------------------


async def test_attempts_are_summed_up_by_hour_as_they_end(store: Store) -> None:
    await accepted(store)
    await ending(
        store,
        over("sent"),
        over("sent", MINUTE),
        over("try_later", MINUTE),
        over("sent", 2 * HOUR),
        replace(over("sent"), channel="letter"),
    )
    hourly = [
        Outcomes("email", THIS_HOUR, "sent", 2),
        Outcomes("email", THIS_HOUR, "try_later", 1),
        Outcomes("email", THIS_HOUR + 2 * HOUR, "sent", 1),
        Outcomes("letter", THIS_HOUR, "sent", 1),
    ]
    assert await store.outcomes(NOW, HOUR) == hourly
    assert await store.outcomes(NOW + HOUR, HOUR) == [hourly[2]]
    midnight = THIS_HOUR.replace(hour=0)
    assert await store.outcomes(NOW, DAY) == [
        Outcomes("email", midnight, "sent", 3),
        Outcomes("email", midnight, "try_later", 1),
        Outcomes("letter", midnight, "sent", 1),
    ]
    await store.tidy_outcomes(NOW - DAY)
    assert await store.outcomes(NOW, HOUR) == hourly


async def test_an_attempt_that_goes_on_is_not_counted(store: Store) -> None:
    await accepted(store)
    job = await claimed(store)
    begun = attempt_of(job.document_id)
    await store.checkpoint(job, Checkpoint(Keep(), attempt=begun), NOW)
    assert await store.outcomes(NOW, HOUR) == []
    at_once = replace(begun, id="att_2", ended_at=NOW, outcome="unreachable")
    await store.checkpoint(job, Checkpoint(Done(), attempt=at_once), NOW)
    assert await store.outcomes(NOW, HOUR) == [Outcomes("email", THIS_HOUR, "unreachable", 1)]


async def test_the_last_of_each_outcome_is_known(store: Store) -> None:
    document_id = await accepted(store)
    busy = {"code": "email.busy", "public_text": "The mail server is busy."}
    full = {"code": "email.full", "public_text": "The mailbox is full."}
    await ending(
        store, over("try_later", **busy), over("try_later", MINUTE, **full), over("sent", HOUR)
    )
    where = (document_id, OURS.id)
    expected = [
        LastOutcome("email", "sent", NOW + HOUR, "", "", *where),
        LastOutcome(
            *("email", "try_later", NOW + MINUTE, "email.full", "The mailbox is full.", *where)
        ),
    ]
    assert await store.last_outcomes() == expected
    await store.tidy_outcomes(NOW)
    assert await store.last_outcomes() == expected


async def test_old_sums_go(store: Store) -> None:
    await accepted(store)
    await ending(store, over("sent"), over("sent", DAY))
    await store.tidy_outcomes(NOW + DAY)
    later = Outcomes("email", THIS_HOUR + DAY, "sent", 1)
    assert await store.outcomes(NOW, HOUR) == [later]
    await store.tidy_outcomes(NOW + 9 * DAY)
    assert await store.last_outcomes() == []


async def test_a_step_that_is_no_number_of_hours_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="hours"):
        await store.outcomes(NOW, MINUTE)


def test_what_is_written_together_is_added_up_before() -> None:
    first, last = over("sent", code="a"), over("sent", MINUTE, code="b", document_id="doc_2")
    other = over("refused", HOUR)
    assert ended([first, last, other, attempt_of("")]) == [
        Ended("email", THIS_HOUR, "sent", 2, NOW + MINUTE, "b", "", "doc_2"),
        Ended("email", THIS_HOUR + HOUR, "refused", 1, NOW + HOUR, "", "", ""),
    ]
