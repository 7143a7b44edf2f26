"""The worker dies at every write, before it or after it; the next one takes over the same store.

Nothing is lost, and nothing is sent twice by a channel that can not tell: that is held instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine
from datetime import datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import pytest

from gateway.delivery.verbs import Verb
from gateway.lifecycle import State
from gateway.store.port import Checkpoint, Job, Store
from tests.flows.house import RECEIVER, SENDER, House, invoice

T = TypeVar("T")
LEASE = timedelta(seconds=31)


class Died(BaseException):
    """The process is gone: no handler may catch this and write."""


class Dying:
    """A store whose n-th write-back, from 1, is the last: written (`after`) or not."""

    def __init__(self, store: Store, n: int, *, after: bool) -> None:
        self._store = store
        self._n = n
        self._after = after
        self._writes = 0
        self._dead = False

    def __getattr__(self, name: str) -> Any:
        if self._dead:
            raise Died
        return getattr(self._store, name)

    async def checkpoint(self, job: Job, work: Checkpoint, now: datetime) -> None:
        await self._write(self._store.checkpoint(job, work, now))

    async def report(
        self, key: UUID, report_id: str, work: Checkpoint, now: datetime, **how: Any
    ) -> bool:
        return await self._write(self._store.report(key, report_id, work, now, **how))

    async def _write(self, write: Coroutine[None, None, T]) -> T:
        self._writes += 1
        if self._writes < self._n:
            return await write
        if self._after and not self._dead:
            await write
        else:
            write.close()
        self._dead = True
        raise Died


async def live_and_die(house: House, n: int, *, after: bool) -> bool:
    """Works, a minute long, until the n-th write-back kills; whether it came to that."""
    dying: Any = Dying(house.store, n, after=after)
    worker = house.new_worker(dying)
    try:
        await worker.run_due()
        house.clock.move(timedelta(minutes=1))
        await worker.run_due()
    except Died:
        return True
    return False


async def to_the_end(house: House, document_id: str) -> State:
    """New workers, and a clock that goes on, until nothing more happens by itself."""
    for _ in range(10):
        await house.later(LEASE)
        state = (await house.document(document_id)).state
        if state in (State.SENT, State.DELIVERED, State.HELD, State.FAILED):
            return state
    raise AssertionError(f"stuck in {state}")


WAYS = {
    "internal": invoice(here=True),
    "email": invoice(email="kund@customer.example"),
    "letter": invoice(),
    "e-mail, then letter": invoice(email="refuse@customer.example"),
    "later": invoice(email="later@customer.example"),
    "none": invoice(email="refuse@customer.example", post_code=None),
}
USUAL = {
    "internal": State.DELIVERED,
    "email": State.SENT,
    "letter": State.DELIVERED,
    "e-mail, then letter": State.DELIVERED,
    "later": State.SENT,
    "none": State.FAILED,
}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("way", WAYS)
async def test_death_at_every_write(house: House, way: str, after: bool) -> None:
    held = 0
    for n in count(1):
        document_id = await house.submit(WAYS[way])
        mails, letters = len(house.mail.received), len(house.prints.jobs)
        inbox = len(await house.store.inbox(RECEIVER.id, None, 100))
        if not await live_and_die(house, n, after=after):
            break
        state = await to_the_end(house, document_id)
        mails = len(house.mail.received) - mails
        letters = len(house.prints.jobs) - letters
        inbox = len(await house.store.inbox(RECEIVER.id, None, 100)) - inbox

        if state is State.HELD:
            held += 1
            document = await house.document(document_id)
            assert document.channel == "email"
            assert document.code == "delivery.outcome_unknown"
        else:
            assert state in (USUAL[way], State.SENT), (n, state)
        assert mails + letters + inbox <= 1, "one copy, whatever happened"
        assert state in (State.HELD, State.FAILED) or mails + letters + inbox == 1
        told = Counter(await house.told(document_id))
        assert all(told[f"document.{once}"] <= 1 for once in ("routed", "sent", "delivered"))
        opened = [a for a in await house.attempts(document_id) if a.ended_at is None]
        assert opened == []
    assert n > 2  # prepared with the first intent, and its outcome, at least
    # Each e-mail that was tried has one moment to die in, between its intent and its outcome.
    tries = {"email": 1, "e-mail, then letter": 1, "none": 1, "later": 2}
    assert held == tries.get(way, 0)


async def test_twice_dead_on_the_same_e_mail_is_one_e_mail(house: House) -> None:
    document_id = await house.submit(invoice(email="kund@customer.example"))
    assert await live_and_die(house, 3, after=False)
    house.clock.move(LEASE)
    await house.store.reap(house.clock.now())
    assert await live_and_die(house, 1, after=False)
    assert await to_the_end(house, document_id) is State.HELD
    assert len(house.mail.received) == 1


async def test_a_retry_that_dies_is_held_again(house: House) -> None:
    document_id = await house.submit(invoice(email="drop@customer.example"))
    await house.work()
    await house.do(document_id, Verb.RETRY)
    assert await live_and_die(house, 2, after=False)
    assert await to_the_end(house, document_id) is State.HELD
    assert len(house.mail.received) == 2


async def test_dead_while_the_plan_is_lined_up_again_adds_one_round(house: House) -> None:
    document_id = await house.submit(invoice(email="refuse@customer.example", post_code=None))
    await house.work()
    for n in (1, 2):
        await house.do(document_id, Verb.RETRY)
        assert await live_and_die(house, 1, after=n == 2)
        assert await to_the_end(house, document_id) is State.FAILED
        legs = await house.store.legs(SENDER.id, document_id)
        assert len(legs) == 2 + 2 * n
