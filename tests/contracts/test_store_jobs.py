"""What every store must keep of jobs: turns, lanes and their limits, timers, the dead list."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.chain import NewEntry, Told
from gateway.lifecycle import NotAllowed, State
from gateway.store.ids import new_id
from gateway.store.lanes import LaneState, Limits
from gateway.store.port import (
    Again,
    Checkpoint,
    Contradiction,
    Dead,
    DeadJob,
    Done,
    Duplicate,
    Head,
    Job,
    Keep,
    LeaseLost,
    NewEvent,
    NewJob,
    NewPart,
    Role,
    Store,
    Unique,
)
from tests.contracts.stores import (
    DAY,
    MINUTE,
    NOW,
    OURS,
    ROUTED,
    SECOND,
    SENDING,
    THEIRS,
    Opener,
    accepted,
    arrival,
    attempt_of,
    claimed,
    everything,
    leg_of,
    moved,
    sent_with_leg,
    state_of,
    submission,
    timer,
)

NOBODY_COUNTS = Limits(trip_after=None)


async def keys(store: Store, limit: int = 100, now: datetime = NOW, **room: int) -> list[str]:
    """The keys of the jobs that a claim gives."""
    return [job.key for job in await store.claim("worker", now, 30, limit, room)]


async def put(store: Store, *jobs: NewJob, **more: Any) -> None:
    await store.put(jobs, NOW, **more)


async def state(store: Store, lane: str, now: datetime = NOW) -> LaneState:
    (found,) = [one for one in await store.lanes(now) if one.name == lane]
    return found


# --- putting in line, taking away -------------------------------------------------------------


async def test_a_job_is_claimed_as_it_was_put(store: Store) -> None:
    document_id = await accepted(store)
    await keys(store)
    data = {"å": [1, None]}
    of_document = NewJob(f"{document_id}/recheck", "recheck", NOW, OURS.id, document_id, data=data)
    of_company = NewJob("push/7", "push", NOW, OURS.id, lane="webhook")
    of_nobody = timer("schedule/letters")
    await put(store, of_document, of_company, of_nobody)
    found = {job.key: job for job in await store.claim("worker", NOW, 30, 10)}
    assert found.keys() == {of_document.key, of_company.key, of_nobody.key}
    job = found[of_document.key]
    assert (job.company_id, job.document_id, job.kind, job.lane, job.data, job.tries) == (
        *(OURS.id, document_id, "recheck", "recheck", data, 1),
    )
    job = found[of_company.key]
    assert (job.company_id, job.document_id, job.lane) == (OURS.id, "", "webhook")
    job = found[of_nobody.key]
    assert (job.company_id, job.document_id, job.lane, job.data) == ("", "", "timer", {})


async def test_a_job_takes_the_place_of_the_one_with_its_key(store: Store) -> None:
    await put(store, timer("t", data={"n": 1}))
    zombie = await claimed(store)
    await put(store, timer("t", NOW + MINUTE, kind="other", data={"n": 2}))
    assert not await store.holds(zombie, NOW)
    with pytest.raises(LeaseLost):
        await store.checkpoint(zombie, Checkpoint(Done()), NOW)
    assert await keys(store) == []
    heir = await claimed(store, NOW + MINUTE)
    assert (heir.kind, heir.data, heir.tries) == ("other", {"n": 2}, 1)


async def test_a_job_that_shall_not_replace_leaves_the_other_alone(store: Store) -> None:
    await put(store, timer("t", data={"n": 1}))
    holder = await claimed(store)
    await put(store, timer("t", data={"n": 2}), timer("u"), replace=False)
    assert await keys(store) == ["u"]
    await store.checkpoint(holder, Checkpoint(Again(NOW)), NOW)
    again = await claimed(store)
    assert (again.key, again.data) == ("t", {"n": 1})


async def test_a_dropped_job_is_gone_for_its_holder_too(store: Store) -> None:
    await put(store, timer("held"), timer("free"), timer("stays"))
    held = next(job for job in await store.claim("w", NOW, 30, 3) if job.key == "held")
    await store.drop(["held", "free", "unknown"])
    await store.drop([])
    assert not await store.holds(held, NOW)
    with pytest.raises(LeaseLost):
        await store.checkpoint(held, Checkpoint(Again(NOW)), NOW)
    await store.reap(NOW + MINUTE)
    assert await keys(store, now=NOW + MINUTE) == ["stays"]


async def test_a_job_of_another_companys_document_is_a_contradiction(store: Store) -> None:
    ours = await accepted(store)
    held = await claimed(store)
    for stranger in (
        NewJob(f"{ours}/x", "x", NOW, THEIRS.id, ours),
        NewJob("doc_none/x", "x", NOW, OURS.id, "doc_none"),
    ):
        with pytest.raises(Contradiction):
            await put(store, timer("beside"), stranger)
        with pytest.raises(Contradiction):
            await store.checkpoint(held, Checkpoint(Done(), ROUTED, jobs=[stranger]), NOW)
    assert await keys(store) == []
    assert await state_of(store, ours) is State.RECEIVED
    await store.checkpoint(held, Checkpoint(Done(), ROUTED), NOW)


def test_a_key_says_whose_job_it_is() -> None:
    for key, document_id in (
        ("doc_2", "doc_1"),
        ("doc_2/x", "doc_1"),
        ("x", "doc_1"),
        ("doc_1", ""),
        ("doc_1/x", ""),
    ):
        with pytest.raises(ValueError, match="is no key of"):
            NewJob(key, "x", NOW, OURS.id, document_id)


async def test_timers_run_beside_the_main_job(store: Store) -> None:
    document_id = await accepted(store)
    main = await claimed(store)
    recheck = NewJob(f"{document_id}/recheck", "recheck", NOW + DAY, OURS.id, document_id)
    deadline = NewJob(f"{document_id}/deadline", "deadline", NOW, OURS.id, document_id)
    await store.checkpoint(main, Checkpoint(Keep(), ROUTED, jobs=[recheck, deadline]), NOW)
    beside = await claimed(store)
    assert (beside.key, beside.document_id) == (deadline.key, document_id)
    assert beside.id != main.id

    # Each writes back for itself, at the same moment too.
    await asyncio.gather(
        store.checkpoint(main, Checkpoint(Keep(), SENDING, events=[NewEvent("m")]), NOW),
        store.checkpoint(beside, Checkpoint(Done(), events=[NewEvent("b")]), NOW),
    )
    document = await store.document(OURS.id, document_id)
    assert document is not None
    assert (document.state, document.version) == (State.SENDING, 4)
    assert await store.holds(main, NOW)

    # A verb replaces the main job, and the timers go on.
    back = moved(State.SENDING, State.HELD)
    asked = Again(NOW, "deliver")
    assert await store.act(OURS.id, document_id, back, NOW, version=4, job=asked, events=[])
    assert [job.key for job in await store.claim("w", NOW + DAY, 30, 9)] == [
        document_id,
        recheck.key,
    ]


async def test_a_checkpoint_takes_timers_away(store: Store) -> None:
    document_id = await accepted(store)
    main = await claimed(store)
    jobs = [NewJob(f"{document_id}/{n}", "t", NOW, OURS.id, document_id) for n in (1, 2, 3)]
    await store.checkpoint(main, Checkpoint(Keep(), jobs=jobs), NOW)
    held = next(job for job in await store.claim("w", NOW, 30, 3) if job.key == jobs[0].key)
    await store.reap(NOW + MINUTE)
    main = next(job for job in await store.claim("w", NOW + MINUTE, 30, 9) if job.key == main.key)
    drops = [jobs[0].key, jobs[1].key]
    await store.checkpoint(main, Checkpoint(Done(), drops=drops), NOW + MINUTE)
    with pytest.raises(LeaseLost):
        await store.checkpoint(held, Checkpoint(Done()), NOW + MINUTE)
    await store.reap(NOW + 2 * MINUTE)
    assert await keys(store, now=NOW + 2 * MINUTE) == [jobs[2].key]


async def test_a_report_puts_timers_too(store: Store) -> None:
    document_id, leg = await sent_with_leg(store)
    job = NewJob(f"{document_id}/t", "t", NOW, OURS.id, document_id)
    assert await store.report(leg.key, "r1", Checkpoint(Done(), jobs=[job]), NOW)
    assert await store.report(leg.key, "r2", Checkpoint(Done(), drops=[job.key]), NOW)
    assert await keys(store) == []
    for impossible in (
        Checkpoint(Dead("c", "t")),
        Checkpoint(Done(), answered=True),
        Checkpoint(Done(), unique=Unique("s", "n", "k", NOW)),
    ):
        with pytest.raises(Contradiction):
            await store.report(leg.key, "r3", impossible, NOW)


@pytest.mark.parametrize(
    "about",
    [
        {"change": ROUTED},
        {"head": Head(number="1")},
        {"channel": "email"},
        {"parts": [NewPart(Role.PLAN, "p", "t", b"p")]},
        {"legs": [leg_of("doc_1")]},
        {"attempt": attempt_of("doc_1")},
        {"events": [NewEvent("e")]},
        {"unique": Unique("s", "n", "k", NOW)},
    ],
    ids=lambda about: next(iter(about)),
)
async def test_a_job_without_a_document_has_nothing_to_say_of_one(
    store: Store, about: dict[str, Any]
) -> None:
    await put(store, NewJob("push/1", "push", NOW, OURS.id))
    job = await claimed(store)
    with pytest.raises(Contradiction):
        await store.checkpoint(job, Checkpoint(Done(), **about), NOW)
    more = timer("more")
    await store.checkpoint(job, Checkpoint(Again(NOW, data={"n": 1}), jobs=[more]), NOW)
    assert sorted(await keys(store)) == ["more", "push/1"]


# --- whose turn it is -------------------------------------------------------------------------


def of_company(company: str, n: int, **more: Any) -> NewJob:
    return timer(f"{company}-{n:02}", company_id=company, **more)


async def test_companies_take_turns(store: Store) -> None:
    await put(store, *(of_company("a", n) for n in range(20)))
    await put(store, *(of_company(c, n) for n in range(2) for c in "bc"))
    assert await keys(store, 7) == ["a-00", "b-00", "c-00", "a-01", "b-01", "c-01", "a-02"]


async def test_the_next_claim_goes_on_where_the_last_one_ended(store: Store) -> None:
    await put(store, *(of_company(c, n) for n in range(3) for c in "abcd"))
    claims = [await keys(store, 3) for _ in range(4)]
    assert claims == [
        ["a-00", "b-00", "c-00"],
        ["d-00", "a-01", "b-01"],
        ["c-01", "d-01", "a-02"],
        ["b-02", "c-02", "d-02"],
    ]
    await put(store, of_company("aa", 0), of_company("e", 0), of_company("a", 9))
    assert await keys(store, 9) == ["e-00", "a-09", "aa-00"]  # the last one served was d


async def test_a_flood_does_not_hold_up_the_others(store: Store) -> None:
    """However many jobs one company has, the others' ten are through in their turns."""
    await put(store, *(of_company("flood", n) for n in range(500)))
    await put(store, *(of_company(f"c{c}", n) for n in range(3) for c in range(10)))
    taken = Counter[str]()
    for _ in range(3):
        jobs = await store.claim("worker", NOW, 30, 11)
        taken.update(job.company_id for job in jobs)
    assert taken == {"flood": 3} | {f"c{c}": 3 for c in range(10)}


