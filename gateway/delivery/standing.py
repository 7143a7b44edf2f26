"""Documents of a company that may not send: held where they are, and let go on when it may again.

In charge of both. Not in charge of whether it may (`gateway.trust.gate`).

A document is held by the worker that has it, and whoever verifies the company puts the job in line
that lets go of it. The two may cross: so with each document that is held the same job is put in
line for a little later, and looks once more.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import structlog

from gateway.clock import Clock
from gateway.delivery.outcome import told
from gateway.delivery.verbs import Decision, Denied, Verb, carry_out
from gateway.events import Type
from gateway.lifecycle import State, change
from gateway.store.port import (
    Again,
    Checkpoint,
    Direction,
    Document,
    Done,
    Job,
    NewEvent,
    NewJob,
    Store,
)
from gateway.trust.gate import Closed, Gate
from transports.base import Verdict

log = structlog.get_logger()

KIND: Final = "gate"  # of the job, and its lane

# What the code of a document that is held for this begins with: the codes of `Closed`.
CODE: Final = "company."

_LATER: Final = timedelta(minutes=1)  # longer than any worker takes from its question to its write
_AT_ONCE: Final = 200


def letting_go(company_id: str, now: datetime) -> NewJob:
    """The job that lets a company's held documents go on, if it may send by then."""
    return NewJob(f"{KIND}/{company_id}", KIND, now, company_id)


def held(document: Document, closed: Closed, now: datetime) -> Checkpoint:
    """The company may not send: nothing of the document leaves the house."""
    why = Verdict(closed.code, closed.text, closed.text)
    return Checkpoint(
        next=Done(),
        change=change(document.state, State.HELD, code=closed.code, text=closed.text),
        events=(told(Type.HELD, why),),
        jobs=(letting_go(document.company_id, now + _LATER),),
    )


class LettingGo:
    """The handler of that job."""

    def __init__(self, store: Store, clock: Clock, gate: Gate) -> None:
        self._store = store
        self._clock = clock
        self._gate = gate

    async def __call__(self, job: Job) -> None:
        """Lets go of what is held for this, a piece at a time. Raises what the store raises."""
        now = self._clock.now()
        next_: Again | Done = Done()
        if await self._gate.may_send(job.company_id) is None and await self._piece(job.company_id):
            next_ = Again(now)
        await self._store.checkpoint(job, Checkpoint(next_), now)

    async def _piece(self, company_id: str) -> bool:
        """Whether there may be more."""
        page = await self._store.documents(
            company_id, direction=Direction.OUT, state=State.HELD, code=CODE, limit=_AT_ONCE
        )
        gone = 0
        for document in page.documents:
            done = await carry_out(
                *(self._store, self._clock, company_id, document.id, Verb.RELEASE),
                _released,
                actor="gateway",
            )
            gone += isinstance(done, Document)
        log.info("documents_let_go", company_id=company_id, documents=gone)
        return gone > 0 and page.next is not None


async def _released(document: Document, now: datetime) -> Decision | Denied:
    """A document that is held for this, as it is just now: only its channels were to come."""
    if document.state is not State.HELD or not document.code.startswith(CODE):
        return Denied(Verb.RELEASE, document.state, "It is not held for its company any more.")
    code, text = "released.company_verified", "Released: the company may send."
    return Decision(
        change(document.state, State.ROUTING, code=code, text=text),
        Again(now, "deliver", {}, "deliver"),
        (NewEvent(Type.RELEASED, {"code": code, "text": text, "reason": ""}),),
    )
