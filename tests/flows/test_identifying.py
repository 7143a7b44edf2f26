"""Finding the channels of a file of customers: the job, on both stores."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.clock import MovableClock
from gateway.identifying.jobs import KEPT, KIND, MOST_JOBS, PIECE_ROWS, Answered, Jobs, TooMany
from gateway.identifying.table import Row, Wrong, read
from gateway.store.port import Company, Store
from gateway.ways import Ways
from tests.contracts.stores import OPENERS
from tests.flows.channel import Scripted, channels, here, nobody, said
from transports.base import Inquiry, Reachability, ReachabilityUnknown

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
OURS = Company("com_ours", "Norrsken Papper AB", "SE", ("0007:5560000019",), {})
THEIRS = Company("com_theirs", "Fjordstrøm AS", "NO", ("0192:918130047",), {})
PERSON = "15076500565"
UNSURE = ReachabilityUnknown(said("vipps", "down", "could not say."))


class Phones(Scripted):
    """Knows people by the last digit of their numbers: 0 to 6 are there, 9 can not be told."""

    async def resolve(self, inquiry: Inquiry) -> Reachability:
        self.asked.append(inquiry.recipient.phone)
        last = (inquiry.recipient.phone or "8")[-1]
        return UNSURE if last == "9" else here("vipps") if last < "7" else nobody("vipps")


@pytest.fixture(params=OPENERS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = await OPENERS[request.param](tmp_path / "data")
    for company in (OURS, THEIRS):
        await store.add_company(company, NOW)
    yield store
    await store.close()


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
def vipps() -> Phones:
    return Phones("vipps")


@pytest.fixture
def work(store: Store, clock: MovableClock, vipps: Phones) -> Jobs:
    email = Scripted("email", {None: [here("email")]})
    return Jobs(store, Ways(channels(vipps, email), clock), clock, rows_per_s=50)


def file(number: int, of: str = "K") -> tuple[bytes, Sequence[Row]]:
    """So many people with phone numbers in a row, every tenth with an e-mail address too."""
    lines = ["customer,name,country,personal_number,phone,email"]
    for n in range(number):
        email = "a@b.example" if n % 10 == 0 else ""
        lines.append(f"{of}{n},Kari {n},NO,{PERSON},+479{n:07},{email}")
    content = "\n".join(lines).encode()
    rows = read(content, is_csv=True, today=date(2026, 11, 22))
    assert not isinstance(rows, Wrong)
    return content, rows


async def work_off(store: Store, work: Jobs, clock: MovableClock, most: int = 1000) -> int:
    """What a worker does until nothing is due; answers how often."""
    for times in range(most):
        due = await store.claim("w", clock.now(), 60, 10)
        if not due:
            return times
        for job in due:
            assert job.kind == KIND
            await work(job)
        clock.move(timedelta(seconds=5))
    return most


async def answers(work: Jobs, job_id: str, company_id: str = OURS.id) -> list[Answered]:
    return [one async for page in work.answers(company_id, job_id) for one in page]


async def test_every_customer_is_answered_in_the_order_of_the_file(
    store: Store, work: Jobs, clock: MovableClock
) -> None:
    number = 2 * PIECE_ROWS + 20
    begun = await work.begin(OURS.id, *file(number))
    assert (begun.running, begun.rows, begun.done) == (True, number, 0)
    assert await answers(work, begun.id) == []
    assert await work_off(store, work, clock) == 4, "three pieces, and the look for more"
    ended = await work.one(OURS.id, begun.id)
    assert ended is not None and (ended.running, ended.done) == (False, number)
    found = await answers(work, begun.id)
    assert [(one.row, one.customer, one.name) for one in found] == [
        (n + 1, f"K{n}", f"Kari {n}") for n in range(number)
    ]
    sevenths, nines = number // 10 * 7, number // 10
    assert [found[n].channel for n in (0, 7, 9)] == ["vipps", None, None]
    assert [found[n].certain for n in (0, 7, 9)] == [True, True, False]
    assert ended.counts == {"vipps": sevenths, "none": number - sevenths, "uncertain": nines}


async def test_no_personal_number_is_kept_once_its_row_is_answered(
    store: Store, work: Jobs, clock: MovableClock
) -> None:
    begun = await work.begin(OURS.id, *file(PIECE_ROWS + 1, of=f"{PERSON}/"))
    await work_off(store, work, clock, most=1)
    first, second = await store.register_entries("lookup", OURS.id, "piece", "", 10)
    assert PERSON.encode() not in first.data and PERSON.encode() in second.data
    await work_off(store, work, clock)
    assert PERSON not in str(await answers(work, begun.id))


async def test_no_more_are_asked_in_a_second_than_may_be(
    store: Store, clock: MovableClock, work: Jobs, vipps: Phones
) -> None:
    await work.begin(OURS.id, *file(3 * PIECE_ROWS))
    for pieces in (1, 2, 3):
        for _ in range(3):
            for job in await store.claim("w", clock.now(), 60, 10):
                await work(job)
        assert len(vipps.asked) == pieces * PIECE_ROWS
        clock.move(timedelta(seconds=PIECE_ROWS / 50))


async def test_the_same_file_again_is_the_same_job(work: Jobs) -> None:
    first = await work.begin(OURS.id, *file(3))
    assert await work.begin(OURS.id, *file(3)) == first
    assert (await work.begin(OURS.id, *file(4))).id != first.id
    assert (await work.begin(THEIRS.id, *file(3))).id != first.id
    assert len(await work.all(OURS.id)) == 2


async def test_a_company_finds_and_removes_its_own_alone(work: Jobs) -> None:
    ours = await work.begin(OURS.id, *file(3))
    assert await work.one(THEIRS.id, ours.id) is None
    assert await work.all(THEIRS.id) == []
    assert await answers(work, ours.id, THEIRS.id) == []
    assert not await work.remove(THEIRS.id, ours.id)
    assert await work.one(OURS.id, ours.id) == ours


async def test_one_that_is_removed_stops_and_nothing_of_it_stays(
    store: Store, work: Jobs, clock: MovableClock
) -> None:
    begun = await work.begin(OURS.id, *file(3 * PIECE_ROWS))
    kept = await work.begin(OURS.id, *file(2))
    await work_off(store, work, clock, most=1)
    assert await work.remove(OURS.id, begun.id)
    assert not await work.remove(OURS.id, begun.id)
    left = await store.register_entries("lookup", OURS.id, "piece", "", 1000)
    assert {row.name.partition("/")[0] for row in left} == {kept.id}
    await work_off(store, work, clock)
    assert [job.done for job in await work.all(OURS.id)] == [2]


async def test_one_that_is_removed_while_it_is_asked_for_stays_removed(
    store: Store, work: Jobs, clock: MovableClock, vipps: Phones
) -> None:
    begun = await work.begin(OURS.id, *file(3))

    class Removing(Phones):
        async def resolve(self, inquiry: Inquiry) -> Reachability:
            await work.remove(OURS.id, begun.id)
            return await super().resolve(inquiry)

    slow = Jobs(store, Ways(channels(Removing("vipps")), clock), clock)
    await work_off(store, slow, clock)
    assert await work.one(OURS.id, begun.id) is None
    assert await store.register_entries("lookup", OURS.id, "piece", "", 10) == []


async def test_of_two_workers_one_answers_a_piece(
    store: Store, work: Jobs, clock: MovableClock
) -> None:
    """One that was taken for dead, and is not."""
    begun = await work.begin(OURS.id, *file(2 * PIECE_ROWS))
    (first,) = await store.claim("a", clock.now(), 1, 1)
    clock.move(timedelta(minutes=5))
    await store.reap(clock.now())
    (second,) = await store.claim("b", clock.now(), 60, 1)
    await asyncio.gather(work(first), work(second), return_exceptions=True)
    job = await work.one(OURS.id, begun.id)
    assert job is not None and job.done in (PIECE_ROWS, 2 * PIECE_ROWS)
    clock.move(timedelta(minutes=1))
    await work_off(store, work, clock)
    found = await answers(work, begun.id)
    assert [one.row for one in found] == [n + 1 for n in range(2 * PIECE_ROWS)]
    job = await work.one(OURS.id, begun.id)
    assert job is not None and job.done == len(found)


async def test_what_a_crash_has_left_of_a_file_is_taken_away_when_it_comes_again(
    store: Store, work: Jobs, clock: MovableClock
) -> None:
    content, rows = file(2 * PIECE_ROWS)
    begun = await work.begin(OURS.id, content, rows)
    (job,) = await store.register_entries("lookup", OURS.id, "job", "", 10)
    assert await store.drop_entries([job])  # as if it had been killed before it was written
    await work_off(store, work, clock)
    again = await work.begin(OURS.id, content, rows)
    assert again.id == begun.id
    await work_off(store, work, clock)
    assert len(await answers(work, again.id)) == 2 * PIECE_ROWS


async def test_after_seven_days_all_of_it_is_gone(
    store: Store, work: Jobs, clock: MovableClock
) -> None:
    await work.begin(OURS.id, *file(2 * PIECE_ROWS))
    await work_off(store, work, clock)
    assert not await work.sweep(NOW + KEPT - timedelta(seconds=1))
    clock.move(NOW + KEPT - clock.now())
    assert await work.all(OURS.id) == []
    while await work.sweep(NOW + KEPT):
        pass
    for kind in ("job", "piece"):
        assert await store.register_entries("lookup", OURS.id, kind, "", 10) == []


async def test_one_whose_time_is_over_begins_anew_before_it_is_swept_away(
    store: Store, work: Jobs, clock: MovableClock
) -> None:
    begun = await work.begin(OURS.id, *file(PIECE_ROWS + 1))
    await work_off(store, work, clock)
    clock.move(KEPT)
    assert await work.one(OURS.id, begun.id) is None
    again = await work.begin(OURS.id, *file(PIECE_ROWS + 1))
    assert (again.id, again.done, again.running) == (begun.id, 0, True)
    await work_off(store, work, clock)
    assert len(await answers(work, again.id)) == PIECE_ROWS + 1


async def test_so_many_files_may_there_be(work: Jobs) -> None:
    for n in range(MOST_JOBS):
        await work.begin(OURS.id, *file(1, of=f"K{n}-"))
    with pytest.raises(TooMany):
        await work.begin(OURS.id, *file(1, of="last"))
    assert (await work.begin(OURS.id, *file(1, of="K0-"))).rows == 1, "it is there already"


async def test_the_largest_rows_fit(store: Store, clock: MovableClock) -> None:
    """Each field as long as it may be, in signs that take six bytes each, and long sentences."""
    long = "å" * 200
    told = said("email", "x", "")
    text = replace(told, public_text=long * 4)
    known = here("email")
    email = Scripted("email", {None: [replace(known, verdict=text)]})
    work = Jobs(store, Ways(channels(email), clock), clock)
    facts = dict.fromkeys(("customer", "name", "street", "street2", "city"), long)
    rows = [
        Row(n + 1, {**facts, "country": "NO", "email": "a@b.example"})
        for n in range(3 * PIECE_ROWS)
    ]
    short = [
        Row(len(rows) + n + 1, {"name": "A", "country": "NO", "email": "a@b.example"})
        for n in range(2 * PIECE_ROWS)
    ]
    begun = await work.begin(OURS.id, b"large", rows + short)
    await work_off(store, work, clock)
    found = await answers(work, begun.id)
    assert len(found) == 5 * PIECE_ROWS and {one.channel for one in found} == {"email"}
    assert found[0].name == long and found[0].text.startswith("å")