async def test_the_gateways_own_jobs_have_their_turn_too(store: Store) -> None:
    await put(store, timer("own-1"), timer("own-2"), of_company("a", 1), of_company("a", 2))
    assert [await keys(store, 1) for _ in range(4)] == [["own-1"], ["a-01"], ["own-2"], ["a-02"]]


async def test_within_a_company_priority_goes_first_then_what_was_due_first(store: Store) -> None:
    await put(
        store,
        of_company("a", 1, priority=-1, due_at=NOW - DAY),
        of_company("a", 2, due_at=NOW - MINUTE),
        of_company("a", 3, due_at=NOW - DAY),
        of_company("a", 4, priority=9),
        of_company("b", 1),
    )
    assert await keys(store) == ["a-04", "b-01", "a-03", "a-02", "a-01"]


async def test_a_submission_has_its_priority_as_long_as_it_lives(store: Store) -> None:
    late = await accepted(store)
    first = await accepted(store, priority=5)
    job = await claimed(store)
    assert job.document_id == first
    await store.checkpoint(job, Checkpoint(Again(NOW, "deliver", lane="prepare"), ROUTED), NOW)
    assert await keys(store, 1) == [first]
    await store.reap(NOW + MINUTE)
    held = moved(State.ROUTING, State.HELD)
    job_now = Again(NOW, "prepare")
    assert await store.act(OURS.id, first, held, NOW, version=2, job=job_now, events=[])
    assert await keys(store, now=NOW + MINUTE) == [first, late]


