"""The worker itself, running: room, wake-ups, stopping, and faults nobody foresaw."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from gateway.blobs.port import SMALL_BYTES
from gateway.delivery.trouble import CLAIMS, TRIES
from gateway.delivery.verbs import Verb
from gateway.delivery.worker import Worker
from gateway.inbound.aside import lying
from gateway.lifecycle import State
from gateway.store.ids import new_id
from gateway.store.port import Checkpoint, Job, NewPart, Role, StorageUnavailable, Submission
from schemas.identifiers import Participant
from tests.e2e.invoices import ELSEWHERE
from tests.flows.channel import OK, Channel
from tests.flows.house import RECEIVER, SENDER, House, invoice
from transports.base import (
    Delivered,
    Envelope,
    File,
    Inbound,
    Outcome,
    Repeat,
    Report,
    Sent,
)


def put_in(
    house: House, deliver: Callable[[Envelope], Awaitable[Outcome]], repeat: Repeat = Repeat.SAFE
) -> Channel:
    channel = Channel(deliver, repeat)
    house.transports["email"] = channel
    house.worker = house.new_worker(house.store)
    return channel


@asynccontextmanager
async def running(worker: Worker) -> AsyncIterator[asyncio.Task[None]]:
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        worker.stop()
        async with asyncio.timeout(60):
            await task


async def until(
    house: House, document_id: str, state: State, *, minutes_pass: bool = False
) -> None:
    """Waits, with a bound, until the document is in the state; the clock may go on meanwhile."""
    async with asyncio.timeout(60):
        while (await house.document(document_id)).state is not state:
            if minutes_pass:
                house.clock.move(timedelta(minutes=1))
            await house.store.wait("jobs", 0.02)


async def test_it_wakes_up_for_what_is_accepted(house: House) -> None:
    worker = Worker(house.store, house.transports, house.clock, poll_s=60)
    async with running(worker):
        await until(house, await house.submit(invoice(here=True)), State.DELIVERED)
        await until(house, await house.submit(invoice(here=True)), State.DELIVERED)


async def test_it_notices_what_becomes_due_and_what_is_reported(house: House) -> None:
    worker = Worker(house.store, house.transports, house.clock, poll_s=0.01, collect_every_s=0.01)
    async with running(worker):
        later = await house.submit(invoice(email="later@customer.example"))
        letter = await house.submit(invoice())
        await until(house, later, State.WAITING)
        await until(house, letter, State.SENT)
        house.clock.move(timedelta(minutes=1))
        await until(house, later, State.SENT)
        await until(house, letter, State.DELIVERED)


async def test_no_more_run_at_once_than_there_is_room_for(house: House) -> None:
    at_once, most = 0, 0

    async def deliver(envelope: Envelope) -> Outcome:
        nonlocal at_once, most
        at_once, most = at_once + 1, max(most, at_once + 1)
        await house.store.counts(house.clock.now())
        at_once -= 1
        return Sent(OK)

    put_in(house, deliver)
    documents = [await house.submit(invoice(email="a@b.example")) for _ in range(20)]
    worker = Worker(
        house.store, house.transports, house.clock, concurrency=8, poll_s=0.01, lease_s=1e6
    )
    async with running(worker):
        for document_id in documents:
            await until(house, document_id, State.SENT, minutes_pass=True)
    assert 1 <= most <= 6, "some of the room is for other channels"


async def test_a_channel_that_hangs_does_not_keep_the_others_waiting(house: House) -> None:
    released = asyncio.Event()

    async def deliver(envelope: Envelope) -> Outcome:
        await released.wait()
        return Sent(OK)

    put_in(house, deliver)
    stuck = [await house.submit(invoice(email="a@b.example")) for _ in range(8)]
    worker = Worker(
        house.store,
        house.transports,
        house.clock,
        concurrency=4,
        poll_s=0.01,
        lease_s=1e6,
    )
    async with running(worker):
        await until(house, await house.submit(invoice(here=True)), State.DELIVERED)
        released.set()
        for document_id in stuck:
            await until(house, document_id, State.SENT, minutes_pass=True)


async def test_a_channel_is_given_no_more_than_it_carries_at_once(house: House) -> None:
    """The others wait before their intent is written, so that a crash holds none of them."""
    most = 0

    async def deliver(envelope: Envelope) -> Outcome:
        nonlocal most
        opened = [
            attempt
            for document_id in documents
            for attempt in await house.attempts(document_id)
            if attempt.channel == "email" and attempt.ended_at is None
        ]
        most = max(most, len(opened))
        return Sent(OK)

    put_in(house, deliver).at_once = 2
    documents = [await house.submit(invoice(email="a@b.example")) for _ in range(12)]
    await Worker(house.store, house.transports, house.clock, concurrency=16).run_due()
    for document_id in documents:
        await house.is_in(document_id, State.SENT)
    assert most == 2


async def test_stopping_finishes_what_was_begun_and_begins_nothing(house: House) -> None:
    began, released = asyncio.Event(), asyncio.Event()

    async def deliver(envelope: Envelope) -> Outcome:
        began.set()
        await released.wait()
        return Sent(OK)

    put_in(house, deliver)
    begun = await house.submit(invoice(email="a@b.example"))
    worker = Worker(house.store, house.transports, house.clock)
    async with running(worker) as task:
        await began.wait()
        worker.stop()
        other = await house.submit(invoice(email="a@b.example"))
        assert not task.done()
        released.set()
    await house.is_in(begun, State.SENT)
    await house.is_in(other, State.RECEIVED)


class Renewing:
    """A store that tells when leases have been prolonged."""

    def __init__(self, house: House) -> None:
        self._store = house.store
        self.done = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def renew(self, jobs: Sequence[Job], now: datetime, lease_s: float) -> None:
        await self._store.renew(jobs, now, lease_s)
        self.done.set()


@pytest.mark.parametrize("hours", [-3, 0, 3])
async def test_a_clock_that_jumps_takes_nobody_s_lease_away(house: House, hours: int) -> None:
    called, released = asyncio.Semaphore(0), asyncio.Event()

    async def deliver(envelope: Envelope) -> Outcome:
        called.release()
        await released.wait()
        return Sent(OK)

    channel = put_in(house, deliver)
    renewing: Any = Renewing(house)
    worker = Worker(renewing, house.transports, house.clock, poll_s=0.01, lease_s=30)
    async with running(worker):
        first = await house.submit(invoice(email="a@b.example"))
        async with asyncio.timeout(60):
            await called.acquire()
        house.clock.move(timedelta(hours=hours))
        second = await house.submit(invoice(email="a@b.example"))
        async with asyncio.timeout(60):
            await called.acquire()
        for _ in range(6):
            renewing.done.clear()
            house.clock.move(timedelta(seconds=15))
            async with asyncio.timeout(60):
                await renewing.done.wait()
        released.set()
        for document_id in (first, second):
            await until(house, document_id, State.SENT)
    assert len(channel.calls) == 2
    assert await house.tries(first) == [("internal", "unreachable"), ("email", "sent")]


async def test_a_dead_worker_s_jobs_rest_for_its_lease_and_no_longer(house: House) -> None:
    lease_s = 3000.0
    document_id = await house.submit(invoice(here=True))
    await house.store.claim("dead", house.clock.now(), lease_s, 1)
    worker = Worker(house.store, house.transports, house.clock, poll_s=0.01, lease_s=lease_s)
    async with running(worker):
        await until(house, await house.submit(invoice(here=True)), State.DELIVERED)
        await house.is_in(document_id, State.RECEIVED)
        house.clock.move(timedelta(seconds=lease_s))
        await until(house, document_id, State.DELIVERED)


class AnswerLost:
    """A store whose database dies once when a claim is written and before its answer is out."""

    def __init__(self, house: House) -> None:
        self._store = house.store
        self.unheard: list[Job] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def claim(self, *asked: Any) -> Sequence[Job]:
        jobs: Sequence[Job] = await self._store.claim(*asked)
        if jobs and not self.unheard:
            self.unheard += jobs
            raise StorageUnavailable("the connection was closed")
        return jobs


async def test_what_was_claimed_unheard_of_rests_for_a_lease_though_the_worker_lives(
    house: House,
) -> None:
    losing: Any = AnswerLost(house)
    worker = Worker(losing, house.transports, house.clock, poll_s=0.01, lease_s=30)
    document_id = await house.submit(invoice(here=True))
    async with running(worker):
        async with asyncio.timeout(60):
            while not losing.unheard:
                await asyncio.sleep(0.01)
        for _ in range(3):  # it prolongs every ten seconds what it has in hand
            house.clock.move(timedelta(seconds=10))
            await until(house, await house.submit(invoice(here=True)), State.DELIVERED)
        await until(house, document_id, State.DELIVERED)


async def test_cut_off_it_is_taken_up_again(house: House) -> None:
    began = asyncio.Event()

    async def hang(envelope: Envelope) -> Outcome:
        began.set()
        return await asyncio.Future()

    channel = put_in(house, hang, Repeat.SAFE)
    document_id = await house.submit(invoice(email="a@b.example"))
    task = asyncio.create_task(house.worker.run())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await house.is_in(document_id, State.SENDING)

    async def deliver(envelope: Envelope) -> Outcome:
        return Sent(OK)

    again = put_in(house, deliver, Repeat.SAFE)
    await house.later(timedelta(seconds=31))
    await house.is_in(document_id, State.SENT)
    (first,), (second,) = channel.calls, again.calls
    assert second == replace(first, repeated=True), "the same envelope, to the byte"


async def test_a_call_that_never_ends_is_cut_off_and_its_outcome_unknown(house: House) -> None:
    async def hang(envelope: Envelope) -> Outcome:
        return await asyncio.Future()

    put_in(house, hang, Repeat.HOLD)
    document_id = await house.submit(invoice(email="a@b.example"))
    worker = Worker(house.store, house.transports, house.clock, call_limit_s=0.01)
    await worker.run_due()
    await house.is_in(document_id, State.HELD)
    assert (await house.attempts(document_id))[-1].code == "delivery.timed_out"


async def test_an_exception_out_of_a_channel_is_an_unknown_outcome(house: House) -> None:
    async def bug(envelope: Envelope) -> Outcome:
        raise ZeroDivisionError

    channel = put_in(house, bug, Repeat.HOLD)
    document_id = await house.submit(invoice(email="a@b.example"))
    await house.work()
    await house.is_in(document_id, State.SENDING)
    await house.later(timedelta(minutes=1))
    assert (await house.is_in(document_id, State.HELD)).code == "delivery.outcome_unknown"
    assert len(channel.calls) == 1


async def test_a_fault_of_ours_is_tried_again_and_held_in_the_end(house: House) -> None:
    async def bug(envelope: Envelope) -> Outcome:
        raise ZeroDivisionError

    channel = put_in(house, bug, Repeat.SAFE)
    document_id = await house.submit(invoice(email="a@b.example"))
    await house.work()
    for _ in range(20):
        await house.later(timedelta(hours=3))
    document = await house.is_in(document_id, State.HELD)
    assert len(channel.calls) == 8
    assert document.code == "delivery.outcome_unknown"
    assert document.text.startswith("A fault of ours")

    async def mended(envelope: Envelope) -> Outcome:
        return Sent(OK)

    put_in(house, mended)
    await house.do(document_id, Verb.RETRY)
    await house.work()
    await house.is_in(document_id, State.SENT)
    assert all(attempt.ended_at for attempt in await house.attempts(document_id))


class Asleep:
    """A store that finds the lease run out right before the first call."""

    def __init__(self, house: House) -> None:
        self._store = house.store
        self._answers = [False]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def holds(self, job: Job, now: datetime) -> bool:
        return self._answers.pop() if self._answers else await self._store.holds(job, now)


async def test_without_a_lease_no_channel_is_called(house: House) -> None:
    calls: list[Envelope] = []

    async def deliver(envelope: Envelope) -> Outcome:
        calls.append(envelope)
        return Sent(OK)

    put_in(house, deliver, Repeat.HOLD)
    asleep: Any = Asleep(house)
    document_id = await house.submit(invoice(email="a@b.example"))
    await house.new_worker(asleep).run_due()
    await house.is_in(document_id, State.SENT)
    assert len(calls) == 1
    assert [a.code for a in await house.attempts(document_id)][1:] == [
        "delivery.not_called",
        OK.code,
    ]


class FullDisk:
    """A store that can not write back for a while."""

    def __init__(self, house: House, times: int) -> None:
        self._store = house.store
        self.left = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def checkpoint(self, job: Job, work: Checkpoint, now: datetime) -> None:
        if self.left:
            self.left -= 1
            raise StorageUnavailable("no space left")
        await self._store.checkpoint(job, work, now)


async def test_a_full_disk_delays_and_loses_nothing(house: House) -> None:
    full: Any = FullDisk(house, 5)
    document_id = await house.submit(invoice(here=True))
    async with running(Worker(full, house.transports, house.clock, poll_s=0.01, lease_s=1e6)):
        await until(house, document_id, State.DELIVERED, minutes_pass=True)
    assert full.left == 0
    assert len(await house.store.inbox(RECEIVER.id, None, 10)) == 1


async def test_large_files_that_are_away_for_hours_delay_and_lose_nothing(
    house: House, tmp_path: Path
) -> None:
    """As when a bucket can not be reached: however often it is tried, nothing is given up."""
    document_id, file = await submit_large(house, tmp_path)
    away = file.rename(tmp_path / "away")
    for _ in range(CLAIMS * 2):
        await house.later(timedelta(minutes=10))
        await house.is_in(document_id, State.RECEIVED)
    away.rename(file)
    await house.later(timedelta(minutes=10))
    await house.is_in(document_id, State.DELIVERED)
    assert await house.store.dead(0, 10) == []


async def submit_large(house: House, data: Path) -> tuple[str, Path]:
    """A document whose original is large, and the file that it lies in."""
    body = json.dumps(invoice(here=True)).encode() + b" " * SMALL_BYTES
    original = NewPart(Role.ORIGINAL, "original.json", "application/json", body)
    document_id = new_id("doc")
    asked = Submission(document_id, SENDER.id, "application/json", [original], {})
    await house.store.accept(asked, house.clock.now())
    (file,) = data.rglob(hashlib.sha256(body).hexdigest())
    return document_id, file


async def test_a_file_that_is_damaged_is_told_to_a_person_and_goes_on_once_it_is_back(
    house: House, tmp_path: Path
) -> None:
    document_id, file = await submit_large(house, tmp_path)
    whole = file.read_bytes()
    file.write_bytes(b"{" + whole[1:-1] + b"x")
    for _ in range(TRIES):
        await house.later(timedelta(hours=5))
    await house.is_in(document_id, State.HELD)
    (dead,) = await house.store.dead(0, 10)
    assert "is damaged in" in dead.text
    file.write_bytes(whole)  # from a backup
    assert await house.store.revive(dead.id, house.clock.now())
    await house.work()
    await house.is_in(document_id, State.DELIVERED)


async def test_a_channel_that_was_taken_out_of_the_settings_is_passed_over(house: House) -> None:
    document_id = await house.submit(invoice(email="later@customer.example"))
    await house.work()
    await house.is_in(document_id, State.WAITING)
    await house.transports.pop("email").close()
    house.worker = house.new_worker(house.store)
    await house.later(timedelta(minutes=1))
    assert (await house.is_in(document_id, State.SENT)).channel == "letter"


async def test_what_a_channel_brings_goes_once_into_the_inbox_it_is_for(house: House) -> None:
    ubl = File("invoice.xml", "application/xml", b"<Invoice>not even read</Invoice>")
    here, nobody = (Participant.parse(p) for p in (*RECEIVER.participants, ELSEWHERE))

    class Bringing(Channel):
        async def collect(self) -> AsyncIterator[Report | Inbound]:
            yield Inbound("1", nobody, None, ubl)
            yield Inbound("2", here, None, ubl)
            yield Inbound("2", here, None, ubl)

    async def never(envelope: Envelope) -> Outcome:
        raise AssertionError

    house.transports["email"] = Bringing(never, Repeat.SAFE)
    house.worker = house.new_worker(house.store)
    await house.work()
    await house.work()
    (arrived,) = await house.store.inbox(RECEIVER.id, None, 10)
    assert (arrived.channel, arrived.head.number) == ("email", None)
    parts = await house.store.parts(RECEIVER.id, arrived.id)
    assert [part.role for part in parts] == [Role.DOCUMENT, Role.FINDINGS]
    assert await house.store.content(RECEIVER.id, arrived.id, parts[0].sha256) == ubl.content
    (aside,) = await lying(house.store)
    assert (aside.document.channel, aside.found["recipient"]) == ("email", str(nobody))


async def test_a_report_on_a_document_in_hand_is_taken_up_afterwards(house: House) -> None:
    """The channel is faster with its report than we are with writing down that it took it."""
    posted: list[Report] = []

    class Hasty(Channel):
        async def collect(self) -> AsyncIterator[Report | Inbound]:
            while posted:
                yield posted.pop(0)

    async def deliver(envelope: Envelope) -> Outcome:
        posted.append(Report(envelope.key, Sent(OK, reference="printed"), "1"))
        posted.append(Report(envelope.key, Delivered(OK), "2"))
        for collecting in house.worker.collecting:
            await collecting.once()
        return Sent(OK)

    house.transports["email"] = Hasty(deliver, Repeat.SAFE)
    house.worker = house.new_worker(house.store)
    document_id = await house.submit(invoice(email="a@b.example"))
    await house.work()
    await house.is_in(document_id, State.DELIVERED)
    assert (await house.legs(document_id))["email"].reference == "printed"
    assert (await house.told(document_id)).count("document.reported") == 2


async def test_a_report_nobody_waits_for_is_passed_over(house: House) -> None:
    class Confused(Channel):
        async def collect(self) -> AsyncIterator[Report | Inbound]:
            yield Report(UUID(int=1), Delivered(OK), "1")
            yield Report(planned, Delivered(OK), "2")

    async def deliver(envelope: Envelope) -> Outcome:
        return Sent(OK)

    put_in(house, deliver)
    document_id = await house.submit(invoice(email="a@b.example"))
    await house.work()
    planned = (await house.legs(document_id))["letter"].key
    house.transports["email"] = Confused(deliver, Repeat.SAFE)
    house.worker = house.new_worker(house.store)
    await house.work()
    await house.is_in(document_id, State.SENT)
