"""What becomes of a job that failed for a reason of ours: a bug, a wrong setting, a full disk.

Never data loss and never a hot loop: the job comes again, later each time, and in the end a person
decides. Pure.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from gateway.delivery.backoff import Backoff
from gateway.delivery.outcome import changed, held_unknown, told
from gateway.events import Type
from gateway.lifecycle import State
from gateway.store.port import Again, Checkpoint, Document, Done, Job
from transports.base import Verdict

# With the usual delays this takes some eight hours: time enough to notice and mend a gateway.
TRIES: Final = 8

# A `prepare` that was claimed so often and never wrote back kills the process that works on it.
CLAIMS: Final = 20

FAULT = Verdict(
    "internal.error",
    "the handler raised; see the log",
    "A fault of ours keeps us from going on. It is tried again by itself.",
)
HELD = Verdict(
    "internal.error",
    "the handler raised too often; see the log",
    "A fault of ours kept us from going on. Once it is mended, `retry` tries again.",
)


def went_wrong(document: Document, job: Job, backoff: Backoff, now: datetime) -> Checkpoint:
    """The handler raised: the job comes again, or the document is held."""
    errors = int(job.data.get("errors", 0)) + 1
    due = now + backoff.delay(uuid5(NAMESPACE_URL, document.id), errors)
    again = Again(due, data={**job.data, "errors": errors})
    match document.state:
        case State.RECEIVED | State.ROUTING | State.SENDING | State.WAITING if (
            errors >= TRIES or kills(job)
        ):
            why = held_unknown(HELD) if document.state is State.SENDING else HELD
            return Checkpoint(
                next=Done(),
                change=changed(document, State.HELD, why),
                events=(told(Type.HELD, why),),
            )
        case State.RECEIVED | State.SENDING:  # SENDING: an open attempt, judged at the next claim
            return Checkpoint(next=again, change=changed(document, document.state, FAULT))
        case State.ROUTING | State.WAITING:
            waiting = told(Type.WAITING, FAULT, next_at=due.isoformat())
            return Checkpoint(
                next=again,
                change=changed(document, State.WAITING, FAULT, due),
                events=(waiting,),
            )
        case _:
            return Checkpoint(next=Done() if errors >= TRIES else again)


def kills(job: Job) -> bool:
    """Whether the job has been claimed so often that it must be what kills the worker."""
    return job.kind == "prepare" and job.tries > CLAIMS