async def test_lanes_take_turns_too(store: Store) -> None:
    await put(store, *(of_company("a", n, lane="busy") for n in range(20)))
    await put(store, *(of_company("b", n, lane="calm") for n in range(2)))
    assert await keys(store, 3) == ["a-00", "b-00", "a-01"]
    assert await keys(store, 3) == ["b-01", "a-02", "a-03"]


async def test_a_lane_gets_no_more_than_the_room_there_is(store: Store) -> None:
    await put(store, *(of_company("a", n, lane="slow") for n in range(5)))
    await put(store, *(of_company("a", n + 10, lane="fast") for n in range(5)))
    found = await store.claim("w", NOW, 30, 8, {"slow": 1, "closed": 0})
    assert Counter(job.lane for job in found) == {"slow": 1, "fast": 5}
    assert await keys(store, slow=0) == []
    assert len(await keys(store, 2, slow=9)) == 2


async def test_what_is_not_due_is_not_claimed(store: Store) -> None:
    await put(store, of_company("a", 1, due_at=NOW + SECOND), of_company("b", 1))
    assert await keys(store, now=NOW - SECOND) == []  # a clock that went back
    assert await keys(store) == ["b-01"]
    assert await keys(store) == []
    assert await keys(store, now=NOW + SECOND) == ["a-01"]


