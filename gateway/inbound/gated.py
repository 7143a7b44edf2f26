"""What lies in an inbox because its company may not receive: let out when it may.

In charge of the one job of each such company, which asks the gate again and again. Not in charge of
the gate (`gateway.trust.gate`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from gateway.clock import Clock
from gateway.events import Type
from gateway.inbound.jobs import GATE, reading
from gateway.lifecycle import InboxState, inbox_change
from gateway.store.inbox import Item, Turn
from gateway.store.port import Again, Checkpoint, Done, Job, NewEvent, NewJob, Store
from gateway.trust.gate import Gate

# A company that has just proved who it is waits for its documents so long at most.
_AGAIN: Final = timedelta(minutes=1)
_PAGE: Final = 100
# What the codes of the gate begin with.
_OF_GATE: Final = "company."


def gate_job(company_id: str, now: datetime) -> NewJob:
    """The job of a company, which is one however many documents wait."""
    return NewJob(f"{GATE}/{company_id}", GATE, now + _AGAIN, company_id)


class Gated:
    """The handler."""

    def __init__(self, store: Store, clock: Clock, gate: Gate) -> None:
        self._store = store
        self._clock = clock
        self._gate = gate

    async def __call__(self, job: Job) -> None:
        """Does the job. Raises what the store raises."""
        now = self._clock.now()
        next_: Done | Again = Done()
        if await self._gate.may_receive(job.company_id) is not None:
            next_ = Again(now + _AGAIN)
        elif not await self._let_out(job.company_id, now):
            next_ = Again(now)  # some were just being changed
        await self._store.checkpoint(job, Checkpoint(next_), now)

    async def _let_out(self, company_id: str, now: datetime) -> bool:
        """Has everything looked at again; whether none was left out."""
        after, left = None, 0
        while True:
            items = await self._store.inbox_items(company_id, InboxState.BLOCKED, after, _PAGE)
            for item in items:
                if item.code.startswith(_OF_GATE):
                    left += not await self._store.turn(_released(item, now), now)
            if len(items) < _PAGE:
                return not left
            # What was let out is in the list no more: its place is not of the list.
            stay = [item for item in items if not item.code.startswith(_OF_GATE)]
            after = stay[-1].document.id if stay else after


def _released(item: Item, now: datetime) -> Turn:
    document = item.document
    code, text = "inbox.gate_opened", "The company may receive: it is looked at once more."
    return Turn(
        document.company_id,
        document.id,
        document.version,
        inbox_change(InboxState.BLOCKED, InboxState.READING, code=code, text=text),
        (NewEvent(Type.INBOX_RELEASED, {"code": code, "text": text}),),
        jobs=(reading(document.company_id, document.id, now),),
    )
