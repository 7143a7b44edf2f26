"""Jobs that fail too often: dead, with the reason, until an operator has them tried again."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from gateway.delivery.processes import Processes
from gateway.delivery.schedules import Schedule
from gateway.delivery.verbs import Verb
from gateway.delivery.worker import Worker
from gateway.lifecycle import State
from gateway.store.port import Checkpoint, DeadJob, Done, Job, NewJob, Role
from tests.flows.channel import OK, Channel
from tests.flows.house import SENDER, START, House, invoice
from transports.base import Envelope, Inquiry, Outcome, Refused, Repeat, Sent


class Broken(Channel):
    """A channel with a bug, in what it is asked or in what it does."""

    def __init__(self, when: str) -> None:
        super().__init__(self._carry, Repeat.SAFE)
        self.when = when

    async def resolve(self, inquiry: Inquiry):  # type: ignore[no-untyped-def]
        if self.when == "asked":
            raise ZeroDivisionError("nobody is there")
        return await super().resolve(inquiry)

    async def _carry(self, envelope: Envelope) -> Outcome:
        if self.when == "called":
            raise ZeroDivisionError("nothing is there")
        return Sent(OK)


async def until_dead(house: House, worker: Worker) -> DeadJob:
    for _ in range(20):
        await worker.run_due()
        if dead := await house.store.dead(0, 10):
            (job,) = dead
            return job
        house.clock.move(timedelta(hours=3))
    raise AssertionError("it never died")


async def test_a_document_that_can_not_go_on_is_held_and_its_job_on_the_list(house: House) -> None:
    house.transports["email"] = broken = Broken("asked")
    document_id = await house.submit(invoice(email="a@b.example"))
    dead = await until_dead(house, house.new_worker(house.store))
    await house.is_in(document_id, State.HELD)
    assert (dead.company_id, dead.document_id, dead.key) == (SENDER.id, document_id, document_id)
    assert (dead.kind, dead.lane, dead.code) == ("deliver", "email", "internal.error")
    assert dead.text == "ZeroDivisionError: nobody is there"

    broken.when = "never"
    assert await house.store.revive(dead.id, house.clock.now())
    assert await house.store.dead(0, 10) == []
    await house.new_worker(house.store).run_due()
    await house.is_in(document_id, State.SENT)
    assert (await house.told(document_id)).count("document.retried") == 1


async def test_an_attempt_that_a_fault_cut_short_is_made_again_with_the_same_key(
    house: House,
) -> None:
    house.transports["email"] = broken = Broken("called")
    document_id = await house.submit(invoice(email="a@b.example"))
    dead = await until_dead(house, house.new_worker(house.store))
    assert (await house.is_in(document_id, State.HELD)).code == "delivery.outcome_unknown"
    broken.when = "never"
    assert await house.store.revive(dead.id, house.clock.now())
    await house.new_worker(house.store).run_due()
    await house.is_in(document_id, State.SENT)
    assert len({envelope.key for envelope in broken.calls}) == 1


async def test_a_revived_job_that_fails_again_has_all_its_tries_once_more(house: House) -> None:
    house.transports["email"] = Broken("asked")
    document_id = await house.submit(invoice(email="a@b.example"))
    worker = house.new_worker(house.store)
    dead = await until_dead(house, worker)
    assert await house.store.revive(dead.id, house.clock.now())
    await worker.run_due()
    assert await house.store.dead(0, 10) == []
    await house.is_in(document_id, State.WAITING)


@pytest.mark.parametrize("verb", [Verb.RETRY, Verb.CANCEL])
async def test_a_dead_job_whose_document_a_person_has_decided_on_is_off_the_list(
    house: House, verb: Verb
) -> None:
    house.transports["email"] = broken = Broken("asked")
    document_id = await house.submit(invoice(email="a@b.example"))
    await until_dead(house, house.new_worker(house.store))
    other = await house.submit(invoice(email="a@b.example"))
    while len(dead := await house.store.dead(0, 10)) < 2:
        await house.new_worker(house.store).run_due()
        house.clock.move(timedelta(hours=5))
    broken.when = "never"
    await house.do(document_id, verb)
    assert [job.document_id for job in await house.store.dead(0, 10)] == [other]
    assert len(dead) == 2
    await house.new_worker(house.store).run_due()
    await house.is_in(document_id, State.SENT if verb is Verb.RETRY else State.CANCELLED)


async def test_a_fault_in_a_new_round_of_channels_adds_no_other_round(house: House) -> None:
    async def refuse(envelope: Envelope) -> Outcome:
        return Refused(OK)

    house.transports["email"] = Channel(refuse, Repeat.SAFE)
    document_id = await house.submit(invoice(email="a@b.example", post_code=None))
    await house.new_worker(house.store).run_due()
    await house.is_in(document_id, State.FAILED)
    first_round = len(await house.store.legs(SENDER.id, document_id))

    house.transports["email"] = broken = Broken("asked")
    await house.do(document_id, Verb.RETRY)
    for _ in range(3):
        await house.new_worker(house.store).run_due()
        house.clock.move(timedelta(hours=1))
    broken.when = "never"
    house.clock.move(timedelta(hours=3))
    await house.new_worker(house.store).run_due()
    await house.is_in(document_id, State.SENT)
    assert len(await house.store.legs(SENDER.id, document_id)) == 2 * first_round


async def test_what_dies_before_it_is_checked_is_checked_when_it_is_revived(house: House) -> None:
    document_id = await house.submit(invoice(here=True))
    for _ in range(21):  # each of these claims ends with the process
        assert await house.store.claim("killed", house.clock.now(), 30, 10)
        house.clock.move(timedelta(minutes=1))
        await house.store.reap(house.clock.now())
    (dead,) = [await until_dead(house, house.new_worker(house.store))]
    assert "never written back" in dead.text
    await house.is_in(document_id, State.HELD)
    assert await house.store.revive(dead.id, house.clock.now())
    await house.work()
    await house.is_in(document_id, State.DELIVERED)


# --- other parts' work --------------------------------------------------------------------------


async def test_other_parts_have_their_jobs_done(house: House) -> None:
    seen: list[Job] = []

    async def handle(job: Job) -> None:
        seen.append(job)
        await house.store.checkpoint(job, Checkpoint(next=Done()), house.clock.now())

    worker = Worker(house.store, house.transports, house.clock, handlers={"count": handle})
    document_id = await house.submit(invoice(email="later@customer.example"))
    due = house.clock.now() + timedelta(seconds=5)
    timer = NewJob(f"{document_id}/count", "count", due, SENDER.id, document_id, data={"n": 1})
    own = NewJob("count", "count", due)
    await house.store.put([timer, own], house.clock.now())
    await worker.run_due()
    assert seen == []
    house.clock.move(timedelta(seconds=5))
    await worker.run_due()
    assert sorted((job.key, job.company_id, job.lane) for job in seen) == [
        ("count", "", "count"),
        (f"{document_id}/count", SENDER.id, "count"),
    ]


async def test_a_timer_that_dies_holds_no_document(house: House) -> None:
    async def handle(job: Job) -> None:
        raise ZeroDivisionError

    document_id = await house.submit(invoice(email="later@customer.example"))
    timer = NewJob(f"{document_id}/bad", "bad", house.clock.now(), SENDER.id, document_id)
    await house.store.put([timer], house.clock.now())
    worker = Worker(house.store, house.transports, house.clock, handlers={"bad": handle})
    dead = await until_dead(house, worker)
    assert dead.key == f"{document_id}/bad"
    assert (await house.document(document_id)).state is not State.HELD


async def test_a_job_that_nobody_knows_is_dead_in_the_end(house: House) -> None:
    await house.store.put([NewJob("k", "of a newer version", START)], START)
    dead = await until_dead(house, house.worker)
    assert dead.text == "KeyError: 'of a newer version'"


# --- schedules ----------------------------------------------------------------------------------


async def test_a_schedule_comes_round_once_for_all_workers(house: House) -> None:
    rounds: list[datetime] = []

    async def do(now: datetime) -> bool:
        rounds.append(now)
        return len(rounds) == 1  # there is more, the first time

    nightly = Schedule("nightly", timedelta(days=1), do, timedelta(hours=3))
    workers = [
        Worker(house.store, house.transports, house.clock, schedules=[nightly]) for _ in range(3)
    ]
    for hours in (0, 18, 1, 1, 4, 24, 72):
        house.clock.move(timedelta(hours=hours))
        for worker in workers:
            await worker.run_due()
    assert [now - START for now in rounds] == [
        timedelta(hours=hours) for hours in (19, 19, 48, 120)
    ], "at three in the night or as soon as anybody works after it; what was missed comes once"


async def test_a_schedule_that_fails_comes_again_and_never_dies(house: House) -> None:
    tries = 0

    async def do(now: datetime) -> bool:
        nonlocal tries
        tries += 1
        if tries < 20:
            raise ZeroDivisionError
        return False

    hourly = Schedule("hourly", timedelta(hours=1), do)
    worker = Worker(house.store, house.transports, house.clock, schedules=[hourly])
    await worker.run_due()
    for _ in range(24 * 12):
        house.clock.move(timedelta(minutes=5))
        await worker.run_due()
    assert await house.store.dead(0, 10) == []
    assert 20 < tries < 50


async def test_a_schedule_that_was_taken_out_is_left_to_newer_workers(house: House) -> None:
    async def do(now: datetime) -> bool:
        done.append(now)
        return False

    done: list[datetime] = []
    new = Schedule("new", timedelta(hours=1), do)
    await Worker(house.store, house.transports, house.clock, schedules=[new]).run_due()
    house.clock.move(timedelta(hours=2))
    await Worker(house.store, house.transports, house.clock).run_due()
    assert done == []
    house.clock.move(timedelta(minutes=6))
    await Worker(house.store, house.transports, house.clock, schedules=[new]).run_due()
    assert len(done) == 1


async def test_a_document_that_nobody_can_read_in_time_is_held_and_stops_nobody(
    house: House,
) -> None:
    """A process of its own reads it, and is killed when it takes too long."""
    hasty = Processes(1, limit_s=0.001, memory_bytes=2**30)
    patient = Processes(1, limit_s=60, memory_bytes=2**30)
    try:
        document_id = await house.submit(invoice(here=True))
        worker = Worker(house.store, house.transports, house.clock, workshop=hasty)
        dead = await until_dead(house, worker)
        assert dead.text == "WorkFailed: the work took more than 0.001 s and was cut off"
        await house.is_in(document_id, State.HELD)
        assert await house.store.revive(dead.id, house.clock.now())
        await Worker(house.store, house.transports, house.clock, workshop=patient).run_due()
        await house.is_in(document_id, State.DELIVERED)
    finally:
        await hasty.close()
        await patient.close()


async def test_a_letter_is_drawn_in_another_process(house: House) -> None:
    workshop = Processes(1, limit_s=60, memory_bytes=2**30)
    try:
        document_id = await house.submit(invoice())
        await Worker(house.store, house.transports, house.clock, workshop=workshop).run_due()
        await house.is_in(document_id, State.SENT)
        assert (await house.content(document_id, Role.IMAGE)).startswith(b"%PDF")
    finally:
        await workshop.close()