async def test_a_job_goes_on_in_the_lane_it_is_given(store: Store) -> None:
    await accepted(store)
    job = await claimed(store)
    assert job.lane == "prepare"
    await store.checkpoint(job, Checkpoint(Keep(lane="email")), NOW)
    assert (await state(store, "email")).leased == 1
    await store.checkpoint(job, Checkpoint(Again(NOW, "deliver")), NOW)
    again = await claimed(store)
    assert (again.kind, again.lane) == ("deliver", "email")
    await store.checkpoint(again, Checkpoint(Again(NOW, lane="letter")), NOW)
    assert (await claimed(store)).lane == "letter"


# --- limits of lanes --------------------------------------------------------------------------


async def lane_of(store: Store, limits: Limits, jobs: int = 20, name: str = "email") -> None:
    """A lane with limits, and jobs in it."""
    await store.set_lanes({name: limits}, NOW)
    await put(store, *(of_company("a", n, lane=name) for n in range(jobs)))


async def test_a_lane_keeps_its_rate_and_its_burst(store: Store) -> None:
    await lane_of(store, Limits(rate_per_s=2, burst=3))
    assert len(await keys(store, 2)) == 2
    assert len(await keys(store)) == 1
    assert await keys(store) == []
    assert await keys(store, now=NOW + SECOND / 4) == []
    assert len(await keys(store, now=NOW + SECOND)) == 2
    assert len(await keys(store, now=NOW + MINUTE)) == 3
    assert await keys(store, now=NOW) == []  # a clock that goes back brings nothing


async def test_a_lane_keeps_its_cap_whoever_claims(store: Store) -> None:
    await lane_of(store, Limits(at_once=5))
    claims = await asyncio.gather(*(store.claim(f"w{n}", NOW, 30, 2) for n in range(6)))
    held = [job for jobs in claims for job in jobs]
    assert len(held) == 5
    await store.checkpoint(held[0], Checkpoint(Done()), NOW)
    assert len(await keys(store)) == 1
    await store.reap(NOW + MINUTE)  # leases that ran out count no more
    assert len(await keys(store, now=NOW + MINUTE)) == 5


async def test_limits_are_of_one_lane_only(store: Store) -> None:
    await lane_of(store, Limits(at_once=1), 3)
    await put(store, *(of_company("b", n, lane="letter") for n in range(3)))
    assert Counter(key[0] for key in await keys(store)) == {"a": 1, "b": 3}


async def test_a_paused_lane_stands_still_until_it_goes_on(store: Store) -> None:
    await put(store, of_company("a", 1), of_company("a", 2, lane="email"))
    await store.pause("timer", True)
    await store.pause("unused", True)
    assert sorted(await store.paused()) == ["timer", "unused"]
    assert await keys(store) == ["a-02"]
    assert (await state(store, "timer")).paused
    await store.set_lanes({"timer": Limits(at_once=1)}, NOW)  # setting limits ends no pause
    assert await keys(store) == []
    await store.pause("timer", False)
    assert await keys(store) == ["a-01"]


async def test_a_pause_outlives_a_restart(opener: Opener, tmp_path: Path) -> None:
    first = await opener(tmp_path / "data")
    await put(first, timer("t"))
    await first.pause("timer", True)
    await first.close()
    second = await opener(tmp_path / "data")
    assert await keys(second) == []
    await second.pause("timer", False)
    assert await keys(second) == ["t"]
    await second.close()


async def test_set_limits_hold_from_then_on_and_others_have_none(store: Store) -> None:
    await lane_of(store, Limits(rate_per_s=1, burst=4))
    assert len(await keys(store)) == 4
    await store.set_lanes({"email": Limits(rate_per_s=1, burst=9)}, NOW)
    assert await keys(store) == []  # what was used up stays so
    await store.set_lanes({"letter": Limits(at_once=1)}, NOW)
    assert len(await keys(store, 7)) == 7
    assert [one.name for one in await store.lanes(NOW)] == ["email", "letter"]
    await store.set_lanes({}, NOW)
    assert [one.name for one in await store.lanes(NOW)] == ["email"]


async def answered(store: Store, job: Job, whether: bool | None, now: datetime = NOW) -> None:
    """A call of the job came to its end; it comes again."""
    await store.checkpoint(job, Checkpoint(Again(now), answered=whether), now)


async def test_a_channel_that_does_not_answer_is_left_in_peace(store: Store) -> None:
    await lane_of(store, Limits(trip_after=3, rest_s=30))
    for whether in (False, False, None, True, False, False):  # not in a row
        await answered(store, await claimed(store), whether)
    assert (await state(store, "email")).meter is not None
    await answered(store, await claimed(store), False)
    assert await keys(store) == []
    lane = await state(store, "email")
    assert lane.meter is not None
    assert (lane.meter.fails, lane.meter.open_until) == (3, NOW + timedelta(seconds=30))
    assert await keys(store, now=NOW + timedelta(seconds=29)) == []

    # Then one tries whether it answers again, and nobody else beside it.
    later = NOW + timedelta(seconds=30)
    probe = await store.claim("w", later, 30, 10)
    assert len(probe) == 1
    assert await keys(store, now=later) == []
    await answered(store, probe[0], False, later)
    assert await keys(store, now=later + timedelta(seconds=59)) == []  # a longer rest
    later += timedelta(seconds=60)
    (probe_2,) = await store.claim("w", later, 30, 10)
    await answered(store, probe_2, True, later)
    assert len(await keys(store, now=later)) == 20


async def test_a_probe_whose_worker_died_is_not_waited_for(store: Store) -> None:
    await lane_of(store, Limits(trip_after=1, rest_s=10), 3)
    await answered(store, await claimed(store), False)
    later = NOW + timedelta(seconds=10)
    assert len(await keys(store, now=later)) == 1
    later += timedelta(seconds=31)
    assert await store.reap(later) == 1
    assert len(await keys(store, now=later)) == 1


async def test_a_person_lets_a_lane_that_rests_try_at_once(store: Store) -> None:
    await lane_of(store, Limits(trip_after=1, rest_s=600), 3)
    told = Told(NewEntry("operator:ann", "lane.tried", "email"), NOW)
    assert not await store.try_lane("email", NOW, told=told)  # it does not rest
    assert not await store.try_lane("unused", NOW, told=told)
    await answered(store, await claimed(store), False)
    assert await keys(store) == []
    news = asyncio.ensure_future(store.wait("jobs", 60))
    assert await store.try_lane("email", NOW, told=told)
    async with asyncio.timeout(60):
        await news
    assert [one.subject for one in await store.audit_entries(0, 10)] == ["email"]
    again = await claimed(store)  # one tries for all
    assert await keys(store) == []
    await answered(store, again, False)
    lane = await state(store, "email")
    assert lane.meter is not None
    assert lane.meter.open_until == NOW + timedelta(seconds=900)  # longer than before


async def test_calls_from_before_it_tripped_count_once(store: Store) -> None:
    await lane_of(store, Limits(trip_after=2, rest_s=10), 6)
    jobs = await store.claim("w", NOW, 30, 6)
    await asyncio.gather(*(answered(store, job, False) for job in jobs))
    lane = await state(store, "email")
    assert lane.meter is not None
    assert (lane.meter.fails, lane.meter.open_until) == (2, NOW + timedelta(seconds=10))


async def test_a_lane_without_limits_has_no_breaker(store: Store) -> None:
    await put(store, timer("t"))
    for _ in range(9):
        await answered(store, await claimed(store), False)
    assert await keys(store) == ["t"]


async def test_a_checkpoint_that_is_refused_tells_the_breaker_nothing(store: Store) -> None:
    await store.set_lanes({"prepare": Limits(trip_after=1)}, NOW)
    await accepted(store)
    job = await claimed(store)
    wrong = Checkpoint(Done(), moved(State.SENDING, State.SENT), answered=False)
    with pytest.raises(NotAllowed):
        await store.checkpoint(job, wrong, NOW)
    lane = await state(store, "prepare")
    assert lane.meter is not None
    assert lane.meter.fails == 0


async def test_lanes_are_shown_with_what_is_in_them(store: Store) -> None:
    await put(
        store,
        of_company("a", 1, lane="email", due_at=NOW - MINUTE),
        of_company("a", 2, lane="email"),
        of_company("a", 3, lane="email", due_at=NOW + DAY),
        of_company("a", 4, lane="later", due_at=NOW + DAY),
        of_company("a", 5, lane="letter"),
    )
    await keys(store, 1, letter=0)
    limits = Limits(rate_per_s=10, burst=5, at_once=7)
    await store.set_lanes({"letter": limits, "empty": NOBODY_COUNTS}, NOW)
    shown = await store.lanes(NOW)
    assert [(one.name, one.waiting, one.leased, one.oldest_due_at) for one in shown] == [
        ("email", 1, 1, NOW),
        ("empty", 0, 0, None),
        ("letter", 1, 0, NOW),
    ]
    assert [one.limits for one in shown] == [NOBODY_COUNTS, NOBODY_COUNTS, limits]
    assert [one.meter is None for one in shown] == [True, False, False]
    assert (await state(store, "later", NOW + DAY)).waiting == 1


# --- the dead list ----------------------------------------------------------------------------


async def buried(store: Store, key: str = "t", **more: Any) -> Job:
    await put(store, timer(key, **more))
    job = await claimed(store)
    await store.checkpoint(job, Checkpoint(Dead("internal.error", "It raised.")), NOW)
    return job


async def test_a_dead_job_is_kept_with_its_reason(store: Store) -> None:
    job = await buried(store, company_id="a", lane="email", data={"n": 1})
    assert await store.dead(0, 10) == [
        DeadJob(
            *(job.id, "a", "", "timer", "email", "t", {"n": 1}, 1),
            *("internal.error", "It raised.", NOW),
        )
    ]
    assert await keys(store, now=NOW + DAY) == []
    assert not await store.holds(job, NOW)
    with pytest.raises(LeaseLost):
        await store.checkpoint(job, Checkpoint(Done()), NOW)


async def test_a_dead_job_is_revived_once(store: Store) -> None:
    job = await buried(store, company_id="a", lane="email", priority=3, data={"n": 1})
    assert await store.revive(job.id, NOW + MINUTE)
    assert not await store.revive(job.id, NOW + MINUTE)
    assert await store.dead(0, 10) == []
    again = await claimed(store, NOW + MINUTE)
    assert (again.key, again.company_id, again.kind) == ("t", "a", "timer")
    assert (again.lane, again.data, again.tries) == ("email", {"n": 1}, 1)
    with pytest.raises(LeaseLost):
        await store.checkpoint(job, Checkpoint(Done()), NOW)


async def test_a_dead_job_is_taken_away_once(store: Store) -> None:
    kept, job = await buried(store, "kept"), await buried(store)
    told = Told(NewEntry("operator:ann", "job.dropped", str(job.id)), NOW)
    assert await store.drop_dead(job.id, told=told)
    assert not await store.drop_dead(job.id, told=told)
    assert [one.id for one in await store.dead(0, 10)] == [kept.id]
    assert not await store.revive(job.id, NOW)
    assert [one.subject for one in await store.audit_entries(0, 10)] == [str(job.id)]


async def test_a_dead_job_stays_dead_while_another_has_its_key(store: Store) -> None:
    job = await buried(store)
    await put(store, timer("t", data={"new": True}))
    assert not await store.revive(job.id, NOW)
    assert [one.id for one in await store.dead(0, 10)] == [job.id]
    new = await claimed(store)
    assert new.data == {"new": True}
    await store.checkpoint(new, Checkpoint(Done()), NOW)
    assert await store.revive(job.id, NOW)


async def test_the_dead_list_goes_on_behind_an_id(store: Store) -> None:
    ids = [(await buried(store, f"t{n}")).id for n in range(5)]
    first = await store.dead(0, 2)
    rest = await store.dead(first[-1].id, 10)
    assert [one.id for one in [*first, *rest]] == ids


async def test_a_documents_job_may_die_and_its_document_stay(store: Store) -> None:
    document_id = await accepted(store)
    job = await claimed(store)
    held = moved(State.RECEIVED, State.HELD)
    work = Checkpoint(Dead("internal.error", "t"), held, events=[NewEvent("document.held")])
    await store.checkpoint(job, work, NOW)
    assert await state_of(store, document_id) is State.HELD
    (dead,) = await store.dead(0, 10)
    assert (dead.document_id, dead.key, dead.company_id) == (document_id, document_id, OURS.id)
    assert not await store.revive(dead.id + 1, NOW)


# --- the same invoice twice -------------------------------------------------------------------

HEAD = Head(number="F-1", kind="invoice", sender="0007:5560360793")
UNIQUE = Unique("0007:5560360793", "F-1", "invoice", NOW - DAY)


async def checked(store: Store, job: Job, unique: Unique = UNIQUE, **head: Any) -> None:
    """A document is found to have this head."""
    work = Checkpoint(Done(), ROUTED, replace(HEAD, **head), unique=unique)
    await store.checkpoint(job, work, NOW)


async def test_the_same_invoice_is_refused_a_second_time(store: Store) -> None:
    first, second = await accepted(store), await accepted(store)
    job, other = await store.claim("w", NOW, 30, 2)
    await checked(store, job)
    before = await everything(store)
    with pytest.raises(Duplicate) as caught:
        await checked(store, other)
    assert caught.value.document_id == first
    assert await everything(store) == before
    rejected = moved(State.RECEIVED, State.REJECTED)
    await store.checkpoint(other, Checkpoint(Done(), rejected, HEAD), NOW)  # it is still held
    assert await state_of(store, second) is State.REJECTED


async def test_the_same_invoice_twice_at_once_is_refused_once(store: Store) -> None:
    for _ in range(8):
        await accepted(store)
    jobs = await store.claim("w", NOW, 30, 8)
    answers = await asyncio.gather(*(checked(store, j) for j in jobs), return_exceptions=True)
    (winner,) = [job for job, answer in zip(jobs, answers, strict=True) if answer is None]
    refused = [answer for answer in answers if answer is not None]
    assert [type(answer) for answer in refused] == [Duplicate] * 7
    assert {str(answer) for answer in refused} == {winner.document_id}


async def test_another_seller_number_kind_or_company_is_another_invoice(store: Store) -> None:
    for company in (OURS, OURS, OURS, OURS, THEIRS):
        await accepted(store, company.id)
    ours = await store.claim("w", NOW, 30, 5)
    theirs = next(job for job in ours if job.company_id == THEIRS.id)
    job, seller, number, kind = (job for job in ours if job is not theirs)
    await checked(store, job)
    await checked(store, seller, replace(UNIQUE, seller="0007:1"), sender="0007:1")
    await checked(store, number, replace(UNIQUE, number="F-2"), number="F-2")
    await checked(store, kind, replace(UNIQUE, kind="credit_note"), kind="credit_note")
    await checked(store, theirs)


@pytest.mark.parametrize("end", [State.REJECTED, State.CANCELLED, State.FAILED])
async def test_an_invoice_that_was_not_sent_may_come_again(store: Store, end: State) -> None:
    await accepted(store)
    job = await claimed(store)
    before = State.RECEIVED if end is not State.FAILED else State.ROUTING
    if before is State.ROUTING:
        await store.checkpoint(job, Checkpoint(Keep(), ROUTED), NOW)
    await store.checkpoint(job, Checkpoint(Done(), moved(before, end), HEAD), NOW)
    await accepted(store)
    await checked(store, await claimed(store))


async def test_an_invoice_from_before_the_time_is_none_under_way(store: Store) -> None:
    await accepted(store)
    await checked(store, await claimed(store))
    later = NOW + 2 * DAY
    await store.accept(submission(), later)
    job = await claimed(store, later)
    with pytest.raises(Duplicate):
        await checked(store, job, replace(UNIQUE, since=NOW))
    await checked(store, job, replace(UNIQUE, since=NOW + SECOND))


async def test_what_came_in_is_no_duplicate_of_what_goes_out(store: Store) -> None:
    await store.arrive(replace(arrival(), head=HEAD), NOW)
    await accepted(store)
    await checked(store, await claimed(store))


async def test_a_document_is_not_its_own_duplicate(store: Store) -> None:
    await accepted(store)
    job = await claimed(store)
    await store.checkpoint(job, Checkpoint(Keep(), None, HEAD, unique=UNIQUE), NOW)
    await store.checkpoint(job, Checkpoint(Keep(), None, HEAD, unique=UNIQUE), NOW)


# --- news -------------------------------------------------------------------------------------


async def test_work_that_is_due_wakes_the_workers(store: Store) -> None:
    await store.put([timer("held")], NOW)
    held = await claimed(store)
    dead = await buried(store, "dead")
    await store.set_lanes({"email": Limits(at_once=1)}, NOW)
    wakes: dict[str, Callable[[], Awaitable[Any]]] = {
        "put": lambda: put(store, timer(new_id("t"))),
        "again": lambda: store.checkpoint(held, Checkpoint(Again(NOW)), NOW),
        "revive": lambda: store.revive(dead.id, NOW),
        "pause": lambda: store.pause("timer", False),
        "limits": lambda: store.set_lanes({}, NOW),
    }
    for name, write in wakes.items():
        news = asyncio.ensure_future(store.wait("jobs", 60))
        await write()
        async with asyncio.timeout(60):
            await news
        assert news.done(), name


async def test_work_of_a_later_day_wakes_nobody(store: Store) -> None:
    await store.put([timer("held")], NOW)
    held = await claimed(store)
    news = asyncio.ensure_future(store.wait("jobs", 60))
    await put(store, timer("t", NOW + DAY))
    await store.checkpoint(held, Checkpoint(Again(NOW + DAY)), NOW)
    assert not news.done()
    news.cancel()
